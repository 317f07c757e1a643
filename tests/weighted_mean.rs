//! Means with weights that do not come from tau2, and the generalised Q estimator, against metafor 3.8, R's `lm` and mpmath.

mod support;

use meta_analysis::num::format;
use meta_analysis::tau2::{FixedWeights, QWeights, estimate, generalised_q_estimate};
use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, Inference, MeanWeights, Measure, Note, Prediction, RandomEffects, Tau2,
    WeightedMean, WeightedPooled,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, effects, list, number, numbers, reference, text};

fn user(k: usize) -> MeanWeights {
    MeanWeights::User((0..k).map(|i| (1 + (5 * i) % 7) as f64).collect())
}

fn generic(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let rows = rows.map(|(i, (&y, &v))| (format!("{i}"), Effect::from_variance(Measure::Generic, y, v).unwrap()));
    Effects::from_rows(rows).unwrap()
}

/// The models of the reference files by name, all with tau2 by DerSimonian-Laird.
fn model(name: &str, k: usize) -> WeightedMean {
    let model = match name {
        "ivhet" => WeightedMean::ivhet(),
        "equal" => WeightedMean::new(MeanWeights::Equal),
        _ => WeightedMean::new(user(k)),
    };
    let inference = match name {
        "user_t" => Inference::StudentT,
        "user_knha" => Inference::HartungKnapp,
        _ => Inference::Wald,
    };
    model.tau2(Tau2::DerSimonianLaird).inference(inference)
}

#[test]
fn mpmath_agrees() {
    let file = reference(include_str!("reference/weighted_mean.json"));
    let cases = list(&file["cases"]);
    let mut c = Comparison::default();
    for case in cases {
        let effects = effects(case, Measure::Generic);
        for (name, pinned) in case["fits"].as_object().expect("fits") {
            let estimate = match name.as_str() {
                "uwls" => *CommonEffect::uwls().fit(&effects).expect("fits").estimate(),
                name => *model(name, effects.len()).fit(&effects).expect("fits").estimate(),
            };
            let truth = numbers(pinned);
            let what = || format!("{} {name}", text(&case["name"]));
            c.close(what, "mean", estimate.value(), truth[0], truth[1] + truth[0].abs(), 1e-14);
            c.relative(what, "se", estimate.se(), truth[1], 1e-14);
        }
    }
    c.finish(66 * 4 * 2);
}

#[test]
fn metafor_and_lm_agree() {
    let file = reference(include_str!("reference/weighted_mean_metafor.json"));
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let (y, v) = (numbers(&case["y"]), numbers(&case["v"]));
        let what = |name: &str| format!("{} {name}", text(&case["name"]));
        let effects = generic(&y, &v);
        for name in ["equal", "ivhet", "user", "user_t", "user_knha"] {
            let fit = model(name, y.len()).fit(&effects).expect("fits");
            let pinned = |field: &str| number(&case[name][field]).expect("a number");
            let (lower, upper) = fit.estimate().interval();
            let size = pinned("se") + pinned("b").abs();
            for (kind, actual) in [("b", fit.estimate().value()), ("lb", lower), ("ub", upper)] {
                c.close(|| what(name), kind, actual, pinned(kind), size, 1e-12);
            }
            c.relative(|| what(name), "se", fit.estimate().se(), pinned("se"), 1e-12);
        }
        let uwls = CommonEffect::uwls().fit(&effects).expect("fits");
        let pinned = |field: &str| number(&case["uwls"][field]).expect("a number");
        c.close(|| what("uwls"), "b", uwls.estimate().value(), pinned("b"), pinned("se") + pinned("b").abs(), 1e-12);
        c.relative(|| what("uwls"), "se", uwls.estimate().se(), pinned("se"), 1e-12);
        let least = v.iter().copied().fold(f64::INFINITY, f64::min);
        let of_user: Vec<f64> = (0..y.len()).map(|i| (1 + (5 * i) % 7) as f64).collect();
        for (name, fit) in [
            ("genq_v", estimate(&y, &v, Tau2::GeneralisedQ(FixedWeights::InverseVariance))),
            ("genq_se", estimate(&y, &v, Tau2::GeneralisedQ(FixedWeights::InverseSe))),
            ("genq_1", estimate(&y, &v, Tau2::GeneralisedQ(FixedWeights::Equal))),
            ("genq_user", generalised_q_estimate(&y, &v, QWeights::User(&of_user))),
        ] {
            let fit = fit.expect("fits");
            let (tau2, se) = (number(&case[name]["tau2"]).expect("tau2"), number(&case[name]["se"]).expect("se"));
            c.close(|| what(name), "tau2", fit.tau2, tau2, tau2 + least, 1e-12);
            c.relative(|| what(name), "se of tau2", fit.se.expect("se"), se, 1e-12);
        }
    }
    let cases = list(&file["cases"]).len();
    assert!(cases >= 40, "{cases}");
    c.finish(cases * (5 * 4 + 2 + 4 * 2));
}

fn four() -> Effects {
    generic(&[0.1, 0.9, 0.5, -0.2], &[0.04, 0.05, 0.03, 0.2])
}

#[test]
fn a_result_offers_what_it_can_and_says_what_it_is() {
    let fit = WeightedMean::ivhet().fit(&four()).unwrap();
    let random = RandomEffects::new(Tau2::DerSimonianLaird).fit(&four()).unwrap();
    assert_eq!(fit.heterogeneity(), random.heterogeneity());
    assert_eq!(fit.k(), 4);
    assert!((fit.weights().iter().sum::<f64>() - 1.0).abs() < 1e-15);
    assert!(fit.notes().contains(&Note::FewStudies { k: 4 }));
    assert!(fit.certificate().is_none());
    let printed = fit.to_string();
    assert!(
        printed
            .contains("mean with inverse-variance weights, tau2 by DerSimonian-Laird; 95% interval by Wald (normal)"),
        "{printed}"
    );
    let back: WeightedPooled = serde_json::from_str(&serde_json::to_string(&fit).unwrap()).unwrap();
    assert_eq!(back, fit);
    let reml = WeightedMean::new(MeanWeights::Equal).fit(&four()).unwrap();
    assert!(reml.certificate().is_some());
    // metafor 3.8: predict(rma(yi, vi, method = "DL", weights = 1:4))
    let given = WeightedMean::new(MeanWeights::User(vec![1.0, 2.0, 3.0, 4.0])).tau2(Tau2::DerSimonianLaird);
    let (lower, upper) = given.fit(&four()).unwrap().prediction_by(Prediction::Normal).unwrap().interval();
    assert!((lower + 0.570_359_975_089_475).abs() < 1e-12 && (upper - 1.090_359_975_089_48).abs() < 1e-12);
    assert_eq!(format::significant(lower), "-0.570");
}

#[test]
fn weights_equal_to_those_of_a_model_are_that_model() {
    let effects = four();
    let random = RandomEffects::new(Tau2::PauleMandel).inference(Inference::HartungKnapp).fit(&effects).unwrap();
    let weights = MeanWeights::User(random.weights());
    let same = WeightedMean::new(weights).tau2(Tau2::PauleMandel).inference(Inference::HartungKnapp);
    let same = same.fit(&effects).unwrap();
    assert!((same.estimate().value() - random.estimate().value()).abs() < 1e-15);
    assert!((same.estimate().se() / random.estimate().se() - 1.0).abs() < 1e-14);
    let common = CommonEffect::new().fit(&effects).unwrap();
    let same = WeightedMean::new(MeanWeights::InverseVariance).tau2(Tau2::Fixed(0.0)).fit(&effects).unwrap();
    assert!((same.estimate().value() - common.estimate().value()).abs() < 1e-15);
    assert!((same.estimate().se() / common.estimate().se() - 1.0).abs() < 1e-14);
}

#[test]
fn sample_sizes_weigh_where_all_are_known() {
    let sized = |label, y, n| (label, Effect::from_variance_and_n(Measure::Generic, y, 0.1, n).unwrap());
    let effects = Effects::from_rows([sized("A", 1.0, 10.0), sized("B", 3.0, 30.0)]).unwrap();
    let fit = WeightedMean::new(MeanWeights::SampleSize).fit(&effects).unwrap();
    assert!((fit.estimate().value() - 2.5).abs() < 1e-15);
    assert_eq!(fit.weights(), [0.25, 0.75]);
    let unknown = ("C", Effect::from_variance(Measure::Generic, 1.0, 0.1).unwrap());
    let effects = Effects::from_rows([sized("A", 1.0, 10.0), unknown]).unwrap();
    let error = WeightedMean::new(MeanWeights::SampleSize).fit(&effects).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }));
    assert_eq!(error.study(), Some("C"));
}

#[test]
fn unsound_weights_are_named() {
    let with = |weights: Vec<f64>| WeightedMean::new(MeanWeights::User(weights)).fit(&four()).unwrap_err();
    assert!(matches!(with(vec![1.0]).kind(), ErrorKind::LengthMismatch { expected: 4, found: 1, .. }));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        let error = with(vec![1.0, 2.0, bad, 1.0]);
        assert!(matches!(error.kind(), ErrorKind::InvalidWeight { .. }), "{bad}: {error}");
        assert_eq!(error.study(), Some("2"));
    }
    let one = generic(&[0.1], &[0.2]);
    let error = WeightedMean::new(MeanWeights::Equal).fit(&one).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooFewStudies { .. }));
    let zero = generic(&[0.1, 0.2], &[0.2, 0.0]);
    for weights in [MeanWeights::Equal, MeanWeights::InverseVariance] {
        let error = WeightedMean::new(weights).fit(&zero).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ZeroVariance { .. }));
    }
    let error = WeightedMean::ivhet().level(95.0).fit(&four()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LevelOutOfRange { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_unit_is_exact(y in vec(-3.0..3.0_f64, 5), v in vec((-9.0..2.0_f64).prop_map(f64::exp), 5), e in -300_i32..300) {
        let a = 2.0_f64.powi(e);
        let scaled: (Vec<f64>, Vec<f64>) = (y.iter().map(|y| y * a).collect(), v.iter().map(|v| v * a * a).collect());
        for model in [WeightedMean::ivhet(), WeightedMean::new(MeanWeights::Equal), WeightedMean::new(user(5))] {
            let one = *model.fit(&generic(&y, &v)).unwrap().estimate();
            let other = *model.fit(&generic(&scaled.0, &scaled.1)).unwrap().estimate();
            prop_assert_eq!((one.value() * a).to_bits(), other.value().to_bits());
            prop_assert_eq!((one.se() * a).to_bits(), other.se().to_bits());
        }
    }

    #[test]
    fn nothing_panics_and_nothing_is_nan(
        y in vec(any::<f64>().prop_filter("finite", |y| y.is_finite()), 3),
        v in vec(any::<f64>().prop_map(f64::abs).prop_filter("finite", |v| v.is_finite()), 3),
        a in vec(any::<f64>(), 3),
    ) {
        let effects = generic(&y, &v);
        for weights in [MeanWeights::Equal, MeanWeights::InverseVariance, MeanWeights::User(a.clone())] {
            if let Ok(fit) = WeightedMean::new(weights).tau2(Tau2::DerSimonianLaird).fit(&effects) {
                let (lower, upper) = fit.estimate().interval();
                prop_assert!([fit.estimate().value(), fit.estimate().se(), lower, upper].iter().all(|x| x.is_finite()));
                prop_assert!(fit.weights().iter().all(|w| w.is_finite()));
            }
        }
    }
}

#[test]
fn the_reference_file_is_whole() {
    let file = reference(include_str!("reference/weighted_mean_metafor.json"));
    let complete =
        |case: &Value| ["equal", "ivhet", "user", "uwls", "genq_se"].iter().all(|name| case[*name].is_object());
    assert!(list(&file["cases"]).iter().all(complete));
}
