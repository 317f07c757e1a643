//! Profile limits and tests in the beta-binomial model.

use super::intraclass::IntraclassCorrelation;
use super::overdispersed::{Level, Overdispersed, Place};
use super::profile_root::{Way, limit};
use super::solved::Solved;
use crate::error::{ErrorKind, Result};
use crate::glmm::estimates::interval_around;
use crate::glmm::fit::quantile_normal;
use crate::glmm::heterogeneity::tau2_test;
use crate::inference::Interval;

/// The scale on which the two means are compared: `mu1 = g(b + d)`, `mu2 = g(b)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contrast {
    Logit,
    Log,
    Identity,
}

impl Contrast {
    fn forward(self, mean: f64) -> f64 {
        match self {
            Self::Logit => mean.ln() - (-mean).ln_1p(),
            Self::Log => mean.ln(),
            Self::Identity => mean,
        }
    }

    /// g with its first two derivatives.
    fn back(self, eta: f64) -> [f64; 3] {
        match self {
            Self::Logit => {
                let e = (-eta.abs()).exp();
                let (p, q) = (1.0 / (1.0 + e), e / (1.0 + e));
                let (p, q) = if eta > 0.0 { (p, q) } else { (q, p) };
                [p, p * q, p * q * (q - p)]
            }
            Self::Log => [eta.exp(); 3],
            Self::Identity => [eta, 1.0, 0.0],
        }
    }

    /// Values of b at which both means lie between 0 and 1.
    fn room(self, effect: f64) -> (f64, f64) {
        match self {
            Self::Logit => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Log => (f64::NEG_INFINITY, f64::min(0.0, -effect)),
            Self::Identity => (f64::max(0.0, -effect), f64::min(1.0, 1.0 - effect)),
        }
    }
}

/// Log-likelihood, gradient and Hessian in effect, b and phi.
#[derive(Debug, Clone, Copy)]
struct Local {
    value: f64,
    gradient: [f64; 3],
    /// effect-effect, effect-b, effect-phi, b-b, b-phi, phi-phi
    hessian: [f64; 6],
}

fn chain(level: &Level, one: [f64; 3], two: [f64; 3]) -> Local {
    let [m1, m2] = level.mean;
    let [c1, c2] = level.mean_mean;
    let [x1, x2] = level.mean_phi;
    let (slope1, slope2) = (m1 * one[1], m2 * two[1]);
    let curve1 = c1 * one[1] * one[1] + m1 * one[2];
    let curve2 = c2 * two[1] * two[1] + m2 * two[2];
    let (mixed1, mixed2) = (x1 * one[1], x2 * two[1]);
    Local {
        value: level.value,
        gradient: [slope1, slope1 + slope2, level.phi],
        hessian: [curve1, curve1, mixed1, curve1 + curve2, mixed1 + mixed2, level.phi_phi],
    }
}

/// Newton's step in b and phi.
struct Step {
    b: f64,
    phi: f64,
    decrement: f64,
}

impl Local {
    /// `None` where the likelihood is not concave.
    fn step(&self, free: bool) -> Option<Step> {
        let [_, gb, gp] = self.gradient;
        let [_, _, _, bb, bp, pp] = self.hessian;
        if !free {
            return (bb < 0.0).then(|| Step { b: -gb / bb, phi: 0.0, decrement: -gb * gb / bb });
        }
        let det = bb * pp - bp * bp;
        if !(bb < 0.0 && det > 0.0) {
            return None;
        }
        let (b, phi) = ((bp * gp - pp * gb) / det, (bp * gb - bb * gp) / det);
        Some(Step { b, phi, decrement: b * gb + phi * gp })
    }

    /// Derivatives of b and phi with respect to the effect along the ridge.
    fn follow(&self, free: bool) -> (f64, f64) {
        let [_, eb, ep, bb, bp, pp] = self.hessian;
        let det = bb * pp - bp * bp;
        if free && det > 0.0 { ((bp * ep - pp * eb) / det, (bp * eb - bb * ep) / det) } else { (-eb / bb, 0.0) }
    }
}

/// The best b and phi at an effect.
#[derive(Debug, Clone, Copy)]
struct Held {
    b: f64,
    phi: f64,
    local: Local,
}

impl Overdispersed {
    fn local(&self, effect: f64, b: f64, phi: f64) -> Option<Local> {
        let (one, two) = (self.contrast.back(b + effect), self.contrast.back(b));
        let inside = |m: f64| m > 0.0 && m < 1.0;
        if !(inside(one[0]) && inside(two[0]) && phi >= 0.0) {
            return None;
        }
        let local = chain(&self.arms.at([one[0], two[0]], phi), one, two);
        local.value.is_finite().then_some(local)
    }

    fn effect_and_b(&self) -> (f64, f64) {
        let [one, two] = self.best.means.map(|m| self.contrast.forward(m));
        (one - two, two)
    }

    fn best_local(&self) -> Result<Local> {
        let (effect, b) = self.effect_and_b();
        self.local(effect, b, self.best.phi).ok_or_else(overflow)
    }

    /// Maximises over b and phi with the effect held, uphill from a start.
    fn climb(&self, effect: f64, b: f64, phi: f64) -> Option<Held> {
        let (low, high) = self.contrast.room(effect);
        if low >= high {
            return None;
        }
        let mut b = b;
        if !(low < b && b < high) {
            b = if low.is_finite() { 0.5 * (low + high) } else { high - 0.5 };
        }
        let mut phi = phi.max(0.0);
        let mut local = self.local(effect, b, phi)?;
        for _ in 0..200 {
            let free = phi > 0.0 || local.gradient[2] > 0.0;
            let step = local.step(free);
            let newton = step.is_some();
            let step = step.unwrap_or_else(|| {
                // Uphill along each coordinate by itself.
                let [_, gb, gp] = local.gradient;
                let [_, _, _, bb, ..] = local.hessian;
                let by = if phi > 0.0 { 0.5 * phi } else { 0.01 / self.arms.largest };
                Step { b: gb / bb.abs(), phi: if free { by * gp.signum() } else { 0.0 }, decrement: f64::INFINITY }
            });
            let settled = newton && step.decrement <= 1e-12;
            let mut share = 1.0;
            let next = loop {
                let (next_b, next_phi) = (b + share * step.b, (phi + share * step.phi).max(0.0));
                match self.local(effect, next_b, next_phi) {
                    Some(found) if found.value > local.value || settled => break Some((next_b, next_phi, found)),
                    _ if share < 1e-9 => break None,
                    _ => share *= 0.3,
                }
            };
            let Some(next) = next else { break };
            (b, phi, local) = next;
            if settled {
                break;
            }
        }
        Some(Held { b, phi, local })
    }

    /// The better of what is found from two starts: near the ridge, and from no overdispersion at all.
    fn held_best(&self, effect: f64, b: f64, phi: f64) -> Option<Held> {
        let near = self.climb(effect, b, phi);
        let zero = self.climb(effect, b, 0.0);
        match (near, zero) {
            (Some(one), Some(two)) => Some(if two.local.value > one.local.value { two } else { one }),
            (one, two) => one.or(two),
        }
    }

    fn limit(&self, direction: f64, drop: f64) -> Result<f64> {
        let (centre, b) = self.effect_and_b();
        let top = self.best_local()?;
        let way = Way { centre, unit: self.standard_error()?, direction, top: top.value, drop };
        let (mut at, mut from) = (centre, Held { b, phi: self.best.phi, local: top });
        limit(way, |effect| {
            let (db, dphi) = from.local.follow(from.phi > 0.0);
            let moved = effect - at;
            let start = (from.phi + dphi * moved).max(0.25 * from.phi);
            let held = self.held_best(effect, from.b + db * moved, start)?;
            (at, from) = (effect, held);
            Some((held.local.value, held.local.gradient[0]))
        })
    }

    fn standard_error(&self) -> Result<f64> {
        let Local { hessian: [ee, eb, ep, ..], .. } = self.best_local()?;
        let (db, dphi) = self.best_local()?.follow(self.best.phi > 0.0);
        let information = -(ee + eb * db + ep * dphi);
        if information > 0.0 { Ok(information.sqrt().recip()) } else { Err(overflow()) }
    }

    /// The phi at which the profile is `drop` below the maximum.
    fn phi_limit(&self, up: bool, drop: f64) -> Result<f64> {
        let target = self.best.level.value - drop;
        if !up && self.at_zero.level.value >= target {
            return Ok(0.0);
        }
        let mut means = self.best.means;
        let (mut inner, mut outer) = (self.best.phi, 0.0);
        if up {
            outer = f64::max(2.0 * self.best.phi, 0.1 / self.arms.largest);
            loop {
                let place = self.at_phi(means, outer);
                if place.level.value < target {
                    break;
                }
                (inner, means) = (outer, place.means);
                outer *= 4.0;
                if !outer.is_finite() {
                    return Err(overflow());
                }
            }
        }
        let mut phi = 0.5 * (inner + outer);
        for _ in 0..300 {
            let place = self.at_phi(means, phi);
            means = place.means;
            if place.level.value < target {
                outer = phi;
            } else {
                inner = phi;
            }
            let root = (2.0 * (self.best.level.value - place.level.value)).max(0.0).sqrt();
            let goal = (2.0 * drop).sqrt();
            let step = (goal - root) * root / -place.level.phi;
            let (low, high) = (inner.min(outer), inner.max(outer));
            if step.abs() <= 1e-9 * phi {
                return Ok(phi + step);
            }
            let mut next = phi + step;
            if !(low < next && next < high) {
                next = if low > 0.0 { (low * high).sqrt() } else { 0.5 * (low + high) };
            }
            if !(low < next && next < high) {
                return Ok(phi);
            }
            phi = next;
        }
        Err(overflow())
    }

    /// The interval of the intraclass correlation.
    fn rho_interval(&self, level: f64) -> Result<Interval> {
        let z = quantile_normal(level);
        let drop = 0.5 * z * z;
        let rho = |phi: f64| phi / (1.0 + phi);
        interval_around(rho(self.best.phi), (rho(self.phi_limit(false, drop)?), rho(self.phi_limit(true, drop)?)))
    }
}

fn overflow() -> crate::Error {
    ErrorKind::Overflow { what: "the confidence interval" }.into()
}

impl Solved for Overdispersed {
    fn effect(&self) -> Result<(f64, f64)> {
        Ok((self.effect_and_b().0, self.standard_error()?))
    }

    fn log_likelihood(&self) -> f64 {
        self.best.level.value
    }

    fn parameters(&self) -> Option<usize> {
        Some(3)
    }

    fn profile_interval(&self, drop: f64) -> Result<Interval> {
        interval_around(self.effect_and_b().0, (self.limit(-1.0, drop)?, self.limit(1.0, drop)?))
    }

    fn held(&self, effect: f64) -> Result<f64> {
        let (centre, b) = self.effect_and_b();
        let (db, _) = self.best_local()?.follow(self.best.phi > 0.0);
        let held = self.held_best(effect, b + db * (effect - centre), self.best.phi);
        held.map(|h| h.local.value).ok_or_else(|| {
            let (what, why) = ("test of this effect", "no pair of risks has it");
            ErrorKind::NotApplicable { what, why }.into()
        })
    }

    fn intraclass(&self, level: f64) -> Result<Option<IntraclassCorrelation>> {
        let Place { phi, level: ref top, .. } = self.best;
        let (likelihood_ratio, p_value) = tau2_test(top.value, self.at_zero.level.value);
        let interval = self.rho_interval(level)?;
        Ok(Some(IntraclassCorrelation { rho: phi / (1.0 + phi), interval, likelihood_ratio, p_value }))
    }
}
