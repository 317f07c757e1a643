//! The beta-binomial likelihood of two groups of arms, and its maximum.
//!
//! With `phi = rho / (1 - rho)`, an arm of group j contributes
//!
//! ```text
//! C(n, x)  prod_{i < x} (mu_j + i phi)  prod_{i < n - x} (1 - mu_j + i phi)  /  prod_{i < n} (1 + i phi)
//! ```
//!
//! which is log-concave in each mean for a given phi, so that there is one best pair of means, and what is left is a function of phi
//! alone.

use super::overdispersed_profile::Contrast;
use crate::error::{ErrorKind, Result};
use crate::num::saturated;

/// Number of arms in which there is an (i+1)-th event, non-event, or person, by i.
#[derive(Debug, Clone, Default)]
struct Tally(Vec<f64>);

/// Sums over a tally of functions of `a + i phi`: logarithm; first and second inverse powers, times powers of i.
#[derive(Debug, Clone, Copy, Default)]
struct TallySums {
    ln: f64,
    first: [f64; 2],
    second: [f64; 3],
}

impl Tally {
    fn add(&mut self, count: f64) {
        let count = count as usize;
        if self.0.len() < count {
            self.0.resize(count, 0.0);
        }
        self.0.iter_mut().take(count).for_each(|n| *n += 1.0);
    }

    fn sums(&self, a: f64, phi: f64) -> TallySums {
        let mut sums = TallySums::default();
        let mut i = 0.0;
        // Products of a few factors for one logarithm.
        let (mut product, mut of) = (1.0_f64, 0.0);
        for &count in &self.0 {
            let term = a + i * phi;
            if count.to_bits() != f64::to_bits(of) || !(1e-100..1e100).contains(&product) {
                sums.ln += of * product.ln();
                (product, of) = (1.0, count);
            }
            product *= term;
            let over = term.recip();
            let first = count * over;
            let second = first * over;
            sums.first[0] += first;
            sums.first[1] += first * i;
            sums.second[0] += second;
            sums.second[1] += second * i;
            sums.second[2] += second * i * i;
            i += 1.0;
        }
        sums.ln += of * product.ln();
        sums
    }
}

/// The arms of both groups.
#[derive(Debug, Clone)]
pub(super) struct Arms {
    events: [Tally; 2],
    rest: [Tally; 2],
    people: Tally,
    constant: f64,
    /// Share of events in each group.
    share: [f64; 2],
    /// People of the largest arm.
    pub(super) largest: f64,
}

/// The log-likelihood at two means and phi, with its derivatives; those of the two means do not mix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub(super) value: f64,
    pub(super) mean: [f64; 2],
    pub(super) phi: f64,
    pub(super) mean_mean: [f64; 2],
    pub(super) mean_phi: [f64; 2],
    pub(super) phi_phi: f64,
}

impl Arms {
    fn new(counts: &[[(f64, f64); 2]]) -> Self {
        let mut arms = Self {
            events: Default::default(),
            rest: Default::default(),
            people: Tally::default(),
            constant: 0.0,
            share: [0.0; 2],
            largest: 0.0,
        };
        let mut totals = [(0.0, 0.0); 2];
        for groups in counts {
            let columns = arms.events.iter_mut().zip(&mut arms.rest).zip(&mut totals);
            for (((events, rest), total), &(x, n)) in columns.zip(groups) {
                events.add(x);
                rest.add(n - x);
                arms.people.add(n);
                *total = (total.0 + x, total.1 + n);
                arms.largest = arms.largest.max(n);
                let part = |x: f64| if x > 0.0 { x * (x / n).ln() } else { 0.0 };
                arms.constant += saturated::binomial(x, n) - part(x) - part(n - x);
            }
        }
        arms.share = totals.map(|(x, n)| x / n);
        arms
    }

    pub(super) fn at(&self, means: [f64; 2], phi: f64) -> Level {
        let people = self.people.sums(1.0, phi);
        let mut level = Level {
            value: self.constant - people.ln,
            mean: [0.0; 2],
            phi: -people.first[1],
            mean_mean: [0.0; 2],
            mean_phi: [0.0; 2],
            phi_phi: people.second[2],
        };
        for (j, (mean, (events, rest))) in means.into_iter().zip(self.events.iter().zip(&self.rest)).enumerate() {
            let (e, r) = (events.sums(mean, phi), rest.sums(1.0 - mean, phi));
            level.value += e.ln + r.ln;
            level.phi += e.first[1] + r.first[1];
            level.phi_phi -= e.second[2] + r.second[2];
            let mut slots = level.mean.iter_mut().zip(&mut level.mean_mean).zip(&mut level.mean_phi);
            if let Some(((mean, mean_mean), mean_phi)) = slots.nth(j) {
                *mean = e.first[0] - r.first[0];
                *mean_mean = -(e.second[0] + r.second[0]);
                *mean_phi = r.second[1] - e.second[1];
            }
        }
        level
    }

    /// The best mean of group j at this phi.
    fn best_mean(&self, j: usize, start: f64, phi: f64) -> f64 {
        let (Some(events), Some(rest)) = (self.events.get(j), self.rest.get(j)) else { return start };
        let (mut low, mut high, mut mean) = (0.0, 1.0, start);
        for _ in 0..200 {
            let (e, r) = (events.sums(mean, phi), rest.sums(1.0 - mean, phi));
            let (slope, curve) = (e.first[0] - r.first[0], e.second[0] + r.second[0]);
            if slope > 0.0 {
                low = mean;
            } else {
                high = mean;
            }
            let step = slope / curve;
            let settled = step.abs() <= 1e-9 * mean.min(1.0 - mean);
            let mut next = mean + step;
            if !(settled || (low < next && next < high)) {
                next = 0.5 * (low + high);
            }
            mean = next;
            if settled || !(low < next && next < high) {
                break;
            }
        }
        mean
    }

    fn best_means(&self, start: [f64; 2], phi: f64) -> [f64; 2] {
        let [one, two] = start;
        [self.best_mean(0, one, phi), self.best_mean(1, two, phi)]
    }
}

/// A place of the likelihood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) means: [f64; 2],
    pub(super) phi: f64,
    pub(super) level: Level,
}

impl Place {
    /// Slope and curvature of the profile over phi.
    fn profile(&self) -> (f64, f64) {
        let l = &self.level;
        let along = |j: usize| match (l.mean_phi.get(j), l.mean_mean.get(j), l.mean.get(j)) {
            (Some(mixed), Some(curve), Some(slope)) => (mixed * slope / curve, mixed * mixed / curve),
            _ => (0.0, 0.0),
        };
        let (one, two) = (along(0), along(1));
        (l.phi - one.0 - two.0, l.phi_phi - one.1 - two.1)
    }
}

/// The likelihood at its maximum.
#[derive(Debug, Clone)]
pub(super) struct Overdispersed {
    pub(super) arms: Arms,
    pub(super) contrast: Contrast,
    pub(super) best: Place,
    pub(super) at_zero: Place,
}

/// Neighbouring points of the grid of phi.
const RATIO: f64 = 1.778_279_410_038_922_8;
/// phi up to which the grid goes: an intraclass correlation of 0.9999.
const LAST: f64 = 1e4;

impl Overdispersed {
    pub(super) fn maximise(counts: &[[(f64, f64); 2]], contrast: Contrast) -> Result<Self> {
        let arms = Arms::new(counts);
        let at = |start: [f64; 2], phi: f64| {
            let means = arms.best_means(start, phi);
            Place { means, phi, level: arms.at(means, phi) }
        };
        let at_zero = at(arms.share, 0.0);
        let mut best = at_zero;
        let (mut before, mut phi) = (at_zero, 0.01 / arms.largest);
        while phi < LAST {
            let now = at(before.means, phi);
            if before.profile().0 > 0.0 && now.profile().0 <= 0.0 {
                let top = refine(&before, &now, &at);
                if top.level.value > best.level.value {
                    best = top;
                }
            }
            before = now;
            phi *= RATIO;
        }
        if !best.level.value.is_finite() || best.means.iter().any(|m| !(*m > 0.0 && *m < 1.0)) {
            return Err(ErrorKind::Overflow { what: "the likelihood" }.into());
        }
        Ok(Self { arms, contrast, best, at_zero })
    }

    /// The profile over phi.
    pub(super) fn at_phi(&self, start: [f64; 2], phi: f64) -> Place {
        let means = self.arms.best_means(start, phi);
        Place { means, phi, level: self.arms.at(means, phi) }
    }
}

/// The maximum between a place where the profile rises and one where it falls.
fn refine(rising: &Place, falling: &Place, at: &impl Fn([f64; 2], f64) -> Place) -> Place {
    let (mut low, mut high) = (rising.phi, falling.phi);
    let mut place = at(rising.means, 0.5 * (low + high));
    for _ in 0..200 {
        let (slope, curve) = place.profile();
        if slope > 0.0 {
            low = place.phi;
        } else {
            high = place.phi;
        }
        let step = -slope / curve;
        let settled = curve < 0.0 && step.abs() <= 1e-9 * place.phi;
        let mut next = place.phi + step;
        if !(settled || (curve < 0.0 && low < next && next < high)) {
            next = 0.5 * (low + high);
        }
        place = at(place.means, next);
        if settled || !(low < next && next < high) {
            break;
        }
    }
    place
}
