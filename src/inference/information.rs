//! Log-likelihood and information criteria.

use crate::tau2::Likelihood;
use serde::{Deserialize, Serialize};

/// Log-likelihood of a fitted model, with the information criteria that follow from it.
///
/// With `m` parameters and `n` observations (`k` for the full, `k - 1` for the restricted likelihood):
///
/// ```text
/// AIC  = -2 ll + 2 m
/// BIC  = -2 ll + m ln n
/// AICc = -2 ll + 2 m N / (N - m - 1)        N = max(n, m + 2)
/// ```
///
/// Akaike 1974, IEEE Trans Autom Control 19:716, doi 10.1109/TAC.1974.1100705; Schwarz 1978, Ann Stat 6:461,
/// doi 10.1214/aos/1176344136; Hurvich & Tsai 1989, Biometrika 76:297, doi 10.1093/biomet/76.2.297. metafor:
/// `fitstats`. Values of the restricted likelihood compare only between models with the same mean part.
///
/// ```
/// # use meta_analysis::{CommonEffect, Effect, Effects, Likelihood, Measure};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: one parameter, Q = 8
/// let fit = CommonEffect::new().fit(&effects)?;
/// let found = fit.information(Likelihood::Full)?;
/// let log_likelihood = -1.5 * (2.0 * std::f64::consts::PI).ln() - 4.0;
/// assert!((found.log_likelihood - log_likelihood).abs() < 1e-13);
/// assert!((found.aic - (2.0 - 2.0 * log_likelihood)).abs() < 1e-13);
/// assert!((found.bic - (3.0_f64.ln() - 2.0 * log_likelihood)).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Information {
    /// Which likelihood.
    pub likelihood: Likelihood,
    /// Its logarithm at the fitted values, with all constants.
    pub log_likelihood: f64,
    /// Number of parameters: the mean, and tau2 where it is estimated.
    pub parameters: usize,
    /// Akaike's criterion.
    pub aic: f64,
    /// Schwarz's criterion.
    pub bic: f64,
    /// Akaike's criterion with the small-sample correction.
    pub aicc: f64,
}

impl Information {
    pub(crate) fn new(likelihood: Likelihood, log_likelihood: f64, parameters: usize, k: usize) -> Self {
        let m = parameters as f64;
        let n = match likelihood {
            Likelihood::Full => k as f64,
            Likelihood::Restricted => k as f64 - 1.0,
        };
        let deviance = -2.0 * log_likelihood;
        let at_least = n.max(m + 2.0);
        Self {
            likelihood,
            log_likelihood,
            parameters,
            aic: deviance + 2.0 * m,
            bic: deviance + m * n.ln(),
            aicc: deviance + 2.0 * m * at_least / (at_least - m - 1.0),
        }
    }
}
