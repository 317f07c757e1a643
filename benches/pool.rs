//! Single and batch fits: `pool/<estimator>/k<studies>/<single|fit|batch>`.
//!
//! `single` is tau2 with its certificate, mean and standard error in reused memory; `fit` the whole call with interval, heterogeneity and notes;
//! `batch` the same numbers as `single`, and p, for many units at once, with the throughput in units.
//! `predict/<method>/k<studies>`: a prediction interval whose distribution is a mixture over tau2. Every iteration checks its result.
#![allow(missing_docs, reason = "criterion's macros generate public items")]

#[path = "kernels/data.rs"]
mod data;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use data::{effects, single, study_major};
use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
use meta_analysis::tau2::Workspace;
use meta_analysis::{Prediction, RandomEffects, Tau2, TauPrior};
use std::hint::black_box;

const ESTIMATORS: [(&str, Tau2); 4] =
    [("dl", Tau2::DerSimonianLaird), ("pm", Tau2::PauleMandel), ("reml", Tau2::Reml), ("ml", Tau2::MaximumLikelihood)];

fn pool(c: &mut Criterion) {
    for (k, units) in [(5, 8000), (10, 4000), (20, 4000), (100, 1000), (1000, 200)] {
        let columns = study_major(k, units, k as u64);
        for (name, tau2) in ESTIMATORS {
            let mut group = c.benchmark_group(format!("pool/{name}/k{k}"));
            one(&mut group, tau2, k);
            batch(&mut group, tau2, units, (&columns.0, &columns.1));
            group.finish();
        }
    }
}

fn one(group: &mut BenchmarkGroup<'_, WallTime>, tau2: Tau2, k: usize) {
    let (y, v) = single(k);
    let mut workspace = Workspace::new();
    group.bench_function("single", |b| {
        b.iter(|| {
            workspace.load(black_box(&y), black_box(&v)).expect("valid data");
            let fit = workspace.certify(tau2).expect("an estimate");
            let mean = workspace.mean_at(fit.tau2).expect("a mean");
            assert!(fit.tau2 >= 0.0 && mean.standard_error > 0.0);
            mean
        });
    });
    let effects = effects(k);
    group.bench_function("fit", |b| {
        b.iter(|| {
            let fit = RandomEffects::new(tau2).fit(black_box(&effects)).expect("fits");
            assert!(fit.estimate().se() > 0.0);
            fit
        });
    });
}

fn batch(group: &mut BenchmarkGroup<'_, WallTime>, tau2: Tau2, units: usize, (y, v): (&[f64], &[f64])) {
    let plan = BatchPlan::random(tau2).expect("has a kernel");
    let mut columns = [(); 4].map(|()| vec![0.0; units]);
    group.throughput(Throughput::Elements(units as u64));
    group.bench_function("batch", |b| {
        b.iter(|| {
            let input = BatchInput::study_major(black_box(y), black_box(v), units, units).expect("fits");
            let [mu, se, tau2, p] = &mut columns;
            let mut output =
                BatchOutput { mu: Some(mu), se: Some(se), tau2: Some(tau2), p: Some(p), ..BatchOutput::default() };
            let summary = plan.run(input, &mut output).expect("runs");
            assert_eq!((summary.units, summary.failed), (units, 0));
        });
    });
}

fn predict(c: &mut Criterion) {
    for k in [2, 3, 13, 100] {
        let fit = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects(k)).expect("fits");
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
