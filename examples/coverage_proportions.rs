//! How often the interval of a pooled proportion holds the truth, by method, for small studies of one group.
//!
//! `cargo run --release --example coverage_proportions 800` simulates 800 reviews for each line. Study sizes are log-uniform from 4 to 35,
//! true proportions logit-normal around a median `p`. A review in which every patient responds is changed by one patient, so that
//! every method has an answer. Numbers depend on the seed below and on nothing else.

use meta_analysis::glmm::{BinomialNormal, GlmmInference};
use meta_analysis::num::{normal, random::uniform};
use meta_analysis::study::{Conversion, Proportion, ProportionMeasure, Studies, ZeroCells};
use meta_analysis::{Inference, Link, RandomEffects, Result, Tau2};

const SEED: u64 = 20_261_122;
const CELLS: [(u32, f64, f64); 8] = [
    (5, 0.75, 0.0),
    (5, 0.75, 0.7),
    (5, 0.9, 0.0),
    (5, 0.9, 0.7),
    (12, 0.75, 0.0),
    (12, 0.75, 0.7),
    (12, 0.9, 0.0),
    (12, 0.9, 0.7),
];
const METHODS: [&str; 8] = [
    "logit DL z",
    "logit REML HK",
    "... truncated",
    "F-T REML HK",
    "GLMM Wald",
    "GLMM Wald t",
    "GLMM prof",
    "GLMM prof t",
];
const GLMM: [GlmmInference; 4] =
    [GlmmInference::Wald, GlmmInference::WaldT, GlmmInference::ProfileLikelihood, GlmmInference::ProfileLikelihoodT];

/// One simulated review.
fn review(cell: u64, replicate: u64, (k, p, tau): (u32, f64, f64)) -> Result<Studies<Proportion>> {
    let seed = SEED ^ (cell << 32) ^ replicate;
    let mut position = 0;
    let mut next = || {
        position += 1;
        uniform(seed, position)
    };
    let mut counts: Vec<(u32, u32)> = Vec::new();
    for _ in 0..k {
        let n = (4.0 * (next() * 9.0_f64.ln()).exp()) as u32;
        let eta = (p / (1.0 - p)).ln() + tau * normal::quantile(next());
        let q = Link::Logit.inverse(eta);
        counts.push(((0..n).filter(|_| next() < q).count() as u32, n));
    }
    if counts.iter().all(|(x, n)| x == n) {
        counts[0].0 -= 1;
    }
    counts.iter().enumerate().map(|(i, &(x, n))| Ok((i.to_string(), Proportion::new(x, n)?))).collect()
}

/// Estimate, lower and upper limit by every method.
fn analyse(studies: &Studies<Proportion>) -> Result<[[f64; 3]; 8]> {
    let logits = studies.effects(Conversion::new(ProportionMeasure::Logit).zero_cells(ZeroCells::constant(0.5)))?;
    let arcsines = studies.effects(ProportionMeasure::FreemanTukey)?;
    let mut found = [[0.0; 3]; 8];
    let pooled = [
        (Tau2::DerSimonianLaird, Inference::Wald, &logits),
        (Tau2::Reml, Inference::HartungKnapp, &logits),
        (Tau2::Reml, Inference::HartungKnappTruncated, &logits),
        (Tau2::Reml, Inference::HartungKnapp, &arcsines),
    ];
    for (slot, (tau2, inference, effects)) in found.iter_mut().zip(pooled) {
        // Equal proportions leave Hartung-Knapp without a variance; the truncated version has one.
        let fit = RandomEffects::new(tau2).inference(inference).fit(effects);
        let fit = fit.or_else(|_| RandomEffects::new(tau2).inference(Inference::HartungKnappTruncated).fit(effects))?;
        let natural = fit.natural();
        *slot = [natural.value, natural.lower, natural.upper];
    }
    let fit = BinomialNormal::new().inference(GlmmInference::Wald).fit(studies)?;
    for (slot, inference) in found.iter_mut().skip(4).zip(GLMM) {
        let interval = fit.interval_by(inference, 0.95)?;
        *slot = [fit.natural().value, Link::Logit.inverse(interval.lower), Link::Logit.inverse(interval.upper)];
    }
    Ok(found)
}

fn main() -> Result<()> {
    let replicates: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20);
    println!("coverage % (mean width) of nominal 95 % intervals, {replicates} reviews per line");
    println!("{:<13}{}   bias of logit, F-T, GLMM", "k, p, tau", METHODS.map(|m| format!("{m:>15}")).concat());
    for (cell, truth) in (0..).zip(CELLS) {
        let (mut hits, mut widths, mut bias) = ([0_u32; 8], [0.0; 8], [0.0; 8]);
        for replicate in 0..replicates {
            let found = analyse(&review(cell, replicate, truth)?)?;
            for (i, [value, lower, upper]) in found.into_iter().enumerate() {
                hits[i] += u32::from(lower <= truth.1 && truth.1 <= upper);
                widths[i] += (upper - lower) / replicates as f64;
                bias[i] += (value - truth.1) / replicates as f64;
            }
        }
        let share = |i: usize| 100.0 * f64::from(hits[i]) / replicates as f64;
        let columns: String = (0..8).map(|i| format!("{:>8.1} ({:.2})", share(i), widths[i])).collect();
        let (k, p, tau) = truth;
        println!("{:<13}{columns}   {:+.3} {:+.3} {:+.3}", format!("{k}, {p}, {tau}"), bias[1], bias[3], bias[4]);
    }
    Ok(())
}
