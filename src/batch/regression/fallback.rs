//! One regression by the certified search of `tau2`, and least squares by an orthogonal factorisation.

use super::super::UnitFlags;
use super::super::fallback::why;
use super::design::{BatchDesign, MOST};
use super::fit::Unit;
use crate::tau2::{Tau2, Tau2Error, estimate_with_design};
use nalgebra::{DMatrix, DVector};

/// A diagonal of `R` this small, relative to the largest, means a design that the studies do not support.
const SINGULAR: f64 = 1e-10;

/// Fits the studies of one unit; `missing` ones have an infinite variance. `method` is `None` for common effects.
pub(super) fn fit(design: &BatchDesign, y: &[f64], v: &[f64], method: Option<Tau2>) -> (Option<Unit>, UnitFlags) {
    let mut flags = UnitFlags::SEARCHED;
    match try_fit(design, y, v, method, &mut flags) {
        Ok(unit) => (Some(unit), flags),
        Err(flags) => (None, flags),
    }
}

/// Weighted least squares at one tau2, in units of the basis.
struct LeastSquares {
    gamma: DVector<f64>,
    r: DMatrix<f64>,
    /// The smallest variance plus tau2, which the weights are relative to.
    s: f64,
    q: f64,
}

fn try_fit(
    design: &BatchDesign,
    y: &[f64],
    v: &[f64],
    method: Option<Tau2>,
    flags: &mut UnitFlags,
) -> Result<Unit, UnitFlags> {
    let p = design.coefficients();
    // Rows in the order of precision, so that the factorisation is accurate for very unequal weights.
    let mut order: Vec<usize> = (0..y.len().min(v.len())).filter(|&i| !y[i].is_nan() && v[i] < f64::INFINITY).collect();
    order.sort_by(|&a, &b| v[a].total_cmp(&v[b]));
    let k = order.len();
    if k <= p {
        return Err(UnitFlags::TOO_FEW_STUDIES);
    }
    let z = DMatrix::from_fn(k, p, |i, j| {
        design.basis().get(j).and_then(|column| column.get(order[i])).copied().unwrap_or_default()
    });
    let (effects, variances): (Vec<f64>, Vec<f64>) = order.iter().map(|&i| (y[i], v[i])).unzip();
    if effects.iter().any(|y| !y.is_finite()) || variances.iter().any(|v| *v < 0.0) {
        return Err(UnitFlags::INVALID_VALUE);
    }
    let tau2 = match method {
        None => 0.0,
        Some(method) => {
            let fit = estimate_with_design(&effects, &variances, &z, method).map_err(|error| match error {
                Tau2Error::RankDeficient { .. } | Tau2Error::IllConditioned { .. } => UnitFlags::UNDEFINED,
                other => why(other),
            })?;
            if let Some(certificate) = &fit.certificate {
                flags.set(UnitFlags::SEVERAL_MAXIMA, !certificate.unimodal);
                flags.set(UnitFlags::TIED, certificate.tie);
            }
            flags.set(UnitFlags::AT_ZERO, fit.at_boundary);
            fit.tau2
        }
    };
    let origin = if design.has_intercept() { effects[0] } else { 0.0 };
    let centred: Vec<f64> = effects.iter().map(|y| y - origin).collect();
    let solved = least_squares(&z, &centred, &variances, tau2)?;
    let qe = if variances[0] > 0.0 {
        if tau2 > 0.0 { least_squares(&z, &centred, &variances, 0.0)?.q } else { solved.q }
    } else {
        flags.set(UnitFlags::ZERO_VARIANCE, true);
        f64::NAN
    };
    let Some(inverse) = solved.r.clone().try_inverse() else { return Err(UnitFlags::UNDEFINED) };
    let to_own = DMatrix::from_row_slice(p, p, design.to_own());
    let beta = &to_own * &solved.gamma;
    let half = &to_own * inverse;
    let root = solved.s.sqrt();
    let mut unit = Unit {
        coefficients: [0.0; MOST],
        se: [0.0; MOST],
        tau2,
        qe,
        qm: 0.0,
        q_at: solved.q,
        count: k as u32,
        lost: false,
    };
    for j in 0..p {
        unit.coefficients[j] = beta[j];
        unit.se[j] = root * half.row(j).norm();
    }
    if design.has_intercept() {
        unit.coefficients[0] += origin;
    }
    let from = usize::from(design.has_intercept());
    let tested = &solved.r * &solved.gamma_from(from);
    unit.qm = tested.iter().skip(from).map(|part| (part / root) * (part / root)).sum();
    let finite = unit.coefficients.iter().chain(&unit.se).chain([&unit.qm, &unit.q_at]).all(|x| x.is_finite());
    if finite && unit.se.iter().take(p).all(|se| *se > 0.0) { Ok(unit) } else { Err(UnitFlags::OUT_OF_RANGE) }
}

impl LeastSquares {
    /// The coefficients of the basis with those before `from` at 0.
    fn gamma_from(&self, from: usize) -> DVector<f64> {
        DVector::from_fn(self.gamma.len(), |j, _| if j < from { 0.0 } else { self.gamma[j] })
    }
}

fn least_squares(z: &DMatrix<f64>, y: &[f64], v: &[f64], tau2: f64) -> Result<LeastSquares, UnitFlags> {
    let s = v[0] + tau2;
    if s <= 0.0 {
        return Err(UnitFlags::UNDEFINED);
    }
    let root: Vec<f64> = v.iter().map(|v| (s / (v + tau2)).sqrt()).collect();
    let a = DMatrix::from_fn(z.nrows(), z.ncols(), |i, j| root[i] * z[(i, j)]);
    let b = DVector::from_fn(z.nrows(), |i, _| root[i] * y[i]);
    let factor = a.qr();
    let r = factor.r();
    let diagonal = r.diagonal().abs();
    if diagonal.iter().any(|d| *d <= SINGULAR * diagonal.max()) {
        return Err(UnitFlags::UNDEFINED);
    }
    let right = factor.q().transpose() * b;
    let Some(gamma) = r.solve_upper_triangular(&right) else { return Err(UnitFlags::UNDEFINED) };
    let fitted = z * &gamma;
    let scale = s.sqrt();
    let part = |i: usize| root[i] * ((y[i] - fitted[i]) / scale);
    let q = (0..y.len()).map(|i| part(i) * part(i)).sum();
    Ok(LeastSquares { gamma, r, s, q })
}
