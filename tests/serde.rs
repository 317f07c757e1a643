//! Data, options, results and tables survive a round trip, and what comes from a file is checked again.

use meta_analysis::study::{
    BinaryMeasure, Conversion, Correlation, Moments, PrePost, Proportion, ProportionMeasure, Rate, Studies, TwoByTwo,
    TwoMeans, ZeroCells,
};
use meta_analysis::{
    Effect, Effects, ForestTable, HeterogeneityIntervals, Measure, Pooled, PredictionInterval, RandomEffects, Tau2,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("serialises");
    let back: T = serde_json::from_str(&text).expect("deserialises");
    assert_eq!(*value, back, "{text}");
}

fn refused<T: DeserializeOwned>(text: &str, because: &str) {
    match serde_json::from_str::<T>(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => assert!(error.to_string().contains(because), "{error}"),
    }
}

fn responders() -> Studies<Proportion> {
    Studies::from([("Göttfried 2000", Proportion::new(7, 19).unwrap()), ("Hara 2003", Proportion::new(8, 8).unwrap())])
        .with_covariate("year", [2000.0, 2003.0])
        .unwrap()
        .with_covariate("disease", ["DM", "PM/DM"])
        .unwrap()
}

fn fit() -> Pooled {
    let how = Conversion::new(ProportionMeasure::Logit).zero_cells(ZeroCells::constant(0.5));
    RandomEffects::new(Tau2::Reml).fit(&responders().effects(how).unwrap()).unwrap()
}

#[test]
fn data_and_options() {
    round_trip(&responders());
    round_trip(&Conversion::new(BinaryMeasure::LogRiskRatio).zero_cells(ZeroCells::treatment_arm()));
    round_trip(&RandomEffects::new(Tau2::Fixed(0.25)).level(0.9));
    for measure in Measure::ALL {
        round_trip(&measure);
    }
}

#[test]
fn results_and_tables() {
    let fit = fit();
    round_trip(&fit);
    round_trip(fit.effects());
    round_trip(fit.estimate());
    round_trip(&fit.natural());
    round_trip(&ForestTable::from(&fit));
    round_trip::<PredictionInterval>(&fit.prediction().unwrap());
    round_trip::<HeterogeneityIntervals>(&fit.heterogeneity_intervals().unwrap());
    round_trip(&meta_analysis::study::Studies::from([("a", Rate::new(3, 10.5).unwrap())]));
}

#[test]
fn a_result_is_computed_again_and_not_believed() {
    let text = serde_json::to_string(&fit()).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["solution"]["tau2"] = 99.0.into();
    value["estimate"]["value"] = 99.0.into();
    let back: Pooled = serde_json::from_value(value).unwrap();
    assert_eq!(back, fit());
}

#[test]
fn rules_hold_for_data_from_files() {
    refused::<Proportion>(r#"{"events": 9, "total": 8}"#, "must not exceed");
    refused::<TwoByTwo>(r#"{"first": {"events": 1, "total": 0}, "second": {"events": 1, "total": 2}}"#, "empty arm");
    refused::<Rate>(r#"{"events": 1, "time": -2.0}"#, "must be positive");
    refused::<Correlation>(r#"{"r": 1.2, "n": 20}"#, "[-1, 1]");
    refused::<PrePost>(
        r#"{"before": {"mean": 1.0, "sd": -1.0}, "after": {"mean": 1.0, "sd": 1.0}, "n": 9, "correlation": 0.5}"#,
        "must not be negative",
    );
    refused::<TwoMeans>(
        r#"{"first": [{"mean": 1.0, "sd": 1.0}, 0], "second": [{"mean": 1.0, "sd": 1.0}, 5]}"#,
        "at least 1",
    );
    refused::<Effect>(r#"{"measure": "LogOddsRatio", "y": 0.1, "v": -0.2}"#, "must not be negative");
    refused::<Effect>(r#"{"measure": "FreemanTukeyProportion", "y": 0.1, "v": 0.2}"#, "sample size");
    refused::<Effects>(
        r#"{"measure": "LogOddsRatio", "labels": ["a", "a"], "y": [1.0, 2.0], "v": [1.0, 1.0], "n": [null, null], "adjustments": [null, null]}"#,
        "unique",
    );
    refused::<Effects>(
        r#"{"measure": "LogOddsRatio", "labels": ["a", "b"], "y": [1.0], "v": [1.0, 1.0], "n": [null, null], "adjustments": [null, null]}"#,
        "expected 2",
    );
    refused::<Studies<Proportion>>(
        r#"{"rows": [["a", {"events": 1, "total": 2}]], "covariates": {"columns": [["year", {"Number": [1.0, 2.0]}]]}}"#,
        "expected 1",
    );
}

#[test]
fn moments_are_checked_by_the_row_that_takes_them() {
    assert!(PrePost::new(Moments::mean_sd(1.0, f64::NAN), Moments::mean_sd(1.0, 1.0), 9, 0.5).is_err());
}
