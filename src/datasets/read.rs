//! Embedded csv files into typed rows.

use crate::error::{Error, ErrorKind, Result};
use crate::study::{Columns, Studies, Tabular};
use serde::de::DeserializeOwned;

/// All rows of a csv text with a header.
pub(super) fn rows<R: DeserializeOwned>(text: &str) -> Result<Vec<R>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let numbered = (1..).zip(reader.deserialize());
    let unreadable = |error: csv::Error| Error::new(ErrorKind::Unreadable { problem: error.to_string() });
    numbered.map(|(number, row)| row.map_err(|error| unreadable(error).in_record(number))).collect()
}

/// Studies of a csv text with a header; every column that holds no data is a covariate.
pub(super) fn studies<T: Tabular>(text: &str, columns: &Columns) -> Result<Studies<T>> {
    Studies::from_csv(text.as_bytes(), columns)
}

/// The columns of a comparison of IVIG with a control group.
pub(super) fn ivig_and_control() -> Columns {
    Columns::new()
        .field("events1", "events_ivig")
        .field("total1", "total_ivig")
        .field("events2", "events_control")
        .field("total2", "total_control")
}

/// The studies with this text in this covariate.
pub(super) fn only<T: Clone>(studies: &Studies<T>, covariate: &str, value: &str) -> Studies<T> {
    let values = studies.covariates().text(covariate).unwrap_or_default();
    studies.filter(|i, _, _| values.get(i).and_then(Option::as_deref) == Some(value))
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
        assert!(matches!(error.kind(), ErrorKind::Unreadable { .. }), "{error}");
        assert!(error.to_string().starts_with("record 2: "), "{error}");
        let error = rows::<Row>("people\n7\n").unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unreadable { .. }), "{error}");
    }
}
