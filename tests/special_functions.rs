//! Every function of `meta_analysis::num` against 75-digit references, and the properties that must hold for any `f64`.
#![allow(clippy::float_cmp)] // limits and reference zeros are exact

use std::time::{Duration, Instant};

use proptest::prelude::*;

use meta_analysis::num::{beta, binomial, chi_squared, erf, fisher_f, gamma, normal, student_t};

/// Reference table; `tests/reference/special_functions.README.md` describes it.
const TABLE: &str = include_str!("reference/special_functions.txt");
/// Relative tolerance where the arguments can carry it.
const TOLERANCE: f64 = 1e-12;
/// Half an ulp, relative: what storing an argument as `f64` may have cost.
const HALF_ULP: f64 = 0.5 * f64::EPSILON;

/// One reference value.
#[derive(Debug, Clone)]
struct Row {
    args: Vec<f64>,
    /// The value, 0 when it underflows.
    value: f64,
    /// Its logarithm, where the table's value is a probability.
    ln: f64,
}

type Function = fn(&[f64]) -> f64;

/// How one table section is computed.
struct Subject {
    section: &'static str,
    value: Function,
    /// The function's logarithm, for sections of probabilities.
    ln: Option<Function>,
    /// Rows of this section that need more than `TOLERANCE` because of their conditioning (value, logarithm).
    conditioned: (usize, usize),
}

const SUBJECTS: &[Subject] = &[
    Subject { section: "norm_ppf", value: |a| normal::quantile(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "norm_isf", value: |a| normal::quantile_upper(a[0]), ln: None, conditioned: (0, 0) },
    Subject {
        section: "norm_cdf",
        value: |a| normal::cdf(a[0]),
        ln: Some(|a| normal::ln_cdf(a[0])),
        conditioned: (0, 0),
    },
    Subject { section: "norm_sf", value: |a| normal::sf(a[0]), ln: Some(|a| normal::ln_sf(a[0])), conditioned: (0, 0) },
    Subject {
        section: "norm3_cdf",
        value: |a| normal::cdf((a[2] - a[0]) / a[1]),
        ln: Some(|a| normal::ln_cdf((a[2] - a[0]) / a[1])),
        conditioned: (0, 0),
    },
    Subject {
        section: "norm3_sf",
        value: |a| normal::sf((a[2] - a[0]) / a[1]),
        ln: Some(|a| normal::ln_sf((a[2] - a[0]) / a[1])),
        conditioned: (0, 0),
    },
    Subject { section: "norm_lnpdf", value: |a| normal::ln_pdf(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "erf", value: |a| erf::erf(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "erfc", value: |a| erf::erfc(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "erf_inv", value: |a| erf::erf_inv(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "erfc_inv", value: |a| erf::erfc_inv(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "lgamma", value: |a| gamma::ln_gamma(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "digamma", value: |a| gamma::digamma(a[0]), ln: None, conditioned: (2, 0) },
    Subject { section: "gamma", value: |a| gamma::gamma(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "trigamma", value: |a| gamma::trigamma(a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "ln_beta", value: |a| beta::ln_beta(a[0], a[1]), ln: None, conditioned: (0, 0) },
    Subject { section: "t_lnpdf", value: |a| student_t::ln_pdf(a[1], a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "t_ppf", value: |a| student_t::quantile(a[1], a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "t_isf", value: |a| student_t::quantile_upper(a[1], a[0]), ln: None, conditioned: (0, 0) },
    Subject {
        section: "t_cdf",
        value: |a| student_t::cdf(a[1], a[0]),
        ln: Some(|a| student_t::ln_cdf(a[1], a[0])),
        conditioned: (0, 0),
    },
    Subject {
        section: "t_sf",
        value: |a| student_t::sf(a[1], a[0]),
        ln: Some(|a| student_t::ln_sf(a[1], a[0])),
        conditioned: (0, 0),
    },
    Subject { section: "chi2_lnpdf", value: |a| chi_squared::ln_pdf(a[1], a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "chi2_ppf", value: |a| chi_squared::quantile(a[1], a[0]), ln: None, conditioned: (0, 0) },
    Subject { section: "chi2_isf", value: |a| chi_squared::quantile_upper(a[1], a[0]), ln: None, conditioned: (0, 0) },
    Subject {
        section: "chi2_cdf",
        value: |a| chi_squared::cdf(a[1], a[0]),
        ln: Some(|a| chi_squared::ln_cdf(a[1], a[0])),
        conditioned: (0, 1),
    },
    Subject {
        section: "chi2_sf",
        value: |a| chi_squared::sf(a[1], a[0]),
        ln: Some(|a| chi_squared::ln_sf(a[1], a[0])),
        conditioned: (1, 0),
    },
    Subject {
        section: "gamma_lr",
        value: |a| gamma::lower_regularized(a[0], a[1]),
        ln: Some(|a| gamma::ln_lower_regularized(a[0], a[1])),
        conditioned: (0, 0),
    },
    Subject {
        section: "gamma_ur",
        value: |a| gamma::upper_regularized(a[0], a[1]),
        ln: Some(|a| gamma::ln_upper_regularized(a[0], a[1])),
        conditioned: (0, 0),
    },
    Subject {
        section: "gammad_ppf",
        value: |a| gamma::inverse_lower_regularized(a[0], a[2]) / a[1],
        ln: None,
        conditioned: (0, 0),
    },
    Subject {
        section: "inv_beta_reg",
        value: |a| beta::inverse_regularized(a[0], a[1], a[2]),
        ln: None,
        conditioned: (0, 0),
    },
    Subject {
        section: "beta_reg",
        value: |a| beta::regularized(a[0], a[1], a[2]),
        ln: Some(|a| beta::ln_regularized(a[0], a[1], a[2])),
        conditioned: (2, 1),
    },
    Subject {
        section: "beta_sf",
        value: |a| beta::regularized_upper(a[0], a[1], a[2]),
        ln: Some(|a| beta::ln_regularized_upper(a[0], a[1], a[2])),
        conditioned: (1, 2),
    },
    Subject { section: "f_lnpdf", value: |a| fisher_f::ln_pdf(a[2], a[0], a[1]), ln: None, conditioned: (0, 0) },
    Subject { section: "f_pdf", value: |a| fisher_f::ln_pdf(a[2], a[0], a[1]).exp(), ln: None, conditioned: (0, 0) },
    Subject { section: "f_ppf", value: |a| fisher_f::quantile(a[2], a[0], a[1]), ln: None, conditioned: (0, 0) },
    Subject { section: "f_isf", value: |a| fisher_f::quantile_upper(a[2], a[0], a[1]), ln: None, conditioned: (0, 0) },
    Subject {
        section: "f_cdf",
        value: |a| fisher_f::cdf(a[2], a[0], a[1]),
        ln: Some(|a| fisher_f::ln_cdf(a[2], a[0], a[1])),
        conditioned: (0, 0),
    },
    Subject {
        section: "f_sf",
        value: |a| fisher_f::sf(a[2], a[0], a[1]),
        ln: Some(|a| fisher_f::ln_sf(a[2], a[0], a[1])),
        conditioned: (0, 0),
    },
    Subject {
        section: "binom_cdf",
        value: |a| binomial::cdf(a[2], a[0], a[1]),
        ln: Some(|a| binomial::ln_cdf(a[2], a[0], a[1])),
        conditioned: (0, 0),
    },
    Subject {
        section: "binom_sf",
        value: |a| binomial::sf(a[2], a[0], a[1]),
        ln: Some(|a| binomial::ln_sf(a[2], a[0], a[1])),
        conditioned: (0, 0),
    },
    Subject { section: "binom_lnpmf", value: |a| binomial::ln_pmf(a[2], a[0], a[1]), ln: None, conditioned: (0, 0) },
];

/// The sections of the table, with the number of rows each announces.
fn sections() -> Vec<(&'static str, usize, Vec<Row>)> {
    let mut out: Vec<(&str, usize, Vec<Row>)> = Vec::new();
    for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
        if let Some(head) = line.strip_prefix("= ") {
            let (name, rows) = head.split_once(' ').expect("section head");
            out.push((name, rows.parse().expect("row count"), Vec::new()));
            continue;
        }
        let (args, reference) = line.rsplit_once(' ').expect("arguments and reference");
        let args = args.split(' ').map(|a| a.parse().expect("argument")).collect();
        let (value, ln) = match reference.strip_prefix('L') {
            Some(ln) => {
                let ln: f64 = ln.parse().expect("log reference");
                (ln.exp(), ln)
            }
            None => {
                let value: f64 = reference.parse().expect("reference");
                (value, value.ln())
            }
        };
        out.last_mut().expect("a section comes first").2.push(Row { args, value, ln });
    }
    out
}

/// Relative difference; 0 when both are the same infinity or both 0.
fn relative(got: f64, want: f64) -> f64 {
    if got == want { 0.0 } else { (got - want).abs() / want.abs() }
}

/// Relative change of `f` when every argument moves by half an ulp, in the worst combination of signs.
///
/// Central differences over a step wide enough for `f`'s own rounding not to count.
fn conditioning(f: Function, args: &[f64], value: f64) -> f64 {
    let mut total = 0.0;
    for i in 0..args.len() {
        let x = args[i];
        // stay inside (0, 1) for probabilities, and inside the linear range elsewhere
        let room = if x > 0.0 && x < 1.0 { x.min(1.0 - x) } else { x.abs() };
        let step = 1e-7 * room;
        let (mut up, mut down) = (args.to_vec(), args.to_vec());
        up[i] = x + step;
        down[i] = x - step;
        let width = up[i] - down[i];
        if width > 0.0 {
            let slope = (f(&up) - f(&down)) / width;
            let change = (slope * x * HALF_ULP / value).abs();
            if change.is_finite() {
                total += change;
            }
        }
    }
    total
}

/// Largest error, rows beyond `TOLERANCE`, and rows beyond even the conditioning limit.
#[derive(Default)]
struct Verdict {
    worst: f64,
    worst_of_limit: f64,
    conditioned: usize,
    failures: Vec<String>,
}

impl Verdict {
    fn add(&mut self, f: Function, row: &Row, want: f64) {
        let got = f(&row.args);
        // spacing of subnormal results
        let grain = if want.abs() < 1e-290 { 5e-324 / want.abs() } else { 0.0 };
        let error = relative(got, want);
        let error = if error.is_nan() { f64::INFINITY } else { error };
        if error <= grain {
            return;
        }
        self.worst = self.worst.max(error);
        if error <= TOLERANCE {
            return;
        }
        let limit = conditioning(f, &row.args, want);
        self.worst_of_limit = self.worst_of_limit.max(error / limit);
        self.conditioned += 1;
        if error > limit {
            self.failures.push(format!(
                "{:?}: got {got:e}, want {want:e}, error {error:.2e}, conditioning {limit:.2e}",
                row.args
            ));
        }
    }
}

#[test]
fn references() {
    let sections = sections();
    let total: usize = sections.iter().map(|s| s.2.len()).sum();
    assert_eq!(total, 9297, "rows in the table");
    assert_eq!(sections.len(), SUBJECTS.len(), "every section has a function and every function a section");
    let mut failures = Vec::new();
    for subject in SUBJECTS {
        let (_, announced, rows) = sections.iter().find(|s| s.0 == subject.section).expect("section in the table");
        assert_eq!(*announced, rows.len(), "{}", subject.section);
        let mut value = Verdict::default();
        let mut ln = Verdict::default();
        for row in rows {
            if row.value > 0.0 || subject.ln.is_none() {
                value.add(subject.value, row, row.value);
            }
            if let Some(f) = subject.ln {
                ln.add(f, row, row.ln);
            }
        }
        println!(
            "{:12} {:4} rows  max {:.1e} ({} beyond 1e-12, {:.2} of limit)   ln max {:.1e} ({} beyond, {:.2})",
            subject.section,
            rows.len(),
            value.worst,
            value.conditioned,
            value.worst_of_limit,
            ln.worst,
            ln.conditioned,
            ln.worst_of_limit
        );
        for failure in value.failures.iter().map(|f| format!("{} {f}", subject.section)) {
            failures.push(failure);
        }
        for failure in ln.failures.iter().map(|f| format!("ln {} {f}", subject.section)) {
            failures.push(failure);
        }
        if (value.conditioned, ln.conditioned) != subject.conditioned {
            failures.push(format!(
                "{}: {:?} rows used the conditioning limit, {:?} are listed",
                subject.section,
                (value.conditioned, ln.conditioned),
                subject.conditioned
            ));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

type One = (&'static str, fn(f64) -> f64);
type Two = (&'static str, fn(f64, f64) -> f64);
type Three = (&'static str, fn(f64, f64, f64) -> f64);

/// Every public function of one, two or three arguments, for the properties that hold on all of `f64`.
const ONE: &[One] = &[
    ("erf", erf::erf),
    ("erfc", erf::erfc),
    ("erf_inv", erf::erf_inv),
    ("erfc_inv", erf::erfc_inv),
    ("normal::pdf", normal::pdf),
    ("normal::ln_pdf", normal::ln_pdf),
    ("normal::cdf", normal::cdf),
    ("normal::sf", normal::sf),
    ("normal::ln_cdf", normal::ln_cdf),
    ("normal::ln_sf", normal::ln_sf),
    ("normal::quantile", normal::quantile),
    ("normal::quantile_upper", normal::quantile_upper),
    ("gamma", gamma::gamma),
    ("ln_gamma", gamma::ln_gamma),
    ("digamma", gamma::digamma),
    ("trigamma", gamma::trigamma),
];

const TWO: &[Two] = &[
    ("ln_beta", beta::ln_beta),
    ("gamma::lower_regularized", gamma::lower_regularized),
    ("gamma::upper_regularized", gamma::upper_regularized),
    ("gamma::ln_lower_regularized", gamma::ln_lower_regularized),
    ("gamma::ln_upper_regularized", gamma::ln_upper_regularized),
    ("gamma::inverse_lower_regularized", gamma::inverse_lower_regularized),
    ("gamma::inverse_upper_regularized", gamma::inverse_upper_regularized),
    ("chi_squared::ln_pdf", chi_squared::ln_pdf),
    ("chi_squared::cdf", chi_squared::cdf),
    ("chi_squared::sf", chi_squared::sf),
    ("chi_squared::ln_cdf", chi_squared::ln_cdf),
    ("chi_squared::ln_sf", chi_squared::ln_sf),
    ("chi_squared::quantile", chi_squared::quantile),
    ("chi_squared::quantile_upper", chi_squared::quantile_upper),
    ("student_t::ln_pdf", student_t::ln_pdf),
    ("student_t::cdf", student_t::cdf),
    ("student_t::sf", student_t::sf),
    ("student_t::ln_cdf", student_t::ln_cdf),
    ("student_t::ln_sf", student_t::ln_sf),
    ("student_t::quantile", student_t::quantile),
    ("student_t::quantile_upper", student_t::quantile_upper),
];

const THREE: &[Three] = &[
    ("beta::regularized", beta::regularized),
    ("beta::regularized_upper", beta::regularized_upper),
    ("beta::ln_regularized", beta::ln_regularized),
    ("beta::ln_regularized_upper", beta::ln_regularized_upper),
    ("beta::inverse_regularized", beta::inverse_regularized),
    ("beta::inverse_regularized_upper", beta::inverse_regularized_upper),
    ("fisher_f::ln_pdf", fisher_f::ln_pdf),
    ("fisher_f::cdf", fisher_f::cdf),
    ("fisher_f::sf", fisher_f::sf),
    ("fisher_f::ln_cdf", fisher_f::ln_cdf),
    ("fisher_f::ln_sf", fisher_f::ln_sf),
    ("fisher_f::quantile", fisher_f::quantile),
    ("fisher_f::quantile_upper", fisher_f::quantile_upper),
    ("binomial::ln_pmf", binomial::ln_pmf),
    ("binomial::cdf", binomial::cdf),
    ("binomial::sf", binomial::sf),
    ("binomial::ln_cdf", binomial::ln_cdf),
    ("binomial::ln_sf", binomial::ln_sf),
];

/// Arguments where special functions break: ends of the range, ends of the domain, and everything else by bit pattern.
fn any_f64() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => any::<u64>().prop_map(f64::from_bits),
        2 => (-320.0..308.0f64).prop_map(|e| 10f64.powf(e)),
        2 => 0.0..1.0f64,
        2 => -50.0..50.0f64,
        1 => (0u32..400).prop_map(|n| f64::from(n) * 0.5),
        2 => prop::sample::select(vec![
            0.0, -0.0, 5e-324, 1e-310, 2.3e-308, 1e-300, 1e-17, 0.5, 1.0 - f64::EPSILON / 2.0, 1.0, 1.0 + f64::EPSILON, 2.0, -1.0, 1e15, 1e300,
            f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, f64::NAN,
        ]),
    ]
}

/// Shapes and df of the size met in practice, with some far outside it.
fn shape() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (-2.0..5.0f64).prop_map(|e| 10f64.powf(e)), 1 => (-300.0..300.0f64).prop_map(|e| 10f64.powf(e))]
}

/// Shapes of the size met in practice.
fn usual_shape() -> impl Strategy<Value = f64> {
    (-1.0..5.0f64).prop_map(|e| 10f64.powf(e))
}

/// Probabilities over the whole range, both ends equally likely.
fn tail() -> impl Strategy<Value = f64> {
    prop_oneof![(-300.0..0.0f64).prop_map(|e| 10f64.powf(e)), 1e-3..0.999f64]
}

/// Slack for the last digits: rounding noise of one function value.
const NOISE: f64 = 2e-13;

/// A call far beyond the microseconds a function needs stands for one that does not end.
const PATIENCE: Duration = Duration::from_millis(200);

fn returns_in_time(name: &str, args: &[f64], call: impl FnOnce() -> f64) -> f64 {
    let start = Instant::now();
    let value = call();
    let spent = start.elapsed();
    assert!(spent < PATIENCE, "{name}{args:?} took {spent:?}");
    value
}

/// Probabilities stay in `[0, 1]`, their logarithms below 0, and NaN comes back for NaN.
fn check_range(name: &str, args: &[f64], value: f64) {
    let short = name.rsplit("::").next().unwrap_or(name);
    if matches!(short, "cdf" | "sf")
        || (short.ends_with("regularized") || short.ends_with("regularized_upper"))
            && !short.starts_with("ln_")
            && !short.starts_with("inverse")
    {
        assert!(value.is_nan() || (0.0..=1.0).contains(&value), "{name}{args:?} = {value:e}");
    }
    if matches!(short, "ln_cdf" | "ln_sf" | "ln_pmf") || short.starts_with("ln_") && short.contains("regularized") {
        assert!(value.is_nan() || value <= 0.0, "{name}{args:?} = {value:e}");
    }
    if args.iter().any(|a| a.is_nan()) {
        assert!(value.is_nan(), "{name}{args:?} = {value:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bits_return(a in any_f64(), b in any_f64(), c in any_f64()) {
        for (name, f) in ONE {
            check_range(name, &[a], returns_in_time(name, &[a], || f(a)));
        }
        for (name, f) in TWO {
            check_range(name, &[a, b], returns_in_time(name, &[a, b], || f(a, b)));
        }
        for (name, f) in THREE {
            check_range(name, &[a, b, c], returns_in_time(name, &[a, b, c], || f(a, b, c)));
        }
    }

    #[test]
    fn valid_parameters_give_numbers(x in (-320.0..308.0f64).prop_map(|e| 10f64.powf(e)), d1 in (-300.0..300.0f64).prop_map(|e| 10f64.powf(e)),
        d2 in (-300.0..300.0f64).prop_map(|e| 10f64.powf(e)), p in tail()) {
        for (name, value) in [
            ("chi_squared::cdf", chi_squared::cdf(x, d1)),
            ("chi_squared::sf", chi_squared::sf(x, d1)),
            ("chi_squared::ln_cdf", chi_squared::ln_cdf(x, d1)),
            ("chi_squared::ln_sf", chi_squared::ln_sf(x, d1)),
            ("chi_squared::ln_pdf", chi_squared::ln_pdf(x, d1)),
            ("chi_squared::quantile", chi_squared::quantile(p, d1)),
            ("chi_squared::quantile_upper", chi_squared::quantile_upper(p, d1)),
            ("student_t::cdf", student_t::cdf(x, d1)),
            ("student_t::sf", student_t::sf(x, d1)),
            ("student_t::ln_cdf", student_t::ln_cdf(x, d1)),
            ("student_t::ln_sf", student_t::ln_sf(x, d1)),
            ("student_t::ln_pdf", student_t::ln_pdf(x, d1)),
            ("student_t::quantile", student_t::quantile(p, d1)),
            ("student_t::quantile_upper", student_t::quantile_upper(p, d1)),
            ("fisher_f::cdf", fisher_f::cdf(x, d1, d2)),
            ("fisher_f::sf", fisher_f::sf(x, d1, d2)),
            ("fisher_f::ln_cdf", fisher_f::ln_cdf(x, d1, d2)),
            ("fisher_f::ln_sf", fisher_f::ln_sf(x, d1, d2)),
            ("fisher_f::ln_pdf", fisher_f::ln_pdf(x, d1, d2)),
            ("fisher_f::quantile", fisher_f::quantile(p, d1, d2)),
            ("fisher_f::quantile_upper", fisher_f::quantile_upper(p, d1, d2)),
            ("beta::regularized", beta::regularized(d1, d2, p)),
            ("beta::ln_regularized", beta::ln_regularized(d1, d2, p)),
            ("beta::ln_regularized_upper", beta::ln_regularized_upper(d1, d2, p)),
            ("beta::inverse_regularized", beta::inverse_regularized(d1, d2, p)),
        ] {
            prop_assert!(!value.is_nan(), "{name}: x {x:e}, d1 {d1:e}, d2 {d2:e}, p {p:e}");
        }
    }

    #[test]
    fn tails_sum_to_one(x in -40.0..40.0f64, df in shape(), d2 in shape(), p in 0.0..1.0f64, n in 1u32..5000, share in 0.0..1.0f64) {
        let k = (f64::from(n) * share).floor();
        let n = f64::from(n);
        for (name, cdf, sf) in [
            ("normal", normal::cdf(x), normal::sf(x)),
            ("t", student_t::cdf(x, df), student_t::sf(x, df)),
            ("chi2", chi_squared::cdf(x.abs() * df, df), chi_squared::sf(x.abs() * df, df)),
            ("F", fisher_f::cdf(x.abs(), df, d2), fisher_f::sf(x.abs(), df, d2)),
            ("beta", beta::regularized(df, d2, p), beta::regularized_upper(df, d2, p)),
            ("binomial", binomial::cdf(k, n, p), binomial::sf(k, n, p)),
        ] {
            prop_assert!((cdf + sf - 1.0).abs() < NOISE, "{name}: {cdf} + {sf}");
        }
    }

    #[test]
    fn logs_agree_with_values(x in -30.0..30.0f64, df in usual_shape(), d2 in usual_shape(), p in 0.0..1.0f64) {
        for (name, value, ln) in [
            ("normal", normal::sf(x), normal::ln_sf(x)),
            ("t", student_t::sf(x, df), student_t::ln_sf(x, df)),
            ("chi2 lower", chi_squared::cdf(x.abs() * df, df), chi_squared::ln_cdf(x.abs() * df, df)),
            ("chi2 upper", chi_squared::sf(x.abs() * df, df), chi_squared::ln_sf(x.abs() * df, df)),
            ("F lower", fisher_f::cdf(x.abs(), df, d2), fisher_f::ln_cdf(x.abs(), df, d2)),
            ("F upper", fisher_f::sf(x.abs(), df, d2), fisher_f::ln_sf(x.abs(), df, d2)),
            ("beta", beta::regularized(df, d2, p), beta::ln_regularized(df, d2, p)),
        ] {
            if value > 1e-300 {
                prop_assert!((value.ln() - ln).abs() <= NOISE * (1.0 + ln.abs()), "{name}: ln {value:e} against {ln}");
            } else {
                prop_assert!(ln < -690.0, "{name}: {value:e} against ln {ln}");
            }
        }
    }

    #[test]
    fn distribution_functions_are_monotone(x in -40.0..40.0f64, step in 0.0..10.0f64, df in usual_shape(), d2 in usual_shape()) {
        let y = x + step;
        let (u, v) = (x.abs() * df, (x.abs() + step) * df);
        for (name, low, high) in [
            ("normal cdf", normal::cdf(x), normal::cdf(y)),
            ("normal sf", normal::sf(y), normal::sf(x)),
            ("t cdf", student_t::cdf(x, df), student_t::cdf(y, df)),
            ("t sf", student_t::sf(y, df), student_t::sf(x, df)),
            ("chi2 cdf", chi_squared::cdf(u, df), chi_squared::cdf(v, df)),
            ("chi2 sf", chi_squared::sf(v, df), chi_squared::sf(u, df)),
            ("F cdf", fisher_f::cdf(u, df, d2), fisher_f::cdf(v, df, d2)),
            ("F sf", fisher_f::sf(v, df, d2), fisher_f::sf(u, df, d2)),
        ] {
            // far in a tail the step may be smaller than the rounding of the value
            prop_assert!(low <= high * (1.0 + 1e-11), "{name} at {x}, step {step:e}, df {df}, {d2}: {low:e} > {high:e}");
        }
    }

    #[test]
    fn quantiles_are_monotone(p in tail(), factor in 1e-6..1.0f64, df in usual_shape(), d2 in usual_shape()) {
        let q = p * (1.0 - factor);
        for (name, low, high) in [
            ("normal", normal::quantile(q), normal::quantile(p)),
            ("normal upper", normal::quantile_upper(p), normal::quantile_upper(q)),
            ("t", student_t::quantile(q, df), student_t::quantile(p, df)),
            ("t upper", student_t::quantile_upper(p, df), student_t::quantile_upper(q, df)),
            ("chi2", chi_squared::quantile(q, df), chi_squared::quantile(p, df)),
            ("chi2 upper", chi_squared::quantile_upper(p, df), chi_squared::quantile_upper(q, df)),
            ("F", fisher_f::quantile(q, df, d2), fisher_f::quantile(p, df, d2)),
            ("F upper", fisher_f::quantile_upper(p, df, d2), fisher_f::quantile_upper(q, df, d2)),
            ("beta", beta::inverse_regularized(df, d2, q), beta::inverse_regularized(df, d2, p)),
        ] {
            prop_assert!(low <= high, "{name} at {p:e}, {q:e}, df {df}, {d2}: {low:e} > {high:e}");
        }
    }

    #[test]
    fn quantiles_invert_the_tails(q in tail(), df in usual_shape(), d2 in usual_shape()) {
        // rounding the quantile to f64 moves its tail by slope * half an ulp: 1e5 covers every slope of these df
        let slack = 1e5 * f64::EPSILON;
        for (name, x, sf) in [
            ("normal lower", normal::quantile(q), &(|x| normal::cdf(x)) as &dyn Fn(f64) -> f64),
            ("normal upper", normal::quantile_upper(q), &|x| normal::sf(x)),
            ("t lower", student_t::quantile(q, df), &|x| student_t::cdf(x, df)),
            ("t upper", student_t::quantile_upper(q, df), &|x| student_t::sf(x, df)),
            ("chi2 lower", chi_squared::quantile(q, df), &|x| chi_squared::cdf(x, df)),
            ("chi2 upper", chi_squared::quantile_upper(q, df), &|x| chi_squared::sf(x, df)),
            ("F lower", fisher_f::quantile(q, df, d2), &|x| fisher_f::cdf(x, df, d2)),
            ("F upper", fisher_f::quantile_upper(q, df, d2), &|x| fisher_f::sf(x, df, d2)),
        ] {
            // small df put the quantile of a tiny tail outside f64
            if x.is_finite() && x.abs() > 1e-305 {
                let back = sf(x);
                prop_assert!((back - q).abs() <= slack * q, "{name}: {q:e} came back as {back:e}, df {df}, {d2}");
            } else {
                prop_assert!(df.min(d2) < 2.0 && q < 1e-6 || df < 0.5 || q > 0.999, "{name}: quantile {x:e} of {q:e}, df {df}, {d2}");
            }
        }
    }

    #[test]
    fn t_and_normal_are_symmetric(x in any_f64(), df in shape(), p in 0.0..=1.0f64) {
        let x = if x.is_nan() { 0.0 } else { x };
        prop_assert_eq!(normal::cdf(x).to_bits(), normal::sf(-x).to_bits());
        prop_assert_eq!(normal::ln_cdf(x).to_bits(), normal::ln_sf(-x).to_bits());
        prop_assert_eq!(student_t::cdf(x, df).to_bits(), student_t::sf(-x, df).to_bits());
        prop_assert_eq!(normal::quantile(p), -normal::quantile_upper(p));
        prop_assert_eq!(student_t::quantile(p, df), -student_t::quantile_upper(p, df));
    }

    #[test]
    fn distributions_are_nested(t in 0.01..20.0f64, df in usual_shape(), z in 0.01..10.0f64) {
        // t^2 ~ F(1, df), z^2 ~ chi-squared(1), 1/F(a, b) ~ F(b, a)
        let two_sided = 2.0 * student_t::sf(t, df);
        prop_assert!((fisher_f::sf(t * t, 1.0, df) / two_sided - 1.0).abs() < 1e-11);
        prop_assert!((chi_squared::sf(z * z, 1.0) / (2.0 * normal::sf(z)) - 1.0).abs() < 1e-12);
        prop_assert!((fisher_f::cdf(1.0 / t, df, 3.0) / fisher_f::sf(t, 3.0, df) - 1.0).abs() < 1e-11);
    }
}

#[test]
fn limits() {
    let inf = f64::INFINITY;
    for df in [1e-300, 0.3, 1.0, 2.0, 7.5, 1e6, 1e300] {
        assert_eq!(student_t::quantile(0.0, df), -inf);
        assert_eq!(student_t::quantile(1.0, df), inf);
        assert_eq!(student_t::quantile(0.5, df), 0.0);
        assert_eq!(student_t::cdf(0.0, df), 0.5);
        assert_eq!((student_t::cdf(-inf, df), student_t::cdf(inf, df)), (0.0, 1.0));
        assert_eq!((student_t::ln_sf(-inf, df), student_t::ln_sf(inf, df)), (0.0, -inf));
        assert_eq!((chi_squared::quantile(0.0, df), chi_squared::quantile(1.0, df)), (0.0, inf));
        assert_eq!((chi_squared::quantile_upper(0.0, df), chi_squared::quantile_upper(1.0, df)), (inf, 0.0));
        assert_eq!((chi_squared::cdf(-1.0, df), chi_squared::sf(-1.0, df)), (0.0, 1.0));
        assert_eq!((chi_squared::cdf(0.0, df), chi_squared::cdf(inf, df)), (0.0, 1.0));
        assert_eq!((chi_squared::ln_cdf(0.0, df), chi_squared::ln_sf(inf, df)), (-inf, -inf));
        assert_eq!((fisher_f::quantile(0.0, df, 2.0), fisher_f::quantile(1.0, df, 2.0)), (0.0, inf));
        assert_eq!((fisher_f::cdf(0.0, df, 2.0), fisher_f::sf(inf, df, 2.0)), (0.0, 0.0));
        assert_eq!((beta::inverse_regularized(df, 2.0, 0.0), beta::inverse_regularized(df, 2.0, 1.0)), (0.0, 1.0));
    }
    assert_eq!((normal::quantile(0.0), normal::quantile(1.0), normal::quantile(0.5)), (-inf, inf, 0.0));
    assert_eq!((normal::cdf(-inf), normal::cdf(inf), normal::ln_cdf(-inf)), (0.0, 1.0, -inf));
    assert_eq!((erf::erf_inv(-1.0), erf::erf_inv(1.0)), (-inf, inf));
    assert_eq!(student_t::quantile(0.975, inf), normal::quantile(0.975));
    assert_eq!((binomial::cdf(10.0, 10.0, 0.3), binomial::sf(-1.0, 10.0, 0.3)), (1.0, 1.0));
    assert_eq!((binomial::ln_pmf(0.0, 10.0, 0.0), binomial::ln_pmf(10.0, 10.0, 1.0)), (0.0, 0.0));
}

#[test]
fn outside_the_domain_is_nan() {
    for df in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        for value in [
            student_t::cdf(1.0, df),
            student_t::ln_pdf(1.0, df),
            student_t::quantile(0.3, df),
            chi_squared::sf(1.0, df),
            chi_squared::ln_sf(1.0, df),
            chi_squared::ln_pdf(1.0, df),
            chi_squared::quantile(0.3, df),
            fisher_f::cdf(1.0, df, 2.0),
            fisher_f::cdf(1.0, 2.0, df),
            fisher_f::ln_pdf(1.0, 2.0, df),
            fisher_f::quantile(0.3, 2.0, df),
            beta::regularized(df, 1.0, 0.5),
            beta::inverse_regularized(1.0, df, 0.5),
        ] {
            assert!(value.is_nan(), "df {df}: {value}");
        }
    }
    for p in [-1.0, -1e-300, 1.0 + f64::EPSILON, 2.0, f64::NAN, f64::INFINITY] {
        for value in [
            normal::quantile(p),
            normal::quantile_upper(p),
            student_t::quantile(p, 3.0),
            student_t::quantile_upper(p, 3.0),
            chi_squared::quantile(p, 3.0),
            chi_squared::quantile_upper(p, 3.0),
            fisher_f::quantile(p, 3.0, 4.0),
            fisher_f::quantile_upper(p, 3.0, 4.0),
            beta::inverse_regularized(3.0, 4.0, p),
            beta::regularized(3.0, 4.0, p),
            binomial::cdf(1.0, 3.0, p),
        ] {
            assert!(value.is_nan(), "p {p}: {value}");
        }
    }
}

#[test]
fn the_peak_of_student_t_keeps_all_terms_of_its_series() {
    // mpmath, 40 digits; just above the df where the series takes over its last terms count most.
    for (df, ln_pdf) in [(31.0, -1.055_516_399_598_223_4), (40.0, -1.052_914_152_538_403_7)] {
        assert!(relative(student_t::ln_pdf(0.5, df), ln_pdf) < 1e-14, "{df}");
    }
}

#[test]
fn two_huge_beta_shapes_are_normal() {
    // A beta variable of two shapes a is normal up to terms of order 1/a: mean 1/2, variance 1/(4 (2 a + 1)).
    let a = 4e18_f64;
    for z in [-3.0, -0.5, 0.0, 1.0, 4.0] {
        let x = 0.5 + z * 0.5 / (2.0 * a + 1.0).sqrt();
        // What is left of z after storing x.
        let z = (x - 0.5) * 2.0 * (2.0 * a + 1.0).sqrt();
        let got = (beta::regularized(a, a, x), beta::regularized_upper(a, a, x));
        assert!(relative(got.0, normal::cdf(z)) < 1e-5 && relative(got.1, normal::sf(z)) < 1e-5, "{z} {got:?}");
    }
}

#[test]
fn beta_tails_of_extreme_shapes_have_closed_forms() {
    // I_x(a, 1) = x^a and I_x(1, b) = 1 - (1 - x)^b, for shapes that are next to 0.
    for shape in [1e-25, 9e-7] {
        for x in [1e-20_f64, 1e-3, 0.5] {
            let tail = -(shape * x.ln()).exp_m1();
            assert!(relative(beta::regularized_upper(shape, 1.0, x), tail) < TOLERANCE, "{shape} {x}");
            let tail = -(shape * (-x).ln_1p()).exp_m1();
            assert!(relative(beta::regularized(1.0, shape, x), tail) < TOLERANCE, "{shape} {x}");
        }
    }
    // One huge shape b leaves the gamma distribution of b x: 1 - (1 + u) exp(-u) for a = 2.
    for u in [0.5_f64, 3.0, 20.0] {
        let x = u / 1e20;
        assert!(relative(beta::regularized_upper(2.0, 1e20, x), (1.0 + u) * (-u).exp()) < TOLERANCE, "{u}");
    }
}

#[test]
fn student_t_of_hardly_finite_df_is_normal() {
    for df in [1e20, 1e300] {
        for t in [-6.0, -1.0, 0.3, 2.0, 30.0] {
            assert!(relative(student_t::sf(t, df), normal::sf(t)) < TOLERANCE, "{t} {df}");
            assert!(relative(student_t::ln_sf(t, df), normal::ln_sf(t)) < TOLERANCE, "{t} {df}");
        }
        assert!(relative(student_t::quantile_upper(1e-3, df), normal::quantile_upper(1e-3)) < TOLERANCE, "{df}");
    }
}
