//! Roots of the generalised Q and of scores, for all units of a tile at once, whatever the model of the mean.

use super::proof::{Bounds, Score};
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::Simd;

/// Largest amplification of rounding from a moment to `tau2 + min v`.
pub(in crate::batch) const AMPLIFICATION: f64 = 1024.0;
/// A Newton step this small, relative to `tau2 + min v`, leaves an error far below rounding when taken, 2^-26.
const SMALL_STEP: f64 = 1.0 / 67_108_864.0;
/// A step this small, 2^-18, has a third power that is rounding: sums after it follow from those before it and two slopes.
const SHORT_STEP: f64 = 1.0 / 262_144.0;
/// Largest error of a step that is taken without looking again, relative to `tau2 + min v`, 2^-56.
const STEP_ERROR: f64 = 1.0 / 72_057_594_037_927_936.0;
/// Newton steps before a lane is lost.
const STEPS: u32 = 16;
/// How far beyond a point to look for a proof, in units of `g/h` there.
const STRIDE: f64 = 0.5;
/// Additional evaluations for the proof of uniqueness. One unit that is searched costs as much as some fifty of them cost a tile.
const PROOFS: u32 = 8;
/// How much may be taken away from sums, times what is left, in the last ones before a solution.
const FIRM: f64 = 16.0;
/// The same in those for a proof, 2^30; these need no more than three digits.
const FIRM_FOR_PROOF: f64 = 1_073_741_824.0;

/// The sums of a tile at any tau2; a model of the mean is an implementation.
pub(in crate::batch) trait Profile<S: Simd, const N: usize> {
    /// Sums at one tau2. Those at a tau2 nearby help to take others.
    type Sums: Copy;
    /// What the results are made from at the solution.
    type End;

    /// The arithmetic.
    fn lanes(&self) -> Lanes<S, N>;

    /// `Q` and `f = -dQ/dx` at tau2 = `x`.
    fn q(&mut self, x: Num<S, N>, near: &Self::Sums) -> (Num<S, N>, Num<S, N>, Self::Sums);

    /// The score's halves at tau2 = `x`, of the restricted or the full likelihood, and the sums there.
    fn score(&mut self, x: Num<S, N>, restricted: bool, near: &Self::Sums) -> (Score<S, N>, Self::Sums);

    /// Whether rounding in `sums` is at most some `most` times what it would be without `near`: in those of the score, or of Q too with `Q`.
    fn is_firm<const Q: bool>(&self, sums: &Self::Sums, near: &Self::Sums, most: f64) -> Mask<S, N>;

    /// `yes` where `mask`, else `no`.
    fn select(&self, mask: Mask<S, N>, yes: &Self::Sums, no: &Self::Sums) -> Self::Sums;

    /// What the results are made from at `at.x + step`, a step below [`SMALL_STEP`] from the point of `sums`.
    fn end(&mut self, sums: &Self::Sums, at: &Score<S, N>, step: Num<S, N>) -> Self::End;
}

/// What is known at tau2 = 0.
#[repr(align(64))] // the lines of the cache
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
    /// How steeply a score must cross zero, as elasticity of `f/g` in `tau2 + min v`: rounding of the score is divided by it.
    pub(in crate::batch) steep: f64,
}

/// Newton's method on `1/Q`, which is concave: from the second step on it approaches the root from the left. Also the lanes that are
/// to be trusted.
#[inline(always)]
pub(in crate::batch) fn paule_mandel<S: Simd, const N: usize, P: Profile<S, N>>(
    profile: &mut P,
    ground: &Ground<S, N>,
    at_zero: P::Sums,
) -> (Num<S, N>, Mask<S, N>) {
    let l = profile.lanes();
    let (zero, one) = (l.splat(0.0), l.splat(1.0));
    let mut kept = ground.kept;
    let mut active = l.and(kept, l.gt(ground.q, ground.df));
    let mut tau2 = l.select(active, ground.moment, zero);
    let mut sums = at_zero;
    for _ in 0..STEPS {
        if !l.any(active) {
            break;
        }
        let (q, f, sums_at) = profile.q(tau2, &sums);
        let excess = l.sub(l.div(q, ground.df), one);
        let step = l.mul(excess, l.div(q, f));
        let next = l.max(l.add(tau2, step), zero);
        let s = l.add(tau2, ground.least);
        // Rounding of Q must not be amplified on its way to tau2.
        let sharp = l.ge(l.mul(l.mul(f, s), l.splat(AMPLIFICATION)), q);
        kept = l.and(kept, l.or(sharp, l.not(active)));
        tau2 = l.select(active, next, tau2);
        let rough = l.not(profile.is_firm::<true>(&sums_at, &sums, FIRM));
        sums = profile.select(active, &sums_at, &sums);
        active = l.and(active, l.or(rough, l.gt(l.abs(step), l.mul(s, l.splat(SMALL_STEP)))));
    }
    (tau2, l.and(kept, l.not(active)))
}

/// The search for the root of `u = g/f - 1`, straight for equal variances, kept inside a bracket.
///
/// Each point is where the cubic for `x` as a function of `u` through the last two points, with their slopes, has `u = 0`; where that is
/// far from Newton's step it is Newton's. The first of the two points is 0. A lane stops with a step that is so small that the sums after
/// it follow from those before it and their slopes, if the cubic's terms fall so fast that the next one would be rounding: nothing is
/// evaluated at the solution itself.
#[repr(align(64))] // the lines of the cache
pub(in crate::batch) struct Search<S: Simd, const N: usize, Sums> {
    restricted: bool,
    ground: Ground<S, N>,
    origin: Score<S, N>,
    x: Num<S, N>,
    lower: Num<S, N>,
    upper: Num<S, N>,
    active: Mask<S, N>,
    before: Inverse<S, N>,
    /// The first point after 0, and the lanes whose digits there are good enough for a proof.
    first: Score<S, N>,
    first_firm: Mask<S, N>,
    /// The last point of each lane, its sums and the step from there.
    last: Score<S, N>,
    sums: Sums,
    last_step: Num<S, N>,
    left: u32,
    /// When the search is over.
    proof: Option<Proof<S, N>>,
}

impl<S: Simd, const N: usize, Sums: Copy> Search<S, N, Sums> {
    #[inline(always)]
    pub(in crate::batch) fn new(
        l: Lanes<S, N>,
        (ground, restricted): (&Ground<S, N>, bool),
        (origin, at_zero): (&Score<S, N>, Sums),
    ) -> Self {
        let zero = l.splat(0.0);
        let rises = l.and(ground.kept, l.gt(origin.f, origin.g));
        let before = Inverse::at(l, origin);
        let step = before.newton(l);
        let x = l.select(rises, l.select(l.gt(ground.moment, zero), ground.moment, l.max(step, zero)), zero);
        Self {
            restricted,
            ground: *ground,
            origin: *origin,
            x,
            lower: zero,
            upper: l.splat(f64::INFINITY),
            active: rises,
            before,
            first: *origin,
            first_firm: l.none(),
            last: *origin,
            sums: at_zero,
            last_step: zero,
            left: STEPS,
            proof: None,
        }
    }

    /// Does the next thing: takes the sums at one more point, or looks at what is known; whether there was nothing left to do. What comes
    /// out is looked at in the next turn, so that whoever has other work can do that instead of waiting.
    #[inline(always)]
    pub(in crate::batch) fn go_on<P: Profile<S, N, Sums = Sums>>(&mut self, profile: &mut P) -> bool {
        let l = profile.lanes();
        let known = Bounds { g: self.origin.g, q: self.ground.q, rss: self.ground.rss };
        let x = match &mut self.proof {
            None if self.left > 0 && l.any(self.active) => self.x,
            None => {
                let kept = l.and(self.ground.kept, l.not(self.active));
                let root = self.last.moved(l, self.last_step);
                self.proof = Some(Proof::new(l, &self.ground, (&self.origin, root), kept));
                return false;
            }
            Some(proof) if !proof.is_open(l) => return true,
            Some(proof) if proof.is_new => {
                // The point that the search began with costs nothing and is often enough.
                proof.take_in(l, &self.first, self.first_firm, known);
                proof.is_new = false;
                return false;
            }
            Some(proof) => proof.next(l),
        };
        let (at, sums) = profile.score(x, self.restricted, &self.sums);
        let firm = |most| profile.is_firm::<false>(&sums, &self.sums, most);
        if let Some(proof) = &mut self.proof {
            proof.learn(l, &at, firm(FIRM_FOR_PROOF), known);
            return false;
        }
        if self.left == STEPS {
            (self.first, self.first_firm) = (at, firm(FIRM_FOR_PROOF));
        }
        let firm = firm(FIRM);
        self.sums = profile.select(self.active, &sums, &self.sums);
        self.approach(l, at, firm);
        false
    }

    /// One step on, from the score `at` the last point.
    #[inline(always)]
    fn approach(&mut self, l: Lanes<S, N>, at: Score<S, N>, firm: Mask<S, N>) {
        self.left -= 1;
        let Self { x, active, .. } = *self;
        let s = l.add(x, self.ground.least);
        let below = l.gt(at.f, at.g);
        self.lower = l.select(below, x, self.lower);
        self.upper = l.select(below, self.upper, x);
        let here = Inverse::at(l, &at);
        let (step, sure) = here.step(l, &self.before, s);
        let next = l.add(x, step);
        let inside = l.and(here.rises(l), l.and(l.ge(next, self.lower), l.le(next, self.upper)));
        let open = l.eq(self.upper, l.splat(f64::INFINITY));
        let bisected = l.select(open, l.add(x, s), l.mul(l.splat(0.5), l.add(self.lower, self.upper)));
        self.last = at.or(l, active, self.last);
        self.last_step = l.select(active, step, self.last_step);
        self.x = l.select(active, l.select(inside, next, bisected), x);
        self.before = here;
        let done = l.and(l.and(sure, inside), firm);
        self.active = l.and(active, l.not(done));
    }

    /// When nothing is left to do: the maximum, what the results are made from, and the lanes that have no other maximum.
    #[inline(always)]
    pub(in crate::batch) fn result<P: Profile<S, N, Sums = Sums>>(
        &self,
        profile: &mut P,
    ) -> (Num<S, N>, P::End, Mask<S, N>) {
        let end = profile.end(&self.sums, &self.last, self.last_step);
        let l = profile.lanes();
        (self.x, end, self.proof.map_or(l.none(), |proof| proof.kept(l)))
    }
}

/// The maximum of a likelihood, what the results are made from, and the lanes that have no other maximum.
#[inline(always)]
pub(in crate::batch) fn likelihood<S: Simd, const N: usize, P: Profile<S, N>>(
    profile: &mut P,
    ground: (&Ground<S, N>, bool),
    origin: (&Score<S, N>, P::Sums),
) -> (Num<S, N>, P::End, Mask<S, N>) {
    let l = profile.lanes();
    let mut search = Search::new(l, ground, origin);
    while !search.go_on(profile) {}
    search.result(profile)
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
    /// not a number. And where the step is so small and so sure that it is the last, relative to `s`.
    ///
    /// The cubic is Newton's step and two terms more. The term after those, which is the error, is about as much less than the second of
    /// them as that is less than the first.
    #[inline(always)]
    fn step(&self, l: Lanes<S, N>, before: &Self, s: Num<S, N>) -> (Num<S, N>, Mask<S, N>) {
        let newton = self.newton(l);
        // Divided differences over u, u, u before, u before.
        let unit = l.div(l.splat(1.0), l.sub(before.u, self.u));
        let chord = l.mul(l.sub(before.x, self.x), unit);
        let second = l.mul(l.sub(chord, self.slope), unit);
        let third = l.mul(l.sub(l.mul(l.sub(before.slope, chord), unit), second), unit);
        let square = l.mul(self.u, self.u);
        let (first_term, second_term) = (l.mul(square, second), l.mul(square, l.mul(third, before.u)));
        let bend = l.sub(first_term, second_term);
        let near = l.le(l.abs(bend), l.mul(l.splat(0.5), l.abs(newton)));
        let step = l.select(near, l.add(newton, bend), newton);
        let size = l.abs(step);
        let small = l.le(size, l.mul(s, l.splat(SMALL_STEP)));
        let short = l.le(size, l.mul(s, l.splat(SHORT_STEP)));
        let error = l.mul(l.abs(first_term), l.mul(s, l.splat(STEP_ERROR)));
        let exact = l.le(l.mul(second_term, second_term), error);
        (step, l.or(small, l.and(short, l.and(near, exact))))
    }
}

/// Finds the lanes whose only maximum is at the root (or at 0), shown by the inequalities of [`Score`].
#[derive(Clone, Copy)]
#[repr(align(64))] // the lines of the cache
struct Proof<S: Simd, const N: usize> {
    kept: Mask<S, N>,
    /// From the root to the right up to `right`, and to the left down to `left`, there is no other.
    right: Score<S, N>,
    left: Score<S, N>,
    open_right: Mask<S, N>,
    open_left: Mask<S, N>,
    /// How far to the right to look next, in units of `g/h`, and where to the left.
    stride: Num<S, N>,
    target: Num<S, N>,
    /// Sums that were taken for it.
    evaluations: u32,
    /// Nothing was looked at yet but the root.
    is_new: bool,
}

impl<S: Simd, const N: usize> Proof<S, N> {
    #[inline(always)]
    fn new(
        l: Lanes<S, N>,
        ground: &Ground<S, N>,
        (origin, root): (&Score<S, N>, Score<S, N>),
        kept: Mask<S, N>,
    ) -> Self {
        let rises = l.gt(origin.f, origin.g);
        // A root is one, and crossed steeply enough to be sharp.
        let gap = l.abs(l.sub(root.f, root.g));
        let settled = l.or(l.not(rises), l.le(gap, l.mul(root.g, l.splat(1e-9))));
        // s (2c/f - h/g), times f g
        let s = l.add(root.x, ground.least);
        let falls = l.sub(l.mul(l.mul(l.mul(l.splat(2.0), root.c), s), root.g), l.mul(l.mul(root.h, s), root.f));
        let steep = l.ge(falls, l.mul(l.mul(root.f, root.g), l.splat(ground.steep)));
        let clear = l.lt(root.f, l.mul(root.g, l.splat(1.0 - 1e-6)));
        let kept = l.and(kept, l.and(settled, l.or(steep, clear)));

        let mut right = root;
        right.f = l.min(root.f, root.g);
        let left = root;
        let known = Bounds { g: origin.g, q: ground.q, rss: ground.rss };
        let open_right = l.and(kept, l.not(right.tail(l, known)));
        let open_left = l.and(l.and(kept, rises), l.not(root.left(l, l.splat(0.0), origin.g)));
        let (stride, target) = (l.splat(STRIDE), root.x);
        Self { kept, right, left, open_right, open_left, stride, target, evaluations: 0, is_new: true }
    }

    #[inline(always)]
    fn is_open(&self, l: Lanes<S, N>) -> bool {
        self.evaluations < PROOFS && l.any(l.or(self.open_right, self.open_left))
    }

    /// Where the score is wanted.
    #[inline(always)]
    fn next(&mut self, l: Lanes<S, N>) -> Num<S, N> {
        if self.evaluations == 0 {
            self.target = halfway(l, &self.left);
        }
        let Self { right, open_right, open_left, stride, target, .. } = *self;
        let step = l.mul(stride, l.div(right.g, right.h));
        l.select(open_right, l.add(right.x, step), l.select(open_left, target, l.splat(0.0)))
    }

    /// Takes in the score there, and looks nearer where it did not help.
    #[inline(always)]
    fn learn(&mut self, l: Lanes<S, N>, at: &Score<S, N>, firm: Mask<S, N>, known: Bounds<S, N>) {
        let Self { open_right, open_left, stride, target, .. } = *self;
        self.evaluations += 1;
        let looked_left = l.and(l.not(open_right), open_left);
        let (right, left) = self.take_in(l, at, firm, known);
        self.stride = l.select(right, l.splat(STRIDE), l.mul(stride, l.splat(0.25)));
        let nearer = l.mul(l.splat(0.5), l.add(target, self.left.x));
        self.target = l.select(left, halfway(l, &self.left), l.select(looked_left, nearer, target));
    }

    /// Takes in the score at any point whose digits are `firm`; where it helps to the right of the root, and where to the left.
    #[inline(always)]
    fn take_in(
        &mut self,
        l: Lanes<S, N>,
        at: &Score<S, N>,
        firm: Mask<S, N>,
        known: Bounds<S, N>,
    ) -> (Mask<S, N>, Mask<S, N>) {
        let Self { right, left, open_right, open_left, .. } = *self;
        let to_right = l.and(l.and(open_right, firm), l.and(l.gt(at.x, right.x), right.chord(l, at)));
        self.right = at.or(l, to_right, right);
        self.open_right = l.and(open_right, l.not(l.and(to_right, at.tail(l, known))));

        let below = l.and(l.lt(at.x, left.x), l.and(l.gt(at.f, at.g), left.left(l, at.x, at.g)));
        let to_left = l.and(l.and(open_left, firm), below);
        self.left = at.or(l, to_left, left);
        self.open_left = l.and(open_left, l.not(l.and(to_left, at.left(l, l.splat(0.0), known.g))));
        (to_right, to_left)
    }

    /// The lanes where it is shown.
    #[inline(always)]
    fn kept(&self, l: Lanes<S, N>) -> Mask<S, N> {
        l.and(self.kept, l.not(l.or(self.open_right, self.open_left)))
    }
}

/// A point to the left where the tangent of `F` is still far above 0.
#[inline(always)]
fn halfway<S: Simd, const N: usize>(l: Lanes<S, N>, at: &Score<S, N>) -> Num<S, N> {
    let reach = l.mul(l.splat(0.7), l.div(at.f, at.c));
    l.max(l.sub(at.x, reach), l.mul(l.splat(0.25), at.x))
}
