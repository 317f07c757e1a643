//! The tetrachoric correlation of a 2x2 table.

use super::cells::Cells;
use super::risks::only_usual;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use crate::num::{normal, root};
use crate::study::precise::quantile_of_share;
use crate::study::{BinaryMeasure, Conversion};

/// Fisher's z of the tetrachoric correlation, with its variance.
///
/// With `r = tanh w` the derivative of the bivariate normal distribution function with respect to `w` is
///
/// ```text
/// f(w) = exp(-((h - k)^2 e^(2w) + (h + k)^2 e^(-2w)) / 8 - (h^2 + k^2) / 4) / (2 pi cosh w)
/// ```
///
/// so that `z` solves `integral of f from 0 to z = (a d - b c)/n^2`, where nothing cancels, or, nearer to the end,
/// `integral of f from z to infinity = min(b, c)/n`.
pub(super) fn fisher_z(cells: &Cells, how: &Conversion<BinaryMeasure>) -> Result<(f64, f64)> {
    only_usual(how)?;
    let measure = Measure::from(how.measure()).name();
    cells.need_margins(measure)?;
    if let Some(field) = cells.zero() {
        return Err(ErrorKind::NonIdentifiable { field, measure }.into());
    }
    let cross = cells.cross();
    // A negative correlation is a positive one of the table with its columns exchanged.
    let mirrored = Cells { a: cells.b, b: cells.a, c: cells.d, d: cells.c };
    let positive = if cross < 0.0 { mirrored } else { *cells };
    let (z, v) = positive_z(&positive, cross.abs());
    if !(z.is_finite() && v.is_finite()) {
        return Err(ErrorKind::Overflow { what: measure }.into());
    }
    Ok((if cross < 0.0 { -z } else { z }, v))
}

/// The correlation itself, with its variance.
pub(super) fn correlation(cells: &Cells, how: &Conversion<BinaryMeasure>) -> Result<(f64, f64)> {
    let (z, v) = fisher_z(cells, how)?;
    Ok((z.tanh(), v / z.cosh().powi(4)))
}

fn positive_z(cells: &Cells, cross: f64) -> (f64, f64) {
    let n = cells.total();
    let ([n1, n2], [m1, m2]) = (cells.rows(), cells.columns());
    let margin = Margins { h: quantile_of_share(n1, n2), k: quantile_of_share(m1, m2) };
    let centre = cross / n / n;
    let tail = cells.b.min(cells.c) / n;
    // f is at most 1/(2 pi), so the root is at least 2 pi times the integral.
    let lower = std::f64::consts::PI * centre;
    let z = if centre <= 0.0 {
        0.0
    } else if centre <= tail {
        solve(lower, |z| (margin.below(z), -1.0), centre)
    } else {
        solve(lower, |z| (margin.beyond(z), 1.0), tail)
    };
    (z, variance(cells, &margin, z))
}

/// Root of `integral = target`, for an integral that grows (-1) or falls (1) with `z`.
fn solve(lower: f64, integral: impl Fn(f64) -> ((f64, f64), f64), target: f64) -> f64 {
    // The tail beyond 800 is smaller than any share of people that there can be.
    root::log_newton(lower, 800.0, lower.max(0.5), |z| {
        let ((value, slope), sign) = integral(z);
        (z, sign * (value / target).ln(), -z * slope / value)
    })
    .at
}

/// The cutting points of both variables.
struct Margins {
    h: f64,
    k: f64,
}

impl Margins {
    fn density(&self, w: f64) -> f64 {
        let apart = self.h - self.k;
        // Equal cutting points stay equal where e^w overflows.
        let near = if apart.abs() > 0.0 { apart * w.exp() } else { 0.0 };
        let far = (self.h + self.k) * (-w).exp();
        let exponent = -0.125 * (near * near + far * far) - 0.25 * (self.h * self.h + self.k * self.k);
        exponent.exp() / (std::f64::consts::TAU * w.cosh())
    }

    /// Width over which the density is a polynomial to rounding: it bends on the scale of 1/|h|.
    fn step(&self) -> f64 {
        0.5 / (1.0 + 0.25 * self.h.abs().max(self.k.abs()))
    }

    /// Integral up to `z`, and the density there.
    fn below(&self, z: f64) -> (f64, f64) {
        let panels = (z / self.step()).ceil().max(1.0);
        let width = z / panels;
        let mut total = 0.0;
        let mut i = 0.0;
        while i < panels {
            total += self.panel(i * width, width);
            i += 1.0;
        }
        (total, self.density(z))
    }

    /// Integral from `z` on, and the density at `z`.
    fn beyond(&self, z: f64) -> (f64, f64) {
        let width = self.step();
        // From here on the density falls at least as fast as e^(-w).
        let falling = 1.0 + (self.h + self.k).abs().ln_1p();
        let (mut total, mut i) = (0.0, 0.0);
        loop {
            let start = z + i * width;
            let part = self.panel(start, width);
            total += part;
            let matters = part > 1e-18 * total;
            if start > falling && !matters {
                return (total, self.density(z));
            }
            i += 1.0;
        }
    }

    /// Gauss-Legendre with 16 points.
    fn panel(&self, start: f64, width: f64) -> f64 {
        let (half, middle) = (0.5 * width, start + 0.5 * width);
        let pairs = NODES.iter().zip(WEIGHTS);
        half * pairs.map(|(x, w)| w * (self.density(middle - half * x) + self.density(middle + half * x))).sum::<f64>()
    }
}

/// The delta method on the cell probabilities: with A = P(Y < k | X = h), B = P(X < h | Y = k) the derivatives of
/// the correlation are (1 - A - B, -A, -B, 0) over the density, up to a common number.
fn variance(cells: &Cells, margin: &Margins, z: f64) -> f64 {
    let n = cells.total();
    // (k - r h) / sqrt(1 - r^2) = k cosh z - h sinh z, without the cancellation for z large.
    let given = |y: f64, x: f64| {
        let apart = if (y - x).abs() > 0.0 { (y - x) * z.exp() } else { 0.0 };
        0.5 * (apart + (y + x) * (-z).exp())
    };
    let (at_h, at_k) = (given(margin.k, margin.h), given(margin.h, margin.k));
    let (a, b) = (normal::cdf(at_h), normal::cdf(at_k));
    let slopes = [normal::sf(at_h) - b, -a, -b, 0.0];
    let shares = [cells.a / n, cells.b / n, cells.c / n, cells.d / n];
    let mean: f64 = shares.iter().zip(slopes).map(|(p, g)| p * g).sum();
    let spread: f64 = shares.iter().zip(slopes).map(|(p, g)| p * (g - mean) * (g - mean)).sum();
    spread / n / margin.density(z).powi(2)
}

// Abramowitz & Stegun 1964, table 25.4, n = 16; computed with mpmath to 20 digits.
const NODES: [f64; 8] = [
    0.095_012_509_837_637_44,
    0.281_603_550_779_258_9,
    0.458_016_777_657_227_37,
    0.617_876_244_402_643_8,
    0.755_404_408_355_003,
    0.865_631_202_387_831_8,
    0.944_575_023_073_232_6,
    0.989_400_934_991_649_9,
];
const WEIGHTS: [f64; 8] = [
    0.189_450_610_455_068_5,
    0.182_603_415_044_923_58,
    0.169_156_519_395_002_54,
    0.149_595_988_816_576_74,
    0.124_628_971_255_533_88,
    0.095_158_511_682_492_79,
    0.062_253_523_938_647_894,
    0.027_152_459_411_754_096,
];
