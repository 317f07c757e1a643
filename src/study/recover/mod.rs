//! What a paper does not report, from what it does.

pub mod moments;
