//! A run of units: the kernel fills plain columns, and what was asked for follows from them.

use super::kernel::{self, Columns, Memory, Unit};
use super::plan::Options;
use super::tails::{self, Critical, Form, MeanError};
use super::{BatchInput, BatchOutput, BatchSummary, UnitFlags, fallback};
use crate::tau2::Workspace;

/// Memory of one thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    columns: Vec<f64>,
    flags: Vec<UnitFlags>,
    count: Vec<u32>,
    y: Vec<f64>,
    v: Vec<f64>,
    workspace: Workspace,
    critical: Critical,
    memory: Memory,
}

impl Columns<'_> {
    fn put(&mut self, place: usize, unit: &Unit, count: u32) {
        let numbers = [
            (&mut *self.mu, unit.mu),
            (&mut *self.se, unit.se),
            (&mut *self.tau2, unit.tau2),
            (&mut *self.q, unit.q),
            (&mut *self.i2, unit.i2),
            (&mut *self.q_at, unit.q_at),
        ];
        for (column, value) in numbers {
            if let Some(to) = column.get_mut(place) {
                *to = value;
            }
        }
        if let Some(to) = self.flags.get_mut(place) {
            *to = unit.flags;
        }
        if let Some(to) = self.count.get_mut(place) {
            *to = count;
        }
    }
}

/// Whether a column that is wanted needs Q at tau2.
fn wants_q_at(options: &Options, output: &BatchOutput<'_>) -> bool {
    let prediction = output.prediction_lower.is_some() || output.prediction_upper.is_some();
    let hartung_knapp = output.hk_se.is_some() || output.hk_p.is_some() || output.hk_log10_p.is_some();
    hartung_knapp || output.flags.is_some() || (prediction && options.mean_error == MeanError::HartungKnapp)
}

/// Computes units `first..first + units` into the columns of `output`, which hold just these.
pub(super) fn run(
    options: &Options,
    input: &BatchInput<'_>,
    (first, units): (usize, usize),
    mut output: BatchOutput<'_>,
    scratch: &mut Scratch,
) -> BatchSummary {
    let Scratch { columns, flags, count, y, v, workspace, critical, memory } = scratch;
    columns.resize(6 * units, 0.0);
    flags.resize(units, UnitFlags::NONE);
    count.resize(units, 0);
    let (mu, rest) = columns.split_at_mut(units);
    let (se, rest) = rest.split_at_mut(units);
    let (tau2, rest) = rest.split_at_mut(units);
    let (q, rest) = rest.split_at_mut(units);
    let (i2, q_at) = rest.split_at_mut(units);
    let mut columns = Columns {
        mu: output.mu.take().unwrap_or(mu),
        se: output.se.take().unwrap_or(se),
        tau2: output.tau2.take().unwrap_or(tau2),
        q: output.q.take().unwrap_or(q),
        i2: output.i2.take().unwrap_or(i2),
        q_at,
        flags: output.flags.take().unwrap_or(flags),
        count: output.count.take().unwrap_or(count),
    };
    let request = kernel::Request { kernel: options.kernel, q_at: wants_q_at(options, &output) };
    kernel::run(options.set, request, input, first, &mut columns, memory);
    for (flags, tau2) in columns.flags.iter_mut().zip(columns.tau2.iter()) {
        *flags = if *tau2 <= 0.0 && options.method.is_some() { UnitFlags::AT_ZERO } else { UnitFlags::NONE };
    }
    for place in memory.lost.iter().copied() {
        input.gather(first + place, y, v);
        let unit = fallback::fit(workspace, y, v, options.method);
        columns.put(place, &unit, y.len() as u32);
    }
    follow(options, &mut columns, output, request.q_at, critical);
    summarise(&columns)
}

fn summarise(columns: &Columns<'_>) -> BatchSummary {
    let mut summary = BatchSummary { units: columns.flags.len(), ..BatchSummary::default() };
    for flags in columns.flags.iter() {
        summary.failed += usize::from(flags.failed());
        summary.searched += usize::from(flags.contains(UnitFlags::SEARCHED));
        summary.several_maxima += usize::from(flags.contains(UnitFlags::SEVERAL_MAXIMA));
    }
    summary
}

/// What follows from the kernel's columns.
fn follow(
    options: &Options,
    columns: &mut Columns<'_>,
    mut output: BatchOutput<'_>,
    with_q_at: bool,
    critical: &mut Critical,
) {
    let z = || columns.mu.iter().zip(columns.se.iter()).map(|(mu, se)| mu / se);
    if let Some(out) = &mut output.p {
        tails::normal_p(options.set, Form::P, z(), out);
    }
    if let Some(out) = &mut output.log10_p {
        tails::normal_p(options.set, Form::Log10, z(), out);
    }
    if let Some(out) = &mut output.q_p {
        critical.chi_squared_p(options.set, columns.q, columns.count, columns.flags, out);
    }
    if with_q_at {
        hartung_knapp(columns);
    }
    let hk_se = &*columns.q_at;
    let t = || columns.mu.iter().zip(hk_se.iter()).map(|(mu, se)| mu / se);
    if let Some(out) = &mut output.hk_se {
        out.copy_from_slice(hk_se);
    }
    if let Some(out) = &mut output.hk_p {
        critical.student_p(options.set, Form::P, t(), columns.count, out);
    }
    if let Some(out) = &mut output.hk_log10_p {
        critical.student_p(options.set, Form::Log10, t(), columns.count, out);
    }
    if output.prediction_lower.is_none() && output.prediction_upper.is_none() {
        return;
    }
    let half = |place: usize, critical: &mut Critical| {
        let number = |column: &[f64]| column.get(place).copied().unwrap_or(f64::NAN);
        let se = match options.mean_error {
            MeanError::None => 0.0,
            MeanError::Wald => number(columns.se),
            MeanError::HartungKnapp => number(hk_se),
        };
        let count = columns.count.get(place).copied().unwrap_or(0);
        critical.of(count, options.prediction, options.level) * number(columns.tau2).sqrt().hypot(se)
    };
    if let Some(out) = &mut output.prediction_lower {
        for (place, (out, mu)) in out.iter_mut().zip(columns.mu.iter()).enumerate() {
            *out = mu - half(place, critical);
        }
    }
    if let Some(out) = &mut output.prediction_upper {
        for (place, (out, mu)) in out.iter_mut().zip(columns.mu.iter()).enumerate() {
            *out = mu + half(place, critical);
        }
    }
}

/// The column of Q at tau2 becomes that of the Hartung-Knapp standard error.
fn hartung_knapp(columns: &mut Columns<'_>) {
    let numbers = columns.q_at.iter_mut().zip(columns.se.iter()).zip(columns.count.iter());
    for (((q_at, se), count), flags) in numbers.zip(columns.flags.iter_mut()) {
        let scaled = se * (*q_at / (f64::from(*count) - 1.0)).sqrt();
        let exists = scaled > 0.0 && scaled < f64::INFINITY;
        flags.set(UnitFlags::NO_VARIATION, !exists && !flags.failed());
        *q_at = if exists { scaled } else { f64::NAN };
    }
}
