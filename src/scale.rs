//! The scale a number is analysed on, and the way back to the scale a reader wants.

use serde::{Deserialize, Serialize};

/// How an effect was transformed before pooling.
///
/// *Analysis scale* is the scale that effects are pooled on (logit, log, Fisher z); *natural scale* is what a
/// reader wants (a proportion, an odds ratio, a correlation). Every function here is monotone increasing, so
/// intervals go over limit by limit.
///
/// ```
/// use meta_analysis::Scale;
///
/// let logit = Scale::Logit.to_analysis(0.8).unwrap();
/// assert!((logit - 4.0_f64.ln()).abs() < 1e-15);
/// assert!((Scale::Logit.to_natural(logit) - 0.8).abs() < 1e-15);
/// assert_eq!(Scale::Logit.to_analysis(1.0), None); // a logit of certainty is not a number
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Scale {
    /// Not transformed. Natural range: all real numbers.
    Identity,
    /// `y = ln x`. Natural range: (0, inf).
    Log,
    /// `y = ln(x / (1 - x))`. Natural range: (0, 1).
    Logit,
    /// `y = atanh x`. Natural range: (-1, 1). Fisher 1921, Metron 1:3.
    FisherZ,
    /// `y = asin sqrt x`, in radians. Natural range: [0, 1]; analysis range: [0, pi/2].
    Arcsine,
    /// Freeman-Tukey double arcsine of a proportion seen in `n` people, in radians:
    ///
    /// ```text
    /// y = (asin sqrt(x / (n + 1)) + asin sqrt((x + 1) / (n + 1))) / 2        x = number of events
    /// ```
    ///
    /// Its inverse (Miller 1978, Am Stat 32:138, doi 10.1080/00031305.1978.10479283) depends on `n`, which is
    /// why `n` is part of the value. Freeman & Tukey 1950, Ann Math Stat 21:607, doi 10.1214/aoms/1177729756.
    DoubleArcsine {
        /// Sample size; for a pooled value the harmonic mean of the sample sizes.
        n: f64,
    },
    /// `y = sqrt x`. Natural range: [0, inf).
    Sqrt,
    /// `y` = normal quantile of `x`. Natural range: (0, 1).
    Probit,
    /// `y = atanh sqrt x`. Natural range: [0, 1): a coefficient of determination.
    RootFisherZ,
    /// `y = 1 - (1 - x)^(1/3)`. Natural range: up to 1: a reliability. Hakstian & Whalen 1976, Psychometrika 41:219,
    /// doi 10.1007/BF02291840.
    HakstianWhalen,
    /// `y = -ln(1 - x)`. Natural range: up to 1: a reliability. Bonett 2002, J Educ Behav Stat 27:335,
    /// doi 10.3102/10769986027004335.
    Bonett,
    /// Freeman-Tukey square root of a rate seen in person-time `time`:
    ///
    /// ```text
    /// y = (sqrt(x/t) + sqrt((x + 1)/t)) / 2        x = number of events
    /// ```
    ///
    /// with the inverse `(1/t - 4 y^2)^2 / (16 y^2)`; `y` below the value of no events goes to 0.
    FreemanTukeyRate {
        /// Person-time; for a pooled value the harmonic mean.
        time: f64,
    },
}

impl Scale {
    /// The name used in messages and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Log => "log",
            Self::Logit => "logit",
            Self::FisherZ => "Fisher z",
            Self::Arcsine => "arcsine",
            Self::DoubleArcsine { .. } => "double arcsine",
            Self::Sqrt => "square root",
            Self::Probit => "probit",
            Self::RootFisherZ => "Fisher z of the root",
            Self::HakstianWhalen => "Hakstian-Whalen",
            Self::Bonett => "Bonett",
            Self::FreemanTukeyRate { .. } => "Freeman-Tukey square root",
        }
    }

    /// The natural value carried to the analysis scale, or `None` where that is not a finite number.
    ///
    /// For [`DoubleArcsine`](Self::DoubleArcsine) the natural value is a proportion `p`, and `p n` need not be
    /// whole.
    pub fn to_analysis(self, natural: f64) -> Option<f64> {
        let x = natural;
        let y = match self {
            Self::Identity => x,
            Self::Log => x.ln(),
            // ln_1p keeps the digits of a proportion close to 1.
            Self::Logit => x.ln() - (-x).ln_1p(),
            // Not `f64::atanh`, which loses digits towards -1.
            Self::FisherZ => libm::atanh(x),
            Self::Arcsine => x.sqrt().asin(),
            Self::DoubleArcsine { n } => {
                0.5 * ((x * n / (n + 1.0)).sqrt().asin() + ((x * n + 1.0) / (n + 1.0)).sqrt().asin())
            }
            Self::Sqrt => x.sqrt(),
            Self::Probit => crate::num::normal::quantile(x),
            Self::RootFisherZ => libm::atanh(x.sqrt()),
            // -expm1(ln(1 - x)/3) keeps the digits of a small x.
            Self::HakstianWhalen if x < 1.0 => -((-x).ln_1p() / 3.0).exp_m1(),
            Self::HakstianWhalen => 1.0 + (x - 1.0).cbrt(),
            Self::Bonett => -(-x).ln_1p(),
            Self::FreemanTukeyRate { time } => 0.5 * (x.sqrt() + (x + 1.0 / time).sqrt()),
        };
        y.is_finite().then_some(y)
    }

    /// The analysis value brought back to the natural scale.
    ///
    /// Values outside the analysis range of a bounded scale (a negative arcsine, say, as the limit of an
    /// interval may be) go to the nearest end of the natural range. An infinite limit goes to the end of the
    /// range. NaN stays NaN.
    pub fn to_natural(self, analysis: f64) -> f64 {
        let y = analysis;
        match self {
            Self::Identity => y,
            Self::Log => y.exp(),
            Self::Logit if y < 0.0 => y.exp() / (1.0 + y.exp()),
            Self::Logit => 1.0 / (1.0 + (-y).exp()),
            Self::FisherZ => y.tanh(),
            Self::Arcsine => y.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2),
            Self::DoubleArcsine { n } => double_arcsine_inverse(y, n),
            Self::Sqrt => y.max(0.0).powi(2),
            Self::Probit => crate::num::normal::cdf(y),
            Self::RootFisherZ => y.max(0.0).tanh().powi(2),
            Self::HakstianWhalen => y * (3.0 + y * (y - 3.0)),
            Self::Bonett => -(-y).exp_m1(),
            Self::FreemanTukeyRate { time } => {
                let root = y.max(0.5 * time.recip().sqrt());
                // (4 y^2 - 1/t)^2 / (16 y^2)
                (root - 0.25 / (time * root)).powi(2)
            }
        }
    }

    /// Derivative of the natural value with respect to the analysis value, at an analysis value.
    ///
    /// ```
    /// use meta_analysis::Scale;
    /// assert_eq!(Scale::Logit.slope(0.0), 0.25);
    /// ```
    pub fn slope(self, analysis: f64) -> f64 {
        let y = analysis;
        match self {
            Self::Identity => 1.0,
            Self::Log => y.exp(),
            Self::Logit => {
                let e = (-y.abs()).exp();
                e / (1.0 + e).powi(2)
            }
            Self::FisherZ => 1.0 / y.cosh().powi(2),
            Self::Arcsine => {
                if (0.0..=std::f64::consts::FRAC_PI_2).contains(&y) {
                    (2.0 * y).sin()
                } else {
                    0.0
                }
            }
            Self::DoubleArcsine { n } => double_arcsine_slope(y, n),
            Self::Sqrt => 2.0 * y.max(0.0),
            Self::Probit => crate::num::normal::ln_pdf(y).exp(),
            Self::RootFisherZ => 2.0 * y.max(0.0).tanh() / y.cosh().powi(2),
            Self::HakstianWhalen => 3.0 * (1.0 - y).powi(2),
            Self::Bonett => (-y).exp(),
            Self::FreemanTukeyRate { time } => {
                let least = 0.25 / time;
                if y * y <= least || y < 0.0 { 0.0 } else { 2.0 * (y - least / y) * (1.0 + least / (y * y)) }
            }
        }
    }

    /// The natural range, ends included where they can be reached.
    pub fn support(self) -> (f64, f64) {
        match self {
            Self::Identity => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Log | Self::Sqrt | Self::FreemanTukeyRate { .. } => (0.0, f64::INFINITY),
            Self::Logit | Self::Probit | Self::Arcsine | Self::DoubleArcsine { .. } | Self::RootFisherZ => (0.0, 1.0),
            Self::HakstianWhalen | Self::Bonett => (f64::NEG_INFINITY, 1.0),
            Self::FisherZ => (-1.0, 1.0),
        }
    }

    /// The scale of a difference of two analysis values, where that difference has a natural meaning.
    ///
    /// A difference of logits or of logs is the log of a ratio (of odds, of risks); a difference of raw values
    /// is a difference; for the other scales there is no common name, hence `None`.
    pub fn of_difference(self) -> Option<Self> {
        match self {
            Self::Identity => Some(Self::Identity),
            Self::Log | Self::Logit => Some(Self::Log),
            _ => None,
        }
    }
}

/// The values that 0 and n events of n have on the double arcsine scale.
fn double_arcsine_range(n: f64) -> (f64, f64) {
    let none = 0.5 * (1.0 / (n + 1.0)).sqrt().asin();
    let all = 0.5 * ((n / (n + 1.0)).sqrt().asin() + std::f64::consts::FRAC_PI_2);
    (none, all)
}

/// With s = sin 2y, c = cos 2y and a = s + (s - 1/s)/n, Miller's inverse is (1 - sgn(c) sqrt(1 - a^2)) / 2.
/// Since 1 - a = c^2 (1/(1 + s) + 1/(s n)), that is (1 - c r) / 2 without the cancellation near one half.
/// Returns s, c, a, r.
fn miller(y: f64, n: f64) -> (f64, f64, f64, f64) {
    let (s, c) = (2.0 * y).sin_cos();
    let a = s + (s - 1.0 / s) / n;
    let r = ((1.0 / (1.0 + s) + 1.0 / (s * n)) * (1.0 + a).max(0.0)).sqrt();
    (s, c, a, r)
}

fn double_arcsine_inverse(y: f64, n: f64) -> f64 {
    let (none, all) = double_arcsine_range(n);
    if y <= none {
        0.0
    } else if y >= all {
        1.0
    } else {
        let (_, c, _, r) = miller(y, n);
        (0.5 * (1.0 - c * r)).clamp(0.0, 1.0)
    }
}

fn double_arcsine_slope(y: f64, n: f64) -> f64 {
    let (none, all) = double_arcsine_range(n);
    if y <= none || y >= all {
        return 0.0;
    }
    let (s, _, a, r) = miller(y, n);
    a * (1.0 + (1.0 + 1.0 / (s * s)) / n) / r
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Scale; 12] = [
        Scale::Identity,
        Scale::Log,
        Scale::Logit,
        Scale::FisherZ,
        Scale::Arcsine,
        Scale::DoubleArcsine { n: 24.0 },
        Scale::Sqrt,
        Scale::Probit,
        Scale::RootFisherZ,
        Scale::HakstianWhalen,
        Scale::Bonett,
        Scale::FreemanTukeyRate { time: 30.0 },
    ];

    proptest! {
        #[test]
        fn there_and_back(x in 1e-6..0.999_999_f64) {
            for scale in ALL {
                let y = scale.to_analysis(x).unwrap();
                prop_assert!((scale.to_natural(y) - x).abs() < 1e-9 * x.max(1e-3), "{scale:?} {x} {}", scale.to_natural(y));
            }
        }

        #[test]
        fn monotone(a in -3.0..3.0_f64, step in 0.0..1.0_f64) {
            for scale in ALL {
                prop_assert!(scale.to_natural(a) <= scale.to_natural(a + step) + 1e-15);
            }
        }

        #[test]
        fn slope_is_the_derivative(y in 0.2..1.3_f64) {
            for scale in ALL {
                let h = 1e-6;
                let numeric = (scale.to_natural(y + h) - scale.to_natural(y - h)) / (2.0 * h);
                prop_assert!((scale.slope(y) - numeric).abs() < 1e-6 * numeric.abs().max(1.0), "{scale:?}");
            }
        }

        #[test]
        fn no_scale_makes_nan_of_a_number(bits in any::<u64>()) {
            let y = f64::from_bits(bits);
            prop_assume!(!y.is_nan());
            for scale in ALL {
                prop_assert!(!scale.to_natural(y).is_nan(), "{scale:?} {y}");
                prop_assert!(scale.to_analysis(y).is_none_or(f64::is_finite));
            }
        }
    }

    #[test]
    fn ends_of_the_range_have_no_analysis_value() {
        for (scale, x) in [(Scale::Log, 0.0), (Scale::Logit, 0.0), (Scale::Logit, 1.0), (Scale::FisherZ, 1.0)] {
            assert_eq!(scale.to_analysis(x), None, "{scale:?}");
        }
        assert_eq!(Scale::Arcsine.to_analysis(0.0), Some(0.0));
        assert_eq!(Scale::Log.to_analysis(-1.0), None);
    }
}
