//! Every effect from counts against metafor: 5.1-12 (`reference/escalc_metafor_5_1.json`) and 3.8-1
//! (`reference/metafor_effects.json`, and the calls quoted below), to 1e-10 of the value.
//!
//! Where metafor has NA, a variance of 0, or a number on a boundary, this crate has an error. The one measure with
//! other numbers is the tetrachoric correlation: metafor maximises a likelihood numerically and is right to four or
//! five digits, so its truth is mpmath's (`TETRACHORIC`), and metafor is checked to agree to what it can.

use meta_analysis::ErrorKind;
use meta_analysis::study::{
    BinaryMeasure, Conversion, Correction, MatchedPairs, PairsMeasure, Proportion, ProportionMeasure, Rate,
    RateMeasure, Scope, Studies, Summary, TwoByTwo, TwoRates, TwoRatesMeasure, Uninformative, VarianceType, ZeroCells,
};
use serde_json::Value;

const TOLERANCE: f64 = 1e-10;

fn reference_5_1() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("reference/escalc_metafor_5_1.json")).unwrap();
    file["escalc"].as_array().unwrap().clone()
}

fn reference_3_8() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("reference/metafor_effects.json")).unwrap();
    file["effects"].as_array().unwrap().clone()
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().unwrap()
}

fn column(entry: &Value, name: &str) -> Vec<f64> {
    let inputs = if entry["args"].is_null() { &entry["inputs"] } else { &entry["args"] };
    inputs[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// metafor's options; `default_add` is what metafor adds to this measure without being told.
fn zero_cells(opts: &Value, default_add: f64) -> ZeroCells {
    let add = opts["add"].as_f64().unwrap_or(default_add);
    let scope = match opts["to"].as_str() {
        None | Some("only0") => Some(Scope::OnlyZero),
        Some("all") => Some(Scope::All),
        Some("if0all") => Some(Scope::IfAny),
        Some("none") => None,
        Some(other) => panic!("to = {other}"),
    };
    let policy = match scope {
        Some(scope) if add > 0.0 => ZeroCells::constant(add).scope(scope),
        _ => ZeroCells::none(),
    };
    let drops = opts["drop00"].as_bool().unwrap_or(false);
    policy.double_zero(if drops { Uninformative::Drop } else { Uninformative::Keep })
}

fn variance(opts: &Value) -> VarianceType {
    match opts["vtype"].as_str() {
        None => VarianceType::Usual,
        Some("LS") => VarianceType::LargeSample,
        Some("UB") => VarianceType::Unbiased,
        Some("AV") => VarianceType::Average,
        Some("ST") => VarianceType::Stratified,
        Some("CS") => VarianceType::CrossSectional,
        Some(other) => panic!("vtype = {other}"),
    }
}

fn is_close(got: f64, truth: f64, tolerance: f64) -> bool {
    (got - truth).abs() <= tolerance * truth.abs()
}

/// Compares all rows of one call and returns how many numbers agreed.
fn compare<T: Summary + Clone>(rows: &[T], how: Conversion<T::Measure>, entry: &Value, tolerance: f64) -> usize {
    let (yi, vi) = (entry["yi"].as_array().unwrap(), entry["vi"].as_array().unwrap());
    assert_eq!((yi.len(), vi.len()), (rows.len(), rows.len()));
    // NA, or a variance of 0, is an error here.
    let truth: Vec<Option<(f64, f64)>> =
        yi.iter().zip(vi).map(|(y, v)| Some((y.as_f64()?, v.as_f64().filter(|v| *v > 0.0)?))).collect();
    let context = format!("{} {}", entry["measure"], entry["opts"]);
    let studies: Studies<T> = rows.iter().enumerate().map(|(i, row)| (i.to_string(), row.clone())).collect();
    let drops = how.zero_cells_policy().uninformative() == Uninformative::Drop;
    let together = truth.iter().zip(rows).all(|(truth, row)| truth.is_some() || (drops && row.is_uninformative()));
    let mut agreed = 0;
    let mut check = |i: usize, y: f64, v: f64| {
        let (truth_y, truth_v) = truth[i].unwrap_or_else(|| panic!("{context} row {i}: {y} {v}, metafor has none"));
        // metafor subtracts the rounded logarithms of large counts, or rounded rates: next to 0 its digits are gone
        // (2/0.01 - 6/0.03 is 0 there; with the doubles 0.01 and 0.03 it is -1.16e-14).
        let rounding = match text(entry, "measure") {
            "OR" | "RR" | "PLO" | "PLN" | "IRLN" | "IRR" => 4e-15,
            "IRD" | "IRSD" => 1e-15 * v.sqrt(),
            _ => 0.0,
        };
        let close = (y - truth_y).abs() <= rounding || is_close(y, truth_y, tolerance);
        assert!(close, "{context} row {i}: y {y} {truth_y}");
        assert!(is_close(v, truth_v, tolerance), "{context} row {i}: v {v} {truth_v}");
        agreed += 1;
    };
    if together {
        let effects = studies.effects(how).unwrap_or_else(|e| panic!("{context}: {e}"));
        for ((label, &y), &v) in effects.labels().iter().zip(effects.y()).zip(effects.v()) {
            check(label.parse().unwrap(), y, v);
        }
        assert_eq!(agreed, truth.iter().flatten().count(), "{context}");
        assert_eq!(effects.dropped().len(), truth.len() - agreed, "{context}");
        return agreed;
    }
    let alone = how.zero_cells_policy().correction() == Correction::None || entry["opts"]["to"] != "if0all";
    assert!(alone && entry["opts"]["vtype"] != "AV", "{context}: not row by row");
    for (i, row) in rows.iter().enumerate() {
        match row.effect(&how) {
            Ok(effect) => check(i, effect.y(), effect.variance()),
            Err(e) => {
                let expected = matches!(
                    e.kind(),
                    ErrorKind::ZeroCell { .. } | ErrorKind::ZeroVariance { .. } | ErrorKind::DegenerateMargin { .. }
                ) || (drops
                    && matches!(e.kind(), ErrorKind::DoubleZero { .. } | ErrorKind::DoubleFull { .. }));
                assert!(expected && truth[i].is_none(), "{context} row {i}: {e}");
            }
        }
    }
    agreed
}

fn tables(entry: &Value) -> Vec<TwoByTwo> {
    let [a, b, c, d] = ["ai", "bi", "ci", "di"].map(|name| column(entry, name));
    (0..a.len()).map(|i| TwoByTwo::from_cells(a[i], b[i], c[i], d[i]).unwrap()).collect()
}

fn two_by_two(entry: &Value) -> usize {
    let (measure, add) = binary(text(entry, "measure"));
    let how = Conversion::new(measure).variance(variance(&entry["opts"])).zero_cells(zero_cells(&entry["opts"], add));
    compare(&tables(entry), how, entry, TOLERANCE)
}

/// The measure of a metafor code, with what metafor adds to it by default.
fn binary(code: &str) -> (BinaryMeasure, f64) {
    use BinaryMeasure::*;
    match code {
        "OR" => (LogOddsRatio, 0.5),
        "PETO" => (PetoLogOddsRatio, 0.5),
        "RR" => (LogRiskRatio, 0.5),
        "RD" => (RiskDifference, 0.5),
        "AS" => (ArcsineDifference, 0.0),
        "PHI" => (Phi, 0.0),
        "ZPHI" => (FisherZPhi, 0.0),
        "YUQ" => (YuleQ, 0.5),
        "YUY" => (YuleY, 0.5),
        "RTET" => (Tetrachoric, 0.0),
        "ZTET" => (FisherZTetrachoric, 0.0),
        "PBIT" => (ProbitDifference, 0.5),
        "OR2D" | "OR2DL" => (OddsRatioToD, 0.5),
        "OR2DN" => (OddsRatioToDNormal, 0.5),
        other => panic!("{other}"),
    }
}

#[test]
fn every_two_by_two_of_metafor_5_1() {
    let (mut entries, mut refused, mut agreed) = (0, 0, 0);
    for entry in reference_5_1().iter().filter(|e| text(e, "family") == "2x2") {
        entries += 1;
        if entry["ok"] == false {
            let how = Conversion::new(binary(text(entry, "measure")).0).variance(variance(&entry["opts"]));
            let error = Studies::from([("A", tables(entry)[0])]).effects(how).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::NotApplicable { .. }), "{error}");
            refused += 1;
        } else if !["RTET", "ZTET"].contains(&text(entry, "measure")) {
            agreed += two_by_two(entry);
        }
    }
    assert_eq!((entries, refused, agreed), (93, 2, 743));
}

/// Cells, r, v(r), z, v(z). mpmath 1.3, mp.dps = 40: h, k = quantiles of (a+b)/n and (a+c)/n by erfinv; z by findroot
/// of quad(f, linspace(0, z, 9)) - (a d - b c)/n^2 with
/// f(w) = exp(-((h-k)^2 exp(2w) + (h+k)^2 exp(-2w))/8 - (h^2+k^2)/4)/(2 pi cosh w), r = tanh z; v by the delta method on
/// the cells, g = (1-A-B, -A, -B, 0), A = ncdf((k-r h)/sqrt(1-r^2)), B = ncdf((h-r k)/sqrt(1-r^2)).
#[rustfmt::skip]
const TETRACHORIC: [([f64; 4], [f64; 4]); 13] = [
    ([12.0, 30.0, 18.0, 25.0], [-0.222_679_087_106_231_3, 0.028_517_721_195_836_346, -0.226_473_211_366_441_1, 0.031_571_058_769_698_91]),
    ([3.0, 55.0, 9.0, 48.0], [-0.372_323_024_497_235_37, 0.033_176_187_166_328_454, -0.391_117_278_626_883_3, 0.044_713_779_051_487_83]),
    ([44.0, 61.0, 30.0, 70.0], [0.198_266_007_000_991_03, 0.011_938_462_417_119_867, 0.200_926_961_651_521_07, 0.012_935_443_476_131_09]),
    ([20.0, 5.0, 12.0, 15.0], [0.555_690_758_890_541_6, 0.029_416_768_386_522_91, 0.626_577_067_466_097_8, 0.061_571_215_173_073_214]),
    ([12.5, 30.5, 0.5, 25.5], [0.715_931_345_535_731_2, 0.026_579_234_728_855_39, 0.899_247_660_400_288_8, 0.111_865_464_102_210_95]),
    ([9.1, 0.1, 4.1, 8.1], [0.944_542_505_403_130_3, 0.007_252_341_698_776_765_4, 1.778_582_574_222_005_2, 0.623_624_093_044_044_4]),
    ([50.0, 50.0, 50.0, 50.0], [0.0, 0.012_337_005_501_361_699, 0.0, 0.012_337_005_501_361_699]),
    ([500_000.0, 499_000.0, 1.0, 1_000_000.0], [0.985_680_428_041_077_1, 2.379_350_067_933_626e-06, 2.466_044_824_671_116_4, 0.002_942_927_482_148_529]),
    ([999.0, 1.0, 1.0, 999.0], [0.999_995_065_201_858_2, 4.865_568_090_039_413_3e-11, 6.456_171_751_225_175, 0.499_501_643_292_376_5]),
    ([10_000_000.0, 1.0, 2.0, 10_000_000.0], [0.999_999_999_999_897, 1.485_988_133_847_345_8e-26, 15.298_205_198_177_264, 0.349_622_811_721_492_23]),
    ([1.0, 1_000_000.0, 1_000_000.0, 999_999_999.0], [-0.388_771_849_830_746_36, 0.001_256_275_223_925_201_1, -0.410_352_390_137_875, 0.001_743_477_271_167_962_2]),
    ([5.0, 1.0, 1.0, 1_000_000_000.0], [0.997_429_310_905_787_9, 1.310_024_050_091_734_8e-05, 3.327_721_147_610_417_6, 0.496_863_759_792_136_87]),
    ([1_000_001.0, 1_000_000.0, 1_000_000.0, 1_000_000.0], [3.926_988_853_492_854e-07, 6.168_501_208_554_65e-07, 3.926_988_853_493_056e-07, 6.168_501_208_556_553e-07]),
];

#[test]
fn tetrachoric_against_mpmath() {
    use BinaryMeasure::{FisherZTetrachoric, Tetrachoric};
    for ([a, b, c, d], truth) in TETRACHORIC {
        let table = TwoByTwo::fractional((a, a + b), (c, c + d)).unwrap();
        let r = table.effect(&Tetrachoric.into()).unwrap();
        let z = table.effect(&FisherZTetrachoric.into()).unwrap();
        for (got, truth) in [r.y(), r.variance(), z.y(), z.variance()].into_iter().zip(truth) {
            assert!(is_close(got, truth, 1e-12), "{a} {b} {c} {d}: {got:e} {truth:e}");
        }
    }
}

#[test]
fn tetrachoric_of_metafor_5_1_to_its_own_precision() {
    let (mut entries, mut compared, mut on_the_boundary) = (0, 0, 0);
    for entry in reference_5_1().iter().filter(|e| ["RTET", "ZTET"].contains(&text(e, "measure"))) {
        entries += 1;
        let (measure, add) = binary(text(entry, "measure"));
        let how = Conversion::new(measure).zero_cells(zero_cells(&entry["opts"], add));
        for (i, row) in tables(entry).iter().enumerate() {
            match row.effect(&how) {
                Ok(effect) => {
                    let (y, v) = (entry["yi"][i].as_f64().unwrap(), entry["vi"][i].as_f64().unwrap());
                    assert!(is_close(effect.y(), y, 1e-4), "row {i}: {} {y}", effect.y());
                    assert!(is_close(effect.variance(), v, 2e-3), "row {i}: {} {v}", effect.variance());
                    compared += 1;
                }
                // metafor: -1 or 1 with a variance of 752 or NA.
                Err(e) if matches!(e.kind(), ErrorKind::NonIdentifiable { .. }) => on_the_boundary += 1,
                Err(e) => {
                    assert!(
                        matches!(e.kind(), ErrorKind::DegenerateMargin { .. } | ErrorKind::DoubleZero { .. }),
                        "{e}"
                    );
                    assert!(entry["yi"][i].is_null());
                }
            }
        }
    }
    assert_eq!((entries, compared, on_the_boundary), (12, 90, 20));
}

#[test]
fn every_matched_pair_of_metafor_5_1() {
    let reference = reference_5_1();
    let entries = reference.iter().filter(|e| text(e, "family") == "matched2x2");
    assert_eq!(entries.map(pairs).sum::<usize>(), 25);
}

fn pairs(entry: &Value) -> usize {
    let [a, b, c, d] = ["ai", "bi", "ci", "di"].map(|name| column(entry, name));
    let rows: Vec<MatchedPairs> = (0..a.len()).map(|i| MatchedPairs::new(a[i], b[i], c[i], d[i]).unwrap()).collect();
    let how = Conversion::new(pairs_measure(text(entry, "measure"))).zero_cells(zero_cells(&entry["opts"], 0.5));
    compare(&rows, how, entry, TOLERANCE)
}

fn pairs_measure(code: &str) -> PairsMeasure {
    match code {
        "MPRD" => PairsMeasure::RiskDifference,
        "MPRR" => PairsMeasure::LogRiskRatio,
        "MPOR" => PairsMeasure::LogOddsRatio,
        "MPORC" => PairsMeasure::ConditionalLogOddsRatio,
        "MPPETO" => PairsMeasure::PetoLogOddsRatio,
        other => panic!("{other}"),
    }
}

fn rate(code: &str) -> (RateMeasure, f64) {
    match code {
        "IR" => (RateMeasure::Raw, 0.5),
        "IRLN" => (RateMeasure::Log, 0.5),
        "IRS" => (RateMeasure::SquareRoot, 0.0),
        "IRFT" => (RateMeasure::FreemanTukey, 0.0),
        other => panic!("{other}"),
    }
}

fn rates(entry: &Value) -> usize {
    let (measure, add) = rate(text(entry, "measure"));
    let (x, t) = (column(entry, "xi"), column(entry, "ti"));
    let rows: Vec<Rate> = (0..x.len()).map(|i| Rate::new(x[i], t[i]).unwrap()).collect();
    compare(&rows, Conversion::new(measure).zero_cells(zero_cells(&entry["opts"], add)), entry, TOLERANCE)
}

fn two_rates(entry: &Value) -> usize {
    let (measure, add) = match text(entry, "measure") {
        "IRR" => (TwoRatesMeasure::LogIncidenceRateRatio, 0.5),
        "IRD" => (TwoRatesMeasure::IncidenceRateDifference, 0.5),
        "IRSD" => (TwoRatesMeasure::RootIncidenceRateDifference, 0.0),
        other => panic!("{other}"),
    };
    let [x1, t1, x2, t2] = ["x1i", "t1i", "x2i", "t2i"].map(|name| column(entry, name));
    let rows: Vec<TwoRates> = (0..x1.len()).map(|i| TwoRates::new((x1[i], t1[i]), (x2[i], t2[i])).unwrap()).collect();
    compare(&rows, Conversion::new(measure).zero_cells(zero_cells(&entry["opts"], add)), entry, TOLERANCE)
}

#[test]
fn every_rate_of_metafor_5_1() {
    let reference = reference_5_1();
    let of = |family: &str| reference.iter().filter(|e| text(e, "family") == family).collect::<Vec<_>>();
    assert_eq!((of("rate1").len(), of("rate2").len()), (4, 9));
    assert_eq!(of("rate1").into_iter().map(rates).sum::<usize>(), 20);
    assert_eq!(of("rate2").into_iter().map(two_rates).sum::<usize>(), 70);
}

#[test]
fn every_count_of_metafor_3_8() {
    let reference = reference_3_8();
    let mut agreed = [0; 4];
    let mut entries = [0; 4];
    for entry in &reference {
        let (kind, numbers) = match text(entry, "measure") {
            "OR" | "RR" | "RD" | "AS" | "PETO" => (0, two_by_two(entry)),
            "PR" | "PLN" | "PLO" | "PAS" | "PFT" => (1, proportions(entry)),
            "IR" | "IRLN" | "IRS" | "IRFT" => (2, rates(entry)),
            "IRR" | "IRD" | "IRSD" => (3, two_rates(entry)),
            _ => continue,
        };
        entries[kind] += 1;
        agreed[kind] += numbers;
    }
    assert_eq!(entries, [90, 80, 64, 48]);
    assert_eq!(agreed, [1114, 1010, 760, 566]);
}

fn proportions(entry: &Value) -> usize {
    let (measure, add) = match text(entry, "measure") {
        "PR" => (ProportionMeasure::Raw, 0.5),
        "PLN" => (ProportionMeasure::Log, 0.5),
        "PLO" => (ProportionMeasure::Logit, 0.5),
        "PAS" => (ProportionMeasure::Arcsine, 0.0),
        "PFT" => (ProportionMeasure::FreemanTukey, 0.0),
        other => panic!("{other}"),
    };
    let (x, n) = (column(entry, "xi"), column(entry, "ni"));
    let rows: Vec<Proportion> = (0..x.len()).map(|i| Proportion::new(x[i], n[i]).unwrap()).collect();
    let how = Conversion::new(measure).zero_cells(zero_cells(&entry["opts"], add)).variance(variance(&entry["opts"]));
    compare(&rows, how, entry, TOLERANCE)
}

/// Variance variants, scopes and dropped studies that the other grids lack (`reference/escalc_counts.R`).
#[test]
fn every_variant_of_metafor_3_8() {
    let file: Value = serde_json::from_str(include_str!("reference/escalc_counts_metafor_3_8.json")).unwrap();
    let reference = file["escalc"].as_array().unwrap();
    assert_eq!(reference.len(), 156);
    let agreed = reference.iter().map(|entry| match text(entry, "measure") {
        "MPORM" => margins(entry),
        code if code.starts_with("MP") => pairs(entry),
        "PR" | "PLN" | "PLO" | "PAS" | "PFT" => proportions(entry),
        "IRR" | "IRD" | "IRSD" => two_rates(entry),
        code if code.starts_with("IR") => rates(entry),
        _ => two_by_two(entry),
    });
    assert_eq!(agreed.sum::<usize>(), 649);
}

fn margins(entry: &Value) -> usize {
    let [a, b, c, r] = ["ai", "bi", "ci", "ri"].map(|name| column(entry, name));
    let row = |i: usize| MatchedPairs::from_margins(a[i], c[i], a[i] + b[i], r[i]).unwrap();
    let rows: Vec<MatchedPairs> = (0..a.len()).map(row).collect();
    compare(&rows, PairsMeasure::LogOddsRatio.into(), entry, TOLERANCE)
}

/// Cells, measure, variance, y, v. mpmath 1.3, mp.dps = 50, from the formulas in the documentation with the cells as
/// mpf; phi's variance by Yule's closed form (Bishop, Fienberg & Holland 1975), not by the sum used here.
#[rustfmt::skip]
const TABLES: [([f64; 4], BinaryMeasure, VarianceType, f64, f64); 64] = {
    use BinaryMeasure::*;
    use VarianceType::*;
    [
        ([12.0, 30.0, 18.0, 25.0], LogOddsRatio, Usual, -0.587_786_664_902_119_1, 0.212_222_222_222_222_23),
        ([12.0, 30.0, 18.0, 25.0], LogOddsRatio, Null, -0.587_786_664_902_119_1, 0.206_089_130_507_735_17),
        ([12.0, 30.0, 18.0, 25.0], PetoLogOddsRatio, Usual, -0.575_052_854_122_621_5, 0.203_664_552_501_761_8),
        ([12.0, 30.0, 18.0, 25.0], LogRiskRatio, Usual, -0.381_934_610_697_970_24, 0.091_823_551_125_876_7),
        ([12.0, 30.0, 18.0, 25.0], LogRiskRatio, Null, -0.381_934_610_697_970_24, 0.086_286_452_565_522_34),
        ([12.0, 30.0, 18.0, 25.0], RiskDifference, Usual, -0.132_890_365_448_505, 0.010_518_965_496_103_948),
        ([12.0, 30.0, 18.0, 25.0], RiskDifference, Unbiased, -0.132_890_365_448_505, 0.010_772_238_824_693_96),
        ([12.0, 30.0, 18.0, 25.0], RiskDifference, Null, -0.132_890_365_448_505, 0.010_748_485_440_687_903),
        ([12.0, 30.0, 18.0, 25.0], ArcsineDifference, Usual, -0.139_696_309_944_106_45, 0.011_766_334_440_753_045),
        ([12.0, 30.0, 18.0, 25.0], Phi, CrossSectional, -0.139_030_599_874_994_17, 0.011_448_684_440_052_185),
        ([12.0, 30.0, 18.0, 25.0], FisherZPhi, CrossSectional, -0.139_936_932_388_263_77, 0.011_904_450_933_631_313),
        ([12.0, 30.0, 18.0, 25.0], YuleQ, Usual, -0.285_714_285_714_285_7, 0.044_746_980_424_822_99),
        ([12.0, 30.0, 18.0, 25.0], YuleY, Usual, -0.145_898_033_750_315_46, 0.012_705_222_263_036_763),
        ([12.0, 30.0, 18.0, 25.0], ProbitDifference, Usual, -0.360_484_412_865_739_2, 0.079_152_472_273_235_96),
        ([12.0, 30.0, 18.0, 25.0], OddsRatioToD, Usual, -0.324_063_772_704_144_27, 0.064_507_820_252_288_38),
        ([12.0, 30.0, 18.0, 25.0], OddsRatioToDNormal, Usual, -0.356_234_342_364_920_63, 0.077_951_229_466_380_99),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], LogOddsRatio, Usual, 7.999_999_200_000_267e-07, 7.999_999_200_000_48e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], LogOddsRatio, Null, 7.999_999_200_000_267e-07, 7.999_999_200_000_16e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], PetoLogOddsRatio, Usual, 7.999_998_800_000_24e-07, 7.999_998_800_000_24e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], LogRiskRatio, Usual, 4.000_000_000_000_053_3e-07, 2.000_000_200_000_14e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], LogRiskRatio, Null, 4.000_000_000_000_053_3e-07, 2.000_000_199_999_98e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], RiskDifference, Usual, 1.999_999_800_000_02e-07, 4.999_999_499_999_8e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], RiskDifference, Unbiased, 1.999_999_800_000_02e-07, 4.999_999_999_999_75e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], RiskDifference, Null, 1.999_999_800_000_02e-07, 4.999_999_5e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], ArcsineDifference, Usual, 1.999_999_800_000_043_4e-07, 4.999_999_500_000_05e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], Phi, CrossSectional, 1.999_999_800_000_03e-07, 4.999_999_499_999_85e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], FisherZPhi, CrossSectional, 1.999_999_800_000_056_6e-07, 4.999_999_500_000_25e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], YuleQ, Usual, 3.999_999_599_999_92e-07, 1.999_999_799_999_48e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], YuleY, Usual, 1.999_999_800_000_04e-07, 4.999_999_499_999_9e-08),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], ProbitDifference, Usual, 5.013_256_047_936_488e-07, 3.141_592_339_430_649e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], OddsRatioToD, Usual, 4.410_630_722_311_367e-07, 2.431_708_164_245_412e-07),
        ([5000001.0, 5000000.0, 4999999.0, 5000002.0], OddsRatioToDNormal, Usual, 4.848_484_363_636_526e-07, 2.938_475_371_901_002_5e-07),
        ([1.0, 9999999.0, 3.0, 9999997.0], LogOddsRatio, Usual, -1.098_612_488_668_149_6, 1.333_333_533_333_373_3),
        ([1.0, 9999999.0, 3.0, 9999997.0], LogOddsRatio, Null, -1.098_612_488_668_149_6, 1.000_000_200_000_04),
        ([1.0, 9999999.0, 3.0, 9999997.0], PetoLogOddsRatio, Usual, -1.000_000_150_000_03, 1.000_000_150_000_03),
        ([1.0, 9999999.0, 3.0, 9999997.0], LogRiskRatio, Usual, -1.098_612_288_668_109_8, 1.333_333_133_333_333_4),
        ([1.0, 9999999.0, 3.0, 9999997.0], LogRiskRatio, Null, -1.098_612_288_668_109_8, 0.999_999_8),
        ([1.0, 9999999.0, 3.0, 9999997.0], RiskDifference, Usual, -2e-07, 3.999_999e-14),
        ([1.0, 9999999.0, 3.0, 9999997.0], RiskDifference, Unbiased, -2e-07, 3.999_999_399_999_94e-14),
        ([1.0, 9999999.0, 3.0, 9999997.0], RiskDifference, Null, -2e-07, 3.999_999_2e-14),
        ([1.0, 9999999.0, 3.0, 9999997.0], ArcsineDifference, Usual, -0.000_231_494_813_603_996_76, 5e-08),
        ([1.0, 9999999.0, 3.0, 9999997.0], Phi, CrossSectional, -0.000_223_606_820_110_662_1, 4.062_500_124_999_987_4e-08),
        ([1.0, 9999999.0, 3.0, 9999997.0], FisherZPhi, CrossSectional, -0.000_223_606_823_837_443_28, 4.062_500_531_250_112e-08),
        ([1.0, 9999999.0, 3.0, 9999997.0], YuleQ, Usual, -0.500_000_075_000_011_2, 0.187_499_990_624_993_45),
        ([1.0, 9999999.0, 3.0, 9999997.0], YuleY, Usual, -0.267_949_238_841_292_9, 0.071_796_776_646_429_57),
        ([1.0, 9999999.0, 3.0, 9999997.0], ProbitDifference, Usual, -0.208_120_442_285_119_6, 0.046_987_344_611_639_11),
        ([1.0, 9999999.0, 3.0, 9999997.0], OddsRatioToD, Usual, -0.605_696_809_873_997, 0.405_284_795_362_073_4),
        ([1.0, 9999999.0, 3.0, 9999997.0], OddsRatioToDNormal, Usual, -0.665_825_750_707_969_5, 0.489_746_017_753_305_2),
        ([2809837.0, 1.0, 1.0, 1676132.0], LogOddsRatio, Usual, 29.180_636_348_382_734, 2.000_000_952_504_253_2),
        ([2809837.0, 1.0, 1.0, 1676132.0], LogOddsRatio, Null, 29.180_636_348_382_734, 4.069_957_449_150_893e-06),
        ([2809837.0, 1.0, 1.0, 1676132.0], PetoLogOddsRatio, Usual, 4.272_899_269_485_024, 4.069_956_541_887_461e-06),
        ([2809837.0, 1.0, 1.0, 1676132.0], LogRiskRatio, Usual, 14.331_999_556_591_8, 0.999_999_403_388_759_9),
        ([2809837.0, 1.0, 1.0, 1676132.0], LogRiskRatio, Null, 14.331_999_556_591_8, 5.681_904_089_822_019e-07),
        ([2809837.0, 1.0, 1.0, 1676132.0], RiskDifference, Usual, 0.999_999_047_496_229_5, 4.826_042_685_631_497e-13),
        ([2809837.0, 1.0, 1.0, 1676132.0], RiskDifference, Unbiased, 0.999_999_047_496_229_5, 4.826_045_260_011_754e-13),
        ([2809837.0, 1.0, 1.0, 1676132.0], RiskDifference, Null, 0.999_999_047_496_229_5, 2.229_171_789_117_673_8e-07),
        ([2809837.0, 1.0, 1.0, 1676132.0], ArcsineDifference, Usual, 1.569_427_353_281_019_2, 2.381_259_426_301_093_4e-07),
        ([2809837.0, 1.0, 1.0, 1676132.0], Phi, CrossSectional, 0.999_999_047_496_229_5, 4.536_315_141_831_937_7e-13),
        ([2809837.0, 1.0, 1.0, 1676132.0], FisherZPhi, CrossSectional, 7.278_659_237_854_848, 0.125_000_063_333_701_3),
        ([2809837.0, 1.0, 1.0, 1676132.0], YuleQ, Usual, 0.999_999_999_999_575_3, 3.606_712_331_923_4e-25),
        ([2809837.0, 1.0, 1.0, 1676132.0], YuleY, Usual, 0.999_999_078_415_581_8, 4.246_587_308_702_393_4e-13),
        ([2809837.0, 1.0, 1.0, 1676132.0], ProbitDifference, Usual, 9.814_879_981_905_9, 0.077_004_366_339_083_17),
        ([2809837.0, 1.0, 1.0, 1676132.0], OddsRatioToD, Usual, 16.088_128_005_658_85, 0.607_927_391_380_601_7),
        ([2809837.0, 1.0, 1.0, 1676132.0], OddsRatioToDNormal, Usual, 17.685_234_150_534_992, 0.734_619_266_300_919_4),
    ]
};

#[test]
fn tables_of_any_size_against_mpmath() {
    for ([a, b, c, d], measure, variance, y, v) in TABLES {
        let table = TwoByTwo::from_cells(a, b, c, d).unwrap();
        let effect = table.effect(&Conversion::new(measure).variance(variance)).unwrap();
        assert!(is_close(effect.y(), y, 1e-13), "{measure:?} {a}: {:e} {y:e}", effect.y());
        assert!(is_close(effect.variance(), v, 1e-13), "{measure:?} {variance:?} {a}: {:e} {v:e}", effect.variance());
    }
}

/// Events, people, y, v. mpmath: y = sqrt(2) erfinv(2 x/n - 1), v = p q/(n npdf(y)^2). metafor 3.8 has no PRZ.
#[test]
fn probits_against_mpmath() {
    for (x, n, y, v) in [
        (7, 19, -0.336_038_140_371_823_1, 0.086_146_887_934_506_76),
        (35, 42, 0.967_421_566_101_701, 0.052_973_203_303_373_47),
        (1, 10000000, -5.199_337_582_192_816_5, 0.034_554_999_292_801_786),
        (5000001, 10000000, 2.506_628_274_631_027e-07, 1.570_796_326_794_932_6e-07),
        (9999999, 10000000, 5.199_337_582_192_816_5, 0.034_554_999_292_801_786),
    ] {
        let effect = Proportion::new(x, n).unwrap().effect(&ProportionMeasure::Probit.into()).unwrap();
        assert!(is_close(effect.y(), y, 1e-13) && is_close(effect.variance(), v, 1e-13), "{x} {n} {effect:?}");
    }
}

/// metafor 3.8 has neither; from the documented formulas, with the risks of all studies worked out by hand:
/// P1 = (12 + 3)/(42 + 58), P2 = (18 + 9)/(43 + 57).
#[test]
fn variances_at_the_average_risk_of_all_studies() {
    let tables = [(12, 30, 18, 25), (3, 55, 9, 48)];
    let rows = tables.map(|(a, b, c, d)| TwoByTwo::from_cells(a, b, c, d).unwrap());
    let studies = Studies::from([("A", rows[0]), ("B", rows[1])]);
    let (p1, p2) = (0.15, 0.27);
    type Part = fn(f64, f64) -> f64;
    let cases: [(BinaryMeasure, Part); 3] = [
        (BinaryMeasure::LogOddsRatio, |n, p| 1.0 / (n * p * (1.0 - p))),
        (BinaryMeasure::LogRiskRatio, |n, p| (1.0 - p) / (n * p)),
        (BinaryMeasure::RiskDifference, |n, p| p * (1.0 - p) / n),
    ];
    for (measure, part) in cases {
        let how = Conversion::new(measure).variance(VarianceType::Average);
        let effects = studies.effects(how).unwrap();
        for (v, (n1, n2)) in effects.v().iter().zip([(42.0, 43.0), (58.0, 57.0)]) {
            assert!(is_close(*v, part(n1, p1) + part(n2, p2), 1e-14), "{measure:?}");
        }
        // One row by itself does not know the others.
        assert!(matches!(rows[0].effect(&how).unwrap_err().kind(), ErrorKind::NotApplicable { .. }));
    }
}

/// mpmath: log(1 + mpf(1)/(2 * 10^6)), log(mpf(1000001)/10^6) and so on: next to no effect every digit is there.
#[test]
fn close_to_no_effect() {
    let rate = Rate::fractional(1_000_000.5, 1e6).unwrap().effect(&RateMeasure::Log.into()).unwrap();
    assert!(is_close(rate.y(), 4.999_998_750_000_417e-7, 1e-14));
    let logit = Proportion::new(5_000_001, 10_000_000).unwrap().effect(&ProportionMeasure::Logit.into()).unwrap();
    assert!(is_close(logit.y(), 4.000_000_000_000_053e-7, 1e-14));
    let two = TwoRates::new((1_000_001, 1e6), (1_000_000, 1e6)).unwrap();
    let effect = |measure: TwoRatesMeasure| two.effect(&measure.into()).unwrap().y();
    assert!(is_close(effect(TwoRatesMeasure::LogIncidenceRateRatio), 9.999_995_000_003_333e-7, 1e-14));
    assert!(is_close(effect(TwoRatesMeasure::IncidenceRateDifference), 1e-6, 1e-15));
    assert!(is_close(effect(TwoRatesMeasure::RootIncidenceRateDifference), 4.999_998_750_000_625e-7, 1e-14));
}
