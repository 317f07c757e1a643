//! Logistic regression with one intercept per study and one effect, penalised after Firth.
//!
//! The information on intercepts `a_i` and effect `d` is an arrow, so that its determinant has a closed form. With
//! `w_ij = n_ij p_ij (1 - p_ij)`, `s_i = w_i1 + w_i2` and `h_i = w_i1 w_i2 / s_i`
//!
//! ```text
//! l*(a, d) = l(a, d) + (1/2) ln det I(a, d) = sum l_i + (1/2) sum ln s_i + (1/2) ln sum h_i
//! ```
//!
//! The Hessian in the intercepts is a diagonal matrix plus one of rank one, which is inverted in time proportional to the number of
//! studies (Sherman & Morrison 1950, Ann Math Stat 21:124, doi 10.1214/aoms/1177729893).

use super::data::TwoGroupData;
use super::dispersion::{Arm, DispersionMethod, Overdispersion};
use super::fit::TwoGroupFit;
use super::options::TwoGroupModel;
use super::profile_root::{Way, limit};
use super::solved::{Found, Solution, Solved};
use crate::error::{ErrorKind, Result};
use crate::glmm::binomial::{Binomial, BinomialLink};
use crate::glmm::estimates::interval_around;
use crate::glmm::likelihood::StudyLikelihood;
use crate::glmm::options::GlmmInference;
use crate::inference::Interval;
use crate::measure::Measure;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The odds ratio by logistic regression with an intercept per study, penalised by Jeffreys's prior: Firth's correction, which
/// removes the first-order bias of the maximum-likelihood estimate and is finite for any data with events and non-events.
///
/// ```text
/// logit p_i1 = a_i + d        logit p_i2 = a_i        maximise l(a, d) + (1/2) ln det I(a, d)
/// ```
///
/// All studies count, also those without events. Effects are taken as **equal**; that they differ can be allowed for by a factor of the
/// variance, [`overdispersion`](Self::overdispersion), estimated in a second stage. Evrenoglou, White, Afach, Mavridis & Chaimani 2022, Stat Med
/// 41:5203, doi 10.1002/sim.9562; Firth 1993, Biometrika 80:27, doi 10.1093/biomet/80.1.27; profile interval after Heinze &
/// Schemper 2002, Stat Med 21:2409, doi 10.1002/sim.1047. R: `logistf`, or `brglm2` with `type = "AS_mean"`. Not in metafor.
///
/// The standard error is that of the expected information at the estimates, `1 / sqrt(sum h_i)` with
/// `h_i = w_i1 w_i2 / (w_i1 + w_i2)`, `w_ij = n_ij p_ij (1 - p_ij)`.
///
/// | option | default | others |
/// | --- | --- | --- |
/// | [`inference`](Self::inference) | [`GlmmInference::ProfileLikelihood`] (of the penalised likelihood) | see [`GlmmInference`] |
/// | [`level`](Self::level) | 0.95 | strictly between 0 and 1 |
/// | [`overdispersion`](Self::overdispersion) | none | [`DispersionMethod::Fletcher`], [`DispersionMethod::Pearson`] |
///
/// ```
/// use meta_analysis::glmm::FirthLogistic;
/// use meta_analysis::study::{Studies, TwoByTwo};
///
/// let trials = Studies::from([("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?)]); // a zero cell
/// let fit = FirthLogistic::new().fit(&trials)?;
/// // With one study: one half is added to each cell.
/// assert!((fit.estimate().unwrap().value - (9.5_f64 * 11.5 / (3.5 * 0.5)).ln()).abs() < 1e-10);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FirthLogistic {
    inference: GlmmInference,
    level: f64,
    #[serde(default)]
    overdispersion: Option<DispersionMethod>,
}

impl Default for FirthLogistic {
    fn default() -> Self {
        Self::new()
    }
}

impl FirthLogistic {
    /// The model with every option at its default.
    pub fn new() -> Self {
        Self { inference: GlmmInference::default(), level: 0.95, overdispersion: None }
    }

    /// How the interval of the effect is computed. Default: [`GlmmInference::ProfileLikelihood`].
    #[must_use]
    pub fn inference(mut self, inference: GlmmInference) -> Self {
        self.inference = inference;
        self
    }

    /// Level of the interval, between 0 and 1. Default: 0.95. [`fit`](Self::fit) reports one out of range.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Multiplies the variance by [`Overdispersion::factor`](super::Overdispersion::factor), estimated by this method at the estimates
    /// of the model: a multiplicative overdispersion term in two stages, as Evrenoglou et al. 2022 propose (their abstract; which
    /// estimator of it they take is not said there). Default: none, the factor 1.
    ///
    /// The estimate stays as it is. Wald intervals and tests take the larger variance, profile intervals and likelihood ratios
    /// the log-likelihood divided by the factor. [`TwoGroupFit::overdispersion`] has the numbers.
    ///
    /// ```
    /// use meta_analysis::glmm::{DispersionMethod, FirthLogistic};
    /// use meta_analysis::study::{Studies, TwoByTwo};
    ///
    /// let trials = Studies::from([
    ///     ("Dalakas 1993", TwoByTwo::new((9, 12), (0, 11))?),
    ///     ("Aggarwal 2022", TwoByTwo::new((37, 47), (21, 48))?),
    /// ]);
    /// let fit = FirthLogistic::new().overdispersion(DispersionMethod::Fletcher).fit(&trials)?;
    /// let found = fit.overdispersion().unwrap();
    /// // mpmath, 50 digits (tests/reference/firth.py)
    /// assert!((found.phi - 5.118_749_780_254_535).abs() < 1e-9);
    /// assert_eq!(found.df, 1.0);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn overdispersion(mut self, method: DispersionMethod) -> Self {
        self.overdispersion = Some(method);
        self
    }

    /// Fits the model to [`Studies`](crate::Studies) of [`TwoByTwo`](crate::study::TwoByTwo).
    ///
    /// # Errors
    /// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] with nothing but events; [`ErrorKind::NotApplicable`] for rates;
    /// [`ErrorKind::LevelOutOfRange`], [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`],
    /// [`ErrorKind::TooFewStudies`] for a t interval or the overdispersion of one study, [`ErrorKind::Overflow`].
    pub fn fit(&self, studies: impl Into<TwoGroupData>) -> Result<TwoGroupFit> {
        TwoGroupFit::fit(TwoGroupModel::FirthLogistic(*self), studies.into())
    }

    pub(super) fn asked_inference(&self) -> (GlmmInference, f64) {
        (self.inference, self.level)
    }

    pub(super) fn solve(&self, data: &TwoGroupData) -> Result<Solution> {
        if matches!(data, TwoGroupData::Rates(_)) {
            let (what, why) = ("Firth's logistic regression", "the data are rates");
            return Err(ErrorKind::NotApplicable { what, why }.into());
        }
        let counts = data.counts();
        let total = |f: &dyn Fn(&(f64, f64)) -> f64| counts.iter().flatten().map(f).sum::<f64>();
        let (events, rest) = (total(&|(x, _)| *x), total(&|(x, n)| n - x));
        if events <= 0.0 || rest <= 0.0 {
            let measure = Measure::LogOddsRatio.name();
            let (why, remedy) = ("no study has both events and non-events", "ask for a risk difference");
            return Err(ErrorKind::NotEstimable { measure, why, remedy }.into());
        }
        let used = (0..counts.len()).collect();
        let mut fit = Penalised::maximise(&counts)?;
        fit.overdispersion = self.overdispersion.map(|method| fit.dispersed(&counts, method)).transpose()?;
        Ok(Solution { found: Found::Inside(Arc::new(fit)), used, left_out: Vec::new() })
    }
}

impl std::fmt::Display for FirthLogistic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("logistic with study intercepts, equal effects (Firth's penalised likelihood)")?;
        self.overdispersion.map_or(Ok(()), |method| write!(f, ", overdispersed ({method})"))
    }
}

/// Both groups of one study.
#[derive(Debug, Clone)]
struct Pair {
    groups: [Binomial; 2],
    sizes: [f64; 2],
}

/// What one study adds, with derivatives in its intercept (`a`) and the effect (`d`): of `l_i + (1/2) ln s_i`, and of `h_i`.
#[derive(Debug, Clone, Copy)]
struct Part {
    value: f64,
    a: f64,
    d: f64,
    aa: f64,
    ad: f64,
    dd: f64,
    h: f64,
    h_a: f64,
    h_d: f64,
    h_aa: f64,
    h_ad: f64,
    h_dd: f64,
    /// `s_i`
    information: f64,
}

/// `p(1 - p)` and `1 - 2p` at a logit.
fn spread(eta: f64) -> (f64, f64) {
    let e = (-eta.abs()).exp();
    let (more, less) = (1.0 / (1.0 + e), e / (1.0 + e));
    (more * less, if eta > 0.0 { less - more } else { more - less })
}

impl Pair {
    fn at(&self, intercept: f64, effect: f64) -> Part {
        let ([one, two], [n1, n2]) = (&self.groups, self.sizes);
        let (l1, l2) = (one.at(intercept + effect), two.at(intercept));
        let ((v1, c1), (v2, c2)) = (spread(intercept + effect), spread(intercept));
        let (w1, w2) = (n1 * v1, n2 * v2);
        let s = w1 + w2;
        // Shares of s, and derivatives of ln s.
        let (f1, f2) = (w1 / s, w2 / s);
        let (s_a, s_d) = (f1 * c1 + f2 * c2, f1 * c1);
        let (second1, second2) = (f1 * (c1 * c1 - 2.0 * v1), f2 * (c2 * c2 - 2.0 * v2));
        let (s_aa, s_ad, s_dd) = (second1 + second2 - s_a * s_a, second1 - s_a * s_d, second1 - s_d * s_d);
        // h = w1 w2 / s by its logarithm.
        let h = w1 * f2;
        let (r_a, r_d) = (c1 + c2 - s_a, c1 - s_d);
        let (r_aa, r_ad, r_dd) = (-2.0 * (v1 + v2) - s_aa, -2.0 * v1 - s_ad, -2.0 * v1 - s_dd);
        Part {
            value: l1.value + l2.value + 0.5 * s.ln(),
            a: l1.d[0] + l2.d[0] + 0.5 * s_a,
            d: l1.d[0] + 0.5 * s_d,
            aa: l1.d[1] + l2.d[1] + 0.5 * s_aa,
            ad: l1.d[1] + 0.5 * s_ad,
            dd: l1.d[1] + 0.5 * s_dd,
            h,
            h_a: h * r_a,
            h_d: h * r_d,
            h_aa: h * (r_aa + r_a * r_a),
            h_ad: h * (r_ad + r_a * r_d),
            h_dd: h * (r_dd + r_d * r_d),
            information: s,
        }
    }
}

/// The best intercepts at an effect.
#[derive(Debug, Clone)]
struct Held {
    intercepts: Vec<f64>,
    value: f64,
    /// Slope and curvature of the profile in the effect, and how the intercepts follow it.
    slope: f64,
    curvature: f64,
    follow: Vec<f64>,
    /// `sum h_i`
    information: f64,
    shares: Vec<f64>,
}

/// The penalised likelihood at its maximum.
#[derive(Debug)]
struct Penalised {
    pairs: Vec<Pair>,
    effect: f64,
    best: Held,
    overdispersion: Option<Overdispersion>,
}

/// Most studies whose two peaks are looked at one by one.
const MOST_MIXED: usize = 100;

/// Solves `(diag + v v') x = y`.
fn solve(diagonal: &[f64], v: &[f64], y: &[f64]) -> Vec<f64> {
    let over = |x: &[f64]| -> Vec<f64> { x.iter().zip(diagonal).map(|(x, d)| x / d).collect() };
    let (first, along) = (over(y), over(v));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let share = dot(v, &first) / (1.0 + dot(v, &along));
    first.iter().zip(&along).map(|(x, a)| x - share * a).collect()
}

fn overflow() -> crate::Error {
    ErrorKind::Overflow { what: "the penalised likelihood" }.into()
}

/// Total and what Newton's method needs of it.
struct Whole {
    parts: Vec<Part>,
    h: f64,
    value: f64,
}

impl Whole {
    fn gradient(&self) -> Vec<f64> {
        self.parts.iter().map(|p| p.a + 0.5 * p.h_a / self.h).collect()
    }

    /// Minus the Hessian in the intercepts: a diagonal and the vector of the matrix of rank one. Where it is not positive definite, far
    /// from the maximum, the expected information takes the place of the diagonal.
    fn curvature(&self) -> (Vec<f64>, Vec<f64>) {
        let diagonal: Vec<f64> = self.parts.iter().map(|p| -(p.aa + 0.5 * p.h_aa / self.h)).collect();
        let root = std::f64::consts::FRAC_1_SQRT_2;
        let v: Vec<f64> = self.parts.iter().map(|p| root * p.h_a / self.h).collect();
        // One negative number on the diagonal can be made up for by the matrix of rank one: the determinant tells.
        let negative = diagonal.iter().filter(|d| **d <= 0.0).count();
        let factor = 1.0 + diagonal.iter().zip(&v).map(|(d, v)| v * v / d).sum::<f64>();
        if negative == 0 || (negative == 1 && factor < 0.0) {
            return (diagonal, v);
        }
        (self.parts.iter().map(|p| p.information).collect(), v)
    }
}

impl Penalised {
    fn whole(pairs: &[Pair], intercepts: &[f64], effect: f64) -> Option<Whole> {
        let parts: Vec<Part> = pairs.iter().zip(intercepts).map(|(pair, a)| pair.at(*a, effect)).collect();
        let h: f64 = parts.iter().map(|p| p.h).sum();
        let value = parts.iter().map(|p| p.value).sum::<f64>() + 0.5 * h.ln();
        value.is_finite().then_some(Whole { parts, h, value })
    }

    /// The best intercepts at this effect.
    fn held(pairs: &[Pair], start: Vec<f64>, effect: f64) -> Option<Held> {
        let mut intercepts = start;
        let mut whole = Self::whole(pairs, &intercepts, effect)?;
        for _ in 0..200 {
            let (gradient, (diagonal, v)) = (whole.gradient(), whole.curvature());
            let step = solve(&diagonal, &v, &gradient);
            let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
            // Newton's steps square the decrement; when it is small they are not compared by value, whose rounding would decide.
            let (close, settled) = (decrement.abs() <= 1e-6, decrement.abs() <= 1e-16);
            let mut share = 1.0;
            let next = loop {
                let moved: Vec<f64> = intercepts.iter().zip(&step).map(|(a, s)| a + share * s).collect();
                match Self::whole(pairs, &moved, effect) {
                    Some(found) if close || found.value > whole.value => break Some((moved, found)),
                    _ if share < 1e-9 => break None,
                    _ => share *= 0.25,
                }
            };
            let Some(next) = next else { break };
            (intercepts, whole) = next;
            if settled {
                break;
            }
        }
        let h = whole.h;
        let (diagonal, v) = whole.curvature();
        let (h_d, h_dd) = whole.parts.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.h_d, sum.1 + p.h_dd));
        let mixed: Vec<f64> =
            whole.parts.iter().map(|p| p.ad + 0.5 * p.h_ad / h - 0.5 * p.h_a * h_d / (h * h)).collect();
        let follow = solve(&diagonal, &v, &mixed);
        let slope = whole.parts.iter().map(|p| p.d).sum::<f64>() + 0.5 * h_d / h;
        let own = whole.parts.iter().map(|p| p.dd).sum::<f64>() + 0.5 * h_dd / h - 0.5 * (h_d / h).powi(2);
        let curvature = own + mixed.iter().zip(&follow).map(|(m, f)| m * f).sum::<f64>();
        let shares = whole.parts.iter().map(|p| p.h / h).collect();
        Some(Held { intercepts, value: whole.value, slope, curvature, follow, information: h, shares })
    }

    /// The best intercepts at `to`, given those at `from`.
    ///
    /// Where an arm has only events, or none, and the effect is far from the estimate, the likelihood of an intercept may have two
    /// peaks: at the risk that fits the first group, and at that which fits the second. So it is climbed from both, and from halfway,
    /// and each study may take the peak that is better for it.
    fn after(pairs: &[Pair], held: &Held, from: f64, to: f64) -> Option<Held> {
        let by = to - from;
        let shifted = |share: f64| held.intercepts.iter().map(|a| a - share * by).collect::<Vec<f64>>();
        let followed = held.intercepts.iter().zip(&held.follow).map(|(a, f)| a + f * by).collect();
        let starts = [followed, shifted(0.0), shifted(0.5), shifted(1.0)];
        let found: Vec<Held> = starts.into_iter().filter_map(|start| Self::held(pairs, start, to)).collect();
        let best = found.iter().max_by(|a, b| a.value.total_cmp(&b.value))?;
        let (mut mixed, mut value) = (best.intercepts.clone(), best.value);
        for i in 0..mixed.len().min(MOST_MIXED) {
            for other in found.iter().filter_map(|held| held.intercepts.get(i)) {
                let mut tried = mixed.clone();
                if let Some(slot) = tried.get_mut(i).filter(|slot| (**slot - other).abs() > 0.1) {
                    *slot = *other;
                    let reached = Self::whole(pairs, &tried, to).map_or(f64::NEG_INFINITY, |w| w.value);
                    if reached > value {
                        (mixed, value) = (tried, reached);
                    }
                }
            }
        }
        if value > best.value { Self::held(pairs, mixed, to) } else { Some(best.clone()) }
    }

    fn maximise(counts: &[[(f64, f64); 2]]) -> Result<Self> {
        let one = |[(x1, n1), (x2, n2)]: &[(f64, f64); 2]| Pair {
            groups: [Binomial::new(*x1, *n1, BinomialLink::Logit), Binomial::new(*x2, *n2, BinomialLink::Logit)],
            sizes: [*n1, *n2],
        };
        let pairs: Vec<Pair> = counts.iter().map(one).collect();
        let logit = |x: f64, n: f64| ((x + 0.5) / (n - x + 0.5)).ln();
        let intercepts: Vec<f64> = counts.iter().map(|[(x1, n1), (x2, n2)]| logit(x1 + x2, n1 + n2)).collect();
        let mut effect = 0.0;
        let mut best = Self::held(&pairs, intercepts, effect).ok_or_else(overflow)?;
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for _ in 0..300 {
            if best.slope > 0.0 {
                low = effect;
            } else {
                high = effect;
            }
            let newton = -best.slope / best.curvature;
            let step = if best.curvature < 0.0 { newton.clamp(-2.0, 2.0) } else { best.slope.signum() };
            let settled = best.curvature < 0.0 && newton.abs() * best.information.sqrt() <= 1e-9;
            let mut next = effect + step;
            if !(settled || (low < next && next < high)) {
                next = 0.5 * (low + high);
            }
            best = Self::after(&pairs, &best, effect, next).ok_or_else(overflow)?;
            effect = next;
            if settled {
                return Ok(Self { pairs, effect, best, overdispersion: None });
            }
        }
        Err(overflow())
    }

    /// Standard error without overdispersion.
    fn se(&self) -> f64 {
        self.best.information.sqrt().recip()
    }

    /// How much more the counts differ from their expectations than binomial ones would.
    fn dispersed(&self, counts: &[[(f64, f64); 2]], method: DispersionMethod) -> Result<Overdispersion> {
        let arms = counts.iter().zip(&self.best.intercepts).flat_map(|([one, two], a)| {
            [(*one, a + self.effect), (*two, *a)].map(|((events, size), logit)| Arm { events, size, logit })
        });
        Overdispersion::of(arms, counts.len() + 1, method)
    }

    /// What variances are multiplied by, and log-likelihoods divided.
    fn factor(&self) -> f64 {
        self.overdispersion.map_or(1.0, |found| found.factor())
    }

    fn limit(&self, direction: f64, drop: f64) -> Result<f64> {
        let way = Way { centre: self.effect, unit: self.se(), direction, top: self.best.value, drop };
        let (mut at, mut from) = (self.effect, self.best.clone());
        limit(way, |effect| {
            let near = Self::after(&self.pairs, &from, at, effect)?;
            let far = Self::after(&self.pairs, &self.best, self.effect, effect)?;
            (at, from) = (effect, if far.value > near.value { far } else { near });
            Some((from.value, from.slope))
        })
    }
}

impl Solved for Penalised {
    fn effect(&self) -> Result<(f64, f64)> {
        Ok((self.effect, self.se() * self.factor().sqrt()))
    }

    /// Of the penalised likelihood.
    fn log_likelihood(&self) -> f64 {
        self.best.value
    }

    fn parameters(&self) -> Option<usize> {
        None
    }

    fn profile_interval(&self, drop: f64) -> Result<Interval> {
        let drop = drop * self.factor();
        interval_around(self.effect, (self.limit(-1.0, drop)?, self.limit(1.0, drop)?))
    }

    fn held(&self, effect: f64) -> Result<f64> {
        let held = Self::after(&self.pairs, &self.best, self.effect, effect).ok_or_else(overflow)?;
        Ok(self.best.value - (self.best.value - held.value) / self.factor())
    }

    fn overdispersion(&self) -> Option<Overdispersion> {
        self.overdispersion
    }

    fn shares(&self) -> Option<Vec<f64>> {
        Some(self.best.shares.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_value() {
        let pairs = |counts: &[[(f64, f64); 2]]| -> Vec<Pair> {
            let group = |(x, n): (f64, f64)| Binomial::new(x, n, BinomialLink::Logit);
            counts.iter().map(|[one, two]| Pair { groups: [group(*one), group(*two)], sizes: [one.1, two.1] }).collect()
        };
        let pairs = pairs(&[[(4.0, 9.0), (0.0, 8.0)], [(3.0, 7.0), (0.0, 9.0)]]);
        for effect in [-1.0, 0.5, 3.0, 6.0] {
            let held = Penalised::held(&pairs, vec![-1.0, -0.5], effect).expect("in range");
            let at = |by: f64| Penalised::held(&pairs, held.intercepts.clone(), effect + by).expect("in range");
            let (low, high) = (at(-1e-4), at(1e-4));
            let (slope, curve) = ((high.value - low.value) / 2e-4, (high.slope - low.slope) / 2e-4);
            assert!((slope - held.slope).abs() < 1e-6, "{effect}: {slope} {}", held.slope);
            assert!((curve - held.curvature).abs() < 1e-5, "{effect}: {curve} {}", held.curvature);
        }
    }
}
