//! Studies from tables: csv, and any source that serde can read into records.

mod csv;
mod record;
mod reported;
mod tabular;

pub use record::{Cell, Record};
pub use tabular::Tabular;

use super::covariates::Column;
use super::studies::{Dropped, Studies};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;

/// Which columns of a table hold what, by name.
///
/// A column that is not named is looked for under the name of its field ([`Tabular::FIELDS`]), and the labels under
/// `study`. Every other column becomes a covariate: of numbers if all its cells are, of texts otherwise.
///
/// ```
/// use meta_analysis::study::{Columns, Missing, Studies, TwoByTwo};
///
/// let table = "\
/// author,x1,n1,x0,n0,design
/// Kampylafka 2012,22,24,10,18,cohort
/// Aggarwal 2022,37,47,21,48,randomised
/// Somebody 2020,5,NA,3,9,cohort
/// ";
/// let columns = Columns::new()
///     .label("author")
///     .field("events1", "x1")
///     .field("total1", "n1")
///     .field("events2", "x0")
///     .field("total2", "n0")
///     .missing(Missing::LeaveOut);
/// let trials = Studies::<TwoByTwo>::from_csv(table.as_bytes(), &columns)?;
/// assert_eq!(trials.len(), 2);
/// assert_eq!(trials.dropped()[0].study, "Somebody 2020");
/// assert_eq!(trials.covariates().text("design").unwrap()[1].as_deref(), Some("randomised"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    label: String,
    fields: Vec<(String, String)>,
    missing: Missing,
    markers: Vec<String>,
    delimiter: u8,
    estimates: Option<Measure>,
    analysis_scale: bool,
}

/// What happens to a study with an empty cell where a number is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Missing {
    /// An error that names record, study and column (the default).
    #[default]
    Refuse,
    /// The study is left out, which [`Studies::dropped`] and the notes of results say.
    LeaveOut,
}

impl Default for Columns {
    fn default() -> Self {
        Self::new()
    }
}

impl Columns {
    /// Labels in `study`, every field under its own name, commas between columns, missing values refused.
    pub fn new() -> Self {
        Self {
            label: "study".to_owned(),
            fields: Vec::new(),
            missing: Missing::Refuse,
            markers: ["", "NA", "NaN", "."].map(str::to_owned).to_vec(),
            delimiter: b',',
            estimates: None,
            analysis_scale: false,
        }
    }

    /// What the estimates are that a table of [`ReportedRow`](super::ReportedRow)s holds. Default: not said, which is
    /// an error for such a table; other data do not need it.
    #[must_use]
    pub fn estimates_of(mut self, measure: Measure) -> Self {
        self.estimates = Some(measure);
        self
    }

    /// Reported estimates and limits are on the analysis scale (logarithms of ratios). Default: on the natural scale.
    #[must_use]
    pub fn on_analysis_scale(mut self) -> Self {
        self.analysis_scale = true;
        self
    }

    /// The column of the labels. Default: `study`.
    #[must_use]
    pub fn label(mut self, column: &str) -> Self {
        column.clone_into(&mut self.label);
        self
    }

    /// The column of a field; the fields of a kind of data are its [`Tabular::FIELDS`]. Default: the field's name.
    #[must_use]
    pub fn field(mut self, field: &str, column: &str) -> Self {
        self.fields.retain(|(f, _)| f != field);
        self.fields.push((field.to_owned(), column.to_owned()));
        self
    }

    /// What happens to empty cells. Default: [`Missing::Refuse`].
    #[must_use]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// The texts that stand for a missing value. Default: nothing at all, `NA`, `NaN`, `.`.
    #[must_use]
    pub fn missing_markers(mut self, markers: &[&str]) -> Self {
        self.markers = markers.iter().map(|&m| m.to_owned()).collect();
        self
    }

    /// The byte between columns of a csv. Default: a comma.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    fn column_of<'a>(&'a self, field: &'a str) -> &'a str {
        self.fields.iter().find(|(f, _)| f == field).map_or(field, |(_, column)| column)
    }

    /// # Errors
    /// A mapped field that this kind of data does not have.
    fn check_fields<T: Tabular>(&self) -> Result<()> {
        let known = [T::FIELDS, T::OPTIONAL].concat();
        match self.fields.iter().find(|(field, _)| !known.contains(&field.as_str())) {
            None => Ok(()),
            Some((field, _)) => {
                let problem = format!("there is no field {field:?}; fields: {}", known.join(", "));
                Err(ErrorKind::Unreadable { problem }.into())
            }
        }
    }

    fn is_missing(&self, text: &str) -> bool {
        self.markers.iter().any(|marker| marker == text)
    }

    /// A cell as it counts: markers of missing values are missing.
    fn resolve(&self, cell: Cell) -> Cell {
        match cell {
            Cell::Text(text) if self.is_missing(text.trim()) => Cell::Missing(()),
            Cell::Number(x) if x.is_nan() && self.is_missing("NaN") => Cell::Missing(()),
            other => other,
        }
    }
}

impl<T: Tabular> Studies<T> {
    /// Studies from records of any source that serde reads, e.g. `serde_json::from_str::<Vec<Record>>(..)`.
    ///
    /// # Errors
    /// As [`from_csv`](Self::from_csv).
    ///
    /// ```
    /// use meta_analysis::study::{Columns, Proportion, Record, Studies};
    ///
    /// let json = r#"[{"study": "Hara 2003", "events": 7, "total": 8, "year": 2003}]"#;
    /// let records: Vec<Record> = serde_json::from_str(json).unwrap();
    /// let studies = Studies::<Proportion>::from_records(records, &Columns::new())?;
    /// assert_eq!(studies.get("Hara 2003").unwrap().value(), 0.875);
    /// assert_eq!(studies.covariates().numbers("year").unwrap(), [Some(2003.0)]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn from_records(records: impl IntoIterator<Item = Record>, columns: &Columns) -> Result<Self> {
        columns.check_fields::<T>()?;
        let records: Vec<Record> = records.into_iter().collect();
        let mut names: Vec<String> = Vec::new();
        for name in records.iter().flat_map(Record::names) {
            if !names.iter().any(|n| n == name) {
                names.push(name.to_owned());
            }
        }
        let rows = records.into_iter().map(|record| Ok(names.iter().map(|name| record.cell(name)).collect()));
        collect(&names, rows, columns)
    }
}

/// Rows of cells under these names become studies.
fn collect<T: Tabular>(
    names: &[String],
    rows: impl Iterator<Item = Result<Vec<Cell>>>,
    columns: &Columns,
) -> Result<Studies<T>> {
    let label = position(names, &columns.label, "study")?;
    let fields = T::FIELDS.iter().map(|&field| position(names, columns.column_of(field), field));
    let fields = fields.collect::<Result<Vec<usize>>>()?;
    let optional = T::OPTIONAL.iter().map(|&field| optional_position(names, columns, field));
    let optional = optional.collect::<Result<Vec<Option<usize>>>>()?;
    let is_other = |i: &usize| *i != label && !fields.contains(i) && !optional.contains(&Some(*i));
    let others: Vec<usize> = (0..names.len()).filter(is_other).collect();
    let (mut studies, mut dropped) = (Vec::new(), Vec::new());
    let mut covariates: Vec<Vec<Cell>> = vec![Vec::new(); others.len()];
    for (number, row) in (1..).zip(rows) {
        let row: Vec<Cell> = row?.into_iter().map(|cell| columns.resolve(cell)).collect();
        let cell = |i: usize| row.get(i).cloned().unwrap_or(Cell::Missing(()));
        let study = cell(label).text();
        let at = |error: Error| error.in_study(&study).in_record(number);
        if study.is_empty() {
            let kind = ErrorKind::MissingValue { column: columns.label.clone(), field: "study" };
            return Err(Error::new(kind).in_record(number));
        }
        let read = numbers(names, &fields, T::FIELDS, &cell)
            .and_then(|values| T::from_row(&values, &optional_numbers(names, &optional, T::OPTIONAL, &cell)?, columns));
        match read {
            Ok(row) => studies.push((study.clone(), row)),
            Err(error)
                if columns.missing == Missing::LeaveOut && matches!(error.kind(), ErrorKind::MissingValue { .. }) =>
            {
                let reason = format!("no value for {}", error.field().unwrap_or_default());
                dropped.push(Dropped { study, reason });
                continue;
            }
            Err(error) => return Err(at(error)),
        }
        for (column, &i) in covariates.iter_mut().zip(&others) {
            column.push(cell(i));
        }
    }
    let mut studies: Studies<T> = studies.into_iter().collect::<Studies<T>>().without(dropped);
    for (&i, cells) in others.iter().zip(covariates) {
        let name = names.get(i).map(String::as_str).unwrap_or_default();
        studies = studies.with_covariate(name, covariate(cells))?;
    }
    Ok(studies)
}

/// Where a column is.
fn position(names: &[String], column: &str, field: &'static str) -> Result<usize> {
    let mut found = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(i, _)| i);
    let problem = match (found.next(), found.next()) {
        (Some(i), None) => return Ok(i),
        (None, _) => "no",
        (Some(_), Some(_)) => "more than one",
    };
    let (column, found) = (column.to_owned(), names.join(", "));
    Err(ErrorKind::InvalidColumn { column, field, problem, found }.into())
}

/// Where a column is that may be absent, unless it was named.
fn optional_position(names: &[String], columns: &Columns, field: &'static str) -> Result<Option<usize>> {
    let column = columns.column_of(field);
    let is_named = columns.fields.iter().any(|(f, _)| f == field);
    if !is_named && !names.iter().any(|name| name == column) {
        return Ok(None);
    }
    position(names, column, field).map(Some)
}

/// The numbers that are there of the optional fields of one row.
fn optional_numbers(
    names: &[String],
    positions: &[Option<usize>],
    fields: &[&'static str],
    cell: &impl Fn(usize) -> Cell,
) -> Result<Vec<Option<f64>>> {
    let number = |(position, &field): (&Option<usize>, &&'static str)| match position.map(|i| (i, cell(i))) {
        None | Some((_, Cell::Missing(()))) => Ok(None),
        Some((i, _)) => numbers(names, &[i], &[field], cell).map(|values| values.first().copied()),
    };
    positions.iter().zip(fields).map(number).collect()
}

/// The numbers of one row, in the order of its fields.
fn numbers(
    names: &[String],
    positions: &[usize],
    fields: &[&'static str],
    cell: &impl Fn(usize) -> Cell,
) -> Result<Vec<f64>> {
    let number = |(&i, &field): (&usize, &&'static str)| {
        let column = names.get(i).cloned().unwrap_or_default();
        match cell(i) {
            Cell::Missing(()) => Err(ErrorKind::MissingValue { column, field }.into()),
            cell => cell.number().ok_or_else(|| ErrorKind::NotANumber { column, field, text: cell.text() }.into()),
        }
    };
    positions.iter().zip(fields).map(number).collect()
}

/// A column of numbers if every cell that is there is one, of texts otherwise.
fn covariate(cells: Vec<Cell>) -> Column {
    let numbers: Option<Vec<Option<f64>>> = cells
        .iter()
        .map(|cell| match cell {
            Cell::Missing(()) => Some(None),
            cell => cell.number().filter(|x| x.is_finite()).map(Some),
        })
        .collect();
    match numbers {
        Some(numbers) if numbers.iter().any(Option::is_some) => Column::Number(numbers),
        _ => Column::Text(
            cells.into_iter().map(|cell| (!matches!(cell, Cell::Missing(()))).then(|| cell.text())).collect(),
        ),
    }
}
