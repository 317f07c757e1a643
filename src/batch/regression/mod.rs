//! One meta-regression for every unit of a batch, with a design that all units share.

mod design;
mod fallback;
mod fit;
mod output;
mod plan;
mod tile;

pub use design::BatchDesign;
pub use output::RegressionOutput;
pub use plan::BatchRegression;
