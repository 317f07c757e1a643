//! What every public entry must do with any input: never panic, never return a number that is not finite inside an
//! `Ok`, never leave a likelihood uncertified. Driven by libFuzzer (`cargo fuzz run pool`) and, on stable Rust, by
//! `tests/fuzz.rs`, which replays the corpus and adds seeded inputs.

mod batches;
mod columns;
mod count_models;
mod questions;
mod results;
mod source;
mod study_rows;
mod targets;

#[allow(unused_imports, reason = "the test takes them from the list")]
pub use targets::{
    TARGETS, batch, batch_regression, bayesian, columns, conversions, counts, means, one_group, pool, questions,
    reading, results, special, strata, studies, tau2, two_groups,
};
