//! From raw numbers to numbers that are safe to compute with: checked, centred on the most precise study, scaled by a power of two.

use super::Tau2Error;
use super::lanes::extremes;
use super::profile::LANES;

/// Largest trusted ratio of sampling variances, 2^300.
const VARIANCE_RATIO: f64 = f64::from_bits((300 + 1023) << 52);
/// Largest trusted spread of the effects in units of the smallest standard error, 2^400.
const SPREAD: f64 = f64::from_bits((400 + 1023) << 52);
/// 2^-80: far below rounding relative to 1.
const NEGLIGIBLE: f64 = f64::from_bits((1023 - 80) << 52);

/// What one look at the raw numbers tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Survey {
    /// Position of the first study with the smallest variance.
    pub(crate) first: usize,
    /// The largest variance.
    pub(crate) largest: f64,
    /// The smallest variance above 0; infinite if there is none.
    pub(crate) smallest_positive: f64,
    /// Number of studies with variance 0. The first of them is `first`.
    pub(crate) zeros: usize,
    /// The smallest and the largest effect.
    pub(crate) effects: (f64, f64),
}

impl Survey {
    /// The error for variances `v`, those surveyed, that are too far apart.
    pub(crate) fn ratio_out_of_range(&self, v: &[f64]) -> Tau2Error {
        let largest = position(v, self.largest).unwrap_or_default();
        Tau2Error::VarianceRatioOutOfRange { smallest: self.first, largest }
    }
}

/// Where a number is first.
fn position(among: &[f64], number: f64) -> Option<usize> {
    let is = |x: &f64| x.to_bits() == number.to_bits();
    let (fours, rest) = among.as_chunks::<LANES>();
    // Four at a time, without a question about each.
    let four = fours.iter().position(|[a, b, c, d]| is(a) | is(b) | is(c) | is(d));
    match four.and_then(|i| fours.get(i)) {
        Some(numbers) => Some(four? * LANES + numbers.iter().position(is)?),
        None => Some(fours.len() * LANES + rest.iter().position(is)?),
    }
}

/// Rejects what is not a finite effect with a finite variance of at least 0.
#[inline(always)]
pub(crate) fn survey(y: &[f64], v: &[f64]) -> Result<Survey, Tau2Error> {
    if y.len() != v.len() {
        return Err(Tau2Error::LengthMismatch { effects: y.len(), variances: v.len() });
    }
    if y.is_empty() {
        return Err(Tau2Error::Empty);
    }
    quick_survey(y, v).map_or_else(|| careful_survey(y, v), Ok)
}

/// The survey of valid data without a variance of 0; else `None`.
#[inline(always)]
fn quick_survey(y: &[f64], v: &[f64]) -> Option<Survey> {
    let ((effects, few_effects), (variances, few_variances)) = (y.as_chunks(), v.as_chunks());
    let mut of = extremes(effects, variances);
    for (y, v) in few_effects.iter().zip(few_variances) {
        of.nan_if_not_finite[0] += y * 0.0 + v * 0.0;
        (of.least_y[0], of.most_y[0]) = (smaller(of.least_y[0], *y), larger(of.most_y[0], *y));
        (of.least_v[0], of.most_v[0]) = (smaller(of.least_v[0], *v), larger(of.most_v[0], *v));
    }
    let sum = of.nan_if_not_finite.iter().sum::<f64>();
    let smallest = |of: [f64; LANES]| smaller(smaller(of[0], of[1]), smaller(of[2], of[3]));
    let largest = |of: [f64; LANES]| larger(larger(of[0], of[1]), larger(of[2], of[3]));
    let (least, most) = (smallest(of.least_v), largest(of.most_v));
    if sum.is_nan() || least <= 0.0 || most / least > VARIANCE_RATIO {
        return None;
    }
    let effects = (smallest(of.least_y), largest(of.most_y));
    Some(Survey { first: position(v, least)?, largest: most, smallest_positive: least, zeros: 0, effects })
}

/// The smaller of two numbers that are not NaN.
fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// The larger of two numbers that are not NaN.
fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

#[cold]
fn careful_survey(y: &[f64], v: &[f64]) -> Result<Survey, Tau2Error> {
    let (mut first, mut zeros) = (0, 0);
    let (mut least, mut most, mut smallest_positive) = (f64::INFINITY, 0.0, f64::INFINITY);
    for (index, (&effect, &variance)) in y.iter().zip(v).enumerate() {
        if !effect.is_finite() {
            let value = effect;
            return Err(Tau2Error::NonFiniteEffect { index, value });
        }
        if !variance.is_finite() {
            let value = variance;
            return Err(Tau2Error::NonFiniteVariance { index, value });
        }
        if variance < 0.0 {
            let value = variance;
            return Err(Tau2Error::NegativeVariance { index, value });
        }
        if variance < least {
            (least, first) = (variance, index);
        }
        most = larger(most, variance);
        if variance > 0.0 {
            smallest_positive = smallest_positive.min(variance);
        } else {
            zeros += 1;
        }
    }
    let low = y.iter().copied().fold(f64::INFINITY, f64::min);
    let high = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let survey = Survey { first, largest: most, smallest_positive, zeros, effects: (low, high) };
    if least > 0.0 && most / least > VARIANCE_RATIO { Err(survey.ratio_out_of_range(v)) } else { Ok(survey) }
}

/// The unit the kernel computes in: `2^exponent` for effects, its square for variances.
///
/// A power of two changes no digit, so results for `(a y, a^2 v)` with `a` a power of two are the same to the last bit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unit {
    exponent: i32,
}

impl Unit {
    /// The unit in which the larger of the spread of the effects and the largest standard error is about 1.
    #[inline(always)]
    pub(crate) fn new(spread: f64, largest_variance: f64, smallest_positive: f64) -> Result<Self, Tau2Error> {
        if !(spread < f64::MAX && spread / smallest_positive.sqrt() <= SPREAD) {
            return Err(Tau2Error::Overflow);
        }
        let of_spread = exponent(spread);
        let of_variance = exponent(largest_variance).div_euclid(2);
        let exponent = of_spread.max(of_variance);
        if exponent > 1000 {
            return Err(Tau2Error::Overflow);
        }
        Ok(Self { exponent: exponent.max(-1000) })
    }

    /// An effect or standard error, into this unit.
    pub(crate) fn shrink(self, effect: f64) -> f64 {
        effect * power_of_two(-self.exponent)
    }

    /// A variance, into this unit.
    pub(crate) fn shrink_square(self, variance: f64) -> f64 {
        let a = power_of_two(-self.exponent);
        variance * a * a
    }

    /// An effect or standard error, back into the user's unit.
    pub(crate) fn grow(self, effect: f64) -> f64 {
        effect * power_of_two(self.exponent)
    }

    /// A variance, back into the user's unit.
    pub(crate) fn grow_square(self, variance: f64) -> f64 {
        let a = power_of_two(self.exponent);
        variance * a * a
    }

    /// The logarithm of the unit.
    pub(crate) fn ln(self) -> f64 {
        f64::from(self.exponent) * core::f64::consts::LN_2
    }
}

/// `2^e` for `e` in -1000..=1000.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

/// The binary exponent of a number that is not negative; very small for 0.
fn exponent(x: f64) -> i32 {
    if x > 0.0 && x < f64::MIN_POSITIVE {
        // Subnormal: lift it first.
        return exponent(x * power_of_two(100)) - 100;
    }
    if x > 0.0 { ((x.to_bits() >> 52) as i32) - 1023 } else { -2000 }
}

/// Where tau2 = 0 lies on the working axis `s = tau2 + c`.
///
/// Every sum of the kernel is written in the ratios `s / (v_i + tau2)`, which are at most 1 because `c` is the smallest variance.
/// If that is 0, `s = 0` has no ratios, so tau2 = 0 is represented by a positive `start` so small (2^-80 of anything that matters)
/// that sums taken there equal their limits to the last digit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Axis {
    /// The smallest variance.
    pub(crate) c: f64,
    /// `s` at tau2 = 0.
    pub(crate) start: f64,
}

impl Axis {
    /// For scaled data whose smallest variance is above 0.
    pub(crate) fn regular(c: f64) -> Self {
        Self { c, start: c }
    }

    /// For scaled data with variances of 0. `smallest` is the smallest of the positive variances and, if it is not 0, the sum of
    /// squares within the zero-variance studies.
    ///
    /// `None` if they are too far apart.
    pub(crate) fn at_zero(smallest: f64, largest: f64, rss: f64) -> Option<Self> {
        let smallest = if smallest.is_finite() { smallest } else { 1.0 };
        let start = smallest * NEGLIGIBLE;
        let in_range = largest / start <= VARIANCE_RATIO && (rss / start).sqrt() <= SPREAD;
        in_range.then_some(Self { c: 0.0, start })
    }

    /// `s` at a tau2.
    pub(crate) fn s(self, tau2: f64) -> f64 {
        (self.c + tau2).max(self.start)
    }

    /// tau2 at an `s`.
    pub(crate) fn tau2(self, s: f64) -> f64 {
        if s <= self.start { 0.0 } else { s - self.c }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact_and_equivariant() {
        let (y, v) = (0.7, 0.03);
        let base = Unit::new(y, v, v).map(|u| (u.shrink(y), u.shrink_square(v)));
        for e in [-480, -7, 0, 3, 480] {
            let a = power_of_two(e);
            let unit = Unit::new(y * a, v * a * a, v * a * a).unwrap();
            let (sy, sv) = (unit.shrink(y * a), unit.shrink_square(v * a * a));
            assert_eq!(base, Ok((sy, sv)));
            assert_eq!((unit.grow(sy), unit.grow_square(sv)), (y * a, v * a * a));
        }
    }

    #[test]
    fn the_exponent_of_a_subnormal_number() {
        assert_eq!(exponent(f64::from_bits(1)), -1074);
        assert_eq!(exponent(f64::MIN_POSITIVE), -1022);
        assert_eq!(exponent(0.75 * f64::MIN_POSITIVE), -1023);
        assert_eq!((exponent(1.0), exponent(3.9)), (0, 1));
        // Data that are all subnormal are brought to about 2^-74, not lost.
        let tiny = f64::from_bits(3);
        let unit = Unit::new(tiny, tiny, tiny).unwrap();
        assert_eq!(unit.grow(unit.shrink(tiny)), tiny);
    }

    #[test]
    fn spread_beyond_the_range_is_an_overflow() {
        assert_eq!(Unit::new(1e200, 1.0, 1.0).err(), Some(Tau2Error::Overflow));
        assert_eq!(Unit::new(f64::INFINITY, 1.0, 1.0).err(), Some(Tau2Error::Overflow));
        assert!(Unit::new(0.0, 0.0, f64::INFINITY).is_ok());
    }
}
