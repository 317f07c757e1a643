//! Ratio of gamma functions half a step apart.

/// `Gamma(x + 1/2) / Gamma(x)` for `x > 0`, to a few units in the last place up to the largest `x`.
///
/// A difference of log-gammas loses digits as `x` grows (2e-9 relative at 1e7), and the gammas themselves
/// overflow at 171. Here the argument is raised above 32 by `R(x) = R(x + 1) x / (x + 1/2)` and the asymptotic
/// series of Tricomi & Erdelyi 1951, Pacific J Math 1:133, doi 10.2140/pjm.1951.1.133, is summed there.
///
/// ```
/// use meta_analysis::num::gamma_ratio::half_step;
/// assert!((half_step(0.5) - 1.0 / std::f64::consts::PI.sqrt()).abs() < 1e-15);
/// ```
pub fn half_step(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let (mut x, mut factor) = (x, 1.0);
    while x < 32.0 {
        factor *= x / (x + 0.5);
        x += 1.0;
    }
    // sqrt(x) (1 - 1/(8x) + 1/(128x^2) + 5/(1024x^3) - 21/(32768x^4) - 399/(262144x^5) + 869/(4194304x^6)
    //          + 39325/(33554432x^7)); the next term is below 1e-15 relative at x = 32.
    let u = 1.0 / x;
    let series = 39325.0 / 33_554_432.0;
    let series = series * u + 869.0 / 4_194_304.0;
    let series = series * u - 399.0 / 262_144.0;
    let series = series * u - 21.0 / 32_768.0;
    let series = series * u + 5.0 / 1024.0;
    let series = series * u + 1.0 / 128.0;
    let series = series * u - 1.0 / 8.0;
    let series = series * u + 1.0;
    factor * x.sqrt() * series
}

#[cfg(test)]
mod tests {
    use super::half_step;

    #[test]
    fn agrees_with_forty_digit_values() {
        // mpmath 1.3, mp.dps = 60: gamma(x + 0.5) / gamma(x)
        for (x, ratio) in TRUTH {
            let got = half_step(x);
            assert!(((got - ratio) / ratio).abs() < 3e-15, "{x}: {got} {ratio}");
        }
    }

    #[allow(clippy::excessive_precision)]
    const TRUTH: [(f64, f64); 17] = [
        (1e-300, 1.7724538509055160717e-300),
        (0.001, 0.001770001317785982561),
        (0.25, 0.3379891200336423645),
        (0.5, 0.56418958354775628695),
        (1.0, 0.88622692545275801365),
        (1.75, 1.2327812996619328718),
        (2.75, 1.5850045281367708352),
        (10.0, 3.1230114333906127848),
        (23.5, 4.8219647174887408598),
        (31.9, 5.6259210111086509377),
        (32.0, 5.6348011601774698625),
        (50.25, 7.0711120034158147562),
        (170.5, 13.047995384453013034),
        (1000.0, 31.618824001815912821),
        (5000000.0, 2236.0679215980909577),
        (1000000000.0, 31622.776597730946245),
        (1000000000000000.0, 31622776.601683789367),
    ];
}
