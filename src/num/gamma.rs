//! Gamma function, its logarithmic derivatives, and the incomplete gamma functions.
//!
//! ```text
//! P(a, x) = 1/Gamma(a) * integral_0^x t^(a-1) exp(-t) dt          Q(a, x) = 1 - P(a, x)
//! ```
//!
//! `a > 0` is the shape, `x >= 0` the argument. A gamma variable with shape a and rate r has distribution function `P(a, r x)`.
//!
//! P and Q follow DiDonato AR, Morris AH (1986), Computation of the incomplete gamma function ratios and their inverse, ACM Transactions
//! on Mathematical Software 12: 377-393, doi:10.1145/22721.23109, through `cdflib`. Far tails use the continued fractions of the NIST
//! Digital Library of Mathematical Functions, chapter 8, with the prefactor kept as a logarithm.

use cdflib::special::internal::gamma_ln1;
use cdflib::special::try_gamma_inc;

use super::invert::{Side, Tail, positive_root};
use super::normal;
use super::saddle_point::ln_gamma_kernel;

/// Tails below this are computed through their logarithm.
const TINY: f64 = 1e-200;
/// Arguments below this leave only the first term of the power series.
const SMALL_X: f64 = 1e-30;
/// `Q(a, x)` is proportional to `a` below this shape, as long as `x` is not below `SMALL_X`.
const LINEAR_SHAPE: f64 = 1e-20;
/// Hard bound of the continued fractions. They are only used far in a tail, where a few dozen terms suffice.
const MAX_TERMS: u32 = 10_000;

/// Gamma function `Gamma(x)` on the real line.
///
/// `+inf` above 171.6 and at `+0`, `-inf` at `-0`; NaN at negative integers and for NaN.
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::gamma(5.0) - 24.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// `ln Gamma(x)` for `x > 0`.
///
/// `+inf` at 0 and `+inf`; NaN for negative `x` and NaN.
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::ln_gamma(100.0) / 359.134_205_369_575_4 - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    if x < 0.0 {
        return f64::NAN;
    }
    libm::lgamma(x)
}

/// Digamma function, the derivative of `ln Gamma`, for `x > 0`.
///
/// ```text
/// psi(x) = psi(x + 1) - 1/x,      psi(x) ~ ln x - 1/(2x) - sum_k B_2k / (2k x^2k)
/// ```
///
/// `-inf` at 0; NaN for negative `x` and NaN. Accurate relative to its value also next to its zero 1.4616...
/// (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18).
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::digamma(1.0) - -0.577_215_664_901_532_9).abs() < 1e-15);
/// ```
#[must_use]
pub fn digamma(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if (0.5..=3.0).contains(&x) {
        // rational in (x - zero), which keeps the digits next to the zero
        return cdflib::special::try_psi(x).unwrap_or(f64::NAN);
    }
    let mut shift = 0.0;
    let mut z = x;
    while z < 10.0 {
        shift += 1.0 / z;
        z += 1.0;
    }
    let w = 1.0 / z / z;
    let series = w
        * (1.0 / 12.0
            - w * (1.0 / 120.0
                - w * (1.0 / 252.0
                    - w * (1.0 / 240.0
                        - w * (1.0 / 132.0 - w * (691.0 / 32_760.0 - w * (1.0 / 12.0 - w * 3617.0 / 8160.0)))))));
    z.ln() - 0.5 / z - series - shift
}

/// Trigamma function, the derivative of [`digamma`], for `x > 0`.
///
/// ```text
/// psi'(x) = psi'(x + 1) + 1/x^2,      psi'(x) ~ 1/x + 1/(2x^2) + sum_k B_2k / x^(2k+1)
/// ```
///
/// `+inf` at 0, 0 at `+inf`; NaN for negative `x` and NaN (Abramowitz and Stegun 1964, 6.4.6 and 6.4.12).
///
/// ```
/// use meta_analysis::num::gamma;
/// let exact = std::f64::consts::PI.powi(2) / 6.0;
/// assert!((gamma::trigamma(1.0) - exact).abs() < 1e-15);
/// ```
#[must_use]
pub fn trigamma(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    let mut shift = 0.0;
    let mut z = x;
    while z < 10.0 {
        shift += 1.0 / z / z;
        z += 1.0;
    }
    let w = 1.0 / z / z;
    let series = w
        * (1.0 / 6.0
            - w * (1.0 / 30.0
                - w * (1.0 / 42.0
                    - w * (1.0 / 30.0
                        - w * (5.0 / 66.0 - w * (691.0 / 2730.0 - w * (7.0 / 6.0 - w * 3617.0 / 510.0)))))));
    shift + (1.0 + 0.5 / z + series) / z
}

/// Regularised lower incomplete gamma function `P(a, x)`.
///
/// NaN unless `a` is positive and finite and `x >= 0`. `x = +inf` gives 1.
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::lower_regularized(1.0, 2.0) - (1.0 - (-2.0f64).exp())).abs() < 1e-15);
/// ```
#[must_use]
pub fn lower_regularized(a: f64, x: f64) -> f64 {
    tails(a, x).0
}

/// Regularised upper incomplete gamma function `Q(a, x) = 1 - P(a, x)`, computed without the subtraction.
///
/// NaN unless `a` is positive and finite and `x >= 0`. `x = +inf` gives 0.
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::upper_regularized(1.0, 500.0) / (-500.0f64).exp() - 1.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn upper_regularized(a: f64, x: f64) -> f64 {
    tails(a, x).1
}

/// `ln P(a, x)`, accurate where `P` itself underflows. Domain as [`lower_regularized`]; `-inf` at `x = 0`.
///
/// ```
/// use meta_analysis::num::gamma;
/// // P(2, x) = 1 - (1 + x) exp(-x), which is x^2 / 2 for small x
/// let exact = -400.0 * std::f64::consts::LN_10 - std::f64::consts::LN_2;
/// assert!((gamma::ln_lower_regularized(2.0, 1e-200) / exact - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn ln_lower_regularized(a: f64, x: f64) -> f64 {
    let (p, q) = moderate_tails(a, x);
    ln_tail(p, q, || ln_lower_far(a, x))
}

/// `ln Q(a, x)`, accurate where `Q` itself underflows. Domain as [`upper_regularized`]; `-inf` at `x = +inf`.
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::ln_upper_regularized(1.0, 5000.0) - -5000.0).abs() < 1e-11);
/// ```
#[must_use]
pub fn ln_upper_regularized(a: f64, x: f64) -> f64 {
    let (p, q) = moderate_tails(a, x);
    ln_tail(q, p, || ln_upper_far(a, x))
}

/// Inverse of [`lower_regularized`]: the `x` with `P(a, x) = p`.
///
/// 0 at `p = 0`, `+inf` at `p = 1`; NaN unless `a` is positive and finite and `p` in `[0, 1]`.
///
/// ```
/// use meta_analysis::num::gamma;
/// assert!((gamma::inverse_lower_regularized(1.0, 0.5) - std::f64::consts::LN_2).abs() < 1e-15);
/// ```
#[must_use]
pub fn inverse_lower_regularized(a: f64, p: f64) -> f64 {
    inverse(a, p, 1.0 - p)
}

/// Inverse of [`upper_regularized`]: the `x` with `Q(a, x) = q`.
///
/// `+inf` at `q = 0`, 0 at `q = 1`; NaN unless `a` is positive and finite and `q` in `[0, 1]`.
///
/// ```
/// use meta_analysis::num::gamma;
/// let x = gamma::inverse_upper_regularized(1.0, 1e-300);
/// assert!((x / (300.0 * std::f64::consts::LN_10) - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn inverse_upper_regularized(a: f64, q: f64) -> f64 {
    inverse(a, 1.0 - q, q)
}

/// Is `a` a usable shape?
fn is_shape(a: f64) -> bool {
    a > 0.0 && a < f64::INFINITY
}

/// `(P, Q)` in `[0, 1]`.
fn tails(a: f64, x: f64) -> (f64, f64) {
    let (p, q) = moderate_tails(a, x);
    if p < TINY && x > 0.0 {
        (ln_lower_far(a, x).exp(), q)
    } else if q < TINY && x < f64::INFINITY {
        (p, ln_upper_far(a, x).exp())
    } else {
        (p, q)
    }
}

/// `(P, Q)`, of which a value below `TINY` is only known to be small.
fn moderate_tails(a: f64, x: f64) -> (f64, f64) {
    if !is_shape(a) || x.is_nan() || x < 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    if x < SMALL_X {
        let ln_p = ln_first_term(a, x);
        return (ln_p.exp().min(1.0), (-ln_p.exp_m1()).max(0.0));
    }
    if a < LINEAR_SHAPE {
        let q = moderate_tails(LINEAR_SHAPE, x).1 * (a / LINEAR_SHAPE);
        return (1.0 - q, q);
    }
    let (p, q) = try_gamma_inc(a, x).unwrap_or((f64::NAN, f64::NAN));
    (p.clamp(0.0, 1.0), q.clamp(0.0, 1.0))
}

/// Logarithm of a tail from the tail, its complement and the log form for the far tail.
pub(super) fn ln_tail(tail: f64, complement: f64, far: impl Fn() -> f64) -> f64 {
    if tail < TINY && complement > 0.5 {
        far()
    } else if tail > 0.75 {
        (-complement).ln_1p()
    } else {
        tail.ln()
    }
}

/// `ln( x^a / Gamma(a + 1) )`, the first term of the series of `P`.
fn ln_first_term(a: f64, x: f64) -> f64 {
    a * x.ln() - ln_gamma_1p(a)
}

/// `ln Gamma(1 + a)`, accurate relative to its value for tiny `a`.
fn ln_gamma_1p(a: f64) -> f64 {
    if a < 1.0 { gamma_ln1(a) } else { libm::lgamma(a + 1.0) }
}

/// `ln P` far in the lower tail: the M-fraction `P = K / (a - x + x/(a+1-x + 2x/(a+2-x + ...)))`, `K = x^a e^-x / Gamma(a)`.
fn ln_lower_far(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < SMALL_X {
        return ln_first_term(a, x);
    }
    (ln_gamma_kernel(a, x) - fraction(|k| (k * x, a - x + k)).ln()).min(0.0)
}

/// `ln Q` far in the upper tail: Legendre's fraction `Q = K / (x+1-a - 1(1-a)/(x+3-a - 2(2-a)/(x+5-a - ...)))` (DLMF 8.9.2).
fn ln_upper_far(a: f64, x: f64) -> f64 {
    if x == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    if a < LINEAR_SHAPE {
        return ln_upper_regularized(LINEAR_SHAPE, x) + (a / LINEAR_SHAPE).ln();
    }
    (ln_gamma_kernel(a, x) - fraction(|k| (k * (a - k), x - a + (2.0 * k + 1.0))).ln()).min(0.0)
}

/// `d_0 + n_1/(d_1 + n_2/(d_2 + ...))` with `term(k) = (n_k, d_k)`, by the modified Lentz scheme (Thompson IJ, Barnett AR, 1986,
/// Journal of Computational Physics 64: 490-509, doi:10.1016/0021-9991(86)90046-X).
pub(super) fn fraction(term: impl Fn(f64) -> (f64, f64)) -> f64 {
    const FLOOR: f64 = 1e-290;
    let away_from_zero = |v: f64| if v.abs() < FLOOR { FLOOR } else { v };
    let first = away_from_zero(term(0.0).1);
    let (mut value, mut c, mut d, mut k) = (first, first, 0.0, 1.0);
    for _ in 0..MAX_TERMS {
        let (numerator, denominator) = term(k);
        d = 1.0 / away_from_zero(denominator + numerator * d);
        c = away_from_zero(denominator + numerator / c);
        let change = c * d;
        if !change.is_finite() || change <= 0.0 {
            break; // parameters near the end of the f64 range: the terms so far are all there is
        }
        value *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
        k += 1.0;
    }
    value
}

/// `x` with `P(a, x) = p` and `Q(a, x) = q`, where `p + q = 1` and the smaller of the two is exact.
pub(super) fn inverse(a: f64, p: f64, q: f64) -> f64 {
    if !is_shape(a) || !(0.0..=1.0).contains(&p) || !(0.0..=1.0).contains(&q) {
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
    positive_root(side, inverse_start(a, p, q), |x| {
        let (p, q) = moderate_tails(a, x);
        let tail = if side == Side::Lower { p } else { q };
        let ln_kernel = ln_gamma_kernel(a, x);
        if tail < TINY {
            let ln_value = if side == Side::Lower { ln_lower_far(a, x) } else { ln_upper_far(a, x) };
            Tail { log_ratio: ln_value - ln_target, slope: (ln_kernel - ln_value).exp(), bend: a - x }
        } else {
            Tail { log_ratio: ln_ratio(tail, target), slope: ln_kernel.exp() / tail, bend: a - x }
        }
    })
}

/// `ln(value / target)` for positive numbers, without cancellation next to equality.
pub(super) fn ln_ratio(value: f64, target: f64) -> f64 {
    let relative = (value - target) / target;
    if relative.abs() < 0.5 { relative.ln_1p() } else { value.ln() - target.ln() }
}

/// Starting point: Wilson and Hilferty's cube root (1931, doi:10.1073/pnas.17.12.684), the first term of the series of `P`, or the
/// exponential upper tail.
fn inverse_start(a: f64, p: f64, q: f64) -> f64 {
    let z = if p < q { normal::quantile(p) } else { normal::quantile_upper(q) };
    let c = 1.0 / (9.0 * a);
    let root = 1.0 - c + z * c.sqrt();
    if a > 0.3 && root > 0.2 {
        a * root * root * root
    } else if a < 1.0 && q < 0.3 {
        (-q.ln() - libm::lgamma(a)).max(0.1)
    } else {
        ((p.ln() + ln_gamma_1p(a)) / a).exp()
    }
}
