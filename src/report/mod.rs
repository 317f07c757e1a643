//! Results as plain tables on the natural scale: the only input of pictures and of other renderers.

mod forest;
mod glmm;

pub use forest::{ForestRow, ForestTable};
