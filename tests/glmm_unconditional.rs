//! The unconditional models of two groups against 30-digit quadrature: `tests/reference/glmm_unconditional.py`.

mod support;

use meta_analysis::ErrorKind;
use meta_analysis::glmm::{GlmmInference, RandomEffectCoding, TwoGroupFit, UnconditionalFixed};
use meta_analysis::study::{Studies, TwoByTwo, TwoRates};
use support::counts::unconditional;
use support::{Comparison, list, number, numbers, reference, text};

fn tables(rows: &[Vec<f64>]) -> Studies<TwoByTwo> {
    let table = |r: &Vec<f64>| TwoByTwo::fractional((r[0], r[1]), (r[2], r[3])).expect("a table");
    rows.iter().enumerate().map(|(i, r)| (i.to_string(), table(r))).collect()
}

fn rates(rows: &[Vec<f64>]) -> Studies<TwoRates> {
    let two = |r: &Vec<f64>| TwoRates::new((r[0], r[1]), (r[2], r[3])).expect("rates");
    rows.iter().enumerate().map(|(i, r)| (i.to_string(), two(r))).collect()
}

/// Places are measured against their standard error or their distance from the estimate, everything else against itself.
#[test]
fn every_quantity_of_every_case() {
    let file = reference(include_str!("reference/glmm_unconditional.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), CASES);
    let mut all = Comparison::default();
    for case in cases {
        let name = format!("{} ({})", text(&case["name"]), text(&case["coding"]));
        let what = || name.clone();
        let fit = unconditional(case, UnconditionalFixed::new());
        let estimate = *fit.estimate().expect("inside");
        let h = *fit.heterogeneity().expect("inside");
        let interval = h.tau2_interval.expect("inside");
        let of = |key: &str| number(&case[key]).expect("a number");
        let (se, tau2) = (of("se"), of("tau2"));
        let ll = fit.information().expect("inside").log_likelihood;
        all.close(what, "log-likelihood", ll, of("ll"), 1.0, 1e-10);
        all.close(what, "log-likelihood at tau2 = 0", ll - 0.5 * h.likelihood_ratio, of("ll0"), 1.0, 1e-10);
        all.close(what, "mu", estimate.value, of("mu"), se, 1e-10);
        all.relative(what, "se", estimate.se, se, 1e-9);
        all.close(what, "mu lower", estimate.lower, of("mu_lower"), of("mu") - of("mu_lower"), 1e-9);
        all.close(what, "mu upper", estimate.upper, of("mu_upper"), of("mu_upper") - of("mu"), 1e-9);
        let found = h.tau2.expect("inside");
        if tau2 > 0.0 {
            all.close(what, "tau2", found, tau2, of("se_tau2"), 1e-10);
            all.relative(what, "se of tau2", h.tau2_se.expect("positive"), of("se_tau2"), 1e-9);
            let blups = fit.blups().expect("inside");
            assert_eq!(blups.len(), numbers(&case["blup"]).len());
            let references = numbers(&case["blup"]).into_iter().zip(numbers(&case["blup_sd"]));
            for (blup, (mean, sd)) in blups.iter().zip(references) {
                all.close(what, "posterior mean", blup.value, mean, sd, 1e-9);
                all.relative(what, "posterior sd", blup.se, sd, 1e-9);
            }
        } else {
            all.close(what, "tau2 = 0", found, 0.0, 1.0, 0.0);
        }
        all.relative(what, "tau2 upper", interval.upper, of("tau2_upper"), 1e-9);
        all.close(what, "tau2 lower", interval.lower, of("tau2_lower"), of("tau2_lower").max(1e-300), 1e-9);
    }
    all.finish(COMPARISONS);
}

/// `rma.glmm(model = "UM.FS")` sums over 25 (or 7) nodes and stops at lme4's own tolerance: it is off by up to 1.6e-4 standard errors in mu, 1.2e-4
/// in the standard error and 2.7e-4 in tau2, as the 30-digit references of the same data show, with which this crate agrees. Its `logLik` drops constants with more than one node and is compared where tau2 is 0.
#[test]
fn metafor() {
    let file = reference(include_str!("reference/glmm_unconditional_metafor.json"));
    let further = reference(include_str!("reference/glmm_unconditional_fixed_metafor.json"));
    let cases = list(&file["cases"]).iter().filter(|case| text(&case["model"]) == "UM.FS");
    let mut all = Comparison::default();
    for case in cases.chain(list(&further["cases"])) {
        let of = |key: &str| number(&list(&case[key])[0]).expect("a number");
        let fit = unconditional(case, UnconditionalFixed::new());
        let what = || format!("{} {}", text(&case["name"]), of("coding"));
        let estimate = *fit.estimate().expect("inside");
        let h = *fit.heterogeneity().expect("inside");
        all.close(what, "mu", estimate.value, of("mu"), estimate.se, 3e-4);
        all.relative(what, "se", estimate.se, of("se"), 3e-4);
        all.close(what, "tau2", h.tau2.expect("inside"), of("tau2"), of("tau2").max(1e-6), 5e-4);
        all.relative(what, "deviance of equal effects", h.deviance, of("lrt"), 1e-6);
        if of("tau2") < 1e-9 {
            all.close(what, "log-likelihood", fit.information().expect("inside").log_likelihood, of("ll"), 1.0, 1e-6);
        }
    }
    all.finish(METAFOR_COMPARISONS);
}

/// mpmath, `glmm_unconditional.py boundary`.
#[test]
fn no_events_in_the_first_group_of_any_study() {
    let rows =
        [[0.0, 12.0, 4.0, 15.0], [0.0, 20.0, 3.0, 18.0], [0.0, 9.0, 5.0, 8.0], [0.0, 30.0, 0.0, 31.0]].map(Vec::from);
    for coding in [RandomEffectCoding::Half, RandomEffectCoding::First] {
        let model = UnconditionalFixed::new().coding(coding);
        for (fit, exact, likelihood) in [
            (model.fit(&tables(&rows)), 0.260_455_354_244_978_6, 0.102_941_797_834_764_25),
            (model.fit(&rates(&rows)), 0.356_274_643_031_072_15, 0.171_606_413_033_847_53),
        ] {
            let fit = fit.expect("a result");
            assert!(fit.estimate().is_none() && fit.heterogeneity().is_none());
            let boundary = fit.boundary().expect("on the boundary");
            assert!(!boundary.infinite);
            assert!((boundary.exact_limit / exact - 1.0).abs() < 1e-10, "{}", boundary.exact_limit);
            assert!((boundary.likelihood_limit / likelihood - 1.0).abs() < 1e-10, "{}", boundary.likelihood_limit);
            assert_eq!(fit.k(), 3);
            assert!(fit.to_string().contains("left out: 3 (no events in either group)"), "{fit}");
        }
    }
    // The groups exchanged: the limit is the reciprocal.
    let exchanged = rows.map(|r| vec![r[2], r[3], r[0], r[1]]);
    let fit = UnconditionalFixed::new().fit(&tables(&exchanged)).expect("a result");
    let boundary = fit.boundary().expect("on the boundary");
    assert!(boundary.infinite);
    assert!((boundary.exact_limit * 0.260_455_354_244_978_6 - 1.0).abs() < 1e-10);
    assert!((boundary.likelihood_limit * 0.102_941_797_834_764_25 - 1.0).abs() < 1e-10);
}

#[test]
fn what_has_no_estimate_is_refused_by_name() {
    let model = UnconditionalFixed::new();
    let refused = |rows: &[[f64; 4]], model: UnconditionalFixed| {
        let rows: Vec<Vec<f64>> = rows.iter().map(|r| r.to_vec()).collect();
        model.fit(&tables(&rows)).expect_err("refused").kind().clone()
    };
    assert!(matches!(refused(&[], model), ErrorKind::Empty));
    let nothing = [[0.0, 10.0, 0.0, 12.0], [8.0, 8.0, 9.0, 9.0]];
    assert!(matches!(refused(&nothing, model), ErrorKind::NotEstimable { .. }));
    let one = [[0.0, 10.0, 0.0, 12.0], [3.0, 8.0, 2.0, 9.0]];
    assert!(matches!(refused(&one, model), ErrorKind::TooFewStudies { k: 1, .. }));
    // Each study separates its groups, in both directions.
    let separated = [[0.0, 10.0, 12.0, 12.0], [9.0, 9.0, 0.0, 7.0]];
    assert!(matches!(refused(&separated, model), ErrorKind::UnboundedTau2OfEffects));
    // Nothing holds the effect of the first group's random effects.
    let open = [[0.0, 10.0, 3.0, 12.0], [9.0, 9.0, 4.0, 7.0]];
    assert!(matches!(refused(&open, model.coding(RandomEffectCoding::First)), ErrorKind::UnboundedTau2OfEffects));
    assert!(matches!(refused(&one, model.level(1.5)), ErrorKind::LevelOutOfRange { .. }));
}

/// Half of the effect in each group: exchanging the groups changes the sign of the effect and nothing else; so does exchanging events and
/// non-events. The unit of time changes nothing at all.
#[test]
fn symmetries() {
    let rows = [[3.0, 20.0, 9.0, 22.0], [0.0, 14.0, 5.0, 13.0], [6.0, 30.0, 4.0, 31.0]].map(Vec::from);
    let numbers = |fit: &TwoGroupFit| {
        let (e, h) = (fit.estimate().expect("inside"), fit.heterogeneity().expect("inside"));
        let interval = h.tau2_interval.expect("inside");
        [e.value, e.se, e.lower, e.upper, h.tau2.expect("inside"), interval.upper, h.likelihood_ratio, h.deviance]
    };
    let close = |a: [f64; 8], b: [f64; 8]| {
        for (a, b) in a.into_iter().zip(b) {
            assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{a} {b}");
        }
    };
    let mirrored = |[value, se, lower, upper, rest @ ..]: [f64; 8]| {
        let [a, b, c, d] = rest;
        [-value, se, -upper, -lower, a, b, c, d]
    };
    let model = UnconditionalFixed::new();
    let plain = numbers(&model.fit(&tables(&rows)).expect("fits"));
    let exchanged = rows.clone().map(|r| vec![r[2], r[3], r[0], r[1]]);
    close(mirrored(numbers(&model.fit(&tables(&exchanged)).expect("fits"))), plain);
    let spared = rows.clone().map(|r| vec![r[1] - r[0], r[1], r[3] - r[2], r[3]]);
    for coding in [RandomEffectCoding::Half, RandomEffectCoding::First] {
        let model = model.coding(coding);
        let plain = numbers(&model.fit(&tables(&rows)).expect("fits"));
        close(mirrored(numbers(&model.fit(&tables(&spared)).expect("fits"))), plain);
        let plain = numbers(&model.fit(&rates(&rows)).expect("fits"));
        for unit in [1e-9, 365.25, 1e12] {
            let other = rows.clone().map(|r| vec![r[0], r[1] * unit, r[2], r[3] * unit]);
            close(numbers(&model.fit(&rates(&other)).expect("fits")), plain);
        }
    }
}

/// The tests, other intervals, and what is read back.
#[test]
fn the_rest_of_a_result() {
    let rows = [[3.0, 20.0, 9.0, 22.0], [0.0, 14.0, 5.0, 13.0], [6.0, 30.0, 4.0, 31.0]].map(Vec::from);
    let fit = UnconditionalFixed::new().fit(&tables(&rows)).expect("fits");
    let e = fit.estimate().expect("inside");
    // A limit is where the likelihood-ratio test rejects.
    let test = fit.test(e.upper, GlmmInference::ProfileLikelihood).expect("a test");
    assert!((test.statistic + 1.959_963_984_540_054).abs() < 1e-7, "{}", test.statistic);
    let wald = fit.interval_by(GlmmInference::Wald, 0.95).expect("an interval");
    assert!((wald.upper - e.value - 1.959_963_984_540_054 * e.se).abs() < 1e-12);
    let weights = fit.weights();
    assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12 && weights.iter().all(|w| *w > 0.0));
    assert!(fit.prediction(0.95).expect("tau2").upper >= e.upper.exp() * 0.9);
    assert!(fit.search().expect("a search").searched_to.is_finite());
    let read: TwoGroupFit = serde_json::from_str(&serde_json::to_string(&fit).expect("text")).expect("read back");
    assert_eq!(read, fit);
    assert!(fit.to_string().contains("unconditional, fixed levels of studies"), "{fit}");
}

const CASES: usize = 46;
const COMPARISONS: usize = 709;
const METAFOR_COMPARISONS: usize = 181;

/// The second study, whose times differ by twelve orders, says nothing: 8 events in one group and 1 in the other, in equal times, are what is
/// left. Its own rates lie so far off that the search begins where the likelihood is flat.
#[test]
fn a_start_on_flat_ground_is_no_maximum() {
    let rows = [vec![8.0, 1.0, 1.0, 1.0], vec![1.0, 746_133.0, 0.0, 1.348e-6]];
    let fit = UnconditionalFixed::new().fit(&rates(&rows)).expect("a fit");
    let e = fit.estimate().expect("an estimate");
    assert!((e.value - 8.0_f64.ln()).abs() < 1e-9, "{e:?}");
    // The information of one Poisson count given the total: 9 p (1 - p).
    assert!((e.se - (9.0 / 8.0_f64).sqrt()).abs() < 1e-9, "{e:?}");
    assert_eq!(fit.heterogeneity().expect("heterogeneity").tau2, Some(0.0));
}
