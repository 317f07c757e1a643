//! Log ratios of means, standard deviations and coefficients of variation, after to before.

use super::{ChangeMeasure, PrePost, SD_AFTER, SD_BEFORE};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::conversion::Conversion;
use crate::study::correlation::unexplained;
use crate::study::moments::nonzero_sd;
use crate::study::precise::ln_ratio;
use crate::study::two_means::{nonzero_mean, same_sign, second_order};

impl PrePost {
    pub(super) fn log_ratio_of_means(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let second_order = second_order(how)?;
        same_sign(self.after.mean(), self.before.mean(), measure)?;
        if self.before.sd() <= 0.0 && self.after.sd() <= 0.0 {
            let remedy = "check the standard deviations, both given as zero";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        Ok((self.log_mean_ratio(how), self.variance_of_means(second_order)))
    }

    pub(super) fn log_variability_ratio(
        &self,
        how: &Conversion<ChangeMeasure>,
        measure: Measure,
    ) -> Result<(f64, f64)> {
        let second_order = second_order(how)?;
        nonzero_sd(SD_BEFORE, self.before.sd(), measure)?;
        nonzero_sd(SD_AFTER, self.after.sd(), measure)?;
        let y = ln_ratio(self.after.sd(), self.before.sd());
        let (r, df) = (self.correlation, self.n - 1.0);
        let first = unexplained(r) / df;
        // (s0^8 + s1^8)/(2 s0^4 s1^4) = cosh(4 ln(s1/s0))
        let second = (1.0 + r.powi(4) * (4.0 * y).cosh()) / (df * df);
        Ok((y, first + if second_order { second } else { 0.0 }))
    }

    pub(super) fn log_cv_ratio(&self, how: &Conversion<ChangeMeasure>, measure: Measure) -> Result<(f64, f64)> {
        nonzero_mean("mean (before)", self.before.mean(), measure)?;
        nonzero_mean("mean (after)", self.after.mean(), measure)?;
        same_sign(self.after.mean(), self.before.mean(), measure)?;
        let (y, v) = self.log_variability_ratio(how, measure)?;
        Ok((y - self.log_mean_ratio(how), v + self.variance_of_means(second_order(how)?)))
    }

    fn log_mean_ratio(&self, how: &Conversion<ChangeMeasure>) -> f64 {
        let (before, after) = (self.before.cv(), self.after.cv());
        let correction = 0.5 * (after - before) * (after + before) / self.n;
        ln_ratio(self.after.mean(), self.before.mean()) + if how.corrects_bias() { correction } else { 0.0 }
    }

    fn variance_of_means(&self, second_order: bool) -> f64 {
        let (before, after, r) = (self.before.cv(), self.after.cv(), self.correlation);
        // c0^2 + c1^2 - 2 r c0 c1 without cancellation; both have the sign of their mean, which is one.
        let first = ((after - before).powi(2) + 2.0 * (1.0 - r) * before * after) / self.n;
        if !second_order {
            return first;
        }
        let cross = |other: f64, mean: f64, cv: f64| (cv * (other / mean)).powi(2);
        let crossed =
            cross(self.after.sd(), self.before.mean(), before) + cross(self.before.sd(), self.after.mean(), after);
        first + 0.5 * (before.powi(4) + after.powi(4) + r * r * crossed) / (self.n * self.n)
    }
}
