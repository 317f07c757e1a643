//! The maximum of the log-likelihood, with one coefficient held or without, and with tau2 held or not.
//!
//! For a given tau2 the log-likelihood is concave in the coefficients, because a log-concave likelihood mixed over a normal
//! distribution stays log-concave (Prékopa 1973, Acta Sci Math 34:335). So the best coefficients at a tau2 are unique, and what is
//! left is a function of tau2 alone, the profile. Nothing is known of its shape: `search.rs` looks for all of its maxima.

use super::budget::Budget;
use super::integrated::Integrated;
use super::problem::{Evaluation, Point, Problem};
use crate::num::quadrature::Effort;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Why there is no maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The likelihood grows for ever in some direction of the coefficients.
    Separation,
    /// An integral is out of the range of doubles.
    OutOfRange,
}

/// A place, the log-likelihood there, and the profile over tau2 at it.
#[derive(Debug, Clone)]
pub(crate) struct Stand {
    pub(crate) point: Point,
    pub(crate) at: Evaluation,
    /// Derivative of the profile with respect to tau2.
    pub(crate) slope: f64,
    /// Information on the free coefficients at this tau2.
    pub(crate) information: Cholesky<f64, Dyn>,
}

/// Newton's decrement (squared) below which one more step leaves nothing but rounding: the error of the step is about its square.
const SETTLED: f64 = 1e-13;
/// The same while finding one's way.
const SETTLED_SCAN: f64 = 1e-3;
/// A step of the linear predictors that stays this large while the decrement vanishes runs along a likelihood that has no maximum.
const RUNAWAY: f64 = 0.01;
/// Longest step of a linear predictor at first, in units of its own and the random effect's spread.
const LONGEST_STEP: f64 = 100.0;
/// Newton's steps in tau2; then the bracket is halved.
const FREE_STEPS: usize = 40;
/// Steps after which the profile is not what it is taken for.
const MOST_STEPS: usize = 400;

/// The coefficients that are not held.
fn free(p: usize, held: Option<usize>) -> Vec<usize> {
    (0..p).filter(|&j| Some(j) != held).collect()
}

fn part(h: &DMatrix<f64>, rows: &[usize]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), rows.len(), |a, b| -h[(rows[a], rows[b])])
}

/// What one evaluation says about the way on.
struct Step {
    information: Cholesky<f64, Dyn>,
    /// Newton's step of the free coefficients.
    inner: DVector<f64>,
    /// How they follow tau2.
    follow: DVector<f64>,
    decrement: f64,
    slope: f64,
    curvature: f64,
}

impl Step {
    fn of(at: &Evaluation, rows: &[usize]) -> Option<Self> {
        let p = at.gradient.len() - 1;
        let information = Cholesky::new(part(&at.hessian, rows))?;
        let gradient = DVector::from_fn(rows.len(), |a, _| at.gradient[rows[a]]);
        let mixed = DVector::from_fn(rows.len(), |a, _| at.hessian[(rows[a], p)]);
        let (inner, follow) = (information.solve(&gradient), information.solve(&mixed));
        Some(Self {
            decrement: inner.dot(&gradient),
            slope: at.gradient[p] + mixed.dot(&inner),
            curvature: at.hessian[(p, p)] + mixed.dot(&follow),
            information,
            inner,
            follow,
        })
    }

    fn stand(self, point: Point, at: Evaluation) -> Stand {
        let (slope, information) = (self.slope, self.information);
        Stand { point, at, slope, information }
    }
}

impl<S: Integrated> Problem<S> {
    fn step(
        &self,
        point: &Point,
        rows: &[usize],
        effort: Effort,
        budget: &Budget,
    ) -> Result<(Evaluation, Step), Failure> {
        budget.spend()?;
        let at = self.evaluate(point, effort).ok_or(Failure::OutOfRange)?;
        match Step::of(&at, rows) {
            Some(step) => Ok((at, step)),
            None if effort == Effort::Scan => self.step(point, rows, Effort::Exact, budget),
            None => Err(Failure::Separation),
        }
    }

    /// Largest change of a linear predictor.
    fn largest_change(&self, rows: &[usize], step: &DVector<f64>) -> f64 {
        let of = |i: usize| rows.iter().zip(step.iter()).map(|(&j, s)| self.design[(i, j)] * s).sum::<f64>().abs();
        (0..self.studies.len()).map(of).fold(0.0, f64::max)
    }

    /// The best free coefficients at the tau2 of `start`.
    pub(crate) fn best_at_tau2(
        &self,
        start: Point,
        held: Option<usize>,
        effort: Effort,
        budget: &Budget,
    ) -> Result<Stand, Failure> {
        let rows = free(self.p(), held);
        let tau2 = start[self.p()];
        let mut point = start;
        let (mut at, mut step) = self.step(&point, &rows, effort, budget)?;
        if rows.is_empty() {
            return Ok(step.stand(point, at));
        }
        // Grows while steps of this length succeed: flat ground may be millions wide.
        let mut longest = LONGEST_STEP * (1.0 + tau2).sqrt();
        for _ in 0..MOST_STEPS {
            let settled = step.decrement <= if effort == Effort::Exact { SETTLED } else { SETTLED_SCAN };
            if settled
                && self.largest_change(&rows, &step.inner) > RUNAWAY * (1.0 + tau2).sqrt()
                && effort == Effort::Exact
            {
                return Err(Failure::Separation);
            }
            if settled && effort == Effort::Scan {
                // To first order the step is as good as taken.
                add(&mut point, &rows, &step.inner, 1.0);
                at.value += 0.5 * step.decrement;
                return Ok(step.stand(point, at));
            }
            // Where the likelihood is all but flat, Newton's step leads nowhere.
            let far = self.largest_change(&rows, &step.inner) / longest;
            let whole = if settled || far.is_nan() || far <= 1.0 { 1.0 } else { far.recip() };
            let mut share = whole;
            let (next, next_at) = loop {
                let mut next = point.clone();
                add(&mut next, &rows, &step.inner, share);
                budget.spend()?;
                match self.evaluate(&next, effort) {
                    Some(found) if settled || found.value > at.value => break (next, found),
                    _ if share < 1e-9 * whole => return Ok(step.stand(point, at)),
                    _ => share *= 0.25,
                }
            };
            let (next_at, next_step) = match Step::of(&next_at, &rows) {
                Some(step) => (next_at, step),
                None => self.step(&next, &rows, Effort::Exact, budget)?,
            };
            if settled {
                return Ok(next_step.stand(next, next_at));
            }
            if whole < 1.0 {
                longest *= if share < whole { 0.25 } else { 4.0 };
            }
            (point, at, step) = (next, next_at, next_step);
        }
        Err(Failure::OutOfRange)
    }

    /// A local maximum over tau2 and the free coefficients near `start`, with tau2 kept in `[low, high]`, an interval at the ends of
    /// which the profile slopes inwards (or 0 and infinity, where that is not known).
    pub(crate) fn local_maximum(
        &self,
        start: Point,
        held: Option<usize>,
        (mut low, mut high): (f64, f64),
        budget: &Budget,
    ) -> Result<Stand, Failure> {
        let (p, rows) = (self.p(), free(self.p(), held));
        let mut zero_is_low = low > 0.0;
        let mut point = start;
        for taken in 0..MOST_STEPS {
            let (at, step) = self.step(&point, &rows, Effort::Exact, budget)?;
            let t = point[p];
            if step.decrement > 0.01 {
                // Too far from the ridge for its slope to mean anything.
                let stand = self.best_at_tau2(point, held, Effort::Exact, budget)?;
                point = stand.point;
                continue;
            }
            if t <= 0.0 && step.slope <= 0.0 {
                return self.best_at_tau2(point, held, Effort::Exact, budget);
            }
            if step.slope > 0.0 {
                low = t;
                zero_is_low = true;
            } else {
                high = t;
            }
            let newton = -step.slope / step.curvature;
            let uphill = step.curvature < 0.0;
            if uphill && step.decrement + step.slope * newton <= SETTLED && t + newton >= 0.0 {
                advance(&mut point, &rows, &step, newton);
                let (at, step) = self.step(&point, &rows, Effort::Exact, budget)?;
                return Ok(step.stand(point, at));
            }
            let mut next = match (uphill, step.slope > 0.0) {
                (true, _) => t + newton,
                (false, true) => 4.0 * t,
                (false, false) if !zero_is_low => 0.0,
                (false, false) => 0.25 * t,
            };
            let between = |low: f64, high: f64| if low > 0.0 { low.sqrt() * high.sqrt() } else { 0.25 * high };
            if next <= low {
                next = if zero_is_low { between(low, t.min(high)) } else { 0.0 };
            }
            if next >= high || (taken >= FREE_STEPS && high.is_finite()) {
                next = between(low, high);
            }
            if t <= 0.0 && next <= 0.0 {
                next = (0.1 * self.smallest_variance(&point)).min(0.5 * high);
            }
            let (inside, to_zero) = (low < next && next < high, next <= 0.0 && !zero_is_low);
            if !(inside || to_zero) || (next - t).abs() <= 4.0 * f64::EPSILON * t {
                return self.best_at_tau2(point, held, Effort::Exact, budget).map(|s| s.valued(at.value));
            }
            advance(&mut point, &rows, &step, next - t);
            point[p] = next;
        }
        Err(Failure::OutOfRange)
    }
}

impl Stand {
    /// The better of the two values of one place, which differ by rounding.
    fn valued(mut self, value: f64) -> Self {
        self.at.value = self.at.value.max(value);
        self
    }

    /// Log-likelihood.
    pub(crate) fn value(&self) -> f64 {
        self.at.value
    }

    pub(crate) fn tau2(&self) -> f64 {
        self.point[self.point.len() - 1]
    }
}

fn add(point: &mut Point, rows: &[usize], step: &DVector<f64>, share: f64) {
    for (&j, s) in rows.iter().zip(step.iter()) {
        point[j] += share * s;
    }
}

/// Moves tau2, and the coefficients with it.
fn advance(point: &mut Point, rows: &[usize], step: &Step, by: f64) {
    let p = point.len() - 1;
    add(point, rows, &step.inner, 1.0);
    add(point, rows, &step.follow, by);
    point[p] += by;
}
