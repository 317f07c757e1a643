//! One study's effect and its variance, with the measure that says what they are.

use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// What was done to the data of one study before its effect could be computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Adjustment {
    /// Something was added to counts because of zero cells: `first` to each cell of the first (or only) group,
    /// `second` to each cell of the second.
    CountsAdded {
        /// Added to each cell of the first or only group.
        first: f64,
        /// Added to each cell of the second group (0 where there is none).
        second: f64,
    },
}

/// One study's effect `y` with its sampling variance `v`, both on the analysis scale of [`measure`](Effect::measure).
///
/// There is no constructor from two bare numbers, so a standard error cannot pass for a variance:
///
/// ```
/// use meta_analysis::{Effect, Measure};
///
/// let effect = Effect::from_se(Measure::LogOddsRatio, 0.8, 0.3)?;
/// assert_eq!(effect.variance(), 0.09);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// ```compile_fail
/// use meta_analysis::{Effect, Measure};
/// let effect = Effect::new(Measure::LogOddsRatio, 0.8, 0.3); // variance or standard error?
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Effect {
    measure: Measure,
    y: f64,
    v: f64,
    n: Option<f64>,
    adjustment: Option<Adjustment>,
}

/// The fields as they come from a file, before the rules are checked.
#[derive(Deserialize)]
struct Unchecked {
    measure: Measure,
    y: f64,
    v: f64,
    #[serde(default)]
    n: Option<f64>,
    #[serde(default)]
    adjustment: Option<Adjustment>,
}

impl TryFrom<Unchecked> for Effect {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        let effect = Self::checked(raw.measure, raw.y, raw.v, raw.n)?;
        Ok(Self { adjustment: raw.adjustment, ..effect })
    }
}

impl Effect {
    /// An effect with its sampling **variance**, on the analysis scale.
    ///
    /// A variance of zero means that the effect is known exactly. Some models can use such a study, others
    /// answer with [`ErrorKind::ZeroVariance`].
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NegativeVariance`], and [`ErrorKind::SampleSizeRequired`] for
    /// the measure that needs the sample size to be read.
    pub fn from_variance(measure: Measure, y: f64, variance: f64) -> Result<Self> {
        Self::checked(measure, y, variance, None)
    }

    /// An effect with its sampling **variance** and the number of people it rests on.
    ///
    /// # Errors
    /// As [`from_variance`](Self::from_variance); also a sample size that is not finite and positive.
    pub fn from_variance_and_n(measure: Measure, y: f64, variance: f64, n: f64) -> Result<Self> {
        Self::checked(measure, y, variance, Some(n))
    }

    /// An effect with its **standard error**, on the analysis scale.
    ///
    /// # Errors
    /// As [`from_variance`](Self::from_variance); also a negative standard error, or one whose square is
    /// beyond the range of double precision.
    pub fn from_se(measure: Measure, y: f64, se: f64) -> Result<Self> {
        if se < 0.0 {
            return Err(ErrorKind::NegativeSe { value: se }.into());
        }
        if !se.is_finite() {
            return Err(ErrorKind::NonFinite { field: "se", value: se }.into());
        }
        let v = se * se;
        if v.is_infinite() || (v < f64::MIN_POSITIVE && se > 0.0) {
            return Err(ErrorKind::Overflow { what: "the square of the standard error" }.into());
        }
        Self::checked(measure, y, v, None)
    }

    /// The same effect with a record of what was done to the counts.
    #[must_use]
    pub fn adjusted(self, adjustment: Option<Adjustment>) -> Self {
        Self { adjustment, ..self }
    }

    fn checked(measure: Measure, y: f64, v: f64, n: Option<f64>) -> Result<Self> {
        if !y.is_finite() {
            return Err(ErrorKind::NonFinite { field: "effect", value: y }.into());
        }
        if !v.is_finite() {
            return Err(ErrorKind::NonFinite { field: "variance", value: v }.into());
        }
        if v < 0.0 {
            return Err(ErrorKind::NegativeVariance { value: v }.into());
        }
        match n {
            Some(n) if !n.is_finite() => return Err(ErrorKind::NonFinite { field: "n", value: n }.into()),
            Some(n) if n <= 0.0 => return Err(ErrorKind::EmptyArm { field: "n" }.into()),
            None if measure.needs_sample_size() => {
                return Err(ErrorKind::SampleSizeRequired { measure: measure.name() }.into());
            }
            _ => {}
        }
        // A negative zero would survive into the serialised form; the sum drops its sign.
        Ok(Self { measure, y, v: v + 0.0, n, adjustment: None })
    }

    /// What the number is.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The effect on the analysis scale.
    pub fn y(&self) -> f64 {
        self.y
    }

    /// The sampling variance on the analysis scale.
    pub fn variance(&self) -> f64 {
        self.v
    }

    /// The standard error on the analysis scale.
    pub fn se(&self) -> f64 {
        self.v.sqrt()
    }

    /// The number of people the effect rests on, where known; for a Freeman-Tukey rate the person-time.
    pub fn n(&self) -> Option<f64> {
        self.n
    }

    /// What was done to the counts, if anything.
    pub fn adjustment(&self) -> Option<Adjustment> {
        self.adjustment
    }

    /// The scale of this effect; for a Freeman-Tukey proportion with the study's own sample size.
    pub fn scale(&self) -> Scale {
        // The constructors refuse an effect whose scale needs a sample size that is not there.
        self.measure.scale(self.n).unwrap_or(Scale::Identity)
    }
}
