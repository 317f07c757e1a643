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

    /// An orthonormal basis of what is orthogonal to the columns of `D^(1/2) X`.
    fn complement(&self) -> Vec<Vec<f64>> {
        let column = |j| {
            let mut column = vec![0.0; self.weights.len()];
            self.factor.basis(j, &mut column);
            column
        };
        (self.coefficients..self.weights.len()).map(column).collect()
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

    // With `B` the basis of the complement, those of `B' D^(1/2) S D^(1/2) B`, whose diagonal is a sum of positive terms.
    fn eigenvalues(&self, tau2: f64) -> Result<Vec<f64>, Tau2Error> {
        let products: Vec<f64> = self.weights.iter().zip(&self.variances).map(|(a, v)| a * (v + tau2)).collect();
        if !products.iter().sum::<f64>().is_finite() {
            return Err(Tau2Error::Overflow);
        }
        let basis = self.complement();
        let entry = |i: usize, j: usize| {
            let terms = basis[i].iter().zip(&basis[j]).zip(&products);
            terms.map(|((a, b), product)| a * product * b).sum::<f64>()
        };
        let matrix = DMatrix::from_fn(basis.len(), basis.len(), entry);
        let mut lambda: Vec<f64> = matrix.symmetric_eigenvalues().iter().map(|l| l.max(0.0)).collect();
        lambda.sort_by(|a, b| b.total_cmp(a));
        Ok(lambda)
    }
}
