//! From a marker's name to its number: an open hash table that keeps 16 bytes per marker and no names.

/// No marker.
const EMPTY: u64 = u64::MAX;

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    number: u64,
}

/// Numbers of markers by the hash of their names. The names themselves lie in the blocks.
#[derive(Debug)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    used: usize,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { entries: vec![Entry { hash: 0, number: EMPTY }; 1 << 12], used: 0 }
    }

    /// Numbers that were entered with this hash: candidates whose names remain to be compared.
    pub(crate) fn candidates(&self, hash: u64) -> impl Iterator<Item = u64> + '_ {
        let mask = self.entries.len() - 1;
        let mut at = hash as usize & mask;
        std::iter::from_fn(move || {
            loop {
                let entry = self.entries[at];
                at = (at + 1) & mask;
                if entry.number == EMPTY {
                    return None;
                }
                if entry.hash == hash {
                    return Some(entry.number);
                }
            }
        })
    }

    pub(crate) fn insert(&mut self, hash: u64, number: u64) {
        if self.used * 8 >= self.entries.len() * 5 {
            let larger = vec![Entry { hash: 0, number: EMPTY }; self.entries.len() * 2];
            for entry in std::mem::replace(&mut self.entries, larger) {
                if entry.number != EMPTY {
                    self.place(entry);
                }
            }
        }
        self.place(Entry { hash, number });
        self.used += 1;
    }

    fn place(&mut self, entry: Entry) {
        let mask = self.entries.len() - 1;
        let mut at = entry.hash as usize & mask;
        while self.entries[at].number != EMPTY {
            at = (at + 1) & mask;
        }
        self.entries[at] = entry;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.entries.len() * size_of::<Entry>()
    }
}

/// A hash of all bytes of a name: multiplications of eight bytes at a time, mixed as in MurmurHash3 (Appleby).
pub(crate) fn hash(name: &[u8]) -> u64 {
    let mut h = (name.len() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut chunks = name.chunks_exact(8);
    let mut add = |word: u64| h = (h ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29);
    for chunk in &mut chunks {
        add(chunk.iter().rev().fold(0, |w, b| (w << 8) | u64::from(*b)));
    }
    add(chunks.remainder().iter().rev().fold(0, |w, b| (w << 8) | u64::from(*b)));
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_that_resemble_each_other_have_different_hashes() {
        let mut seen = HashSet::new();
        for i in 0..200_000 {
            assert!(seen.insert(hash(format!("rs{i}").as_bytes())), "rs{i}");
            assert!(seen.insert(hash(format!("chr7:{i}:A:G").as_bytes())), "{i}");
        }
        assert!(seen.insert(hash(b"")) && seen.insert(hash(b"\0")) && seen.insert(hash(b"\0\0")));
    }

    #[test]
    fn what_was_entered_is_found_after_growing() {
        let mut index = Index::new();
        for i in 0..50_000u64 {
            index.insert(hash(&i.to_le_bytes()), i);
        }
        for i in 0..50_000u64 {
            assert!(index.candidates(hash(&i.to_le_bytes())).eq([i]));
        }
        assert_eq!(index.candidates(hash(b"absent")).count(), 0);
        assert!(index.bytes() <= 16 * 50_000 * 4);
        index.insert(7, 100);
        index.insert(7, 101);
        assert!(index.candidates(7).eq([100, 101]));
    }
}
