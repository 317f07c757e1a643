//! Events in an amount of person-time, in one group.

use super::check::{self, Count, Fractions};
use super::conversion::{Conversion, Summary};
use crate::effect::{Adjustment, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// `events` in `time` units of person-time.
///
/// ```
/// use meta_analysis::study::Rate;
/// assert_eq!(Rate::new(9, 450.0)?.value(), 0.02);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Rate {
    events: f64,
    time: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    events: f64,
    time: f64,
}

impl TryFrom<Unchecked> for Rate {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fractional(raw.events, raw.time)
    }
}

impl Rate {
    /// `events`, a whole number, in `time` units of person-time (years, days; one unit for all studies).
    ///
    /// # Errors
    /// [`ErrorKind::NonPositiveTime`], [`ErrorKind::NegativeCount`], [`ErrorKind::NonFinite`],
    /// [`ErrorKind::NonIntegerCount`], [`ErrorKind::CountNotExact`].
    pub fn new(events: impl Count, time: f64) -> Result<Self> {
        let events = check::check("events", events, Fractions::Refused)?;
        Ok(Self { events, time: check::check_time("time", time)? })
    }

    /// As [`new`](Self::new), but a fraction of an event is allowed, as imputation makes it.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(events: f64, time: f64) -> Result<Self> {
        let events = check::check("events", events, Fractions::Allowed)?;
        Ok(Self { events, time: check::check_time("time", time)? })
    }

    /// Number of events.
    pub fn events(&self) -> f64 {
        self.events
    }

    /// Person-time.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Events per unit of person-time.
    pub fn value(&self) -> f64 {
        self.events / self.time
    }
}

/// Measures of a [`Rate`] of `x` events in person-time `t`. Rothman, Greenland & Lash 2008, Modern Epidemiology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RateMeasure {
    /// metafor: `IR`.
    ///
    /// ```text
    /// y = x / t        v = x / t^2
    /// ```
    Raw,
    /// metafor: `IRLN`.
    ///
    /// ```text
    /// y = ln(x / t)        v = 1 / x
    /// ```
    Log,
}

impl From<RateMeasure> for Measure {
    fn from(measure: RateMeasure) -> Self {
        match measure {
            RateMeasure::Raw => Self::RawRate,
            RateMeasure::Log => Self::LogRate,
        }
    }
}

impl Summary for Rate {
    type Measure = RateMeasure;

    fn has_zero_cell(&self) -> bool {
        self.events <= 0.0
    }

    fn effect(&self, how: &Conversion<RateMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let addition = how.zero_cells_policy().addition(self.has_zero_cell(), self.time, 0.0)?;
        let added = addition.map_or(0.0, |(add, _)| add);
        let x = self.events + added;
        if x <= 0.0 {
            return Err(ErrorKind::ZeroCell { field: "events", measure: measure.name() }.into());
        }
        let (y, v) = match how.measure() {
            RateMeasure::Raw => (x / self.time, x / self.time / self.time),
            RateMeasure::Log => (x.ln() - self.time.ln(), 1.0 / x),
        };
        let adjustment = (added > 0.0).then_some(Adjustment::CountsAdded { first: added, second: 0.0 });
        Ok(Effect::from_variance(measure, y, v)?.adjusted(adjustment))
    }
}
