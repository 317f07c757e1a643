//! The models of one group against 30-digit quadrature: `tests/reference/glmm_one_group.py`.

mod support;

use meta_analysis::glmm::{GlmmFit, PredictionUncertainty};
use serde_json::Value;
use support::counts::one_group;
use support::{Comparison, list, number, numbers, reference, text};

/// What each quantity is measured against is stated where it is compared: places against their standard error or their distance from
/// the estimate, everything else against itself. The largest deviations are printed.
#[test]
fn every_quantity_of_every_case() {
    let file = reference(include_str!("reference/glmm_one_group.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), CASES);
    let mut all = Comparison::default();
    for case in cases {
        let name = text(&case["name"]);
        let fit = one_group(case);
        let estimate = *fit.estimate().expect("inside");
        let h = *fit.heterogeneity();
        let interval = h.tau2_interval.expect("inside");
        let of = |key: &str| number(&case[key]).expect("a number");
        let (se, tau2) = (of("se"), of("tau2"));
        let ll = fit.information().expect("inside").log_likelihood;
        let what = || name.to_owned();
        // In units of the log-likelihood itself.
        let precise = 1e-12;
        all.close(what, "log-likelihood", ll, of("ll"), 1.0, precise);
        let without = ll - 0.5 * h.likelihood_ratio;
        all.close(what, "log-likelihood at tau2 = 0", without, of("ll0"), 1.0, precise);
        all.close(what, "mu", estimate.value, of("mu"), se, 1e-11);
        all.relative(what, "se", estimate.se, se, 1e-10);
        all.close(what, "mu lower", estimate.lower, of("mu_lower"), of("mu") - of("mu_lower"), 1e-10);
        all.close(what, "mu upper", estimate.upper, of("mu_upper"), of("mu_upper") - of("mu"), 1e-10);
        let found = h.tau2.expect("inside");
        if tau2 > 0.0 {
            all.close(what, "tau2", found, tau2, of("se_tau2"), 1e-11);
            all.relative(what, "se of tau2", h.tau2_se.expect("positive"), of("se_tau2"), 1e-10);
        } else {
            all.close(what, "tau2 = 0", found, 0.0, 1.0, 0.0);
            assert!(h.tau2_se.is_none(), "{name}");
        }
        all.relative(what, "tau2 upper", interval.upper, of("tau2_upper"), 1e-10);
        all.close(what, "tau2 lower", interval.lower, of("tau2_lower"), of("tau2_lower").max(1e-300), 1e-10);
        if tau2 > 0.0 {
            follow_up(&mut all, case, &fit);
        }
    }
    all.finish(COMPARISONS);
}

/// Posterior of each study, mean over studies, prediction of a new count.
fn follow_up(all: &mut Comparison, case: &Value, fit: &GlmmFit) {
    let name = text(&case["name"]);
    let what = || name.to_owned();
    let blups = fit.blups().expect("inside");
    let references = numbers(&case["blup"]).into_iter().zip(numbers(&case["blup_sd"]));
    for (blup, (mean, sd)) in blups.iter().zip(references) {
        all.close(what, "posterior mean", blup.value, mean, sd, 1e-11);
        all.relative(what, "posterior sd", blup.se, sd, 1e-11);
    }
    let mean = number(&case["mean"]).expect("a number");
    match text(&case["kind"]) {
        "poisson" => {
            let Ok(found) = fit.new_events(5.0, PredictionUncertainty::None) else {
                // The tail is too heavy to be listed.
                assert!(number(&case["tau2"]).expect("a number") > 5.0 || mean > 1000.0, "{name}");
                return;
            };
            for (y, p) in numbers(&case["pmf5"]).into_iter().enumerate() {
                if y < found.probabilities().len() {
                    all.relative(what, "probability of a new count", found.probability(y), p, 1e-11);
                } else {
                    assert!(p < 1e-12, "{name}: the list ends at {y}, where {p} is left");
                }
            }
        }
        _ => {
            let found = fit.new_count(10, PredictionUncertainty::None).expect("inside");
            all.close(what, "mean of a new count", found.mean(), 10.0 * mean, 10.0 * mean, 1e-12);
            for (y, p) in numbers(&case["pmf10"]).into_iter().enumerate() {
                all.relative(what, "probability of a new count", found.probability(y), p, 1e-11);
            }
        }
    }
}

const CASES: usize = 66;
const COMPARISONS: usize = 1481;
