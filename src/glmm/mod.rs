//! x
#![allow(missing_docs, dead_code, unused)]
mod binomial;
mod likelihood;
mod marginal;
mod maximise;
mod poisson;
mod problem;
mod profile;
mod search;

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn quick() {
        let data = [(7.0, 19.0), (7.0, 8.0), (22.0, 24.0), (35.0, 42.0)];
        let s: Vec<_> = data.iter().map(|&(x, n)| binomial::Binomial::new(x, n, binomial::BinomialLink::Logit)).collect();
        let p = problem::Problem::of_mean(s);
        let m = p.maximise().unwrap();
        println!("{:?} {:?}", m.best.point, m.best.value());
        println!("{:?}", m.record);
        println!("se {:?}", p.standard_error(&m.best, 0));
        let drop = 0.5 * 1.959963984540054f64.powi(2);
        println!("{:?}", p.coefficient_limit(&m, 0, -1.0, drop));
        println!("{:?}", p.coefficient_limit(&m, 0, 1.0, drop));
        println!("{:?}", p.tau2_limits(&m, drop));
        let t = std::time::Instant::now();
        for _ in 0..100 { let m = p.maximise().unwrap(); std::hint::black_box(&m); }
        println!("fit {:?}", t.elapsed()/100);
        let t = std::time::Instant::now();
        for _ in 0..100 { 
        p.coefficient_limit(&m, 0, -1.0, drop).unwrap();
        p.coefficient_limit(&m, 0, 1.0, drop).unwrap();
        }
        println!("mu {:?}", t.elapsed()/100);
        let t = std::time::Instant::now();
        for _ in 0..100 { 
        p.tau2_limits(&m, drop).unwrap();
        }
        println!("tau2 {:?}", t.elapsed()/100);
    }
}
