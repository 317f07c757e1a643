//! Permutation tests of the mean by sign flips: options and result.

use serde::{Deserialize, Serialize};

/// How signs are flipped where there are too many studies for all 2^k ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permutation {
    /// Number of random sign patterns for more than [`EXACT_UP_TO`](Self::EXACT_UP_TO) studies. Default: 100 000.
    pub draws: u32,
    /// Seed of those; the same seed gives the same numbers on every machine. Default: 1.
    pub seed: u64,
}

impl Permutation {
    /// Up to this many studies every sign pattern is fitted, and nothing is random.
    pub const EXACT_UP_TO: usize = 20;
}

impl Default for Permutation {
    fn default() -> Self {
        Self { draws: 100_000, seed: 1 }
    }
}

/// The result of a permutation test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PermutationTest {
    /// The effect tested, on the analysis scale.
    pub hypothesis: f64,
    /// The model's test statistic for the effects as they are.
    pub statistic: f64,
    /// Two-sided p-value, `extreme / patterns`.
    pub p_value: f64,
    /// Sign patterns, of those looked at, whose statistic is at least as far from 0. Patterns that differ in every
    /// sign give opposite statistics, so one of each pair is looked at.
    pub extreme: u64,
    /// Sign patterns looked at, the effects as they are included: `2^(k-1)`, or draws + 1.
    pub patterns: u64,
    /// Whether these are all there are.
    pub exact: bool,
}
