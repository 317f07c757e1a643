//! An analysis from files to a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::analysis::Analysed;
use crate::command::Analysis;
use crate::control::lambda;
use crate::join::{Mode, Options, Source, Stop, join};
use crate::problem::Problem;
use crate::report::{Cohort, Rejects};
use crate::table::{self, Written};

/// What there is to say afterwards.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) cohorts: Vec<Cohort>,
    pub(crate) written: Written,
    /// Why all markers were kept in memory, if they were.
    pub(crate) out_of_order: Option<Problem>,
}

/// Analyses the files. The table appears under its name when it is complete, and not before.
pub(crate) fn analyse(analysis: &Analysis) -> Result<Report, Problem> {
    outputs_are_not_inputs(analysis)?;
    let names = names(&analysis.files);
    let lambdas = if analysis.genomic_control { lambdas(analysis, &names)? } else { vec![None; names.len()] };
    let partial = with_suffix(&analysis.out, ".partial");
    let result = attempts(analysis, &names, &lambdas, &partial);
    match &result {
        Ok(_) => std::fs::rename(&partial, &analysis.out).map_err(|e| cannot_write(&analysis.out, &e))?,
        Err(_) => drop(std::fs::remove_file(&partial)), // half a table would be taken for a whole one
    }
    result
}

/// Nothing that is read, or written otherwise, may be written over.
fn outputs_are_not_inputs(analysis: &Analysis) -> Result<(), Problem> {
    let same = |a: &Path, b: &Path| a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    let outputs = [Some(&analysis.out), analysis.rejects.as_ref()];
    let mut others: Vec<&PathBuf> = analysis.files.iter().collect();
    for output in outputs.into_iter().flatten() {
        if others.iter().any(|other| same(other, output)) {
            let name = output.display().to_string();
            return Err(Problem::of_file(
                &name,
                "this file would be written over",
                "give every file a name of its own",
            ));
        }
        others.push(output);
    }
    Ok(())
}

/// Names of the files in messages: without the directory, unless two are alike.
fn names(files: &[PathBuf]) -> Vec<String> {
    let short = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let mut seen = std::collections::HashSet::new();
    let differ = files.iter().all(|path| seen.insert(short(path)));
    let full = |path: &PathBuf| path.display().to_string();
    files.iter().map(|path| short(path).filter(|_| differ).unwrap_or_else(|| full(path))).collect()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Problem {
    let what = format!("cannot be written ({error})");
    Problem::of_file(&path.display().to_string(), what, "check the directory, and the space on the disk")
}

/// First in one pass; if the files turn out not to share an order, with all markers in memory.
fn attempts(analysis: &Analysis, names: &[String], lambdas: &[Option<f64>], partial: &Path) -> Result<Report, Problem> {
    let mut out_of_order = None;
    for mode in [Mode::Streaming, Mode::KeepAll] {
        match attempt(analysis, names, lambdas, partial, mode) {
            Ok((cohorts, written)) => return Ok(Report { cohorts, written, out_of_order }),
            Err(Stop::Problem(problem)) => return Err(problem),
            Err(Stop::OutOfOrder(problem)) => out_of_order = Some(problem),
        }
    }
    let unexpected = Problem::of_command("the files could not be joined", "please report this");
    Err(out_of_order.unwrap_or(unexpected))
}

fn attempt(
    analysis: &Analysis,
    names: &[String],
    lambdas: &[Option<f64>],
    partial: &Path,
    mode: Mode,
) -> Result<(Vec<Cohort>, Written), Stop> {
    let bar = Bar::new(&analysis.files, if mode == Mode::Streaming { "joining" } else { "joining, any order" });
    let mut sources = Vec::new();
    for ((path, name), lambda) in analysis.files.iter().zip(names).zip(lambdas) {
        let mut source = Source::open(path, name, &analysis.columns, bar.read.clone())?;
        if let Some(lambda) = lambda {
            source.control(*lambda);
        }
        sources.push(source);
    }
    let options = Options { mode, ambiguous: analysis.ambiguous, strict: analysis.strict, memory: analysis.memory };
    let failed = |error: std::io::Error| cannot_write(partial, &error);
    let mut out = BufWriter::with_capacity(1 << 16, File::create(partial).map_err(failed)?);
    out.write_all(&table::header()).map_err(failed)?;
    let mut list = match &analysis.rejects {
        Some(path) => Some(BufWriter::new(File::create(path).map_err(|e| cannot_write(path, &e))?)),
        None => None,
    };
    let mut rejects = Rejects { file: list.as_mut().map(|f| f as &mut dyn Write) };
    let (mut analysed, mut lines, mut written) = (Analysed::new()?, Vec::new(), Written::default());
    let cohorts = join(
        sources,
        &options,
        &mut rejects,
        &mut |block, alleles| {
            analysed.run(block)?;
            table::write(&mut out, &mut lines, block, alleles, &analysed, analysis.min_cohorts, &mut written)
                .map_err(failed)
        },
        &|| bar.update(),
    )?;
    out.flush().map_err(failed)?;
    if let (Some(mut list), Some(path)) = (list, &analysis.rejects) {
        list.flush().map_err(|e| cannot_write(path, &e))?;
    }
    Ok((cohorts, written))
}

/// Lambda of every cohort, one file at a time.
fn lambdas(analysis: &Analysis, names: &[String]) -> Result<Vec<Option<f64>>, Problem> {
    let bar = Bar::new(&analysis.files, "genomic control");
    let mut lambdas = Vec::new();
    for (path, name) in analysis.files.iter().zip(names) {
        let mut chi_squared = Vec::new();
        let source = Source::open(path, name, &analysis.columns, bar.read.clone())?;
        source.each_row(|row| {
            let z = row.beta / row.se;
            chi_squared.push(z * z);
        })?;
        lambdas.push(lambda(chi_squared));
        bar.update();
    }
    Ok(lambdas)
}

/// A progress bar over the bytes of the files, shown only in a terminal.
struct Bar {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
}

impl Bar {
    fn new(files: &[PathBuf], what: &'static str) -> Self {
        let total = files.iter().filter_map(|path| path.metadata().ok()).map(|m| m.len()).sum();
        let bar = ProgressBar::new(total).with_message(what);
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes} of {total_bytes}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, read: Arc::default() }
    }

    fn update(&self) {
        self.bar.set_position(self.read.load(Ordering::Relaxed));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
