//! The Q-profile set of tau2.

use super::profile::Profile;
use super::q_root::q_root;
use serde::{Deserialize, Serialize};

/// A confidence set for tau2 that may have no element.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tau2Set {
    /// No tau2 of 0 or more is compatible with the data: the effects differ less than sampling alone would make them.
    Empty,
    /// All values from `lower` to `upper`, both included.
    Interval {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
}

impl Tau2Set {
    /// Whether `tau2` is in the set.
    #[must_use]
    pub fn contains(self, tau2: f64) -> bool {
        match self {
            Self::Empty => false,
            Self::Interval { lower, upper } => lower <= tau2 && tau2 <= upper,
        }
    }
}

/// The tau2 at which `Q` lies between the two quantiles.
pub(super) fn q_profile<P: Profile>(profile: &mut P, upper_quantile: f64, lower_quantile: f64) -> Tau2Set {
    let (q, _) = profile.q_at(profile.axis().start);
    if q < lower_quantile {
        return Tau2Set::Empty;
    }
    let (lower, _) = q_root(profile, upper_quantile);
    let (upper, _) = q_root(profile, lower_quantile);
    Tau2Set::Interval { lower, upper }
}
