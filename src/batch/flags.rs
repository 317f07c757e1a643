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
    pub const NONE: Self = Self(0);
    /// No result: fewer studies than the model needs (1 for the common effect, 2 for random effects).
    pub const TOO_FEW_STUDIES: Self = Self(1);
    /// No result: a negative variance or an infinite effect.
    pub const INVALID_VALUE: Self = Self(1 << 1);
    /// No result: something exceeds the range of double precision, or variances differ by more than 2^300.
    pub const OUT_OF_RANGE: Self = Self(1 << 2);
    /// No result: variances of 0 leave the estimator undefined or the likelihood unbounded, or a tau2 of 0 leaves the weights
    /// undefined.
    pub const UNDEFINED: Self = Self(1 << 3);
    /// A variance is 0, so that Cochran's Q, its p-value and I2 do not exist; the estimate does.
    pub const ZERO_VARIANCE: Self = Self(1 << 4);
    /// Hartung-Knapp columns do not exist: one study, or all effects equal.
    pub const NO_VARIATION: Self = Self(1 << 5);
    /// Computed by [`tau2::Workspace`](crate::tau2::Workspace), for a likelihood with its global search: the quick proof that
    /// there is one maximum did not succeed, or the numbers are in a range where the kernel could lose digits.
    pub const SEARCHED: Self = Self(1 << 6);
    /// The likelihood has several local maxima; the result is the global one.
    pub const SEVERAL_MAXIMA: Self = Self(1 << 7);
    /// Two maxima differ by rounding only; the larger tau2 was taken.
    pub const TIED: Self = Self(1 << 8);
    /// The estimate of tau2 is 0.
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
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the unit has no result; its columns are NaN.
    #[must_use]
    pub const fn failed(self) -> bool {
        self.0 & Self::FAILURES != 0
    }

    /// The bits as a number: bit 0 is too few studies, then in the order of the constants.
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
