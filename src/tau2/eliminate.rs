//! Expressing a design in its most precise independent studies.
//!
//! The differences of effects that matter are of the size of the smallest standard errors, which can be far below the rounding of the effects
//! themselves. With one common mean they are differences of doubles and exact where it counts; with more coefficients they are
//! combinations, so they are formed with twice the digits (Dekker TJ (1971) Numer Math 18:224-242, doi:10.1007/BF01397083).

use core::ops::{Div, Mul, Sub};

/// A number as the unevaluated sum of a double and a much smaller one.
#[derive(Clone, Copy, Debug)]
struct Double {
    high: f64,
    low: f64,
}

impl Double {
    /// The exact sum of two doubles.
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let virtual_b = high - a;
        let low = (a - (high - virtual_b)) + (b - virtual_b);
        Self { high, low }
    }

    /// The exact product of two doubles.
    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        let low = a.mul_add(b, -high);
        Self { high, low }
    }
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Sub for Double {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let (high, low) = (Self::sum(self.high, -other.high), Self::sum(self.low, -other.low));
        let sum = Self::sum(high.high, high.low + low.high);
        Self::sum(sum.high, sum.low + low.low)
    }
}

impl Mul for Double {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        Self::sum(product.high, product.low + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Double {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * Self::from(first);
        let second = rest.high / other.high;
        let rest = rest - other * Self::from(second);
        let quotient = Self::sum(first, second);
        Self::sum(quotient.high, quotient.low + rest.high / other.high)
    }
}

/// Which row comes next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pivots<'a> {
    /// The largest remainder.
    Largest,
    /// The largest remainder in standard errors, given here: precise studies are preferred as far as they are more precise than their row is
    /// nearly dependent, for what the others are divided by multiplies their rounding.
    Precise(&'a [f64]),
}

/// How small a remainder may be relative to the largest, however precise its study is.
const LENIENT: f64 = 1.0 / 1024.0;

/// Expresses the rows of `x` (row-major, `p` columns of size about 1) in `p` of them and takes `y` relative to those, returning the rank.
///
/// Column operations only, so the column space stays. Equal rows stay exactly equal.
pub(super) fn eliminate(x: &mut [f64], y: &mut [f64], p: usize, pivots: Pivots<'_>) -> usize {
    let dust = 8.0 * y.len().max(p) as f64 * f64::EPSILON;
    let mut rows: Vec<Double> = x.iter().map(|&a| a.into()).collect();
    let mut effects: Vec<Double> = y.iter().map(|&y| y.into()).collect();
    let mut open = vec![true; p];
    for rank in 0..p {
        let remainder = |row: &[Double]| {
            let entries = row.iter().zip(&open).filter(|(_, open)| **open);
            entries.map(|(a, _)| a.high.abs()).fold(0.0, f64::max)
        };
        let remainders: Vec<f64> = rows.chunks_exact(p).map(remainder).collect();
        let largest = remainders.iter().copied().fold(0.0, f64::max);
        let size = |i: usize| match pivots {
            // Of studies with variance 0, which are infinitely large, the one with the largest remainder.
            Pivots::Precise(errors) if remainders[i] >= largest * LENIENT => (remainders[i] / errors[i], remainders[i]),
            _ => (0.0, remainders[i]),
        };
        let larger = |i: usize, j: usize| if size(j) > size(i) { j } else { i };
        let Some(chosen) = (0..remainders.len()).reduce(larger).filter(|_| largest > dust) else {
            return rank;
        };
        let base = rows[chosen * p..(chosen + 1) * p].to_vec();
        let column =
            (0..p).filter(|&j| open[j]).max_by(|&i, &j| base[i].high.abs().total_cmp(&base[j].high.abs())).unwrap_or(0);
        let origin = effects[chosen];
        for (row, effect) in rows.chunks_exact_mut(p).zip(&mut effects) {
            let share = row[column] / base[column];
            for (a, b) in row.iter_mut().zip(&base) {
                *a = *a - share * *b;
            }
            row[column] = share;
            *effect = *effect - share * origin;
        }
        open[column] = false;
    }
    for (to, from) in x.iter_mut().zip(&rows).chain(y.iter_mut().zip(&effects)) {
        *to = from.high;
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_has_thirty_digits() {
        let third = Double::from(1.0) / Double::from(3.0);
        let rest = Double::from(1.0) - third * Double::from(3.0);
        assert!(rest.high.abs() < 1e-31);
        assert!((third.low / (1.0 / 3.0 - 0.5) * 1e17).abs() > 0.1, "the second part is used");
    }

    #[test]
    fn exact_fits_leave_nothing_and_equal_rows_stay_equal() {
        // y = 2 + 3 x1 exactly; rows 0 and 3 are equal.
        let mut x = [1.0, 0.1, 1.0, 0.7, 1.0, -0.4, 1.0, 0.1];
        let mut y = [2.3, 4.1, 0.8, 2.3];
        assert_eq!(eliminate(&mut x, &mut y, 2, Pivots::Precise(&[0.1, 0.2, 0.3, 0.4])), 2);
        assert!(y.iter().all(|y| y.abs() < 1e-15), "{y:?}");
        assert_eq!(x[..2], x[6..]);
        assert_eq!(x[..4], [0.0, 1.0, 1.0, 0.0].map(|a| if x[0] > 0.5 { 1.0 - a } else { a }));
    }

    #[test]
    fn rank_is_counted() {
        let mut x = [1.0, 0.5, 0.25, 1.0, 0.5, 0.75, 1.0, 0.5, 0.5];
        assert_eq!(eliminate(&mut x, &mut [0.0; 3], 3, Pivots::Largest), 2);
    }
}
