//! The measures of a 2x2 table.

use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Measures of a [`TwoByTwo`](super::TwoByTwo) with cells a, b, c, d (events and non-events of the first group,
/// then of the second); `n1 = a + b`, `n2 = c + d`, `m1 = a + c`, `m2 = b + d`, `n` the total, `p1 = a/n1`,
/// `p2 = c/n2`, `q = 1 - p`.
///
/// The variance given first is the usual one ([`VarianceType::Usual`], or `LargeSample` where metafor calls it
/// "LS"). A variance "at the average" takes for `p1` and `p2` the risks of all studies together,
/// `P1 = sum a / sum n1` and `P2 = sum c / sum n2`, after any correction of zero cells; the variance "under no
/// effect" takes `P = m1/n` of the study for both. metafor 3.8 has neither for the ratios; the sums of its
/// single-group variances (`PLO`, `PLN`, `PR`) at these risks are what the tests compare with.
///
/// [`VarianceType::Usual`]: crate::study::VarianceType::Usual
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BinaryMeasure {
    /// metafor: `OR`. Woolf 1955, Ann Hum Genet 19:251, doi 10.1111/j.1469-1809.1955.tb01348.x. Not defined with
    /// a zero cell.
    ///
    /// ```text
    /// y = ln(a d / (b c))
    /// Usual, LargeSample   v = 1/a + 1/b + 1/c + 1/d
    /// Average              v = 1/(n1 P1 Q1) + 1/(n2 P2 Q2)
    /// Null                 v = (1/n1 + 1/n2) / (P Q)
    /// ```
    LogOddsRatio,
    /// One-step estimate from observed minus expected events, for rare events and effects that are not large;
    /// metafor: `PETO`. Yusuf et al. 1985, Prog Cardiovasc Dis 27:335, doi 10.1016/S0033-0620(85)80003-7.
    /// Defined with a zero cell, but not without events.
    ///
    /// ```text
    /// y = (a - E) / V        v = 1 / V        E = m1 n1 / n,  V = n1 n2 m1 m2 / (n^2 (n - 1))
    /// ```
    PetoLogOddsRatio,
    /// metafor: `RR`. Katz et al. 1978, Biometrics 34:469, doi 10.2307/2530610. Not defined without events in
    /// one group.
    ///
    /// ```text
    /// y = ln(p1 / p2)
    /// Usual, LargeSample   v = 1/a - 1/n1 + 1/c - 1/n2
    /// Average              v = Q1/(n1 P1) + Q2/(n2 P2)
    /// Null                 v = (1/n1 + 1/n2) Q / P
    /// ```
    LogRiskRatio,
    /// metafor: `RD`.
    ///
    /// ```text
    /// y = p1 - p2
    /// Usual, LargeSample   v = p1 q1/n1 + p2 q2/n2
    /// Unbiased             v = p1 q1/(n1 - 1) + p2 q2/(n2 - 1)
    /// Average              v = P1 Q1/n1 + P2 Q2/n2
    /// Null                 v = P Q (1/n1 + 1/n2)
    /// ```
    RiskDifference,
    /// Difference of angles, with a variance that no risk enters; metafor: `AS`. Defined without events. Rücker
    /// et al. 2009, Stat Med 28:721, doi 10.1002/sim.3511.
    ///
    /// ```text
    /// y = asin sqrt p1 - asin sqrt p2        v = 1/(4 n1) + 1/(4 n2)
    /// ```
    ArcsineDifference,
    /// The correlation of two dichotomous variables; metafor: `PHI`. Not defined with an empty margin.
    ///
    /// ```text
    /// y = (a d - b c) / sqrt(n1 n2 m1 m2)
    /// Usual, LargeSample, CrossSectional   all four cells random (multinomial)
    /// Stratified                           n1 and n2 fixed by design (two binomials)
    /// ```
    ///
    /// Both variances by the delta method: Yule 1912, J R Stat Soc 75:579, doi 10.2307/2340126; Bishop, Fienberg &
    /// Holland 1975, Discrete Multivariate Analysis.
    Phi,
    /// Fisher's z of phi; metafor: `ZPHI`. Variants as for [`Phi`](Self::Phi).
    ///
    /// ```text
    /// y = atanh phi        v = v(phi) / (1 - phi^2)^2
    /// ```
    FisherZPhi,
    /// metafor: `YUQ`. Yule 1912, J R Stat Soc 75:579, doi 10.2307/2340126. Not defined with a zero cell, where it
    /// is -1 or 1 without a variance.
    ///
    /// ```text
    /// Q = (a d - b c) / (a d + b c)        v = (1 - Q^2)^2 (1/a + 1/b + 1/c + 1/d) / 4
    /// ```
    YuleQ,
    /// Yule's coefficient of colligation; metafor: `YUY`. Reference and limits as for [`YuleQ`](Self::YuleQ).
    ///
    /// ```text
    /// Y = (sqrt(a d) - sqrt(b c)) / (sqrt(a d) + sqrt(b c))        v = (1 - Y^2)^2 (1/a + 1/b + 1/c + 1/d) / 16
    /// ```
    YuleY,
    /// The correlation `r` of two normal variables that were both cut in two, by maximum likelihood; metafor:
    /// `RTET`. Not defined with an empty margin, nor, for lack of a variance, with a zero cell. Pearson 1900,
    /// Philos Trans R Soc A 195:1, doi 10.1098/rsta.1900.0022.
    ///
    /// ```text
    /// P(X < h, Y < k; r) = a/n        P(X < h) = n1/n,  P(Y < k) = m1/n
    /// ```
    ///
    /// Three proportions and three unknowns: the likelihood has its maximum where the model fits the table
    /// exactly, and `v` is the inverse of the information of the multinomial. Solved to the last digits; metafor
    /// maximises numerically and differs from about the fifth digit on.
    Tetrachoric,
    /// Fisher's z of the tetrachoric correlation; metafor: `ZTET`.
    ///
    /// ```text
    /// y = atanh r        v = v(r) / (1 - r^2)^2
    /// ```
    FisherZTetrachoric,
    /// A standardised mean difference of two normal variables of equal variance that were both cut at one point;
    /// metafor: `PBIT`. Sánchez-Meca, Marín-Martínez & Chacón-Moscoso 2003, Psychol Methods 8:448,
    /// doi 10.1037/1082-989X.8.4.448. Not defined with a zero cell.
    ///
    /// ```text
    /// y = z(p1) - z(p2)        v = p1 q1 / (n1 f(z(p1))^2) + p2 q2 / (n2 f(z(p2))^2)
    /// ```
    ///
    /// with the quantile `z` and the density `f` of the standard normal distribution.
    ProbitDifference,
    /// A standardised mean difference of two logistic variables; metafor: `OR2D`, `OR2DL`. Hasselblad & Hedges
    /// 1995, Psychol Bull 117:167, doi 10.1037/0033-2909.117.1.167; Chinn 2000, Stat Med 19:3127. Variants as for
    /// [`LogOddsRatio`](Self::LogOddsRatio).
    ///
    /// ```text
    /// y = ln OR sqrt(3) / pi        v = v(ln OR) 3 / pi^2
    /// ```
    OddsRatioToD,
    /// A standardised mean difference of two normal variables, by Cox's factor; metafor: `OR2DN`. Cox & Snell
    /// 1989, Analysis of Binary Data. Variants as for [`LogOddsRatio`](Self::LogOddsRatio).
    ///
    /// ```text
    /// y = ln OR / 1.65        v = v(ln OR) / 1.65^2
    /// ```
    OddsRatioToDNormal,
}

impl BinaryMeasure {
    /// Every measure, in the order of the declaration.
    pub const ALL: [Self; 14] = [
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
    ];
}

impl From<BinaryMeasure> for Measure {
    fn from(measure: BinaryMeasure) -> Self {
        match measure {
            BinaryMeasure::LogOddsRatio => Self::LogOddsRatio,
            BinaryMeasure::PetoLogOddsRatio => Self::PetoLogOddsRatio,
            BinaryMeasure::LogRiskRatio => Self::LogRiskRatio,
            BinaryMeasure::RiskDifference => Self::RiskDifference,
            BinaryMeasure::ArcsineDifference => Self::ArcsineDifference,
            BinaryMeasure::Phi => Self::Phi,
            BinaryMeasure::FisherZPhi => Self::FisherZPhi,
            BinaryMeasure::YuleQ => Self::YuleQ,
            BinaryMeasure::YuleY => Self::YuleY,
            BinaryMeasure::Tetrachoric => Self::Tetrachoric,
            BinaryMeasure::FisherZTetrachoric => Self::FisherZTetrachoric,
            BinaryMeasure::ProbitDifference => Self::ProbitDifference,
            BinaryMeasure::OddsRatioToD => Self::OddsRatioToD,
            BinaryMeasure::OddsRatioToDNormal => Self::OddsRatioToDNormal,
        }
    }
}
