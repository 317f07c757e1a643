//! One design matrix for all units, in an orthonormal basis.

use crate::error::{Error, ErrorKind, Result};
use crate::num::orthogonal::{Conditioning, in_own_unit, orthonormalise};

/// The most coefficients that a batch can have.
pub(super) const MOST: usize = 8;

/// The most studies: the design is kept in memory, and a number beyond this is a slip.
const MOST_STUDIES: usize = 1 << 24;

/// Covariates of the studies, the same for every unit of a batch.
///
/// ```
/// use meta_analysis::batch::BatchDesign;
///
/// let latitude = [44.0, 55.0, 42.0, 52.0, 13.0];
/// let design = BatchDesign::new(5, &[&latitude])?;
/// assert_eq!((design.studies(), design.coefficients()), (5, 2));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BatchDesign {
    /// `p` columns of length 1, orthogonal to each other.
    basis: Vec<Vec<f64>>,
    /// Upper triangular, row-major: coefficients of the columns as given from coefficients of the basis.
    to_own: [f64; MOST * MOST],
    studies: usize,
    coefficients: usize,
    intercept: bool,
}

impl BatchDesign {
    /// An intercept, which comes first, and one column per covariate, each with a value for each of the `studies`.
    ///
    /// ```
    /// # use meta_analysis::{ErrorKind, batch::BatchDesign};
    /// let (dose, year) = ([1.0, 2.0, 4.0, 8.0, 3.0], [0.0, 1.0, 0.0, 1.0, 1.0]);
    /// assert_eq!(BatchDesign::new(5, &[&dose, &year])?.coefficients(), 3);
    /// let error = BatchDesign::new(5, &[&dose, &dose]).expect_err("one column twice");
    /// assert!(matches!(error.kind(), ErrorKind::RankDeficient { name } if name == "1"));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LengthMismatch`]; [`ErrorKind::NonFinite`]; [`ErrorKind::RankDeficient`] for a column that follows from those
    /// before it, named by its position from 0, [`ErrorKind::IllConditioned`] for one that nearly does;
    /// [`ErrorKind::TooManyParameters`] unless there are more studies than coefficients;
    /// [`ErrorKind::NotApplicable`] beyond 8 coefficients or 2^24 studies.
    pub fn new(studies: usize, covariates: &[&[f64]]) -> Result<Self> {
        Self::of(studies, covariates, true)
    }

    /// The columns as given and nothing else.
    ///
    /// ```
    /// # use meta_analysis::batch::{BatchDesign, BatchInput, BatchRegression, RegressionOutput};
    /// // One column for each of two groups: the coefficients are the means of the groups.
    /// let design = BatchDesign::without_intercept(4, &[&[1.0, 1.0, 0.0, 0.0], &[0.0, 0.0, 1.0, 1.0]])?;
    /// let mut beta = [0.0; 2];
    /// let mut output = RegressionOutput { coefficients: Some(&mut beta), ..RegressionOutput::default() };
    /// BatchRegression::common(design).run(BatchInput::unit_major(&[1.0, 3.0, 4.0, 6.0], &[1.0; 4], 4)?, &mut output)?;
    /// assert!((beta[0] - 2.0).abs() < 1e-14 && (beta[1] - 5.0).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`ErrorKind::Empty`] without a column.
    pub fn without_intercept(studies: usize, columns: &[&[f64]]) -> Result<Self> {
        if columns.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        Self::of(studies, columns, false)
    }

    fn of(studies: usize, columns: &[&[f64]], intercept: bool) -> Result<Self> {
        if studies > MOST_STUDIES {
            let why = "at most 16777216";
            return Err(ErrorKind::NotApplicable { what: "number of studies of a design", why }.into());
        }
        let (k, p) = (studies, usize::from(intercept) + columns.len());
        for column in columns {
            if column.len() != k {
                let (field, found) = ("covariate".to_owned(), column.len());
                return Err(ErrorKind::LengthMismatch { field, expected: k, found }.into());
            }
            // All of them at once: a search stops at the first and is slower.
            let finite = column.iter().fold(true, |all, x| all & x.is_finite());
            if let (false, Some(&value)) = (finite, column.iter().find(|x| !x.is_finite())) {
                return Err(ErrorKind::NonFinite { field: "covariate", value }.into());
            }
        }
        if p > MOST {
            let why = "at most 8, the intercept included; use `tau2::estimate_with_design` for each unit";
            return Err(ErrorKind::NotApplicable { what: "number of coefficients in a batch", why }.into());
        }
        if k <= p {
            return Err(ErrorKind::TooManyParameters { parameters: p, k }.into());
        }
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(p);
        // R of X = ZR, row-major.
        let mut r = [0.0; MOST * MOST];
        if let (true, Some(entry)) = (intercept, r.first_mut()) {
            // What is left of a column of ones, the first.
            let length = (k as f64).sqrt();
            *entry = length;
            basis.push(vec![1.0 / length; k]);
        }
        for (column, j) in columns.iter().zip(usize::from(intercept)..) {
            let name = || (j - usize::from(intercept)).to_string();
            let deficient = || Error::from(ErrorKind::RankDeficient { name: name() });
            let Some((mut rest, size)) = in_own_unit(column) else { return Err(deficient()) };
            let (after, conditioning) = orthonormalise(&mut rest, &basis, |i, along| {
                if let Some(entry) = r.get_mut(i * p + j) {
                    *entry += along * size;
                }
            });
            match conditioning {
                Conditioning::Sound => {}
                Conditioning::Ill(rcond) => return Err(ErrorKind::IllConditioned { name: name(), rcond }.into()),
                Conditioning::Dependent => return Err(deficient()),
            }
            if let Some(entry) = r.get_mut(j * p + j) {
                *entry = after * size;
            }
            basis.push(rest);
        }
        let to_own = inverse_of_triangle(&r, p);
        if !to_own.iter().all(|x| x.is_finite()) {
            return Err(ErrorKind::Overflow { what: "the design" }.into());
        }
        Ok(Self { basis, to_own, studies: k, coefficients: p, intercept })
    }

    /// Number of studies `k`.
    ///
    /// ```
    /// # use meta_analysis::batch::BatchDesign;
    /// assert_eq!(BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?.studies(), 4);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn studies(&self) -> usize {
        self.studies
    }

    /// Number of coefficients `p`, the intercept included.
    ///
    /// ```
    /// # use meta_analysis::batch::BatchDesign;
    /// assert_eq!(BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?.coefficients(), 2);
    /// assert_eq!(BatchDesign::new(4, &[])?.coefficients(), 1);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn coefficients(&self) -> usize {
        self.coefficients
    }

    /// Whether an intercept comes first.
    ///
    /// ```
    /// # use meta_analysis::batch::BatchDesign;
    /// assert!(BatchDesign::new(4, &[&[0.0, 0.0, 1.0, 1.0]])?.has_intercept());
    /// assert!(!BatchDesign::without_intercept(4, &[&[0.0, 0.0, 1.0, 1.0]])?.has_intercept());
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    #[must_use]
    pub fn has_intercept(&self) -> bool {
        self.intercept
    }

    /// The columns of the orthonormal basis.
    pub(super) fn basis(&self) -> &[Vec<f64>] {
        &self.basis
    }

    /// From coefficients of the basis to those of the columns as given; row-major, zero below the diagonal.
    pub(super) fn to_own(&self) -> &[f64] {
        self.to_own.get(..self.coefficients * self.coefficients).unwrap_or_default()
    }
}

/// Inverse of an upper triangle, row-major.
fn inverse_of_triangle(r: &[f64; MOST * MOST], p: usize) -> [f64; MOST * MOST] {
    let at = |m: &[f64], i: usize, j: usize| m.get(i * p + j).copied().unwrap_or_default();
    let mut inverse = [0.0; MOST * MOST];
    for j in 0..p {
        for i in (0..=j).rev() {
            let unit = if i == j { 1.0 } else { 0.0 };
            let known: f64 = (i + 1..=j).map(|m| at(r, i, m) * at(&inverse, m, j)).sum();
            if let Some(entry) = inverse.get_mut(i * p + j) {
                *entry = (unit - known) / at(r, i, i);
            }
        }
    }
    inverse
}
