//! The estimators, for all units of a tile at once.
//!
//! A lane is *lost* if its numbers are in a range where the formulas here could lose digits, or if the quick proof of uniqueness
//! does not succeed; such units are fitted again by `tau2::Workspace`.

use super::nearby::is_firm;
use super::proof::Score;
use super::solve::{self, AMPLIFICATION, Ground, Profile};
use super::tile::{First, Residuals, Source, Tile, Weighted, missing, want};
use super::{Kernel, Request};
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::Simd;

/// Largest ratio of variances in a unit, 2^27.
const RATIO: f64 = 134_217_728.0;
/// Largest `sum w / tr P` at tau2 = 0: beyond, one study carries nearly all weight and the difference in `tr P` cancels.
const DOMINANCE: f64 = 64.0;
/// Largest standardised distance of the mean from the first study, squared and relative to Q.
const OFFSET: f64 = 16_384.0;
/// How steeply a score must cross zero.
const STEEP: f64 = 1.0 / 16.0;
/// Largest Q, 2^100.
const LARGEST_Q: f64 = f64::from_bits((1023 + 100) << 52);

/// The results of a tile that are known before its mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heterogeneity<S: Simd, const N: usize> {
    pub(super) tau2: Num<S, N>,
    pub(super) q: Num<S, N>,
    /// If [asked for](Request::i2), else 0.
    pub(super) i2: Num<S, N>,
    pub(super) count: Num<S, N>,
    pub(super) lost: Mask<S, N>,
}

/// The results of a tile at its tau2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mean<S: Simd, const N: usize> {
    pub(super) mu: Num<S, N>,
    pub(super) se: Num<S, N>,
    /// The Hartung-Knapp standard error if [asked for](Request::hk_se), else 0; NaN where there is none.
    pub(super) hk_se: Num<S, N>,
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

/// What the estimators need of a tile that has been read.
#[repr(align(64))] // the lines of the cache
#[derive(Clone, Copy)]
pub(super) struct Known<S: Simd, const N: usize> {
    origin: Num<S, N>,
    count: Num<S, N>,
    df: Num<S, N>,
    least: Num<S, N>,
    s1: Num<S, N>,
    pub(super) inverse: Num<S, N>,
    /// The weighted mean, relative to the origin.
    pub(super) mean: Num<S, N>,
    /// `tr P` at tau2 = 0.
    trace: Num<S, N>,
    kept: Mask<S, N>,
}

impl<S: Simd, const N: usize> Known<S, N> {
    #[inline(always)]
    pub(super) fn new(l: Lanes<S, N>, first: &First<S, N>, kernel: Kernel) -> Self {
        let First { origin, count, least, most, s1, inverse, s2, mean, sound, .. } = *first;
        let one = l.splat(1.0);
        let trace = l.sub(s1, l.mul(s2, inverse));
        let kept = if kernel == Kernel::Common {
            l.and(sound, l.ge(count, one))
        } else {
            let shared = l.ge(l.mul(l.splat(DOMINANCE), trace), s1);
            let similar = l.le(most, l.mul(l.splat(RATIO), least));
            l.and(l.and(sound, l.ge(count, l.splat(2.0))), l.and(shared, similar))
        };
        Self { origin, count, df: l.sub(count, one), least, s1, inverse, mean, trace, kept }
    }

    /// Lanes that are trusted still when `q`, Q at tau2 = 0, is known.
    #[inline(always)]
    fn kept_with(&self, l: Lanes<S, N>, q: Num<S, N>) -> Mask<S, N> {
        let offset = l.mul(l.mul(self.mean, self.mean), self.s1);
        let near = l.le(offset, l.mul(l.splat(OFFSET), l.add(q, l.splat(1.0))));
        l.and(l.and(self.kept, near), l.le(q, l.splat(LARGEST_Q)))
    }

    /// The DerSimonian-Laird estimate.
    #[inline(always)]
    fn dersimonian_laird(&self, l: Lanes<S, N>, q: Num<S, N>) -> Num<S, N> {
        l.max(l.div(l.sub(q, self.df), self.trace), l.splat(0.0))
    }

    /// The results of the common effect, or of DerSimonian and Laird's method, but for the mean.
    #[inline(always)]
    pub(super) fn heterogeneity(&self, l: Lanes<S, N>, q: Num<S, N>, request: Request) -> Heterogeneity<S, N> {
        let kept = self.kept_with(l, q);
        if request.kernel == Kernel::Common {
            return self.results(l, q, (l.splat(0.0), kept), request);
        }
        let tau2 = self.dersimonian_laird(l, q);
        let kept = moment_kept(l, (self.least, kept), (q, self.trace), tau2);
        self.results(l, q, (tau2, kept), request)
    }

    #[inline(always)]
    pub(super) fn results(
        &self,
        l: Lanes<S, N>,
        q: Num<S, N>,
        (tau2, kept): (Num<S, N>, Mask<S, N>),
        request: Request,
    ) -> Heterogeneity<S, N> {
        let zero = l.splat(0.0);
        let i2 = match request.kernel {
            _ if !request.i2 => zero,
            Kernel::Common => {
                let excess = l.sub(q, self.df);
                l.select(l.gt(excess, zero), l.div(excess, q), zero)
            }
            // tau2 relative to tau2 and the typical variance, df / tr P
            _ => {
                let between = l.mul(tau2, self.trace);
                l.div(between, l.add(between, self.df))
            }
        };
        Heterogeneity { tau2, q, i2, count: self.count, lost: l.not(kept) }
    }
}

/// What a mean is measured from, and its degrees of freedom.
#[derive(Clone, Copy)]
pub(super) struct Origin<S: Simd, const N: usize> {
    origin: Num<S, N>,
    df: Num<S, N>,
}

impl<S: Simd, const N: usize> Origin<S, N> {
    #[inline(always)]
    pub(super) fn of(known: &Known<S, N>) -> Self {
        Self { origin: known.origin, df: known.df }
    }

    /// The mean with its standard errors, from the weighted mean, `1 / sum w` and Q at tau2.
    #[inline(always)]
    pub(super) fn mean(
        &self,
        l: Lanes<S, N>,
        (mean, inverse): (Num<S, N>, Num<S, N>),
        q_at: Num<S, N>,
        request: Request,
    ) -> Mean<S, N> {
        let se = l.sqrt(inverse);
        let hk_se = if request.hk_se {
            let hk_se = l.mul(se, l.sqrt(l.div(q_at, self.df)));
            let exists = l.and(l.gt(hk_se, l.splat(0.0)), l.lt(hk_se, l.splat(f64::INFINITY)));
            l.select(exists, hk_se, l.splat(f64::NAN))
        } else {
            l.splat(0.0)
        };
        Mean { mu: l.add(self.origin, mean), se, hk_se }
    }
}

/// What every estimator with residuals at tau2 = 0 starts from.
pub(super) struct Start<S: Simd, const N: usize> {
    first: First<S, N>,
    pub(super) known: Known<S, N>,
    pub(super) at_zero: Residuals<S, N>,
    kept: Mask<S, N>,
}

impl<S: Simd, const N: usize> Start<S, N> {
    /// The sums of tau2 = 0.
    #[inline(always)]
    pub(super) fn sums(&self) -> (Weighted<S, N>, Residuals<S, N>) {
        let First { s1, inverse, s2, s3, mean, .. } = self.first;
        (Weighted { s1, inverse, s2, s3, mean }, self.at_zero)
    }
}

impl<S: Simd, const N: usize> Tile<'_, S, N> {
    /// Fits a tile by an estimator that takes more than moments at 0; `missing` tells which missing studies the last tile had, and this one.
    #[inline(always)]
    pub(super) fn fit(
        &mut self,
        source: Source<'_>,
        request: Request,
        missing: &mut u32,
    ) -> (Heterogeneity<S, N>, Mean<S, N>) {
        let l = self.lanes;
        let start = self.start::<{ want::Q }, false>(source, request.kernel, missing);
        let Start { known, at_zero: residuals, kept, .. } = start;
        let Known { count, df, .. } = known;
        let solved = match request.kernel {
            Kernel::Hedges => {
                let (rss, variances) = self.unweighted(count);
                let typical = l.div(variances, count);
                let tau2 = l.max(l.sub(l.div(rss, df), typical), l.splat(0.0));
                let kept = moment_kept(l, (known.least, kept), (typical, l.splat(1.0)), tau2);
                self.finish(&start, tau2, kept, request)
            }
            Kernel::SidikJonkman => {
                let (rss, _) = self.unweighted(count);
                let crude = l.div(rss, count);
                let q = self.sums::<{ want::Q }>(crude).1.q;
                let tau2 = l.mul(crude, l.div(q, df));
                self.finish(&start, tau2, kept, request)
            }
            Kernel::PauleMandel => {
                let (tau2, kept) = solve::paule_mandel(self, &ground(l, &start), start.sums());
                self.finish(&start, tau2, kept, request)
            }
            // see `moment.rs` and `likelihood.rs`
            Kernel::Common | Kernel::DerSimonianLaird | Kernel::Reml | Kernel::MaximumLikelihood => {
                let Known { inverse, mean, .. } = known;
                Solved { tau2: l.splat(0.0), inverse, mean, q_at: residuals.q, kept: l.none() }
            }
        };
        let Solved { tau2, inverse, mean, q_at, kept } = solved;
        let heterogeneity = known.results(l, residuals.q, (tau2, kept), request);
        (heterogeneity, Origin::of(&known).mean(l, (mean, inverse), q_at, request))
    }

    /// Reads the tile and takes the sums at tau2 = 0.
    #[inline(always)]
    pub(super) fn start<const WANT: u32, const CUBES: bool>(
        &mut self,
        source: Source<'_>,
        kernel: Kernel,
        missing: &mut u32,
    ) -> Start<S, N> {
        let l = self.lanes;
        let first = self.read::<CUBES>(source, missing);
        let at_zero = self.take(self.residuals::<WANT>(first.mean));
        let known = Known::new(l, &first, kernel);
        let kept = known.kept_with(l, at_zero.q);
        Start { first, known, at_zero, kept }
    }

    /// Reads the tile, looking for missing studies if the last tile had some or if it turns out that this one has.
    #[inline(always)]
    fn read<const CUBES: bool>(&mut self, source: Source<'_>, missing: &mut u32) -> First<S, N> {
        let read = match *missing {
            missing::NONE => self.read_all::<{ missing::NONE }, CUBES>(source),
            missing::EFFECTS => self.read_all::<{ missing::EFFECTS }, CUBES>(source),
            _ => self.read_all::<{ missing::ANY }, CUBES>(source),
        };
        self.checked::<CUBES>(source, read, missing)
    }

    /// What a reader that `missing` chose has brought, or what the other one brings if that one was wrong.
    #[inline(always)]
    pub(super) fn checked<const CUBES: bool>(
        &mut self,
        source: Source<'_>,
        read: First<S, N>,
        missing: &mut u32,
    ) -> First<S, N> {
        let l = self.lanes;
        let is_sound = |read: &First<S, N>| !l.any(l.not(read.sound));
        if *missing == missing::NONE && is_sound(&read) {
            return read;
        }
        if *missing == missing::ANY {
            *missing = self.kind_of_missing(&read, missing::ANY);
            return read;
        }
        let effects = match *missing {
            missing::EFFECTS => read,
            _ => self.read_all::<{ missing::EFFECTS }, CUBES>(source),
        };
        if is_sound(&effects) {
            *missing = self.kind_of_missing(&effects, missing::EFFECTS);
            return effects;
        }
        let any = self.read_all::<{ missing::ANY }, CUBES>(source);
        // A unit may be unsound for other reasons.
        let kind = if l.any(l.lt(any.count, effects.count)) { missing::ANY } else { missing::EFFECTS };
        *missing = self.kind_of_missing(&any, kind);
        any
    }

    /// What readers are to look for if this tile has missing studies of one kind or none at all.
    #[inline(always)]
    fn kind_of_missing(&self, read: &First<S, N>, kind: u32) -> u32 {
        let l = self.lanes;
        if l.any(l.lt(read.count, l.splat(self.cells.len() as f64))) { kind } else { missing::NONE }
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
}

impl<S: Simd, const N: usize> Profile<S, N> for Tile<'_, S, N> {
    type Sums = (Weighted<S, N>, Residuals<S, N>);
    /// `1 / sum w`, the mean and Q.
    type End = (Num<S, N>, Num<S, N>, Num<S, N>);

    #[inline(always)]
    fn lanes(&self) -> Lanes<S, N> {
        self.lanes
    }

    #[inline(always)]
    fn q(&mut self, x: Num<S, N>, (near, _): &Self::Sums) -> (Num<S, N>, Num<S, N>, Self::Sums) {
        let sums = self.sums_near::<{ want::Q | want::F }>(x, near.mean);
        (sums.1.q, sums.1.f, sums)
    }

    #[inline(always)]
    fn score(&mut self, x: Num<S, N>, restricted: bool, (near, _): &Self::Sums) -> (Score<S, N>, Self::Sums) {
        let sums = if self.q_at_solution {
            self.sums_near::<{ want::Q | want::F | want::SLOPES }>(x, near.mean)
        } else {
            self.sums_near::<{ want::F | want::SLOPES }>(x, near.mean)
        };
        (score_of(self.lanes, (x, restricted), &sums.0, &sums.1), sums)
    }

    #[inline(always)]
    fn is_firm<const Q: bool>(&self, sums: &Self::Sums, (near, _): &Self::Sums, most: f64) -> Mask<S, N> {
        is_firm::<S, N, Q>(self.lanes, near.mean, sums, most)
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
            d: or(yes_residuals.d, no_residuals.d),
            rss: no_residuals.rss,
        };
        (weighted, residuals)
    }

    /// By the slopes of weights, `w - step w^2 + step^2 w^3`: the third power of the step, relative to `tau2 + min v`, is rounding.
    #[inline(always)]
    fn end(&mut self, (sums, residuals): &Self::Sums, at: &Score<S, N>, step: Num<S, N>) -> Self::End {
        let l = self.lanes;
        let s1 = l.sub(sums.s1, l.mul(step, l.sub(sums.s2, l.mul(step, sums.s3))));
        let inverse = l.div(l.splat(1.0), s1);
        let pull = l.mul(step, l.sub(residuals.b, l.mul(step, residuals.d)));
        let mean = l.sub(sums.mean, l.mul(pull, inverse));
        let q = l.sub(residuals.q, l.mul(step, l.sub(residuals.f, l.mul(step, at.c))));
        (inverse, mean, q)
    }
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
pub(super) fn ground<S: Simd, const N: usize>(l: Lanes<S, N>, start: &Start<S, N>) -> Ground<S, N> {
    let Known { least, df, .. } = start.known;
    let Residuals { q, rss, .. } = start.at_zero;
    Ground { least, q, rss, df, moment: start.known.dersimonian_laird(l, q), kept: start.kept, steep: STEEP }
}

/// Whether `tau2 = (moment - expectation)/trace` keeps its digits relative to `tau2 + min v`.
#[inline(always)]
fn moment_kept<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    (least, kept): (Num<S, N>, Mask<S, N>),
    (moment, trace): (Num<S, N>, Num<S, N>),
    tau2: Num<S, N>,
) -> Mask<S, N> {
    let scale = l.mul(l.mul(l.add(tau2, least), trace), l.splat(AMPLIFICATION));
    l.and(kept, l.le(moment, scale))
}

/// The score's halves: `tr P = s1 - s2/s1`, `tr P^2 = s2 - 2 s3/s1 + (s2/s1)^2`, `y'P^3y = c - b^2/s1`.
#[inline(always)]
pub(super) fn score_of<S: Simd, const N: usize>(
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

        fn q(&mut self, x: Num<S, N>, near: &Self::Sums) -> (Num<S, N>, Num<S, N>, Self::Sums) {
            self.passes += 1;
            self.tile.q(x, near)
        }

        fn score(&mut self, x: Num<S, N>, restricted: bool, near: &Self::Sums) -> (Score<S, N>, Self::Sums) {
            self.passes += 1;
            self.tile.score(x, restricted, near)
        }

        fn is_firm<const Q: bool>(&self, sums: &Self::Sums, near: &Self::Sums, most: f64) -> Mask<S, N> {
            self.tile.is_firm::<Q>(sums, near, most)
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
            // As wide as in `Run`.
            if self.kernel == Kernel::PauleMandel && const { S::F64_LANES > 1 } {
                self.count(Lanes::<S, 2>::new(simd))
            } else {
                self.count(Lanes::<S, 1>::new(simd))
            }
        }
    }

    impl Passes<'_> {
        fn count<S: Simd, const N: usize>(self, lanes: Lanes<S, N>) -> f64 {
            let zero = lanes.splat(0.0);
            let mut cells: Vec<Cell<S, N>> = vec![[zero; 3]; self.k];
            let (mut passes, mut tiles) = (0, 0);
            for at in (0..self.units).step_by(Lanes::<S, N>::WIDTH) {
                let source = Source::Rows(Rows { y: self.y, v: self.v, stride: self.units, at, ahead: 0 });
                let mut tile = Tile { lanes, cells: &mut cells, q_at_solution: false };
                let start =
                    tile.start::<{ want::Q | want::F | want::SLOPES | want::RSS }, true>(source, self.kernel, &mut {
                        missing::NONE
                    });
                let ground = ground(lanes, &start);
                let sums = start.sums();
                let mut counted = Counted { tile: &mut tile, passes: 1 };
                if self.kernel == Kernel::PauleMandel {
                    let _ = solve::paule_mandel(&mut counted, &ground, sums);
                    counted.passes += 1;
                } else {
                    let origin = score_of(lanes, (zero, true), &sums.0, &sums.1);
                    let _ = solve::likelihood(&mut counted, (&ground, true), (&origin, sums));
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
        for (kernel, most) in [(Kernel::PauleMandel, 7.0), (Kernel::Reml, 5.5)] {
            let passes = |set: InstructionSet| set.dispatch(Passes { y: &y, v: &v, k, units, kernel });
            for set in InstructionSet::ALL {
                println!("{kernel:?} {set:?}: {} passes", passes(set));
            }
            // A tile is done when its last unit is; the narrower, the sooner.
            assert!(passes(InstructionSet::Avx2) < most, "{kernel:?}");
            assert!(passes(InstructionSet::Scalar) < most - 1.0, "{kernel:?}");
        }
    }
}
