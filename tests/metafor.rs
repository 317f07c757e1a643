//! Pooling against metafor 3.8 and 5.1: `tests/reference/metafor_pool.json`, `pool_metafor_5_1.json`.
//!
//! Two questions, two tests. Given metafor's own tau2, everything that follows from it must agree, which leaves
//! the convergence of its iterations out of the comparison; and tau2 itself must agree where metafor converged.
//! `tests/reference/README.md` explains the disagreements.

mod support;

use meta_analysis::{CommonEffect, Effects, Inference, Likelihood, Measure, Pooled, Prediction, RandomEffects, Tau2};
use serde_json::Value;
use support::{Comparison, effects, list, number, reference, text};

const DEBIAN: &str = include_str!("reference/metafor_pool.json");
const NEWER: &str = include_str!("reference/pool_metafor_5_1.json");

const TESTS: [(&str, Inference); 4] = [
    ("z", Inference::Wald),
    ("t", Inference::StudentT),
    ("knha", Inference::HartungKnapp),
    ("adhoc", Inference::HartungKnappTruncated),
];

/// The model of a reference fit: with the reference's tau2, or with our own.
fn fit(effects: &Effects, method: &str, tau2: Tau2, inference: Inference, level: f64) -> Pooled {
    if method == "EE" {
        CommonEffect::new().inference(inference).level(level).fit(effects)
    } else {
        let prediction = match inference {
            Inference::Wald => Prediction::Normal,
            _ => Prediction::StudentT,
        };
        RandomEffects::new(tau2).inference(inference).prediction(prediction).level(level).fit(effects)
    }
    .expect("the reference fitted this")
}

fn compare_test(c: &mut Comparison, what: &str, fit: &Pooled, pinned: &Value) {
    let estimate = fit.estimate();
    let what = || format!("{what} {}", estimate.inference());
    let size = estimate.value().abs() + estimate.se();
    let get = |key: &str| number(&pinned[key]);
    let (lower, upper) = estimate.interval();
    for (key, actual) in [("b", estimate.value()), ("lb", lower), ("ub", upper)] {
        c.close(what, key, actual, get(key).expect(key), size, 1e-11);
    }
    c.relative(what, "se", estimate.se(), get("se").expect("se"), 1e-11);
    let statistic = get("stat").expect("stat");
    c.close(what, "stat", estimate.statistic(), statistic, 1.0 + statistic.abs(), 1e-11);
    // R prints subnormal p-values as 0.
    let p = get("p").expect("p");
    c.close(what, "p", estimate.p_value(), p, p.max(f64::MIN_POSITIVE), 1e-9);
    if let (Some(lower), Some(upper)) = (get("pi_lb"), get("pi_ub")) {
        let (actual_lower, actual_upper) = fit.prediction().expect("a prediction interval").interval();
        let size = size + fit.solution().tau2.sqrt();
        c.close(what, "pi", actual_lower, lower, size, 1e-11);
        c.close(what, "pi", actual_upper, upper, size, 1e-11);
    }
}

/// Natural-scale values are clipped to the range of the measure, metafor's are not.
fn compare_natural(c: &mut Comparison, what: &str, fit: &Pooled, pinned: &Value) {
    let get = |key: &str| pinned.get(key).and_then(number);
    let Some(value) = get("nat_b") else { return };
    let natural = fit.natural();
    let (least, most) = natural.measure.natural_range();
    let mut one = |actual: f64, pinned: f64| {
        let pinned = pinned.clamp(least, most);
        c.close(|| what.to_owned(), "natural", actual, pinned, pinned.abs().max(1e-3), 1e-11);
    };
    one(natural.value, value);
    one(natural.lower, get("nat_lb").expect("nat_lb"));
    one(natural.upper, get("nat_ub").expect("nat_ub"));
    if let Some(pi_lower) = get("nat_pi_lb") {
        let prediction = fit.prediction().expect("a prediction interval").natural();
        one(prediction.lower, pi_lower);
        one(prediction.upper, get("nat_pi_ub").expect("nat_pi_ub"));
    }
}

fn compare_heterogeneity(c: &mut Comparison, what: &str, fit: &Pooled, pinned: &Value) {
    let what = || what.to_owned();
    let get = |key: &str| number(&pinned[key]).expect(key);
    let h = fit.heterogeneity();
    c.relative(what, "Q", h.q, get("QE"), 1e-10);
    c.relative(what, "p of Q", h.p_value, get("QEp"), 1e-8);
    c.close(what, "I2", 100.0 * h.i2, get("I2"), 100.0, 1e-11);
    c.relative(what, "H2", h.h2, get("H2"), 1e-10);
    for (likelihood, suffix) in [(Likelihood::Full, "ml"), (Likelihood::Restricted, "reml")] {
        let information = fit.information(likelihood).expect("a likelihood");
        for (name, actual) in [
            ("ll", information.log_likelihood),
            ("aic", information.aic),
            ("bic", information.bic),
            ("aicc", information.aicc),
        ] {
            if let Some(expected) = pinned.get(format!("{name}_{suffix}")).and_then(number) {
                c.close(what, name, actual, expected, 1.0 + expected.abs(), 1e-11);
            }
        }
    }
}

/// Everything that follows from metafor's tau2, for every fit of a file.
fn compare_given_tau2(file: &str) -> Comparison {
    let file = reference(file);
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let measure: Measure = text(&case["measure"]).parse().expect("a known measure");
        let effects = effects(case, measure);
        for pinned in list(&case["fits"]) {
            let method = text(&pinned["method"]);
            let what = format!("{} {method}", text(&case["name"]));
            let tau2 = Tau2::Fixed(number(&pinned["tau2"]).expect("tau2"));
            for (test, inference) in TESTS {
                let fit = fit(&effects, method, tau2, inference, 0.95);
                compare_test(&mut c, &what, &fit, &pinned["tests"][test]);
                compare_natural(&mut c, &what, &fit, &pinned["tests"][test]);
            }
            // A fixed tau2 is no parameter, so the criteria are compared where tau2 is estimated, below.
            let mut without_criteria = pinned.clone();
            for key in ["aic_ml", "bic_ml", "aicc_ml", "aic_reml", "bic_reml", "aicc_reml"] {
                without_criteria[key] = Value::Null;
            }
            let criteria = if method == "EE" { pinned } else { &without_criteria };
            compare_heterogeneity(&mut c, &what, &fit(&effects, method, tau2, Inference::Wald, 0.95), criteria);
        }
    }
    c
}

/// tau2 and what depends on how it was estimated, where metafor converged.
fn compare_end_to_end(file: &str, tolerance: f64, not_converged: &[(&str, &str)]) -> Comparison {
    let file = reference(file);
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let name = text(&case["name"]);
        let effects = effects(case, text(&case["measure"]).parse().expect("a known measure"));
        for pinned in list(&case["fits"]) {
            let method = text(&pinned["method"]);
            if method == "EE" || not_converged.contains(&(name, method)) {
                continue;
            }
            let what = || format!("{name} {method}");
            let fit = fit(&effects, method, method.parse().expect("a known method"), Inference::Wald, 0.95);
            let (tau2, s2) = (fit.solution().tau2, fit.solution().typical_variance.expect("k > 1"));
            c.close(what, "tau2", tau2, number(&pinned["tau2"]).expect("tau2"), tau2 + s2, tolerance);
            let se = number(&pinned["se_tau2"]).expect("se_tau2");
            c.close(what, "SE of tau2", fit.solution().tau2_se.expect("an SE"), se, se, 100.0 * tolerance);
            for (likelihood, suffix) in [(Likelihood::Full, "ml"), (Likelihood::Restricted, "reml")] {
                let information = fit.information(likelihood).expect("a likelihood");
                for (key, actual) in [("aic", information.aic), ("bic", information.bic), ("aicc", information.aicc)] {
                    if let Some(expected) = pinned.get(format!("{key}_{suffix}")).and_then(number) {
                        c.close(what, key, actual, expected, 1.0 + expected.abs(), 1e-10);
                    }
                }
            }
        }
    }
    c
}

#[test]
fn all_that_follows_from_tau2_agrees_with_metafor_3_8() {
    compare_given_tau2(DEBIAN).finish(27_832);
}

#[test]
fn all_that_follows_from_tau2_agrees_with_metafor_5_1() {
    compare_given_tau2(NEWER).finish(15_000);
}

#[test]
fn tau2_agrees_with_metafor_3_8() {
    compare_end_to_end(DEBIAN, 1e-12, &[]).finish(3_808);
}

#[test]
fn tau2_agrees_with_metafor_5_1() {
    // metafor 5.1 was run with an absolute threshold of 1e-14, which is 1e-7 of this tau2; the thirty-digit value of
    // `mpmath_pool.json` and metafor 3.8 with a threshold in the unit of the data are on our side.
    compare_end_to_end(NEWER, 1e-9, &[("nielweise2008_IRD", "REML")]).finish(2_094);
}

#[test]
fn a_given_tau2_and_other_levels_agree_with_metafor_3_8() {
    let file = reference(DEBIAN);
    let mut c = Comparison::default();
    let data = |name: &Value| {
        let case = list(&file["cases"]).iter().find(|case| case["name"] == *name).expect("the data set");
        effects(case, text(&case["measure"]).parse().expect("a known measure"))
    };
    for pinned in list(&file["fixed_tau2"]) {
        let (effects, tau2) = (data(&pinned["name"]), number(&pinned["tau2"]).expect("tau2"));
        let what = format!("{} tau2 = {tau2}", text(&pinned["name"]));
        for (test, inference) in TESTS {
            let fit = fit(&effects, "REML", Tau2::Fixed(tau2), inference, 0.95);
            compare_test(&mut c, &what, &fit, &pinned["tests"][test]);
        }
        compare_heterogeneity(&mut c, &what, &fit(&effects, "REML", Tau2::Fixed(tau2), Inference::Wald, 0.95), pinned);
    }
    for pinned in list(&file["levels"]) {
        let inference: Inference = text(&pinned["test"]).parse().expect("a known test");
        let level = number(&pinned["level"]).expect("a level");
        let fit = fit(&data(&pinned["name"]), "REML", Tau2::Reml, inference, level);
        let what = format!("{} level {level}", text(&pinned["name"]));
        compare_test(&mut c, &what, &fit, pinned);
        compare_natural(&mut c, &what, &fit, pinned);
    }
    c.finish(2_220);
}

#[test]
fn q_profile_intervals_agree_with_metafor_3_8() {
    let file = reference(DEBIAN);
    let mut c = Comparison::default();
    for case in list(&file["cases"]) {
        let effects = effects(case, text(&case["measure"]).parse().expect("a known measure"));
        let fit = RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).fit(&effects).expect("fits");
        let s2 = fit.solution().typical_variance.expect("k > 1");
        for pinned in list(&case["qprofile"]) {
            let level = number(&pinned["level"]).expect("a level");
            let what = || format!("{} level {level}", text(&case["name"]));
            let ours = fit.heterogeneity_intervals_at(level).expect("an interval");
            let empty = pinned["empty"].as_bool().expect("a truth value");
            let (Some(tau2), Some(i2), Some(h2)) = (ours.tau2.interval(), ours.i2.interval(), ours.h2.interval())
            else {
                c.close(what, "empty", 1.0, f64::from(u8::from(empty)), 1.0, 0.0);
                continue;
            };
            let get = |key: &str| number(&pinned[key]).expect(key);
            c.close(what, "tau2 lower", tau2.lower, get("tau2_lb"), tau2.lower + s2, 1e-9);
            c.close(what, "tau2 upper", tau2.upper, get("tau2_ub"), tau2.upper + s2, 1e-9);
            c.close(what, "I2", 100.0 * i2.lower, get("I2_lb"), 100.0, 1e-9);
            c.close(what, "I2", 100.0 * i2.upper, get("I2_ub"), 100.0, 1e-9);
            c.relative(what, "H2", h2.lower, get("H2_lb"), 1e-9);
            c.relative(what, "H2", h2.upper, get("H2_ub"), 1e-9);
        }
    }
    c.finish(796);
}
