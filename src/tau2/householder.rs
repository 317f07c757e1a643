//! Householder factorisation of a tall matrix with very unequal rows, in memory that is reused.
//!
//! With the rows in descending order of size and columns pivoted, each row is computed with an error relative to its own size (Cox AJ,
//! Higham NJ (1998) in Numerical Analysis 1997, Longman, 57-73). nalgebra's factorisations allocate at each call and do not apply `Q` to a
//! vector, which is what residuals need.

/// `A = QR` by reflectors `I - beta u u'`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Householder {
    rows: usize,
    columns: usize,
    /// Reflector `j` in column `j` from row `j` down; the remainder of `R` is not kept.
    u: Vec<f64>,
    beta: Vec<f64>,
    diagonal: Vec<f64>,
}

impl Householder {
    /// Factors the matrix whose row `i` is `scale[i]` times row `i` of the row-major `x`.
    pub(crate) fn factor(&mut self, x: &[f64], scale: &[f64], columns: usize) {
        let rows = scale.len();
        (self.rows, self.columns) = (rows, columns);
        self.u.clear();
        for j in 0..columns {
            let column = x.iter().skip(j).step_by(columns);
            self.u.extend(column.zip(scale).map(|(x, scale)| x * scale));
        }
        self.beta.clear();
        self.diagonal.clear();
        for j in 0..columns {
            self.pivot(j);
            self.reflect(j);
        }
    }

    /// Brings the column with the largest remainder to place `j`.
    fn pivot(&mut self, j: usize) {
        let remainder = |c: &[f64]| dot(&c[j..], &c[j..]);
        let (mut best, mut most) = (j, -1.0);
        for (c, column) in self.u.chunks_exact(self.rows).enumerate().skip(j) {
            let size = remainder(column);
            if size > most {
                (best, most) = (c, size);
            }
        }
        if best > j {
            let (left, right) = self.u.split_at_mut(best * self.rows);
            let first = &mut left[j * self.rows..(j + 1) * self.rows];
            first.swap_with_slice(&mut right[..self.rows]);
        }
    }

    fn reflect(&mut self, j: usize) {
        let (done, rest) = self.u.split_at_mut((j + 1) * self.rows);
        let u = &mut done[j * self.rows + j..];
        let norm = dot(u, u).sqrt();
        if norm <= 0.0 {
            self.beta.push(0.0);
            self.diagonal.push(0.0);
            return;
        }
        u[0] += norm.copysign(u[0]);
        let beta = 1.0 / (norm * u[0].abs());
        for column in rest.chunks_exact_mut(self.rows) {
            apply(u, beta, &mut column[j..]);
        }
        self.beta.push(beta);
        self.diagonal.push(norm);
    }

    /// The absolute diagonal of `R`.
    pub(crate) fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    fn reflector(&self, j: usize) -> (&[f64], f64) {
        (&self.u[j * self.rows + j..(j + 1) * self.rows], self.beta[j])
    }

    /// `a <- Q'a`
    fn to_coordinates(&self, a: &mut [f64]) {
        for j in 0..self.columns {
            let (u, beta) = self.reflector(j);
            apply(u, beta, &mut a[j..]);
        }
    }

    /// `a <- Qa`
    fn back_from_coordinates(&self, a: &mut [f64]) {
        for j in (0..self.columns).rev() {
            let (u, beta) = self.reflector(j);
            apply(u, beta, &mut a[j..]);
        }
    }

    /// Replaces `a` by its part orthogonal to the columns and returns the square of its length.
    pub(crate) fn residual(&self, a: &mut [f64]) -> f64 {
        self.to_coordinates(a);
        a[..self.columns].fill(0.0);
        let square = dot(a, a);
        self.back_from_coordinates(a);
        square
    }

    /// Column `j` of the orthonormal basis: the first `p` span the column space, the rest its complement.
    pub(crate) fn basis(&self, j: usize, a: &mut [f64]) {
        a.fill(0.0);
        a[j] = 1.0;
        // The reflectors after `j` leave it as it is.
        for i in (0..self.columns.min(j + 1)).rev() {
            let (u, beta) = self.reflector(i);
            apply(u, beta, &mut a[i..]);
        }
    }
}

/// The inner product, by four sums side by side.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, more_of_a), (b, more_of_b)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(more_of_a).zip(more_of_b) {
        *sum += a * b;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// `a <- a - beta u u'a`
fn apply(u: &[f64], beta: f64, a: &mut [f64]) {
    let factor = beta * dot(u, a);
    for (a, u) in a.iter_mut().zip(u) {
        *a -= factor * u;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_are_orthogonal_and_the_determinant_is_right() {
        let x = [1.0, 2.0, 1.0, -1.0, 1.0, 4.0, 1.0, 0.5];
        let scale = [2.0, 1.0, 0.5, 0.25];
        let mut qr = Householder::default();
        qr.factor(&x, &scale, 2);
        let mut a = [0.3, -1.2, 2.0, 0.7];
        let square = qr.residual(&mut a);
        assert!((a.iter().map(|a| a * a).sum::<f64>() - square).abs() < 1e-14);
        for j in 0..2 {
            let dot: f64 = (0..4).map(|i| scale[i] * x[2 * i + j] * a[i]).sum();
            assert!(dot.abs() < 1e-14);
        }
        // |X'WX| by hand.
        let gram =
            |j: usize, l: usize| -> f64 { (0..4).map(|i| scale[i] * scale[i] * x[2 * i + j] * x[2 * i + l]).sum() };
        let determinant = gram(0, 0) * gram(1, 1) - gram(0, 1) * gram(0, 1);
        let product: f64 = qr.diagonal().iter().product();
        assert!((product * product / determinant - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_largest_column_comes_first() {
        // Columns of length 1, sqrt(12) and sqrt(27) after the first row's; without exchange the diagonal would start with 1.
        let x = [1.0, 2.0, 3.0, 0.0, 2.0, -3.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0];
        let mut qr = Householder::default();
        qr.factor(&x, &[1.0; 4], 3);
        assert!((qr.diagonal()[0] - 27f64.sqrt()).abs() < 1e-14);
        assert!(qr.diagonal().windows(2).all(|pair| pair[0] >= pair[1]), "{:?}", qr.diagonal());
        // The columns span the first three rows, so only the last entry is left over.
        let mut a = [0.3, -1.2, 2.0, 0.7];
        assert!((qr.residual(&mut a) - 0.49).abs() < 1e-14);
        assert!(a[..3].iter().all(|a| a.abs() < 1e-14) && (a[3] - 0.7).abs() < 1e-14, "{a:?}");
    }
}
