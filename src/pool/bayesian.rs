//! The posterior distribution of the model's parameters.

use super::pooled::Pooled;
use crate::error::{ErrorKind, Result};
use crate::inference::{Posterior, Predictive, check_level};
use crate::tau2::{JointPosterior, Prior};

impl Pooled {
    /// The posterior distribution of the pooled effect, of tau, and of the effect in a new study, at the level of the model. The
    /// estimates of this fit are not used: a prior distribution and the likelihood take their place.
    ///
    /// ```
    /// use meta_analysis::tau2::{Prior, TauPrior};
    /// use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Threshold};
    ///
    /// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// let rows = [row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?, row("D", 0.7, 0.09)?];
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&Effects::from_rows(rows)?)?;
    /// let posterior = fit.bayesian(TauPrior::HalfNormal { scale: 0.5 })?;
    /// assert!(posterior.prediction().interval().0 < posterior.interval().0);
    /// assert!(posterior.mean_above(Threshold::Natural(1.0))? > posterior.new_above(Threshold::Natural(1.0))?);
    /// // A proper prior for both gives a marginal likelihood; doubt about any effect draws the pooled one towards 0.
    /// let sceptical = fit.bayesian(Prior::new(TauPrior::HalfNormal { scale: 0.5 }).mean(0.0, 0.3))?;
    /// assert!(sceptical.median() < posterior.median());
    /// assert!(posterior.ln_marginal_likelihood().is_none() && sceptical.ln_marginal_likelihood().is_some());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooFewStudies`] where a uniform prior of tau leaves no posterior distribution; [`ErrorKind::InvalidPrior`];
    /// [`ErrorKind::NotApplicable`] for the common-effect model; [`ErrorKind::Overflow`], also for a prior whose unit is more than
    /// 1e140 times, or less than 1e-140 times, that of the data.
    pub fn bayesian(&self, prior: impl Into<Prior>) -> Result<Posterior> {
        self.bayesian_at(prior, self.estimate().level())
    }

    /// As [`bayesian`](Self::bayesian), at another level.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let posterior = fit.bayesian_at(TauPrior::Jeffreys, 0.5)?;
    /// // With u = 1/(1 + tau^2) the posterior is proportional to exp(-4 u), 0 < u < 1: the quartiles of tau.
    /// let tau = |p: f64| (-4.0 / (1.0 - (1.0 - p) * (1.0 - (-4.0_f64).exp())).ln() - 1.0).sqrt();
    /// let (lower, upper) = posterior.tau().interval;
    /// assert!((lower - tau(0.25)).abs() < 1e-8 && (upper - tau(0.75)).abs() < 1e-8);
    /// assert_eq!(posterior.level(), 0.5);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Also [`ErrorKind::LevelOutOfRange`].
    pub fn bayesian_at(&self, prior: impl Into<Prior>, level: f64) -> Result<Posterior> {
        let (prior, level) = (prior.into(), check_level(level)?);
        self.needs_random_effects("posterior distribution")?;
        let of = (self.estimate().measure(), self.estimate().scale());
        Posterior::new(&self.joint_posterior(prior)?, (prior, level), of)
    }

    fn joint_posterior(&self, prior: Prior) -> Result<JointPosterior> {
        let (k, needed) = (self.k(), prior.least_studies());
        if k < needed {
            let what = "a posterior distribution with this prior";
            let remedy = "use a proper prior, such as `TauPrior::HalfNormal`";
            return Err(ErrorKind::TooFewStudies { what, k, needed, remedy }.into());
        }
        self.loaded()?.posterior(prior).map_err(|e| self.explain(e))
    }

    /// The predictive distribution of [`Prediction::Bayesian`](crate::Prediction::Bayesian).
    pub(super) fn bayesian_predictive(&self, prior: Prior, sampling_variance: f64) -> Result<Predictive> {
        Ok(Predictive::new_effect_of(&self.joint_posterior(prior)?, sampling_variance))
    }
}
