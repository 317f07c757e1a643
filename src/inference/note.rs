//! What a report of the result has to disclose.

use crate::num::format::significant;
use serde::{Deserialize, Serialize};

/// Something that was done, or that a reader should know. Nothing is printed or logged: notes travel with the
/// result, and `Display` of the result shows them.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, Note, RandomEffects, Tau2};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// assert_eq!(fit.notes(), [Note::FewStudies { k: 3 }]);
/// assert_eq!(fit.notes()[0].to_string(), "only 3 studies: tau2 and the intervals that rest on it are uncertain");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Note {
    /// A continuity correction was added to the counts of these studies.
    CountsAdded {
        /// Labels of the studies.
        studies: Vec<String>,
    },
    /// A study was left out when the effects were computed.
    Dropped {
        /// Label of the study.
        study: String,
        /// Why.
        reason: String,
    },
    /// tau2 is estimated as 0: no heterogeneity was *found*, which is not the same as none.
    Tau2AtBoundary,
    /// Fewer than five studies: tau2, and with it every random-effects interval, is uncertain.
    FewStudies {
        /// Number of studies.
        k: usize,
    },
    /// The Hartung-Knapp interval is narrower than the Wald interval.
    NarrowerThanWald,
    /// The likelihood has several local maxima; the highest was taken.
    SeveralMaxima {
        /// tau2 at the other maxima.
        others: Vec<f64>,
        /// How much higher the log-likelihood is at the one taken than at the next.
        gap: f64,
        /// The two best are equal within rounding.
        tie: bool,
    },
    /// These studies are pooled by their counts, but have no effect or variance of their own, so that Q and the rows
    /// of a table are without them.
    NoOwnEffect {
        /// Labels of the studies.
        studies: Vec<String>,
    },
    /// A continuity correction was added for the effect of these studies on their own (Q, rows of a table), not for the
    /// pooled one.
    OwnCountsAdded {
        /// Labels of the studies.
        studies: Vec<String>,
    },
    /// Every person of every study had the event, or none had: the estimate is 1 or 0.
    OnBoundary {
        /// Whether all had it.
        all: bool,
    },
    /// Every study that says anything has an estimate of 0, or every one an infinite one.
    EffectOnBoundary {
        /// Whether the estimate is infinite.
        infinite: bool,
    },
    /// A study whose effect is given as known exactly.
    ZeroVariance {
        /// Label of the study.
        study: String,
    },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CountsAdded { studies } => {
                write!(f, "zero cells: a continuity correction was added in {}", studies.join(", "))
            }
            Self::Dropped { study, reason } => write!(f, "left out: {study} ({reason})"),
            Self::Tau2AtBoundary => f.write_str("tau2 is estimated as 0; that no heterogeneity was found does not show that there is none"),
            Self::FewStudies { k } => write!(f, "only {k} studies: tau2 and the intervals that rest on it are uncertain"),
            Self::NarrowerThanWald => f.write_str(
                "the Hartung-Knapp interval is narrower than the Wald interval; consider `Inference::HartungKnappTruncated`",
            ),
            Self::SeveralMaxima { others, gap, tie } => {
                let others: Vec<String> = others.iter().map(|t| significant(*t)).collect();
                let tie = if *tie { ", a tie" } else { "" };
                write!(
                    f,
                    "the likelihood has {} local maxima; the others are at tau2 = {} (log-likelihood lower by {}{tie})",
                    others.len() + 1,
                    others.join(", "),
                    significant(*gap),
                )
            }
            Self::NoOwnEffect { studies } => {
                write!(f, "pooled, but not in Q, having no effect of their own: {}", studies.join(", "))
            }
            Self::OwnCountsAdded { studies } => {
                write!(f, "zero cells: a continuity correction was added for Q, not for the pooled effect, in {}", studies.join(", "))
            }
            Self::OnBoundary { all } => {
                let what = if *all { "nothing but events" } else { "no events" };
                write!(f, "{what} in any study: there is one limit, exact if studies do not differ; tau2 cannot be estimated")
            }
            Self::EffectOnBoundary { infinite } => {
                let what = if *infinite { "infinite" } else { "0" };
                write!(f, "the estimate of every study is {what}: there is one limit, exact if studies do not differ; tau2 cannot be estimated")
            }
            Self::ZeroVariance { study } => write!(f, "{study} has a sampling variance of zero: taken as known exactly"),
        }
    }
}
