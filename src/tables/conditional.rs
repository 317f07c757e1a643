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
        let (lower, level, measure) = (limits.lower, self.model.level_asked(), Measure::LogOddsRatio);
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
