//! Time of tails of whole slices, 4096 values at a time, for every instruction set that the machine has.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meta_analysis::num::lanes::{ChiSquaredTail, InstructionSet, NormalTail, StudentTail};

const VALUES: usize = 4096;

fn bench(c: &mut Criterion, name: &str, largest: f64, tail: impl Fn(InstructionSet, &[f64], &mut [f64])) {
    // multiples of the golden ratio: spread evenly and in no order
    let x: Vec<f64> = (0..VALUES).map(|i| largest * (i as f64 * 0.618_033_988_749_895).fract()).collect();
    let mut out = vec![0.0; VALUES];
    let mut group = c.benchmark_group(format!("tails/{name}"));
    group.throughput(Throughput::Elements(VALUES as u64));
    for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
        group.bench_function(format!("{set:?}"), |b| {
            b.iter(|| {
                tail(set, &x, &mut out);
                assert!(out[VALUES - 1] <= 1.0, "{name}: {}", out[VALUES - 1]);
            });
        });
    }
    group.finish();
}

fn tails(c: &mut Criterion) {
    bench(c, "normal", 6.0, |set, x, out| NormalTail.two_sided(set, x, out));
    bench(c, "normal, log10", 60.0, |set, x, out| NormalTail.log10_two_sided(set, x, out));
    for df in [4, 19, 99] {
        let tail = ChiSquaredTail::new(df);
        bench(c, &format!("chi-squared {df}"), 3.0 * f64::from(df), |set, x, out| tail.upper(set, x, out));
        bench(c, &format!("chi-squared {df}, log10"), 3.0 * f64::from(df), |set, x, out| tail.log10_upper(set, x, out));
    }
    for df in [4.0, 19.0, 99.0] {
        let tail = StudentTail::new(df);
        bench(c, &format!("t {df}"), 6.0, |set, x, out| tail.two_sided(set, x, out));
        bench(c, &format!("t {df}, log10"), 6.0, |set, x, out| tail.log10_two_sided(set, x, out));
    }
    for df in [4.0, 99.0, 1e4] {
        c.bench_function(&format!("tails/new t {df}"), |b| {
            b.iter(|| {
                let (tail, mut p) = (StudentTail::new(black_box(df)), [0.0]);
                tail.two_sided(InstructionSet::Scalar, &[0.0], &mut p);
                assert_eq!(p, [1.0]);
            });
        });
    }
}

criterion_group!(benches, tails);
criterion_main!(benches);
