//! Models of two groups on any input: a finite result that makes sense, or a typed error.

use meta_analysis::glmm::{
    BetaBinomial, Conditional, ConditionalNormal, FirthLogistic, GlmmInference, RandomEffectCoding, RiskContrast,
    TwoGroupData, TwoGroupFit, TwoGroupModel, UnconditionalFixed,
};
use meta_analysis::study::{Proportion, Studies, Tabular, TwoByTwo, TwoRates};
use meta_analysis::{BinomialNormal, ErrorKind, ExactOddsRatio, ForestTable, Result};
use proptest::prelude::*;

type Row = ((u32, u32), (u32, u32));

fn tables(rows: &[Row]) -> Studies<TwoByTwo> {
    rows.iter().enumerate().map(|(i, &(a, b))| (i.to_string(), TwoByTwo::new(a, b).expect("a table"))).collect()
}

fn swapped(rows: &[Row]) -> Vec<Row> {
    rows.iter().map(|&(a, b)| (b, a)).collect()
}

/// Every model of two groups, in each of its forms.
fn every_model(data: &TwoGroupData) -> Vec<Result<TwoGroupFit>> {
    let conditional = ConditionalNormal::new();
    let fixed = UnconditionalFixed::new();
    let mut all = vec![
        conditional.fit(data.clone()),
        conditional.equal_effects().fit(data.clone()),
        fixed.fit(data.clone()),
        fixed.coding(RandomEffectCoding::First).fit(data.clone()),
    ];
    if matches!(data, TwoGroupData::Tables(_)) {
        all.push(conditional.conditional(Conditional::Approximate).fit(data.clone()));
        all.push(FirthLogistic::new().fit(data.clone()));
        for contrast in [RiskContrast::LogOddsRatio, RiskContrast::LogRiskRatio, RiskContrast::RiskDifference] {
            all.push(BetaBinomial::new().contrast(contrast).fit(data.clone()));
        }
    }
    all
}

/// Rows 16, 19, 90, 91 and 109 of the catalogue, the same for every model.
#[test]
fn no_studies_labels_that_cannot_be_and_no_events() {
    let kinds = |data: TwoGroupData| every_model(&data).into_iter().map(|fit| fit.unwrap_err().kind().clone());
    let both = |labels: [&str; 2], events: u32| {
        let table = TwoByTwo::new((events, 9), (events, 8)).unwrap();
        let rate = TwoRates::new((events, 9.0), (events, 8.0)).unwrap();
        let (tables, rates) = (Studies::from(labels.map(|l| (l, table))), Studies::from(labels.map(|l| (l, rate))));
        kinds((&tables).into()).chain(kinds((&rates).into()))
    };
    let none: Vec<ErrorKind> = kinds((&Studies::<TwoByTwo>::default()).into())
        .chain(kinds((&Studies::<TwoRates>::default()).into()))
        .collect();
    assert_eq!(none.len(), 13);
    assert!(none.iter().all(|kind| matches!(kind, ErrorKind::Empty)), "{none:?}");
    assert!(both(["A", "A"], 2).all(|kind| matches!(kind, ErrorKind::DuplicateLabel { .. })));
    assert!(both(["A", " "], 2).all(|kind| matches!(kind, ErrorKind::InvalidLabel { position: 2 })));
    // Not a single event: nothing to compare, whatever the model; the text says what there is to say.
    assert!(both(["A", "B"], 0).all(|kind| matches!(kind, ErrorKind::NoEvents { .. })));
    assert!(both(["A", "B"], 0).all(|kind| kind.to_string().contains("`BinomialNormal`")));
    // And it is there to be said.
    let group = Studies::from(["A", "B"].map(|label| (label, Proportion::new(0, 9).unwrap())));
    assert!(BinomialNormal::new().fit(&group).unwrap().natural().upper < 0.2);
    // Rows and covariates that are too short never become data.
    for error in [
        TwoByTwo::from_fields(&[1.0, 5.0, 2.0]).err(),
        TwoRates::from_fields(&[1.0, 5.0, 2.0]).err(),
        tables(&[((1, 5), (2, 6)), ((3, 9), (1, 8))]).with_covariate("year", [2000.0]).err(),
    ] {
        assert!(matches!(error.unwrap().kind(), ErrorKind::LengthMismatch { .. }));
    }
}

/// Of models with parameters besides effect and tau2, whose likelihood is there at its best only.
fn no_effect_is_more_likely(fit: &TwoGroupFit) {
    let e = fit.estimate().unwrap();
    assert!(fit.information().unwrap().log_likelihood.is_finite());
    for by in [-0.5, 0.5] {
        let statistic = fit.test(e.value + by * e.se, GlmmInference::ProfileLikelihood).unwrap().statistic;
        assert!(statistic.abs() > 0.1, "{statistic}: {fit:#}");
    }
}

fn check(fit: &TwoGroupFit) {
    let natural = fit.natural();
    let finite = |x: f64| assert!(x.is_finite(), "{fit:#}");
    [natural.value, natural.lower, natural.upper].into_iter().for_each(finite);
    assert!(natural.lower <= natural.value && natural.value <= natural.upper, "{fit:#}");
    if let Some(e) = fit.estimate() {
        [e.value, e.se, e.lower, e.upper].into_iter().for_each(finite);
        assert!(e.lower < e.value && e.value < e.upper && e.se > 0.0, "{fit:#}");
    }
    if let Some(h) = fit.heterogeneity() {
        let (tau2, interval) = (h.tau2.unwrap(), h.tau2_interval.unwrap());
        assert!(interval.lower <= tau2 && tau2 <= interval.upper && interval.upper.is_finite(), "{fit:#}");
        let prediction = fit.prediction(0.95).unwrap();
        assert!(prediction.lower < natural.value && natural.value < prediction.upper, "{fit:#}");
        let (e, top) = (fit.estimate().unwrap(), fit.information().unwrap().log_likelihood);
        if matches!(fit.model(), TwoGroupModel::UnconditionalFixed(_)) {
            no_effect_is_more_likely(fit);
        } else {
            for (dm, dt) in [(0.05, 0.0), (-0.05, 0.0), (0.0, 0.1), (0.0, -0.1)] {
                let near = fit.log_likelihood(e.value + dm * e.se, tau2 * (1.0 + dt)).unwrap();
                assert!(near <= top + 1e-9 * (1.0 + top.abs()), "{near} above {top}: {fit:#}");
            }
        }
    }
    if let Some(c) = fit.intraclass() {
        no_effect_is_more_likely(fit);
        assert!(c.interval.lower <= c.rho && c.rho <= c.interval.upper && c.interval.upper <= 1.0, "{fit:#}");
    }
    let shares: f64 = fit.weights().iter().sum();
    assert!((shares - 1.0).abs() < 1e-9, "{fit:#}");
    let _ = (fit.to_string(), ForestTable::from(fit).to_string());
}

/// What data without an estimate in a model with tau2 get.
fn no_estimate(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnboundedTau2OfEffects
            | ErrorKind::TooFewStudies { .. }
            | ErrorKind::NotEstimable { .. }
            | ErrorKind::NoEvents { .. }
    )
}

fn close(a: f64, b: f64, size: f64) {
    assert!((a - b).abs() <= 1e-9 * size, "{a} {b}");
}

/// Exchanging the groups turns the sign.
fn mirrored(one: &TwoGroupFit, two: &TwoGroupFit) {
    let (Some(a), Some(b)) = (one.estimate(), two.estimate()) else {
        assert_ne!(one.boundary().unwrap().infinite, two.boundary().unwrap().infinite);
        close(one.boundary().unwrap().exact_limit * two.boundary().unwrap().exact_limit, 1.0, 1.0);
        return;
    };
    close(a.value, -b.value, a.se);
    close(a.se, b.se, a.se);
    close(a.lower, -b.upper, a.value - a.lower);
    close(a.upper, -b.lower, a.upper - a.value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn wild_tables(rows in prop::collection::vec(((0_u32..12, 1_u32..30), (0_u32..12, 1_u32..30)), 1..7)) {
        let rows: Vec<Row> = rows.into_iter().map(|((a, n), (c, m))| ((a.min(n), n), (c.min(m), m))).collect();
        let (one, two) = (tables(&rows), tables(&swapped(&rows)));
        for conditional in [Conditional::Exact, Conditional::Approximate] {
            for model in [ConditionalNormal::new(), ConditionalNormal::new().equal_effects()] {
                let model = model.conditional(conditional);
                match model.fit(&one) {
                    Ok(fit) => {
                        check(&fit);
                        mirrored(&fit, &model.fit(&two).unwrap());
                    }
                    Err(e) => prop_assert!(no_estimate(e.kind()), "{}", e),
                }
            }
        }
        for coding in [RandomEffectCoding::Half, RandomEffectCoding::First] {
            let model = UnconditionalFixed::new().coding(coding);
            match model.fit(&one) {
                Ok(fit) => {
                    check(&fit);
                    // With the effect in one group, exchanging the groups makes another model.
                    if coding == RandomEffectCoding::Half {
                        mirrored(&fit, &model.fit(&two).unwrap());
                    }
                }
                Err(e) => prop_assert!(no_estimate(e.kind()), "{}", e),
            }
        }
        match BetaBinomial::new().fit(&one) {
            Ok(fit) => check(&fit),
            Err(e) => prop_assert!(matches!(e.kind(), ErrorKind::NotEstimable { .. } | ErrorKind::NoEvents { .. }), "{}", e),
        }
        match FirthLogistic::new().fit(&one) {
            Ok(fit) => {
                check(&fit);
                mirrored(&fit, &FirthLogistic::new().fit(&two).unwrap());
            }
            Err(e) => prop_assert!(matches!(e.kind(), ErrorKind::NotEstimable { .. } | ErrorKind::NoEvents { .. }), "{}", e),
        }
    }

    #[test]
    fn wild_sizes(rows in prop::collection::vec(((0.0_f64..1.0, 0.0_f64..6.0), (0.0_f64..1.0, 0.0_f64..6.0)), 2..5)) {
        let group = |(p, e): (f64, f64)| {
            let n = 10.0_f64.powf(e).ceil();
            ((p * n) as u32, n as u32)
        };
        let rows: Vec<Row> = rows.into_iter().map(|(a, b)| (group(a), group(b))).collect();
        let studies = tables(&rows);
        for result in
            [ConditionalNormal::new().fit(&studies), FirthLogistic::new().fit(&studies), UnconditionalFixed::new().fit(&studies)]
        {
            match result {
                Ok(fit) => check(&fit),
                Err(e) => prop_assert!(no_estimate(e.kind()), "{}", e),
            }
        }
    }

    #[test]
    fn wild_rates(rows in prop::collection::vec(((0_u32..12, -6.0_f64..6.0), (0_u32..12, -6.0_f64..6.0)), 2..6)) {
        let rates: Studies<TwoRates> = rows.iter().enumerate().map(|(i, &((a, s), (c, t)))| {
            (i.to_string(), TwoRates::new((a, 10.0_f64.powf(s)), (c, 10.0_f64.powf(t))).unwrap())
        }).collect();
        for result in [ConditionalNormal::new().fit(&rates), UnconditionalFixed::new().fit(&rates)] {
            match result {
                Ok(fit) => check(&fit),
                Err(e) => prop_assert!(no_estimate(e.kind()), "{}", e),
            }
        }
    }
}

#[test]
fn the_boundary_has_the_exact_limit_of_the_margins() {
    let rows = [((9, 12), (0, 11)), ((5, 9), (0, 10)), ((0, 4), (0, 5))];
    let fit = ConditionalNormal::new().fit(&tables(&rows)).expect("fits");
    let boundary = fit.boundary().expect("on the boundary");
    let exact = ExactOddsRatio::new().fit(&tables(&rows)).expect("fits").fisher();
    assert!(boundary.infinite && exact.upper.is_none() && fit.k() == 2);
    assert!((boundary.exact_limit / exact.lower - 1.0).abs() < 1e-9, "{} {}", boundary.exact_limit, exact.lower);
    assert!(boundary.likelihood_limit > boundary.exact_limit);
    let other = ConditionalNormal::new().fit(&tables(&swapped(&rows))).expect("fits");
    assert!(!other.boundary().expect("on the boundary").infinite);
    assert!(fit.blups().is_err() && fit.prediction(0.95).is_err() && fit.test(0.0, GlmmInference::Wald).is_err());
    let notes: Vec<String> = fit.notes().iter().map(ToString::to_string).collect();
    assert!(notes[0].contains("no events in either group"), "{notes:?}");
}

#[test]
fn refusals_are_typed() {
    let kind = |rows: &[Row]| ConditionalNormal::new().fit(&tables(rows)).unwrap_err().kind().clone();
    assert!(matches!(kind(&[((0, 5), (0, 4)), ((3, 3), (2, 2))]), ErrorKind::NotEstimable { .. }));
    assert!(matches!(kind(&[((1, 5), (2, 4)), ((0, 3), (0, 2))]), ErrorKind::TooFewStudies { .. }));
    let opposite = [((3, 5), (0, 4)), ((0, 6), (2, 5))];
    assert!(matches!(kind(&opposite), ErrorKind::UnboundedTau2OfEffects));
    assert!(ConditionalNormal::new().equal_effects().fit(&tables(&opposite)).is_ok());
    let fractions = Studies::from([("A", TwoByTwo::fractional((1.5, 5.0), (2.0, 6.0)).unwrap())]);
    let equal = ConditionalNormal::new().equal_effects();
    let error = equal.fit(&fractions).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NonIntegerCount { .. }) && error.study() == Some("A"));
    assert!(equal.conditional(Conditional::Approximate).fit(&fractions).is_ok());
    let rates = Studies::from([("A", TwoRates::new((1, 5.0), (2, 6.0)).unwrap())]);
    assert!(equal.fit(&rates).is_ok());
    for error in [
        equal.conditional(Conditional::Approximate).fit(&rates).unwrap_err(),
        BetaBinomial::new().fit(&rates).unwrap_err(),
        FirthLogistic::new().fit(&rates).unwrap_err(),
    ] {
        assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{error}");
    }
    let all_or_none = [((3, 3), (0, 4)), ((0, 6), (5, 5))];
    assert!(matches!(
        BetaBinomial::new().fit(&tables(&all_or_none)).unwrap_err().kind(),
        ErrorKind::NotEstimable { .. }
    ));
    let zero = [((0, 30), (4, 34)), ((0, 16), (2, 15))];
    assert!(BetaBinomial::new().fit(&tables(&zero)).unwrap().boundary().is_some());
    for contrast in [RiskContrast::LogRiskRatio, RiskContrast::RiskDifference] {
        assert!(BetaBinomial::new().contrast(contrast).fit(&tables(&zero)).is_err());
    }
    let level = ConditionalNormal::new().level(95.0).fit(&tables(&opposite)).unwrap_err();
    assert!(matches!(level.kind(), ErrorKind::LevelOutOfRange { .. }));
}

#[test]
fn a_fit_survives_serialisation_and_answers_further_questions() {
    let rows = [((9, 12), (0, 11)), ((37, 47), (21, 48)), ((3, 9), (2, 8))];
    let studies = tables(&rows);
    let fits = [
        ConditionalNormal::new().fit(&studies).unwrap(),
        BetaBinomial::new().fit(&studies).unwrap(),
        FirthLogistic::new().fit(&studies).unwrap(),
    ];
    for fit in fits {
        let text = serde_json::to_string(&fit).unwrap();
        let back: TwoGroupFit = serde_json::from_str(&text).unwrap();
        assert_eq!(fit, back);
        assert_eq!(fit.to_string(), back.to_string());
        assert_eq!(fit.refit(fit.data().clone()).unwrap(), fit);
        let e = fit.estimate().unwrap();
        // A limit is where the test's p-value is 5 %.
        for at in [e.lower, e.upper] {
            let p = fit.test(at, GlmmInference::ProfileLikelihood).unwrap().p_value;
            assert!((p - 0.05).abs() < 1e-7, "{p}");
        }
        let wald = fit.interval_by(GlmmInference::Wald, 0.95).unwrap();
        assert!((wald.upper + wald.lower - 2.0 * e.value).abs() < 1e-12 * e.se);
        let wider = fit.interval_by(GlmmInference::ProfileLikelihood, 0.99).unwrap();
        assert!(wider.lower < e.lower && wider.upper > e.upper);
        assert_eq!(fit.blups().is_ok(), fit.heterogeneity().is_some());
    }
}

/// A beta-binomial fit does not depend on which contrast it is read as.
#[test]
fn contrasts_of_one_likelihood() {
    let studies = tables(&[((9, 12), (1, 11)), ((37, 47), (21, 48)), ((3, 9), (2, 8))]);
    let of = |contrast| BetaBinomial::new().contrast(contrast).fit(&studies).unwrap();
    let fits = [RiskContrast::LogOddsRatio, RiskContrast::LogRiskRatio, RiskContrast::RiskDifference].map(of);
    let [one, two, three] = &fits;
    for fit in [two, three] {
        assert_eq!(fit.intraclass().unwrap().rho.to_bits(), one.intraclass().unwrap().rho.to_bits());
        // All three say the same of no effect.
        let test = |fit: &TwoGroupFit| fit.test(0.0, GlmmInference::ProfileLikelihood).unwrap().statistic;
        assert!((test(fit) - test(one)).abs() < 1e-7, "{} {}", test(fit), test(one));
    }
}
