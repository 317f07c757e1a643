//! One meta-regression for every unit of a batch, with a design that all units share.

mod blocks;
mod cells;
mod design;
mod fallback;
mod fit;
mod one_unit;
mod output;
mod plan;
mod studies;
mod tile;

pub use design::BatchDesign;
pub use output::RegressionOutput;
pub use plan::BatchRegression;
