//! Two groups, few people: the counts pooled as counts.
//!
//! IVIG against no IVIG in the two comparisons there are: muscular remission in a cohort, improvement by at least 20
//! points in the randomised trial. Different designs and different outcomes: what is shown is how the methods differ,
//! not a result to quote.

use meta_analysis::datasets::ivig_dermatomyositis::extended::{TotalImprovement, trial};
use meta_analysis::datasets::ivig_dermatomyositis::{Remission, cohort};
use meta_analysis::num::format::p_value;
use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo};
use meta_analysis::tables::{Continuity, ExactLimits, TableMeasure, breslow_day, cochran_mantel_haenszel};
use meta_analysis::{CommonEffect, ExactOddsRatio, MantelHaenszel, Peto, Result};

fn main() -> Result<()> {
    let (cohort, trial) = (cohort(Remission::Muscular)?, trial(TotalImprovement::AtLeast20)?);
    let comparisons: Studies<TwoByTwo> = cohort.iter().chain(trial.iter()).map(|(label, row)| (label, *row)).collect();
    for (label, row) in comparisons.iter() {
        let (ivig, control) = row.groups();
        let [a, n1, c, n2] = [ivig.events(), ivig.total(), control.events(), control.total()];
        println!("{label:<16} {a:>2}/{n1} with IVIG, {c:>2}/{n2} without");
    }

    println!("\nThe odds ratio, five ways");
    let inverse = CommonEffect::new().fit(&comparisons.effects(BinaryMeasure::LogOddsRatio)?)?;
    let mantel = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&comparisons)?;
    let peto = Peto::new().fit(&comparisons)?;
    let exact = ExactOddsRatio::new();
    let (fisher, mid_p) = (exact.fit(&comparisons)?, exact.limits(ExactLimits::MidP).fit(&comparisons)?);
    let line = |name: &str, text: String, why: &str| println!("  {name:<17} {text:<20} {why}");
    line(
        "inverse variance",
        inverse.natural().to_string(),
        "weights from variances, and these from cells as small as 2",
    );
    line("Mantel-Haenszel", mantel.natural().to_string(), "no variances in the weights, no cell to correct");
    line("Peto", peto.natural().to_string(), "too close to 1: the effect is not small, events are not rare");
    line("exact, Fisher", natural(fisher.natural()), "never below 95% coverage, so wider");
    line("exact, mid-P", natural(mid_p.natural()), "95% on average; the one to prefer with so few people");

    println!("\nOther measures by Mantel-Haenszel");
    for measure in [TableMeasure::LogRiskRatio, TableMeasure::RiskDifference] {
        println!("{}", MantelHaenszel::new(measure).fit(&comparisons)?);
    }

    println!("\nTests");
    println!("  no effect: {} (Cochran-Mantel-Haenszel)", cochran_mantel_haenszel(&comparisons, Continuity::Half)?);
    println!("  no effect: p {} (exact, mid-P)", p_value(mid_p.test().mid_p));
    println!("  one odds ratio: {} (Breslow-Day, Tarone)", breslow_day(&comparisons)?.tarone);

    println!("\nNobody improves without treatment, in an invented second trial");
    let with_zero: Studies<TwoByTwo> =
        trial.iter().map(|(l, row)| (l, *row)).chain([("invented", TwoByTwo::new((4, 9), (0, 8))?)]).collect();
    let refused = with_zero.effects(BinaryMeasure::LogOddsRatio).unwrap_err();
    println!("  inverse variance: {refused}");
    println!("{}", MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&with_zero)?);
    println!("{}", exact.fit(&with_zero)?);
    Ok(())
}

fn natural(value: Option<meta_analysis::Natural>) -> String {
    value.map_or_else(|| "no finite estimate".to_owned(), |natural| natural.to_string())
}
