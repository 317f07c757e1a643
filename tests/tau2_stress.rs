//! Many hard likelihoods from one seed: variances up to 90 orders of magnitude apart, units from 1e-50 to 1e50, ties, equal effects,
//! outliers, hierarchies of variances that make many maxima.
//!
//! `TAU2_STRESS_FITS=2000000 cargo test --release --test tau2_stress -- --nocapture` runs more.

use meta_analysis::tau2::{Likelihood, LocalMaximum, Tau2, Workspace};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (self.uniform(1e-300, 1.0), self.uniform(0.0, core::f64::consts::TAU));
        (-2.0 * a.ln()).sqrt() * b.cos()
    }

    fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    fn log_uniform(&mut self, decades: f64) -> f64 {
        10.0_f64.powf(self.uniform(-decades, 0.0))
    }
}

fn rounded(x: f64, digits: i32) -> f64 {
    let unit = 10.0_f64.powi(digits);
    (x * unit).round() / unit
}

/// One data set of one of the families.
fn studies(random: &mut Random) -> (Vec<f64>, Vec<f64>) {
    let sizes = if random.below(10) == 0 { 39 } else { 11 };
    let k = 2 + random.below(sizes) as usize;
    let decades = [1.0, 3.0, 8.0, 25.0, 89.0][random.below(5) as usize];
    let tau = random.uniform(0.0, 1.0) * random.log_uniform(3.0);
    let family = random.below(7);
    let mut v: Vec<f64> = (0..k).map(|_| random.log_uniform(decades)).collect();
    if family == 0 {
        // A hierarchy: each study less precise than the last by about the same factor.
        let step = random.uniform(0.5, 80.0 / k as f64);
        v = (0..k).map(|i| 10.0_f64.powf(-step * i as f64)).collect();
    }
    let mut y: Vec<f64> = v.iter().map(|v| (v + tau * tau).sqrt() * random.normal()).collect();
    match family {
        0 => {
            let size = random.uniform(1.0, 8.0);
            y = v.iter().map(|v| size * v.sqrt() * random.normal()).collect();
        }
        1 => {
            // Gross outliers among the imprecise.
            let size = random.uniform(2.0, 30.0);
            for (y, v) in y.iter_mut().zip(&v).filter(|(_, v)| **v > 0.1) {
                *y += size * v.sqrt();
            }
        }
        2 => {
            // Printed with few digits, so ties.
            y.iter_mut().for_each(|y| *y = rounded(*y, 1));
            v.iter_mut().for_each(|v| *v = rounded(*v, 2).max(0.01));
        }
        3 => y.fill(random.normal()),
        4 => v.fill(random.log_uniform(decades)),
        _ => {}
    }
    let unit = 10.0_f64.powf(random.uniform(-50.0, 50.0));
    y.iter_mut().for_each(|y| *y *= unit);
    v.iter_mut().for_each(|v| *v *= unit * unit);
    (y, v)
}

const LIKELIHOODS: [(Tau2, Likelihood); 2] =
    [(Tau2::MaximumLikelihood, Likelihood::Full), (Tau2::Reml, Likelihood::Restricted)];

#[derive(Default, Debug)]
struct Seen {
    fits: u64,
    multimodal: u64,
    grid_maxima: u64,
    ties: u64,
    boundary: u64,
    evaluations: u64,
    most_evaluations: u32,
    most_maxima: usize,
    largest_residual: f64,
    largest_permutation_error: f64,
    largest_excess: f64,
}

#[test]
fn hard_likelihoods_from_a_seed() {
    let fits: u64 = std::env::var("TAU2_STRESS_FITS").map_or(50_000, |fits| fits.parse().expect("a number"));
    let mut random = Random(20_240_607);
    let (mut workspace, mut other) = (Workspace::new(), Workspace::new());
    let mut seen = Seen::default();
    while seen.fits < fits {
        let (y, v) = studies(&mut random);
        let place = format!("{y:?} {v:?}");
        workspace.load(&y, &v).unwrap_or_else(|error| panic!("{error}: {place}"));
        let least = v.iter().copied().fold(f64::INFINITY, f64::min);
        let most = v.iter().copied().fold(0.0, f64::max);
        let mut ml = 0.0;
        for (method, kind) in LIKELIHOODS {
            let fit = workspace.certify(method).expect(&place);
            let certificate = fit.certificate.expect("a certificate");
            seen.fits += 1;
            seen.multimodal += u64::from(!certificate.unimodal);
            seen.ties += u64::from(certificate.tie);
            seen.boundary += u64::from(fit.at_boundary);
            seen.evaluations += u64::from(fit.evaluations);
            seen.most_evaluations = seen.most_evaluations.max(fit.evaluations);
            seen.most_maxima = seen.most_maxima.max(certificate.maxima.len());
            seen.largest_residual = seen.largest_residual.max(certificate.residual);
            assert!(fit.tau2.is_finite() && fit.tau2 >= 0.0, "{place}");
            assert!(fit.se.is_some_and(|se| se.is_finite() && se > 0.0), "{place}");
            assert!(certificate.residual < 1e-11, "{method} {} {place}", certificate.residual);

            // Not beaten by probes over the whole range, and a few near the estimate.
            let best = workspace.log_likelihood(fit.tau2, kind).expect(&place);
            let top = most.max(y.iter().map(|other| (other - y[0]).powi(2)).fold(0.0, f64::max));
            for probe in 0..12 {
                let tau2 = if probe < 9 {
                    least * (100.0 * top / least).powf(random.uniform(-0.02, 1.0))
                } else {
                    fit.tau2 * random.uniform(0.5, 1.5)
                };
                let ll = workspace.log_likelihood(tau2, kind).expect(&place);
                let excess = (ll - best) / (1.0 + best.abs());
                seen.largest_excess = seen.largest_excess.max(excess);
                assert!(excess < 1e-12, "{method}: {tau2:e} beats {:e} by {excess:e}: {place}", fit.tau2);
            }

            // Every maximum seen on a grid is one of the certificate's.
            if seen.fits % 32 < 2 {
                let grid: Vec<f64> =
                    (0..400).map(|i| least * ((2.0 * top / least).powf(f64::from(i) / 399.0) - 1.0)).collect();
                let heights: Vec<f64> =
                    grid.iter().map(|&tau2| workspace.log_likelihood(tau2, kind).expect(&place)).collect();
                for (at, ll) in grid.windows(3).zip(heights.windows(3)) {
                    let noise = 1e-13 * (1.0 + ll[1].abs());
                    if ll[1] > ll[0] + noise && ll[1] > ll[2] + noise {
                        let inside = |m: &LocalMaximum| at[0] <= m.tau2 && m.tau2 <= at[2];
                        assert!(certificate.maxima.iter().any(inside), "{method} at {:e}: {place}", at[1]);
                        seen.grid_maxima += 1;
                    }
                }
            }

            // ML <= REML.
            if method == Tau2::MaximumLikelihood {
                ml = fit.tau2;
            } else {
                assert!(ml <= fit.tau2, "ML {ml:e} > REML {:e}: {place}", fit.tau2);
            }

            // Powers of two: the same bits.
            // Not so far down that the smallest variance leaves the normal range.
            let a = 2.0_f64.powi(random.below(470) as i32 - 170);
            let ay: Vec<f64> = y.iter().map(|y| a * y).collect();
            let av: Vec<f64> = v.iter().map(|v| a * (a * v)).collect();
            other.load(&ay, &av).expect(&place);
            let scaled = other.estimate(method).expect(&place).tau2;
            assert_eq!((a * (a * fit.tau2)).to_bits(), scaled.to_bits(), "{place}");

            // Order: the same up to rounding, unless two maxima are practically equal.
            if certificate.gap.is_none_or(|gap| gap > 1e-8) {
                let by = random.below(y.len() as u64) as usize;
                let (mut ry, mut rv) = (y.clone(), v.clone());
                ry.rotate_left(by);
                rv.rotate_left(by);
                ry.reverse();
                rv.reverse();
                other.load(&ry, &rv).expect(&place);
                let permuted = other.estimate(method).expect(&place).tau2;
                let error = (permuted - fit.tau2).abs() / (fit.tau2 + least);
                seen.largest_permutation_error = seen.largest_permutation_error.max(error);
                assert!(error < 1e-11, "{error:e}: {place}");
            }
        }
        for method in [Tau2::DerSimonianLaird, Tau2::PauleMandel, Tau2::Hedges, Tau2::SidikJonkman, Tau2::HunterSchmidt]
        {
            let fit = workspace.estimate(method).expect(&place);
            assert!(fit.tau2.is_finite() && fit.tau2 >= 0.0, "{method} {place}");
            assert!(fit.se.is_none_or(f64::is_finite), "{method} {place}");
            if method == Tau2::PauleMandel && fit.tau2 > 0.0 {
                let q = workspace.generalized_q(fit.tau2).expect(&place);
                let df = (y.len() - 1) as f64;
                // Where tau2 is far below min v its last digit is finer than Q can show.
                assert!((q / df - 1.0).abs() < 1e-12, "{q} {df} {place}");
            }
        }
    }
    println!("{seen:#?}");
    assert!(seen.multimodal * 100 > seen.fits, "{seen:?}");
    assert!(seen.boundary * 10 > seen.fits, "{seen:?}");
    // 13.95 per fit: a bracket keeps a search right whose start or slopes are wrong, and only this number shows it.
    assert!(seen.evaluations * 100 < seen.fits * 1430, "{seen:?}");
}
