//! One pooled effect: models are plain options with a `fit`.
//!
//! ```
//! use meta_analysis::{RandomEffects, Tau2, study::{Proportion, ProportionMeasure, Studies}};
//!
//! let effects = Studies::from([
//!     ("Göttfried 2000", Proportion::new(7, 19)?),
//!     ("Hara 2003", Proportion::new(7, 8)?),
//!     ("Kampylafka 2012", Proportion::new(22, 24)?),
//!     ("Galimberti 2018", Proportion::new(35, 42)?),
//! ])
//! .effects(ProportionMeasure::Logit)?;
//! let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
//! assert_eq!(fit.natural().to_string(), "0.777 [0.292, 0.967]");
//! # Ok::<(), meta_analysis::Error>(())
//! ```

mod batch;
mod bayesian;
mod common;
mod convention;
mod exact;
mod heterogeneity;
mod likelihood_interval;
mod mean_interval;
mod p_value_function;
mod permutation;
mod pooled;
mod prediction;
mod probability;
mod random;
mod solve;
mod uwls;
mod weighted_mean;
mod weighted_pooled;

pub use batch::Batch;
pub use common::CommonEffect;
pub use convention::{Convention, ConventionalFit};
pub use pooled::{Model, Pooled};
pub use prediction::NewStudy;
pub use random::RandomEffects;
pub use weighted_mean::{MeanWeights, WeightedMean};
pub use weighted_pooled::WeightedPooled;
