//! The conditional models of two groups against 30-digit quadrature: `tests/reference/glmm_two_groups.py`.

mod support;

use meta_analysis::glmm::{Conditional, ConditionalNormal, TwoGroupData, TwoGroupFit};
use meta_analysis::study::{Studies, TwoByTwo, TwoRates};
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

fn data(case: &Value) -> TwoGroupData {
    let rows = list(&case["rows"]).iter().map(numbers).enumerate();
    if text(&case["kind"]) == "rates" {
        let one =
            |(i, r): (usize, Vec<f64>)| (i.to_string(), TwoRates::new((r[0], r[1]), (r[2], r[3])).expect("rates"));
        return (&rows.map(one).collect::<Studies<TwoRates>>()).into();
    }
    let one = |(i, r): (usize, Vec<f64>)| (i.to_string(), TwoByTwo::new((r[0], r[1]), (r[2], r[3])).expect("a table"));
    (&rows.map(one).collect::<Studies<TwoByTwo>>()).into()
}

fn model(case: &Value) -> ConditionalNormal {
    match text(&case["kind"]) {
        "approximate" => ConditionalNormal::new().conditional(Conditional::Approximate),
        _ => ConditionalNormal::new(),
    }
}

fn fit(case: &Value) -> TwoGroupFit {
    model(case).fit(data(case)).unwrap_or_else(|e| panic!("{} {}: {e}", text(&case["kind"]), text(&case["name"])))
}

/// What each quantity is measured against is stated where it is compared; the largest deviations are printed.
#[test]
fn every_quantity_of_every_case() {
    let file = reference(include_str!("reference/glmm_two_groups.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), CASES);
    let mut all = Comparison::default();
    for case in cases {
        let what = || format!("{} {}", text(&case["kind"]), text(&case["name"]));
        let fit = fit(case);
        let estimate = *fit.estimate().expect("inside");
        let h = *fit.heterogeneity().expect("inside");
        let interval = h.tau2_interval.expect("inside");
        let of = |key: &str| number(&case[key]).expect("a number");
        let (se, tau2) = (of("se"), of("tau2"));
        let ll = fit.information().expect("inside").log_likelihood;
        all.close(what, "log-likelihood", ll, of("ll"), of("ll").abs().max(1.0), 1e-12);
        let without = ll - 0.5 * h.likelihood_ratio;
        all.close(what, "log-likelihood at tau2 = 0", without, of("ll0"), of("ll0").abs().max(1.0), 1e-12);
        all.close(what, "mu", estimate.value, of("mu"), se, 1e-11);
        all.relative(what, "se", estimate.se, se, 1e-10);
        all.close(what, "mu lower", estimate.lower, of("mu_lower"), of("mu") - of("mu_lower"), 1e-10);
        all.close(what, "mu upper", estimate.upper, of("mu_upper"), of("mu_upper") - of("mu"), 1e-10);
        let found = h.tau2.expect("inside");
        if tau2 > 0.0 {
            all.close(what, "tau2", found, tau2, of("se_tau2"), 1e-11);
            all.relative(what, "se of tau2", h.tau2_se.expect("positive"), of("se_tau2"), 1e-10);
            let references = numbers(&case["effects"]).into_iter().zip(numbers(&case["effects_sd"]));
            for (effect, (mean, sd)) in fit.blups().expect("inside").iter().zip(references) {
                all.close(what, "posterior mean", effect.value, mean, sd, 1e-11);
                all.relative(what, "posterior sd", effect.se, sd, 1e-10);
            }
        } else {
            all.close(what, "tau2 = 0", found, 0.0, 1.0, 0.0);
            assert!(h.tau2_se.is_none(), "{}", what());
        }
        all.relative(what, "tau2 upper", interval.upper, of("tau2_upper"), 1e-10);
        all.close(what, "tau2 lower", interval.lower, of("tau2_lower"), of("tau2_lower").max(1e-300), 1e-10);
        // Equal effects: the same likelihood at tau2 = 0.
        let equal = model(case).equal_effects().fit(data(case)).expect("fits");
        all.close(what, "equal effects", equal.estimate().expect("inside").value, of("mu0"), se, 1e-11);
        let equal = equal.information().expect("inside").log_likelihood;
        all.close(what, "log-likelihood of equal effects", equal, of("ll0"), of("ll0").abs().max(1.0), 1e-12);
    }
    all.finish(COMPARISONS);
}

/// The likelihood where scans and upper limits of tau2 go: tau2 up to 1e6, means far from the data, one arm without events.
#[test]
fn the_likelihood_far_out() {
    let file = reference(include_str!("reference/glmm_two_groups.json"));
    let mut all = Comparison::default();
    for case in list(&file["far"]) {
        // A second study, to have a fit; its share of the likelihood is taken away again.
        let second = serde_json::json!([[3.0, 10.0, 2.0, 12.0], [3.0, 10.0, 2.0, 12.0]]);
        let fit_of = |rows: Value| {
            let case = serde_json::json!({"kind": case["kind"], "rows": rows, "name": "far"});
            fit(&case)
        };
        let both = serde_json::json!([case["rows"][0], second[0]]);
        let (with, twice) = (fit_of(both), fit_of(second.clone()));
        for point in list(&case["points"]) {
            let [mu, tau2, ll] = numbers(point)[..] else { panic!("three numbers") };
            let found = with.log_likelihood(mu, tau2).expect("in range")
                - 0.5 * twice.log_likelihood(mu, tau2).expect("in range");
            let what = || format!("{} {} mu {mu} tau2 {tau2}", case["kind"], case["rows"]);
            all.close(what, "log-likelihood far out", found, ll, ll.abs().max(1.0), 1e-12);
        }
    }
    all.finish(FAR);
}

const CASES: usize = 52;
const COMPARISONS: usize = 0;
const FAR: usize = 12 * 20;
