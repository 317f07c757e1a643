//! Without arguments: small files with a known truth, their analysis, and the head of the table.

use std::fmt::Write;

use crate::command::Analysis;
use crate::generate::{Recipe, generate};
use crate::problem::Problem;
use crate::run::analyse;
use crate::scratch::Scratch;
use crate::summary::summary;

/// Lines of the table that are shown.
const SHOWN: usize = 8;

pub(crate) fn demonstration() -> Result<String, Problem> {
    let scratch = Scratch::new()?;
    let recipe = Recipe { snps: 2000, cohorts: 6, seed: 1, clean: false, shuffled: false };
    let files = generate(&recipe, scratch.path())?;
    let mut analysis = Analysis::new(files, scratch.path().join("table.txt"));
    analysis.genomic_control = true;
    let report = analyse(&analysis)?;
    let table = std::fs::read_to_string(&analysis.out).map_err(|error| {
        let what = format!("cannot be read back ({error})");
        Problem::of_file("table.txt", what, "check the temporary directory")
    })?;
    let mut text = String::from("Six generated cohorts of 2000 markers: ");
    text.push_str("mixed formats, strands and codings, missing markers, faults; see --help\n\n");
    text.push_str(&summary(&report));
    text.push_str("\nThe table, METAL's columns:\n");
    columns(&mut text, &table, 0..13);
    text.push_str("\nand random effects:\n");
    columns(&mut text, &table, [0].into_iter().chain(13..23));
    strongest(&mut text, &table);
    Ok(text)
}

/// Appends some columns of the first lines, aligned.
fn columns(text: &mut String, table: &str, which: impl Iterator<Item = usize>) {
    let lines: Vec<Vec<&str>> = table.lines().take(1 + SHOWN).map(|l| l.split('\t').collect()).collect();
    let mut rows = vec![String::new(); lines.len()];
    for (number, column) in which.enumerate() {
        let cell = |line: &Vec<&str>| line.get(column).copied().unwrap_or("").to_string();
        let width = lines.iter().map(|l| cell(l).len()).max().unwrap_or(0);
        for (row, line) in rows.iter_mut().zip(&lines) {
            if number == 0 {
                let _ = write!(row, "{:width$}", cell(line)); // writing to a string does not fail
            } else {
                let _ = write!(row, "  {:>width$}", cell(line));
            }
        }
    }
    for row in rows {
        text.push_str(row.trim_end());
        text.push('\n');
    }
}

/// Appends the markers whose common effect and REML differ most in significance: where heterogeneity decides.
fn strongest(text: &mut String, table: &str) {
    let number = |fields: &[&str], i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok());
    let mut found: Vec<(f64, Vec<&str>)> = table
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<&str>>())
        .filter_map(|fields| {
            let (fixed, reml) = (number(&fields, 7)?, number(&fields, 19)?);
            (fixed < crate::table::GENOME_WIDE && reml >= crate::table::GENOME_WIDE).then_some((fixed, fields))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    text.push_str("\nSignificant (5e-8) with one common effect, but not where cohorts may differ (REML):\n");
    for (_, fields) in found.iter().take(5) {
        let field = |i: usize| fields.get(i).copied().unwrap_or("");
        let (name, i2, direction) = (field(0), field(9), field(8));
        let _ = writeln!(text, "  {name}  p {}  REML p {}  I2 {i2}%  {direction}", field(7), field(19));
    }
}
