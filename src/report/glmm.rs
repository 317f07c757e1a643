//! The forest table of a model of counts.

use super::forest::{ForestRow, ForestTable};
use crate::glmm::{GlmmData, GlmmFit};
use crate::inference::Natural;
use crate::study::{ProportionInterval, RateInterval};

impl From<&GlmmFit> for ForestTable {
    /// Every study with its **exact** interval (Clopper-Pearson, Garwood), which needs no approximation either, and its share of
    /// the information on the mean as weight; on the boundary, its share of people or time.
    fn from(fit: &GlmmFit) -> Self {
        let level = fit.natural().level;
        let measure = fit.natural().measure;
        let labels = fit.data().labels();
        let intervals: Vec<[f64; 3]> = match fit.data() {
            GlmmData::Proportions(studies) => studies
                .iter()
                .map(|(_, row)| match row.interval(ProportionInterval::ClopperPearson, level) {
                    Ok(found) => [found.estimate, found.lower, found.upper],
                    Err(_) => [row.value(), 0.0, 1.0],
                })
                .collect(),
            GlmmData::Rates(studies) => studies
                .iter()
                .map(|(_, row)| match row.interval(RateInterval::Garwood, level) {
                    Ok(found) => [found.estimate, found.lower, found.upper],
                    Err(_) => [row.value(), 0.0, f64::INFINITY],
                })
                .collect(),
        };
        let rows = labels.iter().zip(intervals).zip(fit.weights());
        let rows = rows.map(|((study, [value, lower, upper]), weight)| ForestRow {
            study: (*study).to_owned(),
            effect: Natural { value, lower, upper, level, measure },
            weight,
        });
        Self {
            measure: measure.natural_name().to_owned(),
            rows: rows.collect(),
            pooled: fit.natural(),
            prediction: fit.prediction(level).ok(),
        }
    }
}
