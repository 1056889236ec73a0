//! How long a client waits for its call, as headers say it.
//!
//! `grpc-timeout` is at most eight digits and a unit (`PROTOCOL-HTTP2.md` of gRPC); another header, which the operator names,
//! is a decimal number of seconds or has such a unit. A header that is neither says nothing.

use std::time::Duration;

/// The value of `grpc-timeout`.
pub fn parse_grpc_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) {
        return None;
    }
    let number = number(digits)?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// A time in a header of the operator's choice: `2`, `0.25`, or as in `grpc-timeout`.
pub fn parse_timeout(value: &[u8]) -> Option<Duration> {
    let value = value.trim_ascii();
    if let Some(timeout) = parse_grpc_timeout(value) {
        return Some(timeout);
    }
    let point = value.iter().position(|byte| *byte == b'.').unwrap_or(value.len());
    let (seconds, fraction) = value.split_at(point);
    let fraction = fraction.strip_prefix(b".").unwrap_or_default();
    if seconds.is_empty() && fraction.is_empty() || seconds.len() > 9 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanos = digits.fold(0, |nanos: u32, digit| nanos * 10 + u32::from(digit - b'0'));
    Some(Duration::new(number(seconds)?, nanos))
}

/// The value of `grpc-timeout` that says this time, in the finest unit in which it has eight digits.
pub fn grpc_timeout(timeout: Duration) -> String {
    const MOST: u128 = 99_999_999;
    let (micros, millis, seconds) = (timeout.as_micros(), timeout.as_millis(), u128::from(timeout.as_secs()));
    if micros <= MOST && micros % 1000 != 0 {
        format!("{micros}u")
    } else if millis <= MOST {
        format!("{millis}m")
    } else {
        format!("{}S", seconds.min(MOST))
    }
}

/// The number of at most nine digits; none are 0.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_grpc_timeout_has_eight_digits_and_a_unit() {
        let check = |value: &str, expected: Option<Duration>| {
            assert_eq!(parse_grpc_timeout(value.as_bytes()), expected, "{value}");
        };
        check("2H", Some(Duration::from_secs(7200)));
        check("3M", Some(Duration::from_secs(180)));
        check("99999999S", Some(Duration::from_secs(99_999_999)));
        check("250m", Some(Duration::from_millis(250)));
        check("1u", Some(Duration::from_micros(1)));
        check("5n", Some(Duration::from_nanos(5)));
        for wrong in ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", " 1S"] {
            check(wrong, None);
        }
    }

    #[test]
    fn another_header_has_seconds_or_a_unit() {
        let check = |value: &str, expected: Option<Duration>| {
            assert_eq!(parse_timeout(value.as_bytes()), expected, "{value}");
        };
        check("2", Some(Duration::from_secs(2)));
        check(" 0.25 ", Some(Duration::from_millis(250)));
        check("1.", Some(Duration::from_secs(1)));
        check(".5", Some(Duration::from_millis(500)));
        check("1.0000000019", Some(Duration::new(1, 1)));
        check("300m", Some(Duration::from_millis(300)));
        for wrong in ["", ".", "-1", "1e3", "NaN", "1.2.3", "9999999999"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_time_is_said_as_precisely_as_eight_digits_can() {
        let check = |timeout: Duration, expected: &str| assert_eq!(grpc_timeout(timeout), expected);
        check(Duration::from_secs(15), "15000m");
        check(Duration::from_micros(1500), "1500u");
        check(Duration::from_secs(100_000), "100000S");
        check(Duration::MAX, "99999999S");
    }
}
