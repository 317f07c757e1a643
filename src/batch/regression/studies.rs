//! What a fit with a design asks of the studies of a tile: sums over them, whatever lies in the lanes.

use super::super::kernel::tile::Source;
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::Simd;

/// Variances outside this range are left to the careful path: their third powers must not overflow.
const SMALLEST: f64 = f64::from_bits((1023 - 200) << 52);
const LARGEST: f64 = f64::from_bits((1023 + 200) << 52);

/// A number for each column of the basis.
pub(super) type Vector<S, const N: usize, const P: usize> = [Num<S, N>; P];
/// A number for each product of two columns `i` and `j <= i`, row by row.
pub(super) type Products<S, const N: usize, const T: usize> = [Num<S, N>; T];

/// The studies of a tile, with the rows of the basis.
///
/// Every sum is taken study after study, so that whatever has them gives the same bits.
pub(super) trait Studies<S: Simd, const N: usize, const P: usize, const T: usize> {
    /// Reads them and takes out of the effects what the basis explains of them without weights.
    fn read(&mut self, l: Lanes<S, N>, source: Source<'_>, intercept: bool) -> First<S, N, P>;

    /// Computes the weights at tau2 = `x`, and sums over them.
    fn weigh(&mut self, l: Lanes<S, N>, x: Num<S, N>) -> Weighed<S, N, P, T>;

    /// Computes the residuals from the fit with these coefficients besides those taken out before: `sum w r^2` and `sum w^2 r^2`.
    fn residuals(&mut self, l: Lanes<S, N>, more: &Vector<S, N, P>) -> (Num<S, N>, Num<S, N>);

    /// The same, and sums over powers of the weights; of products with `RESTRICTED` only.
    fn residuals_and_powers<const RESTRICTED: bool>(
        &mut self,
        l: Lanes<S, N>,
        more: &Vector<S, N, P>,
    ) -> ((Num<S, N>, Num<S, N>), Powers<S, N, P, T>);

    /// `sum w (z't)^2` with the weights last computed: the size of a part of the fit.
    fn size(&mut self, l: Lanes<S, N>, t: &Vector<S, N, P>) -> Num<S, N>;
}

/// What one look at the studies tells.
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

/// Whether variances between these are of ordinary size, and effects whose sum of squares this is are finite.
pub(super) fn sound<S: Simd, const N: usize>(
    l: Lanes<S, N>,
    (least, most): (Num<S, N>, Num<S, N>),
    rss: Num<S, N>,
) -> Mask<S, N> {
    let in_range = l.and(l.ge(least, l.splat(SMALLEST)), l.le(most, l.splat(LARGEST)));
    // NaN or infinite if an effect was.
    l.and(in_range, l.eq(l.sub(rss, rss), l.splat(0.0)))
}

/// Sums over the weights at one tau2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed<S: Simd, const N: usize, const P: usize, const T: usize> {
    /// `sum w`
    pub(super) s1: Num<S, N>,
    /// `Z'W e`
    pub(super) b: Vector<S, N, P>,
    /// `Z'WZ`
    pub(super) a: Products<S, N, T>,
}

/// Sums over powers of the weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Powers<S: Simd, const N: usize, const P: usize, const T: usize> {
    /// `sum w^2`
    pub(super) s2: Num<S, N>,
    /// `sum w^3 r^2`
    pub(super) third: Num<S, N>,
    /// `Z'W^2 r`
    pub(super) u: Vector<S, N, P>,
    /// `Z'W^2 Z`
    pub(super) squares: Products<S, N, T>,
    /// `Z'W^3 Z`
    pub(super) cubes: Products<S, N, T>,
}
