//! Intervals of the pooled effect by the likelihood, and by Henmi and Copas.

use super::pooled::{Model, Pooled};
use crate::error::{ErrorKind, Result};
use crate::inference::{MeanInterval, MeanMethod};
use crate::num::normal;

/// How the likelihood ratio is brought closer to its reference distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Correction {
    None,
    Bartlett,
    Skovgaard,
}

impl Pooled {
    /// The analysis value of no effect that is tested.
    fn null(&self) -> f64 {
        self.effects().measure().null_value().unwrap_or(0.0)
    }

    pub(super) fn needs_random_effects(&self, what: &'static str) -> Result<()> {
        match self.model() {
            Model::RandomEffects(_) => Ok(()),
            Model::CommonEffect(_) => {
                let why = "it allows for effects that differ; use `RandomEffects`";
                Err(ErrorKind::NotApplicable { what, why }.into())
            }
        }
    }

    fn interval_of(
        &self,
        (method, level): (MeanMethod, f64),
        value: f64,
        pieces: Vec<(f64, f64)>,
        p_value: f64,
    ) -> Result<MeanInterval> {
        let ends = pieces.iter().all(|(a, b)| a.is_finite() && b.is_finite());
        if !(ends && value.is_finite() && p_value.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the interval of the pooled effect" }.into());
        }
        let of = (self.estimate().measure(), self.estimate().scale());
        Ok(MeanInterval::new(of, (method, level), value, pieces, p_value))
    }

    pub(super) fn likelihood_interval(
        &self,
        method: MeanMethod,
        correction: Correction,
        level: f64,
    ) -> Result<MeanInterval> {
        self.needs_random_effects("likelihood interval of the mean")?;
        let mut workspace = self.loaded()?;
        let z = normal::quantile_upper(0.5 * (1.0 - level));
        let test = workspace.mean_likelihood_ratio(self.null()).map_err(|e| self.explain(e))?;
        let (statistic, (value, pieces)) = match correction {
            Correction::None => {
                let set = workspace.mean_likelihood_set(z * z, false).map_err(|e| self.explain(e))?;
                (test.signed_root, set)
            }
            Correction::Bartlett => {
                let set = workspace.mean_likelihood_set(z * z, true).map_err(|e| self.explain(e))?;
                (test.signed_root / test.bartlett.sqrt(), set)
            }
            Correction::Skovgaard => {
                let (value, interval) = workspace.skovgaard_interval(z).map_err(|e| self.explain(e))?;
                let (Some(statistic), Some(interval)) = (test.skovgaard, interval) else {
                    let what = "second-order statistic of Skovgaard";
                    let why = "it needs a tau2 above 0 at the maximum of the likelihood, with and without the mean \
                               restricted; use `MeanMethod::ProfileLikelihoodBartlett`";
                    return Err(ErrorKind::NotApplicable { what, why }.into());
                };
                (statistic, (value, vec![interval]))
            }
        };
        let p_value = (2.0 * normal::sf(statistic.abs())).min(1.0);
        self.interval_of((method, level), value, pieces, p_value)
    }

    pub(super) fn henmi_copas_interval(&self, level: f64) -> Result<MeanInterval> {
        self.needs_random_effects("interval of Henmi and Copas")?;
        let mut workspace = self.loaded()?;
        let fit = workspace.henmi_copas(1.0 - level, self.null()).map_err(|e| self.explain(e))?;
        let half = fit.quantile * fit.standard_error;
        let pieces = vec![(fit.mean - half, fit.mean + half)];
        self.interval_of((MeanMethod::HenmiCopas, level), fit.mean, pieces, fit.p_value)
    }
}
