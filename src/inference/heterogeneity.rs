//! How much the true effects differ.

use super::Solution;
use crate::num::chi_squared;
use crate::num::format::{p_value, percent, significant};
use serde::{Deserialize, Serialize};

/// Heterogeneity of the true effects.
///
/// I2 and H2 follow from tau2 and the typical sampling variance `s2`, whatever the estimator of tau2 is
/// (Higgins & Thompson 2002, Stat Med 21:1539, doi 10.1002/sim.1186):
///
/// ```text
/// s2 = (k - 1) / tr P        I2 = tau2 / (tau2 + s2)        H2 = (tau2 + s2) / s2
/// ```
///
/// as metafor and RevMan do for random effects. Of the common-effect model, where tau2 is 0 by assumption, they
/// are the Q-based versions ([`i2_from_q`](Self::i2_from_q), [`h2_from_q`](Self::h2_from_q)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Heterogeneity {
    /// Cochran's Q. Cochran 1954, Biometrics 10:101, doi 10.2307/3001666. metafor: `QE`.
    pub q: f64,
    /// Degrees of freedom of Q, k - 1.
    pub df: f64,
    /// p-value of Q; 1 for a single study.
    pub p_value: f64,
    /// Between-study variance, in squared units of the analysis scale. It has no natural scale.
    pub tau2: f64,
    /// Standard error of tau2, where the estimator has one.
    pub tau2_se: Option<f64>,
    /// Share of the total variance that is between studies, 0 to 1.
    pub i2: f64,
    /// Total over typical sampling variance.
    pub h2: f64,
}

impl Heterogeneity {
    /// `estimated`: tau2 is part of the model (random effects), so that I2 and H2 follow from it.
    pub(crate) fn new(solution: &Solution, estimated: bool) -> Self {
        let df = solution.df();
        let mut heterogeneity = Self {
            q: solution.q,
            df,
            p_value: if df > 0.0 { chi_squared::sf(solution.q, df) } else { 1.0 },
            tau2: solution.tau2,
            tau2_se: solution.tau2_se,
            i2: 0.0,
            h2: 1.0,
        };
        (heterogeneity.i2, heterogeneity.h2) = match (estimated, solution.typical_variance) {
            (true, Some(s2)) => i2_h2(solution.tau2, s2),
            _ => (heterogeneity.i2_from_q(), heterogeneity.h2_from_q()),
        };
        heterogeneity
    }

    /// Cochran's Q about a common effect: no tau2, I2 and H2 from Q.
    pub(crate) fn of_common_effect(q: f64, df: f64) -> Self {
        let p_value = if df > 0.0 { chi_squared::sf(q, df) } else { 1.0 };
        let mut heterogeneity = Self { q, df, p_value, tau2: 0.0, tau2_se: None, i2: 0.0, h2: 1.0 };
        if df > 0.0 {
            (heterogeneity.i2, heterogeneity.h2) = (heterogeneity.i2_from_q(), heterogeneity.h2_from_q());
        }
        heterogeneity
    }

    /// Square root of tau2, in units of the analysis scale.
    pub fn tau(&self) -> f64 {
        self.tau2.sqrt()
    }

    /// I2 from Q, never below 0; 0 for a single study. The default of meta and of RevMan 5.
    ///
    /// ```text
    /// max(0, (Q - df) / Q)
    /// ```
    pub fn i2_from_q(&self) -> f64 {
        if self.df > 0.0 && self.q > self.df { (self.q - self.df) / self.q } else { 0.0 }
    }

    /// H2 from Q, not truncated; 1 for a single study.
    ///
    /// ```text
    /// Q / df
    /// ```
    pub fn h2_from_q(&self) -> f64 {
        if self.df > 0.0 { self.q / self.df } else { 1.0 }
    }
}

/// I2 and H2 for a tau2 and a typical sampling variance; a typical variance of 0 cannot come here.
fn i2_h2(tau2: f64, s2: f64) -> (f64, f64) {
    (tau2 / (tau2 + s2), tau2 / s2 + 1.0)
}

impl std::fmt::Display for Heterogeneity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (tau2, q) = (significant(self.tau2), significant(self.q));
        write!(f, "tau2 {tau2}, I2 {}, Q {q} (df {}, p {})", percent(self.i2), self.df, p_value(self.p_value))
    }
}

/// A closed interval of numbers that are not negative.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}, {}]", significant(self.lower), significant(self.upper))
    }
}

/// A confidence region that may be empty: then no value of tau2 is compatible with so little variation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Region {
    /// No value is compatible with the data at this level.
    Empty,
    /// All values of an interval.
    Interval(Interval),
}

impl Region {
    /// The interval, unless the region is empty.
    pub fn interval(self) -> Option<Interval> {
        match self {
            Self::Empty => None,
            Self::Interval(interval) => Some(interval),
        }
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Interval(interval) => interval.fmt(f),
        }
    }
}

/// Confidence regions for tau2, I2 and H2 by the Q-profile method: the values of tau2 at which the generalised Q
/// lies between two chi-square quantiles, and I2 and H2 at its ends. metafor: `confint(type = "QP")`. Viechtbauer
/// 2007, Stat Med 26:37, doi 10.1002/sim.2514.
///
/// There is no cap on the upper limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeterogeneityIntervals {
    /// Level, e.g. 0.95.
    pub level: f64,
    /// tau2, in squared units of the analysis scale.
    pub tau2: Region,
    /// tau.
    pub tau: Region,
    /// I2, 0 to 1.
    pub i2: Region,
    /// H2.
    pub h2: Region,
}

impl HeterogeneityIntervals {
    pub(crate) fn new(level: f64, tau2: Option<(f64, f64)>, s2: f64) -> Self {
        let region = |of: &dyn Fn(f64) -> f64| match tau2 {
            None => Region::Empty,
            Some((lower, upper)) => Region::Interval(Interval { lower: of(lower), upper: of(upper) }),
        };
        Self {
            level,
            tau2: region(&|tau2| tau2),
            tau: region(&f64::sqrt),
            i2: region(&|tau2| i2_h2(tau2, s2).0),
            h2: region(&|tau2| i2_h2(tau2, s2).1),
        }
    }
}
