//! Two groups per study: odds ratios and rate ratios by the likelihood of the counts.

mod boundary;
mod conditional;
mod data;
mod equal_effects;
mod fit;
mod hypergeometric;
mod offset;
mod options;
mod random_effects;
pub(super) mod solved;

pub use boundary::TwoGroupBoundary;
pub(super) use conditional::boundary as conditional_boundary;
pub use data::TwoGroupData;
pub use fit::{StudyEffect, TwoGroupFit};
pub use options::{Conditional, ConditionalNormal, TwoGroupModel};
