//! What became of every row: counts per cohort, the first messages, and the list of all rows that were left out.

use std::io::Write;

use crate::problem::Problem;

/// Messages per cohort that are kept to be printed. `--rejects` writes all of them.
const KEPT: usize = 5;

/// Counts of one cohort's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Lines after the header.
    pub(crate) rows: u64,
    pub(crate) used: u64,
    /// Left out: effect or standard error is `NA`.
    pub(crate) no_estimate: u64,
    /// Left out: something is wrong with the line.
    pub(crate) malformed: u64,
    /// Left out: the marker was there before.
    pub(crate) duplicate: u64,
    /// Left out: alleles that are not those of the marker.
    pub(crate) other_alleles: u64,
    /// Left out: an ambiguous pair, where the options say so.
    pub(crate) ambiguous_dropped: u64,
    /// Used, with the sign changed.
    pub(crate) swapped: u64,
    /// Used, from the other strand.
    pub(crate) other_strand: u64,
    /// Used, and ambiguous.
    pub(crate) ambiguous: u64,
    /// Used, ambiguous, and turned because of its frequency.
    pub(crate) ambiguous_turned: u64,
}

impl Counts {
    #[cfg(test)]
    /// `true` if every row is accounted for once.
    pub(crate) fn add_up(&self) -> bool {
        let left_out = self.no_estimate + self.malformed + self.duplicate + self.other_alleles + self.ambiguous_dropped;
        self.rows == self.used + left_out
    }
}

/// One cohort in the report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cohort {
    pub(crate) name: String,
    pub(crate) counts: Counts,
    pub(crate) messages: Vec<Problem>,
    /// Median chi-squared over its expectation, where genomic control was asked for.
    pub(crate) lambda: Option<f64>,
}

/// Where every row that is left out goes.
pub(crate) struct Rejects<'a> {
    pub(crate) file: Option<&'a mut dyn Write>,
}

impl std::fmt::Debug for Rejects<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rejects").field("file", &self.file.is_some()).finish()
    }
}

impl Rejects<'_> {
    /// Keeps the message of a row that is left out.
    pub(crate) fn note(&mut self, cohort: &mut Cohort, problem: Problem) -> Result<(), Problem> {
        if let Some(file) = &mut self.file {
            writeln!(file, "{problem}").map_err(|error| {
                Problem::of_command(
                    format!("the list of rejected rows cannot be written ({error})"),
                    "is the disk full?",
                )
            })?;
        }
        if cohort.messages.len() < KEPT {
            cohort.messages.push(problem);
        }
        Ok(())
    }
}
