//! How many evaluations the searches over tau2 and the mean take: see `num::effort`.

use super::{FixedWeights, Likelihood, QWeights, Tau2, Workspace, generalised_q_interval};
use crate::num::effort::{at_most, mean};

/// Effects and variances of `k` studies without a pattern, the same on every machine.
fn studies(k: usize, seed: usize) -> (Vec<f64>, Vec<f64>) {
    let share = |i: usize, step: f64| ((i + 7 * seed + 1) as f64 * step).fract();
    let y = (0..k).map(|i| 2.0 * share(i, 0.618_033_988_749_894_9) - 1.0 + share(i * i, 0.414_213_562_373_095_1));
    let v = (0..k).map(|i| (4.0 * share(i, 0.732_050_807_568_877_2) - 3.0).exp());
    (y.collect(), v.collect())
}

/// The mean of a question's evaluations over sets of 3 to 30 studies.
fn of(question: impl Fn(&mut Workspace) -> bool) -> f64 {
    let mut workspace = Workspace::new();
    mean((3..=30).flat_map(|k| (0..5).map(move |seed| (k, seed))), |(k, seed)| {
        let (y, v) = studies(k, seed);
        workspace.load(&y, &v).expect("sound data");
        assert!(question(&mut workspace), "an answer for {k} studies");
    })
}

/// The same of what a fit says of itself.
fn said(method: Tau2) -> f64 {
    let sets = (3..=30).flat_map(|k| (0..5).map(move |seed| studies(k, seed)));
    let evaluations: Vec<u32> =
        sets.map(|(y, v)| super::estimate(&y, &v, method).expect("sound data").evaluations).collect();
    evaluations.iter().map(|n| f64::from(*n)).sum::<f64>() / evaluations.len() as f64
}

#[test]
fn searches_take_as_few_evaluations_as_their_starts_and_slopes_allow() {
    let weights = [1.0, 0.7, 0.2, 0.5, 0.9];
    let found = [
        ("Paule-Mandel", 5.65, said(Tau2::PauleMandel)),
        ("REML", 4.72, said(Tau2::Reml)),
        ("ML", 4.43, said(Tau2::MaximumLikelihood)),
        ("Bayes mode", 12.8, said(Tau2::BayesMode(Likelihood::Full))),
        (
            "median of generalised Q",
            354.0,
            of(|w| w.estimate(Tau2::MedianUnbiasedGeneralisedQ(FixedWeights::Equal)).is_ok()),
        ),
        ("profile, REML", 12.0, of(|w| w.profile_likelihood_set(Likelihood::Restricted, 1.92).is_ok())),
        ("profile, ML", 11.4, of(|w| w.profile_likelihood_set(Likelihood::Full, 1.92).is_ok())),
        ("profile of the mean", 91.5, of(|w| w.mean_likelihood_set(3.84, false).is_ok())),
        ("Skovgaard", 141.0, of(|w| w.skovgaard_interval(1.96).is_ok())),
        ("Henmi-Copas", 6.65, of(|w| w.henmi_copas(0.025, 0.0).is_ok())),
        (
            "generalised Q",
            1900.0,
            mean(0..5, |seed| {
                let (y, v) = studies(5, seed);
                generalised_q_interval(&y, &v, QWeights::User(&weights), 0.025, 0.025)
            }),
        ),
    ];
    at_most(&found);
}
