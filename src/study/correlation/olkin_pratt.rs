//! The bias-corrected correlation and the unbiased estimate of its sampling variance, exactly.
//!
//! Olkin & Pratt 1958, Ann Math Stat 29:201, doi 10.1214/aoms/1177706717.
//!
//! ```text
//! G(r)   = r F(1/2, 1/2; (n - 2)/2; x)                       x = 1 - r^2, F = Gauss's hypergeometric function
//! P(r)   = 1 - (n - 3)/(n - 2) x F(1, 1; n/2; x)             unbiased for rho^2
//! Var(G) = G^2 - P                                           unbiased
//! ```

/// What both formulas need: `F(1/2, 1/2; (n-2)/2; x)` without its first term, without its first two, and
/// `F(1, 1; n/2; x)` without its first.
struct Excess {
    half: f64,
    half_beyond_linear: f64,
    one: f64,
}

/// Above this argument the power series of a small sample becomes slow.
const SLOW: f64 = 0.75;
/// From this size on it is fast for every argument.
const LARGE: f64 = 60.0;

/// `G(r)` for `n >= 5`.
pub(in crate::study) fn unbiased(r: f64, n: f64) -> f64 {
    r + r * excess(r, n).half
}

/// The unbiased estimate of the variance of `G(r)`, for `n >= 5`.
pub(super) fn variance(r: f64, n: f64) -> f64 {
    let x = super::unexplained(r);
    let e = excess(r, n);
    // G^2 - P with the terms of order 0 and 1 in x, which cancel, taken out by hand.
    let square = 2.0 * e.half_beyond_linear + e.half * e.half;
    r * r * square + x * e.one * ((n - 3.0) / (n - 2.0)) - x * x / (n - 2.0)
}

fn excess(r: f64, n: f64) -> Excess {
    let x = super::unexplained(r);
    let linear = x / (2.0 * (n - 2.0));
    if x <= SLOW || n >= LARGE {
        let beyond = tail(0.5, 0.5 * (n - 2.0), x, linear, 1.0);
        Excess { half: linear + beyond, half_beyond_linear: beyond, one: tail(1.0, 0.5 * n, x, 1.0, 0.0) }
    } else {
        let half = half_integral(r, n) / half_integral(1.0, n) - 1.0;
        let one = (0.5 * n - 1.0) * one_integral(r, n) - 1.0;
        Excess { half, half_beyond_linear: half - linear, one }
    }
}

/// The terms of `F(a, a; c; x)` after term number `k`, which is `term`.
fn tail(a: f64, c: f64, x: f64, mut term: f64, mut k: f64) -> f64 {
    let mut sum = 0.0;
    loop {
        term *= (a + k) / (c + k) * ((a + k) / (k + 1.0)) * x;
        sum += term;
        k += 1.0;
        if term <= f64::EPSILON * 0.125 * sum {
            return sum;
        }
    }
}

/// `integral of cosh(u)^(4 - n) / sqrt(1 + r^2 sinh(u)^2)` over the real line, by the trapezoidal rule, which
/// converges exponentially: Euler's integral of `F(1/2, 1/2; ..)` with t = tanh(u)^2 / (tanh(u)^2 + ..).
fn half_integral(r: f64, n: f64) -> f64 {
    trapezoid(0.2_f64.min(0.7 / n.sqrt()), |u| {
        let sinh2 = u.sinh().powi(2);
        (0.5 * (4.0 - n) * sinh2.ln_1p()).exp() / (1.0 + r * r * sinh2).sqrt()
    })
}

/// `integral of (1 - t)^(n/2 - 2) / (1 - x t)` over [0, 1], in the variable `v = ln(t / (1 - t))`.
fn one_integral(r: f64, n: f64) -> f64 {
    let peak = -(0.5 * n).ln();
    trapezoid(0.2, |u| {
        let e = (u + peak).exp();
        e * ((1.0 - 0.5 * n) * e.ln_1p()).exp() / (1.0 + r * r * e)
    })
}

/// Trapezoidal rule on the real line for a function that falls off exponentially on both sides.
fn trapezoid(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    let mut sum = f(0.0);
    for direction in [h, -h] {
        let mut k = 1.0;
        loop {
            let value = f(direction * k);
            sum += value;
            k += 1.0;
            // Every value is positive; beyond |u| = 700 the functions have underflowed.
            if value <= f64::EPSILON * 1e-3 * sum || h * k > 700.0 {
                break;
            }
        }
    }
    h * sum
}
