//! Meta-regressions on two moderators: `regression/<estimator>/k<studies>/<tau2|single|batch>`.
//!
//! `tau2` is the certified estimate alone; `single` one data set with coefficients, Knapp-Hartung standard errors and p-values, QE and QM,
//! the design included; `batch` the same for many units of one design. Every iteration checks its result.
#![allow(missing_docs, reason = "criterion's macros generate public items")]

#[path = "kernels/data.rs"]
mod data;
#[path = "kernels/regression.rs"]
mod regression;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use data::{moderators, single, study_major};
use meta_analysis::Tau2;
use meta_analysis::tau2::estimate_with_design;
use nalgebra::DMatrix;
use regression::Regression;
use std::hint::black_box;

const ESTIMATORS: [(&str, Tau2); 4] =
    [("dl", Tau2::DerSimonianLaird), ("pm", Tau2::PauleMandel), ("reml", Tau2::Reml), ("ml", Tau2::MaximumLikelihood)];

fn regressions(c: &mut Criterion) {
    for (k, units) in [(10, 2000), (20, 1000), (100, 300)] {
        let (y, v) = single(k);
        let columns = moderators(k);
        let x = DMatrix::from_fn(k, 3, |i, j| if j == 0 { 1.0 } else { columns[j - 1][i] });
        let many = study_major(k, units, k as u64);
        for (name, tau2) in ESTIMATORS {
            let mut group = c.benchmark_group(format!("regression/{name}/k{k}"));
            group.bench_function("tau2", |b| {
                b.iter(|| {
                    let fit = estimate_with_design(black_box(&y), black_box(&v), &x, tau2).expect("an estimate");
                    assert!(fit.tau2 >= 0.0);
                    fit
                });
            });
            let mut one = Regression::new(k, 1);
            group.bench_function("single", |b| b.iter(|| one.fit(tau2, black_box(&y), black_box(&v))));
            let mut all = Regression::new(k, units);
            group.throughput(Throughput::Elements(units as u64));
            group.bench_function("batch", |b| b.iter(|| all.fit(tau2, black_box(&many.0), black_box(&many.1))));
            group.finish();
        }
    }
}

criterion_group!(benches, regressions);
criterion_main!(benches);
