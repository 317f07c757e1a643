//! Mantel-Haenszel pooling.

use super::pooled::{Analysis, Parts, PooledStrata};
use super::strata::{Counts, check_events, conversion, gather, no_odds, no_risks, own_effects};
use super::sums::{self, Sums};
use crate::error::{ErrorKind, Result};
use crate::inference::check_level;
use crate::measure::Measure;
use crate::study::{BinaryMeasure, Studies, Summary, TwoByTwo, TwoRates, TwoRatesMeasure, ZeroCells};
use serde::{Deserialize, Serialize};

/// The variance of a Mantel-Haenszel estimate.
///
/// Cells a, b, c, d; `n1 = a + b`, `n2 = c + d`, `m1 = a + c`, `n` the total. Sums run over the studies. All of these
/// hold both for few large and for many small studies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MantelHaenszelVariance {
    /// Of the log odds ratio. Robins, Breslow & Greenland 1986, Biometrics 42:311, doi 10.2307/2531052.
    ///
    /// ```text
    /// sum P R / (2 (sum R)^2) + sum (P S + Q R) / (2 sum R sum S) + sum Q S / (2 (sum S)^2)
    /// P = (a + d)/n,  Q = (b + c)/n,  R = a d/n,  S = b c/n
    /// ```
    RobinsBreslowGreenland,
    /// Of the log risk ratio, the risk difference, the log rate ratio and the rate difference. Greenland & Robins
    /// 1985, Biometrics 41:55, doi 10.2307/2530643.
    ///
    /// ```text
    /// log RR   sum (m1 n1 n2 - a c n)/n^2 / (sum (a n2/n) sum (c n1/n))
    /// RD       sum (a b n2^3 + c d n1^3)/(n1 n2 n^2) / (sum n1 n2/n)^2
    /// log IRR  sum (x1 + x2) t1 t2/T^2 / (sum (x1 t2/T) sum (x2 t1/T))                  T = t1 + t2
    /// IRD      sum (x1 t2^2 + x2 t1^2)/T^2 / (sum t1 t2/T)^2
    /// ```
    GreenlandRobins,
    /// Of the risk difference. Sato, Greenland & Robins 1989, Biometrics 45:1323, doi 10.2307/2531784.
    ///
    /// ```text
    /// (RD sum P + sum Q) / (sum n1 n2/n)^2
    /// P = (n1^2 c - n2^2 a + n1 n2 (n2 - n1)/2)/n^2,  Q = (a d + b c)/(2 n)
    /// ```
    SatoGreenlandRobins,
}

impl std::fmt::Display for MantelHaenszelVariance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::RobinsBreslowGreenland => "Robins-Breslow-Greenland",
            Self::GreenlandRobins => "Greenland-Robins",
            Self::SatoGreenlandRobins => "Sato-Greenland-Robins",
        })
    }
}

/// Measures of 2x2 tables that [`MantelHaenszel`] and [`SampleSizeWeights`](super::SampleSizeWeights) pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TableMeasure {
    /// `OR = sum (a d/n) / sum (b c/n)`. Mantel & Haenszel 1959, J Natl Cancer Inst 22:719,
    /// doi 10.1093/jnci/22.4.719. metafor: `rma.mh(measure = "OR")`.
    LogOddsRatio,
    /// `RR = sum (a n2/n) / sum (c n1/n)`. Tarone 1981, J Chronic Dis 34:463; Greenland & Robins 1985. metafor:
    /// `rma.mh(measure = "RR")`.
    LogRiskRatio,
    /// `RD = sum ((a n2 - c n1)/n) / sum (n1 n2/n)`. Greenland & Robins 1985. metafor: `rma.mh(measure = "RD")`.
    RiskDifference,
}

/// Measures of two rates that [`MantelHaenszel`] pools: `x1` events in time `t1` against `x2` in `t2`, `T = t1 + t2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RateMeasure {
    /// `IRR = sum (x1 t2/T) / sum (x2 t1/T)`. Rothman & Boice 1979; Greenland & Robins 1985. metafor:
    /// `rma.mh(measure = "IRR")`.
    LogIncidenceRateRatio,
    /// `IRD = sum ((x1 t2 - x2 t1)/T) / sum (t1 t2/T)`. Greenland & Robins 1985. metafor: `rma.mh(measure = "IRD")`.
    IncidenceRateDifference,
}

impl From<TableMeasure> for BinaryMeasure {
    fn from(measure: TableMeasure) -> Self {
        match measure {
            TableMeasure::LogOddsRatio => Self::LogOddsRatio,
            TableMeasure::LogRiskRatio => Self::LogRiskRatio,
            TableMeasure::RiskDifference => Self::RiskDifference,
        }
    }
}

impl From<RateMeasure> for TwoRatesMeasure {
    fn from(measure: RateMeasure) -> Self {
        match measure {
            RateMeasure::LogIncidenceRateRatio => Self::LogIncidenceRateRatio,
            RateMeasure::IncidenceRateDifference => Self::IncidenceRateDifference,
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::TableMeasure {}
    impl Sealed for super::RateMeasure {}
}

/// A measure that [`MantelHaenszel`] pools, and the rows it is pooled from. The trait is sealed: [`TableMeasure`] for
/// [`TwoByTwo`], [`RateMeasure`] for [`TwoRates`].
pub trait StratifiedMeasure: Copy + sealed::Sealed + Into<<Self::Row as Summary>::Measure> {
    /// The rows.
    type Row: Counts;

    #[doc(hidden)]
    fn default_variance(self) -> MantelHaenszelVariance;

    /// Why a stratum says nothing about the measure.
    #[doc(hidden)]
    fn silent(self, cells: &[f64; 4]) -> Option<&'static str>;

    /// What the strata together lack, so that the measure is undefined.
    #[doc(hidden)]
    fn undefined(self, cells: &[[f64; 4]]) -> Option<&'static str>;

    #[doc(hidden)]
    fn is_difference(self) -> bool;

    #[doc(hidden)]
    fn analysis(model: MantelHaenszel<Self>, studies: &Studies<Self::Row>) -> Analysis
    where
        Self: Sized;

    #[doc(hidden)]
    fn sums(self, variance: MantelHaenszelVariance, cells: &[[f64; 4]]) -> Option<MhSums>;
}

/// Estimate, variance and weights.
#[doc(hidden)]
#[derive(Debug)]
pub struct MhSums(pub(super) Sums);

impl StratifiedMeasure for TableMeasure {
    type Row = TwoByTwo;

    fn default_variance(self) -> MantelHaenszelVariance {
        match self {
            Self::LogOddsRatio => MantelHaenszelVariance::RobinsBreslowGreenland,
            Self::LogRiskRatio => MantelHaenszelVariance::GreenlandRobins,
            Self::RiskDifference => MantelHaenszelVariance::SatoGreenlandRobins,
        }
    }

    fn silent(self, cells: &[f64; 4]) -> Option<&'static str> {
        match self {
            Self::LogOddsRatio => no_odds(cells),
            Self::LogRiskRatio => no_risks(cells),
            Self::RiskDifference => None,
        }
    }

    fn undefined(self, cells: &[[f64; 4]]) -> Option<&'static str> {
        match self {
            Self::LogOddsRatio => match sums::odds(cells) {
                [r, s] if r <= 0.0 && s <= 0.0 => Some("no study has both events and non-events"),
                [r, _] if r <= 0.0 => Some("no study has an event in the first group and a non-event in the second"),
                [_, s] if s <= 0.0 => Some("no study has a non-event in the first group and an event in the second"),
                _ => None,
            },
            Self::LogRiskRatio => no_events(sums::risks(cells)),
            Self::RiskDifference => None,
        }
    }

    fn is_difference(self) -> bool {
        self == Self::RiskDifference
    }

    fn analysis(model: MantelHaenszel<Self>, studies: &Studies<TwoByTwo>) -> Analysis {
        Analysis::MantelHaenszel { model, studies: studies.clone() }
    }

    fn sums(self, variance: MantelHaenszelVariance, cells: &[[f64; 4]]) -> Option<MhSums> {
        use MantelHaenszelVariance::{GreenlandRobins, RobinsBreslowGreenland, SatoGreenlandRobins};
        Some(MhSums(match (self, variance) {
            (Self::LogOddsRatio, RobinsBreslowGreenland) => sums::odds_ratio(cells),
            (Self::LogRiskRatio, GreenlandRobins) => sums::risk_ratio(cells),
            (Self::RiskDifference, SatoGreenlandRobins) => sums::risk_difference_dual(cells),
            (Self::RiskDifference, GreenlandRobins) => sums::risk_difference_robust(cells),
            _ => return None,
        }))
    }
}

impl StratifiedMeasure for RateMeasure {
    type Row = TwoRates;

    fn default_variance(self) -> MantelHaenszelVariance {
        MantelHaenszelVariance::GreenlandRobins
    }

    fn silent(self, cells: &[f64; 4]) -> Option<&'static str> {
        if self == Self::LogIncidenceRateRatio { no_risks(cells) } else { None }
    }

    fn undefined(self, cells: &[[f64; 4]]) -> Option<&'static str> {
        if self == Self::LogIncidenceRateRatio { no_events(sums::rates(cells)) } else { None }
    }

    fn is_difference(self) -> bool {
        self == Self::IncidenceRateDifference
    }

    fn analysis(model: MantelHaenszel<Self>, studies: &Studies<TwoRates>) -> Analysis {
        Analysis::MantelHaenszelRates { model, studies: studies.clone() }
    }

    fn sums(self, variance: MantelHaenszelVariance, cells: &[[f64; 4]]) -> Option<MhSums> {
        if variance != MantelHaenszelVariance::GreenlandRobins {
            return None;
        }
        // One unit of time for all, an exact power of two, in which the longest time is about 1.
        let longest = cells.iter().fold(0.0_f64, |t, c| t.max(c[1]).max(c[3]));
        let (_, unit) = libm::frexp(longest);
        let scaled: Vec<[f64; 4]> =
            cells.iter().map(|&[x1, t1, x2, t2]| [x1, libm::scalbn(t1, -unit), x2, libm::scalbn(t2, -unit)]).collect();
        Some(MhSums(match self {
            Self::LogIncidenceRateRatio => sums::rate_ratio(&scaled),
            Self::IncidenceRateDifference => {
                let sums = sums::rate_difference(&scaled);
                let back = |x: f64| libm::scalbn(x, -unit);
                Sums { value: back(sums.value), variance: back(back(sums.variance)), weights: sums.weights }
            }
        }))
    }
}

pub(super) fn no_events([first, second]: [f64; 2]) -> Option<&'static str> {
    if first <= 0.0 && second <= 0.0 {
        Some("there are no events in any study")
    } else if first <= 0.0 {
        Some("there are no events in the first group of any study")
    } else if second <= 0.0 {
        Some("there are no events in the second group of any study")
    } else {
        None
    }
}

/// Mantel-Haenszel: a common effect whose weights need no variances, and so no correction of zero cells.
///
/// ```text
/// OR = sum (a d/n) / sum (b c/n)                    RR = sum (a n2/n) / sum (c n1/n)
/// RD = sum ((a n2 - c n1)/n) / sum (n1 n2/n)        rates: as RR and RD with person-time for people
/// ```
///
/// metafor: `rma.mh`. Mantel & Haenszel 1959, J Natl Cancer Inst 22:719, doi 10.1093/jnci/22.4.719.
///
/// Nothing is added to any count unless asked for. A study in which nobody (for the odds ratio, also everybody) has
/// the event says nothing about a ratio and is left out, as the notes say; differences keep it. Defaults: the
/// variance of [`variance`](Self::variance), [`ZeroCells::none`], level 0.95, normal quantiles.
///
/// ```
/// use meta_analysis::{MantelHaenszel, study::{Studies, TwoByTwo}, tables::TableMeasure};
///
/// // Tolbutamide and death, two ages. Rothman, Greenland & Lash 2008, Modern Epidemiology, table 15-1.
/// let strata = Studies::from([
///     ("below 55", TwoByTwo::new((8, 106), (5, 120))?),
///     ("55 and over", TwoByTwo::new((22, 98), (16, 85))?),
/// ]);
/// let difference = MantelHaenszel::new(TableMeasure::RiskDifference).level(0.90).fit(&strata)?;
/// assert_eq!(format!("{:.4}", difference.natural()), "0.0349 [-0.0176, 0.0874]"); // as printed
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MantelHaenszel<M> {
    measure: M,
    variance: Option<MantelHaenszelVariance>,
    zero_cells: ZeroCells,
    own_zero_cells: ZeroCells,
    level: f64,
}

impl<M: StratifiedMeasure> MantelHaenszel<M> {
    /// This measure, with every option at its default.
    pub fn new(measure: M) -> Self {
        let none = ZeroCells::none();
        Self { measure, variance: None, zero_cells: none, own_zero_cells: none, level: 0.95 }
    }

    /// Which variance. Default, as in metafor: Robins-Breslow-Greenland for the odds ratio, Sato-Greenland-Robins for
    /// the risk difference, Greenland-Robins otherwise. [`fit`](Self::fit) reports one that the measure does not have.
    #[must_use]
    pub fn variance(mut self, variance: MantelHaenszelVariance) -> Self {
        self.variance = Some(variance);
        self
    }

    /// What is done to the counts **before they are pooled**. Default: [`ZeroCells::none`], which needs nothing;
    /// studies with nothing but zeros are then left out of ratios. metafor: second elements of `add`, `to`, `drop00`,
    /// with the same default of adding nothing.
    #[must_use]
    pub fn zero_cells(mut self, policy: ZeroCells) -> Self {
        self.zero_cells = policy;
        self
    }

    /// What is done to the counts of each study for its **own** effect, which enters Q and tables but not the pooled
    /// effect. Default: [`ZeroCells::none`]: a study without a defined effect does not enter Q, and is named in the
    /// notes. metafor: first elements of `add`, `to`, `drop00`; its default is
    /// `ZeroCells::constant(0.5).double_zero(Uninformative::Drop)`.
    #[must_use]
    pub fn own_zero_cells(mut self, policy: ZeroCells) -> Self {
        self.own_zero_cells = policy;
        self
    }

    /// Level of the interval, between 0 and 1. Default: 0.95.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// The variance that is used.
    pub fn variance_type(&self) -> MantelHaenszelVariance {
        self.variance.unwrap_or_else(|| self.measure.default_variance())
    }

    /// Pools the studies.
    ///
    /// # Errors
    /// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] where a ratio is undefined, e.g. for want of events in one of the groups;
    /// [`ErrorKind::ZeroVariance`] where a difference has no variance; [`ErrorKind::NotApplicable`] for a variance that
    /// the measure does not have; [`ErrorKind::LevelOutOfRange`], [`ErrorKind::InvalidCorrection`],
    /// [`ErrorKind::DoubleZero`] naming the study where a correction is asked for and
    /// [`Uninformative`](crate::study::Uninformative) is not decided, [`ErrorKind::Empty`],
    /// [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`], [`ErrorKind::Overflow`].
    pub fn fit(&self, studies: &Studies<M::Row>) -> Result<PooledStrata> {
        check_level(self.level)?;
        let study_measure: <M::Row as Summary>::Measure = self.measure.into();
        let measure: Measure = study_measure.into();
        let how = conversion(study_measure, self.zero_cells);
        let gathered = gather(studies, how, self.measure.is_difference(), |cells| self.measure.silent(cells))?;
        check_events(studies, &gathered.cells, measure.name())?;
        if let Some(why) = self.measure.undefined(&gathered.cells) {
            let remedy =
                "ask for a difference, for the exact conditional odds ratio (`ExactOddsRatio`), or for a correction";
            return Err(ErrorKind::NotEstimable { measure: measure.name(), why, remedy }.into());
        }
        if gathered.cells.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        let Some(MhSums(sums)) = self.measure.sums(self.variance_type(), &gathered.cells) else {
            let why = "it is not defined for this measure; the documentation of `MantelHaenszelVariance` says for which it is";
            return Err(ErrorKind::NotApplicable { what: "variance of that name", why }.into());
        };
        let own = own_effects(studies, conversion(study_measure, self.own_zero_cells))?;
        let remedy = "every observed risk is 0 or 1; add to the counts, e.g. `zero_cells(ZeroCells::constant(0.5))`";
        let parts = Parts { measure, level: self.level, sums, df: None, remedy, own };
        PooledStrata::new(M::analysis(*self, studies), studies, gathered, parts)
    }
}
