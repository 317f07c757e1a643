//! Where the effect of a new study may lie.

use super::{Inference, Natural, Predictive, Solution, check_level};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::scale::Scale;
use crate::tau2::Prior;
use serde::{Deserialize, Serialize};

/// How a prediction interval for the true effect of a new study is computed:
///
/// ```text
/// mu -+ quantile sqrt(tau2 + se^2)
/// ```
///
/// The variants differ in the quantile and in the standard error; packages use the same words for different
/// ones.
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// // Equal variances: mu = 3, tau2 = 4 - 1, se^2 = 4/3. Quantiles: normal, t with 2 df, t with 1 df.
/// let half = |method| Ok::<_, meta_analysis::Error>(fit.prediction_by(method)?.interval().1 - 3.0);
/// let total = (3.0_f64 + 4.0 / 3.0).sqrt();
/// assert!((half(Prediction::TauOnly)? - 1.959_963_984_540_054 * 3.0_f64.sqrt()).abs() < 1e-12);
/// assert!((half(Prediction::StudentT)? - 4.302_652_729_749_464 * total).abs() < 1e-11);
/// assert!((half(Prediction::HigginsThompsonSpiegelhalter)? - 12.706_204_736_174_705 * total).abs() < 1e-11);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Prediction {
    /// t with k - 1 df and the standard error of the model's own [`Inference`]; **the default**. Veroniki et al.
    /// 2019, Res Synth Methods 10:23, doi 10.1002/jrsm.1319. metafor: the default after `test = "t"`, `"knha"`
    /// or `"adhoc"`.
    #[default]
    StudentT,
    /// Normal quantile and Wald standard error. Skipka 2006. metafor: the default after `test = "z"`; meta: `"S"`.
    Normal,
    /// Normal quantile and tau alone: as if mu were known. metafor: `predtype = "simple"`.
    TauOnly,
    /// t with k - 2 df and Wald standard error. Higgins, Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137,
    /// doi 10.1111/j.1467-985X.2008.00552.x. metafor: `predtype = "riley"` after `test = "z"`.
    HigginsThompsonSpiegelhalter,
    /// t with k - 2 df and Hartung-Knapp standard error. Partlett & Riley 2017, Stat Med 36:301,
    /// doi 10.1002/sim.7140. metafor: `predtype = "riley"` after `test = "knha"`; meta: `"HK-PR"`.
    PartlettRiley,
    /// t with k - 1 df and Wald standard error, whatever the inference of the model is. Veroniki et al. 2019, Res Synth
    /// Methods 10:23, doi 10.1002/jrsm.1319. metafor: `test = "t"`; meta: `"V"`, its default.
    Veroniki,
    /// t with k - 1 df and Hartung-Knapp standard error, whatever the inference of the model is. metafor: the default
    /// after `test = "knha"`; meta: `"HK"`.
    HartungKnapp,
    /// t and standard error of [`Inference::KenwardRoger`]; for [`Tau2::Reml`](crate::Tau2::Reml) only. Partlett & Riley
    /// 2017, Stat Med 36:301, doi 10.1002/sim.7140. meta: `"KR"`.
    KenwardRoger,
    /// As [`KenwardRoger`](Self::KenwardRoger) with one df fewer. Partlett & Riley 2017. meta: `"KR-PR"`.
    KenwardRogerPartlettRiley,
    /// Allows for tau2 being uncertain, by its [confidence distribution](crate::tau2::ConfidenceDistribution), where the
    /// other methods take an estimate as the truth; the model's own estimate is not used. Nagashima, Noma & Furukawa
    /// 2019, Stat Methods Med Res 28:1689, doi 10.1177/0962280218773520. R: `pimeta`, and meta's `"NNF"` by it.
    ///
    /// ```text
    /// theta = mu(t2) + Z sqrt(t2) + T se_HK(t2)        t2 ~ H, Z ~ N(0, 1), T ~ t(k - 1)
    /// mu(t2) = weighted mean at t2,   se_HK(t2) = sqrt(sum w (y - mu)^2 / ((k - 1) sum w)),   w = 1/(v + t2)
    /// ```
    ///
    /// The authors draw from this distribution; here its quantiles are integrals, so that nothing is random. The centre
    /// reported is the median of the distribution. A few milliseconds for ten studies; with two or three, whose
    /// distribution of tau2 has a long tail, up to a tenth of a second.
    NagashimaNomaFurukawa,
    /// The posterior predictive distribution: tau and the mean have prior distributions, and what the data leave uncertain of both
    /// is averaged over; the model's own estimates are not used. See [`Pooled::bayesian`](crate::Pooled::bayesian). The centre
    /// reported is the median, the interval is equal-tailed. Röver 2020, J Stat Softw 93(6), doi 10.18637/jss.v093.i06. R:
    /// bayesmeta, `interval.type = "central"`.
    ///
    /// ```text
    /// theta | tau, y ~ N(m(tau), s(tau)^2 + tau^2)        averaged over p(tau | y)
    /// ```
    Bayesian(Prior),
}

impl Prediction {
    /// Name used in results.
    ///
    /// ```
    /// # use meta_analysis::Prediction;
    /// assert_eq!(Prediction::default().name(), "t, k - 1 df");
    /// assert_eq!(Prediction::PartlettRiley.name(), "Partlett-Riley");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::StudentT => "t, k - 1 df",
            Self::Normal => "normal",
            Self::TauOnly => "normal, tau only",
            Self::HigginsThompsonSpiegelhalter => "Higgins-Thompson-Spiegelhalter",
            Self::PartlettRiley => "Partlett-Riley",
            Self::Veroniki => "Veroniki",
            Self::HartungKnapp => "Hartung-Knapp",
            Self::KenwardRoger => "Kenward-Roger",
            Self::KenwardRogerPartlettRiley => "Kenward-Roger, Partlett-Riley",
            Self::NagashimaNomaFurukawa => "Nagashima-Noma-Furukawa",
            Self::Bayesian(_) => "Bayesian",
        }
    }
}

impl Prediction {
    /// Standard error of the mean and df (`None`: normal) for a solved model whose inference was `inference`. `level`: of
    /// the interval, on which hybrid inferences depend.
    ///
    /// # Errors
    /// [`ErrorKind::UndefinedDf`]; [`ErrorKind::NotApplicable`] for Kenward-Roger without REML and for the methods that
    /// need the effects themselves.
    pub(crate) fn standard_error(
        self,
        solution: &Solution,
        inference: Inference,
        level: f64,
    ) -> Result<(f64, Option<f64>)> {
        let k_minus_2 = Some(solution.df() - 1.0);
        let se = |inference: Inference| Ok::<f64, Error>(inference.standard_error(solution, level)?.0);
        let (se, df) = match self {
            Self::StudentT => (se(inference)?, Some(super::wald::df(solution)?)),
            Self::Normal => (solution.se, None),
            Self::TauOnly => (0.0, None),
            Self::HigginsThompsonSpiegelhalter => (solution.se, k_minus_2),
            Self::PartlettRiley => (se(Inference::HartungKnapp)?, k_minus_2),
            Self::Veroniki => (solution.se, Some(super::wald::df(solution)?)),
            Self::HartungKnapp => (se(Inference::HartungKnapp)?, Some(super::wald::df(solution)?)),
            Self::KenwardRoger => Inference::KenwardRoger.standard_error(solution, level)?,
            Self::KenwardRogerPartlettRiley => {
                let (se, df) = Inference::KenwardRoger.standard_error(solution, level)?;
                (se, df.map(|df| df - 1.0))
            }
            Self::NagashimaNomaFurukawa | Self::Bayesian(_) => {
                let why = "its distribution is not that of one standard error";
                return Err(ErrorKind::NotApplicable { what: "standard error of this prediction", why }.into());
            }
        };
        match df {
            Some(df) if df <= 0.0 => {
                let remedy = "with so few studies use `Prediction::StudentT`";
                Err(ErrorKind::UndefinedDf { what: "this prediction interval", df, remedy }.into())
            }
            _ => Ok((se, df)),
        }
    }
}

impl std::fmt::Display for Prediction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A prediction interval for the true effect of a new study, on the analysis scale.
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
/// let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
/// let prediction = RandomEffects::new(Tau2::Reml).fit(&effects)?.prediction()?;
/// let (lower, upper) = prediction.interval();
/// // Equal variances: mu = 0.6, tau2 = 0.16 - 0.04, se^2 = 0.16/3, and t with 2 df
/// let half = 4.302_652_729_749_464 * (0.12_f64 + 0.16 / 3.0).sqrt();
/// assert!((lower - (0.6 - half)).abs() < 1e-12 && (upper - (0.6 + half)).abs() < 1e-12);
/// assert_eq!((prediction.df(), prediction.level()), (Some(2.0), 0.95));
/// // The natural scale: odds ratios
/// assert!((prediction.natural().upper / upper.exp() - 1.0).abs() < 1e-14);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PredictionInterval {
    measure: Measure,
    scale: Scale,
    centre: f64,
    lower: f64,
    upper: f64,
    level: f64,
    df: Option<f64>,
    method: Prediction,
}

impl PredictionInterval {
    /// The interval of a solved model whose inference was `inference`, by a method with one standard error.
    pub(crate) fn new(
        solution: &Solution,
        (method, inference): (Prediction, Inference),
        level: f64,
        of: (Measure, Scale),
    ) -> Result<Self> {
        let level = check_level(level)?;
        let (se, df) = method.standard_error(solution, inference, level)?;
        let predictive = Predictive::Pivot { mu: solution.mu, sd: solution.tau2.sqrt().hypot(se), df };
        Self::of_distribution(&predictive, (method, level), df, of)
    }

    /// The middle `level` of a predictive distribution.
    pub(crate) fn of_distribution(
        predictive: &Predictive,
        (method, level): (Prediction, f64),
        df: Option<f64>,
        (measure, scale): (Measure, Scale),
    ) -> Result<Self> {
        let [lower, centre, upper] = predictive.central(level);
        if !(lower.is_finite() && upper.is_finite() && centre.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the prediction interval" }.into());
        }
        Ok(Self { measure, scale, centre, lower, upper, level, df, method })
    }

    /// Lower and upper limit on the analysis scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let (lower, upper) = fit.prediction_by(Prediction::TauOnly)?.interval();
    /// let half = 1.959_963_984_540_054 * 3.0_f64.sqrt();
    /// assert!((lower - (3.0 - half)).abs() < 1e-12 && (upper - (3.0 + half)).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn interval(&self) -> (f64, f64) {
        (self.lower, self.upper)
    }

    /// Level, e.g. 0.95.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).level(0.9).fit(&effects)?;
    /// assert_eq!(fit.prediction()?.level(), 0.9);
    /// // The 95% point of t with 2 df
    /// assert!((fit.prediction()?.interval().1 - (3.0 + 2.919_985_580_353_725 * (3.0_f64 + 4.0 / 3.0).sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Degrees of freedom of the t distribution, or `None` for the normal.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Three studies
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.prediction_by(Prediction::HigginsThompsonSpiegelhalter)?.df(), Some(1.0));
    /// assert_eq!(fit.prediction_by(Prediction::Normal)?.df(), None);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn df(&self) -> Option<f64> {
        self.df
    }

    /// How it was computed.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).prediction(Prediction::Veroniki).fit(&effects)?;
    /// assert_eq!(fit.prediction()?.method(), Prediction::Veroniki);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn method(&self) -> Prediction {
        self.method
    }

    /// The interval on the natural scale, around the pooled value.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Prediction, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04: tau2 = 0.12
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let natural = fit.prediction_by(Prediction::TauOnly)?.natural();
    /// assert!((natural.value - 0.6_f64.exp()).abs() < 1e-14);
    /// assert!((natural.upper - (0.6 + 1.959_963_984_540_054 * 0.12_f64.sqrt()).exp()).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        Natural::new(self.measure, self.scale, self.level, [self.centre, self.lower, self.upper])
    }
}
