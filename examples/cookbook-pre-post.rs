//! Before and after: a sensitivity analysis over the correlation that no paper reports, for one study and for several.

use meta_analysis::datasets::ivig_dermatomyositis::{Score, score};
use meta_analysis::study::{AssumedCorrelation, ChangeMeasure, Moments, PrePost, PrePostAssumed, Studies};
use meta_analysis::{CommonEffect, Measure, RandomEffects, Result, Tau2};

fn main() -> Result<()> {
    use ChangeMeasure::{MeanChange, StandardizedBySdBefore, StandardizedBySdOfChange};
    for measure in [MeanChange, StandardizedBySdBefore, StandardizedBySdOfChange] {
        println!("{} of the {}", Measure::from(measure).natural_name(), Score::Cdasi);
        for r in [0.3, 0.5, 0.7, 0.9] {
            let effects = score(Score::Cdasi, r)?.effects(measure)?;
            let change = CommonEffect::new().fit(&effects)?.natural(); // one study: nothing to average
            println!("  r = {r}: {change}");
        }
    }

    // Three invented studies, pooled at each correlation of a grid, and over the grid.
    let assumed = AssumedCorrelation::grid([0.3, 0.5, 0.7, 0.9])?;
    let row = |before: (f64, f64), after: (f64, f64), n: u32| {
        let [before, after] = [before, after].map(|(mean, sd)| Moments::mean_sd(mean, sd));
        PrePostAssumed::new(before, after, n, assumed.clone())
    };
    let studies = Studies::from([
        ("A", row((7.5, 6.3), (3.0, 3.6), 24)?),
        ("B", row((19.1, 11.2), (9.8, 8.1), 15)?),
        ("C", row((12.0, 8.0), (9.5, 7.1), 40)?),
    ]);
    let model = RandomEffects::new(Tau2::Reml);
    println!("three studies, pooled");
    for r in assumed.values(4) {
        let rows = studies.iter().map(|(label, row)| Ok((label, row.at(r)?)));
        let at_r: Studies<PrePost> = rows.collect::<Result<_>>()?;
        println!("  r = {r}: {}", model.fit(&at_r.effects(StandardizedBySdBefore)?)?.natural());
    }
    println!("  any of these: {}", model.fit(&studies.effects(StandardizedBySdBefore)?)?.natural());
    Ok(())
}
