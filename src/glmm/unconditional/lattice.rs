//! The integral over both predictors at once, on a lattice that is square where they are standardised at their mode.
//!
//! Equal steps in two directions converge as they do in one. The difference between the nodes of a lattice and those in the middles of its
//! squares is twice the error of either, and the error of both together is about its square; where it is too large, a shorter step is taken. The
//! lattice is laid out along the two predictors, so
//! that the likelihood of each group is needed at few places, over and over: the rows are shifted by halves of a step, which is as near to
//! square as matters.

use super::super::likelihood::StudyLikelihood;
use super::two_levels::{ByMeans, Derived, Mode, Prior, Spread, TwoLevels, ratios};
use crate::num::quadrature::Effort;

/// First step in standard deviations: a normal density passes the check with it.
const FIRST_STEP: f64 = 0.85;
const SCAN_STEP: f64 = 1.4;
/// Differences between old and new nodes: smaller than for integrals over one variable, so that fourth derivatives keep nine digits.
const AGREEMENT: f64 = 2e-8;
const SCAN_AGREEMENT: f64 = 3e-3;
/// Shares of the sum that end a row or the rows.
const NEGLIGIBLE: f64 = 1e-18;
const SCAN_NEGLIGIBLE: f64 = 1e-10;
const SCAN_NEGLIGIBLE_MOMENTS: f64 = 1e-6;
/// What needs more nodes is left to the nested integral.
const MOST_NODES: usize = 40_000;
/// Where the predictors are tied more closely than this, rows have no places in common.
const SLANTED: f64 = 6.0;
/// Where they are tied more closely still, the nested integral does not take their difference.
const MOST_SLANTED: f64 = 1e6;

/// Logarithm of the likelihood of the inner group at one place, and the ratios of derivatives.
#[derive(Debug, Clone, Copy)]
struct Place {
    value: f64,
    ratios: [f64; 5],
}

/// The inner group at multiples of a pitch, as far as they have been asked for.
struct Table<'a, S> {
    arm: &'a S,
    centre: f64,
    pitch: f64,
    /// Whether places are asked for more than once.
    keep: bool,
    places: Vec<Option<Place>>,
}

impl<S: StudyLikelihood> Table<'_, S> {
    fn new_at(&self, n: i64) -> Place {
        let local = self.arm.at(self.centre + self.pitch * n as f64);
        Place { value: local.value, ratios: ratios(&local) }
    }

    fn at(&mut self, n: i64) -> Place {
        if !self.keep {
            return self.new_at(n);
        }
        // 0, -1, 1, -2, 2 ...
        let index = if n >= 0 { 2 * n } else { -2 * n - 1 } as usize;
        if index >= self.places.len() {
            self.places.resize(index + 32, None);
        }
        if let Some(Some(place)) = self.places.get(index) {
            return *place;
        }
        let place = self.new_at(n);
        if let Some(slot) = self.places.get_mut(index) {
            *slot = Some(place);
        }
        place
    }
}

/// Sums of weights, and of products of ratios under them.
#[derive(Debug, Clone, Copy)]
struct Sums {
    d: [[f64; 5]; 5],
    /// Of the two standardised coordinates.
    places: [f64; 2],
    nodes: usize,
}

impl Sums {
    const NONE: Self = Self { d: [[0.0; 5]; 5], places: [0.0; 2], nodes: 0 };

    fn total(&self) -> f64 {
        self.d[0][0]
    }

    fn add(&mut self, other: &Self) {
        for (row, more) in self.d.iter_mut().zip(other.d) {
            for (sum, more) in row.iter_mut().zip(more) {
                *sum += more;
            }
        }
        for (sum, more) in self.places.iter_mut().zip(other.places) {
            *sum += more;
        }
        self.nodes += other.nodes;
    }

    /// How far two sets of as many nodes are apart.
    fn distance(&self, other: &Self) -> f64 {
        let (a, b) = (self.total(), other.total());
        let shift = |i: usize| (self.places[i] / a - other.places[i] / b).abs();
        (a / b - 1.0).abs().max(shift(0)).max(shift(1))
    }
}

struct Lattice<'a, S> {
    arm: &'a S,
    table: Table<'a, S>,
    /// Standard deviation of the outer predictor, and of the inner one given it, at the mode.
    deviation: [f64; 2],
    centre: f64,
    /// Standardised prior of the outer predictor, and of the inner one given it: at the mode, and by their changes.
    prior_outer: [f64; 2],
    prior_inner: [f64; 3],
    top: f64,
    step: f64,
    /// By how many steps of the inner predictor a row is shifted against the last, exactly and in quarters (of which there is an even number).
    slant: f64,
    quarters: i64,
    negligible: f64,
    /// Whether sums are of powers of the standardised coordinates, or of ratios of derivatives.
    moments: bool,
}

impl<S: StudyLikelihood> Lattice<'_, S> {
    /// Weights of the nodes whose indices in half steps have these parities.
    fn sweep(&mut self, parity: [i64; 2], known: f64) -> Option<Sums> {
        let mut sums = Sums::NONE;
        for (start, direction) in [(parity[0], 2), (parity[0] - 2, -2)] {
            let (mut row, mut last, mut lean) = (start, f64::INFINITY, 0.0);
            loop {
                let before = sums.total();
                lean = self.row(row, parity[1], lean, known, &mut sums);
                let weight = sums.total() - before;
                if !weight.is_finite() || sums.nodes > MOST_NODES {
                    return None;
                }
                if weight <= self.negligible * known.max(sums.total()) && weight <= last {
                    break;
                }
                last = weight;
                row += direction;
            }
        }
        (sums.total() > 0.0).then_some(sums)
    }

    /// Adds one row, outwards from where the last had most of its weight; returns where this one has.
    fn row(&mut self, row: i64, parity: i64, lean: f64, known: f64, sums: &mut Sums) -> f64 {
        let v1 = 0.5 * self.step * row as f64;
        let local = self.arm.at(self.centre + self.deviation[0] * v1);
        let outer = local.value - 0.5 * (self.prior_outer[0] + self.prior_outer[1] * v1).powi(2) - self.top;
        let [inner_at, inner_by, inner_outer] = self.prior_inner;
        let base = inner_at + inner_outer * v1;
        // Half steps from the unshifted row to the ridge.
        let shift = row as f64 * (self.slant - 0.25 * self.quarters as f64);
        let middle = 2 * ((shift + lean - parity as f64) * 0.5).round() as i64 + parity;
        let mut totals = [0.0; 5];
        let (mut moment, mut first) = (0.0, 0.0);
        for (start, direction) in [(middle, 2), (middle - 2, -2)] {
            let mut column = start;
            let mut last = if direction > 0 { -1.0 } else { first };
            loop {
                let n = self.quarters * row + 4 * column;
                let place = self.table.at(n);
                let r = base + inner_by * n as f64;
                let weight = (outer + place.value - 0.5 * r * r).exp();
                sums.nodes += 1;
                let values =
                    if self.moments { powers(0.5 * self.step * (column as f64 - shift)) } else { place.ratios };
                for (total, value) in totals.iter_mut().zip(values) {
                    *total += weight * value;
                }
                moment += weight * column as f64;
                if column == middle {
                    first = weight;
                }
                let scale = known.max(sums.total() + totals[0]);
                if weight.is_nan() || (weight <= self.negligible * scale && weight <= last) || sums.nodes > MOST_NODES {
                    break;
                }
                last = weight;
                column += direction;
            }
        }
        let outer_values = if self.moments { powers(v1) } else { ratios(&local) };
        for (j, (sums, f)) in sums.d.iter_mut().zip(outer_values).enumerate() {
            for (sum, total) in sums.iter_mut().zip(totals).take(5 - j) {
                *sum += f * total;
            }
        }
        sums.places[0] += v1 * totals[0];
        // In standard deviations from the ridge.
        sums.places[1] += 0.5 * self.step * (moment - shift * totals[0]);
        let mean = moment / totals[0] - shift;
        if mean.is_finite() { mean } else { lean }
    }
}

fn powers(x: f64) -> [f64; 5] {
    let square = x * x;
    [1.0, x, square, square * x, square * square]
}

/// Logarithm of the integral, and means of products over it.
struct Found {
    value: f64,
    means: [[f64; 5]; 5],
    /// Standard deviation of the outer predictor, and of the inner one given it, at the mode.
    deviation: [f64; 2],
    slant: f64,
}

/// Derivatives from those of the data; `None` where the lattice would need too many nodes.
pub(super) fn by_data(study: &TwoLevels, prior: &Prior, mode: &Mode, effort: Effort) -> Option<ByMeans> {
    let found = integrated(study, prior, mode, effort, false)?;
    let turned = |j: usize, k: usize| if prior.outer == 0 { found.means[j][k] } else { found.means[k][j] };
    Some(ByMeans { value: found.value, d: std::array::from_fn(|j| std::array::from_fn(|k| turned(j, k))) })
}

/// A polynomial of fourth degree in two variables.
type Polynomial = [[f64; 5]; 5];

fn product(a: &Polynomial, b: &Polynomial) -> Polynomial {
    let mut found = [[0.0; 5]; 5];
    for i in 0..5 {
        for j in 0..5 - i {
            for k in 0..5 - i - j {
                for l in 0..5 - i - j - k {
                    found[i + k][j + l] += a[i][j] * b[k][l];
                }
            }
        }
    }
    found
}

/// Hermite polynomials of degrees 0 to 4 of a linear function `[constant, by the first variable, by the second]`.
fn hermite([constant, first, second]: [f64; 3]) -> [Polynomial; 5] {
    let mut one = [[0.0; 5]; 5];
    one[0][0] = 1.0;
    let mut linear = [[0.0; 5]; 5];
    (linear[0][0], linear[1][0], linear[0][1]) = (constant, first, second);
    let mut found = [one, linear, one, one, one];
    for n in 1..4 {
        // He_(n+1) = x He_n - n He_(n-1).
        let mut next = product(&linear, &found[n]);
        for (row, before) in next.iter_mut().flatten().zip(found[n - 1].iter().flatten()) {
            *row -= n as f64 * before;
        }
        found[n + 1] = next;
    }
    found
}

/// Derivatives from Hermite polynomials of the standardised random effects; `None` where the lattice would need too many nodes.
pub(super) fn by_random_effects(
    study: &TwoLevels,
    prior: &Prior,
    spread: &Spread,
    mode: &Mode,
    effort: Effort,
) -> Option<Derived> {
    let Found { value, means, deviation: [wide, narrow], slant } = integrated(study, prior, mode, effort, true)?;
    // Changes of both predictors with the two coordinates of the lattice.
    let mut changes = [[0.0; 2]; 2];
    changes[prior.outer] = [wide, 0.0];
    changes[1 - prior.outer] = [narrow * slant, narrow];
    let away = [0, 1].map(|a| mode.eta[a] - prior.mean[a]);
    let [c1, c2] = spread.shares;
    let linear = |one: f64, two: f64, by: f64| {
        let of = |a: f64, b: f64| (one * a + two * b) / by;
        [of(away[0], away[1]), of(changes[0][0], changes[1][0]), of(changes[0][1], changes[1][1])]
    };
    let level = hermite(linear(c2, c1, spread.sigma));
    let effect = hermite(linear(1.0, -1.0, spread.tau));
    let mean = |polynomial: &Polynomial| -> f64 {
        polynomial.iter().flatten().zip(means.iter().flatten()).map(|(a, b)| a * b).sum()
    };
    let mut d = [[0.0; 5]; 5];
    for j in 0..5 {
        for k in 0..5 - j {
            let scale = spread.sigma.powi(j as i32) * spread.tau.powi(k as i32);
            d[j][k] = mean(&product(&level[j], &effect[k])) / scale;
        }
    }
    Some(Derived { value, d })
}

fn integrated(study: &TwoLevels, prior: &Prior, mode: &Mode, effort: Effort, moments: bool) -> Option<Found> {
    let Prior { mean, outer, deviation, slope, given } = *prior;
    let other = 1 - outer;
    let (step, agreement, negligible) = match effort {
        Effort::Exact => (FIRST_STEP, AGREEMENT, NEGLIGIBLE),
        Effort::Scan if moments => (SCAN_STEP, SCAN_AGREEMENT, SCAN_NEGLIGIBLE_MOMENTS),
        Effort::Scan => (SCAN_STEP, SCAN_AGREEMENT, SCAN_NEGLIGIBLE),
    };
    let wide = mode.variance[outer].sqrt();
    // The determinant of the covariance is that of the prior over that of the information.
    let narrow = deviation * given / mode.determinant.sqrt() / wide;
    let slant = mode.covariance / wide / narrow;
    if !(narrow > 0.0 && slant.abs() < MOST_SLANTED) {
        return None;
    }
    let table = |step: f64| Table {
        arm: &study.arms[other],
        centre: mode.eta[other],
        pitch: narrow * step / 8.0,
        keep: slant.abs() < SLANTED,
        places: Vec::with_capacity(256),
    };
    let away = [0, 1].map(|a| mode.eta[a] - mean[a]);
    let mut lattice = Lattice {
        arm: &study.arms[outer],
        table: table(step),
        deviation: [wide, narrow],
        centre: mode.eta[outer],
        prior_outer: [away[outer] / deviation, wide / deviation],
        prior_inner: [(away[other] - slope * away[outer]) / given, narrow * step / 8.0 / given, -slope * wide / given],
        top: mode.top,
        step,
        slant,
        quarters: 2 * (2.0 * slant).round() as i64,
        negligible,
        moments,
    };
    let all = loop {
        let mut all = lattice.sweep([0, 0], 0.0)?;
        let between = lattice.sweep([1, 1], all.total())?;
        let change = all.distance(&between);
        all.add(&between);
        if change <= agreement {
            break all;
        }
        if !change.is_finite() || all.nodes > MOST_NODES {
            return None;
        }
        // The logarithm of the error of a step is about as its inverse.
        let share = (change.ln() / (0.3 * agreement).ln()).clamp(0.5, 0.8);
        lattice.step *= share;
        lattice.prior_inner[1] *= share;
        lattice.table = table(lattice.step);
    };
    let total = all.total();
    let area = 0.5 * lattice.step * lattice.step * lattice.deviation[0] * lattice.deviation[1];
    let constant = (2.0 * std::f64::consts::PI * deviation * given).ln();
    let value = mode.top + (total * area).ln() - constant;
    let means = all.d.map(|row| row.map(|sum| sum / total));
    Some(Found { value, means, deviation: lattice.deviation, slant })
}
