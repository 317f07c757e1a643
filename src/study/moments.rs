//! Mean and standard deviation of one sample, as papers give them, and what every measure made of them shares.

use super::check;
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::gamma_ratio;
use serde::{Deserialize, Serialize};

/// A mean with its standard deviation.
///
/// Two numbers with names, so that a standard error cannot pass for a standard deviation. The row that takes
/// them checks them.
///
/// ```
/// use meta_analysis::study::Moments;
///
/// assert_eq!(Moments::mean_se(48.7, 2.0, 25).sd(), 10.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    mean: f64,
    sd: f64,
}

impl Moments {
    /// Mean and standard deviation.
    pub fn mean_sd(mean: f64, sd: f64) -> Self {
        Self { mean, sd }
    }

    /// Mean and standard error of the mean in `n` people: the standard deviation is `se sqrt(n)`.
    pub fn mean_se(mean: f64, se: f64, n: impl super::Count) -> Self {
        Self { mean, sd: se * n.to_f64().sqrt() }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// Coefficient of variation, with the sign of the mean.
    pub(super) fn cv(&self) -> f64 {
        self.sd / self.mean
    }

    pub(super) fn checked(self, mean: &'static str, sd: &'static str) -> Result<Self> {
        Ok(Self { mean: check::check_finite(mean, self.mean)?, sd: check::check_sd(sd, self.sd)? })
    }
}

/// Refuses a sample size below what the measure needs.
pub(super) fn at_least(field: &'static str, value: f64, needed: f64, measure: Measure) -> Result<()> {
    if value < needed {
        return Err(ErrorKind::SampleSizeTooSmall { field, value, needed, measure: measure.name() }.into());
    }
    Ok(())
}

/// Refuses a standard deviation of zero.
pub(super) fn nonzero_sd(field: &'static str, sd: f64, measure: Measure) -> Result<()> {
    if sd <= 0.0 { Err(ErrorKind::ZeroSd { field, measure: measure.name() }.into()) } else { Ok(()) }
}

/// `(a - b) / sd`, which is finite wherever the quotient is.
pub(super) fn standardized(a: f64, b: f64, sd: f64) -> f64 {
    let difference = a - b;
    if difference.is_finite() { difference / sd } else { a / sd - b / sd }
}

/// Root of the mean of squared standard deviations, weighted by their degrees of freedom, without overflow or
/// underflow on the way.
pub(super) fn pooled_sd(parts: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let largest = parts.clone().map(|(sd, _)| sd).fold(0.0, f64::max);
    if largest <= 0.0 {
        return 0.0;
    }
    let (squares, df) = parts.fold((0.0, 0.0), |(s, d), (sd, df)| (s + df * (sd / largest).powi(2), d + df));
    largest * (squares / df).sqrt()
}

/// The effect, once `y` and `v` are known to be within the range of double precision.
pub(super) fn effect(measure: Measure, y: f64, v: f64, n: f64) -> Result<Effect> {
    if !y.is_finite() || !v.is_finite() || v < f64::MIN_POSITIVE {
        return Err(ErrorKind::Overflow { what: measure.name() }.into());
    }
    Effect::from_variance_and_n(measure, y, v, n)
}

/// Mean of the values weighted by the sizes, over the rows that have a value.
pub(super) fn weighted_mean(rows: impl Iterator<Item = Result<(f64, f64)>>) -> Option<f64> {
    let mut mean = 0.0;
    let mut total = 0.0;
    for (value, weight) in rows.flatten() {
        total += weight;
        mean += (value - mean) * (weight / total);
    }
    (total > 0.0).then_some(mean)
}

/// Hedges' exact small-sample correction for `m` degrees of freedom, `m > 1`:
///
/// ```text
/// J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2))
/// ```
///
/// Hedges 1981, J Educ Stat 6:107, doi 10.3102/10769986006002107.
pub(super) fn hedges_correction(m: f64) -> f64 {
    gamma_ratio::half_step(0.5 * (m - 1.0)) / (0.5 * m).sqrt()
}

/// What multiplies g^2 in the unbiased variance of a standardised mean with `m` degrees of freedom, `m > 1`:
///
/// ```text
/// 1 - (m - 2) / (m J(m)^2)
/// ```
///
/// Hedges 1983, Psychol Bull 93:388, doi 10.1037/0033-2909.93.2.388.
///
/// As m grows this is 1/(2 m), the difference of two numbers near 1. With x = (m - 1)/2,
/// R(x) = Gamma(x + 1/2)/Gamma(x) and E(x) = R(x)^2 - x + 1/2 it is E/(E + x - 1/2), where E has a series in 1/x
/// (1e-16 relative from x = 32 on) and a recurrence, `E(x) = E(x + 1) x^2/(x + 1/2)^2 + 1/(4 x + 2)`, of which no term
/// cancels.
pub(super) fn unbiased_factor(m: f64) -> f64 {
    let x = 0.5 * (m - 1.0);
    let raised = (0.0_f64).max((32.0 - x).ceil());
    let u = 1.0 / (x + raised);
    let series = [
        -110_123.0 / 33_554_432.0,
        -5165.0 / 8_388_608.0,
        593.0 / 262_144.0,
        53.0 / 65_536.0,
        -23.0 / 8192.0,
        -5.0 / 2048.0,
        1.0 / 128.0,
        1.0 / 32.0,
        0.25,
    ];
    let mut excess = series.iter().fold(0.0, |sum, term| sum * u + term);
    for step in (0..raised as u32).rev() {
        let x = x + f64::from(step);
        excess = excess * (x / (x + 0.5)).powi(2) + 0.25 / (x + 0.5);
    }
    excess / (excess + x - 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correction_and_unbiased_factor_agree_with_forty_digits() {
        // mpmath 1.3, mp.dps = 40:
        // J = lambda m: gamma(m/2)/(sqrt(m/2)*gamma((m-1)/2)); U = lambda m: 1 - (m-2)/(m*J(m)**2)
        for (m, j, u) in TRUTH {
            assert!((hedges_correction(m) - j).abs() <= 1e-15 * j, "J({m}) = {}", hedges_correction(m));
            assert!((unbiased_factor(m) - u).abs() <= 3e-15 * u, "U({m}) = {} {u}", unbiased_factor(m));
        }
    }

    #[allow(clippy::excessive_precision)]
    const TRUTH: [(f64, f64, f64); 11] = [
        (3.0, 0.72360125455826765936, 0.36338022763241865692),
        (4.0, 0.79788456080286535588, 0.21460183660255169038),
        (10.0, 0.92274560805308710336, 0.060436767420044746798),
        (28.0, 0.97293211505604162504, 0.019042394842336273532),
        (64.0, 0.9882275777888640071, 0.0080317384158647804502),
        (65.0, 0.98840950894684039627, 0.0079047664737064002354),
        (66.0, 0.98858590254263499468, 0.0077817464144574883081),
        (200.0, 0.99624452247912655441, 0.0025220560491624484403),
        (9998.0, 0.99992498280855378549, 0.000050018756940029813719),
        (19999998.0, 0.99999996249999570312, 2.5000004687500867188e-8),
        (1000000000.0, 0.99999999924999999978, 5.0000000087500000144e-10),
    ];
}
