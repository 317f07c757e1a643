//! Cronbach's alpha of a scale.

use super::check::{self, Count};
use super::conversion::{Conversion, Summary};
use super::variance::VarianceType;
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Cronbach's alpha of a scale of `items` items in `n` people.
///
/// ```
/// use meta_analysis::study::{Reliability, ReliabilityMeasure, Summary};
///
/// let effect = Reliability::new(0.93, 20, 103)?.effect(&ReliabilityMeasure::Bonett.into())?;
/// assert!((effect.y() - 2.659_260_036_932_78).abs() < 1e-13); // metafor 5.1-12, ABT
/// assert!((effect.variance() - 0.020_844_189_682_126_1).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Reliability {
    alpha: f64,
    items: f64,
    n: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    alpha: f64,
    items: f64,
    n: f64,
}

impl TryFrom<Unchecked> for Reliability {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.alpha, raw.items, raw.n)
    }
}

impl Reliability {
    /// Cronbach's alpha, the number of items and the number of people. Alpha may be negative.
    ///
    /// # Errors
    /// [`ErrorKind::OutsideSupport`] for an alpha above 1, [`ErrorKind::NonFinite`], [`ErrorKind::TooFewItems`],
    /// [`ErrorKind::SampleSizeTooSmall`] below three people, [`ErrorKind::NonIntegerCount`].
    pub fn new(alpha: f64, items: impl Count, n: impl Count) -> Result<Self> {
        let value = items.to_f64();
        if value < 2.0 {
            return Err(ErrorKind::TooFewItems { value }.into());
        }
        let alpha = check::check_finite("alpha", alpha)?;
        if alpha > 1.0 {
            let (lower, upper) = (f64::NEG_INFINITY, 1.0);
            return Err(ErrorKind::OutsideSupport { field: "alpha", value: alpha, lower, upper }.into());
        }
        let items = check::check_size("items", items, 2.0, "a reliability")?;
        Ok(Self { alpha, items, n: check::check_size("n", n, 3.0, "a reliability")? })
    }

    /// Cronbach's alpha.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// Number of items.
    pub fn items(&self) -> f64 {
        self.items
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }
}

/// Measures of a [`Reliability`] `a` of `k` items in `n` people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReliabilityMeasure {
    /// Not transformed; metafor: `ARAW`. van Zyl, Neudecker & Nel 2000, Psychometrika 65:271,
    /// doi 10.1007/BF02296146, for compound-symmetric items.
    ///
    /// ```text
    /// y = a        v = 2 k (1 - a)^2 / ((k - 1)(n - 2))
    /// ```
    Raw,
    /// metafor: `AHW`. Hakstian & Whalen 1976, Psychometrika 41:219, doi 10.1007/BF02291840.
    ///
    /// ```text
    /// y = 1 - (1 - a)^(1/3)        v = 18 k (n - 1) (1 - a)^(2/3) / ((k - 1)(9 n - 11)^2)
    /// ```
    HakstianWhalen,
    /// metafor: `ABT`. Bonett 2002, J Educ Behav Stat 27:335, doi 10.3102/10769986027004335.
    ///
    /// ```text
    /// y = -ln(1 - a)        v = 2 k / ((k - 1)(n - 2))
    /// ```
    Bonett,
}

impl From<ReliabilityMeasure> for Measure {
    fn from(measure: ReliabilityMeasure) -> Self {
        match measure {
            ReliabilityMeasure::Raw => Self::ReliabilityAlpha,
            ReliabilityMeasure::HakstianWhalen => Self::ReliabilityHakstianWhalen,
            ReliabilityMeasure::Bonett => Self::ReliabilityBonett,
        }
    }
}

impl Summary for Reliability {
    type Measure = ReliabilityMeasure;

    fn effect(&self, how: &Conversion<ReliabilityMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        if !matches!(how.variance_type(), VarianceType::Usual | VarianceType::LargeSample) {
            return Err(how.no_such_variance());
        }
        let degenerate =
            || ErrorKind::DegenerateReliability { field: "alpha", value: self.alpha, measure: measure.name() };
        if self.alpha >= 1.0 {
            return Err(degenerate().into());
        }
        let (rest, n, share) = (1.0 - self.alpha, self.n, self.items / (self.items - 1.0));
        let y = measure.scale(None).and_then(|scale| scale.to_analysis(self.alpha)).ok_or_else(degenerate)?;
        let v = match how.measure() {
            ReliabilityMeasure::Raw => 2.0 * share * rest * rest / (n - 2.0),
            ReliabilityMeasure::HakstianWhalen => {
                let width = 9.0 * n - 11.0;
                18.0 * share * rest.cbrt().powi(2) * ((n - 1.0) / width) / width
            }
            ReliabilityMeasure::Bonett => 2.0 * share / (n - 2.0),
        };
        if !v.is_finite() {
            return Err(ErrorKind::Overflow { what: measure.name() }.into());
        }
        Effect::from_variance_and_n(measure, y, v, n)
    }
}
