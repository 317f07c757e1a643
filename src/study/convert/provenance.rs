//! Where a converted number comes from.

use crate::effect::Effect;
use crate::error::{ErrorKind, Result};
use crate::measure::Measure;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A value with the steps that led to it.
///
/// The record lies beside the value, since an [`Effect`] is a plain number to the models. An effect that was not
/// converted turns into one without steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Converted<T = Effect> {
    value: T,
    steps: Vec<Step>,
}

impl From<Effect> for Converted {
    fn from(effect: Effect) -> Self {
        Self { value: effect, steps: Vec::new() }
    }
}

impl<T> Converted<T> {
    pub(in crate::study) fn from_step(value: T, step: Step) -> Self {
        Self { value, steps: vec![step] }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, without its history.
    pub fn into_value(self) -> T {
        self.value
    }

    /// What was done, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Everything that was assumed on the way, in order.
    pub fn assumptions(&self) -> impl Iterator<Item = Assumption> {
        self.steps.iter().flat_map(|step| step.assumptions.iter().copied())
    }

    /// What the original number said and this one no longer does.
    pub fn losses(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().filter_map(|step| step.formula.loses())
    }
}

impl Converted {
    /// The effect.
    pub fn effect(&self) -> Effect {
        self.value
    }

    /// One more step: the new measure, value and derivative of the new value with respect to the old one.
    pub(super) fn then(mut self, to: Measure, y: f64, slope: f64, mut step: Step) -> Result<Self> {
        let from = self.value;
        let v = slope * slope * from.variance();
        if !y.is_finite() || !v.is_finite() || (v <= 0.0 && from.variance() > 0.0) {
            return Err(ErrorKind::Overflow { what: "the converted effect" }.into());
        }
        step.from = Some(from.measure());
        step.to = Some(to);
        step.inputs.splice(0..0, [Input::of("y", from.y()), Input::of("v", from.variance())]);
        self.value = match from.n() {
            Some(n) => Effect::from_variance_and_n(to, y, v, n)?,
            None => Effect::from_variance(to, y, v)?,
        }
        .adjusted(from.adjustment());
        self.steps.push(step);
        Ok(self)
    }

    /// The effect on the analysis scale, if it is of one of these measures.
    pub(super) fn of(&self, measures: &[Measure], expected: &'static str) -> Result<f64> {
        if measures.contains(&self.value.measure()) {
            return Ok(self.value.y());
        }
        Err(ErrorKind::WrongMeasure { expected, found: self.value.measure().name() }.into())
    }
}

/// One conversion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    formula: Formula,
    from: Option<Measure>,
    to: Option<Measure>,
    inputs: Vec<Input>,
    assumptions: Vec<Assumption>,
}

/// A number that went into a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Input {
    name: String,
    value: f64,
}

impl Input {
    fn of(name: &str, value: f64) -> Self {
        Self { name: name.to_owned(), value }
    }
}

impl Step {
    pub(in crate::study) fn new(formula: Formula) -> Self {
        Self { formula, from: None, to: None, inputs: Vec::new(), assumptions: formula.assumes().to_vec() }
    }

    pub(in crate::study) fn input(mut self, name: &str, value: f64) -> Self {
        self.inputs.push(Input::of(name, value));
        self
    }

    pub(in crate::study) fn assuming(mut self, assumption: Assumption) -> Self {
        self.assumptions.push(assumption);
        self
    }

    pub(super) fn giving(mut self, to: Measure) -> Self {
        self.to = Some(to);
        self
    }

    /// The formula.
    pub fn formula(&self) -> Formula {
        self.formula
    }

    /// The measure before, where there was one.
    pub fn from(&self) -> Option<Measure> {
        self.from
    }

    /// The measure after, where there is one.
    pub fn to(&self) -> Option<Measure> {
        self.to
    }

    /// The numbers that went in, by name.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = (&str, f64)> {
        self.inputs.iter().map(|input| (input.name.as_str(), input.value))
    }

    /// What was assumed.
    pub fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.formula.text(), self.formula.source())?;
        for (i, (name, value)) in self.inputs().enumerate() {
            write!(f, "{}{name} = {value}", if i == 0 { "; " } else { ", " })?;
        }
        for assumption in &self.assumptions {
            write!(f, "; assuming {assumption}")?;
        }
        Ok(())
    }
}

macro_rules! assumptions {
    ($($variant:ident => $text:literal,)*) => {
        /// Something a conversion takes for granted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Assumption {
            $(#[doc = $text] $variant,)*
        }

        impl fmt::Display for Assumption {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }
    };
}

assumptions! {
    LogisticDistributions => "logistic distributions of equal spread in both groups",
    NormalDistributions => "normal distributions in both groups",
    EqualVariances => "equal variances in both groups",
    EqualGroups => "groups of equal size",
    PointBiserialAsCorrelation => "that a point-biserial correlation stands for a product-moment correlation",
    BaselineRiskKnown => "a baseline risk known without error",
    UnadjustedOddsRatio => "an odds ratio that is not adjusted for covariates",
    ProportionalHazards => "proportional hazards up to the time of the baseline risk",
    PooledTTest => "a two-group t-test with pooled variance",
    WaldTest => "a Wald test of no effect",
    ExponentialScores => "scores of exponential type in the variance of the area under the curve",
    NormalSample => "a sample from a normal distribution",
    LogNormalSample => "a sample from a log-normal distribution",
    TransformableToNormal => "a sample that a Box-Cox transformation makes normal",
    CountsRounded => "that cell counts are the nearest whole numbers",
}

macro_rules! formulas {
    ($($variant:ident, $text:literal, $source:literal, [$($assumption:ident),*], $loses:expr;)*) => {
        /// The formulas of the conversions; the name of a variant is its id in a serialised record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Formula {
            $(#[doc = concat!("`", $text, "`. ", $source, ".")] $variant,)*
        }

        impl Formula {
            /// The formula as text.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The publication it is from.
            pub fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }

            /// What it always assumes.
            pub fn assumes(self) -> &'static [Assumption] {
                match self { $(Self::$variant => &[$(Assumption::$assumption),*],)* }
            }

            /// What is no longer known after it, if anything.
            pub fn loses(self) -> Option<&'static str> {
                match self { $(Self::$variant => $loses,)* }
            }
        }
    };
}

formulas! {
    DToLogOddsRatioLogistic, "ln OR = d pi / sqrt 3", "Hasselblad & Hedges 1995, doi 10.1037/0033-2909.117.1.167", [LogisticDistributions], Some("the outcome was continuous; no cut-off was observed");
    DToLogOddsRatioNormal, "ln OR = 1.65 d", "Cox & Snell 1989, Analysis of Binary Data", [NormalDistributions, EqualVariances], Some("the outcome was continuous; no cut-off was observed");
    LogOddsRatioToDLogistic, "d = ln OR sqrt 3 / pi", "Hasselblad & Hedges 1995, doi 10.1037/0033-2909.117.1.167", [LogisticDistributions], Some("the continuous outcome was never observed, only events");
    LogOddsRatioToDNormal, "d = ln OR / 1.65", "Cox & Snell 1989, Analysis of Binary Data", [NormalDistributions, EqualVariances], Some("the continuous outcome was never observed, only events");
    DToR, "r = d / sqrt(d^2 + a), a = N^2/(n1 n2)", "Borenstein et al. 2009, doi 10.1002/9780470743386", [EqualVariances, PointBiserialAsCorrelation], Some("the size of r depends on the split into groups");
    RToD, "d = r sqrt(a) / sqrt(1 - r^2), a = N^2/(n1 n2)", "Borenstein et al. 2009, doi 10.1002/9780470743386", [EqualVariances, PointBiserialAsCorrelation], Some("one of the two variables is taken for a grouping");
    RToZ, "z = atanh r", "Fisher 1921, Metron 1:3", [], None;
    ZToR, "r = tanh z", "Fisher 1921, Metron 1:3", [], None;
    DToAuc, "A = Phi(d / sqrt 2)", "McGraw & Wong 1992, doi 10.1037/0033-2909.111.2.361", [NormalDistributions, EqualVariances], None;
    AucToD, "d = sqrt 2 Phi^-1(A)", "Ruscio 2008, doi 10.1037/1082-989X.13.1.19", [NormalDistributions, EqualVariances], None;
    AtBaselineRisk, "p1 from the effect and p0, then the other measure of p1 against p0", "Zhang & Yu 1998, doi 10.1001/jama.280.19.1690", [BaselineRiskKnown], Some("the result holds for this baseline risk only");
    DAtBaselineRisk, "p1 = Phi(d + Phi^-1(p0)), RD = p1 - p0", "Furukawa & Leucht 2011, doi 10.1371/journal.pone.0019070", [NormalDistributions, EqualVariances, BaselineRiskKnown], Some("the result holds for this baseline risk only");
    TToD, "g = J t sqrt(1/n1 + 1/n2)", "Hedges 1981, doi 10.3102/10769986006002107", [PooledTTest], Some("the standard deviation, and with it the unit of the outcome");
    FToD, "g = J sqrt(F) sqrt(1/n1 + 1/n2)", "Hedges 1981, doi 10.3102/10769986006002107", [PooledTTest], Some("the standard deviation, and with it the unit of the outcome");
    PToD, "t from p with n1 + n2 - 2 df, then g = J t sqrt(1/n1 + 1/n2)", "Hedges 1981, doi 10.3102/10769986006002107", [PooledTTest], Some("the digits that the p-value was rounded to");
    TToR, "r = t / sqrt(t^2 + n - 2)", "Rosenthal 1994, Handbook of Research Synthesis, ch. 16", [], None;
    FToR, "r = sqrt(F / (F + n - 2))", "Rosenthal 1994, Handbook of Research Synthesis, ch. 16", [], None;
    PToR, "t from p with n - 2 df, then r = t / sqrt(t^2 + n - 2)", "Rosenthal 1994, Handbook of Research Synthesis, ch. 16", [], Some("the digits that the p-value was rounded to");
    ChiSquaredToPhi, "phi = sqrt(chi2 / n)", "Rosenthal 1994, Handbook of Research Synthesis, ch. 16", [], Some("the margins of the table, which bound phi");
    UToAuc, "A = U / (n1 n2)", "Hanley & McNeil 1982, doi 10.1148/radiology.143.1.7063747", [ExponentialScores], None;
    SdFromSe, "sd = se sqrt n", "Cochrane Handbook 6.5.2.2", [], None;
    SdFromNormalInterval, "sd = sqrt n (upper - lower) / (2 z)", "Cochrane Handbook 6.5.2.2", [], None;
    SdFromTInterval, "sd = sqrt n (upper - lower) / (2 t_(n-1))", "Cochrane Handbook 6.5.2.2", [], None;
    SdFromT, "sd = |estimate / t| sqrt n", "Cochrane Handbook 6.5.2.2", [], None;
    SdFromP, "t from p with n - 1 df, then sd = |estimate / t| sqrt n", "Cochrane Handbook 6.5.2.2", [], Some("the digits that the p-value was rounded to");
    SdFromDifferenceSe, "sd = se / sqrt(1/n1 + 1/n2)", "Cochrane Handbook 6.5.2.3", [EqualVariances], Some("which of the two groups varied more");
    SdFromDifferenceTInterval, "sd = (upper - lower) / (2 t_(n1+n2-2) sqrt(1/n1 + 1/n2))", "Cochrane Handbook 6.5.2.3", [EqualVariances], Some("which of the two groups varied more");
    SdFromDifferenceNormalInterval, "sd = (upper - lower) / (2 z sqrt(1/n1 + 1/n2))", "Cochrane Handbook 6.5.2.3", [EqualVariances], Some("which of the two groups varied more");
    SdFromDifferenceT, "sd = |estimate / t| / sqrt(1/n1 + 1/n2)", "Cochrane Handbook 6.5.2.3", [EqualVariances], Some("which of the two groups varied more");
    SdFromDifferenceP, "t from p with n1 + n2 - 2 df, then sd = |estimate / t| / sqrt(1/n1 + 1/n2)", "Cochrane Handbook 6.5.2.3", [EqualVariances], Some("which of the two groups varied more, and the digits that the p-value was rounded to");
    TableFromOddsRatio, "root of a (n - n1 - n2 + a) = OR (n1 - a)(n2 - a)", "Bonett 2007, doi 10.1037/0003-066X.62.3.254", [CountsRounded], Some("the digits that the odds ratio was rounded to");
    TableFromPhi, "a = (n1 n2 + phi sqrt(n1 n2 (n - n1)(n - n2))) / n", "Bonett 2007, doi 10.1037/0003-066X.62.3.254", [CountsRounded], Some("the digits that phi was rounded to");
    TableFromChiSquared, "phi = sign sqrt(chi2/n), Yates's correction undone, then the table of phi", "Yates 1934, doi 10.2307/2983604", [CountsRounded], Some("the digits that chi-squared was rounded to");
    TableFromAccuracy, "a = sens D, d = spec (n - D), D = diseased", "Altman & Bland 1994, doi 10.1136/bmj.308.6943.1552", [CountsRounded], Some("the digits that the accuracies were rounded to");
    MomentsHozo, "mean and SD from median and range, by size of the sample", "Hozo, Djulbegovic & Hozo 2005, doi 10.1186/1471-2288-5-13", [NormalSample], Some("the shape of the distribution");
    MomentsWan, "mean as an average of the numbers, SD by the expected width of a normal sample", "Wan et al. 2014, doi 10.1186/1471-2288-14-135", [NormalSample], Some("the shape of the distribution");
    MomentsLuoWanShi, "mean by Luo 2018, SD by Wan 2014 or Shi 2020", "doi 10.1177/0962280216669183, 10.1186/1471-2288-14-135, 10.1002/jrsm.1429", [NormalSample], Some("the shape of the distribution");
    MomentsLogNormal, "Luo, Wan and Shi on the logarithms, brought back", "Higgins, White & Anzures-Cabrera 2008, doi 10.1002/sim.3427", [LogNormalSample], Some("the shape of the distribution");
    MomentsQuantileEstimation, "the family whose quantiles fit best by least squares", "McGrath et al. 2020, doi 10.1177/0962280219889080", [], Some("the shape of the distribution beyond the best of the families tried");
    MomentsBoxCox, "Luo and Wan after a Box-Cox transformation to symmetry", "McGrath et al. 2020, doi 10.1177/0962280219889080", [TransformableToNormal], Some("the shape of the distribution");
    MomentsUnknownNonNormal, "maximum likelihood of a Box-Cox normal from its quantiles", "Cai, Zhou & Pan 2021, doi 10.1177/09622802211047348", [TransformableToNormal], Some("the shape of the distribution");
}
