//! The Bayesian posterior: against `tests/reference/posterior.json`, limits that are known, properties, refusals.

mod support;

use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, Inference, Measure, NewStudy, Pooled, Posterior, Prediction, Prior,
    RandomEffects, Result, Side, Tau2, TauPrior, Threshold,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

fn rows(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let rows = rows.map(|(i, (y, v))| (format!("study {i}"), Effect::from_variance(Measure::Generic, *y, *v).unwrap()));
    Effects::from_rows(rows).unwrap()
}

fn fit(y: &[f64], v: &[f64]) -> Pooled {
    RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).fit(&rows(y, v)).expect("fits")
}

fn prior(of: &Value, mean: &Value) -> Prior {
    let parameter = |i: usize| number(&of[i]).expect("a parameter");
    let tau = match text(&of[0]) {
        "HalfNormal" => TauPrior::HalfNormal { scale: parameter(1) },
        "HalfCauchy" => TauPrior::HalfCauchy { scale: parameter(1) },
        "LogNormalTau2" => TauPrior::LogNormalTau2 { mean: parameter(1), sd: parameter(2) },
        "Uniform" => TauPrior::Uniform,
        "Jeffreys" => TauPrior::Jeffreys,
        other => panic!("unknown prior {other}"),
    };
    match mean.as_array() {
        Some(mean) => Prior::new(tau).mean(number(&mean[0]).unwrap(), number(&mean[1]).unwrap()),
        None => tau.into(),
    }
}

#[test]
fn everything_to_twenty_digits() {
    let truth = reference(include_str!("reference/posterior.json"));
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&truth["cases"]) {
        let name = text(&case["name"]);
        let data = list(&pool["cases"]).iter().find(|d| text(&d["name"]) == name).expect("the data set");
        let (y, v) = (numbers(&data["yi"]), numbers(&data["vi"]));
        let prior = prior(&case["prior"], &case["mean_prior"]);
        let posterior = fit(&y, &v).bayesian_at(prior, 0.95).expect("a posterior");
        let what = || format!("{name} {} {}", case["prior"], case["mean_prior"]);
        let truth = |key: &str| number(&case[key]).expect("a number");
        let largest = y.iter().fold(0.0_f64, |m, y| m.max(y.abs()));
        // A double holds an effect to one unit of rounding of the largest.
        let width = |key: &str| truth(&format!("{key}_upper")) - truth(&format!("{key}_lower")) + largest * 1e-4;
        let (lower, upper) = posterior.interval();
        c.close(what, "mu", lower, truth("mu_lower"), width("mu"), 1e-11);
        c.close(what, "mu", posterior.median(), truth("mu_median"), width("mu"), 1e-11);
        c.close(what, "mu", upper, truth("mu_upper"), width("mu"), 1e-11);
        let (lower, upper) = posterior.prediction().interval();
        c.close(what, "new", lower, truth("new_lower"), width("new"), 1e-11);
        c.close(what, "new", posterior.prediction().natural().value, truth("new_median"), width("new"), 1e-11);
        c.close(what, "new", upper, truth("new_upper"), width("new"), 1e-11);
        let tau = posterior.tau();
        c.relative(what, "tau", tau.interval.0, truth("tau_lower"), 1e-11);
        c.relative(what, "tau", tau.median, truth("tau_median"), 1e-11);
        c.relative(what, "tau", tau.interval.1, truth("tau_upper"), 1e-11);
        let at = Threshold::Analysis(truth("threshold"));
        // Effects near 1e8 are known to 1e-8 only.
        let slack = 1e-11 + largest * 1e-15 / (truth("mu_upper") - truth("mu_lower"));
        c.close(what, "below", posterior.mean_below(at).unwrap(), truth("mu_below"), 1.0, slack);
        c.close(what, "below", posterior.new_below(at).unwrap(), truth("new_below"), 1.0, slack);
        let mut option = |key: &str, ours: Option<f64>, size: f64| match (ours, number(&case[key])) {
            (Some(ours), Some(truth)) => c.close(what, key, ours, truth, size, 1e-11),
            (ours, truth) => {
                assert_eq!(ours, truth, "{}: {key}", what());
                c.compared += 1;
            }
        };
        option("mean", posterior.mean(), width("mu"));
        option("sd", posterior.sd(), number(&case["sd"]).unwrap_or(1.0));
        option("tau_mean", tau.mean, number(&case["tau_mean"]).unwrap_or(1.0));
        option("ln_marginal", posterior.ln_marginal_likelihood(), y.len() as f64);
    }
    c.finish(15 * list(&truth["cases"]).len());
}

/// The eight schools of Rubin 1981 as bayesmeta's introduction prints them (rendered vignette, `print(schools.example.1)`): half-Cauchy
/// prior of scale 25 for tau, normal with 0 and 50 for the mean. Tau there is integrated; of the mean a mixture is formed to about
/// three digits.
#[test]
fn the_eight_schools_as_printed() {
    let y = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16];
    let v = [14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6_f64].map(|se| se * se);
    let flat = Prior::new(TauPrior::HalfCauchy { scale: 25.0 });
    let prior = flat.mean(0.0, 50.0);
    assert_eq!((flat.of_mean(), prior.of_mean()), (None, Some((0.0, 50.0))));
    let posterior = fit(&y, &v).bayesian(prior).unwrap();
    assert!((posterior.tau().median - 4.758_539).abs() < 1e-6, "{}", posterior.tau().median);
    assert!((posterior.tau().mean.unwrap() - 5.884_511).abs() < 1e-6, "{:?}", posterior.tau().mean);
    assert!((posterior.mean().unwrap() - 7.985_729).abs() < 1e-3, "{:?}", posterior.mean());
    assert!((posterior.sd().unwrap() - 4.995_762).abs() < 1e-3, "{:?}", posterior.sd());
    assert!((posterior.median() - 7.962_961).abs() < 1e-3, "{}", posterior.median());
}

#[test]
fn a_prior_near_zero_is_the_common_effect_and_a_wide_one_of_the_mean_is_flat() {
    let (y, v) = ([0.1, 0.9, 0.4, -0.2], [0.04, 0.09, 0.05, 0.2]);
    let common = CommonEffect::new().fit(&rows(&y, &v)).unwrap();
    let sharp = fit(&y, &v).bayesian(TauPrior::HalfNormal { scale: 1e-8 }).unwrap();
    assert!((sharp.median() - common.estimate().value()).abs() < 1e-13);
    assert!((sharp.interval().0 - common.estimate().interval().0).abs() < 1e-13);
    assert!((sharp.sd().unwrap() - common.estimate().se()).abs() < 1e-13);
    // The median of |Z| is 0.6744897501960817.
    assert!((sharp.tau().median / 1e-8 - 0.674_489_750_196_081_7).abs() < 1e-12);
    let half_cauchy = TauPrior::HalfCauchy { scale: 0.3 };
    let (flat, wide) =
        (fit(&y, &v).bayesian(half_cauchy).unwrap(), fit(&y, &v).bayesian(Prior::new(half_cauchy).mean(5.0, 1e9)));
    assert!((flat.interval().1 - wide.unwrap().interval().1).abs() < 1e-8);
}

#[test]
fn the_marginal_likelihood_is_that_of_a_multivariate_normal() {
    // tau known as good as exactly: y ~ N(m0, V), V = diag(v) + s0^2.
    let (y, v, m0, s0) = ([0.3, 0.7], [0.04, 0.09], 0.1, 0.5);
    let prior = Prior::new(TauPrior::HalfNormal { scale: 1e-9 }).mean(m0, s0);
    let found = fit(&y, &v).bayesian(prior).unwrap().ln_marginal_likelihood().unwrap();
    let (a, b, c) = (v[0] + s0 * s0, s0 * s0, v[1] + s0 * s0);
    let (p, q, det): (f64, f64, f64) = (y[0] - m0, y[1] - m0, a * c - b * b);
    let form = (c * p * p - 2.0 * b * p * q + a * q * q) / det;
    let truth = -(2.0 * std::f64::consts::PI).ln() - 0.5 * det.ln() - 0.5 * form;
    assert!((found - truth).abs() < 1e-12, "{found} {truth}");
}

#[test]
fn improper_posteriors_and_impossible_priors_are_refused_by_name() {
    let two = fit(&[0.1, 0.8], &[0.04, 0.05]);
    let prior = Prior::new(TauPrior::Uniform);
    {
        let error = two.bayesian(prior).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooFewStudies { k: 2, needed: 3, .. }), "{error}");
        assert!(error.to_string().contains("TauPrior::HalfNormal"), "{error}");
        let error = two.prediction_by(Prediction::Bayesian(prior)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooFewStudies { k: 2, needed: 3, .. }), "{error}");
    }
    // With a proper prior of the mean two are enough.
    assert!(two.bayesian(Prior::new(TauPrior::Uniform).mean(0.0, 1.0)).is_ok());
    assert!(two.bayesian(TauPrior::Jeffreys).is_ok());
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for tau in [
            TauPrior::HalfNormal { scale },
            TauPrior::HalfCauchy { scale },
            TauPrior::LogNormalTau2 { mean: 0.0, sd: scale },
        ] {
            let error = two.bayesian(tau).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidPrior { .. }), "{error}");
            assert_eq!(error.field(), Some("prior"));
        }
        let error = two.bayesian(Prior::new(TauPrior::HalfNormal { scale: 1.0 }).mean(0.0, scale)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidPrior { .. }), "{error}");
    }
    let nowhere = TauPrior::LogNormalTau2 { mean: f64::NAN, sd: 1.0 };
    assert!(matches!(two.bayesian(nowhere).unwrap_err().kind(), ErrorKind::InvalidPrior { .. }));
    let level = two.bayesian_at(TauPrior::Jeffreys, 95.0).unwrap_err();
    assert!(matches!(level.kind(), ErrorKind::LevelOutOfRange { .. }));
    let common = CommonEffect::new().fit(&rows(&[0.1, 0.8], &[0.04, 0.05])).unwrap();
    assert!(matches!(common.bayesian(TauPrior::Jeffreys).unwrap_err().kind(), ErrorKind::NotApplicable { .. }));
}

#[test]
fn moments_exist_where_their_integrals_converge() {
    let (y, v) = ([0.1, 0.8, 0.3, 0.5, -0.1], [0.04, 0.05, 0.1, 0.02, 0.2]);
    let of = |k: usize, prior: Prior| {
        let p = fit(&y[..k], &v[..k]).bayesian(prior).unwrap();
        (p.mean().is_some(), p.sd().is_some(), p.tau().mean.is_some())
    };
    let uniform = Prior::new(TauPrior::Uniform);
    assert_eq!(of(3, uniform), (false, false, false));
    assert_eq!(of(4, uniform), (true, false, true));
    assert_eq!(of(5, uniform), (true, true, true));
    assert_eq!(of(2, TauPrior::Jeffreys.into()), (false, false, false));
    assert_eq!(of(2, TauPrior::HalfCauchy { scale: 0.5 }.into()), (true, false, true));
    assert_eq!(of(2, TauPrior::HalfNormal { scale: 0.5 }.into()), (true, true, true));
    assert_eq!(of(2, uniform.mean(0.0, 1.0)), (true, true, false));
}

#[test]
fn the_model_may_predict_by_it_and_prints_it() {
    let prior = Prior::new(TauPrior::HalfNormal { scale: 0.5 });
    let effects = rows(&[0.1, 0.9, 0.4, -0.2], &[0.04, 0.09, 0.05, 0.2]);
    let fit = RandomEffects::new(Tau2::Reml).prediction(Prediction::Bayesian(prior)).fit(&effects).unwrap();
    let posterior = fit.bayesian(prior).unwrap();
    let interval = fit.prediction().unwrap();
    assert_eq!(interval, posterior.prediction());
    assert_eq!((interval.df(), interval.method().to_string().as_str()), (None, "Bayesian"));
    let study = NewStudy::true_effect().level(0.975);
    assert_eq!(fit.prediction_bound(study, Side::Lower).unwrap(), interval.interval().0);
    let observed = fit.prediction_for(NewStudy::observed(0.05)).unwrap();
    assert!(observed.interval().0 < interval.interval().0 && interval.interval().1 < observed.interval().1);
    let beyond = fit.probability_above(Threshold::Analysis(0.0)).unwrap();
    assert_eq!(beyond.predictive, posterior.new_above(Threshold::Analysis(0.0)).unwrap());
    assert_eq!(posterior.to_string(), PRINTED);
    let back: Posterior = serde_json::from_str(&serde_json::to_string(&posterior).unwrap()).unwrap();
    assert_eq!(back, posterior);
}

const PRINTED: &str = "effect 0.327 [-0.174, 0.821], 95% posterior; tau 0.295 [0.0179, 0.870]";

/// A deep valley between two peaks, neither of which may be missed: one very precise group that agrees, and studies far from it.
#[test]
fn two_peaks_of_tau_are_both_integrated() {
    let (y, v) = ([0.0, 1e-4, -1e-4, 3.0, -3.0], [1e-8, 1e-8, 1e-8, 0.5, 0.5]);
    let fit = fit(&y, &v);
    for scale in [1e-4, 0.01, 1.0] {
        let posterior = fit.bayesian(TauPrior::HalfNormal { scale }).unwrap();
        let (median, (lower, upper)) = (posterior.tau().median, posterior.tau().interval);
        assert!(0.0 < lower && lower < median && median < upper, "{scale}: {lower} {median} {upper}");
    }
}

fn data() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (3_usize..12).prop_flat_map(|k| {
        (proptest::collection::vec(-2.0..2.0_f64, k), proptest::collection::vec((-6.0..1.0_f64).prop_map(f64::exp), k))
    })
}

fn priors(unit: f64) -> [Prior; 5] {
    [
        TauPrior::HalfNormal { scale: 0.5 * unit }.into(),
        TauPrior::HalfCauchy { scale: 0.25 * unit }.into(),
        TauPrior::Uniform.into(),
        TauPrior::Jeffreys.into(),
        Prior::new(TauPrior::HalfNormal { scale: unit }).mean(0.25 * unit, 2.0 * unit),
    ]
}

/// Everything that scales with the effects.
fn lengths(p: &Posterior) -> Vec<f64> {
    let (tau, new) = (p.tau(), p.prediction().interval());
    let options = [p.mean(), p.sd(), tau.mean];
    let numbers =
        [p.median(), p.interval().0, p.interval().1, tau.median, tau.interval.0, tau.interval.1, new.0, new.1];
    numbers.into_iter().chain(options.into_iter().flatten()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn results_scale_with_the_unit((y, v) in data(), e in -200_i32..200) {
        for (a, tolerance) in [(2f64.powi(e), 0.0), (3.0 * 2f64.powi(e), 1e-10)] {
            let scaled: (Vec<f64>, Vec<f64>) = (y.iter().map(|y| a * y).collect(), v.iter().map(|v| a * a * v).collect());
            for (one, other) in priors(1.0).into_iter().zip(priors(a)) {
                let plain = fit(&y, &v).bayesian(one).unwrap();
                let far = fit(&scaled.0, &scaled.1).bayesian(other).unwrap();
                let size = plain.prediction().interval().1 - plain.prediction().interval().0;
                for (x, z) in lengths(&plain).into_iter().zip(lengths(&far)) {
                    prop_assert!((a * x - z).abs() <= tolerance * a * size, "{one:?} {a}: {x} {}", z / a);
                }
            }
        }
    }

    #[test]
    fn results_move_and_turn_with_the_effects((y, v) in data(), shift in -3.0..3.0_f64) {
        let tau = TauPrior::HalfNormal { scale: 0.4 };
        let moved: Vec<f64> = y.iter().map(|y| shift - y).collect();
        for (one, other) in [(Prior::new(tau), Prior::new(tau)), (Prior::new(tau).mean(0.3, 0.8), Prior::new(tau).mean(shift - 0.3, 0.8))] {
            let (plain, turned) = (fit(&y, &v).bayesian(one).unwrap(), fit(&moved, &v).bayesian(other).unwrap());
            prop_assert!((shift - plain.median() - turned.median()).abs() < 1e-11);
            prop_assert!((shift - plain.interval().0 - turned.interval().1).abs() < 1e-11);
            prop_assert!((shift - plain.prediction().interval().1 - turned.prediction().interval().0).abs() < 1e-11);
            prop_assert!((plain.tau().median / turned.tau().median - 1.0).abs() < 1e-11);
            let c = Threshold::Analysis(0.2);
            let d = Threshold::Analysis(shift - 0.2);
            prop_assert!((plain.new_above(c).unwrap() - turned.new_below(d).unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn quantiles_and_probabilities_are_inverse((y, v) in data(), level in 0.01..0.999_f64) {
        for prior in priors(1.0) {
            let p = fit(&y, &v).bayesian_at(prior, level).unwrap();
            let tail = 0.5 * (1.0 - level);
            let ((lower, upper), new) = (p.interval(), p.prediction().interval());
            prop_assert!((p.mean_below(Threshold::Analysis(lower)).unwrap() - tail).abs() < 1e-12);
            prop_assert!((p.mean_above(Threshold::Analysis(upper)).unwrap() - tail).abs() < 1e-12);
            prop_assert!((p.new_below(Threshold::Analysis(new.0)).unwrap() - tail).abs() < 1e-12);
            prop_assert!((p.new_above(Threshold::Analysis(new.1)).unwrap() - tail).abs() < 1e-12);
            prop_assert!(lower < p.median() && p.median() < upper);
            // Near the median a skewed distribution may lie to one side.
            prop_assert!(level < 0.8 || (new.0 < lower && upper < new.1));
            let both = p.new_below(Threshold::Analysis(lower)).unwrap() + p.new_above(Threshold::Analysis(lower)).unwrap();
            prop_assert!((both - 1.0).abs() < 1e-13);
        }
    }

    /// The order of the studies is no information, and neither is one as good as without information.
    #[test]
    fn order_does_not_matter((y, v) in data()) {
        let (mut back_y, mut back_v) = (y.clone(), v.clone());
        back_y.reverse();
        back_v.reverse();
        for prior in priors(1.0) {
            let (a, b) = (fit(&y, &v).bayesian(prior).unwrap(), fit(&back_y, &back_v).bayesian(prior).unwrap());
            for (x, z) in lengths(&a).into_iter().zip(lengths(&b)) {
                prop_assert!((x - z).abs() <= 1e-11 * (1.0 + x.abs()), "{prior:?}: {x} {z}");
            }
        }
    }

    /// Whatever the data and the prior: an error or finite numbers in order.
    #[test]
    fn hostile_data_give_an_error_or_finite_numbers(
        rows in proptest::collection::vec(((-60..60_i32), -1.0..1.0_f64, (-60..60_i32)), 2..6),
        scale in -200..200_i32,
        mean in proptest::option::of((-3.0..3.0_f64, -60..60_i32)),
        which in 0..5_usize,
    ) {
        let y: Vec<f64> = rows.iter().map(|(e, m, _)| m * 10f64.powi(*e)).collect();
        let v: Vec<f64> = rows.iter().map(|(_, _, e)| 10f64.powi(*e)).collect();
        let scale = 10f64.powi(scale);
        let tau = [TauPrior::HalfNormal { scale }, TauPrior::HalfCauchy { scale }, TauPrior::Uniform, TauPrior::Jeffreys,
            TauPrior::LogNormalTau2 { mean: scale.ln(), sd: scale.ln().abs() + 0.01 }][which];
        let prior = match mean {
            Some((m, e)) => Prior::new(tau).mean(m, 10f64.powi(e)),
            None => Prior::new(tau),
        };
        let solved: Result<Pooled> = RandomEffects::new(Tau2::DerSimonianLaird).inference(Inference::Wald).fit(&self::rows(&y, &v));
        if let Ok(fit) = solved && let Ok(p) = fit.bayesian(prior) {
            for x in lengths(&p) {
                prop_assert!(x.is_finite());
            }
            let (a, b) = p.tau().interval;
            prop_assert!(0.0 <= a && a <= p.tau().median && p.tau().median <= b);
            prop_assert!(p.interval().0 <= p.median() && p.median() <= p.interval().1);
        }
    }
}

#[test]
fn at_a_level_below_rounding_the_limits_stay_in_order() {
    for level in [1e-300, 1e-20, 1e-15, 1e-10] {
        let p =
            fit(&[0.1, 0.8, -0.4], &[0.04, 0.05, 0.1]).bayesian_at(TauPrior::HalfNormal { scale: 0.5 }, level).unwrap();
        let within = |(lower, upper): (f64, f64), middle: f64| {
            assert!(lower <= middle && middle <= upper, "{lower} {middle} {upper}");
            assert!((upper - lower).abs() <= 4.0 * level + 1e-13, "{lower} {upper}");
        };
        within(p.interval(), p.median());
        within(p.tau().interval, p.tau().median);
        within(p.prediction().interval(), p.prediction().natural().value);
    }
}
