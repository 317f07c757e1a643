//! What can be wrong with the numbers handed to an estimator. Studies are named by index; the caller knows their labels.

use thiserror::Error;

/// Why a between-study variance cannot be computed.
///
/// ```
/// use meta_analysis::tau2::{Tau2, Tau2Error, estimate};
///
/// let error = estimate(&[0.1, 0.9], &[0.04, -0.09], Tau2::Reml).expect_err("a negative variance");
/// assert_eq!(error, Tau2Error::NegativeVariance { index: 1, value: -0.09 });
/// assert_eq!(error.to_string(), "study 1: sampling variance must not be negative, got -0.09");
/// let error = estimate(&[0.1], &[0.04], Tau2::Reml).expect_err("one study only");
/// assert_eq!(error, Tau2Error::TooFewStudies { k: 1, needed: 2 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Tau2Error {
    /// There are no studies.
    #[error("no studies")]
    Empty,
    /// The effects and the sampling variances differ in number.
    #[error("{effects} effects but {variances} sampling variances")]
    LengthMismatch {
        /// Number of effects.
        effects: usize,
        /// Number of sampling variances.
        variances: usize,
    },
    /// An effect is NaN or infinite.
    #[error("study {index}: effect must be finite, got {value}")]
    NonFiniteEffect {
        /// Position of the study.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A sampling variance is NaN or infinite.
    #[error("study {index}: sampling variance must be finite, got {value}")]
    NonFiniteVariance {
        /// Position of the study.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A sampling variance is below 0.
    #[error("study {index}: sampling variance must not be negative, got {value}")]
    NegativeVariance {
        /// Position of the study.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A sampling variance is 0 where a weight `1/v` is needed.
    #[error("study {index}: sampling variance is 0, so the weight 1/v does not exist")]
    ZeroVariance {
        /// Position of the first such study.
        index: usize,
    },
    /// Fewer studies than the method needs.
    #[error("{k} studies, but {needed} are needed")]
    TooFewStudies {
        /// Number of studies.
        k: usize,
        /// Smallest number that would do.
        needed: usize,
    },
    /// The sampling variances differ by more than about 90 orders of magnitude, beyond what double precision can weigh.
    #[error("sampling variances of studies {smallest} and {largest} differ by more than a factor 2^300")]
    VarianceRatioOutOfRange {
        /// Position of the smallest (or a zero) variance.
        smallest: usize,
        /// Position of the largest variance.
        largest: usize,
    },
    /// The likelihood has no maximum: it grows without bound as tau2 goes to 0, because studies with sampling variance 0 agree
    /// exactly.
    #[error("the likelihood is unbounded at tau2 = 0: studies with sampling variance 0 agree exactly")]
    UnboundedLikelihood,
    /// A result, or the spread of the effects in units of the smallest standard error, exceeds the range of double precision.
    #[error("the result exceeds the range of double precision")]
    Overflow,
    /// A given tau2 is negative, NaN or infinite.
    #[error("tau2 must be finite and at least 0, got {value}")]
    InvalidTau2 {
        /// The value given.
        value: f64,
    },
    /// A target of the generalised Q statistic is not a positive number, or the two are in the wrong order.
    #[error("chi-squared quantiles must be finite, positive and in ascending order, got {lower} and {upper}")]
    InvalidQuantiles {
        /// The smaller quantile as given.
        lower: f64,
        /// The larger quantile as given.
        upper: f64,
    },
    /// A percentile would lie beyond the most extreme bootstrap replicate.
    #[error("{replicates} replicates, but {needed} are needed for tails so small")]
    TooFewReplicates {
        /// Number of replicates.
        replicates: u32,
        /// Smallest number that would do.
        needed: f64,
    },
    /// A mean at which a likelihood is wanted is NaN or infinite.
    #[error("the mean must be finite, got {value}")]
    NonFiniteMean {
        /// The value given.
        value: f64,
    },
    /// The design matrix and the effects differ in number of rows.
    #[error("design matrix has {rows} rows for {studies} studies")]
    DesignRows {
        /// Rows of the design matrix.
        rows: usize,
        /// Number of studies.
        studies: usize,
    },
    /// An entry of the design matrix is NaN or infinite.
    #[error("design matrix must be finite, got {value} in row {row}, column {column}")]
    NonFiniteDesign {
        /// Row (study).
        row: usize,
        /// Column (coefficient).
        column: usize,
        /// The value found.
        value: f64,
    },
    /// The columns of the design matrix are linearly dependent.
    #[error("design matrix has {columns} columns but rank {rank}")]
    RankDeficient {
        /// Number of columns.
        columns: usize,
        /// Numerical rank.
        rank: usize,
    },
    /// A column of the design matrix nearly is a combination of those before it.
    #[error(
        "column {column} of the design matrix is so near a combination of those before it that more than half of the digits would be lost (rcond {rcond:e}, smallest 1e-8)"
    )]
    IllConditioned {
        /// Position of the column.
        column: usize,
        /// What is left of it, relative to its length, once those before it are taken out.
        rcond: f64,
    },
    /// The number of weights is not the number of studies.
    #[error("{weights} weights for {studies} studies")]
    WeightCount {
        /// Number of weights.
        weights: usize,
        /// Number of studies.
        studies: usize,
    },
    /// A weight is not a finite positive number, or less than 2^-300 of the largest.
    #[error("study {index}: weight must be finite, positive and within a factor 2^300 of the others, got {value}")]
    InvalidWeight {
        /// Position of the study.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// The tail probabilities are not positive with a sum below 1.
    #[error("tail probabilities must be positive and sum to less than 1, got {upper} and {lower}")]
    InvalidTails {
        /// Upper tail probability as given.
        upper: f64,
        /// Lower tail probability as given.
        lower: f64,
    },
    /// An estimator that resamples was asked for no resamples.
    #[error("at least one bootstrap replicate is needed")]
    NoReplicates,
    /// The method is defined for one common mean only: studies that are resampled do not keep the rank of a design.
    #[error("{method} is defined for one common mean, not for a design matrix")]
    DesignNotSupported {
        /// Name of the method.
        method: &'static str,
    },
    /// The log-likelihood is not concave in tau2 at the point, so it has no observed information there.
    #[error("the observed information about tau2 is not positive at tau2 = {tau2}")]
    InformationNotPositive {
        /// The tau2 given.
        tau2: f64,
    },
    /// The distribution of a Q statistic with fixed weights could not be integrated to full precision. No data are known for which
    /// this happens.
    #[error("the distribution of the Q statistic with fixed weights could not be computed to full precision")]
    DistributionOfQ,
    /// A parameter of a prior distribution is not finite, or one that must be positive is not.
    #[error("a prior needs finite parameters, its scale or standard deviation being above 0, got {value}")]
    InvalidPrior {
        /// The value given.
        value: f64,
    },
}
