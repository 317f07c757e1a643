//! Statements about whole fits that hold for every data set.

use meta_analysis::{
    CommonEffect, Effect, Effects, ErrorKind, Inference, Measure, Pooled, Prediction, RandomEffects, Tau2,
    leave_one_out,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn studies(k: core::ops::Range<usize>) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    k.prop_flat_map(|k| (vec(-3.0..3.0_f64, k), vec((-6.0..2.0_f64).prop_map(f64::exp), k)))
}

fn effects(y: &[f64], v: &[f64]) -> Effects {
    let rows = y.iter().zip(v).enumerate();
    let rows = rows.map(|(i, (y, v))| (i.to_string(), Effect::from_variance(Measure::Generic, *y, *v).expect("valid")));
    Effects::from_rows(rows).expect("valid")
}

fn wald(tau2: Tau2, y: &[f64], v: &[f64]) -> Pooled {
    RandomEffects::new(tau2).inference(Inference::Wald).fit(&effects(y, v)).expect("fits")
}

/// Estimators without the ones that two studies are too few for.
fn estimators(k: usize) -> impl Iterator<Item = Tau2> {
    Tau2::ESTIMATORS.into_iter().filter(move |method| k > 2 || !matches!(method, Tau2::BayesMode(_)))
}

/// Estimators that are continuous in the data; likelihoods may jump from one mode to another.
const CONTINUOUS: [Tau2; 8] = [
    Tau2::DerSimonianLaird,
    Tau2::TwoStepDerSimonianLaird,
    Tau2::Hedges,
    Tau2::TwoStepHedges,
    Tau2::PauleMandel,
    Tau2::MedianUnbiasedPauleMandel,
    Tau2::HunterSchmidt,
    Tau2::SidikJonkman,
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn with_tau2_of_zero_random_effects_are_the_common_effect((y, v) in studies(2..12)) {
        let common = CommonEffect::new().inference(Inference::Wald).fit(&effects(&y, &v)).expect("fits");
        let zero = wald(Tau2::Fixed(0.0), &y, &v);
        let with = estimators(y.len()).map(|tau2| wald(tau2, &y, &v)).filter(|fit| fit.solution().tau2 == 0.0);
        for fit in std::iter::once(zero).chain(with) {
            let (ours, theirs) = (fit.estimate(), common.estimate());
            prop_assert_eq!(ours.value().to_bits(), theirs.value().to_bits());
            prop_assert_eq!(ours.se().to_bits(), theirs.se().to_bits());
            prop_assert_eq!(ours.interval(), theirs.interval());
            prop_assert_eq!(ours.p_value().to_bits(), theirs.p_value().to_bits());
            prop_assert_eq!(fit.heterogeneity().q.to_bits(), common.heterogeneity().q.to_bits());
            prop_assert_eq!(fit.weights(), common.weights());
        }
    }

    #[test]
    fn i2_and_h2_say_the_same((y, v) in studies(2..12)) {
        for method in estimators(y.len()) {
            let fit = wald(method, &y, &v);
            let h = fit.heterogeneity();
            prop_assert!((h.i2 - (h.h2 - 1.0) / h.h2).abs() < 1e-14, "{method} {h:?}");
            prop_assert!((0.0..1.0).contains(&h.i2) && h.h2 >= 1.0);
            let (i2, h2) = (h.i2_from_q(), h.h2_from_q());
            prop_assert!((i2 - ((h2 - 1.0) / h2).max(0.0)).abs() < 1e-14, "{i2} {h2}");
        }
    }

    /// Cochran's Q of all studies is that within two groups and that between their pooled effects.
    #[test]
    fn q_is_within_and_between((y, v) in studies(4..12), share in 0.2..0.8_f64) {
        let cut = ((y.len() as f64 * share) as usize).clamp(2, y.len() - 2);
        let q = |y: &[f64], v: &[f64]| CommonEffect::new().fit(&effects(y, v)).expect("fits");
        let (all, a, b) = (q(&y, &v), q(&y[..cut], &v[..cut]), q(&y[cut..], &v[cut..]));
        let of = |fit: &Pooled| (fit.estimate().value(), fit.estimate().se().powi(2));
        let ((ya, va), (yb, vb)) = (of(&a), of(&b));
        let between = q(&[ya, yb], &[va, vb]).heterogeneity().q;
        let parts = a.heterogeneity().q + b.heterogeneity().q + between;
        prop_assert!((all.heterogeneity().q - parts).abs() < 1e-12 * (1.0 + parts), "{parts} {:?}", all.heterogeneity());
    }

    #[test]
    fn leaving_one_out_is_fitting_the_others((y, v) in studies(4..9)) {
        for method in [Tau2::Reml, Tau2::DerSimonianLaird, Tau2::PauleMandel] {
            let fit = wald(method, &y, &v);
            let left_out = leave_one_out(&fit).expect("enough studies");
            prop_assert_eq!(left_out.len(), y.len());
            for (i, left) in left_out.iter().enumerate() {
                let others = |x: &[f64]| -> Vec<f64> {
                    x.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| *x).collect()
                };
                let direct = wald(method, &others(&y), &others(&v));
                prop_assert_eq!(left.estimate, *direct.estimate());
                prop_assert_eq!(left.heterogeneity, *direct.heterogeneity());
            }
        }
    }

    #[test]
    fn moment_estimators_do_not_jump((y, v) in studies(2..9), at in 0_usize..9, by in -1.0..1.0_f64) {
        let place = at % y.len();
        let scale = |fit: &Pooled| fit.solution().tau2 + v.iter().copied().fold(f64::INFINITY, f64::min);
        for method in CONTINUOUS {
            let base = wald(method, &y, &v);
            for small in [1e-7, 1e-9] {
                let (mut near_y, mut near_v) = (y.clone(), v.clone());
                near_y[place] += small * by;
                near_v[place] *= 1.0 + small * by;
                let near = wald(method, &near_y, &near_v);
                let moved = (near.solution().tau2 - base.solution().tau2).abs() / scale(&base);
                // Weights over four orders of magnitude: slopes stay far below 1e5.
                prop_assert!(moved <= 1e5 * small, "{method}: {moved} for {small}");
            }
        }
    }

    /// Effects times a power of two, variances times its square: everything of a fit follows exactly.
    #[test]
    fn the_unit_goes_through_everything((y, v) in studies(3..9), exponent in -450_i32..450) {
        let a = 2.0_f64.powi(exponent);
        let (ay, av): (Vec<f64>, Vec<f64>) = (y.iter().map(|y| a * y).collect(), v.iter().map(|v| a * (a * v)).collect());
        for inference in [Inference::Wald, Inference::HartungKnapp, Inference::KenwardRoger] {
            let by = |y: &[f64], v: &[f64]| RandomEffects::new(Tau2::Reml).inference(inference).fit(&effects(y, v));
            let (one, other) = match (by(&y, &v), by(&ay, &av)) {
                (Ok(one), Ok(other)) => (one, other),
                (Err(e), Err(f)) => {
                    prop_assert_eq!(e.kind(), f.kind());
                    continue;
                }
                (Err(e), _) | (_, Err(e)) => {
                    prop_assert!(matches!(e.kind(), ErrorKind::Overflow { .. }), "{inference}: {e}");
                    continue;
                }
            };
            let (e, f) = (one.estimate(), other.estimate());
            prop_assert_eq!((a * e.value(), a * e.se()), (f.value(), f.se()), "{}", inference);
            prop_assert_eq!((a * e.interval().0, a * e.interval().1), f.interval());
            prop_assert_eq!((e.statistic(), e.p_value(), e.df()), (f.statistic(), f.p_value(), f.df()));
            let (g, h) = (one.heterogeneity(), other.heterogeneity());
            prop_assert_eq!((g.q, g.p_value, g.i2, g.h2), (h.q, h.p_value, h.i2, h.h2));
            prop_assert_eq!(a * (a * g.tau2), h.tau2);
            let (p, q) = (one.heterogeneity_intervals().expect("a region"), other.heterogeneity_intervals().expect("a region"));
            prop_assert_eq!((p.i2, p.h2), (q.i2, q.h2));
            prop_assert_eq!(
                p.tau2.interval().map(|i| (a * (a * i.lower), a * (a * i.upper))),
                q.tau2.interval().map(|i| (i.lower, i.upper))
            );
            for method in [Prediction::StudentT, Prediction::Normal, Prediction::PartlettRiley, Prediction::KenwardRoger] {
                match (one.prediction_by(method), other.prediction_by(method)) {
                    (Ok(p), Ok(q)) => prop_assert_eq!((a * p.interval().0, a * p.interval().1), q.interval(), "{}", method),
                    (Err(e), Err(f)) => prop_assert_eq!(e.kind(), f.kind()),
                    // A t distribution with next to no df has quantiles beyond any number, in some units.
                    (Err(e), _) | (_, Err(e)) => prop_assert!(matches!(e.kind(), ErrorKind::Overflow { .. }), "{method}: {e}"),
                }
            }
        }
    }
}
