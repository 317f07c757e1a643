//! Every kind of study row from bytes, and what must hold of its effects.

use super::source::Source;
use meta_analysis::study::{
    AreaUnderCurve, AreaUnderCurveMeasure, AssumedCorrelation, BinaryMeasure, ChangeMeasure, Conversion, Correlation,
    CorrelationMeasure, Genotypes, GenotypesMeasure, MatchedPairs, MeansMeasure, Moments, OneMean, OneMeanMeasure,
    PairsMeasure, PartialCorrelation, PartialCorrelationMeasure, PrePost, PrePostAssumed, Proportion,
    ProportionInterval, ProportionMeasure, RSquared, RSquaredMeasure, Rate, RateInterval, RateMeasure, Reliability,
    ReliabilityMeasure, Reported, Scope, SemipartialCorrelation, SemipartialCorrelationMeasure, Sign,
    StandardizedDifference, StandardizedMeasure, Studies, Summary, TwoByTwo, TwoMeans, TwoRates, TwoRatesMeasure,
    Uninformative, VarianceType, ZeroCells,
};
use meta_analysis::{Effect, Measure, Result};

pub const VARIANCES: [VarianceType; 14] = [
    VarianceType::Usual,
    VarianceType::LargeSample,
    VarianceType::LargeSample2,
    VarianceType::LargeSample3,
    VarianceType::Unbiased,
    VarianceType::Average,
    VarianceType::Average2,
    VarianceType::Homoscedastic,
    VarianceType::AverageHomoscedastic,
    VarianceType::Null,
    VarianceType::Stratified,
    VarianceType::CrossSectional,
    VarianceType::Maximum,
    VarianceType::RevMan,
];

/// An `Ok` effect is finite, with a variance that is not negative.
pub fn sound(effect: Result<Effect>) -> Option<Effect> {
    let effect = effect.ok()?;
    assert!(effect.y().is_finite(), "{effect:?}");
    assert!(effect.variance().is_finite() && effect.variance() >= 0.0, "{effect:?}");
    assert!(effect.se().is_finite(), "{effect:?}");
    Some(effect)
}

fn conversion<M: Copy>(s: &mut Source<'_>, measure: M) -> Conversion<M> {
    let cells = match s.byte() % 5 {
        0 => ZeroCells::none(),
        1 => ZeroCells::constant(0.5),
        2 => ZeroCells::constant(s.number()),
        3 => ZeroCells::treatment_arm(),
        _ => ZeroCells::empirical(),
    };
    let cells = cells.scope(s.pick(&[Scope::OnlyZero, Scope::IfAny, Scope::All])).double_zero(s.pick(&[
        Uninformative::Refuse,
        Uninformative::Keep,
        Uninformative::Drop,
    ]));
    let how = Conversion::new(measure).zero_cells(cells).bias_correction(s.one_in(2));
    if s.one_in(2) { how.variance(s.pick(&VARIANCES)) } else { how }
}

/// Rows of one kind, made as often as the bytes allow, converted alone and together.
fn rows<T: Summary + Clone>(s: &mut Source<'_>, measures: &[T::Measure], make: impl Fn(&mut Source<'_>) -> Result<T>)
where
    T::Measure: Copy,
{
    let measure = s.pick(measures);
    let how = conversion(s, measure);
    let mut valid = Vec::new();
    for i in 0..s.below(6) + 1 {
        if let Ok(row) = make(s) {
            sound(row.effect(&how));
            valid.push((format!("study {i}"), row));
        }
    }
    let studies: Studies<T> = valid.into_iter().collect();
    if let Ok(effects) = studies.effects(how) {
        assert!(effects.y().iter().chain(effects.v()).all(|x| x.is_finite()));
    }
}

fn moments(s: &mut Source<'_>) -> Moments {
    let (mean, spread) = (s.number(), s.positive());
    if s.one_in(4) { Moments::mean_se(mean, spread, s.count()) } else { Moments::mean_sd(mean, spread) }
}

fn sign(s: &mut Source<'_>) -> Sign {
    s.pick(&[Sign::Positive, Sign::Negative])
}

pub fn any_row(s: &mut Source<'_>) {
    use {BinaryMeasure as B, ChangeMeasure as C, MeansMeasure as M, StandardizedMeasure as D};
    match s.byte() % 17 {
        0 => {
            use ProportionMeasure as P;
            let all = [P::Raw, P::Logit, P::Log, P::Probit, P::Arcsine, P::FreemanTukey];
            rows(s, &all, |s| {
                let row = if s.one_in(4) {
                    Proportion::fractional(s.positive(), s.positive())
                } else {
                    let (x, n) = (s.count(), s.count());
                    Proportion::new(x, x + n)
                }?;
                use ProportionInterval as I;
                let method = s.pick(&[I::ClopperPearson, I::MidP, I::Wilson, I::AgrestiCoull, I::Jeffreys]);
                if let Ok(interval) = row.interval(method, s.share()) {
                    let (lower, upper) = (interval.lower, interval.upper);
                    assert!((0.0..=1.0).contains(&lower) && (lower..=1.0).contains(&upper), "{row:?} {method:?}");
                }
                Ok(row)
            });
        }
        1 => rows(s, &[RateMeasure::Raw, RateMeasure::Log, RateMeasure::SquareRoot, RateMeasure::FreemanTukey], |s| {
            let row = Rate::new(s.count(), s.positive())?;
            let method = s.pick(&[RateInterval::Garwood, RateInterval::MidP, RateInterval::Score]);
            if let Ok(interval) = row.interval(method, s.share()) {
                let (lower, upper) = (interval.lower, interval.upper);
                assert!(lower >= 0.0 && lower <= upper && upper.is_finite(), "{row:?} {interval:?}");
            }
            Ok(row)
        }),
        2 => {
            use OneMeanMeasure as O;
            rows(s, &[O::Mean, O::StandardizedMean, O::LogMean, O::LogSd, O::LogCv], |s| {
                OneMean::new(moments(s), s.count())
            });
        }
        3 => {
            let all = [
                B::LogOddsRatio,
                B::PetoLogOddsRatio,
                B::LogRiskRatio,
                B::RiskDifference,
                B::ArcsineDifference,
                B::Phi,
                B::FisherZPhi,
                B::YuleQ,
                B::YuleY,
                B::Tetrachoric,
                B::FisherZTetrachoric,
                B::ProbitDifference,
                B::OddsRatioToD,
                B::OddsRatioToDNormal,
            ];
            rows(s, &all, |s| match s.byte() % 4 {
                0 => TwoByTwo::fractional((s.positive(), s.positive()), (s.positive(), s.positive())),
                1 => TwoByTwo::new((s.count(), s.count()), (s.count(), s.count())),
                _ => TwoByTwo::from_cells(s.count(), s.count(), s.count(), s.count()),
            });
        }
        4 => {
            use PairsMeasure as P;
            let all =
                [P::RiskDifference, P::LogRiskRatio, P::LogOddsRatio, P::ConditionalLogOddsRatio, P::PetoLogOddsRatio];
            rows(s, &all, |s| MatchedPairs::new(s.count(), s.count(), s.count(), s.count()));
        }
        5 => {
            use TwoRatesMeasure as T;
            let all = [T::LogIncidenceRateRatio, T::IncidenceRateDifference, T::RootIncidenceRateDifference];
            rows(s, &all, |s| TwoRates::new((s.count(), s.positive()), (s.count(), s.positive())));
        }
        6 => {
            let all = [
                M::MeanDifference,
                M::HedgesG,
                M::SmdAverageSd,
                M::GlassDelta,
                M::GlassDeltaFirstSd,
                M::GlassDeltaHeteroscedastic,
                M::GlassDeltaHeteroscedasticFirstSd,
                M::LogRatioOfMeans,
                M::LogVariabilityRatio,
                M::LogCvRatio,
                M::PointBiserial,
                M::FisherZPointBiserial,
                M::Biserial,
                M::FisherZBiserial,
                M::DToLogOddsRatio,
                M::DToLogOddsRatioNormal,
                M::CommonLanguageNormal,
            ];
            rows(s, &all, |s| TwoMeans::new((moments(s), s.count()), (moments(s), s.count())));
        }
        7 => {
            let all = [
                D::HedgesG,
                D::PointBiserial,
                D::FisherZPointBiserial,
                D::Biserial,
                D::FisherZBiserial,
                D::DToLogOddsRatio,
                D::DToLogOddsRatioNormal,
                D::CommonLanguageNormal,
            ];
            rows(s, &all, |s| match s.byte() % 5 {
                0 => StandardizedDifference::from_d(s.number(), s.count(), s.count()),
                1 => StandardizedDifference::from_g(s.number(), s.count(), s.count()),
                2 => StandardizedDifference::from_t(s.number(), s.count(), s.count()),
                3 => StandardizedDifference::from_f(s.positive(), sign(s), s.count(), s.count()),
                _ => StandardizedDifference::from_p(s.share(), sign(s), s.count(), s.count()),
            });
        }
        8 => rows(s, &[AreaUnderCurveMeasure::CommonLanguage], |s| {
            if s.one_in(2) {
                AreaUnderCurve::new(s.share(), s.count(), s.count())
            } else {
                AreaUnderCurve::from_u(s.count(), s.count(), s.count())
            }
        }),
        9 | 10 => {
            let all = [
                C::MeanChange,
                C::StandardizedBySdBefore,
                C::StandardizedBySdBeforeHeteroscedastic,
                C::StandardizedBySdOfChange,
                C::StandardizedByPooledSd,
                C::StandardizedByPooledSdHeteroscedastic,
                C::LogRatioOfMeans,
                C::LogVariabilityRatio,
                C::LogCvRatio,
                C::CommonLanguageNormal,
            ];
            if s.one_in(2) {
                rows(s, &all, |s| {
                    let (before, after, n) = (moments(s), moments(s), s.count());
                    match s.byte() % 5 {
                        0 => PrePost::from_sd_of_change(before, after, n, s.positive()),
                        1 => PrePost::from_t(before, after, n, s.number()),
                        2 => PrePost::from_f(before, after, n, s.positive()),
                        3 => PrePost::from_p(before, after, n, s.share()),
                        _ => PrePost::new(before, after, n, s.share()),
                    }
                });
            } else {
                rows(s, &all, |s| {
                    let correlation = match s.byte() % 3 {
                        0 => AssumedCorrelation::known(s.share()),
                        1 => AssumedCorrelation::range(s.share(), s.share()),
                        _ => AssumedCorrelation::grid([s.share(), s.share(), s.share()]),
                    }?;
                    PrePostAssumed::new(moments(s), moments(s), s.count(), correlation)
                });
            }
        }
        11 => {
            let all = [CorrelationMeasure::FisherZ, CorrelationMeasure::Raw, CorrelationMeasure::Unbiased];
            rows(s, &all, |s| match s.byte() % 3 {
                0 => Correlation::from_t(s.number(), s.count()),
                1 => Correlation::from_p(s.share(), sign(s), s.count()),
                _ => Correlation::new(s.share(), s.count()),
            });
        }
        12 => rows(s, &[PartialCorrelationMeasure::Raw, PartialCorrelationMeasure::FisherZ], |s| match s.byte() % 3 {
            0 => PartialCorrelation::from_t(s.number(), s.count(), s.count()),
            1 => PartialCorrelation::from_p(s.share(), sign(s), s.count(), s.count()),
            _ => PartialCorrelation::new(s.share(), s.count(), s.count()),
        }),
        13 => rows(s, &[SemipartialCorrelationMeasure::Raw, SemipartialCorrelationMeasure::FisherZ], |s| {
            match s.byte() % 3 {
                0 => SemipartialCorrelation::from_t(s.number(), s.share(), s.count(), s.count()),
                1 => SemipartialCorrelation::from_p(s.share(), sign(s), s.share(), s.count(), s.count()),
                _ => SemipartialCorrelation::new(s.share(), s.share(), s.count()),
            }
        }),
        14 => rows(s, &[RSquaredMeasure::Raw, RSquaredMeasure::FisherZ], |s| {
            if s.one_in(2) {
                RSquared::new(s.share(), s.count(), s.count())
            } else {
                RSquared::from_f(s.positive(), s.count(), s.count())
            }
        }),
        15 => {
            use ReliabilityMeasure as R;
            rows(s, &[R::Raw, R::HakstianWhalen, R::Bonett], |s| Reliability::new(s.share(), s.count(), s.count()));
            rows(s, &[GenotypesMeasure::LogRelativeExcessHeterozygosity], |s| {
                Genotypes::new(s.count(), s.count(), s.count())
            });
        }
        _ => {
            let measure = s.pick(&Measure::ALL);
            let value = s.number();
            let reported = if s.one_in(2) { Reported::new(measure, value) } else { Reported::analysis(measure, value) };
            let reported = if s.one_in(4) { reported.people(s.count()) } else { reported };
            let reported = if s.one_in(8) { reported.asymmetry_tolerance(s.share()) } else { reported };
            sound(match s.byte() % 10 {
                0 => reported.ci95(s.number(), s.number()),
                1 => reported.ci(s.number(), s.number(), s.share()),
                2 => reported.ci_t(s.number(), s.number(), s.share(), s.number()),
                3 => reported.se_analysis(s.positive()),
                4 => reported.se_natural(s.positive()),
                5 => reported.z(s.number()),
                6 => reported.t(s.number()),
                7 => reported.f(s.number()),
                8 => reported.chi_squared(s.number()),
                _ => reported.p_t(s.share(), s.number()),
            });
        }
    }
}
