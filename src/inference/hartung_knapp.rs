//! Hartung-Knapp: the standard error rescaled by the weighted residual variance.

use super::estimate::quantile;
use super::{Solution, wald};
use crate::error::{ErrorKind, Result};

/// q = Q(tau2) / (k - 1): the weighted variance of the effects around their mean, 1 on average.
fn scale(solution: &Solution) -> f64 {
    solution.q_at_tau2 / solution.df()
}

pub(super) fn standard_error(solution: &Solution) -> Result<f64> {
    let se = solution.se * scale(solution).sqrt();
    if se > 0.0 { Ok(se) } else { Err(ErrorKind::DegenerateVariance.into()) }
}

pub(super) fn truncated_standard_error(solution: &Solution) -> f64 {
    solution.se * scale(solution).max(1.0).sqrt()
}

/// The wider of the Hartung-Knapp and the Wald interval.
pub(super) fn or_wald(solution: &Solution, level: f64) -> Result<(f64, Option<f64>)> {
    let df = Some(wald::df(solution)?);
    let rescaled = solution.se * scale(solution).sqrt();
    let wider = quantile(level, df) * rescaled >= quantile(level, None) * solution.se;
    Ok(if wider { (rescaled, df) } else { (solution.se, None) })
}

/// The factor truncated only where the interval is narrower than that of DerSimonian and Laird.
pub(super) fn iqwig(solution: &Solution, level: f64) -> Result<(f64, Option<f64>)> {
    let Some(reference) = solution.dersimonian_laird_se else {
        let why = "it is compared with the DerSimonian-Laird interval; use `RandomEffects`";
        return Err(ErrorKind::NotApplicable { what: "Hartung-Knapp interval by IQWiG", why }.into());
    };
    let df = Some(wald::df(solution)?);
    let rescaled = solution.se * scale(solution).sqrt();
    let narrower = quantile(level, df) * rescaled < quantile(level, None) * reference;
    Ok((if narrower { truncated_standard_error(solution) } else { rescaled }, df))
}
