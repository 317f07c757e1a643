//! The model with random levels, as plain options with a `fit`.

use super::super::options::GlmmInference;
use super::super::two_groups::{TwoGroupData, TwoGroupFit, TwoGroupModel};
use super::pair::RandomEffectCoding;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The logistic model of two groups with normal effects and a **random level of each study**, or the log-linear model of their rates.
///
/// ```text
/// eta_1i = gamma + u_i + c1 (theta + e_i)        eta_2i = gamma + u_i - c2 (theta + e_i)
/// u_i ~ N(0, sigma2)        e_i ~ N(0, tau2)        independent
///
/// tables: x_ji ~ Binomial(n_ji, 1 / (1 + exp(-eta_ji)))        rates: x_ji ~ Poisson(t_ji exp(eta_ji))
/// ```
///
/// Maximum likelihood in `theta`, `tau2`, `gamma` and `sigma2`; the two random effects of a study are integrated out to rounding.
/// metafor: `rma.glmm(measure = "OR", model = "UM.RS")` and `measure = "IRR"`, which takes Laplace's approximation of the integral.
/// Turner, Omar, Yang, Goldstein & Thompson 2000, Stat Med 19:3417; Stijnen, Hamza & Özdemir 2010, Stat Med 29:3046,
/// doi 10.1002/sim.4040. With [`RandomEffectCoding::First`] it is Model 3, with [`RandomEffectCoding::Half`] Model 5 of Jackson, Law, Stijnen,
/// Viechtbauer & White 2018, Stat Med 37:1059, doi 10.1002/sim.7588. The coding is not a matter of taste: it says which group varies
/// more, and the likelihood changes with it.
///
/// Next to [`UnconditionalFixed`](super::UnconditionalFixed) it has four parameters instead of `k + 2`, so that tau2 is not
/// underestimated where counts are small; the price is that the levels of studies inform the effect: a study in which one group is
/// unusual for its level is not only compared within itself. No zero cell is corrected, and studies without events count: they say where
/// levels lie. The log-likelihood has all constants.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | [`coding`](Self::coding) | [`RandomEffectCoding::Half`] (as metafor) | [`RandomEffectCoding::First`], [`RandomEffectCoding::Second`] |
/// | [`equal_effects`](Self::equal_effects) | tau2 is estimated | tau2 = 0 |
/// | [`inference`](Self::inference) | [`GlmmInference::ProfileLikelihood`] (metafor: Wald) | see [`GlmmInference`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// ```
/// use meta_analysis::glmm::UnconditionalRandom;
/// use meta_analysis::study::{Studies, TwoByTwo};
///
/// let trials = Studies::from([
///     ("A", TwoByTwo::new((0, 12), (4, 15))?), // (events, total) of the first and of the second group
///     ("B", TwoByTwo::new((3, 20), (0, 18))?),
///     ("C", TwoByTwo::new((1, 30), (6, 31))?),
///     ("D", TwoByTwo::new((2, 9), (5, 8))?),
/// ]);
/// let fit = UnconditionalRandom::new().fit(&trials)?;
/// // tests/reference/glmm_unconditional_random.py
/// let estimate = fit.estimate().expect("not on the boundary");
/// assert!((estimate.value - -1.197_080_533_180_389).abs() < 1e-10);
/// let tau2 = fit.heterogeneity().and_then(|h| h.tau2).expect("estimated");
/// assert!((tau2 - 1.824_363_606_712_021).abs() < 1e-9);
/// let levels = fit.levels().expect("random");
/// assert!((levels.mean - -1.951_150_565_849_972).abs() < 1e-10);
/// assert!((levels.sigma2 - 0.500_885_320_096_341).abs() < 1e-9);
/// assert_eq!(fit.natural().to_string(), "0.302 [0.0224, 3.39]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnconditionalRandom {
    coding: RandomEffectCoding,
    equal_effects: bool,
    inference: GlmmInference,
    level: f64,
}

impl Default for UnconditionalRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl UnconditionalRandom {
    /// The model with every option at its default.
    pub fn new() -> Self {
        let (coding, inference) = (RandomEffectCoding::Half, GlmmInference::default());
        Self { coding, equal_effects: false, inference, level: 0.95 }
    }

    /// Which group carries the random effect. Default: [`RandomEffectCoding::Half`].
    #[must_use]
    pub fn coding(mut self, coding: RandomEffectCoding) -> Self {
        self.coding = coding;
        self
    }

    /// Takes the effects of all studies as equal, tau2 = 0; levels stay random. metafor: `method = "EE"`.
    #[must_use]
    pub fn equal_effects(mut self) -> Self {
        self.equal_effects = true;
        self
    }

    /// How the interval of the effect is computed. Default: [`GlmmInference::ProfileLikelihood`].
    #[must_use]
    pub fn inference(mut self, inference: GlmmInference) -> Self {
        self.inference = inference;
        self
    }

    /// Level of all intervals, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Fits the model to [`Studies`](crate::Studies) of [`TwoByTwo`](crate::study::TwoByTwo) or
    /// [`TwoRates`](crate::study::TwoRates).
    ///
    /// If one of the groups has no events in any study, or nothing but events in all of them, the estimate lies on the boundary: see
    /// [`TwoGroupFit::boundary`]. What the levels are says [`TwoGroupFit::levels`].
    ///
    /// # Errors
    /// [`ErrorKind::Empty`](crate::ErrorKind::Empty), [`ErrorKind::DuplicateLabel`](crate::ErrorKind::DuplicateLabel),
    /// [`ErrorKind::LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange); [`ErrorKind::NotEstimable`](crate::ErrorKind::NotEstimable)
    /// if no study has both events and non-events; [`ErrorKind::TooFewStudies`](crate::ErrorKind::TooFewStudies) for a single study;
    /// [`ErrorKind::UnboundedTau2OfEffects`](crate::ErrorKind::UnboundedTau2OfEffects) and
    /// [`ErrorKind::UnboundedTau2`](crate::ErrorKind::UnboundedTau2) where the likelihood does not fall as a variance grows;
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn fit(&self, studies: impl Into<TwoGroupData>) -> Result<TwoGroupFit> {
        TwoGroupFit::fit(TwoGroupModel::UnconditionalRandom(*self), studies.into())
    }

    pub(super) fn asked(&self) -> (RandomEffectCoding, bool, f64) {
        (self.coding, self.equal_effects, self.level)
    }

    pub(in crate::glmm) fn asked_inference(&self) -> (GlmmInference, f64) {
        (self.inference, self.level)
    }
}

impl std::fmt::Display for UnconditionalRandom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let effects = if self.equal_effects { "equal" } else { "normal" };
        let coding = if self.equal_effects { String::new() } else { format!("{}, ", self.coding) };
        write!(f, "unconditional, random levels of studies, {effects} effects ({coding}maximum likelihood)")
    }
}
