//! From effects and variances to the numbers that everything else follows from, many units at once.
//!
//! A tile of units is read once into fast memory; every further sum runs over it study after study, one unit per lane of the
//! vectors. Lanes never mix, so a unit's numbers depend on nothing but its studies and their order.

mod fit;
mod lanes;
mod proof;
mod tile;

use super::InstructionSet;
use super::UnitFlags;
use super::input::{BatchInput, Layout, range};
use crate::tau2::Tau2;
use fit::Fitted;
use lanes::{Lanes, Num};
use pulp::{Simd, WithSimd};
use tile::{Cell, Source, Tile};

/// What one unit yields before anything is said about probabilities.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) mu: f64,
    pub(super) se: f64,
    pub(super) tau2: f64,
    pub(super) q: f64,
    pub(super) i2: f64,
    /// The generalised Q at tau2.
    pub(super) q_at: f64,
    pub(super) flags: UnitFlags,
}

impl Unit {
    pub(super) fn failed(flags: UnitFlags) -> Self {
        let nan = f64::NAN;
        Self { mu: nan, se: nan, tau2: nan, q: nan, i2: nan, q_at: nan, flags }
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
    /// Whether Q at tau2 is needed.
    pub(super) q_at: bool,
}

/// The kernel's columns for a run of units.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) mu: &'a mut [f64],
    pub(super) se: &'a mut [f64],
    pub(super) tau2: &'a mut [f64],
    pub(super) q: &'a mut [f64],
    pub(super) i2: &'a mut [f64],
    pub(super) q_at: &'a mut [f64],
    pub(super) flags: &'a mut [UnitFlags],
    pub(super) count: &'a mut [u32],
}

/// Memory of the kernel, kept between runs.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// A tile gathered from a layout that is not study-major.
    gathered: Vec<f64>,
    /// Units that the kernel leaves to the careful path, by their place in the run.
    pub(super) lost: Vec<usize>,
}

/// Fits units `first..first + columns.mu.len()`, except those listed in `memory.lost` at the end.
pub(super) fn run(
    set: InstructionSet,
    request: Request,
    input: &BatchInput<'_>,
    first: usize,
    columns: &mut Columns<'_>,
    memory: &mut Memory,
) {
    memory.lost.clear();
    set.dispatch(Run { request, input, first, columns, memory });
}

/// Bytes of a tile that fast memory holds next to everything else.
const TILE: usize = 36 * 1024;
/// Numbers per study and unit in a tile.
const CELL: usize = 3 * size_of::<f64>();

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
        let bytes = |n: usize| self.input.studies() * CELL * n * S::F64_LANES;
        let likelihood = matches!(self.request.kernel, Kernel::Reml | Kernel::MaximumLikelihood);
        if const { S::F64_LANES > 1 } {
            if bytes(4) <= TILE && !likelihood {
                self.tiles(Lanes::<S, 4>::new(simd));
            } else {
                self.tiles(Lanes::<S, 2>::new(simd));
            }
        } else {
            self.tiles(Lanes::<S, 1>::new(simd));
        }
    }
}

impl Run<'_, '_, '_> {
    #[inline(always)]
    fn tiles<S: Simd, const N: usize>(self, lanes: Lanes<S, N>) {
        let Self { request, input, first, columns, memory } = self;
        let width = Lanes::<S, N>::WIDTH;
        let units = columns.mu.len();
        let mut cells = vec![Cell::empty(lanes); input.studies()];
        let mut missing = false;
        let mut place = 0;
        while place < units {
            let here = width.min(units - place);
            let at = first + place;
            let source = in_place(input, at, here == width);
            let studies = match input.layout {
                Layout::Ragged { offsets, .. } => {
                    (at..at + here).map(|unit| range(offsets, unit).len()).max().unwrap_or(0)
                }
                _ => input.studies(),
            };
            let mut tile = Tile { lanes, cells: cells.get_mut(..studies).unwrap_or(&mut []) };
            let fitted = match source {
                Some(source) => tile.fit(source, request, &mut missing),
                None => {
                    let (y, v) = gather(input, (at, here), (studies, width), &mut memory.gathered);
                    tile.fit(Source::Rows { y, v, stride: width, at: 0 }, request, &mut missing)
                }
            };
            store(lanes, &fitted, (place, here), columns, &mut memory.lost);
            place += here;
        }
    }
}

/// Where the kernel can read a tile without moving it.
#[inline(always)]
fn in_place<'a>(input: &BatchInput<'a>, at: usize, whole: bool) -> Option<Source<'a>> {
    if input.missing.is_some() || !whole {
        return None;
    }
    match input.layout {
        Layout::StudyMajor { y, v, stride, .. } => Some(Source::Rows { y, v, stride, at }),
        Layout::Columns { y, v } => Some(Source::Columns { y, v, at }),
        Layout::UnitMajor { .. } | Layout::Ragged { .. } => None,
    }
}

/// Copies `here` units from `at` on into rows of `width`; what is not there is missing.
fn gather<'m>(
    input: &BatchInput<'_>,
    (at, here): (usize, usize),
    (studies, width): (usize, usize),
    memory: &'m mut Vec<f64>,
) -> (&'m [f64], &'m [f64]) {
    let size = studies * width;
    memory.resize(2 * size, 0.0);
    let (y, v) = memory.split_at_mut(size);
    y.fill(0.0);
    v.fill(f64::INFINITY);
    for lane in 0..here {
        let places = y.iter_mut().skip(lane).step_by(width).zip(v.iter_mut().skip(lane).step_by(width));
        match input.unit(at + lane) {
            Some((effects, variances)) => {
                for ((to_y, to_v), (effect, variance)) in places.zip(effects.iter().zip(variances)) {
                    (*to_y, *to_v) = (*effect, *variance);
                }
            }
            None => {
                for (study, (to_y, to_v)) in places.enumerate() {
                    (*to_y, *to_v) = input.get(at + lane, study);
                }
            }
        }
    }
    (y, v)
}

#[inline(always)]
fn store<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    fitted: &Fitted<S, N>,
    (place, here): (usize, usize),
    columns: &mut Columns<'_>,
    lost: &mut Vec<usize>,
) {
    put::<S, N>(columns.mu, (place, here), &fitted.mu);
    put::<S, N>(columns.se, (place, here), &fitted.se);
    put::<S, N>(columns.tau2, (place, here), &fitted.tau2);
    put::<S, N>(columns.q, (place, here), &fitted.q);
    put::<S, N>(columns.i2, (place, here), &fitted.i2);
    put::<S, N>(columns.q_at, (place, here), &fitted.q_at);
    let mut numbers = [0.0; 64];
    put::<S, N>(&mut numbers, (0, Lanes::<S, N>::WIDTH), &fitted.count);
    for (to, count) in columns.count.iter_mut().skip(place).take(here).zip(&numbers) {
        *to = *count as u32;
    }
    if l.any(fitted.lost) {
        let marks = l.select(fitted.lost, l.splat(1.0), l.splat(0.0));
        put::<S, N>(&mut numbers, (0, Lanes::<S, N>::WIDTH), &marks);
        for (lane, mark) in numbers.iter().enumerate().take(here) {
            if *mark > 0.0 {
                lost.push(place + lane);
            }
        }
    }
}

#[inline(always)]
fn put<S: Simd, const N: usize>(column: &mut [f64], (place, here): (usize, usize), values: &Num<S, N>) {
    let Some(to) = column.get_mut(place..place + here) else { return };
    if here == Lanes::<S, N>::WIDTH {
        for (to, value) in S::as_mut_simd_f64s(to).0.iter_mut().zip(values) {
            *to = *value;
        }
    } else {
        to.copy_from_slice(flat::<S, N>(values).get(..here).unwrap_or_default());
    }
}

/// The lanes one by one.
#[inline(always)]
fn flat<S: Simd, const N: usize>(values: &Num<S, N>) -> &[f64] {
    pulp::bytemuck::cast_slice(values)
}
