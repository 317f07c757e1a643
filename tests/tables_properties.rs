//! Bad input, boundaries, symmetry, units and serialisation of the classical methods.

use meta_analysis::study::{BinaryMeasure, Moments, Studies, TwoByTwo, TwoMeans, TwoRates, Uninformative, ZeroCells};
use meta_analysis::study::{MeansMeasure, Scope};
use meta_analysis::tables::{
    CochranRates, ConditionalOddsRatio, Continuity, MantelHaenszelVariance, PooledStrata, RateMeasure,
    SampleSizeWeights, TableMeasure, breslow_day, cochran_mantel_haenszel, zelen,
};
use meta_analysis::{ErrorKind, ExactOddsRatio, ForestTable, MantelHaenszel, Note, Peto, Result};
use proptest::prelude::*;

const ALL: [TableMeasure; 3] = [TableMeasure::LogOddsRatio, TableMeasure::LogRiskRatio, TableMeasure::RiskDifference];

fn tables(rows: &[[u64; 4]]) -> Studies<TwoByTwo> {
    let row =
        |(i, &[a, b, c, d]): (usize, &[u64; 4])| (format!("study {i}"), TwoByTwo::from_cells(a, b, c, d).unwrap());
    rows.iter().enumerate().map(row).collect()
}

fn rates(rows: &[(u64, f64, u64, f64)]) -> Studies<TwoRates> {
    let row = |(i, &(x1, t1, x2, t2)): (usize, &(u64, f64, u64, f64))| {
        (format!("study {i}"), TwoRates::new((x1, t1), (x2, t2)).unwrap())
    };
    rows.iter().enumerate().map(row).collect()
}

fn mh(measure: TableMeasure, rows: &[[u64; 4]]) -> Result<PooledStrata> {
    MantelHaenszel::new(measure).fit(&tables(rows))
}

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().to_string()
}

const TRIALS: [[u64; 4]; 3] = [[22, 2, 10, 8], [37, 10, 21, 27], [9, 3, 1, 10]];

#[test]
fn no_events_is_an_error_with_a_remedy() {
    // Row 109 of the catalogue: metafor prints NA.
    let none = [[0, 10, 0, 12], [0, 5, 0, 5]];
    let (studies, of_rates) = (tables(&none), rates(&[(0, 10.0, 0, 10.0), (0, 4.0, 0, 8.5)]));
    let mut errors: Vec<_> = ALL.map(|measure| mh(measure, &none).unwrap_err()).into();
    errors.extend([
        Peto::new().fit(&studies).unwrap_err(),
        ExactOddsRatio::new().fit(&studies).unwrap_err(),
        cochran_mantel_haenszel(&studies, Continuity::Half).unwrap_err(),
        breslow_day(&studies).unwrap_err(),
        zelen(&studies).unwrap_err(),
        MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio).fit(&of_rates).unwrap_err(),
        MantelHaenszel::new(RateMeasure::IncidenceRateDifference).fit(&of_rates).unwrap_err(),
        CochranRates::new().fit(&of_rates).unwrap_err(),
        cochran_mantel_haenszel(&of_rates, Continuity::Uncorrected).unwrap_err(),
    ]);
    for error in errors {
        assert!(matches!(error.kind(), ErrorKind::NoEvents { .. }), "{error:?}");
        assert!(error.to_string().starts_with("no study has any event, so there is no pooled "), "{error}");
        assert!(error.to_string().contains("`BinomialNormal` or `PoissonNormal` of each group gives an upper limit"));
    }
    // Nobody without the event is not the same, and nor is nobody with it in one study and everybody in the other.
    for degenerate in [[[10, 0, 12, 0], [5, 0, 5, 0]], [[0, 10, 0, 12], [5, 0, 5, 0]]] {
        let studies = tables(&degenerate);
        for error in [
            mh(TableMeasure::LogOddsRatio, &degenerate).unwrap_err(),
            Peto::new().fit(&studies).unwrap_err(),
            ExactOddsRatio::new().fit(&studies).unwrap_err(),
            cochran_mantel_haenszel(&studies, Continuity::Half).unwrap_err(),
            breslow_day(&studies).unwrap_err(),
            zelen(&studies).unwrap_err(),
        ] {
            assert!(matches!(error.kind(), ErrorKind::NotEstimable { .. }), "{error:?}");
        }
        let error = mh(TableMeasure::RiskDifference, &degenerate).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ZeroVariance { .. }), "{error}");
    }
    // A correction that is asked for makes events.
    let corrected = MantelHaenszel::new(TableMeasure::LogOddsRatio)
        .zero_cells(ZeroCells::constant(0.5).double_zero(Uninformative::Keep))
        .fit(&studies);
    assert!(corrected.is_ok(), "{corrected:?}");

    let one_arm = [[0, 10, 3, 12], [0, 5, 1, 5]];
    assert_eq!(
        message(mh(TableMeasure::LogRiskRatio, &one_arm)),
        "there are no events in the first group of any study, so the pooled log risk ratio is undefined; ask for a \
         difference, for the exact conditional odds ratio (`ExactOddsRatio`), or for a correction"
    );
    assert!(mh(TableMeasure::LogOddsRatio, &one_arm).is_err());
    assert!(mh(TableMeasure::RiskDifference, &one_arm).is_ok());
    let fit = ExactOddsRatio::new().fit(&tables(&one_arm)).unwrap();
    assert_eq!(fit.odds_ratio(), Some(0.0));
    assert!(fit.natural().is_none() && fit.estimate().is_none());
    assert!(fit.fisher().lower <= 0.0 && fit.mid_p().upper.unwrap() < fit.fisher().upper.unwrap());
    assert!(fit.to_string().starts_with("odds ratio 0 [0, "), "{fit}");

    let rows = rates(&[(0, 10.0, 3, 10.0), (0, 8.0, 1, 9.0)]);
    assert!(MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio).fit(&rows).is_err());
    assert!(CochranRates::new().fit(&rows).is_err());
    assert!(MantelHaenszel::new(RateMeasure::IncidenceRateDifference).fit(&rows).is_ok());
}

#[test]
fn empty_and_mislabelled_data() {
    assert_eq!(message(mh(TableMeasure::LogOddsRatio, &[])), "no studies");
    assert_eq!(message(Peto::new().fit(&tables(&[]))), "no studies");
    assert_eq!(message(ExactOddsRatio::new().fit(&tables(&[]))), "no studies");
    assert_eq!(message(breslow_day(&tables(&[]))), "no studies");
    let row = TwoByTwo::from_cells(1, 2, 3, 4).unwrap();
    let twice = Studies::from([("A", row), ("A", row)]);
    assert!(message(Peto::new().fit(&twice)).contains("two studies are labelled \"A\""));
    assert!(message(cochran_mantel_haenszel(&twice, Continuity::Half)).contains("two studies"));
    for level in [0.0, 1.0, 95.0, f64::NAN, -1.0] {
        let trials = tables(&TRIALS);
        assert!(message(Peto::new().level(level).fit(&trials)).contains("level"));
        assert!(message(ExactOddsRatio::new().level(level).fit(&trials)).contains("level"));
        assert!(message(MantelHaenszel::new(ALL[0]).level(level).fit(&trials)).contains("level"));
        assert!(
            message(SampleSizeWeights::new().level(level).fit(&trials, BinaryMeasure::LogOddsRatio)).contains("level")
        );
    }
    for tau2 in [-1.0, f64::NAN, f64::INFINITY] {
        let fit = SampleSizeWeights::new().tau2(tau2).fit(&tables(&TRIALS), BinaryMeasure::LogOddsRatio);
        assert!(matches!(fit.unwrap_err().kind(), ErrorKind::InvalidTau2 { .. }));
    }
}

#[test]
fn zero_cells_are_touched_only_when_asked_for() {
    let rows = [[9, 3, 0, 11], [37, 10, 21, 27], [0, 20, 0, 18]];
    let fit = mh(TableMeasure::LogOddsRatio, &rows).unwrap();
    assert_eq!(fit.k(), 2);
    assert_eq!(
        fit.notes(),
        [
            Note::NoOwnEffect { studies: vec!["study 0".to_owned()] },
            Note::Dropped { study: "study 2".to_owned(), reason: "no events in either group".to_owned() }
        ]
    );
    let without = mh(TableMeasure::LogOddsRatio, &rows[..2]).unwrap();
    assert_eq!(fit.estimate(), without.estimate());
    // A difference is told something by a study without events.
    assert_eq!(mh(TableMeasure::RiskDifference, &rows).unwrap().k(), 3);

    let model = MantelHaenszel::new(TableMeasure::LogOddsRatio);
    let half = ZeroCells::constant(0.5);
    let error = model.zero_cells(half).fit(&tables(&rows)).unwrap_err();
    assert_eq!(error.study(), Some("study 2"));
    assert!(matches!(error.kind(), ErrorKind::DoubleZero { .. }));
    let kept = model.zero_cells(half.double_zero(Uninformative::Keep)).fit(&tables(&rows)).unwrap();
    assert_eq!(kept.k(), 3);
    let touched = vec!["study 0".to_owned(), "study 2".to_owned()];
    assert_eq!(kept.notes()[0], Note::CountsAdded { studies: touched });
    let dropped = model.zero_cells(half.double_zero(Uninformative::Drop)).fit(&tables(&rows)).unwrap();
    assert_eq!(dropped.k(), 2);
    let own = model.own_zero_cells(half.double_zero(Uninformative::Drop)).fit(&tables(&rows)).unwrap();
    assert_eq!(own.estimate(), fit.estimate());
    assert_eq!(own.notes()[0], Note::OwnCountsAdded { studies: vec!["study 0".to_owned()] });
    assert!(own.heterogeneity().df > fit.heterogeneity().df);
    for bad in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        let policy = ZeroCells::constant(bad).double_zero(Uninformative::Keep);
        for model in [model.zero_cells(policy), model.own_zero_cells(policy)] {
            let error = model.fit(&tables(&rows)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidCorrection { .. }), "{error}");
        }
    }
    let empirical = model.zero_cells(ZeroCells::empirical().double_zero(Uninformative::Drop)).fit(&tables(&rows));
    assert!(empirical.unwrap().estimate().value() > 0.0);
    let all = model.zero_cells(half.scope(Scope::All).double_zero(Uninformative::Drop)).fit(&tables(&rows)).unwrap();
    assert_eq!(all.notes()[0], Note::CountsAdded { studies: vec!["study 0".to_owned(), "study 1".to_owned()] });
}

#[test]
fn a_variance_by_the_wrong_name() {
    let model = MantelHaenszel::new(TableMeasure::LogOddsRatio).variance(MantelHaenszelVariance::GreenlandRobins);
    assert!(matches!(model.fit(&tables(&TRIALS)).unwrap_err().kind(), ErrorKind::NotApplicable { .. }));
    let model = MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio)
        .variance(MantelHaenszelVariance::RobinsBreslowGreenland);
    assert!(model.fit(&rates(&[(3, 5.0, 4, 5.0)])).is_err());
}

#[test]
fn counts_of_any_size() {
    // 1e15 events (row 17): the standard error is that of Woolf to rounding.
    let n = 1_000_000_000_000_000;
    let fit = mh(TableMeasure::LogOddsRatio, &[[n, 2 * n, n, 2 * n + 1]]).unwrap();
    assert!((fit.estimate().value() / 5e-16 - 1.0).abs() < 1e-12);
    let exact = ExactOddsRatio::new().fit(&tables(&[[n, 2 * n, n, 2 * n + 1]])).unwrap_err();
    assert!(matches!(exact.kind(), ErrorKind::NotApplicable { .. }), "{exact}");
    // Large, but short because rare events decide.
    assert!(ExactOddsRatio::new().fit(&tables(&[[3, n, 5, n]])).is_ok());

    let fractions = Studies::from([
        ("A", TwoByTwo::fractional((3.5, 10.0), (2.25, 12.0)).unwrap()),
        ("B", TwoByTwo::fractional((1e-300, 1e-290), (2e-300, 3e-290)).unwrap()),
        ("C", TwoByTwo::fractional((0.25, 0.5), (0.125, 0.25)).unwrap()),
    ]);
    for measure in ALL {
        let fit = MantelHaenszel::new(measure).fit(&fractions).unwrap();
        assert!(fit.estimate().se() > 0.0);
    }
    let peto = Peto::new().fit(&fractions).unwrap();
    assert_eq!(peto.k(), 1); // fewer than one person have no hypergeometric variance
    let error = ExactOddsRatio::new().fit(&fractions).unwrap_err();
    assert_eq!(error.study(), Some("A"));
    assert!(matches!(error.kind(), ErrorKind::NonIntegerCount { .. }));
    let lost = Studies::from([("B", TwoByTwo::fractional((1e-300, 1e-290), (2e-300, 3e-290)).unwrap())]);
    assert!(mh(TableMeasure::LogOddsRatio, &TRIALS).is_ok());
    match MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&lost) {
        Ok(fit) => assert!(fit.estimate().se().is_finite()),
        Err(error) => assert!(matches!(error.kind(), ErrorKind::Overflow { .. } | ErrorKind::NotEstimable { .. })),
    }
}

#[test]
fn exchanging_groups_or_outcomes_turns_the_estimates_over() {
    let groups = TRIALS.map(|[a, b, c, d]| [c, d, a, b]);
    let outcomes = TRIALS.map(|[a, b, c, d]| [b, a, d, c]);
    let close = |x: f64, y: f64| assert!((x - y).abs() <= 1e-14 * x.abs().max(1.0), "{x} {y}");
    for measure in ALL {
        let (one, two) = (mh(measure, &TRIALS).unwrap(), mh(measure, &groups).unwrap());
        close(one.estimate().value(), -two.estimate().value());
        close(one.estimate().se(), two.estimate().se());
        if measure != TableMeasure::LogRiskRatio {
            let two = mh(measure, &outcomes).unwrap();
            close(one.estimate().value(), -two.estimate().value());
            close(one.estimate().se(), two.estimate().se());
        }
    }
    let exact = |rows: &[[u64; 4]]| ExactOddsRatio::new().fit(&tables(rows)).unwrap();
    let (one, two, three) = (exact(&TRIALS), exact(&groups), exact(&outcomes));
    for other in [&two, &three] {
        let relative = |x: f64, y: f64| assert!((x * y - 1.0).abs() < 1e-11, "{x} {y}");
        relative(one.odds_ratio().unwrap(), other.odds_ratio().unwrap());
        relative(one.fisher().lower, other.fisher().upper.unwrap());
        relative(one.mid_p().upper.unwrap(), other.mid_p().lower);
        assert!((one.test().less / other.test().greater - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_limits_and_the_tests_agree() {
    // At the level of the p-value a limit is 1.
    for rows in [&TRIALS[..], &[[3, 9, 1, 12], [0, 5, 2, 7]], &[[1, 30, 6, 25]]] {
        let fit = ExactOddsRatio::new().fit(&tables(rows)).unwrap();
        let level = 1.0 - fit.test().twice_smaller;
        if level > 0.0 {
            let at = ExactOddsRatio::new().level(level).fit(&tables(rows)).unwrap();
            let limit = if fit.odds_ratio().unwrap() > 1.0 { at.fisher().lower } else { at.fisher().upper.unwrap() };
            assert!((limit - 1.0).abs() < 1e-9, "{limit}");
        }
        let level = 1.0 - fit.test().mid_p;
        let at = ExactOddsRatio::new().level(level).fit(&tables(rows)).unwrap();
        let limit = if fit.odds_ratio().unwrap() > 1.0 { at.mid_p().lower } else { at.mid_p().upper.unwrap() };
        assert!((limit - 1.0).abs() < 1e-9, "{limit}");
    }
}

#[test]
fn the_unit_of_time_is_carried_to_the_last_bit() {
    let rows = [(8, 53.2, 5, 60.1), (22, 40.9, 16, 33.4), (0, 12.0, 2, 7.5)];
    let scaled = |a: f64| rates(&rows.map(|(x1, t1, x2, t2)| (x1, t1 * a, x2, t2 * a)));
    let ratio = MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio);
    let difference = MantelHaenszel::new(RateMeasure::IncidenceRateDifference);
    let (one, diff) = (ratio.fit(&scaled(1.0)).unwrap(), difference.fit(&scaled(1.0)).unwrap());
    for exponent in [-400, -20, 7, 400] {
        let a = 2.0_f64.powi(exponent);
        assert_eq!(ratio.fit(&scaled(a)).unwrap().estimate(), one.estimate());
        let other = difference.fit(&scaled(a)).unwrap();
        assert_eq!((other.estimate().value() * a).to_bits(), diff.estimate().value().to_bits());
        assert_eq!((other.estimate().se() * a).to_bits(), diff.estimate().se().to_bits());
        let cochran = |rows| *CochranRates::new().fit(&rows).unwrap().estimate();
        assert_eq!(cochran(scaled(a)), cochran(scaled(1.0)));
    }
}

#[test]
fn sample_sizes_weigh_means_too() {
    let row = |m1: f64, n1: u32, m2: f64, n2: u32| {
        TwoMeans::new((Moments::mean_sd(m1, 2.0), n1), (Moments::mean_sd(m2, 2.0), n2)).unwrap()
    };
    let studies = Studies::from([("A", row(5.0, 20, 4.0, 20)), ("B", row(9.0, 60, 6.0, 20))]); // weights 10 and 15
    let fit = SampleSizeWeights::new().tau2(0.5).student_t().fit(&studies, MeansMeasure::MeanDifference).unwrap();
    assert!((fit.estimate().value() - (10.0 + 45.0) / 25.0).abs() < 1e-15);
    let variance = (100.0 * (0.4 + 0.5) + 225.0 * (4.0 / 60.0 + 0.2 + 0.5)) / 625.0;
    assert!((fit.estimate().se().powi(2) / variance - 1.0).abs() < 1e-14);
    assert_eq!(fit.estimate().df(), Some(1.0));
    let single = Studies::from([("A", row(5.0, 20, 4.0, 20))]);
    let error = SampleSizeWeights::new().student_t().fit(&single, MeansMeasure::MeanDifference).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UndefinedDf { .. }));
}

fn round_trip(fit: &PooledStrata) {
    let text = serde_json::to_string(fit).unwrap();
    assert_eq!(&serde_json::from_str::<PooledStrata>(&text).unwrap(), fit);
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["estimate"]["value"] = 99.0.into(); // not believed
    assert_eq!(&serde_json::from_value::<PooledStrata>(value).unwrap(), fit);
}

#[test]
fn results_survive_a_round_trip() {
    let trials = tables(&TRIALS);
    for measure in ALL {
        round_trip(&MantelHaenszel::new(measure).own_zero_cells(ZeroCells::constant(0.5)).fit(&trials).unwrap());
    }
    round_trip(&Peto::new().fit(&trials).unwrap());
    round_trip(&SampleSizeWeights::new().tau2(0.1).fit(&trials, BinaryMeasure::LogOddsRatio).unwrap());
    let rows = rates(&[(8, 53.2, 5, 60.1), (22, 40.9, 16, 33.4)]);
    round_trip(&MantelHaenszel::new(RateMeasure::IncidenceRateDifference).fit(&rows).unwrap());
    round_trip(&CochranRates::new().fit(&rows).unwrap());
    let exact = ExactOddsRatio::new().fit(&trials).unwrap();
    let text = serde_json::to_string(&exact).unwrap();
    assert_eq!(serde_json::from_str::<ConditionalOddsRatio>(&text).unwrap(), exact);
    let broken = serde_json::to_string(&Peto::new().fit(&trials).unwrap()).unwrap().replace("0.95", "95.0");
    assert!(serde_json::from_str::<PooledStrata>(&broken).unwrap_err().to_string().contains("level"));
}

#[test]
fn the_forest_table_has_what_has_an_effect() {
    let fit = mh(TableMeasure::LogOddsRatio, &[[9, 3, 0, 11], [37, 10, 21, 27], [5, 6, 4, 9]]).unwrap();
    let table = ForestTable::from(&fit);
    assert_eq!(table.rows.len(), 2);
    assert!(table.prediction.is_none());
    let weights: f64 = fit.strata().iter().map(|s| s.weight).sum();
    assert!((weights - 1.0).abs() < 1e-15);
    assert_eq!(table.pooled, fit.natural());
}

fn no_nan(fit: &PooledStrata) {
    let (estimate, h) = (fit.estimate(), fit.heterogeneity());
    let (lower, upper) = estimate.interval();
    for x in [estimate.value(), estimate.se(), lower, upper, estimate.p_value(), h.q, h.p_value, h.i2, h.h2] {
        assert!(x.is_finite(), "{fit:?}");
    }
    assert!(estimate.se() > 0.0 && fit.strata().iter().all(|s| s.weight >= 0.0 && s.weight.is_finite()));
    let _ = format!("{fit} {fit:#} {}", ForestTable::from(fit));
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0_u64), 8 => 0_u64..12, 3 => 0_u64..400, 1 => 0_u64..2_000_000_000_000_000]
}

fn cell() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.0_f64..5.0, (-300.0_f64..15.0).prop_map(|e| 10.0_f64.powf(e))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wild_tables_give_numbers_or_errors(rows in prop::collection::vec([count(), count(), count(), count()], 1..6)) {
        let row = |(i, [a, b, c, d]): (usize, &[u64; 4])| TwoByTwo::from_cells(*a, *b, *c, *d).ok().map(|t| (i.to_string(), t));
        let studies: Studies<TwoByTwo> = rows.iter().enumerate().filter_map(row).collect();
        let keep = ZeroCells::constant(0.5).double_zero(Uninformative::Keep);
        for measure in ALL {
            for policy in [ZeroCells::none(), keep] {
                if let Ok(fit) = MantelHaenszel::new(measure).zero_cells(policy).own_zero_cells(keep).fit(&studies) {
                    no_nan(&fit);
                }
            }
        }
        if let Ok(fit) = Peto::new().fit(&studies) {
            no_nan(&fit);
        }
        if let Ok(test) = breslow_day(&studies) {
            prop_assert!(test.tarone.statistic.is_finite() && test.tarone.statistic <= test.uncorrected.statistic);
            prop_assert!(test.tarone.p_value.is_finite() && test.odds_ratio > 0.0);
        }
        if let Ok(test) = cochran_mantel_haenszel(&studies, Continuity::Uncorrected) {
            prop_assert!(test.statistic.is_finite() && test.p_value.is_finite());
        }
        if let Ok(fit) = SampleSizeWeights::new().fit(&studies, BinaryMeasure::RiskDifference) {
            no_nan(&fit);
        }
    }

    #[test]
    fn exact_limits_bracket_the_estimate(rows in prop::collection::vec([0_u64..30, 0_u64..30, 0_u64..30, 0_u64..30], 1..6)) {
        let row = |(i, [a, b, c, d]): (usize, &[u64; 4])| TwoByTwo::from_cells(*a, *b, *c, *d).ok().map(|t| (i.to_string(), t));
        let studies: Studies<TwoByTwo> = rows.iter().enumerate().filter_map(row).collect();
        if let Ok(fit) = ExactOddsRatio::new().fit(&studies) {
            let value = fit.odds_ratio().unwrap_or(f64::MAX);
            let (outer, inner) = (fit.fisher(), fit.mid_p());
            prop_assert!(outer.lower <= inner.lower && inner.lower <= value && value.is_finite());
            let upper = |limits: meta_analysis::tables::OddsRatioLimits| limits.upper.unwrap_or(f64::MAX);
            prop_assert!(value <= upper(inner) && upper(inner) <= upper(outer) && upper(outer).is_finite());
            let test = fit.test();
            for p in [test.less, test.greater, test.two_sided, test.twice_smaller, test.mid_p] {
                prop_assert!(p > 0.0 && p <= 1.0);
            }
            prop_assert!(test.less + test.greater >= 1.0 - 1e-12);
            if let Ok(p) = zelen(&studies) {
                prop_assert!(p > 0.0 && p <= 1.0);
            }
            let _ = format!("{fit} {fit:#}");
        }
    }

    #[test]
    fn wild_fractions_give_numbers_or_errors(rows in prop::collection::vec([cell(), cell(), cell(), cell()], 1..5)) {
        let row = |(i, &[a, b, c, d]): (usize, &[f64; 4])| {
            TwoByTwo::fractional((a, a + b), (c, c + d)).ok().map(|t| (i.to_string(), t))
        };
        let studies: Studies<TwoByTwo> = rows.iter().enumerate().filter_map(row).collect();
        for measure in ALL {
            if let Ok(fit) = MantelHaenszel::new(measure).fit(&studies) {
                no_nan(&fit);
            }
        }
        if let Ok(fit) = Peto::new().fit(&studies) {
            no_nan(&fit);
        }
        if let Ok(test) = breslow_day(&studies) {
            prop_assert!(test.tarone.statistic.is_finite() && test.odds_ratio.is_finite());
        }
        if let Ok(test) = cochran_mantel_haenszel(&studies, Continuity::Half) {
            prop_assert!(test.statistic.is_finite());
        }
        let time = |t: f64| if t > 0.0 { t } else { 1.0 };
        let row = |(i, &[a, b, c, d]): (usize, &[f64; 4])| {
            let rate = TwoRates::new((a.floor(), time(b)), (c.floor(), time(d)));
            rate.ok().map(|r| (i.to_string(), r))
        };
        let studies: Studies<TwoRates> = rows.iter().enumerate().filter_map(row).collect();
        for measure in [RateMeasure::LogIncidenceRateRatio, RateMeasure::IncidenceRateDifference] {
            if let Ok(fit) = MantelHaenszel::new(measure).fit(&studies) {
                no_nan(&fit);
            }
        }
        if let Ok(fit) = CochranRates::new().fit(&studies) {
            no_nan(&fit);
        }
    }
}
