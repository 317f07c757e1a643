//! What bad counts must get from the models of counts and from the pooling of tables: rows 1 to 20, 47 to 55 and 109 of the catalogue of bad
//! inputs, as `bad_inputs_counts.rs` has them for effect sizes.

use meta_analysis::glmm::{
    BetaBinomial, BinomialNormal, Conditional, ConditionalNormal, FirthLogistic, Link, PoissonNormal, TwoGroupData,
    TwoGroupFit, UnconditionalFixed,
};
use meta_analysis::study::{
    BinaryMeasure, Conversion, Proportion, Rate, Studies, TwoByTwo, TwoRates, TwoRatesMeasure, Uninformative, ZeroCells,
};
use meta_analysis::tables::{
    CochranRates, MantelHaenszelVariance, PooledStrata, RateMeasure, SampleSizeWeights, TableMeasure, breslow_day,
    cochran_mantel_haenszel, sato_interval, zelen,
};
use meta_analysis::{ErrorKind, ExactOddsRatio, MantelHaenszel, Note, Peto, Result};

type Cells = [f64; 4];

fn tables(rows: &[Cells]) -> Studies<TwoByTwo> {
    let one = |(i, &[a, b, c, d]): (usize, &Cells)| {
        (format!("study {}", i + 1), TwoByTwo::from_cells(a, b, c, d).expect("a table"))
    };
    rows.iter().enumerate().map(one).collect()
}

fn rates(rows: &[Cells]) -> Studies<TwoRates> {
    let one = |(i, &[x1, t1, x2, t2]): (usize, &Cells)| {
        (format!("study {}", i + 1), TwoRates::new((x1, t1), (x2, t2)).expect("rates"))
    };
    rows.iter().enumerate().map(one).collect()
}

const SOUND: [Cells; 3] = [[7.0, 13.0, 4.0, 16.0], [12.0, 8.0, 9.0, 15.0], [5.0, 20.0, 6.0, 18.0]];

fn with(row: Cells) -> Vec<Cells> {
    SOUND.into_iter().chain([row]).collect()
}

/// Every model of two groups by name, fitted.
fn models(data: &TwoGroupData) -> Vec<(&'static str, Result<TwoGroupFit>)> {
    let exact = ConditionalNormal::new();
    vec![
        ("exact conditional", exact.fit(data.clone())),
        ("approximate conditional", exact.conditional(Conditional::Approximate).fit(data.clone())),
        ("equal effects", exact.equal_effects().fit(data.clone())),
        ("unconditional", UnconditionalFixed::new().fit(data.clone())),
        ("beta-binomial", BetaBinomial::new().fit(data.clone())),
        ("Firth", FirthLogistic::new().fit(data.clone())),
    ]
}

/// Every way of pooling tables.
fn pooled(studies: &Studies<TwoByTwo>) -> Vec<(&'static str, Result<PooledStrata>)> {
    let mh = |measure| MantelHaenszel::new(measure).fit(studies);
    vec![
        ("odds ratio", mh(TableMeasure::LogOddsRatio)),
        ("risk ratio", mh(TableMeasure::LogRiskRatio)),
        ("risk difference", mh(TableMeasure::RiskDifference)),
        ("Peto", Peto::new().fit(studies)),
    ]
}

fn sound(name: &str, fit: &Result<TwoGroupFit>) {
    let fit = fit.as_ref().unwrap_or_else(|e| panic!("{name}: {e}"));
    let e = fit.estimate().unwrap_or_else(|| panic!("{name}: on the boundary"));
    assert!(
        e.value.is_finite() && e.se > 0.0 && e.se < 10.0 && e.lower < e.value && e.value < e.upper,
        "{name}: {e:?}"
    );
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("an error").kind().clone()
}

fn left_out(notes: &[Note]) -> usize {
    notes.iter().filter(|note| matches!(note, Note::Dropped { study, .. } if study == "study 4")).count()
}

#[test]
fn row_1_one_zero_cell_needs_nothing_added() {
    for row in [[0.0, 10.0, 3.0, 7.0], [3.0, 7.0, 0.0, 10.0], [10.0, 0.0, 7.0, 3.0]] {
        let studies = tables(&with(row));
        for (name, fit) in models(&(&studies).into()) {
            sound(name, &fit);
            assert_eq!(fit.expect("fits").k(), 4, "{name}");
        }
        for (name, fit) in pooled(&studies) {
            let fit = fit.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(fit.estimate().se() > 0.0 && left_out(fit.notes()) == 0, "{name}");
        }
        let limits = sato_interval(&studies, 0.95).expect("limits");
        assert!(limits.lower < limits.upper.expect("both limits"));
        // Weights by sample size pool effects of single studies, which need the policy.
        let how = Conversion::new(BinaryMeasure::LogOddsRatio);
        assert!(matches!(kind(SampleSizeWeights::new().fit(&studies, how)), ErrorKind::ZeroCell { .. }));
        let half = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::constant(0.5));
        assert!(SampleSizeWeights::new().fit(&studies, half).is_ok());
    }
}

#[test]
fn rows_2_and_3_double_zero_and_double_full_are_left_out_and_named_or_used() {
    for row in [[0.0, 10.0, 0.0, 12.0], [10.0, 0.0, 12.0, 0.0]] {
        let (studies, without) = (tables(&with(row)), tables(&SOUND));
        let data: TwoGroupData = (&studies).into();
        for ((name, fit), (_, fewer)) in models(&data).into_iter().zip(models(&(&without).into())) {
            sound(name, &fit);
            let (fit, fewer) = (fit.expect("fits"), fewer.expect("fits"));
            // Of a marginal model of all arms, and of a penalty that all studies share, such a study is a part.
            let says = ["beta-binomial", "Firth"].contains(&name);
            assert_eq!((fit.k(), left_out(fit.notes())), if says { (4, 0) } else { (3, 1) }, "{name}");
            let same = (fit.estimate().expect("inside").value - fewer.estimate().expect("inside").value).abs() < 1e-9;
            assert_eq!(same, !says, "{name}");
        }
        for (name, fit) in pooled(&studies) {
            let fit = fit.unwrap_or_else(|e| panic!("{name}: {e}"));
            let says = name == "risk difference" || (name == "risk ratio" && row[0] > 0.0);
            assert_eq!(left_out(fit.notes()), usize::from(!says), "{name}");
        }
        let refused = MantelHaenszel::new(TableMeasure::LogOddsRatio)
            .zero_cells(ZeroCells::constant(0.5).double_zero(Uninformative::Refuse))
            .fit(&studies);
        assert!(matches!(kind(refused), ErrorKind::DoubleZero { .. }));
    }
}

#[test]
fn row_4_a_double_zero_risk_difference_is_kept_where_no_variance_of_its_own_is_needed() {
    let studies = tables(&with([0.0, 10.0, 0.0, 12.0]));
    let fit = MantelHaenszel::new(TableMeasure::RiskDifference).fit(&studies).expect("pooled");
    assert_eq!((fit.k(), fit.strata().len()), (4, 4));
    let only = tables(&[[0.0, 10.0, 0.0, 12.0], [0.0, 8.0, 0.0, 9.0]]);
    let found = MantelHaenszel::new(TableMeasure::RiskDifference).fit(&only);
    assert!(matches!(kind(found), ErrorKind::NoEvents { .. }));
}

#[test]
fn rows_5_to_7_and_51_groups_of_nobody_are_no_rows() {
    assert!(matches!(kind(TwoByTwo::new((0, 0), (3, 10))), ErrorKind::EmptyArm { .. }));
    assert!(matches!(kind(TwoByTwo::from_cells(0, 0, 0, 0)), ErrorKind::EmptyTable));
    assert!(matches!(kind(Proportion::new(0, 0)), ErrorKind::EmptyArm { .. }));
}

#[test]
fn rows_8_to_10_measures_of_association_have_no_pooling_of_their_own() {
    // Only weights by sample size take them, with the error of the row.
    let studies = tables(&with([0.0, 10.0, 0.0, 12.0]));
    let fit = |measure| SampleSizeWeights::new().fit(&studies, Conversion::new(measure));
    assert!(matches!(kind(fit(BinaryMeasure::Phi)), ErrorKind::DegenerateMargin { .. }));
    assert!(matches!(kind(fit(BinaryMeasure::Tetrachoric)), ErrorKind::DegenerateMargin { .. }));
    let studies = tables(&with([0.0, 10.0, 3.0, 7.0]));
    let found = SampleSizeWeights::new().fit(&studies, Conversion::new(BinaryMeasure::Tetrachoric));
    assert!(matches!(kind(found), ErrorKind::NonIdentifiable { .. }));
}

#[test]
fn rows_11_to_13_15_47_and_52_counts_that_are_not_counts_are_no_rows() {
    assert!(matches!(kind(TwoByTwo::from_cells(-1, 10, 3, 7)), ErrorKind::NegativeCount { .. }));
    assert!(matches!(kind(TwoByTwo::from_cells(f64::NAN, 10.0, 3.0, 7.0)), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(TwoRates::new((f64::INFINITY, 10.0), (3.0, 7.0))), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(TwoByTwo::new((11, 10), (3, 10))), ErrorKind::EventsExceedTotal { .. }));
    assert!(matches!(kind(Proportion::new(11, 10)), ErrorKind::EventsExceedTotal { .. }));
    assert!(matches!(kind(Proportion::new(-1, 10)), ErrorKind::NegativeCount { .. }));
}

#[test]
fn row_14_fractions_of_people_are_refused_where_a_distribution_has_none() {
    let fraction = TwoByTwo::fractional((2.5, 10.0), (3.0, 12.0)).expect("asked for");
    let studies: Studies<TwoByTwo> = tables(&SOUND)
        .iter()
        .map(|(label, row)| (label.to_owned(), *row))
        .chain([("half".to_owned(), fraction)])
        .collect();
    let exact: [(&str, ErrorKind, Option<String>); 3] = {
        let of = |name, error: meta_analysis::Error| (name, error.kind().clone(), error.study().map(str::to_owned));
        [
            of("exact conditional", ConditionalNormal::new().fit(&studies).expect_err("a fraction")),
            of("exact odds ratio", ExactOddsRatio::new().fit(&studies).expect_err("a fraction")),
            of("Zelen", zelen(&studies).expect_err("a fraction")),
        ]
    };
    for (name, kind, study) in exact {
        assert!(matches!(kind, ErrorKind::NonIntegerCount { .. }), "{name}: {kind:?}");
        assert_eq!(study.as_deref(), Some("half"), "{name}");
    }
    // The others are functions of the counts that mean something between whole numbers too.
    sound("unconditional", &UnconditionalFixed::new().fit(&studies));
    assert!(MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&studies).is_ok());
}

#[test]
fn rows_17_and_18_large_counts() {
    let huge = |x: f64| [x, 2.0 * x, 1.1 * x, 2.1 * x].map(f64::round);
    let studies = tables(&[huge(1e12), huge(1.3e12), huge(0.7e12)]);
    let fit = ConditionalNormal::new().fit(&studies).expect("exact to 2^53");
    let e = *fit.estimate().expect("inside");
    let mh = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&studies).expect("pooled");
    // ln((1/2) / (1.1/2.1)) to what the rounding of the counts leaves
    let truth = (2.1_f64 / 2.2).ln();
    for value in [e.value, mh.estimate().value()] {
        assert!((value - truth).abs() < 1e-11, "{value} {truth}");
    }
    let beyond = TwoByTwo::from_cells(2.0_f64.powi(53) + 2.0, 10.0, 3.0, 7.0);
    assert!(matches!(kind(beyond), ErrorKind::CountNotExact { .. }));
}

#[test]
fn rows_16_and_19_no_studies() {
    let (none, no_rates) = (tables(&[]), rates(&[]));
    for (name, fit) in models(&(&none).into()) {
        let kind = kind(fit);
        assert!(
            matches!(kind, ErrorKind::Empty | ErrorKind::NotEstimable { .. } | ErrorKind::TooFewStudies { .. }),
            "{name}: {kind:?}"
        );
    }
    for (name, fit) in pooled(&none) {
        assert!(matches!(kind(fit), ErrorKind::Empty), "{name}");
    }
    assert!(matches!(kind(ExactOddsRatio::new().fit(&none)), ErrorKind::Empty));
    assert!(matches!(kind(breslow_day(&none)), ErrorKind::Empty));
    assert!(matches!(kind(zelen(&none)), ErrorKind::Empty));
    assert!(matches!(kind(sato_interval(&none, 0.95)), ErrorKind::Empty));
    assert!(matches!(kind(cochran_mantel_haenszel(&none, Default::default())), ErrorKind::Empty));
    assert!(matches!(kind(CochranRates::new().fit(&no_rates)), ErrorKind::Empty));
    let few = kind(
        BinomialNormal::new().fit(&Vec::<(String, Proportion)>::new().into_iter().collect::<Studies<Proportion>>()),
    );
    assert!(matches!(few, ErrorKind::Empty), "{few:?}");
    let few = kind(PoissonNormal::new().fit(&Vec::<(String, Rate)>::new().into_iter().collect::<Studies<Rate>>()));
    assert!(matches!(few, ErrorKind::Empty), "{few:?}");
}

#[test]
fn row_20_a_correction_that_is_no_positive_number() {
    let studies = tables(&with([0.0, 10.0, 3.0, 7.0]));
    for value in [-0.5, 0.0, f64::NAN, f64::INFINITY] {
        let policy = ZeroCells::constant(value);
        let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).zero_cells(policy).fit(&studies);
        assert!(matches!(kind(fit), ErrorKind::InvalidCorrection { .. }), "{value}");
        let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).own_zero_cells(policy).fit(&studies);
        assert!(matches!(kind(fit), ErrorKind::InvalidCorrection { .. }), "{value}");
        let fit = Peto::new().zero_cells(policy).fit(&studies);
        assert!(matches!(kind(fit), ErrorKind::InvalidCorrection { .. }), "{value}");
    }
}

#[test]
fn rows_48_to_50_and_53_nobody_and_everybody_in_one_group() {
    let proportions = |rows: &[(u32, u32)]| -> Studies<Proportion> {
        let one = |(i, &(x, n)): (usize, &(u32, u32))| (i.to_string(), Proportion::new(x, n).expect("a row"));
        rows.iter().enumerate().map(one).collect()
    };
    let fit = BinomialNormal::new().fit(&proportions(&[(0, 10), (10, 10), (4, 9)])).expect("nothing is added");
    assert!(fit.estimate().expect("inside").se.is_finite() && fit.k() == 3);
    let all = BinomialNormal::new().fit(&proportions(&[(10, 10), (7, 7)])).expect("a boundary");
    assert!(all.estimate().is_none() && all.boundary().expect("everybody").all);
    let split = kind(BinomialNormal::new().fit(&proportions(&[(0, 10), (7, 7)])));
    assert!(matches!(split, ErrorKind::UnboundedTau2), "{split:?}");
    let rates: Studies<Rate> = [("A", (0, 10.0)), ("B", (3, 12.0))]
        .into_iter()
        .map(|(l, (x, t))| (l, Rate::new(x, t).expect("a row")))
        .collect();
    assert!(PoissonNormal::new().fit(&rates).expect("nothing is added").estimate().expect("inside").se.is_finite());
}

#[test]
fn row_54_no_time_is_no_row() {
    for time in [0.0, -2.0] {
        assert!(matches!(kind(Rate::new(3, time)), ErrorKind::NonPositiveTime { .. }));
        assert!(matches!(kind(TwoRates::new((3, time), (2, 8.0))), ErrorKind::NonPositiveTime { .. }));
    }
}

#[test]
fn row_55_two_rates_without_events_are_left_out_of_ratios() {
    let sound = [[7.0, 13.0, 4.0, 16.0], [12.0, 8.0, 9.0, 15.0], [5.0, 20.0, 6.0, 18.0]];
    let studies = rates(&sound.into_iter().chain([[0.0, 10.0, 0.0, 12.0]]).collect::<Vec<_>>());
    let fit = ConditionalNormal::new().fit(&studies).expect("fits");
    assert_eq!((fit.k(), left_out(fit.notes())), (3, 1));
    let ratio = MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio).fit(&studies).expect("pooled");
    assert_eq!(left_out(ratio.notes()), 1);
    let difference = MantelHaenszel::new(RateMeasure::IncidenceRateDifference).fit(&studies).expect("pooled");
    assert_eq!(left_out(difference.notes()), 0);
    let own = SampleSizeWeights::new().fit(&studies, Conversion::new(TwoRatesMeasure::LogIncidenceRateRatio));
    assert!(matches!(kind(own), ErrorKind::DoubleZero { .. }));
}

#[test]
fn row_109_no_events_at_all_and_nothing_but_events() {
    let none = [[0.0, 10.0, 0.0, 12.0], [0.0, 8.0, 0.0, 9.0]];
    for rows in [none, none.map(|[a, b, c, d]| [b, a, d, c])] {
        let nobody = rows[0][0] <= 0.0;
        let not_estimable = |name: &str, kind: ErrorKind| match kind {
            ErrorKind::NoEvents { .. } => assert!(nobody, "{name}"),
            ErrorKind::NotEstimable { why, remedy, .. } => {
                // Breslow-Day speaks of the odds ratio that would have to be shared.
                let says = why.contains("event") || name == "Breslow-Day" && why.contains("odds ratio");
                assert!(!nobody && says && !remedy.is_empty(), "{name}: {why}; {remedy}");
            }
            other => panic!("{name}: {other:?}"),
        };
        let studies = tables(&rows);
        for (name, fit) in models(&(&studies).into()) {
            let all = rows[0][0] > 0.0;
            match fit {
                // Given all events, events are binomial, whatever non-events there are.
                Ok(fit) => assert!(name == "approximate conditional" && all && fit.estimate().is_some(), "{name}"),
                Err(error) => assert!(
                    matches!(
                        (error.kind(), nobody),
                        (ErrorKind::NoEvents { .. }, true)
                            | (ErrorKind::NotEstimable { .. } | ErrorKind::Separation, false)
                    ),
                    "{name}: {error}"
                ),
            }
        }
        for (name, fit) in pooled(&studies) {
            match name {
                "risk difference" if !nobody => assert!(matches!(kind(fit), ErrorKind::ZeroVariance { .. }), "{name}"),
                "risk ratio" if !nobody => {
                    assert!(matches!(kind(fit), ErrorKind::ZeroVariance { .. }), "{name}")
                }
                _ => not_estimable(name, kind(fit)),
            }
        }
        not_estimable("exact", kind(ExactOddsRatio::new().fit(&studies)));
        not_estimable("Zelen", kind(zelen(&studies)));
        not_estimable("Sato", kind(sato_interval(&studies, 0.95)));
        not_estimable("CMH", kind(cochran_mantel_haenszel(&studies, Default::default())));
        not_estimable("Breslow-Day", kind(breslow_day(&studies)));
    }
    let rates = rates(&[[0.0, 10.0, 0.0, 12.0], [0.0, 8.0, 0.0, 9.0]]);
    let no_events = |kind: ErrorKind| assert!(matches!(kind, ErrorKind::NoEvents { .. }), "{kind}");
    no_events(kind(MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio).fit(&rates)));
    no_events(kind(ConditionalNormal::new().fit(&rates)));
    no_events(kind(CochranRates::new().fit(&rates)));
}

#[test]
fn a_variance_that_a_measure_does_not_have() {
    let model = MantelHaenszel::new(TableMeasure::LogOddsRatio).variance(MantelHaenszelVariance::GreenlandRobins);
    assert!(matches!(kind(model.fit(&tables(&SOUND))), ErrorKind::NotApplicable { .. }));
}

/// The mode of a study's random effect is searched from a mean that may be anywhere.
#[test]
fn the_likelihood_ends_wherever_it_is_asked_for() {
    let of = |(i, &(events, total)): (usize, &(f64, f64))| {
        (format!("study {i}"), Proportion::new(events, total).expect("a proportion"))
    };
    // With the probit link, a mean of 1e8 and tau2 = 0.1875 Newton's method had no end.
    let rows = [(0.0, 5.0), (21.0, 42.0), (21.0, 42.0), (3.0, 24.0), (5.0, 5.0)];
    let studies: Studies<Proportion> = rows.iter().enumerate().map(of).collect();
    for link in [Link::Logit, Link::Probit, Link::ComplementaryLogLog] {
        let fit = BinomialNormal::new().link(link).fit(&studies).expect("fits");
        let mut valued = 0;
        for mu in [-1e300, -1e150, -1e8, -40.0, 0.0, 30.0, 1e8, 1e150, 1e300] {
            for tau2 in [0.0, 1e-300, 1e-9, 0.1875, 1e9, 1e150, 1e300] {
                match fit.log_likelihood(mu, tau2) {
                    Ok(value) => {
                        assert!(value.is_finite() && value <= 0.0, "{link:?} {mu} {tau2}: {value}");
                        valued += 1;
                    }
                    Err(error) => assert!(matches!(error.kind(), ErrorKind::Overflow { .. }), "{error}"),
                }
            }
        }
        assert!(valued > 20, "{link:?}: {valued}");
    }
}
