//! The standard error of tau2 from the information in a likelihood.

use super::profile::{Likelihood, Profile};
use super::workspace::place;
use super::{Tau2Error, Unit, Workspace, design::Design, need_studies};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Which information about tau2 a standard error rests on: `se = 1/sqrt(information)`.
///
/// With `P` at tau2 and `w_i = 1/(v_i + tau2)`:
///
/// ```
/// use meta_analysis::tau2::{InformationKind, Likelihood, Workspace};
///
/// let mut workspace = Workspace::new();
/// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
/// // Equal variances: tr P^2 = 2 / (1 + tau2)^2, y'P^3y = 8 / (1 + tau2)^3. At tau2 = 1 the information is 1/4 or 3/4.
/// let mut se = |kind| workspace.tau2_standard_error(1.0, Likelihood::Restricted, kind);
/// assert!((se(InformationKind::Expected)? - 2.0).abs() < 1e-14);
/// assert!((se(InformationKind::Observed)? - (4.0_f64 / 3.0).sqrt()).abs() < 1e-14);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InformationKind {
    /// The expectation of the negative second derivative of the log-likelihood; the standard error that [`Tau2Fit`](super::Tau2Fit) has
    /// for REML and ML, and metafor's.
    ///
    /// ```text
    /// restricted:  tr P^2 / 2        full:  sum w_i^2 / 2
    /// ```
    Expected,
    /// The negative second derivative itself, at the data; at the full likelihood that of the profile over the coefficients.
    /// Efron B, Hinkley DV (1978) Biometrika 65:457-482, doi:10.1093/biomet/65.3.457, give reasons for it.
    ///
    /// ```text
    /// restricted:  y'P^3y - tr P^2 / 2        full:  y'P^3y - sum w_i^2 / 2
    /// ```
    ///
    /// It need not be positive where the likelihood is not at a maximum.
    Observed,
}

/// The standard error of tau2 at a given tau2, usually an estimate, from the information in a likelihood.
///
/// Harville DA (1977) J Am Stat Assoc 72:320-338, doi:10.1080/01621459.1977.10480998.
///
/// ```
/// use meta_analysis::tau2::{InformationKind, Likelihood, Tau2, estimate, standard_error};
///
/// let (y, v) = ([0.1, 0.9, 0.5, -0.2], [0.04, 0.05, 0.03, 0.2]);
/// let fit = estimate(&y, &v, Tau2::Reml)?;
/// let expected = standard_error(&y, &v, fit.tau2, Likelihood::Restricted, InformationKind::Expected)?;
/// assert!((expected - fit.se.unwrap()).abs() < 1e-14);
/// let observed = standard_error(&y, &v, fit.tau2, Likelihood::Restricted, InformationKind::Observed)?;
/// assert!((observed - 0.159_010_642_299).abs() < 1e-8);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::TooFewStudies`] for the restricted likelihood of one study;
/// [`Tau2Error::InvalidTau2`]; [`Tau2Error::ZeroVariance`] at tau2 = 0 with a sampling variance of 0;
/// [`Tau2Error::InformationNotPositive`] where the observed information is not; [`Tau2Error::Overflow`].
pub fn standard_error(
    y: &[f64],
    v: &[f64],
    tau2: f64,
    likelihood: Likelihood,
    information: InformationKind,
) -> Result<f64, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.tau2_standard_error(tau2, likelihood, information)
}

/// As [`standard_error`], in the model with any design matrix (see [`estimate_with_design`](super::estimate_with_design)).
///
/// ```
/// use meta_analysis::tau2::{InformationKind, Likelihood, standard_error_with_design};
/// use nalgebra::DMatrix;
///
/// // Four studies of equal variance, two coefficients: tr P^2 = 2 / (1 + tau2)^2, which is 1/2 at tau2 = 1.
/// let x = DMatrix::from_row_slice(4, 2, &[1.0, 0.0, 1.0, 1.0, 1.0, 2.0, 1.0, 3.0]);
/// let (of, kind) = (Likelihood::Restricted, InformationKind::Expected);
/// let se = standard_error_with_design(&[0.3, 1.0, 2.5, 2.0], &[1.0; 4], &x, 1.0, of, kind)?;
/// assert!((se - 2.0).abs() < 1e-13);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// As [`standard_error`] and [`estimate_with_design`](super::estimate_with_design).
pub fn standard_error_with_design(
    y: &[f64],
    v: &[f64],
    x: &DMatrix<f64>,
    tau2: f64,
    likelihood: Likelihood,
    information: InformationKind,
) -> Result<f64, Tau2Error> {
    let mut design = Design::new(y, v, x)?;
    let unit = design.unit();
    from_information(&mut design, unit, tau2, likelihood, information)
}

impl Workspace {
    /// The standard error of tau2 at a given tau2. See [`standard_error`].
    ///
    /// ```
    /// use meta_analysis::tau2::{InformationKind, Likelihood, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: the full likelihood has the information 3 / (2 (1 + tau2)^2), at tau2 = 3 it is 3/32.
    /// let se = workspace.tau2_standard_error(3.0, Likelihood::Full, InformationKind::Expected)?;
    /// assert!((se - (32.0_f64 / 3.0).sqrt()).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`standard_error`].
    pub fn tau2_standard_error(
        &mut self,
        tau2: f64,
        likelihood: Likelihood,
        information: InformationKind,
    ) -> Result<f64, Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        from_information(&mut profile, unit, tau2, likelihood, information)
    }
}

fn from_information<P: Profile>(
    profile: &mut P,
    unit: Unit,
    tau2: f64,
    likelihood: Likelihood,
    information: InformationKind,
) -> Result<f64, Tau2Error> {
    if likelihood == Likelihood::Restricted {
        need_studies(profile.studies(), profile.coefficients() + 1)?;
    }
    let s = place(profile, unit, tau2)?;
    let point = likelihood.point(&profile.at(s));
    let doubled = match information {
        InformationKind::Expected => point.g_slope,
        InformationKind::Observed => point.f_slope - point.g_slope,
    };
    // What is left of two nearly equal numbers is rounding.
    let rounding = 8.0 * (profile.studies() as f64 + 8.0) * f64::EPSILON * point.g_slope;
    let clear = doubled > 0.0 && (information == InformationKind::Expected || doubled > rounding);
    if !clear {
        return Err(Tau2Error::InformationNotPositive { tau2 });
    }
    let se = unit.grow_square(s * (2.0 / doubled).sqrt());
    if se.is_finite() { Ok(se) } else { Err(Tau2Error::Overflow) }
}
