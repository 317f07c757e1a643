//! Irwin-Hall distribution: the sum of `n` independent variables uniform on `(0, 1)`.
//!
//! ```text
//! F_n(x) = 1/n! sum_{j <= x} (-1)^j C(n, j) (x - j)^n
//! ```
//!
//! That sum cancels: beyond `n` of about 12 little is left of it. The density is the cardinal B-spline, whose recurrence has positive terms
//! only, and the distribution function is a sum of values of the next spline, so nothing cancels here however large `n` is:
//!
//! ```text
//! f_{r+1}(x) = (x f_r(x) + (r + 1 - x) f_r(x - 1)) / r,     F_n(x) = sum_{i <= x} f_{n+1}(x - i)
//! ```
//!
//! Hall P (1927) Biometrika 19:240-244, doi:10.1093/biomet/19.3-4.240; recurrence: de Boor C (1972) J Approx Theory 6:50-62,
//! doi:10.1016/0021-9045(72)90080-9.

/// Distribution function `P(U_1 + ... + U_n <= x)`; relative accuracy in the lower tail.
///
/// NaN if `x` is NaN or `n` is 0. Takes `n min(x, n - x)` steps.
///
/// ```
/// use meta_analysis::num::irwin_hall;
/// assert_eq!(irwin_hall::cdf(1.5, 3), 0.5);
/// assert!((irwin_hall::cdf(0.5, 4) / (0.0625 / 24.0) - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(x: f64, n: u32) -> f64 {
    let all = f64::from(n);
    if x.is_nan() || n == 0 {
        f64::NAN
    } else if x <= 0.0 {
        0.0
    } else if x >= all {
        1.0
    } else if x <= 0.5 * all {
        lower_tail(x, n)
    } else {
        1.0 - lower_tail(all - x, n)
    }
}

/// Survival function `P(U_1 + ... + U_n > x)`, which is `cdf(n - x, n)`. Where `n - x` is known without rounding, ask [`cdf`] for it.
///
/// ```
/// use meta_analysis::num::irwin_hall;
/// assert_eq!(irwin_hall::sf(1.0, 2), 0.5);
/// // the corner of the cube: (n - x)^n / n! for x > n - 1
/// assert!((irwin_hall::sf(2.5, 3) / (0.125 / 6.0) - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn sf(x: f64, n: u32) -> f64 {
    cdf(f64::from(n) - x, n)
}

/// For `0 < x <= n/2`.
fn lower_tail(x: f64, n: u32) -> f64 {
    let (whole, t) = (x.floor(), x.fract());
    // f_r(t + i) for i = 0..=whole, from r = 1 on.
    let mut spline = vec![0.0; whole as usize + 1];
    if let Some(first) = spline.first_mut() {
        *first = 1.0;
    }
    for r in 1..=n {
        let (mut before, r) = (0.0, f64::from(r));
        for (i, value) in spline.iter_mut().enumerate() {
            let at = t + i as f64;
            let next = (at * *value + (r + 1.0 - at).max(0.0) * before) / r;
            before = std::mem::replace(value, next);
        }
    }
    spline.iter().sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle() {
        for n in [1, 2, 7, 40, 301] {
            assert!((cdf(0.5 * f64::from(n), n) - 0.5).abs() < 1e-14);
            assert_eq!((cdf(0.0, n), cdf(f64::from(n), n), cdf(-1.0, n)), (0.0, 1.0, 0.0));
            assert_eq!(cdf(0.25, n), sf(f64::from(n) - 0.25, n));
        }
        assert!(cdf(f64::NAN, 3).is_nan() && cdf(1.0, 0).is_nan());
    }

    #[test]
    fn the_alternating_sum_where_it_is_harmless() {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        for n in 1..=8_u32 {
            for step in 1..40 {
                let x = f64::from(n) * f64::from(step) / 40.0;
                let terms = (0..=x.floor() as u32).map(|j| {
                    let choose = factorial(n) / factorial(j) / factorial(n - j);
                    (if j % 2 == 0 { 1.0 } else { -1.0 }) * choose * (x - f64::from(j)).powi(n as i32)
                });
                let naive = terms.sum::<f64>() / factorial(n);
                assert!((cdf(x, n) - naive).abs() < 1e-11, "{n} {x}");
            }
        }
    }
}
