//! Weighted sums of chi-squared variables against mpmath, closed forms, and what must hold for any `f64`.

mod support;

use std::time::{Duration, Instant};

use meta_analysis::num::{chi_squared, quadratic_form};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{list, number, numbers, reference};

/// Relative, in each tail. Storing `x` and the weights as `f64` costs up to 1e-13 in the far tails.
const TOLERANCE: f64 = 1e-12;

fn off(found: f64, truth: f64) -> f64 {
    if truth < 1e-306 { (found - truth).abs() } else { (found / truth - 1.0).abs() }
}

#[test]
fn agrees_with_mpmath_in_both_tails() {
    let file = reference(include_str!("reference/generalised_q.json"));
    let (mut worst, mut tails) = (0.0_f64, 0);
    for row in list(&file["quadratic_form"]) {
        let (x, lambda) = (number(&row["x"]).unwrap(), numbers(&row["lambda"]));
        let (cdf, sf) = (number(&row["cdf"]).unwrap(), number(&row["sf"]).unwrap());
        let found = (quadratic_form::cdf(x, &lambda), quadratic_form::sf(x, &lambda));
        let error = f64::max(off(found.0, cdf), off(found.1, sf));
        assert!(error < TOLERANCE, "{lambda:?} at {x}: {found:?} instead of {cdf}, {sf} ({error:e})");
        worst = worst.max(error);
        tails += 2;
    }
    println!("{tails} tails, worst {worst:e}");
    assert!(tails >= 120);
}

#[test]
fn equal_weights_are_chi_squared() {
    let mut worst = 0.0_f64;
    for k in [1, 2, 3, 4, 7, 30, 300, 3000] {
        for scale in [1.0, 3e-7, 1e200] {
            let (lambda, df) = (vec![scale; k], k as f64);
            let mut ratios: Vec<f64> = (-40..40).map(|i| (f64::from(i) * 0.3).exp()).collect();
            ratios.extend([0.8, 0.9, 0.99, 1.0, 1.01, 1.1, 1.2]);
            for x in ratios.into_iter().map(|r| r * df) {
                let (cdf, sf) = (chi_squared::cdf(x, df), chi_squared::sf(x, df));
                let found = (quadratic_form::cdf(x * scale, &lambda), quadratic_form::sf(x * scale, &lambda));
                let condition = f64::max(1.0, x / 1000.0).max(df / 100.0);
                let error = f64::max(off(found.0, cdf), off(found.1, sf)) / condition;
                assert!(error < TOLERANCE, "k {k}, x {x}, scale {scale}: {found:?} instead of {cdf}, {sf} ({error:e})");
                worst = worst.max(error);
            }
        }
    }
    println!("worst {worst:e}");
}

#[test]
fn equal_pairs_are_sums_of_exponentials() {
    // a Z1^2 + a Z2^2 is exponential with mean 2a: P(X > x) = sum_i prod_{j != i} a_i/(a_i - a_j) exp(-x/(2 a_i)).
    let pairs = [8.0_f64, 3.0, 1.0];
    let lambda: Vec<f64> = pairs.iter().flat_map(|&a| [a, a]).collect();
    for x in [26.0, 40.0, 100.0, 1000.0, 5000.0, 10_000.0] {
        let terms = pairs.iter().map(|a| {
            let others = pairs.iter().filter(|b| *b != a).map(|b| a / (a - b)).product::<f64>();
            others * (-x / (2.0 * a)).exp()
        });
        let exact: f64 = terms.sum();
        let found = quadratic_form::sf(x, &lambda);
        assert!(off(found, exact) < TOLERANCE, "{x}: {found:e} instead of {exact:e}");
    }
    // Far below all weights the density is that of a product of constants: x^3 / (3! 2^3 a b c).
    let x = 1e-90;
    assert!(off(quadratic_form::cdf(x, &lambda), x * x * x / (48.0 * 24.0)) < TOLERANCE);
}

#[test]
fn weights_beyond_the_range_of_their_ratio() {
    // Both weights have 2 df together, so close to 0 P = x / (2 sqrt(a b)), here with a/b = 1e616.
    let found = quadratic_form::cdf(1e-310, &[1e308, 1e-308]);
    let exact = 0.5 * 1e-310;
    // x is far below b, and stored to 5 digits only.
    assert!((found / exact - 1.0).abs() < 1e-2, "{found:e}");
    // Between them only the large one counts: P(Z^2 <= 1e-300) = sqrt(2e-300/pi).
    let found = quadratic_form::cdf(1e8, &[1e308, 1e-308]);
    assert!(off(found, (2e-300 / std::f64::consts::PI).sqrt()) < TOLERANCE, "{found:e}");
}

#[test]
#[allow(clippy::float_cmp)]
fn outside_the_domain() {
    for lambda in [&[][..], &[0.0], &[-1.0, 2.0], &[f64::NAN, 1.0], &[f64::INFINITY]] {
        assert!(quadratic_form::cdf(1.0, lambda).is_nan() && quadratic_form::sf(1.0, lambda).is_nan());
    }
    assert!(quadratic_form::cdf(f64::NAN, &[1.0]).is_nan());
    for (x, cdf) in [(-1.0, 0.0), (0.0, 0.0), (f64::INFINITY, 1.0), (f64::NEG_INFINITY, 0.0)] {
        assert_eq!((quadratic_form::cdf(x, &[1.0, 2.0]), quadratic_form::sf(x, &[1.0, 2.0])), (cdf, 1.0 - cdf));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_number_returns_a_probability(x in any::<f64>(), lambda in vec(any::<f64>().prop_map(f64::abs), 1..6)) {
        let start = Instant::now();
        let (cdf, sf) = (quadratic_form::cdf(x, &lambda), quadratic_form::sf(x, &lambda));
        prop_assert!(start.elapsed() < Duration::from_secs(2));
        let sound = lambda.iter().all(|l| l.is_finite()) && lambda.iter().any(|&l| l > 0.0);
        prop_assert_eq!(cdf.is_nan(), !sound);
        prop_assert!(!sound || (0.0..=1.0).contains(&cdf) && (0.0..=1.0).contains(&sf) && (cdf + sf - 1.0).abs() < 1e-12);
    }

    #[test]
    fn grows_with_x_and_falls_with_the_weights(ln_x in -30.0..8.0_f64, step in 0.001..1.0_f64, ln_lambda in vec(-27.0..0.5_f64, 1..9)) {
        let lambda: Vec<f64> = ln_lambda.iter().map(|l| l.exp()).collect();
        let x = ln_x.exp();
        let (low, high) = (quadratic_form::cdf(x, &lambda), quadratic_form::cdf(x * (1.0 + step), &lambda));
        prop_assert!(low <= high * (1.0 + 1e-12));
        let (low, high) = (quadratic_form::sf(x * (1.0 + step), &lambda), quadratic_form::sf(x, &lambda));
        prop_assert!(low <= high * (1.0 + 1e-12));
        // A zero weight adds nothing, order does not matter, a power of two is a change of unit.
        let mut other: Vec<f64> = lambda.iter().rev().map(|l| l * 1024.0).collect();
        other.push(0.0);
        let moved = quadratic_form::sf(x * 1024.0, &other);
        prop_assert!(off(moved, high) < 1e-12, "{moved:e} {high:e}");
    }
}
