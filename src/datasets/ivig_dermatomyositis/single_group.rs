//! Responders of single groups.

use crate::datasets::read;
use crate::error::Result;
use crate::study::{Columns, Proportion, Studies};

const CSV: &str = include_str!("responses.csv");

/// The rows of one reading.
pub(super) fn only(csv: &str, reading: &str) -> Result<Studies<Proportion>> {
    Ok(read::only(&read::studies(csv, &Columns::new())?, "reading", reading))
}

/// The headline rows, each replaced by the row of `reading` of the same study where there is one.
pub(super) fn replaced_by(csv: &str, reading: &str) -> Result<Studies<Proportion>> {
    let all: Studies<Proportion> = read::studies(csv, &Columns::new())?;
    let replacements = read::only(&all, "reading", reading);
    let readings = all.covariates().text("reading").unwrap_or_default();
    Ok(all.filter(|i, study, _| match readings.get(i).and_then(Option::as_deref) {
        Some("headline") => replacements.get(study).is_none(),
        other => other == Some(reading),
    }))
}

/// Responders among people given IVIG: four groups of patients, each with the outcome its paper leads with.
///
/// The four outcomes differ (composite response, physicians' judgement, muscular remission, improvement of the
/// skin), and none of the groups is compared with anybody here. A pooled value shows how the methods work; it is
/// not an estimate of efficacy.
///
/// Covariates: the other columns of the [file](super#columns-and-units), `year`, `treated` and `reported_percent` as
/// numbers.
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
    only(CSV, "headline")
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
    replaced_by(CSV, "strict")
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
    only(CSV, "stratum")
}
