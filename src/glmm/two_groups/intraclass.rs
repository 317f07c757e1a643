//! How much the risks of arms of one group differ.

use crate::inference::Interval;
use crate::num::format::{p_value, significant};
use serde::{Deserialize, Serialize};

/// Heterogeneity in the beta-binomial model: the correlation of two people of one arm, whose risk varies between arms with
/// variance `rho mu (1 - mu)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IntraclassCorrelation {
    /// Maximum-likelihood estimate; never below 0.
    pub rho: f64,
    /// Profile-likelihood interval at the level of the model. It may start at 0.
    pub interval: Interval,
    /// Likelihood-ratio statistic of the hypothesis rho = 0.
    pub likelihood_ratio: f64,
    /// Its p-value, of a 50:50 mixture of 0 and chi-squared with 1 df, as rho cannot be negative here.
    pub p_value: f64,
}

impl std::fmt::Display for IntraclassCorrelation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rho, statistic) = (significant(self.rho), significant(self.likelihood_ratio));
        let p = p_value(self.p_value);
        write!(f, "intraclass correlation {rho} {}, likelihood ratio of 0: {statistic} (p {p})", self.interval)
    }
}
