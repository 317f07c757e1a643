//! Named pieces of work. One call of a piece does it once, and checks its result.

use std::hint::black_box;

use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, InstructionSet};
use meta_analysis::tau2::{Workspace, estimate_with_design};
use meta_analysis::{Inference, RandomEffects, Tau2};
use nalgebra::DMatrix;

use super::data::{effects, single, study_major};
use super::regression::Regression;

/// A piece of work.
pub(crate) struct Work {
    pub(crate) name: String,
    /// Fits in one call.
    pub(crate) units: usize,
    pub(crate) run: Box<dyn FnMut()>,
}

fn work(name: impl Into<String>, units: usize, run: impl FnMut() + 'static) -> Work {
    Work { name: name.into(), units, run: Box::new(run) }
}

const METHODS: [(&str, Tau2); 3] = [("dl", Tau2::DerSimonianLaird), ("pm", Tau2::PauleMandel), ("reml", Tau2::Reml)];

/// tau2, mean and standard error in reused memory.
pub(crate) fn estimates(k: usize) -> Vec<Work> {
    METHODS
        .into_iter()
        .map(|(name, tau2)| {
            let (y, v) = single(k);
            let mut workspace = Workspace::new();
            work(format!("estimate {name} k={k}"), 1, move || {
                workspace.load(black_box(&y), black_box(&v)).expect("valid data");
                let fit = workspace.estimate(tau2).expect("an estimate");
                let mean = workspace.mean_at(fit.tau2).expect("a mean");
                assert!(fit.tau2 >= 0.0 && mean.standard_error > 0.0);
                black_box(mean);
            })
        })
        .collect()
}

/// The whole call: certificate, intervals, heterogeneity, prediction, notes.
pub(crate) fn fits(k: usize) -> Vec<Work> {
    let tests = [("z", Inference::Wald), ("hk", Inference::HartungKnapp)];
    let mut all = Vec::new();
    for (name, tau2) in [("dl", Tau2::DerSimonianLaird), ("reml", Tau2::Reml)] {
        for (test, inference) in tests {
            let effects = effects(k);
            all.push(work(format!("fit {name} {test} k={k}"), 1, move || {
                let fit = RandomEffects::new(tau2).inference(inference).fit(black_box(&effects)).expect("fits");
                assert!(fit.estimate().se() > 0.0);
                black_box(fit);
            }));
        }
    }
    all
}

/// tau2 with two moderators.
pub(crate) fn design(k: usize) -> Work {
    let (y, v) = single(k);
    let x = DMatrix::from_fn(k, 3, |i, j| [1.0, (i % 7) as f64, ((i * i) % 11) as f64][j]);
    work(format!("tau2 reml 2 moderators k={k}"), 1, move || {
        let fit = estimate_with_design(black_box(&y), black_box(&v), &x, Tau2::Reml).expect("an estimate");
        assert!(fit.tau2 >= 0.0);
    })
}

/// Two moderators, from the design to coefficients, Knapp-Hartung standard errors and p-values, QE and QM.
pub(crate) fn regression(k: usize) -> Work {
    let (y, v) = single(k);
    let mut one = Regression::new(k, 1);
    work(format!("regression reml 2 moderators hk k={k}"), 1, move || {
        one.fit(Tau2::Reml, black_box(&y), black_box(&v));
    })
}

/// Which columns of a batch are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// tau2, mean, standard error.
    Core,
    /// The same with p.
    P,
    /// All columns.
    All,
}

/// A batch of `units` units of `k` studies, study-major.
pub(crate) fn batch(name: &str, tau2: Tau2, wanted: Wanted, set: InstructionSet, k: usize, units: usize) -> Work {
    let (y, v) = study_major(k, units, k as u64);
    let plan = BatchPlan::random(tau2).expect("has a kernel").instruction_set(set);
    let mut columns: Vec<Vec<f64>> = vec![vec![0.0; units]; 13];
    work(format!("batch {name} {} k={k}", format!("{wanted:?}").to_lowercase()), units, move || {
        let input = BatchInput::study_major(black_box(&y), black_box(&v), units, units).expect("fits");
        let mut free = columns.iter_mut().map(|column| Some(column.as_mut_slice()));
        let mut next = |asked: bool| free.next().flatten().filter(|_| asked);
        let (p, all) = (wanted != Wanted::Core, wanted == Wanted::All);
        let mut output = BatchOutput {
            mu: next(true),
            se: next(true),
            tau2: next(true),
            p: next(p),
            q: next(all),
            i2: next(all),
            log10_p: next(all),
            hk_se: next(all),
            hk_p: next(all),
            hk_log10_p: next(all),
            q_p: next(all),
            prediction_lower: next(all),
            prediction_upper: next(all),
            ..BatchOutput::default()
        };
        let summary = plan.run(input, &mut output).expect("runs");
        assert_eq!((summary.units, summary.failed), (units, 0));
    })
}

/// The sum of an array of `numbers` numbers: what reading memory costs.
pub(crate) fn read(numbers: usize) -> Work {
    let all: Vec<f64> = (0..numbers).map(|i| (i % 97) as f64).collect();
    work(format!("read {numbers}"), numbers, move || {
        let mut lanes = [0.0; 32];
        for chunk in black_box(&all).as_chunks::<32>().0 {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += x;
            }
        }
        assert!(black_box(lanes).iter().sum::<f64>() > 0.0);
    })
}
