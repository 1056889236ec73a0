//! How names and times are spelt, and which name was meant by one that is not known.

use std::fmt;
use std::time::Duration;

/// `a, b or c`.
pub(crate) fn alternatives(names: &[&str]) -> String {
    joined(names, " or ")
}

/// `a, b and c`.
pub(crate) fn all(names: &[&str]) -> String {
    joined(names, " and ")
}

fn joined(names: &[&str], before_last: &str) -> String {
    if names.is_empty() {
        return "no name".to_owned();
    }
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        text.push_str(match names.len() - index {
            _ if index == 0 => "",
            1 => before_last,
            _ => ", ",
        });
        text.push_str(name);
    }
    text
}

/// Whether a name is the lowerCamelCase form of one in snake_case.
pub(crate) fn is_camel_case_of(camel: &str, snake: &str) -> bool {
    let mut camel = camel.bytes();
    let mut after_underscore = false;
    for byte in snake.bytes() {
        if byte == b'_' {
            after_underscore = true;
            continue;
        }
        let expected = if after_underscore { byte.to_ascii_uppercase() } else { byte };
        after_underscore = false;
        if camel.next() != Some(expected) {
            return false;
        }
    }
    camel.next().is_none()
}

/// The known name that is so like an unknown one that it was probably meant.
pub(crate) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let letters = |name: &str| -> Vec<u8> {
        name.bytes().filter(|byte| *byte != b'_').take(64).map(|byte| byte.to_ascii_lowercase()).collect()
    };
    let unknown = letters(unknown);
    let mut nearest = None;
    for name in known {
        let name_letters = letters(name);
        let distance = edits(&unknown, &name_letters);
        let is_near = distance * 5 <= name_letters.len() * 2;
        if is_near && nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, *name));
        }
    }
    nearest.map(|(_, name)| name)
}

/// How many letters have to be added, left out or changed to make one name of another.
fn edits(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            before = changed.min(*cell + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The units of times, the greatest first, in milliseconds. `ms` ends as `s` does.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// A whole number and a unit.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*millis).map(Duration::from_millis)
}

/// A time as [`duration`] reads it.
pub(crate) struct Time(pub(crate) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (unit, length) = UNITS.into_iter().find(|(_, unit)| millis % unit == 0).unwrap_or(("ms", 1));
        write!(f, "{}{unit}", millis / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_name_that_is_nearly_known_was_meant() {
        let known = ["exact", "prefix", "suffix", "max_bytes", "max"];
        for (unknown, meant) in [
            ("prefx", Some("prefix")),
            ("prefixes", Some("prefix")),
            ("maxBytes", Some("max_bytes")),
            ("Max", Some("max")),
            ("sufix", Some("suffix")),
            ("max_by", Some("max_bytes")),
            ("", None),
            ("regex", None),
            ("proto_descriptor_bin", None),
        ] {
            assert_eq!(nearest(unknown, &known), meant, "{unknown}");
        }
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn camel_case_is_the_other_spelling_of_snake_case() {
        for (camel, snake, same) in [
            ("protoDescriptorBin", "proto_descriptor_bin", true),
            ("services", "services", true),
            ("int64AsNumber", "int64_as_number", true),
            ("ProtoDescriptorBin", "proto_descriptor_bin", false),
            ("protoDescriptor", "proto_descriptor_bin", false),
            ("protoDescriptorBins", "proto_descriptor_bin", false),
        ] {
            assert_eq!(is_camel_case_of(camel, snake), same, "{camel}");
        }
    }

    #[test]
    fn a_time_is_a_whole_number_and_a_unit() {
        for (text, millis) in [
            ("60s", Some(60_000)),
            ("5m", Some(300_000)),
            ("24h", Some(86_400_000)),
            ("250ms", Some(250)),
            ("0s", Some(0)),
            ("", None),
            ("60", None),
            ("m", None),
            ("+5m", None),
            ("1.5s", None),
            ("5 m", None),
            ("99999999999999999999s", None),
            ("9999999999999999999h", None),
        ] {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
        for text in ["60ms", "90s", "5m", "24h"] {
            assert_eq!(duration(text).map(|time| Time(time).to_string()), Some(text.to_owned()));
        }
    }
}
