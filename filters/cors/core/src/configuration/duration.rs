//! How long browsers may keep the answer to a preflight: Istio's durations and Envoy's seconds.

/// The unit of each part of a duration, in milliseconds. `ms` comes before `m`, which begins it.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];

/// The whole seconds, at least one, of a duration such as `24h` or `1h30m`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (mut rest, mut millis) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = rest.split_at_checked(digits)?;
        let (name, length) = UNITS.iter().find(|(name, _)| unit.starts_with(name))?;
        millis = number.parse::<u64>().ok()?.checked_mul(*length)?.checked_add(millis)?;
        rest = unit.get(name.len()..)?;
    }
    (millis >= 1000 && millis % 1000 == 0).then_some(millis / 1000)
}

/// Whether this is a number of seconds as Envoy takes it: as it is sent.
pub(super) fn is_delta(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_duration_is_whole_seconds() {
        for (text, expected) in [
            ("24h", Some(86_400)),
            ("1h30m", Some(5400)),
            ("90s", Some(90)),
            ("1000ms", Some(1)),
            ("1m500ms500ms", Some(61)),
            ("1ms", None),
            ("0s", None),
            ("1500ms", None),
            ("1.5h", None),
            ("", None),
            ("h", None),
            ("60", None),
            ("-1s", None),
            ("1d", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_delta_is_sent_as_it_is() {
        for (text, sound) in
            [("600", true), ("0", true), ("-1", true), ("", false), ("-", false), ("1s", false), ("12345678901", false)]
        {
            assert_eq!(is_delta(text), sound, "{text}");
        }
    }
}
