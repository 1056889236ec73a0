//! Ramps: a percentage that grows or shrinks in a straight line between two instants.

use super::instant;
use crate::percent;
use strict_config::{Object, Reader};

/// A line between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ramp {
    from: Point,
    to: Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    /// In milliseconds since 1970.
    at: i64,
    basis_points: u32,
}

impl Ramp {
    /// Reads `from` and `to` of an object that may have more.
    pub(crate) fn read(reader: &Reader, object: &mut Object<'_>) -> Option<Self> {
        let (from, to) = (Point::read(reader, object, "from"), Point::read(reader, object, "to"));
        let (from, to) = (from?, to?);
        if to.at <= from.at {
            let found = object.get("to").and_then(|to| to.get("at"));
            found.into_iter().for_each(|at| reader.expected("an instant after that of from", at));
        }
        Some(Self { from, to })
    }

    /// The share at a time, in milliseconds since 1970: before the first instant it is that of the first, after the
    /// last that of the last, and between them it never goes back.
    pub(crate) fn basis_points(&self, unix_millis: u64) -> u32 {
        let now = i64::try_from(unix_millis).unwrap_or(i64::MAX);
        let (from, to) = (self.from, self.to);
        if now <= from.at {
            return from.basis_points;
        }
        if now >= to.at {
            return to.basis_points;
        }
        // A ramp of 8,000 years times 10,000 points is less than 2^63.
        let rise = i64::from(to.basis_points) - i64::from(from.basis_points);
        let risen = rise.saturating_mul(now - from.at) / (to.at - from.at);
        u32::try_from(i64::from(from.basis_points) + risen).unwrap_or_default()
    }
}

impl Point {
    fn read(reader: &Reader, object: &mut Object<'_>, name: &'static str) -> Option<Self> {
        let mut point = reader.object(object.required(name)?)?;
        let at = point.required("at").and_then(|at| instant::read(reader, at));
        let share = point.required("percent").and_then(|share| percent::read(reader, share));
        point.finish();
        Some(Self { at: at?, basis_points: share? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(json: &str) -> Result<Ramp, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let mut object = reader.object(reader.root()).unwrap();
        let ramp = Ramp::read(&reader, &mut object);
        object.finish();
        reader.into_problems().unless_any(()).map(|()| ramp.unwrap()).map_err(|problems| problems.to_string())
    }

    /// From 0 to 10,000 seconds after 1970-01-01T00:00:00Z.
    fn ramp(from: &str, to: &str) -> Ramp {
        let (start, end) = ("1970-01-01T00:00:00Z", "1970-01-01T02:46:40Z");
        let (from, to) =
            (format!(r#"{{"at": "{start}", "percent": {from}}}"#), format!(r#"{{"at": "{end}", "percent": {to}}}"#));
        read(&format!(r#"{{"from": {from}, "to": {to}}}"#)).unwrap()
    }

    #[test]
    fn a_ramp_is_a_straight_line_between_its_ends() {
        for (from, to, points) in [
            ("0", "100", [0, 0, 2500, 5000, 10_000, 10_000]),
            ("100", "0", [10_000, 10_000, 7500, 5000, 0, 0]),
            ("5", "5.5", [500, 500, 512, 525, 550, 550]),
        ] {
            let ramp = ramp(from, to);
            let found = [0, 999, 2_500_000, 5_000_000, 10_000_000, u64::MAX].map(|now| ramp.basis_points(now));
            assert_eq!(found, points, "{from} to {to}");
        }
    }

    #[test]
    fn problems_name_the_place() {
        for (json, expected) in [
            (
                r#"{"from": {"at": "2026-03-01T00:00:00Z", "percent": 0}}"#,
                "to: expected a value, but found none (line 1 column 1)",
            ),
            (
                r#"{"from": {"at": "2026-03-01", "percent": 101}, "to": {"At": 1}}"#,
                "from.at: expected an instant such as 2026-03-01T09:00:00+08:00, but found \"2026-03-01\" (line 1 column 17)\n\
                 from.percent: expected a percentage from 0 to 100 with at most two decimals, but found 101 \
                 (line 1 column 42)\n\
                 to.at: expected a value, but found none (line 1 column 54)\n\
                 to.percent: expected a value, but found none (line 1 column 54)\n\
                 to.At: expected at, but found \"At\" (line 1 column 55)",
            ),
            (
                r#"{"from": {"at": "2026-03-01T00:00:00Z", "percent": 0}, "to": {"at": "2026-03-01T00:00:00Z", "percent": 1}}"#,
                "to.at: expected an instant after that of from, but found \"2026-03-01T00:00:00Z\" (line 1 column 69)",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), expected);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn a_ramp_never_goes_back(
                at in 0..253_402_300_799_000_i64, length in 1..253_402_300_799_000_i64,
                from in 0..=10_000_u32, to in 0..=10_000_u32,
                mut times in proptest::collection::vec(any::<u64>().prop_map(|now| now >> 16), 2..20),
            ) {
                let ramp = Ramp {
                    from: Point { at, basis_points: from },
                    to: Point { at: at + length, basis_points: to },
                };
                times.sort_unstable();
                let shares: Vec<_> = times.iter().map(|now| ramp.basis_points(*now)).collect();
                let never_back = if from <= to { shares.is_sorted() } else { shares.is_sorted_by(|a, b| a >= b) };
                prop_assert!(never_back);
                prop_assert!(shares.iter().all(|share| (from.min(to)..=from.max(to)).contains(share)));
            }
        }
    }
}
