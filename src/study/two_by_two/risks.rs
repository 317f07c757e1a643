//! Comparisons of two risks: odds ratio, Peto's odds ratio, risk ratio, risk difference, arcsine, probit.

use super::cells::Cells;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::normal;
use crate::study::precise::{difference_of_ratios, ln_ratio_of_ratios, quantile_of_share};
use crate::study::variance::VarianceType::{Average, LargeSample, Null, Unbiased, Usual};
use crate::study::{BinaryMeasure, Conversion};

type How = Conversion<BinaryMeasure>;

fn name(how: &How) -> &'static str {
    Measure::from(how.measure()).name()
}

/// `sum of term(n, p, 1 - p)` over both groups at given risks.
fn at_risks(cells: &Cells, [p1, p2]: [f64; 2], term: impl Fn(f64, f64, f64) -> f64) -> f64 {
    let [n1, n2] = cells.rows();
    term(n1, p1, 1.0 - p1) + term(n2, p2, 1.0 - p2)
}

/// The same at the risk of both groups together, counted from both sides so that neither loses digits.
fn at_pooled(cells: &Cells, term: impl Fn(f64, f64, f64) -> f64) -> f64 {
    let ([n1, n2], [m1, m2], n) = (cells.rows(), cells.columns(), cells.total());
    term(n1, m1 / n, m2 / n) + term(n2, m1 / n, m2 / n)
}

pub(super) fn log_odds_ratio(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    cells.need_all(name(how))?;
    let v = match how.variance_type() {
        Usual | LargeSample => cells.reciprocals(),
        Average => at_risks(cells, how.averages()?, |n, p, q| 1.0 / (n * p * q)),
        Null => at_pooled(cells, |n, p, q| 1.0 / (n * p * q)),
        _ => return Err(how.no_such_variance()),
    };
    Ok((ln_ratio_of_ratios([cells.a, cells.b], [cells.c, cells.d]), v))
}

pub(super) fn peto(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    only_usual(how)?;
    cells.need_margins(name(how))?;
    let ([n1, n2], [m1, m2], n) = (cells.rows(), cells.columns(), cells.total());
    if n <= 1.0 {
        let (field, measure) = ("total (both groups)", name(how));
        return Err(ErrorKind::SampleSizeTooSmall { field, value: n, needed: 2.0, measure }.into());
    }
    let v = (n / n1) * (n / n2) * ((n - 1.0) / m1 / m2);
    Ok((cells.cross() / n * v, v))
}

pub(super) fn log_risk_ratio(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    cells.need_events(name(how))?;
    let [n1, n2] = cells.rows();
    let v = match how.variance_type() {
        // 1/a - 1/n1 = b / (a n1), without the cancellation.
        Usual | LargeSample => cells.b / cells.a / n1 + cells.d / cells.c / n2,
        Average => at_risks(cells, how.averages()?, |n, p, q| q / (n * p)),
        Null => at_pooled(cells, |n, p, q| q / (n * p)),
        _ => return Err(how.no_such_variance()),
    };
    Ok((ln_ratio_of_ratios([cells.a, n1], [cells.c, n2]), v))
}

pub(super) fn risk_difference(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    let [n1, n2] = cells.rows();
    let observed = |less: f64| {
        let [one, two] = [cells.a / n1 * (cells.b / n1), cells.c / n2 * (cells.d / n2)];
        one / (n1 - less) + two / (n2 - less)
    };
    let v = match how.variance_type() {
        Usual | LargeSample => observed(0.0),
        Unbiased => {
            for (field, value) in [("total (group 1)", n1), ("total (group 2)", n2)] {
                if value <= 1.0 {
                    let measure = "an unbiased variance";
                    return Err(ErrorKind::SampleSizeTooSmall { field, value, needed: 2.0, measure }.into());
                }
            }
            observed(1.0)
        }
        Average => at_risks(cells, how.averages()?, |n, p, q| p * q / n),
        Null => at_pooled(cells, |n, p, q| p * q / n),
        _ => return Err(how.no_such_variance()),
    };
    Ok((difference_of_ratios([cells.a, n1], [cells.c, n2]), v))
}

/// `sin(y) : cos(y)` of the difference of the two angles, whose tangents are `sqrt(a/b)` and `sqrt(c/d)`.
pub(super) fn arcsine_difference(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    only_usual(how)?;
    let [n1, n2] = cells.rows();
    let Cells { a, b, c, d } = *cells;
    let sum = (a * d).sqrt() + (b * c).sqrt();
    let sine = if sum > 0.0 { cells.cross() / sum } else { 0.0 };
    Ok((sine.atan2((a * c).sqrt() + (b * d).sqrt()), 0.25 / n1 + 0.25 / n2))
}

pub(super) fn probit_difference(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    only_usual(how)?;
    cells.need_all(name(how))?;
    let (z1, v1) = probit(cells.a, cells.b);
    let (z2, v2) = probit(cells.c, cells.d);
    Ok((z1 - z2, v1 + v2))
}

/// Normal quantile of `x / (x + rest)` with its variance `p q / (n f(z)^2)`; both counts positive.
pub(in crate::study) fn probit(x: f64, rest: f64) -> (f64, f64) {
    let n = x + rest;
    let z = quantile_of_share(x, rest);
    let density = normal::ln_pdf(z).exp();
    (z, x / n / density * (rest / n / density) / n)
}

pub(super) fn only_usual(how: &How) -> Result<()> {
    if matches!(how.variance_type(), Usual | LargeSample) { Ok(()) } else { Err(how.no_such_variance()) }
}
