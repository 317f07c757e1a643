//! Distribution of the sum of a normal and a scaled t variable.

use super::{gamma_ratio, normal, student_t};
use std::f64::consts::PI;

/// Steps of the trapezoidal rules; the integrands are analytic in strips wide enough for these to leave 1e-16.
const NORMAL_STEP: f64 = 0.19;
const T_STEP: f64 = 0.06;

/// `P(sigma Z + scale T <= x)` for independent standard normal `Z` and `T` with `df` degrees of freedom; `sigma`, `scale >= 0`, not
/// both 0, `df >= 1`. To about 1e-15 absolutely.
///
/// One of the two is averaged over the other, so that what is integrated is smooth:
///
/// ```text
/// scale >= sigma, or x far out:  int phi(z) F_T((x - sigma z) / scale) dz
/// else:                          int f_T(t) Phi((x - scale t) / sigma) dt,    t = sqrt(df) sinh(s)
/// ```
///
/// `weight`: what the result will be multiplied by; what that makes smaller than 1e-18 is spared.
pub(crate) fn cdf(x: f64, sigma: f64, scale: f64, df: f64, weight: f64) -> f64 {
    if sigma <= 0.0 {
        return student_t::cdf(x / scale, df);
    }
    if scale <= 0.0 {
        return normal::cdf(x / sigma);
    }
    // Far out the step of Phi is narrow in s, and F_T smooth in z.
    if scale >= sigma || x.abs() > 12.0 * sigma {
        let (at, ratio) = (x / scale, sigma / scale);
        // F_T is singular at a distance of sqrt(df) scale/sigma. Beyond 8.6 standard deviations lie 1e-17.
        let step = NORMAL_STEP * df.sqrt().min(2.0);
        let steps = (8.6 / step).ceil() as i32;
        let sum: f64 = (-steps..=steps)
            .map(|i| {
                let z = step * f64::from(i);
                normal::pdf(z) * student_t::cdf(at - ratio * z, df)
            })
            .sum();
        return (step * sum).clamp(0.0, 1.0);
    }
    // The density in s is proportional to cosh(s)^-df, whose sum by the rule is its integral over the step.
    let (at, ratio) = (x / sigma, scale / sigma * df.sqrt());
    let (mut sum, mut seen) = (normal::cdf(at), 1.0);
    // In s the density has a standard deviation of about 1/sqrt(df).
    let step = T_STEP.min(0.25 / df.sqrt()).min(0.35 / at.abs());
    let whole = PI.sqrt() / gamma_ratio::half_step(0.5 * df) / step;
    for i in 1_u32.. {
        let s = step * f64::from(i);
        let density = (-df * ln_cosh(s)).exp();
        let t = ratio * s.sinh();
        // Beyond, each pair of points adds its density; what is left of that is the rest of the whole.
        if density * weight < 1e-18 || t > at.abs() + 8.5 {
            break;
        }
        sum += density * (normal::cdf(at - t) + normal::cdf(at + t));
        seen += 2.0 * density;
    }
    ((sum + 0.5 * (whole - seen).max(0.0)) / whole).clamp(0.0, 1.0)
}

/// `ln cosh s` for `s > 0`.
fn ln_cosh(s: f64) -> f64 {
    s + (0.5 * (1.0 + (-2.0 * s).exp())).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree_and_the_ends_are_the_parts() {
        // mpmath: quad of the t density times Phi((x - scale t)/sigma), 25 digits.
        let truth = [
            (-2.0, 1.0, 0.5, 1.0, 0.111_840_208_746_184_51),
            (-2.0, 0.5, 1.0, 1.0, 0.154_533_703_800_029_04),
            (-8.0, 1.0, 0.9, 3.0, 0.001_648_984_763_799_088_7),
            (-0.5, 1.0, 0.125, 9.0, 0.310_272_662_994_810_6),
            (-4.0, 0.25, 1.0, 9.0, 0.001_677_932_023_236_410_9),
            (-30.0, 1.0, 0.5, 1.0, 0.005_310_584_717_936_942),
            (-11.0, 1.0, 0.75, 3.0, 0.000_361_435_961_798_728_67),
            (-500.0, 2.0, 1.0, 1.0, 0.000_636_629_109_867_079_7),
        ];
        for (x, sigma, scale, df, p) in truth {
            assert!((cdf(x, sigma, scale, df, 1.0) - p).abs() < 1e-13 * p + 2e-15, "{x} {sigma} {scale} {df}");
        }
        for df in [1.0, 2.0, 5.0, 12.0, 99.0] {
            for x in [-30.0, -2.0, -0.3, 0.0, 1.7, 9.0] {
                let (a, b) = (cdf(x, 1.0, 1.0 - 1e-13, df, 1.0), cdf(x, 1.0, 1.0, df, 1.0));
                assert!((a - b).abs() < 3e-13 * b.max(1e-4), "{df} {x}: {a} {b}");
                assert!((cdf(x, 1.0, 0.0, df, 1.0) - normal::cdf(x)).abs() < 1e-15);
                assert!((cdf(x, 0.0, 2.0, df, 1.0) - student_t::cdf(0.5 * x, df)).abs() < 1e-15);
            }
            assert!((cdf(0.0, 0.7, 0.3, df, 1.0) - 0.5).abs() < 1e-15);
        }
    }
}
