//! Single fits and batches as named pieces of work, for programs that compare them: `benches/peers/compare.py` with other tools,
//! `.ci/instructions.py` with the instruction counts of the last change.
//!
//! * `kernels time SECONDS [WORD]`: CPU nanoseconds per fit of every piece, or of those with the word in their name, as JSON;
//! * `kernels count NAME REPEATS`: runs a piece so many times (callgrind counts the instructions);
//! * `kernels data FOLDER`: writes the data of the pieces for other programs, as little-endian `f64`;
//! * without arguments: runs every piece once.
#![allow(missing_docs, reason = "a program")]

mod data;
mod regression;
mod work;

use std::fs;
use std::path::Path;
use std::time::Instant;

use meta_analysis::Tau2;
use meta_analysis::batch::InstructionSet;

use work::{Batch, Known, Shape, Wanted, Work, design, divide, estimates, fits, read, regression};

/// Units of the batches that are compared with other tools: not a multiple of 512, which would put all studies in the same cache sets.
const UNITS: usize = 99_936;
const BATCH_K: usize = 20;
/// Studies of the single fits that are compared with other tools.
const SINGLE: [usize; 5] = [10, 20, 50, 100, 1000];
/// Units whose studies fit into the second cache: an odd number of its lines, so that studies do not share a few cache sets.
const IN_CACHE: usize = 200;
/// Units whose studies, 160 MB, do not fit into any cache.
const FROM_MEMORY: usize = 499_936;

/// What other tools are compared with.
fn compared() -> Vec<Work> {
    let mut all = Vec::new();
    for k in SINGLE {
        all.extend(estimates(k));
        all.extend(fits(k));
    }
    all.push(design(10));
    all.extend([10, 50].map(regression));
    let mut known = Known::new();
    all.extend(batches().into_iter().map(|batch| batch.work(&mut known)));
    all.push(read(20_000_000));
    all.push(divide(2 * BATCH_K));
    all
}

fn batches() -> Vec<Batch> {
    let (dl, reml) = (Tau2::DerSimonianLaird, Tau2::Reml);
    // As a plan is made where the feature `prefetch` is on.
    let compared = |name, tau2, wanted| Batch::new(name, tau2, wanted, BATCH_K, UNITS).prefetch();
    let mut all = vec![compared("dl", dl, Wanted::P), compared("reml", reml, Wanted::Core)];
    for (dl_name, reml_name, set) in
        [("dl, avx2", "reml, avx2", InstructionSet::Avx2), ("dl, scalar", "reml, scalar", InstructionSet::Scalar)]
    {
        all.push(compared(dl_name, dl, Wanted::P).set(set));
        all.push(compared(reml_name, reml, Wanted::Core).set(set));
    }
    all.extend([compared("dl", dl, Wanted::All), compared("reml", reml, Wanted::All)]);
    let in_cache = |name, tau2, wanted| Batch::new(name, tau2, wanted, BATCH_K, IN_CACHE);
    for wanted in [Wanted::Core, Wanted::Most, Wanted::All] {
        all.push(in_cache("dl, in cache", dl, wanted));
    }
    all.push(in_cache("dl, in cache, missing", dl, Wanted::Core).shape(Shape::Missing));
    all.push(in_cache("dl, in cache, unit-major", dl, Wanted::Core).shape(Shape::UnitMajor));
    all.push(in_cache("dl, in cache, ragged", dl, Wanted::Core).shape(Shape::Ragged));
    all.push(in_cache("reml, in cache", reml, Wanted::Core));
    all.push(in_cache("reml, in cache, missing", reml, Wanted::Core).shape(Shape::Missing));
    all.push(in_cache("pm, in cache", Tau2::PauleMandel, Wanted::Core));
    let from_memory = |name, tau2, wanted| Batch::new(name, tau2, wanted, BATCH_K, FROM_MEMORY);
    all.push(from_memory("dl, from memory", dl, Wanted::Core));
    all.push(from_memory("reml, from memory", reml, Wanted::Core));
    all.push(from_memory("dl, from memory, prefetch", dl, Wanted::Core).prefetch());
    all.push(from_memory("dl, from memory, prefetch", dl, Wanted::Most).prefetch());
    all.push(from_memory("dl, from memory, prefetch", dl, Wanted::All).prefetch());
    all.push(from_memory("reml, from memory, prefetch", reml, Wanted::Core).prefetch());
    let shapes = [
        ("dl, from memory, prefetch, stride of 4096 bytes", Shape::Aliased),
        ("dl, from memory, prefetch, unit-major", Shape::UnitMajor),
        ("dl, from memory, prefetch, ragged", Shape::Ragged),
    ];
    all.extend(shapes.map(|(name, shape)| from_memory(name, dl, Wanted::Core).prefetch().shape(shape)));
    all
}

/// What instructions are counted of: one instruction set, so that the machine does not matter.
fn counted() -> Vec<Work> {
    let mut all = Vec::new();
    for k in [10, 20, 50] {
        all.extend(estimates(k));
        all.extend(fits(k));
    }
    all.push(design(10));
    all.extend([10, 20].map(regression));
    let mut known = Known::new();
    for (name, tau2) in [("dl", Tau2::DerSimonianLaird), ("pm", Tau2::PauleMandel), ("reml", Tau2::Reml)] {
        all.push(Batch::new(name, tau2, Wanted::Core, 10, 512).set(InstructionSet::Scalar).work(&mut known));
    }
    all.push(
        Batch::new("dl", Tau2::DerSimonianLaird, Wanted::All, 10, 512).set(InstructionSet::Scalar).work(&mut known),
    );
    all
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["time", seconds] => time(seconds.parse().expect("seconds"), ""),
        ["time", seconds, word] => time(seconds.parse().expect("seconds"), word),
        ["names"] => counted().iter().for_each(|work| println!("{}", work.name)),
        ["count", name, repeats] => {
            let repeats: usize = repeats.parse().expect("a number");
            let mut work = counted().into_iter().find(|work| work.name == name).expect("a name that `names` lists");
            (0..repeats).for_each(|_| (work.run)());
        }
        ["data", folder] => write(Path::new(folder)),
        _ => counted().iter_mut().for_each(|work| (work.run)()),
    }
}

/// CPU time of this process so far. On a busy machine it says more than the clock.
fn cpu_seconds(start: Instant) -> f64 {
    let scheduler = fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds: Option<f64> = scheduler.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |ns| ns * 1e-9)
}

/// Fastest of five rounds of `seconds` each. The rounds are interleaved, so that a busy neighbour slows all pieces alike.
fn time(seconds: f64, word: &str) {
    let start = Instant::now();
    let measure = |work: &mut Work, repeats: usize| {
        let from = cpu_seconds(start);
        (0..repeats).for_each(|_| (work.run)());
        cpu_seconds(start) - from
    };
    let mut all: Vec<(Work, usize, f64)> =
        compared().into_iter().filter(|work| work.name.contains(word)).map(|work| (work, 1, f64::INFINITY)).collect();
    for (work, repeats, _) in &mut all {
        (work.run)();
        while measure(work, *repeats) < 0.5 * seconds {
            *repeats *= 2;
        }
    }
    for _ in 0..5 {
        for (work, repeats, best) in &mut all {
            *best = best.min(measure(work, *repeats));
        }
    }
    let lines: Vec<String> = all
        .iter()
        .map(|(work, repeats, best)| format!("\"{}\": {}", work.name, best * 1e9 / (repeats * work.units) as f64))
        .collect();
    println!("{{{}}}", lines.join(", "));
}

fn write(folder: &Path) {
    let put = |name: &str, (y, v): (Vec<f64>, Vec<f64>)| {
        for (kind, values) in [("y", y), ("v", v)] {
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            fs::write(folder.join(format!("{name}.{kind}")), bytes).expect("written");
        }
    };
    for k in SINGLE {
        put(&format!("single{k}"), data::single(k));
    }
    put("batch", data::study_major(BATCH_K, UNITS, BATCH_K as u64));
}
