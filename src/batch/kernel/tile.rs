//! One tile of units: their studies in fast memory and the sums over them, study after study.

use super::lanes::{Lanes, Mask, Num};
use pulp::{NullaryFnOnce, Simd};

/// Variances outside this range are left to the careful path: their third powers must not overflow.
const SMALLEST: f64 = f64::from_bits((1023 - 200) << 52);
const LARGEST: f64 = f64::from_bits((1023 + 200) << 52);

/// Where a tile's studies are found.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) enum Source<'a> {
    /// Study `i` at `i * stride + at`.
    Rows { y: &'a [f64], v: &'a [f64], stride: usize, at: usize },
    /// Study `i` at `at` of slice `i`.
    Columns { y: &'a [&'a [f64]], v: &'a [&'a [f64]], at: usize },
}

impl<'a> Source<'a> {
    #[inline(always)]
    pub(in crate::batch) fn row<S: Simd, const N: usize>(
        &self,
        study: usize,
    ) -> Option<(&'a Num<S, N>, &'a Num<S, N>)> {
        let (y, v) = match *self {
            Self::Rows { y, v, stride, at } => {
                let from = study * stride + at;
                (y.get(from..)?, v.get(from..)?)
            }
            Self::Columns { y, v, at } => (y.get(study)?.get(at..)?, v.get(study)?.get(at..)?),
        };
        let width = Lanes::<S, N>::WIDTH;
        let (y, v) = (S::as_simd_f64s(y.get(..width)?).0, S::as_simd_f64s(v.get(..width)?).0);
        Some((y.first_chunk()?, v.first_chunk()?))
    }
}

/// One study of every unit of the tile; aligned so that no vector straddles two lines of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(in crate::batch) struct Cell<S: Simd, const N: usize> {
    /// Effect relative to the unit's first study; 0 where missing.
    y: Num<S, N>,
    /// Variance; infinite where missing, so that its weight is 0.
    v: Num<S, N>,
    /// The weight last computed.
    w: Num<S, N>,
}

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
    /// `sum w^2`
    pub(in crate::batch) s2: Num<S, N>,
    /// `sum w^3`
    pub(in crate::batch) s3: Num<S, N>,
    /// The weighted mean, relative to the origin.
    pub(in crate::batch) mean: Num<S, N>,
    /// Whether all numbers are finite and the variances of ordinary size.
    pub(in crate::batch) sound: Mask<S, N>,
}

/// The sums at one tau2.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Sums<S: Simd, const N: usize> {
    pub(in crate::batch) s1: Num<S, N>,
    pub(in crate::batch) s2: Num<S, N>,
    pub(in crate::batch) s3: Num<S, N>,
    pub(in crate::batch) mean: Num<S, N>,
    pub(in crate::batch) residuals: Residuals<S, N>,
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
    /// `sum r^2`, for the proof of uniqueness.
    pub(in crate::batch) rss: Num<S, N>,
}

/// Which sums a pass takes.
pub(in crate::batch) mod want {
    pub(in crate::batch) const Q: u32 = 1;
    /// `f` and `sum w^2`.
    pub(in crate::batch) const F: u32 = 1 << 1;
    /// What the slopes of the score's halves need.
    pub(in crate::batch) const SLOPES: u32 = 1 << 2;
    pub(in crate::batch) const RSS: u32 = 1 << 3;
}

/// A tile in fast memory.
#[derive(Debug)]
pub(in crate::batch) struct Tile<'a, S: Simd, const N: usize> {
    pub(in crate::batch) lanes: Lanes<S, N>,
    pub(in crate::batch) cells: &'a mut [Cell<S, N>],
}

impl<S: Simd, const N: usize> Cell<S, N> {
    pub(in crate::batch) fn empty(lanes: Lanes<S, N>) -> Self {
        let zero = lanes.splat(0.0);
        Self { y: zero, v: zero, w: zero }
    }
}

impl<S: Simd, const N: usize> Tile<'_, S, N> {
    /// Reads the tile and takes the sums of tau2 = 0. Without `MISSING` every study must be there, or `sound` says no.
    #[inline(always)]
    pub(in crate::batch) fn read<const MISSING: bool>(&mut self, source: Source<'_>) -> First<S, N> {
        self.lanes.run(Read::<'_, S, N, MISSING> { lanes: self.lanes, cells: self.cells, source })
    }

    /// Sums at tau2 = `x`.
    #[inline(always)]
    pub(in crate::batch) fn sums<const WANT: u32>(&mut self, x: Num<S, N>) -> Sums<S, N> {
        self.lanes.run(TakeSums::<'_, S, N, WANT> { lanes: self.lanes, cells: self.cells, x })
    }

    /// Sums over residuals from `mean`, with the weights last computed.
    #[inline(always)]
    pub(in crate::batch) fn residuals<const WANT: u32>(&self, mean: Num<S, N>) -> Residuals<S, N> {
        self.lanes.run(TakeResiduals::<'_, S, N, WANT> { lanes: self.lanes, cells: self.cells, mean })
    }

    /// Residual sum of squares about the plain mean, and the sum of the variances.
    #[inline(always)]
    pub(in crate::batch) fn unweighted(&self, count: Num<S, N>) -> (Num<S, N>, Num<S, N>) {
        self.lanes.run(Unweighted { lanes: self.lanes, cells: self.cells, count })
    }
}

// Each pass is a function of its own, compiled for the instruction set: one loop, whoever asks for it.

struct Read<'a, S: Simd, const N: usize, const MISSING: bool> {
    lanes: Lanes<S, N>,
    cells: &'a mut [Cell<S, N>],
    source: Source<'a>,
}

impl<S: Simd, const N: usize, const MISSING: bool> NullaryFnOnce for Read<'_, S, N, MISSING> {
    type Output = First<S, N>;

    #[inline(always)]
    fn call(self) -> First<S, N> {
        let Self { lanes: l, cells, source } = self;
        let (zero, one, inf) = (l.splat(0.0), l.splat(1.0), l.splat(f64::INFINITY));
        let (mut s1, mut s2, mut s3, mut t) = (zero, zero, zero, zero);
        let (mut least, mut most) = (inf, zero);
        let mut origin = zero;
        let mut count = if MISSING { zero } else { l.splat(cells.len() as f64) };
        for (study, cell) in cells.iter_mut().enumerate() {
            let (y, v) = source.row::<S, N>(study).map_or((zero, inf), |(y, v)| (*y, *v));
            if MISSING {
                let here = l.and(l.eq(y, y), l.lt(v, inf));
                let first = l.and(here, l.eq(count, zero));
                origin = l.select(first, y, origin);
                count = l.add(count, l.select(here, one, zero));
                cell.y = l.select(here, l.sub(y, origin), zero);
                cell.v = l.select(here, v, inf);
                least = l.min(least, cell.v);
                most = l.max(most, l.select(here, v, zero));
            } else {
                if study == 0 {
                    origin = y;
                }
                cell.y = l.sub(y, origin);
                cell.v = v;
                least = l.min(least, v);
                most = l.max(most, v);
            }
            cell.w = l.div(one, cell.v);
            let square = l.mul(cell.w, cell.w);
            s1 = l.add(s1, cell.w);
            s2 = l.add(s2, square);
            s3 = l.add(s3, l.mul(square, cell.w));
            t = l.add(t, l.mul(cell.w, cell.y));
        }
        let in_range = l.and(l.ge(least, l.splat(SMALLEST)), l.le(most, l.splat(LARGEST)));
        // NaN or infinite if an effect or a variance was.
        let finite = l.eq(l.sub(t, t), zero);
        First { origin, count, least, most, s1, s2, s3, mean: l.div(t, s1), sound: l.and(in_range, finite) }
    }
}

struct TakeSums<'a, S: Simd, const N: usize, const WANT: u32> {
    lanes: Lanes<S, N>,
    cells: &'a mut [Cell<S, N>],
    x: Num<S, N>,
}

impl<S: Simd, const N: usize, const WANT: u32> NullaryFnOnce for TakeSums<'_, S, N, WANT> {
    type Output = Sums<S, N>;

    #[inline(always)]
    fn call(self) -> Sums<S, N> {
        let Self { lanes: l, cells, x } = self;
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let (mut s1, mut s2, mut s3, mut t) = (zero, zero, zero, zero);
        for cell in cells.iter_mut() {
            let w = l.div(one, l.add(cell.v, x));
            cell.w = w;
            s1 = l.add(s1, w);
            t = l.add(t, l.mul(w, cell.y));
            if WANT & want::SLOPES != 0 {
                let square = l.mul(w, w);
                s2 = l.add(s2, square);
                s3 = l.add(s3, l.mul(square, w));
            }
        }
        let mean = l.div(t, s1);
        let residuals = TakeResiduals::<'_, S, N, WANT> { lanes: l, cells, mean }.call();
        Sums { s1, s2, s3, mean, residuals }
    }
}

struct TakeResiduals<'a, S: Simd, const N: usize, const WANT: u32> {
    lanes: Lanes<S, N>,
    cells: &'a [Cell<S, N>],
    mean: Num<S, N>,
}

impl<S: Simd, const N: usize, const WANT: u32> NullaryFnOnce for TakeResiduals<'_, S, N, WANT> {
    type Output = Residuals<S, N>;

    #[inline(always)]
    fn call(self) -> Residuals<S, N> {
        let Self { lanes: l, cells, mean } = self;
        let zero = l.splat(0.0);
        let mut sums = Residuals { q: zero, f: zero, b: zero, c: zero, rss: zero };
        if WANT == 0 {
            return sums;
        }
        for cell in cells.iter() {
            let r = l.sub(cell.y, mean);
            let a = l.mul(cell.w, r);
            if WANT & want::Q != 0 {
                sums.q = l.add(sums.q, l.mul(a, r));
            }
            if WANT & want::F != 0 {
                sums.f = l.add(sums.f, l.mul(a, a));
            }
            if WANT & want::SLOPES != 0 {
                let wa = l.mul(cell.w, a);
                sums.b = l.add(sums.b, wa);
                sums.c = l.add(sums.c, l.mul(wa, a));
            }
            if WANT & want::RSS != 0 {
                let here = l.gt(cell.w, zero);
                sums.rss = l.add(sums.rss, l.select(here, l.mul(r, r), zero));
            }
        }
        sums
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
            sum = l.add(sum, cell.y);
            variances = l.add(variances, l.select(l.lt(cell.v, inf), cell.v, zero));
        }
        let mean = l.div(sum, count);
        for cell in cells.iter() {
            let r = l.sub(cell.y, mean);
            rss = l.add(rss, l.select(l.lt(cell.v, inf), l.mul(r, r), zero));
        }
        (rss, variances)
    }
}
