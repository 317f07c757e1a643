//! 83 likelihoods of tau2 on which local searches go wrong, against 100-digit arithmetic (`reference/hard_cases.json`).
//!
//! tau2 is compared relative to `tau2 + min v`: below the smallest variance it has no effect on any result.

use meta_analysis::tau2::{Certificate, Likelihood, Tau2, Tau2Set, Workspace, estimate};
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

struct Case {
    id: u64,
    y: Vec<f64>,
    v: Vec<f64>,
    truth: Value,
}

impl Case {
    fn smallest_variance(&self) -> f64 {
        self.v.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Error of a tau2 on the scale that matters.
    fn tau2_error(&self, found: f64, truth: f64) -> f64 {
        (found - truth).abs() / (truth + self.smallest_variance())
    }

    fn workspace(&self) -> Workspace {
        let mut workspace = Workspace::new();
        workspace.load(&self.y, &self.v).expect("the data are sound");
        workspace
    }
}

fn number(value: &Value) -> f64 {
    value.as_str().expect("a string").parse().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("an array");
    list.iter().map(|x| x.as_f64().expect("a double")).collect()
}

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/hard_cases.json")).expect("valid JSON")
}

fn cases() -> Vec<Case> {
    let reference = reference();
    let cases = reference["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 83);
    cases
        .iter()
        .map(|case| Case {
            id: case["id"].as_u64().expect("an id"),
            y: numbers(&case["yi"]),
            v: numbers(&case["vi"]),
            truth: case.clone(),
        })
        .collect()
}

const LIKELIHOODS: [(&str, Tau2, Likelihood); 2] =
    [("REML", Tau2::Reml, Likelihood::Restricted), ("ML", Tau2::MaximumLikelihood, Likelihood::Full)];

/// The worst error seen and where, asserted at the end so that a failure names the worst case.
struct Worst(f64, String);

impl Worst {
    fn new() -> Self {
        Self(0.0, String::new())
    }

    fn see(&mut self, error: f64, place: String) {
        assert!(error.is_finite(), "{place}");
        if error > self.0 {
            *self = Self(error, place);
        }
    }

    fn assert_below(&self, tolerance: f64) {
        println!("worst {:.2e} at {}", self.0, self.1);
        assert!(self.0 > 0.0 && self.0 <= tolerance, "{:e} at {}", self.0, self.1);
    }
}

fn certificate(case: &Case, method: Tau2) -> (f64, Certificate) {
    let fit = estimate(&case.y, &case.v, method).expect("a fit");
    (fit.tau2, fit.certificate.expect("a certificate"))
}

#[test]
fn global_maxima() {
    let mut worst = Worst::new();
    for case in cases() {
        for (name, method, _) in LIKELIHOODS {
            let (tau2, certificate) = certificate(&case, method);
            let error = case.tau2_error(tau2, number(&case.truth[name]["tau2"]));
            worst.see(error, format!("case {} {name}", case.id));
            assert!(certificate.residual <= TOLERANCE, "case {} {name}", case.id);
            let (lower, upper) = certificate.bracket;
            assert!(lower <= tau2 && tau2 <= upper, "case {} {name}", case.id);
        }
    }
    worst.assert_below(TOLERANCE);
}

#[test]
fn all_local_maxima_and_the_gap() {
    let (mut location, mut height, mut lead) = (Worst::new(), Worst::new(), Worst::new());
    let mut multimodal = 0;
    for case in cases() {
        for (name, method, _) in LIKELIHOODS {
            let place = || format!("case {} {name}", case.id);
            let (_, certificate) = certificate(&case, method);
            let truth = &case.truth[name];
            let maxima = truth["local_maxima"].as_array().expect("maxima");
            assert_eq!(certificate.maxima.len(), maxima.len(), "{}", place());
            assert_eq!(certificate.unimodal, maxima.len() == 1);
            for (found, truth) in certificate.maxima.iter().zip(maxima) {
                location.see(case.tau2_error(found.tau2, number(&truth["tau2"])), place());
                let truth = number(&truth["loglik"]);
                height.see((found.log_likelihood - truth).abs() / (1.0 + truth.abs()), place());
            }
            match certificate.gap {
                None => assert!(truth["gap_to_second"].is_null()),
                Some(gap) => {
                    // The reference gap has 12 digits.
                    let truth = number(&truth["gap_to_second"]);
                    lead.see((gap - truth).abs() / (1.0 + truth), place());
                    assert!(!certificate.tie);
                    multimodal += 1;
                }
            }
        }
    }
    assert!(multimodal > 80);
    location.assert_below(TOLERANCE);
    height.assert_below(TOLERANCE);
    lead.assert_below(1e-11);
}

#[test]
fn log_likelihood_mean_and_standard_error() {
    let (mut height, mut mean, mut se) = (Worst::new(), Worst::new(), Worst::new());
    for case in cases() {
        let mut workspace = case.workspace();
        for (name, method, likelihood) in LIKELIHOODS {
            let place = || format!("case {} {name}", case.id);
            let truth = &case.truth[name];
            let tau2 = workspace.estimate(method).expect("a fit").tau2;
            let ll = workspace.log_likelihood(tau2, likelihood).expect("finite");
            let at = workspace.mean_at(tau2).expect("finite");
            let (true_ll, true_mean, true_se) = (number(&truth["loglik"]), number(&truth["mu"]), number(&truth["se"]));
            height.see((ll - true_ll).abs() / (1.0 + true_ll.abs()), place());
            // In standard errors: an error of the mean far below its uncertainty.
            mean.see((at.mean - true_mean).abs() / true_se, place());
            se.see((at.standard_error / true_se - 1.0).abs(), place());
        }
    }
    height.assert_below(TOLERANCE);
    mean.assert_below(TOLERANCE);
    se.assert_below(TOLERANCE);
}

#[test]
fn paule_mandel_and_q_profile() {
    let reference = reference();
    let (mut root, mut ends, mut q) = (Worst::new(), Worst::new(), Worst::new());
    let mut empty = 0;
    for case in cases() {
        let place = || format!("case {}", case.id);
        let mut workspace = case.workspace();
        let pm = workspace.estimate(Tau2::PauleMandel).expect("a fit").tau2;
        root.see(case.tau2_error(pm, number(&case.truth["PM"])), place());
        let true_q = number(&case.truth["Q"]);
        let found_q = workspace.generalized_q(0.0).expect("positive variances");
        q.see((found_q / true_q - 1.0).abs(), place());

        let quantiles = &reference["chi_squared"][(case.y.len() - 1).to_string()];
        let set = workspace.q_profile(number(&quantiles[1]), number(&quantiles[0])).expect("a set");
        let truth = &case.truth["Qprofile95"];
        match set {
            Tau2Set::Empty => {
                assert_eq!(truth["empty"], Value::Bool(true), "{}", place());
                empty += 1;
            }
            Tau2Set::Interval { lower, upper } => {
                assert_eq!(truth["empty"], Value::Bool(false), "{}", place());
                ends.see(case.tau2_error(lower, number(&truth["lower"])), place());
                ends.see(case.tau2_error(upper, number(&truth["upper"])), place());
                assert!(set.contains(pm));
            }
        }
    }
    println!("{empty} empty sets");
    root.assert_below(TOLERANCE);
    ends.assert_below(TOLERANCE);
    q.assert_below(TOLERANCE);
}
