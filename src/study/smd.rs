//! What every standardised mean difference and mean change shares: the correction and the variances.

use super::conversion::Conversion;
use super::moments::{hedges_correction, unbiased_factor};
use super::variance::VarianceType;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::normal;

/// A difference `d` in units of a standard deviation that is known with `df` degrees of freedom.
///
/// ```text
/// g = J(df) d        v = base + g^2 / (2 size)
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Standardized {
    pub(super) d: f64,
    pub(super) df: f64,
    /// Variance of `d` when the true difference is 0.
    pub(super) base: f64,
    /// The number of people that the standard deviation rests on.
    pub(super) size: f64,
}

impl Standardized {
    /// The effect: `J d`, or `d` where the correction was turned off.
    ///
    /// # Errors
    /// [`ErrorKind::SampleSizeTooSmall`] where `J` is zero or undefined; `extra` is the number of people beyond
    /// the degrees of freedom.
    pub(super) fn y<M: Copy>(
        &self,
        how: &Conversion<M>,
        measure: Measure,
        field: &'static str,
        extra: f64,
    ) -> Result<f64> {
        let divides_by_j = how.corrects_bias() || how.variance_type() == VarianceType::Unbiased;
        let needed = extra + if divides_by_j { 2.0 } else { 1.0 };
        super::moments::at_least(field, self.df + extra, needed, measure)?;
        Ok(if how.corrects_bias() { hedges_correction(self.df) * self.d } else { self.d })
    }

    /// The sampling variance of the type that `how` asks for.
    ///
    /// ```text
    /// LS   base + g^2/(2 size)
    /// LS2  J^2 (base + d^2/(2 size))
    /// UB   base + g^2 (1 - (df - 2)/(df J^2))        over J^2 where the effect is d
    /// AV   LS at the average g over all studies, weighted by sample size
    /// H0   base
    /// ```
    ///
    /// Where the correction is turned off, g is d and J in LS2 is 1.
    pub(super) fn variance<M: Copy>(&self, how: &Conversion<M>, y: f64) -> Result<f64> {
        Ok(match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample => self.at(y),
            VarianceType::LargeSample2 if !how.corrects_bias() => self.at(y),
            VarianceType::LargeSample2 => hedges_correction(self.df).powi(2) * self.at(self.d),
            VarianceType::Unbiased => self.unbiased(how.corrects_bias()),
            VarianceType::Average => self.at(how.averages()?[0]),
            VarianceType::Null => self.base,
            _ => return Err(how.no_such_variance()),
        })
    }

    /// The variance at a true difference of `g`.
    pub(super) fn at(&self, g: f64) -> f64 {
        self.base + g * g / (2.0 * self.size)
    }

    fn unbiased(&self, corrected: bool) -> f64 {
        let j = hedges_correction(self.df);
        let v = self.base + unbiased_factor(self.df) * (j * self.d).powi(2);
        if corrected { v } else { v / (j * j) }
    }
}

/// The log odds ratio of one standardised difference between logistic distributions: their standard deviation,
/// pi / sqrt 3. Hasselblad & Hedges 1995, Psychol Bull 117:167, doi 10.1037/0033-2909.117.1.167.
pub(super) fn ln_odds_per_d_logistic() -> f64 {
    std::f64::consts::PI / 3.0_f64.sqrt()
}

/// The same between normal distributions, as Cox approximates it. Cox & Snell 1989, Analysis of Binary Data.
pub(super) const LN_ODDS_PER_D_NORMAL: f64 = 1.65;

/// Phi(z) with its variance, of a `z` with variance `v`.
///
/// ```text
/// y = Phi(z)        v_y = phi(z)^2 v
/// ```
pub(super) fn normal_probability(z: f64, v: f64) -> (f64, f64) {
    (normal::cdf(z), (2.0 * normal::ln_pdf(z)).exp() * v)
}

/// A correlation made of others, which may leave the range.
pub(super) fn within_one(field: &'static str, r: f64, measure: Measure) -> Result<f64> {
    if r.abs() > 1.0 {
        return Err(ErrorKind::CorrelationOutOfRange { field, value: r }.into());
    }
    if r.abs() >= 1.0 {
        return Err(ErrorKind::DegenerateCorrelation { field, value: r, measure: measure.name() }.into());
    }
    Ok(r)
}
