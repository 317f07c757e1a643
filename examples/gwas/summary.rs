//! What is printed after an analysis.

use std::fmt::Write;

use crate::report::Cohort;
use crate::run::Report;

/// Counts of every cohort, what was left out and why, and what was found.
pub(crate) fn summary(report: &Report) -> String {
    let mut text = String::new();
    let _ = write_summary(&mut text, report); // writing to a string does not fail
    text
}

fn write_summary(text: &mut String, report: &Report) -> std::fmt::Result {
    rows(text, &report.cohorts)?;
    messages(text, &report.cohorts)?;
    let written = &report.written;
    writeln!(text)?;
    if let Some(problem) = &report.out_of_order {
        writeln!(text, "Not in one order, so all markers were kept in memory: {problem}")?;
    }
    writeln!(
        text,
        "{} markers: {} in all cohorts, {} in one; {} with ambiguous alleles (A/T, C/G)",
        written.markers, written.complete, written.single, written.ambiguous
    )?;
    if written.suspicious > 0 {
        writeln!(
            text,
            "{} ambiguous markers have frequencies as if cohorts were on different strands: see --ambiguous",
            written.suspicious
        )?;
    }
    if written.too_few > 0 {
        writeln!(text, "{} markers left out, because too few cohorts have them", written.too_few)?;
    }
    let [fixed, dl, reml] = written.significant;
    writeln!(text, "p below 5e-8: common effect {fixed}, DerSimonian-Laird {dl}, REML {reml}")
}

fn rows(text: &mut String, cohorts: &[Cohort]) -> std::fmt::Result {
    let width = cohorts.iter().map(|c| c.name.chars().count()).max().unwrap_or(0).max("cohort".len());
    let controlled = cohorts.iter().any(|c| c.lambda.is_some());
    writeln!(text, "{:width$}  {:>9} {:>9} | {:^39} | of those used", "", "", "", "left out")?;
    write!(
        text,
        "{:width$}  {:>9} {:>9} | {:>7} {:>9} {:>8} {:>12} | ",
        "cohort", "rows", "used", "no est.", "malformed", "repeated", "other allele"
    )?;
    write!(text, "{:>9} {:>12} {:>9}", "swapped", "other strand", "ambiguous")?;
    writeln!(text, "{}", if controlled { " | lambda" } else { "" })?;
    for cohort in cohorts {
        let c = &cohort.counts;
        write!(text, "{:width$}  {:>9} {:>9} | ", cohort.name, c.rows, c.used)?;
        write!(text, "{:>7} {:>9} {:>8} {:>12} | ", c.no_estimate, c.malformed, c.duplicate, c.other_alleles)?;
        write!(text, "{:>9} {:>12} {:>9}", c.swapped, c.other_strand, c.ambiguous)?;
        if let Some(lambda) = cohort.lambda {
            write!(text, " |  {lambda:.3}")?;
        }
        writeln!(text)?;
        if c.ambiguous_dropped + c.ambiguous_turned > 0 {
            let (dropped, turned) = (c.ambiguous_dropped, c.ambiguous_turned);
            writeln!(text, "{:width$}  ambiguous: {dropped} left out, {turned} turned by their frequency", "")?;
        }
    }
    Ok(())
}

fn messages(text: &mut String, cohorts: &[Cohort]) -> std::fmt::Result {
    if cohorts.iter().all(|c| c.messages.is_empty()) {
        return Ok(());
    }
    writeln!(text, "\nLeft out (the first of each cohort; --rejects lists all):")?;
    for cohort in cohorts {
        for message in &cohort.messages {
            writeln!(text, "  {message}")?;
        }
        let c = &cohort.counts;
        let more = (c.malformed + c.duplicate + c.other_alleles).saturating_sub(cohort.messages.len() as u64);
        if more > 0 {
            writeln!(text, "  {}: {more} more", cohort.name)?;
        }
    }
    Ok(())
}
