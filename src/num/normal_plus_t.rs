//! Distribution of the sum of a normal and a scaled t variable.

use super::normal;

/// Step in `ln w` of the trapezoidal rule. What is averaged is analytic in a strip of half-width pi/2, which leaves 2e-15; with many
/// degrees of freedom the density of `ln w` is narrow, and the step follows its standard deviation `sqrt(2/df)`.
const STEP: f64 = 0.25;
const STEP_NARROW: f64 = 0.7;
/// Share of the density of `ln w` that is left out at its lower end.
const LEFT_OUT: f64 = 1e-18;
/// Error of a probability that does not matter.
const NEGLIGIBLE: f64 = 1e-17;

/// `sigma Z + scale T` for independent standard normal `Z` and `T` with some degrees of freedom.
///
/// A t variable is normal with a random variance, `T | W ~ N(0, df / W)` with a chi-squared `W`, so
///
/// ```text
/// P(sigma Z + scale T <= x) = E Phi(x / sqrt(sigma^2 + scale^2 df / W))
/// ```
///
/// and one set of points in `w` serves every `x`, `sigma` and `scale`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NormalPlusT {
    points: Vec<Point>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// `df / w`, the variance of the t variable.
    variance: f64,
    share: f64,
    /// Shares of the points after this one, whose variances are larger.
    rest: f64,
}

impl NormalPlusT {
    /// For `df >= 1`.
    pub(crate) fn new(df: f64) -> Self {
        Self::with_step(df, STEP.min(STEP_NARROW / df.sqrt()))
    }

    /// With half the points, for five or more digits.
    pub(crate) fn rough(df: f64) -> Self {
        Self::with_step(df, 2.0 * STEP.min(STEP_NARROW / df.sqrt()))
    }

    fn with_step(df: f64, step: f64) -> Self {
        // The density of ln(w / df), which is highest at 0.
        let density = |u: f64| (0.5 * df * (u - u.exp_m1())).exp();
        let mut points = Vec::new();
        let add = |u: f64, points: &mut Vec<Point>| {
            let share = density(u);
            points.push(Point { variance: (-u).exp(), share, rest: 0.0 });
            share
        };
        let mut up = 0.0;
        while add(up, &mut points) > LEFT_OUT {
            up += step;
        }
        points.reverse();
        let mut down = -step;
        while add(down, &mut points) > LEFT_OUT {
            down -= step;
        }
        let total: f64 = points.iter().map(|p| p.share).sum();
        let mut rest = 0.0;
        for point in points.iter_mut().rev() {
            point.share /= total;
            point.rest = rest;
            rest += point.share;
        }
        Self { points }
    }

    /// `P(sigma Z + scale T <= x)`; `sigma`, `scale >= 0`, not both 0. To a few 1e-15 absolutely. `weight`: what the result will be
    /// multiplied by, which allows for as much more error as it is below 1.
    pub(crate) fn cdf(&self, x: f64, sigma: f64, scale: f64, weight: f64) -> f64 {
        if scale <= 0.0 {
            return normal::cdf(x / sigma);
        }
        let largest = sigma.max(scale);
        let (x, sigma2, scale2) = (x / largest, (sigma / largest).powi(2), (scale / largest).powi(2));
        let mut sum = 0.0;
        for point in &self.points {
            let z = x / (sigma2 + scale2 * point.variance).sqrt();
            sum += point.share * normal::cdf(z);
            // The variances that follow are larger: each distribution function lies between this one and 1/2.
            if z.abs() * point.rest * weight < NEGLIGIBLE {
                return (sum + 0.5 * point.rest).clamp(0.0, 1.0);
            }
        }
        sum.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::student_t;
    use super::*;

    #[test]
    fn the_ends_are_the_parts() {
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
            let found = NormalPlusT::new(df).cdf(x, sigma, scale, 1.0);
            assert!((found - p).abs() < 1e-13 * p + 1e-15, "{x} {sigma} {scale} {df}: {found} {p}");
        }
        for df in [1.0, 1.5, 2.0, 5.0, 12.0, 99.0, 2000.0] {
            let law = NormalPlusT::new(df);
            for x in [-1e6, -30.0, -2.0, -0.3, 0.0, 1.7, 9.0] {
                assert!((law.cdf(x, 1.0, 0.0, 1.0) - normal::cdf(x)).abs() < 1e-15);
                assert!((law.cdf(x, 0.0, 2.0, 1.0) - student_t::cdf(0.5 * x, df)).abs() < 4e-15, "{df} {x}");
                let both = law.cdf(x, 0.7, 0.3, 1.0) + law.cdf(-x, 0.7, 0.3, 1.0);
                assert!((both - 1.0).abs() < 3e-15, "sides {df} {x}: {:e}", both - 1.0);
                assert!((law.cdf(x, 0.7, 0.3, 1.0) - law.cdf(x, 0.7, 0.3, 1e-8)).abs() < 1e-8, "{df} {x}");
            }
            assert!((law.cdf(0.0, 0.7, 0.3, 1.0) - 0.5).abs() < 1e-15);
        }
    }
}
