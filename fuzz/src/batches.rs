//! Millions of units: every layout, model and kind of output, where all ways must give the same bits.

use super::source::Source;
use meta_analysis::batch::{
    BatchDesign, BatchInput, BatchOutput, BatchPlan, BatchRegression, BatchSummary, InstructionSet, RegressionOutput,
    UnitFlags,
};
use meta_analysis::{Prediction, Tau2};
use std::ops::ControlFlow;

const METHODS: [Tau2; 6] =
    [Tau2::DerSimonianLaird, Tau2::Hedges, Tau2::SidikJonkman, Tau2::PauleMandel, Tau2::Reml, Tau2::MaximumLikelihood];

/// Studies of each unit, with what is not a number among them.
struct Units {
    y: Vec<f64>,
    v: Vec<f64>,
    mask: Vec<bool>,
    units: usize,
    k: usize,
}

impl Units {
    fn new(s: &mut Source<'_>, most_units: usize, most_studies: usize) -> Self {
        let (units, k) = (s.below(most_units + 1), s.below(most_studies + 1));
        let tame = s.one_in(2);
        let one = |s: &mut Source<'_>| {
            if tame {
                (f64::from(s.byte()) / 64.0 - 2.0, f64::from(s.byte() % 64 + 1) / 64.0)
            } else {
                (s.number(), s.positive())
            }
        };
        let (y, v) = (0..units * k).map(|_| one(s)).unzip();
        let mask = (0..units * k).map(|_| s.byte() % 8 == 7).collect();
        Self { y, v, mask, units, k }
    }

    /// From units one after the other to studies one after the other, with padding.
    fn study_major<T: Copy>(&self, of: &[T], stride: usize, padding: T) -> Vec<T> {
        let at = |i: usize| {
            let (study, unit) = (i / stride.max(1), i % stride.max(1));
            if unit < self.units { of[unit * self.k + study] } else { padding }
        };
        (0..self.k * stride).map(at).collect()
    }
}

/// Columns as bits, so that NaN equals NaN.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    columns: Vec<Vec<u64>>,
    flags: Vec<UnitFlags>,
    count: Vec<u32>,
    summary: (usize, usize, usize, usize),
}

fn bits(columns: &[Vec<f64>]) -> Vec<Vec<u64>> {
    // There are many NaN, of which the bits mean nothing.
    let of = |x: &f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    columns.iter().map(|column| column.iter().map(of).collect()).collect()
}

fn counts(summary: BatchSummary) -> (usize, usize, usize, usize) {
    (summary.units, summary.failed, summary.searched, summary.several_maxima)
}

fn run(plan: &BatchPlan, input: BatchInput<'_>, how: u8) -> Found {
    let units = input.units();
    let mut columns = vec![vec![0.0; units]; 13];
    let (mut flags, mut count) = (vec![UnitFlags::NONE; units], vec![0; units]);
    let summary = {
        let mut each = columns.iter_mut().map(Vec::as_mut_slice);
        let mut output = BatchOutput {
            mu: each.next(),
            se: each.next(),
            tau2: each.next(),
            q: each.next(),
            i2: each.next(),
            p: each.next(),
            log10_p: each.next(),
            hk_se: each.next(),
            hk_p: each.next(),
            hk_log10_p: each.next(),
            q_p: each.next(),
            prediction_lower: each.next(),
            prediction_upper: each.next(),
            flags: Some(&mut flags),
            count: Some(&mut count),
        };
        match how % 3 {
            0 => plan.run(input, &mut output),
            1 => plan.run_parallel(input, &mut output),
            _ => plan.run_with(input, &mut output, &mut |_| ControlFlow::Continue(())),
        }
        .expect("columns as long as there are units")
    };
    check(&columns, &flags);
    Found { columns: bits(&columns), flags, count, summary: counts(summary) }
}

/// Mean, standard error and tau2 of a unit that was fitted are numbers; tau2 and standard errors are not negative; probabilities
/// are probabilities.
fn check(columns: &[Vec<f64>], flags: &[UnitFlags]) {
    for (u, flag) in flags.iter().enumerate() {
        let at = |column: usize| columns[column][u];
        if flag.failed() {
            continue;
        }
        for (column, name) in [(0, "mu"), (1, "se"), (2, "tau2")] {
            assert!(at(column).is_finite(), "{name} of unit {u}: {} ({flag:?})", at(column));
        }
        assert!(at(1) >= 0.0 && at(2) >= 0.0, "unit {u}");
        if flag.contains(UnitFlags::ZERO_VARIANCE) {
            assert!(at(3).is_nan() && at(4).is_nan() && at(10).is_nan(), "unit {u}: {} {}", at(3), at(4));
        } else {
            assert!(at(3).is_finite() && at(3) >= 0.0 && (0.0..=1.0).contains(&at(4)), "unit {u}: {} {}", at(3), at(4));
        }
        for column in [5, 8, 10] {
            assert!(at(column).is_nan() || (0.0..=1.0).contains(&at(column)), "p of unit {u}: {}", at(column));
        }
        for column in 5..13 {
            assert!(!at(column).is_infinite() || at(column) < 0.0 || column >= 11, "column {column} of unit {u}");
        }
        assert!(at(11).is_nan() || at(11) <= at(12), "prediction of unit {u}: {} {}", at(11), at(12));
    }
}

fn plan(s: &mut Source<'_>) -> Option<BatchPlan> {
    let plan = if s.one_in(7) { BatchPlan::common() } else { BatchPlan::random(s.pick(&METHODS)).ok()? };
    let plan = if s.one_in(4) { plan.level(s.share()).ok()? } else { plan };
    use Prediction as P;
    let kinds =
        [P::HartungKnapp, P::StudentT, P::Normal, P::TauOnly, P::HigginsThompsonSpiegelhalter, P::PartlettRiley];
    let plan = if s.one_in(4) { plan.prediction(s.pick(&kinds)).unwrap_or(plan) } else { plan };
    Some(plan.chunk(s.below(20)))
}

/// The batches of one model over all layouts and instruction sets.
pub fn batch(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let Some(plan) = plan(s) else { return };
    let units = Units::new(s, 20, 6);
    let how = s.byte();
    let (n, k) = (units.units, units.k);
    let masked = s.one_in(2);
    let masked = |input: BatchInput<'_>, mask: &[bool]| -> Found {
        // The mask has to outlive the input only for this call.
        let input = if masked { input.missing(mask).expect("a mask of the right length") } else { input };
        run(&plan, input, how)
    };
    if k == 0 {
        return empty(&plan, n);
    }
    let unit_major = BatchInput::unit_major(&units.y, &units.v, k).expect("whole units");
    let expected = masked(unit_major, &units.mask);
    let stride = n + s.below(4);
    let [y, v] = [&units.y, &units.v].map(|column| units.study_major(column, stride, f64::NAN));
    let mask = units.study_major(&units.mask, stride, true);
    assert_eq!(masked(BatchInput::study_major(&y, &v, n, stride).expect("whole rows"), &mask), expected);
    let [y, v] = [&units.y, &units.v].map(|column| units.study_major(column, n, f64::NAN));
    let mask = units.study_major(&units.mask, n, true);
    if n > 0 {
        let (y, v): (Vec<&[f64]>, Vec<&[f64]>) = (y.chunks(n).collect(), v.chunks(n).collect());
        assert_eq!(masked(BatchInput::columns(&y, &v).expect("equal columns"), &mask), expected);
    }
    let offsets: Vec<usize> = (0..=n).map(|u| u * k).collect();
    let ragged = BatchInput::ragged(&units.y, &units.v, &offsets).expect("rising offsets");
    assert_eq!(masked(ragged, &units.mask), expected);
    for set in [InstructionSet::Scalar, InstructionSet::Auto] {
        assert_eq!(run(&plan.instruction_set(set), unit_major, how), run(&plan, unit_major, how));
    }
    single(s, &plan, &units);
}

fn empty(plan: &BatchPlan, units: usize) {
    let input = BatchInput::study_major(&[], &[], units, units).expect("no studies");
    let found = run(plan, input, 0);
    assert!(found.flags.iter().all(|flag| flag.failed()));
}

/// One unit alone, and lengths that do not fit.
fn single(s: &mut Source<'_>, plan: &BatchPlan, units: &Units) {
    let k = units.k.min(units.y.len());
    let (y, v) = (&units.y[..k], &units.v[..k]);
    let fit = plan.fit_one(y, v).expect("equal lengths");
    let offsets = [0, k];
    let found = run(plan, BatchInput::ragged(y, v, &offsets).expect("one unit"), 0);
    assert_eq!(found.columns[0][0], bits(&[vec![fit.mu]])[0][0]);
    assert_eq!(found.flags[0], fit.flags);
    let any: Vec<usize> = (0..s.below(5)).map(|_| s.below(12)).collect();
    if let Ok(input) = BatchInput::ragged(&units.y, &units.v, &any) {
        run(plan, input, s.byte());
    }
    if let Ok(input) = BatchInput::study_major(&units.y, &units.v, s.below(24), s.below(24)) {
        run(plan, input, s.byte());
    }
    if let Ok(input) = BatchInput::unit_major(&units.y, &units.v, s.below(8)) {
        let mut short = vec![0.0; s.below(24)];
        let enough = short.len() == input.units();
        let mut output = BatchOutput { mu: Some(&mut short), ..BatchOutput::default() };
        assert_eq!(plan.run(input, &mut output).is_ok(), enough);
    }
}

fn regress(model: &BatchRegression, input: BatchInput<'_>, p: usize, how: u8) -> Option<Found> {
    let units = input.units();
    let lengths = [p * units, p * units, p * units, p * units, p * units, p * units, units, units, units, units, units];
    let mut columns: Vec<Vec<f64>> = lengths.iter().map(|&n| vec![0.0; n]).collect();
    let (mut flags, mut count) = (vec![UnitFlags::NONE; units], vec![0; units]);
    let summary = {
        let mut each = columns.iter_mut().map(Vec::as_mut_slice);
        let mut output = RegressionOutput {
            coefficients: each.next(),
            se: each.next(),
            p: each.next(),
            log10_p: each.next(),
            hk_se: each.next(),
            hk_p: each.next(),
            tau2: each.next(),
            qe: each.next(),
            qe_p: each.next(),
            qm: each.next(),
            qm_p: each.next(),
            flags: Some(&mut flags),
            count: Some(&mut count),
        };
        match how % 3 {
            0 => model.run(input, &mut output),
            1 => model.run_parallel(input, &mut output),
            _ => model.run_with(input, &mut output, &mut |_| ControlFlow::Continue(())),
        }
        .ok()?
    };
    for (u, flag) in flags.iter().enumerate() {
        if flag.failed() {
            continue;
        }
        let tau2 = columns[6][u];
        assert!(tau2.is_finite() && tau2 >= 0.0, "tau2 of unit {u}: {tau2}");
        for (coefficient, se) in
            (0..p).map(|j| [0, 1].map(|column| columns[column][j * units + u])).map(|[b, se]| (b, se))
        {
            assert!(coefficient.is_finite() && se.is_finite() && se >= 0.0, "unit {u}: {coefficient} ({se})");
        }
    }
    Some(Found { columns: bits(&columns), flags, count, summary: counts(summary) })
}

/// Regressions of one design on many units.
pub fn batch_regression(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let units = Units::new(s, 12, 8);
    let (n, k) = (units.units, units.k);
    let covariates: Vec<Vec<f64>> = (0..s.below(4))
        .map(|_| {
            let tame = !s.one_in(4);
            (0..k).map(|_| if tame { f64::from(s.byte() % 16) } else { s.number() }).collect()
        })
        .collect();
    let columns: Vec<&[f64]> = covariates.iter().map(Vec::as_slice).collect();
    let design = if s.one_in(3) { BatchDesign::without_intercept(k, &columns) } else { BatchDesign::new(k, &columns) };
    let Ok(design) = design else { return };
    let p = design.coefficients();
    let method = if s.one_in(2) { s.pick(&METHODS) } else { s.pick(&Tau2::ESTIMATORS) };
    let model = if s.one_in(7) { BatchRegression::common(design) } else { BatchRegression::random(design, method) };
    let model = model.chunk(s.below(16));
    let how = s.byte();
    let input = BatchInput::unit_major(&units.y, &units.v, k).expect("whole units");
    let input = if s.one_in(2) { input.missing(&units.mask).expect("a mask of the right length") } else { input };
    let expected = regress(&model, input, p, how).expect("units of the size of the design");
    let scalar = model.clone().instruction_set(InstructionSet::Scalar);
    assert_eq!(regress(&scalar, input, p, 0).as_ref(), Some(&expected));
    if s.one_in(2) {
        let [y, v] = [&units.y, &units.v].map(|column| units.study_major(column, n, f64::NAN));
        if let Ok(input) = BatchInput::study_major(&y, &v, n, n) {
            let plain = BatchInput::unit_major(&units.y, &units.v, k).expect("whole units");
            assert_eq!(regress(&model, input, p, 0), regress(&model, plain, p, 1));
        }
    }
    let offsets: Vec<usize> = (0..=n).map(|u| u * k).collect();
    let ragged = BatchInput::ragged(&units.y, &units.v, &offsets).expect("rising offsets");
    assert!(regress(&model, ragged, p, 0).is_none(), "units of any size have no rows of the design");
}
