//! Data that a paper does not give, recovered from what it does.
