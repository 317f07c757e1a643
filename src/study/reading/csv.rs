//! Studies from csv.

use super::{Cell, Columns, Tabular, collect};
use crate::error::{Error, ErrorKind, Result};
use crate::study::Studies;
use std::io::Read;

impl<T: Tabular> Studies<T> {
    /// Studies from a csv with a header, read from a file, a byte slice or anything else that implements [`Read`].
    ///
    /// # Errors
    /// With record number, study and column: [`ErrorKind::InvalidColumn`], [`ErrorKind::NotANumber`],
    /// [`ErrorKind::MissingValue`], [`ErrorKind::Unreadable`] for a table that is no csv, and whatever the
    /// constructor of the data refuses.
    ///
    /// ```
    /// use meta_analysis::study::{Columns, Proportion, Studies};
    ///
    /// let table = "study,events,total\nHara 2003,7,8\nGalimberti 2018,53,42\n";
    /// let error = Studies::<Proportion>::from_csv(table.as_bytes(), &Columns::new()).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "record 2: study \"Galimberti 2018\": events must not exceed the total: 53 of 42"
    /// );
    /// ```
    pub fn from_csv(reader: impl Read, columns: &Columns) -> Result<Self> {
        columns.check_fields::<T>()?;
        let mut reader =
            csv::ReaderBuilder::new().delimiter(columns.delimiter).trim(csv::Trim::All).from_reader(reader);
        let header = reader.headers().map_err(|e| unreadable(&e))?;
        // Spreadsheets write a byte order mark in front of the first name.
        let names: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        let rows = (1..).zip(reader.records()).map(|(number, record)| {
            let record = record.map_err(|e| unreadable(&e).in_record(number))?;
            Ok(record.iter().map(|text| Cell::Text(text.to_owned())).collect())
        });
        collect(&names, rows, columns)
    }
}

fn unreadable(error: &csv::Error) -> Error {
    ErrorKind::Unreadable { problem: error.to_string() }.into()
}
