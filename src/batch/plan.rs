//! The options of a batch, and running it.

use super::chunk::{self, Scratch};
use super::kernel::Kernel;
#[cfg(feature = "parallel")]
use super::parallel;
use super::tails::{MeanError, mean_error};
use super::{BatchInput, BatchOutput, InstructionSet, UnitFlags};
use crate::error::{ErrorKind, Result};
use crate::inference::Prediction;
use crate::tau2::Tau2;
use std::ops::ControlFlow;

/// Units between two calls of a progress function, unless a plan says otherwise.
pub(super) const CHUNK: usize = 4096;

/// What is asked for, as the inner layers see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// `None` for the common effect.
    pub(super) method: Option<Tau2>,
    pub(super) kernel: Kernel,
    pub(super) level: f64,
    pub(super) prediction: Prediction,
    pub(super) mean_error: MeanError,
    pub(super) set: InstructionSet,
    pub(super) prefetch: bool,
}

/// A model to be fitted to every unit of a batch.
///
/// ```
/// use meta_analysis::Tau2;
/// use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
///
/// // Three studies (rows) of two units (columns).
/// let y = [0.20, 0.10, 0.50, -0.30, 0.90, 0.40];
/// let v = [0.04, 0.02, 0.09, 0.03, 0.05, 0.05];
/// let input = BatchInput::study_major(&y, &v, 2, 2)?;
/// let (mut mu, mut se) = ([0.0; 2], [0.0; 2]);
/// let mut output = BatchOutput { mu: Some(&mut mu), se: Some(&mut se), ..BatchOutput::default() };
///
/// let summary = BatchPlan::random(Tau2::DerSimonianLaird)?.run(input, &mut output)?;
/// assert_eq!((summary.units, summary.failed), (2, 0));
/// // metafor 3.8: rma(c(.2, .5, .9), c(.04, .09, .05), method = "DL")
/// assert!((mu[0] - 0.527_300_426_569_165).abs() < 1e-14 && (se[0] - 0.226_499_562_018_464).abs() < 1e-14);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BatchPlan {
    options: Options,
    chunk: usize,
}

/// Counts of what happened in a batch.
///
/// ```
/// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
/// // The second unit has one study, the third a variance that cannot be.
/// let (y, v) = ([0.1, 0.9, 0.2, 0.5, 0.4], [0.04, 0.05, 0.04, 0.05, -0.1]);
/// let input = BatchInput::ragged(&y, &v, &[0, 2, 3, 5])?;
/// let summary = BatchPlan::random(Tau2::Reml)?.run(input, &mut BatchOutput::default())?;
/// assert_eq!((summary.units, summary.failed, summary.cancelled), (3, 2, false));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchSummary {
    /// Units computed, the failed ones included.
    pub units: usize,
    /// Units without a result; [`UnitFlags::failed`].
    pub failed: usize,
    /// Units with [`UnitFlags::SEARCHED`].
    pub searched: usize,
    /// Units with [`UnitFlags::SEVERAL_MAXIMA`].
    pub several_maxima: usize,
    /// Whether a progress function ended the run early; the columns are then written for the first `units` units only, or, on several
    /// threads, for some of them.
    pub cancelled: bool,
}

impl BatchSummary {
    pub(super) fn add(&mut self, other: &Self) {
        self.units += other.units;
        self.failed += other.failed;
        self.searched += other.searched;
        self.several_maxima += other.several_maxima;
        self.cancelled |= other.cancelled;
    }
}

/// Everything about one unit, from [`BatchPlan::fit_one`]. The fields are the columns of [`BatchOutput`].
///
/// ```
/// # use meta_analysis::{Tau2, batch::BatchPlan};
/// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
/// let fit = BatchPlan::random(Tau2::DerSimonianLaird)?.fit_one(&[1.0, 3.0, 5.0], &[1.0; 3])?;
/// assert!((fit.q - 8.0).abs() < 1e-13 && (fit.i2 - 0.75).abs() < 1e-14 && fit.count == 3);
/// assert!((fit.q_p - (-4.0_f64).exp()).abs() < 1e-15); // chi-square with 2 df
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "documented with the columns")]
pub struct UnitFit {
    pub mu: f64,
    pub se: f64,
    pub tau2: f64,
    pub q: f64,
    pub i2: f64,
    pub p: f64,
    pub log10_p: f64,
    pub hk_se: f64,
    pub hk_p: f64,
    pub hk_log10_p: f64,
    pub q_p: f64,
    pub prediction_lower: f64,
    pub prediction_upper: f64,
    pub flags: UnitFlags,
    pub count: u32,
}

impl BatchPlan {
    fn new(method: Option<Tau2>, kernel: Kernel) -> Self {
        let prediction = Prediction::HartungKnapp;
        let (mean_error, set) = (MeanError::HartungKnapp, InstructionSet::Auto);
        let prefetch = cfg!(feature = "prefetch");
        Self { options: Options { method, kernel, level: 0.95, prediction, mean_error, set, prefetch }, chunk: CHUNK }
    }

    /// The common-effect model: weights `1/v`. metafor: `method = "EE"`.
    ///
    /// ```
    /// # use meta_analysis::batch::BatchPlan;
    /// // Weights 1 and 1/2
    /// let fit = BatchPlan::common().fit_one(&[1.0, 4.0], &[1.0, 2.0])?;
    /// assert!((fit.mu - 2.0).abs() < 1e-14 && (fit.q - 3.0).abs() < 1e-14 && fit.tau2 == 0.0);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn common() -> Self {
        Self::new(None, Kernel::Common)
    }

    /// Random effects with this estimator of tau2.
    ///
    /// ```
    /// # use meta_analysis::{ErrorKind, Tau2, batch::BatchPlan};
    /// // The variance of 1, 3 and 5 is 4 with k - 1, and 8/3 with k.
    /// let tau2 = |method| Ok::<_, meta_analysis::Error>(BatchPlan::random(method)?.fit_one(&[1.0, 3.0, 5.0], &[1.0; 3])?.tau2);
    /// assert!((tau2(Tau2::Reml)? - 3.0).abs() < 1e-13 && (tau2(Tau2::MaximumLikelihood)? - 5.0 / 3.0).abs() < 1e-13);
    /// let error = BatchPlan::random(Tau2::HunterSchmidt).expect_err("no kernel");
    /// assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] for an estimator without a kernel; there is one for [`Tau2::DerSimonianLaird`],
    /// [`Tau2::Hedges`], [`Tau2::SidikJonkman`], [`Tau2::PauleMandel`], [`Tau2::Reml`] and [`Tau2::MaximumLikelihood`].
    pub fn random(tau2: Tau2) -> Result<Self> {
        let Some(kernel) = Kernel::of(tau2) else {
            let why = "use DL, HE, SJ, PM, REML or ML, or `RandomEffects::fit_batch`";
            return Err(ErrorKind::NotApplicable { what: "batch kernel of this estimator", why }.into());
        };
        Ok(Self::new(Some(tau2), kernel))
    }

    /// Level of the prediction interval; 0.95 unless set.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::BatchPlan};
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = BatchPlan::random(Tau2::Reml)?.level(0.9)?.fit_one(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // The 95% point of t with 2 df
    /// assert!((fit.prediction_upper - (3.0 + 2.919_985_580_353_725 * (3.0_f64 + 4.0 / 3.0).sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LevelOutOfRange`] unless between 0 and 1.
    pub fn level(mut self, level: f64) -> Result<Self> {
        if !(level > 0.0 && level < 1.0) {
            return Err(ErrorKind::LevelOutOfRange { value: level }.into());
        }
        self.options.level = level;
        Ok(self)
    }

    /// Kind of prediction interval; [`Prediction::HartungKnapp`] unless set, of which [`Prediction::StudentT`] is here
    /// another name.
    ///
    /// ```
    /// # use meta_analysis::{Prediction, Tau2, batch::BatchPlan};
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = BatchPlan::random(Tau2::Reml)?.prediction(Prediction::TauOnly)?.fit_one(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// assert!((fit.prediction_upper - (3.0 + 1.959_963_984_540_054 * 3.0_f64.sqrt())).abs() < 1e-11);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] for the kinds that need more than Wald or Hartung-Knapp standard errors.
    pub fn prediction(mut self, prediction: Prediction) -> Result<Self> {
        let Some(mean_error) = mean_error(prediction) else {
            let why = "a batch knows Wald and Hartung-Knapp standard errors only";
            return Err(ErrorKind::NotApplicable { what: "this prediction interval in a batch", why }.into());
        };
        (self.options.prediction, self.options.mean_error) = (prediction, mean_error);
        Ok(self)
    }

    /// The instructions to use, [`InstructionSet::Auto`] unless set. If the machine does not have them, the widest that it has
    /// below.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan, InstructionSet}};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// # let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// # let input = BatchInput::unit_major(&y, &v, 3)?;
    /// # let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// let plan = BatchPlan::random(Tau2::Reml)?.instruction_set(InstructionSet::Scalar);
    /// plan.run(input, &mut output)?;
    /// assert!((mu[1] - 4.0).abs() < 1e-14 && (tau2[0] - 3.0).abs() < 1e-13 && (tau2[1] - 8.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn instruction_set(mut self, set: InstructionSet) -> Self {
        self.options.set = set;
        self
    }

    /// Whether memory is asked for ahead of time; it is unless set. Results do not depend on it. Of use where the input is far larger
    /// than the machine's caches; elsewhere it costs a few percent.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// # let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// # let input = BatchInput::unit_major(&y, &v, 3)?;
    /// # let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// BatchPlan::random(Tau2::Reml)?.prefetch(false).run(input, &mut output)?;
    /// assert!((mu[1] - 4.0).abs() < 1e-14 && (tau2[0] - 3.0).abs() < 1e-13 && (tau2[1] - 8.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[cfg(feature = "prefetch")]
    #[must_use]
    pub fn prefetch(mut self, on: bool) -> Self {
        self.options.prefetch = on;
        self
    }

    /// Units between two calls of a progress function, and the share of work that a thread takes; 4096 unless set. Results do
    /// not depend on it.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// # let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// # let input = BatchInput::unit_major(&y, &v, 3)?;
    /// # let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// let (mut calls, plan) = (0, BatchPlan::random(Tau2::Reml)?.chunk(1));
    /// plan.run_with(input, &mut output, &mut |_| { calls += 1; std::ops::ControlFlow::Continue(()) })?;
    /// assert_eq!(calls, 2);
    /// assert!((mu[1] - 4.0).abs() < 1e-14 && (tau2[0] - 3.0).abs() < 1e-13 && (tau2[1] - 8.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn chunk(mut self, units: usize) -> Self {
        self.chunk = units.max(1);
        self
    }

    /// Fits every unit.
    ///
    /// A unit that cannot be fitted is a flag and NaN in its columns, not an error.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// let input = BatchInput::unit_major(&y, &v, 3)?;
    /// let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// assert_eq!(BatchPlan::random(Tau2::Reml)?.run(input, &mut output)?.units, 2);
    /// assert!((mu[1] - 4.0).abs() < 1e-14 && (tau2[0] - 3.0).abs() < 1e-13 && (tau2[1] - 8.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] if a column is not as long as there are units.
    pub fn run(&self, input: BatchInput<'_>, output: &mut BatchOutput<'_>) -> Result<BatchSummary> {
        self.run_with(input, output, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`run`](Self::run), telling `progress` after each [`chunk`](Self::chunk) how many units are done; it can end the run.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// # let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// # let input = BatchInput::unit_major(&y, &v, 3)?;
    /// # let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// // Ended after the first unit
    /// let plan = BatchPlan::random(Tau2::Reml)?.chunk(1);
    /// let summary = plan.run_with(input, &mut output, &mut |done| { assert_eq!(done, 1); std::ops::ControlFlow::Break(()) })?;
    /// assert!(summary.units == 1 && summary.cancelled);
    /// assert!((mu[0] - 3.0).abs() < 1e-14 && mu[1] == 0.0);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with(
        &self,
        input: BatchInput<'_>,
        output: &mut BatchOutput<'_>,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<BatchSummary> {
        output.check(input.units())?;
        let mut rest = output.reborrow();
        let mut summary = BatchSummary::default();
        Scratch::with(|scratch| {
            while summary.units < input.units() {
                let units = self.chunk.min(input.units() - summary.units);
                let part = rest.take_front(units);
                let of = chunk::run(&self.options, &input, (summary.units, units), part, scratch);
                summary.add(&of);
                if progress(summary.units).is_break() {
                    summary.cancelled = summary.units < input.units();
                    break;
                }
            }
        });
        Ok(summary)
    }

    /// As [`run`](Self::run), on all threads of rayon's pool, a [chunk](Self::chunk) at a time. The columns are the same, to the last
    /// bit.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// # let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// # let input = BatchInput::unit_major(&y, &v, 3)?;
    /// # let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// assert_eq!(BatchPlan::random(Tau2::Reml)?.run_parallel(input, &mut output)?.units, 2);
    /// assert!((mu[1] - 4.0).abs() < 1e-14 && (tau2[0] - 3.0).abs() < 1e-13 && (tau2[1] - 8.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[cfg(feature = "parallel")]
    pub fn run_parallel(&self, input: BatchInput<'_>, output: &mut BatchOutput<'_>) -> Result<BatchSummary> {
        self.run_parallel_with(input, output, &|_| ControlFlow::Continue(()))
    }

    /// As [`run_parallel`](Self::run_parallel), telling `progress` after each chunk how many units are done; it can end the run. Threads
    /// finish in any order: of a run that was [cancelled](BatchSummary::cancelled) some units are written and it is not known which.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchInput, BatchOutput, BatchPlan}};
    /// # use std::sync::atomic::{AtomicUsize, Ordering};
    /// // Two units of three studies: effects 1, 3, 5 and 1, 4, 7, each with variance 1
    /// # let (y, v) = ([1.0, 3.0, 5.0, 1.0, 4.0, 7.0], [1.0; 6]);
    /// # let input = BatchInput::unit_major(&y, &v, 3)?;
    /// # let (mut mu, mut tau2) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = BatchOutput { mu: Some(&mut mu), tau2: Some(&mut tau2), ..BatchOutput::default() };
    /// let (calls, plan) = (AtomicUsize::new(0), BatchPlan::random(Tau2::Reml)?.chunk(1));
    /// plan.run_parallel_with(input, &mut output, &|_| {
    ///     calls.fetch_add(1, Ordering::Relaxed);
    ///     std::ops::ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(calls.into_inner(), 2);
    /// assert!((mu[1] - 4.0).abs() < 1e-14 && (tau2[0] - 3.0).abs() < 1e-13 && (tau2[1] - 8.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[cfg(feature = "parallel")]
    pub fn run_parallel_with(
        &self,
        input: BatchInput<'_>,
        output: &mut BatchOutput<'_>,
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<BatchSummary> {
        output.check(input.units())?;
        let mut rest = output.reborrow();
        let parts = parallel::parts(input.units(), self.chunk, |units| rest.take_front(units));
        Ok(parallel::run(parts, progress, |scratch: &mut Scratch, part| {
            chunk::run(&self.options, &input, (part.first, part.units), part.columns, scratch)
        }))
    }

    /// Fits one unit: the same numbers as in a batch, to the last bit.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::BatchPlan};
    /// // Effects 1, 3 and 5, each with variance 1: mu = 3, tau2 = 3, se^2 = 4/3
    /// let fit = BatchPlan::random(Tau2::Reml)?.fit_one(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// assert!((fit.mu - 3.0).abs() < 1e-14 && (fit.tau2 - 3.0).abs() < 1e-13 && (fit.se - (4.0_f64 / 3.0).sqrt()).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless there are as many variances as effects.
    pub fn fit_one(&self, y: &[f64], v: &[f64]) -> Result<UnitFit> {
        use std::slice::from_mut;
        let mut fit = UnitFit::default();
        let offsets = [0, y.len()];
        let mut output = BatchOutput {
            mu: Some(from_mut(&mut fit.mu)),
            se: Some(from_mut(&mut fit.se)),
            tau2: Some(from_mut(&mut fit.tau2)),
            q: Some(from_mut(&mut fit.q)),
            i2: Some(from_mut(&mut fit.i2)),
            p: Some(from_mut(&mut fit.p)),
            log10_p: Some(from_mut(&mut fit.log10_p)),
            hk_se: Some(from_mut(&mut fit.hk_se)),
            hk_p: Some(from_mut(&mut fit.hk_p)),
            hk_log10_p: Some(from_mut(&mut fit.hk_log10_p)),
            q_p: Some(from_mut(&mut fit.q_p)),
            prediction_lower: Some(from_mut(&mut fit.prediction_lower)),
            prediction_upper: Some(from_mut(&mut fit.prediction_upper)),
            flags: Some(from_mut(&mut fit.flags)),
            count: Some(from_mut(&mut fit.count)),
        };
        let plan = self.instruction_set(InstructionSet::Scalar);
        plan.run(BatchInput::ragged(y, v, &offsets)?, &mut output)?;
        Ok(fit)
    }
}
