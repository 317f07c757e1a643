//! Arithmetic on `N` vectors at once: one unit per lane, nothing ever crosses lanes.
//!
//! There is no fused multiply-add in sums, so that every instruction set rounds alike.

use super::reciprocal::{DIVIDES_SLOWLY, reciprocal};
use pulp::{NullaryFnOnce, Simd};

/// `N` vectors of numbers.
pub(crate) type Num<S, const N: usize> = [<S as Simd>::f64s; N];
/// `N` vectors of yes or no.
pub(crate) type Mask<S, const N: usize> = [<S as Simd>::m64s; N];

/// The operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes<S, const N: usize> {
    simd: S,
    /// Whether multiplications have room beside divisions.
    products: bool,
}

macro_rules! binary {
    ($from:ident -> $to:ident: $($name:ident $op:ident;)*) => {
        $(#[inline(always)]
        pub(crate) fn $name(self, a: $from<S, N>, b: $from<S, N>) -> $to<S, N> {
            let mut out = [self.simd.$op(a[0], b[0]); N];
            for i in 1..N {
                out[i] = self.simd.$op(a[i], b[i]);
            }
            out
        })*
    };
}

macro_rules! unary {
    ($($name:ident $op:ident;)*) => {
        $(#[inline(always)]
        pub(crate) fn $name(self, a: Num<S, N>) -> Num<S, N> {
            let mut out = a;
            for i in 0..N {
                out[i] = self.simd.$op(a[i]);
            }
            out
        })*
    };
}

impl<S: Simd, const N: usize> Lanes<S, N> {
    /// Units in `N` vectors.
    pub(crate) const WIDTH: usize = N * S::F64_LANES;

    pub(crate) fn new(simd: S) -> Self {
        Self { simd, products: S::F64_LANES == 8 && *DIVIDES_SLOWLY }
    }

    /// Reciprocals by products on any machine that can.
    #[cfg(test)]
    pub(crate) fn with_products(simd: S) -> Self {
        Self { simd, products: true }
    }

    /// Runs `op` compiled for the instruction set.
    #[inline(always)]
    pub(crate) fn run<Op: NullaryFnOnce>(self, op: Op) -> Op::Output {
        // Vector instructions make a function of it; without them it would be copied to every place that asks.
        if const { S::F64_LANES == 1 } { apart(op) } else { Simd::vectorize(self.simd, op) }
    }

    #[inline(always)]
    pub(crate) fn splat(self, x: f64) -> Num<S, N> {
        [self.simd.splat_f64s(x); N]
    }

    /// Numbers as rows of `N` vectors, and the rest.
    #[inline(always)]
    pub(crate) fn rows(self, numbers: &[f64]) -> (&[Num<S, N>], &[f64]) {
        let (rows, rest) = numbers.split_at(numbers.len() / Self::WIDTH * Self::WIDTH);
        (S::as_simd_f64s(rows).0.as_chunks().0, rest)
    }

    #[inline(always)]
    pub(crate) fn rows_mut(self, numbers: &mut [f64]) -> (&mut [Num<S, N>], &mut [f64]) {
        let (rows, rest) = numbers.split_at_mut(numbers.len() / Self::WIDTH * Self::WIDTH);
        (S::as_mut_simd_f64s(rows).0.as_chunks_mut().0, rest)
    }

    /// A row from fewer numbers, the others `padding`.
    #[inline(always)]
    pub(crate) fn padded(self, numbers: &[f64], padding: f64) -> Num<S, N> {
        let mut row = self.splat(padding);
        for (slot, x) in flat_mut::<S, N>(&mut row).iter_mut().zip(numbers) {
            *slot = *x;
        }
        row
    }

    binary! { Num -> Num:
        add add_f64s;
        sub sub_f64s;
        mul mul_f64s;
        div div_f64s;
        // Of numbers only: with NaN the instruction sets differ.
        min min_f64s;
        max max_f64s;
    }

    binary! { Num -> Mask:
        lt less_than_f64s;
        le less_than_or_equal_f64s;
        gt greater_than_f64s;
        ge greater_than_or_equal_f64s;
        eq equal_f64s;
    }

    binary! { Mask -> Mask:
        and and_m64s;
        or or_m64s;
        xor xor_m64s;
    }

    /// `1 / a`; with `PRODUCTS` by multiplications where the machine may have time for them while it divides, for numbers between 2^-1000
    /// and 2^1000 or infinity. The result is the same.
    #[inline(always)]
    pub(crate) fn reciprocal<const PRODUCTS: bool>(self, a: Num<S, N>) -> Num<S, N> {
        if !(PRODUCTS && self.products) {
            return self.div(self.splat(1.0), a);
        }
        let mut out = a;
        for i in 0..N {
            out[i] = reciprocal(self.simd, a[i]);
        }
        out
    }

    unary! {
        neg neg_f64s;
        sqrt sqrt_f64s;
        abs abs_f64s;
    }

    #[inline(always)]
    pub(crate) fn none(self) -> Mask<S, N> {
        [self.simd.less_than_f64s(self.simd.splat_f64s(1.0), self.simd.splat_f64s(0.0)); N]
    }

    #[inline(always)]
    pub(crate) fn not(self, a: Mask<S, N>) -> Mask<S, N> {
        let all = [self.simd.less_than_f64s(self.simd.splat_f64s(0.0), self.simd.splat_f64s(1.0)); N];
        self.xor(a, all)
    }

    #[inline(always)]
    pub(crate) fn select(self, mask: Mask<S, N>, yes: Num<S, N>, no: Num<S, N>) -> Num<S, N> {
        let mut out = no;
        for i in 0..N {
            out[i] = self.simd.select_f64s(mask[i], yes[i], no[i]);
        }
        out
    }

    #[inline(always)]
    pub(crate) fn any(self, mask: Mask<S, N>) -> bool {
        let mut all = mask[0];
        for one in mask.iter().skip(1) {
            all = self.simd.or_m64s(all, *one);
        }
        self.simd.first_true_m64s(all) < S::F64_LANES
    }
}

/// The lanes one by one.
#[inline(always)]
pub(crate) fn flat<S: Simd, const N: usize>(numbers: &Num<S, N>) -> &[f64] {
    pulp::bytemuck::cast_slice(numbers)
}

#[inline(always)]
pub(super) fn flat_mut<S: Simd, const N: usize>(numbers: &mut Num<S, N>) -> &mut [f64] {
    pulp::bytemuck::cast_slice_mut(numbers)
}

/// A function of its own.
#[inline(never)]
fn apart<Op: NullaryFnOnce>(op: Op) -> Op::Output {
    op.call()
}
