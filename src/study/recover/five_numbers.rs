//! Mean and standard deviation from median, range and quartiles.

use super::family::Family;
use super::skewness::Skewness;
use super::{box_cox, quantile_estimation, unknown_non_normal};
use crate::error::{Error, ErrorKind, Result};
use crate::num::normal;
use crate::study::check::{self, Count};
use crate::study::convert::{Converted, Formula, Step};
use crate::study::moments::Moments;
use serde::{Deserialize, Serialize};

/// Median of `n` people with range, quartiles, or both.
///
/// ```
/// use meta_analysis::study::recover::{FiveNumbers, MomentsMethod};
///
/// let numbers = FiveNumbers::from_quartiles(4.0, 6.0, 10.0, 20)?;
/// assert!(!numbers.skewness().is_skewed());
/// let moments = numbers.moments(MomentsMethod::LuoWanShi)?;
/// assert!((moments.value().mean() - 6.7195).abs() < 1e-13); // metafor 5.1-12, conv.fivenum
/// assert!((moments.value().sd() - 4.787_076_043_370_47).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct FiveNumbers {
    range: Option<(f64, f64)>,
    quartiles: Option<(f64, f64)>,
    median: f64,
    n: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    #[serde(default)]
    range: Option<(f64, f64)>,
    #[serde(default)]
    quartiles: Option<(f64, f64)>,
    median: f64,
    n: f64,
}

impl TryFrom<Unchecked> for FiveNumbers {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::checked(raw.range, raw.quartiles, raw.median, raw.n)
    }
}

impl FiveNumbers {
    /// Minimum, median and maximum of `n` people.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::Inconsistent`] for numbers that are not in order,
    /// [`ErrorKind::ZeroSd`] where they are all equal, [`ErrorKind::SampleSizeTooSmall`] below three people (five
    /// with quartiles).
    pub fn from_range(minimum: f64, median: f64, maximum: f64, n: impl Count) -> Result<Self> {
        Self::checked(Some((minimum, maximum)), None, median, n)
    }

    /// First quartile, median and third quartile of `n` people.
    ///
    /// # Errors
    /// As [`from_range`](Self::from_range).
    pub fn from_quartiles(q1: f64, median: f64, q3: f64, n: impl Count) -> Result<Self> {
        Self::checked(None, Some((q1, q3)), median, n)
    }

    /// All five numbers, in order: minimum, first quartile, median, third quartile, maximum.
    ///
    /// # Errors
    /// As [`from_range`](Self::from_range).
    pub fn new(numbers: [f64; 5], n: impl Count) -> Result<Self> {
        let [minimum, q1, median, q3, maximum] = numbers;
        Self::checked(Some((minimum, maximum)), Some((q1, q3)), median, n)
    }

    fn checked(range: Option<(f64, f64)>, quartiles: Option<(f64, f64)>, median: f64, n: impl Count) -> Result<Self> {
        let needed = if quartiles.is_some() { 5.0 } else { 3.0 };
        let n = check::check_size("n", n, needed, "a mean from quantiles")?;
        if range.is_none() && quartiles.is_none() {
            let why = "a median alone has no spread; give the range or the quartiles";
            return Err(ErrorKind::Inconsistent { what: "a standard deviation from the median", why }.into());
        }
        let five = Self { range, quartiles, median, n };
        let mut before = f64::NEG_INFINITY;
        for (_, field, value) in five.points() {
            check::check_finite(field, value)?;
            if value < before {
                let why = "minimum, first quartile, median, third quartile and maximum must be in this order";
                return Err(ErrorKind::Inconsistent { what: "the five numbers", why }.into());
            }
            before = value;
        }
        for (field, pair) in [("range", range), ("interquartile range", quartiles)] {
            if let Some((low, high)) = pair {
                if low >= high {
                    return Err(ErrorKind::ZeroSd { field, measure: "a mean from quantiles" }.into());
                }
                if !(high - low).is_finite() {
                    return Err(ErrorKind::Overflow { what: "the range" }.into());
                }
            }
        }
        Ok(five)
    }

    /// Minimum and maximum.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }

    /// First and third quartile.
    pub fn quartiles(&self) -> Option<(f64, f64)> {
        self.quartiles
    }

    /// Median.
    pub fn median(&self) -> f64 {
        self.median
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// Whether the numbers are too lopsided for a normal sample.
    pub fn skewness(&self) -> Skewness {
        Skewness::of(self)
    }

    /// The numbers that are there, in order: probability, name, value. Minimum and maximum stand for the quantiles
    /// of 1/n and 1 - 1/n, as in McGrath et al. 2020.
    pub(super) fn points(&self) -> impl Iterator<Item = (f64, &'static str, f64)> + Clone {
        let low = self.range.map(|(low, _)| (1.0 / self.n, "minimum", low));
        let high = self.range.map(|(_, high)| (1.0 - 1.0 / self.n, "maximum", high));
        let q1 = self.quartiles.map(|(q1, _)| (0.25, "first quartile", q1));
        let q3 = self.quartiles.map(|(_, q3)| (0.75, "third quartile", q3));
        [low, q1, Some((0.5, "median", self.median)), q3, high].into_iter().flatten()
    }

    /// The same numbers, each put through an increasing function.
    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let pair = |(low, high)| (f(low), f(high));
        Self { range: self.range.map(pair), quartiles: self.quartiles.map(pair), median: f(self.median), n: self.n }
    }

    /// The same numbers of another sample of this size.
    pub(super) fn with(&self, mut value: impl FnMut(f64) -> f64) -> Self {
        let range = self.range.map(|_| (value(0.0), value(1.0)));
        let quartiles = self.quartiles.map(|_| (value(0.25), value(0.75)));
        Self { range, quartiles, median: value(0.5), n: self.n }
    }

    /// Mean and standard deviation by one of the published methods.
    ///
    /// Skewed numbers ([`skewness`](Self::skewness)) are not for the methods that assume a normal sample.
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] where the method does not take these numbers (Hozo: the range; Box-Cox and
    /// log-normal: positive numbers), [`ErrorKind::Overflow`].
    pub fn moments(&self, method: MomentsMethod) -> Result<Converted<Moments>> {
        let family = self.fit(method)?;
        let (mean, sd) = family.moments();
        if !(mean.is_finite() && sd.is_finite() && sd > 0.0) {
            return Err(ErrorKind::Overflow { what: "the recovered standard deviation" }.into());
        }
        let mut step = Step::new(method.formula()).input("n", self.n);
        for (_, name, value) in self.points() {
            step = step.input(name, value);
        }
        for (name, value) in family.parameters() {
            step = step.input(name, value);
        }
        Ok(Converted::from_step(Moments::mean_sd(mean, sd), step))
    }

    /// The distribution that the method takes the sample to be from.
    pub(super) fn fit(&self, method: MomentsMethod) -> Result<Family> {
        let normal = |(mean, sd)| Family::Normal { mean, sd };
        match method {
            MomentsMethod::Hozo => self.hozo().map(normal),
            MomentsMethod::Wan => Ok(normal((self.wan_mean(), self.wan_sd()))),
            MomentsMethod::LuoWanShi => Ok(normal((self.luo_mean(), self.shi_sd()))),
            MomentsMethod::LogNormal => {
                self.check_positive()?;
                let (logs, scale) = (self.map(|x| (x / self.median).ln()), self.median);
                Ok(Family::LogNormal { mu: logs.luo_mean(), sigma: logs.shi_sd(), scale })
            }
            MomentsMethod::QuantileEstimation => quantile_estimation::fit(self),
            MomentsMethod::BoxCox => box_cox::fit(self),
            MomentsMethod::UnknownNonNormal => unknown_non_normal::fit(self),
        }
    }

    /// The numbers must be positive, and of a size that a power of them can be taken of.
    pub(super) fn check_positive(&self) -> Result<()> {
        if !self.is_positive() {
            let (what, why) = ("mean by this method", "it transforms the numbers, which must be positive");
            return Err(ErrorKind::NotApplicable { what, why }.into());
        }
        self.check_span()
    }

    pub(super) fn is_positive(&self) -> bool {
        self.points().all(|(_, _, value)| value > 0.0)
    }

    /// Positive numbers must not span more than a factor of 2^100: the spread of a distribution that does is beyond
    /// the range of double precision.
    pub(super) fn check_span(&self) -> Result<()> {
        let low = self.points().map(|(_, _, value)| value).fold(f64::INFINITY, f64::min);
        let high = self.points().map(|(_, _, value)| value).fold(0.0, f64::max);
        if high.log2() - low.log2() > 100.0 {
            return Err(ErrorKind::Overflow { what: "the span of the five numbers" }.into());
        }
        Ok(())
    }

    fn hozo(&self) -> Result<(f64, f64)> {
        let Some((low, high)) = self.range else {
            let why = "the method of Hozo et al. takes minimum and maximum";
            return Err(ErrorKind::NotApplicable { what: "mean by this method", why }.into());
        };
        let m = self.median;
        let skew = (high - m) - (m - low);
        let mean = if self.n <= 25.0 { m + 0.25 * skew } else { m };
        let width = high - low;
        let sd = if self.n <= 15.0 {
            (0.5 * skew).hypot(width) / 12.0_f64.sqrt()
        } else if self.n <= 70.0 {
            width / 4.0
        } else {
            width / 6.0
        };
        Ok((mean, sd))
    }

    /// Middle of a pair minus the median.
    fn offset(&self, pair: Option<(f64, f64)>) -> f64 {
        pair.map_or(0.0, |(low, high)| 0.5 * ((high - self.median) - (self.median - low)))
    }

    fn wan_mean(&self) -> f64 {
        let (range, quartiles) = (self.offset(self.range), self.offset(self.quartiles));
        self.median
            + match (self.range, self.quartiles) {
                (Some(_), None) => 0.5 * range,
                (None, _) => 2.0 / 3.0 * quartiles,
                (Some(_), Some(_)) => 0.25 * range + 0.5 * quartiles,
            }
    }

    /// Luo et al. 2018.
    pub(super) fn luo_mean(&self) -> f64 {
        let n = self.n;
        let (range, quartiles) = (self.offset(self.range), self.offset(self.quartiles));
        self.median
            + match (self.range, self.quartiles) {
                (Some(_), None) => 4.0 / (4.0 + n.powf(0.75)) * range,
                (None, _) => (0.7 + 0.39 / n) * quartiles,
                (Some(_), Some(_)) => 2.2 / (2.2 + n.powf(0.75)) * range + (0.7 - 0.72 / n.powf(0.55)) * quartiles,
            }
    }

    /// Expected width of the range and of the interquartile range of a standard normal sample, halved (Wan 2014).
    fn expected(&self) -> (f64, f64) {
        let n = self.n;
        // 1 - (n - 0.375)/(n + 0.25) and 1 - (0.75 n - 0.125)/(n + 0.25)
        (normal::quantile_upper(0.625 / (n + 0.25)), normal::quantile_upper((0.25 * n + 0.375) / (n + 0.25)))
    }

    /// Wan et al. 2014.
    pub(super) fn wan_sd(&self) -> f64 {
        let (of_range, of_quartiles) = self.expected();
        let range = self.range.map(|(low, high)| (high - low) / (2.0 * of_range));
        let quartiles = self.quartiles.map(|(q1, q3)| (q3 - q1) / (2.0 * of_quartiles));
        match (range, quartiles) {
            (Some(range), Some(quartiles)) => 0.5 * (range + quartiles),
            (range, quartiles) => range.or(quartiles).unwrap_or(f64::NAN),
        }
    }

    /// Shi et al. 2020 where all five numbers are there, otherwise Wan et al. 2014.
    pub(super) fn shi_sd(&self) -> f64 {
        let (Some((low, high)), Some((q1, q3))) = (self.range, self.quartiles) else { return self.wan_sd() };
        let (of_range, of_quartiles) = self.expected();
        let weight = 0.07 * self.n.powf(0.6);
        (high - low) / ((2.0 + 2.0 * weight) * of_range) + (q3 - q1) / ((2.0 + 2.0 / weight) * of_quartiles)
    }
}

/// A published way from five numbers to mean and standard deviation.
///
/// In the formulas a and b are minimum and maximum, m the median, `Z(p)` the normal quantile of p.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MomentsMethod {
    /// From the range only. Hozo, Djulbegovic & Hozo 2005, BMC Med Res Methodol 5:13, doi 10.1186/1471-2288-5-13.
    ///
    /// ```text
    /// mean = (a + 2 m + b)/4 up to n = 25, else m
    /// sd = sqrt(((a - 2 m + b)^2/4 + (b - a)^2)/12) up to n = 15, (b - a)/4 up to n = 70, else (b - a)/6
    /// ```
    Hozo,
    /// Wan, Wang, Liu & Tong 2014, BMC Med Res Methodol 14:135, doi 10.1186/1471-2288-14-135.
    ///
    /// ```text
    /// range:      mean = (a + 2 m + b)/4               sd = (b - a) / (2 Z((n - 0.375)/(n + 0.25)))
    /// quartiles:  mean = (q1 + m + q3)/3               sd = (q3 - q1) / (2 Z((0.75 n - 0.125)/(n + 0.25)))
    /// all five:   mean = (a + 2 q1 + 2 m + 2 q3 + b)/8        sd = mean of both
    /// ```
    Wan,
    /// Means by Luo, Wan, Liu & Tong 2018, Stat Methods Med Res 27:1785, doi 10.1177/0962280216669183; SD by Wan et
    /// al. 2014 or, from all five numbers, Shi, Luo, Weng et al. 2020, Res Synth Methods 11:641,
    /// doi 10.1002/jrsm.1429; metafor: `conv.fivenum` (default). The default.
    ///
    /// ```text
    /// range:      mean = w (a + b)/2 + (1 - w) m,  w = 4/(4 + n^0.75)                 sd as Wan
    /// quartiles:  mean = w (q1 + q3)/2 + (1 - w) m,  w = 0.7 + 0.39/n                 sd as Wan
    /// all five:   mean = w1 (a + b)/2 + w2 (q1 + q3)/2 + (1 - w1 - w2) m
    ///             w1 = 2.2/(2.2 + n^0.75), w2 = 0.7 - 0.72/n^0.55
    ///             sd = (b - a)/((2 + 0.14 n^0.6) Z((n - 0.375)/(n + 0.25)))
    ///                + (q3 - q1)/((2 + 2/(0.07 n^0.6)) Z((0.75 n - 0.125)/(n + 0.25)))
    /// ```
    #[default]
    LuoWanShi,
    /// The same on the logarithms of a log-normal sample, brought back by the moments of that distribution (Higgins,
    /// White & Anzures-Cabrera 2008, Stat Med 27:6072, doi 10.1002/sim.3427).
    ///
    /// ```text
    /// mean = exp(mu + s^2/2)        sd = mean sqrt(exp(s^2) - 1)
    /// ```
    LogNormal,
    /// Quantile estimation (QE): of normal, log-normal, gamma, Weibull and, for numbers between 0 and 1, beta, the one
    /// whose quantiles (1/n and 1 - 1/n for minimum and maximum) are nearest by least squares. McGrath, Zhao,
    /// Steele et al. 2020, Stat Methods Med Res 29:2520, doi 10.1177/0962280219889080. The least squares are the
    /// global minimum, by a search over the one parameter that is left once the scale is solved for; for beta, with
    /// two shapes, they are a minimum that is reached from two starts, or the floor of the valley where numbers that
    /// span many powers of ten do not tell the shapes.
    QuantileEstimation,
    /// Box-Cox (BC): the power that makes the numbers symmetric, Luo's mean and Wan's SD there, and the moments of the
    /// distribution brought back. McGrath et al. 2020, as above. The numbers are taken relative to the median, so
    /// that the unit does not matter, and the power is not negative, since the moments do not exist otherwise. The
    /// original software simulates the moments; here they are integrated.
    BoxCox,
    /// Method for unknown non-normal distributions (MLN): the power, mean and SD of a Box-Cox normal distribution of
    /// greatest likelihood given the order statistics. Cai, Zhou & Pan 2021, Stat Methods Med Res 30:2701,
    /// doi 10.1177/09622802211047348. The likelihood is that of the order statistics themselves; the power lies
    /// between 0 and 10.
    UnknownNonNormal,
}

impl MomentsMethod {
    fn formula(self) -> Formula {
        match self {
            Self::Hozo => Formula::MomentsHozo,
            Self::Wan => Formula::MomentsWan,
            Self::LuoWanShi => Formula::MomentsLuoWanShi,
            Self::LogNormal => Formula::MomentsLogNormal,
            Self::QuantileEstimation => Formula::MomentsQuantileEstimation,
            Self::BoxCox => Formula::MomentsBoxCox,
            Self::UnknownNonNormal => Formula::MomentsUnknownNonNormal,
        }
    }
}
