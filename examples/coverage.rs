//! How often the 95% intervals hold what they should: a simulation with known sampling variances.
//!
//! `cargo run --release --example coverage -- 20000` takes the number of replicates; the same number gives the same
//! table on every machine. Where all studies have one size the coverage of most intervals is one integral over a
//! chi-squared variable, printed below the simulated one: there DerSimonian-Laird and REML are `max(0, s^2 - v)`, with
//! `s^2` the variance of the effects, which is independent of their mean. Published for comparison: with 2 to 20
//! trials, some ten times larger, the errors of the DerSimonian-Laird Wald interval exceeded 30% where 5% is nominal,
//! while those of Hartung-Knapp at most doubled (IntHout, Ioannidis & Borm 2014, BMC Med Res Methodol 14:25, doi
//! 10.1186/1471-2288-14-25): the second table has trials like those; the Q-profile interval is exact (Viechtbauer 2007, Stat Med 26:37, doi 10.1002/sim.2514).

use meta_analysis::num::{chi_squared, normal, random, student_t};
use meta_analysis::{
    Effect, Effects, ErrorKind, Inference, Likelihood, MeanMethod, Measure, Pooled, Prediction, RandomEffects, Result,
    Tau2, Tau2Interval,
};

/// One column: its heading, and the share of the interval's target that it covers in one data set.
type Column = (&'static str, fn(&Fits) -> Result<f64>);

struct Fits {
    tau2: f64,
    reml: Pooled,
    dersimonian_laird: Pooled,
}

impl Fits {
    fn new(effects: &Effects, tau2: f64) -> Result<Self> {
        let fit = |method| RandomEffects::new(method).inference(Inference::HartungKnapp).fit(effects);
        Ok(Self { tau2, reml: fit(Tau2::Reml)?, dersimonian_laird: fit(Tau2::DerSimonianLaird)? })
    }

    /// Whether the REML interval by this inference holds the true mean, which is 0.
    fn mean(&self, inference: Inference) -> Result<f64> {
        match self.reml.estimate_by(inference) {
            Ok(estimate) => Ok(holds(estimate.interval(), 0.0)),
            // Kenward-Roger can have so few degrees of freedom that its interval is all numbers there are.
            Err(error) if matches!(error.kind(), ErrorKind::Overflow { .. }) => Ok(1.0),
            Err(error) => Err(error),
        }
    }

    /// Whether the interval by this method holds the true mean.
    fn by(&self, method: MeanMethod) -> Result<f64> {
        let set = self.reml.mean_interval(method)?;
        Ok(set.pieces().iter().map(|piece| holds(*piece, 0.0)).sum())
    }

    /// Probability that the effect of a new study lies within the interval.
    fn prediction(&self, method: Prediction) -> Result<f64> {
        let (lower, upper) = self.reml.prediction_by(method)?.interval();
        let tau = self.tau2.sqrt();
        if tau == 0.0 {
            return Ok(holds((lower, upper), 0.0));
        }
        Ok(normal::cdf(upper / tau) - normal::cdf(lower / tau))
    }
}

fn holds((lower, upper): (f64, f64), truth: f64) -> f64 {
    f64::from(u8::from(lower <= truth && truth <= upper))
}

const COLUMNS: [Column; 13] = [
    ("DL z", |fits| Ok(holds(fits.dersimonian_laird.estimate_by(Inference::Wald)?.interval(), 0.0))),
    ("REML z", |fits| fits.mean(Inference::Wald)),
    ("HK", |fits| fits.mean(Inference::HartungKnapp)),
    ("HK max", |fits| fits.mean(Inference::HartungKnappTruncated)),
    ("HK|z", |fits| fits.mean(Inference::HartungKnappOrWald)),
    ("KR", |fits| fits.mean(Inference::KenwardRoger)),
    ("PL", |fits| fits.by(MeanMethod::ProfileLikelihood)),
    ("PL Bart", |fits| fits.by(MeanMethod::ProfileLikelihoodBartlett)),
    ("Henmi-C", |fits| fits.by(MeanMethod::HenmiCopas)),
    ("PI k-1", |fits| fits.prediction(Prediction::StudentT)),
    ("PI k-2", |fits| fits.prediction(Prediction::HigginsThompsonSpiegelhalter)),
    ("tau2 QP", |fits| {
        let region = fits.reml.heterogeneity_intervals()?.tau2;
        Ok(f64::from(u8::from(region.contains(fits.tau2))))
    }),
    ("tau2 PL", |fits| {
        let method = Tau2Interval::ProfileLikelihood(Likelihood::Restricted);
        let region = fits.reml.heterogeneity_intervals_by(method)?.tau2;
        Ok(f64::from(u8::from(region.contains(fits.tau2))))
    }),
];

/// The exact coverage, in percent, of the columns that have a closed form where all sampling variances are 1.
///
/// ```text
/// E [2 Phi(half width / sd) - 1]     s^2 = (1 + tau2) chi2(k - 1) / (k - 1),   tau2^ = max(0, s^2 - 1)
/// ```
fn exact(k: usize, tau2: f64) -> [Option<f64>; COLUMNS.len()] {
    const CELLS: u32 = 4000;
    let (studies, df) = (k as f64, k as f64 - 1.0);
    let (z, t, t_less) =
        (normal::quantile(0.975), student_t::quantile(0.975, df), student_t::quantile(0.975, df - 1.0));
    let (of_mean, of_new) = (((1.0 + tau2) / studies).sqrt(), (tau2 + (1.0 + tau2) / studies).sqrt());
    let coverage = |half_width: &dyn Fn(f64) -> f64, sd: f64| {
        let cell = |i: u32| {
            let p = (f64::from(i) + 0.5) / f64::from(CELLS);
            let s2 = (1.0 + tau2) * chi_squared::quantile(p, df) / df;
            2.0 * normal::cdf(half_width(s2) / sd) - 1.0
        };
        Some(100.0 * (0..CELLS).map(cell).sum::<f64>() / f64::from(CELLS))
    };
    let wald = |s2: f64| (s2.max(1.0) / studies).sqrt();
    let estimate = |s2: f64| (s2 - 1.0).max(0.0);
    let of_z = coverage(&|s2| z * wald(s2), of_mean);
    let of_t = coverage(&|s2| t * wald(s2), of_mean);
    let hybrid = coverage(&|s2| (t * (s2 / studies).sqrt()).max(z * wald(s2)), of_mean);
    let hartung_knapp = coverage(&|s2| t * (estimate(s2) + s2 / studies).sqrt(), of_new);
    let higgins = coverage(&|s2| t_less * (estimate(s2) + wald(s2) * wald(s2)).sqrt(), of_new);
    let nominal = Some(95.0);
    [of_z, of_z, nominal, of_t, hybrid, of_t, None, None, None, hartung_knapp, higgins, nominal, None]
}

/// Study sizes: the last quarter of the studies, at least one, is `larger` times as large.
fn variances(k: usize, larger: f64) -> Vec<f64> {
    let large = (k / 4).max(1);
    (0..k).map(|i| if i < k - large { 1.0 } else { 1.0 / larger }).collect()
}

/// Normal effects around 0 with these sampling variances.
fn simulated(v: &[f64], tau2: f64, seed: u64, replicate: u64) -> Result<Effects> {
    let first = replicate * v.len() as u64;
    let row = |(i, &v): (usize, &f64)| {
        let z = normal::quantile(random::uniform(seed, first + i as u64));
        Ok((i.to_string(), Effect::from_variance(Measure::Generic, z * (v + tau2).sqrt(), v)?))
    };
    Effects::from_rows(v.iter().enumerate().map(row).collect::<Result<Vec<_>>>()?)
}

/// Coverage of every column over `replicates` data sets, in percent.
fn coverage(v: &[f64], tau2: f64, seed: u64, replicates: u64) -> Result<[f64; COLUMNS.len()]> {
    let mut sums = [0.0; COLUMNS.len()];
    for replicate in 0..replicates {
        let fits = Fits::new(&simulated(v, tau2, seed, replicate)?, tau2)?;
        for (sum, (_, covered)) in sums.iter_mut().zip(COLUMNS) {
            *sum += covered(&fits)?;
        }
    }
    Ok(sums.map(|sum| 100.0 * sum / replicates as f64))
}

/// Errors in percent, where 5 are nominal, of the Wald and the Hartung-Knapp interval with the DerSimonian-Laird tau2.
fn errors(v: &[f64], tau2: f64, seed: u64, replicates: u64) -> Result<[f64; 2]> {
    let mut missed = [0.0; 2];
    for replicate in 0..replicates {
        let effects = simulated(v, tau2, seed, replicate)?;
        for (missed, inference) in missed.iter_mut().zip([Inference::Wald, Inference::HartungKnapp]) {
            let fit = RandomEffects::new(Tau2::DerSimonianLaird).inference(inference).fit(&effects)?;
            *missed += 1.0 - holds(fit.estimate().interval(), 0.0);
        }
    }
    Ok(missed.map(|missed| 100.0 * missed / replicates as f64))
}

/// 2 to 20 trials, all of one size, or one, or half of them ten times larger: what IntHout et al. report.
fn like_published(replicates: u64) -> Result<()> {
    println!("\nerrors of the DerSimonian-Laird Wald interval, and of Hartung-Knapp with the same tau2");
    println!("  k   I2   one size        one larger      half larger");
    let (mut seed, mut worst) = (1000, [0.0_f64; 2]);
    for k in [2, 3, 5, 10, 20] {
        for i2 in [0.25, 0.5, 0.75, 0.9] {
            let mut cells = String::new();
            for large in [0, 1, k / 2] {
                seed += 1;
                let v: Vec<f64> = (0..k).map(|i| if i < k - large { 1.0 } else { 0.1 }).collect();
                let found = errors(&v, i2 / (1.0 - i2), seed, replicates)?;
                cells.push_str(&found.map(|error| format!("{error:8.1}")).concat());
                worst.iter_mut().zip(found).for_each(|(worst, found)| *worst = worst.max(found));
            }
            println!("{k:3} {:3.0}%{cells}", 100.0 * i2);
        }
    }
    println!("IntHout 2014, 2 to 20 trials: DL error above 30%, Hartung-Knapp at most doubled (10%)");
    println!("here, 2 to 20 trials:         DL error up to {:.1}%, Hartung-Knapp up to {:.1}%", worst[0], worst[1]);
    Ok(())
}

fn main() -> Result<()> {
    let replicates = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100);
    println!("coverage in percent of 95% intervals, {replicates} data sets a row; tau2 by REML but for DL");
    let mut worst = [100.0_f64; COLUMNS.len()];
    let mut seed = 0;
    // In Monte Carlo standard errors of a coverage of 95%.
    let (one, mut farthest) = (100.0 * (0.95 * 0.05 / replicates as f64).sqrt(), 0.0_f64);
    for (sizes, larger) in [("all studies of one size", 1.0), ("a quarter ten times larger", 10.0)] {
        println!("\n{sizes}");
        let headings: String = COLUMNS.iter().map(|(heading, _)| format!("{heading:>8}")).collect();
        println!("  k   I2{headings}");
        for k in [3, 5, 10, 20] {
            for i2 in [0.0, 0.5, 0.9] {
                seed += 1;
                // I2 as a small study sees it: tau2 / (tau2 + 1).
                let rates = coverage(&variances(k, larger), i2 / (1.0 - i2), seed, replicates)?;
                let cells: String = rates.iter().map(|rate| format!("{rate:8.1}")).collect();
                println!("{k:3} {:3.0}%{cells}", 100.0 * i2);
                if larger == 1.0 {
                    let truth = exact(k, i2 / (1.0 - i2));
                    let cell = |x: &Option<f64>| x.map_or(format!("{:>8}", "-"), |x| format!("{x:8.1}"));
                    println!("  exact {}", truth.iter().map(cell).collect::<String>());
                    for (rate, truth) in rates.iter().zip(truth) {
                        let distance = truth.map_or(0.0, |truth| {
                            let own = 100.0 * (truth / 100.0 * (1.0 - truth / 100.0) / replicates as f64).sqrt();
                            (rate - truth).abs() / own.max(0.1 * one)
                        });
                        farthest = farthest.max(distance);
                    }
                }
                for (worst, rate) in worst.iter_mut().zip(rates) {
                    *worst = worst.min(rate);
                }
            }
        }
    }
    let lowest: String = worst.iter().map(|rate| format!("{rate:8.1}")).collect();
    println!("\nlowest  {lowest}");
    println!(
        "Monte Carlo standard error at 95%: {one:.1}; farthest from an exact value: {farthest:.1} standard errors"
    );
    like_published(replicates)
}
