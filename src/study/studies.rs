//! A list of labelled studies of one kind.

use super::covariates::{Column, Covariates};
use crate::error::{ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Labelled studies whose data are of one kind, with named covariates that stay aligned with the rows.
///
/// The raw rows are kept: pooling methods for counts (Mantel-Haenszel, Peto, binomial likelihoods) need them,
/// not an effect and a variance.
///
/// ```
/// use meta_analysis::study::{Studies, TwoByTwo};
///
/// let trials = Studies::from([
///     ("Kampylafka 2012", TwoByTwo::new((22, 24), (10, 18))?),
///     ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
/// ])
/// .with_covariate("design", ["cohort", "randomised"])?;
/// assert_eq!(trials.len(), 2);
/// assert_eq!(trials.labels().next(), Some("Kampylafka 2012"));
/// let randomised = trials.filter(|i, _, _| trials.covariates().text("design").unwrap()[i].as_deref() == Some("randomised"));
/// assert_eq!(randomised.len(), 1);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked<T>")]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Studies<T> {
    rows: Vec<(String, T)>,
    covariates: Covariates,
    dropped: Vec<Dropped>,
}

/// A study that was left out, as the options asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Label of the study.
    pub study: String,
    /// Why it was left out.
    pub reason: String,
}

#[derive(Deserialize)]
struct Unchecked<T> {
    rows: Vec<(String, T)>,
    #[serde(default)]
    covariates: Covariates,
    #[serde(default)]
    dropped: Vec<Dropped>,
}

impl<T> TryFrom<Unchecked<T>> for Studies<T> {
    type Error = crate::Error;

    fn try_from(raw: Unchecked<T>) -> Result<Self> {
        raw.covariates.check_len(raw.rows.len())?;
        Ok(Self { rows: raw.rows, covariates: raw.covariates, dropped: raw.dropped })
    }
}

impl<T> Default for Studies<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), covariates: Covariates::default(), dropped: Vec::new() }
    }
}

impl<L: Into<String>, T, const K: usize> From<[(L, T); K]> for Studies<T> {
    fn from(rows: [(L, T); K]) -> Self {
        rows.into_iter().collect()
    }
}

impl<L: Into<String>, T> From<Vec<(L, T)>> for Studies<T> {
    fn from(rows: Vec<(L, T)>) -> Self {
        rows.into_iter().collect()
    }
}

impl<L: Into<String>, T> FromIterator<(L, T)> for Studies<T> {
    fn from_iter<I: IntoIterator<Item = (L, T)>>(rows: I) -> Self {
        let rows = rows.into_iter().map(|(label, row)| (label.into(), row)).collect();
        Self { rows, covariates: Covariates::default(), dropped: Vec::new() }
    }
}

impl<T> Studies<T> {
    /// Number of studies.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no study.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Labels and rows, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        self.rows.iter().map(|(label, row)| (label.as_str(), row))
    }

    /// The labels, in order.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rows.iter().map(|(label, _)| label.as_str())
    }

    /// The row of this label.
    pub fn get(&self, label: &str) -> Option<&T> {
        self.rows.iter().find(|(l, _)| l == label).map(|(_, row)| row)
    }

    /// The covariates.
    pub fn covariates(&self) -> &Covariates {
        &self.covariates
    }

    /// The same studies with one more covariate; numbers or texts, one per study, in order.
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless there is one value per study, [`ErrorKind::InvalidCovariate`] for
    /// an empty name or one that exists, [`ErrorKind::NonFinite`] for a number that is not finite.
    pub fn with_covariate(mut self, name: &str, values: impl Into<Column>) -> Result<Self> {
        self.covariates.insert(name, values.into(), self.rows.len())?;
        Ok(self)
    }

    /// The studies for which `keep(position, label, row)` holds, with their covariates.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(usize, &str, &T) -> bool) -> Self
    where
        T: Clone,
    {
        let kept: Vec<usize> = (0..).zip(self.iter()).filter(|&(i, (l, r))| keep(i, l, r)).map(|(i, _)| i).collect();
        Self {
            rows: kept.iter().filter_map(|&i| self.rows.get(i).cloned()).collect(),
            covariates: self.covariates.select(&kept),
            dropped: self.dropped.clone(),
        }
    }

    /// Studies that were left out when the data were read.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// The same studies with a record of those that were left out.
    pub(super) fn without(mut self, dropped: Vec<Dropped>) -> Self {
        self.dropped = dropped;
        self
    }

    /// # Errors
    /// [`ErrorKind::Empty`], [`ErrorKind::InvalidLabel`], [`ErrorKind::DuplicateLabel`].
    pub(crate) fn check_labels(&self) -> Result<()> {
        check_labels(self.labels())
    }
}

/// Labels must be there, and differ.
pub(crate) fn check_labels<'a>(labels: impl ExactSizeIterator<Item = &'a str>) -> Result<()> {
    if labels.len() == 0 {
        return Err(ErrorKind::Empty.into());
    }
    let mut seen = std::collections::HashSet::with_capacity(labels.len());
    for (i, label) in labels.enumerate() {
        if label.trim().is_empty() {
            return Err(ErrorKind::InvalidLabel { position: i + 1 }.into());
        }
        if !seen.insert(label) {
            return Err(ErrorKind::DuplicateLabel { label: label.to_owned() }.into());
        }
    }
    Ok(())
}
