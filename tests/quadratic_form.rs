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

/// A few large weights beside many equal ones: the integral is along another path than else, or takes more steps. mpmath 1.3, 40 digits,
/// `quad` over `z` of the density of the large ones at `z^2` times `gammainc(n/2, (x - a z^2)/2, inf, regularized=True)`.
#[test]
fn few_weights_beside_many_equal_ones() {
    for (n, m, a, x, sf) in [
        (49, 1, 10.0, 59.0, 0.415_389_363_507_322_4),
        (49, 1, 10.0, 72.0, 0.172_302_786_295_307),
        (299, 1, 3.0, 450.5, 1.119_336_938_491_052e-7),
        (299, 1, 1.5, 816.5, 5.278_902_458_432_458e-49),
        (299, 1, 1.5, 900.0, 1.136_626_619_411_773_5e-60),
        (299, 1, 1.5, 997.75, 8.174_909_296_119_007e-75),
        (299, 1, 1.5, 1500.0, 6.076_415_581_374_561e-148),
        (200, 3, 1.25, 700.0, 2.754_753_398_471_338_5e-55),
        (200, 2, 1.5, 600.0, 3.802_098_862_893_852e-40),
        (40, 1, 4.0, 300.0, 1.633_937_558_558_648e-15),
        (995, 5, 1.5, 3000.0, 1.366_919_674_394_764_5e-195),
    ] {
        let lambda: Vec<f64> = std::iter::repeat_n(a, m).chain(std::iter::repeat_n(1.0, n)).collect();
        let found = (quadratic_form::cdf(x, &lambda), quadratic_form::sf(x, &lambda));
        let condition = f64::max(1.0, x / 1000.0);
        assert!(
            off(found.1, sf) < condition * TOLERANCE && off(found.0, 1.0 - sf) < TOLERANCE,
            "{n} {m} {a} {x}: {found:?}"
        );
    }
}

/// Nowhere is there no number.
#[test]
fn every_mixture_has_a_tail() {
    let mut last = 1.0;
    for (k, big, ratio) in [(10, 1, 1.1), (50, 2, 1.5), (300, 1, 1.5), (300, 3, 3.0), (300, 5, 1.01), (300, 2, 1e3)] {
        for spread in [0.0, 0.5] {
            let weight = |i: usize| if i < big { ratio } else { 1.0 - spread * i as f64 / k as f64 };
            let lambda: Vec<f64> = (0..k).map(weight).collect();
            let mean: f64 = lambda.iter().sum();
            for i in -15..25 {
                let x = mean * (f64::from(i) * 0.1).exp();
                let (cdf, sf) = (quadratic_form::cdf(x, &lambda), quadratic_form::sf(x, &lambda));
                assert!((0.0..=1.0).contains(&cdf) && (0.0..=1.0).contains(&sf), "{k} {big} {ratio} {spread} {x}");
                assert!((cdf + sf - 1.0).abs() < TOLERANCE, "{k} {big} {ratio} {spread} {x}: {cdf} {sf}");
                assert!(i == -15 || sf <= last, "{k} {big} {ratio} {spread} {x}: {sf} after {last}");
                last = sf;
            }
        }
    }
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
