//! The embedded data sets: their bytes, their arithmetic, and the results that the reference implementation gives
//! for them.
//!
//! Reference values: metafor 5.1-12 on R 4.2.2 (`rma`, `escalc`, `predict`, `confint`) with `control =
//! list(threshold = 1e-14, maxiter = 10000)` where the estimator iterates; Hartung-Knapp and leave-one-out values of
//! REML from metafor 3.8-1 with the same control, which agrees with 5.1-12 on everything both were asked. Shown with
//! the 15 digits of R. Tolerance: 1e-9 of the value, or of the standard error where the value is near zero.

use meta_analysis::datasets::ivig_dermatomyositis::{
    self as ivig, CountSource, Denominator, Remission, Score, extended,
};
use meta_analysis::num::{beta, chi_squared};
use meta_analysis::study::{BinaryMeasure, ChangeMeasure, Proportion, ProportionMeasure, Studies, Summary, TwoByTwo};
use meta_analysis::{
    CommonEffect, Effects, ErrorKind, Inference, Pooled, Prediction, RandomEffects, Result, Tau2, leave_one_out,
};
use std::collections::HashMap;

/// Every file: name, text, rows without the header, FNV-1a of the bytes.
const FILES: [(&str, &str, usize, u64); 12] = [
    ("responses.csv", include_str!("../src/datasets/ivig_dermatomyositis/responses.csv"), 8, 0xd6dd_22f1_a560_4b15),
    ("cohort.csv", include_str!("../src/datasets/ivig_dermatomyositis/cohort.csv"), 2, 0x3302_f3c7_0445_f1b6),
    ("ivig_arm.csv", include_str!("../src/datasets/ivig_dermatomyositis/ivig_arm.csv"), 5, 0xdbc5_ab82_2538_74c4),
    ("scores.csv", include_str!("../src/datasets/ivig_dermatomyositis/scores.csv"), 2, 0x9f95_cf9a_de05_3899),
    (
        "means_without_sd.csv",
        include_str!("../src/datasets/ivig_dermatomyositis/means_without_sd.csv"),
        4,
        0x754b_fe80_a6b0_fd58,
    ),
    (
        "adverse_events.csv",
        include_str!("../src/datasets/ivig_dermatomyositis/adverse_events.csv"),
        2,
        0xe90b_0ea1_1aa6_4c06,
    ),
    ("review.csv", include_str!("../src/datasets/ivig_dermatomyositis/review.csv"), 1, 0xd53c_563f_a361_2777),
    ("sources.csv", include_str!("../src/datasets/ivig_dermatomyositis/sources.csv"), 5, 0x29b0_9bce_a495_1414),
    (
        "extended/responses.csv",
        include_str!("../src/datasets/ivig_dermatomyositis/extended/responses.csv"),
        13,
        0x8e8c_8742_c3d9_61b9,
    ),
    (
        "extended/trial.csv",
        include_str!("../src/datasets/ivig_dermatomyositis/extended/trial.csv"),
        3,
        0xa874_a43a_1086_3c8d,
    ),
    (
        "extended/crossover.csv",
        include_str!("../src/datasets/ivig_dermatomyositis/extended/crossover.csv"),
        2,
        0xd78c_5afa_6f58_2de3,
    ),
    (
        "extended/sources.csv",
        include_str!("../src/datasets/ivig_dermatomyositis/extended/sources.csv"),
        9,
        0xa294_75d3_bd31_5ec4,
    ),
];

/// FNV-1a, 64 bits: Fowler, Noll & Vo, <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn records(text: &str) -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn no_file_changes_unnoticed() {
    assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8); // the authors' test vector
    for (name, text, rows, hash) in FILES {
        assert_eq!(records(text).len(), rows, "{name}");
        assert_eq!(fnv1a(text.as_bytes()), hash, "{name}: {:#018x}", fnv1a(text.as_bytes()));
        assert!(!text.contains('\r') && text.ends_with('\n'), "{name}");
    }
}

#[test]
fn every_file_reaches_the_user_whole() -> Result<()> {
    assert_eq!(
        (ivig::responses()?.len(), ivig::strict_responses()?.len(), ivig::galimberti_strata()?.len()),
        (4, 4, 2)
    );
    for outcome in Remission::ALL {
        assert_eq!(ivig::cohort(outcome)?.len(), 1);
    }
    for score in Score::ALL {
        assert_eq!(ivig::score(score, 0.5)?.len(), 1);
    }
    assert_eq!((ivig::ivig_arm()?.len(), ivig::means_without_sd()?.len()), (5, 4));
    assert_eq!((ivig::adverse_events()?.len(), ivig::reviews()?.len(), ivig::sources()?.len()), (2, 1, 5));
    assert_eq!((extended::responses()?.len(), extended::alternative_responses()?.len()), (9, 9));
    assert_eq!((extended::reported_differences()?.len(), extended::crossover()?.len()), (3, 2));
    for threshold in extended::TotalImprovement::ALL {
        assert_eq!(extended::trial(threshold)?.len(), 1);
    }
    Ok(())
}

#[test]
fn every_study_has_a_source() -> Result<()> {
    let sources: Vec<String> =
        ivig::sources()?.into_iter().chain(extended::sources()?).map(|source| source.study).collect();
    assert_eq!(sources.len(), 14);
    for (name, text, ..) in FILES {
        for row in records(text) {
            let Some(study) = row.get("study") else { continue };
            let study = study.split(',').next().unwrap(); // a stratum has the study's name before a comma
            assert!(sources.iter().any(|source| source == study), "{name}: {study}");
        }
    }
    Ok(())
}

/// Whether `count` of `total`, as a percentage, prints as `percent`, which keeps its decimals. Half rounds up; no
/// percentage here is at a half. Whole numbers only, so that nothing is rounded twice.
fn prints_as(percent: &str, count: u64, total: u64) -> bool {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
    let scale = 10_u64.pow(u32::try_from(decimals.len()).unwrap());
    let printed: u64 = format!("{whole}{decimals}").parse().unwrap();
    (200 * scale * count + total) / (2 * total) == printed
}

fn counts_that_print_as(percent: &str, total: u64) -> Vec<u64> {
    (0..=total).filter(|&count| prints_as(percent, count, total)).collect()
}

#[test]
fn one_count_alone_gives_each_printed_percentage() {
    let groups = [
        ("events", "total", "reported_percent"),
        ("events", "denominator", "reported_percent"),
        ("events_ivig", "total_ivig", "reported_percent_ivig"),
        ("events_control", "total_control", "reported_percent_control"),
    ];
    let mut checked = 0;
    for (name, text, ..) in FILES {
        for row in records(text) {
            for (events, total, percent) in groups {
                let (Some(events), Some(total), Some(percent)) = (row.get(events), row.get(total), row.get(percent))
                else {
                    continue;
                };
                if percent.is_empty() {
                    continue;
                }
                let (events, total): (u64, u64) = (events.parse().unwrap(), total.parse().unwrap());
                assert_eq!(counts_that_print_as(percent, total), [events], "{name}: {percent} % of {total}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 26);
}

#[test]
fn the_written_arithmetic_is_right() {
    // "91.7% x 24 = 22.008 -> 22, unique", possibly several in one cell, possibly with more after it.
    let mut checked = 0;
    for (name, text, ..) in FILES {
        for row in records(text) {
            for step in row.get("derivation").map_or("", String::as_str).split("; ") {
                let Some((percent, rest)) = step.split_once("% x ") else { continue };
                let (total, rest) = rest.split_once(" = ").unwrap();
                let (product, rest) = rest.split_once(" -> ").unwrap();
                let count = rest.strip_suffix(", unique").unwrap();
                let exact: f64 = percent.parse::<f64>().unwrap() / 100.0 * total.parse::<f64>().unwrap();
                assert_eq!(format!("{exact:.3}"), product, "{name}: {step}");
                assert_eq!(counts_that_print_as(percent, total.parse().unwrap()), [count.parse::<u64>().unwrap()]);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 20);
}

#[test]
fn counts_without_a_percentage_follow_from_others() -> Result<()> {
    let arm = ivig::ivig_arm()?;
    let events = |outcome: &str| arm.iter().find(|row| row.outcome == outcome).unwrap().events;
    assert_eq!(events("skin relapse"), events("any relapse") - events("muscle relapse"));
    // The relapses of the muscle are of the arm: no count of the 13 who relapsed gives 16.7 %.
    assert!(counts_that_print_as("16.7", 13).is_empty());

    let strict = ivig::strict_responses()?;
    let treated = ivig::responses()?.covariates().numbers("treated").unwrap()[1];
    assert_eq!(Some(strict.get("Hara 2003").unwrap().total()), treated);

    let [galimberti, strata] = [ivig::responses()?, ivig::galimberti_strata()?];
    let whole = galimberti.get("Galimberti 2018").unwrap();
    assert_eq!(strata.iter().map(|(_, p)| p.events()).sum::<f64>(), whole.events());
    assert_eq!(strata.iter().map(|(_, p)| p.total()).sum::<f64>(), whole.total());

    for phase in extended::crossover()? {
        assert_eq!(phase.major + phase.mild + phase.unchanged + phase.worse, phase.phases, "{}", phase.phase);
        assert!(phase.phases < phase.people);
    }
    let dalakas = &extended::crossover()?[0];
    let improved = extended::responses()?.get("Dalakas 1993").unwrap().events();
    assert_eq!(improved, f64::from(dalakas.major + dalakas.mild));
    Ok(())
}

#[test]
fn files_that_repeat_a_number_agree() -> Result<()> {
    let arm = ivig::ivig_arm()?;
    for outcome in Remission::ALL {
        let cohort = ivig::cohort(outcome)?;
        let (ivig_group, control) = cohort.get("Kampylafka 2012").unwrap().groups();
        let row = arm.iter().find(|row| row.outcome == outcome.name()).unwrap();
        assert_eq!(row.proportion()?, ivig_group);
        assert_eq!((ivig_group.total(), control.total()), (24.0, 18.0));
    }
    let headline = ivig::responses()?;
    let (muscular, _) = ivig::cohort(Remission::Muscular)?.get("Kampylafka 2012").unwrap().groups();
    assert_eq!(headline.get("Kampylafka 2012"), Some(&muscular));
    let (primary, _) = extended::trial(extended::TotalImprovement::AtLeast20)?.get("Aggarwal 2022").unwrap().groups();
    assert_eq!(extended::responses()?.get("Aggarwal 2022"), Some(&primary));
    Ok(())
}

#[test]
fn what_cannot_be_derived_is_absent() -> Result<()> {
    // The steroid-sparing 80 % fits no count of the 42, and is in no file.
    assert!(counts_that_print_as("80", 42).is_empty());
    for (name, text, ..) in FILES {
        assert!(!text.contains("sparing") && !text.contains("1.82"), "{name}");
        for row in records(text) {
            assert!(row.iter().filter(|(column, _)| column.starts_with("reported_percent")).all(|(_, v)| v != "80"));
        }
    }
    // GRIM: a mean of n whole scores is a whole number over n.
    let possible = |mean: &str, n: u64| {
        let decimals = mean.split_once('.').unwrap().1.len();
        (0..=40 * n).any(|sum| format!("{:.decimals$}", sum as f64 / n as f64 + 1e-12) == mean)
    };
    for mean in ["7.46", "2.96", "6.71", "9.54"] {
        assert!(possible(mean, 24), "{mean}");
    }
    for (mean, n) in [("1.95", 24), ("9.56", 24), ("1.82", 42), ("1.82", 35)] {
        assert!(!possible(mean, n), "{mean}");
    }
    // Nobody can make an effect of means without standard deviations, or pool courses with patients: no such types.
    let units: Vec<Denominator> = ivig::adverse_events()?.iter().map(|row| row.unit).collect();
    assert_eq!(units, [Denominator::Courses, Denominator::Patients]);
    Ok(())
}

/// Pearson's chi-square without correction, and Yates's.
fn chi_square_p(table: &TwoByTwo) -> (f64, f64) {
    let [a, b, c, d] = table.cells();
    let n = a + b + c + d;
    let p = |shift: f64| {
        let difference = ((a * d - b * c).abs() - shift).max(0.0);
        chi_squared::sf(n * difference * difference / ((a + b) * (c + d) * (a + c) * (b + d)), 1.0)
    };
    (p(0.0), p(0.5 * n))
}

#[test]
fn one_printed_p_value_follows_from_the_counts_and_one_does_not() -> Result<()> {
    let muscular = ivig::cohort(Remission::Muscular)?;
    let (plain, yates) = chi_square_p(muscular.get("Kampylafka 2012").unwrap());
    close("chi-square", plain, 0.00654508923916374, plain);
    close("Yates", yates, 0.018617309818089, yates);
    assert_eq!(muscular.covariates().numbers("reported_p").unwrap(), [Some(0.007)]);
    assert_eq!(format!("{plain:.3}"), "0.007");

    let complete = ivig::cohort(Remission::Complete)?;
    let (plain, yates) = chi_square_p(complete.get("Kampylafka 2012").unwrap());
    close("chi-square", plain, 0.721276699029156, plain);
    close("Yates", yates, 0.964430822185615, yates);
    assert_eq!(complete.covariates().numbers("reported_p").unwrap(), [Some(0.28)]);
    assert_eq!(format!("{:.2}", 1.0 - plain), "0.28"); // its complement does
    Ok(())
}

#[test]
fn derived_counts_say_so() -> Result<()> {
    let responses = ivig::responses()?;
    let source: Vec<&str> =
        responses.covariates().text("count_source").unwrap().iter().flatten().map(String::as_str).collect();
    assert_eq!(source, ["stated", "derived", "derived", "derived"]);
    assert!(ivig::ivig_arm()?.iter().all(|row| row.count_source == CountSource::Derived));
    let names: Vec<&str> = responses.covariates().iter().map(|(name, _)| name).collect();
    let left = ["reading", "year", "treated", "outcome", "domain", "design", "disease", "line"];
    let right = ["source", "count_source", "reported_percent", "derivation"];
    let expected = [&left[..], &right[..]].concat();
    assert_eq!(names, expected);
    Ok(())
}

#[test]
fn a_correlation_out_of_range_is_refused() {
    for r in [-1.5, 1.1, f64::NAN, f64::INFINITY] {
        let error = ivig::score(Score::Cdasi, r).unwrap_err();
        assert_eq!(error.study(), Some("Kampylafka 2012"));
        assert!(
            matches!(error.kind(), ErrorKind::CorrelationOutOfRange { .. } | ErrorKind::NonFinite { .. }),
            "{error}"
        );
    }
}

// ---- results ----

/// Agreement to 1e-9 of the value, or of `unit` where the value is smaller than that.
#[track_caller]
fn close(what: &str, found: f64, expected: f64, unit: f64) {
    let tolerance = 1e-9 * expected.abs().max(unit.abs());
    assert!((found - expected).abs() <= tolerance, "{what}: found {found:e}, expected {expected:e}");
}

#[derive(Debug, Clone, Copy)]
enum Set {
    Headline,
    Strict,
    Split,
    Skin,
    SkinAlone,
    SkinMajor,
    Muscle,
}

/// Studies of several data sets in one list, without covariates.
fn joined(parts: &[&Studies<Proportion>], labels: &[&str]) -> Studies<Proportion> {
    let find = |label: &&str| parts.iter().find_map(|part| part.get(label)).map(|row| ((*label).to_owned(), *row));
    labels.iter().map(|label| find(label).unwrap()).collect()
}

impl Set {
    fn studies(self) -> Result<Studies<Proportion>> {
        let (seed, strata, extra) = (ivig::responses()?, ivig::galimberti_strata()?, extended::responses()?);
        let alone = "Galimberti 2018, skin alone";
        Ok(match self {
            Self::Headline => seed,
            Self::Strict => ivig::strict_responses()?,
            Self::Split => {
                let mixed = "Galimberti 2018, skin with muscle or lung";
                joined(&[&seed, &strata], &["Göttfried 2000", "Hara 2003", "Kampylafka 2012", alone, mixed])
            }
            Self::Skin => joined(&[&seed, &extra], &["Bounfour 2014", "Galimberti 2018"]),
            Self::SkinAlone => joined(&[&strata, &extra], &["Bounfour 2014", alone]),
            Self::SkinMajor => {
                joined(&[&seed, &extended::alternative_responses()?], &["Bounfour 2014", "Galimberti 2018"])
            }
            Self::Muscle => {
                let ours = ["Hara 2003", "Kampylafka 2012"];
                let theirs = ["Dalakas 1993", "Cherin 1994", "Cherin 2002", "Danieli 2007", "J Clin Rheumatol 2021"];
                let more = ["Lim 2021", "Aggarwal 2022"];
                joined(&[&seed, &extra], &[&ours[..], &theirs[..], &more[..]].concat())
            }
        })
    }
}

fn fit(effects: &Effects, tau2: Option<Tau2>) -> Result<Pooled> {
    match tau2 {
        Some(tau2) => RandomEffects::new(tau2).inference(Inference::Wald).prediction(Prediction::Normal).fit(effects),
        None => CommonEffect::new().fit(effects),
    }
}

/// Pools of proportions, Wald: estimate, standard error, interval; tau2, I2 in percent; natural value and interval.
/// `None`: the common-effect model, whose I2 is that of Q.
#[rustfmt::skip]
fn pools() -> Vec<(Set, ProportionMeasure, Option<Tau2>, [f64; 9])> {
    use ProportionMeasure::{Arcsine, FreemanTukey, Log, Logit, Raw};
    use Set::{Headline, Muscle, Skin, SkinAlone, SkinMajor, Split, Strict};
    use Tau2::{DerSimonianLaird, PauleMandel, Reml};
    vec![
        (Headline, Raw, None, [0.822012232541186, 0.0360052616416233, 0.751443216469663, 0.892581248612709, 0.0, 84.8935576527637, 0.822012232541186, 0.751443216469663, 0.892581248612709]),
        (Headline, Raw, Some(DerSimonianLaird), [0.761580323593962, 0.100782577477498, 0.564050101468949, 0.959110545718975, 0.0331033467758676, 84.8935576527637, 0.761580323593962, 0.564050101468949, 0.959110545718975]),
        (Headline, Raw, Some(Reml), [0.757342138566002, 0.122098312519414, 0.518033843454835, 0.996650433677169, 0.051926282404026, 89.8116298683945, 0.757342138566002, 0.518033843454835, 0.996650433677169]),
        (Headline, Raw, Some(PauleMandel), [0.756936616711872, 0.124922340781736, 0.512093327915229, 1.00177990550851, 0.0546991892971754, 90.2779031983634, 0.756936616711872, 0.512093327915229, 1.0]),
        (Headline, Log, None, [-0.147488032600088, 0.042990047164944, -0.231746976737057, -0.0632290884631196, 0.0, 67.5977205064496, 0.862872764603033, 0.793146782506793, 0.9387283972085]),
        (Headline, Log, Some(DerSimonianLaird), [-0.198902306259047, 0.0908947029484556, -0.377052650423487, -0.0207519620946074, 0.0192721322220824, 67.5977205064496, 0.81962996213895, 0.685879961074939, 0.97946187811499]),
        (Headline, Log, Some(Reml), [-0.156574292570692, 0.0517865572068698, -0.25807407957948, -0.0550745055619042, 0.0021696792813399, 19.019628411807, 0.855067990144022, 0.772538000696891, 0.946414632172643]),
        (Headline, Log, Some(PauleMandel), [-0.280218437093862, 0.188148016669584, -0.648981773528889, 0.0885448993411644, 0.119297667731803, 92.8129617285808, 0.755618668281362, 0.522577608306575, 1.09258330777989]),
        (Headline, Logit, None, [1.01091972578753, 0.277748640363585, 0.46654239391994, 1.55529705765513, 0.0, 82.3547966586876, 0.733200102476983, 0.614565061598862, 0.825677475269802]),
        (Headline, Logit, Some(DerSimonianLaird), [1.25814546018403, 0.725451412872549, -0.16371318157986, 2.68000410194792, 1.64504816771663, 82.3547966586876, 0.778706693884124, 0.459162873629183, 0.935836369903533]),
        (Headline, Logit, Some(Reml), [1.25078039360524, 0.696399792334023, -0.114138118210622, 2.6156989054211, 1.48423556342266, 80.8098683938535, 0.77743492180911, 0.471496407966578, 0.931865125855884]),
        (Headline, Logit, Some(PauleMandel), [1.24384817186497, 0.67160736280222, -0.0724780709793045, 2.56017441470925, 1.35269290457332, 79.3294656343119, 0.776233133908747, 0.481888410016448, 0.928254074352818]),
        (Headline, Arcsine, None, [1.08656015623747, 0.0518475847365213, 0.984940757468504, 1.18817955500644, 0.0, 84.2245531168809, 0.783279507514012, 0.69428779097934, 0.860610300098629]),
        (Headline, Arcsine, Some(DerSimonianLaird), [1.06982266676465, 0.13911947715124, 0.797153502000172, 1.34249183152912, 0.0632890523049826, 84.2245531168809, 0.769331334573447, 0.511754255668279, 0.948776387525123]),
        (Headline, Arcsine, Some(Reml), [1.06990101299465, 0.143942552071804, 0.787778795091132, 1.35202323089817, 0.0686872023732094, 85.2818757786265, 0.769397339652382, 0.502380622699021, 0.952897056046709]),
        (Headline, Arcsine, Some(PauleMandel), [1.06988495149545, 0.142972956053406, 0.789663106867548, 1.35010679612335, 0.0675866203049406, 85.0779691794318, 0.769383808710336, 0.504264891751471, 0.952081703211277]),
        (Headline, FreemanTukey, None, [1.07120617437761, 0.0512989176042577, 0.970662143427373, 1.17175020532784, 0.0, 82.8199345430856, 0.786269248186385, 0.691694555694128, 0.869063162184144]),
        (Headline, FreemanTukey, Some(DerSimonianLaird), [1.05065520764567, 0.131588645060447, 0.792746202552774, 1.30856421273857, 0.055704645791156, 82.8199345430856, 0.767771574317899, 0.507781543444549, 0.956085153424985]),
        (Headline, FreemanTukey, Some(Reml), [1.05061901772386, 0.135124542169382, 0.785779781644409, 1.31545825380332, 0.0594299165304543, 83.7215362472198, 0.767738584428405, 0.500404146816008, 0.959528293507885]),
        (Headline, FreemanTukey, Some(PauleMandel), [1.05063080964771, 0.133869130010728, 0.788252136184972, 1.31300948311045, 0.0580954558449311, 83.4096520671627, 0.76774933382825, 0.503022438817034, 0.958316932122393]),
        (Strict, Logit, None, [0.416609011245004, 0.228389966207754, -0.0310270969525132, 0.864245119442521, 0.0, 77.6073260216582, 0.602671531976174, 0.492243847976739, 0.703546817744191]),
        (Strict, Logit, Some(DerSimonianLaird), [0.365201383347747, 0.490310275602331, -0.595789098082731, 1.32619186477822, 0.739754599756112, 77.6073260216582, 0.590298956592642, 0.355307671596989, 0.790210026895987]),
        (Strict, Logit, Some(Reml), [0.36614615584215, 0.474505404696383, -0.563867347832363, 1.29615965951666, 0.679070504093514, 76.0848029082208, 0.590527426626102, 0.362653103128505, 0.785187950573196]),
        (Strict, Logit, Some(PauleMandel), [0.366737747656689, 0.465378008323362, -0.545386387854081, 1.27886188316746, 0.644948591658614, 75.1341551312471, 0.590670468692811, 0.366935463191561, 0.78225598148218]),
        (Split, Logit, None, [1.00461561043081, 0.278026811559137, 0.459693073038395, 1.54953814782322, 0.0, 76.6065816267385, 0.731965094332949, 0.612941362007564, 0.824847016023004]),
        (Split, Logit, Some(DerSimonianLaird), [1.3311955925618, 0.610211477121755, 0.13520307445017, 2.52718811067342, 1.36564382890247, 76.6065816267385, 0.791038331047311, 0.533749373085739, 0.926025964295604]),
        (Split, Logit, Some(Reml), [1.31770354302451, 0.572553843634267, 0.195518630291365, 2.43988845575765, 1.14884988319636, 73.3677901232516, 0.788799382194772, 0.548724538128393, 0.919818861587685]),
        (Split, Logit, Some(PauleMandel), [1.30512077654403, 0.542916615947999, 0.241023762677585, 2.36921779041047, 0.988897394260606, 70.3378365062294, 0.786695539874485, 0.55996592404138, 0.914449687004133]),
        (Skin, Logit, None, [1.66097337815961, 0.328962661810929, 1.01621840875176, 2.30572834756746, 0.0, 0.0, 0.840368624222838, 0.734235337102841, 0.909350348375568]),
        (Skin, Logit, Some(DerSimonianLaird), [1.66097337815961, 0.328962661810929, 1.01621840875176, 2.30572834756746, 0.0, 0.0, 0.840368624222838, 0.734235337102841, 0.909350348375568]),
        (Skin, Logit, Some(Reml), [1.66097337815961, 0.328962661810929, 1.01621840875176, 2.30572834756746, 0.0, 0.0, 0.840368624222838, 0.734235337102841, 0.909350348375568]),
        (Skin, Logit, Some(PauleMandel), [1.66097337815961, 0.328962661810929, 1.01621840875176, 2.30572834756746, 0.0, 0.0, 0.840368624222838, 0.734235337102841, 0.909350348375568]),
        (SkinAlone, Logit, None, [1.79053838992397, 0.441049312069788, 0.926097622861013, 2.65497915698692, 0.0, 0.0, 0.856993272012619, 0.716282907547912, 0.934317215773341]),
        (SkinAlone, Logit, Some(DerSimonianLaird), [1.79053838992397, 0.441049312069788, 0.926097622861013, 2.65497915698692, 0.0, 0.0, 0.856993272012619, 0.716282907547912, 0.934317215773341]),
        (SkinAlone, Logit, Some(Reml), [1.79053838992397, 0.441049312069788, 0.926097622861013, 2.65497915698692, 0.0, 0.0, 0.856993272012619, 0.716282907547912, 0.934317215773341]),
        (SkinAlone, Logit, Some(PauleMandel), [1.79053838992397, 0.441049312069788, 0.926097622861013, 2.65497915698692, 0.0, 0.0, 0.856993272012619, 0.716282907547912, 0.934317215773341]),
        (SkinMajor, Logit, None, [1.24383225107055, 0.29535991570648, 0.664937453809061, 1.82272704833203, 0.0, 37.0145384172692, 0.776230368530127, 0.660368645241533, 0.860893029567614]),
        (SkinMajor, Logit, Some(DerSimonianLaird), [1.2413838962551, 0.372196920708832, 0.511891336509079, 1.97087645600112, 0.102565735182057, 37.0145384172692, 0.775804809576639, 0.62524974313122, 0.877705222029868]),
        (SkinMajor, Logit, Some(Reml), [1.2413838962551, 0.372196920708832, 0.511891336509079, 1.97087645600112, 0.102565735182057, 37.0145384172692, 0.775804809576639, 0.62524974313122, 0.877705222029868]),
        (SkinMajor, Logit, Some(PauleMandel), [1.2413838962551, 0.372196920708832, 0.511891336509079, 1.97087645600112, 0.102565735182057, 37.0145384172692, 0.775804809576639, 0.62524974313122, 0.877705222029868]),
        (Muscle, Logit, None, [0.889062849722444, 0.17471237976602, 0.54663287772776, 1.23149282171713, 0.0, 66.4433617889924, 0.708696739794209, 0.633354040658425, 0.774079746178904]),
        (Muscle, Logit, Some(DerSimonianLaird), [0.960601618801491, 0.326067579968527, 0.321520905537045, 1.59968233206594, 0.576961192517629, 66.4433617889924, 0.723242243060933, 0.579694863699101, 0.831973981975986]),
        (Muscle, Logit, Some(Reml), [0.974339189308262, 0.35261663072588, 0.283223292735677, 1.66545508588085, 0.728120342834588, 71.4186883643617, 0.725983544872478, 0.570336279307423, 0.84096892500346]),
        (Muscle, Logit, Some(PauleMandel), [0.981139196520379, 0.366816411100035, 0.262192241826073, 1.70008615121469, 0.814810909798837, 73.6585454115677, 0.727334199340448, 0.565175116835125, 0.845545986425267]),
    ]
}

#[test]
fn pools_of_proportions_agree_with_metafor() -> Result<()> {
    for (set, measure, tau2, expected) in pools() {
        let what = format!("{set:?} {measure:?} {tau2:?}");
        let fit = fit(&set.studies()?.effects(measure)?, tau2)?;
        let (estimate, natural, heterogeneity) = (fit.estimate(), fit.natural(), fit.heterogeneity());
        let [mu, se, lower, upper, t2, i2, n, n_lower, n_upper] = expected;
        close(&what, estimate.value(), mu, se);
        close(&what, estimate.se(), se, se);
        close(&what, estimate.interval().0, lower, se);
        close(&what, estimate.interval().1, upper, se);
        close(&what, heterogeneity.tau2, t2, se * se);
        close(&what, 100.0 * heterogeneity.i2, i2, 1.0);
        // metafor lets the back-transformed log of a proportion pass 1; here a proportion stays one.
        close(&what, natural.value, n, 0.0);
        close(&what, natural.lower, n_lower.max(0.0), 0.0);
        close(&what, natural.upper, n_upper.min(1.0), 0.0);
    }
    Ok(())
}

#[test]
fn q_and_its_p_value_agree_with_metafor() -> Result<()> {
    let fit = fit(&ivig::responses()?.effects(ProportionMeasure::Logit)?, Some(Tau2::Reml))?;
    let heterogeneity = fit.heterogeneity();
    close("Q", heterogeneity.q, 17.0017876358282, 0.0);
    close("p", heterogeneity.p_value, 0.000706144355659536, 0.0);
    assert_eq!(heterogeneity.df, 3.0);
    Ok(())
}

#[test]
fn q_profile_intervals_agree_with_metafor() -> Result<()> {
    let expected = [
        (Set::Headline, [0.22330586169968686, 23.225396266025065, 38.78378605282977, 98.50510058030396]),
        (Set::Strict, [0.0802010875590556, 11.392648342602305, 27.31193425802181, 98.16090246734001]),
    ];
    for (set, [tau2_lower, tau2_upper, i2_lower, i2_upper]) in expected {
        let intervals =
            fit(&set.studies()?.effects(ProportionMeasure::Logit)?, Some(Tau2::Reml))?.heterogeneity_intervals()?;
        let (tau2, i2) = (intervals.tau2.interval().unwrap(), intervals.i2.interval().unwrap());
        close("tau2 lower", tau2.lower, tau2_lower, 0.0);
        close("tau2 upper", tau2.upper, tau2_upper, 0.0);
        close("I2 lower", 100.0 * i2.lower, i2_lower, 0.0);
        close("I2 upper", 100.0 * i2.upper, i2_upper, 0.0);
    }
    Ok(())
}

#[test]
fn hartung_knapp_and_prediction_intervals_agree_with_metafor() -> Result<()> {
    // Standard error, interval and prediction interval of test = "knha"; interval of test = "adhoc".
    let expected = [
        (
            Set::Headline,
            Tau2::Reml,
            [0.6707100970660362, -0.883718476719048, 3.3852792639295215, -3.175094717899743, 5.676655505110217],
            [-0.9654745525085182, 3.4670353397189917],
        ),
        (
            Set::Strict,
            Tau2::Reml,
            [0.46507122734639417, -1.113918053320142, 1.846210365004442, -2.645197732225417, 3.377490043909717],
            [-1.1439418161710049, 1.8762341278553052],
        ),
    ];
    for (set, tau2, [se, lower, upper, new_lower, new_upper], truncated) in expected {
        let effects = set.studies()?.effects(ProportionMeasure::Logit)?;
        let fit = RandomEffects::new(tau2).fit(&effects)?;
        close("se", fit.estimate().se(), se, 0.0);
        close("lower", fit.estimate().interval().0, lower, 0.0);
        close("upper", fit.estimate().interval().1, upper, 0.0);
        let prediction = fit.prediction()?.interval();
        close("prediction lower", prediction.0, new_lower, 0.0);
        close("prediction upper", prediction.1, new_upper, 0.0);
        let fit = RandomEffects::new(tau2).inference(Inference::HartungKnappTruncated).fit(&effects)?;
        close("truncated lower", fit.estimate().interval().0, truncated[0], 0.0);
        close("truncated upper", fit.estimate().interval().1, truncated[1], 0.0);
    }

    // Wald, prediction by the normal quantile: `predict` after test = "z".
    let fit = fit(&ivig::responses()?.effects(ProportionMeasure::Logit)?, Some(Tau2::Reml))?;
    let prediction = fit.prediction()?;
    close("normal prediction lower", prediction.interval().0, -1.49960727743234, 0.0);
    close("normal prediction upper", prediction.interval().1, 4.00116806464281, 0.0);
    close("natural prediction lower", prediction.natural().lower, 0.182484104289297, 0.0);
    close("natural prediction upper", prediction.natural().upper, 0.98203440960889, 0.0);
    Ok(())
}

#[test]
fn leave_one_out_agrees_with_metafor() -> Result<()> {
    // Estimate, standard error, interval, tau2, I2 without each study in turn: logit, REML, Wald.
    let expected = [
        [1.813135672556409, 0.34215956910732054, 1.1425152401403171, 2.4837561049725005, 0.0, 0.0],
        [
            1.1058583021626762,
            0.8715663537563748,
            -0.6023803613367142,
            2.814096965662067,
            1.9758777465061235,
            87.93526286022227,
        ],
        [
            0.8923255451428234,
            0.8061399374799421,
            -0.6876796988172338,
            2.4723307891028803,
            1.5207806710588192,
            82.6089369039744,
        ],
        [
            1.1520837993379272,
            0.9856942697720392,
            -0.7798414691827775,
            3.0840090678586316,
            2.3235374985349075,
            81.56735059953883,
        ],
    ];
    let fit = fit(&ivig::responses()?.effects(ProportionMeasure::Logit)?, Some(Tau2::Reml))?;
    let without = leave_one_out(&fit)?;
    assert_eq!(without.len(), expected.len());
    for (out, [mu, se, lower, upper, tau2, i2]) in without.iter().zip(expected) {
        let estimate = &out.estimate;
        close(&out.study, estimate.value(), mu, se);
        close(&out.study, estimate.se(), se, se);
        close(&out.study, estimate.interval().0, lower, se);
        close(&out.study, estimate.interval().1, upper, se);
        close(&out.study, out.heterogeneity.tau2, tau2, se * se);
        close(&out.study, 100.0 * out.heterogeneity.i2, i2, 1.0);
    }
    Ok(())
}

#[test]
fn two_arm_effects_agree_with_metafor() -> Result<()> {
    use extended::{TotalImprovement, trial};
    use ivig::cohort;
    // Odds ratio, risk ratio, risk difference: effect, variance, interval, p.
    #[rustfmt::skip]
    let expected = [
        (cohort(Remission::Muscular)?, [
            [2.17475172148416, 0.770454545454545, 0.454382746647586, 3.89512069632073, 0.0132258807151598],
            [0.500775287912489, 0.0482323232323232, 0.0703307693931123, 0.931219806431866, 0.0225955625064093],
            [0.361111111111111, 0.0169002914951989, 0.106313595745412, 0.61590862647681, 0.00547360707130334],
        ]),
        (cohort(Remission::Complete)?, [
            [0.22314355131421, 0.391666666666667, -1.0034661549243, 1.44975325755272, 0.721425275841365],
            [0.117783035656383, 0.111111111111111, -0.535538292523634, 0.771104363836401, 0.723826734757419],
            [0.0555555555555556, 0.0241340877914952, -0.248927784589756, 0.360038895700867, 0.720633716915528],
        ]),
        (trial(TotalImprovement::AtLeast20)?, [
            [1.55964724793109, 0.211683111683112, 0.657886771658661, 2.46140772420351, 0.000699253086472587],
            [0.587448884118634, 0.0325361455680605, 0.23391492056801, 0.940982847669258, 0.00112687871047578],
            [0.349734042553192, 0.00869071067390535, 0.167018396872877, 0.532449688233506, 0.000175747584047071],
        ]),
        (trial(TotalImprovement::AtLeast40)?, [
            [1.97070834154337, 0.215852784602785, 1.06010986615273, 2.88130681693401, 2.21798541230044e-05],
            [1.08889403919919, 0.0800491618310767, 0.53436220169555, 1.64342587670283, 0.000118775681114301],
            [0.451684397163121, 0.00830344690215849, 0.273086106733279, 0.630282687592962, 7.16448023722774e-07],
        ]),
        (trial(TotalImprovement::AtLeast60)?, [
            [1.64020957110085, 0.370643939393939, 0.446973035320263, 2.83344610688145, 0.00705695564015212],
            [1.34280924918015, 0.274556737588653, 0.315824146371484, 2.36979435198882, 0.0103860862547315],
            [0.235815602836879, 0.00621468822160294, 0.0813051860788483, 0.390326019594911, 0.00277774310217431],
        ]),
    ];
    let measures = [BinaryMeasure::LogOddsRatio, BinaryMeasure::LogRiskRatio, BinaryMeasure::RiskDifference];
    for (studies, rows) in expected {
        for (measure, [y, v, lower, upper, p]) in measures.into_iter().zip(rows) {
            let what = format!("{measure:?} {studies:?}");
            let effects = studies.effects(measure)?;
            close(&what, effects.y()[0], y, v.sqrt());
            close(&what, effects.v()[0], v, 0.0);
            let fit = CommonEffect::new().fit(&effects)?;
            close(&what, fit.estimate().interval().0, lower, v.sqrt());
            close(&what, fit.estimate().interval().1, upper, v.sqrt());
            close(&what, fit.estimate().p_value(), p, 0.0);
        }
    }
    Ok(())
}

#[test]
fn the_odds_ratio_of_the_strata_agrees_with_metafor() -> Result<()> {
    let strata = ivig::galimberti_strata()?;
    let [alone, mixed] = [0, 1].map(|i| *strata.iter().nth(i).unwrap().1);
    let table = TwoByTwo::new((alone.events(), alone.total()), (mixed.events(), mixed.total()))?;
    let effect = table.effect(&BinaryMeasure::LogOddsRatio.into())?;
    close("log odds ratio", effect.y(), 0.390197635977376, 0.0);
    close("variance", effect.variance(), 0.822377622377622, 0.0);
    Ok(())
}

#[test]
fn changes_of_scores_agree_with_metafor() -> Result<()> {
    // Mean change, by the SD before (SMCR), by the SD of the change (SMCC): effect, variance, interval.
    #[rustfmt::skip]
    let expected = [
        (Score::Cdasi, 0.3, [
            [-4.5, 1.61522333333333, -6.9909463906765, -2.0090536093235],
            [-0.695107754820117, 0.0683994748085638, -1.20770288339061, -0.182512626249621],
            [-0.698883127992143, 0.0518424505540017, -1.14514609863509, -0.252620157349195],
        ]),
        (Score::Cdasi, 0.5, [
            [-4.5, 1.23545, -6.67851561849498, -2.32148438150502],
            [-0.695107754820117, 0.0517328081418972, -1.1408985714101, -0.24931693823013],
            [-0.799113116471213, 0.0549704536024236, -1.25864193370533, -0.339584299237095],
        ]),
        (Score::Cdasi, 0.7, [
            [-4.5, 0.855676666666667, -6.31302142260615, -2.68697857739385],
            [-0.695107754820117, 0.0350661414752305, -1.06212974118842, -0.328085768451817],
            [-0.960209506335721, 0.060875047834531, -1.44378885811176, -0.47663015455968],
        ]),
        (Score::Mrc, 0.3, [
            [2.83, 0.109216666666667, 2.18227218097917, 3.47772781902083],
            [1.71033193928364, 0.119275736302786, 1.03343251594578, 2.3872313626215],
            [1.69024752612151, 0.101186181240831, 1.06678738428408, 2.31370766795894],
        ]),
        (Score::Mrc, 0.5, [
            [2.83, 0.0820166666666667, 2.26869469304968, 3.39130530695032],
            [1.71033193928364, 0.10260906963612, 1.08250352670829, 2.338160351859],
            [1.95048992080335, 0.120925227732405, 1.26892607000352, 2.63205377160318],
        ]),
        (Score::Mrc, 0.7, [
            [2.83, 0.0548166666666667, 2.37111442854703, 3.28888557145297],
            [1.71033193928364, 0.085942402969453, 1.1357501766435, 2.28491370192378],
            [2.38582429217269, 0.160253282356694, 1.60121841336836, 3.17043017097701],
        ]),
    ];
    let measures =
        [ChangeMeasure::MeanChange, ChangeMeasure::StandardizedBySdBefore, ChangeMeasure::StandardizedBySdOfChange];
    for (score, r, rows) in expected {
        for (measure, [y, v, lower, upper]) in measures.into_iter().zip(rows) {
            let what = format!("{score} {measure:?} r = {r}");
            let effects = ivig::score(score, r)?.effects(measure)?;
            close(&what, effects.y()[0], y, 0.0);
            close(&what, effects.v()[0], v, 0.0);
            let fit = CommonEffect::new().fit(&effects)?;
            close(&what, fit.estimate().interval().0, lower, v.sqrt());
            close(&what, fit.estimate().interval().1, upper, v.sqrt());
        }
    }
    Ok(())
}

#[test]
fn the_trial_prints_the_differences_that_its_counts_give() -> Result<()> {
    for reported in extended::reported_differences()? {
        let effects = extended::trial(reported.threshold)?.effects(BinaryMeasure::RiskDifference)?;
        let found = CommonEffect::new().fit(&effects)?.natural();
        let decimals = reported.decimals as usize;
        let print = |x: f64| format!("{:.decimals$}", 100.0 * x);
        let printed = [reported.difference, reported.lower, reported.upper].map(print);
        let ours = [found.value, found.lower, found.upper].map(print);
        assert_eq!(ours, printed, "{}", reported.threshold);
    }
    Ok(())
}

#[test]
fn the_interval_that_one_study_prints_is_not_what_it_says() -> Result<()> {
    // Clopper & Pearson 1934, Biometrika 26:404, doi 10.1093/biomet/26.4.404, of 8/19 in Lim 2021.
    let extra = extended::responses()?;
    let (x, n) = extra.get("Lim 2021").map(|p| (p.events(), p.total())).unwrap();
    let lower = beta::inverse_regularized(x, n - x + 1.0, 0.025);
    let upper = beta::inverse_regularized_upper(x + 1.0, n - x, 0.025);
    assert_eq!(format!("{:.1} {:.1}", 100.0 * lower, 100.0 * upper), "20.3 66.5"); // printed: 19.6, 64.6
    Ok(())
}

#[test]
fn rows_survive_serialisation() -> Result<()> {
    let responses = ivig::responses()?;
    let text = serde_json::to_string(&responses).unwrap();
    assert_eq!(serde_json::from_str::<Studies<Proportion>>(&text).unwrap(), responses);
    let events = ivig::adverse_events()?;
    let text = serde_json::to_string(&events).unwrap();
    assert_eq!(serde_json::from_str::<Vec<ivig::AdverseEvents>>(&text).unwrap(), events);
    Ok(())
}
