//! What a study's own likelihood has to say for itself; everything else in this folder works for any of them.

/// The logarithm of the probability of a study's data as a function of its linear predictor, with derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Local {
    /// `ln p(data | eta)`, with all constants.
    pub(crate) value: f64,
    /// First to fourth derivative with respect to `eta`.
    pub(crate) d: [f64; 4],
}

/// Where the likelihood of one study is greatest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Peak {
    /// At this finite linear predictor.
    At(f64),
    /// It grows to 1 as `eta` goes to minus infinity: none of what could happen did.
    Lowest,
    /// It grows to 1 as `eta` goes to plus infinity: all of what could happen did.
    Highest,
}

/// The likelihood of one study in its linear predictor `eta`.
///
/// The logarithm must be concave and analytic in `eta`. A model of two groups, conditional or not, is another
/// implementation; quadrature, maximisation and profiles need nothing more.
pub(crate) trait StudyLikelihood {
    /// Log-likelihood and derivatives at any finite `eta`. Differences between places must keep their digits
    /// however much data there are, so it should be computed relative to the peak.
    fn at(&self, eta: f64) -> Local;

    /// The log-likelihood alone, where that is cheaper.
    fn value(&self, eta: f64) -> f64 {
        self.at(eta).value
    }

    /// Where it is greatest.
    fn peak(&self) -> Peak;

    /// Where it changes fastest, and the scale it changes on: the peak with its width, or, without one, the place where
    /// the likelihood falls from 1 to 0.
    fn knee(&self) -> (f64, f64);

    /// A bound on the size of the tenth derivative at any `eta`, of likelihoods that are dear to compute: with it values between places
    /// come from derivatives at these.
    fn tenth_derivative(&self) -> Option<f64> {
        None
    }

    /// Whether the likelihoods of two such studies, one with [`Peak::Lowest`] and one with [`Peak::Highest`], add up to 1 at most at any
    /// `eta`, as those of proportions and rates without offsets do.
    fn exclusive(&self) -> bool {
        true
    }
}
