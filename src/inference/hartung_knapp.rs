//! Hartung-Knapp: the standard error rescaled by the weighted residual variance.

use super::Solution;
use crate::error::{ErrorKind, Result};

/// q = Q(tau2) / (k - 1): the weighted variance of the effects around their mean, 1 on average.
fn scale(solution: &Solution) -> f64 {
    solution.q_at_tau2 / solution.df()
}

pub(super) fn standard_error(solution: &Solution) -> Result<f64> {
    let se = solution.se * scale(solution).sqrt();
    if se > 0.0 { Ok(se) } else { Err(ErrorKind::DegenerateVariance.into()) }
}

pub(super) fn truncated_standard_error(solution: &Solution) -> f64 {
    solution.se * scale(solution).max(1.0).sqrt()
}
