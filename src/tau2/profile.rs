//! Everything an estimator may ask about the data, and the answer for the model with one common mean.

use super::Tau2Error;
use super::fixed_weights::{FixedForm, FixedWeights};
use super::generalised_q::{Statistic, Weighted};
use super::lanes::{AllSums, FewSums, Studies as Columns, all_sums, few_sums};
use super::prepare::Axis;
use crate::num::sum::LogProduct;
use serde::{Deserialize, Serialize};

/// The sums at one value of `s = tau2 + c`, each made dimensionless by powers of `s`.
///
/// With `W = diag(1/(v_i + tau2))` and `P = W - WX(X'WX)^-1X'W`:
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    /// Where they were taken.
    pub(crate) s: f64,
    /// `Q = y'Py`, the generalised Q statistic.
    pub(crate) q: f64,
    /// `s y'P^2y = -s dQ/dtau2`.
    pub(crate) f: f64,
    /// `2 s^2 y'P^3y = s^2 d2Q/dtau2^2`.
    pub(crate) f_slope: f64,
    /// `s tr P`.
    pub(crate) trace: f64,
    /// `s^2 tr P^2`.
    pub(crate) trace_sq: f64,
    /// `s sum w_i`.
    pub(crate) weight: f64,
    /// `s^2 sum w_i^2`.
    pub(crate) weight_sq: f64,
}

/// Sums that do not depend on tau2, with `M = I - X(X'X)^-1X'`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unweighted {
    /// `y'My`, the residual sum of squares of ordinary least squares.
    pub(crate) rss: f64,
    /// `tr MV`.
    pub(crate) trace: f64,
    /// `tr MVMV`.
    pub(crate) trace_sq: f64,
}

/// Which likelihood.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, Tau2, estimate, log_likelihood};
///
/// // Equal variances: the sum of squares is 14; the full likelihood divides it by k = 4, the restricted one by k - 1.
/// let (y, v) = ([1.0, 2.0, 3.0, 6.0], [0.5; 4]);
/// for (likelihood, method, n) in
///     [(Likelihood::Full, Tau2::MaximumLikelihood, 4.0), (Likelihood::Restricted, Tau2::Reml, 3.0)]
/// {
///     let (tau2, total) = (estimate(&y, &v, method)?.tau2, 14.0 / n);
///     assert!((tau2 - (total - 0.5)).abs() < 1e-12);
///     let highest = -0.5 * n * ((std::f64::consts::TAU * total).ln() + 1.0);
///     assert!((log_likelihood(&y, &v, tau2, likelihood)? - highest).abs() < 1e-12);
/// }
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Likelihood {
    /// The restricted (residual) likelihood, that of the error contrasts.
    Restricted,
    /// The full likelihood, with the coefficients at their maximum.
    Full,
}

/// The parts of the log-likelihood that vary with tau2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogTerms {
    /// `sum log(v_i + tau2)`, and under the restricted likelihood `+ log|X'WX| - log|X'X|`.
    pub(crate) log: LogProduct,
    /// The generalised Q statistic.
    pub(crate) q: f64,
}

/// What an estimator may ask about the data.
///
/// Data are scaled (see `prepare`), and every method takes `s = tau2 + c`. Estimators are written once against this trait; a new
/// design (a regression, a block structure) is a new implementation, a new estimator is a new function.
pub(crate) trait Profile {
    /// Number of studies `k`.
    fn studies(&self) -> usize;
    /// Number of coefficients `p`.
    fn coefficients(&self) -> usize;
    /// Residual degrees of freedom `k - p`.
    fn df(&self) -> f64 {
        self.studies().saturating_sub(self.coefficients()) as f64
    }
    /// Where tau2 = 0 lies.
    fn axis(&self) -> Axis;
    /// Position of the first study with variance 0.
    fn first_zero(&self) -> Option<usize>;
    /// Whether the likelihood grows without bound as tau2 goes to 0.
    fn unbounded(&self, likelihood: Likelihood) -> bool;
    /// Whether the log-likelihood has a finite limit as tau2 goes to 0.
    fn finite_at_zero(&self, likelihood: Likelihood) -> bool;
    /// All sums at `s`.
    fn at(&mut self, s: f64) -> Sums;
    /// `Q` and `s y'P^2y` at `s`.
    fn q_at(&mut self, s: f64) -> (f64, f64);
    /// The sums of ordinary least squares.
    fn unweighted(&self) -> Unweighted;
    /// The first of them, the residual sum of squares.
    fn rss(&self) -> f64 {
        self.unweighted().rss
    }
    /// The varying parts of the log-likelihood at `s`.
    fn log_terms(&mut self, s: f64, likelihood: Likelihood) -> LogTerms;
}

/// What some estimators ask beyond the sums of a [`Profile`]: the studies themselves.
pub(crate) trait Studies: Profile {
    /// The smallest `1/P_ii` at tau2 = 0: the smallest variance of a contrast, or up to k times that.
    fn most_precise_contrast(&mut self) -> f64;
    /// The Q statistic with fixed weights.
    fn fixed_form(&self, weights: FixedWeights) -> Result<impl FixedForm, Tau2Error>;
    /// The studies with weights `1/v` as shares of the largest, if they share one mean and so may be resampled.
    fn exchangeable(&self) -> Option<Vec<Weighted>>;
}

/// Studies per step of the inner loops: four independent sums keep the divider busy and round less than one long sum.
pub(crate) const LANES: usize = 4;

/// One common mean: `X` is a column of ones, and every sum is a scalar sum.
///
/// The most precise study comes first and is the origin: its effect is 0 and its ratio `s/(v + tau2)` is 1, so it is not stored. With
/// the largest weight apart, none of the sums below subtracts nearly equal numbers, however unequal the weights are.
#[derive(Debug)]
pub(crate) struct Mean<'a> {
    /// Effects of the other studies relative to the first, padded with 0 to a multiple of `LANES`.
    pub(crate) y: &'a [[f64; LANES]],
    /// Their variances minus `c`, padded with infinity (weight 0).
    pub(crate) d: &'a [[f64; LANES]],
    /// Scratch of the same length.
    pub(crate) omega: &'a mut [[f64; LANES]],
    /// What has been summed of these data.
    pub(crate) known: &'a mut Known,
    /// Number of studies, the first included.
    pub(crate) k: usize,
    pub(crate) axis: Axis,
    pub(crate) first_zero: Option<usize>,
    /// Number of studies with variance 0.
    pub(crate) zeros: usize,
    /// Whether the studies with variance 0 all have the same effect.
    pub(crate) zeros_agree: bool,
}

/// What the weighted mean and its standard error take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MeanSums {
    /// `s sum w_i`.
    pub(crate) weight: f64,
    /// The weighted mean, relative to the first study.
    pub(crate) mean: f64,
    /// `Q = y'Py`.
    pub(crate) q: f64,
    /// `s y'P^2y`.
    pub(crate) f: f64,
}

/// Sums with the mean they are taken around.
#[derive(Clone, Copy, Debug, Default)]
struct Located {
    sums: Sums,
    mean: f64,
}

/// Sums of one data set that are asked for again: at tau2 = 0, at the first point after that (DerSimonian and Laird's estimate, if it is
/// where a search starts), and at the last. An `s` of 0, which no point has, means that there are none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    located: [Located; 3],
    /// The last sums that were taken for the mean alone, and where.
    mean: Option<(f64, MeanSums)>,
    /// Where the ratios in `omega` were taken.
    ratios: f64,
}

impl Known {
    /// For new data.
    pub(super) fn forget(&mut self) {
        self.located.iter_mut().for_each(|located| located.sums.s = 0.0);
        (self.mean, self.ratios) = (None, 0.0);
    }

    fn find(&self, s: f64) -> Option<usize> {
        self.located.iter().position(|located| located.sums.s.to_bits() == s.to_bits())
    }

    /// Where new sums go.
    fn place(&self, s: f64, start: f64) -> usize {
        if s <= start {
            0
        } else if self.located[1].sums.s <= 0.0 {
            1
        } else {
            2
        }
    }
}

fn total(lanes: [f64; LANES]) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// `Q` and `s y'P^2y` from the sums without the first study, whose residual is the mean.
#[inline(always)]
fn of_all_studies(s: f64, mean: f64, (q, f): (f64, f64)) -> (f64, f64) {
    let first = mean * mean;
    // Likelihoods next to each other are told apart by the last digits of Q: it is divided.
    ((first + q) / s, (first + f) * (1.0 / s))
}

impl Mean<'_> {
    /// `(sum of the ratios of the other studies, weighted mean)`; leaves the ratios in `omega`.
    pub(crate) fn mean_at(&mut self, s: f64) -> (f64, f64) {
        self.known.ratios = s;
        let (mut r1, mut t) = ([0.0; LANES], [0.0; LANES]);
        for ((y, d), omega) in self.y.iter().zip(self.d).zip(self.omega.iter_mut()) {
            for lane in 0..LANES {
                let o = s / (d[lane] + s);
                omega[lane] = o;
                r1[lane] += o;
                t[lane] += o * y[lane];
            }
        }
        let r1 = total(r1);
        (r1, total(t) * (1.0 / (1.0 + r1)))
    }

    /// The ratios `s / (v + tau2)` of the other studies.
    pub(super) fn ratios(&mut self, s: f64) -> &[[f64; LANES]] {
        if self.known.ratios.to_bits() != s.to_bits() {
            self.mean_at(s);
        }
        self.omega
    }

    /// The weighted mean, its weight and the residuals around it. At tau2 = 0 with all other sums, which most analyses need there.
    #[inline(always)]
    pub(crate) fn mean_sums(&mut self, s: f64) -> MeanSums {
        if s <= self.axis.start || self.known.find(s).is_some() {
            let Located { sums, mean } = self.located(s);
            return MeanSums { weight: sums.weight, mean, q: sums.q, f: sums.f };
        }
        match self.known.mean {
            Some((at, sums)) if at.to_bits() == s.to_bits() => return sums,
            _ => {}
        }
        self.known.ratios = s;
        let FewSums { r1, mean, q, f } = few_sums(Columns { y: self.y, d: self.d, omega: self.omega, s });
        let (q, f) = of_all_studies(s, mean, (q, f));
        let sums = MeanSums { weight: 1.0 + r1, mean, q, f };
        self.known.mean = Some((s, sums));
        sums
    }

    /// All sums at `s`, from memory if they were taken before.
    #[inline(always)]
    fn located(&mut self, s: f64) -> Located {
        if let Some(place) = self.known.find(s) {
            return self.known.located[place];
        }
        // Returned as they are: read back from where they were just written they would take longer.
        let located = self.sum(s);
        let place = self.known.place(s, self.axis.start);
        self.known.located[place] = located;
        located
    }

    // With a = omega r the weighted residuals and the first study's share a_0 kept apart (b = a - a_0):
    //   tr P   = w_0 R_1/S + sum_j w_j (1 - w_j/S),  w_j/S <= 1/2
    //   y'P^3y = sum_j w_j (b_j - b)^2 + w_0 b^2,    b = sum_j w_j b_j / S
    #[inline(always)]
    fn sum(&mut self, s: f64) -> Located {
        self.known.ratios = s;
        let AllSums { r: [r1, r2, r3], inverse, mean, q, f, b1, b2 } =
            all_sums(Columns { y: self.y, d: self.d, omega: self.omega, s });
        let (q, f) = of_all_studies(s, mean, (q, f));
        let sums = Sums {
            s,
            q,
            f,
            f_slope: 2.0 * (b2 - b1 * b1 * inverse) * (1.0 / s),
            trace: r1 * inverse + (r1 - r2 * inverse),
            trace_sq: ((r1 * r1 + 2.0 * r2 + r2 * r2) * inverse - 2.0 * r3) * inverse + r2,
            weight: 1.0 + r1,
            weight_sq: 1.0 + r2,
        };
        Located { sums, mean }
    }

    /// All studies, the first included.
    fn weighted(&self, weights: FixedWeights) -> Vec<Weighted> {
        let c = self.axis.c;
        let first = Weighted { a: 1.0, v: c, y: 0.0 };
        let others = self.others().map(|(y, d)| Weighted { a: weights.at(d + c, c), v: d + c, y });
        core::iter::once(first).chain(others).collect()
    }

    /// The stored studies without the padding.
    pub(super) fn others(&self) -> impl Iterator<Item = (f64, f64)> {
        let y = self.y.iter().flatten();
        let d = self.d.iter().flatten();
        y.copied().zip(d.copied()).take(self.k - 1)
    }
}

impl Profile for Mean<'_> {
    fn studies(&self) -> usize {
        self.k
    }

    fn coefficients(&self) -> usize {
        1
    }

    fn axis(&self) -> Axis {
        self.axis
    }

    fn first_zero(&self) -> Option<usize> {
        self.first_zero
    }

    fn unbounded(&self, likelihood: Likelihood) -> bool {
        let needed = match likelihood {
            Likelihood::Full => 1,
            Likelihood::Restricted => 2,
        };
        self.zeros >= needed && self.zeros_agree
    }

    fn finite_at_zero(&self, likelihood: Likelihood) -> bool {
        self.zeros == 0 || (self.zeros == 1 && likelihood == Likelihood::Restricted)
    }

    fn at(&mut self, s: f64) -> Sums {
        self.located(s).sums
    }

    fn q_at(&mut self, s: f64) -> (f64, f64) {
        let MeanSums { q, f, .. } = self.mean_sums(s);
        (q, f)
    }

    fn unweighted(&self) -> Unweighted {
        let k = self.k as f64;
        let mean = self.others().map(|(y, _)| y).sum::<f64>() / k;
        let c = self.axis.c;
        let (mut rss, mut v1, mut v2) = (mean * mean, c, c * c);
        for (y, d) in self.others() {
            let (r, v) = (y - mean, d + c);
            rss += r * r;
            v1 += v;
            v2 += v * v;
        }
        Unweighted { rss, trace: v1 * ((k - 1.0) / k), trace_sq: v2 * ((k - 2.0) / k) + (v1 / k) * (v1 / k) }
    }

    fn rss(&self) -> f64 {
        let Some((last, full)) = self.y.split_last() else { return 0.0 };
        let sum = full.iter().chain([last]).fold([0.0; LANES], |mut sum, y| {
            for lane in 0..LANES {
                sum[lane] += y[lane];
            }
            sum
        });
        let mean = total(sum) / self.k as f64;
        let squares = full.iter().fold([0.0; LANES], |mut sum, y| {
            for lane in 0..LANES {
                sum[lane] += (y[lane] - mean) * (y[lane] - mean);
            }
            sum
        });
        let stored = last.iter().take(self.k - 1 - LANES * full.len());
        stored.fold(mean * mean + total(squares), |sum, y| sum + (y - mean) * (y - mean))
    }

    // Restricted: log s of the first study and the -log s of log|X'WX| = log(sum omega / s) cancel, so neither is formed.
    fn log_terms(&mut self, s: f64, likelihood: Likelihood) -> LogTerms {
        let Sums { q, weight, .. } = self.at(s);
        let mut log = LogProduct::new();
        log.multiply_rows(self.d, s);
        match likelihood {
            Likelihood::Full => log.multiply(s),
            Likelihood::Restricted => {
                log.multiply(weight);
                log.divide(self.k as f64);
            }
        }
        LogTerms { log, q }
    }
}

impl Studies for Mean<'_> {
    fn most_precise_contrast(&mut self) -> f64 {
        let s = self.axis.start;
        let (r1, _) = self.mean_at(s);
        let weight = 1.0 + r1;
        let entries = self.omega.iter().flatten().map(|o| o * (1.0 - o / weight));
        s / entries.fold(r1 / weight, f64::max)
    }

    fn fixed_form(&self, weights: FixedWeights) -> Result<impl FixedForm, Tau2Error> {
        weights.check(self.first_zero)?;
        Ok(Statistic::of(self.weighted(weights)))
    }

    fn exchangeable(&self) -> Option<Vec<Weighted>> {
        Some(self.weighted(FixedWeights::InverseVariance))
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::tau2::Workspace;

    /// The proof of a single maximum rests on it.
    #[test]
    fn the_sum_of_squares_is_that_about_the_mean() {
        let mut workspace = Workspace::new();
        for k in [2, 3, 8, 9, 31] {
            let y: Vec<f64> = (0..k).map(|i| 3.0 + (f64::from(i) * 0.618).fract()).collect();
            let v: Vec<f64> = (0..k).map(|i| 0.1 + (f64::from(i) * 0.414).fract()).collect();
            let mean = y.iter().sum::<f64>() / f64::from(k);
            let expected: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
            workspace.load(&y, &v).expect("sound data");
            let (profile, _, unit) = workspace.profile().expect("loaded");
            let found = unit.grow_square(profile.rss());
            assert!((found / expected - 1.0).abs() < 1e-14, "{k}: {found} {expected}");
        }
    }
}
