//! Percent-encoding: which escapes of a path or a query are decoded.
//!
//! An escape that is malformed stays as it is. Sources: RFC 3986 §2.1; RFC 6570 §1.5 for the reserved characters;
//! `url_unescape_spec` of Envoy's `GrpcJsonTranscoder`.

use crate::configuration::UnescapeSpec;
use std::borrow::Cow;

/// Whether an escape of this byte is left as it is.
fn keeps(spec: UnescapeSpec, byte: u8) -> bool {
    match spec {
        UnescapeSpec::AllCharactersExceptReserved => b"!#$&'()*+,/:;=?@[]".contains(&byte),
        UnescapeSpec::AllCharactersExceptSlash => byte == b'/',
        UnescapeSpec::AllCharacters => false,
    }
}

/// The text with its escapes decoded, and each `+` as a space if `plus` says so.
///
/// ```
/// use grpc_json_transcoder_core::bindings::percent::unescape;
/// use grpc_json_transcoder_core::configuration::UnescapeSpec;
///
/// assert_eq!(*unescape(b"a%20b%2Fc", UnescapeSpec::AllCharactersExceptSlash, false), *b"a b%2Fc");
/// ```
pub fn unescape(text: &[u8], spec: UnescapeSpec, plus: bool) -> Cow<'_, [u8]> {
    let is_special = |byte: &u8| *byte == b'%' || plus && *byte == b'+';
    let Some(first) = text.iter().position(is_special) else {
        return Cow::Borrowed(text);
    };
    let (plain, mut rest) = text.split_at(first);
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(plain);
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'+', _) if plus => out.push(b' '),
            (b'%', [high, low, beyond @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) if !keeps(spec, high << 4 | low) => {
                    out.push(high << 4 | low);
                    rest = beyond;
                }
                _ => out.push(b'%'),
            },
            _ => out.push(*byte),
        }
    }
    Cow::Owned(out)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        b'A'..=b'F' => Some(letter - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::UnescapeSpec::{AllCharacters, AllCharactersExceptReserved, AllCharactersExceptSlash};
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[track_caller]
    fn check(text: &str, [all, but_slash, but_reserved]: [&str; 3]) {
        let found = |spec| String::from_utf8_lossy(&unescape(text.as_bytes(), spec, false)).into_owned();
        assert_eq!(found(AllCharacters), all);
        assert_eq!(found(AllCharactersExceptSlash), but_slash);
        assert_eq!(found(AllCharactersExceptReserved), but_reserved);
    }

    /// UnescapeSpec of the native filter's tests, and its unit tests of escapes.
    #[test]
    fn each_specification_decodes_its_characters() {
        check("%2f%23/%20%2523", ["/#/ %23", "%2f#/ %23", "%2f%23/ %23"]);
        check("foo%20foo/q/bar%2Fbar+", ["foo foo/q/bar/bar+", "foo foo/q/bar%2Fbar+", "foo foo/q/bar%2Fbar+"]);
        let reserved = "%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D";
        check(reserved, ["!#$&'()*+,/:;=?@[]", "!#$&'()*+,%2F:;=?@[]", reserved]);
        check("plain", ["plain"; 3]);
        check("", [""; 3]);
    }

    #[test]
    fn malformed_escapes_are_kept() {
        for text in ["%", "%4", "%g1", "%1g", "%%", "a%2", "%zz%"] {
            check(text, [text; 3]);
        }
        check("%%41", ["%A"; 3]);
        check("%4%41", ["%4A"; 3]);
    }

    #[test]
    fn every_ascii_character_is_decoded_in_either_case() {
        for byte in 0..=0x7f_u8 {
            for text in [format!("%{byte:02x}"), format!("%{byte:02X}")] {
                assert_eq!(*unescape(text.as_bytes(), AllCharacters, false), [byte]);
            }
        }
    }

    #[test]
    fn plus_is_a_space_where_that_is_asked_for() {
        assert_eq!(*unescape(b"%2B+%20", AllCharacters, true), *b"+  ");
        assert_eq!(*unescape(b"%2B+%20", AllCharacters, false), *b"++ ");
    }
}
