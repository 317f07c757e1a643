//! The Q-profile set of tau2.

use super::profile::Profile;
use super::q_root::q_root;
use super::{Tau2Error, Workspace, need_studies};
use serde::{Deserialize, Serialize};

/// A confidence set for tau2 that may have no element.
///
/// ```
/// use meta_analysis::tau2::{Tau2Set, q_profile};
///
/// // Three studies: 2 degrees of freedom, for which the chi-squared quantile at p is -2 ln(1 - p).
/// let (high, low) = (-2.0 * 0.025_f64.ln(), -2.0 * 0.975_f64.ln());
/// // Equal variances: Q(tau2) = 8 / (1 + tau2).
/// let set = q_profile(&[-2.0, 0.0, 2.0], &[1.0; 3], high, low)?;
/// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
/// assert!((lower - (8.0 / high - 1.0)).abs() < 1e-13 && (upper - (8.0 / low - 1.0)).abs() < 1e-10);
/// assert!(set.contains(3.0) && !set.contains(0.0));
/// // Effects that agree too well
/// assert_eq!(q_profile(&[0.4; 3], &[1.0; 3], high, low)?, Tau2Set::Empty);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
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
    /// The interval between two limits, which at a level below rounding may come in the wrong order by rounding.
    ///
    /// # Errors
    /// [`Tau2Error::Overflow`] if one is not finite.
    pub(super) fn between(a: f64, b: f64) -> Result<Self, Tau2Error> {
        let (lower, upper) = (a.min(b), a.max(b));
        // Of both as given: the smaller of NaN and a number is the number.
        if (b - a).is_finite() { Ok(Self::Interval { lower, upper }) } else { Err(Tau2Error::Overflow) }
    }

    /// Whether `tau2` is in the set.
    ///
    /// ```
    /// use meta_analysis::tau2::Tau2Set;
    ///
    /// let set = Tau2Set::Interval { lower: 0.5, upper: 2.0 };
    /// assert!(set.contains(0.5) && set.contains(2.0) && !set.contains(2.5));
    /// assert!(!Tau2Set::Empty.contains(0.0));
    /// ```
    #[must_use]
    pub fn contains(self, tau2: f64) -> bool {
        match self {
            Self::Empty => false,
            Self::Interval { lower, upper } => lower <= tau2 && tau2 <= upper,
        }
    }
}

/// Two positive targets in order.
pub(super) fn check_quantiles(upper: f64, lower: f64) -> Result<(), Tau2Error> {
    let ordered = 0.0 < lower && lower <= upper && upper.is_finite();
    if ordered { Ok(()) } else { Err(Tau2Error::InvalidQuantiles { lower, upper }) }
}

impl Workspace {
    /// The tau2 at which the generalised Q statistic is `q`; `None` if it is smaller already at tau2 = 0.
    ///
    /// With the chi-squared quantile at `1 - alpha` (`k - 1` degrees of freedom) it is the lower Q-profile bound of tau2 of level
    /// `1 - alpha`, which is 0 if there is none; with the quantile at `alpha` it is the upper bound, and if there is none, no tau2 is
    /// compatible with the data. Viechtbauer W (2007) Stat Med 26:37-52, doi:10.1002/sim.2514.
    ///
    /// ```
    /// use meta_analysis::tau2::Workspace;
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: Q(tau2) = 8 / (1 + tau2), at most 8.
    /// assert!(workspace.tau2_at_q(2.0)?.is_some_and(|tau2| (tau2 - 3.0).abs() < 1e-13));
    /// assert_eq!(workspace.tau2_at_q(9.0)?, None);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Tau2Error::Empty`], [`Tau2Error::TooFewStudies`], [`Tau2Error::InvalidQuantiles`], [`Tau2Error::Overflow`].
    pub fn tau2_at_q(&mut self, q: f64) -> Result<Option<f64>, Tau2Error> {
        check_quantiles(q, q)?;
        let (mut profile, _, unit) = self.profile()?;
        need_studies(profile.k, 2)?;
        let (at_zero, _) = profile.q_at(profile.axis.start);
        if at_zero < q {
            return Ok(None);
        }
        let tau2 = unit.grow_square(q_root(&mut profile, q).0);
        if tau2.is_finite() { Ok(Some(tau2)) } else { Err(Tau2Error::Overflow) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_put_in_order_if_they_are_numbers() {
        assert_eq!(Tau2Set::between(2.0, 1.0), Ok(Tau2Set::Interval { lower: 1.0, upper: 2.0 }));
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN), (0.0, f64::INFINITY)] {
            assert_eq!(Tau2Set::between(a, b), Err(Tau2Error::Overflow));
        }
    }
}
