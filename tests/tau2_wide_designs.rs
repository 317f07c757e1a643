//! tau2 of regressions with several coefficients, one fit at a time and as a batch: `tests/reference/tau2_wide_designs.json`.

mod support;

use meta_analysis::Tau2;
use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};
use meta_analysis::tau2::estimate_with_design;
use nalgebra::DMatrix;
use support::{list, number, numbers, reference};

#[test]
fn tau2_keeps_its_digits_whatever_the_columns() {
    let file = reference(include_str!("reference/tau2_wide_designs.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), 35);
    let (mut compared, mut worst) = (0, [0.0_f64; 2]);
    for case in cases {
        let (y, v) = (numbers(&case["y"]), numbers(&case["v"]));
        let columns: Vec<Vec<f64>> = list(&case["columns"]).iter().map(numbers).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let x = DMatrix::from_fn(y.len(), columns.len() + 1, |i, j| if j == 0 { 1.0 } else { columns[j - 1][i] });
        let design = BatchDesign::new(y.len(), &columns).expect("a design");
        let least = v.iter().copied().fold(f64::INFINITY, f64::min);
        for (name, method) in [
            ("DL", Tau2::DerSimonianLaird),
            ("PM", Tau2::PauleMandel),
            ("REML", Tau2::Reml),
            ("ML", Tau2::MaximumLikelihood),
        ] {
            let truth = number(&case["tau2"][name]).expect("a number");
            let single = estimate_with_design(&y, &v, &x, method).expect("an estimate").tau2;
            let mut batch = [f64::NAN];
            let mut output = RegressionOutput { tau2: Some(&mut batch), ..RegressionOutput::default() };
            let input = BatchInput::study_major(&y, &v, 1, 1).expect("columns");
            BatchRegression::random(design.clone(), method).run(input, &mut output).expect("fits");
            for (found, worst) in [single, batch[0]].into_iter().zip(&mut worst) {
                let off = (found - truth).abs() / (truth + least);
                // Beyond 1e-12 where rows that nearly depend on others were taken as the origin, or flat likelihoods were not searched.
                assert!(off <= 5e-13, "{} {name}: {found} for {truth}, off {off:e}", case["name"]);
                *worst = worst.max(off);
                compared += 1;
            }
        }
    }
    println!("worst: one at a time {:.1e}, batch {:.1e}", worst[0], worst[1]);
    assert_eq!(compared, 280);
}
