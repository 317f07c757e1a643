//! How one study's data become an effect: the one open trait, and the options of the computation.

use super::variance::VarianceType;
use super::zero_cells::ZeroCells;
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// One study's summary data, from which effects of one family of measures can be computed.
///
/// The only open trait of the crate: a user may add a kind of data of their own.
///
/// ```
/// use meta_analysis::{Effect, Measure, Result, study::{Conversion, Studies, Summary}};
///
/// /// Somebody's estimate with a number of people.
/// struct Guess { value: f64, people: f64 }
///
/// impl Summary for Guess {
///     type Measure = Measure;
///     fn effect(&self, how: &Conversion<Measure>) -> Result<Effect> {
///         Effect::from_variance(how.measure(), self.value, 1.0 / self.people)
///     }
/// }
///
/// let guesses = Studies::from([("A", Guess { value: 0.3, people: 20.0 })]);
/// assert_eq!(guesses.effects(Measure::Generic)?.v(), [0.05]);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
pub trait Summary {
    /// The measures that these data can yield.
    type Measure: Copy + Into<Measure>;

    /// The effect and its variance, on the analysis scale.
    ///
    /// # Errors
    /// Whatever leaves the measure undefined for this study, without the study's label, which the caller adds.
    fn effect(&self, how: &Conversion<Self::Measure>) -> Result<Effect>;

    /// Whether a count of zero (or of everybody) may call for a correction. Default: no.
    fn has_zero_cell(&self) -> bool {
        false
    }

    /// Whether nobody, or everybody, has the event in every group, so that [`Uninformative::Drop`] leaves the
    /// study out: such a study then counts neither for [`Scope::IfAny`] nor in an average. Default: no.
    ///
    /// [`Uninformative::Drop`]: super::Uninformative::Drop
    /// [`Scope::IfAny`]: super::Scope::IfAny
    fn is_uninformative(&self) -> bool {
        false
    }

    /// Settles what all rows together decide (an average over the studies, a pooled odds) before the first
    /// effect is computed. Default: nothing.
    ///
    /// # Errors
    /// Whatever leaves that undefined.
    fn context(_rows: &[&Self], _how: &Conversion<Self::Measure>) -> Result<Context>
    where
        Self: Sized,
    {
        Ok(Context::default())
    }
}

/// What all studies together contribute to the effect of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Context {
    /// Averages over the studies, weighted by sample size, for [`VarianceType::Average`] and its kin: one for
    /// most measures, two where each group has its own.
    pub averages: Option<[f64; 2]>,
    /// Pooled odds ratio (of two rates: rate ratio) of the studies without zero cells, for the empirical
    /// continuity correction.
    pub pooled_odds_ratio: Option<f64>,
}

/// A measure and the choices that go into computing it.
///
/// Wherever a `Conversion` is expected, the bare measure will do.
///
/// ```
/// use meta_analysis::study::{BinaryMeasure, Conversion, Studies, TwoByTwo, ZeroCells};
///
/// let trials = Studies::from([("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?)]);
/// assert!(trials.effects(BinaryMeasure::LogOddsRatio).is_err()); // a zero cell, and no policy
/// let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::constant(0.5));
/// let effects = trials.effects(how)?;
/// assert!((effects.y()[0] - (9.5 * 11.5 / (3.5 * 0.5) as f64).ln()).abs() < 1e-14);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Conversion<M> {
    measure: M,
    zero_cells: ZeroCells,
    variance: VarianceType,
    bias_correction: bool,
    #[serde(default)]
    context: Context,
}

impl<M: Copy> Conversion<M> {
    /// This measure, with every choice at its default.
    pub fn new(measure: M) -> Self {
        Self {
            measure,
            zero_cells: ZeroCells::none(),
            variance: VarianceType::Usual,
            bias_correction: true,
            context: Context::default(),
        }
    }

    /// What to do with zero cells. Default: [`ZeroCells::none`].
    #[must_use]
    pub fn zero_cells(mut self, policy: ZeroCells) -> Self {
        self.zero_cells = policy;
        self
    }

    /// Which sampling variance is computed. Default: [`VarianceType::Usual`].
    #[must_use]
    pub fn variance(mut self, variance: VarianceType) -> Self {
        self.variance = variance;
        self
    }

    /// Whether the small-sample bias correction of the measure is applied, where it has one (Hedges' J and the
    /// like). Default: yes. metafor: `correct`.
    #[must_use]
    pub fn bias_correction(mut self, apply: bool) -> Self {
        self.bias_correction = apply;
        self
    }

    /// The measure.
    pub fn measure(&self) -> M {
        self.measure
    }

    /// The policy for zero cells.
    pub fn zero_cells_policy(&self) -> ZeroCells {
        self.zero_cells
    }

    /// Which sampling variance is computed.
    pub fn variance_type(&self) -> VarianceType {
        self.variance
    }

    /// Whether the small-sample bias correction is applied.
    pub fn corrects_bias(&self) -> bool {
        self.bias_correction
    }

    /// What all studies together contribute, once [`Summary::context`] has settled it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The same conversion with what all rows together decide.
    pub(crate) fn settled<T: Summary<Measure = M>>(mut self, rows: &[&T]) -> Result<Self>
    where
        M: Into<Measure>,
    {
        let drops = self.zero_cells.drops();
        let any_zero = rows.iter().any(|row| row.has_zero_cell() && !(drops && row.is_uninformative()));
        self.zero_cells = self.zero_cells.settled(any_zero);
        self.context = T::context(rows, &self)?;
        Ok(self)
    }

    /// The averages over all rows, for a variance that rests on them.
    pub(crate) fn averages(&self) -> Result<[f64; 2]> {
        let why = "it rests on all studies together; use `Studies::effects`";
        self.context.averages.ok_or_else(|| ErrorKind::NotApplicable { what: "average over all studies", why }.into())
    }

    /// The answer to a variance type that the measure does not have.
    pub(crate) fn no_such_variance(&self) -> crate::Error {
        let why = "this measure has no such variant; its documentation lists those it has";
        ErrorKind::NotApplicable { what: "sampling variance of that type", why }.into()
    }
}

impl<M: Copy> From<M> for Conversion<M> {
    fn from(measure: M) -> Self {
        Self::new(measure)
    }
}
