//! Correlations and their relatives: of two variables, partial, semipartial, and the coefficient of determination.

mod determination;
mod olkin_pratt;
mod partial;
mod semipartial;

pub(super) use olkin_pratt::unbiased as unbiased_correlation;

pub use determination::{RSquared, RSquaredMeasure};
pub use partial::{PartialCorrelation, PartialCorrelationMeasure};
pub use semipartial::{SemipartialCorrelation, SemipartialCorrelationMeasure};

use super::check::{self, Count};
use super::conversion::{Context, Conversion, Summary};
use super::moments::weighted_mean;
use super::significance::{Sign, from_two_sided};
use super::variance::VarianceType;
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Pearson's correlation `r` of two variables in `n` people.
///
/// ```
/// use meta_analysis::study::{Correlation, CorrelationMeasure, Summary};
///
/// let effect = Correlation::new(0.6, 28)?.effect(&CorrelationMeasure::FisherZ.into())?;
/// assert!((effect.y() - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(effect.variance(), 1.0 / 25.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Correlation {
    r: f64,
    n: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    r: f64,
    n: f64,
}

impl TryFrom<Unchecked> for Correlation {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.r, raw.n)
    }
}

impl Correlation {
    /// A correlation in `n` people.
    ///
    /// # Errors
    /// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::NonFinite`], [`ErrorKind::SampleSizeTooSmall`] below two
    /// people, [`ErrorKind::NonIntegerCount`].
    pub fn new(r: f64, n: impl Count) -> Result<Self> {
        let n = check::check_size("n", n, 2.0, "a correlation")?;
        Ok(Self { r: check::check_correlation("correlation", r)?, n })
    }

    /// The correlation behind a t statistic in `n` people; metafor: `ti`.
    ///
    /// ```text
    /// r = t / sqrt(t^2 + n - 2)
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new), from three people on.
    pub fn from_t(t: f64, n: impl Count) -> Result<Self> {
        let n = check::check_size("n", n, 3.0, "a correlation")?;
        Self::new(r_of_t(t, n - 2.0)?, n)
    }

    /// The correlation behind a two-sided p-value of the t-test of no correlation; metafor: `pi`, where the
    /// sign is attached to the p-value.
    ///
    /// ```
    /// use meta_analysis::study::{Correlation, Sign};
    ///
    /// let r = Correlation::from_p(0.05, Sign::Negative, 27)?.r();
    /// assert!((r - (-0.381)).abs() < 5e-4); // the critical value of textbook tables for 25 df: 0.381
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_t`](Self::from_t); [`ErrorKind::PValueOutOfRange`], [`ErrorKind::PValueZero`],
    /// [`ErrorKind::PValueUninformative`].
    pub fn from_p(p: f64, sign: Sign, n: impl Count) -> Result<Self> {
        let n = check::check_size("n", n, 3.0, "a correlation")?;
        Self::from_t(sign.of(from_two_sided(p, Some(n - 2.0))?), n)
    }

    /// The correlation.
    pub fn r(&self) -> f64 {
        self.r
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }
}

/// Measures of a [`Correlation`] `r` in `n` people. `m` is the average of `y` over the studies, weighted by `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CorrelationMeasure {
    /// Fisher's variance-stabilising transformation; metafor: `ZCOR`. Fisher 1921, Metron 1:3.
    ///
    /// ```text
    /// y = atanh r        v = 1 / (n - 3)
    /// ```
    ///
    /// The variance has no parameter, so [`VarianceType::LargeSample`], [`VarianceType::Average`] and
    /// [`VarianceType::Null`] are all the same.
    FisherZ,
    /// Not transformed; metafor: `COR`.
    ///
    /// ```text
    /// y = r        v = (1 - r^2)^2 / (n - 1)      large sample (usual)
    ///              v = (1 - m^2)^2 / (n - 1)      average
    ///              v = 1 / (n - 1)                null
    /// ```
    Raw,
    /// Corrected for its bias towards zero; metafor: `UCOR`. Olkin & Pratt 1958, Ann Math Stat 29:201,
    /// doi 10.1214/aoms/1177706717. F is Gauss's hypergeometric function; from five people on.
    ///
    /// ```text
    /// y = r F(1/2, 1/2; (n - 2)/2; 1 - r^2)
    /// v = (1 - y^2)^2 / (n - 1)                                               large sample (usual)
    /// v = y^2 - (1 - (n - 3)/(n - 2) (1 - r^2) F(1, 1; n/2; 1 - r^2))         unbiased
    /// v = (1 - m^2)^2 / (n - 1)                                               average
    /// ```
    ///
    /// The unbiased variance is positive throughout.
    Unbiased,
}

impl From<CorrelationMeasure> for Measure {
    fn from(measure: CorrelationMeasure) -> Self {
        match measure {
            CorrelationMeasure::FisherZ => Self::FisherZ,
            CorrelationMeasure::Raw => Self::RawCorrelation,
            CorrelationMeasure::Unbiased => Self::UnbiasedCorrelation,
        }
    }
}

impl Summary for Correlation {
    type Measure = CorrelationMeasure;

    fn effect(&self, how: &Conversion<CorrelationMeasure>) -> Result<Effect> {
        use VarianceType::{Average, LargeSample, Null, Unbiased, Usual};
        let measure = Measure::from(how.measure());
        let y = self.estimate(how.measure())?;
        let v = match (how.measure(), how.variance_type()) {
            (CorrelationMeasure::FisherZ, Usual | LargeSample | Average | Null) => 1.0 / (self.n - 3.0),
            (CorrelationMeasure::Unbiased, Unbiased) => olkin_pratt::variance(self.r, self.n),
            (CorrelationMeasure::Raw, Null) => 1.0 / (self.n - 1.0),
            (CorrelationMeasure::Raw | CorrelationMeasure::Unbiased, kind @ (Usual | LargeSample | Average)) => {
                of_correlation(at(kind, y, how)?, self.n - 1.0)
            }
            _ => return Err(how.no_such_variance()),
        };
        Effect::from_variance_and_n(measure, y, v, self.n)
    }

    fn context(rows: &[&Self], how: &Conversion<CorrelationMeasure>) -> Result<Context> {
        if how.variance_type() != VarianceType::Average {
            return Ok(Context::default());
        }
        // A row without an estimate is reported, with its label, when its effect is computed.
        average(rows.iter().filter_map(|row| Some((row.n, row.estimate(how.measure()).ok()?))))
    }
}

impl Correlation {
    fn estimate(&self, measure: CorrelationMeasure) -> Result<f64> {
        let name = Measure::from(measure).name();
        check_not_degenerate("correlation", self.r, name)?;
        match measure {
            CorrelationMeasure::FisherZ => {
                check::check_size("n", self.n, 4.0, name)?;
                Ok(libm::atanh(self.r))
            }
            CorrelationMeasure::Raw => Ok(self.r),
            CorrelationMeasure::Unbiased => {
                check::check_size("n", self.n, 5.0, name)?;
                Ok(olkin_pratt::unbiased(self.r, self.n))
            }
        }
    }
}

/// A correlation of 1 or -1 has no finite z, and a variance of zero.
fn check_not_degenerate(field: &'static str, value: f64, measure: &'static str) -> Result<()> {
    if value.abs() >= 1.0 {
        return Err(ErrorKind::DegenerateCorrelation { field, value, measure }.into());
    }
    Ok(())
}

/// The correlation behind a t statistic with `df` degrees of freedom.
fn r_of_t(t: f64, df: f64) -> Result<f64> {
    Ok(r_of_ratio(check::check_finite("t", t)?, df).0)
}

/// `r = x / sqrt(x^2 + a)` and `1 - r^2 = a / (x^2 + a)`: of a t statistic with its degrees of freedom, of a
/// standardised difference with what the sizes of the groups make of `a`.
pub(super) fn r_of_ratio(x: f64, a: f64) -> (f64, f64) {
    let length = x.hypot(a.sqrt());
    (x / length, a / length / length)
}

/// `1 - r^2` without cancellation: the slope of r as a function of Fisher's z.
pub(super) fn unexplained(r: f64) -> f64 {
    (1.0 - r) * (1.0 + r)
}

/// The large-sample variance of a correlation, `(1 - r^2)^2 / size`, without cancellation.
fn of_correlation(r: f64, size: f64) -> f64 {
    unexplained(r).powi(2) / size
}

/// The value at which a variance is taken: the study's own, or the average over all.
fn at<M: Copy>(kind: VarianceType, own: f64, how: &Conversion<M>) -> Result<f64> {
    match kind {
        VarianceType::Usual | VarianceType::LargeSample | VarianceType::LargeSample2 => Ok(own),
        VarianceType::Average | VarianceType::Average2 => Ok(how.averages()?[0]),
        _ => Err(how.no_such_variance()),
    }
}

/// The average weighted by sample size, of `(n, value)`.
fn average(values: impl Iterator<Item = (f64, f64)>) -> Result<Context> {
    let mean = weighted_mean(values.map(|(n, value)| Ok((value, n))));
    Ok(Context { averages: mean.map(|mean| [mean, mean]), ..Context::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unbiased_correlation_and_its_variance_are_exact() {
        for (r, n, y, v) in TRUTH {
            let (got_y, got_v) = (olkin_pratt::unbiased(r, n), olkin_pratt::variance(r, n));
            assert!((got_y - y).abs() <= 1e-14 * y.abs(), "{r} {n}: {got_y} {y}");
            assert!((got_v - v).abs() <= 2e-13 * v.abs(), "{r} {n}: {got_v} {v}");
        }
    }

    /// `(r, n, y, v)`, mpmath 1.3, mp.dps = 60, r taken as the binary double: y = r*hyp2f1(.5, .5, (n-2)/2, 1-r*r),
    /// v = y*y - (1 - (n-3)/(n-2)*(1-r*r)*hyp2f1(1, 1, n/2, 1-r*r)); where mpmath's transformation of the argument
    /// does not converge, the power series summed at the same precision.
    #[allow(clippy::excessive_precision)]
    const TRUTH: [(f64, f64, f64, f64); 81] = [
        (1e-08, 5.0, 1.57079631679489673e-8, 0.999999968584073911),
        (1e-08, 6.0, 1.27323954473516155e-8, 0.499999999999994636),
        (1e-08, 7.0, 1.17809724509617243e-8, 0.333333333333333072),
        (1e-08, 9.0, 1.10446616727766169e-8, 0.199999999999999922),
        (1e-08, 30.0, 1.0194120467003013e-8, 0.038461538461538453),
        (1e-08, 59.0, 1.00913185165891715e-8, 0.018181818181818178),
        (1e-08, 60.0, 1.00896807142498157e-8, 0.0178571428571428534),
        (1e-08, 210.0, 1.00243012290724254e-8, 0.00485436893203883397),
        (1e-08, 10000000.0, 1.00000005000002127e-8, 1.0000004000001598e-7),
        (0.02, 5.0, 0.0310221049059775363, 0.938918161180842403),
        (0.02, 6.0, 0.0254454373233928333, 0.495951164151613351),
        (0.02, 7.0, 0.023557388371888321, 0.332337298854076412),
        (0.02, 9.0, 0.0220878519875011267, 0.199688484040771594),
        (0.02, 30.0, 0.0203880710389482002, 0.0384272282645551071),
        (0.02, 59.0, 0.0201825608736278482, 0.0181665190652561815),
        (0.02, 60.0, 0.020179286691417476, 0.0178421307418136962),
        (0.02, 210.0, 0.0200485828027398179, 0.00485043385893797689),
        (0.02, 10000000.0, 0.0200000009996004252, 9.99200559460399613e-8),
        (-0.33, 5.0, -0.431558090028069202, 0.323126205012536679),
        (-0.33, 6.0, -0.393992029592989678, 0.248765709247902143),
        (-0.33, 7.0, -0.37576989509030053, 0.196662600353516114),
        (-0.33, 9.0, -0.358675956623509368, 0.135169232543584195),
        (-0.33, 30.0, -0.33565106865700166, 0.0297980460890917428),
        (-0.33, 59.0, -0.332673015486037905, 0.0142760852919849259),
        (-0.33, 60.0, -0.332625297269381027, 0.014024056425545985),
        (-0.33, 210.0, -0.330713752488808652, 0.00384337043945064664),
        (-0.33, 10000000.0, -0.330000014703155904, 7.94059480063589755e-8),
        (0.5, 5.0, 0.604599788078072617, 0.156341327587905085),
        (0.5, 6.0, 0.570349449920576636, 0.132151314464759047),
        (0.5, 7.0, 0.552299894039036308, 0.111168223726294223),
        (0.5, 9.0, 0.534124867548795386, 0.0822228487486364693),
        (0.5, 30.0, 0.507115913814298156, 0.0204743179446992444),
        (0.5, 59.0, 0.503388766690197741, 0.00996960486119000465),
        (0.5, 60.0, 0.503328625777887791, 0.00979612537470286318),
        (0.5, 210.0, 0.500908795176123973, 0.00271231546915926677),
        (0.5, 10000000.0, 0.500000018750006914, 5.62500147656274434e-8),
        (0.61, 5.0, 0.704174411385727402, 0.0875127788789808494),
        (0.61, 6.0, 0.675386819461982008, 0.07737209862977705),
        (0.61, 7.0, 0.659612774047383017, 0.0671851956433508135),
        (0.61, 9.0, 0.643144180121162418, 0.051754383747300471),
        (0.61, 30.0, 0.617191540432796619, 0.0139923424637678175),
        (0.61, 59.0, 0.613443947123515424, 0.00690362209536143837),
        (0.61, 60.0, 0.613383129676114109, 0.00678494594591736623),
        (0.61, 210.0, 0.610926990733055456, 0.00189489629621734743),
        (0.61, 10000000.0, 0.610000019150956522, 3.9425848701641052e-8),
        (0.9, 5.0, 0.931253823211853629, 0.00472603682298707488),
        (0.9, 6.0, 0.923068827169336271, 0.00455051733115337121),
        (0.9, 7.0, 0.918247222139410912, 0.00420806907063430095),
        (0.9, 9.0, 0.912840390173519786, 0.00353241295200711784),
        (0.9, 30.0, 0.903098199830593918, 0.00117840570819863646),
        (0.9, 59.0, 0.901511012367987946, 0.000606288522471156116),
        (0.9, 60.0, 0.901484777774846254, 0.000596289248122023485),
        (0.9, 210.0, 0.900411897630267318, 0.00017151362879850011),
        (0.9, 10000000.0, 0.900000008550002098, 3.60999983574482678e-9),
        (-0.99, 5.0, -0.993313256824005294, 0.0000447125343017117744),
        (-0.99, 6.0, -0.992481195165797192, 0.0000439222526896560063),
        (-0.99, 7.0, -0.991982819004652435, 0.0000412391382918865942),
        (-0.99, 9.0, -0.991414268448821562, 0.0000353759267916038359),
        (-0.99, 30.0, -0.990352330003682985, 0.0000125445933412741475),
        (-0.99, 59.0, -0.990172947117699463, 6.5481972522904872e-6),
        (-0.99, 60.0, -0.990169963116987613, 6.44183867386867091e-6),
        (-0.99, 210.0, -0.990047368274467484, 1.87315183866184388e-6),
        (-0.99, 10000000.0, -0.990000000985050193, 3.96009944932818811e-11),
        (0.999, 5.0, 0.999333133257111097, 4.44711252771254714e-7),
        (0.999, 6.0, 0.999249812445297849, 4.37671912878686748e-7),
        (0.999, 7.0, 0.999199828533329007, 4.11525057104984459e-7),
        (0.999, 9.0, 0.999142714268403269, 3.53743901140584255e-7),
        (0.999, 30.0, 0.999035666079970229, 1.26192697481431009e-7),
        (0.999, 59.0, 0.999017518888230437, 6.59688159551914913e-8),
        (0.999, 60.0, 0.999017216816554329, 6.4899019469127006e-8),
        (0.999, 210.0, 0.999004800585993179, 1.88925508037208752e-8),
        (0.999, 10000000.0, 0.999000000099850069, 3.99600040499315898e-13),
        (0.999999, 5.0, 0.999999333333133314, 4.44444711136813312e-13),
        (0.999999, 6.0, 0.999999249999812478, 4.37500171900199112e-13),
        (0.999999, 7.0, 0.999999199999828548, 4.11428667960147535e-13),
        (0.999999, 9.0, 0.999999142856999975, 3.53741499092631238e-13),
        (0.999999, 30.0, 0.999999035714237472, 1.26275427414771603e-13),
        (0.999999, 59.0, 0.999999017543834643, 6.60228682034820054e-14),
        (0.999999, 60.0, 0.999999017241354713, 6.49523841585449194e-14),
        (0.999999, 210.0, 0.999999004807685171, 1.89104586147213338e-14),
        (0.999999, 10000000.0, 0.999999000000099971, 3.99999540023594493e-19),
    ];
}
