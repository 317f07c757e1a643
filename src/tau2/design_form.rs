//! A Q statistic with fixed weights around the fitted values of any design.

use super::Tau2Error;
use super::design::traces;
use super::fixed_weights::{FixedForm, FixedWeights};
use super::householder::Householder;
use nalgebra::DMatrix;

/// `A = D^(1/2) N D^(1/2)`, `N` the projection on the complement of the columns of `D^(1/2) X`.
#[derive(Debug)]
pub(super) struct DesignForm {
    /// Weights, at most 1.
    weights: Vec<f64>,
    variances: Vec<f64>,
    factor: Householder,
    coefficients: usize,
    q: f64,
    typical: f64,
}

impl DesignForm {
    /// `x`: row-major, with its number of columns; studies in ascending order of variance.
    pub(super) fn new(
        (x, p): (&[f64], usize),
        y: &[f64],
        variances: Vec<f64>,
        kind: FixedWeights,
    ) -> Result<Self, Tau2Error> {
        let least = variances.first().copied().unwrap_or(0.0);
        let weights: Vec<f64> = variances.iter().map(|v| kind.at(*v, least)).collect();
        let roots: Vec<f64> = weights.iter().map(|a| a.sqrt()).collect();
        let mut factor = Householder::default();
        factor.factor(x, &roots, p);
        let mut weighted: Vec<f64> = y.iter().zip(&roots).map(|(y, root)| y * root).collect();
        let q = factor.residual(&mut weighted);
        let positive = variances.iter().copied().find(|v| *v > 0.0);
        let mut form = Self { weights, variances, factor, coefficients: p, q, typical: 1.0 };
        form.typical = match positive {
            Some(variance) => variance,
            None => (q / form.traces(0.0, 1.0).0).max(f64::MIN_POSITIVE),
        };
        Ok(form)
    }

    /// An orthonormal basis of the columns of `D^(1/2) X`.
    fn basis(&self) -> Vec<Vec<f64>> {
        let column = |j| {
            let mut column = vec![0.0; self.weights.len()];
            self.factor.basis(j, &mut column);
            column
        };
        (0..self.coefficients).map(column).collect()
    }
}

impl FixedForm for DesignForm {
    fn q(&self) -> f64 {
        self.q
    }

    fn typical(&self) -> f64 {
        self.typical
    }

    fn traces(&self, share: f64, tau2: f64) -> (f64, f64) {
        let k = self.weights.len();
        let products: Vec<f64> =
            self.weights.iter().zip(&self.variances).map(|(a, v)| a * (share * v + tau2)).collect();
        let (mut row, mut leverage) = (vec![0.0; k], vec![0.0; k]);
        let mut basis = vec![vec![0.0; k]; self.coefficients];
        traces(&self.factor, &products, (&mut row, &mut leverage, &mut basis))
    }

    // Not relative to each eigenvalue but to the largest, which is what the middle of the distribution depends on.
    fn eigenvalues(&self, tau2: f64) -> Result<Vec<f64>, Tau2Error> {
        let roots: Vec<f64> = self.weights.iter().zip(&self.variances).map(|(a, v)| (a * (v + tau2)).sqrt()).collect();
        if !roots.iter().map(|root| root * root).sum::<f64>().is_finite() {
            return Err(Tau2Error::Overflow);
        }
        let basis = self.basis();
        let k = roots.len();
        let entry = |i: usize, j: usize| {
            let hat: f64 = basis.iter().map(|q| q[i] * q[j]).sum();
            roots[i] * roots[j] * (f64::from(u8::from(i == j)) - hat)
        };
        let mut lambda: Vec<f64> = DMatrix::from_fn(k, k, entry).symmetric_eigenvalues().iter().copied().collect();
        lambda.sort_by(|a, b| b.total_cmp(a));
        lambda.truncate(k - self.coefficients);
        Ok(lambda.into_iter().map(|l| l.max(0.0)).collect())
    }
}
