//! What is derived from the fits of counts, against numbers from elsewhere: `tests/reference/glmm_quantities.py`.
//!
//! Mean response with its interval, predictions, counts of a new study, Wald and profile intervals with a normal and a t quantile at several
//! levels, limits of tau2 at other levels, and likelihoods with two maxima.

mod support;

use meta_analysis::Note;
use meta_analysis::glmm::{GlmmFit, GlmmInference, PredictionUncertainty, TwoGroupFit, UnconditionalFixed};
use meta_analysis::{Interval, Natural};
use serde_json::Value;
use support::counts::{conditional, one_group, unconditional};
use support::{Comparison, list, number, numbers, reference, text};

/// Both kinds of fit answer the same questions.
trait Answers {
    fn by(&self, inference: GlmmInference, level: f64) -> Interval;
    fn tau2(&self, level: f64) -> Interval;
    fn new_study(&self, level: f64) -> Option<Natural>;
    fn se(&self) -> f64;
}

macro_rules! answers {
    ($($fit:ty),+) => {$(
        impl Answers for $fit {
            fn by(&self, inference: GlmmInference, level: f64) -> Interval {
                self.interval_by(inference, level).expect("an interval")
            }

            fn tau2(&self, level: f64) -> Interval {
                self.tau2_interval(level).expect("an interval")
            }

            fn new_study(&self, level: f64) -> Option<Natural> {
                self.prediction(level).ok()
            }

            fn se(&self) -> f64 {
                self.estimate().expect("inside").se
            }
        }
    )+};
}

answers!(GlmmFit, TwoGroupFit);

/// Wald intervals and predictions, which follow from estimate, standard error and tau2.
fn closed_forms(all: &mut Comparison, name: &str, fit: &impl Answers, row: &Value) {
    let (what, se) = (|| name.to_owned(), fit.se());
    for entry in list(&row["wald"]) {
        let [level, lower, upper, t_lower, t_upper] = numbers(entry)[..] else { panic!("five numbers") };
        let (z, t) = (fit.by(GlmmInference::Wald, level), fit.by(GlmmInference::WaldT, level));
        for (found, expected) in [(z.lower, lower), (z.upper, upper), (t.lower, t_lower), (t.upper, t_upper)] {
            // Intervals with one df are dozens of standard errors wide.
            all.close(what, "Wald's limits", found, expected, (t_upper - t_lower).max(se), 1e-10);
        }
    }
    for entry in list(&row["prediction"]) {
        let [level, lower, upper] = numbers(entry)[..] else { panic!("three numbers") };
        let found = fit.new_study(level).expect("a prediction");
        // On the natural scale an error of the exponent is multiplied by it.
        let room = |limit: f64| 1e-10 * (1.0 + limit.ln().abs());
        all.relative(what, "prediction, lower limit", found.lower, lower, room(lower));
        all.relative(what, "prediction, upper limit", found.upper, upper, room(upper));
    }
}

#[test]
fn mean_response_and_predictions_of_one_group() {
    let file = reference(include_str!("reference/glmm_quantities_derived.json"));
    let cases = reference(include_str!("reference/glmm_one_group.json"));
    let mut all = Comparison::default();
    for (case, row) in list(&cases["cases"]).iter().zip(list(&file["one"])) {
        assert_eq!(case["name"], row["name"]);
        let fit = one_group(case);
        let name = text(&case["name"]);
        let what = || name.to_owned();
        let mean = number(&row["mean"]).expect("a number");
        // Where an interval overflows there is no point value on its own either: said by name, and counted below.
        match fit.mean_response() {
            Ok(found) => all.relative(what, "mean response", found.value, mean, 1e-11),
            Err(e) => all.fail(format!("{name}: mean response {mean}: {e}")),
        }
        closed_forms(&mut all, name, &fit, row);
        let of_mean = PredictionUncertainty::OfMean;
        let found =
            if text(&case["kind"]) == "poisson" { fit.new_events(5.0, of_mean) } else { fit.new_count(10, of_mean) };
        match found {
            Ok(found) => {
                for (y, p) in numbers(&row["counts"]).into_iter().enumerate() {
                    if y < found.probabilities().len() {
                        all.relative(what, "probability of a new count", found.probability(y), p, 1e-10);
                    } else {
                        all.close(what, "beyond the list", found.probability(y), p, 1.0, 1e-12);
                    }
                }
            }
            Err(e) => assert!(e.to_string().contains("100 000 events"), "{name}: {e}"),
        }
    }
    all.finish(ONE_GROUP);
}

#[test]
fn predictions_of_two_groups() {
    let file = reference(include_str!("reference/glmm_quantities_derived.json"));
    let mut all = Comparison::default();
    let cases = reference(include_str!("reference/glmm_two_groups.json"));
    for (case, row) in list(&cases["cases"]).iter().zip(list(&file["two"])) {
        assert_eq!(case["name"], row["name"]);
        closed_forms(&mut all, &format!("{} {}", case["kind"], case["name"]), &conditional(case), row);
    }
    let cases = reference(include_str!("reference/glmm_unconditional.json"));
    for (case, row) in list(&cases["cases"]).iter().zip(list(&file["unconditional"])) {
        assert_eq!(case["name"], row["name"]);
        let fit = unconditional(case, UnconditionalFixed::new());
        closed_forms(&mut all, &format!("{} {}", case["coding"], case["name"]), &fit, row);
    }
    all.finish((52 + 46) * (3 * 4 + 3 * 2));
}

/// A limit is measured against its distance from the estimate.
fn limits(all: &mut Comparison, what: &str, kind: &str, found: Interval, expected: [f64; 2], estimate: f64) {
    for (found, expected) in [(found.lower, expected[0]), (found.upper, expected[1])] {
        all.close(|| what.to_owned(), kind, found, expected, (expected - estimate).abs(), 1e-9);
    }
}

fn profiles(all: &mut Comparison, name: &str, fit: &impl Answers, mu: f64, row: &Value) {
    for entry in list(&row["profile"]) {
        let [level, lower, upper] = numbers(entry)[..] else { panic!("three numbers") };
        let found = fit.by(GlmmInference::ProfileLikelihood, level);
        limits(all, name, "profile limits", found, [lower, upper], mu);
    }
    let [level, lower, upper] = numbers(&row["profile_t"])[..] else { panic!("three numbers") };
    let found = fit.by(GlmmInference::ProfileLikelihoodT, level);
    limits(all, name, "profile limits (t)", found, [lower, upper], mu);
    for entry in list(&row["tau2"]) {
        let [level, lower, upper] = numbers(entry)[..] else { panic!("three numbers") };
        let found = fit.tau2(level);
        for (found, expected) in [(found.lower, lower), (found.upper, upper)] {
            all.close(|| format!("{name} {level}"), "tau2 limits", found, expected, expected.max(1e-300), 1e-9);
        }
    }
}

#[test]
fn other_levels_and_t_and_the_interval_of_the_mean() {
    let file = reference(include_str!("reference/glmm_quantities_limits.json"));
    let one = reference(include_str!("reference/glmm_one_group.json"));
    let two = reference(include_str!("reference/glmm_two_groups.json"));
    let mut all = Comparison::default();
    for row in list(&file["cases"]) {
        let name = text(&row["name"]);
        let mu = |case: &Value| number(&case["mu"]).expect("a number");
        if let Some(case) = list(&one["cases"]).iter().find(|case| case["name"] == row["name"]) {
            let fit = one_group(case);
            profiles(&mut all, name, &fit, mu(case), row);
            for entry in list(&row["mean"]) {
                let [level, lower, upper] = numbers(entry)[..] else { panic!("three numbers") };
                let found = fit.mean_response_at(level).expect("inside");
                for (found, expected) in [(found.lower, lower), (found.upper, upper)] {
                    let what = || format!("{name} {level}");
                    all.relative(what, "limits of the mean response", found, expected, 1e-9);
                }
            }
        } else {
            let named = |case: &&Value| name == format!("{}: {}", text(&case["kind"]), text(&case["name"]));
            let case = list(&two["cases"]).iter().find(named).expect("a case of this name");
            profiles(&mut all, name, &conditional(case), mu(case), row);
        }
    }
    all.finish(LIMITS);
}

/// Two local maxima over tau2: the search finds both, at the right places and heights, and returns the higher one; the sets of tau2, of the mean and of
/// the mean response reach over the gap where both pieces belong to them.
#[test]
fn likelihoods_with_two_maxima() {
    let file = reference(include_str!("reference/glmm_quantities_peaks.json"));
    let (mut all, mut both) = (Comparison::default(), 0);
    for case in list(&file["cases"]) {
        let name = format!("{} {}", text(&case["kind"]), text(&case["name"]));
        let what = || name.clone();
        let fit = one_group(case);
        let record = fit.search().expect("inside");
        let peaks: Vec<Vec<f64>> = list(&case["peaks"]).iter().map(numbers).collect();
        let of = |key: &str| number(&case[key]).expect("a number");
        assert_eq!(peaks.len(), 2, "{name}");
        // Beyond the bound nothing can be better, so nothing is looked for.
        let seen: Vec<&Vec<f64>> = peaks.iter().filter(|peak| peak[1] <= record.searched_to).collect();
        assert_eq!(record.maxima.len(), seen.len(), "{name}: {record:?}");
        assert!(seen.len() == 2 || (of("tau2") <= 0.0 && record.gap.is_none()), "{name}: {record:?}");
        both += usize::from(seen.len() == 2);
        for (found, peak) in record.maxima.iter().zip(seen) {
            let [_, tau2, ll] = peak[..] else { panic!("three numbers") };
            all.close(what, "place of a maximum", found.tau2, tau2, tau2.max(1e-300), 1e-9);
            all.close(what, "its height", found.log_likelihood, ll, 1.0, 1e-10);
        }
        let (estimate, h) = (*fit.estimate().expect("inside"), *fit.heterogeneity());
        all.close(what, "mu", estimate.value, of("mu"), estimate.se, 1e-9);
        all.close(what, "tau2", h.tau2.expect("inside"), of("tau2"), of("tau2").max(1e-300), 1e-9);
        if let Some(found) = record.gap {
            all.close(what, "gap", found, (peaks[0][2] - peaks[1][2]).abs(), 1.0, 1e-10);
        }
        let lower = if of("tau2") > peaks[0][1] { peaks[0][1] } else { peaks[1][1] };
        let noted = fit.notes().iter().any(|note| match note {
            Note::SeveralMaxima { others, tie: false, .. } => (others[0] - lower).abs() <= 1e-9 * lower,
            _ => false,
        });
        assert_eq!(noted, record.gap.is_some(), "{name}: {:?}", fit.notes());
        let tau2 = h.tau2_interval.expect("inside");
        for (found, expected) in [tau2.lower, tau2.upper].into_iter().zip(numbers(&case["tau2_limits"])) {
            all.close(what, "tau2 limits", found, expected, expected.max(1e-300), 1e-9);
        }
        let expected = numbers(&case["mu_limits"]);
        let found = Interval { lower: estimate.lower, upper: estimate.upper };
        limits(&mut all, &name, "profile limits", found, [expected[0], expected[1]], of("mu"));
        let found = fit.mean_response().expect("inside");
        for (found, expected) in [found.lower, found.upper].into_iter().zip(numbers(&case["mean_limits"])) {
            all.relative(what, "limits of the mean response", found, expected, 1e-9);
        }
    }
    assert_eq!(both, BOTH_SEEN);
    all.finish(PEAKS);
}

const ONE_GROUP: usize = 1926;
const LIMITS: usize = 356;
const BOTH_SEEN: usize = 8;
const PEAKS: usize = 11 * 8 + 11 * 2 + 8 * 3;
