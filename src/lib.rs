//! Random-effects meta-analysis.
#![forbid(unsafe_code)]

pub mod datasets;
pub mod diagnostics;
mod effect;
pub mod effects;
mod error;
pub mod inference;
mod measure;
pub mod num;
pub mod pool;
pub mod report;
mod scale;
pub mod study;
pub mod tau2;

pub use diagnostics::{LeftOut, leave_one_out};
pub use effect::{Adjustment, Effect};
pub use effects::Effects;
pub use error::{Error, ErrorKind, Result};
pub use inference::{
    Estimate, Heterogeneity, HeterogeneityIntervals, Inference, Information, Interval, Natural, Note, Prediction,
    PredictionInterval, Region, Solution,
};
pub use measure::Measure;
pub use pool::{Batch, CommonEffect, Model, Pooled, RandomEffects};
pub use report::{ForestRow, ForestTable};
pub use scale::Scale;
pub use study::Studies;
pub use tau2::{Likelihood, Tau2};
