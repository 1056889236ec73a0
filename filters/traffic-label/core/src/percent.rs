//! Percentages, exact to a hundredth of a percent.
//!
//! They are written as JSON numbers and held as basis points, so that no sum is off by a rounding. What a number with
//! more decimals or an exponent would be rounded to is not guessed: it is refused.

use std::fmt;
use strict_config::{Kind, Reader, Value};

/// A hundred percent.
pub(crate) const WHOLE: u32 = 10_000;

/// Reads a percentage as basis points: `10` is 1,000 of them, `12.25` is 1,225.
pub(crate) fn read(reader: &Reader, value: &Value) -> Option<u32> {
    let found = match value.kind() {
        Kind::Number(text) => basis_points(text),
        _ => None,
    };
    if found.is_none() {
        reader.expected("a percentage from 0 to 100 with at most two decimals", value);
    }
    found
}

fn basis_points(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let hundredths = match decimals.len() {
        1 => decimals.parse::<u32>().ok()? * 10,
        2 => decimals.parse().ok()?,
        _ => return None,
    };
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths).filter(|found| *found <= WHOLE)
}

/// Basis points as they are written in percent; sums may be above a hundred.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Percent(pub(crate) u32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        match (hundredths, hundredths % 10) {
            (0, _) => write!(f, "{whole}"),
            (_, 0) => write!(f, "{whole}.{}", hundredths / 10),
            _ => write!(f, "{whole}.{hundredths:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_percentage_is_exact_to_a_hundredth_or_refused() {
        for (text, expected) in [
            ("0", Some(0)),
            ("10", Some(1000)),
            ("0.5", Some(50)),
            ("0.50", Some(50)),
            ("0.05", Some(5)),
            ("12.25", Some(1225)),
            ("33.33", Some(3333)),
            ("100", Some(10_000)),
            ("100.00", Some(10_000)),
            ("100.01", None),
            ("101", None),
            ("-1", None),
            ("-0", None),
            ("0.125", None),
            ("1e1", None),
            ("1.5e1", None),
            ("4294967295", None),
            ("99999999999999999999", None),
            ("\"10\"", None),
            ("true", None),
        ] {
            let reader = strict_config::read(text.as_bytes()).unwrap();
            assert_eq!(read(&reader, reader.root()), expected, "{text}");
            assert_eq!(reader.into_problems().is_empty(), expected.is_some(), "{text}");
        }
        let reader = strict_config::read(b"0.125").unwrap();
        read(&reader, reader.root());
        assert_eq!(
            reader.into_problems().to_string(),
            "expected a percentage from 0 to 100 with at most two decimals, but found 0.125 (line 1 column 1)"
        );
    }

    #[test]
    fn basis_points_are_shown_in_percent() {
        for (points, text) in [(0, "0"), (5, "0.05"), (50, "0.5"), (1225, "12.25"), (10_000, "100"), (10_010, "100.1")]
        {
            assert_eq!(Percent(points).to_string(), text);
        }
    }
}
