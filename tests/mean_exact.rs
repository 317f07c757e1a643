//! Intervals of the mean that need no large sample: permutation tests, the exact interval for few studies.
//!
//! References: brute force over all sign patterns (`tests/reference/permutation.py`), metafor 3.8 (`permutation.R`), the exact interval
//! from PyMARE's estimates and scipy's densities (`exact_mean.py`; the statistic itself is compared in `src/inference/exact_mean.rs`).

mod support;

use meta_analysis::num::{normal, random::uniform};
use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, ExactMean, Inference, MeanMethod, Measure, Permutation, Pooled,
    RandomEffects, Tau2,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, effects, list, number, numbers, reference, text};

fn rows(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let rows = rows.map(|(i, (y, v))| (format!("study {i}"), Effect::from_variance(Measure::Generic, *y, *v).unwrap()));
    Effects::from_rows(rows).unwrap()
}

fn fit(effects: &Effects, method: &str, inference: Inference, level: f64) -> meta_analysis::Result<Pooled> {
    match method {
        "EE" => CommonEffect::new().inference(inference).level(level).fit(effects),
        _ => RandomEffects::new(method.parse()?).inference(inference).level(level).fit(effects),
    }
}

fn exact(draws: u32) -> MeanMethod {
    MeanMethod::Exact(ExactMean { draws, ..ExactMean::default() })
}

#[test]
fn permutation_tests_count_what_brute_force_counts() {
    let truth = reference(include_str!("reference/permutation.json"));
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&truth["cases"]) {
        let name = text(&case["name"]);
        let data = list(&pool["cases"]).iter().find(|d| text(&d["name"]) == name).expect("the data set");
        let effects = effects(data, Measure::Generic);
        let inference = if case["knapp"] == Value::Bool(true) { Inference::HartungKnapp } else { Inference::Wald };
        let (method, level) = (text(&case["method"]), number(&case["level"]).unwrap());
        let what = || format!("{name} {method} {inference}");
        let fit = fit(&effects, method, inference, level).expect("fits");
        for test in list(&case["tests"]) {
            let (hypothesis, extreme) = (number(&test[0]).unwrap(), test[2].as_u64().unwrap());
            let result = fit.permutation_test(hypothesis, Permutation::default()).expect("a test");
            assert!(result.exact);
            // The reference counts both of each pair of opposite patterns.
            c.close(what, "patterns", 2.0 * result.extreme as f64, extreme as f64, 1.0, 0.0);
            let statistic = number(&test[1]).unwrap();
            c.close(what, "statistic", result.statistic, statistic, 1.0 + statistic.abs(), 1e-8);
        }
        let Some(ends) = case["interval"].as_array() else { continue };
        let interval = fit.mean_interval(MeanMethod::Permutation(Permutation::default())).expect("an interval");
        let (lower, upper) = interval.interval();
        let (low, high) = (number(&ends[0]).unwrap(), number(&ends[1]).unwrap());
        c.close(what, "lower", lower, low, high - low, 1e-8);
        c.close(what, "upper", upper, high, high - low, 1e-8);
    }
    c.finish(3804);
}

#[test]
fn permutation_tests_agree_with_metafor() {
    let truth = reference(include_str!("reference/permutation_metafor_3_8.json"));
    let mut c = Comparison::default();
    for case in list(&truth["cases"]) {
        let effects = rows(&numbers(&case["yi"]), &numbers(&case["vi"]));
        let (method, test) = (text(&case["method"]), text(&case["test"]));
        let what = || format!("{} {method} {test}", text(&case["name"]));
        let fit = fit(&effects, method, test.parse().unwrap(), 0.95).unwrap();
        let interval = fit.mean_interval(MeanMethod::Permutation(Permutation::default())).expect("an interval");
        c.relative(what, "p", interval.p_value(), number(&case["pval"]).unwrap(), 1e-12);
        let (lower, upper) = interval.interval();
        // metafor gives none for the common-effect model.
        if let (Some(low), Some(high)) = (number(&case["ci.lb"]), number(&case["ci.ub"])) {
            c.close(what, "lower", lower, low, upper - lower, 1e-7);
            c.close(what, "upper", upper, high, upper - lower, 1e-7);
        }
    }
    c.finish(26);
}

#[test]
fn too_few_studies_for_the_level_is_said_with_the_smallest_p_value() {
    let effects = rows(&[0.1, 0.5, 0.3, 0.4, 0.9], &[0.04; 5]);
    let fit = CommonEffect::new().fit(&effects).unwrap();
    let error = fit.mean_interval(MeanMethod::Permutation(Permutation::default())).unwrap_err();
    let ErrorKind::LevelNotAttainable { smallest, .. } = *error.kind() else { panic!("{error}") };
    assert_eq!(smallest, 1.0 / 16.0);
    assert_eq!(fit.permutation_test(0.0, Permutation::default()).unwrap().p_value, 1.0 / 16.0);
    assert!(
        CommonEffect::new()
            .level(0.9375)
            .fit(&effects)
            .unwrap()
            .mean_interval(MeanMethod::Permutation(Permutation::default()))
            .is_ok()
    );
}

#[test]
fn random_patterns_are_reproducible_and_close_to_all_patterns() {
    // 21 studies: random patterns; without the last, which weighs nothing, all of them are counted.
    let y: Vec<f64> = (0..21).map(|i| 0.15 + 0.9 * (uniform(5, i) - 0.5)).collect();
    let mut v = vec![0.05; 21];
    v[20] = 1e30;
    let all = CommonEffect::new().fit(&rows(&y[..20], &v[..20])).unwrap();
    let exact = all.permutation_test(0.0, Permutation::default()).unwrap();
    assert_eq!((exact.exact, exact.patterns), (true, 1 << 19));
    let random = CommonEffect::new().fit(&rows(&y, &v)).unwrap();
    let options = Permutation { draws: 20_000, seed: 3 };
    let (one, two) = (random.permutation_test(0.0, options).unwrap(), random.permutation_test(0.0, options).unwrap());
    assert_eq!(one, two);
    assert_eq!((one.exact, one.patterns), (false, 20_001));
    let se = (exact.p_value * (1.0 - exact.p_value) / 20_000.0).sqrt();
    assert!((one.p_value - exact.p_value).abs() < 4.0 * se, "{one:?} {exact:?}");
    let other = random.permutation_test(0.0, Permutation { seed: 4, ..options }).unwrap();
    assert!(other.extreme != one.extreme);
    let interval = random.mean_interval(MeanMethod::Permutation(Permutation { draws: 999, seed: 3 })).unwrap();
    let wald = random.estimate().interval();
    assert!((interval.interval().0 - wald.0).abs() < 0.6 * random.estimate().se());
}

#[test]
fn the_exact_interval_and_p_value_are_those_from_parts_of_other_packages() {
    let truth = reference(include_str!("reference/exact_mean.json"));
    let mut compared = 0;
    for case in list(&truth["cases"]) {
        let effects = rows(&numbers(&case["yi"]), &numbers(&case["vi"]));
        let (level, name) = (number(&case["level"]).unwrap(), text(&case["name"]));
        let fit = RandomEffects::new(Tau2::DerSimonianLaird).level(level).fit(&effects).unwrap();
        let interval = fit.mean_interval(exact(20_000)).unwrap();
        let (value, se) = (fit.estimate().value(), fit.estimate().se());
        assert!((interval.value() - value).abs() < 1e-14 * se, "{name}: the estimate is DerSimonian-Laird's");
        let (lower, upper) = interval.interval();
        let (low, high) = (number(&case["lower"]).unwrap(), number(&case["upper"]).unwrap());
        let spread = numbers(&case["spread"]);
        // Five standard deviations of an end from 20 000 samples, and 0.2 % of the width for the grid of the reference.
        let within = |s: f64| 5.0 * s * 2.0_f64.sqrt() + 0.002 * (high - low);
        assert!((lower - low).abs() < within(spread[0]), "{name} {level}: {lower} {low}");
        assert!((upper - high).abs() < within(spread[1]), "{name} {level}: {upper} {high}");
        let (p, expected) = (interval.p_value(), number(&case["p_value"]).unwrap());
        assert!(
            (p - expected).abs() < 5.0 * spread[2] * 2.0_f64.sqrt() + 0.002 * expected,
            "{name} {level}: {p} {expected}"
        );
        compared += 1;
    }
    assert_eq!(compared, 12);
}

#[test]
fn the_exact_interval_covers_at_least_as_often_as_it_says() {
    // Three studies of very different precision, where Wald intervals fail, at three sizes of tau2.
    let v = [0.02, 0.1, 0.5_f64];
    for (cell, tau2) in [0.0, 0.1, 2.0].into_iter().enumerate() {
        let (mut covered, mut covered_by_wald) = (0, 0);
        let runs = 150_u64;
        for run in 0..runs {
            let at = |i: usize| uniform(77 + cell as u64, 3 * run + i as u64);
            let y: Vec<f64> = (0..3).map(|i| normal::quantile(at(i)) * (v[i] + tau2).sqrt()).collect();
            let model = RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).level(0.9);
            let fit = model.fit(&rows(&y, &v)).unwrap();
            let options = ExactMean { draws: 199, seed: run, weight: None };
            let (lower, upper) = fit.mean_interval(MeanMethod::Exact(options)).unwrap().interval();
            covered += u64::from(lower <= 0.0 && 0.0 <= upper);
            let (lower, upper) = fit.estimate().interval();
            covered_by_wald += u64::from(lower <= 0.0 && 0.0 <= upper);
        }
        let se = (0.9 * 0.1 / runs as f64).sqrt();
        let share = covered as f64 / runs as f64;
        assert!(share > 0.9 - 2.5 * se, "tau2 {tau2}: {share}");
        println!("tau2 {tau2}: exact {share:.3}, Wald {:.3}", covered_by_wald as f64 / runs as f64);
    }
}

#[test]
fn the_exact_p_value_is_the_complement_of_the_level_at_an_end() {
    let (y, v) = ([0.2, 0.5, 0.9], [0.04, 0.09, 0.05]);
    let model = RandomEffects::new(Tau2::DerSimonianLaird);
    let (lower, upper) = model.fit(&rows(&y, &v)).unwrap().mean_interval(exact(4000)).unwrap().interval();
    for end in [lower, upper] {
        let moved: Vec<f64> = y.iter().map(|y| y - end).collect();
        let p = model.fit(&rows(&moved, &v)).unwrap().mean_interval(exact(4000)).unwrap().p_value();
        assert!((p - 0.05).abs() < 1e-3, "{p}");
    }
}

#[test]
fn what_the_exact_interval_cannot_do() {
    let effects = rows(&[0.1, 0.9], &[0.1, 0.2]);
    let common = CommonEffect::new().fit(&effects).unwrap();
    let error = common.mean_interval(exact(1000)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }));
    let random = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects).unwrap();
    let error = random.mean_interval(exact(18)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LevelNotAttainable { .. }), "{error}");
    assert!(random.mean_interval(exact(19)).is_ok());
    let negative = MeanMethod::Exact(ExactMean { weight: Some(-1.0), ..ExactMean::default() });
    assert_eq!(random.mean_interval(negative).unwrap_err().field(), Some("weight"));
}

#[test]
fn a_change_of_unit_by_a_power_of_two_changes_no_digit() {
    let (y, v) = ([0.11, 0.52, -0.9, 0.33, 0.71, 0.2], [0.04, 0.09, 0.05, 0.3, 0.01, 0.02]);
    for method in [exact(500), MeanMethod::Permutation(Permutation::default())] {
        let interval = |a: f64| {
            let (y, v) = (y.map(|y| y * a), v.map(|v| v * a * a));
            RandomEffects::default().fit(&rows(&y, &v)).unwrap().mean_interval(method).unwrap()
        };
        let base = interval(1.0);
        for e in [-300, -3, 40, 300] {
            let a = 2.0_f64.powi(e);
            let scaled = interval(a);
            let (lower, upper) = base.interval();
            assert_eq!(scaled.interval(), (lower * a, upper * a), "{method} 2^{e}");
            assert_eq!(scaled.p_value(), base.p_value());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_input_makes_a_panic_or_a_nan(
        y in proptest::collection::vec(-1e3..1e3_f64, 2..7),
        size in proptest::collection::vec(-12..12_i32, 7),
        scale in -280..280_i32,
    ) {
        let unit = 2.0_f64.powi(scale);
        let v: Vec<f64> = (0..y.len()).map(|i| 10.0_f64.powi(size[i]) * unit * unit).collect();
        let y: Vec<f64> = y.iter().map(|y| y * unit).collect();
        let effects = rows(&y, &v);
        let model = RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).level(0.7);
        if let Ok(fit) = model.fit(&effects) {
            for method in [exact(20), MeanMethod::Permutation(Permutation::default())] {
                if let Ok(interval) = fit.mean_interval(method) {
                    let (lower, upper) = interval.interval();
                    prop_assert!(lower.is_finite() && upper.is_finite() && lower <= upper, "{method} {lower} {upper}");
                    prop_assert!((0.0..=1.0).contains(&interval.p_value()));
                }
            }
        }
    }
}
