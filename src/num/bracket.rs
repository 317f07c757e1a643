//! A root between two points where a function has different signs.

use super::effort::evaluation;

/// The root of `f` between `a` and `b`, by Chandrupatla's method: inverse quadratic interpolation where it is safe,
/// bisection elsewhere, down to neighbouring doubles. `fa` and `fb` are the values at the ends, one of them
/// positive and the other not. It ends on any function, without a tolerance: after each bisection the bracket is
/// halved, and interpolation that fails to halve it three times in a row is replaced by bisection.
///
/// Chandrupatla TR (1997) Adv Eng Softw 28:145-149, doi:10.1016/S0965-9978(96)00051-8.
pub(crate) fn root((mut a, mut fa): (f64, f64), (mut b, mut fb): (f64, f64), mut f: impl FnMut(f64) -> f64) -> f64 {
    let (mut c, mut fc);
    let mut share = 0.5;
    let mut slow = 0;
    loop {
        let best = if fa.abs() < fb.abs() { a } else { b };
        let width = (b - a).abs();
        // As near as two doubles of this size can be told apart, and never an end itself.
        let least = f64::EPSILON * best.abs();
        if fa.abs() <= 0.0 || fb.abs() <= 0.0 || width <= 2.0 * least {
            return best;
        }
        let x = a + share * (b - a);
        if !(a.min(b) < x && x < a.max(b)) {
            return best;
        }
        evaluation();
        let fx = f(x);
        if (fx > 0.0) == (fa > 0.0) {
            (c, fc) = (a, fa);
        } else {
            (c, fc) = (b, fb);
            (b, fb) = (a, fa);
        }
        (a, fa) = (x, fx);
        slow = if (b - a).abs() > 0.5 * width { slow + 1 } else { 0 };
        let xi = (a - b) / (c - b);
        let phi = (fa - fb) / (fc - fb);
        let safe = slow < 3 && phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi;
        share = if safe {
            (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb))
        } else {
            0.5
        };
        let edge = (2.0 * f64::EPSILON * a.abs().max(b.abs()) / (b - a).abs()).min(0.5);
        share = if share.is_finite() { share.clamp(edge, 1.0 - edge) } else { 0.5 };
    }
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn smooth_flat_and_broken() {
        let run = |a: f64, b: f64, f: &dyn Fn(f64) -> f64| root((a, f(a)), (b, f(b)), f);
        assert!((run(0.0, 2.0, &|x| x * x - 2.0) - 2f64.sqrt()).abs() < 4e-16);
        assert!((run(-1.0, 3.0, &|x: f64| (x - 1.0).powi(9)) - 1.0).abs() < 1e-15);
        assert!((run(0.0, 4.0, &|x| if x < 2.5 { -1.0 } else { 1.0 }) - 2.5).abs() < 1e-15);
        assert!(run(-1.0, 2.0, &|x| x).abs() < 1e-300);
        assert!((run(1e-3, 1e6, &|x: f64| x.ln() - 3.0) - 3f64.exp()).abs() < 1e-14);
    }

    #[test]
    fn few_evaluations() {
        let mut calls = 0;
        root((0.0, -1.0), (1.0, f64::exp(1.0) - 2.0), |x| {
            calls += 1;
            x.exp() - 2.0 + (x - 1.0) * 0.0
        });
        assert!(calls < 12, "{calls}");
    }
}
