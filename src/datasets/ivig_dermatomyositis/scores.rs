//! Scores before and after.

use super::provenance::Better;
use crate::datasets::read;
use crate::error::Result;
use crate::study::{Moments, PrePost, Studies};
use serde::{Deserialize, Serialize};

/// The two scores that Kampylafka 2012 reports with standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Score {
    /// Cutaneous Dermatomyositis Disease Area and Severity Index; lower is better.
    Cdasi,
    /// Muscle strength by the Medical Research Council's scale, evidently rescaled to 0 to 10; higher is better.
    Mrc,
}

impl Score {
    /// Both, in the order of the source.
    pub const ALL: [Self; 2] = [Self::Cdasi, Self::Mrc];

    /// Name used in the csv files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cdasi => "CDASI",
            Self::Mrc => "MRC",
        }
    }

    /// Which direction is an improvement.
    pub fn better(self) -> Better {
        match self {
            Self::Cdasi => Better::Lower,
            Self::Mrc => Better::Higher,
        }
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    study: String,
    score: Score,
    n: u32,
    before_mean: f64,
    before_sd: f64,
    after_mean: f64,
    after_sd: f64,
    time: String,
    source: String,
    n_source: String,
}

/// Means and standard deviations of one score before IVIG and after 6 months in Kampylafka 2012, for an assumed
/// correlation `r` of the two measurements: one study.
///
/// No source reports `r`. If the printed P < .001 of the CDASI came from a paired t test, `r` is at least 0.40;
/// report results over a grid. The scores come one at a time, because they are the same 24 people and improve in
/// opposite directions. That 24 people were scored is assumed, not stated; the means allow it.
///
/// Covariates: `score`, `time`, `source`, `n_source`.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::{Score, score};
/// use meta_analysis::study::ChangeMeasure;
///
/// let cdasi = score(Score::Cdasi, 0.5)?;
/// let effects = cdasi.effects(ChangeMeasure::StandardizedBySdBefore)?;
/// assert!((effects.y()[0] - (-0.695_107_754_820_117)).abs() < 1e-12); // metafor 5.1-12, SMCR
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::CorrelationOutOfRange`](crate::ErrorKind::CorrelationOutOfRange) and
/// [`ErrorKind::NonFinite`](crate::ErrorKind::NonFinite) for a bad `r`; as [`responses`](super::responses).
pub fn score(score: Score, r: f64) -> Result<Studies<PrePost>> {
    let mut rows: Vec<Row> = read::rows(include_str!("scores.csv"))?;
    rows.retain(|row| row.score == score);
    let study = |row: &Row| {
        let (before, after) =
            (Moments::mean_sd(row.before_mean, row.before_sd), Moments::mean_sd(row.after_mean, row.after_sd));
        let data = PrePost::new(before, after, row.n, r).map_err(|e| e.in_study(&row.study))?;
        Ok((row.study.clone(), data))
    };
    let texts = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).to_owned()).collect::<Vec<String>>();
    Studies::from(rows.iter().map(study).collect::<Result<Vec<_>>>()?)
        .with_covariate("score", texts(|row| row.score.name()))?
        .with_covariate("time", texts(|row| &row.time))?
        .with_covariate("source", texts(|row| &row.source))?
        .with_covariate("n_source", texts(|row| &row.n_source))
}

/// A mean before and after **without** standard deviations, so that neither a variance nor a standardised change can
/// be computed. There is no way from here to an effect, on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MeansWithoutSd {
    /// Label of the study.
    pub study: String,
    /// What was measured.
    pub outcome: String,
    /// Unit.
    pub unit: String,
    /// People analysed.
    pub n: u32,
    /// Mean before.
    pub before: f64,
    /// Mean after.
    pub after: f64,
    /// Which direction is an improvement.
    pub better: Better,
    /// When "after" is.
    pub time: String,
    /// What was read.
    pub source: String,
}

impl MeansWithoutSd {
    /// Mean after minus mean before, in the unit of the outcome.
    pub fn change(&self) -> f64 {
        self.after - self.before
    }

    /// Whether the change is an improvement.
    pub fn improved(&self) -> bool {
        match self.better {
            Better::Lower => self.change() < 0.0,
            Better::Higher => self.change() > 0.0,
        }
    }
}

/// The four means of Hara 2003 before and 12 weeks after IVIG: muscle strength, daily living, creatine kinase, fatigue.
///
/// ```
/// use meta_analysis::datasets::ivig_dermatomyositis::means_without_sd;
///
/// let means = means_without_sd()?;
/// assert_eq!(means.len(), 4);
/// assert!(means.iter().all(|row| row.improved()));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`](super::responses).
pub fn means_without_sd() -> Result<Vec<MeansWithoutSd>> {
    read::rows(include_str!("means_without_sd.csv"))
}
