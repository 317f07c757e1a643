//! Zelen's exact test of equal odds ratios.

use super::exact::{conditional_mle, whole_numbers};
use super::strata::{check_events, gather, no_odds};
use crate::error::{ErrorKind, Result};
use crate::num::noncentral_hypergeometric::{Distribution, support};
use crate::study::{BinaryMeasure, Conversion, Studies, TwoByTwo};
use std::collections::HashMap;

/// Partial tables that are followed at one time before the test gives up.
const MOST_NODES: usize = 400_000;
/// Length of the distribution of the sum up to which the test tries.
const LONGEST: usize = 3_000;

/// The exact p-value of equal odds ratios: the probability, given the margins of every table and the sum of the counts
/// in the first groups, of all sets of tables that are not more probable than the one observed.
///
/// ```text
/// P(u_1 .. u_k | sum u = s) is proportional to the product of C(n1, u) C(n2, m1 - u), whatever the common odds ratio
/// ```
///
/// Zelen 1971, Biometrika 58:129, doi 10.1093/biomet/58.1.129. For sparse tables, where the distribution of
/// [`breslow_day`](super::breslow_day) is not known. Probabilities that differ by less than one in ten million count as
/// equal. The sets of tables are followed as paths through a network, in which paths of equal sum and probability are
/// one, and those whose end is decided are not followed (Mehta, Patel & Gray 1985, J Am Stat Assoc 80:969,
/// doi 10.1080/01621459.1985.10478212); the work still grows quickly with the number of tables, and a test that would
/// follow more than 400 000 paths at a time is refused, after about a second. A dozen sparse trials take milliseconds.
///
/// ```
/// use meta_analysis::study::{Studies, TwoByTwo};
/// use meta_analysis::tables::zelen;
///
/// let strata = Studies::from([
///     ("A", TwoByTwo::from_cells(2, 0, 0, 2)?),
///     ("B", TwoByTwo::from_cells(0, 2, 2, 0)?),
/// ]);
/// // Counts (2, 0), (1, 1), (0, 2) have the weights 1, 16, 1.
/// assert!((zelen(&strata)? - 2.0 / 18.0).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NotApplicable`] for too many tables; [`ErrorKind::NonIntegerCount`] naming the study;
/// [`ErrorKind::Empty`], [`ErrorKind::DuplicateLabel`], [`ErrorKind::InvalidLabel`],
/// [`ErrorKind::NoEvents`] without any event; [`ErrorKind::NotEstimable`] if no study has both events and non-events.
pub fn zelen(studies: &Studies<TwoByTwo>) -> Result<f64> {
    let gathered = gather(studies, Conversion::new(BinaryMeasure::LogOddsRatio), false, no_odds)?;
    check_events(studies, &gathered.cells, "test of equal odds ratios")?;
    whole_numbers(studies)?;
    let mut tables = gathered.cells;
    if tables.is_empty() {
        let (why, remedy) = ("no study has both events and non-events", "there is nothing that could differ");
        return Err(ErrorKind::NotEstimable { measure: "test of equal odds ratios", why, remedy }.into());
    }
    let choices = |cells: &[f64; 4]| {
        let [low, high] = support(*cells);
        high - low
    };
    let all: f64 = tables.iter().map(choices).sum();
    if all > LONGEST as f64 {
        return Err(too_many());
    }
    tables.sort_by(|x, y| choices(x).total_cmp(&choices(y)));
    let [mut least, mut observed] = [0.0; 2];
    for &cells in &tables {
        least += support(cells)[0];
        observed += cells[0];
    }
    if observed <= least || observed >= least + all {
        return Ok(1.0); // one set of tables only
    }
    let (odds, _) = conditional_mle(&tables, observed);
    Network::new(&tables, odds).p_value(&tables)
}

fn too_many() -> crate::Error {
    let why = "there are too many sets of tables with these margins; use `breslow_day`";
    ErrorKind::NotApplicable { what: "exact test of equal odds ratios", why }.into()
}

/// What the tables from one on can still contribute, by their sum counted from the least.
struct Rest {
    mass: Vec<f64>,
    longest: Vec<f64>,
    shortest: Vec<f64>,
}

struct Network {
    /// Logarithms of the probabilities of each table's counts.
    logs: Vec<Distribution>,
    /// One more than tables; the last is nothing.
    rests: Vec<Rest>,
}

impl Network {
    fn new(tables: &[[f64; 4]], odds: f64) -> Self {
        let mut logs: Vec<Distribution> = tables.iter().map(|&cells| Distribution::of_table(cells, odds)).collect();
        let mut rest = Rest { mass: vec![1.0], longest: vec![0.0], shortest: vec![0.0] };
        let mut rests = Vec::with_capacity(logs.len() + 1);
        for table in logs.iter_mut().rev() {
            for p in &mut table.p {
                *p = p.ln();
            }
            let next = rest.before(&table.p);
            rests.push(std::mem::replace(&mut rest, next));
        }
        rests.push(rest);
        rests.reverse();
        Self { logs, rests }
    }

    fn p_value(&self, tables: &[[f64; 4]]) -> Result<f64> {
        let mut observed = 0.0;
        let mut needed = 0;
        for (table, cells) in self.logs.iter().zip(tables) {
            let at = (cells[0] - table.first).round();
            // A count beyond what is held is of no probability at all.
            let Some(log) = (at >= 0.0).then(|| table.p.get(at as usize)).flatten() else { return Ok(0.0) };
            observed += log;
            needed += at as usize;
        }
        let bar = observed + 1e-7;
        let mut total = 0.0;
        // By what is still needed, and the logarithm of the probability in steps that are finer than the bar.
        let mut nodes: HashMap<(usize, i64), (f64, f64)> = HashMap::from([((needed, 0), (0.0, 1.0))]);
        for (table, rest) in self.logs.iter().zip(self.rests.iter().skip(1)) {
            let mut next: HashMap<(usize, i64), (f64, f64)> = HashMap::new();
            for ((needed, _), (log, weight)) in nodes {
                for (u, step) in table.p.iter().enumerate() {
                    let Some(left) = needed.checked_sub(u) else { break };
                    let Some(((mass, longest), shortest)) =
                        rest.mass.get(left).zip(rest.longest.get(left)).zip(rest.shortest.get(left))
                    else {
                        continue;
                    };
                    let (log, weight) = (log + step, weight * step.exp());
                    if log + longest <= bar {
                        total += weight * mass;
                    } else if log + shortest <= bar {
                        let node = next.entry((left, (log * 1e9).round() as i64)).or_insert((log, 0.0));
                        node.1 += weight;
                    }
                }
                if next.len() > MOST_NODES {
                    return Err(too_many());
                }
            }
            nodes = next;
        }
        let all = self.rests.first().and_then(|rest| rest.mass.get(needed)).copied().unwrap_or(0.0);
        if all > 0.0 { Ok(f64::min(total / all, 1.0)) } else { Ok(0.0) }
    }
}

impl Rest {
    /// With one more table, given by the logarithms of its probabilities.
    fn before(&self, logs: &[f64]) -> Self {
        let length = self.mass.len() + logs.len() - 1;
        let mut with = Self {
            mass: vec![0.0; length],
            longest: vec![f64::NEG_INFINITY; length],
            shortest: vec![f64::INFINITY; length],
        };
        for (u, log) in logs.iter().enumerate() {
            let p = log.exp();
            let to = with.mass.iter_mut().zip(&mut with.longest).zip(&mut with.shortest).skip(u);
            let from = self.mass.iter().zip(&self.longest).zip(&self.shortest);
            for (((mass, longest), shortest), ((m, l), s)) in to.zip(from) {
                *mass += p * m;
                *longest = longest.max(log + l);
                *shortest = shortest.min(log + s);
            }
        }
        with
    }
}
