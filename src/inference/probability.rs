//! How probable it is that a new study's true effect lies beyond a bound.

use crate::error::{ErrorKind, Result};
use crate::num::format::percent;
use crate::num::normal;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// A value of the effect, on a scale that is said.
///
/// ```
/// use meta_analysis::Threshold;
/// // Any benefit, and a benefit worth having, for an odds ratio
/// let (any, relevant) = (Threshold::Natural(1.0), Threshold::Natural(1.2));
/// assert_ne!(any, relevant);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Threshold {
    /// On the analysis scale: a log odds ratio, a logit.
    Analysis(f64),
    /// On the natural scale: an odds ratio, a proportion.
    Natural(f64),
}

impl Threshold {
    /// The value on the analysis scale.
    pub(crate) fn on(self, scale: Scale) -> Result<f64> {
        let (value, found) = match self {
            Self::Analysis(value) => (value, value.is_finite().then_some(value)),
            Self::Natural(value) => (value, scale.to_analysis(value)),
        };
        let (lower, upper) = match self {
            Self::Analysis(_) => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Natural(_) => scale.support(),
        };
        found.ok_or_else(|| ErrorKind::OutsideSupport { field: "threshold", value, lower, upper }.into())
    }
}

/// The share of true effects beyond a threshold, with an interval, and the predictive probability for a new study.
///
/// Made by [`Pooled::probability_above`](crate::Pooled::probability_above) and
/// [`Pooled::probability_below`](crate::Pooled::probability_below).
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Threshold};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let found = fit.probability_above(Threshold::Analysis(3.0 - 3.0_f64.sqrt()))?;
/// assert!((found.share - 0.841_344_746_068_543).abs() < 1e-13); // Phi(1)
/// // t with 2 df at 3/sqrt(13)
/// assert!((found.predictive - (0.5 + 1.5 / 35.0_f64.sqrt())).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProbabilityBeyond {
    /// The threshold on the analysis scale.
    pub threshold: f64,
    /// Whether effects above it are meant.
    pub above: bool,
    /// Estimated share of the true effects beyond the threshold, mean and tau2 taken at their estimates.
    pub share: f64,
    /// Its standard error by the delta method; `None` where tau2 is estimated as 0 or has no standard error.
    pub se: Option<f64>,
    /// Its interval at this level, within 0 and 1: `share -+ z se`, or the percentiles of the bootstrap.
    pub interval: Option<(f64, f64)>,
    /// Level of the interval.
    pub level: f64,
    /// Probability that the true effect of one new study lies beyond the threshold, which also counts how uncertain the
    /// mean (and, by the method, tau2) is; nearer to one half than the share.
    pub predictive: f64,
}

impl ProbabilityBeyond {
    /// The share by mean `mu` and `tau2`, `sign` 1 for above and -1 for below. With tau2 = 0 all effects are `mu`.
    pub(crate) fn share_beyond(threshold: f64, mu: f64, tau2: f64, sign: f64) -> f64 {
        let distance = sign * (mu - threshold);
        if tau2 > 0.0 {
            return normal::cdf(distance / tau2.sqrt());
        }
        if distance > 0.0 { 1.0 } else { 0.0 }
    }

    /// `se_mu`, `se_tau2`: standard errors of mean and tau2, taken as independent.
    pub(crate) fn delta(
        (threshold, above): (f64, bool),
        (mu, se_mu): (f64, f64),
        (tau2, se_tau2): (f64, Option<f64>),
        level: f64,
        predictive: f64,
    ) -> Self {
        let sign = if above { 1.0 } else { -1.0 };
        let share = Self::share_beyond(threshold, mu, tau2, sign);
        let se = se_tau2.filter(|_| tau2 > 0.0).map(|se_tau2| {
            let z = (mu - threshold) / tau2.sqrt();
            normal::pdf(z) * (se_mu / tau2.sqrt()).hypot(0.5 * z * (se_tau2 / tau2))
        });
        let se = se.filter(|se| se.is_finite());
        let half = normal::quantile_upper(0.5 * (1.0 - level));
        let interval = se.map(|se| ((share - half * se).max(0.0), (share + half * se).min(1.0)));
        Self { threshold, above, share, se, interval, level, predictive }
    }

    /// The same with another interval, and no standard error.
    pub(crate) fn with_interval(self, interval: (f64, f64)) -> Self {
        Self { se: None, interval: Some(interval), ..self }
    }
}

impl std::fmt::Display for ProbabilityBeyond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", percent(self.share))?;
        if let Some((lower, upper)) = self.interval {
            write!(f, " [{}, {}]", percent(lower), percent(upper))?;
        }
        write!(f, " of true effects, {} for a new study", percent(self.predictive))
    }
}
