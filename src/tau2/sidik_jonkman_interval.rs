//! The interval that treats the Sidik-Jonkman estimate as a multiple of a chi-squared variable.

use super::{Tau2, Tau2Error, Tau2Set, Workspace};

impl Workspace {
    /// The Sidik-Jonkman interval of tau2 for the loaded studies. See
    /// [`sidik_jonkman_interval`](super::sidik_jonkman_interval).
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
