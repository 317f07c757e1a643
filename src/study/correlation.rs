//! A correlation in a number of people.

use super::check::{self, Count};
use super::conversion::{Conversion, Summary};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Pearson's correlation `r` of two variables in `n` people.
///
/// ```
/// use meta_analysis::study::{Correlation, CorrelationMeasure, Summary};
///
/// let effect = Correlation::new(0.6, 28)?.effect(&CorrelationMeasure::FisherZ.into())?;
/// assert!((effect.y() - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(effect.variance(), 1.0 / 25.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Correlation {
    r: f64,
    n: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    r: f64,
    n: f64,
}

impl TryFrom<Unchecked> for Correlation {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.r, raw.n)
    }
}

impl Correlation {
    /// A correlation in `n` people.
    ///
    /// # Errors
    /// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::NonFinite`], [`ErrorKind::SampleSizeTooSmall`] below two
    /// people, [`ErrorKind::NonIntegerCount`].
    pub fn new(r: f64, n: impl Count) -> Result<Self> {
        let n = check::check_size("n", n, 2.0, "a correlation")?;
        Ok(Self { r: check::check_correlation("correlation", r)?, n })
    }

    /// The correlation.
    pub fn r(&self) -> f64 {
        self.r
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }
}

/// Measures of a [`Correlation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CorrelationMeasure {
    /// Fisher's variance-stabilising transformation; metafor: `ZCOR`. Fisher 1921, Metron 1:3.
    ///
    /// ```text
    /// y = atanh r        v = 1 / (n - 3)
    /// ```
    FisherZ,
    /// Not transformed; metafor: `COR` (vtype "LS").
    ///
    /// ```text
    /// y = r        v = (1 - r^2)^2 / (n - 1)
    /// ```
    Raw,
}

impl From<CorrelationMeasure> for Measure {
    fn from(measure: CorrelationMeasure) -> Self {
        match measure {
            CorrelationMeasure::FisherZ => Self::FisherZ,
            CorrelationMeasure::Raw => Self::RawCorrelation,
        }
    }
}

impl Summary for Correlation {
    type Measure = CorrelationMeasure;

    fn effect(&self, how: &Conversion<CorrelationMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        if self.r.abs() >= 1.0 {
            let (field, value) = ("correlation", self.r);
            return Err(ErrorKind::DegenerateCorrelation { field, value, measure: measure.name() }.into());
        }
        let (y, v) = match how.measure() {
            CorrelationMeasure::FisherZ => {
                check::check_size("n", self.n, 4.0, measure.name())?;
                (self.r.atanh(), 1.0 / (self.n - 3.0))
            }
            CorrelationMeasure::Raw => (self.r, ((1.0 - self.r) * (1.0 + self.r)).powi(2) / (self.n - 1.0)),
        };
        Effect::from_variance_and_n(measure, y, v, self.n)
    }
}
