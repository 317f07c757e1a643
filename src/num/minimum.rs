//! The minimum of a function of one variable.

/// Cells that an interval is divided into before the best one is searched.
const CELLS: u32 = 48;
/// Share of an interval that golden-section search keeps.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The place of the least value of `f` on `[from, to]`: the best of 49 points, then golden-section search between
/// its neighbours down to the noise of `f`, about 1e-8 of the interval.
pub(crate) fn on_interval(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    golden_section(bracket(from, to, CELLS, &f), f)
}

/// The best of the points that divide `[from, to]` into equal cells, between its neighbours; an end is its own neighbour.
pub(crate) fn bracket(from: f64, to: f64, cells: u32, f: impl Fn(f64) -> f64) -> [f64; 3] {
    let width = (to - from) / f64::from(cells);
    let at = |i: u32| if i == cells { to } else { from + width * f64::from(i) };
    let (mut best, mut least) = (0, f64::INFINITY);
    for i in 0..=cells {
        let value = f(at(i));
        if value < least {
            (best, least) = (i, value);
        }
    }
    [at(best.saturating_sub(1)), at(best), at((best + 1).min(cells))]
}

/// Golden-section search in a bracket, down to the noise of `f`; the middle of the bracket where nothing is lower.
pub(crate) fn golden_section([mut low, best, mut high]: [f64; 3], f: impl Fn(f64) -> f64) -> f64 {
    let narrow = 2.4e-9 * (high - low);
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut f_left, mut f_right) = (f(left), f(right));
    while high - low > narrow && low < left && left < right && right < high {
        if f_left <= f_right {
            (high, right, f_right) = (right, left, f_left);
            left = high - GOLDEN * (high - low);
            f_left = f(left);
        } else {
            (low, left, f_left) = (left, right, f_right);
            right = low + GOLDEN * (high - low);
            f_right = f(right);
        }
    }
    let middle = 0.5 * (low + high);
    // The best may be an end, which the section only comes near to.
    if f(middle) <= f(best) { middle } else { best }
}

#[cfg(test)]
mod tests {
    use super::on_interval;

    #[test]
    fn inside_and_at_the_ends() {
        assert!((on_interval(-3.0, 5.0, |x| (x - 1.3).powi(2)) - 1.3).abs() < 1e-7);
        assert!((on_interval(2.0, 5.0, |x| x) - 2.0).abs() <= 0.0);
        assert!((on_interval(2.0, 5.0, |x| -x) - 5.0).abs() <= 0.0);
        assert!((on_interval(4.0, 4.0, |x| x) - 4.0).abs() <= 0.0);
    }

    #[test]
    fn the_lower_of_two_valleys() {
        let f = |x: f64| (x * x - 1.0).powi(2) + 0.1 * x;
        assert!(on_interval(-2.0, 2.0, f) < -0.9);
    }
}
