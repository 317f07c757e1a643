//! Columns of results, each as long as there are units.

use super::UnitFlags;
use crate::error::{ErrorKind, Result};

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Columns of results to be written, each as long as there are units; only those given are computed.
        ///
        /// A unit that could not be computed has NaN in every column of numbers, and its [flags](UnitFlags) say why. So has a
        /// column that does not exist for a unit, such as a Hartung-Knapp standard error of one study. Columns of batches are the one
        /// place where this crate writes NaN as a result.
        ///
        /// ```
        /// use meta_analysis::batch::BatchOutput;
        ///
        /// let (mut mu, mut se) = (vec![0.0; 1000], vec![0.0; 1000]);
        /// let output = BatchOutput { mu: Some(&mut mu), se: Some(&mut se), ..BatchOutput::default() };
        /// # let _ = output;
        /// ```
        #[derive(Debug, Default)]
        pub struct BatchOutput<'a> {
            $($(#[$doc])* pub $name: Option<&'a mut [$type]>,)*
        }

        impl<'a> BatchOutput<'a> {
            /// Every column has this length.
            pub(super) fn check(&self, units: usize) -> Result<()> {
                $(if let Some(column) = &self.$name {
                    if column.len() != units {
                        let field = stringify!($name).to_owned();
                        return Err(ErrorKind::LengthMismatch { field, expected: units, found: column.len() }.into());
                    }
                })*
                Ok(())
            }

            /// The columns of the first `units` units, which leave `self`.
            pub(super) fn take_front(&mut self, units: usize) -> BatchOutput<'a> {
                BatchOutput {
                    $($name: self.$name.take().map(|column| {
                        let (front, rest) = column.split_at_mut(units.min(column.len()));
                        self.$name = Some(rest);
                        front
                    }),)*
                }
            }

            /// The same columns, borrowed again.
            pub(super) fn reborrow(&mut self) -> BatchOutput<'_> {
                BatchOutput { $($name: self.$name.as_deref_mut(),)* }
            }
        }
    };
}

columns! {
    /// Weighted mean with weights `1/(v + tau2)`.
    mu: f64,
    /// Its standard error, `1/sqrt(sum w)`.
    se: f64,
    /// Between-study variance; 0 for the common effect.
    tau2: f64,
    /// Cochran's Q.
    q: f64,
    /// I2, 0 to 1: for random effects from tau2 and the typical variance, for the common effect from Q; see
    /// [`Heterogeneity`](crate::Heterogeneity).
    i2: f64,
    /// Two-sided p-value of `mu = 0`, normal distribution.
    p: f64,
    /// Its decimal logarithm, also where `p` itself is below the smallest double.
    log10_p: f64,
    /// Hartung-Knapp standard error of `mu`, `se sqrt(Q(tau2)/(k-1))`.
    hk_se: f64,
    /// Two-sided p-value with it, t distribution with `k - 1` degrees of freedom.
    hk_p: f64,
    /// Its decimal logarithm.
    hk_log10_p: f64,
    /// p-value of Cochran's Q, chi-squared with `k - 1` degrees of freedom; 1 for one study.
    q_p: f64,
    /// Lower bound of the prediction interval; see [`BatchPlan::prediction`](super::BatchPlan::prediction). A common effect has none:
    /// NaN.
    prediction_lower: f64,
    /// Its upper bound.
    prediction_upper: f64,
    /// What happened to each unit.
    flags: UnitFlags,
    /// Number of studies that are not missing.
    count: u32,
}
