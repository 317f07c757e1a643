//! R_b: the share of heterogeneity in the variance of the pooled effect.

use super::{Interval, Solution, not_applicable};
use crate::error::{ErrorKind, Result};
use crate::num::normal;
use serde::{Deserialize, Serialize};

/// R_b, the mean over the studies of the share that tau2 has in the variance of an effect. Crippa, Khudyakov, Wang,
/// Orsini & Spiegelman 2016, Stat Med 35:3661, doi 10.1002/sim.6980.
///
/// ```text
/// R_b = 1/k sum tau2 / (v_i + tau2)
/// se  = se(tau2) 1/k sum v_i / (v_i + tau2)^2        (delta method)
/// R_b -+ z se, within 0 and 1
/// ```
///
/// Unlike I2 it needs no "typical" sampling variance; both agree where the sampling variances do. The standard error
/// is that of the model's estimator of tau2. Approximate; limits cut off at 0 or 1 are marked. Not in metafor;
/// `Rb` in meta.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: tau2 = 3 with standard error 4
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let share = fit.average_share(0.95)?;
/// assert!((share.value - 0.75).abs() < 1e-14 && (share.se - 0.25).abs() < 1e-14);
/// // 0.75 + 1.96 * 0.25 is above 1.
/// assert!((share.interval.lower - (0.75 - 0.25 * 1.959_963_984_540_054)).abs() < 1e-13 && share.interval.upper == 1.0 && share.truncated);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AverageShare {
    /// R_b, 0 to 1.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Level, e.g. 0.95.
    pub level: f64,
    /// Wald interval within 0 and 1.
    pub interval: Interval,
    /// Whether a limit came out below 0 or above 1 and was moved there.
    pub truncated: bool,
}

impl AverageShare {
    /// `tail`: half of 1 - level.
    pub(crate) fn new(solution: &Solution, v: &[f64], level: f64, tail: f64) -> Result<Self> {
        let Some(tau2_se) = solution.tau2_se else {
            return Err(not_applicable("the standard error of R_b", "this estimator of tau2 has no standard error"));
        };
        let (tau2, k) = (solution.tau2, v.len() as f64);
        let value = v.iter().map(|v| tau2 / (v + tau2)).sum::<f64>() / k;
        let se = v.iter().map(|v| (v / (v + tau2)) * (tau2_se / (v + tau2))).sum::<f64>() / k;
        let half = normal::quantile_upper(tail) * se;
        if !(value.is_finite() && half.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the interval of R_b" }.into());
        }
        let (lower, upper) = (value - half, value + half);
        let truncated = lower < 0.0 || upper > 1.0;
        let interval = Interval { lower: lower.max(0.0), upper: upper.min(1.0) };
        Ok(Self { value, se, level, interval, truncated })
    }
}
