//! Classical pooling of tables and rates against sixty-digit arithmetic, metafor, base R, statsmodels and printed values.

mod support;

use meta_analysis::study::{
    BinaryMeasure, Conversion, Studies, TwoByTwo, TwoRates, TwoRatesMeasure, Uninformative, ZeroCells,
};
use meta_analysis::tables::{
    CochranRates, Continuity, ExactLimits, MantelHaenszelVariance, PooledStrata, RateMeasure, SampleSizeWeights,
    TableMeasure, breslow_day, cochran_mantel_haenszel, sato_interval, zelen,
};
use meta_analysis::{ErrorKind, ExactOddsRatio, MantelHaenszel, Peto};
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

const MPMATH: &str = include_str!("reference/tables_mpmath.json");
const METAFOR: &str = include_str!("reference/tables_metafor.json");
const SATO: &str = include_str!("reference/sato.json");
const STATSMODELS: &str = include_str!("reference/tables_statsmodels.json");

const MEASURES: [(&str, TableMeasure); 3] =
    [("OR", TableMeasure::LogOddsRatio), ("RR", TableMeasure::LogRiskRatio), ("RD", TableMeasure::RiskDifference)];

fn labelled<T>(rows: impl IntoIterator<Item = T>) -> Studies<T> {
    rows.into_iter().enumerate().map(|(i, row)| (format!("study {}", i + 1), row)).collect()
}

fn table(row: &[f64]) -> TwoByTwo {
    TwoByTwo::from_cells(row[0], row[1], row[2], row[3]).expect("a table")
}

fn rate(row: &[f64]) -> TwoRates {
    TwoRates::new((row[0], row[1]), (row[2], row[3])).expect("rates")
}

fn columns(case: &Value, names: [&str; 4]) -> Vec<Vec<f64>> {
    let columns = names.map(|name| numbers(&case[name]));
    (0..columns[0].len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect()
}

fn rows(case: &Value, name: &str) -> Vec<Vec<f64>> {
    list(&case[name]).iter().map(numbers).collect()
}

/// The last word of `what` is the kind of quantity.
fn close(seen: &mut Comparison, what: &str, found: f64, truth: f64, size: f64, tolerance: f64) {
    let kind = what.rsplit(' ').next().unwrap_or_default();
    seen.close(|| what.to_owned(), kind, found, truth, size, tolerance);
}

/// Estimate relative to its standard error, and variance.
fn agree(seen: &mut Comparison, name: &str, fit: &PooledStrata, truth: &Value, tolerance: f64) {
    let pair = numbers(truth);
    let (value, se) = (pair[0], pair[1].sqrt());
    close(seen, &format!("{name} estimate"), fit.estimate().value(), value, se, tolerance);
    close(seen, &format!("{name} se"), fit.estimate().se(), se, se, tolerance);
}

#[test]
fn tables_agree_with_sixty_digits() {
    let mut seen = Comparison::default();
    let pinned = reference(MPMATH);
    for case in list(&pinned["cases"]).iter().filter(|c| c["kind"] == "tables") {
        let name = text(&case["name"]);
        let studies = labelled(rows(case, "cells").iter().map(|r| table(r)));
        for (code, measure) in MEASURES {
            let fit = MantelHaenszel::new(measure).fit(&studies);
            let Ok(fit) = fit else {
                // Undefined, or (risk difference) without a variance.
                let zero = case[code].is_null() || numbers(&case[code])[1].abs() < 1e-30;
                assert!(zero, "{name} {code}: {}", fit.unwrap_err());
                continue;
            };
            agree(&mut seen, &format!("{name} {code}"), &fit, &case[code], 1e-13);
            let q = number(&case["q"][code]).expect("Q");
            // 10^15 - 3 of 10^15: the effect of a study is a double next to 1, whose last digit is a thirtieth of its
            // standard error. The pooled effect is not made from these.
            let tolerance = if name == "almost all" { 1e-3 } else { 1e-12 };
            close(&mut seen, &format!("{name} {code} Q"), fit.heterogeneity().q, q, q.max(1.0), tolerance);
            let k = number(&case["k_own"][code]).expect("k");
            assert!((fit.heterogeneity().df - (k - 1.0).max(0.0)).abs() < 1e-9, "{name} {code} df");
        }
        let robust =
            MantelHaenszel::new(TableMeasure::RiskDifference).variance(MantelHaenszelVariance::GreenlandRobins);
        match robust.fit(&studies) {
            Ok(fit) => agree(&mut seen, &format!("{name} RD_GR"), &fit, &case["RD_GR"], 1e-13),
            Err(e) => assert!(numbers(&case["RD_GR"])[1].abs() < 1e-30, "{name}: {e}"),
        }
        let tests = &case["tests"];
        let truth = |key: &str| number(&tests[key]).expect("a test");
        let peto = Peto::new().fit(&studies).expect("Peto");
        let se = truth("peto_v").sqrt();
        close(&mut seen, &format!("{name} Peto"), peto.estimate().value(), truth("peto"), se, 1e-13);
        close(&mut seen, &format!("{name} Peto se"), peto.estimate().se(), se, se, 1e-13);
        close(
            &mut seen,
            &format!("{name} Peto Q"),
            peto.heterogeneity().q,
            truth("peto_q"),
            truth("peto_q").max(1.0),
            1e-12,
        );
        for (key, continuity) in [("cmh", Continuity::Uncorrected), ("cmh_half", Continuity::Half)] {
            let test = cochran_mantel_haenszel(&studies, continuity).expect("a test");
            close(&mut seen, &format!("{name} {key}"), test.statistic, truth(key), truth(key).max(1e-3), 1e-12);
        }
        if !case["bd"].is_null() && !case["bd"].is_number() && case.get("bd").is_some() {
            let test = breslow_day(&studies).expect("a test");
            for (key, statistic) in [("bd", test.uncorrected.statistic), ("tarone", test.tarone.statistic)] {
                let truth = number(&case[key]).expect("a statistic");
                close(&mut seen, &format!("{name} {key}"), statistic, truth, truth.max(1.0), 1e-11);
            }
        }
        if case.get("ssw_OR").is_some() {
            let fit = SampleSizeWeights::new().tau2(0.25).fit(&studies, BinaryMeasure::LogOddsRatio).expect("SSW");
            agree(&mut seen, &format!("{name} SSW"), &fit, &case["ssw_OR"], 1e-13);
        }
    }
    seen.finish(1268);
}

#[test]
fn the_exact_odds_ratio_agrees_with_sixty_digits() {
    let mut seen = Comparison::default();
    let (mut cases, mut ends) = (0, 0);
    let pinned = reference(MPMATH);
    for case in list(&pinned["cases"]).iter().filter(|c| c.get("exact").is_some()) {
        let (name, truth) = (text(&case["name"]), &case["exact"]);
        let studies = labelled(rows(case, "cells").iter().map(|r| table(r)));
        let fit = ExactOddsRatio::new().fit(&studies);
        if truth.is_null() {
            assert!(fit.is_err(), "{name}");
            continue;
        }
        let fit = fit.expect("an exact fit");
        cases += 1;
        match (number(&truth["mle"]), fit.estimate()) {
            (Some(mle), Some(estimate)) => {
                let se = number(&truth["info"]).expect("information").sqrt().recip();
                close(&mut seen, &format!("{name} MLE"), estimate.value(), mle, se, 1e-12);
                close(&mut seen, &format!("{name} se"), estimate.se(), se, se, 1e-11);
            }
            (None, None) => ends += 1,
            (mle, estimate) => panic!("{name}: {mle:?} {estimate:?}"),
        }
        let limits = [("fisher", fit.fisher()), ("mid", fit.mid_p())];
        for (key, limits) in limits {
            let found = [(limits.lower > 0.0).then(|| limits.lower.ln()), limits.upper.map(f64::ln)];
            for (side, found) in ["lower", "upper"].into_iter().zip(found) {
                let truth = number(&truth[format!("{key}_{side}")]);
                assert_eq!(truth.is_some(), found.is_some(), "{name} {key} {side}");
                if let Some((truth, found)) = truth.zip(found) {
                    close(&mut seen, &format!("{name} {key} {side}"), found, truth, 1.0, 1e-12);
                }
            }
        }
        let test = fit.test();
        let found =
            [("less", test.less), ("greater", test.greater), ("two_sided", test.two_sided), ("mid_p", test.mid_p)];
        for (key, found) in found {
            let p = number(&truth[key]).expect("a p-value");
            close(&mut seen, &format!("{name} {key}"), found, p, p, 1e-12);
        }
    }
    assert!(cases >= 60 && ends >= 3, "{cases} {ends}");
    seen.finish(648);
}

#[test]
fn zelens_test_agrees_with_every_set_of_tables() {
    let mut seen = Comparison::default();
    let pinned = reference(MPMATH);
    for case in list(&pinned["cases"]) {
        let Some(truth) = case.get("zelen").and_then(number) else { continue };
        let studies = labelled(rows(case, "cells").iter().map(|r| table(r)));
        let found = zelen(&studies).expect("a test");
        close(&mut seen, &format!("{} zelen", text(&case["name"])), found, truth, truth, 1e-12);
    }
    seen.finish(32);
}

#[test]
fn satos_limits_agree_with_fifty_digits() {
    let mut seen = Comparison::default();
    let pinned = reference(SATO);
    let (mut one_sided, mut refused) = (0, 0);
    for case in list(&pinned["cases"]) {
        let studies = labelled(rows(case, "cells").iter().map(|r| table(r)));
        let found = sato_interval(&studies, number(&case["level"]).expect("a level"));
        if case["limits"].is_null() {
            let kind = found.expect_err("no table has both events and non-events");
            assert!(matches!(kind.kind(), ErrorKind::NotEstimable { .. }), "{kind}");
            refused += 1;
            continue;
        }
        let (found, truth) = (found.expect("limits"), list(&case["limits"]));
        let lower = number(&truth[0]).expect("a lower limit");
        close(&mut seen, &format!("{} lower", text(&case["name"])), found.lower, lower, lower.max(1e-300), 1e-14);
        match (found.upper, number(&truth[1])) {
            (Some(found), Some(truth)) => {
                close(&mut seen, &format!("{} upper", text(&case["name"])), found, truth, truth, 1e-14);
            }
            (found, truth) => assert_eq!(found, truth, "{}", case["name"]),
        }
        one_sided += usize::from(found.upper.is_none() || found.lower <= 0.0);
    }
    assert!(one_sided >= 2, "{one_sided} {refused}");
    seen.finish(277);
}

#[test]
fn satos_limits_are_equally_far_from_the_estimate_and_turn_with_the_groups() {
    let rows = [[9.0, 3.0, 1.0, 11.0], [37.0, 10.0, 21.0, 27.0], [0.0, 40.0, 3.0, 35.0]];
    let studies = labelled(rows.iter().map(|r| table(r)));
    let turned = labelled(rows.iter().map(|&[a, b, c, d]| table(&[c, d, a, b])));
    let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&studies).expect("an estimate");
    let (found, other) = (sato_interval(&studies, 0.9).expect("limits"), sato_interval(&turned, 0.9).expect("limits"));
    let upper = found.upper.expect("both limits");
    let centre = 0.5 * (found.lower.ln() + upper.ln());
    assert!((centre - fit.estimate().value()).abs() < 1e-14);
    assert!((other.lower * upper - 1.0).abs() < 1e-14);
    assert!((other.upper.expect("both limits") * found.lower - 1.0).abs() < 1e-14);
}

#[test]
fn satos_interval_refuses_what_it_cannot_do() {
    let none = labelled([table(&[0.0, 5.0, 0.0, 8.0]), table(&[4.0, 0.0, 6.0, 0.0])]);
    let error = sato_interval(&none, 0.95).expect_err("no table says anything");
    assert!(matches!(error.kind(), ErrorKind::NotEstimable { .. }), "{error}");
    let one = labelled([table(&[3.0, 5.0, 2.0, 8.0])]);
    for level in [0.0, 1.0, f64::NAN] {
        let error = sato_interval(&one, level).expect_err("no level");
        assert!(matches!(error.kind(), ErrorKind::LevelOutOfRange { .. }), "{error}");
    }
    let twice = Studies::from([("A", table(&[3.0, 5.0, 2.0, 8.0])), ("A", table(&[3.0, 5.0, 2.0, 8.0]))]);
    let error = sato_interval(&twice, 0.95).expect_err("one label twice");
    assert!(matches!(error.kind(), ErrorKind::DuplicateLabel { .. }), "{error}");
}

#[test]
fn rates_agree_with_sixty_digits() {
    let mut seen = Comparison::default();
    let pinned = reference(MPMATH);
    for case in list(&pinned["cases"]).iter().filter(|c| c["kind"] == "rates") {
        let name = text(&case["name"]);
        let studies = labelled(rows(case, "rows").iter().map(|r| rate(r)));
        let difference = MantelHaenszel::new(RateMeasure::IncidenceRateDifference).fit(&studies).expect("IRD");
        agree(&mut seen, &format!("{name} IRD"), &difference, &case["IRD"], 1e-12);
        if case.get("IRR").is_none() {
            continue;
        }
        let ratio = MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio).fit(&studies).expect("IRR");
        agree(&mut seen, &format!("{name} IRR"), &ratio, &case["IRR"], 1e-12);
        let cochran = CochranRates::new().fit(&studies).expect("Cochran");
        agree(&mut seen, &format!("{name} Cochran"), &cochran, &case["cochran"], 1e-12);
        for (key, continuity) in [("cmh", Continuity::Uncorrected), ("cmh_half", Continuity::Half)] {
            let (test, truth) = (cochran_mantel_haenszel(&studies, continuity).expect("a test"), &case[key]);
            let truth = number(truth).expect("a statistic");
            close(&mut seen, &format!("{name} {key}"), test.statistic, truth, truth.max(1e-3), 1e-11);
        }
    }
    seen.finish(104);
}

/// Whether observed and expected differ by less than one half. The continuity correction then leaves nothing (here);
/// metafor and statsmodels square what is below zero, and R's `mantelhaen.test` leaves the correction out.
fn within_half(studies: &Studies<TwoByTwo>) -> bool {
    let distance = studies.iter().map(|(_, row)| {
        let [a, b, c, d] = row.cells();
        a - (a + c) * (a + b) / (a + b + c + d)
    });
    distance.sum::<f64>().abs() < 0.5
}

/// metafor's defaults for the effects of single studies.
fn metafors_own() -> ZeroCells {
    ZeroCells::constant(0.5).double_zero(Uninformative::Drop)
}

fn as_in_metafor(seen: &mut Comparison, name: &str, fit: &PooledStrata, truth: &Value) {
    let value = |key: &str| number(&truth[key]).unwrap_or_else(|| panic!("{name} {key}"));
    let (estimate, se) = (fit.estimate(), value("se"));
    let (lower, upper) = estimate.interval();
    for (key, found) in [("b", estimate.value()), ("se", estimate.se()), ("lb", lower), ("ub", upper)] {
        close(seen, &format!("{name} {key}"), found, value(key), se, 1e-12);
    }
    close(seen, &format!("{name} p"), estimate.p_value(), value("p"), value("p"), 1e-11);
    close(seen, &format!("{name} Q"), fit.heterogeneity().q, value("qe"), value("qe").max(1.0), 1e-12);
    close(seen, &format!("{name} Q p"), fit.heterogeneity().p_value, value("qep"), value("qep"), 1e-11);
    // In percent there.
    close(seen, &format!("{name} I2"), 100.0 * fit.heterogeneity().i2, value("i2"), 100.0, 1e-12);
    close(seen, &format!("{name} H2"), fit.heterogeneity().h2, value("h2"), value("h2").max(1.0), 1e-12);
}

#[test]
fn metafor_agrees() {
    let mut seen = Comparison::default();
    let (pinned, mut peto_sets, mut exact_sets) = (reference(METAFOR), 0, 0);
    for case in list(&pinned["cases"]).iter().filter(|c| c["kind"] == "tables") {
        let (name, level) = (text(&case["name"]), number(&case["level"]).expect("a level"));
        let studies = labelled(columns(case, ["ai", "bi", "ci", "di"]).iter().map(|r| table(r)));
        for (code, measure) in MEASURES {
            for (how, pooling) in [("own", ZeroCells::none()), ("both", metafors_own())] {
                let truth = &case["mh"][format!("{code}_{how}")];
                let model =
                    MantelHaenszel::new(measure).zero_cells(pooling).own_zero_cells(metafors_own()).level(level);
                let fit = model.fit(&studies).unwrap_or_else(|e| panic!("{name} {code}: {e}"));
                as_in_metafor(&mut seen, &format!("{name} {level} {code} {how}"), &fit, truth);
                if how == "own" && code == "OR" {
                    let value = |key: &str| number(&truth[key]);
                    let half = cochran_mantel_haenszel(&studies, Continuity::Half).expect("a test");
                    let plain = cochran_mantel_haenszel(&studies, Continuity::Uncorrected).expect("a test");
                    let tests = [("mh", half.statistic), ("mh_uncorrected", plain.statistic)];
                    let tarone = breslow_day(&studies).expect("a test").tarone;
                    for (key, found) in tests.into_iter().chain([("ta", tarone.statistic)]) {
                        if key == "mh" && within_half(&studies) {
                            assert!(found.abs() <= 0.0, "{name}");
                            continue;
                        }
                        if let Some(truth) = value(key) {
                            close(&mut seen, &format!("{name} {key}"), found, truth, truth.max(1.0), 1e-11);
                        }
                    }
                }
            }
        }
        let fit = Peto::new().level(level).fit(&studies).expect("Peto");
        as_in_metafor(&mut seen, &format!("{name} {level} Peto"), &fit, &case["peto"]);
        peto_sets += 1;
        if !case["exact"].is_null() {
            let (truth, fit) = (&case["exact"], ExactOddsRatio::new().fit(&studies).expect("an exact fit"));
            exact_sets += 1;
            let value = |key: &str| number(&truth[key]).unwrap_or(f64::NAN);
            // R takes `uniroot` as it comes, which stops within 1.2e-4 (or, of limits above 1, of their reciprocal).
            close(
                &mut seen,
                &format!("{name} exact"),
                fit.odds_ratio().expect("inside"),
                value("estimate"),
                value("estimate"),
                1e-3,
            );
            close(&mut seen, &format!("{name} exact_lower"), fit.fisher().lower, value("lower"), value("lower"), 1e-3);
            close(
                &mut seen,
                &format!("{name} exact_upper"),
                fit.fisher().upper.expect("a limit"),
                value("upper"),
                value("upper"),
                1e-3,
            );
            let plain = cochran_mantel_haenszel(&studies, Continuity::Uncorrected).expect("a test").statistic;
            close(&mut seen, &format!("{name} R's cmh"), plain, value("cmh"), value("cmh").max(1e-3), 1e-10);
            let pooled = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&studies).expect("a fit").natural();
            for (key, found) in [("mh_or", pooled.value), ("mh_lower", pooled.lower), ("mh_upper", pooled.upper)] {
                close(&mut seen, &format!("{name} {key}"), found, value(key), value(key), 1e-12);
            }
            let test = fit.test();
            for (key, found) in [("two_sided", test.two_sided), ("less", test.less), ("greater", test.greater)] {
                close(&mut seen, &format!("{name} exact {key}"), found, value(key), value(key), 1e-12);
            }
        }
    }
    assert!(peto_sets >= 40 && exact_sets >= 20, "{peto_sets} {exact_sets}");
    for case in list(&pinned["cases"]).iter().filter(|c| c["kind"] == "rates") {
        let name = text(&case["name"]);
        let studies = labelled(columns(case, ["x1i", "t1i", "x2i", "t2i"]).iter().map(|r| rate(r)));
        for (code, measure) in
            [("IRR", RateMeasure::LogIncidenceRateRatio), ("IRD", RateMeasure::IncidenceRateDifference)]
        {
            let fit = MantelHaenszel::new(measure).own_zero_cells(metafors_own()).fit(&studies).expect("a fit");
            as_in_metafor(&mut seen, &format!("{name} {code}"), &fit, &case["mh"][code]);
        }
        let test = cochran_mantel_haenszel(&studies, Continuity::Half).expect("a test");
        let truth = number(&case["mh"]["IRR"]["mh"]).expect("a statistic");
        close(&mut seen, &format!("{name} test"), test.statistic, truth, truth.max(1.0), 1e-10);
    }
    seen.finish(3481);
}

#[test]
fn statsmodels_agrees() {
    let mut seen = Comparison::default();
    let (pinned, tables) = (reference(STATSMODELS), reference(METAFOR));
    let mut sets = 0;
    for case in list(&pinned["cases"]) {
        let name = text(&case["name"]);
        let data = list(&tables["cases"]).iter().find(|c| c["name"] == case["name"]).expect("the data");
        let studies = labelled(columns(data, ["ai", "bi", "ci", "di"]).iter().map(|r| table(r)));
        let value = |key: &str| number(&case[key]).unwrap_or(f64::NAN);
        let fit = MantelHaenszel::new(TableMeasure::LogOddsRatio).fit(&studies).expect("a fit");
        let (lower, upper) = fit.estimate().interval();
        let estimate = fit.estimate();
        for (key, found) in [("log_or", estimate.value()), ("se", estimate.se()), ("lower", lower), ("upper", upper)] {
            close(&mut seen, &format!("{name} {key}"), found, value(key), value("se"), 1e-11);
        }
        // The generator leaves tables with an empty margin out, of which those full of events count in a risk ratio.
        let whole = studies.filter(|_, _, row| {
            let [a, b, c, d] = row.cells();
            a + c > 0.0 && b + d > 0.0
        });
        let risks = MantelHaenszel::new(TableMeasure::LogRiskRatio).fit(&whole).expect("a fit");
        close(&mut seen, &format!("{name} rr"), risks.natural().value, value("rr"), value("rr"), 1e-12);
        let homogeneity = breslow_day(&studies).expect("a test");
        let cmh = |continuity| cochran_mantel_haenszel(&studies, continuity).expect("a test").statistic;
        let tests = [
            ("bd", homogeneity.uncorrected.statistic),
            ("tarone", homogeneity.tarone.statistic),
            ("cmh", cmh(Continuity::Uncorrected)),
            ("cmh_half", cmh(Continuity::Half)),
        ];
        for (key, found) in tests {
            if key == "cmh_half" && within_half(&studies) {
                continue;
            }
            close(&mut seen, &format!("{name} {key}"), found, value(key), value(key).max(1.0), 1e-10);
        }
        sets += 1;
    }
    assert!(sets >= 20, "{sets}");
    seen.finish(215);
}

/// Rothman, Greenland & Lash 2008, Modern Epidemiology, chapter 15: tolbutamide and death, 90 % limits.
#[test]
fn rothman_2008() {
    let studies = labelled([table(&[8.0, 98.0, 5.0, 115.0]), table(&[22.0, 76.0, 16.0, 69.0])]);
    let printed = [(0.3387, -0.1731, 0.8505), (0.2818, -0.1442, 0.7078), (0.0349, -0.0176, 0.0874)];
    for ((_, measure), (value, lower, upper)) in MEASURES.into_iter().zip(printed) {
        let fit = MantelHaenszel::new(measure).level(0.90).fit(&studies).unwrap();
        let (low, high) = fit.estimate().interval();
        for (found, printed) in [(fit.estimate().value(), value), (low, lower), (high, upper)] {
            assert!((found - printed).abs() <= 0.5e-4, "{found} {printed}");
        }
    }
}

/// Yusuf et al. 1985, Prog Cardiovasc Dis 27:335, table 6: the odds ratio of beta blockers by Peto's method.
#[test]
fn yusuf_1985() {
    let pinned = reference(METAFOR);
    let case = list(&pinned["cases"]).iter().find(|c| c["name"] == "yusuf1985_6").expect("the data");
    let studies = labelled(columns(case, ["ai", "bi", "ci", "di"]).iter().map(|r| table(r)));
    assert_eq!(format!("{:.2}", Peto::new().fit(&studies).unwrap().natural()), "0.93 [0.74, 1.18]");
}

#[test]
fn the_interval_that_is_shown_is_the_one_asked_for() {
    let studies = labelled([table(&[8.0, 98.0, 5.0, 115.0]), table(&[22.0, 76.0, 16.0, 69.0])]);
    let fit = ExactOddsRatio::new().limits(ExactLimits::MidP).fit(&studies).unwrap();
    let shown = fit.natural().unwrap();
    assert!((shown.lower - fit.mid_p().lower).abs() <= 0.0);
    assert!(fit.fisher().lower < fit.mid_p().lower && fit.mid_p().upper < fit.fisher().upper);
}

/// One study: Mantel-Haenszel is the study's own effect, with its own variance.
#[test]
fn one_study_is_itself() {
    let row = table(&[7.0, 12.0, 3.0, 20.0]);
    let studies = labelled([row]);
    for (_, measure) in MEASURES {
        let model = MantelHaenszel::new(measure);
        let model = if measure == TableMeasure::RiskDifference {
            model.variance(MantelHaenszelVariance::GreenlandRobins)
        } else {
            model
        };
        let fit = model.fit(&studies).unwrap();
        let own = studies.effects(Conversion::new(BinaryMeasure::from(measure))).unwrap();
        assert!((fit.estimate().value() - own.y()[0]).abs() < 1e-15);
        assert!((fit.estimate().se().powi(2) / own.v()[0] - 1.0).abs() < 1e-14);
        assert!(fit.heterogeneity().q < 1e-25);
    }
    let rates = labelled([rate(&[9.0, 413.0, 19.0, 410.0])]);
    let fit = MantelHaenszel::new(RateMeasure::LogIncidenceRateRatio).fit(&rates).unwrap();
    let own = rates.effects(TwoRatesMeasure::LogIncidenceRateRatio).unwrap();
    assert!((fit.estimate().value() - own.y()[0]).abs() < 1e-15);
    assert!((fit.estimate().se().powi(2) / own.v()[0] - 1.0).abs() < 1e-14);
}

/// metafor 5.1-12 and R's `fisher.test` on the comparisons with IVIG.
#[test]
fn ivig_as_in_metafor_5_1() {
    let mut seen = Comparison::default();
    let pinned = reference(include_str!("reference/ivig_metafor_5_1.json"));
    let rows: Vec<(&str, TwoByTwo, &Value)> = list(&pinned["two_arm"])
        .iter()
        .map(|c| {
            let [a, n1, c1, n2] = ["ai", "n1i", "ci", "n2i"].map(|key| number(&c[key]).expect("a count"));
            (text(&c["name"]), TwoByTwo::new((a, n1), (c1, n2)).expect("a table"), &c["tests"])
        })
        .collect();
    for (name, row, tests) in &rows {
        let fit = ExactOddsRatio::new().fit(&labelled([*row])).expect("an exact fit");
        let p = number(&tests["fisher_p"]).expect("a p-value");
        close(&mut seen, &format!("{name} fisher_p"), fit.test().two_sided, p, p, 1e-13);
        if let Some(truth) = number(&tests["fisher_condOR"]).filter(|t| t.is_finite()) {
            let found = fit.odds_ratio().expect("an odds ratio");
            close(&mut seen, &format!("{name} fisher_or"), found, truth, truth.max(1.0).powi(2), 1.5e-4);
        }
        let limits = list(&tests["fisher_condOR_ci"]).iter().map(number).collect::<Vec<_>>();
        let found = [Some(fit.fisher().lower), fit.fisher().upper];
        for (found, truth) in found.into_iter().zip(limits) {
            if let Some((found, truth)) = found.zip(truth.filter(|t| t.is_finite())) {
                // R solves for the reciprocal of a limit above 1.
                close(&mut seen, &format!("{name} fisher_limit"), found, truth, truth.max(1.0).powi(2), 1.5e-4);
            }
        }
    }
    for case in list(&pinned["two_arm_pooled"]) {
        let name = text(&case["name"]);
        let studies: Studies<TwoByTwo> = list(&case["studies"])
            .iter()
            .map(|wanted| {
                let same =
                    |(name, ..): &&(&str, TwoByTwo, &Value)| *name == text(wanted) || text(wanted).starts_with(name);
                let (label, row, _) = rows.iter().find(same).unwrap_or_else(|| panic!("{wanted}"));
                (*label, *row)
            })
            .collect();
        for truth in list(&case["fits"]) {
            let (code, method) = (text(&truth["measure"]), text(&truth["method"]));
            let fit = match method {
                "MH" => {
                    let (_, measure) = MEASURES.into_iter().find(|(name, _)| *name == code).expect("a measure");
                    MantelHaenszel::new(measure).own_zero_cells(metafors_own()).fit(&studies)
                }
                "rma.peto" => Peto::new().fit(&studies),
                _ => continue,
            };
            let fit = fit.expect("a fit");
            let value = |key: &str| number(&truth[key]).expect("a number");
            let se = value("se");
            close(
                &mut seen,
                &format!("{name} {code} 5.1 estimate"),
                fit.estimate().value(),
                value("estimate"),
                se,
                1e-13,
            );
            close(&mut seen, &format!("{name} {code} 5.1 se"), fit.estimate().se(), se, se, 1e-13);
            if let Some(q) = number(&truth["Q"]) {
                close(&mut seen, &format!("{name} {code} 5.1 Q"), fit.heterogeneity().q, q, q, 1e-12);
            }
            if let Some(statistic) = truth.get("CMH_X2").and_then(number) {
                let test = cochran_mantel_haenszel(&studies, Continuity::Half).expect("a test");
                close(&mut seen, &format!("{name} 5.1 CMH"), test.statistic, statistic, statistic, 1e-13);
            }
        }
    }
    seen.finish(70);
}
