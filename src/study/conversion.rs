//! How one study's data become an effect: the one open trait, and the options of the computation.

use super::zero_cells::ZeroCells;
use crate::effect::Effect;
use crate::error::Result;
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
}

impl<M: Copy> Conversion<M> {
    /// This measure, with every choice at its default.
    pub fn new(measure: M) -> Self {
        Self { measure, zero_cells: ZeroCells::none() }
    }

    /// What to do with zero cells. Default: [`ZeroCells::none`].
    #[must_use]
    pub fn zero_cells(mut self, policy: ZeroCells) -> Self {
        self.zero_cells = policy;
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

    /// The same conversion once it is known whether any study has a zero cell.
    pub(crate) fn settled(mut self, any_zero: bool) -> Self {
        self.zero_cells = self.zero_cells.settled(any_zero);
        self
    }
}

impl<M: Copy> From<M> for Conversion<M> {
    fn from(measure: M) -> Self {
        Self::new(measure)
    }
}
