//! The model in which each study has an effect of its own, and levels are random: what equal effects are compared with.

use super::super::maximise::Failure;
use super::levels::{Evaluation, GAMMA, Levels, Point, SIGMA2, TAU2, THETA, information};
use crate::num::quadrature::Effort;
use nalgebra::DVector;

/// Newton's decrements (squared) below which nothing is left but rounding; where the effect of a study is infinite, what is left is
/// about as much of the log-likelihood.
const SETTLED: f64 = 1e-13;
/// More steps than a maximum takes.
const STEPS: usize = 200;

impl Levels {
    /// The log-likelihood at its maximum over level, sigma2 and the effects of all studies, from the best equal effects.
    ///
    /// The level is that of the second group whatever the coding of the random effect, as metafor has it: the effects are the first
    /// group's own.
    pub(super) fn own_effects(&self, start: Point) -> Result<f64, Failure> {
        let mut point = start;
        point[GAMMA] -= self.shares[1] * start[THETA];
        point[TAU2] = 0.0;
        Self { studies: self.studies.clone(), shares: [1.0, 0.0] }.each_by_itself(point)
    }

    fn each_by_itself(&self, mut point: Point) -> Result<f64, Failure> {
        let mut effects = vec![point[THETA]; self.studies.len()];
        let mut now = self.with_effects(&point, &mut effects)?;
        for _ in 0..STEPS {
            let pinned = point[SIGMA2] <= 0.0 && now.gradient[SIGMA2] <= 0.0;
            let rows = if pinned { vec![GAMMA] } else { vec![GAMMA, SIGMA2] };
            let gradient = DVector::from_fn(rows.len(), |a, _| now.gradient[rows[a]]);
            let step = match information(&now, &rows) {
                Some(factor) => factor.solve(&gradient),
                // Not concave in sigma2: the sign of its slope.
                None => DVector::from_vec(vec![
                    -now.gradient[GAMMA] / now.hessian[GAMMA][GAMMA],
                    now.gradient[SIGMA2].signum() * (0.5 * point[SIGMA2]).max(0.01),
                ]),
            };
            let decrement = step.dot(&gradient);
            let mut share = 1.0;
            loop {
                let mut next = point;
                for (&p, step) in rows.iter().zip(step.iter()) {
                    next[p] += share * step;
                }
                next[SIGMA2] = next[SIGMA2].max(0.0);
                let mut moved = effects.clone();
                let found = self.with_effects(&next, &mut moved);
                match found {
                    Ok(found) if found.value > now.value => {
                        (point, effects, now) = (next, moved, found);
                        break;
                    }
                    _ if share < 1e-6 => return Ok(now.value),
                    _ => share *= 0.25,
                }
            }
            if decrement <= SETTLED {
                return Ok(now.value);
            }
        }
        Err(Failure::OutOfRange)
    }

    /// The effects of all studies at their best for a level and a sigma2; what is left is a function of these two.
    fn with_effects(&self, point: &Point, effects: &mut [f64]) -> Result<Evaluation, Failure> {
        let mut total = Evaluation { value: 0.0, gradient: [0.0; 4], hessian: [[0.0; 4]; 4] };
        for (i, effect) in effects.iter_mut().enumerate() {
            let one = self.with_effect(i, point, effect)?;
            total.value += one.value;
            let curvature = one.hessian[THETA][THETA];
            for p in [GAMMA, SIGMA2] {
                let follow = one.hessian[p][THETA] / curvature;
                total.gradient[p] += one.gradient[p] - follow * one.gradient[THETA];
                for q in [GAMMA, SIGMA2] {
                    total.hessian[p][q] += one.hessian[p][q] - follow * one.hessian[THETA][q];
                }
            }
        }
        Ok(total)
    }

    fn with_effect(&self, i: usize, point: &Point, effect: &mut f64) -> Result<Evaluation, Failure> {
        let out = Failure::OutOfRange;
        let at = |effect: f64| {
            let mut point = *point;
            point[THETA] = effect;
            self.one(i, &point, Effort::Exact).ok_or(out)
        };
        let mut now = at(*effect)?;
        for _ in 0..STEPS {
            let step = -now.gradient[THETA] / now.hessian[THETA][THETA];
            let decrement = step * now.gradient[THETA];
            if decrement.is_nan() || decrement <= SETTLED {
                return Ok(now);
            }
            let mut share = 1.0;
            let next = loop {
                let moved = *effect + share * step;
                match at(moved) {
                    Ok(found) if found.value > now.value => break Some((moved, found)),
                    _ if share < 1e-6 => break None,
                    _ => share *= 0.25,
                }
            };
            let Some(next) = next else { return Ok(now) };
            (*effect, now) = next;
        }
        Err(out)
    }
}
