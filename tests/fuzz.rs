//! The fuzz targets on stable Rust: the kept corpus, then seeded inputs. `FUZZ_INPUTS` sets how many for each target.

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the same file is a crate of its own under `fuzz`")]
mod fuzz;

use meta_analysis::num::random;
use std::path::Path;

fn seeded(target: usize, input: u64) -> Vec<u8> {
    let seed = target as u64 * 1_000_003 + 17;
    let at = |i: u64| (random::uniform(seed, input * 512 + i) * 256.0) as u8;
    let length = 8 + (random::uniform(seed, input * 512 + 511) * 200.0) as u64;
    (0..length).map(at).collect()
}

#[test]
fn the_corpus_holds() {
    for (name, target) in fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut inputs = 0;
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            target(&std::fs::read(entry.expect("an entry").path()).expect("a file"));
            inputs += 1;
        }
        assert!(inputs > 0, "the corpus of {name} is empty");
    }
}

#[test]
fn seeded_inputs_hold() {
    let inputs: u64 = std::env::var("FUZZ_INPUTS").map_or(250, |n| n.parse().expect("a number of inputs"));
    let mut failures: Vec<String> = Vec::new();
    for (i, (name, target)) in fuzz::TARGETS.iter().enumerate() {
        for input in 0..inputs {
            let bytes = seeded(i, input);
            if let Err(panic) = std::panic::catch_unwind(|| target(&bytes)) {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
                failures.push(format!("{name} {input}: {text}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
