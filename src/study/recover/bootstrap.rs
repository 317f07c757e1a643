//! How uncertain a recovered mean is.

use super::family::Family;
use super::five_numbers::{FiveNumbers, MomentsMethod};
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::{beta, random};
use crate::study::moments::Moments;
use serde::{Deserialize, Serialize};

/// How often samples are drawn, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Number of samples. Default: 1000.
    pub replicates: u32,
    /// Seed; the same seed gives the same numbers on every machine. Default: 1.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 1000, seed: 1 }
    }
}

/// A mean recovered from quantiles, with standard errors that count the recovery in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecoveredMean {
    moments: Moments,
    se_mean: f64,
    se_sd: f64,
    n: f64,
    failed: u32,
    bootstrap: Bootstrap,
}

impl RecoveredMean {
    /// The recovered mean and standard deviation.
    pub fn moments(&self) -> Moments {
        self.moments
    }

    /// The standard error of the mean. Larger than sd / sqrt n, which takes the sample mean to have been seen.
    pub fn se_mean(&self) -> f64 {
        self.se_mean
    }

    /// The standard error of the standard deviation.
    pub fn se_sd(&self) -> f64 {
        self.se_sd
    }

    /// Number of people.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// How many samples the method could not take.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// How it was drawn.
    pub fn bootstrap(&self) -> Bootstrap {
        self.bootstrap
    }

    /// The mean as an effect, with the square of [`se_mean`](Self::se_mean) as its variance.
    ///
    /// # Errors
    /// As [`Effect::from_variance_and_n`].
    pub fn effect(&self) -> Result<Effect> {
        Effect::from_variance_and_n(Measure::RawMean, self.moments.mean(), self.se_mean * self.se_mean, self.n)
    }

    /// This mean minus that of another group, as an effect.
    ///
    /// # Errors
    /// As [`Effect::from_variance_and_n`].
    pub fn minus(&self, other: &Self) -> Result<Effect> {
        let v = self.se_mean.hypot(other.se_mean).powi(2);
        Effect::from_variance_and_n(
            Measure::MeanDifference,
            self.moments.mean() - other.moments.mean(),
            v,
            self.n + other.n,
        )
    }
}

impl FiveNumbers {
    /// Mean and standard deviation with standard errors by the parametric bootstrap: samples of the same size are
    /// drawn from the distribution that the method fits, each is reduced to the same numbers, and the method is
    /// applied to those. McGrath, Katzenschlager, Zimmer et al. 2023, Stat Methods Med Res 32:373,
    /// doi 10.1177/09622802221139233.
    ///
    /// Only the order statistics that are needed are drawn, so that the size of the sample costs nothing. Sample
    /// quartiles are those of R's type 7.
    ///
    /// ```
    /// use meta_analysis::study::recover::{Bootstrap, FiveNumbers, MomentsMethod};
    ///
    /// let numbers = FiveNumbers::from_range(2.0, 6.0, 14.0, 20)?;
    /// let recovered = numbers.bootstrap(MomentsMethod::LuoWanShi, Bootstrap::default())?;
    /// let as_if_seen = recovered.moments().sd() / 20.0_f64.sqrt();
    /// assert!(recovered.se_mean() > 1.05 * as_if_seen);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`moments`](Self::moments); [`ErrorKind::TooFewStudies`] for fewer than two samples, or where the method
    /// could take fewer than two of them.
    pub fn bootstrap(&self, method: MomentsMethod, bootstrap: Bootstrap) -> Result<RecoveredMean> {
        let moments = *self.moments(method)?.value();
        let family = self.fit(method)?;
        let ranks = Ranks::of(self);
        let (mut means, mut sds, mut failed) = (Spread::default(), Spread::default(), 0);
        for replicate in 0..bootstrap.replicates {
            let drawn = ranks.draw(self, &family, bootstrap.seed, u64::from(replicate) * 16);
            match drawn.moments(method) {
                Ok(drawn) => {
                    means.add(drawn.value().mean() / moments.sd());
                    sds.add(drawn.value().sd() / moments.sd());
                }
                Err(_) => failed += 1,
            }
        }
        let (Some(se_mean), Some(se_sd)) = (means.sd(), sds.sd()) else {
            let k = (bootstrap.replicates - failed) as usize;
            let (what, remedy) = ("a bootstrap", "ask for more replicates, or use another method");
            return Err(ErrorKind::TooFewStudies { what, k, needed: 2, remedy }.into());
        };
        let (se_mean, se_sd) = (se_mean * moments.sd(), se_sd * moments.sd());
        Ok(RecoveredMean { moments, se_mean, se_sd, n: self.n(), failed, bootstrap })
    }
}

/// Welford's running sum of squares.
#[derive(Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, x: f64) {
        self.count += 1.0;
        let distance = x - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (x - self.mean);
    }

    fn sd(&self) -> Option<f64> {
        (self.count >= 2.0).then(|| (self.squares / (self.count - 1.0)).sqrt())
    }
}

/// The order statistics that the numbers of a sample are made of, ascending.
struct Ranks {
    n: f64,
    ranks: Vec<f64>,
}

impl Ranks {
    fn of(numbers: &FiveNumbers) -> Self {
        let n = numbers.n();
        let mut ranks = Vec::with_capacity(8);
        let mut wanted = |p: f64| {
            let (low, share) = position(n, p);
            ranks.push(low);
            if share > 0.0 {
                ranks.push(low + 1.0);
            }
        };
        if numbers.range().is_some() {
            wanted(0.0);
            wanted(1.0);
        }
        if numbers.quartiles().is_some() {
            wanted(0.25);
            wanted(0.75);
        }
        wanted(0.5);
        ranks.sort_by(f64::total_cmp);
        ranks.dedup();
        Self { n, ranks }
    }

    /// The numbers of one sample. The uniform order statistics come one after the other: of those that are left
    /// above the last one, the next is a beta variable.
    fn draw(&self, numbers: &FiveNumbers, family: &Family, seed: u64, start: u64) -> FiveNumbers {
        let (mut last, mut above) = (0.0, 1.0);
        let mut drawn: Vec<(f64, f64)> = Vec::with_capacity(self.ranks.len());
        for (position, &rank) in (start..).zip(&self.ranks) {
            // What stays above: a share of what was above before.
            above *= beta::inverse_regularized(self.n + 1.0 - rank, rank - last, random::uniform(seed, position));
            drawn.push((rank, family.quantile(1.0 - above, above)));
            last = rank;
        }
        let at = |rank: f64| drawn.iter().find(|(r, _)| *r >= rank).map_or(f64::NAN, |&(_, x)| x);
        numbers.with(|p| {
            let (low, share) = position(self.n, p);
            let x = at(low);
            if share > 0.0 { x + share * (at(low + 1.0) - x) } else { x }
        })
    }
}

/// The rank at or below the quantile of `p`, and how far it is to the next (type 7 of Hyndman & Fan 1996, Am Stat
/// 50:361).
fn position(n: f64, p: f64) -> (f64, f64) {
    let h = 1.0 + (n - 1.0) * p;
    (h.floor(), h - h.floor())
}
