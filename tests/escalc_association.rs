//! Correlations, partial and semipartial correlations, R2, reliability and genotype counts against metafor.
#![allow(clippy::float_cmp, clippy::excessive_precision)] // exact by symmetry or by construction; digits as mpmath prints them

use meta_analysis::study::{
    Conversion, Correlation, CorrelationMeasure, Genotypes, GenotypesMeasure, PartialCorrelation,
    PartialCorrelationMeasure, RSquared, RSquaredMeasure, Reliability, ReliabilityMeasure, SemipartialCorrelation,
    SemipartialCorrelationMeasure, Sign, Studies, Summary, VarianceType,
};
use meta_analysis::{Effects, Error, ErrorKind, Measure};
use proptest::prelude::*;
use serde_json::Value;

const TOLERANCE: f64 = 1e-10;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn labelled<T>(rows: impl Iterator<Item = Result<T, Error>>) -> Studies<T> {
    (0..).zip(rows).map(|(i, row)| (format!("study {i}"), row.expect("sound data"))).collect()
}

fn variance_type(code: Option<&str>) -> VarianceType {
    match code {
        None => VarianceType::Usual,
        Some("LS") => VarianceType::LargeSample,
        Some("UB") => VarianceType::Unbiased,
        Some("AV") => VarianceType::Average,
        Some("HO") => VarianceType::Homoscedastic,
        Some(other) => panic!("unexpected vtype {other}"),
    }
}

/// What this crate makes of one entry of the reference.
fn effects(entry: &Value, args: &Value) -> Result<Effects, Error> {
    let column = |name: &str| numbers(&args[name]);
    let kind = variance_type(entry["opts"]["vtype"].as_str());
    let code = entry["measure"].as_str().expect("a code");
    match code {
        "COR" | "UCOR" | "ZCOR" => {
            let measure = match code {
                "COR" => CorrelationMeasure::Raw,
                "UCOR" => CorrelationMeasure::Unbiased,
                _ => CorrelationMeasure::FisherZ,
            };
            let rows = column("ri").into_iter().zip(column("ni")).map(|(r, n)| Correlation::new(r, n));
            labelled(rows).effects(Conversion::new(measure).variance(kind))
        }
        "PCOR" | "ZPCOR" => {
            let measure =
                if code == "PCOR" { PartialCorrelationMeasure::Raw } else { PartialCorrelationMeasure::FisherZ };
            let rows = column("ti").into_iter().zip(column("ni")).zip(column("mi"));
            labelled(rows.map(|((t, n), m)| PartialCorrelation::from_t(t, n, m)))
                .effects(Conversion::new(measure).variance(kind))
        }
        "SPCOR" | "ZSPCOR" => {
            let measure = if code == "SPCOR" {
                SemipartialCorrelationMeasure::Raw
            } else {
                SemipartialCorrelationMeasure::FisherZ
            };
            let rows = column("ti").into_iter().zip(column("r2i")).zip(column("ni")).zip(column("mi"));
            labelled(rows.map(|(((t, r2), n), m)| SemipartialCorrelation::from_t(t, r2, n, m)))
                .effects(Conversion::new(measure).variance(kind))
        }
        "R2" | "ZR2" => {
            let measure = if code == "R2" { RSquaredMeasure::Raw } else { RSquaredMeasure::FisherZ };
            let rows = column("r2i").into_iter().zip(column("ni")).zip(column("mi"));
            labelled(rows.map(|((r2, n), m)| RSquared::new(r2, n, m))).effects(Conversion::new(measure).variance(kind))
        }
        "ARAW" | "AHW" | "ABT" => {
            let measure = match code {
                "ARAW" => ReliabilityMeasure::Raw,
                "AHW" => ReliabilityMeasure::HakstianWhalen,
                _ => ReliabilityMeasure::Bonett,
            };
            let rows = column("ai").into_iter().zip(column("mi")).zip(column("ni"));
            labelled(rows.map(|((alpha, items), n)| Reliability::new(alpha, items, n)))
                .effects(Conversion::new(measure).variance(kind))
        }
        "REH" => {
            let rows = column("ai").into_iter().zip(column("bi")).zip(column("ci"));
            labelled(rows.map(|((a, b), c)| Genotypes::new(a, b, c)))
                .effects(Conversion::new(GenotypesMeasure::LogRelativeExcessHeterozygosity).variance(kind))
        }
        other => panic!("unexpected measure {other}"),
    }
}

fn assert_close(got: f64, truth: f64, place: &str) {
    assert!((got - truth).abs() <= TOLERANCE * truth.abs(), "{place}: {got} instead of {truth}");
}

#[test]
fn every_association_of_metafor_5_1_is_reproduced() {
    let reference: Value = serde_json::from_str(include_str!("reference/escalc_metafor_5_1.json")).expect("valid JSON");
    let entries = reference["escalc"].as_array().expect("entries");
    let families = ["cor", "pcor", "r2", "alpha", "reh"];
    let mut used = [0; 5];
    let (mut compared, mut refused) = (0, 0);
    for entry in entries {
        let Some(family) = families.iter().position(|f| entry["family"] == *f) else { continue };
        used[family] += 1;
        let place = format!("{} {}", entry["measure"], entry["opts"]);
        let got = effects(entry, &entry["args"]);
        // metafor takes vtype = "HO" for ZCOR, where there is one variance only, and ignores it.
        let ignored = entry["measure"] == "ZCOR" && entry["opts"]["vtype"] == "HO";
        if entry["ok"] == false || ignored {
            let error = got.expect_err(&place);
            assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{place}: {error}");
            refused += 1;
            continue;
        }
        let got = got.expect(&place);
        assert_eq!(got.measure().code(), entry["measure"].as_str().expect("a code"));
        let (y, v) = (numbers(&entry["yi"]), numbers(&entry["vi"]));
        assert_eq!((got.y().len(), got.v().len()), (y.len(), v.len()), "{place}");
        for i in 0..y.len() {
            assert_close(got.y()[i], y[i], &place);
            assert_close(got.v()[i], v[i], &place);
            compared += 1;
        }
    }
    assert_eq!(used, [15, 4, 2, 3, 1], "the grid of the reference is complete");
    assert_eq!((compared, refused), (79, 5));
}

#[test]
fn every_correlation_of_metafor_3_8_is_reproduced() {
    let reference: Value = serde_json::from_str(include_str!("reference/metafor_effects.json")).expect("valid JSON");
    let (mut compared, mut undefined) = (0, 0);
    for entry in reference["effects"].as_array().expect("entries") {
        let measure = match entry["measure"].as_str() {
            Some("COR") => CorrelationMeasure::Raw,
            Some("ZCOR") => CorrelationMeasure::FisherZ,
            Some("UCOR") => CorrelationMeasure::Unbiased,
            _ => continue,
        };
        let (r, n) = (numbers(&entry["inputs"]["ri"]), numbers(&entry["inputs"]["ni"]));
        for i in 0..r.len() {
            let place = format!("{measure:?} r = {} n = {}", r[i], n[i]);
            let got = Correlation::new(r[i], n[i]).expect(&place).effect(&measure.into());
            match (entry["yi"][i].as_f64(), entry["vi"][i].as_f64()) {
                (Some(y), Some(v)) => {
                    let got = got.expect(&place);
                    // metafor 3.8 loses half the digits of z at r = 1e-8; mpmath: atanh(mpf(1e-8)).
                    let cancelled = measure == CorrelationMeasure::FisherZ && r[i] == 1e-8;
                    assert_close(got.y(), if cancelled { 1.000_000_000_000_000_054e-8 } else { y }, &place);
                    assert_close(got.variance(), v, &place);
                    compared += 1;
                }
                _ => {
                    let error = got.expect_err(&place);
                    assert!(matches!(error.kind(), ErrorKind::SampleSizeTooSmall { needed: 5.0, .. }), "{place}");
                    undefined += 1;
                }
            }
        }
    }
    assert_eq!((compared, undefined), (24, 0));
}

/// metafor 3.8.1, R 4.2.2: escalc(measure="SPCOR", ti=c(1.2,-.5,3.3,4.7), mi=c(2,3,1,5), ni=c(40,60,25,100),
/// r2i=c(.2,.1,.5,.3), vtype="AV"); PCOR likewise, times (n - m - 1)/(n - m), by which 5.0 changed it.
#[test]
fn average_variances_of_partial_and_semipartial_correlations() {
    let (t, m) = ([1.2, -0.5, 3.3, 4.7], [2.0, 3.0, 1.0, 5.0]);
    let (n, r2) = ([40.0, 60.0, 25.0, 100.0], [0.2, 0.1, 0.5, 0.3]);
    let semipartial = labelled((0..4).map(|i| SemipartialCorrelation::from_t(t[i], r2[i], n[i], m[i])));
    let how = Conversion::new(SemipartialCorrelationMeasure::Raw).variance(VarianceType::Average);
    let got = semipartial.effects(how).expect("sound");
    let truth = [0.018975786649346751, 0.014110871932169871, 0.019846756644196117, 0.0067141061601754762];
    for (got, truth) in got.v().iter().zip(truth) {
        assert_close(*got, truth, "SPCOR AV");
    }
    let partial = labelled((0..4).map(|i| PartialCorrelation::from_t(t[i], n[i], m[i])));
    let how = Conversion::new(PartialCorrelationMeasure::Raw).variance(VarianceType::Average);
    let got = partial.effects(how).expect("sound");
    let old = [0.02313519280177001, 0.015285752386883757, 0.037217484072412627, 0.009106405677292451];
    for i in 0..4 {
        assert_close(got.v()[i], old[i] * (n[i] - m[i] - 1.0) / (n[i] - m[i]), "PCOR AV");
    }
    let alone = PartialCorrelation::new(0.3, 40, 2).expect("sound").effect(&how).unwrap_err();
    assert!(matches!(alone.kind(), ErrorKind::NotApplicable { what: "average over all studies", .. }));
}

#[test]
fn variances_without_an_outside_value_follow_from_those_that_have_one() {
    let (n, m, r2): (f64, f64, f64) = (40.0, 2.0, 0.2);
    let row = RSquared::new(r2, n, m).expect("sound");
    let of = |measure, kind| row.effect(&Conversion::new(measure).variance(kind)).expect("sound").variance();
    // mpmath: 4*.2*.64*37**2/((40**2-1)*43)
    let second = of(RSquaredMeasure::Raw, VarianceType::LargeSample2);
    assert_close(second, 0.010_194_278_400_744_652, "R2 LS2");
    // Delta method: d atanh(sqrt x) = dx / (2 sqrt x (1 - x)).
    let slope = 1.0 / (2.0 * r2.sqrt() * (1.0 - r2));
    assert_close(of(RSquaredMeasure::FisherZ, VarianceType::LargeSample2), second * slope * slope, "ZR2 LS2");
    let first = of(RSquaredMeasure::Raw, VarianceType::Usual);
    assert_close(of(RSquaredMeasure::FisherZ, VarianceType::Usual), first * slope * slope, "ZR2");
    // At the average of equal studies the average variants are the others.
    let twins = Studies::from([("a", row), ("b", row)]);
    for (average, own) in
        [(VarianceType::Average, VarianceType::LargeSample), (VarianceType::Average2, VarianceType::LargeSample2)]
    {
        let got = twins.effects(Conversion::new(RSquaredMeasure::Raw).variance(average)).expect("sound");
        assert_close(got.v()[1], of(RSquaredMeasure::Raw, own), "R2 at the average");
    }
    // Without association the variance of r is that at r = 0.
    let null = |r| {
        let how = Conversion::new(CorrelationMeasure::Raw).variance(VarianceType::Null);
        Correlation::new(r, 30).expect("sound").effect(&how).expect("sound").variance()
    };
    assert_eq!(null(0.7), 1.0 / 29.0);
}

#[test]
fn a_model_with_one_predictor_is_a_plain_correlation() {
    let (t, n) = (2.3, 31);
    let plain = Correlation::from_t(t, n).expect("sound");
    let partial = PartialCorrelation::from_t(t, n, 1).expect("sound");
    assert_eq!(plain.r(), partial.r());
    let (a, b) = (
        plain.effect(&CorrelationMeasure::FisherZ.into()).expect("sound"),
        partial.effect(&PartialCorrelationMeasure::FisherZ.into()).expect("sound"),
    );
    assert_eq!((a.y(), a.variance()), (b.y(), b.variance()));
    let r2 = RSquared::from_f(t * t, n, 1).expect("sound").r_squared();
    assert_close(r2, plain.r() * plain.r(), "R2 of one predictor");
    let semipartial = SemipartialCorrelation::from_t(t, r2, n, 1).expect("sound");
    assert_close(semipartial.r(), plain.r(), "semipartial of one predictor");
}

proptest! {
    #[test]
    fn reversing_a_variable_reverses_the_effect(r in -0.999..0.999_f64, n in 5..2000_u32) {
        for measure in [CorrelationMeasure::Raw, CorrelationMeasure::Unbiased, CorrelationMeasure::FisherZ] {
            let effect = |r| Correlation::new(r, n).unwrap().effect(&measure.into()).unwrap();
            let (one, other) = (effect(r), effect(-r));
            prop_assert_eq!(one.y(), -other.y());
            prop_assert_eq!(one.variance(), other.variance());
        }
    }

    #[test]
    fn the_bias_correction_moves_away_from_zero_and_stays_below_one(r in 1e-6..0.9999_f64, n in 5..500_u32) {
        let effect = Correlation::new(r, n).unwrap().effect(&CorrelationMeasure::Unbiased.into()).unwrap();
        prop_assert!(effect.y() > r && effect.y() < 1.0);
    }

    #[test]
    fn corrections_vanish_in_large_samples(r in -0.99..0.99_f64) {
        let n = 1e9;
        let unbiased = Conversion::new(CorrelationMeasure::Unbiased).variance(VarianceType::Unbiased);
        let unbiased = Correlation::new(r, n).unwrap().effect(&unbiased).unwrap();
        let raw = Correlation::new(r, n).unwrap().effect(&CorrelationMeasure::Raw.into()).unwrap();
        prop_assert!((unbiased.y() - raw.y()).abs() <= 1e-9 * raw.y().abs());
        prop_assert!((unbiased.variance() / raw.variance() - 1.0).abs() < 1e-7);
    }

    #[test]
    fn a_p_value_gives_back_its_t(t in 1e-3..30.0_f64, n in 4..300_u32, m in 1..3_u32) {
        prop_assume!(n > m + 2);
        let df = f64::from(n - m - 1);
        let p = 2.0 * meta_analysis::num::student_t::sf(t, df);
        let from_t = PartialCorrelation::from_t(-t, n, m).unwrap();
        let from_p = PartialCorrelation::from_p(p, Sign::Negative, n, m).unwrap();
        prop_assert!((from_t.r() - from_p.r()).abs() <= 1e-10 * from_t.r().abs());
    }

    #[test]
    fn swapping_the_alleles_changes_nothing(a in 1..500_u32, b in 1..500_u32, c in 1..500_u32) {
        let effect = |x, y, z| {
            Genotypes::new(x, y, z).unwrap().effect(&GenotypesMeasure::LogRelativeExcessHeterozygosity.into()).unwrap()
        };
        let (one, other) = (effect(a, b, c), effect(c, b, a));
        prop_assert!((one.y() - other.y()).abs() < 1e-13);
        prop_assert!((one.variance() - other.variance()).abs() <= 1e-15 * one.variance());
    }

    #[test]
    fn transformed_reliabilities_come_back(alpha in -2.0..0.999_f64, items in 2..60_u32, n in 3..900_u32) {
        for measure in [ReliabilityMeasure::Raw, ReliabilityMeasure::HakstianWhalen, ReliabilityMeasure::Bonett] {
            let effect = Reliability::new(alpha, items, n).unwrap().effect(&measure.into()).unwrap();
            prop_assert!((effect.scale().to_natural(effect.y()) - alpha).abs() <= 1e-12 * (1.0 + alpha.abs()));
        }
    }
}

#[test]
fn hardy_weinberg_equilibrium_is_no_effect() {
    // p = 0.6 in 100 people: 36, 48, 16.
    let row = Genotypes::new(36, 48, 16).expect("sound");
    let effect = row.effect(&GenotypesMeasure::LogRelativeExcessHeterozygosity.into()).expect("sound");
    assert!(effect.y().abs() < 1e-15);
    assert_eq!(effect.measure(), Measure::LogRelativeExcessHeterozygosity);
    assert_eq!(effect.n(), Some(100.0));
}

#[test]
fn rows_survive_serialisation_and_are_checked_on_the_way_in() {
    let row = SemipartialCorrelation::new(0.3, 0.4, 50).expect("sound");
    let text = serde_json::to_string(&row).expect("serialises");
    assert_eq!(serde_json::from_str::<SemipartialCorrelation>(&text).expect("reads"), row);
    assert!(serde_json::from_str::<SemipartialCorrelation>(r#"{"r":0.9,"r_squared":0.4,"n":50}"#).is_err());
    assert!(serde_json::from_str::<Reliability>(r#"{"alpha":0.9,"items":1,"n":50}"#).is_err());
    assert!(serde_json::from_str::<RSquared>(r#"{"r_squared":1.0,"n":50,"predictors":2}"#).is_err());
    assert!(serde_json::from_str::<PartialCorrelation>(r#"{"r":0.5,"n":4,"predictors":3}"#).is_err());
    assert!(serde_json::from_str::<Genotypes>(r#"{"first":0,"heterozygous":0,"second":0}"#).is_err());
}
