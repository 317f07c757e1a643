//! Error functions and their inverses.
//!
//! ```text
//! erf(x)  = 2/sqrt(pi) * integral_0^x exp(-t^2) dt          erfc(x) = 1 - erf(x)
//! ```
//!
//! The functions are those of the `libm` crate, the inverses those of `statrs`; both were measured at full precision (see
//! `docs/dependencies.md`).

/// Error function `erf(x)`, in `[-1, 1]`. NaN for NaN.
///
/// ```
/// use meta_analysis::num::erf;
/// assert!((erf::erf(0.5) - 0.520_499_877_813_046_5).abs() < 1e-16);
/// ```
#[must_use]
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// Complementary error function `erfc(x) = 1 - erf(x)`, in `[0, 2]`, computed without the subtraction. NaN for NaN.
///
/// ```
/// use meta_analysis::num::erf;
/// assert!((erf::erfc(5.0) / 1.537_459_794_428_034_9e-12 - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Inverse of [`erf()`]: the `x` with `erf(x) = y`.
///
/// Infinite at `y = -1` and `y = 1`; NaN outside `[-1, 1]`.
///
/// ```
/// use meta_analysis::num::erf;
/// assert!((erf::erf_inv(0.5) - 0.476_936_276_204_469_9).abs() < 1e-15);
/// assert!(erf::erf_inv(1.5).is_nan());
/// ```
#[must_use]
pub fn erf_inv(y: f64) -> f64 {
    if !(-1.0..=1.0).contains(&y) {
        return f64::NAN;
    }
    statrs::function::erf::erf_inv(y)
}

/// Inverse of [`erfc()`]: the `x` with `erfc(x) = y`, accurate for tiny `y`.
///
/// `+inf` at `y = 0`, `-inf` at `y = 2`; NaN outside `[0, 2]`.
///
/// ```
/// use meta_analysis::num::erf;
/// assert!((erf::erfc_inv(1e-300) / 26.209_469_960_516_124 - 1.0).abs() < 1e-15);
/// assert_eq!(erf::erfc_inv(0.0), f64::INFINITY);
/// ```
#[must_use]
pub fn erfc_inv(y: f64) -> f64 {
    if !(0.0..=2.0).contains(&y) {
        return f64::NAN;
    }
    statrs::function::erf::erfc_inv(y)
}
