//! Effects of several studies, all of one measure, as columns.

mod from_studies;
mod provenance;
mod view;

pub use provenance::Provenance;
pub use view::EffectsView;

use crate::effect::{Adjustment, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::scale::Scale;
use crate::study::covariates::Covariates;
use crate::study::{Dropped, check_labels};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Effects and variances of `k` studies, all of one measure, on its analysis scale.
///
/// Made by [`Studies::effects`](crate::study::Studies::effects) from data, or by
/// [`from_rows`](Effects::from_rows) from effects of any source.
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure};
///
/// let effects = Effects::from_rows([
///     ("A", Effect::from_se(Measure::LogOddsRatio, 0.8, 0.3)?),
///     ("B", Effect::from_variance(Measure::LogOddsRatio, 0.2, 0.04)?),
/// ])?;
/// assert_eq!(effects.v(), [0.09, 0.04]);
///
/// let mixed = Effects::from_rows([
///     ("A", Effect::from_se(Measure::LogOddsRatio, 0.8, 0.3)?),
///     ("B", Effect::from_se(Measure::LogRiskRatio, 0.2, 0.2)?),
/// ]);
/// assert_eq!(
///     mixed.unwrap_err().to_string(),
///     "study \"B\": log risk ratio cannot be pooled with log odds ratio"
/// );
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// The columns are shared: a clone, such as every fitted model keeps, copies nothing.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Effects {
    columns: Arc<Columns>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Columns {
    measure: Measure,
    labels: Vec<String>,
    y: Vec<f64>,
    v: Vec<f64>,
    n: Vec<Option<f64>>,
    adjustments: Vec<Option<Adjustment>>,
    /// Whether there is an adjustment.
    #[serde(skip)]
    adjusted: bool,
    dropped: Vec<Dropped>,
    covariates: Covariates,
}

impl From<Columns> for Effects {
    fn from(mut columns: Columns) -> Self {
        columns.adjusted = columns.adjustments.iter().any(Option::is_some);
        Self { columns: Arc::new(columns) }
    }
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Effects").field(&self.columns).finish()
    }
}

impl Serialize for Effects {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.columns.serialize(serializer)
    }
}

/// The columns as they come from a file, before the rules are checked.
#[derive(Deserialize)]
struct Unchecked {
    measure: Measure,
    labels: Vec<String>,
    y: Vec<f64>,
    v: Vec<f64>,
    n: Vec<Option<f64>>,
    adjustments: Vec<Option<Adjustment>>,
    #[serde(default)]
    dropped: Vec<Dropped>,
    #[serde(default)]
    covariates: Covariates,
}

impl TryFrom<Unchecked> for Effects {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        let k = raw.labels.len();
        let lengths =
            [("y", raw.y.len()), ("v", raw.v.len()), ("n", raw.n.len()), ("adjustments", raw.adjustments.len())];
        for (field, found) in lengths {
            if found != k {
                return Err(ErrorKind::LengthMismatch { field: field.to_owned(), expected: k, found }.into());
            }
        }
        raw.covariates.check_len(k)?;
        let columns = raw.y.iter().zip(&raw.v).zip(&raw.n).zip(&raw.adjustments);
        let rows = raw.labels.iter().zip(columns).map(|(label, (((&y, &v), &n), &adjustment))| {
            let effect = match n {
                Some(n) => Effect::from_variance_and_n(raw.measure, y, v, n),
                None => Effect::from_variance(raw.measure, y, v),
            };
            Ok((label.as_str(), effect.map_err(|e| e.in_study(label))?.adjusted(adjustment)))
        });
        let effects = Self::from_rows(rows.collect::<Result<Vec<_>>>()?)?;
        Ok(effects.with(raw.dropped, raw.covariates))
    }
}

impl Effects {
    /// Effects of one measure from labelled rows.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// let one = Effect::from_se(Measure::MeanDifference, 3.0, 0.5)?;
    /// assert_eq!(Effects::from_rows([("A", one), ("B", one)])?.y(), [3.0, 3.0]);
    /// assert!(Effects::from_rows([("A", one), ("A", one)]).is_err()); // one label twice
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`], [`ErrorKind::MixedMeasures`] naming the study, [`ErrorKind::DuplicateLabel`],
    /// [`ErrorKind::InvalidLabel`].
    pub fn from_rows<L: Into<String>>(rows: impl IntoIterator<Item = (L, Effect)>) -> Result<Self> {
        let rows: Vec<(String, Effect)> = rows.into_iter().map(|(label, effect)| (label.into(), effect)).collect();
        check_labels(rows.iter().map(|(label, _)| label.as_str()))?;
        let Some(&(_, first)) = rows.first() else {
            return Err(ErrorKind::Empty.into());
        };
        let measure = first.measure();
        for (label, effect) in &rows {
            if effect.measure() != measure {
                let kind = ErrorKind::MixedMeasures { first: measure.name(), found: effect.measure().name() };
                return Err(Error::new(kind).in_study(label));
            }
        }
        let columns = Columns {
            measure,
            y: rows.iter().map(|(_, e)| e.y()).collect(),
            v: rows.iter().map(|(_, e)| e.variance()).collect(),
            n: rows.iter().map(|(_, e)| e.n()).collect(),
            adjustments: rows.iter().map(|(_, e)| e.adjustment()).collect(),
            labels: rows.into_iter().map(|(label, _)| label).collect(),
            adjusted: false,
            dropped: Vec::new(),
            covariates: Covariates::default(),
        };
        Ok(columns.into())
    }

    /// The same effects with what was dropped on the way and the covariates.
    fn with(self, dropped: Vec<Dropped>, covariates: Covariates) -> Self {
        Columns { dropped, covariates, ..Arc::unwrap_or_clone(self.columns) }.into()
    }

    /// What the numbers are.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 0.5)?)])?;
    /// assert_eq!(effects.measure(), Measure::MeanDifference);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn measure(&self) -> Measure {
        self.columns.measure
    }

    /// Number of studies, `k`.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// let one = Effect::from_se(Measure::MeanDifference, 3.0, 0.5)?;
    /// assert_eq!(Effects::from_rows([("A", one), ("B", one)])?.len(), 2);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.columns.y.len()
    }

    /// Never true: there is at least one study.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// assert!(Effects::from_rows::<&str>([]).is_err()); // no studies, no effects
    /// let one = Effect::from_se(Measure::MeanDifference, 3.0, 0.5)?;
    /// assert!(!Effects::from_rows([("A", one)])?.is_empty());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.columns.y.is_empty()
    }

    /// Labels of the studies.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// let one = Effect::from_se(Measure::MeanDifference, 3.0, 0.5)?;
    /// assert_eq!(Effects::from_rows([("A", one), ("B", one)])?.labels(), ["A", "B"]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn labels(&self) -> &[String] {
        &self.columns.labels
    }

    /// Effects on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo};
    ///
    /// let effects = Studies::from([("A", TwoByTwo::new((6, 12), (3, 12))?)]).effects(BinaryMeasure::LogRiskRatio)?;
    /// assert!((effects.y()[0] - 2.0_f64.ln()).abs() < 1e-14); // risks 1/2 and 1/4
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn y(&self) -> &[f64] {
        &self.columns.y
    }

    /// Sampling variances on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo};
    ///
    /// let effects = Studies::from([("A", TwoByTwo::new((6, 12), (3, 12))?)]).effects(BinaryMeasure::LogRiskRatio)?;
    /// assert!((effects.v()[0] - 1.0 / 3.0).abs() < 1e-14); // 1/6 - 1/12 + 1/3 - 1/12
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn v(&self) -> &[f64] {
        &self.columns.v
    }

    /// Sample sizes, where known.
    ///
    /// ```
    /// use meta_analysis::study::{Proportion, ProportionMeasure, Studies};
    ///
    /// let groups = Studies::from([("A", Proportion::new(7, 19)?), ("B", Proportion::new(7, 8)?)]);
    /// assert_eq!(groups.effects(ProportionMeasure::FreemanTukey)?.n(), [Some(19.0), Some(8.0)]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn n(&self) -> &[Option<f64>] {
        &self.columns.n
    }

    /// What was done to the counts of each study.
    ///
    /// ```
    /// use meta_analysis::Adjustment;
    /// use meta_analysis::study::{BinaryMeasure, Conversion, Studies, TwoByTwo, ZeroCells};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((9, 12), (0, 11))?), ("B", TwoByTwo::new((6, 12), (3, 12))?)]);
    /// let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::constant(0.5));
    /// let added = Adjustment::CountsAdded { first: 0.5, second: 0.5 };
    /// assert_eq!(trials.effects(how)?.adjustments(), [Some(added), None]); // B has no zero
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn adjustments(&self) -> &[Option<Adjustment>] {
        &self.columns.adjustments
    }

    /// Whether anything was done to the counts of a study.
    pub(crate) fn is_adjusted(&self) -> bool {
        self.columns.adjusted
    }

    /// Studies that were left out when the effects were computed.
    ///
    /// ```
    /// use meta_analysis::study::{BinaryMeasure, Conversion, Studies, TwoByTwo, Uninformative, ZeroCells};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((0, 12), (0, 11))?), ("B", TwoByTwo::new((6, 12), (3, 12))?)]);
    /// let policy = ZeroCells::constant(0.5).double_zero(Uninformative::Drop);
    /// let effects = trials.effects(Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(policy))?;
    /// assert_eq!(effects.labels(), ["B"]);
    /// assert_eq!(effects.dropped()[0].study, "A"); // nobody had the event
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn dropped(&self) -> &[Dropped] {
        &self.columns.dropped
    }

    /// The covariates, aligned with the studies.
    ///
    /// ```
    /// use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((6, 12), (3, 12))?), ("B", TwoByTwo::new((5, 10), (2, 10))?)]);
    /// let effects = trials.with_covariate("weeks", [16.0, 24.0])?.effects(BinaryMeasure::LogOddsRatio)?;
    /// assert_eq!(effects.covariates().numbers("weeks").unwrap(), [Some(16.0), Some(24.0)]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn covariates(&self) -> &Covariates {
        &self.columns.covariates
    }

    /// The scale of study `i`, with its own sample size where that matters.
    pub(crate) fn scale_of(&self, i: usize) -> Scale {
        self.columns.measure.scale(self.columns.n.get(i).copied().flatten()).unwrap_or(Scale::Identity)
    }

    /// The columns, borrowed.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 0.5)?)])?;
    /// assert_eq!((effects.view().y(), effects.view().v()), (&[3.0][..], &[0.25][..]));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn view(&self) -> EffectsView<'_> {
        EffectsView::new(self.columns.measure, &self.columns.y, &self.columns.v, &self.columns.n)
    }

    /// The studies at these positions, in this order; positions beyond the end are skipped.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure};
    ///
    /// let effect = |y| Effect::from_se(Measure::MeanDifference, y, 0.5);
    /// let effects = Effects::from_rows([("A", effect(1.0)?), ("B", effect(2.0)?), ("C", effect(4.0)?)])?;
    /// let selected = effects.select(&[2, 0, 7])?; // there is no eighth study
    /// assert_eq!((selected.labels(), selected.y()), (&["C".to_owned(), "A".to_owned()][..], &[4.0, 1.0][..]));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] if nothing is left.
    pub fn select(&self, positions: &[usize]) -> Result<Self> {
        let kept: Vec<usize> = positions.iter().copied().filter(|&i| i < self.len()).collect();
        if kept.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        fn pick<T: Clone>(column: &[T], kept: &[usize]) -> Vec<T> {
            kept.iter().filter_map(|&i| column.get(i).cloned()).collect()
        }
        let selected = Columns {
            measure: self.columns.measure,
            labels: pick(&self.columns.labels, &kept),
            y: pick(&self.columns.y, &kept),
            v: pick(&self.columns.v, &kept),
            n: pick(&self.columns.n, &kept),
            adjustments: pick(&self.columns.adjustments, &kept),
            adjusted: false,
            dropped: self.columns.dropped.clone(),
            covariates: self.columns.covariates.select(&kept),
        };
        check_labels(selected.labels.iter().map(String::as_str))?;
        Ok(selected.into())
    }
}
