//! What the data and a prior distribution say together.

use super::prediction::{Prediction, PredictionInterval};
use super::predictive::Predictive;
use super::probability::Threshold;
use super::{Natural, check_level};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::format::{percent, significant};
use crate::scale::Scale;
use crate::tau2::{JointPosterior, Prior};
use serde::{Deserialize, Serialize};

/// The posterior distribution of tau, the standard deviation of the true effects (analysis scale).
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
///
/// // Effect and standard error in eight schools (Rubin 1981)
/// let (y, se) = ([28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16], [14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6_f64]);
/// let row = |i: usize| Ok((format!("school {i}"), Effect::from_variance(Measure::MeanDifference, y[i], se[i] * se[i])?));
/// let effects = Effects::from_rows((0..8).map(row).collect::<meta_analysis::Result<Vec<_>>>()?)?;
/// let prior = Prior::new(TauPrior::HalfCauchy { scale: 25.0 }).mean(0.0, 50.0);
/// let tau = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?.tau();
/// // As the vignette of the R package bayesmeta prints them
/// assert!((tau.median - 4.758_539).abs() < 1e-6);
/// assert!(tau.mean.is_some_and(|mean| (mean - 5.884_511).abs() < 1e-6));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TauPosterior {
    /// Its mean; `None` where the integral diverges, as with few studies and a uniform prior.
    pub mean: Option<f64>,
    /// Its median.
    pub median: f64,
    /// The equal-tailed interval.
    pub interval: (f64, f64),
}

/// The posterior distribution of a random-effects model, made by [`Pooled::bayesian`](crate::Pooled::bayesian).
///
/// ```text
/// y_i ~ N(mu, v_i + tau^2)        mu, tau ~ prior
/// p(tau | y) ~ p(tau) L(tau)      mu | tau, y  normal      new effect | mu, tau ~ N(mu, tau^2)
/// ```
///
/// All numbers are on the analysis scale, intervals are equal-tailed. Nothing is drawn: integrals over tau leave errors of about 1e-13.
///
/// Röver 2020, J Stat Softw 93(6), doi 10.18637/jss.v093.i06; R: bayesmeta, whose intervals are the shortest by default and
/// equal-tailed with `interval.type = "central"`. metafor: none.
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior, Threshold};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // With tau as good as 0 the mean is that of a normal model: 3 +- sqrt(1/3) from the data, 0 +- 1 from the prior.
/// let prior = Prior::new(TauPrior::HalfNormal { scale: 1e-8 }).mean(0.0, 1.0);
/// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
/// let (mean, sd) = (2.25, 0.5);
/// assert!((posterior.median() - mean).abs() < 1e-12);
/// assert!(posterior.sd().is_some_and(|found| (found - sd).abs() < 1e-12));
/// assert!((posterior.interval().1 - (mean + 1.959_963_984_540_054 * sd)).abs() < 1e-12);
/// let at = Threshold::Analysis(2.0);
/// assert!((posterior.mean_above(at)? + posterior.mean_below(at)? - 1.0).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    measure: Measure,
    scale: Scale,
    prior: Prior,
    level: f64,
    mean: Option<f64>,
    sd: Option<f64>,
    median: f64,
    interval: (f64, f64),
    tau: TauPosterior,
    prediction: PredictionInterval,
    ln_marginal_likelihood: Option<f64>,
    of_mean: Predictive,
    of_new: Predictive,
}

impl Posterior {
    pub(crate) fn new(
        joint: &JointPosterior,
        (prior, level): (Prior, f64),
        (measure, scale): (Measure, Scale),
    ) -> Result<Self> {
        let level = check_level(level)?;
        let tail = 0.5 * (1.0 - level);
        let (of_mean, of_new) = (Predictive::mean_of(joint), Predictive::new_effect_of(joint, 0.0));
        let prediction =
            PredictionInterval::of_distribution(&of_new, (Prediction::Bayesian(prior), level), None, (measure, scale))?;
        let [low, centre, high] = of_mean.central(level);
        let mut of_tau = joint.tau_quantiles([(tail, false), (0.5, false), (tail, true)]);
        of_tau.sort_by(f64::total_cmp);
        let [lower, median, upper] = of_tau;
        let posterior = Self {
            measure,
            scale,
            prior,
            level,
            mean: joint.mean(),
            sd: joint.sd(),
            median: centre,
            interval: (low, high),
            tau: TauPosterior { mean: joint.tau_mean(), median, interval: (lower, upper) },
            prediction,
            ln_marginal_likelihood: joint.ln_marginal_likelihood(),
            of_mean,
            of_new,
        };
        let numbers = [low, centre, high, lower, median, upper];
        let options = [posterior.mean, posterior.sd, posterior.tau.mean, posterior.ln_marginal_likelihood];
        if numbers.into_iter().chain(options.into_iter().flatten()).all(f64::is_finite) {
            Ok(posterior)
        } else {
            Err(ErrorKind::Overflow { what: "the posterior distribution" }.into())
        }
    }

    /// The prior.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert_eq!(posterior.prior().of_mean(), Some((0.0, 2.0)));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn prior(&self) -> Prior {
        self.prior
    }

    /// Level of the intervals.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert_eq!(posterior.level(), 0.95);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Mean of the pooled effect; `None` where the integral diverges: with a flat prior of the mean and few studies.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!(posterior.mean().is_some_and(|mean| (mean - 2.25).abs() < 1e-9));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn mean(&self) -> Option<f64> {
        self.mean
    }

    /// Standard deviation of the pooled effect; `None` where the integral diverges.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!(posterior.sd().is_some_and(|sd| (sd - 1.0).abs() < 1e-9));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn sd(&self) -> Option<f64> {
        self.sd
    }

    /// Median of the pooled effect.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!((posterior.median() - 2.25).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn median(&self) -> f64 {
        self.median
    }

    /// Equal-tailed interval of the pooled effect.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// let (lower, upper) = posterior.interval();
    /// assert!((lower - (2.25 - 1.959_963_984_540_054)).abs() < 1e-9 && (upper - (2.25 + 1.959_963_984_540_054)).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn interval(&self) -> (f64, f64) {
        self.interval
    }

    /// Median and interval of the pooled effect on the natural scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Log odds ratios 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!((posterior.natural().value / 2.25_f64.exp() - 1.0).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        let (lower, upper) = self.interval;
        Natural::new(self.measure, self.scale, self.level, [self.median, lower, upper])
    }

    /// The posterior of tau.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!((posterior.tau().median - 3.0_f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn tau(&self) -> TauPosterior {
        self.tau
    }

    /// The interval for the true effect in a new study.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// // Its variance is that of the mean and tau2.
    /// let (lower, upper) = posterior.prediction().interval();
    /// assert!((lower - (2.25 - 2.0 * 1.959_963_984_540_054)).abs() < 1e-9 && (upper - (2.25 + 2.0 * 1.959_963_984_540_054)).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn prediction(&self) -> PredictionInterval {
        self.prediction
    }

    /// The logarithm of the probability density of the effects under the priors, whose ratio for two priors is a Bayes factor;
    /// `None` if a prior is improper. Its unit is that of the effects to the power -k.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// // The effects are normal with variances 8 and covariances 4.
    /// assert!(posterior.ln_marginal_likelihood().is_some_and(|found| (found + 7.373_154_321_854).abs() < 1e-9));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn ln_marginal_likelihood(&self) -> Option<f64> {
        self.ln_marginal_likelihood
    }

    /// The probability that the pooled effect is above a threshold.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!((posterior.mean_above(Threshold::Analysis(1.25))? - 0.841_344_746_068_543).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OutsideSupport`] for a threshold that the scale has not.
    pub fn mean_above(&self, threshold: Threshold) -> Result<f64> {
        Ok(self.of_mean.tails(threshold.on(self.scale)?).1)
    }

    /// The probability that the pooled effect is below a threshold.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// assert!((posterior.mean_below(Threshold::Analysis(1.25))? - 0.158_655_253_931_457).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`mean_above`](Self::mean_above).
    pub fn mean_below(&self, threshold: Threshold) -> Result<f64> {
        Ok(self.of_mean.tails(threshold.on(self.scale)?).0)
    }

    /// The probability that the true effect in a new study is above a threshold.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// // A new effect: 2.25 +- 2
    /// assert!((posterior.new_above(Threshold::Analysis(0.25))? - 0.841_344_746_068_543).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`mean_above`](Self::mean_above).
    pub fn new_above(&self, threshold: Threshold) -> Result<f64> {
        Ok(self.of_new.tails(threshold.on(self.scale)?).1)
    }

    /// The probability that the true effect in a new study is below a threshold.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prior, RandomEffects, Tau2, TauPrior, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5 with variance 1. With tau2 as good as known, 3, and a prior 0 +- 2 the mean is normal: 2.25 +- 1.
    /// let prior = Prior::new(TauPrior::LogNormalTau2 { mean: 3.0_f64.ln(), sd: 1e-6 }).mean(0.0, 2.0);
    /// let posterior = RandomEffects::new(Tau2::Reml).fit(&effects)?.bayesian(prior)?;
    /// // A new effect: 2.25 +- 2
    /// assert!((posterior.new_below(Threshold::Analysis(0.25))? - 0.158_655_253_931_457).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`mean_above`](Self::mean_above).
    pub fn new_below(&self, threshold: Threshold) -> Result<f64> {
        Ok(self.of_new.tails(threshold.on(self.scale)?).0)
    }
}

impl std::fmt::Display for Posterior {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (natural, tau) = (self.natural(), self.tau);
        write!(f, "{} ", natural.measure.natural_name())?;
        std::fmt::Display::fmt(&natural, f)?;
        let [median, lower, upper] = [tau.median, tau.interval.0, tau.interval.1].map(significant);
        write!(f, ", {} posterior; tau {median} [{lower}, {upper}]", percent(self.level))
    }
}
