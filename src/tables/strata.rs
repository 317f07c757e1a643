//! The rows that the classical methods pool, as four numbers each, after the zero-cell policy.

use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::study::{Conversion, Dropped, Studies, Summary, TwoByTwo, TwoMeans, TwoRates, Uninformative, ZeroCells};

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::TwoByTwo {}
    impl Sealed for super::TwoRates {}
    impl Sealed for super::TwoMeans {}
}

/// A comparison of two groups whose sizes are known. The trait is sealed: [`TwoByTwo`], [`TwoRates`] and
/// [`TwoMeans`].
///
/// ```
/// use meta_analysis::study::{TwoByTwo, TwoRates};
/// use meta_analysis::tables::TwoGroups;
///
/// fn smaller(row: impl TwoGroups) -> f64 {
///     let [first, second] = row.sizes();
///     first.min(second)
/// }
/// assert_eq!(smaller(TwoByTwo::new((22, 24), (10, 18))?), 18.0);
/// assert_eq!(smaller(TwoRates::new((9, 413.5), (19, 410.0))?), 410.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
pub trait TwoGroups: Summary + Copy + sealed::Sealed {
    /// Sizes of the two groups: people, or person-time.
    ///
    /// ```
    /// use meta_analysis::study::TwoByTwo;
    /// use meta_analysis::tables::TwoGroups;
    ///
    /// assert_eq!(TwoByTwo::new((22, 24), (10, 18))?.sizes(), [24.0, 18.0]);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    fn sizes(&self) -> [f64; 2];
}

impl TwoGroups for TwoByTwo {
    fn sizes(&self) -> [f64; 2] {
        let (first, second) = self.groups();
        [first.total(), second.total()]
    }
}

impl TwoGroups for TwoRates {
    fn sizes(&self) -> [f64; 2] {
        let (first, second) = self.groups();
        [first.time(), second.time()]
    }
}

impl TwoGroups for TwoMeans {
    fn sizes(&self) -> [f64; 2] {
        self.groups().map(|(_, n)| n)
    }
}

/// Counts of two groups. The trait is sealed: [`TwoByTwo`] and [`TwoRates`].
///
/// ```
/// use meta_analysis::Result;
/// use meta_analysis::study::{Studies, TwoByTwo};
/// use meta_analysis::tables::{Counts, MantelHaenszel, StratifiedMeasure, TableMeasure};
///
/// fn pooled<T: Counts, M: StratifiedMeasure<Row = T>>(rows: &Studies<T>, measure: M) -> Result<f64> {
///     Ok(MantelHaenszel::new(measure).fit(rows)?.estimate().value())
/// }
/// let trials = Studies::from([("A", TwoByTwo::new((3, 4), (1, 4))?)]);
/// assert_eq!(pooled(&trials, TableMeasure::RiskDifference)?, 0.5); // 3/4 - 1/4
/// # Ok::<(), meta_analysis::Error>(())
/// ```
pub trait Counts: TwoGroups {
    /// The four numbers of a stratum: events and non-events of each group, or events and person-time.
    #[doc(hidden)]
    fn four(&self) -> [f64; 4];

    /// The same with something added to the counts of each group.
    #[doc(hidden)]
    fn plus(&self, addition: [f64; 2]) -> [f64; 4];

    /// Observed minus expected events of the first group under no effect, and their variance.
    #[doc(hidden)]
    fn score(cells: [f64; 4]) -> (f64, f64);
}

impl Counts for TwoByTwo {
    fn four(&self) -> [f64; 4] {
        self.cells()
    }

    fn plus(&self, [first, second]: [f64; 2]) -> [f64; 4] {
        let [a, b, c, d] = self.cells();
        [a + first, b + first, c + second, d + second]
    }

    /// `(a d - b c) / n` and `n1 n2 m1 m2 / (n^2 (n - 1))`: given all margins, `a` is hypergeometric.
    fn score([a, b, c, d]: [f64; 4]) -> (f64, f64) {
        let n = a + b + c + d;
        let variance = ((a + b) / n) * ((c + d) / n) * (a + c) * ((b + d) / (n - 1.0));
        (cross([a, b, c, d]) / n, if n > 1.0 { variance } else { 0.0 })
    }
}

impl Counts for TwoRates {
    fn four(&self) -> [f64; 4] {
        let (first, second) = self.groups();
        [first.events(), first.time(), second.events(), second.time()]
    }

    fn plus(&self, [first, second]: [f64; 2]) -> [f64; 4] {
        let [x1, t1, x2, t2] = self.four();
        [x1 + first, t1, x2 + second, t2]
    }

    /// Given all events together, those of the first group are binomial with the share of its person-time.
    fn score([x1, t1, x2, t2]: [f64; 4]) -> (f64, f64) {
        let (share1, share2) = shares(t1, t2);
        (x1 * share2 - x2 * share1, (x1 + x2) * share1 * share2)
    }
}

/// `a d - b c`, exact to rounding of the result.
pub(super) fn cross([a, b, c, d]: [f64; 4]) -> f64 {
    crate::study::precise::difference_of_products(a, d, b, c)
}

/// The shares of two person-times in their sum, which may be beyond the range of a double.
pub(super) fn shares(t1: f64, t2: f64) -> (f64, f64) {
    (1.0 / (1.0 + t2 / t1), 1.0 / (1.0 + t1 / t2))
}

/// The strata that a method pools.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Positions of the strata that are pooled.
    pub(super) kept: Vec<usize>,
    /// Their numbers, after the correction.
    pub(super) cells: Vec<[f64; 4]>,
    /// Labels of those to whose counts something was added.
    pub(super) corrected: Vec<String>,
    /// Those that are left out.
    pub(super) dropped: Vec<Dropped>,
}

/// Applies the zero-cell policy and leaves out the strata that say nothing.
///
/// `silent`: the reason why a stratum with these numbers says nothing about the measure, if it does not. `tells`:
/// whether the measure has a meaning where nobody, or everybody, has the event.
pub(super) fn gather<T: Counts>(
    studies: &Studies<T>,
    how: Conversion<T::Measure>,
    tells: bool,
    silent: impl Fn(&[f64; 4]) -> Option<&'static str>,
) -> Result<Gathered> {
    studies.check_labels()?;
    let rows: Vec<&T> = studies.iter().map(|(_, row)| row).collect();
    let how = how.settled(&rows)?;
    let policy = how.zero_cells_policy();
    let (mut kept, mut cells) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    let (mut corrected, mut dropped) = (Vec::new(), studies.dropped().to_vec());
    for (i, (label, row)) in studies.iter().enumerate() {
        let mut leave_out = |reason: &str| dropped.push(Dropped { study: label.to_owned(), reason: reason.to_owned() });
        if policy.drops() && row.is_uninformative() {
            leave_out("nobody or everybody has the event");
            continue;
        }
        let addition = policy
            .addition(row.has_zero_cell(), row.sizes(), how.context().pooled_odds_ratio)
            .map_err(|e| e.in_study(label))?;
        let numbers = match addition {
            Some(addition) => {
                if row.is_uninformative() && !tells && policy.uninformative() == Uninformative::Refuse {
                    let measure: Measure = how.measure().into();
                    let measure = measure.name();
                    return Err(crate::Error::from(ErrorKind::DoubleZero { measure }).in_study(label));
                }
                corrected.push(label.to_owned());
                row.plus(addition)
            }
            None => row.four(),
        };
        match silent(&numbers) {
            Some(reason) => leave_out(reason),
            None => {
                kept.push(i);
                cells.push(numbers);
            }
        }
    }
    Ok(Gathered { kept, cells, corrected, dropped })
}

/// Why a table says nothing about an odds ratio.
pub(super) fn no_odds([a, b, c, d]: &[f64; 4]) -> Option<&'static str> {
    if a + c <= 0.0 {
        Some("no events in either group")
    } else if b + d <= 0.0 {
        Some("nothing but events in both groups")
    } else {
        None
    }
}

/// Refuses studies without any event, unless a correction gave them some.
///
/// # Errors
/// [`ErrorKind::NoEvents`].
pub(super) fn check_events<T: Counts>(
    studies: &Studies<T>,
    corrected: &[[f64; 4]],
    measure: &'static str,
) -> Result<()> {
    let none = |[a, _, c, _]: &[f64; 4]| a + c <= 0.0;
    if corrected.iter().all(none) && studies.iter().all(|(_, row)| none(&row.four())) {
        return Err(ErrorKind::no_events(measure).into());
    }
    Ok(())
}

/// Why a table says nothing about a ratio of risks.
pub(super) fn no_risks([a, _, c, _]: &[f64; 4]) -> Option<&'static str> {
    (a + c <= 0.0).then_some("no events in either group")
}

/// The effect of every single study, where it has one, under a policy of its own.
///
/// # Errors
/// Whatever is wrong with the policy itself.
pub(super) fn own_effects<T: Counts>(
    studies: &Studies<T>,
    how: Conversion<T::Measure>,
) -> Result<Vec<Option<crate::effect::Effect>>> {
    let rows: Vec<&T> = studies.iter().map(|(_, row)| row).collect();
    let how = how.settled(&rows)?;
    studies
        .iter()
        .map(|(label, row)| match row.effect(&how) {
            Ok(effect) => Ok(Some(effect)),
            Err(e) => match e.kind() {
                ErrorKind::ZeroCell { .. }
                | ErrorKind::DoubleZero { .. }
                | ErrorKind::DoubleFull { .. }
                | ErrorKind::DegenerateMargin { .. }
                | ErrorKind::SampleSizeTooSmall { .. }
                | ErrorKind::Overflow { .. }
                | ErrorKind::NonFinite { .. }
                | ErrorKind::ZeroVariance { .. } => Ok(None),
                _ => Err(e.in_study(label)),
            },
        })
        .collect()
}

/// A measure with a zero-cell policy.
pub(super) fn conversion<M: Copy>(measure: M, policy: ZeroCells) -> Conversion<M> {
    Conversion::new(measure).zero_cells(policy)
}
