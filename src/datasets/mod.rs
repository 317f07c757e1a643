//! Real data sets, as typed rows with their provenance.
//!
//! Every number is embedded in the crate as a csv file, carries where it comes from and whether it was stated or
//! derived, and is read into the types of [`study`](crate::study). A data set returns studies, never effects and
//! variances: which measure is right is a question of the analysis.
//!
//! What must not be pooled has no type that can be pooled. Several outcomes of the same people, counts over
//! different denominators, means without standard deviations and the figures of a review are plain rows.
//!
//! | data set | subject |
//! | --- | --- |
//! | [`ivig_dermatomyositis`] | intravenous immunoglobulin in dermatomyositis and polymyositis |

pub mod ivig_dermatomyositis;
mod read;
