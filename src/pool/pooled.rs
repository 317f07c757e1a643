//! The result of pooling.

use super::common::CommonEffect;
use super::random::RandomEffects;
use super::solve::{Extent, solve};
use crate::effects::Effects;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Estimate, Heterogeneity, Inference, Information, Natural, Note, Solution, check_level};
use crate::num::format::{percent, significant};
use crate::tau2::{Certificate, Likelihood, Tau2, Workspace};
use serde::{Deserialize, Serialize};

/// The model that was fitted, with its options.
///
/// ```
/// use meta_analysis::{CommonEffect, Effect, Effects, Measure, Model, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let (common, random) = (CommonEffect::new().fit(&effects)?, RandomEffects::new(Tau2::Reml).fit(&effects)?);
/// assert!(matches!(common.model(), Model::CommonEffect(_)));
/// assert!(matches!(random.model(), Model::RandomEffects(model) if model.tau2() == Tau2::Reml));
/// // One mean, 3, and two standard errors: the variance of an effect is 1 in one model, 1 + tau2 = 4 in the other.
/// assert!((common.estimate().se() - (1.0_f64 / 3.0).sqrt()).abs() < 1e-14);
/// assert!((random.estimate().se() - (4.0_f64 / 3.0).sqrt()).abs() < 1e-13);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Model {
    /// One common effect.
    CommonEffect(CommonEffect),
    /// Effects that differ between studies.
    RandomEffects(RandomEffects),
}

impl Model {
    #[inline(always)]
    fn options(&self) -> (Tau2, Inference, f64) {
        match self {
            Self::CommonEffect(model) => model.options(),
            Self::RandomEffects(model) => model.options(),
        }
    }

    fn is_random(&self) -> bool {
        matches!(self, Self::RandomEffects(_))
    }
}

impl std::fmt::Display for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CommonEffect(_) => f.write_str("common effect"),
            Self::RandomEffects(model) => write!(f, "random effects ({})", model.tau2()),
        }
    }
}

/// Effects pooled by a model: the effect, heterogeneity, prediction, and what a report has to disclose.
///
/// It owns the effects it came from, so that diagnostics and tables need nothing else and cannot be given the
/// wrong data. `{}` prints one line on the natural scale and the notes, `{:#}` adds the analysis scale. It
/// serialises whole; deserialising fits the model again.
///
/// ```
/// use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// // Equal variances: the plain mean, with the standard deviation 2 of the effects and t with 2 df
/// let (estimate, half) = (fit.estimate(), 4.302_652_729_749_464 * 2.0 / 3.0_f64.sqrt());
/// assert!((estimate.value() - 3.0).abs() < 1e-14);
/// assert!((estimate.interval().1 - (3.0 + half)).abs() < 1e-12);
/// // tau2 = 4 - 1, three quarters of the variance
/// assert!((fit.solution().tau2 - 3.0).abs() < 1e-12 && (fit.heterogeneity().i2 - 0.75).abs() < 1e-13);
/// assert!(fit.weights().iter().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-15));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Pooled {
    model: Model,
    effects: Effects,
    solution: Solution,
    estimate: Estimate,
    heterogeneity: Heterogeneity,
    certificate: Option<Certificate>,
    notes: Vec<Note>,
}

/// All that a file is trusted for: what was fitted to what.
#[derive(Deserialize)]
struct Unchecked {
    model: Model,
    effects: Effects,
}

impl TryFrom<Unchecked> for Pooled {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fit(raw.model, &raw.effects)
    }
}

impl Pooled {
    pub(super) fn fit(model: Model, effects: &Effects) -> Result<Self> {
        let (tau2, inference, level) = model.options();
        check_level(level)?;
        let mut notes = Vec::new();
        let view = effects.view();
        let extent = Extent { inference, full: true };
        let solved = Workspace::with(|workspace| solve(view, (tau2, model.is_random()), workspace, extent));
        let (solution, certificate) = match solved {
            Ok(solved) => solved,
            Err(failure) => return Err(failure.explain(tau2, effects.labels())),
        };
        let estimate = Estimate::new(&solution, inference, level, effects.measure(), view.pooled_scale())?;
        let heterogeneity = Heterogeneity::new(&solution, model.is_random())?;
        notes_of_effects(effects, &mut notes);
        if model.is_random() {
            notes_of_tau2(tau2, &solution, certificate.as_ref(), &mut notes);
            notes_of_interval(&solution, &estimate, &mut notes);
        }
        // Put together where the caller wants it: half a kilobyte that is not moved again.
        Ok(Self { model, effects: effects.clone(), solution, estimate, heterogeneity, certificate, notes })
    }

    /// The same model fitted to other effects, e.g. to a subset.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let without_a = fit.refit(&effects.select(&[1, 2])?)?;
    /// assert!(without_a.k() == 2 && (without_a.estimate().value() - 4.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As the model's `fit`.
    pub fn refit(&self, effects: &Effects) -> Result<Self> {
        Self::fit(self.model, effects)
    }

    /// The model and its options.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.model().to_string(), "random effects (restricted maximum likelihood)");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The effects that were pooled.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.effects().labels(), ["A", "B", "C"]);
    /// assert_eq!(fit.effects().y(), [1.0, 3.0, 5.0]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// The plain numbers of the solution.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let solution = fit.solution();
    /// assert!((solution.tau2 - 3.0).abs() < 1e-12 && (solution.q - 8.0).abs() < 1e-13);
    /// // Q with weights 1/(1 + tau2)
    /// assert!((solution.q_at_tau2 - 2.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn solution(&self) -> &Solution {
        &self.solution
    }

    /// Number of studies.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.k(), 3);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn k(&self) -> usize {
        self.solution.k
    }

    /// The pooled effect on the analysis scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let estimate = fit.estimate();
    /// assert!((estimate.value() - 3.0).abs() < 1e-14 && (estimate.se() - (4.0_f64 / 3.0).sqrt()).abs() < 1e-12);
    /// assert_eq!(estimate.df(), Some(2.0));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn estimate(&self) -> &Estimate {
        &self.estimate
    }

    /// The pooled effect by another inference, from the same solution and at the same level.
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Inference, Measure, RandomEffects, Tau2};
    ///
    /// let row = |label, y, v| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, v)?));
    /// let effects = Effects::from_rows([row("A", 0.1, 0.04)?, row("B", 0.9, 0.05)?, row("C", 0.5, 0.03)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let wald = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(&effects)?;
    /// assert_eq!(&fit.estimate_by(Inference::Wald)?, wald.estimate());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As the model's `fit` with this inference.
    pub fn estimate_by(&self, inference: Inference) -> Result<Estimate> {
        let own = &self.estimate;
        Estimate::new(&self.solution, inference, own.level(), own.measure(), own.scale())
    }

    /// The pooled effect on the natural scale. See [`Estimate::natural`].
    ///
    /// ```
    /// use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    ///
    /// let effects = Effects::from_rows([("A", Effect::from_variance(Measure::LogOddsRatio, 2.0_f64.ln(), 0.04)?)])?;
    /// // exp(ln 2 -+ 1.96 * 0.2)
    /// assert_eq!(CommonEffect::new().fit(&effects)?.natural().to_string(), "2.00 [1.35, 2.96]");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        self.estimate.natural()
    }

    /// Q, I2, H2, tau2.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let found = fit.heterogeneity();
    /// assert!((found.q - 8.0).abs() < 1e-13 && (found.p_value - (-4.0_f64).exp()).abs() < 1e-14);
    /// assert!((found.tau2 - 3.0).abs() < 1e-12 && (found.i2 - 0.75).abs() < 1e-13 && (found.h2 - 4.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn heterogeneity(&self) -> &Heterogeneity {
        &self.heterogeneity
    }

    /// Log-likelihood at the fitted values, with AIC, BIC and AICc.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Likelihood, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// // tau2 = 3: two contrasts of variance 4, and Q(3) = 2
    /// let found = fit.information(Likelihood::Restricted)?;
    /// let log_likelihood = -(8.0 * std::f64::consts::PI).ln() - 1.0;
    /// assert!((found.log_likelihood - log_likelihood).abs() < 1e-13);
    /// assert!((found.aic - (4.0 - 2.0 * log_likelihood)).abs() < 1e-12); // mean and tau2
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooFewStudies`] for the restricted likelihood of one study; [`ErrorKind::Overflow`].
    pub fn information(&self, likelihood: Likelihood) -> Result<Information> {
        if likelihood == Likelihood::Restricted && self.k() < 2 {
            let (k, remedy) = (self.k(), "use `Likelihood::Full`");
            return Err(ErrorKind::TooFewStudies { what: "the restricted likelihood", k, needed: 2, remedy }.into());
        }
        let (tau2, ..) = self.model.options();
        let parameters = if matches!(tau2, Tau2::Fixed(_)) { 1 } else { 2 };
        let ll = self.loaded()?.log_likelihood(self.solution.tau2, likelihood).map_err(|e| self.explain(e))?;
        Ok(Information::new(likelihood, ll, parameters, self.k()))
    }

    /// The proof that the likelihood estimate is the global maximum, with every other local maximum;
    /// for [`Tau2::Reml`] and [`Tau2::MaximumLikelihood`] only.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let certificate = fit.certificate().expect("REML has one");
    /// assert!(certificate.unimodal && (certificate.maxima[0].tau2 - 3.0).abs() < 1e-12);
    /// let moments = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects)?;
    /// assert!(moments.certificate().is_none());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Weight of each study in the pooled effect, as shares that add up to 1:
    ///
    /// ```text
    /// (1 / (v + tau2)) / sum (1 / (v + tau2))
    /// ```
    ///
    /// ```
    /// use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
    ///
    /// let effects = Effects::from_rows([
    ///     ("A", Effect::from_variance(Measure::MeanDifference, 2.0, 1.0)?),
    ///     ("B", Effect::from_variance(Measure::MeanDifference, 5.0, 3.0)?),
    /// ])?;
    /// // 1/2 and 1/4
    /// let weights = RandomEffects::new(Tau2::Fixed(1.0)).fit(&effects)?.weights();
    /// assert!((weights[0] - 2.0 / 3.0).abs() < 1e-15 && (weights[1] - 1.0 / 3.0).abs() < 1e-15);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn weights(&self) -> Vec<f64> {
        let least = self.effects.v().iter().copied().fold(f64::INFINITY, f64::min) + self.solution.tau2;
        let ratios: Vec<f64> = self.effects.v().iter().map(|v| least / (v + self.solution.tau2)).collect();
        let total: f64 = ratios.iter().sum();
        ratios.into_iter().map(|ratio| ratio / total).collect()
    }

    /// What a report of this result has to disclose.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure, Note, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.notes(), [Note::FewStudies { k: 3 }]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The estimator of tau2 the model was solved with, and whether the model is one of random effects.
    pub(super) fn solved_by(&self) -> (Tau2, bool) {
        (self.model.options().0, self.model.is_random())
    }

    /// The effects in a workspace of their own.
    pub(super) fn loaded(&self) -> Result<Workspace> {
        let mut workspace = Workspace::new();
        workspace.load(self.effects.y(), self.effects.v()).map_err(|e| self.explain(e))?;
        Ok(workspace)
    }

    /// The crate's error, with labels.
    pub(super) fn explain(&self, error: crate::tau2::Tau2Error) -> Error {
        super::solve::Failure::from(error).explain(self.model.options().0, self.effects.labels())
    }
}

/// What a reader of a random-effects result should know of its tau2.
pub(super) fn notes_of_tau2(tau2: Tau2, solution: &Solution, certificate: Option<&Certificate>, notes: &mut Vec<Note>) {
    if solution.k < 5 {
        notes.push(Note::FewStudies { k: solution.k });
    }
    if solution.tau2 <= 0.0 && !matches!(tau2, Tau2::Fixed(_)) {
        notes.push(Note::Tau2AtBoundary);
    }
    if let Some(certificate) = certificate
        && let Some(gap) = certificate.gap
    {
        let others = certificate.maxima.iter().map(|m| m.tau2);
        let others = others.filter(|t| t.to_bits() != solution.tau2.to_bits()).collect();
        notes.push(Note::SeveralMaxima { others, gap, tie: certificate.tie });
    }
}

/// What a reader should know of a Hartung-Knapp interval.
fn notes_of_interval(solution: &Solution, estimate: &Estimate, notes: &mut Vec<Note>) {
    if estimate.inference() == Inference::HartungKnapp
        && let Ok(wald) =
            Estimate::new(solution, Inference::Wald, estimate.level(), estimate.measure(), estimate.scale())
    {
        let width = |(lower, upper): (f64, f64)| upper - lower;
        if width(estimate.interval()) < width(wald.interval()) {
            notes.push(Note::NarrowerThanWald);
        }
    }
}

/// What was done to the data before they were pooled.
#[inline]
pub(super) fn notes_of_effects(effects: &Effects, notes: &mut Vec<Note>) {
    if effects.is_adjusted() || !effects.dropped().is_empty() {
        notes_of_changes(effects, notes);
    }
}

#[cold]
fn notes_of_changes(effects: &Effects, notes: &mut Vec<Note>) {
    if effects.is_adjusted() {
        let touched = effects.labels().iter().zip(effects.adjustments());
        let studies = touched.filter(|(_, a)| a.is_some()).map(|(label, _)| label.clone()).collect();
        notes.push(Note::CountsAdded { studies });
    }
    let dropped = effects.dropped().iter();
    notes.extend(dropped.map(|d| Note::Dropped { study: d.study.clone(), reason: d.reason.clone() }));
}

impl std::fmt::Display for Pooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (estimate, natural) = (&self.estimate, self.natural());
        write!(f, "{} ", natural.measure.natural_name())?;
        std::fmt::Display::fmt(&natural, f)?;
        write!(f, ", {} studies; {}", self.k(), self.heterogeneity)?;
        let level = percent(estimate.level());
        write!(f, "\n  {}; {level} interval by {} ", self.model, estimate.inference())?;
        match estimate.df() {
            Some(df) if df.fract() > 0.0 => write!(f, "(t, {} df)", significant(df))?,
            Some(df) => write!(f, "(t, {df} df)")?,
            None => f.write_str("(normal)")?,
        }
        if self.effects.measure().null_value().is_some() {
            write!(f, ", p {}", crate::num::format::p_value(estimate.p_value()))?;
        }
        if f.alternate() {
            write!(f, "\n  {estimate}, standard error {}", significant(estimate.se()))?;
            if let Ok(prediction) = self.prediction() {
                let (lower, upper) = prediction.interval();
                let method = prediction.method();
                write!(f, "\n  prediction [{}, {}] ({method})", significant(lower), significant(upper))?;
            }
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
