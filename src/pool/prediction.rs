//! Where the effect of a new study may lie.

use super::common::CommonEffect;
use super::pooled::{Model, Pooled};
use crate::error::{ErrorKind, Result};
use crate::inference::{Component, Prediction, PredictionInterval, Predictive, Side, check_level};
use crate::tau2::ConfidenceDistribution;
use serde::{Deserialize, Serialize};

/// What is to be predicted: the true effect in a new study, or what a study of a given size will observe.
///
/// | option | default |
/// | --- | --- |
/// | [`method`](Self::method) | that of the model |
/// | [`level`](Self::level) | that of the model |
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, NewStudy, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let upper = |study| Ok::<_, meta_analysis::Error>(fit.prediction_for(study)?.interval().1);
/// // Equal variances: mu = 3, tau2 = 4 - 1, se^2 = 4/3. The quartile of t with 2 df is sqrt(2/3).
/// let (quartile, total) = ((2.0_f64 / 3.0).sqrt(), 3.0_f64 + 4.0 / 3.0);
/// assert!((upper(NewStudy::true_effect().level(0.5))? - (3.0 + quartile * total.sqrt())).abs() < 1e-12);
/// assert!((upper(NewStudy::observed(1.0).level(0.5))? - (3.0 + quartile * (total + 1.0).sqrt())).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NewStudy {
    sampling_variance: f64,
    method: Option<Prediction>,
    level: Option<f64>,
}

impl NewStudy {
    /// The true effect in a new study.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, NewStudy, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let upper = fit.prediction_for(NewStudy::true_effect())?.interval().1;
    /// // t with 2 df
    /// assert!((upper - (3.0 + 4.302_652_729_749_464 * (3.0_f64 + 4.0 / 3.0).sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn true_effect() -> Self {
        Self { sampling_variance: 0.0, method: None, level: None }
    }

    /// The effect that a new study will observe, its sampling **variance** (analysis scale) being this.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, NewStudy, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let upper = fit.prediction_for(NewStudy::observed(2.0))?.interval().1;
    /// assert!((upper - (3.0 + 4.302_652_729_749_464 * (3.0_f64 + 4.0 / 3.0 + 2.0).sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn observed(sampling_variance: f64) -> Self {
        Self { sampling_variance, ..Self::true_effect() }
    }

    /// Another method than the model's.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, NewStudy, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let found = fit.prediction_for(NewStudy::observed(2.0).method(Prediction::Normal))?;
    /// assert!((found.interval().1 - (3.0 + 1.959_963_984_540_054 * (3.0_f64 + 4.0 / 3.0 + 2.0).sqrt())).abs() < 1e-12);
    /// assert_eq!(found.method(), Prediction::Normal);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn method(mut self, method: Prediction) -> Self {
        self.method = Some(method);
        self
    }

    /// Another level than the model's, between 0 and 1.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, NewStudy, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let found = fit.prediction_for(NewStudy::true_effect().level(0.5))?;
    /// // The quartile of t with 2 df is sqrt(2/3).
    /// assert!((found.interval().0 - (3.0 - (2.0 / 3.0 * 13.0 / 3.0_f64).sqrt())).abs() < 1e-12);
    /// assert_eq!(found.level(), 0.5);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = Some(level);
        self
    }
}

impl Pooled {
    /// The prediction interval by the model's method and level.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // t with 2 df
    /// let (lower, upper) = fit.prediction()?.interval();
    /// let half = 4.302_652_729_749_464 * (3.0_f64 + 4.0 / 3.0).sqrt();
    /// assert!((lower - (3.0 - half)).abs() < 1e-11 && (upper - (3.0 + half)).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] for the common-effect model and for Kenward-Roger without REML;
    /// [`ErrorKind::UndefinedDf`] for methods with k - 2 df and two studies.
    pub fn prediction(&self) -> Result<PredictionInterval> {
        self.prediction_for(NewStudy::true_effect())
    }

    /// The prediction interval by another method, at the level of the model.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let upper = fit.prediction_by(Prediction::Normal)?.interval().1;
    /// assert!((upper - (3.0 + 1.959_963_984_540_054 * (3.0_f64 + 4.0 / 3.0).sqrt())).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`prediction`](Self::prediction).
    pub fn prediction_by(&self, method: Prediction) -> Result<PredictionInterval> {
        self.prediction_for(NewStudy::true_effect().method(method))
    }

    /// The prediction interval for a new study, by any method, at any level, for its true or its observed effect:
    ///
    /// ```text
    /// mu -+ quantile sqrt(tau2 + se^2 + v_new)        v_new = 0 for the true effect
    /// ```
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure, NewStudy, Prediction, RandomEffects, Side, Tau2};
    ///
    /// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// let rows = [row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?, row("D", 0.7, 0.09)?];
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&Effects::from_rows(rows)?)?;
    /// let width = |study| Ok::<_, meta_analysis::Error>({
    ///     let (lower, upper) = fit.prediction_for(study)?.interval();
    ///     upper - lower
    /// });
    /// let (truth, seen) = (NewStudy::true_effect(), NewStudy::observed(0.05));
    /// assert!(width(seen)? > width(truth)?);
    /// assert!(width(truth.method(Prediction::TauOnly))? < width(truth)?);
    /// // A one-sided 97.5 % bound is an end of the 95 % interval.
    /// let bound = fit.prediction_bound(truth.level(0.975), Side::Lower)?;
    /// assert!((bound - fit.prediction()?.interval().0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`prediction`](Self::prediction), and [`ErrorKind::NegativeVariance`], [`ErrorKind::NonFinite`],
    /// [`ErrorKind::LevelOutOfRange`], [`ErrorKind::Overflow`].
    pub fn prediction_for(&self, study: NewStudy) -> Result<PredictionInterval> {
        let (method, level) = self.prediction_choices(study)?;
        let (predictive, df) = self.predictive(method, study.sampling_variance, level)?;
        let of = (self.estimate().measure(), self.estimate().scale());
        PredictionInterval::of_distribution(&predictive, (method, level), df, of)
    }

    /// One end of a one-sided prediction interval, on the analysis scale: with the probability `level` the effect of the
    /// new study will not be beyond it.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, NewStudy, RandomEffects, Side, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // The quartile of t with 2 df is sqrt(2/3).
    /// let half = (2.0 / 3.0 * 13.0 / 3.0_f64).sqrt();
    /// let three_quarters = NewStudy::true_effect().level(0.75);
    /// assert!((fit.prediction_bound(three_quarters, Side::Lower)? - (3.0 - half)).abs() < 1e-12);
    /// assert!((fit.prediction_bound(three_quarters, Side::Upper)? - (3.0 + half)).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`prediction_for`](Self::prediction_for).
    pub fn prediction_bound(&self, study: NewStudy, side: Side) -> Result<f64> {
        let (method, level) = self.prediction_choices(study)?;
        let (predictive, _) = self.predictive(method, study.sampling_variance, level)?;
        let sign = match side {
            Side::Lower => 1.0,
            Side::Upper => -1.0,
        };
        let bound = predictive.quantile(1.0 - level, sign);
        if bound.is_finite() { Ok(bound) } else { Err(ErrorKind::Overflow { what: "the prediction bound" }.into()) }
    }

    fn prediction_choices(&self, study: NewStudy) -> Result<(Prediction, f64)> {
        let Model::RandomEffects(model) = self.model() else {
            return Err(CommonEffect::no_prediction());
        };
        let value = study.sampling_variance;
        if !value.is_finite() {
            return Err(ErrorKind::NonFinite { field: "variance", value }.into());
        }
        if value < 0.0 {
            return Err(ErrorKind::NegativeVariance { value }.into());
        }
        let level = check_level(study.level.unwrap_or(self.estimate().level()))?;
        Ok((study.method.unwrap_or(model.prediction_method()), level))
    }

    /// The predictive distribution for a new study of this sampling variance, and its df.
    pub(super) fn predictive(
        &self,
        method: Prediction,
        sampling_variance: f64,
        level: f64,
    ) -> Result<(Predictive, Option<f64>)> {
        let solution = self.solution();
        if method == Prediction::NagashimaNomaFurukawa {
            return self.confidence_predictive(sampling_variance);
        }
        if let Prediction::Bayesian(prior) = method {
            return Ok((self.bayesian_predictive(prior, sampling_variance)?, None));
        }
        let (se, df) = method.standard_error(solution, self.estimate().inference(), level)?;
        let sd = (solution.tau2 + sampling_variance).sqrt().hypot(se);
        Ok((Predictive::Pivot { mu: solution.mu, sd, df }, df))
    }

    /// The distribution of [`Prediction::NagashimaNomaFurukawa`].
    fn confidence_predictive(&self, sampling_variance: f64) -> Result<(Predictive, Option<f64>)> {
        let (y, v) = (self.effects().y(), self.effects().v());
        let tau2 = ConfidenceDistribution::new(y, v).map_err(|e| self.explain(e))?;
        let mut workspace = self.loaded()?;
        let mut components = Vec::with_capacity(tau2.points().len());
        for (tau2, weight) in tau2.points() {
            if weight.abs() < 1e-17 {
                continue;
            }
            let at = workspace.mean_at(*tau2).map_err(|e| self.explain(e))?;
            let scale = at.standard_error * at.hartung_knapp.unwrap_or(0.0).sqrt();
            let sigma = (tau2 + sampling_variance).sqrt();
            // All effects equal: with tau2 = 0 nothing is left to vary.
            if scale <= 0.0 && sigma <= 0.0 {
                return Err(ErrorKind::DegenerateVariance.into());
            }
            components.push(Component { weight: *weight, mu: at.mean, sigma, scale });
        }
        let df = self.solution().df();
        Ok((Predictive::Mixture { components, df }, Some(df)))
    }
}
