//! The common-language effect size itself: an area under the curve, or a Mann-Whitney U.

use super::check::{self, Count, Fractions};
use super::conversion::{Conversion, Summary};
use super::moments;
use super::variance::VarianceType;
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// The chance `a` that a random member of the first group exceeds one of the second (ties count half), as seen in
/// groups of `n1` and `n2`: the area under the receiver operating characteristic curve.
///
/// ```
/// use meta_analysis::study::{AreaUnderCurve, AreaUnderCurveMeasure, Summary};
///
/// let row = AreaUnderCurve::from_u(90.0, 10, 12)?;
/// assert_eq!(row.value(), 0.75);
/// let effect = row.effect(&AreaUnderCurveMeasure::CommonLanguage.into())?;
/// let hanley_mcneil = 0.1875 / 120.0 * (1.0 + 9.0 * 0.2 + 11.0 * 0.75 / 1.75);
/// assert!((effect.variance() - hanley_mcneil).abs() < 1e-16);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct AreaUnderCurve {
    a: f64,
    n1: f64,
    n2: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    a: f64,
    n1: f64,
    n2: f64,
}

impl TryFrom<Unchecked> for AreaUnderCurve {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::checked(raw.a, raw.n1, raw.n2, Fractions::Allowed)
    }
}

impl AreaUnderCurve {
    /// The area under the curve in groups of `n1` and `n2`.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::OutsideSupport`] outside 0 to 1, [`ErrorKind::SampleSizeTooSmall`] below
    /// one person, [`ErrorKind::NonIntegerCount`].
    pub fn new(a: f64, n1: impl Count, n2: impl Count) -> Result<Self> {
        Self::checked(a, n1, n2, Fractions::Refused)
    }

    /// The Mann-Whitney statistic of the first group: the number of pairs in which its member exceeds that of the
    /// second, ties counting half. `a = U / (n1 n2)`.
    ///
    /// # Errors
    /// As [`new`](Self::new), with a `u` outside 0 to n1 n2.
    pub fn from_u(u: f64, n1: impl Count, n2: impl Count) -> Result<Self> {
        let row = Self::new(0.0, n1, n2)?;
        let upper = row.n1 * row.n2;
        check::check_finite("U", u)?;
        if !(0.0..=upper).contains(&u) {
            return Err(ErrorKind::OutsideSupport { field: "U", value: u, lower: 0.0, upper }.into());
        }
        Self::checked(u / upper, row.n1, row.n2, Fractions::Refused)
    }

    fn checked(a: f64, n1: impl Count, n2: impl Count, fractions: Fractions) -> Result<Self> {
        let a = check::check_finite("area", a)?;
        if !(0.0..=1.0).contains(&a) {
            return Err(ErrorKind::OutsideSupport { field: "area", value: a, lower: 0.0, upper: 1.0 }.into());
        }
        let what = "an area under the curve";
        Ok(Self {
            a,
            n1: check::size("n (group 1)", n1, 1.0, what, fractions)?,
            n2: check::size("n (group 2)", n2, 1.0, what, fractions)?,
        })
    }

    /// The area.
    pub fn value(&self) -> f64 {
        self.a
    }

    /// Numbers of people in the two groups.
    pub fn sizes(&self) -> [f64; 2] {
        [self.n1, self.n2]
    }
}

/// The measure of an [`AreaUnderCurve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AreaUnderCurveMeasure {
    /// Not transformed; metafor: `CLES`, `AUC`.
    ///
    /// ```text
    /// y = a
    /// LargeSample (default)  v = a (1 - a) (1 + (n1 - 1) (1 - a)/(2 - a) + (n2 - 1) a/(1 + a)) / (n1 n2)
    /// LargeSample2           the same with (n1 + n2)/2 - 1 for both n1 - 1 and n2 - 1
    /// Null                   v = (n1 + n2 + 1) / (12 n1 n2)
    /// Maximum                v = a (1 - a) / min(n1, n2)
    /// ```
    ///
    /// LargeSample: Hanley & McNeil 1982, Radiology 143:29, doi 10.1148/radiology.143.1.7063747, exact for exponential
    /// distributions. LargeSample2: Newcombe 2006, Stat Med 25:559, doi 10.1002/sim.2324. Null: Mann & Whitney 1947,
    /// Ann Math Stat 18:50, doi 10.1214/aoms/1177730491, exact without ties. Maximum, for any distributions: Birnbaum
    /// & Klose 1957, Ann Math Stat 28:933, doi 10.1214/aoms/1177706797. Held against:
    /// quadrature (LargeSample, LargeSample2), the exact distribution of R's `dwilcox` (Null), an enumeration of the case
    /// where it is reached (Maximum). No other implementation of LargeSample2 and Maximum has been run; the
    /// manual of R's asht (`Vpo`) states the former too. That metafor's "LS2" and "MAX" are these formulas is an
    /// assumption.
    CommonLanguage,
}

impl From<AreaUnderCurveMeasure> for Measure {
    fn from(measure: AreaUnderCurveMeasure) -> Self {
        match measure {
            AreaUnderCurveMeasure::CommonLanguage => Self::CommonLanguage,
        }
    }
}

impl Summary for AreaUnderCurve {
    type Measure = AreaUnderCurveMeasure;

    fn effect(&self, how: &Conversion<AreaUnderCurveMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let (n1, n2) = (self.n1, self.n2);
        let exponential = |others1, others2| exponential_scores([self.a, 1.0 - self.a], [n1, n2], [others1, others2]);
        let v = match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample => exponential(n1 - 1.0, n2 - 1.0),
            VarianceType::LargeSample2 => {
                let others = 0.5 * (n1 + n2) - 1.0;
                exponential(others, others)
            }
            VarianceType::Null => (1.0 / n1 + 1.0 / n2 + 1.0 / n1 / n2) / 12.0,
            VarianceType::Maximum => self.a * (1.0 - self.a) / n1.min(n2),
            _ => return Err(how.no_such_variance()),
        };
        if v <= 0.0 {
            let remedy = "the groups do not overlap; only `VarianceType::Null` has a value there";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        moments::effect(measure, self.a, v, n1 + n2)
    }
}

/// The variance of an area `a`, with `b = 1 - a`, in groups of these sizes, for exponential distributions; `others` are
/// the numbers of people beside the one in each group.
pub(super) fn exponential_scores([a, b]: [f64; 2], [n1, n2]: [f64; 2], others: [f64; 2]) -> f64 {
    a * b * (1.0 + others[0] * b / (1.0 + b) + others[1] * a / (1.0 + a)) / n1 / n2
}
