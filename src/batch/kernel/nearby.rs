//! The sums at one tau2 in one loop, over residuals from the mean at a tau2 before.
//!
//! Residuals from the mean itself would take a second loop, which waits for all weights of the first. With residuals `r` from any number
//! and `d = sum w r / sum w`, how far the mean is from it,
//!
//! ```text
//! sum w (r - d)^2   = sum w r^2   - d sum w r
//! sum w^2 (r - d)   = sum w^2 r   - d sum w^2
//! sum w^2 (r - d)^2 = sum w^2 r^2 - d (2 sum w^2 r - d sum w^2)        and so for w^3
//! ```
//!
//! No digits are lost as long as what is taken away is not many times what is left, see [`is_firm`]. From one step of a solver to the next
//! the mean moves by little, and hardly at all in the last ones.

use super::tile::{Cell, Pass, Residuals, V, Weighted, Y, want};
use crate::num::lanes::{Lanes, Mask, Num};
use pulp::Simd;

/// The sums at tau2 = `x`, over residuals from `near`.
pub(super) struct TakeNearby<S: Simd, const N: usize, const WANT: u32> {
    lanes: Lanes<S, N>,
    x: Num<S, N>,
    near: Num<S, N>,
    s1: Num<S, N>,
    s2: Num<S, N>,
    s3: Num<S, N>,
    /// `sum w r`
    t: Num<S, N>,
    sums: Residuals<S, N>,
}

impl<S: Simd, const N: usize, const WANT: u32> TakeNearby<S, N, WANT> {
    #[inline(always)]
    pub(super) fn new(lanes: Lanes<S, N>, x: Num<S, N>, near: Num<S, N>) -> Self {
        let zero = lanes.splat(0.0);
        let sums = Residuals { q: zero, f: zero, b: zero, c: zero, d: zero, rss: zero };
        Self { lanes, x, near, s1: zero, s2: zero, s3: zero, t: zero, sums }
    }
}

impl<S: Simd, const N: usize, const WANT: u32> Pass<S, N> for TakeNearby<S, N, WANT> {
    type Output = (Weighted<S, N>, Residuals<S, N>);
    type Weight = Num<S, N>;

    #[inline(always)]
    fn weight<const PRODUCTS: bool>(&mut self, cell: &mut Cell<S, N>) -> Num<S, N> {
        self.lanes.reciprocal::<PRODUCTS>(self.lanes.add(cell[V], self.x))
    }

    #[inline(always)]
    fn add(&mut self, cell: &mut Cell<S, N>, w: Num<S, N>) {
        let (l, sums) = (self.lanes, &mut self.sums);
        let r = l.sub(cell[Y], self.near);
        let a = l.mul(w, r);
        self.s1 = l.add(self.s1, w);
        self.t = l.add(self.t, a);
        if WANT & want::Q != 0 {
            sums.q = l.add(sums.q, l.mul(a, r));
        }
        let (square, wa) = (l.mul(w, w), l.mul(w, a));
        if WANT & want::F != 0 {
            sums.f = l.add(sums.f, l.mul(a, a));
            sums.b = l.add(sums.b, wa);
            self.s2 = l.add(self.s2, square);
        }
        if WANT & want::SLOPES != 0 {
            self.s3 = l.add(self.s3, l.mul(square, w));
            sums.d = l.add(sums.d, l.mul(w, wa));
            sums.c = l.add(sums.c, l.mul(wa, a));
        }
    }

    #[inline(always)]
    fn end(self) -> Self::Output {
        let Self { lanes: l, near, s1, s2, s3, t, sums, .. } = self;
        let inverse = l.div(l.splat(1.0), s1);
        let moved = l.mul(t, inverse);
        let mean = l.add(near, moved);
        // -2 sum w r d + sum w d^2
        let less = |linear, square| l.mul(moved, l.sub(l.add(linear, linear), l.mul(moved, square)));
        let q = l.sub(sums.q, l.mul(moved, t));
        let f = l.sub(sums.f, less(sums.b, s2));
        let b = l.sub(sums.b, l.mul(moved, s2));
        let c = l.sub(sums.c, less(sums.d, s3));
        let d = l.sub(sums.d, l.mul(moved, s3));
        (Weighted { s1, inverse, s2, s3, mean }, Residuals { q, f, b, c, d, rss: sums.rss })
    }
}

/// Whether no more than `most` times what is left was taken away from the sums of the score; with `Q` from Q too.
#[inline(always)]
pub(super) fn is_firm<S: Simd, const N: usize, const Q: bool>(
    l: Lanes<S, N>,
    near: Num<S, N>,
    (weighted, residuals): &(Weighted<S, N>, Residuals<S, N>),
    most: f64,
) -> Mask<S, N> {
    let moved = l.sub(weighted.mean, near);
    let square = l.mul(moved, moved);
    let most = l.splat(most);
    let f = l.le(l.mul(square, weighted.s2), l.mul(most, residuals.f));
    if Q { l.and(f, l.le(l.mul(square, weighted.s1), l.mul(most, residuals.q))) } else { f }
}

#[cfg(test)]
mod tests {
    use super::super::tile::{Rows, Source, Tile, missing};
    use super::*;
    use crate::num::random::uniform;
    use pulp::Scalar;

    const ALL: u32 = want::Q | want::F | want::SLOPES;

    /// Sums at tau2 = `x` around the mean, and those around a number that is `far` standard errors away; with whether these are firm.
    fn both(seed: u64, x: f64, far: f64) -> ([f64; 9], [f64; 9], bool) {
        let l = Lanes::<Scalar, 1>::new(Scalar::new());
        let at = |i: u64| uniform(seed, i);
        let y: Vec<f64> = (0..12).map(|i| 4.0 * at(i) - 2.0).collect();
        let v: Vec<f64> = (0..12).map(|i| (8.0 * at(i + 100) - 4.0).exp()).collect();
        let mut cells: Vec<Cell<Scalar, 1>> = vec![[[0.0]; 3]; y.len()];
        let mut tile = Tile { lanes: l, cells: &mut cells, q_at_solution: false };
        tile.read_all::<{ missing::NONE }, true>(Source::Rows(Rows { y: &y, v: &v, stride: 1, at: 0, ahead: 0 }));
        let numbers = |(w, r): &(Weighted<Scalar, 1>, Residuals<Scalar, 1>)| {
            [w.s1, w.inverse, w.s2, w.s3, w.mean, r.q, r.f, r.b, r.c].map(|[x]| x)
        };
        let around = tile.sums::<ALL>([x]);
        let near = [around.0.mean[0] + far * around.0.inverse[0].sqrt()];
        let nearby = tile.sums_near::<ALL>([x], near);
        (numbers(&around), numbers(&nearby), l.any(is_firm::<_, _, true>(l, near, &nearby, 16.0)))
    }

    #[test]
    fn sums_do_not_depend_on_what_residuals_are_from() {
        let mut firm = 0;
        for seed in 0..500 {
            for (x, far) in [(0.0, 0.5), (0.3, 1.0), (2.0, -3.0), (2.0, 10.0), (0.01, -30.0)] {
                let (expected, sums, is_firm) = both(seed, x, far);
                if !is_firm {
                    continue;
                }
                firm += 1;
                let [s1, _, s2, _, _, q, f, ..] = expected;
                // What differences of each are small next to.
                let scales = [s1, 1.0 / s1, s2, s1 * s2, (q / s1).sqrt(), q, f, (s2 * f).sqrt(), f * s1];
                for ((a, b), scale) in expected.iter().zip(&sums).zip(scales) {
                    assert!((a - b).abs() <= 2e-14 * scale, "{seed} {x} {far}: {expected:?} {sums:?}");
                }
            }
        }
        assert!(firm > 1500, "{firm}");
    }

    #[test]
    fn far_away_digits_are_lost_and_it_is_said() {
        for seed in 0..100 {
            let (expected, sums, is_firm) = both(seed, 0.3, 1e6);
            assert!(!is_firm);
            assert!((expected[5] / sums[5] - 1.0).abs() < 1e-2);
        }
    }
}
