//! Where the effect of a new study may lie.

use super::estimate::quantile;
use super::{Inference, Natural, Solution, check_level};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// How a prediction interval for the true effect of a new study is computed:
///
/// ```text
/// mu -+ quantile sqrt(tau2 + se^2)
/// ```
///
/// The variants differ in the quantile and in the standard error; packages use the same words for different
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Prediction {
    /// t with k - 1 df and the standard error of the model's own [`Inference`]; **the default**. Veroniki et al.
    /// 2019, Res Synth Methods 10:23, doi 10.1002/jrsm.1319. metafor: the default after `test = "t"`, `"knha"`
    /// or `"adhoc"`.
    #[default]
    StudentT,
    /// Normal quantile and Wald standard error. metafor: the default after `test = "z"`.
    Normal,
    /// Normal quantile and tau alone: as if mu were known. metafor: `predtype = "simple"`.
    TauOnly,
    /// t with k - 2 df and Wald standard error. Higgins, Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137,
    /// doi 10.1111/j.1467-985X.2008.00552.x. metafor: `predtype = "riley"` after `test = "z"`.
    HigginsThompsonSpiegelhalter,
    /// t with k - 2 df and Hartung-Knapp standard error. Partlett & Riley 2017, Stat Med 36:301,
    /// doi 10.1002/sim.7140. metafor: `predtype = "riley"` after `test = "knha"`.
    PartlettRiley,
}

impl Prediction {
    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::StudentT => "t, k - 1 df",
            Self::Normal => "normal",
            Self::TauOnly => "normal, tau only",
            Self::HigginsThompsonSpiegelhalter => "Higgins-Thompson-Spiegelhalter",
            Self::PartlettRiley => "Partlett-Riley",
        }
    }
}

impl std::fmt::Display for Prediction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A prediction interval for the true effect of a new study, on the analysis scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PredictionInterval {
    measure: Measure,
    scale: Scale,
    centre: f64,
    lower: f64,
    upper: f64,
    level: f64,
    df: Option<f64>,
    method: Prediction,
}

impl PredictionInterval {
    /// The interval of a solved model whose inference was `inference`.
    pub(crate) fn new(
        solution: &Solution,
        (method, inference): (Prediction, Inference),
        level: f64,
        (measure, scale): (Measure, Scale),
    ) -> Result<Self> {
        let level = check_level(level)?;
        let k_minus_2 = solution.df() - 1.0;
        let (se, df) = match method {
            Prediction::StudentT => {
                let (se, _) = inference.standard_error(solution, level)?;
                (se, Some(super::wald::df(solution)?))
            }
            Prediction::Normal => (solution.se, None),
            Prediction::TauOnly => (0.0, None),
            Prediction::HigginsThompsonSpiegelhalter => (solution.se, Some(k_minus_2)),
            Prediction::PartlettRiley => (Inference::HartungKnapp.standard_error(solution, level)?.0, Some(k_minus_2)),
        };
        if let Some(df) = df
            && df <= 0.0
        {
            let remedy = "with two studies use `Prediction::StudentT`";
            return Err(ErrorKind::UndefinedDf { what: "this prediction interval", df, remedy }.into());
        }
        let half = quantile(level, df) * solution.tau2.sqrt().hypot(se);
        let (lower, upper) = (solution.mu - half, solution.mu + half);
        if !(lower.is_finite() && upper.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the prediction interval" }.into());
        }
        Ok(Self { measure, scale, centre: solution.mu, lower, upper, level, df, method })
    }

    /// Lower and upper limit on the analysis scale.
    pub fn interval(&self) -> (f64, f64) {
        (self.lower, self.upper)
    }

    /// Level, e.g. 0.95.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Degrees of freedom of the t distribution, or `None` for the normal.
    pub fn df(&self) -> Option<f64> {
        self.df
    }

    /// How it was computed.
    pub fn method(&self) -> Prediction {
        self.method
    }

    /// The interval on the natural scale, around the pooled value.
    pub fn natural(&self) -> Natural {
        Natural::new(self.measure, self.scale, self.level, [self.centre, self.lower, self.upper])
    }
}
