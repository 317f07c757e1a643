//! Alleles and their alignment: whether a row names the same pair, swapped, on the other strand, or another pair.

use std::collections::HashMap;

/// An allele: 0 to 3 are the bases A, C, G, T; anything else is a name that was met, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allele(u32);

impl Allele {
    fn is_base(self) -> bool {
        self.0 < 4
    }

    /// The base opposite to it on the other strand. Only bases have one here: the letters of an insertion or deletion
    /// are compared as they are written.
    fn complement(self) -> Self {
        Self(3 - self.0)
    }
}

/// Number of the base that a letter names, in either case; [`NO_BASE`] for other bytes. A table, because random letters make
/// a processor guess branches wrongly.
const BASES: [u8; 256] = {
    let mut bases = [NO_BASE; 256];
    let mut i = 0;
    while i < 4 {
        bases[b"ACGT"[i] as usize] = i as u8;
        bases[b"acgt"[i] as usize] = i as u8;
        i += 1;
    }
    bases
};

const NO_BASE: u8 = 4;

/// Effect allele and other allele.
pub(crate) type Pair = [Allele; 2];

/// Names of the alleles that are not single bases.
#[derive(Debug, Default)]
pub(crate) struct AlleleNames {
    numbers: HashMap<Vec<u8>, u32>,
    names: Vec<Vec<u8>>,
    bytes: usize,
}

impl AlleleNames {
    /// The allele that these bytes name, in any case, or nothing if they name none.
    #[inline]
    pub(crate) fn allele(&mut self, bytes: &[u8]) -> Option<Allele> {
        match bytes {
            [letter] if BASES[usize::from(*letter)] != NO_BASE => Some(Allele(u32::from(BASES[usize::from(*letter)]))),
            other => self.other(other),
        }
    }

    #[cold]
    fn other(&mut self, bytes: &[u8]) -> Option<Allele> {
        match bytes {
            b"" | b"." | b"0" | b"?" | b"N" | b"n" | b"NA" | b"na" => None,
            other => other.iter().all(u8::is_ascii_graphic).then(|| self.long(other)),
        }
    }

    fn long(&mut self, bytes: &[u8]) -> Allele {
        let name = bytes.to_ascii_uppercase();
        if let Some(&number) = self.numbers.get(&name) {
            return Allele(number);
        }
        let number = 4 + self.names.len() as u32;
        self.bytes += 2 * name.len() + 80;
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        Allele(number)
    }

    pub(crate) fn name(&self, allele: Allele) -> &[u8] {
        match allele.0 {
            0 => b"A",
            1 => b"C",
            2 => b"G",
            3 => b"T",
            n => self.names.get(n as usize - 4).map_or(b"?", Vec::as_slice),
        }
    }

    /// Memory that the names take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// How the pair of a row lies to the pair that the marker already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alignment {
    /// The same effect allele.
    Same,
    /// Effect and other allele change places: the sign of the effect changes.
    Swapped,
    /// The same effect allele, read from the other strand.
    OtherStrand,
    /// Other strand, and swapped.
    OtherStrandSwapped,
    /// Other alleles: not the same variant.
    Different,
}

/// `true` for A/T and C/G, whose letters are the same on both strands, so that they say nothing about the strand.
pub(crate) fn is_ambiguous([a, b]: Pair) -> bool {
    a.is_base() && b.is_base() && a == b.complement()
}

/// Compares a row with the marker. An ambiguous pair is taken to be on the same strand.
pub(crate) fn align(marker: Pair, row: Pair) -> Alignment {
    let swapped = [row[1], row[0]];
    if marker == row {
        Alignment::Same
    } else if marker == swapped {
        Alignment::Swapped
    } else if row[0].is_base() && row[1].is_base() {
        let other = [row[0].complement(), row[1].complement()];
        if marker == other {
            Alignment::OtherStrand
        } else if marker == [other[1], other[0]] {
            Alignment::OtherStrandSwapped
        } else {
            Alignment::Different
        }
    } else {
        Alignment::Different
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &mut AlleleNames, effect: &str, other: &str) -> Pair {
        [names.allele(effect.as_bytes()).unwrap(), names.allele(other.as_bytes()).unwrap()]
    }

    #[test]
    fn every_pair_of_bases_against_every_other() {
        let names = &mut AlleleNames::default();
        let complement = |base: &str| match base {
            "A" => "T",
            "C" => "G",
            "G" => "C",
            _ => "A",
        };
        let bases = ["A", "C", "G", "T"];
        let mut counts = [0; 5];
        for a in bases {
            for b in bases.into_iter().filter(|b| *b != a) {
                for c in bases {
                    for d in bases.into_iter().filter(|d| *d != c) {
                        let expected = if (c, d) == (a, b) {
                            Alignment::Same
                        } else if (c, d) == (b, a) {
                            Alignment::Swapped
                        } else if (complement(c), complement(d)) == (a, b) {
                            Alignment::OtherStrand
                        } else if (complement(c), complement(d)) == (b, a) {
                            Alignment::OtherStrandSwapped
                        } else {
                            Alignment::Different
                        };
                        let found = align(pair(names, a, b), pair(names, c, d));
                        assert_eq!(found, expected, "{a}/{b} {c}/{d}");
                        counts[found as usize] += 1;
                    }
                }
                assert_eq!(is_ambiguous(pair(names, a, b)), complement(a) == b);
            }
        }
        assert_eq!(counts, [12, 12, 8, 8, 104]); // 4 of 12 pairs are ambiguous
    }

    #[test]
    fn longer_alleles_are_compared_as_written() {
        let names = &mut AlleleNames::default();
        let deletion = pair(names, "ac", "A");
        assert_eq!(align(deletion, pair(names, "A", "AC")), Alignment::Swapped);
        assert_eq!(align(deletion, pair(names, "T", "GT")), Alignment::Different);
        assert_eq!(align(pair(names, "D", "I"), pair(names, "I", "D")), Alignment::Swapped);
        assert!(!is_ambiguous(deletion));
        assert_eq!(names.name(deletion[0]), b"AC");
        assert_eq!(names.name(deletion[1]), b"A");
    }

    #[test]
    fn what_names_no_allele() {
        let names = &mut AlleleNames::default();
        for text in ["", ".", "0", "N", "NA", "?", "A T", "\u{e9}"] {
            assert_eq!(names.allele(text.as_bytes()), None, "{text:?}");
        }
    }
}
