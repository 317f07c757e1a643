//! How often does it happen? Proportions of single groups, pooled on the logit scale and shown as proportions.
//!
//! Two studies that count improvement of the skin in dermatomyositis, both in retrospect and without controls. Two
//! studies are few: what the three intervals make of them is the point.

use meta_analysis::datasets::ivig_dermatomyositis::{self as ivig, extended};
use meta_analysis::{ForestTable, Inference, RandomEffects, Result, Studies, Tau2, study::ProportionMeasure};

fn main() -> Result<()> {
    let (ours, further) = (ivig::responses()?, extended::responses()?);
    let wanted = ["Galimberti 2018", "Bounfour 2014"];
    let rows = ours.iter().chain(further.iter()).filter(|(study, _)| wanted.contains(study));
    let skin: Studies<_> = rows.map(|(study, &row)| (study, row)).collect();
    let effects = skin.effects(ProportionMeasure::Logit)?;

    let fit = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(&effects)?;
    println!("{:.2}\n", ForestTable::from(&fit));
    for inference in [Inference::Wald, Inference::HartungKnapp, Inference::HartungKnappTruncated] {
        let fit = RandomEffects::new(Tau2::Reml).inference(inference).fit(&effects)?;
        println!("{:.2}  {inference}", fit.natural());
        fit.notes().iter().for_each(|note| println!("    note: {note}"));
    }
    Ok(())
}
