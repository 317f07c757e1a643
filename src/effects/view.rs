//! Borrowed columns: what the kernels, leave-one-out and batches all see.

use crate::measure::Measure;
use crate::scale::Scale;

/// Borrowed effects, variances and sample sizes of one measure.
///
/// The sample sizes come along so that the scale follows the subset: a Freeman-Tukey value of four of five
/// studies goes back with the harmonic mean of those four.
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
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// Effects on the analysis scale.
    pub fn y(&self) -> &'a [f64] {
        self.y
    }

    /// Sampling variances on the analysis scale.
    pub fn v(&self) -> &'a [f64] {
        self.v
    }

    /// The scale of a pooled value of these studies: with the harmonic mean of the sample sizes where the
    /// scale needs one (Miller 1978, Am Stat 32:138, doi 10.1080/00031305.1978.10479283).
    pub fn pooled_scale(&self) -> Scale {
        let n = self.measure.needs_sample_size().then(|| {
            let reciprocals: f64 = self.n.iter().flatten().map(|n| 1.0 / n).sum();
            self.n.iter().flatten().count() as f64 / reciprocals
        });
        self.measure.scale(n).unwrap_or(Scale::Identity)
    }
}
