//! The binomial likelihood of one group under three links.

use super::likelihood::{Local, Peak, StudyLikelihood};
use crate::num::{normal, saturated};

/// `x` events among `n` people whose probability of an event is `p = inverse link(eta)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binomial {
    x: f64,
    rest: f64,
    n: f64,
    /// Shares of events and of the rest; both positive where the peak is finite.
    share: [f64; 2],
    constant: f64,
    peak: Peak,
    knee: (f64, f64),
    link: BinomialLink,
}

/// Up to this size the cheapest formula is exact to 1e-13.
const SMALL: f64 = 500.0;

/// Beyond this distance the exponential may leave the range.
const FAR: f64 = 500.0;

/// How the probability of an event depends on the linear predictor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinomialLink {
    Logit,
    Probit,
    Cloglog,
}

impl Binomial {
    pub(crate) fn new(x: f64, n: f64, link: BinomialLink) -> Self {
        let rest = n - x;
        let share = [x / n, rest / n];
        let mut study = Self {
            x,
            rest,
            n,
            share,
            constant: saturated::binomial(x, n),
            peak: Peak::At(0.0),
            knee: (0.0, 1.0),
            link,
        };
        study.peak = if x <= 0.0 {
            Peak::Lowest
        } else if rest <= 0.0 {
            Peak::Highest
        } else {
            Peak::At(study.link_of_share())
        };
        study.knee = match study.peak {
            Peak::At(eta) => (eta, (-study.at(eta).d[1]).sqrt().recip().min(1.0)),
            Peak::Lowest => study.fall(),
            Peak::Highest => study.rise(),
        };
        study
    }

    fn link_of_share(&self) -> f64 {
        match self.link {
            BinomialLink::Logit => logit(self.x, self.rest),
            BinomialLink::Probit if self.x <= self.rest => normal::quantile(self.share[0]),
            BinomialLink::Probit => normal::quantile_upper(self.share[1]),
            BinomialLink::Cloglog => ln_minus_ln(self.share),
        }
    }

    /// Where no events stop being likely: about one is expected.
    fn fall(&self) -> (f64, f64) {
        match self.link {
            BinomialLink::Logit | BinomialLink::Cloglog => (-self.n.ln(), 1.0),
            BinomialLink::Probit => {
                let place = normal::quantile((1.0 + self.n).recip());
                (place, (1.0 + place.abs()).recip())
            }
        }
    }

    /// Where nothing but events start being likely.
    fn rise(&self) -> (f64, f64) {
        match self.link {
            BinomialLink::Cloglog => {
                let v = self.n.ln_1p();
                (v.ln(), (1.0 + v).recip())
            }
            _ => {
                let (place, width) = self.fall();
                (-place, width)
            }
        }
    }
}

/// `ln(x / rest)`, exact for shares next to one half.
fn logit(x: f64, rest: f64) -> f64 {
    let ratio = x / rest;
    if (0.5..=2.0).contains(&ratio) { ((x - rest) / rest).ln_1p() } else { ratio.ln() }
}

/// `ln(-ln(1 - p))` for the shares `[p, 1 - p]`.
fn ln_minus_ln([p, q]: [f64; 2]) -> f64 {
    if p < 0.5 { (-(-p).ln_1p()).ln() } else { (-q.ln()).ln() }
}

/// `ln(1 - exp(-v))` for `v = exp(eta)`, which is `eta` where `v` underflows.
fn ln_event(eta: f64, v: f64) -> f64 {
    if v < 1e-5 { eta - v * (0.5 - v / 24.0) } else { (-(-v).exp_m1()).ln() }
}

impl StudyLikelihood for Binomial {
    fn at(&self, eta: f64) -> Local {
        match (self.link, self.peak) {
            (BinomialLink::Logit, Peak::At(peak)) => self.logit_inside(eta - peak),
            (BinomialLink::Logit, Peak::Lowest) => logit_none(self.n, eta),
            (BinomialLink::Logit, Peak::Highest) => mirrored(logit_none(self.n, -eta)),
            (BinomialLink::Probit, _) => self.probit(eta),
            (BinomialLink::Cloglog, _) => self.cloglog(eta),
        }
    }

    fn value(&self, eta: f64) -> f64 {
        match (self.link, self.peak) {
            (BinomialLink::Logit, Peak::At(peak)) if self.n <= SMALL => {
                let [p, q] = self.share;
                let (distance, x, share, rest) =
                    if p <= q { (eta - peak, self.x, p, q) } else { (peak - eta, self.rest, q, p) };
                if distance > FAR {
                    return self.at(eta).value;
                }
                self.constant + x * distance - self.n * (rest + share * distance.exp()).ln()
            }
            _ => self.at(eta).value,
        }
    }

    fn peak(&self) -> Peak {
        self.peak
    }

    fn knee(&self) -> (f64, f64) {
        self.knee
    }
}

/// The same likelihood as a function of `-eta`.
fn mirrored(Local { value, d: [d1, d2, d3, d4] }: Local) -> Local {
    Local { value, d: [-d1, d2, -d3, d4] }
}

/// `(1 + exp(eta))^-n`.
fn logit_none(n: f64, eta: f64) -> Local {
    let e = (-eta.abs()).exp();
    let (more, less) = (1.0 / (1.0 + e), e / (1.0 + e));
    let (p, q) = if eta > 0.0 { (more, less) } else { (less, more) };
    let npq = n * p * q;
    Local { value: -n * (eta.max(0.0) + e.ln_1p()), d: [-n * p, -npq, -npq * (q - p), -npq * (1.0 - 6.0 * p * q)] }
}

impl Binomial {
    /// With `w = exp(d) - 1` at a distance `d` from the peak, and `P` the observed share,
    ///
    /// ```text
    /// l - l(peak) = x d - n ln(1 + P w)        l' = -n P Q w / (1 + P w)
    /// ```
    ///
    /// seen from the side on which P is at most one half.
    fn logit_inside(&self, distance: f64) -> Local {
        let [p, q] = self.share;
        if p <= q {
            self.logit_from(distance, self.x, [p, q])
        } else {
            mirrored(self.logit_from(-distance, self.rest, [q, p]))
        }
    }

    fn logit_from(&self, distance: f64, x: f64, [share, rest]: [f64; 2]) -> Local {
        let n = self.n;
        if distance > FAR {
            // Beyond the range of the exponential the probability is 1.
            let q = rest / share * (-distance).exp();
            let value = self.constant + x * distance - n * (distance + share.ln());
            return Local { value, d: [-n * rest, -n * q, n * q, -n * q] };
        }
        if n <= SMALL {
            // What the cheaper functions lose is n times the rounding of 1.
            let e = distance.exp();
            let scale = rest + share * e;
            let (p, q) = (share * e / scale, rest / scale);
            let npq = n * p * q;
            let value = self.constant + x * distance - n * scale.ln();
            return Local { value, d: [x - n * p, -npq, -npq * (q - p), -npq * (1.0 - 6.0 * p * q)] };
        }
        let w = distance.exp_m1();
        let scale = 1.0 + share * w;
        let (p, q) = (share * (1.0 + w) / scale, rest / scale);
        let npq = n * p * q;
        Local {
            value: self.constant + x * distance - n * (share * w).ln_1p(),
            d: [-n * share * rest * w / scale, -npq, -npq * (q - p), -npq * (1.0 - 6.0 * p * q)],
        }
    }

    fn probit(&self, eta: f64) -> Local {
        let (above, below) = (ln_normal(eta), mirrored(ln_normal(-eta)));
        let [a, b] = match self.peak {
            Peak::At(peak) if (eta - peak).abs() < 0.1 => {
                // ln(1 + change/share): both terms to full precision next to the peak.
                let change = normal_difference(peak, eta - peak);
                [(change / self.share[0]).ln_1p(), (-change / self.share[1]).ln_1p()]
            }
            Peak::At(_) => [above.value - self.share[0].ln(), below.value - self.share[1].ln()],
            _ => [above.value, below.value],
        };
        self.combine([a, b], above.d, below.d)
    }

    fn cloglog(&self, eta: f64) -> Local {
        let v = eta.exp();
        let [a, b] = match self.peak {
            Peak::At(peak) => {
                // q / Q = exp(-V w) with V = -ln Q and w = v/V - 1.
                let excess = peak.exp() * (eta - peak).exp_m1();
                let [p, q] = self.share;
                let near = (eta - peak).abs() < 0.1;
                let a = if near { (-q * (-excess).exp_m1() / p).ln_1p() } else { ln_event(eta, v) - p.ln() };
                [a, -excess]
            }
            _ => [ln_event(eta, v), -v],
        };
        // r = v / (e^v - 1) is the derivative of ln(1 - exp(-v)); c = 1 - r - v.
        if v > 700.0 {
            // All but certain: what is left of the derivatives is below the smallest double.
            return self.combine([a, b], [0.0; 4], [-v; 4]);
        }
        let (r, c) = if v < 1e-3 {
            (1.0 - v * (0.5 - v / 12.0), -v * (0.5 + v / 12.0))
        } else {
            let r = v / v.exp_m1();
            (r, 1.0 - r - v)
        };
        let r1 = r * c;
        let r2 = r1 * c - r * (r1 + v);
        let r3 = r2 * c - 2.0 * r1 * (r1 + v) - r * (r2 + v);
        self.combine([a, b], [r, r1, r2, r3], [-v; 4])
    }

    /// `x` times one logarithm and `n - x` times the other, without 0 times infinity.
    fn combine(&self, [a, b]: [f64; 2], da: [f64; 4], db: [f64; 4]) -> Local {
        let times = |n: f64, t: f64| if n > 0.0 { n * t } else { 0.0 };
        let mut d = [0.0; 4];
        for ((d, a), b) in d.iter_mut().zip(da).zip(db) {
            *d = times(self.x, a) + times(self.rest, b);
        }
        Local { value: self.constant + times(self.x, a) + times(self.rest, b), d }
    }
}

/// Logarithm of the normal distribution function, with derivatives through the inverse Mills ratio.
fn ln_normal(eta: f64) -> Local {
    let value = normal::ln_cdf(eta);
    let mills = (normal::ln_pdf(eta) - value).exp();
    let sum = eta + mills;
    let d2 = -mills * sum;
    let d3 = -d2 * sum - mills * (1.0 + d2);
    let d4 = -d3 * (sum + mills) - 2.0 * d2 * (1.0 + d2);
    Local { value, d: [mills, d2, d3, d4] }
}

/// `Phi(at + step) - Phi(at)` for a small step: Taylor's series, whose terms are Hermite polynomials.
fn normal_difference(at: f64, step: f64) -> f64 {
    // term_j = He_j(at) (-step)^j / (j + 1)!, by the recurrence He_(j+1) = at He_j - j He_(j-1).
    let (mut before, mut now, mut power, mut sum) = (0.0, 1.0, step, 0.0);
    for j in 0..12 {
        let j = f64::from(j);
        sum += now * power;
        (before, now) = (now, at * now - j * before);
        power *= -step / (j + 2.0);
    }
    normal::pdf(at) * sum
}
