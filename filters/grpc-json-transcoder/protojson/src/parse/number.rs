//! Numbers as ProtoJSON writes them: integers may have a fraction of zeros and an exponent, floats may be too small.

use crate::decimal::{self, DOUBLE, FLOAT, Format};
use crate::words::{eight, word_of};

/// The sign and magnitude of a JSON number that is an integer, such as `1`, `-1.0` or `1e2`.
pub(super) fn integer(text: &[u8]) -> Option<(bool, u64)> {
    let (negative, unsigned) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    // Most are digits and nothing else, and too few to overflow.
    if (1..=19).contains(&unsigned.len())
        && let Some(value) = digits(unsigned)
    {
        let is_padded = unsigned.len() > 1 && unsigned.first() == Some(&b'0');
        return (!is_padded).then_some((negative, value));
    }
    let (mantissa, exponent) = without_exponent(unsigned)?;
    let point = mantissa.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        None => (mantissa, &b""[..]),
        Some(point) => (mantissa.get(..point)?, mantissa.get(point + 1..)?),
    };
    if whole.is_empty() || whole.len() > 1 && whole.first() == Some(&b'0') || point.is_some() && fraction.is_empty() {
        return None;
    }
    let (mut value, mut zeros, mut significant) = (0_u64, 0_u32, 0_i64);
    for (&digit, index) in whole.iter().chain(fraction).zip(1..) {
        match digit {
            b'0' => zeros = zeros.saturating_add(1),
            b'1'..=b'9' => {
                // Zeros count only once a digit follows: before the first one they are nothing.
                let scale = if value == 0 { 1 } else { 10_u64.checked_pow(zeros + 1)? };
                value = value.checked_mul(scale)?.checked_add(u64::from(digit - b'0'))?;
                (zeros, significant) = (0, index);
            }
            _ => return None,
        }
    }
    if value == 0 {
        return Some((negative, 0));
    }
    // The value times ten to what is left of the whole part behind the last digit that counts.
    let scale = i64::try_from(whole.len()).ok()?.checked_sub(significant)?.checked_add(exponent)?;
    let scale = 10_u64.checked_pow(u32::try_from(scale).ok()?)?;
    Some((negative, value.checked_mul(scale)?))
}

/// The number of digits with nothing else among them, which are too few to overflow.
fn digits(text: &[u8]) -> Option<u64> {
    const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    let (chunks, rest) = text.as_chunks::<8>();
    let mut value = 0;
    for chunk in chunks {
        value = value * 100_000_000 + eight_digits(u64::from_le_bytes(*chunk))?;
    }
    let Some(power @ 10..) = POWERS.get(rest.len()) else { return Some(value) };
    let padding = const { eight(b'0') } >> (8 * rest.len());
    Some(value * power + eight_digits(word_of(rest) << (64 - 8 * rest.len()) | padding)?)
}

/// Eight digits, the first in the lowest byte.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    const HIGH: u64 = eight(0xf0);
    // The upper half of each byte is that of a digit, and still is when six are added: it has none of `:` to `?`.
    let is_digits =
        word & HIGH == const { eight(b'0') } && word.wrapping_add(const { eight(6) }) & HIGH == const { eight(b'0') };
    // Neighbours are put together: to pairs, to fours, to all eight.
    let pairs = (word & const { eight(0x0f) }).wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    is_digits.then_some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// A number without its sign as its mantissa and its exponent.
fn without_exponent(unsigned: &[u8]) -> Option<(&[u8], i64)> {
    let end = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at_checked(end)?;
    let exponent = match exponent.split_first() {
        None => 0,
        Some((_, digits)) => exponent_of(digits)?,
    };
    Some((mantissa, exponent))
}

/// An exponent; far beyond any number's range it is as good as its sign.
fn exponent_of(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fold = |value: i64, digit: &u8| (value * 10 + i64::from(digit - b'0')).min(1 << 40);
    let value = digits.iter().fold(0, fold);
    Some(if negative { -value } else { value })
}

/// A JSON number as a float, if it is in range.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    let (is_negative, bits) = nearest(text, &DOUBLE)?;
    let value = f64::from_bits(bits);
    Some(if is_negative { -value } else { value })
}

/// A JSON number as a float, if it is in range.
pub(super) fn float(text: &[u8]) -> Option<f32> {
    let (is_negative, bits) = nearest(text, &FLOAT)?;
    let value = f32::from_bits(bits as u32);
    Some(if is_negative { -value } else { value })
}

/// The sign of a JSON number, and the bits of its magnitude in a format.
fn nearest(text: &[u8], format: &Format) -> Option<(bool, u64)> {
    let (is_negative, unsigned) = match text.strip_prefix(b"-") {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (mantissa, exponent) = without_exponent(unsigned)?;
    let mut parts = mantissa.split(|byte| *byte == b'.');
    let whole = parts.next()?;
    if whole.len() > 1 && whole.first() == Some(&b'0') {
        return None;
    }
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !is_number(whole) || !parts.next().is_none_or(is_number) || parts.next().is_some() {
        return None;
    }
    Some((is_negative, decimal::read(mantissa, exponent, format)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn integers_may_have_a_fraction_of_zeros_and_an_exponent() {
        let cases = [
            ("0", Some((false, 0))),
            ("-0", Some((true, 0))),
            ("18446744073709551615", Some((false, u64::MAX))),
            ("18446744073709551616", None),
            ("9999999999999999999", Some((false, 9_999_999_999_999_999_999))),
            ("1.0", Some((false, 1))),
            ("1.50e1", Some((false, 15))),
            ("1.5", None),
            ("1e2", Some((false, 100))),
            ("1E+2", Some((false, 100))),
            ("100e-2", Some((false, 1))),
            ("105e-2", None),
            ("0e999999999999999999999", Some((false, 0))),
            ("1e999999999999999999999", None),
            ("1e-999999999999999999999", None),
            ("1.00000000000000000000000000000000", Some((false, 1))),
            ("1000000000000000000000000e-24", Some((false, 1))),
            ("0.1e1", Some((false, 1))),
            ("", None),
            ("-", None),
            ("01", None),
            ("00.0", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("1e+", None),
            ("+1", None),
            (" 1", None),
            ("1x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn digits_are_all_that_a_plain_integer_has() {
        let digits = b"9182736450918273645";
        for length in 1..=digits.len() {
            for place in 0..length {
                for byte in (0..=u8::MAX).filter(|byte| !matches!(byte, b'.' | b'e' | b'E' | b'-')) {
                    let mut text = digits[..length].to_vec();
                    text[place] = byte;
                    let is_padded = length > 1 && text[0] == b'0';
                    let value = std::str::from_utf8(&text).ok().filter(|_| !is_padded && byte != b'+');
                    let expected = value.and_then(|text| text.parse().ok()).map(|value| (false, value));
                    assert_eq!(integer(&text), expected, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn floats_are_in_range_and_of_json() {
        for (text, expected) in
            [("1.5", Some(1.5)), ("-1e-400", Some(-0.0)), ("1e309", None), ("inf", None), ("1.", None)]
        {
            assert_eq!(double(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(float(b"3.4028235e38"), Some(f32::MAX));
        assert_eq!(float(b"3.5e38"), None);
        for refused in ["+1", ".5", "01", "1e", "nan", "1e5x", "--1", "1e5.5"] {
            assert_eq!(double(refused.as_bytes()), None, "{refused}");
        }
    }
}
