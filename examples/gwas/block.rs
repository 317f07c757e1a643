//! A run of markers that are being joined: one column of estimates per cohort, ready for the kernel.

use crate::alleles::Pair;

/// Markers of a block.
pub(crate) const BLOCK: usize = 8192;

/// Distance of two cohorts' columns. Not the size of the block itself: columns that lie a multiple of 4096 bytes apart
/// compete for the same lines of the first-level cache.
pub(crate) const STRIDE: usize = BLOCK + 64;

/// The pair's letters are the same on both strands.
pub(crate) const AMBIGUOUS: u8 = 1;
/// Some cohort reports the other strand.
pub(crate) const STRAND: u8 = 2;
/// A row of some cohort was left out because it names other alleles.
pub(crate) const OTHER_ALLELES: u8 = 4;
/// The alleles to be shown are those of the reference, swapped.
const SHOWN_SWAPPED: u8 = 8;
/// The reference's effect allele is the rarer one, by the frequency of the row that came first.
pub(crate) const RARER: u8 = 16;

/// Up to [`BLOCK`] markers.
#[derive(Debug)]
pub(crate) struct Block {
    cohorts: usize,
    len: usize,
    /// Effects, one column of length [`STRIDE`] per cohort; NaN where a cohort has no row.
    y: Vec<f64>,
    /// Their variances.
    v: Vec<f64>,
    /// Frequencies of the effect allele, and numbers of people; NaN where they are not known.
    eaf: Vec<f32>,
    n: Vec<f32>,
    names: Vec<u8>,
    ends: Vec<u32>,
    /// Pair of the row that came first, to which all effects are aligned.
    pub(crate) reference: Vec<Pair>,
    /// Pair of the first cohort (in the order of the command line) that has the marker.
    shown: Vec<Pair>,
    shown_by: Vec<u16>,
    /// Cohort whose row came first.
    entered_by: Vec<u16>,
    pub(crate) flags: Vec<u8>,
}

impl Block {
    pub(crate) fn new(cohorts: usize) -> Self {
        let size = cohorts * STRIDE;
        Self {
            cohorts,
            len: 0,
            y: vec![f64::NAN; size],
            v: vec![f64::NAN; size],
            eaf: vec![f32::NAN; size],
            n: vec![f32::NAN; size],
            names: Vec::with_capacity(16 * BLOCK),
            ends: Vec::with_capacity(BLOCK),
            reference: Vec::with_capacity(BLOCK),
            shown: Vec::with_capacity(BLOCK),
            shown_by: Vec::with_capacity(BLOCK),
            entered_by: Vec::with_capacity(BLOCK),
            flags: Vec::with_capacity(BLOCK),
        }
    }

    /// Empties it for other markers.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.y.fill(f64::NAN);
        self.v.fill(f64::NAN);
        self.eaf.fill(f32::NAN);
        self.n.fill(f32::NAN);
        self.names.clear();
        self.ends.clear();
        self.reference.clear();
        self.shown.clear();
        self.shown_by.clear();
        self.entered_by.clear();
        self.flags.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len == BLOCK
    }

    /// Memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.cohorts * STRIDE * 24 + self.names.capacity() + BLOCK * (4 + 8 + 8 + 2 + 2 + 1)
    }

    /// Adds a marker, without estimates so far. `cohort` is the one that has it first.
    pub(crate) fn push(&mut self, name: &[u8], pair: Pair, cohort: usize, flags: u8) {
        self.names.extend_from_slice(name);
        self.ends.push(self.names.len() as u32);
        self.reference.push(pair);
        self.shown.push(pair);
        self.shown_by.push(u16::MAX);
        self.entered_by.push(cohort as u16);
        self.flags.push(flags);
        self.len += 1;
    }

    pub(crate) fn name(&self, i: usize) -> &[u8] {
        let from = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.names[from..self.ends[i] as usize]
    }

    /// The cohort whose row came first.
    pub(crate) fn entered_by(&self, i: usize) -> usize {
        usize::from(self.entered_by[i])
    }

    /// `true` if the cohort has an estimate for the marker.
    pub(crate) fn has(&self, cohort: usize, i: usize) -> bool {
        !self.y[cohort * STRIDE + i].is_nan()
    }

    /// Puts a cohort's estimate in its place. `swapped` says that its effect allele is the reference's other one.
    pub(crate) fn put(&mut self, cohort: usize, i: usize, estimate: Estimate) {
        let at = cohort * STRIDE + i;
        self.y[at] = if estimate.swapped { -estimate.y } else { estimate.y };
        self.v[at] = estimate.v;
        self.eaf[at] = (if estimate.swapped { 1.0 - estimate.eaf } else { estimate.eaf }) as f32;
        self.n[at] = estimate.n as f32;
        if cohort < usize::from(self.shown_by[i]) {
            self.shown_by[i] = cohort as u16;
            self.shown[i] = estimate.pair;
            self.flags[i] &= !SHOWN_SWAPPED;
            self.flags[i] |= if estimate.swapped { SHOWN_SWAPPED } else { 0 };
        }
    }

    /// Turns every marker's effects to the pair that is shown, so that the result does not depend on which file was
    /// ahead while reading.
    pub(crate) fn turn_to_shown(&mut self) {
        for i in 0..self.len {
            if self.flags[i] & SHOWN_SWAPPED == 0 {
                continue;
            }
            self.flags[i] &= !SHOWN_SWAPPED;
            for cohort in 0..self.cohorts {
                let at = cohort * STRIDE + i;
                self.y[at] = -self.y[at];
                self.eaf[at] = 1.0 - self.eaf[at];
            }
        }
    }

    pub(crate) fn cohorts(&self) -> usize {
        self.cohorts
    }

    /// Effects: cohort `j` of marker `i` is at `j * STRIDE + i`.
    pub(crate) fn y(&self) -> &[f64] {
        &self.y
    }

    pub(crate) fn v(&self) -> &[f64] {
        &self.v
    }

    pub(crate) fn eaf(&self) -> &[f32] {
        &self.eaf
    }

    pub(crate) fn n(&self) -> &[f32] {
        &self.n
    }

    /// Effect allele and other allele of the marker's effects.
    pub(crate) fn shown(&self, i: usize) -> Pair {
        self.shown[i]
    }
}

/// A cohort's estimate for a marker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) y: f64,
    pub(crate) v: f64,
    pub(crate) eaf: f64,
    pub(crate) n: f64,
    pub(crate) pair: Pair,
    pub(crate) swapped: bool,
}
