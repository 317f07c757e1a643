//! Whether a likelihood of tau2 has one maximum only, shown for many units at once from few values.
//!
//! Twice the score is `f - g`, `f = y'P^2y = sum z_j^2/(t_j + x)^2` and `g = tr P = sum 1/(t_j + x)` (or `sum w`); see
//! `tau2/search.rs`. Power means of negative order of positive affine functions are concave, so
//!
//! ```text
//! F = f^(-1/2)    and    G = 1/g    are concave and increase,    and    f > g  <=>  F^2 < G
//! ```
//!
//! `F` lies below its tangents and above its chords, and so does `G`; moreover `F' >= 1/sqrt(RSS)`, its limit for large `x`. With
//! `t = 1 - (b - a) y'P^3y/f` at `b`, the value at `a` of the tangent of `F` at `b` in units of `F(b)`:
//!
//! ```text
//! left     F^2 < G on [a, b)    if it holds at a and b (where F^2 = G will do) and t <= 0 or t^2/f(b) < 1/g(a)
//! chord    F^2 > G on (a, b]    if the square of the chord of F lies above the tangent of G at a
//! tail     F^2 > G on (a, inf)  if L^2 > G(a) + G'(a) d for all d > 0, with a line L of two pieces below F
//! ```
//!
//! The line: with `s_j = 1/(t_j + a)`, `q = y'Py = sum z_j^2 s_j` and `f = sum z_j^2 s_j^2` at `a`,
//!
//! ```text
//! f(a + d) = sum z_j^2 s_j (s_j / (1 + s_j d)^2) <= q (s / (1 + s d)^2) = f(a)/(1 + s d)^2,    s = f/q,    where s d <= 1:
//! ```
//!
//! `s/(1 + s d)^2` is concave for `s d <= 2` and falls beyond, so that where its tangent rises, `s d <= 1`, it lies below it
//! everywhere, and the tangent at the mean of the `s_j` gives Jensen's inequality. So `L = F(a)(1 + s d)` as far as `s d = 1`, where
//! it has reached `2 F(a)`; from there on its slope is `1/sqrt(RSS)`, which is never more than `F(a) s`.
//!
//! `q` itself is not needed, any upper bound will do: with a smaller `s` the first piece is flatter and ends later, at the same height. Two
//! bounds cost no sum over studies. By Cauchy and Schwarz `q^2 <= RSS f`, with equality for equal variances; and since `f = -q'` is convex,
//! it lies above its tangent at `a`, so that `q` at `a` is at most `q` at 0 less `a f + a^2 y'P^3y`, with equality for `a = 0`.
//! (Neither of these is more than `q`, so that no digits are lost that matter.)
//!
//! Each is a quadratic in one variable. With equal variances `left` and `tail` succeed for every root.

use crate::num::lanes::{Lanes, Mask, Num};
use pulp::Simd;

/// Room for rounding, generously: what fails is searched.
const ROOM: f64 = 1.0 / 1024.0;

/// More than rounding takes from a difference of numbers, relative to these: 2^-48.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// What is known at `x = 0`.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Bounds<S: Simd, const N: usize> {
    /// `g`.
    pub(in crate::batch) g: Num<S, N>,
    /// `y'Py`.
    pub(in crate::batch) q: Num<S, N>,
    /// A sum of squares that is at least that of ordinary least squares.
    pub(in crate::batch) rss: Num<S, N>,
}

/// The halves of the score at one `x`, with their slopes.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Score<S: Simd, const N: usize> {
    pub(in crate::batch) x: Num<S, N>,
    pub(in crate::batch) f: Num<S, N>,
    /// `y'P^3y`, half of `-f'`.
    pub(in crate::batch) c: Num<S, N>,
    pub(in crate::batch) g: Num<S, N>,
    /// `-g'`
    pub(in crate::batch) h: Num<S, N>,
}

impl<S: Simd, const N: usize> Score<S, N> {
    /// `self` where `mask`, else `other`.
    #[inline(always)]
    pub(in crate::batch) fn or(self, l: Lanes<S, N>, mask: Mask<S, N>, other: Self) -> Self {
        Self {
            x: l.select(mask, self.x, other.x),
            f: l.select(mask, self.f, other.f),
            c: l.select(mask, self.c, other.c),
            g: l.select(mask, self.g, other.g),
            h: l.select(mask, self.h, other.h),
        }
    }

    /// The halves after a step so small that its square is rounding; the slopes are left as they are, with an error of the step's size.
    #[inline(always)]
    pub(in crate::batch) fn moved(self, l: Lanes<S, N>, step: Num<S, N>) -> Self {
        let f = l.sub(self.f, l.mul(step, l.mul(l.splat(2.0), self.c)));
        let g = l.sub(self.g, l.mul(step, self.h));
        Self { x: l.add(self.x, step), f, g, ..self }
    }

    /// No root between `a`, where `g` is `g_at_a`, and this point.
    #[inline(always)]
    pub(in crate::batch) fn left(&self, l: Lanes<S, N>, a: Num<S, N>, g_at_a: Num<S, N>) -> Mask<S, N> {
        let f = self.f;
        // t f
        let tangent = l.sub(f, l.mul(l.sub(self.x, a), self.c));
        let below = l.lt(l.mul(l.mul(tangent, tangent), g_at_a), l.mul(l.mul(l.mul(f, f), f), l.splat(1.0 - ROOM)));
        l.or(l.le(tangent, l.splat(0.0)), below)
    }

    /// No root between this point, where `f <= g`, and `b`, where `f < g`.
    #[inline(always)]
    pub(in crate::batch) fn chord(&self, l: Lanes<S, N>, b: &Self) -> Mask<S, N> {
        let (one, two) = (l.splat(1.0), l.splat(2.0));
        // In units of 1/g at this point and of the distance to b: the squares of F at both ends, their product's root, the rise of G. One
        // division for all.
        let (both, square) = (l.mul(self.f, b.f), l.mul(self.g, self.g));
        let unit = l.div(one, l.mul(both, self.g));
        let (from, to) = (l.mul(l.mul(square, b.f), unit), l.mul(l.mul(square, self.f), unit));
        let product = l.sqrt(l.mul(from, to));
        let rise = l.mul(l.mul(l.mul(l.sub(b.x, self.x), self.h), both), unit);
        // The square of the chord is from + 2 (product - from) e + slope e^2 at 0 < e <= 1; what lies close together loses digits.
        let sum = l.add(from, to);
        let rounding = l.mul(sum, l.splat(ROUNDING));
        let linear = l.sub(l.mul(two, l.sub(product, from)), rise);
        let slope = l.sub(l.sub(sum, l.mul(two, product)), rounding);
        let rises = l.gt(l.sub(linear, rounding), l.mul(rise, l.splat(ROOM)));
        let least = l.mul(l.mul(l.splat(4.0 * (1.0 - ROOM)), slope), l.sub(from, one));
        let most = l.add(l.abs(linear), rounding);
        let apart = l.lt(l.mul(most, most), least);
        l.and(l.lt(b.f, b.g), l.or(rises, apart))
    }

    /// No root beyond this point, where `f <= g`.
    #[inline(always)]
    pub(in crate::batch) fn tail(&self, l: Lanes<S, N>, Bounds { q, rss, .. }: Bounds<S, N>) -> Mask<S, N> {
        let (two, four) = (l.splat(2.0), l.splat(4.0));
        let room = l.splat(1.0 - ROOM);
        let unit = l.div(l.splat(1.0), l.mul(self.g, self.g));
        // In units of F(a)^2: G(a), and the slope of G over that of each piece of the line, each piece counted by its own F(a).
        let start = l.mul(l.mul(self.f, self.g), unit);
        let drop = l.mul(self.h, unit);
        let far = l.mul(drop, l.sqrt(l.mul(rss, self.f)));
        let fallen = l.mul(self.x, l.add(self.f, l.mul(self.x, self.c)));
        let near = l.min(l.mul(drop, l.sub(q, fallen)), far);
        // (1 + e)^2 > start + near e for 0 < e <= 1
        let past = l.sub(near, two);
        let low = l.mul(l.mul(four, room), l.sub(l.splat(1.0), start));
        let first = l.or(l.le(near, l.mul(two, room)), l.and(l.lt(near, four), l.lt(l.mul(past, past), low)));
        // (2 + e)^2 > start + near + far e for e > 0
        let past = l.sub(far, four);
        let left = l.sub(l.sub(four, start), near);
        let low = l.mul(l.mul(four, room), left);
        let second = l.or(l.le(far, l.mul(four, room)), l.lt(l.mul(past, past), low));
        l.and(first, l.and(l.gt(left, l.splat(0.0)), second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::uniform;

    /// The halves of the score at `x` of spectral terms `z^2` and `t`, and `RSS`.
    fn halves(terms: &[(f64, f64)], x: f64) -> ([f64; 5], f64) {
        let sum = |of: &dyn Fn(f64, f64) -> f64| terms.iter().map(|(z2, t)| of(*z2, 1.0 / (t + x))).sum::<f64>();
        let q = sum(&|z2, s| z2 * s);
        let f = sum(&|z2, s| z2 * s * s);
        let c = sum(&|z2, s| z2 * s * s * s);
        ([q, f, c, sum(&|_, s| s), sum(&|_, s| s * s)], terms.iter().map(|(z2, _)| z2).sum())
    }

    /// Terms over several orders of magnitude, with a few that stand out.
    fn terms(seed: u64) -> Vec<(f64, f64)> {
        let mut at = 0;
        let mut next = || {
            at += 1;
            uniform(seed, at)
        };
        let count = 1 + (next() * 12.0) as usize;
        let (spread, outliers) = (next() * 8.0, next());
        (0..count)
            .map(|_| {
                let t = (spread * (next() - 0.5)).exp();
                let factor = if next() < 0.2 { 10.0 * outliers } else { 1.0 };
                (factor * -2.0 * next().max(1e-9).ln() * t, t)
            })
            .collect()
    }

    #[test]
    fn beyond_a_proven_tail_the_score_is_negative() {
        let l = Lanes::<pulp::Scalar, 1>::new(pulp::Scalar::new());
        let (mut asked, mut proven, mut wrongly_open) = (0, 0, 0);
        for seed in 0..4000 {
            let terms = terms(seed);
            for x in [0.0, 0.1, 1.0, 5.0] {
                let ([q, f, c, g, h], rss) = halves(&terms, x);
                let ([q_at_zero, _, _, g_at_zero, _], _) = halves(&terms, 0.0);
                if f > g {
                    continue;
                }
                let bound = (q_at_zero - x * (f + x * c)).min((rss * f).sqrt());
                assert!(q <= bound * (1.0 + 1e-12), "{seed} {x}");
                let at = Score { x: [x], f: [f], c: [c], g: [g], h: [h] };
                let beyond = (-60..60).map(|i| x + 1.3_f64.powi(i));
                let falls = beyond.map(|x| halves(&terms, x).0).all(|[_, f, _, g, _]| f < g);
                asked += 1;
                if l.any(at.tail(l, Bounds { g: [g_at_zero], q: [q_at_zero], rss: [rss] })) {
                    assert!(falls, "{seed} {x}");
                    proven += 1;
                } else if falls {
                    wrongly_open += 1;
                }
            }
        }
        // Most of what holds is shown, and there is enough that does not hold.
        assert!(asked > 6000 && proven * 10 > (proven + wrongly_open) * 8, "{asked} {proven} {wrongly_open}");
        assert!(asked - proven - wrongly_open > 50, "{asked} {proven} {wrongly_open}");
    }

    #[test]
    fn between_points_that_prove_it_there_is_no_root() {
        let l = Lanes::<pulp::Scalar, 1>::new(pulp::Scalar::new());
        let score = |terms: &[(f64, f64)], x: f64| {
            let ([_, f, c, g, h], _) = halves(terms, x);
            Score { x: [x], f: [f], c: [c], g: [g], h: [h] }
        };
        let (mut asked, mut proven) = ([0; 2], [0; 2]);
        for seed in 0..4000 {
            let terms = terms(seed);
            // Also points so close together that differences lose their digits.
            for (x, step) in [(0.0, 0.3), (0.1, 1.0), (1.0, 1e-13), (0.5, 1e-9), (1.0, 1e-5), (2.0, 30.0)] {
                let (a, b) = (score(&terms, x), score(&terms, x + step));
                let between: Vec<[f64; 2]> = (0..=64)
                    .map(|i| halves(&terms, x + step * f64::from(i) / 64.0).0)
                    .map(|[_, f, _, g, _]| [f, g])
                    .collect();
                if a.f[0] <= a.g[0] {
                    let falls = between.iter().skip(1).all(|[f, g]| f < g);
                    let proof = l.any(a.chord(l, &b));
                    assert!(falls || !proof, "{seed} {x} {step}");
                    asked[0] += usize::from(falls && step > 1e-6);
                    proven[0] += usize::from(proof && step > 1e-6);
                } else if b.f[0] >= b.g[0] {
                    let rises = between.iter().rev().skip(1).all(|[f, g]| f > g);
                    let proof = l.any(b.left(l, a.x, a.g));
                    assert!(rises || !proof, "{seed} {x} {step}");
                    asked[1] += usize::from(rises && step > 1e-6);
                    proven[1] += usize::from(proof && step > 1e-6);
                }
            }
        }
        // Most of what holds is shown.
        assert!(asked.iter().all(|n| *n > 1000), "{asked:?}");
        assert!(proven.iter().zip(asked).all(|(n, of)| n * 10 > of * 8), "{proven:?} of {asked:?}");
    }
}
