//! The natural scale: what a reader wants to see.

use crate::measure::Measure;
use crate::num::format::significant;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// A value with its interval on the natural scale: a proportion, an odds ratio, a correlation.
///
/// There is no standard error here, for a back-transformed value has none, and there is no way back:
///
/// ```compile_fail
/// # let fit: meta_analysis::Pooled = unimplemented!();
/// fit.natural().natural();
/// ```
///
/// ```compile_fail
/// # let fit: meta_analysis::Pooled = unimplemented!();
/// fit.natural().se();
/// ```
///
/// A number beyond the range of double precision, such as an odds ratio whose upper limit is exp(800), is the largest
/// double, never infinity. `{}` prints three significant digits, `{:.2}` two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Natural {
    /// The value; for a pooled effect the **median** of the distribution of effects on this scale.
    pub value: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Level of the interval, e.g. 0.95.
    pub level: f64,
    /// What the number is; [`Measure::natural_name`] has its name.
    pub measure: Measure,
}

impl Natural {
    /// Carries a value and its limits over, clipped to the range that the measure can take, and to what a double can
    /// hold: a ratio's limit of exp(800) becomes the largest double, never infinity.
    pub(crate) fn new(measure: Measure, scale: Scale, level: f64, [value, lower, upper]: [f64; 3]) -> Self {
        let (least, most) = measure.natural_range();
        let back = |y: f64| scale.to_natural(y).clamp(least.max(f64::MIN), most.min(f64::MAX));
        Self { value: back(value), lower: back(lower), upper: back(upper), level, measure }
    }

    /// One number as this type prints it.
    pub(crate) fn number(f: &std::fmt::Formatter<'_>, x: f64) -> String {
        match f.precision() {
            Some(decimals) => format!("{x:.decimals$}"),
            None => significant(x),
        }
    }
}

impl std::fmt::Display for Natural {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [value, lower, upper] = [self.value, self.lower, self.upper].map(|x| Self::number(f, x));
        write!(f, "{value} [{lower}, {upper}]")
    }
}
