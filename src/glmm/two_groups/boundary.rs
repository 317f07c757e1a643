//! Every study says that the effect is infinite in the same direction.

use super::equal_effects::crossing;
use crate::error::{ErrorKind, Result};
use crate::glmm::fit::quantile_normal;
use crate::glmm::likelihood::StudyLikelihood;
use serde::{Deserialize, Serialize};

/// What data say in which every study that says anything has events in one group only, and always in the same one (or
/// non-events, likewise).
///
/// The estimate of the odds ratio or rate ratio is then infinite or 0 for any tau2, without a standard error, and tau2 has no
/// estimate. What there is is a limit on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TwoGroupBoundary {
    /// Whether the estimate is infinite (`true`) or 0.
    pub infinite: bool,
    /// Exact limit of the ratio if studies do not differ, given the margins, with half of 1 - level in this tail as in every other
    /// interval:
    ///
    /// ```text
    /// product of P(x_i | margins; limit) = alpha/2
    /// ```
    pub exact_limit: f64,
    /// Limit by the likelihood ratio if studies do not differ: the likelihood of the model is `exp(-z^2/2)` of its supremum.
    /// Covers less than the exact one.
    pub likelihood_limit: f64,
    /// Level of the limits.
    pub level: f64,
}

impl TwoGroupBoundary {
    /// For likelihoods that all grow to 1 in the same direction.
    pub(in crate::glmm) fn new<S: StudyLikelihood>(studies: &[S], infinite: bool, level: f64) -> Result<Self> {
        let direction = if infinite { -1.0 } else { 1.0 };
        let z = quantile_normal(level);
        // Beyond the last knee the likelihoods are far from 0.
        let last = studies.iter().map(|s| -direction * s.knee().0).fold(f64::NEG_INFINITY, f64::max);
        let inside = -direction * (last + 10.0 + (studies.len() as f64).ln());
        let limit = |target: f64| crossing(studies, inside, direction, 1.0, target).map(f64::exp);
        let (exact_limit, likelihood_limit) = (limit((0.5 * (1.0 - level)).ln())?, limit(-0.5 * z * z)?);
        if !(exact_limit.is_finite() && likelihood_limit.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the confidence limit" }.into());
        }
        Ok(Self { infinite, exact_limit, likelihood_limit, level })
    }

    /// Estimate and limits of the logarithm of the ratio.
    pub(super) fn logarithms(&self) -> [f64; 3] {
        let (infinity, limit) = (f64::INFINITY, self.exact_limit.ln());
        if self.infinite { [infinity, limit, infinity] } else { [-infinity, -infinity, limit] }
    }
}
