//! Beta function and the incomplete beta function.
//!
//! ```text
//! I_x(a, b) = 1/B(a, b) * integral_0^x t^(a-1) (1-t)^(b-1) dt          1 - I_x(a, b) = I_(1-x)(b, a)
//! ```
//!
//! `a, b > 0` are the shapes, `0 <= x <= 1` the argument.
//!
//! The functions follow DiDonato AR, Morris AH (1992), Algorithm 708: significant digit computation of the incomplete beta function
//! ratios, ACM Transactions on Mathematical Software 18: 360-373, doi:10.1145/131766.131776, through `cdflib`. Far tails use the continued
//! fraction DLMF 8.17.22 with the prefactor kept as a logarithm, because the library underflows near 1e-287. Beyond a shape of 1e18 the
//! functions are those of the limiting gamma or normal distribution, and no longer accurate to 1e-12.

use cdflib::special::{beta_log, try_beta_inc};

use super::gamma::{
    digamma, fraction, ln_lower_regularized, ln_ratio, ln_tail, ln_upper_regularized, lower_regularized, trigamma,
    upper_regularized,
};
use super::invert::{Side, Tail, positive_root};
use super::normal;
use super::saddle_point::{deviance, ln_beta_kernel, ln_of};

/// Tails below this are computed through their logarithm.
const TINY: f64 = 1e-200;
/// The first term of the power series is the whole of it when its relative correction is below this.
const NEGLIGIBLE: f64 = 1e-17;
/// Shapes above this use limiting distributions: `x` as a `f64` no longer resolves the distribution to 1e-7.
const HUGE_SHAPE: f64 = 1e18;

/// `ln B(a, b) = ln Gamma(a) + ln Gamma(b) - ln Gamma(a + b)` for `a, b > 0`, without cancellation for large arguments.
///
/// `+inf` when a shape is 0; NaN for a negative or infinite shape and NaN.
///
/// ```
/// use meta_analysis::num::beta;
/// assert!((beta::ln_beta(2.0, 3.0) - (1.0f64 / 12.0).ln()).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    if !is_shape(a) || !is_shape(b) {
        return if a >= 0.0 && b >= 0.0 && a < f64::INFINITY && b < f64::INFINITY { f64::INFINITY } else { f64::NAN };
    }
    if a.max(b) < 1e-8 {
        // B -> 1/a + 1/b
        return (a.max(b) / a.min(b)).ln_1p() - a.max(b).ln();
    }
    beta_log(a, b)
}

/// Regularised incomplete beta function `I_x(a, b)`.
///
/// NaN unless `a` and `b` are positive and finite and `x` in `[0, 1]`.
///
/// ```
/// use meta_analysis::num::beta;
/// assert!((beta::regularized(2.0, 3.0, 0.5) - 11.0 / 16.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn regularized(a: f64, b: f64, x: f64) -> f64 {
    tails(a, b, x, 1.0 - x).0
}

/// Complement `1 - I_x(a, b)`, computed without the subtraction. Domain as [`regularized`].
///
/// ```
/// use meta_analysis::num::beta;
/// assert!((beta::regularized_upper(2.0, 3.0, 0.5) - 5.0 / 16.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn regularized_upper(a: f64, b: f64, x: f64) -> f64 {
    tails(a, b, x, 1.0 - x).1
}

/// `ln I_x(a, b)`, accurate where the value itself underflows. Domain as [`regularized`]; `-inf` at `x = 0`.
///
/// ```
/// use meta_analysis::num::beta;
/// // I_x(a, 1) = x^a
/// assert!((beta::ln_regularized(500.0, 1.0, 0.01) / (500.0 * 0.01f64.ln()) - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_regularized(a: f64, b: f64, x: f64) -> f64 {
    ln_tails(a, b, x, 1.0 - x).0
}

/// `ln(1 - I_x(a, b))`, accurate where the value itself underflows. Domain as [`regularized`]; `-inf` at `x = 1`.
///
/// ```
/// use meta_analysis::num::beta;
/// // 1 - I_x(1, b) = (1 - x)^b
/// assert!((beta::ln_regularized_upper(1.0, 1000.0, 0.75) / (1000.0 * 0.25f64.ln()) - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn ln_regularized_upper(a: f64, b: f64, x: f64) -> f64 {
    ln_tails(a, b, x, 1.0 - x).1
}

/// Inverse of [`regularized`]: the `x` with `I_x(a, b) = p`.
///
/// 0 at `p = 0`, 1 at `p = 1`; NaN unless the shapes are positive and finite and `p` in `[0, 1]`. The distance to 1 of a result next to 1 is
/// `inverse_regularized_upper(b, a, p)`.
///
/// ```
/// use meta_analysis::num::beta;
/// assert!((beta::inverse_regularized(3.0, 1.0, 0.125) - 0.5).abs() < 1e-15);
/// ```
#[must_use]
pub fn inverse_regularized(a: f64, b: f64, p: f64) -> f64 {
    let odds = inverse_odds(a, b, p, 1.0 - p);
    share(odds).0
}

/// Inverse of [`regularized_upper`]: the `x` with `1 - I_x(a, b) = q`, for `q` too small to subtract from 1.
///
/// 1 at `q = 0`, 0 at `q = 1`; NaN as for [`inverse_regularized`].
///
/// ```
/// use meta_analysis::num::beta;
/// // 1 - I_x(1, 2) = (1 - x)^2
/// assert!((beta::inverse_regularized_upper(1.0, 2.0, 1e-4) - 0.99).abs() < 1e-15);
/// ```
#[must_use]
pub fn inverse_regularized_upper(a: f64, b: f64, q: f64) -> f64 {
    let odds = inverse_odds(a, b, 1.0 - q, q);
    share(odds).0
}

/// Is `a` a usable shape?
fn is_shape(a: f64) -> bool {
    a > 0.0 && a < f64::INFINITY
}

/// `(x, 1 - x)` from the odds `x / (1 - x)`, both to full precision.
pub(super) fn share(odds: f64) -> (f64, f64) {
    if odds < 1.0 {
        (odds / (1.0 + odds), 1.0 / (1.0 + odds))
    } else {
        let inverse = 1.0 / odds;
        (1.0 / (1.0 + inverse), inverse / (1.0 + inverse))
    }
}

/// `(I, 1 - I)` at `x = 1 - y`, both in `[0, 1]`.
pub(super) fn tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    let (lower, upper) = moderate_tails(a, b, x, y);
    if lower < TINY && x > 0.0 && y > 0.0 {
        (ln_lower_far(a, b, x, y).exp(), upper)
    } else if upper < TINY && x > 0.0 && y > 0.0 {
        (lower, ln_lower_far(b, a, y, x).exp())
    } else {
        (lower, upper)
    }
}

/// `(ln I, ln(1 - I))` at `x = 1 - y`.
pub(super) fn ln_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    let (lower, upper) = moderate_tails(a, b, x, y);
    (ln_tail(lower, upper, || ln_lower_far(a, b, x, y)), ln_tail(upper, lower, || ln_lower_far(b, a, y, x)))
}

/// `(I, 1 - I)`, of which a value below `TINY` is only known to be small.
pub(super) fn moderate_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if !is_shape(a) || !is_shape(b) || !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y) {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if is_first_term(b, x) {
        return first_term_tails(a, b, x.ln());
    }
    if is_first_term(a, y) {
        let (upper, lower) = first_term_tails(b, a, y.ln());
        return (lower, upper);
    }
    if a.max(b) > HUGE_SHAPE {
        return huge_tails(a, b, x, y);
    }
    if let Some(floor) = linear_below(b, a) {
        let lower = moderate_tails(a, floor, x, y).0 * (b / floor);
        return (lower, 1.0 - lower);
    }
    if let Some(floor) = linear_below(a, b) {
        let upper = moderate_tails(floor, b, x, y).1 * (a / floor);
        return (1.0 - upper, upper);
    }
    let (lower, upper) = try_beta_inc(a, b, x, y).unwrap_or((f64::NAN, f64::NAN));
    if lower.is_nan() || upper.is_nan() {
        return huge_tails(a, b, x, y);
    }
    (lower.clamp(0.0, 1.0), upper.clamp(0.0, 1.0))
}

/// The shape from which `I_x(other, shape)` can be scaled down, because it is proportional to so small a shape. None where it is not.
fn linear_below(shape: f64, other: f64) -> Option<f64> {
    let floor = 1e-20 * other.min(1.0);
    (shape < floor && floor > TINY).then_some(floor)
}

/// `(I, 1 - I)` in the limit of a huge shape: gamma for the small shape when only one is large, else the leading normal term of Temme's
/// uniform expansion.
fn huge_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if a > b {
        let (upper, lower) = huge_tails(b, a, y, x);
        return (lower, upper);
    }
    if a < (1e-14 * b).cbrt() * b.cbrt() {
        let u = -(b + 0.5 * (a - 1.0)) * ln_of(y, x);
        (lower_regularized(a, u), upper_regularized(a, u))
    } else {
        let z = normal_deviate(a, b, x, y);
        (normal::cdf(z), normal::sf(z))
    }
}

/// `z` with `Phi(z)` close to `I_x(a, b)`: the signed root of twice the deviance.
fn normal_deviate(a: f64, b: f64, x: f64, y: f64) -> f64 {
    // a scale of 1/8 keeps a + b finite
    let (a, b) = (0.125 * a, 0.125 * b);
    let n = a + b;
    let root = 4.0 * (deviance(a, n * x) + deviance(b, n * y)).sqrt();
    // the smaller shape goes with the argument that kept its digits
    let below = if a <= b { n * x < a } else { n * y > b };
    if below { -root } else { root }
}

/// Is `x^a / (a B)` all of `I_x(a, b)`? The next term has the relative size `a (1 - b) x / (a + 1)`.
pub(super) fn is_first_term(b: f64, x: f64) -> bool {
    x * (1.0 + b) < NEGLIGIBLE
}

/// `(I, 1 - I)` from the first term, given `ln x`.
pub(super) fn first_term_tails(a: f64, b: f64, ln_x: f64) -> (f64, f64) {
    let ln_lower = ln_first_term(a, b, ln_x);
    (ln_lower.exp().min(1.0), (-ln_lower.exp_m1()).max(0.0))
}

/// `ln( x^a / (a B(a, b)) )`, given `ln x`.
pub(super) fn ln_first_term(a: f64, b: f64, ln_x: f64) -> f64 {
    a * ln_x - ln_a_beta(a, b)
}

/// `ln(a B(a, b))`, which tends to 0 with `a`: there by its Taylor series.
fn ln_a_beta(a: f64, b: f64) -> f64 {
    if a < 1e-6 * b.min(1.0) {
        let first = digamma(1.0) - digamma(b);
        let second = trigamma(1.0) - trigamma(b);
        a * (first + 0.5 * a * second)
    } else {
        a.ln() + ln_beta(a, b)
    }
}

/// `ln I_x(a, b)` far in the lower tail, by DLMF 8.17.22.
fn ln_lower_far(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if y <= 0.0 {
        return 0.0;
    }
    if is_first_term(b, x) {
        return ln_first_term(a, b, x.ln());
    }
    if a.max(b) > HUGE_SHAPE {
        return if a < (1e-14 * b).cbrt() * b.cbrt() {
            ln_lower_regularized(a, -(b + 0.5 * (a - 1.0)) * ln_of(y, x))
        } else if b < (1e-14 * a).cbrt() * a.cbrt() {
            ln_upper_regularized(b, -(a + 0.5 * (b - 1.0)) * ln_of(x, y))
        } else {
            normal::ln_cdf(normal_deviate(a, b, x, y))
        };
    }
    if let Some(floor) = linear_below(b, a) {
        return ln_tails(a, floor, x, y).0 + (b / floor).ln();
    }
    let h = fraction(|k| {
        let m = (0.5 * k).floor();
        let n = a + k;
        let numerator = if k > 2.0 * m {
            -((a + m) / (n - 1.0)) * ((a + b + m) / n) * x
        } else {
            (m / (n - 1.0)) * ((b - m) / n) * x
        };
        (numerator, 1.0)
    });
    (ln_beta_kernel(a, b, x, y) - a.ln() - h.ln()).min(0.0)
}

/// The odds `x / (1 - x)` with `I_x(a, b) = p` and `1 - I_x(a, b) = q`, where `p + q = 1` and the smaller of the two is exact.
pub(super) fn inverse_odds(a: f64, b: f64, p: f64, q: f64) -> f64 {
    if !is_shape(a) || !is_shape(b) || !(0.0..=1.0).contains(&p) || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    if p <= 0.0 {
        return 0.0;
    }
    if q <= 0.0 {
        return f64::INFINITY;
    }
    let (side, target) = if p <= q { (Side::Lower, p) } else { (Side::Upper, q) };
    let ln_target = target.ln();
    positive_root(side, start_odds(a, b, p, q), |odds| {
        let (x, y) = share(odds);
        let (lower, upper) = moderate_tails(a, b, x, y);
        let tail = if side == Side::Lower { lower } else { upper };
        let ln_kernel = ln_beta_kernel(a, b, x, y);
        // d ln(kernel) / d ln(odds)
        let bend = a * y - b * x;
        if tail < TINY {
            let ln_value = if side == Side::Lower { ln_lower_far(a, b, x, y) } else { ln_lower_far(b, a, y, x) };
            Tail { log_ratio: ln_value - ln_target, slope: (ln_kernel - ln_value).exp(), bend }
        } else {
            Tail { log_ratio: ln_ratio(tail, target), slope: ln_kernel.exp() / tail, bend }
        }
    })
}

/// Starting odds: the first term of the series of the smaller tail, or the normal approximation to a Fisher-type logit
/// (Abramowitz and Stegun 1964, 26.5.22).
fn start_odds(a: f64, b: f64, p: f64, q: f64) -> f64 {
    if a > 1.0 && b > 1.0 {
        let z = if p < q { -normal::quantile(p) } else { -normal::quantile_upper(q) };
        let (ra, rb) = (1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
        let h = 2.0 / (ra + rb);
        let lambda = (z * z - 3.0) / 6.0;
        let w = z * (h + lambda).max(0.1).sqrt() / h - (rb - ra) * (lambda + 5.0 / 6.0 - 2.0 / (3.0 * h));
        return a / b * (-2.0 * w).clamp(-600.0, 600.0).exp();
    }
    // match both power laws, take the one that holds
    let ln_b = ln_beta(a, b);
    let ln_x = (p.ln() + a.ln() + ln_b) / a;
    let ln_y = (q.ln() + b.ln() + ln_b) / b;
    if ln_x < ln_y {
        ln_x.exp().min(0.9) / (1.0 - ln_x.exp().min(0.9))
    } else {
        (1.0 - ln_y.exp().min(0.9)) / ln_y.exp().min(0.9)
    }
}
