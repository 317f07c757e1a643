//! The difference of two means in their own unit.

use super::{MeansMeasure, SIZES, TwoMeans};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::conversion::Conversion;
use crate::study::moments::at_least;
use crate::study::variance::VarianceType;

impl TwoMeans {
    pub(super) fn mean_difference(&self, how: &Conversion<MeansMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let [(one, n1), (two, n2)] = self.groups();
        let v = match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample | VarianceType::Unbiased => {
                at_least(SIZES[0], n1, 2.0, measure)?;
                at_least(SIZES[1], n2, 2.0, measure)?;
                (one.sd() / n1.sqrt()).powi(2) + (two.sd() / n2.sqrt()).powi(2)
            }
            VarianceType::Homoscedastic => {
                at_least("n (both groups)", self.n(), 3.0, measure)?;
                let sd = self.pooled_sd().unwrap_or(0.0);
                (sd * (1.0 / n1 + 1.0 / n2).sqrt()).powi(2)
            }
            _ => return Err(how.no_such_variance()),
        };
        self.some_spread(measure)?;
        Ok((one.mean() - two.mean(), v))
    }

    /// Refuses two standard deviations of zero, from which a variance of zero would follow.
    pub(super) fn some_spread(&self, measure: Measure) -> Result<()> {
        let [(one, _), (two, _)] = self.groups();
        if one.sd() <= 0.0 && two.sd() <= 0.0 {
            let remedy = "check the standard deviations, both given as zero";
            return Err(ErrorKind::ZeroVariance { what: measure.name(), remedy }.into());
        }
        Ok(())
    }
}
