//! The model with a fixed level of each study, solved.

use super::super::binomial::{Binomial, BinomialLink};
use super::super::estimates::finite_interval;
use super::super::fit::quantile_normal;
use super::super::heterogeneity::GlmmHeterogeneity;
use super::super::integrated::{Bound, Integrated};
use super::super::one_group::OneGroup;
use super::super::poisson::Poisson;
use super::super::problem::Problem;
use super::super::search::{Maximum, SearchRecord};
use super::super::two_groups::conditional_boundary;
use super::super::two_groups::solved::{Found, Solution, Solved};
use super::super::two_groups::{TwoGroupBoundary, TwoGroupData};
use super::options::UnconditionalFixed;
use super::pair::Pair;
use crate::error::{ErrorKind, Result};
use crate::inference::Interval;
use crate::measure::Measure;
use crate::num::quadrature::Effort;
use crate::study::Dropped;
use std::sync::Arc;

/// Normal effects and fixed levels, at the maximum of the likelihood.
#[derive(Debug)]
struct FixedLevels {
    problem: Problem<Pair>,
    maximum: Maximum,
}

impl Solved for FixedLevels {
    fn effect(&self) -> Result<(f64, f64)> {
        let best = &self.maximum.best;
        Ok((best.point[0], self.problem.standard_error(best, 0)?))
    }

    fn log_likelihood(&self) -> f64 {
        self.maximum.best.value()
    }

    fn parameters(&self) -> Option<usize> {
        Some(self.problem.studies.len() + 2)
    }

    fn profile_interval(&self, drop: f64) -> Result<Interval> {
        self.problem.profile_interval(&self.maximum, drop)
    }

    fn held(&self, effect: f64) -> Result<f64> {
        Ok(self.problem.held_best(&self.maximum, 0, effect)?.value())
    }

    fn heterogeneity(&self, level: f64) -> Result<Option<GlmmHeterogeneity>> {
        self.problem.heterogeneity(&self.maximum, level).map(Some)
    }

    fn tau2_interval(&self, level: f64) -> Result<Option<Interval>> {
        self.problem.tau2_interval(&self.maximum, level).map(Some)
    }

    fn search(&self) -> Option<&SearchRecord> {
        Some(&self.maximum.record)
    }

    fn effects(&self) -> Option<Vec<(f64, f64)>> {
        let each = self.problem.marginals(&self.maximum.best.point, Effort::Exact)?;
        Some(each.iter().map(|one| (one.mean, one.variance.max(0.0).sqrt())).collect())
    }

    fn shares(&self) -> Option<Vec<f64>> {
        self.problem.shares(&self.maximum)
    }
}

/// The likelihood of each group by itself.
pub(super) fn arms(rates: bool, counts: [(f64, f64); 2]) -> [OneGroup; 2] {
    counts.map(|(x, size)| {
        if rates {
            OneGroup::Poisson(Poisson::new(x, size))
        } else {
            OneGroup::Binomial(Binomial::new(x, size, BinomialLink::Logit))
        }
    })
}

/// Why a study is explained by its level alone, if it is.
pub(super) fn reason_to_leave_out(rates: bool, [one, two]: [(f64, f64); 2]) -> Option<&'static str> {
    match one.0 + two.0 {
        events if events <= 0.0 => Some("no events in either group"),
        events if !rates && events >= one.1 + two.1 => Some("nothing but events in both groups"),
        _ => None,
    }
}

/// The studies that say something, and the others.
#[derive(Debug, Default)]
pub(super) struct Informative {
    /// Events and size of both groups.
    pub(super) counts: Vec<[(f64, f64); 2]>,
    /// Their positions.
    pub(super) used: Vec<usize>,
    pub(super) left_out: Vec<Dropped>,
}

impl Informative {
    pub(super) fn of(data: &TwoGroupData) -> Self {
        let rates = matches!(data, TwoGroupData::Rates(_));
        let mut studies = Self::default();
        for (i, (label, row)) in data.labels().into_iter().zip(data.counts()).enumerate() {
            match reason_to_leave_out(rates, row) {
                Some(reason) => {
                    studies.left_out.push(Dropped { study: label.to_owned(), reason: reason.to_owned() });
                }
                None => {
                    studies.used.push(i);
                    studies.counts.push(row);
                }
            }
        }
        studies
    }
}

/// # Errors
/// [`ErrorKind::NotEstimable`] and [`ErrorKind::TooFewStudies`].
pub(super) fn check_number(k: usize, data: &TwoGroupData) -> Result<()> {
    if k == 0 {
        let measure = match data {
            TwoGroupData::Tables(_) => Measure::LogOddsRatio,
            TwoGroupData::Rates(_) => Measure::LogIncidenceRateRatio,
        };
        let (why, remedy) = ("no study has both events and non-events", "ask for a difference of risks or rates");
        return Err(ErrorKind::NotEstimable { measure: measure.name(), why, remedy }.into());
    }
    if k < 2 {
        let remedy = "with one study that has events take equal effects of `ConditionalNormal`";
        return Err(ErrorKind::TooFewStudies { what: "a random-effects model", k, needed: 2, remedy }.into());
    }
    Ok(())
}

/// Whether all studies let the effect go to minus infinity, or all to plus infinity.
pub(super) fn unbounded_effect(studies: &[Pair]) -> Option<bool> {
    let all = |i: usize| studies.iter().all(|s| s.open().get(i).copied().unwrap_or(false));
    if all(0) {
        Some(false)
    } else if all(1) {
        Some(true)
    } else {
        None
    }
}

pub(in crate::glmm) fn solve(model: &UnconditionalFixed, data: &TwoGroupData) -> Result<Solution> {
    let (coding, _, level) = model.options();
    let rates = matches!(data, TwoGroupData::Rates(_));
    let Informative { counts, used, left_out } = Informative::of(data);
    check_number(counts.len(), data)?;
    let studies: Vec<Pair> = counts.iter().map(|&row| Pair::new(arms(rates, row), coding)).collect();
    let found = match unbounded_effect(&studies) {
        Some(infinite) => Found::Boundary(boundary(&studies, infinite, level, data)?),
        None if studies.iter().any(|s| matches!(s.bound(), Bound::Inside(_))) => {
            let problem = Problem::of_mean(studies);
            let maximum = problem.maximise()?;
            Found::Inside(Arc::new(FixedLevels { problem, maximum }))
        }
        None => return Err(ErrorKind::UnboundedTau2OfEffects.into()),
    };
    Ok(Solution { found, used, left_out })
}

/// The limit on the other side: exact given the margins, and by the likelihood ratio of this model with tau2 = 0.
fn boundary(studies: &[Pair], infinite: bool, level: f64, data: &TwoGroupData) -> Result<TwoGroupBoundary> {
    let mut boundary = conditional_boundary(data, infinite, level)?;
    let z = quantile_normal(level);
    // The supremum is where each group is at its own best.
    let supremum: f64 = studies.iter().map(Integrated::saturated).sum();
    let target = supremum - 0.5 * z * z;
    let overflow = || crate::Error::from(ErrorKind::Overflow { what: "the confidence limit" });
    // From the other side of the limit Newton's steps on a concave function do not overshoot.
    let total = |m: f64| -> Option<(f64, f64)> {
        studies.iter().try_fold((0.0, 0.0), |(value, slope), study| {
            study.marginal(m, 0.0, Effort::Exact).map(|one| (value + one.value, slope + one.g_m))
        })
    };
    let direction = if infinite { -1.0 } else { 1.0 };
    let places = studies.iter().map(|study| direction * study.place());
    let mut place = direction * places.fold(f64::NEG_INFINITY, f64::max);
    let mut away = 1.0;
    while total(place).ok_or_else(overflow)?.0 >= target {
        place += direction * away;
        away *= 2.0;
        if !place.is_finite() {
            return Err(overflow());
        }
    }
    loop {
        let (value, slope) = total(place).ok_or_else(overflow)?;
        let step = (target - value) / slope;
        if !step.is_finite() {
            return Err(overflow());
        }
        let next = place + step;
        if step * direction >= 0.0 || step.abs() <= 1e-12 * (1.0 + place.abs()) {
            boundary.likelihood_limit = next.exp();
            break;
        }
        place = next;
    }
    finite_interval((boundary.exact_limit, boundary.likelihood_limit))?;
    Ok(boundary)
}
