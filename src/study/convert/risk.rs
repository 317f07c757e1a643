//! Effects on risks, at a stated baseline risk.

use super::provenance::{Assumption, Converted, Formula, Step};
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::normal;
use serde::{Deserialize, Serialize};

/// The measures of one risk against another that [`at_baseline_risk`] goes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RiskMeasure {
    /// `y = ln(p1/(1 - p1)) - ln(p0/(1 - p0))`.
    LogOddsRatio,
    /// `y = ln(p1/p0)`.
    LogRiskRatio,
    /// `y = p1 - p0`.
    RiskDifference,
    /// `y = ln(ln(1 - p1)/ln(1 - p0))`: proportional hazards up to the time the risks are of.
    LogHazardRatio,
}

impl From<RiskMeasure> for Measure {
    fn from(measure: RiskMeasure) -> Self {
        match measure {
            RiskMeasure::LogOddsRatio => Self::LogOddsRatio,
            RiskMeasure::LogRiskRatio => Self::LogRiskRatio,
            RiskMeasure::RiskDifference => Self::RiskDifference,
            RiskMeasure::LogHazardRatio => Self::LogHazardRatio,
        }
    }
}

impl RiskMeasure {
    pub(super) fn of(effect: &Effect) -> Result<Self> {
        match effect.measure() {
            Measure::LogOddsRatio | Measure::PetoLogOddsRatio => Ok(Self::LogOddsRatio),
            Measure::LogRiskRatio => Ok(Self::LogRiskRatio),
            Measure::RiskDifference => Ok(Self::RiskDifference),
            Measure::LogHazardRatio => Ok(Self::LogHazardRatio),
            other => {
                let expected = "a log odds ratio, log risk ratio, risk difference or log hazard ratio";
                Err(ErrorKind::WrongMeasure { expected, found: other.name() }.into())
            }
        }
    }

    /// The risk `p1` and `1 - p1` that an effect `y` makes of the baseline risk.
    pub(super) fn risk(self, y: f64, p0: f64) -> (f64, f64) {
        let (q0, ratio) = (1.0 - p0, y.exp());
        match self {
            // Divided by the larger of the two, so that neither over- nor underflow decides.
            Self::LogOddsRatio if ratio <= 1.0 => (p0 * ratio / (q0 + p0 * ratio), q0 / (q0 + p0 * ratio)),
            Self::LogOddsRatio => (p0 / (q0 / ratio + p0), q0 / ratio / (q0 / ratio + p0)),
            Self::LogRiskRatio => (p0 * ratio, 1.0 - p0 * ratio),
            Self::RiskDifference => (p0 + y, q0 - y),
            Self::LogHazardRatio => {
                let hazard = ratio * (-p0).ln_1p();
                (-hazard.exp_m1(), hazard.exp())
            }
        }
    }

    /// The effect of the risk `p1 = 1 - q1` against the baseline risk, and its derivative with respect to `p1`.
    fn effect(self, p1: f64, q1: f64, p0: f64) -> (f64, f64) {
        match self {
            Self::LogOddsRatio => ((p1 / q1).ln() - (p0 / (1.0 - p0)).ln(), 1.0 / (p1 * q1)),
            Self::LogRiskRatio => ((p1 / p0).ln(), 1.0 / p1),
            Self::RiskDifference => (p1 - p0, 1.0),
            Self::LogHazardRatio => {
                let ln_q1 = if p1 < 0.5 { (-p1).ln_1p() } else { q1.ln() };
                ((ln_q1 / (-p0).ln_1p()).ln(), -1.0 / (q1 * ln_q1))
            }
        }
    }
}

/// A risk strictly between 0 and 1.
pub(super) fn check_baseline(p0: f64) -> Result<f64> {
    if !p0.is_finite() {
        return Err(ErrorKind::NonFinite { field: "baseline risk", value: p0 }.into());
    }
    if p0 <= 0.0 || p0 >= 1.0 {
        return Err(ErrorKind::OutsideSupport { field: "baseline risk", value: p0, lower: 0.0, upper: 1.0 }.into());
    }
    Ok(p0)
}

/// Risks that are none.
pub(super) fn impossible() -> ErrorKind {
    let why = "the effect would make the risk 0 or less, or 1 or more, at this baseline risk";
    ErrorKind::Inconsistent { what: "this effect with this baseline risk", why }
}

/// An effect on a risk as another measure, at a stated risk in the second (control) group.
///
/// ```text
/// p1 from OR: OR p0 / (1 - p0 + p0 OR)        from RR: RR p0        from RD: p0 + RD        from HR: 1 - (1 - p0)^HR
/// y = f(p1, p0)        v = (df/dp1)^2 (dp1/dy_old)^2 v_old
/// ```
///
/// From the odds ratio to the risk ratio this is RR = OR / (1 - p0 + p0 OR) (Zhang & Yu 1998, JAMA 280:1690,
/// doi 10.1001/jama.280.19.1690), exact for a crude odds ratio. For an adjusted odds ratio it is biased away from
/// no effect (McNutt et al. 2003, Am J Epidemiol 157:940, doi 10.1093/aje/kwg074), and the baseline risk is taken
/// as known, so the interval is too narrow where it was estimated; the record says both.
///
/// ```
/// use meta_analysis::study::convert::{RiskMeasure, at_baseline_risk};
/// use meta_analysis::{Effect, Measure};
///
/// let odds_ratio = Effect::from_se(Measure::LogOddsRatio, 4.0_f64.ln(), 0.3)?;
/// let risk_ratio = at_baseline_risk(odds_ratio, 0.2, RiskMeasure::LogRiskRatio)?;
/// assert!((risk_ratio.effect().y().exp() - 2.5).abs() < 1e-14); // 4 / (1 - 0.2 + 0.8)
/// assert!((risk_ratio.effect().se() - 0.15).abs() < 1e-15);     // 0.3 (1 - p1), p1 = 0.5
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::OutsideSupport`] unless 0 < p0 < 1, [`ErrorKind::Inconsistent`]
/// where the other risk would leave (0, 1), [`ErrorKind::Overflow`].
pub fn at_baseline_risk(effect: impl Into<Converted>, baseline: f64, to: RiskMeasure) -> Result<Converted> {
    let effect = effect.into();
    let from = RiskMeasure::of(&effect.effect())?;
    let p0 = check_baseline(baseline)?;
    let (p1, q1) = from.risk(effect.effect().y(), p0);
    if !(p1 > 0.0 && q1 > 0.0) {
        return Err(impossible().into());
    }
    let (y, slope) = to.effect(p1, q1, p0);
    let (_, back) = from.effect(p1, q1, p0);
    // The same measure comes back as it was, to the last digit.
    let (y, slope) = if from == to { (effect.effect().y(), 1.0) } else { (y, slope / back) };
    let mut step = Step::new(Formula::AtBaselineRisk).input("p0", p0);
    if from == RiskMeasure::LogOddsRatio {
        step = step.assuming(Assumption::UnadjustedOddsRatio);
    }
    if from == RiskMeasure::LogHazardRatio || to == RiskMeasure::LogHazardRatio {
        step = step.assuming(Assumption::ProportionalHazards);
    }
    effect.then(to.into(), y, slope, step)
}

/// The risk difference behind a standardised mean difference, at a stated share of the second (control) group
/// above the cut-off that defines the event.
///
/// ```text
/// p1 = Phi(d + Phi^-1(p0))        y = p1 - p0        v = v_d phi(d + Phi^-1(p0))^2
/// ```
///
/// Furukawa & Leucht 2011, PLoS ONE 6:e19070, doi 10.1371/journal.pone.0019070.
///
/// # Errors
/// [`ErrorKind::WrongMeasure`], [`ErrorKind::OutsideSupport`] unless 0 < p0 < 1, [`ErrorKind::Overflow`].
pub fn d_at_baseline_risk(d: impl Into<Converted>, baseline: f64) -> Result<Converted> {
    let d = d.into();
    let y = d.of(&super::standardized::D, super::standardized::D_NAME)?;
    let p0 = check_baseline(baseline)?;
    let x = y + normal::quantile(p0);
    let step = Step::new(Formula::DAtBaselineRisk).input("p0", p0);
    d.then(Measure::RiskDifference, normal::cdf(x) - p0, normal::pdf(x), step)
}
