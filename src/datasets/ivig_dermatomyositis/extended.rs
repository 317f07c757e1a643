//! A second, separate set: nine further studies, found by chance and not by a systematic search.
//!
//! Each figure was read in an abstract or a report of the study, never in the full paper, and studies whose figures
//! could not be seen are absent. Use the set to try methods on more than four studies, and not as a body of evidence:
//! nobody searched for what is missing.
//!
//! | file | rows | function |
//! | --- | --- | --- |
//! | `responses.csv` | 9 headline, 4 alternative readings | [`responses`], [`alternative_responses`] |
//! | `trial.csv` | 3 thresholds of one trial | [`trial`], [`reported_differences`] |
//! | `crossover.csv` | 2 treatment phases of one trial | [`crossover`] |
//! | `sources.csv` | 9 | [`sources`] |
//!
//! # Cautions
//!
//! | study | caution |
//! | --- | --- |
//! | Dalakas 1993 | crossover: 12 IVIG and 11 placebo phases of 15 people. A 2x2 table of them would treat one person as two; the first period alone is not reported |
//! | Lim 2021 | prints 19.6 to 64.6 as the Clopper-Pearson interval of 8/19; that interval is 20.3 to 66.5. First-line treatment, stricter end point |
//! | Cherin 1994 | first-line treatment; two of three improvements may have another cause |
//! | Cherin 2002 | may share patients with an earlier series of its centre, which is not in this set |
//! | Danieli 2007 | count derived from 81 % of 16; the control figure was not seen |
//! | Bounfour 2014 | its 53 % of relapses are 10 of the 19 major responders |
//! | J Clin Rheumatol 2021 | authors not seen; its 17 % for one refractory patient does not fit 1 of 23 |
//! | Marie 2010 | oesophageal symptoms alone |
//! | Aggarwal 2022 | counts at the thresholds 40 and 60 derived; the printed p = .0008 follows from no unstratified test, the three printed intervals do follow |
//!
//! # What may be pooled
//!
//! * Skin: Bounfour 2014 with Galimberti 2018, similar in population and design, both retrospective.
//! * Muscle and global outcomes of all studies: a demonstration of methods only.
//! * The trial with the cohort of [`cohort`](super::cohort): not sensibly; designs and end points differ.

use super::provenance::Source;
use super::single_group::{only, replaced_by};
use crate::datasets::read;
use crate::error::Result;
use crate::study::{Proportion, Studies, TwoByTwo};
use serde::{Deserialize, Serialize};

const RESPONSES: &str = include_str!("extended/responses.csv");

/// Responders in nine further groups given IVIG, each with its headline outcome.
///
/// Covariates as those of [`responses`](super::responses), and `caution`.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended;
///
/// let skin = extended::responses()?;
/// let skin = skin.filter(|i, _, _| skin.covariates().text("domain").unwrap()[i].as_deref() == Some("skin"));
/// assert_eq!(skin.get("Bounfour 2014").unwrap().events(), 23.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`super::responses`].
pub fn responses() -> Result<Studies<Proportion>> {
    only(RESPONSES, "headline")
}

/// The same nine groups, with another defensible outcome for four of them: only major improvement (Dalakas 9/12,
/// Bounfour 19/27), any improvement (Marie 64/73), those followed up (J Clin Rheumatol 16/17).
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended;
/// assert_eq!(extended::alternative_responses()?.get("Dalakas 1993").unwrap().events(), 9.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`super::responses`].
pub fn alternative_responses() -> Result<Studies<Proportion>> {
    replaced_by(RESPONSES, "alternative")
}

/// Thresholds of the Total Improvement Score (0 to 100) in the trial of Aggarwal 2022 (ProDERM).
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::{TotalImprovement, trial};
///
/// let ivig = trial(TotalImprovement::AtLeast60)?.get("Aggarwal 2022").unwrap().groups().0;
/// assert_eq!((ivig.events(), ivig.total()), (15.0, 47.0));
/// assert_eq!(TotalImprovement::AtLeast60.to_string(), "TIS at least 60");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TotalImprovement {
    /// At least 20, minimal improvement; the primary outcome: 37/47 and 21/48.
    #[serde(rename = "20")]
    AtLeast20,
    /// At least 40, moderate improvement: 32/47 and 11/48.
    #[serde(rename = "40")]
    AtLeast40,
    /// At least 60, major improvement: 15/47 and 4/48.
    #[serde(rename = "60")]
    AtLeast60,
}

impl TotalImprovement {
    /// All, from the weakest to the strongest.
    pub const ALL: [Self; 3] = [Self::AtLeast20, Self::AtLeast40, Self::AtLeast60];

    /// The threshold in points of the score.
    ///
    /// ```
    /// use meta_analysis::datasets::ivig_dermatomyositis::extended::TotalImprovement;
    ///
    /// assert_eq!(TotalImprovement::ALL.map(TotalImprovement::points), [20, 40, 60]);
    /// ```
    pub fn points(self) -> u32 {
        match self {
            Self::AtLeast20 => 20,
            Self::AtLeast40 => 40,
            Self::AtLeast60 => 60,
        }
    }
}

impl std::fmt::Display for TotalImprovement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("TIS at least {}", self.points()))
    }
}

const TRIAL: &str = include_str!("extended/trial.csv");

/// Improvement with IVIG (first group) and placebo (second group) at week 16 of the randomised trial of Aggarwal 2022:
/// one study, at one threshold. The three thresholds are nested outcomes of the same people.
///
/// Covariates: the other columns of the [file](super#columns-and-units).
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::{TotalImprovement, trial};
///
/// let trial = trial(TotalImprovement::AtLeast20)?;
/// let (_, placebo) = trial.get("Aggarwal 2022").unwrap().groups();
/// assert_eq!(placebo.value(), 0.4375); // improvement without IVIG
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`super::responses`].
pub fn trial(threshold: TotalImprovement) -> Result<Studies<TwoByTwo>> {
    let all = read::studies(TRIAL, &read::ivig_and_control())?;
    Ok(read::only(&all, "outcome", &format!("Total Improvement Score at least {}", threshold.points())))
}

/// A risk difference as the trial printed it, as a proportion: 34.97 % is 0.3497.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::reported_differences;
///
/// let primary = reported_differences()?.remove(0);
/// let of_counts: f64 = 37.0 / 47.0 - 21.0 / 48.0; // 0.34973
/// assert_eq!(primary.difference, (of_counts * 1e4).round() / 1e4);
/// assert_eq!(primary.decimals, 2); // of the percentage 34.97
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportedDifference {
    /// Threshold of the outcome.
    pub threshold: TotalImprovement,
    /// Difference of the proportions.
    #[serde(rename = "reported_difference")]
    pub difference: f64,
    /// Lower 95 % limit.
    #[serde(rename = "reported_lower")]
    pub lower: f64,
    /// Upper 95 % limit.
    #[serde(rename = "reported_upper")]
    pub upper: f64,
    /// Decimals of the printed percentages.
    #[serde(rename = "difference_decimals")]
    pub decimals: u32,
}

/// The printed risk differences of the trial with their 95 % intervals. All three follow from the counts of
/// [`trial`] to the last printed digit: a check of the crate against a publication.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::reported_differences;
/// let primary = &reported_differences()?[0];
/// assert_eq!((primary.difference, primary.lower, primary.upper), (0.3497, 0.1670, 0.5324));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`super::responses`].
pub fn reported_differences() -> Result<Vec<ReportedDifference>> {
    read::rows(TRIAL)
}

/// Outcomes of the treatment phases of one kind in a crossover trial.
///
/// Not a [`Proportion`] and not half of a [`TwoByTwo`]: the phases of the two kinds share people.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::crossover;
///
/// for row in crossover()? {
///     assert_eq!(row.major + row.mild + row.unchanged + row.worse, row.phases);
///     assert_eq!(row.people, 15);
/// }
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrossoverPhases {
    /// Label of the study.
    pub study: String,
    /// Year of publication.
    pub year: u16,
    /// People in the whole trial, in both kinds of phases together.
    pub people: u32,
    /// Treatment.
    pub phase: String,
    /// Number of phases.
    pub phases: u32,
    /// Phases with major improvement.
    pub major: u32,
    /// Phases with mild improvement.
    pub mild: u32,
    /// Phases without change.
    pub unchanged: u32,
    /// Phases with a worse condition.
    pub worse: u32,
    /// What was read.
    pub source: String,
}

/// The crossover trial of Dalakas 1993, phase by phase.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::crossover;
/// let phases = crossover()?;
/// assert!(phases[0].phases + phases[1].phases > phases[0].people); // shared people
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`super::responses`].
pub fn crossover() -> Result<Vec<CrossoverPhases>> {
    read::rows(include_str!("extended/crossover.csv"))
}

/// The publications of this set.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::extended::sources;
/// let cherin = sources()?.into_iter().find(|s| s.study == "Cherin 2002").unwrap();
/// assert_eq!(cherin.doi.as_deref(), Some("10.1002/art.10053"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`super::responses`].
pub fn sources() -> Result<Vec<Source>> {
    read::rows(include_str!("extended/sources.csv"))
}
