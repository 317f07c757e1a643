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
    /// Log odds ratio of two groups by Peto's one-step method.
    PetoLogOddsRatio,
    /// Log risk ratio of two groups.
    LogRiskRatio,
    /// Risk difference of two groups.
    RiskDifference,
    /// Difference of two arcsine-transformed risks.
    ArcsineDifference,
    /// Phi coefficient of a 2x2 table.
    Phi,
    /// Fisher's z of a phi coefficient.
    FisherZPhi,
    /// Yule's Q of a 2x2 table.
    YuleQ,
    /// Yule's Y of a 2x2 table.
    YuleY,
    /// Tetrachoric correlation of a 2x2 table.
    Tetrachoric,
    /// Fisher's z of a tetrachoric correlation.
    FisherZTetrachoric,
    /// Difference of two probit-transformed risks: a standardised mean difference.
    ProbitDifference,
    /// Standardised mean difference from an odds ratio, assuming logistic distributions.
    OddsRatioToD,
    /// Standardised mean difference from an odds ratio, assuming normal distributions.
    OddsRatioToDNormal,
    /// Log hazard ratio of two groups, as a paper reports it.
    LogHazardRatio,
    /// Difference of two hazards, as a paper reports it.
    HazardDifference,
    /// Marginal risk difference of matched pairs.
    MatchedRiskDifference,
    /// Marginal log risk ratio of matched pairs.
    MatchedLogRiskRatio,
    /// Marginal log odds ratio of matched pairs.
    MatchedLogOddsRatio,
    /// Conditional log odds ratio of matched pairs.
    ConditionalLogOddsRatio,
    /// Conditional log odds ratio of matched pairs by Peto's one-step method.
    MatchedPetoLogOddsRatio,
    /// Log ratio of two incidence rates.
    LogIncidenceRateRatio,
    /// Difference of two incidence rates.
    IncidenceRateDifference,
    /// Difference of the square roots of two incidence rates.
    RootIncidenceRateDifference,
    /// Difference of two means, in the unit of the outcome.
    MeanDifference,
    /// Standardised mean difference with the exact small-sample correction (Hedges' g).
    HedgesG,
    /// Mean difference divided by the root of the mean of both variances.
    SmdAverageSd,
    /// Mean difference divided by the standard deviation of the second group.
    GlassDelta,
    /// Glass's delta with a variance that allows unequal standard deviations.
    GlassDeltaHeteroscedastic,
    /// Log ratio of two means (log response ratio).
    LogRatioOfMeans,
    /// Log ratio of two standard deviations.
    LogVariabilityRatio,
    /// Log ratio of two coefficients of variation.
    LogCvRatio,
    /// Point-biserial correlation of group and outcome.
    PointBiserial,
    /// Fisher's z of a point-biserial correlation.
    FisherZPointBiserial,
    /// Biserial correlation of a dichotomised variable and the outcome.
    Biserial,
    /// Fisher's z of a biserial correlation.
    FisherZBiserial,
    /// Log odds ratio from a standardised mean difference, assuming logistic distributions.
    DToLogOddsRatio,
    /// Log odds ratio from a standardised mean difference, assuming normal distributions.
    DToLogOddsRatioNormal,
    /// Common-language effect size, the area under the curve: the chance that a random member of the first group exceeds one of the second.
    CommonLanguage,
    /// Common-language effect size from means and standard deviations of normal distributions.
    CommonLanguageNormal,
    /// Proportion, not transformed.
    RawProportion,
    /// Logit of a proportion.
    LogitProportion,
    /// Log of a proportion.
    LogProportion,
    /// Probit of a proportion.
    ProbitProportion,
    /// Arcsine of the square root of a proportion.
    ArcsineProportion,
    /// Freeman-Tukey double arcsine of a proportion.
    FreemanTukeyProportion,
    /// Incidence rate, not transformed.
    RawRate,
    /// Log incidence rate.
    LogRate,
    /// Square root of an incidence rate.
    RootRate,
    /// Freeman-Tukey square root of an incidence rate.
    FreemanTukeyRate,
    /// Mean, in the unit of the outcome.
    RawMean,
    /// Mean divided by the standard deviation.
    StandardizedMean,
    /// Log of a mean.
    LogMean,
    /// Log of a standard deviation.
    LogSd,
    /// Log of a coefficient of variation.
    LogCv,
    /// Mean after minus mean before, in the unit of the outcome.
    MeanChange,
    /// Mean change divided by the standard deviation of the change, with small-sample correction.
    StandardizedMeanChangeChange,
    /// Mean change divided by the standard deviation before, with small-sample correction.
    StandardizedMeanChangeRaw,
    /// The same with a variance that allows the standard deviation to change.
    StandardizedMeanChangeRawHeteroscedastic,
    /// Mean change divided by the standard deviation pooled over both times.
    StandardizedMeanChangePooled,
    /// The same with a variance that allows the standard deviation to change.
    StandardizedMeanChangePooledHeteroscedastic,
    /// Log ratio of the means after and before.
    PairedLogRatioOfMeans,
    /// Log ratio of the standard deviations after and before.
    PairedLogVariabilityRatio,
    /// Log ratio of the coefficients of variation after and before.
    PairedLogCvRatio,
    /// Common-language effect size of paired measurements from their means and standard deviations.
    PairedCommonLanguage,
    /// Correlation, not transformed.
    RawCorrelation,
    /// Correlation, corrected for its small-sample bias.
    UnbiasedCorrelation,
    /// Fisher's z of a correlation.
    FisherZ,
    /// Partial correlation.
    PartialCorrelation,
    /// Fisher's z of a partial correlation.
    FisherZPartial,
    /// Semipartial correlation.
    SemipartialCorrelation,
    /// Fisher's z of a semipartial correlation.
    FisherZSemipartial,
    /// Coefficient of determination.
    RSquared,
    /// Fisher's z of the root of a coefficient of determination.
    FisherZRSquared,
    /// Cronbach's alpha, not transformed.
    ReliabilityAlpha,
    /// Cronbach's alpha, Hakstian-Whalen transformed.
    ReliabilityHakstianWhalen,
    /// Cronbach's alpha, Bonett transformed.
    ReliabilityBonett,
    /// Log relative excess heterozygosity.
    LogRelativeExcessHeterozygosity,
    /// A number of any other kind, analysed as it is.
    Generic,
}

/// What there is to know of a measure.
struct Row {
    name: &'static str,
    natural_name: &'static str,
    code: &'static str,
    rule: Rule,
    null: Option<f64>,
}

/// A scale, or the need of a size to know it.
enum Rule {
    Of(Scale),
    ForPeople,
    ForTime,
}

/// A row that lies in the program: nothing is built when it is looked up.
macro_rules! row {
    ($name:literal, $natural_name:literal, $code:literal, $rule:expr, $null:expr) => {
        &Row { name: $name, natural_name: $natural_name, code: $code, rule: $rule, null: $null }
    };
}

impl Measure {
    /// Every measure, in the order of the declaration.
    pub const ALL: [Self; 79] = [
        Self::LogOddsRatio,
        Self::PetoLogOddsRatio,
        Self::LogRiskRatio,
        Self::RiskDifference,
        Self::ArcsineDifference,
        Self::Phi,
        Self::FisherZPhi,
        Self::YuleQ,
        Self::YuleY,
        Self::Tetrachoric,
        Self::FisherZTetrachoric,
        Self::ProbitDifference,
        Self::OddsRatioToD,
        Self::OddsRatioToDNormal,
        Self::LogHazardRatio,
        Self::HazardDifference,
        Self::MatchedRiskDifference,
        Self::MatchedLogRiskRatio,
        Self::MatchedLogOddsRatio,
        Self::ConditionalLogOddsRatio,
        Self::MatchedPetoLogOddsRatio,
        Self::LogIncidenceRateRatio,
        Self::IncidenceRateDifference,
        Self::RootIncidenceRateDifference,
        Self::MeanDifference,
        Self::HedgesG,
        Self::SmdAverageSd,
        Self::GlassDelta,
        Self::GlassDeltaHeteroscedastic,
        Self::LogRatioOfMeans,
        Self::LogVariabilityRatio,
        Self::LogCvRatio,
        Self::PointBiserial,
        Self::FisherZPointBiserial,
        Self::Biserial,
        Self::FisherZBiserial,
        Self::DToLogOddsRatio,
        Self::DToLogOddsRatioNormal,
        Self::CommonLanguage,
        Self::CommonLanguageNormal,
        Self::RawProportion,
        Self::LogitProportion,
        Self::LogProportion,
        Self::ProbitProportion,
        Self::ArcsineProportion,
        Self::FreemanTukeyProportion,
        Self::RawRate,
        Self::LogRate,
        Self::RootRate,
        Self::FreemanTukeyRate,
        Self::RawMean,
        Self::StandardizedMean,
        Self::LogMean,
        Self::LogSd,
        Self::LogCv,
        Self::MeanChange,
        Self::StandardizedMeanChangeChange,
        Self::StandardizedMeanChangeRaw,
        Self::StandardizedMeanChangeRawHeteroscedastic,
        Self::StandardizedMeanChangePooled,
        Self::StandardizedMeanChangePooledHeteroscedastic,
        Self::PairedLogRatioOfMeans,
        Self::PairedLogVariabilityRatio,
        Self::PairedLogCvRatio,
        Self::PairedCommonLanguage,
        Self::RawCorrelation,
        Self::UnbiasedCorrelation,
        Self::FisherZ,
        Self::PartialCorrelation,
        Self::FisherZPartial,
        Self::SemipartialCorrelation,
        Self::FisherZSemipartial,
        Self::RSquared,
        Self::FisherZRSquared,
        Self::ReliabilityAlpha,
        Self::ReliabilityHakstianWhalen,
        Self::ReliabilityBonett,
        Self::LogRelativeExcessHeterozygosity,
        Self::Generic,
    ];

    /// The one table of measures. A new measure is a new row: name, natural name, metafor's code, scale, and
    /// the analysis value of "no effect" where there is one.
    #[rustfmt::skip]
    fn row(self) -> &'static Row {
        match self {
            Self::LogOddsRatio => row!("log odds ratio", "odds ratio", "OR", Rule::Of(Scale::Log), Some(0.0)),
            Self::PetoLogOddsRatio => row!("Peto log odds ratio", "odds ratio (Peto)", "PETO", Rule::Of(Scale::Log), Some(0.0)),
            Self::LogRiskRatio => row!("log risk ratio", "risk ratio", "RR", Rule::Of(Scale::Log), Some(0.0)),
            Self::RiskDifference => row!("risk difference", "risk difference", "RD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::ArcsineDifference => row!("arcsine difference", "arcsine difference", "AS", Rule::Of(Scale::Identity), Some(0.0)),
            Self::Phi => row!("phi coefficient", "phi coefficient", "PHI", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZPhi => row!("Fisher z of phi", "phi coefficient (from z)", "ZPHI", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::YuleQ => row!("Yule's Q", "Yule's Q", "YUQ", Rule::Of(Scale::Identity), Some(0.0)),
            Self::YuleY => row!("Yule's Y", "Yule's Y", "YUY", Rule::Of(Scale::Identity), Some(0.0)),
            Self::Tetrachoric => row!("tetrachoric correlation", "tetrachoric correlation", "RTET", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZTetrachoric => row!("Fisher z of tetrachoric", "tetrachoric correlation (from z)", "ZTET", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::ProbitDifference => row!("probit difference", "standardised mean difference (probit)", "PBIT", Rule::Of(Scale::Identity), Some(0.0)),
            Self::OddsRatioToD => row!("d from odds ratio (logistic)", "standardised mean difference (logistic)", "OR2D", Rule::Of(Scale::Identity), Some(0.0)),
            Self::OddsRatioToDNormal => row!("d from odds ratio (normal)", "standardised mean difference (normal)", "OR2DN", Rule::Of(Scale::Identity), Some(0.0)),
            Self::LogHazardRatio => row!("log hazard ratio", "hazard ratio", "HR", Rule::Of(Scale::Log), Some(0.0)),
            Self::HazardDifference => row!("hazard difference", "hazard difference", "HD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::MatchedRiskDifference => row!("matched risk difference", "risk difference (matched)", "MPRD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::MatchedLogRiskRatio => row!("matched log risk ratio", "risk ratio (matched)", "MPRR", Rule::Of(Scale::Log), Some(0.0)),
            Self::MatchedLogOddsRatio => row!("matched log odds ratio", "odds ratio (matched)", "MPOR", Rule::Of(Scale::Log), Some(0.0)),
            Self::ConditionalLogOddsRatio => row!("conditional log odds ratio", "odds ratio (conditional)", "MPORC", Rule::Of(Scale::Log), Some(0.0)),
            Self::MatchedPetoLogOddsRatio => row!("matched Peto log odds ratio", "odds ratio (conditional, Peto)", "MPPETO", Rule::Of(Scale::Log), Some(0.0)),
            Self::LogIncidenceRateRatio => row!("log incidence rate ratio", "incidence rate ratio", "IRR", Rule::Of(Scale::Log), Some(0.0)),
            Self::IncidenceRateDifference => row!("incidence rate difference", "incidence rate difference", "IRD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::RootIncidenceRateDifference => row!("square-root incidence rate difference", "square-root incidence rate difference", "IRSD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::MeanDifference => row!("mean difference", "mean difference", "MD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::HedgesG => row!("Hedges' g", "Hedges' g", "SMD", Rule::Of(Scale::Identity), Some(0.0)),
            Self::SmdAverageSd => row!("standardised mean difference (average SD)", "standardised mean difference (average SD)", "SMDH", Rule::Of(Scale::Identity), Some(0.0)),
            Self::GlassDelta => row!("Glass's delta", "Glass's delta", "SMD1", Rule::Of(Scale::Identity), Some(0.0)),
            Self::GlassDeltaHeteroscedastic => row!("Glass's delta (heteroscedastic)", "Glass's delta (heteroscedastic)", "SMD1H", Rule::Of(Scale::Identity), Some(0.0)),
            Self::LogRatioOfMeans => row!("log ratio of means", "ratio of means", "ROM", Rule::Of(Scale::Log), Some(0.0)),
            Self::LogVariabilityRatio => row!("log variability ratio", "variability ratio", "VR", Rule::Of(Scale::Log), Some(0.0)),
            Self::LogCvRatio => row!("log coefficient of variation ratio", "coefficient of variation ratio", "CVR", Rule::Of(Scale::Log), Some(0.0)),
            Self::PointBiserial => row!("point-biserial correlation", "point-biserial correlation", "RPB", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZPointBiserial => row!("Fisher z of point-biserial", "point-biserial correlation (from z)", "ZPB", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::Biserial => row!("biserial correlation", "biserial correlation", "RBIS", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZBiserial => row!("Fisher z of biserial", "biserial correlation (from z)", "ZBIS", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::DToLogOddsRatio => row!("log odds ratio from d (logistic)", "odds ratio (from d, logistic)", "D2OR", Rule::Of(Scale::Log), Some(0.0)),
            Self::DToLogOddsRatioNormal => row!("log odds ratio from d (normal)", "odds ratio (from d, normal)", "D2ORN", Rule::Of(Scale::Log), Some(0.0)),
            Self::CommonLanguage => row!("common-language effect size", "common-language effect size", "CLES", Rule::Of(Scale::Identity), Some(0.5)),
            Self::CommonLanguageNormal => row!("common-language effect size (normal)", "common-language effect size (normal)", "CLESN", Rule::Of(Scale::Identity), Some(0.5)),
            Self::RawProportion => row!("raw proportion", "proportion", "PR", Rule::Of(Scale::Identity), None),
            Self::LogitProportion => row!("logit proportion", "proportion", "PLO", Rule::Of(Scale::Logit), None),
            Self::LogProportion => row!("log proportion", "proportion", "PLN", Rule::Of(Scale::Log), None),
            Self::ProbitProportion => row!("probit proportion", "proportion", "PRZ", Rule::Of(Scale::Probit), None),
            Self::ArcsineProportion => row!("arcsine proportion", "proportion", "PAS", Rule::Of(Scale::Arcsine), None),
            Self::FreemanTukeyProportion => row!("Freeman-Tukey proportion", "proportion", "PFT", Rule::ForPeople, None),
            Self::RawRate => row!("raw rate", "rate", "IR", Rule::Of(Scale::Identity), None),
            Self::LogRate => row!("log rate", "rate", "IRLN", Rule::Of(Scale::Log), None),
            Self::RootRate => row!("square-root rate", "rate", "IRS", Rule::Of(Scale::Sqrt), None),
            Self::FreemanTukeyRate => row!("Freeman-Tukey rate", "rate", "IRFT", Rule::ForTime, None),
            Self::RawMean => row!("raw mean", "mean", "MN", Rule::Of(Scale::Identity), None),
            Self::StandardizedMean => row!("standardised mean", "standardised mean", "SMN", Rule::Of(Scale::Identity), None),
            Self::LogMean => row!("log mean", "mean", "MNLN", Rule::Of(Scale::Log), None),
            Self::LogSd => row!("log standard deviation", "standard deviation", "SDLN", Rule::Of(Scale::Log), None),
            Self::LogCv => row!("log coefficient of variation", "coefficient of variation", "CVLN", Rule::Of(Scale::Log), None),
            Self::MeanChange => row!("mean change", "mean change", "MC", Rule::Of(Scale::Identity), Some(0.0)),
            Self::StandardizedMeanChangeChange => row!("standardised mean change (SD of change)", "standardised mean change (SD of change)", "SMCC", Rule::Of(Scale::Identity), Some(0.0)),
            Self::StandardizedMeanChangeRaw => row!("standardised mean change (SD before)", "standardised mean change (SD before)", "SMCR", Rule::Of(Scale::Identity), Some(0.0)),
            Self::StandardizedMeanChangeRawHeteroscedastic => row!("standardised mean change (SD before, heteroscedastic)", "standardised mean change (SD before, heteroscedastic)", "SMCRH", Rule::Of(Scale::Identity), Some(0.0)),
            Self::StandardizedMeanChangePooled => row!("standardised mean change (pooled SD)", "standardised mean change (pooled SD)", "SMCRP", Rule::Of(Scale::Identity), Some(0.0)),
            Self::StandardizedMeanChangePooledHeteroscedastic => row!("standardised mean change (pooled SD, heteroscedastic)", "standardised mean change (pooled SD, heteroscedastic)", "SMCRPH", Rule::Of(Scale::Identity), Some(0.0)),
            Self::PairedLogRatioOfMeans => row!("paired log ratio of means", "ratio of means (paired)", "ROMC", Rule::Of(Scale::Log), Some(0.0)),
            Self::PairedLogVariabilityRatio => row!("paired log variability ratio", "variability ratio (paired)", "VRC", Rule::Of(Scale::Log), Some(0.0)),
            Self::PairedLogCvRatio => row!("paired log coefficient of variation ratio", "coefficient of variation ratio (paired)", "CVRC", Rule::Of(Scale::Log), Some(0.0)),
            Self::PairedCommonLanguage => row!("paired common-language effect size", "common-language effect size (paired)", "CLESCN", Rule::Of(Scale::Identity), Some(0.5)),
            Self::RawCorrelation => row!("raw correlation", "correlation", "COR", Rule::Of(Scale::Identity), Some(0.0)),
            Self::UnbiasedCorrelation => row!("bias-corrected correlation", "correlation", "UCOR", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZ => row!("Fisher z", "correlation", "ZCOR", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::PartialCorrelation => row!("partial correlation", "partial correlation", "PCOR", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZPartial => row!("Fisher z of partial", "partial correlation (from z)", "ZPCOR", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::SemipartialCorrelation => row!("semipartial correlation", "semipartial correlation", "SPCOR", Rule::Of(Scale::Identity), Some(0.0)),
            Self::FisherZSemipartial => row!("Fisher z of semipartial", "semipartial correlation (from z)", "ZSPCOR", Rule::Of(Scale::FisherZ), Some(0.0)),
            Self::RSquared => row!("R squared", "R squared", "R2", Rule::Of(Scale::Identity), None),
            Self::FisherZRSquared => row!("Fisher z of R", "R squared (from z)", "ZR2", Rule::Of(Scale::RootFisherZ), None),
            Self::ReliabilityAlpha => row!("raw reliability", "reliability", "ARAW", Rule::Of(Scale::Identity), None),
            Self::ReliabilityHakstianWhalen => row!("Hakstian-Whalen reliability", "reliability", "AHW", Rule::Of(Scale::HakstianWhalen), None),
            Self::ReliabilityBonett => row!("Bonett reliability", "reliability", "ABT", Rule::Of(Scale::Bonett), None),
            Self::LogRelativeExcessHeterozygosity => row!("log relative excess heterozygosity", "relative excess heterozygosity", "REH", Rule::Of(Scale::Log), Some(0.0)),
            Self::Generic => row!("effect", "effect", "GEN", Rule::Of(Scale::Identity), Some(0.0)),
        }
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

    /// The scale of a number of this measure that stands for `n` people (or units of person-time), or `None`
    /// where the scale needs `n` and there is none.
    ///
    /// Only the Freeman-Tukey scales need `n`.
    pub fn scale(self, n: Option<f64>) -> Option<Scale> {
        match self.row().rule {
            Rule::Of(scale) => Some(scale),
            Rule::ForPeople => n.map(|n| Scale::DoubleArcsine { n }),
            Rule::ForTime => n.map(|time| Scale::FreemanTukeyRate { time }),
        }
    }

    /// Whether [`scale`](Self::scale) needs the sample size.
    pub fn needs_sample_size(self) -> bool {
        !matches!(self.row().rule, Rule::Of(_))
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
            Self::RawProportion | Self::LogProportion | Self::RSquared => (0.0, 1.0),
            Self::CommonLanguage | Self::CommonLanguageNormal | Self::PairedCommonLanguage => (0.0, 1.0),
            Self::RawRate => (0.0, f64::INFINITY),
            Self::RiskDifference | Self::MatchedRiskDifference | Self::Phi | Self::YuleQ | Self::YuleY => (-1.0, 1.0),
            Self::Tetrachoric | Self::RawCorrelation | Self::UnbiasedCorrelation | Self::PointBiserial => (-1.0, 1.0),
            Self::PartialCorrelation | Self::SemipartialCorrelation => (-1.0, 1.0),
            Self::ReliabilityAlpha => (f64::NEG_INFINITY, 1.0),
            _ => match self.row().rule {
                Rule::Of(scale) => scale.support(),
                Rule::ForPeople => (0.0, 1.0),
                Rule::ForTime => (0.0, f64::INFINITY),
            },
        }
    }
}

/// Codes for which metafor has a second name.
const SYNONYMS: [(&str, &str); 6] =
    [("OR2DL", "OR2D"), ("D2ORL", "D2OR"), ("AUC", "CLES"), ("AUCN", "CLESN"), ("AUCCN", "CLESCN"), ("MPORM", "MPOR")];

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Measure {
    type Err = Error;

    /// Reads a [`name`](Measure::name) or a metafor [`code`](Measure::code), its synonyms included, letter case
    /// ignored.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for any other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let synonym = SYNONYMS.iter().find(|(code, _)| text.eq_ignore_ascii_case(code)).map(|(_, code)| *code);
        let text = synonym.unwrap_or(text);
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
        for (synonym, code) in SYNONYMS {
            assert_eq!(synonym.parse::<Measure>().unwrap(), code.parse().unwrap());
        }
        assert!("SMDX".parse::<Measure>().is_err());
    }
}
