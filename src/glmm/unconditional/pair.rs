//! One study of two groups whose level is a parameter of its own, at its best.
//!
//! ```text
//! eta_1 = a + c1 theta        eta_2 = a - c2 theta        theta ~ N(m, tau2)        c1 + c2 = 1
//! ```
//!
//! The random effect is integrated out, and the level `a` maximised over. Because the integral of a log-concave function is log-concave
//! (Prékopa 1973, Acta Sci Math 34:335), so is the likelihood in `(a, m)`: its maximum over `a` is unique, and what remains is
//! log-concave in `m`.

use super::super::integrated::{Bound, Integrated, ln_area};
use super::super::likelihood::{Local, Peak, StudyLikelihood};
use super::super::marginal::{Marginal, marginal};
use super::super::one_group::OneGroup;
use crate::num::quadrature::{Effort, Placement, integrate};
use serde::{Deserialize, Serialize};

/// Which share of the random treatment effect each group carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RandomEffectCoding {
    /// Half of it in the first group, minus half in the second: both vary alike; **the default**. metafor: `coding = 1/2`, its default.
    #[default]
    Half,
    /// All of it in the first group, as treatment is usually coded: the second varies with the level of the study alone. metafor:
    /// `coding = 1`.
    First,
    /// All of it in the second group: the first varies with the level of the study alone. metafor: `coding = 0`.
    Second,
}

impl RandomEffectCoding {
    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Half => "half of each in both groups",
            Self::First => "in the first group",
            Self::Second => "in the second group",
        }
    }

    /// Shares of the effect, `c1` and `c2`.
    pub(super) fn shares(self) -> [f64; 2] {
        match self {
            Self::Half => [0.5, 0.5],
            Self::First => [1.0, 0.0],
            Self::Second => [0.0, 1.0],
        }
    }
}

impl std::fmt::Display for RandomEffectCoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The data of one study and the coding of its random effect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(super) arms: [OneGroup; 2],
    pub(super) coding: RandomEffectCoding,
}

/// The likelihood at a level, in terms of the predictor `o` of one group and the mean `m` of the effect, the predictor of the other group
/// being integrated out: of the two groups that with less information, so that nothing large is taken away from something large.
///
/// ```text
/// d/da = factor (d/do + kappa d/dm)
/// ```
#[derive(Debug, Clone, Copy)]
struct Joint {
    /// With respect to `m` and tau2.
    with: Marginal,
    g_o: f64,
    h_oo: f64,
    h_om: f64,
    h_ot: f64,
    kappa: f64,
    factor: f64,
}

/// The most probable predictors of both groups given the data.
#[derive(Debug, Clone, Copy)]
struct Mode {
    level: f64,
    theta: f64,
}

/// Newton's decrement (squared) in the level below which nothing is left but rounding: second derivatives are off by its root.
const SETTLED: f64 = 1e-20;
/// Where rounding does not let it fall so far, it ends once it no longer falls below this.
const NEARLY: f64 = 1e-14;
/// The same while finding one's way.
const SETTLED_SCAN: f64 = 1e-4;
/// More steps than a concave function of one variable takes from its Laplace approximation.
const STEPS: usize = 200;
/// A knee is looked at where the random effect is this many times wider, as for one group.
const WIDE: f64 = 3.0;

impl Joint {
    /// Slope and curvature in the level, up to the factor.
    fn slope(&self) -> f64 {
        self.g_o + self.kappa * self.with.g_m
    }

    fn curvature(&self) -> f64 {
        self.h_oo + 2.0 * self.kappa * self.h_om + self.with.h_mm
    }

    fn decrement(&self) -> f64 {
        -self.slope() * (self.slope() / self.curvature())
    }

    /// Newton's step of the level.
    fn step(&self) -> f64 {
        -self.slope() / self.curvature() / self.factor
    }

    /// At the best level, which is one small step away: gradients to first order in that step, in a form in which the group that hardly
    /// matters hardly enters.
    fn profiled(&self, tau2: f64) -> Marginal {
        let Self { with, g_o, h_oo, h_om, h_ot, kappa, .. } = *self;
        let q = self.curvature();
        let (other, own) = ((h_oo + kappa * h_om) / q, kappa * (with.h_mm + kappa * h_om) / q);
        let drift = (h_ot + kappa * with.h_mt) / q;
        let g_m = with.g_m * other - g_o * own;
        Marginal {
            value: with.value + 0.5 * self.decrement(),
            g_m,
            g_t: with.g_t - drift * self.slope(),
            h_mm: h_oo * (with.h_mm / q) - h_om * (h_om / q),
            h_mt: with.h_mt * other - h_ot * own,
            h_tt: with.h_tt - drift * (h_ot + kappa * with.h_mt),
            // E[theta] = m + tau2 d ln L / dm.
            mean: with.mean + tau2 * (g_m - with.g_m),
            variance: with.variance,
        }
    }
}

impl Pair {
    pub(super) fn new(arms: [OneGroup; 2], coding: RandomEffectCoding) -> Self {
        Self { arms, coding }
    }

    fn shares(&self) -> [f64; 2] {
        self.coding.shares()
    }

    /// The groups exchanged, which changes the sign of the effect: the second group carries it as the first does here.
    fn exchanged(&self) -> Self {
        let [first, second] = self.arms;
        Self { arms: [second, first], coding: RandomEffectCoding::First }
    }

    /// Whether the likelihood does not fall as the effect goes to minus or to plus infinity.
    pub(super) fn open(&self) -> [bool; 2] {
        let [first, second] = self.arms.map(|arm| arm.peak());
        [first == Peak::Lowest || second == Peak::Highest, first == Peak::Highest || second == Peak::Lowest]
    }

    /// The level at its best for a mean and a tau2, with the likelihood there.
    pub(super) fn best(&self, m: f64, tau2: f64, effort: Effort) -> Option<(f64, Marginal)> {
        if self.coding == RandomEffectCoding::Second {
            let (level, found) = self.exchanged().best(-m, tau2, effort)?;
            let Marginal { g_m, h_mt, mean, .. } = found;
            return Some((level, Marginal { g_m: -g_m, h_mt: -h_mt, mean: -mean, ..found }));
        }
        let mut mode = self.mode(m, tau2);
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        // Without an integral there is nothing to save.
        let mut now = if tau2 > 0.0 { Effort::Scan } else { effort };
        let mut last: Option<f64> = None;
        let mut before = f64::INFINITY;
        for _ in 0..STEPS {
            let Some(joint) = self.joint(&mut mode, m, tau2, now) else {
                // Out of range: back towards where it was not.
                let back = 0.5 * last? + 0.5 * mode.level;
                if back.to_bits() == mode.level.to_bits() {
                    return None;
                }
                mode.level = back;
                continue;
            };
            let decrement = joint.decrement();
            if !(decrement >= 0.0 && decrement.is_finite()) {
                if now == Effort::Scan && effort == Effort::Exact {
                    now = Effort::Exact;
                    continue;
                }
                return None;
            }
            if now == Effort::Scan && decrement <= SETTLED_SCAN {
                if effort == Effort::Scan {
                    return Some((mode.level + joint.step(), joint.profiled(tau2)));
                }
                // The scan's bracket is as uncertain as the scan.
                (now, low, high) = (Effort::Exact, f64::NEG_INFINITY, f64::INFINITY);
                mode.level += joint.step();
                last = Some(mode.level);
                continue;
            }
            if decrement <= SETTLED || (decrement <= NEARLY && decrement >= before) {
                return Some((mode.level + joint.step(), joint.profiled(tau2)));
            }
            before = decrement;
            if joint.slope() > 0.0 {
                low = mode.level;
            } else {
                high = mode.level;
            }
            let step = joint.step();
            let mut next = mode.level + step;
            if !(low < next && next < high) {
                next = if low.is_finite() && high.is_finite() { 0.5 * low + 0.5 * high } else { mode.level + step };
            }
            let narrow = high - low <= 4.0 * f64::EPSILON * low.abs().max(high.abs());
            let stuck = next.to_bits() == mode.level.to_bits() || (narrow && high.is_finite() && low.is_finite());
            if stuck {
                return Some((mode.level, joint.profiled(tau2)));
            }
            last = Some(mode.level);
            mode.level = next;
        }
        None
    }

    /// The likelihood at a level with its derivatives; moves the mode of the effect to that of this level.
    fn joint(&self, mode: &mut Mode, m: f64, tau2: f64, effort: Effort) -> Option<Joint> {
        let found = match self.coding {
            // The second group's turn is the first's, exchanged.
            RandomEffectCoding::First | RandomEffectCoding::Second => {
                let [first, second] = &self.arms;
                let mut with = marginal(first, mode.level + m, tau2, effort)?;
                let Local { value, d } = second.at(mode.level);
                with.value += value;
                with.mean -= mode.level;
                Joint { with, g_o: d[0], h_oo: d[1], h_om: 0.0, h_ot: 0.0, kappa: 1.0, factor: 1.0 }
            }
            RandomEffectCoding::Half if tau2 > 0.0 => self.half(mode, m, tau2, effort)?,
            RandomEffectCoding::Half => self.half_common(mode.level, m),
        };
        let Joint { with, g_o, h_oo, h_om, h_ot, .. } = found;
        let finite = [with.value, with.g_m, with.g_t, with.h_mm, g_o, h_oo, h_om, h_ot].iter().all(|x| x.is_finite());
        finite.then_some(found)
    }

    /// Both groups at a level and an effect under halves.
    fn at_half(&self, level: f64, theta: f64) -> [Local; 2] {
        let [first, second] = &self.arms;
        [first.at(level + 0.5 * theta), second.at(level - 0.5 * theta)]
    }

    fn half_common(&self, level: f64, m: f64) -> Joint {
        let locals = self.at_half(level, m);
        let (o, sign) = less_informed(&locals);
        let d = effect_derivatives(&locals);
        let [d1, d2, d3, d4] = d;
        let [o1, o2, o3, _] = locals[o].d;
        let with = Marginal {
            value: locals[0].value + locals[1].value,
            g_m: d1,
            g_t: 0.5 * (d2 + d1 * d1),
            h_mm: d2,
            h_mt: 0.5 * (d3 + 2.0 * d1 * d2),
            h_tt: 0.25 * (d4 + 4.0 * d1 * d3 + 2.0 * d2 * d2 + 4.0 * d1 * d1 * d2),
            mean: m,
            variance: 0.0,
        };
        Joint {
            with,
            g_o: o1,
            h_oo: o2,
            h_om: 0.5 * sign * o2,
            h_ot: 0.5 * (0.25 * o3 + sign * d1 * o2),
            kappa: -sign,
            factor: 2.0,
        }
    }

    /// The forms of `marginal.rs`, with the derivatives in the predictor of one group besides.
    fn half(&self, mode: &mut Mode, m: f64, tau2: f64, effort: Effort) -> Option<Joint> {
        let level = mode.level;
        mode.theta = self.mode_of_effect(level, m, tau2, mode.theta);
        let locals = self.at_half(level, mode.theta);
        let (o, sign) = less_informed(&locals);
        let information = -0.25 * (locals[0].d[1] + locals[1].d[1]);
        let spread = (information + tau2.recip()).sqrt().recip();
        let place = Placement { centre: mode.theta, spread, knee: self.knee_near(level, mode.theta, spread) };
        let tau = tau2.sqrt();
        let constant = -tau.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
        let (a, b) = ((mode.theta - m) / tau, spread / tau);
        let log = |value: f64, v: f64| value - 0.5 * (a + b * v).powi(2);
        let first_o = locals[o].d[0];
        let (arm_o, arm_b) = (&self.arms[o], &self.arms[1 - o]);
        let predictors = |theta: f64| {
            let half = 0.5 * sign * theta;
            (level + half, level - half)
        };
        if information * tau2 >= 1.0 {
            let found = integrate(place, effort, |theta, v| {
                let (eta_o, eta_b) = predictors(theta);
                let local = arm_o.at(eta_o);
                let s = local.d[0] - first_o;
                let square = v * v;
                let log = log(local.value + arm_b.value(eta_b), v);
                (log, [v, square, square * v, square * square, s, s * v, s * square, local.d[1] + s * s])
            })?;
            let [e1, e2, e3, e4, s1, sv, svv, curve] = found.means;
            let u1 = a + b * e1;
            let centred = b * b * (e2 - e1 * e1);
            let u2 = u1 * u1 + centred;
            let u3 = a.powi(3) + b * (3.0 * a * a * e1 + b * (3.0 * a * e2 + b * e3));
            let u4 = a.powi(4) + b * (4.0 * a.powi(3) * e1 + b * (6.0 * a * a * e2 + b * (4.0 * a * e3 + b * e4)));
            let a1 = u1 / tau;
            let a2 = (u2 - 1.0) / tau2;
            let a3 = (u3 - 3.0 * u1) / tau / tau2;
            let a4 = (u4 - 6.0 * u2 + 3.0) / tau2 / tau2;
            let with = Marginal {
                value: found.ln_total + constant,
                g_m: a1,
                g_t: 0.5 * a2,
                h_mm: (centred - 1.0) / tau2,
                h_mt: 0.5 * (a3 - a1 * a2),
                h_tt: 0.25 * (a4 - a2 * a2),
                mean: mode.theta + spread * e1,
                variance: spread * spread * (e2 - e1 * e1),
            };
            let (with_v, with_vv) = (sv - s1 * e1, svv - s1 * e2);
            Some(Joint {
                with,
                g_o: first_o + s1,
                h_oo: curve - s1 * s1,
                h_om: b * with_v / tau,
                h_ot: 0.5 * b * (2.0 * a * with_v + b * with_vv) / tau2,
                kappa: -sign,
                factor: 2.0,
            })
        } else {
            let first = effect_derivatives(&locals)[0];
            let found = integrate(place, effort, |theta, v| {
                let (eta_o, eta_b) = predictors(theta);
                let mut locals = [arm_o.at(eta_o), arm_b.at(eta_b)];
                let [o1, o2, o3, _] = locals[0].d;
                let value = locals[0].value + locals[1].value;
                if o == 1 {
                    locals.swap(0, 1);
                }
                let [d1, d2, d3, d4] = effect_derivatives(&locals);
                let (e, s) = (d1 - first, o1 - first_o);
                let square = d1 * d1;
                let third = d3 + d1 * (3.0 * d2 + square);
                let fourth = d4 + 4.0 * d1 * d3 + 3.0 * d2 * d2 + square * (6.0 * d2 + square);
                let (om, ot) = (0.5 * sign * o2 + s * e, 0.25 * o3 + sign * d1 * o2 + s * (d2 + square));
                (log(value, v), [v, v * v, e, d2 + e * e, third, fourth, s, o2 + s * s, om, ot])
            })?;
            let [e1, e2, slope, curvature, a3, a4, s1, curve, om, ot] = found.means;
            let a1 = first + slope;
            let h_mm = curvature - slope * slope;
            let a2 = h_mm + a1 * a1;
            let with = Marginal {
                value: found.ln_total + constant,
                g_m: a1,
                g_t: 0.5 * a2,
                h_mm,
                h_mt: 0.5 * (a3 - a1 * a2),
                h_tt: 0.25 * (a4 - a2 * a2),
                mean: mode.theta + spread * e1,
                variance: spread * spread * (e2 - e1 * e1),
            };
            Some(Joint {
                with,
                g_o: first_o + s1,
                h_oo: curve - s1 * s1,
                h_om: om - s1 * slope,
                h_ot: 0.5 * (ot - s1 * a2),
                kappa: -sign,
                factor: 2.0,
            })
        }
    }

    /// The knee that is nearer to the centre, where the weight is much wider than it.
    fn knee_near(&self, level: f64, centre: f64, spread: f64) -> Option<(f64, f64)> {
        let [(first, w1), (second, w2)] = self.arms.map(|arm| arm.knee());
        let knees = [(2.0 * (first - level), 2.0 * w1), (2.0 * (level - second), 2.0 * w2)];
        let narrow = knees.into_iter().filter(|&(_, width)| spread > WIDE * width);
        narrow.min_by(|a, b| (a.0 - centre).abs().total_cmp(&(b.0 - centre).abs()))
    }

    /// The most probable effect at a level, to a tenth of its standard deviation: the root of a decreasing function.
    fn mode_of_effect(&self, level: f64, m: f64, tau2: f64, start: f64) -> f64 {
        let slope = |theta: f64| {
            let [d1, d2, ..] = effect_derivatives(&self.at_half(level, theta));
            (d1 - (theta - m) / tau2, d2 - tau2.recip())
        };
        let pull = effect_derivatives(&self.at_half(level, m))[0];
        let reach = (m + tau2 * pull).clamp(f64::MIN, f64::MAX);
        let (mut low, mut high) = if pull > 0.0 { (m, reach) } else { (reach, m) };
        let mut theta = if low <= start && start <= high { start } else { m };
        loop {
            let (value, derivative) = slope(theta);
            if value > 0.0 {
                low = theta;
            } else {
                high = theta;
            }
            let step = -value / derivative;
            if step.abs() <= 0.1 * (-derivative).sqrt().recip() {
                return theta;
            }
            let next = theta + step;
            theta = if low < next && next < high { next } else { 0.5 * low + 0.5 * high };
            if !(low < theta && theta < high) {
                return theta;
            }
        }
    }

    /// The most probable predictors of both groups together: of a concave function of two variables, in which the coding plays no part.
    fn mode(&self, m: f64, tau2: f64) -> Mode {
        let [c1, c2] = self.shares();
        let [first, second] = self.arms.map(|arm| arm.knee().0);
        // A level, and the distance of the effect from its mean.
        let (mut level, mut by) = (c2 * first + c1 * second, if tau2 > 0.0 { first - second - m } else { 0.0 });
        if tau2 <= 0.0 {
            // Each group alone would have the level at one of these.
            let weight = |arm: &OneGroup, eta: f64| -arm.at(eta).d[1];
            let (w1, w2) = (weight(&self.arms[0], first), weight(&self.arms[1], second));
            level = ((first - c1 * m) * w1 + (second + c2 * m) * w2) / (w1 + w2);
        }
        let at = |level: f64, by: f64| {
            let theta = m + by;
            let [a, b] = [self.arms[0].at(level + c1 * theta), self.arms[1].at(level - c2 * theta)];
            let prior = if tau2 > 0.0 { by * by / tau2 } else { 0.0 };
            (a.value + b.value - 0.5 * prior, a.d, b.d)
        };
        let mut now = at(level, by);
        for _ in 0..STEPS {
            let (value, [a1, a2, ..], [b1, b2, ..]) = now;
            let (g, h) = (a1 + b1, a2 + b2);
            let (step, turn, gain) = if tau2 > 0.0 {
                // In predictors of the two groups: [a2 - 1/t, 1/t; 1/t, b2 - 1/t].
                let pull = by / tau2;
                let (g1, g2) = (a1 - pull, b1 + pull);
                let precision = tau2.recip();
                let determinant = a2 * b2 - (a2 + b2) * precision;
                let s1 = -((b2 - precision) * g1 - precision * g2) / determinant;
                let s2 = -((a2 - precision) * g2 - precision * g1) / determinant;
                (c2 * s1 + c1 * s2, s1 - s2, s1 * g1 + s2 * g2)
            } else {
                (-g / h, 0.0, -g * (g / h))
            };
            if !(step.is_finite() && turn.is_finite()) || gain <= 0.01 {
                break;
            }
            let mut share = 1.0;
            let moved = loop {
                let next = at(level + share * step, by + share * turn);
                if next.0 > value {
                    break Some(next);
                }
                share *= 0.5;
                if share < 1e-9 {
                    break None;
                }
            };
            let Some(next) = moved else { break };
            level += share * step;
            by += share * turn;
            now = next;
        }
        Mode { level, theta: m + by }
    }
}

/// The group with less information, and the sign of the effect in it.
fn less_informed(locals: &[Local; 2]) -> (usize, f64) {
    if locals[0].d[1] >= locals[1].d[1] { (0, 1.0) } else { (1, -1.0) }
}

/// Derivatives in the effect under halves.
fn effect_derivatives([first, second]: &[Local; 2]) -> [f64; 4] {
    let (a, b) = (first.d, second.d);
    [0.5 * (a[0] - b[0]), 0.25 * (a[1] + b[1]), 0.125 * (a[2] - b[2]), 0.0625 * (a[3] + b[3])]
}

impl Integrated for Pair {
    fn marginal(&self, m: f64, tau2: f64, effort: Effort) -> Option<Marginal> {
        let (_, found) = self.best(m, tau2, effort)?;
        let finite = [found.value, found.g_m, found.g_t, found.h_mm].iter().all(|x| x.is_finite());
        finite.then_some(found)
    }

    fn place(&self) -> f64 {
        let [first, second] = self.arms.map(|arm| arm.knee().0);
        first - second
    }

    fn information(&self, eta: f64) -> f64 {
        // The level is held: a random effect is seen against it, however uncertain it is.
        let level = self.mode(eta, 0.0).level;
        let [c1, c2] = self.shares();
        let [a, b] = [self.arms[0].at(level + c1 * eta), self.arms[1].at(level - c2 * eta)];
        let at_peak = |arm: &OneGroup| match arm.peak() {
            Peak::At(peak) => -arm.at(peak).d[1],
            _ => 0.0,
        };
        let [p1, p2] = [&self.arms[0], &self.arms[1]].map(at_peak);
        c1 * c1 * p1.max(-a.d[1]) + c2 * c2 * p2.max(-b.d[1])
    }

    fn bound(&self) -> Bound {
        if self.coding == RandomEffectCoding::Second {
            return self.exchanged().bound();
        }
        let inside = |arm: &OneGroup| match arm.peak() {
            Peak::At(peak) => Some((ln_area(arm, peak), arm.at(peak).value)),
            _ => None,
        };
        let [first, second] = [inside(&self.arms[0]), inside(&self.arms[1])];
        match (self.coding, first, second) {
            // The other group is at most at its peak, and a group's own integral over the effect does not depend on the level.
            (RandomEffectCoding::First | RandomEffectCoding::Second, Some((area, _)), other) => {
                Bound::Inside(area + other.map_or(0.0, |(_, top)| top))
            }
            (RandomEffectCoding::First | RandomEffectCoding::Second, None, other) => {
                Bound::Open(other.map_or(0.0, |(_, top)| top))
            }
            (RandomEffectCoding::Half, Some((area, top)), Some((area2, top2))) => {
                Bound::Inside((area + top2).min(area2 + top) + std::f64::consts::LN_2)
            }
            (RandomEffectCoding::Half, Some((area, _)), None) | (RandomEffectCoding::Half, None, Some((area, _))) => {
                Bound::Inside(area + std::f64::consts::LN_2)
            }
            // (1 - p(x/2)) p(-x/2) <= 1 - p(x) at the best level, 0: a share of the random effects.
            (RandomEffectCoding::Half, None, None) if self.arms[0].peak() == Peak::Lowest => Bound::Lowest,
            (RandomEffectCoding::Half, None, None) => Bound::Highest,
        }
    }

    fn saturated(&self) -> f64 {
        let of = |arm: &OneGroup| match arm.peak() {
            Peak::At(peak) => arm.at(peak).value,
            _ => 0.0,
        };
        self.arms.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::arms;
    use super::*;
    use serde_json::Value;

    fn list(value: &Value) -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
    }

    /// Single studies at means near and far and tau2 up to a million, against 30-digit quadrature. Gradients and curvatures are
    /// measured in units of tau for the mean and of tau2 for tau2. Curvatures only steer Newton's steps out there.
    #[test]
    fn the_best_level_far_out() {
        let file = include_str!("../../../tests/reference/glmm_unconditional_profiles.json");
        let file: Value = serde_json::from_str(file).expect("JSON");
        let rows = file["profiles"].as_array().expect("a list");
        let mut failures = Vec::new();
        let mut worst = [0.0_f64; 6];
        for row in rows {
            let numbers = list(&row["row"]);
            let [x1, n1, x2, n2] = numbers[..] else { panic!("four numbers") };
            let rates = row["kind"] == "poisson";
            let coding = if row["coding"] == "half" { RandomEffectCoding::Half } else { RandomEffectCoding::First };
            let pair = Pair::new(arms(rates, [(x1, n1), (x2, n2)]), coding);
            let [m, t, value] = ["m", "t", "value"].map(|key| row[key].as_f64().expect("a number"));
            let (g, h) = (list(&row["g"]), list(&row["h"]));
            let found = pair.marginal(m, t, Effort::Exact).expect("in range");
            let scan = pair.marginal(m, t, Effort::Scan).expect("in range");
            let tau = t.sqrt();
            let errors = [
                (found.value - value) / value.abs().max(1.0),
                (found.g_m - g[0]) * tau,
                (found.g_t - g[1]) * t,
                (found.h_mm - h[0]) * t,
                (found.h_mt - h[1]) * t * tau,
                (found.h_tt - h[2]) * t * t,
            ];
            for (worst, error) in worst.iter_mut().zip(errors) {
                *worst = worst.max(error.abs());
            }
            let precise = errors[..3].iter().all(|e| e.abs() <= 1e-10) && errors[3..5].iter().all(|e| e.abs() <= 1e-7);
            let within = precise && errors[5].abs() <= 1e-3 && (scan.value - value).abs() <= 0.02;
            if !within {
                failures.push(format!("{row}: {errors:?}, scan off by {:e}", scan.value - value));
            }
        }
        println!("{} points, worst {worst:?}", rows.len());
        assert!(
            failures.is_empty(),
            "{} of {}:\n{}",
            failures.len(),
            rows.len(),
            failures[..failures.len().min(20)].join("\n")
        );
        assert_eq!(rows.len(), 198);
    }
}
