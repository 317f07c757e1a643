//! What happened to one unit of a batch.

use std::fmt;

/// What happened to one unit of a batch, as bits; no bit is the ordinary case.
///
/// [`failed`](Self::failed) says whether the unit has no result. The other bits come with a result.
///
/// ```
/// use meta_analysis::batch::UnitFlags;
///
/// let flags = UnitFlags::SEARCHED | UnitFlags::AT_ZERO;
/// assert!(flags.contains(UnitFlags::AT_ZERO) && !flags.failed());
/// assert!(UnitFlags::TOO_FEW_STUDIES.failed());
/// assert_eq!(flags.to_string(), "searched, tau2 at zero");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnitFlags(u16);

impl UnitFlags {
    /// The ordinary case.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// assert_eq!(BatchPlan::random(Tau2::Reml)?.fit_one(&[1.0, 3.0, 5.0], &[1.0; 3])?.flags, UnitFlags::NONE);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const NONE: Self = Self(0);
    /// No result: fewer studies than the model needs (1 for the common effect, 2 for random effects).
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// assert_eq!(BatchPlan::random(Tau2::Reml)?.fit_one(&[1.0], &[1.0])?.flags, UnitFlags::TOO_FEW_STUDIES);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const TOO_FEW_STUDIES: Self = Self(1);
    /// No result: a negative variance or an infinite effect.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// assert_eq!(BatchPlan::random(Tau2::Reml)?.fit_one(&[1.0, 3.0], &[1.0, -1.0])?.flags, UnitFlags::INVALID_VALUE);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const INVALID_VALUE: Self = Self(1 << 1);
    /// No result: something exceeds the range of double precision, or variances differ by more than 2^300.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// assert_eq!(BatchPlan::random(Tau2::Reml)?.fit_one(&[1.0, 3.0], &[1e-300, 1.0])?.flags, UnitFlags::OUT_OF_RANGE);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const OUT_OF_RANGE: Self = Self(1 << 2);
    /// No result: variances of 0 leave the estimator undefined or the likelihood unbounded, or a tau2 of 0 leaves the weights
    /// undefined.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// let plan = BatchPlan::random(Tau2::DerSimonianLaird)?;
    /// assert_eq!(plan.fit_one(&[1.0, 3.0], &[0.0, 1.0])?.flags, UnitFlags::UNDEFINED);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const UNDEFINED: Self = Self(1 << 3);
    /// A variance is 0, so that Cochran's Q, its p-value and I2 do not exist; the estimate does.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// let fit = BatchPlan::random(Tau2::Hedges)?.fit_one(&[1.0, 3.0, 5.0], &[0.0, 1.0, 1.0])?;
    /// assert!(fit.flags.contains(UnitFlags::ZERO_VARIANCE) && fit.q.is_nan());
    /// // Variance of the effects minus the mean sampling variance
    /// assert!((fit.tau2 - (4.0 - 2.0 / 3.0)).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const ZERO_VARIANCE: Self = Self(1 << 4);
    /// Hartung-Knapp columns do not exist: one study, or all effects equal.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchPlan, UnitFlags};
    /// let fit = BatchPlan::common().fit_one(&[1.0], &[4.0])?;
    /// assert_eq!((fit.mu, fit.se, fit.flags), (1.0, 2.0, UnitFlags::NO_VARIATION));
    /// assert!(fit.hk_se.is_nan());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const NO_VARIATION: Self = Self(1 << 5);
    /// Computed by [`tau2::Workspace`](crate::tau2::Workspace), for a likelihood with its global search: the quick proof that
    /// there is one maximum did not succeed, or the numbers are in a range where the kernel could lose digits.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// // Two precise studies that agree and two imprecise ones apart: maxima at 0, the higher one, and near 10
    /// let fit = BatchPlan::random(Tau2::Reml)?.fit_one(&[0.0, 0.0, 5.0, -5.0], &[0.01, 0.01, 4.0, 4.0])?;
    /// assert_eq!((fit.tau2, fit.flags), (0.0, UnitFlags::SEARCHED | UnitFlags::SEVERAL_MAXIMA | UnitFlags::AT_ZERO));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const SEARCHED: Self = Self(1 << 6);
    /// The likelihood has several local maxima; the result is the global one.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// // Two precise studies that agree and two imprecise ones far apart: maxima at 0 and, higher, near 51
    /// let fit = BatchPlan::random(Tau2::Reml)?.fit_one(&[0.0, 0.0, 10.0, -10.0], &[0.01, 0.01, 10.0, 10.0])?;
    /// assert!(fit.flags.contains(UnitFlags::SEVERAL_MAXIMA) && (fit.tau2 - 50.868_979_893_932).abs() < 1e-9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const SEVERAL_MAXIMA: Self = Self(1 << 7);
    /// Two maxima differ by rounding only; the larger tau2 was taken.
    ///
    /// ```
    /// # use meta_analysis::batch::UnitFlags;
    /// assert!(!UnitFlags::TIED.failed());
    /// assert_eq!((UnitFlags::TIED.bits(), UnitFlags::TIED.to_string().as_str()), (256, "tied"));
    /// ```
    pub const TIED: Self = Self(1 << 8);
    /// The estimate of tau2 is 0.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchPlan, UnitFlags}};
    /// let fit = BatchPlan::random(Tau2::Reml)?.fit_one(&[1.0, 1.5, 2.0], &[1.0; 3])?;
    /// assert_eq!((fit.tau2, fit.flags), (0.0, UnitFlags::AT_ZERO));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub const AT_ZERO: Self = Self(1 << 9);

    const FAILURES: u16 = 0b1111;
    const NAMES: [(Self, &'static str); 10] = [
        (Self::TOO_FEW_STUDIES, "too few studies"),
        (Self::INVALID_VALUE, "invalid value"),
        (Self::OUT_OF_RANGE, "out of range"),
        (Self::UNDEFINED, "undefined"),
        (Self::ZERO_VARIANCE, "zero variance"),
        (Self::NO_VARIATION, "no variation"),
        (Self::SEARCHED, "searched"),
        (Self::SEVERAL_MAXIMA, "several maxima"),
        (Self::TIED, "tied"),
        (Self::AT_ZERO, "tau2 at zero"),
    ];

    /// Whether all bits of `other` are set.
    ///
    /// ```
    /// # use meta_analysis::batch::UnitFlags;
    /// let flags = UnitFlags::SEARCHED | UnitFlags::SEVERAL_MAXIMA;
    /// assert!(flags.contains(UnitFlags::SEARCHED) && !flags.contains(UnitFlags::SEARCHED | UnitFlags::AT_ZERO));
    /// ```
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the unit has no result; its columns are NaN.
    ///
    /// ```
    /// # use meta_analysis::batch::UnitFlags;
    /// assert!(UnitFlags::UNDEFINED.failed() && (UnitFlags::UNDEFINED | UnitFlags::AT_ZERO).failed());
    /// assert!(!UnitFlags::NO_VARIATION.failed() && !UnitFlags::NONE.failed());
    /// ```
    #[must_use]
    pub const fn failed(self) -> bool {
        self.0 & Self::FAILURES != 0
    }

    /// The bits as a number: bit 0 is too few studies, then in the order of the constants.
    ///
    /// ```
    /// # use meta_analysis::batch::UnitFlags;
    /// assert_eq!((UnitFlags::NONE.bits(), UnitFlags::TOO_FEW_STUDIES.bits(), UnitFlags::AT_ZERO.bits()), (0, 1, 512));
    /// assert_eq!((UnitFlags::SEARCHED | UnitFlags::AT_ZERO).bits(), 64 + 512);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    pub(super) fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        }
    }
}

impl std::ops::BitOr for UnitFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for UnitFlags {
    /// The names of the bits, separated by commas; nothing if there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            Self::NAMES.iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, name)| *name).collect();
        f.pad(&names.join(", "))
    }
}
