//! Upper tail of the chi-squared distribution with an integer df.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_10, LOG10_E};

use pulp::Simd;

use super::super::{chi_squared, gamma};
use super::elementary::{SMALLEST_EXPONENT, at_most, ln, mul_add, polynomial, times_exp, where_finite};
use super::instruction_set::InstructionSet;
use super::normal::scaled;
use super::slices::{LaneFunction, map};
use super::vectors::{Lanes, Num, flat_mut};

/// From this `q / 2` on the logarithm comes from the sum in falling powers.
const FALLING: f64 = 1000.0;
/// Terms of that sum: each is below `LARGEST_DF / 2 / FALLING` times the one before.
const FALLING_TERMS: usize = 20;

/// `P(X > q)` for a chi-squared variable `X` with a fixed integer df: the p-value of a test of heterogeneity.
///
/// With `x = q / 2` it is a finite sum of positive terms,
///
/// ```text
/// even df:  exp(-x) (1 + x + x^2/2! + ... + x^(df/2 - 1) / (df/2 - 1)!)
/// odd df:   erfc(sqrt x) + exp(-x) sqrt(x) (1/Gamma(3/2) + x/Gamma(5/2) + ... + x^((df-3)/2) / Gamma(df/2))
/// ```
///
/// (NIST Digital Library of Mathematical Functions 8.4.8 to 8.4.10). The time grows with df; above [`LARGEST_DF`](Self::LARGEST_DF) every
/// value goes through [`chi_squared::sf`] instead, one at a time.
///
/// In R: `pchisq(q, df, lower.tail = FALSE)`.
///
/// ```
/// use meta_analysis::num::lanes::{ChiSquaredTail, InstructionSet};
/// let mut p = [0.0; 3];
/// ChiSquaredTail::new(4).upper(InstructionSet::Auto, &[0.0, 10.0, 1000.0], &mut p);
/// assert_eq!(p[0], 1.0);
/// assert!((p[1] / (6.0 * (-5.0f64).exp()) - 1.0).abs() < 1e-14);
/// assert!((p[2] / 3.569_412_779_777_384e-215 - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChiSquaredTail {
    df: u32,
    /// `ln Gamma(df / 2)`.
    ln_gamma: f64,
    /// Coefficients of the sum in `x`, as `polynomial` takes them.
    rising: Vec<[f64; 2]>,
    /// `(a - 1)(a - 2)...(a - i)`, `a = df / 2`, as `polynomial` takes them: the sum in `1 / x`.
    falling: [[f64; 2]; FALLING_TERMS / 2],
}

impl ChiSquaredTail {
    /// The largest df that has the closed form here.
    pub const LARGEST_DF: u32 = 200;

    /// The tail with `df` degrees of freedom. There is no distribution with 0: every result is NaN then.
    #[must_use]
    pub fn new(df: u32) -> Self {
        let shape = 0.5 * f64::from(df);
        let mut rising = Vec::new();
        if df <= Self::LARGEST_DF {
            // 1/Gamma(1) or 1/Gamma(3/2)
            let (mut coefficient, mut argument) = if df.is_multiple_of(2) { (1.0, 1.0) } else { (FRAC_2_SQRT_PI, 1.5) };
            let mut terms = Vec::new();
            for _ in 0..df / 2 {
                terms.push(coefficient);
                coefficient /= argument;
                argument += 1.0;
            }
            rising = pairs(&terms);
        }
        let (mut product, mut factor) = (1.0, shape);
        let mut falling = [[0.0; 2]; FALLING_TERMS / 2];
        for [odd, even] in falling.iter_mut().rev() {
            *even = product;
            factor -= 1.0;
            *odd = product * factor;
            factor -= 1.0;
            product = *odd * factor;
        }
        Self { df, ln_gamma: gamma::ln_gamma(shape), rising, falling }
    }

    /// The upper tail of every `q`, written to `p`. 1 below the support.
    pub fn upper(&self, set: InstructionSet, q: &[f64], p: &mut [f64]) {
        match self.parity() {
            Some(Parity::Even) => map(set, Upper::<false> { tail: self }, q, p),
            Some(Parity::Odd) => map(set, Upper::<true> { tail: self }, q, p),
            None => one_by_one(q, p, |q| chi_squared::sf(q, f64::from(self.df))),
        }
    }

    /// The common logarithm of the upper tail of every `q`, written to `log10_p`; for p-values that an `f64` cannot hold.
    ///
    /// ```
    /// use meta_analysis::num::lanes::{ChiSquaredTail, InstructionSet};
    /// let mut log10_p = [0.0; 2];
    /// ChiSquaredTail::new(2).log10_upper(InstructionSet::Auto, &[2000.0, 1e100], &mut log10_p);
    /// assert!((log10_p[0] / -434.294_481_903_251_8 - 1.0).abs() < 1e-15);
    /// assert!((log10_p[1] / -2.171_472_409_516_259e99 - 1.0).abs() < 1e-15);
    /// ```
    pub fn log10_upper(&self, set: InstructionSet, q: &[f64], log10_p: &mut [f64]) {
        match self.parity() {
            Some(Parity::Even) => map(set, Log10Upper::<false> { tail: self }, q, log10_p),
            Some(Parity::Odd) => map(set, Log10Upper::<true> { tail: self }, q, log10_p),
            None => one_by_one(q, log10_p, |q| chi_squared::ln_sf(q, f64::from(self.df)) / LN_10),
        }
    }

    /// Which closed form there is.
    fn parity(&self) -> Option<Parity> {
        match self.df {
            0 => None,
            df if df > Self::LARGEST_DF => None,
            df if df.is_multiple_of(2) => Some(Parity::Even),
            _ => Some(Parity::Odd),
        }
    }

    /// `exp(x) P(X > 2 x)` for `0 <= x <= -SMALLEST_EXPONENT`.
    #[inline(always)]
    fn scaled<S: Simd, const N: usize, const ODD: bool>(&self, l: Lanes<S, N>, x: Num<S, N>) -> Num<S, N> {
        let sum = polynomial(l, x, &self.rising);
        if ODD {
            let two_x = l.add(x, x);
            mul_add(l, l.sqrt(x), sum, scaled(l, l.sqrt(two_x)))
        } else {
            sum
        }
    }

    /// `ln P(X > 2 x) + x` for a large `x`: `P = x^(a-1) exp(-x) / Gamma(a) * (1 + (a-1)/x + (a-1)(a-2)/x^2 + ...)` (DLMF 8.11.2), which
    /// ends for even df and is asymptotic for odd df.
    #[inline(always)]
    fn ln_scaled_far<S: Simd, const N: usize>(&self, l: Lanes<S, N>, x: Num<S, N>) -> Num<S, N> {
        let zero = l.splat(0.0);
        let power = l.mul(l.splat(0.5 * f64::from(self.df) - 1.0), ln(l, x, zero));
        let inverse = l.div(l.splat(1.0), x);
        let sum = ln(l, polynomial(l, inverse, &self.falling), zero);
        l.add(l.sub(power, l.splat(self.ln_gamma)), sum)
    }
}

enum Parity {
    Even,
    Odd,
}

/// Terms from the constant up as pairs `[odd power, even power]` from the highest power down.
fn pairs(terms: &[f64]) -> Vec<[f64; 2]> {
    let mut pairs: Vec<[f64; 2]> = terms
        .chunks(2)
        .map(|chunk| [chunk.get(1).copied().unwrap_or(0.0), chunk.first().copied().unwrap_or(0.0)])
        .collect();
    pairs.reverse();
    pairs
}

fn one_by_one(from: &[f64], to: &mut [f64], function: impl Fn(f64) -> f64) {
    for (x, out) in from.iter().zip(to) {
        *out = function(*x);
    }
}

/// `q / 2` on the support; NaN stays NaN.
#[inline(always)]
fn half<S: Simd, const N: usize>(l: Lanes<S, N>, q: Num<S, N>) -> Num<S, N> {
    let zero = l.splat(0.0);
    let q = l.select(l.lt(q, zero), zero, q);
    l.mul(q, l.splat(0.5))
}

#[derive(Clone, Copy)]
struct Upper<'a, const ODD: bool> {
    tail: &'a ChiSquaredTail,
}

impl<const ODD: bool> LaneFunction for Upper<'_, ODD> {
    // The normal tail and a sum.
    const BROAD: bool = ODD;

    #[inline(always)]
    fn lanes<S: Simd, const N: usize>(self, l: Lanes<S, N>, q: Num<S, N>) -> Num<S, N> {
        let x = at_most(l, half(l, q), -SMALLEST_EXPONENT);
        let factor = self.tail.scaled::<S, N, ODD>(l, x);
        at_most(l, times_exp(l, factor, l.neg(x), l.splat(0.0)), 1.0)
    }
}

#[derive(Clone, Copy)]
struct Log10Upper<'a, const ODD: bool> {
    tail: &'a ChiSquaredTail,
}

impl<const ODD: bool> LaneFunction for Log10Upper<'_, ODD> {
    #[inline(always)]
    fn lanes<S: Simd, const N: usize>(self, l: Lanes<S, N>, q: Num<S, N>) -> Num<S, N> {
        let x = half(l, q);
        let near = at_most(l, x, FALLING);
        let mut ln_scaled = ln(l, self.tail.scaled::<S, N, ODD>(l, near), l.splat(0.0));
        let is_far = l.gt(x, l.splat(FALLING));
        let mut marks = l.select(is_far, l.splat(1.0), l.splat(0.0));
        // Skipping what no lane needs changes no lane.
        if flat_mut::<S, N>(&mut marks).iter().any(|mark| *mark > 0.0) {
            let far = self.tail.ln_scaled_far(l, x);
            ln_scaled = l.select(is_far, far, ln_scaled);
        }
        let ln_p = at_most(l, l.sub(ln_scaled, x), 0.0);
        where_finite(l, x, l.mul(ln_p, l.splat(LOG10_E)))
    }
}
