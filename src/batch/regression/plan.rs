//! The options of a batch of regressions, and running it.

use super::super::kernel::Kernel;
#[cfg(feature = "parallel")]
use super::super::parallel;
use super::super::plan::{BatchSummary, CHUNK};
use super::super::tails::Critical;
use super::super::{BatchInput, InstructionSet, UnitFlags};
use super::design::BatchDesign;
use super::fit::Unit;
use super::output::{Parts, PerCoefficient, RegressionOutput};
use super::{fallback, fit};
use crate::error::{ErrorKind, Result};
use crate::num::chi_squared;
use crate::num::lanes::{NormalTail, Ratios};
use crate::tau2::Tau2;
use crate::tau2::kept::{Kept, with_kept};
use std::cell::Cell;
use std::ops::ControlFlow;

/// A meta-regression to be fitted to every unit of a batch, with one [design](BatchDesign) for all.
///
/// ```text
/// y_i ~ N(x_i' beta, v_i + tau2)        beta = (X'WX)^-1 X'Wy,  W = diag(1/(v_i + tau2))
/// ```
///
/// DL, PM, REML and ML and the common-effects model have a kernel; every other estimator is computed unit by unit. REML and ML are
/// certified as for [`BatchPlan`](super::super::BatchPlan): where the quick proof of a single maximum fails, the unit gets the
/// global search and the flag [`UnitFlags::SEARCHED`]. metafor: `rma(y, v, mods = ~ x)`.
///
/// ```
/// use meta_analysis::Tau2;
/// use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};
///
/// // One unit: the first six BCG trials, log risk ratio on latitude.
/// let y = [-0.889_311_333, -1.585_388_655, -1.348_073_148, -1.441_551_194, -0.217_547_294, -0.786_115_585];
/// let v = [0.325_584_765, 0.194_581_121, 0.415_367_965, 0.020_010_032, 0.051_210_172, 0.006_905_618];
/// let latitude = [44.0, 55.0, 42.0, 52.0, 13.0, 44.0];
/// let (mut beta, mut se, mut tau2) = ([0.0; 2], [0.0; 2], [0.0]);
/// let mut output = RegressionOutput {
///     coefficients: Some(&mut beta),
///     se: Some(&mut se),
///     tau2: Some(&mut tau2),
///     ..RegressionOutput::default()
/// };
/// let plan = BatchRegression::random(BatchDesign::new(6, &[&latitude])?, Tau2::DerSimonianLaird);
/// let summary = plan.run(BatchInput::unit_major(&y, &v, 6)?, &mut output)?;
/// assert_eq!(summary.failed, 0);
/// // metafor 3.8: rma(y, v, mods = latitude, method = "DL")
/// assert!((beta[1] + 0.029_441_396).abs() < 1e-8 && (se[1] - 0.009_775_266).abs() < 1e-8 && (tau2[0] - 0.049_954_603).abs() < 1e-8);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchRegression {
    design: BatchDesign,
    method: Option<Tau2>,
    set: InstructionSet,
    chunk: usize,
}

/// Memory of one thread.
#[derive(Debug, Default)]
struct Scratch {
    columns: Vec<f64>,
    flags: Vec<UnitFlags>,
    count: Vec<u32>,
    shifted: Vec<u32>,
    lost: Vec<usize>,
    gathered: Vec<f64>,
    memory: Vec<f64>,
    y: Vec<f64>,
    v: Vec<f64>,
    critical: Critical,
    hk_se: Vec<f64>,
}

/// The most units for which a thread's memory is kept between runs.
const FEW: usize = 64;

thread_local! {
    /// For single regressions: the memory of the last one, and the tail of t for its df, which takes longer to prepare than to fit.
    static LATEST: Kept<Scratch> = const { Cell::new(None) };
}

impl BatchRegression {
    fn new(design: BatchDesign, method: Option<Tau2>) -> Self {
        Self { design, method, set: InstructionSet::Auto, chunk: CHUNK }
    }

    /// Common effects given the covariates: weights `1/v`. metafor: `method = "EE"`.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};
    /// // Effects 1, 3 and 4, 6 in two groups, each with variance 1: coefficients 2 and 3
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0], [1.0; 4]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let (mut beta, mut se) = ([0.0; 2], [0.0; 2]);
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), se: Some(&mut se), ..RegressionOutput::default() };
    /// BatchRegression::common(design).run(input, &mut output)?;
    /// assert!((beta[0] - 2.0).abs() < 1e-14 && (beta[1] - 3.0).abs() < 1e-14);
    /// assert!((se[0] - 0.5_f64.sqrt()).abs() < 1e-14 && (se[1] - 1.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn common(design: BatchDesign) -> Self {
        Self::new(design, None)
    }

    /// Random effects with this estimator of the residual tau2.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput}};
    /// // Effects 1, 3 and 4, 6 in two groups, each with variance 1: the residual variance is 4 / (4 - 2) = 1 + tau2
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0], [1.0; 4]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let (mut tau2, mut se) = ([0.0; 1], [0.0; 2]);
    /// # let mut output = RegressionOutput { tau2: Some(&mut tau2), se: Some(&mut se), ..RegressionOutput::default() };
    /// BatchRegression::random(design, Tau2::Reml).run(input, &mut output)?;
    /// assert!((tau2[0] - 1.0).abs() < 1e-13);
    /// assert!((se[0] - 1.0).abs() < 1e-13 && (se[1] - 2.0_f64.sqrt()).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn random(design: BatchDesign, tau2: Tau2) -> Self {
        Self::new(design, Some(tau2))
    }

    /// The instructions to use, [`InstructionSet::Auto`] unless set; see
    /// [`BatchPlan::instruction_set`](super::super::BatchPlan::instruction_set).
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, InstructionSet, RegressionOutput}};
    /// // Two groups of two studies, two units: effects 1, 3 and 4, 6 with coefficients 2 and 3, effects 0, 2 and 0, 2 with 1 and 0
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0], [1.0; 8]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let mut beta = [0.0; 4];
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// let plan = BatchRegression::random(design, Tau2::Reml).instruction_set(InstructionSet::Scalar);
    /// plan.run(input, &mut output)?;
    /// assert!(beta.iter().zip([2.0, 1.0, 3.0, 0.0]).all(|(found, is)| (found - is).abs() < 1e-14));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn instruction_set(mut self, set: InstructionSet) -> Self {
        self.set = set;
        self
    }

    /// Units between two calls of a progress function, and the share of work that a thread takes; 4096 unless set.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput}};
    /// // Two groups of two studies, two units: effects 1, 3 and 4, 6 with coefficients 2 and 3, effects 0, 2 and 0, 2 with 1 and 0
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0], [1.0; 8]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let mut beta = [0.0; 4];
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// let (mut calls, plan) = (0, BatchRegression::random(design, Tau2::Reml).chunk(1));
    /// plan.run_with(input, &mut output, &mut |_| { calls += 1; std::ops::ControlFlow::Continue(()) })?;
    /// assert_eq!(calls, 2);
    /// assert!(beta.iter().zip([2.0, 1.0, 3.0, 0.0]).all(|(found, is)| (found - is).abs() < 1e-14));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn chunk(mut self, units: usize) -> Self {
        self.chunk = units.max(1);
        self
    }

    /// Fits every unit. A unit that cannot be fitted is a flag and NaN in its columns, not an error.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput}};
    /// // Two groups of two studies, two units: effects 1, 3 and 4, 6 with coefficients 2 and 3, effects 0, 2 and 0, 2 with 1 and 0
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0], [1.0; 8]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let mut beta = [0.0; 4];
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// assert_eq!(BatchRegression::random(design, Tau2::Reml).run(input, &mut output)?.units, 2);
    /// // Coefficient after coefficient
    /// assert!(beta.iter().zip([2.0, 1.0, 3.0, 0.0]).all(|(found, is)| (found - is).abs() < 1e-14));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] if a column has not the length that [`RegressionOutput`] says, or if the units have not as many
    /// studies as the design; [`ErrorKind::NotApplicable`] for units of different size, whose rows of the design are not known.
    pub fn run(&self, input: BatchInput<'_>, output: &mut RegressionOutput<'_>) -> Result<BatchSummary> {
        self.run_with(input, output, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`run`](Self::run), telling `progress` after each [`chunk`](Self::chunk) how many units are done; it can end the run.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput}};
    /// // Two groups of two studies, two units: effects 1, 3 and 4, 6 with coefficients 2 and 3, effects 0, 2 and 0, 2 with 1 and 0
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0], [1.0; 8]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let mut beta = [0.0; 4];
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// // Ended after the first unit
    /// let plan = BatchRegression::random(design, Tau2::Reml).chunk(1);
    /// let summary = plan.run_with(input, &mut output, &mut |done| { assert_eq!(done, 1); std::ops::ControlFlow::Break(()) })?;
    /// assert!(summary.units == 1 && summary.cancelled);
    /// assert!((beta[0] - 2.0).abs() < 1e-14 && beta[1] == 0.0);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with(
        &self,
        input: BatchInput<'_>,
        output: &mut RegressionOutput<'_>,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<BatchSummary> {
        let rest = self.check(&input, output)?;
        let run = |scratch: &mut Scratch| self.run_parts(&input, rest, progress, scratch);
        Ok(if input.units() <= FEW { with_kept(&LATEST, |_| false, run) } else { run(&mut Scratch::default()) })
    }

    fn run_parts(
        &self,
        input: &BatchInput<'_>,
        mut rest: Parts<'_>,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
        scratch: &mut Scratch,
    ) -> BatchSummary {
        let mut summary = BatchSummary::default();
        while summary.units < input.units() {
            let units = self.chunk.min(input.units() - summary.units);
            let last = summary.units + units == input.units();
            let parts = if last { std::mem::take(&mut rest) } else { rest.take_front(units) };
            let of = self.run_part(input, (summary.units, units), parts, scratch);
            summary.add(&of);
            if progress(summary.units).is_break() {
                summary.cancelled = summary.units < input.units();
                break;
            }
        }
        summary
    }

    /// As [`run`](Self::run), on all cores. Results are the same, to the last bit.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput}};
    /// // Two groups of two studies, two units: effects 1, 3 and 4, 6 with coefficients 2 and 3, effects 0, 2 and 0, 2 with 1 and 0
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0], [1.0; 8]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let mut beta = [0.0; 4];
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// assert_eq!(BatchRegression::random(design, Tau2::Reml).run_parallel(input, &mut output)?.units, 2);
    /// assert!(beta.iter().zip([2.0, 1.0, 3.0, 0.0]).all(|(found, is)| (found - is).abs() < 1e-14));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[cfg(feature = "parallel")]
    pub fn run_parallel(&self, input: BatchInput<'_>, output: &mut RegressionOutput<'_>) -> Result<BatchSummary> {
        self.run_parallel_with(input, output, &|_| ControlFlow::Continue(()))
    }

    /// As [`run_parallel`](Self::run_parallel), telling `progress` after each chunk how many units are done; it can end the run. Threads
    /// finish in any order: of a run that was [cancelled](BatchSummary::cancelled) some units are written and it is not known which.
    ///
    /// ```
    /// # use meta_analysis::{Tau2, batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput}};
    /// # use std::sync::atomic::{AtomicUsize, Ordering};
    /// // Two groups of two studies, two units: effects 1, 3 and 4, 6 with coefficients 2 and 3, effects 0, 2 and 0, 2 with 1 and 0
    /// # let (y, v) = ([1.0, 3.0, 4.0, 6.0, 0.0, 2.0, 0.0, 2.0], [1.0; 8]);
    /// # let (design, input) = (BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?, BatchInput::unit_major(&y, &v, 4)?);
    /// # let mut beta = [0.0; 4];
    /// # let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// let (calls, plan) = (AtomicUsize::new(0), BatchRegression::random(design, Tau2::Reml).chunk(1));
    /// plan.run_parallel_with(input, &mut output, &|_| {
    ///     calls.fetch_add(1, Ordering::Relaxed);
    ///     std::ops::ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(calls.into_inner(), 2);
    /// assert!(beta.iter().zip([2.0, 1.0, 3.0, 0.0]).all(|(found, is)| (found - is).abs() < 1e-14));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[cfg(feature = "parallel")]
    pub fn run_parallel_with(
        &self,
        input: BatchInput<'_>,
        output: &mut RegressionOutput<'_>,
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<BatchSummary> {
        let mut rest = self.check(&input, output)?;
        let parts = parallel::parts(input.units(), self.chunk, |units| rest.take_front(units));
        Ok(parallel::run(parts, progress, |scratch: &mut Scratch, part| {
            self.run_part(&input, (part.first, part.units), part.columns, scratch)
        }))
    }

    fn check<'b>(&self, input: &BatchInput<'_>, output: &'b mut RegressionOutput<'_>) -> Result<Parts<'b>> {
        if !fit::is_regular(input) {
            let why = "units of different size do not say which row of the design belongs to which study; mark studies as missing";
            return Err(ErrorKind::NotApplicable { what: "regression of ragged units", why }.into());
        }
        let (expected, found) = (self.design.studies(), input.studies());
        if found != expected && input.units() > 0 {
            return Err(ErrorKind::LengthMismatch { field: "studies".to_owned(), expected, found }.into());
        }
        output.parts(input.units(), self.design.coefficients())
    }

    fn run_part(
        &self,
        input: &BatchInput<'_>,
        (first, units): (usize, usize),
        parts: Parts<'_>,
        scratch: &mut Scratch,
    ) -> BatchSummary {
        let Scratch { columns, flags, count, shifted, lost, gathered, memory, y, v, critical, hk_se } = scratch;
        let p = self.design.coefficients();
        columns.clear();
        columns.resize((2 * p + 4) * units, f64::NAN);
        flags.clear();
        flags.resize(units, UnitFlags::NONE);
        count.clear();
        count.resize(units, 0);
        lost.clear();
        let store = |place: usize, unit: &Unit, columns: &mut [f64]| {
            let numbers = unit.coefficients.iter().take(p).chain(unit.se.iter().take(p));
            let numbers = numbers.chain([&unit.tau2, &unit.qe, &unit.qm, &unit.q_at]);
            for (column, value) in columns.chunks_exact_mut(units.max(1)).zip(numbers) {
                if let Some(to) = column.get_mut(place) {
                    *to = *value;
                }
            }
        };
        let kernel = self.method.map_or(Some(Kernel::Common), Kernel::of);
        fit::run(self.set, kernel, &self.design, input, (first, units), (gathered, memory), &mut |place, unit| {
            if let Some(to) = count.get_mut(place) {
                *to = unit.count;
            }
            if unit.lost {
                lost.push(place);
            } else {
                store(place, unit, columns);
                if let (Some(flags), true) = (flags.get_mut(place), self.method.is_some()) {
                    flags.set(UnitFlags::AT_ZERO, unit.tau2 <= 0.0);
                }
            }
        });
        for &place in lost.iter() {
            y.clear();
            v.clear();
            for study in 0..self.design.studies() {
                let (effect, variance) = input.get(first + place, study);
                y.push(effect);
                v.push(variance);
            }
            let (unit, of) = fallback::fit(&self.design, y, v, self.method);
            if let Some(unit) = unit {
                store(place, &unit, columns);
            }
            if let Some(flags) = flags.get_mut(place) {
                *flags = of;
            }
        }
        shifted.clear();
        // Tails take the number of studies of a model with one coefficient.
        shifted.extend(count.iter().map(|count| (count + 1).saturating_sub(p as u32)));
        self.follow((columns, flags, count, shifted), units, parts, (critical, hk_se))
    }

    /// What follows from the kernel's columns.
    fn follow(
        &self,
        (columns, flags, count, shifted): (&mut [f64], &mut [UnitFlags], &[u32], &[u32]),
        units: usize,
        mut parts: Parts<'_>,
        (critical, hk_se): (&mut Critical, &mut Vec<f64>),
    ) -> BatchSummary {
        let p = self.design.coefficients();
        let (coefficients, rest) = columns.split_at_mut(p * units);
        let (se, rest) = rest.split_at_mut(p * units);
        let (tau2, rest) = rest.split_at_mut(units);
        let (qe, rest) = rest.split_at_mut(units);
        let (qm, q_at) = rest.split_at_mut(units);
        // The column of QE at tau2 becomes the factor of the Knapp-Hartung standard errors.
        for (((factor, shifted), flags), se) in q_at.iter_mut().zip(shifted).zip(flags.iter_mut()).zip(&*se) {
            let root = (*factor / (f64::from(*shifted) - 1.0)).sqrt();
            let exists = root * se > 0.0 && root < f64::INFINITY;
            flags.set(UnitFlags::NO_VARIATION, !exists && !flags.failed());
            *factor = if exists { root } else { f64::NAN };
        }
        let each = units.max(1);
        for (j, (values, errors)) in coefficients.chunks_exact(each).zip(se.chunks_exact(each)).enumerate() {
            copy(&mut parts.coefficients, j, values.iter().copied());
            copy(&mut parts.se, j, errors.iter().copied());
            hk_se.clear();
            hk_se.extend(errors.iter().zip(&*q_at).map(|(se, factor)| se * factor));
            copy(&mut parts.hk_se, j, hk_se.iter().copied());
            let p = column(&mut parts.p, j).unwrap_or_default();
            let log10_p = column(&mut parts.log10_p, j).unwrap_or_default();
            NormalTail.of_ratios(self.set, Ratios { of: values, by: errors, p, log10_p });
            if let Some(p) = column(&mut parts.hk_p, j) {
                critical.student_p(self.set, Ratios { of: values, by: hk_se, p, log10_p: &mut [] }, shifted);
            }
        }
        let tested = p - usize::from(self.design.has_intercept());
        if let Some(out) = parts.qe_p {
            critical.chi_squared_p(self.set, qe, shifted, out);
        }
        if let Some(out) = parts.qm_p {
            for (out, qm) in out.iter_mut().zip(&*qm) {
                *out = if tested == 0 { 1.0 + 0.0 * qm } else { chi_squared::sf(*qm, tested as f64) };
            }
        }
        for (to, from) in [(parts.tau2, tau2), (parts.qe, qe), (parts.qm, qm)] {
            if let Some(to) = to {
                to.copy_from_slice(from);
            }
        }
        let mut summary = BatchSummary { units, ..BatchSummary::default() };
        for flags in flags.iter() {
            summary.failed += usize::from(flags.failed());
            summary.searched += usize::from(flags.contains(UnitFlags::SEARCHED));
            summary.several_maxima += usize::from(flags.contains(UnitFlags::SEVERAL_MAXIMA));
        }
        if let Some(to) = parts.flags {
            to.copy_from_slice(flags);
        }
        if let Some(to) = parts.count {
            to.copy_from_slice(count);
        }
        summary
    }
}

fn column<'b>(columns: &'b mut PerCoefficient<'_>, j: usize) -> Option<&'b mut [f64]> {
    columns.get_mut(j).and_then(|column| column.as_deref_mut())
}

fn copy(columns: &mut PerCoefficient<'_>, j: usize, values: impl Iterator<Item = f64>) {
    if let Some(to) = column(columns, j) {
        to.iter_mut().zip(values).for_each(|(to, value)| *to = value);
    }
}
