//! Standard normal distribution N(0, 1).
//!
//! For mean m and standard deviation s pass `(x - m) / s`, and take `m + s * quantile(p)` back. In R: `dnorm`, `pnorm`, `qnorm`.
//!
//! The distribution function is Cody's rational approximation (Cody WJ, 1969, Rational Chebyshev approximations for the error function,
//! Mathematics of Computation 23: 631-637, doi:10.1090/S0025-5718-1969-0247736-4), through `cdflib`; the quantile is the inverse
//! complementary error function of `statrs`.

use std::f64::consts::SQRT_2;

use cdflib::special::{cumnor, error_fc_scaled};

use super::erf::erfc_inv;

/// `ln(sqrt(2 pi))`.
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// `1 / sqrt(2 pi)`.
const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;
/// From here on the tail goes through its logarithm: `cumnor` drops subnormal results.
const FAR: f64 = 37.0;
/// Below this distance from the centre a log tail is the plain logarithm of the tail.
const NEAR: f64 = 5.0;

/// Density `exp(-x^2/2) / sqrt(2 pi)`. NaN for NaN.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::pdf(1.0) - 0.241_970_724_519_143_37).abs() < 1e-16);
/// ```
#[must_use]
pub fn pdf(x: f64) -> f64 {
    // Split x = h + r with h*h exact, so that the rounding of x^2 does not enter the exponential.
    let h = (x * 16.0).trunc() / 16.0;
    if x.abs() > 40.0 {
        return 0.0;
    }
    INV_SQRT_2PI * (-0.5 * h * h).exp() * (-0.5 * (x - h) * (x + h)).exp()
}

/// Logarithm of the density, `-x^2/2 - ln sqrt(2 pi)`. `-inf` at infinite `x`; NaN for NaN.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::ln_pdf(2.0) - -2.918_938_533_204_672_7).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_pdf(x: f64) -> f64 {
    -0.5 * x * x - LN_SQRT_2PI
}

/// Distribution function `P(X <= x)`, accurate to full relative precision in the lower tail. NaN for NaN.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::cdf(1.96) - 0.975_002_104_851_779_5).abs() < 1e-15);
/// assert!((normal::cdf(-10.0) / 7.619_853_024_160_526e-24 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn cdf(x: f64) -> f64 {
    sf(-x)
}

/// Survival function `P(X > x)`, accurate to full relative precision in the upper tail. NaN for NaN.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::sf(10.0) / 7.619_853_024_160_526e-24 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn sf(x: f64) -> f64 {
    if x > FAR {
        ln_sf(x).exp()
    } else if x < -FAR {
        1.0
    } else {
        cumnor(x).1.clamp(0.0, 1.0)
    }
}

/// Logarithm of the distribution function, `ln P(X <= x)`. Finite wherever `x^2` is. NaN for NaN.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::ln_cdf(-100.0) / -5_005.524_208_694_205 - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_cdf(x: f64) -> f64 {
    ln_sf(-x)
}

/// Logarithm of the survival function, `ln P(X > x)`. Finite wherever `x^2` is. NaN for NaN.
///
/// Beyond x = 5 it is `-x^2/2 + ln(erfcx(x / sqrt 2) / 2)` with the scaled complementary error function.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::ln_sf(100.0) / -5_005.524_208_694_205 - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_sf(x: f64) -> f64 {
    if x > 1e8 {
        // erfcx(z) = 1/(z sqrt pi) to the last digit
        -0.5 * x * x - x.ln() - LN_SQRT_2PI
    } else if x > NEAR {
        -0.5 * x * x + (0.5 * error_fc_scaled(x / SQRT_2)).ln()
    } else if x < -1.0 {
        (-sf(-x)).ln_1p()
    } else {
        sf(x).ln()
    }
}

/// Quantile: the `x` with `P(X <= x) = p`.
///
/// `-inf` at `p = 0`, `+inf` at `p = 1`; NaN outside `[0, 1]`. For `p` close to 1 use [`quantile_upper`].
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
/// ```
#[must_use]
pub fn quantile(p: f64) -> f64 {
    -quantile_upper(p)
}

/// Upper quantile: the `x` with `P(X > x) = q`.
///
/// `+inf` at `q = 0`, `-inf` at `q = 1`; NaN outside `[0, 1]`.
///
/// ```
/// use meta_analysis::num::normal;
/// assert!((normal::quantile_upper(1e-300) / 37.047_096_299_361_2 - 1.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn quantile_upper(q: f64) -> f64 {
    SQRT_2 * erfc_inv(2.0 * q)
}
