//! A test of skewness from five numbers.

use super::five_numbers::FiveNumbers;
use serde::{Deserialize, Serialize};

/// Whether five numbers are too lopsided for a normal sample, at the 5 % level.
///
/// Shi, Luo, Wan, Liu & Tong 2023, Stat Methods Med Res 32:1338, doi 10.1177/09622802231172043.
///
/// ```text
/// from the range:      T = |min + max - 2 m| / (max - min)         critical: 1.01 / ln(n + 9) + 2.43 / (n + 1)
/// from the quartiles:  T = |q1 + q3 - 2 m| / (q3 - q1)             critical: 2.65 / sqrt n - 6 / n^2
/// from all five:       T = max(2.65 ln(0.6 n) / sqrt n T_range, T_quartiles)
///                                                                  critical: 2.97 / sqrt n - 39.1 / n^3
/// ```
///
/// The critical values were made for n of about 5 and more (11 and more for all five numbers); below that they are
/// not of the level stated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Skewness {
    statistic: f64,
    critical: f64,
}

impl Skewness {
    pub(super) fn of(numbers: &FiveNumbers) -> Self {
        let (n, m) = (numbers.n(), numbers.median());
        let lopsided = |(low, high): (f64, f64)| {
            // Differences first: the sum of the ends may overflow.
            let width = high - low;
            if width > 0.0 { (((high - m) - (m - low)) / width).abs() } else { 0.0 }
        };
        let root = n.sqrt();
        let (statistic, critical) = match (numbers.range().map(lopsided), numbers.quartiles().map(lopsided)) {
            (Some(range), None) => (range, 1.01 / (n + 9.0).ln() + 2.43 / (n + 1.0)),
            (None, Some(quartiles)) => (quartiles, 2.65 / root - 6.0 / (n * n)),
            (range, quartiles) => {
                let range = 2.65 * (0.6 * n).ln() / root * range.unwrap_or(0.0);
                (range.max(quartiles.unwrap_or(0.0)), 2.97 / root - 39.1 / n.powi(3))
            }
        };
        Self { statistic, critical }
    }

    /// The test statistic.
    pub fn statistic(&self) -> f64 {
        self.statistic
    }

    /// Its critical value at the 5 % level.
    pub fn critical(&self) -> f64 {
        self.critical
    }

    /// Whether normality is rejected.
    pub fn is_skewed(&self) -> bool {
        self.statistic > self.critical
    }
}
