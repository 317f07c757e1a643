//! Random-effects meta-analysis.
#![forbid(unsafe_code)]

pub mod num;
