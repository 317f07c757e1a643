//! The generalised-Q confidence interval of tau2: a Q statistic with fixed weights and its exact distribution.

use std::convert::Infallible;

use super::prepare::{Unit, survey};
use super::{Tau2Error, Tau2Set, need_studies};
use crate::num::quadratic_form;

/// The fixed weights `a_i` of a generalised Q statistic. Only their ratios matter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum QWeights<'a> {
    /// `1/v_i`: Cochran's Q (Biggerstaff & Jackson 2008). metafor: `method = "GENQ", weights = 1/vi`.
    InverseVariance,
    /// `1/sqrt(v_i)`, recommended by Jackson 2013 where little is known about tau2: shorter intervals than with `1/v_i` unless tau2 is
    /// small. metafor: `weights = 1/sqrt(vi)`.
    InverseSe,
    /// All the same, best for large tau2: the sum of squares behind Hedges's estimator. metafor: `weights = 1`.
    Equal,
    /// Any positive numbers, chosen without looking at the effects. metafor: `weights = ...`.
    User(&'a [f64]),
}

/// The generalised-Q confidence interval of tau2.
///
/// ```text
/// Q = sum a_i (y_i - m)^2,   m = sum a_i y_i / sum a_i
/// Q ~ sum_j lambda_j(tau2) chi2_1,   lambda = eigenvalues of S^(1/2) A S^(1/2),
/// A = diag(a) - a a' / sum a,   S = diag(v_i + tau2)
///
/// { tau2 >= 0 : P(Q >= q) >= upper_tail  and  P(Q <= q) >= lower_tail }      q = the value observed
/// ```
///
/// `P(Q >= q)` grows strictly with tau2, so each end is the one root of its equation: `upper_tail` (of the distribution of Q) gives the
/// lower end of the interval, `lower_tail` the upper end. For level `1 - alpha` both are usually `alpha/2`; Jackson suggests unequal
/// tails, such as 0.01 and 0.04, for shorter intervals. The coverage under the model is exact, given that the weights do not depend on
/// the effects. The set is empty if `P(Q <= q) < lower_tail` already at tau2 = 0. With equal sampling variances all weights that are
/// equal give the Q-profile interval.
///
/// tau2 is on the squared scale of the effects. metafor: `confint` of a model with `method = "GENQ"`, which caps the upper end.
///
/// Jackson D (2013) Res Synth Methods 4:220-229, doi:10.1002/jrsm.1081. Biggerstaff BJ, Jackson D (2008) Stat Med 27:6093-6110,
/// doi:10.1002/sim.3428.
///
/// ```
/// use meta_analysis::tau2::{QWeights, Tau2Set, generalised_q_interval};
///
/// // Two studies: Q = (y1 - y2)^2 / 2, so the lower end is 1.3^2 / (2 * 5.0239) - (0.04 + 0.09) / 2.
/// let set = generalised_q_interval(&[0.1, 1.4], &[0.04, 0.09], QWeights::Equal, 0.025, 0.025)?;
/// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
/// assert!((lower - 0.103196).abs() < 1e-6);
/// assert!((upper - 860.3632).abs() < 1e-3);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// * What [`Workspace::load`](super::Workspace::load) reports, [`Tau2Error::TooFewStudies`] for fewer than two studies,
///   [`Tau2Error::ZeroVariance`] if a weight `1/v` or `1/sqrt(v)` does not exist, [`Tau2Error::Overflow`];
/// * [`Tau2Error::WeightCount`] and [`Tau2Error::InvalidWeight`] for weights of the user;
/// * [`Tau2Error::InvalidTails`]; [`Tau2Error::DistributionOfQ`].
pub fn generalised_q_interval(
    y: &[f64],
    v: &[f64],
    weights: QWeights<'_>,
    upper_tail: f64,
    lower_tail: f64,
) -> Result<Tau2Set, Tau2Error> {
    if !(upper_tail > 0.0 && lower_tail > 0.0 && upper_tail + lower_tail < 1.0) {
        return Err(Tau2Error::InvalidTails { upper: upper_tail, lower: lower_tail });
    }
    let (statistic, unit) = Statistic::new(y, v, weights)?;
    let at_zero = statistic.eigenvalues(0.0);
    if statistic.tail(&at_zero, quadratic_form::cdf)? < lower_tail {
        return Ok(Tau2Set::Empty);
    }
    let lower = if statistic.tail(&at_zero, quadratic_form::sf)? >= upper_tail {
        0.0
    } else {
        statistic.root(|lambda| Ok(ln_ratio(statistic.tail(lambda, quadratic_form::sf)?, upper_tail)))?
    };
    let upper = statistic.root(|lambda| Ok(-ln_ratio(statistic.tail(lambda, quadratic_form::cdf)?, lower_tail)))?;
    let (lower, upper) = (unit.grow_square(lower), unit.grow_square(upper.max(lower)));
    if !upper.is_finite() {
        return Err(Tau2Error::Overflow);
    }
    Ok(Tau2Set::Interval { lower, upper })
}

/// `ln(p / target)`, finite also where `p` underflows.
fn ln_ratio(p: f64, target: f64) -> f64 {
    p.max(f64::MIN_POSITIVE).ln() - target.ln()
}

/// The statistic and its weights, in the scaled unit.
pub(super) struct Statistic {
    /// Studies by weight and sampling variance; the weights are at most 1.
    studies: Vec<(f64, f64)>,
    /// The value observed.
    q: f64,
    /// A sampling variance above 0, or what takes its place if there is none.
    pub(super) typical: f64,
}

impl Statistic {
    pub(super) fn new(y: &[f64], v: &[f64], weights: QWeights<'_>) -> Result<(Self, Unit), Tau2Error> {
        let survey = survey(y, v)?;
        need_studies(y.len(), 2)?;
        let origin = y[survey.first];
        let spread = y.iter().map(|y| (y - origin).abs()).fold(0.0, f64::max);
        let unit = Unit::new(spread, v[survey.last], survey.smallest_positive)?;
        let variances: Vec<f64> = v.iter().map(|v| unit.shrink_square(*v)).collect();
        let zero = (survey.zeros > 0).then_some(Tau2Error::ZeroVariance { index: survey.first });
        let least = variances[survey.first];
        let a: Vec<f64> = match (weights, zero) {
            (QWeights::InverseVariance | QWeights::InverseSe, Some(error)) => return Err(error),
            (QWeights::InverseVariance, None) => variances.iter().map(|v| least / v).collect(),
            (QWeights::InverseSe, None) => variances.iter().map(|v| (least / v).sqrt()).collect(),
            (QWeights::Equal, _) => vec![1.0; y.len()],
            (QWeights::User(weights), _) => user(weights, y.len())?,
        };
        let sum: f64 = a.iter().sum();
        let effects = || y.iter().map(|y| unit.shrink(y - origin));
        let mean = a.iter().zip(effects()).map(|(a, y)| a * y).sum::<f64>() / sum;
        let q: f64 = a.iter().zip(effects()).map(|(a, y)| a * (y - mean) * (y - mean)).sum();
        let smallest = unit.shrink_square(survey.smallest_positive);
        // Without sampling variances tau2 = q / tr A makes Q its own expectation.
        let trace: f64 = a.iter().map(|a| a * (1.0 - a / sum)).sum();
        let typical = if smallest.is_finite() { smallest } else { (q / trace).max(f64::MIN_POSITIVE) };
        Ok((Self { studies: a.into_iter().zip(variances).collect(), q, typical }, unit))
    }

    /// A tail of the distribution at `q`, which is a point mass at 0 if all eigenvalues are.
    pub(super) fn tail(&self, lambda: &[f64], tail: fn(f64, &[f64]) -> f64) -> Result<f64, Tau2Error> {
        if lambda.iter().all(|l| *l <= 0.0) {
            // A point mass: all of it counts as the tail on its side of q, and at q = 0 as both.
            return Ok(if self.q <= 0.0 { 1.0 } else { tail(1.0, &[f64::MIN_POSITIVE]).round() });
        }
        // P(Q >= q) and P(Q > q) differ only for a point mass.
        let probability = tail(self.q, lambda);
        if probability.is_nan() { Err(Tau2Error::DistributionOfQ) } else { Ok(probability) }
    }

    /// The eigenvalues other than the one that is always 0.
    ///
    /// With `d_i = a_i (v_i + tau2)` they are the roots of `sum a_i / (d_i - lambda) = 0`, one between any two neighbours among the
    /// `d_i`, and as many at a common value of several `d_i` as they are, less one.
    pub(super) fn eigenvalues(&self, tau2: f64) -> Vec<f64> {
        let mut poles: Vec<(f64, f64)> = self.studies.iter().map(|(a, v)| (a * (v + tau2), *a)).collect();
        poles.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut lambda = Vec::with_capacity(poles.len());
        poles.dedup_by(|next, kept| {
            let same = next.0 <= kept.0;
            if same {
                kept.1 += next.1;
                lambda.push(kept.0);
            }
            same
        });
        for (i, pair) in poles.windows(2).enumerate() {
            let ((low, at_low), (high, at_high)) = (pair[0], pair[1]);
            let secular = |l: f64| {
                let others = poles.iter().take(i).chain(poles.iter().skip(i + 2));
                let rest: f64 = others.map(|(d, a)| a / (d - l)).sum();
                let value = at_high * (l - low) - at_low * (high - l) + (l - low) * (high - l) * rest;
                Ok::<f64, Infallible>(value)
            };
            let gap = high - low;
            let Ok(root) = bracketed_root((low, -at_low * gap), (high, at_high * gap), 0.0, secular);
            lambda.push(root);
        }
        lambda
    }

    /// The tau2 above 0 where a growing function of the eigenvalues is 0; it is not positive at 0.
    fn root(&self, h: impl Fn(&[f64]) -> Result<f64, Tau2Error>) -> Result<f64, Tau2Error> {
        let tau2 = |t: f64| self.typical * t.exp_m1();
        let eval = |t: f64| {
            let tau2 = tau2(t);
            let total: f64 = self.studies.iter().map(|(_, v)| v + tau2).sum();
            if total.is_finite() { h(&self.eigenvalues(tau2)) } else { Err(Tau2Error::Overflow) }
        };
        let (mut low, mut high) = ((0.0_f64, eval(0.0)?), (1.0_f64, eval(1.0)?));
        while high.1 <= 0.0 {
            let t = if high.0 < 700.0 { (2.0 * high.0).min(700.0) } else { high.0 + 700.0 };
            (low, high) = (high, (t, eval(t)?));
        }
        Ok(tau2(bracketed_root(low, high, 1e-14, eval)?))
    }
}

fn user(weights: &[f64], studies: usize) -> Result<Vec<f64>, Tau2Error> {
    if weights.len() != studies {
        return Err(Tau2Error::WeightCount { weights: weights.len(), studies });
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let sound =
        |w: f64| w > 0.0 && w < f64::INFINITY && (w / largest >= 2.0_f64.powi(-300) || largest == f64::INFINITY);
    match weights.iter().position(|w| !sound(*w)) {
        Some(index) => Err(Tau2Error::InvalidWeight { index, value: weights[index] }),
        None => Ok(weights.iter().map(|w| w / largest).collect()),
    }
}

/// The root of a growing function between two points where it has been evaluated, to rounding of `x` or `absolute`.
///
/// Regula falsi in the Illinois form, every fourth step a bisection, so the bracket halves whatever the function is.
///
/// Dowell M, Jarratt P (1971) BIT 11:168-174, doi:10.1007/BF01934364.
fn bracketed_root<E>(
    (mut low, mut at_low): (f64, f64),
    (mut high, mut at_high): (f64, f64),
    absolute: f64,
    f: impl Fn(f64) -> Result<f64, E>,
) -> Result<f64, E> {
    let mut kept_low = 0_u32;
    let mut kept_high = 0_u32;
    let mut steps = 0_u32;
    loop {
        let middle = low + 0.5 * (high - low);
        let tolerance = absolute.max(2.0 * f64::EPSILON * high);
        if !(high - low > tolerance && low < middle && middle < high) {
            return Ok(middle);
        }
        steps += 1;
        let secant = low + (high - low) * (at_low / (at_low - at_high));
        // A step of at least half the tolerance, so that the far end closes in as well.
        let secant = secant.max(low + 0.5 * tolerance).min(high - 0.5 * tolerance);
        let x = if !steps.is_multiple_of(4_u32) && low < secant && secant < high { secant } else { middle };
        let at = f(x)?;
        if at == 0.0 {
            return Ok(x);
        }
        if at < 0.0 {
            (low, at_low) = (x, at);
            (kept_low, kept_high) = (0, kept_high + 1);
            if kept_high > 1 {
                at_high *= 0.5;
            }
        } else {
            (high, at_high) = (x, at);
            (kept_high, kept_low) = (0, kept_low + 1);
            if kept_low > 1 {
                at_low *= 0.5;
            }
        }
    }
}
