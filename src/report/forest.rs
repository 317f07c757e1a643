//! The forest table: every study, the pooled effect and the prediction interval.

use crate::inference::Natural;
use crate::num::format::percent;
use crate::num::normal;
use crate::pool::Pooled;
use crate::tables::PooledStrata;
use serde::{Deserialize, Serialize};

/// One study of a [`ForestTable`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForestRow {
    /// Label of the study.
    pub study: String,
    /// Effect with its interval `y -+ z sqrt(v)` on the analysis scale, carried to the natural scale.
    pub effect: Natural,
    /// Share of this study in the pooled effect.
    pub weight: f64,
}

/// Every study with its interval and weight, the pooled effect, and the prediction interval where the model has
/// one. Natural scale throughout; plain numbers, all public.
///
/// ```
/// use meta_analysis::{ForestTable, RandomEffects, study::{Proportion, ProportionMeasure, Studies}};
///
/// let effects = Studies::from([
///     ("Hara 2003", Proportion::new(7, 8)?),
///     ("Galimberti 2018", Proportion::new(35, 42)?),
/// ])
/// .effects(ProportionMeasure::Logit)?;
/// let table = ForestTable::from(&RandomEffects::default().fit(&effects)?);
/// assert_eq!(table.rows[1].effect.to_string(), "0.833 [0.690, 0.918]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForestTable {
    /// Name of the numbers, e.g. "proportion".
    pub measure: String,
    /// The studies, in the order of the data.
    pub rows: Vec<ForestRow>,
    /// The pooled effect.
    pub pooled: Natural,
    /// The prediction interval around the pooled effect.
    pub prediction: Option<Natural>,
}

impl From<&Pooled> for ForestTable {
    fn from(fit: &Pooled) -> Self {
        let (effects, level) = (fit.effects(), fit.estimate().level());
        let z = normal::quantile_upper(0.5 * (1.0 - level));
        let columns = effects.y().iter().zip(effects.v()).zip(fit.weights());
        let rows = effects.labels().iter().zip(columns).enumerate().map(|(i, (study, ((&y, &v), weight)))| {
            let half = z * v.sqrt();
            let limits = [y, y - half, y + half];
            let effect = Natural::new(effects.measure(), effects.scale_of(i), level, limits);
            ForestRow { study: study.clone(), effect, weight }
        });
        Self {
            measure: effects.measure().natural_name().to_owned(),
            rows: rows.collect(),
            pooled: fit.natural(),
            prediction: fit.prediction().ok().map(|p| p.natural()),
        }
    }
}

/// Studies without an effect of their own have no row, though their counts are pooled; the notes of the result name
/// them, and the weights of the others add up to less than 1.
impl From<&PooledStrata> for ForestTable {
    fn from(fit: &PooledStrata) -> Self {
        let level = fit.estimate().level();
        let z = normal::quantile_upper(0.5 * (1.0 - level));
        let rows = fit.strata().iter().filter_map(|stratum| {
            let own = stratum.effect?;
            let half = z * own.se();
            let limits = [own.y(), own.y() - half, own.y() + half];
            let effect = Natural::new(own.measure(), own.scale(), level, limits);
            Some(ForestRow { study: stratum.study.clone(), effect, weight: stratum.weight })
        });
        Self {
            measure: fit.natural().measure.natural_name().to_owned(),
            rows: rows.collect(),
            pooled: fit.natural(),
            prediction: None,
        }
    }
}

impl std::fmt::Display for ForestTable {
    /// Columns aligned for a terminal. `{:.2}` for two decimals instead of three significant digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |natural: &Natural| match f.precision() {
            Some(decimals) => format!("{natural:.decimals$}"),
            None => natural.to_string(),
        };
        let mut lines: Vec<(String, String, String)> = Vec::with_capacity(self.rows.len() + 3);
        let interval = format!("{} [{} interval]", self.measure, percent(self.pooled.level));
        lines.push(("study".to_owned(), interval, "weight".to_owned()));
        for row in &self.rows {
            let weight = format!("{:.1}%", 100.0 * row.weight);
            lines.push((row.study.clone(), show(&row.effect), weight));
        }
        lines.push(("pooled".to_owned(), show(&self.pooled), String::new()));
        if let Some(prediction) = &self.prediction {
            let [lower, upper] = [prediction.lower, prediction.upper].map(|x| Natural::number(f, x));
            lines.push(("prediction".to_owned(), format!("[{lower}, {upper}]"), String::new()));
        }
        let width = |of: &dyn Fn(&(String, String, String)) -> usize| lines.iter().map(of).max().unwrap_or(0);
        let (first, second) = (width(&|l| l.0.chars().count()), width(&|l| l.1.chars().count()));
        for (i, (study, effect, weight)) in lines.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            let line = format!("{study:<first$}  {effect:>second$}  {weight:>7}");
            write!(f, "{newline}{}", line.trim_end())?;
        }
        Ok(())
    }
}
