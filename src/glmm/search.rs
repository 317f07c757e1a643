//! All maxima over tau2: a grid as fine as the data ask for, up to where a bound proves that nothing better can follow.

use super::budget::Budget;
use super::integrated::{Bound, Integrated};
use super::maximise::{Failure, Stand};
use super::problem::{Point, Problem};
use crate::num::quadrature::Effort;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// One local maximum of the profile log-likelihood over tau2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LocalMaximum {
    /// Between-study variance.
    pub tau2: f64,
    /// Log-likelihood, with all constants.
    pub log_likelihood: f64,
}

/// How the maximum was found, and what of it is proven.
///
/// *Proven*: at each tau2 the coefficients are the unique best ones (the log-likelihood is concave in them), and beyond
/// [`searched_to`](Self::searched_to) no tau2 is as likely as the one returned (each study with events and non-events
/// contributes at most the integral of its likelihood over `eta` times `1/(tau sqrt(2 pi))`, which falls with tau).
/// *Searched, not proven*: between 0 and that bound the profile is looked at on a grid of at least four points per
/// decade (two in [`UnconditionalRandom`](super::UnconditionalRandom), where sigma2 is climbed besides, from several starts; one where the
/// profile is 12 below its maximum). Two maxima between neighbouring points would be seen as one or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchRecord {
    /// Every local maximum that was found, by tau2.
    pub maxima: Vec<LocalMaximum>,
    /// How much lower the second highest is; `None` if there is one maximum.
    pub gap: Option<f64>,
    /// Number of grid points above 0.
    pub points: usize,
    /// The largest tau2 that could have been better than the one returned.
    pub searched_to: f64,
}

/// The profile at one grid point, to the accuracy of a scan.
#[derive(Debug, Clone)]
pub(crate) struct GridPoint {
    pub(crate) point: Point,
    pub(crate) value: f64,
    pub(crate) slope: f64,
    /// Variances of the coefficients, were tau2 known.
    pub(crate) variances: Vec<f64>,
}

/// The maximum with all that was seen on the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Maximum {
    pub(crate) best: Stand,
    pub(crate) at_zero: Stand,
    pub(crate) grid: Vec<GridPoint>,
    pub(crate) record: SearchRecord,
}

/// Neighbouring points of the grid differ by this factor: four to a decade.
const RATIO: f64 = 1.778_279_410_038_922_8;
/// Most places that are looked at for one to start from.
const MOST_STARTS: usize = 64;
/// The grid begins where tau2 is this share of the smallest sampling variance.
const FIRST: f64 = 0.02;

impl<S: Integrated> Problem<S> {
    /// The global maximum.
    pub(crate) fn maximise(&self) -> Result<Maximum, Failure> {
        let p = self.p();
        let at_zero = self.best_at_tau2(self.start(), None, Effort::Exact, &Budget::new())?;
        let mut grid: Vec<GridPoint> = Vec::with_capacity(32);
        let mut best = at_zero.value();
        let bound = self.ceiling();
        let last = |best: f64| bound.tau2_below(best);
        let mut t = FIRST * self.smallest_variance(&at_zero.point);
        let mut point = at_zero.point.clone();
        loop {
            point[p] = t;
            let stand = self.best_at_tau2(point, None, Effort::Scan, &Budget::new())?;
            point = stand.point.clone();
            best = best.max(stand.value());
            grid.push(GridPoint::of(stand));
            if t > last(best) {
                break;
            }
            t *= RATIO;
        }
        let mut maxima = Vec::new();
        if at_zero.slope <= 0.0 {
            maxima.push(at_zero.clone());
        }
        let mut before: (f64, f64, &Point) = (0.0, at_zero.slope, &at_zero.point);
        for now in &grid {
            let tau2 = now.point[p];
            if before.1 > 0.0 && now.slope <= 0.0 {
                let mut start = now.point.clone();
                // Linear in tau2 next to 0, in its logarithm elsewhere.
                let share = before.1 / (before.1 - now.slope);
                start[p] = if before.0 > 0.0 { before.0 * (tau2 / before.0).powf(share) } else { share * tau2 };
                for j in 0..p {
                    start[j] = before.2[j] + share * (now.point[j] - before.2[j]);
                }
                // The scan may have misjudged a slope next to 0, so the bracket is left one point of room.
                let low = if before.0 > 0.0 { before.0 / RATIO } else { 0.0 };
                maxima.push(self.local_maximum(start, None, (low, tau2 * RATIO), &Budget::new())?);
            }
            before = (tau2, now.slope, &now.point);
        }
        if maxima.is_empty() {
            // The slopes of a flat profile are as uncertain as the scan: start from the best of its points.
            let highest = grid.iter().max_by(|a, b| a.value.total_cmp(&b.value)).ok_or(Failure::OutOfRange)?;
            maxima.push(self.local_maximum(highest.point.clone(), None, (0.0, f64::INFINITY), &Budget::new())?);
        }
        let better = |a: &Stand, b: &Stand| a.value().total_cmp(&b.value());
        let Some(best) = maxima.iter().max_by(|a, b| better(a, b)).cloned() else {
            return Err(Failure::OutOfRange);
        };
        let mut values: Vec<f64> = maxima.iter().map(Stand::value).collect();
        values.sort_by(f64::total_cmp);
        let gap = values.len().checked_sub(2).and_then(|i| values.get(i)).map(|second| best.value() - second);
        let record = SearchRecord {
            maxima: maxima.iter().map(|m| LocalMaximum { tau2: m.tau2(), log_likelihood: m.value() }).collect(),
            gap,
            points: grid.len(),
            searched_to: last(best.value()).max(0.0),
        };
        Ok(Maximum { best, at_zero, grid, record })
    }

    /// Coefficients of least squares through the places that the studies point to. Where these may be so far apart that all
    /// likelihoods are flat between them, the most likely of the places themselves.
    fn start(&self) -> Point {
        let (k, p) = (self.studies.len(), self.p());
        if p == 1 {
            let total = |place: f64| self.studies.iter().map(|s| s.far(place)).sum::<Option<f64>>();
            let places = self.studies.iter().step_by(k / MOST_STARTS + 1).map(S::place);
            let valued = places.filter_map(|place| Some((place, total(place)?)));
            if let Some((place, _)) = valued.max_by(|a, b| a.1.total_cmp(&b.1)) {
                return DVector::from_vec(vec![place, 0.0]);
            }
        }
        let y = DVector::from_fn(k, |i, _| self.studies[i].place());
        let x = &self.design;
        let solved = (x.transpose() * x).cholesky().map(|c| c.solve(&(x.transpose() * y)));
        let coefficients = solved.unwrap_or_else(|| DVector::zeros(p));
        DVector::from_fn(p + 1, |j, _| if j < p { coefficients[j] } else { 0.0 })
    }

    /// The smallest sampling variance on the scale of the linear predictor, at these coefficients.
    pub(super) fn smallest_variance(&self, point: &Point) -> f64 {
        let predictors: DVector<f64> = &self.design * point.rows(0, self.p());
        let information = self.studies.iter().zip(predictors.iter()).map(|(study, &eta)| study.information(eta));
        information.fold(f64::MIN_POSITIVE, f64::max).recip()
    }

    fn ceiling(&self) -> Ceiling {
        let mut ceiling = Ceiling { constant: 0.0, inside: 0.0 };
        let (mut none, mut all) = (0.0_f64, 0.0_f64);
        for study in &self.studies {
            match study.bound() {
                Bound::Inside(ln_area) => {
                    ceiling.inside += 1.0;
                    ceiling.constant += ln_area - 0.5 * (2.0 * std::f64::consts::PI).ln();
                }
                Bound::Open(most) => ceiling.constant += most,
                Bound::Lowest => none += 1.0,
                Bound::Highest => all += 1.0,
            }
        }
        if self.p() == 1 && none > 0.0 && all > 0.0 {
            // With q = E[p] over the random effect: E[p^n] <= q and E[(1-p)^n] <= 1 - q.
            let both = none + all;
            ceiling.constant += none * (none / both).ln() + all * (all / both).ln();
        }
        ceiling
    }
}

/// `ln L <= constant - (inside / 2) ln tau2` for every tau2.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    constant: f64,
    inside: f64,
}

impl Ceiling {
    /// Beyond this tau2 the log-likelihood is below `value`.
    fn tau2_below(&self, value: f64) -> f64 {
        (2.0 * (self.constant - value) / self.inside).exp()
    }
}

impl GridPoint {
    fn of(stand: Stand) -> Self {
        let inverse: DMatrix<f64> = stand.information.inverse();
        let variances = inverse.diagonal().iter().copied().collect();
        Self { value: stand.at.value, slope: stand.slope, variances, point: stand.point }
    }
}
