//! Effects and variances against 25-digit truth on the input grid of metafor 3.8, for every rule on zero cells:
//! `tests/reference/mpmath_effects.json` (truth), `metafor_effects.json` (inputs).

mod support;

use meta_analysis::study::{
    BinaryMeasure, ChangeMeasure, Conversion, Correlation, CorrelationMeasure, MeansMeasure, Moments, PrePost,
    Proportion, ProportionMeasure, Rate, RateMeasure, Scope, Studies, Summary, TwoByTwo, TwoMeans, TwoRates,
    TwoRatesMeasure, Uninformative, VarianceType, ZeroCells,
};
use meta_analysis::{Effect, Result};
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

/// One row of the grid, ready for any policy on zero cells.
struct Row {
    has_zero: bool,
    effect: Box<dyn Fn(ZeroCells) -> Result<Effect>>,
}

fn row<T: Summary + 'static>(data: Result<T>, how: impl Into<Conversion<T::Measure>>) -> Row
where
    T::Measure: 'static,
{
    let how = how.into();
    let has_zero = data.as_ref().is_ok_and(Summary::has_zero_cell);
    let effect = move |policy| match &data {
        Ok(row) => row.effect(&how.zero_cells(policy)),
        Err(error) => Err(error.clone()),
    };
    Row { has_zero, effect: Box::new(effect) }
}

/// The rows of an entry whose measure belongs to this test.
fn rows(measure: &str, options: &Value, inputs: &Value) -> Option<Vec<Row>> {
    let column = |name: &str| numbers(&inputs[name]);
    let counts = |of: &dyn Fn(&[f64; 4]) -> Row| -> Vec<Row> {
        let (a, b, c, d) = (column("ai"), column("bi"), column("ci"), column("di"));
        (0..a.len()).map(|i| of(&[a[i], b[i], c[i], d[i]])).collect()
    };
    let binary = |m| counts(&|&[a, b, c, d]: &[f64; 4]| row(TwoByTwo::from_cells(a, b, c, d), m));
    let proportions = |m| {
        let (x, n) = (column("xi"), column("ni"));
        (0..x.len()).map(|i| row(Proportion::new(x[i], n[i]), m)).collect::<Vec<_>>()
    };
    let rates = |m| {
        let (x, t) = (column("xi"), column("ti"));
        (0..x.len()).map(|i| row(Rate::new(x[i], t[i]), m)).collect::<Vec<_>>()
    };
    let two_rates = |m| {
        let [x1, t1, x2, t2] = ["x1i", "t1i", "x2i", "t2i"].map(column);
        (0..x1.len()).map(|i| row(TwoRates::new((x1[i], t1[i]), (x2[i], t2[i])), m)).collect::<Vec<_>>()
    };
    let changes = |m| {
        let [m1, s1, m2, s2, n, r] = ["m1i", "sd1i", "m2i", "sd2i", "ni", "ri"].map(column);
        let row = |i: usize| {
            let (before, after) = (Moments::mean_sd(m1[i], s1[i]), Moments::mean_sd(m2[i], s2[i]));
            row(PrePost::new(before, after, n[i], r[i]), m)
        };
        (0..n.len()).map(row).collect::<Vec<_>>()
    };
    let means = |m, variance| {
        let m = Conversion::new(m).variance(variance);
        let [m1, s1, n1, m2, s2, n2] = ["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"].map(column);
        let arm = |m: &[f64], s: &[f64], n: &[f64], i: usize| (Moments::mean_sd(m[i], s[i]), n[i]);
        (0..n1.len()).map(|i| row(TwoMeans::new(arm(&m1, &s1, &n1, i), arm(&m2, &s2, &n2, i)), m)).collect::<Vec<_>>()
    };
    let correlations = |m| {
        let (r, n) = (column("ri"), column("ni"));
        (0..r.len()).map(|i| row(Correlation::new(r[i], n[i]), m)).collect::<Vec<_>>()
    };
    Some(match (measure, options["vtype"].as_str()) {
        ("OR", None) => binary(BinaryMeasure::LogOddsRatio),
        ("RR", None) => binary(BinaryMeasure::LogRiskRatio),
        ("RD", None) => binary(BinaryMeasure::RiskDifference),
        ("PR", None) => proportions(ProportionMeasure::Raw),
        ("PLO", None) => proportions(ProportionMeasure::Logit),
        ("PLN", None) => proportions(ProportionMeasure::Log),
        ("PAS", None) => proportions(ProportionMeasure::Arcsine),
        ("PFT", None) => proportions(ProportionMeasure::FreemanTukey),
        ("AS", None) => binary(BinaryMeasure::ArcsineDifference),
        ("PETO", None) => binary(BinaryMeasure::PetoLogOddsRatio),
        ("IRS", None) => rates(RateMeasure::SquareRoot),
        ("IRFT", None) => rates(RateMeasure::FreemanTukey),
        ("IR", None) => rates(RateMeasure::Raw),
        ("IRLN", None) => rates(RateMeasure::Log),
        ("IRR", None) => two_rates(TwoRatesMeasure::LogIncidenceRateRatio),
        ("IRD", None) => two_rates(TwoRatesMeasure::IncidenceRateDifference),
        ("IRSD", None) => two_rates(TwoRatesMeasure::RootIncidenceRateDifference),
        ("MD", None) => means(MeansMeasure::MeanDifference, VarianceType::Usual),
        ("MD", Some("HO")) => means(MeansMeasure::MeanDifference, VarianceType::Homoscedastic),
        ("SMD", Some("LS")) => means(MeansMeasure::HedgesG, VarianceType::LargeSample),
        ("SMD", Some("LS2")) => means(MeansMeasure::HedgesG, VarianceType::LargeSample2),
        ("SMD", Some("UB")) => means(MeansMeasure::HedgesG, VarianceType::Unbiased),
        ("MC", None) => changes(ChangeMeasure::MeanChange),
        ("SMCR", None) => changes(ChangeMeasure::StandardizedBySdBefore),
        ("SMCC", None) => changes(ChangeMeasure::StandardizedBySdOfChange),
        ("COR", None) => correlations(CorrelationMeasure::Raw),
        ("ZCOR", None) => correlations(CorrelationMeasure::FisherZ),
        _ => return None,
    })
}

/// metafor's `add`, `to`, `drop00` as a policy; measures that are defined for a count of zero default to adding nothing.
fn policy(measure: &str, options: &Value, any_zero: bool) -> ZeroCells {
    let nothing = ["AS", "PAS", "PFT", "IRS", "IRFT", "IRSD"].contains(&measure);
    let usual = if nothing { 0.0 } else { 0.5 };
    let add = options.get("add").and_then(number).unwrap_or(usual);
    let scope = match options["to"].as_str() {
        None | Some("only0") => Some(Scope::OnlyZero),
        Some("all") => Some(Scope::All),
        Some("if0all") if any_zero => Some(Scope::All),
        Some("if0all") => Some(Scope::OnlyZero),
        _ => None,
    };
    let base = match scope {
        Some(scope) if add > 0.0 => ZeroCells::constant(add).scope(scope),
        _ => ZeroCells::none(),
    };
    let drops = options["drop00"].as_bool().unwrap_or(false);
    base.double_zero(if drops { Uninformative::Drop } else { Uninformative::Keep })
}

#[test]
fn effects_and_variances_agree_with_25_digits() {
    let inputs = reference(include_str!("reference/metafor_effects.json"));
    let truths = reference(include_str!("reference/mpmath_effects.json"));
    let mut c = Comparison::default();
    for truth in list(&truths["effects"]) {
        let index = truth["index"].as_u64().expect("an index") as usize;
        let measure = text(&truth["measure"]);
        let options = &truth["opts"];
        let Some(rows) = rows(measure, options, &inputs["effects"][index]["inputs"]) else {
            panic!("{measure} {options} is not covered");
        };
        // Before minus after in the reference, after minus before here.
        let sign = if ["MC", "SMCR", "SMCC"].contains(&measure) { -1.0 } else { 1.0 };
        let policy = policy(measure, options, rows.iter().any(|row| row.has_zero));
        for (i, row) in rows.iter().enumerate() {
            let what = || format!("{measure} {options} row {}", i + 1);
            let (y, v) = (number(&truth["yi"][i]), number(&truth["vi"][i]));
            match ((row.effect)(policy), y.zip(v).filter(|(_, v)| *v > 0.0)) {
                (Ok(effect), Some((y, v))) => {
                    c.close(what, "y", sign * effect.y(), y, y.abs() + v.sqrt(), 1e-13);
                    c.relative(what, "v", effect.variance(), v, 1e-13);
                }
                // No effect there, or one with a variance of zero: an error here.
                (Err(_), None) => c.compared += 1,
                (Ok(effect), None) => c.fail(format!("{}: {effect:?}, expected an error", what())),
                (Err(error), Some(truth)) => c.fail(format!("{}: {error}, expected {truth:?}", what())),
            }
        }
    }
    c.finish(7_252);
}

#[test]
fn all_studies_together_settle_the_scope_if_any() {
    let tables = [(12, 30, 18, 25), (3, 55, 9, 48), (0, 25, 3, 21)]
        .map(|(a, b, c, d)| TwoByTwo::from_cells(a, b, c, d).unwrap());
    let labelled = |rows: &[TwoByTwo]| -> Studies<TwoByTwo> {
        rows.iter().enumerate().map(|(i, r)| (i.to_string(), *r)).collect()
    };
    let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::constant(0.5).scope(Scope::IfAny));
    let with_zero = labelled(&tables).effects(how).unwrap();
    assert!((with_zero.y()[0] - (12.5 * 25.5 / (30.5 * 18.5_f64)).ln()).abs() < 1e-14);
    assert!(with_zero.adjustments().iter().all(Option::is_some));
    let without = labelled(&tables[..2]).effects(how).unwrap();
    assert!((without.y()[0] - (12.0 * 25.0 / (30.0 * 18.0_f64)).ln()).abs() < 1e-14);
    assert!(without.adjustments().iter().all(Option::is_none));
}

#[test]
fn studies_without_events_can_be_dropped_and_are_named() {
    let tables = Studies::from([
        ("none", TwoByTwo::new((0, 10), (0, 12)).unwrap()),
        ("some", TwoByTwo::new((3, 10), (5, 12)).unwrap()),
        ("all", TwoByTwo::new((10, 10), (12, 12)).unwrap()),
    ])
    .with_covariate("dose", [1.0, 2.0, 3.0])
    .unwrap();
    let refused = tables.effects(BinaryMeasure::LogOddsRatio).unwrap_err();
    assert_eq!(refused.study(), Some("none"));
    let policy = ZeroCells::constant(0.5).double_zero(Uninformative::Drop);
    let effects = tables.effects(Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(policy)).unwrap();
    assert_eq!(effects.labels(), ["some"]);
    assert_eq!(effects.covariates().numbers("dose").unwrap(), [Some(2.0)]);
    let dropped: Vec<&str> = effects.dropped().iter().map(|d| d.study.as_str()).collect();
    assert_eq!(dropped, ["none", "all"]);
}
