//! From effects and variances to the numbers that everything else follows from.

use super::UnitFlags;

/// What one unit yields before anything is said about probabilities.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) mu: f64,
    pub(super) se: f64,
    pub(super) tau2: f64,
    pub(super) q: f64,
    pub(super) i2: f64,
    /// The generalised Q at tau2.
    pub(super) q_at: f64,
    pub(super) flags: UnitFlags,
}

impl Unit {
    pub(super) fn failed(flags: UnitFlags) -> Self {
        let nan = f64::NAN;
        Self { mu: nan, se: nan, tau2: nan, q: nan, i2: nan, q_at: nan, flags }
    }
}
