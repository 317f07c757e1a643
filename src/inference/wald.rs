//! Wald inference: the standard error as it is, with a normal or t quantile.

use super::Solution;
use crate::error::{ErrorKind, Result};

/// k - 1 degrees of freedom, which one study does not have.
pub(super) fn df(solution: &Solution) -> Result<f64> {
    if solution.k > 1 {
        return Ok(solution.df());
    }
    let remedy = "use `Inference::Wald`";
    Err(ErrorKind::UndefinedDf { what: "the t distribution", df: solution.df(), remedy }.into())
}
