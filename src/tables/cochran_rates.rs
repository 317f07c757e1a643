//! Observed against expected events: Cochran's weights for rates.

use super::mantel_haenszel::no_events;
use super::pooled::{Analysis, Parts, PooledStrata};
use super::strata::{check_events, conversion, gather, no_risks, own_effects};
use super::sums::Sums;
use crate::error::{ErrorKind, Result};
use crate::inference::check_level;
use crate::measure::Measure;
use crate::study::{Studies, TwoRates, TwoRatesMeasure, ZeroCells};
use serde::{Deserialize, Serialize};

/// Rate ratio as observed events of the first group over those expected at the rates of the second: a standardised
/// mortality ratio over the studies.
///
/// ```text
/// IRR = sum x1 / sum (x2 t1/t2)
/// variance of ln IRR = 1/sum x1 + sum (x2 (t1/t2)^2) / (sum (x2 t1/t2))^2
/// ```
///
/// W.G. Cochran in chapter 8 of *Smoking and Health* (US Public Health Service 1964), as meta's
/// `metainc(method = "Cochran")` takes it up; not in metafor. The variance is the delta method for independent Poisson
/// counts. The weights are right if the first groups are the population that the effect is wanted for; where they are
/// not, [`MantelHaenszel`](super::MantelHaenszel) is more precise.
///
/// ```
/// use meta_analysis::study::{Studies, TwoRates};
/// use meta_analysis::tables::CochranRates;
///
/// let cohorts = Studies::from([
///     ("A", TwoRates::new((30, 1000.0), (10, 500.0))?), // 20 expected
///     ("B", TwoRates::new((12, 400.0), (10, 200.0))?),  // 20 expected
/// ]);
/// let fit = CochranRates::new().fit(&cohorts)?;
/// assert!((fit.natural().value - 42.0 / 40.0).abs() < 1e-15);
/// assert!((fit.estimate().se().powi(2) - (1.0 / 42.0 + 80.0 / 1600.0)).abs() < 1e-16);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CochranRates {
    level: f64,
}

impl Default for CochranRates {
    fn default() -> Self {
        Self::new()
    }
}

impl CochranRates {
    /// The method with every option at its default.
    pub fn new() -> Self {
        Self { level: 0.95 }
    }

    /// Level of the interval, between 0 and 1. Default: 0.95.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Pools the studies.
    ///
    /// # Errors
    /// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] without events in one of the groups; otherwise as
    /// [`MantelHaenszel::fit`](super::MantelHaenszel::fit).
    pub fn fit(&self, studies: &Studies<TwoRates>) -> Result<PooledStrata> {
        check_level(self.level)?;
        let measure = TwoRatesMeasure::LogIncidenceRateRatio;
        let how = conversion(measure, ZeroCells::none());
        let gathered = gather(studies, how, false, no_risks)?;
        check_events(studies, &gathered.cells, Measure::from(measure).name())?;
        let expected: Vec<f64> = gathered.cells.iter().map(|&[_, t1, x2, t2]| x2 * (t1 / t2)).collect();
        let observed: f64 = gathered.cells.iter().map(|cells| cells[0]).sum();
        let total: f64 = expected.iter().sum();
        if let Some(why) = no_events([observed, total]) {
            let remedy = "ask for a rate difference by `MantelHaenszel`";
            return Err(ErrorKind::NotEstimable { measure: Measure::from(measure).name(), why, remedy }.into());
        }
        let spread: f64 = gathered
            .cells
            .iter()
            .zip(&expected)
            .map(|(&[_, t1, _, t2], expected)| expected / total * (t1 / t2 / total))
            .sum();
        let value = observed.ln() - total.ln();
        let sums = Sums { value, variance: 1.0 / observed + spread, weights: expected };
        let own = own_effects(studies, how)?;
        let parts =
            Parts { measure: measure.into(), level: self.level, sums, df: None, remedy: "there are no events", own };
        PooledStrata::new(Analysis::CochranRates { model: *self, studies: studies.clone() }, studies, gathered, parts)
    }
}
