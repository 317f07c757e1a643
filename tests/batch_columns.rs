//! Every column of a batch against the comfortable fit of the same unit, whose numbers meet metafor and mpmath in `mpmath.rs`,
//! `metafor.rs` and `prediction.rs`: all estimators, kinds of prediction and levels, and units of any size.

use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, UnitFit};
use meta_analysis::num::{normal, random::uniform, student_t};
use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, Inference, Measure, NewStudy, Pooled, Prediction, RandomEffects, Tau2,
};

const METHODS: [Option<Tau2>; 7] = [
    None,
    Some(Tau2::DerSimonianLaird),
    Some(Tau2::Hedges),
    Some(Tau2::SidikJonkman),
    Some(Tau2::PauleMandel),
    Some(Tau2::Reml),
    Some(Tau2::MaximumLikelihood),
];
const PREDICTIONS: [Prediction; 7] = [
    Prediction::StudentT,
    Prediction::Normal,
    Prediction::TauOnly,
    Prediction::HigginsThompsonSpiegelhalter,
    Prediction::PartlettRiley,
    Prediction::Veroniki,
    Prediction::HartungKnapp,
];
const LEVELS: [f64; 3] = [0.5, 0.95, 0.999];

fn plan(method: Option<Tau2>) -> BatchPlan {
    method.map_or_else(BatchPlan::common, |method| BatchPlan::random(method).expect("has a kernel"))
}

/// Effects, far from 0 in every third unit, and variances of unit `seed`.
fn unit(seed: u64, k: usize) -> (Vec<f64>, Vec<f64>) {
    let mut position = 0;
    let mut draw = || {
        position += 1;
        normal::quantile(uniform(seed, position))
    };
    let v: Vec<f64> = (0..k).map(|_| draw().exp()).collect();
    let (tau2, offset) = ([0.0, 1.0, 4.0][seed as usize % 3], [0.0, 0.5, 40.0][seed as usize / 3 % 3]);
    let y = v.iter().map(|v| offset + (v + tau2).sqrt() * draw()).collect();
    (y, v)
}

fn single(method: Option<Tau2>, y: &[f64], v: &[f64]) -> Pooled {
    let rows = y.iter().zip(v).enumerate();
    let rows = rows.map(|(i, (y, v))| (i.to_string(), Effect::from_variance(Measure::Generic, *y, *v).expect("valid")));
    let effects = Effects::from_rows(rows).expect("valid");
    match method {
        None => CommonEffect::new().inference(Inference::Wald).fit(&effects).expect("fits"),
        Some(method) => RandomEffects::new(method).inference(Inference::Wald).fit(&effects).expect("fits"),
    }
}

/// `size`: what the difference is measured against.
#[track_caller]
fn close(what: &str, ours: f64, theirs: f64, size: f64) {
    assert!((ours - theirs).abs() <= 1e-11 * size, "{what}: {ours:e} {theirs:e}");
}

/// A relative error of a statistic grows in the tail of its p-value by about the square of a normal statistic, and by df times for t.
fn close_p(what: &str, (p, log10_p): (f64, f64), (ours, ln): (f64, f64), steepness: f64) {
    // Below the smallest normal number a digit is 5e-324.
    close(what, p, ours, ours * (1.0 + steepness) + 1e11 * 1e-322);
    close(what, log10_p, ln / std::f64::consts::LN_10, (1.0 + steepness) / std::f64::consts::LN_10 + log10_p.abs());
}

fn compare(what: &str, fit: &UnitFit, single: &Pooled) {
    let (estimate, heterogeneity) = (single.estimate(), single.heterogeneity());
    let largest = single.effects().y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
    close(&format!("{what} mu"), fit.mu, estimate.value(), estimate.se() + largest * 1e-3);
    close(&format!("{what} se"), fit.se, estimate.se(), estimate.se());
    close(&format!("{what} Q"), fit.q, heterogeneity.q, 1.0 + heterogeneity.q);
    close(&format!("{what} I2"), fit.i2, heterogeneity.i2, 1.0);
    close(&format!("{what} p of Q"), fit.q_p, heterogeneity.p_value, heterogeneity.p_value * (1.0 + heterogeneity.q));
    let z = estimate.statistic().abs();
    let two = std::f64::consts::LN_2;
    close_p(&format!("{what} p"), (fit.p, fit.log10_p), (estimate.p_value(), two + normal::ln_sf(z)), z * z);
    assert_eq!(fit.count as usize, single.k());
    let hk = single.estimate_by(Inference::HartungKnapp).expect("some variation");
    close(&format!("{what} HK se"), fit.hk_se, hk.se(), hk.se());
    let df = hk.df().expect("t");
    let ln = two + student_t::ln_sf(hk.statistic().abs(), df);
    close_p(&format!("{what} HK p"), (fit.hk_p, fit.hk_log10_p), (hk.p_value(), ln), df.min(hk.statistic().powi(2)));
}

#[test]
fn columns_are_those_of_single_fits() {
    let mut compared = 0;
    for k in [2, 3, 5, 12, 40] {
        for seed in 0..90 {
            let (y, v) = unit(1000 * k as u64 + seed, k);
            for method in METHODS {
                let what = format!("{method:?}, {k} studies, unit {seed}");
                compare(&what, &plan(method).fit_one(&y, &v).expect("lengths"), &single(method, &y, &v));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 5 * 90 * 7);
}

#[test]
fn predictions_of_every_kind_and_level_are_those_of_single_fits() {
    let (mut compared, mut undefined) = (0, 0);
    for (k, seed) in [(2, 1), (3, 2), (5, 4), (5, 5), (12, 7), (40, 8)] {
        let (y, v) = unit(seed, k);
        for method in METHODS.into_iter().flatten() {
            let fit = single(Some(method), &y, &v);
            for (prediction, level) in PREDICTIONS.into_iter().flat_map(|kind| LEVELS.map(|level| (kind, level))) {
                // A batch has no inference of its own for `StudentT` to take its standard error from: Hartung-Knapp, as its manual says.
                let kind = if prediction == Prediction::StudentT { Prediction::HartungKnapp } else { prediction };
                let plan = plan(Some(method)).prediction(prediction).expect("known").level(level).expect("a level");
                let unit = plan.fit_one(&y, &v).expect("lengths");
                let what = format!("{method:?}, {k} studies, {prediction}, {level}");
                match fit.prediction_for(NewStudy::true_effect().method(kind).level(level)) {
                    Ok(interval) => {
                        let (lower, upper) = interval.interval();
                        let size = (upper - lower) + y.iter().fold(0.0_f64, |m, y| m.max(y.abs())) * 1e-3;
                        close(&what, unit.prediction_lower, lower, size);
                        close(&what, unit.prediction_upper, upper, size);
                        compared += 1;
                    }
                    Err(error) => {
                        assert!(matches!(error.kind(), ErrorKind::UndefinedDf { .. }), "{what}: {error}");
                        assert!(unit.prediction_lower.is_nan() && unit.prediction_upper.is_nan(), "{what}");
                        undefined += 1;
                    }
                }
            }
        }
    }
    // The two kinds with k - 2 df do not exist for two studies.
    assert_eq!((compared, undefined), (6 * 6 * 21 - 36, 36));
}

/// A common effect leaves nothing to predict: `Pooled::prediction` is an error there, and a batch has no number.
#[test]
fn a_common_effect_has_no_prediction_interval() {
    let (y, v) = unit(3, 6);
    for prediction in PREDICTIONS {
        let fit = BatchPlan::common().prediction(prediction).expect("known").fit_one(&y, &v).expect("lengths");
        assert!(fit.prediction_lower.is_nan() && fit.prediction_upper.is_nan(), "{prediction}");
        assert!(!fit.flags.failed());
    }
}

/// All numbers of units of five studies, one column each.
fn columns(plan: &BatchPlan, y: &[f64], v: &[f64]) -> [Vec<f64>; 13] {
    let input = BatchInput::unit_major(y, v, 5).expect("whole units");
    let mut columns = std::array::from_fn(|_| vec![0.0; input.units()]);
    let mut free = columns.iter_mut();
    let mut next = || free.next().map(Vec::as_mut_slice);
    let mut output = BatchOutput {
        mu: next(),
        se: next(),
        hk_se: next(),
        prediction_lower: next(),
        prediction_upper: next(),
        tau2: next(),
        q: next(),
        i2: next(),
        p: next(),
        log10_p: next(),
        hk_p: next(),
        hk_log10_p: next(),
        q_p: next(),
        ..BatchOutput::default()
    };
    let summary = plan.run(input, &mut output).expect("lengths");
    assert_eq!(summary.failed, 0);
    columns
}

/// Multiplying effects by `s` and variances by `s^2`: the first five columns go with `s`, tau2 with `s^2`, the rest stays; to the last bit
/// for powers of two, unless the variances leave the range of the kernel and another sums them.
#[test]
fn the_unit_of_measurement_does_not_matter() {
    let units: Vec<_> = (0..200).map(|seed| unit(seed, 5)).collect();
    let y: Vec<f64> = units.iter().flat_map(|(y, _)| y.clone()).collect();
    let v: Vec<f64> = units.iter().flat_map(|(_, v)| v.clone()).collect();
    for method in METHODS {
        let plan = plan(method);
        let base = columns(&plan, &y, &v);
        for (s, exact) in [
            (2_f64.powi(-480), false),
            (2_f64.powi(-90), true),
            (2_f64.powi(90), true),
            (2_f64.powi(480), false),
            (1e-140, false),
            (3e-7, false),
            (1e140, false),
        ] {
            let scaled_y: Vec<f64> = y.iter().map(|y| y * s).collect();
            let scaled_v: Vec<f64> = v.iter().map(|v| v * s * s).collect();
            for (place, (column, ours)) in base.iter().zip(columns(&plan, &scaled_y, &scaled_v)).enumerate() {
                let factor = [s, s * s, 1.0][if place < 5 { 0 } else { place - 4 }.min(2)];
                for (u, (expected, found)) in column.iter().map(|x| x * factor).zip(ours).enumerate() {
                    let what = format!("{method:?}, unit {u} times {s:e}, column {place}");
                    if expected.is_nan() || exact {
                        assert!(
                            expected.is_nan() && found.is_nan() || expected == found,
                            "{what}: {expected:e} {found:e}"
                        );
                    } else {
                        let least = v[5 * u..5 * u + 5].iter().copied().fold(f64::INFINITY, f64::min);
                        // tau2 is measured against tau2 + min v, bounds of intervals and means against a standard error.
                        let size = match place {
                            0 | 3 | 4 => (base[1][u] + column[u].abs()) * s,
                            5 => (expected / factor + least) * factor,
                            _ => 1e-3 + expected.abs(),
                        };
                        assert!((expected - found).abs() <= 1e-10 * size, "{what}: {expected:e} {found:e}");
                    }
                }
            }
        }
    }
}
