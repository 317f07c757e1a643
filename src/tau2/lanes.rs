//! Sums over the studies of one analysis, four side by side, by the vector instructions of the machine.
//!
//! There are four sums whatever the width of a vector, and no fused multiply-add, so every machine gives the same bits. (Left to itself the
//! compiler packs unlike sums together and divides one number at a time.)

use super::profile::LANES;
use crate::num::lanes::{InstructionSet, Lanes, Num, flat};
use pulp::{Scalar, Simd, WithSimd};

/// What is done with the numbers of four studies at a time.
trait FourByFour {
    type Output;

    fn work<S: Simd, const N: usize>(self, l: Lanes<S, N>) -> Self::Output;
}

/// The same by vectors of any width.
struct Fours<T>(T);

impl<T: FourByFour> WithSimd for Fours<T> {
    type Output = T::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> T::Output {
        match S::F64_LANES {
            4 => self.0.work(Lanes::<S, 1>::new(simd)),
            2 => self.0.work(Lanes::<S, 2>::new(simd)),
            _ => self.0.work(Lanes::<Scalar, 4>::new(Scalar)),
        }
    }
}

/// The lanes one by one.
#[inline(always)]
fn apart<S: Simd, const N: usize>(numbers: Num<S, N>) -> [f64; LANES] {
    flat::<S, N>(&numbers).first_chunk().copied().unwrap_or_default()
}

#[inline(always)]
fn total<S: Simd, const N: usize>(sums: Num<S, N>) -> f64 {
    let [a, b, c, d] = apart::<S, N>(sums);
    (a + b) + (c + d)
}

/// The columns of a data set, and where the sums are taken; see [`Mean`](super::profile::Mean).
pub(super) struct Studies<'a> {
    pub(super) y: &'a [[f64; LANES]],
    pub(super) d: &'a [[f64; LANES]],
    pub(super) omega: &'a mut [[f64; LANES]],
    pub(super) s: f64,
}

/// Sums over the studies but the first, for all that a likelihood asks.
pub(super) struct AllSums {
    /// Sums of the first, second and third powers of the ratios.
    pub(super) r: [f64; 3],
    /// Of the first powers, with the study that is left out, the reciprocal.
    pub(super) inverse: f64,
    pub(super) mean: f64,
    /// Of `omega r^2`, `(omega r)^2`, `omega b` and `omega b^2`, with `r` the residual and `b = omega r + mean`.
    pub(super) q: f64,
    pub(super) f: f64,
    pub(super) b1: f64,
    pub(super) b2: f64,
}

/// Those the mean asks for.
pub(super) struct FewSums {
    pub(super) r1: f64,
    pub(super) mean: f64,
    pub(super) q: f64,
    pub(super) f: f64,
}

/// All sums; the ratios are left in `omega`.
#[inline(always)]
pub(super) fn all_sums(studies: Studies<'_>) -> AllSums {
    InstructionSet::dispatch_at_once(Fours(All(studies)))
}

/// The sums for the mean; the ratios are left in `omega`.
#[inline(always)]
pub(super) fn few_sums(studies: Studies<'_>) -> FewSums {
    InstructionSet::dispatch_at_once(Fours(Few(studies)))
}

struct All<'a>(Studies<'a>);

impl FourByFour for All<'_> {
    type Output = AllSums;

    #[inline(always)]
    fn work<S: Simd, const N: usize>(self, l: Lanes<S, N>) -> AllSums {
        let Studies { y, d, omega, s } = self.0;
        let (y, d) = (l.rows(y.as_flattened()).0, l.rows(d.as_flattened()).0);
        let omega = l.rows_mut(omega.as_flattened_mut()).0;
        let (at, zero) = (l.splat(s), l.splat(0.0));
        let (mut r1, mut r2, mut r3, mut t) = (zero, zero, zero, zero);
        for ((y, d), omega) in y.iter().zip(d).zip(omega.iter_mut()) {
            let o = l.div(at, l.add(*d, at));
            let square = l.mul(o, o);
            *omega = o;
            r1 = l.add(r1, o);
            r2 = l.add(r2, square);
            r3 = l.add(r3, l.mul(square, o));
            t = l.add(t, l.mul(o, *y));
        }
        let r = [total::<S, N>(r1), total::<S, N>(r2), total::<S, N>(r3)];
        let inverse = 1.0 / (1.0 + r[0]);
        let mean = total::<S, N>(t) * inverse;
        let around = l.splat(mean);
        let (mut q, mut f, mut b1, mut b2) = (zero, zero, zero, zero);
        for (y, omega) in y.iter().zip(omega.iter()) {
            let r = l.sub(*y, around);
            let a = l.mul(*omega, r);
            let b = l.add(a, around);
            let c = l.mul(*omega, b);
            q = l.add(q, l.mul(a, r));
            f = l.add(f, l.mul(a, a));
            b1 = l.add(b1, c);
            b2 = l.add(b2, l.mul(c, b));
        }
        AllSums {
            r,
            inverse,
            mean,
            q: total::<S, N>(q),
            f: total::<S, N>(f),
            b1: total::<S, N>(b1),
            b2: total::<S, N>(b2),
        }
    }
}

struct Few<'a>(Studies<'a>);

impl FourByFour for Few<'_> {
    type Output = FewSums;

    #[inline(always)]
    fn work<S: Simd, const N: usize>(self, l: Lanes<S, N>) -> FewSums {
        let Studies { y, d, omega, s } = self.0;
        let (y, d) = (l.rows(y.as_flattened()).0, l.rows(d.as_flattened()).0);
        let omega = l.rows_mut(omega.as_flattened_mut()).0;
        let (at, zero) = (l.splat(s), l.splat(0.0));
        let (mut r1, mut t) = (zero, zero);
        for ((y, d), omega) in y.iter().zip(d).zip(omega.iter_mut()) {
            let o = l.div(at, l.add(*d, at));
            *omega = o;
            r1 = l.add(r1, o);
            t = l.add(t, l.mul(o, *y));
        }
        let r1 = total::<S, N>(r1);
        let mean = total::<S, N>(t) * (1.0 / (1.0 + r1));
        let around = l.splat(mean);
        let (mut q, mut f) = (zero, zero);
        for (y, omega) in y.iter().zip(omega.iter()) {
            let r = l.sub(*y, around);
            let a = l.mul(*omega, r);
            q = l.add(q, l.mul(a, r));
            f = l.add(f, l.mul(a, a));
        }
        FewSums { r1, mean, q: total::<S, N>(q), f: total::<S, N>(f) }
    }
}

/// The extremes of columns of numbers, four side by side; nothing that makes sense where `nan_if_not_finite` is NaN.
pub(super) struct Extremes {
    pub(super) nan_if_not_finite: [f64; LANES],
    pub(super) least_y: [f64; LANES],
    pub(super) most_y: [f64; LANES],
    pub(super) least_v: [f64; LANES],
    pub(super) most_v: [f64; LANES],
}

/// The extremes of effects and variances.
#[inline(always)]
pub(super) fn extremes(y: &[[f64; LANES]], v: &[[f64; LANES]]) -> Extremes {
    InstructionSet::dispatch_at_once(Fours(Scan { y, v }))
}

struct Scan<'a> {
    y: &'a [[f64; LANES]],
    v: &'a [[f64; LANES]],
}

impl FourByFour for Scan<'_> {
    type Output = Extremes;

    #[inline(always)]
    fn work<S: Simd, const N: usize>(self, l: Lanes<S, N>) -> Extremes {
        let zero = l.splat(0.0);
        let mut finite = zero;
        let (mut least_y, mut most_y) = (l.splat(f64::INFINITY), l.splat(f64::NEG_INFINITY));
        let (mut least_v, mut most_v) = (least_y, most_y);
        let (y, v) = (l.rows(self.y.as_flattened()).0, l.rows(self.v.as_flattened()).0);
        for (y, v) in y.iter().zip(v) {
            finite = l.add(finite, l.add(l.mul(*y, zero), l.mul(*v, zero)));
            (least_y, most_y) = (l.min(least_y, *y), l.max(most_y, *y));
            (least_v, most_v) = (l.min(least_v, *v), l.max(most_v, *v));
        }
        Extremes {
            nan_if_not_finite: apart::<S, N>(finite),
            least_y: apart::<S, N>(least_y),
            most_y: apart::<S, N>(most_y),
            least_v: apart::<S, N>(least_v),
            most_v: apart::<S, N>(most_v),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_the_same_bits() {
        let y: Vec<[f64; 4]> = (0..9).map(|i| [0.1, -0.7, 1.3, 0.01].map(|x| x * f64::from(i + 1))).collect();
        let d: Vec<[f64; 4]> = (0..9).map(|i| [0.0, 0.3, 2.7, f64::INFINITY].map(|x| x / f64::from(i + 1))).collect();
        let run = |set: InstructionSet| {
            let mut omega = vec![[0.0; 4]; 9];
            let AllSums { r, mean, q, f, b1, b2, .. } =
                set.dispatch(Fours(All(Studies { y: &y, d: &d, omega: &mut omega, s: 0.17 })));
            let few = set.dispatch(Fours(Few(Studies { y: &y, d: &d, omega: &mut omega, s: 0.17 })));
            assert_eq!([few.r1, few.mean, few.q, few.f], [r[0], mean, q, f]);
            [r[0], r[1], r[2], mean, q, f, b1, b2].map(f64::to_bits)
        };
        let expected = run(InstructionSet::Scalar);
        for set in [InstructionSet::Baseline, InstructionSet::Avx2] {
            assert_eq!(run(set), expected, "{set:?}");
        }
    }
}
