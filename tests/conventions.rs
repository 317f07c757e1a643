//! Presets against the numbers of the packages they are named for: BCG vaccine trials (Colditz 1994), log risk ratio.

mod support;

use meta_analysis::study::{BinaryMeasure, Studies, TwoByTwo, Uninformative};
use meta_analysis::{Convention, Effects, Inference, Measure, Prediction, Tau2, Tau2Interval};
use support::{Comparison, effects, list, number, reference, text};

/// Numbers of metafor that [`metafor_on_every_data_set`] compares.
const COMPARED: usize = 746;

fn bcg() -> Effects {
    let pool = reference(include_str!("reference/metafor_pool.json"));
    let data = list(&pool["cases"]).iter().find(|d| text(&d["name"]) == "bcg_RR").expect("the data set").clone();
    effects(&data, Measure::LogRiskRatio)
}

fn near(actual: (f64, f64), lower: f64, upper: f64) {
    assert!((actual.0 - lower).abs() < 6e-5 && (actual.1 - upper).abs() < 6e-5, "{actual:?}, not {lower} {upper}");
}

/// rma(yi, vi), predict(), confint() of metafor; four decimals of the exact values.
#[test]
fn metafor() {
    let fit = Convention::Metafor.random_effects().fit(&bcg()).unwrap();
    near(fit.estimate().interval(), -1.0669, -0.3622);
    near(fit.prediction().unwrap().interval(), -1.8667, 0.4376);
    assert!((Convention::Metafor.i2(&fit) - 0.9222).abs() < 6e-5);
    let region = fit.heterogeneity_intervals_by(Convention::Metafor.tau2_interval(Tau2::Reml).unwrap()).unwrap();
    let interval = region.tau2.interval().unwrap();
    near((interval.lower, interval.upper), 0.1197, 1.1115);
}

/// What metafor 3.8 printed for `rma(yi, vi)`, `predict` and `confint` of every data set in the reference: tau2 iterated to its end,
/// as the file says.
#[test]
fn metafor_on_every_data_set() {
    let pool = reference(include_str!("reference/metafor_pool.json"));
    let (mut compared, mut sets) = (Comparison::default(), 0);
    for case in list(&pool["cases"]) {
        let Some(theirs) = list(&case["fits"]).iter().find(|f| text(&f["method"]) == "REML" && f["error"].is_null())
        else {
            continue;
        };
        let data = effects(case, Measure::Generic);
        let ours = Convention::Metafor.fit(&data).unwrap();
        let (z, what) = (&theirs["tests"]["z"], || text(&case["name"]).to_owned());
        let of = |value: &serde_json::Value| number(value).expect("a number");
        let se = of(&z["se"]);
        let size = se + data.y().iter().fold(0.0_f64, |m, y| m.max(y.abs())) * 1e-3;
        let (estimate, prediction) = (ours.fit.estimate(), ours.prediction.expect("normal").interval());
        let typical = data.v().iter().copied().fold(f64::INFINITY, f64::min);
        for (name, ours, theirs, size) in [
            ("tau2", ours.fit.heterogeneity().tau2, of(&theirs["tau2"]), of(&theirs["tau2"]) + typical),
            ("mu", estimate.value(), of(&z["b"]), size),
            ("se", estimate.se(), se, se),
            ("lower", estimate.interval().0, of(&z["lb"]), size),
            ("upper", estimate.interval().1, of(&z["ub"]), size),
            ("p", estimate.p_value(), of(&z["p"]), of(&z["p"]) * (1.0 + of(&z["stat"]).powi(2))),
            ("prediction, lower", prediction.0, of(&z["pi_lb"]), size + of(&theirs["tau2"]).sqrt()),
            ("prediction, upper", prediction.1, of(&z["pi_ub"]), size + of(&theirs["tau2"]).sqrt()),
            ("I2", ours.i2, of(&theirs["I2"]) / 100.0, 1.0),
        ] {
            compared.close(what, name, ours, theirs, size, 1e-9);
        }
        sets += 1;
        let Some(q) = list(&case["qprofile"]).iter().find(|q| q["level"] == 0.95 && q["error"].is_null()) else {
            continue;
        };
        let region = ours.tau2_interval.expect("Q-profile").tau2;
        assert_eq!(region.interval().is_none(), q["empty"].as_bool().expect("a flag"), "{}", what());
        if let Some(interval) = region.interval() {
            let (lower, upper) = (of(&q["tau2_lb"]), of(&q["tau2_ub"]));
            compared.close(what, "tau2, lower", interval.lower, lower, upper + typical, 1e-9);
            compared.close(what, "tau2, upper", interval.upper, upper, upper + typical, 1e-9);
        }
    }
    println!("{sets} data sets");
    compared.finish(COMPARED);
}

/// metafor's default prediction interval against 30 digits.
#[test]
fn metafor_prediction_against_mpmath() {
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let mut compared = 0;
    for case in list(&pool["cases"]) {
        let truth = list(&case["fits"]).iter().find(|f| text(&f["method"]) == "REML").expect("REML");
        let Some(limits) = truth["pi_z_wald"].as_array() else { continue };
        let data = effects(case, Measure::Generic);
        let fit = Convention::Metafor.random_effects().fit(&data).unwrap();
        let (low, high) = (number(&limits[0]).unwrap(), number(&limits[1]).unwrap());
        let (lower, upper) = fit.prediction().unwrap().interval();
        let largest = data.y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
        let size = high - low + largest * 1e-3;
        assert!((lower - low).abs() < 1e-12 * size && (upper - high).abs() < 1e-12 * size, "{}", text(&case["name"]));
        compared += 1;
    }
    assert_eq!(compared, 67);
}

/// meta's defaults: classic interval, prediction "V", I2 from Q; Jackson's interval with DerSimonian-Laird.
#[test]
fn meta_r() {
    let fit = Convention::MetaR.random_effects().fit(&bcg()).unwrap();
    near(fit.estimate().interval(), -1.0669, -0.3622);
    near(fit.prediction().unwrap().interval(), -1.9953, 0.5663);
    assert!((Convention::MetaR.i2(&fit) - 0.9212).abs() < 6e-5);
    assert_ne!(Convention::MetaR.tau2_interval(Tau2::DerSimonianLaird), Convention::MetaR.tau2_interval(Tau2::Reml));
    assert_eq!(Convention::MetaR.tau2_interval(Tau2::Reml), Some(Tau2Interval::QProfile(meta_analysis::Tails::Equal)));
}

#[test]
fn revman() {
    let fit = Convention::RevMan.random_effects().fit(&bcg()).unwrap();
    near(fit.estimate().interval(), -1.1084, -0.3206);
    near(fit.prediction().unwrap().interval(), -1.9960, 0.5670);
    assert!((Convention::RevMan.i2(&fit) - 0.9222).abs() < 6e-5);
}

#[test]
fn stata() {
    let fit = Convention::Stata.random_effects().fit(&bcg()).unwrap();
    near(fit.estimate().interval(), -1.0669, -0.3622);
    near(fit.prediction().unwrap().interval(), -2.0084, 0.5793);
    assert_eq!(Convention::Stata.tau2_interval(Tau2::Reml), None);
}

#[test]
fn zero_cells_and_common_effect() {
    let trials = Studies::from([
        ("events", TwoByTwo::new((3, 20), (0, 18)).unwrap()),
        ("none", TwoByTwo::new((0, 15), (0, 16)).unwrap()),
        ("both", TwoByTwo::new((5, 30), (7, 31)).unwrap()),
    ]);
    for convention in Convention::ALL {
        let ratio = trials.effects(convention.two_by_two(BinaryMeasure::LogOddsRatio)).unwrap();
        let kept = if convention == Convention::Metafor { 3 } else { 2 };
        assert_eq!(ratio.y().len(), kept, "{convention}");
        assert!((ratio.y()[0] - (3.5 * 18.5 / (17.5 * 0.5_f64)).ln()).abs() < 1e-14);
        let difference = convention.two_by_two(BinaryMeasure::RiskDifference);
        assert_eq!(difference.zero_cells_policy().uninformative(), Uninformative::Keep);
        assert_eq!(trials.effects(difference).unwrap().y().len(), 3);
        let fit = convention.common_effect().fit(&ratio).unwrap();
        assert_eq!((fit.estimate().inference(), fit.estimate().level()), (Inference::Wald, 0.95));
    }
    assert_eq!(Prediction::default(), Prediction::StudentT);
}
