//! Tiles that are at work at the same time, each in a room of its own.

use super::super::input::BatchInput;
use super::places::Place;
use super::tile::{Cell, Rows, Source};
use super::{fast, locate};
use pulp::Simd;

/// The place of no unit.
const NOWHERE: Place = Place { at: 0, here: 0, fresh: 0 };

/// A tile on its way.
pub(super) struct Going<'m, S: Simd, const N: usize> {
    pub(super) place: Place,
    /// Room for the studies of any tile.
    room: &'m mut [Cell<S, N>],
    studies: usize,
}

impl<'m, S: Simd, const N: usize> Going<'m, S, N> {
    /// Rooms without a tile: no studies, and no units to store.
    #[inline(always)]
    pub(super) fn rooms<const ROOMS: usize>(memory: &'m mut Vec<f64>, studies: usize) -> [Self; ROOMS] {
        let mut rooms = fast::<S, N>(memory, ROOMS * studies).chunks_exact_mut(studies.max(1));
        [(); ROOMS].map(|()| Self { place: NOWHERE, room: rooms.next().unwrap_or_default(), studies: 0 })
    }

    /// Begins with the tile at a place of the run that begins with unit `first`, or with none. Where its studies are.
    #[inline(always)]
    pub(super) fn begin<'i>(
        &mut self,
        place: Option<Place>,
        (input, first, prefetch): (&BatchInput<'i>, usize, bool),
        gathered: &'i mut Vec<f64>,
    ) -> Source<'i> {
        let (source, studies) = match place {
            Some(Place { at, here, .. }) => locate::<S, N>(input, ((first + at, here), prefetch), gathered),
            None => (NOTHING, 0),
        };
        self.place = place.unwrap_or(NOWHERE);
        self.studies = studies;
        source
    }

    #[inline(always)]
    pub(super) fn is_tile(&self) -> bool {
        self.place.here > 0
    }

    #[inline(always)]
    pub(super) fn cells(&mut self) -> &mut [Cell<S, N>] {
        self.room.get_mut(..self.studies).unwrap_or_default()
    }
}

/// Where no tile is read from.
pub(super) const NOTHING: Source<'static> = Source::Rows(Rows { y: &[], v: &[], stride: 0, at: 0, ahead: 0 });
