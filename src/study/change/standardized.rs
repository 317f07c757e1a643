//! Mean changes in units of a standard deviation, and the common-language effect size made of one.

use super::{ChangeMeasure, PrePost, SD_BEFORE, only_large_sample};
use crate::error::Result;
use crate::measure::Measure;
use crate::study::conversion::Conversion;
use crate::study::correlation::unbiased_correlation;
use crate::study::moments::{at_least, hedges_correction, nonzero_sd, standardized};
use crate::study::smd::{Standardized, normal_probability};
use crate::study::two_means::second_order;
use crate::study::variance::VarianceType;

type Yv = Result<(f64, f64)>;

impl PrePost {
    /// The change in units of `sd`, which has n - 1 degrees of freedom.
    fn in_units(&self, sd: f64, field: &'static str, base: f64, measure: Measure) -> Result<Standardized> {
        nonzero_sd(field, sd, measure)?;
        let d = standardized(self.after.mean(), self.before.mean(), sd);
        Ok(Standardized { d, df: self.n - 1.0, base, size: self.n })
    }

    pub(super) fn by_sd_before(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Yv {
        let mut r = self.correlation;
        if how.variance_type() == VarianceType::Unbiased {
            at_least("n", self.n, 5.0, measure)?;
            r = unbiased_correlation(r, self.n);
        }
        let parts = self.in_units(self.before.sd(), SD_BEFORE, 2.0 * (1.0 - r) / self.n, measure)?;
        let y = parts.y(how, measure, "n", 1.0)?;
        Ok((y, parts.variance(how, y)?))
    }

    pub(super) fn by_sd_before_heteroscedastic(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Yv {
        let size = self.denominator(how)?;
        let y = self.in_units(self.before.sd(), SD_BEFORE, 0.0, measure)?.y(how, measure, "n", 1.0)?;
        Ok((y, ((self.sd_of_change() / self.before.sd()).powi(2) + 0.5 * y * y) / size))
    }

    pub(super) fn by_sd_of_change(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Yv {
        if self.correlation >= 1.0 {
            return Err(self.degenerate(measure));
        }
        let parts = self.in_units(self.sd_of_change(), "SD (change)", 1.0 / self.n, measure)?;
        let y = parts.y(how, measure, "n", 1.0)?;
        Ok((y, parts.variance(how, y)?))
    }

    pub(super) fn by_pooled_sd(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Yv {
        only_large_sample(how)?;
        let g = self.in_pooled_sds(how, measure)?;
        let r = self.correlation;
        Ok((g, (2.0 * (1.0 - r) + 0.25 * g * g * (1.0 + r * r)) / self.n))
    }

    pub(super) fn by_pooled_sd_heteroscedastic(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Yv {
        let size = self.denominator(how)?;
        let g = self.in_pooled_sds(how, measure)?;
        let (of_change, of_sds) = self.spread();
        Ok((g, (0.5 * g * g * of_sds + 2.0 * of_change) / size))
    }

    pub(super) fn common_language(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Yv {
        only_large_sample(how)?;
        let both = self.before.sd().hypot(self.after.sd());
        nonzero_sd("pooled SD", both, measure)?;
        let z = standardized(self.after.mean(), self.before.mean(), both);
        let (of_change, of_sds) = self.spread();
        let v = (of_change + 0.5 * z * z * of_sds) / (self.n - 1.0);
        Ok(normal_probability(z, v))
    }

    fn in_pooled_sds(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Result<f64> {
        let sd = self.before.sd().hypot(self.after.sd()) * std::f64::consts::FRAC_1_SQRT_2;
        nonzero_sd("pooled SD", sd, measure)?;
        let d = standardized(self.after.mean(), self.before.mean(), sd);
        if !how.corrects_bias() {
            return Ok(d);
        }
        at_least("n", self.n, 3.0, measure)?;
        Ok(hedges_correction(2.0 * (self.n - 1.0) / (1.0 + self.correlation * self.correlation)) * d)
    }

    /// `sD^2/S^2` and `(s0^4 + s1^4 + 2 r^2 s0^2 s1^2)/S^4` with `S^2 = s0^2 + s1^2`.
    fn spread(&self) -> (f64, f64) {
        let both = self.before.sd().hypot(self.after.sd());
        let [a, b] = [self.before.sd(), self.after.sd()].map(|sd| (sd / both).powi(2));
        ((self.sd_of_change() / both).powi(2), a * a + b * b + 2.0 * self.correlation.powi(2) * a * b)
    }

    /// n - 1 for the variance LargeSample, n for LargeSample2.
    fn denominator(&self, how: &Conversion<ChangeMeasure>) -> Result<f64> {
        Ok(if second_order(how)? { self.n } else { self.n - 1.0 })
    }
}
