//! Before and after in one group: a sensitivity analysis over the correlation that no paper reports.

use meta_analysis::datasets::ivig_dermatomyositis::{Score, score};
use meta_analysis::{CommonEffect, Measure, Result, study::ChangeMeasure};

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
    Ok(())
}
