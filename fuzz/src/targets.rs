//! The targets: bytes in, assertions inside.

pub use super::batches::{batch, batch_regression};
pub use super::columns::columns;
pub use super::count_models::{one_group, strata, two_groups};
pub use super::questions::{bayesian, means, questions};
pub use super::results::results;
use super::source::Source;
use super::study_rows::{any_row, sound};
use meta_analysis::num;
use meta_analysis::study::convert::{self, AbsoluteEffect, Converted, Event, Groups, Link, NumberNeeded, RiskMeasure};
use meta_analysis::study::recover::moments::{self, Precision};
use meta_analysis::study::recover::{self, Bootstrap, FiveNumbers, MomentsMethod, Prevalence, Yates};
use meta_analysis::study::{
    Columns, Correlation, Genotypes, MatchedPairs, OneMean, PartialCorrelation, PrePost, Proportion, RSquared, Rate,
    Reliability, Sign, StandardizedDifference, Studies, Tabular, TwoByTwo, TwoMeans, TwoRates,
};
use meta_analysis::tables::TableMeasure;
use meta_analysis::tau2::{self, InformationKind, QWeights, Tau2Set, Workspace};
use meta_analysis::{
    BinomialNormal, Combination, CommonEffect, Effect, Effects, ExactOddsRatio, ForestTable, Inference, Likelihood,
    MantelHaenszel, MeanMethod, MeanWeights, Measure, Peto, Pooled, Prediction, QWeighting, RandomEffects, Scale,
    Tails, Tau2, Tau2Interval, Threshold, WeightedMean, leave_one_out,
};

/// One target.
pub type Target = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: [(&str, Target); 17] = [
    ("tau2", tau2),
    ("pool", pool),
    ("studies", studies),
    ("conversions", conversions),
    ("reading", reading),
    ("special", special),
    ("counts", counts),
    ("questions", questions),
    ("bayesian", bayesian),
    ("means", means),
    ("batch", batch),
    ("batch_regression", batch_regression),
    ("one_group", one_group),
    ("two_groups", two_groups),
    ("strata", strata),
    ("columns", columns),
    ("results", results),
];

const INTERVALS: [Tau2Interval; 9] = [
    Tau2Interval::QProfile(Tails::Equal),
    Tau2Interval::QProfile(Tails::Lower(0.2)),
    Tau2Interval::QProfile(Tails::Shortest),
    Tau2Interval::GeneralisedQ(QWeighting::InverseSe, Tails::Equal),
    Tau2Interval::GeneralisedQ(QWeighting::Equal, Tails::Lower(0.7)),
    Tau2Interval::ProfileLikelihood(Likelihood::Restricted),
    Tau2Interval::ProfileLikelihood(Likelihood::Full),
    Tau2Interval::SidikJonkman,
    Tau2Interval::Wald,
];

const MEANS: [MeanMethod; 5] = [
    MeanMethod::Combined(Combination::Edgington),
    MeanMethod::ProfileLikelihood,
    MeanMethod::ProfileLikelihoodBartlett,
    MeanMethod::Skovgaard,
    MeanMethod::HenmiCopas,
];

pub(super) fn finite(numbers: &[f64], what: &str) {
    assert!(numbers.iter().all(|x| x.is_finite()), "{what}: {numbers:?}");
}

fn rows(s: &mut Source<'_>) -> (Vec<f64>, Vec<f64>) {
    let k = s.below(9);
    (0..k).map(|_| (s.number(), s.positive())).unzip()
}

fn set(set: Tau2Set) {
    if let Tau2Set::Interval { lower, upper } = set {
        assert!(lower >= 0.0 && lower <= upper && upper.is_finite(), "{lower} {upper}");
    }
}

/// Estimators, likelihoods and intervals of tau2 on plain columns.
pub fn tau2(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let (y, v) = rows(s);
    let mut workspace = Workspace::new();
    if workspace.load(&y, &v).is_err() {
        assert!(workspace.estimate(Tau2::Reml).is_err());
        return;
    }
    for method in Tau2::ESTIMATORS {
        let Ok(fit) = workspace.certify(method) else { continue };
        assert!(fit.tau2.is_finite() && fit.tau2 >= 0.0, "{method} {fit:?}");
        finite(fit.se.as_slice(), "se of tau2");
        if matches!(method, Tau2::Reml | Tau2::MaximumLikelihood) {
            let kind = if method == Tau2::Reml { Likelihood::Restricted } else { Likelihood::Full };
            let certificate = fit.certificate.as_ref().expect("a likelihood estimate is certified");
            assert!(certificate.maxima.iter().any(|m| m.tau2.to_bits() == fit.tau2.to_bits()), "{certificate:?}");
            // No value that the input suggests beats the certified maximum.
            if let (Ok(best), other) = (workspace.log_likelihood(fit.tau2, kind), s.number().abs()) {
                assert!(best.is_finite());
                if let Ok(ll) = workspace.log_likelihood(other, kind) {
                    assert!(ll <= best + 1e-9 * (1.0 + best.abs()), "{method}: {ll} at {other} beats {best}");
                }
            }
        }
        if let Ok(at) = workspace.mean_at(fit.tau2) {
            finite(&[at.mean, at.standard_error, at.q], "mean");
        }
    }
    if let Ok(q) = workspace.q_profile(s.positive(), s.positive()) {
        set(q);
    }
    for kind in [Likelihood::Restricted, Likelihood::Full] {
        for information in [InformationKind::Expected, InformationKind::Observed] {
            finite(workspace.tau2_standard_error(s.positive(), kind, information).ok().as_slice(), "se of tau2");
        }
        if let Ok(union) = workspace.profile_likelihood_set(kind, s.positive()) {
            for &(lower, upper) in union.pieces() {
                assert!(lower >= 0.0 && lower <= upper && upper.is_finite(), "{lower} {upper}");
            }
        }
    }
    finite(workspace.joint_log_likelihood(s.number(), s.positive()).ok().as_slice(), "joint log-likelihood");
    for weights in [QWeights::InverseVariance, QWeights::InverseSe, QWeights::Equal] {
        if let Ok(q) = tau2::generalised_q_interval(&y, &v, weights, 0.025, 0.025) {
            set(q);
        }
    }
    if let Ok(fit) = tau2::estimate(&y, &v, Tau2::Fixed(s.number())) {
        assert!(fit.tau2 >= 0.0);
    }
}

fn check_fit(fit: &Pooled) {
    let estimate = fit.estimate();
    let (lower, upper) = estimate.interval();
    finite(&[estimate.value(), estimate.se(), lower, upper, estimate.statistic(), estimate.p_value()], "estimate");
    assert!(lower <= upper && (0.0..=1.0).contains(&estimate.p_value()));
    let natural = fit.natural();
    finite(&[natural.value, natural.lower, natural.upper], "natural scale");
    let h = fit.heterogeneity();
    finite(&[h.q, h.p_value, h.tau2, h.i2, h.h2], "heterogeneity");
    assert!(h.tau2 >= 0.0 && (0.0..=1.0).contains(&h.i2) && h.q >= 0.0);
    for method in INTERVALS {
        let Ok(regions) = fit.heterogeneity_intervals_by(method) else { continue };
        for region in [regions.tau2, regions.i2, regions.h2] {
            for interval in region.pieces() {
                let ordered = interval.lower >= 0.0 && interval.lower <= interval.upper;
                assert!(ordered && interval.upper.is_finite(), "{method}: {interval:?}");
            }
        }
    }
    for method in MEANS {
        let Ok(interval) = fit.mean_interval(method) else { continue };
        assert!((0.0..=1.0).contains(&interval.p_value()), "{method}: p {}", interval.p_value());
        for &(lower, upper) in interval.pieces() {
            assert!(lower <= upper && lower.is_finite() && upper.is_finite(), "{method}: {lower} {upper}");
        }
    }
    use Prediction as P;
    for how in [
        P::StudentT,
        P::Normal,
        P::TauOnly,
        P::HigginsThompsonSpiegelhalter,
        P::PartlettRiley,
        P::Veroniki,
        P::KenwardRogerPartlettRiley,
    ] {
        if let Ok(prediction) = fit.prediction_by(how) {
            let (lower, upper) = prediction.interval();
            assert!(lower <= upper && lower.is_finite() && upper.is_finite(), "{how} {lower} {upper}");
        }
    }
    for kind in [Likelihood::Full, Likelihood::Restricted] {
        if let Ok(information) = fit.information(kind) {
            assert!(information.log_likelihood.is_finite());
        }
    }
    if let Ok(beyond) = fit.probability_below(Threshold::Analysis(natural.value)) {
        assert!((0.0..=1.0).contains(&beyond.predictive), "{beyond:?}");
    }
    let total: f64 = fit.weights().iter().sum();
    assert!((total - 1.0).abs() < 1e-9, "weights add up to {total}");
    assert!(!fit.to_string().contains("NaN") && !format!("{fit:#}").contains("NaN"));
    assert!(!ForestTable::from(fit).to_string().contains("NaN"));
    if fit.k() > 2 {
        for left in leave_one_out(fit).into_iter().flatten() {
            finite(&[left.estimate.value(), left.estimate.se()], "without one study");
        }
    }
}

/// A pooled analysis from start to end, and back from its own serialised form.
pub fn pool(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let measure = s.pick(&Measure::ALL);
    let inference =
        s.pick(&[Inference::Wald, Inference::StudentT, Inference::HartungKnapp, Inference::HartungKnappTruncated]);
    let method = if s.one_in(8) { Tau2::Fixed(s.number()) } else { s.pick(&Tau2::ESTIMATORS) };
    let level = if s.one_in(8) { s.number() } else { 0.95 };
    let k = s.below(8);
    let rows: Vec<(String, Effect)> = (0..k)
        .filter_map(|i| {
            let (y, v, n) = (s.number(), s.positive(), s.count());
            let effect = match s.byte() % 4 {
                0 => Effect::from_variance(measure, y, v),
                1 => Effect::from_se(measure, y, v),
                _ => Effect::from_variance_and_n(measure, y, v, n),
            };
            Some((format!("study {i}"), sound(effect)?))
        })
        .collect();
    let Ok(effects) = Effects::from_rows(rows) else { return };
    let model = RandomEffects::new(method).inference(inference).level(level);
    let weights = s.pick(&[0, 1, 2, 3]);
    let weights = match weights {
        0 => MeanWeights::InverseVariance,
        1 => MeanWeights::Equal,
        2 => MeanWeights::SampleSize,
        _ => MeanWeights::User((0..effects.len()).map(|_| s.positive()).collect()),
    };
    if let Ok(fit) = WeightedMean::new(weights).tau2(method).inference(inference).level(level).fit(&effects) {
        let (lower, upper) = fit.estimate().interval();
        finite(&[fit.estimate().value(), fit.estimate().se(), lower, upper, fit.heterogeneity().h2], "weighted mean");
        assert!(!fit.to_string().contains("NaN"));
    }
    let fits = [
        model.fit(&effects),
        CommonEffect::uwls().level(level).fit(&effects),
        CommonEffect::new().level(level).fit(&effects),
    ];
    for fit in fits.into_iter().flatten() {
        check_fit(&fit);
        let json = serde_json::to_string(&fit).expect("a result can be written");
        let again: Pooled = serde_json::from_str(&json).expect("and read");
        assert_eq!(again, fit);
    }
}

/// Rows of every kind, their measures, zero-cell policies and variances.
pub fn studies(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    while !s.is_empty() {
        any_row(s);
    }
}

/// Tables and counts pooled as counts, by classical methods and by their own likelihood.
pub fn counts(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let k = s.below(6);
    let small = |s: &mut Source<'_>| if s.one_in(32) { s.count() } else { f64::from(s.byte() % 40) };
    let mut tables = Vec::new();
    let mut proportions = Vec::new();
    for i in 0..k {
        let cells: [f64; 4] = std::array::from_fn(|_| small(s));
        if let Ok(table) = TwoByTwo::from_cells(cells[0], cells[1], cells[2], cells[3]) {
            tables.push((format!("study {i}"), table));
        }
        if let Ok(row) = Proportion::new(cells[0], cells[0] + cells[1]) {
            proportions.push((format!("study {i}"), row));
        }
    }
    let tables: Studies<TwoByTwo> = tables.into_iter().collect();
    for measure in [TableMeasure::LogOddsRatio, TableMeasure::LogRiskRatio, TableMeasure::RiskDifference] {
        if let Ok(pooled) = MantelHaenszel::new(measure).fit(&tables) {
            finite(&[pooled.estimate().value(), pooled.estimate().se(), pooled.heterogeneity().q], "Mantel-Haenszel");
            assert!(!pooled.to_string().contains("NaN"));
        }
    }
    if let Ok(pooled) = Peto::new().fit(&tables) {
        finite(&[pooled.estimate().value(), pooled.estimate().se()], "Peto");
    }
    if let Ok(exact) = ExactOddsRatio::new().fit(&tables) {
        finite(exact.odds_ratio().as_slice(), "exact odds ratio");
        finite(&[exact.fisher().lower], "exact limit");
        finite(exact.fisher().upper.as_slice(), "exact limit");
    }
    // Likelihoods cost more: one input in eight.
    let proportions: Studies<Proportion> = proportions.into_iter().collect();
    if s.one_in(8)
        && let Ok(fit) = BinomialNormal::new().fit(&proportions)
    {
        let natural = fit.natural();
        assert!((0.0..=1.0).contains(&natural.lower) && natural.lower <= natural.upper && natural.upper <= 1.0);
        assert!(!fit.to_string().contains("NaN"));
    }
}

fn converted(result: meta_analysis::Result<Converted>) -> Option<Converted> {
    let converted = result.ok()?;
    sound(Ok(converted.effect()));
    let _ = serde_json::to_string(&converted).expect("provenance can be written");
    Some(converted)
}

/// Conversions between effect sizes and recovery of what a paper left out.
pub fn conversions(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let measures = [
        Measure::LogOddsRatio,
        Measure::LogRiskRatio,
        Measure::RiskDifference,
        Measure::HedgesG,
        Measure::RawCorrelation,
        Measure::FisherZ,
        Measure::LogHazardRatio,
    ];
    let measure = s.pick(&measures);
    if let Some(effect) = sound(Effect::from_variance(measure, s.number(), s.positive())) {
        let link = s.pick(&[Link::Logistic, Link::Normal]);
        let groups = if s.one_in(2) { Groups::Equal } else { Groups::Sizes(s.count(), s.count()) };
        let to = s.pick(&[
            RiskMeasure::LogOddsRatio,
            RiskMeasure::LogRiskRatio,
            RiskMeasure::RiskDifference,
            RiskMeasure::LogHazardRatio,
        ]);
        let (baseline, level) = (s.share(), s.share());
        converted(convert::d_to_log_odds_ratio(effect, link));
        converted(convert::log_odds_ratio_to_d(effect, link));
        converted(convert::d_to_r(effect, groups));
        converted(convert::r_to_d(effect, groups));
        converted(convert::r_to_z(effect));
        converted(convert::z_to_r(effect));
        converted(convert::d_to_auc(effect));
        converted(convert::auc_to_d(effect));
        converted(convert::at_baseline_risk(effect, baseline, to));
        converted(convert::d_at_baseline_risk(effect, baseline));
        if let Ok(absolute) = AbsoluteEffect::at(effect, baseline, level) {
            let needed = absolute.number_needed(s.pick(&[Event::Desired, Event::Undesired]));
            assert!(!needed.to_string().contains("NaN"));
        }
        let _ = NumberNeeded::from_auc(effect, level);
    }
    let sign = s.pick(&[Sign::Positive, Sign::Negative]);
    converted(convert::t_to_d(s.number(), s.count(), s.count()));
    converted(convert::f_to_d(s.number(), sign, s.count(), s.count()));
    converted(convert::p_to_d(s.share(), sign, s.count(), s.count()));
    converted(convert::t_to_r(s.number(), s.count()));
    converted(convert::f_to_r(s.number(), sign, s.count()));
    converted(convert::p_to_r(s.share(), sign, s.count()));
    converted(convert::chi_squared_to_phi(s.number(), sign, s.count()));
    converted(convert::u_to_auc(s.number(), s.count(), s.count()));
    let precision = match s.byte() % 4 {
        0 => Precision::Se(s.number()),
        1 => Precision::ci95(s.number(), s.number()),
        2 => Precision::T { estimate: s.number(), t: s.number() },
        _ => Precision::P { estimate: s.number(), p: s.share() },
    };
    if let Ok(sd) = moments::sd(precision, s.count()) {
        finite(&[*sd.value()], "sd");
    }
    if let Ok(sd) = moments::common_sd(precision, s.count(), s.count()) {
        finite(&[*sd.value()], "common sd");
    }
    let table = match s.byte() % 5 {
        0 => recover::table_from_odds_ratio(s.positive(), s.count(), s.count(), s.count()),
        1 => recover::table_from_phi(s.share(), s.count(), s.count(), s.count()),
        2 => recover::table_from_chi_squared(
            s.positive(),
            sign,
            s.pick(&[Yates::Uncorrected, Yates::Corrected]),
            s.count(),
            s.count(),
            s.count(),
        ),
        3 => recover::table_from_accuracy(s.share(), s.share(), Prevalence::Diseased(s.count()), s.count()),
        _ => recover::table_from_predictive_values(s.share(), s.share(), s.count(), s.count()),
    };
    if let Ok(table) = table {
        finite(&table.value().cells(), "cells");
    }
    five_numbers(s);
}

fn five_numbers(s: &mut Source<'_>) {
    let n = s.count();
    let mut numbers: [f64; 5] = std::array::from_fn(|_| s.number());
    if !s.one_in(4) {
        numbers.sort_by(f64::total_cmp);
    }
    let [a, b, c, d, e] = numbers;
    let summary = match s.byte() % 3 {
        0 => FiveNumbers::from_range(a, c, e, n),
        1 => FiveNumbers::from_quartiles(b, c, d, n),
        _ => FiveNumbers::new(numbers, n),
    };
    let Ok(summary) = summary else { return };
    use MomentsMethod as M;
    let methods = [M::Hozo, M::Wan, M::LuoWanShi, M::LogNormal, M::QuantileEstimation, M::BoxCox, M::UnknownNonNormal];
    let method = s.pick(&methods);
    if let Ok(moments) = summary.moments(method) {
        finite(&[moments.value().mean(), moments.value().sd()], "recovered moments");
        assert!(moments.value().sd() >= 0.0);
    }
    if let Ok(recovered) = summary.bootstrap(method, Bootstrap { replicates: 3, seed: 7 }) {
        finite(&[recovered.se_mean(), recovered.se_sd()], "bootstrapped errors");
    }
}

fn read<T: Tabular + for<'de> serde::Deserialize<'de>>(text: &[u8]) {
    if let Ok(studies) = Studies::<T>::from_csv(text, &Columns::new()) {
        assert!(!studies.is_empty() || studies.dropped().is_empty());
    }
    let _ = serde_json::from_slice::<Studies<T>>(text);
}

/// Arbitrary bytes as csv, as JSON, and as names.
pub fn reading(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let kind = s.byte() % 13;
    let text = s.rest();
    match kind {
        0 => read::<Proportion>(text),
        1 => read::<Rate>(text),
        2 => read::<OneMean>(text),
        3 => read::<TwoByTwo>(text),
        4 => read::<MatchedPairs>(text),
        5 => read::<TwoRates>(text),
        6 => read::<TwoMeans>(text),
        7 => read::<StandardizedDifference>(text),
        8 => read::<PrePost>(text),
        9 => read::<Correlation>(text),
        10 => read::<PartialCorrelation>(text),
        11 => {
            read::<RSquared>(text);
            read::<Reliability>(text);
            read::<Genotypes>(text);
        }
        _ => {
            if let Ok(fit) = serde_json::from_slice::<Pooled>(text) {
                check_fit(&fit);
            }
            let _ = serde_json::from_slice::<Effects>(text);
            let _ = serde_json::from_slice::<Effect>(text);
        }
    }
    if let Ok(name) = std::str::from_utf8(text) {
        let _ = (name.parse::<Tau2>(), name.parse::<Inference>(), name.parse::<Measure>());
    }
}

/// Special functions: no panic; a probability is NaN or lies between 0 and 1.
pub fn special(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let (x, a, b) = (s.number(), s.positive(), s.positive());
    let probability =
        |p: f64, what: &str| assert!(p.is_nan() || (0.0..=1.0).contains(&p), "{what}({x}, {a}, {b}): {p}");
    probability(num::normal::cdf(x), "normal cdf");
    probability(num::normal::sf(x), "normal sf");
    probability(num::chi_squared::cdf(x, a), "chi-squared cdf");
    probability(num::chi_squared::sf(x, a), "chi-squared sf");
    probability(num::student_t::cdf(x, a), "t cdf");
    probability(num::student_t::sf(x, a), "t sf");
    probability(num::fisher_f::cdf(x, a, b), "F cdf");
    probability(num::fisher_f::sf(x, a, b), "F sf");
    probability(num::beta::regularized(a, b, x), "beta");
    probability(num::beta::regularized_upper(a, b, x), "beta upper");
    probability(num::gamma::lower_regularized(a, x), "gamma");
    probability(num::gamma::upper_regularized(a, x), "gamma upper");
    probability(num::binomial::cdf(x, a.round(), s.share()), "binomial cdf");
    probability(num::binomial::sf(x, a.round(), s.share()), "binomial sf");
    let p = s.share();
    let _ = (num::normal::quantile(p), num::chi_squared::quantile(p, a), num::student_t::quantile(p, a));
    let _ = (
        num::fisher_f::quantile(p, a, b),
        num::chi_squared::quantile_upper(p, a),
        num::student_t::quantile_upper(p, a),
    );
    let _ = (num::beta::inverse_regularized(a, b, p), num::gamma::inverse_lower_regularized(a, p));
    let _ = (num::erf::erf(x), num::erf::erfc(x), num::erf::erf_inv(x), num::erf::erfc_inv(x));
    let _ = (num::gamma::gamma(x), num::gamma::ln_gamma(x), num::gamma::digamma(x), num::gamma::trigamma(x));
    let _ = (num::gamma_ratio::half_step(a), num::beta::ln_beta(a, b), num::format::significant(x));
    let lambda: Vec<f64> = (0..s.below(6)).map(|_| s.positive()).collect();
    let _ = (num::quadratic_form::cdf(x, &lambda), num::quadratic_form::sf(x, &lambda));
    for scale in
        [Scale::Identity, Scale::Log, Scale::Logit, Scale::FisherZ, Scale::Arcsine, Scale::DoubleArcsine { n: a }]
    {
        if let Some(y) = scale.to_analysis(x) {
            assert!(y.is_finite(), "{scale:?} of {x}");
        }
        let _ = scale.slope(x);
    }
}
