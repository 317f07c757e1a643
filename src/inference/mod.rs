//! From a solved model to what is said about the effect: interval, test, prediction, heterogeneity, notes.
//!
//! Nothing here depends on how tau2 was estimated: every method takes the [`Solution`].

mod average_share;
mod combination;
mod estimate;
mod exact_mean;
mod hartung_knapp;
mod heterogeneity;
mod information;
mod kenward_roger;
mod mean_interval;
mod natural;
mod note;
mod p_value_function;
mod permutation;
mod posterior;
mod prediction;
mod predictive;
mod probability;
mod solution;
mod tau2_interval;
mod test_based;
mod wald;

pub use average_share::AverageShare;
pub use combination::Combination;
pub use estimate::Estimate;
pub use exact_mean::ExactMean;
pub(crate) use exact_mean::exact_mean;
pub use heterogeneity::{Heterogeneity, HeterogeneityBound, HeterogeneityIntervals, Interval, Region};
pub use information::Information;
pub use mean_interval::{MeanInterval, MeanMethod};
pub use natural::Natural;
pub use note::Note;
pub use p_value_function::PValueFunction;
pub use permutation::{Permutation, PermutationTest};
pub use posterior::{Posterior, TauPosterior};
pub use prediction::{Prediction, PredictionInterval};
pub(crate) use predictive::{Component, Predictive};
pub use probability::{ProbabilityBeyond, Threshold};
pub use solution::Solution;
pub(crate) use tau2_interval::not_applicable;
pub use tau2_interval::{QWeighting, Side, Tails, Tau2Bootstrap, Tau2Interval};
pub use test_based::TestBased;

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// How the standard error and the interval of a pooled effect are computed.
///
/// With `w = 1/(v + tau2)`, `S = sum w`, `mu = sum w y / S` and `q = sum w (y - mu)^2 / (k - 1)`:
///
/// ```
/// use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
///
/// // BCG vaccine against tuberculosis, 13 trials (Colditz 1994), log risk ratios.
/// let y = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173];
/// let v = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714];
/// let rows = y.into_iter().zip(v).enumerate();
/// let effects = Effects::from_rows(
///     rows.map(|(i, (y, v))| Ok((format!("trial {i}"), Effect::from_variance(Measure::LogRiskRatio, y, v)?)))
///         .collect::<meta_analysis::Result<Vec<_>>>()?,
/// )?;
/// let interval = |inference| Ok::<_, meta_analysis::Error>({
///     let (lower, upper) = RandomEffects::new(Tau2::Reml).inference(inference).fit(&effects)?.estimate().interval();
///     format!("{lower:.3} {upper:.3}")
/// });
/// // Viechtbauer 2010, J Stat Softw 36(3): [-1.067, -0.362]; metafor 3.8, test = "knha": [-1.108, -0.321]
/// assert_eq!(interval(Inference::Wald)?, "-1.067 -0.362");
/// assert_eq!(interval(Inference::HartungKnapp)?, "-1.108 -0.321");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Inference {
    /// Normal quantile. Too narrow when there are few studies. The default of metafor (`test = "z"`), meta and
    /// Stata. DerSimonian & Laird 1986, Control Clin Trials 7:177, doi 10.1016/0197-2456(86)90046-2.
    ///
    /// ```text
    /// se = 1 / sqrt(S)        mu -+ z se
    /// ```
    Wald,
    /// The same standard error with a t quantile of k - 1 df. metafor: `test = "t"`. Follmann & Proschan 1999,
    /// Biometrics 55:732, doi 10.1111/j.0006-341X.1999.00732.x.
    ///
    /// ```text
    /// se = 1 / sqrt(S)        mu -+ t(k - 1) se
    /// ```
    StudentT,
    /// Hartung-Knapp(-Sidik-Jonkman); **the default for random effects**. metafor: `test = "knha"`. Hartung &
    /// Knapp 2001, Stat Med 20:3875, doi 10.1002/sim.1009; Sidik & Jonkman 2002, Stat Med 21:3153,
    /// doi 10.1002/sim.1262.
    ///
    /// ```text
    /// se = sqrt(q / S)        mu -+ t(k - 1) se
    /// ```
    #[default]
    HartungKnapp,
    /// Hartung-Knapp that is never narrower than [`StudentT`](Self::StudentT): `max(1, q)` for `q`. metafor:
    /// `test = "adhoc"`. Knapp & Hartung 2003, Stat Med 22:2693, doi 10.1002/sim.1482; Röver, Knapp & Friede
    /// 2015, BMC Med Res Methodol 15:99, doi 10.1186/s12874-015-0091-1.
    ///
    /// ```text
    /// se = sqrt(max(1, q) / S)        mu -+ t(k - 1) se
    /// ```
    HartungKnappTruncated,
    /// The wider, at the level asked for, of the [`HartungKnapp`](Self::HartungKnapp) and the [`Wald`](Self::Wald)
    /// interval; standard error, df and p-value are those of the one taken. "Hybrid method 2" of Jackson et al.
    /// 2017, Stat Med 36:3923, doi 10.1002/sim.7411; Wiksten, Rücker & Schwarzer 2016, Stat Med 35:2503,
    /// doi 10.1002/sim.6879. meta: `adhoc.hakn.ci = "ci"`; not in metafor.
    ///
    /// ```text
    /// mu -+ max(t(k - 1) sqrt(q / S), z / sqrt(S))
    /// ```
    HartungKnappOrWald,
    /// [`HartungKnappTruncated`](Self::HartungKnappTruncated) where the [`HartungKnapp`](Self::HartungKnapp) interval
    /// is narrower than the Wald interval with the DerSimonian-Laird tau2, whatever estimator the model has;
    /// Hartung-Knapp elsewhere. Random effects only. IQWiG, General Methods, version 6 onwards. meta:
    /// `adhoc.hakn.ci = "IQWiG6"`; not in metafor.
    ///
    /// ```text
    /// q* = max(1, q)  if  t(k - 1) sqrt(q / S) < z / sqrt(sum 1/(v + tau2_DL)),  else q
    /// se = sqrt(q* / S)        mu -+ t(k - 1) se
    /// ```
    HartungKnappIqwig,
    /// Standard error enlarged for the estimation of tau2, and t with the df that the variance of this variance
    /// gives. For fits with [`Tau2::Reml`](crate::Tau2::Reml) only, from whose expected information it is derived;
    /// other fits have none. At an estimate of 0 the same formula is taken there, although the expansion behind it
    /// supposes a tau2 inside its range. With equal variances it is [`StudentT`](Self::StudentT). Kenward & Roger
    /// 1997, Biometrics 53:983, doi 10.2307/2533558; in meta-analysis Partlett & Riley 2017, Stat Med 36:301,
    /// doi 10.1002/sim.7140. meta: `method.random.ci = "KR"`; not in metafor.
    ///
    /// ```text
    /// s_j = sum w^j        I = s2/2 - s3/s1 + (s2/s1)^2/2
    /// se^2 = (1/s1) (1 + 2 (s3/s1 - (s2/s1)^2) / I)        df = 2 I / (se^2 s2)^2        mu -+ t(df) se
    /// ```
    ///
    /// Kenward & Roger's own df has `1/s1` in place of `se^2`, which is larger; meta, and this crate, follow
    /// Partlett & Riley.
    KenwardRoger,
}

impl Inference {
    const NAMES: [(Self, &'static str, &'static str); 7] = [
        (Self::Wald, "Wald", "z"),
        (Self::StudentT, "Student t", "t"),
        (Self::HartungKnapp, "Hartung-Knapp", "knha"),
        (Self::HartungKnappTruncated, "truncated Hartung-Knapp", "adhoc"),
        (Self::HartungKnappOrWald, "Hartung-Knapp or Wald", "HK-ci"),
        (Self::HartungKnappIqwig, "Hartung-Knapp by IQWiG", "HK-IQWiG6"),
        (Self::KenwardRoger, "Kenward-Roger", "KR"),
    ];

    /// Name used in results.
    ///
    /// ```
    /// use meta_analysis::Inference;
    ///
    /// assert_eq!(Inference::default().name(), "Hartung-Knapp");
    /// // A name reads back as its method.
    /// assert_eq!(Inference::KenwardRoger.name().parse::<Inference>()?, Inference::KenwardRoger);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Wald => "Wald",
            Self::StudentT => "Student t",
            Self::HartungKnapp => "Hartung-Knapp",
            Self::HartungKnappTruncated => "truncated Hartung-Knapp",
            Self::HartungKnappOrWald => "Hartung-Knapp or Wald",
            Self::HartungKnappIqwig => "Hartung-Knapp by IQWiG",
            Self::KenwardRoger => "Kenward-Roger",
        }
    }

    /// Standard error and degrees of freedom (`None`: normal) for this solution. `level`: of the interval, on
    /// which the choice of the hybrid methods depends.
    ///
    /// # Errors
    /// [`ErrorKind::UndefinedDf`] for one study where a t distribution is needed,
    /// [`ErrorKind::DegenerateVariance`] where the Hartung-Knapp variance is zero, [`ErrorKind::NotApplicable`]
    /// where the method needs another model.
    pub(crate) fn standard_error(self, solution: &Solution, level: f64) -> Result<(f64, Option<f64>)> {
        match self {
            Self::Wald => Ok((solution.se, None)),
            Self::StudentT => Ok((solution.se, Some(wald::df(solution)?))),
            Self::HartungKnapp => {
                let df = wald::df(solution)?;
                Ok((hartung_knapp::standard_error(solution)?, Some(df)))
            }
            Self::HartungKnappTruncated => {
                let df = wald::df(solution)?;
                Ok((hartung_knapp::truncated_standard_error(solution), Some(df)))
            }
            Self::HartungKnappOrWald => hartung_knapp::or_wald(solution, level),
            Self::HartungKnappIqwig => hartung_knapp::iqwig(solution, level),
            Self::KenwardRoger => kenward_roger::standard_error(solution),
        }
    }
}

impl std::fmt::Display for Inference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Inference {
    type Err = Error;

    /// Reads a name, metafor's code (`z`, `t`, `knha`, `adhoc`), or `HK-ci`, `HK-IQWiG6`, `KR`; letter case ignored.
    ///
    /// ```
    /// use meta_analysis::{ErrorKind, Inference};
    ///
    /// assert_eq!("knha".parse::<Inference>()?, Inference::HartungKnapp);
    /// assert_eq!("student T".parse::<Inference>()?, Inference::StudentT);
    /// let error = "normal".parse::<Inference>().expect_err("no such name");
    /// assert!(matches!(error.kind(), ErrorKind::UnknownName { what: "inference", .. }));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::NAMES
            .into_iter()
            .find(|(_, name, code)| text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(code))
            .map(|(inference, ..)| inference)
            .ok_or_else(|| {
                let known = "Wald (z), Student t (t), Hartung-Knapp (knha), truncated Hartung-Knapp (adhoc), \
                             Hartung-Knapp or Wald (HK-ci), Hartung-Knapp by IQWiG (HK-IQWiG6), Kenward-Roger (KR)";
                ErrorKind::UnknownName { what: "inference", name: text.to_owned(), known }.into()
            })
    }
}

/// A level strictly between 0 and 1.
pub(crate) fn check_level(level: f64) -> Result<f64> {
    if level > 0.0 && level < 1.0 { Ok(level) } else { Err(ErrorKind::LevelOutOfRange { value: level }.into()) }
}
