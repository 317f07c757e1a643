//! Two groups per study: odds ratios and rate ratios by the likelihood of the counts.

mod beta_binomial;
mod boundary;
mod conditional;
mod data;
mod dispersion;
mod equal_effects;
mod firth;
mod fit;
mod hypergeometric;
mod intraclass;
mod offset;
mod options;
mod overdispersed;
mod overdispersed_profile;
pub(super) mod profile_root;
mod random_effects;
pub(super) mod solved;
mod study_levels;

pub use beta_binomial::{BetaBinomial, RiskContrast};
pub use boundary::TwoGroupBoundary;
pub(super) use conditional::boundary as conditional_boundary;
pub use data::TwoGroupData;
pub use dispersion::{DispersionMethod, Overdispersion};
pub use firth::FirthLogistic;
pub use fit::{StudyEffect, TwoGroupFit};
pub use intraclass::IntraclassCorrelation;
pub use options::{Conditional, ConditionalNormal, TwoGroupModel};
pub use study_levels::StudyLevels;
