//! Binomial-normal and Poisson-normal fits: `glmm/<model>/k<studies>/<what>`.
//!
//! `fit` is the whole call: global search, profile intervals of the mean and of tau2, notes. Every iteration checks its
//! result.
#![allow(missing_docs, reason = "criterion's macros generate public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use meta_analysis::glmm::{
    BinomialNormal, PoissonNormal, PredictionUncertainty, RandomEffectCoding, UnconditionalFixed,
};
use meta_analysis::study::{Proportion, Rate, Studies, TwoByTwo};
use std::hint::black_box;

/// Ten single-arm studies of the size that reviews have, heterogeneous.
const TEN: [(u32, u32); 10] =
    [(7, 19), (7, 8), (22, 24), (35, 42), (11, 12), (25, 35), (13, 16), (23, 27), (16, 23), (37, 47)];

fn proportions(k: usize) -> Studies<Proportion> {
    let rows = TEN.iter().cycle().take(k).enumerate();
    rows.map(|(i, &(x, n))| (i.to_string(), Proportion::new(x, n).expect("sound"))).collect()
}

fn fits(c: &mut Criterion) {
    for k in [4, 10, 50] {
        let studies = proportions(k);
        c.bench_function(&format!("glmm/binomial/k{k}/fit"), |b| {
            b.iter(|| {
                let fit = BinomialNormal::new().fit(black_box(&studies)).expect("fits");
                let estimate = fit.estimate().expect("inside");
                assert!(estimate.lower < estimate.value && estimate.value < estimate.upper);
                assert!(fit.heterogeneity().tau2_interval.expect("inside").upper > 0.0);
                fit
            });
        });
    }
    let rates: Studies<Rate> = TEN
        .iter()
        .enumerate()
        .map(|(i, &(x, n))| (i.to_string(), Rate::new(x, f64::from(n)).expect("sound")))
        .collect();
    c.bench_function("glmm/poisson/k10/fit", |b| {
        b.iter(|| {
            let fit = PoissonNormal::new().fit(black_box(&rates)).expect("fits");
            assert!(fit.estimate().expect("inside").se > 0.0);
            fit
        });
    });
    let fit = BinomialNormal::new().fit(&proportions(10)).expect("fits");
    c.bench_function("glmm/binomial/k10/mean_response", |b| {
        b.iter(|| {
            let mean = black_box(&fit).mean_response().expect("inside");
            assert!(mean.lower < mean.value && mean.value < mean.upper);
            mean
        });
    });
    c.bench_function("glmm/binomial/k10/new_count_of_20", |b| {
        b.iter(|| {
            let next = black_box(&fit).new_count(20, PredictionUncertainty::OfMean).expect("inside");
            assert!((next.cdf(20) - 1.0).abs() < 1e-12);
            next
        });
    });
}

/// Fixed levels of studies: global search, profile intervals of the effect and of tau2.
fn unconditional(c: &mut Criterion) {
    let second = TEN.iter().cycle().skip(3);
    let rows = TEN.iter().zip(second).enumerate();
    let studies: Studies<TwoByTwo> =
        rows.map(|(i, (&one, &two))| (i.to_string(), TwoByTwo::new(one, two).expect("sound"))).collect();
    for (name, coding) in [("half", RandomEffectCoding::Half), ("first", RandomEffectCoding::First)] {
        c.bench_function(&format!("glmm/unconditional_fixed_{name}/k10/fit"), |b| {
            b.iter(|| {
                let fit = UnconditionalFixed::new().coding(coding).fit(black_box(&studies)).expect("fits");
                let estimate = fit.estimate().expect("inside");
                assert!(estimate.lower < estimate.value && estimate.value < estimate.upper);
                fit
            });
        });
    }
}

criterion_group!(benches, fits, unconditional);
criterion_main!(benches);
