//! Profile-likelihood limits of the effect and of tau2, and the best with one of them held.

use super::super::maximise::Failure;
use super::super::two_groups::profile_root::{Way, limit};
use super::levels::{Free, Levels, Point, SIGMA2, Stand, TAU2, THETA, information};
use super::levels_search::{ALL, Highest, WITHOUT_TAU2};
use crate::error::Result;
use crate::num::quadrature::Effort;
use nalgebra::{DMatrix, DVector};

/// A Newton step this small, in standard errors, leaves nothing but rounding.
const SETTLED: f64 = 1e-7;
/// A fall of the log-likelihood that only absurd parameters reach, as for one group.
const OUT_OF_REACH: f64 = 30.0;
/// More steps than the joint method takes where it works.
const JOINT_STEPS: usize = 14;

/// What a limit is searched for.
#[derive(Debug, Clone, Copy)]
struct Goal {
    parameter: usize,
    /// Log-likelihood at the maximum, and the signed root at the limit.
    top: f64,
    root: f64,
    /// Whether the logarithm of the parameter is moved.
    logarithm: bool,
}

impl Levels {
    /// All but one parameter, and tau2 only where it is not known to be 0.
    fn others(held: usize, equal_effects: bool) -> Free {
        let mut free = if equal_effects { WITHOUT_TAU2 } else { ALL };
        free[held] = false;
        free
    }

    /// Inverse of the information on the parameters that are not on their boundary.
    pub(super) fn covariance(&self, best: &Stand, free: Free) -> Result<(Vec<usize>, DMatrix<f64>), Failure> {
        let rows: Vec<usize> = (0..4).filter(|&p| free[p] && (p < SIGMA2 || best.point[p] > 0.0)).collect();
        let inverse = information(&best.at, &rows).ok_or(Failure::OutOfRange)?.inverse();
        Ok((rows, inverse))
    }

    /// Standard error of a parameter; `None` for a variance of 0.
    pub(super) fn standard_error(&self, best: &Stand, free: Free, parameter: usize) -> Result<Option<f64>, Failure> {
        let (rows, inverse) = self.covariance(best, free)?;
        let place = rows.iter().position(|&p| p == parameter);
        Ok(place.map(|i| inverse[(i, i)].sqrt()))
    }

    /// From a stand, the other parameters as they go best with a change of one, to first order.
    fn followed(stand: &Stand, free: Free, parameter: usize, to: f64) -> Point {
        let mut point = stand.point;
        let rows: Vec<usize> =
            stand.movable(free).into_iter().filter(|&p| p < SIGMA2 || stand.point[p] > 0.0).collect();
        let by = to - point[parameter];
        if let Some(factor) = information(&stand.at, &rows) {
            let mixed = DVector::from_fn(rows.len(), |a, _| stand.at.hessian[rows[a]][parameter]);
            for (&p, rate) in rows.iter().zip(factor.solve(&mixed).iter()) {
                let moved = point[p] + rate * by;
                point[p] = if p >= SIGMA2 { moved.max(0.25 * point[p]) } else { moved };
            }
        }
        point[parameter] = to;
        point
    }

    /// The best with a parameter held, near a stand.
    fn held_from(&self, stand: &Stand, free: Free, parameter: usize, to: f64) -> Result<Stand, Failure> {
        self.climb(Self::followed(stand, free, parameter, to), free, Effort::Exact)
    }

    /// The best with the effect held, over every maximum in tau2 that the grid shows.
    pub(super) fn held_effect(&self, found: &Highest, equal: bool, effect: f64) -> Result<Stand, Failure> {
        let free = Self::others(THETA, equal);
        let mut best = self.held_from(&found.best, free, THETA, effect)?;
        // At a grid point, what holding the effect costs to second order.
        let cost = |g: &Stand| {
            let se = self.standard_error(g, WITHOUT_TAU2, THETA).ok().flatten().unwrap_or(f64::NAN);
            g.value() - 0.5 * ((effect - g.point[THETA]) / se).powi(2)
        };
        if let Some(rival) = found.grid.iter().max_by(|a, b| cost(a).total_cmp(&cost(b))) {
            let other = self.held_from(rival, free, THETA, effect)?;
            if other.value() > best.value() {
                best = other;
            }
        }
        Ok(best)
    }

    /// The limit of the effect in `direction` (-1 or 1) at which the profile is `drop` below the maximum.
    pub(super) fn effect_limit(&self, found: &Highest, equal: bool, direction: f64, drop: f64) -> Result<f64> {
        let nearest = self.effect_limit_from(found, &found.best, equal, direction, drop)?;
        let target = found.best.value() - drop;
        // Another tau2 may reach further: its own limit, to second order.
        let reach = |g: &Stand| {
            let room = g.value() - target;
            let se = self.standard_error(g, WITHOUT_TAU2, THETA).ok().flatten().unwrap_or(0.0);
            if room > 0.0 { direction * g.point[THETA] + (2.0 * room).sqrt() * se } else { f64::NEG_INFINITY }
        };
        let furthest = found.grid.iter().max_by(|a, b| reach(a).total_cmp(&reach(b)));
        if let Some(rival) = furthest
            && reach(rival) > direction * nearest
        {
            let free = Self::others(THETA, equal);
            let stand = self.held_from(rival, free, THETA, direction * reach(rival))?;
            if stand.value() >= target {
                return self.effect_limit_from(found, &stand, equal, direction, drop);
            }
        }
        Ok(nearest)
    }

    fn effect_limit_from(&self, found: &Highest, from: &Stand, equal: bool, direction: f64, drop: f64) -> Result<f64> {
        if drop > OUT_OF_REACH {
            return Err(Failure::OutOfRange.into());
        }
        let free = Self::others(THETA, equal);
        let all = if equal { WITHOUT_TAU2 } else { ALL };
        let unit = self.standard_error(&found.best, all, THETA)?.ok_or(Failure::OutOfRange)?;
        let centre = found.best.point[THETA];
        let root = (2.0 * drop).sqrt();
        let goal = Goal { parameter: THETA, top: found.best.value(), root, logarithm: false };
        let start = if direction * (from.point[THETA] - centre) > 0.0 {
            from.point
        } else {
            Self::followed(from, free, THETA, centre + direction * root * unit)
        };
        if let Some(place) = self.joint_limit(goal, free, unit, start)
            && direction * (place - centre) > 0.0
        {
            return Ok(place);
        }
        let way = Way { centre, unit, direction, top: found.best.value(), drop };
        let mut stand = *from;
        limit(way, |effect| {
            stand = self.held_from(&stand, free, THETA, effect).ok()?;
            Some((stand.value(), stand.at.gradient[THETA]))
        })
    }

    /// The ends of the tau2 whose profile is at most `drop` below the maximum.
    pub(super) fn tau2_limits(&self, found: &Highest, drop: f64) -> Result<(f64, f64)> {
        if drop > OUT_OF_REACH {
            return Err(Failure::OutOfRange.into());
        }
        let target = found.best.value() - drop;
        let at = |g: &Stand| g.point[TAU2];
        let best = at(&found.best);
        let lower = if found.at_zero.value() >= target {
            0.0
        } else {
            let above = found.grid.iter().find(|g| g.value() >= target && at(g) < best);
            self.tau2_limit(found, above.unwrap_or(&found.best), -1.0, drop)?
        };
        let last = found.grid.iter().rfind(|g| g.value() >= target && at(g) > best);
        let upper = self.tau2_limit(found, last.unwrap_or(&found.best), 1.0, drop)?;
        Ok((lower, upper))
    }

    fn tau2_limit(&self, found: &Highest, inside: &Stand, direction: f64, drop: f64) -> Result<f64> {
        let (free, top, root) = (WITHOUT_TAU2, found.best.value(), (2.0 * drop).sqrt());
        let best = found.best.point[TAU2];
        let up = direction > 0.0;
        let mut inside = *inside;
        if up && inside.point[TAU2] <= 0.0 {
            // Off 0, where the logarithm has no place: the first of the grid.
            let first = found.grid.first().map_or(1.0, |g| g.point[TAU2]);
            inside = self.held_from(&inside, free, TAU2, first)?;
            if inside.value() < top - drop {
                // Between 0 and there.
                let way = Way { centre: 0.0, unit: first / root, direction, top, drop };
                return limit(way, |tau2| {
                    inside = self.held_from(&inside, free, TAU2, tau2).ok()?;
                    Some((inside.value(), inside.at.gradient[TAU2]))
                });
            }
        }
        let t = inside.point[TAU2];
        let first = if up { 1.8 * t } else { 0.6 * t };
        let goal = Goal { parameter: TAU2, top, root, logarithm: true };
        let start = Self::followed(&inside, free, TAU2, first);
        if let Some(place) = self.joint_limit(goal, free, 1.0, start)
            && up == (place > best)
            && place > 0.0
        {
            return Ok(place);
        }
        if up {
            let way = Way { centre: t.ln(), unit: 0.5, direction, top, drop };
            return limit(way, |logarithm| {
                let tau2 = logarithm.exp();
                inside = self.held_from(&inside, free, TAU2, tau2).ok()?;
                Some((inside.value(), inside.at.gradient[TAU2] * tau2))
            })
            .map(f64::exp);
        }
        let way = Way { centre: t, unit: 0.5 * t / root, direction, top, drop };
        limit(way, |tau2| {
            if tau2 <= 0.0 {
                return None;
            }
            inside = self.held_from(&inside, free, TAU2, tau2).ok()?;
            Some((inside.value(), inside.at.gradient[TAU2]))
        })
    }

    /// A limit by Newton's method on all parameters at once, as for one group (Venzon & Moolgavkar 1988, Appl Stat 37:87,
    /// doi 10.2307/2347496); `None` where it does not settle.
    fn joint_limit(&self, goal: Goal, free: Free, unit: f64, mut point: Point) -> Option<f64> {
        let c = goal.parameter;
        let mut pinned = [false; 4];
        for p in SIGMA2..=TAU2 {
            pinned[p] = point[p] <= 0.0;
        }
        for i in 0..JOINT_STEPS {
            // The first step only finds the way.
            let effort = if i < 1 { Effort::Scan } else { Effort::Exact };
            let at = self.evaluate(&point, effort)?;
            let rows: Vec<usize> = (0..4).filter(|&p| free[p] && !pinned[p]).collect();
            let factor = information(&at, &rows)?;
            let gradient = DVector::from_fn(rows.len(), |a, _| at.gradient[rows[a]]);
            let mixed = DVector::from_fn(rows.len(), |a, _| at.hessian[rows[a]][c]);
            let (inner, follow) = (factor.solve(&gradient), factor.solve(&mixed));
            let decrement = inner.dot(&gradient);
            let slope = at.gradient[c] + mixed.dot(&inner);
            let root = (2.0 * (goal.top - at.value - 0.5 * decrement)).sqrt();
            let rate = if goal.logarithm { point[c] } else { unit };
            let step = (goal.root - root) * root / (-slope * rate);
            if !step.is_finite() || decrement > 4.0 || step.abs() > 3.0 {
                return None;
            }
            if decrement <= 1e-6 {
                // What is held at 0 has to be best there.
                let pull = |p: usize| {
                    at.gradient[p] + rows.iter().zip(inner.iter()).map(|(&a, d)| at.hessian[a][p] * d).sum::<f64>()
                };
                if (SIGMA2..=TAU2).any(|p| free[p] && pinned[p] && pull(p) > 0.0) {
                    return None;
                }
            }
            let moved = if goal.logarithm { point[c] * step.exp() } else { point[c] + step * unit };
            if step.abs() <= SETTLED && decrement <= 1e-14 && effort == Effort::Exact {
                return Some(moved);
            }
            let by = moved - point[c];
            for (a, &p) in rows.iter().enumerate() {
                point[p] += inner[a] + follow[a] * by;
            }
            point[c] = moved;
            for p in SIGMA2..=TAU2 {
                if p != c && point[p] <= 0.0 {
                    (point[p], pinned[p]) = (0.0, true);
                }
            }
        }
        None
    }
}
