//! Every person of every study responds, or none does.

use super::options::{GlmmData, GlmmModel};
use serde::{Deserialize, Serialize};

/// What data say that lie on the boundary altogether.
///
/// The maximum-likelihood estimate of the proportion is 1 (or 0, or a rate of 0) for any tau2, and the mean on the link scale
/// infinite, so that there is no standard error and no estimate of tau2. What there is is a limit on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Boundary {
    /// Whether all respond (`true`) or none does.
    pub all: bool,
    /// Exact limit of the proportion or rate if studies do not differ: Clopper-Pearson of all people together (Garwood's for
    /// rates), with half of 1 - level in this tail as in every other interval.
    ///
    /// ```text
    /// all respond: (alpha/2)^(1/N)        none responds: 1 - (alpha/2)^(1/N), or -ln(alpha/2)/time for rates
    /// ```
    pub exact_limit: f64,
    /// Limit by the likelihood ratio if studies do not differ; covers less than the exact one.
    ///
    /// ```text
    /// all respond: exp(-z^2 / (2N))        none responds: 1 - exp(-z^2 / (2N)), or z^2 / (2 time) for rates
    /// ```
    pub likelihood_limit: f64,
    /// Level of the limits.
    pub level: f64,
}

impl Boundary {
    pub(super) fn new(model: &GlmmModel, data: &GlmmData, all: bool) -> Self {
        let level = model.level();
        let size: f64 = data.counts().iter().map(|(_, size)| size).sum();
        let z = super::fit::quantile_normal(level);
        // Logarithms of the probability of the data at each limit.
        let [exact, likelihood] = [(0.5 * (1.0 - level)).ln(), -0.5 * z * z].map(|log| match data {
            GlmmData::Rates(_) => -log / size,
            GlmmData::Proportions(_) if all => (log / size).exp(),
            GlmmData::Proportions(_) => -(log / size).exp_m1(),
        });
        Self { all, exact_limit: exact, likelihood_limit: likelihood, level }
    }

    /// Estimate and limits.
    pub(super) fn natural(&self) -> [f64; 3] {
        if self.all { [1.0, self.exact_limit, 1.0] } else { [0.0, 0.0, self.exact_limit] }
    }
}
