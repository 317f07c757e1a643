//! Many analyses at once, laid end to end.

use super::common::CommonEffect;
use super::random::RandomEffects;
use super::solve::{Extent, solve};
use crate::effects::EffectsView;
use crate::error::{ErrorKind, Result};
use crate::inference::{Estimate, Inference, check_level};
use crate::measure::Measure;
use crate::tau2::{Tau2, Workspace};

/// Borrowed effects of many analyses of one measure; analysis `i` is `offsets[i]..offsets[i + 1]`.
///
/// ```
/// use meta_analysis::{Batch, Measure, RandomEffects, Tau2};
///
/// let (y, v) = ([0.20, 0.50, 0.90, 0.10, -0.30, 0.40], [0.04, 0.09, 0.05, 0.02, 0.03, 0.05]);
/// let endpoints = Batch::new(Measure::LogOddsRatio, &y, &v, &[0, 3, 6])?;
/// let fits = RandomEffects::new(Tau2::DerSimonianLaird).fit_batch(&endpoints);
/// assert_eq!(fits.len(), 2);
/// // metafor 3.8: rma(yi, vi, method = "DL", test = "knha")
/// assert_eq!(fits[0].as_ref().unwrap().natural().to_string(), "1.69 [0.684, 4.20]");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    measure: Measure,
    y: &'a [f64],
    v: &'a [f64],
    offsets: &'a [usize],
}

impl<'a> Batch<'a> {
    /// Effects `y` and sampling **variances** `v` of all analyses, and where each analysis begins; the last offset
    /// is the end.
    ///
    /// ```
    /// use meta_analysis::{Batch, ErrorKind, Measure};
    ///
    /// let (y, v) = ([1.0, 3.0, 5.0, 2.0], [1.0; 4]);
    /// assert_eq!(Batch::new(Measure::MeanDifference, &y, &v, &[0, 3, 4])?.len(), 2);
    /// let error = Batch::new(Measure::MeanDifference, &y, &v, &[0, 3]).expect_err("an end at 3");
    /// assert!(matches!(error.kind(), ErrorKind::LengthMismatch { expected: 3, found: 4, .. }));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless `y` and `v` have as many values as the last offset says and the
    /// offsets rise; [`ErrorKind::SampleSizeRequired`] for a measure whose scale needs sample sizes.
    pub fn new(measure: Measure, y: &'a [f64], v: &'a [f64], offsets: &'a [usize]) -> Result<Self> {
        if measure.needs_sample_size() {
            return Err(ErrorKind::SampleSizeRequired { measure: measure.name() }.into());
        }
        let mismatch = |field: &str, expected, found| {
            Err(ErrorKind::LengthMismatch { field: field.to_owned(), expected, found }.into())
        };
        if v.len() != y.len() {
            return mismatch("v", y.len(), v.len());
        }
        let end = offsets.last().copied().unwrap_or_default();
        if end != y.len() {
            return mismatch("y", end, y.len());
        }
        if let Some(pair) = offsets.windows(2).find(|pair| pair[0] > pair[1]) {
            return mismatch("offsets", pair[0], pair[1]);
        }
        Ok(Self { measure, y, v, offsets })
    }

    /// Number of analyses.
    ///
    /// ```
    /// use meta_analysis::{Batch, Measure};
    ///
    /// // Two studies in the first analysis, one in the second
    /// assert_eq!(Batch::new(Measure::MeanDifference, &[1.0, 3.0, 5.0], &[1.0; 3], &[0, 2, 3])?.len(), 2);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there is no analysis.
    ///
    /// ```
    /// use meta_analysis::{Batch, Measure};
    ///
    /// assert!(Batch::new(Measure::MeanDifference, &[], &[], &[0])?.is_empty());
    /// assert!(!Batch::new(Measure::MeanDifference, &[1.0], &[1.0], &[0, 1])?.is_empty());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn iter(&self) -> impl Iterator<Item = EffectsView<'a>> {
        let (measure, y, v) = (self.measure, self.y, self.v);
        self.offsets.windows(2).map(move |pair| {
            let range = pair[0]..pair[1];
            let columns = y.get(range.clone()).zip(v.get(range)).unwrap_or_default();
            EffectsView::new(measure, columns.0, columns.1, &[])
        })
    }

    fn fit(&self, model: (Tau2, bool), (inference, level): (Inference, f64)) -> Vec<Result<Estimate>> {
        let mut workspace = Workspace::new();
        let fit = |view: EffectsView<'_>| {
            check_level(level)?;
            let solved = solve(view, model, &mut workspace, Extent { inference, full: false });
            let (solution, _) = solved.map_err(|failure| failure.explain(model.0, &[]))?;
            Estimate::new(&solution, inference, level, view.measure(), view.pooled_scale())
        };
        self.iter().map(fit).collect()
    }
}

impl RandomEffects {
    /// Pools every analysis of a batch; one that fails is one `Err`, not a lost batch. Each result is the same,
    /// bit for bit, as that of [`fit`](Self::fit).
    ///
    /// ```
    /// use meta_analysis::{Batch, ErrorKind, Measure, RandomEffects, Tau2};
    ///
    /// // Effects 1, 3 and 5 in one analysis, and 2 alone in another
    /// let batch = Batch::new(Measure::MeanDifference, &[1.0, 3.0, 5.0, 2.0], &[1.0; 4], &[0, 3, 4])?;
    /// let fits = RandomEffects::new(Tau2::Reml).fit_batch(&batch);
    /// assert_eq!(fits[0].as_ref().expect("three studies").natural().to_string(), "3.00 [-1.97, 7.97]");
    /// let error = fits[1].as_ref().expect_err("one study");
    /// assert!(matches!(error.kind(), ErrorKind::TooFewStudies { k: 1, needed: 2, .. }));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn fit_batch(&self, batch: &Batch<'_>) -> Vec<Result<Estimate>> {
        let (tau2, inference, level) = self.options();
        batch.fit((tau2, true), (inference, level))
    }
}

impl CommonEffect {
    /// Pools every analysis of a batch. See [`RandomEffects::fit_batch`].
    ///
    /// ```
    /// use meta_analysis::{Batch, CommonEffect, Measure};
    ///
    /// let batch = Batch::new(Measure::MeanDifference, &[1.0, 3.0, 5.0, 2.0], &[1.0; 4], &[0, 3, 4])?;
    /// let fits = CommonEffect::new().fit_batch(&batch).into_iter().collect::<Result<Vec<_>, _>>()?;
    /// assert!((fits[0].value() - 3.0).abs() < 1e-14 && (fits[0].se() - (1.0_f64 / 3.0).sqrt()).abs() < 1e-14);
    /// assert!(fits[1].value() == 2.0 && fits[1].se() == 1.0);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn fit_batch(&self, batch: &Batch<'_>) -> Vec<Result<Estimate>> {
        let (tau2, inference, level) = self.options();
        batch.fit((tau2, false), (inference, level))
    }
}
