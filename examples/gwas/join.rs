//! Brings the rows of all files together by marker, in bounded memory.
//!
//! Cohorts that were imputed alike list their markers in the same order, with some missing here and there. So every
//! file first looks at the marker behind its last one, which is nearly always right and costs one comparison; only then
//! in the hash table. The file that is furthest behind reads next, so that all move through the markers together, and
//! blocks that all files have passed leave the memory. The table keeps 16 to 26 bytes of every marker, with which a
//! row is recognised that comes after its marker has left.
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
use crate::row::{Fault, Line, Row, read};

/// Rows that one file reads before it is another's turn.
const TURN: usize = 4096;

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
    /// The marker that is expected next, and the first that none of its rows has reached.
    expected: u64,
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
        let layout = Layout::of(header, name, columns)?;
        let cohort = Cohort { name: name.to_string(), ..Cohort::default() };
        Ok(Self { lines, layout, cohort, inflation: 1.0, expected: 0, reached: 0, finished: false })
    }

    /// Divides the cohort's chi-squared statistics by lambda, where it is above 1.
    pub(crate) fn control(&mut self, lambda: f64) {
        self.cohort.lambda = Some(lambda);
        self.inflation = lambda.max(1.0);
    }

    /// Calls `each` with every row that has an estimate and nothing wrong.
    pub(crate) fn each_row(mut self, mut each: impl FnMut(&Row<'_>)) -> Result<(), Problem> {
        let mut names = AlleleNames::default();
        while let Some(line) = self.lines.next()? {
            if let Line::Row(row) = read(&self.layout, &mut names, line) {
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
    AmbiguousDropped,
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
        alleles: AlleleNames::default(),
    };
    let mut sources = sources;
    loop {
        let behind = sources.iter().enumerate().filter(|(_, s)| !s.finished).min_by_key(|(_, s)| s.reached);
        let Some((number, _)) = behind else { break };
        turn(&mut window, &mut sources[number], number, options, rejects)?;
        let passed = sources.iter().filter(|s| !s.finished).map(|s| s.reached).min();
        if let (Mode::Streaming, Some(passed)) = (options.mode, passed) {
            while window.first + BLOCK as u64 + MARGIN <= passed {
                window.release(consume)?;
            }
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
    source: &mut Source,
    number: usize,
    options: &Options,
    rejects: &mut Rejects<'_>,
) -> Result<(), Stop> {
    for _ in 0..TURN {
        let Some(line) = source.lines.next()? else {
            source.finished = true;
            return Ok(());
        };
        source.cohort.counts.rows += 1;
        let row = match read(&source.layout, &mut window.alleles, line) {
            Line::Row(row) => row,
            Line::NoEstimate => {
                source.cohort.counts.no_estimate += 1;
                continue;
            }
            Line::Malformed(fault) => {
                let line = line.to_vec();
                malformed(source, fault, &line, options, rejects)?;
                continue;
            }
        };
        let position = Position { expected: source.expected, reached: source.reached };
        let (outcome, position) = match window.add(number, source.inflation, row, position, options, &mut source.cohort)
        {
            Ok(done) => done,
            Err(refusal) => {
                let marker = shown(row.marker);
                return Err(refused(refusal, marker, source, window, options));
            }
        };
        let marker = (outcome != Outcome::Used).then(|| row.marker.to_vec());
        (source.expected, source.reached) = (position.expected, position.reached);
        if let Some(marker) = marker {
            left_out(source, outcome, &marker, options, rejects)?;
        }
    }
    Ok(())
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
        Outcome::AmbiguousDropped => {
            counts.ambiguous_dropped += 1;
            return Ok(()); // asked for, and perhaps a sixth of all rows
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

/// Where a file is among the markers.
#[derive(Debug, Clone, Copy)]
struct Position {
    expected: u64,
    reached: u64,
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
    alleles: AlleleNames,
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

    /// Adds a row. Returns what became of it and where the file now is.
    fn add(
        &mut self,
        cohort: usize,
        inflation: f64,
        row: Row<'_>,
        position: Position,
        options: &Options,
        report: &mut Cohort,
    ) -> Result<(Outcome, Position), Refusal> {
        let ambiguous = is_ambiguous(row.alleles);
        let unclear = match options.ambiguous {
            Ambiguous::Keep => false,
            Ambiguous::Drop => ambiguous,
            Ambiguous::Frequency => ambiguous && (row.eaf.is_nan() || (0.4..=0.6).contains(&row.eaf)),
        };
        if unclear {
            return Ok((Outcome::AmbiguousDropped, position));
        }
        let (number, position) = self.find(&row, ambiguous, position, options)?;
        let (block, i) = self.place(number);
        let block = &mut self.blocks[block];
        if block.has(cohort, i) {
            return Ok((Outcome::Duplicate, position));
        }
        let (mut swapped, other_strand) = match align(block.reference[i], row.alleles) {
            Alignment::Same => (false, false),
            Alignment::Swapped => (true, false),
            Alignment::OtherStrand => (false, true),
            Alignment::OtherStrandSwapped => (true, true),
            Alignment::Different => {
                block.flags[i] |= OTHER_ALLELES;
                return Ok((Outcome::OtherAlleles, position));
            }
        };
        let counts = &mut report.counts;
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
        Ok((Outcome::Used, position))
    }

    /// Number of the row's marker, which is entered if it is new.
    fn find(
        &mut self,
        row: &Row<'_>,
        ambiguous: bool,
        position: Position,
        options: &Options,
    ) -> Result<(u64, Position), Refusal> {
        let found = |number: u64| {
            let expected = number + 1;
            Ok((number, Position { expected, reached: position.reached.max(expected) }))
        };
        let expected = position.expected.max(self.first);
        for number in expected..(expected + STEPS).min(self.next) {
            if self.is(number, row.marker) {
                return found(number);
            }
        }
        let code = hash(row.marker);
        let mut late = false;
        let candidates = self.index.candidates(code);
        let known =
            candidates.inspect(|n| late |= *n < self.first).find(|n| *n >= self.first && self.is(*n, row.marker));
        if let Some(number) = known {
            return found(number);
        }
        if late {
            return Err(Refusal::Late);
        }
        let number = self.enter(row, code, ambiguous, options)?;
        // A marker that is entered behind all others says that the file is there only if it was next to it: one that
        // is behind the other files, and has a marker of its own, is still behind.
        if position.reached >= number {
            return found(number);
        }
        Ok((number, position))
    }

    fn enter(&mut self, row: &Row<'_>, code: u64, ambiguous: bool, options: &Options) -> Result<u64, Refusal> {
        if self.blocks.back().is_none_or(Block::is_full) {
            let blocks: usize = self.blocks.iter().chain(&self.spare).map(Block::bytes).sum();
            if !self.blocks.is_empty() && blocks + self.index.bytes() + self.alleles.bytes() > options.memory {
                return Err(Refusal::Memory);
            }
            let block = self.spare.pop().unwrap_or_else(|| Block::new(self.cohorts));
            self.blocks.push_back(block);
        }
        let number = self.next;
        self.next += 1;
        self.index.insert(code, number);
        let flags = if ambiguous { AMBIGUOUS } else { 0 } | if row.eaf < 0.5 { RARER } else { 0 };
        if let Some(block) = self.blocks.back_mut() {
            block.push(row.marker, row.alleles, flags);
        }
        Ok(number)
    }

    /// Hands the oldest block over.
    fn release(&mut self, consume: &mut dyn FnMut(&Block, &AlleleNames) -> Result<(), Problem>) -> Result<(), Problem> {
        if let Some(mut block) = self.blocks.pop_front() {
            block.turn_to_shown();
            consume(&block, &self.alleles)?;
            self.first += block.len() as u64;
            block.clear();
            self.spare.push(block);
        }
        Ok(())
    }
}
