//! Files to try the program on: cohorts with a known truth, and with the faults that real files have.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::problem::Problem;
use crate::random::Random;

#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) snps: usize,
    pub(crate) cohorts: usize,
    pub(crate) seed: u64,
    /// No faults, one kind of header, one strand, nothing compressed: files that other programs read as well.
    pub(crate) clean: bool,
    /// Rows of every file but the first in random order.
    pub(crate) shuffled: bool,
}

/// The truth about one marker.
#[derive(Debug, Clone, Copy)]
struct Marker {
    number: usize,
    alleles: [u8; 2],
    frequency: f64,
    effect: f64,
    /// Standard deviation of the cohorts' true effects.
    spread: f64,
}

const CLEAR: [[u8; 2]; 8] = [*b"AG", *b"GA", *b"CT", *b"TC", *b"AC", *b"CA", *b"GT", *b"TG"];
const AMBIGUOUS: [[u8; 2]; 4] = [*b"AT", *b"TA", *b"CG", *b"GC"];

/// Every `ASSOCIATED`th marker has an effect.
const ASSOCIATED: usize = 100;

fn marker(recipe: &Recipe, number: usize) -> Marker {
    let mut random = Random::new(recipe.seed ^ (number as u64).wrapping_mul(0xd134_2543_de82_ef95));
    let alleles =
        if random.chance(0.15) { AMBIGUOUS[random.below(AMBIGUOUS.len())] } else { CLEAR[random.below(CLEAR.len())] };
    let frequency = 0.05 + 0.9 * random.uniform();
    let (effect, spread) = if number % ASSOCIATED == ASSOCIATED / 2 {
        let sign = if random.chance(0.5) { 1.0 } else { -1.0 };
        // Half of the true effects differ between the cohorts.
        (sign * (0.06 + 0.06 * random.uniform()), if random.chance(0.5) { 0.05 } else { 0.0 })
    } else {
        (0.0, 0.0)
    };
    Marker { number, alleles, frequency, effect, spread }
}

/// Writes the files `cohort_1.txt`, ... into a directory, and returns their paths.
pub(crate) fn generate(recipe: &Recipe, directory: &Path) -> Result<Vec<PathBuf>, Problem> {
    (0..recipe.cohorts).map(|cohort| write_cohort(recipe, cohort, directory)).collect()
}

fn write_cohort(recipe: &Recipe, cohort: usize, directory: &Path) -> Result<PathBuf, Problem> {
    let compressed = !recipe.clean && cohort % 2 == 1;
    let name = format!("cohort_{}.txt{}", cohort + 1, if compressed { ".gz" } else { "" });
    let path = directory.join(&name);
    let failed = |error: std::io::Error| {
        Problem::of_file(
            &name,
            format!("cannot be written ({error})"),
            "check the directory, and the space on the disk",
        )
    };
    let file = BufWriter::with_capacity(1 << 16, File::create(&path).map_err(failed)?);
    if compressed {
        let mut encoder = GzEncoder::new(file, Compression::fast());
        write_rows(recipe, cohort, &mut encoder).map_err(failed)?;
        encoder.finish().and_then(|mut file| file.flush()).map_err(failed)?;
    } else {
        let mut file = file;
        write_rows(recipe, cohort, &mut file).map_err(failed)?;
        file.flush().map_err(failed)?;
    }
    Ok(path)
}

/// How a cohort writes its file.
struct Style {
    header: &'static str,
    separator: char,
    /// Frequency and sample size are there.
    all_columns: bool,
    /// Alleles of the other strand.
    other_strand: bool,
}

fn style(recipe: &Recipe, cohort: usize) -> Style {
    let plain =
        Style { header: "SNP\tA1\tA2\tBETA\tSE\tEAF\tN", separator: '\t', all_columns: true, other_strand: false };
    if recipe.clean {
        // PLINK looks at alleles only where there are positions.
        return Style { header: "CHR\tBP\tSNP\tA1\tA2\tBETA\tSE\tEAF\tN", ..plain };
    }
    match cohort % 4 {
        0 => plain,
        1 => Style { header: "MarkerName Effect_Allele Other_Allele Beta StdErr EAF N", separator: ' ', ..plain },
        2 => Style { header: "rsid,EA,NEA,beta,se,eaf,n", separator: ',', other_strand: true, ..plain },
        _ => Style { header: "SNP\tA1\tA2\tBETA\tSE", all_columns: false, ..plain },
    }
}

fn complement(allele: u8) -> u8 {
    match allele {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        _ => b'A',
    }
}

fn write_rows(recipe: &Recipe, cohort: usize, out: &mut impl Write) -> std::io::Result<()> {
    let style = style(recipe, cohort);
    writeln!(out, "{}", style.header)?;
    let mut random = Random::new(recipe.seed.wrapping_add(1 + cohort as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
    let people = 2000 * (1 + (3 * cohort) % 5);
    let mut order: Vec<usize> = (0..recipe.snps).collect();
    if recipe.shuffled && cohort > 0 {
        for i in (1..order.len()).rev() {
            order.swap(i, random.below(i + 1));
        }
    }
    for (row, number) in order.into_iter().enumerate() {
        if !recipe.clean && random.chance(0.05) {
            continue; // a marker that this cohort does not have
        }
        let marker = marker(recipe, number);
        write_row(recipe, &style, &marker, people, &mut random, out)?;
        if !recipe.clean && row % 900 == 899 {
            write_fault(&style, &marker, (row / 900 + cohort) % 6, out)?;
        }
    }
    Ok(())
}

fn write_row(
    recipe: &Recipe,
    style: &Style,
    marker: &Marker,
    people: usize,
    random: &mut Random,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let mut frequency = (marker.frequency + 0.01 * random.normal()).clamp(0.01, 0.99);
    let se = (2.0 * frequency * (1.0 - frequency) * people as f64).sqrt().recip() * (0.95 + 0.1 * random.uniform());
    let mut beta = marker.effect + marker.spread * random.normal() + se * random.normal();
    let [mut effect, mut other] = marker.alleles;
    if random.chance(0.3) {
        std::mem::swap(&mut effect, &mut other);
        beta = -beta;
        frequency = 1.0 - frequency;
    }
    if !recipe.clean && style.other_strand {
        (effect, other) = (complement(effect), complement(other));
    }
    let s = style.separator;
    let (effect, other) = (char::from(effect), char::from(other));
    if recipe.clean {
        write!(out, "{}{s}{}{s}", 1 + 22 * marker.number / recipe.snps, 1000 * (1 + marker.number))?;
    }
    write!(out, "rs{}{s}{effect}{s}{other}{s}{beta:.6}{s}{se:.6}", 100_000 + marker.number)?;
    if style.all_columns {
        write!(out, "{s}{frequency:.4}{s}{people}")?;
    }
    writeln!(out)
}

/// A line behind a marker's own that has something wrong with it.
fn write_fault(style: &Style, marker: &Marker, kind: usize, out: &mut impl Write) -> std::io::Result<()> {
    let s = style.separator;
    let name = 900_000_000 + marker.number;
    let rest = if style.all_columns { format!("{s}0.3{s}1000") } else { String::new() };
    match kind {
        0 => writeln!(out, "rs{name}{s}A{s}G{s}0.0l2{s}0.02{rest}"),
        1 => writeln!(out, "rs{name}{s}A{s}G{s}0.012{s}-0.02{rest}"),
        2 => writeln!(out, "rs{name}{s}A{s}G{s}0.012"),
        3 => writeln!(out, "rs{}{s}A{s}G{s}0.012{s}0.02{rest}", 100_000 + marker.number), // comes a second time
        4 => writeln!(out, "rs{name}{s}A{s}G{s}NA{s}NA{rest}"),
        _ => writeln!(out, "rs{name}{s}A{s}N{s}0.012{s}0.02{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe { snps: 50, cohorts: 3, seed: 1, clean: true, shuffled: false }
    }

    #[test]
    fn the_same_recipe_gives_the_same_files() {
        let rows = |recipe: &Recipe, cohort| {
            let mut out = Vec::new();
            write_rows(recipe, cohort, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(rows(&recipe(), 1), rows(&recipe(), 1));
        assert_ne!(rows(&recipe(), 1), rows(&Recipe { seed: 2, ..recipe() }, 1));
        assert_eq!(rows(&recipe(), 0).lines().count(), 51);
        let shuffled = rows(&Recipe { shuffled: true, ..recipe() }, 1);
        let names = |text: &str| {
            let mut names: Vec<String> = text.lines().skip(1).map(|l| l.split('\t').next().unwrap().into()).collect();
            let given = names.clone();
            names.sort();
            (given, names)
        };
        let (ordered, shuffled) = (names(&rows(&recipe(), 1)), names(&shuffled));
        assert_eq!(ordered.1, shuffled.1);
        assert_ne!(ordered.0, shuffled.0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let problem = generate(&recipe(), Path::new("/nowhere/at/all")).unwrap_err();
        assert!(problem.to_string().starts_with("cohort_1.txt: cannot be written"), "{problem}");
    }
}
