//! Two groups with a parameter for each study's level: the unconditional models.

mod pair;
