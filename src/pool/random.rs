//! The random-effects model.

use super::pooled::{Model, Pooled};
use crate::effects::Effects;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Inference, Prediction};
use crate::tau2::Tau2;
use serde::{Deserialize, Serialize};

/// True effects differ between studies, normally around a mean `mu` with variance tau2:
///
/// ```text
/// y_i ~ N(mu, v_i + tau2)
/// ```
///
/// metafor: `rma`. DerSimonian & Laird 1986, Control Clin Trials 7:177, doi 10.1016/0197-2456(86)90046-2.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | tau2 | [`Tau2::Reml`] | see [`Tau2`] |
/// | [`inference`](Self::inference) | [`Inference::HartungKnapp`] (metafor, meta and Stata default to Wald) | see [`Inference`] |
/// | [`prediction`](Self::prediction) | [`Prediction::StudentT`] | see [`Prediction`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// ```
/// use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
///
/// let effects = Effects::from_rows([
///     ("A", Effect::from_variance(Measure::LogOddsRatio, 0.1, 0.04)?),
///     ("B", Effect::from_variance(Measure::LogOddsRatio, 0.9, 0.05)?),
///     ("C", Effect::from_variance(Measure::LogOddsRatio, 0.5, 0.03)?),
/// ])?;
/// let fit = RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).fit(&effects)?;
/// // metafor 3.8, rma(c(.1, .9, .5), c(.04, .05, .03), method = "DL")
/// assert!((fit.solution().tau2 - 0.100_833_333_333_333).abs() < 1e-14);
/// assert!((fit.estimate().value() - 0.491_189_983_516_291).abs() < 1e-14);
/// assert!((fit.estimate().se() - 0.216_301_613_228_954).abs() < 1e-14);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RandomEffects {
    tau2: Tau2,
    inference: Inference,
    prediction: Prediction,
    level: f64,
}

impl Default for RandomEffects {
    /// REML with Hartung-Knapp inference.
    fn default() -> Self {
        Self::new(Tau2::Reml)
    }
}

impl RandomEffects {
    /// The model with this estimator of tau2 and every other option at its default.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Inference, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!((fit.estimate().inference(), fit.estimate().level()), (Inference::HartungKnapp, 0.95));
    /// assert_eq!(fit.prediction()?.method(), Prediction::StudentT);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn new(tau2: Tau2) -> Self {
        Self { tau2, inference: Inference::HartungKnapp, prediction: Prediction::StudentT, level: 0.95 }
    }

    /// How the interval of the pooled effect is computed. Default: [`Inference::HartungKnapp`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(&effects)?;
    /// assert!((fit.estimate().interval().1 - (3.0 + 1.959_963_984_540_054 * (4.0_f64 / 3.0).sqrt())).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn inference(mut self, inference: Inference) -> Self {
        self.inference = inference;
        self
    }

    /// How the prediction interval is computed. Default: [`Prediction::StudentT`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).prediction(Prediction::Normal).fit(&effects)?;
    /// let upper = 3.0 + 1.959_963_984_540_054 * (3.0_f64 + 4.0 / 3.0).sqrt();
    /// assert!((fit.prediction()?.interval().1 - upper).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn prediction(mut self, prediction: Prediction) -> Self {
        self.prediction = prediction;
        self
    }

    /// Level of all intervals, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).level(0.5).fit(&effects)?;
    /// // The quartile of t with 2 df is sqrt(2/3).
    /// assert!((fit.estimate().interval().1 - (3.0 + (2.0 / 3.0 * 4.0 / 3.0_f64).sqrt())).abs() < 1e-12);
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
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: the sample variance is 4
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert!((fit.estimate().value() - 3.0).abs() < 1e-14 && (fit.solution().tau2 - 3.0).abs() < 1e-12);
    /// assert_eq!(fit.natural().to_string(), "3.00 [-1.97, 7.97]");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooFewStudies`] for one study, [`ErrorKind::LevelOutOfRange`], [`ErrorKind::InvalidTau2`],
    /// [`ErrorKind::DegenerateVariance`] for equal effects under Hartung-Knapp,
    /// [`ErrorKind::ZeroVariance`] naming the study, [`ErrorKind::UnboundedLikelihood`],
    /// [`ErrorKind::VarianceRatioOutOfRange`], [`ErrorKind::Overflow`].
    pub fn fit(&self, effects: &Effects) -> Result<Pooled> {
        Pooled::fit(Model::RandomEffects(*self), effects)
    }

    #[inline(always)]
    pub(super) fn options(&self) -> (Tau2, Inference, f64) {
        (self.tau2, self.inference, self.level)
    }

    /// The estimator of tau2.
    ///
    /// ```
    /// use meta_analysis::{RandomEffects, Tau2};
    ///
    /// assert_eq!(RandomEffects::new(Tau2::PauleMandel).tau2(), Tau2::PauleMandel);
    /// assert_eq!(RandomEffects::default().tau2(), Tau2::Reml);
    /// ```
    pub fn tau2(&self) -> Tau2 {
        self.tau2
    }

    /// The method of the prediction interval.
    pub(super) fn prediction_method(&self) -> Prediction {
        self.prediction
    }

    pub(super) fn too_few(k: usize) -> Error {
        let remedy = "with one study use `CommonEffect`";
        ErrorKind::TooFewStudies { what: "a random-effects model", k, needed: 2, remedy }.into()
    }
}
