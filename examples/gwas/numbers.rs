//! Numbers as text: a quick parser for what cohorts write, and a quick writer of significant digits.
//!
//! `std` formats correctly rounded decimals in 100 to 200 ns, which for twenty columns of ten million markers is more
//! time than reading the files. Six digits need no such care: scaling by an exact power of ten and rounding is off by
//! one in the last digit only within a relative 1e-10 of a tie.

/// Digits that are written of every effect, standard error and p-value.
const DIGITS: i32 = 6;

/// A finite number, or nothing.
pub(crate) fn parse(bytes: &[u8]) -> Option<f64> {
    fast_float2::parse::<f64, _>(bytes).ok().filter(|x| x.is_finite())
}

/// `true` for the ways in which cohorts say that there is no value.
pub(crate) fn is_missing(bytes: &[u8]) -> bool {
    matches!(bytes, b"NA" | b"na" | b"." | b"" | b"NaN" | b"nan" | b"N/A" | b"-nan" | b"-NaN")
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// `a * 10^power` with one rounding, where the power of ten is exact.
fn scaled(a: f64, power: i32) -> Option<f64> {
    let factor = *POWERS.get(power.unsigned_abs() as usize)?;
    Some(if power < 0 { a / factor } else { a * factor })
}

/// The first six digits of `a > 0` as an integer, and the decimal exponent of the first.
fn digits(a: f64) -> (u64, i32) {
    let smallest = 10u64.pow(DIGITS as u32 - 1);
    // The exponent of 2 gives that of 10 to within one, which the loop below settles.
    let binary = ((a.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let mut exponent = (f64::from(binary) * std::f64::consts::LOG10_2).floor() as i32;
    for _ in 0..3 {
        let Some(x) = scaled(a, DIGITS - 1 - exponent) else { break };
        let integer = (x + 0.5) as u64;
        if integer >= smallest * 10 {
            exponent += 1;
        } else if integer < smallest {
            exponent -= 1;
        } else {
            return (integer, exponent);
        }
    }
    // Beyond exact powers of ten: the exact way.
    let text = format!("{:.*e}", DIGITS as usize - 1, a);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let integer = mantissa.bytes().filter(u8::is_ascii_digit).fold(0, |n, b| n * 10 + u64::from(b - b'0'));
    (integer, exponent.parse().unwrap_or(0))
}

/// Writes six significant digits, as a decimal from 1e-4 to 1e6 and with an exponent beyond; `NA` for NaN.
pub(crate) fn significant(out: &mut Vec<u8>, x: f64) {
    if !x.is_finite() {
        out.extend_from_slice(if x.is_nan() { b"NA" } else { b"Inf" });
        return;
    }
    if x < 0.0 {
        out.push(b'-');
    }
    if x == 0.0 {
        out.push(b'0');
        return;
    }
    let (integer, exponent) = digits(x.abs());
    let mut text = [b'0'; DIGITS as usize];
    let mut rest = integer;
    for place in text.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if (-4..0).contains(&exponent) {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-1 - exponent) as usize));
        out.extend_from_slice(&text);
    } else {
        let before = if (0..DIGITS).contains(&exponent) { exponent as usize + 1 } else { 1 };
        let (left, right) = text.split_at(before);
        out.extend_from_slice(left);
        if !right.is_empty() {
            out.push(b'.');
            out.extend_from_slice(right);
        }
        if !(0..DIGITS).contains(&exponent) {
            power(out, exponent);
        }
    }
}

fn power(out: &mut Vec<u8>, exponent: i32) {
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.unsigned_abs() < 10 {
        out.push(b'0');
    }
    integer(out, u64::from(exponent.unsigned_abs()));
}

/// Writes a p-value; where it is too small for a floating point number, from its decimal logarithm.
pub(crate) fn p_value(out: &mut Vec<u8>, p: f64, log10: f64) {
    if p >= 1e-290 || !log10.is_finite() {
        significant(out, p);
        return;
    }
    let exponent = log10.floor();
    let mantissa = 10f64.powf(log10 - exponent).clamp(1.0, 9.999_99);
    let (integer, shift) = digits(mantissa);
    let text = format!("{integer:06}");
    let (left, right) = text.split_at(1);
    out.extend_from_slice(left.as_bytes());
    out.push(b'.');
    out.extend_from_slice(right.as_bytes());
    power(out, exponent as i32 + shift);
}

pub(crate) fn integer(out: &mut Vec<u8>, mut n: u64) {
    let mut text = [0u8; 20];
    let mut first = text.len();
    loop {
        first -= 1;
        text[first] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[first..]);
}

/// Writes a percentage of 0 to 100 with one decimal; `NA` for NaN.
pub(crate) fn percent(out: &mut Vec<u8>, x: f64) {
    if x.is_nan() {
        out.extend_from_slice(b"NA");
        return;
    }
    let tenths = (x * 10.0 + 0.5) as u64;
    integer(out, tenths / 10);
    out.extend_from_slice(&[b'.', b'0' + (tenths % 10) as u8]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn text(x: f64) -> String {
        let mut out = Vec::new();
        significant(&mut out, x);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn forms() {
        for (x, expected) in [
            (0.0, "0"),
            (1.0, "1.00000"),
            (-0.012345678, "-0.0123457"),
            (0.00012345678, "0.000123457"),
            (0.000099999949, "9.99999e-05"),
            (0.00009999999, "0.000100000"),
            (999999.4, "999999"),
            (999999.6, "1.00000e+06"),
            (5e-324, "4.94066e-324"),
            (f64::MAX, "1.79769e+308"),
            (f64::NAN, "NA"),
            (3.0e-8, "3.00000e-08"),
            (123456.0, "123456"),
            (1.5e-17, "1.50000e-17"),
        ] {
            assert_eq!(text(x), expected, "{x:e}");
        }
    }

    #[test]
    fn the_digits_are_those_of_the_exact_formatter() {
        let mut random = Random::new(11);
        let mut different = 0;
        for _ in 0..200_000 {
            let x = f64::from_bits(random.next());
            if !x.is_finite() || x == 0.0 {
                continue;
            }
            // Exponents at which results of an analysis lie get the quick way, the others the exact one.
            for x in [x, (1.0 + random.uniform()) * 10f64.powi((random.next() % 40) as i32 - 20)] {
                let exact: f64 = format!("{x:.5e}").parse().unwrap();
                let found: f64 = text(x).parse().unwrap();
                different += usize::from(found != exact);
                assert!(((found - exact) / x).abs() <= 1.1e-5, "{x:e}: {found:e}, {exact:e}");
            }
        }
        // Only a tie to within rounding may differ, which random numbers hardly meet.
        assert!(different <= 1, "{different}");
    }

    #[test]
    fn p_values_below_the_smallest_number() {
        let write = |p, log10| {
            let mut out = Vec::new();
            p_value(&mut out, p, log10);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(write(0.5, 0.5f64.log10()), "0.500000");
        assert_eq!(write(0.0, -400.5), "3.16228e-401");
        assert_eq!(write(0.0, -400.0), "1.00000e-400");
        assert_eq!(write(0.0, -4e5 - 1e-11), "1.00000e-400000");
        assert_eq!(write(f64::NAN, f64::NAN), "NA");
    }

    #[test]
    fn parsing_takes_decimal_numbers_only() {
        for (text, x) in [("-1.5e-3", -0.0015), ("0", 0.0), (".5", 0.5), ("1E2", 100.0), ("+2", 2.0)] {
            assert_eq!(parse(text.as_bytes()), Some(x), "{text}");
        }
        for text in ["", "NA", "abc", "1.2.3", "1e400", "inf", "nan", "0x1p3", "1,5", "1 "] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
