//! What a p-value gives back: the test statistic behind it.

use super::check::check_finite;
use crate::error::{ErrorKind, Result};
use crate::num::critical::critical;
use serde::{Deserialize, Serialize};

/// The sign that a two-sided test, a chi-squared or an F statistic does not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sign {
    /// Above no effect.
    Positive,
    /// Below no effect.
    Negative,
}

impl Sign {
    /// The absolute value of `x` with this sign.
    ///
    /// ```
    /// use meta_analysis::study::Sign;
    /// assert_eq!(Sign::Negative.of(2.0), -2.0);
    /// ```
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Positive => x.abs(),
            Self::Negative => -x.abs(),
        }
    }
}

/// A p-value strictly between 0 and 1.
pub(crate) fn check_p(p: f64) -> Result<f64> {
    if p.is_nan() {
        Err(ErrorKind::NonFinite { field: "p", value: p }.into())
    } else if !(0.0..=1.0).contains(&p) {
        Err(ErrorKind::PValueOutOfRange { value: p }.into())
    } else if p <= 0.0 {
        Err(ErrorKind::PValueZero.into())
    } else if p >= 1.0 {
        Err(ErrorKind::PValueUninformative { what: "a p-value of 1" }.into())
    } else {
        Ok(p)
    }
}

/// Degrees of freedom of a test.
pub(crate) fn check_df(df: f64) -> Result<f64> {
    if !df.is_finite() {
        Err(ErrorKind::NonFinite { field: "df", value: df }.into())
    } else if df <= 0.0 {
        Err(ErrorKind::UndefinedDf { what: "the test", df, remedy: "they must be positive" }.into())
    } else {
        Ok(df)
    }
}

/// The chance left on each side of an interval of this level.
pub(crate) fn each_side(level: f64) -> Result<f64> {
    if level > 0.0 && level < 1.0 {
        Ok(0.5 * (1.0 - level))
    } else {
        Err(ErrorKind::LevelOutOfRange { value: level }.into())
    }
}

/// The number of standard errors in the half-width of an interval of this level.
pub(crate) fn half_width(level: f64, df: Option<f64>) -> Result<f64> {
    Ok(critical(each_side(level)?, df.map(check_df).transpose()?))
}

/// The standard error of an estimate behind its t statistic, of either sign.
pub(crate) fn se_from_t(estimate: f64, t: f64) -> Result<f64> {
    let (estimate, t) = (check_finite("estimate", estimate)?, check_finite("t", t)?);
    let zero = |x: f64| x.abs() <= 0.0;
    if zero(t) && zero(estimate) {
        return Err(ErrorKind::PValueUninformative { what: "t = 0 for an estimate of 0" }.into());
    }
    if zero(t) || zero(estimate) {
        let why = "the one is 0 and the other is not";
        return Err(ErrorKind::Inconsistent { what: "the estimate and its test", why }.into());
    }
    Ok((estimate / t).abs())
}

/// The size of the statistic behind a two-sided p-value.
pub(crate) fn from_two_sided(p: f64, df: Option<f64>) -> Result<f64> {
    let df = df.map(check_df).transpose()?;
    let statistic = critical(0.5 * check_p(p)?, df);
    if statistic.is_finite() { Ok(statistic) } else { Err(ErrorKind::Overflow { what: "the test statistic" }.into()) }
}
