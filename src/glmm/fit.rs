//! The result of a fit.

use super::boundary::Boundary;
use super::heterogeneity::GlmmHeterogeneity;
use super::lattice::Tabulated;
use super::likelihood::{Peak, StudyLikelihood};
use super::maximise::Failure;
use super::one_group::OneGroup;
use super::options::{GlmmData, GlmmInference, GlmmModel};
use super::problem::{Point, Problem};
use super::search::{Maximum, SearchRecord};
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Information, Interval, Natural, Note, check_level};
use crate::num::format::{p_value, percent, significant};
use crate::num::{normal, student_t};
use crate::tau2::Likelihood;
use nalgebra::DVector;
use serde::{Deserialize, Serialize};

/// The mean of the random effects on the link scale, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GlmmEstimate {
    /// Maximum-likelihood estimate of mu.
    pub value: f64,
    /// Standard error from the observed information, tau2 among the unknowns unless it is 0.
    pub se: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Level of the interval, e.g. 0.95.
    pub level: f64,
    /// Degrees of freedom of the t distribution, or `None` for the normal.
    pub df: Option<f64>,
    /// How the interval was computed.
    pub inference: GlmmInference,
}

/// A test of a hypothesis about the mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GlmmTest {
    /// Signed root of the likelihood ratio, or Wald's statistic: normal, or t with `df`, if the hypothesis holds.
    pub statistic: f64,
    /// Degrees of freedom of the t distribution, or `None` for the normal.
    pub df: Option<f64>,
    /// Two-sided p-value.
    pub p_value: f64,
    /// By which method.
    pub inference: GlmmInference,
}

impl GlmmTest {
    pub(super) fn new(statistic: f64, df: Option<f64>, inference: GlmmInference) -> Self {
        let tail = match df {
            Some(df) => student_t::sf(statistic.abs(), df),
            None => normal::sf(statistic.abs()),
        };
        Self { statistic, df, p_value: (2.0 * tail).min(1.0), inference }
    }
}

/// Counts pooled by their own likelihood: the mean, heterogeneity, prediction, and what a report has to disclose.
///
/// Reads as [`Pooled`](crate::Pooled) does. It owns the data it came from; it serialises whole, and deserialising fits the
/// model again. `{}` prints one line on the natural scale and the notes, `{:#}` adds the link scale.
///
/// The natural value is the **median** response: half of the studies have a true proportion above it. The mean over
/// studies is [`mean_response`](Self::mean_response).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct GlmmFit {
    model: GlmmModel,
    data: GlmmData,
    outcome: Outcome,
    heterogeneity: GlmmHeterogeneity,
    notes: Vec<Note>,
    #[serde(skip)]
    pub(super) solved: Option<Box<Solved>>,
}

/// Inside the range of parameters, or on its boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Outcome {
    Inside { estimate: GlmmEstimate, information: Information, search: SearchRecord },
    Boundary(Boundary),
}

/// What later questions need again: follows from model and data.
#[derive(Debug, Clone)]
pub(super) struct Solved {
    pub(super) problem: Problem<Tabulated<OneGroup>>,
    pub(super) maximum: Maximum,
}

impl PartialEq for Solved {
    /// Model and data, which are compared beside it, decide.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// All that a file is trusted for: what was fitted to what.
#[derive(Deserialize)]
struct Unchecked {
    model: GlmmModel,
    data: GlmmData,
}

impl TryFrom<Unchecked> for GlmmFit {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::fit(raw.model, raw.data)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Separation => ErrorKind::Separation.into(),
            Failure::OutOfRange => ErrorKind::Overflow { what: "the likelihood" }.into(),
        }
    }
}

/// The studies of these data, checked, and on which boundary all of them lie, if they do.
pub(super) fn prepare(model: &GlmmModel, data: &GlmmData) -> Result<(Vec<OneGroup>, Option<Peak>)> {
    model.check()?;
    check_level(model.level())?;
    data.check_labels()?;
    let counts = data.counts();
    let k = counts.len();
    if k < 2 {
        let remedy = "with one study use the interval of its own proportion or rate";
        return Err(ErrorKind::TooFewStudies { what: "a random-effects model", k, needed: 2, remedy }.into());
    }
    let studies: Vec<OneGroup> = counts.iter().map(|&(x, size)| model.study(x, size)).collect();
    let all = |peak: Peak| studies.iter().all(|s| s.peak() == peak);
    let boundary = [Peak::Lowest, Peak::Highest].into_iter().find(|&peak| all(peak));
    if boundary.is_none() && !studies.iter().any(|s| matches!(s.peak(), Peak::At(_))) {
        return Err(ErrorKind::UnboundedTau2.into());
    }
    Ok((studies, boundary))
}

impl GlmmFit {
    pub(super) fn fit(model: GlmmModel, data: GlmmData) -> Result<Self> {
        let (studies, boundary) = prepare(&model, &data)?;
        let fit = match boundary {
            Some(peak) => {
                let boundary = Boundary::new(&model, &data, peak == Peak::Highest);
                let (outcome, heterogeneity) = (Outcome::Boundary(boundary), GlmmHeterogeneity::unknown(&data));
                Self { model, data, outcome, heterogeneity, notes: Vec::new(), solved: None }
            }
            None => Self::inside(model, data, studies)?,
        };
        Ok(Self { notes: fit.collect_notes(), ..fit })
    }

    fn inside(model: GlmmModel, data: GlmmData, studies: Vec<OneGroup>) -> Result<Self> {
        let k = studies.len();
        let problem = Problem::of_mean(Tabulated::all(studies));
        let maximum = problem.maximise()?;
        let best = &maximum.best;
        let (inference, level) = (model.inference(), model.level());
        let (value, se) = (best.point[0], problem.standard_error(best, 0)?);
        let Interval { lower, upper } = problem.mean_interval(&maximum, inference, level)?;
        let df = inference.uses_t().then_some(k as f64 - 1.0);
        let estimate = GlmmEstimate { value, se, lower, upper, level, df, inference };
        let heterogeneity = problem.heterogeneity(&maximum, level)?;
        if !(value.is_finite() && se.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the confidence interval" }.into());
        }
        let information = Information::new(Likelihood::Full, best.value(), 2, k);
        let outcome = Outcome::Inside { estimate, information, search: maximum.record.clone() };
        let solved = Some(Box::new(Solved { problem, maximum }));
        Ok(Self { model, data, outcome, heterogeneity, notes: Vec::new(), solved })
    }

    /// The same model fitted to other data of the same kind, e.g. to a subset.
    ///
    /// # Errors
    /// As the model's `fit`; [`ErrorKind::NotApplicable`] for data of the other kind.
    pub fn refit(&self, data: GlmmData) -> Result<Self> {
        let fits = matches!(
            (&self.model, &data),
            (GlmmModel::BinomialNormal(_), GlmmData::Proportions(_))
                | (GlmmModel::PoissonNormal(_), GlmmData::Rates(_))
        );
        if !fits {
            let (what, why) = ("fit of this model", "the data are of another kind");
            return Err(ErrorKind::NotApplicable { what, why }.into());
        }
        Self::fit(self.model, data)
    }

    /// The model and its options.
    pub fn model(&self) -> &GlmmModel {
        &self.model
    }

    /// The data that were pooled.
    pub fn data(&self) -> &GlmmData {
        &self.data
    }

    /// Number of studies.
    pub fn k(&self) -> usize {
        self.data.labels().len()
    }

    /// The mean of the random effects on the link scale; `None` on the [`boundary`](Self::boundary), where it is infinite.
    pub fn estimate(&self) -> Option<&GlmmEstimate> {
        match &self.outcome {
            Outcome::Inside { estimate, .. } => Some(estimate),
            Outcome::Boundary(_) => None,
        }
    }

    /// What can be said if every person of every study responds, or none does; `None` otherwise.
    pub fn boundary(&self) -> Option<&Boundary> {
        match &self.outcome {
            Outcome::Inside { .. } => None,
            Outcome::Boundary(boundary) => Some(boundary),
        }
    }

    /// The median response with its interval on the natural scale: a proportion or a rate.
    ///
    /// On the [`boundary`](Self::boundary) the value is 0 or 1, and the interval the exact one of all people together. A limit of a rate
    /// beyond the range of a double is the largest double.
    pub fn natural(&self) -> Natural {
        let (link, level) = (self.model.link(), self.model.level());
        let [value, lower, upper] = match &self.outcome {
            Outcome::Inside { estimate: e, .. } => {
                [e.value, e.lower, e.upper].map(|eta| link.inverse(eta).min(f64::MAX))
            }
            Outcome::Boundary(boundary) => boundary.natural(),
        };
        Natural { value, lower, upper, level, measure: link.measure() }
    }

    /// tau2 with interval and tests.
    pub fn heterogeneity(&self) -> &GlmmHeterogeneity {
        &self.heterogeneity
    }

    /// Log-likelihood at the maximum, with all constants, and AIC, BIC, AICc; `None` on the boundary.
    pub fn information(&self) -> Option<&Information> {
        match &self.outcome {
            Outcome::Inside { information, .. } => Some(information),
            Outcome::Boundary(_) => None,
        }
    }

    /// Every local maximum that was found, and what of the search is proven; `None` on the boundary.
    pub fn search(&self) -> Option<&SearchRecord> {
        match &self.outcome {
            Outcome::Inside { search, .. } => Some(search),
            Outcome::Boundary(_) => None,
        }
    }

    /// Share of each study in the information on the mean at the estimates, as shares that add up to 1; on the boundary
    /// its share of people or time.
    ///
    /// ```text
    /// (-d2 ln L_i / dmu2) / sum (-d2 ln L_j / dmu2)
    /// ```
    pub fn weights(&self) -> Vec<f64> {
        let shares = self.solved.as_deref().and_then(|solved| solved.problem.shares(&solved.maximum));
        shares.unwrap_or_else(|| {
            let sizes: Vec<f64> = self.data.counts().iter().map(|(_, size)| *size).collect();
            let total: f64 = sizes.iter().sum();
            sizes.iter().map(|size| size / total).collect()
        })
    }

    /// What a report of this result has to disclose.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The confidence interval of the mean on the link scale by another method and level.
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::NotApplicable`] on the boundary; [`ErrorKind::Overflow`].
    pub fn interval_by(&self, inference: GlmmInference, level: f64) -> Result<Interval> {
        let level = check_level(level)?;
        let solved = self.solved()?;
        solved.problem.mean_interval(&solved.maximum, inference, level)
    }

    /// The profile-likelihood interval of tau2 at another level.
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`]; [`ErrorKind::NotApplicable`] on the boundary; [`ErrorKind::Overflow`].
    pub fn tau2_interval(&self, level: f64) -> Result<Interval> {
        let level = check_level(level)?;
        let solved = self.solved()?;
        solved.problem.tau2_interval(&solved.maximum, level)
    }

    /// Tests whether the median response is `natural` (a proportion or a rate), by the likelihood ratio or by Wald's method
    /// as the inference says. A single group has no hypothesis of its own; metafor tests one half.
    ///
    /// # Errors
    /// [`ErrorKind::OutsideSupport`] unless the value lies strictly inside the range; [`ErrorKind::NotApplicable`] on the
    /// boundary; [`ErrorKind::Overflow`].
    pub fn test(&self, natural: f64, inference: GlmmInference) -> Result<GlmmTest> {
        let solved = self.solved()?;
        let link = self.model.link();
        let eta = link.forward(natural);
        if !eta.is_finite() {
            let upper = if matches!(self.data, GlmmData::Rates(_)) { f64::INFINITY } else { 1.0 };
            return Err(ErrorKind::OutsideSupport { field: "hypothesis", value: natural, lower: 0.0, upper }.into());
        }
        let statistic = solved.problem.statistic(&solved.maximum, eta, inference)?;
        let df = inference.uses_t().then_some(self.k() as f64 - 1.0);
        Ok(GlmmTest::new(statistic, df, inference))
    }

    /// The log-likelihood at any mean (link scale) and tau2, with all constants.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTau2`]; [`ErrorKind::NonFinite`]; [`ErrorKind::Overflow`].
    pub fn log_likelihood(&self, mu: f64, tau2: f64) -> Result<f64> {
        if !mu.is_finite() {
            return Err(ErrorKind::NonFinite { field: "mu", value: mu }.into());
        }
        if !(tau2 >= 0.0 && tau2.is_finite()) {
            return Err(ErrorKind::InvalidTau2 { value: tau2 }.into());
        }
        let studies = self.data.counts().iter().map(|&(x, size)| self.model.study(x, size)).collect();
        let point: Point = DVector::from_vec(vec![mu, tau2]);
        let found = Problem::of_mean(Tabulated::all(studies)).evaluate(&point, crate::num::quadrature::Effort::Exact);
        found.map(|at| at.value).ok_or_else(|| ErrorKind::Overflow { what: "the log-likelihood" }.into())
    }

    pub(super) fn solved(&self) -> Result<&Solved> {
        self.solved.as_deref().ok_or_else(|| {
            let (what, why) = ("finite estimate", "all of the data lie on the boundary; see `GlmmFit::boundary`");
            ErrorKind::NotApplicable { what, why }.into()
        })
    }

    fn collect_notes(&self) -> Vec<Note> {
        let dropped = self.data.dropped().iter();
        let mut notes: Vec<Note> =
            dropped.map(|d| Note::Dropped { study: d.study.clone(), reason: d.reason.clone() }).collect();
        if self.k() < 5 {
            notes.push(Note::FewStudies { k: self.k() });
        }
        match &self.outcome {
            Outcome::Boundary(boundary) => notes.push(Note::OnBoundary { all: boundary.all }),
            Outcome::Inside { search, .. } => {
                let tau2 = self.heterogeneity.tau2.unwrap_or_default();
                if tau2 <= 0.0 {
                    notes.push(Note::Tau2AtBoundary);
                }
                if let Some(gap) = search.gap {
                    let others =
                        search.maxima.iter().map(|m| m.tau2).filter(|t| t.to_bits() != tau2.to_bits()).collect();
                    notes.push(Note::SeveralMaxima { others, gap, tie: gap <= 0.0 });
                }
            }
        }
        notes
    }
}

/// Two-sided quantile of this level.
pub(super) fn quantile(level: f64, df: Option<f64>) -> f64 {
    match df {
        Some(df) => student_t::quantile_upper(0.5 * (1.0 - level), df),
        None => quantile_normal(level),
    }
}

pub(super) fn quantile_normal(level: f64) -> f64 {
    normal::quantile_upper(0.5 * (1.0 - level))
}

impl std::fmt::Display for GlmmFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let natural = self.natural();
        write!(f, "{} ", natural.measure.natural_name())?;
        std::fmt::Display::fmt(&natural, f)?;
        write!(f, ", {} studies", self.k())?;
        if self.boundary().is_none() {
            write!(f, "; {}", self.heterogeneity)?;
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
                    write!(f, "\n  {} {value} [{lower}, {upper}], standard error {se}", self.model.link())?;
                    let h = &self.heterogeneity;
                    let (deviance, p) = (significant(h.deviance), p_value(h.deviance_p_value));
                    write!(f, "\n  deviance of equal effects {deviance} (df {}, p {p})", h.df)?;
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
