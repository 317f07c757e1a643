//! From what papers report to effects: the one place where rows become columns.

use super::Effects;
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::study::{Conversion, Dropped, Studies, Summary, Uninformative};

impl<T: Summary> Studies<T> {
    /// Effect and variance of every study; metafor: `escalc`.
    ///
    /// Takes a measure, or a [`Conversion`] where there is more to say.
    ///
    /// # Errors
    /// The first study whose effect is undefined, by label; [`ErrorKind::Empty`],
    /// [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`].
    pub fn effects(&self, how: impl Into<Conversion<T::Measure>>) -> Result<Effects> {
        self.check_labels()?;
        let data: Vec<&T> = self.iter().map(|(_, row)| row).collect();
        let how = how.into().settled(&data)?;
        let drops = how.zero_cells_policy().uninformative() == Uninformative::Drop;
        let mut kept: Vec<usize> = Vec::with_capacity(self.len());
        let mut rows: Vec<(&str, Effect)> = Vec::with_capacity(self.len());
        let mut dropped = self.dropped().to_vec();
        for (i, (label, row)) in self.iter().enumerate() {
            match row.effect(&how) {
                Ok(effect) => {
                    kept.push(i);
                    rows.push((label, effect));
                }
                Err(e) if drops && is_uninformative(e.kind()) => {
                    let reason = match e.kind() {
                        ErrorKind::DoubleZero { .. } => "no events in either arm",
                        _ => "nothing but events in both arms",
                    };
                    dropped.push(Dropped { study: label.to_owned(), reason: reason.to_owned() });
                }
                Err(e) => return Err(e.in_study(label)),
            }
        }
        Ok(Effects::from_rows(rows)?.with(dropped, self.covariates().select(&kept)))
    }
}

fn is_uninformative(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::DoubleZero { .. } | ErrorKind::DoubleFull { .. })
}
