//! One line of a cohort's file: checked numbers, or what is wrong with it.

use crate::alleles::{AlleleNames, Pair};
use crate::header::{Layout, Role, Separator, split};
use crate::lines::Text;
use crate::numbers::{is_missing, parse};
use crate::problem::{Problem, shown};

/// What reading one line after the other keeps.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) names: AlleleNames,
    /// Where the columns of the line begin and end.
    columns: Vec<[u32; 2]>,
}

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

impl Reader {
    /// Reads a line.
    pub(crate) fn read<'a>(&mut self, layout: &Layout, text: Text<'a>) -> Line<'a> {
        let found = self.split(layout, text);
        if found != layout.columns {
            return Line::Malformed(Fault::Columns(found));
        }
        let fields = Fields { layout, columns: &self.columns, line: text.bytes };
        match values(&mut self.names, fields) {
            Ok(row) => Line::Row(row),
            Err(None) => Line::NoEstimate,
            Err(Some(fault)) => Line::Malformed(fault),
        }
    }

    /// Finds the columns of a line and returns their number. The same rules as in `header::split`, from the places of
    /// the separators.
    #[inline]
    fn split(&mut self, layout: &Layout, text: Text<'_>) -> usize {
        if self.columns.len() < layout.columns {
            self.columns.resize(layout.columns, [0; 2]);
        }
        let columns = self.columns.as_mut_slice();
        let keep_empty = layout.separator != Separator::Spaces;
        let (mut found, mut from) = (0, 0);
        let mut end = |at: usize| {
            // Written over if it is no column: without a branch that would often be guessed wrongly.
            if let Some(place) = columns.get_mut(found) {
                *place = [from as u32, at as u32];
            }
            found += usize::from(keep_empty | (from < at));
            from = at + 1;
        };
        text.each_separator(&mut end);
        end(text.bytes.len());
        found
    }
}

/// A line that was split.
#[derive(Debug, Clone, Copy)]
struct Fields<'a, 'b> {
    layout: &'b Layout,
    columns: &'b [[u32; 2]],
    line: &'a [u8],
}

impl<'a> Fields<'a, '_> {
    /// The column with a role; empty if the file has none.
    #[inline(always)]
    fn get(self, role: Role) -> &'a [u8] {
        match self.layout.place(role) {
            Some(column) => self.column(column),
            None => b"",
        }
    }

    /// A column without the spaces around it, which are rare.
    #[inline(always)]
    fn column(self, column: usize) -> &'a [u8] {
        let place = self.columns.get(column).and_then(|[from, to]| self.line.get(*from as usize..*to as usize));
        let field = place.unwrap_or(b"");
        match (field.first(), field.last()) {
            (Some(first), Some(last)) if *first > b' ' && *last > b' ' => field,
            _ => field.trim_ascii(),
        }
    }
}

/// What a line says, or what is wrong with it; nothing is wrong where there is no estimate.
fn values<'a>(names: &mut AlleleNames, fields: Fields<'a, '_>) -> Result<Row<'a>, Option<Fault>> {
    let marker = fields.get(Role::Marker);
    if is_missing(marker) {
        return Err(Some(Fault::NoMarker));
    }
    let (Some(beta), Some(se)) = (parse(fields.get(Role::Effect)), parse(fields.get(Role::StandardError))) else {
        return Err(no_estimate(fields));
    };
    if se <= 0.0 {
        return Err(Some(Fault::NotPositive));
    }
    // Squares beyond the range of floating point numbers would be weights of zero or infinity.
    if !(se * se).is_normal() || (beta != 0.0 && !(beta * beta).is_normal() && beta.abs() > 1.0) {
        return Err(Some(Fault::OutOfRange));
    }
    let effect = names.allele(fields.get(Role::EffectAllele)).ok_or(Fault::Allele(Role::EffectAllele))?;
    let other = names.allele(fields.get(Role::OtherAllele)).ok_or(Fault::Allele(Role::OtherAllele))?;
    if effect == other {
        return Err(Some(Fault::SameAlleles));
    }
    let eaf = match parse(fields.get(Role::Frequency)) {
        Some(eaf) if (0.0..=1.0).contains(&eaf) => eaf,
        Some(_) => return Err(Some(Fault::Frequency)),
        None => not_given(fields, Role::Frequency)?,
    };
    let n = match parse(fields.get(Role::SampleSize)) {
        Some(n) if n > 0.0 => n,
        Some(_) => return Err(Some(Fault::SampleSize)),
        None => not_given(fields, Role::SampleSize)?,
    };
    Ok(Row { marker, alleles: [effect, other], beta, se, eaf, n })
}

/// Why effect or standard error is no number.
#[cold]
fn no_estimate(fields: Fields<'_, '_>) -> Option<Fault> {
    let roles = [Role::Effect, Role::StandardError];
    if roles.iter().any(|role| is_missing(fields.get(*role))) {
        return None;
    }
    roles.into_iter().find(|role| parse(fields.get(*role)).is_none()).map(Fault::NotANumber)
}

/// NaN for an optional number that is not given.
#[cold]
fn not_given(fields: Fields<'_, '_>, role: Role) -> Result<f64, Fault> {
    if is_missing(fields.get(role)) { Ok(f64::NAN) } else { Err(Fault::NotANumber(role)) }
}

impl Fault {
    /// The message for a line of a file.
    pub(crate) fn problem(self, layout: &Layout, file: &str, number: u64, line: &[u8]) -> Problem {
        let mut fields = Vec::new();
        split(layout.separator, line, |field| fields.push(field));
        let field = |role: Role| layout.place(role).and_then(|i| fields.get(i).copied()).unwrap_or(b"");
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
    use std::io::Cursor;

    use super::*;
    use crate::lines::Lines;

    const HEADER: &str = "SNP A1 A2 BETA SE EAF N";

    /// Calls `check` with the line as it would be read from a file.
    fn with_text<T>(layout: &Layout, line: &[u8], check: impl FnOnce(Text<'_>) -> T) -> T {
        let mut lines = Lines::new(Box::new(Cursor::new([line, b"\n"].concat())), "c.txt");
        lines.separate_at(layout.separator);
        check(lines.next().unwrap().unwrap())
    }

    fn message(line: &str) -> String {
        let layout = Layout::of(HEADER.as_bytes(), "c.txt", &[]).unwrap();
        with_text(&layout, line.as_bytes(), |text| match Reader::default().read(&layout, text) {
            Line::Malformed(fault) => fault.problem(&layout, "c.txt", 7, line.as_bytes()).to_string(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn a_good_line() {
        let layout = Layout::of(HEADER.as_bytes(), "c.txt", &[]).unwrap();
        let mut reader = Reader::default();
        with_text(&layout, b"rs1 a  G -0.5 0.25 NA 1000 ", |text| {
            let Line::Row(row) = reader.read(&layout, text) else { panic!() };
            assert_eq!((row.marker, row.beta, row.se, row.n), (&b"rs1"[..], -0.5, 0.25, 1000.0));
            assert!(row.eaf.is_nan());
            assert_eq!(reader.names.name(row.alleles[0]), b"A");
        });
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
                with_text(&layout, &line, |text| {
                    if let Line::Malformed(fault) = Reader::default().read(&layout, text) {
                        assert!(!fault.problem(&layout, "c", 1, &line).to_string().is_empty());
                    }
                });
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
                let length = random.below(200);
                let line: Vec<u8> = (0..length).map(|_| b"ab ,\t"[random.below(5)]).collect();
                let mut expected = Vec::new();
                crate::header::split(separator, &line, |f| expected.push(f));
                with_text(&layout, &line, |text| {
                    let mut reader = Reader::default();
                    let found = reader.split(&layout, text);
                    let fields = Fields { layout: &layout, columns: &reader.columns, line: text.bytes };
                    assert_eq!(found, expected.len(), "{line:?}");
                    for (i, field) in expected.iter().take(layout.columns).enumerate() {
                        assert_eq!(fields.column(i), *field, "{line:?}");
                    }
                });
            }
        }
    }
}
