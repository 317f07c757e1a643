//! Rare events in two groups: one question, eight methods, none of which corrects a zero cell.
//!
//! ```text
//! cargo run --example cookbook-rare-events
//! ```

use meta_analysis::glmm::{
    BetaBinomial, Conditional, ConditionalNormal, DispersionMethod, FirthLogistic, TwoGroupFit, UnconditionalRandom,
};
use meta_analysis::num::format::significant;
use meta_analysis::study::{Studies, TwoByTwo};
use meta_analysis::tables::TableMeasure;
use meta_analysis::{ExactOddsRatio, MantelHaenszel, Peto, Result};

fn main() -> Result<()> {
    catheters()?;
    ivig()
}

/// Bloodstream infections with anti-infective and with standard central venous catheters: Niël-Weise, Stijnen & van den
/// Broek 2007, Intensive Care Med 33:2058; events and people, catheters treated with an anti-infective first.
fn catheters() -> Result<()> {
    let rows: [(u32, u32, u32, u32); 18] = [
        (0, 116, 3, 117),
        (1, 44, 3, 35),
        (2, 208, 9, 195),
        (0, 130, 7, 136),
        (5, 151, 6, 157),
        (1, 98, 4, 139),
        (1, 174, 3, 177),
        (1, 74, 2, 39),
        (1, 97, 19, 103),
        (1, 113, 2, 122),
        (0, 66, 7, 64),
        (0, 70, 1, 58),
        (3, 188, 5, 175),
        (6, 187, 11, 180),
        (0, 118, 0, 105),
        (0, 252, 1, 262),
        (1, 345, 3, 362),
        (4, 64, 1, 69),
    ];
    let studies = (1..).zip(rows);
    let trials: Studies<TwoByTwo> = studies
        .map(|(i, (x1, n1, x2, n2))| Ok((format!("trial {i:>2}"), TwoByTwo::new((x1, n1), (x2, n2))?)))
        .collect::<Result<Vec<_>>>()?
        .into();
    println!("Infections from central venous catheters, 18 trials: odds ratio, treated against standard");
    compare(&trials)?;

    let fit = ConditionalNormal::new().fit(&trials)?;
    println!("\nThe exact conditional model in full\n{fit:#}");
    let prediction = fit.prediction(0.95)?;
    println!("  in a new trial: {prediction}");
    println!("\nTrials shrunken towards the mean, log odds ratio: the first four");
    for effect in fit.blups()?.iter().take(4) {
        println!("  {}  {} (SD {})", effect.study, significant(effect.value), significant(effect.se));
    }
    Ok(())
}

/// The two randomised comparisons of IVIG with placebo in dermatomyositis.
fn ivig() -> Result<()> {
    let trials = Studies::from([
        ("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?), // a zero cell
        ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
    ]);
    println!("\nResponse to IVIG and to placebo, two trials: odds ratio (events are not rare)");
    compare(&trials)?;
    println!("  (two trials hardly say how much odds ratios differ: hence the width where they may)");
    println!("\nWith the smaller trial alone the estimate is infinite, and what is left is a limit");
    let dalakas: Studies<TwoByTwo> = trials.iter().take(1).map(|(label, row)| (label, *row)).collect();
    println!("{}", ConditionalNormal::new().equal_effects().fit(&dalakas)?);
    println!("{}", FirthLogistic::new().fit(&dalakas)?);
    Ok(())
}

fn compare(trials: &Studies<TwoByTwo>) -> Result<()> {
    let line = |name: &str, text: String, why: &str| println!("  {name:<26} {text:<21} {why}");
    let show = |fit: &TwoGroupFit| fit.natural().to_string();
    let equal = "one odds ratio";
    let mantel = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(trials)?;
    line("Mantel-Haenszel", mantel.natural().to_string(), equal);
    line("Peto", Peto::new().fit(trials)?.natural().to_string(), "one odds ratio, near 1");
    let exact = ExactOddsRatio::new().fit(trials)?.natural();
    line("exact conditional", exact.map_or_else(|| "one limit".to_owned(), |n| n.to_string()), equal);
    line("Firth", show(&FirthLogistic::new().fit(trials)?), "one odds ratio, less biased");
    let dispersed = FirthLogistic::new().overdispersion(DispersionMethod::Fletcher).fit(trials)?;
    let phi = dispersed.overdispersion().map_or(1.0, |found| found.phi);
    line("Firth, overdispersed", show(&dispersed), &format!("odds ratios differ: phi {}", significant(phi)));
    let tau2 = |fit: &TwoGroupFit| {
        let tau2 = fit.heterogeneity().and_then(|h| h.tau2);
        tau2.map_or_else(String::new, |t| format!("odds ratios differ: tau2 {}", significant(t)))
    };
    let conditional = ConditionalNormal::new().fit(trials)?;
    line("conditional, exact", show(&conditional), &tau2(&conditional));
    let approximate = ConditionalNormal::new().conditional(Conditional::Approximate).fit(trials)?;
    line("conditional, approximate", show(&approximate), &tau2(&approximate));
    let levels = UnconditionalRandom::new().fit(trials)?;
    line("unconditional, random", show(&levels), &tau2(&levels));
    let beta = BetaBinomial::new().fit(trials)?;
    let rho = beta.intraclass().map_or(0.0, |c| c.rho);
    line("beta-binomial", show(&beta), &format!("arms differ, not paired: correlation {}", significant(rho)));
    Ok(())
}
