//! What bad counts must get: one test per row of the catalogue of bad inputs (rows 1 to 20 and 47 to 55).

use meta_analysis::study::{
    BinaryMeasure, Conversion, MatchedPairs, PairsMeasure, Proportion, ProportionMeasure, Rate, RateMeasure, Scope,
    Studies, Summary, TwoByTwo, TwoRates, TwoRatesMeasure, Uninformative, VarianceType, ZeroCells,
};
use meta_analysis::{Error, ErrorKind, Result};

/// The error must be of this kind, and name this field.
macro_rules! assert_error {
    ($result:expr, $kind:pat, $field:expr) => {{
        let error: Error = $result.unwrap_err();
        assert!(matches!(error.kind(), $kind), "{error}");
        assert_eq!(error.field(), $field, "{error}");
    }};
}

fn table(a: u32, b: u32, c: u32, d: u32) -> TwoByTwo {
    TwoByTwo::from_cells(a, b, c, d).unwrap()
}

fn half() -> ZeroCells {
    ZeroCells::constant(0.5)
}

fn keep() -> ZeroCells {
    half().double_zero(Uninformative::Keep)
}

#[test]
fn row_1_one_zero_cell_needs_a_policy() {
    use BinaryMeasure::*;
    let row = table(0, 10, 3, 7);
    for measure in [LogOddsRatio, LogRiskRatio, YuleQ, YuleY, ProbitDifference, OddsRatioToD, OddsRatioToDNormal] {
        assert_error!(row.effect(&measure.into()), ErrorKind::ZeroCell { .. }, Some("events (group 1)"));
        let effect = row.effect(&Conversion::new(measure).zero_cells(half())).unwrap();
        assert!(effect.adjustment().is_some());
    }
    for measure in [RiskDifference, ArcsineDifference, PetoLogOddsRatio, Phi] {
        assert_eq!(row.effect(&measure.into()).unwrap().adjustment(), None);
    }
    assert_error!(
        table(1, 0, 3, 7).effect(&LogOddsRatio.into()),
        ErrorKind::ZeroCell { .. },
        Some("non-events (group 1)")
    );
    assert_error!(table(1, 2, 3, 0).effect(&YuleQ.into()), ErrorKind::ZeroCell { .. }, Some("non-events (group 2)"));
    // A risk ratio needs events, not non-events.
    assert!(table(1, 0, 3, 7).effect(&LogRiskRatio.into()).is_ok());
}

#[test]
fn rows_2_and_3_double_zero_and_double_full() {
    use BinaryMeasure::*;
    let none = table(0, 10, 0, 12);
    let all = table(10, 0, 12, 0);
    for measure in [LogOddsRatio, PetoLogOddsRatio, LogRiskRatio, YuleQ, YuleY, ProbitDifference, OddsRatioToD] {
        for policy in [ZeroCells::none(), half(), half().scope(Scope::All), ZeroCells::treatment_arm()] {
            let how = Conversion::new(measure).zero_cells(policy);
            assert_error!(none.effect(&how), ErrorKind::DoubleZero { .. }, Some("events"));
            assert_error!(all.effect(&how), ErrorKind::DoubleFull { .. }, Some("events"));
        }
        for row in [none, all] {
            assert!(row.effect(&Conversion::new(measure).zero_cells(keep())).is_ok());
        }
    }
    for measure in BinaryMeasure::ALL {
        let studies = Studies::from([("A", none), ("B", table(3, 7, 4, 8)), ("C", all)]);
        let how = Conversion::new(measure).zero_cells(half().double_zero(Uninformative::Drop));
        let effects = studies.effects(how).unwrap();
        assert_eq!((effects.labels().len(), effects.dropped().len()), (1, 2), "{measure:?}");
        assert_eq!(effects.dropped()[0].reason, "no events in either arm");
        assert_eq!(effects.dropped()[1].reason, "nothing but events in both arms");
    }
}

#[test]
fn row_4_double_zero_risk_difference_has_no_variance() {
    let row = table(0, 10, 0, 12);
    let measure = BinaryMeasure::RiskDifference;
    assert_error!(row.effect(&measure.into()), ErrorKind::ZeroVariance { .. }, Some("variance"));
    assert!(row.effect(&Conversion::new(measure).zero_cells(half())).unwrap().variance() > 0.0);
}

#[test]
fn rows_5_and_7_an_empty_arm() {
    assert_error!(TwoByTwo::new((0, 0), (3, 10)), ErrorKind::EmptyArm { .. }, Some("total (group 1)"));
    assert_error!(TwoByTwo::from_cells(3, 7, 0, 0), ErrorKind::EmptyArm { .. }, Some("total (group 2)"));
}

#[test]
fn row_6_a_table_of_zeros_is_no_study() {
    assert_error!(TwoByTwo::from_cells(0, 0, 0, 0), ErrorKind::EmptyTable, None);
    assert_error!(TwoByTwo::new((0, 0), (0, 0)), ErrorKind::EmptyTable, None);
    assert_error!(MatchedPairs::new(0, 0, 0, 0), ErrorKind::EmptyTable, None);
}

#[test]
fn rows_8_and_10_an_empty_margin() {
    use BinaryMeasure::{FisherZPhi, FisherZTetrachoric, Phi, Tetrachoric};
    for measure in [Phi, FisherZPhi, Tetrachoric, FisherZTetrachoric] {
        for row in [table(0, 10, 0, 12), table(10, 0, 12, 0)] {
            assert_error!(row.effect(&measure.into()), ErrorKind::DegenerateMargin { .. }, None);
            assert!(row.effect(&Conversion::new(measure).zero_cells(keep())).is_ok());
            let unhelped = ZeroCells::none().double_zero(Uninformative::Keep);
            assert_error!(
                row.effect(&Conversion::new(measure).zero_cells(unhelped)),
                ErrorKind::DegenerateMargin { .. },
                None
            );
        }
    }
    for measure in [Phi, FisherZPhi] {
        assert_error!(
            table(10, 0, 0, 12).effect(&measure.into()),
            ErrorKind::DegenerateCorrelation { value: 1.0, .. },
            Some("phi")
        );
    }
}

#[test]
fn row_9_a_tetrachoric_correlation_on_its_boundary() {
    use BinaryMeasure::{FisherZTetrachoric, Tetrachoric};
    for measure in [Tetrachoric, FisherZTetrachoric] {
        let row = table(0, 10, 3, 7);
        assert_error!(row.effect(&measure.into()), ErrorKind::NonIdentifiable { .. }, Some("events (group 1)"));
        let effect = row.effect(&Conversion::new(measure).zero_cells(half())).unwrap();
        assert!(effect.y() < 0.0 && effect.variance() > 0.0);
    }
}

#[test]
fn rows_11_to_13_counts_that_are_not_counts() {
    assert_error!(TwoByTwo::new((-1, 10), (3, 10)), ErrorKind::NegativeCount { .. }, Some("events (group 1)"));
    assert_error!(TwoByTwo::new((f64::NAN, 10.0), (3.0, 10.0)), ErrorKind::NonFinite { .. }, Some("events (group 1)"));
    assert_error!(TwoByTwo::from_cells(1.0, 2.0, f64::INFINITY, 3.0), ErrorKind::NonFinite { .. }, Some("c"));
    assert_error!(TwoRates::new((-1, 10.0), (3, 10.0)), ErrorKind::NegativeCount { .. }, Some("events"));
    assert_error!(MatchedPairs::new(1, -2, 3, 4), ErrorKind::NegativeCount { .. }, Some("first only"));
    assert_error!(MatchedPairs::new(1.0, 2.0, f64::NAN, 4.0), ErrorKind::NonFinite { .. }, Some("second only"));
}

#[test]
fn row_14_fractions_of_people_must_be_asked_for() {
    assert_error!(TwoByTwo::new((1.5, 10.0), (3.0, 10.0)), ErrorKind::NonIntegerCount { .. }, Some("events (group 1)"));
    assert!(TwoByTwo::fractional((1.5, 10.0), (3.0, 10.0)).is_ok());
    assert_error!(MatchedPairs::new(1.5, 2.0, 3.0, 4.0), ErrorKind::NonIntegerCount { .. }, Some("both"));
    assert!(MatchedPairs::fractional(1.5, 2.0, 3.0, 4.0).is_ok());
}

#[test]
fn row_15_more_events_than_people() {
    assert_error!(TwoByTwo::new((11, 10), (3, 10)), ErrorKind::EventsExceedTotal { .. }, Some("events"));
    assert_error!(MatchedPairs::from_margins(11, 3, 10, 0.2), ErrorKind::EventsExceedTotal { .. }, Some("events"));
}

#[test]
fn row_16_columns_of_different_lengths_are_noticed() {
    let studies = Studies::from([("A", table(1, 2, 3, 4))]);
    assert_error!(studies.with_covariate("dose", [1.0, 2.0]), ErrorKind::LengthMismatch { .. }, Some("dose"));
}

#[test]
fn rows_17_and_18_large_counts() {
    let large = 1_000_000_000_000_000u64;
    let effect = table_of(large, large, large, large).unwrap().effect(&BinaryMeasure::LogOddsRatio.into()).unwrap();
    assert!(effect.y().abs() <= 0.0);
    assert!((effect.variance() / 4e-15 - 1.0).abs() < 1e-15);
    for measure in BinaryMeasure::ALL {
        assert!(table_of(large, 1, 2, large).unwrap().effect(&measure.into()).is_ok(), "{measure:?}");
    }
    assert_error!(table_of(1 << 53, 1, 1, 1), ErrorKind::CountNotExact { .. }, Some("a"));
    assert_error!(TwoByTwo::new((1, 1u64 << 53), (1, 2)), ErrorKind::CountNotExact { .. }, Some("total (group 1)"));
}

fn table_of(a: u64, b: u64, c: u64, d: u64) -> Result<TwoByTwo> {
    TwoByTwo::from_cells(a, b, c, d)
}

#[test]
fn row_19_no_studies() {
    assert_error!(Studies::<TwoByTwo>::default().effects(BinaryMeasure::LogOddsRatio), ErrorKind::Empty, None);
    // Nor any that is left.
    let studies = Studies::from([("A", table(0, 10, 0, 12))]);
    let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(half().double_zero(Uninformative::Drop));
    assert_error!(studies.effects(how), ErrorKind::Empty, None);
}

#[test]
fn row_20_a_correction_that_is_no_positive_number() {
    for add in [-0.5, 0.0, f64::NAN, f64::INFINITY] {
        let policy = ZeroCells::constant(add);
        // Also where nothing would have been added.
        for row in [table(0, 10, 3, 7), table(1, 10, 3, 7)] {
            let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(policy);
            assert_error!(row.effect(&how), ErrorKind::InvalidCorrection { .. }, Some("zero_cells"));
        }
        let how = Conversion::new(ProportionMeasure::Logit).zero_cells(policy);
        assert_error!(
            Proportion::new(3, 10).unwrap().effect(&how),
            ErrorKind::InvalidCorrection { .. },
            Some("zero_cells")
        );
        let how = Conversion::new(PairsMeasure::RiskDifference).zero_cells(policy);
        assert_error!(
            MatchedPairs::new(1, 2, 3, 4).unwrap().effect(&how),
            ErrorKind::InvalidCorrection { .. },
            Some("zero_cells")
        );
    }
}

#[test]
fn rows_47_51_52_proportions_that_cannot_be() {
    assert_error!(Proportion::new(11, 10), ErrorKind::EventsExceedTotal { .. }, Some("events"));
    assert_error!(Proportion::new(0, 0), ErrorKind::EmptyArm { .. }, Some("total"));
    assert_error!(Proportion::new(-1, 10), ErrorKind::NegativeCount { .. }, Some("events"));
}

#[test]
fn rows_48_to_50_nobody_or_everybody() {
    use ProportionMeasure::{Arcsine, FreemanTukey, Log, Logit, Probit, Raw};
    for (x, field) in [(0, "events"), (10, "non-events")] {
        let row = Proportion::new(x, 10).unwrap();
        for measure in [Raw, Log, Logit, Probit] {
            assert_error!(row.effect(&measure.into()), ErrorKind::ZeroCell { .. }, Some(field));
            assert!(row.effect(&Conversion::new(measure).zero_cells(half())).is_ok());
        }
        for measure in [Arcsine, FreemanTukey] {
            assert!(row.effect(&measure.into()).unwrap().variance() > 0.0);
        }
    }
}

#[test]
fn row_53_a_rate_of_no_events() {
    let row = Rate::new(0, 10.0).unwrap();
    for measure in [RateMeasure::Raw, RateMeasure::Log] {
        assert_error!(row.effect(&measure.into()), ErrorKind::ZeroCell { .. }, Some("events"));
        assert!(row.effect(&Conversion::new(measure).zero_cells(half())).is_ok());
    }
    for measure in [RateMeasure::SquareRoot, RateMeasure::FreemanTukey] {
        assert!(row.effect(&measure.into()).unwrap().variance() > 0.0);
    }
}

#[test]
fn row_54_no_time() {
    for time in [0.0, -1.0, f64::NEG_INFINITY] {
        assert_error!(Rate::new(1, time), ErrorKind::NonPositiveTime { .. }, Some("time"));
        assert_error!(TwoRates::new((1, 1.0), (1, time)), ErrorKind::NonPositiveTime { .. }, Some("time"));
    }
    assert_error!(Rate::new(1, f64::NAN), ErrorKind::NonFinite { .. }, Some("time"));
}

#[test]
fn row_55_two_rates_without_events() {
    use TwoRatesMeasure::{IncidenceRateDifference, LogIncidenceRateRatio, RootIncidenceRateDifference};
    let row = TwoRates::new((0, 10.0), (0, 12.0)).unwrap();
    for measure in [LogIncidenceRateRatio, IncidenceRateDifference] {
        for policy in [ZeroCells::none(), half()] {
            assert_error!(
                row.effect(&Conversion::new(measure).zero_cells(policy)),
                ErrorKind::DoubleZero { .. },
                Some("events")
            );
        }
        assert!(row.effect(&Conversion::new(measure).zero_cells(keep())).is_ok());
    }
    let unhelped =
        Conversion::new(IncidenceRateDifference).zero_cells(ZeroCells::none().double_zero(Uninformative::Keep));
    assert_error!(row.effect(&unhelped), ErrorKind::ZeroVariance { .. }, Some("variance"));
    assert!(row.effect(&RootIncidenceRateDifference.into()).unwrap().y().abs() <= 0.0);
    let one = TwoRates::new((0, 10.0), (3, 12.0)).unwrap();
    assert_error!(one.effect(&LogIncidenceRateRatio.into()), ErrorKind::ZeroCell { .. }, Some("events (group 1)"));
    assert!(one.effect(&IncidenceRateDifference.into()).is_ok());
}

#[test]
fn pairs_that_never_or_always_have_the_event_or_never_differ() {
    use PairsMeasure::{ConditionalLogOddsRatio, LogOddsRatio, LogRiskRatio, PetoLogOddsRatio, RiskDifference};
    let (none, all) = (MatchedPairs::new(0, 0, 0, 9).unwrap(), MatchedPairs::new(9, 0, 0, 0).unwrap());
    let alike = MatchedPairs::new(5, 0, 0, 4).unwrap();
    for measure in [RiskDifference, LogRiskRatio, LogOddsRatio, ConditionalLogOddsRatio, PetoLogOddsRatio] {
        assert_error!(none.effect(&measure.into()), ErrorKind::DoubleZero { .. }, Some("events"));
        assert_error!(all.effect(&measure.into()), ErrorKind::DoubleFull { .. }, Some("events"));
        assert!(alike.effect(&Conversion::new(measure).zero_cells(half())).unwrap().y().abs() <= 0.0);
    }
    for measure in [RiskDifference, LogRiskRatio, LogOddsRatio] {
        assert_error!(alike.effect(&measure.into()), ErrorKind::ZeroVariance { .. }, Some("variance"));
    }
    assert_error!(alike.effect(&ConditionalLogOddsRatio.into()), ErrorKind::ZeroCell { .. }, Some("first only"));
    assert_error!(alike.effect(&PetoLogOddsRatio.into()), ErrorKind::ZeroCell { .. }, Some("discordant pairs"));
}

#[test]
fn margins_with_an_impossible_correlation() {
    assert_error!(
        MatchedPairs::from_margins(3, 5, 10, 1.2),
        ErrorKind::CorrelationOutOfRange { .. },
        Some("correlation")
    );
    assert_error!(MatchedPairs::from_margins(3, 5, 10, 0.9), ErrorKind::OutsideSupport { .. }, Some("correlation"));
    assert_error!(MatchedPairs::from_margins(0, 5, 10, 0.2), ErrorKind::DegenerateMargin { .. }, None);
    // The largest correlation of 3 and 5 of 10: whoever of the first has it, so has the second.
    let upper = (3.0 / 7.0_f64).sqrt();
    assert!(MatchedPairs::from_margins(3, 5, 10, upper).unwrap().cells()[1] < 1e-14);
}

#[test]
fn a_variance_that_the_measure_does_not_have() {
    use VarianceType::*;
    let refused = |error: Error| assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{error}");
    let how = |measure, variance| Conversion::new(measure).variance(variance);
    for variance in [LargeSample2, LargeSample3, Average2, Homoscedastic, AverageHomoscedastic, Maximum, RevMan] {
        for measure in BinaryMeasure::ALL {
            refused(table(1, 2, 3, 4).effect(&how(measure, variance)).unwrap_err());
        }
    }
    // metafor computes the usual variance without a word.
    for measure in [BinaryMeasure::YuleQ, BinaryMeasure::PetoLogOddsRatio, BinaryMeasure::ArcsineDifference] {
        refused(table(1, 2, 3, 4).effect(&how(measure, Unbiased)).unwrap_err());
    }
    let rate = Rate::new(1, 2.0).unwrap();
    refused(rate.effect(&Conversion::new(RateMeasure::Log).variance(Average)).unwrap_err());
    let arcsine = Conversion::new(ProportionMeasure::Arcsine).variance(Unbiased);
    refused(Proportion::new(1, 2).unwrap().effect(&arcsine).unwrap_err());
    let one = Conversion::new(ProportionMeasure::Raw).variance(Unbiased);
    let error = Proportion::fractional(0.5, 1.0).unwrap().effect(&one).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SampleSizeTooSmall { .. }), "{error}");
}

#[test]
fn the_empirical_correction_needs_two_groups_and_other_studies() {
    let empirical = ZeroCells::empirical();
    let how = Conversion::new(ProportionMeasure::Logit).zero_cells(empirical);
    assert_error!(Proportion::new(0, 10).unwrap().effect(&how), ErrorKind::NotApplicable { .. }, None);
    let how = Conversion::new(PairsMeasure::LogRiskRatio).zero_cells(empirical);
    assert_error!(MatchedPairs::new(0, 1, 2, 3).unwrap().effect(&how), ErrorKind::NotApplicable { .. }, None);
    let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(empirical);
    assert_error!(table(0, 10, 3, 7).effect(&how), ErrorKind::NotApplicable { .. }, None);
    let alone = Studies::from([("A", table(0, 10, 3, 7))]);
    assert_error!(alone.effects(how), ErrorKind::TooFewStudies { .. }, None);
}
