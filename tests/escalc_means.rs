//! Every measure made of means and standard deviations against metafor 5.1-12 (`reference/escalc_metafor_5_1.json`)
//! and, where that file has no number, metafor 3.8.1, mpmath or the formula of the paper written out.

// Equality is asserted where the same operations on the same numbers are the claim.
#![allow(clippy::float_cmp)]

use meta_analysis::study::{
    AreaUnderCurve, AreaUnderCurveMeasure, ChangeMeasure, Conversion, MeansMeasure, Moments, OneMean, OneMeanMeasure,
    PrePost, Sign, StandardizedDifference, StandardizedMeasure, Studies, Summary, TwoMeans, VarianceType,
};
use meta_analysis::{Effects, ErrorKind, Result};
use serde_json::Value;

/// Relative, in y and in v.
const TOLERANCE: f64 = 1e-10;

struct Entry {
    measure: String,
    family: String,
    args: Value,
    vtype: Option<VarianceType>,
    vtype_known: bool,
    correct: bool,
    y: Option<(Vec<f64>, Vec<f64>)>,
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn entries(families: &[&str]) -> Vec<Entry> {
    let file: Value = serde_json::from_str(include_str!("reference/escalc_metafor_5_1.json")).expect("valid JSON");
    let all = file["escalc"].as_array().expect("entries");
    let of = |family: &str| families.contains(&family);
    let mine = all.iter().filter(|e| of(e["family"].as_str().expect("a family")));
    mine.map(|e| {
        let vtype = e["opts"].get("vtype").map(text);
        for key in e["opts"].as_object().expect("options").keys() {
            assert!(key == "vtype" || key == "correct", "an option that is not tested: {key}");
        }
        let known = vtype.as_deref().map(variance_type);
        Entry {
            measure: text(&e["measure"]),
            family: text(&e["family"]),
            args: e["args"].clone(),
            vtype: known.flatten(),
            vtype_known: known.is_none_or(|v| v.is_some()),
            correct: e["opts"].get("correct").is_none_or(|c| c.as_bool().expect("a flag")),
            y: e["ok"].as_bool().expect("a flag").then(|| (numbers(&e["yi"]), numbers(&e["vi"]))),
        }
    })
    .collect()
}

/// `None` for "HE", which metafor knows for no measure of means.
fn variance_type(code: &str) -> Option<VarianceType> {
    use VarianceType::*;
    let all = [LargeSample, LargeSample2, Unbiased, Average, Homoscedastic, Stratified, CrossSectional];
    all.into_iter().find(|v| v.code() == Some(code))
}

impl Entry {
    fn column(&self, name: &str) -> Vec<f64> {
        numbers(&self.args[name])
    }

    fn how<M: Copy>(&self, measure: M) -> Conversion<M> {
        Conversion::new(measure).variance(self.vtype.unwrap_or_default()).bias_correction(self.correct)
    }

    fn name(&self) -> String {
        format!("{} {:?} correct {}", self.measure, self.vtype, self.correct)
    }

    /// Compares, or asserts that we refuse what metafor refuses or silently ignores. Returns whether it compared.
    fn check(&self, got: Result<Effects>, ignored: bool) -> bool {
        match (&self.y, got) {
            (Some((y, v)), Ok(effects)) if !ignored => {
                close(&self.name(), effects.y(), y);
                close(&self.name(), effects.v(), v);
                true
            }
            (reference, Err(error)) if ignored || reference.is_none() => {
                assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{}: {error}", self.name());
                false
            }
            (reference, got) => panic!("{}: metafor {reference:?}, here {got:?}", self.name()),
        }
    }
}

fn close(name: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{name}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!(((g - w) / w).abs() <= TOLERANCE, "{name} row {i}: {g} {w} ({:e})", (g - w) / w);
    }
}

fn labelled<T>(rows: impl IntoIterator<Item = T>) -> Studies<T> {
    rows.into_iter().enumerate().map(|(i, row)| (format!("study {i}"), row)).collect()
}

fn two_means(args: &Value) -> Studies<TwoMeans> {
    let [m1, s1, n1, m2, s2, n2] = ["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"].map(|c| numbers(&args[c]));
    labelled((0..m1.len()).map(|i| {
        let (one, two) = (Moments::mean_sd(m1[i], s1[i]), Moments::mean_sd(m2[i], s2[i]));
        TwoMeans::new((one, n1[i]), (two, n2[i])).expect("a sound row")
    }))
}

/// The rows of the first cont2 entry, for measures that the file does not have.
fn grid() -> Studies<TwoMeans> {
    two_means(&entries(&["cont2"])[0].args)
}

#[test]
fn two_means_agree_with_metafor() {
    use MeansMeasure as M;
    let measures = [
        ("MD", M::MeanDifference),
        ("SMD", M::HedgesG),
        ("SMDH", M::SmdAverageSd),
        ("SMD1", M::GlassDelta),
        ("SMD1H", M::GlassDeltaHeteroscedastic),
        ("ROM", M::LogRatioOfMeans),
        ("VR", M::LogVariabilityRatio),
        ("CVR", M::LogCvRatio),
        ("RPB", M::PointBiserial),
        ("ZPB", M::FisherZPointBiserial),
        ("RBIS", M::Biserial),
        ("ZBIS", M::FisherZBiserial),
        ("D2OR", M::DToLogOddsRatio),
        ("D2ORL", M::DToLogOddsRatio),
        ("D2ORN", M::DToLogOddsRatioNormal),
    ];
    let (mut compared, mut refused, mut unknown, mut other_data) = (0, 0, 0, 0);
    for entry in entries(&["cont2"]) {
        let Some(&(_, measure)) = measures.iter().find(|(code, _)| *code == entry.measure) else {
            // An area under the curve is not made of means: here that does not compile, there it is refused.
            assert!(entry.measure == "CLES" || entry.measure == "AUC", "{}", entry.measure);
            assert!(entry.y.is_none(), "{}", entry.name());
            other_data += 1;
            continue;
        };
        if !entry.vtype_known {
            assert!(entry.y.is_none(), "{}", entry.name());
            unknown += 1;
            continue;
        }
        // For these metafor takes any vtype and computes "LS".
        let one_only = matches!(
            measure,
            M::GlassDeltaHeteroscedastic
                | M::Biserial
                | M::FisherZBiserial
                | M::DToLogOddsRatio
                | M::DToLogOddsRatioNormal
        );
        let ignored = one_only && !matches!(entry.vtype, None | Some(VarianceType::LargeSample));
        let got = two_means(&entry.args).effects(entry.how(measure));
        *(if entry.check(got, ignored) { &mut compared } else { &mut refused }) += 1;
    }
    assert_eq!((compared, refused, unknown, other_data), (54, 72, 15, 18));
}

#[test]
fn reported_d_t_and_p_agree_with_metafor() {
    let mut compared = 0;
    for entry in entries(&["cont2_di", "cont2_ti", "cont2_pi"]) {
        assert_eq!(entry.measure, "SMD");
        let (n1, n2) = (entry.column("n1i"), entry.column("n2i"));
        let value = entry.column(entry.family.strip_prefix("cont2_").expect("the prefix"));
        let rows = (0..n1.len()).map(|i| match entry.family.as_str() {
            "cont2_di" => StandardizedDifference::from_d(value[i], n1[i], n2[i]),
            "cont2_ti" => StandardizedDifference::from_t(value[i], n1[i], n2[i]),
            _ => {
                let sign = if value[i] < 0.0 { Sign::Negative } else { Sign::Positive };
                StandardizedDifference::from_p(value[i].abs(), sign, n1[i], n2[i])
            }
        });
        let rows = labelled(rows.collect::<Result<Vec<_>>>().expect("sound rows"));
        assert!(entry.check(rows.effects(entry.how(StandardizedMeasure::HedgesG)), false));
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
fn a_standardised_difference_has_the_effects_of_its_means() {
    use MeansMeasure as M;
    use StandardizedMeasure as S;
    let pairs = [
        (M::HedgesG, S::HedgesG),
        (M::PointBiserial, S::PointBiserial),
        (M::FisherZPointBiserial, S::FisherZPointBiserial),
        (M::Biserial, S::Biserial),
        (M::FisherZBiserial, S::FisherZBiserial),
        (M::DToLogOddsRatio, S::DToLogOddsRatio),
        (M::DToLogOddsRatioNormal, S::DToLogOddsRatioNormal),
    ];
    let means = grid();
    let reported = labelled(means.iter().map(|(_, row)| row.standardized().expect("a sound row")));
    for (of_means, of_d) in pairs {
        assert_eq!(means.effects(of_means).unwrap().y(), reported.effects(of_d).unwrap().y(), "{of_d:?}");
        assert_eq!(means.effects(of_means).unwrap().v(), reported.effects(of_d).unwrap().v(), "{of_d:?}");
    }
    let average = |v| Conversion::new(v).variance(VarianceType::Average);
    let of_means = means.effects(Conversion::new(M::HedgesG).variance(VarianceType::Average)).unwrap();
    assert_eq!(of_means.v(), reported.effects(average(S::HedgesG)).unwrap().v());
    let row = reported.get("study 3").unwrap();
    let g = row.effect(&S::HedgesG.into()).unwrap().y();
    let [n1, n2] = row.sizes();
    let back = StandardizedDifference::from_g(g, n1, n2).unwrap();
    assert!((back.d() / row.d() - 1.0).abs() < 1e-15);
}

#[test]
fn one_mean_agrees_with_metafor() {
    use OneMeanMeasure as M;
    let measures =
        [("MN", M::Mean), ("SMN", M::StandardizedMean), ("MNLN", M::LogMean), ("SDLN", M::LogSd), ("CVLN", M::LogCv)];
    let mut compared = 0;
    for entry in entries(&["mean1"]) {
        let &(_, measure) = measures.iter().find(|(code, _)| *code == entry.measure).expect("a known measure");
        let [m, s, n] = ["mi", "sdi", "ni"].map(|c| entry.column(c));
        let rows = (0..m.len()).map(|i| OneMean::new(Moments::mean_sd(m[i], s[i]), n[i]).expect("a sound row"));
        assert!(entry.check(labelled(rows).effects(entry.how(measure)), false));
        compared += 1;
    }
    assert_eq!(compared, 10);
}

#[test]
fn changes_agree_with_metafor() {
    use ChangeMeasure as M;
    let measures = [
        ("MC", M::MeanChange),
        ("SMCC", M::StandardizedBySdOfChange),
        ("SMCR", M::StandardizedBySdBefore),
        ("SMCRH", M::StandardizedBySdBeforeHeteroscedastic),
        ("SMCRP", M::StandardizedByPooledSd),
        ("SMCRPH", M::StandardizedByPooledSdHeteroscedastic),
        ("ROMC", M::LogRatioOfMeans),
        ("VRC", M::LogVariabilityRatio),
        ("CVRC", M::LogCvRatio),
        ("CLESCN", M::CommonLanguageNormal),
        ("AUCCN", M::CommonLanguageNormal),
    ];
    let (mut compared, mut refused) = (0, 0);
    for entry in entries(&["prepost"]) {
        let &(_, measure) = measures.iter().find(|(code, _)| *code == entry.measure).expect("a known measure");
        assert!(entry.vtype_known);
        let [m1, m2, s1, s2, n, r] = ["m1i", "m2i", "sd1i", "sd2i", "ni", "ri"].map(|c| entry.column(c));
        let rows = (0..n.len()).map(|i| {
            // m1i is the mean after; SMCR and SMCRH want the SD before in sd1i, the others that of m1i.
            let before_first = matches!(measure, M::StandardizedBySdBefore | M::StandardizedBySdBeforeHeteroscedastic);
            let (before, after) = if before_first { (s1[i], s2[i]) } else { (s2[i], s1[i]) };
            let row = PrePost::new(Moments::mean_sd(m2[i], before), Moments::mean_sd(m1[i], after), n[i], r[i]);
            row.expect("a sound row")
        });
        // For these metafor takes any vtype and computes "LS".
        let one_only = matches!(measure, M::MeanChange | M::CommonLanguageNormal);
        let ignored = one_only && !matches!(entry.vtype, None | Some(VarianceType::LargeSample));
        let got = labelled(rows).effects(entry.how(measure));
        *(if entry.check(got, ignored) { &mut compared } else { &mut refused }) += 1;
    }
    assert_eq!((compared, refused), (42, 46));
}

#[test]
fn average_homoscedastic_ratio_of_means_agrees_with_metafor_3_8() {
    // escalc(measure = "ROM", vtype = "AVHO") on the cont2 rows; yi without correction, as before 5.0.
    let how = Conversion::new(MeansMeasure::LogRatioOfMeans)
        .variance(VarianceType::AverageHomoscedastic)
        .bias_correction(false);
    let effects = grid().effects(how).unwrap();
    let y = [0.1513996464553683, 0.0497615095590638, 0.1267517056391438, -0.241162056816888, 0.1155128871218442];
    let v =
        [0.016775130491178528, 0.004364922842957161, 0.010703549927947123, 0.045926579478070995, 0.001322128803156589];
    close("ROM AVHO", effects.y(), &y);
    close("ROM AVHO", effects.v(), &v);
}

#[test]
fn variances_of_g_agree_with_the_worked_example() {
    // d = 0.860 662... with n = 12 and 10 has g = 0.827910; mpmath 1.3 from mp.mpf('0.82791')/J(20):
    // B = 1/12 + 1/10; LS, LS2, UB, RevMan with h = (1 - 3/79) d, H0
    let row = StandardizedDifference::from_g(0.82791, 12, 10).unwrap();
    let v = |variance| {
        let how = Conversion::new(StandardizedMeasure::HedgesG).variance(variance);
        row.effect(&how).unwrap().variance()
    };
    for (variance, want) in G_EXAMPLE {
        assert!((v(variance) / want - 1.0).abs() < 1e-14, "{variance:?} {} {want}", v(variance));
    }
}

#[allow(clippy::excessive_precision)]
const G_EXAMPLE: [(VarianceType, f64); 5] = [
    (VarianceType::LargeSample, 0.19891140079015151515),
    (VarianceType::LargeSample2, 0.18522323655566436725),
    (VarianceType::Unbiased, 0.20210169172514560019),
    (VarianceType::RevMan, 0.20231312559841058461),
    (VarianceType::Null, 0.18333333333333333333),
];

#[test]
fn hedges_g_is_exact_in_samples_of_ten_million() {
    let row =
        TwoMeans::new((Moments::mean_sd(1.5, 1.0), 10_000_000), (Moments::mean_sd(0.5, 1.0), 10_000_000)).unwrap();
    for (variance, y, v) in G_LARGE {
        let how = Conversion::new(MeansMeasure::HedgesG).variance(variance);
        let effect = row.effect(&how).unwrap();
        assert!((effect.y() / y - 1.0).abs() < 1e-15, "{variance:?} {}", effect.y());
        assert!((effect.variance() / v - 1.0).abs() < 1e-14, "{variance:?} {}", effect.variance());
    }
}

#[allow(clippy::excessive_precision)]
const G_LARGE: [(VarianceType, f64, f64); 4] = [
    (VarianceType::LargeSample, 0.99999996249999570312, 2.2499999812499982031e-7),
    (VarianceType::LargeSample2, 0.99999996249999570312, 2.2499998312499838281e-7),
    (VarianceType::Unbiased, 0.99999996249999570312, 2.2500000281250033594e-7),
    (VarianceType::Null, 0.99999996249999570312, 2.0e-7),
];

#[test]
fn variances_without_another_source_agree_with_the_formula_written_out() {
    // mpmath 1.3, 40 digits, from the formulas in the documentation of the measures.
    // SMDH with its third variance, CLESN and H0, from the formulas in thirty digits (mpmath 1.3), row 3 of the grid:
    // m 8.8, s 2.9, n 5 against m 11.2, s 3.8, n 6.
    let row = *grid().get("study 3").unwrap();
    for (measure, variance, y, v) in DIRECT {
        let effect = row.effect(&Conversion::new(measure).variance(variance)).unwrap();
        assert!((effect.y() / y - 1.0).abs() < 1e-14, "{measure:?} {variance:?} y {}", effect.y());
        assert!((effect.variance() / v - 1.0).abs() < 1e-14, "{measure:?} {variance:?} v {}", effect.variance());
    }
}

#[allow(clippy::excessive_precision)]
const DIRECT: [(MeansMeasure, VarianceType, f64, f64); 6] = [
    (MeansMeasure::SmdAverageSd, VarianceType::LargeSample3, -0.64888820929889162158, 0.38181502527719194377),
    (MeansMeasure::CommonLanguageNormal, VarianceType::LargeSample, 0.30780756851458269642, 0.028787966761818341144),
    (MeansMeasure::CommonLanguageNormal, VarianceType::Homoscedastic, 0.31034535853767733076, 0.024227236483154351626),
    (MeansMeasure::HedgesG, VarianceType::Null, -0.6395791924665553053, 0.36666666666666666667),
    (MeansMeasure::GlassDelta, VarianceType::Null, -0.53099916786927745572, 0.36666666666666666667),
    (MeansMeasure::GlassDeltaFirstSd, VarianceType::LargeSample, -0.66031825721616443245, 0.41026868674796593582),
];

#[test]
fn glass_by_the_first_sd_is_the_other_glass_with_the_groups_exchanged() {
    use MeansMeasure::{GlassDelta, GlassDeltaFirstSd, GlassDeltaHeteroscedastic, GlassDeltaHeteroscedasticFirstSd};
    use VarianceType::{Average, LargeSample, LargeSample2, Null, Unbiased};
    let rows = grid();
    let swapped = labelled(rows.iter().map(|(_, row)| row.swapped()));
    for variance in [LargeSample, LargeSample2, Unbiased, Average, Null] {
        let first = rows.effects(Conversion::new(GlassDeltaFirstSd).variance(variance)).unwrap();
        let second = swapped.effects(Conversion::new(GlassDelta).variance(variance)).unwrap();
        assert_eq!(first.v(), second.v());
        assert!(first.y().iter().zip(second.y()).all(|(a, b)| *a == -b));
    }
    let first = rows.effects(GlassDeltaHeteroscedasticFirstSd).unwrap();
    assert_eq!(first.v(), swapped.effects(GlassDeltaHeteroscedastic).unwrap().v());
    assert_eq!(first.measure(), rows.effects(GlassDeltaHeteroscedastic).unwrap().measure());
}

#[test]
fn a_mean_with_the_variance_of_all_studies() {
    // s = 3, 1.1, 25 in 20, 8, 150: S^2 = (19 9 + 7 1.21 + 149 625) / 175
    let rows = [(12.0, 3.0, 20), (5.5, 1.1, 8), (100.0, 25.0, 150)];
    let rows = labelled(rows.map(|(m, s, n)| OneMean::new(Moments::mean_sd(m, s), n).unwrap()));
    let how = Conversion::new(OneMeanMeasure::Mean).variance(VarianceType::Homoscedastic);
    let pooled = (19.0 * 9.0 + 7.0 * 1.21 + 149.0 * 625.0) / 175.0;
    close("MN HO", rows.effects(how).unwrap().v(), &[pooled / 20.0, pooled / 8.0, pooled / 150.0]);
    let alone = rows.get("study 0").unwrap().effect(&how).unwrap_err();
    assert!(matches!(alone.kind(), ErrorKind::NotApplicable { .. }));
}

#[test]
fn areas_under_the_curve_agree_with_enumeration_and_integration() {
    use VarianceType::{LargeSample, LargeSample2, Maximum, Null};
    let v = |a: f64, n1: i32, n2: i32, variance| {
        let how = Conversion::new(AreaUnderCurveMeasure::CommonLanguage).variance(variance);
        AreaUnderCurve::new(a, n1, n2).unwrap().effect(&how).unwrap().variance()
    };
    // Exponential X with mean 3 and Y with mean 1: a = 3/4, P(X1, X2 > Y) = 1/(1 + 2/3) = 3/5 and P(X > Y1, Y2) =
    // E (1 - exp(-X))^2 = 1 - 1/2 + 1/7 = 9/14; with these the variance of U/(n1 n2) is exact.
    let (n1, n2) = (7.0, 11.0);
    let exact = (0.1875 + (n1 - 1.0) * (0.6 - 0.5625) + (n2 - 1.0) * (9.0 / 14.0 - 0.5625)) / (n1 * n2);
    assert!((v(0.75, 7, 11, LargeSample) / exact - 1.0).abs() < 1e-14);
    // The variance without an effect is that of all C(7, 3) orders of 3 and 4 values.
    let (mut orders, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for mask in 0_u32..128 {
        if mask.count_ones() == 3 {
            let pairs = (0..7).flat_map(|i| (0..i).map(move |j| (i, j)));
            let exceeds = pairs.filter(|&(i, j)| mask >> i & 1 == 1 && mask >> j & 1 == 0).count();
            let a = exceeds as f64 / 12.0;
            (orders, sum, squares) = (orders + 1.0, sum + a, squares + a * a);
        }
    }
    assert_eq!((orders, sum / orders), (35.0, 0.5));
    assert!((v(0.5, 3, 4, Null) / (squares / orders - 0.25) - 1.0).abs() < 1e-13);
    // The two large-sample variances agree for groups of one size, and no variance exceeds the maximum.
    assert_eq!(v(0.8, 9, 9, LargeSample), v(0.8, 9, 9, LargeSample2));
    for a in [0.1, 0.5, 0.75, 0.98] {
        for variance in [LargeSample, LargeSample2] {
            assert!(v(a, 8, 13, variance) < v(a, 8, 13, Maximum));
            let mirrored = v(1.0 - a, 13, 8, variance);
            assert!((v(a, 8, 13, variance) / mirrored - 1.0).abs() < 1e-13);
        }
    }
}

/// The older numbers (`reference/metafor_effects.json`) of measures whose formulas have not changed since; where
/// metafor gives NA there must be an error here.
///
/// In a million people metafor's J, a difference of log-gammas, is off by 1e-9 relative; there `MILLION` has the truth.
#[test]
fn measures_that_did_not_change_agree_with_metafor_3_8() {
    let file: Value = serde_json::from_str(include_str!("reference/metafor_effects.json")).expect("valid JSON");
    let (mut compared, mut undefined) = (0, 0);
    for entry in file["effects"].as_array().expect("entries") {
        let inputs = &entry["inputs"];
        let vtype = entry["opts"]
            .get("vtype")
            .map_or(VarianceType::Usual, |v| variance_type(v.as_str().expect("a code")).expect("a known variance"));
        let correct = entry["opts"].get("correct").is_none_or(|c| c.as_bool().expect("a flag"));
        let results: Vec<Result<meta_analysis::Effect>> = match entry["measure"].as_str().expect("a code") {
            code @ ("MD" | "SMD" | "ROM") => {
                let (measure, correct) = match code {
                    "MD" => (MeansMeasure::MeanDifference, true),
                    // That version disregards `correct` for SMD; its ROM had no correction.
                    "SMD" => (MeansMeasure::HedgesG, true),
                    _ => (MeansMeasure::LogRatioOfMeans, false),
                };
                let how = Conversion::new(measure).variance(vtype).bias_correction(correct);
                two_means_checked(inputs).into_iter().map(|row| row.and_then(|row| row.effect(&how))).collect()
            }
            code @ ("MC" | "SMCR" | "SMCC" | "ROMC") => {
                let (measure, correct) = match code {
                    "MC" => (ChangeMeasure::MeanChange, correct),
                    "SMCR" => (ChangeMeasure::StandardizedBySdBefore, correct),
                    "SMCC" => (ChangeMeasure::StandardizedBySdOfChange, correct),
                    _ => (ChangeMeasure::LogRatioOfMeans, false),
                };
                let how = Conversion::new(measure).variance(vtype).bias_correction(correct);
                let [m1, m2, s1, s2, n, r] = ["m1i", "m2i", "sd1i", "sd2i", "ni", "ri"].map(|c| numbers(&inputs[c]));
                let row = |i: usize| {
                    let (before, after) = if code == "SMCR" { (s1[i], s2[i]) } else { (s2[i], s1[i]) };
                    PrePost::new(Moments::mean_sd(m2[i], before), Moments::mean_sd(m1[i], after), n[i], r[i])
                };
                (0..n.len()).map(|i| row(i).and_then(|row| row.effect(&how))).collect()
            }
            _ => continue,
        };
        let name = format!("{} {}", entry["measure"], entry["opts"]);
        assert_eq!(entry["ok"], true, "{name}");
        let code = entry["measure"].as_str().expect("a code");
        let variance = entry["opts"].get("vtype").map_or("LS", |v| v.as_str().expect("a code"));
        let truth = MILLION.iter().find(|row| (row.0, row.1) == (code, variance));
        let large = numbers(&inputs[if inputs.get("ni").is_some() { "ni" } else { "n1i" }]);
        for (i, got) in results.into_iter().enumerate() {
            match (entry["yi"][i].as_f64(), entry["vi"][i].as_f64(), got) {
                (Some(y), Some(v), Ok(effect)) => {
                    let (y, v) = match truth {
                        Some(&(_, _, truth, of_truth)) if large[i] >= 1e6 => {
                            let off = (y / truth - 1.0).abs();
                            assert!(off > 5e-10 && off < 2e-9, "{name}: metafor is off by {off:e}");
                            (truth, of_truth)
                        }
                        _ => (y, v),
                    };
                    assert!((effect.y() - y).abs() <= TOLERANCE * y.abs(), "{name} row {i}: {} {y}", effect.y());
                    assert!(
                        (effect.variance() - v).abs() <= TOLERANCE * v,
                        "{name} row {i}: {} {v}",
                        effect.variance()
                    );
                    compared += 1;
                }
                (None, _, Err(_)) | (_, None, Err(_)) => undefined += 1,
                (y, v, got) => panic!("{name} row {i}: metafor {y:?} {v:?}, here {got:?}"),
            }
        }
    }
    // 13 rows of each MD and SMD entry and 12 of each change; without a value: two people (twice).
    assert_eq!((compared, undefined), (99, 2));
}

/// mpmath 1.3, 50 digits: y and v with J(m) = exp(loggamma(m/2) - loggamma((m-1)/2))/sqrt(m/2), for the rows with a
/// million people (m = 1999998 for SMD, 999999 for the changes).
#[allow(clippy::excessive_precision)]
const MILLION: [(&str, &str, f64, f64); 5] = [
    ("SMD", "LS", 0.00644825638409142214, 2.00001039500259874e-6),
    ("SMD", "LS2", 0.00644825638409142214, 2.00000889500116124e-6),
    ("SMD", "UB", 0.00644825638409142214, 2.00001039502208941e-6),
    ("SMCR", "LS", 0.0333333083333010416, 1.40055555472222148e-6),
    ("SMCC", "LS", 0.0291111036536067818, 1.00042372817796552e-6),
];

fn two_means_checked(args: &Value) -> Vec<Result<TwoMeans>> {
    let [m1, s1, n1, m2, s2, n2] = ["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"].map(|c| numbers(&args[c]));
    let row =
        |i: usize| TwoMeans::new((Moments::mean_sd(m1[i], s1[i]), n1[i]), (Moments::mean_sd(m2[i], s2[i]), n2[i]));
    (0..m1.len()).map(row).collect()
}
