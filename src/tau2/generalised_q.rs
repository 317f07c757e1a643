//! The generalised-Q confidence interval of tau2: a Q statistic with fixed weights and its exact distribution.

use std::convert::Infallible;

use super::fixed_weights::{FixedForm, FixedWeights, bracketed_root, probability, root};
use super::prepare::{Unit, survey};
use super::{Tau2Error, Tau2Set, need_studies};
use crate::num::quadratic_form;

/// The fixed weights `a_i` of a generalised Q statistic. Only their ratios matter.
///
/// ```
/// use meta_analysis::tau2::{QWeights, generalised_q_estimate};
///
/// let tau2 = |weights| Ok(generalised_q_estimate(&[0.1, 0.9, 0.5, -0.2], &[0.04, 0.05, 0.03, 0.2], weights)?.tau2);
/// // metafor 3.8: rma(y, v, method = "GENQ", weights = rep(1, 4))
/// assert!((tau2(QWeights::Equal)? - 0.149_166_667).abs() < 1e-8);
/// assert!((tau2(QWeights::User(&[7.0; 4]))? - 0.149_166_667).abs() < 1e-8);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
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
    let at_zero = statistic.eigenvalues(0.0)?;
    let tail = |lambda: &[f64], tail: fn(f64, &[f64]) -> f64| probability(statistic.q(), lambda, tail);
    if tail(&at_zero, quadratic_form::cdf)? < lower_tail {
        return Ok(Tau2Set::Empty);
    }
    let lower = if tail(&at_zero, quadratic_form::sf)? >= upper_tail {
        0.0
    } else {
        root(&statistic, |lambda| Ok(ln_ratio(tail(lambda, quadratic_form::sf)?, upper_tail)))?
    };
    let upper = root(&statistic, |lambda| Ok(-ln_ratio(tail(lambda, quadratic_form::cdf)?, lower_tail)))?;
    Tau2Set::between(unit.grow_square(lower), unit.grow_square(upper))
}

/// `ln(p / target)`, finite also where `p` underflows.
fn ln_ratio(p: f64, target: f64) -> f64 {
    p.max(f64::MIN_POSITIVE).ln() - target.ln()
}

/// One study in the scaled unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighted {
    /// Weight, at most 1.
    pub(super) a: f64,
    /// Sampling variance.
    pub(super) v: f64,
    /// Effect, relative to that of any study.
    pub(super) y: f64,
}

/// The statistic for one common mean, in the scaled unit.
#[derive(Debug)]
pub(super) struct Statistic {
    studies: Vec<Weighted>,
    /// Sum of the weights.
    sum: f64,
    /// Position of the largest weight.
    heaviest: usize,
    /// The value observed.
    q: f64,
    /// A sampling variance above 0, or what takes its place if there is none.
    typical: f64,
}

impl Statistic {
    pub(super) fn new(y: &[f64], v: &[f64], weights: QWeights<'_>) -> Result<(Self, Unit), Tau2Error> {
        let survey = survey(y, v)?;
        need_studies(y.len(), 2)?;
        let origin = y[survey.first];
        let spread = y.iter().map(|y| (y - origin).abs()).fold(0.0, f64::max);
        let unit = Unit::new(spread, survey.largest, survey.smallest_positive)?;
        let variances: Vec<f64> = v.iter().map(|v| unit.shrink_square(*v)).collect();
        let least = variances[survey.first];
        let first_zero = (survey.zeros > 0).then_some(survey.first);
        let fixed = |weights: FixedWeights| {
            weights.check(first_zero)?;
            Ok::<Vec<f64>, Tau2Error>(variances.iter().map(|v| weights.at(*v, least)).collect())
        };
        let a = match weights {
            QWeights::InverseVariance => fixed(FixedWeights::InverseVariance)?,
            QWeights::InverseSe => fixed(FixedWeights::InverseSe)?,
            QWeights::Equal => fixed(FixedWeights::Equal)?,
            QWeights::User(weights) => user(weights, y.len())?,
        };
        let studies = a.into_iter().zip(&variances).zip(y);
        let studies = studies.map(|((a, v), y)| Weighted { a, v: *v, y: unit.shrink(y - origin) });
        Ok((Self::of(studies.collect()), unit))
    }

    /// At least two studies.
    pub(super) fn of(mut studies: Vec<Weighted>) -> Self {
        let (mut heaviest, mut most) = (0, 0.0);
        for (i, study) in studies.iter().enumerate() {
            if study.a > most {
                (heaviest, most) = (i, study.a);
            }
        }
        // Relative to the study that the mean is nearest to, nothing cancels.
        let origin = studies.get(heaviest).map_or(0.0, |study| study.y);
        studies.iter_mut().for_each(|study| study.y -= origin);
        let sum: f64 = studies.iter().map(|s| s.a).sum();
        let mean = studies.iter().map(|s| s.a * s.y).sum::<f64>() / sum;
        let q: f64 = studies.iter().map(|s| s.a * (s.y - mean) * (s.y - mean)).sum();
        let smallest = studies.iter().map(|s| s.v).filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let mut statistic = Self { studies, sum, heaviest, q, typical: smallest };
        if smallest == f64::INFINITY {
            // Without sampling variances tau2 = q / tr A makes Q its own expectation.
            statistic.typical = (q / statistic.traces(0.0, 1.0).0).max(f64::MIN_POSITIVE);
        }
        statistic
    }

    /// `1 - a_i / sum a`.
    fn rest(&self, i: usize) -> f64 {
        if i == self.heaviest {
            let others = self.studies.iter().enumerate().filter(|(j, _)| *j != i);
            return others.map(|(_, s)| s.a).sum::<f64>() / self.sum;
        }
        self.studies.get(i).map_or(0.0, |s| 1.0 - s.a / self.sum)
    }
}

impl FixedForm for Statistic {
    fn q(&self) -> f64 {
        self.q
    }

    fn typical(&self) -> f64 {
        self.typical
    }

    // tr ASAS = sum_i (a_i s_i (1 - a_i/T))^2 + sum_{i != j} t_i t_j / T^2,   T = sum a,  t_i = a_i^2 s_i
    fn traces(&self, share: f64, tau2: f64) -> (f64, f64) {
        let (mut trace, mut square) = (0.0, 0.0);
        let (mut largest, mut total, mut squares) = (0.0_f64, 0.0, 0.0);
        for (i, study) in self.studies.iter().enumerate() {
            let s = share * study.v + tau2;
            let own = study.a * s * self.rest(i);
            trace += own;
            square += own * own;
            // The largest t is kept apart, so that the sum over pairs is not a difference of nearly equal numbers.
            let mut t = study.a * study.a * s;
            if t > largest {
                core::mem::swap(&mut t, &mut largest);
            }
            total += t;
            squares += t * t;
        }
        let pairs = 2.0 * largest * total + (total * total - squares).max(0.0);
        (trace, square + pairs / (self.sum * self.sum))
    }

    // With `d_i = a_i (v_i + tau2)` they are the roots of `sum a_i / (d_i - lambda) = 0`, one between any two neighbours among the
    // `d_i`, and as many at a common value of several `d_i` as they are, less one.
    fn eigenvalues(&self, tau2: f64) -> Result<Vec<f64>, Tau2Error> {
        if !self.studies.iter().map(|study| study.v + tau2).sum::<f64>().is_finite() {
            return Err(Tau2Error::Overflow);
        }
        let mut poles: Vec<(f64, f64)> = self.studies.iter().map(|s| (s.a * (s.v + tau2), s.a)).collect();
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
        Ok(lambda)
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
