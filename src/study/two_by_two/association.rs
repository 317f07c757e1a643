//! Coefficients of association of two dichotomous variables: phi, Yule's Q and Y.

use super::cells::Cells;
use super::risks::only_usual;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::variance::VarianceType::{CrossSectional, LargeSample, Stratified, Usual};
use crate::study::{BinaryMeasure, Conversion};

type How = Conversion<BinaryMeasure>;

pub(super) fn phi(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    let measure = Measure::from(how.measure()).name();
    cells.need_margins(measure)?;
    let ([n1, n2], [m1, m2]) = (cells.rows(), cells.columns());
    let phi = (cells.cross() / (n1 * n2).sqrt() / (m1 * m2).sqrt()).clamp(-1.0, 1.0);
    if phi.abs() >= 1.0 {
        return Err(ErrorKind::DegenerateCorrelation { field: "phi", value: phi, measure }.into());
    }
    let v = match how.variance_type() {
        Usual | LargeSample | CrossSectional => cross_sectional(cells, phi),
        Stratified => stratified(cells),
        _ => return Err(how.no_such_variance()),
    };
    Ok((phi, v))
}

/// `sum p_ij g_ij^2 / n` with the derivatives `g` of phi with respect to the cell probabilities, whose own mean is
/// 0 because phi does not change when all probabilities are multiplied by one number.
fn cross_sectional(cells: &Cells, phi: f64) -> f64 {
    let n = cells.total();
    let [a, b, c, d] = [cells.a / n, cells.b / n, cells.c / n, cells.d / n];
    let ([r1, r2], [c1, c2]) = ([a + b, c + d], [a + c, b + d]);
    let root = (r1 * r2).sqrt() * (c1 * c2).sqrt();
    let slope = |opposite: f64, row: f64, column: f64| opposite / root - 0.5 * phi * (1.0 / row + 1.0 / column);
    let square = |p: f64, g: f64| p * g * g;
    (square(a, slope(d, r1, c1))
        + square(b, slope(-c, r1, c2))
        + square(c, slope(-b, r2, c1))
        + square(d, slope(a, r2, c2)))
        / n
}

/// The delta method for two independent risks, with w = n1/n and s = sqrt(P Q) of the pooled risk P:
///
/// ```text
/// phi = sqrt(w (1 - w)) (p1 - p2) / s
/// ```
fn stratified(cells: &Cells) -> f64 {
    let ([n1, n2], [m1, m2], n) = (cells.rows(), cells.columns(), cells.total());
    let (w1, w2, p, q) = (n1 / n, n2 / n, m1 / n, m2 / n);
    let difference = cells.cross() / n1 / n2;
    let bend = 0.5 * difference * (q - p) / (p * q);
    let outer = w1 * w2 / (p * q);
    let part = |x: f64, rest: f64, size: f64, slope: f64| slope * slope * (x / size * (rest / size)) / size;
    outer * (part(cells.a, cells.b, n1, 1.0 - bend * w1) + part(cells.c, cells.d, n2, 1.0 + bend * w2))
}

pub(super) fn yule_q(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    only_usual(how)?;
    cells.need_all(Measure::from(how.measure()).name())?;
    let (ad, bc) = (cells.a * cells.d, cells.b * cells.c);
    // 1 - Q^2 without the cancellation.
    let rest = 4.0 * (ad / (ad + bc)) * (bc / (ad + bc));
    Ok((cells.cross() / (ad + bc), 0.25 * rest * rest * cells.reciprocals()))
}

pub(super) fn yule_y(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    only_usual(how)?;
    cells.need_all(Measure::from(how.measure()).name())?;
    let (s, t) = ((cells.a * cells.d).sqrt(), (cells.b * cells.c).sqrt());
    let rest = 4.0 * (s / (s + t)) * (t / (s + t));
    Ok((cells.cross() / ((s + t) * (s + t)), 0.0625 * rest * rest * cells.reciprocals()))
}
