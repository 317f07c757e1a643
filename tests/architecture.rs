//! Imports run one way: a file may use only what has a strictly lower rank, and never a sibling of its own rank.

use std::fs;
use std::path::{Path, PathBuf};

/// The ranks of `docs/design.md`. A new module must be given one.
const RANKS: [(&str, u32); 17] = [
    ("num", 0),
    ("error", 1),
    ("scale", 1),
    ("measure", 2),
    ("effect", 3),
    ("tau2", 3),
    ("study", 4),
    ("inference", 4),
    ("datasets", 5),
    ("effects", 5),
    ("pool", 6),
    ("tables", 6),
    ("glmm", 6),
    ("batch", 6),
    ("diagnostics", 7),
    ("report", 8),
    ("plot", 9),
];

fn rank(module: &str) -> u32 {
    let found = RANKS.iter().find(|(name, _)| *name == module);
    found.unwrap_or_else(|| panic!("module {module:?} has no rank in tests/architecture.rs")).1
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Modules of this crate that code lines name: `crate::module` and the members of `use crate::{...}`, without test
/// modules and comments, which may use anything.
fn imports(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut modules = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => modules.push(std::mem::take(&mut name)),
                    c if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            modules.push(name);
        } else {
            modules.push(rest.to_owned());
        }
    }
    let first =
        |text: &String| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    modules.iter().map(first).filter(|name| !name.is_empty()).collect()
}

/// Names that `lib.rs` re-exports and their module, so that `crate::Error` counts as `crate::error`.
const ROOT_NAMES: [(&str, &str); 3] = [("Error", "error"), ("ErrorKind", "error"), ("Result", "error")];

#[test]
fn imports_run_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let (mut checked, mut wrong) = (0, Vec::new());
    for file in files.iter().filter(|file| !file.ends_with("lib.rs")) {
        let path = file.strip_prefix(&root).expect("below src");
        let module = path.components().next().expect("a name").as_os_str().to_string_lossy().replace(".rs", "");
        for import in imports(&fs::read_to_string(file).expect("readable")) {
            let import =
                ROOT_NAMES.iter().find(|(name, _)| *name == import).map_or(import.as_str(), |(_, module)| module);
            checked += 1;
            if import != module && rank(import) >= rank(&module) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(checked > 100, "only {checked} imports were found: the test does not see the sources");
    assert!(wrong.is_empty(), "imports against the ranks:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_rank_and_every_rank_a_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(&root).expect("src") {
        let name = entry.expect("an entry").file_name().to_string_lossy().replace(".rs", "");
        if name != "lib" {
            rank(&name);
        }
    }
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths() {
    let source = "use crate::{error::{Error, Result}, num};\nfn f() { crate::tau2::estimate(); }\n// crate::pool\n#[cfg(test)]\nuse crate::report;";
    assert_eq!(imports(source), ["error", "num", "tau2"]);
}
