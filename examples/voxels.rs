//! A meta-analysis of images: one random-effects model per voxel, then a map that controls the false discovery rate.
//!
//! Twelve made-up studies of a grid of 64 x 64 x 32 voxels, with a known truth: three regions respond, and everywhere the
//! studies differ a little. Some studies do not cover the whole brain, so that the number of studies varies by voxel.
//!
//! ```text
//! cargo run --release --example voxels              # a slice as text
//! cargo run --release --example voxels -- map.ppm   # and all slices as an image
//! ```

use std::process::ExitCode;

use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, BatchSummary};
use meta_analysis::num::{normal, random};
use meta_analysis::{Result, Tau2};

const SIZE: [usize; 3] = [64, 64, 32];
const VOXELS: usize = SIZE[0] * SIZE[1] * SIZE[2];

/// Distance of two studies' images in memory. Padded: images that lie a multiple of 4096 bytes apart compete for the same
/// lines of the first-level cache, and 64 x 64 x 32 numbers are such a multiple.
const STRIDE: usize = VOXELS + 64;

/// Participants of each study.
const PARTICIPANTS: [usize; 12] = [12, 14, 15, 16, 18, 20, 20, 24, 25, 30, 32, 40];

/// False discovery rate of the map.
const RATE: f64 = 0.05;

/// Standard deviation of the studies' true effects outside the regions.
const BACKGROUND: f64 = 0.15;

/// A ball that responds.
struct Region {
    name: &'static str,
    centre: [f64; 3],
    radius: f64,
    effect: f64,
    /// Standard deviation of the studies' true effects.
    spread: f64,
}

const REGIONS: [Region; 3] = [
    Region { name: "alike in all studies", centre: [20.0, 24.0, 16.0], radius: 6.0, effect: 0.9, spread: 0.15 },
    Region { name: "differs by study", centre: [44.0, 24.0, 16.0], radius: 6.0, effect: 0.9, spread: 0.6 },
    Region { name: "deactivated", centre: [32.0, 46.0, 15.0], radius: 5.0, effect: -0.8, spread: 0.15 },
];

/// Effects (standardised) and variances of all studies; NaN where a study has no data.
struct Images {
    y: Vec<f64>,
    v: Vec<f64>,
}

fn place(voxel: usize) -> [f64; 3] {
    let (x, rest) = (voxel % SIZE[0], voxel / SIZE[0]);
    [x as f64, (rest % SIZE[1]) as f64, (rest / SIZE[1]) as f64]
}

fn is_brain(at: [f64; 3]) -> bool {
    let distance = |i: usize, half: f64| ((at[i] - (SIZE[i] as f64 - 1.0) / 2.0) / half).powi(2);
    distance(0, 27.0) + distance(1, 30.5) + distance(2, 15.0) <= 1.0
}

fn region(at: [f64; 3]) -> Option<&'static Region> {
    REGIONS.iter().find(|r| at.iter().zip(r.centre).map(|(a, c)| (a - c).powi(2)).sum::<f64>() <= r.radius.powi(2))
}

/// Some studies did not scan the top or the bottom, and two lose the signal in front of it, as near air.
fn is_covered(study: usize, at: [f64; 3]) -> bool {
    match study {
        2 => at[2] >= 5.0,
        5 => at[2] < 26.0,
        7 | 10 => (at[0] - 32.0).hypot(at[1] - 4.0) > 10.0 || at[2] > 12.0,
        8 => (4.0..28.0).contains(&at[2]),
        _ => true,
    }
}

fn images() -> Images {
    let size = PARTICIPANTS.len() * STRIDE;
    let mut images = Images { y: vec![f64::NAN; size], v: vec![f64::NAN; size] };
    for voxel in 0..VOXELS {
        let at = place(voxel);
        if !is_brain(at) {
            continue;
        }
        let (effect, spread) = region(at).map_or((0.0, BACKGROUND), |r| (r.effect, r.spread));
        for (study, participants) in PARTICIPANTS.into_iter().enumerate() {
            if !is_covered(study, at) {
                continue;
            }
            let noise = |seed| normal::quantile(random::uniform(seed, (study * VOXELS + voxel) as u64));
            let variance = (0.8 + 0.4 * random::uniform(1, (study * VOXELS + voxel) as u64)) / participants as f64;
            let i = study * STRIDE + voxel;
            images.y[i] = effect + (spread * spread + variance).sqrt() * noise(2);
            images.v[i] = variance;
        }
    }
    images
}

/// Columns of results, one number per voxel; NaN where there is none.
struct Map {
    effect: Vec<f64>,
    tau2: Vec<f64>,
    p: Vec<f64>,
    count: Vec<u32>,
    summary: BatchSummary,
}

/// Fits one model to every voxel. With `hartung_knapp`, p-values account for tau2 being estimated from few studies.
fn fit(plan: BatchPlan, images: &Images, hartung_knapp: bool) -> Result<Map> {
    let column = || vec![0.0; VOXELS];
    let (mut effect, mut tau2, mut p, mut count) = (column(), column(), column(), vec![0; VOXELS]);
    let (wald, knapp) = if hartung_knapp { (None, Some(&mut p[..])) } else { (Some(&mut p[..]), None) };
    let mut output = BatchOutput {
        mu: Some(&mut effect),
        tau2: Some(&mut tau2),
        p: wald,
        hk_p: knapp,
        count: Some(&mut count),
        ..BatchOutput::default()
    };
    let summary = plan.run(BatchInput::study_major(&images.y, &images.v, VOXELS, STRIDE)?, &mut output)?;
    Ok(Map { effect, tau2, p, count, summary })
}

/// The largest p-value that still counts when at most this share of what is found may be false (Benjamini & Hochberg 1995, JRSS B
/// 57:289): the largest `p(i) <= rate i/m` of the `m` sorted p-values; 0 if there is none.
fn false_discovery_threshold(p: &[f64], rate: f64) -> f64 {
    let mut sorted: Vec<f64> = p.iter().copied().filter(|p| !p.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let m = sorted.len() as f64;
    let accepted = sorted.iter().enumerate().rev().find(|(i, p)| **p <= rate * (*i + 1) as f64 / m);
    accepted.map_or(0.0, |(_, p)| *p)
}

/// One line on a map: what it finds, and how much of it is not there.
fn describe(name: &str, map: &Map, text: &mut String) -> f64 {
    let threshold = false_discovery_threshold(&map.p, RATE);
    let (mut found, mut wrong, mut by_region) = (0, 0, [0; REGIONS.len()]);
    for voxel in (0..VOXELS).filter(|i| map.p[*i] <= threshold) {
        found += 1;
        match region(place(voxel)) {
            Some(truth) if truth.effect * map.effect[voxel] > 0.0 => {
                for (n, _) in by_region.iter_mut().zip(&REGIONS).filter(|(_, r)| std::ptr::eq(*r, truth)) {
                    *n += 1;
                }
            }
            _ => wrong += 1,
        }
    }
    let share = 100.0 * f64::from(wrong) / f64::from(found.max(1));
    let regions = by_region.map(|n| format!("{n:>8}")).concat();
    text.push_str(&format!("{name:<28}{threshold:>10.2e}{found:>8}{wrong:>8}{share:>7.1}%{regions}\n"));
    threshold
}

/// What a voxel is in the map.
fn symbol(map: &Map, threshold: f64, voxel: usize) -> char {
    if !is_brain(place(voxel)) {
        return ' ';
    }
    match (map.p[voxel] <= threshold, map.effect[voxel] > 0.0, map.tau2[voxel] > 0.1) {
        (true, true, true) => '*',
        (true, true, false) => '+',
        (true, false, _) => '-',
        _ => '.',
    }
}

/// One slice, every second line of voxels, since letters are twice as high as wide.
fn slice(map: &Map, threshold: f64, z: usize) -> String {
    let line = |y: usize| (0..SIZE[0]).map(|x| symbol(map, threshold, x + SIZE[0] * (y + SIZE[1] * z))).collect();
    let lines = (0..SIZE[1]).step_by(2).map(line).map(|l: String| l.trim_end().to_string());
    lines.filter(|l| !l.is_empty()).map(|l| l + "\n").collect()
}

/// All slices side by side as a portable pixmap: grey brain, red above 0, blue below.
fn pixmap(map: &Map, threshold: f64) -> Vec<u8> {
    const ACROSS: usize = 8;
    let (width, height) = (SIZE[0] * ACROSS, SIZE[1] * SIZE[2] / ACROSS);
    let mut image = format!("P6 {width} {height} 255\n").into_bytes();
    for row in 0..height {
        for column in 0..width {
            let z = row / SIZE[1] * ACROSS + column / SIZE[0];
            let voxel = column % SIZE[0] + SIZE[0] * (row % SIZE[1] + SIZE[1] * z);
            let strength = (255.0 * map.effect[voxel].abs().min(1.0)) as u8;
            image.extend_from_slice(&match symbol(map, threshold, voxel) {
                ' ' => [0, 0, 0],
                '.' => [60, 60, 60],
                '-' => [30, 60, strength],
                _ => [strength, 40, 30],
            });
        }
    }
    image
}

fn report(images: &Images) -> Result<(String, Map, f64)> {
    let reml = fit(BatchPlan::random(Tau2::Reml)?, images, true)?;
    let inside = (0..VOXELS).filter(|i| is_brain(place(*i)));
    let (mut least, mut fewer) = (u32::MAX, 0);
    for voxel in inside.clone() {
        least = least.min(reml.count[voxel]);
        fewer += usize::from((reml.count[voxel] as usize) < PARTICIPANTS.len());
    }
    let mut text = format!(
        "{VOXELS} voxels, {} of them brain. {} studies; {fewer} voxels of the brain lack some, and have {least} or more.\n\n",
        inside.count(),
        PARTICIPANTS.len(),
    );
    text.push_str(&format!("False discovery rate {}%{:>61}\n", 100.0 * RATE, "found in region"));
    let heading = format!("{:<28}{:>10}{:>8}{:>8}{:>8}", "model", "p up to", "found", "false", "");
    text.push_str(&format!("{heading}{:>8}{:>8}{:>8}\n", 1, 2, 3));
    let threshold = describe("REML, Hartung-Knapp", &reml, &mut text);
    let wald = fit(BatchPlan::random(Tau2::DerSimonianLaird)?, images, false)?;
    describe("DerSimonian-Laird, normal", &wald, &mut text);
    let common = fit(BatchPlan::common(), images, false)?;
    describe("common effect", &common, &mut text);
    Ok((text, reml, threshold))
}

fn main() -> ExitCode {
    let images = images();
    let (text, map, threshold) = match report(&images) {
        Ok(done) => done,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    print!("{text}");
    for (number, region) in REGIONS.iter().enumerate() {
        let size = (0..VOXELS).filter(|i| self::region(place(*i)).is_some_and(|r| std::ptr::eq(r, region))).count();
        let (effect, spread) = (region.effect, region.spread);
        println!("region {}: {size} voxels, effect {effect}, tau {spread}: {}", number + 1, region.name);
    }
    println!("\nSlice 16 by REML and Hartung-Knapp: + above 0 (* if also tau2 > 0.1), - below 0, . not significant");
    print!("{}", slice(&map, threshold, 16));
    println!("{} voxels without a result: outside of the brain", map.summary.failed);
    if let Some(path) = std::env::args_os().nth(1)
        && let Err(error) = std::fs::write(&path, pixmap(&map, threshold))
    {
        eprintln!("error: {} cannot be written ({error})", path.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_that_of_r() {
        // R 4.2.2: p <- c(0.01, NA, 0.04, 0.02, 0.9, 0.03, 0.2); max(p[p.adjust(p, "BH") <= rate], na.rm = TRUE)
        let p = [0.01, f64::NAN, 0.04, 0.02, 0.9, 0.03, 0.2];
        for (rate, threshold) in [(0.1, 0.04), (0.061, 0.04), (0.0599, 0.0), (0.25, 0.2), (1.0, 0.9)] {
            assert_eq!(false_discovery_threshold(&p, rate), threshold, "{rate}");
        }
        assert_eq!(false_discovery_threshold(&[f64::NAN], 0.05), 0.0);
    }

    #[test]
    fn what_no_study_covers_has_no_data_and_the_rest_has() {
        let images = images();
        for voxel in (0..VOXELS).step_by(7) {
            for study in 0..PARTICIPANTS.len() {
                let there = is_brain(place(voxel)) && is_covered(study, place(voxel));
                assert_eq!(images.y[study * STRIDE + voxel].is_finite(), there, "{voxel} {study}");
            }
        }
    }
}
