//! Data that a paper does not give, recovered from what it does.
//!
//! * [`FiveNumbers`]: mean and standard deviation from median, range and quartiles, by seven published methods, with
//!   a test of skewness and a bootstrap of the added uncertainty.
//! * [`table_from_odds_ratio`], [`table_from_phi`], [`table_from_chi_squared`], [`table_from_accuracy`],
//!   [`table_from_predictive_values`]: 2x2 tables.
//! * [`moments`]: standard deviations from standard errors, intervals, t and p; subgroups combined into one group.
//!
//! What comes back is [`Converted`](super::convert::Converted): the value, and on record how it was made.

mod bootstrap;
mod box_cox;
mod family;
mod five_numbers;
pub mod moments;
mod quantile_estimation;
mod skewness;
mod two_by_two;
mod unknown_non_normal;

pub use bootstrap::{Bootstrap, RecoveredMean};
pub use five_numbers::{FiveNumbers, MomentsMethod};
pub use skewness::Skewness;
pub use two_by_two::{
    Prevalence, Yates, table_from_accuracy, table_from_chi_squared, table_from_odds_ratio, table_from_phi,
    table_from_predictive_values,
};

#[cfg(test)]
mod evaluations;
