//! What a paper reports about one study, and how that becomes an effect with a variance.
//!
//! # Overview
//!
//! * The types in the table below hold the summary data of one study. They are checked when they are made and
//!   never change.
//! * Each has its own enum of measures ([`ProportionMeasure`], [`BinaryMeasure`], ...), so that asking for the
//!   mean change of a 2x2 table does not compile.
//! * [`Studies`] is a list of labelled rows of one kind; [`Studies::effects`] computes effects and variances.
//!
//! | data | measures |
//! | --- | --- |
//! | [`Proportion`], [`Rate`], [`OneMean`]: one group | [`ProportionMeasure`], [`RateMeasure`], [`OneMeanMeasure`] |
//! | [`TwoByTwo`], [`MatchedPairs`]: counts of two groups, of pairs | [`BinaryMeasure`], [`PairsMeasure`] |
//! | [`TwoRates`]: events in person-time of two groups | [`TwoRatesMeasure`] |
//! | [`TwoMeans`], [`StandardizedDifference`], [`AreaUnderCurve`]: two groups | [`MeansMeasure`], [`StandardizedMeasure`], [`AreaUnderCurveMeasure`] |
//! | [`PrePost`], [`PrePostAssumed`]: before and after in one group | [`ChangeMeasure`] |
//! | [`Correlation`], [`PartialCorrelation`], [`SemipartialCorrelation`], [`RSquared`] | [`CorrelationMeasure`], [`PartialCorrelationMeasure`], [`SemipartialCorrelationMeasure`], [`RSquaredMeasure`] |
//! | [`Reliability`], [`Genotypes`] | [`ReliabilityMeasure`], [`GenotypesMeasure`] |
//! | [`Reported`], [`ReportedRow`]: an estimate that a paper prints | any |
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

mod area_under_curve;
mod change;
pub(crate) mod check;
mod conversion;
pub mod convert;
mod correlation;
mod count_interval;
pub mod covariates;
mod genotypes;
mod matched_pairs;
mod moments;
mod one_mean;
pub(crate) mod precise;
mod proportion;
mod rate;
mod rate_interval;
mod reading;
pub mod recover;
mod reliability;
mod reported;
mod significance;
mod smd;
mod standardized;
mod studies;
mod two_by_two;
mod two_means;
mod two_rates;
mod variance;
mod zero_cells;

pub use area_under_curve::{AreaUnderCurve, AreaUnderCurveMeasure};
pub use change::{AssumedCorrelation, ChangeMeasure, OverCorrelation, PrePost, PrePostAssumed};
pub use check::Count;
pub use conversion::{Context, Conversion, Summary};
pub use correlation::{
    Correlation, CorrelationMeasure, PartialCorrelation, PartialCorrelationMeasure, RSquared, RSquaredMeasure,
    SemipartialCorrelation, SemipartialCorrelationMeasure,
};
pub use count_interval::CountInterval;
pub use genotypes::{Genotypes, GenotypesMeasure};
pub use matched_pairs::{MatchedPairs, PairsMeasure};
pub use moments::Moments;
pub use one_mean::{OneMean, OneMeanMeasure};
pub use proportion::{Proportion, ProportionInterval, ProportionMeasure};
pub use rate::{Rate, RateMeasure};
pub use rate_interval::RateInterval;
pub use reading::{Cell, Columns, Missing, Record, Tabular};
pub use reliability::{Reliability, ReliabilityMeasure};
pub use reported::{Alternative, Reported, ReportedRow, Uncertainty};
pub use significance::Sign;
pub use standardized::{StandardizedDifference, StandardizedMeasure};
pub(crate) use studies::check_labels;
pub use studies::{Dropped, Studies};
pub use two_by_two::{BinaryMeasure, TwoByTwo};
pub use two_means::{MeansMeasure, TwoMeans};
pub use two_rates::{TwoRates, TwoRatesMeasure};
pub use variance::VarianceType;
pub use zero_cells::{Correction, Scope, Uninformative, ZeroCells};
