//! Intervals for the heterogeneity of a pooled result, by any method.

use super::pooled::{Model, Pooled};
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{
    AverageShare, HeterogeneityBound, HeterogeneityIntervals, QWeighting, Side, Tails, Tau2Bootstrap, Tau2Interval,
    TestBased, check_level, not_applicable,
};
use crate::num::{chi_squared, normal};
use crate::tau2::{Likelihood, QWeights, Tau2, Tau2Error, Tau2Set, Width, bootstrap_interval, generalised_q_interval};

impl Pooled {
    /// Q-profile confidence regions for tau2, I2 and H2 at the level of the model; metafor: `confint`.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// # let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
    /// // Effects 0.1, 0.9 and 0.5 with variances 0.04, 0.05 and 0.03
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // metafor 3.8: confint(rma(yi, vi)) has 0.0000 to 6.2747 for tau2, 0.0000 to 0.993797 for I2.
    /// let found = fit.heterogeneity_intervals()?;
    /// assert!(found.tau2.interval().is_some_and(|tau2| tau2.lower == 0.0 && (tau2.upper - 6.2747).abs() < 1e-4));
    /// assert!(found.i2.interval().is_some_and(|i2| i2.lower == 0.0 && (i2.upper - 0.993_797).abs() < 1e-6));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooFewStudies`] for one study; [`ErrorKind::Overflow`].
    pub fn heterogeneity_intervals(&self) -> Result<HeterogeneityIntervals> {
        self.heterogeneity_intervals_by(Tau2Interval::default())
    }

    /// As [`heterogeneity_intervals`](Self::heterogeneity_intervals), at another level.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// # let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
    /// // Effects 0.1, 0.9 and 0.5 with variances 0.04, 0.05 and 0.03
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // metafor 3.8: confint(rma(yi, vi), level = 80)
    /// let tau2 = fit.heterogeneity_intervals_at(0.8)?.tau2.interval().expect("not empty");
    /// assert!((tau2.lower - 0.0246).abs() < 1e-4 && (tau2.upper - 1.4736).abs() < 1e-4);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Also [`ErrorKind::LevelOutOfRange`].
    pub fn heterogeneity_intervals_at(&self, level: f64) -> Result<HeterogeneityIntervals> {
        self.heterogeneity_intervals_by_at(Tau2Interval::default(), level)
    }

    /// Confidence regions for tau2, tau, I2 and H2 by another method, at the level of the model; metafor:
    /// `confint(type = ...)`.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Likelihood, Measure, RandomEffects, Tails, Tau2, Tau2Interval};
    ///
    /// // Collins et al. 1985, diuretics in pre-eclampsia, log odds ratios.
    /// let y = [0.0418471, -0.9236708, -1.1221428, -1.4733057, -1.3910245, -0.2968898, -0.2624236, 1.0888009, 0.1353393];
    /// let v = [0.1597055, 0.1177366, 0.1780427, 0.2988904, 0.1142856, 0.0146338, 0.1206487, 0.6864155, 0.0678959];
    /// let rows = y.into_iter().zip(v).enumerate();
    /// let effects = Effects::from_rows(
    ///     rows.map(|(i, (y, v))| Ok((format!("study {i}"), Effect::from_variance(Measure::LogOddsRatio, y, v)?)))
    ///         .collect::<meta_analysis::Result<Vec<_>>>()?,
    /// )?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    ///
    /// // Viechtbauer 2007, table II.
    /// let profile = fit.heterogeneity_intervals_by(Tau2Interval::ProfileLikelihood(Likelihood::Restricted))?;
    /// assert_eq!(profile.tau2.to_string(), "[0.0427, 1.47]");
    /// let shortest = fit.heterogeneity_intervals_by("Q-profile (shortest)".parse()?)?;
    /// assert_eq!(shortest.method, Tau2Interval::QProfile(Tails::Shortest));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooFewStudies`] for one study; [`ErrorKind::NotApplicable`] for what a method cannot do: the
    /// shortest tails of a generalised Q, a bootstrap with too few replicates, a Wald interval or bootstrap where tau2
    /// is not estimated or has no standard error; [`ErrorKind::Overflow`].
    pub fn heterogeneity_intervals_by(&self, method: Tau2Interval) -> Result<HeterogeneityIntervals> {
        self.heterogeneity_intervals_by_at(method, self.estimate().level())
    }

    /// As [`heterogeneity_intervals_by`](Self::heterogeneity_intervals_by), at another level.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2, Tau2Interval};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // tau2_SJ = 8/3 * (8 / (1 + 8/3)) / 2 = 32/11, and the quartiles of chi-square with 2 df are -2 ln(1 - p).
    /// let found = fit.heterogeneity_intervals_by_at(Tau2Interval::SidikJonkman, 0.5)?;
    /// let tau2 = found.tau2.interval().expect("not empty");
    /// assert!((tau2.lower - 32.0 / 11.0 / 4.0_f64.ln()).abs() < 1e-12);
    /// assert!((tau2.upper + 32.0 / 11.0 / 0.75_f64.ln()).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Also [`ErrorKind::LevelOutOfRange`].
    pub fn heterogeneity_intervals_by_at(&self, method: Tau2Interval, level: f64) -> Result<HeterogeneityIntervals> {
        let alpha = 1.0 - check_level(level)?;
        let s2 = self.typical_variance()?;
        let pieces = match method {
            Tau2Interval::QProfile(tails) => self.q_profile(alpha, tails)?,
            Tau2Interval::GeneralisedQ(weights, tails) => self.generalised_q(weights.weights()?, alpha, tails)?,
            Tau2Interval::ProfileLikelihood(likelihood) => {
                self.likelihood_pieces(likelihood, chi_squared::quantile_upper(alpha, 1.0))?
            }
            Tau2Interval::SidikJonkman => {
                let (upper, lower) = self.quantiles((0.5 * alpha, 0.5 * alpha));
                pieces(self.loaded()?.sidik_jonkman_interval(upper, lower).map_err(|e| self.explain(e))?)
            }
            Tau2Interval::Bootstrap(how) => self.bootstrap(how, 0.5 * alpha)?,
            Tau2Interval::Wald => return self.wald_intervals(level, 0.5 * alpha, s2),
        };
        self.intervals(method, level, &pieces, s2)
    }

    /// Generalised-Q regions with weights of your own, positive and chosen without looking at the effects; one per
    /// study. See [`Tau2Interval::GeneralisedQ`]. metafor: `rma(method = "GENQ", weights = ...)` and `confint`.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tails, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let found = fit.heterogeneity_intervals_with_weights(&[2.0; 3], Tails::Equal, 0.95)?;
    /// // Equal weights and variances: the sum of squares 8 is (1 + tau2) times chi-square with 2 df.
    /// let tau2 = found.tau2.interval().expect("not empty");
    /// assert!((tau2.lower / (-4.0 / 0.025_f64.ln() - 1.0) - 1.0).abs() < 1e-10);
    /// assert!((tau2.upper / (-4.0 / 0.975_f64.ln() - 1.0) - 1.0).abs() < 1e-10);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`heterogeneity_intervals_by_at`](Self::heterogeneity_intervals_by_at); [`ErrorKind::LengthMismatch`]; a
    /// weight that is not finite, not positive or less than 2^-300 of the largest is [`ErrorKind::InvalidWeight`] and
    /// names the study.
    pub fn heterogeneity_intervals_with_weights(
        &self,
        weights: &[f64],
        tails: Tails,
        level: f64,
    ) -> Result<HeterogeneityIntervals> {
        let alpha = 1.0 - check_level(level)?;
        let s2 = self.typical_variance()?;
        let pieces = self.generalised_q(QWeights::User(weights), alpha, tails)?;
        self.intervals(Tau2Interval::GeneralisedQ(QWeighting::User, tails), level, &pieces, s2)
    }

    /// A one-sided confidence bound for tau2, tau, I2 and H2: `None` if no value of tau2 is compatible with the data
    /// (upper bounds by Q). The bound of level 1 - alpha/2 is an end of the two-sided interval of level 1 - alpha.
    ///
    /// By Q-profile, generalised Q and profile likelihood; tails do not matter. By profile likelihood it is an end of
    /// the whole set, pieces and gaps.
    ///
    /// ```text
    /// Q(bound) = chi2 quantile at level (lower bound) or 1 - level (upper bound)
    /// 2 (l_max - l(bound)) = z^2,  z the normal quantile at level
    /// ```
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Likelihood, Measure, RandomEffects, Side, Tau2, Tau2Interval};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // Restricted likelihood: with r = 4 / (1 + tau2), z^2 = 2 (r - 1 - ln r).
    /// let method = Tau2Interval::ProfileLikelihood(Likelihood::Restricted);
    /// let bound = fit.heterogeneity_bound(method, Side::Upper, 0.95)?.expect("not empty");
    /// let r = 4.0 / (1.0 + bound.tau2);
    /// assert!((2.0 * (r - 1.0 - r.ln()) - 1.644_853_626_951_473_f64.powi(2)).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] for another method, and by profile likelihood for a level below one half;
    /// else as [`heterogeneity_intervals_by_at`](Self::heterogeneity_intervals_by_at).
    pub fn heterogeneity_bound(
        &self,
        method: Tau2Interval,
        side: Side,
        level: f64,
    ) -> Result<Option<HeterogeneityBound>> {
        let tail = 1.0 - check_level(level)?;
        let s2 = self.typical_variance()?;
        let tau2 = match method {
            Tau2Interval::QProfile(_) => self.q_bound(side, tail)?,
            Tau2Interval::GeneralisedQ(weights, _) => self.generalised_q_bound(weights.weights()?, side, tail)?,
            Tau2Interval::ProfileLikelihood(likelihood) => {
                if level < 0.5 {
                    let why = "it would lie beyond the estimate; use a level of at least 0.5";
                    return Err(not_applicable("a one-sided profile-likelihood bound", why));
                }
                let z = normal::quantile_upper(tail);
                let pieces = self.likelihood_pieces(likelihood, z * z)?;
                match side {
                    Side::Lower => pieces.first().map(|piece| piece.0),
                    Side::Upper => pieces.last().map(|piece| piece.1),
                }
            }
            _ => {
                let why = "there is one by Q-profile, generalised Q and profile likelihood";
                return Err(not_applicable("a one-sided bound by this method", why));
            }
        };
        let bound = tau2.map(|tau2| HeterogeneityBound::new(method, side, level, tau2, s2));
        if bound.is_some_and(|bound| !in_range(bound.tau2, s2)) {
            return Err(overflow());
        }
        Ok(bound)
    }

    /// Test-based intervals for H, H2 and I2, which belong to the I2 from Q. See [`TestBased`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // H = sqrt(8/2) = 2, se(log H) = log 2 / (sqrt(16) - sqrt(3)); the normal quantile at 0.75
    /// let h = fit.test_based_intervals(0.5)?.h;
    /// assert!((h.upper.log2() - (1.0 + 0.674_489_750_196_082 / (4.0 - 3.0_f64.sqrt()))).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooFewStudies`] for one study, or two with Q <= 2; [`ErrorKind::LevelOutOfRange`];
    /// [`ErrorKind::Overflow`].
    pub fn test_based_intervals(&self, level: f64) -> Result<TestBased> {
        let tail = 0.5 * (1.0 - check_level(level)?);
        self.typical_variance()?;
        TestBased::new(self.solution(), level, tail)
    }

    /// R_b with its interval. See [`AverageShare`].
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1: tau2 = 3 with standard error 4
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let share = fit.average_share(0.5)?;
    /// assert!((share.value - 0.75).abs() < 1e-13);
    /// assert!((share.interval.upper - (0.75 + 0.25 * 0.674_489_750_196_082)).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] where tau2 is not estimated or has no standard error;
    /// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::Overflow`].
    pub fn average_share(&self, level: f64) -> Result<AverageShare> {
        let tail = 0.5 * (1.0 - check_level(level)?);
        self.estimator("the interval of R_b")?;
        AverageShare::new(self.solution(), self.effects().v(), level, tail)
    }

    /// Diamond ratio: how much wider heterogeneity makes the Wald interval of the pooled effect; 1 where tau2 is 0.
    /// Cairns & Prendergast 2022, Res Synth Methods 13:161, doi 10.1002/jrsm.1526.
    ///
    /// ```text
    /// sqrt(sum 1/v) / sqrt(sum 1/(v + tau2))
    /// ```
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // sqrt(3) / sqrt(3/4)
    /// assert!((fit.diamond_ratio()? - 2.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`].
    pub fn diamond_ratio(&self) -> Result<f64> {
        let common = self.loaded()?.mean_at(0.0).map_err(|e| self.explain(e))?;
        let ratio = self.solution().se / common.standard_error;
        if ratio.is_finite() { Ok(ratio) } else { Err(overflow()) }
    }

    fn typical_variance(&self) -> Result<f64> {
        self.solution().typical_variance.ok_or_else(|| {
            let (k, remedy) = (self.k(), "one study says nothing about heterogeneity");
            ErrorKind::TooFewStudies { what: "an interval for tau2", k, needed: 2, remedy }.into()
        })
    }

    fn intervals(
        &self,
        method: Tau2Interval,
        level: f64,
        pieces: &[(f64, f64)],
        s2: f64,
    ) -> Result<HeterogeneityIntervals> {
        if !pieces.iter().all(|&(_, upper)| in_range(upper, s2)) {
            return Err(overflow());
        }
        Ok(HeterogeneityIntervals::new(method, level, pieces, s2))
    }

    /// Chi-square quantiles of k - 1 df that `(a_lower, a_upper)` stand for.
    fn quantiles(&self, (lower, upper): (f64, f64)) -> (f64, f64) {
        let df = self.solution().df();
        (chi_squared::quantile_upper(lower, df), chi_squared::quantile(upper, df))
    }

    fn q_profile(&self, alpha: f64, tails: Tails) -> Result<Vec<(f64, f64)>> {
        let mut workspace = self.loaded()?;
        let set = match tails.fixed(alpha)? {
            Some(shares) => {
                let (upper, lower) = self.quantiles(shares);
                workspace.q_profile(upper, lower)
            }
            None if tails == Tails::ShortestTau => workspace.shortest_q_profile(alpha, Width::Tau),
            None => workspace.shortest_q_profile(alpha, Width::Tau2),
        };
        Ok(pieces(set.map_err(|e| self.explain(e))?))
    }

    fn generalised_q(&self, weights: QWeights<'_>, alpha: f64, tails: Tails) -> Result<Vec<(f64, f64)>> {
        let Some((lower, upper)) = tails.fixed(alpha)? else {
            let why = "its shortest tails have not been worked out; use `Tails::Lower`, e.g. 0.2";
            return Err(not_applicable("the shortest generalised-Q interval", why));
        };
        Ok(pieces(self.generalised_q_set(weights, (lower, upper))?))
    }

    fn generalised_q_set(&self, weights: QWeights<'_>, (lower, upper): (f64, f64)) -> Result<Tau2Set> {
        let (y, v) = (self.effects().y(), self.effects().v());
        generalised_q_interval(y, v, weights, lower, upper).map_err(|e| self.explain_generalised_q(e))
    }

    fn likelihood_pieces(&self, likelihood: Likelihood, drop: f64) -> Result<Vec<(f64, f64)>> {
        let set = self.loaded()?.profile_likelihood_set(likelihood, drop);
        Ok(set.map_err(|e| self.explain(e))?.pieces().to_vec())
    }

    fn bootstrap(&self, how: Tau2Bootstrap, tail: f64) -> Result<Vec<(f64, f64)>> {
        let estimator = self.estimator("a bootstrap interval of tau2")?;
        let (y, v) = (self.effects().y(), self.effects().v());
        let Tau2Bootstrap { resampling, replicates, seed } = how;
        let set = bootstrap_interval(y, v, estimator, resampling, (replicates, seed), (tail, tail));
        match set {
            Err(Tau2Error::TooFewReplicates { .. }) => {
                Err(not_applicable("a bootstrap interval with so few replicates", "use at least 2/(1 - level) - 1"))
            }
            set => Ok(pieces(set.map_err(|e| self.explain(e))?)),
        }
    }

    fn wald_intervals(&self, level: f64, tail: f64, s2: f64) -> Result<HeterogeneityIntervals> {
        self.estimator("a Wald interval of tau2")?;
        let solution = self.solution();
        let Some(se) = solution.tau2_se else {
            return Err(not_applicable("a Wald interval of tau2", "this estimator has no standard error"));
        };
        let half = normal::quantile_upper(tail) * se;
        let (lower, upper) = (solution.tau2 - half, solution.tau2 + half);
        let mut intervals = self.intervals(Tau2Interval::Wald, level, &[(lower.max(0.0), upper)], s2)?;
        intervals.truncated = lower < 0.0;
        Ok(intervals)
    }

    /// The estimator of tau2, if it is one.
    fn estimator(&self, what: &'static str) -> Result<Tau2> {
        match self.model() {
            Model::RandomEffects(model) if !matches!(model.tau2(), Tau2::Fixed(_)) => Ok(model.tau2()),
            _ => Err(not_applicable(what, "this model does not estimate tau2")),
        }
    }

    fn q_bound(&self, side: Side, tail: f64) -> Result<Option<f64>> {
        let (mut workspace, df) = (self.loaded()?, self.solution().df());
        let at = |q: f64, workspace: &mut crate::tau2::Workspace| workspace.tau2_at_q(q).map_err(|e| self.explain(e));
        match side {
            // Without a root every tau2 will do.
            Side::Lower => Ok(Some(at(chi_squared::quantile_upper(tail, df), &mut workspace)?.unwrap_or(0.0))),
            Side::Upper => at(chi_squared::quantile(tail, df), &mut workspace),
        }
    }

    /// Each end depends on its own tail only; the other tail is chosen so that it exists.
    fn generalised_q_bound(&self, weights: QWeights<'_>, side: Side, tail: f64) -> Result<Option<f64>> {
        let other = 0.5 * (1.0 - tail);
        match side {
            Side::Lower => match self.generalised_q_set(weights, (tail, other))? {
                // P(Q <= q) < other at tau2 = 0: every tau2 makes so small a q likely enough.
                Tau2Set::Empty => Ok(Some(0.0)),
                Tau2Set::Interval { lower, .. } => Ok(Some(lower)),
            },
            Side::Upper => match self.generalised_q_set(weights, (other, tail))? {
                Tau2Set::Empty => Ok(None),
                Tau2Set::Interval { upper, .. } => Ok(Some(upper)),
            },
        }
    }

    fn explain_generalised_q(&self, error: Tau2Error) -> Error {
        match error {
            // Tails come from a level and a share that were checked: too close to 0 or 1 for two of them.
            Tau2Error::InvalidTails { .. } => ErrorKind::Overflow { what: "a tail probability" }.into(),
            error => self.explain(error),
        }
    }
}

fn pieces(set: Tau2Set) -> Vec<(f64, f64)> {
    match set {
        Tau2Set::Empty => Vec::new(),
        Tau2Set::Interval { lower, upper } => vec![(lower, upper)],
    }
}

/// Whether I2 and H2 can be computed at this tau2.
fn in_range(tau2: f64, s2: f64) -> bool {
    (tau2 + s2).is_finite() && (tau2 / s2).is_finite()
}

fn overflow() -> Error {
    ErrorKind::Overflow { what: "an interval for the heterogeneity" }.into()
}
