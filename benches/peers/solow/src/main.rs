//! CPU time of solow-stats on the data of `kernels data FOLDER`, as JSON: nanoseconds per fit. `peer-solow FOLDER SECONDS`

use std::hint::black_box;
use std::{env, fs, path::Path, time::Instant};

use solow_stats::{MetaStudy as Study, meta_random_effects};

fn numbers(path: &Path) -> Vec<f64> {
    let bytes = fs::read(path).expect("a file of `kernels data`");
    bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

/// CPU time of this process so far.
fn cpu_seconds(start: Instant) -> f64 {
    let scheduler = fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds: Option<f64> = scheduler.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |ns| ns * 1e-9)
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let (folder, seconds) = (Path::new(&arguments[1]), arguments[2].parse::<f64>().expect("seconds"));
    let start = Instant::now();
    let mut lines = Vec::new();
    for k in [10, 100, 1000] {
        let (y, v) = (numbers(&folder.join(format!("single{k}.y"))), numbers(&folder.join(format!("single{k}.v"))));
        let studies: Vec<Study> =
            y.iter().zip(&v).map(|(effect, variance)| Study { estimate: *effect, se: variance.sqrt() }).collect();
        let measure = |repeats: usize| {
            let from = cpu_seconds(start);
            for _ in 0..repeats {
                black_box(meta_random_effects(black_box(&studies)).expect("fits"));
            }
            cpu_seconds(start) - from
        };
        let mut repeats = 1;
        while measure(repeats) < 0.5 * seconds {
            repeats *= 2;
        }
        let best = (0..5).map(|_| measure(repeats)).fold(f64::INFINITY, f64::min);
        lines.push(format!("\"solow-stats dl k={k}\": {}", best * 1e9 / repeats as f64));
    }
    println!("{{{}}}", lines.join(", "));
}
