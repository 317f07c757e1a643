//! The cohort of 42 people: IVIG added (24) against conventional treatment (18).

use super::provenance::CountSource;
use crate::datasets::read;
use crate::error::Result;
use crate::study::{Proportion, Studies, TwoByTwo};
use serde::{Deserialize, Serialize};

/// The two remissions that the cohort reports for both groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Remission {
    /// Muscular remission at 6 months: 22/24 and 10/18.
    #[serde(rename = "muscular remission")]
    Muscular,
    /// Complete remission: 12/24 and 8/18. The source names no time of its own; 6 months is implied.
    #[serde(rename = "complete remission")]
    Complete,
}

impl Remission {
    /// Both, in the order of the source.
    pub const ALL: [Self; 2] = [Self::Muscular, Self::Complete];

    /// Name used in the csv files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Muscular => "muscular remission",
            Self::Complete => "complete remission",
        }
    }
}

impl std::fmt::Display for Remission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Remission with IVIG (first group) and without (second group) in the cohort of Kampylafka 2012: one study, for one
/// of its two outcomes.
///
/// The outcomes come one at a time, because they are the same 42 people. The groups were not randomised.
///
/// Covariates: the other columns of the [file](super#columns-and-units), among them `reported_p`, the printed p-value.
/// That of complete remission, .28, does **not** follow from the counts: chi-square gives .72, Yates .96, Fisher .76.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::{Remission, cohort};
///
/// let cohort = cohort(Remission::Muscular)?;
/// let (ivig, control) = cohort.get("Kampylafka 2012").unwrap().groups();
/// assert_eq!((ivig.events(), ivig.total()), (22.0, 24.0));
/// assert_eq!((control.events(), control.total()), (10.0, 18.0));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`](super::responses).
pub fn cohort(outcome: Remission) -> Result<Studies<TwoByTwo>> {
    let both = read::studies(include_str!("cohort.csv"), &read::ivig_and_control())?;
    Ok(read::only(&both, "outcome", outcome.name()))
}

/// One outcome of the 24 people of the cohort who were given IVIG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArmOutcome {
    /// What was counted.
    pub outcome: String,
    /// People with the outcome.
    pub events: u32,
    /// People in the arm.
    pub total: u32,
    /// When, or over which time.
    pub time: String,
    /// Organ.
    pub domain: String,
    /// Stated or derived.
    pub count_source: CountSource,
    /// The printed percentage, as a text that keeps its decimals.
    pub reported_percent: Option<String>,
    /// How the count follows.
    pub derivation: String,
}

impl ArmOutcome {
    /// The count as a row of study data.
    ///
    /// # Errors
    /// As [`Proportion::new`].
    pub fn proportion(&self) -> Result<Proportion> {
        Proportion::new(self.events, self.total)
    }
}

/// Outcomes of the IVIG arm of Kampylafka 2012: muscular remission 22, complete remission 12, any relapse 13, muscle
/// relapse 4, skin relapse 9, each of 24.
///
/// Plain rows and not [`Studies`]: they are five outcomes of the same people, and pooling them would count everybody
/// five times.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::ivig_arm;
///
/// let relapse = ivig_arm()?.into_iter().find(|row| row.outcome == "any relapse").unwrap();
/// assert_eq!((relapse.events, relapse.total), (13, 24));
/// assert_eq!(relapse.derivation, "54.2% x 24 = 13.008 -> 13, unique");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`](super::responses).
pub fn ivig_arm() -> Result<Vec<ArmOutcome>> {
    read::rows(include_str!("ivig_arm.csv"))
}
