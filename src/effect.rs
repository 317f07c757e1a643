//! One study's effect and its variance, with the measure that says what they are.

use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// What was done to the data of one study before its effect could be computed.
///
/// ```
/// use meta_analysis::Adjustment;
/// use meta_analysis::study::{Conversion, Proportion, ProportionMeasure, Studies, ZeroCells};
///
/// // All 8 had the event: 1/2 is added to both counts.
/// let how = Conversion::new(ProportionMeasure::Logit).zero_cells(ZeroCells::constant(0.5));
/// let effects = Studies::from([("A", Proportion::new(8, 8)?)]).effects(how)?;
/// assert_eq!(effects.adjustments(), [Some(Adjustment::CountsAdded { first: 0.5, second: 0.0 })]);
/// assert!((effects.y()[0] - 17.0_f64.ln()).abs() < 1e-14); // 8.5 to 0.5
/// # Ok::<(), meta_analysis::Error>(())
/// ```
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
    /// ```
    /// use meta_analysis::{Effect, ErrorKind, Measure};
    ///
    /// assert_eq!(Effect::from_variance(Measure::LogOddsRatio, 0.8, 0.25)?.se(), 0.5);
    /// let error = Effect::from_variance(Measure::LogOddsRatio, 0.8, -0.25).expect_err("a negative variance");
    /// assert!(matches!(error.kind(), ErrorKind::NegativeVariance { value: -0.25 }));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NonFinite`], [`ErrorKind::NegativeVariance`], and [`ErrorKind::SampleSizeRequired`] for
    /// the measure that needs the sample size to be read.
    pub fn from_variance(measure: Measure, y: f64, variance: f64) -> Result<Self> {
        Self::checked(measure, y, variance, None)
    }

    /// An effect with its sampling **variance** and the number of people it rests on.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// let effect = Effect::from_variance_and_n(Measure::LogOddsRatio, 0.8, 0.25, 120.0)?;
    /// assert_eq!((effect.variance(), effect.n()), (0.25, Some(120.0)));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_variance`](Self::from_variance); also a sample size that is not finite and positive.
    pub fn from_variance_and_n(measure: Measure, y: f64, variance: f64, n: f64) -> Result<Self> {
        Self::checked(measure, y, variance, Some(n))
    }

    /// An effect with its **standard error**, on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::{Effect, ErrorKind, Measure};
    ///
    /// assert_eq!(Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?.variance(), 0.25);
    /// let error = Effect::from_se(Measure::LogOddsRatio, 0.8, -0.5).expect_err("a negative standard error");
    /// assert!(matches!(error.kind(), ErrorKind::NegativeSe { value: -0.5 }));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
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
    ///
    /// ```
    /// use meta_analysis::{Adjustment, Effect, Measure};
    ///
    /// let added = Adjustment::CountsAdded { first: 0.5, second: 0.5 };
    /// let effect = Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?.adjusted(Some(added));
    /// assert_eq!((effect.adjustment(), effect.y()), (Some(added), 0.8));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
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
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// let effect = Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?;
    /// assert_eq!(effect.measure(), Measure::LogOddsRatio);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The effect on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// let effect = Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?;
    /// assert_eq!(effect.y(), 0.8);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn y(&self) -> f64 {
        self.y
    }

    /// The sampling variance on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// let effect = Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?;
    /// assert_eq!(effect.variance(), 0.25);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn variance(&self) -> f64 {
        self.v
    }

    /// The standard error on the analysis scale.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// assert_eq!(Effect::from_variance(Measure::LogOddsRatio, 0.8, 0.09)?.se(), 0.3);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn se(&self) -> f64 {
        self.v.sqrt()
    }

    /// The number of people the effect rests on, where known; for a Freeman-Tukey rate the person-time.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// assert_eq!(Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?.n(), None);
    /// assert_eq!(Effect::from_variance_and_n(Measure::LogOddsRatio, 0.8, 0.25, 120.0)?.n(), Some(120.0));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn n(&self) -> Option<f64> {
        self.n
    }

    /// What was done to the counts, if anything.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure};
    ///
    /// assert_eq!(Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?.adjustment(), None);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn adjustment(&self) -> Option<Adjustment> {
        self.adjustment
    }

    /// The scale of this effect; for a Freeman-Tukey proportion with the study's own sample size.
    ///
    /// ```
    /// use meta_analysis::{Effect, Measure, Scale};
    ///
    /// let effect = Effect::from_se(Measure::LogOddsRatio, 0.8, 0.5)?;
    /// assert_eq!(effect.scale(), Scale::Log);
    /// assert!((effect.scale().to_natural(effect.y()) - 0.8_f64.exp()).abs() < 1e-14); // the odds ratio
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn scale(&self) -> Scale {
        // The constructors refuse an effect whose scale needs a sample size that is not there.
        self.measure.scale(self.n).unwrap_or(Scale::Identity)
    }
}
