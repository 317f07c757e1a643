//! A pooled effect on the analysis scale with everything said about it.

use super::{Inference, Natural, Solution, check_level};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::critical::critical;
use crate::num::format::significant;
use crate::num::{normal, student_t};
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// A pooled effect on its analysis scale: value, standard error, interval, test.
///
/// [`natural`](Estimate::natural) is the only door to the natural scale.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
/// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
/// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04: tau2 = 0.12, se^2 = 0.16/3
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let estimate = fit.estimate();
/// // 0.6 -+ 4.302653 * 0.2309401, t with 2 df
/// assert!((estimate.interval().0 + 0.393_655).abs() < 1e-6 && (estimate.interval().1 - 1.593_655).abs() < 1e-6);
/// assert_eq!(estimate.to_string(), "log odds ratio 0.600 [-0.394, 1.59]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    measure: Measure,
    scale: Scale,
    value: f64,
    se: f64,
    df: Option<f64>,
    level: f64,
    lower: f64,
    upper: f64,
    inference: Inference,
}

impl Estimate {
    /// Applies an inference method to a solved model.
    #[inline(always)]
    pub(crate) fn new(
        solution: &Solution,
        inference: Inference,
        level: f64,
        measure: Measure,
        scale: Scale,
    ) -> Result<Self> {
        let level = check_level(level)?;
        let (se, df) = inference.standard_error(solution, level)?;
        let value = solution.mu;
        let half = quantile(level, df) * se;
        let (lower, upper) = (value - half, value + half);
        if !(lower.is_finite() && upper.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the confidence interval" }.into());
        }
        let estimate = Self { measure, scale, value, se, df, level, lower, upper, inference };
        if !estimate.statistic().is_finite() {
            return Err(ErrorKind::Overflow { what: "the test statistic" }.into());
        }
        Ok(estimate)
    }

    /// A value with its standard error, and the normal (`df` = `None`) or the t distribution; for models that have no
    /// [`Solution`].
    pub(crate) fn from_se(
        (value, se): (f64, f64),
        df: Option<f64>,
        level: f64,
        measure: Measure,
        scale: Scale,
    ) -> Result<Self> {
        let level = check_level(level)?;
        let inference = if df.is_some() { Inference::StudentT } else { Inference::Wald };
        let half = quantile(level, df) * se;
        let (lower, upper) = (value - half, value + half);
        let estimate = Self { measure, scale, value, se, df, level, lower, upper, inference };
        if !(lower.is_finite() && upper.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the confidence interval" }.into());
        }
        if !(se > 0.0 && estimate.statistic().is_finite()) {
            return Err(ErrorKind::Overflow { what: "the test statistic" }.into());
        }
        Ok(estimate)
    }

    /// The pooled effect.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert!((fit.estimate().value() - 0.6).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Its standard error by the chosen [`Inference`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 1.5)?, row("C", 2.0)?])?;
    /// // Effects 1, 1.5 and 2, each with variance 1: tau2 = 0
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // Hartung-Knapp: sqrt(q / 3) with q = 0.5/2
    /// assert!((fit.estimate().se() - (0.25_f64 / 3.0).sqrt()).abs() < 1e-14);
    /// assert!((fit.estimate_by(Inference::Wald)?.se() - (1.0_f64 / 3.0).sqrt()).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn se(&self) -> f64 {
        self.se
    }

    /// Degrees of freedom of the t distribution, or `None` for the normal.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Three studies
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.estimate().df(), Some(2.0));
    /// assert_eq!(fit.estimate_by(Inference::Wald)?.df(), None);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn df(&self) -> Option<f64> {
        self.df
    }

    /// Lower and upper confidence limit.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let fit = CommonEffect::new().fit(&effects)?;
    /// let (lower, upper) = fit.estimate().interval();
    /// assert!((lower - (3.0 - 1.959_963_984_540_054)).abs() < 1e-14 && (upper - (3.0 + 1.959_963_984_540_054)).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn interval(&self) -> (f64, f64) {
        (self.lower, self.upper)
    }

    /// Level of the interval, e.g. 0.95.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let fit = CommonEffect::new().level(0.9).fit(&effects)?;
    /// assert_eq!(fit.estimate().level(), 0.9);
    /// assert!((fit.estimate().interval().1 - (3.0 + 1.644_853_626_951_472_7)).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn level(&self) -> f64 {
        self.level
    }

    /// How standard error and interval were computed.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.estimate().inference(), Inference::HartungKnapp);
    /// assert_eq!(fit.estimate_by(Inference::StudentT)?.inference(), Inference::StudentT);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn inference(&self) -> Inference {
        self.inference
    }

    /// What the number is.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.estimate().measure(), Measure::LogOddsRatio);
    /// assert_eq!(fit.estimate().measure().natural_name(), "odds ratio");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The analysis scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Scale, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.estimate().scale(), Scale::Log);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The analysis value that is tested: [`Measure::null_value`], or 0 for a measure that has none.
    fn hypothesis(&self) -> f64 {
        self.measure.null_value().unwrap_or(0.0)
    }

    /// Distance from the hypothesis of no effect in standard errors.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04: tau2 = 0.12, se^2 = 0.16/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert!((fit.estimate().statistic() - 0.6 / (0.16_f64 / 3.0).sqrt()).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn statistic(&self) -> f64 {
        (self.value - self.hypothesis()) / self.se
    }

    /// Two-sided p-value of the hypothesis of no effect ([`Measure::null_value`]).
    ///
    /// For a single group's proportion or rate there is no such hypothesis; this is then the p-value of an
    /// analysis value of 0 (as metafor prints it), which results do not show. Use
    /// [`p_value_against`](Self::p_value_against) to test a value that means something.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04: tau2 = 0.12, se^2 = 0.16/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // P(|t| > x) = 1 - x / sqrt(x^2 + 2) with 2 df
    /// let x = 0.6 / (0.16_f64 / 3.0).sqrt();
    /// assert!((fit.estimate().p_value() - (1.0 - x / (x * x + 2.0).sqrt())).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value(&self) -> f64 {
        self.p_value_against(self.hypothesis())
    }

    /// Two-sided p-value of the hypothesis that the analysis value is `hypothesis`.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure, CommonEffect};
    /// let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// let estimate = *CommonEffect::new().fit(&effects)?.estimate();
    /// assert!((estimate.p_value() - 0.002_699_796_063_260_19).abs() < 1e-15);
    /// assert_eq!(estimate.p_value_against(3.0), 1.0);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value_against(&self, hypothesis: f64) -> f64 {
        let distance = ((self.value - hypothesis) / self.se).abs();
        let tail = match self.df {
            Some(df) => student_t::sf(distance, df),
            None => normal::sf(distance),
        };
        (2.0 * tail).min(1.0)
    }

    /// The estimate on the natural scale.
    ///
    /// The value is the **median** of the distribution of true effects on that scale, not its mean: a
    /// transformation that is not linear carries medians over, and quantiles, but not means.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let natural = fit.estimate().natural();
    /// assert!((natural.value - 0.6_f64.exp()).abs() < 1e-14);
    /// assert_eq!(natural.to_string(), "1.82 [0.675, 4.92]");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        Natural::new(self.measure, self.scale, self.level, [self.value, self.lower, self.upper])
    }
}

impl std::fmt::Display for Estimate {
    /// The analysis scale, named: `log odds ratio 1.69 [0.894, 2.49]`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [value, lower, upper] = [self.value, self.lower, self.upper].map(significant);
        write!(f, "{} {value} [{lower}, {upper}]", self.measure)
    }
}

/// Upper quantile of a symmetric interval of this level.
pub(super) fn quantile(level: f64, df: Option<f64>) -> f64 {
    critical(0.5 * (1.0 - level), df)
}
