//! Peto's one-step odds ratio.

use super::pooled::{Analysis, Parts, PooledStrata};
use super::strata::{Counts, check_events, conversion, gather, no_odds, own_effects};
use super::sums::Sums;
use crate::error::{ErrorKind, Result};
use crate::inference::check_level;
use crate::measure::Measure;
use crate::study::{BinaryMeasure, Studies, TwoByTwo, ZeroCells};
use serde::{Deserialize, Serialize};

/// Peto's odds ratio: observed minus expected events of the first group, over the hypergeometric variance.
///
/// ```text
/// ln OR = sum (a - E) / sum V        se = 1 / sqrt(sum V)        E = m1 n1/n,  V = n1 n2 m1 m2/(n^2 (n - 1))
/// Q = sum V (y - ln OR)^2            y = (a - E)/V
/// ```
///
/// metafor: `rma.peto`. Yusuf et al. 1985, Prog Cardiovasc Dis 27:335, doi 10.1016/S0033-0620(85)80003-7.
///
/// For rare events, groups of similar size, and effects that are not large; otherwise it is biased (Greenland & Salvan
/// 1990, Stat Med 9:247, doi 10.1002/sim.4780090307). A zero cell needs no correction; a study in which nobody or
/// everybody has the event has `V = 0` and is left out, as the notes say. Defaults: [`ZeroCells::none`], level 0.95.
///
/// ```
/// use meta_analysis::{Peto, study::{Studies, TwoByTwo}};
///
/// let trials = Studies::from([
///     ("A", TwoByTwo::new((0, 50), (3, 50))?),
///     ("B", TwoByTwo::new((2, 100), (6, 98))?),
///     ("C", TwoByTwo::new((0, 20), (0, 20))?),
/// ]);
/// let fit = Peto::new().fit(&trials)?;
/// assert_eq!(fit.to_string(), "odds ratio (Peto) 0.265 [0.0797, 0.880], 2 studies; I2 0%, Q 0.515 (df 1, p = 0.473)
///   Peto; 95% interval (normal), p = 0.030
///   note: left out: C (no events in either group)");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Peto {
    zero_cells: ZeroCells,
    level: f64,
}

impl Default for Peto {
    fn default() -> Self {
        Self::new()
    }
}

impl Peto {
    /// The method with every option at its default.
    pub fn new() -> Self {
        Self { zero_cells: ZeroCells::none(), level: 0.95 }
    }

    /// What is done to the counts before they are pooled, and for the effect of each study. Default:
    /// [`ZeroCells::none`], and none is needed.
    #[must_use]
    pub fn zero_cells(mut self, policy: ZeroCells) -> Self {
        self.zero_cells = policy;
        self
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
    /// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] if no study has both events and non-events; otherwise as
    /// [`MantelHaenszel::fit`](super::MantelHaenszel::fit).
    pub fn fit(&self, studies: &Studies<TwoByTwo>) -> Result<PooledStrata> {
        check_level(self.level)?;
        let measure = BinaryMeasure::PetoLogOddsRatio;
        let how = conversion(measure, self.zero_cells);
        let gathered = gather(studies, how, false, |cells| {
            let small = (cells.iter().sum::<f64>() <= 1.0).then_some("not more than one person");
            no_odds(cells).or(small)
        })?;
        check_events(studies, &gathered.cells, Measure::from(measure).name())?;
        let scores: Vec<(f64, f64)> = gathered.cells.iter().map(|&cells| TwoByTwo::score(cells)).collect();
        let (difference, total) = scores.iter().fold((0.0, 0.0), |(o, v), (score, variance)| (o + score, v + variance));
        if total <= 0.0 {
            let (why, remedy) = ("no study has both events and non-events", "ask for a risk difference");
            return Err(ErrorKind::NotEstimable { measure: Measure::from(measure).name(), why, remedy }.into());
        }
        let weights = scores.into_iter().map(|(_, variance)| variance).collect();
        let sums = Sums { value: difference / total, variance: 1.0 / total, weights };
        let own = own_effects(studies, how)?;
        let remedy = "there are no events";
        let parts = Parts { measure: measure.into(), level: self.level, sums, df: None, remedy, own };
        PooledStrata::new(Analysis::Peto { model: *self, studies: studies.clone() }, studies, gathered, parts)
    }
}
