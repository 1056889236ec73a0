//! Which header fields a filter may set, and which may travel from one request to another (RFC 9110 §5, §7.6.1).
//!
//! It reads names and values where a configuration has them, and judges those that a request has. It holds no filter's rules.

#![forbid(unsafe_code)]

use strict_config::{Quoted, Reader, Value};

/// Of one connection or of one message's framing: they mean nothing, or something else, on another request.
const NEVER: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Of the caller, of this hop or of its trace: they travel when they are named, never because a pattern happens to cover them.
const ONLY_IF_NAMED: [&str; 13] = [
    "authorization",
    "b3",
    "baggage",
    "cookie",
    "sw8",
    "traceparent",
    "tracestate",
    "uber-trace-id",
    "x-amzn-trace-id",
    "x-datadog-parent-id",
    "x-datadog-trace-id",
    "x-ot-span-context",
    "x-request-id",
];
const ONLY_IF_NAMED_BELOW: [&str; 2] = ["x-b3-", "x-envoy-"];

/// Reads the name of a header that may be set.
pub fn read_name<'v>(reader: &Reader, value: &'v Value) -> Option<&'v str> {
    checked(reader, value, reader.string(value)?)
}

/// The name of a header that may be set, in lower case, where it is a part of what a value says.
pub fn checked_lower_name(reader: &Reader, value: &Value, name: &str) -> Option<String> {
    checked(reader, value, name).map(str::to_ascii_lowercase)
}

fn checked<'n>(reader: &Reader, value: &Value, name: &'n str) -> Option<&'n str> {
    if let Some(problem) = problem_with_name(name) {
        reader.problem(value, problem);
        return None;
    }
    Some(name)
}

fn problem_with_name(name: &str) -> Option<String> {
    let found = Quoted(name);
    if name.starts_with(':') {
        return Some(format!("expected a header that may be set, but found the pseudo-header {found}"));
    }
    if NEVER.iter().any(|never| name.eq_ignore_ascii_case(never)) {
        return Some(format!(
            "expected a header that may be set, but found {found}, which belongs to one connection or message"
        ));
    }
    if !is_token(name.as_bytes()) {
        return Some(format!("expected a header name, but found {found}"));
    }
    None
}

/// Reads the name of a header that may be set, in lower case.
pub fn read_lower_name(reader: &Reader, value: &Value) -> Option<String> {
    read_name(reader, value).map(str::to_ascii_lowercase)
}

/// Reads a value that a header may have.
pub fn read_value(reader: &Reader, value: &Value) -> Option<Vec<u8>> {
    let text = reader.string(value)?;
    if is_value(text.as_bytes()) {
        return Some(text.as_bytes().to_vec());
    }
    let found = Quoted(text);
    reader.problem(value, format!("expected a header value, but found {found}, which has control characters"));
    None
}

/// Whether a header that only a pattern covers may travel.
pub fn travels_by_pattern(name: &[u8]) -> bool {
    let among = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
    let below = ONLY_IF_NAMED_BELOW.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
    !(name.starts_with(b":") || below || among(&NEVER) || among(&ONLY_IF_NAMED))
}

/// Whether a text is a token (RFC 9110 §5.6.2), as names are.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Whether bytes may stand in a header's value: anything but control characters, among which are those that end a line.
pub fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn fields_of_one_connection_or_message_are_refused() {
        for name in [":path", ":authority", "Connection", "te", "host", "content-length", "", "a b", "a\n", "é"] {
            assert!(problem_with_name(name).is_some(), "{name}");
        }
        for name in ["route-v", "Authorization", "cookie", "x-envoy-retry-on", "x-request-id"] {
            assert_eq!(problem_with_name(name), None, "{name}");
        }
    }

    #[test]
    fn fields_of_the_caller_or_the_hop_travel_by_no_pattern() {
        for name in
            [":path", "te", "authorization", "cookie", "x-envoy-retry-on", "x-b3-spanid", "traceparent", "x-request-id"]
        {
            assert!(!travels_by_pattern(name.as_bytes()), "{name}");
        }
        assert!(travels_by_pattern(b"x-canary-team"));
    }

    #[test]
    fn a_value_cannot_end_the_line() {
        assert!(is_value(b"a\tb \xff"));
        assert!(!is_value(b"a\r\nset-cookie: b") && !is_value(b"\0") && !is_value(b"\x7f"));
    }
}
