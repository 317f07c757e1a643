//! One analysis at a time, with the memory of the last one.

use super::interval::{self, Tau2Set};
use super::prepare::{Axis, Survey, Unit, survey};
use super::profile::{LANES, Likelihood, Mean, Profile};
use super::search::Scratch;
use super::{MeanAt, Tau2, Tau2Error, Tau2Fit, likelihood, run};

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
    y: Vec<[f64; LANES]>,
    d: Vec<[f64; LANES]>,
    omega: Vec<[f64; LANES]>,
    scratch: Scratch,
    k: usize,
    origin: f64,
    unit: Unit,
    axis: Axis,
    first_zero: Option<usize>,
    zeros: usize,
    zeros_agree: bool,
}

impl Workspace {
    /// An empty workspace. Everything but [`load`](Self::load) reports [`Tau2Error::Empty`] until data are loaded.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes effects `y` and sampling variances `v` (not standard errors), replacing what was loaded before.
    ///
    /// Effects are taken relative to the study with the smallest variance (the first such) and everything is multiplied by a power of two,
    /// so neither an offset nor the unit of the effects costs accuracy.
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
        let spread = y.iter().map(|y| (y - origin).abs()).fold(0.0, f64::max);
        self.origin = origin;
        self.unit = Unit::new(spread, v[survey.last], survey.smallest_positive)?;
        self.zeros = survey.zeros;
        self.first_zero = (survey.zeros > 0).then_some(first);
        self.store(y, v, first, self.unit.shrink_square(c));
        self.axis = self.place(y, v, &survey)?;
        self.k = y.len();
        Ok(())
    }

    fn store(&mut self, y: &[f64], v: &[f64], first: usize, c: f64) {
        let chunks = (y.len() - 1).div_ceil(LANES);
        self.y.clear();
        self.y.resize(chunks, [0.0; LANES]);
        self.d.clear();
        self.d.resize(chunks, [f64::INFINITY; LANES]);
        self.omega.resize(chunks, [0.0; LANES]);
        let others = y.iter().zip(v).enumerate().filter(|&(i, _)| i != first);
        let places = self.y.iter_mut().flatten().zip(self.d.iter_mut().flatten());
        for ((_, (y, v)), (to_y, to_d)) in others.zip(places) {
            *to_y = self.unit.shrink(y - self.origin);
            *to_d = self.unit.shrink_square(*v) - c;
        }
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
        let positive = self.unit.shrink_square(survey.smallest_positive);
        let smallest = if within > 0.0 { within.min(positive) } else { positive };
        let largest = self.unit.shrink_square(v[survey.last]);
        let rss: f64 = self.y.iter().flatten().map(|y| y * y).sum();
        Axis::at_zero(smallest, largest, rss, survey)
    }

    pub(super) fn profile(&mut self) -> Result<(Mean<'_>, &mut Scratch, Unit), Tau2Error> {
        if self.k == 0 {
            return Err(Tau2Error::Empty);
        }
        let mean = Mean {
            y: &self.y,
            d: &self.d,
            omega: &mut self.omega,
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
    #[must_use]
    pub fn studies(&self) -> usize {
        self.k
    }

    /// Estimates tau2 for the loaded studies. The certificate of a likelihood estimate is left out; see [`certify`](Self::certify).
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
    /// # Errors
    ///
    /// As [`estimate`](super::estimate).
    pub fn certify(&mut self, method: Tau2) -> Result<Tau2Fit, Tau2Error> {
        let (mut mean, scratch, unit) = self.profile()?;
        run(&mut mean, method, unit, scratch, true)
    }

    /// How many local maxima the likelihood last fitted has, and whether the two highest differ by rounding only.
    pub(crate) fn maxima(&self) -> (usize, bool) {
        (self.scratch.modes.len(), self.scratch.tie)
    }

    /// The weighted mean and what belongs to it at a given tau2.
    ///
    /// # Errors
    ///
    /// [`Tau2Error::InvalidTau2`]; [`Tau2Error::ZeroVariance`] if tau2 = 0 and a sampling variance is 0; [`Tau2Error::Overflow`].
    pub fn mean_at(&mut self, tau2: f64) -> Result<MeanAt, Tau2Error> {
        let origin = self.origin;
        let (mut profile, _, unit) = self.profile()?;
        let s = place(&profile, unit, tau2)?;
        let (ratios, mean) = profile.mean_at(s);
        let (q, _) = profile.q_at(s);
        let standard_error = unit.grow((s / (1.0 + ratios)).sqrt());
        let result = MeanAt {
            mean: origin + unit.grow(mean),
            standard_error,
            q,
            hartung_knapp: (profile.k > 1).then(|| q / profile.df()),
        };
        let numbers = [result.mean, standard_error, q];
        if numbers.iter().all(|x| x.is_finite()) { Ok(result) } else { Err(Tau2Error::Overflow) }
    }

    /// The generalised Q statistic at a given tau2. See [`generalized_q`](super::generalized_q).
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
    /// # Errors
    ///
    /// As [`log_likelihood`](super::log_likelihood).
    pub fn log_likelihood(&mut self, tau2: f64, kind: Likelihood) -> Result<f64, Tau2Error> {
        let (mut profile, _, unit) = self.profile()?;
        likelihood::log_likelihood(&mut profile, unit, tau2, kind)
    }

    /// The Q-profile confidence set of tau2. See [`q_profile`](super::q_profile).
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
            Tau2Set::Interval { lower, upper } => {
                let (lower, upper) = (unit.grow_square(lower), unit.grow_square(upper));
                if !upper.is_finite() {
                    return Err(Tau2Error::Overflow);
                }
                Ok(Tau2Set::Interval { lower, upper })
            }
        }
    }
}

/// `s` at a tau2 given in the user's unit, refusing weights that do not exist.
pub(super) fn place<P: Profile>(profile: &P, unit: Unit, tau2: f64) -> Result<f64, Tau2Error> {
    let s = super::scaled_s(profile, unit, tau2)?;
    match profile.first_zero() {
        Some(index) if s <= profile.axis().start => Err(Tau2Error::ZeroVariance { index }),
        _ => Ok(s),
    }
}
