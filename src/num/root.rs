//! Roots of positive functions of a positive variable.

use super::effort::evaluation;

/// What [`log_newton`] found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root<T> {
    /// What `eval` returned for the last point, the root to rounding.
    pub(crate) at: T,
    /// The largest point seen below the root.
    pub(crate) lower: f64,
    /// The smallest point seen above the root.
    pub(crate) upper: f64,
}

/// Relative steps below this cannot be told from rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// Once Newton steps are this small, a step that fails to shrink is rounding noise.
const NOISE: f64 = 1e-8;

/// The root of `log h` on `[lower, upper]`, by Newton's method on `log h` in `log x`, bracketed.
///
/// ```text
/// x <- x exp(-log h / e),   e = d log h / d log x
/// ```
///
/// `eval(x)` returns `(at, log h, e)`, `at` being whatever the caller wants to keep of the evaluation; `h` must exceed 1 at `lower` and not at `upper`, and `lower > 0`. Working in logarithms makes the
/// method independent of the units of `x` and of the scale of `h`. A step that leaves the bracket or does not halve is replaced by
/// the geometric mean of the bracket, so the method ends on any input, without an iteration limit.
pub(crate) fn log_newton<T>(
    mut lower: f64,
    mut upper: f64,
    start: f64,
    mut eval: impl FnMut(f64) -> (T, f64, f64),
) -> Root<T> {
    let mut x = start;
    let mut last = f64::INFINITY;
    loop {
        evaluation();
        let (at, value, slope) = eval(x);
        if value > 0.0 {
            lower = x;
        } else {
            upper = x;
        }
        let step = -value / slope;
        let size = step.abs();
        let settled = size <= ROUNDING || (last < NOISE && size > 0.5 * last);
        if settled || upper <= lower * (1.0 + ROUNDING) {
            return Root { at, lower, upper };
        }
        let next = x * step.exp();
        if size <= 0.5 * last && lower < next && next < upper {
            x = next;
            last = size;
        } else {
            x = lower.sqrt() * upper.sqrt();
            last = f64::INFINITY;
            if !(lower < x && x < upper) {
                return Root { at, lower, upper };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_for_a_power_law() {
        let mut calls = 0;
        let root = log_newton(1e-200, 1e200, 1e-100, |x| {
            calls += 1;
            (x, -2.0 * (x / 3.0).ln(), -2.0)
        });
        assert!((root.at / 3.0 - 1.0).abs() < 1e-13);
        assert!(calls < 6);
        assert!(root.lower <= root.at && root.at <= root.upper);
    }

    #[test]
    fn a_flat_start_falls_back_to_bisection() {
        // log h is flat far from the root at 1, so Newton alone would leave the bracket.
        let root = log_newton(1e-30, 1e30, 1e20, |x| {
            let u = x.ln();
            (x, -u.atan(), -1.0 / (1.0 + u * u))
        });
        assert!((root.at - 1.0).abs() < 1e-14);
    }

    #[test]
    fn a_step_function_still_ends() {
        let root = log_newton(1.0, 4.0, 2.0, |x| (x, if x < 2.5 { 1.0 } else { -1.0 }, 0.0));
        assert!((root.at - 2.5).abs() < 1e-14);
    }
}
