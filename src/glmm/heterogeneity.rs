//! How much the true proportions or rates differ.

use super::options::GlmmData;
use crate::inference::Interval;
use crate::num::format::{p_value, significant};
use crate::num::normal;
use serde::{Deserialize, Serialize};

/// Heterogeneity in a model of counts.
///
/// There is no I2: the sampling variance of a count depends on its own true proportion, so that there is no typical one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GlmmHeterogeneity {
    /// Between-study variance on the link scale; `None` where all data lie on the boundary, which says nothing about it.
    pub tau2: Option<f64>,
    /// Its standard error from the observed information; `None` at 0 and on the boundary.
    pub tau2_se: Option<f64>,
    /// Profile-likelihood interval of tau2 at the level of the model: all values whose likelihood-ratio statistic is below the
    /// chi-squared quantile with 1 df. It may start at 0. Where that set has gaps, its ends. Not in metafor.
    pub tau2_interval: Option<Interval>,
    /// Likelihood-ratio statistic of the hypothesis tau2 = 0.
    pub likelihood_ratio: f64,
    /// Its p-value. Since tau2 cannot be negative, the statistic is distributed as a 50:50 mixture of 0 and chi-squared with 1
    /// df: Self & Liang 1987, J Am Stat Assoc 82:605, doi 10.1080/01621459.1987.10478472.
    pub p_value: f64,
    /// Deviance of the model of equal effects from that of one effect per study; metafor: `QE.LRT`.
    pub deviance: f64,
    /// Its degrees of freedom, k - 1.
    pub df: f64,
    /// Its p-value by chi-squared.
    pub deviance_p_value: f64,
}

impl GlmmHeterogeneity {
    pub(super) fn unknown(data: &GlmmData) -> Self {
        Self {
            tau2: None,
            tau2_se: None,
            tau2_interval: None,
            likelihood_ratio: 0.0,
            p_value: 1.0,
            deviance: 0.0,
            df: data.labels().len() as f64 - 1.0,
            deviance_p_value: 1.0,
        }
    }

    /// Square root of tau2, in units of the link scale.
    pub fn tau(&self) -> Option<f64> {
        self.tau2.map(f64::sqrt)
    }
}

/// Statistic and p-value of tau2 = 0 from the log-likelihoods with and without tau2.
pub(super) fn tau2_test(with: f64, without: f64) -> (f64, f64) {
    let statistic = (2.0 * (with - without)).max(0.0);
    // Half of P(chi-squared(1) > statistic).
    (statistic, if statistic > 0.0 { normal::sf(statistic.sqrt()) } else { 1.0 })
}

impl std::fmt::Display for GlmmHeterogeneity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.tau2, self.tau2_interval) {
            (Some(tau2), Some(interval)) => write!(f, "tau2 {} {interval}", significant(tau2))?,
            _ => f.write_str("tau2 unknown")?,
        }
        write!(
            f,
            ", likelihood ratio of tau2 = 0: {} (p {})",
            significant(self.likelihood_ratio),
            p_value(self.p_value)
        )
    }
}
