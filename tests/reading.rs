//! Studies from csv and from records: columns by name, errors with an address, missing values by policy.

use meta_analysis::study::{
    BinaryMeasure, Columns, Missing, PrePost, Proportion, ProportionMeasure, Record, Studies, TwoByTwo, TwoMeans,
};
use meta_analysis::{Error, ErrorKind, Note, RandomEffects, Tau2};
use proptest::prelude::*;

fn proportions(table: &str, columns: &Columns) -> Result<Studies<Proportion>, Error> {
    Studies::from_csv(table.as_bytes(), columns)
}

#[test]
fn columns_are_found_by_name_in_any_order_and_the_rest_are_covariates() {
    let table =
        "\u{feff}dose,total,study,events,arm\n2.5,19,Göttfried 2000,7,\"open, uncontrolled\"\nNA,8,Hara 2003,7,NA\n";
    let studies = proportions(table, &Columns::new()).unwrap();
    assert_eq!(studies.labels().collect::<Vec<_>>(), ["Göttfried 2000", "Hara 2003"]);
    assert_eq!(studies.get("Hara 2003").unwrap().value(), 0.875);
    assert_eq!(studies.covariates().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["dose", "arm"]);
}

#[test]
fn a_byte_order_mark_quotes_and_blanks_are_no_obstacle() {
    let table = "\u{feff}study, events ,total,arm,dose\n\"Göttfried 2000\", 7 ,19,\"open, uncontrolled\",2.5\nHara 2003,7,8,,NA\n";
    let studies = proportions(table, &Columns::new()).unwrap();
    assert_eq!(studies.get("Göttfried 2000").unwrap().events(), 7.0);
    assert_eq!(studies.covariates().text("arm").unwrap(), [Some("open, uncontrolled".to_owned()), None]);
    assert_eq!(studies.covariates().numbers("dose").unwrap(), [Some(2.5), None]);
}

#[test]
fn other_delimiters_and_missing_markers() {
    let table = "study;events;total\nA;3;10\nB;-;10\n";
    let columns = Columns::new().delimiter(b';').missing_markers(&["-"]).missing(Missing::LeaveOut);
    let studies = proportions(table, &columns).unwrap();
    assert_eq!(studies.len(), 1);
    assert_eq!(studies.dropped()[0].reason, "no value for events");
}

#[test]
fn errors_carry_record_study_and_column() {
    let cases: [(&str, &str, Option<u64>, Option<&str>); 7] = [
        ("study,events,n\nA,3,10\n", "no column \"total\" for total; columns: study, events, n", None, None),
        ("study,events,total,total\nA,3,10,10\n", "more than one column \"total\"", None, None),
        (
            "study,events,total\nA,3,10\nB,three,10\n",
            "must hold a number for events, got \"three\"",
            Some(2),
            Some("B"),
        ),
        ("study,events,total\nA,\"3,5\",10\n", "must hold a number for events, got \"3,5\"", Some(1), Some("A")),
        ("study,events,total\nA,3,\n", "is empty, but total is needed", Some(1), Some("A")),
        ("study,events,total\nA,3,10\n,3,10\n", "is empty, but study is needed", Some(2), None),
        ("study,events,total\nA,3,10\nB,3\n", "found record with 2 fields", Some(2), None),
    ];
    for (table, message, record, study) in cases {
        let error = proportions(table, &Columns::new()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!((error.record(), error.study()), (record, study), "{error}");
    }
    let error = proportions("study,events,total\n", &Columns::new().field("deaths", "events")).unwrap_err();
    assert!(error.to_string().contains("there is no field \"deaths\"; fields: events, total"), "{error}");
}

#[test]
fn an_empty_table_is_no_studies() {
    let studies = proportions("study,events,total\n", &Columns::new()).unwrap();
    assert_eq!(*studies.effects(ProportionMeasure::Logit).unwrap_err().kind(), ErrorKind::Empty);
    assert!(proportions("", &Columns::new()).is_err());
}

#[test]
fn studies_left_out_are_in_the_notes_of_the_result() {
    let table = "study,events1,total1,events2,total2\nA,3,10,5,11\nB,4,12,NA,9\nC,2,10,6,12\n";
    let studies = Studies::<TwoByTwo>::from_csv(table.as_bytes(), &Columns::new().missing(Missing::LeaveOut)).unwrap();
    let fit = RandomEffects::new(Tau2::Reml).fit(&studies.effects(BinaryMeasure::LogOddsRatio).unwrap()).unwrap();
    let left_out = Note::Dropped { study: "B".into(), reason: "no value for events2".into() };
    assert!(fit.notes().contains(&left_out), "{:?}", fit.notes());
}

#[test]
fn every_kind_of_data_reads_its_own_fields() {
    let table = "study,mean1,sd1,n1,mean2,sd2,n2\nA,12.1,3.2,14,10.4,2.9,16\n";
    let means = Studies::<TwoMeans>::from_csv(table.as_bytes(), &Columns::new()).unwrap();
    assert_eq!(means.get("A").unwrap().groups()[1].0.sd(), 2.9);
    let table = "study,mean_before,sd_before,mean_after,sd_after,n,correlation\nK,7.46,6.26,2.96,3.64,24,0.5\n";
    let change = Studies::<PrePost>::from_csv(table.as_bytes(), &Columns::new()).unwrap();
    assert!((change.get("K").unwrap().mean_change() + 4.5).abs() < 1e-14);
}

/// A csv with one study whose fields hold these numbers reads back as that study.
fn reads<T: meta_analysis::study::Tabular + PartialEq + std::fmt::Debug>(values: &[f64]) {
    let cells: Vec<String> = values.iter().map(f64::to_string).collect();
    let table = format!("study,{}\nA,{}\n", T::FIELDS.join(","), cells.join(","));
    let studies = Studies::<T>::from_csv(table.as_bytes(), &Columns::new()).unwrap();
    assert_eq!(*studies.get("A").unwrap(), T::from_fields(values).unwrap());
    let error = T::from_fields(&values[1..]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LengthMismatch { .. }));
}

#[test]
fn every_kind_of_data_can_be_read() {
    use meta_analysis::study as data;
    reads::<Proportion>(&[3.0, 10.0]);
    reads::<data::Rate>(&[3.0, 10.5]);
    reads::<TwoByTwo>(&[3.0, 10.0, 5.0, 11.0]);
    reads::<data::MatchedPairs>(&[20.0, 8.0, 4.0, 60.0]);
    reads::<data::TwoRates>(&[3.0, 10.5, 7.0, 12.25]);
    reads::<TwoMeans>(&[12.1, 3.2, 14.0, 10.4, 2.9, 16.0]);
    reads::<data::StandardizedDifference>(&[0.4, 14.0, 16.0]);
    reads::<data::AreaUnderCurve>(&[0.7, 14.0, 16.0]);
    reads::<data::OneMean>(&[12.1, 3.2, 14.0]);
    reads::<PrePost>(&[7.46, 6.26, 2.96, 3.64, 24.0, 0.5]);
    reads::<data::Correlation>(&[0.3, 40.0]);
    reads::<data::PartialCorrelation>(&[0.3, 40.0, 2.0]);
    reads::<data::SemipartialCorrelation>(&[0.3, 0.4, 40.0]);
    reads::<data::RSquared>(&[0.2, 40.0, 2.0]);
    reads::<data::Reliability>(&[0.93, 20.0, 103.0]);
    reads::<data::Genotypes>(&[4.0, 10.0, 6.0]);
}

#[test]
fn reported_estimates_with_every_form_of_uncertainty() {
    use meta_analysis::Measure;
    use meta_analysis::study::{Reported, ReportedRow};
    let table = "\
study,or,lower,upper,level,df,se,se_natural,variance,z,t,f,chi_squared,p,design
A,2.40,1.10,5.24,,,,,,,,,,0.03,registry
B,2.40,1.25,4.61,0.90,,,,,,,,,,trial
C,2.40,1.06,5.43,,30,,,,,,,,,trial
D,2.40,,,,,0.4,,,,,,,,trial
E,2.40,,,,,,0.96,,,,,,,trial
F,2.40,,,,,,,0.16,,,,,,trial
G,2.40,,,,,,,,2.2,,,,,trial
H,2.40,,,,,,,,,2.2,,,,trial
I,2.40,,,,,,,,,,4.84,,,trial
J,2.40,,,,,,,,,,,4.84,,trial
K,2.40,,,,,,,,,,,,0.03,trial
L,2.40,,,,12,,,,,,,,0.03,trial
";
    let columns = Columns::new().field("estimate", "or").estimates_of(Measure::LogOddsRatio);
    let studies = Studies::<ReportedRow>::from_csv(table.as_bytes(), &columns).unwrap();
    let effects = studies.effects(Measure::LogOddsRatio).unwrap();
    let or = || Reported::odds_ratio(2.4);
    let by_hand = [
        or().ci95(1.10, 5.24), // the interval comes before the p-value
        or().ci(1.25, 4.61, 0.9),
        or().ci_t(1.06, 5.43, 0.95, 30.0),
        or().se_analysis(0.4),
        or().se_natural(0.96),
        or().se_analysis(0.4),
        or().z(2.2),
        or().t(2.2),
        or().f(4.84),
        or().chi_squared(4.84),
        or().p(0.03),
        or().p_t(0.03, 12.0),
    ];
    for (i, effect) in by_hand.into_iter().enumerate() {
        let effect = effect.unwrap();
        assert_eq!((effects.y()[i], effects.v()[i]), (effect.y(), effect.variance()), "{i}");
    }
    // Used columns are no covariates.
    assert_eq!(studies.covariates().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["design"]);

    let logs = "study,estimate,se,n\nA,0.875,0.4,60\n";
    let columns = Columns::new().estimates_of(Measure::LogOddsRatio).on_analysis_scale();
    let studies = Studies::<ReportedRow>::from_csv(logs.as_bytes(), &columns).unwrap();
    let expected = Reported::analysis(Measure::LogOddsRatio, 0.875).people(60.0).se_analysis(0.4).unwrap();
    assert_eq!(studies.effects(Measure::LogOddsRatio).unwrap().y(), [expected.y()]);
}

#[test]
fn errors_of_reported_estimates_carry_record_study_and_column() {
    use meta_analysis::Measure;
    use meta_analysis::study::ReportedRow;
    let read = |table: &str, columns: &Columns| Studies::<ReportedRow>::from_csv(table.as_bytes(), columns);
    let columns = Columns::new().estimates_of(Measure::LogOddsRatio);
    let cases = [
        ("study,estimate,lower,upper\nA,2,1,4\nB,2,1,\n", "column \"upper\" is empty, but upper is needed"),
        ("study,estimate,lower,upper\nA,2,1,4\nB,2,,4\n", "column \"lower\" is empty, but lower is needed"),
        ("study,estimate,p\nA,2,0.1\nB,2,\n", "is needed"),
        ("study,estimate,p\nA,2,0.1\nB,,0.1\n", "column \"estimate\" is empty, but estimate is needed"),
        ("study,estimate,p\nA,2,0.1\nB,2,<0.01\n", "column \"p\" must hold a number for p, got \"<0.01\""),
        ("study,estimate,lower,upper\nA,2,1,4\nB,2,1,3\n", "is not centred on 2 on the log scale"),
        ("study,estimate,lower,upper,level\nA,2,1,4,0.95\nB,2,1,4,95\n", "level"),
        ("study,estimate,variance\nA,2,0.1\nB,2,-0.1\n", "variance"),
    ];
    for (table, message) in cases {
        let error = read(table, &columns).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!((error.record(), error.study()), (Some(2), Some("B")), "{error}");
    }
    let unsaid = read("study,estimate,se\nA,2,0.1\n", &Columns::new()).unwrap_err();
    assert!(unsaid.to_string().contains("Columns::estimates_of"), "{unsaid}");
    let twice = read("study,estimate,se,se\nA,2,0.1,0.1\n", &columns).unwrap_err();
    assert!(twice.to_string().contains("more than one column \"se\""), "{twice}");
    let absent = read("study,estimate,se\nA,2,0.1\n", &columns.clone().field("p", "pvalue")).unwrap_err();
    assert!(absent.to_string().contains("no column \"pvalue\" for p"), "{absent}");
    let left_out = columns.missing(Missing::LeaveOut);
    let studies = read("study,estimate,p\nA,2,0.1\nB,2,\n", &left_out).unwrap();
    assert_eq!((studies.len(), studies.dropped()[0].study.as_str()), (1, "B"));
}

#[test]
fn records_from_json_keep_columns_and_order() {
    let json = r#"[
        {"study": "A", "x": 3, "n": "10", "blind": true, "year": 1999},
        {"year": 2004, "study": "B", "x": 4, "n": 12, "blind": null}
    ]"#;
    let records: Vec<Record> = serde_json::from_str(json).unwrap();
    let columns = Columns::new().field("events", "x").field("total", "n");
    let studies = Studies::<Proportion>::from_records(records, &columns).unwrap();
    assert_eq!(studies.get("B").unwrap().total(), 12.0);
    assert_eq!(studies.covariates().text("blind").unwrap(), [Some("true".to_owned()), None]);
    assert_eq!(studies.covariates().numbers("year").unwrap(), [Some(1999.0), Some(2004.0)]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\PC\n,;\"]{0,200}") {
        let _ = proportions(&text, &Columns::new());
        let _ = proportions(&format!("study,events,total\n{text}"), &Columns::new().missing(Missing::LeaveOut));
    }

    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec((0_u32..50, 0_u32..50), 1..20)) {
        let mut table = String::from("study,events,total\n");
        for (i, (events, more)) in rows.iter().enumerate() {
            table += &format!("study {i},{events},{}\n", events + more + 1);
        }
        let studies = proportions(&table, &Columns::new()).unwrap();
        prop_assert_eq!(studies.len(), rows.len());
        for ((_, row), (events, more)) in studies.iter().zip(&rows) {
            prop_assert_eq!((row.events(), row.total()), (f64::from(*events), f64::from(events + more + 1)));
        }
    }
}
