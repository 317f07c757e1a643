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
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Its standard error by the chosen [`Inference`].
    pub fn se(&self) -> f64 {
        self.se
    }

    /// Degrees of freedom of the t distribution, or `None` for the normal.
    pub fn df(&self) -> Option<f64> {
        self.df
    }

    /// Lower and upper confidence limit.
    pub fn interval(&self) -> (f64, f64) {
        (self.lower, self.upper)
    }

    /// Level of the interval, e.g. 0.95.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// How standard error and interval were computed.
    pub fn inference(&self) -> Inference {
        self.inference
    }

    /// What the number is.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The analysis scale.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The analysis value that is tested: [`Measure::null_value`], or 0 for a measure that has none.
    fn hypothesis(&self) -> f64 {
        self.measure.null_value().unwrap_or(0.0)
    }

    /// Distance from the hypothesis of no effect in standard errors.
    pub fn statistic(&self) -> f64 {
        (self.value - self.hypothesis()) / self.se
    }

    /// Two-sided p-value of the hypothesis of no effect ([`Measure::null_value`]).
    ///
    /// For a single group's proportion or rate there is no such hypothesis; this is then the p-value of an
    /// analysis value of 0 (as metafor prints it), which results do not show. Use
    /// [`p_value_against`](Self::p_value_against) to test a value that means something.
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
