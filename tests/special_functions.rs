//! Every function of `meta_analysis::num` against 75-digit references, and the properties that must hold for any `f64`.

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
    Subject { section: "digamma", value: |a| gamma::digamma(a[0]), ln: None, conditioned: (0, 0) },
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
        conditioned: (0, 0),
    },
    Subject {
        section: "chi2_sf",
        value: |a| chi_squared::sf(a[1], a[0]),
        ln: Some(|a| chi_squared::ln_sf(a[1], a[0])),
        conditioned: (0, 0),
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
        conditioned: (0, 0),
    },
    Subject {
        section: "beta_sf",
        value: |a| beta::regularized_upper(a[0], a[1], a[2]),
        ln: Some(|a| beta::ln_regularized_upper(a[0], a[1], a[2])),
        conditioned: (0, 0),
    },
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
    worst_plain: f64,
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
        self.worst = self.worst.max(error);
        if error <= TOLERANCE.max(grain) {
            self.worst_plain = self.worst_plain.max(error);
            return;
        }
        let limit = conditioning(f, &row.args, want);
        self.worst_of_limit = self.worst_of_limit.max(error / limit);
        self.conditioned += 1;
        if error > LIMIT_FACTOR * limit {
            self.failures.push(format!(
                "{:?}: got {got:e}, want {want:e}, error {error:.2e}, conditioning {limit:.2e}",
                row.args
            ));
        }
    }
}

/// An implementation may round each argument once more than the caller did (`x/2`, `d1 x / d2`).
const LIMIT_FACTOR: f64 = 2.0;

#[test]
fn references() {
    let sections = sections();
    let total: usize = sections.iter().map(|s| s.2.len()).sum();
    assert_eq!(total, 8302, "rows in the table");
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
