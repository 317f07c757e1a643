//! The slow obvious version: matrix algebra with dense k x k matrices, against the scalar sums of the crate.

use meta_analysis::{Effect, Effects, Inference, Likelihood, Measure, RandomEffects, Tau2};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

struct Direct {
    y: DVector<f64>,
    v: DVector<f64>,
}

impl Direct {
    fn weights(&self, tau2: f64) -> DMatrix<f64> {
        DMatrix::from_diagonal(&self.v.map(|v| 1.0 / (v + tau2)))
    }

    /// P = W - W X (X'WX)^-1 X'W with X a column of ones.
    fn p(&self, tau2: f64) -> DMatrix<f64> {
        let (w, x) = (self.weights(tau2), DMatrix::from_element(self.y.len(), 1, 1.0));
        let inner = (x.transpose() * &w * &x).try_inverse().expect("positive");
        &w - &w * &x * inner * x.transpose() * &w
    }

    fn q(&self, tau2: f64) -> f64 {
        (self.y.transpose() * self.p(tau2) * &self.y)[0]
    }

    fn k(&self) -> f64 {
        self.y.len() as f64
    }

    fn restricted(&self, tau2: f64) -> f64 {
        let ln_2pi = (2.0 * std::f64::consts::PI).ln();
        let logs: f64 = self.v.iter().map(|v| (v + tau2).ln()).sum();
        let xwx = self.weights(tau2).trace();
        -0.5 * ((self.k() - 1.0) * ln_2pi - self.k().ln() + logs + xwx.ln() + self.q(tau2))
    }

    fn full(&self, tau2: f64) -> f64 {
        let ln_2pi = (2.0 * std::f64::consts::PI).ln();
        let logs: f64 = self.v.iter().map(|v| (v + tau2).ln()).sum();
        -0.5 * (self.k() * ln_2pi + logs + self.q(tau2))
    }

    fn dersimonian_laird(&self) -> f64 {
        ((self.q(0.0) - (self.k() - 1.0)) / self.p(0.0).trace()).max(0.0)
    }

    fn hedges(&self) -> f64 {
        let centre = DMatrix::identity(self.y.len(), self.y.len())
            - DMatrix::from_element(self.y.len(), self.y.len(), 1.0 / self.k());
        let rss = (self.y.transpose() * &centre * &self.y)[0];
        let trace = (centre * DMatrix::from_diagonal(&self.v)).trace();
        ((rss - trace) / (self.k() - 1.0)).max(0.0)
    }

    /// Highest point of a likelihood on a fine grid, geometric in tau2 + smallest v.
    fn highest(&self, likelihood: impl Fn(f64) -> f64) -> f64 {
        let c = self.v.min();
        let top = self.y.map(|y| (y - self.y.mean()).powi(2)).sum() + c;
        let grid = (0..=400).map(|i| c * (top / c).powf(f64::from(i) / 400.0) - c);
        grid.map(|tau2| likelihood(tau2.max(0.0))).fold(f64::NEG_INFINITY, f64::max)
    }
}

fn studies() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((-3.0..3.0_f64, -4.0..2.0_f64), 2..12)
        .prop_map(|rows| rows.into_iter().map(|(y, ln_v)| (y, ln_v.exp())).collect())
}

fn both(rows: &[(f64, f64)]) -> (Effects, Direct) {
    let effects = Effects::from_rows(
        rows.iter()
            .enumerate()
            .map(|(i, &(y, v))| (i.to_string(), Effect::from_variance(Measure::Generic, y, v).unwrap())),
    );
    let y = DVector::from_iterator(rows.len(), rows.iter().map(|r| r.0));
    let v = DVector::from_iterator(rows.len(), rows.iter().map(|r| r.1));
    (effects.unwrap(), Direct { y, v })
}

fn near(a: f64, b: f64, size: f64) -> bool {
    approx::abs_diff_eq!(a, b, epsilon = 1e-10 * size)
}

proptest! {
    #[test]
    fn moment_estimators_agree_with_matrices(rows in studies()) {
        let (effects, direct) = both(&rows);
        for (tau2, truth) in [
            (Tau2::DerSimonianLaird, direct.dersimonian_laird()),
            (Tau2::Hedges, direct.hedges()),
            (Tau2::HunterSchmidt, ((direct.q(0.0) - direct.k()) / direct.weights(0.0).trace()).max(0.0)),
        ] {
            let fit = RandomEffects::new(tau2).inference(Inference::Wald).fit(&effects).unwrap();
            prop_assert!(near(fit.solution().tau2, truth, truth + direct.v.max()), "{tau2} {} {truth}", fit.solution().tau2);
        }
    }

    #[test]
    fn paule_mandel_solves_its_equation(rows in studies()) {
        let (effects, direct) = both(&rows);
        let fit = RandomEffects::new(Tau2::PauleMandel).inference(Inference::Wald).fit(&effects).unwrap();
        let (tau2, df) = (fit.solution().tau2, direct.k() - 1.0);
        if tau2 > 0.0 {
            prop_assert!(near(direct.q(tau2), df, df));
        } else {
            prop_assert!(direct.q(0.0) <= df * (1.0 + 1e-10));
        }
    }

    #[test]
    fn likelihood_estimates_are_not_beaten_on_a_grid(rows in studies()) {
        let (effects, direct) = both(&rows);
        let restricted = RandomEffects::new(Tau2::Reml).inference(Inference::Wald).fit(&effects).unwrap();
        let full = RandomEffects::new(Tau2::MaximumLikelihood).inference(Inference::Wald).fit(&effects).unwrap();
        for (fit, likelihood, best, here) in [
            (&restricted, Likelihood::Restricted, direct.highest(|t| direct.restricted(t)), direct.restricted(restricted.solution().tau2)),
            (&full, Likelihood::Full, direct.highest(|t| direct.full(t)), direct.full(full.solution().tau2)),
        ] {
            let ours = fit.information(likelihood).unwrap().log_likelihood;
            prop_assert!(near(ours, here, 1.0 + here.abs()), "{ours} {here}");
            prop_assert!(ours >= best - 1e-9 * (1.0 + best.abs()), "{ours} {best}");
        }
    }

    #[test]
    fn mean_and_standard_errors_agree_with_matrices(rows in studies()) {
        let (effects, direct) = both(&rows);
        let fit = RandomEffects::new(Tau2::Reml).inference(Inference::HartungKnappTruncated).fit(&effects).unwrap();
        let tau2 = fit.solution().tau2;
        let w = direct.weights(tau2);
        let total = w.trace();
        let mu = (&w * &direct.y).sum() / total;
        let q = (direct.q(tau2) / (direct.k() - 1.0)).max(1.0);
        prop_assert!(near(fit.solution().mu, mu, 3.0));
        prop_assert!(near(fit.estimate().se(), (q / total).sqrt(), (q / total).sqrt()));
        for (weight, w) in fit.weights().into_iter().zip(w.diagonal().iter()) {
            prop_assert!(near(weight, w / total, 1.0));
        }
    }
}
