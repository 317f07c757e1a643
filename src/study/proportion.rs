//! Events among a number of people, in one group.

use super::check::{self, Count, Fractions};
use super::conversion::{Conversion, Summary};
use crate::effect::{Adjustment, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// `events` of `total` people: a single group's count.
///
/// ```
/// use meta_analysis::study::Proportion;
///
/// let hara = Proportion::new(7, 8)?;
/// assert_eq!(hara.value(), 0.875);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Proportion {
    events: f64,
    total: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    events: f64,
    total: f64,
}

impl TryFrom<Unchecked> for Proportion {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fractional(raw.events, raw.total)
    }
}

impl Proportion {
    /// `events` of `total` people, both whole numbers.
    ///
    /// # Errors
    /// [`ErrorKind::EventsExceedTotal`], [`ErrorKind::EmptyArm`], [`ErrorKind::NegativeCount`],
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NonIntegerCount`], [`ErrorKind::CountNotExact`].
    pub fn new(events: impl Count, total: impl Count) -> Result<Self> {
        Self::checked(events, total, Fractions::Refused)
    }

    /// As [`new`](Self::new), but fractions are allowed, as imputation makes them.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(events: f64, total: f64) -> Result<Self> {
        Self::checked(events, total, Fractions::Allowed)
    }

    fn checked(events: impl Count, total: impl Count, fractions: Fractions) -> Result<Self> {
        let events = check::check("events", events, fractions)?;
        let total = check::check("total", total, fractions)?;
        if total <= 0.0 {
            return Err(ErrorKind::EmptyArm { field: "total" }.into());
        }
        if events > total {
            return Err(ErrorKind::EventsExceedTotal { events, total }.into());
        }
        Ok(Self { events, total })
    }

    /// Number of events.
    pub fn events(&self) -> f64 {
        self.events
    }

    /// Number of people.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Events over people.
    pub fn value(&self) -> f64 {
        self.events / self.total
    }
}

/// Measures of a [`Proportion`] of `x` events in `n` people; `p = x / n`.
///
/// Pooling transformed proportions by inverse variance is biased for small `n`; `docs/limitations.md` has
/// figures. Agresti 2013, Categorical Data Analysis; the formulas are metafor's `escalc` measures of the codes
/// given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProportionMeasure {
    /// metafor: `PR`.
    ///
    /// ```text
    /// y = p        v = p (1 - p) / n
    /// ```
    Raw,
    /// metafor: `PLO`.
    ///
    /// ```text
    /// y = ln(x / (n - x))        v = 1/x + 1/(n - x)
    /// ```
    Logit,
    /// metafor: `PLN`.
    ///
    /// ```text
    /// y = ln p        v = 1/x - 1/n
    /// ```
    Log,
    /// metafor: `PAS`. Defined for 0 and n events.
    ///
    /// ```text
    /// y = asin sqrt p        v = 1 / (4 n)
    /// ```
    Arcsine,
    /// Freeman-Tukey double arcsine; metafor: `PFT`. Defined for 0 and n events, but not recommended: its
    /// back-transformation depends on the sample size (Schwarzer et al. 2019, Res Synth Methods 10:476,
    /// doi 10.1002/jrsm.1348).
    ///
    /// ```text
    /// y = (asin sqrt(x / (n + 1)) + asin sqrt((x + 1) / (n + 1))) / 2        v = 1 / (4 n + 2)
    /// ```
    FreemanTukey,
}

impl From<ProportionMeasure> for Measure {
    fn from(measure: ProportionMeasure) -> Self {
        match measure {
            ProportionMeasure::Raw => Self::RawProportion,
            ProportionMeasure::Logit => Self::LogitProportion,
            ProportionMeasure::Log => Self::LogProportion,
            ProportionMeasure::Arcsine => Self::ArcsineProportion,
            ProportionMeasure::FreemanTukey => Self::FreemanTukeyProportion,
        }
    }
}

impl Summary for Proportion {
    type Measure = ProportionMeasure;

    fn has_zero_cell(&self) -> bool {
        self.events <= 0.0 || self.events >= self.total
    }

    fn effect(&self, how: &Conversion<ProportionMeasure>) -> Result<Effect> {
        use ProportionMeasure::{Arcsine, FreemanTukey, Log, Logit, Raw};
        let measure = Measure::from(how.measure());
        let corrects = matches!(how.measure(), Raw | Logit | Log);
        let added = if corrects {
            how.zero_cells_policy().addition(self.has_zero_cell(), self.total, 0.0)?.map_or(0.0, |(add, _)| add)
        } else {
            0.0
        };
        let (x, n) = (self.events + added, self.total + 2.0 * added);
        let rest = self.total - self.events + added;
        let zero = |field| Err(ErrorKind::ZeroCell { field, measure: measure.name() }.into());
        let (y, v) = match how.measure() {
            Raw | Logit | Log if x <= 0.0 => return zero("events"),
            Raw | Logit | Log if rest <= 0.0 => return zero("non-events"),
            Raw => (x / n, x / n * (rest / n) / n),
            Logit => ((x / rest).ln(), 1.0 / x + 1.0 / rest),
            Log => ((x / n).ln(), rest / n / x),
            Arcsine => ((x / n).sqrt().asin(), 0.25 / n),
            FreemanTukey => {
                let (below, above) = ((x / (n + 1.0)).sqrt(), ((x + 1.0) / (n + 1.0)).sqrt());
                (0.5 * (below.asin() + above.asin()), 1.0 / (4.0 * n + 2.0))
            }
        };
        let adjustment = (added > 0.0).then_some(Adjustment::CountsAdded { first: added, second: 0.0 });
        Ok(Effect::from_variance_and_n(measure, y, v, self.total)?.adjusted(adjustment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::ZeroCells;

    #[test]
    fn zero_and_full_counts_need_a_policy_where_the_measure_is_undefined() {
        use ProportionMeasure::{Arcsine, FreemanTukey, Log, Logit, Raw};
        for (x, field) in [(0, "events"), (10, "non-events")] {
            let row = Proportion::new(x, 10).unwrap();
            for measure in [Raw, Logit, Log] {
                let error = row.effect(&measure.into()).unwrap_err();
                assert_eq!(error.field(), Some(field), "{measure:?}");
                let how = Conversion::new(measure).zero_cells(ZeroCells::constant(0.5));
                let effect = row.effect(&how).unwrap();
                assert_eq!(effect.adjustment(), Some(Adjustment::CountsAdded { first: 0.5, second: 0.0 }));
            }
            for measure in [Arcsine, FreemanTukey] {
                assert_eq!(row.effect(&measure.into()).unwrap().adjustment(), None);
            }
        }
    }

    #[test]
    fn a_correction_must_be_positive_and_finite() {
        for add in [0.0, -0.5, f64::NAN, f64::INFINITY] {
            let how = Conversion::new(ProportionMeasure::Logit).zero_cells(ZeroCells::constant(add));
            let error = Proportion::new(0, 10).unwrap().effect(&how).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidCorrection { .. }));
        }
    }
}
