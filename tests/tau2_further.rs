//! Generalised Q with fixed weights, its median-unbiased form, the Bayes mode, standard errors by information, bootstrapped
//! DerSimonian-Laird and the iterated estimators: against mpmath (`tests/reference/tau2_further.json`) and by their definitions.

mod support;

use meta_analysis::tau2::{
    Bootstrap, FixedWeights, InformationKind, Likelihood, QWeights, Tau2, Tau2Error, Tau2Set, Workspace, estimate,
    estimate_with_design, generalised_q_estimate, generalised_q_interval, generalised_q_median_estimate, generalized_q,
    log_likelihood, standard_error, standard_error_with_design,
};
use nalgebra::DMatrix;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

const TRUTH: &str = include_str!("reference/tau2_further.json");

fn least(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

/// `1`, and `(7 i) mod 5` as a second column.
fn design(k: usize, p: usize) -> DMatrix<f64> {
    DMatrix::from_fn(k, p, |i, j| if j == 0 { 1.0 } else { ((7 * i) % 5) as f64 })
}

fn user(k: usize) -> Vec<f64> {
    (0..k).map(|i| (1 + (5 * i) % 7) as f64).collect()
}

fn fixed(name: &str) -> Option<FixedWeights> {
    match name {
        "1/v" => Some(FixedWeights::InverseVariance),
        "1/se" => Some(FixedWeights::InverseSe),
        "1" => Some(FixedWeights::Equal),
        _ => None,
    }
}

struct Case<'a> {
    row: &'a Value,
    y: Vec<f64>,
    v: Vec<f64>,
    x: DMatrix<f64>,
    one_mean: bool,
}

fn cases(file: &Value) -> Vec<Case<'_>> {
    fn case(row: &Value) -> Case<'_> {
        let (y, v) = (numbers(&row["y"]), numbers(&row["v"]));
        let p = row["coefficients"].as_u64().expect("a count") as usize;
        let x = design(y.len(), p);
        Case { row, y, v, x, one_mean: p == 1 }
    }
    list(&file["cases"]).iter().map(case).collect()
}

#[test]
fn fixed_weights_agree_with_mpmath() {
    let file = reference(TRUTH);
    let (mut c, mut expected) = (Comparison::default(), 0);
    let (mut sets, mut medians) = (0, 0);
    for Case { row, y, v, x, one_mean } in cases(&file) {
        sets += usize::from(one_mean);
        for (key, median) in [("GENQ", false), ("GENQM", true)] {
            let Some(fits) = row[key].as_object() else { continue };
            medians += usize::from(median && one_mean);
            for (name, pinned) in fits {
                let truth = numbers(pinned);
                let what = || format!("{} {key} {name} {}", text(&row["name"]), x.ncols());
                let size = truth[0] + least(&v);
                let mut fits = Vec::new();
                match fixed(name) {
                    Some(weights) => {
                        let method = if median {
                            Tau2::MedianUnbiasedGeneralisedQ(weights)
                        } else {
                            Tau2::GeneralisedQ(weights)
                        };
                        fits.push(estimate_with_design(&y, &v, &x, method).expect("fits"));
                        if one_mean {
                            fits.push(estimate(&y, &v, method).expect("fits"));
                        }
                    }
                    None => {
                        let weights = user(y.len());
                        let weights = QWeights::User(&weights);
                        let by = if median { generalised_q_median_estimate } else { generalised_q_estimate };
                        fits.push(by(&y, &v, weights).expect("fits"));
                    }
                }
                for fit in fits {
                    let tolerance = 1e-13;
                    c.close(what, &format!("tau2 {key}"), fit.tau2, truth[0], size, tolerance);
                    c.close(what, &format!("se {key}"), fit.se.expect("se"), truth[1], truth[1] + size, tolerance);
                    expected += 2;
                }
            }
        }
    }
    println!("{sets} data sets, {medians} of them for medians");
    assert!(sets >= 25 && medians >= 20);
    c.finish(expected);
}

#[test]
fn the_bayes_mode_agrees_with_mpmath_and_is_certified() {
    let file = reference(TRUTH);
    let (mut c, mut expected) = (Comparison::default(), 0);
    for Case { row, y, v, x, one_mean } in cases(&file) {
        for (key, likelihood) in [("REML", Likelihood::Restricted), ("ML", Likelihood::Full)] {
            let pinned = list(&row["BM"][key]);
            let truth = number(&pinned[0]).expect("tau2");
            let what = || format!("{} {key} {}", text(&row["name"]), x.ncols());
            let mut fits = vec![estimate_with_design(&y, &v, &x, Tau2::BayesMode(likelihood)).expect("fits")];
            if one_mean {
                fits.push(estimate(&y, &v, Tau2::BayesMode(likelihood)).expect("fits"));
            }
            for fit in fits {
                let certificate = fit.certificate.expect("a certificate");
                c.close(what, "tau2", fit.tau2, truth, truth + least(&v), 1e-13);
                assert_eq!(Some(certificate.maxima.len() as u64), pinned[1].as_u64(), "{}", what());
                assert!(fit.tau2 > 0.0 && !fit.at_boundary && fit.se.is_none());
                assert!(certificate.residual < 1e-9, "{}: {}", what(), certificate.residual);
                assert!(certificate.bracket.0 <= fit.tau2 && fit.tau2 <= certificate.bracket.1);
                expected += 1;
            }
        }
    }
    c.finish(expected);
}

#[test]
fn standard_errors_by_information_agree_with_mpmath() {
    let file = reference(TRUTH);
    let (mut c, mut expected, mut refused) = (Comparison::default(), 0, 0);
    for Case { row, y, v, x, one_mean } in cases(&file) {
        for entry in list(&row["SE"]) {
            let tau2 = number(&entry["tau2"]).expect("tau2");
            let likelihood = match text(&entry["likelihood"]) {
                "REML" => Likelihood::Restricted,
                _ => Likelihood::Full,
            };
            for (key, kind) in [("expected", InformationKind::Expected), ("observed", InformationKind::Observed)] {
                let what = || {
                    format!("{} {} {key} at {tau2:e}, {}", text(&row["name"]), text(&entry["likelihood"]), x.ncols())
                };
                let mut found = vec![standard_error_with_design(&y, &v, &x, tau2, likelihood, kind)];
                if one_mean {
                    found.push(standard_error(&y, &v, tau2, likelihood, kind));
                }
                for found in found {
                    match number(&entry[key]) {
                        Some(truth) => {
                            let found = found.unwrap_or_else(|e| panic!("{}: {e}", what()));
                            // The observed information is a difference: its digits are those of the smaller part.
                            let expected_se = number(&entry["expected"]).expect("a number");
                            let loss = (truth / expected_se).powi(2).max(1.0);
                            c.relative(what, key, found, truth, 1e-12 * loss);
                            expected += 1;
                        }
                        None => {
                            assert_eq!(found, Err(Tau2Error::InformationNotPositive { tau2 }), "{}", what());
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    println!("{refused} without positive information");
    assert!(refused > 0);
    c.finish(expected);
}

#[test]
fn the_bootstrap_comes_near_the_mean_over_all_resamples() {
    let file = reference(TRUTH);
    let replicates = 40_000;
    let mut sets = 0;
    for row in list(&file["bootstrap"]) {
        let (y, v) = (numbers(&row["y"]), numbers(&row["v"]));
        let (mean, sd) = (number(&row["mean"]).expect("mean"), number(&row["sd"]).expect("sd"));
        let method = Tau2::BootstrappedDerSimonianLaird(Bootstrap { replicates, seed: 20130722 });
        let fit = estimate(&y, &v, method).unwrap();
        let off = (fit.tau2 - mean).abs();
        assert!(
            off <= 4.0 * sd / f64::from(replicates).sqrt() + 1e-14 * mean,
            "{}: {} and {mean}",
            text(&row["name"]),
            fit.tau2
        );
        assert_eq!(fit.evaluations, replicates);
        assert_eq!(estimate(&y, &v, method), Ok(fit), "the same seed");
        sets += 1;
    }
    assert!(sets >= 20);
}

#[test]
fn the_bootstrap_is_reproducible_and_refuses_what_it_cannot_do() {
    let (y, v) = ([0.1, 0.9, 0.5, -0.2], [0.04, 0.05, 0.03, 0.2]);
    let with = |replicates, seed| Tau2::BootstrappedDerSimonianLaird(Bootstrap { replicates, seed });
    // Pinned to the last bit: only + - * / are involved, so every machine gives this.
    assert_eq!(estimate(&y, &v, with(1000, 1)).unwrap().tau2.to_bits(), PINNED.to_bits());
    assert_ne!(estimate(&y, &v, with(1000, 1)), estimate(&y, &v, with(1000, 2)));
    assert_eq!(estimate(&y, &v, with(0, 1)), Err(Tau2Error::NoReplicates));
    assert_eq!(estimate(&y, &[0.1, 0.0, 0.1, 0.1], with(9, 1)), Err(Tau2Error::ZeroVariance { index: 1 }));
    let refused = estimate_with_design(&y, &v, &design(4, 1), with(9, 1));
    assert_eq!(refused, Err(Tau2Error::DesignNotSupported { method: "bootstrapped DerSimonian-Laird" }));
    let scaled = estimate(&y.map(|y| y * 1024.0), &v.map(|v| v * 1_048_576.0), with(100, 1)).unwrap();
    assert_eq!(scaled.tau2.to_bits(), (estimate(&y, &v, with(100, 1)).unwrap().tau2 * 1_048_576.0).to_bits());
    assert_eq!(estimate(&[0.3; 3], &[0.1, 0.2, 0.3], with(50, 0)).unwrap().tau2, 0.0);
}

/// A second program, with the draws of SplitMix64 and textbook sums, gives 0.08193327821709255.
const PINNED: f64 = 0.08193327821709255;

/// Repeats `step` from `start` until it stands still: the slow, obvious version of an iterated estimator.
fn iterate(start: f64, step: impl Fn(f64) -> f64) -> f64 {
    let mut tau2 = start;
    for _ in 0..100_000 {
        let next = step(tau2);
        if (next - tau2).abs() <= 1e-15 * (next + tau2) {
            return next;
        }
        tau2 = next;
    }
    tau2
}

/// `(Q, tr P)` at a tau2.
fn sums(y: &[f64], v: &[f64], tau2: f64) -> (f64, f64) {
    let w: Vec<f64> = v.iter().map(|v| 1.0 / (v + tau2)).collect();
    let sum: f64 = w.iter().sum();
    (generalized_q(y, v, tau2).unwrap(), sum - w.iter().map(|w| w * w).sum::<f64>() / sum)
}

#[test]
fn iterating_dersimonian_laird_and_sidik_jonkman_ends_at_paule_mandel() {
    let file = reference(TRUTH);
    let mut sets = 0;
    for Case { row, y, v, one_mean, .. } in cases(&file) {
        if !one_mean {
            continue;
        }
        let df = y.len() as f64 - 1.0;
        let limit = estimate(&y, &v, Tau2::PauleMandel).unwrap().tau2;
        let size = limit + least(&v);
        let by_dl = iterate(estimate(&y, &v, Tau2::DerSimonianLaird).unwrap().tau2, |t| {
            let (q, trace) = sums(&y, &v, t);
            (t + (q - df) / trace).max(0.0)
        });
        // Sidik and Jonkman's step multiplies, so towards 0 it is too slow to be waited for.
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let crude = y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / y.len() as f64;
        let by_sj = iterate(crude, |t| t * sums(&y, &v, t).0 / df);
        let name = text(&row["name"]);
        assert!((by_dl - limit).abs() <= 1e-9 * size, "{name}: {by_dl:e} and {limit:e}");
        assert!(
            (by_sj - limit).abs() <= 1e-2 * size && (limit <= 1e-2 * size || (by_sj - limit).abs() <= 1e-8 * size),
            "{name}: {by_sj:e} and {limit:e}"
        );
        sets += 1;
    }
    assert!(sets >= 25);
}

#[test]
fn hostile_data_have_typed_errors() {
    let bm = Tau2::BayesMode;
    let two = ([0.1, 0.5], [0.1, 0.2]);
    // One contrast: log tau outweighs the restricted likelihood for ever.
    assert_eq!(estimate(&two.0, &two.1, bm(Likelihood::Restricted)), Err(Tau2Error::TooFewStudies { k: 2, needed: 3 }));
    assert!(estimate(&two.0, &two.1, bm(Likelihood::Full)).unwrap().tau2 > 0.0);
    let (y, alike, apart) = ([0.1, 0.1, 0.5, 0.9], [0.0, 0.0, 0.1, 0.2], [0.0, 0.1, 0.0, 0.2]);
    for likelihood in [Likelihood::Restricted, Likelihood::Full] {
        assert_eq!(estimate(&y, &alike, bm(likelihood)), Err(Tau2Error::UnboundedLikelihood));
        assert!(estimate(&y, &apart, bm(likelihood)).unwrap().tau2 > 0.0);
        assert!(estimate(&y, &[0.0; 4], bm(likelihood)).unwrap().tau2 > 0.0);
    }
    let one_zero = [0.0, 0.1, 0.3, 0.2];
    assert_eq!(estimate(&y, &one_zero, bm(Likelihood::Full)), Err(Tau2Error::UnboundedLikelihood));
    assert!(estimate(&y, &one_zero, bm(Likelihood::Restricted)).unwrap().tau2 > 0.0);
    for weights in [FixedWeights::InverseVariance, FixedWeights::InverseSe] {
        let zero = Err(Tau2Error::ZeroVariance { index: 0 });
        assert_eq!(estimate(&y, &one_zero, Tau2::GeneralisedQ(weights)), zero);
        assert_eq!(estimate(&y, &one_zero, Tau2::MedianUnbiasedGeneralisedQ(weights)), zero);
        assert_eq!(estimate_with_design(&y, &one_zero, &design(4, 2), Tau2::GeneralisedQ(weights)), zero);
    }
    let equal = estimate(&y, &[0.0; 4], Tau2::MedianUnbiasedGeneralisedQ(FixedWeights::Equal)).unwrap();
    let pmm = estimate(&y, &[0.0; 4], Tau2::MedianUnbiasedPauleMandel).unwrap();
    assert!((equal.tau2 / pmm.tau2 - 1.0).abs() < 1e-12, "without sampling variance Q/tau2 is chi-squared");
    let (few, wrong) = (QWeights::User(&[1.0]), QWeights::User(&[1.0, -1.0, 1.0, 1.0]));
    let v = [0.1, 0.2, 0.1, 0.3];
    // Only ratios of weights matter, whatever their size.
    let of = |unit: f64| {
        let weights = [3.0, 1.0, 2.0, 0.5].map(|w| w * unit);
        generalised_q_estimate(&y, &v, QWeights::User(&weights)).unwrap().tau2
    };
    assert!([2.0_f64.powi(-900), 2.0_f64.powi(900)].iter().all(|unit| of(*unit).to_bits() == of(1.0).to_bits()));
    assert_eq!(generalised_q_estimate(&y, &v, few), Err(Tau2Error::WeightCount { weights: 1, studies: 4 }));
    assert_eq!(generalised_q_median_estimate(&y, &v, wrong), Err(Tau2Error::InvalidWeight { index: 1, value: -1.0 }));
    for kind in [InformationKind::Expected, InformationKind::Observed] {
        let at = |tau2, likelihood| standard_error(&y, &one_zero, tau2, likelihood, kind);
        assert_eq!(at(0.0, Likelihood::Full), Err(Tau2Error::ZeroVariance { index: 0 }));
        assert!(matches!(at(f64::NAN, Likelihood::Full), Err(Tau2Error::InvalidTau2 { .. })));
        let one = standard_error(&[0.1], &[0.1], 0.1, Likelihood::Restricted, kind);
        assert_eq!(one, Err(Tau2Error::TooFewStudies { k: 1, needed: 2 }));
    }
    assert_eq!(
        Workspace::new().tau2_standard_error(0.1, Likelihood::Full, InformationKind::Expected),
        Err(Tau2Error::Empty)
    );
}

#[test]
fn a_shelf_of_the_penalised_likelihood_is_crossed_quickly() {
    // Between 1e-40 and 1 the restricted likelihood falls as log tau rises: flat to rounding over forty orders of magnitude.
    let (y, v) = ([0.0, 1e-20, 0.7, -0.4], [1e-40, 2e-40, 1.0, 2.0]);
    for likelihood in [Likelihood::Restricted, Likelihood::Full] {
        let fit = estimate(&y, &v, Tau2::BayesMode(likelihood)).unwrap();
        assert!(fit.tau2 > 0.0 && fit.evaluations < 2000, "{likelihood:?}: {fit:?}");
        let height = |t: f64| log_likelihood(&y, &v, t, likelihood).unwrap() + 0.5 * t.ln();
        let best = height(fit.tau2);
        for i in 0..1000 {
            let t = 10.0_f64.powf(-45.0 + 0.05 * f64::from(i));
            assert!(height(t) <= best + 1e-11 * (1.0 + best.abs()), "{likelihood:?}: {t:e} beats {:e}", fit.tau2);
        }
    }
}

fn studies() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (3_usize..11).prop_flat_map(|k| (vec(-3.0..3.0_f64, k), vec((-12.0..2.0_f64).prop_map(f64::exp), k)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn known_members_of_the_family((y, v) in studies()) {
        let tau2 = |method| estimate(&y, &v, method).unwrap();
        let size = |t: f64| 1e-12 * (t + least(&v));
        for (weights, same) in [(FixedWeights::InverseVariance, Tau2::DerSimonianLaird), (FixedWeights::Equal, Tau2::Hedges)] {
            let (a, b) = (tau2(Tau2::GeneralisedQ(weights)), tau2(same));
            prop_assert!((a.tau2 - b.tau2).abs() <= size(b.tau2), "{same}: {} {}", a.tau2, b.tau2);
            prop_assert!((a.se.unwrap() / b.se.unwrap() - 1.0).abs() < 1e-11);
        }
        // The interval shrinks to the median.
        let median = tau2(Tau2::MedianUnbiasedGeneralisedQ(FixedWeights::InverseSe)).tau2;
        match generalised_q_interval(&y, &v, QWeights::InverseSe, 0.499_999, 0.499_999).unwrap() {
            Tau2Set::Empty => prop_assert_eq!(median, 0.0),
            Tau2Set::Interval { lower, upper } => prop_assert!(lower <= median && median <= upper),
        }
    }

    #[test]
    fn equal_variances_make_the_medians_one(y in vec(-3.0..3.0_f64, 2..9), v in (-6.0..2.0_f64).prop_map(f64::exp)) {
        let v = vec![v; y.len()];
        let truth = estimate(&y, &v, Tau2::MedianUnbiasedPauleMandel).unwrap().tau2;
        for weights in FixedWeights::ALL {
            let tau2 = estimate(&y, &v, Tau2::MedianUnbiasedGeneralisedQ(weights)).unwrap().tau2;
            prop_assert!((tau2 - truth).abs() <= 1e-11 * (truth + v[0]), "{tau2} {truth}");
        }
    }

    #[test]
    fn no_tau2_beats_the_bayes_mode((y, v) in studies(), ln in -30.0..12.0_f64) {
        for likelihood in [Likelihood::Restricted, Likelihood::Full] {
            let fit = estimate(&y, &v, Tau2::BayesMode(likelihood)).unwrap();
            let height = |t: f64| log_likelihood(&y, &v, t, likelihood).unwrap() + 0.5 * t.ln();
            let best = height(fit.tau2);
            prop_assert!(height(ln.exp()) <= best + 1e-11 * (1.0 + best.abs()), "{} beats {}", ln.exp(), fit.tau2);
            let certificate = fit.certificate.unwrap();
            let top = certificate.maxima.iter().map(|m| m.log_likelihood).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((top - best).abs() <= 1e-11 * (1.0 + best.abs()));
            // The penalty pulls away from 0.
            let plain = if likelihood == Likelihood::Full { Tau2::MaximumLikelihood } else { Tau2::Reml };
            let plain = estimate(&y, &v, plain).unwrap();
            if certificate.unimodal && plain.certificate.is_some_and(|c| c.unimodal) {
                prop_assert!(fit.tau2 >= plain.tau2);
            }
        }
    }
}
