//! One unit by `tau2::Workspace`: the certified search over all tau2, and numbers of any size.

use super::UnitFlags;
use super::kernel::Unit;
use crate::tau2::{Tau2, Tau2Error, Workspace};

/// The flag that says why there is no result.
pub(super) fn why(error: Tau2Error) -> UnitFlags {
    match error {
        Tau2Error::Empty | Tau2Error::TooFewStudies { .. } => UnitFlags::TOO_FEW_STUDIES,
        Tau2Error::NonFiniteEffect { .. }
        | Tau2Error::NonFiniteVariance { .. }
        | Tau2Error::NegativeVariance { .. } => UnitFlags::INVALID_VALUE,
        Tau2Error::ZeroVariance { .. } | Tau2Error::UnboundedLikelihood => UnitFlags::UNDEFINED,
        _ => UnitFlags::OUT_OF_RANGE,
    }
}

/// Fits the studies of one unit, none of them missing; `method` is `None` for the common effect.
pub(super) fn fit(workspace: &mut Workspace, y: &[f64], v: &[f64], method: Option<Tau2>) -> Unit {
    match try_fit(workspace, y, v, method) {
        Ok(unit) => unit,
        Err(error) => Unit::failed(why(error)),
    }
}

fn try_fit(workspace: &mut Workspace, y: &[f64], v: &[f64], method: Option<Tau2>) -> Result<Unit, Tau2Error> {
    workspace.load(y, v)?;
    let mut flags = UnitFlags::SEARCHED;
    let tau2 = match method {
        None => 0.0,
        Some(method) => {
            // The certificate itself is not wanted, and would be allocated.
            let fit = workspace.estimate(method)?;
            if matches!(method, Tau2::Reml | Tau2::MaximumLikelihood) {
                let (maxima, tie) = workspace.maxima();
                flags.set(UnitFlags::SEVERAL_MAXIMA, maxima > 1);
                flags.set(UnitFlags::TIED, tie);
            }
            flags.set(UnitFlags::AT_ZERO, fit.at_boundary);
            fit.tau2
        }
    };
    let mean = workspace.mean_at(tau2)?;
    let (q, typical) = match workspace.generalized_q(0.0) {
        Ok(q) => (q, workspace.typical_variance()?),
        Err(Tau2Error::ZeroVariance { .. }) => {
            flags.set(UnitFlags::ZERO_VARIANCE, true);
            (f64::NAN, Some(f64::NAN))
        }
        Err(error) => return Err(error),
    };
    let df = y.len() as f64 - 1.0;
    let i2 = match (method, typical) {
        (Some(_), Some(typical)) => tau2 / (tau2 + typical),
        _ if q > df && df > 0.0 => (q - df) / q,
        _ => q * 0.0,
    };
    let (mu, se) = (mean.mean, mean.standard_error);
    Ok(Unit { mu, se, tau2, q, i2, hk_se: se * (mean.q / df).sqrt(), flags })
}
