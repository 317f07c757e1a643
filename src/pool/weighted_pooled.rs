//! The result of pooling with weights that do not come from tau2.

use super::pooled::{notes_of_effects, notes_of_tau2};
use super::weighted_mean::WeightedMean;
use crate::effects::Effects;
use crate::error::{Error, Result};
use crate::inference::{Estimate, Heterogeneity, Natural, Note, Prediction, PredictionInterval, Solution};
use crate::num::format::{p_value, percent, significant};
use crate::tau2::Certificate;
use serde::{Deserialize, Serialize};

/// Effects pooled by a [`WeightedMean`].
///
/// Not a [`Pooled`](crate::Pooled), because much of what that offers (likelihood-based intervals and information criteria,
/// diagnostics that refit a subset) rests on weights `1/(v + tau2)`. It owns the effects it came from; `{}` prints one line on
/// the natural scale and the notes, `{:#}` adds the analysis scale. It serialises whole; deserialising fits the model again.
///
/// ```
/// use meta_analysis::{Effect, Effects, MeanWeights, Measure, Prediction, WeightedMean};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
/// assert_eq!(fit.weights(), [0.25, 0.25, 0.5]);
/// // (1 + 3 + 2 * 5) / 4; tau2 = 4 - 1 as without weights, and se^2 = (1 + 1 + 4) (1 + 3) / 16
/// assert!((fit.estimate().value() - 3.5).abs() < 1e-14);
/// assert!((fit.estimate().se() - 1.5_f64.sqrt()).abs() < 1e-12);
/// let half = 1.959_963_984_540_054 * (3.0_f64 + 1.5).sqrt();
/// assert!((fit.prediction_by(Prediction::Normal)?.interval().1 - (3.5 + half)).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct WeightedPooled {
    model: WeightedMean,
    effects: Effects,
    weights: Vec<f64>,
    solution: Solution,
    estimate: Estimate,
    heterogeneity: Heterogeneity,
    certificate: Option<Certificate>,
    notes: Vec<Note>,
}

/// All that a file is trusted for: what was fitted to what.
#[derive(Deserialize)]
struct Unchecked {
    model: WeightedMean,
    effects: Effects,
}

impl TryFrom<Unchecked> for WeightedPooled {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        raw.model.fit(&raw.effects)
    }
}

impl WeightedPooled {
    pub(super) fn new(
        model: WeightedMean,
        effects: Effects,
        weights: Vec<f64>,
        solution: Solution,
        estimate: Estimate,
        heterogeneity: Heterogeneity,
        certificate: Option<Certificate>,
    ) -> Self {
        let mut notes = Vec::new();
        notes_of_effects(&effects, &mut notes);
        notes_of_tau2(model.estimator(), &solution, certificate.as_ref(), &mut notes);
        Self { model, effects, weights, solution, estimate, heterogeneity, certificate, notes }
    }

    /// The model and its options.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, Tau2, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert_eq!(fit.model().weights(), &MeanWeights::User(vec![1.0, 1.0, 2.0]));
    /// assert_eq!(fit.model().estimator(), Tau2::Reml);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn model(&self) -> &WeightedMean {
        &self.model
    }

    /// The effects that were pooled.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert_eq!(fit.effects().y(), [1.0, 3.0, 5.0]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// Number of studies.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert_eq!(fit.k(), 3);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn k(&self) -> usize {
        self.solution.k
    }

    /// Weight of each study, as shares that add up to 1.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert_eq!(fit.weights(), [0.25, 0.25, 0.5]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The pooled effect on the analysis scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// // (1 + 3 + 2 * 5) / 4 and, with tau2 = 3, (1 + 1 + 4) (1 + 3) / 16
    /// assert!((fit.estimate().value() - 3.5).abs() < 1e-14);
    /// assert!((fit.estimate().interval().1 - (3.5 + 1.959_963_984_540_054 * 1.5_f64.sqrt())).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn estimate(&self) -> &Estimate {
        &self.estimate
    }

    /// The pooled effect on the natural scale. See [`Estimate::natural`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert_eq!(fit.natural().to_string(), "3.50 [1.10, 5.90]");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        self.estimate.natural()
    }

    /// Q, I2, H2, tau2: those of the effects, whatever the weights of the mean are.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert!((fit.heterogeneity().q - 8.0).abs() < 1e-13);
    /// assert!((fit.heterogeneity().tau2 - 3.0).abs() < 1e-12 && (fit.heterogeneity().i2 - 0.75).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn heterogeneity(&self) -> &Heterogeneity {
        &self.heterogeneity
    }

    /// The prediction interval by this method around the weighted mean, at the level of the model.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, Prediction, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// // t with 2 df; tau2 = 3 and se^2 = 1.5
    /// let upper = fit.prediction_by(Prediction::StudentT)?.interval().1;
    /// assert!((upper - (3.5 + 4.302_652_729_749_464 * 4.5_f64.sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UndefinedDf`](crate::ErrorKind::UndefinedDf) for methods with k - 2 df and two studies; [`ErrorKind::NotApplicable`](crate::ErrorKind::NotApplicable) for
    /// Kenward-Roger and Nagashima-Noma-Furukawa, which belong to weights `1/(v + tau2)`; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn prediction_by(&self, method: Prediction) -> Result<PredictionInterval> {
        let (inference, level) = (self.estimate.inference(), self.estimate.level());
        let of = (self.estimate.measure(), self.estimate.scale());
        PredictionInterval::new(&self.solution, (method, inference), level, of)
    }

    /// The proof that a likelihood estimate of tau2 is the global maximum, with every other local maximum.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// let certificate = fit.certificate().expect("REML has one");
    /// assert!(certificate.unimodal && (certificate.maxima[0].tau2 - 3.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// What a report of this result has to disclose.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, Note, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0])).fit(&effects)?;
    /// assert_eq!(fit.notes(), [Note::FewStudies { k: 3 }]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

impl std::fmt::Display for WeightedPooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (estimate, natural) = (&self.estimate, self.natural());
        write!(f, "{} {natural}, {} studies; {}", natural.measure.natural_name(), self.k(), self.heterogeneity)?;
        let (weights, tau2, level) = (self.model.weights(), self.model.estimator(), percent(estimate.level()));
        write!(f, "\n  mean with {weights} weights, tau2 by {tau2}; {level} interval by {} ", estimate.inference())?;
        match estimate.df() {
            Some(df) => write!(f, "(t, {df} df)")?,
            None => f.write_str("(normal)")?,
        }
        if self.effects.measure().null_value().is_some() {
            write!(f, ", p {}", p_value(estimate.p_value()))?;
        }
        if f.alternate() {
            write!(f, "\n  {estimate}, standard error {}", significant(estimate.se()))?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
