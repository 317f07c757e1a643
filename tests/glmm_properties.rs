//! Bad input, boundaries, invariances and wild data for the models of counts.

use meta_analysis::glmm::{
    BinomialNormal, GlmmFit, GlmmInference, GlmmRegression, Link, PoissonNormal, PredictionUncertainty,
};
use meta_analysis::study::{Proportion, Rate, Studies, Tabular};
use meta_analysis::{Error, ErrorKind, ForestTable, Note};
use proptest::prelude::*;

type Counts = [(u32, u32)];

fn proportions(rows: &Counts) -> Studies<Proportion> {
    let rows = rows.iter().enumerate();
    rows.map(|(i, &(x, n))| (format!("study {}", i + 1), Proportion::new(x, n).expect("a proportion"))).collect()
}

fn rates(rows: &[(u32, f64)]) -> Studies<Rate> {
    let rows = rows.iter().enumerate();
    rows.map(|(i, &(x, t))| (format!("study {}", i + 1), Rate::new(x, t).expect("a rate"))).collect()
}

fn fit(rows: &Counts) -> GlmmFit {
    BinomialNormal::new().fit(&proportions(rows)).expect("fits")
}

const IVIG: [(u32, u32); 4] = [(7, 19), (7, 8), (22, 24), (35, 42)];
const LINKS: [Link; 3] = [Link::Logit, Link::Probit, Link::ComplementaryLogLog];

// ------------------------------------------------------------------------------------------------ bad input, by row of the catalogue

fn kind(result: Result<impl Sized, Error>) -> ErrorKind {
    result.err().expect("an error").kind().clone()
}

#[test]
fn rows_that_no_model_ever_sees() {
    // Rows 11 to 15, 18, 47, 51, 52, 54: the types of the data refuse them.
    assert!(matches!(kind(Proportion::new(-1, 5)), ErrorKind::NegativeCount { .. }));
    assert!(matches!(kind(Proportion::new(f64::NAN, 5.0)), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(Proportion::new(1.0, f64::INFINITY)), ErrorKind::NonFinite { .. }));
    assert!(matches!(kind(Proportion::new(1.5, 5.0)), ErrorKind::NonIntegerCount { .. }));
    assert!(matches!(kind(Proportion::new(6, 5)), ErrorKind::EventsExceedTotal { .. }));
    assert!(matches!(kind(Proportion::new(1.0, 1e17)), ErrorKind::CountNotExact { .. }));
    assert!(matches!(kind(Proportion::new(0, 0)), ErrorKind::EmptyArm { .. }));
    assert!(matches!(kind(Rate::new(1, 0.0)), ErrorKind::NonPositiveTime { .. }));
}

#[test]
fn rows_16_19_20_and_labels() {
    let model = BinomialNormal::new();
    // Row 16: counts come in rows, so that only a row itself or a covariate can be short, and neither makes studies.
    let short = proportions(&IVIG).with_covariate("year", [1993.0, 2022.0, 2010.0]);
    assert!(matches!(kind(short), ErrorKind::LengthMismatch { expected: 4, found: 3, .. }));
    assert!(matches!(kind(Proportion::from_fields(&[7.0])), ErrorKind::LengthMismatch { expected: 2, found: 1, .. }));
    assert!(matches!(kind(Rate::from_fields(&[7.0])), ErrorKind::LengthMismatch { expected: 2, found: 1, .. }));
    let regression = model
        .regression(&proportions(&IVIG).with_covariate("year", [1993.0, 2022.0, 2010.0, 2014.0]).unwrap(), &["year"]);
    assert!(matches!(
        kind(regression.unwrap().predict(&[1.0, 2.0])),
        ErrorKind::LengthMismatch { expected: 1, found: 2, .. }
    ));
    assert!(matches!(kind(model.fit(&Studies::default())), ErrorKind::Empty));
    assert!(matches!(kind(PoissonNormal::new().fit(&Studies::default())), ErrorKind::Empty));
    let twice = Studies::from([("A", Proportion::new(1, 3).unwrap()), ("A", Proportion::new(2, 3).unwrap())]);
    assert!(matches!(kind(model.fit(&twice)), ErrorKind::DuplicateLabel { .. }));
    let blank = Studies::from([("A", Proportion::new(1, 3).unwrap()), (" ", Proportion::new(2, 3).unwrap())]);
    assert!(matches!(kind(model.fit(&blank)), ErrorKind::InvalidLabel { .. }));
    let rate = |events| Rate::new(events, 3.0).unwrap();
    let twice = PoissonNormal::new().fit(&Studies::from([("A", rate(1)), ("A", rate(2))]));
    assert!(matches!(kind(twice), ErrorKind::DuplicateLabel { .. }));
    let blank = PoissonNormal::new().fit(&Studies::from([("A", rate(1)), ("", rate(2))]));
    assert!(matches!(kind(blank), ErrorKind::InvalidLabel { position: 2 }));
    assert!(matches!(kind(model.fit(&proportions(&[(3, 9)]))), ErrorKind::TooFewStudies { k: 1, .. }));
    // Row 20: there is no correction to get wrong; rows 1, 2, 48, 49, 53: zero cells need none.
    let zeros = fit(&[(0, 12), (4, 15), (0, 9)]);
    assert!(zeros.natural().value > 0.0 && zeros.natural().lower > 0.0);
    for level in [0.0, 1.0, 95.0, -1.0, f64::NAN] {
        assert!(matches!(kind(model.level(level).fit(&proportions(&IVIG))), ErrorKind::LevelOutOfRange { .. }));
        assert!(matches!(kind(fit(&IVIG).tau2_interval(level)), ErrorKind::LevelOutOfRange { .. }));
        assert!(matches!(kind(fit(&IVIG).interval_by(GlmmInference::Wald, level)), ErrorKind::LevelOutOfRange { .. }));
    }
    assert!(matches!(kind(model.link(Link::Log).fit(&proportions(&IVIG))), ErrorKind::NotApplicable { .. }));
}

#[test]
fn questions_without_an_answer() {
    let fit = fit(&IVIG);
    for value in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(matches!(kind(fit.test(value, GlmmInference::Wald)), ErrorKind::OutsideSupport { .. }));
    }
    let of_mean = PredictionUncertainty::OfMean;
    assert!(matches!(kind(fit.new_count(0, of_mean)), ErrorKind::EmptyArm { .. }));
    assert!(matches!(kind(fit.new_count(1_000_000, of_mean)), ErrorKind::NotApplicable { .. }));
    assert!(matches!(kind(fit.new_events(2.0, of_mean)), ErrorKind::NotApplicable { .. }));
    assert!(matches!(kind(fit.log_likelihood(0.0, -1.0)), ErrorKind::InvalidTau2 { .. }));
    assert!(matches!(kind(fit.log_likelihood(f64::NAN, 1.0)), ErrorKind::NonFinite { .. }));
    let rates = PoissonNormal::new().fit(&rates(&[(3, 10.0), (5, 4.0)])).unwrap();
    assert!(matches!(kind(rates.new_count(5, of_mean)), ErrorKind::NotApplicable { .. }));
    assert!(matches!(kind(rates.new_events(-1.0, of_mean)), ErrorKind::NonPositiveTime { .. }));
}

#[test]
fn separated_studies_have_no_estimate() {
    // Row 109 and its kin: tau2 would be infinite, and is not returned as a huge number.
    for rows in [&[(0, 5), (6, 6)][..], &[(0, 1), (1, 1), (1, 1)], &[(0, 9), (0, 4), (7, 7)]] {
        for link in LINKS {
            let error = BinomialNormal::new().link(link).fit(&proportions(rows)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::UnboundedTau2), "{error}");
        }
    }
}

// ------------------------------------------------------------------------------------------------ the boundary

#[test]
fn everybody_responds_or_nobody() {
    let all = fit(&[(12, 12), (9, 9), (9, 9)]);
    let natural = all.natural();
    assert!((natural.value - 1.0).abs() <= 0.0 && (natural.upper - 1.0).abs() <= 0.0);
    // Clopper-Pearson of 30 of 30: 0.025^(1/30). R: binom.test(30, 30)$conf.int
    assert!((natural.lower - 0.884_296_691_777_972_3).abs() < 1e-12, "{}", natural.lower);
    let boundary = all.boundary().expect("on the boundary");
    // exp(-qchisq(.95, 1)/60)
    assert!((boundary.likelihood_limit - 0.937_982_193_456_238_6).abs() < 1e-12, "{}", boundary.likelihood_limit);
    assert!(all.estimate().is_none() && all.information().is_none() && all.heterogeneity().tau2.is_none());
    assert!(all.notes().contains(&Note::OnBoundary { all: true }));
    assert!(matches!(kind(all.mean_response()), ErrorKind::NotApplicable { .. }));
    assert!(matches!(kind(all.blups()), ErrorKind::NotApplicable { .. }));
    let none = fit(&[(0, 12), (0, 9), (0, 9)]).natural();
    assert!((none.upper - (1.0 - natural.lower)).abs() < 1e-15 && none.value.abs() <= 0.0 && none.lower.abs() <= 0.0);
    let quiet = PoissonNormal::new().fit(&rates(&[(0, 10.0), (0, 30.5)])).unwrap();
    // Garwood: -log(0.025)/40.5
    assert!((quiet.natural().upper - 0.091_083_443_311_452_2).abs() < 1e-12, "{}", quiet.natural().upper);
    assert!(all.to_string().contains("nothing but events"));
    let again: GlmmFit = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
    assert_eq!(again, all);
}

// ------------------------------------------------------------------------------------------------ invariances

#[test]
fn counting_failures_mirrors_the_logit_and_the_probit() {
    let mirrored: Vec<(u32, u32)> = IVIG.iter().map(|&(x, n)| (n - x, n)).collect();
    for link in [Link::Logit, Link::Probit] {
        let model = BinomialNormal::new().link(link);
        let (a, b) = (model.fit(&proportions(&IVIG)).unwrap(), model.fit(&proportions(&mirrored)).unwrap());
        let (x, y) = (a.estimate().unwrap(), b.estimate().unwrap());
        assert!((x.value + y.value).abs() < 1e-11 && (x.lower + y.upper).abs() < 1e-10, "{x:?} {y:?}");
        let (s, t) = (a.heterogeneity().tau2.unwrap(), b.heterogeneity().tau2.unwrap());
        assert!((s / t - 1.0).abs() < 1e-10);
    }
}

#[test]
fn a_unit_of_time_shifts_the_log_rate_and_nothing_else() {
    let rows = [(3, 10.0), (11, 12.5), (0, 4.0), (6, 31.0)];
    let scaled: Vec<(u32, f64)> = rows.iter().map(|&(x, t)| (x, t * 4096.0)).collect();
    let (a, b) = (PoissonNormal::new().fit(&rates(&rows)).unwrap(), PoissonNormal::new().fit(&rates(&scaled)).unwrap());
    let shift = 4096.0_f64.ln();
    let (x, y) = (a.estimate().unwrap(), b.estimate().unwrap());
    for (x, y) in [(x.value, y.value), (x.lower, y.lower), (x.upper, y.upper)] {
        assert!((x - shift - y).abs() < 1e-11, "{x} {y}");
    }
    assert!((a.heterogeneity().tau2.unwrap() / b.heterogeneity().tau2.unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn order_does_not_matter_and_duplication_doubles_the_log_likelihood() {
    let ivig = fit(&IVIG);
    let turned: Vec<(u32, u32)> = IVIG.iter().rev().copied().collect();
    assert!((fit(&turned).estimate().unwrap().value - ivig.estimate().unwrap().value).abs() < 1e-12);
    let twice: Vec<(u32, u32)> = IVIG.iter().chain(&IVIG).copied().collect();
    let twice = fit(&twice);
    let ll = |f: &GlmmFit| f.information().unwrap().log_likelihood;
    assert!((ll(&twice) - 2.0 * ll(&ivig)).abs() < 1e-12);
    assert!((twice.estimate().unwrap().se * 2.0_f64.sqrt() / ivig.estimate().unwrap().se - 1.0).abs() < 1e-9);
}

#[test]
fn a_regression_on_nothing_is_the_fit_and_units_of_covariates_do_not_matter() {
    let studies = proportions(&[(7, 19), (7, 8), (22, 24), (35, 42), (3, 11), (25, 35)]);
    let model = BinomialNormal::new();
    let (alone, plain) = (model.regression(&studies, &[]).unwrap(), model.fit(&studies).unwrap());
    assert!((alone.coefficients()[0].value - plain.estimate().unwrap().value).abs() < 1e-11);
    assert!((alone.coefficients()[0].lower - plain.estimate().unwrap().lower).abs() < 1e-10);
    let year = [2000.0, 2003.0, 2012.0, 2018.0, 1994.0, 2002.0];
    let with = |values: [f64; 6]| model.regression(&studies.clone().with_covariate("year", values).unwrap(), &["year"]);
    let (own, scaled) = (with(year).unwrap(), with(year.map(|y| 1e-10 * (y - 2000.0))).unwrap());
    let slopes = [&own, &scaled].map(|r: &GlmmRegression| r.coefficients()[1].clone());
    for (a, b) in [(slopes[0].value, slopes[1].value), (slopes[0].lower, slopes[1].lower), (slopes[0].se, slopes[1].se)]
    {
        assert!((a * 1e10 / b - 1.0).abs() < 1e-8, "{a} {b}");
    }
    // The response at 2010 does not depend on where years are counted from.
    let (a, b) = (own.predict(&[2010.0]).unwrap(), scaled.predict(&[1e-9]).unwrap());
    assert!((a.value - b.value).abs() < 1e-10 && (a.lower - b.lower).abs() < 1e-9, "{a:?} {b:?}");
    let again: GlmmRegression = serde_json::from_str(&serde_json::to_string(&own).unwrap()).unwrap();
    assert_eq!(again, own);
    assert!(own.to_string().contains("year"));
}

#[test]
fn texts_become_indicators() {
    let rows = [(7, 19), (7, 8), (22, 24), (35, 42), (3, 11), (25, 35)];
    let studies = proportions(&rows).with_covariate("line", ["a", "b", "a", "b", "a", "b"]).unwrap();
    let fit = BinomialNormal::new().regression(&studies, &["line"]).unwrap();
    let names: Vec<&str> = fit.coefficients().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["intercept", "line: b"]);
    let test = fit.omnibus().unwrap();
    assert!((test.statistic - fit.coefficients()[1].statistic.powi(2)).abs() < 1e-9 && (test.df - 1.0).abs() <= 0.0);
}

#[test]
fn covariates_that_cannot_be_used() {
    let model = BinomialNormal::new();
    let studies = proportions(&IVIG)
        .with_covariate("x", [1.0, 2.0, 3.0, 5.0])
        .and_then(|s| s.with_covariate("twice", [2.0, 4.0, 6.0, 10.0]))
        .and_then(|s| s.with_covariate("flat", [0.1; 4]))
        .and_then(|s| s.with_covariate("gap", vec![Some(1.0), None, Some(2.0), Some(4.0)]))
        .unwrap();
    let of = |names: &[&str]| model.regression(&studies, names);
    assert!(matches!(kind(of(&["none"])), ErrorKind::InvalidCovariate { .. }));
    assert!(matches!(kind(of(&["flat"])), ErrorKind::RankDeficient { .. }));
    assert!(matches!(kind(of(&["x", "twice"])), ErrorKind::RankDeficient { .. }));
    assert_eq!(of(&["gap"]).unwrap_err().study(), Some("study 2"));
    let (a, b) = ([1.0, 0.0, 2.0, 7.0], [3.0, 3.0, 1.0, 0.0]);
    let more = studies.with_covariate("a", a).and_then(|s| s.with_covariate("b", b)).unwrap();
    assert!(matches!(kind(model.regression(&more, &["x", "a", "b"])), ErrorKind::TooManyParameters { .. }));
    // A covariate that tells studies without events from the others.
    let rows = [(0, 9), (0, 12), (0, 7), (5, 10), (4, 11), (6, 9)];
    let split = proportions(&rows).with_covariate("x", [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
    let error = model.regression(&split, &["x"]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Separation), "{error}");
}

// ------------------------------------------------------------------------------------------------ results

#[test]
fn what_a_result_offers() {
    let fit = fit(&IVIG);
    let again: GlmmFit = serde_json::from_str(&serde_json::to_string(&fit).unwrap()).unwrap();
    assert_eq!(again, fit);
    assert!(format!("{fit:#}").contains("logit 1.32"));
    let table = ForestTable::from(&fit);
    assert_eq!(table.rows.len(), 4);
    assert!((table.rows.iter().map(|r| r.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    // The limits are where the likelihood-ratio test has a p-value of 0.05.
    let natural = fit.natural();
    for limit in [natural.lower, natural.upper] {
        let test = fit.test(limit, GlmmInference::ProfileLikelihood).unwrap();
        assert!((test.p_value - 0.05).abs() < 1e-9, "{test:?}");
    }
    // The mean over studies lies nearer to one half than the median, and inside its interval.
    let mean = fit.mean_response().unwrap();
    assert!(mean.value < natural.value && mean.lower < mean.value && mean.value < mean.upper);
    // The Wald interval of another level.
    let wald = fit.interval_by(GlmmInference::Wald, 0.95).unwrap();
    let own = BinomialNormal::new().inference(GlmmInference::Wald).fit(&proportions(&IVIG)).unwrap();
    assert!((wald.lower - own.estimate().unwrap().lower).abs() < 1e-14);
    let next = fit.new_count(20, PredictionUncertainty::OfMean).unwrap();
    assert!((next.cdf(20) - 1.0).abs() < 1e-12 && next.quantile(0.0) == 0);
    let (lower, upper) = next.interval(0.9).unwrap();
    let inside = next.cdf(upper) - if lower > 0 { next.cdf(lower - 1) } else { 0.0 };
    assert!(inside >= 0.9, "{inside}");
    let record = fit.search().unwrap();
    assert!(record.gap.is_none() && record.maxima.len() == 1 && record.points > 8);
}

/// The mean response by brute force: the extremes over a fine lattice of the region that the likelihood ratio does not reject.
#[test]
fn the_interval_of_the_mean_response_is_the_image_of_the_region() {
    let fit = fit(&IVIG);
    let ll = fit.information().unwrap().log_likelihood;
    let mean = fit.mean_response().unwrap();
    let (mut low, mut high) = (1.0_f64, 0.0_f64);
    for i in 0..=60 {
        for j in 0..=60 {
            let (mu, tau2) = (-0.5 + 4.0 * f64::from(i) / 60.0, 0.1 + 9.5 * (f64::from(j) / 60.0).powi(2));
            if fit.log_likelihood(mu, tau2).unwrap() >= ll - 0.5 * 1.959_963_984_540_054_f64.powi(2) {
                // Twenty equal steps of the normal density are enough here.
                let steps: Vec<f64> = (-40..=40).map(|s| f64::from(s) / 5.0).collect();
                let weight = |z: f64| (-0.5 * z * z).exp();
                let total: f64 = steps.iter().map(|&z| weight(z)).sum();
                let at = |z: f64| weight(z) / (1.0 + (-(mu + tau2.sqrt() * z)).exp());
                let value = steps.iter().map(|&z| at(z)).sum::<f64>() / total;
                (low, high) = (low.min(value), high.max(value));
            }
        }
    }
    assert!(low >= mean.lower - 1e-9 && high <= mean.upper + 1e-9, "{low} {high} {mean:?}");
    assert!(low - mean.lower < 0.02 && mean.upper - high < 0.02, "{low} {high} {mean:?}");
}

fn check(fit: &GlmmFit) {
    let natural = fit.natural();
    let finite = |x: f64| assert!(x.is_finite(), "{fit:#}");
    [natural.value, natural.lower, natural.upper].into_iter().for_each(finite);
    assert!(natural.lower <= natural.value && natural.value <= natural.upper, "{fit:#}");
    if let Some(e) = fit.estimate() {
        [e.value, e.se, e.lower, e.upper].into_iter().for_each(finite);
        assert!(e.lower < e.value && e.value < e.upper && e.se > 0.0, "{fit:#}");
        let h = fit.heterogeneity();
        let (tau2, interval) = (h.tau2.unwrap(), h.tau2_interval.unwrap());
        assert!(interval.lower <= tau2 && tau2 <= interval.upper && interval.upper.is_finite(), "{fit:#}");
        assert!((0.0..=1.0).contains(&h.p_value) && (0.0..=1.0).contains(&h.deviance_p_value));
        let top = fit.log_likelihood(e.value, tau2).unwrap();
        // No better place nearby, and the limits where they should be.
        for (dm, dt) in [(0.05, 0.0), (-0.05, 0.0), (0.0, 0.1), (0.0, -0.1)] {
            let near = fit.log_likelihood(e.value + dm * e.se, tau2 * (1.0 + dt)).unwrap();
            assert!(near <= top + 1e-9 * (1.0 + top.abs()), "{near} above {top}: {fit:#}");
        }
        for blup in fit.blups().unwrap() {
            [blup.value, blup.se, blup.natural].into_iter().for_each(finite);
        }
    }
    let _ = fit.to_string();
    let _ = ForestTable::from(fit).to_string();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn wild_proportions(rows in prop::collection::vec((0_u32..40, 1_u32..40), 2..9), link in 0_usize..3) {
        let rows: Vec<(u32, u32)> = rows.into_iter().map(|(x, n)| (x.min(n), n)).collect();
        match BinomialNormal::new().link(LINKS[link]).fit(&proportions(&rows)) {
            Ok(fit) => check(&fit),
            Err(e) => prop_assert!(matches!(e.kind(), ErrorKind::UnboundedTau2), "{}", e),
        }
    }

    #[test]
    fn wild_sizes(rows in prop::collection::vec((0.0_f64..1.0, 0.0_f64..9.0), 2..6)) {
        let rows: Vec<(u32, u32)> = rows.into_iter().map(|(p, e)| {
            let n = 10.0_f64.powf(e).ceil();
            ((p * n) as u32, n as u32)
        }).collect();
        match BinomialNormal::new().fit(&proportions(&rows)) {
            Ok(fit) => check(&fit),
            Err(e) => prop_assert!(matches!(e.kind(), ErrorKind::UnboundedTau2), "{}", e),
        }
    }

    #[test]
    fn wild_rates(rows in prop::collection::vec((0_u32..2000, -30.0_f64..30.0), 2..8)) {
        let rows: Vec<(u32, f64)> = rows.into_iter().map(|(x, e)| (x.saturating_sub(500), e.exp())).collect();
        let fit = PoissonNormal::new().fit(&rates(&rows));
        match fit {
            Ok(fit) => check(&fit),
            Err(e) => prop_assert!(matches!(e.kind(), ErrorKind::Overflow { .. }), "{}", e),
        }
    }
}
