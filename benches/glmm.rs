//! Binomial-normal and Poisson-normal fits: `glmm/<model>/k<studies>/<what>`.
//!
//! `fit` is the whole call: global search, profile intervals of the mean and of tau2, notes. Every iteration checks its
//! result.
#![allow(missing_docs, reason = "criterion's macros generate public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use meta_analysis::glmm::{
    BetaBinomial, BinomialNormal, Conditional, ConditionalNormal, FirthLogistic, PoissonNormal, PredictionUncertainty,
    RandomEffectCoding, TwoGroupData, UnconditionalFixed, UnconditionalRandom,
};
use meta_analysis::study::{Proportion, Rate, Studies, TwoByTwo, TwoRates};
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

/// Ten comparisons: events and people in both groups; rare events, and common ones in larger groups.
const RARE: [(u32, u32, u32, u32); 10] = [
    (0, 116, 3, 117),
    (1, 44, 3, 35),
    (2, 208, 9, 195),
    (0, 130, 7, 136),
    (5, 151, 6, 157),
    (1, 98, 4, 139),
    (1, 174, 3, 177),
    (1, 74, 2, 39),
    (1, 97, 19, 103),
    (1, 113, 2, 122),
];
const COMMON: [(u32, u32, u32, u32); 10] = [
    (105, 400, 131, 410),
    (80, 340, 99, 355),
    (120, 340, 121, 333),
    (60, 300, 85, 310),
    (150, 420, 170, 400),
    (95, 380, 112, 390),
    (70, 310, 101, 305),
    (133, 360, 129, 370),
    (88, 350, 120, 345),
    (101, 330, 118, 325),
];

fn two_groups(c: &mut Criterion) {
    for (name, rows) in [("rare", RARE), ("common", COMMON)] {
        let rows = rows.into_iter().enumerate();
        let one = |(i, (x1, n1, x2, n2)): (usize, (u32, u32, u32, u32))| {
            (i.to_string(), TwoByTwo::new((x1, n1), (x2, n2)).expect("sound"))
        };
        let tables: TwoGroupData = (&rows.clone().map(one).collect::<Studies<TwoByTwo>>()).into();
        let time = |(i, (x1, t1, x2, t2)): (usize, (u32, u32, u32, u32))| {
            (i.to_string(), TwoRates::new((x1, f64::from(t1)), (x2, f64::from(t2))).expect("sound"))
        };
        let rates: TwoGroupData = (&rows.map(time).collect::<Studies<TwoRates>>()).into();
        for conditional in [Conditional::Exact, Conditional::Approximate] {
            let id = format!("glmm/conditional/{}/{name}/k10/fit", conditional.name());
            c.bench_function(&id, |b| {
                b.iter(|| {
                    let model = ConditionalNormal::new().conditional(conditional);
                    let fit = model.fit(black_box(tables.clone())).expect("fits");
                    let estimate = fit.estimate().expect("inside");
                    assert!(estimate.lower < estimate.value && estimate.value < estimate.upper);
                    assert!(fit.heterogeneity().expect("inside").tau2_interval.expect("inside").upper > 0.0);
                    fit
                });
            });
        }
        c.bench_function(&format!("glmm/conditional/rates/{name}/k10/fit"), |b| {
            b.iter(|| {
                let fit = ConditionalNormal::new().fit(black_box(rates.clone())).expect("fits");
                assert!(fit.estimate().expect("inside").se > 0.0);
                fit
            });
        });
        c.bench_function(&format!("glmm/beta_binomial/{name}/k10/fit"), |b| {
            b.iter(|| {
                let fit = BetaBinomial::new().fit(black_box(tables.clone())).expect("fits");
                assert!(fit.estimate().expect("inside").se > 0.0);
                fit
            });
        });
        c.bench_function(&format!("glmm/firth/{name}/k10/fit"), |b| {
            b.iter(|| {
                let fit = FirthLogistic::new().fit(black_box(tables.clone())).expect("fits");
                assert!(fit.estimate().expect("inside").se > 0.0);
                fit
            });
        });
    }
}

/// Fixed and random levels of studies: global search, profile intervals of the effect and of tau2.
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
        c.bench_function(&format!("glmm/unconditional_random_{name}/k10/fit"), |b| {
            b.iter(|| {
                let fit = UnconditionalRandom::new().coding(coding).fit(black_box(&studies)).expect("fits");
                let estimate = fit.estimate().expect("inside");
                assert!(estimate.lower < estimate.value && estimate.value < estimate.upper);
                fit
            });
        });
    }
}

criterion_group!(benches, fits, two_groups, unconditional);
criterion_main!(benches);
