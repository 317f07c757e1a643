//! Many analyses at once, laid end to end: here two readings of the same studies, and one analysis that fails.

use meta_analysis::datasets::ivig_dermatomyositis::{responses, strict_responses};
use meta_analysis::{Batch, Measure, RandomEffects, Result, Tau2, study::ProportionMeasure};

fn main() -> Result<()> {
    let (mut y, mut v, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
    for studies in [responses()?, strict_responses()?] {
        let effects = studies.effects(ProportionMeasure::Logit)?;
        y.extend_from_slice(effects.y());
        v.extend_from_slice(effects.v());
        offsets.push(y.len());
    }
    offsets.push(y.len()); // a third analysis, of no studies at all

    let analyses = Batch::new(Measure::LogitProportion, &y, &v, &offsets)?;
    for (i, fit) in RandomEffects::new(Tau2::Reml).fit_batch(&analyses).iter().enumerate() {
        match fit {
            Ok(estimate) => println!("{i}: proportion {:.2}", estimate.natural()),
            Err(why) => println!("{i}: {why}"), // one that fails does not sink the rest
        }
    }
    Ok(())
}
