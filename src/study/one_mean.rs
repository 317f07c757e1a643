//! Mean and standard deviation of one group.

use super::check::{self, Count, Fractions};
use super::conversion::{Context, Conversion, Summary};
use super::moments::{self, Moments, at_least, nonzero_sd};
use super::smd::Standardized;
use super::variance::VarianceType;
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of `n` people.
///
/// ```
/// use meta_analysis::study::{Moments, OneMean, OneMeanMeasure, Summary};
///
/// let row = OneMean::new(Moments::mean_sd(12.0, 3.0), 20)?;
/// let log = row.effect(&OneMeanMeasure::LogMean.into())?;
/// assert!((log.y() - 12.0_f64.ln()).abs() < 1e-15);
/// assert!((log.variance() - 0.003_125).abs() < 1e-17); // metafor 5.1-12, MNLN
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct OneMean {
    moments: Moments,
    n: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    moments: Moments,
    n: f64,
}

impl TryFrom<Unchecked> for OneMean {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fractional(raw.moments, raw.n)
    }
}

impl OneMean {
    /// Moments of `n` people.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NegativeSd`], [`ErrorKind::SampleSizeTooSmall`] below one person,
    /// [`ErrorKind::NonIntegerCount`], [`ErrorKind::CountNotExact`].
    pub fn new(moments: Moments, n: impl Count) -> Result<Self> {
        Self::checked(moments, n, Fractions::Refused)
    }

    /// As [`new`](Self::new), but a fraction of people is allowed: the effective sample size of clustered data.
    ///
    /// # Errors
    /// As [`new`](Self::new), without [`ErrorKind::NonIntegerCount`].
    pub fn fractional(moments: Moments, n: f64) -> Result<Self> {
        Self::checked(moments, n, Fractions::Allowed)
    }

    fn checked(moments: Moments, n: impl Count, fractions: Fractions) -> Result<Self> {
        let n = check::size("n", n, 1.0, "a mean", fractions)?;
        Ok(Self { moments: moments.checked("mean", SD)?, n })
    }

    /// Mean and standard deviation.
    pub fn moments(&self) -> Moments {
        self.moments
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }
}

const SD: &str = "SD";

/// Measures of a [`OneMean`] m with standard deviation s of n people; c = s/m.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OneMeanMeasure {
    /// In the unit of the outcome; metafor: `MN`.
    ///
    /// ```text
    /// y = m
    /// LargeSample (default)  v = s^2/n
    /// Homoscedastic          v = S^2/n        S^2 = sum (n - 1) s^2 / sum (n - 1) over the studies
    /// ```
    Mean,
    /// Mean over standard deviation with the exact correction J; metafor: `SMN`. Hedges 1981, J Educ Stat 6:107,
    /// doi 10.3102/10769986006002107.
    ///
    /// ```text
    /// y = J(n - 1) m/s        v = 1/n + y^2/(2 n)        bias correction: J
    /// ```
    StandardizedMean,
    /// Log of a positive mean; metafor: `MNLN`. Hedges, Gurevitch & Curtis 1999, Ecology 80:1150.
    ///
    /// ```text
    /// y = ln m        v = c^2/n
    /// ```
    LogMean,
    /// Log of the standard deviation; metafor: `SDLN`. Raudenbush & Bryk 1987, J Educ Stat 12:241,
    /// doi 10.3102/10769986012003241; Nakagawa et al. 2015, Methods Ecol Evol 6:143, doi 10.1111/2041-210X.12309.
    ///
    /// ```text
    /// y = ln s + 1/(2 (n - 1))        v = 1/(2 (n - 1))        bias correction: the second term of y
    /// ```
    LogSd,
    /// Log of the coefficient of variation of a positive mean; metafor: `CVLN`. Nakagawa et al. 2015.
    ///
    /// ```text
    /// y = ln c + 1/(2 (n - 1))        v = 1/(2 (n - 1)) + c^2/n        bias correction: the second term of y
    /// ```
    LogCv,
}

impl From<OneMeanMeasure> for Measure {
    fn from(measure: OneMeanMeasure) -> Self {
        match measure {
            OneMeanMeasure::Mean => Self::RawMean,
            OneMeanMeasure::StandardizedMean => Self::StandardizedMean,
            OneMeanMeasure::LogMean => Self::LogMean,
            OneMeanMeasure::LogSd => Self::LogSd,
            OneMeanMeasure::LogCv => Self::LogCv,
        }
    }
}

impl Summary for OneMean {
    type Measure = OneMeanMeasure;

    fn effect(&self, how: &Conversion<OneMeanMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        let usual = matches!(how.variance_type(), VarianceType::Usual | VarianceType::LargeSample);
        let homoscedastic = how.measure() == OneMeanMeasure::Mean && how.variance_type() == VarianceType::Homoscedastic;
        if !usual && !homoscedastic {
            return Err(how.no_such_variance());
        }
        let (y, v) = match how.measure() {
            OneMeanMeasure::Mean => self.mean(how, measure)?,
            OneMeanMeasure::StandardizedMean => self.standardized(how, measure)?,
            OneMeanMeasure::LogMean => self.log_mean(measure)?,
            OneMeanMeasure::LogSd => self.log_sd(how, measure)?,
            OneMeanMeasure::LogCv => {
                if self.moments.mean().abs() <= 0.0 {
                    return Err(ErrorKind::ZeroMean { field: "mean", measure: measure.name() }.into());
                }
                let (sd, variance) = self.log_sd(how, measure)?;
                let (mean, of_mean) = self.log_mean(measure)?;
                (sd - mean, variance + of_mean)
            }
        };
        moments::effect(measure, y, v, self.n)
    }

    fn context(rows: &[&Self], how: &Conversion<OneMeanMeasure>) -> Result<Context> {
        let mut context = Context::default();
        if how.variance_type() == VarianceType::Homoscedastic {
            let sd = moments::pooled_sd(rows.iter().map(|row| (row.moments.sd(), row.n - 1.0)));
            context.averages = sd.is_finite().then_some([sd, sd]);
        }
        Ok(context)
    }
}

impl OneMean {
    fn mean(&self, how: &Conversion<OneMeanMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let sd = if how.variance_type() == VarianceType::Homoscedastic {
            how.averages()?[0]
        } else {
            at_least("n", self.n, 2.0, measure)?;
            self.moments.sd()
        };
        self.some_spread(sd, measure)?;
        Ok((self.moments.mean(), (sd / self.n.sqrt()).powi(2)))
    }

    fn standardized(&self, how: &Conversion<OneMeanMeasure>, measure: Measure) -> Result<(f64, f64)> {
        nonzero_sd(SD, self.moments.sd(), measure)?;
        let (d, n) = (self.moments.mean() / self.moments.sd(), self.n);
        let parts = Standardized { d, df: n - 1.0, base: 1.0 / n, size: n };
        let y = parts.y(how, measure, "n", 1.0)?;
        Ok((y, parts.at(y)))
    }

    fn log_mean(&self, measure: Measure) -> Result<(f64, f64)> {
        at_least("n", self.n, 2.0, measure)?;
        let value = self.moments.mean();
        if value <= 0.0 {
            return Err(ErrorKind::NonPositiveOnLogScale { field: "mean", value }.into());
        }
        self.some_spread(self.moments.sd(), measure)?;
        Ok((value.ln(), (self.moments.cv() / self.n.sqrt()).powi(2)))
    }

    fn log_sd(&self, how: &Conversion<OneMeanMeasure>, measure: Measure) -> Result<(f64, f64)> {
        at_least("n", self.n, 2.0, measure)?;
        nonzero_sd(SD, self.moments.sd(), measure)?;
        let half = 0.5 / (self.n - 1.0);
        Ok((self.moments.sd().ln() + if how.corrects_bias() { half } else { 0.0 }, half))
    }

    fn some_spread(&self, sd: f64, measure: Measure) -> Result<()> {
        if sd <= 0.0 {
            let remedy = "check the standard deviation, given as zero";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        Ok(())
    }
}
