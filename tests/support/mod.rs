//! What the reference tests share: reading pinned files, building effects, comparing with a list of failures.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

pub mod counts;

use meta_analysis::{Effect, Effects, Measure};
use serde_json::Value;

/// A pinned reference file; a missing or broken one fails the test.
pub fn reference(text: &str) -> Value {
    serde_json::from_str(text).expect("the reference file is JSON")
}

/// A number, given as a JSON number or as a decimal string.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.parse().expect("a decimal number")),
        other => Some(other.as_f64().expect("a number")),
    }
}

pub fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(|x| number(x).expect("a number")).collect()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The effects of one reference case.
pub fn effects(case: &Value, measure: Measure) -> Effects {
    let (y, v) = (numbers(&case["yi"]), numbers(&case["vi"]));
    let n = case.get("ni").filter(|n| !n.is_null()).map(numbers);
    // Without sample sizes only the analysis scale can be compared.
    let measure = if measure.needs_sample_size() && n.is_none() { Measure::Generic } else { measure };
    let rows = y.iter().zip(&v).enumerate().map(|(i, (&y, &v))| {
        let effect = match &n {
            Some(n) => Effect::from_variance_and_n(measure, y, v, n[i]),
            None => Effect::from_variance(measure, y, v),
        };
        (format!("study {}", i + 1), effect.expect("a valid effect"))
    });
    Effects::from_rows(rows).expect("valid effects")
}

/// Collects disagreements, so that one run shows them all, and counts comparisons, so that none are lost.
#[derive(Default)]
pub struct Comparison {
    pub compared: usize,
    failures: Vec<String>,
    worst: Vec<(String, f64)>,
}

impl Comparison {
    /// `actual` must lie within `tolerance` times `size` of `expected`; `size` is what the quantity is measured
    /// against (its own magnitude, or a standard error).
    pub fn close(
        &mut self,
        what: impl Fn() -> String,
        kind: &str,
        actual: f64,
        expected: f64,
        size: f64,
        tolerance: f64,
    ) {
        self.compared += 1;
        let distance = (actual - expected).abs();
        let error = if distance == 0.0 { 0.0 } else { distance / size };
        match self.worst.iter_mut().find(|(k, _)| k == kind) {
            Some((_, worst)) => *worst = worst.max(error),
            None => self.worst.push((kind.to_owned(), error)),
        }
        // NaN is not within any tolerance.
        let within = error <= tolerance;
        if !within {
            self.failures.push(format!("{}: {kind} {actual:e}, expected {expected:e}, off by {error:.1e}", what()));
        }
    }

    /// As [`close`](Self::close), relative to the expected value itself.
    pub fn relative(&mut self, what: impl Fn() -> String, kind: &str, actual: f64, expected: f64, tolerance: f64) {
        self.close(what, kind, actual, expected, expected.abs(), tolerance);
    }

    pub fn fail(&mut self, message: String) {
        self.failures.push(message);
    }

    /// Ends the comparison: no disagreement, and exactly as many comparisons as the grid has.
    pub fn finish(self, expected_comparisons: usize) {
        for (kind, worst) in &self.worst {
            println!("{kind}: largest deviation {worst:.1e}");
        }
        println!("{} comparisons", self.compared);
        let shown = self.failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.failures.is_empty(), "{} disagreements:\n{shown}", self.failures.len());
        assert_eq!(self.compared, expected_comparisons, "the reference grid changed its size");
    }
}
