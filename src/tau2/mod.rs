//! The between-study variance tau2: estimators, likelihoods, the generalised Q statistic, the Q-profile set.
//!
//! Everything works on plain slices of effects `y` and sampling variances `v` (variances, not standard errors) under the model
//!
//! ```text
//! y_i ~ N(x_i' beta, v_i + tau2),   i = 1..k        (x_i = 1: one common mean)
//! W = diag(1/(v_i + tau2)),  P = W - WX(X'WX)^-1X'W,  Q(tau2) = y'P y
//! ```
//!
//! Results do not depend on the unit: effects times `a` and variances times `a^2` give tau2 times `a^2`, to the last bit if `a` is a
//! power of two. No routine has an absolute tolerance, an upper limit for tau2 or an iteration limit. A maximum-likelihood or REML
//! estimate is the global maximum, with a [`Certificate`].
//!
//! [`estimate`] is the way in for one analysis; [`Workspace`] is the same without allocation, for many.

mod bootstrap;
mod bootstrap_interval;
mod confidence_distribution;
mod design;
mod design_form;
#[cfg(test)]
mod effort;
mod eliminate;
mod error;
mod fixed_mean;
mod fixed_weights;
mod generalised_q;
mod henmi_copas;
mod householder;
mod information;
mod interval;
mod kenward_roger;
pub(crate) mod kept;
mod lanes;
mod likelihood;
mod likelihood_functions;
mod likelihood_set;
mod mean_profile;
mod method;
mod moment;
mod penalised;
mod posterior;
mod prepare;
mod prior;
mod profile;
mod q_root;
mod search;
mod shortest;
mod sidik_jonkman_interval;
mod single_mode;
mod workspace;

pub use bootstrap::Bootstrap;
pub use bootstrap_interval::{Resampling, bootstrap_interval};
pub use confidence_distribution::ConfidenceDistribution;
pub use design::estimate_with_design;
pub use error::Tau2Error;
pub use fixed_weights::{FixedWeights, generalised_q_estimate, generalised_q_median_estimate};
pub use generalised_q::{QWeights, generalised_q_interval};
pub use henmi_copas::HenmiCopas;
pub use information::{InformationKind, standard_error, standard_error_with_design};
pub use interval::Tau2Set;
pub use likelihood::{Certificate, LocalMaximum};
pub use likelihood_set::LikelihoodSet;
pub use mean_profile::MeanLikelihoodRatio;
pub use method::{ParseTau2Error, Tau2};
pub(crate) use posterior::{JointPosterior, PosteriorPoint};
pub use prior::{Prior, TauPrior};
pub use profile::Likelihood;
pub use shortest::Width;
pub use workspace::Workspace;

use prepare::Unit;
use profile::{Profile, Studies};
use search::Scratch;
use serde::{Deserialize, Serialize};

/// An estimate of tau2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tau2Fit {
    /// The estimate, on the squared scale of the effects, truncated at 0.
    pub tau2: f64,
    /// Its standard error, by the formula given with each [`Tau2`] variant; `None` where there is none (a fixed tau2; Hartung-Makambi;
    /// Sidik-Jonkman with all effects equal; Paule-Mandel, plain or median-unbiased, of 0 with a sampling variance of 0; the Bayes
    /// mode; bootstrapped DerSimonian-Laird).
    pub se: Option<f64>,
    /// Whether the estimate is 0, the boundary of what tau2 can be.
    pub at_boundary: bool,
    /// How many times the data were summed over; for an estimator with fixed weights 1, for a bootstrap its replicates.
    pub evaluations: u32,
    /// The proof of globality, for [`Tau2::Reml`], [`Tau2::MaximumLikelihood`] and [`Tau2::BayesMode`] when asked for.
    pub certificate: Option<Certificate>,
}

/// The weighted mean at a given tau2, from [`Workspace::mean_at`].
///
/// ```text
/// w_i = 1/(v_i + tau2),  mean = sum w_i y_i / sum w_i,  se = 1/sqrt(sum w_i)
/// Q = sum w_i (y_i - mean)^2
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MeanAt {
    /// The weighted mean.
    pub mean: f64,
    /// `1/sqrt(sum w)`, the Wald standard error.
    pub standard_error: f64,
    /// `Q(tau2)`; at tau2 = 0 it is Cochran's Q.
    pub q: f64,
    /// `Q(tau2)/(k-1)`, the factor by which Hartung and Knapp multiply the squared standard error; `None` for one study.
    pub hartung_knapp: Option<f64>,
}

impl MeanAt {
    /// `sum w = 1/se^2`; `None` if that exceeds the range of double precision, as it can where every other result does not.
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 2.0, 6.0], &[1.0, 3.0, 7.0])?;
    /// // 1/2 + 1/4 + 1/8
    /// let sum = workspace.mean_at(1.0)?.sum_of_weights();
    /// assert!(sum.is_some_and(|sum| (sum - 0.875).abs() < 1e-14));
    /// // Each weight is 1e310; all else is in range, as the effects are equal.
    /// workspace.load(&[1.0; 2], &[1e-310; 2])?;
    /// assert_eq!(workspace.mean_at(0.0)?.sum_of_weights(), None);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn sum_of_weights(&self) -> Option<f64> {
        let sum = self.standard_error.powi(-2);
        sum.is_finite().then_some(sum)
    }
}

/// An estimate in the scaled unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Solved {
    tau2: f64,
    se: Option<f64>,
    evaluations: u32,
}

impl Solved {
    fn new(tau2: f64, se: Option<f64>, evaluations: u32) -> Self {
        Self { tau2, se, evaluations }
    }

    /// Back in the user's unit.
    #[inline(always)]
    fn into_fit(self, unit: Unit) -> Result<Tau2Fit, Tau2Error> {
        let tau2 = unit.grow_square(self.tau2);
        let se = self.se.map(|se| unit.grow_square(se));
        if !(tau2.is_finite() && se.is_none_or(f64::is_finite)) {
            return Err(Tau2Error::Overflow);
        }
        Ok(Tau2Fit { tau2, se, at_boundary: self.tau2 <= 0.0, evaluations: self.evaluations, certificate: None })
    }
}

/// The one place where a method meets its function: a new estimator is a variant of [`Tau2`], a function, and a line here.
fn run<P: Studies>(
    profile: &mut P,
    method: Tau2,
    unit: Unit,
    scratch: &mut Scratch,
    certify: bool,
) -> Result<Tau2Fit, Tau2Error> {
    if let Tau2::Fixed(tau2) = method {
        return fixed(tau2);
    }
    need_studies(profile.studies(), profile.coefficients() + 1)?;
    let solved = match method {
        Tau2::DerSimonianLaird => moment::dersimonian_laird(profile)?,
        Tau2::HunterSchmidt => moment::hunter_schmidt(profile)?,
        Tau2::HunterSchmidtSmallSample => moment::hunter_schmidt_small_sample(profile)?,
        Tau2::HartungMakambi => moment::hartung_makambi(profile)?,
        Tau2::Hedges => moment::hedges(profile),
        Tau2::TwoStepDerSimonianLaird => moment::two_step_dersimonian_laird(profile)?,
        Tau2::TwoStepHedges => moment::two_step_hedges(profile)?,
        Tau2::SidikJonkman => moment::sidik_jonkman(profile),
        Tau2::PauleMandel => q_root::paule_mandel(profile),
        Tau2::MedianUnbiasedPauleMandel => q_root::median_unbiased(profile),
        Tau2::Reml => return likelihood::fit(profile, Likelihood::Restricted, unit, scratch, certify),
        Tau2::MaximumLikelihood => return likelihood::fit(profile, Likelihood::Full, unit, scratch, certify),
        Tau2::BayesMode(of) => return likelihood::bayes_mode(profile, of, unit, scratch, certify),
        Tau2::GeneralisedQ(weights) => fixed_weights::moment(&profile.fixed_form(weights)?),
        Tau2::MedianUnbiasedGeneralisedQ(weights) => fixed_weights::median_unbiased(&profile.fixed_form(weights)?)?,
        Tau2::BootstrappedDerSimonianLaird(options) => bootstrap::dersimonian_laird(profile, options)?,
        Tau2::Fixed(tau2) => return fixed(tau2),
    };
    solved.into_fit(unit)
}

fn fixed(tau2: f64) -> Result<Tau2Fit, Tau2Error> {
    valid(tau2)?;
    Ok(Tau2Fit { tau2, se: None, at_boundary: tau2 <= 0.0, evaluations: 0, certificate: None })
}

fn valid(tau2: f64) -> Result<(), Tau2Error> {
    if tau2.is_finite() && tau2 >= 0.0 { Ok(()) } else { Err(Tau2Error::InvalidTau2 { value: tau2 }) }
}

fn need_studies(k: usize, needed: usize) -> Result<(), Tau2Error> {
    if k < needed {
        return Err(Tau2Error::TooFewStudies { k, needed });
    }
    Ok(())
}

/// `s` at a tau2 given in the user's unit.
#[inline(always)]
fn scaled_s<P: Profile>(profile: &P, unit: Unit, tau2: f64) -> Result<f64, Tau2Error> {
    valid(tau2)?;
    let s = profile.axis().s(unit.shrink_square(tau2));
    if s.is_finite() { Ok(s) } else { Err(Tau2Error::Overflow) }
}

/// Estimates tau2 from effects `y` and sampling variances `v` with one common mean.
///
/// ```
/// use meta_analysis::tau2::{Tau2, estimate};
///
/// // Two likelihood maxima; the better one is not at 0, where a local search ends.
/// let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
/// let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
/// let fit = estimate(&y, &v, Tau2::Reml)?;
/// assert!((fit.tau2 - 0.0496553).abs() < 1e-6);
/// let certificate = fit.certificate.expect("REML comes with a certificate");
/// assert_eq!(certificate.maxima.len(), 2);
/// assert_eq!(certificate.maxima[0].tau2, 0.0);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports, and
///
/// * [`Tau2Error::TooFewStudies`] for fewer than two studies (a [`Tau2::Fixed`] needs one, a [`Tau2::BayesMode`] of the restricted
///   likelihood three);
/// * [`Tau2Error::ZeroVariance`] if a sampling variance is 0, for the estimators that weight by `1/v_i`: DerSimonian-Laird and its
///   second step and its bootstrap, both forms of Hunter-Schmidt, Hartung-Makambi, two-step Hedges if its first step gives 0, and a
///   generalised Q with such weights (the others have limits, which are returned);
/// * [`Tau2Error::UnboundedLikelihood`] for maximum likelihood if all studies with variance 0 have the same effect, and for REML if
///   moreover there are two or more of them; for the Bayes mode of either likelihood as for the likelihood;
/// * [`Tau2Error::InvalidTau2`] for a [`Tau2::Fixed`] value that is negative or not finite; [`Tau2Error::NoReplicates`];
/// * [`Tau2Error::DistributionOfQ`] for a median-unbiased generalised Q, in theory;
/// * [`Tau2Error::Overflow`] if the estimate or its standard error exceeds the range of double precision.
pub fn estimate(y: &[f64], v: &[f64], method: Tau2) -> Result<Tau2Fit, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.certify(method)
}

/// The log-likelihood of the model with one common mean at a given tau2, the mean at its maximum.
///
/// ```text
/// full:        -1/2 [ k log 2pi + sum log(v_i + tau2) + Q(tau2) ]
/// restricted:  -1/2 [ (k-1) log 2pi - log k + sum log(v_i + tau2) + log sum w_i + Q(tau2) ]
/// ```
///
/// The restricted form is the density of orthonormal error contrasts (hence `log k = log|X'X|`), as metafor's `logLik` prints it;
/// software that omits `log k` differs by a constant.
///
/// Harville DA (1977) J Am Stat Assoc 72:320-338, doi:10.1080/01621459.1977.10480998.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, log_likelihood};
///
/// // Equal variances 1 + tau2 = 2 and squared deviations that sum to 14: Q(1) = 7.
/// let (y, v) = ([1.0, 2.0, 6.0], [1.0; 3]);
/// let ln_4pi = (4.0 * std::f64::consts::PI).ln();
/// let full = log_likelihood(&y, &v, 1.0, Likelihood::Full)?;
/// assert!((full + 0.5 * (3.0 * ln_4pi + 7.0)).abs() < 1e-13);
/// let restricted = log_likelihood(&y, &v, 1.0, Likelihood::Restricted)?;
/// assert!((restricted + 0.5 * (2.0 * ln_4pi + 7.0)).abs() < 1e-13);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// As [`estimate`]; [`Tau2Error::ZeroVariance`] at tau2 = 0 where a sampling variance of 0 makes the value infinite.
pub fn log_likelihood(y: &[f64], v: &[f64], tau2: f64, likelihood: Likelihood) -> Result<f64, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.log_likelihood(tau2, likelihood)
}

/// The generalised Q statistic `sum (y_i - mean)^2 / (v_i + tau2)`, with the mean weighted by `1/(v_i + tau2)`.
///
/// At tau2 = 0 it is Cochran's Q; it falls strictly as tau2 grows.
///
/// DerSimonian R, Kacker R (2007) Contemp Clin Trials 28:105-114, doi:10.1016/j.cct.2006.04.004.
///
/// ```
/// use meta_analysis::tau2::generalized_q;
///
/// // Equal variances: the squared deviations, which sum to 14, over 1 + tau2.
/// let (y, v) = ([1.0, 2.0, 6.0], [1.0; 3]);
/// assert!((generalized_q(&y, &v, 0.0)? - 14.0).abs() < 1e-13);
/// assert!((generalized_q(&y, &v, 1.0)? - 7.0).abs() < 1e-13);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::InvalidTau2`]; [`Tau2Error::ZeroVariance`] at tau2 = 0 with a sampling variance of 0.
pub fn generalized_q(y: &[f64], v: &[f64], tau2: f64) -> Result<f64, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.generalized_q(tau2)
}

/// The Q-profile confidence set of tau2.
///
/// ```text
/// { tau2 >= 0 : lower_quantile <= Q(tau2) <= upper_quantile }
/// ```
///
/// For level `1 - alpha` the quantiles are those of chi-squared with `k - 1` degrees of freedom: `upper_quantile` at `1 - alpha/2`, which
/// gives the lower end, and `lower_quantile` at `alpha/2`. Under the model the coverage is exact. The set is empty if
/// `Q(0) < lower_quantile`. metafor: `confint(..., type = "QP")`, which caps the upper end.
///
/// Viechtbauer W (2007) Stat Med 26:37-52, doi:10.1002/sim.2514.
///
/// ```
/// use meta_analysis::tau2::{Tau2Set, q_profile};
///
/// // Three studies: the quantile at p of chi-squared with 2 degrees of freedom is -2 ln(1 - p).
/// let (high, low) = (-2.0 * 0.025f64.ln(), -2.0 * 0.975f64.ln());
/// // Equal variances: Q(tau2) = 14 / (1 + tau2).
/// let set = q_profile(&[1.0, 2.0, 6.0], &[1.0; 3], high, low)?;
/// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
/// assert!((lower / (14.0 / high - 1.0) - 1.0).abs() < 1e-12);
/// assert!((upper / (14.0 / low - 1.0) - 1.0).abs() < 1e-12);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::TooFewStudies`]; [`Tau2Error::InvalidQuantiles`]; [`Tau2Error::Overflow`].
pub fn q_profile(y: &[f64], v: &[f64], upper_quantile: f64, lower_quantile: f64) -> Result<Tau2Set, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.q_profile(upper_quantile, lower_quantile)
}

/// The profile-likelihood confidence set of tau2: every value whose deviance from the global maximum is small.
///
/// ```text
/// { tau2 >= 0 : 2 (l_max - l(tau2)) <= drop }
/// ```
///
/// For level `1 - alpha`, `drop` is the chi-squared quantile at `1 - alpha` with 1 degree of freedom; that level is approximate. A
/// likelihood with several maxima can make the set fall into several pieces, and all of them are found: between certified neighbouring
/// maxima the likelihood is monotone on each side of one valley. The set always holds the estimate, so it is never empty, and its upper
/// end is finite. metafor: `confint(..., type = "PL")`, which returns one interval.
///
/// Hardy RJ, Thompson SG (1996) Stat Med 15:619-629, doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A; with the
/// restricted likelihood Viechtbauer W (2007) Stat Med 26:37-52, doi:10.1002/sim.2514.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, profile_likelihood_set};
///
/// let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
/// let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
/// let set = profile_likelihood_set(&y, &v, Likelihood::Restricted, 0.081)?;
/// assert_eq!(set.pieces().len(), 2);
/// assert!(set.contains(0.0) && !set.contains(0.0034) && set.contains(0.05));
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::TooFewStudies`]; [`Tau2Error::UnboundedLikelihood`] as [`estimate`];
/// [`Tau2Error::InvalidQuantiles`] for a `drop` that is negative or not finite; [`Tau2Error::Overflow`].
pub fn profile_likelihood_set(
    y: &[f64],
    v: &[f64],
    likelihood: Likelihood,
    drop: f64,
) -> Result<LikelihoodSet, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.profile_likelihood_set(likelihood, drop)
}

/// The shortest Q-profile interval of tau2 of level `1 - alpha`, on the scale of tau2 or of tau.
///
/// ```text
/// [L(a), U(a)]:  Q(L) = chi2 quantile at 1 - a (or L = 0),  Q(U) = chi2 quantile at alpha - a,    0 <= a < alpha
/// a = argmin U(a) - L(a)      or      sqrt U(a) - sqrt L(a)
/// ```
///
/// Usually most of `alpha` goes to the upper end, often all of it (`a = 0`, the interval from 0). Because the split is chosen with the
/// data at hand, the coverage is no longer exactly `1 - alpha`, other than with a split fixed in advance. Empty if
/// `Q(0)` is below the quantile at `alpha`, where the interval shrinks to a point at 0 and vanishes. All minima that are a unit apart on
/// the logit scale of `a` are compared; metafor: none.
///
/// Jackson D, Bowden J (2016) BMC Med Res Methodol 16:118, doi:10.1186/s12874-016-0219-y.
///
/// ```
/// use meta_analysis::tau2::{Tau2Set, Width, shortest_q_profile};
///
/// // Two studies, Q(tau2) = 1.3^2 / (0.13 + 2 tau2): shortest is [0, U], and Q(U) = 0.00393.
/// let set = shortest_q_profile(&[0.1, 1.4], &[0.04, 0.09], 0.05, Width::Tau2)?;
/// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
/// assert_eq!(lower, 0.0);
/// assert!((upper - 214.83).abs() < 0.01);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::TooFewStudies`]; [`Tau2Error::InvalidQuantiles`] for an `alpha` that is not between 0
/// and 1; [`Tau2Error::Overflow`].
pub fn shortest_q_profile(y: &[f64], v: &[f64], alpha: f64, width: Width) -> Result<Tau2Set, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.shortest_q_profile(alpha, width)
}

/// The Sidik-Jonkman interval of tau2: the estimate [`Tau2::SidikJonkman`] as a multiple of a chi-squared variable.
///
/// ```text
/// [ (k-1) tau2_SJ / upper_quantile, (k-1) tau2_SJ / lower_quantile ]      quantiles of chi2(k-1)
/// ```
///
/// That distribution is an approximation for tau2 large against the sampling variances; for small tau2 the interval lies too high, its
/// lower end being positive whatever the data. Empty if all effects are equal, because the estimate is then 0 and no tau2 > 0 is
/// compatible with it. metafor: none.
///
/// Sidik K, Jonkman JN (2005) J R Stat Soc C 54:367-384, doi:10.1111/j.1467-9876.2005.00489.x.
///
/// ```
/// use meta_analysis::tau2::{Tau2Set, sidik_jonkman_interval};
///
/// // Quantiles of chi-squared with 2 degrees of freedom
/// let (high, low) = (-2.0 * 0.025f64.ln(), -2.0 * 0.975f64.ln());
/// // The squared deviations sum to 18: t0 = 18/3 = 6, Q(6) = 18/9 = 2, tau2_SJ = 6 * 2/2 = 6.
/// let set = sidik_jonkman_interval(&[0.0, 3.0, 6.0], &[3.0; 3], high, low)?;
/// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
/// assert!((lower / (12.0 / high) - 1.0).abs() < 1e-12);
/// assert!((upper / (12.0 / low) - 1.0).abs() < 1e-12);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::TooFewStudies`]; [`Tau2Error::InvalidQuantiles`]; [`Tau2Error::Overflow`].
pub fn sidik_jonkman_interval(
    y: &[f64],
    v: &[f64],
    upper_quantile: f64,
    lower_quantile: f64,
) -> Result<Tau2Set, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.sidik_jonkman_interval(upper_quantile, lower_quantile)
}

/// The log-likelihood over a grid of tau2, the mean at its maximum at each: what a plot of the profile shows. Values and constants as in
/// [`log_likelihood`]. metafor: `profile`.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, likelihood_profile, log_likelihood};
///
/// let (y, v) = ([0.1, 0.9, 0.4], [0.04, 0.09, 0.05]);
/// let profile = likelihood_profile(&y, &v, &[0.0, 0.1, 0.2], Likelihood::Full)?;
/// assert_eq!(profile[1], log_likelihood(&y, &v, 0.1, Likelihood::Full)?);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// As [`log_likelihood`], at the first value of the grid that has one.
pub fn likelihood_profile(y: &[f64], v: &[f64], grid: &[f64], likelihood: Likelihood) -> Result<Vec<f64>, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.likelihood_profile(grid, likelihood)
}

/// The full log-likelihood of a mean and a tau2.
///
/// ```text
/// -1/2 [ k log 2pi + sum log(v_i + tau2) + sum (y_i - mean)^2 / (v_i + tau2) ]
/// ```
///
/// Its maximum over the mean is [`log_likelihood`] with [`Likelihood::Full`], reached at the weighted mean.
///
/// Hardy RJ, Thompson SG (1996) Stat Med 15:619-629, doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, Workspace, joint_log_likelihood};
///
/// let (y, v) = ([0.1, 0.9, 0.4], [0.04, 0.09, 0.05]);
/// let mut workspace = Workspace::new();
/// workspace.load(&y, &v)?;
/// let mean = workspace.mean_at(0.1)?.mean;
/// let (joint, profile) = (workspace.joint_log_likelihood(mean, 0.1)?, workspace.log_likelihood(0.1, Likelihood::Full)?);
/// assert!((joint - profile).abs() < 1e-14);
/// assert_eq!(joint_log_likelihood(&y, &v, mean, 0.1)?, joint);
/// assert!(joint_log_likelihood(&y, &v, mean + 0.01, 0.1)? < joint);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`Workspace::load`] reports; [`Tau2Error::NonFiniteMean`]; [`Tau2Error::InvalidTau2`]; [`Tau2Error::ZeroVariance`] at tau2 = 0
/// with a sampling variance of 0; [`Tau2Error::Overflow`].
pub fn joint_log_likelihood(y: &[f64], v: &[f64], mean: f64, tau2: f64) -> Result<f64, Tau2Error> {
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    workspace.joint_log_likelihood(mean, tau2)
}
