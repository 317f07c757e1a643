//! The forest table of a model of counts of two groups.

use super::forest::{ForestRow, ForestTable};
use crate::glmm::{Conditional, ConditionalNormal, TwoGroupData, TwoGroupFit};
use crate::inference::Natural;
use crate::study::Studies;

impl From<&TwoGroupFit> for ForestTable {
    /// Every study that counts, with the odds ratio or rate ratio of its own conditional likelihood and its profile interval, which
    /// need no correction of zero cells, and its share of the information as weight. Ratios without a limit end at 0 or at the
    /// largest double. Models of risk ratios and differences have no rows, only the pooled effect.
    fn from(fit: &TwoGroupFit) -> Self {
        let natural = fit.natural();
        let used = fit.studies();
        let rows = used.iter().zip(fit.weights()).filter_map(|(&study, weight)| {
            Some(ForestRow { study: study.to_owned(), effect: alone(fit, study, &natural)?, weight })
        });
        Self {
            measure: natural.measure.natural_name().to_owned(),
            rows: rows.collect(),
            pooled: natural,
            prediction: fit.prediction(natural.level).ok(),
        }
    }
}

/// One study by itself.
fn alone(fit: &TwoGroupFit, study: &str, pooled: &Natural) -> Option<Natural> {
    let one: TwoGroupData = match fit.data() {
        TwoGroupData::Tables(studies) => (&Studies::from([(study, *studies.get(study)?)])).into(),
        TwoGroupData::Rates(studies) => (&Studies::from([(study, *studies.get(study)?)])).into(),
    };
    let model = ConditionalNormal::new().equal_effects().level(pooled.level);
    // Fractions of people have no hypergeometric distribution.
    let own = model.fit(one.clone()).or_else(|_| model.conditional(Conditional::Approximate).fit(one)).ok()?;
    (own.measure() == pooled.measure).then(|| own.natural())
}
