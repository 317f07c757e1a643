//! Numerical building blocks: floats in, floats out, no word of the domain.
