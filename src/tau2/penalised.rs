//! Every local maximum of a likelihood of tau2 plus `log tau`.
//!
//! Twice the score is `f + 1/x - g` at `x = tau2`, with `f` and `g` as in [`search`](super::search). Where one contrast is far more precise
//! than the others, `1/x` and that contrast's term of `g` are nearly equal over many orders of magnitude, so both are taken together:
//!
//! ```text
//! F = f + 1/x - 1/(x + t)
//! G = g - 1/(x + t)            t = the smallest variance (full) or the smallest 1/P_ii at tau2 = 0 (restricted)
//! ```
//!
//! The eigenvalues of `P` at tau2 = 0 are the `1/t_j`, and none is below a diagonal entry, nor is the largest above k times the largest
//! of those: `t` is at least the smallest `t_j` and at most k times it. So both are sums of completely monotone terms `1/(x + t_j)`, `1/(x + t_j) - 1/(x + t)` and
//! `z_j^2/(x + t_j)^2`, whose elasticities lie between -2 and 0, and their values at the two ends of an interval bound them inside:
//!
//! ```text
//! no root         F/G has elasticity between -2 and 2, and is too far from 1 at both ends
//! at most one     |F'| and |G'|, or |F'|/F and |G'|/G, are in one order throughout, by the values at the ends
//! ```
//!
//! `G` is a difference, known to a few units of rounding of `g`. Where `x F` and `x G` are both below that, the penalised likelihood is
//! flat to rounding; such a shelf counts as one point.

use super::profile::{Likelihood, Studies};
use super::search::{Point, Scratch, climb, margin};

/// An interval of this ratio over which both functions can only double at most.
const SHORT: f64 = 2.0;
/// Relative width at which an interval counts as a point: if it is not resolved by then, `F` and `G` differ by so little that the
/// penalised log-likelihood changes by less than its rounding, some 1e-14, between its ends.
const POINT: f64 = 1e-7;

/// Finds all local maxima in ascending order (into `scratch.modes`, placed at tau2) and returns the number of evaluations.
///
/// ```text
/// x g < 1              no root below x = c/k, since x g <= k x/(c + x)
/// x g > 1 + RSS/x      no root from x on, since x g does not fall and x f <= RSS/x
/// ```
///
/// The second is reached if `g` has more than one term.
pub(super) fn modes<P: Studies>(profile: &mut P, likelihood: Likelihood, scratch: &mut Scratch) -> u32 {
    let axis = profile.axis();
    let rss = profile.unweighted().rss;
    let noise = margin(profile.studies());
    let t = match likelihood {
        Likelihood::Full => axis.c,
        Likelihood::Restricted => profile.most_precise_contrast(),
    };
    let start = if axis.c > 0.0 { axis.c / profile.studies() as f64 } else { axis.start };
    let mut evaluations = 0;
    let mut at = |x: f64| {
        evaluations += 1;
        let s = axis.s(x);
        let (share, point) = (x / s, likelihood.point(&profile.at(s)));
        let own = x / (x + t);
        let gain = t / (x + t);
        Point {
            s: x,
            q: point.q,
            f: point.f * share + gain,
            f_slope: point.f_slope * share * share + gain * (1.0 + own),
            g: (point.g * share - own).max(0.0),
            g_slope: (point.g_slope * share * share - own * own).max(0.0),
        }
    };
    let Scratch { stack, modes, .. } = scratch;
    stack.clear();
    modes.clear();
    let mut a = at(start);
    let mut x = rss.max(2.0 * start);
    let mut last = at(x);
    while x < f64::INFINITY && last.g + x / (x + t) <= (1.0 + rss / x) * (1.0 + noise) {
        x *= 4.0;
        last = at(x);
    }
    stack.push(last);
    // The last point at which the likelihood is known to rise, unless it has been seen to fall since.
    let mut rising = Some(a);
    while let Some(&b) = stack.last() {
        // Beyond the range of doubles there is no middle.
        if !resolved(&a, &b, noise) && b.s > a.s * (1.0 + POINT) && b.s < f64::INFINITY {
            stack.push(at(a.s.sqrt() * b.s.sqrt()));
            continue;
        }
        match (b.slope(noise), rising) {
            (Slope::Falls, Some(low)) => {
                modes.push(climb(&low, &b, &mut at));
                rising = None;
            }
            (Slope::Rises, _) => rising = Some(b),
            _ => {}
        }
        a = b;
        stack.pop();
    }
    evaluations
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slope {
    Rises,
    Falls,
    Unclear,
}

impl Point {
    fn slope(&self, noise: f64) -> Slope {
        let room = noise * (1.0 + self.f + self.g);
        if self.f > self.g + room {
            Slope::Rises
        } else if self.g > self.f + room {
            Slope::Falls
        } else {
            Slope::Unclear
        }
    }

    /// Whether nothing but rounding is left of both functions.
    fn is_flat(&self, noise: f64) -> bool {
        self.f.max(self.g) <= 16.0 * noise
    }
}

/// Whether the interval is known to have at most one root that can be told from rounding.
fn resolved(a: &Point, b: &Point, noise: f64) -> bool {
    let rho = a.s / b.s;
    let room = 1.0 + noise;
    let below = |g: f64| (g - noise * (1.0 + g)).max(0.0);
    let above = |g: f64| g + noise * (1.0 + g);
    // F/G from below and from above.
    let (low_a, low_b) = (a.f / above(a.g), b.f / above(b.g));
    let (high_a, high_b) = (a.f / below(a.g), b.f / below(b.g));
    let far = rho * rho;
    let no_root = low_a * low_b * far > room
        || low_a * far > room
        || low_b * far > room
        || high_a * high_b < far / room
        || high_a < far / room
        || high_b < far / room;
    if no_root || (a.is_flat(noise) && b.is_flat(noise) && b.s <= SHORT * a.s) {
        return true;
    }
    // In units of a.s: values times rho, slopes times its square.
    let (square, cube) = (rho * rho, rho * rho * rho);
    b.f_slope * square > above(a.g_slope) * room
        || below(b.g_slope) * square > a.f_slope * room
        || b.f_slope * below(b.g) * cube > above(a.g_slope) * a.f * room
        || below(b.g_slope) * b.f * cube > a.f_slope * above(a.g) * room
}
