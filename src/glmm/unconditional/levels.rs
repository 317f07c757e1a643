//! All studies together: the log-likelihood of the effect, the level and their variances, and its maximum with some of them held.

use super::super::maximise::Failure;
use super::two_levels::{Spread, TwoLevels};
use crate::num::quadrature::Effort;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Where the parameters are: the effect, the level, and the variances of level and effect.
pub(super) const THETA: usize = 0;
pub(super) const GAMMA: usize = 1;
pub(super) const SIGMA2: usize = 2;
pub(super) const TAU2: usize = 3;

/// All of them.
pub(super) type Point = [f64; 4];
/// Which of them may move.
pub(super) type Free = [bool; 4];

/// The log-likelihood at a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluation {
    pub(super) value: f64,
    pub(super) gradient: [f64; 4],
    pub(super) hessian: [[f64; 4]; 4],
}

/// The studies, and the shares of the random effect that their groups carry.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    pub(super) studies: Vec<TwoLevels>,
    pub(super) shares: [f64; 2],
}

/// A place and the log-likelihood there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand {
    pub(super) point: Point,
    pub(super) at: Evaluation,
}

impl Stand {
    pub(super) fn value(&self) -> f64 {
        self.at.value
    }
}

/// How often each parameter differentiates by level and by effect, and the factor of the heat equation.
const OPERATORS: [(usize, usize, f64); 4] = [(0, 1, 1.0), (1, 0, 1.0), (2, 0, 0.5), (0, 2, 0.5)];

/// Newton's decrement (squared) below which one more step leaves nothing but rounding.
const SETTLED: f64 = 1e-18;
/// Below this the logarithms no longer show which of two places is better.
const NEARLY: f64 = 1e-9;
/// The same while finding one's way.
const SETTLED_SCAN: f64 = 1e-3;
/// More steps than a maximum takes.
const STEPS: usize = 120;

impl Levels {
    /// Means of the predictors.
    pub(super) fn means(&self, point: &Point) -> [f64; 2] {
        let [c1, c2] = self.shares;
        [point[GAMMA] + c1 * point[THETA], point[GAMMA] - c2 * point[THETA]]
    }

    pub(super) fn spread(&self, point: &Point) -> Spread {
        Spread { sigma: point[SIGMA2].sqrt(), tau: point[TAU2].sqrt(), shares: self.shares }
    }

    /// One study by itself; `None` where its likelihood leaves the range of doubles.
    pub(super) fn one(&self, i: usize, point: &Point, effort: Effort) -> Option<Evaluation> {
        self.derived(self.studies.get(i)?, point, effort)
    }

    fn derived(&self, study: &TwoLevels, point: &Point, effort: Effort) -> Option<Evaluation> {
        let found = study.integrated(self.means(point), &self.spread(point), effort)?;
        let apply = |a: usize, b: usize| found.d[a][b];
        let gradient = OPERATORS.map(|(a, b, w)| w * apply(a, b));
        let hessian = std::array::from_fn(|p| {
            std::array::from_fn(|q| {
                let ((a, b, w), (c, d, x)) = (OPERATORS[p], OPERATORS[q]);
                w * x * apply(a + c, b + d) - gradient[p] * gradient[q]
            })
        });
        let finite = gradient.iter().all(|x| x.is_finite());
        finite.then_some(Evaluation { value: found.value, gradient, hessian })
    }

    /// Each study by itself.
    pub(super) fn each(&self, point: &Point, effort: Effort) -> Option<Vec<Evaluation>> {
        self.studies.iter().map(|study| self.derived(study, point, effort)).collect()
    }

    pub(super) fn evaluate(&self, point: &Point, effort: Effort) -> Option<Evaluation> {
        let mut total = Evaluation { value: 0.0, gradient: [0.0; 4], hessian: [[0.0; 4]; 4] };
        for one in self.each(point, effort)? {
            total.value += one.value;
            for p in 0..4 {
                total.gradient[p] += one.gradient[p];
                for q in 0..4 {
                    total.hessian[p][q] += one.hessian[p][q];
                }
            }
        }
        Some(total)
    }

    /// A local maximum over the free parameters, uphill from `start`.
    pub(super) fn climb(&self, start: Point, free: Free, effort: Effort) -> Result<Stand, Failure> {
        let out = Failure::OutOfRange;
        let mut now = Stand { point: start, at: self.evaluate(&start, effort).ok_or(out)? };
        let mut before = f64::INFINITY;
        for _ in 0..STEPS {
            let rows = now.movable(free);
            let Some(way) = Way::of(&now.at, &rows) else { return Ok(now) };
            let settled = match effort {
                Effort::Exact => {
                    way.newton && (way.decrement <= SETTLED || (before <= NEARLY && way.decrement >= 0.5 * before))
                }
                Effort::Scan => way.newton && way.decrement <= SETTLED_SCAN,
            };
            if settled && effort == Effort::Scan {
                now.at.value += 0.5 * way.decrement;
                return Ok(now);
            }
            before = way.decrement;
            let mut share = 1.0;
            let next = loop {
                let point = way.moved(&now.point, &rows, share);
                let at = self.evaluate(&point, effort);
                match at {
                    Some(at) if at.value > now.at.value || (way.newton && way.decrement <= NEARLY) => {
                        break Some(Stand { point, at });
                    }
                    // What a scan is off by hides smaller steps.
                    _ if share < if effort == Effort::Scan { 0.01 } else { 1e-5 } => break None,
                    _ => share *= 0.25,
                }
            };
            match next {
                Some(next) if settled => return Ok(next),
                Some(next) => now = next,
                None => return Ok(now),
            }
        }
        // A scan has then found the way as far as it could.
        if effort == Effort::Scan { Ok(now) } else { Err(out) }
    }
}

impl Stand {
    /// Free parameters without variances that are 0 and would be negative.
    pub(super) fn movable(&self, free: Free) -> Vec<usize> {
        let pinned = |p: usize| p >= SIGMA2 && self.point[p] <= 0.0 && self.at.gradient[p] <= 0.0;
        (0..4).filter(|&p| free[p] && !pinned(p)).collect()
    }
}

/// Information on some of the parameters, factored.
pub(super) fn information(at: &Evaluation, rows: &[usize]) -> Option<Cholesky<f64, Dyn>> {
    Cholesky::new(DMatrix::from_fn(rows.len(), rows.len(), |a, b| -at.hessian[rows[a]][rows[b]]))
}

/// A step uphill.
struct Way {
    step: DVector<f64>,
    decrement: f64,
    /// Whether it is Newton's.
    newton: bool,
}

impl Way {
    fn of(at: &Evaluation, rows: &[usize]) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let gradient = DVector::from_fn(rows.len(), |a, _| at.gradient[rows[a]]);
        if let Some(factor) = information(at, rows) {
            let step = factor.solve(&gradient);
            return Some(Self { decrement: step.dot(&gradient), step, newton: true });
        }
        // Not concave here: as much of the diagonal as makes it so.
        let mut more = 0.5;
        while more < 1e9 {
            let matrix = DMatrix::from_fn(rows.len(), rows.len(), |a, b| {
                let h = at.hessian[rows[a]][rows[b]];
                if a == b { -h + more * h.abs() } else { -h }
            });
            if let Some(factor) = Cholesky::new(matrix) {
                let step = factor.solve(&gradient);
                return Some(Self { decrement: step.dot(&gradient), step, newton: false });
            }
            more *= 2.0;
        }
        None
    }

    /// Variances stop at 0, and do not grow by more than a factor at once where they are positive.
    fn moved(&self, from: &Point, rows: &[usize], share: f64) -> Point {
        let mut point = *from;
        for (&p, step) in rows.iter().zip(self.step.iter()) {
            let to = from[p] + share * step;
            point[p] = match p {
                SIGMA2 | TAU2 if from[p] > 0.0 => to.clamp(0.0, 16.0 * from[p]),
                SIGMA2 | TAU2 => to.max(0.0),
                _ => to,
            };
        }
        point
    }
}
