//! What a bad design matrix gets, by every way in: tau2 of any design, a batch of regressions, a regression of counts. The numbers are
//! rows of the catalogue of `bad_inputs_pooling.rs`.

use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};
use meta_analysis::study::{Proportion, Studies};
use meta_analysis::tau2::{Tau2Error, estimate_with_design};
use meta_analysis::{BinomialNormal, ErrorKind, Tau2};
use nalgebra::DMatrix;

const Y: [f64; 6] = [0.1, 0.9, 0.5, -0.2, 0.3, 0.7];
const V: [f64; 6] = [0.04, 0.05, 0.03, 0.1, 0.02, 0.06];
const RAMP: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
const OTHER: [f64; 6] = [0.3, -1.0, 0.7, 0.2, -0.5, 0.9];
const COUNTS: [(i64, i64); 6] = [(7, 19), (7, 8), (22, 24), (35, 42), (11, 30), (4, 9)];

/// tau2 with an intercept and these covariates, for the first `k` studies.
fn tau2(k: usize, covariates: &[&[f64]], method: Tau2) -> Result<f64, Tau2Error> {
    let x = DMatrix::from_fn(k, covariates.len() + 1, |i, j| if j == 0 { 1.0 } else { covariates[j - 1][i] });
    estimate_with_design(&Y[..k], &V[..k], &x, method).map(|fit| fit.tau2)
}

fn batch(k: usize, covariates: &[&[f64]]) -> Result<BatchDesign, ErrorKind> {
    let covariates: Vec<&[f64]> = covariates.iter().map(|c| &c[..k]).collect();
    BatchDesign::new(k, &covariates).map_err(|error| error.kind().clone())
}

fn counts(k: usize, covariates: &[&[f64]]) -> Result<f64, ErrorKind> {
    let rows = COUNTS.iter().take(k).enumerate();
    let rows = rows.map(|(i, (x, n))| (format!("study {i}"), Proportion::new(*x, *n).expect("counts")));
    let mut studies: Studies<Proportion> = rows.collect();
    let names = ["a", "b", "c", "d"];
    for (name, values) in names.iter().zip(covariates) {
        studies = studies.with_covariate(name, values[..k].to_vec()).expect("a covariate");
    }
    BinomialNormal::new()
        .regression(&studies, &names[..covariates.len()])
        .map(|fit| fit.tau2())
        .map_err(|error| error.kind().clone())
}

#[test]
fn rows_95_and_96_as_many_coefficients_as_studies_or_more() {
    let covariates: [&[f64]; 3] = [&RAMP, &OTHER, &Y];
    for (k, of) in [(3, 3), (3, 2), (2, 2), (2, 1)] {
        let p = of + 1;
        for method in [Tau2::Reml, Tau2::DerSimonianLaird, Tau2::PauleMandel] {
            assert_eq!(tau2(k, &covariates[..of], method), Err(Tau2Error::TooFewStudies { k, needed: p + 1 }));
        }
        assert_eq!(batch(k, &covariates[..of]), Err(ErrorKind::TooManyParameters { parameters: p, k }));
        assert!(
            matches!(counts(k, &covariates[..of]), Err(ErrorKind::TooManyParameters { parameters, .. }) if parameters == p)
        );
    }
}

/// One contrast `c'y` is left, orthogonal to the design: tau2 = max(0, ((c'y)^2 - c'Vc)/(c'c)) for every unbiased estimator.
#[test]
fn row_97_one_study_more_than_coefficients_has_a_closed_form() {
    let (y, v, x) = (&Y[..3], &V[..3], &RAMP[..3]);
    // orthogonal to the intercept and to 1, 2, 3
    let contrast = [1.0, -2.0, 1.0];
    assert!(contrast.iter().zip(x).map(|(c, x)| c * x).sum::<f64>() == 0.0);
    let of = |values: &[f64], power: i32| contrast.iter().zip(values).map(|(c, x)| c.powi(power) * x).sum::<f64>();
    let truth = ((of(y, 1).powi(2) - of(v, 2)) / 6.0).max(0.0);
    assert!(truth > 0.1);
    for method in [Tau2::DerSimonianLaird, Tau2::Hedges, Tau2::PauleMandel, Tau2::Reml] {
        let ours = tau2(3, &[&RAMP], method).expect("fits");
        assert!((ours - truth).abs() < 1e-14 * (truth + 0.03), "{method}: {ours} {truth}");
    }
    let design = batch(3, &[&RAMP]).expect("a design");
    let mut t = [0.0];
    let mut output = RegressionOutput { tau2: Some(&mut t), ..RegressionOutput::default() };
    let plan = BatchRegression::random(design, Tau2::Reml);
    plan.run(BatchInput::unit_major(y, v, 3).expect("one unit"), &mut output).expect("lengths");
    assert!((t[0] - truth).abs() < 1e-14 * (truth + 0.03));
}

#[test]
fn rows_98_and_99_columns_that_add_nothing() {
    let twice = RAMP.map(|x| 1.0 + 2.0 * x);
    for covariates in [[&RAMP[..], &twice[..]], [&RAMP[..], &[2.5; 6][..]]] {
        assert_eq!(tau2(6, &covariates, Tau2::Reml), Err(Tau2Error::RankDeficient { columns: 3, rank: 2 }));
        assert_eq!(batch(6, &covariates), Err(ErrorKind::RankDeficient { name: "1".into() }));
        assert_eq!(counts(6, &covariates), Err(ErrorKind::RankDeficient { name: "b".into() }));
    }
}

#[test]
fn row_100_columns_that_add_next_to_nothing() {
    let mut near = RAMP;
    near[2] += 3e-9;
    let covariates: [&[f64]; 2] = [&RAMP, &near];
    let in_range = |rcond: f64| (1e-11..1e-8).contains(&rcond);
    for method in [Tau2::Reml, Tau2::DerSimonianLaird] {
        let error = tau2(6, &covariates, method).unwrap_err();
        assert!(matches!(error, Tau2Error::IllConditioned { column: 2, rcond } if in_range(rcond)), "{error}");
    }
    for error in [batch(6, &covariates).unwrap_err(), counts(6, &covariates).unwrap_err()] {
        assert!(matches!(&error, ErrorKind::IllConditioned { rcond, .. } if in_range(*rcond)), "{error}");
        assert!(error.to_string().contains("leave it out"), "{error}");
    }
    // A thousand times farther apart it is a design like others.
    near[2] += 3e-6;
    let covariates: [&[f64]; 2] = [&RAMP, &near];
    assert!(
        tau2(6, &covariates, Tau2::Reml).is_ok() && batch(6, &covariates).is_ok() && counts(6, &covariates).is_ok()
    );
}

#[test]
fn rows_101_and_102_numbers_that_are_not_finite() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut column = RAMP;
        column[3] = bad;
        let error = tau2(6, &[&column], Tau2::Reml).unwrap_err();
        assert!(matches!(error, Tau2Error::NonFiniteDesign { row: 3, column: 1, .. }), "{error}");
        assert!(matches!(batch(6, &[&column]), Err(ErrorKind::NonFinite { field: "covariate", .. })));
    }
}

#[test]
fn row_103_the_unit_of_a_moderator_does_not_matter() {
    let (tau2_before, counts_before) = (tau2(6, &[&RAMP], Tau2::Reml).unwrap(), counts(6, &[&RAMP]).unwrap());
    for unit in [1e-200, 1e-10, 1e10, 1e200] {
        let scaled = RAMP.map(|x| x * unit);
        let after = tau2(6, &[&scaled], Tau2::Reml).unwrap();
        assert!((after - tau2_before).abs() < 1e-13 * (tau2_before + 0.02), "{unit}: {after} {tau2_before}");
        assert!(batch(6, &[&scaled]).is_ok());
        let after = match counts(6, &[&scaled]) {
            // Squares of coefficients beyond the range of doubles; that is said.
            Err(ErrorKind::Overflow { .. }) if !(1e-100..=1e100).contains(&unit) => continue,
            result => result.unwrap(),
        };
        assert!((after - counts_before).abs() < 1e-8 * (counts_before + 0.01), "{unit}: {after} {counts_before}");
    }
}

#[test]
fn more_studies_than_memory_holds_are_refused() {
    for studies in [usize::MAX, 1 << 40] {
        assert!(matches!(BatchDesign::new(studies, &[]).unwrap_err().kind(), ErrorKind::NotApplicable { .. }));
    }
}
