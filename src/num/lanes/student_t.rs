//! Two-sided tail of Student's t distribution.

use std::f64::consts::{LN_2, LN_10, LOG10_E, PI};

use pulp::Simd;

use super::super::gamma::fraction;
use super::super::gamma_ratio::half_step;
use super::super::student_t;
use super::elementary::{SMALLEST_EXPONENT, at_most, ln, mul_add, polynomial, times_exp, where_finite};
use super::instruction_set::InstructionSet;
use super::normal::{CENTRE, NormalTail};
use super::slices::{Log10P, P, Ratios, Tail, map, of_ratios};
use super::vectors::{Lanes, Num};

/// Number of Chebyshev points, enough for df up to infinity.
const POINTS: usize = 24;
/// Coefficients below this part of the first are not used.
const NEGLIGIBLE: f64 = 2e-15;
/// From this `t^2 / df` on, `ln(1 + t^2/df)` is `2 ln(t / sqrt df)` to the last digit.
const POWER_LAW: f64 = 72_057_594_037_927_936.0; // 2^56
/// From here on `t^2` is not formed.
const HUGE: f64 = 1e150;

/// `P(|T| > |t|)` for Student's t with a fixed df: the p-value of a Hartung-Knapp test.
///
/// ```text
/// p = (1 + t^2/df)^(-df/2) h(z),  z = |t| / sqrt(1 + t^2/df)
/// ```
///
/// `h` varies slowly. `new` computes it at 24 points, from the continued fraction and the series of the incomplete beta function (DLMF
/// 8.17.22 contracted, 8.17.8), and interpolates with a Chebyshev polynomial in `1 / (z + 4)`. That takes
/// tens of microseconds, so make a tail once per df. df may be fractional. Below [`SMALLEST_DF`](Self::SMALLEST_DF) and above
/// [`LARGEST_DF`](Self::LARGEST_DF) every value goes through [`student_t::sf`], one at a time; `df = +inf` is the [`NormalTail`]; for any
/// other df, which no distribution has, every result is NaN.
///
/// In R: `2 * pt(-abs(t), df)`.
///
/// ```
/// use meta_analysis::num::lanes::{InstructionSet, StudentTail};
/// let mut p = [0.0; 3];
/// StudentTail::new(4.0).two_sided(InstructionSet::Auto, &[0.0, -2.776_445_105_197_793, 1e70], &mut p);
/// assert!((p[0] - 1.0).abs() < 1e-14);
/// assert!((p[1] / 0.05 - 1.0).abs() < 1e-13);
/// // the tail is the power law 6 / t^4
/// assert!((p[2] / 6e-280 - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StudentTail {
    df: f64,
    method: Method,
}

#[derive(Debug, Clone, PartialEq)]
enum Method {
    Fit(Box<Fit>),
    Normal,
    OneByOne,
}

impl StudentTail {
    /// The smallest df that has a polynomial.
    pub const SMALLEST_DF: f64 = 1.0;
    /// The largest finite df that has a polynomial.
    pub const LARGEST_DF: f64 = 1e7;

    /// The tail with `df` degrees of freedom.
    #[must_use]
    pub fn new(df: f64) -> Self {
        let method = if (Self::SMALLEST_DF..=Self::LARGEST_DF).contains(&df) {
            Method::Fit(Box::new(Fit::new(df)))
        } else if df == f64::INFINITY {
            Method::Normal
        } else {
            Method::OneByOne
        };
        Self { df, method }
    }

    /// The two-sided tail of every `t`, written to `p`.
    pub fn two_sided(&self, set: InstructionSet, t: &[f64], p: &mut [f64]) {
        match &self.method {
            Method::Fit(fit) => map(set, P(TwoSided { fit }), t, p),
            Method::Normal => NormalTail.two_sided(set, t, p),
            Method::OneByOne => {
                for (t, out) in t.iter().zip(p) {
                    *out = one_p(*t, self.df);
                }
            }
        }
    }

    /// The tails of fractions.
    pub(crate) fn of_ratios(&self, set: InstructionSet, ratios: Ratios<'_>) {
        match &self.method {
            Method::Fit(fit) => of_ratios(set, TwoSided { fit }, ratios),
            Method::Normal => NormalTail.of_ratios(set, ratios),
            Method::OneByOne => {
                let Ratios { of, by, p, log10_p } = ratios;
                let t = || of.iter().zip(by).map(|(of, by)| of / by);
                t().zip(p).for_each(|(t, out)| *out = one_p(t, self.df));
                t().zip(log10_p).for_each(|(t, out)| *out = one_log10_p(t, self.df));
            }
        }
    }

    /// The common logarithm of the two-sided tail of every `t`, written to `log10_p`; for p-values that an `f64` cannot hold.
    ///
    /// ```
    /// use meta_analysis::num::lanes::{InstructionSet, StudentTail};
    /// let mut log10_p = [0.0];
    /// StudentTail::new(4.0).log10_two_sided(InstructionSet::Auto, &[1e200], &mut log10_p);
    /// assert!((log10_p[0] / (6.0f64.log10() - 800.0) - 1.0).abs() < 1e-15);
    /// ```
    pub fn log10_two_sided(&self, set: InstructionSet, t: &[f64], log10_p: &mut [f64]) {
        match &self.method {
            Method::Fit(fit) => map(set, Log10P(TwoSided { fit }), t, log10_p),
            Method::Normal => NormalTail.log10_two_sided(set, t, log10_p),
            Method::OneByOne => {
                for (t, out) in t.iter().zip(log10_p) {
                    *out = one_log10_p(*t, self.df);
                }
            }
        }
    }
}

fn one_p(t: f64, df: f64) -> f64 {
    (2.0 * student_t::sf(t.abs(), df)).clamp(0.0, 1.0)
}

fn one_log10_p(t: f64, df: f64) -> f64 {
    ((student_t::ln_sf(t.abs(), df) + LN_2) / LN_10).clamp(f64::NEG_INFINITY, 0.0)
}

/// `h(z) (z + 4)` as a polynomial in `y`, `y = shift - stretch / (z + 4)` in `[-1, 1]`.
#[derive(Debug, Clone, PartialEq)]
struct Fit {
    df: f64,
    inverse_root_df: f64,
    shift: f64,
    stretch: f64,
    pairs: [[f64; 2]; POINTS / 2],
    /// How many of the pairs, from the end, are needed.
    used: usize,
}

impl Fit {
    fn new(df: f64) -> Self {
        let root_df = df.sqrt();
        // 1 / (z + CENTRE) at z = 0 and at its upper limit, t = infinity
        let (highest, lowest) = (1.0 / CENTRE, 1.0 / (root_df + CENTRE));
        let (centre, radius) = (0.5 * (highest + lowest), 0.5 * (highest - lowest));
        let mut chebyshev = [0.0; POINTS];
        let points = POINTS as f64;
        for k in 0..POINTS {
            let angle = PI * (k as f64 + 0.5) / points;
            let q = centre - radius * angle.cos();
            let value = slow_factor((1.0 / q - CENTRE).clamp(0.0, root_df), df) / q;
            for (j, c) in chebyshev.iter_mut().enumerate() {
                let weight = if j == 0 { 1.0 } else { 2.0 };
                *c += weight / points * value * (j as f64 * angle).cos();
            }
        }
        let (powers, count) = to_powers(&chebyshev);
        let mut pairs = [[0.0; 2]; POINTS / 2];
        for (pair, chunk) in pairs.iter_mut().rev().zip(powers.as_chunks::<2>().0) {
            *pair = [chunk[1], chunk[0]];
        }
        Self {
            df,
            inverse_root_df: 1.0 / root_df,
            shift: centre / radius,
            stretch: 1.0 / radius,
            pairs,
            used: count.div_ceil(2),
        }
    }

    /// The parts of the tail: `E` and `h(z)`, `p = exp(-E) h(z)`.
    #[inline(always)]
    fn parts<S: Simd, const N: usize>(&self, l: Lanes<S, N>, t: Num<S, N>) -> (Num<S, N>, Num<S, N>) {
        let one = l.splat(1.0);
        let limited = at_most(l, t, HUGE);
        // w = t^2 / df, u = 1 + w, and what rounding u has lost
        let w = l.mul(l.mul(limited, limited), l.splat(1.0 / self.df));
        let u = l.add(one, w);
        let lost_of_w = l.sub(w, l.sub(u, one));
        let lost_of_one = l.sub(one, l.sub(u, w));
        let lost = l.select(l.lt(w, one), lost_of_w, lost_of_one);
        let zero = l.splat(0.0);
        let is_power_law = l.gt(w, l.splat(POWER_LAW));
        // halved, so that the exponent has room up to the largest t
        let power = l.mul(t, l.splat(0.5 * self.inverse_root_df));
        let argument = l.select(is_power_law, power, u);
        let logarithm = ln(l, argument, l.select(is_power_law, zero, lost));
        let logarithm = l.add(logarithm, l.select(is_power_law, l.splat(LN_2), zero));
        let half_df = 0.5 * self.df;
        let factor = l.select(is_power_law, l.splat(self.df), l.splat(half_df));
        let exponent = l.mul(factor, logarithm);

        let r = l.sqrt(u);
        let q = l.div(r, mul_add(l, r, l.splat(CENTRE), limited));
        let y = l.sub(l.splat(self.shift), l.mul(l.splat(self.stretch), q));
        let used = self.pairs.get(self.pairs.len().saturating_sub(self.used)..).unwrap_or_default();
        (exponent, l.mul(polynomial(l, y, used), q))
    }
}

#[derive(Clone, Copy)]
struct TwoSided<'a> {
    fit: &'a Fit,
}

impl Tail for TwoSided<'_> {
    /// `E` and `h(z)`
    type Parts<S: Simd, const N: usize> = (Num<S, N>, Num<S, N>);

    #[inline(always)]
    fn parts<S: Simd, const N: usize>(self, l: Lanes<S, N>, t: Num<S, N>) -> Self::Parts<S, N> {
        self.fit.parts(l, l.abs(t))
    }

    #[inline(always)]
    fn p<S: Simd, const N: usize>(
        self,
        l: Lanes<S, N>,
        t: Num<S, N>,
        (exponent, factor): Self::Parts<S, N>,
    ) -> Num<S, N> {
        let limit = -SMALLEST_EXPONENT;
        let infinite = l.gt(l.abs(t), l.splat(f64::MAX));
        let exponent = l.select(infinite, l.splat(limit), at_most(l, exponent, limit));
        let p = times_exp(l, factor, l.neg(exponent), l.splat(0.0));
        at_most(l, p, 1.0)
    }

    #[inline(always)]
    fn log10_p<S: Simd, const N: usize>(
        self,
        l: Lanes<S, N>,
        t: Num<S, N>,
        (exponent, factor): Self::Parts<S, N>,
    ) -> Num<S, N> {
        let ln_p = l.sub(ln(l, factor, l.splat(0.0)), exponent);
        where_finite(l, l.abs(t), l.mul(at_most(l, ln_p, 0.0), l.splat(LOG10_E)))
    }
}

/// `h(z) = P(|T| > t) (1 + t^2/df)^(df/2)` at `z = t / sqrt(1 + t^2/df)`, `0 <= z <= sqrt df`.
///
/// With `a = df/2`, `s = z^2/df` and `B = B(a, 1/2)` both forms leave the power `(1 - s)^a` out before anything is rounded:
///
/// ```text
/// h = sqrt(s) / B / F      F: continued fraction, DiDonato AR, Morris AH (1992), Algorithm 708: significant digit computation of the
///                          incomplete beta function ratios, ACM Transactions on Mathematical Software 18: 360-373
/// h = (1 - s)^-a - 2 sqrt(s)/B * (1 + (a + 1/2)/(3/2) s + (a + 1/2)(a + 3/2)/(3/2 5/2) s^2 + ...)
/// ```
///
/// The second is for small `a s`, where what it subtracts is at most two thirds of the first term.
fn slow_factor(z: f64, df: f64) -> f64 {
    let a = 0.5 * df;
    let s = (z * z / df).min(1.0);
    // 1 / B(a, 1/2)
    let inverse_beta = half_step(a) / PI.sqrt();
    if a * s < 0.5 && s < 0.5 {
        let (mut sum, mut term, mut n) = (1.0, 1.0, 0.0);
        while term > sum * (0.1 * f64::EPSILON) {
            term *= (a + 0.5 + n) / (1.5 + n) * s;
            sum += term;
            n += 1.0;
        }
        return (-a * (-s).ln_1p()).exp() - 2.0 * inverse_beta * s.sqrt() * sum;
    }
    let x = 1.0 - s;
    // a - (a + 1/2) x without the subtraction
    let lambda = a * s - 0.5 * x;
    let denominator = fraction(|n| {
        let next = a + 2.0 * n - 1.0;
        let w = n * (0.5 - n) * x;
        let numerator = (a + n - 1.0) * (a + n - 0.5) / (next * next) * w * x;
        let first = if n > 0.0 { n + w / next } else { 0.0 };
        (numerator, first + (a + n) / (next + 2.0) * (lambda + 1.0 + n * (1.0 + s)))
    });
    inverse_beta * s.sqrt() / denominator
}

/// A Chebyshev series as powers, without the coefficients at its end that are rounding only, and how many are left.
fn to_powers(chebyshev: &[f64; POINTS]) -> ([f64; POINTS], usize) {
    let largest = chebyshev.iter().fold(0.0f64, |a, c| a.max(c.abs()));
    let count = chebyshev.iter().rposition(|c| c.abs() > NEGLIGIBLE * largest).map_or(1, |last| last + 1);
    // T_0, T_1 and on by T_(k+1) = 2 x T_k - T_(k-1), each as powers
    let mut previous = [0.0; POINTS];
    let mut current = [0.0; POINTS];
    current[0] = 1.0;
    let mut powers = [0.0; POINTS];
    for (k, c) in chebyshev.iter().take(count).enumerate() {
        for (power, t) in powers.iter_mut().zip(current) {
            *power += c * t;
        }
        let factor = if k == 0 { 1.0 } else { 2.0 };
        let mut next = previous.map(|t: f64| -t);
        for (slot, t) in next.iter_mut().skip(1).zip(current) {
            *slot += factor * t;
        }
        (previous, current) = (current, next);
    }
    (powers, count)
}
