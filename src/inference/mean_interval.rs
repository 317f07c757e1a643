//! An interval for the pooled effect that does not rest on a standard error.

use super::Natural;
use crate::measure::Measure;
use crate::num::format::significant;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// How an interval for the pooled effect is computed where it is not "estimate plus and minus a quantile times the
/// standard error"; those are in [`Inference`](super::Inference).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MeanMethod {
    /// The values of mu that a likelihood-ratio test does not reject, tau2 at its maximum for each. Hardy & Thompson
    /// 1996, Stat Med 15:619, doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A. Not in metafor.
    ///
    /// ```text
    /// { mu : 2 (l(mu^, tau2^) - max over tau2 of l(mu, tau2)) <= chi2(1) quantile }      l: full log-likelihood
    /// ```
    ProfileLikelihood,
}

impl MeanMethod {
    /// Name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProfileLikelihood => "profile likelihood",
        }
    }
}

impl std::fmt::Display for MeanMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// An interval for the pooled effect by a [`MeanMethod`], on the analysis scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanInterval {
    measure: Measure,
    scale: Scale,
    method: MeanMethod,
    level: f64,
    value: f64,
    pieces: Vec<(f64, f64)>,
    p_value: f64,
}

impl MeanInterval {
    /// `pieces`: finite, in order, at least one. `p_value`: two-sided, of [`Measure::null_value`] or 0.
    pub(crate) fn new(
        (measure, scale): (Measure, Scale),
        (method, level): (MeanMethod, f64),
        value: f64,
        pieces: Vec<(f64, f64)>,
        p_value: f64,
    ) -> Self {
        Self { measure, scale, method, level, value, pieces, p_value }
    }

    /// The pooled effect by this method, which need not be the model's.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Lower and upper limit; where the set is in [`pieces`](Self::pieces), its ends.
    pub fn interval(&self) -> (f64, f64) {
        let lower = self.pieces.first().map_or(self.value, |p| p.0);
        let upper = self.pieces.last().map_or(self.value, |p| p.1);
        (lower, upper)
    }

    /// The set itself, which a likelihood with several maxima can split into disjoint intervals, in order.
    pub fn pieces(&self) -> &[(f64, f64)] {
        &self.pieces
    }

    /// Level, e.g. 0.95.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// How it was computed.
    pub fn method(&self) -> MeanMethod {
        self.method
    }

    /// Two-sided p-value by the same method of no effect ([`Measure::null_value`], or 0 for a measure without one).
    pub fn p_value(&self) -> f64 {
        self.p_value
    }

    /// Value and limits on the natural scale.
    pub fn natural(&self) -> Natural {
        let (lower, upper) = self.interval();
        Natural::new(self.measure, self.scale, self.level, [self.value, lower, upper])
    }
}

impl std::fmt::Display for MeanInterval {
    /// The analysis scale, named: `log odds ratio 1.69 [0.894, 2.49] (profile likelihood)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.measure, significant(self.value))?;
        for (i, (lower, upper)) in self.pieces.iter().enumerate() {
            let and = if i > 0 { " and " } else { "" };
            write!(f, "{and}[{}, {}]", significant(*lower), significant(*upper))?;
        }
        write!(f, " ({})", self.method)
    }
}
