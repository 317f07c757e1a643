//! An estimate that a paper reports with its interval or standard error.

use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::normal;
use crate::scale::Scale;

/// A reported estimate on its **natural** scale, waiting for its uncertainty.
///
/// ```
/// use meta_analysis::study::Reported;
///
/// let registry = Reported::odds_ratio(2.40).ci95(1.10, 5.24)?;
/// assert!((registry.y() - 2.4_f64.ln()).abs() < 1e-15);
/// assert!((registry.se() - (5.24_f64 / 1.10).ln() / (2.0 * 1.959963984540054)).abs() < 1e-12);
///
/// let typo = Reported::odds_ratio(2.40).ci95(1.10, 3.00); // a mistyped limit is caught, not pooled
/// assert!(typo.unwrap_err().to_string().starts_with("interval [1.1, 3] is not centred on 2.4 on the log scale"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "an estimate without its uncertainty is not an effect; end with `ci95`, `ci` or `se`"]
pub struct Reported {
    measure: Measure,
    natural: f64,
    tolerance: f64,
}

impl Reported {
    /// An estimate of any measure, on the natural scale of that measure.
    pub fn new(measure: Measure, natural: f64) -> Self {
        Self { measure, natural, tolerance: 0.1 }
    }

    /// An odds ratio.
    pub fn odds_ratio(ratio: f64) -> Self {
        Self::new(Measure::LogOddsRatio, ratio)
    }

    /// A risk ratio.
    pub fn risk_ratio(ratio: f64) -> Self {
        Self::new(Measure::LogRiskRatio, ratio)
    }

    /// A hazard ratio.
    pub fn hazard_ratio(ratio: f64) -> Self {
        Self::new(Measure::LogHazardRatio, ratio)
    }

    /// An incidence rate ratio.
    pub fn incidence_rate_ratio(ratio: f64) -> Self {
        Self::new(Measure::LogIncidenceRateRatio, ratio)
    }

    /// A risk difference.
    pub fn risk_difference(difference: f64) -> Self {
        Self::new(Measure::RiskDifference, difference)
    }

    /// A mean difference.
    pub fn mean_difference(difference: f64) -> Self {
        Self::new(Measure::MeanDifference, difference)
    }

    /// A correlation, analysed as Fisher's z.
    pub fn correlation(r: f64) -> Self {
        Self::new(Measure::FisherZ, r)
    }

    /// How far the estimate may lie from the middle of its interval on the analysis scale, as a share of the
    /// half-width. Default: 0.1, which leaves room for rounding.
    pub fn asymmetry_tolerance(mut self, share: f64) -> Self {
        self.tolerance = share;
        self
    }

    /// The effect from a 95 % confidence interval on the natural scale. See [`ci`](Self::ci).
    ///
    /// # Errors
    /// As [`ci`](Self::ci).
    pub fn ci95(self, lower: f64, upper: f64) -> Result<Effect> {
        self.ci(lower, upper, 0.95)
    }

    /// The effect from a confidence interval of any level on the natural scale.
    ///
    /// ```text
    /// se = (T(upper) - T(lower)) / (2 z)        z = normal quantile of (1 + level)/2, T = transformation
    /// ```
    ///
    /// metafor: `conv.wald`.
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`], [`ErrorKind::NonFinite`], [`ErrorKind::CiReversed`],
    /// [`ErrorKind::CiZeroWidth`], [`ErrorKind::CiNotBracketing`], [`ErrorKind::CiAsymmetric`],
    /// [`ErrorKind::NonPositiveOnLogScale`], [`ErrorKind::OutsideSupport`].
    pub fn ci(self, lower: f64, upper: f64, level: f64) -> Result<Effect> {
        if !(level > 0.0 && level < 1.0) {
            return Err(ErrorKind::LevelOutOfRange { value: level }.into());
        }
        let y = self.transformed("estimate", self.natural)?;
        let low = self.transformed("lower limit", lower)?;
        let high = self.transformed("upper limit", upper)?;
        if lower > upper {
            return Err(ErrorKind::CiReversed { lower, upper }.into());
        }
        if low >= high {
            return Err(ErrorKind::CiZeroWidth { lower, upper }.into());
        }
        let estimate = self.natural;
        if !(low..=high).contains(&y) {
            return Err(ErrorKind::CiNotBracketing { estimate, lower, upper }.into());
        }
        let (middle, half) = (0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low);
        let share = ((y - middle) / half).abs();
        if share > self.tolerance {
            let (scale, percent) = (self.scale().name(), 100.0 * share);
            return Err(ErrorKind::CiAsymmetric { estimate, lower, upper, scale, percent }.into());
        }
        Effect::from_se(self.measure, y, half / normal::quantile_upper(0.5 * (1.0 - level)))
    }

    /// The effect from its standard error **on the analysis scale** (for a ratio: of its logarithm).
    ///
    /// # Errors
    /// As [`Effect::from_se`]; also an estimate outside the range of its scale.
    pub fn se(self, se: f64) -> Result<Effect> {
        Effect::from_se(self.measure, self.transformed("estimate", self.natural)?, se)
    }

    fn scale(&self) -> Scale {
        self.measure.scale(None).unwrap_or(Scale::Identity)
    }

    /// A natural value on the analysis scale.
    fn transformed(&self, field: &'static str, value: f64) -> Result<f64> {
        if self.measure.needs_sample_size() {
            return Err(ErrorKind::SampleSizeRequired { measure: self.measure.name() }.into());
        }
        if !value.is_finite() {
            return Err(ErrorKind::NonFinite { field, value }.into());
        }
        let scale = self.scale();
        scale.to_analysis(value).ok_or_else(|| {
            let (lower, upper) = scale.support();
            match scale {
                Scale::Log => ErrorKind::NonPositiveOnLogScale { field, value }.into(),
                _ => ErrorKind::OutsideSupport { field, value, lower, upper }.into(),
            }
        })
    }
}
