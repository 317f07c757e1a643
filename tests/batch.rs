//! Batches give the numbers of single fits: the same bits on every path, and those of the certified search to 1e-12.

use meta_analysis::Tau2;
use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, BatchSummary, InstructionSet, UnitFit, UnitFlags};
use meta_analysis::tau2::Workspace;
use std::ops::ControlFlow;

/// mpmath, 40 digits: `log10(erfc(100/sqrt(2)))`, by `tests/reference/batch.py`
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const FAR: f64 = -2173.5705128733703953;
const METHODS: [Option<Tau2>; 7] = [
    None,
    Some(Tau2::DerSimonianLaird),
    Some(Tau2::Hedges),
    Some(Tau2::SidikJonkman),
    Some(Tau2::PauleMandel),
    Some(Tau2::Reml),
    Some(Tau2::MaximumLikelihood),
];
const SETS: [InstructionSet; 5] = [
    InstructionSet::Auto,
    InstructionSet::Scalar,
    InstructionSet::Baseline,
    InstructionSet::Avx2,
    InstructionSet::Avx512,
];

fn plan(method: Option<Tau2>) -> BatchPlan {
    method.map_or_else(BatchPlan::common, |method| BatchPlan::random(method).unwrap())
}

/// splitmix64
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Studies of one unit; the spread of the variances, tau2, the unit and the offset vary from unit to unit.
fn unit(random: &mut Random, k: usize) -> (Vec<f64>, Vec<f64>) {
    let spread = 2.0 * random.uniform();
    let scale = 10_f64.powf(6.0 * random.uniform() - 3.0);
    let offset = scale * 10_f64.powf(4.0 * random.uniform() - 2.0);
    let tau2 = if random.uniform() < 0.4 { 0.0 } else { 4.0 * random.uniform() };
    let v: Vec<f64> = (0..k).map(|_| (spread * random.normal()).exp()).collect();
    let y = v.iter().map(|v| offset + scale * (v + tau2).sqrt() * random.normal()).collect();
    (y, v.iter().map(|v| v * scale * scale).collect())
}

/// Units one after the other, `k` studies each.
fn units(seed: u64, n: usize, k: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random(seed);
    let (mut y, mut v) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let (effects, variances) = unit(&mut random, k);
        y.extend(effects);
        v.extend(variances);
    }
    (y, v)
}

fn transpose(x: &[f64], k: usize, stride: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; k * stride];
    for (u, unit) in x.chunks(k).enumerate() {
        for (i, value) in unit.iter().enumerate() {
            out[i * stride + u] = *value;
        }
    }
    out
}

/// All columns of a run.
#[derive(Default)]
struct Columns {
    numbers: Vec<Vec<f64>>,
    flags: Vec<UnitFlags>,
    count: Vec<u32>,
    summary: BatchSummary,
}

impl Columns {
    fn run(fit: impl FnOnce(&mut BatchOutput<'_>) -> BatchSummary, n: usize) -> Self {
        let mut columns = Self {
            numbers: vec![vec![0.5; n]; 13],
            flags: vec![UnitFlags::NONE; n],
            count: vec![0; n],
            ..Self::default()
        };
        let mut numbers = columns.numbers.iter_mut();
        let mut next = || numbers.next().map(Vec::as_mut_slice);
        let mut output = BatchOutput {
            mu: next(),
            se: next(),
            tau2: next(),
            q: next(),
            i2: next(),
            p: next(),
            log10_p: next(),
            hk_se: next(),
            hk_p: next(),
            hk_log10_p: next(),
            q_p: next(),
            prediction_lower: next(),
            prediction_upper: next(),
            flags: Some(&mut columns.flags),
            count: Some(&mut columns.count),
        };
        columns.summary = fit(&mut output);
        columns
    }

    fn of(plan: &BatchPlan, input: BatchInput<'_>) -> Self {
        Self::run(|output| plan.run(input, output).unwrap(), input.units())
    }

    fn bits(&self, u: usize) -> (Vec<u64>, UnitFlags, u32) {
        (self.numbers.iter().map(|column| column[u].to_bits()).collect(), self.flags[u], self.count[u])
    }
}

fn bits(fit: &UnitFit) -> (Vec<u64>, UnitFlags, u32) {
    let numbers = [
        fit.mu,
        fit.se,
        fit.tau2,
        fit.q,
        fit.i2,
        fit.p,
        fit.log10_p,
        fit.hk_se,
        fit.hk_p,
        fit.hk_log10_p,
        fit.q_p,
        fit.prediction_lower,
        fit.prediction_upper,
    ];
    (numbers.iter().map(|x| x.to_bits()).collect(), fit.flags, fit.count)
}

/// Bit for bit the same, NaN included (there is one NaN only).
fn assert_same(a: &Columns, b: &Columns, what: &str) {
    assert_eq!(a.flags.len(), b.flags.len());
    for u in 0..a.flags.len() {
        assert_eq!(a.bits(u), b.bits(u), "{what}, unit {u}");
    }
}

#[test]
fn bits_do_not_depend_on_instructions_layout_chunks_or_neighbours() {
    for k in [2, 3, 7, 20] {
        let n = 203;
        let (mut y, mut v) = units(k as u64, n, k);
        // A few studies are missing, in each of the three ways.
        for (place, (y, v)) in y.iter_mut().zip(&mut v).enumerate() {
            match place % 37 {
                5 => *y = f64::NAN,
                17 => *v = f64::NAN,
                29 => *v = f64::INFINITY,
                _ => {}
            }
        }
        for method in METHODS {
            let plan = plan(method);
            let base = Columns::of(&plan, BatchInput::unit_major(&y, &v, k).unwrap());
            for u in 0..n {
                let single = plan.fit_one(&y[u * k..(u + 1) * k], &v[u * k..(u + 1) * k]).unwrap();
                assert_eq!(base.bits(u), bits(&single), "{method:?} k {k} unit {u}");
            }
            for stride in [n, 512] {
                let (ty, tv) = (transpose(&y, k, stride), transpose(&v, k, stride));
                let input = BatchInput::study_major(&ty, &tv, n, stride).unwrap();
                for set in SETS {
                    assert_same(&base, &Columns::of(&plan.instruction_set(set), input), &format!("{method:?} {set:?}"));
                }
                for chunk in [1, 7, 64, 100_000] {
                    assert_same(&base, &Columns::of(&plan.chunk(chunk), input), &format!("{method:?} chunk {chunk}"));
                }
                let (ry, rv): (Vec<&[f64]>, Vec<&[f64]>) =
                    ty.chunks(stride).zip(tv.chunks(stride)).map(|(y, v)| (&y[..n], &v[..n])).unzip();
                let columns = BatchInput::columns(&ry, &rv).unwrap();
                assert_same(&base, &Columns::of(&plan, columns), &format!("{method:?} columns"));
            }
            // Without the missing studies: the same numbers.
            let (mut ry, mut rv, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
            for (y, v) in y.chunks(k).zip(v.chunks(k)) {
                for (y, v) in y.iter().zip(v).filter(|(y, v)| !y.is_nan() && **v < f64::INFINITY) {
                    ry.push(*y);
                    rv.push(*v);
                }
                offsets.push(ry.len());
            }
            let ragged = BatchInput::ragged(&ry, &rv, &offsets).unwrap();
            assert_same(&base, &Columns::of(&plan, ragged), &format!("{method:?} ragged"));
            // Missing by a mask instead.
            let mask: Vec<bool> =
                y.iter().zip(&v).map(|(y, v)| y.is_nan() || v.is_nan() || *v == f64::INFINITY).collect();
            let (my, mv): (Vec<f64>, Vec<f64>) =
                y.iter().zip(&v).zip(&mask).map(|((y, v), mask)| if *mask { (7.0, 1.0) } else { (*y, *v) }).unzip();
            let masked = BatchInput::unit_major(&my, &mv, k).unwrap().missing(&mask).unwrap();
            assert_same(&base, &Columns::of(&plan, masked), &format!("{method:?} mask"));
            // Hostile neighbours.
            let (mut hy, mut hv) = (y.clone(), v.clone());
            for u in (0..n).step_by(3) {
                let (wrong_y, wrong_v) = [(1e300, 1e-300), (f64::INFINITY, 1.0), (0.0, -1.0), (0.0, 0.0)][u / 3 % 4];
                hy[u * k] = wrong_y;
                hv[u * k + k - 1] = wrong_v;
            }
            let hostile = Columns::of(&plan, BatchInput::unit_major(&hy, &hv, k).unwrap());
            for u in (0..n).filter(|u| u % 3 != 0) {
                assert_eq!(base.bits(u), hostile.bits(u), "{method:?} unit {u} beside a hostile one");
            }
        }
    }
}

/// Compares one unit with `tau2::Workspace`; returns the errors of tau2 and of the mean.
fn compare(
    fit: (f64, f64, f64, f64),
    y: &[f64],
    v: &[f64],
    method: Option<Tau2>,
    workspace: &mut Workspace,
) -> [f64; 2] {
    let (mu, se, tau2, q) = fit;
    workspace.load(y, v).unwrap();
    let truth = method.map_or(0.0, |method| workspace.estimate(method).unwrap().tau2);
    let mean = workspace.mean_at(truth).unwrap();
    let least = v.iter().copied().fold(f64::INFINITY, f64::min);
    let error = (tau2 - truth).abs() / (truth + least);
    // An offset costs the mean its digits whoever computes it.
    let size = y.iter().fold(0.0_f64, |size, y| size.max(y.abs()));
    let of_mean = (mu - mean.mean).abs() / (mean.standard_error + size);
    let of_se = (se / mean.standard_error - 1.0).abs();
    let of_q = (q - workspace.generalized_q(0.0).unwrap()).abs() / (1.0 + q);
    [error, of_mean.max(of_se).max(of_q)]
}

/// Random units against the certified search; `META_ANALYSIS_BATCH_UNITS` sets how many.
#[test]
fn random_units_agree_with_the_certified_search() {
    let n: usize = std::env::var("META_ANALYSIS_BATCH_UNITS").map_or(3000, |n| n.parse().expect("a number"));
    let mut workspace = Workspace::new();
    for method in METHODS {
        let (mut done, mut seed) = (0, 0);
        let (mut worst, mut searched, mut several) = ([0.0_f64; 2], 0, 0);
        while done < n {
            for k in [2, 3, 4, 6, 10, 25] {
                let size = 100;
                seed += 1;
                let (y, v) = units(1000 + seed, size, k);
                let columns = Columns::of(&plan(method), BatchInput::unit_major(&y, &v, k).unwrap());
                assert_eq!(columns.summary.failed, 0);
                searched += columns.summary.searched;
                several += columns.summary.several_maxima;
                for u in 0..size {
                    let (y, v) = (&y[u * k..(u + 1) * k], &v[u * k..(u + 1) * k]);
                    let of = |column: usize| columns.numbers[column][u];
                    let errors = compare((of(0), of(1), of(2), of(3)), y, v, method, &mut workspace);
                    assert!(errors.iter().all(|e| *e < 1e-12), "{method:?} {errors:?} {y:?} {v:?}");
                    worst = [worst[0].max(errors[0]), worst[1].max(errors[1])];
                    if columns.flags[u].contains(UnitFlags::SEVERAL_MAXIMA) {
                        workspace.load(y, v).unwrap();
                        let certificate = workspace.certify(method.unwrap()).unwrap().certificate.unwrap();
                        assert!(!certificate.unimodal);
                    }
                }
                done += size;
            }
        }
        println!("{method:?}: {done} units, worst {worst:?}, searched {searched}, several maxima {several}");
        assert!(searched < done, "the kernel does nothing");
    }
}

/// Units whose likelihood has several maxima are never taken for ordinary ones.
#[test]
fn several_maxima_are_seen_and_the_global_one_is_taken() {
    let mut random = Random(7);
    let mut workspace = Workspace::new();
    let mut several = 0;
    for _ in 0..4000 {
        let k = 4 + (random.uniform() * 6.0) as usize;
        let v: Vec<f64> = (0..k).map(|_| 10_f64.powf(3.0 * random.uniform())).collect();
        let y: Vec<f64> =
            v.iter().map(|v| v.sqrt() * random.normal() * if random.uniform() < 0.2 { 5.0 } else { 0.7 }).collect();
        for method in [Tau2::Reml, Tau2::MaximumLikelihood] {
            workspace.load(&y, &v).unwrap();
            let fit = workspace.certify(method).unwrap();
            let certificate = fit.certificate.unwrap();
            let batch = plan(Some(method)).fit_one(&y, &v).unwrap();
            let least = v.iter().copied().fold(f64::INFINITY, f64::min);
            assert!((batch.tau2 - fit.tau2).abs() <= 1e-12 * (fit.tau2 + least), "{method} {y:?} {v:?}");
            assert_eq!(batch.flags.contains(UnitFlags::SEVERAL_MAXIMA), !certificate.unimodal, "{method} {y:?} {v:?}");
            several += usize::from(!certificate.unimodal);
        }
    }
    assert!(several > 200, "only {several} likelihoods have several maxima");
}

#[derive(serde::Deserialize)]
struct Hard {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: u32,
    yi: Vec<f64>,
    vi: Vec<f64>,
}

#[test]
fn hard_cases_agree_with_the_certified_search() {
    let hard: Hard = serde_json::from_str(include_str!("reference/hard_cases.json")).expect("valid JSON");
    assert!(hard.cases.len() > 50);
    let mut workspace = Workspace::new();
    for case in &hard.cases {
        for method in METHODS {
            let fit = plan(method).fit_one(&case.yi, &case.vi).unwrap();
            assert!(!fit.flags.failed(), "case {}: {}", case.id, fit.flags);
            let errors = compare((fit.mu, fit.se, fit.tau2, fit.q), &case.yi, &case.vi, method, &mut workspace);
            assert!(errors.iter().all(|e| *e < 1e-12), "case {} {method:?} {errors:?} {}", case.id, fit.flags);
        }
    }
}

#[test]
fn one_bad_unit_is_one_flag() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let y =
        [0.1, 0.5, 0.3, nan, 0.2, nan, inf, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.2, 0.2, 0.2, 1e200, -1e200, 0.0];
    let v =
        [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, -0.2, 0.3, 0.0, 0.2, 0.3, 0.1, 0.2, 0.3, 1e-300, 0.1, 0.2];
    let input = BatchInput::unit_major(&y, &v, 3).unwrap();
    let columns = Columns::of(&plan(Some(Tau2::DerSimonianLaird)), input);
    assert!(!columns.flags[0].failed());
    assert_eq!(columns.flags[1], UnitFlags::TOO_FEW_STUDIES);
    assert_eq!(columns.flags[2], UnitFlags::INVALID_VALUE);
    assert_eq!(columns.flags[3], UnitFlags::INVALID_VALUE);
    assert_eq!(columns.flags[4], UnitFlags::UNDEFINED);
    assert!(columns.flags[5].contains(UnitFlags::NO_VARIATION) && !columns.flags[5].failed());
    assert_eq!(columns.flags[6], UnitFlags::OUT_OF_RANGE);
    assert_eq!(columns.count, [3, 1, 3, 3, 3, 3, 3]);
    assert_eq!(columns.summary.failed, 5);
    for u in 0..7 {
        for (c, column) in columns.numbers.iter().enumerate() {
            let hartung_knapp = (7..=9).contains(&c) || c >= 11;
            let nan = columns.flags[u].failed() || (u == 5 && hartung_knapp);
            assert_eq!(column[u].is_nan(), nan, "unit {u}, column {c}: {}", column[u]);
            assert!(!column[u].is_infinite());
        }
    }
}

#[test]
fn progress_is_told_and_can_end_the_run() {
    let (y, v) = units(3, 100, 4);
    let input = BatchInput::unit_major(&y, &v, 4).unwrap();
    let mut told = Vec::new();
    let plan = plan(Some(Tau2::PauleMandel)).chunk(30);
    let whole = Columns::of(&plan, input);
    let part = Columns::run(
        |output| {
            plan.run_with(input, output, &mut |done| {
                told.push(done);
                if done >= 60 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap()
        },
        100,
    );
    assert_eq!(told, [30, 60]);
    assert!(part.summary.cancelled && part.summary.units == 60 && !whole.summary.cancelled);
    for u in 0..60 {
        assert_eq!(whole.bits(u), part.bits(u));
    }
    assert_eq!(part.numbers[0][60], 0.5);
}

#[cfg(feature = "parallel")]
#[test]
fn progress_is_told_and_can_end_the_run_on_several_threads() {
    use std::sync::Mutex;
    let (y, v) = units(3, 1000, 4);
    let input = BatchInput::unit_major(&y, &v, 4).unwrap();
    let plan = plan(Some(Tau2::PauleMandel)).chunk(30);
    let whole = Columns::of(&plan, input);
    let told = Mutex::new(Vec::new());
    let all = Columns::run(
        |output| {
            let progress = |done| {
                told.lock().unwrap().push(done);
                ControlFlow::Continue(())
            };
            plan.run_parallel_with(input, output, &progress).unwrap()
        },
        1000,
    );
    assert_same(&whole, &all, "progress");
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    assert_eq!(told.len(), 34, "once per chunk");
    assert_eq!(told.last(), Some(&1000));
    let part = Columns::run(|output| plan.run_parallel_with(input, output, &|_| ControlFlow::Break(())).unwrap(), 1000);
    assert!(part.summary.cancelled && part.summary.units < 1000, "{:?}", part.summary);
    // What was written is right, and as much as the summary says.
    let written = (0..1000).filter(|u| part.numbers[0][*u] != 0.5);
    assert_eq!(written.inspect(|u| assert_eq!(whole.bits(*u), part.bits(*u))).count(), part.summary.units);
}

#[cfg(feature = "parallel")]
#[test]
fn threads_change_no_bit() {
    let (y, v) = units(9, 1000, 5);
    let input = BatchInput::unit_major(&y, &v, 5).unwrap();
    for method in METHODS {
        let plan = plan(method).chunk(17);
        let one = Columns::of(&plan, input);
        let many = Columns::run(|output| plan.run_parallel(input, output).unwrap(), 1000);
        assert_same(&one, &many, "threads");
        assert_eq!(one.summary, many.summary);
    }
}

/// `tests/reference/batch.json`: metafor's columns for one unit.
#[derive(serde::Deserialize)]
struct Metafor {
    y: Vec<f64>,
    v: Vec<f64>,
    fits: Vec<std::collections::HashMap<String, String>>,
}

#[test]
fn columns_agree_with_metafor() {
    let metafor: Metafor = serde_json::from_str(include_str!("reference/batch.json")).expect("valid JSON");
    assert_eq!(metafor.fits.len(), METHODS.len());
    for (method, theirs) in METHODS.into_iter().zip(&metafor.fits) {
        let fit = plan(method).fit_one(&metafor.y, &metafor.v).unwrap();
        let name = theirs["method"].as_str();
        assert_eq!(method.map_or("EE", Tau2::code), name);
        assert!(!fit.flags.failed());
        let ours = [
            ("mu", fit.mu),
            ("se", fit.se),
            ("tau2", fit.tau2),
            ("q", fit.q),
            ("i2", fit.i2),
            ("p", fit.p),
            ("q_p", fit.q_p),
            ("hk_se", fit.hk_se),
            ("hk_p", fit.hk_p),
            ("prediction_lower", fit.prediction_lower),
            ("prediction_upper", fit.prediction_upper),
        ];
        // The common effect has no tau2, and metafor no Hartung-Knapp test of it.
        let compared = ours.iter().filter(|(what, _)| theirs.contains_key(*what)).count();
        assert_eq!(compared, if method.is_none() { 7 } else { 11 });
        for (what, ours) in ours {
            let Some(theirs) = theirs.get(what) else { continue };
            let theirs: f64 = theirs.parse().expect("a number");
            assert!((ours - theirs).abs() <= 1e-11 * theirs.abs(), "{name} {what}: {ours} {theirs}");
        }
        assert!((fit.log10_p - fit.p.log10()).abs() < 1e-13 && (fit.hk_log10_p - fit.hk_p.log10()).abs() < 1e-13);
    }
    // log10 p where p is below the smallest double: z = 100, see `FAR`
    let far = BatchPlan::common().fit_one(&[100.0], &[1.0]).unwrap();
    assert_eq!(far.p, 0.0);
    assert!((far.log10_p / FAR - 1.0).abs() < 1e-14, "{}", far.log10_p);
}

#[test]
fn wrong_shapes_are_errors() {
    let (y, v) = ([0.0; 6], [1.0; 6]);
    assert!(BatchInput::study_major(&y, &v[..5], 2, 2).is_err());
    assert!(BatchInput::study_major(&y, &v, 3, 2).is_err());
    assert!(BatchInput::study_major(&y[..4], &v[..4], 2, 3).is_err());
    assert!(BatchInput::unit_major(&y, &v, 4).is_err());
    assert!(BatchInput::unit_major(&y, &v, 0).is_err());
    assert!(BatchInput::ragged(&y, &v, &[0, 4, 2, 6]).is_err());
    assert!(BatchInput::ragged(&y, &v, &[0, 5]).is_err());
    assert!(BatchInput::columns(&[&y], &[&v[..3]]).is_err());
    let input = BatchInput::unit_major(&y, &v, 3).unwrap();
    assert!(input.missing(&[false; 5]).is_err());
    let mut short = [0.0; 1];
    let mut output = BatchOutput { mu: Some(&mut short), ..BatchOutput::default() };
    assert!(BatchPlan::common().run(input, &mut output).is_err());
    assert!(BatchPlan::random(Tau2::HunterSchmidt).is_err());
    assert!(BatchPlan::common().level(1.0).is_err());
    let empty = BatchInput::unit_major(&[], &[], 0).unwrap();
    assert_eq!(BatchPlan::common().run(empty, &mut BatchOutput::default()).unwrap().units, 0);
}
