//! Brings the rows of all files together by marker, in bounded memory.
//!
//! Cohorts that were imputed alike list their markers in the same order, with some missing here and there. So every
//! file first looks at the marker behind its last one, which is nearly always right and costs one comparison; only then
//! in the hash table. The file that is furthest behind reads next, so that all move through the markers together, and
//! blocks that all files have passed leave the memory. A file has passed what lies before a marker that it shares with
//! another one; markers of its own say nothing. The table keeps 16 to 52 bytes of every marker, with which a row is
//! recognised that comes after its marker has left.
//!
//! When that happens the files do not share an order, and the caller starts again with [`Mode::KeepAll`]: nothing
//! leaves before all files are read, a hash join, whose memory is that of all estimates (24 bytes each) and names.
//! Either way there is a limit of memory, and beyond it an error that says what to do.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::alleles::{Alignment, AlleleNames, align, is_ambiguous};
use crate::block::{AMBIGUOUS, BLOCK, Block, Estimate, OTHER_ALLELES, RARER, STRAND};
use crate::header::{Layout, Role};
use crate::index::{Index, hash};
use crate::lines::Lines;
use crate::problem::{Problem, shown};
use crate::report::{Cohort, Rejects};
use crate::row::{Fault, Line, Reader, Row};

/// Rows that one file reads before it is another's turn.
const TURN: usize = 4096;

/// Markers that it may add in a turn, unless it is the first of those still reading: so the table stays near the order
/// of the first file.
const ADDED: usize = 64;

/// Markers that the slowest file has to be ahead of a block before it leaves: room for local differences of order.
const MARGIN: u64 = 2 * BLOCK as u64;

/// Markers after the expected one that are compared before the table is asked: what a file skips.
const STEPS: u64 = 3;

/// What to do with A/T and C/G, whose letters do not tell the strand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ambiguous {
    /// Take all files to be on the same strand, and flag the marker.
    Keep,
    /// Let the frequency decide: the rarer allele is the same in all cohorts. Rows without a frequency, or with one
    /// from 0.4 to 0.6, are left out.
    Frequency,
    /// Leave them out.
    Drop,
}

/// What may leave the memory while files are being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Blocks that all files have passed.
    Streaming,
    /// Nothing.
    KeepAll,
}

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) ambiguous: Ambiguous,
    /// Stop at the first malformed or repeated row.
    pub(crate) strict: bool,
    /// Bytes that the join may take.
    pub(crate) memory: usize,
}

/// Why the join ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A marker came after it had left: start again with [`Mode::KeepAll`].
    OutOfOrder(Problem),
    Problem(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// One file while it is read.
#[derive(Debug)]
pub(crate) struct Source {
    lines: Lines,
    layout: Layout,
    cohort: Cohort,
    /// Factor of the variances, from genomic control.
    inflation: f64,
    /// The marker that is expected next.
    expected: u64,
    /// The marker behind that of the last row.
    position: u64,
    /// The marker behind the last one that it shares with another file.
    reached: u64,
    finished: bool,
}

impl Source {
    /// Opens a file and reads its header.
    pub(crate) fn open(
        path: &Path,
        name: &str,
        columns: &[(Role, String)],
        read: Arc<AtomicU64>,
    ) -> Result<Self, Problem> {
        let mut lines = Lines::open(path, name, read)?;
        let Some(header) = lines.next()? else {
            let remedy = "the first line has to name the columns";
            return Err(Problem::of_file(name, "the file is empty", remedy));
        };
        let layout = Layout::of(header.bytes, name, columns)?;
        lines.separate_at(layout.separator);
        let cohort = Cohort { name: name.to_string(), ..Cohort::default() };
        Ok(Self { lines, layout, cohort, inflation: 1.0, expected: 0, position: 0, reached: 0, finished: false })
    }

    /// Divides the cohort's chi-squared statistics by lambda, where it is above 1.
    pub(crate) fn control(&mut self, lambda: f64) {
        self.cohort.lambda = Some(lambda);
        self.inflation = lambda.max(1.0);
    }

    /// Calls `each` with every row that has an estimate and nothing wrong.
    pub(crate) fn each_row(mut self, mut each: impl FnMut(&Row<'_>)) -> Result<(), Problem> {
        let mut reader = Reader::default();
        while let Some(line) = self.lines.next()? {
            if let Line::Row(row) = reader.read(&self.layout, line) {
                each(&row);
            }
        }
        Ok(())
    }
}

/// What happened to a row that was read without fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Used,
    Duplicate,
    OtherAlleles,
}

/// Joins the files and hands their blocks to `consume`, in the order in which markers were first met.
pub(crate) fn join(
    sources: Vec<Source>,
    options: &Options,
    rejects: &mut Rejects<'_>,
    consume: &mut dyn FnMut(&Block, &AlleleNames) -> Result<(), Problem>,
    progress: &dyn Fn(),
) -> Result<Vec<Cohort>, Stop> {
    let mut window = Window {
        cohorts: sources.len(),
        blocks: VecDeque::new(),
        spare: Vec::new(),
        first: 0,
        next: 0,
        index: Index::new(),
        reader: Reader::default(),
    };
    let mut sources = sources;
    // The markers when the last file but one ended: what the last one can still share.
    let mut shared = 0;
    loop {
        let behind = sources.iter().enumerate().filter(|(_, s)| !s.finished).min_by_key(|(_, s)| s.position);
        let Some((number, _)) = behind else { break };
        turn(&mut window, &mut sources, number, options, rejects)?;
        if sources[number].finished {
            shared = window.next;
        }
        let mut reading = sources.iter().filter(|s| !s.finished);
        let passed = match (reading.next(), reading.next()) {
            (None, _) => window.next,
            (Some(last), None) if shared <= last.reached + MARGIN => window.next,
            _ => sources.iter().filter(|s| !s.finished).map(|s| s.reached).min().unwrap_or(0),
        };
        while options.mode == Mode::Streaming && window.first + BLOCK as u64 + MARGIN <= passed {
            window.release(consume)?;
        }
        progress();
    }
    while !window.blocks.is_empty() {
        window.release(consume)?;
    }
    Ok(sources.into_iter().map(|s| s.cohort).collect())
}

/// Lets one file read its next rows.
fn turn(
    window: &mut Window,
    sources: &mut [Source],
    number: usize,
    options: &Options,
    rejects: &mut Rejects<'_>,
) -> Result<(), Stop> {
    let is_first = sources.iter().take(number).all(|s| s.finished);
    let mut added = 0;
    for _ in 0..TURN {
        let source = &mut sources[number];
        let Some(line) = source.lines.next()? else {
            source.finished = true;
            return Ok(());
        };
        source.cohort.counts.rows += 1;
        let row = match window.reader.read(&source.layout, line) {
            Line::Row(row) => row,
            Line::NoEstimate => {
                source.cohort.counts.no_estimate += 1;
                continue;
            }
            Line::Malformed(fault) => {
                let line = line.bytes.to_vec();
                malformed(source, fault, &line, options, rejects)?;
                continue;
            }
        };
        if is_unclear(&row, options) {
            source.cohort.counts.ambiguous_dropped += 1; // asked for, and perhaps a sixth of all rows: no message
            continue;
        }
        let place = match window.find(&row, number, source.expected, options) {
            Ok(place) => place,
            Err(refusal) => {
                let marker = shown(row.marker);
                return Err(refused(refusal, marker, source, window, options));
            }
        };
        let outcome = window.put(number, source.inflation, &row, place.number, options, &mut source.cohort);
        let marker = (outcome != Outcome::Used).then(|| row.marker.to_vec());
        source.position = place.number + 1;
        // A marker of its own, entered behind all others, does not change what is expected next.
        if !place.is_new || place.number == source.expected {
            source.expected = place.number + 1;
        }
        if let Some(marker) = marker {
            left_out(source, outcome, &marker, options, rejects)?;
        }
        if place.is_new && !is_first {
            added += 1;
            if added == ADDED {
                return Ok(());
            }
        }
        if place.entered_by != number {
            for file in [number, place.entered_by] {
                let source = &mut sources[file];
                source.reached = source.reached.max(place.number + 1);
            }
        }
    }
    Ok(())
}

/// `true` for a row with an ambiguous pair that is to be left out.
fn is_unclear(row: &Row<'_>, options: &Options) -> bool {
    match options.ambiguous {
        Ambiguous::Keep => false,
        Ambiguous::Drop => is_ambiguous(row.alleles),
        Ambiguous::Frequency => is_ambiguous(row.alleles) && (row.eaf.is_nan() || (0.4..=0.6).contains(&row.eaf)),
    }
}

fn malformed(
    source: &mut Source,
    fault: Fault,
    line: &[u8],
    options: &Options,
    rejects: &mut Rejects<'_>,
) -> Result<(), Problem> {
    let problem = fault.problem(&source.layout, source.lines.name(), source.lines.number(), line);
    if options.strict {
        return Err(problem);
    }
    source.cohort.counts.malformed += 1;
    rejects.note(&mut source.cohort, problem)
}

fn left_out(
    source: &mut Source,
    outcome: Outcome,
    marker: &[u8],
    options: &Options,
    rejects: &mut Rejects<'_>,
) -> Result<(), Problem> {
    let counts = &mut source.cohort.counts;
    let (what, remedy) = match outcome {
        Outcome::Used => return Ok(()),
        Outcome::Duplicate => {
            counts.duplicate += 1;
            ("comes a second time", "the first row counts; keep one row per marker")
        }
        Outcome::OtherAlleles => {
            counts.other_alleles += 1;
            ("has other alleles than in the other files", "is it the same variant? name it with its alleles")
        }
    };
    let column = source.layout.place(Role::Marker).map(|i| source.layout.name(i).to_string());
    let problem = Problem {
        line: Some(source.lines.number()),
        column,
        ..Problem::of_file(source.lines.name(), format!("{} {what}", shown(marker)), remedy)
    };
    if options.strict && outcome == Outcome::Duplicate {
        return Err(problem);
    }
    rejects.note(&mut source.cohort, problem)
}

fn refused(refusal: Refusal, marker: String, source: &Source, window: &Window, options: &Options) -> Stop {
    let problem = |what: String, remedy: &str| Problem {
        line: Some(source.lines.number()),
        ..Problem::of_file(source.lines.name(), what, remedy)
    };
    match refusal {
        Refusal::Late => Stop::OutOfOrder(problem(
            format!("{marker} comes after the other files have passed it"),
            "list the markers of all files in the same order",
        )),
        Refusal::Memory => Stop::Problem(problem(
            format!(
                "the join needs more than {} MB: {} markers wait for files that have not reached them",
                options.memory >> 20,
                window.next - window.first
            ),
            "give it more with --memory, or list the markers of all files in the same order",
        )),
    }
}

/// The place of a row's marker.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    /// Whether the row is the first to name it, and if not, the file that did.
    is_new: bool,
    entered_by: usize,
}

/// Why a row could not be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Late,
    Memory,
}

/// The markers in memory: numbers `first..next`, in blocks.
#[derive(Debug)]
struct Window {
    cohorts: usize,
    blocks: VecDeque<Block>,
    spare: Vec<Block>,
    first: u64,
    next: u64,
    index: Index,
    reader: Reader,
}

impl Window {
    fn place(&self, number: u64) -> (usize, usize) {
        let offset = (number - self.first) as usize;
        (offset / BLOCK, offset % BLOCK)
    }

    fn is(&self, number: u64, name: &[u8]) -> bool {
        let (block, i) = self.place(number);
        self.blocks.get(block).is_some_and(|b| i < b.len() && b.name(i) == name)
    }

    /// Puts a row's estimate to its marker, aligned.
    fn put(
        &mut self,
        cohort: usize,
        inflation: f64,
        row: &Row<'_>,
        number: u64,
        options: &Options,
        report: &mut Cohort,
    ) -> Outcome {
        let (block, i) = self.place(number);
        let block = &mut self.blocks[block];
        if block.has(cohort, i) {
            return Outcome::Duplicate;
        }
        let (mut swapped, other_strand) = match align(block.reference[i], row.alleles) {
            Alignment::Same => (false, false),
            Alignment::Swapped => (true, false),
            Alignment::OtherStrand => (false, true),
            Alignment::OtherStrandSwapped => (true, true),
            Alignment::Different => {
                block.flags[i] |= OTHER_ALLELES;
                return Outcome::OtherAlleles;
            }
        };
        let counts = &mut report.counts;
        let ambiguous = block.flags[i] & AMBIGUOUS != 0;
        if ambiguous && options.ambiguous == Ambiguous::Frequency {
            let frequency = if swapped { 1.0 - row.eaf } else { row.eaf };
            if (frequency < 0.5) != (block.flags[i] & RARER != 0) {
                swapped = !swapped;
                block.flags[i] |= STRAND;
                counts.ambiguous_turned += 1;
            }
        }
        if other_strand {
            block.flags[i] |= STRAND;
        }
        counts.used += 1;
        counts.swapped += u64::from(swapped);
        counts.other_strand += u64::from(other_strand);
        counts.ambiguous += u64::from(ambiguous);
        let (y, v) = (row.beta, row.se * row.se * inflation);
        block.put(cohort, i, Estimate { y, v, eaf: row.eaf, n: row.n, pair: row.alleles, swapped });
        Outcome::Used
    }

    /// The place of the row's marker, which is entered if it is new.
    fn find(&mut self, row: &Row<'_>, cohort: usize, expected: u64, options: &Options) -> Result<Place, Refusal> {
        let expected = expected.max(self.first);
        for number in expected..(expected + STEPS).min(self.next) {
            if self.is(number, row.marker) {
                return Ok(self.known(number));
            }
        }
        let code = hash(row.marker);
        let mut late = false;
        let candidates = self.index.candidates(code).inspect(|n| late |= *n < self.first);
        let known = candidates.filter(|n| *n >= self.first).find(|n| self.is(*n, row.marker));
        if let Some(number) = known {
            return Ok(self.known(number));
        }
        if late {
            return Err(Refusal::Late);
        }
        let number = self.enter(row, cohort, code, options)?;
        Ok(Place { number, is_new: true, entered_by: cohort })
    }

    fn known(&self, number: u64) -> Place {
        let (block, i) = self.place(number);
        Place { number, is_new: false, entered_by: self.blocks[block].entered_by(i) }
    }

    fn enter(&mut self, row: &Row<'_>, cohort: usize, code: u64, options: &Options) -> Result<u64, Refusal> {
        if self.blocks.back().is_none_or(Block::is_full) {
            let blocks: usize = self.blocks.iter().chain(&self.spare).map(Block::bytes).sum();
            if !self.blocks.is_empty() && blocks + self.index.bytes() + self.reader.names.bytes() > options.memory {
                return Err(Refusal::Memory);
            }
            let block = self.spare.pop().unwrap_or_else(|| Block::new(self.cohorts));
            self.blocks.push_back(block);
        }
        let number = self.next;
        self.next += 1;
        self.index.insert(code, number);
        let flags = if is_ambiguous(row.alleles) { AMBIGUOUS } else { 0 } | if row.eaf < 0.5 { RARER } else { 0 };
        if let Some(block) = self.blocks.back_mut() {
            block.push(row.marker, row.alleles, cohort, flags);
        }
        Ok(number)
    }

    /// Hands the oldest block over.
    fn release(&mut self, consume: &mut dyn FnMut(&Block, &AlleleNames) -> Result<(), Problem>) -> Result<(), Problem> {
        if let Some(mut block) = self.blocks.pop_front() {
            block.turn_to_shown();
            consume(&block, &self.reader.names)?;
            self.first += block.len() as u64;
            block.clear();
            self.spare.push(block);
        }
        Ok(())
    }
}
