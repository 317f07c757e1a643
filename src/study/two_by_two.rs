//! Events among people in two groups: the 2x2 table.

use super::check::Count;
use super::conversion::{Conversion, Summary};
use super::proportion::Proportion;
use super::zero_cells::Uninformative;
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
    /// As [`Proportion::new`].
    pub fn new(first: (impl Count, impl Count), second: (impl Count, impl Count)) -> Result<Self> {
        Ok(Self { first: Proportion::new(first.0, first.1)?, second: Proportion::new(second.0, second.1)? })
    }

    /// The four cells: `a` events and `b` non-events in the first group, `c` and `d` in the second.
    ///
    /// # Errors
    /// As [`Proportion::new`]; also [`ErrorKind::EmptyTable`].
    pub fn from_cells(a: impl Count, b: impl Count, c: impl Count, d: impl Count) -> Result<Self> {
        use super::check::{Fractions::Refused, check};
        let cells =
            (check("a", a, Refused)?, check("b", b, Refused)?, check("c", c, Refused)?, check("d", d, Refused)?);
        let (a, b, c, d) = cells;
        if a + b + c + d <= 0.0 {
            return Err(ErrorKind::EmptyTable.into());
        }
        Self::new((a, a + b), (c, c + d))
    }

    /// As [`new`](Self::new), but fractions are allowed, as imputation makes them.
    ///
    /// # Errors
    /// As [`Proportion::fractional`].
    pub fn fractional(first: (f64, f64), second: (f64, f64)) -> Result<Self> {
        Ok(Self {
            first: Proportion::fractional(first.0, first.1)?,
            second: Proportion::fractional(second.0, second.1)?,
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

/// Measures of a [`TwoByTwo`] with cells a, b, c, d; n1 = a + b, n2 = c + d.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BinaryMeasure {
    /// metafor: `OR`. Woolf 1955, Ann Hum Genet 19:251, doi 10.1111/j.1469-1809.1955.tb01348.x.
    ///
    /// ```text
    /// y = ln(a d / (b c))        v = 1/a + 1/b + 1/c + 1/d
    /// ```
    LogOddsRatio,
    /// metafor: `RR`. Katz et al. 1978, Biometrics 34:469, doi 10.2307/2530610.
    ///
    /// ```text
    /// y = ln((a/n1) / (c/n2))        v = 1/a - 1/n1 + 1/c - 1/n2
    /// ```
    LogRiskRatio,
    /// metafor: `RD`. With p1 = a/n1, p2 = c/n2:
    ///
    /// ```text
    /// y = p1 - p2        v = p1 (1 - p1)/n1 + p2 (1 - p2)/n2
    /// ```
    RiskDifference,
}

impl From<BinaryMeasure> for Measure {
    fn from(measure: BinaryMeasure) -> Self {
        match measure {
            BinaryMeasure::LogOddsRatio => Self::LogOddsRatio,
            BinaryMeasure::LogRiskRatio => Self::LogRiskRatio,
            BinaryMeasure::RiskDifference => Self::RiskDifference,
        }
    }
}

const CELLS: [&str; 4] = ["events (group 1)", "non-events (group 1)", "events (group 2)", "non-events (group 2)"];

impl Summary for TwoByTwo {
    type Measure = BinaryMeasure;

    fn has_zero_cell(&self) -> bool {
        self.cells().iter().any(|&cell| cell <= 0.0)
    }

    fn effect(&self, how: &Conversion<BinaryMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let policy = how.zero_cells_policy();
        let raw = self.cells();
        self.check_informative(how, policy.uninformative())?;
        let addition = policy.addition(self.has_zero_cell(), self.first.total(), self.second.total())?;
        let (add1, add2) = addition.unwrap_or((0.0, 0.0));
        let cells = [raw[0] + add1, raw[1] + add1, raw[2] + add2, raw[3] + add2];
        let needed: &[usize] = match how.measure() {
            BinaryMeasure::LogOddsRatio => &[0, 1, 2, 3],
            BinaryMeasure::LogRiskRatio => &[0, 2],
            BinaryMeasure::RiskDifference => &[],
        };
        for &i in needed {
            if cells[i] <= 0.0 {
                return Err(ErrorKind::ZeroCell { field: CELLS[i], measure: measure.name() }.into());
            }
        }
        let (y, v) = self::effect_of(how.measure(), cells);
        if v <= 0.0 {
            let remedy = "the observed risks are 0 or 1; choose a correction, e.g. `ZeroCells::constant(0.5)`";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        let adjustment = addition.map(|(first, second)| Adjustment::CountsAdded { first, second });
        let n = self.first.total() + self.second.total();
        Ok(Effect::from_variance_and_n(measure, y, v, n)?.adjusted(adjustment))
    }
}

impl TwoByTwo {
    /// Refuses a table in which nobody or everybody has the event, unless the policy keeps it or the measure
    /// has a meaning there.
    fn check_informative(&self, how: &Conversion<BinaryMeasure>, policy: Uninformative) -> Result<()> {
        let meaningful = how.measure() == BinaryMeasure::RiskDifference && policy != Uninformative::Drop;
        if policy == Uninformative::Keep || meaningful {
            return Ok(());
        }
        let measure = Measure::from(how.measure()).name();
        let [a, b, c, d] = self.cells();
        if a + c <= 0.0 {
            return Err(ErrorKind::DoubleZero { measure }.into());
        }
        if b + d <= 0.0 {
            return Err(ErrorKind::DoubleFull { measure }.into());
        }
        Ok(())
    }
}

fn effect_of(measure: BinaryMeasure, [a, b, c, d]: [f64; 4]) -> (f64, f64) {
    let (n1, n2) = (a + b, c + d);
    match measure {
        // Sums of logs and not the log of a product, which would overflow at counts of 1e80.
        BinaryMeasure::LogOddsRatio => ((a / b).ln() - (c / d).ln(), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d),
        // 1/a - 1/n1 = b / (a n1), without the cancellation.
        BinaryMeasure::LogRiskRatio => ((a / n1).ln() - (c / n2).ln(), b / a / n1 + d / c / n2),
        BinaryMeasure::RiskDifference => (a / n1 - c / n2, a / n1 * (b / n1) / n1 + c / n2 * (d / n2) / n2),
    }
}
