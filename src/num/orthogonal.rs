//! Columns made orthogonal one after the other, and how much of each is its own.

/// What is left of a column, relative to its length, once those before it are taken out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Conditioning {
    /// Enough to compute with.
    Sound,
    /// So little that more than half of the digits of its coefficient would be lost.
    Ill(f64),
    /// Nothing but rounding: the column is a combination of those before it.
    Dependent,
}

/// Of its length, what rounding leaves of a column that depends on the others.
const ROUNDING: f64 = 1e-13;
/// Half of the digits of a double.
const HALF_OF_THE_DIGITS: f64 = 1e-8;

impl Conditioning {
    fn of(share: f64) -> Self {
        if share >= HALF_OF_THE_DIGITS {
            Self::Sound
        } else if share > ROUNDING {
            Self::Ill(share)
        } else {
            Self::Dependent
        }
    }
}

/// Takes out of `column` what lies along the columns of `basis`, which are orthonormal, and divides the rest by its length, which is
/// returned. `along` is told how much of each there was; twice, for one pass leaves rounding of the size of what it removes.
pub(crate) fn orthonormalise(
    column: &mut [f64],
    basis: &[Vec<f64>],
    mut along: impl FnMut(usize, f64),
) -> (f64, Conditioning) {
    let before = norm(column);
    for _ in 0..2 {
        for (place, other) in basis.iter().enumerate() {
            let part: f64 = column.iter().zip(other).map(|(a, b)| a * b).sum();
            column.iter_mut().zip(other).for_each(|(a, b)| *a -= part * b);
            along(place, part);
        }
    }
    let after = norm(column);
    let conditioning = if before > 0.0 { Conditioning::of(after / before) } else { Conditioning::Dependent };
    column.iter_mut().for_each(|a| *a /= after);
    (after, conditioning)
}

/// The first column that is not sound, after those before it. Columns of any size; entries finite.
pub(crate) fn first_unsound<'a>(columns: impl Iterator<Item = &'a [f64]>) -> Option<(usize, Conditioning)> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for (place, column) in columns.enumerate() {
        let size = column.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
        // By powers of two, so that the unit of a column does not matter.
        let (_, exponent) = libm::frexp(size);
        let mut rest: Vec<f64> = column.iter().map(|x| libm::ldexp(*x, -exponent)).collect();
        match orthonormalise(&mut rest, &basis, |_, _| ()).1 {
            Conditioning::Sound => basis.push(rest),
            unsound => return Some((place, unsound)),
        }
    }
    None
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(columns: &[&[f64]]) -> Option<(usize, Conditioning)> {
        first_unsound(columns.iter().copied())
    }

    #[test]
    fn what_is_left_decides() {
        let ones = [1.0; 4];
        let ramp = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(first(&[&ones, &ramp]), None);
        assert_eq!(first(&[&ones, &ramp, &[3.0, 5.0, 7.0, 9.0]]), Some((2, Conditioning::Dependent)));
        assert_eq!(first(&[&[0.0; 4]]), Some((0, Conditioning::Dependent)));
        // Calendar years are far from 0 and sound all the same.
        assert_eq!(first(&[&ones, &[1948.0, 1949.0, 1960.0, 1977.0]]), None);
        let near = ramp.map(|x| if x == 2.0 { x + 1e-9 } else { x });
        let Some((1, Conditioning::Ill(share))) = first(&[&ramp, &near]) else {
            panic!("{:?}", first(&[&ramp, &near]))
        };
        assert!(1e-11 < share && share < 1e-9, "{share}");
    }

    #[test]
    fn the_unit_of_a_column_does_not_matter() {
        let ramp = [1.0, 2.0, 3.0, 4.0];
        for unit in [1e-300, 1e-10, 1e300] {
            assert_eq!(first(&[&[1.0; 4], &ramp.map(|x| x * unit)]), None);
            let dependent = ramp.map(|x| (1.0 + x) * unit);
            assert_eq!(first(&[&[1.0; 4], &ramp, &dependent]), Some((2, Conditioning::Dependent)));
        }
    }
}
