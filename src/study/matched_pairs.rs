//! Events in matched pairs, or in the same people twice: the 2x2 table of pairs.

use super::check::{self, Count, Fractions, check};
use super::conversion::{Conversion, Summary};
use super::precise::{ln_ratio, ln_ratio_of_ratios};
use super::variance::VarianceType::{LargeSample, Usual};
use super::zero_cells::Uninformative;
use crate::effect::{Adjustment, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Pairs of people (or people seen twice, as in a crossover trial) by who has the event: both, only the first
/// (treated), only the second (control), neither. Effects compare the first with the second.
///
/// Not a [`TwoByTwo`](super::TwoByTwo): here one cell counts pairs, and the two risks are not independent.
///
/// ```
/// use meta_analysis::study::{MatchedPairs, PairsMeasure, Summary};
///
/// let pairs = MatchedPairs::new(20, 8, 4, 60)?;
/// let marginal = pairs.effect(&PairsMeasure::RiskDifference.into())?;
/// assert!((marginal.y() - 4.0 / 92.0).abs() < 1e-16);
/// let conditional = pairs.effect(&PairsMeasure::ConditionalLogOddsRatio.into())?;
/// assert!((conditional.y() - 2.0_f64.ln()).abs() < 1e-15); // 8 pairs against 4
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct MatchedPairs {
    both: f64,
    first_only: f64,
    second_only: f64,
    neither: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    both: f64,
    first_only: f64,
    second_only: f64,
    neither: f64,
}

impl TryFrom<Unchecked> for MatchedPairs {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fractional(raw.both, raw.first_only, raw.second_only, raw.neither)
    }
}

impl MatchedPairs {
    /// Numbers of pairs in which both, only the first, only the second, and neither has the event.
    ///
    /// # Errors
    /// [`ErrorKind::NegativeCount`], [`ErrorKind::NonFinite`], [`ErrorKind::NonIntegerCount`],
    /// [`ErrorKind::CountNotExact`], [`ErrorKind::EmptyTable`].
    pub fn new(both: impl Count, first_only: impl Count, second_only: impl Count, neither: impl Count) -> Result<Self> {
        let fractions = Fractions::Refused;
        Self::checked([
            check("both", both, fractions)?,
            check("first only", first_only, fractions)?,
            check("second only", second_only, fractions)?,
            check("neither", neither, fractions)?,
        ])
    }

    /// As [`new`](Self::new), but fractions are allowed, as imputation makes them.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(both: f64, first_only: f64, second_only: f64, neither: f64) -> Result<Self> {
        let fractions = Fractions::Allowed;
        Self::checked([
            check("both", both, fractions)?,
            check("first only", first_only, fractions)?,
            check("second only", second_only, fractions)?,
            check("neither", neither, fractions)?,
        ])
    }

    /// From a paper that reports the two groups as if they were independent: events of the first and of the second
    /// members of `pairs` pairs, and the (known or assumed) phi correlation of the two events.
    ///
    /// ```text
    /// both = n (p1 p2 + r sqrt(p1 q1 p2 q2))
    /// ```
    ///
    /// The marginal odds ratio of the result is metafor's `MPORM`. Elbourne et al. 2002, Int J Epidemiol 31:140,
    /// doi 10.1093/ije/31.1.140.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`ErrorKind::EmptyArm`], [`ErrorKind::EventsExceedTotal`],
    /// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::DegenerateMargin`] where nobody or everybody in a group
    /// has the event, [`ErrorKind::OutsideSupport`] for a correlation that these two risks cannot have.
    pub fn from_margins(
        first_events: impl Count,
        second_events: impl Count,
        pairs: impl Count,
        correlation: f64,
    ) -> Result<Self> {
        let one = super::Proportion::checked((first_events, pairs), ["first events", "pairs"], Fractions::Refused)?;
        let two = super::Proportion::checked((second_events, pairs), ["second events", "pairs"], Fractions::Refused)?;
        let r = check::check_correlation("correlation", correlation)?;
        let n = one.total();
        let (x1, x2, rest1, rest2) = (one.events(), two.events(), n - one.events(), n - two.events());
        if x1 * rest1 <= 0.0 || x2 * rest2 <= 0.0 {
            return Err(ErrorKind::DegenerateMargin { measure: "the correlation of pairs" }.into());
        }
        let shift = r * (x1 * rest1).sqrt() * (x2 * rest2).sqrt() / n;
        let cells = [x1 * x2 / n + shift, x1 * rest2 / n - shift, rest1 * x2 / n - shift, rest1 * rest2 / n + shift];
        // A correlation at the end of its range leaves a cell of zero, give or take a rounding.
        if cells.iter().any(|&cell| cell < -1e-14 * n) {
            let (odds1, odds2) = (x1 / rest1, x2 / rest2);
            let upper = (odds1 / odds2).min(odds2 / odds1).sqrt();
            let lower = -(odds1 * odds2).min(1.0 / (odds1 * odds2)).sqrt();
            return Err(ErrorKind::OutsideSupport { field: "correlation", value: r, lower, upper }.into());
        }
        Self::checked(cells.map(|cell| cell.max(0.0)))
    }

    fn checked([both, first_only, second_only, neither]: [f64; 4]) -> Result<Self> {
        if both + first_only + second_only + neither <= 0.0 {
            return Err(ErrorKind::EmptyTable.into());
        }
        Ok(Self { both, first_only, second_only, neither })
    }

    /// Pairs in which both, only the first, only the second, and neither has the event.
    pub fn cells(&self) -> [f64; 4] {
        [self.both, self.first_only, self.second_only, self.neither]
    }

    /// Number of pairs.
    pub fn pairs(&self) -> f64 {
        self.both + self.first_only + self.second_only + self.neither
    }
}

/// Measures of [`MatchedPairs`] with cells a (both), b (only the first), c (only the second), d (neither);
/// `n = a + b + c + d`. Zero cells: a correction goes to all four. McNemar 1947, Psychometrika 12:153,
/// doi 10.1007/BF02295996; Becker & Balagtas 1993, Biometrics 49:997, doi 10.2307/2532242.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PairsMeasure {
    /// Marginal risk difference; metafor: `MPRD`.
    ///
    /// ```text
    /// y = (b - c)/n        v = (b + c)/n^2 - (b - c)^2/n^3
    /// ```
    RiskDifference,
    /// Marginal risk ratio; metafor: `MPRR`.
    ///
    /// ```text
    /// y = ln((a + b)/(a + c))        v = (b + c)/((a + b)(a + c))
    /// ```
    LogRiskRatio,
    /// Marginal (population-averaged) odds ratio; metafor: `MPOR`, and `MPORM` after
    /// [`MatchedPairs::from_margins`].
    ///
    /// ```text
    /// y = ln((a + b)(b + d) / ((c + d)(a + c)))
    /// v = 1/(a + b) + 1/(c + d) + 1/(a + c) + 1/(b + d) - 2 n (a d - b c)/((a + b)(c + d)(a + c)(b + d))
    /// ```
    LogOddsRatio,
    /// Conditional (subject-specific) odds ratio, from the discordant pairs alone; metafor: `MPORC`.
    ///
    /// ```text
    /// y = ln(b/c)        v = 1/b + 1/c
    /// ```
    ConditionalLogOddsRatio,
    /// Conditional odds ratio by Peto's one-step method; metafor: `MPPETO`. Curtin et al. 2002, Stat Med 21:2145,
    /// doi 10.1002/sim.1206.
    ///
    /// ```text
    /// y = 2 (b - c)/(b + c)        v = 4/(b + c)
    /// ```
    PetoLogOddsRatio,
}

impl From<PairsMeasure> for Measure {
    fn from(measure: PairsMeasure) -> Self {
        match measure {
            PairsMeasure::RiskDifference => Self::MatchedRiskDifference,
            PairsMeasure::LogRiskRatio => Self::MatchedLogRiskRatio,
            PairsMeasure::LogOddsRatio => Self::MatchedLogOddsRatio,
            PairsMeasure::ConditionalLogOddsRatio => Self::ConditionalLogOddsRatio,
            PairsMeasure::PetoLogOddsRatio => Self::MatchedPetoLogOddsRatio,
        }
    }
}

impl Summary for MatchedPairs {
    type Measure = PairsMeasure;

    fn has_zero_cell(&self) -> bool {
        self.cells().iter().any(|&cell| cell <= 0.0)
    }

    fn is_uninformative(&self) -> bool {
        self.first_only + self.second_only <= 0.0 && (self.both <= 0.0 || self.neither <= 0.0)
    }

    fn effect(&self, how: &Conversion<PairsMeasure>) -> Result<Effect> {
        let name = Measure::from(how.measure()).name();
        if !matches!(how.variance_type(), Usual | LargeSample) {
            return Err(how.no_such_variance());
        }
        let policy = how.zero_cells_policy();
        if self.is_uninformative() && policy.uninformative() != Uninformative::Keep {
            let none = self.both <= 0.0;
            let measure = name;
            return Err(if none { ErrorKind::DoubleZero { measure } } else { ErrorKind::DoubleFull { measure } }.into());
        }
        let addition = policy.addition_alike(self.has_zero_cell())?;
        let added = addition.unwrap_or(0.0);
        let (y, v) = outcome(how.measure(), self.cells().map(|cell| cell + added))?;
        if v <= 0.0 {
            let remedy = "no pair differs; choose a correction, e.g. `ZeroCells::constant(0.5)`";
            return Err(ErrorKind::ZeroVariance { what: name, remedy }.into());
        }
        let adjustment = addition.map(|added| Adjustment::CountsAdded { first: added, second: added });
        Ok(Effect::from_variance_and_n(how.measure().into(), y, v, self.pairs())?.adjusted(adjustment))
    }
}

/// Effect and variance of cells that are not negative, with at least one pair.
fn outcome(measure: PairsMeasure, [a, b, c, d]: [f64; 4]) -> Result<(f64, f64)> {
    let n = a + b + c + d;
    let ([events1, rest1], [events2, rest2]) = ([a + b, c + d], [a + c, b + d]);
    let name = Measure::from(measure).name();
    let need = |needed: &[(f64, &'static str)]| match needed.iter().find(|(count, _)| *count <= 0.0) {
        Some(&(_, field)) => Err(Error::from(ErrorKind::ZeroCell { field, measure: name })),
        None => Ok(()),
    };
    let first = [(events1, "events (first of the pair)"), (rest1, "non-events (first of the pair)")];
    let second = [(events2, "events (second of the pair)"), (rest2, "non-events (second of the pair)")];
    Ok(match measure {
        PairsMeasure::RiskDifference => {
            // (b + c) n - (b - c)^2 without the cancellation.
            let spread = (b + c) * (a + d) + 4.0 * b * c;
            ((b - c) / n, spread / n / n / n)
        }
        PairsMeasure::LogRiskRatio => {
            need(&[first[0], second[0]])?;
            (ln_ratio(events1, events2), (b + c) / events1 / events2)
        }
        PairsMeasure::LogOddsRatio => {
            need(&[first[0], first[1], second[0], second[1]])?;
            // The delta method cell by cell: the same variance as a sum of squares.
            let square = |count: f64, slope: f64| count * slope * slope;
            let v = square(a, (c - b) / events1 / events2)
                + square(b, 1.0 / events1 + 1.0 / rest2)
                + square(c, 1.0 / rest1 + 1.0 / events2)
                + square(d, (c - b) / rest1 / rest2);
            (ln_ratio_of_ratios([events1, rest1], [events2, rest2]), v)
        }
        PairsMeasure::ConditionalLogOddsRatio => {
            need(&[(b, "first only"), (c, "second only")])?;
            (ln_ratio(b, c), 1.0 / b + 1.0 / c)
        }
        PairsMeasure::PetoLogOddsRatio => {
            need(&[(b + c, "discordant pairs")])?;
            (2.0 * (b - c) / (b + c), 4.0 / (b + c))
        }
    })
}
