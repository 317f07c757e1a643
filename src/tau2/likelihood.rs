//! Maximum likelihood and restricted maximum likelihood: the score, the comparison of modes, the log-likelihood itself.

use super::prepare::Unit;
use super::profile::{Likelihood, LogTerms, Profile, Studies, Sums};
use super::search::{self, Mode, Point, Scratch};
use super::{Solved, Tau2Error, Tau2Fit, need_studies, penalised, single_mode};
use serde::{Deserialize, Serialize};

/// `log 2 pi`
pub(super) const LN_2PI: f64 = 1.837_877_066_409_345_5;

/// One local maximum of a likelihood.
///
/// ```
/// use meta_analysis::tau2::{Tau2, estimate};
///
/// let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
/// let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
/// let certificate = estimate(&y, &v, Tau2::Reml)?.certificate.expect("REML has one");
/// let [lower, upper] = certificate.maxima[..] else { panic!("two maxima") };
/// // metafor 3.8: logLik of rma(y, v, tau2 = 0) and rma(y, v, tau2 = 0.049655)
/// assert!(lower.tau2 == 0.0 && (lower.log_likelihood + 3.272_994_227).abs() < 1e-9);
/// assert!((upper.tau2 - 0.049_655).abs() < 1e-6 && (upper.log_likelihood + 3.233_400_859).abs() < 1e-9);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalMaximum {
    /// Its tau2.
    pub tau2: f64,
    /// The log-likelihood there, constants included (see [`log_likelihood`](super::log_likelihood)); of a
    /// [`Bayes mode`](super::Tau2::BayesMode) with its penalty `log tau` added.
    pub log_likelihood: f64,
}

/// The proof that a (restricted) maximum-likelihood estimate is the global maximum, and what else there was.
///
/// Every tau2 at which the score can vanish is covered with intervals on each of which the score was shown to have no root, or at most
/// one, by inequalities that hold for all likelihoods of this form and carry a margin for rounding. Usually two or three intervals
/// that meet at the estimate will do; where they do not, the intervals are halved until each is decided.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, Tau2, estimate, log_likelihood};
///
/// // Two precise studies that agree and two imprecise ones far apart: the likelihood has a maximum for either pair.
/// let (y, v) = ([0.0, 0.0, 10.0, -10.0], [0.01, 0.01, 10.0, 10.0]);
/// let fit = estimate(&y, &v, Tau2::Reml)?;
/// let certificate = fit.certificate.expect("REML has one");
/// assert!(certificate.maxima.len() == 2 && certificate.maxima[0].tau2 == 0.0 && certificate.gap > Some(0.0));
/// assert!((fit.tau2 - 50.868_979_893_932).abs() < 1e-11);
/// assert!(certificate.bracket.0 <= fit.tau2 && fit.tau2 <= certificate.bracket.1);
/// assert!(certificate.residual < 1e-12 && !certificate.tie);
/// // No other tau2 is better.
/// let at = |tau2| log_likelihood(&y, &v, tau2, Likelihood::Restricted);
/// for tau2 in [0.0, 1e-4, 0.01, 1.0, 10.0, 50.0, 100.0] {
///     assert!(at(tau2)? <= at(fit.tau2)?);
/// }
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Certificate {
    /// All local maxima, in ascending order of tau2; tau2 = 0 is among them if the score there is not positive.
    pub maxima: Vec<LocalMaximum>,
    /// Log-likelihood of the global maximum minus that of the next best local maximum; `None` if there is only one.
    pub gap: Option<f64>,
    /// Whether the gap is too small to tell from rounding. The larger tau2 is then the one returned.
    pub tie: bool,
    /// Whether there is only one local maximum.
    pub unimodal: bool,
    /// Evaluations of the score.
    pub evaluations: u32,
    /// The narrowest tau2 interval around the estimate at whose ends the score was seen positive (left) and not positive (right; or,
    /// where no such point was evaluated, a tau2 from which on no score is positive); `[0, 0]` if the estimate is 0.
    pub bracket: (f64, f64),
    /// `|f - g| / g` at the estimate, where the score is `(f - g)/2` with `f = y'P^2y` (and, of a Bayes mode, what is left of the penalty); 0 if the estimate
    /// is 0.
    pub residual: f64,
}

impl Likelihood {
    /// The score's two halves and their slopes.
    pub(super) fn point(self, sums: &Sums) -> Point {
        let (g, g_slope) = match self {
            Self::Restricted => (sums.trace, sums.trace_sq),
            Self::Full => (sums.weight, sums.weight_sq),
        };
        Point { s: sums.s, q: sums.q, f: sums.f, f_slope: sums.f_slope, g, g_slope }
    }
}

impl LogTerms {
    /// With `log tau` added to the log-likelihood.
    fn with_log_tau(mut self, tau2: f64) -> Self {
        self.log.divide(tau2);
        self
    }

    /// Twice the log-likelihood of `self` minus that of `other`.
    pub(super) fn twice_gain_over(&self, other: &Self) -> f64 {
        other.log.ln_ratio(self.log) + (other.q - self.q)
    }
}

/// Chosen mode, its lead over the runner-up and whether that lead is only rounding.
#[derive(Clone, Copy, Debug)]
struct Choice {
    index: usize,
    gap: Option<f64>,
    tie: bool,
}

/// The best of the modes, which are in ascending order of tau2; `terms` gives the log terms of each.
fn choose(k: usize, modes: &[Mode], mut terms: impl FnMut(&Mode) -> LogTerms) -> Choice {
    let mut choice = Choice { index: 0, gap: None, tie: false };
    let Some((first, rest)) = modes.split_first() else {
        return choice;
    };
    if rest.is_empty() {
        return choice;
    }
    let mut best = terms(first);
    for (index, mode) in rest.iter().enumerate() {
        let own = terms(mode);
        let gain = 0.5 * own.twice_gain_over(&best);
        let noise = rounding_of_gain(k, &own, &best);
        let wins = gain >= -noise;
        let (gap, tie) = (gain.abs(), gain.abs() <= noise);
        if wins {
            choice = Choice { index: index + 1, gap: Some(gap), tie };
            best = own;
        } else if choice.gap.is_none_or(|least| gap < least) {
            choice.gap = Some(gap);
            choice.tie = tie;
        }
    }
    choice
}

/// A bound for the rounding error of half the difference of two sets of log terms.
fn rounding_of_gain(k: usize, a: &LogTerms, b: &LogTerms) -> f64 {
    let logs = a.log.ln_ratio(b.log).abs();
    4.0 * f64::EPSILON * (k as f64 + a.q + b.q + logs)
}

/// Restricted maximum likelihood or maximum likelihood.
pub(super) fn fit<P: Profile>(
    profile: &mut P,
    likelihood: Likelihood,
    unit: Unit,
    scratch: &mut Scratch,
    certify: bool,
) -> Result<Tau2Fit, Tau2Error> {
    if profile.unbounded(likelihood) {
        return Err(Tau2Error::UnboundedLikelihood);
    }
    let (only, mut evaluations) = single_mode::find(profile, likelihood);
    if only.is_none() {
        evaluations += search::modes(profile, likelihood, scratch);
    }
    let modes = only.as_ref().map_or(scratch.modes.as_slice(), core::slice::from_ref);
    let choice = choose(profile.studies(), modes, |mode| profile.log_terms(mode.point.s, likelihood));
    (scratch.maxima, scratch.tie) = (modes.len(), choice.tie);
    let Some(mode) = modes.get(choice.index) else {
        return Err(Tau2Error::Overflow);
    };
    let point = mode.point;
    // Expected information: tr P^2 / 2 (restricted) or sum w^2 / 2 (full).
    let se = point.s * (2.0 / point.g_slope).sqrt();
    let solved = Solved::new(profile.axis().tau2(point.s), Some(se), evaluations);
    let mut fit = solved.into_fit(unit)?;
    if certify {
        let axis = profile.axis();
        let height = |s| log_likelihood_at(profile, unit, s, likelihood);
        let tau2 = |s| unit.grow_square(axis.tau2(s));
        fit.certificate = Some(certificate(modes, &choice, evaluations, tau2, height));
    }
    Ok(fit)
}

/// The Bayes mode: the maximum of the log-likelihood plus `log tau`.
///
/// With one contrast the penalised restricted likelihood rises forever, so it needs two.
pub(super) fn bayes_mode<P: Studies>(
    profile: &mut P,
    likelihood: Likelihood,
    unit: Unit,
    scratch: &mut Scratch,
    certify: bool,
) -> Result<Tau2Fit, Tau2Error> {
    if likelihood == Likelihood::Restricted {
        need_studies(profile.studies(), profile.coefficients() + 2)?;
    }
    if profile.unbounded(likelihood) {
        return Err(Tau2Error::UnboundedLikelihood);
    }
    let evaluations = penalised::modes(profile, likelihood, scratch);
    let axis = profile.axis();
    let choice = choose(profile.studies(), &scratch.modes, |mode| {
        let tau2 = mode.point.s;
        profile.log_terms(axis.s(tau2), likelihood).with_log_tau(tau2)
    });
    let Some(mode) = scratch.modes.get(choice.index) else {
        return Err(Tau2Error::Overflow);
    };
    let mut fit = Solved::new(mode.point.s, None, evaluations).into_fit(unit)?;
    if certify {
        let height =
            |tau2: f64| log_likelihood_at(profile, unit, axis.s(tau2), likelihood) + 0.5 * tau2.ln() + unit.ln();
        let tau2 = |x| unit.grow_square(x);
        fit.certificate = Some(certificate(&scratch.modes, &choice, evaluations, tau2, height));
    }
    Ok(fit)
}

/// `tau2`: in the user's unit, from where a point is placed; `height`: what is maximised there.
fn certificate(
    modes: &[Mode],
    choice: &Choice,
    evaluations: u32,
    tau2: impl Fn(f64) -> f64,
    mut height: impl FnMut(f64) -> f64,
) -> Certificate {
    let maximum = |mode: &Mode| LocalMaximum { tau2: tau2(mode.point.s), log_likelihood: height(mode.point.s) };
    let maxima: Vec<LocalMaximum> = modes.iter().map(maximum).collect();
    let (bracket, residual) = modes.get(choice.index).map_or(((0.0, 0.0), 0.0), |mode| {
        let point = mode.point;
        let interior = tau2(point.s) > 0.0;
        let residual = if interior { ((point.f - point.g) / point.g).abs() } else { 0.0 };
        ((tau2(mode.lower), tau2(mode.upper)), residual)
    });
    Certificate {
        unimodal: maxima.len() == 1,
        maxima,
        gap: choice.gap,
        tie: choice.tie,
        evaluations,
        bracket,
        residual,
    }
}

/// The log-likelihood at an `s`, constants included, in the user's unit.
fn log_likelihood_at<P: Profile>(profile: &mut P, unit: Unit, s: f64, likelihood: Likelihood) -> f64 {
    let contrasts = match likelihood {
        Likelihood::Restricted => profile.df(),
        Likelihood::Full => profile.studies() as f64,
    };
    let terms = profile.log_terms(s, likelihood);
    -0.5 * (contrasts * (LN_2PI + 2.0 * unit.ln()) + terms.log.ln() + terms.q)
}

/// The log-likelihood at a tau2 given in the user's unit.
pub(super) fn log_likelihood<P: Profile>(
    profile: &mut P,
    unit: Unit,
    tau2: f64,
    likelihood: Likelihood,
) -> Result<f64, Tau2Error> {
    let s = super::scaled_s(profile, unit, tau2)?;
    if let Some(index) = profile.first_zero()
        && s <= profile.axis().start
        && !profile.finite_at_zero(likelihood)
    {
        return Err(Tau2Error::ZeroVariance { index });
    }
    let value = log_likelihood_at(profile, unit, s, likelihood);
    if value.is_finite() { Ok(value) } else { Err(Tau2Error::Overflow) }
}
