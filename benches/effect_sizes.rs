//! Rows per second from summary data to effect and variance, one row after the other on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meta_analysis::study::{BinaryMeasure, Conversion, Summary, TwoByTwo};
use std::hint::black_box;

const ROWS: u32 = 1_000_000;

/// `log_odds_ratio`: one million tables without a zero cell.
fn two_by_two(c: &mut Criterion) {
    let tables: Vec<TwoByTwo> = (0..ROWS)
        .map(|i| TwoByTwo::from_cells(1 + i % 97, 3 + i % 89, 2 + i % 83, 5 + i % 79).expect("the cells are positive"))
        .collect();
    let how = Conversion::new(BinaryMeasure::LogOddsRatio);
    let mut group = c.benchmark_group("effect_sizes/two_by_two");
    group.throughput(Throughput::Elements(u64::from(ROWS))).sample_size(10);
    group.bench_function("log_odds_ratio", |b| {
        b.iter(|| {
            let sum: f64 = black_box(&tables).iter().filter_map(|row| row.effect(&how).ok()).map(|e| e.y()).sum();
            assert!(sum.is_finite());
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, two_by_two);
criterion_main!(benches);
