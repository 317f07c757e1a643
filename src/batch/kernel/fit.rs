//! The estimators, for all units of a tile at once.
//!
//! A lane is *lost* if its numbers are in a range where the formulas here could lose digits, or if the quick proof of uniqueness
//! does not succeed; such units are fitted again by `tau2::Workspace`.

use super::lanes::{Lanes, Mask, Num};
use super::proof::Score;
use super::solve::{self, AMPLIFICATION, Ground, Profile};
use super::tile::{First, Residuals, Source, Sums, Tile, want};
use super::{Kernel, Request};
use pulp::Simd;

/// Largest ratio of variances in a unit, 2^27.
const RATIO: f64 = 134_217_728.0;
/// Largest `sum w / tr P` at tau2 = 0: beyond, one study carries nearly all weight and the difference in `tr P` cancels.
const DOMINANCE: f64 = 64.0;
/// Largest standardised distance of the mean from the first study, squared and relative to Q.
const OFFSET: f64 = 16_384.0;
/// Largest Q, 2^100.
const LARGEST_Q: f64 = f64::from_bits((1023 + 100) << 52);

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

    #[inline(always)]
    fn ground(&self, start: &Start<S, N>) -> Ground<S, N> {
        let (least, q, rss) = (start.first.least, start.at_zero.q, start.at_zero.rss);
        Ground { least, q, rss, df: start.df, moment: dersimonian_laird(self.lanes, start), kept: start.kept }
    }

    #[inline(always)]
    fn paule_mandel(&mut self, start: &Start<S, N>, request: Request) -> Solved<S, N> {
        let (tau2, kept) = solve::paule_mandel(self, &self.ground(start));
        self.finish(start, tau2, kept, request)
    }

    #[inline(always)]
    fn likelihood(&mut self, start: &Start<S, N>, restricted: bool) -> Solved<S, N> {
        let l = self.lanes;
        let first = &start.first;
        let origin = score_of(l, (l.splat(0.0), restricted), (first.s1, first.s2, first.s3), &start.at_zero);
        let (tau2, sums, kept) = solve::likelihood(self, (&self.ground(start), restricted), &origin);
        Solved { tau2, s1: sums.s1, mean: sums.mean, q_at: sums.residuals.q, kept }
    }
}

impl<S: Simd, const N: usize> Profile<S, N> for Tile<'_, S, N> {
    type Sums = Sums<S, N>;

    #[inline(always)]
    fn lanes(&self) -> Lanes<S, N> {
        self.lanes
    }

    #[inline(always)]
    fn q(&mut self, x: Num<S, N>) -> (Num<S, N>, Num<S, N>) {
        let at = self.sums::<{ want::Q | want::F }>(x).residuals;
        (at.q, at.f)
    }

    #[inline(always)]
    fn score(&mut self, x: Num<S, N>, restricted: bool) -> Score<S, N> {
        let sums = self.sums::<{ want::F | want::SLOPES }>(x);
        score_of(self.lanes, (x, restricted), (sums.s1, sums.s2, sums.s3), &sums.residuals)
    }

    #[inline(always)]
    fn last(&mut self, x: Num<S, N>, restricted: bool) -> (Self::Sums, Score<S, N>) {
        let sums = self.sums::<{ want::Q | want::F | want::SLOPES }>(x);
        (sums, score_of(self.lanes, (x, restricted), (sums.s1, sums.s2, sums.s3), &sums.residuals))
    }
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
