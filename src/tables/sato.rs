//! Sato's interval of the Mantel-Haenszel odds ratio.

use super::conditional::OddsRatioLimits;
use super::strata::{check_events, gather, no_odds};
use super::sums;
use crate::error::{ErrorKind, Result};
use crate::inference::check_level;
use crate::num::normal;
use crate::study::{BinaryMeasure, Conversion, Studies, TwoByTwo};

/// Sato's confidence interval of the Mantel-Haenszel odds ratio `R / S`: all odds ratios `psi` with
///
/// ```text
/// (R - psi S)^2 <= z^2 psi W        R = sum a d / n,  S = sum b c / n
///                                   W = sum (b c (a + d + 1) + a d (b + c + 1)) / n^2
/// ```
///
/// `psi W` is an unbiased estimate of the variance of `R - psi S` given the margins, whatever the number and size of the tables, so that
/// the interval holds its level with few large strata and with many sparse ones, as does the
/// [Robins-Breslow-Greenland variance](super::MantelHaenszelVariance::RobinsBreslowGreenland); it also has one limit where the estimate
/// is 0 or infinite, and the other variance has none. On the logarithmic scale it is symmetric about the estimate, with half-width
/// `2 asinh((z/2) sqrt(W / (R S)))`. Sato 1990, Biometrics 46:71, doi 10.2307/2531631. Not in metafor. Nothing is added to any count.
///
/// ```
/// use meta_analysis::study::{Studies, TwoByTwo};
/// use meta_analysis::tables::sato_interval;
///
/// let trials = Studies::from([
///     ("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?), // a zero cell
///     ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
/// ]);
/// assert_eq!(sato_interval(&trials, 0.95)?.to_string(), "[3.00, 15.0]");
/// // One trial alone, without an estimate: the data set one limit.
/// let one = Studies::from([("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?)]);
/// assert_eq!(sato_interval(&one, 0.95)?.upper, None);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`];
/// [`ErrorKind::NotEstimable`] if no study has both events and non-events; [`ErrorKind::Overflow`].
pub fn sato_interval(studies: &Studies<TwoByTwo>, level: f64) -> Result<OddsRatioLimits> {
    let level = check_level(level)?;
    let cells = gather(studies, Conversion::new(BinaryMeasure::LogOddsRatio), false, no_odds)?.cells;
    check_events(studies, &cells, "odds ratio")?;
    if cells.is_empty() {
        let (why, remedy) = ("no study has both events and non-events", "ask for a difference of risks");
        return Err(ErrorKind::NotEstimable { measure: "odds ratio", why, remedy }.into());
    }
    let z = normal::quantile_upper(0.5 * (1.0 - level));
    let [r, s] = sums::odds(&cells);
    let w: f64 = cells.iter().map(variance).sum();
    let limits = if r > 0.0 && s > 0.0 {
        let half = 2.0 * (0.5 * z * (w / r / s).sqrt()).asinh();
        let estimate = r / s;
        OddsRatioLimits { lower: estimate * (-half).exp(), upper: Some(estimate * half.exp()) }
    } else if r > 0.0 {
        OddsRatioLimits { lower: (r / z) * (r / z) / w, upper: None }
    } else {
        OddsRatioLimits { lower: 0.0, upper: Some((z / s) * (z / s) * w) }
    };
    if !(limits.lower.is_finite() && limits.upper.is_none_or(f64::is_finite)) {
        return Err(ErrorKind::Overflow { what: "the confidence interval" }.into());
    }
    Ok(limits)
}

/// What a table adds to `W`.
fn variance([a, b, c, d]: &[f64; 4]) -> f64 {
    let n = a + b + c + d;
    (b / n) * (c / n) * (a + d + 1.0) + (a / n) * (d / n) * (b + c + 1.0)
}
