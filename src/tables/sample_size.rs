//! Weights that are sample sizes.

use super::pooled::{Analysis, PooledStrata, Stratum, estimate_of};
use super::strata::TwoGroups;
use super::sums::Sums;
use crate::effect::Effect;
use crate::effects::Effects;
use crate::error::{ErrorKind, Result};
use crate::inference::{Heterogeneity, Note, check_level};
use crate::study::{Conversion, Studies};
use serde::{Deserialize, Serialize};

/// A mean with weights that depend on nothing but the sizes of the groups, so that effect and weight are not
/// correlated, as they are when the weight is an estimated variance.
///
/// ```text
/// w = n1 n2/(n1 + n2)        mean = sum w y / sum w        se^2 = sum w^2 (v + tau2) / (sum w)^2
/// ```
///
/// Bakbergenuly, Hoaglin & Kulinskaya 2020, Res Synth Methods 11:426, doi 10.1002/jrsm.1404 (odds ratios; "SSW").
/// meta: `metabin(method = "SSW")`; metafor: `rma(weights = )`.
///
/// tau2 is given, not estimated: take it from a fit ([`Heterogeneity::tau2`]) or from
/// [`tau2::estimate`](crate::tau2::estimate()). The authors use the t distribution with k - 1 df together with it.
/// Defaults: tau2 0, normal quantiles, level 0.95.
///
/// Q is Cochran's, about the inverse-variance mean.
///
/// ```
/// use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo};
/// use meta_analysis::tables::SampleSizeWeights;
///
/// let trials = Studies::from([
///     ("A", TwoByTwo::new((10, 40), (20, 40))?), // weight 20
///     ("B", TwoByTwo::new((9, 30), (30, 60))?),  // weight 20
/// ]);
/// let fit = SampleSizeWeights::new().fit(&trials, BinaryMeasure::RiskDifference)?;
/// assert!((fit.estimate().value() - (-0.225)).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SampleSizeWeights {
    tau2: f64,
    student_t: bool,
    level: f64,
}

impl Default for SampleSizeWeights {
    fn default() -> Self {
        Self::new()
    }
}

impl SampleSizeWeights {
    /// The method with every option at its default.
    pub fn new() -> Self {
        Self { tau2: 0.0, student_t: false, level: 0.95 }
    }

    /// Between-study variance in the standard error. Default: 0.
    #[must_use]
    pub fn tau2(mut self, tau2: f64) -> Self {
        self.tau2 = tau2;
        self
    }

    /// A t distribution with k - 1 degrees of freedom for the interval. Default: the normal.
    #[must_use]
    pub fn student_t(mut self) -> Self {
        self.student_t = true;
        self
    }

    /// Level of the interval, between 0 and 1. Default: 0.95.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Pools the effects of the studies by this measure.
    ///
    /// # Errors
    /// As [`Studies::effects`]; [`ErrorKind::InvalidTau2`], [`ErrorKind::LevelOutOfRange`],
    /// [`ErrorKind::UndefinedDf`] for a t interval of one study, [`ErrorKind::ZeroVariance`], [`ErrorKind::Overflow`].
    pub fn fit<T: TwoGroups>(
        &self,
        studies: &Studies<T>,
        how: impl Into<Conversion<T::Measure>>,
    ) -> Result<PooledStrata> {
        let effects = studies.effects(how)?;
        let mut rows = studies.iter();
        let sizes = effects
            .labels()
            .iter()
            .filter_map(|label| rows.find(|(name, _)| name == label).map(|(_, row)| row.sizes()))
            .collect();
        self.pool(effects, sizes)
    }

    pub(super) fn pool(&self, effects: Effects, sizes: Vec<[f64; 2]>) -> Result<PooledStrata> {
        check_level(self.level)?;
        if !(self.tau2 >= 0.0 && self.tau2.is_finite()) {
            return Err(ErrorKind::InvalidTau2 { value: self.tau2 }.into());
        }
        let k = effects.len();
        if sizes.len() != k {
            return Err(ErrorKind::LengthMismatch { field: "sizes".to_owned(), expected: k, found: sizes.len() }.into());
        }
        let df = k as f64 - 1.0;
        if self.student_t && k < 2 {
            let remedy = "leave out `student_t`";
            return Err(ErrorKind::UndefinedDf { what: "the t distribution", df, remedy }.into());
        }
        for (sizes, label) in sizes.iter().zip(effects.labels()) {
            if !sizes.iter().all(|n| *n > 0.0 && n.is_finite()) {
                return Err(crate::Error::from(ErrorKind::EmptyArm { field: "sizes" }).in_study(label));
            }
        }
        // Sizes relative to the largest, so that no product overflows.
        let largest = sizes.iter().flatten().fold(0.0_f64, |most, n| most.max(*n));
        let weights: Vec<f64> =
            sizes.iter().map(|[n1, n2]| (n1 / largest) / (1.0 + (n1 / largest) / (n2 / largest))).collect();
        let total: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let value = effects.y().iter().zip(&shares).map(|(y, w)| w * y).sum();
        let variance = effects.v().iter().zip(&shares).map(|(v, w)| w * w * (v + self.tau2)).sum();
        let sums = Sums { value, variance, weights: shares };
        let measure = effects.measure();
        let estimate =
            estimate_of(&sums, self.student_t.then_some(df), self.level, measure, "supply the sampling variances")?;
        let mut heterogeneity = Heterogeneity::of_common_effect(cochran_q(&effects)?, df);
        if self.tau2 > 0.0 {
            heterogeneity.tau2 = self.tau2;
        }
        let strata = effects.labels().iter().zip(&sums.weights).enumerate().map(|(i, (label, &weight))| {
            let (y, v) = (effects.y().get(i), effects.v().get(i));
            let effect = y.zip(v).and_then(|(&y, &v)| Effect::from_variance(measure, y, v).ok());
            let adjustment = effects.adjustments().get(i).copied().flatten();
            Stratum { study: label.clone(), weight, effect: effect.map(|e| e.adjusted(adjustment)) }
        });
        let strata = strata.collect();
        let touched = effects.labels().iter().zip(effects.adjustments()).filter(|(_, a)| a.is_some());
        let studies: Vec<String> = touched.map(|(label, _)| label.clone()).collect();
        let mut notes = Vec::new();
        if !studies.is_empty() {
            notes.push(Note::CountsAdded { studies });
        }
        let dropped = effects.dropped().iter();
        notes.extend(dropped.map(|d| Note::Dropped { study: d.study.clone(), reason: d.reason.clone() }));
        let analysis = Analysis::SampleSize { model: *self, effects, sizes };
        Ok(PooledStrata::from_parts(analysis, estimate, heterogeneity, strata, notes))
    }
}

/// `sum (y - mean)^2 / v` about the inverse-variance mean.
fn cochran_q(effects: &Effects) -> Result<f64> {
    if let Some((label, _)) = effects.labels().iter().zip(effects.v()).find(|(_, v)| **v <= 0.0) {
        let (what, remedy) = ("Cochran's Q", "supply the variance");
        return Err(crate::Error::from(ErrorKind::ZeroVariance { what, remedy }).in_study(label));
    }
    let (y, v) = (effects.y(), effects.v());
    let overflow = || crate::Error::from(ErrorKind::Overflow { what: "Cochran's Q" });
    crate::tau2::generalized_q(y, v, 0.0).map_err(|_| overflow())
}
