//! Log ratios of two means, two standard deviations and two coefficients of variation.

use super::{MeansMeasure, SDS, SIZES, TwoMeans};
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::conversion::{Context, Conversion};
use crate::study::moments::{Moments, at_least, nonzero_sd, weighted_mean};
use crate::study::precise::ln_ratio;
use crate::study::variance::VarianceType;

/// Refuses means of which the logarithm of the ratio is undefined.
pub(in crate::study) fn same_sign(first: f64, second: f64, measure: Measure) -> Result<()> {
    let same = (first > 0.0 && second > 0.0) || (first < 0.0 && second < 0.0);
    if same {
        return Ok(());
    }
    Err(ErrorKind::NonPositiveRatio { first, second, measure: measure.name() }.into())
}

impl TwoMeans {
    pub(super) fn log_ratio_of_means(&self, how: &Conversion<MeansMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let [(one, n1), (two, n2)] = self.groups();
        same_sign(one.mean(), two.mean(), measure)?;
        let over_n = |c1: f64, c2: f64| (c1 / n1.sqrt()).powi(2) + (c2 / n2.sqrt()).powi(2);
        let v = match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample | VarianceType::LargeSample2 => {
                self.two_people_each(measure)?;
                self.variance_of_means(how.variance_type() == VarianceType::LargeSample2)
            }
            VarianceType::Homoscedastic => {
                at_least("n (both groups)", self.n(), 3.0, measure)?;
                let sd = self.pooled_sd().unwrap_or(0.0);
                over_n(sd / one.mean(), sd / two.mean())
            }
            VarianceType::Average | VarianceType::AverageHomoscedastic => {
                let [c1, c2] = how.averages()?;
                over_n(c1, c2)
            }
            _ => return Err(how.no_such_variance()),
        };
        self.some_spread(measure)?;
        Ok((self.log_mean_ratio(how), v))
    }

    pub(super) fn log_variability_ratio(&self, how: &Conversion<MeansMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let second_order = second_order(how)?;
        self.two_people_each(measure)?;
        for ((group, _), field) in self.groups().into_iter().zip(SDS) {
            nonzero_sd(field, group.sd(), measure)?;
        }
        Ok((self.log_sd_ratio(how), self.variance_of_sds(second_order)))
    }

    pub(super) fn log_cv_ratio(&self, how: &Conversion<MeansMeasure>, measure: Measure) -> Result<(f64, f64)> {
        let [(one, _), (two, _)] = self.groups();
        for (mean, field) in [(one.mean(), "mean (group 1)"), (two.mean(), "mean (group 2)")] {
            nonzero_mean(field, mean, measure)?;
        }
        same_sign(one.mean(), two.mean(), measure)?;
        let second_order = second_order(how)?;
        let (y, v) = self.log_variability_ratio(how, measure)?;
        Ok((y - self.log_mean_ratio(how), v + self.variance_of_means(second_order)))
    }

    fn two_people_each(&self, measure: Measure) -> Result<()> {
        let [(_, n1), (_, n2)] = self.groups();
        at_least(SIZES[0], n1, 2.0, measure)?;
        at_least(SIZES[1], n2, 2.0, measure)
    }

    fn log_mean_ratio(&self, how: &Conversion<MeansMeasure>) -> f64 {
        let [(one, n1), (two, n2)] = self.groups();
        let correction = 0.5 * (one.cv().powi(2) / n1 - two.cv().powi(2) / n2);
        ln_ratio(one.mean(), two.mean()) + if how.corrects_bias() { correction } else { 0.0 }
    }

    fn log_sd_ratio(&self, how: &Conversion<MeansMeasure>) -> f64 {
        let [(one, n1), (two, n2)] = self.groups();
        let correction = 0.5 / (n1 - 1.0) - 0.5 / (n2 - 1.0);
        ln_ratio(one.sd(), two.sd()) + if how.corrects_bias() { correction } else { 0.0 }
    }

    fn variance_of_means(&self, second_order: bool) -> f64 {
        let of_one = |(group, n): (Moments, f64)| {
            let first = group.cv().powi(2) / n;
            first + if second_order { 0.5 * first * first } else { 0.0 }
        };
        self.groups().into_iter().map(of_one).sum()
    }

    fn variance_of_sds(&self, second_order: bool) -> f64 {
        let of_one = |(_, n): (Moments, f64)| {
            let first = 1.0 / (n - 1.0);
            0.5 * (first + if second_order { first * first } else { 0.0 })
        };
        self.groups().into_iter().map(of_one).sum()
    }

    /// The average coefficients of variation, where the variance asks for them.
    pub(super) fn average_cv(rows: &[&Self], how: &Conversion<MeansMeasure>) -> Context {
        let of = |group: usize| {
            rows.iter().map(move |row| {
                let (moments, n) = row.groups()[group];
                let [(one, _), (two, _)] = row.groups();
                same_sign(one.mean(), two.mean(), Measure::LogRatioOfMeans)?;
                Ok((moments.cv().abs(), n))
            })
        };
        let averages = match how.variance_type() {
            VarianceType::Average => weighted_mean(of(0)).zip(weighted_mean(of(1))).map(|(one, two)| [one, two]),
            VarianceType::AverageHomoscedastic => weighted_mean(of(0).chain(of(1))).map(|both| [both, both]),
            _ => None,
        };
        Context { averages, ..Context::default() }
    }
}

/// Whether the second-order variance is asked for.
pub(in crate::study) fn second_order<M: Copy>(how: &Conversion<M>) -> Result<bool> {
    match how.variance_type() {
        VarianceType::Usual | VarianceType::LargeSample => Ok(false),
        VarianceType::LargeSample2 => Ok(true),
        _ => Err(how.no_such_variance()),
    }
}

/// Refuses a mean of zero.
pub(in crate::study) fn nonzero_mean(field: &'static str, mean: f64, measure: Measure) -> Result<()> {
    if mean.abs() > 0.0 { Ok(()) } else { Err(ErrorKind::ZeroMean { field, measure: measure.name() }.into()) }
}
