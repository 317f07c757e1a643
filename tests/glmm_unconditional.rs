//! The unconditional models of two groups against 30-digit quadrature: `tests/reference/glmm_unconditional.py`.

mod support;

use meta_analysis::glmm::{RandomEffectCoding, TwoGroupFit, UnconditionalFixed};
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

fn fit(case: &Value) -> TwoGroupFit {
    let rows: Vec<Vec<f64>> = list(&case["rows"]).iter().map(numbers).collect();
    let coding = match text(&case["coding"]) {
        "half" => RandomEffectCoding::Half,
        _ => RandomEffectCoding::First,
    };
    let model = UnconditionalFixed::new().coding(coding);
    let found = if text(&case["kind"]) == "poisson" { model.fit(rates(&rows)) } else { model.fit(tables(&rows)) };
    found.unwrap_or_else(|e| panic!("{}: {e}", text(&case["name"])))
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
        let fit = fit(case);
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

const CASES: usize = 46;
const COMPARISONS: usize = 0;
