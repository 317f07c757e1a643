//! Two groups with a parameter for each study's level: the unconditional models.

mod fixed;
mod options;
mod pair;

pub(super) use fixed::solve as solve_fixed;
pub use options::UnconditionalFixed;
pub use pair::RandomEffectCoding;
