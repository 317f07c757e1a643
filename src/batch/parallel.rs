//! Parts of a batch on all threads.

use super::BatchSummary;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Units from `first` on, as many as there are in `columns`.
#[derive(Debug)]
pub(super) struct Part<C> {
    pub(super) first: usize,
    pub(super) units: usize,
    pub(super) columns: C,
}

/// Cuts `units` into parts of `chunk`; `take_front` cuts the columns.
pub(super) fn parts<C>(units: usize, chunk: usize, mut take_front: impl FnMut(usize) -> C) -> Vec<Part<C>> {
    let chunk = chunk.max(1);
    let part = |place: usize| {
        let first = place * chunk;
        let units = chunk.min(units - first);
        Part { first, units, columns: take_front(units) }
    };
    (0..units.div_ceil(chunk)).map(part).collect()
}

/// Works on all parts, in any order, each thread with memory of its own. After each, `progress` is told how many units are done; if it
/// breaks, parts not begun are left.
pub(super) fn run<C: Send, M: Default>(
    parts: Vec<Part<C>>,
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    work: impl Fn(&mut M, Part<C>) -> BatchSummary + Sync + Send,
) -> BatchSummary {
    let (done, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one = |memory: &mut M, part: Part<C>| {
        if stopped.load(Ordering::Relaxed) {
            return BatchSummary { cancelled: true, ..BatchSummary::default() };
        }
        let summary = work(memory, part);
        let total = done.fetch_add(summary.units, Ordering::Relaxed) + summary.units;
        if progress(total).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
        summary
    };
    let both = |mut a: BatchSummary, b: BatchSummary| {
        a.add(&b);
        a
    };
    parts.into_par_iter().map_init(M::default, one).reduce(BatchSummary::default, both)
}
