//! Plain columns: design matrices, weights of the user's, likelihoods of the mean, bootstraps.

use super::source::Source;
use super::targets::finite;
use meta_analysis::tau2::{
    self, ConfidenceDistribution, FixedWeights, InformationKind, QWeights, Resampling, Tau2Set, Width, Workspace,
};
use meta_analysis::{Likelihood, Tau2};
use nalgebra::DMatrix;

fn set(found: Tau2Set) {
    if let Tau2Set::Interval { lower, upper } = found {
        assert!(lower >= 0.0 && lower <= upper && upper.is_finite(), "{lower} {upper}");
    }
}

fn design(s: &mut Source<'_>, y: &[f64], v: &[f64]) {
    let p = s.below(4);
    // Now and then of the wrong height.
    let k = if s.one_in(16) { s.below(8) } else { y.len() };
    let intercept = s.one_in(2);
    let entry = |s: &mut Source<'_>| if s.one_in(8) { s.number() } else { f64::from(s.byte() % 16) };
    let mut x = DMatrix::zeros(k, p);
    for i in 0..k {
        for j in 0..p {
            x[(i, j)] = if j == 0 && intercept { 1.0 } else { entry(s) };
        }
    }
    let method = s.pick(&Tau2::ESTIMATORS);
    let fixed = [FixedWeights::InverseVariance, FixedWeights::InverseSe, FixedWeights::Equal];
    let weighted = [
        Tau2::GeneralisedQ(s.pick(&fixed)),
        Tau2::MedianUnbiasedGeneralisedQ(s.pick(&fixed)),
        Tau2::BayesMode(Likelihood::Restricted),
        Tau2::Fixed(s.number()),
    ];
    for method in [method, s.pick(&weighted)] {
        if let Ok(fit) = tau2::estimate_with_design(y, v, &x, method) {
            assert!(fit.tau2 >= 0.0 && fit.tau2.is_finite(), "{method}: {fit:?}");
            finite(fit.se.as_slice(), "se of tau2");
        }
    }
    let kind = s.pick(&[Likelihood::Full, Likelihood::Restricted]);
    let information = s.pick(&[InformationKind::Expected, InformationKind::Observed]);
    let found = tau2::standard_error_with_design(y, v, &x, s.positive(), kind, information);
    finite(found.ok().as_slice(), "se of tau2");
}

fn weights(s: &mut Source<'_>, y: &[f64], v: &[f64]) {
    let own: Vec<f64> = (0..y.len()).map(|_| s.positive()).collect();
    for weights in [QWeights::User(&own), QWeights::Equal, QWeights::InverseSe] {
        let found = [tau2::generalised_q_estimate(y, v, weights), tau2::generalised_q_median_estimate(y, v, weights)];
        for fit in found.into_iter().flatten() {
            assert!(fit.tau2 >= 0.0 && fit.tau2.is_finite(), "{fit:?}");
        }
        if let Ok(found) = tau2::generalised_q_interval(y, v, weights, s.share(), s.share()) {
            set(found);
        }
    }
}

fn mean(s: &mut Source<'_>, y: &[f64], v: &[f64]) {
    let mut workspace = Workspace::new();
    if workspace.load(y, v).is_err() {
        return;
    }
    let mu = s.number();
    if let Ok(found) = workspace.mean_likelihood_ratio(mu) {
        assert!(!format!("{found:?}").contains("NaN"), "{found:?}");
    }
    for bartlett in [false, true] {
        if let Ok((mean, pieces)) = workspace.mean_likelihood_set(s.positive(), bartlett) {
            finite(&[mean], "mean");
            for (lower, upper) in pieces {
                assert!(lower <= upper && lower.is_finite() && upper.is_finite(), "{lower} {upper}");
            }
        }
    }
    if let Ok((mean, interval)) = workspace.skovgaard_interval(s.positive()) {
        finite(&[mean], "mean");
        if let Some((lower, upper)) = interval {
            assert!(lower <= upper && lower.is_finite() && upper.is_finite(), "{lower} {upper}");
        }
    }
    if let Ok(found) = workspace.henmi_copas(s.share(), mu) {
        assert!(!format!("{found:?}").contains("NaN"), "{found:?}");
    }
    finite(workspace.tau2_at_q(s.positive()).ok().flatten().as_slice(), "tau2 at Q");
    finite(workspace.generalized_q(s.positive()).ok().as_slice(), "Q");
    finite(workspace.typical_variance().ok().flatten().as_slice(), "typical variance");
}

fn intervals(s: &mut Source<'_>, y: &[f64], v: &[f64]) {
    for width in [Width::Tau2, Width::Tau] {
        if let Ok(found) = tau2::shortest_q_profile(y, v, s.share(), width) {
            set(found);
        }
    }
    if let Ok(found) = tau2::q_profile(y, v, s.positive(), s.positive()) {
        set(found);
    }
    let resampling = s.pick(&[Resampling::Parametric, Resampling::Nonparametric]);
    let draws = (u32::from(s.byte() % 32), 7);
    let estimator = s.pick(&[Tau2::DerSimonianLaird, Tau2::Reml, Tau2::PauleMandel]);
    if let Ok(found) = tau2::bootstrap_interval(y, v, estimator, resampling, draws, (s.share(), s.share())) {
        assert!(!format!("{found:?}").contains("NaN"), "{found:?}");
    }
    if let Ok(found) = ConfidenceDistribution::new(y, v) {
        assert!((0.0..=1.0).contains(&found.at_zero()), "{}", found.at_zero());
        for &(at, share) in found.points() {
            assert!(at >= 0.0 && at.is_finite() && share.is_finite(), "{at} {share}");
        }
    }
    let grid: Vec<f64> = (0..s.below(5)).map(|_| s.number()).collect();
    if let Ok(values) = tau2::likelihood_profile(y, v, &grid, s.pick(&[Likelihood::Full, Likelihood::Restricted])) {
        finite(&values, "profile");
    }
}

/// Columns of effects and variances with a design matrix, weights, or a hypothesis about the mean.
pub fn columns(bytes: &[u8]) {
    let s = &mut Source::new(bytes);
    let k = s.below(8);
    let tame = s.one_in(2);
    let row = |s: &mut Source<'_>| {
        if tame {
            (f64::from(s.byte()) / 64.0 - 2.0, f64::from(s.byte() % 64 + 1) / 64.0)
        } else {
            (s.number(), s.positive())
        }
    };
    let (mut y, mut v): (Vec<f64>, Vec<f64>) = (0..k).map(|_| row(s)).unzip();
    if s.one_in(32) {
        y.push(1.0);
    }
    if s.one_in(32) {
        v.push(1.0);
    }
    match s.byte() % 4 {
        0 => design(s, &y, &v),
        1 => weights(s, &y, &v),
        2 => mean(s, &y, &v),
        _ => intervals(s, &y, &v),
    }
}
