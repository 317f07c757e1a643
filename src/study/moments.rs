//! Mean and standard deviation of one sample, as papers give them.

use super::check;
use crate::error::Result;
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

    pub(super) fn checked(self, mean: &'static str, sd: &'static str) -> Result<Self> {
        Ok(Self { mean: check::check_finite(mean, self.mean)?, sd: check::check_sd(sd, self.sd)? })
    }
}

/// Hedges' exact small-sample correction for `m` degrees of freedom, `m > 1`:
///
/// ```text
/// J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2))
/// ```
///
/// Hedges 1981, J Educ Stat 6:107, doi 10.3102/10769986006002107.
pub(super) fn hedges_correction(m: f64) -> f64 {
    crate::num::gamma_ratio::half_step(0.5 * (m - 1.0)) / (0.5 * m).sqrt()
}
