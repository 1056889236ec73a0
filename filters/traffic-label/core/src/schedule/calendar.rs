//! The Gregorian calendar (RFC 3339 §1), in days since 1970-01-01.

/// The seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// The first day of a year.
pub(super) fn first_day(year: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    // 477 years before 1970 were leap years.
    365 * (year - 1970) + leap_days - 477
}

/// The year of a day.
pub(super) fn year(day: i64) -> i64 {
    // 400 years have 146,097 days. The mean is wrong by a year at most.
    let about = 1970 + (day * 400).div_euclid(146_097);
    if first_day(about) > day {
        about - 1
    } else if first_day(about + 1) <= day {
        about + 1
    } else {
        about
    }
}

/// The first day of a month, and how many days it has.
pub(super) fn month(year: i64, month: i64) -> Option<(i64, i64)> {
    const ENDS: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let index = usize::try_from(month).ok()?;
    let (begin, end) = (ENDS.get(index.checked_sub(1)?)?, ENDS.get(index)?);
    let leap_day = first_day(year + 1) - first_day(year) - 365;
    let begins = first_day(year) + begin + if month > 2 { leap_day } else { 0 };
    Some((begins, end - begin + if month == 2 { leap_day } else { 0 }))
}

/// A day by its date, if there is such a date.
pub(super) fn day(year: i64, month_of_year: i64, day_of_month: i64) -> Option<i64> {
    let (first, length) = month(year, month_of_year)?;
    (1..=length).contains(&day_of_month).then(|| first + day_of_month - 1)
}

/// The day of the week, from 0 for Sunday.
pub(super) fn weekday(day: i64) -> i64 {
    // 1970 began on a Thursday.
    (day + 4).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn dates_are_days() {
        for (date, expected) in [
            ((1970, 1, 1), Some(0)),
            ((1969, 12, 31), Some(-1)),
            ((2000, 2, 29), Some(11_016)),
            ((2000, 3, 1), Some(11_017)),
            ((2026, 3, 29), Some(20_541)),
            ((2100, 2, 29), None),
            ((2100, 3, 1), Some(47_541)),
            ((2024, 2, 29), Some(19_782)),
            ((2023, 2, 29), None),
            ((2023, 4, 31), None),
            ((2023, 13, 1), None),
            ((2023, 0, 1), None),
            ((2023, 1, 0), None),
        ] {
            let (year, month, of_month) = date;
            assert_eq!(day(year, month, of_month), expected, "{date:?}");
        }
    }

    #[test]
    fn every_day_is_in_its_year() {
        for a_year in 0..4000 {
            assert_eq!((year(first_day(a_year)), year(first_day(a_year) - 1)), (a_year, a_year - 1));
        }
    }

    #[test]
    fn weeks_go_on_through_the_years() {
        // A Sunday, a Thursday and a Wednesday.
        for (day, expected) in [(20_541, 0), (0, 4), (-1, 3)] {
            assert_eq!(weekday(day), expected);
        }
    }
}
