//! The three models on a block of markers, and the frequencies: columns of numbers, nothing per marker.

use meta_analysis::Tau2;
use meta_analysis::batch::{BatchInput, BatchOutput, BatchPlan, UnitFlags};

use crate::block::{BLOCK, Block, STRIDE};
use crate::problem::Problem;

/// Results of one model, one entry per marker.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) effect: Vec<f64>,
    pub(crate) se: Vec<f64>,
    pub(crate) p: Vec<f64>,
    pub(crate) log10_p: Vec<f64>,
    pub(crate) tau2: Vec<f64>,
}

impl Model {
    fn new() -> Self {
        let column = || vec![0.0; BLOCK];
        Self { effect: column(), se: column(), p: column(), log10_p: column(), tau2: column() }
    }

    fn output(&mut self, n: usize) -> BatchOutput<'_> {
        BatchOutput {
            mu: self.effect.get_mut(..n),
            se: self.se.get_mut(..n),
            p: self.p.get_mut(..n),
            log10_p: self.log10_p.get_mut(..n),
            tau2: self.tau2.get_mut(..n),
            ..BatchOutput::default()
        }
    }
}

/// Everything that is computed of a block.
#[derive(Debug)]
pub(crate) struct Analysed {
    plans: [BatchPlan; 3],
    pub(crate) fixed: Model,
    pub(crate) dl: Model,
    pub(crate) reml: Model,
    pub(crate) q: Vec<f64>,
    pub(crate) q_p: Vec<f64>,
    /// Cohorts with an estimate.
    pub(crate) count: Vec<u32>,
    /// What happened in the REML fit.
    pub(crate) flags: Vec<UnitFlags>,
    /// Mean frequency of the effect allele and its standard deviation between cohorts, both weighted by 1/variance of
    /// the effect; NaN where no cohort gives it.
    pub(crate) frequency: Vec<f64>,
    pub(crate) frequency_sd: Vec<f64>,
    /// Sum of the numbers of people that are given; NaN where none is.
    pub(crate) people: Vec<f64>,
    weights: Vec<f64>,
}

impl Analysed {
    pub(crate) fn new() -> Result<Self, Problem> {
        let column = || vec![0.0; BLOCK];
        Ok(Self {
            plans: [
                BatchPlan::common(),
                BatchPlan::random(Tau2::DerSimonianLaird).map_err(library)?,
                BatchPlan::random(Tau2::Reml).map_err(library)?,
            ],
            fixed: Model::new(),
            dl: Model::new(),
            reml: Model::new(),
            q: column(),
            q_p: column(),
            count: vec![0; BLOCK],
            flags: vec![UnitFlags::NONE; BLOCK],
            frequency: column(),
            frequency_sd: column(),
            people: column(),
            weights: column(),
        })
    }

    /// Computes everything for the markers of a block.
    pub(crate) fn run(&mut self, block: &Block) -> Result<(), Problem> {
        let n = block.len();
        let input = BatchInput::study_major(block.y(), block.v(), n, STRIDE).map_err(library)?;
        let mut output = self.fixed.output(n);
        output.q = self.q.get_mut(..n);
        output.q_p = self.q_p.get_mut(..n);
        output.count = self.count.get_mut(..n);
        self.plans[0].run(input, &mut output).map_err(library)?;
        self.plans[1].run(input, &mut self.dl.output(n)).map_err(library)?;
        let mut output = self.reml.output(n);
        output.flags = self.flags.get_mut(..n);
        self.plans[2].run(input, &mut output).map_err(library)?;
        self.frequencies(block);
        self.sum_people(block);
        Ok(())
    }

    fn frequencies(&mut self, block: &Block) {
        let n = block.len();
        let (mean, squares, weights) = (&mut self.frequency[..n], &mut self.frequency_sd[..n], &mut self.weights[..n]);
        for column in [&mut *mean, &mut *squares, &mut *weights] {
            column.fill(0.0);
        }
        let rows = || {
            let starts = (0..block.cohorts()).map(|j| j * STRIDE);
            starts.map(|from| (&block.v()[from..from + n], &block.eaf()[from..from + n]))
        };
        for (v, eaf) in rows() {
            for i in 0..n {
                let known = !eaf[i].is_nan();
                weights[i] += if known { 1.0 / v[i] } else { 0.0 };
                mean[i] += if known { f64::from(eaf[i]) / v[i] } else { 0.0 };
            }
        }
        for i in 0..n {
            mean[i] /= weights[i]; // 0/0, NaN, where no cohort knows it
        }
        for (v, eaf) in rows() {
            for i in 0..n {
                let d = f64::from(eaf[i]) - mean[i];
                squares[i] += if d.is_nan() { 0.0 } else { d * d / v[i] };
            }
        }
        for i in 0..n {
            squares[i] = (squares[i] / weights[i]).sqrt();
        }
    }

    fn sum_people(&mut self, block: &Block) {
        let n = block.len();
        let people = &mut self.people[..n];
        people.fill(0.0);
        for j in 0..block.cohorts() {
            for (sum, known) in people.iter_mut().zip(&block.n()[j * STRIDE..]) {
                *sum += if known.is_nan() { 0.0 } else { f64::from(*known) };
            }
        }
        for sum in people {
            if *sum == 0.0 {
                *sum = f64::NAN;
            }
        }
    }
}

/// An error of the library, which means a mistake in this program: the rows were checked before.
fn library(error: meta_analysis::Error) -> Problem {
    Problem::of_command(error.to_string(), "this is a mistake in the program: please report it")
}
