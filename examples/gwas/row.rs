//! One line of a cohort's file: checked numbers, or what is wrong with it.

use crate::alleles::{AlleleNames, Pair};
use crate::header::{Layout, ROLES, Role, Separator};
use crate::numbers::{is_missing, parse};
use crate::problem::{Problem, shown};

/// The columns that play a part, by their role; the others are only counted.
type Fields<'a> = [&'a [u8]; ROLES.len()];

/// An estimate of one cohort for one marker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) marker: &'a [u8],
    pub(crate) alleles: Pair,
    pub(crate) beta: f64,
    pub(crate) se: f64,
    /// Frequency of the effect allele; NaN if it is not given.
    pub(crate) eaf: f64,
    /// Number of people; NaN if it is not given.
    pub(crate) n: f64,
}

/// What a line holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line<'a> {
    Row(Row<'a>),
    /// Effect or standard error is `NA`: the cohort has the marker, but no estimate.
    NoEstimate,
    Malformed(Fault),
}

/// What is wrong with a line. It is turned into words only where somebody reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Columns(usize),
    NoMarker,
    Allele(Role),
    SameAlleles,
    NotANumber(Role),
    NotPositive,
    OutOfRange,
    Frequency,
    SampleSize,
}

/// Reads a line.
pub(crate) fn read<'a>(layout: &Layout, names: &mut AlleleNames, line: &'a [u8]) -> Line<'a> {
    let mut fields: Fields<'a> = [b""; ROLES.len()];
    let found = fields_of(layout, line, &mut fields);
    if found != layout.columns {
        return Line::Malformed(Fault::Columns(found));
    }
    match values(names, &fields) {
        Ok(Some(row)) => Line::Row(row),
        Ok(None) => Line::NoEstimate,
        Err(fault) => Line::Malformed(fault),
    }
}

fn values<'a>(names: &mut AlleleNames, fields: &Fields<'a>) -> Result<Option<Row<'a>>, Fault> {
    let field = |role: Role| fields[role as usize];
    let marker = field(Role::Marker);
    if is_missing(marker) {
        return Err(Fault::NoMarker);
    }
    let (beta, se) = (field(Role::Effect), field(Role::StandardError));
    if is_missing(beta) || is_missing(se) {
        return Ok(None);
    }
    let number = |role: Role, bytes: &[u8]| parse(bytes).ok_or(Fault::NotANumber(role));
    // A column that the file does not have is an empty field.
    let optional = |role: Role| match field(role) {
        bytes if is_missing(bytes) => Ok(f64::NAN),
        bytes => number(role, bytes),
    };
    let beta = number(Role::Effect, beta)?;
    let se = number(Role::StandardError, se)?;
    if se <= 0.0 {
        return Err(Fault::NotPositive);
    }
    // Squares beyond the range of floating point numbers would be weights of zero or infinity.
    if !(se * se).is_normal() || (beta != 0.0 && !(beta * beta).is_normal() && beta.abs() > 1.0) {
        return Err(Fault::OutOfRange);
    }
    let mut allele = |role: Role| names.allele(field(role)).ok_or(Fault::Allele(role));
    let alleles = [allele(Role::EffectAllele)?, allele(Role::OtherAllele)?];
    if alleles[0] == alleles[1] {
        return Err(Fault::SameAlleles);
    }
    let eaf = optional(Role::Frequency)?;
    if !eaf.is_nan() && !(0.0..=1.0).contains(&eaf) {
        return Err(Fault::Frequency);
    }
    let n = optional(Role::SampleSize)?;
    if n <= 0.0 {
        return Err(Fault::SampleSize);
    }
    Ok(Some(Row { marker, alleles, beta, se, eaf, n }))
}

/// Splits a line and returns the number of its columns. The same rules as in `header::split`, eight bytes at a time.
fn fields_of<'a>(layout: &Layout, line: &'a [u8], fields: &mut Fields<'a>) -> usize {
    let mut found = 0;
    let mut from = 0;
    let mut keep = |field: &'a [u8]| {
        if let Some(place) = layout.role_of(found).and_then(|role| fields.get_mut(role)) {
            *place = field;
        }
        found += 1;
    };
    match layout.separator {
        Separator::Character(c) => {
            each(line, [c, c], |at| {
                keep(trimmed(&line[from..at]));
                from = at + 1;
            });
            keep(trimmed(&line[from..]));
        }
        Separator::Spaces => {
            each(line, [b' ', b'\t'], |at| {
                if from < at {
                    keep(&line[from..at]);
                }
                from = at + 1;
            });
            if from < line.len() {
                keep(&line[from..]);
            }
        }
    }
    found
}

/// Without spaces around it, which are rare.
fn trimmed(field: &[u8]) -> &[u8] {
    match field {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        _ => field.trim_ascii(),
    }
}

/// Calls `there` with the places of two bytes.
fn each(line: &[u8], wanted: [u8; 2], mut there: impl FnMut(usize)) {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let patterns = wanted.map(|b| u64::from_le_bytes([b; 8]));
    // The highest bit of every byte of `x` that is 0, exactly (no carry leaves a byte).
    let zeros = |x: u64| !(((x & LOW) + LOW) | x | LOW);
    let (words, rest) = line.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let mut hits = zeros(word ^ patterns[0]) | zeros(word ^ patterns[1]);
        while hits != 0 {
            there(8 * i + hits.trailing_zeros() as usize / 8);
            hits &= hits - 1;
        }
    }
    for (i, b) in rest.iter().enumerate() {
        if wanted.contains(b) {
            there(line.len() - rest.len() + i);
        }
    }
}

impl Fault {
    /// The message for a line of a file.
    pub(crate) fn problem(self, layout: &Layout, file: &str, number: u64, line: &[u8]) -> Problem {
        let mut fields: Fields<'_> = [b""; ROLES.len()];
        fields_of(layout, line, &mut fields);
        let field = |role: Role| fields[role as usize];
        let (role, what, remedy) = match self {
            Self::Columns(found) => (
                None,
                format!("{found} columns where the header has {}: {}", layout.columns, shown(line)),
                "every line needs all columns; write NA for what is not known",
            ),
            Self::NoMarker => (
                Some(Role::Marker),
                format!("{} names no marker", shown(field(Role::Marker))),
                "give every line the name under which the other files have it",
            ),
            Self::Allele(role) => (
                Some(role),
                format!("{} is not an allele", shown(field(role))),
                "write A, C, G or T, or the letters of an insertion or deletion",
            ),
            Self::SameAlleles => (
                Some(Role::OtherAllele),
                format!("{} is the effect allele too", shown(field(Role::OtherAllele))),
                "the two alleles have to differ",
            ),
            Self::NotANumber(role) => (
                Some(role),
                format!("{} is not a finite number", shown(field(role))),
                "write a decimal number such as 0.013 or 1.3e-2, or NA where there is none",
            ),
            Self::NotPositive => (
                Some(Role::StandardError),
                format!("{} is not positive", shown(field(Role::StandardError))),
                "a standard error is above 0; write NA where there is no estimate",
            ),
            Self::OutOfRange => (
                Some(Role::StandardError),
                format!(
                    "the squares of {} and its standard error {} are beyond floating point numbers",
                    shown(field(Role::Effect)),
                    shown(field(Role::StandardError))
                ),
                "use another unit of measurement",
            ),
            Self::Frequency => (
                Some(Role::Frequency),
                format!("{} is not a frequency", shown(field(Role::Frequency))),
                "write a number from 0 to 1, or NA",
            ),
            Self::SampleSize => (
                Some(Role::SampleSize),
                format!("{} is not a number of people", shown(field(Role::SampleSize))),
                "write a number above 0, or NA",
            ),
        };
        let column = role.and_then(|role| layout.place(role)).map(|i| layout.name(i).to_string());
        Problem { file: file.to_string(), line: Some(number), column, what, remedy: remedy.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "SNP A1 A2 BETA SE EAF N";

    fn message(line: &str) -> String {
        let layout = Layout::of(HEADER.as_bytes(), "c.txt", &[]).unwrap();
        match read(&layout, &mut AlleleNames::default(), line.as_bytes()) {
            Line::Malformed(fault) => fault.problem(&layout, "c.txt", 7, line.as_bytes()).to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_good_line() {
        let layout = Layout::of(HEADER.as_bytes(), "c.txt", &[]).unwrap();
        let names = &mut AlleleNames::default();
        let Line::Row(row) = read(&layout, names, b"rs1 a  G -0.5 0.25 NA 1000 ") else { panic!() };
        assert_eq!((row.marker, row.beta, row.se, row.n), (&b"rs1"[..], -0.5, 0.25, 1000.0));
        assert!(row.eaf.is_nan());
        assert_eq!(names.name(row.alleles[0]), b"A");
    }

    #[test]
    fn no_estimate_is_not_a_fault() {
        for line in ["rs1 A G NA 0.1 0.2 10", "rs1 A G 0.1 . 0.2 10"] {
            assert_eq!(message(line), "NoEstimate");
        }
    }

    #[test]
    fn every_fault_has_line_column_value_and_remedy() {
        for (line, start) in [
            ("rs1 A G 0.1", "c.txt, line 7: 4 columns where the header has 7: \"rs1 A G 0.1\"; every line"),
            ("rs1 A G 0.1 0.1 0.2 10 x", "c.txt, line 7: 8 columns where"),
            ("", "c.txt, line 7: 0 columns where"),
            ("NA A G 0.1 0.1 0.2 10", "c.txt, line 7, column SNP: \"NA\" names no marker; give"),
            ("rs1 N G 0.1 0.1 0.2 10", "c.txt, line 7, column A1: \"N\" is not an allele; write A, C"),
            ("rs1 A a 0.1 0.1 0.2 10", "c.txt, line 7, column A2: \"a\" is the effect allele too; the two"),
            ("rs1 A G x 0.1 0.2 10", "c.txt, line 7, column BETA: \"x\" is not a finite number; write"),
            ("rs1 A G 1e999 0.1 0.2 10", "c.txt, line 7, column BETA: \"1e999\" is not a finite number"),
            ("rs1 A G 0.1 inf 0.2 10", "c.txt, line 7, column SE: \"inf\" is not a finite number"),
            ("rs1 A G 0.1 0 0.2 10", "c.txt, line 7, column SE: \"0\" is not positive; a standard"),
            ("rs1 A G 0.1 -1 0.2 10", "c.txt, line 7, column SE: \"-1\" is not positive"),
            ("rs1 A G 0.1 1e-200 0.2 10", "c.txt, line 7, column SE: the squares of \"0.1\" and"),
            ("rs1 A G 1e200 1 0.2 10", "c.txt, line 7, column SE: the squares of \"1e200\" and"),
            ("rs1 A G 0.1 0.1 1.2 10", "c.txt, line 7, column EAF: \"1.2\" is not a frequency; write"),
            ("rs1 A G 0.1 0.1 0.2 0", "c.txt, line 7, column N: \"0\" is not a number of people; write"),
        ] {
            let found = message(line);
            assert!(found.starts_with(start), "{found}");
        }
    }

    #[test]
    fn any_bytes_give_a_row_or_a_fault() {
        let layouts = [HEADER, "SNP\tA1\tA2\tBETA\tSE", "N,SE,BETA,A2,A1,SNP"];
        let mut random = crate::random::Random::new(5);
        let alphabet = b"rs1AGCT \t,.-+e0123456789NA\xff\0";
        for header in layouts {
            let layout = Layout::of(header.as_bytes(), "c", &[]).unwrap();
            for _ in 0..20_000 {
                let length = random.below(60);
                let line: Vec<u8> = (0..length).map(|_| alphabet[random.below(alphabet.len())]).collect();
                if let Line::Malformed(fault) = read(&layout, &mut AlleleNames::default(), &line) {
                    assert!(!fault.problem(&layout, "c", 1, &line).to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn both_ways_of_splitting_agree() {
        let mut random = crate::random::Random::new(9);
        for (c, separator) in
            [(" ", Separator::Spaces), ("\t", Separator::Character(b'\t')), (",", Separator::Character(b','))]
        {
            let header = ["SNP", "A1", "A2", "BETA", "SE", "EAF", "N"].join(c);
            let layout = Layout::of(header.as_bytes(), "c", &[]).unwrap();
            assert_eq!(layout.separator, separator);
            for _ in 0..2_000 {
                let length = random.below(30);
                let line: Vec<u8> = (0..length).map(|_| b"ab ,\t"[random.below(5)]).collect();
                let mut expected = Vec::new();
                crate::header::split(separator, &line, |f| expected.push(f));
                let mut fields: Fields<'_> = [b""; ROLES.len()];
                let found = fields_of(&layout, &line, &mut fields);
                assert_eq!(found, expected.len(), "{line:?}");
                expected.resize(ROLES.len(), b"");
                assert_eq!(fields[..], expected[..ROLES.len()], "{line:?}");
            }
        }
    }
}
