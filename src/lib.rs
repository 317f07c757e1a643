//! Random-effects meta-analysis whose numbers can be checked and whose scales cannot be confused.
//!
//! Effect sizes from what papers report, between-study variance by certified maximum likelihood and by moments,
//! Hartung-Knapp inference, heterogeneity with intervals, prediction. The published studies of intravenous
//! immunoglobulin (IVIG) in dermatomyositis ship as [`datasets`].
//!
//! ```
//! use meta_analysis::{ForestTable, RandomEffects, Tau2, study::{Proportion, ProportionMeasure, Studies}};
//!
//! let responders = Studies::from([
//!     ("Göttfried 2000", Proportion::new(7, 19)?),
//!     ("Hara 2003", Proportion::new(7, 8)?),
//!     ("Kampylafka 2012", Proportion::new(22, 24)?),
//!     ("Galimberti 2018", Proportion::new(35, 42)?),
//! ]);
//! let fit = RandomEffects::new(Tau2::Reml).fit(&responders.effects(ProportionMeasure::Logit)?)?;
//!
//! assert_eq!(
//!     ForestTable::from(&fit).to_string(),
//!     "study            proportion [95% interval]   weight
//! Göttfried 2000        0.368 [0.187, 0.597]    28.4%
//! Hara 2003             0.875 [0.463, 0.983]    18.5%
//! Kampylafka 2012       0.917 [0.721, 0.979]    23.9%
//! Galimberti 2018       0.833 [0.690, 0.918]    29.3%
//! pooled                0.777 [0.292, 0.967]
//! prediction                 [0.0401, 0.997]"
//! );
//! assert_eq!(fit.notes()[0].to_string(), "only 4 studies: tau2 and the intervals that rest on it are uncertain");
//! # Ok::<(), meta_analysis::Error>(())
//! ```
//!
//! # The path of a number
//!
//! | noun | what it is |
//! | --- | --- |
//! | [`study::Proportion`], [`study::TwoByTwo`], [`study::TwoMeans`], [`study::PrePost`], [`study::Reported`] and [others](study) | what a paper reports about one study, checked when it is made |
//! | [`Studies`] | labelled rows of one kind, with covariates |
//! | [`Measure`], [`Scale`] | what a number is, and the way back to the natural scale |
//! | [`Effect`], [`Effects`] | effect and variance of one study, and of all, on the analysis scale |
//! | [`CommonEffect`], [`RandomEffects`] | a model: plain options with a `fit` |
//! | [`MantelHaenszel`], [`Peto`], [`ExactOddsRatio`] and [others](tables) | models of counts, fitted to [`Studies`] |
//! | [`Tau2`], [`Inference`], [`Prediction`] | the closed choices, each with formula and reference |
//! | [`Pooled`] | the result: [`Estimate`], [`Heterogeneity`], [`PredictionInterval`], [`Note`]s, certificate |
//! | [`BinomialNormal`], [`PoissonNormal`] | counts by their own likelihood, without effects and variances: [`glmm`] |
//! | [`ConditionalNormal`], [`UnconditionalFixed`], [`BetaBinomial`], [`FirthLogistic`] | odds ratios and rate ratios by the likelihood of the counts: [`TwoGroupFit`] |
//! | [`Natural`], [`ForestTable`] | natural scale: what a reader wants to see |
//!
//! Three rules hold everywhere. A number that was transformed carries its measure, and the natural scale is
//! reached through one door, `natural()`. Nothing is repaired, printed or logged silently: what was done, and what
//! a report has to disclose, is in `notes()`. Errors have an address (study, field, value) and a remedy.
//!
//! # What can be trusted, and why
//!
//! * [`Tau2::Reml`] and [`Tau2::MaximumLikelihood`] return the global maximum with a certificate
//!   ([`tau2::Certificate`]) that lists every other local maximum.
//! * No tolerance is absolute: effects times `a` and variances times `a`² give tau2 times `a`², to the last bit if `a` is
//!   a power of two. There is no cap on tau2 and no limit on iterations.
//! * Numbers are compared with ones computed elsewhere: thirty-digit arithmetic, metafor 3.8 and 5.1, printed
//!   tables. `tests/reference/README.md` in the repository says which, explains every disagreement, and lists what is not
//!   compared.
//!
//! # What is not here
//!
//! Meta-regression as a model with labels and notes ([`batch::BatchRegression`] has the numbers), multilevel and network
//! models, publication-bias methods, pictures. [`documentation::limitations`] has the list with reasons, and
//! [`documentation::for_metafor_users`] names the equivalent of each metafor call and every convention that differs.
//!
//! # Cookbook
//!
//! In `examples/`, each run by the tests: `ivig` (the main job), `ivig_responses`, `cookbook-proportions`,
//! `cookbook-two-arms`, `cookbook-tables`, `cookbook-rare-events`, `cookbook-pre-post`, `cookbook-reported`,
//! `cookbook-leave-one-out`, `cookbook-batch`; simulations of what the intervals cover: `coverage`, `coverage_proportions`; a model
//! per variant and per voxel: `gwas`, a program from files to a file, and `voxels`.
#![cfg_attr(not(feature = "prefetch"), forbid(unsafe_code))]
#![cfg_attr(not(test), warn(clippy::float_cmp))]

pub mod batch;
pub mod datasets;
pub mod diagnostics;
mod effect;
pub mod effects;
mod error;
pub mod glmm;
pub mod inference;
mod measure;
pub mod num;
pub mod pool;
pub mod report;
mod scale;
pub mod study;
pub mod tables;
pub mod tau2;

pub use diagnostics::{LeftOut, leave_one_out};
pub use effect::{Adjustment, Effect};
pub use effects::Effects;
pub use error::{Error, ErrorKind, Result};
pub use glmm::{BetaBinomial, ConditionalNormal, FirthLogistic, TwoGroupFit, UnconditionalFixed};
pub use glmm::{BinomialNormal, GlmmFit, GlmmInference, GlmmRegression, Link, PoissonNormal};
pub use inference::{
    AverageShare, Combination, Estimate, ExactMean, Heterogeneity, HeterogeneityBound, HeterogeneityIntervals,
    Inference, Information, Interval, MeanInterval, MeanMethod, Natural, Note, PValueFunction, Permutation,
    PermutationTest, Posterior, Prediction, PredictionInterval, ProbabilityBeyond, QWeighting, Region, Side, Solution,
    Tails, Tau2Bootstrap, Tau2Interval, TauPosterior, TestBased, Threshold,
};
pub use measure::Measure;
pub use pool::{
    Batch, CommonEffect, Convention, ConventionalFit, MeanWeights, Model, NewStudy, Pooled, RandomEffects,
    WeightedMean, WeightedPooled,
};
pub use report::{ForestRow, ForestTable};
pub use scale::Scale;
pub use study::Studies;
pub use tables::{ExactOddsRatio, MantelHaenszel, Peto, PooledStrata};
pub use tau2::{Likelihood, Prior, Tau2, TauPrior};

/// Longer texts: design, limitations, a crosswalk for users of metafor, tests, dependencies, changes.
pub mod documentation {
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
    #[doc = include_str!("../docs/limitations.md")]
    pub mod limitations {}
    #[doc = include_str!("../docs/for_metafor_users.md")]
    pub mod for_metafor_users {}
    #[doc = include_str!("../docs/testing.md")]
    pub mod testing {}
    #[doc = include_str!("../docs/dependencies.md")]
    pub mod dependencies {}
    #[doc = include_str!("../CHANGELOG.md")]
    pub mod changelog {}
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
