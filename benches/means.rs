//! One million Hedges' g with their variances, row by row.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meta_analysis::study::{Conversion, MeansMeasure, Moments, Summary, TwoMeans, VarianceType};
use std::hint::black_box;

const ROWS: u32 = 1_000_000;

/// Rows that differ in every number, with groups of 5 to 204 people.
fn rows() -> Vec<TwoMeans> {
    (0..ROWS)
        .map(|i| {
            let x = f64::from(i % 1009) / 1009.0;
            let (one, two) = (Moments::mean_sd(10.0 + x, 2.0 + x), Moments::mean_sd(10.5 - x, 2.5 - 0.5 * x));
            TwoMeans::new((one, 5 + i % 200), (two, 5 + i % 197)).expect("a sound row")
        })
        .collect()
}

fn million(c: &mut Criterion) {
    let rows = rows();
    let mut group = c.benchmark_group("study/hedges_g/k1000000");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ROWS)));
    for (name, variance) in [("large_sample", VarianceType::LargeSample), ("unbiased", VarianceType::Unbiased)] {
        let how = Conversion::new(MeansMeasure::HedgesG).variance(variance);
        group.bench_function(name, |b| {
            b.iter(|| {
                let effects = black_box(&rows).iter().map(|row| row.effect(&how).expect("defined"));
                let sum: f64 = effects.map(|e| e.y() + e.variance()).sum();
                assert!(sum.is_finite());
                sum
            });
        });
    }
    group.finish();
}

criterion_group!(benches, million);
criterion_main!(benches);
