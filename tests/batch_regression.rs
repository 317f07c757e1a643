//! Batches of regressions: against metafor (`tests/reference/batch_regression.R`), against one fit at a time, and the same bits by every way.

mod support;

use meta_analysis::batch::{
    BatchDesign, BatchInput, BatchOutput, BatchPlan, BatchRegression, InstructionSet, RegressionOutput, UnitFlags,
};
use meta_analysis::tau2::estimate_with_design;
use meta_analysis::{ErrorKind, Tau2};
use nalgebra::{DMatrix, DVector};
use support::{Comparison, list, number, numbers, reference};

/// Every column of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
struct All {
    coefficients: Vec<f64>,
    se: Vec<f64>,
    p: Vec<f64>,
    log10_p: Vec<f64>,
    hk_se: Vec<f64>,
    hk_p: Vec<f64>,
    tau2: Vec<f64>,
    qe: Vec<f64>,
    qe_p: Vec<f64>,
    qm: Vec<f64>,
    qm_p: Vec<f64>,
    flags: Vec<UnitFlags>,
    count: Vec<u32>,
}

impl All {
    fn new(units: usize, p: usize) -> Self {
        let (one, each) = (vec![0.0; units], vec![0.0; units * p]);
        Self {
            coefficients: each.clone(),
            se: each.clone(),
            p: each.clone(),
            log10_p: each.clone(),
            hk_se: each.clone(),
            hk_p: each,
            tau2: one.clone(),
            qe: one.clone(),
            qe_p: one.clone(),
            qm: one.clone(),
            qm_p: one,
            flags: vec![UnitFlags::NONE; units],
            count: vec![0; units],
        }
    }

    fn output(&mut self) -> RegressionOutput<'_> {
        RegressionOutput {
            coefficients: Some(&mut self.coefficients),
            se: Some(&mut self.se),
            p: Some(&mut self.p),
            log10_p: Some(&mut self.log10_p),
            hk_se: Some(&mut self.hk_se),
            hk_p: Some(&mut self.hk_p),
            tau2: Some(&mut self.tau2),
            qe: Some(&mut self.qe),
            qe_p: Some(&mut self.qe_p),
            qm: Some(&mut self.qm),
            qm_p: Some(&mut self.qm_p),
            flags: Some(&mut self.flags),
            count: Some(&mut self.count),
        }
    }

    fn bits(&self) -> Vec<u64> {
        let numbers = [
            &self.coefficients,
            &self.se,
            &self.p,
            &self.log10_p,
            &self.hk_se,
            &self.hk_p,
            &self.tau2,
            &self.qe,
            &self.qe_p,
            &self.qm,
            &self.qm_p,
        ];
        let numbers = numbers.into_iter().flatten().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() });
        numbers
            .chain(self.flags.iter().map(|f| u64::from(f.bits())))
            .chain(self.count.iter().map(|&c| c.into()))
            .collect()
    }
}

fn run(plan: &BatchRegression, p: usize, input: BatchInput<'_>) -> All {
    let mut all = All::new(input.units(), p);
    plan.run(input, &mut all.output()).expect("columns fit");
    all
}

fn method(name: &str) -> Option<Tau2> {
    (name != "EE").then(|| name.parse().expect("an estimator"))
}

fn plan(design: BatchDesign, method: Option<Tau2>) -> BatchRegression {
    method.map_or_else(|| BatchRegression::common(design.clone()), |tau2| BatchRegression::random(design.clone(), tau2))
}

#[test]
fn metafor_agrees() {
    let file = reference(include_str!("reference/batch_regression.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), 24);
    let mut all = Comparison::default();
    for (u, case) in cases.iter().enumerate() {
        let columns: Vec<Vec<f64>> = list(&case["x"]).iter().map(numbers).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let y: Vec<f64> = list(&case["y"]).iter().map(|y| number(y).unwrap_or(f64::NAN)).collect();
        let v = numbers(&case["v"]);
        let design = BatchDesign::new(y.len(), &columns).expect("full rank");
        let p = design.coefficients();
        for (name, fit) in case["fits"].as_object().expect("fits") {
            let input = BatchInput::unit_major(&y, &v, y.len()).expect("one unit");
            let found = run(&plan(design.clone(), method(name)), p, input);
            let what = || format!("unit {} {name}", u + 1);
            assert!(!found.flags[0].failed(), "{}", what());
            assert_eq!(found.count[0] as usize, y.iter().filter(|y| !y.is_nan()).count());
            let of = |key: &str| number(&fit[key]).expect("a number");
            let least = v.iter().copied().fold(f64::INFINITY, f64::min);
            // metafor's own convergence: a step of tau2 below 1e-13.
            all.close(what, "tau2", found.tau2[0], of("tau2"), of("tau2") + least, 2e-11);
            for (key, tolerance, column) in [
                ("beta", 1e-10, &found.coefficients),
                ("se", 1e-10, &found.se),
                ("hk_se", 1e-10, &found.hk_se),
                ("p", 1e-9, &found.p),
                ("hk_p", 1e-9, &found.hk_p),
            ] {
                for (j, expected) in numbers(&fit[key]).into_iter().enumerate() {
                    all.relative(what, key, column[j], expected, tolerance);
                }
            }
            all.relative(what, "QE", found.qe[0], of("QE"), 1e-11);
            all.relative(what, "p of QE", found.qe_p[0], of("QEp"), 1e-10);
            all.relative(what, "QM", found.qm[0], of("QM"), 1e-9);
            all.relative(what, "p of QM", found.qm_p[0], of("QMp"), 1e-9);
        }
    }
    all.finish(24 * 5 * 5 + 12 * 5 * 5 * (2 + 3));
}

/// A generator of its own, so that the data are the same everywhere (SplitMix64: Steele, Lea & Flood 2014).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Study-major effects and variances; tau2 of 0 or not, some variances very unequal, some outliers.
fn data(units: usize, k: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random(seed);
    let (mut y, mut v) = (vec![0.0; units * k], vec![0.0; units * k]);
    for u in 0..units {
        let tau2 = [0.0, 0.02, 0.4][u % 3];
        let spread = if u % 7 == 0 { 2.5 } else { 0.6 };
        for i in 0..k {
            let variance = (spread * random.normal() - 3.0).exp();
            let outlier = if u % 11 == 0 && i == 1 { 4.0 } else { 0.0 };
            v[i * units + u] = variance;
            y[i * units + u] = 0.4 + outlier + (variance + tau2).sqrt() * random.normal();
        }
    }
    (y, v)
}

fn covariates(k: usize, count: usize) -> Vec<Vec<f64>> {
    let mut random = Random(7);
    (0..count).map(|j| (0..k).map(|i| if j == 0 { i as f64 * 3.0 - 20.0 } else { random.normal() }).collect()).collect()
}

fn unit(y: &[f64], v: &[f64], units: usize, u: usize) -> (Vec<f64>, Vec<f64>) {
    let pick = |x: &[f64]| x.iter().skip(u).step_by(units).copied().collect();
    (pick(y), pick(v))
}

#[test]
fn one_fit_at_a_time_agrees() {
    let units = std::env::var("BATCH_REGRESSION_UNITS").map_or(600, |n| n.parse().expect("a number of units"));
    for (k, extra) in [(6, 1), (9, 2), (14, 4), (20, 7)] {
        let (y, v) = data(units, k, 11 + k as u64);
        let columns = covariates(k, extra);
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let design = BatchDesign::new(k, &columns).unwrap();
        let p = design.coefficients();
        let x = DMatrix::from_fn(k, p, |i, j| if j == 0 { 1.0 } else { columns[j - 1][i] });
        for tau2 in [
            None,
            Some(Tau2::DerSimonianLaird),
            Some(Tau2::PauleMandel),
            Some(Tau2::Reml),
            Some(Tau2::MaximumLikelihood),
            Some(Tau2::Hedges),
        ] {
            let input = BatchInput::study_major(&y, &v, units, units).unwrap();
            let found = run(&plan(design.clone(), tau2), p, input);
            let (mut worst_tau2, mut worst, mut searched) = (0.0_f64, 0.0_f64, 0);
            for u in 0..units {
                let (y, v) = unit(&y, &v, units, u);
                let expected = tau2.map_or(0.0, |method| estimate_with_design(&y, &v, &x, method).unwrap().tau2);
                let least = v.iter().copied().fold(f64::INFINITY, f64::min);
                let off = (found.tau2[u] - expected).abs() / (expected + least);
                assert!(
                    off <= 1e-12,
                    "k {k} p {p} {tau2:?} unit {u}: tau2 {} expected {expected}, off {off:e}",
                    found.tau2[u]
                );
                worst_tau2 = worst_tau2.max(off);
                // Least squares by another road: an orthogonal factorisation of the weighted design of this unit alone.
                let root: Vec<f64> = v.iter().map(|v| (v + expected).sqrt().recip()).collect();
                let factor = DMatrix::from_fn(k, p, |i, j| root[i] * x[(i, j)]).qr();
                let right = factor.q().transpose() * DVector::from_fn(k, |i, _| root[i] * y[i]);
                let inverse = factor.r().try_inverse().unwrap();
                let beta = &inverse * right;
                let covariance = &inverse * inverse.transpose();
                for j in 0..p {
                    let se = covariance[(j, j)].sqrt();
                    let off = (found.coefficients[j * units + u] - beta[j]).abs() / (se + beta[j].abs());
                    let off = off.max((found.se[j * units + u] / se - 1.0).abs());
                    worst = worst.max(off);
                    assert!(off <= 1e-9, "k {k} p {p} {tau2:?} unit {u} coefficient {j}: off {off:e}");
                }
                searched += usize::from(found.flags[u].contains(UnitFlags::SEARCHED));
            }
            println!(
                "k {k} p {p} {tau2:?}: tau2 {worst_tau2:.1e}, coefficients {worst:.1e}, searched {searched} of {units}"
            );
            if !matches!(tau2, Some(Tau2::Hedges)) {
                assert!(searched < units / 2, "the kernel leaves {searched} of {units} units");
            }
        }
    }
}

#[test]
fn the_same_bits_by_every_way() {
    let (units, k) = (203, 8);
    let (mut y, mut v) = data(units, k, 5);
    (y[3 * units + 17], v[5 * units + 40], v[2 * units + 101]) = (f64::NAN, f64::INFINITY, f64::NAN);
    // Units that have no result do not touch their neighbours.
    (v[units + 60], y[units + 61]) = (-1.0, f64::INFINITY);
    let columns = covariates(k, 2);
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let design = BatchDesign::new(k, &columns).unwrap();
    for tau2 in [Tau2::DerSimonianLaird, Tau2::PauleMandel, Tau2::Reml, Tau2::MaximumLikelihood] {
        let plan = BatchRegression::random(design.clone(), tau2);
        let input = || BatchInput::study_major(&y, &v, units, units).unwrap();
        let expected = run(&plan, 3, input());
        assert_eq!(expected.flags[60], UnitFlags::INVALID_VALUE);
        assert!(expected.coefficients[60].is_nan() && expected.flags[61].failed());
        assert_eq!((expected.count[17], expected.count[40], expected.count[101], expected.count[18]), (7, 7, 7, 8));
        for set in [InstructionSet::Scalar, InstructionSet::Baseline, InstructionSet::Avx2, InstructionSet::Avx512] {
            let plan = plan.clone().instruction_set(set);
            assert_eq!(run(&plan, 3, input()).bits(), expected.bits(), "{set:?}");
            // Of a unit by itself the sums are the lanes, where there are vectors.
            assert_eq!(run(&plan.chunk(1), 3, input()).bits(), expected.bits(), "{set:?}, one at a time");
        }
        for chunk in [1, 7, 64, 1000] {
            assert_eq!(run(&plan.clone().chunk(chunk), 3, input()).bits(), expected.bits(), "{chunk}");
        }
        let (mut by_unit_y, mut by_unit_v) = (Vec::new(), Vec::new());
        for u in 0..units {
            let (y, v) = unit(&y, &v, units, u);
            by_unit_y.extend(y);
            by_unit_v.extend(v);
        }
        let by_unit = BatchInput::unit_major(&by_unit_y, &by_unit_v, k).unwrap();
        assert_eq!(run(&plan, 3, by_unit).bits(), expected.bits());
        #[cfg(feature = "parallel")]
        {
            let mut all = All::new(units, 3);
            plan.clone().chunk(16).run_parallel(input(), &mut all.output()).unwrap();
            assert_eq!(all.bits(), expected.bits());
        }
    }
}

#[test]
fn a_unit_by_itself_has_the_bits_of_a_batch_whatever_the_design() {
    for (k, coefficients) in [(8, 1), (9, 2), (17, 3), (16, 3), (7, 4), (30, 5), (4, 3)] {
        let (units, columns) = (60, covariates(k, coefficients));
        let (mut y, v) = data(units, k, 7 + k as u64);
        (y[2], y[units + 3], y[(k - 1) * units + 5]) = (f64::NAN, f64::NAN, f64::NAN);
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        // With an intercept and one covariate less, and without.
        let designs = [
            BatchDesign::new(k, &columns[..coefficients - 1]).unwrap(),
            BatchDesign::without_intercept(k, &columns).unwrap(),
        ];
        for design in designs {
            for method in [None, Some(Tau2::DerSimonianLaird), Some(Tau2::Reml), Some(Tau2::MaximumLikelihood)] {
                let plan = plan(design.clone(), method);
                let input = || BatchInput::study_major(&y, &v, units, units).unwrap();
                let expected = run(&plan, coefficients, input());
                let one = run(&plan.chunk(1), coefficients, input());
                assert_eq!(one.bits(), expected.bits(), "{k} {coefficients} {method:?}");
                assert!(expected.tau2.iter().filter(|tau2| tau2.is_finite()).count() > units / 2);
            }
        }
    }
}

#[test]
fn an_intercept_alone_is_the_batch_without_a_design() {
    let (units, k) = (300, 7);
    let (y, v) = data(units, k, 3);
    let input = || BatchInput::study_major(&y, &v, units, units).unwrap();
    let plan = BatchRegression::random(BatchDesign::new(k, &[]).unwrap(), Tau2::Reml);
    let found = run(&plan, 1, input());
    let (mut mu, mut se, mut hk, mut tau2) = (vec![0.0; units], vec![0.0; units], vec![0.0; units], vec![0.0; units]);
    let mut output = BatchOutput {
        mu: Some(&mut mu),
        se: Some(&mut se),
        hk_se: Some(&mut hk),
        tau2: Some(&mut tau2),
        ..BatchOutput::default()
    };
    BatchPlan::random(Tau2::Reml).unwrap().run(input(), &mut output).unwrap();
    for u in 0..units {
        let least = unit(&y, &v, units, u).1.into_iter().fold(f64::INFINITY, f64::min);
        assert!((found.tau2[u] - tau2[u]).abs() <= 1e-12 * (tau2[u] + least), "{u}");
        assert!((found.coefficients[u] - mu[u]).abs() <= 1e-12 * (se[u] + mu[u].abs()), "{u}");
        assert!((found.se[u] / se[u] - 1.0).abs() <= 1e-12 && (found.hk_se[u] / hk[u] - 1.0).abs() <= 1e-12, "{u}");
        assert_eq!((found.qm[u], found.qm_p[u]), (0.0, 1.0));
    }
}

#[test]
fn missing_studies_that_carry_the_design_leave_no_result() {
    // The indicator is 1 for the last two studies only, and these are missing.
    let indicator = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0];
    let design = BatchDesign::new(6, &[&indicator]).unwrap();
    let nan = f64::NAN;
    let (y, v) = ([0.1, 0.5, -0.2, 0.7, nan, nan], [0.04, 0.03, 0.08, 0.05, 0.02, 0.02]);
    for tau2 in [None, Some(Tau2::Reml), Some(Tau2::DerSimonianLaird)] {
        let found = run(&plan(design.clone(), tau2), 2, BatchInput::unit_major(&y, &v, 6).unwrap());
        assert_eq!(found.flags[0], UnitFlags::UNDEFINED, "{tau2:?}");
        assert!(found.coefficients.iter().all(|x| x.is_nan()));
    }
    // Two studies cannot carry two coefficients and a variance.
    let few = [nan, nan, nan, 0.7, 0.2, nan];
    let found = run(&plan(design, Some(Tau2::Reml)), 2, BatchInput::unit_major(&few, &v, 6).unwrap());
    assert_eq!(found.flags[0], UnitFlags::TOO_FEW_STUDIES);
}

#[test]
fn several_maxima_are_searched_and_units_of_measurement_do_not_matter() {
    // y_i of very unequal precision, of which the imprecise lie far off: dat.gibson2002's pattern.
    let y = [0.0, 0.1, -0.1, 9.0, -9.5, 0.05];
    let v = [0.01, 0.012, 0.009, 30.0, 28.0, 0.011];
    let slope = [1.0, -1.0, 0.5, 0.2, -0.3, 0.7];
    let plan = BatchRegression::random(BatchDesign::new(6, &[&slope]).unwrap(), Tau2::Reml);
    let base = run(&plan, 2, BatchInput::unit_major(&y, &v, 6).unwrap());
    for scale in [1e-40, 1e-3, 1e6, 1e60] {
        let (ys, vs) = (y.map(|y| y * scale), v.map(|v| v * scale * scale));
        let found = run(&plan, 2, BatchInput::unit_major(&ys, &vs, 6).unwrap());
        assert!((found.tau2[0] / scale / scale - base.tau2[0]).abs() <= 1e-12 * (base.tau2[0] + 0.009), "{scale}");
        for j in 0..2 {
            assert!((found.coefficients[j] / scale - base.coefficients[j]).abs() <= 1e-11 * base.se[j], "{scale}");
            assert!((found.se[j] / scale / base.se[j] - 1.0).abs() <= 1e-12, "{scale}");
        }
    }
}

#[test]
fn what_cannot_be_is_an_error() {
    let kind = |result: Result<BatchDesign, meta_analysis::Error>| result.unwrap_err().kind().clone();
    let ramp = [1.0, 2.0, 3.0, 4.0, 5.0];
    let twice = [3.0, 5.0, 7.0, 9.0, 11.0];
    assert!(matches!(kind(BatchDesign::new(5, &[&ramp, &twice])), ErrorKind::RankDeficient { name } if name == "1"));
    assert!(matches!(kind(BatchDesign::new(5, &[&[2.0; 5]])), ErrorKind::RankDeficient { name } if name == "0"));
    assert!(matches!(kind(BatchDesign::new(4, &[&ramp])), ErrorKind::LengthMismatch { expected: 4, found: 5, .. }));
    assert!(matches!(kind(BatchDesign::new(2, &[&[0.0, 1.0]])), ErrorKind::TooManyParameters { parameters: 2, k: 2 }));
    assert!(matches!(kind(BatchDesign::new(5, &[&[0.0, f64::NAN, 1.0, 2.0, 3.0]])), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(BatchDesign::without_intercept(5, &[])), ErrorKind::Empty));
    let many = vec![ramp.as_slice(); 8];
    assert!(matches!(kind(BatchDesign::new(5, &many)), ErrorKind::NotApplicable { .. }));

    let plan = BatchRegression::common(BatchDesign::new(5, &[&ramp]).unwrap());
    let (y, v) = ([0.0; 8], [1.0; 8]);
    let mut output = RegressionOutput::default();
    let wrong = plan.run(BatchInput::unit_major(&y, &v, 4).unwrap(), &mut output).unwrap_err();
    assert!(matches!(wrong.kind(), ErrorKind::LengthMismatch { expected: 5, found: 4, .. }));
    let ragged = plan.run(BatchInput::ragged(&y, &v, &[0, 5, 8]).unwrap(), &mut output).unwrap_err();
    assert!(matches!(ragged.kind(), ErrorKind::NotApplicable { .. }));
    let mut short = [0.0; 3];
    let mut output = RegressionOutput { se: Some(&mut short), ..RegressionOutput::default() };
    let wrong = plan.run(BatchInput::unit_major(&[0.0; 10], &[1.0; 10], 5).unwrap(), &mut output).unwrap_err();
    assert!(matches!(wrong.kind(), ErrorKind::LengthMismatch { expected: 4, found: 3, .. }));
}
