//! Numbers as text: a quick parser for what cohorts write, and a quick writer of significant digits.
//!
//! `std` formats correctly rounded decimals in 100 to 200 ns, which for twenty columns of ten million markers is more
//! time than reading the files. Six digits need no such care: scaling by an exact power of ten and rounding is off by
//! one in the last digit only within a relative 1e-10 of a tie.

/// Digits that are written of effects, standard errors, tau2 and Q, and of p-values and frequencies.
const DIGITS: usize = 6;
const FEW: usize = 4;

/// A finite number, or nothing.
pub(crate) fn parse(bytes: &[u8]) -> Option<f64> {
    short_decimal(bytes).or_else(|| fast_float2::parse::<f64, _>(bytes).ok().filter(|x| x.is_finite()))
}

/// Digits with at most one point and no exponent, few enough that their integer is exact: then so is the power of ten to
/// divide by, and the quotient is the nearest number (Clinger 1990). Half the time of the general way, in which everything
/// else is left.
fn short_decimal(bytes: &[u8]) -> Option<f64> {
    const LONGEST: usize = 16; // a point and fifteen digits: below 2^53
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > LONGEST {
        return None;
    }
    let (mut integer, mut point) = (0u64, None);
    for (i, b) in digits.iter().enumerate() {
        let digit = b.wrapping_sub(b'0');
        if digit <= 9 {
            integer = integer * 10 + u64::from(digit);
        } else if *b == b'.' && point.is_none() {
            point = Some(i);
        } else {
            return None;
        }
    }
    let decimals = point.map_or(0, |at| digits.len() - 1 - at);
    if (point.is_some() && digits.len() == 1) || (point.is_none() && digits.len() == LONGEST) {
        return None;
    }
    let x = integer as f64 / POWERS.get(decimals)?;
    Some(if negative { -x } else { x })
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

/// The first `count` digits of `a > 0` as an integer, and the decimal exponent of the first.
fn digits<const COUNT: usize>(a: f64) -> (u64, i32) {
    let smallest = const { 10u64.pow(COUNT as u32 - 1) };
    // The exponent of 2 gives that of 10 to within one, which the loop below settles: log10(2) is nearly 1233/4096.
    let binary = ((a.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let mut exponent = (binary * 1233) >> 12;
    for _ in 0..3 {
        let Some(x) = scaled(a, COUNT as i32 - 1 - exponent) else { break };
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
    let text = format!("{:.*e}", COUNT - 1, a);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let integer = mantissa.bytes().filter(u8::is_ascii_digit).fold(0, |n, b| n * 10 + u64::from(b - b'0'));
    (integer, exponent.parse().unwrap_or(0))
}

/// Writes six significant digits, as a decimal from 1e-4 to 1e6 and with an exponent beyond; `NA` for NaN.
pub(crate) fn significant(out: &mut Vec<u8>, x: f64) {
    write::<DIGITS>(out, x);
}

/// Writes four.
pub(crate) fn few_digits(out: &mut Vec<u8>, x: f64) {
    write::<FEW>(out, x);
}

fn write<const COUNT: usize>(out: &mut Vec<u8>, x: f64) {
    if !x.is_finite() {
        out.extend_from_slice(if x.is_nan() { b"NA" } else { b"Inf" });
        return;
    }
    if x == 0.0 {
        out.push(b'0');
        return;
    }
    let (integer, exponent) = digits::<COUNT>(x.abs());
    let mut figures = [b'0'; COUNT];
    let mut rest = integer as u32;
    for place in figures.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // Sign, zeros, digits, a point and an exponent fit, and the vector grows once.
    let mut text = [0u8; 24];
    let mut length = 0;
    let mut add = |bytes: &[u8]| {
        if let Some(place) = text.get_mut(length..length + bytes.len()) {
            place.copy_from_slice(bytes);
            length += bytes.len();
        }
    };
    if x < 0.0 {
        add(b"-");
    }
    let within = (0..COUNT as i32).contains(&exponent);
    if (-4..0).contains(&exponent) {
        add(&b"0.000"[..(1 - exponent) as usize]);
        add(&figures);
    } else {
        let (left, right) = figures.split_at(if within { exponent as usize + 1 } else { 1 });
        add(left);
        if !right.is_empty() {
            add(b".");
            add(right);
        }
    }
    out.extend_from_slice(&text[..length]);
    if !within && !(-4..0).contains(&exponent) {
        power(out, exponent);
    }
}

fn power(out: &mut Vec<u8>, exponent: i32) {
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.unsigned_abs() < 10 {
        out.push(b'0');
    }
    integer(out, u64::from(exponent.unsigned_abs()));
}

/// Writes four digits of a p-value; where it is too small for a floating point number, from its decimal logarithm.
pub(crate) fn p_value(out: &mut Vec<u8>, p: f64, log10: f64) {
    if p >= 1e-290 || !log10.is_finite() {
        few_digits(out, p);
        return;
    }
    let exponent = log10.floor();
    let (integer, shift) = digits::<FEW>(10f64.powf(log10 - exponent));
    let text = format!("{integer:04}");
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
        assert_eq!(write(0.5, 0.5f64.log10()), "0.5000");
        assert_eq!(write(0.0, -400.5), "3.162e-401");
        assert_eq!(write(0.0, -400.0), "1.000e-400");
        assert_eq!(write(0.0, -4e5 - 1e-11), "1.000e-400000");
        assert_eq!(write(f64::NAN, f64::NAN), "NA");
    }

    #[test]
    fn parsing_is_that_of_the_standard_library() {
        let mut random = Random::new(6);
        for _ in 0..100_000 {
            let length = 1 + random.below(18);
            let text: String = (0..length).map(|_| char::from(b"0123456789.-"[random.below(12)])).collect();
            let expected = text.parse::<f64>().ok();
            assert_eq!(parse(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits), "{text}");
            let text = format!("{:.*}", random.below(17), random.normal() * 10f64.powi(random.below(8) as i32));
            let expected = text.parse::<f64>().ok();
            assert_eq!(parse(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits), "{text}");
        }
    }

    #[test]
    fn parsing_takes_decimal_numbers_only() {
        for (text, x) in [("-1.5e-3", -0.0015), ("0", 0.0), (".5", 0.5), ("1E2", 100.0), ("+2", 2.0)] {
            assert_eq!(parse(text.as_bytes()), Some(x), "{text}");
        }
        for text in ["", "NA", "abc", "1.2.3", "1e400", "inf", "nan", "0x1p3", "1,5", "1 ", ".", "-", "-.", "--1"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
