//! Decimal numbers, compared exactly: an amount or an id of twenty digits is never rounded to a float.

use std::cmp::Ordering;

/// A number of RFC 8259 §6, which may have leading zeros, too. Zeros that do not count are left out, so that equal
/// numbers have equal parts.
struct Decimal<'t> {
    is_negative: bool,
    integer: &'t [u8],
    fraction: &'t [u8],
    /// The power of ten above the first digit.
    magnitude: i64,
}

/// How two numbers compare; `None` if one is no number.
pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (Decimal::parse(left)?, Decimal::parse(right)?);
    let by_size = || left.magnitude.cmp(&right.magnitude).then_with(|| left.by_digits(&right));
    Some(left.sign().cmp(&right.sign()).then_with(|| match left.sign() {
        1 => by_size(),
        _ => by_size().reverse(),
    }))
}

impl<'t> Decimal<'t> {
    fn parse(text: &'t [u8]) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (integer, text) = digits(text)?;
        let (fraction, text) = match text.strip_prefix(b".") {
            Some(rest) => digits(rest)?,
            None => (&[][..], text),
        };
        let exponent = match text.split_first() {
            None => 0,
            Some((b'e' | b'E', exponent)) => power(exponent)?,
            Some(_) => return None,
        };
        Some(Self::without_idle_zeros(is_negative, integer, fraction, exponent))
    }

    fn without_idle_zeros(is_negative: bool, integer: &'t [u8], fraction: &'t [u8], exponent: i64) -> Self {
        let length = |digits: &[u8]| i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let integer = without_leading_zeros(integer);
        let before_zeros = length(fraction);
        let fraction = if integer.is_empty() { without_leading_zeros(fraction) } else { fraction };
        let magnitude = exponent + length(integer) + length(fraction) - before_zeros;
        let fraction = without_trailing_zeros(fraction);
        let integer = if fraction.is_empty() { without_trailing_zeros(integer) } else { integer };
        let is_zero = integer.is_empty() && fraction.is_empty();
        Self { is_negative, integer, fraction, magnitude: if is_zero { 0 } else { magnitude } }
    }

    fn by_digits(&self, other: &Self) -> Ordering {
        let both = |at| (self.digit(at), other.digit(at));
        let difference = (0..).map(both).find(|(one, other)| one != other || one.is_none());
        difference.map_or(Ordering::Equal, |(one, other)| one.cmp(&other))
    }

    fn digit(&self, at: usize) -> Option<u8> {
        let in_fraction = || self.fraction.get(at.checked_sub(self.integer.len())?);
        self.integer.get(at).or_else(in_fraction).copied()
    }

    fn sign(&self) -> i8 {
        match self {
            Self { integer: [], fraction: [], .. } => 0,
            Self { is_negative: true, .. } => -1,
            Self { is_negative: false, .. } => 1,
        }
    }
}

/// One digit or more, and what follows them.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(count).filter(|_| count > 0)
}

/// What follows an `e`. A power of ten digits is no amount of anything.
fn power(text: &[u8]) -> Option<i64> {
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let (number, []) = digits(unsigned)? else { return None };
    let number: u32 = std::str::from_utf8(number).ok().filter(|number| number.len() < 10)?.parse().ok()?;
    Some(if text.starts_with(b"-") { -i64::from(number) } else { i64::from(number) })
}

fn without_leading_zeros(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn without_trailing_zeros(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn numbers_compare_by_what_they_are_worth() {
        let ascending = [
            "-1e20",
            "-12345678901234567891",
            "-12345678901234567890",
            "-10.5",
            "-2",
            "-0.01",
            "0",
            "1e-999999999",
            "0.009",
            "0.01",
            "0.0100000000000000000000000000000000000000000000000001",
            "0.1",
            "1",
            "1.5",
            "1.50000001",
            "9",
            "10",
            "10.01",
            "99.5",
            "100",
            "12345678901234567890",
            "12345678901234567891",
            "1e999999999",
        ];
        for (left, low) in ascending.iter().enumerate() {
            for (right, high) in ascending.iter().enumerate() {
                assert_eq!(compare(low.as_bytes(), high.as_bytes()), Some(left.cmp(&right)), "{low} {high}");
            }
        }
    }

    #[test]
    fn a_number_may_be_written_in_many_ways() {
        for (left, right) in [
            ("1", "1.0"),
            ("0", "-0.00"),
            ("100", "1e2"),
            ("007", "7"),
            ("0.5", "5E-1"),
            ("120", "0.12e+3"),
            ("0e5", "0"),
        ] {
            assert_eq!(compare(left.as_bytes(), right.as_bytes()), Some(Ordering::Equal), "{left} {right}");
        }
    }

    #[test]
    fn what_is_no_number_compares_with_none() {
        for text in ["", "-", "+1", ".5", "1.", "1e", "1e+", "1e1.5", "1e1234567890", "0x10", "1 ", "١", "1,5", "NaN"]
        {
            assert_eq!(compare(text.as_bytes(), b"1"), None, "{text}");
            assert_eq!(compare(b"1", text.as_bytes()), None, "{text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn it_agrees_with_whole_numbers(left: i64, right: i64, point in 0_u32..12) {
                let shown = |number: i64| format!("{number}e-{point}");
                prop_assert_eq!(compare(shown(left).as_bytes(), shown(right).as_bytes()), Some(left.cmp(&right)));
                let moved = format!("{}.{:03}", left / 1000, (left % 1000).abs());
                if left / 1000 != 0 {
                    prop_assert_eq!(compare(moved.as_bytes(), format!("{left}e-3").as_bytes()), Some(Ordering::Equal));
                }
            }

            #[test]
            fn no_bytes_are_too_much(left: Vec<u8>, right in "[-0-9.eE]{0,30}") {
                prop_assert_eq!(compare(&left, right.as_bytes()), compare(right.as_bytes(), &left).map(Ordering::reverse));
            }
        }
    }
}
