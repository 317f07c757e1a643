//! One error type for the whole crate: what went wrong, in which study, in which field, and what to do.

use thiserror::Error as ThisError;

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what would put it right.
///
/// One word wide. [`kind`](Error::kind) is for programs to match on, [`study`](Error::study) and
/// [`field`](Error::field) give the address, and the message names the rule that was broken, the value that
/// broke it, and the remedy.
///
/// ```
/// use meta_analysis::{ErrorKind, study::Proportion};
///
/// let error = Proportion::new(13, 12).unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::EventsExceedTotal { .. }));
/// assert_eq!(error.field(), Some("events"));
/// assert_eq!(error.to_string(), "events must not exceed the total: 13 of 12");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    kind: ErrorKind,
    study: Option<String>,
    record: Option<u64>,
}

impl Error {
    /// An error of this kind, not yet tied to a study.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, study: None, record: None }))
    }

    /// The same error with the label of the study it concerns. A label given earlier is kept.
    #[must_use]
    pub fn in_study(mut self, label: &str) -> Self {
        self.0.study.get_or_insert_with(|| label.to_owned());
        self
    }

    /// The same error with the number of the record that was being read, counted from 1 without the header.
    #[must_use]
    pub fn in_record(mut self, record: u64) -> Self {
        self.0.record.get_or_insert(record);
        self
    }

    /// The rule that was broken, for matching.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The label of the study concerned, when one study is.
    pub fn study(&self) -> Option<&str> {
        self.0.study.as_deref()
    }

    /// The number of the record concerned, when the data were read from a table: from 1, without the header.
    pub fn record(&self) -> Option<u64> {
        self.0.record
    }

    /// The name of the input field concerned, when one field is.
    pub fn field(&self) -> Option<&str> {
        self.0.kind.field()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(record) = self.record() {
            write!(f, "record {record}: ")?;
        }
        if let Some(study) = self.study() {
            write!(f, "study {study:?}: ")?;
        }
        self.0.kind.fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

/// The rules that inputs and models can break.
///
/// New kinds may be added in any release.
#[derive(Debug, Clone, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A number is NaN or infinite.
    #[error("{field} must be finite, got {value}; leave the study out or supply the number")]
    NonFinite {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A count is below zero.
    #[error("{field} must not be negative, got {value}")]
    NegativeCount {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A count is not a whole number.
    #[error("{field} must be a whole number, got {value}; use a `fractional` constructor if it was imputed")]
    NonIntegerCount {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A count is above 2^53 and would be rounded silently.
    #[error("{field} must be at most 2^53 to be held exactly, got about {value:e}")]
    CountNotExact {
        /// Input field.
        field: &'static str,
        /// The offending value, rounded.
        value: f64,
    },
    /// More events than people.
    #[error("events must not exceed the total: {events} of {total}")]
    EventsExceedTotal {
        /// Number of events.
        events: f64,
        /// Number at risk.
        total: f64,
    },
    /// An arm or sample without anybody in it.
    #[error("{field} must be positive: an empty arm carries no information")]
    EmptyArm {
        /// Input field.
        field: &'static str,
    },
    /// All four cells of a table are zero.
    #[error("all cells are zero: there is no such study")]
    EmptyTable,
    /// The measure is undefined with a zero cell and no correction was chosen.
    #[error("{field} is zero, so {measure} is undefined; choose a correction, e.g. `ZeroCells::constant(0.5)`")]
    ZeroCell {
        /// The cell that is zero.
        field: &'static str,
        /// Name of the measure.
        measure: &'static str,
    },
    /// No events in either arm.
    #[error(
        "no events in either arm, so {measure} carries no information; keep or drop such studies with `ZeroCells::double_zero`"
    )]
    DoubleZero {
        /// Name of the measure.
        measure: &'static str,
    },
    /// Everybody in both arms has the event.
    #[error(
        "everybody has the event in both arms, so {measure} carries no information; keep or drop such studies with `ZeroCells::double_zero`"
    )]
    DoubleFull {
        /// Name of the measure.
        measure: &'static str,
    },
    /// Everybody is on one side of a margin of a 2x2 table, so that it shows no association of any size.
    #[error(
        "a margin of the table is empty, so {measure} is undefined; leave the study out, or correct and keep it with `ZeroCells::double_zero`"
    )]
    DegenerateMargin {
        /// Name of the measure.
        measure: &'static str,
    },
    /// A zero cell puts the estimate on the boundary, where it has no sampling variance.
    #[error(
        "{field} is zero, so {measure} is on its boundary and has no variance; choose a correction, e.g. `ZeroCells::constant(0.5)`"
    )]
    NonIdentifiable {
        /// The cell that is zero.
        field: &'static str,
        /// Name of the measure.
        measure: &'static str,
    },
    /// A continuity correction that is not a positive finite number.
    #[error("a continuity correction must be positive and finite, got {value}")]
    InvalidCorrection {
        /// The offending value.
        value: f64,
    },
    /// Person-time that is zero or negative.
    #[error("{field} must be positive, got {value}")]
    NonPositiveTime {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A standard deviation below zero.
    #[error("{field} must not be negative, got {value}")]
    NegativeSd {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A standard deviation of zero where the measure divides by it.
    #[error("{field} is zero, so {measure} is undefined")]
    ZeroSd {
        /// Input field.
        field: &'static str,
        /// Name of the measure.
        measure: &'static str,
    },
    /// A ratio of two means of opposite signs, or with a mean of zero.
    #[error("the means {first} and {second} are not of one sign, so {measure} is undefined")]
    NonPositiveRatio {
        /// First mean.
        first: f64,
        /// Second mean.
        second: f64,
        /// Name of the measure.
        measure: &'static str,
    },
    /// A mean of zero where the measure divides by it.
    #[error("{field} is zero, so {measure} is undefined")]
    ZeroMean {
        /// Input field.
        field: &'static str,
        /// Name of the measure.
        measure: &'static str,
    },
    /// Too few people for this measure.
    #[error("{field} must be at least {needed} for {measure}, got {value}")]
    SampleSizeTooSmall {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
        /// The smallest size with a defined result.
        needed: f64,
        /// Name of the measure, or of the row type.
        measure: &'static str,
    },
    /// A correlation outside [-1, 1].
    #[error("{field} must lie in [-1, 1], got {value}")]
    CorrelationOutOfRange {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A correlation of -1 or 1 where the measure has no finite value or a variance of zero.
    #[error("{field} is {value}, so {measure} has no finite value or no variance")]
    DegenerateCorrelation {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
        /// Name of the measure.
        measure: &'static str,
    },
    /// A ratio, or a bound of it, that is not positive.
    #[error("{field} must be positive on a ratio scale, got {value}; was the logarithm reported?")]
    NonPositiveOnLogScale {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// A value outside the range that its scale has.
    #[error("{field} must lie strictly between {lower} and {upper}, got {value}")]
    OutsideSupport {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
        /// Lower end of the range.
        lower: f64,
        /// Upper end of the range.
        upper: f64,
    },
    /// The lower limit is above the upper limit.
    #[error("interval limits are reversed: [{lower}, {upper}]")]
    CiReversed {
        /// Lower limit as given.
        lower: f64,
        /// Upper limit as given.
        upper: f64,
    },
    /// The estimate lies outside its own interval.
    #[error("interval [{lower}, {upper}] does not contain the estimate {estimate}")]
    CiNotBracketing {
        /// Estimate as given.
        estimate: f64,
        /// Lower limit as given.
        lower: f64,
        /// Upper limit as given.
        upper: f64,
    },
    /// The estimate is not in the middle of its interval on the analysis scale.
    #[error(
        "interval [{lower}, {upper}] is not centred on {estimate} on the {scale} scale (distance to the limits differs by {percent:.0} % of the half-width); check for a mistyped limit, or allow it with `asymmetry_tolerance`"
    )]
    CiAsymmetric {
        /// Estimate as given.
        estimate: f64,
        /// Lower limit as given.
        lower: f64,
        /// Upper limit as given.
        upper: f64,
        /// Name of the analysis scale.
        scale: &'static str,
        /// Distance of the estimate from the midpoint, in percent of the half-width.
        percent: f64,
    },
    /// An interval without width.
    #[error("interval [{lower}, {upper}] has no width, so it gives no standard error")]
    CiZeroWidth {
        /// Lower limit as given.
        lower: f64,
        /// Upper limit as given.
        upper: f64,
    },
    /// A reliability of 1, where the measure has no finite value or no variance.
    #[error("{field} is {value}, so {measure} has no finite value or no variance")]
    DegenerateReliability {
        /// Input field.
        field: &'static str,
        /// The offending value.
        value: f64,
        /// Name of the measure.
        measure: &'static str,
    },
    /// A scale of fewer than two items.
    #[error("a reliability needs at least 2 items, got {value}")]
    TooFewItems {
        /// The offending value.
        value: f64,
    },
    /// A p-value of zero, as software prints it.
    #[error(
        "a p-value of 0 gives a standard error of 0; use the test statistic, or the bound that was meant (p < 0.001)"
    )]
    PValueZero,
    /// A p-value or a test statistic that says nothing about the size of the standard error.
    #[error("{what} says nothing about the standard error; use the interval or the standard error itself")]
    PValueUninformative {
        /// The uninformative number, as a phrase.
        what: &'static str,
    },
    /// A p-value outside (0, 1].
    #[error("a p-value must lie between 0 and 1, got {value}")]
    PValueOutOfRange {
        /// The offending value.
        value: f64,
    },
    /// An estimate and a test statistic of opposite signs.
    #[error(
        "the estimate ({estimate} on the analysis scale) and {statistic} = {value} have opposite signs; check which group was compared with which"
    )]
    SignDisagreement {
        /// The estimate on the analysis scale, relative to no effect.
        estimate: f64,
        /// Name of the statistic.
        statistic: &'static str,
        /// The statistic.
        value: f64,
    },
    /// Numbers that cannot all be right.
    #[error("{what} cannot be: {why}")]
    Inconsistent {
        /// The numbers concerned.
        what: &'static str,
        /// Why they exclude each other.
        why: &'static str,
    },
    /// An effect of another measure than this conversion takes.
    #[error("this conversion takes {expected}, got {found}")]
    WrongMeasure {
        /// The measures it takes.
        expected: &'static str,
        /// The measure it was given.
        found: &'static str,
    },
    /// A confidence level outside (0, 1).
    #[error("level must be strictly between 0 and 1 (0.95, not 95), got {value}")]
    LevelOutOfRange {
        /// The offending value.
        value: f64,
    },
    /// No p-value of the method is small enough for this level.
    #[error(
        "{what} of level {level} does not exist: no p-value can be below {smallest}; take a lower level, or more studies or samples"
    )]
    LevelNotAttainable {
        /// What was asked for.
        what: &'static str,
        /// The level.
        level: f64,
        /// The smallest p-value that the method can give.
        smallest: f64,
    },
    /// A variance below zero.
    #[error("variance must not be negative, got {value}")]
    NegativeVariance {
        /// The offending value.
        value: f64,
    },
    /// A standard error below zero.
    #[error("standard error must not be negative, got {value}")]
    NegativeSe {
        /// The offending value.
        value: f64,
    },
    /// A variance of zero where the result would be undefined.
    #[error("the sampling variance is zero, so {what} is undefined; {remedy}")]
    ZeroVariance {
        /// What cannot be computed.
        what: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// Sampling variances too far apart for double precision.
    #[error(
        "this sampling variance and the largest differ by more than a factor of 2^300, beyond what double precision can weigh; drop one of the two studies"
    )]
    VarianceRatioOutOfRange,
    /// A result beyond the range of double precision.
    #[error("{what} is beyond the range of double precision; rescale the effects")]
    Overflow {
        /// What overflowed.
        what: &'static str,
    },
    /// No studies.
    #[error("no studies")]
    Empty,
    /// Columns of different lengths.
    #[error("{field} has {found} values, expected {expected}")]
    LengthMismatch {
        /// The column.
        field: String,
        /// Number of rows.
        expected: usize,
        /// Number of values.
        found: usize,
    },
    /// Two studies with one label.
    #[error("two studies are labelled {label:?}; labels must be unique, so that a duplicate study is noticed")]
    DuplicateLabel {
        /// The label that appears twice.
        label: String,
    },
    /// An empty label.
    #[error("study number {position} has an empty label")]
    InvalidLabel {
        /// Position of the study, counted from 1.
        position: usize,
    },
    /// No column, or two, of this name.
    #[error("{problem} covariate named {name:?}")]
    InvalidCovariate {
        /// Name of the column.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Rows of different measures.
    #[error("{found} cannot be pooled with {first}")]
    MixedMeasures {
        /// Measure of the first study.
        first: &'static str,
        /// Measure of this study.
        found: &'static str,
    },
    /// The back-transformation of this measure needs the sample size.
    #[error("{measure} needs the sample size to come back to the natural scale; use `Effect::from_variance_and_n`")]
    SampleSizeRequired {
        /// Name of the measure.
        measure: &'static str,
    },
    /// Fewer studies than the method needs.
    #[error("{what} needs at least {needed} studies, got {k}; {remedy}")]
    TooFewStudies {
        /// What was asked for.
        what: &'static str,
        /// Number of studies.
        k: usize,
        /// Number needed.
        needed: usize,
        /// What to do instead.
        remedy: &'static str,
    },
    /// The variance of the pooled effect is estimated as zero.
    #[error(
        "all effects are equal, so the Hartung-Knapp variance is zero; use `Inference::HartungKnappTruncated` or `Inference::Wald`"
    )]
    DegenerateVariance,
    /// A weight of the user that cannot be one.
    #[error("a weight must be finite, positive and within a factor 2^300 of the others, got {value}")]
    InvalidWeight {
        /// The offending value.
        value: f64,
    },
    /// A fixed tau2 that is negative or not finite.
    #[error("a fixed tau2 must be finite and not negative, got {value}")]
    InvalidTau2 {
        /// The offending value.
        value: f64,
    },
    /// A prior distribution with a parameter that cannot be one.
    #[error("a prior needs finite parameters, its scale or standard deviation being above 0, got {value}")]
    InvalidPrior {
        /// The offending value.
        value: f64,
    },
    /// The likelihood has no maximum.
    #[error(
        "the {likelihood} likelihood grows without bound as tau2 goes to 0, because studies with zero variance agree exactly; check the zero variances or use another estimator"
    )]
    UnboundedLikelihood {
        /// "full" (ML) or "restricted" (REML).
        likelihood: &'static str,
    },
    /// A likelihood that grows for ever as tau2 does.
    #[error(
        "each study has either no events or nothing but events, and both kinds occur: the likelihood does not fall as tau2 grows, so there is no estimate; pool such studies by another method"
    )]
    UnboundedTau2,
    /// The estimate of each study is infinite or zero, and both occur.
    #[error(
        "the estimate of each study is zero or infinite, and both occur: the likelihood need not fall as tau2 grows; take equal effects, or pool such studies by another method"
    )]
    UnboundedTau2OfEffects,
    /// A likelihood that grows for ever along the coefficients.
    #[error(
        "covariates separate the studies with events from those without, so the likelihood has no maximum; leave out a covariate"
    )]
    Separation,
    /// As many coefficients as studies, or more.
    #[error("{parameters} coefficients and tau2 need at least {needed} studies, got {k}; leave out a covariate", needed = parameters + 1)]
    TooManyParameters {
        /// Number of coefficients, the intercept among them.
        parameters: usize,
        /// Number of studies.
        k: usize,
    },
    /// Covariates that are combinations of each other, or constant.
    #[error("covariate {name:?} is constant or a combination of those before it; leave it out")]
    RankDeficient {
        /// The first covariate that adds nothing.
        name: String,
    },
    /// A covariate that nearly is a combination of others.
    #[error(
        "covariate {name:?} is so near a combination of those before it that more than half of the digits would be lost (share of its own {rcond:e}, smallest 1e-8); leave it out or centre it"
    )]
    IllConditioned {
        /// The first such covariate.
        name: String,
        /// What is left of it, relative to its length, once the others are taken out: the reciprocal of a condition number.
        rcond: f64,
    },
    /// Degrees of freedom that are not positive.
    #[error("{what} has {df} degrees of freedom; {remedy}")]
    UndefinedDf {
        /// What was asked for.
        what: &'static str,
        /// The degrees of freedom.
        df: f64,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A question that the model has no answer to.
    #[error("no {what}: {why}")]
    NotApplicable {
        /// What was asked for.
        what: &'static str,
        /// Why there is none.
        why: &'static str,
    },
    /// Not a single event in any study, in either group: nothing can be compared.
    #[error("no study has any event, so there is no pooled {measure}; {remedy}")]
    NoEvents {
        /// Name of the measure, or of the test.
        measure: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// Counts that leave a pooled effect undefined, such as no events in one of the groups in any study.
    #[error("{why}, so the pooled {measure} is undefined; {remedy}")]
    NotEstimable {
        /// Name of the measure.
        measure: &'static str,
        /// What the counts lack.
        why: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A name that is not known.
    #[error("unknown {what} {name:?}; known: {known}")]
    UnknownName {
        /// What was being parsed.
        what: &'static str,
        /// The text.
        name: String,
        /// The names that are known.
        known: &'static str,
    },
    /// A table of text could not be read.
    #[error("{problem}")]
    Unreadable {
        /// What is wrong.
        problem: String,
    },
    /// A column that was asked for is not in the table, or is there twice.
    #[error("{problem} column {column:?} for {field}; columns: {found}")]
    InvalidColumn {
        /// Name of the column.
        column: String,
        /// The field it should fill.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
        /// The columns of the table.
        found: String,
    },
    /// A cell that should hold a number does not.
    #[error("column {column:?} must hold a number for {field}, got {text:?}")]
    NotANumber {
        /// Name of the column.
        column: String,
        /// The field it should fill.
        field: &'static str,
        /// What the cell holds.
        text: String,
    },
    /// A cell that should hold a number is empty.
    #[error(
        "column {column:?} is empty, but {field} is needed; supply it, or leave such studies out with `Missing::LeaveOut`"
    )]
    MissingValue {
        /// Name of the column.
        column: String,
        /// The field it should fill.
        field: &'static str,
    },
}

impl ErrorKind {
    /// The name of the input field concerned, when one field is.
    pub fn field(&self) -> Option<&str> {
        Some(match self {
            Self::NonFinite { field, .. }
            | Self::NegativeCount { field, .. }
            | Self::NonIntegerCount { field, .. }
            | Self::CountNotExact { field, .. }
            | Self::EmptyArm { field }
            | Self::ZeroCell { field, .. }
            | Self::NonIdentifiable { field, .. }
            | Self::NonPositiveTime { field, .. }
            | Self::NegativeSd { field, .. }
            | Self::ZeroSd { field, .. }
            | Self::ZeroMean { field, .. }
            | Self::SampleSizeTooSmall { field, .. }
            | Self::CorrelationOutOfRange { field, .. }
            | Self::DegenerateCorrelation { field, .. }
            | Self::DegenerateReliability { field, .. }
            | Self::NonPositiveOnLogScale { field, .. }
            | Self::OutsideSupport { field, .. } => field,
            Self::LengthMismatch { field, .. } => field,
            Self::InvalidColumn { field, .. } | Self::NotANumber { field, .. } | Self::MissingValue { field, .. } => {
                field
            }
            Self::InvalidCovariate { name, .. } | Self::RankDeficient { name } | Self::IllConditioned { name, .. } => {
                name
            }
            Self::EventsExceedTotal { .. } | Self::DoubleZero { .. } | Self::DoubleFull { .. } => "events",
            Self::InvalidCorrection { .. } => "zero_cells",
            Self::NonPositiveRatio { .. } => "means",
            Self::CiReversed { .. } | Self::CiNotBracketing { .. } => "interval",
            Self::CiAsymmetric { .. } | Self::CiZeroWidth { .. } => "interval",
            Self::LevelOutOfRange { .. } | Self::LevelNotAttainable { .. } => "level",
            Self::TooFewItems { .. } => "items",
            Self::PValueZero | Self::PValueOutOfRange { .. } => "p",
            Self::NegativeVariance { .. } | Self::ZeroVariance { .. } => "variance",
            Self::VarianceRatioOutOfRange => "variance",
            Self::NegativeSe { .. } => "se",
            Self::DuplicateLabel { .. } | Self::InvalidLabel { .. } => "label",
            Self::MixedMeasures { .. } | Self::WrongMeasure { .. } => "measure",
            Self::SampleSizeRequired { .. } => "n",
            Self::InvalidTau2 { .. } => "tau2",
            Self::InvalidWeight { .. } => "weights",
            Self::InvalidPrior { .. } => "prior",
            Self::DegenerateMargin { .. }
            | Self::PValueUninformative { .. }
            | Self::SignDisagreement { .. }
            | Self::Inconsistent { .. }
            | Self::EmptyTable
            | Self::Overflow { .. }
            | Self::Empty
            | Self::TooFewStudies { .. }
            | Self::DegenerateVariance
            | Self::UnboundedLikelihood { .. }
            | Self::UnboundedTau2
            | Self::UnboundedTau2OfEffects
            | Self::Separation
            | Self::TooManyParameters { .. }
            | Self::UndefinedDf { .. }
            | Self::NotApplicable { .. }
            | Self::NoEvents { .. }
            | Self::NotEstimable { .. }
            | Self::UnknownName { .. }
            | Self::Unreadable { .. } => return None,
        })
    }
}

impl ErrorKind {
    /// No events in two groups, wherever it is found.
    pub(crate) fn no_events(measure: &'static str) -> Self {
        let remedy =
            "say among how many people; `BinomialNormal` or `PoissonNormal` of each group gives an upper limit";
        Self::NoEvents { measure, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_message_starts_with_the_study() {
        let error = Error::new(ErrorKind::NegativeVariance { value: -0.5 }).in_study("ProDERM 2022");
        assert_eq!(error.study(), Some("ProDERM 2022"));
        assert_eq!(error.field(), Some("variance"));
        assert_eq!(error.to_string(), "study \"ProDERM 2022\": variance must not be negative, got -0.5");
    }

    #[test]
    fn the_first_label_stays() {
        let error = Error::new(ErrorKind::Empty).in_study("a").in_study("b");
        assert_eq!(error.study(), Some("a"));
    }
}
