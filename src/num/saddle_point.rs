//! Loader's saddle-point forms of the gamma and beta kernels.
//!
//! Written as products of powers these kernels cancel badly once the parameters are large. Loader's form keeps every term of the size of
//! the result. Source: Loader C (2000), Fast and accurate computation of binomial probabilities, Bell Laboratories technical report.

use cdflib::special::gamma_log;
use cdflib::special::internal::{dstrem, rlog1};

use super::normal::LN_SQRT_2PI;

/// Stirling remainder `ln Gamma(n) - [(n - 1/2) ln n - n + ln sqrt(2 pi)]`, for `n > 0`.
pub(crate) fn stirling_error(n: f64) -> f64 {
    if n > 6.0 && n < 1e150 {
        dstrem(n)
    } else if n >= 1e150 {
        1.0 / (12.0 * n)
    } else {
        gamma_log(n) - (LN_SQRT_2PI + (n - 0.5) * n.ln() - n)
    }
}

/// Deviance term `x ln(x/m) + m - x >= 0`, for `x, m >= 0`.
pub(crate) fn deviance(x: f64, m: f64) -> f64 {
    if x <= 0.0 {
        return m;
    }
    if m <= 0.0 {
        return f64::INFINITY;
    }
    let ratio = m / x;
    if ratio > 0.5 && ratio < 2.0 {
        x * rlog1((m - x) / x)
    } else if ratio > 1e300 {
        m // the rest is below its rounding
    } else if ratio < 1e-300 {
        x * (x.ln() - m.ln() - 1.0) // so is m; the quotient may be 0
    } else {
        x * (ratio - 1.0 - ratio.ln())
    }
}

/// `ln( x^a exp(-x) / Gamma(a) )` for `a, x > 0`: x times the gamma density.
pub(super) fn ln_gamma_kernel(a: f64, x: f64) -> f64 {
    if a < 1.0 {
        // one term dominates here, nothing cancels
        a * x.ln() - x - gamma_log(a)
    } else {
        0.5 * a.ln() - LN_SQRT_2PI - stirling_error(a) - deviance(a, x)
    }
}

/// `ln( x^a y^b / B(a, b) )` for `a, b > 0`, `x + y = 1`: x y times the beta density.
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if a < 1.0 || b < 1.0 {
        return a * ln_of(x, y) + b * ln_of(y, x) - super::beta::ln_beta(a, b);
    }
    let n = a + b;
    let lc = stirling_error(n) - stirling_error(a) - stirling_error(b);
    // ln sqrt(a b / n), without overflow of the product
    let root = 0.5 * (a.min(b).ln() - (a.min(b) / a.max(b)).ln_1p());
    lc + root - LN_SQRT_2PI - deviance(a, n * x) - deviance(b, n * y)
}

/// `ln x` for `x = 1 - y`, through whichever of the two carries the digits.
pub(super) fn ln_of(x: f64, y: f64) -> f64 {
    if x > 0.5 { (-y).ln_1p() } else { x.ln() }
}

#[cfg(test)]
mod tests {
    use super::deviance;

    /// mpmath, 30 digits.
    #[test]
    fn deviances_whose_quotient_is_out_of_range() {
        for (x, m, expected) in
            [(2.0, 1e-305, 1_403.963_201_087_487_8), (3e-302, 5.0, 5.0), (2.0, 1.8e-300, 1_379.761_776_827_743)]
        {
            let relative = deviance(x, m) / expected - 1.0;
            assert!(relative.abs() < 1e-15, "{x:e} {m:e}: {relative:e}");
        }
    }
}
