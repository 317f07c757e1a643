//! The model whose mean is given: every sum is taken over residuals that do not depend on tau2.

use super::prepare::Axis;
use super::profile::{LANES, Likelihood, LogTerms, Profile, Sums, Unweighted};
use crate::num::sum::LogProduct;

/// `y_i ~ N(mu, v_i + tau2)` with `mu` known, by the residuals `y_i - mu`, scaled and ordered as in `Mean`.
///
/// Twice the score of tau2 is `sum w^2 r^2 - sum w`, of the same form as that of the profile over the mean, with the sampling
/// variances for poles; so the search for all its roots is the same.
#[derive(Debug)]
pub(super) struct FixedMean<'a> {
    /// Residual of the first study, and those of the others, padded with anything no larger than the largest.
    pub(super) first: f64,
    pub(super) r: &'a [[f64; LANES]],
    /// Variances of the others minus `c`, padded with infinity.
    pub(super) d: &'a [[f64; LANES]],
    pub(super) k: usize,
    pub(super) axis: Axis,
}

/// What the likelihood of the mean asks for at one `s`, beside [`Sums`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    /// `s sum w r`
    pub(super) wr: f64,
    /// `s^2 sum w^2 r`
    pub(super) w2r: f64,
    /// `s^3 sum w^3`
    pub(super) w3: f64,
}

impl FixedMean<'_> {
    fn residuals(&self) -> impl Iterator<Item = (f64, f64)> {
        let others = self.r.iter().flatten().copied().zip(self.d.iter().flatten().copied());
        std::iter::once((self.first, 0.0)).chain(others.take(self.k.saturating_sub(1)))
    }

    pub(super) fn moments(&self, s: f64) -> Moments {
        let mut m = Moments::default();
        for (r, d) in self.residuals() {
            let o = s / (d + s);
            m.wr += o * r;
            m.w2r += o * o * r;
            m.w3 += o * o * o;
        }
        m
    }
}

impl Profile for FixedMean<'_> {
    fn studies(&self) -> usize {
        self.k
    }

    fn coefficients(&self) -> usize {
        0
    }

    fn axis(&self) -> Axis {
        self.axis
    }

    fn first_zero(&self) -> Option<usize> {
        None
    }

    fn unbounded(&self, _: Likelihood) -> bool {
        false
    }

    fn finite_at_zero(&self, _: Likelihood) -> bool {
        true
    }

    fn at(&mut self, s: f64) -> Sums {
        let mut sums = Sums { s, ..Sums::default() };
        for (r, d) in self.residuals() {
            let o = s / (d + s);
            let (square, rr) = (o * o, r * r / s);
            sums.weight += o;
            sums.weight_sq += square;
            sums.q += o * rr;
            sums.f += square * rr;
            sums.f_slope += 2.0 * square * o * rr;
        }
        sums.trace = sums.weight;
        sums.trace_sq = sums.weight_sq;
        sums
    }

    fn q_at(&mut self, s: f64) -> (f64, f64) {
        let sums = self.at(s);
        (sums.q, sums.f)
    }

    /// `rss` is the largest squared residual: beyond it every term of the score is negative.
    fn unweighted(&self) -> Unweighted {
        let (mut rss, mut trace, mut trace_sq) = (0.0_f64, 0.0, 0.0);
        for (r, d) in self.residuals() {
            let v = d + self.axis.c;
            rss = rss.max(r * r);
            trace += v;
            trace_sq += v * v;
        }
        Unweighted { rss, trace, trace_sq }
    }

    fn log_terms(&mut self, s: f64, _: Likelihood) -> LogTerms {
        let mut log = LogProduct::new();
        let mut q = 0.0;
        for (r, d) in self.residuals() {
            log.multiply(d + s);
            q += r / (d + s) * r;
        }
        LogTerms { log, q }
    }
}
