//! The shortest useful program: four studies, one pooled proportion, the table a paper shows.

use meta_analysis::{ForestTable, RandomEffects, Result, datasets::ivig_dermatomyositis, study::ProportionMeasure};

fn main() -> Result<()> {
    let responses = ivig_dermatomyositis::responses()?;
    let fit = RandomEffects::default().fit(&responses.effects(ProportionMeasure::Logit)?)?;

    println!("{}", ForestTable::from(&fit));
    println!("{fit}");
    Ok(())
}
