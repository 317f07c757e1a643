//! The chance that a member of the first group exceeds one of the second, for normal distributions.

use super::{MeansMeasure, SIZES, TwoMeans};
use crate::error::Result;
use crate::measure::Measure;
use crate::study::conversion::Conversion;
use crate::study::moments::{at_least, standardized};
use crate::study::smd::normal_probability;
use crate::study::standardized::StandardizedMeasure;
use crate::study::variance::VarianceType;

impl TwoMeans {
    pub(super) fn common_language(&self, how: &Conversion<MeansMeasure>, measure: Measure) -> Result<(f64, f64)> {
        match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample => {}
            VarianceType::Homoscedastic => {
                let usual = Conversion::new(StandardizedMeasure::CommonLanguageNormal);
                return self.cohen(measure)?.measured(usual.measure(), &usual);
            }
            _ => return Err(how.no_such_variance()),
        }
        let [(one, n1), (two, n2)] = self.groups();
        at_least(SIZES[0], n1, 2.0, measure)?;
        at_least(SIZES[1], n2, 2.0, measure)?;
        let [share1, share2] = self.shares(measure)?;
        let z = standardized(one.mean(), two.mean(), one.sd().hypot(two.sd()));
        let (df1, df2) = (n1 - 1.0, n2 - 1.0);
        let of_means = share1 / df1 + share2 / df2;
        let of_sds = 0.5 * z * z * (share1 * share1 / df1 + share2 * share2 / df2);
        Ok(normal_probability(z, of_means + of_sds))
    }
}
