//! What is believed of tau and of the mean before the data are seen.

use super::Tau2Error;
use super::prepare::Unit;
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_2_PI, PI};

/// A prior distribution of tau, the standard deviation of the true effects.
///
/// Scales are in the unit of the effects (analysis scale): for log odds ratios half-normal with scale 0.5 or 1 is usual, Röver et al.
/// 2021, Res Synth Methods 12:448, doi 10.1002/jrsm.1475.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, TauPrior};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// // With u = 1/(1 + tau^2) Jeffreys' prior is proportional to du/u and the posterior to exp(-4 u), 0 < u < 1.
/// let u = -0.25 * (0.5 * (1.0 + (-4.0_f64).exp())).ln();
/// let tau = fit.bayesian(TauPrior::Jeffreys)?.tau();
/// assert!((tau.median - (1.0 / u - 1.0).sqrt()).abs() < 1e-8);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TauPrior {
    /// The absolute value of a normal variable: `p(tau) = sqrt(2/pi) / scale exp(-tau^2 / (2 scale^2))`. bayesmeta: `dhalfnormal`.
    HalfNormal {
        /// Standard deviation of the normal variable.
        scale: f64,
    },
    /// The absolute value of a Cauchy variable: `p(tau) = 2 / (pi scale (1 + (tau/scale)^2))`. Gelman 2006, Bayesian Anal 1:515,
    /// doi 10.1214/06-BA117A. bayesmeta: `dhalfcauchy`.
    HalfCauchy {
        /// Its median.
        scale: f64,
    },
    /// `ln tau2 ~ N(mean, sd^2)`, the form in which priors from many published meta-analyses are given for log odds ratios. Turner et
    /// al. 2012, Int J Epidemiol 41:818, doi 10.1093/ije/dys041; 2015, Stat Med 34:984, doi 10.1002/sim.6381. bayesmeta:
    /// `TurnerEtAlPrior` (which is for tau: `mean/2`, `sd/2`).
    LogNormalTau2 {
        /// Mean of `ln tau2`; effects in another unit, times `a`, need `2 ln a` more.
        mean: f64,
        /// Standard deviation of `ln tau2`.
        sd: f64,
    },
    /// `p(tau)` constant: improper. With a flat prior of the mean it needs three studies. bayesmeta: `"uniform"`.
    Uniform,
    /// The square root of the expected information about tau, `p(tau) = tau sqrt(sum 1/(v + tau^2)^2)`: improper, and 0 at tau = 0.
    /// bayesmeta: `"Jeffreys"`.
    Jeffreys,
}

/// The prior distributions of a random-effects model: of tau, and of the mean, which is flat unless [`mean`](Self::mean) is called.
///
/// ```
/// use meta_analysis::tau2::{Prior, TauPrior};
///
/// let vague = Prior::new(TauPrior::HalfNormal { scale: 0.5 });
/// let sceptical = vague.mean(0.0, 0.35);
/// assert_ne!(vague, sceptical);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    tau: TauPrior,
    mean: Option<(f64, f64)>,
}

impl From<TauPrior> for Prior {
    fn from(tau: TauPrior) -> Self {
        Self::new(tau)
    }
}

impl Prior {
    /// This prior of tau, and a flat (improper) one of the mean.
    ///
    /// ```
    /// use meta_analysis::tau2::{Prior, TauPrior};
    ///
    /// let prior = Prior::new(TauPrior::HalfCauchy { scale: 0.5 });
    /// assert_eq!((prior.tau(), prior.of_mean()), (TauPrior::HalfCauchy { scale: 0.5 }, None));
    /// ```
    #[must_use]
    pub fn new(tau: TauPrior) -> Self {
        Self { tau, mean: None }
    }

    /// A normal prior of the mean with this mean and standard deviation, on the scale of the effects.
    ///
    /// ```
    /// use meta_analysis::tau2::{Prior, TauPrior};
    ///
    /// let prior = Prior::new(TauPrior::HalfNormal { scale: 0.5 }).mean(0.0, 0.35);
    /// assert_eq!(prior.of_mean(), Some((0.0, 0.35)));
    /// ```
    #[must_use]
    pub fn mean(mut self, mean: f64, sd: f64) -> Self {
        self.mean = Some((mean, sd));
        self
    }

    /// The prior of tau.
    ///
    /// ```
    /// use meta_analysis::tau2::{Prior, TauPrior};
    ///
    /// let of_log_tau2 = TauPrior::LogNormalTau2 { mean: -2.56, sd: 1.74 };
    /// assert_eq!(Prior::new(of_log_tau2).mean(0.0, 1.0).tau(), of_log_tau2);
    /// ```
    #[must_use]
    pub fn tau(&self) -> TauPrior {
        self.tau
    }

    /// Mean and standard deviation of the normal prior of the mean; `None` if it is flat.
    ///
    /// ```
    /// use meta_analysis::tau2::{Prior, TauPrior};
    ///
    /// assert_eq!(Prior::new(TauPrior::Uniform).of_mean(), None);
    /// assert_eq!(Prior::new(TauPrior::Uniform).mean(0.2, 1.5).of_mean(), Some((0.2, 1.5)));
    /// ```
    #[must_use]
    pub fn of_mean(&self) -> Option<(f64, f64)> {
        self.mean
    }

    /// Whether both are distributions, so that there is a marginal likelihood.
    ///
    /// ```
    /// use meta_analysis::tau2::{Prior, TauPrior};
    ///
    /// let half_normal = Prior::new(TauPrior::HalfNormal { scale: 0.5 });
    /// assert!(!half_normal.is_proper() && half_normal.mean(0.0, 1.0).is_proper());
    /// assert!(!Prior::new(TauPrior::Uniform).mean(0.0, 1.0).is_proper());
    /// ```
    #[must_use]
    pub fn is_proper(&self) -> bool {
        self.mean.is_some() && !matches!(self.tau, TauPrior::Uniform | TauPrior::Jeffreys)
    }

    /// The fewest studies that make the posterior a distribution.
    pub(crate) fn least_studies(&self) -> usize {
        // The posterior density of tau falls as tau^-p; p > 1 is needed.
        match (self.tau, self.mean) {
            (TauPrior::Uniform, None) => 3,
            (TauPrior::Uniform, Some(_)) | (TauPrior::Jeffreys, None) => 2,
            _ => 1,
        }
    }

    /// `p`, where the posterior density of tau falls as `tau^-p`; infinite if it falls faster.
    pub(super) fn tail(&self, k: usize) -> f64 {
        let likelihood = if self.mean.is_some() { k } else { k.saturating_sub(1) } as f64;
        likelihood
            + match self.tau {
                TauPrior::HalfNormal { .. } | TauPrior::LogNormalTau2 { .. } => f64::INFINITY,
                TauPrior::HalfCauchy { .. } => 2.0,
                TauPrior::Uniform => 0.0,
                TauPrior::Jeffreys => 1.0,
            }
    }

    /// The same prior for effects relative to `origin` and in `unit`.
    pub(super) fn place(&self, origin: f64, unit: Unit) -> Result<Placed, Tau2Error> {
        let positive = |value: f64| {
            if value > 0.0 && value.is_finite() { Ok(value) } else { Err(Tau2Error::InvalidPrior { value }) }
        };
        let (tau, centre) = match self.tau {
            TauPrior::HalfNormal { scale } => {
                let scale = unit.shrink(positive(scale)?);
                (TauPrior::HalfNormal { scale }, Some(scale.ln()))
            }
            TauPrior::HalfCauchy { scale } => {
                let scale = unit.shrink(positive(scale)?);
                (TauPrior::HalfCauchy { scale }, Some(scale.ln()))
            }
            TauPrior::LogNormalTau2 { mean, sd } => {
                if !mean.is_finite() {
                    return Err(Tau2Error::InvalidPrior { value: mean });
                }
                let (mean, sd) = (mean - 2.0 * unit.ln(), positive(sd)?);
                (TauPrior::LogNormalTau2 { mean, sd }, Some(0.5 * mean))
            }
            TauPrior::Uniform => (TauPrior::Uniform, None),
            TauPrior::Jeffreys => (TauPrior::Jeffreys, None),
        };
        let mean = match self.mean {
            Some((mean, _)) if !mean.is_finite() => return Err(Tau2Error::InvalidPrior { value: mean }),
            Some((mean, sd)) => Some((unit.shrink(mean - origin), unit.shrink(positive(sd)?))),
            None => None,
        };
        let squares = |(mean, sd): (f64, f64)| (mean * mean).is_finite() && (sd * sd).is_normal();
        if !mean.is_none_or(squares) {
            return Err(Tau2Error::Overflow);
        }
        Ok(Placed { tau, centre, mean })
    }
}

/// A [`Prior`] in the unit that the posterior is computed in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    tau: TauPrior,
    /// `ln tau` of the middle of the prior, where it has one.
    pub(super) centre: Option<f64>,
    /// Mean and standard deviation of the mean.
    pub(super) mean: Option<(f64, f64)>,
}

impl Placed {
    /// The logarithm of the density of tau at `u = ln tau`; `information`: `sum 1/(v + tau^2)^2`. Up to a constant if improper.
    pub(super) fn ln_density(&self, u: f64, information: f64) -> f64 {
        match self.tau {
            TauPrior::HalfNormal { scale } => {
                let z = u.exp() / scale;
                0.5 * FRAC_2_PI.ln() - scale.ln() - 0.5 * z * z
            }
            TauPrior::HalfCauchy { scale } => {
                let z = u.exp() / scale;
                FRAC_2_PI.ln() - scale.ln() - (z * z).ln_1p()
            }
            TauPrior::LogNormalTau2 { mean, sd } => {
                let z = (2.0 * u - mean) / sd;
                // d ln tau2 / d tau = 2 / tau
                std::f64::consts::LN_2 - u - 0.5 * (2.0 * PI).ln() - sd.ln() - 0.5 * z * z
            }
            TauPrior::Uniform => 0.0,
            TauPrior::Jeffreys => u + 0.5 * information.ln(),
        }
    }
}
