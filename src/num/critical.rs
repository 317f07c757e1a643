//! Critical values of tests and intervals.

use super::{normal, student_t};
use std::cell::Cell;

/// Values that a thread keeps. Analyses share few levels and df, and a quantile of t takes longer than fitting a model.
const KEPT: usize = 64;

/// What was asked for, bit by bit, and the value; all zero for nothing, which no question is.
type Entry = (u64, u64, f64);

thread_local! {
    static LATEST: [Cell<Entry>; KEPT] = const { [const { Cell::new((0, 0, 0.0)) }; KEPT] };
}

/// The value that a standard normal variable (no `df`), or one of Student's distribution with `df` degrees of freedom,
/// exceeds with probability `upper`.
pub(crate) fn critical(upper: f64, df: Option<f64>) -> f64 {
    // As infinite df, for which the value is the same. Neither key is all zero but for nonsense.
    let (a, b) = (upper.to_bits(), df.unwrap_or(f64::INFINITY).to_bits());
    // The leading digits of the product of an odd number with the key depend on all digits of the key.
    let place = (a.rotate_left(32) ^ b).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
    LATEST.with(|latest| {
        let Some(kept) = latest.get(place as usize) else { return value(upper, df) };
        let (of, and, known) = kept.get();
        if (of, and) == (a, b) && b > 0 {
            return known;
        }
        let new = value(upper, df);
        kept.set((a, b, new));
        new
    })
}

fn value(upper: f64, df: Option<f64>) -> f64 {
    match df {
        None => normal::quantile_upper(upper),
        Some(df) => student_t::quantile_upper(upper, df),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered_values_are_those_asked_for() {
        for _ in 0..2 {
            for upper in [0.0, 0.005, 0.025, 0.05, 0.5, 1.0] {
                let normal = critical(upper, None);
                assert_eq!(normal.to_bits(), normal::quantile_upper(upper).to_bits(), "{upper}");
                for df in [0.0, 0.5, 1.0, 9.0, 9.000_001, 1e12, f64::INFINITY] {
                    let t = critical(upper, Some(df));
                    assert_eq!(t.to_bits(), student_t::quantile_upper(upper, df).to_bits(), "{upper} {df}");
                }
            }
        }
    }
}
