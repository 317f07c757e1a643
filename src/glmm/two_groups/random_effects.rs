//! Models whose only unknowns are the mean and the variance of the effects.

use super::solved::Solved;
use crate::error::Result;
use crate::glmm::heterogeneity::GlmmHeterogeneity;
use crate::glmm::lattice::Tabulated;
use crate::glmm::likelihood::StudyLikelihood;
use crate::glmm::problem::Problem;
use crate::glmm::search::{Maximum, SearchRecord};
use crate::inference::Interval;
use crate::num::quadrature::Effort;
use nalgebra::DVector;

/// Normal effects, at the maximum of the likelihood.
#[derive(Debug)]
pub(super) struct RandomEffects<S> {
    problem: Problem<Tabulated<S>>,
    maximum: Maximum,
}

impl<S: StudyLikelihood> RandomEffects<S> {
    pub(super) fn maximise(studies: Vec<S>) -> Result<Self> {
        let problem = Problem::of_mean(Tabulated::all(studies));
        let maximum = problem.maximise()?;
        Ok(Self { problem, maximum })
    }
}

impl<S: StudyLikelihood + std::fmt::Debug + Send + Sync> Solved for RandomEffects<S> {
    fn effect(&self) -> Result<(f64, f64)> {
        let best = &self.maximum.best;
        Ok((best.point[0], self.problem.standard_error(best, 0)?))
    }

    fn log_likelihood(&self) -> f64 {
        self.maximum.best.value()
    }

    fn parameters(&self) -> Option<usize> {
        Some(2)
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

    fn at(&self, effect: f64, tau2: f64) -> Option<f64> {
        self.problem.evaluate(&DVector::from_vec(vec![effect, tau2]), Effort::Exact).map(|at| at.value)
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
