//! The models, as plain options with a `fit`.

use super::super::options::GlmmInference;
use super::super::two_groups::{TwoGroupData, TwoGroupFit, TwoGroupModel};
use super::pair::RandomEffectCoding;
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The logistic model of two groups with normal effects and a **fixed level of each study**, or the log-linear model of their rates.
///
/// ```text
/// eta_1i = a_i + c1 theta_i        eta_2i = a_i - c2 theta_i        theta_i ~ N(theta, tau2)
///
/// tables: x_ji ~ Binomial(n_ji, 1 / (1 + exp(-eta_ji)))        rates: x_ji ~ Poisson(t_ji exp(eta_ji))
/// ```
///
/// Maximum likelihood in `theta`, `tau2` and all `a_i`. metafor: `rma.glmm(measure = "OR", model = "UM.FS")` and `measure = "IRR"`. Turner,
/// Omar, Yang, Goldstein & Thompson 2000, Stat Med 19:3417; with [`RandomEffectCoding::First`] it is Model 2, with
/// [`RandomEffectCoding::Half`] Model 4 of Jackson, Law, Stijnen, Viechtbauer & White 2018, Stat Med 37:1059. The coding is not a
/// matter of taste: it says which group varies more, and the likelihood changes with it. The smaller the counts, the more tau2 is
/// underestimated by both, since each study spends part of its information on its level.
///
/// No zero cell is corrected; studies without events, or with nothing but events, are explained by their level alone and are left out with
/// a note. The log-likelihood has all constants and its information criteria count `k + 2` parameters, of the studies that are left.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | [`coding`](Self::coding) | [`RandomEffectCoding::Half`] (as metafor) | [`RandomEffectCoding::First`], [`RandomEffectCoding::Second`] |
/// | [`inference`](Self::inference) | [`GlmmInference::ProfileLikelihood`] (metafor: Wald) | see [`GlmmInference`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// ```
/// use meta_analysis::glmm::UnconditionalFixed;
/// use meta_analysis::study::{Studies, TwoByTwo};
///
/// let trials = Studies::from([
///     ("A", TwoByTwo::new((0, 12), (4, 15))?), // (events, total) of the first and of the second group
///     ("B", TwoByTwo::new((3, 20), (0, 18))?),
///     ("C", TwoByTwo::new((1, 30), (6, 31))?),
///     ("D", TwoByTwo::new((2, 9), (5, 8))?),
/// ]);
/// let fit = UnconditionalFixed::new().fit(&trials)?;
/// // mpmath, 30 digits (tests/reference/glmm_unconditional.py)
/// let estimate = fit.estimate().expect("not on the boundary");
/// assert!((estimate.value - -1.142_239_474_604_446).abs() < 1e-9);
/// let tau2 = fit.heterogeneity().and_then(|h| h.tau2).expect("estimated");
/// assert!((tau2 - 1.786_596_300_394_150).abs() < 1e-9);
/// assert_eq!(fit.natural().to_string(), "0.319 [0.0226, 4.25]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnconditionalFixed {
    coding: RandomEffectCoding,
    inference: GlmmInference,
    level: f64,
}

impl Default for UnconditionalFixed {
    fn default() -> Self {
        Self::new()
    }
}

impl UnconditionalFixed {
    /// The model with every option at its default.
    pub fn new() -> Self {
        Self { coding: RandomEffectCoding::Half, inference: GlmmInference::default(), level: 0.95 }
    }

    /// Which group carries the random effect. Default: [`RandomEffectCoding::Half`].
    #[must_use]
    pub fn coding(mut self, coding: RandomEffectCoding) -> Self {
        self.coding = coding;
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
    /// If every study that says anything points to an infinite effect, or every one to 0, the estimate lies on the boundary: see
    /// [`TwoGroupFit::boundary`].
    ///
    /// # Errors
    /// [`ErrorKind::Empty`](crate::ErrorKind::Empty), [`ErrorKind::DuplicateLabel`](crate::ErrorKind::DuplicateLabel),
    /// [`ErrorKind::InvalidLabel`](crate::ErrorKind::InvalidLabel), [`ErrorKind::LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange);
    /// [`ErrorKind::NoEvents`](crate::ErrorKind::NoEvents) without any event; [`ErrorKind::NotEstimable`](crate::ErrorKind::NotEstimable)
    /// and [`ErrorKind::TooFewStudies`](crate::ErrorKind::TooFewStudies) if none or one of the studies says anything;
    /// [`ErrorKind::UnboundedTau2OfEffects`](crate::ErrorKind::UnboundedTau2OfEffects) where the likelihood does not fall as tau2
    /// grows; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn fit(&self, studies: impl Into<TwoGroupData>) -> Result<TwoGroupFit> {
        TwoGroupFit::fit(TwoGroupModel::UnconditionalFixed(*self), studies.into())
    }

    pub(in crate::glmm) fn options(&self) -> (RandomEffectCoding, GlmmInference, f64) {
        (self.coding, self.inference, self.level)
    }
}

impl std::fmt::Display for UnconditionalFixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unconditional, fixed levels of studies, normal effects ({}, maximum likelihood)", self.coding)
    }
}
