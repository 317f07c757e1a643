//! The estimators, for all units of a tile at once.
//!
//! A lane is *lost* if its numbers are in a range where the formulas here could lose digits, or if the quick proof of uniqueness
//! does not succeed; such units are fitted again by `tau2::Workspace`.

use super::lanes::{Lanes, Mask, Num};
use super::proof::Score;
use super::solve::{self, AMPLIFICATION, Ground, Profile};
use super::tile::{First, Residuals, Source, Tile, Weighted, want};
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
    /// If [asked for](Request::i2), else 0.
    pub(super) i2: Num<S, N>,
    /// The Hartung-Knapp standard error if [asked for](Request::hk_se), else 0; NaN where there is none.
    pub(super) hk_se: Num<S, N>,
    pub(super) count: Num<S, N>,
    pub(super) lost: Mask<S, N>,
}

/// tau2 with the sums there, and the lanes that are to be trusted.
#[derive(Clone, Copy)]
struct Solved<S: Simd, const N: usize> {
    tau2: Num<S, N>,
    /// `1 / sum w`
    inverse: Num<S, N>,
    mean: Num<S, N>,
    /// Q at tau2, if it was asked for.
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
    /// Fits a tile by an estimator that takes more than moments at 0; `missing` tells whether the last tile had missing studies, and this
    /// one.
    #[inline(always)]
    pub(super) fn fit(&mut self, source: Source<'_>, request: Request, missing: &mut bool) -> Fitted<S, N> {
        let l = self.lanes;
        source.ask::<S, N>();
        let likelihood = request.kernel.is_likelihood();
        let first = if likelihood {
            self.read::<true>(source, None, missing)
        } else {
            self.read::<false>(source, None, missing)
        };
        let residuals = if likelihood {
            self.take(self.residuals::<{ want::Q | want::F | want::SLOPES | want::RSS }>(first.mean))
        } else {
            self.take(self.residuals::<{ want::Q }>(first.mean))
        };
        let start = start(l, first, residuals, request);
        let solved = match request.kernel {
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
                let q = self.sums::<{ want::Q }>(crude).1.q;
                let tau2 = l.mul(crude, l.div(q, start.df));
                self.finish(&start, tau2, start.kept, request)
            }
            Kernel::PauleMandel => {
                let (tau2, kept) = solve::paule_mandel(self, &ground(l, &start));
                self.finish(&start, tau2, kept, request)
            }
            // One body for both: the compiler would make two of it.
            Kernel::Reml | Kernel::MaximumLikelihood => self.likelihood(&start, request.kernel == Kernel::Reml),
            // see `fit_moment`
            Kernel::Common | Kernel::DerSimonianLaird => common(l, &start),
        };
        fitted(l, &start, &solved, request)
    }

    /// The same for the common effect and the DerSimonian-Laird estimator.
    #[inline(always)]
    pub(super) fn fit_moment(&mut self, source: Source<'_>, request: Request, missing: &mut bool) -> Fitted<S, N> {
        let l = self.lanes;
        source.ask::<S, N>();
        let first = self.read::<false>(source, None, missing);
        let residuals = self.take(self.residuals::<{ want::Q }>(first.mean));
        let start = start(l, first, residuals, request);
        let solved = if request.kernel == Kernel::Common {
            common(l, &start)
        } else {
            let (tau2, kept) = moment_estimate(l, &start);
            self.finish(&start, tau2, kept, request)
        };
        fitted(l, &start, &solved, request)
    }

    /// The same of two tiles, with their loops side by side.
    #[inline(always)]
    pub(super) fn fit_both(
        &mut self,
        source: Source<'_>,
        (other, other_source): (&mut Self, Source<'_>),
        request: Request,
        missing: &mut bool,
    ) -> (Fitted<S, N>, Fitted<S, N>) {
        let l = self.lanes;
        source.ask::<S, N>();
        let first = self.read::<false>(source, None, missing);
        let pass = self.residuals::<{ want::Q }>(first.mean);
        // The residuals of this tile while the other is read.
        let (residuals, other_first) = if *missing {
            self.take_and_read::<_, true>(pass, other, other_source)
        } else {
            self.take_and_read::<_, false>(pass, other, other_source)
        };
        let other_first = other.read::<false>(other_source, Some(other_first), missing);
        other_source.ask::<S, N>();
        let a = start(l, first, residuals, request);
        let other_pass = other.residuals::<{ want::Q }>(other_first.mean);
        if request.kernel == Kernel::Common {
            let b = start(l, other_first, other.take(other_pass), request);
            return (fitted(l, &a, &common(l, &a), request), fitted(l, &b, &common(l, &b), request));
        }
        let (tau2, kept) = moment_estimate(l, &a);
        if request.hk_se {
            let (weighted, other_residuals) = self.take_both(self.weights::<{ want::Q }>(tau2), other, other_pass);
            let b = start(l, other_first, other_residuals, request);
            let (other_tau2, other_kept) = moment_estimate(l, &b);
            let pass = self.residuals::<{ want::Q }>(weighted.mean);
            let other_weights = other.weights::<{ want::Q }>(other_tau2);
            let (at_tau2, other_weighted) = self.take_both(pass, other, other_weights);
            let other_at_tau2 = other.take(other.residuals::<{ want::Q }>(other_weighted.mean));
            let this = solved(&weighted, at_tau2.q, tau2, kept);
            let that = solved(&other_weighted, other_at_tau2.q, other_tau2, other_kept);
            (fitted(l, &a, &this, request), fitted(l, &b, &that, request))
        } else {
            let (weighted, other_residuals) = self.take_both(self.weights::<0>(tau2), other, other_pass);
            let b = start(l, other_first, other_residuals, request);
            let (other_tau2, other_kept) = moment_estimate(l, &b);
            let other_weighted = other.take(other.weights::<0>(other_tau2));
            let this = solved(&weighted, a.at_zero.q, tau2, kept);
            let that = solved(&other_weighted, b.at_zero.q, other_tau2, other_kept);
            (fitted(l, &a, &this, request), fitted(l, &b, &that, request))
        }
    }

    /// Reads the tile, looking for missing studies if the last tile had some or if it turns out that this one has. `done` is what a
    /// reader that `missing` called for has brought.
    #[inline(always)]
    fn read<const CUBES: bool>(
        &mut self,
        source: Source<'_>,
        done: Option<First<S, N>>,
        missing: &mut bool,
    ) -> First<S, N> {
        let l = self.lanes;
        if !*missing {
            let plain = match done {
                Some(done) => done,
                None => self.read_all::<false, CUBES>(source),
            };
            if !l.any(l.not(plain.sound)) {
                return plain;
            }
        }
        let masked = match done {
            Some(done) if *missing => done,
            _ => self.read_all::<true, CUBES>(source),
        };
        *missing = l.any(l.lt(masked.count, l.splat(self.cells.len() as f64)));
        masked
    }

    /// The mean at a tau2.
    #[inline(always)]
    fn finish(&mut self, start: &Start<S, N>, tau2: Num<S, N>, kept: Mask<S, N>, request: Request) -> Solved<S, N> {
        if request.hk_se {
            let (weighted, residuals) = self.sums::<{ want::Q }>(tau2);
            solved(&weighted, residuals.q, tau2, kept)
        } else {
            let weighted = self.take(self.weights::<0>(tau2));
            solved(&weighted, start.at_zero.q, tau2, kept)
        }
    }

    #[inline(always)]
    fn likelihood(&mut self, start: &Start<S, N>, restricted: bool) -> Solved<S, N> {
        let l = self.lanes;
        let Start { first, at_zero, .. } = start;
        let weighted = Weighted { s1: first.s1, inverse: first.inverse, s2: first.s2, s3: first.s3, mean: first.mean };
        let origin = score_of(l, (l.splat(0.0), restricted), &weighted, at_zero);
        let sums = (weighted, *at_zero);
        let (tau2, (s1, mean, q_at), kept) = solve::likelihood(self, (&ground(l, start), restricted), (&origin, sums));
        Solved { tau2, inverse: l.div(l.splat(1.0), s1), mean, q_at, kept }
    }
}

impl<S: Simd, const N: usize> Profile<S, N> for Tile<'_, S, N> {
    type Sums = (Weighted<S, N>, Residuals<S, N>);
    /// `sum w`, the mean and Q.
    type End = (Num<S, N>, Num<S, N>, Num<S, N>);

    #[inline(always)]
    fn lanes(&self) -> Lanes<S, N> {
        self.lanes
    }

    #[inline(always)]
    fn q(&mut self, x: Num<S, N>) -> (Num<S, N>, Num<S, N>) {
        let (_, at) = self.sums::<{ want::Q | want::F }>(x);
        (at.q, at.f)
    }

    #[inline(always)]
    fn score(&mut self, x: Num<S, N>, restricted: bool) -> (Score<S, N>, Self::Sums) {
        let sums = self.sums::<{ want::Q | want::F | want::SLOPES }>(x);
        (score_of(self.lanes, (x, restricted), &sums.0, &sums.1), sums)
    }

    #[inline(always)]
    fn select(&self, mask: Mask<S, N>, yes: &Self::Sums, no: &Self::Sums) -> Self::Sums {
        let l = self.lanes;
        let or = |yes, no| l.select(mask, yes, no);
        let ((yes, yes_residuals), (no, no_residuals)) = (yes, no);
        // What `end` needs, and nothing else.
        let weighted = Weighted {
            s1: or(yes.s1, no.s1),
            inverse: or(yes.inverse, no.inverse),
            s2: or(yes.s2, no.s2),
            s3: or(yes.s3, no.s3),
            mean: or(yes.mean, no.mean),
        };
        let residuals = Residuals {
            q: or(yes_residuals.q, no_residuals.q),
            f: or(yes_residuals.f, no_residuals.f),
            b: or(yes_residuals.b, no_residuals.b),
            c: no_residuals.c,
            rss: no_residuals.rss,
        };
        (weighted, residuals)
    }

    /// The step is so small that the second power of its size, relative to `tau2 + min v`, is rounding.
    #[inline(always)]
    fn end(&mut self, (sums, residuals): &Self::Sums, at: &Score<S, N>, step: Num<S, N>) -> Self::End {
        let l = self.lanes;
        let s1 = l.sub(sums.s1, l.mul(step, l.sub(sums.s2, l.mul(step, sums.s3))));
        let mean = l.sub(sums.mean, l.mul(step, l.mul(residuals.b, sums.inverse)));
        let q = l.sub(residuals.q, l.mul(step, l.sub(residuals.f, l.mul(step, at.c))));
        (s1, mean, q)
    }
}

/// What the estimators start from, once the tile is read.
#[inline(always)]
fn start<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    first: First<S, N>,
    at_zero: Residuals<S, N>,
    request: Request,
) -> Start<S, N> {
    let one = l.splat(1.0);
    let trace = l.sub(first.s1, l.mul(first.s2, first.inverse));
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

/// The columns of a tile.
#[inline(always)]
fn fitted<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    start: &Start<S, N>,
    solved: &Solved<S, N>,
    request: Request,
) -> Fitted<S, N> {
    let zero = l.splat(0.0);
    let (q, df) = (start.at_zero.q, start.df);
    let i2 = match request.kernel {
        _ if !request.i2 => zero,
        Kernel::Common => {
            let excess = l.sub(q, df);
            l.select(l.gt(excess, zero), l.div(excess, q), zero)
        }
        // tau2 relative to tau2 and the typical variance, df / tr P
        _ => {
            let between = l.mul(solved.tau2, start.trace);
            l.div(between, l.add(between, df))
        }
    };
    let se = l.sqrt(solved.inverse);
    let hk_se = if request.hk_se {
        let hk_se = l.mul(se, l.sqrt(l.div(solved.q_at, df)));
        let exists = l.and(l.gt(hk_se, zero), l.lt(hk_se, l.splat(f64::INFINITY)));
        l.select(exists, hk_se, l.splat(f64::NAN))
    } else {
        zero
    };
    let mu = l.add(start.first.origin, solved.mean);
    Fitted { mu, se, tau2: solved.tau2, q, i2, hk_se, count: start.first.count, lost: l.not(solved.kept) }
}

#[inline(always)]
fn solved<S: Simd, const N: usize>(
    weighted: &Weighted<S, N>,
    q_at: Num<S, N>,
    tau2: Num<S, N>,
    kept: Mask<S, N>,
) -> Solved<S, N> {
    Solved { tau2, inverse: weighted.inverse, mean: weighted.mean, q_at, kept }
}

#[inline(always)]
fn common<S: Simd, const N: usize>(l: Lanes<S, N>, start: &Start<S, N>) -> Solved<S, N> {
    let First { inverse, mean, .. } = start.first;
    Solved { tau2: l.splat(0.0), inverse, mean, q_at: start.at_zero.q, kept: start.kept }
}

#[inline(always)]
fn ground<S: Simd, const N: usize>(l: Lanes<S, N>, start: &Start<S, N>) -> Ground<S, N> {
    let (least, q, rss) = (start.first.least, start.at_zero.q, start.at_zero.rss);
    Ground { least, q, rss, df: start.df, moment: dersimonian_laird(l, start), kept: start.kept }
}

/// The DerSimonian-Laird estimate, and the lanes where it keeps its digits.
#[inline(always)]
fn moment_estimate<S: Simd, const N: usize>(l: Lanes<S, N>, start: &Start<S, N>) -> (Num<S, N>, Mask<S, N>) {
    let tau2 = dersimonian_laird(l, start);
    (tau2, moment_kept(l, start, start.at_zero.q, start.trace, tau2))
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
    sums: &Weighted<S, N>,
    residuals: &Residuals<S, N>,
) -> Score<S, N> {
    let c = l.sub(residuals.c, l.mul(l.mul(residuals.b, residuals.b), sums.inverse));
    let (g, h) = if restricted {
        let share = l.mul(sums.s2, sums.inverse);
        let cubes = l.mul(l.splat(2.0), l.mul(sums.s3, sums.inverse));
        (l.sub(sums.s1, share), l.add(l.sub(sums.s2, cubes), l.mul(share, share)))
    } else {
        (sums.s1, sums.s2)
    };
    Score { x, f: residuals.f, c, g, h }
}

#[cfg(test)]
mod tests {
    use super::super::tile::{Cell, Rows, Source};
    use super::*;
    use crate::batch::InstructionSet;
    use crate::num::random::uniform;
    use pulp::WithSimd;

    /// Counts how often a tile is gone through.
    struct Counted<'t, 'a, S: Simd, const N: usize> {
        tile: &'t mut Tile<'a, S, N>,
        passes: u32,
    }

    impl<S: Simd, const N: usize> Profile<S, N> for Counted<'_, '_, S, N> {
        type Sums = <Tile<'static, S, N> as Profile<S, N>>::Sums;
        type End = <Tile<'static, S, N> as Profile<S, N>>::End;

        fn lanes(&self) -> Lanes<S, N> {
            self.tile.lanes
        }

        fn q(&mut self, x: Num<S, N>) -> (Num<S, N>, Num<S, N>) {
            self.passes += 1;
            self.tile.q(x)
        }

        fn score(&mut self, x: Num<S, N>, restricted: bool) -> (Score<S, N>, Self::Sums) {
            self.passes += 1;
            self.tile.score(x, restricted)
        }

        fn select(&self, mask: Mask<S, N>, yes: &Self::Sums, no: &Self::Sums) -> Self::Sums {
            self.tile.select(mask, yes, no)
        }

        fn end(&mut self, sums: &Self::Sums, at: &Score<S, N>, step: Num<S, N>) -> Self::End {
            self.tile.end(sums, at, step)
        }
    }

    /// Passes over `y` and `v`, rows of a tile's width, summed over `tiles` tiles; and the lanes that are lost.
    struct Passes<'a> {
        y: &'a [f64],
        v: &'a [f64],
        k: usize,
        units: usize,
        kernel: Kernel,
    }

    impl WithSimd for Passes<'_> {
        type Output = f64;

        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let lanes = Lanes::<S, 2>::new(simd);
            let request = Request { kernel: self.kernel, i2: false, hk_se: false, prefetch: false };
            let zero = lanes.splat(0.0);
            let mut cells: Vec<Cell<S, 2>> = vec![[zero; 3]; self.k];
            let (mut passes, mut tiles) = (0, 0);
            for at in (0..self.units).step_by(Lanes::<S, 2>::WIDTH) {
                let source = Source::Rows(Rows { y: self.y, v: self.v, stride: self.units, at, ahead: 0 });
                let mut tile = Tile { lanes, cells: &mut cells };
                let first = tile.read::<true>(source, None, &mut false);
                let at_zero = tile.take(tile.residuals::<{ want::Q | want::F | want::SLOPES | want::RSS }>(first.mean));
                let start = start(lanes, first, at_zero, request);
                let ground = ground(lanes, &start);
                let First { s1, inverse, s2, s3, mean, .. } = first;
                let weighted = Weighted { s1, inverse, s2, s3, mean };
                let mut counted = Counted { tile: &mut tile, passes: 1 };
                if self.kernel == Kernel::PauleMandel {
                    let _ = solve::paule_mandel(&mut counted, &ground);
                    counted.passes += 1;
                } else {
                    let origin = score_of(lanes, (zero, true), &weighted, &at_zero);
                    let _ = solve::likelihood(&mut counted, (&ground, true), (&origin, (weighted, at_zero)));
                }
                (passes, tiles) = (passes + counted.passes, tiles + 1);
            }
            f64::from(passes) / f64::from(tiles)
        }
    }

    /// Units as those of `benches/kernels`: tau2 is 0 in two fifths, I2 is 25, 50 and 80 % in the others.
    #[test]
    fn a_tile_is_gone_through_seldom() {
        let (k, units) = (20, 4096);
        let mut at = 0;
        let mut next = || {
            at += 1;
            uniform(11, at)
        };
        let (mut y, mut v) = (vec![0.0; k * units], vec![0.0; k * units]);
        for unit in 0..units {
            let i2 = [0.0, 0.0, 0.25, 0.5, 0.8][unit % 5];
            for study in 0..k {
                let mut normal = || (0..12).map(|_| next()).sum::<f64>() - 6.0;
                let variance = 0.05 * normal().exp();
                // The typical variance of such units is about 0.04.
                let tau2 = 0.04 * i2 / (1.0 - i2);
                v[study * units + unit] = variance;
                y[study * units + unit] = 0.1 + (variance + tau2).sqrt() * normal();
            }
        }
        for kernel in [Kernel::PauleMandel, Kernel::Reml] {
            let passes = |set: InstructionSet| set.dispatch(Passes { y: &y, v: &v, k, units, kernel });
            for set in InstructionSet::ALL {
                println!("{kernel:?} {set:?}: {} passes", passes(set));
            }
            // A tile is done when its last unit is; the narrower, the sooner.
            assert!(passes(InstructionSet::Avx2) < 7.0, "{kernel:?}");
            assert!(passes(InstructionSet::Scalar) < 6.0, "{kernel:?}");
        }
    }
}
