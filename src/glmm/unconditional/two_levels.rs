//! One study of two groups whose predictors are normal together, integrated out.
//!
//! ```text
//! eta_1 = m_1 + u + c1 e        eta_2 = m_2 + u - c2 e        u ~ N(0, sigma2)        e ~ N(0, tau2)        c1 + c2 = 1
//! ```
//!
//! Given the predictors the groups are independent, so that the likelihood is the integral of `p_1(eta_1) p_2(eta_2)` over a normal
//! density of two variables. With `D_jk` for its derivative, `j` times in `m_1` and `k` times in `m_2`, divided by itself,
//!
//! ```text
//! D_jk = mean of (p_1^(j) / p_1) (p_2^(k) / p_2) over the predictors given the data
//! ```
//!
//! which are combined to derivatives by level and by effect, `d/d gamma = d/dm_1 + d/dm_2` and `d/d theta = c1 d/dm_1 - c2 d/dm_2`. The heat
//! equation turns derivatives in the variances into these: `d/d sigma2 = (d/d gamma)^2 / 2`, `d/d tau2 = (d/d theta)^2 / 2`, down to
//! variances of 0. Where the data outweigh the random effects, the `D_jk` would cancel; there they are means of Hermite polynomials of
//! `u / sigma` and `e / tau`.

use super::super::likelihood::{Local, Peak, StudyLikelihood};
use super::super::one_group::OneGroup;
use super::{lattice, nested};
use crate::num::quadrature::Effort;

/// The groups of one study.
#[derive(Debug, Clone, Copy)]
pub(super) struct TwoLevels {
    pub(super) arms: [OneGroup; 2],
}

/// The two random effects: standard deviations, and how much of the second each group carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) sigma: f64,
    pub(super) tau: f64,
    pub(super) shares: [f64; 2],
}

impl Spread {
    /// `eta = m + root z` with `z` standard normal.
    pub(super) fn root(&self) -> [[f64; 2]; 2] {
        let [c1, c2] = self.shares;
        [[self.sigma, c1 * self.tau], [self.sigma, -c2 * self.tau]]
    }
}

/// The prior of one predictor, and of the other given it: what an integral over one after the other needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    /// Means by group.
    pub(super) mean: [f64; 2],
    /// The group whose predictor is the outer variable.
    pub(super) outer: usize,
    /// Its standard deviation.
    pub(super) deviation: f64,
    /// How the mean of the other follows it.
    pub(super) slope: f64,
    /// Standard deviation of the other given it; 0 if it is known then.
    pub(super) given: f64,
}

impl Prior {
    pub(super) fn new(mean: [f64; 2], spread: &Spread) -> Self {
        let root = spread.root();
        let product = |a: usize, b: usize| root[a][0] * root[b][0] + root[a][1] * root[b][1];
        let outer = usize::from(product(1, 1) > product(0, 0));
        let variance = product(outer, outer);
        let deviation = variance.sqrt();
        // The determinant of the root is -sigma tau, whatever the shares.
        let given = spread.sigma * (spread.tau / deviation);
        Self { mean, outer, deviation, slope: product(0, 1) / variance, given }
    }
}

/// The most probable predictors given the data, and how uncertain they are by the curvature there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mode {
    pub(super) eta: [f64; 2],
    /// Information of each group on its predictor.
    information: [f64; 2],
    /// Logarithm of the integrand there, but for the constant of the normal density.
    pub(super) top: f64,
    /// Determinant of the information on the standardised effects.
    pub(super) determinant: f64,
    /// Variances of the two predictors, and their covariance.
    pub(super) variance: [f64; 2],
    pub(super) covariance: f64,
}

impl Mode {
    /// Whether the data say more about both random effects than their distributions do.
    fn outweighs(&self, spread: &Spread) -> bool {
        let ([a, b], [c1, c2]) = (self.information, spread.shares);
        spread.sigma.powi(2) * (a + b) >= 1.0 && spread.tau.powi(2) * (c1 * c1 * a + c2 * c2 * b) >= 1.0
    }
}

/// Logarithm of the likelihood, and the `D_jk` for `j + k <= 4`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByMeans {
    pub(super) value: f64,
    pub(super) d: [[f64; 5]; 5],
}

/// Logarithm of the likelihood, and its derivatives divided by itself: `j` times by level and `k` times by effect, `j + k <= 4`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Derived {
    pub(super) value: f64,
    pub(super) d: [[f64; 5]; 5],
}

impl ByMeans {
    /// `(d/dm_1 + d/dm_2)^j (c1 d/dm_1 - c2 d/dm_2)^k` multiplied out.
    pub(super) fn by_level_and_effect(&self, [c1, c2]: [f64; 2]) -> Derived {
        let mut d = [[0.0; 5]; 5];
        for (j, row) in d.iter_mut().enumerate() {
            for (k, entry) in row.iter_mut().enumerate().take(5 - j) {
                // Coefficients by the number of derivatives in m_1.
                let mut coefficients = [1.0, 0.0, 0.0, 0.0, 0.0];
                for i in 0..j + k {
                    let [one, two] = if i < j { [1.0, 1.0] } else { [c1, -c2] };
                    let before = |a: usize| if a > 0 { coefficients[a - 1] } else { 0.0 };
                    coefficients = std::array::from_fn(|a| two * coefficients[a] + one * before(a));
                }
                *entry = (0..=j + k).map(|a| coefficients[a] * self.d[a][j + k - a]).sum();
            }
        }
        Derived { value: self.value, d }
    }
}

/// The `p^(j) / p` for `j` from 0 to 4.
pub(super) fn ratios(local: &Local) -> [f64; 5] {
    let [d1, d2, d3, d4] = local.d;
    let square = d1 * d1;
    let third = d3 + d1 * (3.0 * d2 + square);
    let fourth = d4 + 4.0 * d1 * d3 + 3.0 * d2 * d2 + square * (6.0 * d2 + square);
    [1.0, d1, d2 + square, third, fourth]
}

/// A gain of the logarithm that the mode need not be nearer to.
const CLOSE: f64 = 0.005;
/// More steps than the search for a mode takes.
const STEPS: usize = 200;
/// Where the data determine the random effects this much better than their distribution does, a scan is not good enough.
const TELLING: f64 = 2000.0;
/// A lattice is not worth its price once a predictor is this many times wider than the place where its likelihood changes.
const WIDE: f64 = 3.0;

impl TwoLevels {
    /// `None` where the integral is out of the range of doubles.
    pub(super) fn integrated(&self, mean: [f64; 2], spread: &Spread, effort: Effort) -> Option<Derived> {
        let found = if spread.sigma > 0.0 || spread.tau > 0.0 {
            self.random(mean, spread, effort)?
        } else {
            let locals = [self.arms[0].at(mean[0]), self.arms[1].at(mean[1])];
            let [one, two] = locals.map(|local| ratios(&local));
            let d = std::array::from_fn(|j| std::array::from_fn(|k| one[j] * two[k]));
            ByMeans { value: locals[0].value + locals[1].value, d }.by_level_and_effect(spread.shares)
        };
        let finite = found.value.is_finite() && found.d.iter().flatten().all(|x| x.is_finite());
        finite.then_some(found)
    }

    fn random(&self, mean: [f64; 2], spread: &Spread, asked: Effort) -> Option<Derived> {
        let prior = Prior::new(mean, spread);
        let mode = self.mode(mean, spread)?;
        // The derivatives of the data cancel the more, the more these say.
        let effort = if mode.determinant > TELLING { Effort::Exact } else { asked };
        if prior.given > 0.0 && !self.wide(&mode) {
            if mode.outweighs(spread) {
                if let Some(found) = lattice::by_random_effects(self, &prior, spread, &mode, asked) {
                    return Some(found);
                }
            } else if let Some(found) = lattice::by_data(self, &prior, &mode, effort) {
                return Some(found.by_level_and_effect(spread.shares));
            }
        }
        nested::integrated(self, &prior, &mode, effort).map(|found| found.by_level_and_effect(spread.shares))
    }

    fn wide(&self, mode: &Mode) -> bool {
        self.arms.iter().zip(mode.variance).any(|(arm, variance)| variance.sqrt() > WIDE * arm.knee().1)
    }

    /// Newton's method on a concave function of the two standardised effects.
    pub(super) fn mode(&self, mean: [f64; 2], spread: &Spread) -> Option<Mode> {
        self.mode_within(mean, spread, CLOSE)
    }

    /// The mode to where another step would gain no more than `close`, twice.
    pub(super) fn mode_within(&self, mean: [f64; 2], spread: &Spread, close: f64) -> Option<Mode> {
        let root = spread.root();
        let eta = |z: [f64; 2]| [0, 1].map(|a| mean[a] + root[a][0] * z[0] + root[a][1] * z[1]);
        let information = |w: [f64; 2]| {
            let of = |p: usize, q: usize| root[0][p] * w[0] * root[0][q] + root[1][p] * w[1] * root[1][q];
            [1.0 + of(0, 0), of(0, 1), 1.0 + of(1, 1)]
        };
        let solve = |[a, b, c]: [f64; 3], [x, y]: [f64; 2]| {
            let determinant = a * c - b * b;
            [(c * x - b * y) / determinant, (a * y - b * x) / determinant]
        };
        let at = |z: [f64; 2]| {
            let eta = eta(z);
            let locals = [self.arms[0].at(eta[0]), self.arms[1].at(eta[1])];
            (locals[0].value + locals[1].value - 0.5 * (z[0] * z[0] + z[1] * z[1]), locals)
        };
        let start = {
            // As if each group had a normal likelihood at its peak; without one, it only pulls towards where it has.
            let pulls = |a: usize| {
                let (place, width) = self.arms[a].knee();
                let idle = match self.arms[a].peak() {
                    Peak::At(_) => false,
                    Peak::Lowest => mean[a] <= place,
                    Peak::Highest => mean[a] >= place,
                };
                if idle { (0.0, 0.0) } else { (width.powi(-2), place - mean[a]) }
            };
            let pulls = [pulls(0), pulls(1)];
            let w = pulls.map(|p| p.0);
            let g = [0, 1].map(|p| root[0][p] * w[0] * pulls[0].1 + root[1][p] * w[1] * pulls[1].1);
            solve(information(w), g)
        };
        let mut z = start;
        let mut now = at(z);
        let origin = at([0.0; 2]);
        if now.0.is_nan() || now.0 < origin.0 {
            (z, now) = ([0.0; 2], origin);
        }
        for _ in 0..STEPS {
            let (value, locals) = now;
            let h = information([0, 1].map(|a| -locals[a].d[1]));
            let g = [0, 1].map(|p| root[0][p] * locals[0].d[0] + root[1][p] * locals[1].d[0] - z[p]);
            let step = solve(h, g);
            let gain = g[0] * step[0] + g[1] * step[1];
            let mut share = 1.0;
            let moved = loop {
                if gain.is_nan() || gain <= close || share < 1e-9 {
                    break None;
                }
                let to = [0, 1].map(|p| z[p] + share * step[p]);
                let next = at(to);
                if next.0 > value {
                    break Some((to, next));
                }
                share *= 0.25;
            };
            let Some(next) = moved else {
                let [a, b, c] = h;
                let determinant = a * c - b * b;
                let covariance = |i: usize, j: usize| {
                    let by = solve(h, root[j]);
                    root[i][0] * by[0] + root[i][1] * by[1]
                };
                let found = Mode {
                    eta: eta(z),
                    information: [0, 1].map(|a| -locals[a].d[1]),
                    top: value,
                    determinant,
                    variance: [covariance(0, 0), covariance(1, 1)],
                    covariance: covariance(0, 1),
                };
                let finite = value.is_finite() && determinant.is_finite() && found.variance.iter().all(|v| *v >= 0.0);
                return finite.then_some(found);
            };
            (z, now) = next;
        }
        None
    }
}
