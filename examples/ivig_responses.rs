//! How often does IVIG help in dermatomyositis? The same four groups of patients, three ways.
//!
//! The logit and Freeman-Tukey models pool transformed proportions with the variances that the transformation ought to have. With 8 or
//! 24 patients it has not: logits need a half added to a study in which everybody responds, are pulled towards one half, and
//! their intervals cover less than they say (`coverage_proportions` shows how much); a double arcsine has no way back that does not
//! depend on an invented sample size. The binomial-normal model takes the counts as they are. It is the one to report.

use meta_analysis::datasets::ivig_dermatomyositis;
use meta_analysis::glmm::{BinomialNormal, GlmmInference, PredictionUncertainty};
use meta_analysis::{ForestTable, RandomEffects, Result, study::ProportionMeasure};

fn main() -> Result<()> {
    let responses = ivig_dermatomyositis::responses()?;
    let logit = RandomEffects::default().fit(&responses.effects(ProportionMeasure::Logit)?)?;
    let arcsine = RandomEffects::default().fit(&responses.effects(ProportionMeasure::FreemanTukey)?)?;
    let exact = BinomialNormal::new().fit(&responses)?;

    println!("{}\n", ForestTable::from(&exact));
    println!("{exact}\n");

    println!("model            pooled proportion     tau2 on its own scale");
    println!("logit REML       {}  {:.2}", logit.natural(), logit.heterogeneity().tau2);
    println!("Freeman-Tukey    {}  {:.3}", arcsine.natural(), arcsine.heterogeneity().tau2);
    println!("binomial-normal  {}  {:.2}\n", exact.natural(), exact.heterogeneity().tau2.unwrap_or_default());

    println!("binomial-normal by interval");
    let fits = [
        GlmmInference::ProfileLikelihood,
        GlmmInference::ProfileLikelihoodT,
        GlmmInference::Wald,
        GlmmInference::WaldT,
    ];
    for inference in fits {
        println!("  {:<23} {}", inference, BinomialNormal::new().inference(inference).fit(&responses)?.natural());
    }
    println!("mean over studies         {}", exact.mean_response()?);
    println!("\nof each study, given the others");
    for blup in exact.blups()? {
        println!("  {:<16} {:.3}", blup.study, blup.natural);
    }
    let next = exact.new_count(10, PredictionUncertainty::OfMean)?;
    let (from, to) = next.interval(0.8)?;
    println!("\nof the next 10 patients of a new study, {from} to {to} respond with probability at least 0.8");
    Ok(())
}
