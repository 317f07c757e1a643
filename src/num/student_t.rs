//! Student's t distribution with real df > 0.
//!
//! ```text
//! P(T > t) = I_z(df/2, 1/2) / 2,  z = df / (df + t^2),  t >= 0
//! ```
//!
//! df may be less than 1. `df = +inf` is the standard normal distribution; any other df that is not positive gives NaN. In R: `dt`, `pt`,
//! `qt`. The tails come from the incomplete beta function of [`beta`](super::beta), the quantile from safeguarded Halley steps on the
//! logarithm of the tail, or of the central probability `1/2 - q` when the quantile is close to 0.

use super::beta::{first_term_tails, is_first_term, ln_first_term, ln_tails, moderate_tails, tails};
use super::gamma::ln_ratio;
use super::invert::{Side, Tail, positive_root};
use super::normal;

/// From here on one correction of the argument makes the normal tail the t tail, as long as t^2/df stays below `NEARLY_NORMAL_SQUARE`.
const NEARLY_NORMAL: f64 = 1e10;
const NEARLY_NORMAL_SQUARE: f64 = 1e-3;
/// Tails below this are computed through their logarithm.
const TINY: f64 = 1e-200;

/// Logarithm of the density
///
/// ```text
/// f(t) = Gamma((df+1)/2) / (Gamma(df/2) sqrt(df pi)) * (1 + t^2/df)^(-(df+1)/2)
/// ```
///
/// ```
/// use meta_analysis::num::student_t;
/// assert!((student_t::ln_pdf(0.0, 1.0) + std::f64::consts::PI.ln()).abs() < 1e-15);
/// ```
#[must_use]
pub fn ln_pdf(t: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return normal::ln_pdf(t);
    }
    if !is_df(df) || t.is_nan() {
        return f64::NAN;
    }
    ln_peak(df) - 0.5 * (df + 1.0) * ln_1p_square(t.abs(), df)
}

/// Distribution function `P(T <= t)`, accurate in relative terms for negative `t`.
///
/// ```
/// use meta_analysis::num::student_t;
/// assert!((student_t::cdf(-1.0, 1.0) - 0.25).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(t: f64, df: f64) -> f64 {
    sf(-t, df)
}

/// Survival function `P(T > t)`, accurate in relative terms for positive `t`.
///
/// ```
/// use meta_analysis::num::student_t;
/// // df = 2: (1 - t / sqrt(2 + t^2)) / 2
/// assert!((student_t::sf(1e10, 2.0) / 5e-21 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn sf(t: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return normal::sf(t);
    }
    if !is_df(df) || t.is_nan() {
        return f64::NAN;
    }
    if let Some(z) = normal_equivalent(t, df) {
        return normal::sf(z);
    }
    let upper = 0.5 * Split::new(t.abs(), df).two_sided(df);
    if t < 0.0 { 1.0 - upper } else { upper }
}

/// `ln P(T <= t)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::student_t;
/// // df = 2: (1 + t / sqrt(2 + t^2)) / 2, which is 1 / (2 t^2) far below 0
/// let exact = -400.0 * std::f64::consts::LN_10 - std::f64::consts::LN_2;
/// assert!((student_t::ln_cdf(-1e200, 2.0) / exact - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn ln_cdf(t: f64, df: f64) -> f64 {
    ln_sf(-t, df)
}

/// `ln P(T > t)`, accurate where the probability underflows.
///
/// ```
/// use meta_analysis::num::student_t;
/// // the tail is a power law t^-df: 100 decades in t are 300 decades in the probability
/// let drop = student_t::ln_sf(1e200, 3.0) - student_t::ln_sf(1e100, 3.0);
/// assert!((drop / (-300.0 * std::f64::consts::LN_10) - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn ln_sf(t: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return normal::ln_sf(t);
    }
    if !is_df(df) || t.is_nan() {
        return f64::NAN;
    }
    if let Some(z) = normal_equivalent(t, df) {
        return normal::ln_sf(z);
    }
    let split = Split::new(t.abs(), df);
    if t < 0.0 { (-0.5 * split.two_sided(df)).ln_1p() } else { split.ln_two_sided(df) - std::f64::consts::LN_2 }
}

/// Quantile: the `t` with `P(T <= t) = p`.
///
/// `-inf` at `p = 0`, `+inf` at `p = 1`; NaN outside `[0, 1]`. For `p` close to 1 use [`quantile_upper`].
///
/// ```
/// use meta_analysis::num::student_t;
/// assert!((student_t::quantile(0.975, 4.0) / 2.776_445_105_197_793 - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn quantile(p: f64, df: f64) -> f64 {
    -quantile_upper(p, df)
}

/// Upper quantile: the `t` with `P(T > t) = q`, the critical value of a one-sided test at level `q`.
///
/// `+inf` at `q = 0`, `-inf` at `q = 1`; NaN outside `[0, 1]`. Infinite as well when the quantile exceeds the largest `f64`, which needs
/// df far below 1.
///
/// ```
/// use meta_analysis::num::student_t;
/// assert!((student_t::quantile_upper(0.025, 4.0) / 2.776_445_105_197_793 - 1.0).abs() < 1e-14);
/// assert!((student_t::quantile_upper(0.25, 1.0) - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn quantile_upper(q: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&q) || !(is_df(df) || df == f64::INFINITY) {
        return f64::NAN;
    }
    if df >= NEARLY_NORMAL {
        // the inverse of `normal_equivalent`; z stays below 39
        let z = normal::quantile_upper(q);
        let stretched = if df < f64::INFINITY { (df * (z * z / (df - 0.5)).exp_m1()).sqrt() } else { z.abs() };
        return if z.is_finite() { stretched.copysign(z) } else { z };
    }
    if q > 0.5 { -positive_quantile(1.0 - q, q - 0.5, df) } else { positive_quantile(q, 0.5 - q, df) }
}

/// Is `df` a usable, finite number of degrees of freedom?
fn is_df(df: f64) -> bool {
    df > 0.0 && df < f64::INFINITY
}

/// `t > 0` with upper tail `q` and central probability `P(0 < T < t) = centre`, `q + centre = 1/2`.
fn positive_quantile(q: f64, centre: f64, df: f64) -> f64 {
    if centre <= 0.0 {
        return 0.0;
    }
    if q <= 0.0 {
        return f64::INFINITY;
    }
    let by_tail = q < 0.25;
    let (side, target) = if by_tail { (Side::Upper, 2.0 * q) } else { (Side::Lower, 2.0 * centre) };
    let ln_target = target.ln();
    // ln(2 f(0)): the kernel below is the two-sided density times t
    let ln_front = std::f64::consts::LN_2 + ln_peak(df);
    positive_root(side, quantile_start(q, centre, df), |t| {
        let split = Split::new(t, df);
        let (outside, inside) = split.moderate(df);
        let value = if by_tail { outside } else { inside };
        let bend = 1.0 - (df + 1.0) * split.y;
        let ln_kernel = ln_front + t.ln() - 0.5 * (df + 1.0) * split.ln_1p(df);
        if value < TINY && by_tail {
            let ln_value = split.ln_two_sided(df);
            Tail { log_ratio: ln_value - ln_target, slope: (ln_kernel - ln_value).exp(), bend }
        } else {
            Tail { log_ratio: ln_ratio(value, target), slope: ln_kernel.exp() / value, bend }
        }
    })
}

/// Starting point: the power law of the tail for df < 1, the density at 0 next to the centre, else Wallace's normal approximation turned
/// round (Wallace DL, 1959, Annals of Mathematical Statistics 30: 1121-1130, doi:10.1214/aoms/1177706078).
fn quantile_start(q: f64, centre: f64, df: f64) -> f64 {
    if centre < 0.05 {
        return centre / ln_peak(df).exp();
    }
    if df < 1.0 {
        // q = (t^2/df)^(-df/2) / (2 a B(a, 1/2)), a = df/2
        let ln_square = -(std::f64::consts::LN_2 + q.ln() - ln_first_term(0.5 * df, 0.5, 0.0)) / (0.5 * df);
        return (0.5 * (ln_square + df.ln())).exp();
    }
    let z = normal::quantile_upper(q) * (8.0 * df + 3.0) / (8.0 * df + 1.0);
    let w = z * z / df;
    if w < 600.0 { (df * w.exp_m1()).sqrt() } else { (0.5 * w).exp() * df.sqrt() }
}

/// `ln f(0) = ln( Gamma((df+1)/2) / (Gamma(df/2) sqrt(df pi)) )`.
fn ln_peak(df: f64) -> f64 {
    let a = 0.5 * df;
    if a > 15.0 {
        // ln Gamma(a + 1/2) - ln Gamma(a) - ln(a)/2, asymptotic series
        let w = 1.0 / a / a;
        let series = -(1.0 / 8.0
            - w * (1.0 / 192.0
                - w * (1.0 / 640.0 - w * (17.0 / 14_336.0 - w * (31.0 / 18_432.0 - w * 691.0 / 180_224.0)))))
            / a;
        series - normal::LN_SQRT_2PI
    } else {
        // Gamma(a) = Gamma(a + 1) / a keeps the quotient finite for tiny a
        libm::lgamma(a + 0.5) - libm::lgamma(a + 1.0) + 0.5 * a.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }
}

/// `ln(1 + t^2/df)` for `t >= 0`, without overflow of the square.
fn ln_1p_square(t: f64, df: f64) -> f64 {
    let square = t * t / df;
    if square < 1e300 && t < 1e150 { square.ln_1p() } else { 2.0 * t.ln() - df.ln() }
}

/// `z` with the same normal tail as `t` has with df degrees of freedom, where one correction term is exact:
/// `z^2 = (df - 1/2) ln(1 + t^2/df)`, the first term of the expansion of the incomplete beta function for one large shape
/// (DiDonato and Morris 1992).
fn normal_equivalent(t: f64, df: f64) -> Option<f64> {
    let square = t / df * t;
    (df >= NEARLY_NORMAL && square < NEARLY_NORMAL_SQUARE).then(|| ((df - 0.5) * square.ln_1p()).sqrt().copysign(t))
}

/// `t >= 0` split into the two arguments of the incomplete beta function, `y = t^2/(df + t^2)` and `z = 1 - y`.
#[derive(Clone, Copy)]
struct Split {
    t: f64,
    y: f64,
    z: f64,
}

impl Split {
    fn new(t: f64, df: f64) -> Self {
        let square = t * t;
        if square < df {
            let w = square / df;
            Self { t, y: w / (1.0 + w), z: 1.0 / (1.0 + w) }
        } else {
            let w = df / t / t;
            Self { t, y: 1.0 / (1.0 + w), z: w / (1.0 + w) }
        }
    }

    /// `ln(1 + t^2/df)`.
    fn ln_1p(self, df: f64) -> f64 {
        ln_1p_square(self.t, df)
    }

    /// `ln y` where `y` may underflow.
    fn ln_y(self, df: f64) -> f64 {
        2.0 * self.t.ln() - df.ln() - self.ln_1p(df)
    }

    /// `(P(|T| > t), P(|T| < t))`, of which a value below `TINY` is only known to be small.
    fn moderate(self, df: f64) -> (f64, f64) {
        self.limit(df).unwrap_or_else(|| moderate_tails(0.5 * df, 0.5, self.z, self.y))
    }

    /// The same where one argument is so small that the first term of the series is everything.
    fn limit(self, df: f64) -> Option<(f64, f64)> {
        let a = 0.5 * df;
        if self.t <= 0.0 {
            Some((1.0, 0.0))
        } else if self.t == f64::INFINITY {
            Some((0.0, 1.0))
        } else if is_first_term(0.5, self.z) {
            Some(first_term_tails(a, 0.5, -self.ln_1p(df)))
        } else if is_first_term(a, self.y) {
            let (inside, outside) = first_term_tails(0.5, a, self.ln_y(df));
            Some((outside, inside))
        } else {
            None
        }
    }

    /// `P(|T| > t)`.
    fn two_sided(self, df: f64) -> f64 {
        self.limit(df).map_or_else(|| tails(0.5 * df, 0.5, self.z, self.y).0, |(outside, _)| outside)
    }

    /// `ln P(|T| > t)`.
    fn ln_two_sided(self, df: f64) -> f64 {
        if self.t < f64::INFINITY && is_first_term(0.5, self.z) {
            let ln_tail = ln_first_term(0.5 * df, 0.5, -self.ln_1p(df));
            return ln_tail.min(0.0);
        }
        match self.limit(df) {
            Some((outside, inside)) => {
                if outside > 0.75 {
                    (-inside).ln_1p()
                } else {
                    outside.ln()
                }
            }
            None => ln_tails(0.5 * df, 0.5, self.z, self.y).0,
        }
    }
}
