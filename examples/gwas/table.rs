//! The table that is written: METAL's columns, then random effects.

use std::io::Write;

use meta_analysis::batch::UnitFlags;

use crate::alleles::AlleleNames;
use crate::analysis::{Analysed, Model};
use crate::block::{AMBIGUOUS, Block, OTHER_ALLELES, STRAND, STRIDE};
use crate::numbers::{few_digits, integer, p_value, percent, significant};

/// Columns of the table. METAL's up to `HetPVal`.
///
/// `Effect`, `StdErr`, `P-value`: inverse-variance weights, one common effect. `Direction`: `+`, `-`, `0` or, without
/// an estimate, `?`, in the order of the files. `HetISq`: `max(0, (Q - df)/Q)` in percent. `N` is the sum of what
/// cohorts give. `Flags`: `A` ambiguous alleles, `S` another strand was turned, `M` a row with other alleles was left
/// out, `L` the
/// restricted likelihood has several maxima, of which the global one was taken; `.` for none.
pub(crate) const COLUMNS: [&str; 23] = [
    "MarkerName",
    "Allele1",
    "Allele2",
    "Freq1",
    "FreqSE",
    "Effect",
    "StdErr",
    "P-value",
    "Direction",
    "HetISq",
    "HetChiSq",
    "HetDf",
    "HetPVal",
    "Effect_DL",
    "StdErr_DL",
    "P_DL",
    "Tau2_DL",
    "Effect_REML",
    "StdErr_REML",
    "P_REML",
    "Tau2_REML",
    "N",
    "Flags",
];

/// Where p-values count as significant in such studies.
pub(crate) const GENOME_WIDE: f64 = 5e-8;

/// Standard deviation of the cohorts' frequencies above which an ambiguous marker is suspicious: allele frequencies of
/// one ancestry differ by a few hundredths.
const SUSPICIOUS: f64 = 0.1;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) markers: u64,
    /// Of these, how many all cohorts have, and how many one cohort has.
    pub(crate) complete: u64,
    pub(crate) single: u64,
    pub(crate) ambiguous: u64,
    /// Markers that were left out because too few cohorts have them.
    pub(crate) too_few: u64,
    /// Markers with p below 5e-8 by the common effect, DL and REML.
    pub(crate) significant: [u64; 3],
    /// Ambiguous markers whose frequencies suggest that not all cohorts are on one strand.
    pub(crate) suspicious: u64,
}

pub(crate) fn header() -> Vec<u8> {
    let mut line = COLUMNS.join("\t").into_bytes();
    line.push(b'\n');
    line
}

/// Writes the markers of a block that at least `min_cohorts` cohorts have.
pub(crate) fn write(
    out: &mut impl Write,
    lines: &mut Vec<u8>,
    block: &Block,
    names: &AlleleNames,
    analysed: &Analysed,
    min_cohorts: u32,
    written: &mut Written,
) -> std::io::Result<()> {
    lines.clear();
    for i in 0..block.len() {
        let count = analysed.count[i];
        if count < min_cohorts {
            written.too_few += 1;
            continue;
        }
        let ambiguous = block.flags[i] & AMBIGUOUS != 0;
        written.markers += 1;
        written.complete += u64::from(count as usize == block.cohorts());
        written.single += u64::from(count == 1);
        written.ambiguous += u64::from(ambiguous);
        written.suspicious += u64::from(ambiguous && analysed.frequency_sd[i] > SUSPICIOUS);
        for (n, model) in written.significant.iter_mut().zip([&analysed.fixed, &analysed.dl, &analysed.reml]) {
            *n += u64::from(model.p[i] < GENOME_WIDE);
        }

        let [effect, other] = block.shown(i);
        for text in [block.name(i), names.name(effect), names.name(other)] {
            lines.extend_from_slice(text);
            lines.push(b'\t');
        }
        for x in [analysed.frequency[i], analysed.frequency_sd[i]] {
            few_digits(lines, x);
            lines.push(b'\t');
        }
        estimate(lines, &analysed.fixed, i);
        for j in 0..block.cohorts() {
            let y = block.y()[j * STRIDE + i];
            lines.push(match y.partial_cmp(&0.0) {
                None => b'?',
                Some(std::cmp::Ordering::Greater) => b'+',
                Some(std::cmp::Ordering::Less) => b'-',
                Some(std::cmp::Ordering::Equal) => b'0',
            });
        }
        lines.push(b'\t');
        heterogeneity(lines, analysed, i);
        for model in [&analysed.dl, &analysed.reml] {
            estimate(lines, model, i);
            significant(lines, model.tau2[i]);
            lines.push(b'\t');
        }
        match analysed.people[i] {
            n if n.is_nan() => lines.extend_from_slice(b"NA"),
            n => integer(lines, n.round() as u64),
        }
        lines.push(b'\t');
        flags(lines, block.flags[i], analysed.flags[i].contains(UnitFlags::SEVERAL_MAXIMA));
        lines.push(b'\n');
    }
    out.write_all(lines)
}

/// Effect, standard error and p-value, each with a tab behind it.
fn estimate(lines: &mut Vec<u8>, model: &Model, i: usize) {
    significant(lines, model.effect[i]);
    lines.push(b'\t');
    significant(lines, model.se[i]);
    lines.push(b'\t');
    p_value(lines, model.p[i], model.log10_p[i]);
    lines.push(b'\t');
}

fn heterogeneity(lines: &mut Vec<u8>, analysed: &Analysed, i: usize) {
    let df = analysed.count[i].saturating_sub(1);
    // One study has no heterogeneity to speak of, which is not the same as none.
    let (q, p) = if df == 0 { (f64::NAN, f64::NAN) } else { (analysed.q[i], analysed.q_p[i]) };
    let excess = q - f64::from(df);
    let i2 = if q.is_nan() {
        f64::NAN
    } else if excess > 0.0 {
        100.0 * excess / q
    } else {
        0.0
    };
    percent(lines, i2);
    lines.push(b'\t');
    significant(lines, q);
    lines.push(b'\t');
    integer(lines, u64::from(df));
    lines.push(b'\t');
    few_digits(lines, p);
    lines.push(b'\t');
}

fn flags(lines: &mut Vec<u8>, marker: u8, several_maxima: bool) {
    let all = [
        (marker & AMBIGUOUS != 0, b'A'),
        (marker & STRAND != 0, b'S'),
        (marker & OTHER_ALLELES != 0, b'M'),
        (several_maxima, b'L'),
    ];
    if all.iter().all(|(on, _)| !on) {
        lines.push(b'.');
    }
    lines.extend(all.iter().filter(|(on, _)| *on).map(|(_, letter)| letter));
}
