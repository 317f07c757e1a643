//! Standard deviations from standard errors, intervals and tests; several groups as one.
//!
//! Higgins et al., Cochrane Handbook for Systematic Reviews of Interventions, chapter 6.5.2.

use crate::error::{ErrorKind, Result};
use crate::study::check::{self, Count};
use crate::study::convert::{Converted, Formula, Step};
use crate::study::moments::pooled_sd;
use crate::study::significance::{from_two_sided, half_width, se_from_t};
use crate::study::{Moments, OneMean};

/// The distribution whose quantile a reported confidence interval was made with.
///
/// ```
/// use meta_analysis::study::recover::moments::{Precision, Quantile, sd};
///
/// // Two people: the quartiles of t with 1 degree of freedom are -1 and 1, so se = 1.
/// let interval = |quantile| Precision::Interval { lower: 4.0, upper: 6.0, level: 0.5, quantile };
/// assert!((sd(interval(Quantile::StudentT), 2)?.value() - 2.0_f64.sqrt()).abs() < 1e-12);
/// // Those of the normal distribution are -0.674489750196 and 0.674489750196.
/// assert!((sd(interval(Quantile::Normal), 2)?.value() - 2.0_f64.sqrt() / 0.674_489_750_196_081_7).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quantile {
    /// Student's t with the degrees of freedom of the standard deviation (the default): what statistics programs use.
    #[default]
    StudentT,
    /// Standard normal, as some papers use in samples of any size.
    Normal,
}

/// The uncertainty that a paper gives for a mean, a mean change or a difference of two means.
///
/// Every variant leads to the standard error, and that with the sample size to the standard deviation.
///
/// ```
/// use meta_analysis::study::recover::moments::{Precision, sd};
///
/// // se = |6 / -3| = 2 in 9 people
/// assert!((sd(Precision::T { estimate: 6.0, t: -3.0 }, 9)?.value() - 6.0).abs() < 1e-14);
/// // With 1 degree of freedom p = 1/2 is t = 1: se = 6 in 2 people.
/// assert!((sd(Precision::P { estimate: 6.0, p: 0.5 }, 2)?.value() - 72.0_f64.sqrt()).abs() < 1e-11);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Precision {
    /// Standard error.
    Se(f64),
    /// Confidence interval of this level, e.g. 0.95: `se = (upper - lower) / (2 q)`.
    Interval {
        /// Lower limit.
        lower: f64,
        /// Upper limit.
        upper: f64,
        /// Confidence level, 0.95 for 95 %.
        level: f64,
        /// Where the quantile q comes from.
        quantile: Quantile,
    },
    /// t statistic of the estimate, of either sign: `se = |estimate / t|`.
    T {
        /// The mean, change or difference that was tested against 0.
        estimate: f64,
        /// The statistic.
        t: f64,
    },
    /// Two-sided p-value of the t test of the estimate.
    P {
        /// The mean, change or difference that was tested against 0.
        estimate: f64,
        /// The p-value.
        p: f64,
    },
}

impl Precision {
    /// A 95 % confidence interval made with Student's t.
    ///
    /// ```
    /// use meta_analysis::study::recover::moments::{Precision, sd};
    ///
    /// // The quantile of t with 2 degrees of freedom is 0.95 / sqrt(2 (0.975) (0.025)) = 4.3027; the half width is 1.
    /// let expected = 3.0_f64.sqrt() * 0.04875_f64.sqrt() / 0.95;
    /// assert!((sd(Precision::ci95(9.0, 11.0), 3)?.value() - expected).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn ci95(lower: f64, upper: f64) -> Self {
        Self::Interval { lower, upper, level: 0.95, quantile: Quantile::StudentT }
    }

    fn se(self, df: f64) -> Result<f64> {
        match self {
            Self::Se(se) if se < 0.0 => Err(ErrorKind::NegativeSe { value: se }.into()),
            Self::Se(se) => check::check_finite("se", se),
            Self::Interval { lower, upper, level, quantile } => {
                let df = (quantile == Quantile::StudentT).then_some(df);
                let q = half_width(level, df)?;
                let (lower, upper) =
                    (check::check_finite("lower limit", lower)?, check::check_finite("upper limit", upper)?);
                if lower > upper {
                    return Err(ErrorKind::CiReversed { lower, upper }.into());
                }
                if lower >= upper {
                    return Err(ErrorKind::CiZeroWidth { lower, upper }.into());
                }
                Ok((0.5 * upper - 0.5 * lower) / q)
            }
            Self::T { estimate, t } => se_from_t(estimate, t),
            Self::P { estimate, p } => se_from_t(estimate, from_two_sided(p, Some(df))?),
        }
    }

    /// The record of a standard deviation in one sample, and of one common to two groups, with what it is made of.
    fn step(self, of_one: bool) -> Step {
        let formula = |one, common| Step::new(if of_one { one } else { common });
        match self {
            Self::Se(se) => formula(Formula::SdFromSe, Formula::SdFromDifferenceSe).input("se", se),
            Self::Interval { lower, upper, level, quantile } => match quantile {
                Quantile::StudentT => formula(Formula::SdFromTInterval, Formula::SdFromDifferenceTInterval),
                Quantile::Normal => formula(Formula::SdFromNormalInterval, Formula::SdFromDifferenceNormalInterval),
            }
            .input("lower", lower)
            .input("upper", upper)
            .input("level", level),
            Self::T { estimate, t } => {
                formula(Formula::SdFromT, Formula::SdFromDifferenceT).input("estimate", estimate).input("t", t)
            }
            Self::P { estimate, p } => {
                formula(Formula::SdFromP, Formula::SdFromDifferenceP).input("estimate", estimate).input("p", p)
            }
        }
    }
}

/// The standard deviation in a sample of `n` people, from the precision of its mean; of the change, from the
/// precision of the mean change.
///
/// ```text
/// sd = se sqrt(n)        with n - 1 degrees of freedom where a t is needed
/// ```
///
/// ```
/// use meta_analysis::study::recover::moments::{Precision, sd};
///
/// assert_eq!(sd(Precision::Se(2.0), 25)?.into_value(), 10.0);
/// // Cochrane Handbook 6.5.2.2: 95 % interval 30.0 to 34.2 in 25 people, t = 2.0639
/// assert!((sd(Precision::ci95(30.0, 34.2), 25)?.value() - 5.09).abs() < 0.005);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::SampleSizeTooSmall`] below two people, [`ErrorKind::NegativeSe`], [`ErrorKind::NonFinite`],
/// [`ErrorKind::CiReversed`], [`ErrorKind::CiZeroWidth`], [`ErrorKind::LevelOutOfRange`],
/// [`ErrorKind::PValueZero`], [`ErrorKind::PValueOutOfRange`], [`ErrorKind::PValueUninformative`],
/// [`ErrorKind::Inconsistent`] for a test that contradicts its estimate, [`ErrorKind::Overflow`].
pub fn sd(precision: Precision, n: impl Count) -> Result<Converted<f64>> {
    let n = check::check_size("n", n, 2.0, "a standard deviation")?;
    let sd = finite(precision.se(n - 1.0)? * n.sqrt())?;
    Ok(Converted::from_step(sd, precision.step(true).input("n", n)))
}

/// The standard deviation common to two groups, from the precision of the difference of their means.
///
/// ```text
/// sd = se / sqrt(1/n1 + 1/n2)        with n1 + n2 - 2 degrees of freedom where a t is needed
/// ```
///
/// ```
/// use meta_analysis::study::recover::moments::{Precision, common_sd};
///
/// // Cochrane Handbook 6.5.2.3: difference 3.8, t = 1.78, groups of 25 and 22
/// let sd = common_sd(Precision::T { estimate: 3.8, t: 1.78 }, 25, 22)?;
/// assert!((sd.value() - 7.30).abs() < 0.01);
/// assert!(sd.losses().any(|loss| loss.contains("which of the two groups varied more")));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`sd`], with three people in all.
pub fn common_sd(precision: Precision, n1: impl Count, n2: impl Count) -> Result<Converted<f64>> {
    let what = "a standard deviation";
    let n1 = check::check_size("n (group 1)", n1, 1.0, what)?;
    let n2 = check::check_size("n (group 2)", n2, 1.0, what)?;
    let (value, needed) = (n1 + n2, 3.0);
    if value < needed {
        return Err(ErrorKind::SampleSizeTooSmall { field: "n (both groups)", value, needed, measure: what }.into());
    }
    let sd = finite(precision.se(n1 + n2 - 2.0)? / (1.0 / n1 + 1.0 / n2).sqrt())?;
    Ok(Converted::from_step(sd, precision.step(false).input("n1", n1).input("n2", n2)))
}

fn finite(sd: f64) -> Result<f64> {
    if sd.is_finite() { Ok(sd) } else { Err(ErrorKind::Overflow { what: "the standard deviation" }.into()) }
}

/// Several groups as the one that they make together, exactly as from the people themselves.
///
/// ```text
/// N = sum n        M = sum n m / N        S^2 = (sum (n - 1) s^2 + sum n (m - M)^2) / (N - 1)
/// ```
///
/// For two groups this is the formula of the Cochrane Handbook, table 6.5.a.
///
/// ```
/// use meta_analysis::study::{Moments, OneMean, recover::moments::combine};
///
/// // 1, 2, 3 and 5, 9
/// let groups = [OneMean::new(Moments::mean_sd(2.0, 1.0), 3)?, OneMean::new(Moments::mean_sd(7.0, 8f64.sqrt()), 2)?];
/// let all = combine(&groups)?;
/// assert!((all.moments().mean() - 4.0).abs() < 1e-15);
/// assert!((all.moments().sd() - 10f64.sqrt()).abs() < 1e-15);
/// assert_eq!(all.n(), 5.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Empty`], [`ErrorKind::SampleSizeTooSmall`] for one person in all, [`ErrorKind::Overflow`].
pub fn combine(groups: &[OneMean]) -> Result<OneMean> {
    if groups.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    let mut total = 0.0;
    let mut mean = 0.0;
    for group in groups {
        total += group.n();
        let share = group.n() / total;
        mean = mean * (1.0 - share) + group.moments().mean() * share;
    }
    if total < 2.0 {
        let (field, needed, measure) = ("n", 2.0, "a standard deviation");
        return Err(ErrorKind::SampleSizeTooSmall { field, value: total, needed, measure }.into());
    }
    let of_mean = |group: &OneMean| (group.moments().mean() - mean).abs();
    let parts = groups.iter().flat_map(|g| [(g.moments().sd(), g.n() - 1.0), (of_mean(g), g.n())]);
    // The weights of these parts add up to one too many for the degrees of freedom.
    let weights = 2.0 * total - groups.len() as f64;
    let sd = finite(pooled_sd(parts) * (weights / (total - 1.0)).sqrt())?;
    OneMean::fractional(Moments::mean_sd(mean, sd), total)
}
