//! Fisher's F distribution (Fisher-Snedecor) with real df > 0.
//!
//! ```text
//! P(F > x) = I_z(d2/2, d1/2),  z = d2 / (d2 + d1 x)
//! ```
//!
//! `d1` are the numerator, `d2` the denominator df; NaN unless both are positive and finite. In R: `df`, `pf`, `qf`. Both tails come from
//! the incomplete beta function of [`beta`](super::beta) with `z` and `1 - z` formed separately, so neither cancels.

use super::beta::{first_term_tails, inverse_odds, is_first_term, ln_first_term, ln_tails, tails};
use super::saddle_point::ln_beta_kernel;

/// Logarithm of the density
///
/// ```text
/// f(x) = y^(d1/2) z^(d2/2) / (x B(d1/2, d2/2)),  y = d1 x / (d1 x + d2), z = 1 - y
/// ```
///
/// `-inf` below the support. At `x = 0` it is the limit: `+inf` for d1 < 2, 0 for d1 = 2, `-inf` for d1 > 2.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// // (2, 2): f(x) = 1 / (1 + x)^2
/// assert!((fisher_f::ln_pdf(3.0, 2.0, 2.0) + 2.0 * 4.0f64.ln()).abs() < 1e-14);
/// ```
#[must_use]
pub fn ln_pdf(x: f64, d1: f64, d2: f64) -> f64 {
    if x.is_nan() || !is_df(d1) || !is_df(d2) {
        f64::NAN
    } else if x < 0.0 || x == f64::INFINITY {
        f64::NEG_INFINITY
    } else if x <= 0.0 {
        match d1.total_cmp(&2.0) {
            std::cmp::Ordering::Less => f64::INFINITY,
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => f64::NEG_INFINITY,
        }
    } else {
        let split = Split::new(x, d1, d2);
        if split.y < TINY || split.z < TINY {
            // one of the arguments may have underflowed: powers of logarithms
            return 0.5 * d1 * split.ln_y() + 0.5 * d2 * split.ln_z()
                - super::beta::ln_beta(0.5 * d1, 0.5 * d2)
                - x.ln();
        }
        ln_beta_kernel(0.5 * d1, 0.5 * d2, split.y, split.z) - x.ln()
    }
}

/// Distribution function `P(F <= x)`. 0 below the support.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// assert!((fisher_f::cdf(3.0, 2.0, 2.0) - 0.75).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(x: f64, d1: f64, d2: f64) -> f64 {
    both(x, d1, d2).0
}

/// Survival function `P(F > x)`, the p-value of an F test. 1 below the support.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// assert!((fisher_f::sf(1e20, 2.0, 2.0) / 1e-20 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn sf(x: f64, d1: f64, d2: f64) -> f64 {
    both(x, d1, d2).1
}

/// `ln P(F <= x)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// // (4, 4): P(F <= x) = y^2 (3 - 2 y) with y = x / (1 + x), which is 3 x^2 for small x
/// let exact = 3.0f64.ln() - 400.0 * std::f64::consts::LN_10;
/// assert!((fisher_f::ln_cdf(1e-200, 4.0, 4.0) / exact - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn ln_cdf(x: f64, d1: f64, d2: f64) -> f64 {
    both_ln(x, d1, d2).0
}

/// `ln P(F > x)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// // (2, 2): P(F > x) = 1 / (1 + x)
/// assert!((fisher_f::ln_sf(1e300, 2.0, 2.0) / (-300.0 * std::f64::consts::LN_10) - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_sf(x: f64, d1: f64, d2: f64) -> f64 {
    both_ln(x, d1, d2).1
}

/// Quantile: the `x` with `P(F <= x) = p`. 0 at `p = 0`, `+inf` at `p = 1`; NaN outside `[0, 1]`.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// assert!((fisher_f::quantile(0.75, 2.0, 2.0) - 3.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn quantile(p: f64, d1: f64, d2: f64) -> f64 {
    from_odds(inverse_odds(0.5 * d1, 0.5 * d2, p, 1.0 - p), d1, d2)
}

/// Upper quantile: the `x` with `P(F > x) = q`. `+inf` at `q = 0`, 0 at `q = 1`; NaN outside `[0, 1]`.
///
/// ```
/// use meta_analysis::num::fisher_f;
/// assert!((fisher_f::quantile_upper(1e-20, 2.0, 2.0) / 1e20 - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn quantile_upper(q: f64, d1: f64, d2: f64) -> f64 {
    from_odds(inverse_odds(0.5 * d1, 0.5 * d2, 1.0 - q, q), d1, d2)
}

/// Arguments below this may have lost digits to underflow.
const TINY: f64 = 1e-290;

/// Is `df` a usable number of degrees of freedom?
fn is_df(df: f64) -> bool {
    df > 0.0 && df < f64::INFINITY
}

/// F from the odds `d1 F / d2`, without intermediate overflow.
fn from_odds(odds: f64, d1: f64, d2: f64) -> f64 {
    if odds > 1.0 {
        odds / d1 * d2
    } else if odds.is_nan() {
        f64::NAN
    } else {
        odds * (d2 / d1).min(f64::MAX)
    }
}

/// The two arguments of the incomplete beta function: `y = o/(1 + o)` and `z = 1/(1 + o)`, `o = d1 x / d2`.
#[derive(Clone, Copy)]
struct Split {
    y: f64,
    z: f64,
    ln_odds: f64,
}

impl Split {
    fn new(x: f64, d1: f64, d2: f64) -> Self {
        let odds = if x > 1.0 { x / d2 * d1 } else { x * d1 / d2 };
        let (y, z) = super::beta::share(odds);
        Self { y, z, ln_odds: x.ln() + d1.ln() - d2.ln() }
    }

    fn ln_y(self) -> f64 {
        if self.ln_odds > 0.0 { -(-self.ln_odds).exp().ln_1p() } else { self.ln_odds - self.ln_odds.exp().ln_1p() }
    }

    fn ln_z(self) -> f64 {
        if self.ln_odds > 0.0 { -self.ln_odds - (-self.ln_odds).exp().ln_1p() } else { -self.ln_odds.exp().ln_1p() }
    }
}

/// `(P(F <= x), P(F > x))`.
fn both(x: f64, d1: f64, d2: f64) -> (f64, f64) {
    let (a, b) = (0.5 * d1, 0.5 * d2);
    if x.is_nan() || !is_df(d1) || !is_df(d2) {
        (f64::NAN, f64::NAN)
    } else if x <= 0.0 {
        (0.0, 1.0)
    } else if x == f64::INFINITY {
        (1.0, 0.0)
    } else {
        let split = Split::new(x, d1, d2);
        if split.y < TINY && is_first_term(b, split.y) {
            first_term_tails(a, b, split.ln_y())
        } else if split.z < TINY && is_first_term(a, split.z) {
            let (upper, lower) = first_term_tails(b, a, split.ln_z());
            (lower, upper)
        } else {
            tails(a, b, split.y, split.z)
        }
    }
}

/// `(ln P(F <= x), ln P(F > x))`.
fn both_ln(x: f64, d1: f64, d2: f64) -> (f64, f64) {
    let (a, b) = (0.5 * d1, 0.5 * d2);
    if x.is_nan() || !is_df(d1) || !is_df(d2) {
        (f64::NAN, f64::NAN)
    } else if x <= 0.0 {
        (f64::NEG_INFINITY, 0.0)
    } else if x == f64::INFINITY {
        (0.0, f64::NEG_INFINITY)
    } else {
        let split = Split::new(x, d1, d2);
        if split.y < TINY && is_first_term(b, split.y) {
            let ln_lower = ln_first_term(a, b, split.ln_y()).min(0.0);
            (ln_lower, (-ln_lower.exp_m1()).ln())
        } else if split.z < TINY && is_first_term(a, split.z) {
            let ln_upper = ln_first_term(b, a, split.ln_z()).min(0.0);
            ((-ln_upper.exp_m1()).ln(), ln_upper)
        } else {
            ln_tails(a, b, split.y, split.z)
        }
    }
}
