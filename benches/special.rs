//! Time per call of the special functions a fit needs. Every measured call checks that its result is a plausible number.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use meta_analysis::num::{beta, binomial, chi_squared, fisher_f, gamma, normal, student_t};

/// Degrees of freedom of small, usual and large meta-analyses.
const DF: [f64; 6] = [1.0, 2.0, 4.0, 9.0, 30.0, 200.0];

/// Cycles through arguments, so that no single branch is timed.
fn bench(
    c: &mut Criterion,
    name: &str,
    args: &[(f64, f64)],
    inside: std::ops::RangeInclusive<f64>,
    f: impl Fn(f64, f64) -> f64,
) {
    let mut at = 0;
    c.bench_function(&format!("special/{name}"), |b| {
        b.iter(|| {
            at = (at + 1) % args.len();
            let (x, parameter) = black_box(args[at]);
            let value = f(x, parameter);
            assert!(inside.contains(&value), "{name}({x}, {parameter}) = {value}");
            value
        });
    });
}

fn pairs(first: &[f64]) -> Vec<(f64, f64)> {
    DF.iter().flat_map(|&df| first.iter().map(move |&x| (x, df))).collect()
}

fn special(c: &mut Criterion) {
    let levels = pairs(&[0.95, 0.975, 0.995, 0.6]);
    let scaled: Vec<(f64, f64)> = DF.iter().flat_map(|&df| [0.3, 1.0, 1.5, 3.0].map(|r| (r * df, df))).collect();
    let t = pairs(&[0.2, 1.0, 2.1, 5.0]);
    bench(c, "normal_cdf", &t, 0.5..=1.0, |x, _| normal::cdf(x));
    bench(c, "normal_quantile", &levels, 0.2..=3.0, |p, _| normal::quantile(p));
    bench(c, "t_sf", &t, 0.0..=0.5, student_t::sf);
    bench(c, "t_quantile", &levels, 0.2..=70.0, student_t::quantile);
    bench(c, "chi2_sf", &scaled, 0.0..=1.0, chi_squared::sf);
    bench(c, "chi2_ln_sf", &scaled, -1e3..=0.0, chi_squared::ln_sf);
    bench(c, "chi2_quantile", &levels, 0.5..=300.0, chi_squared::quantile);
    bench(c, "chi2_quantile_upper", &levels, 0.0..=300.0, chi_squared::quantile_upper);
    bench(c, "f_sf", &t, 0.0..=1.0, |x, df| fisher_f::sf(x, 3.0, df));
    bench(c, "f_quantile", &levels, 0.5..=6e4, |p, df| fisher_f::quantile(p, 3.0, df));
    bench(c, "inverse_beta", &levels, 0.0..=1.0, |p, df| beta::inverse_regularized(0.5 + df, 7.0, p));
    bench(c, "binomial_ln_pmf", &scaled, -1e3..=0.0, |_, df| binomial::ln_pmf(df.floor(), 2.0 * df + 5.0, 0.3));
    bench(c, "digamma", &scaled, -10.0..=10.0, |x, _| gamma::digamma(x));
    bench(c, "ln_beta", &t, -500.0..=10.0, beta::ln_beta);
}

criterion_group!(benches, special);
criterion_main!(benches);
