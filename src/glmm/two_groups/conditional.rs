//! The likelihood of the events of the first group given those of both.

use super::boundary::TwoGroupBoundary;
use super::data::TwoGroupData;
use super::equal_effects::EqualEffects;
use super::hypergeometric::Hypergeometric;
use super::offset::Offset;
use super::options::{Conditional, ConditionalNormal, TwoGroupModel};
use super::random_effects::RandomEffects;
use super::solved::{Found, Solution};
use crate::error::{Error, ErrorKind, Result};
use crate::glmm::binomial::{Binomial, BinomialLink};
use crate::glmm::likelihood::{Local, Peak, StudyLikelihood};
use crate::study::Dropped;
use std::sync::Arc;

/// One study given its total number of events.
#[derive(Debug, Clone)]
pub(super) enum GivenTotal {
    Hypergeometric(Arc<Hypergeometric>),
    Binomial(Offset<Binomial>),
}

impl StudyLikelihood for GivenTotal {
    fn at(&self, eta: f64) -> Local {
        match self {
            Self::Hypergeometric(study) => study.at(eta),
            Self::Binomial(study) => study.at(eta),
        }
    }

    fn value(&self, eta: f64) -> f64 {
        match self {
            Self::Hypergeometric(study) => study.value(eta),
            Self::Binomial(study) => study.value(eta),
        }
    }

    fn peak(&self) -> Peak {
        match self {
            Self::Hypergeometric(study) => study.peak(),
            Self::Binomial(study) => study.peak(),
        }
    }

    fn knee(&self) -> (f64, f64) {
        match self {
            Self::Hypergeometric(study) => study.knee(),
            Self::Binomial(study) => study.knee(),
        }
    }

    fn tenth_derivative(&self) -> Option<f64> {
        match self {
            Self::Hypergeometric(study) => study.tenth_derivative(),
            Self::Binomial(_) => None,
        }
    }

    fn exclusive(&self) -> bool {
        false
    }
}

/// `x1` events of `x1 + x2`, whose odds are `size1 / size2` times the ratio.
fn binomial([one, two]: [(f64, f64); 2]) -> GivenTotal {
    let study = Binomial::new(one.0, one.0 + two.0, BinomialLink::Logit);
    GivenTotal::Binomial(Offset::new(study, one.1.ln() - two.1.ln()))
}

/// The studies that say something, their positions, and the others.
fn studies(model: &ConditionalNormal, data: &TwoGroupData) -> Result<(Vec<GivenTotal>, Vec<usize>, Vec<Dropped>)> {
    let (conditional, _) = model.asked();
    let rates = matches!(data, TwoGroupData::Rates(_));
    if rates && conditional == Conditional::Approximate {
        let (what, why) = ("approximate conditional distribution", "that of rates is exact and as simple");
        return Err(ErrorKind::NotApplicable { what, why }.into());
    }
    let (mut studies, mut used, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (i, (label, [one, two])) in data.labels().into_iter().zip(data.counts()).enumerate() {
        let reason = match one.0 + two.0 {
            events if events <= 0.0 => Some("no events in either group"),
            events if !rates && events >= one.1 + two.1 => Some("nothing but events in both groups"),
            _ => None,
        };
        if let Some(reason) = reason {
            left_out.push(Dropped { study: label.to_owned(), reason: reason.to_owned() });
            continue;
        }
        used.push(i);
        if rates || conditional == Conditional::Approximate {
            studies.push(binomial([one, two]));
            continue;
        }
        let cells = [one.0, one.1 - one.0, two.0, two.1 - two.0];
        if let Some(&value) = cells.iter().find(|cell| cell.fract().abs() > 0.0) {
            return Err(Error::from(ErrorKind::NonIntegerCount { field: "cell", value }).in_study(label));
        }
        studies.push(GivenTotal::Hypergeometric(Arc::new(Hypergeometric::new(cells))));
    }
    Ok((studies, used, left_out))
}

pub(super) fn solve(model: &ConditionalNormal, data: &TwoGroupData) -> Result<Solution> {
    let (studies, used, left_out) = studies(model, data)?;
    let model_of = TwoGroupModel::ConditionalNormal(*model);
    let (_, equal_effects) = model.asked();
    let k = studies.len();
    if k == 0 {
        let (why, remedy) = ("no study has both events and non-events", "ask for a difference of risks or rates");
        return Err(ErrorKind::NotEstimable { measure: model_of.measure(data).name(), why, remedy }.into());
    }
    if k < 2 && !equal_effects {
        let remedy = "with one study that has events take equal effects";
        return Err(ErrorKind::TooFewStudies { what: "a random-effects model", k, needed: 2, remedy }.into());
    }
    let all = |peak: Peak| studies.iter().all(|s| s.peak() == peak);
    let found = if all(Peak::Highest) || all(Peak::Lowest) {
        Found::Boundary(TwoGroupBoundary::new(&studies, all(Peak::Highest), model_of.level())?)
    } else if equal_effects {
        Found::Inside(Arc::new(EqualEffects::maximise(studies)?))
    } else if studies.iter().any(|s| matches!(s.peak(), Peak::At(_))) {
        Found::Inside(Arc::new(RandomEffects::maximise(studies)?))
    } else {
        return Err(ErrorKind::UnboundedTau2OfEffects.into());
    };
    Ok(Solution { found, used, left_out })
}

/// The limits of data in which all studies say that the effect is infinite, or all that it is 0, by the likelihood given the margins.
pub(in crate::glmm) fn boundary(data: &TwoGroupData, infinite: bool, level: f64) -> Result<TwoGroupBoundary> {
    let (studies, ..) = studies(&ConditionalNormal::new(), data)?;
    TwoGroupBoundary::new(&studies, infinite, level)
}
