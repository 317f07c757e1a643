//! Random-effects meta-analysis.
#![forbid(unsafe_code)]

pub mod num;
pub mod tau2;
