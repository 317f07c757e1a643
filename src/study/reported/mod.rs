//! An estimate that a paper reports with its interval, standard error, test statistic or p-value.

mod row;
mod uncertainty;

pub use row::ReportedRow;
pub use uncertainty::{Alternative, Uncertainty};

use crate::effect::Effect;
use crate::error::Result;
use crate::measure::Measure;

/// A reported estimate, waiting for its uncertainty.
///
/// [`new`](Self::new) and the named constructors take the estimate on the **natural** scale (an odds ratio, a
/// correlation), [`analysis`](Self::analysis) on the **analysis** scale (its logarithm, its Fisher z). A method
/// whose name ends in `_natural` or `_analysis` says on which scale its own numbers are; [`ci`](Self::ci) and
/// [`ci95`](Self::ci95) take limits on the scale of the estimate.
///
/// ```
/// use meta_analysis::{Measure, study::Reported};
///
/// let registry = Reported::odds_ratio(2.40).ci95(1.10, 5.24)?;
/// assert!((registry.y() - 2.4_f64.ln()).abs() < 1e-15);
/// assert!((registry.se() - (5.24_f64 / 1.10).ln() / (2.0 * 1.959963984540054)).abs() < 1e-12);
///
/// let same = Reported::analysis(Measure::LogOddsRatio, 0.875).ci95(0.095, 1.656)?; // logarithms
/// assert!((same.y() - registry.y()).abs() < 1e-3);
///
/// let typo = Reported::odds_ratio(2.40).ci95(1.10, 3.00); // a mistyped limit is caught, not pooled
/// assert!(typo.unwrap_err().to_string().starts_with("interval [1.1, 3] is not centred on 2.4 on the log scale"));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "an estimate without its uncertainty is not an effect; end with `ci95`, `se_analysis`, `p` ..."]
pub struct Reported {
    measure: Measure,
    estimate: f64,
    natural: bool,
    tolerance: f64,
    n: Option<f64>,
}

impl Reported {
    /// An estimate of any measure, on the **natural** scale of that measure.
    pub fn new(measure: Measure, natural: f64) -> Self {
        Self { measure, estimate: natural, natural: true, tolerance: row::TOLERANCE, n: None }
    }

    /// An estimate of any measure, on the **analysis** scale of that measure (the logarithm of a ratio).
    pub fn analysis(measure: Measure, y: f64) -> Self {
        Self { natural: false, ..Self::new(measure, y) }
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

    /// A difference of two hazards.
    pub fn hazard_difference(difference: f64) -> Self {
        Self::new(Measure::HazardDifference, difference)
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

    /// A standardised mean difference.
    pub fn standardized_mean_difference(g: f64) -> Self {
        Self::new(Measure::HedgesG, g)
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

    /// The number of people the estimate rests on. Default: unknown, which only the Freeman-Tukey measures mind.
    pub fn people(mut self, n: f64) -> Self {
        self.n = Some(n);
        self
    }

    /// The row of estimate and uncertainty, which serialises and stands in [`Studies`](super::Studies).
    ///
    /// # Errors
    /// As [`ReportedRow::effect_of_row`].
    pub fn with(self, uncertainty: Uncertainty) -> Result<ReportedRow> {
        ReportedRow::checked(self.measure, self.estimate, self.natural, uncertainty, self.tolerance, self.n)
    }

    fn effect(self, uncertainty: Uncertainty) -> Result<Effect> {
        self.with(uncertainty)?.effect_of_row()
    }

    /// The effect from a 95 % confidence interval. See [`ci`](Self::ci).
    ///
    /// # Errors
    /// As [`ci`](Self::ci).
    pub fn ci95(self, lower: f64, upper: f64) -> Result<Effect> {
        self.ci(lower, upper, 0.95)
    }

    /// The effect from a confidence interval of any level, on the scale of the estimate; metafor: `conv.wald`.
    ///
    /// The formula stands at [`Uncertainty::Interval`].
    ///
    /// # Errors
    /// [`LevelOutOfRange`](crate::ErrorKind::LevelOutOfRange), [`NonFinite`](crate::ErrorKind::NonFinite),
    /// [`CiReversed`](crate::ErrorKind::CiReversed), [`CiZeroWidth`](crate::ErrorKind::CiZeroWidth),
    /// [`CiNotBracketing`](crate::ErrorKind::CiNotBracketing), [`CiAsymmetric`](crate::ErrorKind::CiAsymmetric),
    /// [`NonPositiveOnLogScale`](crate::ErrorKind::NonPositiveOnLogScale),
    /// [`OutsideSupport`](crate::ErrorKind::OutsideSupport).
    pub fn ci(self, lower: f64, upper: f64, level: f64) -> Result<Effect> {
        self.effect(Uncertainty::Interval { lower, upper, level, df: None })
    }

    /// The effect from a confidence interval that was made with a t distribution of `df` degrees of freedom.
    ///
    /// # Errors
    /// As [`ci`](Self::ci); [`UndefinedDf`](crate::ErrorKind::UndefinedDf).
    pub fn ci_t(self, lower: f64, upper: f64, level: f64, df: f64) -> Result<Effect> {
        self.effect(Uncertainty::Interval { lower, upper, level, df: Some(df) })
    }

    /// The effect from its standard error **on the analysis scale** (for a ratio: of its logarithm).
    ///
    /// # Errors
    /// As [`Effect::from_se`]; also an estimate outside the range of its scale.
    pub fn se_analysis(self, se: f64) -> Result<Effect> {
        self.effect(Uncertainty::StandardErrorAnalysis(se))
    }

    /// The effect from its standard error **on the natural scale** (for a ratio: of the ratio itself), by the
    /// delta method.
    ///
    /// # Errors
    /// As [`se_analysis`](Self::se_analysis).
    pub fn se_natural(self, se: f64) -> Result<Effect> {
        self.effect(Uncertainty::StandardErrorNatural(se))
    }

    /// The effect from the z statistic of no effect.
    ///
    /// # Errors
    /// [`PValueUninformative`](crate::ErrorKind::PValueUninformative) for a statistic of 0,
    /// [`SignDisagreement`](crate::ErrorKind::SignDisagreement), [`Inconsistent`](crate::ErrorKind::Inconsistent)
    /// for an estimate of no effect with a statistic that is not 0, and whatever the scale refuses.
    pub fn z(self, z: f64) -> Result<Effect> {
        self.effect(Uncertainty::Z(z))
    }

    /// The effect from the t statistic of no effect.
    ///
    /// The standard error is y / t whatever the degrees of freedom, so they are not asked for.
    ///
    /// # Errors
    /// As [`z`](Self::z).
    pub fn t(self, t: f64) -> Result<Effect> {
        self.effect(Uncertainty::T(t))
    }

    /// The effect from an F statistic with 1 numerator degree of freedom.
    ///
    /// # Errors
    /// As [`z`](Self::z); a negative F is [`OutsideSupport`](crate::ErrorKind::OutsideSupport).
    pub fn f(self, f: f64) -> Result<Effect> {
        self.effect(Uncertainty::F(f))
    }

    /// The effect from a Wald chi-squared statistic with 1 degree of freedom.
    ///
    /// # Errors
    /// As [`f`](Self::f).
    pub fn chi_squared(self, chi_squared: f64) -> Result<Effect> {
        self.effect(Uncertainty::ChiSquared(chi_squared))
    }

    /// The effect from the two-sided p-value of a normal test; metafor: `conv.wald(pval =)`.
    ///
    /// ```
    /// use meta_analysis::study::Reported;
    /// // Altman & Bland 2011, BMJ 343:d2090, doi 10.1136/bmj.d2090: a p-value of 0.03 with a ratio of 0.81 is an interval of 0.67 to 0.98.
    /// let effect = Reported::risk_ratio(0.81).p(0.03)?;
    /// let half = 1.959_963_984_540_054 * effect.se();
    /// assert!(((effect.y() - half).exp() - 0.67).abs() < 5e-3);
    /// assert!(((effect.y() + half).exp() - 0.98).abs() < 5e-3);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`PValueZero`](crate::ErrorKind::PValueZero),
    /// [`PValueUninformative`](crate::ErrorKind::PValueUninformative) for p = 1,
    /// [`PValueOutOfRange`](crate::ErrorKind::PValueOutOfRange),
    /// [`Inconsistent`](crate::ErrorKind::Inconsistent) for an estimate of no effect with p below 1.
    pub fn p(self, p: f64) -> Result<Effect> {
        self.effect(Uncertainty::PTwoSided { p, df: None })
    }

    /// The effect from the two-sided p-value of a t-test with `df` degrees of freedom.
    ///
    /// # Errors
    /// As [`p`](Self::p); [`UndefinedDf`](crate::ErrorKind::UndefinedDf).
    pub fn p_t(self, p: f64, df: f64) -> Result<Effect> {
        self.effect(Uncertainty::PTwoSided { p, df: Some(df) })
    }

    /// The effect from the one-sided p-value of a normal test against this alternative.
    ///
    /// # Errors
    /// As [`p`](Self::p); p = 1/2 is uninformative, and a p-value on the other side of it than the estimate is a
    /// [`SignDisagreement`](crate::ErrorKind::SignDisagreement).
    pub fn p_one_sided(self, p: f64, alternative: Alternative) -> Result<Effect> {
        self.effect(Uncertainty::POneSided { p, alternative, df: None })
    }

    /// The effect from the one-sided p-value of a t-test with `df` degrees of freedom.
    ///
    /// # Errors
    /// As [`p_one_sided`](Self::p_one_sided); [`UndefinedDf`](crate::ErrorKind::UndefinedDf).
    pub fn p_one_sided_t(self, p: f64, alternative: Alternative, df: f64) -> Result<Effect> {
        self.effect(Uncertainty::POneSided { p, alternative, df: Some(df) })
    }
}
