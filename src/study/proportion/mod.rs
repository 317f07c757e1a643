//! Events among a number of people, in one group.

mod interval;
mod measure;

pub use interval::ProportionInterval;
pub use measure::ProportionMeasure;

use super::check::{self, Count, Fractions};
use super::conversion::{Context, Conversion, Summary};
use super::precise::ln_ratio;
use super::two_by_two::probit;
use super::variance::VarianceType::{Average, LargeSample, Unbiased, Usual};
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

const NAMES: [&str; 2] = ["events", "total"];

impl Proportion {
    /// `events` of `total` people, both whole numbers.
    ///
    /// # Errors
    /// [`ErrorKind::EventsExceedTotal`], [`ErrorKind::EmptyArm`], [`ErrorKind::NegativeCount`],
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NonIntegerCount`], [`ErrorKind::CountNotExact`].
    pub fn new(events: impl Count, total: impl Count) -> Result<Self> {
        Self::checked((events, total), NAMES, Fractions::Refused)
    }

    /// As [`new`](Self::new), but fractions are allowed, as imputation makes them.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(events: f64, total: f64) -> Result<Self> {
        Self::checked((events, total), NAMES, Fractions::Allowed)
    }

    /// A group of a larger table is checked under its own names.
    pub(super) fn checked(
        (events, total): (impl Count, impl Count),
        [field, of]: [&'static str; 2],
        fractions: Fractions,
    ) -> Result<Self> {
        let events = check::check(field, events, fractions)?;
        let total = check::check(of, total, fractions)?;
        if total <= 0.0 {
            return Err(ErrorKind::EmptyArm { field: of }.into());
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

impl Summary for Proportion {
    type Measure = ProportionMeasure;

    fn has_zero_cell(&self) -> bool {
        self.events <= 0.0 || self.events >= self.total
    }

    fn context(rows: &[&Self], how: &Conversion<ProportionMeasure>) -> Result<Context> {
        let mut context = Context::default();
        if how.variance_type() == Average {
            let (mut events, mut people) = (0.0, 0.0);
            for row in rows {
                let [x, rest, _] = row.corrected(how)?;
                events += x;
                people += x + rest;
            }
            context.averages = (people > 0.0).then(|| [events / people; 2]);
        }
        Ok(context)
    }

    fn effect(&self, how: &Conversion<ProportionMeasure>) -> Result<Effect> {
        use ProportionMeasure::{Arcsine, FreemanTukey, Log, Logit, Probit, Raw};
        let measure = Measure::from(how.measure());
        let [x, rest, added] = self.corrected(how)?;
        let n = x + rest;
        if matches!(how.measure(), Raw | Logit | Log | Probit) {
            let zero = |field| ErrorKind::ZeroCell { field, measure: measure.name() };
            if x <= 0.0 {
                return Err(zero("events").into());
            }
            if rest <= 0.0 {
                return Err(zero("non-events").into());
            }
        }
        let average = || how.averages().map(|[p, _]| (p, 1.0 - p));
        let (y, v) = match (how.measure(), how.variance_type()) {
            (Raw, Usual | LargeSample) => (x / n, x / n * (rest / n) / n),
            (Raw, Unbiased) => {
                check_more_than_one(n)?;
                (x / n, x / n * (rest / n) / (n - 1.0))
            }
            (Raw, Average) => (x / n, average().map(|(p, q)| p * q / n)?),
            (Logit, Usual | LargeSample) => (ln_ratio(x, rest), 1.0 / x + 1.0 / rest),
            (Logit, Average) => (ln_ratio(x, rest), average().map(|(p, q)| 1.0 / (n * p * q))?),
            // Near certainty the logarithm is taken from the other side.
            (Log, variance) => {
                let y = if rest < x { (-rest / n).ln_1p() } else { (x / n).ln() };
                match variance {
                    Usual | LargeSample => (y, rest / n / x),
                    Average => (y, average().map(|(p, q)| q / (n * p))?),
                    _ => return Err(how.no_such_variance()),
                }
            }
            (Probit, Usual | LargeSample) => probit(x, rest),
            (Arcsine, Usual | LargeSample) => (x.sqrt().atan2(rest.sqrt()), 0.25 / n),
            (FreemanTukey, Usual | LargeSample) => {
                let (below, above) = (x.sqrt().atan2((rest + 1.0).sqrt()), (x + 1.0).sqrt().atan2(rest.sqrt()));
                (0.5 * (below + above), 1.0 / (4.0 * n + 2.0))
            }
            _ => return Err(how.no_such_variance()),
        };
        let adjustment = (added > 0.0).then_some(Adjustment::CountsAdded { first: added, second: 0.0 });
        // The way back from a double arcsine is the one of the counts it was computed from.
        let size = if how.measure() == FreemanTukey { n } else { self.total };
        Ok(Effect::from_variance_and_n(measure, y, v, size)?.adjusted(adjustment))
    }
}

impl Proportion {
    /// Events and non-events after the correction that the policy calls for, and what was added to each.
    fn corrected(&self, how: &Conversion<ProportionMeasure>) -> Result<[f64; 3]> {
        let added = how.zero_cells_policy().addition_alike(self.has_zero_cell())?.unwrap_or(0.0);
        Ok([self.events + added, self.total - self.events + added, added])
    }
}

fn check_more_than_one(n: f64) -> Result<()> {
    if n > 1.0 {
        return Ok(());
    }
    let (field, measure) = ("total", "an unbiased variance");
    Err(ErrorKind::SampleSizeTooSmall { field, value: n, needed: 2.0, measure }.into())
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
