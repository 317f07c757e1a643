//! The result without each study in turn.

use crate::error::Result;
use crate::inference::{Estimate, Heterogeneity};
use crate::pool::Pooled;
use serde::{Deserialize, Serialize};

/// The result without one study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Label of the study left out.
    pub study: String,
    /// The pooled effect of the others, by the same model.
    pub estimate: Estimate,
    /// Heterogeneity of the others.
    pub heterogeneity: Heterogeneity,
}

/// The same model fitted without each study in turn; metafor: `leave1out`.
///
/// ```
/// use meta_analysis::{RandomEffects, leave_one_out, study::{Proportion, ProportionMeasure, Studies}};
///
/// let effects = Studies::from([
///     ("Göttfried 2000", Proportion::new(7, 19)?),
///     ("Hara 2003", Proportion::new(7, 8)?),
///     ("Kampylafka 2012", Proportion::new(22, 24)?),
///     ("Galimberti 2018", Proportion::new(35, 42)?),
/// ])
/// .effects(ProportionMeasure::Logit)?;
/// let without = leave_one_out(&RandomEffects::default().fit(&effects)?)?;
/// assert_eq!(without[0].study, "Göttfried 2000");
/// assert_eq!(format!("{:.3}", without[0].estimate.natural().value), "0.860");
/// assert_eq!(without[0].heterogeneity.tau2, 0.0);
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// Whatever a fit without one of the studies answers, e.g. too few studies.
pub fn leave_one_out(fit: &Pooled) -> Result<Vec<LeftOut>> {
    let all: Vec<usize> = (0..fit.k()).collect();
    let without = |(i, study): (usize, &String)| {
        let others: Vec<usize> = all.iter().copied().filter(|&j| j != i).collect();
        let fit = fit.refit(&fit.effects().select(&others)?).map_err(|e| e.in_study(study))?;
        Ok(LeftOut { study: study.clone(), estimate: *fit.estimate(), heterogeneity: *fit.heterogeneity() })
    };
    fit.effects().labels().iter().enumerate().map(without).collect()
}
