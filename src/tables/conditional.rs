//! The result of the exact conditional method.

use super::exact::{ExactLimits, ExactOddsRatio};
use crate::error::{Error, Result};
use crate::inference::{Estimate, Natural, Note};
use crate::measure::Measure;
use crate::num::format::{p_value, percent, significant};
use crate::num::noncentral_hypergeometric::Distribution;
use crate::study::{Studies, TwoByTwo};
use serde::{Deserialize, Serialize};

/// An interval of odds ratios, on the natural scale.
///
/// ```
/// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
///
/// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
/// let fit = ExactOddsRatio::new().fit(&pairs)?;
/// // One of two: Clopper-Pearson limits of the probability p, as odds: 1 - (1 - p)^2 = 0.025 below.
/// let q = 0.975_f64.sqrt();
/// assert!((fit.fisher().lower - (1.0 - q) / q).abs() < 1e-12);
/// assert_eq!(fit.mid_p().to_string(), "[0.0256, 39.0]"); // p^2 + p (1 - p) = p = 0.025 below: 1/39
/// # Ok::<(), meta_analysis::Error>(())
/// ```
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
///
/// ```
/// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
///
/// let tea = Studies::from([("Tea tasting", TwoByTwo::new((3, 4), (1, 4))?)]);
/// let fit = ExactOddsRatio::new().fit(&tea)?;
/// // S = 0, ..., 4 with probabilities 1/70, 16/70, 36/70, 16/70, 1/70
/// assert!((fit.test().greater - 17.0 / 70.0).abs() < 1e-14);
/// assert!((fit.test().two_sided - 34.0 / 70.0).abs() < 1e-14);
/// assert!((fit.test().mid_p - 18.0 / 70.0).abs() < 1e-14); // 2 (1 + 16/2) / 70
/// # Ok::<(), meta_analysis::Error>(())
/// ```
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
///
/// ```
/// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
///
/// // Pairs, one event in each: the estimate is the ratio of the numbers of both kinds, 2 to 1.
/// let (first, second) = (TwoByTwo::new((1, 1), (0, 1))?, TwoByTwo::new((0, 1), (1, 1))?);
/// let fit = ExactOddsRatio::new().fit(&Studies::from([("A", first), ("B", first), ("C", second)]))?;
/// assert!((fit.odds_ratio().unwrap() - 2.0).abs() < 1e-12);
/// assert_eq!(fit.test().two_sided, 1.0); // no sum is more probable than 2 of 3
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct ConditionalOddsRatio {
    pub(super) model: ExactOddsRatio,
    pub(super) studies: Studies<TwoByTwo>,
    pub(super) odds_ratio: Option<f64>,
    pub(super) estimate: Option<Estimate>,
    pub(super) fisher: OddsRatioLimits,
    pub(super) mid_p: OddsRatioLimits,
    pub(super) test: ExactTest,
    pub(super) k: usize,
    pub(super) notes: Vec<Note>,
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

impl ExactTest {
    pub(super) fn new(null: &Distribution, observed: f64) -> Self {
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
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
    /// let fit = ExactOddsRatio::new().fit(&pairs)?;
    /// assert_eq!(*fit.model(), ExactOddsRatio::new());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn model(&self) -> &ExactOddsRatio {
        &self.model
    }

    /// The tables.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
    /// let fit = ExactOddsRatio::new().fit(&pairs)?;
    /// assert_eq!(*fit.studies(), pairs);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn studies(&self) -> &Studies<TwoByTwo> {
        &self.studies
    }

    /// Number of studies that say something about the odds ratio.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((0, 4), (0, 4))?)]);
    /// assert_eq!(ExactOddsRatio::new().fit(&trials)?.k(), 1); // B has no events
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn k(&self) -> usize {
        self.k
    }

    /// The conditional maximum likelihood estimate, on the natural scale: 0 if no fewer events in the first groups are
    /// possible, `None` if no more are, so that the likelihood grows without limit.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let fit = |a, c| ExactOddsRatio::new().fit(&Studies::from([("A", TwoByTwo::new((a, 4), (c, 4))?)]));
    /// assert_eq!(fit(0, 2)?.odds_ratio(), Some(0.0));
    /// assert_eq!(fit(2, 0)?.odds_ratio(), None);
    /// assert!((fit(2, 2)?.odds_ratio().unwrap() - 1.0).abs() < 1e-12); // equal groups
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn odds_ratio(&self) -> Option<f64> {
        self.odds_ratio
    }

    /// The estimate on the analysis scale with its **Wald** interval from the conditional information, for comparison;
    /// `None` where the estimate is 0 or has no limit.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
    /// let fit = ExactOddsRatio::new().fit(&pairs)?;
    /// let estimate = fit.estimate().unwrap();
    /// assert!(estimate.value().abs() < 1e-12);
    /// assert!((estimate.se() - 2.0_f64.sqrt()).abs() < 1e-12); // sqrt(1/1 + 1/1), as of any discordant pairs
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn estimate(&self) -> Option<&Estimate> {
        self.estimate.as_ref()
    }

    /// Estimate and exact interval ([`ExactOddsRatio::limits`]) on the natural scale; `None` where the estimate is 0 or
    /// has no limit.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
    /// let fit = ExactOddsRatio::new().fit(&pairs)?;
    /// // One of two: the upper Clopper-Pearson limit of the probability is sqrt(0.975), here as odds.
    /// let q = 0.975_f64.sqrt();
    /// let natural = fit.natural().unwrap();
    /// assert!((natural.value - 1.0).abs() < 1e-12);
    /// assert!((natural.upper * (1.0 - q) / q - 1.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Option<Natural> {
        let (value, limits) = (self.estimate.as_ref()?.value().exp(), self.shown());
        let (lower, level, measure) = (limits.lower, self.model.level_asked(), Measure::LogOddsRatio);
        Some(Natural { value, lower, upper: limits.upper?, level, measure })
    }

    /// Fisher's exact limits.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
    /// let fit = ExactOddsRatio::new().fit(&pairs)?;
    /// // One of two: the lower limit p of the probability solves 1 - (1 - p)^2 = 0.025; as odds:
    /// let q = 0.975_f64.sqrt();
    /// assert!((fit.fisher().lower - (1.0 - q) / q).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn fisher(&self) -> OddsRatioLimits {
        self.fisher
    }

    /// Mid-P limits.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let pairs = Studies::from([("A", TwoByTwo::new((1, 1), (0, 1))?), ("B", TwoByTwo::new((0, 1), (1, 1))?)]);
    /// let fit = ExactOddsRatio::new().fit(&pairs)?;
    /// // One of two: the lower limit p of the probability solves p^2 + p (1 - p) = 0.025; as odds 1/39.
    /// assert!((fit.mid_p().lower * 39.0 - 1.0).abs() < 1e-12);
    /// assert!((fit.mid_p().upper.unwrap() / 39.0 - 1.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn mid_p(&self) -> OddsRatioLimits {
        self.mid_p
    }

    /// Exact p-values of an odds ratio of 1; one below 1e-290 is 0.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let tea = Studies::from([("Tea tasting", TwoByTwo::new((3, 4), (1, 4))?)]);
    /// let fit = ExactOddsRatio::new().fit(&tea)?;
    /// assert!((fit.test().greater - 17.0 / 70.0).abs() < 1e-14); // (16 + 1) of the 70 ways
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn test(&self) -> &ExactTest {
        &self.test
    }

    /// What a report of this result has to disclose.
    ///
    /// ```
    /// use meta_analysis::{ExactOddsRatio, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((0, 4), (0, 4))?)]);
    /// let fit = ExactOddsRatio::new().fit(&trials)?;
    /// assert_eq!(fit.notes()[0].to_string(), "left out: B (no events in either group)");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn shown(&self) -> OddsRatioLimits {
        match self.model.shown() {
            ExactLimits::Fisher => self.fisher,
            ExactLimits::MidP => self.mid_p,
        }
    }
}

impl std::fmt::Display for ConditionalOddsRatio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.odds_ratio.map_or_else(|| "without limit".to_owned(), significant);
        let (name, p) = match self.model.shown() {
            ExactLimits::Fisher => ("Fisher", self.test.twice_smaller),
            ExactLimits::MidP => ("mid-P", self.test.mid_p),
        };
        write!(f, "odds ratio {value} {}, {} studies", self.shown(), self.k)?;
        write!(
            f,
            "\n  exact given the margins; {} interval ({name}), p {}",
            percent(self.model.level_asked()),
            p_value(p)
        )?;
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
