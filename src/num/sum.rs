//! Sums that keep their accuracy.

use core::f64::consts::LN_2;

/// The sum of the logarithms of many positive numbers, kept as the logarithm of their product.
///
/// ```text
/// sum log x_i = E log 2 + log M        x_i = m_i 2^e_i,  E = sum e_i (exact),  M = prod m_i in [1, 2)
/// ```
///
/// One logarithm is taken in all, and the integer part is exact, so the difference of two such sums is far more accurate than the
/// difference of two sums of rounded logarithms. Inputs must be positive, normal and finite; the callers work on scaled data where
/// this always holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogProduct {
    exponent: i64,
    mantissa: f64,
}

const MANTISSA_BITS: u64 = (1 << 52) - 1;
const ONE: u64 = 1023 << 52;

impl LogProduct {
    /// The empty product, whose logarithm is 0.
    pub(crate) fn new() -> Self {
        Self { exponent: 0, mantissa: 1.0 }
    }

    /// Multiplies by `x`.
    pub(crate) fn multiply(&mut self, x: f64) {
        let (m, e) = split(x);
        self.exponent += e;
        self.mantissa *= m;
        self.normalise();
    }

    /// Multiplies by `x + shift` for every `x` of the rows that is not infinite, four products side by side.
    pub(crate) fn multiply_rows(&mut self, rows: &[[f64; 4]], shift: f64) {
        // As many mantissas below 2 as cannot overflow.
        for rows in rows.chunks(512) {
            let (mut product, mut exponents) = ([1.0; 4], [0_u64; 4]);
            for row in rows {
                for lane in 0..4 {
                    let x = row[lane] + shift;
                    let bits = if x < f64::INFINITY { x } else { 1.0 }.to_bits();
                    product[lane] *= f64::from_bits((bits & MANTISSA_BITS) | ONE);
                    exponents[lane] += bits >> 52;
                }
            }
            product.into_iter().for_each(|product| self.multiply(product));
            self.exponent += exponents.iter().sum::<u64>() as i64 - 4 * 1023 * rows.len() as i64;
        }
    }

    /// Divides by `x`.
    pub(crate) fn divide(&mut self, x: f64) {
        let (m, e) = split(x);
        self.exponent -= e;
        self.mantissa /= m;
        self.normalise();
    }

    /// The product of two products.
    pub(crate) fn times(mut self, other: Self) -> Self {
        self.multiply(other.mantissa);
        self.exponent += other.exponent;
        self
    }

    /// The ratio of two products.
    pub(crate) fn over(mut self, other: Self) -> Self {
        self.divide(other.mantissa);
        self.exponent -= other.exponent;
        self
    }

    fn normalise(&mut self) {
        let (m, e) = split(self.mantissa);
        self.mantissa = m;
        self.exponent += e;
    }

    /// The logarithm of the product.
    pub(crate) fn ln(self) -> f64 {
        self.exponent as f64 * LN_2 + self.mantissa.ln()
    }

    /// The logarithm of `self / other`, without cancellation of the integer parts.
    pub(crate) fn ln_ratio(self, other: Self) -> f64 {
        (self.exponent - other.exponent) as f64 * LN_2 + (self.mantissa / other.mantissa).ln()
    }
}

/// `x = m 2^e` with `m` in `[1, 2)`, for a positive normal `x`.
fn split(x: f64) -> (f64, i64) {
    let bits = x.to_bits();
    let e = (bits >> 52) as i64 - 1023;
    (f64::from_bits((bits & MANTISSA_BITS) | ONE), e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_sum_of_logarithms() {
        let xs = [3.0, 0.1, 1e-200, 7.5e180, 2.0, 1.0, 1e-3];
        let mut product = LogProduct::new();
        let mut sum = 0.0;
        for x in xs {
            product.multiply(x);
            sum += f64::ln(x);
        }
        product.divide(5e-7);
        sum -= f64::ln(5e-7);
        assert!((product.ln() - sum).abs() < 1e-13);
        assert!((product.ln_ratio(LogProduct::new()) - sum).abs() < 1e-13);
    }

    #[test]
    fn rows_are_as_one_by_one() {
        let numbers = |i: usize| [0.3, 1e-250, 7.0e200, 1.9].map(|x| x * (1.0 + i as f64));
        let mut rows: Vec<[f64; 4]> = (0..1500).map(numbers).collect();
        rows.push([2.0, 5e-9, f64::INFINITY, f64::INFINITY]);
        let (mut together, mut each) = (LogProduct::new(), LogProduct::new());
        together.multiply_rows(&rows, 1e-251);
        rows.iter().flatten().filter(|x| x.is_finite()).for_each(|x| each.multiply(x + 1e-251));
        assert!((together.ln() / each.ln() - 1.0).abs() < 1e-14 && together.ln_ratio(each).abs() < 1e-11);
    }

    #[test]
    fn never_leaves_the_range() {
        let mut product = LogProduct::new();
        for _ in 0..100_000 {
            product.multiply(1.9e-250);
        }
        let exact = 100_000.0 * 1.9e-250_f64.ln();
        assert!((product.ln() / exact - 1.0).abs() < 1e-12);
    }
}
