//! Lines of a plain or gzip file and the separators in them, one line at a time through a buffer of fixed size.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use wide::u8x16;

use crate::header::Separator;
use crate::problem::Problem;

/// Size of the buffer, which is also the longest line that is read.
const BUFFER: usize = 1 << 18;

/// Bytes that are asked for at once: few enough to be in the cache still when they are looked at.
const AT_ONCE: usize = 1 << 16;

/// Bytes that are compared at once.
const WORD: usize = 64;

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

/// A line without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) bytes: &'a [u8],
    /// One bit per byte, 64 to a word and the first one lowest: set for separators.
    separators: &'a [u64],
}

impl Text<'_> {
    /// Calls `there` with the place of every separator.
    #[inline]
    pub(crate) fn each_separator(&self, mut there: impl FnMut(usize)) {
        for (i, word) in self.separators.iter().enumerate() {
            let mut hits = *word;
            while hits != 0 {
                there(WORD * i + hits.trailing_zeros() as usize);
                hits &= hits - 1;
            }
        }
    }
}

/// The lines of one file.
pub(crate) struct Lines {
    source: Box<dyn Read>,
    /// Name of the file in messages.
    name: String,
    /// The two characters that separate columns, in every byte.
    wanted: [u8x16; 2],
    /// Separators of the line that was returned last.
    separators: Vec<u64>,
    /// `BUFFER` bytes, and a word of zeros.
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

    pub(crate) fn new(source: Box<dyn Read>, name: &str) -> Self {
        Self {
            source,
            name: name.to_string(),
            wanted: [u8x16::splat(b'\n'); 2],
            separators: Vec::new(),
            buffer: vec![0; BUFFER + WORD],
            start: 0,
            end: 0,
            at_end: false,
            line: 0,
        }
    }

    /// What separates the columns of the lines from now on; nothing before.
    pub(crate) fn separate_at(&mut self, separator: Separator) {
        let characters = match separator {
            Separator::Character(c) => [c; 2],
            Separator::Spaces => [b' ', b'\t'],
        };
        self.wanted = characters.map(u8x16::splat);
    }

    /// Number of the line that was returned last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.line
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next line without its end (`\n` or `\r\n`), or nothing at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Text<'_>>, Problem> {
        self.separators.clear();
        let mut searched = 0;
        let (from, to) = loop {
            let at = self.start + searched;
            if let Some(word) = self.buffer.get(at..).and_then(|rest| rest.first_chunk()) {
                let (ends, separators) = find(word, self.wanted);
                let waiting = self.end - at;
                let read = if waiting < WORD { (1 << waiting) - 1 } else { u64::MAX };
                // Bits below the first end of a line that was read; all that was read if there is none.
                let line = (ends & read).wrapping_sub(1) & !ends & read;
                let found = ends & read != 0;
                if found || waiting >= WORD || self.at_end {
                    self.separators.push(separators & line);
                    searched += (line.trailing_ones() as usize).min(waiting);
                }
                if found {
                    let from = self.start;
                    self.start = from + searched + 1;
                    break (from, from + searched);
                }
                if waiting >= WORD {
                    continue;
                }
            }
            if self.at_end {
                let from = self.start;
                self.start = self.end;
                if from == self.end {
                    return Ok(None);
                }
                break (from, self.end);
            }
            self.fill()?;
        };
        self.line += 1;
        let line = &self.buffer[from..to];
        Ok(Some(Text { bytes: line.strip_suffix(b"\r").unwrap_or(line), separators: &self.separators }))
    }

    /// Moves what is left to the front and reads more behind it.
    fn fill(&mut self) -> Result<(), Problem> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == BUFFER {
            let line = Some(self.line + 1);
            let what = format!("a line of more than {BUFFER} bytes");
            let problem = Problem::of_file(&self.name, what, "is this a text file with one marker per line?");
            return Err(Problem { line, ..problem });
        }
        loop {
            let to = BUFFER.min(self.end + AT_ONCE);
            match self.source.read(&mut self.buffer[self.end..to]) {
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

/// Where lines end and where one of two characters is: one bit per byte, the first one lowest.
#[inline]
fn find(word: &[u8; WORD], [a, b]: [u8x16; 2]) -> (u64, u64) {
    let newline = u8x16::splat(b'\n');
    let (mut ends, mut separators) = (0, 0);
    for (i, part) in word.as_chunks::<16>().0.iter().enumerate() {
        let part = u8x16::new(*part);
        ends |= u64::from(part.simd_eq(newline).to_bitmask()) << (16 * i);
        separators |= u64::from((part.simd_eq(a) | part.simd_eq(b)).to_bitmask()) << (16 * i);
    }
    (ends, separators)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn all(bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Problem> {
        let mut lines = Lines::new(Box::new(Cursor::new(bytes)), "a.txt");
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push(line.bytes.to_vec());
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
            found.push(line.bytes.to_vec());
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
