//! The number of people to treat for one more, or one less, event.

use super::absolute::{AbsoluteEffect, Bounds};
use super::provenance::Converted;
use super::standardized::AUC;
use crate::error::Result;
use crate::num::format::significant;
use crate::study::significance::half_width;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether the event is what the treatment is meant to bring about or to prevent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// Response, remission: more of it is a benefit.
    Desired,
    /// Death, relapse: less of it is a benefit.
    Undesired,
}

/// How many people must be treated for one of them to be better, or worse, off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Needed {
    /// Number needed to treat to benefit (NNTB).
    ToBenefit(f64),
    /// Number needed to treat to harm (NNTH).
    ToHarm(f64),
    /// No number suffices: the risks are equal.
    Infinite,
}

impl Needed {
    /// From a difference in the direction of benefit.
    fn of(benefit: f64) -> Self {
        let number = benefit.abs().recip();
        if number.is_infinite() {
            Self::Infinite
        } else if benefit > 0.0 {
            Self::ToBenefit(number)
        } else {
            Self::ToHarm(number)
        }
    }
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToBenefit(number) => write!(f, "NNTB {}", significant(*number)),
            Self::ToHarm(number) => write!(f, "NNTH {}", significant(*number)),
            Self::Infinite => f.write_str("infinity"),
        }
    }
}

/// A number needed to treat with its interval, which may run through infinity.
///
/// ```text
/// NNT = 1 / |difference of risks|
/// ```
///
/// Where the interval of the difference contains 0, that of the number runs from a number needed to treat to
/// benefit through infinity to a number needed to treat to harm, and the numbers in between the two are *not* in
/// it. Altman 1998, BMJ 317:1309, doi 10.1136/bmj.317.7168.1309.
///
/// ```
/// use meta_analysis::{Effect, Measure, study::convert::{AbsoluteEffect, Event, Needed}};
///
/// // Altman 1998: an absolute risk reduction of 10 % with interval -5 % to 25 %.
/// let difference = Effect::from_se(Measure::RiskDifference, -0.10, 0.15 / 1.959963984540054)?;
/// let needed = AbsoluteEffect::at(difference, 0.4, 0.95)?.number_needed(Event::Undesired);
/// assert_eq!(needed.to_string(), "NNTB 10.0 (NNTB 4.00 to infinity to NNTH 20.0)");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberNeeded {
    estimate: Needed,
    limits: [Needed; 2],
    level: f64,
}

impl NumberNeeded {
    fn new(benefit: Bounds, level: f64) -> Self {
        let limits = [Needed::of(benefit.upper), Needed::of(benefit.lower)];
        Self { estimate: Needed::of(benefit.value), limits, level }
    }

    /// The number needed to treat behind an area under the curve `A`, by way of the chance of a better minus the
    /// chance of a worse outcome, `2 A - 1`; more is taken to be better.
    ///
    /// Kraemer & Kupfer 2006, Biol Psychiatry 59:990, doi 10.1016/j.biopsych.2005.09.014.
    ///
    /// # Errors
    /// [`ErrorKind::WrongMeasure`](crate::ErrorKind::WrongMeasure) unless an area under the curve (a standardised difference becomes one by
    /// [`d_to_auc`](super::d_to_auc)), [`ErrorKind::LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange).
    pub fn from_auc(auc: impl Into<Converted>, level: f64) -> Result<Self> {
        let auc = auc.into();
        let value = auc.of(&AUC, "an area under the curve")?;
        let half = half_width(level, None)? * auc.effect().se();
        let of = |a: f64| 2.0 * a.clamp(0.0, 1.0) - 1.0;
        Ok(Self::new(Bounds { value: of(value), lower: of(value - half), upper: of(value + half) }, level))
    }

    /// The number.
    pub fn estimate(&self) -> Needed {
        self.estimate
    }

    /// The limits: first the one that speaks most for the treatment.
    pub fn limits(&self) -> [Needed; 2] {
        self.limits
    }

    /// Level of the interval.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Whether the interval runs through infinity, from benefit to harm.
    pub fn crosses_infinity(&self) -> bool {
        matches!(self.limits, [Needed::ToBenefit(_), Needed::ToHarm(_)])
    }
}

impl fmt::Display for NumberNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [best, worst] = self.limits;
        let through = if self.crosses_infinity() { "infinity to " } else { "" };
        write!(f, "{} ({best} to {through}{worst})", self.estimate)
    }
}

impl AbsoluteEffect {
    /// The number needed to treat, for an event that is desired or not.
    pub fn number_needed(&self, event: Event) -> NumberNeeded {
        let Bounds { value, lower, upper } = self.difference();
        let benefit = match event {
            Event::Desired => Bounds { value, lower, upper },
            Event::Undesired => Bounds { value: -value, lower: -upper, upper: -lower },
        };
        NumberNeeded::new(benefit, self.level())
    }
}
