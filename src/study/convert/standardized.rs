//! Standardised differences, odds ratios, correlations and areas under the curve.

use super::provenance::{Assumption, Converted, Formula, Step};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::normal;
use crate::study::correlation::{self, r_of_ratio};
use crate::study::smd::{LN_ODDS_PER_D_NORMAL, ln_odds_per_d_logistic};
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

pub(super) const D: [Measure; 7] = [
    Measure::HedgesG,
    Measure::SmdAverageSd,
    Measure::GlassDelta,
    Measure::GlassDeltaHeteroscedastic,
    Measure::ProbitDifference,
    Measure::OddsRatioToD,
    Measure::OddsRatioToDNormal,
];
pub(super) const D_NAME: &str = "a standardised mean difference";
const LOG_ODDS_RATIO: [Measure; 4] =
    [Measure::LogOddsRatio, Measure::PetoLogOddsRatio, Measure::DToLogOddsRatio, Measure::DToLogOddsRatioNormal];
const R: [Measure; 4] = [Measure::RawCorrelation, Measure::UnbiasedCorrelation, Measure::PointBiserial, Measure::Phi];
const Z: [Measure; 3] = [Measure::FisherZ, Measure::FisherZPointBiserial, Measure::FisherZPhi];
pub(super) const AUC: [Measure; 3] =
    [Measure::CommonLanguage, Measure::CommonLanguageNormal, Measure::PairedCommonLanguage];

/// The distribution that a standardised mean difference and an odds ratio are joined by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Link {
    /// Logistic: ln OR = d pi / sqrt 3 = 1.814 d. Hasselblad & Hedges 1995, Psychol Bull 117:167,
    /// doi 10.1037/0033-2909.117.1.167; Chinn 2000, Stat Med 19:3127. metafor: `D2ORL`, `OR2DL`.
    Logistic,
    /// Normal, by Cox's approximation: ln OR = 1.65 d. Cox & Snell 1989, Analysis of Binary Data; Sánchez-Meca et
    /// al. 2003, Psychol Methods 8:448, doi 10.1037/1082-989X.8.4.448. metafor: `D2ORN`, `OR2DN`.
    Normal,
}

impl Link {
    fn factor(self) -> f64 {
        match self {
            Self::Logistic => ln_odds_per_d_logistic(),
            Self::Normal => LN_ODDS_PER_D_NORMAL,
        }
    }
}

/// The sizes of the two groups behind a standardised mean difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Groups {
    /// Equal, or unknown and taken to be equal.
    Equal,
    /// Of these sizes.
    Sizes(f64, f64),
}

impl Groups {
    /// `a = N^2 / (n1 n2)`, 4 for equal groups.
    ///
    /// # Errors
    /// Sizes that are not positive and finite.
    pub fn factor(self) -> Result<f64> {
        let Self::Sizes(n1, n2) = self else { return Ok(4.0) };
        for (field, n) in [("n (group 1)", n1), ("n (group 2)", n2)] {
            if !n.is_finite() {
                return Err(ErrorKind::NonFinite { field, value: n }.into());
            }
            if n <= 0.0 {
                return Err(ErrorKind::EmptyArm { field }.into());
            }
        }
        let ratio = n1 / n2;
        let a = ratio + 2.0 + ratio.recip();
        if a.is_finite() { Ok(a) } else { Err(ErrorKind::Overflow { what: "N^2 / (n1 n2)" }.into()) }
    }

    fn record(self, step: Step) -> Step {
        match self {
            Self::Equal => step.assuming(Assumption::EqualGroups),
            Self::Sizes(n1, n2) => step.input("n1", n1).input("n2", n2),
        }
    }
}

/// The log odds ratio of a standardised mean difference, for pooling with odds ratios.
///
/// ```text
/// y = k d        v = k^2 v_d        k = pi / sqrt 3 or 1.65
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::Overflow`].
pub fn d_to_log_odds_ratio(d: impl Into<Converted>, link: Link) -> Result<Converted> {
    let d = d.into();
    let y = d.of(&D, D_NAME)?;
    let formula = match link {
        Link::Logistic => Formula::DToLogOddsRatioLogistic,
        Link::Normal => Formula::DToLogOddsRatioNormal,
    };
    d.then(Measure::LogOddsRatio, y * link.factor(), link.factor(), Step::new(formula))
}

/// The standardised mean difference of a log odds ratio, for pooling with standardised mean differences.
///
/// ```text
/// y = ln OR / k        v = v_lnOR / k^2        k = pi / sqrt 3 or 1.65
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::Overflow`].
pub fn log_odds_ratio_to_d(log_odds_ratio: impl Into<Converted>, link: Link) -> Result<Converted> {
    let ratio = log_odds_ratio.into();
    let y = ratio.of(&LOG_ODDS_RATIO, "a log odds ratio")?;
    let formula = match link {
        Link::Logistic => Formula::LogOddsRatioToDLogistic,
        Link::Normal => Formula::LogOddsRatioToDNormal,
    };
    ratio.then(Measure::HedgesG, y / link.factor(), link.factor().recip(), Step::new(formula))
}

/// The correlation of group and outcome behind a standardised mean difference.
///
/// ```text
/// r = d / sqrt(d^2 + a)        v = a^2 v_d / (d^2 + a)^3        a = N^2/(n1 n2)
/// ```
///
/// This is a point-biserial correlation, which is smaller than a product-moment correlation would have been
/// (Jacobs & Viechtbauer 2017, Res Synth Methods 8:161, doi 10.1002/jrsm.1218); the record says so.
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::Overflow`], sizes that are not positive.
pub fn d_to_r(d: impl Into<Converted>, groups: Groups) -> Result<Converted> {
    let d = d.into();
    let (y, a) = (d.of(&D, D_NAME)?, groups.factor()?);
    let (r, rest) = r_of_ratio(y, a);
    let slope = rest * (rest / a).sqrt(); // a / (d^2 + a)^(3/2)
    d.then(Measure::RawCorrelation, r, slope, groups.record(Step::new(Formula::DToR)))
}

/// The standardised mean difference behind a correlation of group and outcome.
///
/// ```text
/// d = r sqrt(a) / sqrt(1 - r^2)        v = a v_r / (1 - r^2)^3        a = N^2/(n1 n2)
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::DegenerateCorrelation`], [`ErrorKind::Overflow`], sizes that are
/// not positive.
pub fn r_to_d(r: impl Into<Converted>, groups: Groups) -> Result<Converted> {
    let r = r.into();
    let (y, root) = (r.of(&R, "a correlation")?, groups.factor()?.sqrt());
    let rest = unexplained(y, Measure::HedgesG)?;
    let slope = root / (rest * rest.sqrt());
    r.then(Measure::HedgesG, y * root / rest.sqrt(), slope, groups.record(Step::new(Formula::RToD)))
}

/// Fisher's z of a correlation, with the variance by the delta method: not 1/(n - 3), unless that was the
/// variance before.
///
/// ```text
/// z = atanh r        v = v_r / (1 - r^2)^2
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::DegenerateCorrelation`].
pub fn r_to_z(r: impl Into<Converted>) -> Result<Converted> {
    let r = r.into();
    let y = r.of(&R, "a correlation")?;
    let to = match r.effect().measure() {
        Measure::Phi => Measure::FisherZPhi,
        Measure::PointBiserial => Measure::FisherZPointBiserial,
        _ => Measure::FisherZ,
    };
    let slope = unexplained(y, to)?.recip();
    r.then(to, libm::atanh(y), slope, Step::new(Formula::RToZ))
}

/// The correlation of a Fisher z.
///
/// ```text
/// r = tanh z        v = v_z (1 - r^2)^2
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::Overflow`] where r is 1 in double precision.
pub fn z_to_r(z: impl Into<Converted>) -> Result<Converted> {
    let z = z.into();
    let y = z.of(&Z, "a Fisher z")?;
    let to = match z.effect().measure() {
        Measure::FisherZPhi => Measure::Phi,
        Measure::FisherZPointBiserial => Measure::PointBiserial,
        _ => Measure::RawCorrelation,
    };
    z.then(to, y.tanh(), y.cosh().powi(2).recip(), Step::new(Formula::ZToR))
}

/// The area under the curve (common-language effect size): the chance that a member of the first group is above
/// one of the second.
///
/// ```text
/// A = Phi(d / sqrt 2)        v = v_d phi(d / sqrt 2)^2 / 2
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::Overflow`].
pub fn d_to_auc(d: impl Into<Converted>) -> Result<Converted> {
    let d = d.into();
    let x = d.of(&D, D_NAME)? * FRAC_1_SQRT_2;
    d.then(Measure::CommonLanguageNormal, normal::cdf(x), normal::pdf(x) * FRAC_1_SQRT_2, Step::new(Formula::DToAuc))
}

/// The standardised mean difference of an area under the curve.
///
/// ```text
/// d = sqrt 2 Phi^-1(A)        v = 2 v_A / phi(Phi^-1(A))^2
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::OutsideSupport`] unless 0 < A < 1, [`ErrorKind::Overflow`].
pub fn auc_to_d(auc: impl Into<Converted>) -> Result<Converted> {
    let auc = auc.into();
    let value = auc.of(&AUC, "an area under the curve")?;
    if !(value > 0.0 && value < 1.0) {
        return Err(ErrorKind::OutsideSupport { field: "area under the curve", value, lower: 0.0, upper: 1.0 }.into());
    }
    let x = normal::quantile(value);
    auc.then(Measure::HedgesG, x * SQRT_2, SQRT_2 / normal::pdf(x), Step::new(Formula::AucToD))
}

/// `1 - r^2` of a correlation inside (-1, 1).
fn unexplained(r: f64, measure: Measure) -> Result<f64> {
    let rest = correlation::unexplained(r);
    if rest > 0.0 {
        return Ok(rest);
    }
    Err(ErrorKind::DegenerateCorrelation { field: "correlation", value: r, measure: measure.name() }.into())
}
