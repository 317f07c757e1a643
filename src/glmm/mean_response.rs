//! The mean over studies of the true proportion or rate, which is not the proportion of the mean.

use super::fit::{GlmmFit, quantile_normal};
use super::integrated::Integrated;
use super::marginal::marginal;
use super::maximise::Failure;
use super::options::{GlmmModel, Link};
use super::problem::{Point, Problem};
use super::search::Maximum;
use crate::error::{ErrorKind, Result};
use crate::inference::{Natural, check_level};
use crate::num::minimum;
use crate::num::quadrature::Effort;

impl GlmmFit {
    /// The **mean** true proportion (or rate) over studies, with its profile-likelihood interval:
    ///
    /// ```text
    /// E[p(mu + tau Z)]        Z standard normal
    /// ```
    ///
    /// [`natural`](Self::natural) is the median, which lies further from one half (for a rate: below). The interval holds
    /// the means of all (mu, tau2) that a likelihood-ratio test with 1 df does not reject; of the estimate of tau2 nothing
    /// is taken as known. metafor: `predict(transf = transf.ilogit.int)` transforms the limits of mu with tau2 fixed instead.
    ///
    /// ```
    /// use meta_analysis::{datasets::ivig_dermatomyositis, glmm::BinomialNormal};
    ///
    /// let fit = BinomialNormal::new().fit(&ivig_dermatomyositis::responses()?)?;
    /// assert!(fit.mean_response()?.value < fit.natural().value);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary; [`ErrorKind::Overflow`], as the mean rate may for a tau2 in the hundreds.
    pub fn mean_response(&self) -> Result<Natural> {
        self.mean_response_at(self.model().level())
    }

    /// As [`mean_response`](Self::mean_response), at another level.
    ///
    /// # Errors
    /// Also [`ErrorKind::LevelOutOfRange`].
    pub fn mean_response_at(&self, level: f64) -> Result<Natural> {
        let z = quantile_normal(check_level(level)?);
        let solved = self.solved()?;
        let (problem, maximum, model) = (&solved.problem, &solved.maximum, *self.model());
        let drop = 0.5 * z * z;
        let range = problem.tau2_limits(maximum, drop)?;
        // On the link scale, where the mean is as smooth in mu as mu itself.
        let of = |mu: f64, tau2: f64| ln_mean(&model, mu, tau2);
        let best = &maximum.best.point;
        let value = of(best[0], best[1]).unwrap_or(f64::NAN).exp();
        let [lower, upper] = [-1.0, 1.0].map(|direction| {
            let at = |root: f64| {
                let tau2 = root * root;
                let mu = problem.slice_limit(maximum, tau2, direction, drop).ok()?;
                of(mu, tau2)
            };
            let score = |root: f64| at(root).map_or(f64::INFINITY, |ln_mean| -direction * ln_mean);
            let root = minimum::on_interval(range.0.sqrt(), range.1.sqrt(), score);
            at(root).map_or(f64::NAN, f64::exp)
        });
        if ![value, lower, upper].iter().all(|x| x.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the mean response" }.into());
        }
        Ok(Natural { value, lower, upper, level, measure: model.link().measure() })
    }
}

/// `ln E[p(mu + tau Z)]`: the probability that one further person responds, or the logarithm of the mean rate.
pub(super) fn ln_mean(model: &GlmmModel, mu: f64, tau2: f64) -> Option<f64> {
    match model.link() {
        Link::Log => Some(mu + 0.5 * tau2),
        _ => marginal(&model.study(1.0, 1.0), mu, tau2, Effort::Exact).map(|m| m.value),
    }
}

impl<S: Integrated> Problem<S> {
    /// At a given tau2, the mean in this direction at which the log-likelihood is `drop` below the maximum; the best mean where it
    /// is already lower than that. Of models with one coefficient.
    fn slice_limit(
        &self,
        maximum: &Maximum,
        tau2: f64,
        direction: f64,
        drop: f64,
    ) -> std::result::Result<f64, Failure> {
        let target = maximum.best.value() - drop;
        let mut start: Point = maximum.best.point.clone();
        start[1] = tau2;
        let top = self.best_at_tau2(start, None, Effort::Exact)?;
        let goal = (2.0 * (top.value() - target)).max(0.0).sqrt();
        let unit = (-top.at.hessian[(0, 0)]).sqrt().recip();
        let (centre, mut low, mut high, mut x) = (top.point[0], 0.0, f64::INFINITY, goal);
        if goal <= 1e-9 {
            return Ok(centre);
        }
        loop {
            let mut point = top.point.clone();
            point[0] = centre + direction * x * unit;
            let at = self.evaluate(&point, Effort::Exact).ok_or(Failure::OutOfRange)?;
            let root = (2.0 * (top.value() - at.value)).max(0.0).sqrt();
            if root < goal {
                low = x;
            } else {
                high = x;
            }
            // The log-likelihood is concave in the mean, so its signed root rises.
            let step = (goal - root) * root / (-direction * unit * at.gradient[0]);
            let mut next = x + step;
            if !(low < next && next < high) {
                next = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * x };
            }
            if step.abs() <= 1e-7 * x {
                return Ok(centre + direction * (x + step) * unit);
            }
            if !(low < next && next < high) {
                return Ok(point[0]);
            }
            x = next;
        }
    }
}
