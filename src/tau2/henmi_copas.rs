//! An interval around the fixed-weight mean whose reference distribution is that of the studentised mean itself.

use super::moment;
use super::profile::Profile;
use super::{Tau2Error, Workspace, need_studies};
use crate::num::{bracket, gamma, integral, normal};

/// The distribution of `U = (mean - mu) / sqrt((1 + (W2/W1) tau2_DL(Q)) / W1)` at a tau2, in units of the smallest variance.
#[derive(Clone, Copy, Debug)]
struct Studentised {
    df: f64,
    /// tau2
    t: f64,
    /// `W1`, `W2`
    w1: f64,
    w2: f64,
    /// `tr P`, `tr P^2` at 0
    p1: f64,
    p2: f64,
    /// `sum w (w - m)^2`, `sum w^2 (w - m)^2`, `m = W2/W1`
    spread: f64,
    spread_sq: f64,
}

impl Studentised {
    /// Shape and scale of the gamma distribution with the conditional mean and variance of Q where the standardised mean is `r`.
    fn gamma(&self, r: f64) -> (f64, f64) {
        let t = self.t;
        let variance = self.w1 + t * self.w2;
        let h = t * (t * self.spread / variance);
        let g = t * (t * (self.spread + t * self.spread_sq) / variance);
        let mean = self.df + t * self.p1 + (r * r - 1.0) * h;
        let square =
            2.0 * self.df + t * (4.0 * self.p1 + 2.0 * t * self.p2) - 4.0 * g + 2.0 * h * h + 4.0 * r * r * (g - h * h);
        (mean * (mean / square), square / mean)
    }

    /// `P(|U| > u)`.
    fn tail(&self, u: f64) -> f64 {
        let variance = self.w1 + self.t * self.w2;
        let from = u * (self.w1 / variance).sqrt();
        let to = (from * from + 2.0 * u * u + 100.0).sqrt();
        let inside = |r: f64| {
            let (shape, scale) = self.gamma(r);
            let excess = ((r / u) * (r / u) * variance - self.w1).max(0.0);
            let q = self.df + self.p1 * (excess / self.w2);
            normal::pdf(r) * gamma::lower_regularized(shape, q / scale)
        };
        // The gamma distribution function varies on the scale of u from the lower end on, however small that is.
        let (mut sum, mut left, mut reach) = (0.0, from, u / 16.0);
        while left < to {
            let right = (from + reach).min(to);
            sum += integral::integral(left, right, inside);
            (left, reach) = (right, 4.0 * reach);
            if reach <= 0.0 || reach.is_nan() {
                return f64::NAN;
            }
        }
        (2.0 * sum).min(1.0)
    }

    /// `u` with `P(|U| > u) = tail`.
    fn quantile(&self, tail: f64) -> Option<f64> {
        let excess = |u: f64| (self.tail(u) / tail).ln();
        let start = normal::quantile_upper(0.5 * tail);
        let (mut u, mut value) = (start, excess(start));
        let outward = value > 0.0;
        loop {
            let next = if outward { u * 1.5 } else { u / 1.5 };
            let other = excess(next);
            if !(value.is_finite() && other.is_finite() && next.is_normal()) {
                return None;
            }
            if (other > 0.0) != outward {
                return Some(bracket::root((u, value), (next, other), excess));
            }
            (u, value) = (next, other);
        }
    }
}

/// Henmi and Copas's interval, from [`Workspace::henmi_copas`].
///
/// ```
/// use meta_analysis::tau2::Workspace;
///
/// let mut workspace = Workspace::new();
/// workspace.load(&[1.0, 2.0, 3.0, 6.0], &[0.5; 4])?;
/// let fit = workspace.henmi_copas(0.05, 3.0)?;
/// // Equal variances: the plain mean; the sample variance 14/3 less 0.5; the usual standard error of a mean.
/// assert!((fit.mean - 3.0).abs() < 1e-14 && (fit.tau2 - (14.0 / 3.0 - 0.5)).abs() < 1e-13);
/// assert!((fit.standard_error - (14.0_f64 / 12.0).sqrt()).abs() < 1e-14);
/// // The end of the interval, as the mean tested, has the p-value 0.05.
/// let end = fit.mean + fit.quantile * fit.standard_error;
/// assert!((workspace.henmi_copas(0.05, end)?.p_value - 0.05).abs() < 1e-11);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HenmiCopas {
    /// The mean with weights 1/v.
    pub mean: f64,
    /// Its standard error under random effects, with tau2 by DerSimonian and Laird.
    pub standard_error: f64,
    /// That tau2.
    pub tau2: f64,
    /// How many standard errors the interval reaches to each side.
    pub quantile: f64,
    /// Two-sided p-value of the mean tested.
    pub p_value: f64,
}

impl Workspace {
    /// An interval for the mean that publication bias shifts less than others: the weights of the common-effect model, which favour
    /// large studies, with the variance of random effects, and a quantile that allows for tau2 being estimated from the same data.
    ///
    /// ```text
    /// mean = sum y/v / W1,  se^2 = (W1 + tau2 W2) / W1^2,  W_j = sum v^-j,  tau2 by DerSimonian-Laird
    /// mean -+ u se,  P(|U| > u) = tail,  U = (mean - mu) / se
    /// ```
    ///
    /// The distribution of U is taken at the estimated tau2: the standardised mean R is normal, and Q given R, which determines se,
    /// is approximated by a gamma distribution with its exact conditional mean and variance. Under tau2 = 0 that is exact. The
    /// probabilities are computed to about 1e-13. `tail`: the probability outside, e.g. 0.05. `mu`: the mean that is tested.
    ///
    /// Henmi M, Copas JB (2010) Stat Med 29:2969-2983, doi:10.1002/sim.4029. metafor: `hc`, to an absolute tolerance.
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[0.1, 0.9, 0.5, -0.2], &[0.04, 0.05, 0.03, 0.2])?;
    /// // metafor 3.8: hc(rma(y, v, method = "DL"))
    /// let fit = workspace.henmi_copas(0.05, 0.0)?;
    /// assert!((fit.mean - 0.434).abs() < 1e-13 && (fit.standard_error - 0.214_675_608).abs() < 1e-9);
    /// assert!((fit.mean + fit.quantile * fit.standard_error - 1.030_448).abs() < 1e-4);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::TooFewStudies`] for one study; [`Tau2Error::ZeroVariance`] if a sampling variance is 0;
    /// [`Tau2Error::InvalidQuantiles`] for a tail that is not between 0 and 1; [`Tau2Error::NonFiniteEffect`] for such a `mu`, at index
    /// 0; [`Tau2Error::Overflow`].
    pub fn henmi_copas(&mut self, tail: f64, mu: f64) -> Result<HenmiCopas, Tau2Error> {
        if !(tail > 0.0 && tail < 1.0) {
            return Err(Tau2Error::InvalidQuantiles { lower: tail, upper: tail });
        }
        if !mu.is_finite() {
            return Err(Tau2Error::NonFiniteEffect { index: 0, value: mu });
        }
        let origin = self.origin();
        let (mut profile, _, unit) = self.profile()?;
        need_studies(profile.k, 2)?;
        if let Some(index) = profile.first_zero() {
            return Err(Tau2Error::ZeroVariance { index });
        }
        let tau2 = moment::dersimonian_laird(&mut profile)?.tau2;
        let c = profile.axis().start;
        let (_, mean) = profile.mean_at(c);
        let sums = profile.at(c);
        let m = sums.weight_sq / sums.weight;
        let others = profile.omega.iter().flatten().copied().take(profile.k - 1);
        let (spread, spread_sq) = std::iter::once(1.0).chain(others).fold((0.0, 0.0), |(one, two), o: f64| {
            let square = o * (o - m) * (o - m);
            (one + square, two + o * square)
        });
        let distribution = Studentised {
            df: profile.df(),
            t: tau2 / c,
            w1: sums.weight,
            w2: sums.weight_sq,
            p1: sums.trace,
            p2: sums.trace_sq,
            spread,
            spread_sq,
        };
        let se = (c * (sums.weight + tau2 / c * sums.weight_sq)).sqrt() / sums.weight;
        let quantile = distribution.quantile(tail).ok_or(Tau2Error::Overflow)?;
        let u = (mean - unit.shrink(mu - origin)).abs() / se;
        let p_value = if u > 0.0 { distribution.tail(u) } else { 1.0 };
        let result = HenmiCopas {
            mean: origin + unit.grow(mean),
            standard_error: unit.grow(se),
            tau2: unit.grow_square(tau2),
            quantile,
            p_value,
        };
        let numbers = [result.mean, result.standard_error, result.tau2, quantile, p_value];
        if numbers.iter().all(|x| x.is_finite()) { Ok(result) } else { Err(Tau2Error::Overflow) }
    }
}
