//! The models, as plain options with a `fit`.

use super::fit::GlmmFit;
use super::regression::GlmmRegression;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::num::normal;
use crate::scale::Scale;
use crate::study::{Proportion, Rate, Studies};
use serde::{Deserialize, Serialize};

/// What is normally distributed between studies: how a probability or a rate becomes a linear predictor `eta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Link {
    /// `eta = ln(p / (1 - p))`; **the default for proportions**. metafor: `rma.glmm(measure = "PLO")`.
    #[default]
    Logit,
    /// `eta` = normal quantile of `p`. Not in `rma.glmm`.
    Probit,
    /// `eta = ln(-ln(1 - p))`, complementary log-log: natural where `p` is the share of events by a certain time, since
    /// differences of `eta` are then log hazard ratios. Not in `rma.glmm`.
    ComplementaryLogLog,
    /// `eta = ln rate`; the link of rates. metafor: `rma.glmm(measure = "IRLN")`.
    Log,
}

impl Link {
    const ALL: [Self; 4] = [Self::Logit, Self::Probit, Self::ComplementaryLogLog, Self::Log];

    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logit => "logit",
            Self::Probit => "probit",
            Self::ComplementaryLogLog => "complementary log-log",
            Self::Log => "log",
        }
    }

    /// The probability or rate of a linear predictor; infinite ones go to the ends of the range.
    pub fn inverse(self, eta: f64) -> f64 {
        match self {
            Self::Logit => Scale::Logit.to_natural(eta),
            Self::Probit => normal::cdf(eta),
            Self::ComplementaryLogLog => -(-eta.exp()).exp_m1(),
            Self::Log => eta.exp(),
        }
    }

    /// The linear predictor of a probability or rate; infinite at the ends of the range.
    pub(super) fn forward(self, natural: f64) -> f64 {
        match self {
            Self::Logit => natural.ln() - (-natural).ln_1p(),
            Self::Probit => normal::quantile(natural),
            Self::ComplementaryLogLog => (-(-natural).ln_1p()).ln(),
            Self::Log => natural.ln(),
        }
    }

    /// What the number is on the natural scale.
    pub(super) fn measure(self) -> Measure {
        match self {
            Self::Logit => Measure::LogitProportion,
            Self::Probit => Measure::ProbitProportion,
            Self::ComplementaryLogLog => Measure::RawProportion,
            Self::Log => Measure::LogRate,
        }
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Link {
    type Err = Error;

    /// Reads a name, letter case ignored; `cloglog` is understood.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        if text.eq_ignore_ascii_case("cloglog") {
            return Ok(Self::ComplementaryLogLog);
        }
        Self::ALL.into_iter().find(|link| text.eq_ignore_ascii_case(link.name())).ok_or_else(|| {
            let known = "logit, probit, complementary log-log (cloglog), log";
            ErrorKind::UnknownName { what: "link", name: text.to_owned(), known }.into()
        })
    }
}

/// How the interval of the mean of the random effects is computed.
///
/// In simulations with 4 to 35 people per study (`examples/coverage_proportions.rs`, 800 reviews per line) the profile interval
/// covered 91.5 to 97.4 % at a nominal 95 %, Wald's 88 to 97 %; with five studies the two t versions cover more than they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GlmmInference {
    /// The means that a likelihood-ratio test does not reject; **the default**. Hardy & Thompson 1996, Stat Med 15:619,
    /// doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A, for another likelihood. Not in metafor.
    ///
    /// ```text
    /// { mu : 2 (l(mu^, tau2^) - max over tau2 of l(mu, tau2)) <= z^2 }
    /// ```
    #[default]
    ProfileLikelihood,
    /// The same with `t(k - 1)^2` for `z^2`. Not in metafor.
    ProfileLikelihoodT,
    /// `mu -+ z se`, the standard error from the observed information with tau2 among the unknowns (unless it is 0). metafor:
    /// `rma.glmm(test = "z")`, its default.
    Wald,
    /// `mu -+ t(k - 1) se`. metafor: `rma.glmm(test = "t")`.
    WaldT,
}

impl GlmmInference {
    const ALL: [Self; 4] = [Self::ProfileLikelihood, Self::ProfileLikelihoodT, Self::Wald, Self::WaldT];

    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProfileLikelihood => "profile likelihood",
            Self::ProfileLikelihoodT => "profile likelihood (t)",
            Self::Wald => "Wald",
            Self::WaldT => "Wald (t)",
        }
    }

    /// Whether a t distribution replaces the normal one.
    pub(super) fn uses_t(self) -> bool {
        matches!(self, Self::ProfileLikelihoodT | Self::WaldT)
    }

    pub(super) fn is_profile(self) -> bool {
        matches!(self, Self::ProfileLikelihood | Self::ProfileLikelihoodT)
    }
}

impl std::fmt::Display for GlmmInference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for GlmmInference {
    type Err = Error;

    /// Reads a name, letter case ignored.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|inference| text.eq_ignore_ascii_case(inference.name())).ok_or_else(|| {
            let known = "profile likelihood, profile likelihood (t), Wald, Wald (t)";
            ErrorKind::UnknownName { what: "inference", name: text.to_owned(), known }.into()
        })
    }
}

/// The binomial-normal model of one group's proportions: counts by their own likelihood, no transformation of the data and no
/// correction of zero cells.
///
/// ```text
/// x_i | eta_i ~ Binomial(n_i, p(eta_i))        eta_i ~ N(mu, tau2)
/// ```
///
/// Maximum likelihood. metafor: `rma.glmm(measure = "PLO")`, which sums over seven quadrature nodes unless told otherwise and
/// has neither an interval for tau2 nor a profile interval for the mean. Stijnen, Hamza & Özdemir 2010, Stat Med
/// 29:3046, doi 10.1002/sim.4040; Hamza, van Houwelingen & Stijnen 2008, J Clin Epidemiol 61:41,
/// doi 10.1016/j.jclinepi.2007.03.016.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | [`link`](Self::link) | [`Link::Logit`] | see [`Link`] |
/// | [`inference`](Self::inference) | [`GlmmInference::ProfileLikelihood`] (metafor: Wald) | see [`GlmmInference`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
///
/// ```
/// use meta_analysis::glmm::BinomialNormal;
/// use meta_analysis::datasets::ivig_dermatomyositis;
///
/// let fit = BinomialNormal::new().fit(&ivig_dermatomyositis::responses()?)?;
/// // mpmath, 30 digits (tests/reference/glmm_one_group.py)
/// let estimate = fit.estimate().expect("not on the boundary");
/// assert!((estimate.value - 1.319_556_588_392_188).abs() < 1e-10);
/// assert!((fit.heterogeneity().tau2.expect("estimated") - 1.170_614_963_001_094).abs() < 1e-10);
/// assert_eq!(fit.natural().to_string(), "0.789 [0.451, 0.955]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BinomialNormal {
    link: Link,
    inference: GlmmInference,
    level: f64,
}

impl Default for BinomialNormal {
    fn default() -> Self {
        Self::new()
    }
}

impl BinomialNormal {
    /// The model with every option at its default.
    pub fn new() -> Self {
        Self { link: Link::Logit, inference: GlmmInference::default(), level: 0.95 }
    }

    /// The scale on which studies differ normally. Default: [`Link::Logit`]. [`fit`](Self::fit) refuses [`Link::Log`], under
    /// which a probability could exceed 1.
    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// How the interval of the mean is computed. Default: [`GlmmInference::ProfileLikelihood`].
    #[must_use]
    pub fn inference(mut self, inference: GlmmInference) -> Self {
        self.inference = inference;
        self
    }

    /// Level of all intervals, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Fits the model.
    ///
    /// If every person of every study responds, or none does, the estimate lies on the boundary: see
    /// [`GlmmFit::boundary`].
    ///
    /// # Errors
    /// [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`], [`ErrorKind::TooFewStudies`] for one
    /// study, [`ErrorKind::LevelOutOfRange`], [`ErrorKind::UnboundedTau2`] if each study has either no events or nothing but
    /// events and both kinds occur, [`ErrorKind::NotApplicable`] for [`Link::Log`], [`ErrorKind::Overflow`].
    pub fn fit(&self, studies: &Studies<Proportion>) -> Result<GlmmFit> {
        GlmmFit::fit(GlmmModel::BinomialNormal(*self), GlmmData::Proportions(studies.clone()))
    }

    /// Fits the model with covariates: `eta_i ~ N(b0 + b1 x_i1 + ..., tau2)`. Texts become indicators of all but the first
    /// text.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and [`ErrorKind::InvalidCovariate`] for one that is not there, or naming the study without a
    /// value, [`ErrorKind::TooManyParameters`], [`ErrorKind::RankDeficient`], [`ErrorKind::IllConditioned`],
    /// [`ErrorKind::Separation`].
    pub fn regression(&self, studies: &Studies<Proportion>, covariates: &[&str]) -> Result<GlmmRegression> {
        GlmmRegression::fit(GlmmModel::BinomialNormal(*self), GlmmData::Proportions(studies.clone()), covariates)
    }
}

/// The Poisson-normal model of one group's rates.
///
/// ```text
/// x_i | eta_i ~ Poisson(time_i exp(eta_i))        eta_i ~ N(mu, tau2)
/// ```
///
/// Maximum likelihood. metafor: `rma.glmm(measure = "IRLN")`. Stijnen, Hamza & Özdemir 2010, Stat Med 29:3046,
/// doi 10.1002/sim.4040. Options and defaults as those of [`BinomialNormal`]; the link is the logarithm.
///
/// ```
/// use meta_analysis::glmm::PoissonNormal;
/// use meta_analysis::study::{Rate, Studies};
///
/// let courses = Studies::from([("A", Rate::new(3, 40.0)?), ("B", Rate::new(11, 38.0)?), ("C", Rate::new(0, 12.5)?)]);
/// let fit = PoissonNormal::new().fit(&courses)?;
/// assert_eq!(fit.natural().measure.natural_name(), "rate");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PoissonNormal {
    inference: GlmmInference,
    level: f64,
}

impl Default for PoissonNormal {
    fn default() -> Self {
        Self::new()
    }
}

impl PoissonNormal {
    /// The model with every option at its default.
    pub fn new() -> Self {
        Self { inference: GlmmInference::default(), level: 0.95 }
    }

    /// How the interval of the mean is computed. Default: [`GlmmInference::ProfileLikelihood`].
    #[must_use]
    pub fn inference(mut self, inference: GlmmInference) -> Self {
        self.inference = inference;
        self
    }

    /// Level of all intervals, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Fits the model. Without any event at all the estimate lies on the boundary: see [`GlmmFit::boundary`].
    ///
    /// # Errors
    /// As [`BinomialNormal::fit`].
    pub fn fit(&self, studies: &Studies<Rate>) -> Result<GlmmFit> {
        GlmmFit::fit(GlmmModel::PoissonNormal(*self), GlmmData::Rates(studies.clone()))
    }

    /// Fits the model with covariates, as [`BinomialNormal::regression`] does.
    ///
    /// # Errors
    /// As [`BinomialNormal::regression`].
    pub fn regression(&self, studies: &Studies<Rate>, covariates: &[&str]) -> Result<GlmmRegression> {
        GlmmRegression::fit(GlmmModel::PoissonNormal(*self), GlmmData::Rates(studies.clone()), covariates)
    }
}

/// The model that was fitted, with its options.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GlmmModel {
    /// Proportions.
    BinomialNormal(BinomialNormal),
    /// Rates.
    PoissonNormal(PoissonNormal),
}

impl GlmmModel {
    /// The link.
    pub fn link(&self) -> Link {
        match self {
            Self::BinomialNormal(model) => model.link,
            Self::PoissonNormal(_) => Link::Log,
        }
    }

    /// How the interval of the mean is computed.
    pub fn inference(&self) -> GlmmInference {
        match self {
            Self::BinomialNormal(model) => model.inference,
            Self::PoissonNormal(model) => model.inference,
        }
    }

    /// Level of the intervals.
    pub fn level(&self) -> f64 {
        match self {
            Self::BinomialNormal(model) => model.level,
            Self::PoissonNormal(model) => model.level,
        }
    }
}

impl std::fmt::Display for GlmmModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BinomialNormal(model) => write!(f, "binomial-normal, {} link (maximum likelihood)", model.link),
            Self::PoissonNormal(_) => f.write_str("Poisson-normal, log link (maximum likelihood)"),
        }
    }
}

/// The data that a model was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GlmmData {
    /// Events among people.
    Proportions(Studies<Proportion>),
    /// Events in person-time.
    Rates(Studies<Rate>),
}
