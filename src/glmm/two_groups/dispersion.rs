//! How much more counts differ from their expectations than binomial ones would.

use crate::error::{ErrorKind, Result};
use crate::num::chi_squared;
use crate::num::format::{p_value, significant};
use serde::{Deserialize, Serialize};

/// How the overdispersion of binomial counts is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DispersionMethod {
    /// Pearson's statistic over its degrees of freedom, `phi_P = X2 / df`, divided by `1 + s` where `s` is the mean over arms of
    /// `(1 - 2 p)(x - n p) / (n p (1 - p))`: nearly unbiased where events are few; **the default**. Fletcher 2012, Biometrika 99:230,
    /// doi 10.1093/biomet/asr083.
    #[default]
    Fletcher,
    /// `X2 / df`. McCullagh & Nelder 1989, Generalized Linear Models, 2nd edition, section 4.5. R: `glm(family = quasibinomial)`.
    Pearson,
}

impl DispersionMethod {
    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fletcher => "Fletcher",
            Self::Pearson => "Pearson",
        }
    }
}

impl std::fmt::Display for DispersionMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Heterogeneity as a factor of the variance of counts, `var x = phi n p (1 - p)`.
///
/// ```text
/// X2 = sum (x - n p)^2 / (n p (1 - p))        over all arms, at the risks p of the model
/// ```
///
/// See [`FirthLogistic::overdispersion`](super::FirthLogistic::overdispersion) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overdispersion {
    /// The estimate; 1 for binomial counts. It may be below 1.
    pub phi: f64,
    /// How it was estimated.
    pub method: DispersionMethod,
    /// Pearson's statistic.
    pub statistic: f64,
    /// Number of arms less the number of parameters: k - 1.
    pub df: f64,
    /// Its p-value by the chi-squared distribution, which is coarse where few events are expected.
    pub p_value: f64,
}

impl Overdispersion {
    /// What the variance of the effect is multiplied by: `max(1, phi)`, because equal effects are the least heterogeneity there is.
    pub fn factor(&self) -> f64 {
        self.phi.max(1.0)
    }

    pub(super) fn of(arms: impl Iterator<Item = Arm>, parameters: usize, method: DispersionMethod) -> Result<Self> {
        let (mut statistic, mut skew, mut number) = (0.0, 0.0, 0_usize);
        for arm in arms {
            let (squared, third) = arm.residual();
            statistic += squared;
            skew += third;
            number += 1;
        }
        if number <= parameters {
            let (what, remedy) = ("overdispersion", "leave it out, or add studies");
            return Err(ErrorKind::TooFewStudies { what, k: number / 2, needed: 2, remedy }.into());
        }
        let df = (number - parameters) as f64;
        let phi = match method {
            DispersionMethod::Pearson => statistic / df,
            DispersionMethod::Fletcher => statistic / df / (1.0 + skew / number as f64),
        };
        if !(phi.is_finite() && phi >= 0.0) {
            return Err(ErrorKind::Overflow { what: "the overdispersion" }.into());
        }
        Ok(Self { phi, method, statistic, df, p_value: chi_squared::sf(statistic, df) })
    }
}

impl std::fmt::Display for Overdispersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [phi, statistic] = [self.phi, self.statistic].map(significant);
        write!(
            f,
            "overdispersion {phi} ({}), Pearson {statistic} (df {}, p {})",
            self.method,
            self.df,
            p_value(self.p_value)
        )
    }
}

/// One group of one study, with the logit of its risk in the model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arm {
    pub(super) events: f64,
    pub(super) size: f64,
    pub(super) logit: f64,
}

impl Arm {
    /// The squared Pearson residual, and the residual times the skewness of one person: `(1 - 2 p)(x - n p) / (n p (1 - p))`.
    fn residual(self) -> (f64, f64) {
        // By the rarer of event and none, of which the expectation keeps its digits.
        let (count, sign) =
            if self.logit > 0.0 { (self.size - self.events, -self.logit) } else { (self.events, self.logit) };
        let odds = sign.exp();
        let risk = odds / (1.0 + odds);
        let excess = count - self.size * risk;
        let variance = self.size * risk / (1.0 + odds);
        (excess * (excess / variance), (1.0 - odds) / (1.0 + odds) * (excess / variance))
    }
}
