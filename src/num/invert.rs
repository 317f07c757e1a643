//! Inversion of a tail probability on the positive half line.

use super::effort::evaluation;

/// What the solver needs to know at one point `x`, everything taken with respect to `u = ln x`.
#[derive(Clone, Copy)]
pub(super) struct Tail {
    /// `ln(T(x) / target)`: zero at the root.
    pub(super) log_ratio: f64,
    /// `|dT/du| / T`, the size of the logarithmic slope of the tail.
    pub(super) slope: f64,
    /// `d ln|dT/du| / du`, the logarithmic slope of the density on the `u` scale.
    pub(super) bend: f64,
}

/// Direction of a tail function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// `T` grows with `x` (a lower tail).
    Lower,
    /// `T` falls with `x` (an upper tail).
    Upper,
}

/// Below this distance a Halley step leaves an error of the order of rounding.
const LAST_STEP: f64 = 1e-6;
/// Free Halley steps; any further step that is not the last alternates with a bisection.
const FREE_STEPS: u32 = 8;
/// Structural bound. Each bisection halves the set of `f64` between the brackets (at most 2^63), every other step bisects.
const MAX_STEPS: u32 = FREE_STEPS + 2 * 64;

/// Solves `T(x) = target` for `x` in `(0, inf)`, `T` monotone.
///
/// Halley steps on `ln(T/target)` as a function of `ln x`, inside a bracket that every evaluation tightens. A step that leaves the
/// bracket is replaced by a bisection over the ordered `f64` values, so the search ends after at most 136 evaluations whatever `eval`
/// returns; a smooth tail takes two to four. Returns 0 or infinity when the root lies outside the range of `f64`.
pub(super) fn positive_root(side: Side, start: f64, eval: impl Fn(f64) -> Tail) -> f64 {
    let mut lo = 0u64; // x = 0 lies left of the root
    let mut hi = f64::INFINITY.to_bits(); // x = inf lies right of it
    let middle = |lo: u64, hi: u64| f64::from_bits(lo + (hi - lo) / 2);
    let mut x = if start > 0.0 && start < f64::INFINITY {
        start
    } else if start <= 0.0 {
        f64::MIN_POSITIVE
    } else {
        f64::MAX
    };
    for step in 0..MAX_STEPS {
        evaluation();
        let t = eval(x);
        let sign = if side == Side::Lower { 1.0 } else { -1.0 };
        let height = sign * t.log_ratio; // > 0: x lies right of the root
        if height > 0.0 {
            hi = x.to_bits();
        } else if height < 0.0 {
            lo = x.to_bits();
        } else if height.abs() <= 0.0 {
            return x;
        } else {
            // NaN: nothing is known here; step towards the middle without moving the bracket far
            hi = x.to_bits();
        }
        if hi - lo <= 1 {
            // Neighbours. The ends 0 and inf are no evaluated points, but the nearest answer there is.
            return f64::from_bits(if hi == f64::INFINITY.to_bits() { hi } else { lo });
        }
        // Newton in u, then Halley's correction with g''/g' = bend - (+/-)slope
        let newton = -height / t.slope;
        let curvature = t.bend - sign * t.slope;
        let denominator = 1.0 + 0.5 * newton * curvature;
        let du = if denominator > 0.5 && denominator < 2.0 { newton / denominator } else { newton };
        let next = if du.abs() < 0.5 { x + x * du.exp_m1() } else { x * du.exp() };
        let last = t.log_ratio.abs() < LAST_STEP;
        let inside = next > f64::from_bits(lo) && next < f64::from_bits(hi);
        if last && next.is_finite() {
            // also when rounding noise put the step on the bracket's edge
            return if inside { next } else { x };
        }
        x = if inside && (step < FREE_STEPS || step % 2 == 0) { next } else { middle(lo, hi) };
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::effort::mean;

    #[test]
    fn an_exact_hit_ends_the_search() {
        let power = |x: f64| Tail { log_ratio: 2.0 * x.log2(), slope: 2.0 / std::f64::consts::LN_2, bend: 2.0 };
        for (side, sign) in [(Side::Lower, 1.0), (Side::Upper, -1.0)] {
            let tail = |x: f64| Tail { log_ratio: sign * power(x).log_ratio, ..power(x) };
            assert_eq!(mean([1.0], |start| assert_eq!(positive_root(side, start, tail), 1.0)), 1.0);
        }
    }
}
