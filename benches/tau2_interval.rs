//! Confidence regions of tau2, I2 and H2: `tau2_interval/<method>/k<studies>`. Every iteration checks its result.
#![allow(missing_docs, reason = "criterion's macros generate public items")]

#[path = "kernels/data.rs"]
mod data;

use criterion::{Criterion, criterion_group, criterion_main};
use data::effects;
use meta_analysis::{Likelihood, QWeighting, RandomEffects, Tails, Tau2, Tau2Interval};
use std::hint::black_box;

const METHODS: [(&str, Tau2Interval); 7] = [
    ("q_profile", Tau2Interval::QProfile(Tails::Equal)),
    ("q_profile_shortest", Tau2Interval::QProfile(Tails::Shortest)),
    ("generalised_q", Tau2Interval::GeneralisedQ(QWeighting::InverseSe, Tails::Equal)),
    ("profile_reml", Tau2Interval::ProfileLikelihood(Likelihood::Restricted)),
    ("profile_ml", Tau2Interval::ProfileLikelihood(Likelihood::Full)),
    ("sidik_jonkman", Tau2Interval::SidikJonkman),
    ("wald", Tau2Interval::Wald),
];

fn intervals(c: &mut Criterion) {
    for k in [5, 10, 20, 100] {
        let fit = RandomEffects::new(Tau2::Reml).fit(&effects(k)).expect("fits");
        for (name, method) in METHODS {
            c.bench_function(&format!("tau2_interval/{name}/k{k}"), |b| {
                b.iter(|| {
                    let found = black_box(&fit).heterogeneity_intervals_by(method).expect("a region");
                    let tau2 = found.tau2.interval().expect("not empty");
                    assert!(0.0 <= tau2.lower && tau2.lower < tau2.upper);
                    tau2
                });
            });
        }
    }
}

criterion_group!(benches, intervals);
criterion_main!(benches);
