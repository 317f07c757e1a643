//! How many quantiles and likelihoods the recovery of a mean takes, counted, so that no input makes it run on.

use super::{FiveNumbers, MomentsMethod};
use crate::num::random;
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// One quantile, one likelihood or one Newton step more, on this thread.
pub(super) fn count() {
    COUNT.with(|count| count.set(count.get() + 1));
}

fn counted<T>(f: impl FnOnce() -> T) -> (u64, T) {
    COUNT.with(|count| count.set(0));
    let result = f();
    (COUNT.with(Cell::get), result)
}

/// Five numbers of a kind that papers do not print: ties, spans of up to 2^100, values equal to nine digits, bunches at
/// both ends, small whole numbers, any sample size.
fn wild(case: u64) -> Option<FiveNumbers> {
    let mut at = case * 64;
    let mut next = || {
        at += 1;
        random::uniform(20_240_518, at)
    };
    let kind = next() * 7.0;
    let span = 10.0_f64.powf(30.0 * next());
    let base = 10.0_f64.powf(200.0 * next() - 100.0);
    let mut numbers: [f64; 5] = std::array::from_fn(|_| {
        let u = next();
        match kind as u32 {
            0 => u,
            1 => span.powf(u),
            2 => span.powf(-u),
            3 => base * (1.0 + u),
            4 => 1.0 + 1e-9 * u,
            5 => (6.0 * u).floor() + 1.0,
            _ => base * span.powf(if u < 0.5 { 0.01 * u } else { 1.0 - 0.01 * u }),
        }
    });
    numbers.sort_by(f64::total_cmp);
    let [low, q1, m, q3, high] = numbers;
    let n = 10.0_f64.powf(9.0 * next()).floor().max(3.0);
    match (next() * 3.0) as u32 {
        0 => FiveNumbers::from_range(low, m, high, n),
        1 => FiveNumbers::from_quartiles(q1, m, q3, n),
        _ => FiveNumbers::new(numbers, n),
    }
    .ok()
}

#[test]
fn are_few_for_any_numbers() {
    use MomentsMethod::{BoxCox, LogNormal, QuantileEstimation, UnknownNonNormal};
    // Of 20 000 cases, the most that were seen: 0, 23, 2177, 21 547.
    let limits = [(LogNormal, 0), (BoxCox, 60), (UnknownNonNormal, 5_000), (QuantileEstimation, 40_000)];
    let mut tried = 0;
    for numbers in (0..600).filter_map(wild) {
        tried += 1;
        for (method, limit) in limits {
            let (count, moments) = counted(|| numbers.moments(method).map(|moments| *moments.value()));
            assert!(count <= limit, "{method:?} {numbers:?}: {count}");
            if let Ok(moments) = moments {
                assert!(moments.mean().is_finite() && moments.sd() > 0.0, "{method:?} {numbers:?} {moments:?}");
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

/// Numbers that took millions of evaluations, or a minute, when the likelihood of a narrow interval was a difference of
/// two probabilities and the beta distribution was fitted to the last digit.
#[test]
fn are_few_where_they_were_many() {
    let range = |low, m, high, n: f64| FiveNumbers::from_range(low, m, high, n).unwrap();
    for (numbers, method, limit) in [
        (range(11.341_411, 90.243_803, 2.411_544e12, 74.0), MomentsMethod::UnknownNonNormal, 2_000),
        (range(513.874_9, 86_325_194.6, 80_337_352_349.1, 129_683_636.0), MomentsMethod::UnknownNonNormal, 3_000),
        (range(1.947_167e-19, 1.952_383e-19, 0.056_581_58, 28.0), MomentsMethod::QuantileEstimation, 20_000),
        (
            FiveNumbers::from_quartiles(1.972_367e-17, 8.003_811e-14, 4.420_614e-5, 137).unwrap(),
            MomentsMethod::QuantileEstimation,
            20_000,
        ),
    ] {
        let (count, _) = counted(|| numbers.moments(method));
        assert!(count <= limit, "{method:?} {numbers:?}: {count}");
    }
}
