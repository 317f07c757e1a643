//! Confidence intervals of one proportion, from its counts.

use super::Proportion;
use crate::error::Result;
use crate::num::{beta, normal, root};
use crate::study::count_interval::CountInterval;
use crate::study::significance::each_side;
use serde::{Deserialize, Serialize};

/// How the confidence interval of `x` events in `n` people is computed; `p = x/n`, `z` the normal quantile and
/// `alpha = 1 - level`. Brown, Cai & DasGupta 2001, Stat Sci 16:101, doi 10.1214/ss/1009213286, compare them;
/// Newcombe 1998, Stat Med 17:857.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProportionInterval {
    /// Exact: never covers less than the level, usually more. Clopper & Pearson 1934, Biometrika 26:404,
    /// doi 10.1093/biomet/26.4.404. R: `binom.test`.
    ///
    /// ```text
    /// P(X >= x; lower) = alpha/2        P(X <= x; upper) = alpha/2
    /// ```
    #[default]
    ClopperPearson,
    /// Exact, with half of the chance of the observed count: shorter than Clopper-Pearson, and covers the level
    /// on average. Lancaster 1961, J Am Stat Assoc 56:223, doi 10.1080/01621459.1961.10482105.
    ///
    /// ```text
    /// P(X > x; lower) + P(X = x; lower)/2 = alpha/2        P(X < x; upper) + P(X = x; upper)/2 = alpha/2
    /// ```
    MidP,
    /// Score interval: the proportions that a score test does not reject. Wilson 1927, J Am Stat Assoc 22:209,
    /// doi 10.1080/01621459.1927.10502953. R: `prop.test(correct = FALSE)`.
    ///
    /// ```text
    /// (x + z^2/2 -+ z sqrt(x (n - x)/n + z^2/4)) / (n + z^2)
    /// ```
    Wilson,
    /// Wald's interval after adding z^2/2 events and non-events, cut to [0, 1]. Agresti & Coull 1998, Am Stat
    /// 52:119, doi 10.1080/00031305.1998.10480550.
    ///
    /// ```text
    /// P -+ z sqrt(P (1 - P)/(n + z^2))        P = (x + z^2/2)/(n + z^2)
    /// ```
    AgrestiCoull,
    /// Quantiles of the posterior Beta(x + 1/2, n - x + 1/2); the lower limit is 0 for no events and the upper
    /// limit 1 for nothing but events, as Brown, Cai & DasGupta define it (statsmodels leaves the quantiles).
    Jeffreys,
}

impl Proportion {
    /// The confidence interval of the proportion, from its counts and not from an effect and a variance.
    ///
    /// The forest table draws each study's interval on the analysis scale of its model; this is the interval to
    /// quote for a study by itself, and it is defined for 0 and n events.
    ///
    /// ```
    /// use meta_analysis::study::{Proportion, ProportionInterval};
    ///
    /// let hara = Proportion::new(7, 8)?.interval(ProportionInterval::ClopperPearson, 0.95)?;
    /// // R: binom.test(7, 8)$conf.int
    /// assert!((hara.lower - 0.473_490_329_124_793_4).abs() < 1e-14);
    /// assert!((hara.upper - 0.996_840_276_468_748).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange).
    pub fn interval(&self, method: ProportionInterval, level: f64) -> Result<CountInterval<ProportionInterval>> {
        let side = each_side(level)?;
        let z = normal::quantile_upper(side);
        let (x, n) = (self.events(), self.total());
        let rest = n - x;
        let [lower, upper] = match method {
            ProportionInterval::ClopperPearson => clopper_pearson(x, rest, side),
            ProportionInterval::MidP => mid_p(x, rest, side),
            ProportionInterval::Wilson => wilson(x, rest, z),
            ProportionInterval::AgrestiCoull => agresti_coull(x, rest, z),
            ProportionInterval::Jeffreys => jeffreys(x, rest, side),
        };
        // At a level near 0 the limits meet, and rounding may cross them.
        let [lower, upper] = [lower.min(upper), upper.max(lower)];
        // No events leave no room below, and nothing but events none above, whatever the rounding.
        let lower = if x <= 0.0 { 0.0 } else { lower.clamp(0.0, 1.0) };
        let upper = if rest <= 0.0 { 1.0 } else { upper.clamp(0.0, 1.0) };
        Ok(CountInterval { estimate: self.value(), lower, upper, level, method })
    }
}

fn clopper_pearson(x: f64, rest: f64, side: f64) -> [f64; 2] {
    let lower = if x > 0.0 { beta::inverse_regularized(x, rest + 1.0, side) } else { 0.0 };
    let upper = if rest > 0.0 { beta::inverse_regularized_upper(x + 1.0, rest, side) } else { 1.0 };
    [lower, upper]
}

fn jeffreys(x: f64, rest: f64, side: f64) -> [f64; 2] {
    let (a, b) = (x + 0.5, rest + 0.5);
    [beta::inverse_regularized(a, b, side), beta::inverse_regularized_upper(a, b, side)]
}

fn wilson(x: f64, rest: f64, z: f64) -> [f64; 2] {
    let (n, z2) = (x + rest, z * z);
    let half = z * (x * (rest / n) + 0.25 * z2).sqrt();
    let upper = (x + 0.5 * z2 + half) / (n + z2);
    // The product of both limits is x^2 / (n (n + z^2)); a difference would lose the digits of a small one.
    [x / n * (x / (n + z2)) / upper, upper]
}

fn agresti_coull(x: f64, rest: f64, z: f64) -> [f64; 2] {
    let z2 = z * z;
    let n = x + rest + z2;
    let (p, q) = ((x + 0.5 * z2) / n, (rest + 0.5 * z2) / n);
    let half = z * (p * q / n).sqrt();
    [p - half, p + half]
}

/// Both limits lie between the exact ones of this count and those of its neighbour.
fn mid_p(x: f64, rest: f64, side: f64) -> [f64; 2] {
    if x <= 0.0 {
        return [0.0, -((2.0 * side).ln() / rest).exp_m1()];
    }
    if rest <= 0.0 {
        return [((2.0 * side).ln() / x).exp(), 1.0];
    }
    let [least, greatest] = clopper_pearson(x, rest, side);
    let slope = |p: f64| {
        let density = x * p.ln() + rest * (-p).ln_1p() - beta::ln_beta(x, rest + 1.0);
        density.exp() * (1.0 + rest / x * (p / (1.0 - p)))
    };
    let lower = root::log_newton(least, beta::inverse_regularized(x + 1.0, rest, side), x / (x + rest), |p| {
        let both = beta::regularized(x, rest + 1.0, p) + beta::regularized(x + 1.0, rest, p);
        (p, -(0.5 * both / side).ln(), -slope(p) / both)
    });
    let upper = root::log_newton(beta::inverse_regularized_upper(x, rest + 1.0, side), greatest, x / (x + rest), |p| {
        let both = beta::regularized_upper(x, rest + 1.0, p) + beta::regularized_upper(x + 1.0, rest, p);
        (p, (0.5 * both / side).ln(), -slope(p) / both)
    });
    [lower.at, upper.at]
}
