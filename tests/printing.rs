//! What results print, on data whose every number follows by hand: effects 1, 2, 6 with variances of 1.
//!
//! ```text
//! mean 3, Q = 4 + 1 + 9 = 14, REML tau2 = 14/2 - 1 = 6, I2 = 6/7, p = exp(-7)
//! Hartung-Knapp: sqrt(7/3) t(2), Q-profile: 14 / chi2(2) quantiles - 1, both of which have closed forms for 2 df
//! ```

use meta_analysis::{
    Effect, Effects, Inference, Interval, Likelihood, MeanMethod, Measure, Natural, Note, Pooled, Prediction,
    QWeighting, RandomEffects, Region, Tails, Tau2, Tau2Bootstrap, Tau2Interval,
};

fn fit(measure: Measure) -> Pooled {
    let rows = [("A", 1.0), ("B", 2.0), ("C", 6.0)];
    let effects = rows.map(|(label, y)| (label, Effect::from_variance(measure, y, 1.0).unwrap()));
    RandomEffects::new(Tau2::Reml).fit(&Effects::from_rows(effects).unwrap()).unwrap()
}

#[test]
fn an_estimate_prints_on_the_analysis_scale() {
    let text = fit(Measure::MeanDifference).estimate().to_string();
    assert_eq!(text, format!("{} 3.00 [-3.57, 9.57]", Measure::MeanDifference));
}

#[test]
fn a_natural_value_prints_digits_or_decimals() {
    let natural = fit(Measure::MeanDifference).natural();
    assert_eq!(natural.to_string(), "3.00 [-3.57, 9.57]");
    assert_eq!(format!("{natural:.1}"), "3.0 [-3.6, 9.6]");
}

#[test]
fn heterogeneity_prints_every_number() {
    let fit = fit(Measure::MeanDifference);
    assert_eq!(fit.heterogeneity().to_string(), "tau2 6.00, I2 86%, Q 14.0 (df 2, p < 0.001)");
    let intervals = fit.heterogeneity_intervals().unwrap();
    assert_eq!(intervals.to_string(), "tau2 [0.898, 275], I2 [0.473, 0.996] (95%, Q-profile)");
    let wald = fit.heterogeneity_intervals_by(Tau2Interval::Wald).unwrap();
    // se = 7 by the information: 6 -+ 1.96 * 7
    assert_eq!(wald.to_string(), "tau2 [0, 19.7], I2 [0, 0.952] (95%, Wald), lower limit truncated");
}

#[test]
fn regions_print_their_pieces() {
    let [first, last] = [(0.0, 0.01), (0.2, 0.9)].map(|(lower, upper)| Interval { lower, upper });
    assert_eq!(Region::Empty.to_string(), "empty");
    assert_eq!(Region::Interval(last).to_string(), "[0.200, 0.900]");
    let union = Region::Union(vec![first, last]);
    assert_eq!(union.to_string(), "[0, 0.0100] and [0.200, 0.900]");
    assert_eq!(union.interval(), Some(Interval { lower: 0.0, upper: 0.9 }));
    for (value, inside) in [(0.0, true), (0.01, true), (0.1, false), (0.2, true), (0.9, true), (0.91, false)] {
        assert_eq!(union.contains(value), inside, "{value}");
    }
    assert!(!Region::Empty.contains(0.0));
    assert_eq!(Region::Empty.interval(), None);
}

#[test]
fn an_interval_of_the_mean_prints_its_method() {
    let interval = fit(Measure::MeanDifference).mean_interval(MeanMethod::ProfileLikelihood).unwrap();
    // Equal variances: 3 ln(1 + 3 d^2 / 14) = chi2(1) quantile, so d^2 = 14/3 (exp(3.8415/3) - 1), d = 3.4822
    assert_eq!(interval.to_string(), format!("{} 3.00 [-0.482, 6.48] (profile likelihood)", Measure::MeanDifference));
    assert_eq!(interval.pieces().len(), 1);
    assert_eq!(interval.interval(), interval.pieces()[0]);
    assert_eq!((interval.level(), interval.method()), (0.95, MeanMethod::ProfileLikelihood));
    let Natural { value, lower, upper, level, measure } = interval.natural();
    assert_eq!((value, (lower, upper)), (interval.value(), interval.interval()));
    assert_eq!((level, measure), (0.95, Measure::MeanDifference));
}

#[test]
fn methods_have_names() {
    for (method, name) in [
        (MeanMethod::ProfileLikelihood, "profile likelihood"),
        (MeanMethod::ProfileLikelihoodBartlett, "profile likelihood, Bartlett-corrected"),
        (MeanMethod::Skovgaard, "Skovgaard"),
        (MeanMethod::HenmiCopas, "Henmi-Copas"),
    ] {
        assert_eq!((method.name(), method.to_string().as_str()), (name, name));
    }
    for (method, name) in [
        (Prediction::StudentT, "t, k - 1 df"),
        (Prediction::Normal, "normal"),
        (Prediction::TauOnly, "normal, tau only"),
        (Prediction::HigginsThompsonSpiegelhalter, "Higgins-Thompson-Spiegelhalter"),
        (Prediction::PartlettRiley, "Partlett-Riley"),
    ] {
        assert_eq!((method.name(), method.to_string().as_str()), (name, name));
    }
    for (method, name) in [
        (Inference::Wald, "Wald"),
        (Inference::StudentT, "Student t"),
        (Inference::HartungKnapp, "Hartung-Knapp"),
        (Inference::HartungKnappTruncated, "truncated Hartung-Knapp"),
        (Inference::HartungKnappOrWald, "Hartung-Knapp or Wald"),
        (Inference::HartungKnappIqwig, "Hartung-Knapp by IQWiG"),
        (Inference::KenwardRoger, "Kenward-Roger"),
    ] {
        assert_eq!((method.name(), method.to_string().as_str()), (name, name));
        assert_eq!(name.to_uppercase().parse::<Inference>().unwrap(), method);
    }
    for (method, name) in [
        (Tau2Interval::QProfile(Tails::Equal), "Q-profile"),
        (Tau2Interval::QProfile(Tails::Lower(0.25)), "Q-profile (lower 0.25)"),
        (Tau2Interval::QProfile(Tails::ShortestTau), "Q-profile (shortest tau)"),
        (Tau2Interval::GeneralisedQ(QWeighting::InverseVariance, Tails::Equal), "generalised Q (1/v)"),
        (Tau2Interval::GeneralisedQ(QWeighting::Equal, Tails::Equal), "generalised Q (equal)"),
        (Tau2Interval::GeneralisedQ(QWeighting::User, Tails::Lower(0.25)), "generalised Q (user, lower 0.25)"),
        (Tau2Interval::ProfileLikelihood(Likelihood::Full), "profile likelihood (ML)"),
        (Tau2Interval::ProfileLikelihood(Likelihood::Restricted), "profile likelihood (REML)"),
        (Tau2Interval::SidikJonkman, "Sidik-Jonkman"),
        (Tau2Interval::Wald, "Wald"),
    ] {
        assert_eq!(method.to_string(), name);
    }
    let bootstrap = Tau2Bootstrap { resampling: meta_analysis::tau2::Resampling::Parametric, replicates: 999, seed: 7 };
    assert_eq!(Tau2Interval::Bootstrap(bootstrap).to_string(), "parametric bootstrap (999 replicates, seed 7)");
}

#[test]
fn notes_say_what_happened() {
    let several = |tie| Note::SeveralMaxima { others: vec![0.0, 2.5], gap: 0.125, tie }.to_string();
    let expected =
        "the likelihood has 3 local maxima; the others are at tau2 = 0, 2.50 (log-likelihood lower by 0.125)";
    assert_eq!(several(false), expected);
    assert_eq!(several(true), expected.replace("0.125)", "0.125, a tie)"));
    let zero = Note::ZeroVariance { study: "C".into() }.to_string();
    assert_eq!(zero, "C has a sampling variance of zero: taken as known exactly");
    assert!(Note::FewStudies { k: 3 }.to_string().starts_with("only 3 studies"));
}
