//! What a maximised likelihood of two groups has to answer, so that one result serves all models.

use super::boundary::TwoGroupBoundary;
use super::dispersion::Overdispersion;
use super::intraclass::IntraclassCorrelation;
use super::study_levels::StudyLevels;
use crate::error::Result;
use crate::glmm::heterogeneity::GlmmHeterogeneity;
use crate::glmm::search::SearchRecord;
use crate::inference::Interval;
use crate::study::Dropped;
use std::sync::Arc;

/// A likelihood at its maximum. The effect is the log odds ratio, or another difference of the two groups.
pub(in crate::glmm) trait Solved: std::fmt::Debug + Send + Sync {
    /// Estimate of the effect, with its standard error from the observed information.
    fn effect(&self) -> Result<(f64, f64)>;

    /// Logarithm of the likelihood at its maximum, with all constants.
    fn log_likelihood(&self) -> f64;

    /// Number of parameters that information criteria count; `None` if they mean nothing here.
    fn parameters(&self) -> Option<usize>;

    /// The effects whose profile is at most `drop` below the maximum.
    fn profile_interval(&self, drop: f64) -> Result<Interval>;

    /// The best log-likelihood with the effect held at this value.
    fn held(&self, effect: f64) -> Result<f64>;

    /// tau2 with interval and tests; `None` for a model without a random effect.
    fn heterogeneity(&self, _level: f64) -> Result<Option<GlmmHeterogeneity>> {
        Ok(None)
    }

    /// The intraclass correlation with interval and test; `None` for a model without one.
    fn intraclass(&self, _level: f64) -> Result<Option<IntraclassCorrelation>> {
        Ok(None)
    }

    /// The factor by which counts vary more than binomial ones, in a model that allows for it.
    fn overdispersion(&self) -> Option<Overdispersion> {
        None
    }

    /// The profile interval of tau2 at any level.
    fn tau2_interval(&self, _level: f64) -> Result<Option<Interval>> {
        Ok(None)
    }

    /// The log-likelihood at any effect and tau2, of models that have no other parameters.
    fn at(&self, _effect: f64, _tau2: f64) -> Option<f64> {
        None
    }

    /// Mean and variance of the levels of studies, in models in which they are random.
    fn levels(&self) -> Result<Option<StudyLevels>> {
        Ok(None)
    }

    /// What was looked at, in models with tau2.
    fn search(&self) -> Option<&SearchRecord> {
        None
    }

    /// Posterior mean and standard deviation of the effect of each study, in models with a random effect.
    fn effects(&self) -> Option<Vec<(f64, f64)>> {
        None
    }

    /// Share of each study in the information on the effect.
    fn shares(&self) -> Option<Vec<f64>> {
        None
    }
}

/// Where the maximum is.
#[derive(Debug, Clone)]
pub(in crate::glmm) enum Found {
    /// At a finite effect.
    Inside(Arc<dyn Solved>),
    /// At an infinite one.
    Boundary(TwoGroupBoundary),
}

/// A solved model, and the studies that it is made of.
#[derive(Debug, Clone)]
pub(in crate::glmm) struct Solution {
    pub(in crate::glmm) found: Found,
    /// Positions of the studies that say something, in the order of the data.
    pub(in crate::glmm) used: Vec<usize>,
    /// The others, and why.
    pub(in crate::glmm) left_out: Vec<Dropped>,
}
