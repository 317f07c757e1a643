//! A pooled effect with weights other than `1/(v + tau2)`.

use super::solve::{Extent, solve};
use super::weighted_pooled::WeightedPooled;
use crate::effects::Effects;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Estimate, Heterogeneity, Inference, check_level};
use crate::tau2::{Tau2, Workspace};
use serde::{Deserialize, Serialize};

/// Weights of the studies in a mean that do not come from tau2. Only their ratios matter.
///
/// ```
/// use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
///
/// let effects = Effects::from_rows([
///     ("A", Effect::from_variance_and_n(Measure::MeanDifference, 1.0, 1.0, 10.0)?),
///     ("B", Effect::from_variance_and_n(Measure::MeanDifference, 3.0, 4.0, 30.0)?),
/// ])?;
/// let first = |weights| Ok::<_, meta_analysis::Error>(WeightedMean::new(weights).fit(&effects)?.weights()[0]);
/// assert!((first(MeanWeights::InverseVariance)? - 0.8).abs() < 1e-15);
/// assert_eq!((first(MeanWeights::Equal)?, first(MeanWeights::SampleSize)?), (0.5, 0.25));
/// assert!((first(MeanWeights::User(vec![3.0, 2.0]))? - 0.6).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MeanWeights {
    /// `1/v`, the weights of the common-effect model. Little is lost with them if large studies are thought to be less biased.
    InverseVariance,
    /// All the same: the plain mean. metafor: `weighted = FALSE`.
    Equal,
    /// The sample size of each study, which has to be known: [`Effect::from_variance_and_n`](crate::Effect::from_variance_and_n).
    /// Free of the correlation between effect and variance that many measures have. metafor: `weights = ni`.
    SampleSize,
    /// Any positive numbers, in the order of the effects, chosen without looking at the effects. metafor: `weights = ...`.
    User(Vec<f64>),
}

impl std::fmt::Display for MeanWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::InverseVariance => "inverse-variance",
            Self::Equal => "equal",
            Self::SampleSize => "sample-size",
            Self::User(_) => "given",
        })
    }
}

/// The random-effects model with a mean whose weights do not depend on tau2; tau2 enters its standard error only.
///
/// ```text
/// y_i ~ N(mu_i, v_i),  mu_i around mu with variance tau2
/// mu = sum a_i y_i / sum a_i
/// se = sqrt(sum a_i^2 (v_i + tau2)) / sum a_i
/// ```
///
/// Less efficient than [`RandomEffects`](crate::RandomEffects) if the model holds, but the weights can be chosen so that small
/// studies, which small-study effects distort, do not gain weight with tau2.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | weights | none | see [`MeanWeights`] |
/// | [`tau2`](Self::tau2) | [`Tau2::Reml`] | see [`Tau2`]; it is estimated as in any model, with its own weights |
/// | [`inference`](Self::inference) | [`Inference::Wald`], as published | see below |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// The Hartung-Knapp methods multiply the variance by `Q(tau2)/(k-1)`, taken about the random-effects mean, as metafor does; that
/// the interval is exact for equal variances holds for equal weights only.
///
/// metafor: `rma(yi, vi, weights = a)`; its weights are `weights(fit)/100` here.
///
/// Bakbergenuly I, Hoaglin DC, Kulinskaya E (2020) Res Synth Methods 11:426-442, doi:10.1002/jrsm.1404, study sample-size weights
/// with this standard error; for [`ivhet`](Self::ivhet) see there.
///
/// ```
/// use meta_analysis::{Effect, Effects, MeanWeights, Measure, Tau2, WeightedMean};
///
/// let rows = [("A", 0.1, 0.04), ("B", 0.9, 0.05), ("C", 0.5, 0.03), ("D", -0.2, 0.2)];
/// let rows = rows.map(|(label, y, v)| (label, Effect::from_variance(Measure::MeanDifference, y, v).unwrap()));
/// let effects = Effects::from_rows(rows)?;
/// // metafor 3.8: rma(yi, vi, method = "DL", weights = 1:4)
/// let model = WeightedMean::new(MeanWeights::User(vec![1.0, 2.0, 3.0, 4.0])).tau2(Tau2::DerSimonianLaird);
/// let fit = model.fit(&effects)?;
/// assert!((fit.estimate().value() - 0.26).abs() < 1e-14);
/// assert!((fit.estimate().se() - 0.264_497_419_680_082).abs() < 1e-13);
/// assert_eq!(fit.natural().to_string(), "0.260 [-0.258, 0.778]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedMean {
    weights: MeanWeights,
    tau2: Tau2,
    inference: Inference,
    level: f64,
}

impl WeightedMean {
    /// The model with these weights and every option at its default.
    ///
    /// ```
    /// use meta_analysis::{MeanWeights, Tau2, WeightedMean};
    ///
    /// let model = WeightedMean::new(MeanWeights::Equal);
    /// assert_eq!((model.weights(), model.estimator()), (&MeanWeights::Equal, Tau2::Reml));
    /// ```
    pub fn new(weights: MeanWeights) -> Self {
        Self { weights, tau2: Tau2::Reml, inference: Inference::Wald, level: 0.95 }
    }

    /// The inverse-variance heterogeneity model (IVhet): weights `1/v`, tau2 by DerSimonian-Laird, normal quantile.
    ///
    /// ```text
    /// mu = sum (y/v) / sum (1/v)
    /// se = sqrt(sum ((1/v_i) / sum (1/v))^2 (v_i + tau2))
    /// ```
    ///
    /// meta: `method.common.ci = "IVhet"`. Doi SAR, Barendregt JJ, Khan S, Thalib L, Williams GM (2015) Contemp Clin Trials
    /// 45:130-138, doi:10.1016/j.cct.2015.05.009.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, WeightedMean};
    /// # let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// # let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
    /// // Effects 0.1, 0.9 and 0.5 with variances 0.04, 0.05 and 0.03
    /// let fit = WeightedMean::ivhet().fit(&effects)?;
    /// // metafor 3.8: rma(yi, vi, method = "DL", weights = 1 / vi)
    /// assert!((fit.estimate().value() - 0.474_468_085_106).abs() < 1e-11);
    /// assert!((fit.estimate().se() - 0.218_788_004_093).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn ivhet() -> Self {
        Self::new(MeanWeights::InverseVariance).tau2(Tau2::DerSimonianLaird)
    }

    /// The estimator of tau2. Default: [`Tau2::Reml`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, Tau2, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1, the third weighted twice
    /// let model = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0]));
    /// // (1 + 1 + 4) (1 + tau2) / 16
    /// let fit = model.tau2(Tau2::Fixed(1.0)).fit(&effects)?;
    /// assert!((fit.estimate().se() - 0.75_f64.sqrt()).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn tau2(mut self, tau2: Tau2) -> Self {
        self.tau2 = tau2;
        self
    }

    /// How the interval is computed. Default: [`Inference::Wald`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Inference, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1, the third weighted twice
    /// let model = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0]));
    /// // tau2 = 3, Q(3) = 2 on 2 df: the factor is 1, and the quantile that of t with 2 df.
    /// let fit = model.inference(Inference::HartungKnapp).fit(&effects)?;
    /// assert!((fit.estimate().interval().1 - (3.5 + 4.302_652_729_749_464 * 1.5_f64.sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn inference(mut self, inference: Inference) -> Self {
        self.inference = inference;
        self
    }

    /// Level of all intervals, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1, the third weighted twice
    /// let model = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0]));
    /// let fit = model.level(0.5).fit(&effects)?;
    /// // The normal quantile at 0.75
    /// assert!((fit.estimate().interval().1 - (3.5 + 0.674_489_750_196_082 * 1.5_f64.sqrt())).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// The weights.
    ///
    /// ```
    /// use meta_analysis::{MeanWeights, WeightedMean};
    ///
    /// assert_eq!(WeightedMean::new(MeanWeights::SampleSize).weights(), &MeanWeights::SampleSize);
    /// assert_eq!(WeightedMean::ivhet().weights(), &MeanWeights::InverseVariance);
    /// ```
    pub fn weights(&self) -> &MeanWeights {
        &self.weights
    }

    /// The estimator of tau2.
    ///
    /// ```
    /// use meta_analysis::{Tau2, WeightedMean};
    ///
    /// assert_eq!(WeightedMean::ivhet().estimator(), Tau2::DerSimonianLaird);
    /// assert_eq!(WeightedMean::ivhet().tau2(Tau2::Hedges).estimator(), Tau2::Hedges);
    /// ```
    pub fn estimator(&self) -> Tau2 {
        self.tau2
    }

    /// Pools the effects.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanWeights, Measure, WeightedMean};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1, the third weighted twice
    /// let model = WeightedMean::new(MeanWeights::User(vec![1.0, 1.0, 2.0]));
    /// let fit = model.fit(&effects)?;
    /// // (1 + 3 + 2 * 5) / 4
    /// assert!((fit.estimate().value() - 3.5).abs() < 1e-14);
    /// assert_eq!(fit.natural().to_string(), "3.50 [1.10, 5.90]");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`RandomEffects::fit`](crate::RandomEffects::fit); [`ErrorKind::LengthMismatch`] and
    /// [`ErrorKind::InvalidWeight`] naming the study for weights of the user; [`ErrorKind::NotApplicable`] naming the study
    /// whose sample size is not known.
    pub fn fit(&self, effects: &Effects) -> Result<WeightedPooled> {
        check_level(self.level)?;
        let weights = self.shares(effects)?;
        let view = effects.view();
        let extent = Extent { inference: self.inference, full: true };
        let (mut solution, certificate) = solve(view, (self.tau2, true), &mut Workspace::new(), extent)
            .map_err(|failure| failure.explain(self.tau2, effects.labels()))?;
        (solution.mu, solution.se) = mean(effects.y(), effects.v(), solution.tau2, &weights);
        // These belong to the mean with weights 1/(v + tau2).
        (solution.kenward_roger_se, solution.kenward_roger_df, solution.dersimonian_laird_se) = (None, None, None);
        if !(solution.mu.is_finite() && solution.se.is_finite() && solution.se > 0.0) {
            return Err(ErrorKind::Overflow { what: "the pooled result" }.into());
        }
        let estimate = Estimate::new(&solution, self.inference, self.level, effects.measure(), view.pooled_scale())?;
        let heterogeneity = Heterogeneity::new(&solution, true)?;
        Ok(WeightedPooled::new(self.clone(), effects.clone(), weights, solution, estimate, heterogeneity, certificate))
    }

    /// The weights as shares that add up to 1.
    fn shares(&self, effects: &Effects) -> Result<Vec<f64>> {
        let in_study = |i: usize, kind: ErrorKind| match effects.labels().get(i) {
            Some(label) => Error::new(kind).in_study(label),
            None => Error::new(kind),
        };
        let raw = match &self.weights {
            MeanWeights::Equal => vec![1.0; effects.len()],
            MeanWeights::InverseVariance => {
                let least = effects.v().iter().copied().fold(f64::INFINITY, f64::min);
                effects.v().iter().map(|v| least / v).collect()
            }
            MeanWeights::SampleSize => {
                let size = |(i, n): (usize, &Option<f64>)| {
                    let why = "its sample size is not known; use `Effect::from_variance_and_n`";
                    n.ok_or_else(|| in_study(i, ErrorKind::NotApplicable { what: "sample-size weight", why }))
                };
                effects.n().iter().enumerate().map(size).collect::<Result<Vec<f64>>>()?
            }
            MeanWeights::User(weights) => weights.clone(),
        };
        if raw.len() != effects.len() {
            let (expected, found) = (effects.len(), raw.len());
            return Err(ErrorKind::LengthMismatch { field: "weights".to_owned(), expected, found }.into());
        }
        let largest = raw.iter().copied().filter(|a| a.is_finite()).fold(0.0, f64::max);
        let given = !matches!(self.weights, MeanWeights::InverseVariance);
        let sound = |a: f64| a > 0.0 && a.is_finite() && a / largest >= 2.0_f64.powi(-300);
        // A variance of 0 is reported by the solver.
        if given && let Some((i, value)) = raw.iter().copied().enumerate().find(|(_, a)| !sound(*a)) {
            return Err(in_study(i, ErrorKind::InvalidWeight { value }));
        }
        let total: f64 = raw.iter().map(|a| a / largest).sum();
        Ok(raw.iter().map(|a| a / largest / total).collect())
    }
}

/// The mean with these shares and its standard error.
fn mean(y: &[f64], v: &[f64], tau2: f64, shares: &[f64]) -> (f64, f64) {
    // About the study that the mean is nearest to, and in units of the largest variance.
    let heaviest = shares.iter().enumerate().fold((0, 0.0), |best, (i, &a)| if a > best.1 { (i, a) } else { best }).0;
    let origin = y.get(heaviest).copied().unwrap_or_default();
    let largest = v.iter().copied().fold(0.0, f64::max) + tau2;
    let mean: f64 = shares.iter().zip(y).map(|(a, y)| a * (y - origin)).sum();
    let square: f64 = shares.iter().zip(v).map(|(a, v)| a * a * ((v + tau2) / largest)).sum();
    (origin + mean, largest.sqrt() * square.sqrt())
}
