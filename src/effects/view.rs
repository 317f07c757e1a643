//! Borrowed columns: what the kernels, leave-one-out and batches all see.

use crate::measure::Measure;
use crate::scale::Scale;

/// Borrowed effects, variances and sample sizes of one measure.
///
/// The sample sizes come along so that the scale follows the subset: a Freeman-Tukey value of four of five
/// studies goes back with the harmonic mean of those four.
///
/// ```
/// use meta_analysis::Scale;
/// use meta_analysis::study::{Proportion, ProportionMeasure, Studies};
///
/// let rows = [("A", Proportion::new(1, 3)?), ("B", Proportion::new(5, 6)?), ("C", Proportion::new(7, 19)?)];
/// let groups = Studies::from(rows);
/// let subset = groups.effects(ProportionMeasure::FreemanTukey)?.select(&[0, 1])?;
/// // 2 / (1/3 + 1/6)
/// assert_eq!(subset.view().pooled_scale(), Scale::DoubleArcsine { n: 4.0 });
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct EffectsView<'a> {
    measure: Measure,
    y: &'a [f64],
    v: &'a [f64],
    n: &'a [Option<f64>],
}

impl<'a> EffectsView<'a> {
    pub(crate) fn new(measure: Measure, y: &'a [f64], v: &'a [f64], n: &'a [Option<f64>]) -> Self {
        Self { measure, y, v, n }
    }

    /// What the numbers are.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?])?; // each with variance 1
    /// assert_eq!(effects.view().measure(), Measure::MeanDifference);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// Effects on the analysis scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?])?; // each with variance 1
    /// assert_eq!(effects.view().y(), [1.0, 3.0]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn y(&self) -> &'a [f64] {
        self.y
    }

    /// Sampling variances on the analysis scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, Measure};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?])?; // each with variance 1
    /// assert_eq!(effects.view().v(), [1.0, 1.0]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn v(&self) -> &'a [f64] {
        self.v
    }

    /// The scale of a pooled value of these studies: with the harmonic mean of the sample sizes where the
    /// scale needs one (Miller 1978, Am Stat 32:138, doi 10.1080/00031305.1978.10479283).
    ///
    /// ```
    /// use meta_analysis::Scale;
    /// use meta_analysis::study::{Proportion, ProportionMeasure, Studies};
    ///
    /// let groups = Studies::from([("A", Proportion::new(1, 3)?), ("B", Proportion::new(5, 6)?)]);
    /// assert_eq!(groups.effects(ProportionMeasure::Logit)?.view().pooled_scale(), Scale::Logit);
    /// // 2 / (1/3 + 1/6)
    /// let freeman_tukey = groups.effects(ProportionMeasure::FreemanTukey)?;
    /// assert_eq!(freeman_tukey.view().pooled_scale(), Scale::DoubleArcsine { n: 4.0 });
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn pooled_scale(&self) -> Scale {
        let n = self.measure.needs_sample_size().then(|| {
            let reciprocals: f64 = self.n.iter().flatten().map(|n| 1.0 / n).sum();
            self.n.iter().flatten().count() as f64 / reciprocals
        });
        self.measure.scale(n).unwrap_or(Scale::Identity)
    }
}
