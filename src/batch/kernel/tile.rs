//! One tile of units: their studies in fast memory and the sums over them, study after study.
//!
//! Every sum is a [`Pass`] that is given one study after the other. Passes over several tiles can share one loop: the divisions of
//! one then hide the arithmetic of the others, and no sum changes by it.

use super::nearby::TakeNearby;
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::{NullaryFnOnce, Simd};

/// Variances outside this range are left to the careful path: their third powers must not overflow.
const SMALLEST: f64 = f64::from_bits((1023 - 200) << 52);
const LARGEST: f64 = f64::from_bits((1023 + 200) << 52);

/// Where a tile's studies are found, and how many units further on memory is asked for ahead of time; 0 for not.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) enum Source<'a> {
    Rows(Rows<'a>),
    Columns(Columns<'a>),
}

/// Study `i` at `i * stride + at`.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Rows<'a> {
    pub(in crate::batch) y: &'a [f64],
    pub(in crate::batch) v: &'a [f64],
    pub(in crate::batch) stride: usize,
    pub(in crate::batch) at: usize,
    pub(in crate::batch) ahead: usize,
}

/// Study `i` at `at` of slice `i`.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Columns<'a> {
    pub(in crate::batch) y: &'a [&'a [f64]],
    pub(in crate::batch) v: &'a [&'a [f64]],
    pub(in crate::batch) at: usize,
    pub(in crate::batch) ahead: usize,
}

/// Goes from study to study, and asks memory for the same study of units further on.
#[derive(Clone, Debug)]
pub(super) enum StudiesLeft<'a> {
    /// Both slices of one length, so that one comparison serves both.
    Rows {
        y: &'a [f64],
        v: &'a [f64],
        from: usize,
        stride: usize,
        ahead: usize,
    },
    Columns {
        y: std::slice::Iter<'a, &'a [f64]>,
        v: std::slice::Iter<'a, &'a [f64]>,
        at: usize,
        ahead: usize,
    },
}

impl<'a> StudiesLeft<'a> {
    #[inline(always)]
    fn new(source: Source<'a>) -> Self {
        match source {
            Source::Rows(Rows { y, v, stride, at, ahead }) => {
                let both = y.len().min(v.len());
                let upto = |all: &'a [f64]| all.get(..both).unwrap_or_default();
                Self::Rows { y: upto(y), v: upto(v), from: at, stride, ahead }
            }
            Source::Columns(Columns { y, v, at, ahead }) => Self::Columns { y: y.iter(), v: v.iter(), at, ahead },
        }
    }

    /// Effects and variances of the next study: `width` units from the first of the tile on.
    #[inline(always)]
    fn next(&mut self, width: usize) -> Option<(&'a [f64], &'a [f64])> {
        match self {
            Self::Rows { y, v, from, stride, ahead } => {
                let here = *from..from.wrapping_add(width);
                ask(y, v, from.wrapping_add(*ahead), width);
                *from = from.wrapping_add(*stride);
                Some((y.get(here.clone())?, v.get(here)?))
            }
            Self::Columns { y, v, at, ahead } => {
                let here = *at..at.wrapping_add(width);
                let (y, v) = (y.next()?, v.next()?);
                ask(y, v, at.wrapping_add(*ahead), width);
                Some((y.get(here.clone())?, v.get(here)?))
            }
        }
    }
}

/// Asks memory for `width` numbers of both slices.
#[inline(always)]
fn ask(y: &[f64], v: &[f64], from: usize, width: usize) {
    #[cfg(feature = "prefetch")]
    {
        super::prefetch::lines(y, from, width);
        super::prefetch::lines(v, from, width);
    }
    #[cfg(not(feature = "prefetch"))]
    let _ = (y, v, from, width);
}

/// One study of the tile.
#[inline(always)]
fn row<'a, S: Simd, const N: usize>((y, v): (&'a [f64], &'a [f64])) -> Option<(&'a Num<S, N>, &'a Num<S, N>)> {
    let (y, v) = (S::as_simd_f64s(y).0, S::as_simd_f64s(v).0);
    Some((y.first_chunk()?, v.first_chunk()?))
}

impl<'a> Source<'a> {
    #[inline(always)]
    pub(in crate::batch) fn row<S: Simd, const N: usize>(
        &self,
        study: usize,
    ) -> Option<(&'a Num<S, N>, &'a Num<S, N>)> {
        let width = Lanes::<S, N>::WIDTH;
        row::<S, N>(match *self {
            Self::Rows(Rows { y, v, stride, at, .. }) => {
                let from = study * stride + at;
                (y.get(from..from + width)?, v.get(from..from + width)?)
            }
            Self::Columns(Columns { y, v, at, .. }) => {
                (y.get(study)?.get(at..at + width)?, v.get(study)?.get(at..at + width)?)
            }
        })
    }
}

/// One study of every unit of the tile: its [`Y`], [`V`] and [`W`].
pub(super) type Cell<S, const N: usize> = [Num<S, N>; 3];

/// Effect relative to the unit's first study; 0 where missing.
pub(super) const Y: usize = 0;
/// Variance; infinite where missing, so that its weight is 0.
pub(super) const V: usize = 1;
/// The weight last computed.
const W: usize = 2;

/// What one look at the tile tells.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct First<S: Simd, const N: usize> {
    /// Effect of the first study that is there.
    pub(in crate::batch) origin: Num<S, N>,
    /// Number of studies that are there.
    pub(in crate::batch) count: Num<S, N>,
    /// The smallest variance.
    pub(in crate::batch) least: Num<S, N>,
    /// The largest variance.
    pub(in crate::batch) most: Num<S, N>,
    /// `sum w`
    pub(in crate::batch) s1: Num<S, N>,
    /// `1 / sum w`
    pub(in crate::batch) inverse: Num<S, N>,
    /// `sum w^2`
    pub(in crate::batch) s2: Num<S, N>,
    /// `sum w^3`, for a likelihood.
    pub(in crate::batch) s3: Num<S, N>,
    /// The weighted mean, relative to the origin.
    pub(in crate::batch) mean: Num<S, N>,
    /// Whether all numbers are finite and the variances of ordinary size.
    pub(in crate::batch) sound: Mask<S, N>,
}

/// The sums over weights at one tau2.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Weighted<S: Simd, const N: usize> {
    pub(in crate::batch) s1: Num<S, N>,
    /// `1 / s1`
    pub(in crate::batch) inverse: Num<S, N>,
    pub(in crate::batch) s2: Num<S, N>,
    pub(in crate::batch) s3: Num<S, N>,
    pub(in crate::batch) mean: Num<S, N>,
}

/// The sums over residuals `r` at one tau2.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Residuals<S: Simd, const N: usize> {
    /// `sum w r^2`
    pub(in crate::batch) q: Num<S, N>,
    /// `sum w^2 r^2`
    pub(in crate::batch) f: Num<S, N>,
    /// `sum w^2 r`
    pub(in crate::batch) b: Num<S, N>,
    /// `sum w^3 r^2`
    pub(in crate::batch) c: Num<S, N>,
    /// `sum w^3 r`, of [`TakeNearby`] only.
    pub(in crate::batch) d: Num<S, N>,
    /// `sum r^2`, for the proof of uniqueness.
    pub(in crate::batch) rss: Num<S, N>,
}

/// Which sums a pass takes.
pub(in crate::batch) mod want {
    pub(in crate::batch) const Q: u32 = 1;
    /// `f`.
    pub(in crate::batch) const F: u32 = 1 << 1;
    /// What the slopes of the score's halves need: `b`, `c`, `sum w^2` and `sum w^3`.
    pub(in crate::batch) const SLOPES: u32 = 1 << 2;
    pub(in crate::batch) const RSS: u32 = 1 << 3;
}

/// Which missing studies a reader looks for. What it does not look for and meets makes a unit unsound.
pub(super) mod missing {
    /// Every study is there.
    pub(in crate::batch) const NONE: u32 = 0;
    /// Studies whose effect is NaN: two operations less for each study than the next.
    pub(in crate::batch) const EFFECTS: u32 = 1;
    /// Those whose variance is NaN or infinite too.
    pub(in crate::batch) const ANY: u32 = 2;
}

/// Sums that are taken study after study.
pub(super) trait Pass<S: Simd, const N: usize> {
    /// What they end in.
    type Output;
    /// The weight of a study, if it is taken anew.
    type Weight: Copy;

    /// The weight of a study, a [reciprocal](Lanes::reciprocal), with or without `PRODUCTS`.
    fn weight<const PRODUCTS: bool>(&mut self, cell: &mut Cell<S, N>) -> Self::Weight;

    /// Adds the study that has this weight.
    fn add(&mut self, cell: &mut Cell<S, N>, weight: Self::Weight);

    /// Adds one study.
    #[inline(always)]
    fn study<const PRODUCTS: bool>(&mut self, cell: &mut Cell<S, N>) {
        let weight = self.weight::<PRODUCTS>(cell);
        self.add(cell, weight);
    }

    /// The weights of two studies: the machine divides for one while it multiplies for the other.
    #[inline(always)]
    fn weights(&mut self, [first, second]: &mut [Cell<S, N>; 2]) -> [Self::Weight; 2] {
        [self.weight::<true>(first), self.weight::<false>(second)]
    }

    /// Adds two studies.
    #[inline(always)]
    fn add_both(&mut self, [first, second]: &mut [Cell<S, N>; 2], [weight, other]: [Self::Weight; 2]) {
        self.add(first, weight);
        self.add(second, other);
    }

    /// After the last study.
    fn end(self) -> Self::Output;
}

/// A tile in fast memory.
#[derive(Debug)]
pub(super) struct Tile<'a, S: Simd, const N: usize> {
    pub(super) lanes: Lanes<S, N>,
    pub(super) cells: &'a mut [Cell<S, N>],
    /// Whether the maximum of a likelihood is to come with Q there, which the search does not need: for a Hartung-Knapp error.
    pub(super) q_at_solution: bool,
}

impl<S: Simd, const N: usize> Tile<'_, S, N> {
    /// Takes the sums of one pass.
    #[inline(always)]
    pub(super) fn take<P: Pass<S, N>>(&mut self, pass: P) -> P::Output {
        self.lanes.run(One { cells: self.cells, pass })
    }

    /// Reads the tile from `source` and takes the sums of tau2 = 0; of `w^3` with `CUBES`. See [`missing`].
    #[inline(always)]
    pub(super) fn read_all<const MISSING: u32, const CUBES: bool>(&mut self, source: Source<'_>) -> First<S, N> {
        self.take(Read::<S, N, MISSING, CUBES>::new(self.lanes, source, self.cells.len()))
    }

    /// Sums of weights at tau2 = `x`.
    #[inline(always)]
    pub(super) fn weights<const WANT: u32>(&self, x: Num<S, N>) -> TakeWeights<S, N, WANT> {
        TakeWeights::new(self.lanes, x)
    }

    /// Sums over residuals from `mean`, with the weights last computed.
    #[inline(always)]
    pub(super) fn residuals<const WANT: u32>(&self, mean: Num<S, N>) -> TakeResiduals<S, N, WANT> {
        TakeResiduals::new(self.lanes, mean)
    }

    /// The sums at tau2 = `x` in one go, over residuals from `near`, a mean at another tau2.
    #[inline(always)]
    pub(super) fn sums_near<const WANT: u32>(
        &mut self,
        x: Num<S, N>,
        near: Num<S, N>,
    ) -> (Weighted<S, N>, Residuals<S, N>) {
        self.take(TakeNearby::<S, N, WANT>::new(self.lanes, x, near))
    }

    /// The sums of weights and residuals at tau2 = `x`.
    #[inline(always)]
    pub(super) fn sums<const WANT: u32>(&mut self, x: Num<S, N>) -> (Weighted<S, N>, Residuals<S, N>) {
        let pass = self.weights::<WANT>(x);
        self.lanes.run(Sums { cells: self.cells, pass })
    }

    /// Residual sum of squares about the plain mean, and the sum of the variances.
    #[inline(always)]
    pub(super) fn unweighted(&self, count: Num<S, N>) -> (Num<S, N>, Num<S, N>) {
        self.lanes.run(Unweighted { lanes: self.lanes, cells: self.cells, count })
    }
}

// Each loop is a function of its own, compiled for the instruction set: one loop, whoever asks for it.

struct One<'a, S: Simd, const N: usize, P> {
    cells: &'a mut [Cell<S, N>],
    pass: P,
}

impl<S: Simd, const N: usize, P: Pass<S, N>> NullaryFnOnce for One<'_, S, N, P> {
    type Output = P::Output;

    #[inline(always)]
    fn call(self) -> P::Output {
        let Self { cells, mut pass } = self;
        let (pairs, last) = cells.as_chunks_mut::<2>();
        match &mut *pairs {
            // Where registers are many, weights are taken four studies ahead. Sums that need not wait for theirs leave the machine free to
            // look further on, to the other tile at work.
            [first, second, ..] if const { S::F64_LANES == 8 } => {
                let mut ahead = [pass.weights(first), pass.weights(second)];
                for i in 2..pairs.len() {
                    let [weights, next] = ahead;
                    ahead = [next, pass.weights(&mut pairs[i])];
                    pass.add_both(&mut pairs[i - 2], weights);
                }
                let behind = pairs.len() - 2;
                for (pair, weights) in pairs[behind..].iter_mut().zip(ahead) {
                    pass.add_both(pair, weights);
                }
            }
            pairs => {
                for pair in pairs {
                    let weights = pass.weights(pair);
                    pass.add_both(pair, weights);
                }
            }
        }
        for cell in last {
            pass.study::<false>(cell);
        }
        pass.end()
    }
}

/// Passes over several tiles in one loop, each with its weights by products or not.
macro_rules! side_by_side {
    ($(#[$doc:meta])* $name:ident: $($cells:ident $pass:ident $P:ident $products:literal,)*) => {
        $(#[$doc])*
        pub(super) struct $name<'a, S: Simd, const N: usize, $($P),*> {
            $(pub(super) $cells: &'a mut [Cell<S, N>],)*
            $(pub(super) $pass: $P,)*
        }

        impl<S: Simd, const N: usize, $($P: Pass<S, N>),*> NullaryFnOnce for $name<'_, S, N, $($P),*> {
            type Output = ($($P::Output,)*);

            #[inline(always)]
            fn call(self) -> Self::Output {
                let Self { $($cells,)* $($pass,)* } = self;
                let all = usize::MAX$(.min($cells.len()))*;
                $(let ($cells, left) = $cells.split_at_mut(all);
                let mut $pass = ($pass, left);)*
                // All of one length: the compiler sees that every study is there.
                for study in 0..all {
                    $($pass.0.study::<$products>(&mut $cells[study]);)*
                }
                // Units of different size: what is left of the longer ones.
                $(for cell in $pass.1 {
                    $pass.0.study::<$products>(cell);
                })*
                ($($pass.0.end(),)*)
            }
        }
    };
}

side_by_side! {
    Two: first first_pass P false, second second_pass Q false,
}
side_by_side! {
    Three: first first_pass P false, second second_pass Q false, third third_pass R true,
}

struct Sums<'a, S: Simd, const N: usize, const WANT: u32> {
    cells: &'a mut [Cell<S, N>],
    pass: TakeWeights<S, N, WANT>,
}

impl<S: Simd, const N: usize, const WANT: u32> NullaryFnOnce for Sums<'_, S, N, WANT> {
    type Output = (Weighted<S, N>, Residuals<S, N>);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self { cells, pass } = self;
        let l = pass.lanes;
        let weighted = One { cells: &mut *cells, pass }.call();
        let pass = TakeResiduals::<S, N, WANT>::new(l, weighted.mean);
        (weighted, One { cells, pass }.call())
    }
}

/// Reads the tile and takes the sums of tau2 = 0; of `w^3` with `CUBES`. See [`missing`].
pub(super) struct Read<'s, S: Simd, const N: usize, const MISSING: u32, const CUBES: bool> {
    lanes: Lanes<S, N>,
    studies: StudiesLeft<'s>,
    origin: Num<S, N>,
    /// How many studies are still taken for a unit's first one if it had none before.
    open: u32,
    count: Num<S, N>,
    least: Num<S, N>,
    most: Num<S, N>,
    s1: Num<S, N>,
    s2: Num<S, N>,
    s3: Num<S, N>,
    t: Num<S, N>,
}

impl<'s, S: Simd, const N: usize, const MISSING: u32, const CUBES: bool> Read<'s, S, N, MISSING, CUBES> {
    #[inline(always)]
    pub(super) fn new(l: Lanes<S, N>, source: Source<'s>, studies: usize) -> Self {
        let (zero, inf) = (l.splat(0.0), l.splat(f64::INFINITY));
        let all_here = MISSING == missing::NONE;
        let count = if all_here { l.splat(studies as f64) } else { zero };
        let (least, most) = (inf, zero);
        let origin = if all_here { source.row::<S, N>(0).map_or(zero, |(y, _)| *y) } else { zero };
        let studies = StudiesLeft::new(source);
        Self { lanes: l, studies, origin, open: 4, count, least, most, s1: zero, s2: zero, s3: zero, t: zero }
    }
}

impl<S: Simd, const N: usize, const MISSING: u32, const CUBES: bool> Pass<S, N> for Read<'_, S, N, MISSING, CUBES> {
    type Output = First<S, N>;
    type Weight = Num<S, N>;

    #[inline(always)]
    fn weight<const PRODUCTS: bool>(&mut self, cell: &mut Cell<S, N>) -> Num<S, N> {
        let l = self.lanes;
        let (zero, one, inf) = (l.splat(0.0), l.splat(1.0), l.splat(f64::INFINITY));
        let Some((y, v)) = self.studies.next(Lanes::<S, N>::WIDTH).and_then(row::<S, N>) else {
            *cell = [zero, inf, zero];
            return zero;
        };
        let (y, v) = (*y, *v);
        if MISSING != missing::NONE {
            let mut here = l.eq(y, y);
            if MISSING == missing::ANY {
                here = l.and(here, l.lt(v, inf));
            }
            // Nearly every unit has one of the first studies: no question about these, whose answer would often be guessed wrongly.
            if self.open > 0 {
                let without = l.eq(self.count, zero);
                self.origin = l.select(l.and(here, without), y, self.origin);
                self.open -= 1;
                if self.open == 0 && l.any(without) {
                    self.open = 1;
                }
            }
            self.count = l.select(here, l.add(self.count, one), self.count);
            cell[Y] = l.select(here, l.sub(y, self.origin), zero);
            cell[V] = l.select(here, v, inf);
            self.least = l.min(self.least, cell[V]);
            self.most = l.select(here, l.max(self.most, v), self.most);
        } else {
            cell[Y] = l.sub(y, self.origin);
            cell[V] = v;
            self.least = l.min(self.least, v);
            self.most = l.max(self.most, v);
        }
        l.reciprocal::<PRODUCTS>(cell[V])
    }

    #[inline(always)]
    fn add(&mut self, cell: &mut Cell<S, N>, w: Num<S, N>) {
        let l = self.lanes;
        cell[W] = w;
        let square = l.mul(w, w);
        self.s1 = l.add(self.s1, w);
        self.s2 = l.add(self.s2, square);
        if CUBES {
            self.s3 = l.add(self.s3, l.mul(square, w));
        }
        self.t = l.add(self.t, l.mul(w, cell[Y]));
    }

    #[inline(always)]
    fn end(self) -> First<S, N> {
        let Self { lanes: l, origin, count, least, most, s1, s2, s3, t, .. } = self;
        let in_range = l.and(l.ge(least, l.splat(SMALLEST)), l.le(most, l.splat(LARGEST)));
        // NaN or infinite if an effect or a variance was.
        let finite = l.eq(l.sub(t, t), l.splat(0.0));
        let inverse = l.div(l.splat(1.0), s1);
        let sound = l.and(in_range, finite);
        First { origin, count, least, most, s1, inverse, s2, s3, mean: l.mul(t, inverse), sound }
    }
}

pub(super) struct TakeWeights<S: Simd, const N: usize, const WANT: u32> {
    lanes: Lanes<S, N>,
    x: Num<S, N>,
    s1: Num<S, N>,
    s2: Num<S, N>,
    s3: Num<S, N>,
    t: Num<S, N>,
}

impl<S: Simd, const N: usize, const WANT: u32> TakeWeights<S, N, WANT> {
    #[inline(always)]
    pub(super) fn new(lanes: Lanes<S, N>, x: Num<S, N>) -> Self {
        let zero = lanes.splat(0.0);
        Self { lanes, x, s1: zero, s2: zero, s3: zero, t: zero }
    }
}

impl<S: Simd, const N: usize, const WANT: u32> Pass<S, N> for TakeWeights<S, N, WANT> {
    type Output = Weighted<S, N>;
    type Weight = Num<S, N>;

    #[inline(always)]
    fn weight<const PRODUCTS: bool>(&mut self, cell: &mut Cell<S, N>) -> Num<S, N> {
        self.lanes.reciprocal::<PRODUCTS>(self.lanes.add(cell[V], self.x))
    }

    #[inline(always)]
    fn add(&mut self, cell: &mut Cell<S, N>, w: Num<S, N>) {
        let l = self.lanes;
        if WANT != 0 {
            cell[W] = w;
        }
        self.s1 = l.add(self.s1, w);
        self.t = l.add(self.t, l.mul(w, cell[Y]));
        if WANT & want::SLOPES != 0 {
            let square = l.mul(w, w);
            self.s2 = l.add(self.s2, square);
            self.s3 = l.add(self.s3, l.mul(square, w));
        }
    }

    #[inline(always)]
    fn end(self) -> Weighted<S, N> {
        let Self { lanes: l, s1, s2, s3, t, .. } = self;
        let inverse = l.div(l.splat(1.0), s1);
        Weighted { s1, inverse, s2, s3, mean: l.mul(t, inverse) }
    }
}

pub(super) struct TakeResiduals<S: Simd, const N: usize, const WANT: u32> {
    lanes: Lanes<S, N>,
    mean: Num<S, N>,
    sums: Residuals<S, N>,
}

impl<S: Simd, const N: usize, const WANT: u32> TakeResiduals<S, N, WANT> {
    #[inline(always)]
    pub(super) fn new(lanes: Lanes<S, N>, mean: Num<S, N>) -> Self {
        let zero = lanes.splat(0.0);
        Self { lanes, mean, sums: Residuals { q: zero, f: zero, b: zero, c: zero, d: zero, rss: zero } }
    }
}

impl<S: Simd, const N: usize, const WANT: u32> Pass<S, N> for TakeResiduals<S, N, WANT> {
    type Output = Residuals<S, N>;
    type Weight = ();

    #[inline(always)]
    fn weight<const PRODUCTS: bool>(&mut self, _: &mut Cell<S, N>) {}

    #[inline(always)]
    fn add(&mut self, cell: &mut Cell<S, N>, (): ()) {
        let (l, sums) = (self.lanes, &mut self.sums);
        let r = l.sub(cell[Y], self.mean);
        let a = l.mul(cell[W], r);
        if WANT & want::Q != 0 {
            sums.q = l.add(sums.q, l.mul(a, r));
        }
        if WANT & want::F != 0 {
            sums.f = l.add(sums.f, l.mul(a, a));
        }
        if WANT & want::SLOPES != 0 {
            let wa = l.mul(cell[W], a);
            sums.b = l.add(sums.b, wa);
            sums.c = l.add(sums.c, l.mul(wa, a));
        }
        if WANT & want::RSS != 0 {
            let here = l.gt(cell[W], l.splat(0.0));
            sums.rss = l.add(sums.rss, l.select(here, l.mul(r, r), l.splat(0.0)));
        }
    }

    #[inline(always)]
    fn end(self) -> Residuals<S, N> {
        self.sums
    }
}

struct Unweighted<'a, S: Simd, const N: usize> {
    lanes: Lanes<S, N>,
    cells: &'a [Cell<S, N>],
    count: Num<S, N>,
}

impl<S: Simd, const N: usize> NullaryFnOnce for Unweighted<'_, S, N> {
    type Output = (Num<S, N>, Num<S, N>);

    #[inline(always)]
    fn call(self) -> (Num<S, N>, Num<S, N>) {
        let Self { lanes: l, cells, count } = self;
        let (zero, inf) = (l.splat(0.0), l.splat(f64::INFINITY));
        let (mut sum, mut variances, mut rss) = (zero, zero, zero);
        for cell in cells.iter() {
            sum = l.add(sum, cell[Y]);
            variances = l.add(variances, l.select(l.lt(cell[V], inf), cell[V], zero));
        }
        let mean = l.div(sum, count);
        for cell in cells.iter() {
            let r = l.sub(cell[Y], mean);
            rss = l.add(rss, l.select(l.lt(cell[V], inf), l.mul(r, r), zero));
        }
        (rss, variances)
    }
}
