//! Every local maximum of a (restricted) likelihood of tau2, by interval search with completely monotone functions.
//!
//! With orthonormal contrasts `z_j` that are independent `N(0, t_j + tau2)`, twice the score is `f - g` with
//!
//! ```text
//! f = y'P^2y = sum z_j^2 / (t_j + tau2)^2
//! g = tr P   = sum 1 / (t_j + tau2)  (restricted)      or      sum 1 / (v_i + tau2)  (full)
//! ```
//!
//! Both are positive, decreasing and convex, and so are the absolute values of their slopes. Values at the two ends of an interval therefore
//! bound both functions, and their slopes, on the whole of it. Three kinds of inequality follow; each either shows that the score has no
//! root in the interval, or at most one, or else the interval is halved (geometrically). See [`classify`].
//!
//! The intervals start from `[0, RSS - min v]`: beyond, each term of the score is negative, since no `z_j^2` exceeds the residual sum
//! of squares of ordinary least squares and every `t_j` is at least `min v`.

use super::profile::{Likelihood, Profile};
use crate::num::root::log_newton;

/// The two halves of the score at one `s`, made dimensionless by powers of `s`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) s: f64,
    /// `y'Py`
    pub(crate) q: f64,
    /// `s f`
    pub(crate) f: f64,
    /// `s^2 |f'|`
    pub(crate) f_slope: f64,
    /// `s g`
    pub(crate) g: f64,
    /// `s^2 |g'|`
    pub(crate) g_slope: f64,
}

impl Point {
    /// Whether the likelihood rises here.
    pub(super) fn rises(&self) -> bool {
        self.f > self.g
    }
}

/// A local maximum: the last point evaluated and the ends of the interval in which the score changes sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) point: Point,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

/// Buffers of the search, kept between fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(super) stack: Vec<Point>,
    pub(crate) modes: Vec<Mode>,
    /// How many local maxima the last fit found.
    pub(super) maxima: usize,
    /// Whether the two highest of them differ by rounding only.
    pub(super) tie: bool,
}

/// What the ends of an interval tell about the roots of the score inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    NoRoot,
    AtMostOne,
    Unknown,
}

/// Relative width at which an interval counts as a point.
const POINT: f64 = 1e-13;
/// The search starts this factor beyond the residual sum of squares, so that rounding cannot put the last root outside.
const BEYOND: f64 = 1.0 + 1.0 / 1024.0;

/// Finds all local maxima in ascending order (into `scratch.modes`) and returns the number of evaluations.
pub(super) fn modes<P: Profile>(profile: &mut P, likelihood: Likelihood, scratch: &mut Scratch) -> u32 {
    scratch.modes.clear();
    let start = profile.axis().start;
    let end = profile.unweighted().rss * BEYOND;
    let margin = margin(profile.studies());
    let mut evaluations = 0;
    let mut at = |s: f64| {
        evaluations += 1;
        likelihood.point(&profile.at(s))
    };

    let first = at(start);
    if !first.rises() {
        scratch.modes.push(Mode { point: first, lower: start, upper: start });
    }
    if end > start {
        let last = at(end);
        scan(first, last, margin, scratch, &mut at);
    }
    evaluations
}

/// Adds the local maxima between two points, the second of which is not on a rise.
fn scan(mut a: Point, last: Point, margin: f64, scratch: &mut Scratch, at: &mut impl FnMut(f64) -> Point) {
    let Scratch { stack, modes, .. } = scratch;
    stack.clear();
    stack.push(last);
    while let Some(&b) = stack.last() {
        let verdict = classify(&a, &b, margin);
        // Beyond the range of doubles there is no middle.
        if verdict == Verdict::Unknown && b.s > a.s * (1.0 + POINT) && b.s < f64::INFINITY {
            stack.push(at(a.s.sqrt() * b.s.sqrt()));
            continue;
        }
        if verdict != Verdict::NoRoot && a.rises() && !b.rises() {
            modes.push(climb(&a, &b, at));
        }
        a = b;
        stack.pop();
    }
}

/// The one local maximum between `a`, where the likelihood rises, and `b`, where it does not.
pub(super) fn climb(a: &Point, b: &Point, at: &mut impl FnMut(f64) -> Point) -> Mode {
    // log h against log s is straight for equal variances, so the secant through the ends is a good start.
    let (ha, hb) = (log_ratio(a), log_ratio(b));
    let start = a.s * ((b.s / a.s).ln() * (ha / (ha - hb))).exp();
    let start = if a.s < start && start < b.s { start } else { a.s.sqrt() * b.s.sqrt() };
    let root = log_newton(a.s, b.s, start, |s| {
        let point = at(s);
        let elasticity = point.g_slope / point.g - point.f_slope / point.f;
        (point, log_ratio(&point), elasticity)
    });
    Mode { point: root.at, lower: root.lower, upper: root.upper }
}

/// `log(f/g)`, accurate near 0.
fn log_ratio(p: &Point) -> f64 {
    let excess = (p.f - p.g) / p.g;
    if excess.abs() < 0.5 { excess.ln_1p() } else { (p.f / p.g).ln() }
}

/// Room left for rounding in every inequality, relative.
pub(super) fn margin(k: usize) -> f64 {
    8.0 * (k as f64 + 8.0) * f64::EPSILON
}

/// Counts the roots of `f - g` in `[a, b]` from the values at its ends.
fn classify(a: &Point, b: &Point, margin: f64) -> Verdict {
    let rho = a.s / b.s;
    if excluded_by_elasticity(a, b, rho, margin) {
        return Verdict::NoRoot;
    }
    // In units of a.s from here on.
    let end =
        Point { f: b.f * rho, f_slope: b.f_slope * rho * rho, g: b.g * rho, g_slope: b.g_slope * rho * rho, ..*b };
    if single_crossing(a, &end, 1.0 + margin) {
        return Verdict::AtMostOne;
    }
    let width = (b.s - a.s) / a.s;
    let clear = if a.rises() && b.rises() {
        tangents_above_chord([(a.f, a.f_slope), (end.f, end.f_slope)], [a.g, end.g], width, margin)
    } else if !a.rises() && !b.rises() {
        tangents_above_chord([(a.g, a.g_slope), (end.g, end.g_slope)], [a.f, end.f], width, margin)
    } else {
        false
    };
    if clear { Verdict::NoRoot } else { Verdict::Unknown }
}

/// Between `a` and `b`, `s^2 f` and `s g` do not decrease while `f` and `g` do not increase, so `h = f/g` cannot reach 1 from far above
/// or far below.
///
/// ```text
/// h >= max(h_a (a/s)^2, h_b s/b, ...)      h <= min(h_a s/a, h_b (b/s)^2, ...)
/// ```
fn excluded_by_elasticity(a: &Point, b: &Point, rho: f64, margin: f64) -> bool {
    let (ha, hb) = (a.f / a.g, b.f / b.g);
    if ha > 1.0 && hb > 1.0 {
        let room = 1.0 + margin;
        (ha * rho) * (hb * hb * rho) > room || ha * rho * rho > room || hb * rho > room
    } else if ha < 1.0 && hb < 1.0 {
        let room = 1.0 - margin;
        ha * ha * hb < rho * rho * room || ha < rho * room || hb < rho * rho * room
    } else {
        false
    }
}

/// Whether `f - g` or `f/g` is monotone on the interval, by the extreme values of the slopes.
fn single_crossing(a: &Point, b: &Point, room: f64) -> bool {
    b.f_slope > a.g_slope * room
        || b.g_slope > a.f_slope * room
        || b.f_slope * b.g > a.g_slope * a.f * room
        || b.g_slope * b.f > a.f_slope * a.g * room
}

/// Whether the larger of two convex decreasing functions stays above the smaller: its two end tangents (`(value, -slope)` at 0 and at
/// `width`) lie above the chord of the smaller where they cross, the lowest point of their maximum.
fn tangents_above_chord(upper: [(f64, f64); 2], lower: [f64; 2], width: f64, margin: f64) -> bool {
    let [(ua, sa), (ub, sb)] = upper;
    let [la, lb] = lower;
    let bend = sa - sb;
    if bend <= margin * sa {
        return false;
    }
    let reach = ub + sb * width;
    let x = ((ua - reach) / bend).clamp(0.0, width);
    let tangent = ub + sb * (width - x);
    let drop = (la - lb) / width;
    let chord = lb + drop * (width - x);
    // The crossing point is known to within `blur` only.
    let blur = margin * ((ua + reach) / bend);
    tangent - chord > margin * (tangent + chord) + (sb + drop) * blur
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f = sum z^2/(t+s)^2`, `g = sum 1/(t+s)` for given poles.
    fn point(z2: &[f64], t: &[f64], s: f64) -> Point {
        let mut p = Point { s, q: 0.0, f: 0.0, f_slope: 0.0, g: 0.0, g_slope: 0.0 };
        for (z2, t) in z2.iter().zip(t) {
            let w = s / (t + s);
            p.q += w * z2 / s;
            p.f += w * w * z2 / s;
            p.f_slope += 2.0 * w * w * w * z2 / s;
            p.g += w;
            p.g_slope += w * w;
        }
        p
    }

    #[test]
    fn verdicts_hold_on_a_fine_grid() {
        let (z2, t) = ([0.5, 3.0, 40.0], [0.0, 1.0, 60.0]);
        let grid: Vec<f64> = (0..=600).map(|i| 10f64.powf(-3.0 + 0.01 * f64::from(i))).collect();
        let mut decided = 0;
        for i in (0..600).step_by(7) {
            for j in (i + 1..=600).step_by(11) {
                let (a, b) = (point(&z2, &t, grid[i]), point(&z2, &t, grid[j]));
                let signs: Vec<bool> = grid[i..=j].iter().map(|&s| point(&z2, &t, s).rises()).collect();
                let changes = signs.windows(2).filter(|w| w[0] != w[1]).count();
                match classify(&a, &b, margin(4)) {
                    Verdict::NoRoot => assert_eq!(changes, 0, "{} {}", grid[i], grid[j]),
                    Verdict::AtMostOne => assert!(changes <= 1, "{} {}", grid[i], grid[j]),
                    Verdict::Unknown => continue,
                }
                decided += 1;
            }
        }
        assert!(decided > 500, "only {decided} intervals were decided");
    }
}
