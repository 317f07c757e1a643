//! The distribution that a prediction interval cuts quantiles from.

use super::estimate::quantile;
use crate::num::normal_plus_t::NormalPlusT;
use crate::num::{bracket, normal, student_t};
use crate::tau2::{JointPosterior, PosteriorPoint};
use serde::{Deserialize, Serialize};

/// The predictive distribution of the effect of a new study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Predictive {
    /// `mu + sd T`, with a t (or normal) variable.
    Pivot { mu: f64, sd: f64, df: Option<f64> },
    /// `mu_i + sigma_i Z + scale_i T` with probability `weight_i`.
    Mixture { components: Vec<Component>, df: f64 },
}

/// One part of a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Component {
    pub(crate) weight: f64,
    pub(crate) mu: f64,
    pub(crate) sigma: f64,
    pub(crate) scale: f64,
}

impl Predictive {
    /// The posterior of the mean.
    pub(crate) fn mean_of(posterior: &JointPosterior) -> Self {
        Self::of_posterior(posterior, |point| point.sd)
    }

    /// The posterior of what a new study of this sampling variance observes; 0: of its true effect.
    pub(crate) fn new_effect_of(posterior: &JointPosterior, sampling_variance: f64) -> Self {
        let own = sampling_variance.sqrt();
        Self::of_posterior(posterior, |point| point.tau.hypot(own).hypot(point.sd))
    }

    fn of_posterior(posterior: &JointPosterior, sigma: impl Fn(&PosteriorPoint) -> f64) -> Self {
        let part = |p: PosteriorPoint| Component { weight: p.share, mu: p.mean, sigma: sigma(&p), scale: 0.0 };
        Self::Mixture { components: posterior.points().map(part).collect(), df: 1.0 }
    }

    /// The probabilities of a smaller and of a greater effect than `x`; of a pivot each accurate where it is small, of a mixture to 1e-14.
    pub(crate) fn tails(&self, x: f64) -> (f64, f64) {
        match self {
            Self::Pivot { mu, sd, df } => {
                let z = (x - mu) / sd;
                // All effects are mu exactly.
                let z = if z.is_nan() { 0.0 } else { z };
                match df {
                    Some(df) => (student_t::cdf(z, *df), student_t::sf(z, *df)),
                    None => (normal::cdf(z), normal::sf(z)),
                }
            }
            Self::Mixture { components, df } => {
                let law = NormalPlusT::new(*df);
                (mixed(components, &law, x, 1.0), mixed(components, &law, x, -1.0))
            }
        }
    }

    /// The effect below which lies `tail` of the distribution, for `sign` 1, or above which, for -1.
    pub(crate) fn quantile(&self, tail: f64, sign: f64) -> f64 {
        match self {
            Self::Pivot { mu, sd, df } => mu - sign * quantile(1.0 - 2.0 * tail, *df) * sd,
            Self::Mixture { components, df } => mixture_quantile(components, *df, tail, sign),
        }
    }

    /// Lower limit, median and upper limit of the middle `level` of the distribution. At a level below the rounding of a quantile the
    /// three are one number but for their last digits, which are put in order.
    pub(crate) fn central(&self, level: f64) -> [f64; 3] {
        let tail = 0.5 * (1.0 - level);
        let mut limits = [self.quantile(tail, 1.0), self.median(), self.quantile(tail, -1.0)];
        limits.sort_by(f64::total_cmp);
        limits
    }

    /// The median.
    fn median(&self) -> f64 {
        match self {
            Self::Pivot { mu, .. } => *mu,
            Self::Mixture { components, df } => mixture_quantile(components, *df, 0.5, 1.0),
        }
    }
}

/// The probability beyond `x` on the side of `sign`: below for 1, above for -1.
fn mixed(components: &[Component], law: &NormalPlusT, x: f64, sign: f64) -> f64 {
    let part = |c: &Component| c.weight * law.cdf(sign * (x - c.mu), c.sigma, c.scale, c.weight.abs());
    components.iter().map(part).sum::<f64>().clamp(0.0, 1.0)
}

/// Logarithm of the probability beyond `x` relative to `tail`; in logarithms a tail is nearly straight. Below `noise` it is 0: further
/// steps would only be noise.
fn excess(components: &[Component], law: &NormalPlusT, (x, sign): (f64, f64), tail: f64, noise: f64) -> f64 {
    let value = (mixed(components, law, x, sign).max(f64::MIN_POSITIVE) / tail).ln();
    if value.abs() < noise { 0.0 } else { value }
}

/// See [`Predictive::quantile`]. The root for the components that matter, roughly, and then a few secants for all of them.
fn mixture_quantile(components: &[Component], df: f64, tail: f64, sign: f64) -> f64 {
    let main: Vec<Component> = components.iter().copied().filter(|c| c.weight.abs() > 1e-5 * tail).collect();
    let rough_law = NormalPlusT::rough(df);
    let rough = bracketed_root(&main, sign, |x| excess(&main, &rough_law, (x, sign), tail, 1e-7));
    let law = NormalPlusT::new(df);
    let exact = |x: f64| excess(components, &law, (x, sign), tail, 1e-14);
    let spread = main.iter().map(|c| c.sigma.hypot(c.scale)).fold(f64::INFINITY, f64::min);
    let nudge = 1e-3 * spread.max(f64::EPSILON * rough.abs() * 1e6);
    let slope = {
        let at = |x: f64| excess(&main, &rough_law, (x, sign), tail, 0.0);
        (at(rough + nudge) - at(rough - nudge)) / (2.0 * nudge)
    };
    let mut last = (rough, exact(rough));
    let mut step = -last.1 / slope;
    for _ in 0..SECANTS {
        let x = last.0 + step;
        // The nearest double has been reached.
        if last.1.abs() <= 0.0 || !(x.is_finite() && (x - last.0).abs() > 0.0) {
            break;
        }
        let now = (x, exact(x));
        if now.1.abs() >= last.1.abs() {
            break;
        }
        step = -now.1 * (now.0 - last.0) / (now.1 - last.1);
        last = now;
    }
    if last.1.abs() < 1e-13 { last.0 } else { bracketed_root(components, sign, exact) }
}

/// Steps of the secant method at most: each has as many digits as the two before it together.
const SECANTS: usize = 6;

/// The root of a function that rises with `sign x`, sought outwards from the heaviest component.
fn bracketed_root(components: &[Component], sign: f64, excess: impl Fn(f64) -> f64) -> f64 {
    let heaviest = components.iter().max_by(|a, b| a.weight.total_cmp(&b.weight));
    let Some(first) = heaviest else { return f64::NAN };
    let (start, mut step) = (first.mu, first.sigma.hypot(first.scale));
    let at_start = excess(start);
    let mut near = (start, at_start);
    let outwards = if at_start > 0.0 { -sign } else { sign };
    loop {
        let x = near.0 + outwards * step;
        if !x.is_finite() {
            return x;
        }
        let at = excess(x);
        if (at > 0.0) != (at_start > 0.0) {
            return bracket::root(near, (x, at), excess);
        }
        near = (x, at);
        step *= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::effort::{at_most, mean};
    use crate::tau2::{Prior, TauPrior, Workspace};

    /// The components that matter give the place, all of them a few more steps: a wrong choice of them shows in the number of steps only.
    #[test]
    fn a_quantile_takes_few_evaluations_of_all_components() {
        let mut workspace = Workspace::new();
        workspace.load(&[0.1, 0.5, -0.2, 0.9, 0.3, 1.4], &[0.04, 0.09, 0.03, 0.1, 0.05, 0.2]).expect("sound data");
        let posterior = workspace.posterior(Prior::new(TauPrior::HalfNormal { scale: 0.5 })).expect("a posterior");
        let new = Predictive::new_effect_of(&posterior, 0.0);
        let found = mean([0.3, 0.1, 0.025, 1e-3, 1e-6, 1e-12], |tail| new.quantile(tail, -1.0));
        at_most(&[("quantile of a mixture", 4.2, found)]);
    }
}
