//! Critical values of tests and intervals.

use super::{normal, student_t};

/// The value that a standard normal variable (no `df`), or one of Student's distribution with `df` degrees of freedom,
/// exceeds with probability `upper`.
pub(crate) fn critical(upper: f64, df: Option<f64>) -> f64 {
    match df {
        None => normal::quantile_upper(upper),
        Some(df) => student_t::quantile_upper(upper, df),
    }
}
