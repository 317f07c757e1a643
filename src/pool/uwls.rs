//! Unrestricted weighted least squares: one effect, variances known up to a factor.

use super::common::CommonEffect;
use crate::inference::Inference;

impl CommonEffect {
    /// Unrestricted weighted least squares (UWLS), also called the multiplicative model: the common-effect mean with a
    /// standard error that grows, and shrinks, with the dispersion of the effects.
    ///
    /// ```text
    /// y_i ~ N(mu, phi v_i)
    /// mu = sum (y/v) / sum (1/v)      phi = Q / (k - 1)      se = sqrt(phi / sum (1/v))      mu -+ t(k - 1) se
    /// ```
    ///
    /// It is [`CommonEffect::new`] with [`Inference::HartungKnapp`], whose factor is `phi` here;
    /// [`Heterogeneity::h2_from_q`](crate::Heterogeneity::h2_from_q) of the result is `phi`. With
    /// [`Inference::HartungKnappTruncated`] `phi` is at least 1. R: `lm(y ~ 1, weights = 1/v)`; statsmodels:
    /// "fixed effect wls"; metafor: `rma(method = "EE", test = "knha")`.
    ///
    /// Thompson SG, Sharp SJ (1999) Stat Med 18:2693-2708,
    /// doi:10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>3.0.CO;2-V; Stanley TD, Doucouliagos H (2015) Stat Med
    /// 34:2116-2127, doi:10.1002/sim.6481.
    ///
    /// ```
    /// use meta_analysis::{CommonEffect, Effect, Effects, Measure};
    ///
    /// let rows = [("A", 0.1, 0.04), ("B", 0.9, 0.05), ("C", 0.5, 0.03), ("D", -0.2, 0.2)];
    /// let rows = rows.map(|(label, y, v)| (label, Effect::from_variance(Measure::MeanDifference, y, v).unwrap()));
    /// let fit = CommonEffect::uwls().fit(&Effects::from_rows(rows)?)?;
    /// // R 4.2: summary(lm(c(.1, .9, .5, -.2) ~ 1, weights = 1 / c(.04, .05, .03, .2)))
    /// assert!((fit.estimate().value() - 0.434000000000000).abs() < 1e-12);
    /// assert!((fit.estimate().se() - 0.192738164357763).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn uwls() -> Self {
        Self::new().inference(Inference::HartungKnapp)
    }
}
