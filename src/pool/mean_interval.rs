//! Intervals of the pooled effect that do not rest on a standard error.

use super::likelihood_interval::Correction;
use super::pooled::Pooled;
use crate::error::Result;
use crate::inference::{MeanInterval, MeanMethod, check_level};

impl Pooled {
    /// An interval of the pooled effect by another method, at the level of the model. Each [`MeanMethod`] says what it
    /// computes, and whether it uses the model's tau2.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure, MeanMethod, RandomEffects, Tau2};
    ///
    /// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// let rows = [row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?, row("D", 0.7, 0.09)?];
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&Effects::from_rows(rows)?)?;
    /// let profile = fit.mean_interval(MeanMethod::ProfileLikelihood)?;
    /// let corrected = fit.mean_interval(MeanMethod::ProfileLikelihoodBartlett)?;
    /// assert_eq!(profile.pieces().len(), 1);
    /// assert!(corrected.interval().0 < profile.interval().0 && profile.interval().1 < corrected.interval().1);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`](crate::ErrorKind::NotApplicable) for a method that the model, or these data, have not;
    /// [`ErrorKind::TooFewStudies`](crate::ErrorKind::TooFewStudies);
    /// [`ErrorKind::LevelNotAttainable`](crate::ErrorKind::LevelNotAttainable) with too few studies or samples for the level;
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn mean_interval(&self, method: MeanMethod) -> Result<MeanInterval> {
        self.mean_interval_at(method, self.estimate().level())
    }

    /// As [`mean_interval`](Self::mean_interval), at another level.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // Twice the log-likelihood ratio is 3 ln(1 + (mu - 3)^2 / (8/3)), and the normal quantile at 0.95 is 1.644854.
    /// let interval = fit.mean_interval_at(MeanMethod::ProfileLikelihood, 0.9)?.interval();
    /// let half = (8.0 / 3.0 * (1.644_853_626_951_473_f64.powi(2) / 3.0).exp_m1()).sqrt();
    /// assert!((interval.0 - (3.0 - half)).abs() < 1e-11 && (interval.1 - (3.0 + half)).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Also [`ErrorKind::LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange).
    pub fn mean_interval_at(&self, method: MeanMethod, level: f64) -> Result<MeanInterval> {
        let level = check_level(level)?;
        match method {
            MeanMethod::ProfileLikelihood => self.likelihood_interval(method, Correction::None, level),
            MeanMethod::ProfileLikelihoodBartlett => self.likelihood_interval(method, Correction::Bartlett, level),
            MeanMethod::Skovgaard => self.likelihood_interval(method, Correction::Skovgaard, level),
            MeanMethod::HenmiCopas => self.henmi_copas_interval(level),
            MeanMethod::Permutation(options) => self.permutation_interval(options, level),
            MeanMethod::Exact(options) => self.exact_interval(options, level),
            MeanMethod::Combined(combination) => self.combined_interval(combination, level),
        }
    }
}
