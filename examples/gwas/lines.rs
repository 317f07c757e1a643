//! Lines of a plain or gzip file, one at a time through a buffer of fixed size.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::problem::Problem;

/// Size of the buffer, which is also the longest line that is read.
const BUFFER: usize = 1 << 18;

/// A file that adds what was read of it to a shared counter, for the progress bar: bytes as stored, not as unpacked.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The lines of one file.
pub(crate) struct Lines {
    source: Box<dyn Read>,
    /// Name of the file in messages.
    name: String,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    line: u64,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("name", &self.name).field("line", &self.line).finish_non_exhaustive()
    }
}

impl Lines {
    /// Opens a file; gzip, block gzip included, is recognised by its first two bytes, whatever the name says.
    pub(crate) fn open(path: &Path, name: &str, read: Arc<AtomicU64>) -> Result<Self, Problem> {
        let refused = |error: std::io::Error| {
            Problem::of_file(name, format!("cannot be read ({error})"), "check the path and the permissions")
        };
        let mut first = [0u8; 2];
        let mut length = 0;
        let mut file = File::open(path).map_err(refused)?;
        while length < first.len() {
            match file.read(&mut first[length..]).map_err(refused)? {
                0 => break,
                n => length += n,
            }
        }
        let file = Counted { file: File::open(path).map_err(refused)?, read };
        let source: Box<dyn Read> = if length == 2 && first == [0x1f, 0x8b] {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)))
        } else {
            Box::new(file)
        };
        Ok(Self::new(source, name))
    }

    fn new(source: Box<dyn Read>, name: &str) -> Self {
        let (start, end) = (0, 0);
        Self { source, name: name.to_string(), buffer: vec![0; BUFFER], start, end, at_end: false, line: 0 }
    }

    /// Number of the line that was returned last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.line
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next line without its end (`\n` or `\r\n`), or nothing at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, Problem> {
        let mut searched = 0;
        let (from, to) = loop {
            let waiting = &self.buffer[self.start..self.end];
            if let Some(i) = memchr::memchr(b'\n', &waiting[searched..]) {
                let from = self.start;
                let to = from + searched + i;
                self.start = to + 1;
                break (from, to);
            }
            searched = waiting.len();
            if self.at_end {
                if searched == 0 {
                    return Ok(None);
                }
                let from = self.start;
                self.start = self.end;
                break (from, self.end);
            }
            self.fill()?;
        };
        self.line += 1;
        let line = &self.buffer[from..to];
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Moves what is left to the front and reads more behind it.
    fn fill(&mut self) -> Result<(), Problem> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            let line = Some(self.line + 1);
            let what = format!("a line of more than {BUFFER} bytes");
            let problem = Problem::of_file(&self.name, what, "is this a text file with one marker per line?");
            return Err(Problem { line, ..problem });
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let line = Some(self.line + 1);
                    let what = format!("reading fails here ({error})");
                    let remedy = "the file may be cut short or damaged: fetch it again, or test it with `gzip -t`";
                    return Err(Problem { line, ..Problem::of_file(&self.name, what, remedy) });
                }
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn all(bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Problem> {
        let mut lines = Lines::new(Box::new(Cursor::new(bytes)), "a.txt");
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push(line.to_vec());
        }
        assert_eq!(lines.number(), found.len() as u64);
        Ok(found)
    }

    #[test]
    fn ends_of_lines_of_every_kind() {
        assert_eq!(all(b"a\nb\r\n\nc".to_vec()).unwrap(), [b"a".to_vec(), b"b".to_vec(), vec![], b"c".to_vec()]);
        assert_eq!(all(b"a\n".to_vec()).unwrap(), [b"a".to_vec()]);
        assert!(all(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn lines_across_the_end_of_the_buffer_stay_whole() {
        let line: Vec<u8> = (0..997).map(|i| b'a' + (i % 26) as u8).collect();
        let mut bytes = Vec::new();
        for _ in 0..1000 {
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
        }
        let found = all(bytes).unwrap();
        assert_eq!(found.len(), 1000);
        assert!(found.iter().all(|l| *l == line));
    }

    #[test]
    fn a_line_without_end_is_an_error_and_not_a_full_memory() {
        let problem = all(vec![b'x'; BUFFER + 1]).unwrap_err();
        assert_eq!(problem.line, Some(1));
        assert!(problem.to_string().contains("more than 262144 bytes"), "{problem}");
    }

    #[test]
    fn gzip_of_several_members_is_read_and_a_cut_one_is_reported() {
        let folder = crate::scratch::Scratch::new().unwrap();
        let mut packed = Vec::new();
        for part in ["a\nb\n", "c\n"] {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(part.as_bytes()).unwrap();
            packed.extend(encoder.finish().unwrap());
        }
        let path = folder.path().join("x.txt"); // the name does not say gzip
        std::fs::write(&path, &packed).unwrap();
        let read = Arc::new(AtomicU64::new(0));
        let mut lines = Lines::open(&path, "x.txt", read.clone()).unwrap();
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(line.to_vec());
        }
        assert_eq!(found, [b"a", b"b", b"c"]);
        assert_eq!(read.load(Ordering::Relaxed), packed.len() as u64);

        std::fs::write(&path, &packed[..packed.len() - 12]).unwrap();
        let mut lines = Lines::open(&path, "x.txt", read).unwrap();
        let problem = loop {
            match lines.next() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a cut file passed as whole"),
                Err(problem) => break problem,
            }
        };
        assert!(problem.to_string().contains("cut short"), "{problem}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let problem = Lines::open(Path::new("/nowhere/at.all"), "at.all", Arc::default()).unwrap_err();
        assert!(problem.to_string().starts_with("at.all: cannot be read"), "{problem}");
    }
}
