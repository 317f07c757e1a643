//! Pooling against thirty-digit truth: `tests/reference/mpmath_pool.json`, `tests/reference/mpmath_random.json`.
//!
//! The data sets include tiny and huge units, a huge offset, two studies, tau2 on the boundary, equal effects,
//! two modes and variances 1e12 apart. Every fit is made from start to end, tau2 included.

mod support;

use meta_analysis::{
    CommonEffect, Effects, ErrorKind, Inference, Likelihood, Measure, Pooled, Prediction, RandomEffects, Result, Tau2,
};
use serde_json::Value;
use support::{Comparison, effects, list, number, reference, text};

fn fit(effects: &Effects, method: &str, inference: Inference, prediction: Prediction) -> Result<Pooled> {
    match method {
        "EE" => CommonEffect::new().inference(inference).fit(effects),
        _ => RandomEffects::new(method.parse()?).inference(inference).prediction(prediction).fit(effects),
    }
}

fn get(value: &Value) -> f64 {
    number(value).expect("a number")
}

fn compare_fit(c: &mut Comparison, effects: &Effects, case: &Value, truth: &Value) {
    let method = text(&truth["method"]);
    let what = || format!("{} {method}", text(&case["name"]));
    let wald = fit(effects, method, Inference::Wald, Prediction::Normal).expect("fits");
    let (solution, s2) = (wald.solution(), get(&case["typical_variance"]));
    c.close(what, "tau2", solution.tau2, get(&truth["tau2"]), get(&truth["tau2"]) + s2, 1e-12);
    // A mean cannot be closer than the spacing of doubles at its own size: 1e-15 of the largest effect.
    let largest = effects.y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
    let size = solution.se + largest * 1e-3;
    c.close(what, "mu", solution.mu, get(&truth["mu"]), size, 1e-12);
    c.relative(what, "se", solution.se, get(&truth["se"]), 1e-12);
    c.relative(what, "Q", solution.q, get(&case["Q"]), 1e-12);
    c.relative(what, "p of Q", wald.heterogeneity().p_value, get(&case["Q_p"]), 1e-12);
    if let (Some(i2), Some(h2)) = (number(&truth["I2"]), number(&truth["H2"])) {
        c.close(what, "I2", 100.0 * wald.heterogeneity().i2, i2, 100.0, 1e-12);
        c.relative(what, "H2", wald.heterogeneity().h2, h2, 1e-12);
    }
    for (likelihood, key) in [(Likelihood::Full, "ll_ml"), (Likelihood::Restricted, "ll_reml")] {
        let ll = wald.information(likelihood).expect("a likelihood").log_likelihood;
        c.close(what, key, ll, get(&truth[key]), 1.0 + get(&truth[key]).abs(), 1e-12);
    }
    for (inference, ci, p) in [
        (Inference::Wald, "ci_z", "p_z"),
        (Inference::StudentT, "ci_t", "p_t"),
        (Inference::HartungKnapp, "ci_hk", "p_hk"),
    ] {
        let Some(p) = number(&truth[p]) else {
            let error = fit(effects, method, inference, Prediction::Normal).expect_err("no variance, no interval");
            assert_eq!(*error.kind(), ErrorKind::DegenerateVariance);
            c.compared += 1;
            continue;
        };
        let fit = fit(effects, method, inference, Prediction::StudentT).expect("fits");
        let (lower, upper) = fit.estimate().interval();
        let size = size + (upper - lower);
        c.close(what, ci, lower, get(&truth[ci][0]), size, 1e-12);
        c.close(what, ci, upper, get(&truth[ci][1]), size, 1e-12);
        if p > 1e-300 {
            c.relative(what, "p", fit.estimate().p_value(), p, 1e-11);
        }
    }
    let truncated = fit(effects, method, Inference::HartungKnappTruncated, Prediction::StudentT).expect("fits");
    let (lower, upper) = truncated.estimate().interval();
    c.close(what, "ci_hk_truncated", lower, get(&truth["ci_hk_truncated"][0]), size + upper - lower, 1e-12);
    c.close(what, "ci_hk_truncated", upper, get(&truth["ci_hk_truncated"][1]), size + upper - lower, 1e-12);
    for (inference, prediction, key) in [
        (Inference::Wald, Prediction::Normal, "pi_z_wald"),
        (Inference::Wald, Prediction::StudentT, "pi_t_wald"),
        (Inference::HartungKnapp, Prediction::StudentT, "pi_t_hk"),
    ] {
        let Some(limits) = truth[key].as_array() else { continue };
        let Ok(fit) = fit(effects, method, inference, prediction) else {
            // Equal effects: the Hartung-Knapp variance is zero, so is the interval that the reference prints.
            assert_eq!(limits[0], limits[1], "{} {key}", what());
            c.compared += 1;
            continue;
        };
        let (lower, upper) = fit.prediction().expect("an interval").interval();
        c.close(what, key, lower, get(&limits[0]), size + upper - lower, 1e-12);
        c.close(what, key, upper, get(&limits[1]), size + upper - lower, 1e-12);
    }
}

#[test]
fn every_fit_agrees_with_thirty_digits() {
    let file = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let effects = effects(case, Measure::Generic);
        for truth in list(&case["fits"]) {
            compare_fit(&mut c, &effects, case, truth);
        }
    }
    c.finish(13_363);
}

fn compare_maxima(c: &mut Comparison, effects: &Effects, case: &Value, keys: [(Tau2, &str); 2]) {
    let s2 = get(&case["typical_variance"]);
    for (tau2, key) in keys {
        let what = || format!("{} {key}", text(&case["name"]));
        let fit = RandomEffects::new(tau2).inference(Inference::Wald).fit(effects).expect("fits");
        let certificate = fit.certificate().expect("a likelihood estimate has one");
        let is_maximum = |p: &&Value| p.get("kind").is_none_or(|kind| text(kind) == "maximum");
        let truth: Vec<&Value> = list(&case[key]).iter().filter(is_maximum).collect();
        c.close(what, "number of maxima", certificate.maxima.len() as f64, truth.len() as f64, 1.0, 0.0);
        let mut ours: Vec<_> = certificate.maxima.iter().map(|m| (m.tau2, m.log_likelihood)).collect();
        ours.sort_by(|a, b| a.0.total_cmp(&b.0));
        for ((tau2, ll), truth) in ours.into_iter().zip(truth) {
            c.close(what, "tau2", tau2, get(&truth["tau2"]), get(&truth["tau2"]) + s2, 1e-12);
            c.close(what, "log-likelihood", ll, get(&truth["loglik"]), 1.0 + get(&truth["loglik"]).abs(), 1e-12);
        }
    }
}

fn compare_q_profile(c: &mut Comparison, effects: &Effects, case: &Value) {
    let s2 = get(&case["typical_variance"]);
    let fit = RandomEffects::new(Tau2::PauleMandel).inference(Inference::Wald).fit(effects).expect("fits");
    for truth in list(&case["qprofile"]) {
        let what = || format!("{} level {}", text(&case["name"]), text(&truth["level"]));
        let region = fit.heterogeneity_intervals_at(get(&truth["level"])).expect("a region").tau2;
        let empty = truth["empty"].as_bool().expect("a truth value");
        let ours = f64::from(u8::from(region.interval().is_none()));
        c.close(what, "empty", ours, f64::from(u8::from(empty)), 1.0, 0.0);
        if let Some(interval) = region.interval() {
            c.close(what, "lower", interval.lower, get(&truth["lower"]), interval.lower + s2, 1e-12);
            c.close(what, "upper", interval.upper, get(&truth["upper"]), interval.upper + s2, 1e-12);
        }
    }
}

#[test]
fn certificates_list_every_local_maximum() {
    let file = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let effects = effects(case, Measure::Generic);
        compare_maxima(&mut c, &effects, case, [(Tau2::Reml, "reml_points"), (Tau2::MaximumLikelihood, "ml_points")]);
    }
    c.finish(410);
}

#[test]
fn q_profile_regions_agree_with_thirty_digits() {
    let file = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        compare_q_profile(&mut c, &effects(case, Measure::Generic), case);
    }
    c.finish(384);
}

fn compare_random_fit(c: &mut Comparison, effects: &Effects, case: &Value, truth: &Value) {
    let method = text(&truth["method"]);
    let what = || format!("{} {method}", text(&case["name"]));
    let (s2, tau2) = (get(&case["typical_variance"]), get(&truth["tau2"]));
    let wald = fit(effects, method, Inference::Wald, Prediction::Normal).expect("fits");
    let solution = wald.solution();
    c.close(what, "tau2", solution.tau2, tau2, tau2 + s2, 1e-12);
    if let Some(se) = number(&truth["se_tau2"]) {
        c.relative(what, "se of tau2", solution.tau2_se.expect("a standard error"), se, 1e-12);
    }
    c.close(what, "mu", solution.mu, get(&truth["mu"]), solution.se, 1e-12);
    c.relative(what, "se", solution.se, get(&truth["se"]), 1e-12);
    c.relative(what, "Q", solution.q, get(&case["Q"]), 1e-12);
    if get(&case["Q_p"]) > 1e-300 {
        c.relative(what, "p of Q", wald.heterogeneity().p_value, get(&case["Q_p"]), 1e-11);
    }
    c.close(what, "I2", 100.0 * wald.heterogeneity().i2, get(&truth["I2"]), 100.0, 1e-12);
    for (likelihood, key) in [(Likelihood::Full, "ll_ml"), (Likelihood::Restricted, "ll_reml")] {
        let ll = wald.information(likelihood).expect("a likelihood").log_likelihood;
        c.close(what, key, ll, get(&truth[key]), 1.0 + get(&truth[key]).abs(), 1e-12);
    }
    for (inference, ci, p) in [(Inference::Wald, "ci_z", "p_z"), (Inference::HartungKnapp, "ci_hk", "p_hk")] {
        let fit = fit(effects, method, inference, Prediction::StudentT).expect("fits");
        let (lower, upper) = fit.estimate().interval();
        c.close(what, ci, lower, get(&truth[ci][0]), upper - lower, 1e-12);
        c.close(what, ci, upper, get(&truth[ci][1]), upper - lower, 1e-12);
        if get(&truth[p]) > 1e-300 {
            c.relative(what, p, fit.estimate().p_value(), get(&truth[p]), 1e-11);
        }
    }
}

#[test]
fn random_and_multimodal_data_agree_with_thirty_digits() {
    let file = reference(include_str!("reference/mpmath_random.json"));
    let mut c = Comparison::default();
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), 316);
    for case in cases {
        let effects = effects(case, Measure::Generic);
        for truth in list(&case["fits"]) {
            compare_random_fit(&mut c, &effects, case, truth);
        }
        compare_maxima(&mut c, &effects, case, [(Tau2::Reml, "reml_maxima"), (Tau2::MaximumLikelihood, "ml_maxima")]);
        compare_q_profile(&mut c, &effects, case);
    }
    c.finish(35_622);
}
