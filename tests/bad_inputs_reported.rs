//! What bad input must get: associations (rows 56 to 64 of the catalogue) and reported estimates (65 to 79), and
//! reported estimates against metafor and against papers.
#![allow(clippy::float_cmp, clippy::excessive_precision)] // exact by symmetry or by construction; digits as mpmath prints them

use meta_analysis::study::{
    Alternative, Conversion, Correlation, CorrelationMeasure, Genotypes, GenotypesMeasure, PartialCorrelation,
    PartialCorrelationMeasure, Reliability, ReliabilityMeasure, Reported, ReportedRow, Studies, Summary, Uncertainty,
    VarianceType, ZeroCells,
};
use meta_analysis::{Effect, ErrorKind, Measure, Result};
use proptest::prelude::*;
use serde_json::Value;

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("bad input").kind().clone()
}

macro_rules! assert_kind {
    ($row:literal, $result:expr, $pattern:pat) => {
        let kind = kind($result);
        assert!(matches!(kind, $pattern), "row {}: {kind:?}", $row);
    };
}

fn correlation(r: f64, n: f64, measure: CorrelationMeasure) -> Result<Effect> {
    Correlation::new(r, n)?.effect(&measure.into())
}

#[test]
fn associations() {
    use CorrelationMeasure::{FisherZ, Raw, Unbiased};
    assert_kind!(56, correlation(1.0, 20.0, Raw), ErrorKind::DegenerateCorrelation { .. });
    assert_kind!(57, correlation(1.0, 20.0, FisherZ), ErrorKind::DegenerateCorrelation { .. });
    assert_kind!(57, correlation(-1.0, 20.0, FisherZ), ErrorKind::DegenerateCorrelation { .. });
    assert_kind!(58, correlation(1.01, 20.0, Raw), ErrorKind::CorrelationOutOfRange { .. });
    assert_kind!(59, correlation(0.3, 3.0, FisherZ), ErrorKind::SampleSizeTooSmall { needed: 4.0, .. });
    assert_kind!(59, correlation(0.3, 2.0, FisherZ), ErrorKind::SampleSizeTooSmall { needed: 4.0, .. });
    assert_kind!(60, correlation(0.3, 1.0, Raw), ErrorKind::SampleSizeTooSmall { .. });
    assert_kind!(61, correlation(0.3, 4.0, Unbiased), ErrorKind::SampleSizeTooSmall { needed: 5.0, .. });
    for measure in [ReliabilityMeasure::Raw, ReliabilityMeasure::HakstianWhalen, ReliabilityMeasure::Bonett] {
        let perfect = Reliability::new(1.0, 10, 50).expect("a legal row").effect(&measure.into());
        assert_kind!(62, perfect, ErrorKind::DegenerateReliability { .. });
    }
    assert_kind!(63, Reliability::new(0.8, 1, 50), ErrorKind::TooFewItems { .. });
    assert_kind!(64, PartialCorrelation::from_t(2.0, 5, 4), ErrorKind::SampleSizeTooSmall { needed: 6.0, .. });
    let smallest = PartialCorrelation::from_t(2.0, 6, 4).expect("one residual degree of freedom");
    assert!(smallest.effect(&PartialCorrelationMeasure::Raw.into()).is_ok());
    assert_kind!(
        64,
        smallest.effect(&PartialCorrelationMeasure::FisherZ.into()),
        ErrorKind::SampleSizeTooSmall { needed: 7.0, .. }
    );
}

#[test]
fn more_associations() {
    use CorrelationMeasure::Raw;
    assert_kind!("", correlation(f64::NAN, 20.0, Raw), ErrorKind::NonFinite { .. });
    assert_kind!("", correlation(0.3, f64::NAN, Raw), ErrorKind::NonFinite { .. });
    assert_kind!("", correlation(0.3, 20.5, Raw), ErrorKind::NonIntegerCount { .. });
    assert_kind!("", Correlation::from_t(f64::INFINITY, 10), ErrorKind::NonFinite { field: "t", .. });
    assert_kind!("", Reliability::new(1.5, 10, 50), ErrorKind::OutsideSupport { field: "alpha", .. });
    assert_kind!("", Reliability::new(f64::NEG_INFINITY, 10, 50), ErrorKind::NonFinite { .. });
    let reh = GenotypesMeasure::LogRelativeExcessHeterozygosity;
    let zero = Genotypes::new(0, 5, 7).expect("a legal row");
    assert_kind!("", zero.effect(&reh.into()), ErrorKind::ZeroCell { field: "homozygous (allele 1)", .. });
    let corrected = zero.effect(&Conversion::new(reh).zero_cells(ZeroCells::constant(0.5))).expect("corrected");
    assert!((corrected.y() - (5.5_f64 / (2.0 * (0.5_f64 * 7.5).sqrt())).ln()).abs() < 1e-14);
    let how = Conversion::new(Raw).variance(VarianceType::Stratified);
    assert_kind!("", Correlation::new(0.3, 20).expect("sound").effect(&how), ErrorKind::NotApplicable { .. });
}

#[test]
fn reported_intervals() {
    let hr = Reported::hazard_ratio(0.62);
    assert_kind!(65, hr.ci95(0.86, 0.45), ErrorKind::CiReversed { .. });
    assert_kind!(65, Reported::mean_difference(0.5).ci95(0.8, 0.2), ErrorKind::CiReversed { .. });
    assert_kind!(66, hr.ci95(0.65, 0.86), ErrorKind::CiNotBracketing { .. });
    assert_kind!(67, hr.ci95(0.45, 1.20), ErrorKind::CiAsymmetric { .. });
    assert_kind!(68, hr.ci95(0.62, 0.62), ErrorKind::CiZeroWidth { .. });
    assert_kind!(69, hr.ci95(-0.10, 0.86), ErrorKind::NonPositiveOnLogScale { field: "lower limit", .. });
    assert_kind!(70, hr.ci95(0.0, 0.86), ErrorKind::NonPositiveOnLogScale { field: "lower limit", .. });
    assert_kind!(71, hr.ci95(0.45, f64::INFINITY), ErrorKind::NonFinite { field: "upper limit", .. });
    for level in [0.0, 1.0, 95.0, 100.0, -0.1, f64::NAN] {
        assert_kind!("78, 79", hr.ci(0.45, 0.86, level), ErrorKind::LevelOutOfRange { .. });
    }
    assert!(hr.asymmetry_tolerance(2.0).ci95(0.45, 1.20).is_ok(), "an asymmetric interval can be let through");
    assert_kind!("", hr.asymmetry_tolerance(f64::NAN).ci95(0.45, 0.86), ErrorKind::OutsideSupport { .. });
    assert_kind!("", hr.ci_t(0.45, 0.86, 0.95, 0.0), ErrorKind::UndefinedDf { .. });
    assert_kind!("", Reported::correlation(1.0).ci95(0.2, 0.9), ErrorKind::OutsideSupport { .. });
    assert_kind!("", Reported::odds_ratio(f64::NAN).ci95(0.2, 0.9), ErrorKind::NonFinite { field: "estimate", .. });
    let double_arcsine = Reported::new(Measure::FreemanTukeyProportion, 0.4);
    assert_kind!("", double_arcsine.se_analysis(0.1), ErrorKind::SampleSizeRequired { .. });
    assert!(double_arcsine.people(20.0).se_analysis(0.1).is_ok());
}

#[test]
fn reported_tests() {
    let or = Reported::odds_ratio(2.0);
    assert_kind!(72, or.p(0.0), ErrorKind::PValueZero);
    assert_kind!(73, or.p(1.0), ErrorKind::PValueUninformative { .. });
    assert_kind!(74, or.p(1.2), ErrorKind::PValueOutOfRange { .. });
    assert_kind!(74, or.p(-0.1), ErrorKind::PValueOutOfRange { .. });
    assert_kind!(75, or.z(0.0), ErrorKind::PValueUninformative { .. });
    assert_kind!(76, or.z(-2.0), ErrorKind::SignDisagreement { .. });
    assert_kind!(76, or.t(-2.0), ErrorKind::SignDisagreement { .. });
    assert_kind!(76, or.p_one_sided(0.02, Alternative::Less), ErrorKind::SignDisagreement { .. });
    assert_kind!(77, Reported::odds_ratio(1.0).p(0.05), ErrorKind::Inconsistent { .. });
    assert_kind!(77, Reported::mean_difference(0.0).z(1.0), ErrorKind::Inconsistent { .. });
    assert_kind!("", or.p(f64::NAN), ErrorKind::NonFinite { .. });
    assert_kind!("", or.p_one_sided(0.5, Alternative::Greater), ErrorKind::PValueUninformative { .. });
    assert_kind!("", or.f(-1.0), ErrorKind::OutsideSupport { field: "F", .. });
    assert_kind!("", or.chi_squared(0.0), ErrorKind::PValueUninformative { .. });
    assert_kind!("", or.z(f64::INFINITY), ErrorKind::NonFinite { .. });
    assert_kind!("", or.p_t(0.05, -1.0), ErrorKind::UndefinedDf { .. });
    assert_kind!("", or.se_analysis(-0.1), ErrorKind::NegativeSe { .. });
    assert_kind!("", or.se_natural(f64::NAN), ErrorKind::NonFinite { .. });
    // A proportion has no value of no effect.
    assert_kind!("", Reported::new(Measure::LogitProportion, 0.4).p(0.03), ErrorKind::NotApplicable { .. });
}

#[test]
fn conv_wald_of_metafor_5_1_is_reproduced() {
    let reference: Value = serde_json::from_str(include_str!("reference/escalc_metafor_5_1.json")).expect("valid JSON");
    let entries = reference["conv_wald"].as_array().expect("entries");
    assert_eq!(entries.len(), 2);
    for entry in entries {
        let of = |name: &str| entry[name].as_f64().expect("a number");
        let got = Reported::hazard_ratio(of("out")).ci95(of("lb"), of("ub")).expect("a sound interval");
        assert!((got.y() - of("yi")).abs() <= 1e-10 * of("yi").abs());
        assert!((got.variance() - of("vi")).abs() <= 1e-10 * of("vi"));
    }
}

#[test]
fn tests_with_a_worked_value() {
    // Cochrane Handbook 6.5.2.3 (chapter 6): a mean difference of 3.8 with p = 0.008 in groups of 25 and 22 has
    // t(45) = 2.78 and a standard error of 1.37.
    let effect = Reported::mean_difference(3.8).p_t(0.008, 45.0).expect("sound");
    assert!((effect.se() - 1.37).abs() < 0.005, "{}", effect.se());
    assert!((Reported::mean_difference(3.8).t(2.78).expect("sound").se() - 1.37).abs() < 0.005);
    // mpmath: findroot of betainc for t(45) at p = .008 two-sided; 3.8 over it
    assert!((effect.se() - 1.369100300705289).abs() < 1e-12);
}

#[test]
fn a_row_is_stored_read_checked_and_pooled() {
    let uncertainty = Uncertainty::POneSided { p: 0.02, alternative: Alternative::Less, df: Some(40.0) };
    let row = Reported::hazard_ratio(0.6).people(42.0).with(uncertainty).expect("sound");
    let text = serde_json::to_string(&row).expect("serialises");
    assert_eq!(serde_json::from_str::<ReportedRow>(&text).expect("reads"), row);
    let sparse = r#"{"measure":"LogHazardRatio","estimate":0.6,"natural":true,"uncertainty":{"Interval":{"lower":0.4,"upper":0.9,"level":0.95}}}"#;
    let sparse: ReportedRow = serde_json::from_str(sparse).expect("defaults fill the rest");
    let broken = r#"{"measure":"LogHazardRatio","estimate":0.6,"natural":true,"uncertainty":{"Interval":{"lower":0.9,"upper":0.4,"level":0.95}}}"#;
    assert!(serde_json::from_str::<ReportedRow>(broken).is_err());
    let studies = Studies::from([("A", row), ("B", sparse)]);
    let effects = studies.effects(Measure::LogHazardRatio).expect("one measure");
    assert_eq!(effects.len(), 2);
    let wrong = studies.effects(Measure::LogOddsRatio).expect_err("no odds ratios");
    assert_eq!(wrong.study(), Some("A"));
    assert!(matches!(wrong.kind(), ErrorKind::MixedMeasures { .. }));
}

proptest! {
    #[test]
    fn every_form_of_uncertainty_gives_back_the_standard_error(
        y in prop_oneof![-3.0..-0.01_f64, 0.01..3.0_f64], se in 0.02..2.0_f64, df in 2.0..200.0_f64, level in 0.5..0.999_f64,
    ) {
        prop_assume!((y / se).abs() < 25.0);
        let (normal, t) = (meta_analysis::num::normal::quantile_upper(0.5 * (1.0 - level)),
                           meta_analysis::num::student_t::quantile_upper(0.5 * (1.0 - level), df));
        let (p, p_t) = (2.0 * meta_analysis::num::normal::sf((y / se).abs()),
                        2.0 * meta_analysis::num::student_t::sf((y / se).abs(), df));
        let direction = if y > 0.0 { Alternative::Greater } else { Alternative::Less };
        for reported in [Reported::odds_ratio(y.exp()), Reported::analysis(Measure::LogOddsRatio, y)] {
            let natural = reported == Reported::odds_ratio(y.exp());
            let scaled = |x: f64| if natural { x.exp() } else { x };
            let ratio = y / se;
            let forms = [
                reported.ci(scaled(y - normal * se), scaled(y + normal * se), level),
                reported.ci_t(scaled(y - t * se), scaled(y + t * se), level, df),
                reported.se_analysis(se),
                reported.se_natural(se * y.exp()),
                reported.z(ratio),
                reported.t(ratio),
                reported.f(ratio * ratio),
                reported.chi_squared(ratio * ratio),
                reported.p(p),
                reported.p_t(p_t, df),
                reported.p_one_sided(0.5 * p, direction),
                reported.p_one_sided_t(0.5 * p_t, direction, df),
            ];
            for (i, form) in forms.into_iter().enumerate() {
                let effect = form.unwrap();
                prop_assert!((effect.se() / se - 1.0).abs() < 1e-9, "form {}: {} {}", i, effect.se(), se);
                prop_assert!((effect.y() - y).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_reciprocal_of_a_ratio_is_the_opposite_effect(ratio in 0.05..20.0_f64, width in 0.05..2.0_f64) {
        let one = Reported::risk_ratio(ratio).ci95(ratio / width.exp(), ratio * width.exp()).unwrap();
        let other = Reported::risk_ratio(1.0 / ratio).ci95(1.0 / (ratio * width.exp()), width.exp() / ratio).unwrap();
        prop_assert!((one.y() + other.y()).abs() < 1e-13);
        prop_assert!((one.variance() / other.variance() - 1.0).abs() < 1e-11);
    }

    #[test]
    fn any_bits_end_in_an_effect_or_an_error(a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), d in any::<u64>()) {
        let [a, b, c, d] = [a, b, c, d].map(f64::from_bits);
        for reported in [Reported::odds_ratio(a), Reported::correlation(a), Reported::analysis(Measure::Generic, a)] {
            for effect in [
                reported.ci(b, c, d), reported.ci_t(b, c, 0.9, d), reported.se_analysis(b), reported.se_natural(b),
                reported.z(b), reported.t(b), reported.f(b), reported.chi_squared(b), reported.p(b), reported.p_t(b, c),
                reported.p_one_sided(b, Alternative::Less), reported.p_one_sided_t(b, Alternative::Greater, c),
            ].into_iter().flatten() {
                prop_assert!(effect.y().is_finite() && effect.variance().is_finite());
            }
        }
    }
}
