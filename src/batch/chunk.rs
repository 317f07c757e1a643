//! A run of units: the kernel fills plain columns, and what was asked for follows from them.

use super::kernel::{self, Columns, Memory, Request, Unit};
use super::plan::Options;
use super::tails::{Critical, HalfWidths, MeanError};
use super::{BatchInput, BatchOutput, BatchSummary, UnitFlags, fallback};
use crate::num::lanes::{NormalTail, Ratios};
use crate::tau2::Workspace;
use crate::tau2::kept::{Kept, with_kept};
use std::cell::Cell;

/// Units whose columns stay in fast memory from the kernel to the last p-value.
const BLOCK: usize = 1024;

/// Memory of one thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    columns: [Vec<f64>; 8],
    count: Vec<u32>,
    y: Vec<f64>,
    v: Vec<f64>,
    workspace: Workspace,
    critical: Critical,
    memory: Memory,
    /// Places and flags of the units that were left to the careful path.
    careful: Vec<(usize, UnitFlags)>,
}

thread_local! {
    /// What the last run on this thread left: a batch of hundreds of units would spend a tenth of its time on memory of its own, and
    /// tails of distributions take microseconds to prepare.
    static KEPT: Kept<Scratch> = const { Cell::new(None) };
}
/// More memory than this, in numbers, is not kept.
const MOST_KEPT: usize = 1 << 17;

impl Scratch {
    /// Runs `work` with the memory of the last run on this thread.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        with_kept(&KEPT, |scratch| scratch.memory.size() > MOST_KEPT, work)
    }
}

/// Which columns are needed, whoever asks for them.
#[derive(Clone, Copy, Debug)]
struct Needs {
    mu: bool,
    se: bool,
    tau2: bool,
    q: bool,
    hk_se: bool,
    count: bool,
}

impl Needs {
    fn of(options: &Options, output: &BatchOutput<'_>) -> Self {
        let prediction = output.prediction_lower.is_some() || output.prediction_upper.is_some();
        let z = output.p.is_some() || output.log10_p.is_some();
        let t = output.hk_p.is_some() || output.hk_log10_p.is_some();
        let flags = output.flags.is_some();
        let of_hk = prediction && options.mean_error == MeanError::HartungKnapp;
        Self {
            mu: z || t || prediction,
            se: z || (prediction && options.mean_error == MeanError::Wald),
            tau2: prediction || flags,
            q: output.q_p.is_some(),
            hk_se: t || flags || of_hk,
            count: t || prediction || output.q_p.is_some(),
        }
    }
}

impl Columns<'_> {
    fn put(&mut self, place: usize, unit: &Unit, count: u32) {
        let numbers = [
            (&mut *self.mu, unit.mu),
            (&mut *self.se, unit.se),
            (&mut *self.tau2, unit.tau2),
            (&mut *self.q, unit.q),
            (&mut *self.i2, unit.i2),
            (&mut *self.hk_se, unit.hk_se),
        ];
        for (column, value) in numbers {
            if let Some(to) = column.get_mut(place) {
                *to = value;
            }
        }
        if let Some(to) = self.count.get_mut(place) {
            *to = count;
        }
    }
}

/// The caller's column, or one of ours if it is needed all the same; else an empty one.
fn column<'a, T: Copy + Default>(
    theirs: Option<&'a mut [T]>,
    needed: bool,
    ours: &'a mut Vec<T>,
    units: usize,
) -> &'a mut [T] {
    match theirs {
        Some(column) => column,
        None if needed => {
            ours.resize(ours.len().max(units), T::default());
            ours.get_mut(..units).unwrap_or_default()
        }
        None => &mut [],
    }
}

/// Computes units `first..first + units` into the columns of `output`, which hold just these.
pub(super) fn run(
    options: &Options,
    input: &BatchInput<'_>,
    (first, units): (usize, usize),
    mut output: BatchOutput<'_>,
    scratch: &mut Scratch,
) -> BatchSummary {
    let mut summary = BatchSummary::default();
    while summary.units < units {
        let here = BLOCK.min(units - summary.units);
        let part = output.take_front(here);
        summary.add(&block(options, input, (first + summary.units, here), part, scratch));
    }
    summary
}

fn block(
    options: &Options,
    input: &BatchInput<'_>,
    (first, units): (usize, usize),
    mut output: BatchOutput<'_>,
    scratch: &mut Scratch,
) -> BatchSummary {
    let Scratch { columns, count, y, v, workspace, critical, memory, careful } = scratch;
    let [mu, se, tau2, q, hk_se, factors, half, unused] = columns;
    let needs = Needs::of(options, &output);
    let request = Request {
        kernel: options.kernel,
        i2: output.i2.is_some(),
        hk_se: needs.hk_se || output.hk_se.is_some(),
        prefetch: options.prefetch,
    };
    let mut columns = Columns {
        units,
        mu: column(output.mu.take(), needs.mu, mu, units),
        se: column(output.se.take(), needs.se, se, units),
        tau2: column(output.tau2.take(), needs.tau2, tau2, units),
        q: column(output.q.take(), needs.q, q, units),
        i2: column(output.i2.take(), false, unused, units),
        hk_se: column(output.hk_se.take(), needs.hk_se, hk_se, units),
        count: column(output.count.take(), needs.count, count, units),
    };
    kernel::run(options.set, request, input, first, &mut columns, memory);
    careful.clear();
    for place in memory.lost.iter().copied() {
        input.gather(first + place, y, v);
        let mut unit = fallback::fit(workspace, y, v, options.method);
        if !(unit.hk_se > 0.0 && unit.hk_se < f64::INFINITY) {
            unit.hk_se = f64::NAN;
        }
        columns.put(place, &unit, y.len() as u32);
        careful.push((place, unit.flags));
    }
    if let Some(flags) = output.flags.take() {
        flag(options, &columns, careful, flags);
    }
    follow(options, &columns, output, (critical, factors, half));
    summarise(units, careful)
}

fn summarise(units: usize, careful: &[(usize, UnitFlags)]) -> BatchSummary {
    let mut summary = BatchSummary { units, ..BatchSummary::default() };
    for (_, flags) in careful {
        summary.failed += usize::from(flags.failed());
        summary.searched += usize::from(flags.contains(UnitFlags::SEARCHED));
        summary.several_maxima += usize::from(flags.contains(UnitFlags::SEVERAL_MAXIMA));
    }
    summary
}

fn flag(options: &Options, columns: &Columns<'_>, careful: &[(usize, UnitFlags)], flags: &mut [UnitFlags]) {
    for (flags, tau2) in flags.iter_mut().zip(columns.tau2.iter()) {
        *flags = if *tau2 <= 0.0 && options.method.is_some() { UnitFlags::AT_ZERO } else { UnitFlags::NONE };
    }
    for (place, of) in careful {
        if let Some(flags) = flags.get_mut(*place) {
            *flags = *of;
        }
    }
    for (flags, hk_se) in flags.iter_mut().zip(columns.hk_se.iter()) {
        flags.set(UnitFlags::NO_VARIATION, hk_se.is_nan() && !flags.failed());
    }
}

/// What follows from the kernel's columns.
fn follow(
    options: &Options,
    columns: &Columns<'_>,
    output: BatchOutput<'_>,
    (critical, factors, half): (&mut Critical, &mut Vec<f64>, &mut Vec<f64>),
) {
    let Columns { units, mu, se, tau2, q, hk_se, count, .. } = columns;
    let (p, log10_p) = (output.p.unwrap_or_default(), output.log10_p.unwrap_or_default());
    NormalTail.of_ratios(options.set, Ratios { of: mu, by: se, p, log10_p });
    if let Some(out) = output.q_p {
        critical.chi_squared_p(options.set, q, count, out);
    }
    if output.hk_p.is_some() || output.hk_log10_p.is_some() {
        let (p, log10_p) = (output.hk_p.unwrap_or_default(), output.hk_log10_p.unwrap_or_default());
        critical.student_p(options.set, Ratios { of: mu, by: hk_se, p, log10_p }, count);
    }
    if output.prediction_lower.is_none() && output.prediction_upper.is_none() {
        return;
    }
    if options.method.is_none() {
        // One true effect for all leaves nothing to predict.
        [output.prediction_lower, output.prediction_upper].into_iter().flatten().for_each(|out| out.fill(f64::NAN));
        return;
    }
    let factors = column(None, true, factors, *units);
    let half = column(None, true, half, *units);
    critical.fill((options.prediction, options.level), count, factors);
    let se = match options.mean_error {
        MeanError::None => &[][..],
        MeanError::Wald => se,
        MeanError::HartungKnapp => hk_se,
    };
    HalfWidths { tau2, se, critical: factors, half }.compute(options.set);
    let numbers = || mu.iter().zip(half.iter());
    if let Some(out) = output.prediction_lower {
        out.iter_mut().zip(numbers()).for_each(|(out, (mu, half))| *out = mu - half);
    }
    if let Some(out) = output.prediction_upper {
        out.iter_mut().zip(numbers()).for_each(|(out, (mu, half))| *out = mu + half);
    }
}
