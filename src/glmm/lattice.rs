//! The likelihood of a study on equally spaced places, computed once and used for every mean and tau2 that is asked for.
//!
//! The sums of `num::quadrature` may lie anywhere, because equal steps converge at any phase. Nodes that are the same for all means
//! and variances of the random effect cost the likelihood once; what remains for each mean and variance is a normal density on equal
//! steps, of which each value follows from the one before by two multiplications. A study has such lattices at several spacings, each
//! half the one before, filled where they are needed.
//!
//! The error is measured as there: even and odd nodes are two sums with twice the step, whose difference is the error of either and
//! far larger than that of both together.

use super::integrated::{Bound, Integrated, ln_area};
use super::likelihood::{Local, Peak, StudyLikelihood};
use super::marginal::{Marginal, hermite, marginal};
use super::taylor::{self, Near};
use crate::num::quadrature::Effort;
use std::sync::OnceLock;

/// A study with what has been computed of its likelihood so far.
#[derive(Debug, Clone)]
pub(crate) struct Tabulated<S> {
    study: S,
    /// The node with number 0: the peak, or where the likelihood changes fastest.
    anchor: f64,
    /// What the widest spacing is a multiple of: the standard error at the peak, or the width of the change.
    scale: f64,
    /// Information at the anchor.
    information: f64,
    /// The highest log-likelihood.
    top: f64,
    levels: [Level; LEVELS],
    /// Where the likelihood is dear, the distance of places at which it is computed with derivatives, and what was found there.
    apart: Option<f64>,
    places: OnceLock<Vec<OnceLock<Local>>>,
}

/// Values relative to the highest.
type Block = [f64; BLOCK];
type Level = OnceLock<Vec<OnceLock<Box<Block>>>>;

/// Number of spacings.
const LEVELS: usize = 7;
/// Nodes that are computed together.
const BLOCK: usize = 16;
/// The widest spacing, in scales.
const WIDEST: f64 = 0.6;
/// Nodes on each side of the anchor at the widest spacing.
const REACH: usize = 7 * BLOCK;
/// Widest spacing in standard deviations of the weight: twice of it leaves 1e-10 for a normal weight.
const STEP: f64 = 0.45;
/// The same for a scan: 3e-4.
const SCAN_STEP: f64 = 0.75;
/// Spacings that are tried.
const TRIALS: usize = 3;
/// Terms below this share of the sum end it, as in `num::quadrature`.
const NEGLIGIBLE: f64 = 1e-18;
/// The same for a scan.
const NEGLIGIBLE_SCAN: f64 = 1e-8;
/// More nodes than a weight without a narrow part takes.
const MOST_NODES: usize = 400;
/// Derivatives through moments of the random effect lose digits as the data say less about it than its distribution does, with the
/// square of this share.
const LEAST_INFORMATION: f64 = 1.0 / 32.0;

/// Which weight is summed: the likelihood times a normal density.
#[derive(Debug, Clone, Copy)]
struct Weight {
    /// Mean of the normal density.
    m: f64,
    /// Its inverse variance, 0 for none.
    precision: f64,
}

/// Zeroth to fourth moment about the first node, of nodes at an even and at an odd distance from it.
#[derive(Debug, Clone, Copy)]
struct Sums {
    parts: [[f64; 5]; 2],
    /// The first node, as a number.
    start: i64,
    spacing: f64,
}

impl Sums {
    fn add(&mut self, part: usize, u: f64, weight: f64) {
        let square = u * u;
        let first = weight * u;
        let second = weight * square;
        let [p0, p1, p2, p3, p4] = &mut self.parts[part];
        *p0 += weight;
        *p1 += first;
        *p2 += second;
        *p3 += first * square;
        *p4 += second * square;
    }

    /// How much even and odd nodes differ, in the sum and in the mean (in standard deviations `sd`).
    fn disagreement(&self, sd: f64) -> f64 {
        let [[e0, e1, ..], [o0, o1, ..]] = self.parts;
        let shift = (e1 / e0 - o1 / o0) * (self.spacing / sd);
        (e0 / o0 - 1.0).abs().max(shift.abs())
    }

    fn moments(&self) -> [f64; 5] {
        let [even, odd] = self.parts;
        std::array::from_fn(|i| even[i] + odd[i])
    }
}

impl<S: StudyLikelihood> Tabulated<S> {
    pub(crate) fn new(study: S) -> Self {
        let (anchor, width) = study.knee();
        let local = study.at(anchor);
        let information = -local.d[1];
        let (scale, top) = match study.peak() {
            Peak::At(_) => (information.sqrt().recip(), local.value),
            _ => (width, 0.0),
        };
        // Rounding grows with what lies between two places.
        let apart = study.tenth_derivative().map(|bound| taylor::reach(bound).min(2.0 * scale));
        let apart = apart.filter(|&apart| apart > 0.5 * scale);
        let places = OnceLock::new();
        Self { study, anchor, scale, information, top, levels: Default::default(), apart, places }
    }

    /// Those of all studies.
    pub(crate) fn all(studies: Vec<S>) -> Vec<Self> {
        studies.into_iter().map(Self::new).collect()
    }

    fn spacing(&self, level: usize) -> f64 {
        WIDEST * self.scale / (1_u32 << level) as f64
    }

    /// The nodes around number `j`; `None` beyond the ends.
    fn block(&self, level: usize, j: i64) -> Option<&Block> {
        let reach = REACH << level;
        let blocks = self.levels[level].get_or_init(|| fresh(2 * reach / BLOCK));
        let number = usize::try_from(j + reach as i64).ok()? / BLOCK;
        let block = blocks.get(number)?;
        Some(block.get_or_init(|| {
            let first = (number * BLOCK) as i64 - reach as i64;
            Box::new(std::array::from_fn(|i| self.compute(level, first + i as i64)))
        }))
    }

    /// A node that another spacing has too is taken from there.
    fn compute(&self, level: usize, j: i64) -> f64 {
        let coarser = if j % 2 == 0 && level > 0 { self.known(level - 1, j / 2) } else { None };
        let known = coarser.or_else(|| if level + 1 < LEVELS { self.known(level + 1, 2 * j) } else { None });
        known.unwrap_or_else(|| (self.value(j as f64 * self.spacing(level)) - self.top).exp())
    }

    /// The log-likelihood at a distance from the anchor.
    fn value(&self, distance: f64) -> f64 {
        let between = || {
            let apart = self.apart?;
            let way = distance / apart;
            let (left, right) = (self.at_place(way.floor())?, self.at_place(way.floor() + 1.0)?);
            Some(taylor::between(left, right, apart, way - way.floor()))
        };
        between().unwrap_or_else(|| self.study.value(self.anchor + distance))
    }

    /// The likelihood at the place of this number.
    fn at_place(&self, number: f64) -> Option<&Local> {
        let apart = self.apart?;
        let most = (REACH as f64 * WIDEST * self.scale / apart).ceil() + 1.0;
        let places = self.places.get_or_init(|| fresh(2 * most as usize + 1));
        let place = places.get((number + most) as usize)?;
        Some(place.get_or_init(|| self.study.at(self.anchor + number * apart)))
    }

    fn known(&self, level: usize, j: i64) -> Option<f64> {
        let index = usize::try_from(j + (REACH << level) as i64).ok()?;
        let block = self.levels[level].get()?.get(index / BLOCK)?.get()?;
        Some(block[index % BLOCK])
    }

    fn node(&self, level: usize, j: i64) -> Option<f64> {
        Some(self.block(level, j)?[within(j)])
    }

    /// The node of the greatest weight, from one nearby; `None` where the likelihood vanishes.
    fn top_node(&self, level: usize, weight: Weight, place: f64) -> Option<i64> {
        let spacing = self.spacing(level);
        let number = ((place - self.anchor) / spacing).round();
        if number.is_nan() || number.abs() > (REACH << level) as f64 {
            return None;
        }
        let mut j = number as i64;
        let mut here = self.node(level, j)?;
        let distance = |j: i64| (self.anchor - weight.m) + j as f64 * spacing;
        let ratio = |j: i64, by: f64| (-by * (distance(j) + 0.5 * by) * weight.precision).exp();
        for direction in [1, -1] {
            for _ in 0..MOST_NODES {
                let next = self.node(level, j + direction)?;
                if next * ratio(j, direction as f64 * spacing) <= here {
                    break;
                }
                (j, here) = (j + direction, next);
            }
        }
        (here > 0.0).then_some(j)
    }

    /// Sums outwards from `start` to where nothing is left.
    fn sums(&self, level: usize, weight: Weight, start: i64, negligible: f64) -> Option<Sums> {
        let spacing = self.spacing(level);
        let distance = (self.anchor - weight.m) + start as f64 * spacing;
        let bend = 0.5 * spacing * spacing * weight.precision;
        let (tilt, fall) = (distance * spacing * weight.precision, (-2.0 * bend).exp());
        let middle = self.node(level, start)?;
        let mut sums = Sums { parts: [[middle, 0.0, 0.0, 0.0, 0.0], [0.0; 5]], start, spacing };
        for (direction, mut ratio) in [(1, (-tilt - bend).exp()), (-1, (tilt - bend).exp())] {
            let (mut j, mut u, mut density, mut last) = (start, 0.0, 1.0, middle);
            let mut block = self.block(level, j)?;
            for i in 1.. {
                j += direction;
                u += direction as f64;
                density *= ratio;
                ratio *= fall;
                let at = within(j);
                if at == if direction > 0 { 0 } else { BLOCK - 1 } {
                    block = self.block(level, j)?;
                }
                let weight = block[at] * density;
                sums.add(i % 2, u, weight);
                if weight <= negligible * sums.parts[0][0] && weight <= last {
                    break;
                }
                if i > MOST_NODES {
                    return None;
                }
                last = weight;
            }
        }
        Some(sums)
    }

    /// Sums on a lattice that is fine enough, for a weight whose mode is near `place` and whose spread is about `sd`.
    fn converged(&self, weight: Weight, place: f64, sd: f64, effort: Effort) -> Option<Sums> {
        let finest = sd * if effort == Effort::Exact { STEP } else { SCAN_STEP };
        let negligible = if effort == Effort::Exact { NEGLIGIBLE } else { NEGLIGIBLE_SCAN };
        let first = (0..LEVELS).find(|&level| self.spacing(level) <= finest)?;
        for level in first..LEVELS.min(first + TRIALS) {
            let start = self.top_node(level, weight, place)?;
            let sums = self.sums(level, weight, start, negligible)?;
            if sums.disagreement(sd) <= effort.agreement() {
                return Some(sums);
            }
        }
        None
    }

    /// The marginal likelihood where the lattice serves; the caller has another way for the rest.
    fn on_lattice(&self, m: f64, tau2: f64, effort: Effort) -> Option<Marginal> {
        let says = self.information * tau2;
        if says.is_nan() || says < LEAST_INFORMATION {
            return None;
        }
        let weight = Weight { m, precision: tau2.recip() };
        let total = self.information + weight.precision;
        let place = match self.study.peak() {
            Peak::At(peak) => (peak * self.information + m * weight.precision) / total,
            Peak::Lowest => m.min(self.anchor),
            Peak::Highest => m.max(self.anchor),
        };
        let sums = self.converged(weight, place, total.sqrt().recip(), effort)?;
        let [total, moments @ ..] = sums.moments();
        let by = sums.start as f64 * sums.spacing;
        let tau = tau2.sqrt();
        let (a, b) = (((self.anchor - m) + by) / tau, sums.spacing / tau);
        let ln_total = self.top + (total * sums.spacing).ln() - 0.5 * a * a;
        let means = moments.map(|sum| sum / total);
        let found = hermite(ln_total, means, (a, b), m, tau2);
        (-found.h_mm * tau2 >= LEAST_INFORMATION).then_some(found)
    }

    /// Logarithm of the integral of the likelihood over all linear predictors.
    fn ln_area(&self, peak: f64) -> f64 {
        let weight = Weight { m: peak, precision: 0.0 };
        match self.converged(weight, peak, self.scale, Effort::Exact) {
            Some(sums) => self.top + (sums.moments()[0] * sums.spacing).ln(),
            None => ln_area(&self.study, peak),
        }
    }
}

/// Cells that nothing has been written to.
fn fresh<T>(n: usize) -> Vec<OnceLock<T>> {
    (0..n).map(|_| OnceLock::new()).collect()
}

/// Place of a node in its block.
fn within(j: i64) -> usize {
    j.rem_euclid(BLOCK as i64) as usize
}

impl<S: StudyLikelihood> Integrated for Tabulated<S> {
    fn marginal(&self, m: f64, tau2: f64, effort: Effort) -> Option<Marginal> {
        let found = self.on_lattice(m, tau2, effort).filter(Marginal::is_finite);
        let near = || {
            let narrow = tau2 > 0.0 && effort == Effort::Scan && self.information * tau2 < LEAST_INFORMATION;
            if narrow { marginal(&Near::new(&self.study, m), m, tau2, effort) } else { None }
        };
        found.or_else(near).or_else(|| marginal(&self.study, m, tau2, effort))
    }

    fn place(&self) -> f64 {
        self.anchor
    }

    fn far(&self, place: f64) -> Option<f64> {
        (!self.study.exclusive()).then(|| self.study.value(place))
    }

    fn information(&self, eta: f64) -> f64 {
        let at_peak = if matches!(self.study.peak(), Peak::At(_)) { self.information } else { 0.0 };
        at_peak.max(-self.study.at(eta).d[1])
    }

    fn bound(&self) -> Bound {
        match self.study.peak() {
            Peak::At(peak) => Bound::Inside(self.ln_area(peak)),
            Peak::Lowest | Peak::Highest if !self.study.exclusive() => Bound::Open(0.0),
            Peak::Lowest => Bound::Lowest,
            Peak::Highest => Bound::Highest,
        }
    }

    fn saturated(&self) -> f64 {
        if matches!(self.study.peak(), Peak::At(_)) { self.top } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glmm::binomial::{Binomial, BinomialLink};
    use crate::glmm::poisson::Poisson;

    /// Compares with the quadrature that centres its nodes on each weight.
    fn check(study: impl StudyLikelihood + Clone) -> usize {
        let table = Tabulated::new(study.clone());
        let (place, width) = study.knee();
        let mut used = 0;
        for tau2 in [1e-3, 0.04, 0.3, 1.0, 2.7, 11.0, 300.0, 1e5].map(|t| t * width * width) {
            for by in [-9.0, -2.5, -0.4, 0.0, 0.3, 1.7, 6.0] {
                let m = place + by * width.max(tau2.sqrt().min(1.0));
                let Some(found) = table.on_lattice(m, tau2, Effort::Exact) else { continue };
                let truth = marginal(&study, m, tau2, Effort::Exact).expect("in range");
                used += 1;
                // Derivatives are differences of `variance/tau2` and 1, over tau2: rounding is relative to that.
                let unit = (-truth.h_mm).sqrt().max(0.3 / tau2.sqrt());
                let what = format!("{m} {tau2}: {found:?} {truth:?}");
                assert!((found.value - truth.value).abs() <= 1e-13 * truth.value.abs().max(1.0), "{what}");
                assert!((found.g_m - truth.g_m).abs() <= 1e-12 * unit.max(truth.g_m.abs()), "{what}");
                assert!((found.h_mm - truth.h_mm).abs() <= 1e-11 * unit.powi(2), "{what}");
                let slope = truth.g_m.abs().max(unit).powi(2);
                assert!((found.g_t - truth.g_t).abs() <= 1e-11 * slope, "{what}");
                // Fourth moments settle later than the value that both go by; Newton's steps and standard errors need no more.
                assert!((found.h_tt - truth.h_tt).abs() <= 1e-9 * slope.powi(2), "{what}");
                assert!((found.h_mt - truth.h_mt).abs() <= 1e-9 * slope.powf(1.5), "{what}");
                assert!((found.variance - truth.variance).abs() <= 1e-11 * truth.variance, "{what}");
                let scan = table.marginal(m, tau2, Effort::Scan).expect("in range");
                assert!((scan.value - truth.value).abs() <= 0.02, "{what} {scan:?}");
            }
        }
        used
    }

    #[test]
    fn the_lattice_agrees_with_nodes_of_its_own_for_each_weight() {
        let mut used = 0;
        for link in [BinomialLink::Logit, BinomialLink::Probit, BinomialLink::Cloglog] {
            for (x, n) in [(7.0, 8.0), (3.0, 400.0), (250.0, 500.0), (0.0, 12.0), (9.0, 9.0), (1.0, 2.0), (5e6, 2e7)] {
                used += check(Binomial::new(x, n, link));
            }
        }
        for (x, time) in [(0.0, 3.0), (1.0, 50.0), (800.0, 12.0)] {
            used += check(Poisson::new(x, time));
        }
        assert!(used > 500, "{used}");
    }

    #[test]
    fn what_was_filled_before_changes_nothing() {
        let study = Binomial::new(3.0, 17.0, BinomialLink::Logit);
        let (early, late) = (Tabulated::new(study), Tabulated::new(study));
        for tau2 in [40.0, 9.0, 0.7, 0.2, 3.0, 0.05] {
            let _ = late.marginal(0.4, tau2, Effort::Exact);
        }
        for tau2 in [0.06, 0.3, 1.0, 5.0, 60.0] {
            let bits = |table: &Tabulated<Binomial>| {
                let found = table.marginal(-0.7, tau2, Effort::Exact).expect("in range");
                [found.value, found.g_m, found.g_t, found.h_mm, found.h_tt].map(f64::to_bits)
            };
            assert_eq!(bits(&early), bits(&late));
            assert_eq!(bits(&early), bits(&Tabulated::new(study)));
        }
    }
}
