//! The result of the classical methods.

use super::cochran_rates::CochranRates;
use super::mantel_haenszel::{MantelHaenszel, RateMeasure, TableMeasure};
use super::peto::Peto;
use super::sample_size::SampleSizeWeights;
use super::strata::Gathered;
use super::sums::Sums;
use crate::effect::Effect;
use crate::effects::Effects;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Estimate, Heterogeneity, Natural, Note};
use crate::measure::Measure;
use crate::num::format::{p_value, percent, significant};
use crate::scale::Scale;
use crate::study::{Studies, TwoByTwo, TwoRates};
use serde::{Deserialize, Serialize};

/// What was fitted to what.
///
/// ```
/// use meta_analysis::{MantelHaenszel, tables::TableMeasure, study::{Studies, TwoByTwo}};
///
/// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
/// let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&trials)?;
/// assert_eq!(fit.analysis().to_string(), "Mantel-Haenszel, variance Robins-Breslow-Greenland");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Analysis {
    /// Mantel-Haenszel on 2x2 tables.
    MantelHaenszel {
        /// The options.
        model: MantelHaenszel<TableMeasure>,
        /// The data.
        studies: Studies<TwoByTwo>,
    },
    /// Mantel-Haenszel on rates.
    MantelHaenszelRates {
        /// The options.
        model: MantelHaenszel<RateMeasure>,
        /// The data.
        studies: Studies<TwoRates>,
    },
    /// Peto's odds ratio.
    Peto {
        /// The options.
        model: Peto,
        /// The data.
        studies: Studies<TwoByTwo>,
    },
    /// Cochran's weights for rates.
    CochranRates {
        /// The options.
        model: CochranRates,
        /// The data.
        studies: Studies<TwoRates>,
    },
    /// Weights that are sample sizes.
    SampleSize {
        /// The options.
        model: SampleSizeWeights,
        /// The effects.
        effects: Effects,
        /// Sizes of both groups, one pair per effect.
        sizes: Vec<[f64; 2]>,
    },
}

impl std::fmt::Display for Analysis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MantelHaenszel { model, .. } => write!(f, "Mantel-Haenszel, variance {}", model.variance_type()),
            Self::MantelHaenszelRates { model, .. } => write!(f, "Mantel-Haenszel, variance {}", model.variance_type()),
            Self::Peto { .. } => f.write_str("Peto"),
            Self::CochranRates { .. } => f.write_str("Cochran's weights"),
            Self::SampleSize { .. } => f.write_str("sample-size weights"),
        }
    }
}

/// One study in a [`PooledStrata`].
///
/// ```
/// use meta_analysis::{MantelHaenszel, tables::TableMeasure, study::{Studies, TwoByTwo}};
///
/// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
/// let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&trials)?;
/// // b c/n of each: 1/8 and 4/8
/// assert!((fit.strata()[0].weight - 0.2).abs() < 1e-15);
/// assert!((fit.strata()[0].effect.unwrap().y() - 9.0_f64.ln()).abs() < 1e-14); // 3 x 3 / (1 x 1)
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stratum {
    /// Label of the study.
    pub study: String,
    /// Share of the study in the pooled effect; the shares add up to 1.
    pub weight: f64,
    /// The effect of the study on its own, unless its counts leave effect or variance undefined.
    pub effect: Option<Effect>,
}

/// Counts of two groups pooled by a classical method: a common effect, its test, heterogeneity, and what a report has
/// to disclose.
///
/// It reads as [`Pooled`](crate::Pooled) does. It owns the counts it came from; `{}` prints the natural scale and the
/// notes, `{:#}` adds the analysis scale. It serialises whole; deserialising pools again.
///
/// ```
/// use meta_analysis::{MantelHaenszel, tables::TableMeasure, study::{Studies, TwoByTwo}};
///
/// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
/// let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&trials)?;
/// assert!((fit.natural().value - 2.6).abs() < 1e-14); // (9/8 + 4/8) / (1/8 + 4/8)
/// let text = serde_json::to_string(&fit).unwrap();
/// assert_eq!(serde_json::from_str::<meta_analysis::PooledStrata>(&text).unwrap(), fit);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct PooledStrata {
    analysis: Analysis,
    estimate: Estimate,
    heterogeneity: Heterogeneity,
    strata: Vec<Stratum>,
    notes: Vec<Note>,
}

/// All that a file is trusted for.
#[derive(Deserialize)]
struct Unchecked {
    analysis: Analysis,
}

impl TryFrom<Unchecked> for PooledStrata {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        match raw.analysis {
            Analysis::MantelHaenszel { model, studies } => model.fit(&studies),
            Analysis::MantelHaenszelRates { model, studies } => model.fit(&studies),
            Analysis::Peto { model, studies } => model.fit(&studies),
            Analysis::CochranRates { model, studies } => model.fit(&studies),
            Analysis::SampleSize { model, effects, sizes } => model.pool(effects, sizes),
        }
    }
}

/// What a method hands over to become a result.
pub(super) struct Parts {
    pub(super) measure: Measure,
    pub(super) level: f64,
    pub(super) sums: Sums,
    /// Degrees of freedom of the t distribution of the interval; `None`: normal.
    pub(super) df: Option<f64>,
    /// What to do if the variance is zero.
    pub(super) remedy: &'static str,
    /// The effects of all studies on their own, also of those that are left out.
    pub(super) own: Vec<Option<Effect>>,
}

impl PooledStrata {
    /// Puts a result together; Q is about the pooled effect.
    pub(super) fn new<T>(analysis: Analysis, studies: &Studies<T>, gathered: Gathered, parts: Parts) -> Result<Self> {
        let Parts { measure, level, sums, df, remedy, own } = parts;
        let estimate = estimate_of(&sums, df, level, measure, remedy)?;
        let labels: Vec<&str> = studies.labels().collect();
        let total: f64 = sums.weights.iter().sum();
        let strata: Vec<Stratum> = gathered
            .kept
            .iter()
            .zip(&sums.weights)
            .map(|(&i, weight)| Stratum {
                study: labels.get(i).copied().unwrap_or_default().to_owned(),
                weight: if total > 0.0 { weight / total } else { 0.0 },
                effect: own.get(i).copied().flatten(),
            })
            .collect();
        let heterogeneity = heterogeneity(&strata, sums.value)?;
        let mut notes = Vec::new();
        if !gathered.corrected.is_empty() {
            notes.push(Note::CountsAdded { studies: gathered.corrected.clone() });
        }
        let touched = |s: &&Stratum| s.effect.is_some_and(|e| e.adjustment().is_some());
        let corrected: Vec<String> = strata
            .iter()
            .filter(touched)
            .filter(|s| !gathered.corrected.contains(&s.study))
            .map(|s| s.study.clone())
            .collect();
        if !corrected.is_empty() {
            notes.push(Note::OwnCountsAdded { studies: corrected });
        }
        let without: Vec<String> = strata.iter().filter(|s| s.effect.is_none()).map(|s| s.study.clone()).collect();
        if !without.is_empty() {
            notes.push(Note::NoOwnEffect { studies: without });
        }
        notes.extend(gathered.dropped.into_iter().map(|d| Note::Dropped { study: d.study, reason: d.reason }));
        Ok(Self { analysis, estimate, heterogeneity, strata, notes })
    }

    /// Puts a result together whose parts are all there.
    pub(super) fn from_parts(
        analysis: Analysis,
        estimate: Estimate,
        heterogeneity: Heterogeneity,
        strata: Vec<Stratum>,
        notes: Vec<Note>,
    ) -> Self {
        Self { analysis, estimate, heterogeneity, strata, notes }
    }

    /// The method with its options, and the data.
    ///
    /// ```
    /// use meta_analysis::{Peto, tables::Analysis, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
    /// let fit = Peto::new().fit(&trials)?;
    /// assert!(matches!(fit.analysis(), Analysis::Peto { studies, .. } if *studies == trials));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Number of studies that are pooled; those that say nothing about the measure are in the notes.
    ///
    /// ```
    /// use meta_analysis::{Peto, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((0, 4), (0, 4))?)]);
    /// assert_eq!(Peto::new().fit(&trials)?.k(), 1); // B has no events
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn k(&self) -> usize {
        self.strata.len()
    }

    /// The pooled effect on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::{Peto, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
    /// let fit = Peto::new().fit(&trials)?;
    /// // a - E = 1 and 0, V = 4 x 4 x 4 x 4 / (8^2 x 7) = 4/7 each
    /// assert!((fit.estimate().value() - 7.0 / 8.0).abs() < 1e-15);
    /// assert!((fit.estimate().se().powi(2) - 7.0 / 8.0).abs() < 1e-15);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn estimate(&self) -> &Estimate {
        &self.estimate
    }

    /// The pooled effect on the natural scale. See [`Estimate::natural`].
    ///
    /// ```
    /// use meta_analysis::{MantelHaenszel, tables::TableMeasure, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
    /// let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&trials)?;
    /// assert!((fit.natural().value - 2.6).abs() < 1e-14); // (3 x 3/8 + 2 x 2/8) / (1 x 1/8 + 2 x 2/8)
    /// assert_eq!(fit.natural().level, 0.95);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        self.estimate.natural()
    }

    /// Cochran's Q of the studies about the pooled effect, with the weights `1/v` of their own variances; I2 and H2
    /// from Q; tau2 is 0 by assumption.
    ///
    /// ```text
    /// Q = sum (y - pooled)^2 / v
    /// ```
    ///
    /// Studies without an effect of their own do not count, neither in Q nor in its df; the notes name them. With fewer
    /// than two that count, nothing is said about heterogeneity: I2 is 0 and p is 1.
    ///
    /// Of [`SampleSizeWeights`], Q is about the inverse-variance mean, and tau2 is what was given.
    ///
    /// ```
    /// use meta_analysis::{Peto, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((1, 4), (3, 4))?)]);
    /// let fit = Peto::new().fit(&trials)?;
    /// let h = fit.heterogeneity();
    /// assert!((h.q - 3.5).abs() < 1e-14); // y = 7/4 and -7/4 about 0, v = 7/4 each
    /// assert!((h.i2 - 5.0 / 7.0).abs() < 1e-15); // (3.5 - 1) / 3.5
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn heterogeneity(&self) -> &Heterogeneity {
        &self.heterogeneity
    }

    /// The studies that are pooled, with weights and effects of their own.
    ///
    /// ```
    /// use meta_analysis::{Peto, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((2, 4), (2, 4))?)]);
    /// let fit = Peto::new().fit(&trials)?;
    /// // V = 4/7 of both: equal weights
    /// assert!(fit.strata().iter().all(|stratum| (stratum.weight - 0.5).abs() < 1e-15));
    /// assert!((fit.strata()[0].effect.unwrap().y() - 1.75).abs() < 1e-14); // (a - E) / V = 1 / (4/7)
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn strata(&self) -> &[Stratum] {
        &self.strata
    }

    /// What a report of this result has to disclose.
    ///
    /// ```
    /// use meta_analysis::{Peto, study::{Studies, TwoByTwo}};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?), ("B", TwoByTwo::new((0, 4), (0, 4))?)]);
    /// let fit = Peto::new().fit(&trials)?;
    /// assert_eq!(fit.notes()[0].to_string(), "left out: B (no events in either group)");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// The estimate from its sums.
pub(super) fn estimate_of(
    sums: &Sums,
    df: Option<f64>,
    level: f64,
    measure: Measure,
    remedy: &'static str,
) -> Result<Estimate> {
    let (value, variance) = (sums.value, sums.variance);
    if !(value.is_finite() && variance.is_finite()) {
        return Err(ErrorKind::Overflow { what: "the pooled effect" }.into());
    }
    if variance <= 0.0 {
        return Err(ErrorKind::ZeroVariance { what: "a test of the pooled effect", remedy }.into());
    }
    Estimate::from_se((value, variance.sqrt()), df, level, measure, measure.scale(None).unwrap_or(Scale::Identity))
}

fn heterogeneity(strata: &[Stratum], about: f64) -> Result<Heterogeneity> {
    let own = strata.iter().filter_map(|s| s.effect);
    let (q, k) = own.fold((0.0, 0.0), |(q, k), e| (q + ((e.y() - about) / e.se()).powi(2), k + 1.0));
    if !f64::is_finite(q) {
        return Err(ErrorKind::Overflow { what: "Cochran's Q" }.into());
    }
    Ok(Heterogeneity::of_common_effect(q, f64::max(k - 1.0, 0.0)))
}

impl std::fmt::Display for PooledStrata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (estimate, natural, h) = (&self.estimate, self.natural(), &self.heterogeneity);
        write!(f, "{} ", natural.measure.natural_name())?;
        std::fmt::Display::fmt(&natural, f)?;
        write!(f, ", {} studies", self.k())?;
        if h.tau2 > 0.0 {
            write!(f, "; {h}")?;
        } else if h.df > 0.0 {
            let (q, p) = (significant(h.q), p_value(h.p_value));
            write!(f, "; I2 {}, Q {q} (df {}, p {p})", percent(h.i2), h.df)?;
        }
        write!(f, "\n  {}; {} interval ", self.analysis, percent(estimate.level()))?;
        match estimate.df() {
            Some(df) => write!(f, "(t, {df} df)")?,
            None => f.write_str("(normal)")?,
        }
        write!(f, ", p {}", p_value(estimate.p_value()))?;
        if f.alternate() {
            write!(f, "\n  {estimate}, standard error {}", significant(estimate.se()))?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
