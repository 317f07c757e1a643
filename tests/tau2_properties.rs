//! Statements that hold for every data set, each for its own class of estimators. A tolerance on tau2 is relative to `tau2 + min v`.

use meta_analysis::tau2::{
    Likelihood, Tau2, Tau2Error, Tau2Set, Workspace, estimate, estimate_with_design, generalized_q, log_likelihood,
    q_profile,
};
use nalgebra::DMatrix;
use proptest::collection::vec;
use proptest::prelude::*;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Effects on a grid of 2^-20, so that shifting them by an integer is exact, and variances over six orders of magnitude.
fn studies(k: core::ops::Range<usize>) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    k.prop_flat_map(|k| {
        let effect = (-3.0..3.0_f64).prop_map(|y| (y * 1_048_576.0).round() / 1_048_576.0);
        let variance = (-12.0..2.0_f64).prop_map(f64::exp);
        (vec(effect, k), vec(variance, k))
    })
}

fn least(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(v: &[f64]) -> f64 {
    v.iter().copied().fold(0.0, f64::max)
}

/// The estimators that so many studies allow.
fn estimators(k: usize) -> impl Iterator<Item = Tau2> {
    let needs_three = Tau2::BayesMode(Likelihood::Restricted);
    Tau2::ESTIMATORS.into_iter().filter(move |method| k > 2 || *method != needs_three)
}

/// Residual sum of squares about the unweighted mean.
fn rss(y: &[f64]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    y.iter().map(|y| (y - mean) * (y - mean)).sum()
}

fn tau2(y: &[f64], v: &[f64], method: Tau2) -> f64 {
    estimate(y, v, method).expect("sound data").tau2
}

fn mean_at(y: &[f64], v: &[f64], tau2: f64) -> meta_analysis::tau2::MeanAt {
    let mut workspace = Workspace::new();
    workspace.load(y, v).expect("sound data");
    workspace.mean_at(tau2).expect("finite")
}

fn chi_squared(y: &[f64], p: f64) -> f64 {
    ChiSquared::new((y.len() - 1) as f64).expect("df > 0").inverse_cdf(p)
}

/// The Q-profile set of a level.
fn set(y: &[f64], v: &[f64], level: f64) -> Tau2Set {
    let tail = (1.0 - level) / 2.0;
    q_profile(y, v, chi_squared(y, 1.0 - tail), chi_squared(y, tail)).expect("a set")
}

macro_rules! near {
    ($a:expr, $b:expr, $tolerance:expr, $($what:tt)+) => {{
        let (a, b): (f64, f64) = ($a, $b);
        prop_assert!((a - b).abs() <= $tolerance, "{}: {:e} and {:e}", format!($($what)+), a, b);
    }};
}

/// A mode nearly as high as the global one makes the estimate jump under rounding.
fn nearly_tied(y: &[f64], v: &[f64], method: Tau2) -> bool {
    let certificate = estimate(y, v, method).expect("sound data").certificate;
    certificate.is_some_and(|c| c.gap.is_some_and(|gap| gap < 1e-9))
}

/// Any double, or one of moderate size, or 0.
fn wild() -> impl Strategy<Value = f64> {
    let moderate = (-40.0..40.0_f64, any::<bool>()).prop_map(
        |(e, negative)| {
            if negative { -10_f64.powf(e) } else { 10_f64.powf(e) }
        },
    );
    prop_oneof![1 => any::<f64>(), 20 => moderate, 2 => Just(0.0)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p01_a_shift_changes_nothing_but_the_mean((y, v) in studies(2..15), shift in -1000_i32..1000) {
        let moved: Vec<f64> = y.iter().map(|y| y + f64::from(shift)).collect();
        for method in estimators(y.len()) {
            prop_assert_eq!(estimate(&y, &v, method), estimate(&moved, &v, method));
        }
        let (a, b) = (mean_at(&y, &v, 0.1), mean_at(&moved, &v, 0.1));
        near!(a.mean + f64::from(shift), b.mean, 4.0 * f64::EPSILON * (3.0 + f64::from(shift).abs()), "mean");
        prop_assert_eq!(a.q.to_bits(), b.q.to_bits());
    }

    #[test]
    fn p02_the_sign_does_not_matter((y, v) in studies(2..15)) {
        let negative: Vec<f64> = y.iter().map(|y| -y).collect();
        for method in estimators(y.len()) {
            prop_assert_eq!(estimate(&y, &v, method), estimate(&negative, &v, method));
        }
        let (a, b) = (mean_at(&y, &v, 0.1).mean, mean_at(&negative, &v, 0.1).mean);
        prop_assert_eq!(a.to_bits(), (-b).to_bits());
    }

    #[test]
    fn p03_powers_of_two_are_exact((y, v) in studies(2..15), exponent in -498_i32..498) {
        let a = 2.0_f64.powi(exponent);
        let (ay, av): (Vec<f64>, Vec<f64>) = (y.iter().map(|y| a * y).collect(), v.iter().map(|v| a * (a * v)).collect());
        for method in estimators(y.len()) {
            let (one, other) = (estimate(&y, &v, method).unwrap(), estimate(&ay, &av, method).unwrap());
            prop_assert_eq!((a * (a * one.tau2)).to_bits(), other.tau2.to_bits(), "{}", method);
            prop_assert_eq!(one.se.map(|se| (a * (a * se)).to_bits()), other.se.map(f64::to_bits));
            prop_assert_eq!(one.evaluations, other.evaluations);
        }
        let (one, other) = (mean_at(&y, &v, 0.1), mean_at(&ay, &av, a * (a * 0.1)));
        prop_assert_eq!((a * one.mean).to_bits(), other.mean.to_bits());
        prop_assert_eq!((a * one.standard_error).to_bits(), other.standard_error.to_bits());
        prop_assert_eq!(one.q.to_bits(), other.q.to_bits());
    }

    #[test]
    fn p03_any_unit_will_do((y, v) in studies(2..15), log10 in -140.0..140.0_f64) {
        let a = 10.0_f64.powf(log10);
        let (ay, av): (Vec<f64>, Vec<f64>) = (y.iter().map(|y| a * y).collect(), v.iter().map(|v| a * v * a).collect());
        for method in estimators(y.len()) {
            if nearly_tied(&y, &v, method) { continue; }
            let (one, other) = (tau2(&y, &v, method), tau2(&ay, &av, method) / a / a);
            // Rounding the rescaled effects moves them by eps times their size.
            let input = 8.0 * f64::EPSILON * 9.0;
            near!(one, other, 1.1e-12 * (one + least(&v)) + input, "{method}");
        }
        let k = y.len() as f64;
        for (kind, contrasts) in [(Likelihood::Restricted, k - 1.0), (Likelihood::Full, k)] {
            let one = log_likelihood(&y, &v, 0.3, kind).unwrap();
            let other = log_likelihood(&ay, &av, a * 0.3 * a, kind).unwrap();
            near!(one - contrasts * a.ln(), other, 1e-12 * (1.0 + other.abs() + contrasts * a.ln().abs()), "log-likelihood");
        }
    }

    #[test]
    fn p04_order_does_not_matter((y, v) in studies(2..15), by in 0_usize..15) {
        let (mut ry, mut rv) = (y.clone(), v.clone());
        let by = by % y.len();
        ry.rotate_left(by);
        rv.rotate_left(by);
        ry.reverse();
        rv.reverse();
        for method in estimators(y.len()) {
            if nearly_tied(&y, &v, method) { continue; }
            let (one, other) = (tau2(&y, &v, method), tau2(&ry, &rv, method));
            near!(one, other, 1.2e-12 * (one + least(&v)), "{method}");
        }
    }

    #[test]
    fn p05_p06_the_basis_of_the_design_does_not_matter((y, v) in studies(5..15), slope in -2.0..2.0_f64, mix in 0.5..2.0_f64) {
        let k = y.len();
        let x = DMatrix::from_fn(k, 2, |i, j| if j == 0 { 1.0 } else { ((7 * i) % 5) as f64 });
        let a = DMatrix::from_row_slice(2, 2, &[1.0, mix, -mix, 1.0]);
        let fitted: Vec<f64> = y.iter().enumerate().map(|(i, y)| y + slope * x[(i, 1)]).collect();
        for method in estimators(y.len()) {
            let base = estimate_with_design(&y, &v, &x, method).unwrap();
            if base.certificate.as_ref().is_some_and(|c| c.gap.is_some_and(|gap| gap < 1e-6)) { continue; }
            let basis = estimate_with_design(&y, &v, &(&x * &a), method).unwrap().tau2;
            let moved = estimate_with_design(&fitted, &v, &x, method).unwrap().tau2;
            // Changing the design or the effects rounds the inputs; that counts relative to their size.
            let input = 1e-13;
            near!(base.tau2, basis, 6e-12 * (base.tau2 + least(&v)) + input, "{method}, basis");
            near!(base.tau2, moved, 6e-12 * (base.tau2 + least(&v)) + input, "{method}, fitted part");
        }
    }

    #[test]
    fn p07_p08_order_among_estimators((y, v) in studies(2..15)) {
        prop_assert!(tau2(&y, &v, Tau2::MaximumLikelihood) <= tau2(&y, &v, Tau2::Reml));
        prop_assert!(tau2(&y, &v, Tau2::HunterSchmidt) <= tau2(&y, &v, Tau2::DerSimonianLaird));
    }

    #[test]
    fn p09_bounds((y, v) in studies(2..15)) {
        let (rss, df) = (rss(&y), (y.len() - 1) as f64);
        let room = 1e-12 * (rss + most(&v));
        for method in [Tau2::Reml, Tau2::MaximumLikelihood] {
            prop_assert!(tau2(&y, &v, method) <= (rss - least(&v)).max(0.0) + room);
        }
        let pm = tau2(&y, &v, Tau2::PauleMandel);
        prop_assert!(rss / df - most(&v) <= pm + room);
        prop_assert!(pm <= (rss / df - least(&v)).max(0.0) + room);
    }

    #[test]
    fn p10_paule_mandel_and_dersimonian_laird_vanish_together((y, v) in studies(2..15), shrink in -4.0..0.0_f64) {
        let y: Vec<f64> = y.iter().map(|y| y * 10.0_f64.powf(shrink)).collect();
        let q = generalized_q(&y, &v, 0.0).unwrap();
        let low = q <= (y.len() - 1) as f64;
        prop_assert_eq!(tau2(&y, &v, Tau2::DerSimonianLaird) <= 0.0, low);
        let pm = estimate(&y, &v, Tau2::PauleMandel).unwrap();
        prop_assert_eq!(pm.tau2 <= 0.0, low);
        prop_assert_eq!(pm.at_boundary, low);
    }

    #[test]
    fn p11_nothing_is_higher_than_the_global_maximum((y, v) in studies(2..15), at in vec(-8.0..3.0_f64, 30)) {
        for (method, kind) in [(Tau2::Reml, Likelihood::Restricted), (Tau2::MaximumLikelihood, Likelihood::Full)] {
            let best = log_likelihood(&y, &v, tau2(&y, &v, method), kind).unwrap();
            for tau2 in at.iter().map(|at| 10.0_f64.powf(*at)) {
                let other = log_likelihood(&y, &v, tau2, kind).unwrap();
                prop_assert!(other <= best + 1e-12 * (1.0 + best.abs()), "{} at {}", method, tau2);
            }
        }
    }

    #[test]
    fn p12_q_falls((y, v) in studies(2..15), at in -6.0..3.0_f64, by in 0.001..1.0_f64) {
        prop_assume!(rss(&y) > 0.0);
        let (left, right) = (10.0_f64.powf(at), 10.0_f64.powf(at + by));
        prop_assert!(generalized_q(&y, &v, left).unwrap() > generalized_q(&y, &v, right).unwrap());
    }

    #[test]
    fn p13_p14_p15_q_profile_sets((y, v) in studies(2..15), shrink in -3.0..0.0_f64) {
        let y: Vec<f64> = y.iter().map(|y| y * 10.0_f64.powf(shrink)).collect();
        let pm = tau2(&y, &v, Tau2::PauleMandel);
        let q = generalized_q(&y, &v, 0.0).unwrap();
        let mut inner = Tau2Set::Empty;
        for level in [0.5, 0.8, 0.95, 0.99] {
            let tail = (1.0 - level) / 2.0;
            let set = set(&y, &v, level);
            prop_assert_eq!(set == Tau2Set::Empty, q < chi_squared(&y, tail));
            if let Tau2Set::Interval { lower, upper } = set {
                prop_assert!(set.contains(pm), "{:?} without {}", set, pm);
                prop_assert_eq!(lower <= 0.0, q <= chi_squared(&y, 1.0 - tail));
                let ends = [(lower, chi_squared(&y, 1.0 - tail)), (upper, chi_squared(&y, tail))];
                for (end, target) in ends.into_iter().filter(|(end, _)| *end > 0.0) {
                    near!(generalized_q(&y, &v, end).unwrap() / target, 1.0, 1e-12, "Q at {end}");
                }
            }
            if let Tau2Set::Interval { lower, upper } = inner {
                prop_assert!(set.contains(lower) && set.contains(upper), "{:?} in {:?}", inner, set);
            }
            inner = set;
        }
    }

    #[test]
    fn p16_a_huge_tau2_weights_all_studies_alike((y, v) in studies(2..15)) {
        let at = mean_at(&y, &v, 1e15);
        near!(at.mean, y.iter().sum::<f64>() / y.len() as f64, 1e-13, "mean");
        near!(1e15 * at.q, rss(&y), 1e-12 * rss(&y), "Q");
    }

    #[test]
    fn p17_hartung_knapp_factor_is_one_at_paule_mandel((y, v) in studies(2..15)) {
        let pm = tau2(&y, &v, Tau2::PauleMandel);
        let factor = mean_at(&y, &v, pm).hartung_knapp.unwrap();
        if pm > 0.0 {
            near!(factor, 1.0, 1e-13, "factor");
        } else {
            prop_assert!(factor <= 1.0);
        }
    }

    #[test]
    fn p18_repeating_every_study((y, v) in studies(2..12), times in 2_usize..4) {
        let (many_y, many_v) = (y.repeat(times), v.repeat(times));
        for method in [Tau2::MaximumLikelihood, Tau2::HunterSchmidt] {
            if nearly_tied(&y, &v, method) { continue; }
            let one = tau2(&y, &v, method);
            near!(one, tau2(&many_y, &many_v, method), 1e-12 * (one + least(&v)), "{method}");
        }
    }

    #[test]
    fn p19_a_study_that_says_nothing((y, v) in studies(2..12), effect in -3.0..3.0_f64) {
        let (mut more_y, mut more_v) = (y.clone(), v.clone());
        more_y.push(effect);
        more_v.push(1e25);
        for method in [Tau2::MaximumLikelihood, Tau2::Reml] {
            if nearly_tied(&y, &v, method) { continue; }
            let one = tau2(&y, &v, method);
            near!(one, tau2(&more_y, &more_v, method), 1e-11 * (one + least(&v)), "{method}");
        }
    }

    #[test]
    fn p20_splitting_a_study((y, v) in studies(2..12), share in 0.1..0.9_f64, apart in -2.0..2.0_f64) {
        // Study 0 becomes two with its inverse-variance weighted mean and its total precision.
        let (va, vb) = (v[0] / share, v[0] / (1.0 - share));
        let (ya, yb) = (y[0] + apart * (1.0 - share), y[0] - apart * share);
        let split_y: Vec<f64> = [ya, yb].into_iter().chain(y[1..].iter().copied()).collect();
        let split_v: Vec<f64> = [va, vb].into_iter().chain(v[1..].iter().copied()).collect();
        let (one, two) = (mean_at(&y, &v, 0.0), mean_at(&split_y, &split_v, 0.0));
        near!(one.mean, two.mean, 1e-13 * (3.0 + apart.abs()), "mean");
        near!(one.standard_error / two.standard_error, 1.0, 1e-14, "se");
        let q = one.q + (ya - yb) * (ya - yb) / (va + vb);
        near!(q, two.q, 1e-12 * q, "Q");
    }

    #[test]
    fn p21_equal_variances((y, _) in studies(2..15), v in -12.0..2.0_f64) {
        let v = v.exp();
        let vs = std::vec![v; y.len()];
        let (k, rss) = (y.len() as f64, rss(&y));
        let scale = rss / k + v;
        let unbiased = (rss / (k - 1.0) - v).max(0.0);
        for method in [Tau2::DerSimonianLaird, Tau2::Hedges, Tau2::PauleMandel, Tau2::Reml] {
            near!(tau2(&y, &vs, method), unbiased, 2.5e-14 * scale, "{method}");
        }
        for method in [Tau2::MaximumLikelihood, Tau2::HunterSchmidt] {
            near!(tau2(&y, &vs, method), (rss / k - v).max(0.0), 2.5e-14 * scale, "{method}");
        }
        let crude = rss / k;
        near!(tau2(&y, &vs, Tau2::SidikJonkman), rss / (k - 1.0) * (crude / (v + crude)), 2.5e-14 * scale, "SJ");
        let likelihoods = [Tau2::MaximumLikelihood, Tau2::Reml];
        for certificate in likelihoods.map(|method| estimate(&y, &vs, method).unwrap().certificate.unwrap()) {
            prop_assert!(certificate.unimodal);
        }
    }

    #[test]
    fn p22_two_studies((y, v) in studies(2..3)) {
        // One contrast z ~ N(0, t + tau2).
        let (z2, t) = ((y[0] - y[1]).powi(2) / 2.0, (v[0] + v[1]) / 2.0);
        let truth = (z2 - t).max(0.0);
        for method in [Tau2::DerSimonianLaird, Tau2::Hedges, Tau2::PauleMandel, Tau2::Reml] {
            near!(tau2(&y, &v, method), truth, 1e-14 * (z2 + t), "{method}");
        }
    }

    #[test]
    fn p23_morris_equation_holds_at_paule_mandel((y, v) in studies(2..15)) {
        let pm = tau2(&y, &v, Tau2::PauleMandel);
        prop_assume!(pm > 0.0);
        let mean = mean_at(&y, &v, pm).mean;
        let (k, df) = (y.len() as f64, (y.len() - 1) as f64);
        let terms = y.iter().zip(&v).map(|(y, v)| {
            let w = 1.0 / (v + pm);
            (w, w * (k / df * (y - mean).powi(2) - v))
        });
        let (weights, numerator) = terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1));
        near!(numerator / weights, pm, 1e-12 * (pm + most(&v)), "Morris");
    }

    #[test]
    fn certificates_prove_what_they_say((y, v) in studies(2..15)) {
        for (method, kind) in [(Tau2::Reml, Likelihood::Restricted), (Tau2::MaximumLikelihood, Likelihood::Full)] {
            let fit = estimate(&y, &v, method).unwrap();
            let certificate = fit.certificate.unwrap();
            prop_assert!(certificate.residual < 1e-12);
            prop_assert_eq!(certificate.unimodal, certificate.gap.is_none());
            prop_assert_eq!(certificate.evaluations, fit.evaluations);
            prop_assert_eq!(fit.at_boundary, fit.tau2 <= 0.0);
            prop_assert!(certificate.maxima.len() <= y.len());
            prop_assert!(certificate.maxima.is_sorted_by(|a, b| a.tau2 < b.tau2));
            prop_assert!(certificate.maxima.iter().any(|m| m.tau2.to_bits() == fit.tau2.to_bits()));
            for maximum in &certificate.maxima {
                let direct = log_likelihood(&y, &v, maximum.tau2, kind).unwrap();
                near!(maximum.log_likelihood, direct, 1e-12 * (1.0 + direct.abs()), "log-likelihood");
                // Neighbours on both sides are no higher, up to rounding.
                for factor in [0.999, 1.001] {
                    let aside = log_likelihood(&y, &v, maximum.tau2 * factor, kind).unwrap();
                    prop_assert!(aside <= maximum.log_likelihood + 1e-12 * (1.0 + direct.abs()));
                }
            }
        }
    }

    #[test]
    fn a_workspace_remembers_nothing((y, v) in studies(2..15), (y2, v2) in studies(2..15)) {
        let mut workspace = Workspace::new();
        workspace.load(&y2, &v2).unwrap();
        for method in estimators(y2.len()) {
            workspace.certify(method).unwrap();
        }
        workspace.load(&y, &v).unwrap();
        for method in estimators(y.len()) {
            prop_assert_eq!(workspace.certify(method), estimate(&y, &v, method));
            prop_assert_eq!(workspace.estimate(method).unwrap().tau2.to_bits(), tau2(&y, &v, method).to_bits());
        }
    }

    #[test]
    fn nothing_panics_and_nothing_is_nan(y in vec(wild(), 0..6), v in vec(wild(), 0..6), t in wild()) {
        let v: Vec<f64> = v.iter().map(|v| v.abs()).collect();
        for method in Tau2::ESTIMATORS.into_iter().chain([Tau2::Fixed(t)]) {
            if let Ok(fit) = estimate(&y, &v, method) {
                prop_assert!(fit.tau2.is_finite() && fit.tau2 >= 0.0);
                prop_assert!(fit.se.is_none_or(|se| se.is_finite() && se >= 0.0));
            }
        }
        let mut workspace = Workspace::new();
        if workspace.load(&y, &v).is_ok() {
            if let Ok(at) = workspace.mean_at(t.abs()) {
                prop_assert!(at.mean.is_finite() && at.standard_error.is_finite() && at.q.is_finite());
            }
            for kind in [Likelihood::Restricted, Likelihood::Full] {
                prop_assert!(workspace.log_likelihood(t, kind).map_or(true, f64::is_finite));
            }
            if let Ok(Tau2Set::Interval { lower, upper }) = workspace.q_profile(t.abs(), 0.5) {
                prop_assert!(0.0 <= lower && lower <= upper && upper.is_finite());
            }
        }
    }
}

/// Standard normal numbers from a seed (Box-Muller on a 64-bit generator), so that the simulations below never change.
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (core::f64::consts::TAU * b).cos()
    }
}

#[test]
fn p24_the_q_profile_set_covers_as_often_as_it_says() {
    let v: [f64; 7] = [0.02, 0.3, 0.05, 1.2, 0.09, 0.4, 0.01];
    let tau2 = 0.15_f64;
    let mut normal = Normal(24);
    let runs = 4000;
    let mut covered = 0;
    for _ in 0..runs {
        let y: Vec<f64> = v.iter().map(|v| 0.7 + (v + tau2).sqrt() * normal.next()).collect();
        covered += usize::from(set(&y, &v, 0.95).contains(tau2));
    }
    // Three standard deviations of a binomial proportion.
    let error = covered as f64 / runs as f64 - 0.95;
    assert!(error.abs() < 3.0 * (0.95 * 0.05 / runs as f64).sqrt(), "{error}");
}

#[test]
fn p25_q_is_chi_squared_without_heterogeneity() {
    let v: [f64; 7] = [0.02, 0.3, 0.05, 1.2, 0.09, 0.4, 0.01];
    let mut normal = Normal(25);
    let chi_squared = ChiSquared::new(6.0).unwrap();
    let runs = 4000;
    let mut p: Vec<f64> = (0..runs)
        .map(|_| {
            let y: Vec<f64> = v.iter().map(|v| v.sqrt() * normal.next()).collect();
            chi_squared.cdf(generalized_q(&y, &v, 0.0).unwrap())
        })
        .collect();
    p.sort_by(f64::total_cmp);
    let n = runs as f64;
    let distance = |(i, p): (usize, &f64)| (p - i as f64 / n).max((i + 1) as f64 / n - p);
    let largest = p.iter().enumerate().map(distance).fold(0.0, f64::max);
    // The Kolmogorov-Smirnov distance exceeds this with probability 0.001.
    assert!(largest < 1.95 / n.sqrt(), "{largest}");
}

#[test]
fn zero_variances_have_the_limits_that_exist() {
    // Truth by mpmath at 120 digits, from the equations with the variance at exactly 0.
    let y = [0.1, 0.3, 0.35, 0.65, 0.45, 0.15];
    let cases = [
        ([0.0, 0.03, 0.05, 0.01, 0.05, 0.02], 0.041813141958766335, None, 0.03104510346661612),
        ([0.03, 0.03, 0.05, 0.0, 0.05, 0.02], 0.042370615807407225, None, 0.029715594585968223),
        ([0.0, 0.0, 0.05, 0.01, 0.05, 0.02], 0.03754246619093035, Some(0.02960251466629748), 0.031065805552186382),
        ([0.03, 0.0, 0.05, 0.01, 0.05, 0.0], 0.033201055629175365, Some(0.02532114396793424), 0.027806992839867328),
    ];
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-14;
    for (v, reml, ml, pm) in cases {
        let index = v.iter().position(|v| *v <= 0.0).unwrap();
        assert!(close(tau2(&y, &v, Tau2::Reml), reml));
        assert!(close(tau2(&y, &v, Tau2::PauleMandel), pm));
        match ml {
            Some(ml) => assert!(close(tau2(&y, &v, Tau2::MaximumLikelihood), ml)),
            None => assert_eq!(estimate(&y, &v, Tau2::MaximumLikelihood), Err(Tau2Error::UnboundedLikelihood)),
        }
        for method in [Tau2::DerSimonianLaird, Tau2::HunterSchmidt] {
            assert_eq!(estimate(&y, &v, method), Err(Tau2Error::ZeroVariance { index }));
        }
        for method in [Tau2::Hedges, Tau2::SidikJonkman] {
            assert!(tau2(&y, &v, method) > 0.0);
        }
        let ones = DMatrix::from_element(6, 1, 1.0);
        for method in [Tau2::Reml, Tau2::PauleMandel, Tau2::MaximumLikelihood] {
            let (a, b) = (estimate(&y, &v, method), estimate_with_design(&y, &v, &ones, method));
            match (a, b) {
                (Ok(a), Ok(b)) => assert!(close(a.tau2, b.tau2)),
                (a, b) => assert_eq!(a, b),
            }
        }
        assert_eq!(generalized_q(&y, &v, 0.0), Err(Tau2Error::ZeroVariance { index }));
    }
    // All variances 0: the sample variance, with divisor k under maximum likelihood.
    let (none, s2) = ([0.0; 6], rss(&y) / 5.0);
    for method in [Tau2::Reml, Tau2::PauleMandel, Tau2::Hedges] {
        assert!(close(tau2(&y, &none, method), s2), "{method}");
    }
    // At tau2 = 0 the weights of these studies do not exist, nor does a standard error that needs them.
    let pm = estimate(&[0.3, 0.3, 0.31], &[0.0, 0.0, 9.0], Tau2::PauleMandel).unwrap();
    assert!(pm.at_boundary && pm.se.is_none());
    assert_eq!(estimate(&[0.3; 3], &[0.1; 3], Tau2::SidikJonkman).unwrap().se, None);
    assert!(close(tau2(&y, &none, Tau2::MaximumLikelihood), s2 * 5.0 / 6.0));
}

/// Moves one effect, one bit at the end, to where the better of two maxima changes.
#[test]
fn a_tie_is_flagged_and_goes_to_the_larger_tau2() {
    let v = [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591];
    let y = |effect: f64| [-0.2683, -0.6069, -0.4356, effect, -0.2211, -0.2508];
    let fit = |effect: f64| estimate(&y(effect), &v, Tau2::Reml).unwrap();
    let (mut low, mut high) = (0.55, 0.6483);
    assert!(fit(low).at_boundary);
    assert!(fit(high).tau2 > 0.04);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if fit(middle).at_boundary { low = middle } else { high = middle }
    }
    let tied = fit(high);
    let certificate = tied.certificate.unwrap();
    assert_eq!(certificate.maxima.len(), 2);
    assert!(certificate.tie && certificate.gap.unwrap() < 1e-13, "{certificate:?}");
    assert_eq!(tied.tau2.to_bits(), certificate.maxima[1].tau2.to_bits());
    assert!(!fit(high + 1e-6).certificate.unwrap().tie);
}

#[test]
fn unbounded_likelihoods_are_refused() {
    let y = [0.3, 0.3, 0.5, 0.9];
    let v = [0.0, 0.0, 0.1, 0.2];
    for method in [Tau2::Reml, Tau2::MaximumLikelihood] {
        assert_eq!(estimate(&y, &v, method), Err(Tau2Error::UnboundedLikelihood));
    }
    // Two zero variances fitted exactly by an intercept and a slope: the full likelihood only. Three on a line: both.
    let x = DMatrix::from_fn(6, 2, |i, j| if j == 0 { 1.0 } else { i as f64 });
    let y = [0.1, 0.3, 0.5, 0.2, 0.9, 0.4];
    let two = [0.0, 0.0, 0.1, 0.2, 0.1, 0.3];
    assert_eq!(estimate_with_design(&y, &two, &x, Tau2::MaximumLikelihood), Err(Tau2Error::UnboundedLikelihood));
    assert!(estimate_with_design(&y, &two, &x, Tau2::Reml).unwrap().tau2 > 0.0);
    let three = [0.0, 0.0, 0.0, 0.2, 0.1, 0.3];
    for method in [Tau2::Reml, Tau2::MaximumLikelihood] {
        assert_eq!(estimate_with_design(&y, &three, &x, method), Err(Tau2Error::UnboundedLikelihood));
    }
}

#[test]
fn every_fault_has_its_error() {
    let fit = |y: &[f64], v: &[f64]| estimate(y, v, Tau2::Reml).unwrap_err();
    assert_eq!(fit(&[], &[]), Tau2Error::Empty);
    assert_eq!(fit(&[1.0], &[1.0, 2.0]), Tau2Error::LengthMismatch { effects: 1, variances: 2 });
    assert_eq!(fit(&[1.0], &[1.0]), Tau2Error::TooFewStudies { k: 1, needed: 2 });
    assert!(matches!(fit(&[1.0, f64::NAN], &[1.0, 1.0]), Tau2Error::NonFiniteEffect { index: 1, .. }));
    assert!(matches!(fit(&[1.0, 2.0], &[f64::INFINITY, 1.0]), Tau2Error::NonFiniteVariance { index: 0, .. }));
    assert_eq!(fit(&[1.0, 2.0], &[1.0, -0.1]), Tau2Error::NegativeVariance { index: 1, value: -0.1 });
    assert_eq!(
        fit(&[1.0, 2.0, 3.0], &[1.0, 1e-100, 1.0]),
        Tau2Error::VarianceRatioOutOfRange { smallest: 1, largest: 0 }
    );
    assert_eq!(fit(&[1e200, -1e200], &[1e300, 1e300]), Tau2Error::Overflow);
    assert_eq!(fit(&[1e300, -1e300], &[1.0, 1.0]), Tau2Error::Overflow);
    for value in [-1.0, f64::INFINITY] {
        let error = estimate(&[1.0, 2.0], &[1.0, 1.0], Tau2::Fixed(value)).unwrap_err();
        assert_eq!(error, Tau2Error::InvalidTau2 { value });
    }
    let fixed = estimate(&[1.0], &[1.0], Tau2::Fixed(0.25)).unwrap();
    assert_eq!((fixed.tau2, fixed.se, fixed.evaluations), (0.25, None, 0));
    let (lower, upper) = (3.0, 2.0);
    assert_eq!(q_profile(&[1.0, 2.0], &[1.0, 1.0], upper, lower), Err(Tau2Error::InvalidQuantiles { lower, upper }));
    assert_eq!(Workspace::new().estimate(Tau2::Reml), Err(Tau2Error::Empty));
}

#[test]
fn an_offset_of_a_hundred_million_costs_no_digits() {
    // Effects a multiple of 2^-20 apart are exact at this offset.
    let y: Vec<f64> = [0.5, -0.25, 1.125, 0.75, -0.5].to_vec();
    let v = [0.04, 0.09, 0.02, 0.3, 0.11];
    let far: Vec<f64> = y.iter().map(|y| y + 1e8).collect();
    let (here, there) = (mean_at(&y, &v, 0.2), mean_at(&far, &v, 0.2));
    assert_eq!(here.q.to_bits(), there.q.to_bits());
    assert_eq!(here.standard_error.to_bits(), there.standard_error.to_bits());
    assert!((there.mean - 1e8 - here.mean).abs() <= 1e8 * f64::EPSILON);
}

#[test]
fn fits_survive_serialisation() {
    let fit = estimate(&[0.1, 0.9, 0.4], &[0.04, 0.09, 0.05], Tau2::Reml).unwrap();
    let text = serde_json::to_string(&fit).unwrap();
    assert_eq!(serde_json::from_str::<meta_analysis::tau2::Tau2Fit>(&text).unwrap(), fit);
    let method: Tau2 = serde_json::from_str("{\"Fixed\":-1.0}").unwrap();
    assert_eq!(estimate(&[0.1, 0.9], &[0.04, 0.09], method), Err(Tau2Error::InvalidTau2 { value: -1.0 }));
}
