//! The p-value as a function of the hypothesis.

use super::{Combination, Natural, check_level};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::turning_point::turning_point_from;
use crate::num::{normal, student_t};
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// The p-value of every hypothesis about the pooled effect: a test, an estimate and all intervals in one function.
///
/// The two-sided p-value as a function of the hypothesis is also called confidence curve; where it is at least
/// `alpha` lies the interval of level `1 - alpha`, and its peak is the median estimate. Everything is on the
/// analysis scale. Made by [`Pooled::p_value_function`](crate::Pooled::p_value_function) and
/// [`Pooled::combined_p_value_function`](crate::Pooled::combined_p_value_function).
///
/// Infanger D, Schmidt-Trucksäss A (2019) Stat Med 38:4189-4197, doi 10.1002/sim.8293.
///
/// ```
/// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
/// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
/// // One study with effect 3 and standard error 1
/// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
/// // The peak is at the estimate, and the 95% interval ends where the p-value is 0.05.
/// assert_eq!((curve.median()?, curve.p_value(3.0)), (3.0, 1.0));
/// assert!((curve.p_value(3.0 + 1.959_963_984_540_054) - 0.05).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PValueFunction {
    measure: Measure,
    scale: Scale,
    curve: Curve,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Curve {
    /// Estimate and standard error, with a t (or normal) distribution.
    Pivot { value: f64, se: f64, df: Option<f64> },
    /// Effects and their standard deviations.
    Combined { combination: Combination, studies: Vec<(f64, f64)> },
}

impl PValueFunction {
    pub(crate) fn pivot(of: (Measure, Scale), (value, se): (f64, f64), df: Option<f64>) -> Self {
        Self { measure: of.0, scale: of.1, curve: Curve::Pivot { value, se, df } }
    }

    /// `studies`: effect and standard deviation, the latter above 0, at least one.
    pub(crate) fn combined(of: (Measure, Scale), combination: Combination, studies: Vec<(f64, f64)>) -> Self {
        Self { measure: of.0, scale: of.1, curve: Curve::Combined { combination, studies } }
    }

    /// The one-sided p-value of `mu` against greater effects, and its complement, against smaller ones.
    fn tails(&self, mu: f64) -> (f64, f64) {
        match &self.curve {
            Curve::Pivot { value, se, df } => {
                let z = (value - mu) / se;
                match df {
                    Some(df) => (student_t::sf(z, *df), student_t::cdf(z, *df)),
                    None => (normal::sf(z), normal::cdf(z)),
                }
            }
            Curve::Combined { combination, studies } => combination.tails(studies, mu),
        }
    }

    /// Two-sided p-value of the hypothesis that the effect is `mu`: twice the smaller one-sided one.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
    /// assert!((curve.p_value(0.0) - 0.002_699_796_063_260_19).abs() < 1e-15);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value(&self, mu: f64) -> f64 {
        let (greater, smaller) = self.tails(mu);
        (2.0 * greater.min(smaller)).min(1.0)
    }

    /// One-sided p-value of the hypothesis that the effect is `mu`, the alternative being a greater effect. It grows
    /// with `mu`, and is the confidence distribution function.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
    /// assert!((curve.p_value_greater(2.0) - 0.158_655_253_931_457_05).abs() < 1e-15);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value_greater(&self, mu: f64) -> f64 {
        self.tails(mu).0
    }

    /// One-sided p-value, the alternative being a smaller effect.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
    /// assert!((curve.p_value_smaller(2.0) - 0.841_344_746_068_542_9).abs() < 1e-15);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value_smaller(&self, mu: f64) -> f64 {
        self.tails(mu).1
    }

    /// The median estimate: the hypothesis whose one-sided p-values are both one half.
    ///
    /// ```
    /// # use meta_analysis::{Combination, CommonEffect, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 0.0)?, row("B", 0.0)?])?;
    /// // Two effects of 0 with variance 1. The larger p-value squared is one half where Phi(mu) = sqrt(1/2).
    /// let curve = CommonEffect::new().fit(&effects)?.combined_p_value_function(Combination::Wilkinson)?;
    /// assert!((curve.median()? - 0.544_952_135_617_360_3).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`].
    pub fn median(&self) -> Result<f64> {
        match &self.curve {
            Curve::Pivot { value, .. } => Ok(*value),
            Curve::Combined { .. } => self.solve(|(greater, smaller)| greater < smaller),
        }
    }

    /// The values not rejected at `1 - level`. One interval, as the one-sided p-value is monotone.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
    /// let (lower, upper) = curve.interval(0.95)?;
    /// assert!((lower - (3.0 - 1.959_963_984_540_054)).abs() < 1e-14 && (upper - (3.0 + 1.959_963_984_540_054)).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`], [`ErrorKind::Overflow`].
    pub fn interval(&self, level: f64) -> Result<(f64, f64)> {
        let tail = 0.5 * (1.0 - check_level(level)?);
        let lower = self.solve(|(greater, _)| greater < tail)?;
        let upper = self.solve(|(_, smaller)| smaller > tail)?;
        // At a level near 0 the limits meet, and rounding may cross them.
        Ok((lower.min(upper), upper.max(lower)))
    }

    /// How unequal the two arms of the interval are, from -1 to 1; 0 for a symmetric interval, positive if the arm
    /// to greater values is longer.
    ///
    /// ```text
    /// (upper + lower - 2 median) / (upper - lower)
    /// ```
    ///
    /// The skewness coefficient of Groeneveld & Meeden 1984, The Statistician 33:391, doi 10.2307/2987742, for the
    /// confidence distribution.
    ///
    /// ```
    /// # use meta_analysis::{Combination, CommonEffect, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 0.0)?, row("B", 0.0)?])?;
    /// // Two effects of 0 with variance 1: Phi(mu)^2 is 0.025, 0.5 and 0.975 at -1.00224, 0.54495 and 2.23896.
    /// let curve = CommonEffect::new().fit(&effects)?.combined_p_value_function(Combination::Wilkinson)?;
    /// assert!((curve.asymmetry(0.95)? - 0.045_298_057_509_53).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`interval`](Self::interval).
    pub fn asymmetry(&self, level: f64) -> Result<f64> {
        let (median, (lower, upper)) = (self.median()?, self.interval(level)?);
        let (below, above) = (median - lower, upper - median);
        if matches!(self.curve, Curve::Pivot { .. }) {
            return Ok(0.0);
        }
        let ratio = (above - below) / (above + below);
        if ratio.is_finite() { Ok(ratio) } else { Err(overflow()) }
    }

    /// The confidence curve as the intervals of these levels, for drawing.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::MeanDifference, 3.0, 1.0)?)])?;
    /// // One study with effect 3 and standard error 1
    /// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
    /// let drawn = curve.confidence_curve(&[0.5, 0.95])?;
    /// assert!((drawn[0].1 - (3.0 + 0.674_489_750_196_081_7)).abs() < 1e-14);
    /// assert_eq!(drawn[1], curve.interval(0.95)?);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`interval`](Self::interval).
    pub fn confidence_curve(&self, levels: &[f64]) -> Result<Vec<(f64, f64)>> {
        levels.iter().map(|level| self.interval(*level)).collect()
    }

    /// Median estimate and interval on the natural scale.
    ///
    /// ```
    /// # use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    /// # let effects = Effects::from_rows([("A", Effect::from_se(Measure::LogOddsRatio, 0.5, 0.2)?)])?;
    /// // One study with log odds ratio 0.5 and standard error 0.2
    /// let curve = CommonEffect::new().fit(&effects)?.p_value_function();
    /// let natural = curve.natural(0.95)?;
    /// assert!((natural.value - 0.5_f64.exp()).abs() < 1e-14);
    /// assert!((natural.upper - (0.5_f64 + 0.2 * 1.959_963_984_540_054).exp()).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`interval`](Self::interval).
    pub fn natural(&self, level: f64) -> Result<Natural> {
        let (lower, upper) = self.interval(level)?;
        Ok(Natural::new(self.measure, self.scale, level, [self.median()?, lower, upper]))
    }

    /// The hypothesis up to which `below` holds of the tails.
    fn solve(&self, below: impl Fn((f64, f64)) -> bool) -> Result<f64> {
        let (start, step, finest) = match &self.curve {
            Curve::Pivot { value, se, .. } => (*value, *se, *se),
            Curve::Combined { studies, .. } => {
                let least = studies.iter().map(|(y, _)| *y).fold(f64::INFINITY, f64::min);
                let most = studies.iter().map(|(y, _)| *y).fold(f64::NEG_INFINITY, f64::max);
                let (finest, widest) = studies
                    .iter()
                    .fold((f64::INFINITY, 0.0_f64), |(finest, widest), (_, s)| (finest.min(*s), widest.max(*s)));
                (least, widest + (most - least), finest)
            }
        };
        let upwards = below(self.tails(start));
        let step = if upwards { step } else { -step };
        let resolution = 0.25 * f64::EPSILON * finest;
        let found = turning_point_from(start, step, resolution, |mu| {
            Ok::<bool, crate::Error>(below(self.tails(mu)) == upwards)
        });
        let (from, to) = found?.ok_or_else(overflow)?;
        Ok(from + 0.5 * (to - from))
    }
}

fn overflow() -> crate::Error {
    ErrorKind::Overflow { what: "the p-value function" }.into()
}
