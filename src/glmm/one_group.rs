//! One group per study: from typed rows to likelihoods.

use super::binomial::{Binomial, BinomialLink};
use super::likelihood::{Local, Peak, StudyLikelihood};
use super::options::{GlmmData, GlmmModel, Link};
use super::poisson::Poisson;
use crate::error::{ErrorKind, Result};
use crate::study::Dropped;
use crate::study::covariates::Covariates;

/// Proportions under three links, or rates.
#[derive(Debug, Clone, Copy)]
pub(super) enum OneGroup {
    Binomial(Binomial),
    Poisson(Poisson),
}

impl StudyLikelihood for OneGroup {
    fn at(&self, eta: f64) -> Local {
        match self {
            Self::Binomial(study) => study.at(eta),
            Self::Poisson(study) => study.at(eta),
        }
    }

    fn value(&self, eta: f64) -> f64 {
        match self {
            Self::Binomial(study) => study.value(eta),
            Self::Poisson(study) => study.value(eta),
        }
    }

    fn peak(&self) -> Peak {
        match self {
            Self::Binomial(study) => study.peak(),
            Self::Poisson(study) => study.peak(),
        }
    }

    fn knee(&self) -> (f64, f64) {
        match self {
            Self::Binomial(study) => study.knee(),
            Self::Poisson(study) => study.knee(),
        }
    }
}

impl GlmmModel {
    /// The likelihood of `x` events among `size` people, or in time `size`, under this model's link.
    pub(super) fn study(&self, x: f64, size: f64) -> OneGroup {
        let link = match self.link() {
            Link::Log => return OneGroup::Poisson(Poisson::new(x, size)),
            Link::Logit => BinomialLink::Logit,
            Link::Probit => BinomialLink::Probit,
            Link::ComplementaryLogLog => BinomialLink::Cloglog,
        };
        OneGroup::Binomial(Binomial::new(x, size, link))
    }

    /// # Errors
    /// [`ErrorKind::NotApplicable`] for a link that the data cannot have.
    pub(super) fn check(&self) -> Result<()> {
        if matches!(self, Self::BinomialNormal(_)) && self.link() == Link::Log {
            let (what, why) = ("log link for proportions", "a normal effect would take the probability above 1");
            return Err(ErrorKind::NotApplicable { what, why }.into());
        }
        Ok(())
    }
}

impl GlmmData {
    /// Events and people, or events and time, by study.
    pub fn counts(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Proportions(studies) => studies.iter().map(|(_, row)| (row.events(), row.total())).collect(),
            Self::Rates(studies) => studies.iter().map(|(_, row)| (row.events(), row.time())).collect(),
        }
    }

    /// Labels of the studies.
    pub fn labels(&self) -> Vec<&str> {
        match self {
            Self::Proportions(studies) => studies.labels().collect(),
            Self::Rates(studies) => studies.labels().collect(),
        }
    }

    pub(super) fn check_labels(&self) -> Result<()> {
        match self {
            Self::Proportions(studies) => studies.check_labels(),
            Self::Rates(studies) => studies.check_labels(),
        }
    }

    pub(super) fn covariates(&self) -> &Covariates {
        match self {
            Self::Proportions(studies) => studies.covariates(),
            Self::Rates(studies) => studies.covariates(),
        }
    }

    pub(super) fn dropped(&self) -> &[Dropped] {
        match self {
            Self::Proportions(studies) => studies.dropped(),
            Self::Rates(studies) => studies.dropped(),
        }
    }
}
