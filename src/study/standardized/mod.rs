//! A standardised mean difference that a paper reports, or the test that it can be had from.

mod biserial;

use super::check::{self, Count, Fractions};
use super::conversion::{Context, Conversion, Summary};
use super::moments::{self, weighted_mean};
use super::significance::{Sign, from_two_sided};
use super::smd::{LN_ODDS_PER_D_NORMAL, Standardized, ln_odds_per_d_logistic, normal_probability};
use super::variance::VarianceType;
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_1_SQRT_2;

/// Cohen's `d` (the difference of two means over the pooled standard deviation, without correction) with the
/// sizes of the two groups, for studies that report `d`, `g` or a test instead of means; first minus second.
///
/// ```
/// use meta_analysis::study::{Sign, StandardizedDifference, StandardizedMeasure, Summary};
///
/// let reported = StandardizedDifference::from_t(-2.1, 20, 18)?;
/// assert!((reported.d() + 2.1 * (1.0_f64 / 20.0 + 1.0 / 18.0).sqrt()).abs() < 1e-15);
/// let effect = reported.effect(&StandardizedMeasure::HedgesG.into())?;
/// assert!((effect.y() - (-0.667_945_352_857_747)).abs() < 1e-14); // metafor 5.1-12: ti = -2.1
/// let same = StandardizedDifference::from_f(2.1 * 2.1, Sign::Negative, 20, 18)?;
/// assert!((same.d() - reported.d()).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct StandardizedDifference {
    d: f64,
    n1: f64,
    n2: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    d: f64,
    n1: f64,
    n2: f64,
}

impl TryFrom<Unchecked> for StandardizedDifference {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::checked(raw.d, raw.n1, raw.n2, Fractions::Allowed)
    }
}

impl StandardizedDifference {
    /// Cohen's `d`, **not** corrected for its small-sample bias, in groups of `n1` and `n2` people. metafor: `di`.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::SampleSizeTooSmall`] below one person in a group or three in all,
    /// [`ErrorKind::NonIntegerCount`], [`ErrorKind::CountNotExact`].
    pub fn from_d(d: f64, n1: impl Count, n2: impl Count) -> Result<Self> {
        Self::checked(d, n1, n2, Fractions::Refused)
    }

    /// Hedges' `g`, that is a `d` already corrected with the exact J: `d = g / J(n1 + n2 - 2)`.
    ///
    /// # Errors
    /// As [`from_d`](Self::from_d), with at least four people in all.
    pub fn from_g(g: f64, n1: impl Count, n2: impl Count) -> Result<Self> {
        let row = Self::from_d(g, n1, n2)?;
        moments::at_least(BOTH, row.n(), 4.0, Measure::HedgesG)?;
        Self::checked(g / moments::hedges_correction(row.df()), row.n1, row.n2, Fractions::Allowed)
    }

    /// The t statistic of Student's test for two independent groups (equal variances). metafor: `ti`.
    ///
    /// ```text
    /// d = t sqrt(1/n1 + 1/n2)
    /// ```
    ///
    /// # Errors
    /// As [`from_d`](Self::from_d).
    pub fn from_t(t: f64, n1: impl Count, n2: impl Count) -> Result<Self> {
        let row = Self::from_d(check::check_finite("t", t)?, n1, n2)?;
        Self::checked(t * row.root_base(), row.n1, row.n2, Fractions::Allowed)
    }

    /// The F statistic of a one-way analysis of variance of two groups, with the sign of the difference, which F
    /// does not carry: `t = sqrt F`. metafor: `fi`.
    ///
    /// # Errors
    /// As [`from_d`](Self::from_d); also [`ErrorKind::OutsideSupport`] for a negative `f`.
    pub fn from_f(f: f64, sign: Sign, n1: impl Count, n2: impl Count) -> Result<Self> {
        Self::from_t(sign.of(check::check_square("F", f)?.sqrt()), n1, n2)
    }

    /// The two-sided p-value of Student's test, with the sign of the difference. metafor: `pi`, where the sign of
    /// the p-value gives that of the difference.
    ///
    /// # Errors
    /// As [`from_d`](Self::from_d); also [`ErrorKind::PValueZero`], [`ErrorKind::PValueOutOfRange`],
    /// [`ErrorKind::PValueUninformative`] for a p-value of 1.
    pub fn from_p(p: f64, sign: Sign, n1: impl Count, n2: impl Count) -> Result<Self> {
        let row = Self::from_d(0.0, n1, n2)?;
        Self::from_t(sign.of(from_two_sided(p, Some(row.df()))?), n1, n2)
    }

    /// As [`from_d`](Self::from_d), but fractions of people are allowed: effective sample sizes of clustered data.
    ///
    /// # Errors
    /// As [`from_d`](Self::from_d), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(d: f64, n1: f64, n2: f64) -> Result<Self> {
        Self::checked(d, n1, n2, Fractions::Allowed)
    }

    pub(super) fn checked(d: f64, n1: impl Count, n2: impl Count, fractions: Fractions) -> Result<Self> {
        let what = "a standardised mean difference";
        let n1 = check::size("n (group 1)", n1, 1.0, what, fractions)?;
        let n2 = check::size("n (group 2)", n2, 1.0, what, fractions)?;
        if n1 + n2 < 3.0 {
            let (field, value, needed) = (BOTH, n1 + n2, 3.0);
            return Err(ErrorKind::SampleSizeTooSmall { field, value, needed, measure: what }.into());
        }
        Ok(Self { d: check::check_finite("d", d)?, n1, n2 })
    }

    /// Cohen's `d`, not corrected.
    pub fn d(&self) -> f64 {
        self.d
    }

    /// Number of people in both groups together.
    pub fn n(&self) -> f64 {
        self.n1 + self.n2
    }

    /// Numbers of people in the two groups.
    pub fn sizes(&self) -> [f64; 2] {
        [self.n1, self.n2]
    }

    fn df(&self) -> f64 {
        self.n() - 2.0
    }

    fn root_base(&self) -> f64 {
        (1.0 / self.n1 + 1.0 / self.n2).sqrt()
    }

    fn parts(&self) -> Standardized {
        Standardized { d: self.d, df: self.df(), base: 1.0 / self.n1 + 1.0 / self.n2, size: self.n() }
    }
}

const BOTH: &str = "n (both groups)";

/// Measures of a [`StandardizedDifference`] `d` in groups of `n1` and `n2` people; N = n1 + n2, m = N - 2,
/// B = 1/n1 + 1/n2.
///
/// A [`TwoMeans`](super::TwoMeans) has the same measures under the same names, with `d` from its means and the
/// pooled standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StandardizedMeasure {
    /// Hedges' g with the exact correction J, or Cohen's d where
    /// [`bias_correction`](Conversion::bias_correction) is off; metafor: `SMD`. Hedges 1981, J Educ Stat 6:107,
    /// doi 10.3102/10769986006002107; Hedges 1982, Psychol Bull 92:490, doi 10.1037/0033-2909.92.2.490.
    ///
    /// ```text
    /// g = J(m) d        J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2))
    /// LargeSample (default)  v = B + g^2/(2 N)
    /// LargeSample2           v = J^2 (B + d^2/(2 N))                       Borenstein 2009
    /// Unbiased               v = B + g^2 (1 - (m - 2)/(m J^2))             Hedges 1983
    /// Average                v = B + G^2/(2 N)        G = sum N g / sum N over the studies
    /// Null                   v = B
    /// RevMan                 v = B + h^2/(2 (N - 3.94))        h = (1 - 3/(4 N - 9)) d
    /// ```
    ///
    /// With the correction off, g is d, J in LargeSample2 is 1, Unbiased is divided by J^2, and there is no RevMan
    /// variance. RevMan's effect is `h`; here the effect stays g, which differs by less than 1 in 1000 from 10
    /// people on.
    HedgesG,
    /// Point-biserial correlation of group and outcome; metafor: `RPB`. Tate 1954, Ann Math Stat 25:603,
    /// doi 10.1214/aoms/1177728730; Jacobs & Viechtbauer 2017, Res Synth Methods 8:161, doi 10.1002/jrsm.1218.
    ///
    /// ```text
    /// r = d / sqrt(d^2 + h)        h = m/n1 + m/n2
    /// Stratified (default), LargeSample  v = (B + d^2/(2 N)) h^2 / (d^2 + h)^3
    /// CrossSectional                     v = (1 - r^2)^2 (1 - 1.5 r^2 + r^2/(4 p q)) / N    p = n1/N, q = 1 - p
    /// ```
    PointBiserial,
    /// Fisher's z of the point-biserial correlation; metafor: `ZPB`.
    ///
    /// ```text
    /// y = atanh r        v = v_r / (1 - r^2)^2        v_r as for PointBiserial
    /// ```
    FisherZPointBiserial,
    /// Biserial correlation of the outcome with a normal variable of which group is the dichotomy; metafor:
    /// `RBIS`. Soper 1914, Biometrika 10:384, doi 10.1093/biomet/10.2-3.384; Jacobs & Viechtbauer 2017.
    ///
    /// ```text
    /// y = r sqrt(p q) / f        r = point-biserial, p = n1/N, q = 1 - p, z = normal quantile of q, f = phi(z)
    /// v = (p q/f^2 - (3/2 + (1 - p z/f)(1 + q z/f)) y^2 + y^4) / (N - 1)
    /// ```
    ///
    /// It can exceed 1 where the outcome is far from normal; then it is refused, since the variance has no meaning.
    Biserial,
    /// Fisher's z of the biserial correlation; metafor: `ZBIS`.
    ///
    /// ```text
    /// y = atanh b        v = v_b / (1 - b^2)^2        b, v_b as for Biserial
    /// ```
    FisherZBiserial,
    /// Log odds ratio, were the outcome of logistic distribution and cut in two; metafor: `D2OR`, `D2ORL`.
    /// Hasselblad & Hedges 1995, Psychol Bull 117:167, doi 10.1037/0033-2909.117.1.167; Chinn 2000, Stat Med
    /// 19:3127. As in metafor, `d` is not corrected here.
    ///
    /// ```text
    /// y = (pi/sqrt 3) d        v = (pi^2/3) (B + d^2/(2 N))
    /// ```
    DToLogOddsRatio,
    /// The same for a normal distribution; metafor: `D2ORN`. Cox & Snell 1989, Analysis of Binary Data;
    /// Sanchez-Meca et al. 2003, Psychol Methods 8:448, doi 10.1037/1082-989X.8.4.448.
    ///
    /// ```text
    /// y = 1.65 d        v = 1.65^2 (B + d^2/(2 N))
    /// ```
    DToLogOddsRatioNormal,
    /// Chance that a random member of the first group exceeds one of the second, for normal distributions of equal
    /// variance; metafor: `CLESN` from `d`. McGraw & Wong 1992, Psychol Bull 111:361,
    /// doi 10.1037/0033-2909.111.2.361; variance by the delta method.
    ///
    /// ```text
    /// y = Phi(d/sqrt 2)        v = phi(d/sqrt 2)^2 (B + d^2/(2 N)) / 2
    /// ```
    CommonLanguageNormal,
}

impl From<StandardizedMeasure> for Measure {
    fn from(measure: StandardizedMeasure) -> Self {
        match measure {
            StandardizedMeasure::HedgesG => Self::HedgesG,
            StandardizedMeasure::PointBiserial => Self::PointBiserial,
            StandardizedMeasure::FisherZPointBiserial => Self::FisherZPointBiserial,
            StandardizedMeasure::Biserial => Self::Biserial,
            StandardizedMeasure::FisherZBiserial => Self::FisherZBiserial,
            StandardizedMeasure::DToLogOddsRatio => Self::DToLogOddsRatio,
            StandardizedMeasure::DToLogOddsRatioNormal => Self::DToLogOddsRatioNormal,
            StandardizedMeasure::CommonLanguageNormal => Self::CommonLanguageNormal,
        }
    }
}

impl Summary for StandardizedDifference {
    type Measure = StandardizedMeasure;

    fn effect(&self, how: &Conversion<StandardizedMeasure>) -> Result<Effect> {
        let (y, v) = self.measured(how.measure(), how)?;
        moments::effect(how.measure().into(), y, v, self.n())
    }

    fn context(rows: &[&Self], how: &Conversion<StandardizedMeasure>) -> Result<Context> {
        Ok(average_g(how.measure(), how, rows.iter().map(|row| Ok(**row))))
    }
}

/// The average g over the rows, where the variance asks for it.
pub(super) fn average_g<M: Copy>(
    measure: StandardizedMeasure,
    how: &Conversion<M>,
    rows: impl Iterator<Item = Result<StandardizedDifference>>,
) -> Context {
    let mut context = Context::default();
    if measure == StandardizedMeasure::HedgesG && how.variance_type() == VarianceType::Average {
        let values = rows.map(|row| row.and_then(|row| Ok((row.hedges_g(how)?, row.n()))));
        context.averages = weighted_mean(values).map(|g| [g, g]);
    }
    context
}

impl StandardizedDifference {
    /// Effect and variance of the measure, with the choices of a conversion that may be of another data kind.
    pub(super) fn measured<M: Copy>(&self, measure: StandardizedMeasure, how: &Conversion<M>) -> Result<(f64, f64)> {
        match measure {
            StandardizedMeasure::HedgesG => {
                let y = self.hedges_g(how)?;
                let v = match how.variance_type() {
                    VarianceType::RevMan if how.corrects_bias() => self.revman_variance(),
                    _ => self.parts().variance(how, y)?,
                };
                Ok((y, v))
            }
            StandardizedMeasure::PointBiserial => self.point_biserial(how),
            StandardizedMeasure::FisherZPointBiserial => self.fisher_z_point_biserial(how),
            StandardizedMeasure::Biserial => self.biserial(how, measure.into()),
            StandardizedMeasure::FisherZBiserial => self.fisher_z_biserial(how, measure.into()),
            StandardizedMeasure::DToLogOddsRatio => self.scaled(how, ln_odds_per_d_logistic()),
            StandardizedMeasure::DToLogOddsRatioNormal => self.scaled(how, LN_ODDS_PER_D_NORMAL),
            StandardizedMeasure::CommonLanguageNormal => {
                let (z, v) = self.scaled(how, FRAC_1_SQRT_2)?;
                Ok(normal_probability(z, v))
            }
        }
    }

    pub(super) fn hedges_g<M: Copy>(&self, how: &Conversion<M>) -> Result<f64> {
        self.parts().y(how, Measure::HedgesG, BOTH, 2.0)
    }

    fn revman_variance(&self) -> f64 {
        let parts = self.parts();
        let h = (1.0 - 3.0 / (4.0 * self.df() - 1.0)) * self.d;
        parts.base + h * h / (2.0 * (self.n() - 3.94))
    }

    /// `factor d` with its large-sample variance, the only one.
    fn scaled<M: Copy>(&self, how: &Conversion<M>, factor: f64) -> Result<(f64, f64)> {
        match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample => {
                Ok((factor * self.d, factor * factor * self.parts().at(self.d)))
            }
            _ => Err(how.no_such_variance()),
        }
    }
}
