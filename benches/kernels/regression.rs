//! A regression on two moderators with everything metafor prints of it.

use meta_analysis::Tau2;
use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};

use super::data::moderators;

/// Memory for the results.
pub(crate) struct Regression {
    units: usize,
    moderators: [Vec<f64>; 2],
    per_coefficient: [Vec<f64>; 3],
    per_unit: [Vec<f64>; 5],
}

impl Regression {
    /// For `units` units of `k` studies.
    pub(crate) fn new(k: usize, units: usize) -> Self {
        let per_coefficient = [(); 3].map(|()| vec![0.0; 3 * units]);
        Self { units, moderators: moderators(k), per_coefficient, per_unit: [(); 5].map(|()| vec![0.0; units]) }
    }

    /// The design from its columns, the fits, and what is tested; the columns are study-major.
    pub(crate) fn fit(&mut self, tau2: Tau2, y: &[f64], v: &[f64]) {
        let [first, second] = &self.moderators;
        let design = BatchDesign::new(first.len(), &[first, second]).expect("a design");
        let input = BatchInput::study_major(y, v, self.units, self.units).expect("fits");
        let [coefficients, se, p] = &mut self.per_coefficient;
        let [tau2_of, qe, qe_p, qm, qm_p] = &mut self.per_unit;
        let mut output = RegressionOutput {
            coefficients: Some(coefficients),
            hk_se: Some(se),
            hk_p: Some(p),
            tau2: Some(tau2_of),
            qe: Some(qe),
            qe_p: Some(qe_p),
            qm: Some(qm),
            qm_p: Some(qm_p),
            ..RegressionOutput::default()
        };
        let summary = BatchRegression::random(design, tau2).run(input, &mut output).expect("runs");
        assert_eq!((summary.units, summary.failed), (self.units, 0));
        assert!(p[0] >= 0.0 && p[0] <= 1.0);
    }
}
