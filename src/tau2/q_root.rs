//! The root of the generalised Q statistic: Paule-Mandel, its median-unbiased form, and the ends of the Q-profile interval.
//!
//! ```text
//! Q(tau2) = y'P(tau2)y = sum_j z_j^2 / (t_j + tau2),   t_j >= 0
//! ```
//!
//! falls strictly from `Q(0)` to 0, and `1/Q` is concave and increasing. Newton's method on `1/Q` started at 0 therefore approaches the
//! root from the left and never passes it; with a single pole it is exact in one step. No bracket, cap or tolerance in the units of
//! the data is involved.

use super::Solved;
use super::profile::Profile;
use crate::num::chi_squared;

/// Relative change of `s` that cannot be told from rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// `(tau2, evaluations)` with `Q(tau2) = target`, or tau2 = 0 if already `Q(0) <= target`.
pub(super) fn q_root<P: Profile>(profile: &mut P, target: f64) -> (f64, u32) {
    let axis = profile.axis();
    let mut tau2 = 0.0;
    let mut evaluations = 0;
    loop {
        let s = axis.s(tau2);
        let (q, f) = profile.q_at(s);
        evaluations += 1;
        // The Newton step for 1/Q. It is positive left of the root; rounding alone makes it vanish or change sign.
        let step = s * ((q / target - 1.0) * (q / f));
        if !(q > target && step > 0.0) {
            return (tau2, evaluations);
        }
        tau2 += step;
        if step <= ROUNDING * (axis.c + tau2) {
            return (tau2, evaluations);
        }
    }
}

/// Paule-Mandel: `Q(tau2) = k - p`.
pub(super) fn paule_mandel<P: Profile>(profile: &mut P) -> Solved {
    let mean = profile.df();
    at_target(profile, mean)
}

/// Median-unbiased Paule-Mandel: `Q(tau2)` is the median of chi-squared instead of its mean, which is larger.
pub(super) fn median_unbiased<P: Profile>(profile: &mut P) -> Solved {
    let median = chi_squared::quantile(0.5, profile.df());
    at_target(profile, median)
}

/// The root with its standard error.
///
/// That treats the weights in Morris's form of the equation, `tau2 = sum w (k/(k-p) r^2 - v) / sum w`, as known.
fn at_target<P: Profile>(profile: &mut P, target: f64) -> Solved {
    let df = profile.df();
    let k = profile.studies() as f64;
    let (tau2, evaluations) = q_root(profile, target);
    if tau2 <= 0.0 && profile.first_zero().is_some() {
        return Solved::new(tau2, None, evaluations);
    }
    let at = profile.at(profile.axis().s(tau2));
    let se = k * (2.0 / df).sqrt() * (at.s / at.weight);
    Solved::new(tau2, Some(se), evaluations + 1)
}
