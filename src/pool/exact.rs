//! The exact interval of the mean for few studies.

use super::pooled::{Model, Pooled};
use crate::error::{ErrorKind, Result};
use crate::inference::{ExactMean, MeanInterval, MeanMethod, exact_mean};

impl Pooled {
    /// See [`MeanMethod::Exact`].
    pub(super) fn exact_interval(&self, options: ExactMean, level: f64) -> Result<MeanInterval> {
        if matches!(self.model(), Model::CommonEffect(_)) {
            let why = "the common-effect model has no tau2 to allow for; its Wald interval is exact";
            return Err(ErrorKind::NotApplicable { what: "exact random-effects interval", why }.into());
        }
        if let Some(weight) = options.weight
            && !(weight >= 0.0 && weight.is_finite())
        {
            let (lower, upper) = (0.0, f64::INFINITY);
            return Err(ErrorKind::OutsideSupport { field: "weight", value: weight, lower, upper }.into());
        }
        let measure = self.estimate().measure();
        // All samples are kept in memory: 800 MB.
        let upper = (100_000_000 / self.k().max(1)) as f64;
        if f64::from(options.draws) >= upper {
            let (value, lower) = (f64::from(options.draws), 0.0);
            return Err(ErrorKind::OutsideSupport { field: "draws", value, lower, upper }.into());
        }
        let smallest = 1.0 / (f64::from(options.draws) + 1.0);
        if smallest > 1.0 - level {
            return Err(ErrorKind::LevelNotAttainable { what: "an exact interval", level, smallest }.into());
        }
        let null = measure.null_value().unwrap_or(0.0);
        let result = exact_mean(self.effects().y(), self.effects().v(), level, null, &options)
            .ok_or(ErrorKind::Overflow { what: "the exact interval" })?;
        let (of, ends) = ((measure, self.estimate().scale()), vec![(result.lower, result.upper)]);
        Ok(MeanInterval::new(of, (MeanMethod::Exact(options), level), result.mean, ends, result.p_value))
    }
}
