//! Two groups with a level for each study: the unconditional models.

mod fixed;
mod lattice;
mod levels;
mod levels_profile;
mod levels_search;
#[cfg(test)]
mod levels_tests;
mod nested;
mod options;
mod own_effects;
mod pair;
mod random;
mod random_options;
mod two_levels;

pub(super) use fixed::solve as solve_fixed;
pub use options::UnconditionalFixed;
pub use pair::RandomEffectCoding;
pub(super) use random::solve as solve_random;
pub use random_options::UnconditionalRandom;
