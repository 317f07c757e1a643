//! Single fits and batches as named pieces of work, for programs that compare them: `benches/peers/compare.py` with other tools,
//! `.ci/instructions.py` with the instruction counts of the last change.
//!
//! * `kernels time SECONDS`: CPU nanoseconds per fit of every piece, as JSON;
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

use work::{Wanted, Work, batch, design, estimates, fits, read, regression};

/// Units of the batches that are compared with other tools: not a multiple of 512, which would put all studies in the same cache sets.
const UNITS: usize = 99_936;
const BATCH_K: usize = 20;
/// Studies of the single fits that are compared with other tools.
const SINGLE: [usize; 5] = [10, 20, 50, 100, 1000];

/// What other tools are compared with.
fn compared() -> Vec<Work> {
    let mut all = Vec::new();
    for k in SINGLE {
        all.extend(estimates(k));
        all.extend(fits(k));
    }
    all.push(design(10));
    all.extend([10, 50].map(regression));
    let (dl, reml) = (Tau2::DerSimonianLaird, Tau2::Reml);
    for (set_name, set) in
        [("", InstructionSet::Auto), (", avx2", InstructionSet::Avx2), (", scalar", InstructionSet::Scalar)]
    {
        all.push(batch(&format!("dl{set_name}"), dl, Wanted::P, set, BATCH_K, UNITS));
        all.push(batch(&format!("reml{set_name}"), reml, Wanted::Core, set, BATCH_K, UNITS));
    }
    all.push(batch("dl", dl, Wanted::All, InstructionSet::Auto, BATCH_K, UNITS));
    all.push(batch("reml", reml, Wanted::All, InstructionSet::Auto, BATCH_K, UNITS));
    // in cache, and from memory
    for (name, tau2) in [("dl", dl), ("reml", reml)] {
        all.push(batch(&format!("{name}, in cache"), tau2, Wanted::Core, InstructionSet::Auto, BATCH_K, 192));
        all.push(batch(&format!("{name}, from memory"), tau2, Wanted::Core, InstructionSet::Auto, BATCH_K, 499_936));
    }
    all.push(read(20_000_000));
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
    for (name, tau2) in [("dl", Tau2::DerSimonianLaird), ("pm", Tau2::PauleMandel), ("reml", Tau2::Reml)] {
        all.push(batch(name, tau2, Wanted::Core, InstructionSet::Scalar, 10, 512));
    }
    all.push(batch("dl", Tau2::DerSimonianLaird, Wanted::All, InstructionSet::Scalar, 10, 512));
    all
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["time", seconds] => time(seconds.parse().expect("seconds")),
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

/// Fastest of five runs of `seconds` each.
fn time(seconds: f64) {
    let start = Instant::now();
    let mut lines = Vec::new();
    for mut work in compared() {
        (work.run)();
        let mut repeats = 1_usize;
        let mut measure = |repeats: usize| {
            let from = cpu_seconds(start);
            (0..repeats).for_each(|_| (work.run)());
            cpu_seconds(start) - from
        };
        while measure(repeats) < 0.5 * seconds {
            repeats *= 2;
        }
        let best = (0..5).map(|_| measure(repeats)).fold(f64::INFINITY, f64::min);
        lines.push(format!("\"{}\": {}", work.name, best * 1e9 / (repeats * work.units) as f64));
    }
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
