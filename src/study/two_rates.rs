//! Events in person-time in two groups.

use super::check::Count;
use super::conversion::{Conversion, Summary};
use super::rate::Rate;
use super::zero_cells::Uninformative;
use crate::effect::{Adjustment, Effect};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Events and person-time of two groups; effects compare the first with the second.
///
/// ```
/// use meta_analysis::study::{Summary, TwoRates, TwoRatesMeasure};
///
/// let effect = TwoRates::new((9, 413.0), (19, 410.0))?.effect(&TwoRatesMeasure::LogIncidenceRateRatio.into())?;
/// assert!((effect.y() - (-0.754_504_835_092_9)).abs() < 1e-12); // metafor 5.1-12, escalc("IRR")
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TwoRates {
    first: Rate,
    second: Rate,
}

impl TwoRates {
    /// `(events, time)` of the first and of the second group.
    ///
    /// # Errors
    /// As [`Rate::new`].
    pub fn new(first: (impl Count, f64), second: (impl Count, f64)) -> Result<Self> {
        Ok(Self { first: Rate::new(first.0, first.1)?, second: Rate::new(second.0, second.1)? })
    }

    /// The two groups.
    pub fn groups(&self) -> (Rate, Rate) {
        (self.first, self.second)
    }
}

/// Measures of [`TwoRates`]: `x1` events in time `t1` against `x2` in `t2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TwoRatesMeasure {
    /// metafor: `IRR`. Rothman, Greenland & Lash 2008, Modern Epidemiology.
    ///
    /// ```text
    /// y = ln((x1/t1) / (x2/t2))        v = 1/x1 + 1/x2
    /// ```
    LogIncidenceRateRatio,
}

impl From<TwoRatesMeasure> for Measure {
    fn from(measure: TwoRatesMeasure) -> Self {
        match measure {
            TwoRatesMeasure::LogIncidenceRateRatio => Self::LogIncidenceRateRatio,
        }
    }
}

impl Summary for TwoRates {
    type Measure = TwoRatesMeasure;

    fn has_zero_cell(&self) -> bool {
        self.first.has_zero_cell() || self.second.has_zero_cell()
    }

    fn effect(&self, how: &Conversion<TwoRatesMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let policy = how.zero_cells_policy();
        let (t1, t2) = (self.first.time(), self.second.time());
        let none = self.first.has_zero_cell() && self.second.has_zero_cell();
        if none && policy.uninformative() != Uninformative::Keep {
            return Err(ErrorKind::DoubleZero { measure: measure.name() }.into());
        }
        let addition = policy.addition(self.has_zero_cell(), t1, t2)?;
        let (add1, add2) = addition.unwrap_or((0.0, 0.0));
        let (x1, x2) = (self.first.events() + add1, self.second.events() + add2);
        for (x, field) in [(x1, "events (group 1)"), (x2, "events (group 2)")] {
            if x <= 0.0 {
                return Err(ErrorKind::ZeroCell { field, measure: measure.name() }.into());
            }
        }
        let y = x1.ln() - x2.ln() - (t1.ln() - t2.ln());
        let adjustment = addition.map(|(first, second)| Adjustment::CountsAdded { first, second });
        Ok(Effect::from_variance(measure, y, 1.0 / x1 + 1.0 / x2)?.adjusted(adjustment))
    }
}
