//! Confidence intervals of one rate, from its count.

use super::count_interval::CountInterval;
use super::rate::Rate;
use super::significance::each_side;
use crate::error::{ErrorKind, Result};
use crate::num::{gamma, normal, root};
use serde::{Deserialize, Serialize};

/// How the confidence interval of a rate of `x` events in person-time `t` is computed; `z` is the normal quantile
/// and `alpha = 1 - level`. The limits below are those of the expected count; over `t` they are those of the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RateInterval {
    /// Exact: never covers less than the level, usually more. Garwood 1936, Biometrika 28:437,
    /// doi 10.1093/biomet/28.3-4.437. R: `poisson.test`.
    ///
    /// ```text
    /// P(X >= x; lower) = alpha/2        P(X <= x; upper) = alpha/2
    /// ```
    #[default]
    Garwood,
    /// Exact, with half of the chance of the observed count: shorter, and covers the level on average. Cohen &
    /// Yang 1994, Stat Med 13:2189, doi 10.1002/sim.4780132102.
    ///
    /// ```text
    /// P(X > x; lower) + P(X = x; lower)/2 = alpha/2        P(X < x; upper) + P(X = x; upper)/2 = alpha/2
    /// ```
    MidP,
    /// The rates that a score test does not reject. Rao 1948, Math Proc Camb Philos Soc 44:50,
    /// doi 10.1017/S0305004100023987.
    ///
    /// ```text
    /// x + z^2/2 -+ z sqrt(x + z^2/4)
    /// ```
    Score,
}

impl Rate {
    /// The confidence interval of the rate, from its count and not from an effect and a variance; defined for no
    /// events.
    ///
    /// ```
    /// use meta_analysis::study::{Rate, RateInterval};
    ///
    /// let rate = Rate::new(3, 100.0)?.interval(RateInterval::Garwood, 0.95)?;
    /// // R: poisson.test(3, 100)$conf.int
    /// assert!((rate.lower - 0.006_186_721_228_956_02).abs() < 1e-16);
    /// assert!((rate.upper - 0.087_672_730_697_423_2).abs() < 1e-15);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::Overflow`] for a person-time so small that the rate overflows.
    pub fn interval(&self, method: RateInterval, level: f64) -> Result<CountInterval<RateInterval>> {
        let side = each_side(level)?;
        let x = self.events();
        let [lower, upper] = match method {
            RateInterval::Garwood => garwood(x, side),
            RateInterval::MidP => mid_p(x, side),
            RateInterval::Score => score(x, normal::quantile_upper(side)),
        };
        // At a level near 0 the limits meet, and rounding may cross them.
        let [lower, upper] = [lower.min(upper) / self.time(), upper.max(lower) / self.time()];
        if upper.is_infinite() {
            return Err(ErrorKind::Overflow { what: "the rate" }.into());
        }
        Ok(CountInterval { estimate: self.value(), lower, upper, level, method })
    }
}

fn garwood(x: f64, side: f64) -> [f64; 2] {
    let lower = if x > 0.0 { gamma::inverse_lower_regularized(x, side) } else { 0.0 };
    [lower, gamma::inverse_upper_regularized(x + 1.0, side)]
}

fn score(x: f64, z: f64) -> [f64; 2] {
    let middle = x + 0.5 * z * z;
    let upper = middle + z * (x + 0.25 * z * z).sqrt();
    // The product of both limits is x^2.
    [x / upper * x, upper]
}

/// Both limits lie between the exact ones of this count and those of its neighbour.
fn mid_p(x: f64, side: f64) -> [f64; 2] {
    if x <= 0.0 {
        return [0.0, -(2.0 * side).ln()];
    }
    let [least, greatest] = garwood(x, side);
    let slope = |mu: f64| (x * mu.ln() - mu - gamma::ln_gamma(x)).exp() * (1.0 + mu / x);
    let lower = root::log_newton(least, gamma::inverse_lower_regularized(x + 1.0, side), x, |mu| {
        let both = gamma::lower_regularized(x, mu) + gamma::lower_regularized(x + 1.0, mu);
        (mu, -(0.5 * both / side).ln(), -slope(mu) / both)
    });
    let upper = root::log_newton(gamma::inverse_upper_regularized(x, side), greatest, x, |mu| {
        let both = gamma::upper_regularized(x, mu) + gamma::upper_regularized(x + 1.0, mu);
        (mu, (0.5 * both / side).ln(), -slope(mu) / both)
    });
    [lower.at, upper.at]
}
