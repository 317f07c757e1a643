//! Standard deviations behind standard errors and intervals.

use super::provenance::{Converted, Formula, Step};
use crate::error::{ErrorKind, Result};
use crate::study::check::{self, Count};
use crate::study::significance::critical;

fn finish(sd: f64, step: Step) -> Result<Converted<f64>> {
    if sd.is_finite() {
        return Ok(Converted::from_step(sd, step));
    }
    Err(ErrorKind::Overflow { what: "the standard deviation" }.into())
}

fn check_se(se: f64) -> Result<f64> {
    if se < 0.0 {
        return Err(ErrorKind::NegativeSe { value: se }.into());
    }
    check::check_finite("se", se)
}

/// The standard deviation behind the standard error of a mean of `n` people.
///
/// ```text
/// sd = se sqrt n
/// ```
///
/// # Errors
/// [`ErrorKind::NegativeSe`], [`ErrorKind::NonFinite`], [`ErrorKind::SampleSizeTooSmall`] below two people.
pub fn sd_from_se(se: f64, n: impl Count) -> Result<Converted<f64>> {
    let n = check::check_size("n", n, 2.0, "a standard deviation")?;
    finish(check_se(se)? * n.sqrt(), Step::new(Formula::SdFromSe).input("se", se).input("n", n))
}

/// The standard deviation behind the confidence interval of a mean of `n` people.
///
/// ```text
/// sd = sqrt n (upper - lower) / (2 c)        c = quantile of (1 + level)/2, of t with n - 1 df or normal
/// ```
///
/// `by_t` says which of the two the interval was made with; papers on fewer than some sixty people that do not
/// say so mean t.
///
/// ```
/// // Cochrane Handbook 6.5.2.2: n = 25, interval 30.0 to 34.2, t(24) = 2.0639.
/// let sd = meta_analysis::study::convert::sd_from_interval(30.0, 34.2, 0.95, 25, true)?;
/// assert!((sd.value() - 5.09).abs() < 0.005);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::LevelOutOfRange`], [`ErrorKind::NonFinite`], [`ErrorKind::CiReversed`],
/// [`ErrorKind::SampleSizeTooSmall`] below two people.
pub fn sd_from_interval(lower: f64, upper: f64, level: f64, n: impl Count, by_t: bool) -> Result<Converted<f64>> {
    let n = check::check_size("n", n, 2.0, "a standard deviation")?;
    if !(level > 0.0 && level < 1.0) {
        return Err(ErrorKind::LevelOutOfRange { value: level }.into());
    }
    let lower = check::check_finite("lower limit", lower)?;
    let upper = check::check_finite("upper limit", upper)?;
    if lower > upper {
        return Err(ErrorKind::CiReversed { lower, upper }.into());
    }
    let c = critical(0.5 * (1.0 - level), by_t.then_some(n - 1.0));
    let formula = if by_t { Formula::SdFromTInterval } else { Formula::SdFromNormalInterval };
    let step = Step::new(formula).input("lower", lower).input("upper", upper).input("level", level).input("n", n);
    finish(n.sqrt() * ((0.5 * upper - 0.5 * lower) / c), step)
}

/// The standard deviation, taken to be common, behind the standard error of a difference of two means.
///
/// ```text
/// sd = se / sqrt(1/n1 + 1/n2)
/// ```
///
/// # Errors
/// As [`sd_from_se`], from one person per group on.
pub fn sd_from_difference_se(se: f64, n1: impl Count, n2: impl Count) -> Result<Converted<f64>> {
    let n1 = check::check_size("n (group 1)", n1, 1.0, "a standard deviation")?;
    let n2 = check::check_size("n (group 2)", n2, 1.0, "a standard deviation")?;
    let step = Step::new(Formula::SdFromDifferenceSe).input("se", se).input("n1", n1).input("n2", n2);
    finish(check_se(se)? / (1.0 / n1 + 1.0 / n2).sqrt(), step)
}
