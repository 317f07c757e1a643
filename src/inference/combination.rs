//! Combining the one-sided p-values of studies into one.

use crate::num::{chi_squared, irwin_hall, normal};
use serde::{Deserialize, Serialize};

/// How the one-sided p-values of `k` studies are combined into one p-value of the same hypothesis `mu`.
///
/// ```text
/// z_i = (y_i - mu) / s_i,   s_i^2 = v_i + tau2,   p_i = 1 - Phi(z_i)      (alternative: the effect is greater than mu)
/// ```
///
/// Each combined p-value grows with `mu` from 0 to 1, so the values of `mu` where neither it nor its complement is below
/// `alpha/2` are one interval, and the value where it is one half is a median-unbiased estimate if all studies have the
/// same effect. Only Edgington's and Stouffer's methods give the same whether effects are tested to be greater or to be
/// smaller; for the others the mirror image of one is another: Fisher and Pearson, Wilkinson and Tippett.
///
/// Held L, Hofmann F, Pawel S (2025) Res Synth Methods 16:758-785, doi 10.1017/rsm.2025.26. R: `confMeta`.
///
/// ```
/// # use meta_analysis::{Combination, CommonEffect, Effect, Effects, Measure};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 1.0)?])?;
/// // Two effects of 1 with variance 1: p-value 0.158655 each
/// let fit = CommonEffect::new().fit(&effects)?;
/// let p = |method| Ok::<_, meta_analysis::Error>(fit.combined_p_value_function(method)?.p_value_greater(0.0));
/// let one = 0.158_655_253_931_457_05_f64;
/// assert!((p(Combination::Wilkinson)? - one * one).abs() < 1e-15);
/// assert!((p(Combination::Tippett)? - (1.0 - (1.0 - one).powi(2))).abs() < 1e-15);
/// assert!((p(Combination::Edgington)? - 2.0 * one * one).abs() < 1e-15); // (2 p)^2 / 2
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Combination {
    /// The sum of the p-values; its distribution is computed exactly for any k ([`irwin_hall`]), where other software
    /// takes a normal distribution from k = 12 on. Edgington ES (1972) J Psychol 80:351-363,
    /// doi 10.1080/00223980.1972.9924813. confMeta: `p_edgington(approx = FALSE)`.
    ///
    /// ```text
    /// p = F_k(sum p_i)        F_k: Irwin-Hall
    /// ```
    Edgington,
    /// The product of the p-values. Fisher RA (1932) Statistical Methods for Research Workers, 4th ed. confMeta:
    /// `p_fisher`.
    ///
    /// ```text
    /// p = P(chi2(2k) >= -2 sum ln p_i)
    /// ```
    Fisher,
    /// The product of their complements. Pearson K (1933) Biometrika 25:379-410, doi 10.1093/biomet/25.3-4.379.
    /// confMeta: `p_pearson`.
    ///
    /// ```text
    /// p = P(chi2(2k) <= -2 sum ln(1 - p_i))
    /// ```
    Pearson,
    /// The sum of the z-values with weights `1/s_i`, which is the Wald test of the pooled effect. Stouffer et al. 1949,
    /// The American Soldier, doi 10.2307/2572105. confMeta: `p_stouffer`, with its default weights.
    ///
    /// ```text
    /// p = 1 - Phi(sum (z_i / s_i) / sqrt(sum 1/s_i^2))
    /// ```
    Stouffer,
    /// The largest p-value: small only if all are. Wilkinson B (1951) Psychol Bull 48:156-158, doi 10.1037/h0059111.
    /// confMeta: `p_wilkinson`.
    ///
    /// ```text
    /// p = (max p_i)^k
    /// ```
    Wilkinson,
    /// The smallest p-value: small if one is. Tippett LHC (1931) The Methods of Statistics. confMeta: `p_tippett`.
    ///
    /// ```text
    /// p = 1 - (1 - min p_i)^k
    /// ```
    Tippett,
}

impl Combination {
    /// Every method, in the order of the documentation.
    ///
    /// ```
    /// # use meta_analysis::Combination;
    /// assert_eq!(Combination::ALL.map(Combination::name).join(", "), "Edgington, Fisher, Pearson, Stouffer, Wilkinson, Tippett");
    /// ```
    pub const ALL: [Self; 6] =
        [Self::Edgington, Self::Fisher, Self::Pearson, Self::Stouffer, Self::Wilkinson, Self::Tippett];

    /// Name used in results.
    ///
    /// ```
    /// # use meta_analysis::Combination;
    /// assert_eq!(Combination::Stouffer.name(), "Stouffer");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Edgington => "Edgington",
            Self::Fisher => "Fisher",
            Self::Pearson => "Pearson",
            Self::Stouffer => "Stouffer",
            Self::Wilkinson => "Wilkinson",
            Self::Tippett => "Tippett",
        }
    }

    /// The combined p-value at `mu` and its complement, each accurate where it is small. `studies`: y and s.
    pub(crate) fn tails(self, studies: &[(f64, f64)], mu: f64) -> (f64, f64) {
        let z = || studies.iter().map(|(y, s)| (y - mu) / s);
        let k = studies.len() as f64;
        let number = u32::try_from(studies.len()).unwrap_or(u32::MAX);
        match self {
            Self::Edgington => {
                let (p, q) = (z().map(normal::sf).sum(), z().map(normal::cdf).sum());
                (irwin_hall::cdf(p, number), irwin_hall::cdf(q, number))
            }
            Self::Fisher => {
                let x = -2.0 * z().map(normal::ln_sf).sum::<f64>();
                (chi_squared::sf(x, 2.0 * k), chi_squared::cdf(x, 2.0 * k))
            }
            Self::Pearson => {
                let x = -2.0 * z().map(normal::ln_cdf).sum::<f64>();
                (chi_squared::cdf(x, 2.0 * k), chi_squared::sf(x, 2.0 * k))
            }
            Self::Stouffer => {
                // Weights relative to the largest, so that no square leaves the range.
                let least = studies.iter().map(|(_, s)| *s).fold(f64::INFINITY, f64::min);
                let w = || studies.iter().map(|(_, s)| least / s);
                let sum: f64 = w().zip(z()).map(|(w, z)| w * z).sum();
                let z = sum / w().map(|w| w * w).sum::<f64>().sqrt();
                (normal::sf(z), normal::cdf(z))
            }
            Self::Wilkinson => {
                let ln = k * normal::ln_sf(z().fold(f64::INFINITY, f64::min));
                (ln.exp(), -ln.exp_m1())
            }
            Self::Tippett => {
                let ln = k * normal::ln_cdf(z().fold(f64::NEG_INFINITY, f64::max));
                (-ln.exp_m1(), ln.exp())
            }
        }
    }
}

impl std::fmt::Display for Combination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
