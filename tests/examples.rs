//! Every example, run as a person runs it, prints what is committed in `tests/expected`.
//!
//! After a change that is meant, write the new output and read the difference before committing it:
//!
//! ```text
//! cargo run --quiet --example ivig > tests/expected/ivig.txt
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the files of one folder without this extension.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of the repository");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect()
}

fn expected(name: &str) -> PathBuf {
    root().join("tests/expected").join(name).with_extension("txt")
}

/// Standard output of `cargo run --example name`, which has to succeed.
fn output(name: &str) -> String {
    let run = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["run", "--quiet", "--offline", "--locked", "--example", name])
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{name} fails:\n{errors}");
    String::from_utf8(run.stdout).expect("text")
}

#[test]
fn every_example_has_its_output_committed_and_no_output_is_orphaned() {
    let examples = names("examples", "rs");
    assert_eq!(examples.len(), 12);
    assert_eq!(examples, names("tests/expected", "txt"));
}

#[test]
fn every_example_prints_what_is_committed() {
    let mut different = Vec::new();
    for name in names("examples", "rs") {
        let committed = std::fs::read_to_string(expected(&name)).expect("a committed output").replace("\r\n", "\n");
        let found = output(&name);
        if found == committed {
            continue;
        }
        let lines = found.lines().zip(committed.lines());
        let line = lines.clone().take_while(|(found, committed)| found == committed).count();
        let [now, then] = [&found, &committed].map(|text| text.lines().nth(line).unwrap_or("(end)"));
        different.push(format!("{name}, line {}:\n  committed: {then}\n  now:       {now}", line + 1));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn the_main_job_fits_a_terminal_and_a_page() {
    let text = std::fs::read_to_string(expected("ivig")).expect("a committed output");
    assert!(text.lines().count() <= 92, "{} lines", text.lines().count());
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        assert_eq!(line, line.trim_end(), "trailing space");
    }
}
