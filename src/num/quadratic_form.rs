//! Distribution of a weighted sum of independent chi-squared variables with one degree of freedom.
//!
//! ```text
//! X = sum_j lambda_j Z_j^2,   Z_j ~ N(0, 1) independent,   lambda_j >= 0
//! ```
//!
//! Every non-negative quadratic form of normal variables has this distribution, the weights being the eigenvalues of its matrix.
//! Nothing like it has a closed form unless all weights are equal (chi-squared) or come in equal pairs (a sum of exponentials).
//!
//! Whichever tail is below its side of the mean is one integral of the Laplace transform, the other is its complement, which is never
//! below 0.3:
//!
//! ```text
//! P(X <= x) =  1/(2 pi i) int exp(z x) prod (1 + 2 lambda_j z)^(-1/2) dz/z     right of 0
//! P(X >  x) = -1/(2 pi i)     the same integrand                               between -1/(2 max lambda) and 0
//! ```
//!
//! The path is a parabola around the cut on the negative axis, `z = z_c + m (1 + iu)^2`, which starts at
//! `z_c = -1/(2 max lambda)`. It crosses the axis at the saddle point of the integrand, so nothing cancels, however small the tail. In `u` the
//! integrand is analytic in a strip, so the trapezoidal rule converges geometrically, and all singularities being on the cut, the width of
//! that strip does not depend on how far apart the weights are.
//!
//! Sources: Rice SO (1980), Distribution of quadratic forms in normal random variables - evaluation by numerical integration, SIAM J Sci
//! Stat Comput 1:438-448, doi:10.1137/0901032. Weideman JAC, Trefethen LN (2007), Parabolic and hyperbolic contours for computing the
//! Bromwich integral, Math Comp 76:1341-1356, doi:10.1090/S0025-5718-07-01945-X.
//!
//! In R: `CompQuadForm::davies`, `imhof` and `farebrother` (absolute, not relative, error control).

use std::f64::consts::{FRAC_PI_2, PI};

use super::effort::evaluation;
use super::root::log_newton;
use super::sum::LogProduct;

/// Structural bound on halvings of the step.
const HALVINGS: u32 = 12;
/// A weight is one of the others, not of the largest, if its singularity is more than eight times as far from the path.
const BULK: f64 = 0.125;
/// An integrand that is this many times as large beside the saddle as there has lost digits.
const GROWTH: f64 = 16.0;
/// The first step on the wider path.
const WIDE_STEP: f64 = 0.25;

/// Distribution function `P(sum lambda_j Z_j^2 <= x)`.
///
/// NaN if `x` is NaN, if a weight is negative or not finite, or if no weight is positive; also if the integral did not settle within
/// its bound of steps, for which no input is known. 0 below the support.
///
/// ```
/// use meta_analysis::num::quadratic_form;
/// // Weights in equal pairs: 1 - (3 exp(-x/6) - exp(-x/2)) / 2
/// let exact = 1.0 - (3.0 * (-0.5f64).exp() - (-1.5f64).exp()) / 2.0;
/// assert!((quadratic_form::cdf(3.0, &[1.0, 1.0, 3.0, 3.0]) / exact - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn cdf(x: f64, lambda: &[f64]) -> f64 {
    match Case::of(x, lambda) {
        Case::Certain(cdf, _) => cdf,
        Case::Lower => lower_tail(x, lambda),
        Case::Upper { x, most } => 1.0 - upper_tail(x, most, lambda),
    }
}

/// Survival function `P(sum lambda_j Z_j^2 > x)`.
///
/// NaN as for [`cdf`]. 1 below the support.
///
/// ```
/// use meta_analysis::num::quadratic_form;
/// let exact = (3.0 * (-100.0f64).exp() - (-300.0f64).exp()) / 2.0;
/// assert!((quadratic_form::sf(600.0, &[1.0, 1.0, 3.0, 3.0]) / exact - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn sf(x: f64, lambda: &[f64]) -> f64 {
    match Case::of(x, lambda) {
        Case::Certain(_, sf) => sf,
        Case::Lower => 1.0 - lower_tail(x, lambda),
        Case::Upper { x, most } => upper_tail(x, most, lambda),
    }
}

/// What to compute.
enum Case {
    /// `(cdf, sf)` without computing.
    Certain(f64, f64),
    /// Not above the mean: the lower tail.
    Lower,
    /// Above the mean: the upper tail, at `x` in units of the largest weight `most`.
    Upper { x: f64, most: f64 },
}

impl Case {
    fn of(x: f64, lambda: &[f64]) -> Self {
        let most = lambda.iter().copied().fold(0.0, f64::max);
        let sound = lambda.iter().all(|l| (0.0..f64::INFINITY).contains(l));
        if x.is_nan() || !sound || most <= 0.0 {
            Self::Certain(f64::NAN, f64::NAN)
        } else if x <= 0.0 {
            Self::Certain(0.0, 1.0)
        } else if x == f64::INFINITY {
            Self::Certain(1.0, 0.0)
        } else if x / most > lambda.iter().map(|l| l / most).sum() {
            Self::Upper { x: x / most, most }
        } else {
            Self::Lower
        }
    }
}

/// `P(X <= x)` with `x` as the unit.
fn lower_tail(x: f64, lambda: &[f64]) -> f64 {
    // lambda / x may leave the range of f64 on both sides; 0 and infinity then stand for their limits.
    let b = lambda.iter().map(move |l| l / x);
    let slopes = |m: f64| b.clone().map(move |b| 1.0 / (1.0 + 0.5 / (b * m)));
    let k = lambda.len() as f64;
    // At the saddle m = 1 + sum r/2, with every r in [0, 1].
    let m = saddle(0.5, 1.0 + k, 1.0, |m| (1.0, 0.0, slopes(m)));
    let (mut product, mut ln_beyond) = (LogProduct::new(), 0.0);
    for l in lambda {
        let factor = 1.0 + 2.0 * m * (l / x);
        if factor < f64::INFINITY {
            product.multiply(factor);
        } else {
            ln_beyond += l.ln() - x.ln() + (2.0 * m).ln();
        }
    }
    let ln_transform = -0.5 * (product.ln() + ln_beyond);
    // The cut starts at -x/(2 max lambda), so the pole at 0 lies between it and the path.
    let most = lambda.iter().copied().fold(0.0, f64::max);
    let cut = 0.5 * (x / most);
    let wide = m + cut;
    let pole = wide / m;
    let path = Path { growth: wide, pole, distance: m / wide / (1.0 + (cut / wide).sqrt()) };
    path.integral(m + ln_transform, slopes(m).map(move |r| r * pole))
}

/// `P(X > x)` by the path that starts from the cut at `-1/2`, with the largest weight as the unit.
fn upper_tail(x: f64, most: f64, lambda: &[f64]) -> f64 {
    if x == f64::INFINITY {
        return 0.0;
    }
    // 1 + 2 lambda z = (1 - lambda) + 2 lambda m, with the difference taken before it is rounded.
    let weights = lambda.iter().map(move |l| (l / most, (most - l) / most));
    let slopes = |m: f64| weights.clone().map(move |(l, gap)| 2.0 * l * m / (gap + 2.0 * l * m));
    let k = lambda.len() as f64;
    // At the saddle x m = sum r/2 - m/(1/2 - m), where the largest weight has r = 1.
    let upper = f64::min(0.5, 0.5 * k / x);
    let m = saddle(0.0625 / x, upper, x, |m| {
        let z = m - 0.5;
        (m / z, -0.5 * m / (z * z), slopes(m))
    });
    let z = m - 0.5;
    let mut product = LogProduct::new();
    for (l, gap) in weights.clone() {
        product.multiply((gap + 2.0 * l * m).max(f64::MIN_POSITIVE));
    }
    let ln_transform = -0.5 * product.ln();
    let path = Path { growth: x * m, pole: m / z, distance: f64::min(1.0, (0.5 / m).sqrt() - 1.0) };
    path.integral(x * z + ln_transform, slopes(m))
}

/// Where the path crosses the axis: `m` with `sum r/2 + m/z = x m`, the minimum of the integrand on the axis.
///
/// `at(m)` gives `m/z`, its derivative in `ln m`, and all `r = 2 lambda m / (1 + 2 lambda z)`. The integrand, being convex in the
/// logarithm, has one minimum.
fn saddle<I: Iterator<Item = f64>>(lower: f64, upper: f64, x: f64, at: impl Fn(f64) -> (f64, f64, I)) -> f64 {
    let eval = |m: f64| {
        let (pole, pole_slope, slopes) = at(m);
        let (mut value, mut slope) = (pole - x * m, pole_slope - x * m);
        for r in slopes {
            value += 0.5 * r;
            slope += 0.5 * r * (1.0 - r);
        }
        (m, value, slope)
    };
    log_newton(lower, upper, lower.sqrt() * upper.sqrt(), eval).at
}

/// The parabola `z = z_0 + m w`, `w = (1 + iu)^2 - 1`, through the saddle point `z_0`.
struct Path {
    /// `x m`.
    growth: f64,
    /// `m / z_0`; negative for the upper tail.
    pole: f64,
    /// Distance in `u` to the nearest singularity.
    distance: f64,
}

impl Path {
    /// ```text
    /// exp(ln_height) |2 pole/pi| int_0^inf Re[ (1 + iu) exp(x m w) prod (1 + r_j w)^(-1/2) / (1 + pole w) ] du,    w = 2iu - u^2
    /// ```
    ///
    /// Where a few weights are the largest and many others are not far below them, that parabola, which is drawn tight around the first,
    /// comes near the singularity of the others, and the integrand grows again beyond all bounds. Then a wider one is taken, through the
    /// same point:
    ///
    /// ```text
    /// w = is - b s^2,    s = sinh t,    dw = i (1 + 2ibs) cosh t dt
    /// ```
    ///
    /// with `b` from the slope of steepest descent for those others alone; in `t` the two scales become one.
    ///
    /// NaN if neither has settled when the halvings of the step are used up.
    fn integral(&self, ln_height: f64, slopes: impl Iterator<Item = f64>) -> f64 {
        // The integrand is near a normal density of this standard deviation around u = 0; the rule's error is about
        // exp(-2 pi^2 (sd/step)^2) + exp(-2 pi distance/step).
        let slopes: Vec<f64> = slopes.collect();
        let curvature = 2.0 * slopes.iter().map(|r| r * r).sum::<f64>() + 4.0 * self.pole * self.pole;
        let step = f64::min(0.5 / curvature.sqrt(), 0.12 * self.distance);
        let tight = |u: f64| self.integrand((-u * u, 2.0 * u), (2.0, 2.0 * u), &slopes);
        let sum = settled(2.0, step, tight).or_else(|| {
            let moments = |power: i32| slopes.iter().filter(|r| **r < BULK).map(|r| r.powi(power)).sum::<f64>();
            let b = moments(3) / (3.0 * moments(2));
            let wide = |t: f64| {
                let (s, scale) = (t.sinh(), t.cosh());
                self.integrand((-b * s * s, s), (scale, 2.0 * b * s * scale), &slopes)
            };
            (b > 0.0).then(|| settled(1.0, WIDE_STEP, wide)).flatten()
        });
        sum.map_or(f64::NAN, |sum| (ln_height + (self.pole.abs() / PI * sum).ln()).exp().min(1.0))
    }

    /// The integrand at `w`, times `dw/i`.
    fn integrand(&self, (re, im): (f64, f64), (d_re, d_im): (f64, f64), slopes: &[f64]) -> Value {
        evaluation();
        let mut product = UpperProduct::new();
        for &r in slopes {
            product.multiply(1.0 + r * re, r * im);
        }
        let (ln_modulus, argument) = product.ln();
        let (pole_re, pole_im) = (1.0 + self.pole * re, self.pole * im);
        let fall = self.growth * re;
        let size = (fall - 0.5 * ln_modulus).exp() * f64::hypot(d_re, d_im) / f64::hypot(pole_re, pole_im);
        let angle = self.growth * im - 0.5 * argument + f64::atan2(d_im, d_re) - f64::atan2(pole_im, pole_re);
        Value { fall, size, real: size * angle.cos() }
    }
}

/// The integrand at one point of the path.
#[derive(Clone, Copy)]
struct Value {
    /// Logarithm of the exponential factor alone.
    fall: f64,
    /// Modulus.
    size: f64,
    real: f64,
}

/// The integral of `of` from 0 on, where it is `first`, by the trapezoidal rule with ever smaller steps; `None` also if the integrand
/// grows.
fn settled(first: f64, step: f64, of: impl Fn(f64) -> Value) -> Option<f64> {
    let limit = GROWTH * first;
    let mut step = step;
    let mut sum = step * (0.5 * first + points(step, step, limit, &of)?);
    // Halving the step squares the relative error. The first step is nearly always small enough, but many equal weights make a
    // steep singularity beside the path, which no bound of the strip shows.
    for _ in 0..HALVINGS {
        let finer = 0.5 * (sum + step * points(0.5 * step, step, limit, &of)?);
        let change = (finer - sum).abs();
        sum = finer;
        step *= 0.5;
        if change <= 1e-9 * sum {
            return Some(sum);
        }
    }
    None
}

/// The sum of the integrand at `first`, `first + step`, ..., unless it exceeds `limit`.
fn points(first: f64, step: f64, limit: f64, of: impl Fn(f64) -> Value) -> Option<f64> {
    let (mut sum, mut u) = (0.0, first);
    loop {
        let Value { fall, size, real } = of(u);
        // The exponential factor alone is below any f64 there.
        if fall < -750.0 {
            return Some(sum);
        }
        if size > limit {
            return None;
        }
        sum += real;
        if size <= 1e-18 {
            return Some(sum);
        }
        u += step;
    }
}

/// A product of complex numbers of the upper half plane that keeps its full argument.
struct UpperProduct {
    re: f64,
    im: f64,
    /// Logarithm of the modulus taken out so far.
    ln_scale: f64,
    half_turns: u64,
}

impl UpperProduct {
    fn new() -> Self {
        Self { re: 1.0, im: 0.0, ln_scale: 0.0, half_turns: 0 }
    }

    /// Multiplies by a number with an imaginary part of at least 0.
    fn multiply(&mut self, re: f64, im: f64) {
        (self.re, self.im) = (self.re * re - self.im * im, self.re * im + self.im * re);
        if self.im < 0.0 {
            // The argument has passed the end of the half plane: turn back.
            (self.re, self.im) = (-self.re, -self.im);
            self.half_turns += 1;
        }
        let size = self.re.abs() + self.im;
        if !(1e-100..1e100).contains(&size) {
            self.ln_scale += size.ln();
            self.re /= size;
            self.im /= size;
        }
    }

    /// Logarithm of the modulus, and the argument.
    fn ln(&self) -> (f64, f64) {
        let argument = FRAC_PI_2 - f64::atan2(self.re, self.im);
        (self.ln_scale + f64::hypot(self.re, self.im).ln(), self.half_turns as f64 * PI + argument)
    }
}
