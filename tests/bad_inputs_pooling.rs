//! What bad input to pooling gets: a typed error with study, field, value and remedy. Never a panic, never a NaN.
//!
//! The numbers in the names are rows of a catalogue of inputs on which other packages answer with a wrong number,
//! an internal error or nothing.

use meta_analysis::Likelihood;
use meta_analysis::batch::{BatchPlan, UnitFlags};
use meta_analysis::study::{Columns, Missing, Proportion, ProportionMeasure, Studies};
use meta_analysis::{
    Batch, CommonEffect, Effect, Effects, Error, ErrorKind, Inference, Measure, Pooled, Prediction, RandomEffects,
    Result, Tau2, leave_one_out,
};
use proptest::prelude::*;

const ALL: [Tau2; 20] = Tau2::ESTIMATORS;

fn effects(y: &[f64], v: &[f64]) -> Result<Effects> {
    let rows = y.iter().zip(v).enumerate().map(|(i, (&y, &v))| {
        let label = format!("study {}", i + 1);
        Effect::from_variance(Measure::Generic, y, v).map_err(|e| e.in_study(&label)).map(|e| (label, e))
    });
    Effects::from_rows(rows.collect::<Result<Vec<_>>>()?)
}

fn fit(tau2: Tau2, y: &[f64], v: &[f64]) -> Result<Pooled> {
    RandomEffects::new(tau2).fit(&effects(y, v)?)
}

fn kind(result: Result<impl std::fmt::Debug>) -> ErrorKind {
    result.expect_err("an error").kind().clone()
}

#[test]
fn row_80_no_studies() {
    assert_eq!(kind(effects(&[], &[])), ErrorKind::Empty);
}

/// Studies without a number are an error with an address, or left out by choice; with nothing left, `Empty`. A unit of a batch says so
/// in its flag.
#[test]
fn row_81_nothing_but_missing_values() {
    let table = "study,events,total\nA,NA,10\nB,NA,12\n";
    let error = Studies::<Proportion>::from_csv(table.as_bytes(), &Columns::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MissingValue { .. }), "{error}");
    assert_eq!(error.study(), Some("A"));
    let none = Studies::<Proportion>::from_csv(table.as_bytes(), &Columns::new().missing(Missing::LeaveOut)).unwrap();
    assert_eq!((none.len(), none.dropped().len()), (0, 2));
    assert_eq!(kind(none.effects(ProportionMeasure::Logit)), ErrorKind::Empty);
    let fit = BatchPlan::random(Tau2::Reml).unwrap().fit_one(&[f64::NAN; 3], &[0.1; 3]).unwrap();
    assert!(fit.flags.contains(UnitFlags::TOO_FEW_STUDIES) && fit.flags.failed() && fit.mu.is_nan());
    assert_eq!(fit.count, 0);
}

/// In the types of the crate a number is a number; text comes from files only.
#[test]
fn row_89_text_as_numbers() {
    let table = "study,events,total\nA,3,10\nB,seven,12\n";
    let error = Studies::<Proportion>::from_csv(table.as_bytes(), &Columns::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotANumber { .. }), "{error}");
    assert_eq!((error.study(), error.field()), (Some("B"), Some("events")));
    assert!(error.to_string().contains("seven"), "{error}");
}

#[test]
fn rows_82_to_84_numbers_that_are_not_finite() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = effects(&[0.1, bad, 0.3], &[0.1; 3]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NonFinite { field: "effect", .. }));
        assert_eq!((error.study(), error.field()), (Some("study 2"), Some("effect")));
        let error = effects(&[0.1, 0.2, 0.3], &[0.1, 0.1, bad]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NonFinite { field: "variance", .. }));
        assert_eq!(error.study(), Some("study 3"));
    }
}

#[test]
fn row_85_a_variance_of_zero_names_the_study_and_the_remedy() {
    let error = CommonEffect::new().fit(&effects(&[0.1, 0.2], &[0.0, 0.1]).unwrap()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ZeroVariance { .. }));
    assert_eq!(error.study(), Some("study 1"));
    assert!(error.to_string().contains("tau2::estimate"), "{error}");
    for tau2 in ALL {
        let error = fit(tau2, &[0.1, 0.2, 0.4], &[0.1, 0.0, 0.1]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ZeroVariance { .. }), "{tau2}: {error}");
        assert_eq!(error.study(), Some("study 2"), "{tau2}");
    }
}

#[test]
fn row_86_a_negative_variance() {
    let error = effects(&[0.1, 0.2], &[0.1, -0.2]).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NegativeVariance { value: -0.2 });
    assert_eq!(error.to_string(), "study \"study 2\": variance must not be negative, got -0.2");
}

#[test]
fn row_87_tiny_variances_are_computed_or_refused() {
    // All tiny: scaled and correct. Among ordinary ones: beyond what doubles can weigh.
    let tiny = fit(Tau2::Reml, &[1e-155, 3e-155, -2e-155], &[1e-310; 3]).unwrap();
    let same = fit(Tau2::Reml, &[1.0, 3.0, -2.0], &[1.0; 3]).unwrap();
    assert!((tiny.solution().tau2 / 1e-310 - same.solution().tau2).abs() < 1e-13 * same.solution().tau2);
    for v in [5e-324, 1e-310] {
        let error = fit(Tau2::Reml, &[0.1, 0.2, 0.3], &[0.1, v, 0.2]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::VarianceRatioOutOfRange | ErrorKind::Overflow { .. }), "{error}");
    }
}

#[test]
fn rows_88_and_104_lengths_that_differ() {
    let (y, v) = ([0.1, 0.2, 0.3], [0.1, 0.2]);
    let error = Batch::new(Measure::Generic, &y, &v, &[0, 3]).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::LengthMismatch { field: "v".into(), expected: 3, found: 2 });
    assert!(Batch::new(Measure::Generic, &y, &y, &[0, 2]).is_err());
    assert!(Batch::new(Measure::Generic, &y, &y, &[0, 2, 1, 3]).is_err());
    assert!(Batch::new(Measure::FreemanTukeyProportion, &y, &y, &[0, 3]).is_err());
}

#[test]
fn rows_90_and_91_labels() {
    let effect = Effect::from_variance(Measure::Generic, 0.1, 0.1).unwrap();
    let twice = Effects::from_rows([("A", effect), ("B", effect), ("A", effect)]);
    assert_eq!(kind(twice), ErrorKind::DuplicateLabel { label: "A".into() });
    assert_eq!(kind(Effects::from_rows([("A", effect), (" ", effect)])), ErrorKind::InvalidLabel { position: 2 });
}

#[test]
fn row_92_one_study() {
    for tau2 in ALL {
        let error = fit(tau2, &[0.1], &[0.1]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooFewStudies { k: 1, needed: 2, .. }), "{tau2}: {error}");
    }
    let one = effects(&[0.1], &[0.04]).unwrap();
    let fit = CommonEffect::new().fit(&one).unwrap();
    assert_eq!((fit.estimate().value(), fit.heterogeneity().q, fit.heterogeneity().i2), (0.1, 0.0, 0.0));
    assert!(matches!(kind(fit.heterogeneity_intervals()), ErrorKind::TooFewStudies { .. }));
    assert!(matches!(kind(fit.prediction()), ErrorKind::NotApplicable { .. }));
    let t = CommonEffect::new().inference(Inference::StudentT).fit(&one);
    assert!(matches!(kind(t), ErrorKind::UndefinedDf { .. }));
}

#[test]
fn row_93_two_studies_with_hartung_knapp_are_fine() {
    let fit = fit(Tau2::Reml, &[0.1, 0.9], &[0.04, 0.05]).unwrap();
    let (lower, upper) = fit.estimate().interval();
    assert!(lower < -4.0 && upper > 5.0);
    // k - 2 degrees of freedom do not exist; metafor uses 1 without a word.
    for method in [Prediction::HigginsThompsonSpiegelhalter, Prediction::PartlettRiley] {
        assert!(matches!(kind(fit.prediction_by(method)), ErrorKind::UndefinedDf { df: 0.0, .. }));
    }
    assert!(fit.prediction().is_ok());
    assert!(matches!(kind(leave_one_out(&fit)), ErrorKind::TooFewStudies { .. }));
}

#[test]
fn row_94_equal_effects_have_no_hartung_knapp_variance() {
    for tau2 in ALL {
        if tau2 == Tau2::BayesMode(Likelihood::Restricted) {
            let few = kind(fit(tau2, &[0.3, 0.3], &[0.1, 0.2]));
            assert!(matches!(few, ErrorKind::TooFewStudies { k: 2, needed: 3, .. }), "{few}");
            continue;
        }
        assert_eq!(kind(fit(tau2, &[0.3, 0.3], &[0.1, 0.2])), ErrorKind::DegenerateVariance, "{tau2}");
        let model = RandomEffects::new(tau2).inference(Inference::HartungKnappTruncated);
        let fit = model.fit(&effects(&[0.3, 0.3], &[0.1, 0.2]).unwrap()).unwrap();
        assert!(fit.estimate().se() > 0.0);
        assert_eq!(fit.heterogeneity_intervals().unwrap().tau2.interval(), None, "too little variation: empty");
    }
}

#[test]
fn rows_105_and_106_levels() {
    let three = effects(&[0.1, 0.2, 0.4], &[0.1; 3]).unwrap();
    for level in [0.0, 1.0, 95.0, 100.0, -1.0, 101.0, f64::NAN, f64::INFINITY] {
        let error = RandomEffects::default().level(level).fit(&three).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LevelOutOfRange { .. }));
        assert!(error.to_string().starts_with("level must be strictly between 0 and 1 (0.95, not 95), got"));
        assert!(CommonEffect::new().level(level).fit(&three).is_err());
        let fit = RandomEffects::default().fit(&three).unwrap();
        assert!(fit.heterogeneity_intervals_at(level).is_err());
    }
}

/// DerSimonian-Laird with less variation than sampling alone makes is 0, not a negative number and NaN after it.
#[test]
fn row_110_q_below_its_df() {
    let (y, v) = ([0.30, 0.31, 0.29, 0.30], [0.1, 0.2, 0.1, 0.3]);
    for tau2 in [Tau2::DerSimonianLaird, Tau2::Hedges, Tau2::TwoStepDerSimonianLaird, Tau2::HunterSchmidt] {
        let fit = RandomEffects::new(tau2).inference(Inference::Wald).fit(&effects(&y, &v).unwrap()).unwrap();
        let h = fit.heterogeneity();
        assert!(h.q < h.df);
        assert_eq!((h.tau2, h.i2, h.h2), (0.0, 0.0, 1.0), "{tau2}");
        assert!(fit.estimate().se() > 0.0 && fit.estimate().p_value() > 0.0);
    }
    let few = kind(leave_one_out(&fit(Tau2::DerSimonianLaird, &y[..2], &v[..2]).unwrap()));
    assert!(matches!(few, ErrorKind::TooFewStudies { .. }), "{few}");
}

#[test]
fn row_108_a_given_tau2() {
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let error = fit(Tau2::Fixed(bad), &[0.1, 0.2, 0.4], &[0.1; 3]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidTau2 { .. }), "{error}");
    }
}

#[test]
fn studies_known_exactly_that_agree_leave_no_likelihood() {
    // Through the kernel, for a pooled result needs Cochran's Q, which zero variances do not have.
    use meta_analysis::tau2::{Tau2Error, estimate};
    let (y, v) = ([0.3, 0.3, 0.9], [0.0, 0.0, 0.1]);
    assert_eq!(estimate(&y, &v, Tau2::MaximumLikelihood).unwrap_err(), Tau2Error::UnboundedLikelihood);
    assert_eq!(estimate(&y, &v, Tau2::Reml).unwrap_err(), Tau2Error::UnboundedLikelihood);
}

#[test]
fn results_beyond_the_range_of_doubles_are_an_overflow() {
    let error = fit(Tau2::Reml, &[1e200, -1e200, 3e200], &[1.0; 3]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Overflow { .. }), "{error}");
}

#[test]
fn one_bad_analysis_is_one_error_of_a_batch() {
    let (y, v) = ([0.1, 0.9, 0.5, 0.2, f64::NAN, 0.3, 0.4], [0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1]);
    let batch = Batch::new(Measure::Generic, &y, &v, &[0, 3, 5, 5, 7]).unwrap();
    let fits = RandomEffects::new(Tau2::Reml).fit_batch(&batch);
    let kinds: Vec<Option<ErrorKind>> =
        fits.iter().map(|f| f.as_ref().err().map(|e: &Error| e.kind().clone())).collect();
    assert!(kinds[0].is_none() && kinds[3].is_none());
    assert!(matches!(kinds[1], Some(ErrorKind::NonFinite { .. })));
    assert_eq!(kinds[2], Some(ErrorKind::Empty));
}

/// Every number inside an `Ok`, through the serialised form, where NaN and infinity become null.
fn assert_finite(fit: &Pooled) -> std::result::Result<(), TestCaseError> {
    let solution = fit.solution();
    let estimate = fit.estimate();
    let (lower, upper) = estimate.interval();
    let natural = fit.natural();
    let h = fit.heterogeneity();
    let mut numbers = vec![solution.mu, solution.se, solution.tau2, solution.q, solution.q_at_tau2, lower, upper];
    numbers.extend([estimate.se(), estimate.statistic(), estimate.p_value(), natural.value]);
    numbers.extend([h.q, h.p_value, h.i2, h.h2, h.tau2]);
    numbers.extend(solution.tau2_se);
    numbers.extend(fit.weights());
    if let Ok(prediction) = fit.prediction() {
        numbers.extend([prediction.interval().0, prediction.interval().1]);
    }
    if let Ok(intervals) = fit.heterogeneity_intervals() {
        for region in [intervals.tau2, intervals.i2, intervals.h2] {
            numbers.extend(region.interval().iter().flat_map(|i| [i.lower, i.upper]));
        }
    }
    for likelihood in [meta_analysis::Likelihood::Full, meta_analysis::Likelihood::Restricted] {
        if let Ok(i) = fit.information(likelihood) {
            numbers.extend([i.log_likelihood, i.aic, i.bic, i.aicc]);
        }
    }
    prop_assert!(numbers.iter().all(|x| x.is_finite()), "{numbers:?} {fit:?}");
    prop_assert!(!fit.to_string().contains("NaN"));
    Ok(())
}

fn any_bits() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        -10.0..10.0_f64,
        (-300.0..300.0_f64).prop_map(|e| 10.0_f64.powf(e))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_the_numbers_no_panic_and_no_nan(
        rows in prop::collection::vec((any_bits(), any_bits()), 0..9),
        inference in prop::sample::select(vec![
            Inference::Wald, Inference::StudentT, Inference::HartungKnapp, Inference::HartungKnappTruncated,
        ]),
        level in prop_oneof![0.0001..0.9999_f64, any::<u64>().prop_map(f64::from_bits)],
    ) {
        let (y, v): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        let Ok(effects) = effects(&y, &v) else { return Ok(()) };
        for tau2 in ALL {
            if let Ok(fit) = RandomEffects::new(tau2).inference(inference).level(level).fit(&effects) {
                assert_finite(&fit)?;
            }
        }
        if let Ok(fit) = CommonEffect::new().inference(inference).level(level).fit(&effects) {
            assert_finite(&fit)?;
        }
    }
}

/// Found by fuzzing: studies known exactly that differ by less than any number whose square is one. A search over tau2 from there to
/// the spread of the others would not end in time.
#[test]
fn studies_known_exactly_that_all_but_agree_are_out_of_range() {
    use meta_analysis::tau2::{Tau2Error, estimate};
    let (y, v) = ([-520.0, 5.9e-316, 0.0], [16.0, 0.0, 0.0]);
    for method in [Tau2::Reml, Tau2::MaximumLikelihood, Tau2::BayesMode(Likelihood::Full), Tau2::PauleMandel] {
        let error = estimate(&y, &v, method).unwrap_err();
        assert!(matches!(error, Tau2Error::VarianceRatioOutOfRange { .. }), "{method}: {error}");
    }
}
