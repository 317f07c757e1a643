//! Regressions of counts against 30-digit quadrature: `tests/reference/glmm_regression.py`.

mod support;

use meta_analysis::glmm::{BinomialNormal, GlmmRegression, Link, PoissonNormal};
use meta_analysis::study::{Proportion, Rate, Studies};
use serde_json::Value;
use support::{Comparison, list, number, numbers, reference, text};

fn fit(case: &Value) -> GlmmRegression {
    let rows = numbers(&case["x"]).into_iter().zip(numbers(&case["n"])).enumerate();
    let covariate = numbers(&case["z"]);
    let link = match text(&case["kind"]) {
        "poisson" => {
            let studies: Studies<Rate> =
                rows.map(|(i, (x, t))| (i.to_string(), Rate::fractional(x, t).expect("a rate"))).collect();
            let studies = studies.with_covariate("z", covariate).expect("as many as studies");
            return PoissonNormal::new().regression(&studies, &["z"]).expect("fits");
        }
        "cloglog" => Link::ComplementaryLogLog,
        other => other.parse().expect("a link"),
    };
    let studies: Studies<Proportion> =
        rows.map(|(i, (x, n))| (i.to_string(), Proportion::fractional(x, n).expect("a proportion"))).collect();
    let studies = studies.with_covariate("z", covariate).expect("as many as studies");
    BinomialNormal::new().link(link).regression(&studies, &["z"]).expect("fits")
}

#[test]
fn coefficients_with_their_covariance_and_profile_limits() {
    let file = reference(include_str!("reference/glmm_regression.json"));
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), 12);
    let mut all = Comparison::default();
    for case in cases {
        let fit = fit(case);
        let what = || format!("{} {}", text(&case["name"]), text(&case["kind"]));
        let of = |key: &str| number(&case[key]).expect("a number");
        all.close(what, "log-likelihood", fit.information().log_likelihood, of("ll"), 1.0, 1e-12);
        let se = numbers(&case["se"]);
        for (i, value) in numbers(&case["coefficients"]).into_iter().enumerate() {
            all.close(what, "coefficient", fit.coefficients()[i].value, value, se[i], 1e-10);
            all.relative(what, "standard error", fit.coefficients()[i].se, se[i], 1e-10);
        }
        all.close(what, "tau2", fit.tau2(), of("tau2"), se[2], 1e-10);
        let (slope, limits) = (&fit.coefficients()[1], numbers(&case["slope_limits"]));
        all.close(what, "lower limit of the slope", slope.lower, limits[0], se[1], 1e-9);
        all.close(what, "upper limit of the slope", slope.upper, limits[1], se[1], 1e-9);
        // The predicted response at the second study's covariate rests on the covariance of the coefficients.
        let (at, beta) = (numbers(&case["z"])[1], numbers(&case["coefficients"]));
        let variance = se[0] * se[0] + at * (2.0 * of("covariance") + at * se[1] * se[1]);
        let upper = beta[0] + beta[1] * at + 1.959_963_984_540_054 * variance.sqrt();
        let predicted = fit.model().link().inverse(upper);
        all.relative(what, "upper limit of a prediction", fit.predict(&[at]).expect("finite").upper, predicted, 1e-9);
    }
    all.finish(12 * 9);
}
