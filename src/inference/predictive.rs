//! The distribution that a prediction interval cuts quantiles from.

use super::estimate::quantile;
use crate::num::{bracket, normal, normal_plus_t, student_t};
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
            Self::Mixture { .. } => (self.mixed(x, 1.0), self.mixed(x, -1.0)),
        }
    }

    /// The probability beyond `x` on the side of `sign`: below for 1, above for -1.
    fn mixed(&self, x: f64, sign: f64) -> f64 {
        let Self::Mixture { components, df } = self else { return f64::NAN };
        let part =
            |c: &Component| c.weight * normal_plus_t::cdf(sign * (x - c.mu), c.sigma, c.scale, *df, c.weight.abs());
        components.iter().map(part).sum::<f64>().clamp(0.0, 1.0)
    }

    /// The effect below which lies `tail` of the distribution, for `sign` 1, or above which, for -1.
    pub(crate) fn quantile(&self, tail: f64, sign: f64) -> f64 {
        match self {
            Self::Pivot { mu, sd, df } => mu - sign * quantile(1.0 - 2.0 * tail, *df) * sd,
            Self::Mixture { .. } => self.mixture_quantile(tail, sign),
        }
    }

    /// The median.
    pub(crate) fn median(&self) -> f64 {
        match self {
            Self::Pivot { mu, .. } => *mu,
            Self::Mixture { .. } => self.mixture_quantile(0.5, 1.0),
        }
    }

    fn mixture_quantile(&self, tail: f64, sign: f64) -> f64 {
        let Self::Mixture { components, .. } = self else { return f64::NAN };
        let heaviest = components.iter().max_by(|a, b| a.weight.total_cmp(&b.weight));
        let Some(first) = heaviest else { return f64::NAN };
        // Positive where more than `tail` lies beyond; in logarithms a tail is nearly straight.
        let excess = |x: f64| {
            let value = (self.mixed(x, sign).max(f64::MIN_POSITIVE) / tail).ln();
            // Below that it is rounding, and further steps would only be noise.
            if value.abs() < 1e-14 { 0.0 } else { value }
        };
        let (start, step) = (first.mu, first.sigma.hypot(first.scale));
        let at_start = excess(start);
        let outwards = if at_start > 0.0 { -sign } else { sign };
        let (mut near, mut step) = ((start, at_start), step);
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
}
