//! Permutation tests of the mean by sign flips: options and result.

use serde::{Deserialize, Serialize};

/// How signs are flipped where there are too many studies for all 2^k ways.
///
/// ```
/// use meta_analysis::{CommonEffect, Effect, Effects, Measure, Permutation};
///
/// // 21 studies, too many for all patterns.
/// let row = |i: u32| Ok((format!("study {i}"), Effect::from_variance(Measure::MeanDifference, 0.1 + 0.02 * f64::from(i), 0.04)?));
/// let effects = Effects::from_rows((0..21).map(row).collect::<meta_analysis::Result<Vec<_>>>()?)?;
/// let test = CommonEffect::new().fit(&effects)?.permutation_test(0.0, Permutation { draws: 999, seed: 7 })?;
/// assert!(!test.exact && test.patterns == 1000);
/// // All effects are positive: only patterns with one sign for all are as extreme, and none of the 999 drawn is one (chance 0.001).
/// assert_eq!(test.p_value, 0.001);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
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
///
/// ```
/// use meta_analysis::{CommonEffect, Effect, Effects, Measure, Permutation};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 0.04)?));
/// let effects = Effects::from_rows([row("A", 0.5)?, row("B", 0.9)?, row("C", -0.2)?, row("D", 0.4)?])?;
/// let test = CommonEffect::new().fit(&effects)?.permutation_test(0.0, Permutation::default())?;
/// // The mean, 0.4, in standard errors of 0.2 / sqrt(4)
/// assert!((test.statistic - 4.0).abs() < 1e-13);
/// // With equal variances the sum decides: 1.6, or 2.0 with C positive; every other pattern gives less.
/// assert_eq!((test.extreme, test.patterns, test.exact), (2, 8, true));
/// assert_eq!(test.p_value, 0.25);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
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
