//! Numbers as text: a quick parser for what cohorts write, and a quick writer of significant digits.
//!
//! `std` formats correctly rounded decimals in 100 to 200 ns, which for twenty columns of ten million markers is more
//! time than reading the files. Six digits need no such care: scaling by an exact power of ten and rounding is off by
//! one in the last digit only within a relative 1e-10 of a tie.

/// Digits that are written of effects, standard errors, tau2 and Q, and of p-values and frequencies.
const DIGITS: usize = 6;
const FEW: usize = 4;

/// A finite number, or nothing. The usual length is compiled into the caller.
#[inline(always)]
pub(crate) fn parse(bytes: &[u8]) -> Option<f64> {
    let (negative, text) = sign(bytes);
    match text.len() {
        4..=8 => eight(text).map(|digits| quotient(negative, digits)),
        _ => None,
    }
    .or_else(|| unusual(bytes))
}

#[cold]
#[inline(never)]
fn unusual(bytes: &[u8]) -> Option<f64> {
    let (negative, text) = sign(bytes);
    let digits = match text.len() {
        1..4 if text != b"." => few(text),
        9..=16 => sixteen(text),
        _ => None,
    };
    let short = digits.map(|digits| quotient(negative, digits));
    short.or_else(|| fast_float2::parse::<f64, _>(bytes).ok().filter(|x| x.is_finite()))
}

/// Whether there is a minus, and what follows it. Signs are random: without a branch nothing is guessed wrongly.
#[inline(always)]
fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    let negative = bytes.first() == Some(&b'-');
    (negative, bytes.get(usize::from(negative)..).unwrap_or(b""))
}

/// So few digits that their integer is exact: then so is the power of ten to divide by, and the quotient is the nearest number
/// (Clinger 1990).
#[inline(always)]
fn quotient(negative: bool, (integer, decimals): Digits) -> f64 {
    let x = integer as i64 as f64 / POWERS[decimals.unwrap_or(0) & 15];
    f64::from_bits(x.to_bits() | (u64::from(negative) << 63))
}

/// The integer of digits with at most one point, and how many of them follow the point if there is one.
type Digits = (u64, Option<usize>);

/// Four to eight characters, all at once.
#[inline(always)]
fn eight(text: &[u8]) -> Option<Digits> {
    // Two loads that overlap read all of it; the last character comes highest, zeros before the first.
    let [low, high] = [text.first_chunk()?, text.last_chunk()?].map(|four| u64::from(u32::from_le_bytes(*four)));
    let unused = (64 - 8 * text.len()) & 63;
    decimal((low << unused) | (high << 32) | (ZEROS & ((1 << unused) - 1)))
}

/// One to three characters.
fn few(text: &[u8]) -> Option<Digits> {
    decimal(text.iter().fold(ZEROS, |word, byte| (word >> 8) | (u64::from(*byte) << 56)))
}

/// Nine to sixteen characters; nothing for sixteen digits, which are beyond 2^53.
fn sixteen(text: &[u8]) -> Option<Digits> {
    let (left, right) = text.split_at_checked(text.len() - 8)?;
    let left_digits = if left.len() < 4 { few(left) } else { eight(left) };
    match (left_digits?, eight(right)?) {
        ((_, Some(_)), (_, Some(_))) => None,
        ((_, None), (_, None)) if text.len() == 16 => None,
        ((high, None), (low, None)) => Some((high * 100_000_000 + low, None)),
        ((high, Some(decimals)), (low, None)) => Some((high * 100_000_000 + low, Some(decimals + 8))),
        ((high, None), (low, decimals)) => Some((high * 10_000_000 + low, decimals)),
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const ZEROS: u64 = b'0' as u64 * ONES;

/// Eight characters, the first one lowest.
#[inline(always)]
fn decimal(text: u64) -> Option<Digits> {
    const HIGH: u64 = 0x80 * ONES;
    // Digits have the bit 16 and a point has not. What else may lack it is no digit and found below.
    let others = !text & (16 * ONES);
    let (digits, decimals) = if others == 0 {
        (text, None)
    } else {
        let at = others.trailing_zeros() & 56;
        if (text >> at) as u8 != b'.' {
            return None;
        }
        // What comes before the point moves up over it, and a zero before that.
        let (before, behind) = (text & ((1 << at) - 1), text & ((u64::MAX << 8) << at));
        (behind | (before << 8) | u64::from(b'0'), Some((56 - at) as usize / 8))
    };
    let digits = digits ^ ZEROS;
    let all_digits = (((digits & !HIGH) + 0x76 * ONES) | digits) & HIGH == 0; // no carry leaves a byte
    all_digits.then(|| (value(digits), decimals))
}

/// The number whose eight digits are the bytes, the first one lowest: pairs, fours, and both halves at once.
fn value(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    low.wrapping_add(high) >> 32
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
    if x < 0.0 {
        out.push(b'-');
    }
    let within = (0..COUNT as i32).contains(&exponent);
    if (-4..0).contains(&exponent) {
        let zeros = exponent.unsigned_abs() as usize;
        append(out, *b"0.000000", 1 + zeros);
        append(out, figures::<COUNT>(integer).to_le_bytes(), COUNT);
    } else if within {
        pointed::<COUNT>(out, integer, exponent as usize + 1);
    } else {
        pointed::<COUNT>(out, integer, 1);
        power(out, exponent);
    }
}

/// The characters of so many digits, the first one lowest.
fn figures<const COUNT: usize>(integer: u64) -> u64 {
    characters(integer as u32) >> (8 * (8 - COUNT))
}

/// Writes digits with a point behind the first `left`, unless that are all.
#[inline(always)]
fn pointed<const COUNT: usize>(out: &mut Vec<u8>, integer: u64, left: usize) {
    let figures = figures::<COUNT>(integer);
    // The digits behind the point move up to make room for it.
    let before = (1u64 << (8 * left)) - 1;
    let text = (figures & before) | (u64::from(b'.') << (8 * left)) | ((figures & !before) << 8);
    append(out, text.to_le_bytes(), if left == COUNT { COUNT } else { COUNT + 1 });
}

/// Appends the first bytes of a word: all of it is copied, which needs no loop, and the rest cut off again.
#[inline(always)]
fn append(out: &mut Vec<u8>, word: [u8; 8], length: usize) {
    let end = out.len() + length.min(8);
    out.extend_from_slice(&word);
    out.truncate(end);
}

/// The eight decimal digits of a number, the first one lowest: halves, pairs and digits side by side in a word.
fn characters(n: u32) -> u64 {
    let n = u64::from(n);
    let halves = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f; // exact below 10,000
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f; // exact below 100
    (tens | ((pairs - tens * 10) << 8)) + 0x3030_3030_3030_3030
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
    pointed::<FEW>(out, integer, 1);
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
    fn characters_are_those_of_the_exact_formatter() {
        for n in (0..20_000).chain((0..99_999_999).step_by(977)).chain([99_999_999]) {
            assert_eq!(characters(n).to_le_bytes(), *format!("{n:08}").as_bytes());
        }
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
