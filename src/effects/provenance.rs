//! Where each effect comes from: the data, every choice, the result. Serialisable, and repeatable.

use crate::effect::Effect;
use crate::error::Result;
use crate::measure::Measure;
use crate::study::{Conversion, Studies, Summary};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The record of one effect: what the paper reports, the measure with every choice that was made, what all studies
/// together contributed, and the effect that came out (with what was added to its counts).
///
/// [`repeat`](Provenance::repeat) computes the effect again from the record alone. Effects that were converted from
/// others carry their steps in [`Converted`](crate::study::convert::Converted).
///
/// ```
/// use meta_analysis::effects::Provenance;
/// use meta_analysis::study::{BinaryMeasure, Conversion, Studies, TwoByTwo, ZeroCells};
///
/// let trials = Studies::from([("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?)]);
/// let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::constant(0.5));
/// let record = trials.provenance(how)?.remove(0);
/// assert_eq!(record.formula(), "OR");
/// assert!(record.effect.adjustment().is_some()); // one half was added
///
/// let text = serde_json::to_string(&record).unwrap();
/// let read: Provenance<TwoByTwo, BinaryMeasure> = serde_json::from_str(&text).unwrap();
/// assert_eq!(read.repeat()?, record.effect);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Provenance<T, M> {
    /// Label of the study.
    pub study: String,
    /// What the paper reports.
    pub data: T,
    /// The measure and every choice, settled for all studies together.
    pub conversion: Conversion<M>,
    /// The effect.
    pub effect: Effect,
    /// Version of this crate that computed it.
    pub version: String,
}

impl<T: Summary> Provenance<T, T::Measure> {
    /// The formula by metafor's codes: the measure, and the variance where it is not the usual one, as in `SMD/UB`.
    pub fn formula(&self) -> String {
        let measure: Measure = self.conversion.measure().into();
        match self.conversion.variance_type().code() {
            Some(variance) => format!("{}/{variance}", measure.code()),
            None => measure.code().to_owned(),
        }
    }

    /// The effect, computed again from the record.
    ///
    /// # Errors
    /// Whatever leaves the measure undefined; not for a record that this version wrote.
    pub fn repeat(&self) -> Result<Effect> {
        self.data.effect(&self.conversion).map_err(|e| e.in_study(&self.study))
    }
}

impl<T: Summary + Clone> Studies<T> {
    /// The record of every effect that [`effects`](Self::effects) computes with the same options, in the same order.
    ///
    /// # Errors
    /// As [`effects`](Self::effects).
    pub fn provenance(&self, how: impl Into<Conversion<T::Measure>>) -> Result<Vec<Provenance<T, T::Measure>>> {
        let how = how.into();
        let effects = self.effects(how)?;
        let rows: Vec<&T> = self.iter().map(|(_, row)| row).collect();
        let conversion = how.settled(&rows)?;
        let labels: HashSet<&str> = effects.labels().iter().map(String::as_str).collect();
        let kept = self.iter().filter(|(label, _)| labels.contains(label));
        kept.map(|(study, row)| {
            Ok(Provenance {
                study: study.to_owned(),
                data: row.clone(),
                conversion,
                effect: row.effect(&conversion).map_err(|e| e.in_study(study))?,
                version: env!("CARGO_PKG_VERSION").to_owned(),
            })
        })
        .collect()
    }
}
