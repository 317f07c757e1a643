//! Meta-analysis of genome-wide association studies: summary files of cohorts in, one table out.
//!
//! Reads any number of text or gzip files side by side in bounded memory, aligns alleles and strands, corrects for
//! genomic control if asked, and fits a common effect, DerSimonian-Laird and REML to every marker. Without arguments
//! it makes small files, faults included, and analyses them:
//!
//! ```text
//! cargo run --release --example gwas
//! cargo run --release --example gwas -- --help
//! ```

mod alleles;
mod analysis;
mod block;
mod command;
mod control;
mod demonstration;
mod generate;
mod header;
mod index;
mod join;
mod lines;
mod numbers;
mod problem;
mod random;
mod report;
mod row;
mod run;
mod scratch;
mod summary;
mod table;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::process::ExitCode;

use command::Command;
use problem::Problem;

fn main() -> ExitCode {
    match run() {
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE, // nobody reads any more
        },
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says and returns what there is to print.
fn run() -> Result<String, Problem> {
    match command::parse(std::env::args_os().skip(1))? {
        Command::Help => Ok(command::USAGE.to_string()),
        Command::Demonstration => demonstration::demonstration(),
        Command::Generate { recipe, directory } => {
            let files = generate::generate(&recipe, &directory)?;
            let names = files.iter().map(|f| format!("{}\n", f.display()));
            Ok(names.collect())
        }
        Command::Analyse(analysis) => Ok(summary::summary(&run::analyse(&analysis)?)),
    }
}
