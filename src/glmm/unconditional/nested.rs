//! The integral over one predictor of the integral over the other: for any variances, however far the likelihoods reach.

use super::super::likelihood::StudyLikelihood;
use super::super::marginal::mode as conditional_mode;
use super::two_levels::{ByMeans, Mode, Prior, TwoLevels, ratios};
use crate::num::quadrature::{Effort, Placement, integrate};

/// Where the hyperbolic sine starts to be worth its price, as for one group.
const WIDE: f64 = 3.0;

/// Logarithm of the integral over the inner predictor, and the ratios of derivatives under it.
struct Inner {
    ln_total: f64,
    ratios: [f64; 5],
}

/// `None` where an integral is out of the range of doubles.
pub(super) fn integrated(study: &TwoLevels, prior: &Prior, mode: &Mode, effort: Effort) -> Option<ByMeans> {
    let Prior { mean, outer, deviation, slope, given } = *prior;
    let other = 1 - outer;
    let (arm, inner_arm) = (&study.arms[outer], &study.arms[other]);
    let centre = mode.eta[outer];
    let spread = mode.variance[outer].sqrt();
    let knee = {
        let (place, width) = inner_arm.knee();
        let through = (mean[outer] + (place - mean[other]) / slope, width.hypot(given) / slope.abs());
        let knees = [arm.knee(), through];
        let narrow = knees.into_iter().filter(|&(at, width)| at.is_finite() && spread > WIDE * width);
        narrow.min_by(|a, b| (a.0 - centre).abs().total_cmp(&(b.0 - centre).abs()))
    };
    let (a, b) = ((centre - mean[outer]) / deviation, spread / deviation);
    // The mean of the inner predictor where the outer one is at its centre, and how it moves.
    let (start, rate) = (mean[other] + slope * (centre - mean[outer]), slope * spread);
    let mut failed = false;
    let found = integrate(Placement { centre, spread, knee }, effort, |eta, v| {
        let local = arm.at(eta);
        let Some(inner) = inner_integral(inner_arm, start + rate * v, given, effort) else {
            failed = true;
            return (f64::NEG_INFINITY, [0.0; 15]);
        };
        let (f, g) = (ratios(&local), inner.ratios);
        let log = local.value + inner.ln_total - 0.5 * (a + b * v).powi(2);
        let mut values = [v; 15];
        let mut products = values.iter_mut().skip(1);
        for (j, f) in f.iter().enumerate() {
            for (k, g) in g.iter().enumerate().take(5 - j) {
                if j + k > 0
                    && let Some(product) = products.next()
                {
                    *product = f * g;
                }
            }
        }
        (log, values)
    })?;
    if failed {
        return None;
    }
    let mut d = [[0.0; 5]; 5];
    d[0][0] = 1.0;
    let mut means = found.means.into_iter().skip(1);
    for j in 0..5 {
        for k in 0..5 - j {
            if j + k > 0
                && let Some(mean) = means.next()
            {
                let (one, two) = if outer == 0 { (j, k) } else { (k, j) };
                d[one][two] = mean;
            }
        }
    }
    let constant = -deviation.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
    Some(ByMeans { value: found.ln_total + constant, d })
}

fn inner_integral(arm: &impl StudyLikelihood, mean: f64, deviation: f64, effort: Effort) -> Option<Inner> {
    if deviation <= 0.0 {
        let local = arm.at(mean);
        return Some(Inner { ln_total: local.value, ratios: ratios(&local) });
    }
    let precision = deviation.powi(-2);
    let centre = conditional_mode(arm, mean, deviation * deviation);
    let spread = (precision - arm.at(centre).d[1]).sqrt().recip();
    let (knee, width) = arm.knee();
    let place = Placement { centre, spread, knee: (spread > WIDE * width).then_some((knee, width)) };
    let (a, b) = ((centre - mean) / deviation, spread / deviation);
    let found = integrate(place, effort, |eta, v| {
        let local = arm.at(eta);
        let [_, r1, r2, r3, r4] = ratios(&local);
        (local.value - 0.5 * (a + b * v).powi(2), [v, r1, r2, r3, r4])
    })?;
    let [_, r1, r2, r3, r4] = found.means;
    let constant = -deviation.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
    Some(Inner { ln_total: found.ln_total + constant, ratios: [1.0, r1, r2, r3, r4] })
}
