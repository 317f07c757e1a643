//! Whether the odds ratios of 2x2 tables are alike: Breslow-Day and Tarone.

use super::association::ChiSquaredTest;
use super::strata::{check_events, gather, no_odds};
use super::sums;
use crate::error::{ErrorKind, Result};
use crate::num::noncentral_hypergeometric::expected;
use crate::study::{BinaryMeasure, Conversion, Dropped, Studies, TwoByTwo};
use serde::{Deserialize, Serialize};

/// What [`breslow_day`] returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BreslowDay {
    /// As Breslow and Day give it.
    pub uncorrected: ChiSquaredTest,
    /// With Tarone's correction, to be preferred: the Mantel-Haenszel odds ratio is not the maximum of the likelihood,
    /// so that the uncorrected statistic is too large.
    pub tarone: ChiSquaredTest,
    /// The Mantel-Haenszel odds ratio at which events are expected.
    pub odds_ratio: f64,
    /// Studies that say nothing about the odds ratio.
    pub dropped: Vec<Dropped>,
}

/// The Breslow-Day test of equal odds ratios, with and without Tarone's correction.
///
/// ```text
/// A:    the count of events in the first group at which the table has the Mantel-Haenszel odds ratio and its margins
/// V:    1 / (1/A + 1/B + 1/C + 1/D)
/// sum (a - A)^2/V        Tarone: minus (sum (a - A))^2 / sum V        df = k - 1
/// ```
///
/// Breslow & Day 1980, Statistical Methods in Cancer Research I, section 4.4; Tarone 1985, Biometrika 72:91,
/// doi 10.1093/biomet/72.1.91. metafor: `rma.mh` prints Tarone's; statsmodels: `test_equal_odds(adjust = )`.
///
/// The distribution is chi-squared if the tables are large; for sparse ones there is [`zelen`](super::zelen()).
///
/// ```
/// use meta_analysis::study::{Studies, TwoByTwo};
/// use meta_analysis::tables::breslow_day;
///
/// let strata = Studies::from([
///     ("below 55", TwoByTwo::new((8, 106), (5, 120))?),
///     ("55 and over", TwoByTwo::new((22, 98), (16, 85))?),
/// ]);
/// let test = breslow_day(&strata)?;
/// assert_eq!(test.tarone.to_string(), "chi2 0.349 (df 1, p = 0.555)");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] if the Mantel-Haenszel odds ratio is undefined; [`ErrorKind::Empty`],
/// [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`], [`ErrorKind::Overflow`].
pub fn breslow_day(studies: &Studies<TwoByTwo>) -> Result<BreslowDay> {
    let gathered = gather(studies, Conversion::new(BinaryMeasure::LogOddsRatio), false, no_odds)?;
    check_events(studies, &gathered.cells, "test of equal odds ratios")?;
    let [r, s] = sums::odds(&gathered.cells);
    if !(r > 0.0 && s > 0.0) {
        let why = "the Mantel-Haenszel odds ratio is 0 or has no limit";
        let remedy = "there is no odds ratio that the studies could share";
        return Err(ErrorKind::NotEstimable { measure: "test of equal odds ratios", why, remedy }.into());
    }
    let odds_ratio = r / s;
    let (mut squares, mut score, mut information) = (0.0, 0.0, 0.0);
    for &[a, b, c, d] in &gathered.cells {
        let fitted = expected([a, b, c, d], odds_ratio);
        let variance = 1.0 / fitted.iter().map(|cell| 1.0 / cell).sum::<f64>();
        // The smallest of the four has the most digits; the distance is the same for all, up to its sign.
        let observed = [a, b, c, d];
        let pairs = observed.iter().zip(&fitted).zip([1.0, -1.0, -1.0, 1.0]);
        let (_, distance) =
            pairs.fold(
                (f64::INFINITY, 0.0),
                |(least, distance), ((x, f), sign)| {
                    if *f < least { (*f, sign * (x - f)) } else { (least, distance) }
                },
            );
        // Where the margins leave no choice, expected is observed.
        if variance > 0.0 {
            squares += distance / variance * distance;
            score += distance;
            information += variance;
        }
    }
    if information.is_nan() || information <= 0.0 {
        return Err(ErrorKind::Overflow { what: "the Breslow-Day statistic" }.into());
    }
    let df = gathered.cells.len() as f64 - 1.0;
    let name = "the Breslow-Day statistic";
    Ok(BreslowDay {
        uncorrected: ChiSquaredTest::new(squares, df, name)?,
        tarone: ChiSquaredTest::new(squares - score / information * score, df, name)?,
        odds_ratio,
        dropped: gathered.dropped,
    })
}
