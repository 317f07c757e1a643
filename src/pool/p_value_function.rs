//! p-value functions of the pooled effect.

use super::pooled::Pooled;
use crate::error::{ErrorKind, Result};
use crate::inference::{Combination, MeanInterval, MeanMethod, PValueFunction};

impl Pooled {
    /// The p-value of every hypothesis by the model's own [`Inference`](crate::Inference).
    ///
    /// ```
    /// use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    ///
    /// let effects = Effects::from_rows([
    ///     ("A", Effect::from_variance(Measure::MeanDifference, 1.0, 1.0)?),
    ///     ("B", Effect::from_variance(Measure::MeanDifference, 4.0, 2.0)?),
    /// ])?;
    /// let fit = CommonEffect::new().fit(&effects)?;
    /// let curve = fit.p_value_function();
    /// assert_eq!(curve.p_value(fit.estimate().value()), 1.0);
    /// assert!((curve.p_value(fit.estimate().interval().0) - 0.05).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value_function(&self) -> PValueFunction {
        let estimate = self.estimate();
        let of = (estimate.measure(), estimate.scale());
        PValueFunction::pivot(of, (estimate.value(), estimate.se()), estimate.df())
    }

    /// The combined p-value of every hypothesis from the p-values of the studies, each with the standard deviation
    /// `sqrt(v + tau2)`: the model's estimate of tau2 adjusts for heterogeneity, and a common-effect model does not.
    ///
    /// ```
    /// use meta_analysis::{Combination, CommonEffect, Effect, Effects, Measure};
    ///
    /// let effects = Effects::from_rows([
    ///     ("A", Effect::from_variance(Measure::MeanDifference, 1.0, 1.0)?),
    ///     ("B", Effect::from_variance(Measure::MeanDifference, 4.0, 2.0)?),
    /// ])?;
    /// let curve = CommonEffect::new().fit(&effects)?.combined_p_value_function(Combination::Edgington)?;
    /// // Two p-values sum to 1 where the z-values are opposite.
    /// assert!((curve.median()? - (1.0 + 3.0 / (1.0 + 2.0_f64.sqrt()))).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`].
    pub fn combined_p_value_function(&self, combination: Combination) -> Result<PValueFunction> {
        let (estimate, tau2) = (self.estimate(), self.solution().tau2);
        let rows = self.effects().y().iter().zip(self.effects().v());
        let studies: Vec<(f64, f64)> = rows.map(|(y, v)| (*y, (v + tau2).sqrt())).collect();
        if studies.iter().any(|(_, s)| !(*s > 0.0 && s.is_finite())) {
            return Err(ErrorKind::Overflow { what: "the p-value function" }.into());
        }
        Ok(PValueFunction::combined((estimate.measure(), estimate.scale()), combination, studies))
    }

    /// See [`MeanMethod::Combined`].
    pub(super) fn combined_interval(&self, combination: Combination, level: f64) -> Result<MeanInterval> {
        let (estimate, curve) = (self.estimate(), self.combined_p_value_function(combination)?);
        let p_value = curve.p_value(estimate.measure().null_value().unwrap_or(0.0));
        let (of, method) = ((estimate.measure(), estimate.scale()), MeanMethod::Combined(combination));
        Ok(MeanInterval::new(of, (method, level), curve.median()?, vec![curve.interval(level)?], p_value))
    }
}
