//! Means and standard deviations of two independent groups.

use super::check::{self, Count};
use super::conversion::{Conversion, Summary};
use super::moments::{Moments, hedges_correction};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Mean, standard deviation and number of people of two independent groups; effects are first minus second.
///
/// ```
/// use meta_analysis::study::{MeansMeasure, Moments, Summary, TwoMeans};
///
/// let row = TwoMeans::new((Moments::mean_sd(12.1, 3.2), 14), (Moments::mean_sd(10.4, 2.9), 16))?;
/// let difference = row.effect(&MeansMeasure::MeanDifference.into())?;
/// assert!((difference.y() - 1.7).abs() < 1e-12);
/// assert!((difference.variance() - (3.2 * 3.2 / 14.0 + 2.9 * 2.9 / 16.0)).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TwoMeans {
    first: (Moments, f64),
    second: (Moments, f64),
}

#[derive(Deserialize)]
struct Unchecked {
    first: (Moments, f64),
    second: (Moments, f64),
}

impl TryFrom<Unchecked> for TwoMeans {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.first, raw.second)
    }
}

impl TwoMeans {
    /// `(moments, people)` of the first and of the second group.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NegativeSd`], [`ErrorKind::SampleSizeTooSmall`] below one person,
    /// [`ErrorKind::NonIntegerCount`], [`ErrorKind::CountNotExact`].
    pub fn new(first: (Moments, impl Count), second: (Moments, impl Count)) -> Result<Self> {
        let n1 = check::check_size("n (group 1)", first.1, 1.0, "a mean")?;
        let n2 = check::check_size("n (group 2)", second.1, 1.0, "a mean")?;
        Ok(Self {
            first: (first.0.checked("mean (group 1)", "SD (group 1)")?, n1),
            second: (second.0.checked("mean (group 2)", "SD (group 2)")?, n2),
        })
    }

    /// Moments and number of people of both groups.
    pub fn groups(&self) -> [(Moments, f64); 2] {
        [self.first, self.second]
    }

    /// The standard deviation pooled over both groups, without overflow or underflow on the way.
    fn pooled_sd(&self) -> f64 {
        let [(one, n1), (two, n2)] = self.groups();
        let largest = one.sd().max(two.sd());
        if largest <= 0.0 {
            return 0.0;
        }
        let square = |sd: f64| (sd / largest).powi(2);
        largest * (((n1 - 1.0) * square(one.sd()) + (n2 - 1.0) * square(two.sd())) / (n1 + n2 - 2.0)).sqrt()
    }
}

/// Measures of [`TwoMeans`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MeansMeasure {
    /// In the unit of the outcome, variances not assumed equal; metafor: `MD`.
    ///
    /// ```text
    /// y = m1 - m2        v = sd1^2/n1 + sd2^2/n2
    /// ```
    MeanDifference,
    /// Standardised by the pooled SD with the exact small-sample correction J; metafor: `SMD` (vtype "LS").
    /// Hedges 1981, J Educ Stat 6:107, doi 10.3102/10769986006002107.
    ///
    /// ```text
    /// g = J(n1 + n2 - 2) (m1 - m2)/sd_pooled        v = 1/n1 + 1/n2 + g^2 / (2 (n1 + n2))
    /// ```
    HedgesG,
}

impl From<MeansMeasure> for Measure {
    fn from(measure: MeansMeasure) -> Self {
        match measure {
            MeansMeasure::MeanDifference => Self::MeanDifference,
            MeansMeasure::HedgesG => Self::HedgesG,
        }
    }
}

impl Summary for TwoMeans {
    type Measure = MeansMeasure;

    fn effect(&self, how: &Conversion<MeansMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let (y, v) = match how.measure() {
            MeansMeasure::MeanDifference => self.mean_difference(measure)?,
            MeansMeasure::HedgesG => self.hedges_g(measure)?,
        };
        Effect::from_variance_and_n(measure, y, v, self.first.1 + self.second.1)
    }
}

impl TwoMeans {
    fn mean_difference(&self, measure: Measure) -> Result<(f64, f64)> {
        let [(one, n1), (two, n2)] = self.groups();
        for (field, n) in [("n (group 1)", n1), ("n (group 2)", n2)] {
            check::check_size(field, n, 2.0, measure.name())?;
        }
        let v = (one.sd() / n1.sqrt()).powi(2) + (two.sd() / n2.sqrt()).powi(2);
        if one.sd() <= 0.0 && two.sd() <= 0.0 {
            let remedy = "check the standard deviations, both given as zero";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        if v < f64::MIN_POSITIVE || v.is_infinite() {
            return Err(ErrorKind::Overflow { what: "the variance of the mean difference" }.into());
        }
        Ok((one.mean() - two.mean(), v))
    }

    fn hedges_g(&self, measure: Measure) -> Result<(f64, f64)> {
        let [(one, n1), (two, n2)] = self.groups();
        let m = n1 + n2 - 2.0;
        if m < 2.0 {
            let field = "n (both groups)";
            return Err(
                ErrorKind::SampleSizeTooSmall { field, value: n1 + n2, needed: 4.0, measure: measure.name() }.into()
            );
        }
        let sd = self.pooled_sd();
        if sd <= 0.0 {
            return Err(ErrorKind::ZeroSd { field: "pooled SD", measure: measure.name() }.into());
        }
        let g = hedges_correction(m) * (one.mean() / sd - two.mean() / sd);
        let v = 1.0 / n1 + 1.0 / n2 + g * g / (2.0 * (n1 + n2));
        if !v.is_finite() {
            return Err(ErrorKind::Overflow { what: "the standardised mean difference" }.into());
        }
        Ok((g, v))
    }
}
