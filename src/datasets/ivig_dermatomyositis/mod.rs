//! Intravenous immunoglobulin (IVIG) in dermatomyositis (DM) and polymyositis (PM).
//!
//! Five publications, read as abstracts and one news report: four groups of treated patients, one of them with a
//! comparison group, and a review. Numbers and citations only. Small, heterogeneous and imperfect, as most real
//! evidence on rare diseases is; every imperfection is written down below.
//!
//! # Files
//!
//! | file | rows | content | function |
//! | --- | --- | --- | --- |
//! | `responses.csv` | 8 | responders of single groups: 4 headline, 2 strict readings, 2 strata | [`responses`], [`strict_responses`], [`galimberti_strata`] |
//! | `cohort.csv` | 2 | IVIG against conventional treatment, two outcomes | [`cohort`] |
//! | `ivig_arm.csv` | 5 | outcomes of the 24 people of the IVIG arm | [`ivig_arm`] |
//! | `scores.csv` | 2 | CDASI and MRC before and after, with SD | [`score`] |
//! | `means_without_sd.csv` | 4 | means before and after, without SD | [`means_without_sd`] |
//! | `adverse_events.csv` | 2 | adverse events, each over its own unit | [`adverse_events`] |
//! | `review.csv` | 1 | what a review covered | [`reviews`] |
//! | `sources.csv` | 5 | the publications | [`sources`] |
//!
//! Further studies are kept apart, in [`extended`].
//!
//! # Columns and units
//!
//! | column | meaning |
//! | --- | --- |
//! | `reading` | which outcome of the study: `headline`, `strict`, `stratum`; in the extended set `alternative` |
//! | `year` | year of publication |
//! | `events`, `total` | people with the outcome, people analysed |
//! | `treated` | people treated, which may be more than were analysed |
//! | `outcome`, `domain` | what was counted, in which organ |
//! | `design`, `disease` | how the study was made, in whom |
//! | `line` | first-line, add-on or refractory, or not stated |
//! | `source` | what was read: the journal's abstract, or a report of the study |
//! | `count_source` | `stated` by the source, or `derived` |
//! | `reported_percent` | the printed percentage, with its decimals; empty where a count follows otherwise |
//! | `derivation` | the arithmetic, e.g. `91.7% x 24 = 22.008 -> 22, unique`: no other count of 24 rounds to 91.7 % |
//! | `before_*`, `after_*` | mean and standard deviation: CDASI and MRC in points |
//! | `unit` | points, IU/l, cm; for adverse events: courses or patients |
//! | `better` | which direction is an improvement |
//! | `time`, `n_source` | when the outcome was taken; how the number of people is known |
//! | `reported_p` | the printed p-value; see the discrepancies |
//! | `caution` | extended set only |
//!
//! **Extraction:** by the developers of this crate, from the documents named in `read_as` of [`sources`], each
//! count checked by recomputing its percentage for it and for both neighbours; `tests/datasets.rs` repeats the check.
//!
//! # Sources
//!
//! | study | citation | read as |
//! | --- | --- | --- |
//! | Göttfried 2000 | Eur J Dermatol 10(1):29-35, PMID 10694294 | abstract |
//! | Hara 2003 | Mod Rheumatol 13(4):319-325, doi 10.3109/s10165-003-0250-9, PMID 24387253 | abstract |
//! | Kampylafka 2012 | Clin Exp Rheumatol 30(3):397-401, PMID 22510247 | news report of 17 May 2012, identified by its figures |
//! | Galimberti 2018 | Clin Exp Dermatol 43(8):906-912, doi 10.1111/ced.13607, PMID 29856076 | abstract |
//! | Wang 2012 (review) | Clin Rheumatol 31(5):801-806, doi 10.1007/s10067-012-1940-5 | abstract |
//!
//! # Known discrepancies
//!
//! 1. **Kampylafka 2012, complete remission.** The printed P = .28 does not follow from 12/24 and 8/18: chi-square
//!    .721, Yates .964, Fisher .764. One minus the chi-square value is .279, which suggests a complement; that is a
//!    guess. Use the counts.
//! 2. **Kampylafka 2012, muscular remission.** P = .007 is the chi-square value without correction (.0065). Fisher's
//!    exact test gives .010, Yates .019.
//! 3. **Galimberti 2018, steroid sparing.** Printed as 80 %, with no count: 33/42 is 78.6 % and 34/42 is 81.0 %, so
//!    the base is not 42, and 28/35 is only a guess. Two different end points carry the same 80 %. **Absent from the
//!    files.**
//! 4. **Galimberti 2018, cycles to improvement.** A mean of 1.82 whole cycles is impossible over 42 or 35 people
//!    (GRIM: no whole sum gives it). The base is unknown. Absent.
//! 5. **Kampylafka 2012, scores at the end of follow-up.** CDASI 1.95 and MRC 9.56 are impossible as means of 24 whole
//!    scores; the base, or the scoring, differs. Absent; the baseline and the 6-month means are all possible with 24.
//! 6. **Kampylafka 2012, follow-up.** Three lengths in one report: 35, 48 and 76 months. No rate can be computed. The
//!    mean relapse-free period, 38.5 (SD 34.3) months, has no stated base and is absent.
//! 7. **Kampylafka 2012, muscle relapses.** The 16.7 % "of these patients" can only be 4 of 24: no count of the 13
//!    who relapsed gives it.
//! 8. **Kampylafka 2012, scores.** Taken from records in retrospect, according to the journal's abstract. The MRC mean
//!    of 9.54 implies a scale of 0 to 10 with a ceiling; after treatment the SD of the CDASI exceeds its mean.
//!    Standardised changes of such scores are fragile.
//! 9. **Hara 2003.** 8 of 12 treated people were analysed, the reason is not given: 7/12 in the strict reading. Its
//!    means have no SD. Its mean "reduced dose" of prednisolone can be read as reduced by or to 47.1 mg a day; absent.
//! 10. **Adverse events.** 2 of 15 *courses* and 4 of 24 *patients*: 13 % and 17 % of different things.
//! 11. **Wang 2012.** Cites Göttfried 2000, whose 19 patients may be among its 308.
//!
//! # What may be pooled
//!
//! | pool | verdict |
//! | --- | --- |
//! | [`responses`] | mechanics only: four outcome definitions, no comparison group; heterogeneity is largely a matter of definition |
//! | [`responses`] against [`strict_responses`] | a sensitivity analysis of that choice |
//! | one outcome of [`cohort`] | one study; an effect, not a pool. Not randomised |
//! | both outcomes of [`cohort`], rows of [`ivig_arm`], both scores | no: the same people |
//! | [`adverse_events`] | no: different denominators |
//! | [`reviews`] | no: a review, with overlap |
//! | [`means_without_sd`] | no: no variance |
//!
//! Nothing here shows that IVIG works: people without it improve as well. In the randomised trial of the extended set
//! [43.8 % of the placebo group](extended::trial) did.
//!
//! ```
//! use meta_analysis::{RandomEffects, datasets::ivig_dermatomyositis as ivig, study::ProportionMeasure};
//!
//! let model = RandomEffects::default();
//! let pooled = model.fit(&ivig::responses()?.effects(ProportionMeasure::Logit)?)?;
//! let strict = model.fit(&ivig::strict_responses()?.effects(ProportionMeasure::Logit)?)?;
//! assert_eq!(format!("{:.2}", pooled.natural()), "0.78 [0.29, 0.97]");
//! assert_eq!(format!("{:.2}", strict.natural()), "0.59 [0.25, 0.86]");
//! # Ok::<(), meta_analysis::Error>(())
//! ```

mod context;
pub mod extended;
mod provenance;
mod scores;
mod single_group;
mod two_groups;

pub use context::{AdverseEvents, Denominator, Review, adverse_events, reviews};
pub use provenance::{Better, CountSource, Source};
pub use scores::{MeansWithoutSd, Score, means_without_sd, score};
pub use single_group::{galimberti_strata, responses, strict_responses};
pub use two_groups::{ArmOutcome, Remission, cohort, ivig_arm};

use crate::error::Result;

/// The publications of this data set.
///
/// ```
/// let sources = meta_analysis::datasets::ivig_dermatomyositis::sources()?;
/// assert_eq!(sources.len(), 5);
/// assert_eq!(sources[0].pmid.as_deref(), Some("10694294")); // Göttfried 2000
/// # Ok::<(), meta_analysis::Error>(())
/// ```
///
/// # Errors
/// As [`responses`].
pub fn sources() -> Result<Vec<Source>> {
    crate::datasets::read::rows(include_str!("sources.csv"))
}
