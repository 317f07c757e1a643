//! Logarithms of probability masses at the parameter that makes the observation most probable.
//!
//! In Loader's saddle-point form nothing of the size of the count is added and taken away again, so that they keep full precision for
//! counts of any size; the Stirling remainder of `x!` is that of `Gamma(x)`. Fractional counts are allowed.

use super::normal::LN_SQRT_2PI;
use super::saddle_point::stirling_error;

/// `ln( n! / (x! (n-x)!) p^x (1-p)^(n-x) )` at `p = x/n`, for `0 <= x <= n`.
pub(crate) fn binomial(x: f64, n: f64) -> f64 {
    let rest = n - x;
    if x <= 0.0 || rest <= 0.0 {
        return 0.0;
    }
    let lc = stirling_error(n) - stirling_error(x) - stirling_error(rest);
    lc - LN_SQRT_2PI - 0.5 * (x.ln() + (-x / n).ln_1p())
}

/// `ln( m^x exp(-m) / x! )` at `m = x`, for `x >= 0`.
pub(crate) fn poisson(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { -stirling_error(x) - LN_SQRT_2PI - 0.5 * x.ln() }
}

#[cfg(test)]
mod tests {
    use super::*;

    // mpmath, 40 digits: log(binomial(n, x)) + x log(x/n) + (n-x) log(1-x/n), and x log(x) - x - loggamma(x+1).
    #[test]
    fn against_forty_digits() {
        for (x, n, expected) in [
            (1.0, 2.0, -std::f64::consts::LN_2),
            (7.0, 19.0, -1.676_581_432_846_978_3),
            (0.5, 3.25, -0.646_876_234_782_303),
            (3e8, 1e9, -10.500_247_577_859_036),
            (0.0, 9.0, 0.0),
            (9.0, 9.0, 0.0),
        ] {
            assert!(
                (binomial(x, n) - expected).abs() <= 4e-15 * f64::abs(expected),
                "{x} of {n}: {:e}",
                binomial(x, n)
            );
        }
        for (x, expected) in [(0.0, 0.0), (1.0, -1.0), (0.3, -0.553_017_031_789_920_3), (1e9, -11.280_571_451_761_212)]
        {
            assert!((poisson(x) - expected).abs() <= 4e-15 * f64::abs(expected), "{x}: {:e}", poisson(x));
        }
    }
}
