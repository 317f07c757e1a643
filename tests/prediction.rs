//! Prediction: every method against `tests/reference/prediction.json`, the printed table of BCG intervals, properties.

mod support;

use meta_analysis::tau2::{ConfidenceDistribution, QWeights, Resampling, Tau2Set, generalised_q_interval};
use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, Inference, Measure, NewStudy, Pooled, Prediction, RandomEffects, Side,
    Tau2, Tau2Bootstrap, Threshold,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, effects, list, number, numbers, reference, text};

const PIVOTS: [(Prediction, &str); 8] = [
    (Prediction::Normal, "Normal"),
    (Prediction::TauOnly, "TauOnly"),
    (Prediction::Veroniki, "Veroniki"),
    (Prediction::HartungKnapp, "HartungKnapp"),
    (Prediction::HigginsThompsonSpiegelhalter, "HigginsThompsonSpiegelhalter"),
    (Prediction::PartlettRiley, "PartlettRiley"),
    (Prediction::KenwardRoger, "KenwardRoger"),
    (Prediction::KenwardRogerPartlettRiley, "KenwardRogerPartlettRiley"),
];

fn rows(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let rows = rows.map(|(i, (y, v))| (format!("study {i}"), Effect::from_variance(Measure::Generic, *y, *v).unwrap()));
    Effects::from_rows(rows).unwrap()
}

fn named<'a>(pool: &'a Value, name: &str) -> &'a Value {
    list(&pool["cases"]).iter().find(|d| text(&d["name"]) == name).expect("the data set")
}

fn wald(effects: &Effects) -> Pooled {
    RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(effects).expect("fits")
}

#[test]
fn every_method_with_one_standard_error_to_thirty_digits() {
    let truth = reference(include_str!("reference/prediction.json"));
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&truth["pivot"]) {
        let effects = effects(named(&pool, text(&case["name"])), Measure::Generic);
        let fit = wald(&effects);
        let largest = effects.y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
        let what = |key: &str| format!("{} {key}", text(&case["name"]));
        for (method, key) in PIVOTS {
            let Some(limits) = case[key].as_array() else {
                let error = fit.prediction_by(method).expect_err("no df, no interval");
                assert!(matches!(error.kind(), ErrorKind::UndefinedDf { .. }), "{error}");
                c.compared += 2;
                continue;
            };
            let (low, high) = (number(&limits[0]).unwrap(), number(&limits[1]).unwrap());
            let Ok(interval) = fit.prediction_by(method) else {
                // Equal effects: the Hartung-Knapp standard error is 0, which is refused.
                assert!(low == high, "{}", what(key));
                c.compared += 2;
                continue;
            };
            let (lower, upper) = interval.interval();
            // The df of Kenward-Roger less 1 may be as near to 0 as they like, and the quantile follows.
            let df = interval.df().unwrap_or(f64::INFINITY);
            let tolerance = 1e-12 * (1.0 + 100.0 / (df * df));
            let size = high - low + largest * 1e-3;
            c.close(|| what(key), key, lower, low, size, tolerance);
            c.close(|| what(key), key, upper, high, size, tolerance);
        }
        let observed = NewStudy::observed(effects.v()[0]).method(Prediction::HartungKnapp);
        let limits = &case["observed"];
        let (low, high) = (number(&limits[0]).unwrap(), number(&limits[1]).unwrap());
        let Ok(interval) = fit.prediction_for(observed) else { continue };
        c.close(|| what("observed"), "observed", interval.interval().0, low, high - low + largest * 1e-3, 1e-12);
        c.close(|| what("observed"), "observed", interval.interval().1, high, high - low + largest * 1e-3, 1e-12);
    }
    c.finish(1204);
}

#[test]
fn nagashima_noma_furukawa_with_equal_variances_in_closed_form() {
    let truth = reference(include_str!("reference/prediction.json"));
    let mut c = Comparison::default();
    for case in list(&truth["equal"]) {
        let effects = rows(&numbers(&case["yi"]), &numbers(&case["vi"]));
        let study =
            NewStudy::true_effect().method(Prediction::NagashimaNomaFurukawa).level(number(&case["level"]).unwrap());
        let (lower, upper) = wald(&effects).prediction_for(study).unwrap().interval();
        let what = || format!("k {} level {}", effects.y().len(), case["level"]);
        let (low, high) = (number(&case["lower"]).unwrap(), number(&case["upper"]).unwrap());
        c.close(what, "lower", lower, low, high - low, 1e-11);
        c.close(what, "upper", upper, high, high - low, 1e-11);
    }
    c.finish(16);
}

#[test]
fn nagashima_noma_furukawa_in_general_and_as_drawn() {
    let truth = reference(include_str!("reference/prediction.json"));
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for (key, tolerance) in [("series", 1e-6), ("drawn", 5e-3)] {
        for case in list(&truth[key]) {
            let effects = effects(named(&pool, text(&case["name"])), Measure::Generic);
            let level = number(&case["level"]).unwrap();
            let study = NewStudy::true_effect().method(Prediction::NagashimaNomaFurukawa).level(level);
            let interval = wald(&effects).prediction_for(study).unwrap();
            let (lower, upper) = interval.interval();
            let what = || format!("{} {level} {key}", text(&case["name"]));
            let (low, high) = (number(&case["lower"]).unwrap(), number(&case["upper"]).unwrap());
            c.close(what, key, lower, low, high - low, tolerance);
            c.close(what, key, upper, high, high - low, tolerance);
            if let Some(at_zero) = case.get("at_zero") {
                let ours = ConfidenceDistribution::new(effects.y(), effects.v()).unwrap().at_zero();
                c.close(what, "H(0)", ours, number(at_zero).unwrap(), 1.0, 1e-13);
            }
        }
    }
    c.finish(40);
}

/// The authors' package on the 13 trials of cisapride of Hartung & Knapp 2001, 1/2 added to every count, 25 000 draws: odds ratio
/// 4.141, prediction interval 0.533 to 33.692, `Pr(theta_new < 0)` 0.075 (pimeta, printed in its introduction). Two or three digits
/// of a quantile are drawn by 25 000.
#[test]
fn cisapride_as_the_authors_print_it() {
    let events = [15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21].map(f64::from);
    let treated = [16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38].map(f64::from);
    let control = [9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19].map(f64::from);
    let untreated = [16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38].map(f64::from);
    let cells = |i: usize| [events[i], treated[i] - events[i], control[i], untreated[i] - control[i]].map(|n| n + 0.5);
    let y: Vec<f64> = (0..13).map(cells).map(|[a, b, c, d]: [f64; 4]| (a * d / (b * c)).ln()).collect();
    let v: Vec<f64> = (0..13).map(cells).map(|cells| cells.into_iter().map(f64::recip).sum()).collect();
    assert!((y[0] - 2.098_986).abs() < 1e-6 && (v[2].sqrt() - 0.574_784_0).abs() < 1e-7);
    let model = RandomEffects::new(Tau2::DerSimonianLaird).prediction(Prediction::NagashimaNomaFurukawa);
    let fit = model.fit(&rows(&y, &v)).unwrap();
    assert!((fit.estimate().value().exp() - 4.141).abs() < 5e-4 && (fit.solution().tau2 - 0.718).abs() < 5e-4);
    let (lower, upper) = fit.prediction().unwrap().interval();
    assert!((lower - 0.533_f64.ln()).abs() < 0.05 && (upper - 33.692_f64.ln()).abs() < 0.05, "{lower} {upper}");
    let below = fit.probability_below(Threshold::Analysis(0.0)).unwrap().predictive;
    assert!((below - 0.075).abs() < 0.006, "{below}");
}

/// Capability table of prediction intervals, BCG vaccine trials (Colditz 1994), log risk ratio, REML, four decimals, as run in
/// R with meta and metafor.
#[test]
fn bcg_table_of_all_methods() {
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let fit = wald(&effects(named(&pool, "bcg_RR"), Measure::Generic));
    for (method, lower, upper) in [
        (Prediction::Normal, -1.8667, 0.4376),
        (Prediction::Veroniki, -1.9953, 0.5663),
        (Prediction::HigginsThompsonSpiegelhalter, -2.0084, 0.5793),
        (Prediction::HartungKnapp, -1.9960, 0.5670),
        (Prediction::PartlettRiley, -2.0091, 0.5800),
        (Prediction::KenwardRoger, -2.0169, 0.5878),
        (Prediction::KenwardRogerPartlettRiley, -2.0347, 0.6056),
    ] {
        let (low, high) = fit.prediction_by(method).unwrap().interval();
        assert!((low - lower).abs() < 6e-5 && (high - upper).abs() < 6e-5, "{method}: {low} {high}");
    }
}

#[test]
fn the_quantiles_of_the_confidence_distribution_are_generalised_q_limits() {
    let (y, v) = ([-0.3, 0.6, 1.1, 0.2, 0.9], [0.10, 0.05, 0.20, 0.02, 0.15]);
    let distribution = ConfidenceDistribution::new(&y, &v).unwrap();
    // E min(tau2, c) = int_0^c (1 - H): Simpson's rule on H from the interval's own root finder would be circular, so
    // compare the mean of a smooth function with the same mean over quantiles.
    let g = |t: f64| 1.0 / (1.0 + t);
    let by_points: f64 = distribution.points().iter().map(|(t, p)| p * g(*t)).sum();
    let n = 500;
    let by_quantiles: f64 = (0..n)
        .map(|i| {
            let u = (f64::from(i) + 0.5) / f64::from(n);
            match generalised_q_interval(&y, &v, QWeights::InverseVariance, u, (1.0 - u) * 0.5).unwrap() {
                Tau2Set::Interval { lower, .. } => g(lower),
                Tau2Set::Empty => g(0.0),
            }
        })
        .sum::<f64>()
        / f64::from(n);
    assert!((by_points - by_quantiles).abs() < 2e-4, "{by_points} {by_quantiles}");
}

#[test]
fn one_sided_bounds_and_probabilities_invert_each_other() {
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let effects = effects(named(&pool, "bcg_RR"), Measure::Generic);
    for method in
        [Prediction::StudentT, Prediction::Normal, Prediction::KenwardRoger, Prediction::NagashimaNomaFurukawa]
    {
        let model = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).prediction(method);
        let fit = model.fit(&effects).unwrap();
        for level in [0.6, 0.9, 0.995] {
            let lower = fit.prediction_bound(NewStudy::true_effect().level(level), Side::Lower).unwrap();
            let upper = fit.prediction_bound(NewStudy::true_effect().level(level), Side::Upper).unwrap();
            let above = fit.probability_above(Threshold::Analysis(lower)).unwrap().predictive;
            let below = fit.probability_below(Threshold::Analysis(upper)).unwrap().predictive;
            assert!((above - level).abs() < 1e-11 && (below - level).abs() < 1e-11, "{method} {above} {below}");
        }
    }
}

#[test]
fn the_share_of_effects_beyond_a_threshold() {
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let effects = effects(named(&pool, "bcg_RR"), Measure::LogRiskRatio);
    let fit = wald(&effects);
    let below = fit.probability_below(Threshold::Natural(1.0)).unwrap();
    let same = fit.probability_below(Threshold::Analysis(0.0)).unwrap();
    assert_eq!(below, same);
    let (mu, tau2) = (fit.solution().mu, fit.solution().tau2);
    // Phi(0.7145323/sqrt(0.3132433)), R: pnorm(1.276678...)
    assert!((below.share - meta_analysis::num::normal::cdf(-mu / tau2.sqrt())).abs() < 1e-15);
    let above = fit.probability_above(Threshold::Natural(1.0)).unwrap();
    assert!(
        (above.share + below.share - 1.0).abs() < 1e-15 && (above.predictive + below.predictive - 1.0).abs() < 1e-15
    );
    assert_eq!(above.se, below.se);
    // The delta method, by differences.
    let h = 1e-6;
    let share = |mu: f64, tau2: f64| meta_analysis::num::normal::cdf(-mu / tau2.sqrt());
    let d_mu = (share(mu + h, tau2) - share(mu - h, tau2)) / (2.0 * h);
    let d_tau2 = (share(mu, tau2 + h) - share(mu, tau2 - h)) / (2.0 * h);
    let se = (d_mu * fit.estimate().se()).hypot(d_tau2 * fit.solution().tau2_se.unwrap());
    assert!((below.se.unwrap() / se - 1.0).abs() < 1e-8);
    let options = Tau2Bootstrap { resampling: Resampling::Parametric, replicates: 999, seed: 5 };
    let bootstrap = fit.probability_below_by_bootstrap(Threshold::Natural(1.0), options).unwrap();
    assert_eq!(bootstrap, fit.probability_below_by_bootstrap(Threshold::Natural(1.0), options).unwrap());
    let (lower, upper) = bootstrap.interval.unwrap();
    assert!(0.7 < lower && lower < below.share && below.share < upper && upper <= 1.0, "{lower} {upper}");
    let studies = Tau2Bootstrap { resampling: Resampling::Nonparametric, ..options };
    let (low, high) = fit.probability_below_by_bootstrap(Threshold::Natural(1.0), studies).unwrap().interval.unwrap();
    assert!(0.7 < low && low < below.share && below.share < high && high <= 1.0 && low != lower);
    let few = fit.probability_below_by_bootstrap(Threshold::Natural(1.0), Tau2Bootstrap { replicates: 38, ..options });
    assert!(matches!(few.unwrap_err().kind(), ErrorKind::LevelNotAttainable { .. }));
}

#[test]
fn what_prediction_refuses() {
    let effects = rows(&[0.1, 0.9], &[0.1, 0.2]);
    let random = wald(&effects);
    for method in [Prediction::HigginsThompsonSpiegelhalter, Prediction::PartlettRiley] {
        assert!(matches!(random.prediction_by(method).unwrap_err().kind(), ErrorKind::UndefinedDf { .. }));
    }
    assert!(random.prediction_by(Prediction::NagashimaNomaFurukawa).is_ok());
    let moments = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects).unwrap();
    assert!(matches!(
        moments.prediction_by(Prediction::KenwardRoger).unwrap_err().kind(),
        ErrorKind::NotApplicable { .. }
    ));
    let common = CommonEffect::new().fit(&effects).unwrap();
    assert!(matches!(
        common.prediction_for(NewStudy::true_effect()).unwrap_err().kind(),
        ErrorKind::NotApplicable { .. }
    ));
    assert!(matches!(
        common.probability_above(Threshold::Analysis(0.0)).unwrap_err().kind(),
        ErrorKind::NotApplicable { .. }
    ));
    let error = random.prediction_for(NewStudy::observed(-1.0)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NegativeVariance { .. }));
    assert!(random.prediction_for(NewStudy::observed(f64::NAN)).is_err());
    assert_eq!(random.prediction_for(NewStudy::true_effect().level(95.0)).unwrap_err().field(), Some("level"));
    assert_eq!(random.probability_above(Threshold::Analysis(f64::NAN)).unwrap_err().field(), Some("threshold"));
    let equal = wald(&rows(&[0.3, 0.3, 0.3], &[0.1, 0.2, 0.3]));
    let error = equal.prediction_by(Prediction::NagashimaNomaFurukawa).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::DegenerateVariance);
    // tau2 of 0: every true effect is the mean.
    let share = equal.probability_above(Threshold::Analysis(0.2)).unwrap();
    assert_eq!((share.share, share.se, share.interval), (1.0, None, None));
    assert!(share.predictive < 1.0);
}

#[test]
fn a_change_of_unit_by_a_power_of_two_changes_no_digit() {
    let (y, v) = ([0.11, 0.52, -0.9, 0.33, 0.71], [0.04, 0.09, 0.05, 0.3, 0.01]);
    for method in [Prediction::NagashimaNomaFurukawa, Prediction::KenwardRoger, Prediction::Veroniki] {
        let interval = |a: f64| {
            let fit = wald(&rows(&y.map(|y| y * a), &v.map(|v| v * a * a)));
            fit.prediction_for(NewStudy::observed(0.02 * a * a).method(method)).unwrap().interval()
        };
        let (lower, upper) = interval(1.0);
        for e in [-300, -5, 60, 300] {
            let a = 2.0_f64.powi(e);
            assert_eq!(interval(a), (lower * a, upper * a), "{method} 2^{e}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn no_input_makes_a_panic_or_a_nan(
        y in proptest::collection::vec(-1e2..1e2_f64, 2..6),
        size in proptest::collection::vec(-4..4_i32, 7),
        extra in 0.0..10.0_f64,
        threshold in any::<f64>(),
    ) {
        let v: Vec<f64> = (0..y.len()).map(|i| 10.0_f64.powi(size[i])).collect();
        let effects = rows(&y, &v);
        let Ok(fit) = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(&effects) else { return Ok(()) };
        for method in PIVOTS.map(|(method, _)| method).into_iter().chain([Prediction::NagashimaNomaFurukawa]) {
            if let Ok(interval) = fit.prediction_for(NewStudy::observed(extra).method(method)) {
                let (lower, upper) = interval.interval();
                prop_assert!(lower.is_finite() && upper.is_finite() && lower <= upper, "{method} {lower} {upper}");
            }
        }
        if let Ok(share) = fit.probability_above(Threshold::Analysis(threshold)) {
            prop_assert!((0.0..=1.0).contains(&share.share) && (0.0..=1.0).contains(&share.predictive), "{share:?}");
            prop_assert!(share.interval.is_none_or(|(a, b)| 0.0 <= a && a <= b && b <= 1.0));
        }
    }
}
