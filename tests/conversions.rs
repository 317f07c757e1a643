//! Conversions between measures: outside values, round trips, limits, records.
#![allow(clippy::float_cmp, clippy::excessive_precision)] // exact by symmetry or by construction; digits as mpmath prints them

use meta_analysis::study::Sign::{Negative, Positive};
use meta_analysis::study::convert::{
    AbsoluteEffect, Assumption, Converted, Event, Formula, Groups, Link, Needed, NumberNeeded, RiskMeasure,
    at_baseline_risk, auc_to_d, chi_squared_to_phi, d_at_baseline_risk, d_to_auc, d_to_log_odds_ratio, d_to_r, f_to_d,
    f_to_r, log_odds_ratio_to_d, p_to_d, p_to_r, r_to_d, r_to_z, t_to_d, t_to_r, u_to_auc, z_to_r,
};
use meta_analysis::study::recover::moments::{Precision, Quantile, common_sd, sd};
use meta_analysis::study::{BinaryMeasure, Reported, Summary, TwoByTwo};
use meta_analysis::{Effect, ErrorKind, Measure, Result};
use proptest::prelude::*;
use serde_json::Value;

fn effect(measure: Measure, y: f64, v: f64) -> Effect {
    Effect::from_variance(measure, y, v).expect("sound")
}

fn close(got: f64, truth: f64, tolerance: f64) -> bool {
    (got - truth).abs() <= tolerance * truth.abs()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("bad input").kind().clone()
}

#[test]
fn t_and_p_give_the_standardised_differences_of_metafor_5_1() {
    let reference: Value = serde_json::from_str(include_str!("reference/escalc_metafor_5_1.json")).expect("valid JSON");
    let mut compared = 0;
    for entry in reference["escalc"].as_array().expect("entries") {
        let column = match entry["family"].as_str() {
            Some("cont2_ti") => "ti",
            Some("cont2_pi") => "pi",
            _ => continue,
        };
        let of = |name: &str, i: usize| entry["args"][name][i].as_f64().expect("a number");
        for i in 0..4 {
            let (x, n1, n2) = (of(column, i), of("n1i", i), of("n2i", i));
            let sign = if x > 0.0 { Positive } else { Negative };
            let got = if column == "ti" { t_to_d(x, n1, n2) } else { p_to_d(x.abs(), sign, n1, n2) };
            let got = got.expect("sound").effect();
            assert!(close(got.y(), entry["yi"][i].as_f64().expect("a number"), 1e-10), "{column} {i}: {}", got.y());
            assert!(close(got.variance(), entry["vi"][i].as_f64().expect("a number"), 1e-10));
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

#[test]
fn published_examples() {
    // Borenstein et al. 2009, Introduction to Meta-Analysis, chapter 7 and box 7.1: d = 0.5000, V = 0.0205.
    let d = effect(Measure::HedgesG, 0.5000, 0.0205);
    let log_odds = d_to_log_odds_ratio(d, Link::Logistic).expect("sound").effect();
    assert!((log_odds.y() - 0.9069).abs() < 5e-5 && (log_odds.variance() - 0.0674).abs() < 5e-5);
    let r = d_to_r(d, Groups::Equal).expect("sound").effect();
    assert!((r.y() - 0.2425).abs() < 5e-5 && (r.variance() - 0.0043).abs() < 5e-5, "{} {}", r.y(), r.variance());
    // The same book: r = 0.50, V = 0.0058 has d = 1.1547, V = 0.0550.
    let d = r_to_d(effect(Measure::RawCorrelation, 0.5, 0.0058), Groups::Equal).expect("sound").effect();
    assert!((d.y() - 1.1547).abs() < 5e-5 && (d.variance() - 0.0550).abs() < 5e-5);
    // Kraemer & Kupfer 2006: d = 0.5 has A = 0.638 and an NNT of 3.6.
    let auc = d_to_auc(effect(Measure::HedgesG, 0.5, 0.01)).expect("sound");
    assert!((auc.effect().y() - 0.638).abs() < 5e-4);
    let needed = NumberNeeded::from_auc(auc, 0.95).expect("sound");
    assert!(matches!(needed.estimate(), Needed::ToBenefit(n) if (n - 3.6).abs() < 0.05));
}

#[test]
fn values_at_full_precision() {
    // mpmath 1.3, mp.dps = 40, with d = 0.37, v = 0.09, n1 = 31, n2 = 54, p0 = 0.15
    let d = effect(Measure::HedgesG, 0.37, 0.09);
    let of = |converted: Result<Converted>| {
        let effect = converted.expect("sound").effect();
        (effect.y(), effect.variance())
    };
    let cases = [
        (0.6711057647666606, 0.29608813203268075),
        (0.61049999999999996, 0.24502499999999996),
        (0.17533950932811427, 0.018987845176247108),
        (0.60319645434517414, 0.0066881374236173576),
        (0.10256706326875618, 0.0091870891143267748),
        (0.30499890567887224, 0.057098030428310643),
        (0.40758794951607535, 0.11335028055355364),
        (0.40975813731395608, 0.11554145679052047),
        (1.8146437630616428, 1.4446190828402366),
        (0.71684587813620072, 0.003607228048660114),
    ];
    let got = [
        of(d_to_log_odds_ratio(d, Link::Logistic)),
        of(d_to_log_odds_ratio(d, Link::Normal)),
        of(d_to_r(d, Groups::Sizes(31.0, 54.0))),
        of(d_to_auc(d)),
        of(d_at_baseline_risk(d, 0.15)),
        of(at_baseline_risk(effect(Measure::LogOddsRatio, 0.37, 0.09), 0.15, RiskMeasure::LogRiskRatio)),
        of(at_baseline_risk(effect(Measure::LogHazardRatio, 0.37, 0.09), 0.15, RiskMeasure::LogOddsRatio)),
        of(at_baseline_risk(effect(Measure::LogRiskRatio, 0.37, 0.09), 0.15, RiskMeasure::LogHazardRatio)),
        of(at_baseline_risk(effect(Measure::RiskDifference, 0.37, 0.09), 0.15, RiskMeasure::LogOddsRatio)),
        of(u_to_auc(1200.0, 31, 54)),
    ];
    assert_eq!(got.len(), cases.len());
    for (i, ((y, v), (truth_y, truth_v))) in got.into_iter().zip(cases).enumerate() {
        assert!(close(y, truth_y, 1e-14) && close(v, truth_v, 1e-13), "case {i}: {y} {truth_y} {v} {truth_v}");
    }
}

/// U to d to r: a = 1200/(31 54), d = sqrt(2) z(a), r = d/sqrt(d^2 + 4); SciPy 1.17.
#[test]
fn a_mann_whitney_statistic_becomes_a_correlation() {
    let d = auc_to_d(u_to_auc(1200.0, 31, 54).unwrap()).unwrap();
    let r = d_to_r(d.clone(), Groups::Equal).unwrap();
    assert!(close(d.effect().y(), 0.8110472062424127, 1e-12), "{}", d.effect().y());
    assert!(close(r.effect().y(), 0.37579917956778414, 1e-12), "{}", r.effect().y());
    assert_eq!(r.steps().len(), 3);
}

#[test]
fn a_table_has_the_measures_that_conversion_at_its_own_baseline_gives() {
    let table = TwoByTwo::new((37, 47), (21, 48)).expect("sound");
    let of = |measure: BinaryMeasure| table.effect(&measure.into()).expect("sound");
    let (odds, risk, difference) =
        (of(BinaryMeasure::LogOddsRatio), of(BinaryMeasure::LogRiskRatio), of(BinaryMeasure::RiskDifference));
    let p0 = 21.0 / 48.0;
    let ratio = at_baseline_risk(odds, p0, RiskMeasure::LogRiskRatio).expect("sound").effect();
    assert!(close(ratio.y(), risk.y(), 1e-13));
    let rd = at_baseline_risk(odds, p0, RiskMeasure::RiskDifference).expect("sound").effect();
    assert!(close(rd.y(), difference.y(), 1e-13));
    // The variance differs, since the baseline risk is taken as known.
    assert!(ratio.variance() < risk.variance());
    // Chi-squared of a table and phi: mpmath is not needed, n phi^2 is chi-squared.
    let phi = (37.0 * 27.0 - 10.0 * 21.0) / (47.0 * 48.0 * 58.0 * 37.0_f64).sqrt();
    let got = chi_squared_to_phi(95.0 * phi * phi, Positive, 95).expect("sound").effect();
    assert!(close(got.y(), phi, 1e-14));
    assert_eq!(got.measure(), Measure::Phi);
}

#[test]
fn numbers_needed_run_through_infinity() {
    let of = |y: f64, se: f64, event| {
        let difference = Effect::from_se(Measure::RiskDifference, y, se).expect("sound");
        AbsoluteEffect::at(difference, 0.4, 0.95).expect("sound").number_needed(event)
    };
    let benefit = of(0.2, 0.05, Event::Desired);
    assert!(matches!(benefit.limits(), [Needed::ToBenefit(a), Needed::ToBenefit(b)] if a < 5.0 && b > 5.0));
    assert!(!benefit.crosses_infinity());
    let harm = of(0.2, 0.05, Event::Undesired);
    assert!(matches!(harm.estimate(), Needed::ToHarm(n) if (n - 5.0).abs() < 1e-12));
    // The limit that speaks most for the treatment comes first: the larger number needed to harm.
    assert!(matches!(harm.limits(), [Needed::ToHarm(a), Needed::ToHarm(b)] if a > 5.0 && b < 5.0));
    let unclear = of(0.05, 0.05, Event::Desired);
    assert!(unclear.crosses_infinity());
    assert!(matches!(unclear.limits(), [Needed::ToBenefit(_), Needed::ToHarm(_)]));
    let none = of(0.0, 0.05, Event::Desired);
    assert_eq!(none.estimate(), Needed::Infinite);
    assert!(none.to_string().starts_with("infinity (NNTB"));
}

#[test]
fn limits_of_a_risk_are_cut_and_say_so() {
    let ratio = Reported::risk_ratio(2.0).ci95(1.0, 4.0).expect("sound");
    let absolute = AbsoluteEffect::at(ratio, 0.4, 0.95).expect("sound");
    assert_eq!(absolute.clipped(), [false, true]);
    assert_eq!(absolute.risk().upper, 1.0);
    assert!(close(absolute.per_thousand().value, 400.0, 1e-12));
    let too_much = Reported::risk_ratio(3.0).ci95(2.0, 4.5).expect("sound");
    assert!(matches!(kind(AbsoluteEffect::at(too_much, 0.4, 0.95)), ErrorKind::Inconsistent { .. }));
    assert!(matches!(kind(at_baseline_risk(too_much, 0.4, RiskMeasure::LogOddsRatio)), ErrorKind::Inconsistent { .. }));
}

#[test]
fn bad_inputs() {
    let (d, r) = (effect(Measure::HedgesG, 0.4, 0.02), effect(Measure::RawCorrelation, 0.4, 0.02));
    assert!(matches!(kind(d_to_r(r, Groups::Equal)), ErrorKind::WrongMeasure { .. }));
    assert!(matches!(kind(r_to_z(d)), ErrorKind::WrongMeasure { .. }));
    assert!(matches!(kind(at_baseline_risk(d, 0.2, RiskMeasure::LogOddsRatio)), ErrorKind::WrongMeasure { .. }));
    assert!(matches!(kind(d_to_r(d, Groups::Sizes(0.0, 5.0))), ErrorKind::EmptyArm { .. }));
    assert!(matches!(kind(d_to_r(d, Groups::Sizes(f64::NAN, 5.0))), ErrorKind::NonFinite { .. }));
    let perfect = effect(Measure::RawCorrelation, 1.0, 0.0);
    assert!(matches!(kind(r_to_z(perfect)), ErrorKind::DegenerateCorrelation { .. }));
    assert!(matches!(kind(r_to_d(perfect, Groups::Equal)), ErrorKind::DegenerateCorrelation { .. }));
    let full = effect(Measure::CommonLanguage, 1.0, 0.01);
    assert!(matches!(kind(auc_to_d(full)), ErrorKind::OutsideSupport { .. }));
    let or = effect(Measure::LogOddsRatio, 0.4, 0.02);
    for p0 in [0.0, 1.0, -0.1, 1.5] {
        assert!(matches!(
            kind(at_baseline_risk(or, p0, RiskMeasure::RiskDifference)),
            ErrorKind::OutsideSupport { .. }
        ));
        assert!(matches!(kind(AbsoluteEffect::at(or, p0, 0.95)), ErrorKind::OutsideSupport { .. }));
    }
    assert!(matches!(kind(AbsoluteEffect::at(or, 0.2, 95.0)), ErrorKind::LevelOutOfRange { .. }));
    assert!(matches!(kind(t_to_d(2.0, 1, 2)), ErrorKind::SampleSizeTooSmall { .. }));
    assert!(matches!(kind(t_to_d(f64::NAN, 10, 12)), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(f_to_d(-1.0, Positive, 10, 12)), ErrorKind::OutsideSupport { .. }));
    assert!(matches!(kind(p_to_d(0.0, Positive, 10, 12)), ErrorKind::PValueZero));
    assert!(matches!(kind(p_to_r(1.0, Positive, 10)), ErrorKind::PValueUninformative { .. }));
    assert!(matches!(kind(f_to_r(f64::INFINITY, Positive, 10)), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(chi_squared_to_phi(30.0, Positive, 20)), ErrorKind::CorrelationOutOfRange { .. }));
    assert!(matches!(kind(u_to_auc(0.0, 10, 12)), ErrorKind::ZeroVariance { .. }));
    assert!(matches!(kind(u_to_auc(121.0, 10, 12)), ErrorKind::OutsideSupport { .. }));
    assert!(matches!(kind(sd(Precision::Se(-1.0), 10)), ErrorKind::NegativeSe { .. }));
    assert!(matches!(kind(sd(Precision::Se(1.0), 1)), ErrorKind::SampleSizeTooSmall { .. }));
    let by_t = |lower, upper, level| Precision::Interval { lower, upper, level, quantile: Quantile::StudentT };
    assert!(matches!(kind(sd(by_t(3.0, 2.0, 0.95), 10)), ErrorKind::CiReversed { .. }));
    assert!(matches!(kind(sd(by_t(1.0, 2.0, 95.0), 10)), ErrorKind::LevelOutOfRange { .. }));
}

#[test]
fn every_step_is_on_record() {
    let d = t_to_d(2.5, 30, 25).expect("sound");
    let z = r_to_z(d_to_r(d, Groups::Sizes(30.0, 25.0)).expect("sound")).expect("sound");
    let formulas: Vec<Formula> = z.steps().iter().map(|step| step.formula()).collect();
    assert_eq!(formulas, [Formula::TToD, Formula::DToR, Formula::RToZ]);
    assert!(z.assumptions().any(|a| a == Assumption::PointBiserialAsCorrelation));
    assert_eq!(z.losses().count(), 2);
    let step = &z.steps()[1];
    assert_eq!((step.from(), step.to()), (Some(Measure::HedgesG), Some(Measure::RawCorrelation)));
    assert!(step.inputs().any(|(name, value)| name == "n1" && value == 30.0));
    assert!(step.to_string().contains("Borenstein"));
    assert_eq!(z.effect().n(), Some(55.0));
    let text = serde_json::to_string(&z).expect("serialises");
    assert_eq!(serde_json::from_str::<Converted>(&text).expect("reads"), z);
    let sd = common_sd(Precision::Se(1.2), 20, 30).expect("sound");
    let text = serde_json::to_string(&sd).expect("serialises");
    assert_eq!(serde_json::from_str::<Converted<f64>>(&text).expect("reads"), sd);
    let adjusted = at_baseline_risk(effect(Measure::LogOddsRatio, 0.4, 0.02), 0.2, RiskMeasure::LogRiskRatio);
    assert!(adjusted.expect("sound").assumptions().any(|a| a == Assumption::UnadjustedOddsRatio));
}

proptest! {
    #[test]
    fn there_and_back(y in -3.0..3.0_f64, v in 1e-4..2.0_f64, n1 in 2.0..500.0_f64, n2 in 2.0..500.0_f64) {
        let same = |got: Effect, measure: Measure, y: f64| {
            got.measure() == measure && (got.y() - y).abs() <= 1e-11 * y.abs().max(1e-3) && close(got.variance(), v, 1e-10)
        };
        let d = effect(Measure::HedgesG, y, v);
        for link in [Link::Logistic, Link::Normal] {
            let back = log_odds_ratio_to_d(d_to_log_odds_ratio(d, link).unwrap(), link).unwrap();
            prop_assert!(same(back.effect(), Measure::HedgesG, y));
        }
        for groups in [Groups::Equal, Groups::Sizes(n1, n2)] {
            let back = r_to_d(d_to_r(d, groups).unwrap(), groups).unwrap();
            prop_assert!(same(back.effect(), Measure::HedgesG, y));
        }
        prop_assert!(same(auc_to_d(d_to_auc(d).unwrap()).unwrap().effect(), Measure::HedgesG, y));
        let z = effect(Measure::FisherZ, y, v);
        prop_assert!(same(r_to_z(z_to_r(z).unwrap()).unwrap().effect(), Measure::FisherZ, y));
    }

    #[test]
    fn risks_there_and_back(p0 in 0.01..0.99_f64, p1 in 0.01..0.99_f64, v in 1e-4..1.0_f64) {
        use RiskMeasure::{LogHazardRatio, LogOddsRatio, LogRiskRatio, RiskDifference};
        let all = [LogOddsRatio, LogRiskRatio, RiskDifference, LogHazardRatio];
        let start = effect(Measure::RiskDifference, p1 - p0, v);
        for from in all {
            let one = at_baseline_risk(start, p0, from).unwrap();
            for to in all {
                let back = at_baseline_risk(at_baseline_risk(one.clone(), p0, to).unwrap(), p0, from).unwrap().effect();
                prop_assert!((back.y() - one.effect().y()).abs() < 1e-9);
                prop_assert!(close(back.variance(), one.effect().variance(), 1e-9));
            }
        }
    }

    #[test]
    fn other_names_for_the_event_and_the_groups(y in -3.0..3.0_f64, p0 in 0.02..0.98_f64, v in 0.01..1.0_f64) {
        // Counting the non-events turns the odds ratio and the risk difference round.
        let of = |y, p0| at_baseline_risk(effect(Measure::LogOddsRatio, y, v), p0, RiskMeasure::RiskDifference).unwrap().effect();
        let (event, non_event) = (of(y, p0), of(-y, 1.0 - p0));
        prop_assert!((event.y() + non_event.y()).abs() < 1e-13);
        prop_assert!(close(event.variance(), non_event.variance(), 1e-10));
        // Swapping the groups turns d and r round.
        let r = |y| d_to_r(effect(Measure::HedgesG, y, v), Groups::Sizes(10.0, 30.0)).unwrap().effect();
        prop_assert_eq!(r(y).y(), -r(-y).y());
        let auc = |y| d_to_auc(effect(Measure::HedgesG, y, v)).unwrap().effect().y();
        prop_assert!((auc(y) + auc(-y) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn rare_events_make_odds_ratios_risk_ratios(y in -2.0..2.0_f64, v in 0.01..1.0_f64) {
        let rare = at_baseline_risk(effect(Measure::LogOddsRatio, y, v), 1e-9, RiskMeasure::LogRiskRatio).unwrap().effect();
        prop_assert!((rare.y() - y).abs() < 1e-7 && close(rare.variance(), v, 1e-7));
        let hazard = at_baseline_risk(effect(Measure::LogHazardRatio, y, v), 1e-9, RiskMeasure::LogRiskRatio).unwrap().effect();
        prop_assert!((hazard.y() - y).abs() < 1e-7 && close(hazard.variance(), v, 1e-7));
    }

    #[test]
    fn statistics_agree_with_each_other(t in -8.0..8.0_f64, n1 in 2..200_u32, n2 in 2..200_u32) {
        prop_assume!(t.abs() > 1e-3);
        let sign = if t > 0.0 { Positive } else { Negative };
        let df = f64::from(n1 + n2 - 2);
        let p = 2.0 * meta_analysis::num::student_t::sf(t.abs(), df);
        let d = t_to_d(t, n1, n2).unwrap().effect();
        for other in [f_to_d(t * t, sign, n1, n2), p_to_d(p, sign, n1, n2)] {
            let other = other.unwrap().effect();
            prop_assert!(close(other.y(), d.y(), 1e-9) && close(other.variance(), d.variance(), 1e-9));
        }
        let r = t_to_r(t, n1 + n2).unwrap().effect();
        for other in [f_to_r(t * t, sign, n1 + n2), p_to_r(p, sign, n1 + n2)] {
            let other = other.unwrap().effect();
            prop_assert!(close(other.y(), r.y(), 1e-9) && close(other.variance(), r.variance(), 1e-8));
        }
    }

    #[test]
    fn standard_deviations_come_back(truth in 0.01..1e6_f64, n in 2..500_u32, level in 0.5..0.999_f64, mean in -10.0..10.0_f64) {
        let se = truth / f64::from(n).sqrt();
        prop_assert!(close(*sd(Precision::Se(se), n).unwrap().value(), truth, 1e-14));
        let t = meta_analysis::num::student_t::quantile_upper(0.5 * (1.0 - level), f64::from(n - 1));
        let got = sd(Precision::Interval { lower: mean - t * se, upper: mean + t * se, level, quantile: Quantile::StudentT }, n).unwrap();
        prop_assert!(close(*got.value(), truth, 1e-10) || truth < 0.1);
        let difference = truth * (1.0 / f64::from(n) + 0.1).sqrt();
        prop_assert!(close(*common_sd(Precision::Se(difference), n, 10).unwrap().value(), truth, 1e-14));
    }
}
