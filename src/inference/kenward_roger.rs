//! Kenward-Roger: what `tau2::Workspace::kenward_roger` gives, where the model allows it.

use super::Solution;
use crate::error::{ErrorKind, Result};

pub(super) fn standard_error(solution: &Solution) -> Result<(f64, Option<f64>)> {
    let what = "Kenward-Roger standard error";
    let (Some(se), Some(df)) = (solution.kenward_roger_se, solution.kenward_roger_df) else {
        let why = "it is derived for random effects with tau2 by REML; use `Tau2::Reml`";
        return Err(ErrorKind::NotApplicable { what, why }.into());
    };
    if df > 0.0 {
        return Ok((se, Some(df)));
    }
    // Weights so unequal that the df underflow.
    let remedy = "use `Inference::HartungKnapp`";
    Err(ErrorKind::UndefinedDf { what: "the Kenward-Roger t distribution", df, remedy }.into())
}
