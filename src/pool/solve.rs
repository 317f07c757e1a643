//! From columns to a solution: the one path for a single fit, a subset and a batch.

use super::random::RandomEffects;
use crate::effects::EffectsView;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::{Inference, Solution};
use crate::tau2::{Certificate, Likelihood, ParseTau2Error, Tau2, Tau2Error, Workspace};

/// What is computed beside the estimate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The inference, which must get what it needs.
    pub(super) inference: Inference,
    /// Whether also the proof of a global maximum and what other inferences need, where that exists.
    pub(super) full: bool,
}

impl Extent {
    /// What `inference` needs; a failure counts only if it is the one chosen.
    fn sums<T>(self, inference: Inference, sums: impl FnOnce() -> Result<T, Tau2Error>) -> Result<Option<T>, Failure> {
        if self.inference == inference {
            return Ok(Some(sums()?));
        }
        Ok(if self.full { sums().ok() } else { None })
    }
}

/// Solves the model for these effects in the memory of `workspace`, which is left loaded with them.
pub(super) fn solve(
    view: EffectsView<'_>,
    (tau2, random): (Tau2, bool),
    workspace: &mut Workspace,
    extent: Extent,
) -> Result<(Solution, Option<Certificate>), Failure> {
    workspace.load(view.y(), view.v())?;
    let k = workspace.studies();
    if random && k < 2 {
        return Err(Failure::Model(RandomEffects::too_few(k)));
    }
    let at_zero = workspace.mean_here(0.0)?;
    let fit = if extent.full { workspace.certify(tau2)? } else { workspace.estimate(tau2)? };
    let at_tau2 = if fit.tau2 > 0.0 { workspace.mean_here(fit.tau2)? } else { at_zero };
    let kenward_roger = if tau2 == Tau2::Reml {
        extent.sums(Inference::KenwardRoger, || workspace.kenward_roger(fit.tau2))?
    } else {
        None
    };
    let dersimonian_laird_se = if random {
        extent.sums(Inference::HartungKnappIqwig, || match tau2 {
            Tau2::DerSimonianLaird => Ok(at_tau2.standard_error),
            _ => workspace.dersimonian_laird_standard_error(),
        })?
    } else {
        None
    };
    let solution = Solution {
        k,
        mu: at_tau2.mean,
        se: at_tau2.standard_error,
        tau2: fit.tau2,
        tau2_se: fit.se,
        q: at_zero.q,
        q_at_tau2: at_tau2.q,
        typical_variance: workspace.typical_variance()?,
        kenward_roger_se: kenward_roger.map(|(se, _)| se),
        kenward_roger_df: kenward_roger.map(|(_, df)| df),
        dersimonian_laird_se,
    };
    Ok((solution, fit.certificate))
}

/// Why a model could not be solved, before studies have labels again.
#[derive(Debug)]
pub(super) enum Failure {
    Model(Error),
    Data(Tau2Error),
}

impl From<Tau2Error> for Failure {
    fn from(error: Tau2Error) -> Self {
        Self::Data(error)
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Model(kind.into())
    }
}

impl Failure {
    /// The crate's error, with the label of the study where one study is concerned. `tau2`: the estimator.
    pub(super) fn explain(self, tau2: Tau2, labels: &[String]) -> Error {
        let error = match self {
            Self::Model(error) => return error,
            Self::Data(error) => error,
        };
        let (kind, index) = kind_of(error, tau2);
        match index.and_then(|i| labels.get(i)) {
            Some(label) => Error::new(kind).in_study(label),
            None => Error::new(kind),
        }
    }
}

fn kind_of(error: Tau2Error, tau2: Tau2) -> (ErrorKind, Option<usize>) {
    match error {
        Tau2Error::Empty => (ErrorKind::Empty, None),
        Tau2Error::LengthMismatch { effects, variances } => {
            (ErrorKind::LengthMismatch { field: "v".to_owned(), expected: effects, found: variances }, None)
        }
        Tau2Error::NonFiniteEffect { index, value } => (ErrorKind::NonFinite { field: "effect", value }, Some(index)),
        Tau2Error::NonFiniteVariance { index, value } => {
            (ErrorKind::NonFinite { field: "variance", value }, Some(index))
        }
        Tau2Error::NegativeVariance { index, value } => (ErrorKind::NegativeVariance { value }, Some(index)),
        Tau2Error::ZeroVariance { index } => {
            let what = "its weight, and Cochran's Q";
            let remedy = "supply the variance, or estimate tau2 alone with `tau2::estimate`";
            (ErrorKind::ZeroVariance { what, remedy }, Some(index))
        }
        Tau2Error::TooFewStudies { k, needed } if needed > 2 => {
            let remedy = "use an estimator that needs fewer studies";
            (ErrorKind::TooFewStudies { what: "this estimator of tau2", k, needed, remedy }, None)
        }
        Tau2Error::TooFewStudies { k, .. } => (RandomEffects::too_few(k).kind().clone(), None),
        Tau2Error::VarianceRatioOutOfRange { smallest, .. } => (ErrorKind::VarianceRatioOutOfRange, Some(smallest)),
        Tau2Error::UnboundedLikelihood => {
            let restricted = matches!(tau2, Tau2::Reml | Tau2::BayesMode(Likelihood::Restricted));
            let likelihood = if restricted { "restricted" } else { "full" };
            (ErrorKind::UnboundedLikelihood { likelihood }, None)
        }
        Tau2Error::WeightCount { weights, studies } => {
            (ErrorKind::LengthMismatch { field: "weights".to_owned(), expected: studies, found: weights }, None)
        }
        Tau2Error::InvalidWeight { index, value } => (ErrorKind::InvalidWeight { value }, Some(index)),
        Tau2Error::NoReplicates => {
            let (what, why) = ("bootstrap", "at least one replicate is needed");
            (ErrorKind::NotApplicable { what, why }, None)
        }
        Tau2Error::DistributionOfQ => {
            let why = "its distribution could not be computed to full precision";
            (ErrorKind::NotApplicable { what: "median of the generalised Q", why }, None)
        }
        Tau2Error::InvalidPrior { value } => (ErrorKind::InvalidPrior { value }, None),
        Tau2Error::InvalidTau2 { value } => (ErrorKind::InvalidTau2 { value }, None),
        // What is left concerns overflow, and design matrices, which a pooled mean does not have.
        _ => (ErrorKind::Overflow { what: "the pooled result" }, None),
    }
}

impl From<ParseTau2Error> for Error {
    fn from(error: ParseTau2Error) -> Self {
        let known = "DL, DL2, DLb, REML, ML, PM (EB, SJIT), PMM, HE, HE2, SJ, HS, HSk, HM, GENQ(1/v), GENQ(1/se), GENQ(1), the same \
                     with GENQM, BM-REML, BM-ML, their full names, and fixed(value)";
        ErrorKind::UnknownName { what: "estimator of tau2", name: error.name().to_owned(), known }.into()
    }
}
