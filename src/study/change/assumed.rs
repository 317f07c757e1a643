//! A correlation that is not reported: a range of it, carried into the effect and its variance.

use super::{ChangeMeasure, PrePost};
use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::study::check::{self, Count};
use crate::study::conversion::{Conversion, Summary};
use crate::study::moments::{self, Moments};
use serde::{Deserialize, Serialize};

/// What is assumed of the correlation of before and after: one value, a range with every value equally likely, or a
/// list of values equally likely.
///
/// ```
/// use meta_analysis::study::AssumedCorrelation;
///
/// assert_eq!(AssumedCorrelation::range(0.3, 0.9)?.values(3), [0.3, 0.6, 0.9]);
/// assert_eq!(AssumedCorrelation::grid([0.5, 0.7])?.values(3), [0.5, 0.7]);
/// assert!(AssumedCorrelation::range(0.3, 1.9).is_err());
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Prior", into = "Prior")]
pub struct AssumedCorrelation(Prior);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Prior {
    Known(f64),
    Range { lower: f64, upper: f64 },
    Grid(Vec<f64>),
}

impl From<AssumedCorrelation> for Prior {
    fn from(assumed: AssumedCorrelation) -> Self {
        assumed.0
    }
}

impl TryFrom<Prior> for AssumedCorrelation {
    type Error = crate::Error;

    fn try_from(raw: Prior) -> Result<Self> {
        match raw {
            Prior::Known(r) => Self::known(r),
            Prior::Range { lower, upper } => Self::range(lower, upper),
            Prior::Grid(values) => Self::grid(values),
        }
    }
}

impl AssumedCorrelation {
    /// One value, reported or taken as if it were.
    ///
    /// # Errors
    /// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::NonFinite`].
    pub fn known(r: f64) -> Result<Self> {
        Ok(Self(Prior::Known(check::check_correlation("correlation", r)?)))
    }

    /// Every value between the two equally likely.
    ///
    /// # Errors
    /// As [`known`](Self::known); also [`ErrorKind::CiReversed`].
    pub fn range(lower: f64, upper: f64) -> Result<Self> {
        let lower = check::check_correlation("correlation (lower)", lower)?;
        let upper = check::check_correlation("correlation (upper)", upper)?;
        if lower > upper {
            return Err(ErrorKind::CiReversed { lower, upper }.into());
        }
        Ok(Self(if lower < upper { Prior::Range { lower, upper } } else { Prior::Known(lower) }))
    }

    /// Each of these values equally likely.
    ///
    /// # Errors
    /// As [`known`](Self::known); also [`ErrorKind::Empty`].
    pub fn grid(values: impl IntoIterator<Item = f64>) -> Result<Self> {
        let check = |r| check::check_correlation("correlation", r);
        let values = values.into_iter().map(check).collect::<Result<Vec<_>>>()?;
        if values.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        Ok(Self(Prior::Grid(values)))
    }

    /// Values to go through in a sensitivity analysis: the list, the one value, or at least two equally spaced ones
    /// of the range with both ends.
    pub fn values(&self, points: usize) -> Vec<f64> {
        match &self.0 {
            Prior::Known(r) => vec![*r],
            Prior::Grid(values) => values.clone(),
            Prior::Range { lower, upper } => {
                let steps = points.max(2) - 1;
                let at = |i: usize| i as f64 / steps as f64;
                (0..=steps).map(|i| lower * (1.0 - at(i)) + upper * at(i)).collect()
            }
        }
    }

    /// The value, if there is but one.
    pub fn single(&self) -> Option<f64> {
        match &self.0 {
            Prior::Known(r) => Some(*r),
            _ => None,
        }
    }

    /// Calls `f` with every value of the prior, or node of its quadrature, and its weight.
    fn each(&self, mut f: impl FnMut(f64, f64) -> Result<()>) -> Result<()> {
        match &self.0 {
            Prior::Known(r) => f(*r, 1.0),
            Prior::Grid(values) => values.iter().try_for_each(|&r| f(r, 1.0 / values.len() as f64)),
            Prior::Range { lower, upper } => {
                // In s = sqrt(1 - r) the effects are smooth up to r = 1; dr = -2 s ds.
                let (from, to) = ((1.0 - upper).sqrt(), (1.0 - lower).sqrt());
                let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
                NODES.iter().flat_map(|&(x, w)| [(x, w), (-x, w)]).try_for_each(|(x, w)| {
                    let s = middle + half * x;
                    f(1.0 - s * s, w * half * 2.0 * s / (upper - lower))
                })
            }
        }
    }

    /// The values at which an effect may be lowest or highest: it is monotone in |r|.
    fn extremes(&self) -> Vec<f64> {
        match &self.0 {
            Prior::Range { lower, upper } if *lower < 0.0 && *upper > 0.0 => vec![*lower, 0.0, *upper],
            _ => self.values(2),
        }
    }
}

/// A [`PrePost`] of which the correlation is [assumed](AssumedCorrelation).
///
/// Its effect and variance are the mean and variance over the assumption, by the law of total variance, so that what
/// is not known about the correlation widens the study's interval instead of being left out:
///
/// ```text
/// y = E y(r)        v = E v(r) + Var y(r)        r uniform on the range, or on the list of values
/// ```
///
/// The integrals over a range are done by Gauss-Legendre quadrature with 32 nodes, exact to rounding. The assumption
/// is each study's own: errors in it are treated as independent between studies. For one value of r common to all
/// studies go through [`AssumedCorrelation::values`] with [`at`](Self::at) and pool at each.
///
/// ```
/// use meta_analysis::study::{AssumedCorrelation, ChangeMeasure, Moments, PrePostAssumed, Summary};
///
/// let (before, after) = (Moments::mean_sd(7.46, 6.26), Moments::mean_sd(2.96, 3.64));
/// let row = PrePostAssumed::new(before, after, 24, AssumedCorrelation::range(0.3, 0.9)?)?;
///
/// // The variance of a mean change is linear in r: that of the middle of the range.
/// let change = row.effect(&ChangeMeasure::MeanChange.into())?;
/// let middle = row.at(0.6)?.effect(&ChangeMeasure::MeanChange.into())?;
/// assert!((change.variance() - middle.variance()).abs() < 1e-14);
///
/// let over = row.over(&ChangeMeasure::StandardizedBySdOfChange.into())?;
/// assert!(over.lowest() < over.effect().y() && over.effect().y() < over.highest());
/// assert!(over.between() > 0.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// The pooled change of three studies at each value of one correlation that they share:
///
/// ```
/// use meta_analysis::study::{AssumedCorrelation, ChangeMeasure, Moments, PrePost, PrePostAssumed, Studies};
/// use meta_analysis::{RandomEffects, Result, Tau2};
///
/// let assumed = AssumedCorrelation::range(0.3, 0.9)?;
/// let row = |before: (f64, f64), after: (f64, f64), n: u32| {
///     let [before, after] = [before, after].map(|(mean, sd)| Moments::mean_sd(mean, sd));
///     PrePostAssumed::new(before, after, n, assumed.clone())
/// };
/// let studies = Studies::from([
///     ("A", row((7.46, 6.26), (2.96, 3.64), 24)?),
///     ("B", row((19.1, 11.2), (9.8, 8.1), 15)?),
///     ("C", row((12.0, 8.0), (9.5, 7.1), 40)?),
/// ]);
/// let model = RandomEffects::new(Tau2::Reml);
/// let mut widths = Vec::new();
/// for r in assumed.values(4) {
///     let rows = studies.iter().map(|(label, row)| Ok((label, row.at(r)?)));
///     let at_r: Studies<PrePost> = rows.collect::<Result<_>>()?;
///     let fit = model.fit(&at_r.effects(ChangeMeasure::StandardizedBySdBefore)?)?;
///     let (lower, upper) = fit.estimate().interval();
///     widths.push(upper - lower);
/// }
/// assert_eq!(widths.len(), 4);
/// // Or with what is not known about r inside each study's variance:
/// let over = model.fit(&studies.effects(ChangeMeasure::StandardizedBySdBefore)?)?;
/// assert!(over.estimate().value() < 0.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrePostAssumed {
    row: PrePost,
    correlation: AssumedCorrelation,
}

impl From<PrePost> for PrePostAssumed {
    /// A row with a reported correlation, to stand beside others without.
    fn from(row: PrePost) -> Self {
        Self { correlation: AssumedCorrelation(Prior::Known(row.correlation())), row }
    }
}

/// The effect of one study over what is assumed of its correlation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OverCorrelation {
    effect: Effect,
    within: f64,
    between: f64,
    lowest: f64,
    highest: f64,
}

impl OverCorrelation {
    /// The mean effect with the total variance.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The mean over r of the sampling variance.
    pub fn within(&self) -> f64 {
        self.within
    }

    /// The variance over r of the effect.
    pub fn between(&self) -> f64 {
        self.between
    }

    /// The lowest effect that an allowed r gives, on the analysis scale.
    pub fn lowest(&self) -> f64 {
        self.lowest
    }

    /// The highest effect that an allowed r gives, on the analysis scale.
    pub fn highest(&self) -> f64 {
        self.highest
    }
}

impl PrePostAssumed {
    /// Moments before and after in `n` people, and what is assumed of their correlation.
    ///
    /// # Errors
    /// As [`PrePost::new`].
    pub fn new(before: Moments, after: Moments, n: impl Count, correlation: AssumedCorrelation) -> Result<Self> {
        Ok(Self { row: PrePost::new(before, after, n, 0.0)?, correlation })
    }

    /// What is assumed.
    pub fn correlation(&self) -> &AssumedCorrelation {
        &self.correlation
    }

    /// The row at one correlation; a row whose correlation is known keeps its own.
    ///
    /// # Errors
    /// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::NonFinite`].
    pub fn at(&self, r: f64) -> Result<PrePost> {
        let correlation = self.correlation.single().unwrap_or(r);
        PrePost::fractional(self.row.before(), self.row.after(), self.row.n(), correlation)
    }

    /// The effect over the assumption, with its range and the parts of its variance.
    ///
    /// # Errors
    /// As the effect of a [`PrePost`] at any correlation that is assumed possible.
    pub fn over(&self, how: &Conversion<ChangeMeasure>) -> Result<OverCorrelation> {
        let (mut mean, mut within, mut total, mut squares) = (0.0, 0.0, 0.0, 0.0);
        self.correlation.each(|r, weight| {
            let effect = self.at(r)?.effect(how)?;
            // Running weighted mean and sum of squares, which do not cancel.
            total += weight;
            let gap = effect.y() - mean;
            mean += gap * (weight / total);
            squares += weight * gap * (effect.y() - mean);
            within += weight * effect.variance();
            Ok(())
        })?;
        let between = squares / total;
        within /= total;
        let effect = moments::effect(how.measure().into(), mean, within + between, self.row.n())?;
        let (mut lowest, mut highest) = (mean, mean);
        for r in self.correlation.extremes() {
            let y = self.at(r)?.effect(how)?.y();
            lowest = y.min(lowest);
            highest = y.max(highest);
        }
        Ok(OverCorrelation { effect, within, between, lowest, highest })
    }
}

impl Summary for PrePostAssumed {
    type Measure = ChangeMeasure;

    fn effect(&self, how: &Conversion<ChangeMeasure>) -> Result<Effect> {
        Ok(self.over(how)?.effect())
    }
}

/// Positive nodes and weights of the Gauss-Legendre rule with 32 points (mpmath 1.3, 40 digits: roots of
/// `legendre(32, x)`).
#[allow(clippy::excessive_precision)]
const NODES: [(f64, f64); 16] = [
    (0.0483076656877383162, 0.0965400885147278006),
    (0.144471961582796493, 0.0956387200792748594),
    (0.239287362252137075, 0.0938443990808045656),
    (0.33186860228212765, 0.0911738786957638847),
    (0.421351276130635345, 0.0876520930044038111),
    (0.50689990893222939, 0.0833119242269467552),
    (0.587715757240762329, 0.0781938957870703065),
    (0.663044266930215201, 0.0723457941088485062),
    (0.73218211874028968, 0.0658222227763618468),
    (0.794483795967942407, 0.0586840934785355471),
    (0.84936761373256997, 0.0509980592623761762),
    (0.896321155766052124, 0.0428358980222266807),
    (0.934906075937739689, 0.0342738629130214331),
    (0.964762255587506431, 0.0253920653092620595),
    (0.985611511545268335, 0.0162743947309056706),
    (0.997263861849481564, 0.0070186100094700966),
];
