//! REML and maximum likelihood: two tiles at work in turn.
//!
//! Between two sums over the studies of a tile lie some twenty operations that wait for one another, divisions among them; the machine
//! fills that time with the sums of the other tile. A tile that is done makes room for the next, whatever the other is at.

use super::fit::{Known, Origin, ground, score_of};
use super::going::Going;
use super::places::{Place, Places};
use super::solve::Search;
use super::tile::{Residuals, Source, Tile, Weighted, missing, want};
use super::{Columns, Kernel, Memory, Request, Run};
use crate::num::lanes::{Lanes, Num};
use pulp::Simd;

/// Tiles that are at work.
const ROOMS: usize = 2;

/// What is known of a tile at work.
// Vectors that lie across two lines of the cache are slow to write and to read again.
#[repr(align(64))]
struct Work<S: Simd, const N: usize> {
    known: Known<S, N>,
    /// Q at tau2 = 0.
    q: Num<S, N>,
    search: Search<S, N, (Weighted<S, N>, Residuals<S, N>)>,
}

impl<S: Simd, const N: usize> Work<S, N> {
    /// Reads a tile.
    #[inline(always)]
    fn begin(tile: &mut Tile<'_, S, N>, source: Source<'_>, kernel: Kernel, missing: &mut u32) -> Self {
        let l = tile.lanes;
        let restricted = kernel == Kernel::Reml;
        let start = tile.start::<{ want::Q | want::F | want::SLOPES | want::RSS }, true>(source, kernel, missing);
        let sums = start.sums();
        let origin = score_of(l, (l.splat(0.0), restricted), &sums.0, &sums.1);
        let search = Search::new(l, (&ground(l, &start), restricted), (&origin, sums));
        Self { known: start.known, q: start.at_zero.q, search }
    }

    #[inline(always)]
    fn store(
        &self,
        tile: &mut Tile<'_, S, N>,
        place: Place,
        request: Request,
        (columns, lost): (&mut Columns<'_>, &mut Vec<usize>),
    ) {
        let l = tile.lanes;
        let (tau2, (inverse, mean, q_at), kept) = self.search.result(tile);
        self.known.results(l, self.q, (tau2, kept), request).store(l, place, columns, lost);
        Origin::of(&self.known).mean(l, (mean, inverse), q_at, request).store(place, columns);
    }
}

impl Run<'_, '_, '_> {
    /// Tiles in turn, until the last one is through.
    #[inline(always)]
    pub(super) fn likelihoods<S: Simd, const N: usize>(self, l: Lanes<S, N>) {
        let Self { request, input, first, columns, memory } = self;
        let Memory { cells, gathered, lost } = memory;
        let mut missing = missing::NONE;
        let mut rooms = Going::<S, N>::rooms::<ROOMS>(cells, input.studies());
        let mut works = [(); ROOMS].map(|()| None::<Work<S, N>>);
        let mut places = Places::new(input, first, columns.units, Lanes::<S, N>::WIDTH);
        let mut idle = false;
        while !idle {
            idle = true;
            for (room, work) in rooms.iter_mut().zip(&mut works) {
                if let Some(going) = work {
                    idle = false;
                    let place = room.place;
                    let mut tile = Tile { lanes: l, cells: room.cells(), q_at_solution: request.hk_se };
                    if !going.search.go_on(&mut tile) {
                        continue;
                    }
                    going.store(&mut tile, place, request, (columns, lost));
                    *work = None;
                }
                if let Some(place) = places.next() {
                    idle = false;
                    let source = room.begin(Some(place), (input, first, request.prefetch), gathered);
                    let mut tile = Tile { lanes: l, cells: room.cells(), q_at_solution: request.hk_se };
                    *work = Some(Work::begin(&mut tile, source, request.kernel, &mut missing));
                }
            }
        }
    }
}
