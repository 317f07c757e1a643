//! The standard error of the weighted mean that allows for the estimation of tau2, and its degrees of freedom.

use super::profile::Profile;
use super::workspace::place;
use super::{Tau2Error, Workspace, need_studies};

impl Workspace {
    /// Kenward and Roger's adjusted standard error of the weighted mean at a REML estimate of tau2, and its degrees of freedom:
    /// `(se, df)`. The df can underflow to 0 where weights differ by 70 orders of magnitude.
    ///
    /// ```text
    /// s_j = sum w^j,  I = tr P^2 / 2 = s2/2 - s3/s1 + (s2/s1)^2 / 2
    /// se^2 = (1/s1) (1 + 2 (s3/s1 - (s2/s1)^2) / I),  df = 2 I / (se^2 s2)^2
    /// ```
    ///
    /// Kenward MG, Roger JH (1997) Biometrics 53:983-997, doi:10.2307/2533558; Partlett C, Riley RD (2017) Stat Med 36:301-317,
    /// doi:10.1002/sim.7140, whose df have `se^2` where the former have `1/s1`.
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[0.1, 0.9, 0.4], &[0.05, 0.05, 0.05])?;
    /// let tau2 = workspace.estimate(Tau2::Reml)?.tau2;
    /// let (se, df) = workspace.kenward_roger(tau2)?;
    /// // Equal variances: nothing to adjust.
    /// assert!((se - workspace.mean_at(tau2)?.standard_error).abs() < 1e-15);
    /// assert!((df - 2.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::TooFewStudies`] for one study; [`Tau2Error::InvalidTau2`]; [`Tau2Error::ZeroVariance`] if tau2 = 0 and a sampling
    /// variance is 0; [`Tau2Error::Overflow`].
    pub fn kenward_roger(&mut self, tau2: f64) -> Result<(f64, f64), Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        need_studies(profile.k, 2)?;
        let s = place(&profile, unit, tau2)?;
        let sums = profile.at(s);
        // s3/s1 - (s2/s1)^2 as the weighted variance of the weights, so that nothing cancels; the first ratio is 1.
        let mean = sums.weight_sq / sums.weight;
        let mut squares = [(1.0 - mean) * (1.0 - mean), 0.0, 0.0, 0.0];
        for omega in profile.ratios(s) {
            for (square, o) in squares.iter_mut().zip(omega) {
                *square += o * (o - mean) * (o - mean);
            }
        }
        let squares: f64 = squares.iter().sum();
        let variance = (1.0 + 4.0 * (squares / sums.weight) / sums.trace_sq) / sums.weight;
        let df = sums.trace_sq / (variance * sums.weight_sq) / (variance * sums.weight_sq);
        let se = unit.grow((s * variance).sqrt());
        if se.is_finite() && df.is_finite() { Ok((se, df)) } else { Err(Tau2Error::Overflow) }
    }
}
