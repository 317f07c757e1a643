//! Irwin-Hall probabilities and combined p-value functions against thirty-digit truth, `tests/reference/p_value_functions.json`.

mod support;

use meta_analysis::num::irwin_hall;
use meta_analysis::{Combination, CommonEffect, Effects, MeanMethod, Measure, PValueFunction, RandomEffects, Tau2};
use support::{Comparison, effects, list, number, reference, text};

fn curve(effects: &Effects, tau2: f64, combination: Combination) -> PValueFunction {
    let fit = if tau2 > 0.0 {
        RandomEffects::new(Tau2::Fixed(tau2)).inference(meta_analysis::Inference::Wald).fit(effects)
    } else {
        CommonEffect::new().fit(effects)
    };
    fit.expect("fits").combined_p_value_function(combination).expect("a curve")
}

#[test]
fn irwin_hall_to_the_last_digits_for_any_number_of_terms() {
    let truth = reference(include_str!("reference/p_value_functions.json"));
    let mut c = Comparison::default();
    for case in list(&truth["irwin_hall"]) {
        let (n, x, p) = (case["n"].as_u64().unwrap() as u32, number(&case["x"]).unwrap(), number(&case["p"]).unwrap());
        c.relative(|| format!("n {n} x {x}"), "cdf", irwin_hall::cdf(x, n), p, 1e-13);
    }
    c.finish(205);
}

#[test]
fn combined_p_values_and_their_inverses() {
    let truth = reference(include_str!("reference/p_value_functions.json"));
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let mut c = Comparison::default();
    for case in list(&truth["cases"]) {
        let (name, method, tau2) = (text(&case["name"]), text(&case["method"]), number(&case["tau2"]).unwrap());
        let data = list(&pool["cases"]).iter().find(|d| text(&d["name"]) == name).expect("the data set");
        let effects = effects(data, Measure::Generic);
        let combination = Combination::ALL.into_iter().find(|m| m.name() == method).expect("a method");
        let curve = curve(&effects, tau2, combination);
        let what = || format!("{name} {method} {tau2}");
        // An effect far from 0 fixes its distance to mu only to the spacing of doubles.
        let largest = effects.y().iter().fold(0.0_f64, |m, y| m.max(y.abs()));
        let s = |v: &f64| (v + tau2).sqrt();
        let noise = 2e-16 * largest / effects.v().iter().map(s).fold(f64::INFINITY, f64::min);
        for point in list(&case["points"]) {
            let mu = number(&point[0]).unwrap();
            let k = effects.y().len() as f64;
            for (p, key) in [(curve.p_value_greater(mu), 1), (curve.p_value_smaller(mu), 2)] {
                let truth = number(&point[key]).unwrap();
                if truth > 1e-290 {
                    // d ln p / dz is about |z|, and the sum of all p-values enters to the power k.
                    let condition = 1.0 + k * (1.0 + (-truth.ln()).max(0.0));
                    c.close(what, "p", p, truth, truth * (condition + noise * condition * 1e13), 2e-14);
                } else {
                    c.close(what, "p", p, truth, 1e-290, 1.0);
                }
            }
        }
        let (lower, upper) = curve.interval(0.95).unwrap();
        let drawn = curve.confidence_curve(&[0.5, 0.95]).unwrap();
        assert_eq!(drawn, [curve.interval(0.5).unwrap(), (lower, upper)], "{name} {method} {tau2}");
        let size = upper - lower + largest * 1e-3;
        c.close(what, "lower", lower, number(&case["lower"]).unwrap(), size, 1e-12);
        c.close(what, "upper", upper, number(&case["upper"]).unwrap(), size, 1e-12);
        c.close(what, "median", curve.median().unwrap(), number(&case["median"]).unwrap(), size, 1e-12);
    }
    c.finish(6048);
}

#[test]
fn mirror_images() {
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    let data = list(&pool["cases"]).iter().find(|d| text(&d["name"]) == "bcg_OR").expect("the data set");
    let plain = effects(data, Measure::Generic);
    let rows = plain.y().iter().zip(plain.v()).enumerate();
    let mirrored =
        Effects::from_rows(rows.map(|(i, (y, v))| {
            (format!("{i}"), meta_analysis::Effect::from_variance(Measure::Generic, -y, *v).unwrap())
        }))
        .unwrap();
    let pairs = [
        (Combination::Edgington, Combination::Edgington),
        (Combination::Stouffer, Combination::Stouffer),
        (Combination::Fisher, Combination::Pearson),
        (Combination::Wilkinson, Combination::Tippett),
    ];
    for (one, other) in pairs {
        for mu in [-1.2, -0.6, 0.0, 0.4] {
            let (p, q) =
                (curve(&plain, 0.3, one).p_value_greater(mu), curve(&mirrored, 0.3, other).p_value_smaller(-mu));
            assert!((p - q).abs() <= 1e-13 * p, "{one} {mu}: {p} {q}");
        }
        let (a, b) = (curve(&plain, 0.3, one), curve(&mirrored, 0.3, other));
        assert!((a.asymmetry(0.95).unwrap() + b.asymmetry(0.95).unwrap()).abs() < 1e-12);
    }
}

#[test]
fn stouffer_is_the_wald_test_and_its_curve_the_wald_intervals() {
    let pool = reference(include_str!("reference/mpmath_pool.json"));
    for name in ["bcg_OR", "k2_unequal", "tiny_scale"] {
        let data = list(&pool["cases"]).iter().find(|d| text(&d["name"]) == name).expect("the data set");
        let fit = CommonEffect::new().fit(&effects(data, Measure::Generic)).unwrap();
        let (curve, wald) = (fit.combined_p_value_function(Combination::Stouffer).unwrap(), fit.p_value_function());
        let se = fit.estimate().se();
        for level in [0.5, 0.95, 0.999] {
            let ((a, b), (c, d)) = (curve.interval(level).unwrap(), wald.interval(level).unwrap());
            assert!((a - c).abs() < 1e-13 * se * 10.0 && (b - d).abs() < 1e-13 * se * 10.0, "{name} {level}");
        }
        assert!((wald.interval(0.95).unwrap().0 - fit.estimate().interval().0).abs() < 1e-14 * se * 10.0);
        assert_eq!(wald.asymmetry(0.95).unwrap(), 0.0);
        let interval = fit.mean_interval(MeanMethod::Combined(Combination::Edgington)).unwrap();
        let edgington = fit.combined_p_value_function(Combination::Edgington).unwrap();
        assert_eq!(interval.interval(), edgington.interval(0.95).unwrap());
        assert_eq!(interval.value(), edgington.median().unwrap());
        assert_eq!(interval.p_value(), edgington.p_value(0.0));
        // Two-sided: twice the smaller tail, which is 1 at the median.
        for mu in [interval.value() - 0.7 * se, interval.value(), interval.value() + 2.0 * se] {
            let (greater, smaller) = (edgington.p_value_greater(mu), edgington.p_value_smaller(mu));
            assert_eq!(edgington.p_value(mu), (2.0 * greater.min(smaller)).min(1.0));
        }
        // The p-value of the model itself, which tests/metafor.rs compares.
        let (at_zero, of_model) = (wald.p_value(0.0), fit.estimate().p_value());
        assert!((at_zero / of_model - 1.0).abs() < 1e-12, "{name}: {at_zero} {of_model}");
    }
}

#[test]
fn a_change_of_unit_by_a_power_of_two_changes_no_digit() {
    let (y, v) = ([0.11, 0.52, -0.9], [0.04, 0.09, 0.05]);
    for combination in Combination::ALL {
        let interval = |a: f64| {
            let rows = y.iter().zip(v).enumerate().map(|(i, (y, v))| {
                (format!("{i}"), meta_analysis::Effect::from_variance(Measure::Generic, y * a, v * a * a).unwrap())
            });
            let curve = curve(&Effects::from_rows(rows).unwrap(), 0.0, combination);
            let (lower, upper) = curve.interval(0.9).unwrap();
            [lower, curve.median().unwrap(), upper]
        };
        let base = interval(1.0);
        for e in [-400, -1, 17, 400] {
            let a = 2.0_f64.powi(e);
            assert_eq!(interval(a), base.map(|x| x * a), "{combination} 2^{e}");
        }
    }
}
