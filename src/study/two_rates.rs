//! Events in person-time in two groups.

use super::check::Count;
use super::conversion::{Context, Conversion, Summary};
use super::precise::{difference_of_ratios, ln_ratio_of_ratios};
use super::rate::Rate;
use super::variance::VarianceType;
use super::zero_cells::{Correction, Uninformative, pooled_ratio};
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

/// Measures of [`TwoRates`]: `x1` events in time `t1` against `x2` in `t2`. Rothman, Greenland & Lash 2008, Modern
/// Epidemiology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TwoRatesMeasure {
    /// metafor: `IRR`. Not defined without events in one group.
    ///
    /// ```text
    /// y = ln((x1/t1) / (x2/t2))        v = 1/x1 + 1/x2
    /// ```
    LogIncidenceRateRatio,
    /// Events per unit of person-time; metafor: `IRD`.
    ///
    /// ```text
    /// y = x1/t1 - x2/t2        v = x1/t1^2 + x2/t2^2
    /// ```
    IncidenceRateDifference,
    /// Difference of square roots, with a variance that no rate enters; metafor: `IRSD`. Defined without events.
    ///
    /// ```text
    /// y = sqrt(x1/t1) - sqrt(x2/t2)        v = 1/(4 t1) + 1/(4 t2)
    /// ```
    RootIncidenceRateDifference,
}

impl From<TwoRatesMeasure> for Measure {
    fn from(measure: TwoRatesMeasure) -> Self {
        match measure {
            TwoRatesMeasure::LogIncidenceRateRatio => Self::LogIncidenceRateRatio,
            TwoRatesMeasure::IncidenceRateDifference => Self::IncidenceRateDifference,
            TwoRatesMeasure::RootIncidenceRateDifference => Self::RootIncidenceRateDifference,
        }
    }
}

impl Summary for TwoRates {
    type Measure = TwoRatesMeasure;

    fn has_zero_cell(&self) -> bool {
        self.first.has_zero_cell() || self.second.has_zero_cell()
    }

    fn is_uninformative(&self) -> bool {
        self.first.has_zero_cell() && self.second.has_zero_cell()
    }

    fn context(rows: &[&Self], how: &Conversion<TwoRatesMeasure>) -> Result<Context> {
        let policy = how.zero_cells_policy();
        let mut context = Context::default();
        let mut corrects = false;
        for row in rows.iter().filter(|row| !(policy.drops() && row.is_uninformative())) {
            corrects |= policy.concerns(row.has_zero_cell())?;
        }
        if policy.correction() == Correction::Empirical && corrects {
            // Mantel-Haenszel rate ratio.
            let terms = rows.iter().filter(|row| !row.has_zero_cell()).map(|row| {
                let [t1, t2] = row.times();
                let (share1, share2) = (t1 / (t1 + t2), t2 / (t1 + t2));
                [row.first.events() * share2, row.second.events() * share1]
            });
            context.pooled_odds_ratio = Some(pooled_ratio(terms)?);
        }
        Ok(context)
    }

    fn effect(&self, how: &Conversion<TwoRatesMeasure>) -> Result<Effect> {
        use TwoRatesMeasure::{IncidenceRateDifference, LogIncidenceRateRatio, RootIncidenceRateDifference};
        let measure = Measure::from(how.measure());
        if !matches!(how.variance_type(), VarianceType::Usual | VarianceType::LargeSample) {
            return Err(how.no_such_variance());
        }
        let policy = how.zero_cells_policy();
        let meaningful = how.measure() == RootIncidenceRateDifference && !policy.drops();
        if self.is_uninformative() && policy.uninformative() != Uninformative::Keep && !meaningful {
            return Err(ErrorKind::DoubleZero { measure: measure.name() }.into());
        }
        let [t1, t2] = self.times();
        let addition = policy.addition(self.has_zero_cell(), [t1, t2], how.context().pooled_odds_ratio)?;
        let [first, second] = addition.unwrap_or_default();
        let (x1, x2) = (self.first.events() + first, self.second.events() + second);
        let (y, v) = match how.measure() {
            LogIncidenceRateRatio => {
                for (x, field) in [(x1, "events (group 1)"), (x2, "events (group 2)")] {
                    if x <= 0.0 {
                        return Err(ErrorKind::ZeroCell { field, measure: measure.name() }.into());
                    }
                }
                (ln_ratio_of_ratios([x1, t1], [x2, t2]), 1.0 / x1 + 1.0 / x2)
            }
            IncidenceRateDifference => (difference_of_ratios([x1, t1], [x2, t2]), x1 / t1 / t1 + x2 / t2 / t2),
            RootIncidenceRateDifference => {
                let (root1, root2) = ((x1 / t1).sqrt(), (x2 / t2).sqrt());
                let sum = root1 + root2;
                let y = if sum > 0.0 { difference_of_ratios([x1, t1], [x2, t2]) / sum } else { 0.0 };
                (y, 0.25 / t1 + 0.25 / t2)
            }
        };
        if v <= 0.0 {
            let remedy = "there are no events; choose a correction, e.g. `ZeroCells::constant(0.5)`";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        let adjustment = addition.map(|[first, second]| Adjustment::CountsAdded { first, second });
        Ok(Effect::from_variance(measure, y, v)?.adjusted(adjustment))
    }
}

impl TwoRates {
    fn times(&self) -> [f64; 2] {
        [self.first.time(), self.second.time()]
    }
}
