//! 2x2 tables from what is reported of them.

use crate::error::{ErrorKind, Result};
use crate::study::check::{self, Count, Fractions::Refused};
use crate::study::convert::{Converted, Formula, Step};
use crate::study::significance::Sign;
use crate::study::two_by_two::TwoByTwo;
use serde::{Deserialize, Serialize};

/// The margins: `n` people, `n1` of them in the first group, `events` of them with the event.
struct Margins {
    n: f64,
    n1: f64,
    events: f64,
}

impl Margins {
    fn new(n: impl Count, n1: impl Count, events: impl Count) -> Result<Self> {
        let margins = Self {
            n: check::check("n", n, Refused)?,
            n1: check::check("n (group 1)", n1, Refused)?,
            events: check::check("events", events, Refused)?,
        };
        for (field, part) in [("n (group 1)", margins.n1), ("events", margins.events)] {
            if part > margins.n {
                return Err(ErrorKind::EventsExceedTotal { events: part, total: margins.n }.into());
            }
            if part <= 0.0 || part >= margins.n {
                // Nothing can be learned of a table with an empty row or column.
                return Err(ErrorKind::EmptyArm { field }.into());
            }
        }
        Ok(margins)
    }

    fn record(&self, step: Step) -> Step {
        step.input("n", self.n).input("n1", self.n1).input("events", self.events)
    }

    /// Product of all four margins, as the root of it, which does not overflow.
    fn root(&self) -> f64 {
        (self.n1 * (self.n - self.n1)).sqrt() * (self.events * (self.n - self.events)).sqrt()
    }

    /// The table with `a` events in the first group, rounded.
    fn table(&self, a: f64, step: Step) -> Result<Converted<TwoByTwo>> {
        let rounded = a.round();
        let cells = [rounded, self.n1 - rounded, self.events - rounded, self.n - self.n1 - self.events + rounded];
        if !cells.iter().all(|&cell| cell >= 0.0) {
            let why = "these margins leave no table with that association; check the margins and the direction";
            return Err(ErrorKind::Inconsistent { what: "the association with the margins", why }.into());
        }
        let table = TwoByTwo::new((rounded, self.n1), (self.events - rounded, self.n - self.n1))?;
        Ok(Converted::from_step(table, self.record(step).input("a before rounding", a)))
    }
}

/// The table with this odds ratio and these margins: `n` people, `n1` of them in the first group, `events` with
/// the event; metafor: `conv.2x2(ori =)`.
///
/// ```text
/// a (n - n1 - e + a) = OR (n1 - a)(e - a)        solved for a, rounded to the nearest whole number
/// ```
///
/// ```
/// use meta_analysis::study::recover::table_from_odds_ratio;
/// // The example of vcmeta's table.from.odds: margins 0.17 and 0.5 of 100, odds ratio 3.18.
/// let table = table_from_odds_ratio(3.18, 100, 17, 50)?;
/// assert_eq!(table.value().cells(), [12.0, 5.0, 38.0, 45.0]);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NonPositiveOnLogScale`] unless the odds ratio is positive, [`ErrorKind::EmptyArm`] for an empty
/// row or column, [`ErrorKind::EventsExceedTotal`] for a margin above n, and what counts must keep.
pub fn table_from_odds_ratio(
    odds_ratio: f64,
    n: impl Count,
    n1: impl Count,
    events: impl Count,
) -> Result<Converted<TwoByTwo>> {
    let value = check::check_finite("odds ratio", odds_ratio)?;
    if value <= 0.0 {
        return Err(ErrorKind::NonPositiveOnLogScale { field: "odds ratio", value }.into());
    }
    let margins = Margins::new(n, n1, events)?;
    // (1 - OR) a^2 + b a - OR n1 e = 0 divided by 1 + OR, so that nothing overflows; the root that is a count.
    let (low, high) = (1.0 / (1.0 + value), value / (1.0 + value));
    let b = low * (margins.n - margins.n1 - margins.events) + high * (margins.n1 + margins.events);
    let product = high * margins.n1 * margins.events;
    let a = 2.0 * product / (b + (b * b + 4.0 * (low - high) * product).max(0.0).sqrt());
    margins.table(a, Step::new(Formula::TableFromOddsRatio).input("odds ratio", value))
}

/// The table with this phi coefficient and these margins; metafor: `conv.2x2(ri =)`.
///
/// ```text
/// a = (n1 e + phi sqrt(n1 e (n - n1)(n - e))) / n        e = events
/// ```
///
/// # Errors
/// [`ErrorKind::CorrelationOutOfRange`], [`ErrorKind::Inconsistent`] where no table has that phi, and as
/// [`table_from_odds_ratio`].
pub fn table_from_phi(phi: f64, n: impl Count, n1: impl Count, events: impl Count) -> Result<Converted<TwoByTwo>> {
    let phi = check::check_correlation("phi", phi)?;
    let margins = Margins::new(n, n1, events)?;
    let a = margins.n1 * margins.events / margins.n + phi * (margins.root() / margins.n);
    margins.table(a, Step::new(Formula::TableFromPhi).input("phi", phi))
}

/// Whether a chi-squared statistic was made with Yates's correction for continuity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Yates {
    /// It was.
    Corrected,
    /// It was not.
    Uncorrected,
}

/// The table with this chi-squared statistic and these margins, `sign` being positive where the first group has
/// more events than expected; metafor: `conv.2x2(x2i =)`.
///
/// ```text
/// |a d - b c| = sqrt(chi2 n1 e (n - n1)(n - e) / n)  (+ n/2 where corrected)        a = (n1 e +- |a d - b c|) / n
/// ```
///
/// # Errors
/// [`ErrorKind::OutsideSupport`] for a negative statistic, [`ErrorKind::PValueUninformative`] for a corrected
/// statistic of 0, which many tables have, and as [`table_from_phi`].
pub fn table_from_chi_squared(
    chi_squared: f64,
    sign: Sign,
    yates: Yates,
    n: impl Count,
    n1: impl Count,
    events: impl Count,
) -> Result<Converted<TwoByTwo>> {
    let value = check::check_square("chi-squared", chi_squared)?;
    let margins = Margins::new(n, n1, events)?;
    let correction = match yates {
        Yates::Uncorrected => 0.0,
        Yates::Corrected if value > 0.0 => 0.5,
        Yates::Corrected => {
            return Err(ErrorKind::PValueUninformative { what: "a corrected chi-squared of 0" }.into());
        }
    };
    let shift = (value / margins.n).sqrt() * (margins.root() / margins.n) + correction;
    let a = margins.n1 * margins.events / margins.n + sign.of(shift);
    margins
        .table(a, Step::new(Formula::TableFromChiSquared).input("chi-squared", value).input("correction", correction))
}

/// How many people have the disease, said outright or through a predictive value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Prevalence {
    /// The number of people with the disease.
    Diseased(f64),
    /// The positive predictive value.
    PositivePredictiveValue(f64),
    /// The negative predictive value.
    NegativePredictiveValue(f64),
}

fn check_share(field: &'static str, value: f64) -> Result<f64> {
    let value = check::check_finite(field, value)?;
    if !(0.0..=1.0).contains(&value) {
        return Err(ErrorKind::OutsideSupport { field, value, lower: 0.0, upper: 1.0 }.into());
    }
    Ok(value)
}

/// The table of test result by disease with this sensitivity and specificity among `n` people: the first group
/// has the disease, and a positive test is the event; metafor: `conv.2x2(sensi =, speci =)`.
///
/// ```text
/// true positives = sens D        false positives = (1 - spec)(n - D)        D = number diseased, all rounded
/// D/n = PPV (1 - spec) / (sens (1 - PPV) + PPV (1 - spec))                  from the positive predictive value
/// D/n = spec (1 - NPV) / (spec (1 - NPV) + NPV (1 - sens))                  from the negative predictive value
/// ```
///
/// # Errors
/// [`ErrorKind::OutsideSupport`] for a share outside [0, 1], [`ErrorKind::Inconsistent`] where the predictive value
/// does not fix the prevalence, [`ErrorKind::EmptyArm`] where it makes nobody or everybody ill.
pub fn table_from_accuracy(
    sensitivity: f64,
    specificity: f64,
    prevalence: Prevalence,
    n: impl Count,
) -> Result<Converted<TwoByTwo>> {
    let (sens, spec) = (check_share("sensitivity", sensitivity)?, check_share("specificity", specificity)?);
    let n = check::check("n", n, Refused)?;
    let mut step =
        Step::new(Formula::TableFromAccuracy).input("sensitivity", sens).input("specificity", spec).input("n", n);
    let ratio = |ill: f64, well: f64| -> Result<f64> {
        if ill + well > 0.0 {
            return Ok(n * (ill / (ill + well)));
        }
        let why = "with this sensitivity and specificity any prevalence has that predictive value";
        Err(ErrorKind::Inconsistent { what: "a prevalence from the predictive value", why }.into())
    };
    let diseased = match prevalence {
        Prevalence::Diseased(diseased) => check::check("diseased", diseased, Refused)?,
        Prevalence::PositivePredictiveValue(ppv) => {
            let ppv = check_share("positive predictive value", ppv)?;
            step = step.input("positive predictive value", ppv);
            ratio(ppv * (1.0 - spec), sens * (1.0 - ppv))?
        }
        Prevalence::NegativePredictiveValue(npv) => {
            let npv = check_share("negative predictive value", npv)?;
            step = step.input("negative predictive value", npv);
            ratio(spec * (1.0 - npv), npv * (1.0 - sens))?
        }
    };
    if diseased > n {
        return Err(ErrorKind::EventsExceedTotal { events: diseased, total: n }.into());
    }
    let (ill, well) = (diseased.round(), n - diseased.round());
    let table = TwoByTwo::new(((sens * ill).round(), ill), (((1.0 - spec) * well).round(), well))?;
    Ok(Converted::from_step(table, step.input("diseased", diseased)))
}

/// The table of disease by test result with these predictive values among `n` people, `positives` of them with a
/// positive test: the first group tested positive, and the disease is the event; metafor: `conv.2x2(ppvi =, npvi =)`.
///
/// # Errors
/// As [`table_from_accuracy`].
pub fn table_from_predictive_values(
    positive: f64,
    negative: f64,
    positives: impl Count,
    n: impl Count,
) -> Result<Converted<TwoByTwo>> {
    let (ppv, npv) =
        (check_share("positive predictive value", positive)?, check_share("negative predictive value", negative)?);
    let n = check::check("n", n, Refused)?;
    let positives = check::check("positives", positives, Refused)?;
    if positives > n {
        return Err(ErrorKind::EventsExceedTotal { events: positives, total: n }.into());
    }
    let negatives = n - positives;
    let table = TwoByTwo::new(((ppv * positives).round(), positives), (((1.0 - npv) * negatives).round(), negatives))?;
    let step = Step::new(Formula::TableFromAccuracy)
        .input("positive predictive value", ppv)
        .input("negative predictive value", npv)
        .input("positives", positives)
        .input("n", n);
    Ok(Converted::from_step(table, step))
}
