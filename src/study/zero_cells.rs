//! What to do where a count of zero leaves a measure undefined.

use crate::error::{ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// The policy for zero cells of tables, single arms and rates.
///
/// **Default:** [`none`](ZeroCells::none): a study with a zero cell for which the measure is undefined is an
/// error, so that nobody's data is altered unasked. With a correction, the studies that were touched are
/// listed in the notes of the result.
///
/// ```
/// use meta_analysis::study::{Scope, ZeroCells};
///
/// let usual = ZeroCells::constant(0.5);                       // metafor: add = 1/2, to = "only0"
/// let old = ZeroCells::constant(0.5).scope(Scope::All);       // metafor: to = "all"
/// assert_ne!(usual, old);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ZeroCells {
    correction: Correction,
    scope: Scope,
    uninformative: Uninformative,
}

/// What is added to the counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Correction {
    /// Nothing.
    None,
    /// The same number to every cell. metafor: `add`.
    Constant(f64),
    /// Treatment-arm correction: to each cell of an arm the share of that arm in the total,
    ///
    /// ```text
    /// first arm: n1 / (n1 + n2)        second arm: n2 / (n1 + n2)
    /// ```
    ///
    /// so that a table without events favours neither arm. Sweeting, Sutton & Lambert 2004, Stat Med 23:1351,
    /// doi 10.1002/sim.1761. For a single arm it is a constant of one half.
    TreatmentArm,
}

/// Which studies the correction is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Scope {
    /// Only studies with a zero cell (the default). metafor: `to = "only0"`.
    #[default]
    OnlyZero,
    /// All studies, if any study has a zero cell. metafor: `to = "if0all"`.
    IfAny,
    /// All studies. metafor: `to = "all"`.
    All,
}

/// What happens to a table in which nobody, or everybody, has the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Uninformative {
    /// An error that names the study (the default).
    #[default]
    Refuse,
    /// The corrected table is used as any other. metafor: `drop00 = FALSE`.
    Keep,
    /// The study is left out, which the notes of the result say. metafor: `drop00 = TRUE`.
    Drop,
}

impl Default for ZeroCells {
    fn default() -> Self {
        Self::none()
    }
}

impl ZeroCells {
    const fn new(correction: Correction) -> Self {
        Self { correction, scope: Scope::OnlyZero, uninformative: Uninformative::Refuse }
    }

    /// No correction: a zero cell that leaves the measure undefined is an error.
    pub const fn none() -> Self {
        Self::new(Correction::None)
    }

    /// Add the same number to every cell of the affected studies; one half is usual. metafor: `add = 1/2`.
    ///
    /// A number that is not positive and finite is reported when the effects are computed.
    pub const fn constant(add: f64) -> Self {
        Self::new(Correction::Constant(add))
    }

    /// Add to each arm in proportion to its size ([`Correction::TreatmentArm`]).
    pub const fn treatment_arm() -> Self {
        Self::new(Correction::TreatmentArm)
    }

    /// Which studies are corrected. Default: [`Scope::OnlyZero`].
    #[must_use]
    pub const fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// What happens to tables without events, or with nothing but events. Default: [`Uninformative::Refuse`].
    #[must_use]
    pub const fn double_zero(mut self, uninformative: Uninformative) -> Self {
        self.uninformative = uninformative;
        self
    }

    /// The correction.
    pub fn correction(&self) -> Correction {
        self.correction
    }

    /// What happens to tables without events, or with nothing but events.
    pub fn uninformative(&self) -> Uninformative {
        self.uninformative
    }

    /// The policy for one study once it is known whether any study has a zero cell.
    pub(crate) fn settled(mut self, any_zero: bool) -> Self {
        if self.scope == Scope::IfAny {
            self.scope = if any_zero { Scope::All } else { Scope::OnlyZero };
        }
        self
    }

    /// What to add to the cells of the first and second group of a study with these sizes.
    ///
    /// `None`: nothing is to be added.
    pub(crate) fn addition(&self, has_zero: bool, n1: f64, n2: f64) -> Result<Option<(f64, f64)>> {
        if !has_zero && self.scope == Scope::OnlyZero {
            return Ok(None);
        }
        match self.correction {
            Correction::None => Ok(None),
            Correction::Constant(add) if add > 0.0 && add.is_finite() => Ok(Some((add, add))),
            Correction::Constant(value) => Err(ErrorKind::InvalidCorrection { value }.into()),
            Correction::TreatmentArm if n2 > 0.0 => Ok(Some((n1 / (n1 + n2), n2 / (n1 + n2)))),
            Correction::TreatmentArm => Ok(Some((0.5, 0.0))),
        }
    }
}
