//! The true proportion or rate of each study, given its data and those of the others.

use super::fit::GlmmFit;
use super::marginal::marginal;
use super::options::GlmmData;
use crate::error::{ErrorKind, Result};
use crate::num::quadrature::Effort;
use serde::{Deserialize, Serialize};

/// What the data of all studies say about the true value of one: the empirical Bayes posterior, at the estimates of mu
/// and tau2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Blup {
    /// Label of the study.
    pub study: String,
    /// Posterior mean of the linear predictor.
    pub value: f64,
    /// Posterior standard deviation of the linear predictor; 0 where tau2 is. Without the uncertainty of mu and tau2.
    pub se: f64,
    /// Posterior mean of the true proportion or rate itself.
    pub natural: f64,
}

impl GlmmFit {
    /// The studies shrunken towards the mean, in their order; metafor has none for `rma.glmm`.
    ///
    /// ```text
    /// E[eta_i | x_i], SD[eta_i | x_i], E[p(eta_i) | x_i]        by the quadrature of the likelihood
    /// ```
    ///
    /// Laird 1978, J Am Stat Assoc 73:805, doi 10.1080/01621459.1978.10480103.
    ///
    /// ```
    /// use meta_analysis::{datasets::ivig_dermatomyositis, glmm::BinomialNormal};
    ///
    /// let fit = BinomialNormal::new().fit(&ivig_dermatomyositis::responses()?)?;
    /// let hara = &fit.blups()?[1]; // 7 of 8 responded
    /// assert!(hara.natural < 7.0 / 8.0 && hara.natural > 0.7);
    /// # Ok::<(), meta_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotApplicable`] on the boundary.
    pub fn blups(&self) -> Result<Vec<Blup>> {
        let solved = self.solved()?;
        let point = &solved.maximum.best.point;
        let overflow = || crate::Error::from(ErrorKind::Overflow { what: "a posterior mean" });
        let each = solved.problem.marginals(point, Effort::Exact).ok_or_else(overflow)?;
        let rows = self.data().labels().into_iter().zip(self.data().counts()).zip(each);
        rows.map(|((study, (x, size)), one)| {
            // One more event would have probability E[p | x]; the masses differ by their numbers of orders.
            let (more, factor) = match self.data() {
                GlmmData::Proportions(_) => (self.model().study(x + 1.0, size + 1.0), (x + 1.0) / (size + 1.0)),
                GlmmData::Rates(_) => (self.model().study(x + 1.0, size), (x + 1.0) / size),
            };
            let next = marginal(&more, point[0], point[1], Effort::Exact).ok_or_else(overflow)?;
            let natural = (next.value - one.value).exp() * factor;
            if !natural.is_finite() {
                return Err(overflow());
            }
            Ok(Blup { study: study.to_owned(), value: one.mean, se: one.variance.max(0.0).sqrt(), natural })
        })
        .collect()
    }
}
