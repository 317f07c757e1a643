//! What a relative effect means in people.

use super::provenance::Converted;
use super::risk::{RiskMeasure, check_baseline, impossible};
use crate::error::{ErrorKind, Result};
use crate::study::significance::half_width;
use serde::{Deserialize, Serialize};

/// A value with its confidence limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// The value.
    pub value: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// The risk that an effect makes of a baseline risk, and the difference of the two.
///
/// The limits are those of the effect, carried over one by one: where the effect's interval contains no effect,
/// that of the difference contains 0. The baseline risk is taken as known.
///
/// ```
/// use meta_analysis::study::{Reported, convert::{AbsoluteEffect, Event}};
///
/// let effect = Reported::odds_ratio(0.5).ci95(0.25, 1.0)?;
/// let absolute = AbsoluteEffect::at(effect, 0.2, 0.95)?;
/// assert!((absolute.risk().value - 1.0 / 9.0).abs() < 1e-15);
/// assert!((absolute.per_thousand().value - (-88.888_888_888)).abs() < 1e-8);
/// let needed = absolute.number_needed(Event::Undesired);
/// assert!(needed.to_string().starts_with("NNTB 11.2"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AbsoluteEffect {
    baseline: f64,
    risk: Bounds,
    level: f64,
    clipped: [bool; 2],
}

impl AbsoluteEffect {
    /// The absolute effect at a stated risk in the second (control) group, with an interval of this level.
    ///
    /// # Errors
    /// [`ErrorKind::WrongMeasure`] unless odds ratio, risk ratio, risk difference or hazard ratio,
    /// [`ErrorKind::OutsideSupport`] unless 0 < baseline < 1, [`ErrorKind::LevelOutOfRange`],
    /// [`ErrorKind::Inconsistent`] where the risk itself would leave [0, 1]. Limits that would leave it are cut,
    /// which [`clipped`](Self::clipped) says.
    pub fn at(effect: impl Into<Converted>, baseline: f64, level: f64) -> Result<Self> {
        let effect = effect.into().effect();
        let measure = RiskMeasure::of(&effect)?;
        let baseline = check_baseline(baseline)?;
        let half = half_width(level, None)? * effect.se();
        let risk = |y: f64| measure.risk(y, baseline).0;
        let value = risk(effect.y());
        if !(0.0..=1.0).contains(&value) {
            return Err(impossible().into());
        }
        let (lower, upper) = (risk(effect.y() - half), risk(effect.y() + half));
        if lower.is_nan() || upper.is_nan() {
            return Err(ErrorKind::Overflow { what: "the limits of the risk" }.into());
        }
        let risk = Bounds { value, lower: lower.max(0.0), upper: upper.min(1.0) };
        Ok(Self { baseline, risk, level, clipped: [lower < 0.0, upper > 1.0] })
    }

    /// The baseline risk.
    pub fn baseline(&self) -> f64 {
        self.baseline
    }

    /// The risk with the effect.
    pub fn risk(&self) -> Bounds {
        self.risk
    }

    /// The difference from the baseline risk.
    pub fn difference(&self) -> Bounds {
        self.scaled(1.0)
    }

    /// The difference in events among a thousand people.
    pub fn per_thousand(&self) -> Bounds {
        self.scaled(1000.0)
    }

    /// Level of the limits.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Whether the lower and the upper limit of the risk would have left [0, 1] and were cut there.
    pub fn clipped(&self) -> [bool; 2] {
        self.clipped
    }

    fn scaled(&self, by: f64) -> Bounds {
        let of = |risk: f64| by * (risk - self.baseline);
        Bounds { value: of(self.risk.value), lower: of(self.risk.lower), upper: of(self.risk.upper) }
    }
}
