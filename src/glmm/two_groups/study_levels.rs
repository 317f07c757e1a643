//! The levels of studies, in models in which they are random.

use serde::{Deserialize, Serialize};

/// Distribution of the levels of studies where it is a part of the model, on the analysis scale (log odds or log rate).
///
/// What a level is depends on the coding of the random effect: the middle of both groups if each carries half of the effect, the
/// group that does not carry it otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudyLevels {
    /// Mean of the levels, gamma.
    pub mean: f64,
    /// Its standard error from the observed information.
    pub mean_se: f64,
    /// Variance of the levels; metafor: `sigma2`.
    pub sigma2: f64,
    /// Its standard error from the observed information; `None` at 0.
    pub sigma2_se: Option<f64>,
}
