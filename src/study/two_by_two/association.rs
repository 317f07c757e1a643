//! Coefficients of association of two dichotomous variables: phi, Yule's Q and Y.

use super::cells::Cells;
use super::risks::only_usual;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::variance::VarianceType::{CrossSectional, LargeSample, Stratified, Usual};
use crate::study::{BinaryMeasure, Conversion};

type How = Conversion<BinaryMeasure>;

pub(super) fn phi(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    let phi = Phi::new(cells, how)?;
    Ok((phi.value, phi.variance))
}

/// Fisher's z of phi, without the cancellation of `1 - phi` where phi is close to 1.
pub(super) fn fisher_z_phi(cells: &Cells, how: &How) -> Result<(f64, f64)> {
    let Phi { value, rest, variance } = Phi::new(cells, how)?;
    let z = if value.abs() < 0.5 {
        libm::atanh(value)
    } else {
        0.5 * ((1.0 + value.abs()).powi(2) / rest).ln() * value.signum()
    };
    Ok((z, variance / rest / rest))
}

/// phi, 1 - phi^2, and the variance of phi.
struct Phi {
    value: f64,
    rest: f64,
    variance: f64,
}

impl Phi {
    /// With `R = sqrt(n1 n2 m1 m2)`, the derivatives of phi with respect to the cells come as sums of one sign:
    ///
    /// ```text
    /// d phi/d a =  (a d (b + c) + b c (n + a + d)) / (2 n1 m1 R)        d phi/d d likewise over n2 m2
    /// d phi/d b = -(b c (a + d) + a d (n + b + c)) / (2 n1 m2 R)        d phi/d c likewise over n2 m1
    /// 1 - phi^2 = n (a b c + a b d + a c d + b c d) / R^2
    /// ```
    ///
    /// Their mean, weighted by the cells, is 0, since phi does not change when all cells are multiplied.
    fn new(cells: &Cells, how: &How) -> Result<Self> {
        let measure = Measure::from(how.measure()).name();
        cells.need_margins(measure)?;
        let ([n1, n2], [m1, m2], n) = (cells.rows(), cells.columns(), cells.total());
        let Cells { a, b, c, d } = *cells;
        let root = (n1 * n2).sqrt() * (m1 * m2).sqrt();
        let value = (cells.cross() / root).clamp(-1.0, 1.0);
        let rest = (n / root) * ((a * b * (c + d) + c * d * (a + b)) / root);
        if rest <= 0.0 {
            return Err(ErrorKind::DegenerateCorrelation { field: "phi", value, measure }.into());
        }
        let up = 0.5 * (a * d * (b + c) + b * c * (n + a + d)) / root;
        let down = 0.5 * (b * c * (a + d) + a * d * (n + b + c)) / root;
        let [by_a, by_b, by_c, by_d] = [up / n1 / m1, down / n1 / m2, down / n2 / m1, up / n2 / m2];
        let variance = match how.variance_type() {
            Usual | LargeSample | CrossSectional => {
                a * by_a * by_a + b * by_b * by_b + c * by_c * by_c + d * by_d * by_d
            }
            // An event more is a non-event less: the slopes add, and a has the variance of a binomial.
            Stratified => a * (b / n1) * (by_a + by_b).powi(2) + c * (d / n2) * (by_c + by_d).powi(2),
            _ => return Err(how.no_such_variance()),
        };
        Ok(Self { value, rest, variance })
    }
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
