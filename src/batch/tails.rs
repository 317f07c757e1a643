//! p-values and prediction bounds for a run of units, one column at a time.

use super::InstructionSet;
use crate::inference::Prediction;
use crate::num::critical::critical;
use crate::num::lanes::{ChiSquaredTail, Ratios, StudentTail};
use pulp::{Simd, WithSimd};

/// What depends on the number of studies and is computed once for each: critical values and tails. With the memory for sorting units
/// by it.
#[derive(Clone, Debug, Default)]
pub(super) struct Critical {
    by_count: Vec<Option<f64>>,
    /// What they are the critical values of.
    asked: Option<(Prediction, f64)>,
    chi_squared: Vec<Option<ChiSquaredTail>>,
    student: Vec<Option<StudentTail>>,
    groups: Groups,
}

impl Critical {
    /// For a unit of `count` studies; NaN if the distribution does not exist.
    pub(super) fn of(&mut self, count: u32, prediction: Prediction, level: f64) -> f64 {
        let compute = || match df(prediction, count) {
            None => critical(0.5 * (1.0 - level), None),
            Some(df) if df > 0.0 => critical(0.5 * (1.0 - level), Some(df)),
            Some(_) => f64::NAN,
        };
        known(&mut self.by_count, count, compute).map_or(f64::NAN, |value| *value)
    }

    /// The critical values of units, of which `count` are the numbers of studies.
    pub(super) fn fill(&mut self, (prediction, level): (Prediction, f64), count: &[u32], out: &mut [f64]) {
        if self.asked != Some((prediction, level)) {
            self.by_count.clear();
            self.asked = Some((prediction, level));
        }
        if let Some(same) = same(count) {
            out.fill(self.of(same, prediction, level));
            return;
        }
        for (out, count) in out.iter_mut().zip(count) {
            *out = self.of(*count, prediction, level);
        }
    }

    /// Two-sided p-values of statistics against Student's distribution with `count - 1` df.
    pub(super) fn student_p(&mut self, set: InstructionSet, ratios: Ratios<'_>, count: &[u32]) {
        let Self { student, groups, .. } = self;
        let tail_of = |count: u32| StudentTail::new(f64::from(count) - 1.0);
        if let Some(count) = same(count) {
            if let Some(tail) = known(student, count, || tail_of(count)) {
                tail.of_ratios(set, ratios);
            }
            return;
        }
        let Ratios { of, by, p, log10_p } = ratios;
        let t = || of.iter().zip(by).map(|(of, by)| of / by);
        for (out, log) in [(p, false), (log10_p, true)] {
            if out.is_empty() {
                continue;
            }
            groups.each(t(), count, out, |count, from, to| match (known(student, count, || tail_of(count)), log) {
                (Some(tail), false) => tail.two_sided(set, from, to),
                (Some(tail), true) => tail.log10_two_sided(set, from, to),
                (None, _) => to.fill(f64::NAN),
            });
        }
    }

    /// Upper tails of Q against chi-squared with `count - 1` df; 1 for a single study.
    pub(super) fn chi_squared_p(&mut self, set: InstructionSet, q: &[f64], count: &[u32], out: &mut [f64]) {
        let Self { chi_squared, groups, .. } = self;
        let mut upper = |count: u32, from: &[f64], to: &mut [f64]| match known(chi_squared, count, || {
            ChiSquaredTail::new(count.saturating_sub(1))
        }) {
            Some(tail) => tail.upper(set, from, to),
            None => to.fill(f64::NAN),
        };
        match same(count) {
            Some(count) => upper(count, q, out),
            None => groups.each(q.iter().copied(), count, out, upper),
        }
        for ((out, q), count) in out.iter_mut().zip(q).zip(count) {
            if *count == 1 && !q.is_nan() {
                *out = 1.0;
            }
        }
    }
}

/// The number of studies, if all units have the same.
fn same(count: &[u32]) -> Option<u32> {
    let first = count.first().copied()?;
    count.iter().all(|count| *count == first).then_some(first)
}

/// Half the widths of prediction intervals, `critical sqrt(tau2 + se^2)`.
pub(super) struct HalfWidths<'a> {
    pub(super) tau2: &'a [f64],
    /// Standard error of the mean; empty for none.
    pub(super) se: &'a [f64],
    pub(super) critical: &'a [f64],
    pub(super) half: &'a mut [f64],
}

impl HalfWidths<'_> {
    /// Fills `half`.
    pub(super) fn compute(self, set: InstructionSet) {
        set.dispatch(self);
    }

    /// The same for numbers whose square overflows or underflows.
    fn careful(tau2: f64, se: f64) -> f64 {
        tau2.sqrt().hypot(se)
    }
}

/// Sums of squares outside this range are formed with care.
const SQUARES: (f64, f64) = (1e-280, 1e300);

impl WithSimd for HalfWidths<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tau2, se, critical, half } = self;
        let length = tau2.len().min(critical.len()).min(half.len());
        let vectors = length / S::F64_LANES;
        let mut errors = S::as_simd_f64s(se).0.iter();
        let numbers = S::as_simd_f64s(tau2).0.iter().zip(S::as_simd_f64s(critical).0);
        for (half, (tau2, critical)) in S::as_mut_simd_f64s(half).0.iter_mut().zip(numbers) {
            let mut sum = *tau2;
            if let Some(se) = errors.next() {
                sum = simd.add_f64s(sum, simd.mul_f64s(*se, *se));
            }
            *half = simd.mul_f64s(*critical, simd.sqrt_f64s(sum));
        }
        for (i, (half, (tau2, critical))) in half.iter_mut().zip(tau2.iter().zip(critical)).enumerate() {
            let se = se.get(i).copied().unwrap_or(0.0);
            let sum = tau2 + se * se;
            if i >= vectors * S::F64_LANES && sum >= SQUARES.0 && sum <= SQUARES.1 {
                *half = critical * sum.sqrt();
            } else if !(sum >= SQUARES.0 && sum <= SQUARES.1) {
                *half = critical * Self::careful(*tau2, se);
            }
        }
    }
}

/// The entry for `count`, computed if it is asked for the first time.
fn known<T: Clone>(all: &mut Vec<Option<T>>, count: u32, compute: impl FnOnce() -> T) -> Option<&T> {
    let place = count as usize;
    if all.len() <= place {
        all.resize(place + 1, None);
    }
    all.get_mut(place).map(|entry| &*entry.get_or_insert_with(compute))
}

/// Values sorted by the number of studies, so that each number is one slice.
#[derive(Clone, Debug, Default)]
struct Groups {
    /// For each number of studies, where the next of its values goes.
    next: Vec<usize>,
    /// Where each value went.
    places: Vec<usize>,
    sorted: Vec<f64>,
    results: Vec<f64>,
}

impl Groups {
    /// `function(count, values, results)` for all values of each count; the results go to `out` in the order of the values.
    fn each(
        &mut self,
        values: impl Iterator<Item = f64>,
        count: &[u32],
        out: &mut [f64],
        mut function: impl FnMut(u32, &[f64], &mut [f64]),
    ) {
        let Self { next, places, sorted, results } = self;
        sorted.clear();
        let largest = count.iter().copied().max().unwrap_or(0) as usize;
        next.clear();
        next.resize(largest + 1, 0);
        for count in count {
            if let Some(number) = next.get_mut(*count as usize) {
                *number += 1;
            }
        }
        let mut start = 0;
        for number in next.iter_mut() {
            (*number, start) = (start, start + *number);
        }
        sorted.resize(count.len(), f64::NAN);
        results.resize(count.len(), f64::NAN);
        places.clear();
        for (count, value) in count.iter().zip(values) {
            if let Some(place) = next.get_mut(*count as usize) {
                if let Some(slot) = sorted.get_mut(*place) {
                    *slot = value;
                }
                places.push(*place);
                *place += 1;
            }
        }
        // `next` now holds where each group ends.
        let mut start = 0;
        for (count, end) in next.iter().copied().enumerate() {
            if let (true, Some(from), Some(to)) = (end > start, sorted.get(start..end), results.get_mut(start..end)) {
                function(count as u32, from, to);
            }
            start = end;
        }
        for (out, place) in out.iter_mut().zip(places) {
            *out = results.get(*place).copied().unwrap_or(f64::NAN);
        }
    }
}

/// Degrees of freedom of a prediction interval, `None` for the normal distribution.
fn df(prediction: Prediction, count: u32) -> Option<f64> {
    let count = f64::from(count);
    match prediction {
        Prediction::Normal | Prediction::TauOnly => None,
        Prediction::HigginsThompsonSpiegelhalter | Prediction::PartlettRiley => Some(count - 2.0),
        _ => Some(count - 1.0),
    }
}

/// Which standard error of the mean a prediction interval takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MeanError {
    None,
    Wald,
    HartungKnapp,
}

/// The standard error, or `None` for a method that needs more than a plan computes.
pub(super) fn mean_error(prediction: Prediction) -> Option<MeanError> {
    match prediction {
        Prediction::TauOnly => Some(MeanError::None),
        Prediction::Normal | Prediction::HigginsThompsonSpiegelhalter | Prediction::Veroniki => Some(MeanError::Wald),
        Prediction::StudentT | Prediction::HartungKnapp | Prediction::PartlettRiley => Some(MeanError::HartungKnapp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::lanes::NormalTail;
    use crate::num::{chi_squared, random::uniform, student_t};

    /// As equal as the lanes are to the functions for one number.
    fn close(got: f64, expected: f64) -> bool {
        got.is_nan() && expected.is_nan() || (got - expected).abs() <= 1e-12 * expected.abs()
    }

    #[test]
    fn units_of_mixed_counts_get_the_tail_of_their_count() {
        let n = 777_u64;
        let mut count: Vec<u32> = (0..n).map(|i| (uniform(1, i) * 300.0) as u32).collect();
        let x: Vec<f64> = (0..n).map(|i| 8.0 * uniform(2, i) - 4.0).collect();
        let q: Vec<f64> = (0..n).zip(&count).map(|(i, k)| 2.0 * f64::from(*k) * uniform(3, i)).collect();
        let ones = vec![1.0; count.len()];
        let mut kept = Critical::default();
        for round in 0..2 {
            let (mut p, mut log10_p, mut q_p) =
                (vec![0.5; count.len()], vec![0.5; count.len()], vec![0.5; count.len()]);
            let ratios = Ratios { of: &x, by: &ones, p: &mut p, log10_p: &mut log10_p };
            kept.student_p(InstructionSet::Auto, ratios, &count);
            kept.chi_squared_p(InstructionSet::Auto, &q, &count, &mut q_p);
            for i in 0..count.len() {
                let df = f64::from(count[i]) - 1.0;
                let (t, expected) = (x[i], 2.0 * student_t::sf(x[i].abs(), df));
                assert!(close(p[i], expected), "{round} {i}: t = {t}, df = {df}: {} {expected}", p[i]);
                assert!(log10_p[i].is_nan() && p[i].is_nan() || (log10_p[i] - p[i].log10()).abs() < 1e-13);
                let expected = if count[i] == 1 { 1.0 } else { chi_squared::sf(q[i], df) };
                assert!(close(q_p[i], expected), "{round} {i}: q = {}, df = {df}: {} {expected}", q[i], q_p[i]);
            }
            // all of one count the second time
            count.fill(17);
        }
    }

    #[test]
    fn both_columns_of_fractions_are_those_of_each_by_itself() {
        for n in [0, 1, 3, 8, 17, 1000] {
            let of: Vec<f64> = (0..n).map(|i| 0.3 * i as f64 - 20.0).collect();
            let by: Vec<f64> = (0..n).map(|i| 1.0 + (i % 7) as f64).collect();
            let x: Vec<f64> = of.iter().zip(&by).map(|(of, by)| of / by).collect();
            for set in InstructionSet::ALL {
                let [mut p, mut log10_p, mut alone] = [vec![2.0; n], vec![2.0; n], vec![2.0; n]];
                let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                NormalTail.of_ratios(set, Ratios { of: &of, by: &by, p: &mut p, log10_p: &mut log10_p });
                NormalTail.two_sided(InstructionSet::Scalar, &x, &mut alone);
                assert_eq!(bits(&p), bits(&alone));
                NormalTail.log10_two_sided(InstructionSet::Scalar, &x, &mut alone);
                assert_eq!(bits(&log10_p), bits(&alone));
                NormalTail.of_ratios(set, Ratios { of: &of, by: &by, p: &mut p, log10_p: &mut [] });
                NormalTail.of_ratios(set, Ratios { of: &of, by: &by, p: &mut [], log10_p: &mut alone });
                assert_eq!(bits(&log10_p), bits(&alone));
                for (df, x) in [0.5, 4.0, f64::INFINITY].into_iter().zip([&x; 3]) {
                    let tail = StudentTail::new(df);
                    tail.of_ratios(set, Ratios { of: &of, by: &by, p: &mut p, log10_p: &mut log10_p });
                    tail.two_sided(InstructionSet::Scalar, x, &mut alone);
                    assert_eq!(bits(&p), bits(&alone));
                    tail.log10_two_sided(InstructionSet::Scalar, x, &mut alone);
                    assert_eq!(bits(&log10_p), bits(&alone));
                }
            }
        }
    }

    #[test]
    fn half_widths_of_any_size() {
        let sizes = [0.0, 1e-320, 1e-200, 1e-150, 1e-100, 1e-3, 1.0, 1e100, 1e150, 1e160, 1e307];
        let (mut tau2, mut se) = (Vec::new(), Vec::new());
        for t in sizes {
            for s in sizes {
                tau2.push(t);
                se.push(s);
            }
        }
        let critical = vec![2.0; tau2.len()];
        for set in InstructionSet::ALL {
            for se in [&se[..], &[]] {
                let mut half = vec![f64::NAN; tau2.len()];
                HalfWidths { tau2: &tau2, se, critical: &critical, half: &mut half }.compute(set);
                for (i, half) in half.iter().enumerate() {
                    let expected = 2.0 * tau2[i].sqrt().hypot(se.get(i).copied().unwrap_or(0.0));
                    assert!((half - expected).abs() <= 4e-16 * expected, "{} {:?}: {half}", tau2[i], se.get(i));
                }
            }
        }
    }
}
