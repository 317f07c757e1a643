//! What the search over tau2 asks of a study once its random effect has been integrated out.
//!
//! A study with a likelihood in one linear predictor gives all of it; a study with a parameter of its own besides, over which the
//! likelihood is maximised, answers the same questions.

use super::likelihood::StudyLikelihood;
use super::marginal::Marginal;
use crate::num::quadrature::{Effort, Placement, integrate};

/// How large the likelihood of one study can be at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// At most the exponential of this over `tau sqrt(2 pi)`: the logarithm of the integral over all random effects.
    Inside(f64),
    /// At most the exponential of this, and near it for random effects far from 0 on one side.
    Open(f64),
    /// At most the share of random effects with no events, were there one person: `E[1 - p]`.
    Lowest,
    /// The same for nothing but events: `E[p]`.
    Highest,
}

/// One study as a function of the mean of its random effect and tau2. Its logarithm must be concave in the mean.
pub(crate) trait Integrated {
    /// Value, derivatives, and what is known of the random effect; `None` out of the range of doubles.
    fn marginal(&self, m: f64, tau2: f64, effort: Effort) -> Option<Marginal>;

    /// Where the data point to, as a start.
    fn place(&self) -> f64;

    /// The log-likelihood without heterogeneity, of studies that may point to places so far apart that it is flat between them.
    fn far(&self, _place: f64) -> Option<f64> {
        None
    }

    /// Information on the random effect at `eta` or where it is greatest, whichever is more: its inverse is the scale of tau2.
    fn information(&self, eta: f64) -> f64;

    /// A bound that holds at every mean and tau2.
    fn bound(&self) -> Bound;

    /// The log-likelihood of an effect of its own.
    fn saturated(&self) -> f64;
}

/// Logarithm of the integral of a study's likelihood over all linear predictors.
pub(crate) fn ln_area(study: &impl StudyLikelihood, peak: f64) -> f64 {
    let spread = (-study.at(peak).d[1]).sqrt().recip();
    let place = Placement { centre: peak, spread, knee: None };
    integrate(place, Effort::Exact, |eta, v| (study.value(eta), [v])).map_or(f64::INFINITY, |found| found.ln_total)
}
