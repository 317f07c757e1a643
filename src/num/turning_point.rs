//! Where a condition on a number stops to hold.

/// The boundary between `from`, where `holds` is true, and `to`, where it is not, by bisection: both sides of it, closer together than
/// `resolution` or as close as doubles can be. `to` may lie on either side of `from`.
pub(crate) fn turning_point<E>(
    mut from: f64,
    mut to: f64,
    resolution: f64,
    mut holds: impl FnMut(f64) -> Result<bool, E>,
) -> Result<(f64, f64), E> {
    loop {
        let middle = from + 0.5 * (to - from);
        let inside = (from < middle && middle < to) || (to < middle && middle < from);
        if !inside || (to - from).abs() <= resolution {
            return Ok((from, to));
        }
        if holds(middle)? {
            from = middle;
        } else {
            to = middle;
        }
    }
}

/// As [`turning_point`], with `to` found by steps away from `from` that double; `None` if they leave the range of `f64`.
pub(crate) fn turning_point_from<E>(
    from: f64,
    step: f64,
    resolution: f64,
    mut holds: impl FnMut(f64) -> Result<bool, E>,
) -> Result<Option<(f64, f64)>, E> {
    let (mut near, mut step) = (from, step);
    loop {
        let far = from + step;
        if !far.is_finite() || step == 0.0 {
            return Ok(None);
        }
        if !holds(far)? {
            return turning_point(near, far, resolution, holds).map(Some);
        }
        near = far;
        step *= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn both_directions() {
        let below = |x: f64| Ok::<bool, Infallible>(x * x < 2.0);
        for (step, root) in [(0.1, 2.0_f64.sqrt()), (-0.1, -(2.0_f64.sqrt()))] {
            let Ok(Some((inside, outside))) = turning_point_from(0.0, step, 0.0, below) else { panic!() };
            assert!(inside * inside < 2.0 && outside * outside >= 2.0);
            assert!((inside - root).abs() < 4e-16);
        }
        assert_eq!(turning_point_from(0.0, 1.0, 0.0, |_| Ok::<bool, Infallible>(true)), Ok(None));
    }
}
