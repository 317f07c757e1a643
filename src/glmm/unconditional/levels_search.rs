//! All maxima over tau2: a grid up to where a bound proves that nothing better can follow, with the other parameters at their best.

use super::super::integrated::{Bound, Integrated};
use super::super::likelihood::{Peak, StudyLikelihood};
use super::super::maximise::Failure;
use super::super::search::{LocalMaximum, SearchRecord};
use super::levels::{Free, GAMMA, Levels, Point, SIGMA2, Stand, TAU2, THETA, information};
use super::pair::Pair;
use crate::num::quadrature::Effort;

/// The maximum with all that was seen on the way to it.
#[derive(Debug)]
pub(super) struct Highest {
    pub(super) best: Stand,
    pub(super) at_zero: Stand,
    /// The best at each tau2 of the grid, to the accuracy of a scan.
    pub(super) grid: Vec<Stand>,
    /// `None` with equal effects.
    pub(super) record: Option<SearchRecord>,
}

/// Neighbouring points of the grid differ by this factor: two to a decade.
const RATIO: f64 = 3.162_277_660_168_379_5;
/// The grid begins where tau2 is this share of the smallest sampling variance.
const FIRST: f64 = 0.05;
/// At every so many points of the grid further sigma2 are started from.
const EVERY: usize = 4;
/// Where the profile has fallen this far, every other point of the grid is left out: a maximum between them would have to rise as much.
const HOPELESS: f64 = 12.0;
/// Two climbs that end this close to each other found one maximum.
const SAME: f64 = 1e-6;

/// tau2 is held.
pub(super) const WITHOUT_TAU2: Free = [true, true, true, false];
/// Nothing is held.
pub(super) const ALL: Free = [true; 4];

impl Levels {
    /// Effect, level and sigma2 that the groups of the studies point to, by their knees.
    fn start(&self) -> Point {
        let k = self.studies.len() as f64;
        let places = |a: usize| self.studies.iter().map(move |s| s.arms[a].knee().0);
        let [one, two] = [0, 1].map(|a| places(a).sum::<f64>() / k);
        let spread = [0, 1].map(|a| places(a).map(|x| (x - [one, two][a]).powi(2)).sum::<f64>() / k);
        let [c1, c2] = self.shares;
        let mut point = [0.0; 4];
        point[THETA] = one - two;
        point[GAMMA] = c2 * one + c1 * two;
        point[SIGMA2] = 0.5 * (spread[0] + spread[1]);
        point
    }

    /// Largest information of one study on its effect and on its level, at a place or where it is greatest.
    fn largest_information(&self, point: &Point) -> [f64; 2] {
        let [c1, c2] = self.shares;
        let means = [point[GAMMA] + c1 * point[THETA], point[GAMMA] - c2 * point[THETA]];
        let of = |study: &super::two_levels::TwoLevels| {
            let [a, b] = [0, 1].map(|a| {
                let arm = &study.arms[a];
                let at_peak = match arm.peak() {
                    Peak::At(peak) => -arm.at(peak).d[1],
                    _ => 0.0,
                };
                at_peak.max(-arm.at(means[a]).d[1])
            });
            [c1 * c1 * a + c2 * c2 * b, a + b]
        };
        self.studies.iter().map(of).fold([f64::MIN_POSITIVE; 2], |[a, b], [x, y]| [a.max(x), b.max(y)])
    }

    /// The best at the tau2 of the starts, from each of them.
    pub(super) fn best_of(
        &self,
        starts: impl IntoIterator<Item = Point>,
        free: Free,
        effort: Effort,
    ) -> Result<Stand, Failure> {
        let mut found: Result<Stand, Failure> = Err(Failure::OutOfRange);
        for start in starts {
            // One start may lie out of range where another does not.
            let other = self.climb(start, free, effort);
            let better = match (&found, &other) {
                (Ok(one), Ok(two)) => two.value() > one.value(),
                (Err(_), _) => true,
                _ => false,
            };
            if better {
                found = other;
            }
        }
        found
    }

    /// Smallest and largest sigma2 that a search starts from.
    fn outer_sigma2(&self, point: &Point) -> [f64; 2] {
        let [_, level] = self.largest_information(point);
        [0.1 / level, 10.0 * (point[SIGMA2] + 1.0 / level)]
    }

    /// The best with tau2 = 0.
    pub(super) fn without_tau2(&self) -> Result<Stand, Failure> {
        let start = self.start();
        let [low, high] = self.outer_sigma2(&start);
        let starts = [start[SIGMA2].max(low), low, high].map(|sigma2| {
            let mut point = start;
            point[SIGMA2] = sigma2;
            point
        });
        // sigma2 = 0 is a place of its own.
        let found = self.best_of(starts, WITHOUT_TAU2, Effort::Scan)?;
        let mut zero = found.point;
        zero[SIGMA2] = 0.0;
        self.best_of([found.point, zero], WITHOUT_TAU2, Effort::Exact)
    }

    /// The global maximum. `groups` are the same studies, of which those that say something bound the likelihood far out.
    pub(super) fn maximise(&self, groups: &[Pair]) -> Result<Highest, Failure> {
        let at_zero = self.without_tau2()?;
        let bound = Ceiling::of(groups);
        let [of_effect, _] = self.largest_information(&at_zero.point);
        let mut t = FIRST / of_effect;
        let mut best = at_zero.value();
        let mut grid: Vec<Stand> = Vec::with_capacity(32);
        let mut from = at_zero.point;
        loop {
            from[TAU2] = t;
            let mut starts = vec![from];
            if grid.len() % EVERY == 1 {
                let [low, high] = self.outer_sigma2(&from);
                starts.extend([low, high].map(|sigma2| {
                    let mut point = from;
                    point[SIGMA2] = sigma2;
                    point
                }));
            }
            let stand = self.best_of(starts, WITHOUT_TAU2, Effort::Scan)?;
            from = stand.point;
            best = best.max(stand.value());
            grid.push(stand);
            if t > bound.tau2_below(best) {
                break;
            }
            t *= if stand.value() < best - HOPELESS { RATIO * RATIO } else { RATIO };
        }
        let mut maxima: Vec<Stand> = Vec::new();
        let mut before = &at_zero;
        for (i, now) in grid.iter().enumerate() {
            if before.slope() > 0.0 && now.slope() <= 0.0 {
                self.add_maximum(&mut maxima, before, now)?;
            }
            // A second maximum that a jump of sigma2 hides from the slopes.
            let after = grid.get(i + 1).map_or(f64::NEG_INFINITY, Stand::value);
            if now.value() > before.value() && now.value() > after && now.slope() > 0.0 {
                self.add_maximum(&mut maxima, now, now)?;
            }
            before = now;
        }
        if at_zero.slope() <= 0.0 {
            maxima.push(at_zero);
        }
        if maxima.is_empty() {
            // The slopes of a flat profile are as uncertain as the scan.
            let highest = grid.iter().max_by(|a, b| a.value().total_cmp(&b.value())).ok_or(Failure::OutOfRange)?;
            self.add_maximum(&mut maxima, highest, highest)?;
        }
        maxima.sort_by(|a, b| a.point[TAU2].total_cmp(&b.point[TAU2]));
        let highest = maxima.iter().max_by(|a, b| a.value().total_cmp(&b.value()));
        let best = *highest.ok_or(Failure::OutOfRange)?;
        let mut values: Vec<f64> = maxima.iter().map(Stand::value).collect();
        values.sort_by(f64::total_cmp);
        let gap = values.len().checked_sub(2).and_then(|i| values.get(i)).map(|second| best.value() - second);
        let one = |m: &Stand| LocalMaximum { tau2: m.point[TAU2], log_likelihood: m.value() };
        let record = SearchRecord {
            maxima: maxima.iter().map(one).collect(),
            gap,
            points: grid.len(),
            searched_to: bound.tau2_below(best.value()).max(0.0),
        };
        Ok(Highest { best, at_zero, grid, record: Some(record) })
    }

    fn add_maximum(&self, maxima: &mut Vec<Stand>, before: &Stand, now: &Stand) -> Result<(), Failure> {
        let (a, b) = (before.slope(), now.slope());
        let share = if a > b { a / (a - b) } else { 0.5 };
        let mut start = now.point;
        for (to, (one, two)) in start.iter_mut().zip(before.point.iter().zip(now.point)) {
            *to = one + share * (two - one);
        }
        if before.point[TAU2] > 0.0 {
            start[TAU2] = before.point[TAU2] * (now.point[TAU2] / before.point[TAU2]).powf(share);
        }
        let found = self.climb(start, ALL, Effort::Exact)?;
        let same = |m: &Stand| (m.point[TAU2] - found.point[TAU2]).abs() <= SAME * found.point[TAU2];
        if !maxima.iter().any(same) {
            maxima.push(found);
        }
        Ok(())
    }
}

impl Stand {
    /// Derivative of the profile with respect to tau2, with the others a small step from their best.
    fn slope(&self) -> f64 {
        let rows = self.movable(WITHOUT_TAU2);
        let mut slope = self.at.gradient[TAU2];
        if let Some(factor) = information(&self.at, &rows) {
            let gradient = nalgebra::DVector::from_fn(rows.len(), |a, _| self.at.gradient[rows[a]]);
            let step = factor.solve(&gradient);
            slope += rows.iter().zip(step.iter()).map(|(&p, s)| self.at.hessian[TAU2][p] * s).sum::<f64>();
        }
        slope
    }
}

/// `ln L <= constant - (inside / 2) ln tau2` for every tau2, level and sigma2: a mean over levels is at most the best of them.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    constant: f64,
    inside: f64,
}

impl Ceiling {
    fn of(groups: &[Pair]) -> Self {
        let mut ceiling = Self { constant: 0.0, inside: 0.0 };
        for pair in groups {
            match pair.bound() {
                Bound::Inside(ln_area) => {
                    ceiling.inside += 1.0;
                    ceiling.constant += ln_area - 0.5 * (2.0 * std::f64::consts::PI).ln();
                }
                Bound::Open(most) => ceiling.constant += most,
                Bound::Lowest | Bound::Highest => {}
            }
        }
        ceiling
    }

    /// Beyond this tau2 the log-likelihood is below `value`.
    fn tau2_below(&self, value: f64) -> f64 {
        (2.0 * (self.constant - value) / self.inside).exp()
    }
}
