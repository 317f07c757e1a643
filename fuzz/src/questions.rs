//! Everything that a pooled result can be asked, with any level, threshold and method.

use super::source::Source;
use super::study_rows::sound;
use super::targets::finite;
use meta_analysis::tau2::Resampling;
use meta_analysis::{
    Batch, Combination, CommonEffect, Convention, Effect, Effects, ExactMean, Inference, Interval, Likelihood,
    MeanMethod, MeanWeights, Measure, NewStudy, Permutation, Pooled, Posterior, Prediction, PredictionInterval, Prior,
    QWeighting, RandomEffects, Region, Side, Tails, Tau2, Tau2Bootstrap, Tau2Interval, TauPrior, Threshold,
    WeightedMean, WeightedPooled,
};

const INFERENCES: [Inference; 7] = [
    Inference::Wald,
    Inference::StudentT,
    Inference::HartungKnapp,
    Inference::HartungKnappTruncated,
    Inference::HartungKnappOrWald,
    Inference::HartungKnappIqwig,
    Inference::KenwardRoger,
];

/// Mostly a level that can be, sometimes any number.
fn level(s: &mut Source<'_>) -> f64 {
    match s.byte() % 8 {
        0 => s.number(),
        1..=4 => 0.95,
        _ => s.share(),
    }
}

fn effects(s: &mut Source<'_>, most: usize) -> Option<Effects> {
    let measure = s.pick(&Measure::ALL);
    let k = s.below(most + 1);
    let tame = s.one_in(2);
    let row = |i: usize, s: &mut Source<'_>| {
        let (y, v) = if tame {
            (f64::from(s.byte()) / 64.0 - 2.0, f64::from(s.byte() % 64 + 1) / 64.0)
        } else {
            (s.number(), s.positive())
        };
        let effect = if s.one_in(3) {
            Effect::from_variance_and_n(measure, y, v, s.count())
        } else {
            Effect::from_variance(measure, y, v)
        };
        Some((format!("study {i}"), sound(effect)?))
    };
    let rows: Vec<(String, Effect)> = (0..k).filter_map(|i| row(i, s)).collect();
    Effects::from_rows(rows).ok()
}

fn ordered((lower, upper): (f64, f64), what: &str) {
    assert!(lower <= upper && lower.is_finite() && upper.is_finite(), "{what}: {lower} {upper}");
}

fn probability(p: f64, what: &str) {
    assert!((0.0..=1.0).contains(&p), "{what}: {p}");
}

fn threshold(s: &mut Source<'_>) -> Threshold {
    if s.one_in(2) { Threshold::Analysis(s.number()) } else { Threshold::Natural(s.number()) }
}

fn tails(s: &mut Source<'_>) -> Tails {
    match s.byte() % 4 {
        0 => Tails::Equal,
        1 => Tails::Lower(s.share()),
        2 => Tails::Shortest,
        _ => Tails::ShortestTau,
    }
}

fn bootstrap(s: &mut Source<'_>) -> Tau2Bootstrap {
    let resampling = s.pick(&[Resampling::Parametric, Resampling::Nonparametric]);
    Tau2Bootstrap { resampling, replicates: u32::from(s.byte() % 32), seed: u64::from(s.byte()) }
}

fn tau2_interval(s: &mut Source<'_>) -> Tau2Interval {
    let weighting = s.pick(&[QWeighting::InverseVariance, QWeighting::InverseSe, QWeighting::Equal, QWeighting::User]);
    match s.byte() % 7 {
        0 | 1 => Tau2Interval::QProfile(tails(s)),
        2 => Tau2Interval::GeneralisedQ(weighting, tails(s)),
        3 => Tau2Interval::ProfileLikelihood(s.pick(&[Likelihood::Full, Likelihood::Restricted])),
        4 => Tau2Interval::SidikJonkman,
        5 => Tau2Interval::Bootstrap(bootstrap(s)),
        _ => Tau2Interval::Wald,
    }
}

fn prior(s: &mut Source<'_>) -> Prior {
    let scale = if s.one_in(4) { s.number() } else { f64::from(s.byte() % 32 + 1) / 16.0 };
    let prior = Prior::new(match s.byte() % 5 {
        0 => TauPrior::HalfNormal { scale },
        1 => TauPrior::HalfCauchy { scale },
        2 => TauPrior::LogNormalTau2 { mean: s.number(), sd: scale },
        3 => TauPrior::Uniform,
        _ => TauPrior::Jeffreys,
    });
    if s.one_in(4) { prior.mean(s.number(), s.positive()) } else { prior }
}

fn prediction(s: &mut Source<'_>) -> Prediction {
    use Prediction as P;
    match s.byte() % 12 {
        0 => P::StudentT,
        1 => P::Normal,
        2 => P::TauOnly,
        3 => P::HigginsThompsonSpiegelhalter,
        4 => P::PartlettRiley,
        5 => P::Veroniki,
        6 | 7 => P::HartungKnapp,
        8 => P::KenwardRoger,
        9 => P::KenwardRogerPartlettRiley,
        10 => P::NagashimaNomaFurukawa,
        _ => P::Bayesian(prior(s)),
    }
}

fn predicted(found: meta_analysis::Result<PredictionInterval>) {
    let Ok(found) = found else { return };
    ordered(found.interval(), "prediction");
    let natural = found.natural();
    finite(&[natural.value, natural.lower, natural.upper], "prediction on the natural scale");
}

fn regions<'a>(all: impl IntoIterator<Item = &'a Region>) {
    for region in all {
        for &Interval { lower, upper } in region.pieces() {
            assert!(lower >= 0.0, "{region:?}");
            ordered((lower, upper), "heterogeneity");
        }
    }
}

fn fitted(s: &mut Source<'_>, effects: &Effects) -> Option<Pooled> {
    let method = match s.byte() % 4 {
        0 => Tau2::Fixed(s.number()),
        1 => Tau2::DerSimonianLaird,
        _ => s.pick(&Tau2::ESTIMATORS),
    };
    let inference = s.pick(&INFERENCES);
    match s.byte() % 6 {
        0 => CommonEffect::new().inference(inference).level(level(s)).fit(effects),
        1 => CommonEffect::uwls().level(level(s)).fit(effects),
        2 => s.pick(&Convention::ALL).random_effects().fit(effects),
        3 => s.pick(&Convention::ALL).common_effect().fit(effects),
        _ => {
            let model = RandomEffects::new(method).inference(inference);
            model.prediction(prediction(s)).level(level(s)).fit(effects)
        }
    }
    .ok()
}

/// What a result says of mean, heterogeneity and new studies by every method, level and threshold.
pub fn questions(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let Some(effects) = effects(s, 6) else { return };
    let Some(fit) = fitted(s, &effects) else { return };
    for _ in 0..3 {
        ask(s, &fit);
    }
    if let Ok(fewer) = effects.select(&[s.below(8), s.below(8)])
        && let Ok(again) = fit.refit(&fewer)
    {
        finite(&[again.estimate().value(), again.estimate().se()], "refitted");
    }
}

fn ask(s: &mut Source<'_>, fit: &Pooled) {
    match s.byte() % 12 {
        0 => {
            if let Ok(estimate) = fit.estimate_by(s.pick(&INFERENCES)) {
                finite(&[estimate.value(), estimate.se(), estimate.statistic()], "estimate");
                probability(estimate.p_value(), "p");
                ordered(estimate.interval(), "estimate");
            }
        }
        1 => p_values(s, fit),
        2 => predicted(fit.prediction_by(prediction(s))),
        3 => {
            let study = if s.one_in(2) { NewStudy::true_effect() } else { NewStudy::observed(s.positive()) };
            let study = study.method(prediction(s)).level(level(s));
            predicted(fit.prediction_for(study));
            finite(fit.prediction_bound(study, s.pick(&[Side::Lower, Side::Upper])).ok().as_slice(), "bound");
        }
        4 => {
            if let Ok(found) = fit.heterogeneity_intervals_by_at(tau2_interval(s), level(s)) {
                regions([&found.tau2, &found.tau, &found.i2, &found.h2]);
            }
        }
        5 => {
            let weights: Vec<f64> = (0..fit.k()).map(|_| s.positive()).collect();
            if let Ok(found) = fit.heterogeneity_intervals_with_weights(&weights, tails(s), level(s)) {
                regions([&found.tau2, &found.tau, &found.i2, &found.h2]);
            }
        }
        6 => {
            let side = s.pick(&[Side::Lower, Side::Upper]);
            if let Ok(Some(bound)) = fit.heterogeneity_bound(tau2_interval(s), side, level(s)) {
                finite(&[bound.tau2, bound.tau, bound.i2, bound.h2], "bound");
                assert!(bound.tau2 >= 0.0, "{bound:?}");
            }
        }
        7 => {
            if let Ok(found) = fit.test_based_intervals(level(s)) {
                for interval in [found.h, found.h2, found.i2] {
                    ordered((interval.lower, interval.upper), "test-based");
                }
            }
            if let Ok(share) = fit.average_share(level(s)) {
                assert!(!format!("{share:?}").contains("NaN"), "{share:?}");
            }
            finite(fit.diamond_ratio().ok().as_slice(), "diamond ratio");
            finite(&[s.pick(&Convention::ALL).i2(fit)], "I2 by convention");
        }
        8 => {
            let (at, options) = (threshold(s), bootstrap(s));
            let found = match s.byte() % 4 {
                0 => fit.probability_above(at),
                1 => fit.probability_below(at),
                2 => fit.probability_above_by_bootstrap(at, options),
                _ => fit.probability_below_by_bootstrap(at, options),
            };
            if let Ok(found) = found {
                probability(found.predictive, "beyond");
                assert!(!format!("{found:?}").contains("NaN"), "{found:?}");
            }
        }
        9 => {
            let options = Permutation { draws: u32::from(s.byte() % 32), seed: 5 };
            if let Ok(test) = fit.permutation_test(s.number(), options) {
                probability(test.p_value, "permutation");
                assert!(!format!("{test:?}").contains("NaN"), "{test:?}");
            }
        }
        _ => {
            let method = match s.byte() % 8 {
                0 => MeanMethod::ProfileLikelihood,
                1 => MeanMethod::ProfileLikelihoodBartlett,
                2 => MeanMethod::Skovgaard,
                3 => MeanMethod::HenmiCopas,
                4 => MeanMethod::Permutation(Permutation { draws: u32::from(s.byte() % 32), seed: 1 }),
                5 => {
                    let weight = s.one_in(2).then(|| s.number());
                    MeanMethod::Exact(ExactMean { weight, draws: u32::from(s.byte() % 48), seed: 1 })
                }
                _ => MeanMethod::Combined(s.pick(&Combination::ALL)),
            };
            if let Ok(found) = fit.mean_interval_at(method, level(s)) {
                probability(found.p_value(), "mean interval");
                found.pieces().iter().for_each(|&piece| ordered(piece, "mean interval"));
            }
        }
    }
}

fn p_values(s: &mut Source<'_>, fit: &Pooled) {
    let function = if s.one_in(3) {
        fit.p_value_function()
    } else {
        let Ok(function) = fit.combined_p_value_function(s.pick(&Combination::ALL)) else { return };
        function
    };
    for _ in 0..3 {
        let mu = s.number();
        if mu.is_finite() {
            probability(function.p_value(mu), "p");
            probability(function.p_value_greater(mu), "p, greater");
            probability(function.p_value_smaller(mu), "p, smaller");
        } else {
            let _ = (function.p_value(mu), function.p_value_greater(mu), function.p_value_smaller(mu));
        }
    }
    finite(function.median().ok().as_slice(), "median");
    let levels = [level(s), level(s)];
    if let Ok(interval) = function.interval(levels[0]) {
        ordered(interval, "p-value function");
    }
    if let Ok(curve) = function.confidence_curve(&levels) {
        curve.into_iter().for_each(|piece| ordered(piece, "confidence curve"));
    }
    finite(function.asymmetry(levels[1]).ok().as_slice(), "asymmetry");
    if let Ok(natural) = function.natural(levels[0]) {
        finite(&[natural.value, natural.lower, natural.upper], "natural scale");
    }
}

fn check_posterior(s: &mut Source<'_>, posterior: &Posterior) {
    finite(posterior.mean().as_slice(), "posterior mean");
    finite(posterior.sd().as_slice(), "posterior sd");
    finite(&[posterior.median()], "posterior median");
    ordered(posterior.interval(), "posterior of the mean");
    ordered(posterior.prediction().interval(), "posterior prediction");
    let (tau, natural) = (posterior.tau(), posterior.natural());
    finite(&[natural.value, natural.lower, natural.upper, tau.median], "posterior");
    finite(tau.mean.as_slice(), "posterior mean of tau");
    ordered(tau.interval, "posterior of tau");
    assert!(tau.interval.0 >= 0.0 && tau.median >= 0.0);
    finite(posterior.ln_marginal_likelihood().as_slice(), "marginal likelihood");
    let at = threshold(s);
    let asked = [posterior.mean_above(at), posterior.mean_below(at), posterior.new_above(at), posterior.new_below(at)];
    for found in asked.into_iter().flatten() {
        probability(found, "posterior probability");
    }
    assert!(!posterior.to_string().contains("NaN"));
    let json = serde_json::to_string(posterior).expect("a posterior can be written");
    let again: Posterior = serde_json::from_str(&json).expect("and read");
    assert_eq!(&again, posterior);
}

/// The posterior under every kind of prior.
pub fn bayesian(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let Some(effects) = effects(s, 6) else { return };
    let fit = if s.one_in(2) {
        RandomEffects::new(s.pick(&[Tau2::DerSimonianLaird, Tau2::Reml])).fit(&effects)
    } else {
        CommonEffect::new().fit(&effects)
    };
    let Ok(fit) = fit else { return };
    let prior = prior(s);
    if let Ok(posterior) = if s.one_in(4) { fit.bayesian_at(prior, level(s)) } else { fit.bayesian(prior) } {
        check_posterior(s, &posterior);
    }
}

/// Means by weights of the user's, and many analyses at once by the models of one.
pub fn means(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    if s.one_in(2) {
        return many(s);
    }
    let Some(effects) = effects(s, 8) else { return };
    let weights = match s.byte() % 4 {
        0 => MeanWeights::InverseVariance,
        1 => MeanWeights::Equal,
        2 => MeanWeights::SampleSize,
        _ => MeanWeights::User((0..effects.len()).map(|_| s.positive()).collect()),
    };
    let model = if s.one_in(4) { WeightedMean::ivhet() } else { WeightedMean::new(weights) };
    let model = model.tau2(s.pick(&Tau2::ESTIMATORS)).inference(s.pick(&INFERENCES)).level(level(s));
    let Ok(fit) = model.fit(&effects) else { return };
    finite(&[fit.estimate().value(), fit.estimate().se()], "weighted mean");
    ordered(fit.estimate().interval(), "weighted mean");
    let total: f64 = fit.weights().iter().sum();
    assert!((total - 1.0).abs() < 1e-9, "weights add up to {total}");
    predicted(fit.prediction_by(prediction(s)));
    let json = serde_json::to_string(&fit).expect("a weighted mean can be written");
    let again: WeightedPooled = serde_json::from_str(&json).expect("and read");
    assert_eq!(again, fit);
}

fn many(s: &mut Source<'_>) {
    let measure = s.pick(&Measure::ALL);
    let mut offsets = vec![0_usize];
    for _ in 0..s.below(5) {
        let last = offsets.last().copied().unwrap_or(0);
        offsets.push(if s.one_in(16) { s.below(8) } else { last + s.below(5) });
    }
    let length = offsets.last().copied().unwrap_or(0) + usize::from(s.one_in(16));
    let (y, v): (Vec<f64>, Vec<f64>) = (0..length).map(|_| (s.number(), s.positive())).unzip();
    let Ok(batch) = Batch::new(measure, &y, &v, &offsets) else { return };
    let model = RandomEffects::new(s.pick(&Tau2::ESTIMATORS)).inference(s.pick(&INFERENCES)).level(level(s));
    for fits in [model.fit_batch(&batch), CommonEffect::new().fit_batch(&batch)] {
        assert_eq!(fits.len(), batch.len());
        for estimate in fits.into_iter().flatten() {
            finite(&[estimate.value(), estimate.se()], "batch");
            ordered(estimate.interval(), "batch");
        }
    }
}
