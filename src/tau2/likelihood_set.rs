//! The profile-likelihood confidence set of tau2, with every piece of it.
//!
//! The search of `search.rs` finds every local maximum, and shows that there are no others. Between two neighbouring maxima the score
//! changes sign once, from minus to plus, so the likelihood is monotone on each side of that valley, as it is below the first maximum
//! and above the last. On each monotone stretch it crosses the height of the set at most once, and the heights at the two ends of the
//! stretch tell whether it does: no piece of the set can be missed, and every end is a bracketed root.

use super::prepare::Unit;
use super::profile::{Likelihood, LogTerms, Profile};
use super::search::{self, Mode, Scratch};
use super::{Tau2Error, Workspace, need_studies};
use crate::num::root::log_newton;
use serde::{Deserialize, Serialize};

/// A set of values of tau2 in one or more pieces: closed intervals in ascending order that do not touch.
///
/// ```
/// use meta_analysis::tau2::{Likelihood, profile_likelihood_set};
///
/// let drop = 3.841_458_820_694_124; // chi-squared quantile at 0.95 with 1 df
/// let set = profile_likelihood_set(&[-2.0, 0.0, 2.0], &[0.1; 3], Likelihood::Full, drop)?;
/// assert!(set.is_connected());
/// // Equal variances: with r = (8/3) / (0.1 + tau2) the deviance is 3 (r - 1 - ln r), and r = 1 at the maximum.
/// assert!(set.contains(8.0 / 3.0 - 0.1));
/// let (lower, upper) = set.hull();
/// for end in [lower, upper] {
///     let r = 8.0 / 3.0 / (0.1 + end);
///     assert!((3.0 * (r - 1.0 - r.ln()) - drop).abs() < 1e-12);
/// }
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikelihoodSet {
    pieces: Vec<(f64, f64)>,
}

impl LikelihoodSet {
    /// The pieces, in ascending order; at least one.
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, profile_likelihood_set};
    ///
    /// # let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
    /// # let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
    /// // A likelihood with two maxima, tau2 = 0 and tau2 = 0.0497; y and v as in `profile_likelihood_set`
    /// let set = profile_likelihood_set(&y, &v, Likelihood::Restricted, 0.081)?;
    /// // metafor 3.8: where logLik of rma(y, v, tau2 = ...) is 0.081/2 below its maximum
    /// let &[(zero, a), (b, c)] = set.pieces() else { panic!("two pieces") };
    /// assert!(zero == 0.0 && (a - 0.000_847_201).abs() < 1e-8);
    /// assert!((b - 0.006_345_721).abs() < 1e-8 && (c - 0.092_114_773).abs() < 1e-8);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn pieces(&self) -> &[(f64, f64)] {
        &self.pieces
    }

    /// The smallest interval around the set, which may hold values that are not in the set.
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, profile_likelihood_set};
    ///
    /// # let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
    /// # let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
    /// // A likelihood with two maxima, tau2 = 0 and tau2 = 0.0497; y and v as in `profile_likelihood_set`
    /// let set = profile_likelihood_set(&y, &v, Likelihood::Restricted, 0.081)?;
    /// let (lower, upper) = set.hull();
    /// assert!(lower == 0.0 && (upper - 0.092_114_773).abs() < 1e-8);
    /// assert!(!set.contains(0.003)); // in the gap
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn hull(&self) -> (f64, f64) {
        let lower = self.pieces.first().map_or(0.0, |piece| piece.0);
        let upper = self.pieces.last().map_or(0.0, |piece| piece.1);
        (lower, upper)
    }

    /// Whether the set is an interval.
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, profile_likelihood_set};
    ///
    /// # let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
    /// # let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
    /// // A likelihood with two maxima, tau2 = 0 and tau2 = 0.0497; y and v as in `profile_likelihood_set`
    /// let set = profile_likelihood_set(&y, &v, Likelihood::Restricted, 0.081)?;
    /// assert!(!set.is_connected() && set.pieces().len() == 2);
    /// // The valley at 0.0034 has a deviance of 0.0831.
    /// let set = profile_likelihood_set(&y, &v, Likelihood::Restricted, 0.084)?;
    /// assert!(set.is_connected() && set.pieces().len() == 1);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.pieces.len() == 1
    }

    /// Whether `tau2` is in the set.
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, profile_likelihood_set};
    ///
    /// # let y = [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508];
    /// # let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
    /// // A likelihood with two maxima, tau2 = 0 and tau2 = 0.0497; y and v as in `profile_likelihood_set`
    /// let set = profile_likelihood_set(&y, &v, Likelihood::Restricted, 0.081)?;
    /// // The pieces end at 0.000847, and reach from 0.00635 to 0.0921.
    /// let found = [0.0008, 0.0009, 0.0063, 0.0064, 0.0921, 0.0922].map(|tau2| set.contains(tau2));
    /// assert_eq!(found, [true, false, false, true, true, false]);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn contains(&self, tau2: f64) -> bool {
        self.pieces.iter().any(|&(lower, upper)| lower <= tau2 && tau2 <= upper)
    }
}

impl Workspace {
    /// The profile-likelihood confidence set of tau2 for the loaded studies. See
    /// [`profile_likelihood_set`](super::profile_likelihood_set).
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: with r = 4 / (1 + tau2) the deviance is 2 (r - 1 - ln r), and tau2 = 1 has r = 2.
    /// let set = workspace.profile_likelihood_set(Likelihood::Restricted, 2.0 * (1.0 - 2.0_f64.ln()))?;
    /// assert!((set.hull().0 - 1.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`profile_likelihood_set`](super::profile_likelihood_set).
    pub fn profile_likelihood_set(&mut self, likelihood: Likelihood, drop: f64) -> Result<LikelihoodSet, Tau2Error> {
        if !(drop >= 0.0 && drop.is_finite()) {
            return Err(Tau2Error::InvalidQuantiles { lower: drop, upper: drop });
        }
        let (mut profile, scratch, unit) = self.profile()?;
        need_studies(profile.k, 2)?;
        set(&mut profile, likelihood, drop, scratch, unit)
    }
}

/// All tau2 whose deviance from the global maximum is at most `drop`.
fn set<P: Profile>(
    profile: &mut P,
    likelihood: Likelihood,
    drop: f64,
    scratch: &mut Scratch,
    unit: Unit,
) -> Result<LikelihoodSet, Tau2Error> {
    if profile.unbounded(likelihood) {
        return Err(Tau2Error::UnboundedLikelihood);
    }
    search::modes(profile, likelihood, scratch);
    let mut depth = Depth::new(profile, likelihood, drop, &scratch.modes).ok_or(Tau2Error::Overflow)?;
    let start = depth.profile.axis().start;
    let (mut pieces, mut open, mut left) = (Vec::new(), None, start);
    for (i, mode) in scratch.modes.iter().enumerate() {
        let top = mode.point.s;
        let next = scratch.modes.get(i + 1).map(|next| depth.valley(mode, next));
        // A piece that reached over the last valley goes on, whatever rounding says about the top.
        if open.is_some() || depth.at(top) <= 0.0 {
            let lower = open.take().unwrap_or_else(|| depth.rise(left, top));
            match next {
                Some(valley) if depth.at(valley) <= 0.0 => open = Some(lower),
                Some(valley) => pieces.push((lower, depth.fall(top, valley))),
                None => pieces.push((lower, depth.last_fall(top)?)),
            }
        }
        left = next.unwrap_or(top);
    }
    let axis = depth.profile.axis();
    let grown = |s: f64| unit.grow_square(axis.tau2(s));
    let pieces: Vec<(f64, f64)> = pieces.into_iter().map(|(lower, upper)| (grown(lower), grown(upper))).collect();
    if pieces.iter().all(|piece| piece.1.is_finite()) { Ok(LikelihoodSet { pieces }) } else { Err(Tau2Error::Overflow) }
}

/// How far below the height of the set the likelihood lies: `2 (l_max - l(s)) - drop`, which is not positive inside the set.
struct Depth<'a, P> {
    profile: &'a mut P,
    likelihood: Likelihood,
    drop: f64,
    best: LogTerms,
}

/// Twice the log-likelihood of `best` minus that of `terms`.
fn deviance(best: &LogTerms, terms: &LogTerms) -> f64 {
    terms.log.ln_ratio(best.log) + (terms.q - best.q)
}

impl<'a, P: Profile> Depth<'a, P> {
    fn new(profile: &'a mut P, likelihood: Likelihood, drop: f64, modes: &[Mode]) -> Option<Self> {
        let terms: Vec<LogTerms> = modes.iter().map(|mode| profile.log_terms(mode.point.s, likelihood)).collect();
        let best = terms.into_iter().reduce(|best, terms| if deviance(&best, &terms) < 0.0 { terms } else { best })?;
        Some(Self { profile, likelihood, drop, best })
    }

    fn at(&mut self, s: f64) -> f64 {
        deviance(&self.best, &self.profile.log_terms(s, self.likelihood)) - self.drop
    }

    /// The depth and its slope in `log s`.
    fn with_slope(&mut self, s: f64) -> (f64, f64) {
        let point = self.likelihood.point(&self.profile.at(s));
        (self.at(s), point.g - point.f)
    }

    /// The lowest point between two neighbouring maxima, where the score goes from minus to plus.
    fn valley(&mut self, before: &Mode, after: &Mode) -> f64 {
        let (mut falling, mut rising) = (before.upper, after.lower);
        loop {
            let middle = falling.sqrt() * rising.sqrt();
            if !(falling < middle && middle < rising) {
                return falling;
            }
            let point = self.likelihood.point(&self.profile.at(middle));
            if point.f > point.g { rising = middle } else { falling = middle }
        }
    }

    /// Where the likelihood, rising from `foot` to `top`, enters the set; `foot` if it is there already.
    fn rise(&mut self, foot: f64, top: f64) -> f64 {
        if self.at(foot) <= 0.0 {
            return foot;
        }
        log_newton(foot, top, self.guess(top, foot), |s| {
            let (depth, slope) = self.with_slope(s);
            (s, depth, slope)
        })
        .at
    }

    /// Where the likelihood, falling from `top` to `foot`, leaves the set.
    fn fall(&mut self, top: f64, foot: f64) -> f64 {
        log_newton(top, foot, self.guess(top, foot), |s| {
            let (depth, slope) = self.with_slope(s);
            (s, -depth, -slope)
        })
        .at
    }

    /// Where the likelihood leaves the set for good: beyond the last maximum it falls like `-df/2 log s`.
    fn last_fall(&mut self, top: f64) -> Result<f64, Tau2Error> {
        let (mut foot, mut factor) = (2.0 * top, 2.0);
        while foot.is_finite() {
            if self.at(foot) > 0.0 {
                return Ok(self.fall(top, foot));
            }
            factor *= factor;
            foot *= factor;
        }
        Err(Tau2Error::Overflow)
    }

    /// Where a parabola through the top would leave the set, if that is before the foot.
    fn guess(&mut self, top: f64, foot: f64) -> f64 {
        let point = self.likelihood.point(&self.profile.at(top));
        let width = (self.drop * 2.0 / point.g_slope).sqrt();
        let guess = if top < foot { top * (1.0 + width) } else { top / (1.0 + width) };
        let inside = top.min(foot) < guess && guess < top.max(foot);
        if inside { guess } else { top.sqrt() * foot.sqrt() }
    }
}
