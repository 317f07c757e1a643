//! The models of two groups, as plain options with a `fit`.

use super::beta_binomial::BetaBinomial;
use super::conditional;
use super::data::TwoGroupData;
use super::firth::FirthLogistic;
use super::fit::TwoGroupFit;
use super::solved::Solution;
use crate::error::Result;
use crate::glmm::options::GlmmInference;
use crate::glmm::unconditional::{UnconditionalFixed, UnconditionalRandom, solve_fixed, solve_random};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Which distribution the events of the first group have, given the margins of their table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Conditional {
    /// The exact one, noncentral hypergeometric; binomial for rates; **the default**. metafor: `model = "CM.EL"`.
    #[default]
    Exact,
    /// Binomial with odds `n1/n2` times the odds ratio, which holds where events are rare. metafor: `model = "CM.AL"`. Tables
    /// only: for rates the binomial distribution is exact.
    Approximate,
}

impl Conditional {
    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximate => "approximate",
        }
    }
}

/// The hypergeometric-normal model of two groups, or the binomial-normal model of their rates: the counts **given the total
/// number of events** of each study, so that the risk in the control group needs no model.
///
/// ```text
/// tables: P(x1_i = t | m_i, theta_i)  proportional to  C(n1_i, t) C(n2_i, m_i - t) exp(theta_i t)        m_i = x1_i + x2_i
/// rates:  x1_i | m_i, theta_i ~ Binomial(m_i, t1_i exp(theta_i) / (t1_i exp(theta_i) + t2_i))
///
/// theta_i ~ N(theta, tau2)
/// ```
///
/// Maximum likelihood. No zero cell is corrected; studies without events, or with nothing but events, say nothing given their
/// margins and are left out with a note. metafor: `rma.glmm(measure = "OR", model = "CM.EL")`, `"CM.AL"`, and
/// `measure = "IRR"`. Van Houwelingen, Zwinderman & Stijnen 1993, Stat Med 12:2273, doi 10.1002/sim.4780122405; Stijnen,
/// Hamza & Özdemir 2010, Stat Med 29:3046, doi 10.1002/sim.4040.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | [`conditional`](Self::conditional) | [`Conditional::Exact`] | [`Conditional::Approximate`] |
/// | [`equal_effects`](Self::equal_effects) | tau2 is estimated | tau2 = 0 |
/// | [`inference`](Self::inference) | [`GlmmInference::ProfileLikelihood`] (metafor: Wald) | see [`GlmmInference`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// ```
/// use meta_analysis::glmm::ConditionalNormal;
/// use meta_analysis::study::{Studies, TwoByTwo};
///
/// let trials = Studies::from([
///     ("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?), // a zero cell
///     ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
/// ]);
/// let fit = ConditionalNormal::new().fit(&trials)?;
/// // mpmath, 30 digits (tests/reference/glmm_two_groups.py)
/// assert!((fit.estimate().unwrap().value - 2.681_404_421_042_711).abs() < 1e-10);
/// assert!((fit.heterogeneity().unwrap().tau2.unwrap() - 1.494_666_777_710_850).abs() < 1e-10);
/// // Two trials hardly say how much odds ratios differ. If they do not:
/// let equal = ConditionalNormal::new().equal_effects().fit(&trials)?;
/// assert_eq!(equal.natural().to_string(), "6.94 [3.07, 16.8]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConditionalNormal {
    conditional: Conditional,
    equal_effects: bool,
    inference: GlmmInference,
    level: f64,
}

impl Default for ConditionalNormal {
    fn default() -> Self {
        Self::new()
    }
}

impl ConditionalNormal {
    /// The model with every option at its default.
    pub fn new() -> Self {
        Self { conditional: Conditional::Exact, equal_effects: false, inference: GlmmInference::default(), level: 0.95 }
    }

    /// Which conditional distribution. Default: [`Conditional::Exact`].
    #[must_use]
    pub fn conditional(mut self, conditional: Conditional) -> Self {
        self.conditional = conditional;
        self
    }

    /// Takes the effects of all studies as equal, tau2 = 0. metafor: `method = "EE"`. One study is then enough.
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
    /// If every study that says anything has an infinite estimate in the same direction, so has the model: see
    /// [`TwoGroupFit::boundary`].
    ///
    /// # Errors
    /// [`ErrorKind::NoEvents`](crate::ErrorKind::NoEvents) without any event,
    /// [`ErrorKind::NotEstimable`](crate::ErrorKind::NotEstimable) if no study says anything,
    /// [`ErrorKind::TooFewStudies`](crate::ErrorKind::TooFewStudies) if one does and effects may differ,
    /// [`ErrorKind::UnboundedTau2OfEffects`](crate::ErrorKind::UnboundedTau2OfEffects) if the estimates of all studies are
    /// infinite in both directions, [`ErrorKind::NonIntegerCount`](crate::ErrorKind::NonIntegerCount) naming the study (exact
    /// model of tables), [`ErrorKind::NotApplicable`](crate::ErrorKind::NotApplicable) for rates by the approximate model,
    /// [`ErrorKind::LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange), [`ErrorKind::Empty`](crate::ErrorKind::Empty),
    /// [`ErrorKind::DuplicateLabel`](crate::ErrorKind::DuplicateLabel), [`ErrorKind::InvalidLabel`](crate::ErrorKind::InvalidLabel),
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn fit(&self, studies: impl Into<TwoGroupData>) -> Result<TwoGroupFit> {
        TwoGroupFit::fit(TwoGroupModel::ConditionalNormal(*self), studies.into())
    }

    pub(super) fn asked(&self) -> (Conditional, bool) {
        (self.conditional, self.equal_effects)
    }
}

/// The model that was fitted, with its options.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TwoGroupModel {
    /// Given the total number of events.
    ConditionalNormal(ConditionalNormal),
    /// With a fixed level of each study.
    UnconditionalFixed(UnconditionalFixed),
    /// With a random level of each study.
    UnconditionalRandom(UnconditionalRandom),
    /// Risks of arms with a beta distribution.
    BetaBinomial(BetaBinomial),
    /// Study intercepts and one effect, penalised.
    FirthLogistic(FirthLogistic),
}

impl TwoGroupModel {
    /// How the interval of the effect is computed.
    pub fn inference(&self) -> GlmmInference {
        match self {
            Self::ConditionalNormal(model) => model.inference,
            Self::UnconditionalFixed(model) => model.options().1,
            Self::UnconditionalRandom(model) => model.asked_inference().0,
            Self::BetaBinomial(model) => model.asked_inference().0,
            Self::FirthLogistic(model) => model.asked_inference().0,
        }
    }

    /// Level of the intervals.
    pub fn level(&self) -> f64 {
        match self {
            Self::ConditionalNormal(model) => model.level,
            Self::UnconditionalFixed(model) => model.options().2,
            Self::UnconditionalRandom(model) => model.asked_inference().1,
            Self::BetaBinomial(model) => model.asked_inference().1,
            Self::FirthLogistic(model) => model.asked_inference().1,
        }
    }

    /// What the effect is.
    pub(super) fn measure(&self, data: &TwoGroupData) -> Measure {
        match (self, data) {
            (Self::BetaBinomial(model), _) => model.measure(),
            (_, TwoGroupData::Tables(_)) => Measure::LogOddsRatio,
            (_, TwoGroupData::Rates(_)) => Measure::LogIncidenceRateRatio,
        }
    }

    /// Maximises the likelihood. Labels and level have been checked.
    pub(super) fn solve(&self, data: &TwoGroupData) -> Result<Solution> {
        match self {
            Self::ConditionalNormal(model) => conditional::solve(model, data),
            Self::UnconditionalFixed(model) => solve_fixed(model, data),
            Self::UnconditionalRandom(model) => solve_random(model, data),
            Self::BetaBinomial(model) => model.solve(data),
            Self::FirthLogistic(model) => model.solve(data),
        }
    }
}

impl std::fmt::Display for TwoGroupModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ConditionalNormal(model) => {
                let effects = if model.equal_effects { "equal effects" } else { "normal effects" };
                write!(f, "conditional ({}), {effects} (maximum likelihood)", model.conditional.name())
            }
            Self::UnconditionalFixed(model) => model.fmt(f),
            Self::UnconditionalRandom(model) => model.fmt(f),
            Self::BetaBinomial(model) => model.fmt(f),
            Self::FirthLogistic(model) => model.fmt(f),
        }
    }
}
