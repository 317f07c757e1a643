//! How many evaluations a search or an integral takes.
//!
//! A bracket keeps a search right whatever its start and its slopes are, and halving the steps an integral, so that a mistake in starts,
//! slopes or first steps shows in nothing but the number of evaluations. Tests count those.

#[cfg(test)]
thread_local! {
    static EVALUATIONS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Notes one evaluation of the function whose root or integral is wanted. Does nothing outside of tests.
#[inline(always)]
pub(crate) fn evaluation() {
    #[cfg(test)]
    EVALUATIONS.set(EVALUATIONS.get() + 1);
}

/// Mean number of evaluations of a search with each of these arguments.
#[cfg(test)]
pub(crate) fn mean<T, R>(arguments: impl IntoIterator<Item = T>, mut search: impl FnMut(T) -> R) -> f64 {
    let before = EVALUATIONS.get();
    let searches = arguments.into_iter().map(|x| std::hint::black_box(search(x))).count();
    assert!(searches > 0, "nothing is searched");
    (EVALUATIONS.get() - before) as f64 / searches as f64
}

/// Fails for what takes more evaluations than it should: names, bounds and means.
#[cfg(test)]
pub(crate) fn at_most(found: &[(&str, f64, f64)]) {
    let more = found.iter().filter(|(_, most, evaluations)| evaluations > most);
    let more: Vec<String> =
        more.map(|(what, most, found)| format!("{what}: {found:.3}, at most {most} expected")).collect();
    assert!(more.is_empty(), "{more:#?}");
}

#[cfg(test)]
mod tests {
    use super::{at_most, mean};
    use crate::num::{beta, gamma, quadratic_form, student_t};

    /// `first`, and the others by this factor each.
    fn powers(first: f64, factor: f64, count: i32) -> impl Iterator<Item = f64> + Clone {
        (0..count).map(move |i| first * factor.powi(i))
    }

    fn pairs(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64> + Clone) -> impl Iterator<Item = (f64, f64)> {
        a.flat_map(move |a| b.clone().map(move |b| (a, b)))
    }

    /// Kinds of arguments, one for every way to a starting point, with the mean number of evaluations that start and slopes lead to and
    /// some 2 % more.
    #[test]
    fn quantiles_take_as_few_evaluations_as_their_starts_allow() {
        let t = |(q, df): (f64, f64)| student_t::quantile_upper(q, df);
        let g = |(q, a): (f64, f64)| gamma::inverse_upper_regularized(a, q);
        let lower = |(p, a): (f64, f64)| gamma::inverse_lower_regularized(a, p);
        let symmetric = |(q, a): (f64, f64)| beta::inverse_regularized_upper(a, a, q);
        let skew = |(q, a): (f64, f64)| beta::inverse_regularized_upper(a, 3.0, q);
        let found = [
            ("t, df < 1", 1.11, mean(pairs(powers(0.4, 0.5, 30), powers(0.05, 1.4, 8)), t)),
            ("t, centre", 2.02, mean(pairs((1..20).map(|i| 0.5 - 0.001 * f64::from(i)), powers(0.3, 1.7, 20)), t)),
            ("t, moderate", 1.95, mean(pairs(powers(0.4, 0.8, 30), powers(1.0, 1.5, 20)), t)),
            ("t, far", 2.02, mean(pairs(powers(1e-250, 0.1, 50), (0..8).map(|i| 1.0 + 0.1 * f64::from(i))), t)),
            ("gamma, cube root", 2.13, mean(pairs(powers(0.4, 0.7, 20), powers(0.5, 1.6, 15)), g)),
            ("gamma, exponential", 3.1, mean(pairs(powers(0.25, 0.5, 30), powers(0.01, 1.3, 12)), g)),
            ("gamma, power", 4.95, mean(pairs(powers(1e-3, 0.1, 30), powers(0.05, 1.5, 12)), lower)),
            ("beta, symmetric", 2.13, mean(pairs(powers(0.4, 0.6, 25), powers(1.1, 1.6, 15)), symmetric)),
            ("beta, skew", 2.6, mean(pairs(powers(0.4, 0.6, 25), powers(1.1, 1.6, 15)), skew)),
            ("beta, power", 1.23, mean(pairs(powers(0.4, 0.5, 25), powers(0.05, 1.3, 11)), symmetric)),
            ("beta, powers", 2.78, mean(pairs(powers(0.6, 0.9, 25), powers(0.05, 1.3, 11)), skew)),
            (
                "weighted sum, upper",
                158.0,
                mean(powers(2.0, 1.5, 12), |x| quadratic_form::sf(x, &[1.0, 0.7, 0.4, 0.1])),
            ),
            (
                "weighted sum, lower",
                77.0,
                mean(powers(1.0, 0.5, 12), |x| quadratic_form::cdf(x, &[1.0, 0.7, 0.4, 0.1])),
            ),
        ];
        at_most(&found);
    }
}
