//! Means and standard deviations of two independent groups.

mod common_language;
mod ratio;
mod raw;
mod unequal;

pub(super) use ratio::{nonzero_mean, same_sign, second_order};

use super::check::{self, Count, Fractions};
use super::conversion::{Context, Conversion, Summary};
use super::moments::{self, Moments};
use super::standardized::{StandardizedDifference, StandardizedMeasure, average_g};
use crate::effect::Effect;
use crate::error::{Error, Result};
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
        Self::fractional(raw.first, raw.second)
    }
}

impl TwoMeans {
    /// `(moments, people)` of the first and of the second group.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`](crate::ErrorKind::NonFinite), [`ErrorKind::NegativeSd`](crate::ErrorKind::NegativeSd),
    /// [`ErrorKind::SampleSizeTooSmall`](crate::ErrorKind::SampleSizeTooSmall) below one person,
    /// [`ErrorKind::NonIntegerCount`](crate::ErrorKind::NonIntegerCount),
    /// [`ErrorKind::CountNotExact`](crate::ErrorKind::CountNotExact).
    pub fn new(first: (Moments, impl Count), second: (Moments, impl Count)) -> Result<Self> {
        Self::checked(first, second, Fractions::Refused)
    }

    /// As [`new`](Self::new), but fractions of people are allowed: effective sample sizes of clustered data.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`](crate::ErrorKind::NonIntegerCount).
    pub fn fractional(first: (Moments, f64), second: (Moments, f64)) -> Result<Self> {
        Self::checked(first, second, Fractions::Allowed)
    }

    fn checked(first: (Moments, impl Count), second: (Moments, impl Count), fractions: Fractions) -> Result<Self> {
        let n1 = check::size(SIZES[0], first.1, 1.0, "a mean", fractions)?;
        let n2 = check::size(SIZES[1], second.1, 1.0, "a mean", fractions)?;
        Ok(Self {
            first: (first.0.checked("mean (group 1)", SDS[0])?, n1),
            second: (second.0.checked("mean (group 2)", SDS[1])?, n2),
        })
    }

    /// Moments and number of people of both groups.
    pub fn groups(&self) -> [(Moments, f64); 2] {
        [self.first, self.second]
    }

    /// The same study with the groups exchanged.
    #[must_use]
    pub fn swapped(&self) -> Self {
        Self { first: self.second, second: self.first }
    }

    /// Number of people in both groups together.
    pub fn n(&self) -> f64 {
        self.first.1 + self.second.1
    }

    /// The standard deviation pooled over both groups.
    ///
    /// ```text
    /// sqrt(((n1 - 1) sd1^2 + (n2 - 1) sd2^2) / (n1 + n2 - 2))
    /// ```
    ///
    /// `None` for two groups of one person each.
    pub fn pooled_sd(&self) -> Option<f64> {
        let parts = self.groups().map(|(group, n)| (group.sd(), n - 1.0));
        (self.n() > 2.0).then(|| moments::pooled_sd(parts.into_iter()))
    }

    /// Cohen's d with the group sizes, all that the measures of a [`StandardizedDifference`] need.
    ///
    /// # Errors
    /// [`ErrorKind::ZeroSd`](crate::ErrorKind::ZeroSd), [`ErrorKind::SampleSizeTooSmall`](crate::ErrorKind::SampleSizeTooSmall)
    /// below three people in all, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn standardized(&self) -> Result<StandardizedDifference> {
        self.cohen(Measure::HedgesG)
    }

    fn cohen(&self, measure: Measure) -> Result<StandardizedDifference> {
        moments::at_least("n (both groups)", self.n(), 3.0, measure)?;
        let sd = self.pooled_sd().unwrap_or(0.0);
        moments::nonzero_sd("pooled SD", sd, measure)?;
        let d = moments::standardized(self.first.0.mean(), self.second.0.mean(), sd);
        if !d.is_finite() {
            return Err(crate::ErrorKind::Overflow { what: measure.name() }.into());
        }
        StandardizedDifference::checked(d, self.first.1, self.second.1, Fractions::Allowed)
    }
}

const SIZES: [&str; 2] = ["n (group 1)", "n (group 2)"];
const SDS: [&str; 2] = ["SD (group 1)", "SD (group 2)"];

/// Measures of [`TwoMeans`]: means m1, m2, standard deviations s1, s2 of n1 and n2 people; d1 = n1 - 1, d2 = n2 - 1,
/// N = n1 + n2, c = s/m.
///
/// [`VarianceType`](super::VarianceType)s that a measure does not list are refused.
/// [`bias_correction`](Conversion::bias_correction) off gives the effect without the part that is named so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MeansMeasure {
    /// In the unit of the outcome; metafor: `MD`.
    ///
    /// ```text
    /// y = m1 - m2
    /// LargeSample (default), Unbiased  v = s1^2/n1 + s2^2/n2        variances not assumed equal
    /// Homoscedastic                    v = s_pooled^2 (1/n1 + 1/n2)
    /// ```
    MeanDifference,
    /// Hedges' g, or Cohen's d without the bias correction; metafor: `SMD`. See [`StandardizedMeasure::HedgesG`] for
    /// the variances LargeSample, LargeSample2, Unbiased, Average, Null and RevMan.
    ///
    /// ```text
    /// g = J(N - 2) (m1 - m2)/s_pooled
    /// ```
    HedgesG,
    /// Standardised by the root of the mean of both variances, so that these may differ; metafor: `SMDH`. Bonett
    /// 2008, Psychol Methods 13:99, doi 10.1037/1082-989X.13.2.99; Bonett 2009, Psychol Methods 14:225,
    /// doi 10.1037/a0016619.
    ///
    /// ```text
    /// g = J(N - 2) (m1 - m2)/s        s^2 = (s1^2 + s2^2)/2
    /// LargeSample (default)  v = g^2 (s1^4/d1 + s2^4/d2)/(8 s^4) + (s1^2/d1 + s2^2/d2)/s^2
    /// LargeSample2           the same with n1, n2 for d1, d2
    /// LargeSample3           v = g^2 (s1^4/d1 + s2^4/d2)/(8 s^4) + (s1^2/n1 + s2^2/n2)/s^2
    /// ```
    ///
    /// LargeSample3 is the delta method with the variances that normal samples have, 2 s^4/(n - 1) for a variance
    /// and s^2/n for a mean, at g for d. No other implementation has been run: it is held against numerical
    /// derivatives, and that metafor's "LS3" is this formula is an assumption.
    SmdAverageSd,
    /// Standardised by the standard deviation of the second group; metafor: `SMD1`. Glass 1976, Educ Res 5:3,
    /// doi 10.3102/0013189X005010003. With g = J(d2) d and B = 1/n1 + 1/n2:
    ///
    /// ```text
    /// g = J(d2) (m1 - m2)/s2
    /// LargeSample (default)  v = B + g^2/(2 n2)
    /// LargeSample2           v = J^2 (B + d^2/(2 n2))
    /// Unbiased               v = B + g^2 (1 - (d2 - 2)/(d2 J^2))
    /// Average                v = B + G^2/(2 n2)        G = sum N g / sum N over the studies
    /// Null                   v = B
    /// ```
    GlassDelta,
    /// [`GlassDelta`](Self::GlassDelta) with the standard deviation of the first group: `J(d1) (m1 - m2)/s1`, and n1
    /// where that has n2.
    GlassDeltaFirstSd,
    /// [`GlassDelta`](Self::GlassDelta) with a variance that allows the standard deviations to differ; metafor:
    /// `SMD1H`. Bonett 2008.
    ///
    /// ```text
    /// g = J(d2) (m1 - m2)/s2        v = s1^2/(d1 s2^2) + 1/d2 + g^2/(2 d2)
    /// ```
    GlassDeltaHeteroscedastic,
    /// [`GlassDeltaHeteroscedastic`](Self::GlassDeltaHeteroscedastic) with the standard deviation of the first group.
    GlassDeltaHeteroscedasticFirstSd,
    /// Log ratio of the means, which must have one sign (log response ratio); metafor: `ROM`. Hedges, Gurevitch &
    /// Curtis 1999, Ecology 80:1150, doi 10.1890/0012-9658(1999)080\[1150:TMAORR\]2.0.CO;2. Correction and second
    /// order: Lajeunesse 2015, Ecology 96:2056, doi 10.1890/14-2402.1; average: Nakagawa et al. 2023, Ecol Lett 26:232,
    /// doi 10.1111/ele.14144. metafor before 5.0 had no correction.
    ///
    /// ```text
    /// y = ln(m1/m2) + (c1^2/n1 - c2^2/n2)/2                       bias correction: the second term
    /// LargeSample (default)  v = c1^2/n1 + c2^2/n2
    /// LargeSample2           v = LargeSample + c1^4/(2 n1^2) + c2^4/(2 n2^2)
    /// Homoscedastic          v = s_pooled^2 (1/(n1 m1^2) + 1/(n2 m2^2))
    /// Average                v = C1^2/n1 + C2^2/n2        Cj = sum nj |cj| / sum nj over the studies
    /// AverageHomoscedastic   v = C^2 (1/n1 + 1/n2)        C = the same over both groups together
    /// ```
    LogRatioOfMeans,
    /// Log ratio of the standard deviations; metafor: `VR`. Nakagawa et al. 2015, Methods Ecol Evol 6:143,
    /// doi 10.1111/2041-210X.12309; second order: Senior, Viechtbauer & Nakagawa 2020, Res Synth Methods 11:553,
    /// doi 10.1002/jrsm.1423.
    ///
    /// ```text
    /// y = ln(s1/s2) + 1/(2 d1) - 1/(2 d2)                         bias correction: the last two terms
    /// LargeSample (default)  v = 1/(2 d1) + 1/(2 d2)
    /// LargeSample2           v = LargeSample + 1/(2 d1^2) + 1/(2 d2^2)
    /// ```
    LogVariabilityRatio,
    /// Log ratio of the coefficients of variation, of means of one sign; metafor: `CVR`. Nakagawa et al. 2015; Senior
    /// et al. 2020. The log variability ratio minus the log ratio of means, each with its correction; the variance is
    /// the sum of theirs, both LargeSample (default) or both LargeSample2.
    LogCvRatio,
    /// Point-biserial correlation; metafor: `RPB`. See [`StandardizedMeasure::PointBiserial`].
    PointBiserial,
    /// Fisher's z of it; metafor: `ZPB`. See [`StandardizedMeasure::FisherZPointBiserial`].
    FisherZPointBiserial,
    /// Biserial correlation; metafor: `RBIS`. See [`StandardizedMeasure::Biserial`].
    Biserial,
    /// Fisher's z of it; metafor: `ZBIS`. See [`StandardizedMeasure::FisherZBiserial`].
    FisherZBiserial,
    /// Log odds ratio, logistic; metafor: `D2OR`, `D2ORL`. See [`StandardizedMeasure::DToLogOddsRatio`].
    DToLogOddsRatio,
    /// Log odds ratio, normal; metafor: `D2ORN`. See [`StandardizedMeasure::DToLogOddsRatioNormal`].
    DToLogOddsRatioNormal,
    /// Chance that a random member of the first group exceeds one of the second, for normal distributions; metafor:
    /// `CLESN`. McGraw & Wong 1992, Psychol Bull 111:361, doi 10.1037/0033-2909.111.2.361; variance by the delta
    /// method. With S^2 = s1^2 + s2^2 and z = (m1 - m2)/S:
    ///
    /// ```text
    /// y = Phi(z)
    /// LargeSample (default)  v = phi(z)^2 ((s1^2/d1 + s2^2/d2)/S^2 + z^2 (s1^4/d1 + s2^4/d2)/(2 S^4))
    /// Homoscedastic          y, v = StandardizedMeasure::CommonLanguageNormal of Cohen's d
    /// ```
    ///
    /// Homoscedastic changes the effect too, since it says that there is one standard deviation. As in the usual
    /// variance of [`SmdAverageSd`](Self::SmdAverageSd), the mean of a group has the variance s^2/(n - 1). No other
    /// implementation has been run: both variances are held against numerical derivatives.
    CommonLanguageNormal,
}

impl From<MeansMeasure> for Measure {
    fn from(measure: MeansMeasure) -> Self {
        match measure {
            MeansMeasure::MeanDifference => Self::MeanDifference,
            MeansMeasure::HedgesG => Self::HedgesG,
            MeansMeasure::SmdAverageSd => Self::SmdAverageSd,
            MeansMeasure::GlassDelta | MeansMeasure::GlassDeltaFirstSd => Self::GlassDelta,
            MeansMeasure::GlassDeltaHeteroscedastic | MeansMeasure::GlassDeltaHeteroscedasticFirstSd => {
                Self::GlassDeltaHeteroscedastic
            }
            MeansMeasure::LogRatioOfMeans => Self::LogRatioOfMeans,
            MeansMeasure::LogVariabilityRatio => Self::LogVariabilityRatio,
            MeansMeasure::LogCvRatio => Self::LogCvRatio,
            MeansMeasure::PointBiserial => Self::PointBiserial,
            MeansMeasure::FisherZPointBiserial => Self::FisherZPointBiserial,
            MeansMeasure::Biserial => Self::Biserial,
            MeansMeasure::FisherZBiserial => Self::FisherZBiserial,
            MeansMeasure::DToLogOddsRatio => Self::DToLogOddsRatio,
            MeansMeasure::DToLogOddsRatioNormal => Self::DToLogOddsRatioNormal,
            MeansMeasure::CommonLanguageNormal => Self::CommonLanguageNormal,
        }
    }
}

impl MeansMeasure {
    /// The measure of the standardised difference, for those that need nothing else of the study.
    fn of_d(self) -> Option<StandardizedMeasure> {
        Some(match self {
            Self::HedgesG => StandardizedMeasure::HedgesG,
            Self::PointBiserial => StandardizedMeasure::PointBiserial,
            Self::FisherZPointBiserial => StandardizedMeasure::FisherZPointBiserial,
            Self::Biserial => StandardizedMeasure::Biserial,
            Self::FisherZBiserial => StandardizedMeasure::FisherZBiserial,
            Self::DToLogOddsRatio => StandardizedMeasure::DToLogOddsRatio,
            Self::DToLogOddsRatioNormal => StandardizedMeasure::DToLogOddsRatioNormal,
            _ => return None,
        })
    }
}

impl Summary for TwoMeans {
    type Measure = MeansMeasure;

    fn effect(&self, how: &Conversion<MeansMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let (y, v) = match how.measure() {
            MeansMeasure::MeanDifference => self.mean_difference(how, measure)?,
            MeansMeasure::SmdAverageSd => self.smd_average_sd(how, measure)?,
            MeansMeasure::GlassDelta => self.glass(how, measure, SIZES, SDS)?,
            MeansMeasure::GlassDeltaFirstSd => first_sd(self.swapped().glass(how, measure, swap(SIZES), swap(SDS))?),
            MeansMeasure::GlassDeltaHeteroscedastic => self.glass_heteroscedastic(how, measure, SIZES, SDS)?,
            MeansMeasure::GlassDeltaHeteroscedasticFirstSd => {
                first_sd(self.swapped().glass_heteroscedastic(how, measure, swap(SIZES), swap(SDS))?)
            }
            MeansMeasure::LogRatioOfMeans => self.log_ratio_of_means(how, measure)?,
            MeansMeasure::LogVariabilityRatio => self.log_variability_ratio(how, measure)?,
            MeansMeasure::LogCvRatio => self.log_cv_ratio(how, measure)?,
            MeansMeasure::CommonLanguageNormal => self.common_language(how, measure)?,
            of_d => match of_d.of_d() {
                Some(standardized) => self.cohen(measure)?.measured(standardized, how)?,
                None => return Err(how.no_such_variance()),
            },
        };
        moments::effect(measure, y, v, self.n())
    }

    fn context(rows: &[&Self], how: &Conversion<MeansMeasure>) -> Result<Context> {
        let measure = Measure::from(how.measure());
        Ok(match how.measure() {
            MeansMeasure::HedgesG => {
                average_g(StandardizedMeasure::HedgesG, how, rows.iter().map(|row| row.cohen(measure)))
            }
            MeansMeasure::GlassDelta => Self::average_glass(rows.iter().map(|row| **row), how, 1.0),
            MeansMeasure::GlassDeltaFirstSd => Self::average_glass(rows.iter().map(|row| row.swapped()), how, -1.0),
            MeansMeasure::LogRatioOfMeans => Self::average_cv(rows, how),
            _ => Context::default(),
        })
    }
}

fn swap([a, b]: [&'static str; 2]) -> [&'static str; 2] {
    [b, a]
}

/// Back from second minus first to first minus second.
fn first_sd((y, v): (f64, f64)) -> (f64, f64) {
    (-y, v)
}
