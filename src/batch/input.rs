//! Borrowed effects and variances of many units, in the layouts in which they are found.

use crate::error::{ErrorKind, Result};
use std::ops::Range;

/// Borrowed effects and sampling **variances** of many units.
///
/// A study is missing from a unit where its effect or its variance is NaN, where its variance is `+inf`, or where a
/// [mask](Self::missing) says so; the unit is then fitted without it. Everything else is used as it is.
///
/// | constructor | unit `u`, study `i` |
/// | --- | --- |
/// | [`study_major`](Self::study_major) | `y[i * stride + u]` |
/// | [`columns`](Self::columns) | `y[i][u]` |
/// | [`unit_major`](Self::unit_major) | `y[u * k + i]` |
/// | [`ragged`](Self::ragged) | `y[offsets[u] + i]` |
///
/// Results do not depend on the layout, to the last bit. The first two are the fastest: units next to each other are computed
/// together.
///
/// ```
/// # use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
/// // The second study of the second unit is missing.
/// let (y, v) = ([0.2, 0.4, 0.1, f64::NAN], [0.04, 0.04, 0.02, 0.02]);
/// let (mut mu, mut count) = ([0.0; 2], [0; 2]);
/// let mut output = BatchOutput { mu: Some(&mut mu), count: Some(&mut count), ..BatchOutput::default() };
/// BatchPlan::common().run(BatchInput::unit_major(&y, &v, 2)?, &mut output)?;
/// assert!((mu[0] - 0.3).abs() < 1e-15 && (mu[1] - 0.1).abs() < 1e-15 && count == [2, 1]);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BatchInput<'a> {
    pub(super) layout: Layout<'a>,
    pub(super) missing: Option<&'a [bool]>,
    units: usize,
    studies: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Layout<'a> {
    StudyMajor { y: &'a [f64], v: &'a [f64], stride: usize },
    Columns { y: &'a [&'a [f64]], v: &'a [&'a [f64]] },
    UnitMajor { y: &'a [f64], v: &'a [f64], k: usize },
    Ragged { y: &'a [f64], v: &'a [f64], offsets: &'a [usize] },
}

fn mismatch<T>(field: &str, expected: usize, found: usize) -> Result<T> {
    Err(ErrorKind::LengthMismatch { field: field.to_owned(), expected, found }.into())
}

impl<'a> BatchInput<'a> {
    /// One row per study, one column per unit: `y[i * stride + u]`. What lies between `units` and `stride` is not read.
    ///
    /// ```
    /// use meta_analysis::batch::BatchInput;
    ///
    /// // three studies of two units
    /// let (y, v) = ([0.2, 0.1, 0.5, -0.3, 0.9, 0.4], [0.04, 0.02, 0.09, 0.03, 0.05, 0.05]);
    /// let input = BatchInput::study_major(&y, &v, 2, 2)?;
    /// assert_eq!((input.units(), input.studies()), (2, 3));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless `stride >= units` and both slices hold a whole number of rows (the padding of the
    /// last row may be left out).
    pub fn study_major(y: &'a [f64], v: &'a [f64], units: usize, stride: usize) -> Result<Self> {
        if v.len() != y.len() {
            return mismatch("v", y.len(), v.len());
        }
        if stride < units {
            return mismatch("stride", units, stride);
        }
        let k = if y.is_empty() { 0 } else { y.len().div_ceil(stride.max(1)) };
        // Of the last row at least the units must be there.
        let last = y.len().saturating_sub(k.saturating_sub(1).saturating_mul(stride));
        if k > 0 && last < units {
            return mismatch("y", k.saturating_sub(1).saturating_mul(stride).saturating_add(units), y.len());
        }
        Ok(Self { layout: Layout::StudyMajor { y, v, stride }, missing: None, units, studies: k })
    }

    /// One slice per study: `y[i][u]`.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
    /// // two studies of two units
    /// let (y, v): ([&[f64]; 2], [&[f64]; 2]) = ([&[1.0, 2.0], &[3.0, 6.0]], [&[1.0, 1.0], &[1.0, 1.0]]);
    /// let input = BatchInput::columns(&y, &v)?;
    /// assert_eq!((input.units(), input.studies()), (2, 2));
    /// # let mut mu = [0.0; 2];
    /// # let mut output = BatchOutput { mu: Some(&mut mu), ..BatchOutput::default() };
    /// # BatchPlan::common().run(input, &mut output)?;
    /// assert!((mu[0] - 2.0).abs() < 1e-14 && (mu[1] - 4.0).abs() < 1e-14); // weighted means
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless there are as many slices of variances as of effects and all are equally long.
    pub fn columns(y: &'a [&'a [f64]], v: &'a [&'a [f64]]) -> Result<Self> {
        if v.len() != y.len() {
            return mismatch("v", y.len(), v.len());
        }
        let units = y.first().map_or(0, |first| first.len());
        for (name, column) in y.iter().map(|c| ("y", c)).chain(v.iter().map(|c| ("v", c))) {
            if column.len() != units {
                return mismatch(name, units, column.len());
            }
        }
        Ok(Self { layout: Layout::Columns { y, v }, missing: None, units, studies: y.len() })
    }

    /// `k` studies of each unit next to each other: `y[u * k + i]`.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
    /// // two units of two studies
    /// let (y, v) = ([1.0, 3.0, 2.0, 6.0], [1.0; 4]);
    /// let input = BatchInput::unit_major(&y, &v, 2)?;
    /// assert_eq!((input.units(), input.studies()), (2, 2));
    /// # let mut mu = [0.0; 2];
    /// # let mut output = BatchOutput { mu: Some(&mut mu), ..BatchOutput::default() };
    /// # BatchPlan::common().run(input, &mut output)?;
    /// assert!((mu[0] - 2.0).abs() < 1e-14 && (mu[1] - 4.0).abs() < 1e-14); // weighted means
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless `y` and `v` are equally long and hold a whole number of units.
    pub fn unit_major(y: &'a [f64], v: &'a [f64], k: usize) -> Result<Self> {
        if v.len() != y.len() {
            return mismatch("v", y.len(), v.len());
        }
        let units = y.len().checked_div(k).unwrap_or(0);
        if units * k != y.len() {
            return mismatch("y", units * k, y.len());
        }
        Ok(Self { layout: Layout::UnitMajor { y, v, k }, missing: None, units, studies: k })
    }

    /// Units of different size: unit `u` is `offsets[u]..offsets[u + 1]`; the last offset is the end.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
    /// // a unit of two studies, and one of three
    /// let (y, v) = ([1.0, 3.0, 2.0, 6.0, 7.0], [1.0; 5]);
    /// let input = BatchInput::ragged(&y, &v, &[0, 2, 5])?;
    /// assert_eq!((input.units(), input.studies()), (2, 3));
    /// # let mut mu = [0.0; 2];
    /// # let mut output = BatchOutput { mu: Some(&mut mu), ..BatchOutput::default() };
    /// # BatchPlan::common().run(input, &mut output)?;
    /// assert!((mu[0] - 2.0).abs() < 1e-14 && (mu[1] - 5.0).abs() < 1e-14); // weighted means
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless the offsets rise and the last one is the length of both slices.
    pub fn ragged(y: &'a [f64], v: &'a [f64], offsets: &'a [usize]) -> Result<Self> {
        if v.len() != y.len() {
            return mismatch("v", y.len(), v.len());
        }
        let end = offsets.last().copied().unwrap_or_default();
        if end != y.len() {
            return mismatch("y", end, y.len());
        }
        if let Some((from, to)) = offsets.iter().zip(offsets.iter().skip(1)).find(|(from, to)| from > to) {
            return mismatch("offsets", *from, *to);
        }
        let units = offsets.len().saturating_sub(1);
        let studies = offsets.iter().zip(offsets.iter().skip(1)).map(|(from, to)| to - from).max().unwrap_or(0);
        Ok(Self { layout: Layout::Ragged { y, v, offsets }, missing: None, units, studies })
    }

    /// Studies to leave out, `true` where missing, in the layout of `y`; with [`columns`](Self::columns) study after study.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan};
    /// let (y, v) = ([1.0, 3.0, 2.0, 6.0], [1.0; 4]);
    /// let input = BatchInput::unit_major(&y, &v, 2)?.missing(&[false, true, false, false])?;
    /// # let mut mu = [0.0; 2];
    /// # let mut output = BatchOutput { mu: Some(&mut mu), ..BatchOutput::default() };
    /// # BatchPlan::common().run(input, &mut output)?;
    /// assert!((mu[0] - 1.0).abs() < 1e-14 && (mu[1] - 4.0).abs() < 1e-14); // weighted means
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`] unless the mask is as long as `y`.
    pub fn missing(mut self, mask: &'a [bool]) -> Result<Self> {
        let length = match self.layout {
            Layout::Columns { y, .. } => y.len() * self.units,
            Layout::StudyMajor { y, .. } | Layout::UnitMajor { y, .. } | Layout::Ragged { y, .. } => y.len(),
        };
        if mask.len() != length {
            return mismatch("missing", length, mask.len());
        }
        self.missing = Some(mask);
        Ok(self)
    }

    /// Whether units next to each other lie next to each other, and none is masked.
    pub(super) fn in_rows(&self) -> bool {
        self.missing.is_none() && matches!(self.layout, Layout::StudyMajor { .. } | Layout::Columns { .. })
    }

    /// Number of units.
    ///
    /// ```
    /// # use meta_analysis::batch::BatchInput;
    /// assert_eq!(BatchInput::study_major(&[0.2, 0.1, 0.5, -0.3, 0.9, 0.4], &[0.04; 6], 2, 2)?.units(), 2);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn units(&self) -> usize {
        self.units
    }

    /// The largest number of studies a unit can have.
    ///
    /// ```
    /// # use meta_analysis::batch::BatchInput;
    /// // a unit of one study, and one of two
    /// assert_eq!(BatchInput::ragged(&[0.2, 0.1, 0.5], &[0.04; 3], &[0, 1, 3])?.studies(), 2);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn studies(&self) -> usize {
        self.studies
    }

    /// The studies of one unit that are not missing, into two buffers.
    pub(super) fn gather(&self, unit: usize, y: &mut Vec<f64>, v: &mut Vec<f64>) {
        y.clear();
        v.clear();
        for study in 0..self.studies_of(unit) {
            let (effect, variance) = self.get(unit, study);
            if is_present(effect, variance) {
                y.push(effect);
                v.push(variance);
            }
        }
    }

    /// The studies of a unit, if they lie next to each other and none is masked.
    pub(super) fn unit(&self, unit: usize) -> Option<(&'a [f64], &'a [f64])> {
        if self.missing.is_some() {
            return None;
        }
        let (y, v, range) = match self.layout {
            Layout::UnitMajor { y, v, k } => (y, v, unit * k..(unit + 1) * k),
            Layout::Ragged { y, v, offsets } => (y, v, range(offsets, unit)),
            Layout::StudyMajor { .. } | Layout::Columns { .. } => return None,
        };
        Some((y.get(range.clone())?, v.get(range)?))
    }

    /// Number of studies of a unit, missing ones included.
    pub(super) fn studies_of(&self, unit: usize) -> usize {
        match self.layout {
            Layout::Ragged { offsets, .. } => range(offsets, unit).len(),
            _ => self.studies,
        }
    }

    /// One study of one unit; [`ABSENT`] where it is masked or not there.
    pub(super) fn get(&self, unit: usize, study: usize) -> (f64, f64) {
        let (y, v, place) = match self.layout {
            Layout::Columns { y, v } => {
                let masked = self.is_masked(study * self.units + unit);
                let pair = y.get(study).and_then(|y| y.get(unit)).zip(v.get(study).and_then(|v| v.get(unit)));
                return pair.filter(|_| !masked).map_or(ABSENT, |(y, v)| (*y, *v));
            }
            Layout::StudyMajor { y, v, stride, .. } => (y, v, study * stride + unit),
            Layout::UnitMajor { y, v, k } => (y, v, unit * k + study),
            Layout::Ragged { y, v, offsets } => {
                let range = range(offsets, unit);
                if study >= range.len() {
                    return ABSENT;
                }
                (y, v, range.start + study)
            }
        };
        let pair = y.get(place).zip(v.get(place)).filter(|_| !self.is_masked(place));
        pair.map_or(ABSENT, |(y, v)| (*y, *v))
    }

    fn is_masked(&self, place: usize) -> bool {
        self.missing.and_then(|mask| mask.get(place)).copied().unwrap_or(false)
    }
}

/// Effect and variance of a study that is not there: missing in both ways, so that whoever looks for either sees it.
pub(super) const ABSENT: (f64, f64) = (f64::NAN, f64::INFINITY);

/// Whether a study counts. Infinite effects and negative variances do: they are mistakes, not missing values.
pub(super) fn is_present(y: f64, v: f64) -> bool {
    !y.is_nan() && v < f64::INFINITY
}

/// The places of a unit's studies.
pub(super) fn range(offsets: &[usize], unit: usize) -> Range<usize> {
    let from = offsets.get(unit).copied().unwrap_or_default();
    from..offsets.get(unit + 1).copied().unwrap_or(from)
}
