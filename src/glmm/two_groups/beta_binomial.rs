//! The beta-binomial model of two groups.

use super::boundary::TwoGroupBoundary;
use super::data::TwoGroupData;
use super::fit::TwoGroupFit;
use super::hypergeometric::Hypergeometric;
use super::options::TwoGroupModel;
use super::overdispersed::Overdispersed;
use super::overdispersed_profile::Contrast;
use super::solved::{Found, Solution};
use crate::error::{Error, ErrorKind, Result};
use crate::glmm::options::GlmmInference;
use crate::measure::Measure;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The comparison of the two mean risks. The likelihood is the same for each; only the number that is read from it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RiskContrast {
    /// `logit mu1 - logit mu2`; **the default**.
    #[default]
    LogOddsRatio,
    /// `ln mu1 - ln mu2`.
    LogRiskRatio,
    /// `mu1 - mu2`.
    RiskDifference,
}

impl RiskContrast {
    fn measure(self) -> Measure {
        match self {
            Self::LogOddsRatio => Measure::LogOddsRatio,
            Self::LogRiskRatio => Measure::LogRiskRatio,
            Self::RiskDifference => Measure::RiskDifference,
        }
    }

    fn contrast(self) -> Contrast {
        match self {
            Self::LogOddsRatio => Contrast::Logit,
            Self::LogRiskRatio => Contrast::Log,
            Self::RiskDifference => Contrast::Identity,
        }
    }
}

/// The beta-binomial model of two groups: the risks of the arms of each group follow a beta distribution, with one mean per group and
/// one intraclass correlation.
///
/// ```text
/// x_ij | p_ij ~ Binomial(n_ij, p_ij)        p_ij ~ Beta(mu_j (1 - rho) / rho, (1 - mu_j) (1 - rho) / rho)
/// ```
///
/// Maximum likelihood. Arms of one study are taken as independent, so that the comparison is one of groups, **not of groups within
/// studies**; what this gains are studies without events, which count in full. Effect: a comparison of the mean risks
/// ([`RiskContrast`]), which is marginal, unlike the effects of [`ConditionalNormal`](super::ConditionalNormal). Kuss 2015, Stat
/// Med 34:1097, doi 10.1002/sim.6383. Not in metafor.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | [`contrast`](Self::contrast) | [`RiskContrast::LogOddsRatio`] | log risk ratio, risk difference |
/// | [`inference`](Self::inference) | [`GlmmInference::ProfileLikelihood`] | see [`GlmmInference`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// ```
/// use meta_analysis::glmm::BetaBinomial;
/// use meta_analysis::study::{Studies, TwoByTwo};
///
/// let trials = Studies::from([
///     ("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?),
///     ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
/// ]);
/// let fit = BetaBinomial::new().fit(&trials)?;
/// assert!(fit.intraclass().unwrap().rho >= 0.0);
/// assert!(fit.natural().lower < fit.natural().value);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BetaBinomial {
    contrast: RiskContrast,
    inference: GlmmInference,
    level: f64,
}

impl Default for BetaBinomial {
    fn default() -> Self {
        Self::new()
    }
}

/// Largest arm: the likelihood is a sum over people.
const MOST: f64 = 100_000.0;

impl BetaBinomial {
    /// The model with every option at its default.
    pub fn new() -> Self {
        Self { contrast: RiskContrast::default(), inference: GlmmInference::default(), level: 0.95 }
    }

    /// Which comparison of the mean risks. Default: [`RiskContrast::LogOddsRatio`].
    #[must_use]
    pub fn contrast(mut self, contrast: RiskContrast) -> Self {
        self.contrast = contrast;
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

    /// Fits the model to [`Studies`](crate::Studies) of [`TwoByTwo`](crate::study::TwoByTwo).
    ///
    /// If one group has no event in any study, or nothing else, the odds ratio lies on the boundary: see
    /// [`TwoGroupFit::boundary`].
    ///
    /// # Errors
    /// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] if no arm has both events and non-events, if neither group has events (or non-events), and if a
    /// risk ratio or difference lies on the boundary; [`ErrorKind::NonIntegerCount`] naming the study;
    /// [`ErrorKind::NotApplicable`] for rates and for arms of more than 100 000 people; [`ErrorKind::LevelOutOfRange`],
    /// [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`], [`ErrorKind::Overflow`].
    pub fn fit(&self, studies: impl Into<TwoGroupData>) -> Result<TwoGroupFit> {
        TwoGroupFit::fit(TwoGroupModel::BetaBinomial(*self), studies.into())
    }

    pub(super) fn asked_inference(&self) -> (GlmmInference, f64) {
        (self.inference, self.level)
    }

    pub(super) fn measure(&self) -> Measure {
        self.contrast.measure()
    }

    pub(super) fn solve(&self, data: &TwoGroupData) -> Result<Solution> {
        if matches!(data, TwoGroupData::Rates(_)) {
            let (what, why) = ("beta-binomial model", "the data are rates");
            return Err(ErrorKind::NotApplicable { what, why }.into());
        }
        let counts = data.counts();
        for (label, groups) in data.labels().into_iter().zip(&counts) {
            for (x, n) in groups {
                if let Some(value) = [*x, *n].into_iter().find(|v| v.fract().abs() > 0.0) {
                    return Err(Error::from(ErrorKind::NonIntegerCount { field: "events", value }).in_study(label));
                }
                if *n > MOST {
                    let why = "an arm has more than 100 000 people; the conditional models have no such limit";
                    return Err(
                        Error::from(ErrorKind::NotApplicable { what: "beta-binomial model", why }).in_study(label)
                    );
                }
            }
        }
        let total = |j: usize| {
            let group = counts.iter().filter_map(|groups| groups.get(j));
            group.fold((0.0, 0.0), |sum, (x, n)| (sum.0 + x, sum.1 + n))
        };
        let [(x1, n1), (x2, n2)] = [total(0), total(1)];
        let measure = self.measure().name();
        let refused = |why, remedy| Err(ErrorKind::NotEstimable { measure, why, remedy }.into());
        if x1 + x2 <= 0.0 || x1 + x2 >= n1 + n2 {
            return refused("no arm has both events and non-events", "there is nothing to compare");
        }
        let found = if [(x1, n1), (x2, n2)].iter().all(|(x, n)| *x > 0.0 && x < n) {
            if !counts.iter().flatten().any(|(x, n)| *x > 0.0 && x < n) {
                let why = "each arm has either no events or nothing but events, so the correlation is estimated as 1";
                return refused(why, "pool the tables by another method");
            }
            Found::Inside(Arc::new(Overdispersed::maximise(&counts, self.contrast.contrast())?))
        } else if self.contrast == RiskContrast::LogOddsRatio {
            let infinite = x1 >= n1 || x2 <= 0.0;
            let collapsed = Hypergeometric::new([x1, n1 - x1, x2, n2 - x2]);
            Found::Boundary(TwoGroupBoundary::new(&[collapsed], infinite, self.level)?)
        } else {
            return refused("one group has no events, or nothing else", "the odds ratio has a one-sided limit");
        };
        Ok(Solution { found, used: (0..counts.len()).collect(), left_out: Vec::new() })
    }
}

impl std::fmt::Display for BetaBinomial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("beta-binomial, one intraclass correlation (maximum likelihood)")
    }
}
