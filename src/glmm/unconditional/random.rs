//! The model with a random level of each study, solved.

use super::super::estimates::{finite_interval, interval_around};
use super::super::fit::quantile_normal;
use super::super::heterogeneity::{GlmmHeterogeneity, tau2_test};
use super::super::integrated::{Bound, Integrated};
use super::super::likelihood::{Peak, StudyLikelihood};
use super::super::one_group::OneGroup;
use super::super::problem::Problem;
use super::super::search::SearchRecord;
use super::super::two_groups::conditional_boundary;
use super::super::two_groups::solved::{Found, Solution, Solved};
use super::super::two_groups::{StudyLevels, TwoGroupBoundary, TwoGroupData};
use super::fixed::{arms, check_number, reason_to_leave_out};
use super::levels::{Free, GAMMA, Levels, Point, SIGMA2, Stand, TAU2, THETA};
use super::levels_search::{ALL, Highest, WITHOUT_TAU2};
use super::pair::Pair;
use super::random_options::UnconditionalRandom;
use super::two_levels::TwoLevels;
use crate::error::{ErrorKind, Result};
use crate::glmm::lattice::Tabulated;
use crate::inference::Interval;
use crate::num::bracket::root;
use crate::num::chi_squared;
use crate::num::quadrature::Effort;
use std::sync::Arc;

/// Normal levels, and normal or equal effects, at the maximum of the likelihood.
#[derive(Debug)]
struct RandomLevels {
    problem: Levels,
    highest: Highest,
    equal: bool,
}

impl RandomLevels {
    fn best(&self) -> &Stand {
        &self.highest.best
    }

    fn free(&self) -> Free {
        if self.equal { WITHOUT_TAU2 } else { ALL }
    }

    fn standard_error(&self, parameter: usize) -> Result<Option<f64>> {
        Ok(self.problem.standard_error(self.best(), self.free(), parameter)?)
    }

    fn interval_of_tau2(&self, level: f64) -> Result<Interval> {
        let z = quantile_normal(level);
        interval_around(self.best().point[TAU2], self.problem.tau2_limits(&self.highest, 0.5 * z * z)?)
    }
}

impl Solved for RandomLevels {
    fn effect(&self) -> Result<(f64, f64)> {
        let se = self.standard_error(THETA)?.ok_or(ErrorKind::Overflow { what: "the estimate" })?;
        Ok((self.best().point[THETA], se))
    }

    fn log_likelihood(&self) -> f64 {
        self.best().value()
    }

    fn parameters(&self) -> Option<usize> {
        Some(if self.equal { 3 } else { 4 })
    }

    fn profile_interval(&self, drop: f64) -> Result<Interval> {
        let limit = |direction| self.problem.effect_limit(&self.highest, self.equal, direction, drop);
        interval_around(self.best().point[THETA], (limit(-1.0)?, limit(1.0)?))
    }

    fn held(&self, effect: f64) -> Result<f64> {
        Ok(self.problem.held_effect(&self.highest, self.equal, effect)?.value())
    }

    fn heterogeneity(&self, level: f64) -> Result<Option<GlmmHeterogeneity>> {
        if self.equal {
            return Ok(None);
        }
        let (likelihood_ratio, p_value) = tau2_test(self.best().value(), self.highest.at_zero.value());
        let saturated = self.problem.own_effects(self.highest.at_zero.point)?;
        let deviance = (2.0 * (saturated - self.highest.at_zero.value())).max(0.0);
        let df = self.problem.studies.len() as f64 - 1.0;
        Ok(Some(GlmmHeterogeneity {
            tau2: Some(self.best().point[TAU2]),
            tau2_se: self.standard_error(TAU2)?,
            tau2_interval: Some(self.interval_of_tau2(level)?),
            likelihood_ratio,
            p_value,
            deviance,
            df,
            deviance_p_value: chi_squared::sf(deviance, df),
        }))
    }

    fn tau2_interval(&self, level: f64) -> Result<Option<Interval>> {
        if self.equal { Ok(None) } else { self.interval_of_tau2(level).map(Some) }
    }

    fn levels(&self) -> Result<Option<StudyLevels>> {
        let point = &self.best().point;
        let mean_se = self.standard_error(GAMMA)?.ok_or(ErrorKind::Overflow { what: "the estimate" })?;
        let sigma2_se = self.standard_error(SIGMA2)?;
        Ok(Some(StudyLevels { mean: point[GAMMA], mean_se, sigma2: point[SIGMA2], sigma2_se }))
    }

    fn search(&self) -> Option<&SearchRecord> {
        self.highest.record.as_ref()
    }

    fn effects(&self) -> Option<Vec<(f64, f64)>> {
        if self.equal {
            return None;
        }
        let (effect, tau2) = (self.best().point[THETA], self.best().point[TAU2]);
        let each = self.problem.each(&self.best().point, Effort::Exact)?;
        // Tweedie's formula: the posterior moments of a normal effect are derivatives of the likelihood in its mean.
        let of = |one: &super::levels::Evaluation| {
            let variance = tau2 * (1.0 + tau2 * one.hessian[THETA][THETA]);
            (effect + tau2 * one.gradient[THETA], variance.max(0.0).sqrt())
        };
        Some(each.iter().map(of).collect())
    }

    fn shares(&self) -> Option<Vec<f64>> {
        let each = self.problem.each(&self.best().point, Effort::Exact)?;
        let total: f64 = each.iter().map(|one| one.hessian[THETA][THETA]).sum();
        Some(each.iter().map(|one| one.hessian[THETA][THETA] / total).collect())
    }
}

/// Which end of the range all studies have in one of their groups, and whether the effect is then infinite.
fn unbounded_effect(studies: &[TwoLevels]) -> Option<bool> {
    let all = |a: usize, peak: Peak| studies.iter().all(|s| s.arms[a].peak() == peak);
    if all(0, Peak::Lowest) || all(1, Peak::Highest) {
        Some(false)
    } else if all(0, Peak::Highest) || all(1, Peak::Lowest) {
        Some(true)
    } else {
        None
    }
}

pub(in crate::glmm) fn solve(model: &UnconditionalRandom, data: &TwoGroupData) -> Result<Solution> {
    let (coding, equal, level) = model.asked();
    let rates = matches!(data, TwoGroupData::Rates(_));
    let counts = data.counts();
    let informative = counts.iter().filter(|&&row| reason_to_leave_out(rates, row).is_none()).count();
    // Studies with no events at all say where levels lie, but none says alone what the effect is.
    check_number(if informative > 0 { counts.len() } else { 0 }, data)?;
    let studies: Vec<TwoLevels> = counts.iter().map(|&row| TwoLevels { arms: arms(rates, row) }).collect();
    let pairs: Vec<Pair> = counts
        .iter()
        .filter(|&&row| reason_to_leave_out(rates, row).is_none())
        .map(|&row| Pair::new(arms(rates, row), coding))
        .collect();
    let used = (0..counts.len()).collect();
    let shares = coding.shares();
    let found = if let Some(infinite) = unbounded_effect(&studies) {
        Found::Boundary(boundary(studies, shares, infinite, level, data)?)
    } else {
        let problem = Levels { studies, shares };
        let highest = if equal {
            let best = problem.without_tau2()?;
            Highest { best, at_zero: best, grid: Vec::new(), record: None }
        } else if pairs.iter().any(|pair| matches!(pair.bound(), Bound::Inside(_))) {
            problem.maximise(&pairs)?
        } else {
            return Err(ErrorKind::UnboundedTau2OfEffects.into());
        };
        Found::Inside(Arc::new(RandomLevels { problem, highest, equal }))
    };
    Ok(Solution { found, used, left_out: Vec::new() })
}

/// The limit on the other side: exact given the margins, and by the likelihood ratio of this model with tau2 = 0.
fn boundary(
    studies: Vec<TwoLevels>,
    shares: [f64; 2],
    infinite: bool,
    level: f64,
    data: &TwoGroupData,
) -> Result<TwoGroupBoundary> {
    let mut boundary = conditional_boundary(data, infinite, level)?;
    let overflow = || crate::Error::from(ErrorKind::Overflow { what: "the confidence limit" });
    // At the supremum the group at the end of its range is certain, and the other is a group by itself.
    let certain = |peak: Peak| studies.iter().all(|s| s.arms[0].peak() == peak);
    let other = usize::from(certain(Peak::Lowest) || certain(Peak::Highest));
    let alone: Vec<OneGroup> = studies.iter().map(|s| s.arms[other]).collect();
    let ends = |peak: Peak| alone.iter().all(|arm| arm.peak() == peak);
    let (supremum, mean, sigma2) = if ends(Peak::Lowest) || ends(Peak::Highest) {
        (0.0, alone.iter().map(|arm| arm.knee().0).sum::<f64>() / alone.len() as f64, 0.0)
    } else if alone.iter().any(|arm| matches!(arm.peak(), Peak::At(_))) {
        let maximum = Problem::of_mean(Tabulated::all(alone)).maximise()?;
        (maximum.best.value(), maximum.best.point[0], maximum.best.point[1])
    } else {
        return Err(ErrorKind::UnboundedTau2.into());
    };
    let z = quantile_normal(level);
    let target = supremum - 0.5 * z * z;
    let problem = Levels { studies, shares };
    let [c1, c2] = shares;
    let mut from: Option<Stand> = None;
    let mut profile = |effect: f64| -> Result<f64> {
        let held: Free = [false, true, true, false];
        let level_of = |effect: f64| if other == 1 { mean + c2 * effect } else { mean - c1 * effect };
        let fresh: Point = [effect, level_of(effect), sigma2, 0.0];
        let zero: Point = [effect, level_of(effect), 0.0, 0.0];
        let wide: Point = [effect, level_of(effect), sigma2 + 1.0, 0.0];
        let last = from.map(|stand| {
            let mut point = stand.point;
            point[GAMMA] += level_of(effect) - level_of(point[THETA]);
            point[THETA] = effect;
            point
        });
        let stand = problem.best_of([fresh, zero, wide].into_iter().chain(last), held, Effort::Exact)?;
        from = Some(stand);
        Ok(stand.value())
    };
    // From where the likelihood is next to its supremum inwards, to where it is below the target.
    let direction = if infinite { -1.0 } else { 1.0 };
    let certain_group = 1 - other;
    let sign = if other == 1 { 1.0 } else { -1.0 };
    let knees = problem.studies.iter().map(|s| sign * (s.arms[certain_group].knee().0 - mean));
    let mut inside = direction * knees.map(|x| direction * x).fold(f64::INFINITY, f64::min);
    let mut width = 1.0;
    while profile(inside)? < target {
        inside -= direction * width;
        width *= 2.0;
        if !inside.is_finite() {
            return Err(overflow());
        }
    }
    let mut outside = inside + direction;
    width = 1.0;
    while profile(outside)? >= target {
        inside = outside;
        outside += direction * width;
        width *= 2.0;
        if !outside.is_finite() {
            return Err(overflow());
        }
    }
    let [above, below] = [profile(inside)? - target, profile(outside)? - target];
    let mut failure = None;
    let place = root((inside, above), (outside, below), |effect| match profile(effect) {
        Ok(value) => value - target,
        Err(error) => {
            failure = Some(error);
            0.0
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    boundary.likelihood_limit = place.exp();
    finite_interval((boundary.exact_limit, boundary.likelihood_limit))?;
    Ok(boundary)
}
