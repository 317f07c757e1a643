//! Which units go into which tile.

use super::super::input::{BatchInput, Layout};

/// Bytes of a line of the cache, which no vector should straddle.
pub(super) const LINE: usize = 64;

/// The units of a tile, within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: usize,
    pub(super) here: usize,
    /// The first of them that no tile before had: tiles overlap where that puts vectors into lines of the cache, or makes the last tile a
    /// whole one. A unit's numbers are the same in every tile.
    pub(super) fresh: usize,
}

/// The tiles of a run of units, in order.
#[derive(Debug)]
pub(super) struct Places {
    units: usize,
    width: usize,
    done: usize,
    /// Whether whole tiles can begin anywhere.
    overlap: bool,
    /// Where the second tile begins.
    second: usize,
}

impl Places {
    pub(super) fn new(input: &BatchInput<'_>, first: usize, units: usize, width: usize) -> Self {
        let overlap = input.in_rows() && units >= width && width > 1;
        let second = if overlap { to_line(input, first).filter(|to| *to > 0 && *to < width) } else { None };
        Self { units, width, done: 0, overlap, second: second.unwrap_or(width) }
    }
}

impl Iterator for Places {
    type Item = Place;

    #[inline(always)]
    fn next(&mut self) -> Option<Place> {
        let Self { units, width, done, overlap, second } = *self;
        if done >= units {
            return None;
        }
        let next = if overlap && done == width && second < width { second } else { done };
        let at = if overlap { next.min(units - width) } else { done };
        let here = width.min(units - at);
        self.done = at + here;
        Some(Place { at, here, fresh: done - at })
    }
}

/// How many units after `first` effects and variances of every study begin a line of the cache, if they do so together.
fn to_line(input: &BatchInput<'_>, first: usize) -> Option<usize> {
    const NUMBER: usize = size_of::<f64>();
    let past = |column: &[f64]| (column.as_ptr().addr() / NUMBER + first) % (LINE / NUMBER);
    let (past, alike) = match input.layout {
        Layout::StudyMajor { y, v, stride, .. } => (past(y), past(v) == past(y) && stride % (LINE / NUMBER) == 0),
        Layout::Columns { y, v } => {
            let one = past(y.first()?);
            (one, y.iter().chain(v).all(|column| past(column) == one))
        }
        _ => return None,
    };
    alike.then_some((LINE / NUMBER - past) % (LINE / NUMBER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(units: usize, width: usize, overlap: bool, second: usize) -> Vec<(usize, usize, usize)> {
        let places = Places { units, width, done: 0, overlap, second };
        places.map(|Place { at, here, fresh }| (at, here, fresh)).collect()
    }

    #[test]
    fn every_unit_is_fresh_once() {
        assert_eq!(of(40, 16, false, 16), [(0, 16, 0), (16, 16, 0), (32, 8, 0)]);
        assert_eq!(of(40, 16, true, 16), [(0, 16, 0), (16, 16, 0), (24, 16, 8)]);
        assert_eq!(of(40, 16, true, 6), [(0, 16, 0), (6, 16, 10), (22, 16, 0), (24, 16, 14)]);
        assert_eq!(of(16, 16, true, 6), [(0, 16, 0)]);
        assert_eq!(of(17, 16, true, 6), [(0, 16, 0), (1, 16, 15)]);
        for units in 1..100 {
            for second in 1..=8 {
                let places = of(units, 8, units >= 8, second);
                let mut next = 0;
                for (at, here, fresh) in places {
                    assert_eq!(at + fresh, next, "{units} {second}");
                    next = at + here;
                }
                assert_eq!(next, units);
            }
        }
    }
}
