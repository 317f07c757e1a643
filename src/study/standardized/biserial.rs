//! Correlations of group and outcome from a standardised mean difference.

use super::StandardizedDifference;
use crate::error::Result;
use crate::measure::Measure;
use crate::num::normal;
use crate::study::conversion::Conversion;
use crate::study::correlation::{r_of_ratio, unexplained};
use crate::study::smd::within_one;
use crate::study::variance::VarianceType;

impl StandardizedDifference {
    /// r and 1 - r^2 of the point-biserial correlation.
    fn r(&self) -> (f64, f64) {
        let h = self.df() / self.n1 + self.df() / self.n2;
        r_of_ratio(self.d, h)
    }

    pub(super) fn point_biserial<M: Copy>(&self, how: &Conversion<M>) -> Result<(f64, f64)> {
        let (r, rest) = self.r();
        let (n, p, q) = (self.n(), self.n1 / self.n(), self.n2 / self.n());
        let v = match how.variance_type() {
            VarianceType::Usual | VarianceType::LargeSample | VarianceType::Stratified => {
                // (B + d^2/(2 N)) h^2/(d^2 + h)^3 with 1 - r^2 = h/(d^2 + h) and h = m B, which cannot overflow.
                (rest / self.df() + r * r / (2.0 * n)) * rest * rest
            }
            VarianceType::CrossSectional => rest * rest * (1.0 - 1.5 * r * r + r * r / (4.0 * p * q)) / n,
            _ => return Err(how.no_such_variance()),
        };
        Ok((r, v))
    }

    pub(super) fn fisher_z_point_biserial<M: Copy>(&self, how: &Conversion<M>) -> Result<(f64, f64)> {
        let (_, v) = self.point_biserial(how)?;
        let (_, rest) = self.r();
        // atanh(d/sqrt(d^2 + h)) = asinh(d/sqrt h), which keeps the digits of an r close to 1.
        let h = self.df() / self.n1 + self.df() / self.n2;
        Ok(((self.d / h.sqrt()).asinh(), v / (rest * rest)))
    }

    pub(super) fn biserial<M: Copy>(&self, how: &Conversion<M>, measure: Measure) -> Result<(f64, f64)> {
        if !matches!(how.variance_type(), VarianceType::Usual | VarianceType::LargeSample) {
            return Err(how.no_such_variance());
        }
        let (p, q) = (self.n1 / self.n(), self.n2 / self.n());
        let z = normal::quantile_upper(p);
        let f = normal::ln_pdf(z).exp();
        let b = within_one("biserial correlation", self.r().0 * (p * q).sqrt() / f, measure)?;
        let curve = 1.5 + (1.0 - p * z / f) * (1.0 + q * z / f);
        let v = (p * q / (f * f) - curve * b * b + b.powi(4)) / (self.n() - 1.0);
        Ok((b, v))
    }

    pub(super) fn fisher_z_biserial<M: Copy>(&self, how: &Conversion<M>, measure: Measure) -> Result<(f64, f64)> {
        let (b, v) = self.biserial(how, measure)?;
        Ok((libm::atanh(b), v / unexplained(b).powi(2)))
    }
}
