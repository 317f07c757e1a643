//! Numbers as text, for people.

/// Three significant digits: `0.777`, `12.3`, `6.97e7`.
///
/// Fixed decimals print an odds ratio of 0.0004 as `0.00` and its limit as `69715767.43`; significant digits do
/// neither.
///
/// ```
/// use meta_analysis::num::format::significant;
/// assert_eq!(significant(0.77654), "0.777");
/// assert_eq!(significant(9.9999), "10.0");
/// assert_eq!(significant(1234.5), "1234");
/// assert_eq!(significant(69_715_767.43), "6.97e7");
/// assert_eq!(significant(0.0), "0");
/// ```
pub fn significant(x: f64) -> String {
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if x.is_nan() || x == 0.0 {
        return if x.is_nan() { "NaN" } else { "0" }.to_owned();
    }
    // Rounding first decides the exponent: 9.9999 is 1.00e1.
    let scientific = format!("{x:.2e}");
    match scientific.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()) {
        Some(exponent @ -4..=5) => format!("{x:.*}", usize::try_from(2 - exponent).unwrap_or(0)),
        _ => scientific,
    }
}

/// A p-value: `< 0.001`, or three decimals after an equals sign.
///
/// ```
/// use meta_analysis::num::format::p_value;
/// assert_eq!(p_value(0.00004), "< 0.001");
/// assert_eq!(p_value(0.0521), "= 0.052");
/// ```
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") }
}

/// A share as a percentage without needless digits: `81%`, `0%`, `97.4%` where rounding would give 100.
///
/// ```
/// use meta_analysis::num::format::percent;
/// assert_eq!(percent(0.8083), "81%");
/// assert_eq!(percent(0.9983), "99.8%");
/// ```
pub fn percent(share: f64) -> String {
    let p = 100.0 * share;
    if p > 99.0 && p < 100.0 { format!("{p:.1}%") } else { format!("{p:.0}%") }
}
