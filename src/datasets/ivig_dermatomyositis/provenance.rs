//! Where a number comes from.

use serde::{Deserialize, Serialize};

/// Whether a count was read off the source or worked out from a percentage.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::{CountSource, ivig_arm};
/// assert!(ivig_arm()?.iter().all(|row| row.count_source == CountSource::Derived));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CountSource {
    /// The source gives the count.
    Stated,
    /// The source gives a percentage, and one count alone rounds to it; or the count follows from others. The
    /// arithmetic is in the column `derivation`.
    Derived,
}

impl CountSource {
    /// The word used in the csv files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Derived => "derived",
        }
    }
}

impl std::fmt::Display for CountSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Which direction of a score is an improvement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// A lower score is better.
    Lower,
    /// A higher score is better.
    Higher,
}

impl std::fmt::Display for Better {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Lower => "lower is better",
            Self::Higher => "higher is better",
        })
    }
}

/// A publication that numbers were taken from.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::sources;
/// let galimberti = sources()?.into_iter().find(|s| s.study == "Galimberti 2018").unwrap();
/// assert_eq!(galimberti.doi.as_deref(), Some("10.1111/ced.13607"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// Label of the study in this data set.
    pub study: String,
    /// First author, where known.
    pub first_author: Option<String>,
    /// Title, where it was seen.
    pub title: Option<String>,
    /// Journal.
    pub journal: String,
    /// Year of publication.
    pub year: u16,
    /// Volume, issue and pages, where seen.
    pub locator: Option<String>,
    /// DOI, where seen.
    pub doi: Option<String>,
    /// PubMed identifier, where seen.
    pub pmid: Option<String>,
    /// What was read: nowhere the full paper.
    pub read_as: String,
    /// What else a reader should know.
    pub note: Option<String>,
}

impl std::fmt::Display for Source {
    /// `Galimberti F, Clin Exp Dermatol 2018;43(8):906-912, doi 10.1111/ced.13607`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(author) = &self.first_author {
            write!(f, "{author}, ")?;
        }
        write!(f, "{} {}", self.journal, self.year)?;
        if let Some(locator) = &self.locator {
            write!(f, ";{locator}")?;
        }
        match (&self.doi, &self.pmid) {
            (Some(doi), _) => write!(f, ", doi {doi}"),
            (None, Some(pmid)) => write!(f, ", PMID {pmid}"),
            (None, None) => Ok(()),
        }
    }
}
