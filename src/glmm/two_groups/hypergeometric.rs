//! The events of the first group given the margins of a table: the noncentral hypergeometric likelihood of its log odds ratio.
//!
//! ```text
//! l(theta) = ln c(a) + theta a - ln sum over t of c(t) exp(theta t)        c(t) = C(n1, t) C(n2, m - t)
//! ```
//!
//! The derivatives are cumulants of t. Sums run outwards from the most probable t at this theta to where nothing is left, so
//! their length is a multiple of the standard deviation. The generating polynomial has real roots only (the count is a sum of
//! independent Bernoulli variables: Harper 1967, Ann Math Stat 38:410, doi 10.1214/aoms/1177698956), hence its characteristic
//! function at frequency `w` is at most `exp(-variance (1 - cos w))`. By Poisson's summation formula a sum over every h-th t,
//! times h, then differs from the sum over all by a share of `exp(-variance (1 - cos(2 pi / h)))`; h is chosen so that this is below
//! 1e-16, and about fifty terms serve for tables of any size.

use crate::glmm::likelihood::{Local, Peak, StudyLikelihood};
use crate::num::noncentral_hypergeometric::{expected, support};
use crate::num::normal::LN_SQRT_2PI;
use crate::num::saddle_point::{deviance, stirling_error};

/// The likelihood of one table with whole-number cells, whose margins leave a choice.
#[derive(Debug, Clone)]
pub(super) struct Hypergeometric {
    cells: [f64; 4],
    least: f64,
    /// Number of values above the least one.
    span: f64,
    observed: f64,
    coefficients: Option<Coefficients>,
    peak: Peak,
    knee: (f64, f64),
}

/// `c(t)` for every t of a support that is not too long; t counts from the least value.
#[derive(Debug, Clone)]
struct Coefficients {
    /// `ln(c(t) / c(observed))`
    ln: Vec<f64>,
    /// `c(t + 1) / c(t)` and its inverse.
    up: Vec<f64>,
    down: Vec<f64>,
    observed: usize,
}

/// Sums shorter than this are of all terms, whatever their variance.
const SHORT: f64 = 40.0;
/// Longest list of coefficients.
const LONGEST: f64 = 32_768.0;
/// Terms below this share of the largest are left out.
const NEGLIGIBLE: f64 = 1e-21;
/// Its logarithm.
const LN_NEGLIGIBLE: f64 = -48.4;

/// Sums over t: zeroth to fourth power of the distance from the most probable t; logarithm of the weight of the observed t.
/// All weights are relative to that of the most probable one.
struct Sums {
    power: [f64; 5],
    ln_observed: f64,
    /// Observed t minus the most probable one.
    distance: f64,
}

/// What is taken of the terms: only their sum, or all moments.
trait Take {
    const MOMENTS: bool;
}
struct Total;
struct Moments;
impl Take for Total {
    const MOMENTS: bool = false;
}
impl Take for Moments {
    const MOMENTS: bool = true;
}

impl Sums {
    fn new(ln_observed: f64, distance: f64) -> Self {
        Self { power: [1.0, 0.0, 0.0, 0.0, 0.0], ln_observed, distance }
    }

    #[inline]
    fn add<T: Take>(&mut self, u: f64, weight: f64) {
        let [p0, p1, p2, p3, p4] = &mut self.power;
        *p0 += weight;
        if T::MOMENTS {
            let (first, square) = (weight * u, u * u);
            *p1 += first;
            *p2 += weight * square;
            *p3 += first * square;
            *p4 += weight * square * square;
        }
    }

    /// Logarithm of the probability of the observed t.
    fn value(&self, stride: f64) -> f64 {
        self.ln_observed - (self.power[0] * stride).ln()
    }

    /// Cumulants from moments about a place near the mean.
    fn local(&self, stride: f64) -> Local {
        let [p0, ref p @ ..] = self.power;
        let [m1, m2, m3, m4] = p.map(|sum| sum / p0);
        let square = m1 * m1;
        let variance = m2 - square;
        let third = m3 - 3.0 * m1 * m2 + 2.0 * m1 * square;
        let fourth = m4 - 4.0 * m1 * m3 + 6.0 * square * m2 - 3.0 * square * square;
        let excess = fourth - 3.0 * variance * variance;
        Local { value: self.value(stride), d: [self.distance - m1, -variance, -third, -excess] }
    }
}

/// Every how manieth term is needed where the variance is this: see the head of this file.
fn stride(variance: f64) -> usize {
    let sd = variance.sqrt();
    match sd {
        // 40 over 1 - cos(2 pi / h) is 20 for h = 2 and 26.7 for 3; from there on the root of it is below 1.75 h.
        _ if sd.is_nan() || sd < 4.5 => 1,
        _ if sd < 5.25 => 2,
        _ => (sd / 1.75) as usize,
    }
}

fn variance([a, b, c, d]: [f64; 4]) -> f64 {
    (a.recip() + b.recip() + c.recip() + d.recip()).recip()
}

impl Coefficients {
    fn new([a, b, c, d]: [f64; 4], least: f64, span: f64) -> Self {
        let (n1, m, rest) = (a + b, a + c, d - a);
        let ts = || (0..span as usize).map(|i| least + i as f64);
        let up: Vec<f64> = ts().map(|t| ((n1 - t) / (t + 1.0)) * ((m - t) / (rest + t + 1.0))).collect();
        let down: Vec<f64> = up.iter().map(|r| r.recip()).collect();
        let observed = (a - least) as usize;
        let mut ln = vec![0.0; up.len() + 1];
        let mut sum = 0.0;
        for (ln, up) in ln.iter_mut().skip(observed + 1).zip(up.iter().skip(observed)) {
            sum += up.ln();
            *ln = sum;
        }
        sum = 0.0;
        for (ln, up) in ln.iter_mut().take(observed).rev().zip(up.iter().take(observed).rev()) {
            sum -= up.ln();
            *ln = sum;
        }
        Self { ln, up, down, observed }
    }

    /// The most probable t.
    fn mode(&self, theta: f64) -> usize {
        // c(t + 1) / c(t) falls with t.
        let level = (-theta).exp();
        self.up.partition_point(|&up| up > level)
    }

    fn get(&self, t: usize) -> f64 {
        self.ln.get(t).copied().unwrap_or(f64::NEG_INFINITY)
    }

    fn start(&self, theta: f64, mode: usize) -> Sums {
        let distance = self.observed as f64 - mode as f64;
        Sums::new(theta * distance - self.get(mode), distance)
    }

    fn every<T: Take>(&self, theta: f64, mode: usize) -> Sums {
        let mut sums = self.start(theta, mode);
        let (z, over) = (theta.exp(), (-theta).exp());
        let (mut weight, mut u) = (1.0, 0.0);
        for up in self.up.iter().skip(mode) {
            weight *= z * up;
            u += 1.0;
            sums.add::<T>(u, weight);
            if weight < NEGLIGIBLE {
                break;
            }
        }
        (weight, u) = (1.0, 0.0);
        for down in self.down.iter().take(mode).rev() {
            weight *= over * down;
            u -= 1.0;
            sums.add::<T>(u, weight);
            if weight < NEGLIGIBLE {
                break;
            }
        }
        sums
    }

    fn sparse<T: Take>(&self, theta: f64, mode: usize, stride: usize) -> Sums {
        let mut sums = self.start(theta, mode);
        let top = self.get(mode);
        let step = stride as f64;
        let mut u = 0.0;
        for ln in self.ln.iter().skip(mode).step_by(stride).skip(1) {
            u += step;
            let log = ln - top + theta * u;
            sums.add::<T>(u, log.exp());
            if log < LN_NEGLIGIBLE {
                break;
            }
        }
        u = 0.0;
        for ln in self.ln.iter().take(mode + 1).rev().step_by(stride).skip(1) {
            u -= step;
            let log = ln - top + theta * u;
            sums.add::<T>(u, log.exp());
            if log < LN_NEGLIGIBLE {
                break;
            }
        }
        sums
    }
}

/// `ln(x! / (x + u)!) + u ln x` (without the last term for x = 0), by Stirling's formula with its remainder: nothing of the size of
/// `x ln x` appears.
fn ln_falling(x: f64, u: f64) -> f64 {
    let next = x + u;
    match (x > 0.0, next > 0.0) {
        (true, true) => -deviance(next, x) - 0.5 * (u / x).ln_1p() + stirling_error(x) - stirling_error(next),
        (true, false) => -x + LN_SQRT_2PI + 0.5 * x.ln() + stirling_error(x),
        (false, true) => -((next + 0.5) * next.ln() - next + LN_SQRT_2PI + stirling_error(next)),
        (false, false) => 0.0,
    }
}

impl Hypergeometric {
    /// Of a table with `support` of more than one value.
    pub(super) fn new(cells: [f64; 4]) -> Self {
        let [least, most] = support(cells);
        let span = most - least;
        let coefficients = (span < LONGEST).then(|| Coefficients::new(cells, least, span));
        let [a, b, c, d] = cells;
        let observed = a;
        let (n1, m, rest) = (a + b, a + c, d - a);
        // ln of c(t + 1) / c(t)
        let ln_ratio = |t: f64| ((n1 - t) / (t + 1.0)).ln() + ((m - t) / (rest + t + 1.0)).ln();
        let mut study = Self { cells, least, span, observed, coefficients, peak: Peak::At(0.0), knee: (0.0, 1.0) };
        if observed <= least {
            (study.peak, study.knee) = (Peak::Lowest, (-ln_ratio(least), 1.0));
        } else if observed >= most {
            (study.peak, study.knee) = (Peak::Highest, (-ln_ratio(most - 1.0), 1.0));
        } else {
            let (theta, width) = study.conditional_estimate();
            (study.peak, study.knee) = (Peak::At(theta), (theta, width.min(1.0)));
        }
        study
    }

    /// Where the expected count is the observed one, and the standard error there.
    fn conditional_estimate(&self) -> (f64, f64) {
        let [a, b, c, d] = self.cells;
        let half = |x: f64| x.max(0.5);
        let mut theta = (half(a) / half(b)).ln() - (half(c) / half(d)).ln();
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for _ in 0..200 {
            let [d1, d2, ..] = self.at(theta).d;
            if d1 > 0.0 {
                low = theta;
            } else {
                high = theta;
            }
            let step = (-d1 / d2).clamp(-3.0, 3.0);
            let settled = step.abs() <= 1e-9 * (-d2).sqrt().recip();
            let mut next = theta + step;
            if !settled && low.is_finite() && high.is_finite() && !(low < next && next < high) {
                next = 0.5 * (low + high);
            }
            theta = next;
            if settled {
                break;
            }
        }
        (theta, (-self.at(theta).d[1]).sqrt().recip())
    }

    fn cells_at(&self, t: f64) -> [f64; 4] {
        let [a, b, c, d] = self.cells;
        let by = t - a;
        [t, b - by, c - by, d + by]
    }

    fn sums<T: Take>(&self, theta: f64) -> (Sums, f64) {
        if let Some(coefficients) = &self.coefficients {
            let mode = coefficients.mode(theta);
            let stride = if self.span < SHORT { 1 } else { stride(variance(self.cells_at(self.least + mode as f64))) };
            if stride == 1 && theta.abs() < 300.0 {
                return (coefficients.every::<T>(theta, mode), 1.0);
            }
            return (coefficients.sparse::<T>(theta, mode, stride), stride as f64);
        }
        self.without_list::<T>(theta)
    }

    /// For a support that is too long to be listed: each term by Stirling's formula.
    fn without_list<T: Take>(&self, theta: f64) -> (Sums, f64) {
        let mode = expected(self.cells, theta.exp())[0].round().clamp(self.least, self.least + self.span);
        let [a, b, c, d] = self.cells_at(mode);
        let stride = stride(variance([a, b, c, d])) as f64;
        let ln_or_zero = |x: f64| if x > 0.0 { x.ln() } else { 0.0 };
        let tilt = theta + ((ln_or_zero(b) - ln_or_zero(a)) + (ln_or_zero(c) - ln_or_zero(d)));
        let log = |u: f64| u * tilt + ln_falling(a, u) + ln_falling(b, -u) + ln_falling(c, -u) + ln_falling(d, u);
        let distance = self.observed - mode;
        let mut sums = Sums::new(log(distance), distance);
        for (direction, room) in [(1.0, self.least + self.span - mode), (-1.0, mode - self.least)] {
            let mut away = stride;
            while away <= room {
                let u = direction * away;
                let log = log(u);
                sums.add::<T>(u, log.exp());
                if log.is_nan() || log < LN_NEGLIGIBLE {
                    break;
                }
                away += stride;
            }
        }
        (sums, stride)
    }
}

impl StudyLikelihood for Hypergeometric {
    fn at(&self, theta: f64) -> Local {
        let (sums, stride) = self.sums::<Moments>(theta);
        sums.local(stride)
    }

    fn value(&self, theta: f64) -> f64 {
        let (sums, stride) = self.sums::<Total>(theta);
        sums.value(stride)
    }

    fn peak(&self) -> Peak {
        self.peak
    }

    fn knee(&self) -> (f64, f64) {
        self.knee
    }

    /// Each of the Bernoulli variables adds `ln(1 + r exp(theta))`, of which the tenth derivative is at most that at `r exp(theta) = 1`:
    /// `2 9! sum over odd j of (j pi)^-10`.
    fn tenth_derivative(&self) -> Option<f64> {
        (self.span >= SHORT).then_some(7.751 * self.span)
    }

    fn exclusive(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glmm::taylor;

    fn listed(study: &Hypergeometric, theta: f64) -> Local {
        let coefficients = study.coefficients.as_ref().expect("a list");
        coefficients.every::<Moments>(theta, coefficients.mode(theta)).local(1.0)
    }

    fn close(a: Local, b: Local, tolerance: f64) {
        let scale = [-b.d[1], (-b.d[1]).sqrt()];
        assert!((a.value - b.value).abs() <= tolerance * b.value.abs().max(1.0), "{a:?} {b:?}");
        assert!((a.d[0] - b.d[0]).abs() <= tolerance * scale[1].max(b.d[0].abs()), "{a:?} {b:?}");
        assert!((a.d[1] - b.d[1]).abs() <= tolerance * scale[0], "{a:?} {b:?}");
        assert!((a.d[2] - b.d[2]).abs() <= 10.0 * tolerance * scale[0] * scale[1].max(1.0), "{a:?} {b:?}");
        assert!((a.d[3] - b.d[3]).abs() <= 10.0 * tolerance * scale[0] * scale[0].max(1.0), "{a:?} {b:?}");
    }

    #[test]
    fn sparse_sums_and_terms_without_a_list_are_those_of_all_terms() {
        let tables = [
            [310.0, 490.0, 390.0, 430.0],
            [40.0, 960.0, 70.0, 930.0],
            [9.0, 30.0, 400.0, 900.0],
            [2000.0, 3000.0, 2500.0, 9000.0],
            [77.0, 80.0, 79.0, 4.0],
            [1.0, 400.0, 60.0, 300.0],
        ];
        for cells in tables {
            let mut study = Hypergeometric::new(cells);
            let centre = study.knee().0;
            for by in [-6.0, -2.0, -0.7, -0.05, 0.0, 0.02, 0.3, 1.5, 5.0] {
                let theta = centre + by;
                let exact = listed(&study, theta);
                close(study.at(theta), exact, 2e-13);
                assert!((study.value(theta) - exact.value).abs() <= 2e-13 * exact.value.abs().max(1.0));
                let kept = study.coefficients.take();
                close(study.at(theta), exact, 2e-12);
                study.coefficients = kept;
            }
        }
    }

    #[test]
    fn values_between_places_are_those_of_the_sums() {
        for cells in [
            [310.0, 490.0, 390.0, 430.0],
            [105.0, 295.0, 131.0, 279.0],
            [0.0, 900.0, 60.0, 800.0],
            [2e8, 3e8, 2e8, 4e8],
        ] {
            let study = Hypergeometric::new(cells);
            let h = taylor::reach(study.tenth_derivative().expect("a long sum"));
            let (place, width) = study.knee();
            let h = h.min(2.0 * width);
            for start in [-8.0, -3.0, -0.4, 0.0, 2.0, 7.0] {
                let left = place + start * width;
                for t in [0.1, 0.5, 0.93] {
                    let found = taylor::between(&study.at(left), &study.at(left + h), h, t);
                    let truth = study.value(left + h * t);
                    // Counts times places are rounded before their difference is taken.
                    let rounding = f64::EPSILON * cells.iter().sum::<f64>() * left.abs();
                    assert!(
                        (found - truth).abs() <= 1e-13 * truth.abs().max(1.0) + rounding,
                        "{cells:?} {start} {t}: {found} {truth}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_peak_is_where_the_expected_count_is_the_observed_one() {
        for cells in [[3.0, 7.0, 1.0, 11.0], [3e8, 7e8, 2.9e8, 7.1e8], [1.0, 1e9, 1.0, 1e9], [500.0, 1.0, 700.0, 90.0]]
        {
            let study = Hypergeometric::new(cells);
            let Peak::At(theta) = study.peak() else { panic!("{cells:?}") };
            let [d1, d2, ..] = study.at(theta).d;
            assert!(d1.abs() <= 1e-8 * (-d2).sqrt(), "{cells:?}: {d1:e} {d2:e}");
        }
    }
}
