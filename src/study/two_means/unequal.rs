//! Differences in units of another standard deviation than the pooled one.

use super::{MeansMeasure, SDS, SIZES, TwoMeans};
use crate::error::Result;
use crate::measure::Measure;
use crate::study::conversion::{Context, Conversion};
use crate::study::moments::{at_least, hedges_correction, nonzero_sd, standardized, weighted_mean};
use crate::study::smd::Standardized;
use crate::study::variance::VarianceType;

impl TwoMeans {
    pub(super) fn smd_average_sd(&self, how: &Conversion<MeansMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let [(one, n1), (two, n2)] = self.groups();
        at_least(SIZES[0], n1, 2.0, measure)?;
        at_least(SIZES[1], n2, 2.0, measure)?;
        let [share1, share2] = self.shares(measure)?;
        let (df1, df2) = (n1 - 1.0, n2 - 1.0);
        let d = standardized(one.mean(), two.mean(), one.sd().hypot(two.sd()) * std::f64::consts::FRAC_1_SQRT_2);
        let g = if how.corrects_bias() { hedges_correction(n1 + n2 - 2.0) * d } else { d };
        let of_sd = |a: f64, b: f64| 0.5 * g * g * (share1 * share1 / a + share2 * share2 / b);
        let of_means = |a: f64, b: f64| 2.0 * (share1 / a + share2 / b);
        let v = match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample => of_sd(df1, df2) + of_means(df1, df2),
            VarianceType::LargeSample2 => of_sd(n1, n2) + of_means(n1, n2),
            VarianceType::LargeSample3 => of_sd(df1, df2) + of_means(n1, n2),
            _ => return Err(how.no_such_variance()),
        };
        Ok((g, v))
    }

    /// What each variance contributes to the sum of both.
    pub(super) fn shares(&self, measure: Measure) -> Result<[f64; 2]> {
        let [(one, _), (two, _)] = self.groups();
        let largest = one.sd().max(two.sd());
        nonzero_sd("average SD", largest, measure)?;
        let squares = [(one.sd() / largest).powi(2), (two.sd() / largest).powi(2)];
        Ok(squares.map(|square| square / (squares[0] + squares[1])))
    }

    /// The difference in units of the second group's standard deviation.
    fn in_second_sds(
        &self,
        measure: Measure,
        sizes: [&'static str; 2],
        sds: [&'static str; 2],
    ) -> Result<Standardized> {
        let [(one, n1), (two, n2)] = self.groups();
        at_least(sizes[1], n2, 2.0, measure)?;
        nonzero_sd(sds[1], two.sd(), measure)?;
        let d = standardized(one.mean(), two.mean(), two.sd());
        Ok(Standardized { d, df: n2 - 1.0, base: 1.0 / n1 + 1.0 / n2, size: n2 })
    }

    pub(super) fn glass(
        &self,
        how: &Conversion<MeansMeasure>,
        measure: Measure,
        sizes: [&'static str; 2],
        sds: [&'static str; 2],
    ) -> Result<(f64, f64)> {
        let parts = self.in_second_sds(measure, sizes, sds)?;
        let y = parts.y(how, measure, sizes[1], 1.0)?;
        Ok((y, parts.variance(how, y)?))
    }

    pub(super) fn glass_heteroscedastic(
        &self,
        how: &Conversion<MeansMeasure>,
        measure: Measure,
        sizes: [&'static str; 2],
        sds: [&'static str; 2],
    ) -> Result<(f64, f64)> {
        if !matches!(how.variance_type(), VarianceType::Usual | VarianceType::LargeSample) {
            return Err(how.no_such_variance());
        }
        let [(one, n1), (two, n2)] = self.groups();
        at_least(sizes[0], n1, 2.0, measure)?;
        let y = self.in_second_sds(measure, sizes, sds)?.y(how, measure, sizes[1], 1.0)?;
        let (df1, df2) = (n1 - 1.0, n2 - 1.0);
        Ok((y, (one.sd() / two.sd()).powi(2) / df1 + (1.0 + 0.5 * y * y) / df2))
    }

    /// The average delta over the rows; `sign` is -1 where the rows come with their groups exchanged.
    pub(super) fn average_glass(
        rows: impl Iterator<Item = Self>,
        how: &Conversion<MeansMeasure>,
        sign: f64,
    ) -> Context {
        let mut context = Context::default();
        if how.variance_type() == VarianceType::Average {
            let measure = Measure::GlassDelta;
            let values = rows.map(|row| {
                let y = row.in_second_sds(measure, SIZES, SDS)?.y(how, measure, SIZES[1], 1.0)?;
                Ok((sign * y, row.n()))
            });
            context.averages = weighted_mean(values).map(|g| [g, g]);
        }
        context
    }
}
