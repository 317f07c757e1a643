//! The likelihood of the mean, tau2 at its maximum for each value: certified values, and the whole of a likelihood-ratio set.
//!
//! ```text
//! D(mu) = 2 (l(mu^, tau2^) - l_p(mu)),    l_p(mu) = max over tau2 of l(mu, tau2)
//! ```
//!
//! The inner maximum is found among all local maxima (`search`). For the set `{ D <= q }` three properties are used, with
//! `S(t) = sum 1/(v_i + t)`; `T` bounds from below the maximising tau2 of every mean in an interval `[a, b]` of width `w`:
//!
//! * For a fixed tau2 twice the log-likelihood is a parabola in mu of curvature `-2 S`, so `l_p` is a maximum of parabolas. It lies
//!   above each: from the tau2 found at `a`, `D(a + x) <= D(a) - 2 l_p'(a) x + S x^2`.
//! * `D - S(T) mu^2` is concave, so `D` lies above its chord lowered by `S(T) (mu - a)(b - mu)`.
//! * For the same reason `D' >= D'(b) - 2 S(T) w` and `D' <= D'(a) + 2 S(T) w`, which shows where `D` is monotone.
//! * Beyond all effects `D` is monotone.
//!
//! `T` is where the smallest squared residuals that any mean of the interval leaves let the score of tau2 fall to 0 for the first time.
//! Intervals are halved until each is inside, outside or crossed once, so no piece of the set is missed unless it differs from none by
//! rounding of `D`.

use super::fixed_mean::FixedMean;
use super::prepare::{Axis, Unit};
use super::profile::{LANES, Likelihood, LogTerms, Mean, Profile};
use super::search::{self, Scratch};
use super::{Tau2, Tau2Error, Workspace, need_studies, run};
use crate::num::bracket;

/// A test of one value of the mean by the full likelihood, from [`Workspace::mean_likelihood_ratio`].
///
/// ```
/// use meta_analysis::tau2::Workspace;
///
/// let mut workspace = Workspace::new();
/// workspace.load(&[1.0, 2.0, 3.0, 6.0], &[0.5; 4])?;
/// let test = workspace.mean_likelihood_ratio(1.0)?;
/// // Equal variances: 0.5 + tau2 is the mean square around the mean 3, which is 14/4, or around the 1 tested, 30/4.
/// assert!((test.mean - 3.0).abs() < 1e-14);
/// assert!((test.tau2 - 3.0).abs() < 1e-12 && (test.tau2_under - 7.0).abs() < 1e-12);
/// assert!((test.statistic - 4.0 * (30.0_f64 / 14.0).ln()).abs() < 1e-12);
/// assert!((test.signed_root - test.statistic.sqrt()).abs() < 1e-14);
/// assert!((test.bartlett - (1.0 + 3.0 / 8.0)).abs() < 1e-12);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MeanLikelihoodRatio {
    /// The mean at the maximum of the likelihood.
    pub mean: f64,
    /// tau2 there.
    pub tau2: f64,
    /// tau2 at the maximum for the mean tested.
    pub tau2_under: f64,
    /// `2 (l(mean, tau2) - l(mu, tau2_under))`, at least 0; chi-squared with 1 df to first order.
    pub statistic: f64,
    /// Its square root with the sign of `mean - mu`; standard normal to first order.
    pub signed_root: f64,
    /// The expectation of the statistic to second order, by which Bartlett's correction divides it. See
    /// [`Workspace::mean_likelihood_set`].
    pub bartlett: f64,
    /// Skovgaard's correction of the signed root; `None` where its terms do not exist: tau2 of 0, or an information that is not
    /// positive.
    pub skovgaard: Option<f64>,
}

/// Below this signed root the correction is taken from its neighbourhood.
const SMALL_ROOT: f64 = 1e-5;

/// The mean's likelihood at one value, in the scaled unit.
#[derive(Clone, Copy, Debug)]
struct Node {
    mu: f64,
    /// `D`.
    d: f64,
    /// `dD/dmu`
    slope: f64,
    /// `S` at the maximising tau2.
    curvature: f64,
    s: f64,
}

/// The likelihood of the mean of one data set, its maximum known.
struct MeanProfile<'a> {
    y: &'a [[f64; LANES]],
    d: &'a [[f64; LANES]],
    k: usize,
    axis: Axis,
    scratch: &'a mut Scratch,
    residuals: Vec<[f64; LANES]>,
    /// The maximum.
    mean: f64,
    s: f64,
}

/// A mean this far out, in the unit of the kernel, in which the data are of order 1.
const FARTHEST: f64 = 1e100;

impl<'a> MeanProfile<'a> {
    /// For the maximum at `s`.
    fn new(profile: Mean<'a>, scratch: &'a mut Scratch, s: f64) -> Self {
        let mut profile = profile;
        let (_, mean) = profile.mean_at(s);
        let (y, d, k, axis) = (profile.y, profile.d, profile.k, profile.axis);
        Self { y, d, k, axis, scratch, residuals: y.to_vec(), mean, s }
    }

    /// The model with this mean.
    fn fixed(&mut self, mu: f64) -> FixedMean<'_> {
        for (to, y) in self.residuals.iter_mut().flatten().zip(self.y.iter().flatten()) {
            *to = y - mu;
        }
        FixedMean { first: -mu, r: &self.residuals, d: self.d, k: self.k, axis: self.axis }
    }

    /// `s` of the global maximum of the likelihood for this mean.
    fn maximise(&mut self, mu: f64) -> f64 {
        let mut scratch = std::mem::take(self.scratch);
        let start = self.axis.start;
        let mut profile = self.fixed(mu);
        search::modes(&mut profile, Likelihood::Full, &mut scratch);
        let mut best: Option<(f64, LogTerms)> = None;
        for mode in &scratch.modes {
            let terms = profile.log_terms(mode.point.s, Likelihood::Full);
            if best.as_ref().is_none_or(|(_, other)| terms.twice_gain_over(other) >= 0.0) {
                best = Some((mode.point.s, terms));
            }
        }
        *self.scratch = scratch;
        best.map_or(start, |(s, _)| s)
    }

    fn node(&mut self, mu: f64) -> Node {
        let s = self.maximise(mu);
        let d = self.deviance(mu, s);
        let profile = self.fixed(mu);
        let slope = -2.0 * profile.moments(s).wr / s;
        let curvature = self.weight_at(s);
        Node { mu, d, slope, curvature, s }
    }

    /// `D` for a mean whose maximum is at `s`, of small relative error even where it is small: with `e` the residuals at the maximum,
    /// `delta` the shift of the mean and `x = w^ (tau2 - tau2^)`, and because `sum w^ e = 0`,
    ///
    /// ```text
    /// D = sum (log(1 + x) - x w^ e^2 / (1 + x)) + delta (delta S - 2 sum w x e),   e = y - mu^,  delta = mu^ - mu
    /// ```
    fn deviance(&self, mu: f64, s: f64) -> f64 {
        let (delta, shift) = (self.mean - mu, s - self.s);
        let others = self.y.iter().flatten().zip(self.d.iter().flatten()).take(self.k - 1);
        let (mut spread, mut total, mut tilt) = (0.0, 0.0, 0.0);
        for (y, d) in std::iter::once((&0.0, &0.0)).chain(others) {
            let (hat, v, e) = (d + self.s, d + s, y - self.mean);
            let x = shift / hat;
            spread += x.ln_1p() - (shift / v) * (e / hat) * e;
            total += 1.0 / v;
            tilt += x / v * e;
        }
        (spread + delta * (delta * total - 2.0 * tilt)).max(0.0)
    }

    /// `S` at an `s`.
    fn weight_at(&self, s: f64) -> f64 {
        let others = self.d.iter().flatten().take(self.k - 1);
        (1.0 + others.map(|d| s / (d + s)).sum::<f64>()) / s
    }

    /// An upper bound of `S` at the maximising tau2 of every mean from `a` to `b`.
    fn greatest_curvature(&mut self, a: f64, b: f64) -> f64 {
        let least = |y: f64| {
            if y < a {
                a - y
            } else if y > b {
                y - b
            } else {
                0.0
            }
        };
        for (to, y) in self.residuals.iter_mut().flatten().zip(self.y.iter().flatten()) {
            *to = least(*y);
        }
        let mut profile = FixedMean { first: least(0.0), r: &self.residuals, d: self.d, k: self.k, axis: self.axis };
        search::modes(&mut profile, Likelihood::Full, self.scratch);
        let s = self.scratch.modes.first().map_or(self.axis.start, |mode| mode.lower);
        self.weight_at(s.max(self.axis.start))
    }

    /// All means with `D <= q`, as intervals in order; `None` if they leave the range of numbers.
    fn set(&mut self, q: f64) -> Option<Vec<(f64, f64)>> {
        let all = self.y.iter().flatten().take(self.k - 1);
        let (low, high) = all.fold((0.0_f64, 0.0_f64), |(low, high), &y| (low.min(y), high.max(y)));
        let middle = self.node(self.mean);
        let (low, high) = (self.node(low), self.node(high));
        let first = (high.mu - low.mu).max(self.weight_at(self.s).sqrt().recip());
        let left = self.outside(low, -first, q)?;
        let right = self.outside(high, first, q)?;

        let mut pieces = Vec::new();
        let mut from = None;
        if let Some(left) = left {
            from = Some(self.crossing(left, low, q));
        }
        // Inner intervals from left to right; the top of the stack is the right end of the next one.
        let mut stack = vec![high, middle];
        let mut a = low;
        while let Some(&b) = stack.last() {
            if b.mu <= a.mu {
                stack.pop();
                continue;
            }
            match self.look(&a, &b, q) {
                Verdict::Unknown(half) => {
                    stack.push(half);
                    continue;
                }
                Verdict::Settled => {}
                Verdict::Crossed => {
                    let end = self.crossing(a, b, q);
                    match from.take() {
                        Some(start) => pieces.push((start, end)),
                        None => from = Some(end),
                    }
                }
            }
            a = b;
            stack.pop();
        }
        if let Some(right) = right {
            let end = self.crossing(high, right, q);
            pieces.push((from.take().unwrap_or(end), end));
        }
        Some(pieces)
    }

    /// A node beyond `edge` where `D > q`, if `D <= q` at the edge.
    fn outside(&mut self, edge: Node, mut step: f64, q: f64) -> Option<Option<Node>> {
        if edge.d > q {
            return Some(None);
        }
        loop {
            // Before the squares of residuals overflow, which the search over tau2 would never end on.
            if (edge.mu + step).abs() >= FARTHEST {
                return None;
            }
            let node = self.node(edge.mu + step);
            if !(node.d.is_finite() && node.mu.is_finite()) {
                return None;
            }
            if node.d > q {
                return Some(Some(node));
            }
            step *= 2.0;
        }
    }

    fn crossing(&mut self, a: Node, b: Node, q: f64) -> f64 {
        // Relative to the mean at the maximum, so that the accuracy is relative to the width of the set.
        let origin = self.mean;
        let offset = bracket::root((a.mu - origin, a.d - q), (b.mu - origin, b.d - q), |x| self.node(origin + x).d - q);
        origin + offset
    }

    fn look(&mut self, a: &Node, b: &Node, q: f64) -> Verdict {
        let width = b.mu - a.mu;
        let (inside_a, inside_b) = (a.d <= q, b.d <= q);
        if inside_a && inside_b {
            let half = 0.5 * width;
            let from_a = a.d + (a.slope + a.curvature * half) * half;
            let from_b = b.d + (b.curvature * half - b.slope) * half;
            if from_a <= q && from_b <= q {
                return Verdict::Settled;
            }
        }
        let middle = a.mu + 0.5 * width;
        let mut curvature = self.weight_at(self.axis.start);
        for attempt in 0..2 {
            if attempt == 1 {
                curvature = self.greatest_curvature(a.mu, b.mu);
            }
            let rising = b.slope - 2.0 * curvature * width > 0.0;
            let falling = a.slope + 2.0 * curvature * width < 0.0;
            if rising || falling {
                return if inside_a == inside_b { Verdict::Settled } else { Verdict::Crossed };
            }
            if !inside_a && !inside_b && least_above_chord(a.d, b.d, curvature * width * width) > q {
                return Verdict::Settled;
            }
        }
        // What is left of a doubt is below the rounding of D.
        let noise = 32.0 * f64::EPSILON * (self.k as f64 + a.d + b.d);
        if curvature * width * width <= noise || !(a.mu < middle && middle < b.mu) {
            return if inside_a == inside_b { Verdict::Settled } else { Verdict::Crossed };
        }
        Verdict::Unknown(self.node(middle))
    }

    /// Expectation of the likelihood-ratio statistic to second order, at the maximum.
    fn bartlett(&mut self) -> f64 {
        let (mean, s) = (self.mean, self.s);
        let mut profile = self.fixed(mean);
        let (sums, moments) = (profile.at(s), profile.moments(s));
        let (s1, s2, s3) = (sums.weight, sums.weight_sq, moments.w3);
        1.0 + 2.0 * (s3 / s2) / s1 - 0.5 * (s2 / s1) / s1
    }

    /// Skovgaard's corrected signed root of a mean.
    fn skovgaard(&mut self, node: &Node) -> Option<f64> {
        let root = node.d.sqrt().copysign(self.mean - node.mu);
        let correction = if root.abs() > SMALL_ROOT {
            self.correction(node)?
        } else {
            // The correction has a limit at the maximum, where its formula is 0/0.
            let step = SMALL_ROOT * self.weight_at(self.s).sqrt().recip();
            let (left, right) = (self.node(self.mean - step), self.node(self.mean + step));
            0.5 * (self.correction(&left)? + self.correction(&right)?)
        };
        Some(root + correction)
    }

    /// `log(u / r) / r`.
    fn correction(&mut self, node: &Node) -> Option<f64> {
        let (mean, s) = (self.mean, self.s);
        let start = self.axis.start;
        if s <= start || node.s <= start {
            return None;
        }
        let mut best = self.fixed(mean);
        let (hat, moments) = (best.at(s), best.moments(s));
        let under = self.fixed(node.mu).at(node.s);
        // Observed information of tau2, in units of s^-2; f_slope is twice the sum of w^3 r^2.
        let information = |f_slope: f64, weight_sq: f64| 0.5 * (f_slope - weight_sq);
        let j = information(hat.f_slope, hat.weight_sq) - moments.w2r * (moments.w2r / s) / hat.weight;
        let j_under = information(under.f_slope, under.weight_sq);
        if !(j > 0.0 && j_under > 0.0) {
            return None;
        }
        let root = node.d.sqrt();
        let ratio = (under.weight_sq / hat.weight_sq) * (s / node.s);
        let u = (mean - node.mu).abs() * (hat.weight / s).sqrt() * ratio * (j / j_under).sqrt();
        let correction = (u / root).ln() / root.copysign(mean - node.mu);
        correction.is_finite().then_some(correction)
    }

    /// The means between which Skovgaard's statistic stays within `z`: on each side of the maximum the place where it leaves, sought from
    /// the limit of the likelihood ratio.
    fn skovgaard_interval(&mut self, z: f64) -> Option<(f64, f64)> {
        let pieces = self.set(z * z)?;
        let (left, right) = (pieces.first()?.0, pieces.last()?.1);
        Some((self.skovgaard_limit(left, z)?, self.skovgaard_limit(right, z)?))
    }

    fn skovgaard_limit(&mut self, guess: f64, z: f64) -> Option<f64> {
        let origin = self.mean;
        let mut offset = guess - origin;
        let side = if offset > 0.0 { -z } else { z };
        // Positive inside.
        let excess = |profile: &mut Self, offset: f64| {
            let node = profile.node(origin + offset);
            Some((profile.skovgaard(&node)? - side) * -side.signum())
        };
        let mut value = excess(self, offset)?;
        let inside = value > 0.0;
        loop {
            let next = if inside { offset * 1.5 } else { offset / 1.5 };
            if !(next.is_normal() && next.abs() < FARTHEST) {
                return None;
            }
            let other = excess(self, next)?;
            if (other > 0.0) != inside {
                let mut failed = false;
                let root = bracket::root((offset, value), (next, other), |x| {
                    excess(self, x).unwrap_or_else(|| {
                        failed = true;
                        0.0
                    })
                });
                return (!failed).then_some(origin + root);
            }
            (offset, value) = (next, other);
        }
    }
}

#[derive(Debug)]
enum Verdict {
    /// No crossing.
    Settled,
    /// One crossing.
    Crossed,
    /// To be halved there.
    Unknown(Node),
}

/// The least value on an interval of a function above the chord lowered by `bend x (1 - x)`, `x` from 0 to 1.
fn least_above_chord(a: f64, b: f64, bend: f64) -> f64 {
    let tilt = b - a;
    if bend <= tilt.abs() {
        return a.min(b);
    }
    0.5 * (a + b) - 0.25 * (bend + tilt * (tilt / bend))
}

impl Workspace {
    fn mean_profile(&mut self) -> Result<(MeanProfile<'_>, Unit, f64), Tau2Error> {
        let origin = self.origin();
        let (mut profile, scratch, unit) = self.profile()?;
        need_studies(profile.k, 2)?;
        if let Some(index) = profile.first_zero() {
            return Err(Tau2Error::ZeroVariance { index });
        }
        // The certified estimate, in the scaled unit.
        let fit = run(&mut profile, Tau2::MaximumLikelihood, Unit::default(), scratch, false)?;
        let s = profile.axis().s(fit.tau2);
        Ok((MeanProfile::new(profile, scratch, s), unit, origin))
    }

    /// Tests the mean `mu` by the full likelihood, tau2 at its global maximum with and without the restriction.
    ///
    /// Skovgaard's statistic for this model, with `^` at the maximum, `~` at the maximum for `mu`, `s_j = sum w^j`, `j` the observed
    /// information and `r` the signed root (derived from the general form of Skovgaard IM (1996) Bernoulli 2:145-165, in which the
    /// covariances of the scores are those of the normal model; Guolo A (2012) Stat Med 31:313-327, doi:10.1002/sim.4451):
    ///
    /// ```text
    /// r* = r + log(u / r) / r
    /// u = (mu^ - mu) (s~_2 / s^_2) sqrt(|j^| / j~_tau2)
    /// |j^| = s^_1 (sum w^3 e^2 - s^_2 / 2) - (sum w^2 e)^2,   e = y - mu^
    /// j~_tau2 = sum w^3 (y - mu)^2 - s~_2 / 2
    /// ```
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // The mean square about the mean 3 is 8/3, about the 0 tested it is 35/3.
    /// let test = workspace.mean_likelihood_ratio(0.0)?;
    /// assert!((test.statistic - 3.0 * (35.0_f64 / 8.0).ln()).abs() < 1e-12);
    /// assert!((test.tau2_under - 32.0 / 3.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::TooFewStudies`] for one study; [`Tau2Error::ZeroVariance`] if a sampling variance is 0;
    /// [`Tau2Error::NonFiniteEffect`] for such a `mu`, at index 0; [`Tau2Error::Overflow`].
    pub fn mean_likelihood_ratio(&mut self, mu: f64) -> Result<MeanLikelihoodRatio, Tau2Error> {
        if !mu.is_finite() {
            return Err(Tau2Error::NonFiniteEffect { index: 0, value: mu });
        }
        let (mut profile, unit, origin) = self.mean_profile()?;
        let at = unit.shrink(mu - origin);
        // Squares of residuals beyond the range of doubles would leave the search without an end.
        if at.abs() >= FARTHEST || at.is_nan() {
            return Err(Tau2Error::Overflow);
        }
        let node = profile.node(at);
        let signed_root = node.d.sqrt().copysign(profile.mean - node.mu);
        let tau2 = |s: f64| unit.grow_square(profile.axis.tau2(s));
        let (tau2, tau2_under) = (tau2(profile.s), tau2(node.s));
        let mean = origin + unit.grow(profile.mean);
        if ![node.d, tau2_under, mean].iter().all(|x| x.is_finite()) {
            return Err(Tau2Error::Overflow);
        }
        let bartlett = profile.bartlett();
        let skovgaard = profile.skovgaard(&node);
        Ok(MeanLikelihoodRatio { mean, tau2, tau2_under, statistic: node.d, signed_root, bartlett, skovgaard })
    }

    /// All means that a likelihood-ratio test does not reject: the maximum and the set
    ///
    /// ```text
    /// { mu : 2 (l(mu^, tau2^) - max over tau2 of l(mu, tau2)) <= quantile B }
    /// B = 1,   or with Bartlett's correction   1 + 2 s3/(s1 s2) - s2/(2 s1^2),   s_j = sum 1/(v_i + tau2^)^j
    /// ```
    ///
    /// as intervals in order, more than one where the likelihood has several maxima. It is complete: see the head of
    /// `mean_profile.rs` for the inequalities that show it.
    ///
    /// Hardy RJ, Thompson SG (1996) Stat Med 15:619-629. B is the expectation of the statistic to second order, by the general
    /// expansion of Lawley DN (1956) Biometrika 43:295-303, doi:10.1093/biomet/43.3-4.295, for this model; with equal variances it is
    /// `1 + 3/(2k)`. Huizenga HM, Visser I, Dolan CV (2011) Br J Math Stat Psychol 64:1-19, doi:10.1348/000711010X522687; Noma H (2011)
    /// Stat Med 30:3304-3312, doi:10.1002/sim.4350.
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: the statistic is 3 ln(1 + (mu - 3)^2 / (8/3)), and B = 1 + 3/6.
    /// let quantile = 3.0 * 2.0_f64.ln();
    /// let (mean, pieces) = workspace.mean_likelihood_set(quantile, false)?;
    /// assert!((mean - 3.0).abs() < 1e-14 && pieces.len() == 1);
    /// assert!((pieces[0].1 - (3.0 + (8.0_f64 / 3.0).sqrt())).abs() < 1e-12);
    /// let (_, corrected) = workspace.mean_likelihood_set(quantile, true)?;
    /// assert!((corrected[0].1 - (3.0 + (8.0 / 3.0 * (2.0_f64.powf(1.5) - 1.0)).sqrt())).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::TooFewStudies`] for one study; [`Tau2Error::ZeroVariance`] if a sampling variance is 0;
    /// [`Tau2Error::InvalidQuantiles`] for a quantile that is negative or not finite; [`Tau2Error::Overflow`].
    pub fn mean_likelihood_set(&mut self, quantile: f64, bartlett: bool) -> Result<(f64, Vec<(f64, f64)>), Tau2Error> {
        if !(quantile.is_finite() && quantile >= 0.0) {
            return Err(Tau2Error::InvalidQuantiles { lower: quantile, upper: quantile });
        }
        let (mut profile, unit, origin) = self.mean_profile()?;
        let factor = if bartlett { profile.bartlett() } else { 1.0 };
        let pieces = profile.set(quantile * factor).ok_or(Tau2Error::Overflow)?;
        let grow = |mu: f64| origin + unit.grow(mu);
        let pieces: Vec<_> = pieces.into_iter().map(|(a, b)| (grow(a), grow(b))).collect();
        if pieces.is_empty() || !pieces.iter().all(|(a, b)| a.is_finite() && b.is_finite()) {
            return Err(Tau2Error::Overflow);
        }
        Ok((grow(profile.mean), pieces))
    }

    /// The means that Skovgaard's statistic of [`mean_likelihood_ratio`](Self::mean_likelihood_ratio) does not reject, as one interval
    /// around the maximum, and the maximum: `None` where a term of the statistic does not exist.
    ///
    /// ```text
    /// { mu : |r*(mu)| <= z }
    /// ```
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: where (mu - 3)^2 = 8/3, r^2 = 3 ln 2 and u^2 = 3/4.
    /// let r = (3.0 * 2.0_f64.ln()).sqrt();
    /// let z = r + (0.75_f64.sqrt() / r).ln() / r;
    /// let (mean, interval) = workspace.skovgaard_interval(z)?;
    /// assert!((mean - 3.0).abs() < 1e-14);
    /// assert!(interval.is_some_and(|(_, upper)| (upper - (3.0 + (8.0_f64 / 3.0).sqrt())).abs() < 1e-11));
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`mean_likelihood_set`](Self::mean_likelihood_set).
    pub fn skovgaard_interval(&mut self, z: f64) -> Result<(f64, Option<(f64, f64)>), Tau2Error> {
        if !(z.is_finite() && z > 0.0) {
            return Err(Tau2Error::InvalidQuantiles { lower: z, upper: z });
        }
        let (mut profile, unit, origin) = self.mean_profile()?;
        let interval = profile.skovgaard_interval(z);
        let grow = |mu: f64| origin + unit.grow(mu);
        let value = grow(profile.mean);
        let interval = interval.map(|(a, b)| (grow(a), grow(b)));
        if interval.is_some_and(|(a, b)| !(a.is_finite() && b.is_finite())) {
            return Err(Tau2Error::Overflow);
        }
        Ok((value, interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::uniform;

    /// How often a verdict was `Settled`, `Crossed` and `Unknown`.
    #[test]
    fn what_is_said_of_an_interval_is_so() {
        let mut said = [0; 3];
        for seed in 0..1500 {
            let at = |i: u64| uniform(seed, i);
            let k = 2 + (at(0) * 5.0) as u64;
            let y: Vec<f64> = (0..k).map(|i| 6.0 * at(i + 1) - 3.0).collect();
            let v: Vec<f64> = (0..k).map(|i| (9.0 * at(i + 20) - 6.0).exp()).collect();
            let mut workspace = Workspace::new();
            workspace.load(&y, &v).unwrap();
            let (mut profile, unit, origin) = workspace.mean_profile().unwrap();
            let place = |mu: f64| unit.shrink(mu - origin);
            for i in 0..8 {
                let from = -4.0 + 8.0 * at(i + 40);
                let to = from + 4.0 * at(i + 50) * at(i + 60);
                let q = [0.3, 1.0, 3.84, 9.0][(i % 4) as usize];
                let (a, b) = (profile.node(place(from)), profile.node(place(to)));
                let verdict = profile.look(&a, &b, q);
                let inside: Vec<bool> = (0..=40)
                    .map(|j| profile.node(a.mu + (b.mu - a.mu) * f64::from(j) / 40.0).d - q)
                    .filter(|d| d.abs() > 1e-9 * q)
                    .map(|d| d < 0.0)
                    .collect();
                let changes = inside.windows(2).filter(|two| two[0] != two[1]).count();
                match verdict {
                    Verdict::Settled => assert_eq!(changes, 0, "{y:?} {v:?} {from} {to} {q}"),
                    Verdict::Crossed => assert!(changes <= 1, "{y:?} {v:?} {from} {to} {q}"),
                    Verdict::Unknown(_) => {}
                }
                said[match verdict {
                    Verdict::Settled => 0,
                    Verdict::Crossed => 1,
                    Verdict::Unknown(_) => 2,
                }] += 1;
            }
        }
        println!("{said:?}");
        assert!(said[0] > 8000 && said[1] > 400, "{said:?}");
    }

    #[test]
    fn the_least_value_above_a_chord() {
        for (a, b, bend) in
            [(1.0, 2.0, 0.5), (1.0, 2.0, 3.0), (2.0, 1.0, 3.0), (4.0, -1.0, 20.0), (0.0, 0.0, 4.0), (3.0, 1.0, 1.9)]
        {
            let value = |x: f64| a + (b - a) * x - bend * x * (1.0 - x);
            let least = (0..=10_000).map(|i| value(f64::from(i) * 1e-4)).fold(f64::INFINITY, f64::min);
            assert!((least_above_chord(a, b, bend) - least).abs() < 1e-7, "{a} {b} {bend}");
        }
    }
}
