//! The result of a fit of two groups.

use super::boundary::TwoGroupBoundary;
use super::data::TwoGroupData;
use super::dispersion::Overdispersion;
use super::intraclass::IntraclassCorrelation;
use super::options::TwoGroupModel;
use super::solved::{Found, Solution, Solved};
use super::study_levels::StudyLevels;
use crate::error::{Error, ErrorKind, Result};
use crate::glmm::estimates::finite_interval;
use crate::glmm::fit::{GlmmEstimate, GlmmTest, quantile};
use crate::glmm::heterogeneity::GlmmHeterogeneity;
use crate::glmm::options::GlmmInference;
use crate::glmm::search::SearchRecord;
use crate::inference::{Information, Interval, Natural, Note, check_level};
use crate::measure::Measure;
use crate::num::format::{p_value, percent, significant};
use crate::scale::Scale;
use crate::tau2::Likelihood;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the data of all studies say about the effect of one: the empirical Bayes posterior, at the estimates of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudyEffect {
    /// Label of the study.
    pub study: String,
    /// Posterior mean of the effect, on the analysis scale.
    pub value: f64,
    /// Posterior standard deviation; 0 where tau2 is. Without the uncertainty of the estimates.
    pub se: f64,
}

/// Two groups pooled by the likelihood of their counts: the effect, heterogeneity, prediction, and what a report has to
/// disclose.
///
/// Reads as [`Pooled`](crate::Pooled) and [`GlmmFit`](crate::GlmmFit) do. It owns the data it came from; it serialises whole,
/// and deserialising fits the model again. `{}` prints one line on the natural scale, the model and the notes, `{:#}` adds the
/// analysis scale.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TwoGroupFit {
    model: TwoGroupModel,
    data: TwoGroupData,
    outcome: Outcome,
    heterogeneity: Option<GlmmHeterogeneity>,
    intraclass: Option<IntraclassCorrelation>,
    overdispersion: Option<Overdispersion>,
    levels: Option<StudyLevels>,
    used: Vec<usize>,
    notes: Vec<Note>,
    #[serde(skip)]
    solved: Option<Arc<dyn Solved>>,
}

impl PartialEq for TwoGroupFit {
    /// Model and data decide; the rest follows from them.
    fn eq(&self, other: &Self) -> bool {
        self.model == other.model && self.data == other.data && self.outcome == other.outcome
    }
}

/// Inside the range of parameters, or on its boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Outcome {
    Inside { estimate: GlmmEstimate, information: Option<Information>, search: Option<SearchRecord> },
    Boundary(TwoGroupBoundary),
}

/// All that a file is trusted for: what was fitted to what.
#[derive(Deserialize)]
struct Unchecked {
    model: TwoGroupModel,
    data: TwoGroupData,
}

impl TryFrom<Unchecked> for TwoGroupFit {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fit(raw.model, raw.data)
    }
}

impl TwoGroupFit {
    pub(in crate::glmm) fn fit(model: TwoGroupModel, data: TwoGroupData) -> Result<Self> {
        let level = check_level(model.level())?;
        data.check_labels()?;
        if data.counts().iter().flatten().all(|(events, _)| *events <= 0.0) {
            return Err(ErrorKind::no_events(model.measure(&data).name()).into());
        }
        let Solution { found, used, left_out } = model.solve(&data)?;
        let k = used.len();
        let (outcome, solved) = match found {
            Found::Boundary(boundary) => (Outcome::Boundary(boundary), None),
            Found::Inside(solved) => {
                let inference = model.inference();
                let (value, se) = solved.effect()?;
                let Interval { lower, upper } = interval(&*solved, inference, level, k)?;
                if !(value.is_finite() && se.is_finite()) {
                    return Err(ErrorKind::Overflow { what: "the estimate" }.into());
                }
                let df = degrees(inference, k);
                let estimate = GlmmEstimate { value, se, lower, upper, level, df, inference };
                let information =
                    solved.parameters().map(|p| Information::new(Likelihood::Full, solved.log_likelihood(), p, k));
                let search = solved.search().cloned();
                (Outcome::Inside { estimate, information, search }, Some(solved))
            }
        };
        let (heterogeneity, intraclass, levels) = match &solved {
            Some(solved) => (solved.heterogeneity(level)?, solved.intraclass(level)?, solved.levels()?),
            None => (None, None, None),
        };
        let overdispersion = solved.as_deref().and_then(Solved::overdispersion);
        let notes = Vec::new();
        let mut fit =
            Self { model, data, outcome, heterogeneity, intraclass, overdispersion, levels, used, notes, solved };
        let dropped = fit.data.dropped().iter().chain(&left_out);
        let dropped = dropped.map(|d| Note::Dropped { study: d.study.clone(), reason: d.reason.clone() });
        fit.notes = dropped.chain(fit.further_notes()).collect();
        Ok(fit)
    }

    fn further_notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let k = self.k();
        match &self.outcome {
            Outcome::Boundary(boundary) => notes.push(Note::EffectOnBoundary { infinite: boundary.infinite }),
            Outcome::Inside { search, .. } => {
                let Some(tau2) = self.heterogeneity.and_then(|h| h.tau2) else { return notes };
                if k < 5 {
                    notes.push(Note::FewStudies { k });
                }
                if tau2 <= 0.0 {
                    notes.push(Note::Tau2AtBoundary);
                }
                if let Some((search, gap)) = search.as_ref().and_then(|s| Some((s, s.gap?))) {
                    let others =
                        search.maxima.iter().map(|m| m.tau2).filter(|t| t.to_bits() != tau2.to_bits()).collect();
                    notes.push(Note::SeveralMaxima { others, gap, tie: gap <= 0.0 });
                }
            }
        }
        notes
    }

    /// The same model fitted to other data of the same kind, e.g. to a subset.
    ///
    /// # Errors
    /// As the model's `fit`; [`ErrorKind::NotApplicable`] for a kind of data that it cannot have.
    pub fn refit(&self, data: TwoGroupData) -> Result<Self> {
        Self::fit(self.model, data)
    }

    /// The model and its options.
    pub fn model(&self) -> &TwoGroupModel {
        &self.model
    }

    /// The data, with the studies that were left out.
    pub fn data(&self) -> &TwoGroupData {
        &self.data
    }

    /// Number of studies that the likelihood is made of, without those that say nothing in this model.
    pub fn k(&self) -> usize {
        self.used.len()
    }

    /// Labels of the studies that the likelihood is made of.
    pub fn studies(&self) -> Vec<&str> {
        let labels = self.data.labels();
        self.used.iter().filter_map(|&i| labels.get(i).copied()).collect()
    }

    /// What the effect is.
    pub fn measure(&self) -> Measure {
        self.model.measure(&self.data)
    }

    /// The effect on the analysis scale, the mean of the random effects where there are any; `None` on the
    /// [`boundary`](Self::boundary), where it is infinite.
    pub fn estimate(&self) -> Option<&GlmmEstimate> {
        match &self.outcome {
            Outcome::Inside { estimate, .. } => Some(estimate),
            Outcome::Boundary(_) => None,
        }
    }

    /// What can be said if the estimate is infinite; `None` otherwise.
    pub fn boundary(&self) -> Option<&TwoGroupBoundary> {
        match &self.outcome {
            Outcome::Inside { .. } => None,
            Outcome::Boundary(boundary) => Some(boundary),
        }
    }

    fn carried(&self, level: f64, values: [f64; 3]) -> Natural {
        let scale = self.measure().scale(None).unwrap_or(Scale::Log);
        Natural::new(self.measure(), scale, level, values)
    }

    /// The effect with its interval on the natural scale, e.g. as an odds ratio.
    ///
    /// On the [`boundary`](Self::boundary) the value is 0 or the largest double, and the one limit the exact one.
    pub fn natural(&self) -> Natural {
        let values = match &self.outcome {
            Outcome::Inside { estimate: e, .. } => [e.value, e.lower, e.upper],
            Outcome::Boundary(boundary) => boundary.logarithms(),
        };
        self.carried(self.model.level(), values)
    }

    /// tau2 with interval and tests; `None` in models without a random effect and on the boundary.
    pub fn heterogeneity(&self) -> Option<&GlmmHeterogeneity> {
        self.heterogeneity.as_ref()
    }

    /// The intraclass correlation with interval and test; `None` in models without one and on the boundary.
    pub fn intraclass(&self) -> Option<&IntraclassCorrelation> {
        self.intraclass.as_ref()
    }

    /// The factor by which counts vary more than binomial ones; `None` unless the model allows for it, as
    /// [`FirthLogistic::overdispersion`](super::FirthLogistic::overdispersion) does.
    pub fn overdispersion(&self) -> Option<&Overdispersion> {
        self.overdispersion.as_ref()
    }

    /// Mean and variance of the levels of studies; `None` in models in which they are not random and on the boundary.
    pub fn levels(&self) -> Option<&StudyLevels> {
        self.levels.as_ref()
    }

    /// Log-likelihood at the maximum, with all constants, and AIC, BIC, AICc; `None` on the boundary and where the model has no
    /// likelihood in the strict sense.
    pub fn information(&self) -> Option<&Information> {
        match &self.outcome {
            Outcome::Inside { information, .. } => information.as_ref(),
            Outcome::Boundary(_) => None,
        }
    }

    /// Every local maximum over tau2 that was found, and what of the search is proven; `None` without tau2.
    pub fn search(&self) -> Option<&SearchRecord> {
        match &self.outcome {
            Outcome::Inside { search, .. } => search.as_ref(),
            Outcome::Boundary(_) => None,
        }
    }

    /// Share of each study of [`studies`](Self::studies) in the information on the effect at the estimates; shares of people
    /// or person-time where that has no meaning.
    pub fn weights(&self) -> Vec<f64> {
        self.solved.as_deref().and_then(Solved::shares).unwrap_or_else(|| {
            let counts = self.data.counts();
            let size = |i: &usize| counts.get(*i).map_or(0.0, |[one, two]| one.1 + two.1);
            let total: f64 = self.used.iter().map(size).sum();
            self.used.iter().map(|i| size(i) / total).collect()
        })
    }

    /// What a report of this result has to disclose.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn solved(&self) -> Result<&dyn Solved> {
        self.solved.as_deref().ok_or_else(|| {
            let (what, why) = ("finite estimate", "the estimate lies on the boundary; see `TwoGroupFit::boundary`");
            ErrorKind::NotApplicable { what, why }.into()
        })
    }

    /// The confidence interval of the effect on the analysis scale by another method and level.
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::NotApplicable`] on the boundary; [`ErrorKind::Overflow`].
    pub fn interval_by(&self, inference: GlmmInference, level: f64) -> Result<Interval> {
        interval(self.solved()?, inference, check_level(level)?, self.k())
    }

    /// The profile-likelihood interval of tau2 at another level.
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::NotApplicable`] on the boundary and without tau2; [`ErrorKind::Overflow`].
    pub fn tau2_interval(&self, level: f64) -> Result<Interval> {
        self.solved()?.tau2_interval(check_level(level)?)?.ok_or_else(no_tau2)
    }

    /// Tests whether the effect is `effect` (analysis scale; 0: no effect), by the likelihood ratio or by Wald's method as the
    /// inference says.
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`]; [`ErrorKind::NotApplicable`] on the boundary; [`ErrorKind::Overflow`].
    pub fn test(&self, effect: f64, inference: GlmmInference) -> Result<GlmmTest> {
        if !effect.is_finite() {
            return Err(ErrorKind::NonFinite { field: "hypothesis", value: effect }.into());
        }
        let solved = self.solved()?;
        let (value, se) = solved.effect()?;
        let distance = value - effect;
        let statistic = if inference.is_profile() {
            (2.0 * (solved.log_likelihood() - solved.held(effect)?)).max(0.0).sqrt() * distance.signum()
        } else {
            distance / se
        };
        if !statistic.is_finite() {
            return Err(ErrorKind::Overflow { what: "the test statistic" }.into());
        }
        Ok(GlmmTest::new(statistic, degrees(inference, self.k()), inference))
    }

    /// The log-likelihood at any effect (analysis scale) and tau2, with all constants, in models without other parameters.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTau2`]; [`ErrorKind::NonFinite`]; [`ErrorKind::NotApplicable`] on the boundary and in models with
    /// other parameters; [`ErrorKind::Overflow`].
    pub fn log_likelihood(&self, effect: f64, tau2: f64) -> Result<f64> {
        if !effect.is_finite() {
            return Err(ErrorKind::NonFinite { field: "effect", value: effect }.into());
        }
        if !(tau2 >= 0.0 && tau2.is_finite()) {
            return Err(ErrorKind::InvalidTau2 { value: tau2 }.into());
        }
        let solved = self.solved()?;
        if self.heterogeneity.is_none() {
            return Err(no_tau2());
        }
        let (what, why) = ("likelihood of effect and tau2", "it is out of range, or the model has other parameters");
        solved.at(effect, tau2).ok_or_else(|| ErrorKind::NotApplicable { what, why }.into())
    }

    /// The prediction interval for the effect in a new study, on the natural scale:
    ///
    /// ```text
    /// theta -+ t(k - 1) sqrt(tau2 + se^2)
    /// ```
    ///
    /// as [`GlmmFit::prediction`](crate::GlmmFit::prediction).
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary and in models without tau2; [`ErrorKind::LevelOutOfRange`].
    pub fn prediction(&self, level: f64) -> Result<Natural> {
        let level = check_level(level)?;
        let (value, se) = self.solved()?.effect()?;
        let tau2 = self.heterogeneity.and_then(|h| h.tau2).ok_or_else(no_tau2)?;
        let half = quantile(level, Some(self.k() as f64 - 1.0)) * tau2.sqrt().hypot(se);
        if !half.is_finite() {
            return Err(ErrorKind::Overflow { what: "the prediction interval" }.into());
        }
        Ok(self.carried(level, [value, value - half, value + half]))
    }

    /// The effects of the studies of [`studies`](Self::studies) shrunken towards their mean; metafor has none for `rma.glmm`.
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary and in models without random effects.
    pub fn blups(&self) -> Result<Vec<StudyEffect>> {
        let each = self.solved()?.effects().ok_or_else(no_tau2)?;
        let rows = self.studies().into_iter().zip(each);
        Ok(rows.map(|(study, (value, se))| StudyEffect { study: study.to_owned(), value, se }).collect())
    }
}

fn no_tau2() -> Error {
    let why = "the model has no random effect";
    ErrorKind::NotApplicable { what: "heterogeneity of effects", why }.into()
}

/// Degrees of freedom of an interval, if it has any.
fn degrees(inference: GlmmInference, k: usize) -> Option<f64> {
    inference.uses_t().then_some(k as f64 - 1.0)
}

fn interval(solved: &dyn Solved, inference: GlmmInference, level: f64, k: usize) -> Result<Interval> {
    if inference.uses_t() && k < 2 {
        let remedy = "with one study use an inference without t";
        return Err(ErrorKind::TooFewStudies { what: "a t interval", k, needed: 2, remedy }.into());
    }
    let quantile = quantile(level, degrees(inference, k));
    if inference.is_profile() {
        return solved.profile_interval(0.5 * quantile * quantile);
    }
    let (value, se) = solved.effect()?;
    finite_interval((value - quantile * se, value + quantile * se))
}

impl std::fmt::Display for TwoGroupFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let natural = self.natural();
        write!(f, "{} ", natural.measure.natural_name())?;
        match &self.outcome {
            Outcome::Inside { .. } => std::fmt::Display::fmt(&natural, f)?,
            Outcome::Boundary(boundary) => {
                let (value, side) = if boundary.infinite { ("infinite", "at least") } else { ("0", "at most") };
                write!(f, "{value}, {side} {}", Natural::number(f, boundary.exact_limit))?;
            }
        }
        let noun = if self.k() == 1 { "study" } else { "studies" };
        write!(f, ", {} {noun}", self.k())?;
        if let Some(heterogeneity) = &self.heterogeneity {
            write!(f, "; {heterogeneity}")?;
        }
        if let Some(intraclass) = &self.intraclass {
            write!(f, "; {intraclass}")?;
        }
        if let Some(overdispersion) = &self.overdispersion {
            write!(f, "; {overdispersion}")?;
        }
        write!(f, "\n  {}; {} interval ", self.model, percent(natural.level))?;
        match self.estimate() {
            Some(e) => {
                write!(f, "by {}", e.inference)?;
                if let Some(df) = e.df {
                    write!(f, " with {df} df")?;
                }
                if f.alternate() {
                    let [value, se, lower, upper] = [e.value, e.se, e.lower, e.upper].map(significant);
                    let name = natural.measure.name();
                    write!(f, "\n  {name} {value} [{lower}, {upper}], standard error {se}")?;
                    if let Some(h) = &self.heterogeneity {
                        let (deviance, p) = (significant(h.deviance), p_value(h.deviance_p_value));
                        write!(f, "\n  deviance of equal effects {deviance} (df {}, p {p})", h.df)?;
                    }
                    if let Some(levels) = &self.levels {
                        let [mean, se, sigma2] = [levels.mean, levels.mean_se, levels.sigma2].map(significant);
                        write!(f, "\n  levels of studies {mean}, standard error {se}, variance {sigma2}")?;
                    }
                }
            }
            None => f.write_str("exact, of all studies together")?,
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
