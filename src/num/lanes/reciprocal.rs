//! `1 / b` by multiplications, rounded as a division rounds it.
//!
//! Many machines divide eight numbers no faster than four and then four, and can do nothing for that long but multiply. From an estimate of
//! 14 bits that AVX-512 has, two steps of Newton's method lead to within a unit in the last place:
//!
//! ```text
//! e = 1 - b y      y <- y + y e         with fused multiply-adds
//! ```
//!
//! From there the same step once more gives the number next to `1 / b`, for every `b` that is not all ones (P. Markstein, IBM Journal of
//! Research and Development 34:111, 1990, [doi:10.1147/rd.341.0111](https://doi.org/10.1147/rd.341.0111)). Where it is, `y + y e` may lie
//! in the middle between two numbers, with `e` exactly 2^-53, and `1 / b` is a little larger; a slightly larger `e` then leads to the
//! upper one, as it does for all other `b` with that `e`. So it is the same to the last bit whether a weight was divided or multiplied,
//! and whoever has as much to multiply as to divide does both at once.

use pulp::Simd;
use std::sync::LazyLock;

/// Whether this machine divides eight numbers so slowly that it has time for as many multiplications as that takes: those by Intel do (16
/// cycles and more), those by AMD do not (10, later 4).
pub(super) static DIVIDES_SLOWLY: LazyLock<bool> = LazyLock::new(|| {
    #[cfg(target_arch = "x86_64")]
    let intel = raw_cpuid::CpuId::new().get_vendor_info().is_some_and(|vendor| vendor.as_str() == "GenuineIntel");
    #[cfg(not(target_arch = "x86_64"))]
    let intel = false;
    intel
});

/// `1 / b` for positive `b` between 2^-1000 and 2^1000, 0 for infinity, NaN for NaN.
#[inline(always)]
pub(super) fn reciprocal<S: Simd>(simd: S, b: S::f64s) -> S::f64s {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = (&simd as &dyn std::any::Any).downcast_ref::<pulp::x86::V4>() {
        return pulp::bytemuck::cast(by_products(avx512::Avx512(*simd), pulp::bytemuck::cast(b)));
    }
    simd.div_f64s(simd.splat_f64s(1.0), b)
}

/// 2^-53.
#[cfg(any(target_arch = "x86_64", test))]
const MIDDLE: f64 = f64::EPSILON / 2.0;

/// What it takes.
#[cfg(any(target_arch = "x86_64", test))]
trait Products<V: Copy>: Copy {
    fn splat(self, x: f64) -> V;
    /// `1 / b` with a relative error of at most 2^-14.
    fn estimate(self, b: V) -> V;
    /// `a b + c`, rounded once.
    fn plus(self, a: V, b: V, c: V) -> V;
    /// `c - a b`, rounded once.
    fn minus(self, a: V, b: V, c: V) -> V;
    /// `yes` where `a` is `x`, else `a`.
    fn replace(self, a: V, x: V, yes: V) -> V;
    /// `a`, but 0 where `b` is infinite.
    fn finite(self, b: V, a: V) -> V;
}

#[cfg(any(target_arch = "x86_64", test))]
#[inline(always)]
fn by_products<V: Copy, P: Products<V>>(p: P, b: V) -> V {
    let one = p.splat(1.0);
    let mut y = p.estimate(b);
    for _ in 0..2 {
        y = p.plus(y, p.minus(b, y, one), y);
    }
    let e = p.replace(p.minus(b, y, one), p.splat(MIDDLE), p.splat(MIDDLE * (1.0 + f64::EPSILON)));
    p.finite(b, p.plus(y, e, y))
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::Products;
    use std::arch::x86_64::__m512d;

    #[derive(Clone, Copy)]
    pub(super) struct Avx512(pub(super) pulp::x86::V4);

    /// Predicates of comparisons: equal; not equal, or one is NaN.
    const EQUAL: i32 = 0;
    const NOT_EQUAL: i32 = 4;

    impl Products<__m512d> for Avx512 {
        #[inline(always)]
        fn splat(self, x: f64) -> __m512d {
            self.0.avx512f._mm512_set1_pd(x)
        }

        #[inline(always)]
        fn estimate(self, b: __m512d) -> __m512d {
            self.0.avx512f._mm512_rcp14_pd(b)
        }

        #[inline(always)]
        fn plus(self, a: __m512d, b: __m512d, c: __m512d) -> __m512d {
            self.0.avx512f._mm512_fmadd_pd(a, b, c)
        }

        #[inline(always)]
        fn minus(self, a: __m512d, b: __m512d, c: __m512d) -> __m512d {
            self.0.avx512f._mm512_fnmadd_pd(a, b, c)
        }

        #[inline(always)]
        fn replace(self, a: __m512d, x: __m512d, yes: __m512d) -> __m512d {
            let f = self.0.avx512f;
            f._mm512_mask_mov_pd(a, f._mm512_cmp_pd_mask::<EQUAL>(a, x), yes)
        }

        #[inline(always)]
        fn finite(self, b: __m512d, a: __m512d) -> __m512d {
            let f = self.0.avx512f;
            f._mm512_maskz_mov_pd(f._mm512_cmp_pd_mask::<NOT_EQUAL>(b, self.splat(f64::INFINITY)), a)
        }
    }
}
#[cfg(test)]
mod tests {
    use super::super::vectors::Lanes;
    use super::*;
    use crate::num::lanes::InstructionSet;
    use crate::num::random::uniform;
    use pulp::WithSimd;

    /// Numbers one by one, with an estimate as bad as it may be.
    #[derive(Clone, Copy)]
    struct One {
        error: f64,
    }

    impl Products<f64> for One {
        fn splat(self, x: f64) -> f64 {
            x
        }
        fn estimate(self, b: f64) -> f64 {
            (1.0 + self.error) / b
        }
        fn plus(self, a: f64, b: f64, c: f64) -> f64 {
            a.mul_add(b, c)
        }
        fn minus(self, a: f64, b: f64, c: f64) -> f64 {
            (-a).mul_add(b, c)
        }
        fn replace(self, a: f64, x: f64, yes: f64) -> f64 {
            if a == x { yes } else { a }
        }
        fn finite(self, b: f64, a: f64) -> f64 {
            if b == f64::INFINITY { 0.0 } else { a }
        }
    }

    /// Where a rounding could go wrong: mantissas at both ends and around simple fractions, divisors of 2^53 - 1 (whose `e` is exactly
    /// 2^-53 without their being all ones), and any others.
    fn numbers() -> Vec<f64> {
        let ends = (0..2000).flat_map(|i| [i, (1 << 52) - 1 - i]);
        let fractions = (1..64).flat_map(|part| (0..40).map(move |i| (part << 46) + i - 20));
        let divisors = [6361, 69_431, 20_394_401, 6361 * 69_431, 6361 * 20_394_401, 69_431 * 20_394_401];
        let divisors = divisors.map(|divisor: u64| (divisor as f64).to_bits() & ((1 << 52) - 1));
        let any = (0..200_000).map(|i| (uniform(3, i) * 4_503_599_627_370_496.0) as u64);
        let mantissas = ends.chain(fractions).chain(divisors).chain(any);
        let exponents = [1023, 1023 - 1000, 1023 + 999, 1023 - 200, 1024, 1023 + 313];
        mantissas.enumerate().map(|(i, mantissa)| f64::from_bits((exponents[i % 6] << 52) | mantissa)).collect()
    }

    #[test]
    fn products_round_as_division_does_whatever_the_estimate() {
        let worst = 2.0_f64.powi(-14);
        let mut in_the_middle = 0;
        for b in numbers() {
            for error in [-worst, -0.3 * worst, 0.0, 1e-9, 0.77 * worst, worst] {
                assert_eq!(by_products(One { error }, b).to_bits(), (1.0 / b).to_bits(), "{b:e} {error}");
            }
            in_the_middle += u32::from((-b).mul_add((1.0 / b).next_down(), 1.0) == MIDDLE);
        }
        // Not only numbers for which it is easy.
        assert!(in_the_middle > 5, "{in_the_middle}");
        assert_eq!(by_products(One { error: 0.0 }, f64::INFINITY).to_bits(), 0);
        assert!(by_products(One { error: 0.0 }, f64::NAN).is_nan());
    }

    #[test]
    fn without_the_last_correction_all_ones_would_round_down() {
        let all_ones = 2.0 - f64::EPSILON;
        let mut y = One { error: -6e-5 }.estimate(all_ones);
        for _ in 0..10 {
            y = y.mul_add((-all_ones).mul_add(y, 1.0), y);
        }
        assert_eq!(y, 0.5);
        assert_eq!(by_products(One { error: -6e-5 }, all_ones), 0.5 + f64::EPSILON / 2.0);
    }

    struct All(Vec<f64>);

    impl WithSimd for All {
        type Output = Vec<f64>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
            let l = Lanes::<S, 1>::with_products(simd);
            let mut numbers = self.0;
            for vector in S::as_mut_simd_f64s(&mut numbers).0 {
                [*vector] = l.reciprocal::<true>([*vector]);
            }
            numbers
        }
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_division() {
        let mut numbers = numbers();
        numbers.extend([f64::INFINITY, 1.0, f64::NAN, 3.0]);
        numbers.resize(numbers.len().next_multiple_of(8), f64::INFINITY);
        for set in InstructionSet::ALL {
            for (b, inverse) in numbers.iter().zip(set.dispatch(All(numbers.clone()))) {
                if b.is_nan() {
                    assert!(inverse.is_nan(), "{set:?}");
                } else {
                    assert_eq!(inverse.to_bits(), (1.0 / b).to_bits(), "{set:?} {b:e}");
                }
            }
        }
    }
}
