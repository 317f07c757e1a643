//! The main job: what five publications on intravenous immunoglobulin (IVIG) in dermatomyositis add up to, and what
//! they do not. No number is typed in: all come from the data set or are computed from it.
//!
//! ```text
//! cargo run --example ivig
//! ```

use meta_analysis::datasets::ivig_dermatomyositis::{
    self as ivig, AdverseEvents, MeansWithoutSd, Remission, Score, extended,
};
use meta_analysis::num::format::{percent, significant};
use meta_analysis::num::{beta, chi_squared};
use meta_analysis::study::{BinaryMeasure, ChangeMeasure, Proportion, ProportionMeasure, Studies, Summary, TwoByTwo};
use meta_analysis::{
    CommonEffect, ForestTable, Inference, Natural, Pooled, RandomEffects, Region, Result, Tau2, leave_one_out,
};

fn main() -> Result<()> {
    println!("INTRAVENOUS IMMUNOGLOBULIN (IVIG) IN DERMATOMYOSITIS AND POLYMYOSITIS");
    data()?;
    let fit = pooled_response()?;
    meaning(&fit)?;
    cohort()?;
    scores()?;
    adverse_events()?;
    left_out()
}

fn data() -> Result<()> {
    heading("1. Data: who responded to IVIG, as each study defined response");
    let responses = ivig::responses()?;
    let (outcomes, counts) = (texts(&responses, "outcome"), texts(&responses, "count_source"));
    println!("{:<16} {:<10} {:<48} count", "study", "responded", "what counted as response");
    for (((study, row), outcome), count) in responses.iter().zip(&outcomes).zip(&counts) {
        println!("{study:<16} {:<10} {outcome:<48} {count}", of(row));
    }
    let definitions: std::collections::BTreeSet<&String> = outcomes.iter().collect();
    println!("{} studies, {} definitions of response, no comparison group.", responses.len(), definitions.len());
    let treated = responses.covariates().numbers("treated").unwrap_or_default();
    for ((study, row), treated) in responses.iter().zip(treated) {
        if let Some(treated) = treated.filter(|&treated| treated > row.total()) {
            println!("{study} analysed {} of the {treated} people it treated.", row.total());
        }
    }
    println!("Derived: the source prints a percentage, and only this count gives it.");
    Ok(())
}

fn pooled_response() -> Result<Pooled> {
    heading("2. Pooled proportion of responders (random effects on the logit scale, shown as proportions)");
    let effects = ivig::responses()?.effects(ProportionMeasure::Logit)?;
    let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    println!("{}", ForestTable::from(&fit));

    println!("\n{:<37} {:<21} {:<16} {:<6} I2", "the same by several choices", "pooled", "prediction", "tau2");
    let strict = ivig::strict_responses()?.effects(ProportionMeasure::Logit)?;
    let choices = [
        ("REML, Hartung-Knapp (table above)", Tau2::Reml, Inference::HartungKnapp, &effects),
        ("REML, Wald", Tau2::Reml, Inference::Wald, &effects),
        ("DerSimonian-Laird, Hartung-Knapp", Tau2::DerSimonianLaird, Inference::HartungKnapp, &effects),
        ("DerSimonian-Laird, Wald", Tau2::DerSimonianLaird, Inference::Wald, &effects),
        ("strict outcomes, REML, Hartung-Knapp", Tau2::Reml, Inference::HartungKnapp, &strict),
    ];
    for (name, tau2, inference, effects) in choices {
        let fit = RandomEffects::new(tau2).inference(inference).fit(effects)?;
        let (new, heterogeneity) = (fit.prediction()?.natural(), fit.heterogeneity());
        let prediction = format!("[{}, {}]", significant(new.lower), significant(new.upper));
        let (tau2, i2) = (significant(heterogeneity.tau2), percent(heterogeneity.i2));
        println!("{name:<37} {:<21} {prediction:<16} {tau2:<6} {i2}", fit.natural().to_string());
    }
    let intervals = fit.heterogeneity_intervals()?;
    println!("\nHeterogeneity: {}", fit.heterogeneity());
    println!("Q-profile: tau2 {}, I2 {}", region(intervals.tau2, significant), region(intervals.i2, percent));
    for note in fit.notes() {
        println!("Note: {note}");
    }
    Ok(fit)
}

fn meaning(fit: &Pooled) -> Result<()> {
    heading("3. What this means, and what it does not");
    let (pooled, new) = (fit.natural(), fit.prediction()?.natural());
    println!("* A description, not an estimate of efficacy: nobody in section 2 is compared with anybody.");
    for (study, table) in extended::trial(extended::TotalImprovement::AtLeast20)?.iter() {
        let (_, placebo) = table.groups();
        let share = 100.0 * placebo.value();
        println!("  In a randomised trial ({study}, not pooled) {} improved on placebo: {share:.1}%.", of(&placebo));
    }
    println!(
        "* {} is the middle of the studies' rates, not the chance that a patient responds:",
        percent(pooled.value)
    );
    println!("  it mixes a composite response, physicians' judgement, muscular remission and skin improvement.");

    let strict = fit.refit(&ivig::strict_responses()?.effects(ProportionMeasure::Logit)?)?.natural();
    let other = RandomEffects::new(Tau2::DerSimonianLaird).fit(fit.effects())?.natural();
    let points = |other: Natural| significant(100.0 * (other.value - pooled.value).abs());
    println!("* Outcomes matter: everybody treated in Hara 2003, and complete remission in Kampylafka 2012");
    println!("  (\"strict\"), make it {}, {} points away.", percent(strict.value), points(strict));
    println!("  DerSimonian-Laird instead of REML makes it {}, {} points away.", percent(other.value), points(other));
    println!("* In a further study of this kind the true rate may lie anywhere from {}.", range(&new));

    let wald = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(fit.effects())?.natural();
    let wider = if pooled.upper - pooled.lower > wald.upper - wald.lower { "wider" } else { "narrower" };
    println!("* {} studies say little about tau2. Wald takes it as known: {}.", fit.k(), range(&wald));
    println!("  Hartung-Knapp, with a t distribution, is {wider}: {}.", range(&pooled));
    let without = leave_one_out(fit)?;
    if let Some(out) = without.iter().min_by(|a, b| a.heterogeneity.tau2.total_cmp(&b.heterogeneity.tau2)) {
        let (value, tau2) = (percent(out.estimate.natural().value), significant(out.heterogeneity.tau2));
        println!("* Without {}: {value}, tau2 {tau2}. That shows which study differs most,", out.study);
        println!("  and is no reason to drop it.");
    }
    Ok(())
}

fn cohort() -> Result<()> {
    heading("4. IVIG added to conventional treatment, or not: one cohort, not randomised");
    println!("{:<18} {:<8} {:<8}  {:<18}  {:<18}  risk difference", "", "IVIG", "without", "odds ratio", "risk ratio");
    let mut remarks = Vec::new();
    for outcome in Remission::ALL {
        let study = ivig::cohort(outcome)?;
        let odds = single(&study, BinaryMeasure::LogOddsRatio)?.to_string();
        let risk = single(&study, BinaryMeasure::LogRiskRatio)?;
        let difference = single(&study, BinaryMeasure::RiskDifference)?;
        let printed = study.covariates().numbers("reported_p").unwrap_or_default();
        for ((_, table), printed) in study.iter().zip(printed) {
            let ((treated, control), ratio) = (table.groups(), risk.to_string());
            println!("{outcome:<18} {} {}  {odds:<18}  {ratio:<18}  {difference}", of(&treated), of(&control));
            let excludes = if risk.lower > 1.0 || risk.upper < 1.0 { "excludes" } else { "includes" };
            remarks.push(format!("{outcome}: the interval of the risk ratio {excludes} 1 (no difference)."));
            remarks.extend(printed.map(|p| compare_p(p, table)));
        }
    }
    println!("{}", remarks.join("\n"));
    println!("The same people twice, so never pooled. Wald intervals. The groups may differ in more than IVIG.");
    Ok(())
}

fn scores() -> Result<()> {
    heading("5. Scores before IVIG and 6 months after, same cohort: standardised mean change");
    let [skin, muscle] = Score::ALL.map(|score| format!("{score}, {}", score.better()));
    println!("{:<4} {skin:<48} {muscle}", "");
    println!("{:<4} {:<23} {:<24} {:<19} by SD of change", "r", "by SD before", "by SD of change", "by SD before");
    for r in [0.3, 0.5, 0.7, 0.9] {
        let mut cells = Vec::new();
        for score in Score::ALL {
            let study = ivig::score(score, r)?;
            for measure in [ChangeMeasure::StandardizedBySdBefore, ChangeMeasure::StandardizedBySdOfChange] {
                cells.push(single(&study, measure)?.to_string());
            }
        }
        if let [skin_before, skin_change, muscle_before, muscle_change] = &cells[..] {
            println!("{r:<4} {skin_before:<23} {skin_change:<24} {muscle_before:<19} {muscle_change}");
        }
    }
    println!("r, the correlation of before and after, is not reported: no line is the right one. By the SD");
    println!("before, only the interval depends on it.");
    for (_, row) in ivig::score(Score::Cdasi, 0.5)?.iter() {
        println!("The same {} people in both scores (their number is assumed), so never pooled.", row.n());
    }
    println!("No comparison group: natural course and regression to the mean are part of every number.");
    Ok(())
}

fn adverse_events() -> Result<()> {
    heading("6. Adverse events: not pooled, because courses are not patients (exact 95% intervals)");
    for row in ivig::adverse_events()? {
        let count = format!("{} of {} {}", row.events, row.denominator, row.unit);
        println!("{:<16} {count:<17} {} {}", row.study, percent(row.share()), exact_interval(&row));
        println!("  {}", row.kinds);
    }
    Ok(())
}

fn left_out() -> Result<()> {
    heading("7. Context, and what was left out");
    for review in ivig::reviews()? {
        let (trials, open, past) = (review.randomised, review.prospective_open, review.retrospective);
        let (study, patients, articles) = (review.study, review.patients, review.articles);
        println!(
            "* {study}: a review of {patients} patients in {articles} articles ({trials} trials, {open} prospective and {past}"
        );
        println!("  retrospective). No estimate, and perhaps the patients of section 1 again: context only.");
    }
    println!("* Hara 2003, means before and after without standard deviations, so without a variance:");
    for pair in ivig::means_without_sd()?.chunks(2) {
        let show = |row: &MeansWithoutSd| format!("{} {} -> {} {}", row.outcome, row.before, row.after, row.unit);
        println!("  {}", pair.iter().map(show).collect::<Vec<_>>().join("; "));
    }
    let arm = ivig::ivig_arm()?;
    let relapses = arm.iter().filter(|row| row.outcome.contains("relapse"));
    let relapses: Vec<String> =
        relapses.map(|row| format!("{} {} of {}", row.outcome, row.events, row.total)).collect();
    println!("* Kampylafka 2012, {}:", relapses.join(", "));
    println!("  the report gives several lengths of follow-up, so there is no rate.");
    println!("* Galimberti 2018, steroids spared: a percentage that no count of its patients gives.");
    let further = extended::responses()?.len();
    println!("* {further} further studies, found by chance and not by a search, are a data set of their own:");
    println!("  `datasets::ivig_dermatomyositis::extended`. The documentation lists every discrepancy.");
    Ok(())
}

/// Heading of a section.
fn heading(title: &str) {
    println!("\n{title}\n{}", "-".repeat(title.chars().count()));
}

/// "22 of 24", aligned.
fn of(p: &Proportion) -> String {
    format!("{:>2} of {:>2}", p.events(), p.total())
}

/// "29% to 97%".
fn range(natural: &Natural) -> String {
    format!("{} to {}", percent(natural.lower), percent(natural.upper))
}

/// One covariate of a data set, as text.
fn texts<T>(studies: &Studies<T>, name: &str) -> Vec<String> {
    studies.covariates().text(name).unwrap_or_default().iter().map(|text| text.clone().unwrap_or_default()).collect()
}

/// Effect and 95% interval of a single study, on the natural scale.
fn single<T: Summary>(study: &Studies<T>, measure: T::Measure) -> Result<Natural> {
    Ok(CommonEffect::new().fit(&study.effects(measure)?)?.natural())
}

/// A confidence region as text.
fn region(region: Region, show: fn(f64) -> String) -> String {
    region.interval().map_or("empty".to_owned(), |i| format!("[{}, {}]", show(i.lower), show(i.upper)))
}

/// A printed p-value beside that of Pearson's chi-square test without correction, with as many decimals.
fn compare_p(printed: f64, table: &TwoByTwo) -> String {
    let [a, b, c, d] = table.cells();
    let (n, difference) = (a + b + c + d, a * d - b * c);
    let p = chi_squared::sf(n * difference * difference / ((a + b) * (c + d) * (a + c) * (b + d)), 1.0);
    let printed = printed.to_string();
    let found = format!("{p:.*}", printed.len().saturating_sub("0.".len()));
    let agrees = if found == printed { "and" } else { "but" };
    format!("  Printed p {printed}, {agrees} the counts give {found} (chi-square).")
}

/// Exact (Clopper-Pearson) 95% interval of adverse events over their unit.
fn exact_interval(row: &AdverseEvents) -> String {
    let (x, n) = (f64::from(row.events), f64::from(row.denominator));
    let lower = beta::inverse_regularized(x, n - x + 1.0, 0.025);
    let upper = beta::inverse_regularized_upper(x + 1.0, n - x, 0.025);
    format!("[{}, {}]", percent(lower), percent(upper))
}
