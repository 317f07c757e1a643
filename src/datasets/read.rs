//! Embedded csv files into typed rows.

use crate::error::{Error, ErrorKind, Result};
use crate::study::{Proportion, Studies};
use serde::de::DeserializeOwned;

/// All rows of a csv text with a header.
pub(super) fn rows<R: DeserializeOwned>(text: &str) -> Result<Vec<R>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize()
        .map(|row| {
            row.map_err(|error: csv::Error| {
                let record = error.position().map_or(0, csv::Position::record);
                Error::from(ErrorKind::Unreadable { problem: error.to_string() }).in_record(record)
            })
        })
        .collect()
}

/// A row whose study data are checked when it becomes a labelled study.
pub(super) trait Labelled {
    /// Data of one study.
    type Data;
    /// Label of the study.
    fn label(&self) -> &str;
    /// The checked data, without the label in the error.
    fn data(&self) -> Result<Self::Data>;
}

/// Labelled studies of these rows, without covariates.
pub(super) fn studies<R: Labelled>(rows: &[R]) -> Result<Studies<R::Data>> {
    let study = |row: &R| Ok((row.label().to_owned(), row.data().map_err(|e| e.in_study(row.label()))?));
    rows.iter().map(study).collect::<Result<Vec<_>>>().map(Studies::from)
}

/// A column of texts, one per row.
pub(super) fn text<R>(rows: &[R], of: impl Fn(&R) -> &str) -> Vec<String> {
    rows.iter().map(|row| of(row).to_owned()).collect()
}

/// Events of a number of people, checked.
pub(super) fn proportion(events: u32, total: u32, label: &str) -> Result<Proportion> {
    Proportion::new(events, total).map_err(|e| e.in_study(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Row {
        events: u32,
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error_with_its_record() {
        assert_eq!(rows::<Row>("events\n7\n").unwrap()[0].events, 7);
        let error = rows::<Row>("events\n7\nseven\n").unwrap_err();
        assert_eq!(error.record(), Some(2), "{error}");
        let error = rows::<Row>("people\n7\n").unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unreadable { .. }), "{error}");
    }
}
