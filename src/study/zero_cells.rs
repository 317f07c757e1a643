//! What to do where a count of zero leaves a measure undefined.

use crate::error::{ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// The policy for zero cells of tables, single arms and rates.
///
/// **Default:** [`none`](ZeroCells::none): a study with a zero cell for which the measure is undefined is an
/// error, so that nobody's data is altered unasked. With a correction, the studies that were touched are
/// listed in the notes of the result.
///
/// ```
/// use meta_analysis::study::{Scope, ZeroCells};
///
/// let usual = ZeroCells::constant(0.5);                       // metafor: add = 1/2, to = "only0"
/// let old = ZeroCells::constant(0.5).scope(Scope::All);       // metafor: to = "all"
/// assert_ne!(usual, old);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ZeroCells {
    correction: Correction,
    scope: Scope,
    uninformative: Uninformative,
}

/// What is added to the counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Correction {
    /// Nothing.
    None,
    /// The same number to every cell. metafor: `add`.
    Constant(f64),
    /// Treatment-arm correction: to each cell of an arm the share of that arm in the total,
    ///
    /// ```text
    /// first arm: n1 / (n1 + n2)        second arm: n2 / (n1 + n2)
    /// ```
    ///
    /// so that a table without events favours neither arm. Sweeting, Sutton & Lambert 2004, Stat Med 23:1351,
    /// doi 10.1002/sim.1761. For a single arm, and for matched pairs, it is a constant of one half.
    TreatmentArm,
    /// Empirical correction: to each cell of an arm
    ///
    /// ```text
    /// first arm: Omega / (R + Omega)        second arm: R / (R + Omega)        R = n2 / n1
    /// ```
    ///
    /// with the pooled odds ratio `Omega` of the studies without a zero cell, so that a table without events is pulled
    /// to what the other studies say, not to no effect. Sweeting, Sutton & Lambert 2004, Stat Med 23:1351,
    /// doi 10.1002/sim.1761. For two rates `Omega` is the pooled rate ratio and `R` the ratio of the person-times.
    /// There is none for a single arm or for matched pairs.
    ///
    /// `Omega` is the Mantel-Haenszel estimate, `sum(a d/n) / sum(b c/n)`. The paper takes the effect pooled over the
    /// remaining studies; its abstract does not say how, and the inverse-variance estimate gives other corrections.
    ///
    /// ```
    /// use meta_analysis::study::{BinaryMeasure, Conversion, Studies, TwoByTwo, ZeroCells};
    ///
    /// let studies = Studies::from([
    ///     ("A", TwoByTwo::from_cells(12, 30, 18, 25)?),
    ///     ("B", TwoByTwo::from_cells(3, 55, 9, 48)?),
    ///     ("C", TwoByTwo::from_cells(44, 61, 30, 170)?),
    ///     ("D", TwoByTwo::from_cells(0, 25, 5, 70)?),
    /// ]);
    /// let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::empirical());
    /// let y = studies.effects(how)?.y()[3];
    /// // metafor 3.8, rma.mh of A, B and C: 1.759 360 (inverse variance: 1.910 080); R = 75/25
    /// let (omega, ratio) = (1.759_360_471_994_220_6_f64, 3.0);
    /// let (first, second) = (omega / (ratio + omega), ratio / (ratio + omega));
    /// assert!((first - 0.369_663).abs() < 1e-6 && (second - 0.630_337).abs() < 1e-6);
    /// assert!((y - (first * (70.0 + second) / ((25.0 + first) * (5.0 + second))).ln()).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    Empirical,
}

/// Which studies the correction is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Scope {
    /// Only studies with a zero cell (the default). metafor: `to = "only0"`.
    #[default]
    OnlyZero,
    /// All studies, if any study has a zero cell. metafor: `to = "if0all"`.
    IfAny,
    /// All studies. metafor: `to = "all"`.
    All,
}

/// What happens to a table in which nobody, or everybody, has the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Uninformative {
    /// An error that names the study (the default).
    #[default]
    Refuse,
    /// The corrected table is used as any other. metafor: `drop00 = FALSE`.
    Keep,
    /// The study is left out, which the notes of the result say. metafor: `drop00 = TRUE`.
    Drop,
}

impl Default for ZeroCells {
    fn default() -> Self {
        Self::none()
    }
}

impl ZeroCells {
    const fn new(correction: Correction) -> Self {
        Self { correction, scope: Scope::OnlyZero, uninformative: Uninformative::Refuse }
    }

    /// No correction: a zero cell that leaves the measure undefined is an error.
    pub const fn none() -> Self {
        Self::new(Correction::None)
    }

    /// Add the same number to every cell of the affected studies; one half is usual. metafor: `add = 1/2`.
    ///
    /// A number that is not positive and finite is reported when the effects are computed.
    pub const fn constant(add: f64) -> Self {
        Self::new(Correction::Constant(add))
    }

    /// Add to each arm in proportion to its size ([`Correction::TreatmentArm`]).
    pub const fn treatment_arm() -> Self {
        Self::new(Correction::TreatmentArm)
    }

    /// Add to each arm what the studies without zero cells suggest ([`Correction::Empirical`]).
    pub const fn empirical() -> Self {
        Self::new(Correction::Empirical)
    }

    /// Which studies are corrected. Default: [`Scope::OnlyZero`].
    #[must_use]
    pub const fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// What happens to tables without events, or with nothing but events. Default: [`Uninformative::Refuse`].
    #[must_use]
    pub const fn double_zero(mut self, uninformative: Uninformative) -> Self {
        self.uninformative = uninformative;
        self
    }

    /// The correction.
    pub fn correction(&self) -> Correction {
        self.correction
    }

    /// What happens to tables without events, or with nothing but events.
    pub fn uninformative(&self) -> Uninformative {
        self.uninformative
    }

    /// The policy for one study once it is known whether any study has a zero cell.
    pub(crate) fn settled(mut self, any_zero: bool) -> Self {
        if self.scope == Scope::IfAny {
            self.scope = if any_zero { Scope::All } else { Scope::OnlyZero };
        }
        self
    }

    /// Whether studies without events, or with nothing but events, are left out.
    pub(crate) fn drops(&self) -> bool {
        self.uninformative == Uninformative::Drop
    }

    /// Whether a study is corrected. A scope of "if any" stands for the study alone until it is settled.
    ///
    /// # Errors
    /// A constant that is not positive and finite, whether or not it would be used.
    pub(crate) fn concerns(&self, has_zero: bool) -> Result<bool> {
        if let Correction::Constant(value) = self.correction
            && !(value > 0.0 && value.is_finite())
        {
            return Err(ErrorKind::InvalidCorrection { value }.into());
        }
        Ok(self.correction != Correction::None && (has_zero || self.scope == Scope::All))
    }

    /// What to add to the cells of the first and of the second group of a study with these sizes, given the
    /// pooled ratio of the studies without zero cells; `None`: nothing.
    pub(crate) fn addition(&self, has_zero: bool, sizes: [f64; 2], pooled: Option<f64>) -> Result<Option<[f64; 2]>> {
        if !self.concerns(has_zero)? {
            return Ok(None);
        }
        let [n1, n2] = sizes;
        match self.correction {
            Correction::None => Ok(None),
            Correction::Constant(add) => Ok(Some([add, add])),
            Correction::TreatmentArm => Ok(Some([n1 / (n1 + n2), n2 / (n1 + n2)])),
            Correction::Empirical => {
                let why = "it rests on all studies together; use `Studies::effects`";
                let omega = pooled.ok_or(ErrorKind::NotApplicable { what: "empirical continuity correction", why })?;
                let ratio = n2 / n1;
                Ok(Some([omega / (ratio + omega), ratio / (ratio + omega)]))
            }
        }
    }

    /// What to add to each cell of a single group, or of a table of pairs; `None`: nothing.
    pub(crate) fn addition_alike(&self, has_zero: bool) -> Result<Option<f64>> {
        if self.correction == Correction::Empirical {
            let why = "it is defined for two independent groups";
            return Err(ErrorKind::NotApplicable { what: "empirical continuity correction", why }.into());
        }
        Ok(self.addition(has_zero, [1.0, 1.0], None)?.map(|[add, _]| add))
    }
}

/// The Mantel-Haenszel ratio for the empirical correction: `sum(numerators) / sum(denominators)` of the studies
/// without a zero cell, each given as its pair of terms.
///
/// # Errors
/// [`ErrorKind::TooFewStudies`] if every study has a zero cell.
pub(crate) fn pooled_ratio(terms: impl Iterator<Item = [f64; 2]>) -> Result<f64> {
    let (mut k, mut above, mut below) = (0, 0.0, 0.0);
    for [numerator, denominator] in terms {
        k += 1;
        above += numerator;
        below += denominator;
    }
    if k == 0 {
        let (what, remedy) = ("the empirical continuity correction", "every study has a zero cell; use another");
        return Err(ErrorKind::TooFewStudies { what, k, needed: 1, remedy }.into());
    }
    Ok(above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empirical_with_a_ratio_of_one_is_the_treatment_arm_correction() {
        let one = ZeroCells::empirical().addition(true, [30.0, 90.0], Some(1.0)).unwrap().unwrap();
        let other = ZeroCells::treatment_arm().addition(true, [30.0, 90.0], None).unwrap().unwrap();
        assert!((one[0] - other[0]).abs() < 1e-16 && (one[1] - other[1]).abs() < 1e-16);
        assert!((one[0] - 0.25).abs() < 1e-16);
    }

    #[test]
    fn empirical_pulls_a_table_without_events_to_the_pooled_ratio() {
        // k1 / k2 * n2 / n1 = Omega
        let [k1, k2] = ZeroCells::empirical().addition(true, [20.0, 100.0], Some(3.0)).unwrap().unwrap();
        assert!((k1 / k2 * 5.0 - 3.0).abs() < 1e-14);
        assert!((k1 + k2 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn only_its_scope_decides() {
        let add = |policy: ZeroCells, zero| policy.addition_alike(zero).unwrap();
        let constant = ZeroCells::constant(0.5);
        assert_eq!(add(constant, false), None);
        assert_eq!(add(constant, true), Some(0.5));
        assert_eq!(add(constant.scope(Scope::All), false), Some(0.5));
        assert_eq!(add(constant.scope(Scope::IfAny), false), None);
        assert_eq!(add(constant.scope(Scope::IfAny).settled(true), false), Some(0.5));
        assert_eq!(add(constant.scope(Scope::IfAny).settled(false), false), None);
        assert_eq!(add(ZeroCells::none().scope(Scope::All), true), None);
    }
}
