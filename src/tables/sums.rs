//! Mantel-Haenszel sums: slices of strata in, estimate and variance out.
//!
//! The numerator of every measure is `sum (a d - b c) / n`, each term exact to rounding, so that an effect close to
//! none keeps its digits however large the counts are; the variances are written as sums of positive terms.

use super::strata::{cross, shares};

/// A pooled effect with its variance, and the weights of the strata in it.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) value: f64,
    pub(super) variance: f64,
    pub(super) weights: Vec<f64>,
}

/// `ln(above / below)` where `above - below = difference` is known to full precision.
fn ln_ratio(above: f64, below: f64, difference: f64) -> f64 {
    if difference.abs() < 0.5 * below { (difference / below).ln_1p() } else { (above / below).ln() }
}

fn total(weights: impl Iterator<Item = f64>) -> f64 {
    weights.sum()
}

/// `R = sum a d / n`, `S = sum b c / n`.
pub(super) fn odds(cells: &[[f64; 4]]) -> [f64; 2] {
    cells.iter().fold([0.0; 2], |[r, s], &[a, b, c, d]| {
        let n = a + b + c + d;
        [r + a * (d / n), s + b * (c / n)]
    })
}

/// Log odds ratio with the variance of Robins, Breslow & Greenland.
pub(super) fn odds_ratio(cells: &[[f64; 4]]) -> Sums {
    let [r, s] = odds(cells);
    let difference = total(cells.iter().map(|x| cross(*x) / x.iter().sum::<f64>()));
    let variance = total(cells.iter().map(|&[a, b, c, d]| {
        let n = a + b + c + d;
        let (p, q) = ((a + d) / n, (b + c) / n);
        let (share_r, share_s) = (a * (d / n) / r, b * (c / n) / s);
        0.5 * (p * share_r / r + (p * share_s / r + q * share_r / s) + q * share_s / s)
    }));
    let weights = cells.iter().map(|&[a, b, c, d]| b * (c / (a + b + c + d))).collect();
    Sums { value: ln_ratio(r, s, difference), variance, weights }
}

/// `R = sum a n2 / n`, `S = sum c n1 / n`.
pub(super) fn risks(cells: &[[f64; 4]]) -> [f64; 2] {
    cells.iter().fold([0.0; 2], |[r, s], &[a, b, c, d]| {
        let n = a + b + c + d;
        [r + a * ((c + d) / n), s + c * ((a + b) / n)]
    })
}

/// Log risk ratio with the variance of Greenland & Robins.
pub(super) fn risk_ratio(cells: &[[f64; 4]]) -> Sums {
    let [r, s] = risks(cells);
    let difference = total(cells.iter().map(|x| cross(*x) / x.iter().sum::<f64>()));
    let variance = total(cells.iter().map(|&[a, b, c, d]| {
        // m1 n1 n2 - a c n = a d n1 + b c n2
        let (n1, n2) = (a + b, c + d);
        let n = n1 + n2;
        a * (d / n) * (n1 / n) / r / s + b * (c / n) * (n2 / n) / r / s
    }));
    let weights = cells.iter().map(|&[a, b, c, d]| c * ((a + b) / (a + b + c + d))).collect();
    Sums { value: ln_ratio(r, s, difference), variance, weights }
}

fn difference_weights(cells: &[[f64; 4]]) -> Vec<f64> {
    cells.iter().map(|&[a, b, c, d]| (a + b) * ((c + d) / (a + b + c + d))).collect()
}

/// Risk difference with the variance of Greenland & Robins.
pub(super) fn risk_difference_robust(cells: &[[f64; 4]]) -> Sums {
    let weights = difference_weights(cells);
    let w: f64 = weights.iter().sum();
    let variance = total(cells.iter().map(|&[a, b, c, d]| {
        let (n1, n2) = (a + b, c + d);
        let n = n1 + n2;
        // (n1 n2 / n)^2 times p1 q1 / n1 + p2 q2 / n2
        let (first, second) = (a * (b / n1) * (n2 / n) * (n2 / n), c * (d / n2) * (n1 / n) * (n1 / n));
        (first + second) / w / w
    }));
    Sums { value: total(cells.iter().map(|x| cross(*x) / x.iter().sum::<f64>())) / w, variance, weights }
}

/// Risk difference with the variance of Sato, Greenland & Robins,
///
/// ```text
/// (RD sum P + sum Q) / W^2        P = (n1^2 c - n2^2 a + n1 n2 (n2 - n1)/2) / n^2,  Q = (a d + b c) / (2 n)
/// ```
///
/// rearranged so that it keeps its digits where the difference is close to -1 or 1:
///
/// ```text
/// RD P + Q = (n ((1 - RD) a d + (1 + RD) b c) + RD (n1 - n2) (a c - b d)) / (2 n^2)
/// ```
pub(super) fn risk_difference_dual(cells: &[[f64; 4]]) -> Sums {
    let weights = difference_weights(cells);
    let w: f64 = weights.iter().sum();
    let rd = total(cells.iter().map(|x| cross(*x) / x.iter().sum::<f64>())) / w;
    // n1 n2 -+ (a d - b c) as sums of positive terms.
    let below = total(cells.iter().map(|&[a, b, c, d]| {
        let n = a + b + c + d;
        a * (c / n) + b * (d / n) + 2.0 * b * (c / n)
    })) / w;
    let above = total(cells.iter().map(|&[a, b, c, d]| {
        let n = a + b + c + d;
        a * (c / n) + b * (d / n) + 2.0 * a * (d / n)
    })) / w;
    let variance = total(cells.iter().map(|&[a, b, c, d]| {
        let n = a + b + c + d;
        let uneven = rd * ((a + b - c - d) / n) * (a * (c / n) - b * (d / n));
        0.5 * (below * a * (d / n) + above * b * (c / n) + uneven) / w / w
    }));
    Sums { value: rd, variance, weights }
}

/// `R = sum x1 t2 / T`, `S = sum x2 t1 / T`.
pub(super) fn rates(cells: &[[f64; 4]]) -> [f64; 2] {
    cells.iter().fold([0.0; 2], |[r, s], &[x1, t1, x2, t2]| {
        let (share1, share2) = shares(t1, t2);
        [r + x1 * share2, s + x2 * share1]
    })
}

/// Log incidence rate ratio with the variance of Greenland & Robins.
pub(super) fn rate_ratio(cells: &[[f64; 4]]) -> Sums {
    let [r, s] = rates(cells);
    let variance = total(cells.iter().map(|&[x1, t1, x2, t2]| {
        let (share1, share2) = shares(t1, t2);
        (x1 + x2) * share1 * share2 / r / s
    }));
    let weights = cells.iter().map(|&[_, t1, x2, t2]| x2 * shares(t1, t2).0).collect();
    Sums { value: ln_ratio(r, s, r - s), variance, weights }
}

/// Incidence rate difference with the variance of Greenland & Robins; the times of all strata in one unit in which
/// the longest is about 1.
pub(super) fn rate_difference(cells: &[[f64; 4]]) -> Sums {
    let weights: Vec<f64> = cells.iter().map(|&[_, t1, _, t2]| t1 * shares(t1, t2).1).collect();
    let w: f64 = weights.iter().sum();
    let value = total(cells.iter().map(|&[x1, t1, x2, t2]| {
        let (share1, share2) = shares(t1, t2);
        x1 * share2 - x2 * share1
    })) / w;
    let variance = total(cells.iter().map(|&[x1, t1, x2, t2]| {
        let (share1, share2) = shares(t1, t2);
        (x1 * share2 * share2 + x2 * share1 * share1) / w / w
    }));
    Sums { value, variance, weights }
}
