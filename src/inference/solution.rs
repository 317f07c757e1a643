//! The numbers that solving a model yields; everything said about the effect follows from them.

use serde::{Deserialize, Serialize};

/// A solved model of `k` effects, on the analysis scale. Plain numbers, no labels.
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
///
/// let effects = Effects::from_rows([
///     ("A", Effect::from_variance(Measure::MeanDifference, 1.0, 1.0)?),
///     ("B", Effect::from_variance(Measure::MeanDifference, 4.0, 2.0)?),
/// ])?;
/// let fit = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects)?;
/// let solution = fit.solution();
/// // Weights 1 and 1/2: mean 2, Q = 1 + 4/2, tau2 = (Q - 1) / (1.5 - 1.25/1.5). With it they are 1/4 and 1/5.
/// assert!((solution.q - 3.0).abs() < 1e-14 && (solution.tau2 - 3.0).abs() < 1e-13);
/// assert!((solution.mu - 7.0 / 3.0).abs() < 1e-14 && (solution.se - 0.45_f64.sqrt().recip()).abs() < 1e-14);
/// assert_eq!(solution.df(), 1.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Solution {
    /// Number of studies.
    pub k: usize,
    /// Weighted mean with weights 1 / (v + tau2).
    pub mu: f64,
    /// Wald standard error of `mu`: 1 / sqrt(sum of the weights).
    pub se: f64,
    /// Between-study variance; 0 for the common-effect model.
    pub tau2: f64,
    /// Standard error of tau2, where the estimator has one.
    pub tau2_se: Option<f64>,
    /// Cochran's Q: sum of (y - mean)^2 / v with weights 1/v.
    pub q: f64,
    /// The same sum with weights 1 / (v + tau2).
    pub q_at_tau2: f64,
    /// The "typical" sampling variance of Higgins & Thompson 2002, (k - 1) / tr P, where k > 1.
    pub typical_variance: Option<f64>,
    /// Standard error of `mu` by [`Inference::KenwardRoger`](super::Inference::KenwardRoger), for REML.
    pub kenward_roger_se: Option<f64>,
    /// The df that belong to it.
    pub kenward_roger_df: Option<f64>,
    /// Wald standard error with the tau2 of DerSimonian and Laird instead of this model's; for random effects.
    pub dersimonian_laird_se: Option<f64>,
}

impl Solution {
    /// Degrees of freedom, k - 1.
    pub fn df(&self) -> f64 {
        self.k as f64 - 1.0
    }
}
