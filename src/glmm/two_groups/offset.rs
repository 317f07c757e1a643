//! A likelihood whose linear predictor is shifted by a known number.

use crate::glmm::likelihood::{Local, Peak, StudyLikelihood};

/// The likelihood of `eta` that `study` has at `eta + offset`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offset<S> {
    study: S,
    offset: f64,
}

impl<S> Offset<S> {
    pub(super) fn new(study: S, offset: f64) -> Self {
        Self { study, offset }
    }
}

impl<S: StudyLikelihood> StudyLikelihood for Offset<S> {
    fn at(&self, eta: f64) -> Local {
        self.study.at(eta + self.offset)
    }

    fn value(&self, eta: f64) -> f64 {
        self.study.value(eta + self.offset)
    }

    fn peak(&self) -> Peak {
        match self.study.peak() {
            Peak::At(eta) => Peak::At(eta - self.offset),
            other => other,
        }
    }

    fn knee(&self) -> (f64, f64) {
        let (place, width) = self.study.knee();
        (place - self.offset, width)
    }

    fn exclusive(&self) -> bool {
        false
    }
}
