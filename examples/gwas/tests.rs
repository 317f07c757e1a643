//! From files to the table: against metafor and PLINK, in any order of rows, and with whatever a file may hold.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::Analysis;
use crate::generate::{Recipe, generate};
use crate::join::Ambiguous;
use crate::problem::Problem;
use crate::random::Random;
use crate::run::{Report, analyse};
use crate::scratch::Scratch;
use crate::table::COLUMNS;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference");

/// A line of the table.
#[derive(Debug, Clone, PartialEq)]
struct Line(Vec<String>);

impl Line {
    fn text(&self, column: &str) -> &str {
        &self.0[COLUMNS.iter().position(|c| *c == column).expect("a column")]
    }

    fn number(&self, column: &str) -> f64 {
        self.text(column).parse().unwrap_or(f64::NAN)
    }

    /// Decimal logarithm of a column, also where the number is too small for a `f64`.
    fn log10(&self, column: &str) -> f64 {
        let (mantissa, exponent) = self.text(column).split_once('e').unwrap_or((self.text(column), "0"));
        mantissa.parse::<f64>().expect("a number").log10() + exponent.parse::<f64>().expect("an exponent")
    }
}

struct Trial {
    scratch: Scratch,
    analysis: Analysis,
}

impl Trial {
    /// Files with these contents.
    fn new(contents: &[&[u8]]) -> Self {
        let scratch = Scratch::new().unwrap();
        let write = |(i, bytes): (usize, &&[u8])| {
            let path = scratch.path().join(format!("f{}.txt", i + 1));
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let files: Vec<PathBuf> = contents.iter().enumerate().map(write).collect();
        Self::of(files, scratch)
    }

    fn of(files: Vec<PathBuf>, scratch: Scratch) -> Self {
        let out = scratch.path().join("table.txt");
        Self { analysis: Analysis::new(files, out), scratch }
    }

    fn generated(recipe: &Recipe) -> Self {
        let scratch = Scratch::new().unwrap();
        let files = generate(recipe, scratch.path()).unwrap();
        Self::of(files, scratch)
    }

    fn run(&self) -> Result<(Report, Vec<Line>), Problem> {
        let report = analyse(&self.analysis)?;
        for cohort in &report.cohorts {
            assert!(cohort.counts.add_up(), "{cohort:?}");
        }
        let text = std::fs::read(&self.analysis.out).unwrap();
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines().map(|l| Line(l.split('\t').map(str::to_string).collect()));
        assert_eq!(lines.next().unwrap().0, COLUMNS);
        let lines: Vec<Line> = lines.collect();
        assert!(lines.iter().all(|l| l.0.len() == COLUMNS.len()));
        assert_eq!(lines.len() as u64, report.written.markers);
        Ok((report, lines))
    }
}

fn recipe() -> Recipe {
    Recipe { snps: 1500, cohorts: 5, seed: 4, clean: false, shuffled: false }
}

fn sorted(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines
}

/// Six digits are written, and four of frequencies and p-values.
fn close(column: &str, found: f64, expected: f64) -> bool {
    let half = if matches!(column, "Freq1" | "FreqSE" | "HetPVal") { 5.1e-4 } else { 5.1e-6 };
    (found - expected).abs() <= half * expected.abs()
}

#[test]
fn estimates_alleles_and_frequencies_are_those_of_metafor() {
    let text = std::fs::read_to_string(format!("{REFERENCE}/gwas_metafor.json")).unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let files = ["a", "b", "c", "d"].map(|c| PathBuf::from(format!("{REFERENCE}/gwas/cohort_{c}.txt"))).to_vec();
    let mut trial = Trial::of(files, Scratch::new().unwrap());
    for (key, controlled) in [("plain", false), ("controlled", true)] {
        trial.analysis.genomic_control = controlled;
        let (report, lines) = trial.run().unwrap();
        for (cohort, lambda) in report.cohorts.iter().zip(reference["lambda"].as_array().unwrap()) {
            let expected = lambda.as_f64().unwrap();
            assert_eq!(cohort.lambda.is_some(), controlled);
            assert!(cohort.lambda.is_none_or(|found| (found - expected).abs() < 1e-13 * expected), "{cohort:?}");
        }
        let markers = reference[key].as_array().unwrap();
        assert_eq!(lines.len(), markers.len());
        assert_eq!(markers.len(), 12);
        for expected in markers {
            let name = expected["marker"].as_str().unwrap();
            let line = lines.iter().find(|l| l.text("MarkerName") == name).expect(name);
            for (column, field) in [("Allele1", "effect"), ("Allele2", "other"), ("Direction", "direction")] {
                assert_eq!(line.text(column), expected[field], "{name} {column}");
            }
            let check = |column: &str, value: &Value| {
                let expected = value.as_f64().unwrap();
                assert!(close(column, line.number(column), expected), "{name} {column}: {line:?}, {expected}");
            };
            check("Freq1", &expected["frequency"]);
            if name != "rs9" {
                check("FreqSE", &expected["frequency_sd"]);
                check("HetChiSq", &expected["fixed"]["q"]);
                check("HetPVal", &expected["fixed"]["q_p"]);
            }
            check("N", &expected["n"]);
            for (suffix, model) in [("", "fixed"), ("_DL", "dl"), ("_REML", "reml")] {
                let of = |name: &str| format!("{name}{suffix}");
                let fit = &expected[model];
                if fit.is_null() {
                    assert_eq!(line.text(&of("Effect")), "NA");
                    continue;
                }
                check(&of("Effect"), &fit["effect"]);
                check(&of("StdErr"), &fit["se"]);
                if model != "fixed" {
                    // Where tau2 is 0, metafor 3.8 stops as near as 8e-15 (rs5).
                    let (found, expected) = (line.number(&of("Tau2")), fit["tau2"].as_f64().unwrap());
                    let slack = 6e-6 * expected + 1e-9 * line.number(&of("StdErr")).powi(2);
                    assert!((found - expected).abs() <= slack, "{name} {model}: {line:?}, {expected}");
                }
                let p = if model == "fixed" { "P-value".to_string() } else { of("P") };
                let (found, wanted) = (line.log10(&p), fit["log10_p"].as_f64().unwrap());
                assert!((found - wanted).abs() < 2.3e-4, "{name} {p}: {found}, {wanted}");
            }
        }
        // rs12 is too significant for a floating point number.
        let line = lines.iter().find(|l| l.text("MarkerName") == "rs12").unwrap();
        assert!(controlled || line.log10("P-value") < -400.0, "{line:?}");
    }
}

#[test]
fn plink_finds_the_same() {
    // plink1.9 (1.90b6.26) --meta-analysis cohort_1.txt ... cohort_5.txt + qt, on the files of
    // `gwas generate --clean --snps 120 --cohorts 5 --seed 7`. It prints four digits of p, four decimals of effects and
    // of the p-value of Q, two of I2.
    let text = std::fs::read_to_string(format!("{REFERENCE}/gwas/plink.meta")).unwrap();
    let trial = Trial::generated(&Recipe { snps: 120, cohorts: 5, seed: 7, clean: true, shuffled: false });
    let (_, lines) = trial.run().unwrap();
    assert_eq!(lines.len(), 120);
    for (expected, line) in text.lines().skip(1).zip(&lines) {
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!([expected[2], expected[3], expected[4]], [&line.0[0], &line.0[1], &line.0[2]]);
        let number = |i: usize| expected[i].parse::<f64>().unwrap();
        for (i, column) in [(6, "P-value"), (7, "P_DL")] {
            assert!((line.number(column) - number(i)).abs() <= 6e-4 * number(i), "{line:?} {expected:?}");
        }
        for (i, column, half) in
            [(8, "Effect", 5.1e-5), (9, "Effect_DL", 5.1e-5), (10, "HetPVal", 5.1e-5), (11, "HetISq", 0.0551)]
        {
            assert!((line.number(column) - number(i)).abs() <= half, "{column} {line:?} {expected:?}");
        }
    }
}

#[test]
fn the_order_of_rows_does_not_change_a_result() {
    let ordered = Trial::generated(&Recipe { clean: true, ..recipe() });
    // The same rows, in another order in all files but the first.
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let mut random = Random::new(8);
    let shuffled: Vec<Vec<u8>> = ordered
        .analysis
        .files
        .iter()
        .enumerate()
        .map(|(i, path)| {
            let text = read(path);
            let mut lines: Vec<&str> = text.lines().collect();
            for j in (2..lines.len()).rev().filter(|_| i > 0) {
                lines.swap(j, 1 + random.below(j));
            }
            (lines.join("\r\n") + "\r\n").into_bytes()
        })
        .collect();
    let shuffled = Trial::new(&shuffled.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (_, expected) = ordered.run().unwrap();
    let (_, found) = shuffled.run().unwrap();
    assert_eq!(found.len(), 1500);
    assert_eq!(sorted(found), sorted(expected));
}

/// Rows `rs0`, `rs1`, ... in the given order.
fn rows(numbers: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut text = String::from("SNP A1 A2 BETA SE\n");
    for i in numbers {
        text.push_str(&format!("rs{i} A G 0.{} 0.1\n", i % 10));
    }
    text.into_bytes()
}

#[test]
fn files_that_share_no_order_are_joined_in_a_second_pass() {
    const N: usize = 30_000;
    // The second file has its last markers first and its first ones last.
    let (one, two) = (rows(0..N), rows((N / 2..N).chain(0..N / 2)));
    let three = rows((0..N).filter(|i| i % 3 > 0));
    let mut trial = Trial::new(&[&one, &three]);
    let (report, expected) = trial.run().unwrap();
    assert_eq!((report.written.complete, report.out_of_order), (N as u64 * 2 / 3, None));
    assert_eq!(expected.iter().filter(|l| l.text("Direction").contains('?')).count(), N / 3);

    trial = Trial::new(&[&one, &two]);
    let (report, _) = trial.run().unwrap();
    assert_eq!((report.written.markers, report.written.complete), (N as u64, N as u64));

    // A row that comes long after the others have passed it.
    let mut late = rows(1..N);
    late.extend_from_slice(b"rs0 G A 0.5 0.1\n");
    trial = Trial::new(&[&one, &late]);
    let (report, lines) = trial.run().unwrap();
    let message = report.out_of_order.expect("a second pass").to_string();
    assert!(message.starts_with("f2.txt, line 30001: \"rs0\" comes after"), "{message}");
    assert_eq!((report.written.markers, report.written.complete), (N as u64, N as u64));
    assert_eq!(lines[0].text("Effect"), "-0.250000"); // of 0.0 and -0.5

    // A limit of memory that the second pass does not fit into.
    trial.analysis.memory = 2 << 20;
    let message = trial.run().unwrap_err().to_string();
    assert!(message.contains("needs more than 2 MB") && message.contains("--memory"), "{message}");
    assert!(!partial_is_left(trial.scratch.path()));
}

fn partial_is_left(folder: &Path) -> bool {
    folder.join("table.txt.partial").exists()
}

#[test]
fn memory_stays_bounded_where_files_share_an_order() {
    const N: usize = 100_000;
    let one = rows(0..N);
    let other = rows((0..N).filter(|i| i % 5 > 0));
    let mut trial = Trial::new(&[&one, &other]);
    trial.analysis.memory = 8 << 20; // all of it would be about 11 MB
    let (report, lines) = trial.run().unwrap();
    assert_eq!((report.out_of_order, lines.len()), (None, N));
    // The table is nearly in the order of the first file.
    for (i, line) in lines.iter().enumerate() {
        let number: usize = line.text("MarkerName")[2..].parse().unwrap();
        assert!(number.abs_diff(i) < 100, "{i}: {line:?}");
    }
}

const HEADER: &str = "SNP A1 A2 BETA SE EAF N\n";

#[test]
fn frequencies_settle_the_strand_of_ambiguous_markers() {
    let one = format!("{HEADER}rs1 A T 0.5 0.1 0.2 100\nrs2 C G 0.5 0.1 0.2 100\nrs3 A T 0.5 0.1 0.5 100\n");
    // rs1: the rarer allele is T by this cohort's letters: the other strand. rs2: swapped on the same strand.
    let two = format!("{HEADER}rs1 A T -0.5 0.1 0.8 100\nrs2 G C -0.5 0.1 0.8 100\nrs3 A T 0.5 0.1 NA 100\n");
    let mut trial = Trial::new(&[one.as_bytes(), two.as_bytes()]);
    let (_, kept) = trial.run().unwrap();
    assert_eq!(kept.iter().map(|l| l.text("Direction")).collect::<Vec<_>>(), ["+-", "++", "++"]);
    assert!(kept.iter().all(|l| l.text("Flags") == "A"));

    trial.analysis.ambiguous = Ambiguous::Frequency;
    let (report, lines) = trial.run().unwrap();
    assert_eq!(lines.iter().map(|l| l.text("Direction")).collect::<Vec<_>>(), ["++", "++"]);
    assert_eq!((lines[0].text("Effect"), lines[0].text("Freq1")), ("0.500000", "0.2000"));
    assert_eq!(lines.iter().map(|l| l.text("Flags")).collect::<Vec<_>>(), ["AS", "A"]);
    let counts = &report.cohorts[1].counts;
    assert_eq!((counts.ambiguous_turned, counts.ambiguous_dropped, counts.used), (1, 1, 2));

    trial.analysis.ambiguous = Ambiguous::Drop;
    let (report, lines) = trial.run().unwrap();
    assert_eq!((lines.len(), report.cohorts[0].counts.ambiguous_dropped), (0, 3));
}

#[test]
fn the_first_cohort_named_decides_the_alleles_shown() {
    // The second file is ahead of the first one when rs2 comes.
    let one = format!("{HEADER}rs1 A G 0.5 0.1 0.2 100\nrs2 T C 0.25 0.1 0.3 100\n");
    let two = format!("{HEADER}rs2 G A 0.75 0.1 0.7 100\nrs1 G A 0.5 0.1 0.8 100\n");
    for (files, effect) in [([&one, &two], "-0.250000"), ([&two, &one], "0.250000")] {
        let (_, lines) = Trial::new(&files.map(|f| f.as_bytes())).run().unwrap();
        let line = lines.iter().find(|l| l.text("MarkerName") == "rs2").unwrap();
        let alleles = (line.text("Allele1"), line.text("Allele2"));
        assert_eq!(alleles, if files[0] == &one { ("T", "C") } else { ("G", "A") });
        assert_eq!((line.text("Effect"), line.text("Flags")), (effect, "S"));
        assert_eq!(line.text("Freq1"), if files[0] == &one { "0.3000" } else { "0.7000" });
    }
}

#[test]
fn every_row_is_counted_and_listed() {
    let one = format!("{HEADER}rs1 A G 0.5 0.1 0.2 100\nrs2 A G NA NA 0.2 100\nrs1 A G 0.7 0.1 0.2 100\n");
    let two = format!("{HEADER}rs1 A C 0.5 0.1 0.2 100\nrs3 A G x 0.1 0.2 100\n\nrs1 T C 0.1 0.1 0.2 100\n");
    let mut trial = Trial::new(&[one.as_bytes(), two.as_bytes()]);
    trial.analysis.rejects = Some(trial.scratch.path().join("rejects.txt"));
    let (report, lines) = trial.run().unwrap();
    let [first, second] = [&report.cohorts[0].counts, &report.cohorts[1].counts];
    assert_eq!((first.rows, first.used, first.no_estimate, first.duplicate), (3, 1, 1, 1));
    assert_eq!((second.rows, second.used, second.malformed, second.other_alleles), (4, 1, 2, 1));
    assert_eq!((lines.len(), lines[0].text("Effect"), lines[0].text("Flags")), (1, "0.300000", "SM"));
    let rejects = std::fs::read_to_string(trial.analysis.rejects.as_ref().unwrap()).unwrap();
    let expected = "\
f1.txt, line 4, column SNP: \"rs1\" comes a second time; the first row counts; keep one row per marker
f2.txt, line 2, column SNP: \"rs1\" has other alleles than in the other files; is it the same variant? name it with its \
alleles
f2.txt, line 3, column BETA: \"x\" is not a finite number; write a decimal number such as 0.013 or 1.3e-2, or NA where \
there is none
f2.txt, line 4: 0 columns where the header has 7: \"\"; every line needs all columns; write NA for what is not known
";
    assert_eq!(rejects, expected);

    trial.analysis.strict = true;
    let message = trial.run().unwrap_err().to_string();
    assert!(message.starts_with("f1.txt, line 4, column SNP: \"rs1\" comes a second time"), "{message}");
    assert!(!partial_is_left(trial.scratch.path()));
}

#[test]
fn markers_that_few_cohorts_have_can_be_left_out() {
    let (one, two) = (rows(0..10), rows(5..12));
    let mut trial = Trial::new(&[&one, &two]);
    assert_eq!(trial.run().unwrap().1.len(), 12);
    trial.analysis.min_cohorts = 2;
    let (report, lines) = trial.run().unwrap();
    assert_eq!((lines.len(), report.written.too_few), (5, 7));
}

#[test]
fn files_that_cannot_be_analysed_are_named() {
    let good = rows(0..3);
    for (bytes, expected) in [
        (&b""[..], "f2.txt: the file is empty"),
        (b"\n\n", "f2.txt, line 1: no column for the marker in ;"),
        (b"a b c\n", "f2.txt, line 1: no column for the marker in a b c;"),
        (b"\x1f\x8b\x08broken", "f2.txt, line 1: reading fails here"),
        (&[0xff; 300_000], "f2.txt, line 1: a line of more than 262144 bytes"),
    ] {
        let trial = Trial::new(&[&good, bytes]);
        let message = trial.run().unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
        assert!(!partial_is_left(trial.scratch.path()) && !trial.analysis.out.exists());
    }
    let mut trial = Trial::new(&[&good]);
    trial.analysis.rejects = Some(trial.scratch.path().join(".").join("f1.txt"));
    assert!(trial.run().unwrap_err().to_string().contains("this file would be written over"));
    trial.analysis.rejects = None;
    trial.analysis.out = trial.analysis.files[0].clone();
    assert!(trial.run().unwrap_err().to_string().contains("this file would be written over"));
    assert_eq!(std::fs::read(&trial.analysis.files[0]).unwrap(), good);
    trial.analysis.out = PathBuf::from("/nowhere/at/all");
    assert!(trial.run().unwrap_err().to_string().starts_with("/nowhere/at/all.partial: cannot be written"));
}

#[test]
fn a_header_alone_is_a_file_without_rows() {
    let trial = Trial::new(&[HEADER.as_bytes(), b"SNP,A1,A2,BETA,SE"]);
    let (report, lines) = trial.run().unwrap();
    assert_eq!((lines.len(), report.cohorts[0].counts.rows), (0, 0));
}

#[test]
fn no_bytes_bring_it_down() {
    let mut random = Random::new(77);
    let text = String::from_utf8(rows(0..40)).unwrap() + "rs5 T C 1e200 1e150\nrs6 A\n";
    for round in 0..150 {
        let mut files = [text.clone().into_bytes(), text.clone().into_bytes()];
        for file in &mut files {
            for _ in 0..1 + random.below(20) {
                if file.is_empty() {
                    break;
                }
                let at = random.below(file.len());
                match random.below(4) {
                    0 => file[at] = random.next() as u8,
                    1 => drop(file.remove(at)),
                    2 => file.insert(at, b"\n\t ,0-.eNA"[random.below(10)]),
                    _ => file.truncate(at + 1),
                }
            }
        }
        let mut trial = Trial::new(&[&files[0], &files[1]]);
        trial.analysis.genomic_control = round % 2 == 0;
        trial.analysis.ambiguous = [Ambiguous::Keep, Ambiguous::Frequency, Ambiguous::Drop][round % 3];
        match trial.run() {
            Ok((_, lines)) => {
                for line in lines {
                    assert!(line.number("StdErr") > 0.0 && line.number("Effect").is_finite(), "{line:?}");
                }
            }
            Err(problem) => assert!(problem.to_string().contains("; "), "{problem}"),
        }
    }
}

#[test]
fn the_demonstration_runs_and_mixed_formats_agree_with_clean_ones() {
    let text = crate::demonstration::demonstration().unwrap();
    assert!(text.contains("cohort_6.txt.gz"), "{text}");
    // No file on the other strand keeps its ambiguous markers' signs: with frequencies they agree again.
    let mut trial = Trial::generated(&recipe());
    let (report, _) = trial.run().unwrap();
    assert!(report.written.suspicious > 50, "{report:?}");
    trial.analysis.ambiguous = Ambiguous::Frequency;
    let (report, _) = trial.run().unwrap();
    assert_eq!(report.written.suspicious, 0);
}
