//! The confidence distribution of tau2 that Cochran's Q gives.

use super::Tau2Error;
use super::fixed_weights::{FixedForm, probability};
use super::generalised_q::{QWeights, Statistic};
use crate::num::quadratic_form;
use std::f64::consts::PI;

/// Points per panel, less one.
const DEGREE: usize = 12;
/// Largest width of a panel on the axis `ln(1 + tau2/v)`.
const WIDEST: f64 = 1.0;
/// Probability that may be left beyond the last panel.
const BEYOND: f64 = 1e-15;

/// The distribution of tau2 whose quantiles are the ends of one-sided confidence intervals from Cochran's Q.
///
/// ```text
/// H(tau2) = P(Q >= q; tau2)        q: observed; Q a weighted sum of chi-squared variables, see `generalised_q_interval`
/// ```
///
/// `H` grows from `H(0)`, the p-value of the heterogeneity test and the probability of tau2 = 0 here, to 1. It is held as points with
/// probabilities (quadrature nodes), so that the mean of any smooth function of tau2 is a sum:
///
/// ```text
/// E g(tau2) = H(0) g(0) + int g dH  =  sum p_i g(tau2_i)
/// ```
///
/// Nagashima K, Noma H, Furukawa TA (2019) Stat Methods Med Res 28:1689-1702, doi:10.1177/0962280218773520, who draw from it.
///
/// ```
/// use meta_analysis::tau2::ConfidenceDistribution;
///
/// let tau2 = ConfidenceDistribution::new(&[0.1, 0.9, 0.5], &[0.04, 0.05, 0.03])?;
/// // The p-value of Q = 7.1489 with 2 degrees of freedom
/// assert!((tau2.at_zero() - 0.028_030_3).abs() < 1e-6);
/// let total: f64 = tau2.points().iter().map(|(_, p)| p).sum();
/// assert!((total - 1.0).abs() < 1e-13);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceDistribution {
    points: Vec<(f64, f64)>,
    at_zero: f64,
}

impl ConfidenceDistribution {
    /// For effects `y` with sampling variances `v`.
    ///
    /// ```
    /// use meta_analysis::tau2::{ConfidenceDistribution, Tau2Error};
    ///
    /// // Q = 2^2 / (0.5 + 0.5) with 1 degree of freedom: a normal variable beyond 2 on either side
    /// let tau2 = ConfidenceDistribution::new(&[0.0, 2.0], &[0.5, 0.5])?;
    /// assert!((tau2.at_zero() - 0.045_500_263_896_358).abs() < 1e-13);
    /// let one = ConfidenceDistribution::new(&[0.0], &[0.5]);
    /// assert_eq!(one, Err(Tau2Error::TooFewStudies { k: 1, needed: 2 }));
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`generalised_q_interval`](super::generalised_q_interval) with weights `1/v`.
    pub fn new(y: &[f64], v: &[f64]) -> Result<Self, Tau2Error> {
        let (statistic, unit) = Statistic::new(y, v, QWeights::InverseVariance)?;
        let tau2 = |t: f64| statistic.typical() * t.exp_m1();
        let tail =
            |tau2: f64, tail: fn(f64, &[f64]) -> f64| probability(statistic.q(), &statistic.eigenvalues(tau2)?, tail);
        // 1 - H: the lower tail, small where H is near 1.
        let rest = |t: f64| tail(tau2(t), quadratic_form::cdf);
        let at_zero = tail(0.0, quadratic_form::sf)?;
        let mut points = vec![(0.0, at_zero)];
        let rule = Rule::new();
        let (mut from, mut left) = (0.0, rest(0.0)?);
        if at_zero >= 1.0 {
            left = 0.0;
        }
        // What is averaged over tau2 changes where tau2 is as large as a squared Hartung-Knapp standard error, about Q v/k^2, which
        // may be far below v. Panels as wide as half the distance from there keep the rule's error at 1e-12.
        let k = y.len() as f64;
        let finest = (statistic.q() / statistic.typical() / (k * k)).clamp(1e-12, WIDEST);
        while left > BEYOND {
            let width = (0.5 * (from + finest)).min(WIDEST);
            let mut values = [left; DEGREE + 1];
            for (value, x) in values.iter_mut().zip(rule.nodes).skip(1) {
                *value = rest(from + width * x)?;
            }
            for (x, weights) in rule.nodes.iter().zip(&rule.weights) {
                // The differences carry the digits: values from first to last of a panel may agree in many.
                let share: f64 = weights.iter().zip(values).map(|(w, value)| w * (left - value)).sum();
                points.push((unit.grow_square(tau2(from + width * x)), share));
            }
            from += width;
            left = values[DEGREE];
        }
        // What is left lies beyond, and counts as the last point.
        if let Some((_, share)) = points.last_mut() {
            *share += left;
        }
        if points.iter().all(|(tau2, _)| tau2.is_finite()) {
            Ok(Self { points, at_zero })
        } else {
            Err(Tau2Error::Overflow)
        }
    }

    /// The probability of tau2 = 0.
    ///
    /// ```
    /// use meta_analysis::tau2::ConfidenceDistribution;
    ///
    /// // Q = 8 with 2 degrees of freedom, for which chi-squared has the upper tail exp(-q/2)
    /// let tau2 = ConfidenceDistribution::new(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// assert!((tau2.at_zero() - (-4.0_f64).exp()).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn at_zero(&self) -> f64 {
        self.at_zero
    }

    /// Values of tau2 with their probabilities, the first being 0. Probabilities are quadrature weights: they add up to 1, but
    /// single ones may be negative by rounding.
    ///
    /// ```
    /// use meta_analysis::tau2::ConfidenceDistribution;
    ///
    /// let tau2 = ConfidenceDistribution::new(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// assert_eq!(tau2.points()[0], (0.0, tau2.at_zero()));
    /// // H(tau2) = exp(-4 u) with u = 1/(1 + tau2), so the mean of u is (1 - exp(-4)) / 4.
    /// let mean: f64 = tau2.points().iter().map(|(tau2, p)| p / (1.0 + tau2)).sum();
    /// assert!((mean - 0.25 * (1.0 - (-4.0_f64).exp())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }
}

/// Clenshaw-Curtis integration of `g dH` over a panel: `sum_j w_j g(x_j) H'(x_j)` with `H'` from the polynomial through the values of
/// `H`.
struct Rule {
    /// Chebyshev points on `[0, 1]`, rising.
    nodes: [f64; DEGREE + 1],
    /// Row j: what the values of `H` contribute to the weight of `g(x_j)`.
    weights: Vec<[f64; DEGREE + 1]>,
}

impl Rule {
    fn new() -> Self {
        let n = DEGREE as f64;
        let angle = |j: usize| PI * j as f64 / n;
        let mut nodes = [0.0; DEGREE + 1];
        for (j, node) in nodes.iter_mut().enumerate() {
            // (1 - cos a) / 2
            *node = (0.5 * angle(j)).sin().powi(2);
        }
        let end = |j: usize| if j == 0 || j == DEGREE { 2.0 } else { 1.0 };
        let sign = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        // Barycentric differentiation; the diagonal is minus the sum of the rest.
        let weights = (0..=DEGREE)
            .map(|j| {
                let integral = {
                    let terms = (1..=DEGREE / 2).map(|m| {
                        let b = if 2 * m == DEGREE { 1.0 } else { 2.0 };
                        b * (2.0 * m as f64 * angle(j)).cos() / (4.0 * (m * m) as f64 - 1.0)
                    });
                    (1.0 - terms.sum::<f64>()) / n / end(j)
                };
                let mut row = [0.0; DEGREE + 1];
                let mut diagonal = 0.0;
                for (l, (entry, node)) in row.iter_mut().zip(nodes).enumerate() {
                    if l != j {
                        let d = end(j) / end(l) * sign(j + l) / (nodes[j] - node);
                        *entry = integral * d;
                        diagonal -= *entry;
                    }
                }
                row[j] = diagonal;
                row
            })
            .collect();
        Self { nodes, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_integrates_against_a_derivative() {
        let rule = Rule::new();
        let h = |x: f64| (1.3 * x).exp();
        let g = |x: f64| (0.7 * x).cos();
        let sum: f64 = rule
            .nodes
            .iter()
            .zip(&rule.weights)
            .map(|(x, w)| g(*x) * w.iter().zip(rule.nodes).map(|(w, x)| w * h(x)).sum::<f64>())
            .sum();
        // int 1.3 exp(1.3 x) cos(0.7 x) over [0, 1]
        let (a, b) = (1.3_f64, 0.7_f64);
        let exact = a / (a * a + b * b) * (a.exp() * (a * b.cos() + b * b.sin()) - a);
        assert!((sum / exact - 1.0).abs() < 1e-13, "{sum} {exact}");
    }
}
