//! Placeholder: regression designs.
