//! Which columns make up a reported estimate.

use super::{Columns, Tabular};
use crate::error::{ErrorKind, Result};
use crate::study::reported::{Reported, ReportedRow, Uncertainty};

/// An estimate in the column `estimate`, and how sure it is in the first of these that the row has:
///
/// | columns | meaning |
/// | --- | --- |
/// | `lower`, `upper` | confidence limits, of the `level` (0.95 where there is none) and with `df` where they are of t |
/// | `se`, `se_natural`, `variance` | standard error on the analysis scale, on the natural scale; variance on the analysis scale |
/// | `z`, `t`, `f`, `chi_squared` | test statistics |
/// | `p` | two-sided p-value, of a t-test where there are `df` |
///
/// `n` is the number of people. [`Columns::estimates_of`] says what the estimates are.
///
/// ```
/// use meta_analysis::{Measure, study::{Columns, ReportedRow, Studies}};
///
/// let table = "study,hr,lower,upper,p\nA,0.62,0.45,0.86,\nB,0.70,,,0.04\n";
/// let columns = Columns::new().field("estimate", "hr").estimates_of(Measure::LogHazardRatio);
/// let studies = Studies::<ReportedRow>::from_csv(table.as_bytes(), &columns)?;
/// let effects = studies.effects(Measure::LogHazardRatio)?;
/// assert!((effects.v()[0] - 0.027_300_540_506_208_3).abs() < 1e-14); // metafor 5.1-12, conv.wald
/// # Ok::<(), meta_analysis::Error>(())
/// ```
impl Tabular for ReportedRow {
    const FIELDS: &'static [&'static str] = &["estimate"];
    const OPTIONAL: &'static [&'static str] =
        &["lower", "upper", "level", "df", "se", "se_natural", "variance", "z", "t", "f", "chi_squared", "p", "n"];

    /// An estimate alone is no row.
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`].
    fn from_fields(_: &[f64]) -> Result<Self> {
        let (what, why) = ("reported estimate alone", "it needs its uncertainty; use `Reported::with`");
        Err(ErrorKind::NotApplicable { what, why }.into())
    }

    /// # Errors
    /// [`ErrorKind::NotApplicable`] without [`Columns::estimates_of`], [`ErrorKind::MissingValue`] for a row that does
    /// not say how sure its estimate is, and as [`Reported::with`].
    fn from_row(values: &[f64], optional: &[Option<f64>], columns: &Columns) -> Result<Self> {
        let (&[estimate], &[lower, upper, level, df, se, se_natural, variance, z, t, f, chi_squared, p, n]) =
            (values, optional)
        else {
            let (field, expected) = ("values".to_owned(), Self::FIELDS.len() + Self::OPTIONAL.len());
            return Err(ErrorKind::LengthMismatch { field, expected, found: values.len() + optional.len() }.into());
        };
        let measure = columns.estimates.ok_or(ErrorKind::NotApplicable {
            what: "table of estimates",
            why: "nothing says what they are; use `Columns::estimates_of`",
        })?;
        let interval = match (lower, upper) {
            (Some(lower), Some(upper)) => {
                Some(Uncertainty::Interval { lower, upper, level: level.unwrap_or(0.95), df })
            }
            (None, None) => None,
            (Some(_), None) => return Err(missing(columns, "upper")),
            (None, Some(_)) => return Err(missing(columns, "lower")),
        };
        if let Some(value) = variance.filter(|v| *v < 0.0) {
            let (field, lower, upper) = ("variance", 0.0, f64::INFINITY);
            return Err(ErrorKind::OutsideSupport { field, value, lower, upper }.into());
        }
        let uncertainty = interval
            .or(se.map(Uncertainty::StandardErrorAnalysis))
            .or(se_natural.map(Uncertainty::StandardErrorNatural))
            .or(variance.map(|v| Uncertainty::StandardErrorAnalysis(v.sqrt())))
            .or(z.map(Uncertainty::Z))
            .or(t.map(Uncertainty::T))
            .or(f.map(Uncertainty::F))
            .or(chi_squared.map(Uncertainty::ChiSquared))
            .or(p.map(|p| Uncertainty::PTwoSided { p, df }))
            .ok_or_else(|| missing(columns, "lower, upper, se, variance, z, t, f, chi_squared or p"))?;
        let reported = if columns.analysis_scale {
            Reported::analysis(measure, estimate)
        } else {
            Reported::new(measure, estimate)
        };
        n.map_or(reported, |n| reported.people(n)).with(uncertainty)
    }
}

fn missing(columns: &Columns, field: &'static str) -> crate::Error {
    ErrorKind::MissingValue { column: columns.column_of(field).to_owned(), field }.into()
}
