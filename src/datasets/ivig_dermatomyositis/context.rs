//! Numbers that are shown beside an analysis and never go into one.

use super::provenance::CountSource;
use crate::datasets::read;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// What the adverse events of a study were counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Denominator {
    /// Courses of treatment; one person may have several.
    Courses,
    /// People.
    Patients,
}

impl std::fmt::Display for Denominator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Courses => "courses",
            Self::Patients => "patients",
        })
    }
}

/// Adverse events of one study, with the unit they were counted over.
///
/// Not a [`Proportion`](crate::study::Proportion): events per course and per patient are different quantities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdverseEvents {
    /// Label of the study.
    pub study: String,
    /// Courses, or patients, with an event.
    pub events: u32,
    /// Number of courses, or of patients.
    pub denominator: u32,
    /// What the denominator counts.
    pub unit: Denominator,
    /// What the events were.
    pub kinds: String,
    /// Stated or derived.
    pub count_source: CountSource,
    /// The printed percentage, as a text that keeps its decimals.
    pub reported_percent: Option<String>,
    /// How the count follows.
    pub derivation: String,
    /// What was read.
    pub source: String,
}

impl AdverseEvents {
    /// Events over the denominator, in events per [`unit`](Self::unit).
    pub fn share(&self) -> f64 {
        f64::from(self.events) / f64::from(self.denominator)
    }
}

/// Adverse events: 2 of 15 courses in Hara 2003, 4 of 24 patients in Kampylafka 2012. Not to be pooled.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::{Denominator, adverse_events};
///
/// let units: Vec<_> = adverse_events()?.iter().map(|row| row.unit).collect();
/// assert_eq!(units, [Denominator::Courses, Denominator::Patients]);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`](super::responses).
pub fn adverse_events() -> Result<Vec<AdverseEvents>> {
    read::rows(include_str!("adverse_events.csv"))
}

/// What a systematic review covered. It reports no estimate, and cites one of the studies of this data set, so that its
/// patients would be counted twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Review {
    /// Label of the review.
    pub study: String,
    /// Year of publication.
    pub year: u16,
    /// Articles included.
    pub articles: u32,
    /// Randomised trials among them.
    pub randomised: u32,
    /// Prospective open studies among them.
    pub prospective_open: u32,
    /// Retrospective studies among them.
    pub retrospective: u32,
    /// Adult patients in all of them.
    pub patients: u32,
    /// First year searched.
    pub searched_from: u16,
    /// Last year searched.
    pub searched_to: u16,
    /// What was read.
    pub source: String,
}

/// The review of Wang 2012: 308 patients in 14 articles, as context.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::reviews;
///
/// let review = &reviews()?[0];
/// assert_eq!(review.randomised + review.prospective_open + review.retrospective, review.articles);
/// assert_eq!(review.patients, 308);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`](super::responses).
pub fn reviews() -> Result<Vec<Review>> {
    read::rows(include_str!("review.csv"))
}
