//! The unconditional models of two groups with random levels against 80-bit quadrature: `tests/reference/glmm_unconditional_random.py`.

mod support;

use meta_analysis::ErrorKind;
use meta_analysis::glmm::{GlmmInference, RandomEffectCoding, TwoGroupFit, UnconditionalFixed, UnconditionalRandom};
use meta_analysis::study::{Studies, TwoByTwo, TwoRates};
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

fn tables(rows: &[Vec<f64>]) -> Studies<TwoByTwo> {
    let table = |r: &Vec<f64>| TwoByTwo::fractional((r[0], r[1]), (r[2], r[3])).expect("a table");
    rows.iter().enumerate().map(|(i, r)| (i.to_string(), table(r))).collect()
}

fn rates(rows: &[Vec<f64>]) -> Studies<TwoRates> {
    let two = |r: &Vec<f64>| TwoRates::new((r[0], r[1]), (r[2], r[3])).expect("rates");
    rows.iter().enumerate().map(|(i, r)| (i.to_string(), two(r))).collect()
}

fn fit(model: UnconditionalRandom, case: &Value) -> TwoGroupFit {
    let rows: Vec<Vec<f64>> = list(&case["rows"]).iter().map(numbers).collect();
    let found = if text(&case["kind"]) == "poisson" { model.fit(&rates(&rows)) } else { model.fit(&tables(&rows)) };
    found.unwrap_or_else(|e| panic!("{}: {e}", text(&case["name"])))
}

fn coding(name: &str) -> RandomEffectCoding {
    match name {
        "half" => RandomEffectCoding::Half,
        "first" => RandomEffectCoding::First,
        "second" => RandomEffectCoding::Second,
        other => panic!("no coding {other}"),
    }
}

/// Places are measured against their standard error or their distance from the estimate, everything else against itself.
#[test]
fn every_quantity_of_every_case() {
    let file = reference(include_str!("reference/glmm_unconditional_random.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), CASES);
    let mut all = Comparison::default();
    for case in cases {
        let name = format!("{} ({})", text(&case["name"]), text(&case["coding"]));
        let what = || name.clone();
        let model = UnconditionalRandom::new().coding(coding(text(&case["coding"])));
        let fit = fit(model, case);
        let estimate = *fit.estimate().expect("inside");
        let h = *fit.heterogeneity().expect("inside");
        let levels = *fit.levels().expect("random");
        let interval = h.tau2_interval.expect("inside");
        let (at, se) = (numbers(&case["at"]), list(&case["se"]));
        let of = |key: &str| number(&case[key]);
        let must = |key: &str| of(key).expect("a number");
        let se = |i: usize| number(&se[i]);
        let ll = fit.information().expect("inside").log_likelihood;
        all.close(what, "log-likelihood", ll, must("ll"), 1.0, 1e-10);
        all.close(what, "log-likelihood at tau2 = 0", ll - 0.5 * h.likelihood_ratio, must("ll0"), 1.0, 1e-10);
        let theta_se = se(0).expect("positive");
        all.close(what, "theta", estimate.value, at[0], theta_se, 1e-9);
        all.relative(what, "se", estimate.se, theta_se, 1e-8);
        all.close(what, "gamma", levels.mean, at[1], se(1).expect("positive"), 1e-9);
        all.relative(what, "se of gamma", levels.mean_se, se(1).expect("positive"), 1e-8);
        for (kind, found, found_se, i) in
            [("sigma2", levels.sigma2, levels.sigma2_se, 2), ("tau2", h.tau2.expect("inside"), h.tau2_se, 3)]
        {
            match se(i) {
                Some(expected) => {
                    all.close(what, kind, found, at[i], expected, 1e-9);
                    all.relative(what, "se of a variance", found_se.expect("positive"), expected, 1e-8);
                }
                None => {
                    all.close(what, "a variance of 0", found, 0.0, 1.0, 0.0);
                    assert!(found_se.is_none());
                }
            }
        }
        if let Some(lower) = of("theta_lower") {
            all.close(what, "theta lower", estimate.lower, lower, at[0] - lower, 1e-9);
        }
        if let Some(upper) = of("theta_upper") {
            all.close(what, "theta upper", estimate.upper, upper, upper - at[0], 1e-9);
        }
        if let Some(upper) = of("tau2_upper") {
            all.relative(what, "tau2 upper", interval.upper, upper, 1e-9);
        }
        if let Some(lower) = of("tau2_lower") {
            all.close(what, "tau2 lower", interval.lower, lower, lower.max(1e-300), 1e-9);
        }
        // Equal effects are the same model with tau2 = 0.
        let equal = self::fit(model.equal_effects(), case);
        let (e, zero) = (*equal.estimate().expect("inside"), numbers(&case["zero"]));
        let zero_se = must("zero_se");
        all.close(
            what,
            "log-likelihood of equal effects",
            equal.information().expect("inside").log_likelihood,
            must("ll0"),
            1.0,
            1e-10,
        );
        all.close(what, "equal effects", e.value, zero[0], zero_se, 1e-9);
        all.relative(what, "se of equal effects", e.se, zero_se, 1e-8);
        all.close(
            what,
            "sigma2 of equal effects",
            equal.levels().expect("random").sigma2,
            zero[2],
            zero[2].max(0.01),
            1e-8,
        );
        assert!(equal.heterogeneity().is_none() && equal.search().is_none());
    }
    all.finish(COMPARISONS);
}

/// metafor maximises Laplace's approximation, which is not the likelihood (`metafor_maximises_laplace` among the unit tests: it does so to lme4's
/// tolerance). What that costs is bounded here, as measured on nine data sets: `tests/reference/README.md`.
#[test]
fn metafor() {
    let file = reference(include_str!("reference/glmm_unconditional_metafor.json"));
    let mut all = Comparison::default();
    let plain = |case: &&Value| text(&case["model"]) == "UM.RS" && case["cor"] == false;
    for case in list(&file["cases"]).iter().filter(plain) {
        let fit = fit(UnconditionalRandom::new(), case);
        let of = |key: &str| number(&list(&case[key])[0]).expect("a number");
        let name = text(&case["name"]);
        let what = || name.to_owned();
        let e = *fit.estimate().expect("inside");
        let h = *fit.heterogeneity().expect("inside");
        all.close(what, "mu", e.value, of("mu"), e.se, 0.004);
        all.relative(what, "se", e.se, of("se"), 0.025);
        all.close(what, "tau2", h.tau2.expect("inside"), of("tau2"), of("tau2").max(1e-7), 0.04);
        let sigma2 = fit.levels().expect("random").sigma2;
        all.close(what, "sigma2", sigma2, of("sigma2"), of("sigma2").max(1e-7), 0.07);
        all.close(what, "log-likelihood", fit.information().expect("inside").log_likelihood, of("ll"), 1.0, 0.065);
        all.close(what, "deviance of equal effects", h.deviance, of("lrt"), 1.0, 0.045);
        if name == "hine1989" {
            // Without random effects there is nothing to approximate.
            all.close(what, "mu without random effects", e.value, of("mu"), e.se, 1e-7);
            all.close(
                what,
                "log-likelihood without random effects",
                fit.information().expect("inside").log_likelihood,
                of("ll"),
                1.0,
                1e-10,
            );
            all.relative(what, "deviance without random effects", h.deviance, of("lrt"), 1e-6);
        }
    }
    all.finish(METAFOR_COMPARISONS);
}

#[test]
fn no_events_in_the_first_group_of_any_study() {
    let rows =
        [[0.0, 12.0, 4.0, 15.0], [0.0, 20.0, 3.0, 18.0], [0.0, 9.0, 5.0, 8.0], [0.0, 30.0, 0.0, 31.0]].map(Vec::from);
    let fixed = UnconditionalFixed::new().fit(&tables(&rows)).expect("a result");
    for coding in [RandomEffectCoding::Half, RandomEffectCoding::First, RandomEffectCoding::Second] {
        let model = UnconditionalRandom::new().coding(coding);
        // glmm_unconditional_random.py boundary
        for (fit, likelihood) in [(model.fit(&tables(&rows)), BOUNDARY[0]), (model.fit(&rates(&rows)), BOUNDARY[1])] {
            let fit = fit.expect("a result");
            assert!(fit.estimate().is_none() && fit.heterogeneity().is_none() && fit.levels().is_none());
            let boundary = fit.boundary().expect("on the boundary");
            assert!(!boundary.infinite);
            assert!((boundary.likelihood_limit / likelihood - 1.0).abs() < 1e-9, "{}", boundary.likelihood_limit);
            assert_eq!(fit.k(), 4);
        }
        let fit = model.fit(&tables(&rows)).expect("a result");
        let exact = |fit: &TwoGroupFit| fit.boundary().expect("on the boundary").exact_limit;
        assert!((exact(&fit) / exact(&fixed) - 1.0).abs() < 1e-12);
        // The groups exchanged: the limit is the reciprocal.
        let exchanged: Vec<Vec<f64>> = rows.iter().map(|r| vec![r[2], r[3], r[0], r[1]]).collect();
        let other = model.fit(&tables(&exchanged)).expect("a result");
        let limits = [&fit, &other].map(|fit| fit.boundary().expect("on the boundary").likelihood_limit);
        assert!((limits[0] * limits[1] - 1.0).abs() < 1e-9, "{limits:?}");
        assert!(other.boundary().expect("on the boundary").infinite);
    }
}

#[test]
fn what_has_no_estimate_is_refused_by_name() {
    let model = UnconditionalRandom::new();
    let refused = |rows: &[[f64; 4]], model: UnconditionalRandom| {
        let rows: Vec<Vec<f64>> = rows.iter().map(|r| r.to_vec()).collect();
        model.fit(&tables(&rows)).expect_err("refused").kind().clone()
    };
    assert!(matches!(refused(&[], model), ErrorKind::Empty | ErrorKind::NotEstimable { .. }));
    let nothing = [[0.0, 10.0, 0.0, 12.0], [8.0, 8.0, 9.0, 9.0]];
    assert!(matches!(refused(&nothing, model), ErrorKind::NotEstimable { .. }));
    assert!(matches!(refused(&[[3.0, 8.0, 2.0, 9.0]], model), ErrorKind::TooFewStudies { k: 1, .. }));
    // Each study separates its groups, in both directions.
    let separated = [[0.0, 10.0, 12.0, 12.0], [9.0, 9.0, 0.0, 7.0]];
    assert!(matches!(refused(&separated, model), ErrorKind::UnboundedTau2OfEffects));
    // Nothing holds the first group's random effects.
    let open = [[0.0, 10.0, 3.0, 12.0], [9.0, 9.0, 4.0, 7.0]];
    assert!(matches!(refused(&open, model.coding(RandomEffectCoding::First)), ErrorKind::UnboundedTau2OfEffects));
    assert!(matches!(refused(&open, model.level(1.5)), ErrorKind::LevelOutOfRange { .. }));
}

fn figures(fit: &TwoGroupFit) -> [f64; 10] {
    let (e, h, levels) =
        (fit.estimate().expect("inside"), fit.heterogeneity().expect("inside"), fit.levels().expect("random"));
    let interval = h.tau2_interval.expect("inside");
    [
        e.value,
        levels.mean,
        e.se,
        e.lower,
        e.upper,
        h.tau2.expect("inside"),
        interval.upper,
        levels.sigma2,
        h.likelihood_ratio,
        fit.information().expect("inside").log_likelihood,
    ]
}

fn assert_close(a: [f64; 10], b: [f64; 10]) {
    for (a, b) in a.into_iter().zip(b) {
        assert!((a - b).abs() <= 1e-8 * (1.0 + a.abs()), "{a} {b}");
    }
}

/// Exchanging the groups changes the sign of the effect and the coding; exchanging events and non-events that of effect and level. Neither the order of
/// the studies nor the unit of time changes anything but the level.
#[test]
fn symmetries() {
    let rows =
        [[3.0, 20.0, 9.0, 22.0], [0.0, 14.0, 5.0, 13.0], [6.0, 30.0, 4.0, 31.0], [8.0, 25.0, 9.0, 24.0]].map(Vec::from);
    let mirrored = |[value, mean, se, lower, upper, rest @ ..]: [f64; 10], level: f64| {
        let [a, b, c, d, e] = rest;
        [-value, level * mean, se, -upper, -lower, a, b, c, d, e]
    };
    let model = UnconditionalRandom::new();
    let of = |rows: &[Vec<f64>], coding| figures(&model.coding(coding).fit(&tables(rows)).expect("fits"));
    let exchanged = rows.clone().map(|r| vec![r[2], r[3], r[0], r[1]]);
    let spared = rows.clone().map(|r| vec![r[1] - r[0], r[1], r[3] - r[2], r[3]]);
    let turned: Vec<Vec<f64>> = rows.iter().rev().cloned().collect();
    use RandomEffectCoding::{First, Half, Second};
    for (coding, other) in [(Half, Half), (First, Second)] {
        let plain = of(&rows, coding);
        assert_close(mirrored(of(&exchanged, other), 1.0), plain);
        assert_close(mirrored(of(&spared, coding), -1.0), plain);
        assert_close(of(&turned, coding), plain);
        let of = |rows: &[Vec<f64>]| figures(&model.coding(coding).fit(&rates(rows)).expect("fits"));
        let plain = of(&rows);
        for unit in [1e-9, 365.25, 1e12] {
            let mut found = of(&rows.clone().map(|r| vec![r[0], r[1] * unit, r[2], r[3] * unit]));
            found[1] += f64::ln(unit);
            assert_close(found, plain);
        }
    }
    // The coding that fixed levels do not have in their references: the first's, with the groups exchanged.
    let fixed = |rows: &[Vec<f64>], coding| {
        let fit = UnconditionalFixed::new().coding(coding).fit(&tables(rows)).expect("fits");
        let (e, tau2) = (*fit.estimate().expect("inside"), fit.heterogeneity().and_then(|h| h.tau2).expect("inside"));
        let blups: Vec<f64> = fit.blups().expect("random").iter().map(|b| b.value).collect();
        (e, tau2, blups)
    };
    let ((a, tau2, blups), (b, other, others)) = (fixed(&rows, Second), fixed(&exchanged, First));
    for (a, b) in [(a.value, -b.value), (a.se, b.se), (a.lower, -b.upper), (a.upper, -b.lower), (tau2, other)] {
        assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{a} {b}");
    }
    assert!(blups.iter().zip(others).all(|(a, b)| (a + b).abs() < 1e-8));
}

/// The tests, other intervals, and what is read back.
#[test]
fn the_rest_of_a_result() {
    let rows =
        [[3.0, 20.0, 9.0, 22.0], [0.0, 14.0, 5.0, 13.0], [6.0, 30.0, 4.0, 31.0], [0.0, 9.0, 0.0, 11.0]].map(Vec::from);
    let fit = UnconditionalRandom::new().fit(&tables(&rows)).expect("fits");
    assert_eq!(fit.k(), 4, "the study without events says where levels lie");
    let e = fit.estimate().expect("inside");
    // A limit is where the likelihood-ratio test rejects.
    let test = fit.test(e.upper, GlmmInference::ProfileLikelihood).expect("a test");
    assert!((test.statistic + 1.959_963_984_540_054).abs() < 1e-7, "{}", test.statistic);
    let wald = fit.interval_by(GlmmInference::Wald, 0.95).expect("an interval");
    assert!((wald.upper - e.value - 1.959_963_984_540_054 * e.se).abs() < 1e-12);
    let narrow = fit.tau2_interval(0.5).expect("an interval");
    let wide = fit.heterogeneity().and_then(|h| h.tau2_interval).expect("an interval");
    assert!(wide.lower <= narrow.lower && narrow.upper < wide.upper);
    let weights = fit.weights();
    assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12 && weights.iter().all(|w| *w > 0.0));
    assert!(fit.prediction(0.95).expect("tau2").upper >= e.upper.exp() * 0.9);
    assert!(fit.search().expect("a search").searched_to.is_finite());
    assert!(matches!(
        fit.log_likelihood(0.0, 1.0).expect_err("other parameters").kind(),
        ErrorKind::NotApplicable { .. }
    ));
    let blups = fit.blups().expect("random");
    assert_eq!(blups.len(), 4);
    let read: TwoGroupFit = serde_json::from_str(&serde_json::to_string(&fit).expect("text")).expect("read back");
    assert_eq!(read, fit);
    assert!(fit.to_string().contains("unconditional, random levels of studies, normal effects"), "{fit}");
    assert!(format!("{fit:#}").contains("levels of studies -"), "{fit:#}");
    let broken = serde_json::to_string(&fit).expect("text").replace("\"level\":0.95", "\"level\":95.0");
    assert!(serde_json::from_str::<TwoGroupFit>(&broken).is_err());
}

/// Tables, then rates.
const BOUNDARY: [f64; 2] = [0.105_318_778_447_268_37, 0.172_754_444_716_636_41];
const CASES: usize = 14;
const COMPARISONS: usize = 243;
const METAFOR_COMPARISONS: usize = 57;
