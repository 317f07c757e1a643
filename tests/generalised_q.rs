//! The generalised-Q interval of tau2 against mpmath, the Q-profile interval, and its defining properties.

mod support;

use meta_analysis::tau2::{QWeights, Tau2Error, Tau2Set, generalised_q_interval, q_profile};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use support::{list, number, numbers, reference, text};

/// Relative to tau2 + the smallest sampling variance.
const TOLERANCE: f64 = 1e-9;

fn ends(set: Tau2Set) -> Option<(f64, f64)> {
    match set {
        Tau2Set::Empty => None,
        Tau2Set::Interval { lower, upper } => Some((lower, upper)),
    }
}

fn least(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn agrees_with_mpmath() {
    let file = reference(include_str!("reference/generalised_q.json"));
    let (mut checked, mut empty, mut at_zero, mut worst) = (0, 0, 0, 0.0_f64);
    for row in list(&file["intervals"]) {
        let (y, v) = (numbers(&row["y"]), numbers(&row["v"]));
        let user = if row["weights"].is_array() { numbers(&row["weights"]) } else { Vec::new() };
        let weights = match &row["weights"] {
            Value::Array(_) => QWeights::User(&user),
            name => match text(name) {
                "inverse_variance" => QWeights::InverseVariance,
                "inverse_se" => QWeights::InverseSe,
                "equal" => QWeights::Equal,
                other => panic!("weights {other}"),
            },
        };
        let (upper_tail, lower_tail) = (number(&row["upper_tail"]).unwrap(), number(&row["lower_tail"]).unwrap());
        let found = ends(generalised_q_interval(&y, &v, weights, upper_tail, lower_tail).unwrap());
        checked += 1;
        if row["interval"].is_null() {
            assert_eq!(found, None, "{row}");
            empty += 1;
            continue;
        }
        let truth = numbers(&row["interval"]);
        let (lower, upper) = found.expect("an interval");
        for (found, truth) in [(lower, truth[0]), (upper, truth[1])] {
            let error = (found - truth).abs() / (truth + least(&v));
            assert!(error < TOLERANCE, "{row}: {found} instead of {truth} ({error:e})");
            worst = worst.max(error);
        }
        at_zero += usize::from(lower <= 0.0);
    }
    println!("{checked} intervals, {empty} empty, {at_zero} from 0, worst {worst:e}");
    assert!(checked >= 15 && at_zero > 0 && at_zero + empty < checked);
}

#[test]
fn equal_variances_give_the_q_profile_interval() {
    let y = [0.3, 1.9, -0.8, 0.4, 2.2];
    let chi2 = ChiSquared::new(4.0).unwrap();
    for v in [1e-6, 0.02, 0.3, 0.9] {
        let v = [v; 5];
        for (upper_tail, lower_tail) in [(0.025, 0.025), (0.01, 0.04)] {
            let profile = q_profile(&y, &v, chi2.inverse_cdf(1.0 - upper_tail), chi2.inverse_cdf(lower_tail)).unwrap();
            let profile = ends(profile).unwrap();
            for weights in [QWeights::InverseVariance, QWeights::InverseSe, QWeights::Equal, QWeights::User(&[7.0; 5])]
            {
                let (lower, upper) =
                    ends(generalised_q_interval(&y, &v, weights, upper_tail, lower_tail).unwrap()).unwrap();
                assert!((lower - profile.0).abs() < TOLERANCE * (profile.0 + v[0]), "{lower} {profile:?}");
                assert!((upper - profile.1).abs() < TOLERANCE * (profile.1 + v[0]), "{upper} {profile:?}");
            }
        }
    }
    // Closer together than chance: no tau2 will do.
    let set = generalised_q_interval(&[0.1, 0.1, 0.11], &[1.0; 3], QWeights::InverseVariance, 0.025, 0.025);
    assert_eq!(set, Ok(Tau2Set::Empty));
    assert_eq!(generalised_q_interval(&[0.1; 3], &[1.0; 3], QWeights::Equal, 0.025, 0.025), Ok(Tau2Set::Empty));
}

#[test]
fn zero_variances_have_no_weight_of_their_own_but_may_be_weighted() {
    let (y, v) = ([0.2, 1.0, 0.1], [0.0, 0.3, 0.0]);
    let data = Err(Tau2Error::ZeroVariance { index: 0 });
    assert_eq!(generalised_q_interval(&y, &v, QWeights::InverseVariance, 0.025, 0.025), data);
    assert_eq!(generalised_q_interval(&y, &v, QWeights::InverseSe, 0.025, 0.025), data);
    let (lower, upper) = ends(generalised_q_interval(&y, &v, QWeights::Equal, 0.025, 0.025).unwrap()).unwrap();
    assert!(lower <= 0.0 && upper > 1.0);
    // Without any sampling variance Q/tau2 is chi-squared with 2 df.
    let q = y.iter().map(|y| (y - 1.3 / 3.0) * (y - 1.3 / 3.0)).sum::<f64>();
    let (lower, upper) = ends(generalised_q_interval(&y, &[0.0; 3], QWeights::Equal, 0.05, 0.1).unwrap()).unwrap();
    assert!((lower / (q / (-2.0 * 0.05_f64.ln())) - 1.0).abs() < 1e-12);
    assert!((upper / (q / (-2.0 * 0.9_f64.ln())) - 1.0).abs() < 1e-12);
}

#[test]
fn errors_name_what_is_wrong() {
    let (y, v) = ([0.2, 1.0], [0.1, 0.3]);
    for (upper, lower) in [(0.0, 0.1), (0.1, -1.0), (0.5, 0.5), (f64::NAN, 0.1), (0.1, f64::INFINITY)] {
        let found = generalised_q_interval(&y, &v, QWeights::Equal, upper, lower);
        assert!(matches!(found, Err(Tau2Error::InvalidTails { .. })), "{found:?}");
    }
    let count = Err(Tau2Error::WeightCount { weights: 1, studies: 2 });
    assert_eq!(generalised_q_interval(&y, &v, QWeights::User(&[1.0]), 0.1, 0.1), count);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        let found = generalised_q_interval(&y, &v, QWeights::User(&[1.0, bad]), 0.1, 0.1);
        assert!(matches!(found, Err(Tau2Error::InvalidWeight { index: 1, .. })), "{bad}: {found:?}");
    }
    let one = Err(Tau2Error::TooFewStudies { k: 1, needed: 2 });
    assert_eq!(generalised_q_interval(&y[..1], &v[..1], QWeights::Equal, 0.1, 0.1), one);
    // The upper end would be about 1e599.
    let found = generalised_q_interval(&y, &v, QWeights::Equal, 0.1, 1e-300);
    assert_eq!(found, Err(Tau2Error::Overflow));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn unit_order_and_tails((y, v) in (2..9_usize).prop_flat_map(|k| (vec(-3.0..3.0_f64, k), vec((-12.0..2.0_f64).prop_map(f64::exp), k)))) {
        for weights in [QWeights::InverseVariance, QWeights::InverseSe, QWeights::Equal] {
            let set = generalised_q_interval(&y, &v, weights, 0.025, 0.025).unwrap();
            let scaled: Vec<f64> = y.iter().map(|y| y * 1024.0).collect();
            let squared: Vec<f64> = v.iter().map(|v| v * 1_048_576.0).collect();
            let moved = generalised_q_interval(&scaled, &squared, weights, 0.025, 0.025).unwrap();
            prop_assert_eq!(ends(moved), ends(set).map(|(l, u)| (l * 1_048_576.0, u * 1_048_576.0)));
            let wider = generalised_q_interval(&y, &v, weights, 0.01, 0.01).unwrap();
            if let (Some(set), Some(wider)) = (ends(set), ends(wider)) {
                prop_assert!(wider.0 <= set.0 && set.0 <= set.1 && set.1 <= wider.1);
            }
        }
    }

    #[test]
    fn any_numbers_return(y in vec(any::<f64>(), 3), v in vec(any::<f64>().prop_map(f64::abs), 3), a in vec(any::<f64>().prop_map(f64::abs), 3)) {
        for weights in [QWeights::InverseVariance, QWeights::InverseSe, QWeights::Equal, QWeights::User(&a)] {
            if let Ok(Tau2Set::Interval { lower, upper }) = generalised_q_interval(&y, &v, weights, 0.025, 0.025) {
                prop_assert!(0.0 <= lower && lower <= upper && upper.is_finite());
            }
        }
    }
}
