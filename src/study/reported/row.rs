//! A reported estimate with its uncertainty, as a row.

use super::uncertainty::{Statistic, Uncertainty};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::scale::Scale;
use crate::study::conversion::{Conversion, Summary};
use crate::study::significance;
use crate::study::variance::VarianceType;
use serde::{Deserialize, Serialize};

/// Share of the half-width by which an estimate may miss the middle of its interval.
pub(super) const TOLERANCE: f64 = 0.1;

/// A reported estimate with its uncertainty: what [`Reported`](super::Reported) makes, to be stored, read from a
/// file, or put into [`Studies`](crate::study::Studies).
///
/// ```
/// use meta_analysis::{Measure, study::{Alternative, Reported, Studies, Uncertainty}};
///
/// let studies = Studies::from([
///     ("A", Reported::hazard_ratio(0.62).with(Uncertainty::Interval { lower: 0.45, upper: 0.86, level: 0.95, df: None })?),
///     ("B", Reported::hazard_ratio(0.70).with(Uncertainty::PTwoSided { p: 0.04, df: None })?),
/// ]);
/// let effects = studies.effects(Measure::LogHazardRatio)?;
/// assert!((effects.v()[0] - 0.027_300_540_506_208_3).abs() < 1e-14); // metafor 5.1-12, conv.wald
/// assert!(studies.effects(Measure::LogOddsRatio).is_err()); // these are no odds ratios
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct ReportedRow {
    measure: Measure,
    estimate: f64,
    natural: bool,
    uncertainty: Uncertainty,
    asymmetry_tolerance: f64,
    n: Option<f64>,
}

#[derive(Deserialize)]
struct Unchecked {
    measure: Measure,
    estimate: f64,
    natural: bool,
    uncertainty: Uncertainty,
    #[serde(default = "tolerance")]
    asymmetry_tolerance: f64,
    #[serde(default)]
    n: Option<f64>,
}

fn tolerance() -> f64 {
    TOLERANCE
}

impl TryFrom<Unchecked> for ReportedRow {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::checked(raw.measure, raw.estimate, raw.natural, raw.uncertainty, raw.asymmetry_tolerance, raw.n)
    }
}

impl ReportedRow {
    pub(super) fn checked(
        measure: Measure,
        estimate: f64,
        natural: bool,
        uncertainty: Uncertainty,
        asymmetry_tolerance: f64,
        n: Option<f64>,
    ) -> Result<Self> {
        if asymmetry_tolerance.is_nan() || asymmetry_tolerance < 0.0 {
            let (field, value) = ("asymmetry_tolerance", asymmetry_tolerance);
            return Err(ErrorKind::OutsideSupport { field, value, lower: 0.0, upper: f64::INFINITY }.into());
        }
        let row = Self { measure, estimate, natural, uncertainty, asymmetry_tolerance, n };
        row.effect_of_row()?;
        Ok(row)
    }

    /// What the estimate is.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The estimate, on the scale it was given on.
    pub fn estimate(&self) -> f64 {
        self.estimate
    }

    /// Whether estimate and limits are on the natural scale, not on the analysis scale.
    pub fn is_natural(&self) -> bool {
        self.natural
    }

    /// How sure the estimate is.
    pub fn uncertainty(&self) -> Uncertainty {
        self.uncertainty
    }

    /// The effect with its variance on the analysis scale.
    ///
    /// # Errors
    /// What the methods of [`Reported`](super::Reported) say of each form of uncertainty. A row that was made
    /// has passed them all.
    pub fn effect_of_row(&self) -> Result<Effect> {
        let y = self.transformed("estimate", self.estimate)?;
        let se = match self.uncertainty {
            Uncertainty::Interval { lower, upper, level, df } => {
                self.half_width(y, lower, upper)? / significance::half_width(level, df)?
            }
            Uncertainty::StandardErrorAnalysis(se) => se,
            Uncertainty::StandardErrorNatural(se) => self.delta(y, se)?,
            other => match other.statistic()? {
                Some(statistic) => self.of_statistic(y, &statistic)?,
                None => f64::NAN, // every form that is no statistic has its arm above
            },
        };
        let v = Effect::from_se(Measure::Generic, y, se)?.variance();
        match self.n {
            Some(n) => Effect::from_variance_and_n(self.measure, y, v, n),
            None => Effect::from_variance(self.measure, y, v),
        }
    }

    fn half_width(&self, y: f64, lower: f64, upper: f64) -> Result<f64> {
        let low = self.transformed("lower limit", lower)?;
        let high = self.transformed("upper limit", upper)?;
        if lower > upper {
            return Err(ErrorKind::CiReversed { lower, upper }.into());
        }
        if low >= high {
            return Err(ErrorKind::CiZeroWidth { lower, upper }.into());
        }
        let estimate = self.estimate;
        if !(low..=high).contains(&y) {
            return Err(ErrorKind::CiNotBracketing { estimate, lower, upper }.into());
        }
        let (middle, half) = (0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low);
        let share = ((y - middle) / half).abs();
        if share > self.asymmetry_tolerance {
            let (scale, percent) = (self.scale()?.name(), 100.0 * share);
            return Err(ErrorKind::CiAsymmetric { estimate, lower, upper, scale, percent }.into());
        }
        Ok(half)
    }

    fn delta(&self, y: f64, se: f64) -> Result<f64> {
        let slope = self.scale()?.slope(y);
        if slope > 0.0 {
            return Ok(se / slope);
        }
        Err(ErrorKind::Overflow { what: "the standard error on the analysis scale" }.into())
    }

    fn of_statistic(&self, y: f64, statistic: &Statistic) -> Result<f64> {
        let null = self.measure.null_value().ok_or(ErrorKind::NotApplicable {
            what: "standard error from a test",
            why: "this measure has no value of no effect that a test could be of",
        })?;
        let distance = y - null;
        let Statistic { name, value, signed } = *statistic;
        if value.abs() <= 0.0 {
            return Err(ErrorKind::PValueUninformative { what: "a test statistic of 0" }.into());
        }
        if distance.abs() <= 0.0 {
            let why = "an estimate of exactly no effect has a test statistic of 0 and a p-value of 1";
            return Err(ErrorKind::Inconsistent { what: "no effect with this test result", why }.into());
        }
        if signed && (distance > 0.0) != (value > 0.0) {
            return Err(ErrorKind::SignDisagreement { estimate: distance, statistic: name, value }.into());
        }
        Ok(distance.abs() / value.abs())
    }

    fn scale(&self) -> Result<Scale> {
        let measure = self.measure;
        measure.scale(self.n).ok_or_else(|| ErrorKind::SampleSizeRequired { measure: measure.name() }.into())
    }

    /// A value of the row on the analysis scale.
    fn transformed(&self, field: &'static str, value: f64) -> Result<f64> {
        if !value.is_finite() {
            return Err(ErrorKind::NonFinite { field, value }.into());
        }
        let scale = self.scale()?;
        if !self.natural {
            return Ok(value);
        }
        scale.to_analysis(value).ok_or_else(|| {
            let (lower, upper) = scale.support();
            match scale {
                Scale::Log => ErrorKind::NonPositiveOnLogScale { field, value }.into(),
                _ => ErrorKind::OutsideSupport { field, value, lower, upper }.into(),
            }
        })
    }
}

impl Summary for ReportedRow {
    type Measure = Measure;

    /// The effect of the row, if it is of the measure asked for.
    fn effect(&self, how: &Conversion<Measure>) -> Result<Effect> {
        if how.measure() != self.measure {
            let (first, found) = (how.measure().name(), self.measure.name());
            return Err(ErrorKind::MixedMeasures { first, found }.into());
        }
        if how.variance_type() != VarianceType::Usual {
            return Err(how.no_such_variance());
        }
        self.effect_of_row()
    }
}
