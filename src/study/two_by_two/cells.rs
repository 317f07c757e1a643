//! The four cells of a 2x2 table, as the formulas need them.

use crate::error::{ErrorKind, Result};
use crate::study::precise::difference_of_products;

const NAMES: [&str; 4] = ["events (group 1)", "non-events (group 1)", "events (group 2)", "non-events (group 2)"];

/// Cells a, b, c, d, after any correction; both rows have somebody in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

impl Cells {
    /// Sizes of both groups.
    pub(super) fn rows(&self) -> [f64; 2] {
        [self.a + self.b, self.c + self.d]
    }

    /// Events and non-events of both groups together.
    pub(super) fn columns(&self) -> [f64; 2] {
        [self.a + self.c, self.b + self.d]
    }

    pub(super) fn total(&self) -> f64 {
        self.a + self.b + self.c + self.d
    }

    /// `a d - b c`.
    pub(super) fn cross(&self) -> f64 {
        difference_of_products(self.a, self.d, self.b, self.c)
    }

    /// Sum of the reciprocals.
    pub(super) fn reciprocals(&self) -> f64 {
        1.0 / self.a + 1.0 / self.b + 1.0 / self.c + 1.0 / self.d
    }

    /// The first cell that is zero, by name.
    pub(super) fn zero(&self) -> Option<&'static str> {
        [self.a, self.b, self.c, self.d].into_iter().zip(NAMES).find(|(cell, _)| *cell <= 0.0).map(|(_, name)| name)
    }

    /// All four cells must be positive.
    pub(super) fn need_all(&self, measure: &'static str) -> Result<()> {
        match self.zero() {
            Some(field) => Err(ErrorKind::ZeroCell { field, measure }.into()),
            None => Ok(()),
        }
    }

    /// There must be events in both groups.
    pub(super) fn need_events(&self, measure: &'static str) -> Result<()> {
        let field = if self.a <= 0.0 {
            NAMES[0]
        } else if self.c <= 0.0 {
            NAMES[2]
        } else {
            return Ok(());
        };
        Err(ErrorKind::ZeroCell { field, measure }.into())
    }

    /// There must be events and non-events.
    pub(super) fn need_margins(&self, measure: &'static str) -> Result<()> {
        let [m1, m2] = self.columns();
        if m1 <= 0.0 || m2 <= 0.0 { Err(ErrorKind::DegenerateMargin { measure }.into()) } else { Ok(()) }
    }
}
