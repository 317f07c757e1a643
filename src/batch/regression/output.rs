//! Columns of results of a batch of regressions.

use super::super::UnitFlags;
use super::design::MOST;
use crate::error::{ErrorKind, Result};

/// Columns of results to be written; only those given are computed.
///
/// The first six have one value per coefficient and unit, coefficient after coefficient: that of coefficient `j` of unit `u` is at
/// `j * units + u`. The others have one value per unit. As in [`BatchOutput`](super::super::BatchOutput), a unit that could not be
/// computed has NaN in its columns.
///
/// ```
/// # use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};
/// // Two groups of two studies, and two units
/// let y = [1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0];
/// let (mut beta, mut qm) = ([0.0; 4], [0.0; 2]);
/// let mut output = RegressionOutput { coefficients: Some(&mut beta), qm: Some(&mut qm), ..RegressionOutput::default() };
/// let plan = BatchRegression::common(BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?);
/// plan.run(BatchInput::unit_major(&y, &[1.0; 8], 4)?, &mut output)?;
/// // The intercepts of both units, then the differences of the groups, which have standard error 1
/// assert!(beta.iter().zip([2.0, 1.0, 3.0, 0.0]).all(|(found, is)| (found - is).abs() < 1e-14));
/// assert!((qm[0] - 9.0).abs() < 1e-13 && qm[1].abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct RegressionOutput<'a> {
    /// Coefficients by weighted least squares with weights `1/(v + tau2)`.
    pub coefficients: Option<&'a mut [f64]>,
    /// Their standard errors, from `(X'WX)^-1`.
    pub se: Option<&'a mut [f64]>,
    /// Two-sided p-values, normal distribution.
    pub p: Option<&'a mut [f64]>,
    /// Their decimal logarithms, also where `p` itself is below the smallest double.
    pub log10_p: Option<&'a mut [f64]>,
    /// Standard errors of Knapp and Hartung 2003 (Stat Med 22:2693, doi 10.1002/sim.1482): times `sqrt(QE(tau2)/(k-p))`.
    pub hk_se: Option<&'a mut [f64]>,
    /// Two-sided p-values with them, t distribution with `k - p` degrees of freedom.
    pub hk_p: Option<&'a mut [f64]>,
    /// Residual between-study variance; 0 for common effects.
    pub tau2: Option<&'a mut [f64]>,
    /// Residual heterogeneity `QE`: weighted residual sum of squares at tau2 = 0.
    pub qe: Option<&'a mut [f64]>,
    /// Its p-value, chi-squared with `k - p` degrees of freedom.
    pub qe_p: Option<&'a mut [f64]>,
    /// Wald statistic of all coefficients but the intercept, `QM`.
    pub qm: Option<&'a mut [f64]>,
    /// Its p-value, chi-squared with as many degrees of freedom as it tests coefficients.
    pub qm_p: Option<&'a mut [f64]>,
    /// What happened to each unit.
    pub flags: Option<&'a mut [UnitFlags]>,
    /// Number of studies that are not missing.
    pub count: Option<&'a mut [u32]>,
}

/// One column for each coefficient.
pub(super) type PerCoefficient<'a> = [Option<&'a mut [f64]>; MOST];

/// The same columns with those of coefficients apart, so that a run of units can be taken off the front of all.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) coefficients: PerCoefficient<'a>,
    pub(super) se: PerCoefficient<'a>,
    pub(super) p: PerCoefficient<'a>,
    pub(super) log10_p: PerCoefficient<'a>,
    pub(super) hk_se: PerCoefficient<'a>,
    pub(super) hk_p: PerCoefficient<'a>,
    pub(super) tau2: Option<&'a mut [f64]>,
    pub(super) qe: Option<&'a mut [f64]>,
    pub(super) qe_p: Option<&'a mut [f64]>,
    pub(super) qm: Option<&'a mut [f64]>,
    pub(super) qm_p: Option<&'a mut [f64]>,
    pub(super) flags: Option<&'a mut [UnitFlags]>,
    pub(super) count: Option<&'a mut [u32]>,
}

fn check<T>(field: &str, column: &Option<&mut [T]>, expected: usize) -> Result<()> {
    match column {
        Some(column) if column.len() != expected => {
            let (field, found) = (field.to_owned(), column.len());
            Err(ErrorKind::LengthMismatch { field, expected, found }.into())
        }
        _ => Ok(()),
    }
}

fn split<'b>(column: &'b mut Option<&mut [f64]>, units: usize) -> PerCoefficient<'b> {
    let mut parts = PerCoefficient::default();
    if let Some(column) = column {
        for (part, one) in parts.iter_mut().zip(column.chunks_exact_mut(units.max(1))) {
            *part = Some(one);
        }
    }
    parts
}

fn front<'a, T>(column: &mut Option<&'a mut [T]>, units: usize) -> Option<&'a mut [T]> {
    let (front, rest) = column.take()?.split_at_mut_checked(units)?;
    *column = Some(rest);
    Some(front)
}

impl RegressionOutput<'_> {
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] for a column that is not as long as it must be.
    pub(super) fn parts(&mut self, units: usize, coefficients: usize) -> Result<Parts<'_>> {
        let all = units.saturating_mul(coefficients);
        check("coefficients", &self.coefficients, all)?;
        check("se", &self.se, all)?;
        check("p", &self.p, all)?;
        check("log10_p", &self.log10_p, all)?;
        check("hk_se", &self.hk_se, all)?;
        check("hk_p", &self.hk_p, all)?;
        check("tau2", &self.tau2, units)?;
        check("qe", &self.qe, units)?;
        check("qe_p", &self.qe_p, units)?;
        check("qm", &self.qm, units)?;
        check("qm_p", &self.qm_p, units)?;
        check("flags", &self.flags, units)?;
        check("count", &self.count, units)?;
        Ok(Parts {
            coefficients: split(&mut self.coefficients, units),
            se: split(&mut self.se, units),
            p: split(&mut self.p, units),
            log10_p: split(&mut self.log10_p, units),
            hk_se: split(&mut self.hk_se, units),
            hk_p: split(&mut self.hk_p, units),
            tau2: self.tau2.as_deref_mut(),
            qe: self.qe.as_deref_mut(),
            qe_p: self.qe_p.as_deref_mut(),
            qm: self.qm.as_deref_mut(),
            qm_p: self.qm_p.as_deref_mut(),
            flags: self.flags.as_deref_mut(),
            count: self.count.as_deref_mut(),
        })
    }
}

impl<'a> Parts<'a> {
    /// The columns of the first `units` units, which leave `self`.
    pub(super) fn take_front(&mut self, units: usize) -> Parts<'a> {
        let each = |columns: &mut PerCoefficient<'a>| columns.each_mut().map(|column| front(column, units));
        Parts {
            coefficients: each(&mut self.coefficients),
            se: each(&mut self.se),
            p: each(&mut self.p),
            log10_p: each(&mut self.log10_p),
            hk_se: each(&mut self.hk_se),
            hk_p: each(&mut self.hk_p),
            tau2: front(&mut self.tau2, units),
            qe: front(&mut self.qe, units),
            qe_p: front(&mut self.qe_p, units),
            qm: front(&mut self.qm, units),
            qm_p: front(&mut self.qm_p, units),
            flags: front(&mut self.flags, units),
            count: front(&mut self.count, units),
        }
    }
}
