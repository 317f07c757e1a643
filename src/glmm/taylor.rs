//! A log-likelihood from its derivatives at one place or at two.

use super::likelihood::{Local, Peak, StudyLikelihood};

/// The fourth-degree polynomial of a study's log-likelihood about one place: good for finding one's way where the random effect varies
/// much less than the likelihood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    place: f64,
    at: Local,
}

impl Near {
    pub(super) fn new(study: &impl StudyLikelihood, place: f64) -> Self {
        Self { place, at: study.at(place) }
    }
}

impl StudyLikelihood for Near {
    fn at(&self, eta: f64) -> Local {
        let Local { value, d: [d1, d2, d3, d4] } = self.at;
        let x = eta - self.place;
        Local {
            value: value + x * (d1 + x * (0.5 * d2 + x * (d3 / 6.0 + x * d4 / 24.0))),
            d: [d1 + x * (d2 + x * (0.5 * d3 + x * d4 / 6.0)), d2 + x * (d3 + x * 0.5 * d4), d3 + x * d4, d4],
        }
    }

    /// Of no use here: what is near counts.
    fn peak(&self) -> Peak {
        if self.at.d[0] > 0.0 { Peak::Highest } else { Peak::Lowest }
    }

    fn knee(&self) -> (f64, f64) {
        (self.place, f64::INFINITY)
    }
}

/// The log-likelihood at a share `t` of the way between two places `distance` apart, by the polynomial of ninth degree that has value and
/// four derivatives of both. It is wrong by at most the largest tenth derivative times `(distance / 2)^10 / 10!`.
///
/// ```text
/// sum over k of h^k (l_k(left) H_k(t) + (-1)^k l_k(right) H_k(1 - t))        H_k(t) = t^k / k! (1 - t)^5 (1 + 5 t + .. C(8 - k, 4) t^(4 - k))
/// ```
pub(in crate::glmm) fn between(left: &Local, right: &Local, distance: f64, t: f64) -> f64 {
    half(left, distance, t) + half(right, -distance, 1.0 - t)
}

fn half(at: &Local, h: f64, t: f64) -> f64 {
    let [d1, d2, d3, d4] = at.d;
    let (x, rest) = (h * t, 1.0 - t);
    let (p1, t2) = (1.0 + 5.0 * t, t * t);
    let p2 = p1 + 15.0 * t2;
    let p3 = p2 + 35.0 * t2 * t;
    let p4 = p3 + 70.0 * t2 * t2;
    let square = rest * rest;
    let sum = at.value * p4 + x * (d1 * p3 + x * (0.5 * d2 * p2 + x * (d3 * p1 / 6.0 + x * d4 / 24.0)));
    square * square * rest * sum
}

/// How far apart two places may be for what is [between] them to be known to the rounding of a log-likelihood of size 1, for a bound on
/// the tenth derivative.
pub(in crate::glmm) fn reach(tenth_derivative: f64) -> f64 {
    const FACTORIAL: f64 = 3_628_800.0;
    2.0 * (1e-15 * FACTORIAL / tenth_derivative).powf(0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ln(1 + exp(x))` with its derivatives.
    fn softplus(x: f64) -> Local {
        let p = 1.0 / (1.0 + (-x).exp());
        let pq = p * (1.0 - p);
        let d4 = pq * (1.0 - 6.0 * pq);
        Local { value: x.max(0.0) + (-x.abs()).exp().ln_1p(), d: [p, pq, pq * (1.0 - 2.0 * p), d4] }
    }

    #[test]
    fn a_polynomial_of_ninth_degree_is_met_exactly() {
        // (x - 0.3)^9 at 0.1 and 0.6
        let at = |x: f64| {
            let y: f64 = x - 0.3;
            let d = [9.0 * y.powi(8), 72.0 * y.powi(7), 504.0 * y.powi(6), 3024.0 * y.powi(5)];
            Local { value: y.powi(9), d }
        };
        for t in [0.0, 0.1, 0.5, 0.8, 1.0] {
            let found = between(&at(0.1), &at(0.6), 0.5, t);
            assert!((found - at(0.1 + 0.5 * t).value).abs() < 1e-18, "{t}: {found:e}");
        }
    }

    #[test]
    fn the_reach_is_that_of_the_bound() {
        let h = reach(7.75);
        for left in [-0.5 * h, 0.0, 1.3, -4.0] {
            for t in [0.2, 0.5, 0.7] {
                let found = between(&softplus(left), &softplus(left + h), h, t);
                assert!((found - softplus(left + h * t).value).abs() < 2e-15, "{left} {t}");
            }
        }
        // Twice as far it is wrong by a thousand times as much.
        let wide = between(&softplus(-h), &softplus(h), 2.0 * h, 0.5) - softplus(0.0).value;
        assert!((2e-13..2e-12).contains(&wide.abs()), "{wide:e}");
    }
}
