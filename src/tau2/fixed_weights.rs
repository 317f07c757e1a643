//! A Q statistic with fixed weights: what may be asked of it, and the two point estimators that rest on it.
//!
//! ```text
//! Q = y'Ay,   A = D - DX(X'DX)^-1X'D,   D = diag(a_i)          (one mean: Q = sum a_i (y_i - m)^2)
//! E Q = tr AS,   Var Q = 2 tr ASAS (normal effects),   S = diag(v_i + tau2)
//! ```

use super::generalised_q::{QWeights, Statistic};
use super::prepare::Unit;
use super::{Solved, Tau2Error, Tau2Fit};
use crate::num::effort::evaluation;
use crate::num::quadratic_form;
use serde::{Deserialize, Serialize};

/// Weights of a Q statistic that follow from the sampling variances alone. For weights of the user see [`QWeights`].
///
/// ```
/// use meta_analysis::tau2::{FixedWeights, Tau2, estimate};
///
/// let (y, v) = ([0.1, 0.9, 0.5, -0.2], [0.04, 0.05, 0.03, 0.2]);
/// // metafor 3.8: rma(y, v, method = "GENQ", weights = a) with a = 1/v, 1/sqrt(v), rep(1, 4)
/// for (weights, tau2) in FixedWeights::ALL.into_iter().zip([0.109_529_617, 0.127_055_924, 0.149_166_667]) {
///     assert!((estimate(&y, &v, Tau2::GeneralisedQ(weights))?.tau2 - tau2).abs() < 1e-8);
/// }
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FixedWeights {
    /// `1/v_i`, as in Cochran's Q: most efficient if tau2 is 0.
    InverseVariance,
    /// `1/sqrt(v_i)`, between the two others (Jackson 2013).
    InverseSe,
    /// All equal: most efficient if tau2 is large.
    Equal,
}

impl FixedWeights {
    /// All of them.
    ///
    /// ```
    /// use meta_analysis::tau2::{FixedWeights, Tau2};
    ///
    /// let codes = FixedWeights::ALL.map(|weights| Tau2::GeneralisedQ(weights).code());
    /// assert_eq!(codes, ["GENQ(1/v)", "GENQ(1/se)", "GENQ(1)"]);
    /// ```
    pub const ALL: [Self; 3] = [Self::InverseVariance, Self::InverseSe, Self::Equal];

    /// The weight at a variance, as a share of that at the smallest.
    pub(super) fn at(self, variance: f64, least: f64) -> f64 {
        match self {
            Self::InverseVariance => least / variance,
            Self::InverseSe => (least / variance).sqrt(),
            Self::Equal => 1.0,
        }
    }

    /// Whether the weights exist.
    pub(super) fn check(self, first_zero: Option<usize>) -> Result<(), Tau2Error> {
        match (self, first_zero) {
            (Self::Equal, _) | (_, None) => Ok(()),
            (_, Some(index)) => Err(Tau2Error::ZeroVariance { index }),
        }
    }
}

impl From<FixedWeights> for QWeights<'_> {
    fn from(weights: FixedWeights) -> Self {
        match weights {
            FixedWeights::InverseVariance => Self::InverseVariance,
            FixedWeights::InverseSe => Self::InverseSe,
            FixedWeights::Equal => Self::Equal,
        }
    }
}

/// The statistic as an estimator sees it, in the scaled unit.
pub(crate) trait FixedForm {
    /// The value observed.
    fn q(&self) -> f64;
    /// A variance of the size of the smallest that matters: the unit in which tau2 is searched.
    fn typical(&self) -> f64;
    /// `(tr AS, tr ASAS)` for `S = diag(share v_i + tau2)`.
    fn traces(&self, share: f64, tau2: f64) -> (f64, f64);
    /// The eigenvalues of `S^(1/2) A S^(1/2)` for `S = diag(v_i + tau2)`; those that are 0 whatever tau2 is may be left out.
    fn eigenvalues(&self, tau2: f64) -> Result<Vec<f64>, Tau2Error>;
}

/// The moment estimator: Q equals its expectation.
pub(super) fn moment(form: &impl FixedForm) -> Solved {
    let (of_unit, _) = form.traces(0.0, 1.0);
    let (of_sampling, _) = form.traces(1.0, 0.0);
    let tau2 = ((form.q() - of_sampling) / of_unit).max(0.0);
    Solved::new(tau2, Some(standard_error(form, tau2)), 1)
}

/// The median-unbiased estimator: Q equals its median.
pub(super) fn median_unbiased(form: &impl FixedForm) -> Result<Solved, Tau2Error> {
    let at_zero = form.eigenvalues(0.0)?;
    let q = form.q();
    let below_median = q <= 0.0 || probability(q, &at_zero, quadratic_form::cdf)? <= 0.5;
    let tau2 =
        if below_median { 0.0 } else { root(form, |lambda| Ok(probability(q, lambda, quadratic_form::sf)? - 0.5))? };
    Ok(Solved::new(tau2, Some(standard_error(form, tau2)), 1))
}

/// `sqrt(2 tr ASAS) / tr A` at a tau2.
fn standard_error(form: &impl FixedForm, tau2: f64) -> f64 {
    let (of_unit, _) = form.traces(0.0, 1.0);
    let (_, square) = form.traces(1.0, tau2);
    (2.0 * square).sqrt() / of_unit
}

/// A tail of the distribution of Q at `q`, which is a point mass at 0 if all eigenvalues are.
///
/// A point mass counts as the tail on its side of `q`, and at `q = 0` as both.
pub(super) fn probability(q: f64, lambda: &[f64], tail: fn(f64, &[f64]) -> f64) -> Result<f64, Tau2Error> {
    if lambda.iter().all(|l| *l <= 0.0) {
        return Ok(if q <= 0.0 { 1.0 } else { tail(1.0, &[f64::MIN_POSITIVE]).round() });
    }
    let probability = tail(q, lambda);
    if probability.is_nan() { Err(Tau2Error::DistributionOfQ) } else { Ok(probability) }
}

/// The tau2 above 0 where a growing function of the eigenvalues is 0; it is not positive at 0.
pub(super) fn root(form: &impl FixedForm, h: impl Fn(&[f64]) -> Result<f64, Tau2Error>) -> Result<f64, Tau2Error> {
    let tau2 = |t: f64| form.typical() * t.exp_m1();
    let eval = |t: f64| h(&form.eigenvalues(tau2(t))?);
    let (mut low, mut high) = ((0.0_f64, eval(0.0)?), (1.0_f64, eval(1.0)?));
    while high.1 <= 0.0 {
        let t = if high.0 < 700.0 { (2.0 * high.0).min(700.0) } else { high.0 + 700.0 };
        (low, high) = (high, (t, eval(t)?));
    }
    Ok(tau2(bracketed_root(low, high, 1e-14, eval)?))
}

/// The root of a growing function between two points where it has been evaluated, to rounding of `x` or `absolute`.
///
/// Regula falsi in the Illinois form, every fourth step a bisection, so the bracket halves whatever the function is.
///
/// Dowell M, Jarratt P (1971) BIT 11:168-174, doi:10.1007/BF01934364.
pub(super) fn bracketed_root<E>(
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
        evaluation();
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

/// The generalised Q moment estimate of tau2 with any fixed weights.
///
/// ```text
/// Q = sum a_i (y_i - m)^2,   m = sum a_i y_i / sum a_i,   A = diag(a) - a a' / sum a
/// tau2 = max(0, (Q - tr AV) / tr A)
/// se   = sqrt(2 tr ASAS) / tr A,   S = diag(v_i + tau2)
/// ```
///
/// Unbiased before truncation for weights chosen without looking at the effects; standard error for normal effects. It is what
/// [`Tau2::GeneralisedQ`](super::Tau2::GeneralisedQ) does for weights that follow from the variances. metafor: `method = "GENQ"`.
///
/// DerSimonian R, Kacker R (2007) Contemp Clin Trials 28:105-114, doi:10.1016/j.cct.2006.04.004; Jackson D (2013) Res Synth Methods
/// 4:220-229, doi:10.1002/jrsm.1081.
///
/// ```
/// use meta_analysis::tau2::{QWeights, generalised_q_estimate};
///
/// let (y, v) = ([0.1, 0.9, 0.5, -0.2], [0.04, 0.05, 0.03, 0.2]);
/// // metafor 3.8: rma(y, v, method = "GENQ", weights = 1:4)
/// let fit = generalised_q_estimate(&y, &v, QWeights::User(&[1.0, 2.0, 3.0, 4.0]))?;
/// assert!((fit.tau2 - 0.17214285).abs() < 1e-7);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`](super::Workspace::load) reports, [`Tau2Error::TooFewStudies`] for fewer than two studies,
/// [`Tau2Error::ZeroVariance`] if a weight `1/v` or `1/sqrt(v)` does not exist, [`Tau2Error::WeightCount`] and
/// [`Tau2Error::InvalidWeight`] for weights of the user, [`Tau2Error::Overflow`].
pub fn generalised_q_estimate(y: &[f64], v: &[f64], weights: QWeights<'_>) -> Result<Tau2Fit, Tau2Error> {
    let (statistic, unit): (Statistic, Unit) = Statistic::new(y, v, weights)?;
    moment(&statistic).into_fit(unit)
}

/// The median-unbiased generalised Q estimate of tau2 with any fixed weights.
///
/// ```text
/// P(Q <= q) = 1/2,   Q ~ sum_j lambda_j(tau2) chi2_1        (0 if the probability is at most 1/2 already at 0)
/// se as in generalised_q_estimate, at this tau2
/// ```
///
/// It is the point to which [`generalised_q_interval`](super::generalised_q_interval) shrinks as its level goes to 0, and what
/// [`Tau2::MedianUnbiasedGeneralisedQ`](super::Tau2::MedianUnbiasedGeneralisedQ) does for weights that follow from the variances.
/// metafor: `method = "GENQM"`.
///
/// ```
/// use meta_analysis::tau2::{QWeights, generalised_q_median_estimate};
///
/// // Equal variances: Q = 8 is (1 + tau2) times chi-squared with 2 degrees of freedom, whose median is 2 ln 2.
/// let fit = generalised_q_median_estimate(&[1.0, 3.0, 5.0], &[1.0; 3], QWeights::Equal)?;
/// assert!((fit.tau2 - (4.0 / 2.0_f64.ln() - 1.0)).abs() < 1e-12);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// As [`generalised_q_estimate`], and [`Tau2Error::DistributionOfQ`].
pub fn generalised_q_median_estimate(y: &[f64], v: &[f64], weights: QWeights<'_>) -> Result<Tau2Fit, Tau2Error> {
    let (statistic, unit) = Statistic::new(y, v, weights)?;
    median_unbiased(&statistic)?.into_fit(unit)
}
