//! Counts of two groups pooled as counts: Mantel-Haenszel, Peto, Cochran's rates, the exact conditional odds ratio,
//! sample-size weights, and the tests that go with them.
//!
//! Where events are few, effects and variances of single studies are poor, or undefined without a correction that
//! decides the result. These methods use the counts of all studies at once and need none. All but
//! [`SampleSizeWeights`] with a tau2 assume one common effect.
//!
//! | method | data | measure |
//! | --- | --- | --- |
//! | [`MantelHaenszel`] | [`TwoByTwo`](crate::study::TwoByTwo), [`TwoRates`](crate::study::TwoRates) | OR, RR, RD; IRR, IRD |
//! | [`Peto`] | [`TwoByTwo`](crate::study::TwoByTwo) | OR, one step from 1 |
//! | [`sato_interval`] | [`TwoByTwo`](crate::study::TwoByTwo) | OR, Mantel-Haenszel interval without an estimate of its variance |
//! | [`ExactOddsRatio`] | [`TwoByTwo`](crate::study::TwoByTwo) | OR, no approximation |
//! | [`CochranRates`] | [`TwoRates`](crate::study::TwoRates) | IRR, observed against expected |
//! | [`SampleSizeWeights`] | any two groups | any |
//! | [`cochran_mantel_haenszel`] | tables, rates | test of no effect |
//! | [`breslow_day`], [`zelen`] | tables | test of equal odds ratios, approximate and exact |
//!
//! ```
//! use meta_analysis::study::{Studies, TwoByTwo};
//! use meta_analysis::{ExactOddsRatio, MantelHaenszel, tables::TableMeasure};
//!
//! let trials = Studies::from([
//!     ("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?), // a zero cell
//!     ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
//! ]);
//! let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&trials)?;
//! assert_eq!(fit.natural().to_string(), "6.70 [2.90, 15.5]");
//! assert_eq!(fit.notes()[0].to_string(), "pooled, but not in Q, having no effect of their own: Dalakas 1993");
//! let exact = ExactOddsRatio::new().fit(&trials)?;
//! assert_eq!(exact.natural().unwrap().to_string(), "6.94 [2.82, 18.4]");
//! # Ok::<(), meta_analysis::Error>(())
//! ```

mod association;
mod cochran_rates;
mod conditional;
mod exact;
mod homogeneity;
mod mantel_haenszel;
mod peto;
mod pooled;
mod sample_size;
mod sato;
mod strata;
mod sums;
mod zelen;

pub use association::{ChiSquaredTest, Continuity, cochran_mantel_haenszel};
pub use cochran_rates::CochranRates;
pub use conditional::{ConditionalOddsRatio, ExactTest, OddsRatioLimits};
pub use exact::{ExactLimits, ExactOddsRatio};
pub use homogeneity::{BreslowDay, breslow_day};
pub use mantel_haenszel::{MantelHaenszel, MantelHaenszelVariance, RateMeasure, StratifiedMeasure, TableMeasure};
pub use peto::Peto;
pub use pooled::{Analysis, PooledStrata, Stratum};
pub use sample_size::SampleSizeWeights;
pub use sato::sato_interval;
pub use strata::{Counts, TwoGroups};
pub use zelen::zelen;
