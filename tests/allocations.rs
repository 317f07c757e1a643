//! What runs a million times does not allocate: an effect from data, an estimate in a reused workspace.

use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, UnitFlags};
use meta_analysis::study::{
    BinaryMeasure, ChangeMeasure, Conversion, CorrelationMeasure, MeansMeasure, Moments, PrePost, Proportion,
    ProportionMeasure, RateMeasure, Summary, TwoByTwo, TwoMeans, ZeroCells,
};
use meta_analysis::tau2::Workspace;
use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tau2};
use std::hint::black_box;

fn allocations(mut work: impl FnMut()) -> u64 {
    work(); // once before counting, for whatever is made on first use
    allocation_counter::measure(work).count_total
}

fn effect<T: Summary>(row: &T, how: impl Into<Conversion<T::Measure>>) -> u64 {
    let how = how.into();
    let mut out: Option<Effect> = None;
    let count = allocations(|| out = black_box(row).effect(&how).ok());
    assert!(out.is_some());
    count
}

#[test]
fn an_effect_does_not_allocate() {
    let table = TwoByTwo::new((3, 20), (0, 18)).unwrap();
    let half = ZeroCells::constant(0.5);
    for measure in BinaryMeasure::ALL {
        if !matches!(measure, BinaryMeasure::Tetrachoric | BinaryMeasure::FisherZTetrachoric) {
            assert_eq!(effect(&table, Conversion::new(measure).zero_cells(half)), 0, "{measure:?}");
        }
    }
    let means = TwoMeans::new((Moments::mean_sd(12.1, 3.2), 14), (Moments::mean_sd(10.4, 2.9), 16)).unwrap();
    assert_eq!(effect(&means, MeansMeasure::HedgesG), 0);
    assert_eq!(effect(&means, MeansMeasure::LogRatioOfMeans), 0);
    let change = PrePost::new(Moments::mean_sd(7.46, 6.26), Moments::mean_sd(2.96, 3.64), 24, 0.5).unwrap();
    assert_eq!(effect(&change, ChangeMeasure::StandardizedBySdBefore), 0);
    assert_eq!(effect(&Proportion::new(7, 19).unwrap(), ProportionMeasure::Logit), 0);
    assert_eq!(effect(&meta_analysis::study::Rate::new(7, 19.5).unwrap(), RateMeasure::Log), 0);
    assert_eq!(effect(&meta_analysis::study::Correlation::new(0.3, 40).unwrap(), CorrelationMeasure::FisherZ), 0);
}

#[test]
fn an_estimate_in_a_reused_workspace_does_not_allocate() {
    let (y, v) = ([0.1, 0.9, 0.5, -0.2, 0.3], [0.04, 0.05, 0.03, 0.1, 0.02]);
    let mut workspace = Workspace::new();
    // A Q statistic with fixed weights is set up afresh, and its median takes eigenvalues.
    let allocates = |tau2: &Tau2| matches!(tau2, Tau2::GeneralisedQ(_) | Tau2::MedianUnbiasedGeneralisedQ(_));
    for tau2 in Tau2::ESTIMATORS.into_iter().filter(|tau2| !allocates(tau2)) {
        let count = allocations(|| {
            workspace.load(black_box(&y), black_box(&v)).expect("valid");
            let fit = workspace.estimate(tau2).expect("an estimate");
            black_box(workspace.mean_at(fit.tau2).expect("a mean"));
        });
        assert_eq!(count, 0, "{tau2}");
    }
}

/// A block for the columns, one for the maxima of a certificate, a few for notes: labels and covariates are shared with the effects, so
/// that a hundred times the studies take no block more.
#[test]
fn a_fit_copies_no_study() {
    let mut counts = Vec::new();
    for k in [500, 5000, 50_000] {
        let row = |i: usize| {
            let (y, v) = ((i % 5) as f64 * 0.2, 0.02 + 0.01 * (i % 3) as f64);
            Effect::from_variance(Measure::Generic, y, v).map(|effect| (format!("study {i}"), effect))
        };
        let effects =
            Effects::from_rows((0..k).map(row).collect::<Result<Vec<_>, _>>().expect("valid")).expect("valid");
        counts.push([Tau2::DerSimonianLaird, Tau2::Reml].map(|tau2| {
            let model = RandomEffects::new(tau2);
            // The critical values of so many studies are remembered from here on.
            drop(model.fit(&effects).expect("a fit"));
            allocations(|| drop(black_box(model.fit(black_box(&effects)).expect("a fit"))))
        }));
    }
    assert!(counts.iter().all(|of| *of == counts[0] && of.iter().all(|count| *count <= 4)), "{counts:?}");
}

/// A batch allocates for a run, not for a unit: a hundred times the units take not one allocation more, those included that are left
/// to the global search, miss studies or fail.
#[test]
fn a_batch_does_not_allocate_per_unit() {
    const K: usize = 5;
    let unit = |i: usize| -> ([f64; K], [f64; K]) {
        match i % 4 {
            // two maxima, hence searched
            0 => ([0.0, 0.003, -0.003, 30.0, -30.0], [1e-4, 1e-4, 1e-4, 1.0, 1.0]),
            1 => ([0.1, f64::NAN, 0.5, -0.2, 0.3], [0.04, 0.05, 0.03, 0.1, 0.02]),
            2 => ([0.1, 0.9, 0.5, -0.2, 0.3], [0.04, -0.05, 0.03, 0.1, 0.02]),
            _ => ([0.1, 0.9, 0.5, -0.2, 0.3], [0.04, 0.05, 0.03, 0.1, 0.02]),
        }
    };
    let data = |units: usize| -> (Vec<f64>, Vec<f64>) {
        let (y, v): (Vec<_>, Vec<_>) = (0..units).map(unit).unzip();
        (y.concat(), v.concat())
    };
    for method in
        [None, Some(Tau2::DerSimonianLaird), Some(Tau2::PauleMandel), Some(Tau2::Reml), Some(Tau2::MaximumLikelihood)]
    {
        let plan = method.map_or_else(BatchPlan::common, |method| BatchPlan::random(method).expect("has a kernel"));
        let count = |units: usize| {
            let (y, v) = data(units);
            let mut columns = vec![vec![0.0; units]; 13];
            let mut flags = vec![UnitFlags::NONE; units];
            let mut counts = vec![0; units];
            let mut searched = 0;
            let allocated = allocations(|| {
                let mut free = columns.iter_mut().map(Vec::as_mut_slice);
                let mut output = BatchOutput {
                    mu: free.next(),
                    se: free.next(),
                    tau2: free.next(),
                    q: free.next(),
                    i2: free.next(),
                    p: free.next(),
                    log10_p: free.next(),
                    hk_se: free.next(),
                    hk_p: free.next(),
                    hk_log10_p: free.next(),
                    q_p: free.next(),
                    prediction_lower: free.next(),
                    prediction_upper: free.next(),
                    flags: Some(&mut flags),
                    count: Some(&mut counts),
                };
                let input = BatchInput::unit_major(black_box(&y), black_box(&v), K).expect("whole units");
                let summary = plan.run(input, &mut output).expect("runs");
                searched = summary.searched;
            });
            (allocated, searched)
        };
        // more than one block of units in either
        let ((few, _), (many, searched)) = (count(2_000), count(200_000));
        assert!(searched >= if method == Some(Tau2::Reml) { 50_000 } else { 0 }, "{method:?}: {searched} searched");
        assert_eq!(many, few, "{method:?}");
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(black_box(vec![1_u8; 100]))), 1);
}
