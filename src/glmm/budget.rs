//! How much work one question may cost.

use super::maximise::Failure;
use std::cell::Cell;

/// Most evaluations of the likelihood of all studies for one local maximum, or one limit. Fuzzing's wildest data that have an answer take
/// 600; a likelihood that is flat over millions of units may ask for steps without end.
const MOST_EVALUATIONS: u32 = 1000;

/// What is left of the evaluations of one question, shared by the searches that it asks for.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u32>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Cell::new(MOST_EVALUATIONS))
    }

    /// # Errors
    /// [`Failure::OutOfRange`] if nothing is left.
    pub(crate) fn spend(&self) -> Result<(), Failure> {
        let left = self.0.get().checked_sub(1).ok_or(Failure::OutOfRange)?;
        self.0.set(left);
        Ok(())
    }
}
