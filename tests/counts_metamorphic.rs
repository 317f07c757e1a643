//! What must follow for effects from counts when the data are turned round, rescaled, or enlarged.

use meta_analysis::study::{
    BinaryMeasure, Conversion, MatchedPairs, PairsMeasure, Proportion, ProportionMeasure, Rate, RateMeasure, Scope,
    Studies, Summary, TwoByTwo, TwoRates, TwoRatesMeasure, Uninformative, VarianceType, ZeroCells,
};
use meta_analysis::{Adjustment, Effect};
use proptest::prelude::*;

const PAIRS: [PairsMeasure; 5] = [
    PairsMeasure::RiskDifference,
    PairsMeasure::LogRiskRatio,
    PairsMeasure::LogOddsRatio,
    PairsMeasure::ConditionalLogOddsRatio,
    PairsMeasure::PetoLogOddsRatio,
];

fn table([a, b, c, d]: [u32; 4]) -> TwoByTwo {
    TwoByTwo::from_cells(a, b, c, d).unwrap()
}

fn effect(cells: [u32; 4], measure: BinaryMeasure) -> Effect {
    table(cells).effect(&measure.into()).unwrap()
}

/// Equal to `ulps` roundings of a number of the size of `size`.
fn same(one: f64, other: f64, size: f64) -> bool {
    (one - other).abs() <= 1e-12 * size
}

fn cell() -> impl Strategy<Value = u32> {
    prop_oneof![1u32..12, 1u32..2000, 1u32..4_000_000]
}

proptest! {
    /// The effect of the second group against the first is the opposite, as certain.
    #[test]
    fn exchanging_the_groups_turns_the_sign(a in cell(), b in cell(), c in cell(), d in cell()) {
        for measure in BinaryMeasure::ALL {
            let (one, other) = (effect([a, b, c, d], measure), effect([c, d, a, b], measure));
            let size = one.y().abs().max(1e-3 * one.se());
            prop_assert!(same(one.y(), -other.y(), size), "{measure:?} {one:?} {other:?}");
            prop_assert!(same(one.variance(), other.variance(), one.variance()), "{measure:?} {one:?} {other:?}");
        }
    }

    /// Counting the non-events turns the sign of everything but the risk ratio, which is another question then.
    #[test]
    fn exchanging_events_and_non_events_turns_the_sign(a in cell(), b in cell(), c in cell(), d in cell()) {
        for measure in BinaryMeasure::ALL.into_iter().filter(|m| *m != BinaryMeasure::LogRiskRatio) {
            let (one, other) = (effect([a, b, c, d], measure), effect([b, a, d, c], measure));
            let size = one.y().abs().max(1e-3 * one.se());
            prop_assert!(same(one.y(), -other.y(), size), "{measure:?} {one:?} {other:?}");
            prop_assert!(same(one.variance(), other.variance(), one.variance()), "{measure:?} {one:?} {other:?}");
        }
    }

    /// Measures of association do not know which variable is the group.
    #[test]
    fn association_is_symmetric_in_its_variables(a in cell(), b in cell(), c in cell(), d in cell()) {
        use BinaryMeasure::{FisherZPhi, FisherZTetrachoric, LogOddsRatio, Phi, Tetrachoric, YuleQ, YuleY};
        for measure in [Phi, FisherZPhi, YuleQ, YuleY, Tetrachoric, FisherZTetrachoric, LogOddsRatio] {
            let (one, other) = (effect([a, b, c, d], measure), effect([a, c, b, d], measure));
            prop_assert!(same(one.y(), other.y(), one.y().abs().max(1e-3 * one.se())), "{measure:?} {one:?} {other:?}");
            prop_assert!(same(one.variance(), other.variance(), one.variance()), "{measure:?} {one:?} {other:?}");
        }
    }

    /// Ten times as many people of each kind: the same effect, a tenth of the variance. (Peto's has n - 1.)
    #[test]
    fn duplication_divides_the_variance(a in 1u32..3000, b in 1u32..3000, c in 1u32..3000, d in 1u32..3000) {
        for measure in BinaryMeasure::ALL.into_iter().filter(|m| *m != BinaryMeasure::PetoLogOddsRatio) {
            let (one, ten) = (effect([a, b, c, d], measure), effect([10 * a, 10 * b, 10 * c, 10 * d], measure));
            prop_assert!(same(one.y(), ten.y(), one.y().abs().max(1e-3 * one.se())), "{measure:?} {one:?} {ten:?}");
            prop_assert!(same(0.1 * one.variance(), ten.variance(), ten.variance()), "{measure:?} {one:?} {ten:?}");
        }
        for measure in PAIRS {
            let pairs = |k: u32| MatchedPairs::new(k * a, k * b, k * c, k * d).unwrap().effect(&measure.into()).unwrap();
            let (one, ten) = (pairs(1), pairs(10));
            prop_assert!(same(one.y(), ten.y(), one.y().abs()), "{measure:?} {one:?} {ten:?}");
            prop_assert!(same(0.1 * one.variance(), ten.variance(), ten.variance()), "{measure:?} {one:?} {ten:?}");
        }
    }

    /// Coefficients of correlation stay within their range, in one direction with the odds ratio.
    #[test]
    fn coefficients_are_ordered(a in cell(), b in cell(), c in cell(), d in cell()) {
        use BinaryMeasure::{LogOddsRatio, Phi, Tetrachoric, YuleQ, YuleY};
        let [or, phi, r, q, y] = [LogOddsRatio, Phi, Tetrachoric, YuleQ, YuleY].map(|m| effect([a, b, c, d], m).y());
        for value in [phi, r, q, y] {
            prop_assert!(value.abs() <= 1.0 && value * or >= 0.0, "{or} {phi} {r} {q} {y}");
        }
        prop_assert!(phi.abs() <= y.abs() * (1.0 + 1e-12) && y.abs() <= q.abs() && phi.abs() <= r.abs() * (1.0 + 1e-12), "{or} {phi} {r} {q} {y}");
    }

    /// The variances under no effect and at the average of one study meet the usual one where the risks are equal.
    #[test]
    fn variants_meet_without_an_effect(x in 1u32..500, rest in 1u32..500, k in 1u32..20) {
        let row = table([x, rest, k * x, k * rest]);
        for measure in [BinaryMeasure::LogOddsRatio, BinaryMeasure::LogRiskRatio, BinaryMeasure::RiskDifference] {
            let v = |variance| {
                let how = Conversion::new(measure).variance(variance);
                Studies::from([("A", row)]).effects(how).unwrap().v()[0]
            };
            let usual = v(VarianceType::Usual);
            prop_assert!(same(v(VarianceType::Null), usual, usual));
            prop_assert!(same(v(VarianceType::Average), usual, usual));
        }
    }

    /// A rate per day: everything follows the unit.
    #[test]
    fn rates_follow_the_unit_of_time(x1 in 1u32..500, x2 in 1u32..500, t1 in 0.1..1e4_f64, t2 in 0.1..1e4_f64) {
        let unit: f64 = 365.25;
        let two = |u: f64, m: TwoRatesMeasure| TwoRates::new((x1, t1 * u), (x2, t2 * u)).unwrap().effect(&m.into()).unwrap();
        let one = |u: f64, m: RateMeasure| Rate::new(x1, t1 * u).unwrap().effect(&m.into()).unwrap();
        let close = |years: Effect, days: Effect, factor: f64| {
            same(years.y(), days.y() * factor, years.se()) && same(years.variance(), days.variance() * factor * factor, years.variance())
        };
        prop_assert!(close(two(1.0, TwoRatesMeasure::LogIncidenceRateRatio), two(unit, TwoRatesMeasure::LogIncidenceRateRatio), 1.0));
        prop_assert!(close(two(1.0, TwoRatesMeasure::IncidenceRateDifference), two(unit, TwoRatesMeasure::IncidenceRateDifference), unit));
        prop_assert!(close(two(1.0, TwoRatesMeasure::RootIncidenceRateDifference), two(unit, TwoRatesMeasure::RootIncidenceRateDifference), unit.sqrt()));
        prop_assert!(close(one(1.0, RateMeasure::Raw), one(unit, RateMeasure::Raw), unit));
        prop_assert!(close(one(1.0, RateMeasure::SquareRoot), one(unit, RateMeasure::SquareRoot), unit.sqrt()));
        prop_assert!(close(one(1.0, RateMeasure::FreemanTukey), one(unit, RateMeasure::FreemanTukey), unit.sqrt()));
        let (years, days) = (one(1.0, RateMeasure::Log), one(unit, RateMeasure::Log));
        prop_assert!(same(years.y(), days.y() + unit.ln(), years.y().abs().max(1.0)) && years.variance().to_bits() == days.variance().to_bits());
    }

    /// Every value goes back to what was observed, the Freeman-Tukey ones with the size that the effect carries.
    #[test]
    fn proportions_and_rates_come_back(x in 1u32..500, rest in 1u32..500, add in 0.1..2.0_f64, time in 0.1..1e4_f64) {
        use ProportionMeasure::{Arcsine, FreemanTukey, Log, Logit, Probit, Raw};
        for measure in [Raw, Logit, Log, Probit, Arcsine, FreemanTukey] {
            let policy = ZeroCells::constant(add).scope(Scope::All);
            let how = Conversion::new(measure).zero_cells(policy);
            let effect = Proportion::new(x, x + rest).unwrap().effect(&how).unwrap();
            let p = (f64::from(x) + add) / (f64::from(x + rest) + 2.0 * add);
            prop_assert!((effect.scale().to_natural(effect.y()) - p).abs() < 1e-11 * p, "{measure:?}");
        }
        for measure in [RateMeasure::Raw, RateMeasure::Log, RateMeasure::SquareRoot, RateMeasure::FreemanTukey] {
            let rate = Rate::new(x, time).unwrap();
            let effect = rate.effect(&measure.into()).unwrap();
            prop_assert!((effect.scale().to_natural(effect.y()) / rate.value() - 1.0).abs() < 1e-11, "{measure:?}");
        }
    }

    /// The other member of the pair first: the opposite. Margins and correlation give the table back.
    #[test]
    fn pairs_turn_round_and_come_back(a in 1u32..900, b in 1u32..900, c in 1u32..900, d in 1u32..900) {
        let pairs = MatchedPairs::new(a, b, c, d).unwrap();
        let turned = MatchedPairs::new(a, c, b, d).unwrap();
        for measure in PAIRS {
            let (one, other) = (pairs.effect(&measure.into()).unwrap(), turned.effect(&measure.into()).unwrap());
            prop_assert!(same(one.y(), -other.y(), one.y().abs()), "{measure:?}");
            prop_assert!(same(one.variance(), other.variance(), one.variance()), "{measure:?}");
        }
        let r = effect([a, b, c, d], BinaryMeasure::Phi).y();
        let back = MatchedPairs::from_margins(a + b, a + c, a + b + c + d, r).unwrap();
        for (one, other) in pairs.cells().into_iter().zip(back.cells()) {
            prop_assert!(same(one, other, pairs.pairs()));
        }
    }

    /// No input of counts makes a panic, or a number that is not one.
    #[test]
    fn any_counts_give_a_number_or_an_error(
        a in 0u64..1 << 52, b in 0u64..1 << 52, c in prop_oneof![Just(0u64), 0u64..1 << 52], d in 0u64..40,
        add in prop_oneof![Just(0.5), 1e-300..1e3_f64],
    ) {
        let policies = [ZeroCells::none(), ZeroCells::constant(add), ZeroCells::treatment_arm(), ZeroCells::empirical()];
        for policy in policies {
            let policy = policy.double_zero(Uninformative::Keep);
            if let Ok(row) = TwoByTwo::from_cells(a, b, c, d) {
                for measure in BinaryMeasure::ALL {
                    if let Ok(effect) = row.effect(&Conversion::new(measure).zero_cells(policy)) {
                        prop_assert!(effect.y().is_finite() && effect.variance() > 0.0 && effect.variance().is_finite(), "{measure:?} {effect:?}");
                    }
                }
            }
            if let Ok(row) = MatchedPairs::new(a, b, c, d) {
                for measure in PAIRS {
                    if let Ok(effect) = row.effect(&Conversion::new(measure).zero_cells(policy)) {
                        prop_assert!(effect.y().is_finite() && effect.variance() > 0.0, "{measure:?} {effect:?}");
                    }
                }
            }
        }
    }

    /// Rows may come in any order, also where all rows together decide.
    #[test]
    fn the_order_of_the_rows_does_not_matter(cells in prop::collection::vec((0u32..9, 1u32..40, 0u32..9, 1u32..40), 2..7)) {
        let rows: Vec<TwoByTwo> = cells.iter().map(|&(a, b, c, d)| table([a, b, c, d])).collect();
        let policy = ZeroCells::empirical().double_zero(Uninformative::Keep);
        let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(policy).variance(VarianceType::Average);
        let labelled: Studies<TwoByTwo> = rows.iter().enumerate().map(|(i, row)| (i.to_string(), *row)).collect();
        let turned: Studies<TwoByTwo> = rows.iter().enumerate().rev().map(|(i, row)| (i.to_string(), *row)).collect();
        match (labelled.effects(how), turned.effects(how)) {
            (Ok(one), Ok(other)) => {
                for (i, (y, v)) in one.y().iter().zip(one.v()).enumerate() {
                    let j = rows.len() - 1 - i;
                    prop_assert!(same(*y, other.y()[j], v.sqrt()) && same(*v, other.v()[j], *v));
                }
            }
            (one, other) => prop_assert!(one.is_err() && other.is_err()),
        }
    }
}

/// Sweeting, Sutton & Lambert 2004: with the pooled ratio of the whole studies as `Omega`, a table without events in
/// arms of different size has that odds ratio, nearly: its correction alone has it exactly.
#[test]
fn the_empirical_correction_follows_the_other_studies() {
    let whole = table([10, 90, 5, 95]);
    let empty = table([0, 200, 0, 50]);
    let how = Conversion::new(BinaryMeasure::LogOddsRatio)
        .zero_cells(ZeroCells::empirical().double_zero(Uninformative::Keep));
    let effects = Studies::from([("A", whole), ("B", empty)]).effects(how).unwrap();
    // Mantel-Haenszel of one study: 10 * 95 / (90 * 5).
    let omega = 950.0 / 450.0;
    let (first, second) = (omega / (0.25 + omega), 0.25 / (0.25 + omega));
    assert_eq!(effects.adjustments()[0], None);
    let Some(Adjustment::CountsAdded { first: k1, second: k2 }) = effects.adjustments()[1] else { panic!() };
    assert!(same(k1, first, 1.0) && same(k2, second, 1.0));
    let odds_ratio = first * (50.0 + second) / (second * (200.0 + first));
    assert!(same(effects.y()[1], odds_ratio.ln(), 1.0));
    assert!((effects.y()[1] - omega.ln()).abs() < 0.01);
    // For rates the person-time takes the place of the people, and no denominator changes: exactly the pooled ratio.
    let rates = Studies::from([
        ("A", TwoRates::new((10, 100.0), (5, 80.0)).unwrap()),
        ("B", TwoRates::new((0, 200.0), (0, 50.0)).unwrap()),
    ]);
    let how = Conversion::new(TwoRatesMeasure::LogIncidenceRateRatio)
        .zero_cells(ZeroCells::empirical().double_zero(Uninformative::Keep));
    let effects = rates.effects(how).unwrap();
    assert!(same(effects.y()[1], effects.y()[0], 1.0));
}

/// n to infinity: probit and logistic d of one table, phi and arcsine, agree in the first order of a small effect.
#[test]
fn small_effects_agree_to_first_order() {
    let (a, c) = (500_500u32, 499_500u32);
    let cells = [a, 1_000_000 - a, c, 1_000_000 - c];
    let y = |measure| effect(cells, measure).y();
    let risk = y(BinaryMeasure::RiskDifference);
    assert!((y(BinaryMeasure::LogOddsRatio) / (4.0 * risk) - 1.0).abs() < 1e-6);
    assert!((y(BinaryMeasure::Phi) / risk - 1.0).abs() < 1e-6);
    assert!((y(BinaryMeasure::ArcsineDifference) / risk - 1.0).abs() < 1e-6);
    assert!((y(BinaryMeasure::PetoLogOddsRatio) / (4.0 * risk) - 1.0).abs() < 1e-5);
    assert!((y(BinaryMeasure::Tetrachoric) / (std::f64::consts::FRAC_PI_2 * risk) - 1.0).abs() < 1e-6);
    let root = (2.0 * std::f64::consts::PI).sqrt();
    assert!((y(BinaryMeasure::ProbitDifference) / (root * risk) - 1.0).abs() < 1e-6);
}

#[test]
fn a_row_from_a_file_is_checked_again() {
    let pairs = MatchedPairs::new(1, 2, 3, 4).unwrap();
    let text = serde_json::to_string(&pairs).unwrap();
    assert_eq!(serde_json::from_str::<MatchedPairs>(&text).unwrap(), pairs);
    assert!(serde_json::from_str::<MatchedPairs>(&text.replace("2.0", "-2.0")).is_err());
    let policy = ZeroCells::empirical().scope(Scope::IfAny);
    assert_eq!(serde_json::from_str::<ZeroCells>(&serde_json::to_string(&policy).unwrap()).unwrap(), policy);
}

#[test]
fn what_a_policy_touched_is_in_the_notes_of_the_result() {
    let rows = [("A", [3, 17, 5, 15]), ("B", [0, 20, 4, 16]), ("C", [2, 18, 6, 14]), ("D", [4, 16, 0, 20])];
    let studies: Studies<TwoByTwo> = rows.into_iter().map(|(label, cells)| (label, table(cells))).collect();
    for (scope, touched) in [(Scope::OnlyZero, vec!["B", "D"]), (Scope::All, vec!["A", "B", "C", "D"])] {
        let how = Conversion::new(BinaryMeasure::LogOddsRatio).zero_cells(ZeroCells::treatment_arm().scope(scope));
        let fit = meta_analysis::CommonEffect::new().fit(&studies.effects(how).unwrap()).unwrap();
        let text: Vec<String> = fit.notes().iter().map(ToString::to_string).collect();
        let note = meta_analysis::Note::CountsAdded { studies: touched.into_iter().map(String::from).collect() };
        assert!(fit.notes().contains(&note), "{text:?}");
    }
}
