//! Effects behind test statistics.

use super::provenance::{Converted, Formula, Step};
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::area_under_curve::{AreaUnderCurve, exponential_scores};
use crate::study::check::{self, Count};
use crate::study::conversion::Summary;
use crate::study::correlation::{Correlation, CorrelationMeasure};
use crate::study::significance::Sign;
use crate::study::standardized::{StandardizedDifference, StandardizedMeasure};

fn hedges_g(row: StandardizedDifference, step: Step) -> Result<Converted> {
    let effect = row.effect(&StandardizedMeasure::HedgesG.into())?;
    let [n1, n2] = row.sizes();
    Ok(Converted::from_step(effect, step.input("n1", n1).input("n2", n2).giving(Measure::HedgesG)))
}

/// Hedges' g behind the t statistic of a two-group t-test with pooled variance; metafor: `escalc("SMD", ti =)`.
///
/// ```text
/// g = J(n1 + n2 - 2) t sqrt(1/n1 + 1/n2)        v = 1/n1 + 1/n2 + g^2 / (2 (n1 + n2))
/// ```
///
/// # Errors
/// [`ErrorKind::NonFinite`], [`ErrorKind::SampleSizeTooSmall`] below four people, and what counts must keep.
pub fn t_to_d(t: f64, n1: impl Count, n2: impl Count) -> Result<Converted> {
    hedges_g(StandardizedDifference::from_t(t, n1, n2)?, Step::new(Formula::TToD).input("t", t))
}

/// Hedges' g behind the F statistic of two groups (1 numerator degree of freedom), whose sign F does not carry.
///
/// # Errors
/// As [`t_to_d`]; a negative F is [`ErrorKind::OutsideSupport`].
pub fn f_to_d(f: f64, sign: Sign, n1: impl Count, n2: impl Count) -> Result<Converted> {
    hedges_g(StandardizedDifference::from_f(f, sign, n1, n2)?, Step::new(Formula::FToD).input("F", f))
}

/// Hedges' g behind the two-sided p-value of a t-test; metafor: `escalc("SMD", pi =)`, where the sign is attached
/// to the p-value.
///
/// # Errors
/// As [`t_to_d`]; [`ErrorKind::PValueZero`], [`ErrorKind::PValueUninformative`], [`ErrorKind::PValueOutOfRange`].
pub fn p_to_d(p: f64, sign: Sign, n1: impl Count, n2: impl Count) -> Result<Converted> {
    hedges_g(StandardizedDifference::from_p(p, sign, n1, n2)?, Step::new(Formula::PToD).input("p", p))
}

fn raw(row: Correlation, step: Step) -> Result<Converted> {
    let effect = row.effect(&CorrelationMeasure::Raw.into())?;
    Ok(Converted::from_step(effect, step.input("n", row.n()).giving(Measure::RawCorrelation)))
}

/// The correlation behind its t statistic in `n` people, with v = (1 - r^2)^2 / (n - 1).
///
/// # Errors
/// As [`Correlation::from_t`]; [`ErrorKind::DegenerateCorrelation`] for a t that leaves no residual.
pub fn t_to_r(t: f64, n: impl Count) -> Result<Converted> {
    raw(Correlation::from_t(t, n)?, Step::new(Formula::TToR).input("t", t))
}

/// The correlation behind an F statistic with 1 and n - 2 degrees of freedom.
///
/// # Errors
/// As [`t_to_r`]; a negative F is [`ErrorKind::OutsideSupport`].
pub fn f_to_r(f: f64, sign: Sign, n: impl Count) -> Result<Converted> {
    raw(Correlation::from_t(sign.of(check::check_square("F", f)?.sqrt()), n)?, Step::new(Formula::FToR).input("F", f))
}

/// The correlation behind the two-sided p-value of its t-test.
///
/// # Errors
/// As [`Correlation::from_p`].
pub fn p_to_r(p: f64, sign: Sign, n: impl Count) -> Result<Converted> {
    raw(Correlation::from_p(p, sign, n)?, Step::new(Formula::PToR).input("p", p))
}

/// The phi coefficient behind a chi-squared statistic with 1 degree of freedom, made without Yates's correction.
///
/// ```text
/// phi = sqrt(chi2 / n)        v = (1 - phi^2)^2 / (n - 1)
/// ```
///
/// With the margins at hand, the table itself can be had ([`recover`](crate::study::recover)), and a better
/// variance with it.
///
/// # Errors
/// [`ErrorKind::OutsideSupport`] for a negative statistic, [`ErrorKind::CorrelationOutOfRange`] for one above n,
/// [`ErrorKind::DegenerateCorrelation`] for one of n.
pub fn chi_squared_to_phi(chi_squared: f64, sign: Sign, n: impl Count) -> Result<Converted> {
    let size = check::check_size("n", n, 2.0, "a phi coefficient")?;
    let phi = sign.of(check::check_square("chi-squared", chi_squared)?.sqrt() / size.sqrt());
    let effect = Correlation::new(phi, size)?.effect(&CorrelationMeasure::Raw.into())?;
    let effect = Effect::from_variance_and_n(Measure::Phi, phi, effect.variance(), size)?;
    let step = Step::new(Formula::ChiSquaredToPhi).input("chi-squared", chi_squared).input("n", size);
    Ok(Converted::from_step(effect, step.giving(Measure::Phi)))
}

/// The area under the curve behind Mann and Whitney's U: the number of pairs in which the member of the first
/// group is above that of the second, ties counting one half.
///
/// ```text
/// A = U / (n1 n2)
/// v = (A (1 - A) + (n1 - 1)(Q1 - A^2) + (n2 - 1)(Q2 - A^2)) / (n1 n2)
/// Q1 = A / (2 - A)        Q2 = 2 A^2 / (1 + A)
/// ```
///
/// Hanley & McNeil 1982, Radiology 143:29, doi 10.1148/radiology.143.1.7063747. [`auc_to_d`](super::auc_to_d)
/// goes on to a standardised difference.
///
/// ```
/// // mpmath: A = mpf('0.893'), n1 = 51, n2 = 58 in the formula above
/// let auc = meta_analysis::study::convert::u_to_auc(0.893 * 51.0 * 58.0, 51, 58)?;
/// assert!((auc.effect().se() - 0.03251158176764662).abs() < 1e-14);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::OutsideSupport`] unless 0 <= U <= n1 n2, [`ErrorKind::ZeroVariance`] at either end,
/// [`ErrorKind::SampleSizeTooSmall`].
pub fn u_to_auc(u: f64, n1: impl Count, n2: impl Count) -> Result<Converted> {
    let what = Measure::CommonLanguage.name();
    let row = AreaUnderCurve::from_u(u, n1, n2)?;
    let (a, [n1, n2]) = (row.value(), row.sizes());
    let pairs = n1 * n2;
    // From the count, not from a, which has lost digits of it where a is close to 1.
    let b = (pairs - u) / pairs;
    let v = exponential_scores([a, b], [n1, n2], [n1 - 1.0, n2 - 1.0]);
    if v <= 0.0 {
        let remedy = "every member of one group is above every member of the other; use the raw data";
        return Err(ErrorKind::ZeroVariance { what, remedy }.into());
    }
    let effect = Effect::from_variance_and_n(Measure::CommonLanguage, a, v, n1 + n2)?;
    let step = Step::new(Formula::UToAuc).input("U", u).input("n1", n1).input("n2", n2);
    Ok(Converted::from_step(effect, step.giving(Measure::CommonLanguage)))
}
