//! Single and batch fits: `pool/<estimator>/k<studies>/<single|fit|batch>`.
//!
//! `single` is the estimate alone in reused memory, `fit` the whole comfortable call with certificate, intervals and
//! notes, `batch` a thousand analyses at once. `predict/<method>/k<studies>`: a prediction interval whose distribution is a mixture
//! over tau2. Every iteration checks its result.
#![allow(missing_docs, reason = "criterion's macros generate public items")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use meta_analysis::tau2::Workspace;
use meta_analysis::{Batch, Effect, Effects, Measure, Prediction, RandomEffects, Tau2, TauPrior};
use std::hint::black_box;

const SIZES: [usize; 5] = [5, 10, 20, 100, 1000];
const ESTIMATORS: [(&str, Tau2); 4] =
    [("dl", Tau2::DerSimonianLaird), ("pm", Tau2::PauleMandel), ("reml", Tau2::Reml), ("ml", Tau2::MaximumLikelihood)];

/// Heterogeneous effects of `k` studies, the same on every machine: I2 around 60 %.
fn data(k: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let v: Vec<f64> = (0..k).map(|_| 0.02 + 0.2 * uniform()).collect();
    let normal = |u: &mut dyn FnMut() -> f64| (0..12).map(|_| u()).sum::<f64>() - 6.0;
    let y = v.iter().map(|v| 0.3 + (v + 0.15).sqrt() * normal(&mut uniform)).collect();
    (y, v)
}

fn pool(c: &mut Criterion) {
    for (name, tau2) in ESTIMATORS {
        for k in SIZES {
            let mut group = c.benchmark_group(format!("pool/{name}/k{k}"));
            let (y, v) = data(k, 1);
            let mut workspace = Workspace::new();
            group.bench_function("single", |b| {
                b.iter(|| {
                    workspace.load(black_box(&y), black_box(&v)).expect("valid data");
                    let fit = workspace.estimate(tau2).expect("an estimate");
                    let mean = workspace.mean_at(fit.tau2).expect("a mean");
                    assert!(fit.tau2 >= 0.0 && mean.standard_error > 0.0);
                    mean
                });
            });
            let rows = y.iter().zip(&v).enumerate();
            let rows = rows
                .map(|(i, (&y, &v))| (i.to_string(), Effect::from_variance(Measure::Generic, y, v).expect("valid")));
            let effects = Effects::from_rows(rows).expect("valid");
            group.bench_function("fit", |b| {
                b.iter(|| {
                    let fit = RandomEffects::new(tau2).fit(black_box(&effects)).expect("fits");
                    assert!(fit.estimate().se() > 0.0);
                    fit
                });
            });
            if k <= 100 {
                batch(&mut group, tau2, k);
            }
            group.finish();
        }
    }
}

fn batch(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, tau2: Tau2, k: usize) {
    const UNITS: usize = 1000;
    let columns: Vec<_> = (0..UNITS).map(|i| data(k, i as u64)).collect();
    let y: Vec<f64> = columns.iter().flat_map(|c| c.0.iter().copied()).collect();
    let v: Vec<f64> = columns.iter().flat_map(|c| c.1.iter().copied()).collect();
    let offsets: Vec<usize> = (0..=UNITS).map(|i| i * k).collect();
    let batch = Batch::new(Measure::Generic, &y, &v, &offsets).expect("valid");
    group.throughput(Throughput::Elements(UNITS as u64));
    group.bench_with_input(BenchmarkId::from_parameter("batch"), &batch, |b, batch| {
        b.iter(|| {
            let fits = RandomEffects::new(tau2).fit_batch(black_box(batch));
            assert!(fits.iter().all(Result::is_ok));
            fits
        });
    });
}

fn predict(c: &mut Criterion) {
    for k in [2, 3, 13, 100] {
        let (y, v) = data(k, 1);
        let rows = y.iter().zip(&v).enumerate();
        let rows =
            rows.map(|(i, (&y, &v))| (i.to_string(), Effect::from_variance(Measure::Generic, y, v).expect("valid")));
        let effects = Effects::from_rows(rows).expect("valid");
        let fit = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects).expect("fits");
        let half_normal = Prediction::Bayesian(TauPrior::HalfNormal { scale: 0.5 }.into());
        for (name, method) in [("nnf", Prediction::NagashimaNomaFurukawa), ("bayesian", half_normal)] {
            c.bench_function(&format!("predict/{name}/k{k}"), |b| {
                b.iter(|| {
                    let (lower, upper) = black_box(&fit).prediction_by(method).expect("an interval").interval();
                    assert!(lower < upper);
                    upper - lower
                });
            });
        }
    }
}

criterion_group!(benches, pool, predict);
criterion_main!(benches);
