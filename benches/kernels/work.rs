//! Named pieces of work. One call of a piece does it once, and checks its result.

use std::collections::HashMap;
use std::hint::black_box;
use std::rc::Rc;

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
                black_box(&fit);
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
    /// All columns but the logarithms of p-values.
    Most,
    /// All columns.
    All,
}

/// How the units of a batch lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    StudyMajor,
    /// The rows 4096 bytes, or a multiple, apart.
    Aliased,
    /// Study-major, and one study in twenty is missing.
    Missing,
    UnitMajor,
    /// Between 3 studies and all of them.
    Ragged,
}

/// Effects, variances and offsets by shape, studies and units: pieces of work share them.
pub(crate) type Known = HashMap<(Shape, usize, usize), Rc<(Vec<f64>, Vec<f64>, Vec<usize>)>>;

/// A batch to be timed.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) name: &'static str,
    pub(crate) tau2: Tau2,
    pub(crate) wanted: Wanted,
    pub(crate) set: InstructionSet,
    pub(crate) shape: Shape,
    pub(crate) prefetch: bool,
    pub(crate) k: usize,
    pub(crate) units: usize,
}

impl Batch {
    /// Study-major, with the best instructions, and without asking memory ahead of time.
    pub(crate) fn new(name: &'static str, tau2: Tau2, wanted: Wanted, k: usize, units: usize) -> Self {
        let (set, shape, prefetch) = (InstructionSet::Auto, Shape::StudyMajor, false);
        Self { name, tau2, wanted, set, shape, prefetch, k, units }
    }

    pub(crate) fn set(self, set: InstructionSet) -> Self {
        Self { set, ..self }
    }

    pub(crate) fn shape(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    pub(crate) fn prefetch(self) -> Self {
        Self { prefetch: true, ..self }
    }

    pub(crate) fn work(self, known: &mut Known) -> Work {
        let Self { name, tau2, wanted, set, shape, prefetch, k, units } = self;
        let arranged = || Rc::new(arrange(study_major(k, units, k as u64), shape, k, units));
        let data = Rc::clone(known.entry((shape, k, units)).or_insert_with(arranged));
        let places = places(&data, units);
        let mut call = 0;
        let plan = BatchPlan::random(tau2).expect("has a kernel").instruction_set(set).prefetch(prefetch);
        let mut columns: Vec<Vec<f64>> = vec![vec![0.0; units]; 13];
        work(format!("batch {name} {} k={k}", format!("{wanted:?}").to_lowercase()), units, move || {
            let (y, v, offsets) = (&data.0, &data.1, &data.2);
            let (y, v) = match places.get(call % PLACES) {
                Some(place) => (&place.0[place.2..][..y.len()], &place.1[place.2..][..v.len()]),
                None => (y.as_slice(), v.as_slice()),
            };
            call += 1;
            let (y, v) = (black_box(y), black_box(v));
            let input = match shape {
                Shape::StudyMajor | Shape::Missing => BatchInput::study_major(y, v, units, units),
                Shape::Aliased => BatchInput::study_major(y, v, units, aliased(units)),
                Shape::UnitMajor => BatchInput::unit_major(y, v, k),
                Shape::Ragged => BatchInput::ragged(y, v, offsets),
            };
            let mut free = columns.iter_mut().map(|column| Some(column.as_mut_slice()));
            let mut next = |asked: bool| free.next().flatten().filter(|_| asked);
            let (p, all) = (wanted != Wanted::Core, wanted == Wanted::All);
            let most = all || wanted == Wanted::Most;
            let mut output = BatchOutput {
                mu: next(true),
                se: next(true),
                tau2: next(true),
                p: next(p),
                q: next(most),
                i2: next(most),
                log10_p: next(all),
                hk_se: next(most),
                hk_p: next(most),
                hk_log10_p: next(all),
                q_p: next(most),
                prediction_lower: next(most),
                prediction_upper: next(most),
                ..BatchOutput::default()
            };
            let summary = plan.run(input.expect("fits"), &mut output).expect("runs");
            assert_eq!((summary.units, summary.failed), (units, 0));
        })
    }
}

/// Copies of a batch in cache, one for each call in turn.
const PLACES: usize = 8;

/// Copies of a small batch at different places of a page, each with where it begins. What the machine takes for the same address, because it is
/// so within a page, makes some places slower than others by a tenth and more.
fn places((y, v, _): &(Vec<f64>, Vec<f64>, Vec<usize>), units: usize) -> Vec<(Vec<f64>, Vec<f64>, usize)> {
    if units > 1000 {
        return Vec::new();
    }
    let copy = |all: &[f64], from: usize| [vec![0.0; from].as_slice(), all].concat();
    (0..PLACES).map(|i| 65 * i).map(|from| (copy(y, from), copy(v, from), from)).collect()
}

/// The next stride that is a multiple of 4096 bytes.
fn aliased(units: usize) -> usize {
    units.next_multiple_of(512)
}

/// The units of a study-major array in another shape, with offsets.
fn arrange((y, v): (Vec<f64>, Vec<f64>), shape: Shape, k: usize, units: usize) -> (Vec<f64>, Vec<f64>, Vec<usize>) {
    let pick = |all: &[f64], places: &mut dyn Iterator<Item = usize>| places.map(|place| all[place]).collect();
    let both = |places: &dyn Fn() -> Box<dyn Iterator<Item = usize>>| -> (Vec<f64>, Vec<f64>) {
        (pick(&y, &mut places()), pick(&v, &mut places()))
    };
    let size = move |unit: usize| 3 + unit * 7919 % (k - 2);
    match shape {
        Shape::StudyMajor => (y, v, Vec::new()),
        Shape::Missing => {
            // Scattered: a unit may lack any of its studies.
            let lacks =
                |place: usize| (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < u64::from(u32::MAX / 20);
            let holes = y.iter().enumerate().map(|(place, y)| if lacks(place) { f64::NAN } else { *y });
            (holes.collect(), v, Vec::new())
        }
        Shape::Aliased => {
            let stride = aliased(units);
            let (y, v) = both(&|| Box::new((0..k * stride).map(move |at| at / stride * units + at % stride % units)));
            (y, v, Vec::new())
        }
        Shape::UnitMajor => {
            let (y, v) = both(&|| Box::new((0..k * units).map(move |at| at % k * units + at / k)));
            (y, v, Vec::new())
        }
        Shape::Ragged => {
            let (y, v) = both(&|| {
                Box::new((0..units).flat_map(move |unit| (0..size(unit)).map(move |study| study * units + unit)))
            });
            let mut offsets = vec![0];
            for unit in 0..units {
                offsets.push(offsets[unit] + size(unit));
            }
            (y, v, offsets)
        }
    }
}

/// Divisions `1 / x` of numbers in the fastest memory, `per_unit` for each unit, with the best instructions.
pub(crate) fn divide(per_unit: usize) -> Work {
    const NUMBERS: usize = 1024;
    let all: Vec<f64> = (1..=NUMBERS).map(|i| i as f64).collect();
    let units = 64 * NUMBERS / per_unit;
    work(format!("divide {per_unit}"), units, move || {
        for _ in 0..64 {
            assert!(pulp::Arch::new().dispatch(Divide(black_box(&all))) > 0.0);
        }
    })
}

struct Divide<'a>(&'a [f64]);

impl pulp::WithSimd for Divide<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
        let (one, mut sums) = (simd.splat_f64s(1.0), [simd.splat_f64s(0.0); 4]);
        for four in S::as_simd_f64s(self.0).0.as_chunks::<4>().0 {
            for (sum, x) in sums.iter_mut().zip(four) {
                *sum = simd.add_f64s(*sum, simd.div_f64s(one, *x));
            }
        }
        sums.iter().map(|sum| simd.reduce_sum_f64s(*sum)).sum()
    }
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
