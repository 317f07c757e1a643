//! What bad means, standard deviations and correlations must get: the typed error, or the right number where another
//! package gives none.

// Equality is asserted where the same operations on the same numbers are the claim.
#![allow(clippy::float_cmp)]

use meta_analysis::study::recover::moments::{Precision, Quantile, combine, common_sd, sd};
use meta_analysis::study::{
    AreaUnderCurve, AreaUnderCurveMeasure, AssumedCorrelation, ChangeMeasure, Conversion, MeansMeasure, Moments,
    OneMean, OneMeanMeasure, PrePost, PrePostAssumed, Sign, StandardizedDifference, StandardizedMeasure, Studies,
    Summary, TwoMeans, VarianceType,
};
use meta_analysis::{Effect, ErrorKind, Result};

type Group = (f64, f64, f64);

fn two((m1, s1, n1): Group, (m2, s2, n2): Group) -> Result<TwoMeans> {
    TwoMeans::new((Moments::mean_sd(m1, s1), n1), (Moments::mean_sd(m2, s2), n2))
}

fn effect(measure: MeansMeasure, first: Group, second: Group) -> Result<Effect> {
    two(first, second)?.effect(&measure.into())
}

fn change(measure: ChangeMeasure, r: f64) -> Result<Effect> {
    let (before, after) = (Moments::mean_sd(10.0, 2.0), Moments::mean_sd(11.0, 2.0));
    PrePost::new(before, after, 20, r)?.effect(&measure.into())
}

/// Asserts the kind of the error and, where there is one, the field it names.
macro_rules! refused {
    ($result:expr, $kind:pat $(, $field:expr)?) => {{
        let error = $result.expect_err("must be refused");
        assert!(matches!(error.kind(), $kind), "{error:?}");
        $(assert_eq!(error.field(), Some($field), "{error}");)?
    }};
}

#[test]
fn rows_21_and_22_both_sds_zero() {
    for second in [4.0, 5.0] {
        let g = effect(MeansMeasure::HedgesG, (5.0, 0.0, 10.0), (second, 0.0, 10.0));
        refused!(g, ErrorKind::ZeroSd { .. }, "pooled SD");
    }
}

#[test]
fn row_23_one_sd_zero() {
    // metafor 5.1-12 prints 1.354, .2459; mpmath 1.3: J(18) sqrt(2), 1/5 + g^2/40
    let g = effect(MeansMeasure::HedgesG, (5.0, 0.0, 10.0), (4.0, 1.0, 10.0)).unwrap();
    assert!((g.y() / 1.3543165650550786 - 1.0).abs() < 1e-14);
    assert!((g.variance() / 0.24585433395956467 - 1.0).abs() < 1e-14);
}

#[test]
fn row_24_negative_sd() {
    refused!(two((5.0, -1.0, 10.0), (4.0, 1.0, 10.0)), ErrorKind::NegativeSd { .. }, "SD (group 1)");
    refused!(two((5.0, 1.0, 10.0), (4.0, -1.0, 10.0)), ErrorKind::NegativeSd { .. }, "SD (group 2)");
    refused!(OneMean::new(Moments::mean_sd(5.0, -1.0), 10), ErrorKind::NegativeSd { .. }, "SD");
}

#[test]
fn rows_25_to_27_hardly_anybody() {
    let too_small = |result: Result<Effect>| refused!(result, ErrorKind::SampleSizeTooSmall { .. });
    too_small(effect(MeansMeasure::HedgesG, (5.0, 1.0, 1.0), (4.0, 1.0, 1.0)));
    too_small(effect(MeansMeasure::HedgesG, (5.0, 1.0, 1.0), (4.0, 1.0, 2.0)));
    let one_person = effect(MeansMeasure::HedgesG, (5.0, 1.0, 1.0), (4.0, 1.0, 10.0)).unwrap();
    // metafor 5.1-12 prints .914, 1.14; mpmath 1.3: J(9), 11/10 + g^2/22
    assert!((one_person.y() / 0.913_874_891_792_552_3 - 1.0).abs() < 1e-14);
    assert!((one_person.variance() / 1.1379621508113113 - 1.0).abs() < 1e-14);
    // Without the correction three people suffice, and the SD of one person is not looked at.
    let d = Conversion::new(MeansMeasure::HedgesG).bias_correction(false);
    let row = two((5.0, 77.0, 1.0), (4.0, 0.5, 2.0)).unwrap();
    assert_eq!(row.effect(&d).unwrap().y(), 2.0);
}

#[test]
fn rows_28_and_29_impossible_sizes() {
    for n in [0.0, -3.0, 0.5] {
        refused!(two((5.0, 1.0, n), (4.0, 1.0, 10.0)), ErrorKind::SampleSizeTooSmall { .. }, "n (group 1)");
        refused!(OneMean::new(Moments::mean_sd(5.0, 1.0), n), ErrorKind::SampleSizeTooSmall { .. }, "n");
    }
    refused!(two((5.0, 1.0, 10.5), (4.0, 1.0, 10.0)), ErrorKind::NonIntegerCount { .. }, "n (group 1)");
    let group = (Moments::mean_sd(5.0, 1.0), 10.5);
    let allowed = TwoMeans::fractional(group, group).unwrap();
    assert_eq!(allowed.n(), 21.0);
    refused!(TwoMeans::fractional(group, (group.0, f64::NAN)), ErrorKind::NonFinite { .. }, "n (group 2)");
    let rows = serde_json::to_string(&allowed).unwrap();
    assert_eq!(serde_json::from_str::<TwoMeans>(&rows).unwrap(), allowed);
    assert!(serde_json::from_str::<TwoMeans>(&rows.replace("10.5", "-1.0")).is_err());
}

#[test]
fn rows_30_and_31_not_a_number() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused!(two((bad, 1.0, 10.0), (4.0, 1.0, 10.0)), ErrorKind::NonFinite { .. }, "mean (group 1)");
        refused!(two((1.0, 1.0, 10.0), (bad, 1.0, 10.0)), ErrorKind::NonFinite { .. }, "mean (group 2)");
        refused!(StandardizedDifference::from_d(bad, 9, 9), ErrorKind::NonFinite { .. }, "d");
        refused!(AreaUnderCurve::new(bad, 9, 9), ErrorKind::NonFinite { .. }, "area");
    }
    refused!(two((1.0, f64::NAN, 10.0), (2.0, 1.0, 10.0)), ErrorKind::NonFinite { .. }, "SD (group 1)");
    refused!(two((1.0, 1.0, f64::NAN), (2.0, 1.0, 10.0)), ErrorKind::NonFinite { .. }, "n (group 1)");
}

#[test]
fn row_32_ten_million_people() {
    let g = effect(MeansMeasure::HedgesG, (1.0, 1.0, 1e7), (0.0, 1.0, 1e7)).unwrap();
    assert!((g.variance() - 2.25e-7).abs() < 1e-14);
}

#[test]
fn row_33_a_tiny_unit_changes_nothing() {
    use MeansMeasure as M;
    let all = [
        M::HedgesG,
        M::SmdAverageSd,
        M::GlassDelta,
        M::GlassDeltaHeteroscedastic,
        M::LogRatioOfMeans,
        M::LogVariabilityRatio,
        M::LogCvRatio,
        M::PointBiserial,
        M::Biserial,
        M::DToLogOddsRatio,
        M::CommonLanguageNormal,
    ];
    for measure in all {
        let plain = effect(measure, (12.1, 3.2, 14.0), (10.4, 2.9, 16.0)).unwrap();
        for unit in [1e-200, 1e-300, 1e200, 1e306] {
            let scaled = effect(measure, (12.1 * unit, 3.2 * unit, 14.0), (10.4 * unit, 2.9 * unit, 16.0)).unwrap();
            assert!((scaled.y() / plain.y() - 1.0).abs() < 1e-13, "{measure:?} {unit}");
            assert!((scaled.variance() / plain.variance() - 1.0).abs() < 1e-13, "{measure:?} {unit}");
        }
    }
    // Out of range for a difference in its own unit, and for a difference of 1e200 standard deviations.
    refused!(effect(M::MeanDifference, (1.0, 1e-200, 9.0), (0.0, 1e-200, 9.0)), ErrorKind::Overflow { .. });
    refused!(effect(M::HedgesG, (1.0, 1e-200, 9.0), (0.0, 1e-200, 9.0)), ErrorKind::Overflow { .. });
    refused!(effect(M::HedgesG, (1e308, 1e-308, 9.0), (0.0, 1e-308, 9.0)), ErrorKind::Overflow { .. });
}

#[test]
fn rows_34_and_35_smd_with_other_standard_deviations() {
    let unequal = effect(MeansMeasure::SmdAverageSd, (5.0, 1.0, 1.0), (4.0, 1.0, 10.0));
    refused!(unequal, ErrorKind::SampleSizeTooSmall { .. }, "n (group 1)");
    for measure in [MeansMeasure::GlassDelta, MeansMeasure::GlassDeltaHeteroscedastic] {
        refused!(effect(measure, (5.0, 1.0, 9.0), (4.0, 0.0, 9.0)), ErrorKind::ZeroSd { .. }, "SD (group 2)");
    }
    let first = effect(MeansMeasure::GlassDeltaFirstSd, (5.0, 0.0, 9.0), (4.0, 1.0, 9.0));
    refused!(first, ErrorKind::ZeroSd { .. }, "SD (group 1)");
    let both = effect(MeansMeasure::SmdAverageSd, (5.0, 0.0, 9.0), (4.0, 0.0, 9.0));
    refused!(both, ErrorKind::ZeroSd { .. }, "average SD");
}

#[test]
fn rows_36_and_37_mean_difference() {
    let zero = effect(MeansMeasure::MeanDifference, (5.0, 0.0, 9.0), (4.0, 0.0, 9.0));
    refused!(zero, ErrorKind::ZeroVariance { .. }, "variance");
    let alone = effect(MeansMeasure::MeanDifference, (5.0, 1.0, 1.0), (4.0, 1.0, 1.0));
    refused!(alone, ErrorKind::SampleSizeTooSmall { .. }, "n (group 1)");
    let pooled = Conversion::new(MeansMeasure::MeanDifference).variance(VarianceType::Homoscedastic);
    refused!(two((5.0, 1.0, 1.0), (4.0, 1.0, 1.0)).unwrap().effect(&pooled), ErrorKind::SampleSizeTooSmall { .. });
}

#[test]
fn rows_38_to_40_ratio_of_means() {
    let ratio = |m1, m2| effect(MeansMeasure::LogRatioOfMeans, (m1, 1.0, 9.0), (m2, 1.0, 9.0));
    for (m1, m2) in [(0.0, 4.0), (5.0, 0.0), (5.0, -4.0), (-5.0, 4.0), (0.0, 0.0)] {
        refused!(ratio(m1, m2), ErrorKind::NonPositiveRatio { .. }, "means");
    }
    let (below, above) = (ratio(-5.0, -4.0).unwrap(), ratio(5.0, 4.0).unwrap());
    assert_eq!((below.y(), below.variance()), (above.y(), above.variance()));
}

#[test]
fn rows_41_to_43_ratios_of_variability() {
    let ratio = MeansMeasure::LogVariabilityRatio;
    refused!(effect(ratio, (5.0, 0.0, 9.0), (4.0, 1.0, 9.0)), ErrorKind::ZeroSd { .. }, "SD (group 1)");
    refused!(effect(ratio, (5.0, 1.0, 1.0), (4.0, 1.0, 9.0)), ErrorKind::SampleSizeTooSmall { .. }, "n (group 1)");
    let cv = MeansMeasure::LogCvRatio;
    refused!(effect(cv, (0.0, 1.0, 9.0), (4.0, 1.0, 9.0)), ErrorKind::ZeroMean { .. }, "mean (group 1)");
    refused!(effect(cv, (5.0, 1.0, 9.0), (0.0, 1.0, 9.0)), ErrorKind::ZeroMean { .. }, "mean (group 2)");
    refused!(effect(cv, (5.0, 1.0, 9.0), (-4.0, 1.0, 9.0)), ErrorKind::NonPositiveRatio { .. });
}

#[test]
fn rows_44_to_46_correlation_of_before_and_after() {
    let degenerate = change(ChangeMeasure::StandardizedBySdOfChange, 1.0);
    refused!(degenerate, ErrorKind::DegenerateCorrelation { .. }, "correlation");
    refused!(change(ChangeMeasure::StandardizedBySdBefore, 1.2), ErrorKind::CorrelationOutOfRange { .. });
    refused!(change(ChangeMeasure::StandardizedBySdBefore, f64::NAN), ErrorKind::NonFinite { .. });
    let opposite = change(ChangeMeasure::MeanChange, -1.0).unwrap();
    assert_eq!(opposite.y(), 1.0);
    assert!((opposite.variance() / 0.8 - 1.0).abs() < 1e-15); // (2 + 2)^2 / 20
    for r in [-1.0, 1.0] {
        let ratio = change(ChangeMeasure::LogVariabilityRatio, r);
        refused!(ratio, ErrorKind::DegenerateCorrelation { .. }, "correlation");
    }
    refused!(change(ChangeMeasure::MeanChange, 1.0), ErrorKind::ZeroVariance { .. });
}

#[test]
fn one_mean() {
    let of = |measure: OneMeanMeasure, mean, sd, n: i32| {
        OneMean::new(Moments::mean_sd(mean, sd), n).unwrap().effect(&measure.into())
    };
    use OneMeanMeasure as M;
    refused!(of(M::Mean, 5.0, 0.0, 9), ErrorKind::ZeroVariance { .. });
    refused!(of(M::Mean, 5.0, 1.0, 1), ErrorKind::SampleSizeTooSmall { .. }, "n");
    refused!(of(M::StandardizedMean, 5.0, 0.0, 9), ErrorKind::ZeroSd { .. }, "SD");
    refused!(of(M::StandardizedMean, 5.0, 1.0, 2), ErrorKind::SampleSizeTooSmall { .. }, "n");
    for mean in [0.0, -5.0] {
        refused!(of(M::LogMean, mean, 1.0, 9), ErrorKind::NonPositiveOnLogScale { .. }, "mean");
    }
    refused!(of(M::LogSd, 5.0, 0.0, 9), ErrorKind::ZeroSd { .. }, "SD");
    refused!(of(M::LogCv, 0.0, 1.0, 9), ErrorKind::ZeroMean { .. }, "mean");
    refused!(of(M::LogCv, -5.0, 1.0, 9), ErrorKind::NonPositiveOnLogScale { .. }, "mean");
}

#[test]
fn a_biserial_correlation_above_one_is_not_pooled() {
    // metafor 3.8 gives 1.2313 with a variance of 0.0037 for these.
    for measure in [MeansMeasure::Biserial, MeansMeasure::FisherZBiserial] {
        let huge = effect(measure, (10.0, 1.0, 10.0), (0.0, 1.0, 10.0));
        refused!(huge, ErrorKind::CorrelationOutOfRange { .. }, "biserial correlation");
    }
}

#[test]
fn reported_differences_and_areas() {
    refused!(StandardizedDifference::from_d(0.5, 1, 1), ErrorKind::SampleSizeTooSmall { .. });
    refused!(StandardizedDifference::from_g(0.5, 1, 2), ErrorKind::SampleSizeTooSmall { .. });
    refused!(StandardizedDifference::from_f(-1.0, Sign::Positive, 9, 9), ErrorKind::OutsideSupport { .. }, "F");
    refused!(StandardizedDifference::from_p(0.0, Sign::Positive, 9, 9), ErrorKind::PValueZero);
    refused!(StandardizedDifference::from_p(1.0, Sign::Positive, 9, 9), ErrorKind::PValueUninformative { .. });
    refused!(StandardizedDifference::from_p(-0.1, Sign::Positive, 9, 9), ErrorKind::PValueOutOfRange { .. });
    refused!(AreaUnderCurve::new(1.2, 9, 9), ErrorKind::OutsideSupport { .. }, "area");
    refused!(AreaUnderCurve::from_u(82.0, 9, 9), ErrorKind::OutsideSupport { .. }, "U");
    let apart = AreaUnderCurve::from_u(81.0, 9, 9).unwrap();
    refused!(apart.effect(&AreaUnderCurveMeasure::CommonLanguage.into()), ErrorKind::ZeroVariance { .. });
    let null = Conversion::new(AreaUnderCurveMeasure::CommonLanguage).variance(VarianceType::Null);
    assert!(apart.effect(&null).is_ok());
}

#[test]
fn a_variance_that_a_measure_does_not_have() {
    let row = two((12.1, 3.2, 14.0), (10.4, 2.9, 16.0)).unwrap();
    let refused = |measure, variance| {
        refused!(row.effect(&Conversion::new(measure).variance(variance)), ErrorKind::NotApplicable { .. });
    };
    refused(MeansMeasure::MeanDifference, VarianceType::LargeSample2);
    refused(MeansMeasure::HedgesG, VarianceType::Homoscedastic);
    refused(MeansMeasure::HedgesG, VarianceType::Average); // one row alone has no average
    refused(MeansMeasure::GlassDelta, VarianceType::RevMan);
    refused(MeansMeasure::CommonLanguageNormal, VarianceType::Null);
    let uncorrected = Conversion::new(MeansMeasure::HedgesG).variance(VarianceType::RevMan).bias_correction(false);
    refused!(row.effect(&uncorrected), ErrorKind::NotApplicable { .. });
    let d = StandardizedDifference::from_d(0.5, 9, 9).unwrap();
    let how = Conversion::new(StandardizedMeasure::Biserial).variance(VarianceType::Stratified);
    refused!(d.effect(&how), ErrorKind::NotApplicable { .. });
}

#[test]
fn an_average_leaves_out_no_error() {
    // The row without a standard deviation is named, though the average is over the others.
    let good = two((12.1, 3.2, 14.0), (10.4, 2.9, 16.0)).unwrap();
    let bad = two((12.1, 0.0, 14.0), (10.4, 0.0, 16.0)).unwrap();
    let how = Conversion::new(MeansMeasure::HedgesG).variance(VarianceType::Average);
    let error = Studies::from([("good", good), ("bad", bad)]).effects(how).unwrap_err();
    assert_eq!(error.study(), Some("bad"));
    assert!(matches!(error.kind(), ErrorKind::ZeroSd { .. }));
}

#[test]
fn correlations_that_cannot_be() {
    let (before, after) = (Moments::mean_sd(7.0, 4.0), Moments::mean_sd(5.0, 5.0));
    for sd in [0.5, 9.5] {
        refused!(PrePost::from_sd_of_change(before, after, 20, sd), ErrorKind::CorrelationOutOfRange { .. });
    }
    refused!(PrePost::from_sd_of_change(before, after, 20, -3.0), ErrorKind::NegativeSd { .. }, "SD (change)");
    let flat = Moments::mean_sd(5.0, 0.0);
    refused!(PrePost::from_sd_of_change(before, flat, 20, 3.0), ErrorKind::ZeroSd { .. }, "SD (after)");
    refused!(PrePost::from_t(before, after, 20, 0.0), ErrorKind::Inconsistent { .. });
    refused!(PrePost::from_t(before, before, 20, 2.0), ErrorKind::Inconsistent { .. });
    refused!(PrePost::from_t(before, before, 20, 0.0), ErrorKind::PValueUninformative { .. });
    refused!(PrePost::from_p(before, after, 20, 0.0), ErrorKind::PValueZero);
    refused!(PrePost::from_f(before, after, 20, -1.0), ErrorKind::OutsideSupport { .. }, "F");
    refused!(AssumedCorrelation::range(0.9, 0.3), ErrorKind::CiReversed { .. });
    refused!(AssumedCorrelation::grid([]), ErrorKind::Empty);
    refused!(AssumedCorrelation::grid([0.5, 1.5]), ErrorKind::CorrelationOutOfRange { .. });
    // A range that reaches a correlation at which the measure has no value is refused, not cut off.
    let certain = PrePostAssumed::new(before, after, 20, AssumedCorrelation::range(0.5, 1.0).unwrap()).unwrap();
    let of_change = certain.effect(&ChangeMeasure::StandardizedBySdOfChange.into());
    refused!(of_change, ErrorKind::DegenerateCorrelation { .. }, "correlation");
    let text = serde_json::to_string(&certain).unwrap();
    assert_eq!(serde_json::from_str::<PrePostAssumed>(&text).unwrap(), certain);
    assert!(serde_json::from_str::<PrePostAssumed>(&text.replace("\"upper\":1.0", "\"upper\":1.5")).is_err());
}

#[test]
fn standard_deviations_that_cannot_be_recovered() {
    refused!(sd(Precision::Se(-1.0), 9), ErrorKind::NegativeSe { .. }, "se");
    refused!(sd(Precision::Se(f64::NAN), 9), ErrorKind::NonFinite { .. }, "se");
    refused!(sd(Precision::Se(1.0), 1), ErrorKind::SampleSizeTooSmall { .. }, "n");
    refused!(sd(Precision::ci95(2.0, 1.0), 9), ErrorKind::CiReversed { .. });
    refused!(sd(Precision::ci95(2.0, 2.0), 9), ErrorKind::CiZeroWidth { .. });
    refused!(sd(Precision::ci95(2.0, f64::INFINITY), 9), ErrorKind::NonFinite { .. }, "upper limit");
    let percent = Precision::Interval { lower: 1.0, upper: 2.0, level: 95.0, quantile: Quantile::Normal };
    refused!(sd(percent, 9), ErrorKind::LevelOutOfRange { .. }, "level");
    refused!(common_sd(Precision::T { estimate: 0.0, t: 2.0 }, 9, 9), ErrorKind::Inconsistent { .. });
    refused!(common_sd(Precision::T { estimate: 1.0, t: 0.0 }, 9, 9), ErrorKind::Inconsistent { .. });
    refused!(common_sd(Precision::P { estimate: 1.0, p: 1.0 }, 9, 9), ErrorKind::PValueUninformative { .. });
    refused!(common_sd(Precision::P { estimate: 1.0, p: 0.0 }, 9, 9), ErrorKind::PValueZero);
    refused!(common_sd(Precision::Se(1.0), 1, 1), ErrorKind::SampleSizeTooSmall { .. });
    refused!(combine(&[]), ErrorKind::Empty);
    let alone = OneMean::new(Moments::mean_sd(1.0, 0.0), 1).unwrap();
    refused!(combine(&[alone]), ErrorKind::SampleSizeTooSmall { .. });
}
