//! Arbitrary text as a result, a model or data in JSON.

use super::source::Source;
use meta_analysis::glmm::{GlmmModel, TwoGroupData, TwoGroupModel};
use meta_analysis::tables::{ConditionalOddsRatio, MantelHaenszel, TableMeasure};
use meta_analysis::{
    BinomialNormal, CommonEffect, Effects, ForestTable, GlmmFit, GlmmRegression, MeanWeights, PValueFunction, Pooled,
    PooledStrata, Posterior, Prediction, Prior, RandomEffects, Scale, Tau2Interval, TwoGroupFit, WeightedMean,
    WeightedPooled,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be read can be written, and is then read as the same.
fn read<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &[u8]) -> Option<T> {
    let found: T = serde_json::from_slice(text).ok()?;
    // Numbers that JSON does not have are written as null.
    let json = serde_json::to_string(&found).expect("what was read can be written");
    if !json.contains("null") {
        let again: T = serde_json::from_str(&json).expect("and read");
        assert_eq!(again, found);
    }
    Some(found)
}

fn printed<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug + std::fmt::Display>(text: &[u8]) {
    if let Some(found) = read::<T>(text) {
        let _ = (found.to_string(), format!("{found:#}"));
    }
}

/// Every result that reads back from its own JSON, from any text.
pub fn results(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let kind = s.byte() % 16;
    let text = s.rest();
    match kind {
        0 => printed::<GlmmFit>(text),
        1 => printed::<GlmmRegression>(text),
        2 => printed::<TwoGroupFit>(text),
        3 => printed::<PooledStrata>(text),
        4 => printed::<WeightedPooled>(text),
        5 => printed::<Posterior>(text),
        6 => drop(read::<PValueFunction>(text)),
        7 => drop(read::<ForestTable>(text)),
        8 => drop(read::<ConditionalOddsRatio>(text)),
        9 => {
            read::<GlmmModel>(text);
            read::<TwoGroupModel>(text);
            read::<BinomialNormal>(text);
            read::<MantelHaenszel<TableMeasure>>(text);
        }
        10 => {
            read::<RandomEffects>(text);
            read::<CommonEffect>(text);
            read::<WeightedMean>(text);
            read::<MeanWeights>(text);
        }
        11 => {
            read::<Prior>(text);
            read::<Prediction>(text);
            read::<Tau2Interval>(text);
            read::<Scale>(text);
        }
        12 => drop(read::<TwoGroupData>(text)),
        13 => drop(read::<Effects>(text)),
        _ => printed::<Pooled>(text),
    }
}
