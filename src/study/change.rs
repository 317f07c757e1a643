//! Means before and after in one group.

use super::check::{self, Count};
use super::conversion::{Conversion, Summary};
use super::moments::{Moments, hedges_correction};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Mean and standard deviation before and after in the same `n` people, with the correlation of the two.
///
/// The correlation is required: without it a paired design has no variance. Few papers report it, so a
/// sensitivity analysis over a range is the honest thing to do.
///
/// ```
/// use meta_analysis::study::{ChangeMeasure, Moments, PrePost, Summary};
///
/// // CDASI in Kampylafka 2012; r is not reported, 0.5 is assumed.
/// let row = PrePost::new(Moments::mean_sd(7.46, 6.26), Moments::mean_sd(2.96, 3.64), 24, 0.5)?;
/// let effect = row.effect(&ChangeMeasure::StandardizedBySdBefore.into())?;
/// assert!((effect.y() - (-0.695_107_754_820_117)).abs() < 1e-12); // metafor 5.1-12, SMCR
/// assert!((effect.variance() - 0.051_732_808_141_897_2).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct PrePost {
    before: Moments,
    after: Moments,
    n: f64,
    correlation: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    before: Moments,
    after: Moments,
    n: f64,
    correlation: f64,
}

impl TryFrom<Unchecked> for PrePost {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.before, raw.after, raw.n, raw.correlation)
    }
}

impl PrePost {
    /// Moments before and after in `n` people, and the correlation of the two measurements.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NegativeSd`], [`ErrorKind::SampleSizeTooSmall`] below two people,
    /// [`ErrorKind::NonIntegerCount`], [`ErrorKind::CorrelationOutOfRange`].
    pub fn new(before: Moments, after: Moments, n: impl Count, correlation: f64) -> Result<Self> {
        Ok(Self {
            before: before.checked("mean (before)", "SD (before)")?,
            after: after.checked("mean (after)", "SD (after)")?,
            n: check::check_size("n", n, 2.0, "a change")?,
            correlation: check::check_correlation("correlation", correlation)?,
        })
    }

    /// Moments before.
    pub fn before(&self) -> Moments {
        self.before
    }

    /// Moments after.
    pub fn after(&self) -> Moments {
        self.after
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// Correlation of before and after.
    pub fn correlation(&self) -> f64 {
        self.correlation
    }

    /// Standard deviation of the change:
    ///
    /// ```text
    /// sqrt(sd_before^2 + sd_after^2 - 2 r sd_before sd_after)
    /// ```
    pub fn sd_of_change(&self) -> f64 {
        let (before, after) = (self.before.sd(), self.after.sd());
        // The same sum of squares without cancellation, overflow or underflow.
        let twice = (2.0 * (1.0 - self.correlation)).sqrt() * before.sqrt() * after.sqrt();
        (before - after).hypot(twice)
    }

    /// Mean after minus mean before.
    pub fn mean_change(&self) -> f64 {
        self.after.mean() - self.before.mean()
    }
}

/// Measures of a [`PrePost`]; a positive value means a rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChangeMeasure {
    /// In the unit of the outcome; metafor: `MC`.
    ///
    /// ```text
    /// y = m_after - m_before        v = sd_change^2 / n
    /// ```
    MeanChange,
    /// Standardised by the SD before, with J of n - 1 df; metafor: `SMCR`. The estimate does not depend on the
    /// correlation, only its variance does. Becker 1988, Br J Math Stat Psychol 41:257,
    /// doi 10.1111/j.2044-8317.1988.tb00901.x.
    ///
    /// ```text
    /// g = J(n - 1) (m_after - m_before)/sd_before        v = 2 (1 - r)/n + g^2/(2 n)
    /// ```
    StandardizedBySdBefore,
    /// Standardised by the SD of the change, with J of n - 1 df; metafor: `SMCC`. Gibbons, Hedeker & Davis 1993,
    /// J Educ Stat 18:271, doi 10.3102/10769986018003271.
    ///
    /// ```text
    /// g = J(n - 1) (m_after - m_before)/sd_change        v = 1/n + g^2/(2 n)
    /// ```
    StandardizedBySdOfChange,
}

impl From<ChangeMeasure> for Measure {
    fn from(measure: ChangeMeasure) -> Self {
        match measure {
            ChangeMeasure::MeanChange => Self::MeanChange,
            ChangeMeasure::StandardizedBySdBefore => Self::StandardizedMeanChangeRaw,
            ChangeMeasure::StandardizedBySdOfChange => Self::StandardizedMeanChangeChange,
        }
    }
}

impl Summary for PrePost {
    type Measure = ChangeMeasure;

    fn effect(&self, how: &Conversion<ChangeMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let (y, v) = match how.measure() {
            ChangeMeasure::MeanChange => self.raw_change(measure)?,
            ChangeMeasure::StandardizedBySdBefore => {
                let g = self.standardized(measure, self.before.sd(), "SD (before)")?;
                (g, 2.0 * (1.0 - self.correlation) / self.n + g * g / (2.0 * self.n))
            }
            ChangeMeasure::StandardizedBySdOfChange => {
                if self.correlation >= 1.0 {
                    let (field, value) = ("correlation", self.correlation);
                    return Err(ErrorKind::DegenerateCorrelation { field, value, measure: measure.name() }.into());
                }
                let g = self.standardized(measure, self.sd_of_change(), "SD (change)")?;
                (g, 1.0 / self.n + g * g / (2.0 * self.n))
            }
        };
        if !(v > 0.0 && v.is_finite() && y.is_finite()) {
            return Err(ErrorKind::Overflow { what: measure.name() }.into());
        }
        Effect::from_variance_and_n(measure, y, v, self.n)
    }
}

impl PrePost {
    fn raw_change(&self, measure: Measure) -> Result<(f64, f64)> {
        let sd = self.sd_of_change();
        if sd <= 0.0 {
            let remedy = "check the standard deviations and the correlation";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        Ok((self.mean_change(), (sd / self.n.sqrt()).powi(2)))
    }

    fn standardized(&self, measure: Measure, sd: f64, field: &'static str) -> Result<f64> {
        check::check_size("n", self.n, 3.0, measure.name())?;
        if sd <= 0.0 {
            return Err(ErrorKind::ZeroSd { field, measure: measure.name() }.into());
        }
        Ok(hedges_correction(self.n - 1.0) * (self.after.mean() / sd - self.before.mean() / sd))
    }
}
