//! The correlation of two variables with others held constant.

use super::{at, average, check_not_degenerate, of_correlation, r_of_t};
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::measure::Measure;
use crate::study::check::{self, Count};
use crate::study::conversion::{Context, Conversion, Summary};
use crate::study::significance::{Sign, from_two_sided};
use crate::study::variance::VarianceType;
use serde::{Deserialize, Serialize};

/// The partial correlation of an outcome with one of `predictors` predictors of a linear model, in `n` people.
///
/// `predictors` counts **all** predictors of the model, the one of interest included (the intercept not), as in
/// metafor's `mi`. With one predictor it is the ordinary correlation.
///
/// ```
/// use meta_analysis::study::{PartialCorrelation, PartialCorrelationMeasure, Summary};
///
/// let row = PartialCorrelation::from_t(3.3, 25, 1)?; // t of the coefficient
/// let effect = row.effect(&PartialCorrelationMeasure::Raw.into())?;
/// assert!((effect.y() - 0.566_863_058_209_879).abs() < 1e-14); // metafor 5.1-12, PCOR
/// assert!((effect.variance() - 0.019_191_162_934_555_1).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct PartialCorrelation {
    r: f64,
    n: f64,
    predictors: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    r: f64,
    n: f64,
    predictors: f64,
}

impl TryFrom<Unchecked> for PartialCorrelation {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.r, raw.n, raw.predictors)
    }
}

impl PartialCorrelation {
    /// A partial correlation in `n` people from a model with `predictors` predictors.
    ///
    /// # Errors
    /// [`CorrelationOutOfRange`](crate::ErrorKind::CorrelationOutOfRange),
    /// [`NonFinite`](crate::ErrorKind::NonFinite), and
    /// [`SampleSizeTooSmall`](crate::ErrorKind::SampleSizeTooSmall) unless there is a predictor and the residual
    /// degrees of freedom n - predictors - 1 are positive.
    pub fn new(r: f64, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "a partial correlation")?;
        Ok(Self { r: check::check_correlation("correlation", r)?, n, predictors })
    }

    /// The partial correlation behind the t statistic of the coefficient.
    ///
    /// ```text
    /// r = t / sqrt(t^2 + df)        df = n - predictors - 1
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_t(t: f64, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "a partial correlation")?;
        Self::new(r_of_t(t, n - predictors - 1.0)?, n, predictors)
    }

    /// The partial correlation behind the two-sided p-value of that test.
    ///
    /// # Errors
    /// As [`from_t`](Self::from_t); [`PValueOutOfRange`](crate::ErrorKind::PValueOutOfRange),
    /// [`PValueZero`](crate::ErrorKind::PValueZero),
    /// [`PValueUninformative`](crate::ErrorKind::PValueUninformative).
    pub fn from_p(p: f64, sign: Sign, n: impl Count, predictors: impl Count) -> Result<Self> {
        let (n, predictors) = check_model(n, predictors, "a partial correlation")?;
        Self::from_t(sign.of(from_two_sided(p, Some(n - predictors - 1.0))?), n, predictors)
    }

    /// The partial correlation.
    pub fn r(&self) -> f64 {
        self.r
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// Number of predictors of the model, the one of interest included.
    pub fn predictors(&self) -> f64 {
        self.predictors
    }
}

/// `(n, predictors)` of a linear model with residual degrees of freedom.
pub(super) fn check_model(n: impl Count, predictors: impl Count, what: &'static str) -> Result<(f64, f64)> {
    let predictors = check::check_size("predictors", predictors, 1.0, what)?;
    Ok((check::check_size("n", n, predictors + 2.0, what)?, predictors))
}

/// Measures of a [`PartialCorrelation`] `r` in `n` people with `m` predictors, the one of interest included.
///
/// Aloe & Thompson 2013, J Soc Social Work Res 4:390, doi 10.5243/jsswr.2013.24.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PartialCorrelationMeasure {
    /// Not transformed; metafor: `PCOR` as of 5.0 (earlier releases divided by n - m - 1).
    ///
    /// ```text
    /// y = r        v = (1 - r^2)^2 / (n - m)        large sample (usual)
    ///              v = (1 - a^2)^2 / (n - m)        average: a = mean of r weighted by n
    /// ```
    Raw,
    /// Fisher's z; metafor: `ZPCOR` as of 5.0 (earlier releases divided by n - m - 1). Fisher 1924, Metron 3:329.
    ///
    /// ```text
    /// y = atanh r        v = 1 / (n - m - 2)        large sample (usual), average
    /// ```
    FisherZ,
}

impl From<PartialCorrelationMeasure> for Measure {
    fn from(measure: PartialCorrelationMeasure) -> Self {
        match measure {
            PartialCorrelationMeasure::Raw => Self::PartialCorrelation,
            PartialCorrelationMeasure::FisherZ => Self::FisherZPartial,
        }
    }
}

impl Summary for PartialCorrelation {
    type Measure = PartialCorrelationMeasure;

    fn effect(&self, how: &Conversion<PartialCorrelationMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        check_not_degenerate("correlation", self.r, measure.name())?;
        let (y, v) = match how.measure() {
            PartialCorrelationMeasure::Raw => {
                (self.r, of_correlation(at(how.variance_type(), self.r, how)?, self.n - self.predictors))
            }
            PartialCorrelationMeasure::FisherZ => {
                use VarianceType::{Average, LargeSample, Usual};
                if !matches!(how.variance_type(), Usual | LargeSample | Average) {
                    return Err(how.no_such_variance());
                }
                check::check_size("n", self.n, self.predictors + 3.0, measure.name())?;
                (libm::atanh(self.r), 1.0 / (self.n - self.predictors - 2.0))
            }
        };
        Effect::from_variance_and_n(measure, y, v, self.n)
    }

    fn context(rows: &[&Self], how: &Conversion<PartialCorrelationMeasure>) -> Result<Context> {
        match how.variance_type() {
            VarianceType::Average => average(rows.iter().map(|row| (row.n, row.r))),
            _ => Ok(Context::default()),
        }
    }
}
