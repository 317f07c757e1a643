//! The Poisson likelihood of one group's events under the log link.

use super::likelihood::{Local, Peak, StudyLikelihood};
use crate::num::saturated;

/// `x` events where `time exp(eta)` are expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poisson {
    x: f64,
    ln_time: f64,
    constant: f64,
    peak: Peak,
}

impl Poisson {
    pub(crate) fn new(x: f64, time: f64) -> Self {
        let ln_time = time.ln();
        let peak = if x <= 0.0 { Peak::Lowest } else { Peak::At(ln_rate(x, time)) };
        Self { x, ln_time, constant: saturated::poisson(x), peak }
    }
}

/// `ln(x / time)`, also where the quotient leaves the range.
fn ln_rate(x: f64, time: f64) -> f64 {
    let ratio = x / time;
    if ratio.is_normal() { ratio.ln() } else { x.ln() - time.ln() }
}

impl StudyLikelihood for Poisson {
    fn at(&self, eta: f64) -> Local {
        match self.peak {
            Peak::At(peak) => {
                // x (d - (exp(d) - 1)) at a distance d from the peak.
                let distance = eta - peak;
                let w = distance.exp_m1();
                let m = self.x * (1.0 + w);
                Local { value: self.constant + self.x * (distance - w), d: [-self.x * w, -m, -m, -m] }
            }
            _ => {
                let m = (eta + self.ln_time).exp();
                Local { value: -m, d: [-m; 4] }
            }
        }
    }

    fn peak(&self) -> Peak {
        self.peak
    }

    fn knee(&self) -> (f64, f64) {
        match self.peak {
            Peak::At(peak) => (peak, self.x.sqrt().recip().min(1.0)),
            _ => (-self.ln_time, 1.0),
        }
    }
}
