//! The likelihood as a function: over a grid of tau2, and of the mean and tau2 together.

use super::likelihood::LN_2PI;
use super::profile::Likelihood;
use super::{Tau2Error, Workspace, scaled_s};
use crate::num::sum::LogProduct;

impl Workspace {
    /// The log-likelihood at each tau2 of a grid, the mean at its maximum. See [`likelihood_profile`](super::likelihood_profile).
    ///
    /// # Errors
    ///
    /// As [`log_likelihood`](super::log_likelihood), at the first value of the grid that has one.
    pub fn likelihood_profile(&mut self, grid: &[f64], likelihood: Likelihood) -> Result<Vec<f64>, Tau2Error> {
        grid.iter().map(|&tau2| self.log_likelihood(tau2, likelihood)).collect()
    }

    /// The full log-likelihood of a mean and a tau2 for the loaded studies. See
    /// [`joint_log_likelihood`](super::joint_log_likelihood).
    ///
    /// # Errors
    ///
    /// As [`joint_log_likelihood`](super::joint_log_likelihood).
    pub fn joint_log_likelihood(&mut self, mean: f64, tau2: f64) -> Result<f64, Tau2Error> {
        if !mean.is_finite() {
            return Err(Tau2Error::NonFiniteMean { value: mean });
        }
        let from_origin = mean - self.origin();
        let (profile, _, unit) = self.profile()?;
        let s = scaled_s(&profile, unit, tau2)?;
        if let Some(index) = profile.first_zero
            && s <= profile.axis.start
        {
            return Err(Tau2Error::ZeroVariance { index });
        }
        let mean = unit.shrink(from_origin);
        let mut log = LogProduct::new();
        log.multiply(s);
        let mut squares = mean * (mean / s);
        let others = profile.y.iter().flatten().zip(profile.d.iter().flatten());
        for (y, d) in others.take(profile.k - 1) {
            log.multiply(d + s);
            squares += (y - mean) * ((y - mean) / (d + s));
        }
        let value = -0.5 * (profile.k as f64 * (LN_2PI + 2.0 * unit.ln()) + log.ln() + squares);
        if value.is_finite() { Ok(value) } else { Err(Tau2Error::Overflow) }
    }
}
