//! DerSimonian-Laird averaged over resampled studies.

use super::generalised_q::Weighted;
use super::profile::Studies;
use super::{Solved, Tau2Error};
use crate::num::random::uniform;
use serde::{Deserialize, Serialize};

/// How studies are resampled: the result depends on nothing else, on any machine.
///
/// ```
/// use meta_analysis::tau2::{Bootstrap, Tau2, estimate};
///
/// assert_eq!(Bootstrap::default(), Bootstrap { replicates: 10_000, seed: 0 });
/// // A resample of two studies is a study twice, estimate 0, or both, estimate (2 - 0)^2 / 2 - 0.5 = 1.5, with even odds.
/// let options = Bootstrap { replicates: 1000, seed: 1 };
/// let tau2 = estimate(&[0.0, 2.0], &[0.5, 0.5], Tau2::BootstrappedDerSimonianLaird(options))?.tau2;
/// let both = tau2 * 1000.0 / 1.5;
/// assert!((both - both.round()).abs() < 1e-9);
/// assert!((both - 500.0).abs() < 64.0); // 4 standard deviations of a binomial count
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Number of resamples. Default: 10 000.
    pub replicates: u32,
    /// Seed of the random numbers. Default: 0.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 10_000, seed: 0 }
    }
}

/// Bootstrapped DerSimonian-Laird: the mean of the estimates, zeros included.
pub(super) fn dersimonian_laird<P: Studies>(profile: &P, options: Bootstrap) -> Result<Solved, Tau2Error> {
    let Bootstrap { replicates, seed } = options;
    if replicates == 0 {
        return Err(Tau2Error::NoReplicates);
    }
    if let Some(index) = profile.first_zero() {
        return Err(Tau2Error::ZeroVariance { index });
    }
    let studies =
        profile.exchangeable().ok_or(Tau2Error::DesignNotSupported { method: "bootstrapped DerSimonian-Laird" })?;
    let k = studies.len();
    let mut drawn = Vec::with_capacity(k);
    let (mut sum, mut position) = (0.0, 0_u64);
    for _ in 0..replicates {
        drawn.clear();
        for _ in 0..k {
            let at = (uniform(seed, position) * k as f64) as usize;
            position = position.wrapping_add(1);
            drawn.extend(studies.get(at.min(k - 1)));
        }
        sum += estimate(&drawn);
    }
    Ok(Solved::new(sum / f64::from(replicates), None, replicates))
}

/// DerSimonian-Laird of one resample, whose weights are `1/v` times the smallest variance of all.
fn estimate(drawn: &[Weighted]) -> f64 {
    let Some((place, heaviest)) = drawn.iter().enumerate().reduce(|a, b| if b.1.a > a.1.a { b } else { a }) else {
        return 0.0;
    };
    // The heaviest is the unit of weight and the origin, and is kept apart: its weight is 1 and its effect 0.
    let others = || {
        let others = drawn.iter().enumerate().filter(|(i, _)| *i != place);
        others.map(|(_, study)| (study.a / heaviest.a, study.y - heaviest.y))
    };
    let (mut sum, mut squares, mut moment) = (0.0, 0.0, 0.0);
    for (a, y) in others() {
        sum += a;
        squares += a * a;
        moment += a * y;
    }
    let weight = 1.0 + sum;
    let mean = moment / weight;
    // sum w - sum w^2 / sum w
    let trace = (sum + (sum * weight - squares)) / weight;
    let q = mean * mean + others().map(|(a, y)| a * (y - mean) * (y - mean)).sum::<f64>();
    let df = drawn.len() as f64 - 1.0;
    ((q - df * heaviest.v) / trace).max(0.0)
}
