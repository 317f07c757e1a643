//! The same likelihoods with one effect in all studies: a concave function of one variable.

use super::solved::Solved;
use crate::error::{ErrorKind, Result};
use crate::glmm::estimates::interval_around;
use crate::glmm::likelihood::StudyLikelihood;
use crate::inference::Interval;

/// Log-likelihood, slope and curvature at one effect.
pub(super) fn total<S: StudyLikelihood>(studies: &[S], effect: f64) -> [f64; 3] {
    studies.iter().fold([0.0; 3], |[value, slope, curvature], study| {
        let local = study.at(effect);
        [value + local.value, slope + local.d[0], curvature + local.d[1]]
    })
}

/// Where the log-likelihood has fallen to `target`, going from `inside`, where it is higher, in `direction`; `unit` is a length of the
/// right order.
///
/// Beyond the crossing the tangent of a concave function reaches the target between crossing and point, so that Newton's steps
/// from there never overshoot.
pub(super) fn crossing<S: StudyLikelihood>(
    studies: &[S],
    inside: f64,
    direction: f64,
    unit: f64,
    target: f64,
) -> Result<f64> {
    if !(unit > 0.0 && unit.is_finite()) {
        // At a level of nothing the interval is its estimate.
        return if unit == 0.0 {
            Ok(inside)
        } else {
            Err(ErrorKind::Overflow { what: "the confidence interval" }.into())
        };
    }
    let mut away = unit;
    while total(studies, inside + direction * away)[0] >= target {
        away *= 2.0;
        if !away.is_finite() {
            return Err(ErrorKind::Overflow { what: "the confidence interval" }.into());
        }
    }
    let mut place = inside + direction * away;
    loop {
        let [value, slope, _] = total(studies, place);
        let next = place + (target - value) / slope;
        if !next.is_finite() {
            return Err(ErrorKind::Overflow { what: "the confidence interval" }.into());
        }
        // The steps only go inwards until rounding turns one of them.
        if direction * (place - next) <= 1e-10 * (place - inside).abs() {
            return Ok(next);
        }
        place = next;
    }
}

/// One effect in all studies, at its maximum.
#[derive(Debug)]
pub(super) struct EqualEffects<S> {
    studies: Vec<S>,
    effect: f64,
    at: [f64; 3],
}

impl<S: StudyLikelihood> EqualEffects<S> {
    /// For likelihoods of which some fall on each side.
    pub(super) fn maximise(studies: Vec<S>) -> Result<Self> {
        let places = studies.iter().map(|s| s.knee().0);
        let (mut low, mut high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let overflow = || crate::Error::from(ErrorKind::Overflow { what: "the likelihood" });
        let mut effect = 0.5 * low + 0.5 * high;
        // The maximum lies where the slopes of the ends differ.
        let mut width = 1.0;
        while total(&studies, low)[1] < 0.0 {
            low -= width;
            width *= 2.0;
        }
        width = 1.0;
        while total(&studies, high)[1] > 0.0 {
            high += width;
            width *= 2.0;
        }
        if !(low.is_finite() && high.is_finite()) {
            return Err(overflow());
        }
        loop {
            let at = total(&studies, effect);
            let [_, slope, curvature] = at;
            let step = -slope / curvature;
            // A decrement this small leaves an error of its square.
            if slope * step <= 1e-20 || high - low <= 2.0 * f64::EPSILON * high.abs().max(low.abs()) {
                let effect = if step.is_finite() { effect + step } else { effect };
                let at = total(&studies, effect);
                let finite = at.iter().all(|x| x.is_finite()) && at[2] < 0.0;
                return if finite { Ok(Self { studies, effect, at }) } else { Err(overflow()) };
            }
            if slope > 0.0 {
                low = effect;
            } else {
                high = effect;
            }
            let next = effect + step;
            effect = if low < next && next < high { next } else { 0.5 * low + 0.5 * high };
        }
    }

    fn se(&self) -> f64 {
        (-self.at[2]).sqrt().recip()
    }
}

impl<S: StudyLikelihood + std::fmt::Debug + Send + Sync> Solved for EqualEffects<S> {
    fn effect(&self) -> Result<(f64, f64)> {
        Ok((self.effect, self.se()))
    }

    fn log_likelihood(&self) -> f64 {
        self.at[0]
    }

    fn parameters(&self) -> Option<usize> {
        Some(1)
    }

    fn profile_interval(&self, drop: f64) -> Result<Interval> {
        let unit = (2.0 * drop).sqrt() * self.se();
        let limit = |direction| crossing(&self.studies, self.effect, direction, unit, self.at[0] - drop);
        interval_around(self.effect, (limit(-1.0)?, limit(1.0)?))
    }

    fn held(&self, effect: f64) -> Result<f64> {
        Ok(total(&self.studies, effect)[0])
    }

    fn shares(&self) -> Option<Vec<f64>> {
        Some(self.studies.iter().map(|s| s.at(self.effect).d[1] / self.at[2]).collect())
    }
}
