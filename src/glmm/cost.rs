//! What the parts of a fit cost, counted in evaluations of the likelihood of one study.

use super::binomial::{Binomial, BinomialLink};
use super::lattice::Tabulated;
use super::likelihood::{Local, Peak, StudyLikelihood};
use super::problem::Problem;
use std::cell::Cell;
use std::rc::Rc;

#[derive(Clone)]
struct Counting(Binomial, Rc<Cell<u32>>);

impl StudyLikelihood for Counting {
    fn at(&self, eta: f64) -> Local {
        self.1.set(self.1.get() + 1);
        self.0.at(eta)
    }
    fn value(&self, eta: f64) -> f64 {
        self.1.set(self.1.get() + 1);
        self.0.value(eta)
    }
    fn peak(&self) -> Peak {
        self.0.peak()
    }
    fn knee(&self) -> (f64, f64) {
        self.0.knee()
    }
}

const TEN: [(f64, f64); 10] = [
    (7.0, 19.0),
    (7.0, 8.0),
    (22.0, 24.0),
    (35.0, 42.0),
    (11.0, 12.0),
    (25.0, 35.0),
    (13.0, 16.0),
    (23.0, 27.0),
    (16.0, 23.0),
    (37.0, 47.0),
];

#[test]
fn a_fit_of_ten_studies_stays_cheap() {
    let count = Rc::new(Cell::new(0));
    let one = |&(x, n): &(f64, f64)| Counting(Binomial::new(x, n, BinomialLink::Logit), Rc::clone(&count));
    let problem = Problem::of_mean(Tabulated::all(TEN.iter().map(one).collect()));
    let maximum = problem.maximise().expect("a maximum");
    let search = count.take();
    let drop = 1.92;
    let mu = [-1.0, 1.0].map(|direction| problem.coefficient_limit(&maximum, 0, direction, drop).expect("a limit"));
    let limits = count.take();
    let tau2 = problem.tau2_limits(&maximum, drop).expect("limits");
    let of_tau2 = count.take();
    assert!(mu[0] < mu[1] && tau2.0 < tau2.1);
    println!("search {search}, limits of mu {limits}, limits of tau2 {of_tau2}");
    assert!(search + limits + of_tau2 < 40_000, "{search} + {limits} + {of_tau2}");
}
