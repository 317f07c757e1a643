//! Intervals for H and I2 that rest on the test of homogeneity.

use super::{Interval, Solution};
use crate::error::{ErrorKind, Result};
use crate::num::normal;
use serde::{Deserialize, Serialize};

/// Test-based intervals for H, H2 and I2: a normal interval for log H with a standard error derived from the
/// significance of Q. Higgins & Thompson 2002, Stat Med 21:1539, doi 10.1002/sim.1186; I2 as in Higgins et al. 2003,
/// BMJ 327:557, doi 10.1136/bmj.327.7414.557. The default of meta for the I2 from Q; metafor: `confint(type = "HT")`
/// of a common-effect model.
///
/// ```text
/// H = max(1, sqrt(Q / (k-1)))
/// se(log H) = 1/2 (log Q - log(k-1)) / (sqrt(2 Q) - sqrt(2 k - 3))        Q > k
///           = sqrt( (1 - 1 / (3 (k-2)^2)) / (2 (k-2)) )                  Q <= k
/// H exp(-+ z se), not below 1;     I2 = (H2 - 1) / H2
/// ```
///
/// They belong to the I2 from Q ([`Heterogeneity::i2_from_q`](super::Heterogeneity::i2_from_q)), not to the one from
/// tau2, and are no interval for tau2. Approximate.
///
/// ```
/// use meta_analysis::{CommonEffect, Effect, Effects, Measure};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let found = CommonEffect::new().fit(&effects)?.test_based_intervals(0.95)?;
/// // Q = 8 on 2 df: H = 2, se(log H) = log 2 / (sqrt(16) - sqrt(3)), and the limits are powers of 2.
/// let step = 1.959_963_984_540_054 / (4.0 - 3.0_f64.sqrt());
/// assert!((found.h.lower - (1.0 - step).exp2()).abs() < 1e-13);
/// assert!((found.h.upper - (1.0 + step).exp2()).abs() < 1e-13);
/// // In the middle, on the log scale, is H itself.
/// assert!((found.h2.lower * found.h2.upper - 16.0).abs() < 1e-12);
/// assert!((found.i2.upper - (1.0 - 1.0 / found.h2.upper)).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestBased {
    /// Level, e.g. 0.95.
    pub level: f64,
    /// H, at least 1.
    pub h: Interval,
    /// H2, at least 1.
    pub h2: Interval,
    /// I2, 0 to 1.
    pub i2: Interval,
}

impl TestBased {
    /// `tail`: half of 1 - level.
    pub(crate) fn new(solution: &Solution, level: f64, tail: f64) -> Result<Self> {
        let (k, df, q) = (solution.k as f64, solution.df(), solution.q);
        let se = if q > k && df > 0.0 {
            0.5 * (q / df).ln() / ((2.0 * q).sqrt() - (2.0 * k - 3.0).sqrt())
        } else if solution.k > 2 {
            let m = k - 2.0;
            ((1.0 - 1.0 / (3.0 * m * m)) / (2.0 * m)).sqrt()
        } else {
            let (what, remedy) = ("a test-based interval where Q <= k", "use an interval that rests on tau2");
            return Err(ErrorKind::TooFewStudies { what, k: solution.k, needed: 3, remedy }.into());
        };
        let ln_h = if q > df { 0.5 * (q / df).ln() } else { 0.0 };
        let half = normal::quantile_upper(tail) * se;
        let (lower, upper) = ((ln_h - half).max(0.0), (ln_h + half).max(0.0));
        let of = |f: &dyn Fn(f64) -> f64| Interval { lower: f(lower), upper: f(upper) };
        let (h, h2) = (of(&f64::exp), of(&|ln_h: f64| (2.0 * ln_h).exp()));
        if !h2.upper.is_finite() {
            return Err(ErrorKind::Overflow { what: "the test-based interval" }.into());
        }
        Ok(Self { level, h, h2, i2: of(&|ln_h: f64| -(-2.0 * ln_h).exp_m1()) })
    }
}
