//! A confidence interval computed from counts.

use serde::{Deserialize, Serialize};

/// A confidence interval of one study's proportion or rate, computed from its counts on the natural scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CountInterval<M> {
    /// The observed proportion or rate.
    pub estimate: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Confidence level, e.g. 0.95.
    pub level: f64,
    /// How it was computed.
    pub method: M,
}
