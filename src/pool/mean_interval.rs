//! Intervals of the pooled effect that do not rest on a standard error.

use super::pooled::Pooled;
use crate::error::Result;
use crate::inference::{MeanInterval, MeanMethod};

impl Pooled {
    /// An interval of the pooled effect by another method, at the level of the model. Each [`MeanMethod`] says what it
    /// computes.
    ///
    /// # Errors
    /// What the model's `fit` reports; [`ErrorKind::NotApplicable`](crate::ErrorKind::NotApplicable) for a method that the
    /// model has not; [`ErrorKind::LevelNotAttainable`](crate::ErrorKind::LevelNotAttainable) with too few studies or
    /// samples; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn mean_interval(&self, method: MeanMethod) -> Result<MeanInterval> {
        match method {
            MeanMethod::Permutation(options) => self.permutation_interval(options),
            MeanMethod::Exact(options) => self.exact_interval(options),
            MeanMethod::Combined(combination) => self.combined_interval(combination),
        }
    }
}
