//! What a new study may show: its true proportion, and its count.

use super::fit::{GlmmFit, quantile};
use super::marginal::marginal;
use super::options::{GlmmData, GlmmModel};
use crate::error::{ErrorKind, Result};
use crate::inference::{Natural, check_level};
use crate::num::quadrature::Effort;
use crate::study::check::{self, Count, Fractions};
use serde::{Deserialize, Serialize};

/// What a prediction takes as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PredictionUncertainty {
    /// tau2, but not mu, whose uncertainty adds the square of its standard error to tau2; **the default**.
    #[default]
    OfMean,
    /// mu and tau2, at their estimates: too narrow with few studies.
    None,
}

/// The distribution of the number of events in a new group, the uncertainty about its true proportion or rate integrated out.
///
/// ```text
/// P(y) = integral of P(y | eta) N(eta; mu, tau2 + se^2) d eta
/// ```
///
/// Each probability is a quadrature of its own, good to about 1e-14. Not in metafor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewCount {
    probabilities: Vec<f64>,
    size: f64,
}

/// Longest list of probabilities.
const MOST: f64 = 100_000.0;
/// Share of a distribution without an end that is left out.
const LEFT_OUT: f64 = 1e-13;

impl NewCount {
    /// The probability of each number of events from 0 up. For rates the list ends where less than 1e-13 is left.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// People, or person-time, of the new group.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// Probability of exactly `y` events; 0 beyond the list.
    pub fn probability(&self, y: usize) -> f64 {
        self.probabilities.get(y).copied().unwrap_or(0.0)
    }

    /// Probability of at most `y` events.
    pub fn cdf(&self, y: usize) -> f64 {
        self.probabilities.iter().take(y.saturating_add(1)).sum::<f64>().min(1.0)
    }

    /// Expected number of events.
    pub fn mean(&self) -> f64 {
        (0_u32..).zip(&self.probabilities).map(|(y, p)| f64::from(y) * p).sum()
    }

    /// The smallest number of events that is not exceeded with probability `p`, of the first and the last for `p` outside (0, 1).
    pub fn quantile(&self, p: f64) -> usize {
        let mut sum = 0.0;
        for (y, probability) in self.probabilities.iter().enumerate() {
            sum += probability;
            if sum >= p {
                return y;
            }
        }
        self.probabilities.len().saturating_sub(1)
    }

    /// The interval with at most half of `1 - level` on either side of it: a new count lies in it with at least this
    /// probability, if the model holds.
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`].
    pub fn interval(&self, level: f64) -> Result<(usize, usize)> {
        let tail = 0.5 * (1.0 - check_level(level)?);
        let mut above = 0.0;
        let upper = self.probabilities.iter().enumerate().rev().find(|(_, p)| {
            above += **p;
            above > tail
        });
        Ok((self.quantile(tail), upper.map_or(0, |(y, _)| y)))
    }
}

impl GlmmFit {
    /// The prediction interval for the true proportion or rate of a new study, on the natural scale:
    ///
    /// ```text
    /// p(mu -+ t(k - 1) sqrt(tau2 + se^2))
    /// ```
    ///
    /// as [`Prediction::StudentT`](crate::Prediction::StudentT). Veroniki et al. 2019, Res Synth Methods 10:23,
    /// doi 10.1002/jrsm.1319.
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary; [`ErrorKind::LevelOutOfRange`].
    pub fn prediction(&self, level: f64) -> Result<Natural> {
        let level = check_level(level)?;
        let best = &self.solved()?.maximum.best;
        let se = self.estimate().map_or(0.0, |e| e.se);
        let half = quantile(level, Some(self.k() as f64 - 1.0)) * best.tau2().sqrt().hypot(se);
        let link = self.model().link();
        let [value, lower, upper] = [0.0, -half, half].map(|by| link.inverse(best.point[0] + by));
        if !upper.is_finite() {
            return Err(ErrorKind::Overflow { what: "the prediction interval" }.into());
        }
        Ok(Natural { value, lower, upper, level, measure: link.measure() })
    }

    /// The distribution of the number of responders among the next `n` people of one new study.
    ///
    /// ```
    /// use meta_analysis::{datasets::ivig_dermatomyositis, glmm::{BinomialNormal, PredictionUncertainty}};
    ///
    /// let fit = BinomialNormal::new().fit(&ivig_dermatomyositis::responses()?)?;
    /// let next = fit.new_count(10, PredictionUncertainty::None)?;
    /// // mpmath: tests/reference/glmm_one_group.py
    /// assert_eq!(next.interval(0.8)?, (4, 10));
    /// assert!((next.probabilities().iter().sum::<f64>() - 1.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary, for rates, and beyond 100 000 people; as
    /// [`Proportion::new`](crate::study::Proportion::new) for a number that cannot be one of people.
    pub fn new_count(&self, n: impl Count, uncertainty: PredictionUncertainty) -> Result<NewCount> {
        let n = check::check("total", n, Fractions::Refused)?;
        let problem = |why| Err(ErrorKind::NotApplicable { what: "prediction of this count", why }.into());
        if n <= 0.0 {
            return Err(ErrorKind::EmptyArm { field: "total" }.into());
        }
        if matches!(self.data(), GlmmData::Rates(_)) {
            return problem("rates have no number of people; use `new_events`");
        }
        if n > MOST {
            return problem("more than 100 000 people: their proportion is predicted by `prediction`");
        }
        self.counted(n, n, uncertainty)
    }

    /// The distribution of the number of events in person-time `time` of one new study.
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary, for proportions, and where more than 100 000 events are likely;
    /// [`ErrorKind::NonPositiveTime`], [`ErrorKind::NonFinite`].
    pub fn new_events(&self, time: f64, uncertainty: PredictionUncertainty) -> Result<NewCount> {
        let time = check::check_time("time", time)?;
        if matches!(self.data(), GlmmData::Proportions(_)) {
            let (what, why) = ("prediction of this count", "proportions have no person-time; use `new_count`");
            return Err(ErrorKind::NotApplicable { what, why }.into());
        }
        self.counted(time, f64::INFINITY, uncertainty)
    }

    /// Probabilities of 0 up to `last` events, or until nothing is left.
    fn counted(&self, size: f64, last: f64, uncertainty: PredictionUncertainty) -> Result<NewCount> {
        let best = &self.solved()?.maximum.best;
        let se = match uncertainty {
            PredictionUncertainty::OfMean => self.estimate().map_or(0.0, |e| e.se),
            PredictionUncertainty::None => 0.0,
        };
        let variance = best.tau2() + se * se;
        let (mut probabilities, mut sum, mut y) = (Vec::new(), 0.0, 0.0);
        while y <= last {
            let p = probability(self.model(), y, size, best.point[0], variance)?;
            sum += p;
            probabilities.push(p);
            if last.is_infinite() && 1.0 - sum < LEFT_OUT {
                break;
            }
            if y >= MOST {
                let (what, why) = ("prediction of this count", "more than 100 000 events are likely; take less time");
                return Err(ErrorKind::NotApplicable { what, why }.into());
            }
            y += 1.0;
        }
        Ok(NewCount { probabilities, size })
    }
}

fn probability(model: &GlmmModel, y: f64, size: f64, mu: f64, variance: f64) -> Result<f64> {
    let found = marginal(&model.study(y, size), mu, variance, Effort::Exact);
    found.map(|m| m.value.exp()).ok_or_else(|| ErrorKind::Overflow { what: "a predicted probability" }.into())
}
