//! Instants as RFC 3339 §5.6 writes them, and times of day.

use super::calendar::{self, DAY};
use super::cursor::{self, Cursor};
use strict_config::{Reader, Value};

/// Reads an instant, in milliseconds since 1970.
pub(super) fn read(reader: &Reader, value: &Value) -> Option<i64> {
    let found = value.as_str().and_then(parse);
    if found.is_none() {
        reader.expected("an instant such as 2026-03-01T09:00:00+08:00", value);
    }
    found
}

/// An instant, in milliseconds since 1970; what is shorter is cut off. A leap second is refused, because the clock has
/// none.
fn parse(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text);
    let year = cursor.digits(4)?;
    cursor.expect("-")?;
    let month = cursor.digits(2)?;
    cursor.expect("-")?;
    let day = calendar::day(year, month, cursor.digits(2)?)?;
    if !(cursor.take("T") || cursor.take("t") || cursor.take(" ")) {
        return None;
    }
    let minutes = hours_and_minutes(&mut cursor)?;
    cursor.expect(":")?;
    let seconds = cursor.digits(2).filter(|seconds| *seconds < 60)?;
    let millis = if cursor.take(".") { fraction(&mut cursor)? } else { 0 };
    let offset = if cursor.take("Z") || cursor.take("z") { 0 } else { offset(&mut cursor)? };
    cursor.end()?;
    (minutes < 24 * 60).then(|| (day * DAY + minutes * 60 + seconds - offset) * 1000 + millis)
}

/// The milliseconds of a fraction of a second.
fn fraction(rest: &mut Cursor<'_>) -> Option<i64> {
    let digits = rest.run(|byte| byte.is_ascii_digit());
    let shown = digits.get(..3).unwrap_or(digits);
    let scale = [0, 100, 10, 1].get(shown.len())?;
    Some(cursor::number(shown)? * scale)
}

/// A distance from UTC such as `+08:00`, in seconds to the east.
pub(super) fn offset(cursor: &mut Cursor<'_>) -> Option<i64> {
    let sign = match () {
        () if cursor.take("+") => 60,
        () if cursor.take("-") => -60,
        () => return None,
    };
    hours_and_minutes(cursor).filter(|minutes| *minutes < 24 * 60).map(|minutes| sign * minutes)
}

/// A time of day such as `09:00`, in seconds; `24:00` is the end of the day.
pub(super) fn time_of_day(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text);
    let minutes = hours_and_minutes(&mut cursor)?;
    cursor.end()?;
    Some(minutes * 60)
}

/// `hh:mm` up to `24:00`, in minutes.
fn hours_and_minutes(cursor: &mut Cursor<'_>) -> Option<i64> {
    let hours = cursor.digits(2)?;
    cursor.expect(":")?;
    let minutes = cursor.digits(2).filter(|minutes| *minutes < 60)?;
    Some(hours * 60 + minutes).filter(|minutes| *minutes <= 24 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_instant_is_a_point_in_time_wherever_it_was_written() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-03-01T09:00:00+08:00", Some(1_772_326_800_000)),
            ("2026-03-01T01:00:00Z", Some(1_772_326_800_000)),
            ("2026-02-28T20:30:00-04:30", Some(1_772_326_800_000)),
            ("2026-03-01t01:00:00.25z", Some(1_772_326_800_250)),
            ("2026-03-01 01:00:00.123456789Z", Some(1_772_326_800_123)),
            ("1969-12-31T23:59:59.5Z", Some(-500)),
            ("2026-02-29T00:00:00Z", None),
            ("2026-03-01T24:00:00Z", None),
            ("2026-03-01T01:60:00Z", None),
            ("2026-03-01T01:00:60Z", None),
            ("2026-03-01T01:00:00", None),
            ("2026-03-01T01:00Z", None),
            ("2026-03-01T01:00:00.Z", None),
            ("2026-03-01T01:00:00+24:00", None),
            ("2026-03-01T01:00:00+0800", None),
            ("2026-03-01T01:00:00Z ", None),
            ("2026-3-1T01:00:00Z", None),
            ("2026-03-01", None),
            ("+026-03-01T01:00:00Z", None),
            ("２026-03-01T01:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(parse(text), millis, "{text}");
        }
    }

    #[test]
    fn a_day_ends_at_24() {
        for (text, seconds) in [
            ("00:00", Some(0)),
            ("09:30", Some(34_200)),
            ("23:59", Some(86_340)),
            ("24:00", Some(86_400)),
            ("24:01", None),
            ("9:30", None),
            ("09:60", None),
            ("09:30:00", None),
            ("", None),
        ] {
            assert_eq!(time_of_day(text), seconds, "{text}");
        }
    }
}
