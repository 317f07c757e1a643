//! The methods for an interval of tau2, by name.

use crate::error::{Error, ErrorKind};
use crate::tau2::{Likelihood, QWeights, Resampling};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a confidence region for tau2 is computed; those of tau, I2 and H2 follow from it.
///
/// `Display` and `FromStr` are inverse to each other; metafor's codes are read too, letter case ignored.
///
/// ```
/// use meta_analysis::{Likelihood, Tails, Tau2Interval};
///
/// assert_eq!("QP".parse::<Tau2Interval>()?, Tau2Interval::QProfile(Tails::Equal));
/// assert_eq!("PL(REML)".parse::<Tau2Interval>()?, Tau2Interval::ProfileLikelihood(Likelihood::Restricted));
/// assert_eq!(Tau2Interval::QProfile(Tails::Shortest).to_string(), "Q-profile (shortest)");
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Tau2Interval {
    /// The values of tau2 at which the generalised Q lies between two chi-square quantiles of k - 1 df; **the
    /// default**, with equal tails. Exact under normal effects and known variances. May be empty. metafor:
    /// `confint(type = "QP")`. Viechtbauer 2007, Stat Med 26:37, doi 10.1002/sim.2514; other tails Jackson & Bowden
    /// 2016, BMC Med Res Methodol 16:118, doi 10.1186/s12874-016-0219-y.
    ///
    /// ```text
    /// { tau2 >= 0 : chi2 quantile at a_upper <= Q(tau2) <= chi2 quantile at 1 - a_lower },   a_lower + a_upper = 1 - level
    /// ```
    QProfile(Tails),
    /// The same idea with weights that do not depend on tau2, so that Q is a weighted sum of chi-squares. Exact
    /// likewise. May be empty. With weights 1/v it is the interval of Biggerstaff & Jackson 2008, Stat Med 27:6093,
    /// doi 10.1002/sim.3428, which made that of Biggerstaff & Tweedie 1997 exact. metafor: `confint(type = "GENQ")`.
    /// Jackson 2013, Res Synth Methods 4:220, doi 10.1002/jrsm.1081. No [`Tails::Shortest`] or
    /// [`Tails::ShortestTau`].
    ///
    /// ```text
    /// { tau2 >= 0 : P(Q >= q | tau2) >= a_lower and P(Q <= q | tau2) >= a_upper },   q = sum a (y - mean)^2, weights a
    /// ```
    GeneralisedQ(QWeighting, Tails),
    /// The values of tau2 that a likelihood-ratio test does not reject, from the full or the restricted likelihood.
    /// Approximate with few studies. Never empty; a likelihood with several maxima can split it into pieces, all
    /// of which are found. metafor: `confint(type = "PL")`. Hardy & Thompson 1996, Stat Med 15:619,
    /// doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
    ///
    /// ```text
    /// { tau2 >= 0 : 2 (l_max - l(tau2)) <= chi2(1) quantile at level }
    /// ```
    ProfileLikelihood(Likelihood),
    /// The Sidik-Jonkman estimate as a multiple of a chi-square variable. Approximate: for tau2 that is large against
    /// the sampling variances. Its lower limit is never 0. Sidik & Jonkman 2005, J R Stat Soc C 54:367,
    /// doi 10.1111/j.1467-9876.2005.00489.x. Not in metafor.
    ///
    /// ```text
    /// (k - 1) tau2_SJ / chi2 quantiles of k - 1 df at 1 - alpha/2 and alpha/2
    /// ```
    SidikJonkman,
    /// Percentiles of the model's estimator over resampled data. Approximate: its level is not kept with few
    /// studies. Viechtbauer 2007 compares both kinds. See [`bootstrap_interval`](crate::tau2::bootstrap_interval).
    Bootstrap(Tau2Bootstrap),
    /// The model's tau2 and its standard error. The lower limit is cut off at 0, which
    /// [`HeterogeneityIntervals::truncated`](super::HeterogeneityIntervals::truncated) tells. Poor unless k is very
    /// large. Viechtbauer 2007.
    ///
    /// ```text
    /// tau2 -+ z se(tau2)
    /// ```
    Wald,
}

/// How `alpha = 1 - level` is shared between the ends of an interval. The lower end of an interval lies above the
/// truth with probability `a_lower`, the upper end below it with probability `a_upper`.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Tails, Tau2, Tau2Interval};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: Q(tau2) = 8 / (1 + tau2) on 2 df
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let found = fit.heterogeneity_intervals_by(Tau2Interval::QProfile(Tails::Lower(0.2)))?;
/// // 0.04 to the upper end: the quantile of chi-square is -2 ln(1 - 0.04).
/// let upper = -4.0 / 0.96_f64.ln() - 1.0;
/// assert!(found.tau2.interval().is_some_and(|tau2| (tau2.upper / upper - 1.0).abs() < 1e-12));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Tails {
    /// Half to each end; **the default**.
    #[default]
    Equal,
    /// This share of alpha, strictly between 0 and 1, to the lower end. Jackson & Bowden suggest 0.2 at level 0.95
    /// (`a_lower` 0.01, `a_upper` 0.04).
    Lower(f64),
    /// What makes the interval of tau2 shortest. Chosen with the data at hand, so that the level is approximate.
    Shortest,
    /// What makes the interval of tau shortest. The same applies.
    ShortestTau,
}

impl Tails {
    /// `(a_lower, a_upper)`, or `None` for tails that depend on the data.
    pub(crate) fn fixed(self, alpha: f64) -> Result<Option<(f64, f64)>, Error> {
        match self {
            Self::Equal => Ok(Some((0.5 * alpha, 0.5 * alpha))),
            Self::Lower(share) if share > 0.0 && share < 1.0 => Ok(Some((share * alpha, (1.0 - share) * alpha))),
            Self::Lower(_) => Err(not_applicable("this share of the tails", "it must lie strictly between 0 and 1")),
            Self::Shortest | Self::ShortestTau => Ok(None),
        }
    }
}

/// The weights of a generalised Q statistic.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, QWeighting, RandomEffects, Tails, Tau2, Tau2Interval};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: Q(tau2) = 8 / (1 + tau2) on 2 df
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let method = Tau2Interval::GeneralisedQ(QWeighting::InverseSe, Tails::Equal);
/// // With equal variances every weighting gives the Q-profile interval.
/// let lower = -4.0 / 0.025_f64.ln() - 1.0;
/// assert!(fit.heterogeneity_intervals_by(method)?.tau2.interval().is_some_and(|tau2| (tau2.lower / lower - 1.0).abs() < 1e-9));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum QWeighting {
    /// 1/v: Cochran's Q.
    InverseVariance,
    /// 1/SE: Jackson's advice where little is known about tau2.
    InverseSe,
    /// All the same: for large tau2.
    Equal,
    /// The caller's own, given to
    /// [`heterogeneity_intervals_with_weights`](crate::Pooled::heterogeneity_intervals_with_weights); refused elsewhere.
    User,
}

impl QWeighting {
    const NAMES: [(Self, &'static str); 4] =
        [(Self::InverseVariance, "1/v"), (Self::InverseSe, "1/SE"), (Self::Equal, "equal"), (Self::User, "user")];

    fn name(self) -> &'static str {
        match self {
            Self::InverseVariance => "1/v",
            Self::InverseSe => "1/SE",
            Self::Equal => "equal",
            Self::User => "user",
        }
    }

    /// What the kernel computes with.
    pub(crate) fn weights(self) -> Result<QWeights<'static>, Error> {
        match self {
            Self::InverseVariance => Ok(QWeights::InverseVariance),
            Self::InverseSe => Ok(QWeights::InverseSe),
            Self::Equal => Ok(QWeights::Equal),
            Self::User => {
                let why = "they are not part of the method; use `heterogeneity_intervals_with_weights`";
                Err(not_applicable("a generalised Q with weights of the user", why))
            }
        }
    }
}

/// A bootstrap: what is drawn, how often, from which seed.
///
/// ```
/// # use meta_analysis::{Tau2Bootstrap, Tau2Interval, tau2::Resampling};
/// let method = Tau2Interval::Bootstrap(Tau2Bootstrap { resampling: Resampling::Parametric, replicates: 1999, seed: 7 });
/// assert_eq!(method.to_string(), "parametric bootstrap (1999 replicates, seed 7)");
/// assert_eq!("parametric bootstrap (1999 replicates, seed 7)".parse::<Tau2Interval>()?, method);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tau2Bootstrap {
    /// Effects from the fitted model, or whole studies.
    pub resampling: Resampling,
    /// Number of resampled data sets; at least 39 for a level of 0.95, better some thousand.
    pub replicates: u32,
    /// The seed, which with the data determines the result.
    pub seed: u64,
}

/// The ends of an interval.
///
/// ```
/// # use meta_analysis::{Effect, Effects, Measure, RandomEffects, Side, Tau2, Tau2Interval};
/// # let row = |label, y| Ok::<_, meta_analysis::Error>((label, Effect::from_variance(Measure::MeanDifference, y, 1.0)?));
/// # let effects = Effects::from_rows([row("A", 1.0)?, row("B", 3.0)?, row("C", 5.0)?])?;
/// // Effects 1, 3 and 5, each with variance 1: Q(tau2) = 8 / (1 + tau2) on 2 df
/// let fit = RandomEffects::new(Tau2::Reml).fit(&effects)?;
/// let bound = fit.heterogeneity_bound(Tau2Interval::default(), Side::Upper, 0.95)?;
/// // The quantile of chi-square at 0.05 is -2 ln(0.95).
/// assert!(bound.is_some_and(|bound| (bound.tau2 / (-4.0 / 0.95_f64.ln() - 1.0) - 1.0).abs() < 1e-12));
/// # Ok::<(), meta_analysis::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// The lower end.
    Lower,
    /// The upper end.
    Upper,
}

pub(crate) fn not_applicable(what: &'static str, why: &'static str) -> Error {
    ErrorKind::NotApplicable { what, why }.into()
}

impl Default for Tau2Interval {
    /// Q-profile with equal tails.
    fn default() -> Self {
        Self::QProfile(Tails::Equal)
    }
}

impl fmt::Display for Tau2Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QProfile(Tails::Equal) => f.pad("Q-profile"),
            Self::QProfile(tails) => write!(f, "Q-profile ({tails})"),
            Self::GeneralisedQ(weights, Tails::Equal) => write!(f, "generalised Q ({})", weights.name()),
            Self::GeneralisedQ(weights, tails) => write!(f, "generalised Q ({}, {tails})", weights.name()),
            Self::ProfileLikelihood(Likelihood::Full) => f.pad("profile likelihood (ML)"),
            Self::ProfileLikelihood(Likelihood::Restricted) => f.pad("profile likelihood (REML)"),
            Self::SidikJonkman => f.pad("Sidik-Jonkman"),
            Self::Bootstrap(Tau2Bootstrap { resampling, replicates, seed }) => {
                let kind = match resampling {
                    Resampling::Parametric => "parametric",
                    Resampling::Nonparametric => "nonparametric",
                };
                write!(f, "{kind} bootstrap ({replicates} replicates, seed {seed})")
            }
            Self::Wald => f.pad("Wald"),
        }
    }
}

impl fmt::Display for Tails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal => f.pad("equal tails"),
            Self::Lower(share) => write!(f, "lower {share}"),
            Self::Shortest => f.pad("shortest"),
            Self::ShortestTau => f.pad("shortest tau"),
        }
    }
}

impl FromStr for Tau2Interval {
    type Err = Error;

    /// Reads what `Display` writes, or the codes `QP`, `GENQ`, `PL(ML)`, `PL(REML)`, `SJ`, with the same options.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for any other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| {
            let known = "Q-profile (QP), generalised Q (GENQ) with weights (1/v), (1/SE) or (equal), both with tails \
                         such as (shortest) or (lower 0.2), profile likelihood (ML) or (REML), Sidik-Jonkman (SJ), \
                         parametric or nonparametric bootstrap (999 replicates, seed 1), Wald";
            ErrorKind::UnknownName { what: "interval of tau2", name: text.to_owned(), known }.into()
        })
    }
}

fn parse(text: &str) -> Option<Tau2Interval> {
    let plain = text.trim().to_ascii_lowercase();
    let (name, options) = match plain.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')')?.split(',').map(str::trim).collect()),
        None => (plain.as_str(), Vec::new()),
    };
    match (name.trim(), options.as_slice()) {
        ("q-profile" | "qp", []) => Some(Tau2Interval::QProfile(Tails::Equal)),
        ("q-profile" | "qp", [tails]) => Some(Tau2Interval::QProfile(parse_tails(tails)?)),
        ("generalised q" | "genq", [weights]) => {
            Some(Tau2Interval::GeneralisedQ(parse_weights(weights)?, Tails::Equal))
        }
        ("generalised q" | "genq", [weights, tails]) => {
            Some(Tau2Interval::GeneralisedQ(parse_weights(weights)?, parse_tails(tails)?))
        }
        ("profile likelihood" | "pl", ["ml"]) => Some(Tau2Interval::ProfileLikelihood(Likelihood::Full)),
        ("profile likelihood" | "pl", ["reml"]) => Some(Tau2Interval::ProfileLikelihood(Likelihood::Restricted)),
        ("sidik-jonkman" | "sj", []) => Some(Tau2Interval::SidikJonkman),
        ("wald", []) => Some(Tau2Interval::Wald),
        (kind, [replicates, seed]) => {
            let resampling = match kind.strip_suffix("bootstrap")?.trim() {
                "parametric" => Resampling::Parametric,
                "nonparametric" => Resampling::Nonparametric,
                _ => return None,
            };
            let replicates = replicates.strip_suffix("replicates")?.trim().parse().ok()?;
            let seed = seed.strip_prefix("seed")?.trim().parse().ok()?;
            Some(Tau2Interval::Bootstrap(Tau2Bootstrap { resampling, replicates, seed }))
        }
        _ => None,
    }
}

fn parse_weights(text: &str) -> Option<QWeighting> {
    QWeighting::NAMES.into_iter().find(|(_, name)| text.eq_ignore_ascii_case(name)).map(|(weights, _)| weights)
}

fn parse_tails(text: &str) -> Option<Tails> {
    match text {
        "equal tails" => Some(Tails::Equal),
        "shortest" => Some(Tails::Shortest),
        "shortest tau" => Some(Tails::ShortestTau),
        _ => {
            let share: f64 = text.strip_prefix("lower")?.trim().parse().ok()?;
            (share > 0.0 && share < 1.0).then_some(Tails::Lower(share))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_parses_back() {
        let tails = [Tails::Equal, Tails::Lower(0.2), Tails::Shortest, Tails::ShortestTau];
        let mut methods = vec![Tau2Interval::SidikJonkman, Tau2Interval::Wald];
        for tails in tails {
            methods.push(Tau2Interval::QProfile(tails));
            methods.extend(QWeighting::NAMES.map(|(weights, _)| Tau2Interval::GeneralisedQ(weights, tails)));
        }
        methods.extend([Likelihood::Full, Likelihood::Restricted].map(Tau2Interval::ProfileLikelihood));
        for resampling in [Resampling::Parametric, Resampling::Nonparametric] {
            let bootstrap = Tau2Bootstrap { resampling, replicates: 999, seed: u64::MAX };
            methods.push(Tau2Interval::Bootstrap(bootstrap));
        }
        for method in methods {
            assert_eq!(method.to_string().parse::<Tau2Interval>().unwrap(), method, "{method}");
        }
        assert_eq!("QP(equal tails)".parse::<Tau2Interval>().unwrap(), Tau2Interval::QProfile(Tails::Equal));
        assert_eq!(
            "genq(1/se, lower 0.2)".parse::<Tau2Interval>().unwrap().to_string(),
            "generalised Q (1/SE, lower 0.2)"
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for text in
            ["", "QP(", "QP(lower 1)", "QP(lower nan)", "PL", "GENQ", "GENQ(2)", "SJ(1)", "bootstrap (9, 9)", "(,)"]
        {
            let error = text.parse::<Tau2Interval>().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::UnknownName { name, .. } if name == text), "{text}");
        }
    }
}
