//! Chi-squared distribution with real df > 0.
//!
//! A chi-squared variable with df degrees of freedom is twice a gamma variable of shape df/2, so every function is the incomplete gamma
//! function of [`gamma`] at `(df/2, x/2)`. In R: `dchisq`, `pchisq`, `qchisq`. NaN unless df is positive and finite.

use super::gamma;
use super::saddle_point::ln_gamma_kernel;

/// Logarithm of the density
///
/// ```text
/// f(x) = (x/2)^(df/2) exp(-x/2) / (x Gamma(df/2))
/// ```
///
/// `-inf` below the support. At `x = 0` it is the limit: `+inf` for df < 2, `-ln 2` for df = 2, `-inf` for df > 2.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// assert!((chi_squared::ln_pdf(3.0, 2.0) - (-1.5 - 2.0f64.ln())).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_pdf(x: f64, df: f64) -> f64 {
    if x.is_nan() || !(df > 0.0 && df < f64::INFINITY) {
        f64::NAN
    } else if x < 0.0 || x == f64::INFINITY {
        f64::NEG_INFINITY
    } else if x <= 0.0 {
        match df.total_cmp(&2.0) {
            std::cmp::Ordering::Less => f64::INFINITY,
            std::cmp::Ordering::Equal => -std::f64::consts::LN_2,
            std::cmp::Ordering::Greater => f64::NEG_INFINITY,
        }
    } else {
        ln_gamma_kernel(0.5 * df, 0.5 * x) - x.ln()
    }
}

/// Distribution function `P(X <= x)`. 0 below the support.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// assert!((chi_squared::cdf(3.841_458_820_694_124, 1.0) - 0.95).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(x: f64, df: f64) -> f64 {
    gamma::lower_regularized(0.5 * df, on_support(x))
}

/// Survival function `P(X > x)`, the p-value of a chi-squared test. 1 below the support.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// // df = 2: exp(-x/2)
/// assert!((chi_squared::sf(10.0, 2.0) / (-5.0f64).exp() - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn sf(x: f64, df: f64) -> f64 {
    gamma::upper_regularized(0.5 * df, on_support(x))
}

/// `ln P(X <= x)`, accurate where the probability underflows.
#[must_use]
pub fn ln_cdf(x: f64, df: f64) -> f64 {
    gamma::ln_lower_regularized(0.5 * df, on_support(x))
}

/// `ln P(X > x)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// assert!((chi_squared::ln_sf(2000.0, 2.0) - -1000.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn ln_sf(x: f64, df: f64) -> f64 {
    gamma::ln_upper_regularized(0.5 * df, on_support(x))
}

/// Quantile: the `x` with `P(X <= x) = p`. 0 at `p = 0`, `+inf` at `p = 1`; NaN outside `[0, 1]`.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// assert!((chi_squared::quantile(0.95, 1.0) / 3.841_458_820_694_124 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn quantile(p: f64, df: f64) -> f64 {
    2.0 * gamma::inverse_lower_regularized(0.5 * df, p)
}

/// Upper quantile: the `x` with `P(X > x) = q`. `+inf` at `q = 0`, 0 at `q = 1`; NaN outside `[0, 1]`.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// assert!((chi_squared::quantile_upper(0.05, 1.0) / 3.841_458_820_694_124 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn quantile_upper(q: f64, df: f64) -> f64 {
    2.0 * gamma::inverse_upper_regularized(0.5 * df, q)
}

/// Half of `x`, moved onto the support; NaN stays NaN.
fn on_support(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { 0.5 * x }
}
