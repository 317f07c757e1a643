//! Roots of the generalised Q and of scores, for all units of a tile at once, whatever the model of the mean.

use super::lanes::{Lanes, Mask, Num};
use super::proof::Score;
use pulp::Simd;

/// Largest amplification of rounding from a moment to `tau2 + min v`.
pub(in crate::batch) const AMPLIFICATION: f64 = 1024.0;
/// A Newton step this small, relative to `tau2 + min v`, leaves an error far below rounding when taken, 2^-26.
pub(in crate::batch) const SMALL_STEP: f64 = 1.0 / 67_108_864.0;
/// Newton steps before a lane is lost.
const STEPS: u32 = 16;
/// Additional evaluations for the proof of uniqueness. One unit that is searched costs as much as some fifty of them cost a tile.
const PROOFS: u32 = 8;
/// The score must cross zero at least this steeply, as elasticity of `f/g` in `tau2 + min v`.
const STEEP: f64 = 1.0 / 16.0;

/// The sums of a tile at any tau2; a model of the mean is an implementation.
pub(in crate::batch) trait Profile<S: Simd, const N: usize> {
    /// Sums at one tau2.
    type Sums: Copy;
    /// What the results are made from at the solution.
    type End;

    /// The arithmetic.
    fn lanes(&self) -> Lanes<S, N>;

    /// `Q` and `f = -dQ/dx` at tau2 = `x`.
    fn q(&mut self, x: Num<S, N>) -> (Num<S, N>, Num<S, N>);

    /// The score's halves at tau2 = `x`, of the restricted or the full likelihood, and the sums there.
    fn score(&mut self, x: Num<S, N>, restricted: bool) -> (Score<S, N>, Self::Sums);

    /// `yes` where `mask`, else `no`.
    fn select(&self, mask: Mask<S, N>, yes: &Self::Sums, no: &Self::Sums) -> Self::Sums;

    /// What the results are made from at `at.x + step`, a step below [`SMALL_STEP`] from the point of `sums`.
    fn end(&mut self, sums: &Self::Sums, at: &Score<S, N>, step: Num<S, N>) -> Self::End;
}

/// What is known at tau2 = 0.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Ground<S: Simd, const N: usize> {
    /// The smallest variance.
    pub(in crate::batch) least: Num<S, N>,
    /// `Q`.
    pub(in crate::batch) q: Num<S, N>,
    /// A sum of squares that is at least that of ordinary least squares.
    pub(in crate::batch) rss: Num<S, N>,
    /// Residual degrees of freedom.
    pub(in crate::batch) df: Num<S, N>,
    /// The DerSimonian-Laird estimate.
    pub(in crate::batch) moment: Num<S, N>,
    /// Lanes that are to be solved.
    pub(in crate::batch) kept: Mask<S, N>,
}

/// Newton's method on `1/Q`, which is concave: from the second step on it approaches the root from the left. Also the lanes that are
/// to be trusted.
#[inline(always)]
pub(in crate::batch) fn paule_mandel<S: Simd, const N: usize, P: Profile<S, N>>(
    profile: &mut P,
    ground: &Ground<S, N>,
) -> (Num<S, N>, Mask<S, N>) {
    let l = profile.lanes();
    let (zero, one) = (l.splat(0.0), l.splat(1.0));
    let mut kept = ground.kept;
    let mut active = l.and(kept, l.gt(ground.q, ground.df));
    let mut tau2 = l.select(active, ground.moment, zero);
    for _ in 0..STEPS {
        if !l.any(active) {
            break;
        }
        let (q, f) = profile.q(tau2);
        let excess = l.sub(l.div(q, ground.df), one);
        let step = l.mul(excess, l.div(q, f));
        let next = l.max(l.add(tau2, step), zero);
        let s = l.add(tau2, ground.least);
        // Rounding of Q must not be amplified on its way to tau2.
        let firm = l.ge(l.mul(l.mul(f, s), l.splat(AMPLIFICATION)), q);
        kept = l.and(kept, l.or(firm, l.not(active)));
        tau2 = l.select(active, next, tau2);
        active = l.and(active, l.gt(l.abs(step), l.mul(s, l.splat(SMALL_STEP))));
    }
    (tau2, l.and(kept, l.not(active)))
}

/// The root of `u = g/f - 1`, straight for equal variances, kept inside a bracket; then the proof that there is no other root.
///
/// Each point is where the cubic for `x` as a function of `u` through the last two points, with their slopes, has `u = 0`; where that is
/// far from Newton's step it is Newton's. The first of the two points is 0. A lane stops with a step that is so small that the sums after
/// it follow from those before it and their slopes: nothing is evaluated at the solution itself.
#[inline(always)]
pub(in crate::batch) fn likelihood<S: Simd, const N: usize, P: Profile<S, N>>(
    profile: &mut P,
    (ground, restricted): (&Ground<S, N>, bool),
    (origin, at_zero): (&Score<S, N>, P::Sums),
) -> (Num<S, N>, P::End, Mask<S, N>) {
    let l = profile.lanes();
    let zero = l.splat(0.0);
    let rises = l.and(ground.kept, l.gt(origin.f, origin.g));
    let mut before = Inverse::at(l, origin);
    let step = before.newton(l);
    let mut x = l.select(rises, l.select(l.gt(ground.moment, zero), ground.moment, l.max(step, zero)), zero);
    let (mut lower, mut upper) = (zero, l.splat(f64::INFINITY));
    let mut active = rises;
    // The last point of each lane, and the step from there.
    let (mut last, mut sums, mut last_step) = (*origin, at_zero, zero);
    for _ in 0..STEPS {
        if !l.any(active) {
            break;
        }
        let (at, sums_at) = profile.score(x, restricted);
        let s = l.add(x, ground.least);
        let below = l.gt(at.f, at.g);
        lower = l.select(below, x, lower);
        upper = l.select(below, upper, x);
        let here = Inverse::at(l, &at);
        let step = here.step(l, &before);
        let next = l.add(x, step);
        let inside = l.and(here.rises(l), l.and(l.ge(next, lower), l.le(next, upper)));
        let open = l.eq(upper, l.splat(f64::INFINITY));
        let bisected = l.select(open, l.add(x, s), l.mul(l.splat(0.5), l.add(lower, upper)));
        last = at.or(l, active, last);
        sums = profile.select(active, &sums_at, &sums);
        last_step = l.select(active, step, last_step);
        x = l.select(active, l.select(inside, next, bisected), x);
        before = here;
        let large = l.gt(l.abs(step), l.mul(s, l.splat(SMALL_STEP)));
        active = l.and(active, l.or(large, l.not(inside)));
    }
    let kept = l.and(ground.kept, l.not(active));
    let end = profile.end(&sums, &last, last_step);
    let root = last.moved(l, last_step);
    let kept = prove(profile, (ground, restricted), origin, root, kept);
    (x, end, kept)
}

/// A point of `x` as a function of `u = g/f - 1`.
#[derive(Clone, Copy)]
struct Inverse<S: Simd, const N: usize> {
    x: Num<S, N>,
    u: Num<S, N>,
    /// `dx/du`
    slope: Num<S, N>,
}

impl<S: Simd, const N: usize> Inverse<S, N> {
    #[inline(always)]
    fn at(l: Lanes<S, N>, at: &Score<S, N>) -> Self {
        let u = l.div(l.sub(at.g, at.f), at.f);
        let rise = l.sub(l.mul(l.splat(2.0), l.mul(at.c, at.g)), l.mul(at.h, at.f));
        Self { x: at.x, u, slope: l.div(l.mul(at.f, at.f), rise) }
    }

    /// Whether `u` rises with `x`, as it does at the root of a maximum.
    #[inline(always)]
    fn rises(&self, l: Lanes<S, N>) -> Mask<S, N> {
        l.gt(self.slope, l.splat(0.0))
    }

    #[inline(always)]
    fn newton(&self, l: Lanes<S, N>) -> Num<S, N> {
        l.mul(self.slope, l.sub(l.splat(0.0), self.u))
    }

    /// From here to the zero of the cubic through this point and the one before; by Newton's method if that is half a Newton step away, or
    /// not a number.
    #[inline(always)]
    fn step(&self, l: Lanes<S, N>, before: &Self) -> Num<S, N> {
        let newton = self.newton(l);
        // Divided differences over u, u, u before, u before.
        let unit = l.div(l.splat(1.0), l.sub(before.u, self.u));
        let chord = l.mul(l.sub(before.x, self.x), unit);
        let second = l.mul(l.sub(chord, self.slope), unit);
        let third = l.mul(l.sub(l.mul(l.sub(before.slope, chord), unit), second), unit);
        let bend = l.mul(l.mul(self.u, self.u), l.sub(second, l.mul(third, before.u)));
        let near = l.le(l.abs(bend), l.mul(l.splat(0.5), l.abs(newton)));
        l.select(near, l.add(newton, bend), newton)
    }
}

/// The lanes whose only maximum is at `root` (or at 0), shown by the inequalities of [`Score`].
#[inline(always)]
fn prove<S: Simd, const N: usize, P: Profile<S, N>>(
    profile: &mut P,
    (ground, restricted): (&Ground<S, N>, bool),
    origin: &Score<S, N>,
    root: Score<S, N>,
    kept: Mask<S, N>,
) -> Mask<S, N> {
    let l = profile.lanes();
    let zero = l.splat(0.0);
    let rss = ground.rss;
    let rises = l.gt(origin.f, origin.g);
    // A root is one, and crossed steeply enough to be sharp.
    let gap = l.abs(l.sub(root.f, root.g));
    let settled = l.or(l.not(rises), l.le(gap, l.mul(root.g, l.splat(1e-9))));
    let falls = l.sub(l.div(l.mul(l.splat(2.0), root.c), root.f), l.div(root.h, root.g));
    let steep = l.ge(l.mul(falls, l.add(root.x, ground.least)), l.splat(STEEP));
    let clear = l.lt(root.f, l.mul(root.g, l.splat(1.0 - 1e-6)));
    let mut kept = l.and(kept, l.and(settled, l.or(steep, clear)));

    // From the root to the right, up to `right`, and to the left, down to `left`.
    let mut right = root;
    right.f = l.min(root.f, root.g);
    let mut left = root;
    let mut open_right = l.and(kept, l.not(right.tail(l, rss)));
    let mut open_left = l.and(l.and(kept, rises), l.not(root.left(l, zero, origin.g)));
    let mut stride = l.splat(2.0);
    let mut target = halfway(l, &left);
    for _ in 0..PROOFS {
        let open = l.or(open_right, open_left);
        if !l.any(open) {
            return kept;
        }
        let step = l.mul(stride, l.div(right.g, right.h));
        let x = l.select(open_right, l.add(right.x, step), l.select(open_left, target, zero));
        let (at, _) = profile.score(x, restricted);
        let done = l.and(open_right, right.chord(l, &at));
        right = at.or(l, done, right);
        stride = l.select(done, l.splat(2.0), l.mul(stride, l.splat(0.25)));
        let was_open = open_right;
        open_right = l.and(open_right, l.not(l.and(done, at.tail(l, rss))));

        let looked = l.and(l.not(was_open), open_left);
        let done = l.and(l.and(looked, l.gt(at.f, at.g)), left.left(l, at.x, at.g));
        open_left = l.and(open_left, l.not(l.and(done, at.left(l, zero, origin.g))));
        left = at.or(l, done, left);
        let nearer = l.mul(l.splat(0.5), l.add(target, left.x));
        target = l.select(done, halfway(l, &left), l.select(looked, nearer, target));
    }
    kept = l.and(kept, l.not(l.or(open_right, open_left)));
    kept
}

/// A point to the left where the tangent of `F` is still far above 0.
#[inline(always)]
fn halfway<S: Simd, const N: usize>(l: Lanes<S, N>, at: &Score<S, N>) -> Num<S, N> {
    let reach = l.mul(l.splat(0.7), l.div(at.f, at.c));
    l.max(l.sub(at.x, reach), l.mul(l.splat(0.25), at.x))
}
