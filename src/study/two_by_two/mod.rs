//! Events among people in two groups: the 2x2 table.

mod association;
mod cells;
mod measure;
mod risks;
mod tetrachoric;

pub use measure::BinaryMeasure;
pub(super) use risks::probit;

use self::cells::Cells;
use super::check::{Count, Fractions, check};
use super::conversion::{Context, Conversion, Summary};
use super::proportion::Proportion;
use super::smd::{LN_ODDS_PER_D_NORMAL, ln_odds_per_d_logistic};
use super::variance::VarianceType;
use super::zero_cells::{Correction, Uninformative, pooled_ratio};
use crate::effect::{Adjustment, Effect};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Events and people of two groups; effects compare the first (treated) with the second (control).
///
/// ```
/// use meta_analysis::study::{BinaryMeasure, Summary, TwoByTwo};
///
/// let proderm = TwoByTwo::new((37, 47), (21, 48))?; // (events, total)
/// let difference = proderm.effect(&BinaryMeasure::RiskDifference.into())?;
/// // Published: 34.97 % (16.70 to 53.24)
/// assert!((difference.y() - 0.34973).abs() < 5e-6);
/// assert!((difference.y() - 1.959964 * difference.se() - 0.1670).abs() < 5e-5);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TwoByTwo {
    first: Proportion,
    second: Proportion,
}

impl TwoByTwo {
    /// `(events, total)` of the first and of the second group.
    ///
    /// # Errors
    /// As [`Proportion::new`], naming the group; also [`ErrorKind::EmptyTable`].
    pub fn new(first: (impl Count, impl Count), second: (impl Count, impl Count)) -> Result<Self> {
        Self::checked(first, second, Fractions::Refused)
    }

    /// The four cells: `a` events and `b` non-events in the first group, `c` and `d` in the second.
    ///
    /// # Errors
    /// As [`Proportion::new`]; also [`ErrorKind::EmptyTable`].
    pub fn from_cells(a: impl Count, b: impl Count, c: impl Count, d: impl Count) -> Result<Self> {
        let refused = Fractions::Refused;
        let (a, b, c, d) =
            (check("a", a, refused)?, check("b", b, refused)?, check("c", c, refused)?, check("d", d, refused)?);
        Self::new((a, a + b), (c, c + d))
    }

    /// As [`new`](Self::new), but fractions are allowed, as imputation makes them.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(first: (f64, f64), second: (f64, f64)) -> Result<Self> {
        Self::checked(first, second, Fractions::Allowed)
    }

    fn checked(
        first: (impl Count, impl Count),
        second: (impl Count, impl Count),
        fractions: Fractions,
    ) -> Result<Self> {
        // Whole zeros only: a NaN or a negative number is the business of the groups.
        let nobody = |(events, total): (f64, f64)| events.abs() <= 0.0 && total.abs() <= 0.0;
        if nobody((first.0.to_f64(), first.1.to_f64())) && nobody((second.0.to_f64(), second.1.to_f64())) {
            return Err(ErrorKind::EmptyTable.into());
        }
        Ok(Self {
            first: Proportion::checked(first, ["events (group 1)", "total (group 1)"], fractions)?,
            second: Proportion::checked(second, ["events (group 2)", "total (group 2)"], fractions)?,
        })
    }

    /// The two groups.
    pub fn groups(&self) -> (Proportion, Proportion) {
        (self.first, self.second)
    }

    /// The cells a, b, c, d: events and non-events of the first group, then of the second.
    pub fn cells(&self) -> [f64; 4] {
        let (one, two) = self.groups();
        [one.events(), one.total() - one.events(), two.events(), two.total() - two.events()]
    }
}

impl Summary for TwoByTwo {
    type Measure = BinaryMeasure;

    fn has_zero_cell(&self) -> bool {
        self.cells().iter().any(|&cell| cell <= 0.0)
    }

    fn is_uninformative(&self) -> bool {
        let [a, b, c, d] = self.cells();
        a + c <= 0.0 || b + d <= 0.0
    }

    fn context(rows: &[&Self], how: &Conversion<BinaryMeasure>) -> Result<Context> {
        let policy = how.zero_cells_policy();
        let kept = || rows.iter().filter(|row| !(policy.drops() && row.is_uninformative()));
        let mut context = Context::default();
        let mut corrects = false;
        for row in kept() {
            corrects |= policy.concerns(row.has_zero_cell())?;
        }
        if policy.correction() == Correction::Empirical && corrects {
            let whole = kept().filter(|row| !row.has_zero_cell());
            let terms = whole.map(|row| {
                let [a, b, c, d] = row.cells();
                let n = a + b + c + d;
                [a * d / n, b * c / n]
            });
            context.pooled_odds_ratio = Some(pooled_ratio(terms)?);
        }
        if how.variance_type() == VarianceType::Average {
            let (mut events, mut people) = ([0.0; 2], [0.0; 2]);
            for row in kept() {
                let (cells, _) = row.corrected(how, &context)?;
                let [n1, n2] = cells.rows();
                events = [events[0] + cells.a, events[1] + cells.c];
                people = [people[0] + n1, people[1] + n2];
            }
            context.averages = (people[0] > 0.0).then(|| [events[0] / people[0], events[1] / people[1]]);
        }
        Ok(context)
    }

    fn effect(&self, how: &Conversion<BinaryMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        self.check_informative(how)?;
        let (cells, adjustment) = self.corrected(how, how.context())?;
        let (y, v) = match how.measure() {
            BinaryMeasure::LogOddsRatio => risks::log_odds_ratio(&cells, how)?,
            BinaryMeasure::PetoLogOddsRatio => risks::peto(&cells, how)?,
            BinaryMeasure::LogRiskRatio => risks::log_risk_ratio(&cells, how)?,
            BinaryMeasure::RiskDifference => risks::risk_difference(&cells, how)?,
            BinaryMeasure::ArcsineDifference => risks::arcsine_difference(&cells, how)?,
            BinaryMeasure::ProbitDifference => risks::probit_difference(&cells, how)?,
            BinaryMeasure::OddsRatioToD => times(risks::log_odds_ratio(&cells, how)?, ln_odds_per_d_logistic().recip()),
            BinaryMeasure::OddsRatioToDNormal => {
                times(risks::log_odds_ratio(&cells, how)?, LN_ODDS_PER_D_NORMAL.recip())
            }
            BinaryMeasure::Phi => association::phi(&cells, how)?,
            BinaryMeasure::FisherZPhi => association::fisher_z_phi(&cells, how)?,
            BinaryMeasure::YuleQ => association::yule_q(&cells, how)?,
            BinaryMeasure::YuleY => association::yule_y(&cells, how)?,
            BinaryMeasure::Tetrachoric => tetrachoric::correlation(&cells, how)?,
            BinaryMeasure::FisherZTetrachoric => tetrachoric::fisher_z(&cells, how)?,
        };
        if v <= 0.0 {
            let remedy = "the observed risks are 0 or 1; choose a correction, e.g. `ZeroCells::constant(0.5)`";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        let n = self.first.total() + self.second.total();
        Ok(Effect::from_variance_and_n(measure, y, v, n)?.adjusted(adjustment))
    }
}

/// An effect and its variance in another unit.
fn times((y, v): (f64, f64), factor: f64) -> (f64, f64) {
    (y * factor, v * factor * factor)
}

impl TwoByTwo {
    /// The cells after the correction that the policy calls for, and what it was.
    fn corrected(&self, how: &Conversion<BinaryMeasure>, context: &Context) -> Result<(Cells, Option<Adjustment>)> {
        let sizes = [self.first.total(), self.second.total()];
        let policy = how.zero_cells_policy();
        let addition = policy.addition(self.has_zero_cell(), sizes, context.pooled_odds_ratio)?;
        let [first, second] = addition.unwrap_or_default();
        let [a, b, c, d] = self.cells();
        let cells = Cells { a: a + first, b: b + first, c: c + second, d: d + second };
        Ok((cells, addition.map(|[first, second]| Adjustment::CountsAdded { first, second })))
    }

    /// Refuses a table in which nobody or everybody has the event, unless the policy keeps it or the measure
    /// has a meaning there.
    fn check_informative(&self, how: &Conversion<BinaryMeasure>) -> Result<()> {
        use BinaryMeasure::{ArcsineDifference, FisherZPhi, FisherZTetrachoric, Phi, RiskDifference, Tetrachoric};
        let policy = how.zero_cells_policy().uninformative();
        if policy == Uninformative::Keep || !self.is_uninformative() {
            return Ok(());
        }
        let measure = Measure::from(how.measure()).name();
        let drops = policy == Uninformative::Drop;
        let [a, _, c, _] = self.cells();
        Err(match how.measure() {
            RiskDifference | ArcsineDifference if !drops => return Ok(()),
            Phi | FisherZPhi | Tetrachoric | FisherZTetrachoric if !drops => ErrorKind::DegenerateMargin { measure },
            _ if a + c <= 0.0 => ErrorKind::DoubleZero { measure },
            _ => ErrorKind::DoubleFull { measure },
        }
        .into())
    }
}
