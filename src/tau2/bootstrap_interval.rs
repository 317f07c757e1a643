//! Percentile intervals of tau2 from resampled data.

use super::{Tau2, Tau2Error, Tau2Set, Workspace};
use crate::num::{normal, random};
use serde::{Deserialize, Serialize};

/// How studies are resampled.
///
/// ```
/// use meta_analysis::tau2::{Resampling, Tau2, Tau2Set, bootstrap_interval};
///
/// // A resample of two studies is a study twice, estimate 0, or both, estimate (2 - 0)^2 / 2 - 0.5 = 1.5.
/// let (y, v) = ([0.0, 2.0], [0.5, 0.5]);
/// let how = (Tau2::DerSimonianLaird, Resampling::Nonparametric);
/// let set = bootstrap_interval(&y, &v, how.0, how.1, (999, 1), (0.025, 0.025))?;
/// let Tau2Set::Interval { lower, upper } = set else { panic!("never empty") };
/// assert!(lower == 0.0 && (upper - 1.5).abs() < 1e-14);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Resampling {
    /// New effects from the fitted model: `y_i* ~ N(mean, v_i + tau2)` with the sampling variances as they are. What the mean is
    /// does not matter.
    Parametric,
    /// Whole studies, `k` of them with replacement, each with its variance.
    Nonparametric,
}

/// The percentile bootstrap interval of tau2.
///
/// ```text
/// t_(1) <= ... <= t_(R):  the estimates from R resampled data sets, in order
/// lower = t at position below (R + 1),   upper = t at position (1 - above) (R + 1)
/// ```
///
/// Between positions the limits are interpolated. The estimator, the number of replicates and the seed determine the result; replicate
/// `r` draws its numbers from positions `rk..(r+1)k` of the stream of [`random::uniform`](crate::num::random::uniform), normal ones by
/// inversion. In the simulations of Viechtbauer 2007 neither kind keeps its level; the Q-profile interval does. metafor: none (with package boot).
///
/// Turner RM, Omar RZ, Yang M, Goldstein H, Thompson SG (2000) Stat Med 19:3417-3432,
/// doi:10.1002/1097-0258(20001230)19:24<3417::AID-SIM614>3.0.CO;2-L (parametric); Switzer FS, Paese PW, Drasgow F (1992) J Appl Psychol
/// 77:123-129, doi:10.1037/0021-9010.77.2.123 (nonparametric); Viechtbauer W (2007) Stat Med 26:37-52, doi:10.1002/sim.2514.
///
/// ```
/// use meta_analysis::tau2::{Resampling, Tau2, Tau2Set, bootstrap_interval};
///
/// let (y, v) = ([0.1, 0.9, 0.4, 1.3], [0.04, 0.09, 0.05, 0.02]);
/// let interval = |seed| {
///     bootstrap_interval(&y, &v, Tau2::DerSimonianLaird, Resampling::Parametric, (999, seed), (0.025, 0.025))
/// };
/// assert_eq!(interval(1)?, interval(1)?);
/// let Tau2Set::Interval { lower, upper } = interval(1)? else { panic!("never empty") };
/// assert!(lower < 0.1 && 0.5 < upper && upper < 2.0);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// What [`estimate`](super::estimate) reports, for the data or a replicate; [`Tau2Error::InvalidTau2`] for an estimator that is a fixed
/// value; [`Tau2Error::TooFewReplicates`] if a limit would lie beyond the most extreme replicate; [`Tau2Error::InvalidTails`].
pub fn bootstrap_interval(
    y: &[f64],
    v: &[f64],
    estimator: Tau2,
    resampling: Resampling,
    (replicates, seed): (u32, u64),
    (below, above): (f64, f64),
) -> Result<Tau2Set, Tau2Error> {
    if !(below > 0.0 && above > 0.0 && below + above < 1.0) {
        return Err(Tau2Error::InvalidTails { upper: below, lower: above });
    }
    if let Tau2::Fixed(value) = estimator {
        return Err(Tau2Error::InvalidTau2 { value });
    }
    let mut workspace = Workspace::new();
    workspace.load(y, v)?;
    let tau2 = workspace.estimate(estimator)?.tau2;
    let needed = 1.0 / below.min(above) - 1.0;
    // A tail of 1/40 is not exact in binary.
    if f64::from(replicates) < needed * (1.0 - 1e-12) {
        return Err(Tau2Error::TooFewReplicates { replicates, needed: needed.ceil() });
    }
    let mut draw = Draw { y: y.to_vec(), v: v.to_vec() };
    let mut estimates = Vec::new();
    for replicate in 0..replicates {
        let first = u64::from(replicate).wrapping_mul(y.len() as u64);
        match resampling {
            Resampling::Parametric => draw.parametric(v, tau2, seed, first),
            Resampling::Nonparametric => draw.nonparametric(y, v, seed, first),
        }
        if draw.y.iter().any(|y| !y.is_finite()) {
            return Err(Tau2Error::Overflow);
        }
        workspace.load(&draw.y, &draw.v)?;
        estimates.push(workspace.estimate(estimator)?.tau2);
    }
    estimates.sort_unstable_by(f64::total_cmp);
    let from_below = |tail: f64| at_position(estimates.iter(), tail * (f64::from(replicates) + 1.0));
    let from_above = |tail: f64| at_position(estimates.iter().rev(), tail * (f64::from(replicates) + 1.0));
    match (from_below(below), from_above(above)) {
        (Some(lower), Some(upper)) => Ok(Tau2Set::Interval { lower, upper }),
        _ => Err(Tau2Error::TooFewReplicates { replicates, needed: needed.ceil() }),
    }
}

/// The value at a position counted from 1, interpolated; `None` without values.
fn at_position<'a>(mut ordered: impl Iterator<Item = &'a f64>, position: f64) -> Option<f64> {
    let position = position.max(1.0);
    let before = *ordered.nth(position.floor() as usize - 1)?;
    let part = position - position.floor();
    let after = ordered.next().copied().unwrap_or(before);
    Some(before + part * (after - before))
}

/// One resampled data set.
struct Draw {
    y: Vec<f64>,
    v: Vec<f64>,
}

impl Draw {
    fn parametric(&mut self, v: &[f64], tau2: f64, seed: u64, first: u64) {
        for (position, (y, v)) in (first..).zip(self.y.iter_mut().zip(v)) {
            *y = (v + tau2).sqrt() * normal::quantile(random::uniform(seed, position));
        }
    }

    fn nonparametric(&mut self, y: &[f64], v: &[f64], seed: u64, first: u64) {
        let k = y.len();
        for (position, (to_y, to_v)) in (first..).zip(self.y.iter_mut().zip(self.v.iter_mut())) {
            let index = (random::uniform(seed, position) * k as f64) as usize;
            if let (Some(y), Some(v)) = (y.get(index), v.get(index)) {
                (*to_y, *to_v) = (*y, *v);
            }
        }
    }
}
