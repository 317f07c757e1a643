//! How probable it is that a true effect lies beyond a bound.

use super::common::CommonEffect;
use super::pooled::{Model, Pooled};
use super::solve::{Extent, solve};
use crate::effects::EffectsView;
use crate::error::{ErrorKind, Result};
use crate::inference::{Inference, ProbabilityBeyond, Tau2Bootstrap, Threshold};
use crate::num::normal;
use crate::num::random::uniform;
use crate::tau2::{Resampling, Workspace};

impl Pooled {
    /// The share of true effects above a threshold, with its interval by the delta method, and the probability that the
    /// true effect of a new study is above it.
    ///
    /// ```text
    /// share = Phi((mu - c) / tau)
    /// se^2  = phi((mu - c)/tau)^2 (se_mu^2 / tau2 + (mu - c)^2 se_tau2^2 / (4 tau2^3))
    /// ```
    ///
    /// `se_mu` is that of the model's inference, `se_tau2` the estimator's; the two estimates are taken as independent. Where
    /// the share is below 0.15 or above 0.85 the authors advise the bootstrap,
    /// [`probability_above_by_bootstrap`](Self::probability_above_by_bootstrap). The predictive probability is by the
    /// model's [`Prediction`](crate::Prediction).
    ///
    /// Mathur MB, VanderWeele TJ (2019) Stat Med 38:1336-1342, doi 10.1002/sim.8057. R: `MetaUtility::prop_stronger`;
    /// metafor 5.1 has the predictive probability as `predict(prob = )`.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Threshold};
    ///
    /// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// let rows = [row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?, row("D", 0.7, 0.09)?];
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&Effects::from_rows(rows)?)?;
    /// let benefit = fit.probability_above(Threshold::Natural(1.0))?;
    /// assert!(benefit.share > 0.97 && benefit.predictive < benefit.share);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OutsideSupport`] for a threshold that the scale has not; as [`prediction`](Self::prediction).
    pub fn probability_above(&self, threshold: Threshold) -> Result<ProbabilityBeyond> {
        self.probability_beyond(threshold, true)
    }

    /// The share of true effects below a threshold; see [`probability_above`](Self::probability_above).
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let found = fit.probability_below(Threshold::Analysis(3.0 - 3.0_f64.sqrt()))?;
    /// assert!((found.share - 0.158_655_253_931_457).abs() < 1e-12); // Phi(-1)
    /// // t with 2 df at -3/sqrt(13)
    /// assert!((found.predictive - (0.5 - 1.5 / 35.0_f64.sqrt())).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`probability_above`](Self::probability_above).
    pub fn probability_below(&self, threshold: Threshold) -> Result<ProbabilityBeyond> {
        self.probability_beyond(threshold, false)
    }

    /// As [`probability_above`](Self::probability_above), with the interval by the bootstrap: effects are drawn from
    /// `N(mu, v + tau2)`, or whole studies with replacement, the model is fitted to each draw, and the interval has the
    /// percentiles of the shares. Each draw uses its own part of the random numbers, whatever the order.
    ///
    /// ```
    /// # use meta_analysis::tau2::Resampling;
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Tau2Bootstrap, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let options = Tau2Bootstrap { resampling: Resampling::Parametric, replicates: 199, seed: 1 };
    /// let found = fit.probability_above_by_bootstrap(Threshold::Analysis(3.0 - 3.0_f64.sqrt()), options)?;
    /// assert!((found.share - 0.841_344_746_068_543).abs() < 1e-12 && found.se.is_none()); // Phi(1)
    /// assert!(found.interval.is_some_and(|(lower, upper)| lower < found.share && found.share < upper));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Also [`ErrorKind::LevelNotAttainable`] for too few draws, and what the model's `fit` reports for a draw.
    pub fn probability_above_by_bootstrap(
        &self,
        threshold: Threshold,
        options: Tau2Bootstrap,
    ) -> Result<ProbabilityBeyond> {
        self.probability_by_bootstrap(threshold, true, options)
    }

    /// The share below a threshold; see [`probability_above_by_bootstrap`](Self::probability_above_by_bootstrap).
    ///
    /// ```
    /// # use meta_analysis::tau2::Resampling;
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Tau2Bootstrap, Threshold};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let options = Tau2Bootstrap { resampling: Resampling::Nonparametric, replicates: 199, seed: 1 };
    /// // One draw in 27 is A three times, with tau2 = 0 and a share of 1; another one in 27 is C, with a share of 0.
    /// let found = fit.probability_below_by_bootstrap(Threshold::Analysis(3.0 - 3.0_f64.sqrt()), options)?;
    /// assert!((found.share - 0.158_655_253_931_457).abs() < 1e-12); // Phi(-1)
    /// assert_eq!(found.interval, Some((0.0, 1.0)));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`probability_above_by_bootstrap`](Self::probability_above_by_bootstrap).
    pub fn probability_below_by_bootstrap(
        &self,
        threshold: Threshold,
        options: Tau2Bootstrap,
    ) -> Result<ProbabilityBeyond> {
        self.probability_by_bootstrap(threshold, false, options)
    }

    fn probability_beyond(&self, threshold: Threshold, above: bool) -> Result<ProbabilityBeyond> {
        let Model::RandomEffects(model) = self.model() else {
            return Err(CommonEffect::no_prediction());
        };
        let (estimate, solution) = (self.estimate(), self.solution());
        let (threshold, level) = (threshold.on(estimate.scale())?, estimate.level());
        let (predictive, _) = self.predictive(model.prediction_method(), 0.0, level)?;
        let (below, beyond) = predictive.tails(threshold);
        let (mean, tau2) = ((estimate.value(), estimate.se()), (solution.tau2, solution.tau2_se));
        let predictive = if above { beyond } else { below };
        Ok(ProbabilityBeyond::delta((threshold, above), mean, tau2, level, predictive))
    }

    fn probability_by_bootstrap(
        &self,
        threshold: Threshold,
        above: bool,
        options: Tau2Bootstrap,
    ) -> Result<ProbabilityBeyond> {
        let plain = self.probability_beyond(threshold, above)?;
        let (level, draws) = (plain.level, f64::from(options.replicates));
        let smallest = 2.0 / (draws + 1.0);
        if smallest > 1.0 - level {
            return Err(ErrorKind::LevelNotAttainable { what: "a bootstrap interval", level, smallest }.into());
        }
        let sign = if above { 1.0 } else { -1.0 };
        let (mut workspace, mut y, mut v) =
            (Workspace::new(), self.effects().y().to_vec(), self.effects().v().to_vec());
        let mut shares = Vec::new();
        for draw in 0..u64::from(options.replicates) {
            self.draw((&mut y, &mut v), options, draw);
            let view = EffectsView::new(self.effects().measure(), &y, &v, &[]);
            let extent = Extent { inference: Inference::Wald, full: false };
            let solved = solve(view, self.solved_by(), &mut workspace, extent);
            let (drawn, _) = solved.map_err(|failure| failure.explain(self.solved_by().0, &[]))?;
            shares.push(ProbabilityBeyond::share_beyond(plain.threshold, drawn.mu, drawn.tau2, sign));
        }
        shares.sort_by(f64::total_cmp);
        // The order statistics that leave at most the tail on each side.
        let rank = ((draws + 1.0) * 0.5 * (1.0 - level) * (1.0 + 1e-12)).floor().max(1.0) as usize;
        let lower = shares.get(rank - 1).copied().unwrap_or(0.0);
        let upper = shares.get(shares.len().saturating_sub(rank)).copied().unwrap_or(1.0);
        Ok(plain.with_interval((lower, upper)))
    }

    /// One resampled data set.
    fn draw(&self, (to_y, to_v): (&mut [f64], &mut [f64]), options: Tau2Bootstrap, draw: u64) {
        let (y, v, k) = (self.effects().y(), self.effects().v(), self.k());
        for (i, (to_y, to_v)) in to_y.iter_mut().zip(to_v).enumerate() {
            let u = uniform(options.seed, draw * k as u64 + i as u64);
            match options.resampling {
                Resampling::Parametric => {
                    *to_y = self.solution().mu + normal::quantile(u) * (*to_v + self.solution().tau2).sqrt();
                }
                Resampling::Nonparametric => {
                    let drawn = (u * k as f64) as usize;
                    if let (Some(y), Some(v)) = (y.get(drawn), v.get(drawn)) {
                        (*to_y, *to_v) = (*y, *v);
                    }
                }
            }
        }
    }
}
