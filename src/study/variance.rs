//! Which of the published sampling variances of a measure is computed.

use serde::{Deserialize, Serialize};

/// A published variant of the sampling variance of a measure; metafor: `vtype`.
///
/// Not every measure has every variant; the documentation of each measure gives the formulas of those it has,
/// and asking for another is [`ErrorKind::NotApplicable`](crate::ErrorKind::NotApplicable). The default is the
/// variant that metafor computes without being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum VarianceType {
    /// The measure's usual variance, the one first given in its documentation.
    #[default]
    Usual,
    /// Large-sample approximation. metafor: `"LS"`.
    LargeSample,
    /// A second large-sample approximation. metafor: `"LS2"`.
    LargeSample2,
    /// A third large-sample approximation. metafor: `"LS3"`.
    LargeSample3,
    /// Unbiased estimate. metafor: `"UB"`.
    Unbiased,
    /// Large-sample approximation at the average over all studies, weighted by sample size. metafor: `"AV"`.
    Average,
    /// A second variance at the average over all studies. metafor: `"AV2"`.
    Average2,
    /// Equal variances in both groups (homoscedastic). metafor: `"HO"`.
    Homoscedastic,
    /// Equal variances, at the average over all studies. metafor: `"AVHO"`.
    AverageHomoscedastic,
    /// Under the hypothesis of no effect. metafor: `"H0"`.
    Null,
    /// Stratified sampling: group sizes fixed by design. metafor: `"ST"`.
    Stratified,
    /// Cross-sectional sampling: group sizes random. metafor: `"CS"`.
    CrossSectional,
    /// Upper limit of the variance. metafor: `"MAX"`.
    Maximum,
    /// As RevMan computes it.
    RevMan,
}

impl VarianceType {
    /// metafor's code, where it has the variant.
    pub fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Usual | Self::RevMan => return None,
            Self::LargeSample => "LS",
            Self::LargeSample2 => "LS2",
            Self::LargeSample3 => "LS3",
            Self::Unbiased => "UB",
            Self::Average => "AV",
            Self::Average2 => "AV2",
            Self::Homoscedastic => "HO",
            Self::AverageHomoscedastic => "AVHO",
            Self::Null => "H0",
            Self::Stratified => "ST",
            Self::CrossSectional => "CS",
            Self::Maximum => "MAX",
        })
    }
}
