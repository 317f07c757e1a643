//! From a reference case to a fit of counts.

use super::{list, number, numbers, text};
use meta_analysis::glmm::{
    BinomialNormal, Conditional, ConditionalNormal, GlmmFit, Link, PoissonNormal, RandomEffectCoding, TwoGroupData,
    TwoGroupFit, UnconditionalFixed,
};
use meta_analysis::study::{Proportion, Rate, Studies, TwoByTwo, TwoRates};
use serde_json::Value;

/// The model of one group that the case's `kind` names, fitted to its columns `x` and `n`.
pub fn one_group(case: &Value) -> GlmmFit {
    let rows = numbers(&case["x"]).into_iter().zip(numbers(&case["n"])).enumerate();
    let link = match text(&case["kind"]) {
        "poisson" => {
            let studies: Studies<Rate> =
                rows.map(|(i, (x, t))| (i.to_string(), Rate::fractional(x, t).expect("a rate"))).collect();
            return PoissonNormal::new().fit(&studies).unwrap_or_else(|e| panic!("{}: {e}", text(&case["name"])));
        }
        "cloglog" => Link::ComplementaryLogLog,
        other => other.parse().expect("a link"),
    };
    let studies: Studies<Proportion> =
        rows.map(|(i, (x, n))| (i.to_string(), Proportion::fractional(x, n).expect("a proportion"))).collect();
    BinomialNormal::new().link(link).fit(&studies).unwrap_or_else(|e| panic!("{}: {e}", text(&case["name"])))
}

/// The rows of a case, of rates where its `kind` says so.
pub fn two_groups(case: &Value) -> TwoGroupData {
    let rows = list(&case["rows"]).iter().map(numbers).enumerate();
    if ["rates", "poisson"].contains(&text(&case["kind"])) {
        let one =
            |(i, r): (usize, Vec<f64>)| (i.to_string(), TwoRates::new((r[0], r[1]), (r[2], r[3])).expect("rates"));
        return (&rows.map(one).collect::<Studies<TwoRates>>()).into();
    }
    let one =
        |(i, r): (usize, Vec<f64>)| (i.to_string(), TwoByTwo::fractional((r[0], r[1]), (r[2], r[3])).expect("a table"));
    (&rows.map(one).collect::<Studies<TwoByTwo>>()).into()
}

/// The conditional model that the case's `kind` names.
pub fn conditional(case: &Value) -> TwoGroupFit {
    let model = match text(&case["kind"]) {
        "approximate" => ConditionalNormal::new().conditional(Conditional::Approximate),
        _ => ConditionalNormal::new(),
    };
    model.fit(two_groups(case)).unwrap_or_else(|e| panic!("{}: {e}", text(&case["name"])))
}

/// The unconditional model with the case's `coding`: a text, or metafor's 1/2 or 1 in a list.
pub fn unconditional(case: &Value, model: UnconditionalFixed) -> TwoGroupFit {
    let half = match case["coding"].as_str() {
        Some(name) => name == "half",
        None => number(&list(&case["coding"])[0]).expect("a coding") < 1.0,
    };
    let coding = if half { RandomEffectCoding::Half } else { RandomEffectCoding::First };
    model.coding(coding).fit(two_groups(case)).unwrap_or_else(|e| panic!("{}: {e}", text(&case["name"])))
}
