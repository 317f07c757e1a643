//! The likelihood of one study with its random effect integrated out, and what the data say about that effect.

use super::likelihood::{Peak, StudyLikelihood};
use crate::num::normal::LN_SQRT_2PI;
use crate::num::quadrature::{Effort, Placement, integrate};

/// `ln of integral p(data | eta) N(eta; m, tau2) d eta`, its derivatives in `m` and `t = tau2`, and the moments of
/// `eta` given the data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marginal {
    pub(crate) value: f64,
    pub(crate) g_m: f64,
    pub(crate) g_t: f64,
    pub(crate) h_mm: f64,
    pub(crate) h_mt: f64,
    pub(crate) h_tt: f64,
    /// Mean of `eta` given the data.
    pub(crate) mean: f64,
    /// Variance of `eta` given the data.
    pub(crate) variance: f64,
}

/// A hyperbolic sine is worth its price once the weight is this many times wider than the knee.
const WIDE: f64 = 3.0;

/// Newton's steps towards a mode; then the bracket is halved, since a slope that grows like an exponential lets them creep.
const FREE_STEPS: usize = 50;

/// From here on the derivatives of the likelihood cancel more than the polynomials do.
const MOST_CANCELLATION: f64 = 10.0;

/// Integrates the random effect of one study out.
///
/// The derivatives rest on the heat equation `dL/dt = (1/2) d2L/dm2`, so that with `A_n = (dnL/dmn) / L`
///
/// ```text
/// d ln L / dm  = A1              d2 ln L / dm2  = A2 - A1^2
/// d ln L / dt  = A2 / 2          d2 ln L / dmdt = (A3 - A1 A2) / 2          d2 ln L / dt2 = (A4 - A2^2) / 4
/// ```
///
/// hold down to `t = 0`. The `A_n` are means over `eta` given the data: of Hermite polynomials of `(eta - m)/tau` where the
/// data outweigh the random effect, of the derivatives of the study's own likelihood where they do not; of the two
/// forms each keeps its digits where it is used.
///
/// `None` where the integral is out of the range of doubles.
pub(crate) fn marginal(study: &impl StudyLikelihood, m: f64, tau2: f64, effort: Effort) -> Option<Marginal> {
    let found = if tau2 > 0.0 { random(study, m, tau2, effort)? } else { common(study, m) };
    found.is_finite().then_some(found)
}

impl Marginal {
    pub(crate) fn is_finite(&self) -> bool {
        [self.value, self.g_m, self.g_t, self.h_mm].iter().all(|x| x.is_finite())
    }
}

/// From the logarithm of the integral of the weight (without the constant of the normal density) and the first four means of `v` under
/// it, where `(eta - m)/tau = a + b v`.
pub(crate) fn hermite(ln_total: f64, means: [f64; 4], (a, b): (f64, f64), m: f64, tau2: f64) -> Marginal {
    let tau = tau2.sqrt();
    let [e1, e2, e3, e4] = means;
    let u1 = a + b * e1;
    let centred = b * b * (e2 - e1 * e1);
    let u2 = u1 * u1 + centred;
    let u3 = a.powi(3) + b * (3.0 * a * a * e1 + b * (3.0 * a * e2 + b * e3));
    let u4 = a.powi(4) + b * (4.0 * a.powi(3) * e1 + b * (6.0 * a * a * e2 + b * (4.0 * a * e3 + b * e4)));
    let a1 = u1 / tau;
    let a2 = (u2 - 1.0) / tau2;
    let a3 = (u3 - 3.0 * u1) / tau / tau2;
    let a4 = (u4 - 6.0 * u2 + 3.0) / tau2 / tau2;
    Marginal {
        value: ln_total - tau.ln() - LN_SQRT_2PI,
        g_m: a1,
        g_t: 0.5 * a2,
        h_mm: (centred - 1.0) / tau2,
        h_mt: 0.5 * (a3 - a1 * a2),
        h_tt: 0.25 * (a4 - a2 * a2),
        mean: m + tau * u1,
        variance: tau2 * centred,
    }
}

fn common(study: &impl StudyLikelihood, m: f64) -> Marginal {
    let local = study.at(m);
    let [d1, d2, d3, d4] = local.d;
    Marginal {
        value: local.value,
        g_m: d1,
        g_t: 0.5 * (d2 + d1 * d1),
        h_mm: d2,
        h_mt: 0.5 * (d3 + 2.0 * d1 * d2),
        h_tt: 0.25 * (d4 + 4.0 * d1 * d3 + 2.0 * d2 * d2 + 4.0 * d1 * d1 * d2),
        mean: m,
        variance: 0.0,
    }
}

fn random(study: &impl StudyLikelihood, m: f64, tau2: f64, effort: Effort) -> Option<Marginal> {
    let mode = mode(study, m, tau2);
    let local = study.at(mode);
    let information = -local.d[1];
    let spread = (information + tau2.recip()).sqrt().recip();
    let (knee, width) = study.knee();
    let place = Placement { centre: mode, spread, knee: (spread > WIDE * width).then_some((knee, width)) };
    let tau = tau2.sqrt();
    // (eta - m)/tau = a + b v, which the rounding of eta does not enter.
    let (a, b) = ((mode - m) / tau, spread / tau);
    let log = |value: f64, v: f64| value - 0.5 * (a + b * v).powi(2);
    if information * tau2 >= 1.0 {
        let found = integrate(place, effort, |eta, v| {
            let square = v * v;
            (log(study.value(eta), v), [v, square, square * v, square * square])
        })?;
        Some(hermite(found.ln_total, found.means, (a, b), m, tau2))
    } else {
        let first = local.d[0];
        let found = integrate(place, effort, |eta, v| {
            let local = study.at(eta);
            let [d1, d2, d3, d4] = local.d;
            let e = d1 - first;
            let square = d1 * d1;
            let third = d3 + d1 * (3.0 * d2 + square);
            let fourth = d4 + 4.0 * d1 * d3 + 3.0 * d2 * d2 + square * (6.0 * d2 + square);
            let up = v * v;
            (log(local.value, v), [v, up, e, d2 + e * e, third, fourth, up * v, up * up, d2])
        })?;
        let [e1, e2, slope, curvature, a3, a4, e3, e4, second] = found.means;
        let a1 = first + slope;
        let h_mm = curvature - slope * slope;
        // Across a knee that is narrow next to the weight the derivatives of the likelihood are large and cancel; of E|d2| + var d1 no more
        // than 1/t is left.
        if tau2 * (h_mm - 2.0 * second) > MOST_CANCELLATION {
            return Some(hermite(found.ln_total, [e1, e2, e3, e4], (a, b), m, tau2));
        }
        let a2 = h_mm + a1 * a1;
        Some(Marginal {
            value: found.ln_total - tau.ln() - LN_SQRT_2PI,
            g_m: a1,
            g_t: 0.5 * a2,
            h_mm,
            h_mt: 0.5 * (a3 - a1 * a2),
            h_tt: 0.25 * (a4 - a2 * a2),
            mean: mode + spread * e1,
            variance: spread * spread * (e2 - e1 * e1),
        })
    }
}

/// The most probable `eta` given the data, to a tenth of its standard deviation: the root of a decreasing function.
pub(super) fn mode(study: &impl StudyLikelihood, m: f64, tau2: f64) -> f64 {
    let slope = |eta: f64| {
        let [d1, d2, ..] = study.at(eta).d;
        (d1 - (eta - m) / tau2, d2 - tau2.recip())
    };
    // Without the data the mode is m, and the slope of the data only falls from there.
    let pull = study.at(m).d[0];
    let reach = m + tau2 * pull;
    let (mut low, mut high) = if pull > 0.0 { (m, reach) } else { (reach, m) };
    let mut eta = match study.peak() {
        Peak::At(peak) => {
            let information = -study.at(peak).d[1];
            (low, high) = if pull > 0.0 { (low, high.min(peak)) } else { (low.max(peak), high) };
            (peak * information + m / tau2) / (information + tau2.recip())
        }
        _ => study.knee().0,
    };
    low = low.max(f64::MIN);
    high = high.min(f64::MAX);
    if !(low <= eta && eta <= high) {
        eta = if pull > 0.0 { low } else { high };
    }
    for taken in 0.. {
        let (value, derivative) = slope(eta);
        if value > 0.0 {
            low = eta;
        } else {
            high = eta;
        }
        let step = -value / derivative;
        if step.abs() <= 0.1 * (-derivative).sqrt().recip() {
            return eta;
        }
        let next = eta + step;
        let newton = taken < FREE_STEPS && low < next && next < high;
        eta = if newton { next } else { 0.5 * low + 0.5 * high };
        if !(low < eta && eta < high) {
            break;
        }
    }
    eta
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glmm::binomial::{Binomial, BinomialLink};

    #[test]
    fn second_derivatives_keep_their_digits_where_the_random_effect_is_vast() {
        for (x, n) in [(0.0, 18.0), (18.0, 18.0), (3.0, 60.0)] {
            let study = Binomial::new(x, n, BinomialLink::Logit);
            for (m, tau2) in [(-5.6e5, 2.3e11), (3.0, 1e6), (-40.0, 400.0)] {
                let slope = |tau2: f64| marginal(&study, m, tau2, Effort::Exact).expect("an integral").g_t;
                let h = 1e-3 * tau2;
                // Of fourth order.
                let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|i| slope(tau2 + i * h));
                let difference = (a - d + 8.0 * (c - b)) / (12.0 * h);
                let found = marginal(&study, m, tau2, Effort::Exact).expect("an integral").h_tt;
                assert!((found - difference).abs() * tau2 * tau2 < 1e-10, "{x} {m} {tau2}: {found} {difference}");
            }
        }
    }
}
