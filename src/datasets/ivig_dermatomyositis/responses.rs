//! Responders of single groups.

use super::provenance::CountSource;
use crate::datasets::read::{self, Labelled, text};
use crate::error::Result;
use crate::study::{Proportion, Studies};
use serde::Deserialize;

/// Which of the outcomes of a study a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Reading {
    Headline,
    Strict,
    Stratum,
    Alternative,
}

/// One row of `responses.csv`, here and in the extended set.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    study: String,
    reading: Reading,
    year: u16,
    events: u32,
    total: u32,
    treated: u32,
    outcome: String,
    domain: String,
    design: String,
    disease: String,
    line: String,
    source: String,
    count_source: CountSource,
    derivation: String,
    #[serde(default)]
    caution: String,
}

impl Labelled for Row {
    type Data = Proportion;

    fn label(&self) -> &str {
        &self.study
    }

    fn data(&self) -> Result<Proportion> {
        Proportion::new(self.events, self.total)
    }
}

const CSV: &str = include_str!("responses.csv");

/// The rows of one reading.
pub(super) fn only(csv: &str, reading: Reading) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = read::rows(csv)?;
    rows.retain(|row| row.reading == reading);
    Ok(rows)
}

/// The headline rows, each replaced by the row of `reading` of the same study where there is one.
pub(super) fn replaced_by(csv: &str, reading: Reading) -> Result<Vec<Row>> {
    let mut rows = only(csv, Reading::Headline)?;
    for other in only(csv, reading)? {
        if let Some(row) = rows.iter_mut().find(|row| row.study == other.study) {
            *row = other;
        }
    }
    Ok(rows)
}

/// Studies with every column of the rows as a covariate.
pub(super) fn studies(rows: &[Row]) -> Result<Studies<Proportion>> {
    let studies = read::studies(rows)?
        .with_covariate("year", rows.iter().map(|r| f64::from(r.year)).collect::<Vec<_>>())?
        .with_covariate("treated", rows.iter().map(|r| f64::from(r.treated)).collect::<Vec<_>>())?
        .with_covariate("outcome", text(rows, |r| &r.outcome))?
        .with_covariate("domain", text(rows, |r| &r.domain))?
        .with_covariate("design", text(rows, |r| &r.design))?
        .with_covariate("disease", text(rows, |r| &r.disease))?
        .with_covariate("line", text(rows, |r| &r.line))?
        .with_covariate("source", text(rows, |r| &r.source))?
        .with_covariate("count_source", text(rows, |r| r.count_source.name()))?
        .with_covariate("derivation", text(rows, |r| &r.derivation))?;
    if rows.iter().all(|row| row.caution.is_empty()) {
        return Ok(studies);
    }
    studies.with_covariate("caution", text(rows, |r| &r.caution))
}

/// Responders among people given IVIG: four groups of patients, each with the outcome its paper leads with.
///
/// The four outcomes differ (composite response, physicians' judgement, muscular remission, improvement of the
/// skin), and none of the groups is compared with anybody here. A pooled value shows how the methods work; it is
/// not an estimate of efficacy.
///
/// Covariates: `year`, `treated` (people treated, where that is more than the number analysed), `outcome`,
/// `domain`, `design`, `disease`, `line`, `source`, `count_source`, `derivation`.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis as ivig;
///
/// let responses = ivig::responses()?;
/// let counts: Vec<_> = responses.iter().map(|(study, p)| (study, p.events(), p.total())).collect();
/// assert_eq!(
///     counts,
///     [
///         ("Göttfried 2000", 7.0, 19.0),
///         ("Hara 2003", 7.0, 8.0),
///         ("Kampylafka 2012", 22.0, 24.0),
///         ("Galimberti 2018", 35.0, 42.0),
///     ]
/// );
/// assert_eq!(responses.covariates().text("domain").unwrap()[3].as_deref(), Some("skin"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Unreadable`](crate::ErrorKind::Unreadable) if the embedded file were damaged; the tests of the crate
/// read all of it.
pub fn responses() -> Result<Studies<Proportion>> {
    studies(&only(CSV, Reading::Headline)?)
}

/// The same four groups read strictly: 7 of the 12 people whom Hara 2003 treated, and complete instead of muscular
/// remission for Kampylafka 2012.
///
/// Equally defensible, and far from [`responses`]: how much the choice of outcome matters.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis as ivig;
///
/// let strict = ivig::strict_responses()?;
/// assert_eq!(strict.len(), 4);
/// assert_eq!(strict.get("Hara 2003").unwrap().total(), 12.0);
/// assert_eq!(strict.get("Kampylafka 2012").unwrap().value(), 0.5);
/// assert_eq!(strict.get("Galimberti 2018"), ivig::responses()?.get("Galimberti 2018"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`].
pub fn strict_responses() -> Result<Studies<Proportion>> {
    studies(&replaced_by(CSV, Reading::Strict)?)
}

/// The two strata of Galimberti 2018, which add up to its 35 of 42: skin disease alone (13/15), and skin with muscle
/// or lung disease (22/27).
///
/// One study, two disjoint groups. In a pool they take the place of the study's single row.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis as ivig;
///
/// let strata = ivig::galimberti_strata()?;
/// let events: f64 = strata.iter().map(|(_, p)| p.events()).sum();
/// assert_eq!(events, ivig::responses()?.get("Galimberti 2018").unwrap().events());
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`].
pub fn galimberti_strata() -> Result<Studies<Proportion>> {
    studies(&only(CSV, Reading::Stratum)?)
}
