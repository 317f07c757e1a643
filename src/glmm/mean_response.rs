//! The mean over studies of the true proportion or rate, which is not the proportion of the mean.

use super::budget::Budget;
use super::estimates::interval_around;
use super::fit::{GlmmFit, quantile_normal};
use super::integrated::Integrated;
use super::lattice::Tabulated;
use super::marginal::{Marginal, marginal};
use super::maximise::Failure;
use super::one_group::OneGroup;
use super::options::{GlmmModel, Link};
use super::problem::{Point, Problem};
use super::search::Maximum;
use crate::error::{ErrorKind, Result};
use crate::inference::{Interval, Natural, check_level};
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
        let Interval { lower: least, upper: most } = problem.tau2_interval(maximum, level)?;
        // On the link scale, where the mean is as smooth in mu as mu itself.
        let of = |mu: f64, tau2: f64, effort| mean(&model, mu, tau2, effort).map(|m| m.value);
        let best = &maximum.best.point;
        let value = of(best[0], best[1], Effort::Exact).unwrap_or(f64::NAN).exp();
        let [lower, upper] = [-1.0, 1.0].map(|direction| {
            let at = |root: f64, effort| {
                let tau2 = root * root;
                let mu = problem.slice_limit(maximum, tau2, direction, drop, effort).ok()?;
                Some((of(mu, tau2, effort)?, [mu, tau2]))
            };
            let score = |root: f64, effort| at(root, effort).map_or(f64::INFINITY, |(mean, _)| -direction * mean);
            let (from, to) = (least.sqrt(), most.sqrt());
            let [low, middle, high] = minimum::bracket(from, to, CELLS, |root| score(root, Effort::Scan));
            // The extreme of a smooth function on a smooth curve: by Newton's method, or where that does not settle, by sections.
            let polished = at(middle, Effort::Exact).and_then(|(_, start)| {
                let [mu, tau2] = problem.extreme_mean(&model, start, maximum.best.value() - drop)?;
                let inside = low * low <= tau2 && tau2 <= high * high;
                let mean = of(mu, tau2, Effort::Exact).filter(|_| inside)?;
                (-direction * mean <= score(middle, Effort::Exact)).then_some(mean)
            });
            let mean = polished.or_else(|| {
                let root = minimum::golden_section([low, middle, high], |root| score(root, Effort::Exact));
                at(root, Effort::Exact).map(|(mean, _)| mean)
            });
            mean.map_or(f64::NAN, f64::exp)
        });
        if ![value, lower, upper].iter().all(|x| x.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the mean response" }.into());
        }
        let Interval { lower, upper } = interval_around(value, (lower, upper))?;
        Ok(Natural { value, lower, upper, level, measure: model.link().measure() })
    }
}

/// `ln E[p(mu + tau Z)]`, the probability that one further person responds, or the logarithm of the mean rate, with its derivatives.
fn mean(model: &GlmmModel, mu: f64, tau2: f64, effort: Effort) -> Option<Marginal> {
    match model.link() {
        Link::Log => Some(Marginal {
            value: mu + 0.5 * tau2,
            g_m: 1.0,
            g_t: 0.5,
            h_mm: 0.0,
            h_mt: 0.0,
            h_tt: 0.0,
            mean: mu + tau2,
            variance: tau2,
        }),
        _ => marginal(&model.study(1.0, 1.0), mu, tau2, effort),
    }
}

/// By how much a scan may misjudge a log-likelihood at the ends of the range of tau2.
const ROUNDING: f64 = 1e-3;
/// Parts of the range of tau in which the extreme mean is looked for.
const CELLS: u32 = 12;
/// More steps than Newton's method takes where it settles.
const STEPS: usize = 12;

impl Problem<Tabulated<OneGroup>> {
    /// The place `[mu, tau2]` near `start` where the mean is greatest or least among those with this log-likelihood: the log-likelihood
    /// and the mean have parallel gradients there. `None` where Newton's method does not settle at a positive tau2.
    fn extreme_mean(&self, model: &GlmmModel, start: [f64; 2], target: f64) -> Option<[f64; 2]> {
        let [mut mu, mut tau2] = start;
        for _ in 0..STEPS {
            let l = self.evaluate(&Point::from_vec(vec![mu, tau2]), Effort::Exact)?;
            let m = mean(model, mu, tau2, Effort::Exact)?;
            let (lm, lt) = (l.gradient[0], l.gradient[1]);
            let (lmm, lmt, ltt) = (l.hessian[(0, 0)], l.hessian[(0, 1)], l.hessian[(1, 1)]);
            let short = target - l.value;
            let cross = m.g_m * lt - m.g_t * lm;
            let by_mu = m.h_mm * lt + m.g_m * lmt - m.h_mt * lm - m.g_t * lmm;
            let by_tau2 = m.h_mt * lt + m.g_m * ltt - m.h_tt * lm - m.g_t * lmt;
            let determinant = lm * by_tau2 - lt * by_mu;
            let (d_mu, d_tau2) =
                ((short * by_tau2 + lt * cross) / determinant, (-lm * cross - by_mu * short) / determinant);
            if !(d_mu.is_finite() && d_tau2.is_finite() && tau2 + d_tau2 > 0.0) {
                return None;
            }
            (mu, tau2) = (mu + d_mu, tau2 + d_tau2);
            // What the next step would change is below the rounding of this one.
            let unit = (-lmm).sqrt().recip();
            if d_mu.abs() <= 1e-8 * unit && d_tau2.abs() <= 1e-8 * tau2 {
                return Some([mu, tau2]);
            }
        }
        None
    }
}

impl<S: Integrated> Problem<S> {
    /// At a given tau2, the mean in this direction at which the log-likelihood is `drop` below the maximum; the best mean at the ends of the
    /// range of tau2, where that is all there is. Of models with one coefficient.
    ///
    /// # Errors
    /// In a gap of that range, where the likelihood has two maxima and no mean is likely enough.
    fn slice_limit(
        &self,
        maximum: &Maximum,
        tau2: f64,
        direction: f64,
        drop: f64,
        effort: Effort,
    ) -> std::result::Result<f64, Failure> {
        let target = maximum.best.value() - drop;
        let mut start: Point = maximum.best.point.clone();
        start[1] = tau2;
        let top = self.best_at_tau2(start, None, effort, &Budget::new())?;
        if top.value() < target - ROUNDING {
            return Err(Failure::OutOfRange);
        }
        let goal = (2.0 * (top.value() - target)).max(0.0).sqrt();
        let unit = (-top.at.hessian[(0, 0)]).sqrt().recip();
        let (centre, mut low, mut high, mut x) = (top.point[0], 0.0, f64::INFINITY, goal);
        if goal <= 1e-9 {
            return Ok(centre);
        }
        let settled = if effort == Effort::Exact { 1e-7 } else { 1e-2 };
        loop {
            let mut point = top.point.clone();
            point[0] = centre + direction * x * unit;
            let at = self.evaluate(&point, effort).ok_or(Failure::OutOfRange)?;
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
            if step.abs() <= settled * x {
                return Ok(centre + direction * (x + step) * unit);
            }
            if !(low < next && next < high) {
                return Ok(point[0]);
            }
            x = next;
        }
    }
}
