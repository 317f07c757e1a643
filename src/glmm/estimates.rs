//! From a maximum to what a result reports, for any likelihood with one mean.

use super::fit::{quantile, quantile_normal};
use super::heterogeneity::{GlmmHeterogeneity, tau2_test};
use super::integrated::Integrated;
use super::options::GlmmInference;
use super::problem::Problem;
use super::search::Maximum;
use crate::error::{ErrorKind, Result};
use crate::inference::Interval;
use crate::num::chi_squared;

/// The limits, unless one of them left the range of doubles.
pub(super) fn finite_interval((lower, upper): (f64, f64)) -> Result<Interval> {
    if lower.is_finite() && upper.is_finite() {
        return Ok(Interval { lower, upper });
    }
    Err(ErrorKind::Overflow { what: "the confidence interval" }.into())
}

/// The limits around an estimate. At levels near 0 limits are as uncertain as they are apart; the estimate lies between them.
pub(super) fn interval_around(estimate: f64, limits: (f64, f64)) -> Result<Interval> {
    // Before the order: the smaller of NaN and a number is the number.
    let Interval { lower, upper } = finite_interval(limits)?;
    finite_interval((lower.min(estimate), upper.max(estimate)))
}

impl<S: Integrated> Problem<S> {
    /// The confidence interval of the mean by this method and level, with k - 1 degrees of freedom where it uses t.
    pub(super) fn mean_interval(&self, maximum: &Maximum, inference: GlmmInference, level: f64) -> Result<Interval> {
        let df = inference.uses_t().then_some(self.studies.len() as f64 - 1.0);
        let quantile = quantile(level, df);
        if inference.is_profile() {
            return self.profile_interval(maximum, 0.5 * quantile * quantile);
        }
        let half = quantile * self.standard_error(&maximum.best, 0)?;
        finite_interval((maximum.best.point[0] - half, maximum.best.point[0] + half))
    }

    /// The means whose profile is at most `drop` below the maximum.
    pub(super) fn profile_interval(&self, maximum: &Maximum, drop: f64) -> Result<Interval> {
        let limit = |direction| self.coefficient_limit(maximum, 0, direction, drop);
        interval_around(maximum.best.point[0], (limit(-1.0)?, limit(1.0)?))
    }

    /// The profile-likelihood interval of tau2.
    pub(super) fn tau2_interval(&self, maximum: &Maximum, level: f64) -> Result<Interval> {
        let z = quantile_normal(level);
        interval_around(maximum.best.tau2(), self.tau2_limits(maximum, 0.5 * z * z)?)
    }

    /// Signed root of the likelihood ratio, or Wald's statistic, of the hypothesis that the mean is `eta`.
    pub(super) fn statistic(&self, maximum: &Maximum, eta: f64, inference: GlmmInference) -> Result<f64> {
        let best = &maximum.best;
        let distance = best.point[0] - eta;
        if inference.is_profile() {
            let held = self.held_best(maximum, 0, eta)?;
            return Ok((2.0 * (best.value() - held.value())).max(0.0).sqrt() * distance.signum());
        }
        Ok(distance / self.standard_error(best, 0)?)
    }

    /// tau2 with interval and tests.
    pub(super) fn heterogeneity(&self, maximum: &Maximum, level: f64) -> Result<GlmmHeterogeneity> {
        let best = &maximum.best;
        let covariance = self.covariance(best)?;
        let (likelihood_ratio, p_value) = tau2_test(best.value(), maximum.at_zero.value());
        let deviance = self.deviance(maximum.at_zero.value());
        let df = self.studies.len() as f64 - 1.0;
        Ok(GlmmHeterogeneity {
            tau2: Some(best.tau2()),
            tau2_se: covariance.get((1, 1)).map(|v| v.sqrt()),
            tau2_interval: Some(self.tau2_interval(maximum, level)?),
            likelihood_ratio,
            p_value,
            deviance,
            df,
            deviance_p_value: chi_squared::sf(deviance, df),
        })
    }

    /// Twice the difference between this log-likelihood and that of one mean per study.
    pub(super) fn deviance(&self, log_likelihood: f64) -> f64 {
        (2.0 * (self.studies.iter().map(Integrated::saturated).sum::<f64>() - log_likelihood)).max(0.0)
    }

    /// Share of each study in the information on the mean.
    pub(super) fn shares(&self, maximum: &Maximum) -> Option<Vec<f64>> {
        let each = self.marginals(&maximum.best.point, crate::num::quadrature::Effort::Exact)?;
        let total: f64 = each.iter().map(|one| -one.h_mm).sum();
        Some(each.iter().map(|one| -one.h_mm / total).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_no_number_is_an_error() {
        assert_eq!(interval_around(1.0, (1.5, 2.0)), Ok(Interval { lower: 1.0, upper: 2.0 }));
        for limits in [(f64::NAN, 2.0), (0.5, f64::NAN), (0.5, f64::INFINITY)] {
            assert!(interval_around(1.0, limits).is_err(), "{limits:?}");
        }
    }
}
