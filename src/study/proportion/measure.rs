//! The measures of a proportion.

use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Measures of a [`Proportion`](super::Proportion) of `x` events in `n` people; `p = x / n`, `q = 1 - p`.
///
/// The variance given first is the usual one ("LS" in metafor). A variance "at the average" takes for `p` the
/// proportion of all studies together, `P = sum x / sum n`, after any correction of zero cells.
///
/// A [`ZeroCells`](crate::study::ZeroCells) policy is obeyed for every measure, also for those that are defined
/// without one; metafor adds nothing to these unless told to.
///
/// Pooling transformed proportions by inverse variance is biased for small `n`; `docs/limitations.md` has
/// figures. Agresti 2013, Categorical Data Analysis; the formulas are metafor's `escalc` measures of the codes
/// given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProportionMeasure {
    /// metafor: `PR`.
    ///
    /// ```text
    /// y = p
    /// Usual, LargeSample   v = p q / n
    /// Unbiased             v = p q / (n - 1)
    /// Average              v = P Q / n
    /// ```
    Raw,
    /// metafor: `PLO`.
    ///
    /// ```text
    /// y = ln(x / (n - x))
    /// Usual, LargeSample   v = 1/x + 1/(n - x)
    /// Average              v = 1/(n P Q)
    /// ```
    Logit,
    /// metafor: `PLN`.
    ///
    /// ```text
    /// y = ln p
    /// Usual, LargeSample   v = 1/x - 1/n
    /// Average              v = Q/(n P)
    /// ```
    Log,
    /// The normal quantile of the proportion; metafor: `PRZ`.
    ///
    /// ```text
    /// y = z(p)        v = p q / (n f(y)^2)        z, f = standard normal quantile and density
    /// ```
    Probit,
    /// metafor: `PAS`. Defined for 0 and n events.
    ///
    /// ```text
    /// y = asin sqrt p        v = 1 / (4 n)
    /// ```
    Arcsine,
    /// Freeman-Tukey double arcsine; metafor: `PFT`. Defined for 0 and n events, but not recommended: its
    /// back-transformation depends on the sample size (Schwarzer et al. 2019, Res Synth Methods 10:476,
    /// doi 10.1002/jrsm.1348).
    ///
    /// ```text
    /// y = (asin sqrt(x / (n + 1)) + asin sqrt((x + 1) / (n + 1))) / 2        v = 1 / (4 n + 2)
    /// ```
    FreemanTukey,
}

impl From<ProportionMeasure> for Measure {
    fn from(measure: ProportionMeasure) -> Self {
        match measure {
            ProportionMeasure::Raw => Self::RawProportion,
            ProportionMeasure::Logit => Self::LogitProportion,
            ProportionMeasure::Log => Self::LogProportion,
            ProportionMeasure::Probit => Self::ProbitProportion,
            ProportionMeasure::Arcsine => Self::ArcsineProportion,
            ProportionMeasure::FreemanTukey => Self::FreemanTukeyProportion,
        }
    }
}
