//! Chi-squared distribution with real df > 0.
//!
//! A chi-squared variable with df degrees of freedom is twice a gamma variable of shape df/2, so every function is the incomplete gamma
//! function of [`gamma`] at `(df/2, x/2)`. In R: `dchisq`, `pchisq`, `qchisq`. NaN unless df is positive and finite.

use super::gamma;
use super::lanes::scaled_two_sided;
use super::saddle_point::ln_gamma_kernel;

/// Terms of the finite sum below; a whole df of twice as many, and one more, has it.
const TERMS: usize = 30;
/// Up to this `x/2` neither `exp(-x/2)` nor the sum leaves the range of doubles.
const MOST: f64 = 600.0;
/// `1/Gamma(j + 1)` and `1/Gamma(j + 3/2)`.
const WHOLE: [f64; TERMS] = reciprocals(1.0, 1.0);
const HALVES: [f64; TERMS] = reciprocals(std::f64::consts::FRAC_2_SQRT_PI, 1.5);

/// `1/Gamma(a)`, `1/Gamma(a + 1)`, ... from the first.
const fn reciprocals(first: f64, a: f64) -> [f64; TERMS] {
    let mut all = [first; TERMS];
    let mut j = 1;
    while j < TERMS {
        all[j] = all[j - 1] / (a + (j - 1) as f64);
        j += 1;
    }
    all
}

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
/// For whole df up to 61 it is a finite sum of positive terms (NIST Digital Library of Mathematical Functions 8.4.8 to 8.4.10; see
/// [`ChiSquaredTail`](super::lanes::ChiSquaredTail)).
///
/// ```
/// use meta_analysis::num::chi_squared;
/// // df = 2: exp(-x/2)
/// assert!((chi_squared::sf(10.0, 2.0) / (-5.0f64).exp() - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn sf(x: f64, df: f64) -> f64 {
    let x = on_support(x);
    finite_sum(x, df).unwrap_or_else(|| gamma::upper_regularized(0.5 * df, x))
}

/// The survival function at twice `x`, where it is a short sum of products that stay in range.
fn finite_sum(x: f64, df: f64) -> Option<f64> {
    if !(df >= 2.0 && df < (2 * TERMS + 2) as f64 && x <= MOST) {
        return None;
    }
    let whole = df as usize;
    if (whole as f64) < df {
        return None;
    }
    let scaled = if whole.is_multiple_of(2) {
        polynomial(WHOLE.get(..whole / 2)?, x)
    } else {
        // erfc(sqrt x) = exp(-x) P(|Z| > z) exp(z^2/2) at z = sqrt(2 x)
        scaled_two_sided((2.0 * x).sqrt()) + x.sqrt() * polynomial(HALVES.get(..whole / 2)?, x)
    };
    Some(((-x).exp() * scaled).min(1.0))
}

/// A polynomial with these coefficients from the constant up, as four in the fourth power of `x` side by side: one sum would wait for each
/// of its steps.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let (fours, highest) = coefficients.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (sum, term) in sums.iter_mut().zip(highest) {
        *sum = *term;
    }
    for four in fours.iter().rev() {
        for (sum, term) in sums.iter_mut().zip(four) {
            *sum = *sum * fourth + term;
        }
    }
    (sums[0] + x * sums[1]) + square * (sums[2] + x * sums[3])
}

/// `ln P(X <= x)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::chi_squared;
/// // df = 4: 1 - (1 + x/2) exp(-x/2), which is (x/2)^2 / 2 for small x
/// let exact = -400.0 * std::f64::consts::LN_10 - std::f64::consts::LN_2;
/// assert!((chi_squared::ln_cdf(2e-200, 4.0) / exact - 1.0).abs() < 1e-13);
/// ```
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
