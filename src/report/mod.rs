//! Results as plain tables on the natural scale: the only input of pictures and of other renderers.

mod forest;
mod glmm;
mod two_groups;

pub use forest::{ForestRow, ForestTable};
