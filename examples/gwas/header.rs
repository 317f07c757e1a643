//! The first line of a file: how its columns are separated, and which one holds what.

use crate::problem::{Problem, shown};

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Marker,
    EffectAllele,
    OtherAllele,
    Effect,
    StandardError,
    Frequency,
    SampleSize,
}

/// Every role, in the order of the variants.
pub(crate) const ROLES: [Role; 7] = [
    Role::Marker,
    Role::EffectAllele,
    Role::OtherAllele,
    Role::Effect,
    Role::StandardError,
    Role::Frequency,
    Role::SampleSize,
];

impl Role {
    /// Word for it in `--columns`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Marker => "marker",
            Self::EffectAllele => "effect-allele",
            Self::OtherAllele => "other-allele",
            Self::Effect => "beta",
            Self::StandardError => "se",
            Self::Frequency => "eaf",
            Self::SampleSize => "n",
        }
    }

    /// Names under which cohorts write it, in capitals. `ALT` and `REF` are not among them, because they do not say
    /// which of the two the effect belongs to, nor `MAF`, which does not say whose frequency it is.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Marker => &["SNP", "MARKER", "MARKERNAME", "RSID", "RS_ID", "SNPID", "ID", "VARIANT_ID"],
            Self::EffectAllele => &["A1", "EA", "EFFECT_ALLELE", "ALLELE1", "EFFECTALLELE"],
            Self::OtherAllele => &["A2", "OA", "NEA", "OTHER_ALLELE", "NON_EFFECT_ALLELE", "ALLELE2", "ALLELE0"],
            Self::Effect => &["BETA", "B", "EFFECT", "LOG_OR", "LOGOR", "LOG_ODDS"],
            Self::StandardError => &["SE", "STDERR", "STANDARD_ERROR", "SEBETA", "LOG_OR_SE"],
            Self::Frequency => &["EAF", "FREQ", "FREQ1", "A1FREQ", "EFFECT_ALLELE_FREQUENCY", "EFFECT_ALLELE_FREQ"],
            Self::SampleSize => &["N", "NMISS", "N_TOTAL", "TOTALSAMPLESIZE", "SAMPLE_SIZE"],
        }
    }

    fn is_needed(self) -> bool {
        !matches!(self, Self::Frequency | Self::SampleSize)
    }
}

/// What separates columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// One character: an empty column is an empty column.
    Character(u8),
    /// Any number of spaces.
    Spaces,
}

/// Where things are in a line.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) separator: Separator,
    /// Number of columns of the header, which every line has to have.
    pub(crate) columns: usize,
    /// Column of every role, in the order of [`ROLES`].
    places: [Option<usize>; ROLES.len()],
    names: Vec<String>,
}

impl Layout {
    /// Reads a header. `chosen` are pairs of a role and a column's name from the command line.
    pub(crate) fn of(header: &[u8], file: &str, chosen: &[(Role, String)]) -> Result<Self, Problem> {
        let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
        let separator = [b'\t', b',', b';']
            .into_iter()
            .find(|c| header.contains(c))
            .map_or(Separator::Spaces, Separator::Character);
        let mut fields = Vec::new();
        split(separator, header, |field| fields.push(field));
        let names: Vec<String> = fields.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        let wrong = |what: String, remedy: String| Problem { line: Some(1), ..Problem::of_file(file, what, remedy) };

        let mut places = [None; ROLES.len()];
        for (place, role) in places.iter_mut().zip(ROLES) {
            let chosen = chosen.iter().rev().find(|(r, _)| *r == role).map(|(_, name)| name.as_str());
            let fits = |name: &String| match chosen {
                Some(chosen) => name == chosen,
                None => role.names().contains(&name.trim_start_matches('#').to_ascii_uppercase().as_str()),
            };
            let mut found = names.iter().enumerate().filter(|(_, name)| fits(name)).map(|(i, _)| i);
            *place = found.next();
            if let (Some(first), Some(second)) = (*place, found.next()) {
                let what = format!(
                    "columns {} and {} could both be the {}",
                    shown(fields[first]),
                    shown(fields[second]),
                    role.word()
                );
                return Err(wrong(what, format!("say which, as in --columns {}={}", role.word(), names[first])));
            }
            if place.is_none() && (role.is_needed() || (chosen.is_some() && !fields.is_empty())) {
                let what = match chosen {
                    Some(name) => format!("no column is called {}", shown(name.as_bytes())),
                    None => format!("no column for the {} in {}", role.word(), shown_list(&names)),
                };
                let mut remedy =
                    format!("the first line names the columns; say which one, as in --columns {}=NAME", role.word());
                if role == Role::Effect {
                    remedy.push_str(" (of odds ratios, the logarithms are needed)");
                }
                return Err(wrong(what, remedy));
            }
        }
        for (i, column) in places.iter().enumerate() {
            let Some(column) = *column else { continue };
            if places[..i].contains(&Some(column)) {
                let what = format!("column {} is to be two things at once", shown(fields[column]));
                return Err(wrong(what, "give --columns every column once".to_string()));
            }
        }
        Ok(Self { separator, columns: names.len(), places, names })
    }

    /// Name of a column, for messages.
    pub(crate) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    #[inline]
    pub(crate) fn place(&self, role: Role) -> Option<usize> {
        self.places[role as usize]
    }
}

fn shown_list(names: &[String]) -> String {
    const MOST: usize = 12;
    let list: Vec<String> = names.iter().take(MOST).map(|n| n.escape_debug().to_string()).collect();
    format!("{}{}", list.join(" "), if names.len() > MOST { " ..." } else { "" })
}

/// Calls `field` with every column of a line; spaces around it are not part of it.
pub(crate) fn split<'a>(separator: Separator, line: &'a [u8], mut field: impl FnMut(&'a [u8])) {
    match separator {
        Separator::Character(c) => line.split(|b| *b == c).for_each(|f| field(f.trim_ascii())),
        Separator::Spaces => {
            line.split(|b| *b == b' ' || *b == b'\t').filter(|f| !f.is_empty()).for_each(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(header: &str) -> Result<[Option<usize>; 7], String> {
        Layout::of(header.as_bytes(), "c.txt", &[]).map(|l| l.places).map_err(|p| p.to_string())
    }

    #[test]
    fn columns_are_found_by_the_names_that_cohorts_use() {
        let all = [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6)];
        assert_eq!(places("SNP A1 A2 BETA SE EAF N"), Ok(all));
        assert_eq!(places("  snp   a1 a2 beta se eaf n"), Ok(all));
        assert_eq!(places("rsid,effect_allele,other_allele,beta,standard_error,freq1,n_total"), Ok(all));
        assert_eq!(places("\u{feff}#SNP\tEA\tNEA\tB\tSE\tFREQ\tN"), Ok(all));
        assert_eq!(
            places("CHR\tBP\tN\tSE\tBETA\tA2\tA1\tSNP"),
            Ok([Some(7), Some(6), Some(5), Some(4), Some(3), None, Some(2)])
        );
    }

    #[test]
    fn a_header_that_does_not_say_it_is_refused_with_a_remedy() {
        let message = places("SNP A1 A2 OR SE").unwrap_err();
        assert_eq!(
            message,
            "c.txt, line 1: no column for the beta in SNP A1 A2 OR SE; the first line names the columns; \
             say which one, as in --columns beta=NAME (of odds ratios, the logarithms are needed)"
        );
        let message = places("SNP RSID A1 A2 BETA SE").unwrap_err();
        assert!(message.contains("could both be the marker; say which, as in --columns marker=SNP"), "{message}");
        assert!(places("").unwrap_err().contains("no column for the marker"));
    }

    #[test]
    fn columns_can_be_chosen() {
        let chosen = [(Role::EffectAllele, "ALT".to_string()), (Role::OtherAllele, "REF".to_string())];
        let layout = Layout::of(b"ID REF ALT BETA SE", "c.txt", &chosen).unwrap();
        assert_eq!(layout.place(Role::EffectAllele), Some(2));
        assert_eq!(layout.name(2), "ALT");
        let twice = [(Role::SampleSize, "BETA".to_string())];
        let problem = Layout::of(b"SNP A1 A2 BETA SE", "c.txt", &twice).unwrap_err();
        assert!(problem.to_string().contains("\"BETA\" is to be two things at once"), "{problem}");
        let problem = Layout::of(b"SNP A1 A2 BETA SE", "c.txt", &chosen).unwrap_err();
        assert!(problem.to_string().contains("no column is called \"ALT\""), "{problem}");
    }

    #[test]
    fn an_empty_column_between_tabs_stays_a_column() {
        let mut fields = Vec::new();
        split(Separator::Character(b'\t'), b"a\t\t c ", |f| fields.push(f));
        assert_eq!(fields, [b"a".as_slice(), b"", b"c"]);
    }
}
