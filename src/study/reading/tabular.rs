//! Which numbers make up a row of each kind of data.

use super::Columns;
use crate::error::Result;
use crate::study::{
    AreaUnderCurve, Correlation, Genotypes, MatchedPairs, Moments, OneMean, PartialCorrelation, PrePost, Proportion,
    RSquared, Rate, Reliability, SemipartialCorrelation, StandardizedDifference, TwoByTwo, TwoMeans, TwoRates,
};

/// A kind of data that can be read from the columns of a table.
///
/// ```
/// use meta_analysis::study::{Tabular, TwoMeans};
/// assert_eq!(TwoMeans::FIELDS, ["mean1", "sd1", "n1", "mean2", "sd2", "n2"]);
/// ```
pub trait Tabular: Sized {
    /// The names of the fields, in order.
    const FIELDS: &'static [&'static str];

    /// The row of these numbers, one for each field, in order.
    ///
    /// # Errors
    /// Whatever the constructor of the data refuses.
    fn from_fields(values: &[f64]) -> Result<Self>;

    /// The names of fields that a table, or a row of it, may do without. Default: none.
    const OPTIONAL: &'static [&'static str] = &[];

    /// The row of these numbers: `values` one for each field, `optional` one for each optional field. Default:
    /// [`from_fields`](Self::from_fields).
    ///
    /// # Errors
    /// As [`from_fields`](Self::from_fields).
    fn from_row(values: &[f64], optional: &[Option<f64>], columns: &Columns) -> Result<Self> {
        let _ = (optional, columns);
        Self::from_fields(values)
    }
}

/// One implementation per kind of data: its fields, and how they make a row.
macro_rules! tabular {
    ($($data:ty: [$($field:ident),+] => $row:expr;)+) => {$(
        impl Tabular for $data {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn from_fields(values: &[f64]) -> Result<Self> {
                match *values {
                    [$($field),+] => $row,
                    _ => {
                        let (field, expected) = ("values".to_owned(), Self::FIELDS.len());
                        Err(crate::ErrorKind::LengthMismatch { field, expected, found: values.len() }.into())
                    }
                }
            }
        }
    )+};
}

tabular! {
    Proportion: [events, total] => Self::new(events, total);
    Rate: [events, time] => Self::new(events, time);
    TwoByTwo: [events1, total1, events2, total2] => Self::new((events1, total1), (events2, total2));
    TwoRates: [events1, time1, events2, time2] => Self::new((events1, time1), (events2, time2));
    TwoMeans: [mean1, sd1, n1, mean2, sd2, n2] =>
        Self::new((Moments::mean_sd(mean1, sd1), n1), (Moments::mean_sd(mean2, sd2), n2));
    PrePost: [mean_before, sd_before, mean_after, sd_after, n, correlation] =>
        Self::new(Moments::mean_sd(mean_before, sd_before), Moments::mean_sd(mean_after, sd_after), n, correlation);
    Correlation: [r, n] => Self::new(r, n);
    PartialCorrelation: [r, n, predictors] => Self::new(r, n, predictors);
    SemipartialCorrelation: [r, r_squared, n] => Self::new(r, r_squared, n);
    RSquared: [r_squared, n, predictors] => Self::new(r_squared, n, predictors);
    Reliability: [alpha, items, n] => Self::new(alpha, items, n);
    Genotypes: [first, heterozygous, second] => Self::new(first, heterozygous, second);
    MatchedPairs: [both, first_only, second_only, neither] => Self::new(both, first_only, second_only, neither);
    OneMean: [mean, sd, n] => Self::new(Moments::mean_sd(mean, sd), n);
    StandardizedDifference: [d, n1, n2] => Self::from_d(d, n1, n2);
    AreaUnderCurve: [auc, n1, n2] => Self::new(auc, n1, n2);
}
