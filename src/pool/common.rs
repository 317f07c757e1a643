//! The common-effect (fixed-effect, equal-effects) model.

use super::pooled::{Model, Pooled};
use crate::effects::Effects;
use crate::error::{ErrorKind, Result};
use crate::inference::Inference;
use crate::tau2::Tau2;
use serde::{Deserialize, Serialize};

/// All studies estimate one effect: inverse-variance weights, tau2 = 0.
///
/// ```text
/// mu = sum (y/v) / sum (1/v)        se = 1 / sqrt(sum 1/v)
/// ```
///
/// metafor: `rma(method = "EE")`. Defaults: [`Inference::Wald`], level 0.95.
///
/// ```
/// use meta_analysis::{CommonEffect, Effect, Effects, Measure};
///
/// let effects = Effects::from_rows([
///     ("A", Effect::from_variance(Measure::MeanDifference, 1.0, 1.0)?),
///     ("B", Effect::from_variance(Measure::MeanDifference, 4.0, 2.0)?),
/// ])?;
/// let fit = CommonEffect::new().fit(&effects)?;
/// assert!((fit.estimate().value() - 2.0).abs() < 1e-15);
/// assert!((fit.estimate().se() - (2.0_f64 / 3.0).sqrt()).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CommonEffect {
    inference: Inference,
    level: f64,
}

impl Default for CommonEffect {
    fn default() -> Self {
        Self::new()
    }
}

impl CommonEffect {
    /// The model with every option at its default.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Inference, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = CommonEffect::new().fit(&effects)?;
    /// assert_eq!((fit.estimate().inference(), fit.estimate().level()), (Inference::Wald, 0.95));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn new() -> Self {
        Self { inference: Inference::Wald, level: 0.95 }
    }

    /// How the interval is computed. Default: [`Inference::Wald`].
    ///
    /// Hartung-Knapp inference turns this into the *multiplicative* model, whose variances are
    /// proportional to the sampling variances (Thompson & Sharp 1999, Stat Med 18:2693,
    /// doi 10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>3.0.CO;2-V).
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Inference, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: Q = 8 on 2 df
    /// let fit = CommonEffect::new().inference(Inference::HartungKnapp).fit(&effects)?;
    /// assert!((fit.estimate().se() - (8.0_f64 / 2.0 / 3.0).sqrt()).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn inference(mut self, inference: Inference) -> Self {
        self.inference = inference;
        self
    }

    /// Level of the intervals, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = CommonEffect::new().level(0.5).fit(&effects)?;
    /// // The normal quantile at 0.75
    /// assert!((fit.estimate().interval().1 - (3.0 + 0.674_489_750_196_082 / 3.0_f64.sqrt())).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Pools the effects.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = CommonEffect::new().fit(&effects)?;
    /// assert!((fit.estimate().value() - 3.0).abs() < 1e-14 && (fit.heterogeneity().q - 8.0).abs() < 1e-13);
    /// assert_eq!(fit.natural().to_string(), "3.00 [1.87, 4.13]");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::ZeroVariance`] naming the study, [`ErrorKind::LevelOutOfRange`], [`ErrorKind::UndefinedDf`]
    /// for a t interval of one study, [`ErrorKind::DegenerateVariance`],
    /// [`ErrorKind::VarianceRatioOutOfRange`], [`ErrorKind::Overflow`].
    pub fn fit(&self, effects: &Effects) -> Result<Pooled> {
        Pooled::fit(Model::CommonEffect(*self), effects)
    }

    #[inline(always)]
    pub(super) fn options(&self) -> (Tau2, Inference, f64) {
        (Tau2::Fixed(0.0), self.inference, self.level)
    }

    /// What the model says when asked for a prediction interval.
    pub(super) fn no_prediction() -> crate::Error {
        ErrorKind::NotApplicable {
            what: "a prediction interval",
            why: "the common-effect model has no distribution of effects; use `RandomEffects`",
        }
        .into()
    }
}
