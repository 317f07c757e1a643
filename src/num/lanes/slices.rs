//! A function of vectors, applied to whole slices.

use pulp::{Simd, WithSimd};

use super::instruction_set::InstructionSet;
use super::vectors::{Lanes, Num, flat};

/// A function that treats every lane of a vector alike and by itself.
pub(super) trait LaneFunction: Copy {
    /// Whether it keeps so many numbers at hand that two vectors side by side are enough.
    const BROAD: bool = false;

    /// The function.
    fn lanes<S: Simd, const N: usize>(self, l: Lanes<S, N>, x: Num<S, N>) -> Num<S, N>;
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

/// Vectors that are computed side by side. A polynomial is a long chain in which every step waits for the one before: several wait
/// together.
const SIDE_BY_SIDE: usize = 4;
/// The same for a [broad](LaneFunction::BROAD) function, which would have to put numbers aside.
const FEW_SIDE_BY_SIDE: usize = 2;

impl<F: LaneFunction> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if const { F::BROAD } {
            self.apply::<S, FEW_SIDE_BY_SIDE>(simd);
        } else {
            self.apply::<S, SIDE_BY_SIDE>(simd);
        }
    }
}

impl<F: LaneFunction> Map<'_, F> {
    #[inline(always)]
    fn apply<S: Simd, const N: usize>(self, simd: S) {
        let Self { function, from, to } = self;
        let length = from.len().min(to.len());
        let (from, to) = (from.get(..length).unwrap_or_default(), to.get_mut(..length).unwrap_or_default());
        let several = Lanes::<S, N>::new(simd);
        let ((from, last_from), (to, last_to)) = (several.rows(from), several.rows_mut(to));
        for (x, out) in from.iter().zip(to) {
            *out = function.lanes(several, *x);
        }
        let l = Lanes::<S, 1>::new(simd);
        let ((from, last_from), (to, last_to)) = (l.rows(last_from), l.rows_mut(last_to));
        // The rest goes through a whole vector, so that its lanes see the same operations.
        let (padded, mut result) = (l.padded(last_from, 0.0), l.splat(0.0));
        let rest = (!last_from.is_empty()).then_some((&padded, &mut result));
        for (x, out) in from.iter().zip(to).chain(rest) {
            *out = function.lanes(l, *x);
        }
        last_to.iter_mut().zip(flat::<S, 1>(&result)).for_each(|(out, y)| *out = *y);
    }
}

/// A tail probability and its logarithm, with what both need computed once.
pub(super) trait Tail: Copy {
    /// What both need.
    type Parts<S: Simd, const N: usize>: Copy;

    fn parts<S: Simd, const N: usize>(self, l: Lanes<S, N>, x: Num<S, N>) -> Self::Parts<S, N>;

    fn p<S: Simd, const N: usize>(self, l: Lanes<S, N>, x: Num<S, N>, parts: Self::Parts<S, N>) -> Num<S, N>;

    fn log10_p<S: Simd, const N: usize>(self, l: Lanes<S, N>, x: Num<S, N>, parts: Self::Parts<S, N>) -> Num<S, N>;
}

/// The probability of a [`Tail`].
#[derive(Clone, Copy)]
pub(super) struct P<T>(pub(super) T);

impl<T: Tail> LaneFunction for P<T> {
    #[inline(always)]
    fn lanes<S: Simd, const N: usize>(self, l: Lanes<S, N>, x: Num<S, N>) -> Num<S, N> {
        self.0.p(l, x, self.0.parts(l, x))
    }
}

/// The common logarithm of the probability of a [`Tail`].
#[derive(Clone, Copy)]
pub(super) struct Log10P<T>(pub(super) T);

impl<T: Tail> LaneFunction for Log10P<T> {
    #[inline(always)]
    fn lanes<S: Simd, const N: usize>(self, l: Lanes<S, N>, x: Num<S, N>) -> Num<S, N> {
        self.0.log10_p(l, x, self.0.parts(l, x))
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
        let several = Lanes::<S, SIDE_BY_SIDE>::new(simd);
        let ((of, last_of), (by, last_by)) = (several.rows(of), several.rows(by));
        let ((p, last_p), (log10_p, last_log10_p)) = (several.rows_mut(p), several.rows_mut(log10_p));
        let (mut p, mut log10_p) = (p.iter_mut(), log10_p.iter_mut());
        for (of, by) in of.iter().zip(by) {
            ratio::<S, SIDE_BY_SIDE, T, TAIL, LOG>(several, tail, (*of, *by), (p.next(), log10_p.next()));
        }
        let l = Lanes::<S, 1>::new(simd);
        let ((of, last_of), (by, last_by)) = (l.rows(last_of), l.rows(last_by));
        let ((p, last_p), (log10_p, last_log10_p)) = (l.rows_mut(last_p), l.rows_mut(last_log10_p));
        let padded = (l.padded(last_of, 0.0), l.padded(last_by, 1.0));
        let (mut one, mut other) = padded;
        let rest = !last_of.is_empty();
        let mut p = p.iter_mut().chain(rest.then_some(&mut one));
        let mut log10_p = log10_p.iter_mut().chain(rest.then_some(&mut other));
        for (of, by) in of.iter().zip(by).chain(rest.then_some((&padded.0, &padded.1))) {
            ratio::<S, 1, T, TAIL, LOG>(l, tail, (*of, *by), (p.next(), log10_p.next()));
        }
        last_p.iter_mut().zip(flat::<S, 1>(&one)).for_each(|(out, y)| *out = *y);
        last_log10_p.iter_mut().zip(flat::<S, 1>(&other)).for_each(|(out, y)| *out = *y);
    }
}

// Not a closure: those are not compiled for the instruction set.
#[inline(always)]
fn ratio<S: Simd, const N: usize, T: Tail, const TAIL: bool, const LOG: bool>(
    l: Lanes<S, N>,
    tail: T,
    (of, by): (Num<S, N>, Num<S, N>),
    (p, log10_p): (Option<&mut Num<S, N>>, Option<&mut Num<S, N>>),
) {
    let x = l.div(of, by);
    let parts = tail.parts(l, x);
    if let (true, Some(to)) = (TAIL, p) {
        *to = tail.p(l, x, parts);
    }
    if let (true, Some(to)) = (LOG, log10_p) {
        *to = tail.log10_p(l, x, parts);
    }
}
