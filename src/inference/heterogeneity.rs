//! How much the true effects differ.

use super::{Side, Solution, Tau2Interval};
use crate::error::{ErrorKind, Result};
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
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: Q = 4 + 4, tau2 = 4 - 1
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let found = fit.heterogeneity();
/// assert!((found.q - 8.0).abs() < 1e-13 && (found.tau2 - 3.0).abs() < 1e-13);
/// assert!((found.p_value - (-4.0_f64).exp()).abs() < 1e-15); // chi-square with 2 df
/// assert!((found.i2 - 0.75).abs() < 1e-14 && (found.h2 - 4.0).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
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
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`] where tau2 is so much larger than the sampling variances that H2 overflows.
    pub(crate) fn new(solution: &Solution, estimated: bool) -> Result<Self> {
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
        if heterogeneity.h2.is_finite() { Ok(heterogeneity) } else { Err(ErrorKind::Overflow { what: "H2" }.into()) }
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
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: tau2 = 4 - 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert!((fit.heterogeneity().tau() - 3.0_f64.sqrt()).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn tau(&self) -> f64 {
        self.tau2.sqrt()
    }

    /// I2 from Q, never below 0; 0 for a single study. The default of meta and of RevMan 5.
    ///
    /// ```text
    /// max(0, (Q - df) / Q)
    /// ```
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([
    /// #     ("A", Effect::from_variance(Measure::MeanDifference, 1.0, 1.0)?),
    /// #     ("B", Effect::from_variance(Measure::MeanDifference, 4.0, 2.0)?),
    /// # ])?;
    /// // Effects 1 and 4 with variances 1 and 2: mean 2, Q = 1 + 4/2
    /// let fit = CommonEffect::new().fit(&effects)?;
    /// assert!((fit.heterogeneity().i2_from_q() - 2.0 / 3.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn i2_from_q(&self) -> f64 {
        if self.df > 0.0 && self.q > self.df { (self.q - self.df) / self.q } else { 0.0 }
    }

    /// H2 from Q, not truncated; 1 for a single study.
    ///
    /// ```text
    /// Q / df
    /// ```
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 1.5)?, row("C", 2.0)?])?;
    /// // Effects 1, 1.5 and 2, each with variance 1: Q = 0.5 on 2 df
    /// let fit = CommonEffect::new().fit(&effects)?;
    /// assert!((fit.heterogeneity().h2_from_q() - 0.25).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
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
///
/// ```
/// # use meta_analysis::Interval;
/// assert_eq!(Interval { lower: 0.0, upper: 1.5 }.to_string(), "[0, 1.50]");
/// ```
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

/// A confidence region that may be empty, an interval, or several intervals apart from each other.
///
/// ```
/// # use meta_analysis::{Interval, Region};
/// let region = Region::Union(vec![Interval { lower: 0.0, upper: 0.25 }, Interval { lower: 0.5, upper: 1.5 }]);
/// assert_eq!(region.to_string(), "[0, 0.250] and [0.500, 1.50]");
/// assert_eq!(Region::Empty.to_string(), "empty");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Region {
    /// No value is compatible with the data at this level: the effects vary too little for any tau2.
    Empty,
    /// All values of an interval.
    Interval(Interval),
    /// Two or more intervals, in ascending order: what a profile likelihood with several maxima can leave.
    Union(Vec<Interval>),
}

impl Region {
    /// Lower and upper limit of the whole region, unless it is empty; of a [`Union`](Self::Union) the smallest
    /// interval around it, which is more than the region.
    ///
    /// ```
    /// # use meta_analysis::{Interval, Region};
    /// let region = Region::Union(vec![Interval { lower: 0.0, upper: 0.25 }, Interval { lower: 0.5, upper: 1.5 }]);
    /// assert_eq!(region.interval(), Some(Interval { lower: 0.0, upper: 1.5 }));
    /// assert_eq!(Region::Empty.interval(), None);
    /// ```
    pub fn interval(&self) -> Option<Interval> {
        let (first, last) = (self.pieces().first()?, self.pieces().last()?);
        Some(Interval { lower: first.lower, upper: last.upper })
    }

    /// The intervals it consists of, in ascending order.
    ///
    /// ```
    /// # use meta_analysis::{Interval, Region};
    /// let interval = Interval { lower: 0.5, upper: 1.5 };
    /// assert_eq!(Region::Interval(interval).pieces(), [interval]);
    /// assert!(Region::Empty.pieces().is_empty());
    /// ```
    pub fn pieces(&self) -> &[Interval] {
        match self {
            Self::Empty => &[],
            Self::Interval(interval) => std::slice::from_ref(interval),
            Self::Union(pieces) => pieces,
        }
    }

    /// Whether a value is in the region.
    ///
    /// ```
    /// # use meta_analysis::{Interval, Region};
    /// let region = Region::Union(vec![Interval { lower: 0.0, upper: 0.25 }, Interval { lower: 0.5, upper: 1.5 }]);
    /// assert!(region.contains(0.25) && !region.contains(0.3) && region.contains(1.0));
    /// ```
    pub fn contains(&self, value: f64) -> bool {
        self.pieces().iter().any(|piece| piece.lower <= value && value <= piece.upper)
    }

    fn of(pieces: impl Iterator<Item = Interval>) -> Self {
        let mut pieces: Vec<Interval> = pieces.collect();
        match (pieces.pop(), pieces.is_empty()) {
            (None, _) => Self::Empty,
            (Some(only), true) => Self::Interval(only),
            (Some(last), false) => {
                pieces.push(last);
                Self::Union(pieces)
            }
        }
    }
}

impl std::fmt::Display for Region {
    /// `empty`, `[0.12, 1.1]` or `[0, 0.01] and [0.2, 0.9]`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pieces().is_empty() {
            return f.write_str("empty");
        }
        for (i, piece) in self.pieces().iter().enumerate() {
            let and = if i > 0 { " and " } else { "" };
            write!(f, "{and}{piece}")?;
        }
        Ok(())
    }
}

/// Confidence regions for tau2, tau, I2 and H2 by one method: that of tau2, and what tau, I2 and H2 are at its ends.
///
/// I2 and H2 come from tau2 and the typical sampling variance as in [`Heterogeneity`]. There is no cap on the upper
/// limit.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// // Q-profile: Q(tau2) = 8 / (1 + tau2), and the quantiles of chi-square with 2 df are -2 ln(1 - p).
/// let found = fit.heterogeneity_intervals()?;
/// let tau2 = found.tau2.interval().expect("not empty");
/// assert!((tau2.lower / (-4.0 / 0.025_f64.ln() - 1.0) - 1.0).abs() < 1e-12);
/// assert!((tau2.upper / (-4.0 / 0.975_f64.ln() - 1.0) - 1.0).abs() < 1e-12);
/// assert!(found.i2.interval().is_some_and(|i2| (i2.lower - tau2.lower / (1.0 + tau2.lower)).abs() < 1e-14));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeterogeneityIntervals {
    /// How they were computed.
    pub method: Tau2Interval,
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
    /// Whether the lower limit of tau2 came out below 0 and was set to 0; by [`Tau2Interval::Wald`] only.
    pub truncated: bool,
}

impl HeterogeneityIntervals {
    /// `pieces`: of tau2, in ascending order; `s2`: the typical sampling variance.
    pub(crate) fn new(method: Tau2Interval, level: f64, pieces: &[(f64, f64)], s2: f64) -> Self {
        let region = |of: &dyn Fn(f64) -> f64| {
            // Of two tau2 that are neighbours, rounding may put the shares in the other order.
            let piece = |&(lower, upper): &(f64, f64)| Interval {
                lower: of(lower).min(of(upper)),
                upper: of(lower).max(of(upper)),
            };
            Region::of(pieces.iter().map(piece))
        };
        Self {
            method,
            level,
            tau2: region(&|tau2| tau2),
            tau: region(&f64::sqrt),
            i2: region(&|tau2| i2_h2(tau2, s2).0),
            h2: region(&|tau2| i2_h2(tau2, s2).1),
            truncated: false,
        }
    }
}

impl std::fmt::Display for HeterogeneityIntervals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let level = percent(self.level);
        write!(f, "tau2 {}, I2 {} ({level}, {})", self.tau2, self.i2, self.method)?;
        if self.truncated { f.write_str(", lower limit truncated") } else { Ok(()) }
    }
}

/// A one-sided confidence bound for tau2, tau, I2 and H2.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Side, Tau2, Tau2Interval};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// // Q-profile: Q(tau2) = 8 / (1 + tau2) is -2 ln(0.05), the quantile of chi-square with 2 df.
/// let bound = fit.heterogeneity_bound(Tau2Interval::default(), Side::Lower, 0.95)?.expect("not empty");
/// assert!((bound.tau2 - 0.335_232_802_781_336).abs() < 1e-13);
/// assert!((bound.h2 - 1.335_232_802_781_336).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeterogeneityBound {
    /// How it was computed.
    pub method: Tau2Interval,
    /// Which end it bounds.
    pub side: Side,
    /// Level, e.g. 0.95.
    pub level: f64,
    /// tau2, in squared units of the analysis scale.
    pub tau2: f64,
    /// tau.
    pub tau: f64,
    /// I2, 0 to 1.
    pub i2: f64,
    /// H2.
    pub h2: f64,
}

impl HeterogeneityBound {
    /// `s2`: the typical sampling variance.
    pub(crate) fn new(method: Tau2Interval, side: Side, level: f64, tau2: f64, s2: f64) -> Self {
        let (i2, h2) = i2_h2(tau2, s2);
        Self { method, side, level, tau2, tau: tau2.sqrt(), i2, h2 }
    }
}
