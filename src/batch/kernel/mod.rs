//! From effects and variances to the numbers that everything else follows from, many units at once.
//!
//! A tile of units is read once into fast memory; every further sum runs over it study after study, one unit per lane of the
//! vectors. Lanes never mix, so a unit's numbers depend on nothing but its studies and their order.

mod fit;
mod going;

mod likelihood;
mod moment;
mod nearby;
mod places;
#[cfg(feature = "prefetch")]
mod prefetch;
pub(in crate::batch) mod proof;

pub(in crate::batch) mod solve;
pub(in crate::batch) mod tile;

use super::InstructionSet;
use super::UnitFlags;
use super::input::{ABSENT, BatchInput, Layout, range};
use crate::num::lanes::{Lanes, Num, flat};
use crate::tau2::Tau2;
use fit::{Heterogeneity, Mean};
use places::{LINE, Place, Places};
use pulp::{Simd, WithSimd};
use tile::{Cell, Rows, Source, Tile, missing};

/// What one unit yields before anything is said about probabilities.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) mu: f64,
    pub(super) se: f64,
    pub(super) tau2: f64,
    pub(super) q: f64,
    pub(super) i2: f64,
    /// The Hartung-Knapp standard error; NaN or 0 if there is none.
    pub(super) hk_se: f64,
    pub(super) flags: UnitFlags,
}

impl Unit {
    pub(super) fn failed(flags: UnitFlags) -> Self {
        let nan = f64::NAN;
        Self { mu: nan, se: nan, tau2: nan, q: nan, i2: nan, hk_se: nan, flags }
    }
}

/// The estimators that have a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    Common,
    DerSimonianLaird,
    Hedges,
    SidikJonkman,
    PauleMandel,
    Reml,
    MaximumLikelihood,
}

impl Kernel {
    pub(super) fn of(method: Tau2) -> Option<Self> {
        match method {
            Tau2::DerSimonianLaird => Some(Self::DerSimonianLaird),
            Tau2::Hedges => Some(Self::Hedges),
            Tau2::SidikJonkman => Some(Self::SidikJonkman),
            Tau2::PauleMandel => Some(Self::PauleMandel),
            Tau2::Reml => Some(Self::Reml),
            Tau2::MaximumLikelihood => Some(Self::MaximumLikelihood),
            _ => None,
        }
    }
}

/// What the kernel is to compute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) kernel: Kernel,
    pub(super) i2: bool,
    pub(super) hk_se: bool,
    /// Whether rows of memory that come next are asked for ahead of time.
    pub(super) prefetch: bool,
}

/// The kernel's columns for a run of units. One that is not wanted is empty.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) units: usize,
    pub(super) mu: &'a mut [f64],
    pub(super) se: &'a mut [f64],
    pub(super) tau2: &'a mut [f64],
    pub(super) q: &'a mut [f64],
    pub(super) i2: &'a mut [f64],
    pub(super) hk_se: &'a mut [f64],
    pub(super) count: &'a mut [u32],
}

/// Memory of the kernel, kept between runs.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The cells of the tiles that are at work.
    cells: Vec<f64>,
    /// A tile gathered from a layout that is not study-major.
    gathered: Vec<f64>,
    /// Units that the kernel leaves to the careful path, by their place in the run.
    pub(super) lost: Vec<usize>,
}

impl Memory {
    /// How many numbers there is room for.
    pub(super) fn size(&self) -> usize {
        self.cells.capacity() + self.gathered.capacity()
    }
}

/// Fits units `first..first + columns.units`, except those listed in `memory.lost` at the end.
pub(super) fn run(
    set: InstructionSet,
    request: Request,
    input: &BatchInput<'_>,
    first: usize,
    columns: &mut Columns<'_>,
    memory: &mut Memory,
) {
    memory.lost.clear();
    if !request.prefetch {
        bring(input, first..first + columns.units);
    }
    set.dispatch(Run { request, input, first, columns, memory });
}

/// Bytes of a batch that may still be in a cache.
const MAY_BE_CACHED: usize = 1 << 20;
/// Bytes that stay in a cache until they are needed.
const STAY_CACHED: usize = 1 << 21;

/// Rows that are read at the same time.
const TOGETHER: usize = 8;

/// Reads one number of each line of these units, a few rows at a time: memory that is read in its order comes several times as fast as
/// what tile after tile asks for, and from several places faster than from one.
fn bring(input: &BatchInput<'_>, units: std::ops::Range<usize>) {
    let bytes = |units: usize| units * input.studies() * 2 * size_of::<f64>();
    if bytes(input.units()) <= MAY_BE_CACHED || bytes(units.len()) > STAY_CACHED {
        return;
    }
    let row = |i: usize| {
        let (study, of_variances) = (i / 2, i & 1 == 1);
        match input.layout {
            Layout::StudyMajor { y, v, stride, .. } => {
                let here = study * stride + units.start..study * stride + units.end;
                if of_variances { v.get(here) } else { y.get(here) }
            }
            Layout::Columns { y, v } => if of_variances { v } else { y }.get(study)?.get(units.clone()),
            Layout::UnitMajor { .. } | Layout::Ragged { .. } => None,
        }
    };
    let mut sums = [0.0; TOGETHER];
    for first in (0..2 * input.studies()).step_by(TOGETHER) {
        let rows: [&[f64]; TOGETHER] = std::array::from_fn(|i| row(first + i).unwrap_or_default());
        for at in (0..units.len()).step_by(LINE / size_of::<f64>()) {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                *sum += row.get(at).copied().unwrap_or_default();
            }
        }
    }
    std::hint::black_box(sums);
}

/// How many units before it is read a unit is asked for.
const AHEAD: usize = 64;

struct Run<'a, 'b, 'c> {
    request: Request,
    input: &'a BatchInput<'b>,
    first: usize,
    columns: &'a mut Columns<'c>,
    memory: &'a mut Memory,
}

impl WithSimd for Run<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // One width for any number of studies: a second one, for tiles of hundreds of studies, doubles the time to compile.
        let lanes = Lanes::<S, 1>::new(simd);
        match self.request.kernel {
            Kernel::Common | Kernel::DerSimonianLaird => self.moments(lanes),
            Kernel::Reml | Kernel::MaximumLikelihood => self.likelihoods(lanes),
            // Two vectors at a time hide what each waits for.
            _ if const { S::F64_LANES > 1 } => self.tiles(Lanes::<S, 2>::new(simd)),
            _ => self.tiles(lanes),
        }
    }
}

impl Run<'_, '_, '_> {
    /// One tile after the other.
    #[inline(always)]
    fn tiles<S: Simd, const N: usize>(self, lanes: Lanes<S, N>) {
        let Self { request, input, first, columns, memory } = self;
        let Memory { cells, gathered, lost } = memory;
        let cells = fast::<S, N>(cells, input.studies());
        let mut missing = missing::NONE;
        for place in Places::new(input, first, columns.units, Lanes::<S, N>::WIDTH) {
            let at = (first + place.at, place.here);
            let (source, studies) = locate::<S, N>(input, (at, request.prefetch), gathered);
            let cells = cells.get_mut(..studies).unwrap_or_default();
            let mut tile = Tile { lanes, cells, q_at_solution: false };
            let (heterogeneity, mean) = tile.fit(source, request, &mut missing);
            heterogeneity.store(lanes, place, columns, lost);
            mean.store(place, columns);
        }
    }
}

/// `count` cells from the start of a line of the cache on.
#[inline(always)]
fn fast<S: Simd, const N: usize>(memory: &mut Vec<f64>, count: usize) -> &mut [Cell<S, N>] {
    let size = count * size_of::<Cell<S, N>>() / size_of::<f64>();
    memory.resize(memory.len().max(size + LINE / size_of::<f64>()), 0.0);
    let skip = (LINE - memory.as_ptr().addr() % LINE) % LINE / size_of::<f64>();
    let vectors = S::as_mut_simd_f64s(memory.get_mut(skip..skip + size).unwrap_or_default()).0;
    vectors.as_chunks_mut::<N>().0.as_chunks_mut::<3>().0
}

/// Where the studies of `here` units from `at` on are, and how many rows; gathered if they do not lie in rows.
#[inline(always)]
fn locate<'m, S: Simd, const N: usize>(
    input: &BatchInput<'m>,
    ((at, here), prefetch): ((usize, usize), bool),
    memory: &'m mut Vec<f64>,
) -> (Source<'m>, usize) {
    let width = Lanes::<S, N>::WIDTH;
    let ahead = if prefetch { AHEAD } else { 0 };
    if let Some(source) = in_place(input, (at, ahead), here == width) {
        return (source, input.studies());
    }
    let studies = match input.layout {
        Layout::Ragged { offsets, .. } => (at..at + here).map(|unit| range(offsets, unit).len()).max().unwrap_or(0),
        _ => input.studies(),
    };
    if let (1, Some((y, v))) = (width, input.unit(at)) {
        return (Source::Rows(Rows { y, v, stride: 1, at: 0, ahead: 0 }), studies);
    }
    ask_for_units(input, (at + ahead, here), prefetch);
    let (y, v) = gather(input, (at, here), (studies, width), memory);
    (Source::Rows(Rows { y, v, stride: width, at: 0, ahead: 0 }), studies)
}

/// Where the kernel can read a tile without moving it.
#[inline(always)]
pub(super) fn in_place<'a>(input: &BatchInput<'a>, (at, ahead): (usize, usize), whole: bool) -> Option<Source<'a>> {
    if input.missing.is_some() || !whole {
        return None;
    }
    match input.layout {
        Layout::StudyMajor { y, v, stride, .. } => Some(Source::Rows(Rows { y, v, stride, at, ahead })),
        Layout::Columns { y, v } => Some(Source::Columns(tile::Columns { y, v, at, ahead })),
        Layout::UnitMajor { .. } | Layout::Ragged { .. } => None,
    }
}

/// Asks for units that lie one after the other, which `gather` will want.
#[inline(always)]
fn ask_for_units(input: &BatchInput<'_>, (at, here): (usize, usize), wanted: bool) {
    #[cfg(feature = "prefetch")]
    if wanted {
        let end = (at + here).min(input.units());
        for (y, v) in (at..end).filter_map(|unit| input.unit(unit)) {
            prefetch::slice(y);
            prefetch::slice(v);
        }
    }
    #[cfg(not(feature = "prefetch"))]
    let _ = (input, at, here, wanted);
}

/// Copies `here` units from `at` on into rows of `width`; what is not there is missing.
#[inline(always)]
pub(super) fn gather<'m>(
    input: &BatchInput<'_>,
    (at, here): (usize, usize),
    (studies, width): (usize, usize),
    memory: &'m mut Vec<f64>,
) -> (&'m [f64], &'m [f64]) {
    let size = studies * width;
    memory.resize(memory.len().max(2 * size), 0.0);
    let (y, v) = memory.split_at_mut(size);
    let v = v.get_mut(..size).unwrap_or_default();
    let mut lane = 0;
    while lane < width {
        let four = |lane: usize| -> Option<[(&[f64], &[f64]); 4]> {
            let unit = |i: usize| if lane + i < here { input.unit(at + lane + i) } else { None };
            Some([unit(0)?, unit(1)?, unit(2)?, unit(3)?])
        };
        if let (true, Some(units)) = (lane + 4 <= width, four(lane)) {
            transpose(units.map(|(y, _)| y), ABSENT.0, (lane, width), y);
            transpose(units.map(|(_, v)| v), ABSENT.1, (lane, width), v);
            lane += 4;
            continue;
        }
        let places = y.iter_mut().skip(lane).step_by(width).zip(v.iter_mut().skip(lane).step_by(width));
        for (study, (to_y, to_v)) in places.enumerate() {
            (*to_y, *to_v) = if lane < here { input.get(at + lane, study) } else { ABSENT };
        }
        lane += 1;
    }
    (y, v)
}

/// Four units into four neighbouring places of rows of `width`, with `padding` where they have no study.
#[inline(always)]
fn transpose(units: [&[f64]; 4], padding: f64, (lane, width): (usize, usize), rows: &mut [f64]) {
    let [a, b, c, d] = units;
    let shortest = a.len().min(b.len()).min(c.len()).min(d.len());
    let mut rows = rows.chunks_exact_mut(width).filter_map(|row| row.get_mut(lane..)?.first_chunk_mut::<4>());
    let blocks = shortest / 4;
    let [fours_a, fours_b, fours_c, fours_d] = units.map(|unit| unit.as_chunks::<4>().0.iter());
    let fours = fours_a.zip(fours_b).zip(fours_c.zip(fours_d));
    for ((a, b), (c, d)) in fours.take(blocks) {
        for i in 0..4 {
            if let Some(row) = rows.next() {
                *row = [a[i], b[i], c[i], d[i]];
            }
        }
    }
    for (study, row) in rows.enumerate() {
        let of = |unit: &[f64]| unit.get(4 * blocks + study).copied().unwrap_or(padding);
        *row = [of(a), of(b), of(c), of(d)];
    }
}

impl<S: Simd, const N: usize> Heterogeneity<S, N> {
    #[inline(always)]
    fn store(&self, l: Lanes<S, N>, place: Place, columns: &mut Columns<'_>, lost: &mut Vec<usize>) {
        let Place { at, here, fresh } = place;
        put::<S, N>(columns.tau2, (at, here), &self.tau2);
        put::<S, N>(columns.q, (at, here), &self.q);
        put::<S, N>(columns.i2, (at, here), &self.i2);
        if let Some(to) = columns.count.get_mut(at..at + here) {
            let counts = flat::<S, N>(&self.count);
            let first = counts.first().copied().unwrap_or_default();
            if l.any(l.not(l.eq(self.count, l.splat(first)))) {
                for (to, count) in to.iter_mut().zip(counts) {
                    *to = *count as u32;
                }
            } else {
                to.fill(first as u32);
            }
        }
        if l.any(self.lost) {
            let marks = l.select(self.lost, l.splat(1.0), l.splat(0.0));
            for (lane, mark) in flat::<S, N>(&marks).iter().enumerate().take(here).skip(fresh) {
                if *mark > 0.0 {
                    lost.push(at + lane);
                }
            }
        }
    }
}

impl<S: Simd, const N: usize> Mean<S, N> {
    #[inline(always)]
    fn store(&self, Place { at, here, .. }: Place, columns: &mut Columns<'_>) {
        put::<S, N>(columns.mu, (at, here), &self.mu);
        put::<S, N>(columns.se, (at, here), &self.se);
        put::<S, N>(columns.hk_se, (at, here), &self.hk_se);
    }
}

#[inline(always)]
fn put<S: Simd, const N: usize>(column: &mut [f64], (place, here): (usize, usize), values: &Num<S, N>) {
    if here < Lanes::<S, N>::WIDTH {
        put_part::<S, N>(column, (place, here), *values);
        return;
    }
    let Some(to) = column.get_mut(place..place + Lanes::<S, N>::WIDTH) else { return };
    for (to, value) in S::as_mut_simd_f64s(to).0.iter_mut().zip(values) {
        *to = *value;
    }
}

/// By value: the numbers of whole tiles then need no place in memory.
#[cold]
#[inline(never)]
fn put_part<S: Simd, const N: usize>(column: &mut [f64], (place, here): (usize, usize), values: Num<S, N>) {
    if let Some(to) = column.get_mut(place..place + here) {
        to.copy_from_slice(flat::<S, N>(&values).get(..here).unwrap_or_default());
    }
}
