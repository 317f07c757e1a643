//! The integral of a smooth function over an interval.

/// Nodes of the fifteen-point Kronrod rule on `[-1, 1]`, the middle one last; every second belongs to the seven-point Gauss rule.
const NODES: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];
const KRONROD: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_56,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];
const GAUSS: [f64; 4] =
    [0.129_484_966_168_869_7, 0.279_705_391_489_276_64, 0.381_830_050_505_118_9, 0.417_959_183_673_469_4];

/// Both rules may differ by this share of the whole, and the better one is then far closer than that.
const CLOSE: f64 = 1e-12;

/// More panels than any smooth function takes.
const MOST: u32 = 4096;

/// `(Kronrod, |Kronrod - Gauss|)` on one panel.
fn panel(a: f64, b: f64, f: &impl Fn(f64) -> f64) -> (f64, f64) {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    let (mut fine, mut coarse) = (0.0, 0.0);
    for (i, (node, weight)) in NODES.into_iter().zip(KRONROD).enumerate() {
        let value = if node > 0.0 { f(middle - half * node) + f(middle + half * node) } else { f(middle) };
        fine += weight * value;
        if i % 2 == 1 {
            coarse += GAUSS[i / 2] * value;
        }
    }
    (fine * half, (fine - coarse).abs() * half)
}

/// The integral of a function that is not negative, to about 1e-14 of it where the function is smooth: Gauss-Kronrod panels that are
/// halved until they agree. Where it is not smooth the halving ends at panels of 2^-40 of the interval.
///
/// Where it is known to fewer digits than asked for, as an exponential of a large logarithm is, no halving helps: after [`MOST`] panels the
/// rest is taken as it is.
///
/// Kronrod AS (1965) Nodes and Weights of Quadrature Formulas, Consultants Bureau.
pub(crate) fn integral(a: f64, b: f64, f: impl Fn(f64) -> f64) -> f64 {
    const PANELS: u32 = 2;
    let width = (b - a) / f64::from(PANELS);
    let mut stack: Vec<(f64, f64, f64, f64)> = Vec::with_capacity(64);
    let mut whole = 0.0;
    for i in (0..PANELS).rev() {
        let (left, right) = (a + width * f64::from(i), a + width * f64::from(i + 1));
        let (value, error) = panel(left, right, &f);
        whole += value;
        stack.push((left, right, value, error));
    }
    let least = (b - a) * 2f64.powi(-40);
    let (mut sum, mut halved) = (0.0, 0);
    while let Some((left, right, value, error)) = stack.pop() {
        // A NaN must not be divided for ever.
        if error <= CLOSE * whole || error.is_nan() || whole.is_nan() || right - left <= least || halved >= MOST {
            sum += value;
            continue;
        }
        halved += 1;
        whole -= value;
        let middle = 0.5 * (left + right);
        for (left, right) in [(middle, right), (left, middle)] {
            let (part, error) = panel(left, right, &f);
            // The best estimate so far: a first one that missed a peak would ask for the impossible.
            whole += part;
            stack.push((left, right, part, error));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::integral;

    #[test]
    fn noise_ends() {
        let calls = std::cell::Cell::new(0_u32);
        let noisy = |x: f64| {
            calls.set(calls.get() + 1);
            1.0 + 1e-6 * (1e9 * x).sin()
        };
        assert!((integral(0.0, 1.0, noisy) - 1.0).abs() < 1e-6);
        assert!(calls.get() <= 30 * (super::MOST + 1));
    }

    #[test]
    fn smooth_and_broken() {
        assert!((integral(0.0, 1.0, |x| x * x) - 1.0 / 3.0).abs() < 1e-16);
        let root_pi = std::f64::consts::PI.sqrt();
        assert!((integral(-9.0, 12.0, |x| (-x * x).exp()) / root_pi - 1.0).abs() < 4e-15);
        assert!((integral(0.0, 3.0, |x| if x < 1.0 { 0.0 } else { x }) - 4.0).abs() < 1e-11);
    }
}
