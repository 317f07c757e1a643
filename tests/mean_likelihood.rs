//! Likelihood intervals of the mean, their corrections, and Henmi-Copas: `tests/reference/mean_likelihood.json`,
//! published numbers, and what happens at the edges.

mod support;

use meta_analysis::tau2::{Tau2Error, Workspace};
use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, Inference, MeanMethod, Measure, Pooled, RandomEffects, Tau2,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, effects, list, number, numbers, reference, text};

const METHODS: [MeanMethod; 4] = [
    MeanMethod::ProfileLikelihood,
    MeanMethod::ProfileLikelihoodBartlett,
    MeanMethod::Skovgaard,
    MeanMethod::HenmiCopas,
];

fn generic(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let effect = |y, v| Effect::from_variance(Measure::Generic, y, v).expect("a valid effect");
    Effects::from_rows(rows.map(|(i, (&y, &v))| (format!("study {i}"), effect(y, v)))).expect("valid effects")
}

fn fit(effects: &Effects) -> Pooled {
    RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).fit(effects).expect("fits")
}

fn get(value: &Value) -> f64 {
    number(value).expect("a number")
}

#[test]
fn every_interval_agrees_with_twenty_digits() {
    let file = reference(include_str!("reference/mean_likelihood.json"));
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let effects = effects(case, Measure::Generic);
        let largest = effects.y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
        let fit = fit(&effects);
        let what = || text(&case["name"]).to_owned();
        for (method, key) in
            [(MeanMethod::ProfileLikelihood, "pieces"), (MeanMethod::ProfileLikelihoodBartlett, "pieces_bartlett")]
        {
            let interval = fit.mean_interval(method).expect("an interval");
            let truth = numbers(&case[key]);
            let ends: Vec<f64> = interval.pieces().iter().flat_map(|&(a, b)| [a, b]).collect();
            c.close(what, "number of ends", ends.len() as f64, truth.len() as f64, 1.0, 0.0);
            let (lower, upper) = interval.interval();
            let size = (upper - lower) + largest * 1e-3;
            for (end, truth) in ends.into_iter().zip(truth) {
                c.close(what, key, end, truth, size, 1e-12);
            }
            c.close(what, "mean", interval.value(), get(&case["mu"]), size, 1e-12);
        }
        let mut workspace = Workspace::new();
        workspace.load(effects.y(), effects.v()).expect("valid data");
        let test = workspace.mean_likelihood_ratio(0.0).expect("a test");
        c.relative(what, "bartlett", test.bartlett, get(&case["bartlett"]), 1e-11);
        let statistic = get(&case["statistic"]);
        // An offset of the effects costs the digits that doubles do not have.
        if text(&case["name"]) != "huge_offset" {
            c.relative(what, "statistic", test.statistic, statistic, 1e-10);
            let p = fit.mean_interval(MeanMethod::ProfileLikelihood).expect("an interval").p_value();
            let root = test.signed_root.abs();
            c.close(what, "p", p, 2.0 * meta_analysis::num::normal::sf(root), 1e-3, 1e-13);
            match number(&case["skovgaard"]) {
                Some(truth) => {
                    let ours = test.skovgaard.expect("a statistic");
                    c.close(what, "skovgaard", ours, truth, 1.0 + truth.abs(), 1e-10);
                }
                None => c.close(what, "none", f64::from(u8::from(test.skovgaard.is_some())), 0.0, 1.0, 0.0),
            }
        }
        match &case["skovgaard_ci"] {
            Value::Null => {
                let error = fit.mean_interval(MeanMethod::Skovgaard).expect_err("no statistic, no interval");
                assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{}: {error}", what());
                c.compared += 2;
            }
            truth => {
                let interval = fit.mean_interval(MeanMethod::Skovgaard).expect("an interval");
                let (lower, upper) = interval.interval();
                let size = (upper - lower) + largest * 1e-3;
                c.close(what, "skovgaard_ci", lower, get(&truth[0]), size, 1e-11);
                c.close(what, "skovgaard_ci", upper, get(&truth[1]), size, 1e-11);
            }
        }
        let truth = &case["henmi_copas"];
        let interval = fit.mean_interval(MeanMethod::HenmiCopas).expect("an interval");
        let (lower, upper) = interval.interval();
        let size = (upper - lower) + largest * 1e-3;
        c.close(what, "hc", interval.value(), get(&truth["value"]), size, 1e-12);
        c.close(what, "hc", lower, get(&truth["ci"][0]), size, 1e-11);
        c.close(what, "hc", upper, get(&truth["ci"][1]), size, 1e-11);
        if let Some(p) = number(&truth["p"]) {
            c.relative(what, "hc p", interval.p_value(), p, 1e-9);
        }
    }
    c.finish(1196);
}

#[test]
fn lee_2004_as_metafor_prints_it() {
    // metafor: hc(rma(yi, vi, data = escalc(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.lee2004)))
    #[rustfmt::skip]
    let y = [
        -0.13005312824819804, -1.6218604324326573, 0.4183685129440723, 0.07915093720916433, -0.17946848781154823,
        -0.24116205681688768, -0.3805424253453758, -1.9123874570166697, 0.0, -1.0930874127361396, -1.3021022698995428,
        -0.45309315709741926, -3.0990318433917947, -1.6599901915969313, -1.1687156544390884, 0.16095673429625768,
    ];
    #[rustfmt::skip]
    let v = [
        0.13025067750677508, 0.3090277777777778, 0.4218004218004218, 0.08247606163946596, 0.35946275946275946,
        0.48376623376623373, 0.0696702019610141, 0.539044289044289, 2.068965517241379, 0.28708133971291866,
        0.27586243075373507, 0.4643127245225941, 1.1702293649555313, 0.2293622848200313, 0.13935111780561282,
        0.09953731464224941,
    ];
    let interval = fit(&generic(&y, &v)).mean_interval(MeanMethod::HenmiCopas).unwrap();
    let (lower, upper) = interval.interval();
    assert!((interval.value() + 0.5145).abs() < 5e-5);
    assert!((lower + 0.999).abs() < 5e-4 && (upper + 0.030).abs() < 5e-4, "{lower} {upper}");
}

#[test]
fn metafor_hc_with_tight_tolerances() {
    // metafor 3.8: hc(rma(yi, vi, method = "DL"), control = list(tol = 1e-14, maxiter = 10000)); its integrals are good
    // to about 1e-9 of the width, or worse for two studies.
    let pinned = [
        ("bcg_OR", -1.1909822098697, 0.31870405759687, 1e-9),
        ("bcg_RR", -1.155548761932, 0.29497843462385, 1e-9),
        ("hine1989_RD", 0.0055130833574843, 0.053375557332044, 1e-9),
        ("normand1999_SMD", -1.1857361860417, 0.36451334719973, 1e-9),
        ("lau1992_OR", -0.45666961261939, -0.072134823589469, 2e-8),
        ("k2_heterogeneous", -7.3000520092668, 8.8538981631129, 1e-6),
        ("two_modes", -0.014746431618877, 0.01462737296343, 1e-9),
    ];
    let file = reference(include_str!("reference/mean_likelihood.json"));
    for (name, lower, upper, tolerance) in pinned {
        let case = list(&file["cases"]).iter().find(|c| text(&c["name"]) == name).expect("there is one");
        let ours = fit(&effects(case, Measure::Generic)).mean_interval(MeanMethod::HenmiCopas).unwrap().interval();
        let off = (ours.0 - lower).abs().max((ours.1 - upper).abs()) / (upper - lower);
        assert!(off < tolerance, "{name}: {off:e}");
    }
}

/// One precise study apart from four that are not: a narrow peak at 0 and a broad one at their mean.
const TWO_PEAKS: ([f64; 5], [f64; 5]) = ([0.0, 10.0, 10.0, 10.0, 10.5], [1e-6, 16.0, 16.0, 16.0, 16.0]);

#[test]
fn a_likelihood_with_two_peaks_has_two_pieces() {
    let (y, v) = TWO_PEAKS;
    let interval = fit(&generic(&y, &v)).mean_interval(MeanMethod::ProfileLikelihood).unwrap();
    let &[(a, b), (c, d)] = interval.pieces() else { panic!("{interval}") };
    assert!(-0.01 < a && a < 0.0 && 0.0 < b && b < 0.01, "{interval}");
    assert!(1.0 < c && c < interval.value() && interval.value() < d);
    assert_eq!(interval.interval(), (a, d));
    let text = interval.to_string();
    let pieces = text.matches(" [").count();
    assert_eq!((pieces, text.matches("] and [").count(), text.matches(" and ").count()), (2, 1, 1), "{text}");
    // At a lower level only the higher peak is left.
    let narrower = fit(&generic(&y, &v)).mean_interval_at(MeanMethod::ProfileLikelihood, 0.5).unwrap();
    assert_eq!(narrower.pieces().len(), 1);
}

#[test]
fn equal_variances_have_closed_forms() {
    // k log(1 + t^2/(k-1)) as long as tau2 is above 0 on both sides; B = 1 + 3/(2k).
    let y = [0.1, 2.3, -1.7, 3.9, 1.2, 0.4, -2.2, 1.8];
    let mut workspace = Workspace::new();
    workspace.load(&y, &[0.01; 8]).unwrap();
    let (k, mean) = (8.0, y.iter().sum::<f64>() / 8.0);
    let rss: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
    for mu in [-3.0, 0.0, 0.3, 0.9, 4.0] {
        let test = workspace.mean_likelihood_ratio(mu).unwrap();
        let delta = mean - mu;
        let root = (k * (k * delta * delta / rss).ln_1p()).sqrt().copysign(delta);
        assert!((test.signed_root - root).abs() < 1e-13, "{mu}");
        assert!((test.bartlett - (1.0 + 1.5 / k)).abs() < 1e-14);
        let u = delta * k / rss.sqrt() / (1.0 + k * delta * delta / rss);
        let skovgaard = root + (u / root).ln() / root;
        assert!((test.skovgaard.unwrap() - skovgaard).abs() < 1e-10 * (1.0 + skovgaard.abs()), "{mu}");
    }
}

/// `tests/reference/bartlett_expectation.py`: the mean of 400 000 statistics, fitted by PyMARE. The factor is the expectation up to terms that
/// fall with the square of the number of studies; the factor's own distance from 1 falls with that number.
#[test]
fn bartletts_factor_is_the_expectation_of_the_statistic_to_second_order() {
    let file = reference(include_str!("reference/bartlett_expectation.json"));
    let excess = |case: &Value| -> (f64, f64, f64) {
        let mut workspace = Workspace::new();
        workspace.load(&numbers(&case["yi"]), &numbers(&case["vi"])).expect("valid data");
        let test = workspace.mean_likelihood_ratio(0.0).expect("a test");
        assert!((test.tau2 / get(&case["tau2"]) - 1.0).abs() < 1e-4, "PyMARE stops early");
        (test.bartlett - 1.0, get(&case["expectation"]) - 1.0, get(&case["se"]))
    };
    let cases = list(&file["cases"]);
    let [eight, sixteen, thirty_two, uneven] = [0, 1, 2, 3].map(|i| excess(&cases[i]));
    for (factor, simulated, se) in [eight, sixteen, thirty_two] {
        let rest = simulated - factor;
        assert!(rest.abs() < 1.5 * factor * factor + 4.0 * se, "{factor} {simulated}");
        // A term of first order would not leave so little.
        assert!(rest.abs() < 0.25 * factor);
    }
    for ((few, of_few, se), (many, of_many, _)) in [(eight, sixteen), (sixteen, thirty_two)] {
        let (rest, left) = (of_few - few, of_many - many);
        assert!((left - 0.25 * rest).abs() < 0.1 * rest + 4.0 * se, "{rest} {left}");
    }
    let (factor, simulated, se) = uneven;
    assert!((simulated - factor).abs() < 3.0 * factor * factor + 4.0 * se, "{factor} {simulated}");
}

#[test]
fn next_to_the_maximum_the_correction_is_smooth() {
    let (y, v) = ([0.2, 1.1, -0.6, 0.9, 0.3], [0.02, 0.05, 0.08, 0.03, 0.2]);
    let mut workspace = Workspace::new();
    workspace.load(&y, &v).unwrap();
    let mean = workspace.mean_likelihood_ratio(0.0).unwrap().mean;
    let mut at = |x: f64| workspace.mean_likelihood_ratio(mean + x).unwrap().skovgaard.unwrap();
    let limit = at(0.0);
    for e in 1..14 {
        let x = 10f64.powi(-e);
        assert!((at(x) - limit).abs() < 10.0 * x + 1e-9 && (at(-x) - limit).abs() < 10.0 * x + 1e-9, "{x:e}");
    }
}

#[test]
fn edges_have_typed_errors() {
    let one = generic(&[0.1], &[0.05]);
    let common = CommonEffect::new().fit(&one).unwrap();
    for method in METHODS {
        assert!(matches!(common.mean_interval(method).unwrap_err().kind(), ErrorKind::NotApplicable { .. }));
        let error = fit(&generic(&[0.1, 0.4], &[0.05, 0.06])).mean_interval_at(method, 1.0).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LevelOutOfRange { .. }));
    }
    // Equal effects: tau2 is 0 at the maximum, so there is no second-order statistic, but everything else.
    let equal = fit(&generic(&[0.3, 0.3, 0.3], &[0.05, 0.07, 0.06]));
    for method in METHODS {
        match equal.mean_interval(method) {
            Ok(interval) => assert!(interval.interval().0 < 0.3 && 0.3 < interval.interval().1),
            Err(error) => {
                assert_eq!(method, MeanMethod::Skovgaard);
                assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }));
            }
        }
    }
    let mut workspace = Workspace::new();
    workspace.load(&[0.0, 1.0], &[0.0, 1.0]).unwrap();
    assert!(workspace.mean_likelihood_ratio(0.5).is_err() && workspace.henmi_copas(0.05, 0.0).is_err());
    workspace.load(&[0.0, 1.0], &[1.0, 1.0]).unwrap();
    assert!(workspace.mean_likelihood_ratio(f64::NAN).is_err() && workspace.henmi_copas(0.0, 0.0).is_err());
}

#[test]
fn p_values_are_closer_to_uniform_with_each_correction() {
    // 6 studies, tau2 well above the sampling variances, so that its estimate is rarely 0: share of 4000 analyses rejected at 5%.
    let v = [0.02, 0.04, 0.05, 0.08, 0.1, 0.3];
    let tau2 = 0.6;
    let (mut plain, mut bartlett, mut skovgaard, mut with) = (0, 0, 0, 0);
    let mut workspace = Workspace::new();
    for run in 0..4000_u64 {
        let y: Vec<f64> = v
            .iter()
            .zip(0..)
            .map(|(v, i): (&f64, u64)| {
                meta_analysis::num::normal::quantile(meta_analysis::num::random::uniform(20_261_122, run * 6 + i))
                    * (v + tau2).sqrt()
            })
            .collect();
        workspace.load(&y, &v).unwrap();
        let test = workspace.mean_likelihood_ratio(0.0).unwrap();
        let rejects = |root: f64| u32::from(root.abs() > 1.959_963_984_540_054);
        let Some(corrected) = test.skovgaard else { continue };
        with += 1;
        plain += rejects(test.signed_root);
        bartlett += rejects(test.signed_root / test.bartlett.sqrt());
        skovgaard += rejects(corrected);
    }
    let share = |count: u32| f64::from(count) / f64::from(with);
    println!("{with} analyses: plain {}, Bartlett {}, Skovgaard {}", share(plain), share(bartlett), share(skovgaard));
    assert!(share(plain) > share(bartlett) + 0.02 && share(bartlett) > share(skovgaard));
    assert!((share(skovgaard) - 0.05).abs() < 0.02);
}

fn wild() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let row = (-3.0..3.0_f64, -45.0..45.0_f64, -80.0..80.0_f64);
    prop::collection::vec(row, 2..7).prop_map(|rows| rows.into_iter().map(|(y, e, f)| (y * e.exp(), f.exp())).unzip())
}

fn ordinary() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let row = (-3.0..3.0_f64, -6.0..2.0_f64);
    prop::collection::vec(row, 2..7).prop_map(|rows| rows.into_iter().map(|(y, f)| (y, f.exp())).unzip())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_gives_a_number_that_is_none((y, v) in wild()) {
        let model = RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald);
        let Ok(fit) = model.fit(&generic(&y, &v)) else { return Ok(()) };
        for method in METHODS {
            let Ok(interval) = fit.mean_interval(method) else { continue };
            let ends: Vec<f64> = interval.pieces().iter().flat_map(|&(a, b)| [a, b]).collect();
            prop_assert!(!ends.is_empty() && ends.iter().all(|x| x.is_finite()));
            prop_assert!(ends.windows(2).all(|pair| pair[0] <= pair[1]), "{method} {ends:?}");
            prop_assert!((0.0..=1.0).contains(&interval.p_value()));
        }
    }

    #[test]
    fn the_set_holds_exactly_what_the_test_does_not_reject((y, v) in ordinary(), at in prop::collection::vec(-8.0..8.0_f64, 40)) {
        let mut workspace = Workspace::new();
        workspace.load(&y, &v).unwrap();
        for (quantile, bartlett) in [(0.3, false), (3.84, false), (3.84, true)] {
            let (_, pieces) = workspace.mean_likelihood_set(quantile, bartlett).unwrap();
            for &mu in at.iter().chain(&y) {
                let test = workspace.mean_likelihood_ratio(mu).unwrap();
                let excess = test.statistic / if bartlett { test.bartlett } else { 1.0 } - quantile;
                let inside = pieces.iter().any(|&(a, b)| a <= mu && mu <= b);
                prop_assert!(excess.abs() < 1e-9 || (excess < 0.0) == inside, "{mu} {excess} {pieces:?}");
            }
        }
    }

    #[test]
    fn the_unit_is_free((y, v) in ordinary(), e in -200..200_i32) {
        let a = 2f64.powi(e);
        let (ya, va): (Vec<f64>, Vec<f64>) = y.iter().zip(&v).map(|(y, v)| (y * a, v * a * a)).unzip();
        let (base, other) = (fit(&generic(&y, &v)), fit(&generic(&ya, &va)));
        for method in METHODS {
            let (base, other) = (base.mean_interval(method), other.mean_interval(method));
            prop_assert_eq!(base.is_ok(), other.is_ok());
            let (Ok(base), Ok(other)) = (base, other) else { continue };
            prop_assert_eq!(base.pieces().len(), other.pieces().len());
            for (one, two) in base.pieces().iter().zip(other.pieces()) {
                prop_assert_eq!(((one.0 * a).to_bits(), (one.1 * a).to_bits()), (two.0.to_bits(), two.1.to_bits()));
            }
            prop_assert_eq!(base.p_value().to_bits(), other.p_value().to_bits());
        }
    }
}

/// Found by fuzzing: the search over tau2 had no end where squares of residuals exceed the range of doubles.
#[test]
fn a_mean_out_of_reach_is_an_overflow() {
    let mut workspace = Workspace::new();
    workspace.load(&[0.1, 0.9, 0.5], &[0.04, 0.05, 0.03]).unwrap();
    for mu in [1e101, -1e160, 1e300, f64::MAX] {
        assert_eq!(workspace.mean_likelihood_ratio(mu).unwrap_err(), Tau2Error::Overflow, "{mu:e}");
    }
    assert!(workspace.mean_likelihood_ratio(1e90).unwrap().statistic.is_finite());
}
