//! Two groups, yes or no: one 2x2 table by three measures, each on its natural scale.
//!
//! A randomised trial of IVIG against placebo, for its three thresholds of improvement, one at a time.

use meta_analysis::datasets::ivig_dermatomyositis::extended::{TotalImprovement, trial};
use meta_analysis::{CommonEffect, Result, num::format::p_value, study::BinaryMeasure};

fn main() -> Result<()> {
    for threshold in TotalImprovement::ALL {
        println!("{threshold}");
        let study = trial(threshold)?;
        for measure in [BinaryMeasure::LogOddsRatio, BinaryMeasure::LogRiskRatio, BinaryMeasure::RiskDifference] {
            let fit = CommonEffect::new().fit(&study.effects(measure)?)?; // one study: nothing to average
            let (name, p) = (fit.natural().measure.natural_name(), p_value(fit.estimate().p_value()));
            println!("  {name:<15} {:<22} p {p}", fit.natural().to_string());
        }
    }
    Ok(())
}
