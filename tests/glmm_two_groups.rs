//! The conditional models of two groups against 30-digit quadrature: `tests/reference/glmm_two_groups.py`.

mod support;

use meta_analysis::ErrorKind;
use meta_analysis::glmm::{
    BetaBinomial, Conditional, ConditionalNormal, DispersionMethod, FirthLogistic, GlmmInference, RiskContrast,
    TwoGroupFit,
};
use meta_analysis::study::{Studies, TwoByTwo};
use serde_json::Value;
use support::counts::two_groups;
use support::{Comparison, list, number, numbers, reference, text};

fn model(case: &Value) -> ConditionalNormal {
    match text(&case["kind"]) {
        "approximate" => ConditionalNormal::new().conditional(Conditional::Approximate),
        _ => ConditionalNormal::new(),
    }
}

fn fit(case: &Value) -> TwoGroupFit {
    model(case).fit(two_groups(case)).unwrap_or_else(|e| panic!("{} {}: {e}", text(&case["kind"]), text(&case["name"])))
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
        let equal = model(case).equal_effects().fit(two_groups(case)).expect("fits");
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
const COMPARISONS: usize = 885;
const FAR: usize = 12 * 20;

fn tables(case: &Value) -> Studies<TwoByTwo> {
    let rows = list(&case["rows"]).iter().map(numbers).enumerate();
    rows.map(|(i, r)| (i.to_string(), TwoByTwo::new((r[0], r[1]), (r[2], r[3])).expect("a table"))).collect()
}

/// From the link of the risks.
fn risk_contrast(link: &str) -> RiskContrast {
    match link {
        "log" => RiskContrast::LogRiskRatio,
        "identity" => RiskContrast::RiskDifference,
        _ => RiskContrast::LogOddsRatio,
    }
}

/// `tests/reference/beta_binomial.py`: gamma functions at 50 digits.
#[test]
fn beta_binomial() {
    let file = reference(include_str!("reference/beta_binomial.json"));
    let mut all = Comparison::default();
    for case in list(&file["cases"]) {
        let (name, contrast) = (text(&case["name"]), text(&case["contrast"]));
        let what = || format!("{contrast} {name}");
        let fit = BetaBinomial::new()
            .contrast(risk_contrast(contrast))
            .fit(&tables(case))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let of = |key: &str| number(&case[key]).expect("a number");
        let estimate = fit.estimate().expect("inside");
        let rho = fit.intraclass().expect("inside");
        let (ll, size) = (fit.information().expect("inside").log_likelihood, of("ll").abs().max(1.0));
        all.close(what, "log-likelihood", ll, of("ll"), size, 1e-12);
        all.close(what, "log-likelihood at rho = 0", ll - 0.5 * rho.likelihood_ratio, of("ll0"), size, 1e-12);
        all.close(what, "effect", estimate.value, of("effect"), of("se"), 1e-10);
        all.relative(what, "se", estimate.se, of("se"), 1e-10);
        all.close(what, "lower", estimate.lower, of("lower"), of("effect") - of("lower"), 1e-9);
        all.close(what, "upper", estimate.upper, of("upper"), of("upper") - of("effect"), 1e-9);
        all.close(what, "rho", rho.rho, of("rho"), of("rho").max(1e-300), 1e-9);
        all.close(what, "rho lower", rho.interval.lower, of("rho_lower"), of("rho_lower").max(1e-300), 1e-9);
        all.relative(what, "rho upper", rho.interval.upper, of("rho_upper"), 1e-9);
    }
    all.finish(BETA_BINOMIAL);
}

/// VGAM 1.1-7 (`tests/reference/beta_binomial_vgam.R`), another program for the same likelihood: seven sets, up to three contrasts. It stops where
/// its steps are small, at 3e-6 standard errors of the effect and 4e-6 of rho from the 50-digit references of three of the sets. Its standard
/// errors are not compared: they come from the expected information, which differs from the observed one by up to 19 % (`ivig`, risk ratio).
#[test]
fn beta_binomial_by_vgam() {
    let file = reference(include_str!("reference/beta_binomial_vgam.json"));
    let mut all = Comparison::default();
    for case in list(&file["cases"]) {
        let (name, contrast) = (text(&case["name"]), text(&case["contrast"]));
        let what = || format!("{contrast} {name}");
        let fit = BetaBinomial::new().contrast(risk_contrast(contrast)).fit(&tables(case)).expect("fits");
        let of = |key: &str| numbers(&case[key])[0];
        let (estimate, ll) = (fit.estimate().expect("inside"), fit.information().expect("inside").log_likelihood);
        all.close(what, "effect, VGAM", estimate.value, of("effect"), estimate.se, 1e-5);
        all.relative(what, "rho, VGAM", fit.intraclass().expect("inside").rho, of("rho"), 1e-4);
        all.close(what, "log-likelihood, VGAM", ll, of("ll"), 1.0, 1e-8);
    }
    all.finish(20 * 3);
}

/// `tests/reference/firth.py`: determinants and derivatives at 50 digits.
#[test]
fn firth() {
    let file = reference(include_str!("reference/firth.json"));
    let mut all = Comparison::default();
    for case in list(&file["cases"]) {
        let name = text(&case["name"]);
        let what = || name.to_owned();
        let fit = FirthLogistic::new().fit(&tables(case)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let of = |key: &str| number(&case[key]).expect("a number");
        let estimate = fit.estimate().expect("inside");
        assert!(fit.information().is_none() && fit.heterogeneity().is_none());
        all.close(what, "effect", estimate.value, of("effect"), of("se"), 1e-11);
        all.relative(what, "se", estimate.se, of("se"), 1e-11);
        all.close(what, "lower", estimate.lower, of("lower"), of("effect") - of("lower"), 1e-10);
        all.close(what, "upper", estimate.upper, of("upper"), of("upper") - of("effect"), 1e-10);
    }
    all.finish(FIRTH);
}

/// The same file: the factor of the variance by both methods, and what it does to intervals and tests.
#[test]
fn overdispersion_of_firth() {
    let file = reference(include_str!("reference/firth.json"));
    let mut all = Comparison::default();
    for case in list(&file["cases"]) {
        let name = text(&case["name"]);
        let what = || name.to_owned();
        let plain = FirthLogistic::new().fit(&tables(case)).expect("fits");
        assert!(plain.overdispersion().is_none());
        for (key, method) in [("phi_pearson", DispersionMethod::Pearson), ("phi_fletcher", DispersionMethod::Fletcher)]
        {
            let found = FirthLogistic::new().overdispersion(method).fit(&tables(case));
            let Some(phi) = number(&case[key]) else {
                assert_eq!(list(&case["rows"]).len(), 1);
                let error = found.expect_err("one study says nothing of it");
                assert!(matches!(error.kind(), ErrorKind::TooFewStudies { k: 1, needed: 2, .. }), "{error}");
                continue;
            };
            let fit = found.expect("fits");
            let dispersion = fit.overdispersion().expect("asked for");
            all.relative(what, "phi", dispersion.phi, phi, 1e-9);
            all.relative(what, "Pearson", dispersion.statistic, number(&case["pearson"]).expect("a number"), 1e-9);
            // By the definition: variance times the factor, twice the log-likelihood over it.
            let root = phi.max(1.0).sqrt();
            let (now, before) = (fit.estimate().expect("inside"), plain.estimate().expect("inside"));
            assert_eq!(now.value.to_bits(), before.value.to_bits());
            all.relative(what, "se", now.se, before.se * root, 1e-9);
            for inference in [GlmmInference::Wald, GlmmInference::ProfileLikelihood] {
                let test = |fit: &TwoGroupFit| fit.test(0.0, inference).expect("inside").statistic;
                all.relative(what, "statistic", test(&fit), test(&plain) / root, 1e-9);
            }
            // At the limit the likelihood ratio is the quantile.
            let at_limit = fit.test(now.upper, GlmmInference::ProfileLikelihood).expect("inside");
            all.relative(what, "profile limit", at_limit.p_value, 0.05, 1e-9);
            let text = fit.to_string();
            assert!(text.contains("overdispersion") && text.contains(method.name()), "{text}");
            let json = serde_json::to_string(&fit).expect("written");
            assert_eq!(serde_json::from_str::<TwoGroupFit>(&json).expect("read"), fit);
        }
    }
    all.finish(14 * 2 * 6);
}

/// Tables of a file by R: columns `x1`, `n1`, `x2`, `n2`.
fn columns(case: &Value) -> Value {
    let column = |key: &str| numbers(&case[key]);
    let (x1, n1, x2, n2) = (column("x1"), column("n1"), column("x2"), column("n2"));
    let rows: Vec<Value> = (0..x1.len()).map(|i| serde_json::json!([x1[i], n1[i], x2[i], n2[i]])).collect();
    let kind = case["kind"].as_str().and_then(|kind| kind.split(' ').next()).unwrap_or_default();
    serde_json::json!({"name": case["name"], "kind": kind, "rows": rows})
}

/// brglm2 stops at 1e-12 in its own steps: `tests/reference/firth_brglm2.R`.
#[test]
fn firth_by_brglm2() {
    let file = reference(include_str!("reference/firth_brglm2.json"));
    let mut all = Comparison::default();
    for case in list(&file["cases"]) {
        let what = || text(&case["name"]).to_owned();
        let of = |key: &str| numbers(&case[key])[0];
        let fit = FirthLogistic::new().inference(GlmmInference::Wald).fit(&tables(&columns(case))).expect("fits");
        let estimate = fit.estimate().expect("inside");
        all.close(what, "effect", estimate.value, of("effect"), of("se"), 1e-8);
        all.relative(what, "se", estimate.se, of("se"), 1e-8);
        let fit = FirthLogistic::new().overdispersion(DispersionMethod::Fletcher).fit(&tables(&columns(case)));
        let fit = fit.expect("fits");
        let found = fit.overdispersion().expect("asked for");
        all.relative(what, "Pearson", found.statistic, of("pearson"), 1e-8);
        all.relative(what, "phi by Fletcher", found.phi, of("fletcher"), 1e-8);
        assert_eq!(found.df, of("df"));
    }
    all.finish(6 * 4);
}

/// metafor 3.8 (`tests/reference/glmm_two_groups_metafor.R`) stops at tolerances of nlminb and lme4: 1e-4 is its own accuracy.
///
/// The exact model differs in the standard error, which metafor takes from numerical second derivatives of the hypergeometric
/// density of BiasedUrn: by up to 4e-4, and altogether in three fits, where tau2 is 0 but metafor stops at 7e-5 (`hine`, standard
/// error 6e-7) and at 1.5e-4 (`hahn`, 6e-7 for 0.14; its mean is off by 1.2e-3 standard errors), and in tables of thousands (`li`, equal
/// effects: 0.0166 for 0.0273). The thirty-digit references say who is right: the fits of `hine 1989` and the first six of `li` are among
/// them, and the likelihood of `hahn` at both places was taken with `glmm_two_groups.py` (`tests/reference/README.md`).
#[test]
fn metafor() {
    let file = reference(include_str!("reference/glmm_two_groups_metafor.json"));
    let mut all = Comparison::default();
    for case in list(&file["cases"]) {
        let name = format!("{} {}", text(&case["name"]), text(&case["kind"]));
        let what = || name.clone();
        let of = |key: &str| numbers(&case[key])[0];
        let rows = columns(case);
        let model = model(&rows).inference(GlmmInference::Wald);
        let equal = text(&case["kind"]).ends_with("EE");
        let fit = if equal { model.equal_effects().fit(two_groups(&rows)) } else { model.fit(two_groups(&rows)) }
            .expect("fits");
        let estimate = fit.estimate().expect("inside");
        let exact = text(&case["kind"]).starts_with("exact");
        let failed = ["hine exact ML", "li exact EE", "hahn exact ML"].contains(&name.as_str());
        // Where it stops next to tau2 = 0, the mean is off too.
        let stopped = if name == "hahn exact ML" { 20.0 } else { 1.0 };
        all.close(what, "mu", estimate.value, of("mu"), estimate.se, 1e-4 * stopped);
        if !failed {
            let (kind, loose) = if exact { (", exact", 8.0) } else { ("", 1.0) };
            all.relative(what, &format!("se{kind}"), estimate.se, of("se"), 1e-4 * loose);
            all.close(what, &format!("lower{kind}"), estimate.lower, of("zlower"), of("se"), 3e-4 * loose);
            all.close(what, &format!("upper{kind}"), estimate.upper, of("zupper"), of("se"), 3e-4 * loose);
        }
        if let Some(h) = fit.heterogeneity() {
            all.close(what, "tau2", h.tau2.expect("inside"), of("tau2"), of("tau2").max(0.3), 3e-4 * stopped);
            all.relative(what, "deviance", h.deviance, of("lrt"), 1e-6);
            all.relative(what, "df", h.df, of("lrtdf"), 0.0);
        }
    }
    all.finish(METAFOR);
}

const BETA_BINOMIAL: usize = 27 * 9;
const FIRTH: usize = 15 * 4;
const METAFOR: usize = 263;
