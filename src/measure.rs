//! What a number is: the measure of an effect, with its names, its scale and its value under no effect.

use crate::error::{Error, ErrorKind};
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// A measure of effect, named for its **analysis** scale.
///
/// The tag travels with every number, so that a log odds ratio cannot be pooled with a log risk ratio, and so
/// that the way back to the natural scale is never a choice of the reader.
///
/// ```
/// use meta_analysis::Measure;
///
/// let measure: Measure = "PLO".parse().unwrap(); // metafor's code, or the name itself
/// assert_eq!(measure, Measure::LogitProportion);
/// assert_eq!(measure.name(), "logit proportion");
/// assert_eq!(measure.natural_name(), "proportion");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Measure {
    /// Log odds ratio of two groups.
    LogOddsRatio,
    /// Log risk ratio of two groups.
    LogRiskRatio,
    /// Risk difference of two groups.
    RiskDifference,
    /// Log hazard ratio of two groups, as a paper reports it.
    LogHazardRatio,
    /// Log ratio of two incidence rates.
    LogIncidenceRateRatio,
    /// Difference of two means, in the unit of the outcome.
    MeanDifference,
    /// Standardised mean difference with the exact small-sample correction (Hedges' g).
    HedgesG,
    /// Proportion, not transformed.
    RawProportion,
    /// Logit of a proportion.
    LogitProportion,
    /// Log of a proportion.
    LogProportion,
    /// Arcsine of the square root of a proportion.
    ArcsineProportion,
    /// Freeman-Tukey double arcsine of a proportion.
    FreemanTukeyProportion,
    /// Incidence rate, not transformed.
    RawRate,
    /// Log incidence rate.
    LogRate,
    /// Mean after minus mean before, in the unit of the outcome.
    MeanChange,
    /// Mean change divided by the standard deviation before, with small-sample correction.
    StandardizedMeanChangeRaw,
    /// Mean change divided by the standard deviation of the change, with small-sample correction.
    StandardizedMeanChangeChange,
    /// Correlation, not transformed.
    RawCorrelation,
    /// Fisher's z of a correlation.
    FisherZ,
    /// A number of any other kind, analysed as it is.
    Generic,
}

/// What there is to know of a measure; one row of the table in [`Measure::row`].
struct Row {
    name: &'static str,
    natural_name: &'static str,
    code: &'static str,
    scale: Transform,
    null: Option<f64>,
}

/// A scale that may still wait for its sample size.
enum Transform {
    To(Scale),
    DoubleArcsine,
}

impl Measure {
    /// Every measure, in the order of the declaration.
    pub const ALL: [Self; 20] = [
        Self::LogOddsRatio,
        Self::LogRiskRatio,
        Self::RiskDifference,
        Self::LogHazardRatio,
        Self::LogIncidenceRateRatio,
        Self::MeanDifference,
        Self::HedgesG,
        Self::RawProportion,
        Self::LogitProportion,
        Self::LogProportion,
        Self::ArcsineProportion,
        Self::FreemanTukeyProportion,
        Self::RawRate,
        Self::LogRate,
        Self::MeanChange,
        Self::StandardizedMeanChangeRaw,
        Self::StandardizedMeanChangeChange,
        Self::RawCorrelation,
        Self::FisherZ,
        Self::Generic,
    ];

    /// The one table of measures. A new measure is a new row: name, natural name, metafor's code, scale, and
    /// the analysis value of "no effect" where there is one.
    fn row(self) -> Row {
        use Transform::{DoubleArcsine, To};
        let (name, natural_name, code, scale, null) = match self {
            Self::LogOddsRatio => ("log odds ratio", "odds ratio", "OR", To(Scale::Log), Some(0.0)),
            Self::LogRiskRatio => ("log risk ratio", "risk ratio", "RR", To(Scale::Log), Some(0.0)),
            Self::RiskDifference => ("risk difference", "risk difference", "RD", To(Scale::Identity), Some(0.0)),
            Self::LogHazardRatio => ("log hazard ratio", "hazard ratio", "HR", To(Scale::Log), Some(0.0)),
            Self::LogIncidenceRateRatio => {
                ("log incidence rate ratio", "incidence rate ratio", "IRR", To(Scale::Log), Some(0.0))
            }
            Self::MeanDifference => ("mean difference", "mean difference", "MD", To(Scale::Identity), Some(0.0)),
            Self::HedgesG => ("Hedges' g", "Hedges' g", "SMD", To(Scale::Identity), Some(0.0)),
            Self::RawProportion => ("raw proportion", "proportion", "PR", To(Scale::Identity), None),
            Self::LogitProportion => ("logit proportion", "proportion", "PLO", To(Scale::Logit), None),
            Self::LogProportion => ("log proportion", "proportion", "PLN", To(Scale::Log), None),
            Self::ArcsineProportion => ("arcsine proportion", "proportion", "PAS", To(Scale::Arcsine), None),
            Self::FreemanTukeyProportion => ("Freeman-Tukey proportion", "proportion", "PFT", DoubleArcsine, None),
            Self::RawRate => ("raw rate", "rate", "IR", To(Scale::Identity), None),
            Self::LogRate => ("log rate", "rate", "IRLN", To(Scale::Log), None),
            Self::MeanChange => ("mean change", "mean change", "MC", To(Scale::Identity), Some(0.0)),
            Self::StandardizedMeanChangeRaw => (
                "standardised mean change (SD before)",
                "standardised mean change (SD before)",
                "SMCR",
                To(Scale::Identity),
                Some(0.0),
            ),
            Self::StandardizedMeanChangeChange => (
                "standardised mean change (SD of change)",
                "standardised mean change (SD of change)",
                "SMCC",
                To(Scale::Identity),
                Some(0.0),
            ),
            Self::RawCorrelation => ("raw correlation", "correlation", "COR", To(Scale::Identity), Some(0.0)),
            Self::FisherZ => ("Fisher z", "correlation", "ZCOR", To(Scale::FisherZ), Some(0.0)),
            Self::Generic => ("effect", "effect", "GEN", To(Scale::Identity), Some(0.0)),
        };
        Row { name, natural_name, code, scale, null }
    }

    /// Name on the analysis scale.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Name on the natural scale.
    pub fn natural_name(self) -> &'static str {
        self.row().natural_name
    }

    /// metafor's code for the measure (`escalc(measure = ...)`).
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// The scale of a number of this measure that stands for `n` people, or `None` where the scale needs `n`
    /// and there is none.
    ///
    /// Only the Freeman-Tukey scale needs `n`.
    pub fn scale(self, n: Option<f64>) -> Option<Scale> {
        match self.row().scale {
            Transform::To(scale) => Some(scale),
            Transform::DoubleArcsine => n.map(|n| Scale::DoubleArcsine { n }),
        }
    }

    /// Whether [`scale`](Self::scale) needs the sample size.
    pub fn needs_sample_size(self) -> bool {
        matches!(self.row().scale, Transform::DoubleArcsine)
    }

    /// The value on the analysis scale that means "no effect", where there is one: none for a proportion or a
    /// rate.
    pub fn null_value(self) -> Option<f64> {
        self.row().null
    }

    /// The whole range of the natural value, for clipping intervals of measures that are analysed raw.
    ///
    /// ```
    /// use meta_analysis::Measure;
    /// assert_eq!(Measure::RawProportion.natural_range(), (0.0, 1.0));
    /// ```
    pub fn natural_range(self) -> (f64, f64) {
        match self {
            Self::RawProportion | Self::LogProportion => (0.0, 1.0),
            Self::RawRate => (0.0, f64::INFINITY),
            Self::RiskDifference | Self::RawCorrelation => (-1.0, 1.0),
            _ => match self.row().scale {
                Transform::To(scale) => scale.support(),
                Transform::DoubleArcsine => (0.0, 1.0),
            },
        }
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Measure {
    type Err = Error;

    /// Reads a [`name`](Measure::name) or a metafor [`code`](Measure::code), letter case ignored.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for any other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let matches = |m: &Self| text.eq_ignore_ascii_case(m.code()) || text.eq_ignore_ascii_case(m.name());
        Self::ALL.into_iter().find(matches).ok_or_else(|| {
            ErrorKind::UnknownName {
                what: "measure",
                name: text.to_owned(),
                known: "the names and metafor codes of `Measure`, e.g. OR, RR, SMD, PLO, ZCOR",
            }
            .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_unique_and_parse_back() {
        for measure in Measure::ALL {
            assert_eq!(measure.name().parse::<Measure>().unwrap(), measure);
            assert_eq!(measure.code().to_lowercase().parse::<Measure>().unwrap(), measure);
        }
        assert!("SMDX".parse::<Measure>().is_err());
    }
}
