//! The likelihood as a function: over a grid of tau2, and of the mean and tau2 together.

use super::likelihood::LN_2PI;
use super::profile::Likelihood;
use super::{Tau2Error, Workspace, scaled_s};
use crate::num::sum::LogProduct;

impl Workspace {
    /// The log-likelihood at each tau2 of a grid, the mean at its maximum. See [`likelihood_profile`](super::likelihood_profile).
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: -1/2 (3 ln(2 pi (1 + tau2)) + 8 / (1 + tau2))
    /// let profile = workspace.likelihood_profile(&[0.0, 1.0], Likelihood::Full)?;
    /// let ln_2pi = std::f64::consts::TAU.ln();
    /// assert!((profile[0] + 1.5 * ln_2pi + 4.0).abs() < 1e-13);
    /// assert!((profile[1] + 1.5 * (ln_2pi + 2.0_f64.ln()) + 2.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
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
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // The variance of an effect is 1 + tau2 = 2, the squared deviations from the mean 2 are 1, 1 and 9.
    /// let ln_4pi = (2.0 * std::f64::consts::TAU).ln();
    /// assert!((workspace.joint_log_likelihood(2.0, 1.0)? + 1.5 * ln_4pi + 11.0 / 4.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
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
