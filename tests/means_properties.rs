//! Properties of the effects of means: exchange of groups, change of unit, large samples, the delta method; what
//! recovered moments and assumed correlations must agree with.

// Equality is asserted where the same operations on the same numbers are the claim.
#![allow(clippy::float_cmp)]

use meta_analysis::study::recover::moments::{Precision, Quantile, combine, common_sd, sd};
use meta_analysis::study::{
    AssumedCorrelation, ChangeMeasure, Conversion, MeansMeasure, Moments, OneMean, PrePost, PrePostAssumed, Sign,
    StandardizedDifference, Studies, Summary, TwoMeans, VarianceType,
};
use proptest::prelude::*;

const ALL_MEANS: [MeansMeasure; 17] = [
    MeansMeasure::MeanDifference,
    MeansMeasure::HedgesG,
    MeansMeasure::SmdAverageSd,
    MeansMeasure::GlassDelta,
    MeansMeasure::GlassDeltaFirstSd,
    MeansMeasure::GlassDeltaHeteroscedastic,
    MeansMeasure::GlassDeltaHeteroscedasticFirstSd,
    MeansMeasure::LogRatioOfMeans,
    MeansMeasure::LogVariabilityRatio,
    MeansMeasure::LogCvRatio,
    MeansMeasure::PointBiserial,
    MeansMeasure::FisherZPointBiserial,
    MeansMeasure::Biserial,
    MeansMeasure::FisherZBiserial,
    MeansMeasure::DToLogOddsRatio,
    MeansMeasure::DToLogOddsRatioNormal,
    MeansMeasure::CommonLanguageNormal,
];

const ALL_CHANGES: [ChangeMeasure; 10] = [
    ChangeMeasure::MeanChange,
    ChangeMeasure::StandardizedBySdBefore,
    ChangeMeasure::StandardizedBySdBeforeHeteroscedastic,
    ChangeMeasure::StandardizedBySdOfChange,
    ChangeMeasure::StandardizedByPooledSd,
    ChangeMeasure::StandardizedByPooledSdHeteroscedastic,
    ChangeMeasure::LogRatioOfMeans,
    ChangeMeasure::LogVariabilityRatio,
    ChangeMeasure::LogCvRatio,
    ChangeMeasure::CommonLanguageNormal,
];

const ALL_VARIANCES: [VarianceType; 14] = [
    VarianceType::Usual,
    VarianceType::LargeSample,
    VarianceType::LargeSample2,
    VarianceType::LargeSample3,
    VarianceType::Unbiased,
    VarianceType::Average,
    VarianceType::Average2,
    VarianceType::Homoscedastic,
    VarianceType::AverageHomoscedastic,
    VarianceType::Null,
    VarianceType::Stratified,
    VarianceType::CrossSectional,
    VarianceType::Maximum,
    VarianceType::RevMan,
];

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs())
}

/// Moments with a coefficient of variation below 1, so that every measure is defined.
fn moments() -> impl Strategy<Value = Moments> {
    (5.0..15.0_f64, 1.0..4.0_f64).prop_map(|(m, s)| Moments::mean_sd(m, s))
}

fn row() -> impl Strategy<Value = TwoMeans> {
    // Few standard deviations apart, so that the biserial correlation stays below 1.
    (moments(), 3..400_u32, -0.7..0.7_f64, 0.7..1.4_f64, 3..400_u32).prop_map(|(one, n1, shift, factor, n2)| {
        let two = Moments::mean_sd(one.mean() + shift * one.sd(), factor * one.sd());
        TwoMeans::new((one, n1), (two, n2)).expect("a sound row")
    })
}

fn pre_post() -> impl Strategy<Value = PrePost> {
    (moments(), moments(), 5..400_u32, -0.95..0.95_f64)
        .prop_map(|(before, after, n, r)| PrePost::new(before, after, n, r).expect("a sound row"))
}

fn scaled(m: Moments, unit: f64) -> Moments {
    Moments::mean_sd(m.mean() * unit, m.sd() * unit)
}

/// All choices that a measure accepts for a single row.
fn choices<T: Summary>(row: &T, measure: T::Measure) -> Vec<Conversion<T::Measure>> {
    let all = ALL_VARIANCES
        .iter()
        .flat_map(|&v| [true, false].map(|c| Conversion::new(measure).variance(v).bias_correction(c)));
    all.filter(|how| row.effect(how).is_ok()).collect()
}

proptest! {
    #[test]
    fn exchanging_the_groups_turns_the_sign_and_keeps_the_variance(row in row()) {
        use MeansMeasure as M;
        for measure in ALL_MEANS {
            let other = match measure {
                M::GlassDelta => M::GlassDeltaFirstSd,
                M::GlassDeltaFirstSd => M::GlassDelta,
                M::GlassDeltaHeteroscedastic => M::GlassDeltaHeteroscedasticFirstSd,
                M::GlassDeltaHeteroscedasticFirstSd => M::GlassDeltaHeteroscedastic,
                same => same,
            };
            for how in choices(&row, measure) {
                let back = Conversion::new(other).variance(how.variance_type()).bias_correction(how.corrects_bias());
                let (a, b) = (row.effect(&how).unwrap(), row.swapped().effect(&back).unwrap());
                let mirrored = if measure == M::CommonLanguageNormal { 1.0 - b.y() } else { -b.y() };
                prop_assert!((a.y() - mirrored).abs() <= 1e-13 * (a.y().abs() + 1.0), "{how:?}");
                prop_assert!(near(a.variance(), b.variance(), 1e-12), "{how:?}");
            }
        }
    }

    #[test]
    fn a_change_of_unit_scales_differences_and_nothing_else(row in row(), exponent in -90..90_i32) {
        let unit = 2.0_f64.powi(exponent);
        let [(one, n1), (two, n2)] = row.groups();
        let other = TwoMeans::new((scaled(one, unit), n1), (scaled(two, unit), n2)).unwrap();
        for measure in ALL_MEANS {
            let factor = if measure == MeansMeasure::MeanDifference { unit } else { 1.0 };
            for how in choices(&row, measure) {
                let (a, b) = (row.effect(&how).unwrap(), other.effect(&how).unwrap());
                prop_assert!(near(a.y() * factor, b.y(), 1e-14) && near(a.variance() * factor * factor, b.variance(), 1e-13), "{how:?}");
            }
        }
    }

    #[test]
    fn a_change_of_unit_scales_changes_and_nothing_else(row in pre_post(), exponent in -90..90_i32) {
        let unit = 2.0_f64.powi(exponent);
        let other = PrePost::new(scaled(row.before(), unit), scaled(row.after(), unit), row.n(), row.correlation()).unwrap();
        for measure in ALL_CHANGES {
            let factor = if measure == ChangeMeasure::MeanChange { unit } else { 1.0 };
            for how in choices(&row, measure) {
                let (a, b) = (row.effect(&how).unwrap(), other.effect(&how).unwrap());
                prop_assert!(near(a.y() * factor, b.y(), 1e-13) && near(a.variance() * factor * factor, b.variance(), 1e-12), "{how:?}");
            }
        }
    }

    #[test]
    fn adding_a_constant_moves_no_difference(row in row(), shift in -50.0..50.0_f64) {
        use MeansMeasure as M;
        let [(one, n1), (two, n2)] = row.groups();
        let moved = |m: Moments| Moments::mean_sd(m.mean() + shift, m.sd());
        let other = TwoMeans::new((moved(one), n1), (moved(two), n2)).unwrap();
        for measure in [M::MeanDifference, M::HedgesG, M::SmdAverageSd, M::GlassDelta, M::Biserial, M::CommonLanguageNormal] {
            let (a, b) = (row.effect(&measure.into()).unwrap(), other.effect(&measure.into()).unwrap());
            prop_assert!((a.y() - b.y()).abs() < 1e-11 && near(a.variance(), b.variance(), 1e-10), "{measure:?}");
        }
    }

    #[test]
    fn exchanging_before_and_after_turns_the_sign_of_symmetric_measures(row in pre_post()) {
        use ChangeMeasure as M;
        let back = PrePost::new(row.after(), row.before(), row.n(), row.correlation()).unwrap();
        for measure in ALL_CHANGES {
            if matches!(measure, M::StandardizedBySdBefore | M::StandardizedBySdBeforeHeteroscedastic) {
                continue; // standardised by one of the two
            }
            for how in choices(&row, measure) {
                let (a, b) = (row.effect(&how).unwrap(), back.effect(&how).unwrap());
                let mirrored = if measure == M::CommonLanguageNormal { 1.0 - b.y() } else { -b.y() };
                prop_assert!((a.y() - mirrored).abs() <= 1e-13 * (a.y().abs() + 1.0), "{how:?}");
                prop_assert!(near(a.variance(), b.variance(), 1e-11), "{how:?}");
            }
        }
    }

    /// `n v` tends to a limit, to which every large-sample variance goes, and the corrections vanish.
    #[test]
    fn variants_agree_in_large_samples(row in row(), pre_post in pre_post()) {
        let n = 100_000_000_u32;
        let [(one, _), (two, _)] = row.groups();
        let large = TwoMeans::new((one, n), (two, n)).unwrap();
        let large_change = PrePost::new(pre_post.before(), pre_post.after(), n, pre_post.correlation()).unwrap();
        use VarianceType::{LargeSample2, LargeSample3, Unbiased};
        for variance in [LargeSample2, LargeSample3, Unbiased] {
            for measure in ALL_MEANS {
                let how = Conversion::new(measure).variance(variance).bias_correction(false);
                if let Ok(variant) = large.effect(&how) {
                    let usual = large.effect(&measure.into()).unwrap();
                    prop_assert!(near(variant.variance(), usual.variance(), 1e-6), "{how:?}");
                    prop_assert!((variant.y() - usual.y()).abs() < 1e-6, "{how:?}");
                }
            }
            for measure in ALL_CHANGES {
                let how = Conversion::new(measure).variance(variance).bias_correction(false);
                if let Ok(variant) = large_change.effect(&how) {
                    let usual = large_change.effect(&measure.into()).unwrap();
                    prop_assert!(near(variant.variance(), usual.variance(), 1e-5), "{how:?}");
                    prop_assert!((variant.y() - usual.y()).abs() < 1e-6, "{how:?}");
                }
            }
        }
    }

    #[test]
    fn variances_are_those_of_the_delta_method(row in row()) {
        use MeansMeasure as M;
        use VarianceType::{Homoscedastic, LargeSample, LargeSample3};
        let [(one, n1), (two, n2)] = row.groups();
        // Means vary by s^2/n (or, with Bonett, s^2/(n - 1)), standard deviations by s^2/(2 (n - 1)).
        let cases = [
            (M::MeanDifference, LargeSample, 0.0),
            (M::SmdAverageSd, LargeSample, 1.0),
            (M::SmdAverageSd, LargeSample3, 0.0),
            (M::GlassDeltaHeteroscedastic, LargeSample, 1.0),
            (M::LogRatioOfMeans, LargeSample, 0.0),
            (M::LogVariabilityRatio, LargeSample, 0.0),
            (M::LogCvRatio, LargeSample, 0.0),
            (M::CommonLanguageNormal, LargeSample, 1.0),
        ];
        for (measure, variance, less) in cases {
            let how = Conversion::new(measure).variance(variance).bias_correction(false);
            let y = |x: [f64; 4]| {
                let groups = (Moments::mean_sd(x[0], x[1]), Moments::mean_sd(x[2], x[3]));
                TwoMeans::new((groups.0, n1), (groups.1, n2)).unwrap().effect(&how).unwrap().y()
            };
            let at = [one.mean(), one.sd(), two.mean(), two.sd()];
            let spread = [
                at[1].powi(2) / (n1 - less),
                at[1].powi(2) / (2.0 * (n1 - 1.0)),
                at[3].powi(2) / (n2 - less),
                at[3].powi(2) / (2.0 * (n2 - 1.0)),
            ];
            let v: f64 = gradient(y, at).iter().zip(spread).map(|(slope, s)| slope * slope * s).sum();
            prop_assert!(near(row.effect(&how).unwrap().variance(), v, 1e-6), "{how:?}");
        }
        // The variance of the homoscedastic common-language effect is that of d, carried through Phi(d/sqrt 2).
        let how = Conversion::new(M::CommonLanguageNormal).variance(Homoscedastic);
        let d = row.effect(&Conversion::new(M::HedgesG).bias_correction(false)).unwrap();
        let density = (-0.25 * d.y() * d.y()).exp() / (2.0 * std::f64::consts::PI).sqrt();
        prop_assert!(near(row.effect(&how).unwrap().variance(), 0.5 * density * density * d.variance(), 1e-13));
    }

    #[test]
    fn variances_of_changes_are_those_of_the_delta_method(row in pre_post()) {
        use ChangeMeasure as M;
        let (n, r) = (row.n(), row.correlation());
        let cases = [
            (M::MeanChange, 0.0),
            (M::StandardizedBySdBeforeHeteroscedastic, 1.0),
            (M::StandardizedByPooledSdHeteroscedastic, 1.0),
            (M::LogRatioOfMeans, 0.0),
            (M::LogVariabilityRatio, 0.0),
            (M::LogCvRatio, 0.0),
            (M::CommonLanguageNormal, 1.0),
        ];
        for (measure, less) in cases {
            let how = Conversion::new(measure).bias_correction(false);
            // Near 1 a chance has few digits left for differences; exchanged in time it is near 0.
            let exchanged = PrePost::new(row.after(), row.before(), n, r).unwrap();
            let falls = row.mean_change() < 0.0 || measure != M::CommonLanguageNormal;
            let row = if falls { row } else { exchanged };
            let (s0, s1) = (row.before().sd(), row.after().sd());
            let y = |x: [f64; 4]| {
                let (before, after) = (Moments::mean_sd(x[0], x[1]), Moments::mean_sd(x[2], x[3]));
                PrePost::new(before, after, n, r).unwrap().effect(&how).unwrap().y()
            };
            let [m0, d0, m1, d1] = gradient(y, [row.before().mean(), s0, row.after().mean(), s1]);
            // The standard deviations of normal pairs correlate by r^2.
            let of_means = (m0 * m0 * s0 * s0 + m1 * m1 * s1 * s1 + 2.0 * r * m0 * m1 * s0 * s1) / (n - less);
            let of_sds = (d0 * d0 * s0 * s0 + d1 * d1 * s1 * s1 + 2.0 * r * r * d0 * d1 * s0 * s1) / (2.0 * (n - 1.0));
            let v = row.effect(&how).unwrap().variance();
            prop_assert!((v - of_means - of_sds).abs() <= 1e-6 * v, "{how:?} {v} {}", of_means + of_sds);
        }
    }

    #[test]
    fn a_study_twice_has_the_same_average(rows in prop::collection::vec(row(), 2..6)) {
        let once: Studies<TwoMeans> = rows.iter().enumerate().map(|(i, row)| (format!("{i}"), *row)).collect();
        let twice: Studies<TwoMeans> = rows.iter().chain(&rows).enumerate().map(|(i, row)| (format!("{i}"), *row)).collect();
        for measure in [MeansMeasure::HedgesG, MeansMeasure::GlassDelta, MeansMeasure::LogRatioOfMeans] {
            for variance in [VarianceType::Average, VarianceType::AverageHomoscedastic] {
                let how = Conversion::new(measure).variance(variance);
                if let Ok(effects) = once.effects(how) {
                    let again = twice.effects(how).unwrap();
                    prop_assert!(effects.v().iter().zip(again.v()).all(|(a, b)| near(*a, *b, 1e-12)));
                }
            }
        }
    }

    #[test]
    fn groups_of_people_combine_to_the_moments_of_all(people in prop::collection::vec(-5.0..5.0_f64, 4..40), cut in 1..3_usize) {
        let of = |x: &[f64]| {
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let sd = if n > 1.0 { (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt() } else { 0.0 };
            OneMean::new(Moments::mean_sd(mean, sd), n).unwrap()
        };
        let (first, rest) = people.split_at(cut);
        let (second, third) = rest.split_at(rest.len() / 2);
        let all = of(&people);
        let combined = combine(&[of(first), of(second), of(third)]).unwrap();
        prop_assert!((combined.moments().mean() - all.moments().mean()).abs() < 1e-13);
        prop_assert!(near(combined.moments().sd(), all.moments().sd(), 1e-12));
        prop_assert_eq!(combined.n(), all.n());
        let stepwise = combine(&[combine(&[of(first), of(second), of(third)]).unwrap()]).unwrap();
        prop_assert!(near(stepwise.moments().sd(), combined.moments().sd(), 1e-14));
    }

    #[test]
    fn every_way_back_to_a_standard_deviation_agrees(row in row(), estimate in 0.1..3.0_f64) {
        let (n1, n2) = (row.groups()[0].1, row.groups()[1].1);
        let truth = row.pooled_sd().unwrap();
        let se = truth * (1.0 / n1 + 1.0 / n2).sqrt();
        let t = estimate / se;
        prop_assert!(near(common_sd(Precision::Se(se), n1, n2).unwrap().into_value(), truth, 1e-14));
        let tested = Precision::T { estimate, t: -t };
        prop_assert!(near(common_sd(tested, n1, n2).unwrap().into_value(), truth, 1e-14));
        let q = meta_analysis::num::student_t::quantile_upper(0.05, n1 + n2 - 2.0);
        let interval =
            Precision::Interval { lower: estimate - q * se, upper: estimate + q * se, level: 0.9, quantile: Quantile::StudentT };
        prop_assert!(near(common_sd(interval, n1, n2).unwrap().into_value(), truth, 1e-11));
        let p = 2.0 * meta_analysis::num::student_t::sf(t, n1 + n2 - 2.0);
        if p > 1e-300 {
            let significance = Precision::P { estimate, p };
            prop_assert!(near(common_sd(significance, n1, n2).unwrap().into_value(), truth, 1e-10));
            let d = StandardizedDifference::from_p(p, Sign::Negative, n1, n2).unwrap().d();
            prop_assert!(near(d, -estimate / truth, 1e-10));
        }
    }

    #[test]
    fn the_correlation_comes_back_from_every_test(row in pre_post()) {
        let (before, after, n) = (row.before(), row.after(), row.n());
        let back = |other: PrePost| (other.correlation() - row.correlation()).abs() < 1e-9;
        prop_assert!(back(PrePost::from_sd_of_change(before, after, n, row.sd_of_change()).unwrap()));
        let t = row.mean_change() / row.sd_of_change() * n.sqrt();
        if t.abs() > 1e-3 {
            prop_assert!(back(PrePost::from_t(before, after, n, t).unwrap()));
            prop_assert!(back(PrePost::from_t(before, after, n, -t).unwrap()));
            prop_assert!(back(PrePost::from_f(before, after, n, t * t).unwrap()));
            let p = 2.0 * meta_analysis::num::student_t::sf(t.abs(), n - 1.0);
            if p > 1e-300 {
                prop_assert!(back(PrePost::from_p(before, after, n, p).unwrap()));
            }
        }
    }

    #[test]
    fn a_range_lies_between_its_ends_and_a_fine_grid_agrees(row in pre_post(), lower in -0.5..0.4_f64, width in 0.05..0.5_f64) {
        let upper = lower + width;
        let with = |r| PrePostAssumed::new(row.before(), row.after(), row.n(), r).unwrap();
        let range = AssumedCorrelation::range(lower, upper).unwrap();
        let middles = (0..2000).map(|i| lower + width * (f64::from(i) + 0.5) / 2000.0);
        let grid = AssumedCorrelation::grid(middles).unwrap();
        for measure in ALL_CHANGES {
            let (over, fine) = (with(range.clone()).over(&measure.into()).unwrap(), with(grid.clone()).over(&measure.into()).unwrap());
            let y = over.effect().y();
            prop_assert!(over.lowest() <= y && y <= over.highest(), "{measure:?}");
            prop_assert!((y - fine.effect().y()).abs() <= 1e-6 * y.abs(), "{measure:?}");
            prop_assert!(near(over.within(), fine.within(), 1e-6), "{measure:?}");
            prop_assert!((over.between() - fine.between()).abs() <= 1e-6 * over.effect().variance(), "{measure:?}");
            prop_assert!(near(over.effect().variance(), over.within() + over.between(), 1e-15));
        }
    }
}

/// Central differences.
fn gradient(f: impl Fn([f64; 4]) -> f64, at: [f64; 4]) -> [f64; 4] {
    std::array::from_fn(|i| {
        let h = 1e-5 * at[i];
        let step = |sign: f64| {
            let mut x = at;
            x[i] += sign * h;
            f(x)
        };
        (step(1.0) - step(-1.0)) / (2.0 * h)
    })
}

#[test]
fn a_range_of_correlations_agrees_with_integration() {
    // mpmath 1.3, 40 digits: quad over r of y(r), v(r) and (y(r) - mean)^2, over the width; CDASI in Kampylafka 2012.
    let (before, after) = (Moments::mean_sd(7.46, 6.26), Moments::mean_sd(2.96, 3.64));
    for (measure, lower, upper, y, within, between) in RANGES {
        let assumed = AssumedCorrelation::range(lower, upper).unwrap();
        let over = PrePostAssumed::new(before, after, 24, assumed).unwrap().over(&measure.into()).unwrap();
        let (effect, spread) = (over.effect(), over.effect().variance());
        assert!((effect.y() / y - 1.0).abs() < 1e-13, "{measure:?} {lower} y {}", effect.y());
        assert!((over.within() / within - 1.0).abs() < 1e-13, "{measure:?} {lower} within {}", over.within());
        assert!((over.between() - between).abs() < 1e-13 * spread, "{measure:?} {lower} between {}", over.between());
    }
}

#[allow(clippy::excessive_precision)]
const RANGES: [(ChangeMeasure, f64, f64, f64, f64, f64); 8] = [
    (
        ChangeMeasure::StandardizedBySdOfChange,
        0.3,
        0.9,
        -0.90599078434278154,
        0.0592957946149026921,
        0.0253788402012807297,
    ),
    (
        ChangeMeasure::StandardizedBySdOfChange,
        -0.4,
        0.98,
        -0.77738874133003688,
        0.0555092935239160851,
        0.0601128340012730963,
    ),
    (ChangeMeasure::StandardizedBySdBefore, 0.3, 0.9, -0.695107754820118235, 0.0433994748085638668, 0.0),
    (ChangeMeasure::StandardizedBySdBefore, -0.4, 0.98, -0.695107754820118235, 0.0692328081418972001, 0.0),
    (
        ChangeMeasure::StandardizedByPooledSd,
        0.3,
        0.9,
        -0.858737430162336755,
        0.0439993818296433953,
        9.35138993442041022e-6,
    ),
    (
        ChangeMeasure::StandardizedByPooledSd,
        -0.4,
        0.98,
        -0.860879565551550862,
        0.0687420154082062546,
        0.0000156442720960088033,
    ),
    (ChangeMeasure::LogRatioOfMeans, 0.3, 0.9, -0.907531234233099753, 0.0407538785406518211, 0.0),
    (ChangeMeasure::LogRatioOfMeans, -0.4, 0.98, -0.907531234233099753, 0.0674117596120717665, 0.0),
];

#[test]
fn a_known_correlation_is_a_pre_post_row() {
    let row = PrePost::new(Moments::mean_sd(7.46, 6.26), Moments::mean_sd(2.96, 3.64), 24, 0.5).unwrap();
    let assumed = PrePostAssumed::from(row);
    for measure in ALL_CHANGES {
        let over = assumed.over(&measure.into()).unwrap();
        let plain = row.effect(&measure.into()).unwrap();
        assert_eq!((over.effect(), over.between()), (plain, 0.0), "{measure:?}");
        assert_eq!((over.lowest(), over.highest()), (plain.y(), plain.y()));
    }
    assert_eq!(assumed.at(0.9).unwrap(), row, "what is known stays");
    // Two equally likely values: the total variance by hand.
    let two = AssumedCorrelation::grid([0.3, 0.7]).unwrap();
    let over = PrePostAssumed::new(row.before(), row.after(), 24, two).unwrap();
    let how = Conversion::from(ChangeMeasure::StandardizedBySdOfChange);
    let [a, b] = [0.3, 0.7].map(|r| over.at(r).unwrap().effect(&how).unwrap());
    let over = over.over(&how).unwrap();
    let total = 0.5 * (a.variance() + b.variance()) + 0.25 * (a.y() - b.y()).powi(2);
    assert!((over.effect().variance() / total - 1.0).abs() < 1e-14);
    assert_eq!((over.lowest(), over.highest()), (a.y().min(b.y()), a.y().max(b.y())));
}

#[test]
fn a_normal_interval_and_a_paired_change() {
    // 95 % interval made with 1.96: se = width / (2 z)
    let normal = Precision::Interval { lower: 1.0, upper: 3.0, level: 0.95, quantile: Quantile::Normal };
    let z = 1.959_963_984_540_054;
    assert!((sd(normal, 16).unwrap().value() / (4.0 / z) - 1.0).abs() < 1e-14);
    // Standard deviation of a change from its p-value: n = 9, change 2, p = 0.05: t_8 = 2.30600413520417 (mpmath 1.3:
    // findroot of betainc(4, 1/2, 0, 8/(8 + t^2), regularized=True) - 0.05)
    let of_change = sd(Precision::P { estimate: 2.0, p: 0.05 }, 9).unwrap().into_value();
    assert!((of_change / (6.0 / 2.3060041352041667) - 1.0).abs() < 1e-12);
}
