//! Events in an amount of person-time, in one group.

use super::check::{self, Count, Fractions};
use super::conversion::{Conversion, Summary};
use super::precise::ln_ratio;
use super::variance::VarianceType::{LargeSample, Usual};
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
///
/// A [`ZeroCells`](super::ZeroCells) policy is obeyed for every measure, also for those that are defined without
/// one; metafor adds nothing to these unless told to.
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
    /// Square root, with a variance that the rate does not enter; metafor: `IRS`. Defined for no events.
    ///
    /// ```text
    /// y = sqrt(x / t)        v = 1 / (4 t)
    /// ```
    SquareRoot,
    /// metafor: `IRFT`. Freeman & Tukey 1950, Ann Math Stat 21:607, doi 10.1214/aoms/1177729756. Defined for no
    /// events. The way back needs the person-time, which the effect carries as its `n`.
    ///
    /// ```text
    /// y = (sqrt(x / t) + sqrt((x + 1) / t)) / 2        v = 1 / (4 t)
    /// ```
    FreemanTukey,
}

impl From<RateMeasure> for Measure {
    fn from(measure: RateMeasure) -> Self {
        match measure {
            RateMeasure::Raw => Self::RawRate,
            RateMeasure::Log => Self::LogRate,
            RateMeasure::SquareRoot => Self::RootRate,
            RateMeasure::FreemanTukey => Self::FreemanTukeyRate,
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
        if !matches!(how.variance_type(), Usual | LargeSample) {
            return Err(how.no_such_variance());
        }
        let added = how.zero_cells_policy().addition_alike(self.has_zero_cell())?.unwrap_or(0.0);
        let (x, t) = (self.events + added, self.time);
        if x <= 0.0 && matches!(how.measure(), RateMeasure::Raw | RateMeasure::Log) {
            return Err(ErrorKind::ZeroCell { field: "events", measure: measure.name() }.into());
        }
        let (y, v) = match how.measure() {
            RateMeasure::Raw => (x / t, x / t / t),
            RateMeasure::Log => (ln_ratio(x, t), 1.0 / x),
            RateMeasure::SquareRoot => ((x / t).sqrt(), 0.25 / t),
            RateMeasure::FreemanTukey => (0.5 * ((x / t).sqrt() + ((x + 1.0) / t).sqrt()), 0.25 / t),
        };
        if v <= 0.0 {
            return Err(ErrorKind::Overflow { what: "the variance of the rate" }.into());
        }
        let effect = match how.measure() {
            RateMeasure::FreemanTukey => Effect::from_variance_and_n(measure, y, v, t)?,
            _ => Effect::from_variance(measure, y, v)?,
        };
        let adjustment = (added > 0.0).then_some(Adjustment::CountsAdded { first: added, second: 0.0 });
        Ok(effect.adjusted(adjustment))
    }
}
