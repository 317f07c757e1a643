//! Named columns that stay aligned with the studies they describe.

use crate::error::{ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// One covariate: a value per study, missing values explicit.
///
/// ```
/// use meta_analysis::study::covariates::Column;
///
/// assert_eq!(Column::from([2.0, 3.0]), Column::Number(vec![Some(2.0), Some(3.0)]));
/// assert_eq!(Column::from(["skin"]), Column::Text(vec![Some("skin".to_owned())]));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Column {
    /// Numbers.
    Number(Vec<Option<f64>>),
    /// Texts, for subgroups.
    Text(Vec<Option<String>>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(values) => Self::Number(rows.iter().map(|&i| values.get(i).copied().flatten()).collect()),
            Self::Text(values) => Self::Text(rows.iter().map(|&i| values.get(i).cloned().flatten()).collect()),
        }
    }
}

impl<const K: usize> From<[f64; K]> for Column {
    fn from(values: [f64; K]) -> Self {
        Self::Number(values.into_iter().map(Some).collect())
    }
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Self::Number(values.into_iter().map(Some).collect())
    }
}

impl From<Vec<Option<f64>>> for Column {
    fn from(values: Vec<Option<f64>>) -> Self {
        Self::Number(values)
    }
}

impl<const K: usize> From<[&str; K]> for Column {
    fn from(values: [&str; K]) -> Self {
        Self::Text(values.into_iter().map(|v| Some(v.to_owned())).collect())
    }
}

impl From<Vec<String>> for Column {
    fn from(values: Vec<String>) -> Self {
        Self::Text(values.into_iter().map(Some).collect())
    }
}

impl From<Vec<Option<String>>> for Column {
    fn from(values: Vec<Option<String>>) -> Self {
        Self::Text(values)
    }
}

/// The covariates of a list of studies, by name, in the order they were added.
///
/// ```
/// use meta_analysis::study::{Proportion, Studies};
///
/// let studies = Studies::from([("A", Proportion::new(7, 19)?), ("B", Proportion::new(7, 8)?)])
///     .with_covariate("year", [2000.0, 2003.0])?;
/// assert_eq!(studies.covariates().numbers("year").unwrap()[1], Some(2003.0));
/// assert!(studies.with_covariate("dose", [2.0]).is_err()); // one value for two studies
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Covariates {
    columns: Vec<(String, Column)>,
}

impl Covariates {
    /// Names and columns, in the order they were added.
    ///
    /// ```
    /// use meta_analysis::study::{Proportion, Studies};
    ///
    /// let studies = Studies::from([("A", Proportion::new(7, 19)?)])
    ///     .with_covariate("year", [2000.0])?
    ///     .with_covariate("organ", ["skin"])?;
    /// let names: Vec<&str> = studies.covariates().iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["year", "organ"]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// The column of this name.
    ///
    /// ```
    /// use meta_analysis::study::{Proportion, Studies, covariates::Column};
    ///
    /// let studies = Studies::from([("A", Proportion::new(7, 19)?)])
    ///     .with_covariate("year", [2000.0])?
    ///     .with_covariate("organ", ["skin"])?;
    /// assert_eq!(studies.covariates().get("year"), Some(&Column::from([2000.0])));
    /// assert_eq!(studies.covariates().get("dose"), None);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, column)| column)
    }

    /// The numbers of this name, if it is a column of numbers.
    ///
    /// ```
    /// use meta_analysis::study::{Proportion, Studies};
    ///
    /// let studies = Studies::from([("A", Proportion::new(7, 19)?)])
    ///     .with_covariate("year", [2000.0])?
    ///     .with_covariate("organ", ["skin"])?;
    /// assert_eq!(studies.covariates().numbers("year").unwrap(), [Some(2000.0)]);
    /// assert_eq!(studies.covariates().numbers("organ"), None); // texts
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn numbers(&self, name: &str) -> Option<&[Option<f64>]> {
        match self.get(name) {
            Some(Column::Number(values)) => Some(values),
            _ => None,
        }
    }

    /// The texts of this name, if it is a column of texts.
    ///
    /// ```
    /// use meta_analysis::study::{Proportion, Studies};
    ///
    /// let studies = Studies::from([("A", Proportion::new(7, 19)?)])
    ///     .with_covariate("year", [2000.0])?
    ///     .with_covariate("organ", ["skin"])?;
    /// assert_eq!(studies.covariates().text("organ").unwrap(), [Some("skin".to_owned())]);
    /// assert_eq!(studies.covariates().text("year"), None); // numbers
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn text(&self, name: &str) -> Option<&[Option<String>]> {
        match self.get(name) {
            Some(Column::Text(values)) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn insert(&mut self, name: &str, column: Column, rows: usize) -> Result<()> {
        let problem = |problem| Err(ErrorKind::InvalidCovariate { name: name.to_owned(), problem }.into());
        if name.trim().is_empty() {
            return problem("an empty name for the");
        }
        if self.get(name).is_some() {
            return problem("there already is a");
        }
        check_column(name, &column, rows)?;
        self.columns.push((name.to_owned(), column));
        Ok(())
    }

    pub(crate) fn check_len(&self, rows: usize) -> Result<()> {
        self.iter().try_for_each(|(name, column)| check_column(name, column, rows))
    }

    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self { columns: self.columns.iter().map(|(name, column)| (name.clone(), column.select(rows))).collect() }
    }
}

fn check_column(name: &str, column: &Column, rows: usize) -> Result<()> {
    if column.len() != rows {
        return Err(ErrorKind::LengthMismatch { field: name.to_owned(), expected: rows, found: column.len() }.into());
    }
    if let Column::Number(values) = column
        && let Some(&value) = values.iter().flatten().find(|value| !value.is_finite())
    {
        return Err(ErrorKind::NonFinite { field: "covariate", value }.into());
    }
    Ok(())
}
