//! Counts of two groups per study.

use crate::error::Result;
use crate::study::{Dropped, Studies, TwoByTwo, TwoRates};
use serde::{Deserialize, Serialize};

/// The data that a model of two groups was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TwoGroupData {
    /// Events among people.
    Tables(Studies<TwoByTwo>),
    /// Events in person-time.
    Rates(Studies<TwoRates>),
}

impl From<&Studies<TwoByTwo>> for TwoGroupData {
    fn from(studies: &Studies<TwoByTwo>) -> Self {
        Self::Tables(studies.clone())
    }
}

impl From<&Studies<TwoRates>> for TwoGroupData {
    fn from(studies: &Studies<TwoRates>) -> Self {
        Self::Rates(studies.clone())
    }
}

impl TwoGroupData {
    /// Events and people (or person-time) of the first group, then of the second, by study.
    pub fn counts(&self) -> Vec<[(f64, f64); 2]> {
        match self {
            Self::Tables(studies) => {
                let groups = studies.iter().map(|(_, row)| row.groups());
                groups.map(|(one, two)| [one, two].map(|g| (g.events(), g.total()))).collect()
            }
            Self::Rates(studies) => {
                let groups = studies.iter().map(|(_, row)| row.groups());
                groups.map(|(one, two)| [one, two].map(|g| (g.events(), g.time()))).collect()
            }
        }
    }

    /// Labels of the studies.
    pub fn labels(&self) -> Vec<&str> {
        match self {
            Self::Tables(studies) => studies.labels().collect(),
            Self::Rates(studies) => studies.labels().collect(),
        }
    }

    pub(in crate::glmm) fn check_labels(&self) -> Result<()> {
        match self {
            Self::Tables(studies) => studies.check_labels(),
            Self::Rates(studies) => studies.check_labels(),
        }
    }

    pub(in crate::glmm) fn dropped(&self) -> &[Dropped] {
        match self {
            Self::Tables(studies) => studies.dropped(),
            Self::Rates(studies) => studies.dropped(),
        }
    }
}
