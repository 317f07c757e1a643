//! Binomial distribution: `k` successes in `n` trials of probability `p`.
//!
//! `n` and `k` are passed as `f64`, because counts enter the crate as such; `n` must be a whole number >= 0. Distribution functions accept
//! any real `k` and use its floor; the mass at a `k` that is not a whole number in `[0, n]` is 0. NaN unless `p` is in `[0, 1]`. In R: `dbinom`,
//! `pbinom`.

use super::beta;
use super::saddle_point::{deviance, stirling_error};

/// Logarithm of the probability mass
///
/// ```text
/// P(K = k) = n! / (k! (n-k)!) * p^k (1-p)^(n-k)
/// ```
///
/// in the saddle-point form of Loader C (2000), Fast and accurate computation of binomial probabilities, which keeps full precision for
/// large `n`. `-inf` where the mass is 0.
///
/// ```
/// use meta_analysis::num::binomial;
/// assert!((binomial::ln_pmf(1.0, 2.0, 0.5) + std::f64::consts::LN_2).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_pmf(k: f64, n: f64, p: f64) -> f64 {
    if !is_valid(n, p) || k.is_nan() {
        return f64::NAN;
    }
    if k < 0.0 || k > n || k.fract().abs() > 0.0 {
        return f64::NEG_INFINITY;
    }
    let q = 1.0 - p;
    let failures = n - k;
    // no successes, or no failures: a single power (0^0 = 1)
    if k <= 0.0 {
        return if n <= 0.0 { 0.0 } else { n * (-p).ln_1p() };
    }
    if failures <= 0.0 {
        return n * p.ln();
    }
    if p <= 0.0 || q <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let lc = stirling_error(n) - stirling_error(k) - stirling_error(failures);
    let spread = 0.5 * (2.0 * std::f64::consts::PI).ln() + 0.5 * (k.ln() + (-k / n).ln_1p());
    lc - deviance(k, n * p) - deviance(failures, n * q) - spread
}

/// Distribution function `P(K <= k)`, `I_(1-p)(n - k, k + 1)`.
///
/// ```
/// use meta_analysis::num::binomial;
/// assert!((binomial::cdf(1.0, 2.0, 0.5) - 0.75).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(k: f64, n: f64, p: f64) -> f64 {
    match place(k, n, p) {
        Place::Invalid => f64::NAN,
        Place::Below => 0.0,
        Place::Above => 1.0,
        Place::Inside(k) => beta::tails(k + 1.0, n - k, p, 1.0 - p).1,
    }
}

/// Survival function `P(K > k)`, `I_p(k + 1, n - k)`. Note the strict inequality: `P(K >= k)` is `sf(k - 1)`.
///
/// ```
/// use meta_analysis::num::binomial;
/// assert!((binomial::sf(1.0, 2.0, 0.5) - 0.25).abs() < 1e-15);
/// ```
#[must_use]
pub fn sf(k: f64, n: f64, p: f64) -> f64 {
    match place(k, n, p) {
        Place::Invalid => f64::NAN,
        Place::Below => 1.0,
        Place::Above => 0.0,
        Place::Inside(k) => beta::tails(k + 1.0, n - k, p, 1.0 - p).0,
    }
}

/// `ln P(K <= k)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::binomial;
/// // P(K <= 1) = (1 + n) / 2^n for p = 1/2
/// let exact = 2001.0f64.ln() - 2000.0 * std::f64::consts::LN_2;
/// assert!((binomial::ln_cdf(1.0, 2000.0, 0.5) / exact - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn ln_cdf(k: f64, n: f64, p: f64) -> f64 {
    match place(k, n, p) {
        Place::Invalid => f64::NAN,
        Place::Below => f64::NEG_INFINITY,
        Place::Above => 0.0,
        Place::Inside(k) => beta::ln_tails(k + 1.0, n - k, p, 1.0 - p).1,
    }
}

/// `ln P(K > k)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::binomial;
/// // P(K > n - 1) = p^n
/// assert!((binomial::ln_sf(999.0, 1000.0, 0.125) / (1000.0 * 0.125f64.ln()) - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn ln_sf(k: f64, n: f64, p: f64) -> f64 {
    match place(k, n, p) {
        Place::Invalid => f64::NAN,
        Place::Below => 0.0,
        Place::Above => f64::NEG_INFINITY,
        Place::Inside(k) => beta::ln_tails(k + 1.0, n - k, p, 1.0 - p).0,
    }
}

/// Where `k` lies relative to the support.
enum Place {
    Invalid,
    Below,
    Above,
    Inside(f64),
}

fn place(k: f64, n: f64, p: f64) -> Place {
    if !is_valid(n, p) || k.is_nan() {
        Place::Invalid
    } else if k < 0.0 {
        Place::Below
    } else if k >= n {
        Place::Above
    } else {
        Place::Inside(k.floor())
    }
}

/// A whole, finite number of trials and a probability.
fn is_valid(n: f64, p: f64) -> bool {
    (0.0..f64::INFINITY).contains(&n) && n.fract().abs() <= 0.0 && (0.0..=1.0).contains(&p)
}
