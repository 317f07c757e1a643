//! An interval for the pooled effect that does not rest on a standard error.

use super::{Combination, ExactMean, Natural, Permutation};
use crate::measure::Measure;
use crate::num::format::significant;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};

/// How an interval for the pooled effect is computed where it is not "estimate plus and minus a quantile times the
/// standard error"; those are in [`Inference`](super::Inference).
///
/// ```
/// use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
///
/// let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let half = |method| Ok::<_, meta_analysis::Error>(fit.mean_interval(method)?.interval().1 - 3.0);
/// // Equal variances: twice the log-likelihood ratio is 3 ln(1 + (mu - 3)^2 / (8/3)), and B = 1 + 2/3 - 1/6.
/// let chi2 = 1.959_963_984_540_054_f64.powi(2);
/// let closed = |b: f64| (8.0 / 3.0 * (b * chi2 / 3.0).exp_m1()).sqrt();
/// assert!((half(MeanMethod::ProfileLikelihood)? - closed(1.0)).abs() < 1e-12);
/// assert!((half(MeanMethod::ProfileLikelihoodBartlett)? - closed(1.5)).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MeanMethod {
    /// The values of mu that a likelihood-ratio test does not reject, tau2 at its maximum for each. The value is the
    /// maximum-likelihood estimate; the model's tau2 is not used. All pieces of the set are found
    /// ([`Workspace::mean_likelihood_set`](crate::tau2::Workspace::mean_likelihood_set)). Hardy & Thompson
    /// 1996, Stat Med 15:619, doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A. Not in metafor.
    ///
    /// ```text
    /// { mu : 2 (l(mu^, tau2^) - max over tau2 of l(mu, tau2)) <= chi2(1) quantile }      l: full log-likelihood
    /// ```
    ProfileLikelihood,
    /// [`ProfileLikelihood`](Self::ProfileLikelihood) with the statistic divided by its expectation to second order, which
    /// makes the interval wider. The expectation is taken at the maximum-likelihood tau2; the model's is not used.
    /// Huizenga, Visser & Dolan 2011, Br J Math Stat Psychol 64:1, doi 10.1348/000711010X522687; Noma 2011, Stat Med
    /// 30:3304, doi 10.1002/sim.4350. Not in metafor.
    ///
    /// ```text
    /// { mu : 2 (l(mu^, tau2^) - max over tau2 of l(mu, tau2)) / B <= chi2(1) quantile }
    /// B = 1 + 2 s3/(s1 s2) - s2/(2 s1^2)        s_j = sum 1/(v + tau2^)^j
    /// ```
    ProfileLikelihoodBartlett,
    /// The values of mu at which the signed root of the likelihood ratio, corrected to second order, is within normal
    /// quantiles; one interval around the maximum-likelihood estimate, which is the value. The model's tau2 is not used.
    /// It needs a positive maximum-likelihood tau2, since at 0 the expansion does not hold: otherwise
    /// [`ErrorKind::NotApplicable`](crate::ErrorKind::NotApplicable). Skovgaard 1996, Bernoulli 2:145,
    /// doi 10.2307/3318548; Guolo 2012, Stat Med 31:313, doi 10.1002/sim.4451. R: `metaLik`. Not in metafor.
    ///
    /// ```text
    /// r(mu) = sign(mu^ - mu) sqrt(2 (l(mu^, tau2^) - l(mu, tau2~)))        r* = r + log(u / r) / r
    /// u = (mu^ - mu) (s~2 / s^2) sqrt(|j^| / j~)        s2 = sum 1/(v + tau2)^2
    /// { mu : |r*(mu)| <= normal quantile }
    /// ```
    ///
    /// `j`: observed information, of mu and tau2 at the maximum (determinant) and of tau2 at the maximum for mu.
    Skovgaard,
    /// The mean with weights 1/v, which favour large studies, with the variance of random effects and a quantile that
    /// allows for tau2 being estimated: less shifted by publication bias. tau2 is that of DerSimonian and Laird, not the
    /// model's. Henmi & Copas 2010, Stat Med 29:2969, doi 10.1002/sim.4029. metafor: `hc`.
    ///
    /// ```text
    /// mean -+ u sqrt(W1 + tau2 W2) / W1        W_j = sum v^-j
    /// ```
    ///
    /// `u`: see [`Workspace::henmi_copas`](crate::tau2::Workspace::henmi_copas).
    HenmiCopas,
    /// The values of mu that a permutation test does not reject: [`Pooled::permutation_test`](crate::Pooled::permutation_test)
    /// describes it. The ends are exact, the places where the share of sign patterns that are as extreme as the data
    /// falls to `1 - level`; there no tolerance for ties is used. With so few studies that no p-value is that small
    /// ([`ErrorKind::LevelNotAttainable`](crate::ErrorKind::LevelNotAttainable): fewer than 6 at 0.95) there is no
    /// interval. To 20 studies it takes about `2^(k+2)` fits: milliseconds to k = 10, some 20 seconds at k = 20.
    /// Follmann & Proschan 1999, Biometrics 55:732, doi 10.1111/j.0006-341X.1999.00732.x. metafor:
    /// `permutest(exact = TRUE, permci = TRUE)`, to the accuracy of its root finder.
    ///
    /// ```text
    /// { mu : p(mu) > 1 - level }
    /// ```
    Permutation(Permutation),
    /// Coverage of at least the level for any number of studies from two on, whatever tau2 is, given normal effects and
    /// known sampling variances. Meant for up to 7 studies. Michael H, Thornton S, Xie M, Tian L (2019) Biometrics
    /// 75:485-493, doi 10.1111/biom.12998. R: `rma.exact`. Not in metafor.
    ///
    /// A test of mean and tau2 together is inverted, and the region of pairs that it keeps is projected on the mean. The
    /// distribution of the statistic depends on tau2 only, and is sampled.
    ///
    /// ```text
    /// m, t2 = DerSimonian-Laird mean and tau2          l(mu, tau2) = log-likelihood
    /// T(mu, tau2) = (m - mu)^2 sum 1/(v_i + t2) + c (l(m, t2) - l(mu, tau2))
    /// { mu : T(mu, tau2) <= quantile of T(0, tau2) for y_i ~ N(0, v_i + tau2), for some tau2 >= 0 }
    /// ```
    ///
    /// At each tau2 the critical value is the order statistic that makes the test with sampled critical value valid, the
    /// data counting as one more sample. The same normal numbers serve all values of tau2, which are searched from 0 to
    /// where the region can only shrink, with no prior interval for tau2. The effect reported is the DerSimonian-Laird
    /// mean; the p-value is the largest over tau2. Values of `c` are the defaults that `rma.exact` documents; the form of `T`
    /// has not been compared with that package or with the paper's examples, and the coverage does not depend on it.
    Exact(ExactMean),
    /// The values of mu that a combination of the p-values of the studies does not reject, and the value where it is one
    /// half: [`Combination`] has the methods, [`Pooled::combined_p_value_function`](crate::Pooled::combined_p_value_function)
    /// the whole function.
    Combined(Combination),
}

impl MeanMethod {
    /// Name used in results.
    ///
    /// ```
    /// # use meta_analysis::{Combination, MeanMethod};
    /// assert_eq!(MeanMethod::HenmiCopas.name(), "Henmi-Copas");
    /// assert_eq!(MeanMethod::Combined(Combination::Fisher).name(), "Fisher");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::ProfileLikelihood => "profile likelihood",
            Self::ProfileLikelihoodBartlett => "profile likelihood, Bartlett-corrected",
            Self::Skovgaard => "Skovgaard",
            Self::HenmiCopas => "Henmi-Copas",
            Self::Permutation(_) => "permutation",
            Self::Exact(_) => "exact",
            Self::Combined(combination) => combination.name(),
        }
    }
}

impl std::fmt::Display for MeanMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// An interval for the pooled effect by a [`MeanMethod`], on the analysis scale.
///
/// ```
/// use meta_analysis::{CommonEffect, Effect, Effects, MeanMethod, Measure, Permutation};
///
/// let row = |y: &f64| Ok((format!("log OR {y}"), Effect::from_variance(Measure::LogOddsRatio, *y, 0.04)?));
/// let y = [0.1, 0.3, 0.35, 0.8, 0.25, 0.4];
/// let effects = Effects::from_rows(y.iter().map(row).collect::<meta_analysis::Result<Vec<_>>>()?)?;
/// let interval = CommonEffect::new().fit(&effects)?.mean_interval(MeanMethod::Permutation(Permutation::default()))?;
/// // 0 is below all effects: one of 32 patterns. A second one joins it at the least effect, which is the limit.
/// assert_eq!(interval.p_value(), 1.0 / 32.0);
/// let (lower, upper) = interval.interval();
/// assert!((lower - 0.1).abs() < 1e-12 && (upper - 0.8).abs() < 1e-12);
/// assert!((interval.natural().upper - 0.8_f64.exp()).abs() < 1e-12);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanInterval {
    measure: Measure,
    scale: Scale,
    method: MeanMethod,
    level: f64,
    value: f64,
    pieces: Vec<(f64, f64)>,
    p_value: f64,
}

impl MeanInterval {
    /// `pieces`: finite, in order, at least one. `p_value`: two-sided, of [`Measure::null_value`] or 0.
    pub(crate) fn new(
        (measure, scale): (Measure, Scale),
        (method, level): (MeanMethod, f64),
        value: f64,
        pieces: Vec<(f64, f64)>,
        p_value: f64,
    ) -> Self {
        Self { measure, scale, method, level, value, pieces, p_value }
    }

    /// The pooled effect by this method, which need not be the model's.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let effects = Effects::from_rows([
    /// #     ("A", Effect::from_variance(Measure::MeanDifference, 1.0, 1.0)?),
    /// #     ("B", Effect::from_variance(Measure::MeanDifference, 4.0, 2.0)?),
    /// # ])?;
    /// // Effects 1 and 4 with variances 1 and 2
    /// let fit = RandomEffects::new(Tau2::DerSimonianLaird).fit(&effects)?;
    /// // Weights 1 and 1/2 in place of those of random effects, which are 1/4 and 1/5
    /// assert!((fit.mean_interval(MeanMethod::HenmiCopas)?.value() - 2.0).abs() < 1e-14);
    /// assert!((fit.estimate().value() - 7.0 / 3.0).abs() < 1e-13);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Lower and upper limit; where the set is in [`pieces`](Self::pieces), its ends.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let interval = fit.mean_interval(MeanMethod::ProfileLikelihood)?;
    /// // 3 ln(1 + (mu - 3)^2 / (8/3)) is the quantile of chi2(1), 1.96^2.
    /// let half = (8.0 / 3.0 * (1.959_963_984_540_054_f64.powi(2) / 3.0).exp_m1()).sqrt();
    /// let (lower, upper) = interval.interval();
    /// assert!((lower - (3.0 - half)).abs() < 1e-12 && (upper - (3.0 + half)).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn interval(&self) -> (f64, f64) {
        let lower = self.pieces.first().map_or(self.value, |p| p.0);
        let upper = self.pieces.last().map_or(self.value, |p| p.1);
        (lower, upper)
    }

    /// The set itself, which a likelihood with several maxima can split into disjoint intervals, in order.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let (y, v) = ([0.0, 10.0, 10.0, 10.0, 10.5], [1e-6, 16.0, 16.0, 16.0, 16.0]);
    /// # let rows = y.into_iter().zip(v).enumerate();
    /// # let rows = rows.map(|(i, (y, v))| Ok((format!("{i}"), Effect::from_variance(Measure::MeanDifference, y, v)?)));
    /// # let effects = Effects::from_rows(rows.collect::<meta_analysis::Result<Vec<_>>>()?)?;
    /// // One precise study at 0, four that are not near 10: neither is rejected, but what lies between is.
    /// let interval = RandomEffects::new(Tau2::Reml).fit(&effects)?.mean_interval(MeanMethod::ProfileLikelihood)?;
    /// assert_eq!(interval.pieces().len(), 2);
    /// assert_eq!(interval.interval(), (interval.pieces()[0].0, interval.pieces()[1].1));
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn pieces(&self) -> &[(f64, f64)] {
        &self.pieces
    }

    /// Level, e.g. 0.95.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.mean_interval_at(MeanMethod::ProfileLikelihood, 0.9)?.level(), 0.9);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn level(&self) -> f64 {
        self.level
    }

    /// How it was computed.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// assert_eq!(fit.mean_interval(MeanMethod::HenmiCopas)?.method(), MeanMethod::HenmiCopas);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn method(&self) -> MeanMethod {
        self.method
    }

    /// Two-sided p-value by the same method of no effect ([`Measure::null_value`], or 0 for a measure without one).
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
    /// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
    /// // Effects 1, 3 and 5, each with variance 1
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let interval = fit.mean_interval(MeanMethod::ProfileLikelihood)?;
    /// // At 0 the likelihood ratio is 3 ln(1 + 9 / (8/3)) = 4.427_720: chi2(1)
    /// assert!((interval.p_value() - 0.035_359_721_660_974).abs() < 1e-14);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn p_value(&self) -> f64 {
        self.p_value
    }

    /// Value and limits on the natural scale.
    ///
    /// ```
    /// # use meta_analysis::{Effect, Effects, MeanMethod, Measure, RandomEffects, Tau2};
    /// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::LogOddsRatio, y, 0.04)?));
    /// # let effects = Effects::from_rows([row("A", 0.2)?, row("B", 0.6)?, row("C", 1.0)?])?;
    /// // Log odds ratios 0.2, 0.6 and 1.0, each with variance 0.04
    /// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
    /// let natural = fit.mean_interval(MeanMethod::ProfileLikelihood)?.natural();
    /// assert!((natural.value - 0.6_f64.exp()).abs() < 1e-14);
    /// assert_eq!(natural.measure.natural_name(), "odds ratio");
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    pub fn natural(&self) -> Natural {
        let (lower, upper) = self.interval();
        Natural::new(self.measure, self.scale, self.level, [self.value, lower, upper])
    }
}

impl std::fmt::Display for MeanInterval {
    /// The analysis scale, named: `log odds ratio 1.69 [0.894, 2.49] (profile likelihood)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.measure, significant(self.value))?;
        for (i, (lower, upper)) in self.pieces.iter().enumerate() {
            let and = if i > 0 { " and " } else { "" };
            write!(f, "{and}[{}, {}]", significant(*lower), significant(*upper))?;
        }
        write!(f, " ({})", self.method)
    }
}
