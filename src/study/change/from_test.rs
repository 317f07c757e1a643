//! The correlation of before and after from what papers do report.

use super::PrePost;
use crate::error::{ErrorKind, Result};
use crate::study::Count;
use crate::study::check;
use crate::study::moments::Moments;
use crate::study::significance;

impl PrePost {
    /// The correlation from the standard deviation of the change.
    ///
    /// ```text
    /// r = (sd_before^2 + sd_after^2 - sd_change^2) / (2 sd_before sd_after)
    /// ```
    ///
    /// Higgins et al., Cochrane Handbook, 6.5.2.8; Morris & DeShon 2002, Psychol Methods 7:105,
    /// doi 10.1037/1082-989X.7.1.105.
    ///
    /// ```
    /// use meta_analysis::study::{Moments, PrePost};
    ///
    /// let (before, after) = (Moments::mean_sd(7.0, 4.0), Moments::mean_sd(5.0, 5.0));
    /// let row = PrePost::from_sd_of_change(before, after, 20, 3.0)?;
    /// assert!((row.correlation() - 0.8).abs() < 1e-15);
    /// assert!((row.sd_of_change() - 3.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new); also [`ErrorKind::ZeroSd`], and [`ErrorKind::CorrelationOutOfRange`] where no
    /// correlation agrees with the three standard deviations. Nothing is moved to the nearest possible value.
    pub fn from_sd_of_change(before: Moments, after: Moments, n: impl Count, sd_of_change: f64) -> Result<Self> {
        let row = Self::new(before, after, n, 0.0)?;
        let (s0, s1) = (row.before.sd(), row.after.sd());
        let change = check::check_sd("SD (change)", sd_of_change)?;
        let measure = "the correlation of before and after";
        for (field, sd) in [(super::SD_BEFORE, s0), (super::SD_AFTER, s1)] {
            if sd <= 0.0 {
                return Err(ErrorKind::ZeroSd { field, measure }.into());
            }
        }
        // 1 - r = (sD - (s0 - s1)) (sD + (s0 - s1)) / (2 s0 s1)
        let gap = s0 - s1;
        let r = 1.0 - 0.5 * ((change - gap) / s0) * ((change + gap) / s1);
        if r.abs() > 1.0 {
            let field = "correlation (from the SD of the change)";
            return Err(ErrorKind::CorrelationOutOfRange { field, value: r }.into());
        }
        Ok(Self { correlation: check::check_finite("correlation", r)?, ..row })
    }

    /// The correlation from the t statistic of the paired test, of either sign.
    ///
    /// ```text
    /// sd_change = |m_after - m_before| sqrt(n) / |t|
    /// ```
    ///
    /// # Errors
    /// As [`from_sd_of_change`](Self::from_sd_of_change); also [`ErrorKind::Inconsistent`] where only one of the
    /// change and t is 0, and [`ErrorKind::PValueUninformative`] where both are.
    pub fn from_t(before: Moments, after: Moments, n: impl Count, t: f64) -> Result<Self> {
        let row = Self::new(before, after, n, 0.0)?;
        let se = significance::se_from_t(row.mean_change(), t)?;
        Self::from_sd_of_change(before, after, n, se * row.n.sqrt())
    }

    /// The correlation from the F statistic of time in a repeated-measures analysis of variance with two times:
    /// `t^2 = F`.
    ///
    /// # Errors
    /// As [`from_t`](Self::from_t); also [`ErrorKind::OutsideSupport`] for a negative `f`.
    pub fn from_f(before: Moments, after: Moments, n: impl Count, f: f64) -> Result<Self> {
        Self::from_t(before, after, n, check::check_square("F", f)?.sqrt())
    }

    /// The correlation from the two-sided p-value of the paired t test (n - 1 degrees of freedom).
    ///
    /// A p-value rounded to two digits fixes the correlation only roughly.
    ///
    /// # Errors
    /// As [`from_t`](Self::from_t); also [`ErrorKind::PValueZero`], [`ErrorKind::PValueOutOfRange`],
    /// [`ErrorKind::PValueUninformative`].
    pub fn from_p(before: Moments, after: Moments, n: impl Count, p: f64) -> Result<Self> {
        let row = Self::new(before, after, n, 0.0)?;
        Self::from_t(before, after, n, significance::from_two_sided(p, Some(row.n - 1.0))?)
    }
}
