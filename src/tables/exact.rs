//! The exact conditional odds ratio.

use super::conditional::{ConditionalOddsRatio, ExactTest, OddsRatioLimits};
use super::strata::{check_events, gather, no_odds};
use super::sums;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Estimate, Note, check_level};
use crate::measure::Measure;
use crate::num::noncentral_hypergeometric::{Distribution, expected, support};
use crate::num::root::log_newton;
use crate::scale::Scale;
use crate::study::{BinaryMeasure, Conversion, Studies, TwoByTwo};
use serde::{Deserialize, Serialize};

/// Which exact interval is shown first; both are always computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ExactLimits {
    /// Fisher's ("Cornfield exact", Clopper-Pearson): each tail at most half of 1 - level; never covers less than its
    /// level, often more. R: `mantelhaen.test(exact = TRUE)`. **The default.**
    #[default]
    Fisher,
    /// Mid-P: half of the probability of what was observed is left out of each tail; covers its level on average.
    MidP,
}

/// The common odds ratio of 2x2 tables given all their margins, without approximation: maximum of the conditional
/// likelihood, exact and mid-P limits and tests.
///
/// Given the margins, the sum `S` of the counts of events in the first groups has the distribution
///
/// ```text
/// P(S = s) = c(s) OR^s / sum over t of c(t) OR^t        c = convolution over the studies of C(n1, u) C(n2, m1 - u)
/// estimate   E(S) = s
/// limits     P(S >= s) = (1 - level)/2,  P(S <= s) = (1 - level)/2        mid-P: P(S = s) counts one half
/// ```
///
/// Gart 1970, Biometrika 57:471, doi 10.1093/biomet/57.3.471; Mehta, Patel & Gray 1985, J Am Stat Assoc 80:969,
/// doi 10.1080/01621459.1985.10478212; Martin & Austin 1991, Epidemiology 2:359 (convolution); mid-P: Mehta & Walsh
/// 1992, Am Stat 46:146. R: `mantelhaen.test(exact = TRUE)`, which has no mid-P.
///
/// No correction of zero cells is needed or possible. If every first group has as few events as its margins allow (or
/// as many), the estimate is 0 (or has no limit) and one confidence limit is missing; the other is finite, at the same
/// tail probability.
///
/// Work: for k studies whose sum has the standard deviation `sd`, two convolutions of about `(73 sd)^2 log2 k / 4`
/// multiplications each, less where the supports are short. Ten trials of thirty people take 0.05 ms, a thousand 6 ms,
/// five thousand 45 ms; five trials of 30 000 people 8 ms. Counts whose sum has an `sd` above 1000 (millions of events)
/// are refused, for there the [Mantel-Haenszel](super::MantelHaenszel) estimate says the same.
///
/// Defaults: [`ExactLimits::Fisher`], level 0.95.
///
/// ```
/// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
///
/// let trials = Studies::from([
///     ("A", TwoByTwo::new((5, 5), (2, 6))?),
///     ("B", TwoByTwo::new((4, 4), (1, 5))?),
/// ]);
/// let fit = ExactOddsRatio::new().fit(&trials)?;
/// assert_eq!(fit.odds_ratio(), None); // everybody in the first groups
/// assert_eq!(fit.fisher().upper, None);
/// assert!((fit.fisher().lower - 2.3761).abs() < 1e-4); // R 4.2.2: 2.376101
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExactOddsRatio {
    limits: ExactLimits,
    level: f64,
}

impl Default for ExactOddsRatio {
    fn default() -> Self {
        Self::new()
    }
}

/// Length of the distribution of the sum up to which it is computed; and of one table, at any odds ratio.
const LONGEST: [f64; 2] = [75_000.0, 8e6];
/// Standard deviations between the ends at which a distribution is cut off.
const WIDTH: f64 = 73.0;

impl ExactOddsRatio {
    /// The method with every option at its default.
    pub fn new() -> Self {
        Self { limits: ExactLimits::Fisher, level: 0.95 }
    }

    /// Which interval is shown first. Default: [`ExactLimits::Fisher`].
    #[must_use]
    pub fn limits(mut self, limits: ExactLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Level of the intervals, between 0 and 1. Default: 0.95.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    pub(super) fn shown(&self) -> ExactLimits {
        self.limits
    }

    pub(super) fn level_asked(&self) -> f64 {
        self.level
    }

    /// Estimates the common odds ratio.
    ///
    /// # Errors
    /// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] if the margins of every study leave no choice; [`ErrorKind::NonIntegerCount`] naming
    /// the study; [`ErrorKind::NotApplicable`] for counts that are too large; [`ErrorKind::LevelOutOfRange`],
    /// [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`].
    pub fn fit(&self, studies: &Studies<TwoByTwo>) -> Result<ConditionalOddsRatio> {
        let tail = 0.5 * (1.0 - check_level(self.level)?);
        let measure = Measure::from(BinaryMeasure::LogOddsRatio);
        let gathered = gather(studies, Conversion::new(BinaryMeasure::LogOddsRatio), false, no_odds)?;
        check_events(studies, &gathered.cells, measure.name())?;
        whole_numbers(studies)?;
        let tables = gathered.cells;
        if tables.is_empty() {
            let (why, remedy) = ("no study has both events and non-events", "ask for a risk difference");
            return Err(ErrorKind::NotEstimable { measure: measure.name(), why, remedy }.into());
        }
        too_large(&tables)?;
        let [mut least, mut most, mut observed] = [0.0; 3];
        for &cells in &tables {
            let [low, high] = support(cells);
            (least, most, observed) = (least + low, most + high, observed + cells[0]);
        }
        let inside = least < observed && observed < most;
        // At the ends of the support the distribution is taken where its mean is half a count away from the end.
        let target = observed.clamp(least + 0.5, most - 0.5);
        let (tilt, information) = conditional_mle(&tables, target);
        let near = Distribution::of_sum(&tables, tilt);
        let limit = |mid: bool, lower: bool| limit(&near, tilt, observed, (tail, mid, lower));
        let limits = |mid: bool| {
            let lower = if observed > least { limit(mid, true) } else { 0.0 };
            // Mid-P limits meet at a level of 0; rounding must not cross them.
            OddsRatioLimits { lower, upper: (observed < most).then(|| limit(mid, false).max(lower)) }
        };
        let estimate = if inside {
            let parts = (tilt.ln(), information.sqrt().recip());
            Some(Estimate::from_se(parts, None, self.level, measure, Scale::Log)?)
        } else {
            None
        };
        let mut notes: Vec<Note> = Vec::new();
        notes.extend(gathered.dropped.into_iter().map(|d| Note::Dropped { study: d.study, reason: d.reason }));
        let test = ExactTest::new(&Distribution::of_sum(&tables, 1.0), observed);
        let (fisher, mid_p) = (limits(false), limits(true));
        let finite = |l: &OddsRatioLimits| l.lower.is_finite() && l.upper.is_none_or(f64::is_finite);
        if !(finite(&fisher) && finite(&mid_p)) {
            return Err(ErrorKind::Overflow { what: "an exact confidence limit" }.into());
        }
        Ok(ConditionalOddsRatio {
            model: *self,
            studies: studies.clone(),
            odds_ratio: if inside {
                Some(tilt)
            } else if observed < most {
                Some(0.0)
            } else {
                None
            },
            estimate,
            fisher,
            mid_p,
            test,
            k: tables.len(),
            notes,
        })
    }
}

/// Refuses fractions of people.
pub(super) fn whole_numbers(studies: &Studies<TwoByTwo>) -> Result<()> {
    for (label, row) in studies.iter() {
        if let Some(&value) = row.cells().iter().find(|cell| cell.fract().abs() > 0.0) {
            return Err(Error::from(ErrorKind::NonIntegerCount { field: "cell", value }).in_study(label));
        }
    }
    Ok(())
}

/// Refuses counts whose distributions would be too long.
fn too_large(tables: &[[f64; 4]]) -> Result<()> {
    let [r, s] = sums::odds(tables);
    let odds = if r > 0.0 && s > 0.0 { r / s } else { 1.0 };
    let (mut variance, mut choices, mut longest) = (0.0, 0.0, 0.0_f64);
    for &cells in tables {
        let [low, high] = support(cells);
        let [a, b, c, d] = cells;
        choices += high - low;
        // No odds ratio gives a variance above a quarter of the smallest margin.
        let smallest = (a + b).min(c + d).min(a + c).min(b + d);
        longest = longest.max(f64::min(0.5 * WIDTH * smallest.sqrt(), high - low));
        for at in [odds, 1.0] {
            variance += 1.0 / expected(cells, at).iter().map(|cell| 1.0 / cell).sum::<f64>();
        }
    }
    if choices <= 0.0 {
        let why = "the margins of every study leave no choice";
        let remedy = "ask for a risk difference";
        return Err(ErrorKind::NotEstimable { measure: "log odds ratio", why, remedy }.into());
    }
    let [of_sum, of_one] = LONGEST;
    if f64::min(WIDTH * (0.5 * variance).sqrt(), choices) > of_sum || longest > of_one {
        let why = "the counts are too large to be enumerated; with such counts `MantelHaenszel` says the same";
        return Err(ErrorKind::NotApplicable { what: "exact conditional odds ratio", why }.into());
    }
    Ok(())
}

/// The odds ratio at which the expected sum is `target`, and the variance of the sum there.
pub(super) fn conditional_mle(tables: &[[f64; 4]], target: f64) -> (f64, f64) {
    let [r, s] = sums::odds(tables);
    let start = if r > 0.0 && s > 0.0 { r / s } else { 1.0 };
    let root = log_newton(1e-200, 1e200, start, |odds| {
        let (mut short, mut variance) = (target, 0.0);
        for &cells in tables {
            let (mean, spread) = Distribution::of_table(cells, odds).moments();
            short -= mean;
            variance += spread;
        }
        ((odds, variance), short, -variance)
    });
    root.at
}

/// The odds ratio at which a tail of the distribution, held at `tilt`, has this probability.
fn limit(near: &Distribution, tilt: f64, observed: f64, (tail, mid, lower): (f64, bool, bool)) -> f64 {
    let at = if mid { 0.5 } else { 1.0 };
    let weight = |t: f64| {
        if (t - observed).abs() < 0.5 {
            at
        } else if (t > observed) == lower {
            1.0
        } else {
            0.0
        }
    };
    let root = log_newton(1e-250, 1e250, tilt, |odds| {
        let (probability, slope) = near.tail((odds / tilt).ln(), weight);
        let distance = (probability / tail).ln();
        if lower { (odds, -distance, -slope) } else { (odds, distance, slope) }
    });
    root.at
}
