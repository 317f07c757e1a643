//! Numerical building blocks: floats in, floats out, no word of the domain.

pub(crate) mod root;
pub(crate) mod sum;
