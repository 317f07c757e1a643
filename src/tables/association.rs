//! The Cochran-Mantel-Haenszel test.

use super::strata::{Counts, check_events};
use crate::error::{ErrorKind, Result};
use crate::num::chi_squared;
use crate::num::format::{p_value, significant};
use crate::study::Studies;
use serde::{Deserialize, Serialize};

/// A chi-squared test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChiSquaredTest {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub df: f64,
    /// Upper tail; 1 for 0 degrees of freedom.
    pub p_value: f64,
}

impl ChiSquaredTest {
    pub(super) fn new(statistic: f64, df: f64, what: &'static str) -> Result<Self> {
        if !statistic.is_finite() {
            return Err(ErrorKind::Overflow { what }.into());
        }
        let statistic = statistic.max(0.0);
        let p_value = if df > 0.0 { chi_squared::sf(statistic, df) } else { 1.0 };
        Ok(Self { statistic, df, p_value })
    }
}

impl std::fmt::Display for ChiSquaredTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "chi2 {} (df {}, p {})", significant(self.statistic), self.df, p_value(self.p_value))
    }
}

/// Whether the distance of observed from expected is made smaller by one half, for a discrete statistic is compared
/// with a continuous distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Continuity {
    /// The distance as it is. metafor, R: `correct = FALSE`.
    Uncorrected,
    /// One half less, but not below 0; **the default**. metafor, R: `correct = TRUE`.
    #[default]
    Half,
}

/// Tests that the groups do not differ in any study, against a difference in one direction.
///
/// ```text
/// (|sum (a - E)| - 1/2)^2 / sum V
/// tables   E = m1 n1/n,  V = n1 n2 m1 m2/(n^2 (n - 1))        rates   E = (x1 + x2) t1/T,  V = (x1 + x2) t1 t2/T^2
/// ```
///
/// Mantel & Haenszel 1959, J Natl Cancer Inst 22:719, doi 10.1093/jnci/22.4.719; Cochran 1954, Biometrics 10:417,
/// doi 10.2307/3001616. R: `mantelhaen.test`; metafor: the test that `rma.mh` prints for `OR` and `IRR`. No count is
/// corrected, and a study without events changes nothing. If observed and expected differ by less than one half, the
/// corrected statistic is 0 here; metafor and statsmodels square the negative distance, R leaves the correction out.
///
/// ```
/// use meta_analysis::study::{Studies, TwoByTwo};
/// use meta_analysis::tables::{Continuity, cochran_mantel_haenszel};
///
/// let strata = Studies::from([
///     ("below 55", TwoByTwo::new((8, 106), (5, 120))?),
///     ("55 and over", TwoByTwo::new((22, 98), (16, 85))?),
/// ]);
/// let test = cochran_mantel_haenszel(&strata, Continuity::Half)?;
/// assert!((test.statistic - 0.879_666_348_8).abs() < 1e-9); // R 4.2.2, mantelhaen.test
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] if no study has a variance; [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`],
/// [`ErrorKind::InvalidLabel`], [`ErrorKind::Overflow`].
pub fn cochran_mantel_haenszel<T>(studies: &Studies<T>, continuity: Continuity) -> Result<ChiSquaredTest>
where
    T: Counts,
{
    studies.check_labels()?;
    check_events(studies, &[], "test of association")?;
    let (score, variance) = studies.iter().fold((0.0, 0.0), |(score, variance), (_, row)| {
        let (s, v) = T::score(row.four());
        (score + s, variance + v)
    });
    if variance <= 0.0 {
        let why = "no study has both events and non-events, or, of rates, events";
        return Err(
            ErrorKind::NotEstimable { measure: "test", why, remedy: "there is nothing that could be tested" }.into()
        );
    }
    let less = if continuity == Continuity::Half { 0.5 } else { 0.0 };
    let distance = f64::max(f64::abs(score) - less, 0.0);
    ChiSquaredTest::new(distance / variance * distance, 1.0, "the Cochran-Mantel-Haenszel statistic")
}
