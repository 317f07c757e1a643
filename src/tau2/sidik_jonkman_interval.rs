//! The interval that treats the Sidik-Jonkman estimate as a multiple of a chi-squared variable.

use super::{Tau2, Tau2Error, Tau2Set, Workspace};

impl Workspace {
    /// The Sidik-Jonkman interval of tau2 for the loaded studies. See
    /// [`sidik_jonkman_interval`](super::sidik_jonkman_interval).
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2Set, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // The squared deviations sum to 8: t0 = 8/3, Q(8/3) = 8 / (11/3) = 24/11, tau2_SJ = 8/3 * 12/11 = 32/11.
    /// let set = workspace.sidik_jonkman_interval(4.0, 1.0)?;
    /// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
    /// assert!((lower - 16.0 / 11.0).abs() < 1e-13 && (upper - 64.0 / 11.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`sidik_jonkman_interval`](super::sidik_jonkman_interval).
    pub fn sidik_jonkman_interval(&mut self, upper_quantile: f64, lower_quantile: f64) -> Result<Tau2Set, Tau2Error> {
        super::interval::check_quantiles(upper_quantile, lower_quantile)?;
        let tau2 = self.estimate(Tau2::SidikJonkman)?.tau2;
        if tau2 <= 0.0 {
            return Ok(Tau2Set::Empty);
        }
        let df = self.studies() as f64 - 1.0;
        Tau2Set::between(tau2 * (df / upper_quantile), tau2 * (df / lower_quantile))
    }
}
