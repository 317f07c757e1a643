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
use super::studies::{First, Products, Studies, Vector};
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::{NullaryFnOnce, Simd};

/// A pivot of `A` this small, relative to the largest weight, means a design that the studies of a unit do not support, or nearly so.
const PIVOT: f64 = 1.0 / 256.0;

/// A symmetric matrix of each unit, or a triangle: entries `[i][j]` with `j <= i`.
type Matrix<S, const N: usize, const P: usize> = [[Num<S, N>; P]; P];

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

/// Scores at one tau2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scores<S: Simd, const N: usize> {
    pub(super) full: Score<S, N>,
    /// That of the likelihood that was asked for.
    pub(super) asked: Score<S, N>,
}

/// A tile in fast memory, with room for the products of two columns that `T` counts.
#[derive(Debug)]
pub(super) struct DesignTile<C, S: Simd, const N: usize, const P: usize, const T: usize> {
    pub(super) lanes: Lanes<S, N>,
    studies: C,
    /// Of `P` columns of the basis those from here on are 0.
    pub(super) columns: usize,
    /// The smallest variance, once the tile has been read.
    least: Num<S, N>,
    /// The fit last made.
    pub(super) fit: Fit<S, N, P>,
}

// Each look at the tile is a function of its own, compiled for the instruction set.

struct FitAt<'t, C, S: Simd, const N: usize, const P: usize, const T: usize> {
    tile: &'t mut DesignTile<C, S, N, P, T>,
    x: Num<S, N>,
}

impl<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize> NullaryFnOnce
    for FitAt<'_, C, S, N, P, T>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.tile.fit_here(self.x);
    }
}

struct ScoreAt<'t, C, S: Simd, const N: usize, const P: usize, const T: usize> {
    tile: &'t mut DesignTile<C, S, N, P, T>,
    x: Num<S, N>,
    restricted: bool,
}

impl<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize> NullaryFnOnce
    for ScoreAt<'_, C, S, N, P, T>
{
    type Output = Scores<S, N>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        if self.restricted { self.tile.score_here::<true>(self.x) } else { self.tile.score_here::<false>(self.x) }
    }
}

struct Read<'t, C, S: Simd, const N: usize, const P: usize, const T: usize> {
    tile: &'t mut DesignTile<C, S, N, P, T>,
    source: Source<'t>,
    intercept: bool,
}

impl<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize> NullaryFnOnce
    for Read<'_, C, S, N, P, T>
{
    type Output = First<S, N, P>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let tile = self.tile;
        let first = tile.studies.read(tile.lanes, self.source, self.intercept);
        tile.least = first.least;
        first
    }
}

impl<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize> DesignTile<C, S, N, P, T> {
    pub(super) fn new(lanes: Lanes<S, N>, studies: C, columns: usize) -> Self {
        let zero = lanes.splat(0.0);
        let (none, regular) = ([[zero; P]; P], lanes.none());
        let fit = Fit { factor: none, inverse: none, more: [zero; P], q: zero, f: zero, s1: zero, regular };
        Self { lanes, studies, columns, least: zero, fit }
    }

    /// Reads the tile and takes out of the effects what the basis explains of them without weights.
    #[inline(always)]
    pub(super) fn read(&mut self, source: Source<'_>, intercept: bool) -> First<S, N, P> {
        self.lanes.run(Read { tile: self, source, intercept })
    }

    /// Makes the fit at tau2 = `x`.
    #[inline(always)]
    pub(super) fn fit_at(&mut self, x: Num<S, N>) {
        self.lanes.run(FitAt { tile: self, x });
    }

    /// Makes the fit at tau2 = `x`; the scores there, that of the restricted likelihood only if asked for.
    #[inline(always)]
    pub(super) fn score_at(&mut self, x: Num<S, N>, restricted: bool) -> Scores<S, N> {
        self.lanes.run(ScoreAt { tile: self, x, restricted })
    }

    /// `sum w (z't)^2` with the weights last computed: the size of a part of the fit.
    #[inline(always)]
    pub(super) fn size(&mut self, t: &Vector<S, N, P>) -> Num<S, N> {
        self.studies.size(self.lanes, t)
    }

    #[inline(always)]
    fn fit_here(&mut self, x: Num<S, N>) {
        self.find_coefficients(x);
        (self.fit.q, self.fit.f) = self.studies.residuals(self.lanes, &self.fit.more);
    }

    /// Makes the fit but for the sums over residuals.
    #[inline(always)]
    fn find_coefficients(&mut self, x: Num<S, N>) {
        let l = self.lanes;
        let sums = self.studies.weigh(l, x);
        let mut a = triangle(l, &sums.a);
        // A column that is not there has a pivot of its own and touches no other.
        for (j, row) in a.iter_mut().enumerate().skip(self.columns) {
            row[j] = l.splat(f64::MAX);
        }
        // Rounding keeps the order, so this is the largest of the weights to the last bit.
        let largest = l.div(l.splat(1.0), l.add(self.least, x));
        let (factor, regular) = cholesky(l, a, l.mul(largest, l.splat(PIVOT)));
        let inverse = inverse(l, &factor);
        let half = product(l, &inverse, &sums.b);
        let more = transposed_product(l, &inverse, &half);
        self.fit = Fit { factor, inverse, more, s1: sums.s1, regular, ..self.fit };
    }

    #[inline(always)]
    fn score_here<const RESTRICTED: bool>(&mut self, x: Num<S, N>) -> Scores<S, N> {
        let l = self.lanes;
        self.find_coefficients(x);
        let Self { studies, fit, .. } = self;
        let ((q, f), sums) = studies.residuals_and_powers::<RESTRICTED>(l, &fit.more);
        (fit.q, fit.f) = (q, f);
        let half = product(l, &fit.inverse, &sums.u);
        let mut c = sums.third;
        for value in &half {
            c = l.sub(c, l.mul(*value, *value));
        }
        let full = Score { x, f, c, g: fit.s1, h: sums.s2 };
        let mut asked = full;
        if RESTRICTED {
            let two = l.splat(2.0);
            let Score { g, h, .. } = &mut asked;
            let m = congruence(l, &fit.inverse, &triangle(l, &sums.squares));
            let n = congruence(l, &fit.inverse, &triangle(l, &sums.cubes));
            for i in 0..P {
                *g = l.sub(*g, m[i][i]);
                *h = l.sub(*h, l.mul(two, n[i][i]));
                *h = l.add(*h, l.mul(m[i][i], m[i][i]));
                for j in 0..i {
                    *h = l.add(*h, l.mul(two, l.mul(m[i][j], m[i][j])));
                }
            }
        }
        Scores { full, asked }
    }
}

impl<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize> Profile<S, N>
    for DesignTile<C, S, N, P, T>
{
    /// The fit is made once more at the solution.
    type Sums = ();
    type End = Fit<S, N, P>;

    #[inline(always)]
    fn lanes(&self) -> Lanes<S, N> {
        self.lanes
    }

    #[inline(always)]
    fn q(&mut self, x: Num<S, N>, (): &()) -> (Num<S, N>, Num<S, N>, ()) {
        self.fit_at(x);
        (self.fit.q, self.fit.f, ())
    }

    #[inline(always)]
    fn score(&mut self, x: Num<S, N>, restricted: bool, (): &()) -> (Score<S, N>, ()) {
        (self.score_at(x, restricted).asked, ())
    }

    #[inline(always)]
    fn is_firm<const Q: bool>(&self, (): &(), (): &(), _: f64) -> Mask<S, N> {
        self.lanes.not(self.lanes.none())
    }

    #[inline(always)]
    fn select(&self, _: Mask<S, N>, (): &(), (): &()) {}

    #[inline(always)]
    fn end(&mut self, (): &(), at: &Score<S, N>, step: Num<S, N>) -> Fit<S, N, P> {
        self.fit_at(self.lanes.add(at.x, step));
        self.fit
    }
}

/// The matrix of sums of products.
#[inline(always)]
fn triangle<S: Simd, const N: usize, const P: usize, const T: usize>(
    l: Lanes<S, N>,
    sums: &Products<S, N, T>,
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
