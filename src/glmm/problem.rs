//! All studies together: the log-likelihood of coefficients and tau2, with gradient and Hessian.

use super::integrated::Integrated;
use super::marginal::Marginal;
use crate::num::quadrature::Effort;
use nalgebra::{DMatrix, DVector};

/// Studies with their rows of a design matrix: `eta_i ~ N(x_i' beta, tau2)`.
#[derive(Debug, Clone)]
pub(crate) struct Problem<S> {
    pub(crate) studies: Vec<S>,
    /// k rows, p columns.
    pub(crate) design: DMatrix<f64>,
}

/// The parameters: `p` coefficients, and tau2 last.
pub(crate) type Point = DVector<f64>;

/// The log-likelihood at a point.
#[derive(Debug, Clone)]
pub(crate) struct Evaluation {
    pub(crate) value: f64,
    /// With respect to coefficients and tau2.
    pub(crate) gradient: DVector<f64>,
    pub(crate) hessian: DMatrix<f64>,
}

impl<S: Integrated> Problem<S> {
    pub(crate) fn new(studies: Vec<S>, design: DMatrix<f64>) -> Self {
        Self { studies, design }
    }

    /// One common mean.
    pub(crate) fn of_mean(studies: Vec<S>) -> Self {
        let k = studies.len();
        Self { studies, design: DMatrix::from_element(k, 1, 1.0) }
    }

    /// Number of coefficients.
    pub(crate) fn p(&self) -> usize {
        self.design.ncols()
    }

    /// Linear predictor of study `i`.
    fn predictor(&self, i: usize, point: &Point) -> f64 {
        (0..self.p()).map(|j| self.design[(i, j)] * point[j]).sum()
    }

    /// Each study by itself.
    pub(crate) fn marginals(&self, point: &Point, effort: Effort) -> Option<Vec<Marginal>> {
        let tau2 = point[self.p()];
        let each = self.studies.iter().enumerate();
        each.map(|(i, study)| study.marginal(self.predictor(i, point), tau2, effort)).collect()
    }

    /// `None` where a study's likelihood leaves the range of doubles.
    pub(crate) fn evaluate(&self, point: &Point, effort: Effort) -> Option<Evaluation> {
        let p = self.p();
        let tau2 = point[p];
        let mut total =
            Evaluation { value: 0.0, gradient: DVector::zeros(p + 1), hessian: DMatrix::zeros(p + 1, p + 1) };
        for (i, study) in self.studies.iter().enumerate() {
            let one = study.marginal(self.predictor(i, point), tau2, effort)?;
            total.value += one.value;
            total.gradient[p] += one.g_t;
            total.hessian[(p, p)] += one.h_tt;
            for a in 0..p {
                let x = self.design[(i, a)];
                total.gradient[a] += x * one.g_m;
                total.hessian[(a, p)] += x * one.h_mt;
                for b in 0..=a {
                    total.hessian[(a, b)] += x * self.design[(i, b)] * one.h_mm;
                }
            }
        }
        for a in 0..p {
            total.hessian[(p, a)] = total.hessian[(a, p)];
            for b in 0..a {
                total.hessian[(b, a)] = total.hessian[(a, b)];
            }
        }
        Some(total)
    }
}
