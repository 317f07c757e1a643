//! Classical pooling of tables: the cost of each method by the number of studies.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use meta_analysis::study::{Studies, TwoByTwo};
use meta_analysis::tables::{TableMeasure, breslow_day};
use meta_analysis::{ExactOddsRatio, MantelHaenszel, Peto};
use std::hint::black_box;

/// Small trials whose counts differ, without randomness.
fn trials(k: u64) -> Studies<TwoByTwo> {
    let row = |i: u64| {
        let (a, b, c, d) = (1 + (7 * i) % 5, 4 + (3 * i) % 11, (5 * i) % 4, 6 + (11 * i) % 9);
        (i.to_string(), TwoByTwo::from_cells(a, b, c, d).expect("a table"))
    };
    (0..k).map(row).collect()
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("tables");
    group.sample_size(10);
    for k in [10, 1000] {
        let studies = trials(k);
        group.bench_with_input(BenchmarkId::new("mantel_haenszel/or", k), &studies, |b, s| {
            let model = MantelHaenszel::new(TableMeasure::LogOddsRatio);
            b.iter(|| assert!(model.fit(black_box(s)).expect("a fit").k() > 0));
        });
        group.bench_with_input(BenchmarkId::new("peto", k), &studies, |b, s| {
            b.iter(|| assert!(Peto::new().fit(black_box(s)).expect("a fit").k() > 0));
        });
        group.bench_with_input(BenchmarkId::new("breslow_day", k), &studies, |b, s| {
            b.iter(|| assert!(breslow_day(black_box(s)).expect("a test").tarone.df > 0.0));
        });
    }
    for k in [10, 100, 1000, 5000] {
        let studies = trials(k);
        group.bench_with_input(BenchmarkId::new("exact", k), &studies, |b, s| {
            b.iter(|| assert!(ExactOddsRatio::new().fit(black_box(s)).expect("a fit").k() > 0));
        });
    }
    // Five trials of 30 000 people with 1500 events each.
    let large: Studies<TwoByTwo> = (0..5_u64)
        .map(|i| (i.to_string(), TwoByTwo::new((700 + i, 15_000), (800 - i, 15_000)).expect("a table")))
        .collect();
    group.bench_function("exact/large", |b| {
        b.iter(|| assert!(ExactOddsRatio::new().fit(black_box(&large)).expect("a fit").k() == 5));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
