//! The posterior distribution of tau and of the mean, by integration over tau.
//!
//! ```text
//! p(tau | y) ~ p(tau) L(tau)      mu | tau, y ~ N(m, s^2)
//! S = sum 1/(v + tau^2)           flat:    m = weighted mean,                       s^2 = 1/S
//!                                 normal:  1/s^2 = S + 1/sd0^2,  m = s^2 (S mean + mean0/sd0^2)
//! ```
//!
//! `L` is the restricted likelihood, times `N(mean; mean0, 1/S + sd0^2)` if the mean has a prior. Both are analytic in `ln tau` in a strip of
//! half-width pi/2, so that equal steps in `ln tau` leave an error that falls exponentially with their number.

use super::Tau2Error;
use super::likelihood::LN_2PI;
use super::prepare::Unit;
use super::prior::{Placed, Prior};
use super::profile::Mean;
use super::workspace::Workspace;
use crate::num::sum::LogProduct;
use crate::num::{bracket, integral, minimum, normal};

/// Step in `ln tau` of the first look.
const COARSE: f64 = 0.5;
/// Logarithm of what is too little, relative to the maximum, to be integrated.
const DROP: f64 = 45.0;
/// Largest `|ln tau|` in the working unit at which a square can be formed.
const FARTHEST: f64 = 340.0;
/// Points of the first look at most.
const MOST_COARSE: usize = 4000;
/// Steps of the first and of the last rule.
const FIRST: usize = 32;
const LAST: usize = 1 << 16;
/// The rule with twice as many points differs by the square of this.
const AGREE: f64 = 1e-9;
/// Panels of the distribution function.
const PANELS: usize = 16;

/// One value of tau with its share of the posterior, and the mean given it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PosteriorPoint {
    pub(crate) tau: f64,
    pub(crate) share: f64,
    pub(crate) mean: f64,
    pub(crate) sd: f64,
}

/// The joint posterior.
#[derive(Debug, Clone)]
pub(crate) struct JointPosterior {
    target: Target,
    unit: Unit,
    origin: f64,
    /// Points on the axis `ln tau` with their shares.
    nodes: Vec<(f64, f64)>,
    range: (f64, f64),
    peak: f64,
    /// The logarithm of the integral, in the working unit.
    ln_total: f64,
    moments: u32,
    proper: bool,
}

/// The posterior density of `ln tau`, up to a constant, in the working unit.
#[derive(Debug, Clone)]
struct Target {
    /// Effects relative to the most precise study's, without that study.
    y: Vec<f64>,
    /// Variances less the smallest.
    d: Vec<f64>,
    c: f64,
    prior: Placed,
}

/// What the data say at one tau.
#[derive(Debug, Clone, Copy)]
struct At {
    ln_density: f64,
    mean: f64,
    variance: f64,
}

impl Target {
    fn new(studies: &Mean<'_>, prior: Placed) -> Self {
        let (y, d) = studies.others().unzip();
        Self { y, d, c: studies.axis.c, prior }
    }

    fn at(&self, u: f64) -> At {
        let tau = u.exp();
        let s = self.c + tau * tau;
        let (mut weight, mut square, mut first) = (1.0, 1.0, 0.0);
        let mut product = LogProduct::new();
        for (y, d) in self.y.iter().zip(&self.d) {
            let r = s / (d + s);
            weight += r;
            square += r * r;
            first += r * y;
            product.multiply(d + s);
        }
        let mean = first / weight;
        let spread: f64 = self.y.iter().zip(&self.d).map(|(y, d)| s / (d + s) * (y - mean) * (y - mean)).sum();
        let q = (mean * mean + spread) / s;
        // sum log(v + tau^2) + log S, where log s cancels.
        product.multiply(weight);
        let flat = s / weight;
        let prior = self.prior.ln_density(u, square / s / s);
        let studies = self.y.len() as f64;
        let ln_density = -0.5 * (studies * LN_2PI + product.ln() + q) + prior + u;
        match self.prior.mean {
            None => At { ln_density, mean, variance: flat },
            Some((mean0, sd0)) => {
                let (v0, off) = (sd0 * sd0, mean - mean0);
                let both = flat + v0;
                At {
                    ln_density: ln_density - 0.5 * (LN_2PI + both.ln() + off / both * off),
                    mean: mean - off * (flat / both),
                    variance: flat * (v0 / both),
                }
            }
        }
    }

    fn ln_density(&self, u: f64) -> f64 {
        let value = self.at(u).ln_density;
        if value.is_nan() { f64::NEG_INFINITY } else { value }
    }
}

impl Workspace {
    /// The posterior for the loaded studies.
    ///
    /// # Errors
    /// [`Tau2Error::ZeroVariance`]; [`Tau2Error::TooFewStudies`] if the posterior is no distribution; [`Tau2Error::InvalidPrior`];
    /// [`Tau2Error::Overflow`].
    pub(crate) fn posterior(&mut self, prior: Prior) -> Result<JointPosterior, Tau2Error> {
        let origin = self.origin();
        let (studies, _, unit) = self.profile()?;
        if let Some(index) = studies.first_zero {
            return Err(Tau2Error::ZeroVariance { index });
        }
        let k = studies.k;
        super::need_studies(k, prior.least_studies())?;
        let target = Target::new(&studies, prior.place(origin, unit)?);
        let tail = prior.tail(k);
        let moments = if tail > 3.0 { 2 } else { u32::from(tail > 2.0) };
        let (range, peak) = target.range(moments)?;
        let (nodes, ln_total) = target.integrate(range, peak)?;
        Ok(JointPosterior { target, unit, origin, nodes, range, peak, ln_total, moments, proper: prior.is_proper() })
    }
}

impl Target {
    /// Where anything is to be integrated, also of the density times `tau^moments`, and the greatest logarithm of the density.
    fn range(&self, moments: u32) -> Result<((f64, f64), f64), Tau2Error> {
        let k = self.y.len() as f64 + 1.0;
        // In the working unit neither the spread of the effects nor a standard error is far above 1.
        let (mut low, mut high) = (0.5 * self.c.ln(), 0.5 * (4.0 * k).ln());
        if let Some(centre) = self.prior.centre {
            (low, high) = (low.min(centre), high.max(centre));
        }
        if !(-FARTHEST < low && high < FARTHEST) {
            return Err(Tau2Error::Overflow);
        }
        let look = |u: f64| (u, self.ln_density(u));
        let cells = ((high - low) / COARSE).ceil();
        let mut points: Vec<(f64, f64)> = (0..=cells as usize).map(|i| look(low + i as f64 * COARSE)).collect();
        let highest = |points: &[(f64, f64)]| points.iter().fold(f64::NEG_INFINITY, |m, p| m.max(p.1));
        let mut best = highest(&points);
        let mut below = Vec::new();
        let mut u = low;
        loop {
            u -= COARSE;
            let point = look(u);
            below.push(point);
            best = best.max(point.1);
            if point.1 < best - DROP {
                break;
            }
            if below.len() > MOST_COARSE {
                return Err(Tau2Error::Overflow);
            }
        }
        below.reverse();
        points.splice(0..0, below);
        let start = points.last().map_or(high, |p| p.0);
        let rise = |u: f64| f64::from(moments) * (u - low).max(0.0);
        let mut most = points.iter().fold(f64::NEG_INFINITY, |m, p| m.max(p.1 + rise(p.0)));
        let mut u = start;
        loop {
            u += COARSE;
            let point = look(u);
            points.push(point);
            (best, most) = (best.max(point.1), most.max(point.1 + rise(u)));
            if point.1 < best - DROP && point.1 + rise(u) < most - DROP {
                break;
            }
            if u > FARTHEST {
                return Err(Tau2Error::Overflow);
            }
        }
        let mut tops: Vec<(f64, f64)> = points
            .windows(3)
            .filter_map(|w| match w {
                [a, b, c] if b.1 >= a.1 && b.1 >= c.1 && b.1 > best - 4.0 * DROP => {
                    Some(look(minimum::on_interval(a.0, c.0, |u| -self.ln_density(u))))
                }
                _ => None,
            })
            .collect();
        points.append(&mut tops);
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let peak = highest(&points);
        let most = points.iter().fold(f64::NEG_INFINITY, |m, p| m.max(p.1 + rise(p.0)));
        let worth = |(u, value): (f64, f64)| value > peak - DROP || value + rise(u) > most - DROP;
        let inside = |i: Option<usize>| i.ok_or(Tau2Error::Overflow);
        let first = inside(points.iter().position(|p| worth(*p)))?;
        let last = inside(points.iter().rposition(|p| worth(*p)))?;
        let place = |i: usize| points.get(i).map_or(f64::NAN, |p| p.0);
        let edge = |mut out: f64, mut within: f64| {
            for _ in 0..24 {
                let middle = 0.5 * (out + within);
                if worth(look(middle)) { within = middle } else { out = middle }
            }
            out
        };
        let range = (edge(place(first.saturating_sub(1)), place(first)), edge(place(last + 1), place(last)));
        if peak.is_finite() && range.0 < range.1 { Ok((range, peak)) } else { Err(Tau2Error::Overflow) }
    }

    /// Equal steps, halved until nothing changes.
    fn integrate(&self, (low, high): (f64, f64), peak: f64) -> Result<(Vec<(f64, f64)>, f64), Tau2Error> {
        let centre = self.at(self.highest(low, high));
        let (m, sd) = (centre.mean, centre.variance.sqrt());
        // Besides the integral itself the distribution functions of a new effect and of the mean, where they have digits.
        let sums = |u: f64| {
            let at = self.at(u);
            let height = (at.ln_density - peak).exp();
            let height = if height.is_finite() { height } else { 0.0 };
            let new = (at.variance + (2.0 * u).exp()).sqrt();
            let probes = [
                normal::cdf((m - 2.0 * sd - at.mean) / at.variance.sqrt()),
                normal::cdf((m + 2.0 * sd - at.mean) / new),
            ];
            (height, [height, height * probes[0], height * probes[1]])
        };
        let mut steps = FIRST;
        let mut nodes = Vec::new();
        let mut total = [0.0; 3];
        let add = |u: f64, nodes: &mut Vec<(f64, f64)>, total: &mut [f64; 3]| {
            let (height, more) = sums(u);
            nodes.push((u, height));
            for (sum, more) in total.iter_mut().zip(more) {
                *sum += more;
            }
        };
        for i in 0..=FIRST {
            add(low + (high - low) * (i as f64 / FIRST as f64), &mut nodes, &mut total);
        }
        loop {
            let before = total;
            for i in 0..steps {
                add(low + (high - low) * ((i as f64 + 0.5) / steps as f64), &mut nodes, &mut total);
            }
            steps *= 2;
            let scale = total[0];
            let close = before.iter().zip(total).all(|(a, b)| (2.0 * a - b).abs() <= AGREE * scale);
            if close && scale > 0.0 {
                break;
            }
            if steps >= LAST || !scale.is_finite() {
                return Err(Tau2Error::Overflow);
            }
        }
        nodes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let whole = total[0];
        for (_, share) in &mut nodes {
            *share /= whole;
        }
        let ln_total = peak + (whole * (high - low) / steps as f64).ln();
        Ok((nodes, ln_total))
    }

    fn highest(&self, low: f64, high: f64) -> f64 {
        minimum::on_interval(low, high, |u| -self.ln_density(u))
    }
}

impl JointPosterior {
    /// Points and shares for the mean of any smooth function, in the user's unit.
    pub(crate) fn points(&self) -> impl Iterator<Item = PosteriorPoint> {
        self.nodes.iter().map(|(u, share)| {
            let at = self.target.at(*u);
            let (mean, sd) = (self.origin + self.unit.grow(at.mean), self.unit.grow(at.variance.sqrt()));
            PosteriorPoint { tau: self.unit.grow(u.exp()), share: *share, mean, sd }
        })
    }

    /// The mean of the mean; `None` if the integral diverges.
    pub(crate) fn mean(&self) -> Option<f64> {
        self.centre().map(|m| self.origin + self.unit.grow(m))
    }

    fn centre(&self) -> Option<f64> {
        let exists = self.moments > 0 || self.target.prior.mean.is_some();
        exists.then(|| self.nodes.iter().map(|(u, share)| share * self.target.at(*u).mean).sum())
    }

    /// The standard deviation of the mean; `None` if the integral diverges.
    pub(crate) fn sd(&self) -> Option<f64> {
        let exists = self.moments > 1 || self.target.prior.mean.is_some();
        let centre = self.centre().filter(|_| exists)?;
        let square = |u: f64| {
            let at = self.target.at(u);
            at.variance + (at.mean - centre) * (at.mean - centre)
        };
        Some(self.unit.grow(self.nodes.iter().map(|(u, share)| share * square(*u)).sum::<f64>().sqrt()))
    }

    /// The mean of tau; `None` if the integral diverges.
    pub(crate) fn tau_mean(&self) -> Option<f64> {
        let mean = || self.nodes.iter().map(|(u, share)| share * u.exp()).sum::<f64>();
        (self.moments > 0).then(|| self.unit.grow(mean()))
    }

    /// The logarithm of the density of the data, both priors being proper.
    pub(crate) fn ln_marginal_likelihood(&self) -> Option<f64> {
        let k = self.target.y.len() as f64 + 1.0;
        self.proper.then(|| self.ln_total - k * self.unit.ln())
    }

    /// The values of tau below which lie these shares of the posterior; `upper`: above which.
    pub(crate) fn tau_quantiles<const N: usize>(&self, tails: [(f64, bool); N]) -> [f64; N] {
        let density = |u: f64| (self.target.ln_density(u) - self.peak).exp();
        let (low, high) = self.range;
        let edge = |i: usize| low + (high - low) * (i as f64 / PANELS as f64);
        let panels: Vec<f64> = (0..PANELS).map(|i| integral::integral(edge(i), edge(i + 1), density)).collect();
        let whole: f64 = panels.iter().sum();
        tails.map(|(tail, upper)| {
            let target = tail * whole;
            let mut passed = 0.0;
            for step in 0..PANELS {
                let i = if upper { PANELS - 1 - step } else { step };
                let Some(panel) = panels.get(i) else { break };
                if passed + panel < target && step + 1 < PANELS {
                    passed += panel;
                    continue;
                }
                // Within this panel, from its outer edge.
                let (outer, inner) = if upper { (edge(i + 1), edge(i)) } else { (edge(i), edge(i + 1)) };
                let (mut from, mut sum) = (outer, passed);
                let excess = |u: f64| {
                    let (a, b) = if from < u { (from, u) } else { (u, from) };
                    let more = integral::integral(a, b, density);
                    sum += if (from < u) == upper { -more } else { more };
                    from = u;
                    sum - target
                };
                let u = bracket::root((outer, passed - target), (inner, passed + panel - target), excess);
                return self.unit.grow(u.exp());
            }
            f64::NAN
        })
    }
}
