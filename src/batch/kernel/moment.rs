//! The common effect and the DerSimonian-Laird estimator: tiles one behind the other.
//!
//! Nothing here is searched, so every tile takes the same way: it is read, its residuals are summed, then its weights at tau2, and
//! for a Hartung-Knapp error the residuals there. One loop over the studies does each of these for another tile. What a tile waits
//! for at the end of a sum, two or three divisions in a row, is hidden by the others.

use super::fit::{Known, Origin};
use super::going::{Going, NOTHING};
use super::places::Places;
use super::tile::{
    Cell, First, Four, Pass, Read, Residuals, Source, TakeResiduals, TakeWeights, Three, Tile, Two, Weighted, want,
};
use super::{Kernel, Memory, Run};
use crate::num::lanes::{Lanes, Num};
use pulp::Simd;

/// Sums over four tiles, the youngest first.
struct Sums<S: Simd, const N: usize> {
    read: First<S, N>,
    residuals: Residuals<S, N>,
    weighted: Weighted<S, N>,
    /// For a Hartung-Knapp error.
    at_tau2: Residuals<S, N>,
}

/// Reads a tile of `cells.len()` studies, the first, and goes through the others: residuals of the second, whose mean is `at.0`, weights
/// of the third at tau2 = `at.1`, and if `HK` residuals of the fourth, whose mean is `at.2`.
#[inline(always)]
fn sums<S: Simd, const N: usize, const MISSING: bool, const HK: bool>(
    l: Lanes<S, N>,
    source: Source<'_>,
    [first, second, third, fourth]: [&mut [Cell<S, N>]; 4],
    (mean, tau2, mean_at_tau2): (Num<S, N>, Num<S, N>, Num<S, N>),
) -> Sums<S, N> {
    let first_pass = Read::<S, N, MISSING, false>::new(l, source, first.len());
    let second_pass = TakeResiduals::<S, N, { want::Q }>::new(l, mean);
    let fourth_pass = TakeResiduals::<S, N, { want::Q }>::new(l, mean_at_tau2);
    if HK {
        // The residuals at tau2 need the weights there.
        let third_pass = TakeWeights::<S, N, { want::Q }>::new(l, tau2);
        let four = Four { first, first_pass, second, second_pass, third, third_pass, fourth, fourth_pass };
        let (read, residuals, weighted, at_tau2) = l.run(four);
        Sums { read, residuals, weighted, at_tau2 }
    } else {
        let third_pass = TakeWeights::<S, N, 0>::new(l, tau2);
        let three = Three { first, first_pass, second, second_pass, third, third_pass };
        let (read, residuals, weighted) = l.run(three);
        Sums { read, residuals, weighted, at_tau2: fourth_pass.end() }
    }
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
        let mut missing = false;
        let [mut youngest, mut second] = Going::<S, N>::rooms(cells, input.studies());
        let mut known = Known::new(l, &Read::<S, N, false, false>::new(l, NOTHING, 0).end(), request.kernel);
        let mut places = Places::new(input, first, columns.units, Lanes::<S, N>::WIDTH);
        loop {
            let source = youngest.begin(places.next(), (input, first, request.prefetch), gathered);
            if !youngest.is_tile() && !second.is_tile() {
                break;
            }
            let residuals = TakeResiduals::<S, N, { want::Q }>::new(l, known.mean);
            let (mine, theirs) = (youngest.cells(), second.cells());
            let (read, residuals) = if missing {
                let first_pass = Read::<S, N, true, false>::new(l, source, mine.len());
                l.run(Two { first: mine, second: theirs, first_pass, second_pass: residuals })
            } else {
                let first_pass = Read::<S, N, false, false>::new(l, source, mine.len());
                l.run(Two { first: mine, second: theirs, first_pass, second_pass: residuals })
            };
            known.heterogeneity(l, residuals.q, request).store(l, second.place, columns, lost);
            let mean = Origin::of(&known).mean(l, (known.mean, known.inverse), residuals.q, request);
            mean.store(second.place, columns);
            let read = Tile { lanes: l, cells: youngest.cells() }.checked::<false>(source, read, &mut missing);
            known = Known::new(l, &read, request.kernel);
            std::mem::swap(&mut youngest, &mut second);
        }
    }

    #[inline(always)]
    fn dersimonian_laird<S: Simd, const N: usize, const HK: bool>(self, l: Lanes<S, N>) {
        let Self { request, input, first, columns, memory } = self;
        let Memory { cells, gathered, lost } = memory;
        let mut missing = false;
        let [mut youngest, mut second, mut third, mut fourth] = Going::<S, N>::rooms(cells, input.studies());
        // What is known of the second tile, the third and the fourth.
        let mut known = Known::new(l, &Read::<S, N, false, false>::new(l, NOTHING, 0).end(), request.kernel);
        let (mut tau2, mut origin) = (l.splat(0.0), Origin::of(&known));
        let (mut mean, mut inverse, mut last_origin) = (tau2, tau2, origin);
        let mut places = Places::new(input, first, columns.units, Lanes::<S, N>::WIDTH);
        loop {
            let source = youngest.begin(places.next(), (input, first, request.prefetch), gathered);
            if !(youngest.is_tile() || second.is_tile() || third.is_tile() || fourth.is_tile()) {
                break;
            }
            let cells = [youngest.cells(), second.cells(), third.cells(), fourth.cells()];
            let at = (known.mean, tau2, mean);
            let sums = if missing {
                sums::<S, N, true, HK>(l, source, cells, at)
            } else {
                sums::<S, N, false, HK>(l, source, cells, at)
            };
            if HK {
                last_origin.mean(l, (mean, inverse), sums.at_tau2.q, request).store(fourth.place, columns);
                (mean, inverse, last_origin) = (sums.weighted.mean, sums.weighted.inverse, origin);
            } else {
                let Weighted { mean, inverse, .. } = sums.weighted;
                origin.mean(l, (mean, inverse), inverse, request).store(third.place, columns);
            }
            let heterogeneity = known.heterogeneity(l, sums.residuals.q, request);
            heterogeneity.store(l, second.place, columns, lost);
            (tau2, origin) = (heterogeneity.tau2, Origin::of(&known));
            let read = Tile { lanes: l, cells: youngest.cells() }.checked::<false>(source, sums.read, &mut missing);
            known = Known::new(l, &read, request.kernel);
            // The oldest room is free again.
            if HK {
                std::mem::swap(&mut third, &mut fourth);
            }
            std::mem::swap(&mut second, &mut third);
            std::mem::swap(&mut youngest, &mut second);
        }
    }
}
