//! The studies of a tile with one unit in each lane.

use super::super::kernel::tile::Source;
use super::design::BatchDesign;
use super::studies::{First, Powers, Studies, Vector, Weighed, sound};
use crate::num::lanes::{Lanes, Num};
use pulp::Simd;

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

impl<S: Simd, const N: usize> Cell<S, N> {
    pub(super) fn empty(lanes: Lanes<S, N>) -> Self {
        let zero = lanes.splat(0.0);
        Self { e: zero, v: zero, w: zero, r: zero }
    }
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
    /// Of at most `P` columns; those that are not there are 0.
    pub(super) fn new(design: &BatchDesign, study: usize) -> Self {
        const { assert!(T == P * (P + 1) / 2, "as many products as a triangle has entries") };
        let mut z = [0.0; P];
        for (to, column) in z.iter_mut().zip(design.basis()) {
            *to = column.get(study).copied().unwrap_or_default();
        }
        let mut zz = [0.0; T];
        for i in 0..P {
            for j in 0..=i {
                zz[i * (i + 1) / 2 + j] = z[i] * z[j];
            }
        }
        Self { z, zz }
    }
}

/// The studies of the units, and the design.
#[derive(Debug)]
pub(super) struct Cells<'a, S: Simd, const N: usize, const P: usize, const T: usize> {
    pub(super) cells: &'a mut [Cell<S, N>],
    /// Rows of `P` columns, of which some may be 0.
    pub(super) rows: &'a [Row<P, T>],
}

impl<S: Simd, const N: usize, const P: usize, const T: usize> Studies<S, N, P, T> for Cells<'_, S, N, P, T> {
    #[inline(always)]
    fn read(&mut self, l: Lanes<S, N>, source: Source<'_>, intercept: bool) -> First<S, N, P> {
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
            let e = sub_fitted(l, cell.e, &row.z, &taken);
            cell.e = l.select(l.lt(cell.v, inf), e, zero);
            rss = l.add(rss, l.mul(cell.e, cell.e));
        }
        First { origin, taken, count, least, most, rss, sound: sound(l, (least, most), rss) }
    }

    #[inline(always)]
    fn weigh(&mut self, l: Lanes<S, N>, x: Num<S, N>) -> Weighed<S, N, P, T> {
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let (mut s1, mut b, mut a) = (zero, [zero; P], [zero; T]);
        for (cell, row) in self.cells.iter_mut().zip(self.rows) {
            let w = l.div(one, l.add(cell.v, x));
            cell.w = w;
            s1 = l.add(s1, w);
            weigh(l, &mut b, l.mul(w, cell.e), &row.z);
            weigh(l, &mut a, w, &row.zz);
        }
        Weighed { s1, b, a }
    }

    #[inline(always)]
    fn residuals(&mut self, l: Lanes<S, N>, more: &Vector<S, N, P>) -> (Num<S, N>, Num<S, N>) {
        let (mut q, mut f) = (l.splat(0.0), l.splat(0.0));
        for (cell, row) in self.cells.iter_mut().zip(self.rows) {
            let r = sub_fitted(l, cell.e, &row.z, more);
            cell.r = r;
            let wr = l.mul(cell.w, r);
            q = l.add(q, l.mul(wr, r));
            f = l.add(f, l.mul(wr, wr));
        }
        (q, f)
    }

    #[inline(always)]
    fn residuals_and_powers<const RESTRICTED: bool>(
        &mut self,
        l: Lanes<S, N>,
        more: &Vector<S, N, P>,
    ) -> ((Num<S, N>, Num<S, N>), Powers<S, N, P, T>) {
        let of_residuals = self.residuals(l, more);
        let zero = l.splat(0.0);
        let (mut s2, mut third, mut u) = (zero, zero, [zero; P]);
        let (mut squares, mut cubes) = ([zero; T], [zero; T]);
        for (cell, row) in self.cells.iter().zip(self.rows) {
            let w2 = l.mul(cell.w, cell.w);
            s2 = l.add(s2, w2);
            let w2r = l.mul(w2, cell.r);
            third = l.add(third, l.mul(w2r, l.mul(cell.w, cell.r)));
            weigh(l, &mut u, w2r, &row.z);
            if RESTRICTED {
                weigh(l, &mut squares, w2, &row.zz);
                weigh(l, &mut cubes, l.mul(w2, cell.w), &row.zz);
            }
        }
        (of_residuals, Powers { s2, third, u, squares, cubes })
    }

    #[inline(always)]
    fn size(&mut self, l: Lanes<S, N>, t: &Vector<S, N, P>) -> Num<S, N> {
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

/// What is left of an effect without what these coefficients explain.
#[inline(always)]
fn sub_fitted<S: Simd, const N: usize, const P: usize>(
    l: Lanes<S, N>,
    effect: Num<S, N>,
    row: &[f64; P],
    coefficients: &Vector<S, N, P>,
) -> Num<S, N> {
    let mut rest = effect;
    for (coefficient, z) in coefficients.iter().zip(row) {
        rest = l.sub(rest, l.mul(l.splat(*z), *coefficient));
    }
    rest
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
