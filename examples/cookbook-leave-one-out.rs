//! Which study holds the result up? The same model without each study in turn.

use meta_analysis::{RandomEffects, Result, datasets::ivig_dermatomyositis, leave_one_out, study::ProportionMeasure};

fn main() -> Result<()> {
    let effects = ivig_dermatomyositis::responses()?.effects(ProportionMeasure::Logit)?;
    let fit = RandomEffects::default().fit(&effects)?;

    println!("{:<24} {:.2}  tau2 {:.2}", "all", fit.natural(), fit.heterogeneity().tau2);
    for out in leave_one_out(&fit)? {
        let (pooled, tau2) = (out.estimate.natural(), out.heterogeneity.tau2);
        println!("without {:<16} {pooled:.2}  tau2 {tau2:.2}", out.study);
    }
    Ok(())
}
