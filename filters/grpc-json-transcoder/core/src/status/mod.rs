//! How a gRPC status reads as HTTP: its code as `:status`, and itself as JSON.
//!
//! Sources: Envoy's `source/common/grpc/status.cc` for the numbers; `PROTOCOL-HTTP2.md` of gRPC for `grpc-message` and for
//! binary metadata; `google/rpc/status.proto`.

mod json;

pub(crate) use json::write_string;
pub use json::{StatusForm, write_status};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A gRPC status code; numbers beyond the known ones are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u32);

impl Code {
    /// Not an error.
    pub const OK: Self = Self(0);
    /// What the client sent is wrong.
    pub const INVALID_ARGUMENT: Self = Self(3);
    /// Time is over.
    pub const DEADLINE_EXCEEDED: Self = Self(4);
    /// There is no such thing.
    pub const NOT_FOUND: Self = Self(5);
    /// A limit is reached.
    pub const RESOURCE_EXHAUSTED: Self = Self(8);
    /// The server cannot do this.
    pub const UNIMPLEMENTED: Self = Self(12);
    /// Something that must hold does not.
    pub const INTERNAL: Self = Self(13);
    /// Nobody is there, at the moment.
    pub const UNAVAILABLE: Self = Self(14);

    /// The value of `grpc-status`, if it is a number.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let digits = value.iter().all(u8::is_ascii_digit) && (1..=9).contains(&value.len());
        digits.then(|| Self(value.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))))
    }

    /// The HTTP status that stands for the code.
    pub fn http(self) -> u16 {
        match self.0 {
            0 => 200,
            1 => 499,
            3 | 9 | 11 => 400,
            4 => 504,
            5 => 404,
            6 | 10 => 409,
            7 => 403,
            8 => 429,
            12 => 501,
            14 => 503,
            16 => 401,
            _ => 500,
        }
    }
}

/// The text of a `grpc-message`, whose bytes may be written as `%` and two hexadecimal digits. What is no escape stays, and what
/// is no UTF-8 is replaced.
pub fn decode_message(value: &[u8]) -> String {
    let digit = |byte: Option<&u8>| {
        byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The bytes of a header whose name ends in `-bin`: base64, padded or not.
pub fn decode_binary(value: &[u8]) -> Option<Vec<u8>> {
    const EITHER: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, EITHER).decode(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn codes_have_the_native_filters_http_status() {
        let expected = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
        let found: Vec<u16> = (0..=16).map(|code| Code(code).http()).collect();
        assert_eq!(found, expected);
        assert_eq!(Code(1024).http(), 500);
    }

    #[test]
    fn only_a_number_is_a_code() {
        let check =
            |value: &[u8], expected: Option<u32>| assert_eq!(Code::parse(value), expected.map(Code), "{value:?}");
        check(b"0", Some(0));
        check(b"16", Some(16));
        check(b"1024", Some(1024));
        check(b"", None);
        check(b"-1", None);
        check(b"1 ", None);
        check(b"99999999999", None);
    }

    /// Of the filter: TranscodingPercentEncodedTextHeadersInTrailerOnlyResponse.
    #[test]
    fn a_message_is_percent_decoded() {
        let check = |value: &[u8], expected: &str| assert_eq!(decode_message(value), expected);
        check(b"Resource not found", "Resource not found");
        check(b"Resource%20not%20found%21", "Resource not found!");
        check(b"caf%C3%A9 %e2%82%ac", "caf\u{e9} \u{20ac}");
        check(b"100% %g0 %", "100% %g0 %");
        check(b"%FF", "\u{fffd}");
    }

    #[test]
    fn binary_headers_may_be_padded() {
        for value in ["CAU", "CAU="] {
            assert_eq!(decode_binary(value.as_bytes()), Some(vec![8, 5]), "{value}");
        }
        assert_eq!(decode_binary(b"*"), None);
    }
}
