//! The common effect and the DerSimonian-Laird estimator: tiles one behind the other.
//!
//! Nothing here is searched, so every tile takes the same way: it is read, its residuals are summed, then its weights at tau2. One loop
//! over the studies does each of these for another tile. What a tile waits for at the end of a sum, two or three divisions in a row, is
//! hidden by the others.
//!
//! The sums at tau2 are over residuals from the mean `m` at tau2 = 0, so that Q there needs no further loop. What it takes away for the
//! mean's having moved by `d` is never much more than what is left: with `u` the weights at 0 and `w = u / (1 + tau2 u)` those at tau2,
//! `d sum u = sum u r` for residuals `r` from the mean at tau2, and by Cauchy and Schwarz
//!
//! ```text
//! d^2 sum w  <=  sum w  sum u (1 + tau2 u) / (sum u)^2  Q  <=  2 k Q
//! ```
//!
//! since `sum w` is at most `sum u` and at most `k / tau2`; the first where `tau2 sum u` is below 1, the second elsewhere.

use super::fit::{Known, Origin};
use super::going::{Going, NOTHING};
use super::nearby::TakeNearby;
use super::places::Places;
use super::tile::{
    Cell, First, Pass, Read, Residuals, Source, TakeResiduals, Three, Tile, Two, Weighted, missing, want,
};
use super::{Kernel, Memory, Run};
use crate::num::lanes::{Lanes, Num};
use pulp::Simd;

/// Sums over three tiles, the youngest first; of the last the sums at its tau2.
struct Sums<S: Simd, const N: usize> {
    read: First<S, N>,
    residuals: Residuals<S, N>,
    weighted: Weighted<S, N>,
    /// Q is taken for a Hartung-Knapp error only.
    at_tau2: Residuals<S, N>,
}

/// Reads a tile of `cells.len()` studies, the first, and goes through the others: residuals of the second, whose mean is `mean`, and the
/// sums of the third at `tau2`, with Q if `HK`, over residuals from `near`.
#[inline(always)]
fn sums<S: Simd, const N: usize, const MISSING: u32, const HK: bool>(
    l: Lanes<S, N>,
    source: Source<'_>,
    [first, second, third]: [&mut [Cell<S, N>]; 3],
    (mean, tau2, near): (Num<S, N>, Num<S, N>, Num<S, N>),
) -> Sums<S, N> {
    let first_pass = Read::<S, N, MISSING, false>::new(l, source, first.len());
    let second_pass = TakeResiduals::<S, N, { want::Q }>::new(l, mean);
    let (read, residuals, (weighted, at_tau2)) = if HK {
        let third_pass = TakeNearby::<S, N, { want::Q }>::new(l, tau2, near);
        l.run(Three { first, first_pass, second, second_pass, third, third_pass })
    } else {
        let third_pass = TakeNearby::<S, N, 0>::new(l, tau2, near);
        l.run(Three { first, first_pass, second, second_pass, third, third_pass })
    };
    Sums { read, residuals, weighted, at_tau2 }
}

/// Reads a tile and sums residuals of another.
#[inline(always)]
fn read_and_sum<S: Simd, const N: usize, const MISSING: u32>(
    l: Lanes<S, N>,
    source: Source<'_>,
    [first, second]: [&mut [Cell<S, N>]; 2],
    second_pass: TakeResiduals<S, N, { want::Q }>,
) -> (First<S, N>, Residuals<S, N>) {
    let first_pass = Read::<S, N, MISSING, false>::new(l, source, first.len());
    l.run(Two { first, second, first_pass, second_pass })
}

impl Run<'_, '_, '_> {
    /// Tile after tile, until the last one is through.
    #[inline(always)]
    pub(super) fn moments<S: Simd, const N: usize>(self, lanes: Lanes<S, N>) {
        match (self.request.kernel, self.request.hk_se) {
            (Kernel::Common, _) => self.common(lanes),
            (_, false) => self.dersimonian_laird::<S, N, false>(lanes),
            (_, true) => self.dersimonian_laird::<S, N, true>(lanes),
        }
    }

    #[inline(always)]
    fn common<S: Simd, const N: usize>(self, l: Lanes<S, N>) {
        let Self { request, input, first, columns, memory } = self;
        let Memory { cells, gathered, lost } = memory;
        let mut missing = missing::NONE;
        let [mut youngest, mut second] = Going::<S, N>::rooms(cells, input.studies());
        let mut known =
            Known::new(l, &Read::<S, N, { missing::NONE }, false>::new(l, NOTHING, 0).end(), request.kernel);
        let mut places = Places::new(input, first, columns.units, Lanes::<S, N>::WIDTH);
        loop {
            let source = youngest.begin(places.next(), (input, first, request.prefetch), gathered);
            if !youngest.is_tile() && !second.is_tile() {
                break;
            }
            let residuals = TakeResiduals::<S, N, { want::Q }>::new(l, known.mean);
            let (mine, theirs) = (youngest.cells(), second.cells());
            let cells = [mine, theirs];
            let (read, residuals) = match missing {
                missing::NONE => read_and_sum::<S, N, { missing::NONE }>(l, source, cells, residuals),
                missing::EFFECTS => read_and_sum::<S, N, { missing::EFFECTS }>(l, source, cells, residuals),
                _ => read_and_sum::<S, N, { missing::ANY }>(l, source, cells, residuals),
            };
            known.heterogeneity(l, residuals.q, request).store(l, second.place, columns, lost);
            let mean = Origin::of(&known).mean(l, (known.mean, known.inverse), residuals.q, request);
            mean.store(second.place, columns);
            let read = Tile { lanes: l, cells: youngest.cells(), q_at_solution: false }.checked::<false>(
                source,
                read,
                &mut missing,
            );
            known = Known::new(l, &read, request.kernel);
            std::mem::swap(&mut youngest, &mut second);
        }
    }

    #[inline(always)]
    fn dersimonian_laird<S: Simd, const N: usize, const HK: bool>(self, l: Lanes<S, N>) {
        let Self { request, input, first, columns, memory } = self;
        let Memory { cells, gathered, lost } = memory;
        let mut missing = missing::NONE;
        let [mut youngest, mut second, mut third] = Going::<S, N>::rooms(cells, input.studies());
        // What is known of the second tile, and of the third.
        let mut known =
            Known::new(l, &Read::<S, N, { missing::NONE }, false>::new(l, NOTHING, 0).end(), request.kernel);
        let (mut tau2, mut near, mut origin) = (l.splat(0.0), l.splat(0.0), Origin::of(&known));
        let mut places = Places::new(input, first, columns.units, Lanes::<S, N>::WIDTH);
        loop {
            let source = youngest.begin(places.next(), (input, first, request.prefetch), gathered);
            if !(youngest.is_tile() || second.is_tile() || third.is_tile()) {
                break;
            }
            let cells = [youngest.cells(), second.cells(), third.cells()];
            let at = (known.mean, tau2, near);
            let sums = match missing {
                missing::NONE => sums::<S, N, { missing::NONE }, HK>(l, source, cells, at),
                missing::EFFECTS => sums::<S, N, { missing::EFFECTS }, HK>(l, source, cells, at),
                _ => sums::<S, N, { missing::ANY }, HK>(l, source, cells, at),
            };
            let Weighted { mean, inverse, .. } = sums.weighted;
            origin.mean(l, (mean, inverse), sums.at_tau2.q, request).store(third.place, columns);
            let heterogeneity = known.heterogeneity(l, sums.residuals.q, request);
            heterogeneity.store(l, second.place, columns, lost);
            (tau2, near, origin) = (heterogeneity.tau2, known.mean, Origin::of(&known));
            let read = Tile { lanes: l, cells: youngest.cells(), q_at_solution: false }.checked::<false>(
                source,
                sums.read,
                &mut missing,
            );
            known = Known::new(l, &read, request.kernel);
            // The oldest room is free again.
            std::mem::swap(&mut second, &mut third);
            std::mem::swap(&mut youngest, &mut second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tile::Rows;
    use super::*;
    use crate::num::random::uniform;
    use pulp::Scalar;

    /// Effects for which the sums of Cauchy and Schwarz are equal, for a tau2 of `x`; variances of any size.
    fn unit(seed: u64, k: u64, x: f64) -> (Vec<f64>, Vec<f64>) {
        let v: Vec<f64> = (0..k).map(|i| (16.0 * uniform(seed, i) - 8.0).exp()).collect();
        (v.iter().map(|v| 1.0 + x / v).collect(), v)
    }

    #[test]
    fn the_mean_moves_by_so_little_that_q_loses_no_digits() {
        let l = Lanes::<Scalar, 1>::new(Scalar::new());
        let mut largest = 0.0_f64;
        for seed in 0..2000 {
            let (k, x) = (2 + seed % 40, (12.0 * uniform(seed, 900) - 6.0).exp());
            let (y, v) = unit(seed, k, x);
            let mut cells: Vec<Cell<Scalar, 1>> = vec![[[0.0]; 3]; y.len()];
            let mut tile = Tile { lanes: l, cells: &mut cells, q_at_solution: false };
            let source = Source::Rows(Rows { y: &y, v: &v, stride: 1, at: 0, ahead: 0 });
            let near = tile.read_all::<{ missing::NONE }, false>(source).mean;
            let (weighted, residuals) = tile.sums::<{ want::Q }>([x]);
            let ([moved], [q]) = (l.sub(weighted.mean, near), residuals.q);
            let ratio = moved * moved * weighted.s1[0] / (2.0 * k as f64 * q);
            assert!(ratio <= 1.0 + 1e-9, "{seed}: {ratio}");
            largest = largest.max(ratio);
            let (_, nearby) = tile.sums_near::<{ want::Q }>([x], near);
            // What is taken away, at most 2k times what is left, is rounded four times.
            assert!((nearby.q[0] / q - 1.0).abs() <= 8.0 * k as f64 * f64::EPSILON, "{seed}: {} {q}", nearby.q[0]);
        }
        // Such effects are the worst there are.
        assert!(largest > 0.2, "{largest}");
    }
}
