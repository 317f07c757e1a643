//! The same models with covariates.

use super::budget::Budget;
use super::estimates::interval_around;
use super::fit::{prepare, quantile};
use super::heterogeneity::tau2_test;
use super::lattice::Tabulated;
use super::one_group::OneGroup;
use super::options::{GlmmData, GlmmModel};
use super::problem::{Point, Problem};
use super::search::{Maximum, SearchRecord};
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Information, Interval, Natural, Note};
use crate::num::format::{p_value, percent, significant};
use crate::num::orthogonal::{Conditioning, orthonormalise};
use crate::num::quadrature::Effort;
use crate::num::{chi_squared, normal, student_t};
use crate::study::covariates::{Column, Covariates};
use crate::tau2::Likelihood;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// One coefficient of a regression, on the link scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GlmmCoefficient {
    /// `intercept`, the name of a covariate, or `name: text` for an indicator.
    pub name: String,
    /// Maximum-likelihood estimate.
    pub value: f64,
    /// Standard error from the observed information.
    pub se: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Degrees of freedom of the t distribution, k - p, or `None` for the normal.
    pub df: Option<f64>,
    /// Statistic of the hypothesis that the coefficient is 0: signed root of the likelihood ratio, or value over standard
    /// error, as the inference says.
    pub statistic: f64,
    /// Its two-sided p-value.
    pub p_value: f64,
}

/// A fitted regression of counts.
///
/// `{}` prints coefficients, tau2 and notes. It serialises whole; deserialising fits the model again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct GlmmRegression {
    model: GlmmModel,
    data: GlmmData,
    covariates: Vec<String>,
    coefficients: Vec<GlmmCoefficient>,
    covariance: Vec<Vec<f64>>,
    tau2: f64,
    tau2_interval: Interval,
    tau2_test: (f64, f64),
    omnibus: Option<Omnibus>,
    information: Information,
    search: SearchRecord,
    notes: Vec<Note>,
}

/// Likelihood-ratio test of all covariates at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Omnibus {
    /// Twice the difference of the maximal log-likelihoods.
    pub statistic: f64,
    /// Number of coefficients beside the intercept.
    pub df: f64,
    /// p-value by chi-squared.
    pub p_value: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    model: GlmmModel,
    data: GlmmData,
    covariates: Vec<String>,
}

impl TryFrom<Unchecked> for GlmmRegression {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        let names: Vec<&str> = raw.covariates.iter().map(String::as_str).collect();
        Self::fit(raw.model, raw.data, &names)
    }
}

/// Columns of the design by name, the intercept first.
fn columns(covariates: &Covariates, names: &[&str], labels: &[&str]) -> Result<Vec<(String, Vec<f64>)>> {
    let mut columns = vec![("intercept".to_owned(), vec![1.0; labels.len()])];
    for &name in names {
        let missing = |i: usize| {
            let problem = "a missing value of the";
            let error = Error::new(ErrorKind::InvalidCovariate { name: name.to_owned(), problem });
            labels.get(i).map_or(error.clone(), |label| error.in_study(label))
        };
        match covariates.get(name) {
            None => return Err(ErrorKind::InvalidCovariate { name: name.to_owned(), problem: "no" }.into()),
            Some(Column::Number(values)) => {
                let values = values.iter().enumerate().map(|(i, v)| v.ok_or_else(|| missing(i)));
                columns.push((name.to_owned(), values.collect::<Result<_>>()?));
            }
            Some(Column::Text(values)) => {
                let texts = values.iter().enumerate().map(|(i, v)| v.as_deref().ok_or_else(|| missing(i)));
                let texts: Vec<&str> = texts.collect::<Result<_>>()?;
                let mut kinds: Vec<&str> = Vec::new();
                texts.iter().for_each(|text| {
                    if !kinds.contains(text) {
                        kinds.push(text);
                    }
                });
                if kinds.len() < 2 {
                    return Err(ErrorKind::RankDeficient { name: name.to_owned() }.into());
                }
                for kind in kinds.into_iter().skip(1) {
                    let indicator = texts.iter().map(|text| if *text == kind { 1.0 } else { 0.0 }).collect();
                    columns.push((format!("{name}: {kind}"), indicator));
                }
            }
        }
    }
    Ok(columns)
}

/// Columns centred and scaled, so that neither unit nor offset of a covariate enters the computation.
struct Standardised {
    design: DMatrix<f64>,
    centre: Vec<f64>,
    unit: Vec<f64>,
}

fn standardise(columns: &[(String, Vec<f64>)]) -> Result<Standardised> {
    let k = columns.first().map_or(0, |c| c.1.len());
    let (mut centre, mut unit) = (vec![0.0], vec![1.0]);
    let mut design = DMatrix::from_element(k, columns.len(), 1.0);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for (j, (name, values)) in columns.iter().enumerate().skip(1) {
        let largest = values.iter().map(|v| v.abs()).fold(0.0, f64::max);
        let mean = values.iter().map(|v| v / k as f64).sum::<f64>();
        let spread = values.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max);
        let deficient = || Error::from(ErrorKind::RankDeficient { name: name.clone() });
        if spread.is_nan() || spread <= 1e-12 * largest {
            return Err(deficient());
        }
        let mut rest: Vec<f64> = values.iter().map(|v| (v - mean) / spread).collect();
        for (i, v) in rest.iter().enumerate() {
            design[(i, j)] = *v;
        }
        match orthonormalise(&mut rest, &basis, |_, _| ()).1 {
            Conditioning::Sound => {}
            Conditioning::Ill(rcond) => return Err(ErrorKind::IllConditioned { name: name.clone(), rcond }.into()),
            Conditioning::Dependent => return Err(deficient()),
        }
        basis.push(rest);
        centre.push(mean);
        unit.push(spread);
    }
    Ok(Standardised { design, centre, unit })
}

impl Standardised {
    /// The problem whose first column is the linear predictor at covariates 0, so that the intercept is a coefficient of its own.
    fn with_intercept_at_zero(&self) -> DMatrix<f64> {
        let mut design = self.design.clone();
        for (j, mut column) in design.column_iter_mut().enumerate().skip(1) {
            column.add_scalar_mut(self.centre[j] / self.unit[j]);
        }
        design
    }
}

impl GlmmRegression {
    pub(super) fn fit(model: GlmmModel, data: GlmmData, names: &[&str]) -> Result<Self> {
        let (studies, boundary) = prepare(&model, &data)?;
        if boundary.is_some() {
            return Err(ErrorKind::Separation.into());
        }
        let labels = data.labels();
        let columns = columns(data.covariates(), names, &labels)?;
        let (k, p) = (labels.len(), columns.len());
        if k < p + 1 {
            return Err(ErrorKind::TooManyParameters { parameters: p, k }.into());
        }
        let standard = standardise(&columns)?;
        let studies = Tabulated::all(studies);
        let problem = Problem::new(studies.clone(), standard.design.clone());
        let maximum = problem.maximise()?;
        let best = &maximum.best;
        let inference = model.inference();
        let df = inference.uses_t().then_some((k - p) as f64);
        let q = quantile(model.level(), df);
        // Limits of slopes come from the centred problem; the intercept, far from the data as it may be, from one of its own.
        let uncentred = Problem::new(studies, standard.with_intercept_at_zero());
        let moved = moved(&uncentred, &maximum, &standard)?;
        let to_own = transformation(&standard);
        let covariance = problem.covariance(best)?;
        let beta = &to_own * best.point.rows(0, p);
        let own = &to_own * covariance.view((0, 0), (p, p)) * to_own.transpose();
        let mut coefficients = Vec::with_capacity(p);
        for (j, (name, _)) in columns.iter().enumerate() {
            let (which, top) = if j == 0 { (&uncentred, &moved) } else { (&problem, &maximum) };
            let unit = standard.unit[j];
            let (value, se) = (beta[j], own[(j, j)].sqrt());
            let (lower, upper, statistic) = if inference.is_profile() {
                let limit = |direction| which.coefficient_limit(top, j, direction, 0.5 * q * q);
                let held = which.held_best(top, j, 0.0)?;
                let root = (2.0 * (best.value() - held.value())).max(0.0).sqrt() * value.signum();
                let limits = interval_around(value, (limit(-1.0)? / unit, limit(1.0)? / unit))?;
                (limits.lower, limits.upper, root)
            } else {
                (value - q * se, value + q * se, value / se)
            };
            let tail = match df {
                Some(df) => student_t::sf(statistic.abs(), df),
                None => normal::sf(statistic.abs()),
            };
            let p_value = (2.0 * tail).min(1.0);
            if ![value, se, lower, upper, statistic].iter().all(|x| x.is_finite()) {
                return Err(ErrorKind::Overflow { what: "a coefficient" }.into());
            }
            coefficients.push(GlmmCoefficient { name: name.clone(), value, se, lower, upper, df, statistic, p_value });
        }
        let tau2_interval = problem.tau2_interval(&maximum, model.level())?;
        let omnibus = if p > 1 {
            let alone = Problem::of_mean(problem.studies.clone()).maximise()?;
            let statistic = (2.0 * (best.value() - alone.best.value())).max(0.0);
            let df = (p - 1) as f64;
            Some(Omnibus { statistic, df, p_value: chi_squared::sf(statistic, df) })
        } else {
            None
        };
        let mut notes = Vec::new();
        if best.tau2() <= 0.0 {
            notes.push(Note::Tau2AtBoundary);
        }
        Ok(Self {
            model,
            covariates: names.iter().map(|&n| n.to_owned()).collect(),
            coefficients,
            covariance: own.row_iter().map(|row| row.iter().copied().collect()).collect(),
            tau2: best.tau2(),
            tau2_interval,
            tau2_test: tau2_test(best.value(), maximum.at_zero.value()),
            omnibus,
            information: Information::new(Likelihood::Full, best.value(), p + 1, k),
            search: maximum.record.clone(),
            notes,
            data,
        })
    }

    /// The model and its options.
    pub fn model(&self) -> &GlmmModel {
        &self.model
    }

    /// The data.
    pub fn data(&self) -> &GlmmData {
        &self.data
    }

    /// The coefficients on the link scale, the intercept first.
    pub fn coefficients(&self) -> &[GlmmCoefficient] {
        &self.coefficients
    }

    /// Residual between-study variance.
    pub fn tau2(&self) -> f64 {
        self.tau2
    }

    /// Its profile-likelihood interval.
    pub fn tau2_interval(&self) -> Interval {
        self.tau2_interval
    }

    /// Likelihood-ratio statistic of tau2 = 0 and its p-value by the 50:50 mixture; see
    /// [`GlmmHeterogeneity::p_value`](super::GlmmHeterogeneity::p_value).
    pub fn tau2_test(&self) -> (f64, f64) {
        self.tau2_test
    }

    /// Likelihood-ratio test of all covariates; `None` without any.
    pub fn omnibus(&self) -> Option<&Omnibus> {
        self.omnibus.as_ref()
    }

    /// Log-likelihood, AIC, BIC, AICc.
    pub fn information(&self) -> &Information {
        &self.information
    }

    /// How the maximum was found.
    pub fn search(&self) -> &SearchRecord {
        &self.search
    }

    /// What a report has to disclose.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The median response at these values of the coefficients' columns (indicators as 0 or 1, without the intercept), with a
    /// Wald interval by the quantile of the model's inference.
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`], [`ErrorKind::NonFinite`], [`ErrorKind::Overflow`].
    pub fn predict(&self, x: &[f64]) -> Result<Natural> {
        let expected = self.coefficients.len() - 1;
        if x.len() != expected {
            return Err(ErrorKind::LengthMismatch { field: "x".to_owned(), expected, found: x.len() }.into());
        }
        if let Some(&value) = x.iter().find(|v| !v.is_finite()) {
            return Err(ErrorKind::NonFinite { field: "x", value }.into());
        }
        let row: Vec<f64> = std::iter::once(1.0).chain(x.iter().copied()).collect();
        let eta: f64 = row.iter().zip(&self.coefficients).map(|(x, c)| x * c.value).sum();
        let along = |r: &Vec<f64>| r.iter().zip(&row).map(|(a, b)| a * b).sum::<f64>();
        let variance: f64 = self.covariance.iter().zip(&row).map(|(r, x)| x * along(r)).sum();
        let df = self.coefficients.first().and_then(|c| c.df);
        let half = quantile(self.model.level(), df) * variance.max(0.0).sqrt();
        let link = self.model.link();
        let [value, lower, upper] = [eta, eta - half, eta + half].map(|eta| link.inverse(eta));
        if ![value, lower, upper].iter().all(|v| v.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the predicted response" }.into());
        }
        Ok(Natural { value, lower, upper, level: self.model.level(), measure: link.measure() })
    }
}

/// Coefficients in the covariates' own units and places from those of the standardised ones.
fn transformation(standard: &Standardised) -> DMatrix<f64> {
    let p = standard.unit.len();
    let mut to_own = DMatrix::identity(p, p);
    for j in 1..p {
        to_own[(j, j)] = 1.0 / standard.unit[j];
        to_own[(0, j)] = -standard.centre[j] / standard.unit[j];
    }
    to_own
}

/// The maximum as a point of the uncentred problem.
fn moved(uncentred: &Problem<Tabulated<OneGroup>>, maximum: &Maximum, standard: &Standardised) -> Result<Maximum> {
    let shift = |point: &Point| {
        let mut point = point.clone();
        for j in 1..standard.unit.len() {
            point[0] -= standard.centre[j] / standard.unit[j] * point[j];
        }
        point
    };
    let mut moved = maximum.clone();
    moved.best = uncentred.best_at_tau2(shift(&maximum.best.point), None, Effort::Exact, &Budget::new())?;
    for grid in &mut moved.grid {
        grid.point = shift(&grid.point);
    }
    Ok(moved)
}

impl std::fmt::Display for GlmmRegression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}, {} studies", self.model, self.data.labels().len())?;
        let width = self.coefficients.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
        for c in &self.coefficients {
            let [value, lower, upper] = [c.value, c.lower, c.upper].map(significant);
            writeln!(f, "  {:<width$}  {value} [{lower}, {upper}], p {}", c.name, p_value(c.p_value))?;
        }
        let (level, inference) = (percent(self.model.level()), self.model.inference());
        write!(f, "  {level} intervals by {inference}; tau2 {} {}", significant(self.tau2), self.tau2_interval)?;
        if let Some(test) = &self.omnibus {
            let (statistic, p) = (significant(test.statistic), p_value(test.p_value));
            write!(f, "\n  likelihood ratio of all covariates {statistic} (df {}, p {p})", test.df)?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
