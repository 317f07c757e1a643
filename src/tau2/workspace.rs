//! One analysis at a time, with the memory of the last one.

use super::interval::{self, Tau2Set};
use super::kept::{Kept, with_kept};
use super::prepare::{Axis, Survey, Unit, survey};
use super::profile::{Known, LANES, Likelihood, Mean, MeanSums, Profile};
use super::search::Scratch;
use super::{MeanAt, Tau2, Tau2Error, Tau2Fit, likelihood, moment, run};
use std::cell::Cell;

/// Memory for analyses with one common mean; loading the next analysis reuses it, so a batch allocates once.
///
/// ```
/// use meta_analysis::tau2::{Tau2, Workspace};
///
/// let mut workspace = Workspace::new();
/// let mut sum = 0.0;
/// for y in [[0.1, 0.9, 0.4], [0.2, 1.5, 0.3]] {
///     workspace.load(&y, &[0.04, 0.09, 0.05])?;
///     let fit = workspace.estimate(Tau2::DerSimonianLaird)?;
///     sum += workspace.mean_at(fit.tau2)?.mean;
/// }
/// assert!((sum - 1.057204).abs() < 1e-6);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Effects, variances and scratch of a [`Mean`], a third each.
    columns: Vec<[f64; LANES]>,
    known: Known,
    scratch: Scratch,
    k: usize,
    origin: f64,
    unit: Unit,
    axis: Axis,
    first_zero: Option<usize>,
    zeros: usize,
    zeros_agree: bool,
}

thread_local! {
    /// What the last fit on this thread left: memory is a tenth of the price of a fit of few studies.
    static KEPT: Kept<Workspace> = const { Cell::new(None) };
}
/// Rows of columns: more than 2 MiB, the memory of 87,000 studies, are not kept.
const MOST_KEPT: usize = 1 << 16;

impl Workspace {
    /// Runs `work` with the memory of the last fit on this thread, loaded with anything.
    #[inline(always)]
    pub(crate) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        with_kept(&KEPT, |workspace| workspace.columns.capacity() > MOST_KEPT, work)
    }

    /// An empty workspace. Everything but [`load`](Self::load) reports [`Tau2Error::Empty`] until data are loaded.
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2, Tau2Error, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// assert_eq!(workspace.studies(), 0);
    /// assert_eq!(workspace.estimate(Tau2::Reml), Err(Tau2Error::Empty));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes effects `y` and sampling variances `v` (not standard errors), replacing what was loaded before.
    ///
    /// Effects are taken relative to the study with the smallest variance (the first such) and everything is multiplied by a power of two,
    /// so neither an offset nor the unit of the effects costs accuracy.
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2Error, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0], &[1.0, 3.0])?;
    /// assert!((workspace.mean_at(0.0)?.mean - 1.5).abs() < 1e-14); // weights 3 : 1
    /// let error = workspace.load(&[1.0, 3.0], &[1.0, -3.0]);
    /// assert_eq!(error, Err(Tau2Error::NegativeVariance { index: 1, value: -3.0 }));
    /// assert_eq!(workspace.studies(), 0);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No studies, different lengths, values that are not finite, negative variances; variances more than a factor 2^300 apart;
    /// effects spread over more than 2^400 of the smallest standard error. After an error the workspace is empty.
    pub fn load(&mut self, y: &[f64], v: &[f64]) -> Result<(), Tau2Error> {
        self.k = 0;
        let survey = survey(y, v)?;
        let first = survey.first;
        let (origin, c) = (y[first], v[first]);
        let (low, high) = survey.effects;
        let spread = (origin - low).max(high - origin);
        self.origin = origin;
        self.unit = Unit::new(spread, survey.largest, survey.smallest_positive)?;
        self.zeros = survey.zeros;
        self.first_zero = (survey.zeros > 0).then_some(first);
        self.store(y, v, first, self.unit.shrink_square(c));
        self.axis = self.place(y, v, &survey)?;
        self.known.forget();
        self.k = y.len();
        Ok(())
    }

    fn store(&mut self, y: &[f64], v: &[f64], first: usize, c: f64) {
        let chunks = (y.len() - 1).div_ceil(LANES);
        self.columns.resize(3 * chunks, [0.0; LANES]);
        let (unit, origin) = (self.unit, self.origin);
        let (to_y, rest) = self.columns.split_at_mut(chunks);
        let (to_d, _) = rest.split_at_mut(chunks);
        fill(to_y.as_flattened_mut(), y, first, 0.0, |y| unit.shrink(y - origin));
        fill(to_d.as_flattened_mut(), v, first, f64::INFINITY, |v| unit.shrink_square(v) - c);
    }

    /// The axis, and whether the zero-variance studies agree.
    fn place(&mut self, y: &[f64], v: &[f64], survey: &Survey) -> Result<Axis, Tau2Error> {
        if survey.zeros == 0 {
            self.zeros_agree = false;
            return Ok(Axis::regular(self.unit.shrink_square(v[survey.first])));
        }
        let zeros = || {
            let effects = y.iter().zip(v).filter(|&(_, &v)| v <= 0.0);
            effects.map(|(y, _)| self.unit.shrink(y - self.origin))
        };
        self.zeros_agree = zeros().all(|y| y.abs() <= 0.0);
        let mean = zeros().sum::<f64>() / survey.zeros as f64;
        let within: f64 = zeros().map(|y| (y - mean) * (y - mean)).sum();
        if within <= 0.0 && !self.zeros_agree {
            // They differ by so little that its square is no number.
            return Err(survey.ratio_out_of_range(v));
        }
        let positive = self.unit.shrink_square(survey.smallest_positive);
        let smallest = if within > 0.0 { within.min(positive) } else { positive };
        let largest = self.unit.shrink_square(survey.largest);
        let effects = self.columns.iter().take(self.columns.len() / 3);
        let rss: f64 = effects.flatten().map(|y| y * y).sum();
        Axis::at_zero(smallest, largest, rss).ok_or_else(|| survey.ratio_out_of_range(v))
    }

    #[inline(always)]
    pub(super) fn profile(&mut self) -> Result<(Mean<'_>, &mut Scratch, Unit), Tau2Error> {
        if self.k == 0 {
            return Err(Tau2Error::Empty);
        }
        let chunks = self.columns.len() / 3;
        let (y, rest) = self.columns.split_at_mut(chunks);
        let (d, omega) = rest.split_at_mut(chunks);
        let mean = Mean {
            y,
            d,
            omega,
            known: &mut self.known,
            k: self.k,
            axis: self.axis,
            first_zero: self.first_zero,
            zeros: self.zeros,
            zeros_agree: self.zeros_agree,
        };
        Ok((mean, &mut self.scratch, self.unit))
    }

    /// The effect that the loaded ones are taken relative to.
    pub(super) fn origin(&self) -> f64 {
        self.origin
    }

    /// Number of studies loaded.
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// assert_eq!(workspace.studies(), 3);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    #[must_use]
    pub fn studies(&self) -> usize {
        self.k
    }

    /// Estimates tau2 for the loaded studies. The certificate of a likelihood estimate is left out; see [`certify`](Self::certify).
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: the sample variance 4 less 1
    /// let fit = workspace.estimate(Tau2::Reml)?;
    /// assert!((fit.tau2 - 3.0).abs() < 1e-12 && fit.certificate.is_none());
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`estimate`](super::estimate).
    pub fn estimate(&mut self, method: Tau2) -> Result<Tau2Fit, Tau2Error> {
        let (mut mean, scratch, unit) = self.profile()?;
        run(&mut mean, method, unit, scratch, false)
    }

    /// Estimates tau2 for the loaded studies; [`Tau2::Reml`], [`Tau2::MaximumLikelihood`] and [`Tau2::BayesMode`] come with their
    /// certificate.
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: the sum of squares 8 over 3, less 1
    /// let fit = workspace.certify(Tau2::MaximumLikelihood)?;
    /// assert!((fit.tau2 - 5.0 / 3.0).abs() < 1e-12);
    /// assert!(fit.certificate.is_some_and(|certificate| certificate.unimodal && certificate.maxima.len() == 1));
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`estimate`](super::estimate).
    pub fn certify(&mut self, method: Tau2) -> Result<Tau2Fit, Tau2Error> {
        let (mut mean, scratch, unit) = self.profile()?;
        run(&mut mean, method, unit, scratch, true)
    }

    /// How many local maxima the likelihood last fitted has, and whether the two highest differ by rounding only.
    pub(crate) fn maxima(&self) -> (usize, bool) {
        (self.scratch.maxima, self.scratch.tie)
    }

    /// The weighted mean and what belongs to it at a given tau2.
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Each weight is 1/4.
    /// let at = workspace.mean_at(3.0)?;
    /// assert!((at.mean - 3.0).abs() < 1e-14 && (at.standard_error - (4.0_f64 / 3.0).sqrt()).abs() < 1e-14);
    /// assert!((at.q - 2.0).abs() < 1e-14 && at.hartung_knapp.is_some_and(|factor| (factor - 1.0).abs() < 1e-14));
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::InvalidTau2`]; [`Tau2Error::ZeroVariance`] if tau2 = 0 and a sampling variance is 0; [`Tau2Error::Overflow`].
    pub fn mean_at(&mut self, tau2: f64) -> Result<MeanAt, Tau2Error> {
        self.mean_here(tau2)
    }

    /// [`mean_at`](Self::mean_at) where it is asked for: its numbers then need not go by memory.
    #[inline(always)]
    pub(crate) fn mean_here(&mut self, tau2: f64) -> Result<MeanAt, Tau2Error> {
        let origin = self.origin;
        let (mut profile, _, unit) = self.profile()?;
        let s = place(&profile, unit, tau2)?;
        let MeanSums { weight, mean, q, .. } = profile.mean_sums(s);
        let standard_error = unit.grow((s / weight).sqrt());
        let result = MeanAt {
            mean: origin + unit.grow(mean),
            standard_error,
            q,
            hartung_knapp: (profile.k > 1).then(|| q / profile.df()),
        };
        let numbers = [result.mean, standard_error, q];
        if numbers.iter().all(|x| x.is_finite()) { Ok(result) } else { Err(Tau2Error::Overflow) }
    }

    /// The standard error of the mean with the tau2 of DerSimonian and Laird, for two or more studies.
    pub(crate) fn dersimonian_laird_standard_error(&mut self) -> Result<f64, Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        let (_, tau2) = moment::sums_and_dersimonian_laird(&mut profile)?;
        let s = profile.axis.s(tau2);
        let standard_error = unit.grow((s / profile.mean_sums(s).weight).sqrt());
        if standard_error.is_finite() { Ok(standard_error) } else { Err(Tau2Error::Overflow) }
    }

    /// The generalised Q statistic at a given tau2. See [`generalized_q`](super::generalized_q).
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: 8 / (1 + tau2)
    /// assert!((workspace.generalized_q(1.0)? - 4.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`generalized_q`](super::generalized_q).
    pub fn generalized_q(&mut self, tau2: f64) -> Result<f64, Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        let s = place(&profile, unit, tau2)?;
        Ok(profile.q_at(s).0)
    }

    /// The "typical" sampling variance of Higgins & Thompson 2002 (Stat Med 21:1539, doi 10.1002/sim.1186), to which tau2 is
    /// compared in I2 and H2; `None` for one study.
    ///
    /// ```text
    /// (k - 1) / tr P = (k - 1) sum w / ((sum w)^2 - sum w^2),   w = 1/v
    /// ```
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0, 2.0, 2.0])?;
    /// // Weights 1, 1/2, 1/2: (3 - 1) * 2 / (2^2 - 1.5)
    /// assert!(workspace.typical_variance()?.is_some_and(|typical| (typical - 1.6).abs() < 1e-14));
    /// workspace.load(&[1.0], &[1.0])?;
    /// assert_eq!(workspace.typical_variance()?, None);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::ZeroVariance`] if a sampling variance is 0; [`Tau2Error::Overflow`].
    pub fn typical_variance(&mut self) -> Result<Option<f64>, Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        if profile.k < 2 {
            return Ok(None);
        }
        let s = place(&profile, unit, 0.0)?;
        let typical = unit.grow_square(profile.df() * s / profile.at(s).trace);
        if typical.is_finite() { Ok(Some(typical)) } else { Err(Tau2Error::Overflow) }
    }

    /// The log-likelihood at a given tau2. See [`log_likelihood`](super::log_likelihood).
    ///
    /// ```
    /// use meta_analysis::tau2::{Likelihood, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: -1/2 (2 ln(2 pi (1 + tau2)) + 8 / (1 + tau2)), at tau2 = 3
    /// let restricted = workspace.log_likelihood(3.0, Likelihood::Restricted)?;
    /// assert!((restricted + (4.0 * std::f64::consts::TAU).ln() + 1.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`log_likelihood`](super::log_likelihood).
    pub fn log_likelihood(&mut self, tau2: f64, kind: Likelihood) -> Result<f64, Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        likelihood::log_likelihood(&mut profile, unit, tau2, kind)
    }

    /// The Q-profile confidence set of tau2. See [`q_profile`](super::q_profile).
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2Set, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: Q(tau2) = 8 / (1 + tau2) is 4 at tau2 = 1 and 1 at tau2 = 7.
    /// let Tau2Set::Interval { lower, upper } = workspace.q_profile(4.0, 1.0)? else { panic!("not empty") };
    /// assert!((lower - 1.0).abs() < 1e-13 && (upper - 7.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`q_profile`](super::q_profile).
    pub fn q_profile(&mut self, upper_quantile: f64, lower_quantile: f64) -> Result<Tau2Set, Tau2Error> {
        interval::check_quantiles(upper_quantile, lower_quantile)?;
        let (mut profile, _, unit) = self.profile()?;
        super::need_studies(profile.k, 2)?;
        match interval::q_profile(&mut profile, upper_quantile, lower_quantile) {
            Tau2Set::Empty => Ok(Tau2Set::Empty),
            Tau2Set::Interval { lower, upper } => Tau2Set::between(unit.grow_square(lower), unit.grow_square(upper)),
        }
    }
}

/// The column without its entry `first`, each entry changed by `f`, then `pad`.
fn fill(to: &mut [f64], column: &[f64], first: usize, pad: f64, f: impl Fn(f64) -> f64) {
    let (before, rest) = column.split_at(first);
    let (to_before, to_rest) = to.split_at_mut(before.len());
    to_before.iter_mut().zip(before).for_each(|(to, x)| *to = f(*x));
    let after = rest.get(1..).unwrap_or_default();
    let (to_after, padding) = to_rest.split_at_mut(after.len());
    to_after.iter_mut().zip(after).for_each(|(to, x)| *to = f(*x));
    padding.fill(pad);
}

/// `s` at a tau2 given in the user's unit, refusing weights that do not exist.
#[inline(always)]
pub(super) fn place<P: Profile>(profile: &P, unit: Unit, tau2: f64) -> Result<f64, Tau2Error> {
    let s = super::scaled_s(profile, unit, tau2)?;
    match profile.first_zero() {
        Some(index) if s <= profile.axis().start => Err(Tau2Error::ZeroVariance { index }),
        _ => Ok(s),
    }
}
