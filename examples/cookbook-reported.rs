//! Effects as papers print them, with their interval: next to tables, and checked for misprints.
//!
//! The pool shows the mechanics. A randomised trial and a cohort with another end point do not answer one question.

use meta_analysis::datasets::ivig_dermatomyositis::{Remission, cohort, extended::reported_differences};
use meta_analysis::study::{BinaryMeasure, Reported, Summary};
use meta_analysis::{Effects, Inference, RandomEffects, Result, Tau2};

fn main() -> Result<()> {
    let mut rows = Vec::new();
    for printed in reported_differences()?.iter().take(1) {
        let reported = Reported::risk_difference(printed.difference);
        rows.push(("Aggarwal 2022", reported.ci95(printed.lower, printed.upper)?));
        if let Err(misprint) = reported.ci95(printed.lower, 10.0 * printed.upper) {
            println!("{misprint}\n"); // a slipped decimal point is caught, not pooled
        }
    }
    let cohort = cohort(Remission::Muscular)?;
    for (study, table) in cohort.iter() {
        rows.push((study, table.effect(&BinaryMeasure::RiskDifference.into())?));
    }
    let model = RandomEffects::new(Tau2::Reml).inference(Inference::Wald); // a t interval with 1 df says nothing
    println!("{}", model.fit(&Effects::from_rows(rows)?)?);
    Ok(())
}
