//! Windows of time: from one instant to another, or each week by the clocks of a place. The end belongs to none.

use super::calendar::{self, DAY};
use super::instant;
use super::zone::Zone;
use strict_config::{Reader, Value};

/// When a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Window {
    /// From one instant to another, in milliseconds since 1970; an end that is not given is far away.
    Once {
        /// The first millisecond.
        from: i64,
        /// The millisecond after the last.
        to: i64,
    },
    /// On days of the week, by the clocks of a zone.
    Weekly(Weekly),
}

/// From one time of day to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weekly {
    /// The days on which it begins: bit 0 is Sunday.
    days: u8,
    /// In seconds after midnight.
    from: i64,
    /// In seconds after midnight; before `from`, it is on the next day.
    to: i64,
    zone: Zone,
}

const DAYS: [(&str, u8); 7] = [("sun", 0), ("mon", 1), ("tue", 2), ("wed", 3), ("thu", 4), ("fri", 5), ("sat", 6)];

const EVERY_DAY: u8 = 0x7f;

impl Window {
    /// Reads `{from, to}` with instants, or `{days, from, to, zone}` with times of day.
    pub(crate) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let mut object = reader.object(value)?;
        let (from, to) = (object.get("from"), object.get("to"));
        let (days, zone) = (object.get("days"), object.get("zone"));
        object.finish();
        // Times of day are short, instants are not.
        let is_time_of_day = |value: &Value| value.as_str().is_some_and(|text| text.contains(':') && text.len() <= 5);
        let is_weekly = days.is_some() || zone.is_some() || from.into_iter().chain(to).any(is_time_of_day);
        if is_weekly {
            return Weekly::read(reader, [from, to], days, zone).map(Self::Weekly);
        }
        if from.is_none() && to.is_none() {
            reader.problem(value, "expected from, to or days, but found none of them");
            return None;
        }
        let start = from.map_or(Some(i64::MIN), |from| instant::read(reader, from));
        let end = to.map_or(Some(i64::MAX), |to| instant::read(reader, to));
        let (start, end) = (start?, end?);
        if let Some(to) = to.filter(|_| end <= start) {
            reader.expected("an instant after from", to);
        }
        Some(Self::Once { from: start, to: end })
    }

    /// Whether a time is in it, in milliseconds since 1970.
    pub(crate) fn contains(&self, unix_millis: u64) -> bool {
        let now = i64::try_from(unix_millis).unwrap_or(i64::MAX);
        match self {
            Self::Once { from, to } => (*from..*to).contains(&now),
            Self::Weekly(weekly) => weekly.contains(now.div_euclid(1000)),
        }
    }
}

impl Weekly {
    fn read(
        reader: &Reader,
        [from, to]: [Option<&Value>; 2],
        days: Option<&Value>,
        zone: Option<&Value>,
    ) -> Option<Self> {
        let days = days.map_or(Some(EVERY_DAY), |days| read_days(reader, days));
        let zone = zone.map_or(Some(Zone::UTC), |zone| Zone::read(reader, zone));
        let start = from.map_or(Some(0), |from| read_time_of_day(reader, from));
        let end = to.map_or(Some(DAY), |to| read_time_of_day(reader, to));
        let (start, end) = (start?, end?);
        if let Some(value) = from.filter(|_| start == DAY) {
            reader.expected("a time of day before 24:00", value);
        } else if let Some(value) = to.filter(|_| start == end) {
            reader.expected("another time of day than from", value);
        }
        Some(Self { days: days?, from: start, to: end, zone: zone? })
    }

    fn contains(&self, unix: i64) -> bool {
        let local = unix.saturating_add(self.zone.offset(unix));
        let (day, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let begins_on = |day: i64| self.days >> calendar::weekday(day) & 1 == 1;
        if self.from < self.to {
            return begins_on(day) && (self.from..self.to).contains(&time);
        }
        (begins_on(day) && time >= self.from) || (begins_on(day - 1) && time < self.to)
    }
}

fn read_time_of_day(reader: &Reader, value: &Value) -> Option<i64> {
    let found = value.as_str().and_then(instant::time_of_day);
    if found.is_none() {
        reader.expected("a time of day such as 09:00", value);
    }
    found
}

fn read_days(reader: &Reader, value: &Value) -> Option<u8> {
    let days = reader.array(value)?;
    if days.is_empty() {
        reader.problem(value, "expected at least one day, but found none");
    }
    let mut found = Some(0);
    for day in days {
        let bit = reader.one_of(day, &DAYS);
        found = found.zip(bit).map(|(days, bit)| days | 1 << bit);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(json: &str) -> Result<Window, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let window = Window::read(&reader, reader.root());
        reader.into_problems().unless_any(()).map(|()| window.unwrap()).map_err(|problems| problems.to_string())
    }

    fn millis(instant: &str) -> u64 {
        let reader = strict_config::read(format!("{instant:?}").as_bytes()).unwrap();
        u64::try_from(instant::read(&reader, reader.root()).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(json: &str, inside: &[&str], outside: &[&str]) {
        let window = read(json).unwrap();
        for instant in inside {
            assert!(window.contains(millis(instant)), "{json} {instant}");
        }
        for instant in outside {
            assert!(!window.contains(millis(instant)), "{json} {instant}");
        }
    }

    #[test]
    fn a_window_begins_with_its_first_millisecond_and_ends_before_its_last() {
        check(
            r#"{"from": "2026-03-01T09:00:00+08:00", "to": "2026-03-02T00:00:00Z"}"#,
            &["2026-03-01T01:00:00Z", "2026-03-01T23:59:59.999Z"],
            &["2026-03-01T00:59:59.999Z", "2026-03-02T00:00:00Z"],
        );
        check(r#"{"from": "2026-03-01T00:00:00Z"}"#, &["9999-12-31T23:59:59Z"], &["2026-02-28T23:59:59Z"]);
        check(r#"{"to": "2026-03-01T00:00:00Z"}"#, &["1970-01-01T00:00:00Z"], &["2026-03-01T00:00:00Z"]);
        assert!(!read(r#"{"to": "2026-03-01T00:00:00Z"}"#).unwrap().contains(u64::MAX));
    }

    #[test]
    fn a_weekly_window_follows_the_clocks_of_its_zone() {
        // 2 March 2026 is a Monday.
        check(
            r#"{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00", "zone": "Asia/Shanghai"}"#,
            &["2026-03-02T01:00:00Z", "2026-03-02T09:59:59Z", "2026-03-06T17:00:00+08:00"],
            &["2026-03-02T00:59:59Z", "2026-03-02T10:00:00Z", "2026-03-07T12:00:00+08:00", "2026-03-01T12:00:00+08:00"],
        );
        // In Berlin 09:00 is 08:00 UTC until 29 March 2026, and 07:00 from then on.
        check(
            r#"{"from": "09:00", "to": "10:00", "zone": "Europe/Berlin"}"#,
            &["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"],
            &["2026-03-28T07:59:59Z", "2026-03-28T09:00:00Z", "2026-03-29T08:00:00Z"],
        );
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        check(
            r#"{"days": ["fri"], "from": "22:00", "to": "06:00"}"#,
            &["2026-03-06T22:00:00Z", "2026-03-07T00:00:00Z", "2026-03-07T05:59:59Z"],
            &["2026-03-06T05:00:00Z", "2026-03-06T21:59:59Z", "2026-03-07T06:00:00Z", "2026-03-07T22:00:00Z"],
        );
    }

    #[test]
    fn days_alone_are_whole() {
        check(
            r#"{"days": ["sat", "sun"], "zone": "-05:00"}"#,
            &["2026-03-07T05:00:00Z", "2026-03-09T04:59:59Z"],
            &["2026-03-07T04:59:59Z", "2026-03-09T05:00:00Z"],
        );
        check(r#"{"from": "22:00"}"#, &["2026-03-06T23:59:59Z"], &["2026-03-06T21:59:59Z", "2026-03-06T00:00:00Z"]);
        check(r#"{"to": "06:00"}"#, &["2026-03-06T00:00:00Z"], &["2026-03-06T06:00:00Z"]);
        check(r#"{"from": "12:00", "to": "00:00"}"#, &["2026-03-06T23:59:59Z"], &["2026-03-06T00:00:00Z"]);
    }

    #[test]
    fn problems_name_the_place() {
        for (json, expected) in [
            ("{}", "expected from, to or days, but found none of them (line 1 column 1)"),
            (
                r#"{"from": "tomorrow", "to": 1}"#,
                "from: expected an instant such as 2026-03-01T09:00:00+08:00, but found \"tomorrow\" (line 1 column 10)\n\
                 to: expected an instant such as 2026-03-01T09:00:00+08:00, but found 1 (line 1 column 28)",
            ),
            (
                r#"{"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T08:00:00+08:00"}"#,
                "to: expected an instant after from, but found \"2026-03-01T08:00:00+08:00\" (line 1 column 40)",
            ),
            (
                r#"{"days": ["mo", "tue"], "from": "9:00", "to": "24:01", "zone": "Mars"}"#,
                "days[0]: expected sun, mon, tue, wed, thu, fri or sat, but found \"mo\" (line 1 column 11)\n\
                 zone: expected a zone such as Asia/Shanghai, +08:00 or CET-1CEST,M3.5.0,M10.5.0/3, but found \"Mars\" \
                 (line 1 column 64)\n\
                 from: expected a time of day such as 09:00, but found \"9:00\" (line 1 column 33)\n\
                 to: expected a time of day such as 09:00, but found \"24:01\" (line 1 column 47)",
            ),
            (r#"{"days": []}"#, "days: expected at least one day, but found none (line 1 column 10)"),
            (
                r#"{"from": "09:00", "to": "09:00"}"#,
                "to: expected another time of day than from, but found \"09:00\" (line 1 column 25)",
            ),
            (
                r#"{"from": "24:00"}"#,
                "from: expected a time of day before 24:00, but found \"24:00\" (line 1 column 10)",
            ),
            (
                r#"{"form": "09:00", "to": "10:00"}"#,
                "form: expected from, to, days or zone, but found \"form\" (line 1 column 2)",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), expected);
        }
    }
}
