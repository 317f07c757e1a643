//! Integrals over the whole line of a smooth weight with one peak, to the accuracy of doubles.
//!
//! The nodes are equally spaced, centred on the peak and scaled by its curvature (the adaptation of Liu & Pierce 1994, Biometrika 81:624,
//! doi 10.1093/biomet/81.3.624), and the step is halved until the error is known to be negligible. For an analytic integrand that
//! vanishes at both ends, equal steps converge exponentially (Trefethen & Weideman 2014, SIAM Rev 56:385, doi 10.1137/130932132); next to
//! Gauss-Hermite nodes they
//!
//! * need as few evaluations where the integrand is close to a normal density, and far fewer where it is not: singularities at a distance
//!   `d` from the real line leave an error of `exp(-2 pi d / h)`, while `n` Hermite nodes leave `exp(-d sqrt(8 n) / s)`;
//! * nest, so that the error is measured with evaluations that are used anyway.

/// How nodes are placed: `eta = centre + spread v`, or through a hyperbolic sine that is fine around `knee` and coarse far away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    /// Place of the peak, which need not be exact.
    pub(crate) centre: f64,
    /// Curvature of the log weight at the peak as a standard deviation.
    pub(crate) spread: f64,
    /// Where the weight changes on a much smaller scale than `spread`, and that scale.
    pub(crate) knee: Option<(f64, f64)>,
}

/// How much is known of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Halve the step until the error is that of rounding.
    Exact,
    /// Halve it until the error is about 1e-4: good for finding one's way.
    Scan,
}

impl Effort {
    fn first_step(self) -> f64 {
        match self {
            Self::Exact => FIRST_STEP,
            Self::Scan => SCAN_STEP,
        }
    }

    /// Largest difference of the two sets of nodes that is taken for convergence.
    pub(crate) fn agreement(self) -> f64 {
        match self {
            Self::Exact => AGREEMENT,
            Self::Scan => SCAN_AGREEMENT,
        }
    }
}

/// Integrals of the weight, and means of functions under it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integral<const N: usize> {
    /// Logarithm of the integral of the weight.
    pub(crate) ln_total: f64,
    /// Means of the functions with respect to the weight.
    pub(crate) means: [f64; N],
}

/// First step, in standard deviations. For a normal weight it leaves 1e-13; the skewed ones of small counts mostly pass the check with
/// it too, which a longer first step would fail and have to repeat.
const FIRST_STEP: f64 = 0.8;
/// First step of a scan: 3e-4 for a normal weight.
const SCAN_STEP: f64 = 1.5;
/// First step of the hyperbolic sine.
const FIRST_SINH_STEP: f64 = 0.3;
/// The error of a step is at most about the square of the error of twice the step (and its fourth power for a normal weight), which
/// is half of the difference between the two sets of nodes.
const AGREEMENT: f64 = 1e-7;
/// The same for a scan.
const SCAN_AGREEMENT: f64 = 0.02;
/// Terms below this share of the sum end it; log-concave weights fall at least geometrically from there.
const NEGLIGIBLE: f64 = 1e-18;
/// More evaluations than any weight here takes; what still does not converge is refused.
const MOST_NODES: usize = 1 << 14;

/// Sums over one set of equally spaced nodes.
struct Sums<const N: usize> {
    total: f64,
    values: [f64; N],
    nodes: usize,
}

/// Integrates `exp(log weight)` and the means of `N` functions with respect to it; `f(eta, v)` returns the log weight and the values,
/// `v` being the distance from the centre in spreads. The first of the values must be a multiple of `v`: with it a lucky phase of the
/// nodes cannot pass for convergence.
///
/// `None` if the weight is not integrable in doubles: never zero or NaN at its centre for the callers' weights.
pub(crate) fn integrate<const N: usize>(
    place: Placement,
    effort: Effort,
    mut f: impl FnMut(f64, f64) -> (f64, [f64; N]),
) -> Option<Integral<N>> {
    let Placement { centre, spread, knee } = place;
    let peak = f(centre, 0.0).0;
    if !(peak.is_finite() && spread > 0.0 && spread.is_finite()) {
        return None;
    }
    match knee {
        None => {
            // Integral of d eta = spread dv.
            let node = |v: f64| {
                let (log, values) = f(centre + spread * v, v);
                ((log - peak).exp(), values)
            };
            converge(effort.first_step(), effort, node)
                .map(|(sum, means)| Integral { ln_total: peak + (sum * spread).ln(), means })
        }
        Some((knee, width)) => {
            let start = ((centre - knee) / width).asinh();
            let slope = width * start.cosh();
            let first = FIRST_SINH_STEP.min(effort.first_step() * spread / slope);
            let node = |t: f64| {
                let at = start + t;
                // The distance from the centre without the cancellation of two far places.
                let distance = 2.0 * width * (0.5 * t).sinh() * (start + 0.5 * t).cosh();
                let (log, values) = f(centre + distance, distance / spread);
                ((log - peak).exp() * (at.cosh() / start.cosh()), values)
            };
            converge(first, effort, node).map(|(sum, means)| Integral { ln_total: peak + (sum * slope).ln(), means })
        }
    }
}

fn converge<const N: usize>(
    first: f64,
    effort: Effort,
    mut node: impl FnMut(f64) -> (f64, [f64; N]),
) -> Option<(f64, [f64; N])> {
    let mut step = first;
    let mut all = sweep(step, 0.0, f64::INFINITY, &mut node)?;
    let mut used = all.nodes;
    loop {
        let between = sweep(step, 0.5 * step, all.total, &mut node)?;
        used += between.nodes;
        let shift = (all.values[0] / all.total - between.values[0] / between.total).abs();
        let change = (all.total / between.total - 1.0).abs().max(shift);
        all.total += between.total;
        for (sum, more) in all.values.iter_mut().zip(between.values) {
            *sum += more;
        }
        step *= 0.5;
        if change <= effort.agreement() {
            return Some((all.total * step, all.values.map(|x| x / all.total)));
        }
        if used > MOST_NODES || !change.is_finite() {
            return None;
        }
    }
}

/// Sums at `offset + j step` for all integers j, outwards from the centre to where nothing is left.
fn sweep<const N: usize>(
    step: f64,
    offset: f64,
    known: f64,
    node: &mut impl FnMut(f64) -> (f64, [f64; N]),
) -> Option<Sums<N>> {
    let mut sums = Sums { total: 0.0, values: [0.0; N], nodes: 0 };
    // Towards the right from the offset, then towards the left of it.
    for (start, direction) in [(offset, 1.0), (offset - step, -1.0)] {
        let mut last = f64::INFINITY;
        let mut j = 0.0;
        loop {
            let (weight, values) = node(start + direction * j * step);
            if !weight.is_finite() || sums.nodes > MOST_NODES {
                return None;
            }
            sums.nodes += 1;
            if weight > 0.0 {
                sums.total += weight;
                for (sum, value) in sums.values.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
            let scale = if known.is_finite() { known } else { sums.total };
            if weight <= NEGLIGIBLE * scale && weight <= last {
                break;
            }
            last = weight;
            j += 1.0;
        }
    }
    (sums.total > 0.0).then_some(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(centre: f64, spread: f64) -> Placement {
        Placement { centre, spread, knee: None }
    }

    #[test]
    fn moments_of_the_normal_distribution() {
        let (mut calls, ln_2pi) = (0, (2.0 * std::f64::consts::PI).ln());
        let found = integrate(plain(0.3, 2.0), Effort::Exact, |x, v| {
            calls += 1;
            (-0.5 * ((x - 0.3) / 2.0).powi(2), [v, v.powi(2), v.powi(4)])
        })
        .expect("integrable");
        assert!((found.ln_total - 0.5 * ln_2pi - 2.0_f64.ln()).abs() < 1e-15);
        assert!(found.means[0].abs() < 1e-15);
        assert!((found.means[1] - 1.0).abs() < 1e-14);
        assert!((found.means[2] - 3.0).abs() < 1e-13);
        assert!(calls <= 56, "{calls} evaluations");
    }

    #[test]
    fn a_poor_centre_costs_evaluations_and_no_digits() {
        let f = |x: f64, v: f64| (x - x.exp(), [v]); // a log-gamma(1) density: its integral is 1
        for (centre, spread) in [(0.0, 1.0), (0.9, 0.6), (-1.2, 1.7), (0.1, 3.0)] {
            let found = integrate(plain(centre, spread), Effort::Exact, f).expect("integrable");
            assert!(found.ln_total.abs() < 2e-14, "{centre} {spread}: {:e}", found.ln_total);
            let mean = centre + spread * found.means[0];
            assert!((mean + 0.577_215_664_901_532_9).abs() < 1e-13, "{mean}");
        }
    }

    #[test]
    fn a_step_under_a_wide_normal_density() {
        // E[1 / (1 + exp(s Z))] = 1/2 by symmetry, for any s.
        for s in [5.0, 100.0, 1e4, 1e8, 1e17_f64] {
            let f = |x: f64, v: f64| (-x.max(0.0) - (-x.abs()).exp().ln_1p() - 0.5 * (x / s).powi(2), [v]);
            let centre = -(s.min(1.0 + (s * s).ln())).min(20.0);
            let place = Placement { centre, spread: s, knee: Some((0.0, 1.0)) };
            let found = integrate(place, Effort::Exact, f).expect("integrable");
            let expected = (0.5 * s * (2.0 * std::f64::consts::PI).sqrt()).ln();
            assert!(
                (found.ln_total - expected).abs() < 1e-13 * expected.max(1.0),
                "{s}: {:e}",
                found.ln_total - expected
            );
        }
    }

    #[test]
    fn a_scan_is_good_to_three_digits() {
        let found = integrate(plain(0.0, 1.0), Effort::Scan, |x: f64, v| (x - x.exp(), [v])).expect("integrable");
        assert!(found.ln_total.abs() < 1e-3);
    }

    #[test]
    fn what_is_not_integrable_is_refused() {
        assert!(integrate(plain(0.0, 1.0), Effort::Exact, |_, v| (f64::NAN, [v])).is_none());
        assert!(integrate(plain(0.0, f64::INFINITY), Effort::Exact, |_, v| (0.0, [v])).is_none());
        assert!(integrate(plain(0.0, 1.0), Effort::Exact, |_, v| (0.0, [v])).is_none());
    }
}
