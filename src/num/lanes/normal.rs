//! Two-sided tail of the standard normal distribution.

use std::f64::consts::LOG10_E;

use pulp::{Scalar, Simd};

use super::elementary::{at_most, ln, polynomial, times_exp, where_finite};
use super::instruction_set::InstructionSet;
use super::slices::{Log10P, P, Ratios, Tail, map, of_ratios};
use super::vectors::{Lanes, Num};

/// `c` of the variable `(z - c) / (z + c)`.
pub(super) const CENTRE: f64 = 4.0;
/// `(z + c) exp(z^2/2) P(|Z| > z)` as a polynomial in `(z - c) / (z + c)`: Chebyshev interpolation with 60 digits, to 1e-16.
/// `tests/reference/lanes.py` prints it.
pub(super) const COEFFICIENTS: [[f64; 2]; 12] = [
    [-2.399_556_406_250_619e-10, -3.377_315_393_357_347e-9],
    [-1.174_725_352_997_438_2e-9, 3.213_477_391_465_88e-8],
    [3.568_985_554_596_283e-8, -1.575_672_068_538_727_7e-7],
    [-3.195_479_228_447_844e-7, 5.294_674_563_959_736e-7],
    [2.049_570_203_310_554_7e-6, -1.249_910_215_513_003_6e-6],
    [-1.184_322_209_184_795_6e-5, 1.429_204_306_253_492_4e-6],
    [7.029_022_380_567_53e-5, -3.815_352_061_438_196e-6],
    [-0.000_462_190_034_725_548_5, 0.000_266_688_418_320_295_56],
    [0.003_261_636_934_819_817, -0.006_959_384_713_303_005],
    [-0.015_080_377_934_772_625, 0.120_793_149_780_721_84],
    [-0.373_043_715_919_273_2, 0.774_274_801_484_453_2],
    [-1.215_793_283_943_784_6, 1.510_570_260_831_502_8],
];
/// From here on the tail is 0.
const FAR: f64 = 51.0;
/// `2^27 + 1` splits a number into two halves of 26 bits.
const SPLIT: f64 = 134_217_729.0;
/// From here on `z^2` is left to overflow.
const HUGE: f64 = 1e150;

/// `P(|Z| > |z|)` for a standard normal `Z`: the p-value of a Wald test.
///
/// In R: `2 * pnorm(-abs(z))`.
///
/// ```
/// use meta_analysis::num::lanes::{InstructionSet, NormalTail};
/// let mut p = [0.0; 3];
/// NormalTail.two_sided(InstructionSet::Auto, &[0.0, -1.959_963_984_540_054, 37.0], &mut p);
/// assert_eq!(p[0], 1.0);
/// assert!((p[1] / 0.05 - 1.0).abs() < 1e-14);
/// assert!((p[2] / 1.145_114_244_504_915_4e-299 - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NormalTail;

impl NormalTail {
    /// The two-sided tail of every `z`, written to `p`.
    pub fn two_sided(self, set: InstructionSet, z: &[f64], p: &mut [f64]) {
        map(set, P(TwoSided), z, p);
    }

    /// The common logarithm of the two-sided tail of every `z`, written to `log10_p`; for p-values that an `f64` cannot hold.
    ///
    /// ```
    /// use meta_analysis::num::lanes::{InstructionSet, NormalTail};
    /// let mut log10_p = [0.0; 2];
    /// NormalTail.log10_two_sided(InstructionSet::Auto, &[100.0, 1e100], &mut log10_p);
    /// assert!((log10_p[0] / -2_173.570_512_873_370_4 - 1.0).abs() < 1e-15);
    /// assert!((log10_p[1] / -2.171_472_409_516_259_1e199 - 1.0).abs() < 1e-15);
    /// ```
    pub fn log10_two_sided(self, set: InstructionSet, z: &[f64], log10_p: &mut [f64]) {
        map(set, Log10P(TwoSided), z, log10_p);
    }

    /// The tails of fractions.
    pub(crate) fn of_ratios(self, set: InstructionSet, ratios: Ratios<'_>) {
        of_ratios(set, TwoSided, ratios);
    }
}

#[derive(Clone, Copy)]
struct TwoSided;

impl Tail for TwoSided {
    /// `exp(z^2/2) P(|Z| > z)`
    type Parts<S: Simd, const N: usize> = Num<S, N>;

    #[inline(always)]
    fn parts<S: Simd, const N: usize>(self, l: Lanes<S, N>, z: Num<S, N>) -> Num<S, N> {
        // the polynomial is as flat as 1/z there
        scaled(l, at_most(l, l.abs(z), HUGE))
    }

    #[inline(always)]
    fn p<S: Simd, const N: usize>(self, l: Lanes<S, N>, z: Num<S, N>, scaled: Num<S, N>) -> Num<S, N> {
        let z = at_most(l, l.abs(z), FAR);
        // z = a + b with a^2 exact, so that the rounding of z^2 does not enter the exponential
        let t = l.mul(z, l.splat(SPLIT));
        let a = l.sub(t, l.sub(t, z));
        let b = l.sub(z, a);
        let half = l.splat(-0.5);
        let high = l.mul(half, l.mul(a, a));
        let low = l.mul(half, l.mul(l.add(z, a), b));
        at_most(l, times_exp(l, scaled, high, low), 1.0)
    }

    #[inline(always)]
    fn log10_p<S: Simd, const N: usize>(self, l: Lanes<S, N>, z: Num<S, N>, scaled: Num<S, N>) -> Num<S, N> {
        let z = l.abs(z);
        let ln_scaled = ln(l, scaled, l.splat(0.0));
        let square = l.mul(l.mul(z, z), l.splat(-0.5));
        let ln_p = at_most(l, l.add(square, ln_scaled), 0.0);
        where_finite(l, z, l.mul(ln_p, l.splat(LOG10_E)))
    }
}

/// `exp(z^2/2) P(|Z| > z)` for one `z >= 0`.
pub(crate) fn scaled_two_sided(z: f64) -> f64 {
    let [scaled] = scaled(Lanes::<Scalar, 1>::new(Scalar::new()), [z]);
    scaled
}

/// `exp(z^2/2) P(|Z| > z)` for `z >= 0`: the scaled complementary error function at `z / sqrt 2`.
#[inline(always)]
pub(super) fn scaled<S: Simd, const N: usize>(l: Lanes<S, N>, z: Num<S, N>) -> Num<S, N> {
    let centre = l.splat(CENTRE);
    let q = l.div(l.splat(1.0), l.add(z, centre));
    let y = l.mul(l.sub(z, centre), q);
    l.mul(polynomial(l, y, &COEFFICIENTS), q)
}
