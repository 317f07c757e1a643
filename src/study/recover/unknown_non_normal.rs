//! The method for unknown non-normal distributions: a Box-Cox normal distribution by maximum likelihood.

use super::box_cox::{LARGEST, family, transform};
use super::family::Family;
use super::five_numbers::FiveNumbers;
use crate::error::{ErrorKind, Result};
use crate::num::{minimum, normal};

/// The distribution of greatest likelihood given the order statistics.
pub(super) fn fit(numbers: &FiveNumbers) -> Result<Family> {
    numbers.check_positive()?;
    let median = numbers.median();
    let logs: Vec<f64> = numbers.points().map(|(_, _, x)| (x / median).ln()).collect();
    if logs.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
        let why = "two of the numbers are equal, which order statistics of a continuous distribution never are";
        return Err(ErrorKind::NotApplicable { what: "likelihood of the five numbers", why }.into());
    }
    // People strictly between two numbers that follow each other, and beyond the outer ones.
    let k = logs.len() as f64;
    let (inner, outer) = match (numbers.range(), numbers.quartiles()) {
        (Some(_), Some(_)) => ((numbers.n() - k) / 4.0, 0.0),
        (Some(_), None) => ((numbers.n() - k) / 2.0, 0.0),
        _ => ((numbers.n() - k) / 4.0, (numbers.n() - k) / 4.0),
    };
    let jacobian: f64 = logs.iter().sum();
    let at = |power: f64| {
        let values: Vec<f64> = logs.iter().map(|&ln_x| transform(power, ln_x)).collect();
        let sample = Sample { values, inner, outer };
        let (a, b) = sample.maximum();
        (a, b, sample.log_likelihood(a, b) + (power - 1.0) * jacobian)
    };
    let power = minimum::on_interval(0.0, LARGEST, |power| {
        let value = -at(power).2;
        if value.is_nan() { f64::INFINITY } else { value }
    });
    let (a, b, value) = at(power);
    if !value.is_finite() {
        return Err(ErrorKind::Overflow { what: "the likelihood of the five numbers" }.into());
    }
    Ok(family(power, b / a, 1.0 / a, median))
}

/// Order statistics of a normal sample, with `z = a x - b`: a is 1/sigma and b is mu/sigma, in which the logarithm of
/// the likelihood is concave.
struct Sample {
    values: Vec<f64>,
    inner: f64,
    outer: f64,
}

/// Value, gradient and negative Hessian with respect to (a, b).
struct Local {
    value: f64,
    gradient: [f64; 2],
    curvature: [f64; 3],
}

impl Sample {
    fn log_likelihood(&self, a: f64, b: f64) -> f64 {
        self.local(a, b).value
    }

    fn local(&self, a: f64, b: f64) -> Local {
        let k = self.values.len() as f64;
        let mut local = Local { value: k * a.ln(), gradient: [k / a, 0.0], curvature: [k / (a * a), 0.0, 0.0] };
        for &x in &self.values {
            let z = a * x - b;
            local.value += normal::ln_pdf(z);
            local.add([-z, 0.0], [1.0, 0.0, 0.0], [x, 0.0]);
        }
        for pair in self.values.windows(2) {
            let &[low, high] = pair else { continue };
            local.between(self.inner, a * low - b, a * high - b, low, high);
        }
        if let (Some(&low), Some(&high), true) = (self.values.first(), self.values.last(), self.outer > 0.0) {
            local.between(self.outer, f64::NEG_INFINITY, a * low - b, 0.0, low);
            local.between(self.outer, a * high - b, f64::INFINITY, high, 0.0);
        }
        local
    }

    /// Newton's method with halved steps from the moments of the values; concavity makes it arrive.
    fn maximum(&self) -> (f64, f64) {
        let k = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / k;
        let sd = (self.values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / k).sqrt();
        let (mut a, mut b) = (1.0 / sd, mean / sd);
        let mut here = self.local(a, b);
        loop {
            let ([ga, gb], [aa, ab, bb]) = (here.gradient, here.curvature);
            let determinant = aa * bb - ab * ab;
            let (da, db) = ((bb * ga - ab * gb) / determinant, (aa * gb - ab * ga) / determinant);
            let mut share = 1.0;
            loop {
                let (next_a, next_b) = (a + share * da, b + share * db);
                let next = if next_a > 0.0 { Some(self.local(next_a, next_b)) } else { None };
                match next {
                    Some(next) if next.value > here.value => {
                        // Newton's steps square the error: after a gain of the size of rounding nothing is left.
                        let last = next.value - here.value <= 1e-13 * (1.0 + here.value.abs());
                        (a, b, here) = (next_a, next_b, next);
                        if last {
                            return (a, b);
                        }
                        break;
                    }
                    // No step is left that changes anything, or the numbers are beyond Newton's reach.
                    _ if share <= 1e-9 || da.is_nan() => return (a, b),
                    _ => share *= 0.5,
                }
            }
        }
    }
}

impl Local {
    /// `count` people between `low` and `high` on the z scale, which lie at `x_low` and `x_high`.
    fn between(&mut self, count: f64, low: f64, high: f64, x_low: f64, x_high: f64) {
        // From the nearer tail.
        let share = if low > 0.0 { normal::sf(low) - normal::sf(high) } else { normal::cdf(high) - normal::cdf(low) };
        let (f_low, f_high) = (normal::pdf(low) / share, normal::pdf(high) / share);
        // An infinite end has no density, and 0 times infinity is to be 0.
        let at = |z: f64, f: f64| if f > 0.0 { z * f } else { 0.0 };
        self.value += count * share.ln();
        let gradient = [-count * f_low, count * f_high];
        let low_low = count * (f_low * f_low - at(low, f_low));
        let high_high = count * (f_high * f_high + at(high, f_high));
        self.add(gradient, [low_low, -count * f_low * f_high, high_high], [x_low, x_high]);
    }

    /// Adds a term in two values of z, by the chain rule: z = a x - b. The second derivatives are negated.
    fn add(&mut self, [g1, g2]: [f64; 2], [h11, h12, h22]: [f64; 3], [x1, x2]: [f64; 2]) {
        self.gradient[0] += g1 * x1 + g2 * x2;
        self.gradient[1] -= g1 + g2;
        self.curvature[0] += h11 * x1 * x1 + 2.0 * h12 * x1 * x2 + h22 * x2 * x2;
        self.curvature[1] -= h11 * x1 + h12 * (x1 + x2) + h22 * x2;
        self.curvature[2] += h11 + 2.0 * h12 + h22;
    }
}
