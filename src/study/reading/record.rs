//! One row of a table as serde reads it: names and cells.

use serde::{Deserialize, Serialize};

/// One row of a table: cells by name, in the order they were read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    cells: Vec<(String, Cell)>,
}

/// What one cell holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number.
    Number(f64),
    /// A truth value; a covariate of texts.
    Truth(bool),
    /// A text, which may still be read as a number.
    Text(String),
    /// Nothing.
    Missing(()),
}

impl Cell {
    /// The number it holds, or that its text spells.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Truth(_) | Self::Missing(()) => None,
        }
    }

    /// What it holds as text, without blanks around it.
    pub fn text(&self) -> String {
        match self {
            Self::Number(x) => x.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Text(text) => text.trim().to_owned(),
            Self::Missing(()) => String::new(),
        }
    }
}

impl Record {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn cell(&self, name: &str) -> Cell {
        self.cells.iter().find(|(n, _)| n == name).map_or(Cell::Missing(()), |(_, cell)| cell.clone())
    }
}

impl<N: Into<String>> FromIterator<(N, Cell)> for Record {
    fn from_iter<I: IntoIterator<Item = (N, Cell)>>(cells: I) -> Self {
        Self { cells: cells.into_iter().map(|(name, cell)| (name.into(), cell)).collect() }
    }
}

impl<'de> Deserialize<'de> for Record {
    /// From a map; the order of the columns is kept.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Cells;
        impl<'de> serde::de::Visitor<'de> for Cells {
            type Value = Record;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of column names to numbers or texts")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut cells = Vec::new();
                while let Some(cell) = map.next_entry::<String, Cell>()? {
                    cells.push(cell);
                }
                Ok(Record { cells })
            }
        }
        deserializer.deserialize_map(Cells)
    }
}
