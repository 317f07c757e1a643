//! The correlation of an outcome with what is left of a predictor once the others are taken out of it.

use super::partial::check_model;
use super::{at, average, check_not_degenerate, unexplained};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::study::check::{self, Count};
use crate::study::conversion::{Context, Conversion, Summary};
use crate::study::significance::{Sign, from_two_sided};
use crate::study::variance::VarianceType;
use serde::{Deserialize, Serialize};

/// The semipartial correlation of an outcome with one predictor of a linear model in `n` people, with the
/// model's coefficient of determination.
///
/// Its square is what the predictor adds to R2, so it cannot exceed R2.
///
/// ```
/// use meta_analysis::study::{SemipartialCorrelation, SemipartialCorrelationMeasure, Summary};
///
/// let row = SemipartialCorrelation::from_t(1.2, 0.2, 40, 2)?; // t, R2, n, predictors
/// let effect = row.effect(&SemipartialCorrelationMeasure::Raw.into())?;
/// assert!((effect.y() - 0.176_451_509_302_514).abs() < 1e-14); // metafor 5.1-12, SPCOR
/// assert!((effect.variance() - 0.019_508_738_056_975_9).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct SemipartialCorrelation {
    r: f64,
    r_squared: f64,
    n: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    r: f64,
    r_squared: f64,
    n: f64,
}

impl TryFrom<Unchecked> for SemipartialCorrelation {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.r, raw.r_squared, raw.n)
    }
}

/// What rounding in `f64` may add to the square of r when it is all of R2.
const ROUNDING: f64 = 1.0 + 8.0 * f64::EPSILON;

impl SemipartialCorrelation {
    /// A semipartial correlation in `n` people and R2 of the whole model.
    ///
    /// # Errors
    /// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::OutsideSupport`] for an R2 outside [0, 1),
    /// [`ErrorKind::Inconsistent`] where the square of `r` exceeds R2, [`ErrorKind::NonFinite`],
    /// [`ErrorKind::SampleSizeTooSmall`] below three people.
    pub fn new(r: f64, r_squared: f64, n: impl Count) -> Result<Self> {
        let r = check::check_correlation("correlation", r)?;
        let r_squared = check_r_squared(r_squared)?;
        if r * r > r_squared * ROUNDING {
            let why = "the square of a semipartial correlation is a part of R2; give more digits of both";
            return Err(ErrorKind::Inconsistent { what: "a semipartial correlation above the root of R2", why }.into());
        }
        Ok(Self { r, r_squared, n: check::check_size("n", n, 3.0, "a semipartial correlation")? })
    }

    /// The semipartial correlation behind the t statistic of the coefficient, in a model with `predictors`
    /// predictors, the one of interest included.
    ///
    /// ```text
    /// r = t sqrt((1 - R2) / df)        df = n - predictors - 1
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new), and as [`PartialCorrelation::new`](super::PartialCorrelation::new) for the sizes.
    pub fn from_t(t: f64, r_squared: f64, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "a semipartial correlation")?;
        let r_squared = check_r_squared(r_squared)?;
        let r = check::check_finite("t", t)? * ((1.0 - r_squared) / (n - predictors - 1.0)).sqrt();
        Self::new(r, r_squared, n)
    }

    /// The semipartial correlation behind the two-sided p-value of that test.
    ///
    /// # Errors
    /// As [`from_t`](Self::from_t); [`ErrorKind::PValueOutOfRange`], [`ErrorKind::PValueZero`],
    /// [`ErrorKind::PValueUninformative`].
    pub fn from_p(p: f64, sign: Sign, r_squared: f64, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "a semipartial correlation")?;
        Self::from_t(sign.of(from_two_sided(p, Some(n - predictors - 1.0))?), r_squared, n, predictors)
    }

    /// The semipartial correlation.
    pub fn r(&self) -> f64 {
        self.r
    }

    /// R2 of the whole model.
    pub fn r_squared(&self) -> f64 {
        self.r_squared
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }
}

/// A coefficient of determination in [0, 1).
pub(super) fn check_r_squared(value: f64) -> Result<f64> {
    let value = check::check_finite("R2", value)?;
    if !(0.0..1.0).contains(&value) {
        return Err(ErrorKind::OutsideSupport { field: "R2", value, lower: 0.0, upper: 1.0 }.into());
    }
    Ok(value)
}

/// Measures of a [`SemipartialCorrelation`] `r`, with `f = R2 - r^2`, the R2 of the model without the predictor.
///
/// Aloe & Becker 2012, J Educ Behav Stat 37:278, doi 10.3102/1076998610396901.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SemipartialCorrelationMeasure {
    /// Not transformed; metafor: `SPCOR`.
    ///
    /// ```text
    /// y = r        v = ((1 - R2)^2 + f (1 - f)) / n        large sample (usual)
    /// ```
    ///
    /// The average variant takes the mean of `r` weighted by `n` in the place of `r`, and each study's own R2.
    Raw,
    /// Fisher's z; metafor: `ZSPCOR`. The variance is that of `r` by the delta method (usual, large sample).
    ///
    /// ```text
    /// y = atanh r        v = ((1 - R2)^2 + f (1 - f)) / (n (1 - r^2)^2)
    /// ```
    FisherZ,
}

impl From<SemipartialCorrelationMeasure> for Measure {
    fn from(measure: SemipartialCorrelationMeasure) -> Self {
        match measure {
            SemipartialCorrelationMeasure::Raw => Self::SemipartialCorrelation,
            SemipartialCorrelationMeasure::FisherZ => Self::FisherZSemipartial,
        }
    }
}

impl Summary for SemipartialCorrelation {
    type Measure = SemipartialCorrelationMeasure;

    fn effect(&self, how: &Conversion<SemipartialCorrelationMeasure>) -> Result<Effect> {
        use VarianceType::{Average, LargeSample, Usual};
        let measure = Measure::from(how.measure());
        check_not_degenerate("correlation", self.r, measure.name())?;
        let (y, v) = match (how.measure(), how.variance_type()) {
            (SemipartialCorrelationMeasure::Raw, kind @ (Usual | LargeSample | Average)) => {
                (self.r, self.variance_at(at(kind, self.r, how)?)?)
            }
            (SemipartialCorrelationMeasure::FisherZ, Usual | LargeSample) => {
                (libm::atanh(self.r), self.variance_at(self.r)? / unexplained(self.r).powi(2))
            }
            _ => return Err(how.no_such_variance()),
        };
        Effect::from_variance_and_n(measure, y, v, self.n)
    }

    fn context(rows: &[&Self], how: &Conversion<SemipartialCorrelationMeasure>) -> Result<Context> {
        match how.variance_type() {
            VarianceType::Average => average(rows.iter().map(|row| (row.n, row.r))),
            _ => Ok(Context::default()),
        }
    }
}

impl SemipartialCorrelation {
    fn variance_at(&self, r: f64) -> Result<f64> {
        if r * r > self.r_squared * ROUNDING {
            let why =
                "the average over the studies is larger than this study's R2 allows; use the large-sample variance";
            return Err(ErrorKind::Inconsistent { what: "the average semipartial correlation", why }.into());
        }
        let without = (self.r_squared - r * r).max(0.0);
        Ok(((1.0 - self.r_squared).powi(2) + without * (1.0 - without)) / self.n)
    }
}
