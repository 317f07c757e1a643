//! From one measure to another, with the variance by the delta method and a record of what was assumed.
//!
//! # Overview
//!
//! * Standardised differences, odds ratios and correlations: [`d_to_log_odds_ratio`], [`log_odds_ratio_to_d`],
//!   [`d_to_r`], [`r_to_d`], [`r_to_z`], [`z_to_r`], [`d_to_auc`], [`auc_to_d`].
//! * Risks at a stated baseline: [`at_baseline_risk`] (odds ratio, risk ratio, risk difference and hazard ratio
//!   into each other), [`d_at_baseline_risk`], [`AbsoluteEffect`] and [`NumberNeeded`].
//! * Test statistics: [`t_to_d`], [`f_to_d`], [`p_to_d`], [`t_to_r`], [`f_to_r`], [`p_to_r`],
//!   [`chi_squared_to_phi`], [`u_to_auc`].
//!
//! Standard deviations from standard errors, intervals and tests are in
//! [`recover::moments`](crate::study::recover::moments).
//!
//! Every function returns a [`Converted`]: the value with the [`Step`]s that led to it, each of which names its
//! formula, its inputs, what was assumed, and what was lost. A `Converted` goes into the next conversion as it
//! is, so a chain keeps its history.
//!
//! ```
//! use meta_analysis::study::convert::{Groups, Link, d_to_r, log_odds_ratio_to_d, r_to_z};
//! use meta_analysis::{Effect, Measure};
//!
//! // Borenstein et al. 2009, Introduction to Meta-Analysis, chapter 7: ln OR = 0.9069, variance 0.0676.
//! let reported = Effect::from_variance(Measure::LogOddsRatio, 0.9069, 0.0676)?;
//! let d = log_odds_ratio_to_d(reported, Link::Logistic)?;
//! assert!((d.effect().y() - 0.5000).abs() < 5e-5 && (d.effect().variance() - 0.0205).abs() < 5e-5);
//! let z = r_to_z(d_to_r(d, Groups::Equal)?)?;
//! assert_eq!(z.steps().len(), 3);
//! assert!(z.losses().any(|loss| loss.contains("continuous")));
//! # Ok::<(), meta_analysis::Error>(())
//! ```

mod absolute;
mod number_needed;
mod provenance;
mod risk;
mod standardized;
mod statistic;

pub use absolute::{AbsoluteEffect, Bounds};
pub use number_needed::{Event, Needed, NumberNeeded};
pub use provenance::{Assumption, Converted, Formula, Step};
pub use risk::{RiskMeasure, at_baseline_risk, d_at_baseline_risk};
pub use standardized::{
    Groups, Link, auc_to_d, d_to_auc, d_to_log_odds_ratio, d_to_r, log_odds_ratio_to_d, r_to_d, r_to_z, z_to_r,
};
pub use statistic::{chi_squared_to_phi, f_to_d, f_to_r, p_to_d, p_to_r, t_to_d, t_to_r, u_to_auc};
