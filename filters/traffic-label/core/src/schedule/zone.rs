//! Time zones: how far a place's clocks are from UTC, as a POSIX `TZ` string says it (POSIX.1-2024 §8.3, RFC 8536
//! §3.3.1).
//!
//! A zone's name is looked up in `zones.txt`: one line for each rule, then the names that follow it, where a word that
//! ends in a slash goes before those after it. It holds the last line of every file of the IANA time zone database,
//! release 2026f, which says what holds from now on; what a zone did before is of no use here. Where a zone is going to
//! do something that is no rule, as Gaza in 2036, the rule is not all.

use super::calendar::{self, DAY};
use super::cursor::Cursor;
use super::instant;
use strict_config::{Reader, Value};

const ZONES: &str = include_str!("zones.txt");

/// A place's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zone {
    /// Seconds to the east of UTC.
    standard: i64,
    daylight: Option<Daylight>,
}

/// Daylight saving time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Daylight {
    /// Seconds to the east of UTC.
    offset: i64,
    begins: Change,
    ends: Change,
}

/// When clocks are changed, each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    day: ChangeDay,
    /// Seconds after midnight, by the clock before the change; negative on the day before.
    at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeDay {
    /// From 1, where 29 February is not counted.
    WithoutLeapDay(i64),
    /// From 0.
    OfYear(i64),
    /// The weekday's first to fourth of a month, or its last, which is the fifth.
    OfMonth { month: i64, week: i64, weekday: i64 },
}

impl Zone {
    pub(super) const UTC: Self = Self { standard: 0, daylight: None };

    /// Reads `UTC`, an offset such as `+08:00`, a name of the IANA database or a POSIX string.
    pub(super) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let text = reader.string(value)?;
        let found = fixed(text).or_else(|| posix(rule_of(text).unwrap_or(text)));
        // POSIX counts to the west, so that `UTC+8` is far from what people mean by it.
        let is_reversed =
            rule_of(text).is_none() && ["UTC+", "UTC-", "GMT+", "GMT-"].iter().any(|start| text.starts_with(start));
        if found.is_none() || is_reversed {
            reader.expected("a zone such as Asia/Shanghai, +08:00 or CET-1CEST,M3.5.0,M10.5.0/3", value);
            return None;
        }
        found
    }

    /// How far its clocks are from UTC at a time, in seconds to the east; both in seconds, since 1970.
    pub(super) fn offset(&self, unix: i64) -> i64 {
        let Some(daylight) = self.daylight else { return self.standard };
        let year = calendar::year((unix + self.standard).div_euclid(DAY));
        let begins = daylight.begins.in_year(year) - self.standard;
        let ends = daylight.ends.in_year(year) - daylight.offset;
        // South of the equator it goes on over the new year.
        let is_daylight = if begins < ends { (begins..ends).contains(&unix) } else { !(ends..begins).contains(&unix) };
        if is_daylight { daylight.offset } else { self.standard }
    }
}

impl Change {
    /// When it is in a year, in seconds since 1970 by the clock before it.
    fn in_year(self, year: i64) -> i64 {
        let first = calendar::first_day(year);
        let day = match self.day {
            ChangeDay::OfYear(day) => first + day,
            ChangeDay::WithoutLeapDay(day) => {
                let leap_day = calendar::first_day(year + 1) - first - 365;
                first + day - 1 + if day > 59 { leap_day } else { 0 }
            }
            ChangeDay::OfMonth { month, week, weekday } => {
                let (begins, length) = calendar::month(year, month).unwrap_or((first, 31));
                let to_weekday = (weekday - calendar::weekday(begins)).rem_euclid(7);
                let day = to_weekday + 7 * (week - 1);
                begins + if day < length { day } else { day - 7 }
            }
        };
        day * DAY + self.at
    }
}

/// `UTC` or `+08:00`.
fn fixed(text: &str) -> Option<Zone> {
    if text == "UTC" {
        return Some(Zone::UTC);
    }
    let mut cursor = Cursor(text);
    let standard = instant::offset(&mut cursor)?;
    cursor.end()?;
    Some(Zone { standard, daylight: None })
}

/// The POSIX string of a name in the IANA database.
fn rule_of(name: &str) -> Option<&'static str> {
    let follows = |words: &str| {
        let mut region = "";
        words.split(' ').any(|word| {
            if word.ends_with('/') {
                region = word;
            }
            name.strip_prefix(region) == Some(word)
        })
    };
    for line in ZONES.split('\n') {
        if let Some((rule, words)) = line.split_once(' ')
            && follows(words)
        {
            return Some(rule);
        }
    }
    None
}

/// What a POSIX string says.
fn posix(text: &str) -> Option<Zone> {
    let mut cursor = Cursor(text);
    abbreviation(&mut cursor)?;
    // Written to the west.
    let standard = -time(&mut cursor, 24)?;
    if cursor.end().is_some() {
        return Some(Zone { standard, daylight: None });
    }
    abbreviation(&mut cursor)?;
    let offset = if cursor.0.starts_with(',') { standard + 3600 } else { -time(&mut cursor, 24)? };
    let (begins, ends) = (change(&mut cursor)?, change(&mut cursor)?);
    cursor.end()?;
    Some(Zone { standard, daylight: Some(Daylight { offset, begins, ends }) })
}

/// What a zone's clocks are called: three letters or more, or anything in angle brackets.
fn abbreviation(cursor: &mut Cursor<'_>) -> Option<()> {
    let is_quoted = cursor.take("<");
    let name = if is_quoted {
        cursor.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'))
    } else {
        cursor.run(|byte| byte.is_ascii_alphabetic())
    };
    (name.len() >= 3 && (!is_quoted || cursor.take(">"))).then_some(())
}

/// `,M3.5.0/2`, `,J60` or `,59/1:30`.
fn change(cursor: &mut Cursor<'_>) -> Option<Change> {
    cursor.expect(",")?;
    let day = if cursor.take("M") {
        let month = cursor.number(2).filter(|month| (1..=12).contains(month))?;
        cursor.expect(".")?;
        let week = cursor.number(1).filter(|week| (1..=5).contains(week))?;
        cursor.expect(".")?;
        let weekday = cursor.number(1).filter(|weekday| *weekday < 7)?;
        ChangeDay::OfMonth { month, week, weekday }
    } else if cursor.take("J") {
        ChangeDay::WithoutLeapDay(cursor.number(3).filter(|day| (1..=365).contains(day))?)
    } else {
        ChangeDay::OfYear(cursor.number(3).filter(|day| *day < 366)?)
    };
    // RFC 8536 lets it be up to a week away.
    let at = if cursor.take("/") { time(cursor, 167)? } else { 7200 };
    Some(Change { day, at })
}

/// `[+-]h[h][:mm[:ss]]`, in seconds.
fn time(cursor: &mut Cursor<'_>, most_hours: i64) -> Option<i64> {
    let is_negative = cursor.take("-");
    if !is_negative {
        cursor.take("+");
    }
    let mut seconds = cursor.number(3).filter(|hours| *hours <= most_hours)? * 3600;
    for unit in [60, 1] {
        if !cursor.take(":") {
            break;
        }
        seconds += cursor.digits(2).filter(|part| *part < 60)? * unit;
    }
    Some(if is_negative { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn zone(text: &str) -> Option<Zone> {
        let reader = strict_config::read(format!("{text:?}").as_bytes()).unwrap();
        let zone = Zone::read(&reader, reader.root());
        assert_eq!(zone.is_none(), !reader.into_problems().is_empty(), "{text}");
        zone
    }

    /// The last second before a change and the change itself, in hours to the east of UTC.
    #[track_caller]
    fn check(name: &str, change: i64, before: f64, after: f64) {
        let zone = zone(name).unwrap();
        let hours = |unix| zone.offset(unix) as f64 / 3600.0;
        assert_eq!((hours(change - 1), hours(change)), (before, after), "{name} {change}");
    }

    #[test]
    fn clocks_change_at_the_second_at_which_they_are_known_to() {
        for (name, change, before, after) in CHANGES {
            check(name, change, before, after);
        }
    }

    /// Computed with Python's zoneinfo from the files of release 2026f.
    const CHANGES: [(&str, i64, f64, f64); 30] = [
        ("Europe/Berlin", 1_806_195_600, 1.0, 2.0),
        ("Europe/Berlin", 1_824_944_400, 2.0, 1.0),
        ("Europe/Berlin", 1_837_645_200, 1.0, 2.0),
        ("Europe/Berlin", 1_856_394_000, 2.0, 1.0),
        ("Europe/Berlin", 4_109_878_800, 1.0, 2.0),
        ("Europe/Berlin", 4_128_627_600, 2.0, 1.0),
        ("America/New_York", 1_805_007_600, -5.0, -4.0),
        ("America/New_York", 1_825_567_200, -4.0, -5.0),
        ("Australia/Sydney", 1_806_768_000, 11.0, 10.0),
        ("Australia/Sydney", 1_822_492_800, 10.0, 11.0),
        ("Pacific/Auckland", 1_806_760_800, 13.0, 12.0),
        ("Pacific/Auckland", 1_821_880_800, 12.0, 13.0),
        ("America/Santiago", 1_806_807_600, -3.0, -4.0),
        ("America/Santiago", 1_820_116_800, -4.0, -3.0),
        ("Europe/Dublin", 1_806_195_600, 0.0, 1.0),
        ("Europe/Dublin", 1_824_944_400, 1.0, 0.0),
        ("America/Nuuk", 1_806_195_600, -2.0, -1.0),
        ("America/Nuuk", 1_824_944_400, -1.0, -2.0),
        ("Africa/Cairo", 1_809_036_000, 2.0, 3.0),
        ("Africa/Cairo", 1_824_757_200, 3.0, 2.0),
        ("Asia/Jerusalem", 1_806_019_200, 2.0, 3.0),
        ("Asia/Jerusalem", 1_824_937_200, 3.0, 2.0),
        ("Australia/Lord_Howe", 1_806_764_400, 11.0, 10.5),
        ("Australia/Lord_Howe", 1_822_491_000, 10.5, 11.0),
        ("Pacific/Chatham", 1_806_760_800, 13.75, 12.75),
        ("Pacific/Chatham", 1_821_880_800, 12.75, 13.75),
        ("America/St_Johns", 1_805_002_200, -3.5, -2.5),
        ("America/St_Johns", 1_825_561_800, -2.5, -3.5),
        ("Antarctica/Troll", 1_806_195_600, 0.0, 2.0),
        ("Antarctica/Troll", 1_824_944_400, 2.0, 0.0),
    ];

    #[test]
    fn a_zone_without_changes_is_always_the_same() {
        for (name, hours) in [
            ("UTC", 0.0),
            ("+08:00", 8.0),
            ("-03:30", -3.5),
            ("Asia/Shanghai", 8.0),
            ("PRC", 8.0),
            ("Asia/Kolkata", 5.5),
            ("Asia/Kathmandu", 5.75),
            ("America/Argentina/Buenos_Aires", -3.0),
            ("Etc/GMT+8", -8.0),
            ("GMT-0", 0.0),
            ("EST5", -5.0),
            ("<+0530>-5:30", 5.5),
            ("ABC-24:59:59", 24.0 + 3599.0 / 3600.0),
        ] {
            let zone = zone(name).unwrap();
            for unix in [0, 1_767_225_600, 1_782_864_000, 253_402_300_799] {
                assert_eq!(zone.offset(unix) as f64 / 3600.0, hours, "{name}");
            }
        }
    }

    #[test]
    fn days_of_the_year_count_with_and_without_the_leap_day() {
        // 1 March 2024 is day 60 from 0 of a leap year, and day 60 from 1 where the leap day is not counted.
        for rule in ["AAA0BBB,J60/0,J300/0", "AAA0BBB,60/0,300/0"] {
            check(rule, 1_709_251_200, 0.0, 1.0);
        }
        // In 2023 the one is 1 March, the other 2 March.
        check("AAA0BBB,J60/0,J300/0", 1_677_628_800, 0.0, 1.0);
        check("AAA0BBB,60/0,300/0", 1_677_715_200, 0.0, 1.0);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "Asia/Shangai",
            "Asia/",
            "Shanghai",
            "asia/shanghai",
            "+8",
            "+0800",
            "UTC+8",
            "GMT+8",
            "AB1",
            "CET-1CEST",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0",
            "CET-1CEST,J0,M10.5.0",
            "CET-1CEST,366,M10.5.0",
            "CET-1CEST,M3.5.0/168,M10.5.0",
            "CET-1CEST,M3.5.0,M10.5.0 ",
            "CET-25",
            "<CET-1",
            "CET-1:60",
        ] {
            assert_eq!(zone(text), None, "{text}");
        }
    }

    #[test]
    fn every_rule_of_the_table_is_one() {
        let mut names = 0;
        for line in ZONES.lines() {
            let (rule, words) = line.split_once(' ').unwrap();
            assert!(posix(rule).is_some(), "{rule}");
            names += words.split(' ').filter(|word| !word.ends_with('/')).count();
        }
        assert_eq!(names, 597);
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn no_text_and_no_time_is_too_much(text in "[A-Z<>+,.:/MJ0-9-]{0,24}", unix in -100_000_000_000..253_402_300_799_i64) {
                if let Some(zone) = posix(&text) {
                    prop_assert!(zone.offset(unix).abs() <= 26 * 3600);
                }
            }
        }
    }
}
