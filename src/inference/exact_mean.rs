//! The exact interval of the mean for few studies: a test of mean and tau2 together, inverted.

use crate::num::{normal, random};
use serde::{Deserialize, Serialize};

/// How the null distribution of [`MeanMethod::Exact`](super::MeanMethod::Exact) is computed.
///
/// ```
/// use meta_analysis::{Effect, Effects, ExactMean, MeanMethod, Measure, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects)?;
/// let sampled = |draws| fit.mean_interval(MeanMethod::Exact(ExactMean { draws, ..ExactMean::default() }));
/// // Equal variances: the plain mean. The p-value counts samples, the data being one more.
/// let interval = sampled(999)?;
/// assert!((interval.value() - 3.0).abs() < 1e-14);
/// let count = 1000.0 * interval.p_value();
/// assert!(count >= 1.0 && (count - count.round()).abs() < 1e-9);
/// // Level 0.95 needs 1 / (draws + 1) <= 0.05.
/// assert!(sampled(18).is_err() && sampled(19).is_ok());
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExactMean {
    /// The weight `c` of the likelihood part of the statistic, not negative. Default: `None`, the authors' choice 1.2 below
    /// 6 studies, 0.6 below 10, and 0.2 from there on.
    pub weight: Option<f64>,
    /// Number of samples at each tau2. Default: 10 000.
    pub draws: u32,
    /// Seed; the same seed gives the same numbers on every machine. Default: 1.
    pub seed: u64,
}

impl Default for ExactMean {
    fn default() -> Self {
        Self { weight: None, draws: 10_000, seed: 1 }
    }
}

impl ExactMean {
    /// The weight of the likelihood part for this many studies.
    pub(crate) fn weight_for(&self, k: usize) -> f64 {
        self.weight.unwrap_or(match k {
            0..6 => 1.2,
            6..10 => 0.6,
            _ => 0.2,
        })
    }

    /// Which of the ordered samples is the critical value, if the level can be had with so few.
    fn rank(&self, level: f64) -> Option<usize> {
        let rank = ((f64::from(self.draws) + 1.0) * level * (1.0 - 4.0 * f64::EPSILON)).ceil();
        (rank <= f64::from(self.draws)).then_some((rank as usize).max(1))
    }
}

/// Interval and p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ExactResult {
    pub(crate) mean: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) p_value: f64,
}

/// Steps of the axis `ln(1 + tau2/v)` on which tau2 is searched, and of the two refinements of an end.
const STEP: f64 = 0.2;
const FINER: u32 = 8;
/// Beyond this multiple of everything in the data tau2 is all that matters, and the region can only shrink.
const BEYOND: f64 = 1e8;

/// `y` and `v`: at least two studies, `v > 0`. `None`: the level cannot be had with so few samples, or numbers leave the
/// range of `f64`.
pub(crate) fn exact_mean(y: &[f64], v: &[f64], level: f64, null: f64, options: &ExactMean) -> Option<ExactResult> {
    let rank = options.rank(level)?;
    let data = Data::new(y, v)?;
    let (null, c) = (data.shrink(null), options.weight_for(y.len()));
    let z = normals(options, y.len());
    let mut sample = Vec::with_capacity(z.len());
    let mut p_value: f64 = 0.0;
    let observed = data.moments(&data.y);
    let mut slice = |tau2: f64| {
        data.null_distribution(&z, tau2, c, &mut sample);
        let region = data.region(observed, tau2, c);
        // The data are one more sample.
        let as_extreme = sample.iter().filter(|t| **t >= region.statistic(null)).count();
        p_value = p_value.max((as_extreme as f64 + 1.0) / (f64::from(options.draws) + 1.0));
        let (_, critical, _) = sample.select_nth_unstable_by(rank - 1, f64::total_cmp);
        region.not_above(*critical)
    };
    let tau2 = |t: f64| data.least * t.exp_m1();
    let (mut lower, mut upper) = (Best::default(), Best::default());
    let visit = |t: f64, slice: &mut dyn FnMut(f64) -> Option<(f64, f64)>, lower: &mut Best, upper: &mut Best| {
        if let Some((low, high)) = slice(tau2(t)) {
            lower.take(-low, t);
            upper.take(high, t);
        }
    };
    for t in data.axis() {
        visit(t, &mut slice, &mut lower, &mut upper);
    }
    let mut width = STEP;
    for _ in 0..2 {
        let step = width / f64::from(FINER);
        for centre in [lower.at, upper.at] {
            for i in 1..FINER {
                for side in [-1.0, 1.0] {
                    let t = centre + side * step * f64::from(i);
                    if t >= 0.0 {
                        visit(t, &mut slice, &mut lower, &mut upper);
                    }
                }
            }
        }
        width = step;
    }
    let result = ExactResult {
        mean: data.grow(observed.mean),
        lower: data.grow(-lower.value),
        upper: data.grow(upper.value),
        p_value: p_value.min(1.0),
    };
    [result.mean, result.lower, result.upper].iter().all(|x| x.is_finite()).then_some(result)
}

/// The largest value seen.
#[derive(Debug, Clone, Copy)]
struct Best {
    value: f64,
    at: f64,
}

impl Default for Best {
    fn default() -> Self {
        Self { value: f64::NEG_INFINITY, at: 0.0 }
    }
}

impl Best {
    fn take(&mut self, value: f64, at: f64) {
        if value > self.value {
            *self = Self { value, at };
        }
    }
}

/// Standard normal samples, `k` each, the same for every tau2 so that the critical value varies smoothly with it.
fn normals(options: &ExactMean, k: usize) -> Vec<f64> {
    let count = u64::from(options.draws) * k as u64;
    (0..count).map(|i| normal::quantile(random::uniform(options.seed, i))).collect()
}

/// DerSimonian-Laird for one sample.
#[derive(Debug, Clone, Copy)]
struct Moments {
    mean: f64,
    tau2: f64,
    /// Sum of the weights 1/(v + tau2).
    weight: f64,
    /// Sum of the weighted squares around the mean.
    rss: f64,
}

/// The studies, with the first of the most precise as origin and a power of two as unit.
struct Data {
    y: Vec<f64>,
    v: Vec<f64>,
    /// 1/v.
    w: Vec<f64>,
    sum_w: f64,
    /// sum w - sum w^2 / sum w.
    trace: f64,
    least: f64,
    origin: f64,
    exponent: i32,
}

impl Data {
    fn new(y: &[f64], v: &[f64]) -> Option<Self> {
        let least = v.iter().copied().fold(f64::INFINITY, f64::min);
        let origin = y.iter().zip(v).find(|(_, v)| **v <= least).map(|(y, _)| *y)?;
        let spread = y.iter().map(|y| (y - origin).abs()).fold(0.0, f64::max);
        let widest = v.iter().copied().fold(0.0, f64::max).sqrt();
        let (_, exponent) = libm::frexp(spread.max(widest));
        let scaled = |x: f64| libm::scalbn(x, -exponent);
        let v: Vec<f64> = v.iter().map(|v| scaled(scaled(*v))).collect();
        let w: Vec<f64> = v.iter().map(|v| 1.0 / v).collect();
        let sum_w: f64 = w.iter().sum();
        let others = |i: usize| w.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, w)| w).sum::<f64>();
        let trace = w.iter().enumerate().map(|(i, w)| w * (others(i) / sum_w)).sum();
        let y = y.iter().map(|y| scaled(y - origin)).collect();
        let data = Self { y, v, w, sum_w, trace, least: scaled(scaled(least)), origin, exponent };
        // With a ratio that overflows the axis of tau2 would have no end.
        (data.reach().is_finite() && data.least > 0.0 && data.trace.is_finite() && data.trace > 0.0).then_some(data)
    }

    fn shrink(&self, mu: f64) -> f64 {
        libm::scalbn(mu - self.origin, -self.exponent)
    }

    fn grow(&self, mu: f64) -> f64 {
        self.origin + libm::scalbn(mu, self.exponent)
    }

    /// A variance that no variance and no squared distance exceeds.
    fn largest(&self) -> f64 {
        let squares = self.y.iter().map(|y| y * y);
        self.v.iter().copied().chain(squares).fold(0.0, f64::max)
    }

    /// The largest tau2 looked at, in least variances.
    fn reach(&self) -> f64 {
        BEYOND * self.largest() / self.least
    }

    /// Where tau2 is looked at first: `ln(1 + tau2/v)` from 0 to beyond all that matters.
    fn axis(&self) -> impl Iterator<Item = f64> + use<> {
        let last = self.reach().ln_1p();
        (0..=(last / STEP).ceil() as u32).map(|i| STEP * f64::from(i))
    }

    fn moments(&self, y: &[f64]) -> Moments {
        let centre = self.w.iter().zip(y).map(|(w, y)| w * y).sum::<f64>() / self.sum_w;
        let q: f64 = self.w.iter().zip(y).map(|(w, y)| w * (y - centre) * (y - centre)).sum();
        let tau2 = ((q - (y.len() as f64 - 1.0)) / self.trace).max(0.0);
        let (mut weight, mut sum) = (0.0, 0.0);
        for (v, y) in self.v.iter().zip(y) {
            let w = 1.0 / (v + tau2);
            weight += w;
            sum += w * y;
        }
        let mean = sum / weight;
        let rss = self.v.iter().zip(y).map(|(v, y)| (y - mean) * (y - mean) / (v + tau2)).sum();
        Moments { mean, tau2, weight, rss }
    }

    /// `1/2 sum ln((v + a) / (v + b))`.
    fn ln_ratio(&self, a: f64, b: f64) -> f64 {
        let (mut product, mut ln) = (1.0_f64, 0.0);
        for v in &self.v {
            product *= (v + a) / (v + b);
            if !(1e-150..1e150).contains(&product) {
                ln += product.ln();
                product = 1.0;
            }
        }
        0.5 * (ln + product.ln())
    }

    /// The statistic of every sample drawn with mean 0 and this tau2, tested at that.
    fn null_distribution(&self, z: &[f64], tau2: f64, c: f64, sample: &mut Vec<f64>) {
        let sd: Vec<f64> = self.v.iter().map(|v| (v + tau2).sqrt()).collect();
        let mut y = vec![0.0; self.v.len()];
        sample.clear();
        sample.extend(z.chunks_exact(self.v.len()).map(|z| {
            for ((y, z), sd) in y.iter_mut().zip(z).zip(&sd) {
                *y = z * sd;
            }
            let at = self.moments(&y);
            let squares: f64 = z.iter().map(|z| z * z).sum();
            let likelihood = self.ln_ratio(tau2, at.tau2) + 0.5 * (squares - at.rss);
            at.mean * at.mean * at.weight + c * likelihood
        }));
    }

    /// The statistic of the data as a function of the mean, at this tau2.
    fn region(&self, at: Moments, tau2: f64, c: f64) -> Region {
        let w = |v: &f64| 1.0 / (v + tau2);
        let weight: f64 = self.v.iter().map(w).sum();
        let mean = self.v.iter().zip(&self.y).map(|(v, y)| w(v) * y).sum::<f64>() / weight;
        let rss: f64 = self.v.iter().zip(&self.y).map(|(v, y)| w(v) * (y - mean) * (y - mean)).sum();
        let (a, b) = (at.weight, 0.5 * c * weight);
        let d = mean - at.mean;
        Region {
            curvature: a + b,
            centre: at.mean + d * (b / (a + b)),
            least: c * (self.ln_ratio(tau2, at.tau2) + 0.5 * (rss - at.rss)) + a * (b / (a + b)) * d * d,
        }
    }
}

/// `least + curvature (mu - centre)^2`.
#[derive(Debug, Clone, Copy)]
struct Region {
    curvature: f64,
    centre: f64,
    least: f64,
}

impl Region {
    fn statistic(&self, mu: f64) -> f64 {
        self.least + self.curvature * (mu - self.centre) * (mu - self.centre)
    }

    /// The means whose statistic does not exceed the critical value.
    fn not_above(&self, critical: f64) -> Option<(f64, f64)> {
        if critical < self.least {
            return None;
        }
        let half = ((critical - self.least) / self.curvature).sqrt();
        Some((self.centre - half, self.centre + half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::random::uniform;

    /// Log-likelihood of mean and tau2, with its constant.
    fn log_likelihood(y: &[f64], v: &[f64], mu: f64, tau2: f64) -> f64 {
        let terms = y.iter().zip(v).map(|(y, v)| {
            let variance = v + tau2;
            (2.0 * std::f64::consts::PI * variance).ln() + (y - mu) * (y - mu) / variance
        });
        -0.5 * terms.sum::<f64>()
    }

    #[test]
    fn the_region_holds_the_statistic_as_it_is_defined() {
        for seed in 0..200 {
            let at = |i: u64| uniform(seed, i);
            let k = 2 + (at(0) * 8.0) as u64;
            // Sums of effects and variances do not change by origin and unit if these are 0 and 1.
            let y: Vec<f64> = std::iter::once(0.0).chain((1..k).map(|i| 2.0 * at(i) - 1.0)).collect();
            let v: Vec<f64> = std::iter::once(0.01).chain((1..k).map(|i| 0.02 + 0.9 * at(i + 20))).collect();
            let data = Data::new(&y, &v).unwrap();
            let unit = 2.0_f64.powi(-data.exponent);
            let moments = data.moments(&data.y);
            let (tau2, c) = (at(50) * at(51), 1.5 * at(52));
            let region = data.region(moments, tau2 * unit * unit, c);
            let (centre, estimate) = (moments.mean / unit, moments.tau2 / (unit * unit));
            let weight: f64 = v.iter().map(|v| 1.0 / (v + estimate)).sum();
            for mu in [-1.0, -0.1, 0.0, 0.3, 2.0] {
                let ratio = log_likelihood(&y, &v, centre, estimate) - log_likelihood(&y, &v, mu, tau2);
                let expected = (centre - mu) * (centre - mu) * weight + c * ratio;
                let statistic = region.statistic(mu * unit);
                assert!(
                    (statistic - expected).abs() < 1e-11 * (1.0 + expected.abs()),
                    "{seed} {mu}: {statistic} {expected}"
                );
                let (lower, upper) = region.not_above(statistic.max(region.least)).unwrap();
                let end = if mu * unit < region.centre { lower } else { upper };
                assert!((end / unit - mu).abs() < 1e-7, "{seed} {mu}: {lower} {upper}");
            }
            assert!(region.not_above(region.least - 1e-9).is_none());
        }
    }

    #[test]
    fn tau2_is_looked_for_from_zero_to_beyond_all_that_matters_in_small_steps() {
        for (y, v) in [([0.0, 3.0], [0.5, 0.25]), ([0.0, 0.01], [40.0, 0.001]), ([-1e140, 1e140], [1.0, 1e-3])] {
            let data = Data::new(&y, &v).unwrap();
            let axis: Vec<f64> = data.axis().collect();
            assert_eq!(axis[0], 0.0);
            assert!(axis.windows(2).all(|pair| pair[1] > pair[0] && pair[1] - pair[0] < 0.2 + 1e-12));
            let spread = ((y[1] - y[0]) * 2.0_f64.powi(-data.exponent)).powi(2);
            let largest = data.v.iter().fold(spread, |a, b| a.max(*b));
            let (last, before) = (axis[axis.len() - 1], axis[axis.len() - 2]);
            assert!(data.least * last.exp_m1() >= 0.99e8 * largest && data.least * before.exp_m1() <= 1.01e8 * largest);
        }
        // Models refuse such data before.
        assert!(Data::new(&[-1e150, 1e150], &[1.0, 1e-3]).is_none());
    }

    /// `tests/reference/exact_mean.py`: estimates by PyMARE, densities by scipy.
    #[test]
    fn the_statistic_is_that_from_parts_of_other_packages() {
        let file = include_str!("../../tests/reference/exact_mean.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let cases = file["statistics"].as_array().unwrap();
        for case in cases {
            let (y, v) = (numbers(&case["yi"]), numbers(&case["vi"]));
            let get = |key: &str| case[key].as_f64().unwrap();
            let data = Data::new(&y, &v).unwrap();
            let tau2 = libm::scalbn(get("tau2"), -2 * data.exponent);
            let region = data.region(data.moments(&data.y), tau2, get("c"));
            let (statistic, expected) = (region.statistic(data.shrink(get("mu"))), get("statistic"));
            assert!((statistic - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{case}: {statistic}");
        }
        assert_eq!(cases.len(), 192);
    }
}
