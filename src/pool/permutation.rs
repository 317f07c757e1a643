//! Permutation tests of the mean: sign flips, each pattern fitted by the model itself.

use super::pooled::Pooled;
use super::solve::{Extent, solve};
use crate::effects::EffectsView;
use crate::error::{ErrorKind, Result};
use crate::inference::{Inference, MeanInterval, MeanMethod, Permutation, PermutationTest};
use crate::num::random::uniform;
use crate::num::turning_point::turning_point_from;
use crate::tau2::{Tau2, Workspace};

/// Statistics this close (relative to the larger of the observed one and 1 standard error) are ties, and count as extreme.
const TIE: f64 = 1e-9;

impl Pooled {
    /// Permutation test of the hypothesis that the pooled effect is `hypothesis` (analysis scale).
    ///
    /// Under it, and if effects are distributed symmetrically around it, `y_i - hypothesis` is as likely to be positive as
    /// negative, whatever its size. All ways to give signs are therefore equally likely, and the p-value is the share of
    /// them whose test statistic is at least as far from 0 as that of the data. Every pattern is fitted from scratch by
    /// the model: its estimator of tau2, its inference.
    ///
    /// ```text
    /// p = #{ signs s : |T(s_1 (y_1 - mu), ..., s_k (y_k - mu))| >= |T(y - mu)| } / 2^k        T = estimate / standard error
    /// ```
    ///
    /// To [`Permutation::EXACT_UP_TO`] studies all patterns are counted and nothing is random; beyond, `draws` random ones
    /// and the data themselves, which makes the test valid for any number of draws. Ties, which symmetry makes common,
    /// are statistics within 1e-9 (relative to the statistic of the data, or to 1 if that is larger) and count as extreme.
    /// The smallest possible p-value is `2^(1-k)`: with fewer than 6 studies it is above 0.05.
    ///
    /// Follmann DA, Proschan MA (1999) Biometrics 55:732-737, doi 10.1111/j.0006-341X.1999.00732.x; Higgins JPT, Thompson
    /// SG (2004) Stat Med 23:1663-1682, doi 10.1002/sim.1752; for random patterns Phipson B, Smyth GK (2010) Stat Appl Genet
    /// Mol Biol 9:39, doi 10.2202/1544-6115.1585. metafor: `permutest(exact = TRUE)` of a model without moderators.
    ///
    /// ```
    /// use meta_analysis::{CommonEffect, Effect, Effects, Measure, Permutation};
    ///
    /// let y = [0.1, 0.3, 0.35, 0.8, 0.25, 0.4];
    /// let rows = y.iter().enumerate().map(|(i, y)| {
    ///     Ok((format!("study {i}"), Effect::from_variance(Measure::MeanDifference, *y, 0.04)?))
    /// });
    /// let effects = Effects::from_rows(rows.collect::<Result<Vec<_>, meta_analysis::Error>>()?)?;
    /// let test = CommonEffect::new().fit(&effects)?.permutation_test(0.0, Permutation::default())?;
    /// // All effects have one sign: nothing is as extreme as that.
    /// assert_eq!((test.p_value, test.patterns, test.exact), (1.0 / 32.0, 32, true));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`] for a hypothesis that is not a number, and what the model's `fit` reports.
    pub fn permutation_test(&self, hypothesis: f64, options: Permutation) -> Result<PermutationTest> {
        if !hypothesis.is_finite() {
            return Err(ErrorKind::NonFinite { field: "hypothesis", value: hypothesis }.into());
        }
        let mut flips = Flips::new(self, options);
        let (statistic, extreme) = flips.count(hypothesis, TIE)?;
        let patterns = flips.patterns();
        let p_value = extreme as f64 / patterns as f64;
        Ok(PermutationTest { hypothesis, statistic, p_value, extreme, patterns, exact: flips.exact })
    }

    /// The interval that the permutation test does not reject.
    pub(super) fn permutation_interval(&self, options: Permutation, level: f64) -> Result<MeanInterval> {
        let mut flips = Flips::new(self, options);
        let (smallest, alpha) = (1.0 / flips.patterns() as f64, 1.0 - level);
        // 1 - 0.9 is below 0.1 by rounding; a share of patterns is never that close to a level without being it.
        let bar = alpha * (1.0 + 1e-12);
        if smallest > bar {
            return Err(ErrorKind::LevelNotAttainable { what: "a permutation interval", level, smallest }.into());
        }
        let (value, step) = (self.estimate().value(), self.solution().se);
        let mut end = |step: f64| flips.end(value, step, bar);
        let (lower, upper) = (end(-step)?, end(step)?);
        let null = self.estimate().measure().null_value().unwrap_or(0.0);
        let p_value = self.permutation_test(null, options)?.p_value;
        let of = (self.estimate().measure(), self.estimate().scale());
        Ok(MeanInterval::new(of, (MeanMethod::Permutation(options), level), value, vec![(lower, upper)], p_value))
    }
}

/// The sign patterns of one set of effects, and the memory to fit them.
struct Flips<'a> {
    fit: &'a Pooled,
    model: (Tau2, bool),
    inference: Inference,
    options: Permutation,
    exact: bool,
    workspace: Workspace,
    flipped: Vec<f64>,
}

impl<'a> Flips<'a> {
    fn new(fit: &'a Pooled, options: Permutation) -> Self {
        let exact = fit.k() <= Permutation::EXACT_UP_TO;
        let (model, inference) = (fit.solved_by(), fit.estimate().inference());
        let (workspace, flipped) = (Workspace::new(), vec![0.0; fit.k()]);
        Self { fit, model, inference, options, exact, workspace, flipped }
    }

    /// Patterns looked at, number 0 being the data.
    fn patterns(&self) -> u64 {
        if self.exact { 1 << (self.fit.k().max(1) - 1) } else { u64::from(self.options.draws) + 1 }
    }

    /// Whether study `i` changes its sign in a pattern. When all patterns are listed the last study keeps its sign.
    fn changes(&self, pattern: u64, i: usize) -> bool {
        if pattern == 0 {
            return false;
        }
        if self.exact {
            return i < 64 && (pattern >> i) & 1 == 1;
        }
        uniform(self.options.seed, (pattern - 1) * self.fit.k() as u64 + i as u64) < 0.5
    }

    /// The test statistic of a pattern around `mu`.
    fn statistic(&mut self, pattern: u64, mu: f64) -> Result<f64> {
        let mut flipped = std::mem::take(&mut self.flipped);
        for (i, (to, y)) in flipped.iter_mut().zip(self.fit.effects().y()).enumerate() {
            *to = if self.changes(pattern, i) { mu - y } else { y - mu };
        }
        let view = EffectsView::new(self.fit.effects().measure(), &flipped, self.fit.effects().v(), &[]);
        let extent = Extent { inference: self.inference, full: false };
        let solved = solve(view, self.model, &mut self.workspace, extent);
        self.flipped = flipped;
        let (solution, _) = solved.map_err(|failure| failure.explain(self.model.0, self.fit.effects().labels()))?;
        match self.inference.standard_error(&solution, self.fit.estimate().level()) {
            Ok((se, _)) => {
                let statistic = solution.mu / se;
                if statistic.is_finite() { Ok(statistic) } else { Err(overflow()) }
            }
            // All flipped effects are equal: infinitely significant, unless they are 0.
            Err(error) if *error.kind() == ErrorKind::DegenerateVariance => {
                Ok(if solution.mu == 0.0 { 0.0 } else { f64::INFINITY.copysign(solution.mu) })
            }
            Err(error) => Err(error),
        }
    }

    /// The statistic of the data, and how many patterns are as extreme.
    fn count(&mut self, mu: f64, tie: f64) -> Result<(f64, u64)> {
        let observed = self.statistic(0, mu)?;
        let bar = bar(observed, tie);
        let mut extreme = 1;
        for pattern in 1..self.patterns() {
            extreme += u64::from(self.statistic(pattern, mu)?.abs() >= bar);
        }
        Ok((observed, extreme))
    }

    /// The place between `from`, where nothing is rejected, and infinity where the p-value falls to `alpha`.
    ///
    /// A pattern is as extreme as the data near `from` and no longer so beyond some point of its own. Bisection
    /// therefore needs to look again only at the patterns whose point lies in the bracket. That this is so is not a
    /// theorem for every estimator of tau2, so both sides of the end are counted in full, and if they disagree the
    /// bisection is done again with all patterns.
    fn end(&mut self, from: f64, step: f64, alpha: f64) -> Result<f64> {
        let total = self.patterns() as f64;
        let resolution = 0.5 * f64::EPSILON * step.abs();
        let mut open: Vec<u64> = (1..self.patterns()).collect();
        let mut settled = 1_u64;
        let quick = turning_point_from(from, step, resolution, |mu| {
            let bar = bar(self.statistic(0, mu)?, 0.0);
            let mut extreme = Vec::with_capacity(open.len());
            for pattern in &open {
                extreme.push(self.statistic(*pattern, mu)?.abs() >= bar);
            }
            let count = settled + extreme.iter().filter(|e| **e).count() as u64;
            let kept = count as f64 / total > alpha;
            if !kept {
                settled = count;
            }
            let mut extreme = extreme.into_iter();
            open.retain(|_| extreme.next() == Some(kept));
            Ok::<bool, crate::Error>(kept)
        })?;
        let (inside, outside) = quick.ok_or_else(overflow)?;
        let mut kept = |mu| Ok::<bool, crate::Error>(self.count(mu, 0.0)?.1 as f64 / total > alpha);
        if kept(inside)? && !kept(outside)? {
            return Ok(inside + 0.5 * (outside - inside));
        }
        let slow = turning_point_from(from, step, resolution, kept)?;
        let (inside, outside) = slow.ok_or_else(overflow)?;
        Ok(inside + 0.5 * (outside - inside))
    }
}

/// What counts as extreme.
fn bar(observed: f64, tie: f64) -> f64 {
    let size = observed.abs();
    if size.is_finite() { size - tie * size.max(1.0) } else { size }
}

fn overflow() -> crate::Error {
    ErrorKind::Overflow { what: "the permutation test" }.into()
}
