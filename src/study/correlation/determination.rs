//! The coefficient of determination of a linear model.

use super::partial::check_model;
use super::semipartial::check_r_squared;
use super::{at, average};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::study::check::{self, Count};
use crate::study::conversion::{Context, Conversion, Summary};
use crate::study::variance::VarianceType;
use serde::{Deserialize, Serialize};

/// R2 of a linear model with `predictors` predictors in `n` people, the predictors random.
///
/// ```
/// use meta_analysis::study::{RSquared, RSquaredMeasure, Summary};
///
/// let effect = RSquared::new(0.3, 100, 5)?.effect(&RSquaredMeasure::FisherZ.into())?;
/// assert!((effect.y() - 0.615_122_004_656_076).abs() < 1e-14); // metafor 5.1-12, ZR2
/// assert_eq!(effect.variance(), 0.01);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct RSquared {
    r_squared: f64,
    n: f64,
    predictors: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    r_squared: f64,
    n: f64,
    predictors: f64,
}

impl TryFrom<Unchecked> for RSquared {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.r_squared, raw.n, raw.predictors)
    }
}

impl RSquared {
    /// R2 of a model with `predictors` predictors in `n` people.
    ///
    /// # Errors
    /// [`ErrorKind::OutsideSupport`] outside [0, 1), [`ErrorKind::NonFinite`], and
    /// [`ErrorKind::SampleSizeTooSmall`] unless there is a predictor and n - predictors - 1 is positive.
    pub fn new(r_squared: f64, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "R2")?;
        Ok(Self { r_squared: check_r_squared(r_squared)?, n, predictors })
    }

    /// R2 behind the F statistic of the whole model, with `predictors` and `n - predictors - 1` degrees of
    /// freedom.
    ///
    /// ```text
    /// R2 = m F / (m F + n - m - 1)        m = predictors
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new); a negative F is [`ErrorKind::OutsideSupport`].
    pub fn from_f(f: f64, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "R2")?;
        let ratio = check::check_square("F", f)? * (predictors / (n - predictors - 1.0));
        Self::new(if ratio.is_finite() { ratio / (1.0 + ratio) } else { 1.0 }, n, predictors)
    }

    /// R2.
    pub fn r_squared(&self) -> f64 {
        self.r_squared
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// Number of predictors.
    pub fn predictors(&self) -> f64 {
        self.predictors
    }
}

/// Measures of an [`RSquared`] `R2` with `m` predictors in `n` people.
///
/// Kendall & Stuart 1979, The Advanced Theory of Statistics, vol 2, 27.33 (random predictors); Olkin & Finn
/// 1995, Psychol Bull 118:155, doi 10.1037/0033-2909.118.1.155. The average variants put the mean of R2
/// weighted by `n` in the place of R2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RSquaredMeasure {
    /// Not transformed; metafor: `R2`.
    ///
    /// ```text
    /// y = R2        v = 4 R2 (1 - R2)^2 / n                                        large sample (usual), average
    ///               v = 4 R2 (1 - R2)^2 (n - m - 1)^2 / ((n^2 - 1)(n + 3))         large sample 2, average 2
    /// ```
    Raw,
    /// Fisher's z of the root; metafor: `ZR2`. The variances are those of R2 by the delta method, so that R2
    /// cancels.
    ///
    /// ```text
    /// y = atanh sqrt R2        v = 1 / n                                           large sample (usual), average
    ///                          v = (n - m - 1)^2 / ((n^2 - 1)(n + 3))              large sample 2, average 2
    /// ```
    FisherZ,
}

impl From<RSquaredMeasure> for Measure {
    fn from(measure: RSquaredMeasure) -> Self {
        match measure {
            RSquaredMeasure::Raw => Self::RSquared,
            RSquaredMeasure::FisherZ => Self::FisherZRSquared,
        }
    }
}

impl Summary for RSquared {
    type Measure = RSquaredMeasure;

    fn effect(&self, how: &Conversion<RSquaredMeasure>) -> Result<Effect> {
        use VarianceType::{Average, Average2, LargeSample, LargeSample2, Usual};
        let measure = Measure::from(how.measure());
        let (n, df) = (self.n, self.n - self.predictors - 1.0);
        let per_unit = match how.variance_type() {
            Usual | LargeSample | Average => 1.0 / n,
            LargeSample2 | Average2 => df / (n - 1.0) * (df / (n + 1.0)) / (n + 3.0),
            _ => return Err(how.no_such_variance()),
        };
        let (y, v) = match how.measure() {
            RSquaredMeasure::Raw => {
                let at = at(how.variance_type(), self.r_squared, how)?;
                (self.r_squared, 4.0 * at * (1.0 - at).powi(2) * per_unit)
            }
            RSquaredMeasure::FisherZ => (libm::atanh(self.r_squared.sqrt()), per_unit),
        };
        if v <= 0.0 {
            let remedy = "an R2 of 0 has no usable variance; use the average variance, or leave the study out";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        Effect::from_variance_and_n(measure, y, v, n)
    }

    fn context(rows: &[&Self], how: &Conversion<RSquaredMeasure>) -> Result<Context> {
        match how.variance_type() {
            VarianceType::Average | VarianceType::Average2 => average(rows.iter().map(|row| (row.n, row.r_squared))),
            _ => Ok(Context::default()),
        }
    }
}
