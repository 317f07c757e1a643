//! p-values and prediction bounds for a run of units, one column at a time.

use super::UnitFlags;
use crate::inference::Prediction;
use crate::num::{chi_squared, critical::critical, normal, student_t};
use std::f64::consts::{LN_2, LN_10};

/// Two-sided p-values of `statistic` against the normal distribution.
pub(super) fn normal_p(statistic: impl Iterator<Item = f64>, out: &mut [f64]) {
    for (out, z) in out.iter_mut().zip(statistic) {
        *out = (2.0 * normal::sf(z.abs())).min(1.0);
    }
}

/// Their decimal logarithms.
pub(super) fn normal_log10_p(statistic: impl Iterator<Item = f64>, out: &mut [f64]) {
    for (out, z) in out.iter_mut().zip(statistic) {
        *out = ((normal::ln_sf(z.abs()) + LN_2) / LN_10).min(0.0);
    }
}

/// Two-sided p-values against Student's distribution with `count - 1` df.
pub(super) fn student_p(statistic: impl Iterator<Item = f64>, count: &[u32], out: &mut [f64]) {
    for ((out, t), count) in out.iter_mut().zip(statistic).zip(count) {
        *out = (2.0 * student_t::sf(t.abs(), f64::from(*count) - 1.0)).min(1.0);
    }
}

/// Their decimal logarithms.
pub(super) fn student_log10_p(statistic: impl Iterator<Item = f64>, count: &[u32], out: &mut [f64]) {
    for ((out, t), count) in out.iter_mut().zip(statistic).zip(count) {
        *out = ((student_t::ln_sf(t.abs(), f64::from(*count) - 1.0) + LN_2) / LN_10).min(0.0);
    }
}

/// Upper tails of Q against chi-squared with `count - 1` df; 1 for a single study.
pub(super) fn chi_squared_p(q: &[f64], count: &[u32], flags: &[UnitFlags], out: &mut [f64]) {
    for (((out, q), count), flags) in out.iter_mut().zip(q).zip(count).zip(flags) {
        let one_study = *count == 1 && !flags.failed();
        *out = if one_study { 1.0 } else { chi_squared::sf(*q, f64::from(*count) - 1.0) };
    }
}

/// Critical values by the number of studies, each computed once.
#[derive(Clone, Debug, Default)]
pub(super) struct Critical {
    by_count: Vec<Option<f64>>,
}

impl Critical {
    /// For a unit of `count` studies; NaN if the distribution does not exist.
    pub(super) fn of(&mut self, count: u32, prediction: Prediction, level: f64) -> f64 {
        let place = count as usize;
        if self.by_count.len() <= place {
            self.by_count.resize(place + 1, None);
        }
        let compute = || match df(prediction, count) {
            None => critical(0.5 * (1.0 - level), None),
            Some(df) if df > 0.0 => critical(0.5 * (1.0 - level), Some(df)),
            Some(_) => f64::NAN,
        };
        self.by_count.get_mut(place).map_or(f64::NAN, |known| *known.get_or_insert_with(compute))
    }
}

/// Degrees of freedom of a prediction interval, `None` for the normal distribution.
fn df(prediction: Prediction, count: u32) -> Option<f64> {
    let count = f64::from(count);
    match prediction {
        Prediction::Normal | Prediction::TauOnly => None,
        Prediction::HigginsThompsonSpiegelhalter | Prediction::PartlettRiley => Some(count - 2.0),
        _ => Some(count - 1.0),
    }
}

/// Which standard error of the mean a prediction interval takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MeanError {
    None,
    Wald,
    HartungKnapp,
}

/// The standard error, or `None` for a method that needs more than a plan computes.
pub(super) fn mean_error(prediction: Prediction) -> Option<MeanError> {
    match prediction {
        Prediction::TauOnly => Some(MeanError::None),
        Prediction::Normal | Prediction::HigginsThompsonSpiegelhalter | Prediction::Veroniki => Some(MeanError::Wald),
        Prediction::StudentT | Prediction::HartungKnapp | Prediction::PartlettRiley => Some(MeanError::HartungKnapp),
        _ => None,
    }
}
