//! p-values and prediction bounds for a run of units, one column at a time.

use super::{InstructionSet, UnitFlags};
use crate::inference::Prediction;
use crate::num::critical::critical;
use crate::num::lanes::{ChiSquaredTail, NormalTail, StudentTail};

/// Values that are computed together on their way from an iterator to a column.
const BUFFER: usize = 256;

/// A p-value or its decimal logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    P,
    Log10,
}

/// Two-sided p-values of `statistic` against the normal distribution.
pub(super) fn normal_p(set: InstructionSet, form: Form, mut statistic: impl Iterator<Item = f64>, out: &mut [f64]) {
    let mut buffer = [f64::NAN; BUFFER];
    for out in out.chunks_mut(BUFFER) {
        for (slot, z) in buffer.iter_mut().zip(statistic.by_ref().take(out.len())) {
            *slot = z;
        }
        match form {
            Form::P => NormalTail.two_sided(set, &buffer, out),
            Form::Log10 => NormalTail.log10_two_sided(set, &buffer, out),
        }
    }
}

/// What depends on the number of studies and is computed once for each: critical values and tails. With the memory for sorting units
/// by it.
#[derive(Clone, Debug, Default)]
pub(super) struct Critical {
    by_count: Vec<Option<f64>>,
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

    /// Two-sided p-values against Student's distribution with `count - 1` df.
    pub(super) fn student_p(
        &mut self,
        set: InstructionSet,
        form: Form,
        statistic: impl Iterator<Item = f64>,
        count: &[u32],
        out: &mut [f64],
    ) {
        let Self { student, groups, .. } = self;
        groups.each(statistic, count, out, |count, from, to| {
            let tail = known(student, count, || StudentTail::new(f64::from(count) - 1.0));
            match (tail, form) {
                (Some(tail), Form::P) => tail.two_sided(set, from, to),
                (Some(tail), Form::Log10) => tail.log10_two_sided(set, from, to),
                (None, _) => to.fill(f64::NAN),
            }
        });
    }

    /// Upper tails of Q against chi-squared with `count - 1` df; 1 for a single study.
    pub(super) fn chi_squared_p(
        &mut self,
        set: InstructionSet,
        q: &[f64],
        count: &[u32],
        flags: &[UnitFlags],
        out: &mut [f64],
    ) {
        let Self { chi_squared, groups, .. } = self;
        groups.each(q.iter().copied(), count, out, |count, from, to| {
            match known(chi_squared, count, || ChiSquaredTail::new(count.saturating_sub(1))) {
                Some(tail) => tail.upper(set, from, to),
                None => to.fill(f64::NAN),
            }
        });
        for ((out, count), flags) in out.iter_mut().zip(count).zip(flags) {
            if *count == 1 && !flags.failed() {
                *out = 1.0;
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
        let Some(first) = count.first().copied() else { return };
        if count.iter().all(|count| *count == first) {
            sorted.extend(values.take(out.len()));
            function(first, sorted, out);
            return;
        }
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
        let flags = vec![UnitFlags::NONE; count.len()];
        let mut kept = Critical::default();
        for round in 0..2 {
            let (mut p, mut log10_p, mut q_p) =
                (vec![0.5; count.len()], vec![0.5; count.len()], vec![0.5; count.len()]);
            kept.student_p(InstructionSet::Auto, Form::P, x.iter().copied(), &count, &mut p);
            kept.student_p(InstructionSet::Auto, Form::Log10, x.iter().copied(), &count, &mut log10_p);
            kept.chi_squared_p(InstructionSet::Auto, &q, &count, &flags, &mut q_p);
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
    fn normal_p_values_of_any_number_of_units() {
        for n in [0, 1, 255, 256, 257, 1000] {
            let mut out = vec![2.0; n];
            normal_p(InstructionSet::Auto, Form::P, (0..n).map(|i| i as f64 / 50.0), &mut out);
            let mut last = 1.0;
            for (i, p) in out.iter().enumerate() {
                assert!(*p <= last && close(*p, 2.0 * crate::num::normal::sf(i as f64 / 50.0)), "{n} {i}: {p}");
                last = *p;
            }
        }
    }
}
