//! Arithmetic on `N` vectors at once: one unit per lane, nothing ever crosses lanes.
//!
//! There is no fused multiply-add in sums, so that every instruction set rounds alike.

use super::reciprocal::reciprocal;
use pulp::{NullaryFnOnce, Simd};

/// `N` vectors of numbers.
pub(in crate::batch) type Num<S, const N: usize> = [<S as Simd>::f64s; N];
/// `N` vectors of yes or no.
pub(in crate::batch) type Mask<S, const N: usize> = [<S as Simd>::m64s; N];

/// The operations.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Lanes<S, const N: usize> {
    simd: S,
}

macro_rules! binary {
    ($($name:ident $op:ident;)*) => {
        $(#[inline(always)]
        pub(in crate::batch) fn $name(self, a: Num<S, N>, b: Num<S, N>) -> Num<S, N> {
            let mut out = a;
            for i in 0..N {
                out[i] = self.simd.$op(a[i], b[i]);
            }
            out
        })*
    };
}

macro_rules! compare {
    ($($name:ident $op:ident;)*) => {
        $(#[inline(always)]
        pub(in crate::batch) fn $name(self, a: Num<S, N>, b: Num<S, N>) -> Mask<S, N> {
            let mut out = self.none();
            for i in 0..N {
                out[i] = self.simd.$op(a[i], b[i]);
            }
            out
        })*
    };
}

macro_rules! logical {
    ($($name:ident $op:ident;)*) => {
        $(#[inline(always)]
        pub(in crate::batch) fn $name(self, a: Mask<S, N>, b: Mask<S, N>) -> Mask<S, N> {
            let mut out = a;
            for i in 0..N {
                out[i] = self.simd.$op(a[i], b[i]);
            }
            out
        })*
    };
}

impl<S: Simd, const N: usize> Lanes<S, N> {
    /// Units in `N` vectors.
    pub(in crate::batch) const WIDTH: usize = N * S::F64_LANES;

    pub(in crate::batch) fn new(simd: S) -> Self {
        Self { simd }
    }

    /// Runs `op` compiled for the instruction set.
    #[inline(always)]
    pub(in crate::batch) fn run<Op: NullaryFnOnce>(self, op: Op) -> Op::Output {
        // Vector instructions make a function of it; without them it would be copied to every place that asks.
        if const { S::F64_LANES == 1 } { apart(op) } else { Simd::vectorize(self.simd, op) }
    }

    #[inline(always)]
    pub(in crate::batch) fn splat(self, x: f64) -> Num<S, N> {
        [self.simd.splat_f64s(x); N]
    }

    binary! {
        add add_f64s;
        sub sub_f64s;
        mul mul_f64s;
        div div_f64s;
        // Of numbers only: with NaN the instruction sets differ.
        min min_f64s;
        max max_f64s;
    }

    compare! {
        lt less_than_f64s;
        le less_than_or_equal_f64s;
        gt greater_than_f64s;
        ge greater_than_or_equal_f64s;
        eq equal_f64s;
    }

    logical! {
        and and_m64s;
        or or_m64s;
        xor xor_m64s;
    }

    /// `1 / a`; with `PRODUCTS` by multiplications where the machine may have time for them while it divides, for numbers between 2^-1000
    /// and 2^1000 or infinity. The result is the same.
    #[inline(always)]
    pub(in crate::batch) fn reciprocal<const PRODUCTS: bool>(self, a: Num<S, N>) -> Num<S, N> {
        if !PRODUCTS {
            return self.div(self.splat(1.0), a);
        }
        let mut out = a;
        for i in 0..N {
            out[i] = reciprocal(self.simd, a[i]);
        }
        out
    }

    #[inline(always)]
    pub(in crate::batch) fn sqrt(self, a: Num<S, N>) -> Num<S, N> {
        let mut out = a;
        for i in 0..N {
            out[i] = self.simd.sqrt_f64s(a[i]);
        }
        out
    }

    #[inline(always)]
    pub(in crate::batch) fn abs(self, a: Num<S, N>) -> Num<S, N> {
        let mut out = a;
        for i in 0..N {
            out[i] = self.simd.abs_f64s(a[i]);
        }
        out
    }

    #[inline(always)]
    pub(in crate::batch) fn none(self) -> Mask<S, N> {
        [self.simd.less_than_f64s(self.simd.splat_f64s(1.0), self.simd.splat_f64s(0.0)); N]
    }

    #[inline(always)]
    pub(in crate::batch) fn not(self, a: Mask<S, N>) -> Mask<S, N> {
        let all = [self.simd.less_than_f64s(self.simd.splat_f64s(0.0), self.simd.splat_f64s(1.0)); N];
        self.xor(a, all)
    }

    #[inline(always)]
    pub(in crate::batch) fn select(self, mask: Mask<S, N>, yes: Num<S, N>, no: Num<S, N>) -> Num<S, N> {
        let mut out = no;
        for i in 0..N {
            out[i] = self.simd.select_f64s(mask[i], yes[i], no[i]);
        }
        out
    }

    #[inline(always)]
    pub(in crate::batch) fn any(self, mask: Mask<S, N>) -> bool {
        let mut all = mask[0];
        for one in mask.iter().skip(1) {
            all = self.simd.or_m64s(all, *one);
        }
        self.simd.first_true_m64s(all) < S::F64_LANES
    }
}

/// A function of its own.
#[inline(never)]
fn apart<Op: NullaryFnOnce>(op: Op) -> Op::Output {
    op.call()
}
