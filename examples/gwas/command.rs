//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, ValueExt};

use crate::generate::Recipe;
use crate::header::{ROLES, Role};
use crate::join::Ambiguous;
use crate::problem::Problem;

pub(crate) const USAGE: &str = "\
Meta-analysis of genome-wide association studies, from one summary file per cohort.

  gwas                                 makes small files in a temporary directory and analyses them
  gwas [options] --out FILE COHORT...  analyses cohorts: text or gzip, one line per marker, named columns
  gwas generate --dir DIR              makes files to try it on

Options of the analysis:
  --out FILE            where the table goes
  --genomic-control     multiplies every cohort's variances by its lambda, where that is above 1
                        (reads every file once more, and keeps 8 bytes of every row meanwhile)
  --ambiguous HOW       A/T and C/G: keep (default: flagged), frequency (the rarer allele is the same
                        everywhere; rows with 0.4 to 0.6 or none are left out), or drop
  --min-cohorts N       leaves out markers that fewer cohorts have (default 1)
  --columns ROLE=NAME,...  names of columns that are not recognised. Roles: marker, effect-allele,
                        other-allele, beta, se, eaf, n
  --rejects FILE        writes every row that is left out, with the reason
  --strict              stops at the first malformed or repeated row instead of leaving it out
  --memory MB           limit for the join (default 2048)

Options of generate:
  --snps N  --cohorts K  --seed S      (default 2000, 6, 1)
  --clean               without faults, uncompressed, all with the same columns
  --shuffle             rows of all but the first file in random order
";

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Demonstration,
    Generate { recipe: Recipe, directory: PathBuf },
    Analyse(Analysis),
}

#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) out: PathBuf,
    pub(crate) rejects: Option<PathBuf>,
    pub(crate) genomic_control: bool,
    pub(crate) ambiguous: Ambiguous,
    pub(crate) min_cohorts: u32,
    pub(crate) columns: Vec<(Role, String)>,
    pub(crate) strict: bool,
    pub(crate) memory: usize,
}

impl Analysis {
    pub(crate) fn new(files: Vec<PathBuf>, out: PathBuf) -> Self {
        Self {
            files,
            out,
            rejects: None,
            genomic_control: false,
            ambiguous: Ambiguous::Keep,
            min_cohorts: 1,
            columns: Vec::new(),
            strict: false,
            memory: 2048 << 20,
        }
    }
}

/// Reads the command line, without the name of the program.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Problem> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let Some(first) = next(&mut parser)? else { return Ok(Command::Demonstration) };
    if first == Given::Value("generate".into()) {
        return generate(&mut parser);
    }
    analyse(&mut parser, first)
}

/// An argument that borrows nothing.
#[derive(Debug, PartialEq, Eq)]
enum Given {
    Short(char),
    Long(String),
    Value(OsString),
}

fn next(parser: &mut lexopt::Parser) -> Result<Option<Given>, Problem> {
    Ok(parser.next().map_err(usage)?.map(|argument| match argument {
        Arg::Short(c) => Given::Short(c),
        Arg::Long(name) => Given::Long(name.to_string()),
        Arg::Value(value) => Given::Value(value),
    }))
}

fn usage(error: lexopt::Error) -> Problem {
    Problem::of_command(error.to_string(), "see --help")
}

fn number(parser: &mut lexopt::Parser, name: &str, least: u64, most: u64) -> Result<u64, Problem> {
    let text = parser.value().and_then(|v| v.string()).map_err(usage)?;
    text.parse().ok().filter(|n| (least..=most).contains(n)).ok_or_else(|| {
        Problem::of_command(
            format!("--{name} \"{}\" is not a number it can be", text.escape_debug()),
            format!("give a whole number from {least} to {most}"),
        )
    })
}

fn path(parser: &mut lexopt::Parser) -> Result<PathBuf, Problem> {
    Ok(PathBuf::from(parser.value().map_err(usage)?))
}

fn unknown(given: &Given) -> Problem {
    let what = match given {
        Given::Short(c) => format!("there is no option -{}", c.escape_debug()),
        Given::Long(name) => format!("there is no option --{} here", name.escape_debug()),
        Given::Value(value) => format!("{value:?} is not expected here"),
    };
    Problem::of_command(what, "see --help")
}

fn generate(parser: &mut lexopt::Parser) -> Result<Command, Problem> {
    let mut recipe = Recipe { snps: 2000, cohorts: 6, seed: 1, clean: false, shuffled: false };
    let mut directory = None;
    while let Some(given) = next(parser)? {
        let Given::Long(name) = &given else { return Err(unknown(&given)) };
        match name.as_str() {
            "snps" => recipe.snps = number(parser, name, 1, 100_000_000)? as usize,
            "cohorts" => recipe.cohorts = number(parser, name, 1, 1000)? as usize,
            "seed" => recipe.seed = number(parser, name, 0, u64::MAX)?,
            "dir" => directory = Some(path(parser)?),
            "clean" => recipe.clean = true,
            "shuffle" => recipe.shuffled = true,
            "help" => return Ok(Command::Help),
            _ => return Err(unknown(&given)),
        }
    }
    match directory {
        Some(directory) => Ok(Command::Generate { recipe, directory }),
        None => Err(Problem::of_command("no directory for the files", "name one that exists with --dir")),
    }
}

fn analyse(parser: &mut lexopt::Parser, first: Given) -> Result<Command, Problem> {
    let mut analysis = Analysis::new(Vec::new(), PathBuf::new());
    let mut out = None;
    let mut waiting = Some(first);
    while let Some(given) = waiting.take().map_or_else(|| next(parser), |g| Ok(Some(g)))? {
        match given {
            Given::Value(file) => analysis.files.push(file.into()),
            Given::Short('h') => return Ok(Command::Help),
            Given::Long(ref name) => match name.as_str() {
                "help" => return Ok(Command::Help),
                "out" => out = Some(path(parser)?),
                "rejects" => analysis.rejects = Some(path(parser)?),
                "genomic-control" => analysis.genomic_control = true,
                "strict" => analysis.strict = true,
                "min-cohorts" => analysis.min_cohorts = number(parser, name, 1, 65_535)? as u32,
                "memory" => analysis.memory = (number(parser, name, 1, 1 << 24)? as usize) << 20,
                "ambiguous" => analysis.ambiguous = ambiguous(parser)?,
                "columns" => columns(parser, &mut analysis.columns)?,
                _ => return Err(unknown(&given)),
            },
            Given::Short(_) => return Err(unknown(&given)),
        }
    }
    if analysis.files.is_empty() {
        return Err(Problem::of_command("no files of cohorts", "name one per cohort; see --help"));
    }
    if analysis.files.len() > 65_535 {
        return Err(Problem::of_command("more than 65,535 cohorts", "analyse them in groups"));
    }
    analysis.out = out.ok_or_else(|| Problem::of_command("no file for the table", "name it with --out"))?;
    Ok(Command::Analyse(analysis))
}

fn ambiguous(parser: &mut lexopt::Parser) -> Result<Ambiguous, Problem> {
    let text = parser.value().and_then(|v| v.string()).map_err(usage)?;
    match text.as_str() {
        "keep" => Ok(Ambiguous::Keep),
        "frequency" => Ok(Ambiguous::Frequency),
        "drop" => Ok(Ambiguous::Drop),
        other => Err(Problem::of_command(
            format!("--ambiguous \"{}\" is not known", other.escape_debug()),
            "choose keep, frequency or drop",
        )),
    }
}

fn columns(parser: &mut lexopt::Parser, columns: &mut Vec<(Role, String)>) -> Result<(), Problem> {
    let text = parser.value().and_then(|v| v.string()).map_err(usage)?;
    for part in text.split(',') {
        let wrong = || {
            let roles: Vec<&str> = ROLES.iter().map(|r| r.word()).collect();
            Problem::of_command(
                format!("--columns \"{}\" is not understood", part.escape_debug()),
                format!("write ROLE=NAME, where the role is one of: {}", roles.join(", ")),
            )
        };
        let (word, name) = part.split_once('=').ok_or_else(wrong)?;
        let role = ROLES.into_iter().find(|r| r.word() == word).ok_or_else(wrong)?;
        columns.push((role, name.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> String {
        match parse(line.split_whitespace().map(OsString::from)) {
            Ok(command) => format!("{command:?}"),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn commands() {
        assert_eq!(message(""), "Demonstration");
        assert_eq!(message("--help"), "Help");
        assert_eq!(message("generate --help"), "Help");
        let analysis = message("a.txt --out o b.gz --strict --ambiguous drop --memory 10 --columns n=X,se=Y");
        for part in ["[\"a.txt\", \"b.gz\"]", "strict: true", "Drop", "memory: 10485760", "(SampleSize, \"X\")"] {
            assert!(analysis.contains(part), "{part} in {analysis}");
        }
        assert!(message("generate --snps 10 --dir d --clean").contains("snps: 10, cohorts: 6, seed: 1, clean: true"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, expected) in [
            ("--out o", "no files of cohorts; name one per cohort; see --help"),
            ("a.txt", "no file for the table; name it with --out"),
            ("generate", "no directory for the files; name one that exists with --dir"),
            ("generate x", "\"x\" is not expected here; see --help"),
            ("a --outt o", "there is no option --outt here; see --help"),
            ("a -x", "there is no option -x; see --help"),
            ("a --memory 0", "--memory \"0\" is not a number it can be; give a whole number from 1 to 16777216"),
            ("a --ambiguous maybe", "--ambiguous \"maybe\" is not known; choose keep, frequency or drop"),
            ("a --columns z=X", "--columns \"z=X\" is not understood; write ROLE=NAME, where"),
            ("a --strict=1 --out o", "unexpected argument for option '--strict': \"1\"; see --help"),
        ] {
            let found = message(line);
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
