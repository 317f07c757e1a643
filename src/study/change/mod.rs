//! Means before and after in one group.

mod assumed;
mod from_test;
mod ratio;
mod standardized;

pub use assumed::{AssumedCorrelation, OverCorrelation, PrePostAssumed};

use super::check::{self, Count, Fractions};
use super::conversion::{Conversion, Summary};
use super::moments::{self, Moments};
use super::variance::VarianceType;
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Mean and standard deviation before and after in the same `n` people, with the correlation of the two.
///
/// The correlation is required: without it a paired design has no variance. Few papers report it. It can be had
/// from the standard deviation of the change ([`from_sd_of_change`](Self::from_sd_of_change)) or from a paired test
/// ([`from_t`](Self::from_t), [`from_f`](Self::from_f), [`from_p`](Self::from_p)); failing these, a
/// [`PrePostAssumed`] carries a whole range of it into the result.
///
/// ```
/// use meta_analysis::study::{ChangeMeasure, Moments, PrePost, Summary};
///
/// // CDASI in Kampylafka 2012; r is not reported, 0.5 is assumed.
/// let row = PrePost::new(Moments::mean_sd(7.46, 6.26), Moments::mean_sd(2.96, 3.64), 24, 0.5)?;
/// let effect = row.effect(&ChangeMeasure::StandardizedBySdBefore.into())?;
/// assert!((effect.y() - (-0.695_107_754_820_117)).abs() < 1e-12); // metafor 5.1-12, SMCR
/// assert!((effect.variance() - 0.051_732_808_141_897_2).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct PrePost {
    before: Moments,
    after: Moments,
    n: f64,
    correlation: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    before: Moments,
    after: Moments,
    n: f64,
    correlation: f64,
}

impl TryFrom<Unchecked> for PrePost {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fractional(raw.before, raw.after, raw.n, raw.correlation)
    }
}

impl PrePost {
    /// Moments before and after in `n` people, and the correlation of the two measurements.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NegativeSd`], [`ErrorKind::SampleSizeTooSmall`] below two people,
    /// [`ErrorKind::NonIntegerCount`], [`ErrorKind::CorrelationOutOfRange`].
    pub fn new(before: Moments, after: Moments, n: impl Count, correlation: f64) -> Result<Self> {
        Self::checked(before, after, n, correlation, Fractions::Refused)
    }

    /// As [`new`](Self::new), but a fraction of people is allowed: the effective sample size of clustered data.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(before: Moments, after: Moments, n: f64, correlation: f64) -> Result<Self> {
        Self::checked(before, after, n, correlation, Fractions::Allowed)
    }

    fn checked(before: Moments, after: Moments, n: impl Count, correlation: f64, f: Fractions) -> Result<Self> {
        Ok(Self {
            before: before.checked("mean (before)", SD_BEFORE)?,
            after: after.checked("mean (after)", SD_AFTER)?,
            n: check::size("n", n, 2.0, "a change", f)?,
            correlation: check::check_correlation("correlation", correlation)?,
        })
    }

    /// Moments before.
    pub fn before(&self) -> Moments {
        self.before
    }

    /// Moments after.
    pub fn after(&self) -> Moments {
        self.after
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// Correlation of before and after.
    pub fn correlation(&self) -> f64 {
        self.correlation
    }

    /// Standard deviation of the change:
    ///
    /// ```text
    /// sqrt(sd_before^2 + sd_after^2 - 2 r sd_before sd_after)
    /// ```
    pub fn sd_of_change(&self) -> f64 {
        let (before, after) = (self.before.sd(), self.after.sd());
        // The same sum of squares without cancellation, overflow or underflow.
        let twice = (2.0 * (1.0 - self.correlation)).sqrt() * before.sqrt() * after.sqrt();
        (before - after).hypot(twice)
    }

    /// Mean after minus mean before.
    pub fn mean_change(&self) -> f64 {
        self.after.mean() - self.before.mean()
    }
}

const SD_BEFORE: &str = "SD (before)";
const SD_AFTER: &str = "SD (after)";

/// Measures of a [`PrePost`]; a positive value means a rise. Means m0 before and m1 after, standard deviations s0 and
/// s1, n people, correlation r; df = n - 1, c = s/m, D = m1 - m0, sD = standard deviation of the change.
///
/// metafor takes the mean after as `m1i` and the mean before as `m2i`; for `SMCR` and `SMCRH` it wants the standard
/// deviation before in `sd1i`, for the log ratios that after.
///
/// Morris & DeShon 2002, Psychol Methods 7:105, doi 10.1037/1082-989X.7.1.105, tell when to use which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChangeMeasure {
    /// In the unit of the outcome; metafor: `MC`.
    ///
    /// ```text
    /// y = D        v = sD^2/n
    /// ```
    MeanChange,
    /// Standardised by the SD before; metafor: `SMCR`. The estimate does not depend on the correlation, only its
    /// variance does. Becker 1988, Br J Math Stat Psychol 41:257, doi 10.1111/j.2044-8317.1988.tb00901.x.
    ///
    /// ```text
    /// g = J(df) D/s0        bias correction: J
    /// LargeSample (default)  v = 2 (1 - r)/n + g^2/(2 n)
    /// LargeSample2           v = J^2 (2 (1 - r)/n + d^2/(2 n))        d = g/J
    /// Unbiased               v = 2 (1 - R)/n + g^2 (1 - (df - 2)/(df J^2))        R = r F(1/2, 1/2; (n - 2)/2; 1 - r^2)
    /// Null                   v = 2 (1 - r)/n
    /// ```
    ///
    /// R is the unbiased correlation of Olkin & Pratt 1958, Ann Math Stat 29:201, doi 10.1214/aoms/1177706717, and
    /// needs 5 people.
    StandardizedBySdBefore,
    /// Standardised by the SD before, with a variance that allows the SD to change; metafor: `SMCRH`. Bonett 2008,
    /// Psychol Methods 13:99, doi 10.1037/1082-989X.13.2.99.
    ///
    /// ```text
    /// g = J(df) D/s0
    /// LargeSample (default)  v = sD^2/(df s0^2) + g^2/(2 df)
    /// LargeSample2           the same with n for df
    /// ```
    StandardizedBySdBeforeHeteroscedastic,
    /// Standardised by the SD of the change; metafor: `SMCC`. Gibbons, Hedeker & Davis 1993, J Educ Stat 18:271,
    /// doi 10.3102/10769986018003271.
    ///
    /// ```text
    /// g = J(df) D/sD        bias correction: J
    /// LargeSample (default)  v = 1/n + g^2/(2 n)
    /// LargeSample2           v = J^2 (1/n + d^2/(2 n))        d = g/J
    /// Unbiased               v = 1/n + g^2 (1 - (df - 2)/(df J^2))
    /// Null                   v = 1/n
    /// ```
    StandardizedBySdOfChange,
    /// Standardised by the root of the mean of both variances; metafor: `SMCRP`. Cousineau 2020, Quant Meth Psych
    /// 16:418, doi 10.20982/tqmp.16.4.p418.
    ///
    /// ```text
    /// g = J(2 df/(1 + r^2)) D/s        s^2 = (s0^2 + s1^2)/2        bias correction: J
    /// v = 2 (1 - r)/n + g^2 (1 + r^2)/(4 n)
    /// ```
    StandardizedByPooledSd,
    /// The same with a variance that allows the SD to change; metafor: `SMCRPH`. Bonett 2008.
    ///
    /// ```text
    /// LargeSample (default)  v = g^2 (s0^4 + s1^4 + 2 r^2 s0^2 s1^2)/(8 s^4 df) + sD^2/(s^2 df)
    /// LargeSample2           the same with n for df
    /// ```
    StandardizedByPooledSdHeteroscedastic,
    /// Log ratio of the means, which must have one sign; metafor: `ROMC`. Lajeunesse 2011, Ecology 92:2049,
    /// doi 10.1890/11-0423.1; second order: Senior, Viechtbauer & Nakagawa 2020, Res Synth Methods 11:553,
    /// doi 10.1002/jrsm.1423. metafor before 5.0 had no correction.
    ///
    /// ```text
    /// y = ln(m1/m0) + (c1^2 - c0^2)/(2 n)                    bias correction: the second term
    /// LargeSample (default)  v = (c0^2 + c1^2 - 2 r c0 c1)/n
    /// LargeSample2           v = LargeSample + (c0^4 + c1^4 + r^2 s0^2 s1^2 (1/m0^4 + 1/m1^4))/(2 n^2)
    /// ```
    ///
    /// The second-order term of r is added and has the fourth powers of each mean by itself, as published and as the
    /// numbers of metafor 5.1 have it. The Taylor expansion of ln m1 - ln m0 to second order has `- 2 r^2 c0^2 c1^2` there,
    /// since the two second derivatives differ in sign.
    LogRatioOfMeans,
    /// Log ratio of the standard deviations; metafor: `VRC`. Senior et al. 2020.
    ///
    /// ```text
    /// y = ln(s1/s0)
    /// LargeSample (default)  v = (1 - r^2)/df
    /// LargeSample2           v = LargeSample + (1 + r^4 (s0^8 + s1^8)/(2 s0^4 s1^4))/df^2
    /// ```
    LogVariabilityRatio,
    /// Log ratio of the coefficients of variation; metafor: `CVRC`. Senior et al. 2020. The log variability ratio minus
    /// the log ratio of means with its correction; the variance is the sum of theirs, both LargeSample (default) or
    /// both LargeSample2.
    LogCvRatio,
    /// Chance that a random value after exceeds one before, of another person, for normal distributions; metafor:
    /// `CLESCN`. With S^2 = s0^2 + s1^2 and z = D/S:
    ///
    /// ```text
    /// y = Phi(z)        v = phi(z)^2 (sD^2/S^2 + z^2 (s0^4 + s1^4 + 2 r^2 s0^2 s1^2)/(2 S^4)) / df
    /// ```
    CommonLanguageNormal,
}

impl From<ChangeMeasure> for Measure {
    fn from(measure: ChangeMeasure) -> Self {
        use ChangeMeasure as C;
        match measure {
            C::MeanChange => Self::MeanChange,
            C::StandardizedBySdBefore => Self::StandardizedMeanChangeRaw,
            C::StandardizedBySdBeforeHeteroscedastic => Self::StandardizedMeanChangeRawHeteroscedastic,
            C::StandardizedBySdOfChange => Self::StandardizedMeanChangeChange,
            C::StandardizedByPooledSd => Self::StandardizedMeanChangePooled,
            C::StandardizedByPooledSdHeteroscedastic => Self::StandardizedMeanChangePooledHeteroscedastic,
            C::LogRatioOfMeans => Self::PairedLogRatioOfMeans,
            C::LogVariabilityRatio => Self::PairedLogVariabilityRatio,
            C::LogCvRatio => Self::PairedLogCvRatio,
            C::CommonLanguageNormal => Self::PairedCommonLanguage,
        }
    }
}

impl Summary for PrePost {
    type Measure = ChangeMeasure;

    fn effect(&self, how: &Conversion<ChangeMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let (y, v) = match how.measure() {
            ChangeMeasure::MeanChange => self.raw_change(how, measure)?,
            ChangeMeasure::StandardizedBySdBefore => self.by_sd_before(how, measure)?,
            ChangeMeasure::StandardizedBySdBeforeHeteroscedastic => self.by_sd_before_heteroscedastic(how, measure)?,
            ChangeMeasure::StandardizedBySdOfChange => self.by_sd_of_change(how, measure)?,
            ChangeMeasure::StandardizedByPooledSd => self.by_pooled_sd(how, measure)?,
            ChangeMeasure::StandardizedByPooledSdHeteroscedastic => self.by_pooled_sd_heteroscedastic(how, measure)?,
            ChangeMeasure::LogRatioOfMeans => self.log_ratio_of_means(how, measure)?,
            ChangeMeasure::LogVariabilityRatio => self.log_variability_ratio(how, measure)?,
            ChangeMeasure::LogCvRatio => self.log_cv_ratio(how, measure)?,
            ChangeMeasure::CommonLanguageNormal => self.common_language(how, measure)?,
        };
        if v <= 0.0 && self.correlation.abs() >= 1.0 {
            return Err(self.degenerate(measure));
        }
        moments::effect(measure, y, v, self.n)
    }
}

impl PrePost {
    fn degenerate(&self, measure: Measure) -> Error {
        let (field, value) = ("correlation", self.correlation);
        ErrorKind::DegenerateCorrelation { field, value, measure: measure.name() }.into()
    }

    fn raw_change(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Result<(f64, f64)> {
        only_large_sample(how)?;
        let sd = self.sd_of_change();
        if sd <= 0.0 {
            let remedy = "check the standard deviations and the correlation";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        Ok((self.mean_change(), (sd / self.n.sqrt()).powi(2)))
    }
}

/// Refuses every variance type but the usual.
fn only_large_sample(how: &Conversion<ChangeMeasure>) -> Result<()> {
    match how.variance_type() {
        VarianceType::Usual | VarianceType::LargeSample => Ok(()),
        _ => Err(how.no_such_variance()),
    }
}
