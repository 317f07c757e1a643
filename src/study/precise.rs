//! Numbers from counts without the loss of digits: differences of nearly equal ratios, quantiles of shares.

use crate::num::{erf, normal};

/// `p s - q r` with an error of a few roundings of the result, however close the two products are.
///
/// Kahan's scheme with fused multiply-add; Jeannerod, Louvet & Muller 2013, Math Comp 82:2245,
/// doi 10.1090/S0025-5718-2013-02679-8.
pub(crate) fn difference_of_products(p: f64, s: f64, q: f64, r: f64) -> f64 {
    let product = q * r;
    let lost = (-q).mul_add(r, product);
    p.mul_add(s, -product) + lost
}

/// Products in this range neither overflow nor lose the digits that make the difference exact.
fn is_safe(product: f64) -> bool {
    product > 1e-250 && product < 1e300
}

/// `p/q - r/s` for positive `q` and `s`.
pub(super) fn difference_of_ratios([p, q]: [f64; 2], [r, s]: [f64; 2]) -> f64 {
    if is_safe(p * s) && is_safe(q * r) { difference_of_products(p, s, q, r) / q / s } else { p / q - r / s }
}

/// `ln(p/q)` for two numbers of one sign, to full precision where they are close.
pub(super) fn ln_ratio(p: f64, q: f64) -> f64 {
    let ratio = p / q;
    if (0.5..=2.0).contains(&ratio) {
        ((p - q) / q).ln_1p() // the difference is exact here
    } else if ratio.is_normal() {
        ratio.ln()
    } else {
        p.abs().ln() - q.abs().ln()
    }
}

/// `ln((p/q) / (r/s))` for positive numbers: by `ln(1 + x)` where the ratios are close, so that a log ratio next
/// to 0 keeps its digits.
pub(super) fn ln_ratio_of_ratios([p, q]: [f64; 2], [r, s]: [f64; 2]) -> f64 {
    let base = q * r;
    if is_safe(base) && is_safe(p * s) {
        let difference = difference_of_products(p, s, q, r);
        if difference.abs() < 0.5 * base {
            return (difference / base).ln_1p();
        }
        return (p / q).ln() - (r / s).ln();
    }
    (p.ln() - q.ln()) - (r.ln() - s.ln())
}

/// The standard normal quantile of `x / (x + rest)` for positive counts, as exact for a share close to 0, one half
/// or 1 as elsewhere.
pub(super) fn quantile_of_share(x: f64, rest: f64) -> f64 {
    let n = x + rest;
    let excess = (x - rest) / n;
    if excess.abs() < 0.5 {
        std::f64::consts::SQRT_2 * erf::erf_inv(excess)
    } else if excess < 0.0 {
        normal::quantile(x / n)
    } else {
        normal::quantile_upper(rest / n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_ratios_keep_their_digits() {
        // mpmath, mp.dps = 40: mpf(5000001)/9999998 - mpf(5000000)/9999999; log(mpf(5000001)*9999999/(9999998*5000000))
        let (one, two) = ([5_000_001.0, 9_999_998.0], [5_000_000.0, 9_999_999.0]);
        let close = |got: f64, truth: f64| assert!((got / truth - 1.0).abs() < 1e-14, "{got} {truth}");
        close(difference_of_ratios(one, two), 1.500_000_350_000_075e-7);
        close(ln_ratio_of_ratios(one, two), 2.999_999_950_000_05e-7);
    }

    #[test]
    fn quantiles_of_shares_from_every_side() {
        // mpmath, mp.dps = 40: sqrt(2) erfinv(mpf(x - rest)/(x + rest))
        for (x, rest, truth) in TRUTH {
            assert!((quantile_of_share(x, rest) / truth - 1.0).abs() < 1e-14, "{x} {rest}");
            assert!((quantile_of_share(rest, x) / truth + 1.0).abs() < 1e-14, "{x} {rest}");
        }
    }

    const TRUTH: [(f64, f64, f64); 4] = [
        (10000001.0, 10000000.0, 6.266570373248987e-08),
        (3.0, 1.0, 0.6744897501960817),
        (7.0, 4.0, 0.3487556955170447),
        (1000000000.0, 1.0, 5.997807015170121),
    ];

    #[test]
    fn extreme_sizes_stay_finite() {
        assert!((ln_ratio_of_ratios([3.0, 1e300], [1.0, 1e300]) - 3.0_f64.ln()).abs() < 1e-12);
        assert!((difference_of_ratios([3.0, 1e-300], [1.0, 1e-300]) / 2e300 - 1.0).abs() < 1e-15);
        assert!(difference_of_ratios([0.0, 5.0], [0.0, 7.0]).abs() <= 0.0);
    }
}
