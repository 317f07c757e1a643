//! Counts by their own likelihood and tables by classical methods, with every option and every question.

use super::source::Source;
use super::targets::finite;
use meta_analysis::glmm::{
    BetaBinomial, BinomialNormal, Conditional, ConditionalNormal, DispersionMethod, FirthLogistic, GlmmFit,
    GlmmInference, Link, NewCount, PoissonNormal, PredictionUncertainty, RandomEffectCoding, RiskContrast,
    TwoGroupData, TwoGroupFit, UnconditionalFixed,
};
use meta_analysis::study::{
    BinaryMeasure, Conversion, Proportion, Rate, Scope, Studies, TwoByTwo, TwoRates, TwoRatesMeasure, Uninformative,
    ZeroCells,
};
use meta_analysis::tables::{
    self, CochranRates, Continuity, MantelHaenszel, MantelHaenszelVariance, PooledStrata, RateMeasure,
    SampleSizeWeights, TableMeasure,
};
use meta_analysis::{ExactOddsRatio, Interval, Natural, Peto};

const INFERENCES: [GlmmInference; 4] =
    [GlmmInference::ProfileLikelihood, GlmmInference::ProfileLikelihoodT, GlmmInference::Wald, GlmmInference::WaldT];

fn level(s: &mut Source<'_>) -> f64 {
    if s.one_in(6) { s.number() } else { f64::from(s.byte() % 8) / 100.0 + 0.9 }
}

/// A count, mostly of the size of a small study.
fn small(s: &mut Source<'_>) -> f64 {
    if s.one_in(32) { s.count() } else { f64::from(s.byte() % 40) }
}

fn ordered(interval: Interval, what: &str) {
    let Interval { lower, upper } = interval;
    assert!(lower <= upper && lower.is_finite() && upper.is_finite(), "{what}: {lower} {upper}");
}

fn natural(found: meta_analysis::Result<Natural>, what: &str) {
    let Ok(Natural { value, lower, upper, .. }) = found else { return };
    finite(&[value, lower, upper], what);
    assert!(lower <= upper, "{what}: {lower} {upper}");
}

fn one_group_fit(s: &mut Source<'_>) -> Option<GlmmFit> {
    let k = s.below(6);
    let inference = s.pick(&INFERENCES);
    let rows: Vec<(String, f64, f64)> = (0..k).map(|i| (format!("study {i}"), small(s), small(s))).collect();
    if s.one_in(4) {
        let one = |(label, x, n): (String, f64, f64)| Some((label, Rate::new(x, n).ok()?));
        let studies: Studies<Rate> = rows.into_iter().filter_map(one).collect();
        return PoissonNormal::new().inference(inference).level(level(s)).fit(&studies).ok();
    }
    let one = |(label, x, n): (String, f64, f64)| Some((label, Proportion::new(x, x + n).ok()?));
    let studies: Studies<Proportion> = rows.into_iter().filter_map(one).collect();
    let link = s.pick(&[Link::Logit, Link::Probit, Link::ComplementaryLogLog, Link::Log]);
    let model = BinomialNormal::new().link(link).inference(inference).level(level(s));
    if s.one_in(3) {
        regression(s, &model, studies.clone());
    }
    model.fit(&studies).ok()
}

fn regression(s: &mut Source<'_>, model: &BinomialNormal, studies: Studies<Proportion>) {
    let values: Vec<f64> = (0..studies.len()).map(|_| if s.one_in(6) { s.number() } else { small(s) }).collect();
    let Ok(studies) = studies.with_covariate("x", values) else { return };
    let Ok(fit) = model.regression(&studies, &["x"]) else { return };
    for c in fit.coefficients() {
        finite(&[c.value, c.se, c.lower, c.upper, c.statistic], "coefficient");
        assert!(c.lower <= c.upper && (0.0..=1.0).contains(&c.p_value), "{c:?}");
    }
    assert!(fit.tau2() >= 0.0);
    ordered(fit.tau2_interval(), "tau2");
    natural(fit.predict(&[s.number()]), "prediction of a regression");
    assert!(!fit.to_string().contains("NaN"));
}

fn new_count(s: &mut Source<'_>, found: meta_analysis::Result<NewCount>) {
    let Ok(found) = found else { return };
    let total: f64 = found.probabilities().iter().sum();
    assert!((total - 1.0).abs() < 1e-9, "probabilities add up to {total}");
    finite(&[found.mean(), found.size(), found.probability(s.below(50)), found.cdf(s.below(50))], "new count");
    let _ = found.quantile(s.share());
    if let Ok((lower, upper)) = found.interval(level(s)) {
        assert!(lower <= upper);
    }
}

/// One group per study: binomial-normal with every link, Poisson-normal, with a covariate.
pub fn one_group(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let Some(fit) = one_group_fit(s) else { return };
    natural(Ok(fit.natural()), "median response");
    let total: f64 = fit.weights().iter().sum();
    assert!((total - 1.0).abs() < 1e-9, "weights add up to {total}");
    assert!(!fit.to_string().contains("NaN") && !format!("{fit:#}").contains("NaN"));
    if let Some(e) = fit.estimate() {
        finite(&[e.value, e.se, e.lower, e.upper], "estimate");
        assert!(e.lower <= e.upper && e.se >= 0.0, "{e:?}");
    }
    if let Some(interval) = fit.heterogeneity().tau2_interval {
        ordered(interval, "tau2");
    }
    let uncertainty = s.pick(&[PredictionUncertainty::None, PredictionUncertainty::OfMean]);
    match s.byte() % 8 {
        0 => natural(fit.mean_response(), "mean response"),
        1 => natural(fit.prediction(level(s)), "prediction"),
        2 => {
            let found = fit.new_count(small(s), uncertainty);
            new_count(s, found);
        }
        3 => {
            let found = fit.new_events(small(s), uncertainty);
            new_count(s, found);
        }
        4 => {
            if let Ok(interval) = fit.interval_by(s.pick(&INFERENCES), level(s)) {
                ordered(interval, "interval by");
            }
            if let Ok(interval) = fit.tau2_interval(level(s)) {
                ordered(interval, "tau2");
            }
        }
        5 => {
            if let Ok(test) = fit.test(s.share(), s.pick(&INFERENCES)) {
                assert!(test.statistic.is_finite() && (0.0..=1.0).contains(&test.p_value), "{test:?}");
            }
            finite(fit.log_likelihood(s.number(), s.positive()).ok().as_slice(), "log-likelihood");
        }
        6 => {
            for blup in fit.blups().into_iter().flatten() {
                finite(&[blup.value, blup.se, blup.natural], "blup");
            }
        }
        _ => {
            let json = serde_json::to_string(&fit).expect("a fit can be written");
            let again: GlmmFit = serde_json::from_str(&json).expect("and read");
            assert_eq!(again, fit);
        }
    }
}

fn two_group_data(s: &mut Source<'_>) -> TwoGroupData {
    let k = s.below(5);
    let rates = s.one_in(5);
    let cells: Vec<[f64; 4]> = (0..k).map(|_| std::array::from_fn(|_| small(s))).collect();
    let labelled = cells.into_iter().enumerate().map(|(i, cells)| (format!("study {i}"), cells));
    if rates {
        let one = |(label, [a, b, c, d]): (String, [f64; 4])| Some((label, TwoRates::new((a, b), (c, d)).ok()?));
        return (&labelled.filter_map(one).collect::<Studies<TwoRates>>()).into();
    }
    let one = |(label, [a, b, c, d]): (String, [f64; 4])| Some((label, TwoByTwo::from_cells(a, b, c, d).ok()?));
    (&labelled.filter_map(one).collect::<Studies<TwoByTwo>>()).into()
}

fn two_group_fit(s: &mut Source<'_>) -> meta_analysis::Result<TwoGroupFit> {
    let data = two_group_data(s);
    let (inference, level) = (s.pick(&INFERENCES), level(s));
    match s.byte() % 8 {
        0 | 1 => ConditionalNormal::new().inference(inference).level(level).fit(data),
        2 => ConditionalNormal::new().conditional(Conditional::Approximate).inference(inference).level(level).fit(data),
        3 => ConditionalNormal::new().equal_effects().inference(inference).level(level).fit(data),
        4 => {
            let coding = s.pick(&[RandomEffectCoding::Half, RandomEffectCoding::First]);
            UnconditionalFixed::new().coding(coding).inference(inference).level(level).fit(data)
        }
        5 | 6 => {
            let contrasts = [RiskContrast::LogOddsRatio, RiskContrast::LogRiskRatio, RiskContrast::RiskDifference];
            BetaBinomial::new().contrast(s.pick(&contrasts)).inference(inference).level(level).fit(data)
        }
        _ => {
            let model = FirthLogistic::new().inference(inference).level(level);
            let method = s.pick(&[None, Some(DispersionMethod::Fletcher), Some(DispersionMethod::Pearson)]);
            method.map_or(model, |method| model.overdispersion(method)).fit(data)
        }
    }
}

/// Two groups per study: conditional, unconditional, beta-binomial and penalised models.
pub fn two_groups(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let Ok(fit) = two_group_fit(s) else { return };
    natural(Ok(fit.natural()), "effect");
    let total: f64 = fit.weights().iter().sum();
    assert!((total - 1.0).abs() < 1e-9, "weights add up to {total}");
    assert!(!fit.to_string().contains("NaN") && !format!("{fit:#}").contains("NaN"));
    if let Some(e) = fit.estimate() {
        finite(&[e.value, e.se, e.lower, e.upper], "estimate");
        assert!(e.lower <= e.upper && e.se >= 0.0, "{e:?}");
    }
    if let Some(interval) = fit.heterogeneity().and_then(|h| h.tau2_interval) {
        ordered(interval, "tau2");
    }
    if let Some(found) = fit.overdispersion() {
        finite(&[found.phi, found.statistic, found.p_value], "overdispersion");
        assert!(found.factor() >= 1.0);
    }
    if let Some(found) = fit.intraclass() {
        ordered(found.interval, "intraclass correlation");
        finite(&[found.rho, found.likelihood_ratio], "intraclass correlation");
    }
    match s.byte() % 6 {
        0 => natural(fit.prediction(level(s)), "prediction"),
        1 => {
            if let Ok(interval) = fit.interval_by(s.pick(&INFERENCES), level(s)) {
                ordered(interval, "interval by");
            }
            if let Ok(interval) = fit.tau2_interval(level(s)) {
                ordered(interval, "tau2");
            }
        }
        2 => {
            if let Ok(test) = fit.test(s.number(), s.pick(&INFERENCES)) {
                assert!(test.statistic.is_finite() && (0.0..=1.0).contains(&test.p_value), "{test:?}");
            }
        }
        3 => finite(fit.log_likelihood(s.number(), s.positive()).ok().as_slice(), "log-likelihood"),
        4 => {
            for effect in fit.blups().into_iter().flatten() {
                finite(&[effect.value, effect.se], "effect of a study");
            }
        }
        _ => {
            let json = serde_json::to_string(&fit).expect("a fit can be written");
            let again: TwoGroupFit = serde_json::from_str(&json).expect("and read");
            assert_eq!(again, fit);
        }
    }
}

fn zero_cells(s: &mut Source<'_>) -> ZeroCells {
    let policy = match s.byte() % 5 {
        0 => ZeroCells::none(),
        1 => ZeroCells::constant(0.5),
        2 => ZeroCells::constant(s.number()),
        3 => ZeroCells::treatment_arm(),
        _ => ZeroCells::empirical(),
    };
    let policy = policy.scope(s.pick(&[Scope::OnlyZero, Scope::IfAny, Scope::All]));
    policy.double_zero(s.pick(&[Uninformative::Refuse, Uninformative::Keep, Uninformative::Drop]))
}

fn pooled(found: meta_analysis::Result<PooledStrata>) {
    let Ok(found) = found else { return };
    let estimate = found.estimate();
    let (lower, upper) = estimate.interval();
    finite(&[estimate.value(), estimate.se(), lower, upper], "pooled strata");
    assert!(lower <= upper && (0.0..=1.0).contains(&estimate.p_value()), "{estimate:?}");
    natural(Ok(found.natural()), "pooled strata");
    finite(&[found.heterogeneity().q, found.heterogeneity().i2], "heterogeneity of strata");
    finite(&found.strata().iter().map(|stratum| stratum.weight).collect::<Vec<_>>(), "weights of strata");
    assert!(!found.to_string().contains("NaN"));
    let json = serde_json::to_string(&found).expect("pooled strata can be written");
    let again: PooledStrata = serde_json::from_str(&json).expect("and read");
    assert_eq!(again, found);
}

/// Tables and rates by Mantel-Haenszel, Peto, Cochran and sample sizes, with every variance and policy, and their tests.
pub fn strata(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let level = level(s);
    let variance = s.pick(&[
        MantelHaenszelVariance::RobinsBreslowGreenland,
        MantelHaenszelVariance::GreenlandRobins,
        MantelHaenszelVariance::SatoGreenlandRobins,
    ]);
    let continuity = s.pick(&[Continuity::Uncorrected, Continuity::Half]);
    let (policy, own) = (zero_cells(s), zero_cells(s));
    let sizes =
        if s.one_in(2) { SampleSizeWeights::new() } else { SampleSizeWeights::new().tau2(s.number()).student_t() };
    let measure = s.pick(&[BinaryMeasure::LogOddsRatio, BinaryMeasure::LogRiskRatio, BinaryMeasure::RiskDifference]);
    match two_group_data(s) {
        TwoGroupData::Tables(tables) => {
            for measure in [TableMeasure::LogOddsRatio, TableMeasure::LogRiskRatio, TableMeasure::RiskDifference] {
                let model = MantelHaenszel::new(measure).level(level).zero_cells(policy);
                pooled(model.own_zero_cells(own).variance(variance).fit(&tables));
            }
            pooled(Peto::new().zero_cells(policy).level(level).fit(&tables));
            pooled(sizes.level(level).fit(&tables, Conversion::new(measure).zero_cells(policy)));
            if let Ok(test) = tables::cochran_mantel_haenszel(&tables, continuity) {
                assert!(!format!("{test:?}").contains("NaN"), "{test:?}");
            }
            if let Ok(test) = tables::breslow_day(&tables) {
                assert!(!format!("{test:?}").contains("NaN"), "{test:?}");
            }
            if let Ok(limits) = tables::sato_interval(&tables, level) {
                finite(&[limits.lower], "Sato's limit");
                assert!(limits.upper.is_none_or(|upper| upper.is_finite() && limits.lower <= upper), "{limits:?}");
            }
            if let Ok(p) = tables::zelen(&tables) {
                assert!((0.0..=1.0).contains(&p), "{p}");
            }
            if let Ok(exact) = ExactOddsRatio::new().level(level).fit(&tables) {
                finite(exact.odds_ratio().as_slice(), "exact odds ratio");
                for limits in [exact.fisher(), exact.mid_p()] {
                    finite(&[limits.lower], "exact limit");
                    assert!(limits.upper.is_none_or(|upper| limits.lower <= upper), "{limits:?}");
                }
                assert!(!format!("{:?}", exact.test()).contains("NaN"));
            }
        }
        TwoGroupData::Rates(rates) => {
            for measure in [RateMeasure::LogIncidenceRateRatio, RateMeasure::IncidenceRateDifference] {
                pooled(MantelHaenszel::new(measure).level(level).variance(variance).fit(&rates));
            }
            pooled(CochranRates::new().level(level).fit(&rates));
            pooled(sizes.level(level).fit(&rates, TwoRatesMeasure::LogIncidenceRateRatio));
            if let Ok(test) = tables::cochran_mantel_haenszel(&rates, continuity) {
                assert!(!format!("{test:?}").contains("NaN"), "{test:?}");
            }
        }
        _ => {}
    }
}
