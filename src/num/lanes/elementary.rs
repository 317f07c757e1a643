//! Exponential, logarithm and polynomials of a vector.

use std::f64::consts::LOG2_E;

use pulp::Simd;

use super::vectors::{Lanes, Num, flat_mut};

/// `ln 2` in two parts. The first has 21 zero bits at its end, so that its product with an exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Added to a number of moderate size, it leaves the nearest integer in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
const FRACTION_BITS: u32 = 52;
const FRACTION: u64 = (1 << FRACTION_BITS) - 1;
/// Exponent of `exp` from which on the result is 0 whatever is multiplied to it.
pub(super) const SMALLEST_EXPONENT: f64 = -1350.0;

/// `1 / k!`, `k = 13, 12, ..., 0`: what is left out is below 5e-18 for `|r| <= ln(2) / 2`.
const INVERSE_FACTORIALS: [[f64; 2]; 7] = [
    [1.0 / 6_227_020_800.0, 1.0 / 479_001_600.0],
    [1.0 / 39_916_800.0, 1.0 / 3_628_800.0],
    [1.0 / 362_880.0, 1.0 / 40_320.0],
    [1.0 / 5_040.0, 1.0 / 720.0],
    [1.0 / 120.0, 1.0 / 24.0],
    [1.0 / 6.0, 0.5],
    [1.0, 1.0],
];

/// `2 / (2k + 1)`, `k = 10, 9, ..., 1`: `(ln((1 + s) / (1 - s)) - 2s) / s` in `s^2`, to 2e-17 for `|s| <= 0.1716`.
const INVERSE_ODDS: [[f64; 2]; 5] = [
    [2.0 / 21.0, 2.0 / 19.0],
    [2.0 / 17.0, 2.0 / 15.0],
    [2.0 / 13.0, 2.0 / 11.0],
    [2.0 / 9.0, 2.0 / 7.0],
    [2.0 / 5.0, 2.0 / 3.0],
];

/// `a b + c`, rounded twice on every machine.
#[inline(always)]
pub(super) fn mul_add<S: Simd, const N: usize>(l: Lanes<S, N>, a: Num<S, N>, b: Num<S, N>, c: Num<S, N>) -> Num<S, N> {
    l.add(l.mul(a, b), c)
}

/// A polynomial. The coefficients come from the highest power down, in pairs `[odd power, even power]`; odd and even powers are summed
/// side by side.
#[inline(always)]
pub(super) fn polynomial<S: Simd, const N: usize>(l: Lanes<S, N>, x: Num<S, N>, pairs: &[[f64; 2]]) -> Num<S, N> {
    let square = l.mul(x, x);
    let Some(([a, b], pairs)) = pairs.split_first() else { return l.splat(0.0) };
    let (mut odd, mut even) = (l.splat(*a), l.splat(*b));
    for [a, b] in pairs {
        odd = mul_add(l, odd, square, l.splat(*a));
        even = mul_add(l, even, square, l.splat(*b));
    }
    mul_add(l, odd, x, even)
}

/// `factor * exp(high + low)` for `SMALLEST_EXPONENT <= high <= 0` and a tiny `low`; a result that underflows is rounded once.
///
/// Every factor up to 1e160 is allowed: the product is formed before the power of two.
#[inline(always)]
pub(super) fn times_exp<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    factor: Num<S, N>,
    high: Num<S, N>,
    low: Num<S, N>,
) -> Num<S, N> {
    let round = l.splat(ROUND);
    let n = l.sub(l.add(l.mul(high, l.splat(LOG2_E)), round), round);
    let r = l.sub(high, l.mul(n, l.splat(LN_2_HIGH)));
    let r = l.sub(r, l.mul(n, l.splat(LN_2_LOW)));
    let r = l.add(r, low);
    let value = l.mul(polynomial(l, r, &INVERSE_FACTORIALS), factor);
    // n reaches below the exponents of f64, so that the power of two is applied in halves.
    let half = l.sub(l.add(l.mul(n, l.splat(0.5)), round), round);
    let rest = l.sub(n, half);
    l.mul(l.mul(value, power_of_two(l, half)), power_of_two(l, rest))
}

/// `2^n` for an integer `n` in `[-1022, 1023]`.
#[inline(always)]
fn power_of_two<S: Simd, const N: usize>(l: Lanes<S, N>, n: Num<S, N>) -> Num<S, N> {
    let mut power = l.add(n, l.splat(ROUND + 1023.0));
    for lane in flat_mut::<S, N>(&mut power) {
        *lane = f64::from_bits(lane.to_bits() << FRACTION_BITS);
    }
    power
}

/// `ln(x + correction)` for a normal, positive, finite `x` and a `correction` below one unit in the last place of it. Any other lane
/// holds an arbitrary number.
#[inline(always)]
pub(super) fn ln<S: Simd, const N: usize>(l: Lanes<S, N>, x: Num<S, N>, correction: Num<S, N>) -> Num<S, N> {
    // x = 2^k m with m in [sqrt(1/2), sqrt(2))
    const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;
    const BELOW_ONE: u64 = 0x3ff0_0000_0000_0000 - SQRT_HALF;
    /// `2^52`: with the exponent of x in its last bits
    const COUNTER: u64 = 0x4330_0000_0000_0000;
    let (mut m, mut k, mut shrink) = (x, x, x);
    for ((m, k), shrink) in
        flat_mut::<S, N>(&mut m).iter_mut().zip(flat_mut::<S, N>(&mut k)).zip(flat_mut::<S, N>(&mut shrink))
    {
        let shifted = m.to_bits().wrapping_add(BELOW_ONE);
        let exponent = shifted >> FRACTION_BITS;
        *m = f64::from_bits((shifted & FRACTION).wrapping_add(SQRT_HALF));
        *k = f64::from_bits(exponent | COUNTER);
        *shrink = f64::from_bits(2046_u64.wrapping_sub(exponent) << FRACTION_BITS);
    }
    let k = l.sub(k, l.splat(4_503_599_627_370_496.0 + 1023.0));
    let one = l.splat(1.0);
    let f = mul_add(l, correction, shrink, l.sub(m, one));
    let s = l.div(f, l.add(f, l.splat(2.0)));
    let z = l.mul(s, s);
    // ln(1 + f) = f - (f^2/2 - s (f^2/2 + R)): f itself is exact
    let series = l.mul(z, polynomial(l, z, &INVERSE_ODDS));
    let half_square = l.mul(l.splat(0.5), l.mul(f, f));
    let inner = l.mul(s, l.add(half_square, series));
    let inner = mul_add(l, k, l.splat(LN_2_LOW), inner);
    let outer = l.sub(f, l.sub(half_square, inner));
    mul_add(l, k, l.splat(LN_2_HIGH), outer)
}

/// `x`, or `limit` where `x` is larger. NaN stays NaN.
#[inline(always)]
pub(super) fn at_most<S: Simd, const N: usize>(l: Lanes<S, N>, x: Num<S, N>, limit: f64) -> Num<S, N> {
    let limit = l.splat(limit);
    l.select(l.gt(x, limit), limit, x)
}

/// `value` where `x` is finite, `-x` elsewhere: the logarithm of a tail at infinity and at NaN, for an `x` that is not negative.
#[inline(always)]
pub(super) fn where_finite<S: Simd, const N: usize>(l: Lanes<S, N>, x: Num<S, N>, value: Num<S, N>) -> Num<S, N> {
    l.select(l.le(x, l.splat(f64::MAX)), value, l.neg(x))
}
