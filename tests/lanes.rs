//! Tails of whole slices: against mpmath, against the functions for one number, and the same bits however they are computed.
#![allow(clippy::float_cmp)] // equal bits are what is meant

use meta_analysis::num::lanes::{ChiSquaredTail, InstructionSet, NormalTail, StudentTail};
use meta_analysis::num::random::uniform;
use meta_analysis::num::{chi_squared, normal, student_t};

const REFERENCE: &str = include_str!("reference/lanes.json");
const TOLERANCE: f64 = 1e-12;

/// An argument with its tail.
struct Row {
    df: f64,
    argument: f64,
    p: Option<f64>,
    log10_p: f64,
}

fn rows(section: &str) -> Vec<Row> {
    let table: serde_json::Value = serde_json::from_str(REFERENCE).expect("JSON");
    let rows = table[section].as_array().expect("a section");
    rows.iter()
        .map(|row| {
            let row = row.as_array().expect("a row");
            let number = |i: usize| row[row.len() - i].as_f64();
            let df = if row.len() > 3 { number(4).expect("df") } else { f64::INFINITY };
            let (argument, log10_p) = (number(3).expect("argument"), number(1).expect("log10 p"));
            Row { df, argument, p: number(2), log10_p }
        })
        .collect()
}

/// A tail and its logarithm, for one df.
type Tails = Box<dyn Fn(InstructionSet, &[f64], &mut [f64], bool)>;

fn tails(section: &str, df: f64) -> Tails {
    match section {
        "normal" => {
            Box::new(
                |set, x, out, log| {
                    if log { NormalTail.log10_two_sided(set, x, out) } else { NormalTail.two_sided(set, x, out) }
                },
            )
        }
        "chi_squared" => {
            let tail = ChiSquaredTail::new(df as u32);
            Box::new(move |set, x, out, log| if log { tail.log10_upper(set, x, out) } else { tail.upper(set, x, out) })
        }
        "student_t" => {
            let tail = StudentTail::new(df);
            Box::new(
                move |set, x, out, log| {
                    if log { tail.log10_two_sided(set, x, out) } else { tail.two_sided(set, x, out) }
                },
            )
        }
        other => panic!("no section {other}"),
    }
}

fn one(tails: &Tails, x: f64, log: bool) -> f64 {
    let mut out = [0.5];
    tails(InstructionSet::Auto, &[x], &mut out, log);
    out[0]
}

const SECTIONS: [(&str, usize, f64, f64); 3] =
    // section, rows, worst relative error of p and of log10 p that was measured, rounded up
    [("normal", 300, 1e-15, 5e-16), ("chi_squared", 500, 1e-14, 5e-15), ("student_t", 600, 2e-13, 2e-15)];

#[test]
fn every_tail_agrees_with_mpmath() {
    for (section, at_least, worst_p, worst_log) in SECTIONS {
        let rows = rows(section);
        assert!(rows.len() >= at_least, "{section}: {} rows", rows.len());
        let (mut most_p, mut most_log) = (0.0f64, 0.0f64);
        for Row { df, argument, p, log10_p } in rows {
            let tails = tails(section, df);
            let (got, got_log) = (one(&tails, argument, false), one(&tails, argument, true));
            match p {
                Some(p) => {
                    let error = (got / p - 1.0).abs();
                    assert!(error < TOLERANCE, "{section} {df} {argument}: p = {got:e}, not {p:e}: {error:e}");
                    most_p = most_p.max(error);
                }
                None => assert!(got < 1e-304, "{section} {df} {argument}: p = {got:e}, but its log10 is {log10_p}"),
            }
            // 1e-13 is 2e-13 of p
            let error = (got_log - log10_p).abs() / (1.0 + 0.01 * log10_p.abs());
            assert!(error < 1e-13, "{section} {df} {argument}: log10 p = {got_log:e}, not {log10_p:e}: {error:e}");
            if log10_p < -1.0 {
                most_log = most_log.max((got_log / log10_p - 1.0).abs());
            }
        }
        println!("{section}: worst p {most_p:e}, worst log10 p {most_log:e}");
        assert!(most_p < worst_p && most_log < worst_log, "{section}: worst p {most_p:e}, worst log10 p {most_log:e}");
    }
}

/// Arguments of every size and sign, the special ones among them.
fn arguments() -> Vec<f64> {
    let mut all =
        vec![0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    for i in 0..1013 {
        let (u, v) = (uniform(7, 2 * i), uniform(7, 2 * i + 1));
        all.push(match i % 4 {
            0 => 40.0 * u,
            1 => -8.0 * u,
            2 => 1500.0 * u,
            _ => 10f64.powf(600.0 * u - 300.0) * (v - 0.5).signum(),
        });
    }
    all
}

fn all_tails() -> Vec<(String, Tails)> {
    let mut all = vec![("normal".to_owned(), tails("normal", 0.0))];
    for df in [0.0, 1.0, 2.0, 3.0, 4.0, 9.0, 30.0, 99.0, 200.0, 201.0] {
        all.push((format!("chi-squared {df}"), tails("chi_squared", df)));
    }
    for df in [1.0, 2.0, 4.5, 19.0, 99.0, 1e6, 0.5, 1e9, f64::INFINITY, -1.0, f64::NAN] {
        all.push((format!("t {df}"), tails("student_t", df)));
    }
    all
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

#[test]
fn every_instruction_set_position_and_length_gives_the_same_bits() {
    let x = arguments();
    let available: Vec<_> = InstructionSet::ALL.into_iter().filter(|set| set.is_available()).collect();
    println!("compared: {available:?}");
    assert!(available.len() >= 2);
    for (name, tails) in all_tails() {
        for log in [false, true] {
            let mut expected = vec![0.0; x.len()];
            tails(InstructionSet::Scalar, &x, &mut expected, log);
            let expected = bits(&expected);
            for &set in &available {
                for (start, end) in [(0, x.len()), (1, x.len()), (3, 1000), (5, 12), (7, 8), (11, 11), (6, 23)] {
                    let mut got = vec![0.0; end - start];
                    tails(set, &x[start..end], &mut got, log);
                    assert_eq!(bits(&got), expected[start..end], "{name}, log {log}, {set:?}, {start}..{end}");
                }
                // other neighbours
                let mut backwards: Vec<f64> = x.iter().rev().copied().collect();
                let from = backwards.clone();
                tails(set, &from, &mut backwards, log);
                backwards.reverse();
                assert_eq!(bits(&backwards), expected, "{name}, log {log}, {set:?}, backwards");
            }
        }
    }
}

#[test]
fn tails_are_probabilities_and_nan_only_where_the_argument_or_df_is() {
    let x = arguments();
    for (name, tails) in all_tails() {
        let no_distribution = ["chi-squared 0", "t -1", "t NaN"].contains(&name.as_str());
        for &x in &x {
            let (p, log10_p) = (one(&tails, x, false), one(&tails, x, true));
            if x.is_nan() || no_distribution {
                assert!(p.is_nan() && log10_p.is_nan(), "{name} at {x}: {p}, {log10_p}");
            } else {
                assert!((0.0..=1.0).contains(&p), "{name} at {x}: {p}");
                assert!(log10_p <= 0.0, "{name} at {x}: {log10_p}");
                if p > 1e-300 {
                    assert!((log10_p - p.log10()).abs() < 1e-12, "{name} at {x}: {p:e}, {log10_p}");
                }
                // one is infinite only where the square overflows
                assert!(log10_p.is_finite() || x.abs() > 1e153, "{name} at {x}: {log10_p}");
            }
        }
        if !no_distribution {
            assert_eq!(one(&tails, f64::INFINITY, false), 0.0, "{name}");
            assert_eq!(one(&tails, f64::INFINITY, true), f64::NEG_INFINITY, "{name}");
            let at_zero = one(&tails, 0.0, false);
            assert!(at_zero == 1.0 || name.starts_with('t') && at_zero > 1.0 - 1e-14, "{name}: {at_zero}");
        }
    }
    assert_eq!(one(&tails("chi_squared", 3.0), -4.0, false), 1.0);
    assert_eq!(one(&tails("chi_squared", 3.0), f64::NEG_INFINITY, true), 0.0);
}

#[test]
fn slices_of_different_length_are_filled_as_far_as_both_go() {
    for set in InstructionSet::ALL {
        for (from, to) in [(5, 3), (3, 5), (40, 33), (33, 40), (0, 4), (4, 0)] {
            let mut out = vec![-1.0; to];
            NormalTail.two_sided(set, &vec![0.0; from], &mut out);
            assert!(out.iter().take(from).all(|p| *p == 1.0), "{set:?} {from} {to}: {out:?}");
            assert!(out.iter().skip(from).all(|p| *p == -1.0), "{set:?} {from} {to}: {out:?}");
        }
    }
}

#[test]
fn every_df_agrees_with_the_function_for_one_number() {
    // every closed form and a polynomial for every df: between the df of the references too
    for df in 1..=230_u32 {
        let (chi, t) = (tails("chi_squared", df.into()), tails("student_t", df.into()));
        for i in 0..30 {
            let u = uniform(11, u64::from(df) * 64 + i);
            let q = 4.0 * f64::from(df) * u * u;
            let expected = chi_squared::sf(q, df.into());
            let got = one(&chi, q, false);
            assert!((got / expected - 1.0).abs() < 2e-12, "chi-squared {df} at {q}: {got:e}, {expected:e}");
            let x = 12.0 * u;
            let expected = 2.0 * student_t::sf(x, df.into());
            let got = one(&t, x, false);
            assert!((got / expected - 1.0).abs() < 1e-12, "t {df} at {x}: {got:e}, {expected:e}");
        }
    }
    for i in 0..2000 {
        let df = 10f64.powf(7.0 * uniform(13, 3 * i));
        let x = 30.0 * uniform(13, 3 * i + 1);
        let got = one(&tails("student_t", df), x, false);
        let expected = 2.0 * student_t::sf(x, df);
        assert!((got / expected - 1.0).abs() < 1e-12, "t {df} at {x}: {got:e}, {expected:e}");
    }
    let z = 5.5;
    assert!((one(&tails("normal", 0.0), z, false) / (2.0 * normal::sf(z)) - 1.0).abs() < 1e-14);
}
