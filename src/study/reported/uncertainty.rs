//! The forms in which papers report how sure an estimate is.

use crate::error::Result;
use crate::num::critical::critical;
use crate::study::check;
use crate::study::significance::{check_df, check_p, from_two_sided};
use serde::{Deserialize, Serialize};

/// What a one-sided test was looking for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Alternative {
    /// An effect above no effect.
    Greater,
    /// An effect below no effect.
    Less,
}

/// How sure an estimate is, as a paper puts it.
///
/// With `y` the estimate on the analysis scale relative to no effect and `se` its standard error there. A test
/// is taken to be the Wald test of no effect **on the analysis scale**; a likelihood ratio or score test gives
/// a standard error that is only about right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Uncertainty {
    /// Confidence limits on the scale of the estimate.
    ///
    /// ```text
    /// se = (T(upper) - T(lower)) / (2 c)        c = quantile of (1 + level)/2, T = transformation to the analysis scale
    /// ```
    ///
    /// `c` is that of the normal distribution, or of t where `df` is given.
    Interval {
        /// Lower limit.
        lower: f64,
        /// Upper limit.
        upper: f64,
        /// Confidence level, such as 0.95.
        level: f64,
        /// Degrees of freedom of the t distribution the interval was made with; `None`: the normal distribution.
        #[serde(default)]
        df: Option<f64>,
    },
    /// Standard error on the analysis scale.
    StandardErrorAnalysis(f64),
    /// Standard error on the natural scale, brought over by the delta method:
    ///
    /// ```text
    /// se = se_natural / (d natural / d analysis)        of a ratio: se_natural / ratio
    /// ```
    StandardErrorNatural(f64),
    /// z statistic: se = y / z.
    Z(f64),
    /// t statistic: se = y / t, whatever the degrees of freedom.
    T(f64),
    /// F statistic with 1 numerator degree of freedom: se = |y| / sqrt(F).
    F(f64),
    /// Chi-squared statistic with 1 degree of freedom: se = |y| / sqrt(chi-squared).
    ChiSquared(f64),
    /// Two-sided p-value of a normal test, or of a t-test where `df` is given:
    ///
    /// ```text
    /// se = |y| / c        c = upper p/2 quantile
    /// ```
    PTwoSided {
        /// The p-value.
        p: f64,
        /// Degrees of freedom; `None`: normal.
        #[serde(default)]
        df: Option<f64>,
    },
    /// One-sided p-value of a normal test, or of a t-test where `df` is given: as two-sided, with the upper p
    /// quantile.
    POneSided {
        /// The p-value.
        p: f64,
        /// What the test was looking for.
        alternative: Alternative,
        /// Degrees of freedom; `None`: normal.
        #[serde(default)]
        df: Option<f64>,
    },
}

/// A test statistic in units of the standard error.
pub(super) struct Statistic {
    pub(super) name: &'static str,
    pub(super) value: f64,
    /// Whether its sign says anything.
    pub(super) signed: bool,
}

impl Uncertainty {
    /// The test statistic, where this is a test.
    pub(super) fn statistic(&self) -> Result<Option<Statistic>> {
        let signed = |name, value| Ok(Some(Statistic { name, value: check::check_finite(name, value)?, signed: true }));
        let unsigned = |name, value| Ok(Some(Statistic { name, value, signed: false }));
        match *self {
            Self::Interval { .. } | Self::StandardErrorAnalysis(_) | Self::StandardErrorNatural(_) => Ok(None),
            Self::Z(z) => signed("z", z),
            Self::T(t) => signed("t", t),
            Self::F(f) => unsigned("F", check::check_square("F", f)?.sqrt()),
            Self::ChiSquared(x) => unsigned("chi-squared", check::check_square("chi-squared", x)?.sqrt()),
            Self::PTwoSided { p, df } => unsigned("p", from_two_sided(p, df)?),
            Self::POneSided { p, alternative, df } => {
                let df = df.map(check_df).transpose()?;
                // From the nearer tail, so that a p close to 1 keeps its digits.
                let p = check_p(p)?;
                let size = if p <= 0.5 { critical(p, df) } else { -critical(1.0 - p, df) };
                signed(
                    "the statistic behind a one-sided p",
                    if alternative == Alternative::Less { -size } else { size },
                )
            }
        }
    }
}
