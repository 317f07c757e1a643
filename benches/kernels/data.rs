//! Units to fit, the same on every machine.
#![allow(dead_code, reason = "each program takes what it needs")]

use meta_analysis::{Effect, Effects, Measure};

/// Effects and variances of `units` units with `k` studies each, study-major: study `i` of unit `u` is at `i * units + u`.
///
/// tau2 is 0 in two fifths of the units, in the others I2 is 25, 50 or 80 %; standard errors are log-normal.
pub(crate) fn study_major(k: usize, units: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let normal = |uniform: &mut dyn FnMut() -> f64| (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let (mut y, mut v) = (vec![0.0; k * units], vec![0.0; k * units]);
    for unit in 0..units {
        let i2 = [0.0, 0.0, 0.25, 0.5, 0.8][(uniform() * 5.0) as usize % 5];
        let variances: Vec<f64> = (0..k).map(|_| normal(&mut uniform).exp() * 0.05).collect();
        let (first, second) = variances.iter().fold((0.0, 0.0), |(a, b), v| (a + 1.0 / v, b + 1.0 / (v * v)));
        let typical = (k as f64 - 1.0) * first / (first * first - second);
        let tau2 = i2 / (1.0 - i2) * typical;
        for (i, variance) in variances.into_iter().enumerate() {
            v[i * units + unit] = variance;
            y[i * units + unit] = 0.1 + (variance + tau2).sqrt() * normal(&mut uniform);
        }
    }
    (y, v)
}

/// One set of heterogeneous effects, I2 around 60 %.
pub(crate) fn single(k: usize) -> (Vec<f64>, Vec<f64>) {
    // the third unit has tau2 > 0 for every k that is measured
    let units = 8;
    let (y, v) = study_major(k, units, 3);
    let pick = |all: &[f64]| all.iter().skip(5).step_by(units).copied().collect();
    (pick(&y), pick(&v))
}

/// The same as effects that have labels.
pub(crate) fn effects(k: usize) -> Effects {
    let (y, v) = single(k);
    let rows = y.iter().zip(&v).enumerate();
    let rows = rows.map(|(i, (y, v))| (i.to_string(), Effect::from_variance(Measure::Generic, *y, *v).expect("valid")));
    Effects::from_rows(rows).expect("valid")
}

/// Two moderators of `k` studies.
pub(crate) fn moderators(k: usize) -> [Vec<f64>; 2] {
    [(0..k).map(|i| (i % 7) as f64).collect(), (0..k).map(|i| ((i * i) % 11) as f64).collect()]
}
