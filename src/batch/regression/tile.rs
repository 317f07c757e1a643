//! One tile of units with a design: their studies in fast memory, and weighted least squares for all of them at once.
//!
//! With `Z` the orthonormal basis of the design, `A = Z'WZ = LL'` and residuals `r`,
//!
//! ```text
//! Q = sum w r^2      y'P^2y = sum w^2 r^2      y'P^3y = sum w^3 r^2 - |L^-1 Z'W^2 r|^2
//! tr P = sum w - tr M      tr P^2 = sum w^2 - 2 tr(A^-1 Z'W^3Z) + tr M^2,      M = L^-1 Z'W^2Z L^-T
//! ```

#![allow(clippy::needless_range_loop, reason = "matrices are written by rows and columns")]

use super::super::kernel::proof::Score;
use super::super::kernel::solve::Profile;
use super::super::kernel::tile::Source;
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::{NullaryFnOnce, Simd};

/// Variances outside this range are left to the careful path: their third powers must not overflow.
const SMALLEST: f64 = f64::from_bits((1023 - 200) << 52);
const LARGEST: f64 = f64::from_bits((1023 + 200) << 52);
/// A pivot of `A` this small, relative to the largest weight, means a design that the studies of a unit do not support, or nearly so.
const PIVOT: f64 = 1.0 / 256.0;

/// A symmetric matrix of each unit, or a triangle: entries `[i][j]` with `j <= i`.
type Matrix<S, const N: usize, const P: usize> = [[Num<S, N>; P]; P];
type Vector<S, const N: usize, const P: usize> = [Num<S, N>; P];

/// One study of every unit of the tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<S: Simd, const N: usize> {
    /// Effect less what the first look at the tile explains; 0 where missing.
    e: Num<S, N>,
    /// Variance; infinite where missing.
    v: Num<S, N>,
    /// The weight last computed.
    w: Num<S, N>,
    /// The residual of the last fit.
    r: Num<S, N>,
}

/// What the design says of one study: its row of the basis, and the products of two of its entries, `z_i z_j` with `j <= i` row by row.
///
/// One product serves the sums of all units with all powers of the weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<const P: usize, const T: usize> {
    z: [f64; P],
    zz: [f64; T],
}

impl<const P: usize, const T: usize> Row<P, T> {
    /// From at most `P` entries; those that are not there are 0.
    pub(super) fn new(entries: &[f64]) -> Self {
        const { assert!(T == P * (P + 1) / 2, "as many products as a triangle has entries") };
        let z = entries.try_into().unwrap_or_else(|_| {
            let mut z = [0.0; P];
            z.iter_mut().zip(entries).for_each(|(to, z)| *to = *z);
            z
        });
        let mut zz = [0.0; T];
        for i in 0..P {
            for j in 0..=i {
                zz[i * (i + 1) / 2 + j] = z[i] * z[j];
            }
        }
        Self { z, zz }
    }
}

impl<S: Simd, const N: usize> Cell<S, N> {
    pub(super) fn empty(lanes: Lanes<S, N>) -> Self {
        let zero = lanes.splat(0.0);
        Self { e: zero, v: zero, w: zero, r: zero }
    }
}

/// What one look at the tile tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct First<S: Simd, const N: usize, const P: usize> {
    /// Effect of the first study that is there, if there is an intercept to take it up.
    pub(super) origin: Num<S, N>,
    /// Coefficients of the basis taken out of the effects.
    pub(super) taken: Vector<S, N, P>,
    pub(super) count: Num<S, N>,
    pub(super) least: Num<S, N>,
    pub(super) most: Num<S, N>,
    /// Sum of squares of what is left of the effects, at least that of ordinary least squares.
    pub(super) rss: Num<S, N>,
    /// Whether all numbers are finite and the variances of ordinary size.
    pub(super) sound: Mask<S, N>,
}

/// Weighted least squares at one tau2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit<S: Simd, const N: usize, const P: usize> {
    /// `L`.
    pub(super) factor: Matrix<S, N, P>,
    /// `L^-1`.
    pub(super) inverse: Matrix<S, N, P>,
    /// Coefficients of the basis, besides those taken out before.
    pub(super) more: Vector<S, N, P>,
    pub(super) q: Num<S, N>,
    pub(super) f: Num<S, N>,
    /// `sum w`
    pub(super) s1: Num<S, N>,
    /// Whether the factor exists with room to spare.
    pub(super) regular: Mask<S, N>,
}

/// A tile in fast memory, with the rows of the basis.
#[derive(Debug)]
pub(super) struct DesignTile<'a, S: Simd, const N: usize, const P: usize, const T: usize> {
    pub(super) lanes: Lanes<S, N>,
    pub(super) cells: &'a mut [Cell<S, N>],
    /// `P` columns, of which those from `columns` on are 0.
    pub(super) rows: &'a [Row<P, T>],
    pub(super) columns: usize,
    /// The smallest variance, once the tile has been read.
    pub(super) least: Num<S, N>,
}

// Each look at the tile is a function of its own, compiled for the instruction set.

struct FitAt<'t, 'a, S: Simd, const N: usize, const P: usize, const T: usize> {
    tile: &'t mut DesignTile<'a, S, N, P, T>,
    x: Num<S, N>,
}

impl<S: Simd, const N: usize, const P: usize, const T: usize> NullaryFnOnce for FitAt<'_, '_, S, N, P, T> {
    type Output = Fit<S, N, P>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.tile.fit_here(self.x)
    }
}

struct ScoreOf<'t, 'a, S: Simd, const N: usize, const P: usize, const T: usize> {
    tile: &'t DesignTile<'a, S, N, P, T>,
    x: Num<S, N>,
    fit: &'t Fit<S, N, P>,
    restricted: bool,
}

impl<S: Simd, const N: usize, const P: usize, const T: usize> NullaryFnOnce for ScoreOf<'_, '_, S, N, P, T> {
    type Output = Score<S, N>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.tile.score_here(self.x, self.fit, self.restricted)
    }
}

struct Read<'t, 'a, S: Simd, const N: usize, const P: usize, const T: usize> {
    tile: &'t mut DesignTile<'a, S, N, P, T>,
    source: Source<'t>,
    intercept: bool,
}

impl<S: Simd, const N: usize, const P: usize, const T: usize> NullaryFnOnce for Read<'_, '_, S, N, P, T> {
    type Output = First<S, N, P>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.tile.read_here(self.source, self.intercept)
    }
}

impl<S: Simd, const N: usize, const P: usize, const T: usize> DesignTile<'_, S, N, P, T> {
    /// Reads the tile and takes out of the effects what the basis explains of them without weights.
    #[inline(always)]
    pub(super) fn read(&mut self, source: Source<'_>, intercept: bool) -> First<S, N, P> {
        self.lanes.run(Read { tile: self, source, intercept })
    }

    #[inline(always)]
    fn read_here(&mut self, source: Source<'_>, intercept: bool) -> First<S, N, P> {
        let l = self.lanes;
        let (zero, one, inf) = (l.splat(0.0), l.splat(1.0), l.splat(f64::INFINITY));
        let (mut least, mut most, mut count, mut origin) = (inf, zero, zero, zero);
        let mut taken = [zero; P];
        for (study, (cell, row)) in self.cells.iter_mut().zip(self.rows).enumerate() {
            let (y, v) = source.row::<S, N>(study).map_or((zero, inf), |(y, v)| (*y, *v));
            let here = l.and(l.eq(y, y), l.lt(v, inf));
            if intercept {
                origin = l.select(l.and(here, l.eq(count, zero)), y, origin);
            }
            count = l.add(count, l.select(here, one, zero));
            cell.e = l.select(here, l.sub(y, origin), zero);
            cell.v = l.select(here, v, inf);
            least = l.min(least, cell.v);
            most = l.max(most, l.select(here, v, zero));
            for (taken, z) in taken.iter_mut().zip(&row.z) {
                *taken = l.add(*taken, l.mul(l.splat(*z), cell.e));
            }
        }
        let mut rss = zero;
        for (cell, row) in self.cells.iter_mut().zip(self.rows) {
            let mut e = cell.e;
            for (taken, z) in taken.iter().zip(&row.z) {
                e = l.sub(e, l.mul(l.splat(*z), *taken));
            }
            cell.e = l.select(l.lt(cell.v, inf), e, zero);
            rss = l.add(rss, l.mul(cell.e, cell.e));
        }
        self.least = least;
        let in_range = l.and(l.ge(least, l.splat(SMALLEST)), l.le(most, l.splat(LARGEST)));
        // NaN or infinite if an effect was.
        let finite = l.eq(l.sub(rss, rss), zero);
        First { origin, taken, count, least, most, rss, sound: l.and(in_range, finite) }
    }

    /// The fit at tau2 = `x`.
    #[inline(always)]
    pub(super) fn fit_at(&mut self, x: Num<S, N>) -> Fit<S, N, P> {
        self.lanes.run(FitAt { tile: self, x })
    }

    /// What the score needs beyond the fit just made.
    #[inline(always)]
    pub(super) fn score_of(&self, x: Num<S, N>, fit: &Fit<S, N, P>, restricted: bool) -> Score<S, N> {
        self.lanes.run(ScoreOf { tile: self, x, fit, restricted })
    }

    #[inline(always)]
    fn fit_here(&mut self, x: Num<S, N>) -> Fit<S, N, P> {
        let l = self.lanes;
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let mut sums = [zero; T];
        let mut b = [zero; P];
        let mut s1 = zero;
        for (cell, row) in self.cells.iter_mut().zip(self.rows) {
            let w = l.div(one, l.add(cell.v, x));
            cell.w = w;
            s1 = l.add(s1, w);
            weigh(l, &mut b, l.mul(w, cell.e), &row.z);
            weigh(l, &mut sums, w, &row.zz);
        }
        let mut a = triangle(l, &sums);
        // A column that is not there has a pivot of its own and touches no other.
        for (j, row) in a.iter_mut().enumerate().skip(self.columns) {
            row[j] = l.splat(f64::MAX);
        }
        // Rounding keeps the order, so this is the largest of the weights to the last bit.
        let largest = l.div(one, l.add(self.least, x));
        let (factor, regular) = cholesky(l, a, l.mul(largest, l.splat(PIVOT)));
        let inverse = inverse(l, &factor);
        let half = product(l, &inverse, &b);
        let more = transposed_product(l, &inverse, &half);
        let (mut q, mut f) = (zero, zero);
        for (cell, row) in self.cells.iter_mut().zip(self.rows) {
            let mut r = cell.e;
            for (more, z) in more.iter().zip(&row.z) {
                r = l.sub(r, l.mul(l.splat(*z), *more));
            }
            cell.r = r;
            let wr = l.mul(cell.w, r);
            q = l.add(q, l.mul(wr, r));
            f = l.add(f, l.mul(wr, wr));
        }
        Fit { factor, inverse, more, q, f, s1, regular }
    }

    #[inline(always)]
    fn score_here(&self, x: Num<S, N>, fit: &Fit<S, N, P>, restricted: bool) -> Score<S, N> {
        let l = self.lanes;
        let zero = l.splat(0.0);
        let (mut s2, mut third) = (zero, zero);
        let mut u = [zero; P];
        let (mut squares, mut cubes) = ([zero; T], [zero; T]);
        for (cell, row) in self.cells.iter().zip(self.rows) {
            let w2 = l.mul(cell.w, cell.w);
            s2 = l.add(s2, w2);
            let w2r = l.mul(w2, cell.r);
            third = l.add(third, l.mul(w2r, l.mul(cell.w, cell.r)));
            weigh(l, &mut u, w2r, &row.z);
            if restricted {
                weigh(l, &mut squares, w2, &row.zz);
                weigh(l, &mut cubes, l.mul(w2, cell.w), &row.zz);
            }
        }
        let half = product(l, &fit.inverse, &u);
        let mut c = third;
        for value in &half {
            c = l.sub(c, l.mul(*value, *value));
        }
        let (g, h) = if restricted {
            let two = l.splat(2.0);
            let (mut g, mut h) = (fit.s1, s2);
            let m = congruence(l, &fit.inverse, &triangle(l, &squares));
            let n = congruence(l, &fit.inverse, &triangle(l, &cubes));
            for i in 0..P {
                g = l.sub(g, m[i][i]);
                h = l.sub(h, l.mul(two, n[i][i]));
                h = l.add(h, l.mul(m[i][i], m[i][i]));
                for j in 0..i {
                    h = l.add(h, l.mul(two, l.mul(m[i][j], m[i][j])));
                }
            }
            (g, h)
        } else {
            (fit.s1, s2)
        };
        Score { x, q: fit.q, f: fit.f, c, g, h }
    }

    /// `sum w (z't)^2` with the weights last computed: the size of a part of the fit.
    #[inline(always)]
    pub(super) fn size(&self, t: &Vector<S, N, P>) -> Num<S, N> {
        let l = self.lanes;
        let mut sum = l.splat(0.0);
        for (cell, row) in self.cells.iter().zip(self.rows) {
            let mut fitted = l.splat(0.0);
            for (t, z) in t.iter().zip(&row.z) {
                fitted = l.add(fitted, l.mul(l.splat(*z), *t));
            }
            sum = l.add(sum, l.mul(cell.w, l.mul(fitted, fitted)));
        }
        sum
    }
}

impl<S: Simd, const N: usize, const P: usize, const T: usize> Profile<S, N> for DesignTile<'_, S, N, P, T> {
    /// The fit is made once more at the solution.
    type Sums = ();
    type End = Fit<S, N, P>;

    #[inline(always)]
    fn lanes(&self) -> Lanes<S, N> {
        self.lanes
    }

    #[inline(always)]
    fn q(&mut self, x: Num<S, N>, (): &()) -> (Num<S, N>, Num<S, N>, ()) {
        let fit = self.fit_at(x);
        (fit.q, fit.f, ())
    }

    #[inline(always)]
    fn score(&mut self, x: Num<S, N>, restricted: bool, (): &()) -> (Score<S, N>, ()) {
        let fit = self.fit_at(x);
        (self.score_of(x, &fit, restricted), ())
    }

    #[inline(always)]
    fn is_firm(&self, (): &(), (): &(), _: f64) -> Mask<S, N> {
        self.lanes.not(self.lanes.none())
    }

    #[inline(always)]
    fn select(&self, _: Mask<S, N>, (): &(), (): &()) {}

    #[inline(always)]
    fn end(&mut self, (): &(), at: &Score<S, N>, step: Num<S, N>) -> Fit<S, N, P> {
        self.fit_at(self.lanes.add(at.x, step))
    }
}

/// Adds the numbers of a study's row with a weight.
#[inline(always)]
fn weigh<S: Simd, const N: usize, const M: usize>(
    l: Lanes<S, N>,
    sums: &mut [Num<S, N>; M],
    weight: Num<S, N>,
    row: &[f64; M],
) {
    for (sum, z) in sums.iter_mut().zip(row) {
        *sum = l.add(*sum, l.mul(weight, l.splat(*z)));
    }
}

/// The matrix of sums of products in the order of [`Row::zz`].
#[inline(always)]
fn triangle<S: Simd, const N: usize, const P: usize, const T: usize>(
    l: Lanes<S, N>,
    sums: &[Num<S, N>; T],
) -> Matrix<S, N, P> {
    let mut matrix = [[l.splat(0.0); P]; P];
    for i in 0..P {
        for j in 0..=i {
            matrix[i][j] = sums[i * (i + 1) / 2 + j];
        }
    }
    matrix
}

/// `L` of `A = LL'`, and the units whose pivots are all above `least`.
#[inline(always)]
fn cholesky<S: Simd, const N: usize, const P: usize>(
    l: Lanes<S, N>,
    a: Matrix<S, N, P>,
    least: Num<S, N>,
) -> (Matrix<S, N, P>, Mask<S, N>) {
    let mut factor = a;
    let mut regular = l.not(l.none());
    for j in 0..P {
        let mut pivot = a[j][j];
        for m in 0..j {
            pivot = l.sub(pivot, l.mul(factor[j][m], factor[j][m]));
        }
        let sound = l.gt(pivot, least);
        regular = l.and(regular, sound);
        let root = l.sqrt(l.select(sound, pivot, l.splat(1.0)));
        factor[j][j] = root;
        for i in j + 1..P {
            let mut entry = a[i][j];
            for m in 0..j {
                entry = l.sub(entry, l.mul(factor[i][m], factor[j][m]));
            }
            factor[i][j] = l.div(entry, root);
        }
    }
    (factor, regular)
}

/// Inverse of a lower triangle.
#[inline(always)]
fn inverse<S: Simd, const N: usize, const P: usize>(l: Lanes<S, N>, factor: &Matrix<S, N, P>) -> Matrix<S, N, P> {
    let mut inverse = [[l.splat(0.0); P]; P];
    for j in 0..P {
        for i in j..P {
            let mut entry = l.splat(if i == j { 1.0 } else { 0.0 });
            for m in j..i {
                entry = l.sub(entry, l.mul(factor[i][m], inverse[m][j]));
            }
            inverse[i][j] = l.div(entry, factor[i][i]);
        }
    }
    inverse
}

/// A lower triangle times a vector.
#[inline(always)]
fn product<S: Simd, const N: usize, const P: usize>(
    l: Lanes<S, N>,
    triangle: &Matrix<S, N, P>,
    b: &Vector<S, N, P>,
) -> Vector<S, N, P> {
    let mut out = [l.splat(0.0); P];
    for i in 0..P {
        for j in 0..=i {
            out[i] = l.add(out[i], l.mul(triangle[i][j], b[j]));
        }
    }
    out
}

/// The transpose of a lower triangle times a vector.
#[inline(always)]
fn transposed_product<S: Simd, const N: usize, const P: usize>(
    l: Lanes<S, N>,
    triangle: &Matrix<S, N, P>,
    b: &Vector<S, N, P>,
) -> Vector<S, N, P> {
    let mut out = [l.splat(0.0); P];
    for j in 0..P {
        for i in j..P {
            out[j] = l.add(out[j], l.mul(triangle[i][j], b[i]));
        }
    }
    out
}

/// `T B T'` for a lower triangle `T` and a symmetric `B`, of which the entries `j <= i` are used and returned.
#[inline(always)]
fn congruence<S: Simd, const N: usize, const P: usize>(
    l: Lanes<S, N>,
    t: &Matrix<S, N, P>,
    b: &Matrix<S, N, P>,
) -> Matrix<S, N, P> {
    let zero = l.splat(0.0);
    let mut left = [[zero; P]; P];
    for i in 0..P {
        for j in 0..P {
            for m in 0..=i {
                let entry = if m >= j { b[m][j] } else { b[j][m] };
                left[i][j] = l.add(left[i][j], l.mul(t[i][m], entry));
            }
        }
    }
    let mut out = [[zero; P]; P];
    for i in 0..P {
        for j in 0..=i {
            for m in 0..=j {
                out[i][j] = l.add(out[i][j], l.mul(left[i][m], t[j][m]));
            }
        }
    }
    out
}
