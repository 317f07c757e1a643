//! The exact conditional odds ratio.

use super::hypergeometric::{Distribution, expected, support};
use super::strata::{gather, no_odds};
use super::sums;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Estimate, Natural, Note, check_level};
use crate::measure::Measure;
use crate::num::format::{p_value, percent, significant};
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
/// doi 10.1080/01621459.1985.10478212; Martin & Austin 1991, Am J Epidemiol 134:1345 (mid-P). R:
/// `mantelhaen.test(exact = TRUE)`, which has no mid-P.
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

/// An interval of odds ratios, on the natural scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OddsRatioLimits {
    /// Lower limit; 0 if the data set none.
    pub lower: f64,
    /// Upper limit, if the data set one.
    pub upper: Option<f64>,
}

impl std::fmt::Display for OddsRatioLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.upper {
            Some(upper) => write!(f, "[{}, {}]", significant(self.lower), significant(upper)),
            None => write!(f, "[{}, no limit)", significant(self.lower)),
        }
    }
}

/// Exact p-values of an odds ratio of 1, given the margins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExactTest {
    /// `P(S <= s)`. R: `alternative = "less"`.
    pub less: f64,
    /// `P(S >= s)`. R: `alternative = "greater"`.
    pub greater: f64,
    /// Probability of all sums that are not more probable than the one observed (Irwin's rule). R:
    /// `alternative = "two.sided"`.
    pub two_sided: f64,
    /// Twice the smaller tail, at most 1: the test that agrees with the Fisher interval.
    pub twice_smaller: f64,
    /// Twice the smaller tail with half of `P(S = s)`: the test that agrees with the mid-P interval.
    pub mid_p: f64,
}

/// The result of [`ExactOddsRatio`].
///
/// It owns the tables. It serialises whole; deserialising computes again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct ConditionalOddsRatio {
    model: ExactOddsRatio,
    studies: Studies<TwoByTwo>,
    odds_ratio: Option<f64>,
    estimate: Option<Estimate>,
    fisher: OddsRatioLimits,
    mid_p: OddsRatioLimits,
    test: ExactTest,
    k: usize,
    notes: Vec<Note>,
}

#[derive(Deserialize)]
struct Unchecked {
    model: ExactOddsRatio,
    studies: Studies<TwoByTwo>,
}

impl TryFrom<Unchecked> for ConditionalOddsRatio {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        raw.model.fit(&raw.studies)
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

    /// Estimates the common odds ratio.
    ///
    /// # Errors
    /// [`ErrorKind::NotEstimable`] if the margins of every study leave no choice; [`ErrorKind::NonIntegerCount`] naming
    /// the study; [`ErrorKind::NotApplicable`] for counts that are too large; [`ErrorKind::LevelOutOfRange`],
    /// [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`].
    pub fn fit(&self, studies: &Studies<TwoByTwo>) -> Result<ConditionalOddsRatio> {
        let tail = 0.5 * (1.0 - check_level(self.level)?);
        let measure = Measure::from(BinaryMeasure::LogOddsRatio);
        let gathered = gather(studies, Conversion::new(BinaryMeasure::LogOddsRatio), false, no_odds)?;
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
        let limits = |mid: bool| OddsRatioLimits {
            lower: if observed > least { limit(mid, true) } else { 0.0 },
            upper: (observed < most).then(|| limit(mid, false)),
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

impl ExactTest {
    fn new(null: &Distribution, observed: f64) -> Self {
        let place = observed - null.first;
        let at = null.p.iter().enumerate().find(|(i, _)| (*i as f64 - place).abs() < 0.5).map_or(0.0, |(_, p)| *p);
        let (mut below, mut above, mut rarer) = (0.0, 0.0, 0.0);
        for (i, p) in null.p.iter().enumerate() {
            if (i as f64) < place - 0.5 {
                below += p;
            } else if (i as f64) > place + 0.5 {
                above += p;
            }
            // Equal probabilities differ by rounding; R allows for the same 1e-7.
            if *p <= at * (1.0 + 1e-7) {
                rarer += p;
            }
        }
        let smaller = f64::min(below, above);
        Self {
            less: f64::min(below + at, 1.0),
            greater: f64::min(above + at, 1.0),
            two_sided: f64::min(rarer, 1.0),
            twice_smaller: f64::min(2.0 * (smaller + at), 1.0),
            mid_p: f64::min(2.0 * (smaller + 0.5 * at), 1.0),
        }
    }
}

impl ConditionalOddsRatio {
    /// The options.
    pub fn model(&self) -> &ExactOddsRatio {
        &self.model
    }

    /// The tables.
    pub fn studies(&self) -> &Studies<TwoByTwo> {
        &self.studies
    }

    /// Number of studies that say something about the odds ratio.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The conditional maximum likelihood estimate, on the natural scale: 0 if no fewer events in the first groups are
    /// possible, `None` if no more are, so that the likelihood grows without limit.
    pub fn odds_ratio(&self) -> Option<f64> {
        self.odds_ratio
    }

    /// The estimate on the analysis scale with its **Wald** interval from the conditional information, for comparison;
    /// `None` where the estimate is 0 or has no limit.
    pub fn estimate(&self) -> Option<&Estimate> {
        self.estimate.as_ref()
    }

    /// Estimate and exact interval ([`ExactOddsRatio::limits`]) on the natural scale; `None` where the estimate is 0 or
    /// has no limit.
    pub fn natural(&self) -> Option<Natural> {
        let (value, limits) = (self.estimate.as_ref()?.value().exp(), self.shown());
        let (lower, level, measure) = (limits.lower, self.model.level, Measure::LogOddsRatio);
        Some(Natural { value, lower, upper: limits.upper?, level, measure })
    }

    /// Fisher's exact limits.
    pub fn fisher(&self) -> OddsRatioLimits {
        self.fisher
    }

    /// Mid-P limits.
    pub fn mid_p(&self) -> OddsRatioLimits {
        self.mid_p
    }

    /// Exact p-values of an odds ratio of 1; one below 1e-290 is 0.
    pub fn test(&self) -> &ExactTest {
        &self.test
    }

    /// What a report of this result has to disclose.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn shown(&self) -> OddsRatioLimits {
        match self.model.limits {
            ExactLimits::Fisher => self.fisher,
            ExactLimits::MidP => self.mid_p,
        }
    }
}

impl std::fmt::Display for ConditionalOddsRatio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.odds_ratio.map_or_else(|| "without limit".to_owned(), significant);
        let (name, p) = match self.model.limits {
            ExactLimits::Fisher => ("Fisher", self.test.twice_smaller),
            ExactLimits::MidP => ("mid-P", self.test.mid_p),
        };
        write!(f, "odds ratio {value} {}, {} studies", self.shown(), self.k)?;
        write!(f, "\n  exact given the margins; {} interval ({name}), p {}", percent(self.model.level), p_value(p))?;
        if f.alternate()
            && let Some(estimate) = &self.estimate
        {
            write!(f, "\n  {estimate} (Wald), standard error {}", significant(estimate.se()))?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
