//! The names of the estimators.

use super::{Bootstrap, FixedWeights, Likelihood};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How the between-study variance tau2 is estimated.
///
/// Notation: `w_i = 1/(v_i + tau2)`, `w0_i = 1/v_i`, `k` studies, `p` coefficients (1 for a common mean), `P` the weighted residual matrix
/// at tau2 and `P0` at 0, `Q(tau2) = y'Py`, `Q = Q(0)`. Estimates are truncated at 0. All are unchanged by a shift or a change of sign of
/// the effects and scale with their square.
///
/// `Display` gives the full name and [`code`](Self::code) metafor's; both parse back, without regard to case.
///
/// ```
/// use meta_analysis::tau2::Tau2;
///
/// assert_eq!("REML".parse(), Ok(Tau2::Reml));
/// assert_eq!("paule-mandel".parse(), Ok(Tau2::PauleMandel));
/// assert_eq!(Tau2::SidikJonkman.to_string(), "Sidik-Jonkman");
/// assert_eq!("fixed(0.04)".parse(), Ok(Tau2::Fixed(0.04)));
/// assert!("anything".parse::<Tau2>().is_err());
/// ```
///
/// Reviews: Viechtbauer W (2005) J Educ Behav Stat 30:261-293, doi:10.3102/10769986030003261; Veroniki AA et al. (2016) Res Synth
/// Methods 7:55-79, doi:10.1002/jrsm.1164; Langan D et al. (2019) Res Synth Methods 10:83-98, doi:10.1002/jrsm.1316.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Tau2 {
    /// Moment estimator from Cochran's Q. metafor: `DL`.
    ///
    /// ```text
    /// tau2 = max(0, (Q - (k-p)) / tr P0)
    /// se   = sqrt(2(k-p) + 4 tau2 tr P0 + 2 tau2^2 tr P0^2) / tr P0
    /// ```
    ///
    /// Unbiased before truncation when the `v_i` are known; no distribution is assumed for the estimate itself, normal effects for the
    /// standard error. Biased downwards with large tau2 and few or unequal studies.
    ///
    /// DerSimonian R, Laird N (1986) Control Clin Trials 7:177-188, doi:10.1016/0197-2456(86)90046-2; standard error from the
    /// variance of Q in Biggerstaff BJ, Tweedie RL (1997) Stat Med 16:753-768,
    /// doi:10.1002/(SICI)1097-0258(19970415)16:7<753::AID-SIM494>3.0.CO;2-G; with moderators Jackson D, Turner R, Rhodes K, Viechtbauer W
    /// (2014) BMC Med Res Methodol 14:103, doi:10.1186/1471-2288-14-103.
    DerSimonianLaird,
    /// Restricted maximum likelihood, the certified global maximum. metafor: `REML`.
    ///
    /// ```text
    /// maximise  -1/2 [ sum log(v_i + tau2) + log|X'WX| + Q(tau2) ]   over tau2 >= 0
    /// se = sqrt(2 / tr P^2)      (expected information at the estimate)
    /// ```
    ///
    /// Normal effects. Nearly unbiased; recommended by both reviews above. Software that climbs from one start can stop on a lower
    /// maximum; here all maxima are found.
    ///
    /// Patterson HD, Thompson R (1971) Biometrika 58:545-554, doi:10.1093/biomet/58.3.545; Harville DA (1977) J Am Stat Assoc 72:320-338,
    /// doi:10.1080/01621459.1977.10480998; Viechtbauer (2005).
    Reml,
    /// The root of the generalised Q statistic; the same as Morris's empirical Bayes estimator, and where the steps of
    /// [`TwoStepDerSimonianLaird`](Self::TwoStepDerSimonianLaird) and [`SidikJonkman`](Self::SidikJonkman) end if repeated.
    /// metafor: `PM`, `EB`, and the undocumented `SJIT`. metafor's undocumented `DLIT` is something else in version 3.8, the solution of
    /// `Q(tau2) = (k-p) + tau2 tr P`, mostly lower; that name is not accepted here.
    ///
    /// ```text
    /// Q(tau2) = k - p   (0 if Q(0) <= k - p)
    /// se = sqrt(2 k^2 / (k-p)) / sum w_i
    /// ```
    ///
    /// No distribution is assumed for the estimate; the standard error takes the weights as known and the effects as normal.
    ///
    /// Paule RC, Mandel J (1982) J Res Natl Bur Stand 87:377-385, doi:10.6028/jres.087.022; Morris CN (1983) J Am Stat Assoc 78:47-55,
    /// doi:10.1080/01621459.1983.10477920; equality shown in Viechtbauer W, Lopez-Lopez JA, Sanchez-Meca J, Marin-Martinez F (2015)
    /// Psychol Methods 20:360-374, doi:10.1037/met0000023.
    PauleMandel,
    /// Maximum likelihood, the certified global maximum. metafor: `ML`.
    ///
    /// ```text
    /// maximise  -1/2 [ sum log(v_i + tau2) + Q(tau2) ]   over tau2 >= 0
    /// se = sqrt(2 / sum w_i^2)   (expected information at the estimate)
    /// ```
    ///
    /// Normal effects. Biased downwards, since the mean is estimated too; never above REML.
    ///
    /// Hardy RJ, Thompson SG (1996) Stat Med 15:619-629,
    /// doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
    MaximumLikelihood,
    /// Moment estimator from the unweighted variance of the effects (variance components). metafor: `HE`.
    ///
    /// ```text
    /// M = I - X(X'X)^-1X',  V = diag(v_i)
    /// tau2 = max(0, (y'My - tr MV) / (k-p)) = max(0, s_y^2 - mean v)   (p = 1)
    /// se   = sqrt(2 tr MVMV + 4 tau2 tr MV + 2 tau2^2 (k-p)) / (k-p)
    /// ```
    ///
    /// Unbiased before truncation without any weights; inefficient when the `v_i` are unequal. Standard error for normal effects.
    ///
    /// Hedges LV (1983) Psychol Bull 93:388-395, doi:10.1037/0033-2909.93.2.388.
    Hedges,
    /// Two-step estimator from a crude start. metafor: `SJ`.
    ///
    /// ```text
    /// t0 = y'My / k,   tau2 = t0 Q(t0) / (k-p)
    /// se = t0/(k-p) sqrt(2 tr(P S P S)),   P at t0,  S = diag(v_i + tau2)
    /// ```
    ///
    /// With moderators the start is taken about the fitted values, so that effects may be shifted by any fitted part; metafor takes it about
    /// the mean there and gives other numbers. Always positive unless all effects are fitted exactly. Overestimates when tau2 is small. The start divides by `k`, as in the paper;
    /// variants that start elsewhere are other estimators. Standard error for normal effects with `t0` taken as known.
    ///
    /// Sidik K, Jonkman JN (2005) J R Stat Soc C 54:367-384, doi:10.1111/j.1467-9876.2005.00489.x.
    SidikJonkman,
    /// Cochran's Q less `k`, over the sum of the weights. metafor: `HS`.
    ///
    /// ```text
    /// tau2 = max(0, (Q - k) / sum w0_i)
    /// se   = sqrt(2(k-p) + 4 tau2 tr P0 + 2 tau2^2 tr P0^2) / sum w0_i
    /// ```
    ///
    /// Simple and biased downwards, never above DerSimonian-Laird. Standard error for normal effects.
    ///
    /// Hunter JE, Schmidt FL (1990) Methods of Meta-Analysis, Sage; in this form Viechtbauer (2005).
    HunterSchmidt,
    /// Hunter-Schmidt with `Q` blown up by `k/(k-p)`. metafor: `HSk`.
    ///
    /// ```text
    /// tau2 = max(0, (k/(k-p) Q - k) / sum w0_i)
    /// se   = k/(k-p) sqrt(2(k-p) + 4 tau2 tr P0 + 2 tau2^2 tr P0^2) / sum w0_i
    /// ```
    ///
    /// 0 whenever DerSimonian-Laird is, and never below [`HunterSchmidt`](Self::HunterSchmidt). Standard error for normal effects.
    ///
    /// Brannick MT, Potter SM, Benitez B, Morris SB (2019) Organ Res Methods 22:490-514, doi:10.1177/1094428117741966.
    HunterSchmidtSmallSample,
    /// The second step of DerSimonian-Laird: the moment estimator again, with the weights of the first estimate. metafor: `GENQ` with
    /// these weights.
    ///
    /// ```text
    /// t0 = DerSimonian-Laird estimate,  P at t0
    /// tau2 = max(0, (Q(t0) - tr PV) / tr P) = max(0, t0 + (Q(t0) - (k-p)) / tr P)
    /// se   = sqrt(2 tr(P S P S)) / tr P,   S = diag(v_i + tau2)
    /// ```
    ///
    /// Close to Paule-Mandel, which is where repeating the step ends. Standard error for normal effects with `t0` taken as known.
    ///
    /// DerSimonian R, Kacker R (2007) Contemp Clin Trials 28:105-114, doi:10.1016/j.cct.2006.04.004 (`DL2`); standard error from the
    /// variance of a generalised Q in Jackson D (2013) Res Synth Methods 4:220-229, doi:10.1002/jrsm.1081.
    TwoStepDerSimonianLaird,
    /// The same step from the Hedges estimate. metafor: `GENQ` with these weights.
    ///
    /// ```text
    /// t0 = Hedges estimate, the rest as in TwoStepDerSimonianLaird
    /// ```
    ///
    /// DerSimonian and Kacker (2007), who call Hedges's estimator Cochran's ANOVA and this one `CA2`.
    TwoStepHedges,
    /// Median-unbiased Paule-Mandel. metafor: `PMM`.
    ///
    /// ```text
    /// Q(tau2) = median of chi-squared with k - p degrees of freedom   (0 if Q(0) is not above it)
    /// se = sqrt(2 k^2 / (k-p)) / sum w_i
    /// ```
    ///
    /// Below and above tau2 with equal probability if effects are normal and tau2 is not so small that the truncation matters; never
    /// below [`PauleMandel`](Self::PauleMandel), whose standard error it borrows. It is the point to which Q-profile intervals shrink
    /// as their level goes to 0.
    ///
    /// Viechtbauer W (2021) Median-unbiased estimators for the amount of heterogeneity in meta-analysis, European Congress of
    /// Methodology, Valencia; the median of a confidence distribution from Q as in Viechtbauer W (2007) Stat Med 26:37-52,
    /// doi:10.1002/sim.2514.
    MedianUnbiasedPauleMandel,
    /// DerSimonian-Laird made positive. metafor: none.
    ///
    /// ```text
    /// tau2 = Q^2 / ((2(k-p) + Q) tr P0)
    /// ```
    ///
    /// Needs no truncation: 0 only if all effects are fitted exactly, and so biased upwards when tau2 is small. Above
    /// DerSimonian-Laird if `Q < 2(k-p)`, below if `Q > 2(k-p)`. The paper has a common mean; with moderators `k-p` and `tr P0` take the
    /// place of `k-1` and `sum w0 - sum w0^2 / sum w0` here. No standard error has been published.
    ///
    /// Hartung J, Makambi KH (2003) Commun Stat Simul Comput 32:1179-1190, doi:10.1081/SAC-120023884.
    HartungMakambi,
    /// The generalised Q moment estimator with weights that follow from the variances. metafor: `GENQ` with `weights = 1/vi`,
    /// `1/sqrt(vi)` or 1.
    ///
    /// ```text
    /// A = D - DX(X'DX)^-1X'D,  D = diag(weights),  V = diag(v_i),  S = diag(v_i + tau2)
    /// tau2 = max(0, (y'Ay - tr AV) / tr A)
    /// se   = sqrt(2 tr(A S A S)) / tr A
    /// ```
    ///
    /// With `1/v` it is [`DerSimonianLaird`](Self::DerSimonianLaird), with equal weights [`Hedges`](Self::Hedges); `1/sqrt(v)` lies
    /// between. Unbiased before truncation; standard error for normal effects. Weights of the user:
    /// [`generalised_q_estimate`](super::generalised_q_estimate).
    ///
    /// DerSimonian R, Kacker R (2007) Contemp Clin Trials 28:105-114, doi:10.1016/j.cct.2006.04.004; standard error from the variance of
    /// Q in Jackson D (2013) Res Synth Methods 4:220-229, doi:10.1002/jrsm.1081.
    GeneralisedQ(FixedWeights),
    /// The median-unbiased version of [`GeneralisedQ`](Self::GeneralisedQ). metafor: `GENQM`.
    ///
    /// ```text
    /// P(Q <= q) = 1/2 at tau2     (0 if it is at most 1/2 already at 0),   Q ~ sum_j lambda_j(tau2) chi2_1
    /// se as of GeneralisedQ, at this tau2
    /// ```
    ///
    /// Below and above tau2 with equal probability for normal effects, truncation apart; to it the generalised-Q interval shrinks as its
    /// level goes to 0. With equal variances the same as [`MedianUnbiasedPauleMandel`](Self::MedianUnbiasedPauleMandel). With a design
    /// matrix each step takes the eigenvalues of a matrix of k rows, so a thousand studies take minutes.
    ///
    /// Viechtbauer (2021), as MedianUnbiasedPauleMandel; the distribution of Q in Jackson (2013).
    MedianUnbiasedGeneralisedQ(FixedWeights),
    /// The approximate Bayes mode, which is never 0, the certified global maximum. metafor: none.
    ///
    /// ```text
    /// maximise  log-likelihood + log tau   over tau2 > 0
    /// ```
    ///
    /// `log tau` is a gamma prior on tau with shape 2 and a rate that goes to 0, the authors' default: it keeps the estimate off 0 and
    /// lowers the log-likelihood by little from its maximum. Of the restricted likelihood there is one only if `k - p` is at least 2. No
    /// standard error is given.
    ///
    /// Chung Y, Rabe-Hesketh S, Choi IH (2013) Stat Med 32:4071-4089, doi:10.1002/sim.5821.
    BayesMode(Likelihood),
    /// The mean of the [`DerSimonianLaird`](Self::DerSimonianLaird) estimates, zeros included, of studies drawn with replacement.
    /// metafor: none.
    ///
    /// ```text
    /// tau2 = 1/B sum_b DL(k studies drawn from the k)
    /// ```
    ///
    /// 0 only if DerSimonian-Laird is 0 in every resample. The same seed gives the same result everywhere, to the last bit; it depends on
    /// the order of the studies as far as a finite number of resamples does. For one common mean only: resampled studies need not keep
    /// the rank of a design. No standard error has been published.
    ///
    /// Kontopantelis E, Springate DA, Reeves D (2013) PLoS ONE 8:e69930, doi:10.1371/journal.pone.0069930.
    BootstrappedDerSimonianLaird(Bootstrap),
    /// A given value, not estimated; no standard error. metafor: argument `tau2`.
    ///
    /// Checked where it is used, since it may have been deserialised: negative or non-finite values are errors there.
    Fixed(f64),
}

impl Tau2 {
    /// metafor's code: `"DL"`, `"REML"`, ...; where metafor has none, `"DL2"`, `"HE2"`, `"HM"`, `"BM-REML"`, `"BM-ML"`, `"DLb"`, and
    /// `"FIXED"` for [`Fixed`](Self::Fixed). `"GENQ"` and `"GENQM"` are followed by the weights, as in `"GENQ(1/se)"`.
    ///
    /// ```
    /// use meta_analysis::tau2::{FixedWeights, Tau2};
    ///
    /// assert_eq!(Tau2::PauleMandel.code(), "PM");
    /// assert_eq!(Tau2::GeneralisedQ(FixedWeights::InverseSe).code(), "GENQ(1/se)");
    /// ```
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DerSimonianLaird => "DL",
            Self::Reml => "REML",
            Self::PauleMandel => "PM",
            Self::MaximumLikelihood => "ML",
            Self::Hedges => "HE",
            Self::SidikJonkman => "SJ",
            Self::HunterSchmidt => "HS",
            Self::HunterSchmidtSmallSample => "HSk",
            Self::TwoStepDerSimonianLaird => "DL2",
            Self::TwoStepHedges => "HE2",
            Self::MedianUnbiasedPauleMandel => "PMM",
            Self::HartungMakambi => "HM",
            Self::GeneralisedQ(FixedWeights::InverseVariance) => "GENQ(1/v)",
            Self::GeneralisedQ(FixedWeights::InverseSe) => "GENQ(1/se)",
            Self::GeneralisedQ(FixedWeights::Equal) => "GENQ(1)",
            Self::MedianUnbiasedGeneralisedQ(FixedWeights::InverseVariance) => "GENQM(1/v)",
            Self::MedianUnbiasedGeneralisedQ(FixedWeights::InverseSe) => "GENQM(1/se)",
            Self::MedianUnbiasedGeneralisedQ(FixedWeights::Equal) => "GENQM(1)",
            Self::BayesMode(Likelihood::Restricted) => "BM-REML",
            Self::BayesMode(Likelihood::Full) => "BM-ML",
            Self::BootstrappedDerSimonianLaird(_) => "DLb",
            Self::Fixed(_) => "FIXED",
        }
    }

    /// The estimators that depend on the effects and variances alone: all but
    /// [`BootstrappedDerSimonianLaird`](Self::BootstrappedDerSimonianLaird), which has a seed, and [`Fixed`](Self::Fixed).
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2, estimate};
    ///
    /// // With equal variances they do not all agree.
    /// let tau2 = |method| estimate(&[1.0, 3.0, 5.0], &[1.0; 3], method).map(|fit| fit.tau2);
    /// let three = |method: &Tau2| tau2(*method).is_ok_and(|tau2| (tau2 - 3.0).abs() < 1e-12);
    /// let codes: Vec<_> = Tau2::ESTIMATORS.into_iter().filter(three).map(Tau2::code).collect();
    /// assert!(["DL", "REML", "PM", "HE", "GENQ(1)"].iter().all(|code| codes.contains(code)));
    /// assert!(!codes.contains(&"ML")); // 8/3 - 1
    /// ```
    pub const ESTIMATORS: [Self; 20] = [
        Self::DerSimonianLaird,
        Self::Reml,
        Self::PauleMandel,
        Self::MaximumLikelihood,
        Self::Hedges,
        Self::SidikJonkman,
        Self::HunterSchmidt,
        Self::HunterSchmidtSmallSample,
        Self::TwoStepDerSimonianLaird,
        Self::TwoStepHedges,
        Self::MedianUnbiasedPauleMandel,
        Self::HartungMakambi,
        Self::GeneralisedQ(FixedWeights::InverseVariance),
        Self::GeneralisedQ(FixedWeights::InverseSe),
        Self::GeneralisedQ(FixedWeights::Equal),
        Self::MedianUnbiasedGeneralisedQ(FixedWeights::InverseVariance),
        Self::MedianUnbiasedGeneralisedQ(FixedWeights::InverseSe),
        Self::MedianUnbiasedGeneralisedQ(FixedWeights::Equal),
        Self::BayesMode(Likelihood::Restricted),
        Self::BayesMode(Likelihood::Full),
    ];
}

impl fmt::Display for Tau2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::DerSimonianLaird => "DerSimonian-Laird",
            Self::Reml => "restricted maximum likelihood",
            Self::PauleMandel => "Paule-Mandel",
            Self::MaximumLikelihood => "maximum likelihood",
            Self::Hedges => "Hedges",
            Self::SidikJonkman => "Sidik-Jonkman",
            Self::HunterSchmidt => "Hunter-Schmidt",
            Self::HunterSchmidtSmallSample => "small-sample Hunter-Schmidt",
            Self::TwoStepDerSimonianLaird => "two-step DerSimonian-Laird",
            Self::TwoStepHedges => "two-step Hedges",
            Self::MedianUnbiasedPauleMandel => "median-unbiased Paule-Mandel",
            Self::HartungMakambi => "Hartung-Makambi",
            Self::GeneralisedQ(FixedWeights::InverseVariance) => "generalised Q (weights 1/v)",
            Self::GeneralisedQ(FixedWeights::InverseSe) => "generalised Q (weights 1/se)",
            Self::GeneralisedQ(FixedWeights::Equal) => "generalised Q (equal weights)",
            Self::MedianUnbiasedGeneralisedQ(FixedWeights::InverseVariance) => {
                "median-unbiased generalised Q (weights 1/v)"
            }
            Self::MedianUnbiasedGeneralisedQ(FixedWeights::InverseSe) => "median-unbiased generalised Q (weights 1/se)",
            Self::MedianUnbiasedGeneralisedQ(FixedWeights::Equal) => "median-unbiased generalised Q (equal weights)",
            Self::BayesMode(Likelihood::Restricted) => "Bayes mode of the restricted likelihood",
            Self::BayesMode(Likelihood::Full) => "Bayes mode of the likelihood",
            Self::BootstrappedDerSimonianLaird(Bootstrap { replicates, seed }) => {
                return write!(f, "bootstrapped DerSimonian-Laird({replicates}, {seed})");
            }
            Self::Fixed(tau2) => return write!(f, "fixed({tau2})"),
        };
        f.pad(name)
    }
}

/// A name that is no estimator of tau2.
///
/// ```
/// use meta_analysis::tau2::Tau2;
///
/// let error = "REMLL".parse::<Tau2>().expect_err("no such estimator");
/// assert!(error.to_string().starts_with("`REMLL` is not an estimator of tau2; known are DL, REML, PM"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{name}` is not an estimator of tau2; known are DL, REML, PM (EB, SJIT), ML, HE, SJ, HS, HSk, DL2, HE2 (CA2), PMM, HM, GENQ(1/v), GENQ(1/se), GENQ(1), the same with GENQM, BM-REML, BM-ML, DLb, their full names, and fixed(value)"
)]
pub struct ParseTau2Error {
    name: String,
}

impl ParseTau2Error {
    /// The text that is no estimator.
    ///
    /// ```
    /// use meta_analysis::tau2::Tau2;
    ///
    /// assert_eq!("fixed(-1)".parse::<Tau2>().expect_err("a negative value").name(), "fixed(-1)");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Tau2 {
    type Err = ParseTau2Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain = name.trim().to_ascii_lowercase();
        let fixed = plain.strip_prefix("fixed(").and_then(|rest| rest.strip_suffix(')'));
        if let Some(tau2) = fixed.and_then(|value| value.parse::<f64>().ok())
            && tau2.is_finite()
            && tau2 >= 0.0
        {
            return Ok(Self::Fixed(tau2));
        }
        if let Some(options) = bootstrap_options(&plain) {
            return Ok(Self::BootstrappedDerSimonianLaird(options));
        }
        match plain.as_str() {
            "eb" | "sjit" | "iterated dersimonian-laird" | "iterated sidik-jonkman" => return Ok(Self::PauleMandel),
            "dlb" | "bootstrapped dersimonian-laird" => {
                return Ok(Self::BootstrappedDerSimonianLaird(Bootstrap::default()));
            }
            "ca2" => return Ok(Self::TwoStepHedges),
            _ => {}
        }
        let named = |method: &Self| {
            plain == method.code().to_ascii_lowercase() || plain == method.to_string().to_ascii_lowercase()
        };
        let found = Self::ESTIMATORS.into_iter().find(named);
        found.ok_or_else(|| ParseTau2Error { name: name.to_owned() })
    }
}

/// `bootstrapped dersimonian-laird(replicates, seed)`
fn bootstrap_options(plain: &str) -> Option<Bootstrap> {
    let inside = plain.strip_prefix("bootstrapped dersimonian-laird(")?.strip_suffix(')')?;
    let (replicates, seed) = inside.split_once(',')?;
    Some(Bootstrap { replicates: replicates.trim().parse().ok()?, seed: seed.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_parse_back() {
        for method in Tau2::ESTIMATORS {
            assert_eq!(method.to_string().parse(), Ok(method));
            assert_eq!(method.code().parse(), Ok(method));
        }
        assert_eq!(Tau2::Fixed(1e-7).to_string().parse(), Ok(Tau2::Fixed(1e-7)));
        let bootstrap = Tau2::BootstrappedDerSimonianLaird(Bootstrap { replicates: 200, seed: 7 });
        assert_eq!(bootstrap.to_string().parse(), Ok(bootstrap));
        assert_eq!("DLb".parse(), Ok(Tau2::BootstrappedDerSimonianLaird(Bootstrap::default())));
        for name in ["EB", "SJIT", "iterated DerSimonian-Laird", "iterated Sidik-Jonkman"] {
            assert_eq!(name.parse(), Ok(Tau2::PauleMandel));
        }
        assert_eq!("CA2".parse(), Ok(Tau2::TwoStepHedges));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for name in [
            "",
            "reml2",
            "fixed",
            "fixed(-1)",
            "fixed(nan)",
            "fixed(inf)",
            "FIXED",
            "DLIT",
            "GENQ",
            "bootstrapped dersimonian-laird(1)",
        ] {
            let error = name.parse::<Tau2>().unwrap_err();
            assert!(error.to_string().contains(name));
        }
    }
}
