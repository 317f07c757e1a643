//! Small-sample Hunter-Schmidt, the two-step moment estimators, median-unbiased Paule-Mandel and Hartung-Makambi: against mpmath
//! (`tests/reference/tau2_estimators.json`), metafor 5.1 and a printed table, and what must hold for every data set.
//!
//! A tolerance on tau2 and its standard error is relative to `tau2 + min v`.

mod support;

use meta_analysis::tau2::{Tau2, Tau2Error, Tau2Fit, estimate, estimate_with_design};
use nalgebra::DMatrix;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use support::{Comparison, list, number, numbers, reference, text};

const DATA: &str = include_str!("reference/pool_metafor_5_1.json");
const TRUTH: &str = include_str!("reference/tau2_estimators.json");
const METAFOR: &str = include_str!("reference/tau2_estimators_metafor_5_1.json");

const METHODS: [Tau2; 5] = [
    Tau2::HunterSchmidtSmallSample,
    Tau2::TwoStepDerSimonianLaird,
    Tau2::TwoStepHedges,
    Tau2::MedianUnbiasedPauleMandel,
    Tau2::HartungMakambi,
];

fn data() -> BTreeMap<String, (Vec<f64>, Vec<f64>)> {
    let file = reference(DATA);
    let of = |case: &Value| (text(&case["name"]).to_owned(), (numbers(&case["yi"]), numbers(&case["vi"])));
    list(&file["cases"]).iter().map(of).collect()
}

fn least(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

/// `1`, and `(7 i) mod 5` as a second column.
fn design(k: usize, p: usize) -> DMatrix<f64> {
    DMatrix::from_fn(k, p, |i, j| if j == 0 { 1.0 } else { ((7 * i) % 5) as f64 })
}

fn compare(c: &mut Comparison, what: &str, fit: &Tau2Fit, pinned: &Value, v: &[f64], tolerance: f64) {
    let tau2 = number(&pinned["tau2"]).expect("tau2");
    let size = tau2 + least(v);
    c.close(|| what.to_owned(), "tau2", fit.tau2, tau2, size, tolerance);
    assert_eq!(fit.at_boundary, tau2 <= 0.0, "{what}");
    let se = number(&pinned["se"]);
    assert_eq!(fit.se.is_some(), se.is_some(), "{what}");
    if let (Some(actual), Some(se)) = (fit.se, se) {
        c.close(|| what.to_owned(), "se", actual, se, se + size, tolerance);
    }
}

#[test]
fn mpmath_agrees_with_and_without_moderators() {
    let (data, truth) = (data(), reference(TRUTH));
    let mut c = Comparison::default();
    for case in list(&truth["cases"]) {
        let name = text(&case["name"]);
        let (y, v) = &data[name];
        let p = case["coefficients"].as_u64().expect("a count") as usize;
        for method in METHODS {
            let pinned = &case["fits"][method.code()];
            let what = format!("{name} {method}, {p} coefficients");
            let fit = estimate_with_design(y, v, &design(y.len(), p), method).expect("fits");
            compare(&mut c, &what, &fit, pinned, v, 1e-12);
            if p == 1 {
                compare(&mut c, &what, &estimate(y, v, method).expect("fits"), pinned, v, 1e-12);
            }
        }
    }
    // 12 data sets; Hartung-Makambi has no standard error.
    c.finish(12 * 3 * (2 * METHODS.len() - 1));
}

#[test]
fn metafor_agrees() {
    let (data, pinned) = (data(), reference(METAFOR));
    let mut c = Comparison::default();
    for case in list(&pinned["cases"]) {
        let name = text(&case["name"]);
        let (y, v) = &data[name];
        // metafor's root has an absolute tolerance, and tau2 here is 1.5e-7; mpmath, above, agrees with the crate to 1e-12.
        let tolerance = if name == "nielweise2008_IRD" { 1e-9 } else { 1e-11 };
        for method in [Tau2::HunterSchmidtSmallSample, Tau2::MedianUnbiasedPauleMandel] {
            let fit = estimate(y, v, method).expect("fits");
            compare(&mut c, &format!("{name} {method}"), &fit, &case[method.code()], v, tolerance);
        }
    }
    c.finish(50 * 4);
}

#[test]
fn the_table_of_dersimonian_and_kacker_is_reproduced() {
    // DerSimonian and Kacker (2007), CLASP: log odds ratios; tau to four places.
    let y = [
        -1.2976287240342348,
        -1.2648771073076674,
        0.12079236684709294,
        -0.32937738870476885,
        -0.20067069546215155,
        -0.12853406867186257,
    ];
    let v = [
        0.3467740317078065,
        0.2656757376062548,
        0.19838951484521103,
        0.026477083667147027,
        0.22329679776488284,
        0.006498560266856734,
    ];
    for (code, tau) in [("DL", 0.2323), ("CA2", 0.3831), ("DL2", 0.3254), ("PM", 0.3681)] {
        let method: Tau2 = code.parse().expect("a known estimator");
        let actual = estimate(&y, &v, method).expect("fits").tau2.sqrt();
        assert!((actual - tau).abs() <= 5.0001e-5, "{method}: {actual} and {tau}");
    }
}

#[test]
fn a_variance_of_zero_is_refused_where_it_would_be_divided_by() {
    let y = [0.1, 0.3, 0.35, 0.65, 0.45, 0.15];
    let v = [0.03, 0.0, 0.05, 0.01, 0.05, 0.02];
    for method in [Tau2::HunterSchmidtSmallSample, Tau2::TwoStepDerSimonianLaird, Tau2::HartungMakambi] {
        assert_eq!(estimate(&y, &v, method), Err(Tau2Error::ZeroVariance { index: 1 }), "{method}");
    }
    // Two-step Hedges needs 1/v only if its first step is 0.
    assert!(estimate(&y, &v, Tau2::Hedges).unwrap().tau2 > 0.0);
    assert!(estimate(&y, &v, Tau2::TwoStepHedges).unwrap().tau2 > 0.0);
    let alike = [0.3, 0.31, 0.3, 0.3, 0.3, 0.3];
    assert!(estimate(&alike, &v, Tau2::Hedges).unwrap().at_boundary);
    assert_eq!(estimate(&alike, &v, Tau2::TwoStepHedges), Err(Tau2Error::ZeroVariance { index: 1 }));
    // The root of Q has a limit.
    let pmm = estimate(&y, &v, Tau2::MedianUnbiasedPauleMandel).unwrap();
    assert!(pmm.tau2 > estimate(&y, &v, Tau2::PauleMandel).unwrap().tau2 && pmm.se.is_some());
}

#[test]
fn effects_without_spread_have_no_heterogeneity() {
    for method in METHODS {
        let fit = estimate(&[0.3; 4], &[0.1, 0.2, 0.3, 0.4], method).unwrap();
        assert!(fit.at_boundary && fit.tau2 == 0.0, "{method}");
        assert_eq!(fit.se.is_some(), method != Tau2::HartungMakambi, "{method}");
        assert_eq!(estimate(&[0.3], &[0.1], method), Err(Tau2Error::TooFewStudies { k: 1, needed: 2 }));
    }
}

/// Effects and variances over six orders of magnitude.
fn studies() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (2_usize..15).prop_flat_map(|k| (vec(-3.0..3.0_f64, k), vec((-12.0..2.0_f64).prop_map(f64::exp), k)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_estimators_are_ordered((y, v) in studies()) {
        let tau2 = |method| estimate(&y, &v, method).unwrap().tau2;
        prop_assert!(tau2(Tau2::PauleMandel) <= tau2(Tau2::MedianUnbiasedPauleMandel));
        prop_assert!(tau2(Tau2::HunterSchmidt) <= tau2(Tau2::HunterSchmidtSmallSample));
        prop_assert_eq!(tau2(Tau2::DerSimonianLaird) <= 0.0, tau2(Tau2::HunterSchmidtSmallSample) <= 0.0);
        prop_assert!(tau2(Tau2::HartungMakambi) > 0.0);
    }

    #[test]
    fn equal_variances_leave_little_to_choose(y in vec(-3.0..3.0_f64, 2..15), v in (-6.0..2.0_f64).prop_map(f64::exp)) {
        let vs = vec![v; y.len()];
        let df = y.len() as f64 - 1.0;
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let rss = y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>();
        let scale = rss / df + v;
        let moment = (rss / df - v).max(0.0);
        let q = rss / v;
        let median = meta_analysis::num::chi_squared::quantile(0.5, df);
        for (method, truth) in [
            (Tau2::HunterSchmidtSmallSample, moment),
            (Tau2::TwoStepDerSimonianLaird, moment),
            (Tau2::TwoStepHedges, moment),
            (Tau2::MedianUnbiasedPauleMandel, (rss / median - v).max(0.0)),
            (Tau2::HartungMakambi, q / (2.0 * df + q) * rss / df),
        ] {
            let tau2 = estimate(&y, &vs, method).unwrap().tau2;
            prop_assert!((tau2 - truth).abs() <= 1e-12 * scale, "{method}: {tau2:e} and {truth:e}");
        }
    }
}
