//! The defaults of other packages, as one choice.

use super::common::CommonEffect;
use super::pooled::Pooled;
use super::random::RandomEffects;
use crate::effects::Effects;
use crate::error::{ErrorKind, Result};
use crate::inference::{
    HeterogeneityIntervals, Inference, Prediction, PredictionInterval, QWeighting, Tails, Tau2Interval,
};
use crate::study::{BinaryMeasure, Conversion, Uninformative, VarianceType, ZeroCells};
use crate::tau2::Tau2;
use serde::{Deserialize, Serialize};

/// Another package, whose defaults are set all at once, so that its numbers come out.
///
/// | choice | `Metafor` 3.8, 5.1 | `MetaR` 8 | `RevMan` (web, 2025) | `Stata` 16+ |
/// | --- | --- | --- | --- | --- |
/// | tau2 | REML (a) | REML (b) | REML (b) | REML (b) |
/// | inference | Wald (a) | Wald (c) | Hartung-Knapp (c) | Wald (b) |
/// | prediction | normal (a) | t, k - 1 df, Wald SE (c) | t, k - 1 df, SE of the inference (b) | t, k - 2 df, Wald SE (b) |
/// | I2 | from tau2 (a) | from Q (c) | from tau2 (c) | from tau2 (c) |
/// | interval of tau2 | Q-profile (a) | Q-profile; with DL Jackson's, weights 1/SE (c) | Q-profile (b) | none (b) |
/// | zero cells | 1/2 in studies with one (a) | the same (c) | the same (c) | the same (b) |
/// | no events at all, for ratios | kept (a) | left out (c) | left out (c) | left out (b) |
/// | variance of a standardised mean difference | `LargeSample` (a) | `Unbiased` (c) | `RevMan` (c) | - |
/// | level | 0.95 | 0.95 | 0.95 | 0.95 |
///
/// (a) run here against metafor 3.8; (b) from memory of the documentation, not run; (c) from the packages' source, documentation or
/// output as collected for this crate, not run here. Where the data are counts two differences remain that no option reaches: meta
/// adds 1/2, not 1, to the denominators of a corrected risk ratio, and RevMan's default model for counts is Mantel-Haenszel.
/// RevMan 5, before 2025, is `RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald)` with I2 from Q.
///
/// ```
/// use meta_analysis::{Convention, Effect, Effects, Measure};
///
/// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
/// let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
/// // metafor 3.8: rma(yi, vi); predict(): prediction interval [-0.291215, 1.274575]
/// let fit = Convention::Metafor.random_effects().fit(&effects)?;
/// assert!((fit.prediction()?.interval().0 + 0.291215).abs() < 1e-6);
/// assert!((Convention::MetaR.i2(&fit) - 0.7202381).abs() < 1e-7);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Convention {
    /// R package metafor, `rma(yi, vi)` with `predict` and `confint`. Viechtbauer 2010, J Stat Softw 36(3),
    /// doi 10.18637/jss.v036.i03.
    Metafor,
    /// R package meta, `metagen(TE, seTE)` with `prediction = TRUE`. Balduzzi, Rücker & Schwarzer 2019, Evid Based Ment
    /// Health 22:153, doi 10.1136/ebmental-2019-300117.
    MetaR,
    /// Cochrane's RevMan on the web since January 2025, inverse-variance random effects.
    RevMan,
    /// Stata 16 and later, `meta summarize, predinterval`.
    Stata,
}

impl Convention {
    /// Every package.
    ///
    /// ```
    /// use meta_analysis::Convention;
    ///
    /// assert_eq!(Convention::ALL.map(Convention::name), ["metafor", "meta (R)", "RevMan", "Stata"]);
    /// ```
    pub const ALL: [Self; 4] = [Self::Metafor, Self::MetaR, Self::RevMan, Self::Stata];

    /// Name of the package.
    ///
    /// ```
    /// use meta_analysis::Convention;
    ///
    /// assert_eq!(Convention::MetaR.name(), "meta (R)");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Metafor => "metafor",
            Self::MetaR => "meta (R)",
            Self::RevMan => "RevMan",
            Self::Stata => "Stata",
        }
    }

    /// Everything that the package reports of a random-effects analysis with its defaults, each number by its definition.
    ///
    /// ```
    /// use meta_analysis::{Convention, Effect, Effects, Measure};
    ///
    /// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
    /// let meta = Convention::MetaR.fit(&effects)?;
    /// // I2 from Q, (7.148936 - 2)/7.148936; metafor 3.8 prints Q as 7.1489
    /// assert!((meta.i2 - 0.720_238_1).abs() < 1e-7 && (meta.fit.heterogeneity().q - 7.148_936).abs() < 1e-6);
    /// assert!(meta.prediction.is_some() && meta.tau2_interval.is_some());
    /// // Stata gives no interval of tau2.
    /// assert!(Convention::Stata.fit(&effects)?.tau2_interval.is_none());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`RandomEffects::fit`]; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn fit(self, effects: &Effects) -> Result<ConventionalFit> {
        let fit = self.random_effects().fit(effects)?;
        let tau2_interval = self.tau2_interval(Tau2::Reml).map(|by| fit.heterogeneity_intervals_by(by)).transpose()?;
        let prediction = match fit.prediction() {
            Ok(prediction) => Some(prediction),
            Err(error) if matches!(error.kind(), ErrorKind::UndefinedDf { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(ConventionalFit { convention: self, i2: self.i2(&fit), tau2_interval, prediction, fit })
    }

    /// The random-effects model with the package's estimator of tau2, inference, prediction and level.
    ///
    /// ```
    /// # use meta_analysis::{Convention, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = Convention::Stata.random_effects().fit(&effects)?;
    /// assert!((fit.estimate().interval().1 - (3.0 + 1.959_963_984_540_054 * (4.0_f64 / 3.0).sqrt())).abs() < 1e-12);
    /// // t with k - 2 = 1 df
    /// let upper = 3.0 + 12.706_204_736_174_7 * (13.0_f64 / 3.0).sqrt();
    /// assert!((fit.prediction()?.interval().1 / upper - 1.0).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn random_effects(self) -> RandomEffects {
        let (inference, prediction) = match self {
            Self::Metafor => (Inference::Wald, Prediction::Normal),
            Self::MetaR => (Inference::Wald, Prediction::Veroniki),
            Self::RevMan => (Inference::HartungKnapp, Prediction::StudentT),
            Self::Stata => (Inference::Wald, Prediction::HigginsThompsonSpiegelhalter),
        };
        RandomEffects::new(Tau2::Reml).inference(inference).prediction(prediction).level(0.95)
    }

    /// The common-effect model: Wald, in all of them.
    ///
    /// ```
    /// # use meta_analysis::{Convention, Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = Convention::RevMan.common_effect().fit(&effects)?;
    /// assert!((fit.estimate().interval().1 - (3.0 + 1.959_963_984_540_054 / 3.0_f64.sqrt())).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn common_effect(self) -> CommonEffect {
        CommonEffect::new().inference(Inference::Wald).level(0.95)
    }

    /// I2 (0 to 1) by the package's definition: from tau2 and the typical variance, or, meta, from Q. Of a common-effect
    /// model all take it from Q.
    ///
    /// ```
    /// # use meta_analysis::{Convention, Effect, Effects, Measure};
    /// # let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// # let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
    /// // Effects 0.1, 0.9 and 0.5 with variances 0.04, 0.05 and 0.03
    /// let fit = Convention::Metafor.random_effects().fit(&effects)?;
    /// // metafor 3.8: I2 of rma(yi, vi) iterated to its end, and (QE - 2) / QE
    /// assert!((Convention::Metafor.i2(&fit) - 0.737_038_46).abs() < 1e-8);
    /// assert!((Convention::MetaR.i2(&fit) - 0.720_238_1).abs() < 1e-7);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn i2(self, fit: &Pooled) -> f64 {
        match self {
            Self::MetaR => fit.heterogeneity().i2_from_q(),
            _ => fit.heterogeneity().i2,
        }
    }

    /// How the package computes the confidence region of tau2 for a model with this estimator, for
    /// [`Pooled::heterogeneity_intervals_by`]; `None` if it gives none.
    ///
    /// ```
    /// use meta_analysis::{Convention, QWeighting, Tails, Tau2, Tau2Interval};
    ///
    /// let jackson = Tau2Interval::GeneralisedQ(QWeighting::InverseSe, Tails::Equal);
    /// assert_eq!(Convention::MetaR.tau2_interval(Tau2::DerSimonianLaird), Some(jackson));
    /// assert_eq!(Convention::MetaR.tau2_interval(Tau2::Reml), Some(Tau2Interval::QProfile(Tails::Equal)));
    /// assert_eq!(Convention::Stata.tau2_interval(Tau2::Reml), None);
    /// ```
    pub fn tau2_interval(self, tau2: Tau2) -> Option<Tau2Interval> {
        match self {
            Self::Stata => None,
            Self::MetaR if tau2 == Tau2::DerSimonianLaird => {
                Some(Tau2Interval::GeneralisedQ(QWeighting::InverseSe, Tails::Equal))
            }
            _ => Some(Tau2Interval::QProfile(Tails::Equal)),
        }
    }

    /// How effects are computed from 2x2 tables: one half is added to the cells of studies with a zero cell; studies without
    /// events (or with nothing but events) are kept by metafor, and by the others left out for ratios.
    ///
    /// ```
    /// use meta_analysis::Convention;
    /// use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo};
    ///
    /// let trials = Studies::from([("A", TwoByTwo::new((3, 20), (0, 18))?), ("B", TwoByTwo::new((0, 15), (0, 16))?)]);
    /// let effects = |by: Convention| trials.effects(by.two_by_two(BinaryMeasure::LogOddsRatio));
    /// assert_eq!(effects(Convention::Metafor)?.labels(), ["A", "B"]);
    /// let stata = effects(Convention::Stata)?;
    /// assert_eq!(stata.labels(), ["A"]); // nobody in B had the event
    /// assert!((stata.y()[0] - (3.5 * 18.5 / (17.5 * 0.5_f64)).ln()).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn two_by_two(self, measure: BinaryMeasure) -> Conversion<BinaryMeasure> {
        let ratio = !matches!(measure, BinaryMeasure::RiskDifference | BinaryMeasure::ArcsineDifference);
        let uninformative = if ratio && self != Self::Metafor { Uninformative::Drop } else { Uninformative::Keep };
        Conversion::new(measure).zero_cells(ZeroCells::constant(0.5).double_zero(uninformative))
    }

    /// The variance of a standardised mean difference; `None` where it is not known.
    ///
    /// ```
    /// use meta_analysis::{Convention, study::VarianceType};
    ///
    /// let variances = Convention::ALL.map(Convention::standardized_mean_difference);
    /// let (large, unbiased, revman) = (VarianceType::LargeSample, VarianceType::Unbiased, VarianceType::RevMan);
    /// assert_eq!(variances, [Some(large), Some(unbiased), Some(revman), None]);
    /// ```
    pub fn standardized_mean_difference(self) -> Option<VarianceType> {
        match self {
            Self::Metafor => Some(VarianceType::LargeSample),
            Self::MetaR => Some(VarianceType::Unbiased),
            Self::RevMan => Some(VarianceType::RevMan),
            Self::Stata => None,
        }
    }
}

/// What a package reports of a random-effects analysis, from [`Convention::fit`].
///
/// ```
/// # use meta_analysis::{Convention, Effect, Effects, Measure};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1
/// let metafor = Convention::Metafor.fit(&effects)?;
/// assert!((metafor.fit.estimate().value() - 3.0).abs() < 1e-14 && (metafor.i2 - 0.75).abs() < 1e-13);
/// // Q(tau2) = 8 / (1 + tau2) is -2 ln(0.975) at the upper end.
/// let tau2 = metafor.tau2_interval.and_then(|found| found.tau2.interval()).expect("not empty");
/// assert!((tau2.upper / (-4.0 / 0.975_f64.ln() - 1.0) - 1.0).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConventionalFit {
    /// Whose defaults these are.
    pub convention: Convention,
    /// Pooled effect, tau2, Q and their tests, and everything else that can be asked of a fit. Its own I2 is from tau2.
    pub fit: Pooled,
    /// I2, 0 to 1, as the package defines it.
    pub i2: f64,
    /// Confidence regions of tau2, I2 and H2 by the package's method; `None` if it gives none.
    pub tau2_interval: Option<HeterogeneityIntervals>,
    /// Prediction interval on the analysis scale; `None` with too few studies for the package's degrees of freedom.
    pub prediction: Option<PredictionInterval>,
}

impl std::fmt::Display for Convention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
