//! Genotype counts at a locus of two alleles.

use super::check::{self, Count, Fractions};
use super::conversion::{Conversion, Summary};
use super::variance::VarianceType;
use crate::effect::{Adjustment, Effect};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// How many people carry each genotype of a locus with two alleles.
///
/// ```
/// use meta_analysis::study::{Genotypes, GenotypesMeasure, Summary};
///
/// let effect = Genotypes::new(4, 10, 6)?.effect(&GenotypesMeasure::LogRelativeExcessHeterozygosity.into())?;
/// assert!((effect.y() - 0.020_410_997_260_127_6).abs() < 1e-15); // metafor 5.1-12, REH
/// assert!((effect.variance() - 0.204_166_666_666_667).abs() < 1e-15);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Genotypes {
    first: f64,
    heterozygous: f64,
    second: f64,
}

#[derive(Deserialize)]
struct Unchecked {
    first: f64,
    heterozygous: f64,
    second: f64,
}

impl TryFrom<Unchecked> for Genotypes {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.first, raw.heterozygous, raw.second)
    }
}

impl Genotypes {
    /// People homozygous for the first allele, heterozygous, and homozygous for the second allele.
    ///
    /// # Errors
    /// [`ErrorKind::NegativeCount`], [`ErrorKind::NonFinite`], [`ErrorKind::NonIntegerCount`],
    /// [`ErrorKind::CountNotExact`], [`ErrorKind::EmptyTable`].
    pub fn new(first: impl Count, heterozygous: impl Count, second: impl Count) -> Result<Self> {
        let row = Self {
            first: check::check(FIELDS[0], first, Fractions::Refused)?,
            heterozygous: check::check(FIELDS[1], heterozygous, Fractions::Refused)?,
            second: check::check(FIELDS[2], second, Fractions::Refused)?,
        };
        if row.total() <= 0.0 {
            return Err(ErrorKind::EmptyTable.into());
        }
        Ok(row)
    }

    /// The three counts: first homozygous, heterozygous, second homozygous.
    pub fn counts(&self) -> [f64; 3] {
        [self.first, self.heterozygous, self.second]
    }

    /// Number of people.
    pub fn total(&self) -> f64 {
        self.first + self.heterozygous + self.second
    }
}

const FIELDS: [&str; 3] = ["homozygous (allele 1)", "heterozygous", "homozygous (allele 2)"];

/// Measures of [`Genotypes`] with `a` and `c` homozygous and `b` heterozygous people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GenotypesMeasure {
    /// Log relative excess heterozygosity, 0 in Hardy-Weinberg equilibrium; metafor: `REH`. Ziegler, Steen &
    /// Wellek 2011, Breast Cancer Res Treat 128:197, doi 10.1007/s10549-010-1295-z.
    ///
    /// ```text
    /// y = ln(b / (2 sqrt(a c)))        v = 1/b + 1/(4 a) + 1/(4 c)
    /// ```
    ///
    /// Undefined with a count of zero, unless a correction is chosen
    /// ([`ZeroCells`](super::ZeroCells)); metafor has none here.
    LogRelativeExcessHeterozygosity,
}

impl From<GenotypesMeasure> for Measure {
    fn from(measure: GenotypesMeasure) -> Self {
        match measure {
            GenotypesMeasure::LogRelativeExcessHeterozygosity => Self::LogRelativeExcessHeterozygosity,
        }
    }
}

impl Summary for Genotypes {
    type Measure = GenotypesMeasure;

    fn has_zero_cell(&self) -> bool {
        self.counts().iter().any(|&count| count <= 0.0)
    }

    fn effect(&self, how: &Conversion<GenotypesMeasure>) -> Result<Effect> {
        let measure = Measure::from(how.measure());
        if !matches!(how.variance_type(), VarianceType::Usual | VarianceType::LargeSample) {
            return Err(how.no_such_variance());
        }
        let addition = how.zero_cells_policy().addition_alike(self.has_zero_cell())?;
        let added = addition.unwrap_or(0.0);
        let [a, b, c] = self.counts().map(|count| count + added);
        for (field, count) in FIELDS.into_iter().zip([a, b, c]) {
            if count <= 0.0 {
                return Err(ErrorKind::ZeroCell { field, measure: measure.name() }.into());
            }
        }
        let y = b.ln() - std::f64::consts::LN_2 - 0.5 * (a.ln() + c.ln());
        let v = 1.0 / b + 0.25 / a + 0.25 / c;
        let adjustment = addition.map(|first| Adjustment::CountsAdded { first, second: 0.0 });
        Ok(Effect::from_variance_and_n(measure, y, v, self.total())?.adjusted(adjustment))
    }
}
