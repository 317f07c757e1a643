//! A limit of one parameter from its profile.

use crate::error::{ErrorKind, Result};

/// Where to start, and how far to go.
#[derive(Debug, Clone, Copy)]
pub(in crate::glmm) struct Way {
    pub(in crate::glmm) centre: f64,
    /// Standard error, or a length of its size.
    pub(in crate::glmm) unit: f64,
    /// -1 or 1.
    pub(in crate::glmm) direction: f64,
    /// The profile's maximum, and how much lower it is at the limit.
    pub(in crate::glmm) top: f64,
    pub(in crate::glmm) drop: f64,
}

/// Newton's method on the signed root of the profile, which is nearly linear, inside a bracket that grows as needed. `profile` gives
/// value and slope at a place, `None` where the parameter cannot be.
pub(in crate::glmm) fn limit(way: Way, mut profile: impl FnMut(f64) -> Option<(f64, f64)>) -> Result<f64> {
    let Way { centre, unit, direction, top, drop } = way;
    let goal = (2.0 * drop).sqrt();
    let (mut low, mut high, mut x) = (0.0, f64::INFINITY, goal);
    for _ in 0..300 {
        let at = centre + direction * x * unit;
        let mut next = f64::NAN;
        match profile(at) {
            Some((value, slope)) => {
                let root = (2.0 * (top - value)).max(0.0).sqrt();
                if root < goal {
                    low = x;
                } else {
                    high = x;
                }
                let step = (goal - root) * root / (-direction * unit * slope);
                if step.abs() <= 1e-8 * x {
                    return Ok(at + direction * step * unit);
                }
                next = x + step;
            }
            None => high = x,
        }
        if !(next.is_finite() && low < next && next < high.min(4.0 * x)) {
            next = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * x };
        }
        if !(low < next && next < high) {
            return Ok(at);
        }
        x = next;
    }
    Err(ErrorKind::Overflow { what: "the confidence interval" }.into())
}
