//! The usual case of a likelihood of tau2: a search of few steps, and a proof from a few values that the maximum it finds is the only one.
//!
//! With `f` and `g` of [`search`](super::search), power means of negative order of positive affine functions are concave, so
//!
//! ```text
//! F = f^(-1/2)    and    G = 1/g    are concave and increase,    and    f > g  <=>  F^2 < G
//! ```
//!
//! `F` lies below its tangents and above its chords, and so does `G`; moreover `F' >= 1/sqrt(RSS)`, its limit for large tau2, and
//! `F(a + d) >= F(a)(1 + d f/q)` with `q = y'Py` as far as `d f/q = 1` (shown in `batch/kernel/proof.rs`). Hence
//!
//! ```text
//! left     F^2 < G on [a, b)    if it holds at a and b (where F^2 = G will do) and t <= 0 or t^2/f(b) < 1/g(a),
//!                               t the value at a of the tangent of F at b, in units of F(b)
//! chord    F^2 > G on (a, b]    if the square of the chord of F lies above the tangent of G at a
//! tail     F^2 > G on (a, inf)  if the square of the line of these two pieces lies above the tangent of G at a
//! ```
//!
//! With equal variances `left` and `tail` succeed for every root. What is not proved in a few evaluations is left to the search. The
//! kernel of batches rests on the same inequalities, for many units at once (`batch/kernel/proof.rs`).

use super::profile::{Likelihood, Profile};
use super::search::{Mode, Point};

/// Room for rounding, generously: what fails is searched.
const ROOM: f64 = 1.0 / 1024.0;
/// A Newton step this small, relative to `s`, leaves an error far below rounding when taken.
const SMALL_STEP: f64 = 1.0 / 67_108_864.0;
/// A step this small, 2^-18, may be the last if the cubic's terms fall fast enough.
const SHORT_STEP: f64 = 1.0 / 262_144.0;
/// Largest error of a last step, relative to `s`, 2^-56.
const STEP_ERROR: f64 = 1.0 / 72_057_594_037_927_936.0;
/// A step that cannot be told from rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// Steps before the search is asked.
const STEPS: u32 = 16;
/// Evaluations for the proof, beyond those for the maximum.
const PROOFS: u32 = 3;
/// The score must cross zero at least this steeply, as elasticity of `f/g` in `s`.
const STEEP: f64 = 1.0 / 16.0;
/// `|f - g| / g` at a root.
const SETTLED: f64 = 1e-11;

/// The only local maximum, if it could be shown that there is one, and the evaluations this took.
pub(super) fn find<P: Profile>(profile: &mut P, likelihood: Likelihood) -> (Option<Mode>, u32) {
    let mut evaluations = 1;
    let axis = profile.axis();
    let start = axis.start;
    let sums = profile.at(start);
    let origin = likelihood.point(&sums);
    let rss = profile.rss();
    // To the last bit as in `moment`, where its sums are asked for again.
    let moment = axis.s((sums.q - profile.df()).max(0.0) * (sums.s / sums.trace));
    let mut at = |s: f64| {
        evaluations += 1;
        likelihood.point(&profile.at(s))
    };
    let mode = if origin.rises() {
        climb(&origin, moment, rss, &mut at).filter(|mode| {
            let p = &mode.point;
            let settled = (p.f - p.g).abs() <= SETTLED * p.g && p.f_slope / p.f - p.g_slope / p.g >= STEEP;
            settled && only(&origin, p, rss, &mut at)
        })
    } else {
        let mode = Mode { point: origin, lower: start, upper: start };
        no_root_right(&origin, rss, &mut at, &mut { PROOFS }).then_some(mode)
    };
    (mode, evaluations)
}

/// The root of `u = g/f - 1`, straight for equal variances: from the last two points, the first of them the origin, to the zero of the
/// cubic through both; kept inside a bracket. As the kernel of batches (`batch/kernel/solve.rs`), which takes no sums at the root itself.
fn climb(origin: &Point, moment: f64, rss: f64, at: &mut impl FnMut(f64) -> Point) -> Option<Mode> {
    let first = if moment > origin.s { moment } else { origin.s * (1.0 + newton(origin)) };
    let mut s = if first > origin.s && first < f64::INFINITY { first } else { 2.0 * origin.s };
    let (mut lower, mut upper) = (origin.s, f64::INFINITY);
    let (mut last, mut before) = (false, Inverse::at(origin));
    for _ in 0..STEPS {
        let point = at(s);
        if point.rises() {
            lower = s;
        } else {
            upper = s;
        }
        let here = Inverse::at(&point);
        let (step, sure) = here.step(&point, &before);
        before = here;
        if last || step.abs() <= ROUNDING {
            // Beyond the residual sum of squares the score is negative; see `search`.
            return Some(Mode { point, lower, upper: upper.min(rss.max(s) * (1.0 + ROOM)) });
        }
        let next = s * (1.0 + step);
        let inside = lower <= next && next <= upper;
        last = inside && sure;
        s = if inside {
            next
        } else if upper < f64::INFINITY {
            0.5 * (lower + upper)
        } else {
            2.0 * s
        };
    }
    None
}

/// A point of `s` as a function of `u = g/f - 1`.
struct Inverse {
    s: f64,
    u: f64,
    /// `ds/du`, relative to `s`; NaN where `u` falls.
    slope: f64,
}

impl Inverse {
    fn at(p: &Point) -> Self {
        let rise = p.f_slope * p.g - p.g_slope * p.f;
        let slope = if rise > 0.0 { p.f * p.f / rise } else { f64::NAN };
        Self { s: p.s, u: (p.g - p.f) / p.f, slope }
    }

    /// From here, at `p`, to the zero of the cubic through this point and the one before, relative to `s`; by Newton's method where that is
    /// half a step of his away, or not a number. And whether it is so small that nothing is left to be done.
    ///
    /// The cubic is Newton's step and two terms more. The term after those, which is the error, is about as much less than the second of
    /// them as that is less than the first.
    fn step(&self, p: &Point, before: &Self) -> (f64, bool) {
        let newton = -self.u * self.slope;
        // Divided differences over u, u, u before, u before; 1 / (u before - u) by a division that need not wait for that of u.
        let (unit, ratio) = (p.f / (before.u * p.f - (p.g - p.f)), before.s / self.s);
        let chord = (ratio - 1.0) * unit;
        let second = (chord - self.slope) * unit;
        let third = ((before.slope * ratio - chord) * unit - second) * unit;
        let square = self.u * self.u;
        let (first_term, second_term) = (square * second, square * (third * before.u));
        let bend = first_term - second_term;
        let near = bend.abs() <= 0.5 * newton.abs();
        let step = if near { newton + bend } else { newton };
        let exact = near && second_term * second_term <= first_term.abs() * STEP_ERROR;
        (step, step.abs() <= SMALL_STEP || (step.abs() <= SHORT_STEP && exact))
    }
}

/// Newton's step for `g/f - 1`, relative to `s`; NaN where that function falls.
fn newton(p: &Point) -> f64 {
    let slope = p.f_slope * p.g - p.g_slope * p.f;
    if slope > 0.0 { (p.f - p.g) * (p.f / slope) } else { f64::NAN }
}

/// Whether there is no root of the score but `root`, the likelihood rising at `origin`.
fn only(origin: &Point, root: &Point, rss: f64, at: &mut impl FnMut(f64) -> Point) -> bool {
    let mut proofs = PROOFS;
    let right = Point { f: root.f.min(root.g), ..*root };
    no_root_right(&right, rss, at, &mut proofs) && no_root_left(origin, root, at, &mut proofs)
}

/// No root right of `a`, where the likelihood does not rise.
fn no_root_right(a: &Point, rss: f64, at: &mut impl FnMut(f64) -> Point, proofs: &mut u32) -> bool {
    let (mut a, mut stride) = (*a, 2.0);
    while !tail(&a, rss) {
        if *proofs == 0 {
            return false;
        }
        *proofs -= 1;
        let b = at(a.s * (1.0 + stride * (a.g / a.g_slope)));
        if chord(&a, &b) {
            (a, stride) = (b, 2.0);
        } else {
            stride *= 0.25;
        }
    }
    true
}

/// No root between `origin`, where the likelihood rises, and `b`.
fn no_root_left(origin: &Point, b: &Point, at: &mut impl FnMut(f64) -> Point, proofs: &mut u32) -> bool {
    let mut b = *b;
    // A point to the left where the tangent of F is still far above 0.
    let halfway = |b: &Point| {
        let reach = b.s * (1.0 - 1.4 * (b.f / b.f_slope));
        reach.max(origin.s + 0.25 * (b.s - origin.s))
    };
    let mut target = halfway(&b);
    while !left(origin, &b) {
        if *proofs == 0 {
            return false;
        }
        *proofs -= 1;
        let a = at(target);
        if a.rises() && left(&a, &b) {
            b = a;
            target = halfway(&b);
        } else {
            target = 0.5 * (target + b.s);
        }
    }
    true
}

/// No root between `a`, where the likelihood rises, and `b`.
fn left(a: &Point, b: &Point) -> bool {
    let t = 1.0 - (1.0 - a.s / b.s) * (0.5 * (b.f_slope / b.f));
    t <= 0.0 || t * t * (a.g * b.s) < b.f * a.s * (1.0 - ROOM)
}

/// No root between `a`, where `f <= g`, and `b`, where `f < g`.
fn chord(a: &Point, b: &Point) -> bool {
    // In units of a.s, relative to g(a).
    let from = (a.g / a.f).sqrt();
    let to = (a.g / b.f * (b.s / a.s)).sqrt();
    let slope = (to - from) / ((b.s - a.s) / a.s);
    let drop = a.g_slope / a.g;
    let linear = 2.0 * from * slope - drop;
    let least = 4.0 * (1.0 - ROOM) * slope * slope * (from * from - 1.0);
    b.f < b.g && (linear > drop * ROOM || linear * linear < least)
}

/// No root beyond `a`, where `f <= g`.
fn tail(a: &Point, rss: f64) -> bool {
    let room = 1.0 - ROOM;
    let drop = a.g_slope / (a.g * a.g);
    // G(a) in units of F(a)^2, and the slope of G over those of the two pieces of the line.
    let (start, near, far) = (a.f / a.g, drop * a.q, drop * (rss / a.s * a.f).sqrt());
    // (1 + e)^2 > start + near e for 0 < e <= 1
    let first = near <= 2.0 * room || (near < 4.0 && (near - 2.0) * (near - 2.0) < 4.0 * room * (1.0 - start));
    // (2 + e)^2 > start + near + far e for e > 0
    let left = 4.0 - start - near;
    first && left > 0.0 && (far <= 4.0 * room || (far - 4.0) * (far - 4.0) < 4.0 * room * left)
}

#[cfg(test)]
mod tests {
    use super::super::design::Design;
    use super::super::search::{Scratch, modes};
    use super::super::{Tau2, Workspace};
    use super::*;
    use crate::num::random::uniform;
    use nalgebra::DMatrix;
    use proptest::prelude::*;

    /// Effects and variances that often have several maxima.
    fn data() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        (2_usize..9).prop_flat_map(|k| {
            let y = proptest::collection::vec(-3.0..3.0_f64, k);
            let v = proptest::collection::vec((-8.0..3.0_f64).prop_map(f64::exp), k);
            (y, v)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn finds_what_the_search_finds((y, v) in data(), full in any::<bool>()) {
            let likelihood = if full { Likelihood::Full } else { Likelihood::Restricted };
            let mut workspace = Workspace::new();
            workspace.load(&y, &v).unwrap();
            let (mut mean, _, _) = workspace.profile().unwrap();
            if let (Some(mode), _) = find(&mut mean, likelihood) {
                let mut scratch = Scratch::default();
                modes(&mut mean, likelihood, &mut scratch);
                prop_assert_eq!(scratch.modes.len(), 1);
                prop_assert!((scratch.modes[0].point.s / mode.point.s - 1.0).abs() < 1e-12);
                prop_assert!(mode.lower <= mode.point.s && mode.point.s <= mode.upper);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn finds_what_the_search_finds_with_a_design((y, v) in data(), slope in -2.0..2.0_f64) {
            let k = y.len();
            let x = DMatrix::from_fn(k, 2, |i, j| if j == 0 { 1.0 } else { slope * (i % 3) as f64 + (i as f64).sqrt() });
            prop_assume!(k > 3);
            let mut design = Design::new(&y, &v, &x).unwrap();
            prop_assert!(design.rss().to_bits() == design.unweighted().rss.to_bits());
            if let (Some(mode), _) = find(&mut design, Likelihood::Restricted) {
                let mut scratch = Scratch::default();
                modes(&mut design, Likelihood::Restricted, &mut scratch);
                prop_assert_eq!(scratch.modes.len(), 1);
                prop_assert!((scratch.modes[0].point.s / mode.point.s - 1.0).abs() < 1e-11);
                prop_assert!(mode.lower <= mode.point.s && mode.point.s <= mode.upper);
                // Ends of the bracket: the score is positive before the maximum, and negative from there on.
                let at = |s: f64, design: &mut Design| Likelihood::Restricted.point(&design.at(s));
                let (before, after) = (at(mode.lower, &mut design), at(mode.upper, &mut design));
                prop_assert!(before.f >= before.g * (1.0 - 1e-9) || mode.lower <= design.axis().start);
                prop_assert!(after.f <= after.g * (1.0 + 1e-9));
            }
        }
    }

    /// The halves of the score at `s` of spectral terms `z^2` and `t`.
    fn point(terms: &[(f64, f64)], s: f64) -> Point {
        let sum = |of: &dyn Fn(f64, f64) -> f64| terms.iter().map(|(z2, t)| of(*z2, s / (t + s))).sum::<f64>();
        Point {
            s,
            q: sum(&|z2, o| z2 * o) / s,
            f: sum(&|z2, o| z2 * o * o) / s,
            f_slope: 2.0 * sum(&|z2, o| z2 * o * o * o) / s,
            g: sum(&|_, o| o),
            g_slope: sum(&|_, o| o * o),
        }
    }

    /// What is shown must hold, and most of what holds is to be shown.
    #[test]
    fn what_two_points_prove_is_so() {
        // Asked, true and shown, of each.
        let (mut to_left, mut chords, mut tails) = ([0; 3], [0; 3], [0; 3]);
        let count = |of: &mut [i32; 3], so: bool, shown: bool, what: &str| {
            assert!(so || !shown, "{what}");
            of[0] += 1;
            of[1] += i32::from(so);
            of[2] += i32::from(shown);
        };
        for seed in 0..3000 {
            let at = |i: u64| uniform(seed, i);
            let spread = 8.0 * at(0);
            let terms: Vec<(f64, f64)> = (1..2 + (at(1) * 8.0) as u64)
                .map(|i| {
                    let t = (spread * (at(3 * i) - 0.5)).exp();
                    let far = if at(3 * i + 1) < 0.2 { 10.0 * at(2) } else { 1.0 };
                    (-2.0 * far * at(3 * i + 2).max(1e-9).ln() * t, t)
                })
                .collect();
            let rss: f64 = terms.iter().map(|(z2, _)| z2).sum();
            let inside = |a: f64, b: f64| (1..80).map(move |i| a * (b / a).powf(f64::from(i) / 80.0));
            for (from, factor) in [(0.01, 2.0), (0.1, 1.3), (0.1, 10.0), (1.0, 4.0), (3.0, 1.1)] {
                let (a, b) = (point(&terms, from), point(&terms, from * factor));
                if a.rises() && b.rises() {
                    let so = inside(a.s, b.s).all(|s| point(&terms, s).rises());
                    count(&mut to_left, so, left(&a, &b), "left");
                } else if !a.rises() && !b.rises() {
                    let so = inside(a.s, b.s).all(|s| !point(&terms, s).rises());
                    count(&mut chords, so, chord(&a, &b), "chord");
                }
                if !a.rises() {
                    let so = inside(a.s, a.s * 1e6).all(|s| !point(&terms, s).rises());
                    count(&mut tails, so, tail(&a, rss), "tail");
                }
            }
        }
        println!("{to_left:?} {chords:?} {tails:?}");
        for (of, share) in [(to_left, 0.5), (chords, 0.5), (tails, 0.5)] {
            assert!(of[0] > 2000 && f64::from(of[2]) > share * f64::from(of[1]), "{of:?}");
        }
    }

    /// The proof must succeed where it matters: for ordinary data hardly ever is there a search.
    #[test]
    fn ordinary_data_are_proved() {
        let (mut proved, mut evaluations) = (0, 0);
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut workspace = Workspace::new();
        for _ in 0..1000 {
            let v: Vec<f64> = (0..20).map(|_| 0.05 * (2.0 * uniform() - 1.0).exp()).collect();
            let tau2 = 0.05 * uniform();
            let normal = |u: &mut dyn FnMut() -> f64| (0..12).map(|_| u()).sum::<f64>() - 6.0;
            let y: Vec<f64> = v.iter().map(|v| (v + tau2).sqrt() * normal(&mut uniform)).collect();
            workspace.load(&y, &v).unwrap();
            let fit = workspace.estimate(Tau2::Reml).unwrap();
            let (mut mean, _, _) = workspace.profile().unwrap();
            proved += usize::from(find(&mut mean, Likelihood::Restricted).0.is_some());
            evaluations += fit.evaluations;
        }
        assert!(proved > 995, "{proved}");
        assert!(evaluations < 6000, "{evaluations}");
    }
}
