//! The estimators, for all units of a tile at once.
//!
//! A lane is *lost* if its numbers are in a range where the formulas here could lose digits, or if the quick proof of uniqueness
//! does not succeed; such units are fitted again by `tau2::Workspace`.

use super::lanes::{Lanes, Mask, Num};
use super::proof::Score;
use super::tile::{First, Residuals, Source, Sums, Tile, want};
use super::{Kernel, Request};
use pulp::Simd;

/// Largest ratio of variances in a unit, 2^27.
const RATIO: f64 = 134_217_728.0;
/// Largest `sum w / tr P` at tau2 = 0: beyond, one study carries nearly all weight and the difference in `tr P` cancels.
const DOMINANCE: f64 = 64.0;
/// Largest amplification of rounding from a moment to `tau2 + min v`.
const AMPLIFICATION: f64 = 1024.0;
/// Largest standardised distance of the mean from the first study, squared and relative to Q.
const OFFSET: f64 = 16_384.0;
/// Largest Q, 2^100.
const LARGEST_Q: f64 = f64::from_bits((1023 + 100) << 52);
/// A Newton step this small, relative to `tau2 + min v`, leaves an error far below rounding when taken.
const SMALL_STEP: f64 = 1.0 / 67_108_864.0;
/// Newton steps before a lane is lost.
const STEPS: u32 = 16;
/// Additional evaluations for the proof of uniqueness.
const PROOFS: u32 = 3;
/// The score must cross zero at least this steeply, as elasticity of `f/g` in `tau2 + min v`.
const STEEP: f64 = 1.0 / 16.0;

/// The results of a tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fitted<S: Simd, const N: usize> {
    pub(super) mu: Num<S, N>,
    pub(super) se: Num<S, N>,
    pub(super) tau2: Num<S, N>,
    pub(super) q: Num<S, N>,
    pub(super) i2: Num<S, N>,
    pub(super) q_at: Num<S, N>,
    pub(super) count: Num<S, N>,
    pub(super) lost: Mask<S, N>,
}

/// tau2 with the sums there, and the lanes that are to be trusted.
struct Solved<S: Simd, const N: usize> {
    tau2: Num<S, N>,
    s1: Num<S, N>,
    mean: Num<S, N>,
    q_at: Num<S, N>,
    kept: Mask<S, N>,
}

/// What every estimator starts from.
struct Start<S: Simd, const N: usize> {
    first: First<S, N>,
    at_zero: Residuals<S, N>,
    df: Num<S, N>,
    /// `tr P` at tau2 = 0.
    trace: Num<S, N>,
    kept: Mask<S, N>,
}

impl<S: Simd, const N: usize> Tile<'_, S, N> {
    /// Fits a tile; `missing` tells whether the last tile had missing studies, and this one.
    #[inline(always)]
    pub(super) fn fit(&mut self, source: Source<'_>, request: Request, missing: &mut bool) -> Fitted<S, N> {
        let l = self.lanes;
        let mut first = None;
        if !*missing {
            let plain = self.read::<false>(source);
            if !l.any(l.not(plain.sound)) {
                first = Some(plain);
            }
        }
        let first = match first {
            Some(first) => first,
            None => {
                let masked = self.read::<true>(source);
                *missing = l.any(l.lt(masked.count, l.splat(self.cells.len() as f64)));
                masked
            }
        };
        let start = self.start(first, request);
        let solved = match request.kernel {
            Kernel::Common => self.common(&start),
            Kernel::DerSimonianLaird => {
                let tau2 = dersimonian_laird(l, &start);
                let kept = moment_kept(l, &start, start.at_zero.q, start.trace, tau2);
                self.finish(&start, tau2, kept, request)
            }
            Kernel::Hedges => {
                let (rss, variances) = self.unweighted(start.first.count);
                let typical = l.div(variances, start.first.count);
                let tau2 = l.max(l.sub(l.div(rss, start.df), typical), l.splat(0.0));
                let kept = moment_kept(l, &start, typical, l.splat(1.0), tau2);
                self.finish(&start, tau2, kept, request)
            }
            Kernel::SidikJonkman => {
                let (rss, _) = self.unweighted(start.first.count);
                let crude = l.div(rss, start.first.count);
                let q = self.sums::<{ want::Q }>(crude).residuals.q;
                let tau2 = l.mul(crude, l.div(q, start.df));
                self.finish(&start, tau2, start.kept, request)
            }
            Kernel::PauleMandel => self.paule_mandel(&start, request),
            Kernel::Reml => self.likelihood(&start, true),
            Kernel::MaximumLikelihood => self.likelihood(&start, false),
        };
        let i2 = if request.kernel == Kernel::Common {
            let excess = l.sub(start.at_zero.q, start.df);
            l.select(l.gt(excess, l.splat(0.0)), l.div(excess, start.at_zero.q), l.splat(0.0))
        } else {
            l.div(solved.tau2, l.add(solved.tau2, l.div(start.df, start.trace)))
        };
        Fitted {
            mu: l.add(start.first.origin, solved.mean),
            se: l.div(l.splat(1.0), l.sqrt(solved.s1)),
            tau2: solved.tau2,
            q: start.at_zero.q,
            i2,
            q_at: solved.q_at,
            count: start.first.count,
            lost: l.not(solved.kept),
        }
    }

    #[inline(always)]
    fn start(&mut self, first: First<S, N>, request: Request) -> Start<S, N> {
        let l = self.lanes;
        let one = l.splat(1.0);
        let likelihood = matches!(request.kernel, Kernel::Reml | Kernel::MaximumLikelihood);
        let at_zero = if likelihood {
            self.residuals::<{ want::Q | want::F | want::SLOPES | want::RSS }>(first.mean)
        } else {
            self.residuals::<{ want::Q }>(first.mean)
        };
        let trace = l.sub(first.s1, l.div(first.s2, first.s1));
        let q = at_zero.q;
        let offset = l.mul(l.mul(first.mean, first.mean), first.s1);
        let near = l.le(offset, l.mul(l.splat(OFFSET), l.add(q, one)));
        let mut kept = l.and(l.and(first.sound, near), l.le(q, l.splat(LARGEST_Q)));
        if request.kernel == Kernel::Common {
            kept = l.and(kept, l.ge(first.count, one));
        } else {
            let shared = l.ge(l.mul(l.splat(DOMINANCE), trace), first.s1);
            let similar = l.le(first.most, l.mul(l.splat(RATIO), first.least));
            kept = l.and(l.and(kept, l.ge(first.count, l.splat(2.0))), l.and(shared, similar));
        }
        Start { first, at_zero, df: l.sub(first.count, one), trace, kept }
    }

    #[inline(always)]
    fn common(&mut self, start: &Start<S, N>) -> Solved<S, N> {
        let (s1, mean) = (start.first.s1, start.first.mean);
        Solved { tau2: self.lanes.splat(0.0), s1, mean, q_at: start.at_zero.q, kept: start.kept }
    }

    /// The mean at a tau2.
    #[inline(always)]
    fn finish(&mut self, start: &Start<S, N>, tau2: Num<S, N>, kept: Mask<S, N>, request: Request) -> Solved<S, N> {
        let (sums, q_at) = if request.q_at {
            let sums = self.sums::<{ want::Q }>(tau2);
            (sums, sums.residuals.q)
        } else {
            (self.sums::<0>(tau2), start.at_zero.q)
        };
        Solved { tau2, s1: sums.s1, mean: sums.mean, q_at, kept }
    }

    /// Newton's method on `1/Q`, which is concave: from the second step on it approaches the root from the left.
    #[inline(always)]
    fn paule_mandel(&mut self, start: &Start<S, N>, request: Request) -> Solved<S, N> {
        let l = self.lanes;
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let mut kept = start.kept;
        let mut active = l.and(kept, l.gt(start.at_zero.q, start.df));
        let mut tau2 = l.select(active, dersimonian_laird(l, start), zero);
        for _ in 0..STEPS {
            if !l.any(active) {
                break;
            }
            let at = self.sums::<{ want::Q | want::F }>(tau2).residuals;
            let excess = l.sub(l.div(at.q, start.df), one);
            let step = l.mul(excess, l.div(at.q, at.f));
            let next = l.max(l.add(tau2, step), zero);
            let s = l.add(tau2, start.first.least);
            // Rounding of Q must not be amplified on its way to tau2.
            let firm = l.ge(l.mul(l.mul(at.f, s), l.splat(AMPLIFICATION)), at.q);
            kept = l.and(kept, l.or(firm, l.not(active)));
            tau2 = l.select(active, next, tau2);
            active = l.and(active, l.gt(l.abs(step), l.mul(s, l.splat(SMALL_STEP))));
        }
        kept = l.and(kept, l.not(active));
        self.finish(start, tau2, kept, request)
    }

    /// Sums and score at `x`.
    #[inline(always)]
    fn score<const MORE: u32>(&mut self, x: Num<S, N>, restricted: bool) -> (Sums<S, N>, Score<S, N>) {
        // `want::F | want::SLOPES` and, at the end, Q.
        let l = self.lanes;
        let sums = if const { MORE & want::Q != 0 } {
            self.sums::<{ want::Q | want::F | want::SLOPES }>(x)
        } else {
            self.sums::<{ want::F | want::SLOPES }>(x)
        };
        let score = score_of(l, (x, restricted), (sums.s1, sums.s2, sums.s3), &sums.residuals);
        (sums, score)
    }

    /// Newton's method on `g/f - 1`, straight for equal variances, kept inside a bracket; then the proof that there is no other root.
    #[inline(always)]
    fn likelihood(&mut self, start: &Start<S, N>, restricted: bool) -> Solved<S, N> {
        let l = self.lanes;
        let zero = l.splat(0.0);
        let first = &start.first;
        let origin = score_of(l, (zero, restricted), (first.s1, first.s2, first.s3), &start.at_zero);
        let rises = l.and(start.kept, l.gt(origin.f, origin.g));
        let (step, _) = newton(l, &origin);
        let moment = dersimonian_laird(l, start);
        let mut x = l.select(rises, l.select(l.gt(moment, zero), moment, l.max(step, zero)), zero);
        let (mut lower, mut upper) = (zero, l.splat(f64::INFINITY));
        let mut active = rises;
        for _ in 0..STEPS {
            if !l.any(active) {
                break;
            }
            let (_, at) = self.score::<0>(x, restricted);
            let s = l.add(x, first.least);
            let below = l.gt(at.f, at.g);
            lower = l.select(below, x, lower);
            upper = l.select(below, upper, x);
            let (step, fair) = newton(l, &at);
            let next = l.add(x, step);
            let inside = l.and(fair, l.and(l.ge(next, lower), l.le(next, upper)));
            let open = l.eq(upper, l.splat(f64::INFINITY));
            let bisected = l.select(open, l.add(x, s), l.mul(l.splat(0.5), l.add(lower, upper)));
            x = l.select(active, l.select(inside, next, bisected), x);
            let large = l.gt(l.abs(step), l.mul(s, l.splat(SMALL_STEP)));
            active = l.and(active, l.or(large, l.not(inside)));
        }
        let kept = l.and(start.kept, l.not(active));
        let (sums, root) = self.score::<{ want::Q }>(x, restricted);
        let kept = self.prove((start, restricted), &origin, root, kept);
        Solved { tau2: x, s1: sums.s1, mean: sums.mean, q_at: sums.residuals.q, kept }
    }

    /// The lanes whose only maximum is at `root` (or at 0), shown by the inequalities of [`Score`].
    #[inline(always)]
    fn prove(
        &mut self,
        (start, restricted): (&Start<S, N>, bool),
        origin: &Score<S, N>,
        root: Score<S, N>,
        kept: Mask<S, N>,
    ) -> Mask<S, N> {
        let l = self.lanes;
        let zero = l.splat(0.0);
        let rss = start.at_zero.rss;
        let rises = l.gt(origin.f, origin.g);
        // A root is one, and crossed steeply enough to be sharp.
        let gap = l.abs(l.sub(root.f, root.g));
        let settled = l.or(l.not(rises), l.le(gap, l.mul(root.g, l.splat(1e-9))));
        let falls = l.sub(l.div(l.mul(l.splat(2.0), root.c), root.f), l.div(root.h, root.g));
        let steep = l.ge(l.mul(falls, l.add(root.x, start.first.least)), l.splat(STEEP));
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
            let (_, at) = self.score::<0>(x, restricted);
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
}

/// A point to the left where the tangent of `F` is still far above 0.
#[inline(always)]
fn halfway<S: Simd, const N: usize>(l: Lanes<S, N>, at: &Score<S, N>) -> Num<S, N> {
    let reach = l.mul(l.splat(0.7), l.div(at.f, at.c));
    l.max(l.sub(at.x, reach), l.mul(l.splat(0.25), at.x))
}

#[inline(always)]
fn dersimonian_laird<S: Simd, const N: usize>(l: Lanes<S, N>, start: &Start<S, N>) -> Num<S, N> {
    l.max(l.div(l.sub(start.at_zero.q, start.df), start.trace), l.splat(0.0))
}

/// Whether `tau2 = (moment - expectation)/trace` keeps its digits relative to `tau2 + min v`.
#[inline(always)]
fn moment_kept<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    start: &Start<S, N>,
    moment: Num<S, N>,
    trace: Num<S, N>,
    tau2: Num<S, N>,
) -> Mask<S, N> {
    let scale = l.mul(l.mul(l.add(tau2, start.first.least), trace), l.splat(AMPLIFICATION));
    l.and(start.kept, l.le(moment, scale))
}

/// The score's halves: `tr P = s1 - s2/s1`, `tr P^2 = s2 - 2 s3/s1 + (s2/s1)^2`, `y'P^3y = c - b^2/s1`.
#[inline(always)]
fn score_of<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    (x, restricted): (Num<S, N>, bool),
    (s1, s2, s3): (Num<S, N>, Num<S, N>, Num<S, N>),
    residuals: &Residuals<S, N>,
) -> Score<S, N> {
    let c = l.sub(residuals.c, l.div(l.mul(residuals.b, residuals.b), s1));
    let (g, h) = if restricted {
        let share = l.div(s2, s1);
        let cubes = l.mul(l.splat(2.0), l.div(s3, s1));
        (l.sub(s1, share), l.add(l.sub(s2, cubes), l.mul(share, share)))
    } else {
        (s1, s2)
    };
    Score { x, f: residuals.f, c, g, h }
}

/// Newton's step for `g/f - 1`, and whether that function rises.
#[inline(always)]
fn newton<S: Simd, const N: usize>(l: Lanes<S, N>, at: &Score<S, N>) -> (Num<S, N>, Mask<S, N>) {
    let slope = l.sub(l.mul(l.splat(2.0), l.mul(at.c, at.g)), l.mul(at.h, at.f));
    let step = l.div(l.mul(l.sub(at.f, at.g), at.f), slope);
    (step, l.gt(slope, l.splat(0.0)))
}
