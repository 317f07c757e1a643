//! Everything an estimator may ask about the data, for any design matrix.

use super::design_form::DesignForm;
use super::eliminate::{Pivots, eliminate};
use super::fixed_weights::{FixedForm, FixedWeights};
use super::generalised_q::Weighted;
use super::householder::{Householder, dot};
use super::prepare::{Axis, Unit, survey};
use super::profile::{Likelihood, LogTerms, Profile, Studies, Sums, Unweighted};
use super::search::Scratch;
use super::{Tau2, Tau2Error, Tau2Fit, run};
use crate::num::orthogonal::{Conditioning, first_unsound};
use crate::num::sum::LogProduct;
use nalgebra::DMatrix;

/// Estimates tau2 in the model `y_i ~ N(x_i' beta, v_i + tau2)` with any design matrix `x` (one row per study).
///
/// The design includes the intercept if there is to be one. Nothing depends on which basis of its column space is given.
///
/// ```
/// use meta_analysis::tau2::{Tau2, estimate, estimate_with_design};
/// use nalgebra::DMatrix;
///
/// let y = [0.1, 0.9, 0.4, 0.7];
/// let v = [0.04, 0.09, 0.05, 0.02];
/// let ones = DMatrix::from_element(4, 1, 1.0);
/// let a = estimate_with_design(&y, &v, &ones, Tau2::Reml)?;
/// let b = estimate(&y, &v, Tau2::Reml)?;
/// assert!((a.tau2 - b.tau2).abs() < 1e-14);
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
///
/// # Errors
///
/// As [`estimate`](super::estimate), with at least one study more than there are coefficients, and
/// [`Tau2Error::DesignRows`], [`Tau2Error::NonFiniteDesign`], [`Tau2Error::RankDeficient`], [`Tau2Error::IllConditioned`];
/// [`Tau2Error::DesignNotSupported`] for
/// [`Tau2::BootstrappedDerSimonianLaird`].
pub fn estimate_with_design(y: &[f64], v: &[f64], x: &DMatrix<f64>, method: Tau2) -> Result<Tau2Fit, Tau2Error> {
    let mut design = Design::new(y, v, x)?;
    let unit = design.unit;
    run(&mut design, method, unit, &mut Scratch::default(), true)
}

/// A regression design.
///
/// Studies are in ascending order of variance. `p` precise studies with linearly independent rows are the origin: their
/// effects are 0 and the design is expressed in their rows, which changes neither residuals nor `P`. This is what taking effects relative
/// to the most precise study is for a common mean, and serves the same purpose.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    p: usize,
    y: Vec<f64>,
    d: Vec<f64>,
    /// Row-major.
    x: Vec<f64>,
    unit: Unit,
    axis: Axis,
    first_zero: Option<usize>,
    zeros: Zeros,
    unweighted: Unweighted,
    log_gram: LogProduct,
    factor: Householder,
    buffers: Buffers,
}

/// Vectors of length `k` used by one evaluation.
#[derive(Clone, Debug)]
struct Buffers {
    /// The ratios `s/(v_i + tau2)`.
    omega: Vec<f64>,
    /// Their roots.
    root: Vec<f64>,
    a: Vec<f64>,
    leverage: Vec<f64>,
    /// An orthonormal basis of the column space.
    basis: Vec<Vec<f64>>,
}

impl Buffers {
    fn of_traces(&mut self) -> (&mut [f64], &mut [f64], &mut [Vec<f64>]) {
        (&mut self.a, &mut self.leverage, &mut self.basis)
    }
}

/// The studies with variance 0.
#[derive(Clone, Copy, Debug)]
struct Zeros {
    count: usize,
    rank: usize,
    /// Whether some coefficients fit all of them exactly.
    fitted: bool,
}

impl Design {
    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    pub(crate) fn new(y: &[f64], v: &[f64], x: &DMatrix<f64>) -> Result<Self, Tau2Error> {
        let survey = survey(y, v)?;
        let (k, p) = (y.len(), x.ncols());
        check_design(x, k)?;
        super::need_studies(k, p + 1)?;
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&i, &j| v[i].total_cmp(&v[j]));
        let mut rows = scaled_rows(x, &order);
        let mut effects: Vec<f64> = order.iter().map(|&i| y[i]).collect();
        let of_zeros = effects[..survey.zeros].iter().map(|y| y.abs()).fold(0.0, f64::max);
        let rank = eliminate(&mut rows.clone(), &mut vec![0.0; k], p, Pivots::Largest);
        let errors: Vec<f64> = order.iter().map(|&i| v[i].sqrt()).collect();
        if rank < p || eliminate(&mut rows, &mut effects, p, Pivots::Precise(&errors)) < p {
            return Err(Tau2Error::RankDeficient { columns: p, rank });
        }
        if let Some((column, Conditioning::Ill(rcond))) = first_unsound(x.as_slice().chunks(k.max(1))) {
            return Err(Tau2Error::IllConditioned { column, rcond });
        }
        if !effects.iter().all(|y| y.is_finite()) {
            return Err(Tau2Error::Overflow);
        }
        let spread = effects.iter().map(|y| y.abs()).fold(0.0, f64::max);
        let unit = Unit::new(spread, survey.largest, survey.smallest_positive)?;
        effects.iter_mut().for_each(|y| *y = unit.shrink(*y));
        let variances: Vec<f64> = order.iter().map(|&i| unit.shrink_square(v[i])).collect();
        let c = variances[0];
        let mut design = Self {
            p,
            d: variances.iter().map(|v| v - c).collect(),
            y: effects,
            x: rows,
            unit,
            axis: Axis::regular(c),
            first_zero: (survey.zeros > 0).then_some(survey.first),
            zeros: Zeros { count: survey.zeros, rank: 0, fitted: false },
            unweighted: Unweighted { rss: 0.0, trace: 0.0, trace_sq: 0.0 },
            log_gram: LogProduct::new(),
            factor: Householder::default(),
            buffers: Buffers {
                omega: vec![0.0; k],
                root: vec![0.0; k],
                a: vec![0.0; k],
                leverage: vec![0.0; k],
                basis: vec![vec![0.0; k]; p],
            },
        };
        design.take_unweighted(&variances);
        if survey.zeros > 0 {
            let misfit = design.take_zeros(survey.zeros, unit.shrink(of_zeros));
            let positive = unit.shrink_square(survey.smallest_positive);
            if misfit > 0.0 && misfit * misfit <= 0.0 {
                return Err(survey.ratio_out_of_range(v));
            }
            let smallest = if misfit > 0.0 { positive.min(misfit * misfit) } else { positive };
            let largest = variances.last().copied().unwrap_or(0.0);
            let axis = Axis::at_zero(smallest, largest, design.unweighted.rss);
            design.axis = axis.ok_or_else(|| survey.ratio_out_of_range(v))?;
        }
        Ok(design)
    }

    /// Ordinary least squares.
    fn take_unweighted(&mut self, variances: &[f64]) {
        self.buffers.root.fill(1.0);
        self.factor();
        self.log_gram = self.log_determinant();
        let Self { factor, buffers, y, .. } = self;
        buffers.a.copy_from_slice(y);
        let rss = factor.residual(&mut buffers.a);
        let (trace, trace_sq) = traces(factor, variances, buffers.of_traces());
        self.unweighted = Unweighted { rss, trace, trace_sq };
    }

    /// Ranks the zero-variance studies, whose effects are at most `size`, and returns how far from a common fit they are.
    fn take_zeros(&mut self, count: usize, size: f64) -> f64 {
        let mut x = self.x[..count * self.p].to_vec();
        let mut y = self.y[..count].to_vec();
        let rank = eliminate(&mut x, &mut y, self.p, Pivots::Largest);
        let misfit = y.iter().map(|y| y.abs()).fold(0.0, f64::max);
        // With one coefficient agreement is exact; with more, solving for them rounds.
        let rounding = if self.p > 1 { 16.0 * self.p as f64 * f64::EPSILON } else { 0.0 };
        let fitted = misfit <= rounding * size;
        self.zeros = Zeros { count, rank, fitted };
        if fitted { 0.0 } else { misfit }
    }

    fn factor(&mut self) {
        self.factor.factor(&self.x, &self.buffers.root, self.p);
    }

    /// Twice the sum of the logarithms of the diagonal of `R`.
    fn log_determinant(&self) -> LogProduct {
        let mut log = LogProduct::new();
        for &r in self.factor.diagonal() {
            log.multiply(r);
            log.multiply(r);
        }
        log
    }

    /// The ratios `s/(v_i + tau2)`, their roots and the factorisation.
    fn weigh(&mut self, s: f64) {
        let Buffers { omega, root, .. } = &mut self.buffers;
        for ((omega, root), d) in omega.iter_mut().zip(root).zip(&self.d) {
            *omega = s / (d + s);
            *root = omega.sqrt();
        }
        self.factor();
    }

    /// `(s y'Py, s^2 y'P^2y)`, leaving `W^1/2` times the weighted residuals in `a`.
    fn quadratic_forms(&mut self) -> (f64, f64) {
        let Self { factor, buffers, y, .. } = self;
        let Buffers { root, a, .. } = buffers;
        for ((a, y), root) in a.iter_mut().zip(y).zip(root.iter()) {
            *a = *y * root;
        }
        let q = factor.residual(a);
        let mut f = 0.0;
        for (a, root) in a.iter_mut().zip(root.iter()) {
            *a *= root;
            f += *a * *a;
            *a *= root;
        }
        (q, f)
    }
}

impl Profile for Design {
    fn studies(&self) -> usize {
        self.y.len()
    }

    fn coefficients(&self) -> usize {
        self.p
    }

    fn axis(&self) -> Axis {
        self.axis
    }

    fn first_zero(&self) -> Option<usize> {
        self.first_zero
    }

    fn unbounded(&self, likelihood: Likelihood) -> bool {
        let Zeros { count, rank, fitted } = self.zeros;
        fitted && count > 0 && (likelihood == Likelihood::Full || count > rank)
    }

    fn finite_at_zero(&self, likelihood: Likelihood) -> bool {
        let Zeros { count, rank, .. } = self.zeros;
        count == 0 || (count == rank && likelihood == Likelihood::Restricted)
    }

    fn at(&mut self, s: f64) -> Sums {
        self.weigh(s);
        let (q, f) = self.quadratic_forms();
        let Self { factor, buffers, .. } = self;
        let half_slope = factor.residual(&mut buffers.a);
        let omega = core::mem::take(&mut buffers.omega);
        let (trace, trace_sq) = traces(factor, &omega, buffers.of_traces());
        buffers.omega = omega;
        Sums {
            s,
            q: q / s,
            f: f / s,
            f_slope: 2.0 * half_slope / s,
            trace,
            trace_sq,
            weight: buffers.omega.iter().sum(),
            weight_sq: buffers.omega.iter().map(|o| o * o).sum(),
        }
    }

    fn q_at(&mut self, s: f64) -> (f64, f64) {
        self.weigh(s);
        let (q, f) = self.quadratic_forms();
        (q / s, f / s)
    }

    fn unweighted(&self) -> Unweighted {
        self.unweighted
    }

    // |X'WX| = |X' Omega X| / s^p
    fn log_terms(&mut self, s: f64, likelihood: Likelihood) -> LogTerms {
        let (q, _) = self.q_at(s);
        let mut log = LogProduct::new();
        for d in &self.d {
            log.multiply(d + s);
        }
        if likelihood == Likelihood::Restricted {
            log = log.times(self.log_determinant()).over(self.log_gram);
            for _ in 0..self.p {
                log.divide(s);
            }
        }
        LogTerms { log, q }
    }
}

impl Studies for Design {
    fn most_precise_contrast(&mut self) -> f64 {
        let s = self.axis.start;
        self.weigh(s);
        let Self { factor, buffers, .. } = self;
        let mut largest = 0.0_f64;
        for (i, omega) in buffers.omega.iter().enumerate() {
            buffers.a.fill(0.0);
            buffers.a[i] = 1.0;
            largest = largest.max(omega * factor.residual(&mut buffers.a));
        }
        s / largest
    }

    fn fixed_form(&self, weights: FixedWeights) -> Result<impl FixedForm, Tau2Error> {
        weights.check(self.first_zero)?;
        let c = self.axis.c;
        let variances = self.d.iter().map(|d| d + c).collect();
        DesignForm::new((&self.x, self.p), &self.y, variances, weights)
    }

    fn exchangeable(&self) -> Option<Vec<Weighted>> {
        None
    }
}

/// `(tr NW, tr NWNW)` for the projection `N` on the complement of the columns.
///
/// ```text
/// tr NW   = sum w_i n_ii
/// tr NWNW = sum_i w_i^2 n_ii^2 + sum_{i != j} w_i w_j n_ij^2
/// ```
///
/// `n_ii = 1 - h_ii` is a difference only where the leverage `h_ii` is at most 1/2. At most `2p` rows exceed that, and those are projected.
/// Among the others `n_ij = -h_ij`, and their part `sum w_i^2 (1 - 2 h_ii) + tr(Q'WQQ'WQ)` has positive terms.
pub(super) fn traces(
    factor: &Householder,
    w: &[f64],
    (row, leverage, basis): (&mut [f64], &mut [f64], &mut [Vec<f64>]),
) -> (f64, f64) {
    leverage.fill(0.0);
    for (j, column) in basis.iter_mut().enumerate() {
        factor.basis(j, column);
        for (h, q) in leverage.iter_mut().zip(column.iter()) {
            *h += q * q;
        }
    }
    let is_light = |h: f64| h <= 0.5;
    let (mut trace, mut square) = (0.0, 0.0);
    for (i, (&weight, &h)) in w.iter().zip(leverage.iter()).enumerate() {
        if is_light(h) {
            trace += weight * (1.0 - h);
            square += weight * weight * (1.0 - 2.0 * h);
            continue;
        }
        row.fill(0.0);
        row[i] = 1.0;
        let n = factor.residual(row);
        trace += weight * n;
        row[i] = n;
        for (j, ((&n, &other), &h)) in row.iter().zip(w).zip(leverage.iter()).enumerate() {
            let times = if j != i && is_light(h) { 2.0 } else { 1.0 };
            square += times * weight * other * n * n;
        }
    }
    // The weights of the light rows, then columns of WQ, whose inner products with those of Q are the entries of Q'WQ.
    row.iter_mut()
        .zip(w.iter().zip(leverage.iter()))
        .for_each(|(to, (w, h))| *to = if is_light(*h) { *w } else { 0.0 });
    for (l, first) in basis.iter().enumerate() {
        leverage.iter_mut().zip(first.iter().zip(row.iter())).for_each(|(to, (q, w))| *to = q * w);
        for (m, second) in basis.iter().enumerate().skip(l) {
            let gram = dot(leverage, second);
            square += if l == m { gram * gram } else { 2.0 * gram * gram };
        }
    }
    (trace, square)
}

fn check_design(x: &DMatrix<f64>, studies: usize) -> Result<(), Tau2Error> {
    let rows = x.nrows();
    if rows != studies {
        return Err(Tau2Error::DesignRows { rows, studies });
    }
    for (column, values) in x.column_iter().enumerate() {
        if let Some((row, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Tau2Error::NonFiniteDesign { row, column, value });
        }
    }
    Ok(())
}

/// The rows in the given order, each column multiplied by a power of two that makes its largest entry about 1.
fn scaled_rows(x: &DMatrix<f64>, order: &[usize]) -> Vec<f64> {
    let (k, p) = (order.len(), x.ncols());
    let mut rows = vec![0.0; k * p];
    for (j, column) in x.column_iter().enumerate() {
        let largest = column.iter().map(|a| a.abs()).fold(0.0, f64::max);
        let (_, exponent) = libm::frexp(largest);
        for (to, &i) in rows.iter_mut().skip(j).step_by(p).zip(order) {
            *to = libm::ldexp(column[i], -exponent);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tau2::{Workspace, estimate};
    use proptest::prelude::*;

    fn data() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        (2_usize..12).prop_flat_map(|k| {
            let y = proptest::collection::vec(-3.0..3.0_f64, k);
            let v = proptest::collection::vec((-12.0..3.0_f64).prop_map(f64::exp), k);
            (y, v)
        })
    }

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance * (a.abs() + b.abs())
    }

    proptest! {
        #[test]
        fn a_column_of_ones_is_the_common_mean((y, v) in data(), share in 0.0..1.0_f64) {
            let ones = DMatrix::from_element(y.len(), 1, 3.7);
            let mut workspace = Workspace::new();
            workspace.load(&y, &v).unwrap();
            let mut design = Design::new(&y, &v, &ones).unwrap();
            let (mut mean, _, unit) = workspace.profile().unwrap();
            // The largest effect may differ by rounding, but not the exponent of the unit.
            prop_assert_eq!(design.unit.ln().to_bits(), unit.ln().to_bits());
            let s = mean.axis().start.powf(1.0 - share);
            let (a, b) = (mean.at(s), design.at(s));
            for (name, a, b) in [
                ("q", a.q, b.q),
                ("f", a.f, b.f),
                ("f_slope", a.f_slope, b.f_slope),
                ("trace", a.trace, b.trace),
                ("trace_sq", a.trace_sq, b.trace_sq),
                ("weight", a.weight, b.weight),
                ("weight_sq", a.weight_sq, b.weight_sq),
                ("q alone", mean.q_at(s).0, design.q_at(s).0),
                ("rss", mean.unweighted().rss, design.unweighted().rss),
                ("tr MV", mean.unweighted().trace, design.unweighted().trace),
                ("tr MVMV", mean.unweighted().trace_sq, design.unweighted().trace_sq),
            ] {
                prop_assert!(close(a, b, 1e-11), "{}: {} {}", name, a, b);
            }
            for kind in [Likelihood::Restricted, Likelihood::Full] {
                let (a, b) = (mean.log_terms(s, kind), design.log_terms(s, kind));
                prop_assert!((a.log.ln() - b.log.ln()).abs() < 1e-11);
            }
        }

        #[test]
        fn estimates_agree_with_the_common_mean((y, v) in data()) {
            let ones = DMatrix::from_element(y.len(), 1, 1.0);
            let least = v.iter().copied().fold(f64::INFINITY, f64::min);
            let needs_three = Tau2::BayesMode(Likelihood::Restricted);
            for method in Tau2::ESTIMATORS.into_iter().filter(|method| y.len() > 2 || *method != needs_three) {
                let a = estimate(&y, &v, method).unwrap();
                let b = estimate_with_design(&y, &v, &ones, method).unwrap();
                prop_assert!((a.tau2 - b.tau2).abs() <= 1e-11 * (a.tau2 + least), "{}: {} {}", method, a.tau2, b.tau2);
                match (a.se, b.se) {
                    (Some(a), Some(b)) => prop_assert!(close(a, b, 1e-9)),
                    (a, b) => {
                        let without = matches!(method, Tau2::HartungMakambi | Tau2::BayesMode(_));
                        prop_assert!(without && a.is_none() && b.is_none());
                    }
                }
            }
        }
    }

    #[test]
    fn sums_agree_with_plain_matrix_algebra() {
        let y = [-0.89, -1.59, -1.35, -1.44, -0.22, -0.79, -1.62, 0.01];
        let v = [0.33, 0.19, 0.42, 0.02, 0.05, 0.007, 0.22, 0.004];
        let x = DMatrix::from_fn(8, 3, |i, j| {
            [1.0, [44.0, 55.0, 42.0, 52.0, 13.0, 44.0, 19.0, 13.0][i], (i * i) as f64][j]
        });
        let mut design = Design::new(&y, &v, &x).unwrap();
        for tau2 in [0.0, 0.01, 0.4] {
            let w = DMatrix::from_fn(8, 8, |i, j| if i == j { 1.0 / (v[i] + tau2) } else { 0.0 });
            let gram = (x.transpose() * &w * &x).try_inverse().unwrap();
            let p = &w - &w * &x * gram * x.transpose() * &w;
            let effects = DMatrix::from_column_slice(8, 1, &y);
            let form = |m: &DMatrix<f64>| (effects.transpose() * m * &effects)[(0, 0)];
            let s = design.axis.s(design.unit.shrink_square(tau2));
            let at = design.at(s);
            let unscaled = design.unit.grow_square(s);
            let (p2, p3) = (&p * &p, &p * &p * &p);
            assert!(close(at.q, form(&p), 1e-10));
            assert!(close(at.f, unscaled * form(&p2), 1e-10));
            assert!(close(at.f_slope, 2.0 * unscaled * unscaled * form(&p3), 1e-10));
            assert!(close(at.trace, unscaled * p.trace(), 1e-10));
            assert!(close(at.trace_sq, unscaled * unscaled * p2.trace(), 1e-10));
        }
    }

    #[test]
    fn faults_of_the_design_are_named() {
        let (y, v) = ([0.1, 0.2, 0.5], [0.01, 0.02, 0.03]);
        let fit = |x: DMatrix<f64>| estimate_with_design(&y, &v, &x, Tau2::Reml).unwrap_err();
        assert_eq!(fit(DMatrix::from_element(2, 1, 1.0)), Tau2Error::DesignRows { rows: 2, studies: 3 });
        assert_eq!(fit(DMatrix::from_element(3, 2, 1.0)), Tau2Error::RankDeficient { columns: 2, rank: 1 });
        assert_eq!(fit(DMatrix::zeros(3, 1)), Tau2Error::RankDeficient { columns: 1, rank: 0 });
        assert_eq!(fit(DMatrix::identity(3, 3)), Tau2Error::TooFewStudies { k: 3, needed: 4 });
        let mut x = DMatrix::from_element(3, 1, 1.0);
        x[(1, 0)] = f64::INFINITY;
        let value = f64::INFINITY;
        assert_eq!(fit(x), Tau2Error::NonFiniteDesign { row: 1, column: 0, value });
    }

    #[test]
    fn no_coefficients_means_a_known_mean_of_zero() {
        let (y, v) = ([1.0, -2.0, 3.0], [0.5, 0.5, 0.5]);
        let none = DMatrix::zeros(3, 0);
        for method in [Tau2::Reml, Tau2::MaximumLikelihood, Tau2::PauleMandel, Tau2::DerSimonianLaird, Tau2::Hedges] {
            let tau2 = estimate_with_design(&y, &v, &none, method).unwrap().tau2;
            assert!((tau2 - (14.0 / 3.0 - 0.5)).abs() < 1e-13, "{method}: {tau2}");
        }
    }
}
