//! Kenward-Roger and the hybrid Hartung-Knapp intervals: `tests/reference/kenward_roger.json`, published numbers,
//! and what happens where they do not exist.

mod support;

use meta_analysis::{
    Batch, CommonEffect, Effect, Effects, ErrorKind, Inference, Measure, Pooled, RandomEffects, Result, Tau2,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, effects, list, number, numbers, reference, text};

const NEW: [Inference; 3] = [Inference::HartungKnappOrWald, Inference::HartungKnappIqwig, Inference::KenwardRoger];

fn fit(effects: &Effects, tau2: Tau2, inference: Inference) -> Result<Pooled> {
    RandomEffects::new(tau2).inference(inference).fit(effects)
}

fn generic(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let effect = |y, v| Effect::from_variance(Measure::Generic, y, v).expect("a valid effect");
    Effects::from_rows(rows.map(|(i, (&y, &v))| (format!("study {i}"), effect(y, v)))).expect("valid effects")
}

fn get(value: &Value) -> f64 {
    number(value).expect("a number")
}

#[test]
fn fits_agree_with_twenty_five_digits() {
    let file = reference(include_str!("reference/kenward_roger.json"));
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let effects = effects(case, Measure::Generic);
        let largest = effects.y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
        let what = || text(&case["name"]).to_owned();
        let truth = &case["kr"];
        let kr = fit(&effects, Tau2::Reml, Inference::KenwardRoger).expect("fits");
        let estimate = kr.estimate();
        c.relative(what, "se", estimate.se(), get(&truth["se"]), 2e-12);
        c.relative(what, "df", estimate.df().expect("df"), get(&truth["df"]), 1e-11);
        let (lower, upper) = estimate.interval();
        let size = (upper - lower) + largest * 1e-3;
        c.close(what, "lower", lower, get(&truth["ci"][0]), size, 1e-11);
        c.close(what, "upper", upper, get(&truth["ci"][1]), size, 1e-11);
        if get(&truth["p"]) > 1e-300 {
            c.relative(what, "p", estimate.p_value(), get(&truth["p"]), 1e-10);
        }
        let estimators = [("REML", Tau2::Reml), ("PM", Tau2::PauleMandel), ("DL", Tau2::DerSimonianLaird)];
        for (inference, key) in
            [(Inference::HartungKnappOrWald, "hk_or_wald"), (Inference::HartungKnappIqwig, "hk_iqwig")]
        {
            for (method, tau2) in estimators {
                let (lower, upper) = fit(&effects, tau2, inference).expect("fits").estimate().interval();
                let (truth, size) = (numbers(&case[key][method]), (upper - lower) + largest * 1e-3);
                c.close(what, key, lower, truth[0], size, 1e-12);
                c.close(what, key, upper, truth[1], size, 1e-12);
            }
        }
    }
    c.finish(67 * 16 + 67);
}

#[test]
fn bcg_vaccine_as_meta_prints_it() {
    // meta 8: metagen(method.tau = "REML", method.random.ci = "KR") on the log risk ratios of dat.bcg.
    let file = reference(include_str!("reference/kenward_roger.json"));
    let case = list(&file["cases"]).iter().find(|c| text(&c["name"]) == "bcg_RR").expect("there is one");
    let fit = fit(&effects(case, Measure::Generic), Tau2::Reml, Inference::KenwardRoger).unwrap();
    let estimate = fit.estimate();
    assert!((estimate.se() - 0.181_536).abs() < 5e-7);
    assert!((estimate.df().unwrap() - 10.514).abs() < 5e-4);
    assert!((estimate.interval().0 + 1.1164).abs() < 5e-5 && (estimate.interval().1 + 0.3127).abs() < 5e-5);
    assert!(fit.to_string().contains("95% interval by Kenward-Roger (t, 10.5 df)"), "{fit}");
}

#[test]
fn hybrids_take_the_wider_at_the_level_asked_for() {
    // q = 0.27: with 2 df Hartung-Knapp is the wider at high levels, Wald at low ones.
    let effects = generic(&[0.1, 0.35, 0.2], &[0.05, 0.07, 0.06]);
    for level in [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999] {
        let width = |inference| {
            let model = RandomEffects::new(Tau2::DerSimonianLaird).level(level).inference(inference);
            let (lower, upper) = model.fit(&effects).unwrap().estimate().interval();
            upper - lower
        };
        let (hk, wald, truncated) =
            (width(Inference::HartungKnapp), width(Inference::Wald), width(Inference::HartungKnappTruncated));
        assert_eq!(width(Inference::HartungKnappOrWald), hk.max(wald), "{level}");
        assert_eq!(width(Inference::HartungKnappIqwig), if hk < wald { truncated } else { hk }, "{level}");
        assert_eq!(hk < wald, level < 0.93, "the example covers both: {level}");
    }
}

#[test]
fn where_there_is_none_the_error_says_why() {
    let effects = generic(&[0.1, 0.9, 0.4], &[0.05, 0.07, 0.06]);
    for tau2 in [Tau2::MaximumLikelihood, Tau2::DerSimonianLaird, Tau2::Fixed(0.1)] {
        let error = fit(&effects, tau2, Inference::KenwardRoger).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotApplicable { what: "Kenward-Roger standard error", .. }));
    }
    for inference in [Inference::KenwardRoger, Inference::HartungKnappIqwig] {
        let error = CommonEffect::new().inference(inference).fit(&effects).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{error}");
    }
    let one = generic(&[0.1], &[0.05]);
    let error = CommonEffect::new().inference(Inference::HartungKnappOrWald).fit(&one).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UndefinedDf { .. }));
}

#[test]
fn equal_effects_have_an_interval() {
    let effects = generic(&[0.3, 0.3, 0.3], &[0.05, 0.07, 0.06]);
    let se = fit(&effects, Tau2::Reml, Inference::Wald).unwrap().estimate().se();
    let hybrid = fit(&effects, Tau2::Reml, Inference::HartungKnappOrWald).unwrap();
    assert_eq!((hybrid.estimate().se(), hybrid.estimate().df()), (se, None));
    let iqwig = fit(&effects, Tau2::Reml, Inference::HartungKnappIqwig).unwrap();
    assert_eq!((iqwig.estimate().se(), iqwig.estimate().df()), (se, Some(2.0)));
}

#[test]
fn names_and_codes_are_read() {
    for inference in NEW {
        assert_eq!(inference.name().parse::<Inference>().unwrap(), inference);
    }
    assert_eq!("kr".parse::<Inference>().unwrap(), Inference::KenwardRoger);
    assert_eq!("HK-ci".parse::<Inference>().unwrap(), Inference::HartungKnappOrWald);
    assert_eq!("hk-iqwig6".parse::<Inference>().unwrap(), Inference::HartungKnappIqwig);
}

fn wild() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    prop::collection::vec((-3.0..3.0_f64, -45.0..45.0_f64, -80.0..80.0_f64), 2..8)
        .prop_map(|rows| rows.into_iter().map(|(y, e, f)| (y * e.exp(), f.exp())).unzip())
}

proptest! {
    #[test]
    fn no_input_gives_a_number_that_is_none((y, v) in wild()) {
        let effects = generic(&y, &v);
        for inference in NEW {
            let Ok(fit) = fit(&effects, Tau2::Reml, inference) else { continue };
            let estimate = fit.estimate();
            let (lower, upper) = estimate.interval();
            prop_assert!(lower.is_finite() && upper.is_finite() && lower < upper || lower == upper);
            prop_assert!((0.0..=1.0).contains(&estimate.p_value()));
            prop_assert!(estimate.se() > 0.0 && estimate.df().is_none_or(|df| df > 0.0));
        }
    }

    #[test]
    fn the_unit_is_free_and_a_batch_is_a_fit((y, v) in wild(), e in -60..60_i32) {
        let a = 2f64.powi(e);
        let (ya, va): (Vec<f64>, Vec<f64>) = y.iter().zip(&v).map(|(y, v)| (y * a, v * a * a)).unzip();
        let offsets = [0, y.len()];
        for inference in NEW {
            let base = fit(&generic(&y, &v), Tau2::Reml, inference);
            let other = fit(&generic(&ya, &va), Tau2::Reml, inference);
            let (base, other) = match (base, other) {
                (Ok(base), Ok(other)) => (base, other),
                (Err(base), Err(other)) => {
                    prop_assert_eq!(base.kind(), other.kind());
                    continue;
                }
                // With hardly any degrees of freedom the limits may lie within the range of doubles in one unit only.
                (Ok(fit), Err(error)) | (Err(error), Ok(fit)) => {
                    let overflow = matches!(error.kind(), ErrorKind::Overflow { .. });
                    prop_assert!(overflow && fit.estimate().interval().1 > 1e250, "{error}: {fit}");
                    continue;
                }
            };
            let (base, other) = (base.estimate(), other.estimate());
            prop_assert_eq!((base.se() * a).to_bits(), other.se().to_bits());
            prop_assert_eq!(base.df().map(f64::to_bits), other.df().map(f64::to_bits));
            let batch = Batch::new(Measure::Generic, &ya, &va, &offsets).unwrap();
            let fits = RandomEffects::new(Tau2::Reml).inference(inference).fit_batch(&batch);
            prop_assert_eq!(fits[0].as_ref().unwrap(), other);
        }
    }
}
