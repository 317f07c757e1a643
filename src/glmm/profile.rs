//! Profile-likelihood limits: where the best log-likelihood given one parameter has fallen by a given amount.

use super::budget::Budget;
use super::integrated::Integrated;
use super::maximise::{Failure, Stand};
use super::problem::{Point, Problem};
use super::search::{GridPoint, Maximum};
use crate::num::quadrature::Effort;
use nalgebra::{DMatrix, DVector};

/// A Newton step this small, in standard errors, leaves nothing but rounding.
const SETTLED: f64 = 1e-7;

/// A fall of the log-likelihood that only absurd parameters reach, since it falls with the logarithm of tau2: a t interval of two
/// studies at 95 % asks for 81.
const OUT_OF_REACH: f64 = 30.0;
/// Newton's steps towards a limit; then the bracket is halved, and at most this often again.
const FREE_STEPS: usize = 30;
/// Halvings after which nothing but the rounding of the profile is left.
const MOST_STEPS: usize = FREE_STEPS + 60;
/// More steps than the joint method takes where it works.
const JOINT_STEPS: usize = 14;

/// The variable that a limit is searched in.
#[derive(Debug, Clone, Copy)]
enum Scale {
    /// Distance from a centre in signed units.
    Linear { centre: f64, unit: f64 },
    /// The logarithm.
    Logarithm,
}

impl Scale {
    /// Derivative of the parameter with respect to the variable.
    fn rate(self, at: f64) -> f64 {
        match self {
            Self::Linear { unit, .. } => unit,
            Self::Logarithm => at,
        }
    }

    fn after(self, at: f64, step: f64) -> f64 {
        match self {
            Self::Linear { unit, .. } => at + step * unit,
            Self::Logarithm => at * step.exp(),
        }
    }

    /// What a step is small against.
    fn size(self, at: f64) -> f64 {
        match self {
            Self::Linear { centre, unit } => ((at - centre) / unit).abs(),
            Self::Logarithm => 1.0,
        }
    }
}

impl<S: Integrated> Problem<S> {
    /// The best log-likelihood with coefficient `j` held at `value`, tau2 and the others near `start`.
    fn held_at(&self, j: usize, value: f64, mut start: Point, budget: &Budget) -> Result<Stand, Failure> {
        start[j] = value;
        self.local_maximum(start, Some(j), (0.0, f64::INFINITY), budget)
    }

    /// The best log-likelihood with coefficient `j` held at `value`, over every maximum in tau2 that the grid shows.
    pub(crate) fn held_best(&self, maximum: &Maximum, j: usize, value: f64) -> Result<Stand, Failure> {
        let budget = Budget::new();
        let mut best = self.held_at(j, value, self.towards(maximum, &maximum.best.point, j, value), &budget)?;
        // At a grid point, what holding the coefficient costs to second order.
        let cost = |g: &GridPoint| g.value - 0.5 * (value - g.point[j]).powi(2) / g.variances[j];
        let rival = maximum.grid.iter().max_by(|a, b| cost(a).total_cmp(&cost(b)));
        if let Some(rival) = rival {
            let other = self.held_at(j, value, self.towards(maximum, &rival.point, j, value), &budget)?;
            if other.value() > best.value() {
                best = other;
            }
        }
        Ok(best)
    }

    /// A point with coefficient `j` moved to `value` and the other coefficients along with it, as they go together at the maximum.
    fn towards(&self, maximum: &Maximum, from: &Point, j: usize, value: f64) -> Point {
        let (mut point, tau2) = (from.clone(), from[self.p()]);
        self.follow(&maximum.best, j, value - from[j], &mut point);
        point[self.p()] = tau2;
        point
    }

    /// The limit of coefficient `j` in `direction` (-1 or 1) at which the profile is `drop` below the maximum.
    pub(crate) fn coefficient_limit(
        &self,
        maximum: &Maximum,
        j: usize,
        direction: f64,
        drop: f64,
    ) -> Result<f64, Failure> {
        if drop > OUT_OF_REACH {
            return Err(Failure::OutOfRange);
        }
        let budget = Budget::new();
        let target = maximum.best.value() - drop;
        let from_best = self.limit_from(maximum, &maximum.best.point, (j, direction), drop, &budget)?;
        // Another tau2 may reach further: its own limit, to second order.
        let reach = |g: &GridPoint| {
            let room = g.value - target;
            if room > 0.0 { direction * g.point[j] + (2.0 * room * g.variances[j]).sqrt() } else { f64::NEG_INFINITY }
        };
        let furthest = maximum.grid.iter().max_by(|a, b| reach(a).total_cmp(&reach(b)));
        match furthest {
            Some(g) if reach(g) > direction * from_best => {
                let value = direction * reach(g);
                let stand = self.held_at(j, value, self.towards(maximum, &g.point, j, value), &budget)?;
                if stand.value() < target {
                    Ok(from_best)
                } else {
                    self.limit_from(maximum, &stand.point, (j, direction), drop, &budget)
                }
            }
            _ => Ok(from_best),
        }
    }

    /// Newton's method on the signed root of the profile, which is nearly linear, inside a bracket that grows as needed.
    fn limit_from(
        &self,
        maximum: &Maximum,
        start: &Point,
        (j, direction): (usize, f64),
        drop: f64,
        budget: &Budget,
    ) -> Result<f64, Failure> {
        let (best, p) = (&maximum.best, self.p());
        let unit = self.standard_error(best, j)?;
        let goal = (2.0 * drop).sqrt();
        let centre = best.point[j];
        let mut point = start.clone();
        let mut x = direction * (start[j] - centre) / unit;
        if x <= 0.0 {
            x = goal;
            self.along_the_ridge(best, j, direction * x * unit, &mut point);
        }
        let scale = Scale::Linear { centre, unit: direction * unit };
        if let Some(limit) = self.joint_limit(best.value(), goal, j, scale, point.clone()) {
            return Ok(limit);
        }
        let (mut low, mut high) = (0.0, f64::INFINITY);
        for taken in 0..MOST_STEPS {
            let value = centre + direction * x * unit;
            let stand = self.held_at(j, value, point, budget)?;
            let root = (2.0 * (best.value() - stand.value())).max(0.0).sqrt();
            let slope = -direction * unit * stand.at.gradient[j] / root;
            if root < goal {
                low = x;
            } else {
                high = x;
            }
            let step = (goal - root) / slope;
            if step.abs() <= SETTLED * x {
                return Ok(value + direction * step * unit);
            }
            let mut next = x + step;
            let bisect = taken >= FREE_STEPS && high.is_finite();
            if bisect || !(next.is_finite() && low < next && next < high.min(4.0 * x)) {
                next = if high.is_finite() { 0.5 * (low + high) } else { 4.0 * x };
            }
            if !(low < next && next < high) {
                return Ok(value);
            }
            point = stand.point.clone();
            let moved = direction * (next - x) * unit;
            self.follow(&stand, j, moved, &mut point);
            point[p] = point[p].max(0.25 * stand.tau2());
            x = next;
        }
        Err(Failure::OutOfRange)
    }

    /// A limit of parameter `c` (a coefficient, or tau2) by Newton's method on all parameters at once: the profile to second order at
    /// each step, as Venzon & Moolgavkar 1988, Appl Stat 37:87, doi 10.2307/2347496, with the signed root for the log-likelihood.
    ///
    /// `None` where it does not settle; the callers then take the profile step by step.
    fn joint_limit(&self, best: f64, goal: f64, c: usize, scale: Scale, mut point: Point) -> Option<f64> {
        let p = self.p();
        let mut tau2_free = c == p || point[p] > 0.0;
        for i in 0..JOINT_STEPS {
            // The first steps only find the way.
            let effort = if i < 2 { Effort::Scan } else { Effort::Exact };
            let at = self.evaluate(&point, effort)?;
            let others: Vec<usize> = (0..=p).filter(|&a| a != c && (a != p || tau2_free)).collect();
            let h = &at.hessian;
            let part = DMatrix::from_fn(others.len(), others.len(), |a, b| -h[(others[a], others[b])]);
            let factor = part.cholesky()?;
            let gradient = DVector::from_fn(others.len(), |a, _| at.gradient[others[a]]);
            let mixed = DVector::from_fn(others.len(), |a, _| h[(others[a], c)]);
            let (inner, follow) = (factor.solve(&gradient), factor.solve(&mixed));
            let decrement = inner.dot(&gradient);
            let slope = at.gradient[c] + mixed.dot(&inner);
            let root = (2.0 * (best - at.value - 0.5 * decrement)).sqrt();
            // In the scale's own variable, of which the root is nearly a linear function.
            let rate = scale.rate(point[c]);
            let step = (goal - root) * root / (-slope * rate);
            if !step.is_finite() || decrement > 4.0 || step.abs() > 3.0 {
                return None;
            }
            if !tau2_free && c != p && decrement <= 1e-6 {
                // Held at 0, which has to be the best place for it.
                let pull = at.gradient[p] + others.iter().zip(inner.iter()).map(|(&a, d)| h[(a, p)] * d).sum::<f64>();
                if pull > 0.0 {
                    return None;
                }
            }
            let moved = scale.after(point[c], step);
            if step.abs() <= SETTLED * scale.size(point[c]) && decrement <= 1e-12 && effort == Effort::Exact {
                return Some(moved);
            }
            let by = moved - point[c];
            for (a, &parameter) in others.iter().enumerate() {
                point[parameter] += inner[a] + follow[a] * by;
            }
            point[c] = moved;
            if tau2_free && point[p] <= 0.0 {
                if c == p {
                    return None;
                }
                point[p] = 0.0;
                tau2_free = false;
            }
        }
        None
    }

    /// From the maximum, the other parameters that go best with a change of coefficient `j`, to first order.
    fn along_the_ridge(&self, best: &Stand, j: usize, by: f64, point: &mut Point) {
        *point = best.point.clone();
        self.follow(best, j, by, point);
        let p = self.p();
        point[p] = point[p].max(0.25 * best.tau2());
    }

    /// Moves the parameters other than `j` as the maximum over them moves.
    fn follow(&self, stand: &Stand, j: usize, by: f64, point: &mut Point) {
        let p = self.p();
        let last = if stand.tau2() > 0.0 { p + 1 } else { p };
        let others: Vec<usize> = (0..last).filter(|&a| a != j).collect();
        let h = &stand.at.hessian;
        let part = DMatrix::from_fn(others.len(), others.len(), |a, b| -h[(others[a], others[b])]);
        let mixed = DVector::from_fn(others.len(), |a, _| h[(others[a], j)]);
        if let Some(factor) = part.cholesky() {
            for (&a, move_) in others.iter().zip(factor.solve(&mixed).iter()) {
                point[a] += move_ * by;
            }
        }
        point[j] += by;
    }

    /// Standard error of coefficient `j` from the observed information, tau2 among the unknowns unless it is 0.
    pub(crate) fn standard_error(&self, best: &Stand, j: usize) -> Result<f64, Failure> {
        self.covariance(best).map(|c| c[(j, j)].sqrt())
    }

    /// Inverse of the observed information of coefficients and, where it is positive, tau2.
    pub(crate) fn covariance(&self, best: &Stand) -> Result<DMatrix<f64>, Failure> {
        let n = if best.tau2() > 0.0 { self.p() + 1 } else { self.p() };
        let information = -best.at.hessian.view((0, 0), (n, n)).into_owned();
        information.cholesky().map(|c| c.inverse()).ok_or(Failure::OutOfRange)
    }

    /// The interval of tau2 whose profile is at most `drop` below the maximum: of a set with gaps, the ends.
    pub(crate) fn tau2_limits(&self, maximum: &Maximum, drop: f64) -> Result<(f64, f64), Failure> {
        if drop > OUT_OF_REACH {
            return Err(Failure::OutOfRange);
        }
        let (best, p) = (&maximum.best, self.p());
        let target = best.value() - drop;
        let zero = &maximum.at_zero;
        let lower = if zero.value() >= target {
            0.0
        } else {
            let above = maximum.grid.iter().position(|g| g.value >= target && g.point[p] < best.tau2());
            let (inside, outside) = match above {
                Some(0) => (&maximum.grid[0].point, 0.0),
                Some(i) => (&maximum.grid[i].point, maximum.grid[i - 1].point[p]),
                None => {
                    let below = maximum.grid.iter().rev().find(|g| g.point[p] < best.tau2());
                    (&best.point, below.map_or(0.0, |g| g.point[p]))
                }
            };
            self.tau2_limit(inside, outside, maximum, target)?
        };
        let last = maximum.grid.iter().rposition(|g| g.value >= target && g.point[p] > best.tau2());
        let (inside, outside) = match last {
            Some(i) => (&maximum.grid[i].point, maximum.grid.get(i + 1).map_or(f64::INFINITY, |g| g.point[p])),
            None => {
                let above = maximum.grid.iter().find(|g| g.point[p] > best.tau2());
                (&best.point, above.map_or(f64::INFINITY, |g| g.point[p]))
            }
        };
        let upper = self.tau2_limit(inside, outside, maximum, target)?;
        Ok((lower, upper))
    }

    /// The crossing between a point inside the set and a tau2 outside of it, neither of which is taken at its word: they come from
    /// a scan.
    fn tau2_limit(&self, inside: &Point, outside: f64, maximum: &Maximum, target: f64) -> Result<f64, Failure> {
        let budget = Budget::new();
        let (p, best) = (self.p(), &maximum.best);
        let goal = (2.0 * (best.value() - target)).sqrt();
        let up = outside > inside[p];
        let mut point = inside.clone();
        let (mut inner, mut outer) = (best.tau2(), if up { f64::INFINITY } else { 0.0 });
        let mut t = match (up, outside.is_finite(), inside[p] > 0.0 && outside > 0.0) {
            (_, true, true) => (inside[p] * outside).sqrt(),
            (_, true, false) => 0.5 * (inside[p] + outside),
            _ => 4.0 * inside[p],
        };
        point[p] = t;
        let scale = if up { Scale::Logarithm } else { Scale::Linear { centre: 0.0, unit: t } };
        if let Some(limit) = self.joint_limit(best.value(), goal, p, scale, point.clone())
            && up == (limit > best.tau2())
        {
            return Ok(limit);
        }
        for taken in 0..MOST_STEPS {
            point[p] = t;
            let stand = self.best_at_tau2(point, None, Effort::Exact, &budget)?;
            let root = (2.0 * (best.value() - stand.value())).max(0.0).sqrt();
            if root < goal {
                inner = t;
            } else {
                outer = t;
            }
            // The root is nearly linear in ln tau2 far up, and in tau2 near 0.
            let step = if up {
                let slope = -t * stand.slope / root;
                let step = (goal - root) / slope;
                t * step.exp_m1()
            } else {
                let slope = -stand.slope / root;
                (goal - root) / slope
            };
            if step.abs() <= SETTLED * t {
                return Ok(t + step);
            }
            let (low, high) = (inner.min(outer), inner.max(outer));
            let mut next = t + step;
            let bisect = taken >= FREE_STEPS && high.is_finite();
            if bisect || !(next.is_finite() && low < next && next < high && (next < 16.0 * t || !up)) {
                next = if !high.is_finite() {
                    16.0 * t
                } else if low > 0.0 {
                    (low.sqrt()) * high.sqrt()
                } else {
                    0.25 * high
                };
            }
            if !(low < next && next < high) {
                return Ok(t);
            }
            point = stand.point;
            t = next;
        }
        Err(Failure::OutOfRange)
    }
}
