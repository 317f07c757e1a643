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
        let gaps = logs.windows(2).filter_map(|pair| match *pair {
            // The difference of the transformed values, which may be next to nothing against them.
            [low, high] => Some((power * low).exp() * transform(power, high - low)),
            _ => None,
        });
        let sample = Sample { gaps: gaps.collect(), values, inner, outer };
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
    /// From each value to the next.
    gaps: Vec<f64>,
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
        #[cfg(test)]
        super::evaluations::count();
        let k = self.values.len() as f64;
        let mut local = Local { value: k * a.ln(), gradient: [k / a, 0.0], curvature: [k / (a * a), 0.0, 0.0] };
        for &x in &self.values {
            let z = a * x - b;
            local.value += normal::ln_pdf(z);
            local.add([-z, 0.0], [1.0, 0.0, 0.0], [x, 0.0]);
        }
        for (pair, &gap) in self.values.windows(2).zip(&self.gaps) {
            let &[low, high] = pair else { continue };
            let (middle, width) = (a * (0.5 * low + 0.5 * high) - b, a * gap);
            if width * middle.abs().max(1.0) < NARROW {
                local.within(self.inner, a, middle, 0.5 * low + 0.5 * high, gap);
            } else {
                local.between(self.inner, a * low - b, a * high - b, low, high);
            }
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
            // What the step promises to gain is below the rounding of the value.
            if 0.5 * (ga * da + gb * db) <= f64::EPSILON * (1.0 + here.value.abs()) {
                return (a, b);
            }
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

/// Widths times heights below which the share between two values is integrated, since the difference of two values of
/// the distribution function would lose its digits.
const NARROW: f64 = 1.0;

/// Nodes and weights of the Gauss-Legendre rule with 8 points on [-1/2, 1/2], which are symmetric.
const NODES: [(f64, f64); 4] = [
    (0.091_717_321_247_824_9, 0.181_341_891_689_181),
    (0.262_766_204_958_164_5, 0.156_853_322_938_943_6),
    (0.398_333_238_706_813_37, 0.111_190_517_226_687_24),
    (0.480_144_928_248_768_1, 0.050_614_268_145_188_13),
];

impl Local {
    /// `count` people on a narrow interval around `middle` on the z scale, whose values are `gap` wide around `x`.
    ///
    /// ```text
    /// share = w phi(m) E,  E = mean over t in (-1/2, 1/2) of exp(-m w t - w^2 t^2/2)        m = a x - b, w = a gap
    /// ```
    fn within(&mut self, count: f64, a: f64, middle: f64, x: f64, gap: f64) {
        let width = a * gap;
        // Weighted means of t, z, z t, t^2, z^2, z^2 t, z^2 t^2.
        let (mut total, mut sums) = (0.0, [0.0; 7]);
        for (t, weight) in NODES.into_iter().flat_map(|(t, weight)| [(t, weight), (-t, weight)]) {
            let (shift, z) = (width * t, middle + width * t);
            let weight = weight * (-shift * (middle + 0.5 * shift)).exp();
            total += weight;
            let terms = [t, z, z * t, t * t, z * z, z * z * t, z * z * t * t];
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += weight * term;
            }
        }
        let [t, z, zt, tt, zz, zzt, zztt] = sums.map(|sum| sum / total);
        self.value += count * (a.ln() + gap.ln() + normal::ln_pdf(middle) + total.ln());
        // Negated second derivatives of ln(phi E) in m and w.
        let (mm, mw, ww) = (1.0 - (zz - z * z), t - (zzt - z * zt), tt - (zztt - zt * zt));
        self.gradient[0] += count * (1.0 / a - z * x - zt * gap);
        self.gradient[1] += count * z;
        self.curvature[0] += count * (1.0 / (a * a) + mm * x * x + 2.0 * mw * x * gap + ww * gap * gap);
        self.curvature[1] -= count * (mm * x + mw * gap);
        self.curvature[2] += count * mm;
    }

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
