//! What a paper reports about one study, and how that becomes an effect with a variance.
//!
//! # Overview
//!
//! * [`Proportion`], [`Rate`], [`TwoByTwo`], [`TwoRates`], [`TwoMeans`], [`PrePost`], [`Correlation`] and
//!   [`Reported`] hold the summary data of one study. They are checked when they are made and never change.
//! * Each has its own enum of measures ([`ProportionMeasure`], [`BinaryMeasure`], ...), so that asking for the
//!   mean change of a 2x2 table does not compile.
//! * [`Studies`] is a list of labelled rows of one kind; [`Studies::effects`] computes effects and variances.
//!
//! ```
//! use meta_analysis::study::{Proportion, ProportionMeasure, Studies};
//!
//! let responders = Studies::from([
//!     ("Göttfried 2000", Proportion::new(7, 19)?),
//!     ("Hara 2003", Proportion::new(7, 8)?),
//! ]);
//! let effects = responders.effects(ProportionMeasure::Logit)?;
//! assert!((effects.y()[1] - 7.0_f64.ln()).abs() < 1e-14);
//! assert!((effects.v()[1] - 8.0 / 7.0).abs() < 1e-15);
//! # Ok::<(), meta_analysis::Error>(())
//! ```
//!
//! ```compile_fail
//! use meta_analysis::study::{ChangeMeasure, Studies, TwoByTwo};
//! let tables = Studies::from([("A", TwoByTwo::new((9, 12), (0, 11))?)]);
//! tables.effects(ChangeMeasure::MeanChange)?; // a table has no mean change
//! # Ok::<(), meta_analysis::Error>(())
//! ```

mod change;
pub(crate) mod check;
mod conversion;
pub mod convert;
mod correlation;
pub mod covariates;
mod genotypes;
mod moments;
mod proportion;
mod rate;
pub mod recover;
mod reliability;
mod reported;
mod significance;
mod studies;
mod two_by_two;
mod two_means;
mod two_rates;
mod variance;
mod zero_cells;

pub use change::{ChangeMeasure, PrePost};
pub use check::Count;
pub use conversion::{Context, Conversion, Summary};
pub use correlation::{
    Correlation, CorrelationMeasure, PartialCorrelation, PartialCorrelationMeasure, RSquared, RSquaredMeasure,
    SemipartialCorrelation, SemipartialCorrelationMeasure,
};
pub use genotypes::{Genotypes, GenotypesMeasure};
pub use moments::Moments;
pub use proportion::{Proportion, ProportionMeasure};
pub use rate::{Rate, RateMeasure};
pub use reliability::{Reliability, ReliabilityMeasure};
pub use reported::{Alternative, Reported, ReportedRow, Uncertainty};
pub use significance::Sign;
pub use studies::Studies;
pub(crate) use studies::check_labels;
pub use two_by_two::{BinaryMeasure, TwoByTwo};
pub use two_means::{MeansMeasure, TwoMeans};
pub use two_rates::{TwoRates, TwoRatesMeasure};
pub use variance::VarianceType;
pub use zero_cells::{Correction, Scope, Uninformative, ZeroCells};
