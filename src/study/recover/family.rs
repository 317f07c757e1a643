//! The distributions that five numbers are taken to be from.

use super::box_cox;
use crate::num::{beta, gamma, normal};

/// A distribution with mean, standard deviation and quantiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Family {
    Normal {
        mean: f64,
        sd: f64,
    },
    /// `scale exp(N(mu, sigma))`.
    LogNormal {
        mu: f64,
        sigma: f64,
        scale: f64,
    },
    Gamma {
        shape: f64,
        scale: f64,
    },
    Weibull {
        shape: f64,
        scale: f64,
    },
    Beta {
        a: f64,
        b: f64,
    },
    /// `scale (1 + power N(mu, sigma))^(1/power)` where that is defined; `power > 0`.
    BoxCox {
        power: f64,
        mu: f64,
        sigma: f64,
        scale: f64,
    },
}

/// The standard normal quantile of `p`, with `q = 1 - p` so that both tails keep their digits.
pub(super) fn deviate(p: f64, q: f64) -> f64 {
    if p < 0.5 { normal::quantile(p) } else { normal::quantile_upper(q) }
}

impl Family {
    /// Mean and standard deviation.
    pub(super) fn moments(&self) -> (f64, f64) {
        match *self {
            Self::Normal { mean, sd } => (mean, sd),
            Self::LogNormal { mu, sigma, scale } => {
                let mean = scale * (mu + 0.5 * sigma * sigma).exp();
                (mean, mean * (sigma * sigma).exp_m1().sqrt())
            }
            Self::Gamma { shape, scale } => (scale * shape, scale * shape.sqrt()),
            Self::Weibull { shape, scale } => {
                let (first, second) = (gamma::ln_gamma(1.0 + 1.0 / shape), gamma::ln_gamma(1.0 + 2.0 / shape));
                let mean = scale * first.exp();
                (mean, mean * (second - 2.0 * first).exp_m1().sqrt())
            }
            Self::Beta { a, b } => {
                let mean = a / (a + b);
                (mean, (mean * (b / (a + b)) / (a + b + 1.0)).sqrt())
            }
            Self::BoxCox { power, mu, sigma, scale } => {
                let (mean, sd) = box_cox::moments(power, mu, sigma);
                (scale * mean, scale * sd)
            }
        }
    }

    /// The quantile of `p`, with `q = 1 - p` so that both tails keep their digits.
    pub(super) fn quantile(&self, p: f64, q: f64) -> f64 {
        #[cfg(test)]
        super::evaluations::count();
        match *self {
            Self::Normal { mean, sd } => mean + sd * deviate(p, q),
            Self::LogNormal { mu, sigma, scale } => scale * (mu + sigma * deviate(p, q)).exp(),
            Self::Gamma { shape, scale } if p < 0.5 => scale * gamma::inverse_lower_regularized(shape, p),
            Self::Gamma { shape, scale } => scale * gamma::inverse_upper_regularized(shape, q),
            Self::Weibull { shape, scale } if p < 0.5 => scale * (-(-p).ln_1p()).powf(1.0 / shape),
            Self::Weibull { shape, scale } => scale * (-q.ln()).powf(1.0 / shape),
            Self::Beta { a, b } if p < 0.5 => beta::inverse_regularized(a, b, p),
            Self::Beta { a, b } => beta::inverse_regularized_upper(a, b, q),
            Self::BoxCox { power, mu, sigma, scale } => {
                // The part of the normal distribution without a power is cut off.
                let kept = normal::sf((-1.0 / power - mu) / sigma);
                let z = deviate(1.0 - q * kept, q * kept);
                scale * box_cox::inverse(power, mu + sigma * z)
            }
        }
    }

    /// The parameters, by name, for the record.
    pub(super) fn parameters(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::Normal { .. } => vec![],
            Self::LogNormal { mu, sigma, scale } => {
                vec![("log-normal mu", mu + scale.ln()), ("log-normal sigma", sigma)]
            }
            Self::Gamma { shape, scale } => vec![("gamma shape", shape), ("gamma scale", scale)],
            Self::Weibull { shape, scale } => vec![("Weibull shape", shape), ("Weibull scale", scale)],
            Self::Beta { a, b } => vec![("beta a", a), ("beta b", b)],
            Self::BoxCox { power, mu, sigma, .. } => {
                vec![("Box-Cox power", power), ("Box-Cox mu", mu), ("Box-Cox sigma", sigma)]
            }
        }
    }
}
