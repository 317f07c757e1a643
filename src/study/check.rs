//! The rules that a number from a paper must keep, and counts given as any number type.

use crate::error::{ErrorKind, Result};

mod sealed {
    pub trait Sealed {}
}

/// A number that can be given as a count: every integer type, `f32` and `f64`.
///
/// Counts are held as `f64`, which is exact up to 2^53; larger ones are refused rather than rounded.
/// The trait is sealed.
pub trait Count: Copy + sealed::Sealed {
    /// The value as `f64`, rounded where `f64` cannot hold it.
    fn to_f64(self) -> f64;
}

macro_rules! count {
    ($($number:ty),*) => {$(
        impl sealed::Sealed for $number {}
        impl Count for $number {
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}

count!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);

const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53

/// Whether fractions of people are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fractions {
    Allowed,
    Refused,
}

/// A finite count that is not negative and that `f64` holds exactly.
pub(crate) fn check(field: &'static str, count: impl Count, fractions: Fractions) -> Result<f64> {
    let value = count.to_f64();
    if !value.is_finite() {
        return Err(ErrorKind::NonFinite { field, value }.into());
    }
    if value < 0.0 {
        return Err(ErrorKind::NegativeCount { field, value }.into());
    }
    if value >= LARGEST_EXACT {
        return Err(ErrorKind::CountNotExact { field, value }.into());
    }
    if fractions == Fractions::Refused && value.fract() != 0.0 {
        return Err(ErrorKind::NonIntegerCount { field, value }.into());
    }
    Ok(value + 0.0)
}

/// A sample size of at least `needed`, of whole people.
pub(crate) fn check_size(field: &'static str, count: impl Count, needed: f64, measure: &'static str) -> Result<f64> {
    size(field, count, needed, measure, Fractions::Refused)
}

/// A sample size of at least `needed`.
pub(crate) fn size(
    field: &'static str,
    count: impl Count,
    needed: f64,
    measure: &'static str,
    fractions: Fractions,
) -> Result<f64> {
    let value = count.to_f64();
    if value.is_finite() && value < needed {
        return Err(ErrorKind::SampleSizeTooSmall { field, value, needed, measure }.into());
    }
    check(field, count, fractions)
}

/// A finite number.
pub(crate) fn check_finite(field: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(ErrorKind::NonFinite { field, value }.into()) }
}

/// A finite statistic that cannot be negative: F, chi-squared.
pub(crate) fn check_square(field: &'static str, value: f64) -> Result<f64> {
    if value < 0.0 {
        return Err(ErrorKind::OutsideSupport { field, value, lower: 0.0, upper: f64::INFINITY }.into());
    }
    check_finite(field, value)
}

/// A finite standard deviation that is not negative.
pub(crate) fn check_sd(field: &'static str, value: f64) -> Result<f64> {
    if value < 0.0 {
        return Err(ErrorKind::NegativeSd { field, value }.into());
    }
    check_finite(field, value)
}

/// A correlation in [-1, 1].
pub(crate) fn check_correlation(field: &'static str, value: f64) -> Result<f64> {
    if value.abs() > 1.0 {
        return Err(ErrorKind::CorrelationOutOfRange { field, value }.into());
    }
    check_finite(field, value)
}

/// A finite, positive person-time.
pub(crate) fn check_time(field: &'static str, value: f64) -> Result<f64> {
    if value <= 0.0 {
        return Err(ErrorKind::NonPositiveTime { field, value }.into());
    }
    check_finite(field, value)
}
