//! The Box-Cox method: a power that makes five numbers symmetric.
//!
//! Box & Cox 1964, J R Stat Soc B 26:211. All values are relative to the median.

use super::family::Family;
use super::five_numbers::FiveNumbers;
use crate::error::{ErrorKind, Result};
use crate::num::{minimum, normal};

/// The largest power that is looked at where the numbers alone do not bound it.
pub(super) const LARGEST: f64 = 10.0;

/// `(x^power - 1) / power`, `ln x` for a power of 0, given `ln x`.
pub(super) fn transform(power: f64, ln_x: f64) -> f64 {
    if power > 0.0 { (power * ln_x).exp_m1() / power } else { ln_x }
}

/// The `x` of a transformed value; 0 below the range.
pub(super) fn inverse(power: f64, y: f64) -> f64 {
    if power > 0.0 { ((power * y).max(-1.0).ln_1p() / power).exp() } else { y.exp() }
}

/// Power by symmetry, then Luo's mean and Wan's SD of the transformed numbers.
pub(super) fn fit(numbers: &FiveNumbers) -> Result<Family> {
    numbers.check_positive()?;
    let logs = numbers.map(|x| (x / numbers.median()).ln());
    let power = symmetric_power(&logs).ok_or(ErrorKind::NotApplicable {
        what: "symmetric power",
        why: "the median is equal to the upper numbers, so no power makes them symmetric",
    })?;
    let transformed = logs.map(|ln_x| transform(power, ln_x));
    Ok(family(power, transformed.luo_mean(), transformed.wan_sd(), numbers.median()))
}

/// The distribution with these parameters on the transformed scale.
pub(super) fn family(power: f64, mu: f64, sigma: f64, scale: f64) -> Family {
    if power > 0.0 { Family::BoxCox { power, mu, sigma, scale } } else { Family::LogNormal { mu, sigma, scale } }
}

/// The power in the sense of least squares of the two asymmetries; not negative.
fn symmetric_power(logs: &FiveNumbers) -> Option<f64> {
    let root = |(low, high): (f64, f64)| power_of_pair(-low, high);
    match (logs.range(), logs.quartiles()) {
        (Some(pair), None) | (None, Some(pair)) => root(pair),
        (Some(range), Some(quartiles)) => {
            let (one, two) = match (root(range), root(quartiles)) {
                (None, None) => return None,
                (one, two) => (one.unwrap_or(LARGEST), two.unwrap_or(LARGEST)),
            };
            let asymmetry = |power: f64, (low, high): (f64, f64)| transform(power, high) + transform(power, low);
            let squares = |power: f64| asymmetry(power, range).powi(2) + asymmetry(power, quartiles).powi(2);
            // Each asymmetry grows with the power, so the minimum lies between the two roots.
            Some(minimum::on_interval(one.min(two), one.max(two), squares))
        }
        (None, None) => None,
    }
}

/// The power at which `exp(power above) - 1 = 1 - exp(-power below)`: the positive root of a convex function, or 0.
fn power_of_pair(below: f64, above: f64) -> Option<f64> {
    if above >= below {
        return Some(0.0);
    }
    if above <= 0.0 {
        return None;
    }
    // At this power the first side is 1 and the second below it, so the root lies to the left, and Newton's steps
    // down a convex function do not pass it.
    let mut power = std::f64::consts::LN_2 / above;
    loop {
        #[cfg(test)]
        super::evaluations::count();
        let value = (power * above).exp_m1() + (-power * below).exp_m1();
        let slope = above * (power * above).exp() - below * (-power * below).exp();
        let next = power - value / slope;
        if !(next < power && next > 0.0) {
            return Some(power);
        }
        power = next;
    }
}

/// Mean and SD of `inverse(N(mu, sigma))` given that it is defined, by quadrature.
pub(super) fn moments(power: f64, mu: f64, sigma: f64) -> (f64, f64) {
    let end = (-1.0 / power - mu) / sigma;
    // Beyond 12 standard deviations the density adds nothing; the inverse grows slower than exp(sigma z), which moves
    // the weight up by at most 2 sigma.
    let (from, to) = (end.max(-12.0), 2.0 * sigma + 12.0);
    let kept = normal::sf(end);
    let expectation =
        |f: &dyn Fn(f64) -> f64| integral(from, to, |z| f(inverse(power, mu + sigma * z)) * normal::pdf(z)) / kept;
    let mean = expectation(&|x| x);
    (mean, expectation(&|x| (x - mean).powi(2)).sqrt())
}

/// Integral of a function that may have a singular derivative at the ends: tanh-sinh quadrature. Takahasi & Mori
/// 1974, Publ RIMS 9:721.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * (to - from);
    let node = |t: f64| {
        let u = std::f64::consts::FRAC_PI_2 * t.sinh();
        // Distance to the nearer end, without cancellation.
        let gap = half * 2.0 / ((2.0 * u.abs()).exp() + 1.0);
        let x = if t < 0.0 { from + gap } else { to - gap };
        f(x) * half * std::f64::consts::FRAC_PI_2 * t.cosh() / u.cosh().powi(2)
    };
    let mut h = 0.125;
    let mut sum = node(0.0) + (1..=28).map(|k| node(f64::from(k) * h) + node(-f64::from(k) * h)).sum::<f64>();
    let mut last = h * sum;
    // Each level doubles the nodes on [-3.5, 3.5]; the error squares from level to level.
    for level in 1..8_u32 {
        h *= 0.5;
        let nodes = 28 << level;
        sum += (0..nodes / 2).map(|k| f64::from(2 * k + 1) * h).map(|t| node(t) + node(-t)).sum::<f64>();
        let value = h * sum;
        if (value - last).abs() <= 1e-13 * value.abs() {
            return value;
        }
        last = value;
    }
    last
}
