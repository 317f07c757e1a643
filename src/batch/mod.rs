//! One model fitted to very many units: variants, voxels, transcripts, simulated data sets.
//!
//! A [`BatchPlan`] holds the model, a [`BatchInput`] borrows effects and variances in the layout in which they are found, and a
//! [`BatchOutput`] holds the columns that are wanted. Nothing is allocated per unit, and a unit that cannot be fitted is one
//! [flag](UnitFlags).
//!
//! ```
//! use meta_analysis::Tau2;
//! use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, UnitFlags};
//!
//! // Three units of four studies; one effect is missing, and one unit has a variance that cannot be.
//! let nan = f64::NAN;
//! let y = [0.1, 0.9, 0.5, -0.2,   0.3, nan, 0.4, 0.6,   0.1, 0.2, 0.3, 0.4];
//! let v = [0.04, 0.05, 0.03, 0.1,   0.02, 0.05, 0.08, 0.03,   0.1, -0.1, 0.1, 0.1];
//! let (mut tau2, mut count, mut flags) = ([0.0; 3], [0; 3], [UnitFlags::NONE; 3]);
//! let mut output = BatchOutput {
//!     tau2: Some(&mut tau2),
//!     count: Some(&mut count),
//!     flags: Some(&mut flags),
//!     ..BatchOutput::default()
//! };
//! let summary = BatchPlan::random(Tau2::Reml)?.run(BatchInput::unit_major(&y, &v, 4)?, &mut output)?;
//! assert_eq!(summary.failed, 1);
//! assert_eq!(count, [4, 3, 4]);
//! assert!(tau2[0] > 0.0 && !flags[0].contains(UnitFlags::AT_ZERO));
//! // mpmath, 30 digits; metafor 3.8 with `threshold = 1e-13` stops 2e-14 before it
//! assert!((tau2[1] - 0.005_605_650_954_732_56).abs() < 1e-16);
//! assert!(flags[2] == UnitFlags::INVALID_VALUE && tau2[2].is_nan());
//! # Ok::<(), meta_analysis::Error>(())
//! ```

mod chunk;
mod fallback;
mod flags;
mod input;
mod kernel;
mod output;
#[cfg(feature = "parallel")]
mod parallel;
mod plan;
mod regression;
mod tails;

pub use crate::num::lanes::InstructionSet;
pub use flags::UnitFlags;
pub use input::BatchInput;
pub use output::BatchOutput;
pub use plan::{BatchPlan, BatchSummary, UnitFit};
pub use regression::{BatchDesign, BatchRegression, RegressionOutput};
