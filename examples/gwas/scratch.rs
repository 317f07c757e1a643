//! A directory for the files of the demonstration and of the tests, removed when dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::problem::Problem;

#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, Problem> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("meta-analysis-gwas-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self { path }),
            Err(error) => Err(Problem::of_file(
                &path.display().to_string(),
                format!("this directory cannot be created ({error})"),
                "set TMPDIR to a directory that can be written to",
            )),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path); // left-over scratch files are no reason to fail
    }
}
