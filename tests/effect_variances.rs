//! Variances that the grids of metafor 3.8 and 5.1 lack. `reference/effect_variances_r.json` has what metafor's
//! single-group measures, `prop.test` and `dwilcox` give for them, `effect_variances.json` has derivations in mpmath
//! for those that no program at hand computes.

mod support;

use meta_analysis::study::{
    AreaUnderCurve, AreaUnderCurveMeasure, BinaryMeasure, Conversion, MeansMeasure, Moments, Studies, Summary,
    TwoByTwo, TwoMeans, VarianceType, ZeroCells,
};
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

fn tables(of: &Value) -> Vec<TwoByTwo> {
    let [a, b, c, d] = ["ai", "bi", "ci", "di"].map(|name| numbers(&of[name]));
    (0..a.len()).map(|i| TwoByTwo::from_cells(a[i], b[i], c[i], d[i]).unwrap()).collect()
}

fn labelled<T: Summary>(rows: impl IntoIterator<Item = T>) -> Studies<T> {
    rows.into_iter().enumerate().map(|(i, row)| (format!("study {}", i + 1), row)).collect()
}

#[test]
fn average_and_null_of_tables_are_those_of_both_groups_together() {
    let file = reference(include_str!("reference/effect_variances_r.json"));
    let studies = labelled(tables(&file["tables"]));
    let mut comparison = Comparison::default();
    for entry in list(&file["two_by_two"]) {
        let measure = match text(&entry["measure"]) {
            "OR" => BinaryMeasure::LogOddsRatio,
            "RR" => BinaryMeasure::LogRiskRatio,
            _ => BinaryMeasure::RiskDifference,
        };
        let variance = if entry["vtype"] == "AV" { VarianceType::Average } else { VarianceType::Null };
        let effects = studies.effects(Conversion::new(measure).variance(variance)).unwrap();
        for (&v, expected) in effects.v().iter().zip(numbers(&entry["vi"])) {
            comparison.relative(|| format!("{entry}"), "v of tables", v, expected, 1e-14);
        }
    }
    comparison.finish(49);
}

#[test]
fn areas_under_the_curve() {
    let area = |a: f64, n1: f64, n2: f64, variance| {
        let how = Conversion::new(AreaUnderCurveMeasure::CommonLanguage).variance(variance);
        AreaUnderCurve::new(a, n1, n2).unwrap().effect(&how).unwrap().variance()
    };
    let mut comparison = Comparison::default();
    let r = reference(include_str!("reference/effect_variances_r.json"));
    let [n1, n2, expected] = ["n1", "n2", "vi"].map(|name| numbers(&r["auc_null"][name]));
    for i in 0..n1.len() {
        let v = area(0.5, n1[i], n2[i], VarianceType::Null);
        comparison.relative(|| format!("{} {}", n1[i], n2[i]), "Null", v, expected[i], 1e-13);
    }
    let file = reference(include_str!("reference/effect_variances.json"));
    let rows = |name: &str| list(&file[name]).to_vec();
    for row in rows("areas").into_iter().chain(rows("largest")) {
        let at = |name: &str| number(&row[name]);
        let variances =
            [("ls", VarianceType::LargeSample), ("ls2", VarianceType::LargeSample2), ("max", VarianceType::Maximum)];
        for (name, variance) in variances {
            let Some(expected) = at(name) else { continue };
            let v = area(at("a").unwrap(), at("n1").unwrap(), at("n2").unwrap(), variance);
            comparison.relative(|| row.to_string(), name, v, expected, 1e-14);
        }
    }
    comparison.finish(5 + 12 + 4);
}

#[test]
fn standardised_by_the_average_variance_and_common_language() {
    let file = reference(include_str!("reference/effect_variances.json"));
    let mut comparison = Comparison::default();
    for row in list(&file["means"]) {
        let [m1, s1, n1, m2, s2, n2] = numbers(&row["row"])[..] else { panic!("six numbers") };
        let means = TwoMeans::new((Moments::mean_sd(m1, s1), n1), (Moments::mean_sd(m2, s2), n2)).unwrap();
        let at = |name: &str| number(&row[name]).unwrap();
        for (measure, variance, y, v) in [
            (MeansMeasure::SmdAverageSd, VarianceType::LargeSample3, at("g"), at("smdh_ls3")),
            (MeansMeasure::CommonLanguageNormal, VarianceType::LargeSample, at("clesn"), at("clesn_ls")),
            (MeansMeasure::CommonLanguageNormal, VarianceType::Homoscedastic, at("clesn_ho"), at("clesn_ho_v")),
        ] {
            let effect = means.effect(&Conversion::new(measure).variance(variance)).unwrap();
            comparison.relative(|| format!("{measure:?} {row}"), "y of means", effect.y(), y, 1e-13);
            comparison.relative(
                || format!("{measure:?} {variance:?} {row}"),
                "v of means",
                effect.variance(),
                v,
                1e-13,
            );
        }
    }
    comparison.finish(36);
}

/// The pooled odds ratio behind the empirical correction is metafor's Mantel-Haenszel estimate of the tables without
/// a zero cell; with the inverse-variance estimate the corrections would be others.
#[test]
fn the_empirical_correction_rests_on_the_mantel_haenszel_odds_ratio() {
    let file = reference(include_str!("reference/effect_variances_r.json"));
    let whole = &file["odds_ratio_of_whole_tables"];
    let zero = TwoByTwo::from_cells(0.0, 25.0, 5.0, 70.0).unwrap();
    let studies = labelled(tables(whole).into_iter().chain([zero]));
    let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::empirical());
    let y = studies.effects(how).unwrap().y()[3];
    let corrected = |omega: f64| {
        let (ratio, [first, second]) = (75.0 / 25.0, [omega, 75.0 / 25.0]);
        let (first, second) = (first / (ratio + omega), second / (ratio + omega));
        (first * (70.0 + second) / (25.0 + first) / (5.0 + second)).ln()
    };
    let [mantel_haenszel, inverse_variance] =
        ["mantel_haenszel", "inverse_variance"].map(|name| number(&whole[name]).unwrap());
    assert!((y / corrected(mantel_haenszel) - 1.0).abs() < 1e-14, "{y}");
    assert!((y - corrected(inverse_variance)).abs() > 0.01);
}
