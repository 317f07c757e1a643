//! A function of one vector, applied to whole slices.

use pulp::{Simd, WithSimd};

use super::instruction_set::InstructionSet;

/// A function that treats every lane of a vector alike and by itself.
pub(super) trait LaneFunction: Copy {
    /// The function.
    fn lanes<S: Simd>(self, simd: S, x: S::f64s) -> S::f64s;
}

/// Writes `function(from[i])` into `to[i]`, as far as both slices go.
pub(super) fn map<F: LaneFunction>(set: InstructionSet, function: F, from: &[f64], to: &mut [f64]) {
    set.dispatch(Map { function, from, to });
}

struct Map<'a, F> {
    function: F,
    from: &'a [f64],
    to: &'a mut [f64],
}

impl<F: LaneFunction> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { function, from, to } = self;
        let length = from.len().min(to.len());
        let (from, to) = (from.get(..length).unwrap_or_default(), to.get_mut(..length).unwrap_or_default());
        let (from, last_from) = S::as_simd_f64s(from);
        let (to, last_to) = S::as_mut_simd_f64s(to);
        for (x, out) in from.iter().zip(to) {
            *out = function.lanes(simd, *x);
        }
        if !last_from.is_empty() {
            // The rest goes through a whole vector, so that its lanes see the same operations.
            let mut padded = simd.splat_f64s(0.0);
            for (slot, x) in lanes_mut::<S>(&mut padded).iter_mut().zip(last_from) {
                *slot = *x;
            }
            let mut result = function.lanes(simd, padded);
            for (out, y) in last_to.iter_mut().zip(lanes_mut::<S>(&mut result)) {
                *out = *y;
            }
        }
    }
}

/// A tail probability and its logarithm, with what both need computed once.
pub(super) trait Tail: Copy {
    /// What both need.
    type Parts<S: Simd>: Copy;

    fn parts<S: Simd>(self, simd: S, x: S::f64s) -> Self::Parts<S>;

    fn p<S: Simd>(self, simd: S, x: S::f64s, parts: Self::Parts<S>) -> S::f64s;

    fn log10_p<S: Simd>(self, simd: S, x: S::f64s, parts: Self::Parts<S>) -> S::f64s;
}

/// The probability of a [`Tail`].
#[derive(Clone, Copy)]
pub(super) struct P<T>(pub(super) T);

impl<T: Tail> LaneFunction for P<T> {
    #[inline(always)]
    fn lanes<S: Simd>(self, simd: S, x: S::f64s) -> S::f64s {
        self.0.p(simd, x, self.0.parts(simd, x))
    }
}

/// The common logarithm of the probability of a [`Tail`].
#[derive(Clone, Copy)]
pub(super) struct Log10P<T>(pub(super) T);

impl<T: Tail> LaneFunction for Log10P<T> {
    #[inline(always)]
    fn lanes<S: Simd>(self, simd: S, x: S::f64s) -> S::f64s {
        self.0.log10_p(simd, x, self.0.parts(simd, x))
    }
}

/// A fraction for every unit of a batch, `of[i] / by[i]`, whose tail is wanted as a probability, as a logarithm, or both: an empty
/// column is not wanted.
#[derive(Debug)]
pub(crate) struct Ratios<'a> {
    pub(crate) of: &'a [f64],
    pub(crate) by: &'a [f64],
    pub(crate) p: &'a mut [f64],
    pub(crate) log10_p: &'a mut [f64],
}

/// The tails of fractions: the same bits as for each column by itself.
pub(super) fn of_ratios<T: Tail>(set: InstructionSet, tail: T, ratios: Ratios<'_>) {
    match (ratios.p.is_empty(), ratios.log10_p.is_empty()) {
        (false, false) => set.dispatch(OfRatios::<T, true, true> { tail, ratios }),
        (false, true) => set.dispatch(OfRatios::<T, true, false> { tail, ratios }),
        (true, false) => set.dispatch(OfRatios::<T, false, true> { tail, ratios }),
        (true, true) => {}
    }
}

struct OfRatios<'a, T, const TAIL: bool, const LOG: bool> {
    tail: T,
    ratios: Ratios<'a>,
}

impl<T: Tail, const TAIL: bool, const LOG: bool> WithSimd for OfRatios<'_, T, TAIL, LOG> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tail, ratios: Ratios { of, by, p, log10_p } } = self;
        let (of, last_of) = S::as_simd_f64s(of);
        let (by, last_by) = S::as_simd_f64s(by);
        let (p, last_p) = S::as_mut_simd_f64s(p);
        let (log10_p, last_log10_p) = S::as_mut_simd_f64s(log10_p);
        let (mut p, mut log10_p) = (p.iter_mut(), log10_p.iter_mut());
        for (of, by) in of.iter().zip(by) {
            one_ratio::<S, T, TAIL, LOG>(simd, tail, (*of, *by), (p.next(), log10_p.next()));
        }
        if !last_of.is_empty() {
            let (mut a, mut b, mut one, mut other) =
                (simd.splat_f64s(0.0), simd.splat_f64s(1.0), simd.splat_f64s(0.0), simd.splat_f64s(0.0));
            lanes_mut::<S>(&mut a).iter_mut().zip(last_of).for_each(|(slot, x)| *slot = *x);
            lanes_mut::<S>(&mut b).iter_mut().zip(last_by).for_each(|(slot, x)| *slot = *x);
            one_ratio::<S, T, TAIL, LOG>(simd, tail, (a, b), (Some(&mut one), Some(&mut other)));
            last_p.iter_mut().zip(lanes_mut::<S>(&mut one)).for_each(|(out, y)| *out = *y);
            last_log10_p.iter_mut().zip(lanes_mut::<S>(&mut other)).for_each(|(out, y)| *out = *y);
        }
    }
}

// Not a closure: those are not compiled for the instruction set.
#[inline(always)]
fn one_ratio<S: Simd, T: Tail, const TAIL: bool, const LOG: bool>(
    simd: S,
    tail: T,
    (of, by): (S::f64s, S::f64s),
    (p, log10_p): (Option<&mut S::f64s>, Option<&mut S::f64s>),
) {
    let x = simd.div_f64s(of, by);
    let parts = tail.parts(simd, x);
    if let (true, Some(to)) = (TAIL, p) {
        *to = tail.p(simd, x, parts);
    }
    if let (true, Some(to)) = (LOG, log10_p) {
        *to = tail.log10_p(simd, x, parts);
    }
}

/// The lanes of a vector as a slice.
#[inline(always)]
pub(super) fn lanes_mut<S: Simd>(vector: &mut S::f64s) -> &mut [f64] {
    pulp::bytemuck::cast_slice_mut(std::slice::from_mut(vector))
}
