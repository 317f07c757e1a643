//! Quantile estimation: the family whose quantiles fit best by least squares.

use super::family::{Family, deviate};
use super::five_numbers::FiveNumbers;
use crate::error::{ErrorKind, Result};
use crate::num::minimum;

/// `(p, 1 - p, value)`, at most five.
type Points = Vec<(f64, f64, f64)>;

/// The best family.
pub(super) fn fit(numbers: &FiveNumbers) -> Result<Family> {
    let n = numbers.n();
    let points: Points = numbers
        .points()
        .map(|(p, name, value)| if name == "maximum" { (p, 1.0 / n, value) } else { (p, 1.0 - p, value) })
        .collect();
    let normal = normal_fit(&points);
    let mut candidates = vec![normal];
    if let (true, Family::Normal { mean, sd }) = (numbers.is_positive(), normal) {
        numbers.check_span()?;
        let spread = (sd / numbers.median()).clamp(1e-12, 10.0);
        for shape in [log_normal as fn(f64) -> Family, gamma, weibull] {
            candidates.push(scaled_fit(&points, spread, shape));
        }
        if points.iter().all(|&(_, _, x)| x < 1.0) {
            let gamma = candidates.get(2).copied();
            candidates.push(beta_fit(&points, mean, sd, gamma));
        }
    }
    let best = candidates.into_iter().map(|family| (squares(&points, &family), family));
    let best = best.filter(|(squares, _)| squares.is_finite()).min_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, family)) => Ok(family),
        None => Err(ErrorKind::Overflow { what: "the distance of the quantiles" }.into()),
    }
}

/// Sum of squared distances of the quantiles, in units of the largest value, whose square may be out of range.
fn squares(points: &Points, family: &Family) -> f64 {
    let unit = points.iter().fold(0.0_f64, |unit, &(_, _, x)| unit.max(x.abs()));
    points.iter().map(|&(p, q, x)| ((x - family.quantile(p, q)) / unit).powi(2)).sum()
}

/// Linear least squares of the values on normal quantiles, which are symmetric, so that their mean is 0.
fn normal_fit(points: &Points) -> Family {
    let k = points.len() as f64;
    let mean = points.iter().map(|&(_, _, x)| x / k).sum();
    let square: f64 = points.iter().map(|&(p, q, _)| deviate(p, q).powi(2)).sum();
    let sd = points.iter().map(|&(p, q, x)| deviate(p, q) * (x - mean)).sum::<f64>() / square;
    Family::Normal { mean, sd }
}

// Families of scale 1 by one parameter that goes up with the spread.

fn log_normal(spread: f64) -> Family {
    Family::LogNormal { mu: 0.0, sigma: spread, scale: 1.0 }
}

fn gamma(spread: f64) -> Family {
    Family::Gamma { shape: spread.powi(-2), scale: 1.0 }
}

fn weibull(spread: f64) -> Family {
    Family::Weibull { shape: 1.0 / spread, scale: 1.0 }
}

fn with_scale(family: Family, by: f64) -> Family {
    match family {
        Family::LogNormal { mu, sigma, scale } => Family::LogNormal { mu, sigma, scale: scale * by },
        Family::Gamma { shape, scale } => Family::Gamma { shape, scale: scale * by },
        Family::Weibull { shape, scale } => Family::Weibull { shape, scale: scale * by },
        other => other,
    }
}

/// Least squares over scale and spread: the scale is linear, so only the spread is searched for.
fn scaled_fit(points: &Points, start: f64, family: fn(f64) -> Family) -> Family {
    // The scale that fits best at this spread, with quantiles of the size of the values.
    let best_scale = |spread: f64| {
        let unit = family(spread);
        let median = unit.quantile(0.5, 0.5);
        let (mut cross, mut square) = (0.0, 0.0);
        for &(p, q, x) in points {
            let quantile = unit.quantile(p, q) / median;
            cross += quantile * x;
            square += quantile * quantile;
        }
        with_scale(unit, cross / square / median)
    };
    let distance = |ln_spread: f64| {
        let value = squares(points, &best_scale(ln_spread.exp()));
        if value.is_nan() { f64::INFINITY } else { value }
    };
    // The derivative of the distance along the spread, by differences of quantiles at the best scale: the scale
    // itself does not contribute, since the distance is least there.
    let slope = |ln_spread: f64| {
        let fitted = best_scale(ln_spread.exp());
        let factor = fitted.quantile(0.5, 0.5);
        let at = |shift: f64, p: f64, q: f64| {
            let unit = family((ln_spread + shift).exp());
            unit.quantile(p, q) / unit.quantile(0.5, 0.5) * factor
        };
        let h = 1e-3;
        points
            .iter()
            .map(|&(p, q, x)| {
                let near = at(h, p, q) - at(-h, p, q);
                let far = at(2.0 * h, p, q) - at(-2.0 * h, p, q);
                -(x - fitted.quantile(p, q)) * (8.0 * near - far)
            })
            .sum::<f64>()
    };
    let middle = start.ln();
    let rough = minimum::on_interval(middle - 4.0, middle + 4.0, distance);
    best_scale(polish(rough, slope).exp())
}

/// The root of a rising `slope` next to `x`, by the secant method inside a bracket; `x` where there is no bracket.
fn polish(x: f64, slope: impl Fn(f64) -> f64) -> f64 {
    let width = 1e-4;
    let (mut low, mut high) = (x - width, x + width);
    let (mut f_low, mut f_high) = (slope(low), slope(high));
    if !(f_low < 0.0 && f_high > 0.0) {
        return x;
    }
    loop {
        let next = low - f_low * ((high - low) / (f_high - f_low));
        if !(low < next && next < high) || high - low < 1e-13 {
            return 0.5 * (low + high);
        }
        let value = slope(next);
        // The end that stays is weighed down, so that both ends move (the Illinois rule).
        if value < 0.0 {
            (low, f_low, f_high) = (next, value, 0.5 * f_high);
        } else if value > 0.0 {
            (high, f_high, f_low) = (next, value, 0.5 * f_low);
        } else {
            return next;
        }
    }
}

/// Gain in the squared distance that no longer counts.
const FLOOR: f64 = 1e-20;
/// Steps in a row that may gain less than a hundredth of the distance. A search that converges takes about ten of them; one
/// that creeps along the floor of a valley, where the numbers do not tell the shapes, takes hundreds of thousands.
const STALLED: u32 = 60;

/// Least squares over both shapes of a beta distribution: Levenberg and Marquardt's method in their logarithms, from
/// the mean and size that the normal fit has, or from the gamma distribution that small shares follow.
fn beta_fit(points: &Points, mean: f64, sd: f64, gamma: Option<Family>) -> Family {
    let mean = mean.clamp(0.01, 0.99);
    let size = (mean * (1.0 - mean) / (sd * sd) - 1.0).clamp(0.1, 1e12);
    let family = |[a, b]: [f64; 2]| Family::Beta { a: a.exp(), b: b.exp() };
    let mut at = [(mean * size).ln(), ((1.0 - mean) * size).ln()];
    let mut least = squares(points, &family(at));
    if let Some(Family::Gamma { shape, scale }) = gamma {
        let other = [shape.ln(), -scale.ln()];
        let value = squares(points, &family(other));
        if value < least || least.is_nan() {
            (at, least) = (other, value);
        }
    }
    let (mut damping, mut slow) = (1e-3, 0);
    while damping < 1e12 {
        let (mut jj, mut jr) = ([0.0; 3], [0.0; 2]);
        let h = 1e-4;
        for &(p, q, x) in points {
            let quantile = |a: f64, b: f64| family([at[0] + a, at[1] + b]).quantile(p, q);
            let da = (quantile(h, 0.0) - quantile(-h, 0.0)) / (2.0 * h);
            let db = (quantile(0.0, h) - quantile(0.0, -h)) / (2.0 * h);
            let r = x - quantile(0.0, 0.0);
            jj = [jj[0] + da * da, jj[1] + da * db, jj[2] + db * db];
            jr = [jr[0] + da * r, jr[1] + db * r];
        }
        // Steps in the direction of more damping until one of them helps.
        let improved = loop {
            let (one, two) = (jj[0] * (1.0 + damping), jj[2] * (1.0 + damping));
            let determinant = one * two - jj[1] * jj[1];
            let step = [(two * jr[0] - jj[1] * jr[1]) / determinant, (one * jr[1] - jj[1] * jr[0]) / determinant];
            let next = [at[0] + step[0], at[1] + step[1]];
            let value = squares(points, &family(next));
            if value < least {
                // Ends where nothing is gained any more, be it in the distance or in the shapes. The distance is in
                // units of the largest value squared: below the floor no quantile moves by 1e-10 of that value, and a
                // search along the floor of a singular fit would go on for millions of steps.
                let gained = least - value > 1e-12 * least + FLOOR && step[0].abs().max(step[1].abs()) > 1e-13;
                slow = if least - value > 0.01 * least { 0 } else { slow + 1 };
                (at, least, damping) = (next, value, damping * 0.1);
                break gained && slow < STALLED;
            }
            damping *= 10.0;
            if damping >= 1e12 {
                break false;
            }
        };
        if !improved {
            break;
        }
    }
    family(at)
}
