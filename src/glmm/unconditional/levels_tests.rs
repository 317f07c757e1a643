//! The integral over both random effects against sums over panels in 80-bit floats, and metafor against Laplace's approximation.

use super::super::likelihood::StudyLikelihood;
use super::fixed::arms;
use super::levels::{Levels, Point};
use super::pair::RandomEffectCoding;
use super::two_levels::{Prior, Spread, TwoLevels};
use super::{lattice, nested};
use crate::num::quadrature::Effort;
use serde_json::Value;

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().expect("a number"),
        other => other.as_f64().expect("a number"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn coding(name: &str) -> RandomEffectCoding {
    match name {
        "half" => RandomEffectCoding::Half,
        "first" => RandomEffectCoding::First,
        "second" => RandomEffectCoding::Second,
        other => panic!("no coding {other}"),
    }
}

fn problem(kind: &Value, rows: &Value, coding: RandomEffectCoding) -> Levels {
    let rows = rows.as_array().expect("rows").iter().map(numbers);
    let one = |r: Vec<f64>| TwoLevels { arms: arms(kind == "poisson", [(r[0], r[1]), (r[2], r[3])]) };
    Levels { studies: rows.map(one).collect(), shares: coding.shares() }
}

/// Single values, from variances of 0 to 1e5.
#[test]
fn log_likelihoods_at_given_parameters() {
    let file = include_str!("../../../tests/reference/glmm_unconditional_random.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let rows = file["values"].as_array().expect("a list");
    let (mut worst, mut of_scan) = (0.0_f64, 0.0_f64);
    let mut failures = Vec::new();
    for row in rows {
        let set = &file["sets"][row["name"].as_str().expect("a name")];
        let levels = problem(&set["kind"], &set["rows"], coding(row["coding"].as_str().expect("a coding")));
        let point: Point = numbers(&row["at"]).try_into().expect("four parameters");
        let expected = number(&row["ll"]);
        let error = |effort| {
            let found = levels.evaluate(&point, effort).expect("in range");
            ((found.value - expected) / expected.abs().max(1.0)).abs()
        };
        let (exact, scan) = (error(Effort::Exact), error(Effort::Scan));
        worst = worst.max(exact);
        of_scan = of_scan.max(scan);
        let within = exact <= 1e-12 && scan <= 0.01;
        if !within {
            failures.push(format!("{row}: off by {exact:e}, scan by {scan:e}"));
        }
    }
    println!("{} values, worst {worst:e}, scan {of_scan:e}", rows.len());
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
    assert_eq!(rows.len(), VALUES);
}

const VALUES: usize = 115;

/// Gradient and Hessian are those of the values: differences of the analytic ones, at places where the lattice is used and where the nested
/// integral is.
#[test]
fn derivatives_are_those_of_the_value() {
    let rows = serde_json::json!([[7, 19, 35, 42], [0, 12, 4, 15], [3, 20, 0, 18], [0, 30, 0, 31], [2, 9, 8, 8]]);
    for coding in [RandomEffectCoding::Half, RandomEffectCoding::First, RandomEffectCoding::Second] {
        let levels = problem(&"logit".into(), &rows, coding);
        for point in [[-0.7, -1.1, 0.6, 1.2], [0.4, 0.1, 0.05, 0.3], [-1.0, -2.0, 9.0, 20.0]] {
            let at = levels.evaluate(&point, Effort::Exact).expect("in range");
            for p in 0..4 {
                let h = 1e-4 * if p > 1 { point[p] } else { 1.0 };
                let moved = |by: f64| {
                    let mut to: Point = point;
                    to[p] += by;
                    levels.evaluate(&to, Effort::Exact).expect("in range")
                };
                let (up, down) = (moved(h), moved(-h));
                let slope = (up.value - down.value) / (2.0 * h);
                let scale = |q: usize| if q > 1 { point[q] } else { 1.0 };
                let close = |a: f64, b: f64, size: f64| (a - b).abs() * size <= 1e-6;
                assert!(close(slope, at.gradient[p], scale(p)), "{point:?} {p}: {slope} {}", at.gradient[p]);
                for q in 0..4 {
                    let curve = (up.gradient[q] - down.gradient[q]) / (2.0 * h);
                    let found = at.hessian[p][q];
                    assert!(close(curve, found, scale(p) * scale(q)), "{point:?} {p} {q}: {curve} {found}");
                }
            }
        }
    }
}

/// Two ways to the same integral.
#[test]
fn the_lattice_and_the_nested_integral_agree() {
    let mut compared = 0;
    for row in
        [[7.0, 19.0, 35.0, 42.0], [0.0, 12.0, 4.0, 15.0], [505.0, 88_391.0, 499.0, 88_391.0], [1.0, 2.0, 1.0, 2.0]]
    {
        for rates in [false, true] {
            let study = TwoLevels { arms: arms(rates, [(row[0], row[1]), (row[2], row[3])]) };
            for (sigma, tau) in [(0.5, 0.4), (1.5, 0.3), (0.7, 0.01), (0.1, 1.3)] {
                for coding in [RandomEffectCoding::Half, RandomEffectCoding::First, RandomEffectCoding::Second] {
                    let (mean, spread) = ([-1.0, -0.5], Spread { sigma, tau, shares: coding.shares() });
                    let (prior, mode) = (Prior::new(mean, &spread), study.mode(mean, &spread).expect("a mode"));
                    let one = nested::integrated(&study, &prior, &mode, Effort::Exact).expect("in range");
                    let two = lattice::by_data(&study, &prior, &mode, Effort::Exact).expect("few nodes");
                    assert!((one.value - two.value).abs() <= 1e-13 * one.value.abs().max(1.0), "{row:?} {sigma} {tau}");
                    let largest = one.d.iter().flatten().fold(0.0_f64, |a, d| a.max(d.abs()));
                    for (a, b) in one.d.iter().flatten().zip(two.d.iter().flatten()) {
                        assert!((a - b).abs() <= 1e-9 * largest, "{row:?} {sigma} {tau}: {a} {b}");
                    }
                    // Where the data outweigh the random effects or not, both forms are right.
                    let three = lattice::by_random_effects(&study, &prior, &spread, &mode, Effort::Exact);
                    let (two, three) = (two.by_level_and_effect(spread.shares), three.expect("few nodes"));
                    for j in 0..5 {
                        for k in 0..5 - j {
                            let size =
                                (1.0 + sigma.powi(-1)).powi(j as i32) * (1.0 + f64::powi(tau, -1)).powi(k as i32);
                            let error = (two.d[j][k] - three.d[j][k]).abs() / (size + largest);
                            assert!(error <= 1e-9, "{row:?} {sigma} {tau} {j} {k}: {} {}", two.d[j][k], three.d[j][k]);
                        }
                    }
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 96);
}

/// `rma.glmm(model = "UM.RS")` maximises Laplace's approximation of the likelihood (lme4 offers nothing else with two random effects). So it is
/// that approximation that its estimates maximise: the same function of ours, maximised over the level, has metafor's value to 2e-4 and no
/// higher one nearby.
#[test]
fn metafor_maximises_laplace() {
    let file = include_str!("../../../tests/reference/glmm_unconditional_metafor.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let cases = file["cases"].as_array().expect("a list").iter();
    let mut compared = 0;
    for case in cases.filter(|case| case["model"] == "UM.RS" && case["cor"] == false) {
        let levels = problem(&case["kind"], &case["rows"], RandomEffectCoding::Half);
        let of = |key: &str| number(&case[key][0]);
        let laplace = |point: Point| -> f64 {
            let (means, spread) = (levels.means(&point), levels.spread(&point));
            let one = |study: &TwoLevels| {
                let mode = study.mode_within(means, &spread, 1e-22).expect("a mode");
                mode.top - 0.5 * mode.determinant.ln()
            };
            levels.studies.iter().map(one).sum()
        };
        // The level that is best: its curvature by differences is enough.
        let over_level = |theta: f64, sigma2: f64, tau2: f64, from: f64| {
            let (mut gamma, h) = (from, 1e-3);
            for _ in 0..60 {
                let [a, b, c] = [gamma - h, gamma, gamma + h].map(|g| laplace([theta, g, sigma2, tau2]));
                let step = 0.5 * h * (c - a) / (2.0 * b - a - c);
                gamma += step.clamp(-1.0, 1.0);
                if step.abs() < 1e-7 {
                    break;
                }
            }
            (laplace([theta, gamma, sigma2, tau2]), gamma)
        };
        let (theta, sigma2, tau2) = (of("mu"), of("sigma2"), of("tau2"));
        let start = levels.studies.iter().map(|s| 0.5 * (s.arms[0].knee().0 + s.arms[1].knee().0)).sum::<f64>();
        let (value, gamma) = over_level(theta, sigma2, tau2, start / levels.studies.len() as f64);
        let name = &case["name"];
        // lme4 stops the search for the modes earlier: 1.6e-4 in the sum of nine studies.
        assert!((value - of("ll")).abs() <= 2e-4, "{name}: {value}, metafor {}", of("ll"));
        // A step of a hundredth of a standard error or of a variance gains nothing that lme4's tolerance would see.
        for (a, b, c) in [
            (0.01 * of("se"), 1.0, 1.0),
            (-0.01 * of("se"), 1.0, 1.0),
            (0.0, 1.01, 1.0),
            (0.0, 0.99, 1.0),
            (0.0, 1.0, 1.01),
            (0.0, 1.0, 0.99),
        ] {
            let nearby = over_level(theta + a, sigma2 * b, tau2 * c, gamma).0;
            assert!(nearby <= value + 1e-6, "{name}: {nearby} above {value}");
        }
        compared += 1;
    }
    assert_eq!(compared, 9);
}
