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
            let part = dot(column, other);
            column.iter_mut().zip(other).for_each(|(a, b)| *a -= part * b);
            along(place, part);
        }
    }
    let after = norm(column);
    let conditioning = if before > 0.0 { Conditioning::of(after / before) } else { Conditioning::Dependent };
    let inverse = 1.0 / after;
    column.iter_mut().for_each(|a| *a *= inverse);
    (after, conditioning)
}

/// The column in units of a power of two, the largest below its largest entry, which is returned; `None` without an entry other than 0.
/// By powers of two, so that the unit of a column does not matter.
pub(crate) fn in_own_unit(column: &[f64]) -> Option<(Vec<f64>, f64)> {
    let size = largest(column);
    if size <= 0.0 {
        return None;
    }
    let exponent = libm::frexp(size).1 - 1;
    let unit = libm::ldexp(1.0, exponent);
    let inverse = 1.0 / unit;
    let own = |x: &f64| if inverse < f64::INFINITY { x * inverse } else { libm::ldexp(*x, -exponent) };
    Some((column.iter().map(own).collect(), unit))
}

/// The first column that is not sound, after those before it. Columns of any size; entries finite.
pub(crate) fn first_unsound<'a>(columns: impl Iterator<Item = &'a [f64]>) -> Option<(usize, Conditioning)> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for (place, column) in columns.enumerate() {
        let Some((mut rest, _)) = in_own_unit(column) else { return Some((place, Conditioning::Dependent)) };
        match orthonormalise(&mut rest, &basis, |_, _| ()).1 {
            Conditioning::Sound => basis.push(rest),
            unsound => return Some((place, unsound)),
        }
    }
    None
}

fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// The largest size of an entry, by four comparisons, none of which waits for the others.
fn largest(column: &[f64]) -> f64 {
    let larger = |size: &mut f64, x: f64| *size = if x.abs() > *size { x.abs() } else { *size };
    let (fours, rest) = column.as_chunks::<4>();
    let mut sizes = [0.0; 4];
    for four in fours {
        sizes.iter_mut().zip(four).for_each(|(size, x)| larger(size, *x));
    }
    sizes.iter_mut().zip(rest).for_each(|(size, x)| larger(size, *x));
    let mut size = 0.0;
    sizes.iter().for_each(|one| larger(&mut size, *one));
    size
}

/// By four sums, none of which waits for the others.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let ((xs, rest), (ys, rest_y)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (x, y) in xs.iter().zip(ys) {
        for i in 0..4 {
            sums[i] += x[i] * y[i];
        }
    }
    let [a, b, c, d] = sums;
    (a + b) + (c + d) + rest.iter().zip(rest_y).map(|(x, y)| x * y).sum::<f64>()
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
