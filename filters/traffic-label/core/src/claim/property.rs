//! Claims as Envoy gives them to a module, one property at a time.
//!
//! Envoy writes what is in dynamic metadata by its type, which it does not tell: a text as it is, a number as the eight
//! bytes of a little-endian double, a boolean as one byte, an array as pairs of its elements and nothing
//! (`serializeValue` in Envoy's `source/extensions/common/wasm/context.cc`); `null` is an error, and so is an array
//! with `null` in it. So the type is told by the bytes: no text of a claim has control characters other than white
//! space, and every double that is a whole number below 2^45, or has few decimals, has a zero byte or is not UTF-8.

/// The values that a property stands for.
pub(super) fn values(property: Vec<u8>) -> Vec<Vec<u8>> {
    match elements(&property) {
        Some(elements) => scalars(&elements),
        None => scalars(&[&property]),
    }
}

fn scalars(elements: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.extend(scalar(element));
    }
    values
}

fn scalar(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [0] => Some(b"false".to_vec()),
        [1] => Some(b"true".to_vec()),
        text if is_text(text) => Some(text.to_vec()),
        double => double.try_into().ok().and_then(|bytes| number(f64::from_le_bytes(bytes))),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(is_control)
}

/// The elements of an array: their count, two lengths for each, the second of which is 0, and then each and a zero,
/// twice.
fn elements(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let (count, mut lengths) = length(bytes)?;
    let mut contents = lengths.split_off(count.checked_mul(8)?..)?;
    let mut elements = Vec::with_capacity(count);
    for _ in 0..count {
        let (element, rest) = length(lengths)?;
        let (0, rest) = length(rest)? else { return None };
        lengths = rest;
        let (element, rest) = contents.split_at_checked(element)?;
        contents = rest.strip_prefix(&[0, 0])?;
        elements.push(element);
    }
    contents.is_empty().then_some(elements)
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

/// The shortest text of a number of at most 15 digits, or any whole number that a double can be trusted with.
fn number(number: f64) -> Option<Vec<u8>> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let size = number.abs();
    let mut power = 1.0;
    for decimals in 0..16 {
        let digits = (size * power + 0.5).floor();
        if digits >= EXACT {
            break;
        }
        // Both are exact, so their quotient is the double that is nearest to the decimal.
        if digits / power == size {
            let sign = if number < 0.0 { "-" } else { "" };
            return Some(format!("{sign}{}", with_point(digits as u64, decimals)).into_bytes());
        }
        power *= 10.0;
    }
    None
}

fn with_point(digits: u64, decimals: usize) -> String {
    let digits = format!("{digits:0least$}", least = decimals + 1);
    if decimals == 0 {
        return digits;
    }
    let point = digits.len().saturating_sub(decimals);
    let (whole, decimals) = digits.split_at_checked(point).unwrap_or((&digits, ""));
    format!("{whole}.{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn array(elements: &[&[u8]]) -> Vec<u8> {
        let length = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let mut bytes = length(elements.len()).to_vec();
        for element in elements {
            bytes.extend([length(element.len()), length(0)].concat());
        }
        for element in elements {
            bytes.extend([element, &b"\0\0"[..]].concat());
        }
        bytes
    }

    fn shown(property: &[u8]) -> Vec<String> {
        values(property.to_vec()).into_iter().map(|value| String::from_utf8(value).unwrap()).collect()
    }

    #[test]
    fn a_property_is_told_by_its_bytes() {
        for (property, expected) in [
            (&b"gold"[..], "gold"),
            (b"", ""),
            (b"8 bytes.", "8 bytes."),
            ("äöü\n.".as_bytes(), "äöü\n."),
            (b"1", "1"),
            (&[1], "true"),
            (&[0], "false"),
        ] {
            assert_eq!(shown(property), [expected], "{property:?}");
        }
    }

    #[test]
    fn numbers_are_written_as_short_as_they_can_be() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (42.0, "42"),
            (-7.0, "-7"),
            (0.5, "0.5"),
            (0.1, "0.1"),
            (-3.25, "-3.25"),
            (1.005, "1.005"),
            (0.000_001, "0.000001"),
            (1_618_064_947.0, "1618064947"),
            (1_618_064_947.125, "1618064947.125"),
            (35_184_372_088_831.0, "35184372088831"),
        ] {
            assert_eq!(shown(&f64::to_le_bytes(number)), [expected]);
        }
        // Their digits are lost, or were never few.
        for number in [1e17, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
            assert_eq!(self::number(number), None, "{number}");
        }
    }

    #[test]
    fn an_array_is_all_that_is_in_it() {
        let seven = f64::to_le_bytes(7.0);
        assert_eq!(shown(&array(&[b"admin", b"", &seven, &[1]])), ["admin", "", "7", "true"]);
        assert_eq!(shown(&array(&[])), [""; 0]);
        // An array in an array is no value.
        assert_eq!(shown(&array(&[&array(&[b"a"]), b"b"])), ["b"]);
    }

    /// What Envoy 1.40 gives for `["admin", 7, true, "", "x"]`, and for a time in seconds.
    #[test]
    fn envoys_own_bytes_are_read() {
        let lengths = [5_u32, 5, 0, 8, 0, 1, 0, 0, 0, 1, 0].map(u32::to_le_bytes).concat();
        let roles = [&lengths[..], b"admin\0\0\0\0\0\0\0\0\x1c@\0\0\x01\0\0\0\0x\0\0"].concat();
        assert_eq!(shown(&roles), ["admin", "7", "true", "", "x"]);
        assert_eq!(shown(b"\0\0\xc0\x8cm\x1c\xd8A"), ["1618064947"]);
    }

    #[test]
    fn bytes_that_are_nothing_are_no_value() {
        let (mut long, mut short) = (array(&[b"admin"]), array(&[b"admin"]));
        long.push(0);
        short.pop();
        for property in [&long[..], &short, &[0xff], &[2], &[0xff; 12], &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0]] {
            assert_eq!(shown(property), [""; 0], "{property:?}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn no_bytes_are_too_much(property: Vec<u8>, count in 0_u8..4) {
                values(property.clone());
                values([&[count, 0, 0, 0], &property[..]].concat());
            }

            #[test]
            fn decimals_come_back(digits in -999_999_999_999_999_i64..=999_999_999_999_999, decimals in 0_usize..10) {
                let text = format!("{}{}", if digits < 0 { "-" } else { "" },
                    with_point(digits.unsigned_abs(), decimals));
                let double: f64 = text.parse().unwrap();
                let found = String::from_utf8(number(double).unwrap()).unwrap();
                prop_assert_eq!(found.parse::<f64>().unwrap(), double);
                prop_assert!(found.len() <= text.len());
            }
        }
    }
}
